# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile node: Mobility Headers that it receives.

RFC 6275 6.1, 6.3, 6.4, 9.2 (as 11.2 says), 11.3.5, 11.3.6, 11.7.4. Acknowledgements have a
file of their own.
"""
import pytest

import case_mobile
from case_mobile import (CN, HA_ADDR, HOA, LEN, LIFETIME, OTHER_HA, PROTO, STRANGER,
                         case, cases, mh_at, quoting, with_octet, wrong_sum)
from forge import (HAO, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, MIP6MH_BA,
                   MIP6MH_BE, MIP6MH_BRR, MIP6MH_BU, MIP6OptUnknown, PadN)
from proc import until

from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6ParamProblem

NOBODY = "2001:db8:280::77"             # in the home prefix, but nobody's


@pytest.fixture(scope="module")
def w(request):
    yield from case_mobile.world(request, "mn")


def problem(w, packet, since):
    """(code, pointer) of the ICMPv6 Parameter Problem that is answered to a packet."""
    p = w.out.wait("a Parameter Problem", lambda p: p.icmp6 and p.icmp6[0] == 4, since)
    assert p.dst == IPv6(bytes(packet)).src
    return p.icmp6[1], int.from_bytes(p.body[4:8], "big")


BAD_HEADERS = {
    "MN_9.2_5": (MIP6MH_BA(), PROTO), "MN_9.2_6": (MIP6MH_BA(), LEN),
    "MN_9.2_7": (MIP6MH_BRR(), PROTO), "MN_9.2_8": (MIP6MH_BE(), PROTO),
    "MN_9.2_9": (MIP6MH_BE(), LEN),
}


@cases(BAD_HEADERS)
def test_a_header_that_is_wrong_is_answered_by_a_parameter_problem(w, row):
    """Code 0, the pointer on the field; directly to the source (9.2)."""
    message, field = row
    coa = w.bound()
    packet = with_octet(field, 0 if field == LEN else 58, dst=coa)(
        IPv6(src=HA_ADDR, dst=coa, hlim=64) / message)
    mark = w.out.mark()
    w.ha.send(packet)
    assert problem(w, packet, mark) == (0, mh_at(packet) + field)
    w.heard()
    assert w.state() == "bound" and not w.updates(mark)


# ---- types that nobody knows ----

def unknown(coa, kind, src=CN, **more):
    return IPv6(src=src, dst=coa, hlim=64) / MIP6MH_BU(mhtype=kind, seq=0, flags=0, mhtime=0,
                                                      **more)


def is_be(p):
    return p.mh and p.mh.name == "BE"


UNKNOWN = {"MN_9.2_10": 26, "MN_9.2_11": 77, "MN_9.2_12": 255}


@cases(UNKNOWN)
def test_an_unknown_type_gets_a_binding_error(w, row):
    """Status 2 to the source, home address unspecified, no options (9.2, 9.3.3)."""
    coa = w.bound()
    mark = w.out.mark()
    w.ha.send(unknown(coa, row))
    p = w.out.wait("a Binding Error", is_be, mark)
    assert (p.src, p.dst, p.mh.status) == (coa, CN, 2)
    assert p.mh.raw[8:24] == bytes(16) and len(p.mh.raw) == 24 and not p.hao and not p.rh2


@case("MN_9.2_13")
def test_an_unknown_type_with_a_wrong_checksum_is_dropped(w):
    coa = w.bound()
    mark = w.out.mark()
    w.ha.send(wrong_sum(unknown(coa, 77)))
    w.ha.send(unknown(coa, 77, src=STRANGER))
    w.out.wait("a Binding Error for the good one", is_be, mark)
    assert [p.dst for p in w.out.since(mark, is_be)] == [STRANGER]


@case("MN_9.2_14")
def test_no_binding_error_for_what_came_to_a_group(w):
    coa = w.bound()
    mark = w.out.mark()
    w.out.send("foreign1", unknown("ff02::1", 77), w.r1.mac, "33:33:00:00:00:01")
    w.ha.send(unknown(coa, 77, src=STRANGER))
    w.out.wait("a Binding Error for the good one", is_be, mark)
    assert [p.dst for p in w.out.since(mark, is_be)] == [STRANGER]


@case("MN_9.3.3_1")
def test_binding_errors_are_limited(w):
    coa = w.bound()
    mark = w.out.mark()
    for _ in range(60):
        w.ha.send(unknown(coa, 77))
    w.heard()
    assert 1 <= len(w.out.since(mark, is_be)) < 60
    until("one is said again", lambda: said_again(w, coa), step=0.1)


def said_again(w, coa):
    mark = w.out.mark()
    w.ha.send(unknown(coa, 78, src=STRANGER))
    w.heard()
    return w.out.since(mark, lambda p: is_be(p) and p.dst == STRANGER)


# ---- 11.7.4, 6.1.2: refresh requests ----

def brr(**more):
    return lambda w, coa: w.ha.brr(coa, **more)


ASKED = {
    "MN_11.7.4_1": brr(),
    "MN_6.1.2_1": brr(res2=0xffff),
    "MN_6.1.2_2": brr(options=[MIP6OptUnknown(otype=222, odata=b"mip6d!")]),
    "MN_6.1.2_3": brr(options=[PadN(optdata=bytes(6))]),
}


@cases(ASKED)
def test_a_refresh_request_of_the_home_agent_is_answered(w, row):
    coa = w.bound()
    mark = w.out.mark()
    w.ha.send(row(w, coa))
    bu = w.update(mark)
    assert bu.mh.lifetime == LIFETIME and bu.hao == HOA
    w.settles()


def asked_as(w, coa, **how):
    """A refresh request with a routing header of its own kind."""
    fields = {"type": 2, "segleft": 1, "addresses": [HOA], **how}
    return IPv6(src=HA_ADDR, dst=coa, hlim=64) / IPv6ExtHdrRouting(**fields) / MIP6MH_BRR()


NOT_ASKED = {
    "MN_11.7.4_2": brr(src=STRANGER),
    "MN_11.7.4_3": brr(src=OTHER_HA),
    "MN_11.7.4_4": brr(rh2=None),
    "MN_11.7.4_5": lambda w, coa: IPv6(src=HA_ADDR, dst=coa) / IPv6ExtHdrDestOpt(
        options=[HAO(hoa=HOA)]) / MIP6MH_BRR(),
    "MN_9.2_15": lambda w, coa: wrong_sum(w.ha.brr(coa)),
    "MN_6.4_1": lambda w, coa: asked_as(w, coa, addresses=[NOBODY]),
    "MN_6.4_2": lambda w, coa: asked_as(w, coa, addresses=["ff0e::1"]),
    "MN_6.4_3": lambda w, coa: asked_as(w, coa, addresses=["fe80::1"]),
    "MN_6.4_4": lambda w, coa: asked_as(w, coa, addresses=[coa]),
    "MN_6.4_5": lambda w, coa: asked_as(w, coa, segleft=2),
    "MN_6.4_6": lambda w, coa: asked_as(w, coa, segleft=2, addresses=[HOA, HOA]),
    "MN_6.4_7": lambda w, coa: asked_as(w, coa, segleft=1, addresses=[HOA, NOBODY]),
    "MN_6.4_8": lambda w, coa: asked_as(w, coa, segleft=0),
    "MN_6.4_9": lambda w, coa: asked_as(w, coa, type=0),
    "MN_6.4_10": lambda w, coa: asked_as(w, coa, type=3),
}


@cases(NOT_ASKED)
def test_a_refresh_request_that_is_none(w, row):
    """Of others, for others, or by a routing header that must be dropped (11.3.3)."""
    coa = w.bound()
    mark = w.out.mark()
    w.ha.send(row(w, coa))
    w.heard()
    assert w.state() == "bound" and not w.updates(mark)
    forwarded = w.out.since(mark, lambda p: p.mh and p.mh.name == "BRR")
    assert not forwarded, forwarded
    # and the good one is heard
    w.ha.send(w.ha.brr(coa))
    w.update(mark)
    w.settles()


# ---- 11.3.6, 6.1.9: Binding Errors ----

def be(**more):
    return lambda w, coa: w.ha.be(coa, **more)


HELPFUL = {"MN_11.3.6_1": be(), "MN_6.1.9_1": be(reserved=0xff), "MN_6.1.9_2": be(
    options=[MIP6OptUnknown(otype=222, odata=b"mip6d!")])}


@cases(HELPFUL)
def test_a_binding_error_of_the_home_agent_renews_the_binding(w, row):
    w.at_home()         # errors are believed with pauses between them; a new stay is a new account
    coa = w.bound()
    mark = w.out.mark()
    w.ha.send(row(w, coa))
    bu = w.update(mark)
    assert bu.mh.lifetime == LIFETIME
    w.settles()


USELESS = {
    "MN_11.3.6_2": be(src=STRANGER),
    "MN_11.3.6_3": be(src=OTHER_HA),
    "MN_11.3.6_4": be(home=NOBODY),
    "MN_11.3.6_5": be(status=2),
    "MN_11.3.6_6": be(status=3),
    "MN_11.3.6_7": be(status=0),
    "MN_9.2_16": lambda w, coa: wrong_sum(w.ha.be(coa)),
}


@cases(USELESS)
def test_a_binding_error_that_changes_nothing(w, row):
    w.at_home()
    coa = w.bound()
    mark = w.out.mark()
    w.ha.send(row(w, coa))
    w.heard()
    assert w.state() == "bound" and not w.updates(mark)
    w.ha.send(w.ha.be(coa))
    w.update(mark)
    w.settles()


@case("MN_11.3.6_8")
def test_many_binding_errors_make_few_updates(w):
    """Nobody signs them: the first is followed, those right behind it are not."""
    w.at_home()
    coa = w.bound()
    mark = w.out.mark()
    for _ in range(5):
        w.ha.send(w.ha.be(coa))
        w.heard()
        w.settles()
    assert len(w.updates(mark)) == 1


@case("MN_11.3.6_9")
def test_a_binding_error_at_home_is_for_nobody(w):
    w.at_home()
    mark = w.out.mark()
    w.out.send("home", w.ha.be(HOA), w.ha.mac)
    w.out.send("home", w.ha.brr(HOA, rh2=None), w.ha.mac)
    w.heard()
    assert w.state() == "home" and not w.updates(mark)


# ---- 11.3.5: ICMPv6 errors ----

@case("MN_11.3.5_1")
def test_no_mobility_at_the_home_agent_is_said_and_asked_on(w):
    """Parameter Problem, code 1, from the only home agent: tried at the pace of retransmission."""
    bu = w.refreshing()
    w.ha.send(quoting(bu, ICMPv6ParamProblem, code=1, ptr=6))
    w.daemon.wait_log("no Mobile IPv6 at the home agent's address")
    w.update()
    w.ha.answer = w.ha.accept
    w.settles()


ICMP = {
    "MN_11.3.5_2": lambda bu: quoting(bu, ICMPv6ParamProblem, code=2, ptr=46),
    "MN_11.3.5_3": lambda bu: quoting(bu, ICMPv6ParamProblem, code=0, ptr=46),
    "MN_11.3.5_4": lambda bu: quoting(bu, ICMPv6DestUnreach, code=3),
    "MN_11.3.5_5": lambda bu: quoting(bu, ICMPv6ParamProblem, src=STRANGER, code=1, ptr=6),
}


@cases(ICMP)
def test_an_icmp_error_changes_nothing(w, row):
    """Logged or not: the exchange goes on as if it had not come."""
    bu = w.refreshing()
    said = w.daemon.log().count("no Mobile IPv6 at the home agent's address")
    w.ha.send(row(bu))
    w.heard()
    assert w.state() == "refresh" and len(w.daemon.registrations()) == 1
    assert w.daemon.log().count("no Mobile IPv6 at the home agent's address") == said
    again = w.update()
    w.ha.send(w.ha.ba(again))
    w.settles()


@case("MN_11.3.5_6")
def test_an_icmp_error_makes_no_entry(w):
    """RFC 6275 11.3.5: nothing is created, of a packet that nobody sent."""
    coa = w.bound()
    mark = w.out.mark()
    lie = IPv6(src=coa, dst=CN) / IPv6ExtHdrDestOpt(options=[HAO(hoa=HOA)]) / MIP6MH_BU()
    w.ha.send(IPv6(src=CN, dst=coa) / ICMPv6ParamProblem(code=1, ptr=6) / bytes(lie))
    w.heard()
    assert not w.updates(mark) and len(w.daemon.registrations()) == 1 and w.state() == "bound"


# ---- 6.3: the home address option as a receiver ----

NOT_HOME = {"MN_6.3_1": CN, "MN_6.3_2": "ff0e::1", "MN_6.3_3": "fe80::1", "MN_6.3_4": "::1"}


@cases(NOT_HOME)
def test_a_home_address_that_nobody_bound_is_dropped(w, row):
    coa = w.bound()
    mark = w.out.mark()
    w.ha.send(IPv6(src=STRANGER, dst=coa, hlim=64) / IPv6ExtHdrDestOpt(
        options=[HAO(hoa=row)]) / ICMPv6EchoRequest(id=1))
    w.heard()
    assert not w.out.since(mark, lambda p: p.echo)
