# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile node: packets to and from correspondents that have a binding, or had, or
will have.

RFC 6275 6.3, 6.4, 11.3.1, 11.3.3.
"""
import socket

import pytest

import case_ro
from case_mobile import (CN, HA_ADDR, HOA, STRANGER, answered, ask, case, cases, echo, numbers,
                         reply, request, tunnelled)
from case_ro import Correspondent, begin, optimised, routed
from forge import HAO, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, in6_chksum
from peer import packed
from proc import until

FRAGMENT, DSTOPTS, UDP, ICMPV6 = 44, 60, 17, 58
OPTION = b"\xc9\x10" + packed(HOA)


@pytest.fixture(scope="module")
def w(request):
    yield from case_ro.world(request)


@pytest.fixture(scope="module")
def sent(w):
    """A correspondent, and a packet to it."""
    c = optimised(w)
    return c, c.data()


# ---- 11.3.1, 6.3: sending ----

SENT = {
    "MN_11.3.1_8": lambda c, p: p.inner is None and p.dst == c.address and p.hao == HOA,
    "MN_11.3.1_9": lambda c, p: p.src == c.w.ha.care_of == c.bindings[HOA],
    "MN_11.3.1_10": lambda c, p: in6_chksum(ICMPV6, IPv6(src=HOA, dst=c.address), p.body) == 0,
    # the first header, at 8n+6 of it, and no other one
    "MN_6.3_6": lambda c, p: p.frame[54:56] == bytes((ICMPV6, 2)) and p.frame[60:78] == OPTION and
    len(p.frame) == 78 + len(p.body),
    "MN_6.3_7": lambda c, p: p.frame.count(OPTION) == 1 and p.rh2 is None,
}


@cases(SENT)
def test_form_of_a_packet_that_goes_directly(sent, row):
    assert row(*sent), sent[1]


@case("MN_6.3_8")
def test_the_option_is_before_the_fragment_header(w):
    c, mark = optimised(w), w.out.mark()
    first = w.out.wait("a fragment", request(ask(w.mn, c.address, src=HOA, size=3000)), mark)
    assert first.frame[20] == DSTOPTS and first.frame[54] == FRAGMENT and first.hao == HOA
    others = w.out.since(mark, lambda p: p.dst == c.address and not p.mh)
    assert len(others) >= 3 and all(p.frame[60:78] == OPTION for p in others), others


@case("MN_11.3.1_11")
def test_other_protocols_have_their_checksum_too(w):
    c, mark = optimised(w), w.out.mark()
    with w.mn.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.bind((HOA, 0))
        s.sendto(b"mip6d", (c.address, 5001))
    p = w.out.wait("a datagram", lambda p: p.proto == UDP and p.dst == c.address, mark)
    assert p.hao == HOA and in6_chksum(UDP, IPv6(src=HOA, dst=c.address), p.body) == 0


WITHOUT = {"MN_11.3.1_12": {"HoTI", "CoTI"}, "MN_11.3.1_13": {"BU"}}


@cases(WITHOUT)
def test_without_a_binding_packets_take_the_tunnel(w, row):
    """While tests are made, and until the peer has said yes."""
    c = begin(w, silent=row)
    for name in row:
        c.next(name)
    assert c.is_tunnelled()
    c.goes_on()
    c.optimised()
    assert c.is_direct()


@case("MN_11.3.1_14")
def test_each_peer_has_its_own_way(w):
    one, other = optimised(w), begin(w, silent={"HoTI"})
    assert one.is_direct() and other.is_tunnelled()


@case("MN_11.3.1_15")
def test_elsewhere_the_tunnel_is_used_until_the_peer_knows(w):
    """While the care-of test is made, and while the peer has not said yes."""
    c = optimised(w, "foreign1")
    c.silent = {"CoTI", "BU"}
    w.move("foreign2")
    assert c.next("CoTI", seen=1).src.startswith("2001:db8:f2:")
    w.settles()
    assert c.is_tunnelled() and c.count("BU") == 1
    c.say(c.test(c.all("CoTI")[-1]))
    c.next("BU", seen=1)
    assert c.is_tunnelled()
    c.goes_on()
    c.optimised(w.ha.care_of)
    assert c.is_direct()


@case("MN_11.3.1_16")
def test_the_care_of_address_may_be_the_source(w):
    """No option, no tunnel: to who has a binding, too."""
    c, mark = optimised(w), w.out.mark()
    p = w.out.wait("the request", request(ask(w.mn, c.address, src=w.ha.care_of)), mark)
    assert (p.src, p.dst, p.hao, p.inner) == (w.ha.care_of, c.address, None, None)


@case("MN_11.3.1_17")
def test_neighbours_never_see_the_option(w):
    optimised(w)
    mark = w.out.mark()
    p = w.out.wait("the request", request(ask(w.mn, w.r1.address, dev="up0")), mark)
    assert p.src.startswith("fe80:") and not p.hao and not p.inner
    assert not w.out.since(0, lambda p: p.hao and (p.nd or p.dst.startswith(("fe80:", "ff02:"))))


@case("MN_11.3.1_18")
def test_at_home_nothing_special_is_sent(w):
    c = optimised(w)
    w.at_home()
    until("it is deleted", lambda: HOA not in c.bindings)
    p = c.data()
    assert (p.src, p.dst, p.hao, p.inner) == (HOA, c.address, None, None)


# ---- 11.3.3, 6.4: receiving ----

def answer_to(w, packet, seq):
    mark = w.out.mark()
    w.ha.send(packet)
    return answered(w, seq, mark)


@case("MN_11.3.3_9")
def test_what_comes_by_routing_header_is_taken_and_answered_directly(w):
    c, seq = optimised(w), next(numbers)
    p = answer_to(w, c.by_routing_header(seq), seq)
    assert (p.src, p.dst, p.hao, p.inner) == (w.ha.care_of, c.address, HOA, None)


@case("MN_6.4_20")
def test_the_reserved_field_is_not_looked_at(w):
    c, seq = optimised(w), next(numbers)
    answer_to(w, c.by_routing_header(seq, reserved=0xffffffff), seq)


@case("MN_6.4_21")
def test_the_routing_header_is_not_reversed(w):
    """6.4.1: MUST NOT be done automatically."""
    c, seq = optimised(w), next(numbers)
    p = answer_to(w, c.by_routing_header(seq), seq)
    assert p.rh2 is None and p.frame[20] == DSTOPTS and p.frame[54] == ICMPV6


@case("MN_11.3.3_10")
def test_who_is_not_in_the_list_may_send_so_as_well(w):
    """None of the checks asks for a binding; the answer takes the tunnel."""
    coa, seq = w.bound(), next(numbers)
    c = Correspondent(w, silent={"HoTI", "CoTI"})
    p = answer_to(w, c.by_routing_header(seq, coa), seq)
    assert (p.src, p.dst, p.hao) == (coa, HA_ADDR, None)
    assert (p.inner.src, p.inner.dst) == (HOA, c.address)


@case("MN_11.3.3_11")
def test_a_peer_with_a_binding_may_send_by_the_tunnel(w):
    c, seq = optimised(w), next(numbers)
    p = answer_to(w, tunnelled(w.ha.care_of, echo(c.address, HOA, seq)), seq)
    assert (p.src, p.dst, p.hao, p.inner) == (w.ha.care_of, c.address, HOA, None)


NOT_ROUTED = {
    "MN_6.4_22": {"addresses": ["2001:db8:280::77"]}, "MN_6.4_23": {"addresses": ["ff0e::1"]},
    "MN_6.4_24": {"addresses": ["ff02::1"]}, "MN_6.4_25": {"addresses": ["fe80::1"]},
    "MN_6.4_26": {"addresses": [CN]}, "MN_6.4_27": {"addresses": ["::1"]},
    "MN_6.4_28": {"segleft": 2}, "MN_6.4_29": {"segleft": 2, "addresses": [HOA, HOA]},
    "MN_6.4_30": {"addresses": [HOA, CN]}, "MN_6.4_31": {"addresses": [CN, HOA]},
    "MN_6.4_32": {"type": 0}, "MN_6.4_33": {"type": 3},
}


def is_not_answered(w, packet, seq):
    """Nor is anything else said of it, or forwarded: a good one behind it is answered."""
    mark, good = w.out.mark(), next(numbers)
    w.ha.send(packet)
    w.ha.send(tunnelled(w.ha.care_of, echo(CN, HOA, good)))
    answered(w, good, mark)
    return not w.out.since(mark, lambda p: reply(p, seq) or (
        p.echo and p.echo[0] == "request"))


@cases(NOT_ROUTED)
def test_a_routing_header_that_is_wrong_is_dropped(w, row):
    """From a peer that has a binding."""
    c, seq, mark = optimised(w), next(numbers), w.out.mark()
    assert is_not_answered(w, c.by_routing_header(seq, **row), seq)
    errors = w.out.since(mark, lambda p: p.innermost().icmp6 and p.innermost().icmp6[0] < 128)
    # another type than 2 is not ours to judge: RFC 8200 4.4 has an error for it
    assert not errors or row.get("type", 2) != 2, errors


@case("MN_6.3_9")
def test_a_home_address_option_without_binding_is_dropped(w):
    """Though the routing header before it is right: this node has no bindings of others."""
    w.bound()
    seq = next(numbers)
    p = IPv6(src=STRANGER, dst=w.ha.care_of, hlim=60) / IPv6ExtHdrRouting(
        type=2, segleft=1, addresses=[HOA]) / IPv6ExtHdrDestOpt(
            options=[HAO(hoa=CN)]) / ICMPv6EchoRequest(id=0x6d70, seq=seq)
    assert is_not_answered(w, p, seq)


@case("MN_6.4_34")
def test_away_the_old_care_of_address_is_none(w):
    """What is sent to it on the new link is for nobody."""
    c = optimised(w, "foreign1")
    old = w.ha.care_of
    w.move("foreign2")
    c.next("BU", seen=1)
    c.optimised()
    seq = next(numbers)
    assert is_not_answered(w, routed(c.address, old, seq), seq)
