# SPDX-License-Identifier: BSD-2-Clause
"""Dynamic home agent address discovery: the anycast address, the list, its order.

Requests and the Router Advertisements of other home agents are made by hand
(scapy); answers are read by scapy and, with the captures, by tshark.
"""
import itertools
import socket
import time

import conf
import daemon
import net as drawing
from forge import IPv6, Station
from net import HA_ADDR, HOME_PREFIX
from ping import Pings
from pkt import packets
from proc import until
from ra import radvd

from scapy.layers.inet6 import (ICMPv6HAADReply, ICMPv6HAADRequest,  # noqa: E402
                                ICMPv6ND_RA, ICMPv6NDOptHAInfo, ICMPv6NDOptPrefixInfo)

ANYCAST = "2001:db8:280:0:fdff:ffff:ffff:fffe"
VIRTUAL = "2001:db8:288::/64"
VIRTUAL_HA = "2001:db8:288::1"
VIRTUAL_ANYCAST = "2001:db8:288:0:fdff:ffff:ffff:fffe"
MN = "2001:db8:c1::2"
ROUTERS = 0x8000
_identifier = itertools.count(0x1000)


class Answer:
    def __init__(self, packet):
        ip = IPv6(packet)
        reply = ip[ICMPv6HAADReply]
        self.src, self.dst, self.id = ip.src, ip.dst, reply.id
        self.routers = bool(int(reply.R))
        self.reserved = int(reply.res)
        self.addresses = list(reply.addresses)
        self.length = 40 + ip.plen


def asker(net):
    """Away: on a router behind the core, with an address of that router."""
    return Station(net.r1, "core0", MN, icmp6=True)


def request(src, dst=ANYCAST, routers=False, reserved=0):
    r = ICMPv6HAADRequest(id=next(_identifier), R=int(routers), res=reserved)
    return bytes(IPv6(src=src, dst=dst, hlim=64) / r), r.id


def replies(station, ident, since):
    return [a for a in (Answer(p.data[14:]) for p in station.heard(since)
                        if p.icmp6 and p.icmp6[0] == 145) if a.id == ident]


def ask(station, **how):
    packet, ident = request(station.address, **how)
    since = time.time_ns()
    station.send(packet)
    until("an answer to a discovery", lambda: replies(station, ident, since))
    answer, = replies(station, ident, since)
    assert answer.dst == station.address
    return answer


class Peer:
    """Another home agent of the home link, played by hand by one of its hosts."""

    def __init__(self, net, n, *addresses):
        self.node = net.b
        self.ll = f"fe80::a{n}"
        self.addresses = addresses or (f"2001:db8:280::a{n}",)
        self._sock = self.node.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._sock.bind(("eth0", 0))

    def say(self, h=True, preference=None, lifetime=None, router_lifetime=1800, routers=False,
            whole=True, valid=86400):
        """A Router Advertisement; preference or lifetime: with the Home Agent Information."""
        ra = ICMPv6ND_RA(H=int(h), routerlifetime=router_lifetime, chlim=64)
        for a in self.addresses:
            ra /= ICMPv6NDOptPrefixInfo(prefixlen=64, L=1, A=1, R=int(whole),
                                        validlifetime=valid, preferredlifetime=valid,
                                        prefix=a if whole else "2001:db8:280::")
        if preference is not None or lifetime is not None:
            ra /= ICMPv6NDOptHAInfo(pref=preference or 0, lifetime=1800 if lifetime is None
                                    else lifetime, res=ROUTERS if routers else 0)
        ip = bytes(IPv6(src=self.ll, dst="ff02::1", hlim=255) / ra)
        mac = bytes.fromhex("33330000000102000000000a86dd")
        self._sock.send(mac + ip)
        return self


def listed(ha):
    """Global addresses heard, with their preference."""
    return {a: r["preference"] for r in ha.home_agents(state="heard") for a in r["addresses"]}


def wait_listed(ha, wanted):
    until(f"home agents {wanted}", lambda: listed(ha) == wanted)


def start(net, preference=20, **more):
    link = {"device": "home0", "address": HA_ADDR, "prefixes": (HOME_PREFIX,),
            "preference": preference}
    return daemon.ha(net, home_links=[link], **more)


def test_anycast_address_answers_from_outside_and_is_never_a_source(net):
    ha = start(net)
    at = asker(net)
    a = ask(at)
    assert (a.src, a.addresses, a.routers, a.reserved) == (HA_ADDR, [HA_ADDR], False, 0)
    assert ask(at, reserved=0x7fff).addresses == [HA_ADDR]
    assert ask(at, routers=True).routers
    # it is an anycast address of the kernel's: no address that could be chosen as a source
    assert ANYCAST not in str(net.ha.addresses("home0"))
    assert "anycast" in net.ha.run("ip", "-6", "route", "show", "table", "local", ANYCAST)
    # hosts of the link reach it, and the answer does not override another's (RFC 4861 7.2.4)
    link = net.b.capture("eth0", "link")
    p = net.reactor.add(Pings(net.b, ANYCAST))
    until("echo replies from the anycast address", lambda: len(p.back) >= 2)
    p.stop()
    link.stop()
    flags = [q.body[4] for q in packets(link.path) if q.nd == "NA" and
             q.target == ANYCAST]
    assert flags and not any(f & 0x20 for f in flags), flags
    ha.stop()
    assert "anycast" not in net.ha.run("ip", "-6", "route", "show", "table", "local", ANYCAST)


def test_two_home_agents_have_the_anycast_address_on_one_link(lab):
    """Nothing is detected as a duplicate, and each takes what reaches it."""
    net = lab()
    start(net)
    text = conf.ha_conf(net, node=net.b, mobile_nodes=[], home_links=[
        {"device": "eth0", "address": drawing.B6, "prefixes": (HOME_PREFIX,),
         "preference": 30}])
    other = daemon.Daemon(net.b, text).start()
    ra = radvd(net.b, "eth0", f"{drawing.B6}/64", home_agent=True, preference=30, router=False)
    until("the other is heard", lambda: listed(net.ha.daemon) == {drawing.B6: 30})
    a = ask(asker(net))
    assert a.src == HA_ADDR and a.addresses == [drawing.B6, HA_ADDR]
    until("both hear each other", lambda: HA_ADDR in listed(other))
    assert ANYCAST in net.b.run("ip", "-6", "route", "show", "table", "local", ANYCAST)
    assert "dadfailed" not in net.b.run("ip", "-6", "addr")
    # the one with the higher preference dies for good: its lifetime ends it
    ra.stop()
    other.stop()


def test_list_is_ordered_by_preference(net):
    ha, at = start(net), asker(net)
    x, y = Peer(net, 1), Peer(net, 2)
    for p, q, order in ((10, 5, "oxy"), (5, 10, "oyx"), (30, 10, "xoy"), (10, 30, "yox"),
                        (40, 30, "xyo"), (30, 40, "yxo"), (0xffff, 0, "xoy")):
        x.say(preference=p)
        y.say(preference=q)
        names = {"x": x.addresses[0], "y": y.addresses[0], "o": HA_ADDR}
        wait_listed(ha, {names["x"]: p, names["y"]: q})
        assert ask(at).addresses == [names[c] for c in order]


def test_equals_come_in_a_random_order(net):
    ha, at = start(net, preference=0), asker(net)
    Peer(net, 1).say()                              # no option: preference 0
    Peer(net, 2).say(preference=0)
    wait_listed(ha, {"2001:db8:280::a1": 0, "2001:db8:280::a2": 0})
    seen = set()

    def all_orders():
        seen.add(tuple(ask(at).addresses))
        return len(seen) >= 4
    until("several orders of equals", all_orders, 60)
    assert all(len(s) == 3 for s in seen)


def test_what_the_advertisements_say_is_what_is_listed(net):
    ha, at = start(net), asker(net)
    x = Peer(net, 1).say(preference=30)
    wait_listed(ha, {"2001:db8:280::a1": 30})
    x.say(preference=31)                            # a new preference
    wait_listed(ha, {"2001:db8:280::a1": 31})
    x.say()                                         # no option any more
    wait_listed(ha, {"2001:db8:280::a1": 0})
    x.say(h=False)
    wait_listed(ha, {})
    assert ask(at).addresses == [HA_ADDR]
    x.say(preference=30)
    wait_listed(ha, {"2001:db8:280::a1": 30})
    x.say(lifetime=0)
    wait_listed(ha, {})
    x.say()
    wait_listed(ha, {"2001:db8:280::a1": 0})
    x.say(router_lifetime=0)                        # without option: the router lifetime
    wait_listed(ha, {})
    x.say(preference=30, whole=False)               # R clear: no address of it is known
    until("a home agent without an address", lambda: ha.home_agents(state="heard"))
    assert ask(at).addresses == [HA_ADDR]
    many = Peer(net, 2, "2001:db8:280::a2", "2001:db8:28f::a2").say(preference=50)
    wait_listed(ha, {a: 50 for a in many.addresses})
    assert sorted(ask(at).addresses[:2]) == sorted(many.addresses)


def test_home_agents_that_fall_silent_are_forgotten(net):
    ha, at = start(net), asker(net)
    Peer(net, 1).say(preference=30, lifetime=2)
    Peer(net, 2).say(router_lifetime=2)
    Peer(net, 3).say(preference=40, lifetime=1800)
    until("all are heard", lambda: "2001:db8:280::a3" in listed(ha))
    wait_listed(ha, {"2001:db8:280::a3": 40})
    assert ask(at).addresses == ["2001:db8:280::a3", HA_ADDR]


def test_mobile_routers_get_home_agents_that_serve_them(net):
    """RFC 3963 7.2"""
    ha, at = start(net), asker(net)
    Peer(net, 1).say(preference=30)
    Peer(net, 2).say(preference=10, routers=True)
    wait_listed(ha, {"2001:db8:280::a1": 30, "2001:db8:280::a2": 10})
    a = ask(at, routers=True)
    assert a.routers and a.addresses == [HA_ADDR, "2001:db8:280::a2"]
    assert len(ask(at).addresses) == 3
    # none serves mobile routers: a list with R = 0
    hosts = [conf.mobile_node(0, conf.OPEN, prefixes=())]
    ha.reload(conf.ha_conf(net, mobile_nodes=hosts))
    ha.wait_log("reloaded")
    Peer(net, 2).say(preference=10)
    until("no mobile routers", lambda: not any(r["mobile_routers"] for r in ha.home_agents()))
    a = ask(at, routers=True)
    assert not a.routers and len(a.addresses) == 3


def test_answer_fits_the_smallest_mtu(net):
    ha, at = start(net), asker(net)
    for n in range(16):
        addresses = [f"2001:db8:280::{n + 0x10:x}:{k:x}" for k in range(6)]
        peer = Peer(net, n, *addresses)
        peer.ll = f"fe80::b{n:x}"
        peer.say(preference=100 + n)
    until("96 addresses", lambda: len(listed(ha)) == 96)
    a = ask(at)
    assert 70 <= len(a.addresses) and a.length <= 1280
    best = [x.split(":")[4] for x in a.addresses[:12]]
    assert best == ["1f"] * 6 + ["1e"] * 6, best


def test_discovery_from_nowhere_and_floods_are_not_answered(net):
    start(net)
    at = asker(net)
    since = time.time_ns()
    for src, dst in (("ff0e::1", ANYCAST), ("::1", ANYCAST), (MN, HA_ADDR),
                     (MN, "2001:db8:281:0:fdff:ffff:ffff:fffe")):
        at.send(request(src, dst)[0])
    assert ask(at).addresses == [HA_ADDR]
    assert len([p for p in at.heard(since) if p.icmp6 and p.icmp6[0] == 145]) == 1
    for _ in range(300):
        at.send(request(MN)[0])
    until("the flood has passed", lambda: net.ha.daemon.ctl.call("GetStats")
          ["home_agent"]["discoveries"] >= 300)
    stats = net.ha.daemon.ctl.call("GetStats")["home_agent"]
    assert stats["discoveries_answered"] < stats["discoveries"] / 2, stats


def test_a_home_on_no_link_is_discovered(net):
    net.core.route("2001:db8:288::/64", via="2001:db8:c0::2")
    ha = start(net, served_prefixes=(VIRTUAL,), virtual_address=VIRTUAL_HA)
    net.ha.addr("core0", f"{VIRTUAL_HA}/128")
    at = asker(net)
    a = ask(at, dst=VIRTUAL_ANYCAST)
    assert a.src == VIRTUAL_HA and a.addresses == [VIRTUAL_HA]
    assert ask(at).addresses == [HA_ADDR]
    assert [r["device"] for r in ha.home_agents()] == ["home0", None]
    ha.stop()
    net.ha.del_addr("core0", f"{VIRTUAL_HA}/128")


def test_link_that_was_down_has_the_anycast_address_again(net):
    start(net)
    at = asker(net)
    assert ask(at).addresses == [HA_ADDR]
    net.ha.down("home0")
    until("the address is gone", lambda: "anycast" not in net.ha.run(
        "ip", "-6", "route", "show", "table", "local", ANYCAST))
    net.ha.up("home0")
    net.ha.addr("home0", f"{HA_ADDR}/64")
    until("the address is back", lambda: "anycast" in net.ha.run(
        "ip", "-6", "route", "show", "table", "local", ANYCAST))
    assert ask(at).addresses == [HA_ADDR]
