# SPDX-License-Identifier: BSD-2-Clause
"""Tunnelled packets with forged addresses (RFC 6275 10.4.5, RFC 3963 6.3), in each data plane.

A packet leaves the home agent's tunnel only if its inner source belongs to a
binding and its outer source is that binding's care-of address.
"""
import itertools

import pytest

import conf
import daemon
import net as drawing
from capture import echo_filter
from forge import Mobile, Station, encapsulated, ipv4_option, keys
from net import B4, B6, HA_ADDR
from pkt import packets
from proc import until

EVIL, NEXT = "2001:db8:f2::bad", "2001:db8:f2::bad2"    # where the forger may stand
STRANGE = "2001:db8:f2::77"                             # no care-of address
FIRST = "2001:db8:c1::2"                                # care-of address of the other router

MODES = {
    "bpf": {},
    "flower": {"ingress_check": "flower"},
    "device": {"tunnel": "device"},
    "device-flower": {"tunnel": "device", "ingress_check": "flower"},
    # the shared ip6gre device is in test_modes.py and ktest: this drawing's home agent would send
    # from another address than it registers with, and so refuses (kern/route.c)
    "gre-device": {"carrier": "ip6gre", "tunnel": "device"},
}


class Plane:
    """The home agent in one mode, router 0 registered at FIRST and router 1 at EVIL."""

    def __init__(self, net, mode):
        self.net, self.mode = net, MODES[mode]
        self.gre = self.mode.get("carrier") == "ip6gre"
        self.own_devices = self.mode.get("tunnel") == "device"
        self.evil = Station(net.evil, "eth0", EVIL)
        self.zero = Mobile(Station(net.r1, "core0", FIRST), 0)
        self.one = Mobile(self.evil, 1)
        self.at_b = net.b.capture("eth0", program=echo_filter(14))
        self.seq = itertools.count(1)
        self.ha = None

    def start(self, **more):
        net = self.net
        nodes = [conf.mobile_node(n, conf.auth(net, n, keys(n)),
                                  **({"gre_key": self.key(n)} if self.key(n) else {}))
                 for n in (0, 1)]
        self.ha = daemon.ha(net, mobile_nodes=nodes, dad=False, **self.mode, **more)
        for who in (self.zero, self.one):
            self.register(who)

    def key(self, n):
        """Where each has a device, each has a key; on the shared device nobody."""
        return 7000 + n if self.gre and self.own_devices else None

    def register(self, who, **changes):
        p6, p4, _, _ = drawing.mnp(who.n)
        a = who.ask(prefixes=[p6], options=[ipv4_option(p4)], **changes)
        assert a.status == 0, a

    def send(self, outer, inner, key=True):
        """One echo request to B in the tunnel; the number by which it is known there."""
        seq = next(self.seq)
        at = self.zero.at if outer == FIRST and inner in drawing.mnp(0) else self.evil
        n = 0 if outer == FIRST else 1
        at.send(encapsulated(outer, HA_ADDR, inner, B6 if ":" in inner else B4, seq,
                             gre=self.gre, key=self.key(n) if key is True else key))
        return seq

    def dropped(self):
        return self.ha.ctl.call("GetStats")["kernel"]["ingress_dropped"]

    def seen_by_b(self):
        self.net.reactor.flush()
        return {p.echo[2] for p in packets(self.at_b.path)
                if p.echo and p.echo[0] == "request" and p.dst in (B6, B4)}

    def arrive(self, *seqs):
        """Wait until B has these; what was sent before them has arrived too, or never will."""
        until(f"echo requests {seqs} at B", lambda: set(seqs) <= self.seen_by_b())


def forged():
    """(outer, inner, the kernel alone would stop it, a device with fixed ends would)"""
    _, _, a6, a4 = drawing.mnp(0)
    _, _, own6, own4 = drawing.mnp(1)
    return [
        # wrong outer source: nobody's care-of address, and another node's
        (STRANGE, own6, False, True), (STRANGE, own4, False, True),
        (STRANGE, drawing.hoa(1), False, True),
        (FIRST, own6, False, False), (FIRST, own4, False, False),
        # wrong inner source: another mobile node's, a home node's, anybody's
        (EVIL, a6, False, False), (EVIL, a4, False, False), (EVIL, drawing.hoa(0), False, False),
        (EVIL, "2001:db8:280::77", False, False), (EVIL, "192.168.64.77", False, False),
        (EVIL, "2001:db8:999::1", False, False), (EVIL, "198.51.100.7", False, False),
        # sources that no forwarded packet has
        (EVIL, "fe80::1", True, False), (EVIL, f"::ffff:{own4}", False, False),
    ]


@pytest.mark.parametrize("mode", MODES)
def test_forged_tunnel_packets_reach_nobody(lab, mode):
    net = lab(attacker=True, start_ra=False)
    net.evil.addr("eth0", f"{NEXT}/64")
    p = Plane(net, mode)
    p.start()
    _, _, a6, a4 = drawing.mnp(0)
    _, _, own6, own4 = drawing.mnp(1)
    right = [(EVIL, own6), (EVIL, own4), (EVIL, drawing.hoa(1))]

    before = p.dropped()
    for outer, inner, _, _ in forged():
        p.send(outer, inner)
    if p.gre and p.own_devices:
        p.send(EVIL, own6, key=None)
        p.send(EVIL, own6, key=p.key(0))
    good = {p.send(*r) for r in right} | {p.send(FIRST, a6), p.send(FIRST, a4)}
    p.arrive(*good)
    assert p.seen_by_b() == good
    counted = [f for f in forged() if not (p.own_devices and f[3])]
    assert p.dropped() == before + len(counted)
    # the care-of address of yesterday (design.md 3: strict), and that of nobody any more
    p.one.at = Station(net.evil, "eth0", NEXT, name="evil-next")
    p.register(p.one)
    for r in right:
        p.send(*r)
    good |= {p.send(NEXT, own6), p.send(NEXT, own4)}
    p.arrive(*good)
    assert p.seen_by_b() == good
    assert p.one.ask(lifetime=0).status == 0
    p.send(NEXT, own6), p.send(NEXT, own4)
    good |= {p.send(FIRST, a6), p.send(FIRST, a4)}
    p.arrive(*good)
    assert p.seen_by_b() == good
    p.ha.stop()

    # without the defence each of them gets through that no other rule of the kernel stops
    p.one.at = p.evil
    p.start(weaken="ingress")
    for outer, inner, kernel, fixed in forged():
        seq = p.send(outer, inner)
        if not kernel and not (p.own_devices and fixed):
            good.add(seq)
    p.arrive(*good)
    assert p.seen_by_b() == good
