# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile node: movement and care-of addresses.

RFC 6275 7.2, 7.3, 11.5.1, 11.5.3, 11.5.4; RFC 4861 6.1.2.
"""
import time

import pytest

import case_mobile
from case_mobile import (ALL_NODES, F1, F2, HOA, OTHER_NET, PROBE, Router, case, cases, fresh, nd,
                         prefix, still)
from forge import IPv6
from proc import until

from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_RA, ICMPv6NDOptAdvInterval,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, ICMPv6NDOptUnknown)

OTHER = OTHER_NET


@pytest.fixture(scope="module")
def w(request):
    yield from case_mobile.world(request, "mn")


@pytest.fixture(autouse=True)
def routers(w):
    case_mobile.redraw(w)
    yield


def another(w, number=3, *prefixes):
    """One more router on foreign1."""
    r = Router(w.out, "foreign1", number, *prefixes)
    w.out.routers.append(r)
    w.out.neighbours["foreign1", r.address] = r.mac
    return r


def at(prefix_text):
    return prefix_text.split("::")[0] + ":"


# ---- 11.5.1: movement detection ----

@case("MN_11.5.1_1")
def test_a_new_link_is_asked_for_routers_at_once(w):
    coa = fresh(w)
    mark = w.move("foreign2")
    rs = w.out.wait("a Router Solicitation", nd("RS"), mark)
    assert rs.dst == "ff02::2" and rs.src.startswith("fe80:") and rs.hao is None
    bu = w.update(mark)
    assert bu.src.startswith(at(F2)) and bu.src != coa


@case("MN_11.5.1_2")
def test_a_late_router_is_asked_and_kept_when_it_answers(w):
    """It said that it advertises every 70 ms, and is silent: asked by unicast, it answers."""
    w.r1.said["options"] = [ICMPv6NDOptAdvInterval(advint=70)]
    coa = fresh(w)
    mark = w.out.mark()
    ns = w.out.wait("a solicitation to the router", nd("NS", target=w.r1.address), mark)
    assert ns.dst == w.r1.address and ns.src.startswith("fe80:")
    still(w, coa, mark)


@case("MN_11.5.1_3")
def test_a_router_that_does_not_answer_is_lost(w):
    """Then the link is asked for another one, and that is registered from."""
    w.r1.said["options"] = [ICMPv6NDOptAdvInterval(advint=70)]
    fresh(w)
    mark = w.out.mark()
    w.r1.alive = False
    w.out.wait("a solicitation to the router", nd("NS", target=w.r1.address), mark)
    rs = w.out.wait("a Router Solicitation", nd("RS"), mark)
    assert rs.t > w.out.since(mark, nd("NS", target=w.r1.address))[0].t
    until("no attachment", lambda: w.state() in ("idle", "wait-ba"))
    mark = w.out.mark()
    other = another(w, 3, OTHER)
    other.advertise()
    assert w.update(mark).src.startswith(at(OTHER))
    w.settles()


@case("MN_11.5.1_4")
def test_a_new_router_is_no_reason_to_leave_one_that_answers(w):
    """Another prefix on the link: ours is asked, answers, and stays."""
    coa = fresh(w)
    mark = w.out.mark()
    another(w, 3, OTHER).advertise()
    w.out.wait("our router is asked", nd("NS", target=w.r1.address), mark)
    time.sleep(4 * PROBE)        # three unanswered questions would have lost it
    still(w, coa, mark)


@case("MN_11.5.1_5")
def test_a_new_router_replaces_one_that_is_silent(w):
    """The cable is carried elsewhere behind a switch: no carrier is lost (11.5.1)."""
    fresh(w)
    mark = w.move("foreign2", silent=True)
    w.r2.advertise()
    bu = w.update(mark)
    assert bu.src.startswith(at(F2))
    assert w.out.since(mark, nd("NS", target=w.r1.address)), "nobody asked for the old router"
    w.settles()


@case("MN_11.5.1_6")
def test_a_second_router_with_the_same_prefix_changes_nothing(w):
    coa = fresh(w)
    mark = w.out.mark()
    another(w, 3, F1).advertise()
    still(w, coa, mark)


@case("MN_11.5.1_7")
def test_the_same_link_local_address_elsewhere_is_another_router(w):
    """Another link-layer address, another prefix (link-local addresses are not unique)."""
    fresh(w)
    twin = another(w, 3, OTHER)
    twin.address, twin.mac = w.r1.address, "02:00:00:00:f3:77"
    w.r1.alive = False
    mark = w.out.mark()
    twin.advertise()
    assert w.update(mark).src.startswith(at(OTHER))
    w.settles()


@case("MN_7.2_1")
def test_the_router_address_tells_two_routers_apart(w):
    """R bit: one link-local and one link-layer address, but another global one."""
    w.r1.said["prefixes"] = [prefix("2001:db8:f1::1/64", R=1)]
    fresh(w)
    mark = w.out.mark()
    w.r1.said["prefixes"] = [prefix("2001:db8:f3::1/64", R=1)]
    w.r1.advertise()
    assert w.update(mark).src.startswith(at(OTHER))
    w.settles()


@case("MN_7.2_2")
def test_a_whole_router_address_is_a_prefix_as_well(w):
    """The host bits under the prefix of an R option are not of the care-of address."""
    w.r1.said["prefixes"] = [prefix("2001:db8:f1::1/64", R=1)]
    coa = fresh(w)
    assert coa.startswith(at(F1)) and coa != "2001:db8:f1::1"


@case("MN_11.5.1_8")
def test_a_router_that_says_goodbye_is_left(w):
    """Router Lifetime 0 (RFC 4861 6.3.4): the other one on the link is used."""
    fresh(w)
    other = another(w, 3, OTHER)
    other.advertise()
    w.heard()
    mark = w.out.mark()
    w.r1.alive = False
    w.r1.advertise(lifetime=0)
    assert w.update(mark).src.startswith(at(OTHER))
    w.settles()


@case("MN_11.5.1_9")
def test_a_lost_carrier_is_a_lost_router(w):
    fresh(w)
    w.unplug(w.mn)
    until("not attached", lambda: w.state() == "idle")
    mark = w.move("foreign1")
    w.out.wait("a Router Solicitation", nd("RS"), mark)
    w.bound("foreign1")


@case("MN_7.3_1")
def test_an_interval_option_in_another_message_says_nothing(w):
    """70 ms in a Neighbour Advertisement: the router is not taken for late."""
    w.start()                   # it has heard of no interval yet
    coa = fresh(w)
    for _ in range(5):          # a busy machine may make the router's own advertisement late
        mark = w.out.mark()
        w.out.send("foreign1", IPv6(src=w.r1.address, dst=ALL_NODES, hlim=255) / ICMPv6ND_NA(
            R=1, S=0, O=1, tgt=w.r1.address) / ICMPv6NDOptAdvInterval(advint=70), w.r1.mac)
        w.heard()
        time.sleep(0.4)
        asked = w.out.since(mark, nd("NS", target=w.r1.address))
        if not asked:
            break
    assert not asked
    still(w, coa, mark)


# ---- RAs that are none (RFC 4861 6.1.2), and what else must not be believed ----

def ra(w, **changes):
    """An advertisement of a stranger on foreign1 that would be a movement."""
    fields = {"hlim": 255, "src": "fe80::bad", **changes}
    options = fields.pop("options", [prefix(OTHER)])
    code, cut, ll = fields.pop("code", 0), fields.pop("cut", 0), fields.pop("ll", True)
    p = IPv6(dst=ALL_NODES, **fields) / ICMPv6ND_RA(routerlifetime=1800, code=code)
    if ll:
        p /= ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:0b:ad")
    for o in options:
        p /= o
    return bytes(p)[:-cut] if cut else p


BAD_RA = {
    "MN_7_1": {"hlim": 254}, "MN_7_2": {"src": "2001:db8:f1::bad"}, "MN_7_3": {"code": 1},
    "MN_7_4": {"cut": 8}, "MN_7_5": {"options": [ICMPv6NDOptUnknown(type=200, len=0),
                                                 prefix(OTHER)]},
    "MN_7_6": {"src": "::"},
}


@cases(BAD_RA)
def test_an_advertisement_that_is_invalid_is_not_heard(w, row):
    """Our own router is silent meanwhile: whatever is believed is moved to."""
    coa = fresh(w)
    mark = w.out.mark()
    w.r1.alive = False
    w.out.send("foreign1", ra(w, **row), "02:00:00:00:0b:ad", "33:33:00:00:00:01")
    w.heard()
    time.sleep(0.2)
    still(w, coa, mark)
    # the same without the fault is believed
    w.out.send("foreign1", ra(w), "02:00:00:00:0b:ad", "33:33:00:00:00:01")
    assert w.update(mark).src.startswith(at(OTHER))


# ---- 11.5.3: care-of addresses ----

UNUSABLE = {
    "MN_11.5.3_1": prefix(OTHER, A=0), "MN_11.5.3_2": prefix("2001:db8:f3::/56"),
    "MN_11.5.3_3": prefix(OTHER, validlifetime=0, preferredlifetime=0),
    "MN_11.5.3_4": prefix(OTHER, validlifetime=10, preferredlifetime=20),
    "MN_11.5.3_5": prefix("fe80::/64"), "MN_11.5.3_6": prefix("ff0e::/64"),
}


@cases(UNUSABLE)
def test_no_care_of_address_comes_from_a_prefix_that_is_not_for_it(w, row):
    """Neither when it comes alone nor before the right one (RFC 4862 5.5.3)."""
    w.r2.said["prefixes"] = [row]
    w.bound("foreign1")
    mark = w.move("foreign2")
    w.out.wait("a Router Solicitation", nd("RS"), mark)
    w.heard()
    assert not w.updates(mark)
    w.r2.said["prefixes"] = [row, prefix(F2)]
    w.r2.advertise()
    assert w.update(mark).src.startswith(at(F2))
    w.settles()


@case("MN_11.5.3_7")
def test_a_deprecated_prefix_gives_way_to_another(w):
    fresh(w)
    mark = w.out.mark()
    w.r1.said["prefixes"] = [prefix(F1, preferredlifetime=0), prefix(OTHER)]
    w.r1.advertise()
    assert w.update(mark).src.startswith(at(OTHER))
    w.settles()


@case("MN_11.5.3_8")
def test_duplicate_address_detection_of_the_care_of_address(w):
    """From the unspecified address, to the group of the address, before or with its use."""
    w.bound("foreign1")
    mark = w.move("foreign2")
    bu = w.update(mark)
    ns = w.out.wait("a probe for the address", nd("NS", target=bu.src, src="::"), mark)
    assert ns.dst.startswith("ff02::1:ff") and ns.hao is None
    w.settles()


@case("MN_11.5.3_9")
def test_a_duplicate_gets_another_address_and_another_registration(w):
    """Somebody answers for the first address that is formed."""
    seen = set()
    w.bound("foreign1")
    mark = w.move("foreign2")
    probe = w.out.wait("a probe", lambda p: p.nd == "NS" and p.src == "::" and
                       p.target.startswith(at(F2)), mark)
    w.out.send("foreign2", IPv6(src=probe.target, dst=ALL_NODES, hlim=255) / ICMPv6ND_NA(
        R=0, S=0, O=1, tgt=probe.target) / ICMPv6NDOptDstLLAddr(
            lladdr="02:00:00:00:0d:0d"), "02:00:00:00:0d:0d", "33:33:00:00:00:01")
    seen.add(probe.target)
    bu = w.out.wait("an update from another address", lambda p: p.mh and p.mh.name == "BU" and
                    p.src.startswith(at(F2)) and p.src not in seen, mark)
    until("that one is registered", lambda: w.state() == "bound" and
          w.registration()["registered_care_of"]["addr"] == bu.src)


@case("MN_11.5.3_10")
def test_nothing_of_autoconfiguration_comes_from_the_home_address(w):
    """Every Neighbour Discovery message that ever left on a foreign link."""
    fresh(w)
    said = [p for p in w.out.since(0) if p.link.startswith("foreign") and p.nd]
    assert {p.nd for p in said} >= {"RS", "NS", "NA"}
    assert not [p for p in said if p.src == HOA or p.hao or p.target == HOA]


# ---- 11.5.4: the primary care-of address ----

@case("MN_11.5.4_1")
def test_each_movement_is_registered_with_h_and_a(w):
    w.bound("foreign1")
    for link, net in (("foreign2", F2), ("foreign1", F1)):
        mark = w.move(link)
        bu = w.update(mark)
        assert bu.src.startswith(at(net)) and {"A", "H"} <= set(bu.mh.flags)
        assert bu.mh.lifetime and bu.hao == HOA
        w.bound(link)


@case("MN_11.5.4_2")
def test_the_address_before_is_kept_until_the_new_one_is_registered(w):
    """On one link: its router changes the prefix. Packets to the old address are still taken."""
    old = fresh(w)
    w.ha.answer = None
    w.r1.said["prefixes"] = [prefix(F1, preferredlifetime=0), prefix(OTHER)]
    mark = w.out.mark()
    w.r1.advertise()
    bu = w.update(mark)
    have = [a.split("/")[0] for a in w.mn.addresses("up0")]
    assert {old, bu.src} <= set(have), have
    w.ha.answer = w.ha.accept
    w.settles()
    until("the old one is gone", lambda: old not in [a.split("/")[0]
                                                     for a in w.mn.addresses("up0")])


@case("MN_11.5.4_3")
def test_addresses_of_a_link_that_is_gone_are_given_up(w):
    coa = fresh(w)
    w.bound("foreign2")
    until("the address of the link before is gone", lambda: not any(
        a.startswith(coa) for a in w.mn.addresses("up0")))


@case("MN_11.5.4_4")
def test_the_care_of_address_has_a_prefix_of_the_present_router(w):
    """The second router on the link has another prefix; the first one goes: that is taken."""
    fresh(w)
    other = another(w, 3, OTHER)
    other.advertise()
    w.heard()
    w.r1.said["options"] = [ICMPv6NDOptAdvInterval(advint=70)]
    mark = w.out.mark()
    w.r1.advertise()
    w.r1.alive = False
    assert w.update(mark).src.startswith(at(OTHER))
    w.settles()
