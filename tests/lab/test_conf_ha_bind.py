# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of home agents, 0 to 3: Mobility Headers, registrations, their end.

RFC 6275 9.2, 9.5.1, 10.3.1, 10.3.2. Ids as in tests/cases.tsv.
"""
import pytest
from scapy.layers.inet6 import MIP6OptNonceIndices

from case_ha import (COA, COA2, CN, MOST, OUTSIDE, SHORT_PREFERRED, SHORT_VALID, Site, adverts,
                     cases, mh_at, patched, probes)
from forge import ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, MIP6MH_BE
from proc import until

REAL, VIRTUAL = True, False
A, NO_A = "AH", "H"


@pytest.fixture(scope="module")
def site(shared_lab):
    s = Site(shared_lab)
    s.expiring = {real: s.mn(real) for real in (REAL, VIRTUAL)}
    for mn in s.expiring.values():
        assert mn.register(lifetime=4).lifetime == 4
    return s


def icmp_error(site, mark):
    """The Parameter Problem that came: (code, pointer)."""
    p = site.foreign.wait(mark, "a Parameter Problem", lambda p: p.icmp6 and p.icmp6[0] == 4)
    assert p.src and p.dst == COA and p.rh2 is None, p
    return p.icmp6[1], int.from_bytes(p.body[4:8], "big")


# ---- 0, 1 ----

@cases("real", ("HA_0_0_0", REAL))
def test_nothing_is_intercepted_before_a_registration(site, case, real):
    mn = site.mn(real)
    assert site.ha.status()["ready"] and not mn.binding()
    site.home_silent(lambda: site.home.solicit(mn.home), mn.home)
    site.not_tunnelled(mn)
    with mn.at_home():
        mark = site.home.mark()
        packet, n = site.echo(CN, mn.home)
        site.cn.send(packet)
        site.home.wait(mark, "an echo request at home", lambda p: p.echo == ("request", 0x6d70, n))


@cases("real", ("HA_1_1_3", REAL), ("HA_1_1_8", VIRTUAL))
def test_wrong_checksum(site, case, real):
    mn = site.mn(real)
    packet = mn.update()
    wrong = packet[mh_at(packet) + 4] ^ 0x55
    site.unanswered(mn, patched(packet, {4: wrong}, checksum=False))
    assert not mn.binding()
    mn.send(packet)                     # nothing else was wrong with it
    until("the binding", mn.binding)


@cases("bound", ("HA_1_1_1", False), ("HA_1_1_5", True))
def test_unknown_type(site, case, bound):
    """RFC 6275 9.2, 9.3.3: to the source on the wire, with the home address of the option."""
    mn = site.mn()
    if bound:
        mn.register()
    for hao, said in ((True, mn.home), (False, "::")):
        mark = site.foreign.mark()
        mn.send(patched(mn.update(hao=hao), {2: 77}))
        p = site.foreign.wait(mark, "a Binding Error", lambda p: p.mh and p.mh.name == "BE")
        be = IPv6(p.data[14:])
        assert (p.src, p.dst) == (mn.agent, COA) and be[MIP6MH_BE].status == 2, p
        assert be[MIP6MH_BE].ha == said
        assert IPv6ExtHdrRouting not in be and IPv6ExtHdrDestOpt not in be
    assert bool(mn.binding()) == bound


@cases("real, bound", ("HA_1_1_2", REAL, False), ("HA_1_1_6", REAL, True),
       ("HA_1_1_9", VIRTUAL, False))
def test_something_behind_the_message(site, case, real, bound):
    broken(site, real, bound, 0, 58, bytes(ICMPv6EchoRequest(data=b"mip6")))


@cases("real, bound", ("HA_1_1_4", REAL, False), ("HA_1_1_7", REAL, True),
       ("HA_1_1_10", VIRTUAL, False))
def test_header_length_too_small(site, case, real, bound):
    broken(site, real, bound, 1, 0)


def broken(site, real, bound, offset, value, more=b""):
    """RFC 6275 9.2: dropped, and ICMP Parameter Problem, code 0, points at the octet."""
    mn = site.mn(real)
    if bound:
        mn.register()
    packet = mn.update(lifetime=100)
    whole = bytearray(patched(packet, {offset: value}) + more)
    whole[4:6] = (len(whole) - 40).to_bytes(2, "big")
    mark = site.foreign.mark()
    site.unanswered(mn, bytes(whole))
    assert icmp_error(site, mark) == (0, mh_at(packet) + offset)
    assert (mn.care_of() == COA) == bound
    assert not bound or mn.binding()["lifetime"] == 400


# ---- 2.1 ----

@cases("real, flags", ("HA_2_1_1", REAL, A), ("HA_2_1_2", REAL, NO_A),
       ("HA_2_1_5", VIRTUAL, A), ("HA_2_1_6", VIRTUAL, NO_A))
def test_registration(site, case, real, flags):
    mn = site.mn(real)
    link, home = site.link.mark(), site.home.mark()
    a = mn.register(flags=flags, seq=4711, lifetime=400)
    assert (a.seq, a.lifetime) == (4711, 400), a
    assert mn.care_of() == COA
    assert len(probes(site.link, link, mn.home)) == (1 if real else 0)
    site.tunnelled(mn)
    site.reversed_to_cn(mn)
    assert len(adverts(site.home, home, mn.home)) == (1 if real else 0)


@cases("real", ("HA_2_1_14", REAL), ("HA_2_1_15", VIRTUAL))
def test_reserved_fields_mean_nothing(site, case, real):
    mn = site.mn(real)
    packet = mn.update(seq=99)
    mark = site.foreign.mark()
    mn.send(patched(packet, {3: 0xff, 8: 0x61 | packet[mh_at(packet) + 8], 9: 0xff}))
    p = site.foreign.wait(mark, "an acknowledgement", lambda p: p.mh and p.rh2 == mn.home)
    assert (p.mh.name, p.mh.status, p.mh.seq) == ("BA", 0, 99), p
    assert p.mh.raw[3] == 0 and p.mh.raw[7] == 0, "what we reserve is zero"
    site.tunnelled(mn)


@cases("real, flags", ("HA_2_1_10", REAL, "AH"), ("HA_2_1_11", REAL, "AHK"),
       ("HA_2_1_12", VIRTUAL, "AH"), ("HA_2_1_13", VIRTUAL, "AHK"))
def test_key_management_mobility(site, case, real, flags):
    """No key exchange of ours can move: K of the answer is clear (looked at in Mn.ask)."""
    assert site.mn(real).register(flags=flags).mh[7] == 0


@cases("real", ("HA_2_1_3", REAL), ("HA_2_1_7", VIRTUAL))
def test_lifetime_is_decreased(site, case, real):
    mn = site.mn_most(real)
    assert mn.register(lifetime=400).lifetime == MOST
    assert mn.binding()["lifetime"] == MOST
    assert mn.register(lifetime=20).lifetime == 20, "and by the node itself"
    assert mn.binding()["lifetime"] == 20 and mn.binding()["remaining"] <= 20


@cases("", "HA_2_1_9")
def test_binding_and_prefix_lifetimes(site, case):
    mn = site.mn_short()
    a = mn.ask(lifetime=SHORT_PREFERRED)
    assert (a.status, a.lifetime) == (0, SHORT_PREFERRED), a
    for asked, granted in ((SHORT_PREFERRED + 4, SHORT_PREFERRED + 4),
                           (SHORT_VALID, SHORT_VALID), (2 * SHORT_VALID, SHORT_VALID)):
        a = mn.ask(lifetime=asked)
        assert (a.status, a.lifetime) == (1, granted), a
    assert mn.care_of() == COA


# ---- 2.2 ----

@cases("real", ("HA_2_2_3", REAL), ("HA_2_2_6", VIRTUAL))
def test_not_authorised(site, case, real):
    """RFC 4285 5.1.1, 6: silence without the option or with an unknown SPI, 146 for a wrong MAC."""
    mn = site.mn(real, secret=True)
    site.unanswered(mn, mn.update(key=None, spi=None, stamp=None), mn.update(spi=4711))
    packet = bytearray(mn.update())
    packet[-1] ^= 1
    mark = site.foreign.mark()
    mn.send(patched(packet, {}))
    p = site.foreign.wait(mark, "146", lambda p: p.mh and p.rh2 == mn.home)
    assert (p.mh.name, p.mh.status) == ("BA", 146), p
    assert not mn.binding()
    site.not_tunnelled(mn)
    mn.register()


@cases("real", ("HA_2_2_7", REAL), ("HA_2_2_8", VIRTUAL))
def test_nonce_indices(site, case, real):
    mn = site.mn(real)
    site.unanswered(mn, mn.update(options=[MIP6OptNonceIndices(olen=4, hni=1, coni=1)]))
    assert not mn.binding()


@cases("real, home, flags", ("HA_2_2_13", REAL, "ff0e::1", "AH"),
       ("HA_2_2_14", VIRTUAL, "ff0e::1", "AH"),
       ("HA_2_2_9", REAL, "fe80::99", "AH"), ("HA_2_2_10", REAL, "fe80::99", "AHL"),
       ("HA_2_2_11", VIRTUAL, "fe80::99", "AH"), ("HA_2_2_12", VIRTUAL, "fe80::99", "AHL"))
def test_home_address_that_is_none(site, case, real, home, flags):
    mn = site.mn(real)
    mn.home = home
    site.unanswered(mn, mn.update(flags=flags))
    assert not mn.binding()


@cases("real, flags", ("HA_2_2_1", REAL, A), ("HA_2_2_2", REAL, NO_A),
       ("HA_2_2_4", VIRTUAL, A), ("HA_2_2_5", VIRTUAL, NO_A))
def test_not_home_subnet(site, case, real, flags):
    mn = site.mn(real)
    mn.home = OUTSIDE
    a = mn.ask(flags=flags)
    assert (a.status, a.lifetime) == (132, 0), a
    assert not mn.binding()


# ---- 2.5 to 2.8 ----

NEWER = [
    ("HA_2_5_1", REAL, A, 15, 16), ("HA_2_5_5", REAL, NO_A, 15, 16),
    ("HA_2_5_2", REAL, A, 15, 32782), ("HA_2_5_6", REAL, NO_A, 15, 32782),
    ("HA_2_7_1", REAL, A, 32783, 32784), ("HA_2_7_5", REAL, NO_A, 32783, 32784),
    ("HA_2_7_2", REAL, A, 32783, 14), ("HA_2_7_6", REAL, NO_A, 32783, 14),
    ("HA_2_5_3", VIRTUAL, A, 15, 16), ("HA_2_5_7", VIRTUAL, NO_A, 15, 16),
    ("HA_2_5_4", VIRTUAL, A, 15, 32782), ("HA_2_5_8", VIRTUAL, NO_A, 15, 32782),
    ("HA_2_7_3", VIRTUAL, A, 32783, 32784), ("HA_2_7_7", VIRTUAL, NO_A, 32783, 32784),
    ("HA_2_7_4", VIRTUAL, A, 32783, 14), ("HA_2_7_8", VIRTUAL, NO_A, 32783, 14),
]

NOT_NEWER = [
    ("HA_2_6_1", REAL, A, 15, 14), ("HA_2_6_4", REAL, NO_A, 15, 14),
    ("HA_2_6_2", REAL, A, 15, 15), ("HA_2_6_5", REAL, NO_A, 15, 15),
    ("HA_2_6_3", REAL, A, 15, 32783), ("HA_2_6_6", REAL, NO_A, 15, 32783),
    ("HA_2_8_1", REAL, A, 32783, 32782), ("HA_2_8_4", REAL, NO_A, 32783, 32782),
    ("HA_2_8_2", REAL, A, 32783, 32783), ("HA_2_8_5", REAL, NO_A, 32783, 32783),
    ("HA_2_8_3", REAL, A, 32783, 15), ("HA_2_8_6", REAL, NO_A, 32783, 15),
    ("HA_2_6_7", VIRTUAL, A, 15, 14), ("HA_2_6_10", VIRTUAL, NO_A, 15, 14),
    ("HA_2_6_8", VIRTUAL, A, 15, 15), ("HA_2_6_11", VIRTUAL, NO_A, 15, 15),
    ("HA_2_6_9", VIRTUAL, A, 15, 32783), ("HA_2_6_12", VIRTUAL, NO_A, 15, 32783),
    ("HA_2_8_7", VIRTUAL, A, 32783, 32782), ("HA_2_8_10", VIRTUAL, NO_A, 32783, 32782),
    ("HA_2_8_8", VIRTUAL, A, 32783, 32783), ("HA_2_8_11", VIRTUAL, NO_A, 32783, 32783),
    ("HA_2_8_9", VIRTUAL, A, 32783, 15), ("HA_2_8_12", VIRTUAL, NO_A, 32783, 15),
]


@cases("real, flags, first, second", *NEWER)
def test_newer_sequence_number(site, case, real, flags, first, second):
    mn = site.mn(real, secret=True)
    mn.register(flags=flags, seq=first)
    a = mn.register(flags=flags, seq=second, src=COA2)
    assert a.seq == second and mn.care_of() == COA2, a
    assert mn.binding()["sequence"] == second


@cases("real, flags, first, second", *NOT_NEWER)
def test_sequence_number_that_is_not_newer(site, case, real, flags, first, second):
    mn = site.mn(real, secret=True)
    mn.register(flags=flags, seq=first)
    a = mn.ask(flags=flags, seq=second, src=COA2)
    assert (a.status, a.seq, a.lifetime) == (135, first, 0), a
    assert mn.binding()["sequence"] == first and mn.care_of() == COA


# ---- 3 ----

DEREGISTER = [  # id, real home link, flags, lifetime, from home, home address option
    ("HA_3_1_1", REAL, A, 0, False, True), ("HA_3_1_6", REAL, NO_A, 0, False, True),
    ("HA_3_1_2", REAL, A, 0, True, True), ("HA_3_1_7", REAL, NO_A, 0, True, True),
    ("HA_3_1_3", REAL, A, 400, True, True), ("HA_3_1_8", REAL, NO_A, 400, True, True),
    ("HA_3_1_4", REAL, A, 0, True, False), ("HA_3_1_9", REAL, NO_A, 0, True, False),
    ("HA_3_1_5", REAL, A, 400, True, False), ("HA_3_1_10", REAL, NO_A, 400, True, False),
    ("HA_3_1_11", VIRTUAL, A, 0, False, True), ("HA_3_1_12", VIRTUAL, NO_A, 0, False, True),
]

NOT_BOUND = [
    ("HA_3_2_1", REAL, A, 0, False, True), ("HA_3_2_6", REAL, NO_A, 0, False, True),
    ("HA_3_2_2", REAL, A, 0, True, True), ("HA_3_2_7", REAL, NO_A, 0, True, True),
    ("HA_3_2_3", REAL, A, 400, True, True), ("HA_3_2_8", REAL, NO_A, 400, True, True),
    ("HA_3_2_4", REAL, A, 0, True, False), ("HA_3_2_9", REAL, NO_A, 0, True, False),
    ("HA_3_2_5", REAL, A, 400, True, False), ("HA_3_2_10", REAL, NO_A, 400, True, False),
    ("HA_3_2_11", VIRTUAL, A, 0, False, True), ("HA_3_2_12", VIRTUAL, NO_A, 0, False, True),
]

OLD = [
    ("HA_3_3_1", REAL, A, 0, True, True), ("HA_3_3_2", REAL, NO_A, 0, True, True),
    ("HA_3_3_5", REAL, A, 400, True, True), ("HA_3_3_6", REAL, NO_A, 400, True, True),
    ("HA_3_3_3", REAL, A, 0, True, False), ("HA_3_3_4", REAL, NO_A, 0, True, False),
    ("HA_3_3_7", REAL, A, 400, True, False), ("HA_3_3_8", REAL, NO_A, 400, True, False),
]


def ask_to_go(mn, flags, lifetime, home, hao, **more):
    """A de-registration, from the foreign link or from home (then CoA = HoA)."""
    what = {"flags": flags, "lifetime": lifetime, "hao": hao, **more}
    if not home:
        return mn.ask(**what)
    with mn.at_home():
        return mn.ask(src=mn.home, alt_coa="", **what)


@cases("real, flags, lifetime, home, hao", *DEREGISTER)
def test_deregistration(site, case, real, flags, lifetime, home, hao):
    mn = site.mn(real)
    mn.register()
    site.tunnelled(mn)
    a = ask_to_go(mn, flags, lifetime, home, hao, seq=200)
    assert (a.status, a.seq, a.lifetime, a.options) == (0, 200, 0, []), a
    assert not mn.binding()
    site.not_tunnelled(mn)
    site.home_silent(lambda: site.home.solicit(mn.home), mn.home)
    # RFC 6275 10.3.2: one that was overtaken on its way is told so
    a = mn.ask(seq=199)
    assert (a.status, a.seq) == (135, 200) and not mn.binding(), a


@cases("real, flags, lifetime, home, hao", *NOT_BOUND)
def test_deregistration_of_nobody(site, case, real, flags, lifetime, home, hao):
    mn = site.mn(real, secret=True)
    a = ask_to_go(mn, flags, lifetime, home, hao)
    assert (a.status, a.lifetime) == (133, 0), a
    assert not mn.binding()


@cases("real, flags, lifetime, home, hao", *OLD)
def test_old_deregistration_from_home(site, case, real, flags, lifetime, home, hao):
    """RFC 6275 10.3.2: the refusal goes to the link-layer address, not into the tunnel."""
    mn = site.mn(real, secret=True)
    mn.register(seq=15)
    mark = site.foreign.mark()
    a = ask_to_go(mn, flags, lifetime, home, hao, seq=14)
    assert (a.status, a.seq) == (135, 15), a
    assert mn.care_of() == COA
    site.tunnelled(mn)
    assert not site.foreign.heard(mark, lambda p: p.inner and p.inner.mh)


# ---- last, because they take their time ----

@cases("real", ("HA_2_1_4", REAL), ("HA_2_1_8", VIRTUAL))
def test_lifetime_ends(site, case, real):
    mn = site.expiring[real]
    site.wait_gone(mn)
    site.not_tunnelled(mn)
    site.home_silent(lambda: site.home.solicit(mn.home), mn.home)
    assert mn.ask(lifetime=0, seq=5).status == 133
