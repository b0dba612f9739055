# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile node: registrations with correspondents.

RFC 6275 6.1.7, 6.1.8, 6.2.6, 6.2.7, 11.3.6, 11.7.2 to 11.7.4 and 11.8 as far as they are about
correspondents; 11.6, how the tokens are got, has a file of its own.
"""
import struct
import time

import pytest

import case_ro
from case_mobile import (HA_ADDR, HOA, LEN, LIFETIME, PROTO, STRANGER, ask, case, cases, echo,
                         numbers, tunnelled, with_octet, wrong_sum)
from case_ro import HASTY, OPTION_222, Correspondent, begin, hint, no_hint, not_early, optimised, timers
from forge import IPv6, in6_chksum
from peer import REFRESH, packed, packet
from pkt import IPPROTO_MH
from proc import until

from scapy.layers.inet6 import ICMPv6DestUnreach

MOST = 420                              # MAX_RR_BINDING_LIFETIME
NONCES, AUTH, ALT_COA = 4, 5, 3
HOME_INDEX, CARE_INDEX = 0x1234, 0x5678
PRIVATE = "2001:db8:c0fe::/64"          # who is not to know where the node is
ADVICE = 4                              # seconds
BRIEF = 8                               # seconds


@pytest.fixture(scope="module")
def w(request):
    yield from case_ro.world(request, route_optimization={
        "enabled": True, "policy": [{"peer": PRIVATE, "allow": False}]})


@pytest.fixture(scope="module")
def early(w):
    """What takes seconds begins with the first case, and is looked at by the last ones."""
    found = {"advised": begin(w, silent={"BU"}), "used": begin(w, grant=BRIEF),
             "unused": begin(w, grant=BRIEF)}
    c = found["advised"]
    c.say(c.answer(c.next("BU"), options=struct.pack("!BBH", 2, 2, ADVICE // 4)))
    c.silent = set()
    for c in found.values():
        c.optimised()
    found["advised"].data()
    found["used"].data()
    return found


# ---- 6.1.7, 6.2.6, 6.2.7, 11.7.2: what is in a Binding Update ----

def bits(bu):
    return int.from_bytes(bu.mh.raw[8:10], "big")


def at(bu, kind):
    """Where an option begins in the message: none of these has the other's octets."""
    return bu.mh.raw.index(bytes((kind, len(bu.mh.option(kind)))) + bu.mh.option(kind))


FORM = {
    "MN_6.1.7_2": lambda c, bu: "H" not in bu.mh.flags,
    "MN_6.1.7_3": lambda c, bu: not set("LK") & set(bu.mh.flags),
    "MN_6.1.7_4": lambda c, bu: not bits(bu) & 0x0fff and bu.mh.raw[3] == 0,
    "MN_6.1.7_5": lambda c, bu: bu.mh.raw[0] == 59 and 8 * (bu.mh.raw[1] + 1) == len(bu.body),
    "MN_6.1.7_6": lambda c, bu: in6_chksum(IPPROTO_MH, IPv6(src=HOA, dst=c.address),
                                           bu.mh.raw) == 0,
    "MN_6.2.6_1": lambda c, bu: bu.mh.option(NONCES) == struct.pack("!HH", HOME_INDEX, CARE_INDEX),
    "MN_6.2.6_2": lambda c, bu: at(bu, NONCES) % 2 == 0,
    "MN_6.2.7_1": lambda c, bu: c.authentic(bu),
    "MN_6.2.7_2": lambda c, bu: bu.mh.raw[-14:-12] == bytes((AUTH, 12)),
    "MN_6.2.7_3": lambda c, bu: at(bu, AUTH) % 8 == 2,
    "MN_11.7.2_1": lambda c, bu: "A" in bu.mh.flags,
    "MN_11.7.2_2": lambda c, bu: bu.src == c.w.ha.care_of == c.next("CoTI").src,
    "MN_11.7.2_3": lambda c, bu: bu.dst == c.address and not bu.rh2 and not bu.outer,
    "MN_11.7.2_4": lambda c, bu: bu.hao == HOA,
    "MN_11.7.2_5": lambda c, bu: bu.mh.lifetime == MOST,
    "MN_11.7.2_6": lambda c, bu: bu.mh.option(ALT_COA) in (None, packed(bu.src)),
}


@pytest.fixture(scope="module")
def sent(w, early):
    c = begin(w, silent={"HoTI", "CoTI", "BU"})
    for name, index in (("HoTI", HOME_INDEX), ("CoTI", CARE_INDEX)):
        c.say(c.test(c.next(name), index=index))
    return c, c.next("BU")


@cases(FORM)
def test_form_of_an_update(sent, row):
    assert row(*sent), sent[1]


@case("MN_11.7.2_8")
def test_the_numbers_begin_anywhere(w):
    seq = [begin(w).next("BU").mh.seq for _ in range(4)]
    assert len(set(seq)) > 2 and max(seq) - min(seq) > 16, seq


# ---- 11.7.2: when ----

@case("MN_11.7.2_12")
def test_what_a_peer_sends_through_the_tunnel_begins_it(w):
    """The home address is the inner destination, the peer is the inner source."""
    coa = w.bound()
    c = Correspondent(w)
    w.ha.send(tunnelled(coa, echo(c.address, HOA, next(numbers))))
    assert c.next("HoTI").src == HOA and c.next("CoTI").src == coa
    c.optimised()


@case("MN_11.7.2_13")
def test_where_the_node_is_may_be_private(w):
    w.bound()
    c = Correspondent(w, address=PRIVATE.replace("/64", "7"))
    assert c.is_tunnelled()
    no_hint(w, c.address, "policy")
    w.heard()
    assert not c.heard and c.row()["state"] == "none"


NO_PEERS = {"MN_11.7.2_14": HA_ADDR, "MN_11.7.2_15": "ff0e::5", "MN_11.7.2_16": "fe80::f1:1",
            "MN_11.7.2_17": HOA}


@cases(NO_PEERS)
def test_who_is_no_correspondent(w, row):
    """The home agent, groups, neighbours, and the node itself."""
    w.bound()
    mark = w.out.mark()
    try:
        ask(w.mn, row, src=HOA, dev="up0" if row.startswith("f") else None)
    except OSError:
        pass                            # no way there from the home address: none is needed
    no_hint(w, row, "no unicast address|one of our own, or a home agent")
    w.heard()
    assert not w.out.since(mark, lambda p: p.innermost().mh and
                           p.innermost().mh.name in ("HoTI", "CoTI"))
    assert not w.daemon.peers(peer=row)


# ---- 11.7.3, 6.1.8: acknowledgements ----

def answer(change=None, **wrong):
    """The answer to a Binding Update, with what is to be wrong about it."""
    def make(c, bu):
        how = {k: v(bu) if callable(v) else v for k, v in wrong.items()}
        p = c.answer(bu, **how)
        return change(p) if change else p
    return make


IGNORED = {
    "MN_11.7.3_49": answer(auth=False),
    "MN_11.7.3_50": answer(auth=bytes(12)),
    "MN_11.7.3_51": answer(after=bytes([222, 6]) + bytes(6)),
    "MN_11.7.3_52": answer(after=bytes([1, 6]) + bytes(6)),
    "MN_11.7.3_53": answer(seq=lambda bu: bu.mh.seq - 1),
    "MN_11.7.3_54": answer(seq=lambda bu: bu.mh.seq + 1),
    "MN_11.7.3_55": answer(seq=lambda bu: bu.mh.seq ^ 0x8000),
    "MN_11.7.3_56": answer(src=STRANGER),
    "MN_11.7.3_57": answer(hoa=lambda bu: bu.src, rh2=None),
    "MN_11.7.3_58": answer(rh2=None),
    "MN_11.7.3_59": answer(status=135, seq=7, auth=bytes(12)),
    "MN_11.7.3_60": answer(status=135, seq=7, auth=False),
    "MN_11.7.3_61": answer(status=129, auth=False),
    "MN_11.7.3_62": answer(status=129, auth=bytes(12)),
    "MN_11.7.3_63": answer(status=136, auth=False, seq=lambda bu: bu.mh.seq - 1),
    "MN_9.2_25": answer(wrong_sum),
    "MN_9.2_26": answer(with_octet(PROTO, 58)),
    "MN_9.2_27": answer(with_octet(LEN, 9)),
}


@cases(IGNORED)
def test_an_acknowledgement_that_is_ignored(w, row):
    """It stays in the tunnel, until the same answer comes as it must be."""
    c = begin(w, silent={"BU"})
    c.say(row(c, c.next("BU")))
    w.heard()
    assert c.row()["state"] == "wait-ba" and c.count("BU") == 1
    c.goes_on()
    c.optimised()
    assert c.count("HoTI") == c.count("CoTI") == 1


TAKEN = {
    "MN_11.7.3_64": {"status": 1}, "MN_11.7.3_65": {"status": 127},
    "MN_6.1.8_5": {"options": OPTION_222}, "MN_6.1.8_6": {"options": bytes(4)},
    "MN_6.1.8_7": {"reserved": 0x7f}, "MN_6.1.8_8": {"reserved": 0x80},
}


@cases(TAKEN)
def test_an_acknowledgement_that_is_taken(w, row):
    """And the Binding Update is not sent again."""
    c = begin(w, silent={"BU"})
    c.say(c.answer(c.next("BU"), **row))
    until("it is bound", lambda: c.row()["state"] == "bound", step=0.005)
    assert c.count("BU") == 1


@case("MN_11.7.3_66")
def test_the_lifetime_is_counted_from_the_update(w):
    c = begin(w, silent={"BU"})
    bu = c.next("BU")
    time.sleep(0.2)
    c.say(c.answer(bu, lifetime=100))
    until("it is bound", lambda: c.row()["state"] == "bound", step=0.005)
    assert 50 < c.row()["remaining"] <= 100 - 0.2, c.row()


@case("MN_11.7.3_67")
def test_a_longer_lifetime_is_not_believed(w):
    c = begin(w, silent={"BU"})
    c.say(c.answer(c.next("BU"), lifetime=4000))
    until("it is bound", lambda: c.row()["state"] == "bound", step=0.005)
    assert c.row()["remaining"] <= MOST, c.row()


@case("MN_11.7.3_68")
def test_out_of_window_is_continued_from_the_number_given(w):
    c = begin(w, silent={"BU"})
    bu = c.next("BU")
    c.say(c.answer(bu, status=135, seq=bu.mh.seq + 1000))
    assert c.next("BU", seen=1).mh.seq == (bu.mh.seq + 1001) & 0xffff
    c.goes_on()
    c.optimised()


@case("MN_11.7.3_69")
def test_the_numbers_go_round(w):
    c = begin(w, silent={"BU"})
    c.say(c.answer(c.next("BU"), status=135, seq=0xffff))
    assert c.next("BU", seen=1).mh.seq == 0
    c.goes_on()
    c.optimised()


ANEW = {"MN_11.7.3_70": (136, 2, 1), "MN_11.7.3_71": (137, 1, 2), "MN_11.7.3_72": (138, 2, 2)}


@cases(ANEW)
def test_expired_nonces_are_asked_for_again(w, row):
    """Those that expired, and no others; the Binding Update has another number."""
    status, home, care = row
    c = begin(w, silent={"BU"})
    bu = c.next("BU")
    c.say(c.answer(bu, status=status, auth=False))
    again = c.next("BU", seen=1)
    assert (c.count("HoTI"), c.count("CoTI")) == (home, care)
    assert c.authentic(again) and 0 < (again.mh.seq - bu.mh.seq) & 0xffff < 0x8000
    c.goes_on()
    c.optimised()


REFUSED = {
    "MN_11.7.3_73": 128, "MN_11.7.3_74": 129, "MN_11.7.3_75": 130, "MN_11.7.3_76": 131,
    "MN_11.7.3_77": 132, "MN_11.7.3_78": 133, "MN_11.7.3_79": 139, "MN_11.7.3_80": 174,
    "MN_11.7.3_81": 255,
}


@cases(REFUSED)
def test_who_refuses_is_not_asked_again(w, row):
    """It is recorded, and the tunnel does it."""
    c = begin(w, status=row)
    c.state("hold")
    said = len(c.heard)
    hint(w, c)
    assert c.is_tunnelled()
    w.heard()
    assert len(c.heard) == said and c.count("BU") == 1
    assert c.row()["reason"].startswith("the peer"), c.row()


@case("MN_11.7.3_82")
def test_accepted_for_no_time_is_no_binding(w):
    c = begin(w, silent={"BU"})
    c.say(c.answer(c.next("BU"), lifetime=0))
    c.state("hold")
    assert c.is_tunnelled()


@case("MN_11.7.3_83")
def test_out_of_window_for_ever_is_not_followed_for_ever(w):
    c = begin(w, status=135)
    c.state("hold")
    assert 2 <= c.count("BU") <= 5 and c.count("HoTI") == 1


# ---- 11.7.4: refresh requests ----

def by_tunnel(c):
    c.refresh_request(HOA)


def by_header(c):
    c.send(c.address, HOA, REFRESH, rh2=c.bindings[HOA])


BRR = {"MN_11.7.4_6": by_tunnel, "MN_11.7.4_7": by_header}


@cases(BRR)
def test_a_refresh_request_of_a_peer_in_use_is_answered(w, row):
    """By an update that extends the lifetime; asked again at once it does nothing."""
    c = optimised(w)
    c.data()
    row(c)
    assert c.next("BU", seen=1).mh.lifetime == MOST
    c.optimised()
    c.data()
    row(c)
    w.heard()
    assert c.count("BU") == 2


def unused(w, c):
    by_tunnel(c)


def of_a_stranger(w, c):
    c.data()
    stranger = Correspondent(w)
    by_tunnel(stranger)
    w.heard()
    assert stranger.row()["state"] == "none" and not stranger.heard


def with_a_wrong_sum(w, c):
    c.data()
    c.say(wrong_sum(packet(c.address, HOA, REFRESH)))


NOT_ASKED = {"MN_11.7.4_8": unused, "MN_11.7.4_9": of_a_stranger,
             "MN_11.7.4_10": with_a_wrong_sum}


@cases(NOT_ASKED)
def test_a_refresh_request_that_nobody_follows(w, row):
    """A binding that is not needed may expire; of others nothing is kept."""
    c = optimised(w)
    row(w, c)
    w.heard()
    assert c.count("BU") == 1 and c.row()["state"] == "bound"


# ---- 11.3.5, 11.3.6: errors about a binding ----

def lost(c):
    """It is not used any more, and got anew."""
    c.silent = {"HoTI", "CoTI"}
    yield
    assert c.next("HoTI", seen=1) and c.next("CoTI", seen=1)
    until("it goes by the tunnel", c.is_tunnelled)
    c.goes_on()
    c.optimised()
    assert c.is_direct()


@case("MN_11.3.6_15")
def test_a_peer_without_binding_gets_another(w):
    c = optimised(w)
    c.data()
    for _ in lost(c):
        c.say(c.binding_error(c.bindings[HOA], HOA))


@case("MN_11.3.5_16")
def test_a_way_that_ends_somewhere_is_not_gone_on(w):
    c = optimised(w)
    p = c.data()
    for _ in lost(c):
        w.out.deliver(IPv6(src=STRANGER, dst=p.src, hlim=64) / ICMPv6DestUnreach(code=3) /
                      p.frame[14:])


@case("MN_11.3.6_16")
def test_a_binding_error_about_a_peer_that_still_sends_is_a_lie(w):
    """Communications are progressing: the kernel has seen its routing headers."""
    c = optimised(w)
    seen = w.count("ro_lies")
    w.ha.send(c.by_routing_header(next(numbers)))
    w.out.wait("an answer", lambda p: p.echo and p.dst == c.address)
    c.say(c.binding_error(c.bindings[HOA], HOA))
    w.heard()
    w.ha.send(c.by_routing_header(next(numbers)))
    until("it is known for a lie", lambda: w.count("ro_lies") > seen, step=0.02)
    assert c.row()["how"] == "optimised" and c.count("HoTI") == 1


def port_unreachable(w, c, p):
    w.out.deliver(IPv6(src=c.address, dst=p.src, hlim=64) / ICMPv6DestUnreach(code=4) /
                  p.frame[14:])


USELESS = {
    "MN_11.3.6_17": lambda w, c, p: c.say(c.binding_error(p.src, HOA, src=STRANGER)),
    "MN_11.3.6_18": lambda w, c, p: c.say(c.binding_error(p.src, "2001:db8:280::77")),
    "MN_11.3.6_19": lambda w, c, p: c.say(c.binding_error(p.src, p.src, 2)),
    "MN_11.3.6_20": lambda w, c, p: c.say(c.binding_error(p.src, HOA, 3)),
    "MN_11.3.6_21": lambda w, c, p: c.say(wrong_sum(c.binding_error(p.src, HOA))),
    "MN_11.3.5_17": port_unreachable,
}


@cases(USELESS)
def test_an_error_that_says_nothing_of_the_binding(w, row):
    c = optimised(w)
    row(w, c, c.data())
    w.heard()
    assert c.is_direct() and c.row()["state"] == "bound" and c.count("HoTI") == 1


# ---- what began with the first case: until here the node has stayed where it was ----

@case("MN_11.7.3_84")
def test_refresh_advice_of_a_correspondent_is_ignored(w, early):
    c = early["advised"]
    first = c.next("BU")
    while time.time_ns() < first.t + (ADVICE + 1) * 10**9:
        time.sleep(0.1)
    w.heard()
    assert not [b for b in c.all("BU") if b.t < first.t + (ADVICE + 1) * 10**9][1:]


@case("MN_11.7.3_85")
def test_a_binding_in_use_is_extended_well_before_its_end(early):
    c = early["used"]
    again = c.next("BU", seen=1)
    assert again.t - c.next("BU").t < BRIEF * 10**9 and again.mh.lifetime > BRIEF


@case("MN_11.7.3_86")
def test_a_binding_that_nobody_uses_ends_and_is_not_used_then(early):
    c = early["unused"]
    c.state("none")
    assert c.count("BU") == 1
    assert c.is_tunnelled()


# ---- 11.7.2: movements ----

@pytest.fixture(scope="module")
def few(w, early):
    """Without the peers of the cases before, which would all be told of each movement."""
    w.start()
    return w


@case("MN_11.7.2_7")
def test_it_lasts_no_longer_than_the_home_registration(w, few):
    w.bound()
    w.ha.answer = lambda bu: [w.ha.ba(bu, lifetime=100)]
    try:
        w.daemon.ctl.call("Refresh")
        until("100 seconds", lambda: w.registration()["lifetime"] == 100, step=0.01)
        assert 80 <= begin(w).next("BU").mh.lifetime <= 100
    finally:
        w.ha.answer = w.ha.accept
        w.daemon.ctl.call("Refresh")
        until("all of it again", lambda: w.registration()["lifetime"] == LIFETIME, step=0.01)


@case("MN_11.7.2_9")
def test_every_update_has_a_greater_number(w, few):
    """A refresh and another care-of address, too."""
    c = optimised(w, "foreign1")
    c.data()
    c.refresh_request(HOA)
    c.next("BU", seen=1)
    c.optimised()
    w.move("foreign2")
    c.next("BU", seen=2)
    seq = [b.mh.seq for b in c.all("BU")]
    assert all(0 < (b - a) & 0xffff < 0x8000 for a, b in zip(seq, seq[1:])), seq
    assert c.all("BU")[0].src != c.all("BU")[2].src
    c.optimised()


@case("MN_11.7.2_10")
def test_the_home_agent_is_told_first_and_has_to_agree(w, few):
    """The care-of test may go on meanwhile; the Binding Update to the peer waits."""
    c = optimised(w, "foreign1")
    w.ha.answer = None
    mark = w.move("foreign2")
    told = w.update(mark)
    coti = c.next("CoTI", seen=1)
    assert told.t < coti.t and coti.src == told.src
    w.heard()
    assert c.count("BU") == 1 and c.count("HoTI") == 1
    w.ha.send(w.ha.ba(told))
    assert c.next("BU", seen=1).src == told.src
    c.optimised()


@case("MN_11.7.2_11")
def test_each_peer_of_the_list_is_told(w, few):
    peers = [optimised(w, "foreign1") for _ in range(3)]
    w.move("foreign2")
    for c in peers:
        c.next("BU", seen=1)
        c.optimised()
        assert c.bindings[HOA].startswith("2001:db8:f2:")


@case("MN_11.7.2_18")
def test_at_home_there_is_nothing_to_optimise(w, few):
    w.at_home()
    c = Correspondent(w)
    p = c.data()
    assert (p.src, p.dst, p.hao, p.inner) == (HOA, c.address, None, None)
    no_hint(w, c.address, "not away")
    w.heard()
    assert not c.heard and c.row()["state"] == "none"


# ---- 11.7.2: deleting ----

@pytest.fixture(scope="module")
def deleted(w, few):
    """Binding Updates that delete: from home, and from where the node stays."""
    home, away = optimised(w), optimised(w)
    w.at_home()
    until("both are told", lambda: HOA not in home.bindings and HOA not in away.bindings)
    away = optimised(w)
    w.daemon.ctl.call("Deregister")
    away.next("BU", seen=1)
    until("that is done", lambda: w.state() == "idle", step=0.01)
    w.daemon.ctl.call("Refresh")
    w.bound()
    return (home, home.all("BU")[1]), (away, away.all("BU")[1])


DELETED = {
    "MN_11.7.2_19": lambda home, away: home[1].mh.lifetime == 0 and home[0].authentic(home[1]),
    "MN_11.7.2_20": lambda home, away: home[1].src == HOA and not home[1].hao and
    not home[1].outer,
    "MN_11.7.2_21": lambda home, away: home[1].mh.option(NONCES)[2:] == bytes(2),
    "MN_11.7.2_22": lambda home, away: away[1].mh.lifetime == 0 and away[0].authentic(away[1]),
    "MN_11.7.2_23": lambda home, away: away[1].src == away[0].all("BU")[0].src and
    away[1].hao == HOA,
    "MN_11.7.2_24": lambda home, away: away[1].mh.option(NONCES)[2:] == bytes(2),
    "MN_11.7.2_25": lambda home, away: not home[0].bindings and not away[0].bindings,
}


@cases(DELETED)
def test_form_of_an_update_that_deletes(deleted, row):
    assert row(*deleted), deleted


# ---- 11.8: retransmissions; the timers are others from here on ----

@pytest.fixture(scope="module")
def deaf(w, early):
    """A peer that takes no notice of Binding Updates."""
    w.start(timers=timers(**HASTY))
    c = begin(w, silent={"BU"})
    c.state("hold")
    return c


def numbers_grow(c):
    seq = [b.mh.seq for b in c.all("BU")]
    return all(0 < (b - a) & 0xffff < 0x8000 for a, b in zip(seq, seq[1:]))


AGAIN = {
    "MN_11.8_15": lambda c: not_early(c.all("BU"), 0.2, 0.4, 0.4),
    "MN_11.8_16": numbers_grow,
    "MN_11.8_17": lambda c: len([b for b in c.all("BU") if b.mh.lifetime]) == 4 and
    c.is_tunnelled(),
    # it may have taken one of them: that is deleted, as far as it hears
    "MN_11.8_18": lambda c: [b for b in c.all("BU") if not b.mh.lifetime and c.authentic(b)],
}


@cases(AGAIN)
def test_retransmission_of_updates(deaf, row):
    assert row(deaf), [(n, p.t, p.mh.seq) for n, p in deaf.heard]
