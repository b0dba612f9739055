# SPDX-License-Identifier: BSD-2-Clause
"""A mobile router with two uplinks at a time (RFC 5648 5), against a home agent played by hand.

    mobile router up0 --- foreign1 (BID 1)
                  up1 --- foreign2 (BID 2)
                  lan0 --- lan

Judged on the wire: what each Binding Update says, by which uplink it leaves, what is made of the
answers, and by which tunnel packets of both families go.
"""
import os
import socket

import pytest

import conf
import rtnl
from case_mobile import CN, FAST, F1, F2, Around
from case_outside import mac_bytes
from forge import MIP6OptUnknown
from net import HOA, MNP
from proc import until

BID, O = 35, "B"                # pkt.py has another name for this bit
SO_MARK = 36
NET4, OWN4, CN4 = "10.0.0.0/24", "10.0.0.1", "198.51.100.1"
NOTCOMPLETE, NO_RESOURCES, PROHIBITED, BULK = 4, 130, 166, 168
LINK = {1: "foreign1", 2: "foreign2"}


class Two(Around):
    """Both cables are in."""

    def __init__(self, results):
        super().__init__(results, "mr")
        self.link["foreign2"].plug(self.mn, "up1")
        self.mn.as_everywhere("up1")
        self.mn.addr("lan0", OWN4 + "/24")
        self.mac = {"foreign1": self.out.mobile_mac, "foreign2": mac_bytes(self.mn.mac("up1"))}
        self.out.deliver = self.deliver
        self.usual = {"uplinks": [{"device": "up0", "bid": 1, "priority": 10},
                                  {"device": "up1", "bid": 2, "priority": 20}],
                      "prefixes": [conf.prefix(MNP), conf.prefix(NET4, mode="static")],
                      "timers": {**FAST, "initial_bindack_timeout": 0.3,
                                 "initial_bindack_timeout_first": 0.3}}

    def normal(self):
        super().normal()
        self.statuses, self.whole = {}, 0
        for ha in self.out.agents:
            ha.answer = self.answer

    def deliver(self, packet):
        link = "foreign1" if packet.dst.startswith(F1[:12]) else "foreign2"
        router = next(r.mac for r in self.out.routers if r.link == link)
        self.out.send(link, packet, router, self.mac[link])

    def answer(self, bu):
        """As an agent that knows BIDs does; .statuses: of single ones, .whole: of the message."""
        options = [MIP6OptUnknown(otype=BID, odata=b[:2] + bytes([self.statuses.get(bid(b), 0), 0]))
                   for k, b in bu.mh.options if k == BID]
        status = self.whole if options else 0
        if status == BULK and len(options) == 1:
            status = 0
        if any(self.statuses.get(bid(b)) for k, b in bu.mh.options if k == BID):
            status = NOTCOMPLETE
        return [self.ha.ba(bu, status=status, options=options,
                           lifetime=0 if status >= 128 else None)]

    def less(self, bu, status):
        """An agent that refuses whatever has BIDs."""
        options = [MIP6OptUnknown(otype=BID, odata=b[:2] + bytes(2))
                   for k, b in bu.mh.options if k == BID]
        return [self.ha.ba(bu, status=status, lifetime=0, options=options) if options
                else self.ha.ba(bu)]

    def both(self):
        """Registered by both, and nothing is under way."""
        self.normal()
        self.passing = False
        if not (self.daemon and self.daemon.proc.alive()):
            self.start()
        for dev in ("up0", "up1"):
            self.plugged(dev, True)
        until("both are registered", lambda: self.said(self.newest()) == {1: 1, 2: 2}
              and self.newest() is self.updates(0)[-1]      # and nothing was deleted since
              and self.state() == "bound", step=0.02)

    def plugged(self, dev, yes):
        port = self.sw.dev[f"{self.mn.name}.{dev}"[:15]]
        self.sw.rt(rtnl.updown(port, yes))

    def newest(self):
        return next((p for p in reversed(self.updates(0)) if p.mh.lifetime and p.mh.option(BID)),
                    None)

    @staticmethod
    def said(p):
        """{BID: priority} of an update."""
        return {bid(b): b[3] & 0x7f for k, b in p.mh.options if k == BID} if p else {}

    def packet(self, family, mark):
        """Send one with this mark; the frame in which it left."""
        text = f"mcoa {family} {mark} {os.urandom(4).hex()}".encode()
        mark_at = self.out.mark()
        s = self.mn.socket(family, socket.SOCK_DGRAM)
        with s:
            s.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)
            s.bind((HOA if family == socket.AF_INET6 else OWN4, 0))
            s.sendto(text, (CN if family == socket.AF_INET6 else CN4, 9))
        return self.out.wait(f"a packet with mark {mark}", lambda p: text in p.frame, mark_at, 5)


def bid(body):
    return int.from_bytes(body[:2], "big")


def care_of(body):
    return socket.inet_ntop(socket.AF_INET6, body[4:20]) if len(body) == 20 else None


@pytest.fixture(scope="module")
def w(request):
    w = Two(os.path.join(os.environ["LAB_OUT"], "test_mcoa_mn"))
    failed = request.session.testsfailed
    try:
        yield w
    finally:
        w.finish(request.session.testsfailed > failed)


def test_bulk_registration_and_a_tunnel_for_each(w):
    """The first update overwrites; each BID has its care-of address; marks choose the tunnel."""
    w.start()
    first = w.update(0)
    assert O in first.mh.flags and not first.mh.option(3), "5.9; 5.2: no alternate care-of address"
    w.both()
    mark = w.out.mark()
    w.daemon.ctl.call("Refresh")
    p = w.update(mark)
    assert O not in p.mh.flags and w.said(p) == {1: 1, 2: 2} and not p.mh.option(3)
    w.settles()
    for k, b in p.mh.options:
        if k == BID:
            assert care_of(b).startswith({1: F1, 2: F2}[bid(b)][:12]), (bid(b), care_of(b))
    for family in (socket.AF_INET6, socket.AF_INET):
        for mark, link in ((1, 1), (2, 2), (0, 1), (77, 1)):
            got = w.packet(family, mark)
            assert got.link == LINK[link], (family, mark, got.link)
            assert got.src.startswith({1: F1, 2: F2}[link][:12]), "its own care-of address"


def test_lost_uplink_is_deleted_by_the_other_and_comes_back(w):
    w.both()
    mark = w.out.mark()
    w.plugged("up0", False)
    gone = w.update(mark)
    assert gone.mh.lifetime == 0 and gone.link == "foreign2"
    assert [bid(b) for k, b in gone.mh.options if k == BID] == [1]
    for family in (socket.AF_INET6, socket.AF_INET):
        for m in (0, 1, 2):             # the table of a path that is not there is empty
            assert w.packet(family, m).link == "foreign2"
    w.both()
    until("the better one carries", lambda: w.packet(socket.AF_INET6, 0).link == "foreign1", 5)


def test_unanswered_updates_go_round_the_uplinks(w):
    w.both()
    w.ha.answer = None
    mark = w.out.mark()
    w.daemon.ctl.call("Refresh")
    assert w.update(mark).link == "foreign1"
    second = w.out.wait("another by the other one", lambda p: p.mh and p.mh.name == "BU" and
                        p.link == "foreign2", mark)
    assert w.said(second) == {1: 1, 2: 2}, "the same is said"
    w.both()


def test_status_of_one_bid(w):
    w.both()
    w.statuses = {2: NO_RESOURCES}
    mark = w.out.mark()
    w.daemon.ctl.call("Refresh")
    w.update(mark)
    w.settles()                         # the other one is registered, and carries
    assert w.packet(socket.AF_INET6, 0).link == "foreign1"
    w.statuses = {}
    mark = w.out.mark()
    w.out.wait("BID 2 again, after a pause", lambda p: p.mh and p.mh.name == "BU" and
               2 in w.said(p), mark)
    w.both()


def test_home_agents_that_do_less(w):
    """168: one in each, by its own uplink. 166, and an answer without BIDs: one registration."""
    w.both()
    w.whole = BULK
    mark = w.out.mark()
    w.daemon.ctl.call("Refresh")
    w.update(mark)
    for n in (1, 2):
        p = w.out.wait(f"BID {n} alone", lambda p: p.mh and p.mh.name == "BU" and
                       list(w.said(p)) == [n], mark)
        assert p.link == LINK[n]
    w.settles()
    w.whole = 0
    for status in (None, PROHIBITED):
        w.start(passing=True)
        w.ha.answer = lambda bu: [w.ha.ba(bu)] if status is None else w.less(bu, status)
        w.daemon.ctl.call("Refresh")
        w.settles()
        mark = w.out.mark()
        w.daemon.ctl.call("Refresh")
        plain = w.update(mark)
        assert not plain.mh.option(BID) and plain.mh.option(3), "as ever"
        w.settles()
        assert w.packet(socket.AF_INET6, 2).link == plain.link


def test_stop_deletes_all_at_once(w):
    w.start()
    w.both()
    mark = w.out.mark()
    w.daemon.stop()
    end = w.update(mark)
    assert end.mh.lifetime == 0 and not end.mh.option(BID)
    w.start()
