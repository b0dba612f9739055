# SPDX-License-Identifier: BSD-2-Clause
"""What RFC 6275 asks of correspondents and lists of conformance tests do not have."""
import struct

import pytest

from case_cn import (ACCEPTED, BA, BE, BRR, BU, CN, CN2, COT, COTI, HOT, HOTI, MOST, NONCES,
                     PROHIBITED, SEQUENCE, UNIT, case, cases, internet, mobility, option, text)
from pkt import Packet
from proc import until

DENIED = "2001:db8:280:0:bad::/80"
POLICY = {"correspondent": {"policy": [{"peer": DENIED, "allow": False}]}}
FEW = 3
GROUP, ALL_NODES, LINK_LOCAL = "ff0e::4d49", "ff02::1", "fe80::4d49"


@pytest.fixture(scope="module")
def world(shared_lab):
    yield from internet(shared_lab, **POLICY)


def acknowledged(mn):
    return lambda p: p.mh and p.mh.type == BA and p.rh2 == mn.home


# ---- return routability ----

@cases("kind", ("CNX_HOTI_SOURCE", HOTI), ("CNX_COTI_SOURCE", COTI))
def test_who_cannot_be_asked_back(world, case, kind):
    """9.1: bindings are with unicast routable addresses; nobody else needs a token."""
    mn = world.node()
    world.silence(*(mn.test_init(kind, src) for src in (LINK_LOCAL, GROUP, "::", "::1")))


@case("CNX_TEST_TO_GROUP")
def test_groups_are_no_correspondents(world, case):
    mn = world.node()
    mn.cn = ALL_NODES
    world.silence(mn.test_init(HOTI, mn.home), mn.test_init(COTI, mn.coa))


@case("CNX_TWO_ADDRESSES")
def test_each_own_address_has_its_bindings(world, case):
    """9.1: a separate Binding Cache for each address; 6.2.7: the authenticator names it."""
    mn, other = world.node().bound(seq=5000), world.node(cn=CN2)
    other.home, other.coa = mn.home, world.address()
    assert other.located() is None
    other.hot, other.cot = mn.hot, mn.cot
    other.cn = CN
    for_the_first = other.update(src=mn.coa)
    other.cn = CN2
    packet = other.update(src=mn.coa, seq=6000)
    world.silence(packet[:24] + for_the_first[24:40] + packet[40:])     # sent to another address
    other.bound(seq=10)
    assert (mn.located(), other.located()) == (mn.coa, other.coa)
    assert other.optimised() and mn.optimised()
    assert other.ask(lifetime=0).status == ACCEPTED
    assert (mn.located(), other.located()) == (mn.coa, None)


# ---- who may bind what ----

@case("CNX_TOKENS_OF_ANOTHER")
def test_tokens_belong_to_addresses(world, case):
    """5.2.5: an attacker has tokens of its own addresses only, and they are of one kind each."""
    victim, evil = world.node(), world.node().routability()
    victim.coa, victim.hot, victim.cot = evil.coa, evil.hot, evil.cot
    stolen = victim.update()
    mn = world.node().routability()
    mn.hot, mn.cot = mn.cot, mn.hot
    world.silence(stolen, mn.update())
    assert victim.located() is mn.located() is None


@case("CNX_ALTERNATE_UNTESTED")
def test_an_alternate_address_needs_a_test(world, case):
    """5.2.6: of the address in the option, not of the source."""
    mn = world.node().routability()
    alt = world.address()
    world.silence(mn.update(alt=alt), mn.update(alt=alt, signs=mn.coa))
    assert mn.located() is None


@cases("after", ("CNX_AUTH_NOT_LAST", option(200, bytes(6))),
       ("CNX_AUTH_PADDED", option(1, bytes(6))))
def test_the_authenticator_ends_the_message(world, case, after):
    """9.5.1: the last option, without padding behind it; the authenticator itself is right."""
    mn = world.node().routability()
    packet = mn.update()
    message = Packet(packet, 0, 0x86dd).body
    fixed, auth = message[6:-14], message[-14:]
    longer = fixed + auth + bytes([after[0], len(after[1])]) + after[1]
    world.silence(mobility(BU, longer, mn.coa, CN, mn.home))
    assert mn.located() is None


@case("CNX_UNKNOWN_OPTION")
def test_unknown_options_are_skipped(world, case):
    """6.2.1, in tests and in Binding Updates."""
    mn = world.node()
    unknown = [option(199, b"?"), option(201, bytes(100))]
    mn.hot, mn.cot = mn.home_test(wanted=unknown), mn.care_of_test(wanted=unknown)
    mn.register(before=unknown)
    assert mn.located() == mn.coa


@case("CNX_DENIED")
def test_whom_the_operator_denies(world, case):
    """8.2: administratively disabled, for some; 6.1.8: 129."""
    mn = world.node()
    mn.home = "2001:db8:280:0:bad::1"
    mn.routability()
    assert mn.ask().status == PROHIBITED
    assert mn.located() is None


@case("CNX_WITHOUT_OPTION")
def test_an_update_from_the_home_address(world, case):
    """9.5.1, 9.5.4: the source is the home address, and the answer has no routing header."""
    mn = world.node().routability()
    mn.register(src=mn.home, hao=None, alt=mn.coa)
    assert mn.located() == mn.coa and mn.optimised()


# ---- the end of a binding ----

@case("CNX_LEAVING_UNBOUND")
def test_leaving_without_a_binding(world, case):
    """9.5.3: nothing is made."""
    mn = world.node()
    mn.hot = mn.home_test()
    assert mn.ask(lifetime=0).status == ACCEPTED
    assert mn.ask(lifetime=0, src=mn.home, hao=None).status == ACCEPTED
    assert mn.located() is None


@case("CNX_LEAVING_SIGNED")
def test_leaving_is_signed_for_the_home_address(world, case):
    """6.2.7: over the home address, with the home keygen token alone."""
    mn = world.node().bound()
    world.silence(mn.update(lifetime=0, signs=mn.coa),
                  mn.update(lifetime=0, key=mn.key(MOST)))
    assert mn.located() == mn.coa


@case("CNX_UNUSED")
def test_a_binding_that_is_not_used_is_not_refreshed(world, case):
    """9.5.5: a request only while it is in active use."""
    mn, other = (world.node().bound(lifetime=2 * UNIT) for _ in range(2))
    other.gone()
    world.forget_all_but(BRR, mn.home)
    assert not world.heard, [str(p) for p in world.heard]
    mn.gone()


# ---- data ----

@case("CNX_HOME_ADDRESS_TWICE")
def test_two_home_addresses_in_a_packet(world, case):
    """6.3: the option appears once."""
    mn = world.node().bound()
    packet, _mine = mn.echo(times=2)
    world.silence(packet)
    assert mn.located() == mn.coa


@case("CNX_NOT_FOR_US")
def test_messages_of_others(world, case):
    """What only mobile nodes and home agents take, with and without a home address option."""
    mn = world.node()
    test = struct.pack("!H", 1) + bytes(16)
    bodies = {BRR: b"\0\0", HOT: test, COT: test, BE: b"\1\0" + bytes(16),
              BA: struct.pack("!BBHH", 0, 0, 1, 100) + b"\1\2\0\0"}
    world.silence(*(mobility(kind, body, mn.coa, CN, hao=hao)
                    for kind, body in bodies.items() for hao in (None, mn.home)))


@case("CNX_ERRORS_LIMITED")
def test_binding_errors_are_limited(world, case):
    """9.3.3, RFC 4443 2.4 f: as ICMPv6 errors are."""
    sent, mn = 400, world.node()
    body = struct.pack("!HHH", 1, 0, 0) + bytes(4)
    for _ in range(sent // 20):
        world.send(*[mn.echo()[0], mobility(77, body, mn.coa, CN)] * 10)
    mn.care_of_test()
    errors = [p for p in world.heard if p.mh and p.mh.type == BE]
    assert 0 < len(errors) < sent / 2, len(errors)
    world.forget()


# ---- the daemon ----

@case("CNX_EVICTION")
def test_when_there_is_no_room(world, case):
    """9.6, 5.2.8: the oldest goes; who has recorded its update cannot bring it back."""
    oldest = world.node().routability()
    recorded = oldest.update()
    world.ask(recorded, "the answer", acknowledged(oldest))
    nodes = [oldest] + [world.node().bound() for _ in range(FEW - 1)]
    world.daemon.reload(text(world.net.cn, correspondent={"max_bindings": FEW}))
    world.daemon.wait_log("reloaded")
    assert [mn.located() for mn in nodes] == [mn.coa for mn in nodes]
    nodes.append(world.node().bound())
    assert [mn.located() for mn in nodes] == [None] + [mn.coa for mn in nodes[1:]]
    world.binding_error(oldest.echo()[0], oldest.coa, 1, oldest.home)
    again = world.ask(recorded, "a refusal", acknowledged(oldest), again=0.5)
    assert again.mh.status in (SEQUENCE, NONCES), again
    # the mobile node itself may come again
    oldest.bound()
    assert [mn.located() for mn in nodes[:2]] == [oldest.coa, None]
    world.daemon.reload(text(world.net.cn, **POLICY))
    world.daemon.wait_log("reloaded", count=2)


@case("CNX_CRASH")
def test_a_correspondent_that_has_lost_its_memory(world, case):
    """5.2.7, 5.2.9: nothing of before counts, and the mobile node is told so."""
    mn = world.node().bound()
    world.daemon.kill()
    world.daemon.start()
    assert mn.located() is None
    world.binding_error(mn.echo()[0], mn.coa, 1, mn.home)
    mn.refused(NONCES)
    mn.routability().register()
    assert mn.located() == mn.coa and mn.optimised()
