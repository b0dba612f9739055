# SPDX-License-Identifier: BSD-2-Clause
"""Errors about packets in the tunnel reach who sent what was in it (RFC 2473 8)."""
import itertools
import socket
import time

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6ParamProblem,
                                ICMPv6TimeExceeded, IPv6)

import conf
import daemon
from forge import Mobile, Station, ipv4_option, keys
from net import A4, A6, B4, B6, HA_ADDR, HOA, MNP, MNP4
from pkt import packets
from proc import until

MN, ROUTER = "2001:db8:c1::77", "2001:db8:c1::1"
CORE = "2001:db8:c0::2"             # the home agent's address on the way to there
TUNNEL = (4, 41, 47)
REPORTED = (ICMPv6DestUnreach(code=0), ICMPv6DestUnreach(code=3), ICMPv6TimeExceeded(code=0))
MINE = ICMPv6ParamProblem(code=1, ptr=6)    # about the outer header: nothing the sender can mend


class Sender:
    """B, and what it is told of its packets. Each has a number that nobody used before."""

    def __init__(self, net):
        self.net, self._seq = net, itertools.count(1)
        self.capture = net.b.capture("eth0", "b.raw")
        self._v6 = net.b.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._v4 = net.b.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def send(self, dst):
        seq = next(self._seq)
        if ":" in dst:
            self._v6.sendto(bytes(IPv6(src=B6, dst=dst, hlim=64) / ICMPv6EchoRequest(
                id=0x6d70, seq=seq, data=b"x" * 64)), (dst, 0))
        else:
            self._v4.sendto(bytes(IP(src=B4, dst=dst) / ICMP(id=0x6d70, seq=seq) / (b"x" * 64)),
                            (dst, 0))
        return seq

    def told(self, seq):
        """(source, code, error checks out) of each unreachable about that packet."""
        self.net.reactor.flush()
        found = []
        for p in packets(self.capture.path):
            ip = IPv6(p.data[14:]) if p.ethertype == 0x86dd else IP(p.data[14:])
            if p.ethertype == 0x86dd and p.icmp6 and p.icmp6[0] == 1:
                quoted, code = IPv6(p.body[8:]), p.body[1]
                number = quoted[ICMPv6EchoRequest].seq
            elif p.ethertype == 0x0800 and p.proto == 1 and p.body[0] == 3:
                quoted, code = IP(p.body[8:]), p.body[1]
                number = quoted[ICMP].seq
            else:
                continue
            if number == seq:
                again = ip.__class__(bytes(ip))
                layer = again[ICMPv6DestUnreach] if ":" in p.src else again[ICMP]
                field = "cksum" if ":" in p.src else "chksum"
                sum_ = getattr(layer, field)
                delattr(layer, field)
                again = ip.__class__(bytes(again))
                layer = again[ICMPv6DestUnreach] if ":" in p.src else again[ICMP]
                found.append((p.src, code, getattr(layer, field) == sum_))
        return found


def begin(net, **more):
    """The care-of address is nobody's, and r1 says nothing of it: only the test does."""
    net.ha.sysctl("net.ipv6.icmp.ratelimit", 0)
    net.ha.sysctl("net.ipv4.icmp_ratelimit", 0)
    net.r1.run("ip", "-6", "route", "add", "blackhole", MN)
    net.core.knows("r1", MN, net.r1, "core0")
    nodes = [conf.mobile_node(0, conf.auth(net, 0, keys(0)))]
    ha = daemon.ha(net, text=conf.ha_conf(net, mobile_nodes=nodes, dad=False, **more))
    at = Station(net.r1, "core0", MN, icmp6=True)
    assert Mobile(at).ask(prefixes=(MNP,), options=[ipv4_option(MNP4)]).status == 0
    return ha, at, Sender(net)


def fails(at, b, dst, what):
    """A packet for dst, and what a router on the way says of it."""
    since = time.time_ns()
    seq = b.send(dst)

    def tunnelled():
        return [p for p in at.heard(since) if p.dst == MN and p.proto in TUNNEL]
    outer = until("the packet in the tunnel", tunnelled)[0].data[14:]
    at.send(bytes(IPv6(src=ROUTER, dst=HA_ADDR, hlim=64) / what / outer[:1200]))
    return seq


@pytest.mark.parametrize("mode, carrier", [("shared", "ip6tnl"), ("device", "ip6tnl"),
                                           ("device", "ip6gre")])
def test_errors_of_the_outer_path_reach_the_sender(net, mode, carrier):
    ha, at, b = begin(net, tunnel=mode, carrier=carrier)
    for what, dst in itertools.product(REPORTED, (HOA, A6, A4)):
        seq = fails(at, b, dst, what)
        until(f"{what.name} for {dst} passed on", lambda: b.told(seq))
        v6 = ":" in dst
        for source, code, sum_ok in b.told(seq):
            assert source in ((HA_ADDR, CORE) if v6 else ("192.168.64.1",)), source
            assert code == (3 if v6 else 1) and sum_ok, (code, sum_ok)
    kept = [fails(at, b, dst, MINE) for dst in (HOA, A6, A4)]
    last = fails(at, b, HOA, REPORTED[0])
    until("the last error", lambda: b.told(last))
    if carrier == "ip6tnl":
        assert not any(b.told(seq) for seq in kept)
    else:       # the kernel says of a later packet what came of an earlier one: see the manual
        assert ha.ctl.call("GetStats")["home_agent"]["tunnel_errors"] == 10
