# SPDX-License-Identifier: BSD-2-Clause
"""The lab itself, without the daemon: what every other scenario relies on."""
import os
import time

import pytest

from dump import difference, dump
from net import FOREIGN, HA_ADDR, ONE_WAY_MS
from ping import Pings
from pkt import packets
from proc import until


def _pings(node, dst, seconds=0.5, **more):
    p = node.world.reactor.add(Pings(node, dst, **more))
    time.sleep(seconds)
    p.pause()
    until(f"answers {p.name}", lambda: p.back and len(p.back) >= len(p.sent) - 2, limit=20)
    return p.stop()


def test_b_reaches_the_foreign_router_with_the_drawn_delay(net):
    p = _pings(net.b, "2001:db8:f1::1", 1.0)
    assert not p.refused
    rtt = p.rtt_ms()
    assert rtt >= 2 * ONE_WAY_MS, rtt


@pytest.mark.parametrize("dst", [HA_ADDR, "192.168.64.1"])
def test_b_reaches_the_home_agent_in_both_families(net, dst):
    p = _pings(net.b, dst)
    assert len(p.lost()) <= 2


def test_each_link_has_its_router_and_a_move_shows_the_next_one(net):
    cap = net.mr.capture("up0")
    at = {"home": time.time_ns()}
    ras = {}

    def first_ra(link, prefix):
        net.reactor.flush()
        for p in packets(cap.path):
            if p.nd == "RA" and p.t > at[link] and prefix in p.data:
                return p.t
        return None

    def prefix_bytes(text):
        import socket
        return socket.inet_pton(socket.AF_INET6, text)[:8]

    wanted = {"home": "2001:db8:280::", **FOREIGN}
    for link in ("home", "foreign1", "foreign2", "home"):
        if link != "home" or ras:
            at[link] = net.move(net.mr, link)
        ras[link] = until(f"a router advertisement on {link}",
                          lambda: first_ra(link, prefix_bytes(wanted[link])))
    assert ras["foreign1"] < ras["foreign2"] < ras["home"]
    cap.stop()


def test_the_home_link_announces_a_home_agent(net):
    cap = net.mr.capture("up0")
    until("an advertisement", lambda: net.reactor.flush() or
          any(p.nd == "RA" for p in packets(cap.path)))
    ra = next(p for p in packets(cap.path) if p.nd == "RA")
    assert ra.body[5] & 0x20, "H flag"
    options, at = {}, 16
    while at < len(ra.body):
        options[ra.body[at]] = ra.body[at:at + 8 * ra.body[at + 1]]
        at += 8 * ra.body[at + 1]
    assert 8 in options and 7 in options, "Home Agent Information, Advertisement Interval"
    assert options[3][3] & 0x20, "R flag of the prefix"
    assert options[3][16:].hex() == "20010db8028000000000000000000001"


def test_a_cut_cable_and_a_lossy_one(net):
    _pings(net.b, HA_ADDR)          # neighbours know each other before packets get lost
    net.shape(net.b, "eth0", loss=50)
    p = _pings_lossy(net.b, HA_ADDR)
    assert 0.1 < len(p.lost()) / len(p.sent) < 0.95
    net.shape(net.b, "eth0")
    net.unplug(net.b, "eth0")
    p = _pings_lossy(net.b, HA_ADDR)
    assert not p.back


def _pings_lossy(node, dst):
    p = node.world.reactor.add(Pings(node, dst))
    time.sleep(1)
    p.pause()
    time.sleep(0.2)
    return p.stop()


def test_a_dump_finds_what_somebody_left_behind(net):
    before = dump(net.mr)
    assert dump(net.mr) == before
    net.mr.run("ip", "link", "add", "mip0", "type", "dummy")
    net.mr.run("ip", "-6", "route", "add", "2001:db8:77::/64", "dev", "lan0", "table", "77")
    net.mr.run("ip", "-6", "rule", "add", "pref", "90", "from", "2001:db8::1", "lookup", "201")
    net.mr.run("ip", "-6", "neigh", "add", "proxy", "2001:db8::9", "dev", "lan0")
    net.mr.run("ip", "xfrm", "state", "add", "src", "::", "dst", "2001:db8::1", "proto", "hao",
               "mode", "ro", "coa", "::", "flag", "wildrecv")
    net.mr.run("tc", "qdisc", "add", "dev", "lan0", "clsact")
    net.mr.sysctl("net.ipv6.conf.lan0.proxy_ndp", 1)
    left = difference(before, dump(net.mr))
    for word in ("link down", "table=77", "rule inet6", "proxy dev lan0", "xfrm state",
                 "qdisc dev lan0", "sysctl net/ipv6/conf/lan0/proxy_ndp = 1"):
        assert any(word in x for x in left), (word, left)


def test_a_node_behind_a_tunnel_made_by_hand(net):
    """What the kernel must be able to do, done with ip(8): the data plane of one binding."""
    net.move(net.mr, "foreign1")
    net.mr.addr("up0", "2001:db8:f1::77/64")
    net.mr.route("default", via="2001:db8:f1::1")
    net.mr.run("ip", "link", "add", "t1", "type", "ip6tnl", "mode", "any", "local",
               "2001:db8:f1::77", "remote", HA_ADDR, "encaplimit", "none")
    net.mr.run("ip", "link", "set", "t1", "up")
    net.mr.run("ip", "-6", "route", "add", "default", "from", "2001:db8:281::/64", "dev", "t1")
    net.mr.run("ip", "route", "add", "default", "dev", "t1")
    net.ha.run("ip", "link", "add", "tun", "type", "ip6tnl", "external")
    net.ha.run("ip", "link", "set", "tun", "up")
    encap = ["encap", "ip6", "dst", "2001:db8:f1::77", "src", HA_ADDR, "hoplimit", "64",
             "dev", "tun"]
    net.ha.run("ip", "-6", "route", "add", "2001:db8:281::/64", *encap)
    net.ha.run("ip", "route", "add", "10.0.0.0/24", *encap)
    cap = net.r1.capture("acc0")
    for p in (_pings(net.a, "2001:db8:280::b", 1), _pings(net.b, "10.0.0.10", 1)):
        assert len(p.lost()) <= len(p.sent) // 4
    cap.stop()
    seen = [p for p in packets(cap.path) if p.inner and p.inner.echo]
    assert {p.inner.ethertype for p in seen} == {0x86dd, 0x0800}


def test_lost_binding_updates_are_counted(net):
    """The instrument of the loss scenarios, with a Mobility Header made by hand."""
    import socket
    net.move(net.mr, "foreign1")
    net.mr.addr("up0", "2001:db8:f1::77/64")
    net.mr.route("default", via="2001:db8:f1::1")
    s = net.mr.socket(socket.AF_INET6, socket.SOCK_RAW, 135)
    bu = bytes([59, 1, 5, 0]) + bytes(12)
    with net.lose("bu", times=2) as loss:
        for _ in range(5):
            s.sendto(bu, (HA_ADDR, 0))
        until("two lost", lambda: loss.count() == 2)
    s.close()


def test_the_results_are_where_they_belong(net):
    assert os.path.realpath(net.results).startswith(os.path.realpath(os.environ["LAB_OUT"]))
