# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of home agents for mobile routers, made from RFC 3963 6 (NHA_*).

Ids as in tests/cases.tsv.
"""
import pytest
from scapy.layers.inet6 import ICMPv6DestUnreach

from case_ha import (COA, COA2, CN, OUTSIDE, STRANGE, Site, adverts, cases, link_local, within)
from forge import IPv6
from net import B6
from pkt import Packet
from scene import OVERRIDE, ROUTER, SOLICITED, TARGET_LL, nd_flags, nd_option

REAL, VIRTUAL = True, False
R2 = "2001:db8:f2::1"
MR, MR_L, HOST = "AHR", "AHLR", "AH"


@pytest.fixture(scope="module")
def site(shared_lab):
    s = Site(shared_lab)
    s.expiring = s.router()
    s.expiring.register(flags=MR, lifetime=4)
    return s


def served(site, mr, *prefixes, coa=COA):
    """Packets to and from these networks pass."""
    for p in prefixes:
        site.tunnelled(mr, coa, dst=within(p))
        site.reversed_to_cn(mr, coa, src=within(p))


def not_served(site, mr, *prefixes, coa=COA):
    for p in prefixes:
        site.not_tunnelled(mr, site.echo(CN, within(p))[0])
        site.not_reversed(mr, site.echo(within(p), CN)[0], coa)


def refused(mr, status, **what):
    a = mr.ask(**what)
    assert (a.status, a.lifetime, a.router) == (status, 0, False), a


# ---- 6.2, 6.6: registration ----

@cases("real, listed, flags",
       ("NHA_1_1", REAL, 0, MR), ("NHA_1_2", REAL, 1, MR), ("NHA_1_3", REAL, 2, MR),
       ("NHA_1_4", VIRTUAL, 0, MR), ("NHA_1_5", VIRTUAL, 1, MR), ("NHA_1_6", VIRTUAL, 2, MR),
       ("NHA_1_7", REAL, 0, "HR"))
def test_networks_of_a_registration(site, case, real, listed, flags):
    mr = site.router(real)
    a = mr.register(flags=flags, prefixes=mr.prefixes[:listed])
    assert a.router, "R: we forward for the network"
    n = listed or 2
    served(site, mr, *mr.prefixes[:n])
    not_served(site, mr, *mr.prefixes[n:])
    site.tunnelled(mr)
    site.reversed_to_cn(mr)


@cases("", "NHA_1_8")
def test_router_that_registers_as_a_host(site, case):
    mr = site.router()
    a = mr.register(flags=HOST)
    assert not a.router
    site.tunnelled(mr)
    not_served(site, mr, *mr.prefixes)


@cases("flags, status", ("NHA_1_9", "AR", 140))
def test_r_without_h(site, case, flags, status):
    mr = site.router()
    refused(mr, status, flags=flags, prefixes=mr.prefixes)
    assert not mr.binding()


@cases("", "NHA_1_10")
def test_node_that_is_no_router(site, case):
    mn = site.mn()
    refused(mn, 140, flags=MR)
    assert not mn.binding()


@cases("wrong, status",
       ("NHA_1_11", "fe80::/64", 141), ("NHA_1_12", "ff0e::/64", 141),
       ("NHA_1_13", "2001:db8:999::/64", 142), ("NHA_1_14", "2001:db8:280::/64", 142))
def test_prefix_that_is_not_his(site, case, wrong, status):
    """Not even the prefix beside it that is his own."""
    mr = site.router()
    refused(mr, status, flags=MR, prefixes=[mr.prefixes[0], wrong])
    assert not mr.binding()
    not_served(site, mr, mr.prefixes[0])
    mr.register(flags=MR)
    refused(mr, status, flags=MR, prefixes=[wrong], src=COA2)
    assert mr.care_of() == COA
    served(site, mr, *mr.prefixes)


@cases("", "NHA_1_15")
def test_prefix_of_another_router(site, case):
    mr, other = site.router(), site.router()
    other.register(flags=MR)
    refused(mr, 142, flags=MR, prefixes=other.prefixes[:1], src=COA2)
    served(site, other, *other.prefixes)


@cases("", "NHA_1_16")
def test_implicit_without_anything_configured(site, case):
    mr = site.router(kind="empty")
    refused(mr, 143, flags=MR)
    assert not mr.binding()


@cases("before, after", ("NHA_1_17", MR, HOST), ("NHA_1_18", HOST, MR))
def test_type_does_not_change(site, case, before, after):
    mr = site.router()
    mr.register(flags=before)
    refused(mr, 139, flags=after, src=COA2)
    assert mr.care_of() == COA
    site.tunnelled(mr)
    (served if before == MR else not_served)(site, mr, *mr.prefixes)


@cases("", "NHA_1_19")
def test_home_address_outside(site, case):
    mr = site.router()
    mr.home = OUTSIDE
    refused(mr, 132, flags=MR)


@cases("", "NHA_1_20")
def test_networks_change_with_an_update(site, case):
    mr = site.router()
    one, two = mr.prefixes
    mr.register(flags=MR, prefixes=[one, two])
    served(site, mr, one, two)
    mr.register(flags=MR, prefixes=[two])
    served(site, mr, two)
    not_served(site, mr, one)
    mr.register(flags=MR)               # implicit: what is configured
    served(site, mr, one, two)


# ---- 6.4, 6.5: forwarding ----

@cases("real", ("NHA_2_1", REAL), ("NHA_2_2", VIRTUAL))
def test_tunnel_of_the_network_follows(site, case, real):
    mr = site.router(real)
    mr.register(flags=MR)
    served(site, mr, *mr.prefixes)
    mr.register(flags=MR, src=COA2)
    served(site, mr, *mr.prefixes, coa=COA2)
    site.not_reversed(mr, site.echo(within(mr.prefixes[0]), CN)[0], COA)


@cases("real", ("NHA_2_3", REAL), ("NHA_2_4", VIRTUAL))
def test_sources_that_a_tunnel_may_not_have(site, case, real):
    """Outer: the care-of address only. Inner: of this router, and nothing link-local."""
    mr, other = site.router(real), site.router(real)
    mr.register(flags=MR)
    other.register(flags=MR, src=COA2)
    mine, his = within(mr.prefixes[0]), within(other.prefixes[0])
    for inner, outer in ((mine, STRANGE), (mine, COA2), (his, COA), (other.home, COA),
                         (B6, COA), (CN, COA), ("2001:db8:999::1", COA), ("fe80::1", COA)):
        site.not_reversed(mr, site.echo(inner, CN)[0], outer)
    served(site, mr, *mr.prefixes)
    served(site, other, *other.prefixes, coa=COA2)


@cases("", "NHA_2_5")
def test_error_from_within_the_tunnel_of_a_network(site, case):
    mr = site.router()
    mr.register(flags=MR)
    outer = site.tunnelled(mr, dst=within(mr.prefixes[0]))
    mark = site.cn.mark()
    site.foreign.send(IPv6(src=R2, dst=mr.agent, hlim=64) / ICMPv6DestUnreach(code=3)
                      / outer.data[14:])
    p = site.cn.wait(mark, "the error", lambda p: p.icmp6 and p.icmp6[0] < 128)
    quoted = Packet(p.body[8:], 0, 0x86dd)
    assert p.icmp6 == (1, 3) and p.dst == CN, p
    assert (quoted.src, quoted.dst) == (CN, within(mr.prefixes[0])), quoted


# ---- 6.2: the home link ----

@cases("flags", ("NHA_3_1", MR), ("NHA_3_2", MR_L))
def test_all_nodes_are_told_of_a_router(site, case, flags):
    """RFC 3963 6.2: R is set, as the router would itself."""
    mr = site.router()
    mark = site.home.mark()
    mr.register(flags=flags)
    site.tunnelled(mr)
    for address in (mr.home, link_local(mr.home))[:1 + ("L" in flags)]:
        told = adverts(site.home, mark, address)
        assert told and all(p.dst == "ff02::1" and nd_flags(p) == OVERRIDE | ROUTER and
                            nd_option(p, TARGET_LL) == site.mac for p in told), told


@cases("src", ("NHA_3_3", None), ("NHA_3_4", "::"))
def test_who_asks_for_a_router_is_told_so(site, case, src):
    mr = site.router()
    mr.register(flags=MR)
    mark = site.home.mark()
    site.home.solicit(mr.home, src=src)
    p = site.home.wait(mark, "an advertisement that answers", lambda p: p.nd == "NA" and
                       p.target == mr.home and p.dst == ("ff02::1" if src else B6) and
                       nd_option(p, TARGET_LL) == site.mac)
    assert nd_flags(p) & ~OVERRIDE == ROUTER | (0 if src else SOLICITED), hex(nd_flags(p))


# ---- 6.2, 6.7: the end ----

@cases("flags, home, options", ("NHA_4_1", MR, False, "own"), ("NHA_4_2", MR, False, "others"),
       ("NHA_4_3", HOST, False, ""), ("NHA_4_4", MR, True, "own"))
def test_end_of_a_registration(site, case, flags, home, options):
    """R and prefixes of the de-registration are not looked at."""
    mr = site.router()
    mr.register(flags=MR)
    served(site, mr, *mr.prefixes)
    what = {"flags": flags, "lifetime": 0, "prefixes": {
        "own": mr.prefixes, "others": ["2001:db8:999::/64", "fe80::/64"], "": ()}[options]}
    if home:
        with mr.at_home():
            a = mr.ask(src=mr.home, hao=False, alt_coa="", **what)
    else:
        a = mr.ask(**what)
    assert (a.status, a.lifetime) == (0, 0), a
    assert not mr.binding()
    not_served(site, mr, *mr.prefixes)
    site.not_tunnelled(mr)
    site.home_silent(lambda: site.home.solicit(mr.home), mr.home)


@cases("", "NHA_4_5")
def test_lifetime_of_a_router_ends(site, case):
    mr = site.expiring
    site.wait_gone(mr)
    not_served(site, mr, *mr.prefixes)
    site.not_tunnelled(mr)
