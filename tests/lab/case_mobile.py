# SPDX-License-Identifier: BSD-2-Clause
"""The world around a mobile node, played by hand: routers, a home agent, correspondents.

One real node runs the real daemon. All that it can hear comes from one thread
(case_outside.Outside), which owns the other end of every link: frames built by
scapy, and no kernel that could answer in between. So each case says exactly what
the mobile node was told, and reads exactly what it said.

    mobile node up0 --- home | foreign1 | foreign2     (one cable, World.move())
    mobile router lan0 --- lan                         (a host A behind it)
"""
import os
import socket
import struct

import pytest

import conf
import daemon
from case_outside import (ALL_NODES, HomeAgent, Outside, Router, mac_bytes,  # noqa: F401
                          prefix)
from forge import ICMPv6EchoRequest, IPv6, in6_chksum
from net import HA_ADDR, HOA, MNP
from proc import until
from topo import World

from scapy.layers.inet6 import ICMPv6HAADReply

LIFETIME = 600
# A pause after a refusal is longer than any wait for an answer: they are told apart by length.
TIMEOUT, FIRST, LONGEST, PAUSE = 0.1, 0.15, 0.4, 0.5
PROBE = 0.15
FAST = {"initial_bindack_timeout": TIMEOUT, "initial_bindack_timeout_first": FIRST,
        "max_bindack_timeout": LONGEST, "max_update_rate": 100, "dad_retrans": 0.5,
        "probe_interval": 0, "ha_backoff": PAUSE, "router_probe": PROBE, "rs_interval": 0.1}
OTHER_HA = "2001:db8:280::2"    # a second home agent, on the same home link
CN = "2001:db8:c0ff::1"         # a correspondent
STRANGER = "2001:db8:bad::1"
F1, F2 = "2001:db8:f1::/64", "2001:db8:f2::/64"
OTHER_NET = "2001:db8:f3::/64"   # of a router that nobody expects on foreign1
A = "2001:db8:281::a"           # the host behind the mobile router
A_MAC = "02:00:00:00:0a:0a"


def case(name):
    """A test that is one case of tests/cases.tsv: its id is in its name."""
    return pytest.mark.parametrize((), [pytest.param(id=name)])


def cases(table):
    """A test for each row of a table of cases, by their ids."""
    return pytest.mark.parametrize("row", [pytest.param(v, id=k) for k, v in table.items()])


class Around(World):
    """The drawing above, with a daemon in the middle. `role`: "mn" or "mr"."""

    def __init__(self, results, role, tag=""):
        super().__init__(results, tag)
        self.role = role
        self.out_node, = self.nodes("out")
        for key in ("default", "all"):
            self.out_node.sysctl(f"net.ipv6.conf.{key}.disable_ipv6", 1)
        self.mn, = self.nodes("mn", forward=role == "mr")
        self.mrs = [self.mn]            # as conf.py wants it
        for name in ("foreign1", "foreign2", "home"):
            self.bridge(name).plug(self.out_node, name)
        self.link["foreign1"].plug(self.mn, "up0")
        self.mn.as_everywhere("up0")
        if role == "mr":
            self.wire(self.mn, "lan0", self.out_node, "lan")
            self.mn.addr("lan0", "2001:db8:281::1/64")
        links = {n: n for n in ("foreign1", "foreign2", "home") + ("lan",) * (role == "mr")}
        self.out = Outside(self, self.out_node, links, self.result("mn.pcap"))
        self.out.mobile_mac = mac_bytes(self.mn.mac("up0"))
        self.out.at = "foreign1"
        self.lan_mac = mac_bytes(self.mn.mac("lan0")) if role == "mr" else None
        self.r1 = Router(self.out, "foreign1", 1, F1)
        self.r2 = Router(self.out, "foreign2", 2, F2)
        self.ha = HomeAgent(self.out, HA_ADDR, router=role == "mr")
        self.ha2 = HomeAgent(self.out, OTHER_HA, router=role == "mr")
        self.out.agents = [self.ha, self.ha2]
        # on the home link the first home agent is the router, as radvd would say it
        self.rh = Router(self.out, "home", 8)
        self.rh.mac = self.ha.mac
        self.rh.said["prefixes"] = [prefix(f"{HA_ADDR}/64", R=1)]
        self.out.routers = [self.r1, self.r2, self.rh]
        self.normal()
        self.out.start()
        self.daemon = None
        self.usual = {}                 # configuration that start() has when nothing is said
        self.passing = False
        self.asked = 0                  # the mark before the last question

    def normal(self):
        """Everybody does as he should again."""
        for r in self.out.routers:
            r.alive = True
        self.out.neighbours = {(r.link, r.address): r.mac for r in self.out.routers}
        self.out.neighbours["home", HA_ADDR] = self.ha.mac
        self.out.neighbours["lan", A] = A_MAC
        for ha in self.out.agents:
            ha.answer = ha.accept

    # ---- the daemon ----

    def conf(self, **more):
        more = {"timers": FAST, "unsafe_timers": True, "roles": (self.role,), **self.usual, **more}
        home = more.pop("home", {})
        if self.role == "mn":
            home = {"prefixes": None, **home}
        else:
            more.setdefault("prefixes", [conf.prefix(MNP)])
        return conf.mr_conf(self, 0, security=more.pop("security", conf.OPEN),
                            home={"lifetime": LIFETIME, **home}, **more)

    def start(self, silent=False, passing=False, **more):
        """(Re)start the daemon with this configuration. silent: no home agent answers.

        passing: only until the next case wants to be bound() or at_home().
        """
        self.passing = passing
        self.normal()
        for r in self.out.routers:      # the kernel must not configure itself in between
            r.alive = False
        if self.daemon and self.daemon.proc.alive():
            self.daemon.stop()
        if silent:
            for ha in self.out.agents:
                ha.answer = None
        self.asked = self.out.mark()
        self.daemon = daemon.Daemon(self.mn, self.conf(**more)).start()
        for r in self.out.routers:
            r.alive = True
        return self.daemon

    def move(self, to, **how):
        mark = self.out.mark()
        self.out.at = to
        super().move(self.mn, to, **how)
        return mark

    def registration(self):
        return next(iter(self.daemon.registrations()), {"state": "none"})

    def state(self):
        return self.registration()["state"]

    def heard(self):
        """What was delivered to the daemon until now it has read."""
        for _ in range(2):
            self.daemon.ctl.call("Status")

    def count(self, *names):
        """The sum of these counters of the mobile node."""
        s = self.daemon.ctl.call("GetStats")["mobile_node"]
        return sum(s[n] for n in names)

    # ---- what many cases begin with ----

    def bound(self, link="foreign1"):
        """Registered from that link, nothing under way; the care-of address."""
        self.normal()
        if self.passing:
            self.start()
        start = f"2001:db8:f{link[-1]}:"
        coa = daemon.address(self.registration().get("care_of")) or ""
        if self.out.at == link and coa and not coa.startswith(start):
            self.move("foreign2" if link == "foreign1" else "foreign1", gap=0.02)
        if self.out.at != link:
            self.move(link)

        def done():
            r = self.registration()
            if r["state"] == "backoff":
                self.daemon.ctl.call("Refresh")
            coa = daemon.address(r.get("registered_care_of")) or ""
            return r["state"] == "bound" and coa.startswith(start) and coa
        return until(f"registered from {link}", done, step=0.01)

    def at_home(self):
        self.normal()
        if self.passing:
            self.start()
        if self.out.at != "home":
            self.move("home")
        until("at home", lambda: self.state() == "home", step=0.01)

    def update(self, since=None, **wanted):
        """Wait for a Binding Update, from now on or since then; wanted: fields of its message."""
        return self.out.wait(f"a Binding Update {wanted}", lambda p: p.mh and p.mh.name == "BU" and
                             all(getattr(p.mh, k) == v for k, v in wanted.items()),
                             self.out.mark() if since is None else since)

    def updates(self, since):
        return self.out.since(since, lambda p: p.mh and p.mh.name == "BU")

    def refreshing(self, link="foreign1", answer=None):
        """Registered, and a Binding Update is out to which nobody but answer() answers."""
        self.bound(link)
        self.ha.answer = answer
        self.asked = self.out.mark()
        self.daemon.ctl.call("Refresh")
        return self.update(self.asked)

    def registering(self, to="foreign2", answer=None):
        """Just moved there, and nobody but answer() answers to the Binding Update."""
        self.bound("foreign1" if to == "foreign2" else "foreign2")
        self.ha.answer = answer
        self.asked = self.move(to)
        return self.update(self.asked)

    def settles(self, state="bound"):
        until(f"the state is {state}", lambda: self.state() == state, step=0.01)

    def finish(self, failed=False):
        """Stop the daemon; nothing of it may be left."""
        problems = []
        try:
            self.normal()
            for r in self.out.routers:
                r.alive = False
            if self.daemon and self.daemon.proc.alive():
                self.daemon.stop()
            left = self.daemon.leftovers() if self.daemon and not failed else []
            problems += left
        finally:
            self.out.close()
            self.close()
        assert not problems, "left behind:\n  " + "\n  ".join(problems)


def world(request, role, **more):
    """The body of a module's fixture: one daemon for all its cases."""
    folder = os.path.join(os.environ["LAB_OUT"], f"{request.module.__name__}-{role}")
    w = Around(folder, role)
    failed = request.session.testsfailed
    w.usual = more
    try:
        w.start()
        yield w
    finally:
        w.finish(request.session.testsfailed > failed)


# ---- packets that are a little wrong ----

def mh_at(packet):
    """Where the Mobility Header of a packet begins."""
    at, proto = 40, packet[6]
    while proto in (43, 60):
        proto, at = packet[at], at + 8 * (packet[at + 1] + 1)
    assert proto == 135
    return at


def summed(packet, dst):
    """With the right checksum for its Mobility Header. dst: its last destination; None: as is."""
    at = mh_at(packet)
    packet[at + 4:at + 6] = bytes(2)
    ip = IPv6(bytes(packet[:40]))
    pseudo = IPv6(src=ip.src, dst=dst or ip.dst)
    packet[at + 4:at + 6] = in6_chksum(135, pseudo, bytes(packet[at:])).to_bytes(2, "big")
    return bytes(packet)


def with_octet(offset, value, dst=HOA, checksum=True):
    """A change of a packet: this octet of the Mobility Header has another value."""
    def change(packet):
        out = bytearray(bytes(packet))
        out[mh_at(out) + offset] = value
        return summed(out, dst) if checksum else bytes(out)
    return change


def wrong_sum(packet):
    out = bytearray(bytes(packet))
    out[mh_at(out) + 4] ^= 0x55
    return bytes(out)


def same(packet):
    return packet


PROTO, LEN, RESERVED = 0, 1, 3


# ---- for the cases about routers ----

def redraw(w):
    """Each case begins with the routers as they were drawn."""
    w.r1.said = {"prefixes": [prefix(F1)]}
    w.r2.said = {"prefixes": [prefix(F2)]}
    w.rh.said = {"prefixes": [prefix(f"{HA_ADDR}/64", R=1)]}
    w.out.routers = [w.r1, w.r2, w.rh]


def fresh(w, link="foreign1", via="foreign2"):
    """Attached anew, so that nothing of the case before is remembered; the care-of address."""
    w.bound(via)
    return w.bound(link)


def nd(kind, **wanted):
    return lambda p: p.nd == kind and all(getattr(p, k) == v for k, v in wanted.items())


def still(w, coa, mark):
    """Nothing has changed, and the router was told nothing."""
    w.heard()
    r = w.registration()
    assert r["state"] == "bound" and r["registered_care_of"]["addr"] == coa, r
    assert not w.updates(mark)


def quoting(p, kind, src=HA_ADDR, **fields):
    """An ICMPv6 error about a packet of the mobile node."""
    return IPv6(src=src, dst=p.src, hlim=64) / kind(**fields) / p.frame[14:]


# ---- for the cases about home agents to be found ----

ANYCAST = "2001:db8:280:0:fdff:ffff:ffff:fffe"
DHAAD_TIMEOUT, DHAAD_RETRIES = 0.2, 3
LOOK = {"home": {"home_agent": "discover"},
        "timers": {**FAST, "initial_dhaad_timeout": DHAAD_TIMEOUT,
                   "dhaad_retries": DHAAD_RETRIES}}


def is_request(p):
    return p.icmp6 == (144, 0)


def looking(w):
    """Started anew, and nobody has answered: its first request."""
    if w.out.at == "home":
        w.move("foreign1")
    w.start(**LOOK)
    return w.out.wait("a request for home agents", is_request, w.asked)


def ident(p):
    """The identifier of a request."""
    return int.from_bytes(p.body[4:6], "big")


def found(p, addresses=(HA_ADDR, OTHER_HA), src=HA_ADDR, dst=None, number=None, routers=0):
    """The answer to a request."""
    return IPv6(src=src, dst=dst or p.src, hlim=64) / ICMPv6HAADReply(
        id=ident(p) if number is None else number, R=routers, addresses=list(addresses))


# ---- data ----

numbers = iter(range(1, 60000))         # of echo requests


def echo(src, dst, seq, hlim=60):
    return IPv6(src=src, dst=dst, hlim=hlim) / ICMPv6EchoRequest(id=0x6d70, seq=seq)


def tunnelled(coa, inner, src=HA_ADDR):
    return IPv6(src=src, dst=coa, hlim=60, nh=41) / inner


def reply(p, seq):
    inner = p.innermost()
    return inner.echo == ("reply", 0x6d70, seq)


def answered(w, seq, mark):
    return w.out.wait(f"an answer to {seq}", lambda p: reply(p, seq), mark)


def ask(node, dst, src=None, dev=None, groups_by=None, size=0):
    """One echo request of the mobile node itself. groups_by: its device for multicast."""
    seq = next(numbers)
    s = node.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    try:
        if src:
            s.bind((src, 0))
        if groups_by:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, node.dev[groups_by])
        packet = struct.pack("!BBHHH", 128, 0, 0, 0x6d71, seq) + bytes(size)
        s.sendto(packet, (dst, 0, 0, node.dev[dev] if dev else 0))
    finally:
        s.close()
    return seq


def request(seq):
    return lambda p: p.innermost().echo == ("request", 0x6d71, seq)


# ---- for the cases of mobile routers: the host behind it ----

def from_a(w, src, dst, **more):
    """The host behind the router sends an echo request; its number."""
    seq = next(numbers)
    w.out.send("lan", echo(src, dst, seq, **more), A_MAC, w.mn.mac("lan0"))
    return seq


def passed(seq, **wanted):
    return lambda p: p.innermost().echo == ("request", 0x6d70, seq) and \
        all(getattr(p, k) == v for k, v in wanted.items())
