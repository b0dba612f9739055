# SPDX-License-Identifier: BSD-2-Clause
"""The correspondent node (RFC 6275 5.2, 9): `b`, with a mobile node played by hand at `evil`."""
import socket
import time

from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import Ether
from scapy.utils6 import in6_getnsma, in6_getnsmac

import conf
import daemon
from forge_rr import CARE_OF, CARE_OF2, COTI, HOTI, RR, mh
from hand import cn, mn, net
from pkt import packets
from proc import until

assert cn and mn and net        # fixtures
FAST = {"unsafe_timers": True, "timers": {"nonce_interval": 0.5, "max_token_lifetime": 3.5,
                                          "max_nonce_lifetime": 4.0}}


def echo(mn, seq, **how):
    """An echo request that must be answered; the answer."""
    since = mn.send(mn.echo(seq, **how))
    return mn.wait("echo", since)


def test_registration_and_data_both_ways(mn, cn):
    first = echo(mn, 1, hao=False)
    assert first.dst == mn.hoa and first.rh2 is None
    mn.register(seq=7, lifetime=100)
    row, = cn.peers(home_address=mn.hoa)
    assert (row["own_address"], daemon.address(row["care_of"]), row["role"], row["how"]) == \
        (mn.cn, mn.coa, "cn", "optimised"), row
    assert mn.hoa in cn.mip6ctl("peer")
    assert 90 < row["remaining"] <= 100
    there = echo(mn, 2)
    assert there.dst == mn.coa and there.rh2 == mn.hoa, str(there)
    # what comes by the home agent is answered by the straight way all the same
    assert echo(mn, 3, hao=False).dst == mn.coa
    # a move: the home token is good still (5.2.7)
    mn.move(CARE_OF2)
    mn.care_of_test()
    assert mn.ask(seq=8).status == 0
    assert echo(mn, 4).dst == CARE_OF2
    since = mn.send(mn.echo(5, src=CARE_OF))
    be = mn.wait("BE", since)
    assert be.mh.status == 1 and be.dst == CARE_OF
    # home again
    a = mn.ask(seq=9, lifetime=0, src=mn.hoa)
    assert a.status == 0
    mn.check_signed(a, leave=True)
    back = echo(mn, 6, hao=False)
    assert back.dst == mn.hoa and back.rh2 is None
    assert not cn.peers()


def test_home_address_option_without_a_binding(mn, cn, net):
    since = mn.send(mn.echo(1))
    be = mn.wait("BE", since)
    assert be.mh.status == 1 and be.dst == mn.coa and be.rh2 is None and be.hao is None
    assert be.mh.raw[8:24] == mn.echo(1)[48:64]
    assert not mn.heard("echo", since)
    # of an address that this node has only now
    net.b.addr("eth0", "2001:db8:280::b2/64")
    late = RR(net, cn="2001:db8:280::b2", name="late.raw")
    assert late.wait("BE", late.send(late.echo(2))).mh.status == 1
    late.register()
    assert echo(late, 3).rh2 == late.hoa
    net.b.del_addr("eth0", "2001:db8:280::b2/64")
    until("the binding of an address that is gone", lambda: not cn.peers())


def test_many_binding_errors_are_limited(mn):
    since = time.time_ns()
    for i in range(200):
        mn.send(mn.echo(i))
    mn.wait("BE", since, count=5)
    time.sleep(0.5)
    assert len(mn.heard("BE", since)) < 60


def test_tests_that_must_be_ignored(mn):
    mn.quiet(mn.packet(mn.coa, mh(HOTI, bytes(10)), hao=mn.hoa),
             mn.packet(mn.coa, mh(COTI, bytes(10)), hao=mn.hoa),
             mn.test_init(HOTI, wrong_checksum=1))
    # reserved bits and options do not matter
    since = mn.send(mn.test_init(HOTI, reserved=255, body_reserved=0xffff,
                                 options=bytes([4, 4, 0, 1, 0, 1, 1, 0])))
    mn.wait("HoT", since)


def test_statuses(mn):
    mn.register(seq=100)
    assert (mn.ask(seq=100).status, mn.ask(seq=100 + 32768).seq) == (135, 100)
    mn.check_signed(mn.ask(seq=99))
    assert mn.ask(seq=101, indices=(1, mn.care_of.index)).status == 136
    assert mn.ask(seq=101, indices=(mn.home.index, 1)).status == 137
    assert mn.ask(seq=101, indices=(1, 1), flags="").status == 138
    assert mn.ask(seq=101, indices=(1, 1), lifetime=0).status == 136
    assert mn.ask(seq=101, flags="AH", nonces=False, auth=False).status == 139
    mn.quiet(mn.bu(seq=101, flags="AH"), mn.bu(seq=101, mac=bytes(12)),
             mn.bu(seq=101, nonces=False), mn.bu(seq=101, auth=False),
             mn.bu(seq=101, after=bytes(8)), mn.bu(seq=101, mac_address=CARE_OF2))
    assert mn.ask(seq=102, indices=(mn.home.index, 1), lifetime=0).status == 0
    assert mn.ask(seq=103, flags="AH", nonces=False, auth=False).status == 131
    # what was withdrawn is not brought back by the same tokens (9.5.3)
    assert mn.ask(seq=104).status == 138
    assert mn.ask(seq=105, lifetime=0).status == 0
    # no acknowledgement was asked for
    other = RR(mn.net, hoa="2001:db8:f2::11", cn=mn.cn)
    other.do_rr()
    other.quiet(other.bu(flags=""))
    assert echo(other, 1).rh2 == other.hoa


def test_nonces_grow_old(net):
    daemon.cn(net, **FAST)
    mn = RR(net)
    home, care_of = mn.do_rr()
    until("another nonce", lambda: mn.home_test().index != home.index)
    assert mn.ask(seq=1, home=home, care_of=care_of).status == 0    # still good
    time.sleep(4.2)
    mn.do_rr()
    assert mn.ask(seq=2, home=home).status == 136
    assert mn.ask(seq=2, care_of=care_of).status == 137
    assert mn.ask(seq=2, home=home, care_of=care_of).status == 138
    assert mn.ask(seq=2).status == 0


def test_refresh_requests_only_when_used(mn, cn):
    idle = RR(mn.net, hoa="2001:db8:f2::11", cn=mn.cn)
    idle.register(lifetime=16)
    mn.register(lifetime=16)
    since = time.time_ns()
    n = 0

    def used():
        nonlocal n
        n += 1
        mn.send(mn.echo(n))
        return mn.heard("BRR", since)

    p = until("a refresh request", used)[0]
    assert p.dst == mn.hoa and p.rh2 is None, str(p)
    mn.care_of_test()
    assert mn.ask().status == 0
    until("the unused binding has expired", lambda: not cn.peers(home_address=idle.hoa))
    assert not [p for p in idle.heard("BRR") if p.dst == idle.hoa]
    be = idle.wait("BE", idle.send(idle.echo(1)))
    assert be.mh.status == 1


def test_unreachable_care_of_address(mn, cn):
    mn.register()
    mn.move(CARE_OF2)
    for _ in range(5):                              # about another address: not ours
        mn.send(mn.unreachable())
    mn.move(CARE_OF)

    def sent():
        mn.send(mn.unreachable(code=4))             # its own word: it is there
        mn.send(mn.unreachable(code=0, reporter=mn.hoa))
        return not cn.peers()

    since = time.time_ns()
    for seq in range(4):                            # a binding that is alive does not go
        mn.send(mn.unreachable(code=0))
        assert echo(mn, seq).rh2 == mn.hoa
        time.sleep(1.1)
    assert cn.peers()
    until("the binding is given up", sent)
    assert time.time_ns() - since > 2e9


def test_neighbour_discovery_knows_no_bindings(net, cn, mn):
    """RFC 6275 9.3.2: a mobile node that is on the link is answered there, at its home address."""
    mn.register()
    assert echo(mn, 1).rh2 == mn.hoa
    link = net.b.capture("eth0")
    group = in6_getnsma(socket.inet_pton(socket.AF_INET6, mn.cn))
    ask = Ether(src=net.ha.mac("home0"), dst=in6_getnsmac(group)) / \
        IPv6(src=mn.hoa, dst=socket.inet_ntop(socket.AF_INET6, group), hlim=255) / \
        ICMPv6ND_NS(tgt=mn.cn) / ICMPv6NDOptSrcLLAddr(lladdr=net.ha.mac("home0"))
    s = net.ha.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind(("home0", 0x86dd))

    def answers():
        s.send(bytes(ask))
        net.reactor.flush()
        return [p for p in packets(link.path) if p.nd == "NA" and mn.hoa in (p.dst, p.rh2)]
    na = until("the neighbour is answered", answers)[0]
    s.close()
    link.stop()
    assert (na.dst, na.rh2) == (mn.hoa, None), na


def test_the_operator_flushes_peers(cn, mn):
    mn.register()
    assert cn.mip6ctl("peer", "flush", mn.hoa).strip() == "1"
    until("it is gone", lambda: not cn.peers())
    assert mn.wait("BE", mn.send(mn.echo(1))).mh.status == 1


def test_policy_and_reload(net, cn, mn):
    mn.register()
    other = RR(net, hoa="2001:db8:f2::11", cn=mn.cn)
    other.register()
    cn.reload(conf.cn_conf(net, correspondent={"policy": [
        {"peer": mn.hoa + "/128", "allow": False}, {"peer": "::/0", "allow": True}]}))
    until("the binding that is denied now", lambda: not cn.peers(home_address=mn.hoa))
    assert cn.peers(home_address=other.hoa)
    mn.do_rr()
    a = mn.ask()
    assert a.status == 129
    mn.check_signed(a)
    assert mn.wait("BE", mn.send(mn.echo(1))).mh.status == 1
    assert echo(mn, 2, hao=False).rh2 is None


def test_more_peers_than_places(net):
    cn = daemon.cn(net, correspondent={"max_bindings": 4})
    peers = [RR(net, hoa=f"2001:db8:f2::1:{n}") for n in range(7)]
    for p in peers[:4]:
        p.register()
    assert peers[0].ask().status == 0               # refreshed: not the oldest any more
    for p in peers[4:]:
        p.register()
    here = {r["peer"] for r in cn.peers()}
    assert here == {p.hoa for p in (peers[0], *peers[4:])}
    gone = peers[2]
    assert gone.wait("BE", gone.send(gone.echo(1))).mh.status == 1
    assert echo(peers[0], 1).rh2 == peers[0].hoa
    gone.register()
    assert cn.ctl.call("GetStats")["correspondent"]["evicted"] == 4


def test_restart_after_a_kill(net, cn, mn):
    mn.register()
    assert echo(mn, 1).rh2 == mn.hoa
    cn.kill()
    cn.start()
    cn.wait_log("that an earlier run left")
    be = mn.wait("BE", mn.send(mn.echo(2)))
    assert be.mh.status == 1
    assert echo(mn, 3, hao=False).rh2 is None
    assert mn.ask().status == 138                   # of another life
    mn.register()
    assert echo(mn, 4).rh2 == mn.hoa


def test_beside_a_home_agent(net):
    cn = daemon.ha(net, mobile_nodes=[], roles=("ha", "cn"))
    mn = RR(net, cn="2001:db8:280::1")
    mn.register(seq=5)
    assert echo(mn, 1).rh2 == mn.hoa
    assert mn.ask(seq=6, flags="AH", nonces=False, auth=False).status == 139
    assert mn.ask(seq=7).status == 0
    assert mn.ask(seq=8, lifetime=0).status == 0
    assert cn.bindings() == [] and cn.peers() == []


def test_what_went_over_the_wire(net, cn, mn):
    """The judges (tshark, scapy) look at this capture too."""
    link = net.b.capture("eth0", "b-eth0.pcap")
    mn.register()
    assert echo(mn, 1).rh2 == mn.hoa
    link.stop()
    seen = [p.mh.name for p in packets(link.path) if p.mh]
    assert seen == ["HoTI", "HoT", "CoTI", "CoT", "BU", "BA"]
    assert [(p.hao, p.rh2) for p in packets(link.path) if p.echo] == \
        [(mn.hoa, None), (None, mn.hoa)]
