# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of correspondents: messages as they come in, and data (RFC 6275 9.2 - 9.4)."""
import socket
import struct

from case_cn import (A, ACCEPTED, CN, CN2, COTI, ECHO, HOTI, ICMP6, K, L, MOST, REFRESH_ADVICE,
                     SEQUENCE, UDP, UNREACHABLE, alternate, case, cases, checksum, mobility,
                     nonce_indices, option, upper, world)
from proc import until

assert world                    # a fixture
AT_HEADER, AT_OPTION = 40, 40 + 24      # the Mobility Header: behind IPv6, behind the option
PROTO_AT, LEN_AT = 0, 1
GROUP = "ff0e::4d49"
LINK_LOCAL = "fe80::4d49"


# ---- normal operations ----

@case("CN-1-1")
def test_return_routability(world, case):
    mn = world.node().routability()
    assert mn.hot.token != mn.cot.token
    # RFC 6275 5.2.5: a token belongs to an address, a kind of test and a nonce
    again, as_care_of = mn.home_test(), mn.care_of_test(mn.home)
    if again.index == mn.hot.index:
        assert again.token == mn.hot.token
    assert as_care_of.token != mn.hot.token
    # nothing was made for the mobile node: no binding
    assert mn.located() is None


@case("CN-1-2")
def test_a_binding_update(world, case):
    mn = world.node().routability()
    ack = mn.ask(seq=4711, lifetime=400)
    assert (ack.status, ack.seq, ack.lifetime) == (ACCEPTED, 4711, 400), ack
    assert ack.rh2 == mn.home
    assert mn.located() == mn.coa


@case("CN-1-3")
def test_route_optimization(world, case):
    """Users see the home address only; on the wire both directions show the care-of address."""
    mn = world.node().bound()
    assert mn.optimised()
    with world.net.cn.socket(socket.AF_INET6, socket.SOCK_DGRAM) as user:
        user.settimeout(20)
        user.bind((CN, 4009))
        world.send(upper((999, 4009), b"to you", mn.coa, CN, hao=mn.home))
        data, peer = user.recvfrom(100)
        assert data == b"to you" and peer[:2] == (mn.home, 999)
        user.sendto(b"to me", (mn.home, 999))
    p = world.wait("the answer", lambda p: p.proto == UDP)
    assert (p.src, p.dst, p.rh2) == (CN, mn.coa, mn.home) and p.body[8:] == b"to me"
    assert checksum(CN, mn.home, UDP, p.body) == 0


# ---- Home Test Init and Care-of Test Init ----

@cases(
    "kind, wrong, expected",
    ("CN-2-1-1", HOTI, {"wanted": [nonce_indices(1, 2)]}, "answer"),
    ("CN-2-1-2", HOTI, {"hao": True}, "silence"),
    ("CN-2-1-3", HOTI, {"units": 0}, LEN_AT),
    ("CN-2-1-4", HOTI, {"reserved": 0xff, "field": 0xffff}, "answer"),
    ("CN-2-1-5", HOTI, {"proto": ICMP6}, PROTO_AT),
    ("CN-2-1-6", HOTI, {"spoil": 0x0101}, "silence"),
    ("CN-2-2-1-1", COTI, {"wanted": [nonce_indices(1, 2)]}, "answer"),
    ("CN-2-2-1-2", COTI, {"wanted": [alternate("2001:db8:f1::a1")]}, "answer"),
    ("CN-2-2-2", COTI, {"hao": True}, "silence"),
    ("CN-2-2-3", COTI, {"units": 0}, LEN_AT),
    ("CN-2-2-4", COTI, {"reserved": 0xff, "field": 0xffff}, "answer"),
    ("CN-2-2-5", COTI, {"proto": ICMP6}, PROTO_AT),
    ("CN-2-2-6", COTI, {"spoil": 0x0101}, "silence"))
def test_a_test_init(world, case, kind, wrong, expected):
    mn = world.node()
    wrong = dict(wrong)
    if wrong.get("hao"):
        wrong["hao"] = mn.home
    src = mn.home if kind == HOTI and "hao" not in wrong else mn.coa
    if expected == "answer":
        assert mn.test(kind, src, **wrong).address == src
    elif expected == "silence":
        world.silence(mn.test_init(kind, src, **wrong))
    else:
        world.parameter_problem(mn.test_init(kind, src, **wrong), src, AT_HEADER + expected)


# ---- Binding Updates that are not as they should be ----

@cases("odd", ("CN-2-3-1-1", {"before": [REFRESH_ADVICE]}),
       ("CN-2-3-1-2", {"alt": "misaligned", "indices": "misaligned"}),
       ("CN-2-3-4", {"reserved": 0xff}), ("CN-2-3-7", {"flags": A | L}),
       ("CN-2-3-8", {"flags": A | K}), ("CN-2-3-9", {"flags": A | 0x0fff}))
def test_what_is_odd_is_ignored(world, case, odd):
    mn = world.node().routability()
    odd = dict(odd)
    if odd.pop("alt", None):
        odd |= {"before": [option(200, b"odd"), alternate(mn.coa, (8, 1))],
                "indices": nonce_indices(mn.hot.index, mn.cot.index, (2, 1))}
    mn.register(**odd)
    assert mn.located() == mn.coa


@cases("wrong, lifetime", ("CN-2-3-6", {"spoil": 0x0101}, MOST),
       ("CN-2-3-10-1", {"indices": False}, MOST), ("CN-2-3-10-2", {"indices": False}, 0),
       ("CN-2-3-11", {"auth": b"nobody knows"}, MOST))
def test_what_is_wrong_is_silently_discarded(world, case, wrong, lifetime):
    mn = world.node().routability()
    before = None
    if not lifetime:
        mn.register()
        before = mn.coa
    world.silence(mn.update(lifetime=lifetime, **wrong))
    assert mn.located() == before
    # it was all that was wrong
    mn.register(lifetime=lifetime)
    assert mn.located() == (mn.coa if lifetime else None)


@cases("wrong, at", ("CN-2-3-3", {"units": 0}, LEN_AT), ("CN-2-3-5", {"proto": ICMP6}, PROTO_AT))
def test_a_header_that_is_wrong_is_told(world, case, wrong, at):
    """To the source on the wire, whatever the bindings say (9.2)."""
    mn = world.node().routability()
    world.parameter_problem(mn.update(**wrong), mn.coa, AT_OPTION + at)
    assert mn.located() is None
    mn.register()
    world.parameter_problem(mn.update(**wrong), mn.coa, AT_OPTION + at)


@case("CN-2-4-1")
def test_an_unknown_message(world, case):
    mn = world.node()
    body = struct.pack("!HHH", 1, 0, 0) + bytes(4)
    world.binding_error(mobility(77, body, mn.coa, CN), mn.coa, 2)
    world.binding_error(mobility(255, body, mn.coa, CN, hao=mn.home), mn.coa, 2, mn.home)


@case("CN-2-4-2")
def test_two_home_addresses_share_a_care_of_test(world, case):
    """RFC 6275 5.2.7: the same care-of keygen token for all of a node's home addresses."""
    one, two = world.node().routability(), world.node()
    two.coa, two.cot, two.hot = one.coa, one.cot, two.home_test()
    one.register()
    two.register()
    assert one.located() == two.located() == one.coa
    assert one.optimised() and two.optimised()


# ---- no acknowledgement asked for ----

@case("CN-2-5-1")
def test_an_accepted_update_is_not_answered(world, case):
    mn = world.node().routability()
    world.silence(mn.update(flags=0))
    assert mn.located() == mn.coa


@case("CN-2-5-2")
def test_a_number_out_of_window_is_answered(world, case):
    mn = world.node().bound(seq=500)
    assert mn.refused(SEQUENCE, flags=0, seq=500).seq == 500
    assert mn.located() == mn.coa


# ---- addresses that are none ----

@cases("src, alt, lifetime", ("CN-2-6-1", GROUP, "coa", MOST), ("CN-2-6-3", None, GROUP, MOST),
       ("CN-2-6-4", GROUP, None, 0), ("CN-2-6-5", None, GROUP, 0))
def test_addresses_that_cannot_be_a_mobile_node(world, case, src, alt, lifetime):
    """The authenticators are right, as far as there are tokens for the addresses."""
    mn = world.node().routability()
    before = None
    if not lifetime:
        mn.register()
        before = mn.coa
    alt = mn.coa if alt == "coa" else alt
    wrong = [mn.update(lifetime=lifetime, src=src, alt=alt)]
    if alt != mn.coa and not src:
        wrong += [mn.update(lifetime=lifetime, alt=a) for a in (LINK_LOCAL, "::1", "::")]
    world.silence(*wrong)
    assert mn.located() == before


@case("CN-2-6-2")
def test_home_addresses_that_are_none(world, case):
    mn = world.node().routability()
    world.silence(*(mn.update(hao=home) for home in (GROUP, LINK_LOCAL, "::1", "::")),
                  mn.update(hao=None, src=LINK_LOCAL, alt=mn.coa))
    mn.register()


# ---- data ----

def unreachable(packet, router, code=3):
    """What a router says that could not deliver this packet."""
    return upper((UNREACHABLE, code), bytes(4) + packet.data[14:], router, CN)


@case("CN-6-1")
def test_a_care_of_address_that_cannot_be_reached(world, case):
    """RFC 6275 9.3.4: one error is none, those that go on end the binding."""
    mn = world.node().bound()
    router = world.address()
    with world.net.cn.socket(socket.AF_INET6, socket.SOCK_DGRAM) as user:
        user.bind((CN, 0))

        def said():
            user.sendto(b"anybody there?", (mn.home, 999))
            return world.wait("data", lambda p: p.proto == UDP)

        world.send(unreachable(said(), router))
        world.silence()
        p = said()
        assert (p.dst, p.rh2) == (mn.coa, mn.home)

        def ended():
            p = said()
            if p.dst == mn.home and p.rh2 is None:
                return True
            assert (p.dst, p.rh2) == (mn.coa, mn.home)
            world.send(unreachable(p, router))
            return False
        until("the binding ends", ended, 60, step=0.3)


@case("CN-6-2-1")
def test_a_home_address_without_a_binding(world, case):
    mn = world.node()
    packet, _mine = mn.echo()
    world.binding_error(packet, mn.coa, 1, mn.home)
    world.binding_error(upper((999, 4009), b"x", mn.coa, CN, hao=mn.home), mn.coa, 1, mn.home)
    assert mn.located() is None


@case("CN-6-2-2")
def test_a_home_address_with_a_binding(world, case):
    mn = world.node().bound()
    assert mn.optimised()
    assert mn.located() == mn.coa


@case("CN-6-2-3")
def test_a_home_address_from_elsewhere(world, case):
    """RFC 6275 9.3.1, 9.1: dropped, told, and no binding is changed by it."""
    mn = world.node().bound()
    elsewhere = world.address()
    packet, mine = mn.echo(src=elsewhere)
    world.binding_error(packet, elsewhere, 1, mn.home)
    assert not any(mine(p) for p in world.heard)
    assert mn.located() == mn.coa and mn.optimised()


@cases("src, home", ("CN-6-3-1", GROUP, None), ("CN-6-3-2", None, GROUP),
       ("CN-6-3-3", GROUP, GROUP))
def test_groups_are_no_mobile_nodes(world, case, src, home):
    mn = world.node().bound()
    packet, _mine = mn.echo(src=src, hao=home or mn.home)
    world.silence(packet)
    assert mn.located() == mn.coa


@case("CN-6-4-1")
def test_checksums_are_over_the_home_address(world, case):
    """RFC 6275 9.3.1, 11.3.1: upper layers know of no care-of address."""
    mn = world.node().bound()
    packet, _mine = mn.echo(summed=mn.coa)
    world.silence(packet)
    packet, mine = mn.echo()
    p = world.ask(packet, "an echo reply", mine)
    assert checksum(CN, mn.home, ICMP6, p.body) == 0


@case("CN-6-5")
def test_type_2_routing_headers_are_not_for_us(world, case):
    """RFC 6275 8.2: silently discarded, and sent on to nobody."""
    mn = world.node().bound()
    ident = b"\x6d\x70\0\0"
    world.silence(*(upper((ECHO, 0), ident, mn.coa, CN, hao=hao, rh2=rh2)
                    for hao in (None, mn.home) for rh2 in (CN, CN2, mn.home)))
    assert mn.located() == mn.coa
