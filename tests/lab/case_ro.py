# SPDX-License-Identifier: BSD-2-Clause
"""Correspondents of the mobile node of case_mobile.py, for cases about route optimisation.

Each case takes a correspondent that nobody talked to before: begin() sends it a packet of the
home address, and that is the reason to begin return routability with it. It answers as
peer.Answers does, but for the names in `silent`; what it does not say by itself the case says
for it, right or wrong:

    c = begin(w, silent={"HoTI"})           # its Home Test Init has no answer yet
    c.say(c.test(c.next("HoTI"), cookie=bytes(8)))
    c.goes_on()                             # it answers all from now on, what it was asked first
    c.optimised()
"""
import itertools
import struct

import pytest

import case_mobile
from case_mobile import HA_ADDR, HOA, ask, request, tunnelled
from ctl import ControlError
from forge import ICMPv6EchoRequest, IPv6, IPv6ExtHdrRouting
from peer import BE, COT, HOT, Answers, message, packed, packet, padding
from pkt import IPV6, Packet
from proc import until

# No retransmission disturbs a case: those that are about them say so.
CALM = {"initial_bindack_timeout": 2, "initial_bindack_timeout_first": 2,
        "max_bindack_timeout": 8, "max_update_rate": 100, "probe_interval": 0,
        "router_probe": 0.15, "rs_interval": 0.1, "dad_retrans": 0.5}
ON = {"route_optimization": {"enabled": True}, "timers": CALM}
HASTY = {"initial_bindack_timeout": 0.2, "max_bindack_timeout": 0.4}
OPTION_222 = bytes([222, 4]) + b"mip6"
LIMIT = 30


def world(request, role="mn", **more):
    """The body of a module's fixture: one daemon that optimises, for all its cases."""
    yield from case_mobile.world(request, role, **{**ON, **more})


def timers(**more):
    return {**CALM, **more}


def prefix_of(address):
    return packed(address)[:8]


class Correspondent(Answers):
    """One of them. `heard` has its messages as they were before any tunnel: .outer is that."""

    _numbers = itertools.count(0x10)

    def __init__(self, w, silent=(), address=None, **more):
        super().__init__(address or f"2001:db8:c0ff::{next(self._numbers):x}")
        self.w, self.silent = w, set(silent)
        for k, v in more.items():
            setattr(self, k, v)
        w.out.peers[self.address] = self

    # ---- hearing ----

    def all(self, name):
        return [p for n, p in list(self.heard) if n == name]

    def next(self, name, seen=0, limit=LIMIT):
        """Its message number `seen` of that name: the first, unless some were seen."""
        news = self.w.out.news
        with news:
            assert news.wait_for(lambda: self.count(name) > seen, limit), \
                f"no {name} number {seen} to {self.address}: {[n for n, _ in self.heard]}"
        return self.all(name)[seen]

    def row(self):
        return next(iter(self.w.daemon.peers(peer=self.address, role="mn")), {"state": "none",
                                                                              "how": "none"})

    def optimised(self, coa=None):
        """Wait until data go directly; the care-of address that the peer knows."""
        def done():
            r = self.row()
            return r["how"] == "optimised" and (coa is None or r["care_of"]["addr"] == coa)
        until(f"{self.address} is optimised", done, LIMIT, step=0.005)
        return self.bindings.get(HOA)

    def state(self, *wanted):
        until(f"{self.address} is {wanted}", lambda: self.row()["state"] in wanted, LIMIT,
              step=0.005)

    # ---- saying ----

    def say(self, octets, src=None):
        """A packet for the mobile node; what is for the home address comes by its home agent."""
        w, p = self.w, Packet(octets, ethertype=IPV6)
        if prefix_of(p.dst) == prefix_of(HOA) and w.out.at != "home":
            octets = tunnelled(w.ha.care_of, octets, src or HA_ADDR)
        w.out.deliver(octets)

    def send(self, src, dst, mh, rh2=None):
        self.say(packet(src, dst, mh, rh2))

    def test(self, p, cookie=None, token=None, index=None, src=None, dst=None, options=b"",
             rh2=None):
        """The answer to a test init, with what is to be wrong about it; kind: of the question."""
        home = p.mh.name == "HoTI"
        body = struct.pack("!H", self.index if index is None else index) + \
            (cookie or p.mh.raw[8:16]) + (token or self.token(p.src, 0 if home else 1)) + options
        body += padding(-(6 + len(body)) % 8)
        return packet(src or self.address, dst or p.src, message(HOT if home else COT, body), rh2)

    def answer(self, bu, src=None, rh2=True, hoa=HOA, **wrong):
        """The acknowledgement of a Binding Update as a packet."""
        mh = self.ack(bu, **wrong)
        if rh2 is True:
            rh2 = bu.src if bu.hao else None
        return packet(src or self.address, hoa, mh, rh2)

    def binding_error(self, to, about, status=1, src=None):
        return packet(src or self.address, to, message(
            BE, struct.pack("!BB", status, 0) + packed(about)))

    def goes_on(self):
        """It answers everything from now on, and the last question of each kind at once."""
        was, self.silent = self.silent, set()
        for name in ("HoTI", "CoTI", "BU"):
            if name in was and self.count(name):
                self._again(self.all(name)[-1])

    def _again(self, p):
        if p.mh.name == "BU":
            self._update(p)
        else:
            self._test(p, p.mh.name == "HoTI")

    # ---- data ----

    def data(self, name="a request"):
        """An echo request of the home address to it; the frame."""
        mark = self.w.out.mark()
        return self.w.out.wait(name, request(ask(self.w.mn, self.address, src=HOA)), mark)

    def is_direct(self):
        """The next packet goes directly: source, destination, option."""
        p = self.data()
        return (p.src, p.dst, p.hao, p.inner) == (self.w.ha.care_of, self.address, HOA, None)

    def is_tunnelled(self):
        p = self.data()
        return p.hao is None and p.inner is not None and \
            (p.src, p.dst, p.inner.src, p.inner.dst, p.inner.hao) == (
                self.w.ha.care_of, HA_ADDR, HOA, self.address, None)

    def by_routing_header(self, seq, coa=None, **how):
        """An echo request to the home address, by a type 2 routing header."""
        return routed(self.address, coa or self.bindings.get(HOA) or self.w.ha.care_of, seq, **how)


def routed(src, coa, seq, **how):
    fields = {"type": 2, "segleft": 1, "addresses": [HOA], **how}
    return IPv6(src=src, dst=coa, hlim=60) / IPv6ExtHdrRouting(**fields) / \
        ICMPv6EchoRequest(id=0x6d70, seq=seq)


def begin(w, silent=(), link="foreign1", **more):
    """A new correspondent, and a packet to it from there."""
    w.bound(link)
    c = Correspondent(w, silent, **more)
    ask(w.mn, c.address, src=HOA)
    return c


def optimised(w, link="foreign1", **more):
    """A new correspondent that has a binding."""
    c = begin(w, link=link, **more)
    c.optimised()
    return c


def hint(w, c, hoa=HOA):
    """As if a packet of the pair had found no state: the kernel says that only now and then."""
    w.daemon.ctl.call("Inject", event="rr_hint", fields={"home_address": hoa, "peer": c.address})


def no_hint(w, peer, why, hoa=HOA):
    """The same is refused, with these words."""
    with pytest.raises(ControlError, match=f"HintRefused.*({why})"):
        w.daemon.ctl.call("Inject", event="rr_hint", fields={"home_address": hoa, "peer": peer})


def not_early(frames, *timeouts):
    """None of these came earlier than that behind the one before.

    Any of them may have been late on a busy machine, the first most of all. So it is enough if it
    holds from the first or from the second on, with a quarter allowed; were timeouts not doubled,
    neither would do.
    """
    def holds(frames, timeouts):
        return len(frames) > 2 and all(
            (p.t - frames[0].t) / 1e9 >= 0.75 * s
            for p, s in zip(frames[1:], itertools.accumulate(timeouts)))
    return holds(frames, timeouts) or holds(frames[1:], timeouts[1:])
