# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of home agents, 5 to 7: packets into the tunnel and out of it.

RFC 6275 10.4.2, 10.4.5, 10.4.6; RFC 2473 8. Ids as in tests/cases.tsv. What protects the
return routability procedure is the ESP of the tunnel, which is not built: here is that its
messages take the way of the tunnel, both ways.
"""
import pytest
from scapy.layers.inet6 import ICMPv6DestUnreach, MIP6MH_HoT, MIP6MH_HoTI

from case_ha import COA, COA2, CN, STRANGE, Site, cases, link_local
from forge import IPv6
from pkt import Packet

REAL, VIRTUAL = True, False
R2 = "2001:db8:f2::1"


@pytest.fixture(scope="module")
def site(shared_lab):
    return Site(shared_lab, dad=False)


def bound(site, real, **more):
    mn = site.mn(real)
    mn.register(**more)
    return mn


# ---- 5 ----

@cases("real", ("HA_5_1_1", REAL), ("HA_5_1_5", VIRTUAL))
def test_echo_request_to_the_mobile_node(site, case, real):
    mn = bound(site, real)
    p = site.tunnelled(mn)
    assert p.inner.data[7] == 62, "two routers have forwarded it"
    if real:
        site.tunnelled(mn, sender=site.home)


@cases("real", ("HA_5_1_4", REAL), ("HA_5_1_6", VIRTUAL))
def test_tunnel_follows_the_mobile_node(site, case, real):
    mn = bound(site, real)
    site.tunnelled(mn)
    mn.register(src=COA2)
    site.tunnelled(mn, COA2)


@cases("", "HA_5_1_2")
def test_echo_request_to_the_link_local_address(site, case):
    """RFC 6275 10.4.2: not into the tunnel, and ICMP Destination Unreachable, code 3."""
    mn = bound(site, REAL, flags="AHL")
    src = site.net.b.link_local("eth0")
    packet, _n = site.echo(src, link_local(mn.home))
    mark, at = site.home.mark(), site.foreign.mark()
    site.home.frame(site.mac, packet)
    p = site.home.wait(mark, "an ICMP error", lambda p: p.icmp6 and p.icmp6[0] < 128)
    assert p.icmp6 == (1, 3) and p.dst == src, p
    assert p.body[8:] == bytes(packet)
    site.tunnelled(mn)
    assert not site.foreign.heard(at, lambda p: p.inner and p.inner.dst == link_local(mn.home))


@cases("real", ("HA_5_1_3", REAL), ("HA_5_1_7", VIRTUAL))
def test_error_from_within_the_tunnel(site, case, real):
    """RFC 2473 8.3: the sender of the inner packet hears of it, about his own packet."""
    mn = bound(site, real)
    outer = site.tunnelled(mn)
    inner = outer.inner.data
    mark = site.cn.mark()
    site.foreign.send(IPv6(src=R2, dst=mn.agent, hlim=64) / ICMPv6DestUnreach(code=3)
                      / outer.data[14:])
    p = site.cn.wait(mark, "the error", lambda p: p.icmp6 and p.icmp6[0] < 128)
    assert p.icmp6 == (1, 3) and p.dst == CN, p
    quoted = Packet(p.body[8:], 0, 0x86dd)
    assert (quoted.src, quoted.dst, quoted.body) == (CN, mn.home, outer.inner.body), quoted
    assert len(inner) == len(quoted.data)


# ---- 6 ----

@cases("real", ("HA_6_1_1", REAL), ("HA_6_1_3", VIRTUAL))
def test_reverse_tunnel(site, case, real):
    mn = bound(site, real)
    site.reversed_to_cn(mn)


@cases("real", ("HA_6_1_2", REAL), ("HA_6_1_4", VIRTUAL))
def test_reverse_tunnel_follows_the_mobile_node(site, case, real):
    mn = bound(site, real)
    site.reversed_to_cn(mn)
    mn.register(src=COA2)
    site.reversed_to_cn(mn, COA2)
    site.not_reversed(mn, site.echo(mn.home, CN)[0], COA)


@cases("real", ("HA_6_2_1", REAL), ("HA_6_2_2", VIRTUAL))
def test_wrong_outer_source(site, case, real):
    mn = bound(site, real)
    for outer in (STRANGE, COA2, CN):
        site.not_reversed(mn, site.echo(mn.home, CN)[0], outer)
    site.reversed_to_cn(mn)


# ---- 7 ----

def home_test_init(mn, cookie):
    return IPv6(src=mn.home, dst=CN, hlim=64) / MIP6MH_HoTI(reserved=bytes(2), cookie=cookie)


def home_test(mn, cookie):
    return IPv6(src=CN, dst=mn.home, hlim=64) / MIP6MH_HoT(index=1, cookie=cookie,
                                                           token=b"a token!")


def init_passes(site, mn, coa):
    mark = site.cn.mark()
    packet = home_test_init(mn, b"mn to cn")
    site.reverse(mn, packet, coa)
    p = site.cn.wait(mark, "a Home Test Init", lambda p: p.mh and p.mh.name == "HoTI")
    assert (p.src, p.dst, p.hao) == (mn.home, CN, None) and not p.inner, p
    assert p.mh.raw == bytes(packet)[40:]


def answer_passes(site, mn, coa):
    mark = site.foreign.mark()
    packet = home_test(mn, b"cn to mn")
    site.cn.send(packet)
    p = site.foreign.wait(mark, "a Home Test in the tunnel",
                          lambda p: p.inner and p.inner.mh and p.inner.mh.name == "HoT")
    assert (p.src, p.dst) == (mn.agent, coa), p
    assert (p.inner.src, p.inner.dst, p.inner.rh2) == (CN, mn.home, None), p
    assert p.inner.mh.raw == bytes(packet)[40:]
    assert not site.foreign.heard(mark, lambda p: p.mh and p.mh.name == "HoT"), "in the open"



@cases("real, passes", ("HA_6_3_1", REAL, init_passes), ("HA_6_3_3", REAL, answer_passes),
       ("HA_6_3_5", VIRTUAL, init_passes), ("HA_6_3_7", VIRTUAL, answer_passes))
def test_home_test_takes_the_tunnel(site, case, real, passes):
    passes(site, bound(site, real), COA)


@cases("real, passes", ("HA_6_3_2", REAL, init_passes), ("HA_6_3_4", REAL, answer_passes),
       ("HA_6_3_6", VIRTUAL, init_passes), ("HA_6_3_8", VIRTUAL, answer_passes))
def test_home_test_follows_the_mobile_node(site, case, real, passes):
    mn = bound(site, real)
    passes(site, mn, COA)
    mn.register(src=COA2)
    passes(site, mn, COA2)


@cases("real", ("HA_6_3_9", REAL), ("HA_6_3_10", VIRTUAL))
def test_home_test_init_of_somebody_else(site, case, real):
    mn = bound(site, real)
    for outer in (STRANGE, COA2):
        site.not_reversed(mn, home_test_init(mn, b"not me!!"), outer)
    init_passes(site, mn, COA)
