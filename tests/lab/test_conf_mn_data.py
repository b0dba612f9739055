# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile node: packets that it sends and receives while away.

RFC 6275 6.3, 6.4, 11.3.1, 11.3.3, 11.3.4.
"""
import time

import pytest

import case_mobile
from case_mobile import (CN, HA_ADDR, HOA, OTHER_HA, STRANGER, answered, ask, case, cases, echo,
                         numbers, reply, request, tunnelled)
from forge import ICMPv6EchoRequest, IPv6, IPv6ExtHdrRouting
from proc import until


@pytest.fixture(scope="module")
def w(request):
    yield from case_mobile.world(request, "mn")


# ---- 11.3.1: sending ----

@case("MN_11.3.1_1")
def test_what_the_home_address_sends_goes_through_the_tunnel(w):
    """To a correspondent without a binding: outer care-of address and home agent."""
    coa = w.bound()
    seq = ask(w.mn, CN, src=HOA)
    p = w.out.wait("the request", request(seq))
    assert (p.src, p.dst, p.hao) == (coa, HA_ADDR, None)
    assert (p.inner.src, p.inner.dst) == (HOA, CN)


@case("MN_11.3.1_2")
def test_the_home_address_is_the_source_by_default(w):
    w.bound()
    p = w.out.wait("the request", request(ask(w.mn, CN)))
    assert p.inner and p.inner.src == HOA


@case("MN_11.3.1_3")
def test_the_tunnel_follows_the_care_of_address(w):
    w.bound("foreign1")
    coa = w.bound("foreign2")
    p = w.out.wait("the request", request(ask(w.mn, CN, src=HOA)))
    assert (p.src, p.dst, p.link) == (coa, HA_ADDR, "foreign2")


@case("MN_11.3.1_4")
def test_link_local_peers_see_no_home_address(w):
    w.bound()
    mark = w.out.mark()
    p = w.out.wait("the request", request(ask(w.mn, w.r1.address, dev="up0")), mark)
    assert p.src.startswith("fe80:") and not p.hao and not p.inner and p.dst == w.r1.address


@case("MN_11.3.1_5")
def test_the_care_of_address_may_be_used_on_request(w):
    """Such packets are routed as any: no tunnel, no option."""
    coa = w.bound()
    p = w.out.wait("the request", request(ask(w.mn, CN, src=coa)))
    assert (p.src, p.dst, p.hao, p.inner) == (coa, CN, None, None)


@case("MN_11.3.1_6")
def test_nothing_of_the_home_address_is_seen_in_clear(w):
    """While it moves and before it is registered: in the tunnel, or not at all."""
    w.bound("foreign1")
    mark = w.out.mark()
    w.ha.answer = None
    w.move("foreign2")
    for _ in range(10):
        try:
            ask(w.mn, CN, src=HOA)
        except OSError:         # no way: refused rather than leaked
            pass
        time.sleep(0.02)
    w.ha.answer = w.ha.accept
    w.settles()
    w.out.wait("the request", request(ask(w.mn, CN, src=HOA)))
    naked = w.out.since(mark, lambda p: p.src == HOA and not p.inner)
    assert not naked, naked


# ---- 11.3.3: receiving by tunnel ----

@case("MN_11.3.3_1")
def test_what_the_home_agent_tunnels_is_taken_and_answered_by_tunnel(w):
    coa, seq, mark = w.bound(), next(numbers), w.out.mark()
    w.ha.send(tunnelled(coa, echo(CN, HOA, seq)))
    p = answered(w, seq, mark)
    assert (p.src, p.dst) == (coa, HA_ADDR) and (p.inner.src, p.inner.dst) == (HOA, CN)


NOT_TAKEN = {
    "MN_11.3.3_2": lambda coa, seq: tunnelled(coa, echo(CN, HOA, seq), STRANGER),
    "MN_11.3.3_3": lambda coa, seq: tunnelled(coa, echo(CN, HOA, seq), OTHER_HA),
    "MN_11.3.3_4": lambda coa, seq: tunnelled(coa, tunnelled(HOA, echo(CN, HOA, seq), STRANGER)),
    "MN_11.3.3_5": lambda coa, seq: tunnelled(coa, echo("ff0e::5", HOA, seq)),
    "MN_11.3.3_6": lambda coa, seq: tunnelled(coa, echo("::1", HOA, seq)),
    "MN_11.3.3_7": lambda coa, seq: tunnelled(coa, echo(CN, "2001:db8:280::77", seq)),
}


@cases(NOT_TAKEN)
def test_what_is_tunnelled_wrongly_is_not_taken(w, row):
    """Another outer source than the home agent's, or an inner packet that cannot be."""
    coa, mark = w.bound(), w.out.mark()
    seq, good = next(numbers), next(numbers)
    w.ha.send(row(coa, seq))
    w.ha.send(tunnelled(coa, echo(CN, HOA, good)))
    answered(w, good, mark)
    assert not w.out.since(mark, lambda p: p.innermost().echo and p.innermost().echo[2] == seq)


@case("MN_11.3.3_8")
def test_at_home_nothing_comes_by_tunnel(w):
    """The binding is gone, and the tunnel with it."""
    coa = w.bound()
    w.at_home()
    mark, seq = w.out.mark(), next(numbers)
    w.out.send("home", tunnelled(HOA, echo(CN, HOA, seq)), w.ha.mac)
    w.out.send("home", tunnelled(coa, echo(CN, HOA, seq)), w.ha.mac)
    w.heard()
    time.sleep(0.1)
    assert not w.out.since(mark, lambda p: reply(p, seq))


# ---- 6.4, 11.3.3: the type 2 routing header ----

def routed(coa, seq, src=CN, **how):
    fields = {"type": 2, "segleft": 1, "addresses": [HOA], **how}
    return IPv6(src=src, dst=coa, hlim=60) / IPv6ExtHdrRouting(**fields) / \
        ICMPv6EchoRequest(id=0x6d70, seq=seq)


NOT_ROUTED = {
    "MN_6.4_11": {"addresses": ["2001:db8:280::77"]}, "MN_6.4_12": {"addresses": ["ff0e::1"]},
    "MN_6.4_13": {"addresses": ["ff02::1"]}, "MN_6.4_14": {"addresses": ["fe80::1"]},
    "MN_6.4_15": {"segleft": 2}, "MN_6.4_16": {"segleft": 2, "addresses": [HOA, HOA]},
    "MN_6.4_17": {"addresses": [HOA, CN]}, "MN_6.4_18": {"addresses": [CN]},
    "MN_6.4_19": {"addresses": ["::1"]},
}


@cases(NOT_ROUTED)
def test_a_routing_header_that_is_wrong_is_dropped_silently(w, row):
    """No answer, no ICMPv6 error, nothing forwarded (11.3.3: MUST silently discard)."""
    coa, mark = w.bound(), w.out.mark()
    seq, good = next(numbers), next(numbers)
    w.ha.send(routed(coa, seq, **row))
    w.ha.send(tunnelled(coa, echo(CN, HOA, good)))
    answered(w, good, mark)
    said = w.out.since(mark, lambda p: not p.nd and not (p.mh and p.mh.name == "BU") and
                       not reply(p, good) and p.icmp6 not in ((143, 0), (131, 0)))
    assert not said, said


# ---- 11.3.4: multicast ----

@case("MN_11.3.4_1")
def test_group_membership_is_told_on_the_link_by_its_own_address(w):
    """MLD: a link-local source, no home address option, and none in the tunnel."""
    w.bound("foreign1")
    w.bound("foreign2")
    until("reports", lambda: w.out.since(0, lambda p: p.icmp6 == (143, 0) and
                                         p.link.startswith("foreign")))
    reports = w.out.since(0, lambda p: p.innermost().icmp6 in ((143, 0), (131, 0), (132, 0)))
    assert not [p for p in reports if p.hao or p.inner], reports
    assert all(p.src == "::" or p.src.startswith("fe80:") for p in reports), reports


@case("MN_11.3.4_2")
def test_multicast_on_the_link_carries_no_home_address(w):
    coa = w.bound()
    p = w.out.wait("the request", request(ask(w.mn, "ff0e::5", src=coa, dev="up0")))
    assert (p.src, p.dst, p.hao, p.inner) == (coa, "ff0e::5", None, None)


@case("MN_11.3.4_3")
def test_multicast_from_the_home_address_goes_by_tunnel_only(w):
    """Before it is registered: nowhere. By a link that the program names: not from there."""
    w.bound("foreign1")
    mark = w.out.mark()
    w.ha.answer = None
    w.move("foreign2")
    for _ in range(10):
        try:
            ask(w.mn, "ff0e::5", src=HOA)
        except OSError:
            pass
        time.sleep(0.02)
    w.ha.answer = w.ha.accept
    coa = w.bound("foreign2")
    for group in ("ff0e::5", "ff05::5", "ff02::5"):
        with pytest.raises(PermissionError):
            ask(w.mn, group, src=HOA, groups_by="up0")
    p = w.out.wait("the request", request(ask(w.mn, "ff0e::5", src=HOA)))
    assert (p.src, p.dst, p.hao) == (coa, HA_ADDR, None)
    assert (p.inner.src, p.inner.dst) == (HOA, "ff0e::5")
    naked = w.out.since(mark, lambda p: p.src == HOA and not p.inner)
    assert not naked, naked


def test_at_home_multicast_is_sent_as_by_any_node(w):
    w.at_home()
    for group in ("ff0e::5", "ff02::5"):
        for way in ({}, {"groups_by": "up0"}):
            p = w.out.wait("the request", request(ask(w.mn, group, src=HOA, **way)))
            assert (p.src, p.dst, p.link, p.inner, p.hao) == (HOA, group, "home", None, None)
