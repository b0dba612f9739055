# SPDX-License-Identifier: BSD-2-Clause
"""Several care-of addresses at a correspondent (RFC 5648): `b`, a mobile node by hand at `evil`."""
import os
import struct

import daemon
import uplinks
from forge_rr import CARE_OF, CARE_OF2, COTI, a6, option, padding
from hand import cn, mn, net
from net import CN6, HOA
from ping import Pings
from proc import until
from scene import answered, seen, wait_seen

assert cn and mn and net        # fixtures
BID, O = 35, 0x8040             # the option; A and O of a Binding Update
UNKNOWN, MALFORMED, NON_MCOA, UNKNOWN_COA, BULK = 133, 164, 165, 167, 168


def bid(number, coa=None, prio=0, start=12):
    """The option at that place of a message: 2n, or 8n+2 with a care-of address."""
    body = struct.pack("!HBB", number, 0, prio) + (coa or b"")
    return padding((2 - start) % 8 if coa else start % 2) + option(BID, body)


class Paths:
    """Two care-of addresses of a mobile node, each with a test; BIDs 1 and 2."""

    def __init__(self, mn):
        self.mn, self.seq = mn, 0
        mn.home_test()
        self.coa = {1: CARE_OF, 2: CARE_OF2}
        self.token = {n: mn.care_of_test(c) for n, c in self.coa.items()}

    def ask(self, number, options=None, prio=0, **changes):
        """An update about a path, from its address; the answer has the option, signed by its
        key."""
        self.seq += 1
        coa, token = self.coa[number], self.token[number]
        if options is None:
            options = bid(number, a6(coa), prio)
        a = self.mn.ask(seq=self.seq, src=coa, care_of=token, options=options, **changes)
        leave = changes.get("lifetime") == 0
        assert a.signed(self.mn.key(leave, care_of=token), self.mn.hoa if leave else coa,
                        self.mn.cn), a
        return a

    def register(self, number, prio, **changes):
        a = self.ask(number, prio=prio, **changes)
        assert a.status == 0, a
        # as it was, but status 0 and no care-of address (6.2, 4.3)
        assert a.packet.mh.option(BID) == struct.pack("!HBB", number, 0, prio), a

    def data(self, n, src):
        """An echo request from there is answered; the care-of address that the answer goes to."""
        p = self.mn.wait("echo", self.mn.send(self.mn.echo(n, src=src)))
        assert p.rh2 == self.mn.hoa
        return p.dst


def rows(cn, mn):
    return {r["bid"]: r["how"] for r in cn.peers(home_address=mn.hoa)}


def test_data_change_to_the_other_path_by_one_update(mn, cn):
    paths = Paths(mn)
    paths.register(1, prio=1)
    paths.register(2, prio=2)
    assert rows(cn, mn) == {1: "optimised", 2: "standby"}
    text = cn.mip6ctl("peer")
    assert "standby" in text and CARE_OF in text and CARE_OF2 in text
    assert paths.data(1, CARE_OF) == CARE_OF
    # 6.5: registered, so no error; but the kernel has one care-of address only
    since = mn.quiet(mn.echo(2, src=CARE_OF2))
    assert not [p for p in mn.heard("BE", since) if p.mh.status == 1]
    since = mn.send(mn.echo(2, src=mn.hoa))         # no care-of address of it at all
    assert mn.wait("BE", since).mh.status == 1
    # the first path dies: one update, with the test that is at hand
    paths.register(2, prio=1)
    assert paths.data(3, CARE_OF2) == CARE_OF2
    assert rows(cn, mn) == {1: "standby", 2: "optimised"}
    # who sends by the other one without a word is followed
    n = 4

    def followed():
        nonlocal n
        n += 1
        return mn.heard("echo", mn.send(mn.echo(n, src=CARE_OF))) or rows(cn, mn)[1] == "optimised"

    until("data follow the mobile node", followed)
    assert paths.data(3, CARE_OF) == CARE_OF
    # the path in use is deleted
    a = paths.ask(1, options=bid(1), lifetime=0)
    assert a.status == 0 and a.packet.mh.option(BID) == struct.pack("!HBB", 1, 0, 0)
    assert rows(cn, mn) == {2: "optimised"}
    assert paths.data(4, CARE_OF2) == CARE_OF2
    # all of them
    paths.ask(2, options=b"", lifetime=0)
    assert not cn.peers()
    assert mn.wait("BE", mn.send(mn.echo(5, src=CARE_OF2))).mh.status == 1


def test_the_other_path_takes_over_when_time_is_over(mn, cn):
    paths = Paths(mn)
    paths.register(2, prio=2, lifetime=400)
    paths.register(1, prio=1, lifetime=4)
    assert paths.data(1, CARE_OF) == CARE_OF
    until("the first path expires", lambda: rows(cn, mn) == {2: "optimised"})
    assert paths.data(2, CARE_OF2) == CARE_OF2


def test_statuses_of_binding_identifiers(mn, cn):
    paths = Paths(mn)
    assert paths.ask(1, options=bid(1)).status == UNKNOWN_COA
    assert paths.ask(1, lifetime=0).status == UNKNOWN
    assert paths.ask(1, options=bid(1, bytes([192, 0, 2, 1]))).status == MALFORMED
    assert paths.ask(1, options=bid(1, bytes(3))).status == MALFORMED
    assert paths.ask(1, options=bid(1) + bid(2)).status == BULK
    assert paths.ask(1, options=b"").status == 0                # a plain one
    assert paths.ask(1).status == NON_MCOA
    assert rows(cn, mn) == {0: "optimised"}
    assert paths.ask(1, flags=O).status == 0
    assert rows(cn, mn) == {1: "optimised"}
    assert paths.ask(1, options=bid(1)).status == 0             # a refresh without address
    assert paths.ask(2, flags=O).status == 0
    assert rows(cn, mn) == {2: "optimised"}
    # nothing of that without the authenticator
    mn.quiet(mn.bu(seq=99, src=CARE_OF, care_of=paths.token[1], mac=bytes(12),
                   options=bid(1, a6(CARE_OF))))
    assert rows(cn, mn) == {2: "optimised"}
    # a care-of test carries it, too (4.3)
    cookie = os.urandom(8)
    since = mn.send(mn.test_init(COTI, CARE_OF, cookie, options=bid(258, a6(CARE_OF), start=16)))
    cot = mn.wait("CoT", since)
    assert cot.mh.raw[8:16] == cookie
    assert cot.mh.raw[24:30] == option(BID, struct.pack("!HBB", 258, 0, 0)), cot.mh.raw.hex()


# ---- our mobile router ----

def rows_of(d, key, address):
    return sorted((r["bid"], r["how"], r["priority"]) for r in d.peers(**{key: address}))


def test_a_router_with_two_uplinks_goes_on_by_the_other_with_one_update(lab):
    """The preferred link goes; its correspondent hears of it by one update from the other one."""
    net = lab(uplinks.Uplinks, n=2)
    caps = {n: net.mr.capture(uplinks.DEVICES[n]) for n in (1, 2)}
    net.correspondent()
    cn = daemon.cn(net, net.cn)
    ha, mr = uplinks.start(net, mr={"route_optimization": {"enabled": True}})
    f = net.reactor.add(Pings(net.mr, CN6, interval=0.05, src=HOA))

    def at(number):
        return until(f"data by way {number}", lambda: [
            r for r in cn.peers(peer=HOA) if r["bid"] == number and r["how"] == "optimised"
            and str(daemon.address(r["care_of"])).startswith(uplinks.coa_of(number))], 60)

    def both():
        at(1)
        until("the other path is registered, too", lambda: rows_of(mr, "peer", CN6) == [
            (1, "optimised", 1), (2, "standby", 2)])
        assert rows_of(cn, "peer", HOA) == [(1, "optimised", 1), (2, "standby", 2)]

    both()
    answered([f], "directly")
    # from its own uplink, with its own test (RFC 5648 5.2, 5.3)
    wait_seen(net, caps[2], "the update of the other path",
              lambda p: p.mh and p.mh.name == "BU" and p.dst == CN6 and
              p.mh.option(BID)[:4] == struct.pack("!HBB", 2, 0, 2))
    # the care-of address of the other path has been tested as well, with its BID (4.3)
    wait_seen(net, caps[2], "a care-of test of the other path",
              lambda p: p.mh and p.mh.name == "CoT" and p.src == CN6 and
              p.mh.raw[24:30] == option(BID, struct.pack("!HBB", 2, 0, 2)))
    since = net.pull(1)
    at(2)
    answered([f], "directly", times=20)
    to_peer = seen(net, caps[2], lambda p: not p.inner and p.mh and p.dst == CN6, since)
    names = [p.mh.name for p in to_peer]
    assert names[0] == "BU", names
    assert to_peer[0].mh.option(BID)[:4] == struct.pack("!HBB", 2, 0, 1), to_peer[0]
    assert not seen(net, caps[2], lambda p: p.inner and p.inner.mh and
                    p.inner.mh.name == "HoTI", since), "the home token was fresh"
    # the peer keeps the path that went for as long as it was told
    assert {r["bid"]: r["how"] for r in cn.peers(peer=HOA)} == {1: "standby", 2: "optimised"}
    row, = [r for r in mr.peers() if r["role"] == "mn"]
    assert row["bid"] == 2 and row["how"] == "optimised"
    # it comes back: preferred again, and the other one is registered as before
    net.plug(1)
    both()
    answered([f], "directly", times=5)
    f.stop()
