# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile node: the home link and coming home.

RFC 6275 7.1, 7.4, 11.5.2, 11.5.5.
"""
import time

import pytest

import case_mobile
from case_mobile import (ALL_NODES, F1, HA_ADDR, HOA, OTHER_NET, TIMEOUT, Router, case, cases,
                         fresh, mac_bytes, nd, prefix, still)
from forge import ICMPv6EchoRequest, IPv6
from proc import until
from scene import OVERRIDE, SOLICITED, TARGET_LL, nd_flags, nd_option

from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6NDOptHAInfo, ICMPv6NDOptSrcLLAddr

SOLICITED_HOA = "ff02::1:ff00:beef"


@pytest.fixture(scope="module")
def w(request):
    yield from case_mobile.world(request, "mn")


@pytest.fixture(autouse=True)
def routers(w):
    case_mobile.redraw(w)
    yield


# ---- 11.5.2: is it home? ----

HOME_NET = "2001:db8:280::"
NOT_HOME = {
    "MN_11.5.2_1": {"prefixlen": 48}, "MN_11.5.2_2": {"prefixlen": 65},
    "MN_11.5.2_3": {"L": 0}, "MN_11.5.2_4": {"validlifetime": 0, "preferredlifetime": 0},
    "MN_11.5.2_5": {"prefix": "2001:db8:290::"},
}


@cases(NOT_HOME)
def test_what_is_not_the_home_prefix_is_not_home(w, row):
    w.r1.said["prefixes"] = [prefix(F1), prefix(f"{HOME_NET}/64", **row)]
    coa = fresh(w)
    mark = w.out.mark()
    w.r1.advertise()
    still(w, coa, mark)


IS_HOME = {
    "MN_11.5.2_6": {"prefixes": [prefix(f"{HA_ADDR}/64", R=1)]},
    "MN_11.5.2_7": {"prefixes": [prefix(f"{HOME_NET}/64")]},
    "MN_11.5.2_8": {"prefixes": [prefix(OTHER_NET), prefix(f"{HOME_NET}/64", A=0)]},
    "MN_11.5.2_9": {"prefixes": [prefix(f"{HA_ADDR}/64", R=1)], "H": 1,
                    "options": [ICMPv6NDOptHAInfo(pref=3, lifetime=100)]},
    "MN_11.5.2_10": {"prefixes": [prefix(f"{HOME_NET}/64")], "lifetime": 0},
}


@cases(IS_HOME)
def test_the_home_prefix_on_the_link_is_home(w, row):
    """With or without the H bit, R bit, A bit; its router need not be a default one."""
    w.bound()
    w.rh.said = row
    mark = w.move("home")
    bu = w.update(mark, lifetime=0)
    assert bu.src == HOA
    w.settles("home")


# ---- 11.5.5: returning home ----

def comes_home(w, since="foreign1", **how):
    """Home, and nobody answers; the mark of the movement."""
    w.bound(since)
    w.ha.answer = None
    return w.move("home", **how)


def let_go(w, mark):
    """The home agent answers the de-registration; the answer's time."""
    w.ha.answer = w.ha.accept
    now = time.time_ns()
    w.settles("home")
    return now


BACK = {
    "MN_11.5.5_1": lambda bu: bu.mh.lifetime == 0,
    "MN_11.5.5_2": lambda bu: {"A", "H"} <= set(bu.mh.flags),
    "MN_11.5.5_3": lambda bu: bu.src == HOA,
    "MN_11.5.5_4": lambda bu: bu.hao in (None, HOA) and bu.rh2 is None,
    "MN_11.5.5_5": lambda bu: bu.mh.option(3) is None,
    "MN_11.5.5_6": lambda bu: bu.dst == HA_ADDR and bu.link == "home",
}


@pytest.fixture(scope="module")
def back(w):
    """All that was said at home before the home agent answered: (de-registration, frames)."""
    w.rh.said = {"prefixes": [prefix(f"{HA_ADDR}/64", R=1)]}
    mark = comes_home(w)
    bu = w.update(mark, lifetime=0)
    w.update()
    w.heard()
    before = w.out.since(mark, lambda p: p.link == "home")
    let_go(w, mark)
    return bu, before


@cases(BACK)
def test_form_of_the_de_registration(back, row):
    assert row(back[0]), back[0]


@case("MN_11.5.5_7")
def test_the_home_address_is_not_used_at_home_before(back):
    """Only for the de-registration itself."""
    _bu, before = back
    assert not [p for p in before if p.src == HOA and not p.mh], before


@case("MN_11.5.5_8")
def test_nobody_is_told_before_the_answer(back):
    _bu, before = back
    assert not [p for p in before if p.nd == "NA"], before


@case("MN_11.5.5_9")
def test_no_duplicate_address_detection_on_coming_home(back):
    """The home agent's address was known from its advertisement, so nothing is asked from ::."""
    _bu, before = back
    assert not [p for p in before if p.nd == "NS" and (p.src == "::" or p.target == HOA)], before


@case("MN_11.5.5_10")
def test_it_is_sent_to_the_link_layer_address_of_the_home_agent(w, back):
    assert back[0].dmac == mac_bytes(w.ha.mac)


@case("MN_11.5.5_11")
def test_an_unknown_home_agent_is_asked_for_from_nowhere(w):
    """The advertisement did not say it: NS from ::, to the group, for the home address."""
    mute = Router(w.out, "home", 9, f"{HOME_NET}/64")
    mute.mac = w.ha.mac
    mute.said["ll"] = False
    w.bound()
    w.out.routers = [w.r1, w.r2, mute]
    w.ha.answer = None
    w.out.neighbours["home", HOA] = w.ha.mac
    mark = w.move("home")
    ns = w.out.wait("a solicitation", nd("NS", target=HOA), mark)
    assert ns.src == "::" and ns.dst == SOLICITED_HOA and ns.hao is None
    bu = w.update(mark, lifetime=0)
    assert bu.t > ns.t and bu.dmac == mac_bytes(w.ha.mac) and bu.src == HOA
    assert not [p for p in w.out.since(mark, nd("NS")) if p.src == HOA and p.t < bu.t]
    del w.out.neighbours["home", HOA]
    let_go(w, mark)


@case("MN_11.5.5_12")
def test_the_home_agent_may_ask_for_it_before_it_answers(w):
    """NS for the home address: a unicast answer with our link-layer address."""
    mark = comes_home(w)
    w.update(mark, lifetime=0)
    w.out.send("home", IPv6(src=HA_ADDR, dst=SOLICITED_HOA, hlim=255) / ICMPv6ND_NS(tgt=HOA) /
               ICMPv6NDOptSrcLLAddr(lladdr=w.ha.mac), w.ha.mac, "33:33:ff:00:be:ef")
    na = w.out.wait("an answer", nd("NA", target=HOA), mark)
    assert na.dst == HA_ADDR and na.dmac == mac_bytes(w.ha.mac)
    assert nd_flags(na) & SOLICITED and nd_option(na, TARGET_LL) == w.mn.mac("up0")
    let_go(w, mark)


TOLD = {
    "MN_11.5.5_13": lambda na: na.dst == ALL_NODES,
    "MN_11.5.5_14": lambda na: not nd_flags(na) & SOLICITED,
    "MN_11.5.5_15": lambda na: nd_flags(na) & OVERRIDE,
    "MN_11.5.5_16": lambda na: bool(nd_option(na, TARGET_LL)) and mac_bytes(
        nd_option(na, TARGET_LL)) == na.frame[6:12],
}


@pytest.fixture(scope="module")
def told(w):
    """What is said on the home link after the answer: (time of the answer, advertisements)."""
    mark = comes_home(w)
    w.update(mark, lifetime=0)
    when = let_go(w, mark)
    w.out.wait("an advertisement", nd("NA", target=HOA), mark)
    return when, w.out.since(mark, nd("NA", target=HOA))


@cases(TOLD)
def test_form_of_the_advertisement_at_home(told, row):
    assert row(told[1][0]), told


@case("MN_11.5.5_17")
def test_it_comes_after_the_answer(told):
    assert all(na.t > told[0] for na in told[1])


@case("MN_11.5.5_18")
def test_it_is_repeated_at_most_three_times(w):
    """MAX_NEIGHBOR_ADVERTISEMENT."""
    w.bound()
    mark = w.move("home")
    w.settles("home")
    until("three of them", lambda: len(w.out.since(mark, nd("NA", target=HOA))) >= 3, step=0.1)
    said = w.out.since(mark, nd("NA", target=HOA))
    assert all(b.t - a.t >= 0.9e9 for a, b in zip(said, said[1:])), said
    time.sleep(1.2)
    assert len(w.out.since(mark, nd("NA", target=HOA))) == 3


@case("MN_11.5.5_19")
def test_the_de_registration_is_sent_until_it_is_answered(w):
    mark = comes_home(w)
    until("four of them", lambda: len(w.updates(mark)) >= 4, step=0.02)
    sent = w.updates(mark)
    waits = [(b.t - a.t) / 1e9 for a, b in zip(sent, sent[1:])]
    assert waits[0] >= 0.95 * TIMEOUT and waits[1] >= 0.95 * 2 * TIMEOUT, waits
    assert all(b.mh.lifetime == 0 for b in sent)
    assert all((b.mh.seq - a.mh.seq) & 0xffff == 1 for a, b in zip(sent, sent[1:]))
    let_go(w, mark)


@case("MN_11.5.5_20")
def test_no_such_binding_is_as_good_as_released(w):
    """133 (not home agent for this mobile node) to a de-registration."""
    mark = comes_home(w)
    bu = w.update(mark, lifetime=0)
    w.ha.answer = lambda bu: [w.ha.ba(bu, status=133, lifetime=0)]
    w.settles("home")
    assert bu.mh.lifetime == 0


@case("MN_11.5.5_21")
def test_home_after_the_binding_expired_the_address_is_tested(w):
    """Nobody defended it meanwhile: DAD before it is used (SHOULD)."""
    w.refreshing(answer=lambda bu: [w.ha.ba(bu, lifetime=4)])
    w.settles()
    w.unplug(w.mn)
    until("nothing is registered", lambda: not w.registration().get("registered_care_of"))
    w.ha.answer = lambda bu: [w.ha.ba(bu, status=133, lifetime=0)]
    mark = w.move("home")
    ns = w.out.wait("a probe for the home address", nd("NS", target=HOA, src="::"), mark)
    assert ns.dst == SOLICITED_HOA
    na = w.out.wait("an advertisement", nd("NA", target=HOA), mark)
    assert na.t > ns.t
    w.settles("home")


@case("MN_11.5.5_22")
def test_at_home_packets_need_no_mobility(w):
    """The home address answers on the link itself, and from nowhere else."""
    w.at_home()
    w.out.neighbours["home", "2001:db8:280::b"] = "02:00:00:00:0b:0b"
    mark = w.out.mark()
    w.out.send("home", IPv6(src="2001:db8:280::b", dst=HOA) / ICMPv6EchoRequest(id=5),
               "02:00:00:00:0b:0b")
    p = w.out.wait("an answer", lambda p: p.echo and p.echo[0] == "reply", mark)
    assert (p.src, p.dst, p.hao, p.inner) == (HOA, "2001:db8:280::b", None, None)


@case("MN_11.5.5_23")
def test_leaving_home_is_a_new_registration(w):
    """The same as the creation of a new home address (11.7.1): lifetime, flags, first timeout."""
    w.at_home()
    mark = w.move("foreign1")
    bu = w.update(mark)
    assert bu.mh.lifetime == case_mobile.LIFETIME and bu.hao == HOA
    w.settles()
