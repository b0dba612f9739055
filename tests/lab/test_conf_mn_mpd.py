# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile node: mobile prefix discovery.

RFC 6275 6.7, 6.8, 11.4.2, 11.4.3, and 11.8 for solicitations.
"""
import pytest

import case_ro
from case_mobile import (F2, HA_ADDR, HOA, OTHER_HA, STRANGER, HomeAgent, case, cases, prefix,
                         redraw, tunnelled)
from case_ro import begin, not_early, optimised, timers
from forge import HAO, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, in6_chksum
from proc import until

from scapy.layers.inet6 import ICMPv6MPAdv, ICMPv6NDOptSrcLLAddr
from scapy.packet import Raw

HOME, NEW = "2001:db8:280::/64", "2001:db8:28a::/64"
NEW_HOA, NEW_HA = "2001:db8:28a::beef", "2001:db8:28b::1"
LONG, ANY = 90000, 7
SOLICIT, LEAST = 0.1, 4                 # INITIAL_SOLICIT_TIMER; two hours of RFC 4862 5.5.3
PATIENT = timers(initial_solicit_timer=SOLICIT, min_valid_lifetime=LEAST)
ICMPV6 = 58


@pytest.fixture(scope="module")
def w(request):
    yield from case_ro.world(request, timers=PATIENT)


def home(valid=LONG, preferred=None, **fields):
    return prefix(HOME, validlifetime=valid, preferredlifetime=min(
        valid, LONG) if preferred is None else preferred, **fields)


def advert(coa, ident, *options, src=HA_ADDR, rh2=HOA, hao=None, **fields):
    """A Mobile Prefix Advertisement, with what is to be wrong about it."""
    ip = IPv6(src=src, dst=coa, hlim=64)
    if rh2:
        ip /= IPv6ExtHdrRouting(type=2, segleft=1, addresses=[rh2])
    if hao:
        ip /= IPv6ExtHdrDestOpt(options=[HAO(hoa=hao)])
    ip /= ICMPv6MPAdv(id=ident, **fields)
    for o in options or [home()]:
        ip /= o
    return ip


def is_question(p):
    return p.icmp6 == (146, 0)


def ident(p):
    return int.from_bytes(p.body[4:6], "big")


def asked(w):
    """A solicitation: an advertisement that nobody asked for is a reason to ask."""
    coa = w.bound()
    mark = w.out.mark()
    w.ha.send(advert(coa, ANY))
    return w.out.wait("a solicitation", is_question, mark)


def valid(w):
    return w.daemon.registrations(home_address=HOA)[0]["home_prefix_valid"]


def knows(w, seconds):
    """It counts down from there; and a scenario takes less than a quarter of it."""
    until(f"the prefix is valid for {seconds} s",
          lambda: (v := valid(w)) is not None and 0.75 * seconds < v <= seconds, step=0.01)


def told(w, *options, **fields):
    """It has asked, and this is the answer."""
    p = asked(w)
    w.ha.send(advert(p.src, ident(p), *options, **fields))
    return p


# ---- 6.7, 11.4.2: what is sent ----

FORM = {
    "MN_6.7_1": lambda w, p: p.icmp6 == (146, 0) and len(p.body) == 8 and p.body[6:8] == bytes(2),
    "MN_6.7_2": lambda w, p: in6_chksum(ICMPV6, IPv6(src=HOA, dst=HA_ADDR), p.body) == 0,
    "MN_6.7_3": lambda w, p: p.hao == HOA and p.rh2 is None,
    "MN_6.7_4": lambda w, p: p.src == w.ha.care_of,
    "MN_6.7_5": lambda w, p: p.dst == HA_ADDR and p.inner is None,
}


@pytest.fixture(scope="module")
def question(w):
    return told(w)


@cases(FORM)
def test_form_of_a_solicitation(w, question, row):
    assert row(w, question), question


@case("MN_11.4.2_1")
def test_it_asks_before_the_prefix_ends(w):
    told(w, home(valid=3, preferred=1))
    p = w.out.wait("a solicitation", is_question, w.out.mark())
    w.ha.send(advert(p.src, ident(p)))
    knows(w, LONG)


@case("MN_11.4.2_2")
def test_identifiers_are_random(w):
    ids = [ident(told(w)) for _ in range(4)]
    assert len(set(ids)) == 4 and len({b - a for a, b in zip(ids, ids[1:])}) > 1, ids


@case("MN_11.8_19")
def test_it_is_asked_again_and_ever_later(w):
    """INITIAL_SOLICIT_TIMER, doubled; the answer may be to any of them."""
    first = asked(w)
    mark = w.out.frames.index(first)

    def sent():
        return w.out.since(mark, is_question)
    until("three more", lambda: len(sent()) >= 4, step=0.02)
    got = sent()
    assert not_early(got[:4], SOLICIT, 2 * SOLICIT, 4 * SOLICIT), [p.t for p in got]
    assert {ident(p) for p in got} == {ident(first)}
    w.ha.send(advert(first.src, ident(first)))
    w.heard()
    asked_so_far = len(sent())
    until("it is known", lambda: valid(w), step=0.01)
    w.heard()
    assert len(sent()) == asked_so_far


@case("MN_11.7.3_87")
def test_status_1_is_a_reason_to_ask(w):
    w.bound()
    mark = w.out.mark()
    w.refreshing(answer=lambda bu: [w.ha.ba(bu, status=1)])
    p = w.out.wait("a solicitation", is_question, mark)
    w.ha.send(advert(p.src, ident(p)))
    w.settles()


@case("MN_11.4.2_3")
def test_peers_get_no_more_than_the_home_address_has(w):
    told(w, home(valid=100))
    knows(w, 100)
    assert 80 <= begin(w).next("BU").mh.lifetime <= 100
    told(w)
    knows(w, LONG)


@case("MN_11.4.2_4")
def test_peers_are_told_of_a_lifetime_that_became_shorter(w):
    """Those whose binding would last longer; the others have nothing to hear."""
    long, brief = optimised(w), optimised(w, grant=40)
    told(w, home(valid=100))
    assert 80 <= long.next("BU", seen=1).mh.lifetime <= 100
    long.optimised()
    w.heard()
    assert brief.count("BU") == 1
    told(w)
    knows(w, LONG)


@case("MN_11.7.1_17")
def test_the_home_agent_is_asked_for_no_more_than_the_home_address_has(w):
    told(w, home(valid=100))
    knows(w, 100)
    assert 80 <= w.refreshing(answer=w.ha.accept).mh.lifetime <= 100
    told(w)
    knows(w, LONG)


@case("MN_11.7.1_18")
def test_nobody_is_asked_for_more_than_the_care_of_address_has(w):
    """Neither the home agent nor a peer."""
    w.bound("foreign1")
    w.r2.said = {"prefixes": [prefix(F2, validlifetime=200, preferredlifetime=100)]}
    try:
        bu = w.update(w.move("foreign2"))
        assert bu.src.startswith("2001:db8:f2:") and 150 <= bu.mh.lifetime <= 200
        assert 100 <= begin(w, link="foreign2").next("BU").mh.lifetime <= 200
    finally:
        redraw(w)
        w.bound("foreign1")


@case("MN_11.4.2_5")
def test_at_home_nobody_is_asked(w):
    w.at_home()
    mark = w.out.mark()
    w.out.send("home", advert(HOA, ANY, rh2=None), w.ha.mac)
    w.heard()
    assert not w.out.since(mark, is_question)


# ---- 11.4.3, 6.8: what is received ----

def wrong(p):
    """With another checksum."""
    out = bytearray(bytes(p))
    out[-1] ^= 0x55
    return bytes(out)


OTHERS = home(60000)
IGNORED = {
    "MN_11.4.3_1": lambda p: advert(p.src, ident(p), OTHERS, src=STRANGER),
    "MN_11.4.3_2": lambda p: advert(p.src, ident(p), OTHERS, src=OTHER_HA),
    "MN_11.4.3_3": lambda p: advert(p.src, ident(p), OTHERS, rh2=None),
    "MN_11.4.3_4": lambda p: tunnelled(p.src, advert(HOA, ident(p), OTHERS, rh2=None)),
    "MN_11.4.3_5": lambda p: advert(p.src, ident(p) ^ 1, OTHERS),
    "MN_11.4.3_6": lambda p: advert(p.src, ident(p), OTHERS, rh2="2001:db8:280::77"),
    "MN_11.4.3_7": lambda p: advert(p.src, ident(p), OTHERS, hao=STRANGER),
    "MN_6.8_1": lambda p: wrong(advert(p.src, ident(p), OTHERS)),
    "MN_6.8_2": lambda p: advert(p.src, ident(p), OTHERS, code=1),
    "MN_6.8_3": lambda p: advert(p.src, ident(p), Raw(bytes(OTHERS)[:16])),
    "MN_6.8_4": lambda p: advert(p.src, ident(p), Raw(bytes([222, 0]) + bytes(6)), OTHERS),
}


@cases(IGNORED)
def test_an_advertisement_that_is_ignored(w, row):
    """Silently; and the right one is still waited for."""
    told(w, home(70000))
    knows(w, 70000)
    p, mark = asked(w), w.out.mark()
    w.ha.send(row(p))
    w.heard()
    assert valid(w) > 60000
    assert not w.out.since(mark, lambda p: p.innermost().icmp6 and p.innermost().icmp6[0] < 128)
    w.ha.send(advert(p.src, ident(p), home(50000)))
    knows(w, 50000)


@case("MN_11.4.3_8")
def test_what_nobody_asked_for_is_a_reason_to_ask(w):
    told(w)
    knows(w, LONG)
    coa, mark = w.bound(), w.out.mark()
    w.ha.send(advert(coa, ANY, home(50000)))
    p = w.out.wait("a solicitation", is_question, mark)
    assert valid(w) > 50000
    w.ha.send(advert(p.src, ident(p), home(70000)))
    knows(w, 70000)


@case("MN_11.4.3_9")
def test_a_second_answer_is_none(w):
    p = told(w)
    knows(w, LONG)
    w.ha.send(advert(p.src, ident(p), home(50000)))
    w.heard()
    assert valid(w) > 50000
    again = w.out.wait("a solicitation", is_question, w.out.frames.index(p) + 1)
    assert ident(again) != ident(p)
    w.ha.send(advert(again.src, ident(again)))


TAKEN = {
    "MN_6.8_5": {"flags": 3}, "MN_6.8_6": {"res": 0x3fff},
    "MN_6.8_7": {"options": [Raw(bytes([222, 1]) + b"mip6d!")]},
    "MN_6.8_8": {"options": [ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01")]},
    "MN_6.8_9": {"options": [prefix(NEW, A=0)]},
}


@cases(TAKEN)
def test_an_advertisement_that_is_taken(w, row):
    """Flags, reserved bits and options that say nothing to us."""
    told(w)
    knows(w, LONG)
    row = dict(row)
    told(w, *row.pop("options", []), home(70000), **row)
    knows(w, 70000)


NOTHING = {
    "MN_11.4.3_10": home(50000, 60000),
    "MN_11.4.3_11": prefix("2001:db8:280::/65", validlifetime=50000, preferredlifetime=50000),
    "MN_11.4.3_12": prefix("2001:db8:281::/64", validlifetime=50000, preferredlifetime=50000),
}


@cases(NOTHING)
def test_what_says_nothing_of_the_home_prefix(w, row):
    """Preferred for longer than valid, or another prefix."""
    told(w)
    knows(w, LONG)
    p = told(w, row)
    w.heard()
    # it was the answer all the same: no other is waited for
    w.ha.send(advert(p.src, ident(p), home(50000)))
    w.heard()
    assert valid(w) > 50000 and len(w.daemon.registrations()) == 1
    again = w.out.wait("a solicitation", is_question, w.out.frames.index(p) + 1)
    w.ha.send(advert(again.src, ident(again)))


@case("MN_11.4.3_13")
def test_a_prefix_that_never_ends(w):
    told(w)
    knows(w, LONG)
    told(w, home(0xffffffff, 0xffffffff))
    until("it has no end", lambda: valid(w) is None, step=0.01)
    assert w.state() == "bound"


@case("MN_11.4.3_14")
def test_nobody_ends_a_home_address_at_once(w):
    """RFC 4862 5.5.3 e: two hours, which are four seconds here, unless less is left anyway."""
    told(w)
    knows(w, LONG)
    told(w, home(1))
    knows(w, LEAST)
    assert w.state() == "bound"
    told(w)
    knows(w, LONG)


@case("MN_11.4.3_15")
def test_a_deprecated_home_prefix_is_said(w):
    """The only home address is used on: a care-of address would be no better."""
    told(w, home(LONG, 0))
    w.daemon.wait_log("its home prefix is deprecated")
    assert begin(w, silent={"HoTI"}).is_tunnelled()
    told(w)


@case("MN_11.4.3_16")
def test_a_new_prefix_is_left_alone_where_that_is_not_wanted(w):
    told(w, home(), prefix(NEW))
    w.daemon.wait_log("renumber is not set")
    assert [r["home_address"] for r in w.daemon.registrations()] == [HOA]


# ---- 11.4.3: before there is a registration; from here on the daemon is another ----

@pytest.fixture(scope="module")
def renumbered(w):
    if w.out.at == "home":
        w.move("foreign1")
    w.start(silent=True, home={"renumber": True})
    return w


@case("MN_11.4.3_17")
def test_before_the_first_registration_nothing_counts(w, renumbered):
    bu = w.update(w.asked)
    mark = w.out.mark()
    for src in (HA_ADDR, STRANGER):
        w.ha.send(advert(bu.src, ANY, home(70000), src=src))
    w.heard()
    assert valid(w) is None and not w.out.since(mark, is_question)
    w.normal()
    w.ha.send(w.ha.ba(bu))
    w.settles()


NOT_NEW = {
    "MN_11.4.3_18": prefix(NEW, A=0), "MN_11.4.3_19": prefix(NEW, preferredlifetime=0),
    "MN_11.4.3_20": prefix("2001:db8:28a::/48"), "MN_11.4.3_21": prefix("ff0e::/64"),
    "MN_11.4.3_22": prefix("fe80::/64"),
    "MN_11.4.3_23": prefix(NEW, validlifetime=1000, preferredlifetime=2000),
}


@cases(NOT_NEW)
def test_what_makes_no_home_address(w, renumbered, row):
    told(w, home(70000), row)
    knows(w, 70000)
    assert [r["home_address"] for r in w.daemon.registrations()] == [HOA]
    told(w)
    knows(w, LONG)


ANOTHER = {"MN_11.4.3_24": (prefix(NEW), NEW_HOA, HA_ADDR),
           "MN_11.4.3_25": (prefix(f"{NEW_HA}/64", R=1), "2001:db8:28b::beef", NEW_HA)}


@cases(ANOTHER)
def test_a_new_prefix_makes_another_home_address(w, renumbered, row):
    """The interface identifier stays; the home agent is the one that the R flag names, or ours."""
    option, address, agent = row
    if agent != HA_ADDR:
        w.out.agents.append(HomeAgent(w.out, agent, router=False))
    mark = w.out.mark()
    told(w, home(), option)
    bu = w.out.wait("an update for it", lambda p: p.mh and p.mh.name == "BU" and
                    p.hao == address, mark)
    assert bu.dst == agent and "H" in bu.mh.flags
    until("both are bound", lambda: w.daemon.registrations(home_address=address, state="bound")
          and w.daemon.registrations(home_address=HOA, state="bound"), step=0.02)
