# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of home agents, 8: dynamic home agent address discovery.

RFC 6275 10.5, 7.4; RFC 3963 7. Ids as in tests/cases.tsv. RUT is the home agent under test,
HA0 and HA1 are played by the neighbour on the home link.
"""
import itertools

import pytest
from scapy.layers.inet6 import (ICMPv6HAADReply, ICMPv6HAADRequest, ICMPv6ND_RA,
                                ICMPv6NDOptHAInfo, ICMPv6NDOptPrefixInfo)

import net
from case_ha import COA, VIRTUAL_HA, Site, cases
from forge import IPv6
from proc import until

RUT, PREFERENCE = net.HA_ADDR, 20
ANYCAST = "2001:db8:280:0:fdff:ffff:ffff:fffe"
VIRTUAL_ANYCAST = "2001:db8:500:0:fdff:ffff:ffff:fffe"
REAL, VIRTUAL = True, False
MOBILE_ROUTERS = 0x8000
identifiers = itertools.count(0x2000)
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def site(shared_lab):
    return Site(shared_lab, preference=PREFERENCE, dad=False)


class Agent:
    """Another home agent of the home link. As a context: it says good-bye at the end."""

    def __init__(self, site, n_addresses=1):
        self.site, n = site, next(numbers)
        self.local = f"fe80::a:{n:x}"
        self.addresses = [f"2001:db8:280::a:{n:x}:{k:x}" for k in range(1, n_addresses + 1)]

    def say(self, preference=None, lifetime=1800, router_lifetime=1800, h=1, whole=1, flags=0):
        """A Router Advertisement. preference None: without Home Agent Information."""
        ra = ICMPv6ND_RA(H=h, routerlifetime=router_lifetime, chlim=64)
        for a in self.addresses:
            ra /= ICMPv6NDOptPrefixInfo(prefixlen=64, L=1, A=1, R=whole, validlifetime=86400,
                                        preferredlifetime=86400,
                                        prefix=a if whole else "2001:db8:280::")
        if preference is not None:
            ra /= ICMPv6NDOptHAInfo(pref=preference, lifetime=lifetime, res=flags)
        self.site.home.frame("33:33:00:00:00:01",
                             IPv6(src=self.local, dst="ff02::1", hlim=255) / ra)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.say(router_lifetime=0, h=0)


def discover(site, dst=ANYCAST, routers=0, reserved=0):
    """One discovery from the foreign link; the answer. Asked again if it was one too many."""
    idents = []

    def answer():
        mark = site.foreign.mark()
        idents.append(next(identifiers) & 0xffff)
        site.foreign.send(IPv6(src=COA, dst=dst, hlim=64) /
                          ICMPv6HAADRequest(id=idents[-1], R=routers, res=reserved))
        try:
            p = site.foreign.wait(mark, "an answer", lambda p: p.icmp6 and p.icmp6[0] == 145 and
                                  IPv6(p.data[14:])[ICMPv6HAADReply].id in idents, 1)
        except AssertionError:
            return None
        return IPv6(p.data[14:])
    reply = until(f"an answer from {dst}", answer)
    assert reply.dst == COA and reply[ICMPv6HAADReply].res == 0
    return reply


def addresses(site, **how):
    return list(discover(site, **how)[ICMPv6HAADReply].addresses)


def listed(site, *wanted, **how):
    """Wait until the answer names exactly these, in this order."""
    last = []

    def same():
        last[:] = addresses(site, **how)
        return last == list(wanted)
    try:
        until("the list", same, 60)
    except AssertionError:
        assert last == list(wanted)


# ---- 8.1 ----

@cases("real, reserved", ("HA_7_1_1", REAL, 0), ("HA_7_1_3", REAL, 0x7fff),
       ("HA_7_1_2", VIRTUAL, 0), ("HA_7_1_4", VIRTUAL, 0x7fff))
def test_discovery(site, case, real, reserved):
    reply = discover(site, ANYCAST if real else VIRTUAL_ANYCAST, reserved=reserved)
    own = RUT if real else VIRTUAL_HA
    assert reply.src == own and reply[ICMPv6HAADReply].addresses == [own]


# ---- 8.2 ----

@cases("said, first", ("HA_7_2_1", {"preference": 0}, False), ("HA_7_2_9", {}, False),
       ("HA_7_2_2", {"preference": 0xffff}, True))
def test_preference(site, case, said, first):
    """Unsigned; without the option it is 0."""
    with Agent(site).say(**said) as ha0:
        both = [*ha0.addresses, RUT]
        listed(site, *(both if first else reversed(both)))


@cases("said", ("HA_7_3_1", {"preference": 30, "lifetime": 0}),
       ("HA_7_3_2", {"router_lifetime": 0}), ("HA_7_4_1", {"preference": 30, "h": 0}))
def test_home_agent_that_resigns(site, case, said):
    with Agent(site) as never, Agent(site).say(preference=30) as ha0:
        listed(site, *ha0.addresses, RUT)
        ha0.say(**said)
        never.say(**said)
        listed(site, RUT)


@cases("", "HA_7_4_2")
def test_prefix_without_address(site, case):
    """R = 0: which address the home agent has is not said."""
    with Agent(site).say(preference=40, whole=0), Agent(site).say(preference=30) as later:
        listed(site, *later.addresses, RUT)


@cases("said", ("HA_7_2_10", {"preference": 30, "lifetime": 2}),
       ("HA_7_2_11", {"router_lifetime": 2}))
def test_home_agent_that_falls_silent(site, case, said):
    with Agent(site) as ha0:
        def heard():
            ha0.say(**said)
            return ha0.addresses[0] in addresses(site)
        until("HA0 is listed", heard)
        listed(site, RUT)


@cases("", "HA_7_2_12")
def test_new_preference(site, case):
    with Agent(site).say(preference=30) as ha0:
        listed(site, *ha0.addresses, RUT)
        ha0.say(preference=10)
        listed(site, RUT, *ha0.addresses)


@cases("", "HA_7_2_13")
def test_new_lifetime(site, case):
    """HA0 and HA1 would end together; HA0 says something else in time."""
    with Agent(site) as ha0, Agent(site) as ha1:
        def heard():
            ha0.say(preference=30, lifetime=3)
            ha1.say(preference=10, lifetime=3)
            return len(addresses(site)) == 3
        until("both are listed", heard)
        ha0.say(preference=30, lifetime=1800)
        listed(site, *ha0.addresses, RUT)


@cases("", "HA_7_2_15")
def test_several_addresses(site, case):
    """All of them, in an order that changes."""
    with Agent(site, 2).say(preference=30) as ha0:
        one, two = ha0.addresses
        listed(site, one, two, RUT)
        listed(site, two, one, RUT)


@cases("ha0, ha1, order",
       ("HA_7_2_3", 10, 5, "r01"), ("HA_7_2_4", 5, 10, "r10"), ("HA_7_2_5", 30, 10, "0r1"),
       ("HA_7_2_6", 10, 30, "1r0"), ("HA_7_2_7", 40, 30, "01r"), ("HA_7_2_8", 30, 40, "10r"))
def test_order(site, case, ha0, ha1, order):
    with Agent(site).say(preference=ha0) as zero, Agent(site).say(preference=ha1) as one:
        names = {"0": zero.addresses[0], "1": one.addresses[0], "r": RUT}
        listed(site, *(names[c] for c in order))


@cases("", "HA_7_2_14")
def test_equal_preference(site, case):
    with Agent(site).say(preference=30) as zero, Agent(site).say(preference=30) as one:
        listed(site, *zero.addresses, *one.addresses, RUT)
        listed(site, *one.addresses, *zero.addresses, RUT)


@cases("", "HA_7_5_1")
def test_least_mtu(site, case):
    """The best of them, as many as fit into 1280 octets."""
    agents = [Agent(site, 6).say(preference=100 + n) for n in range(16)]
    best = set(agents[-1].addresses)
    reply = until("a full list", lambda: next((r for r in [discover(site)] if
                  set(r[ICMPv6HAADReply].addresses[:6]) == best), None))
    for a in agents:
        a.say(router_lifetime=0, h=0)
    n = len(reply[ICMPv6HAADReply].addresses)
    assert 40 + reply.plen <= 1280 and n >= 70, n
    assert RUT not in reply[ICMPv6HAADReply].addresses
    listed(site, RUT)


# ---- RFC 3963 7 ----

@cases("routers", ("NHA_5_1", 0), ("NHA_5_2", 1))
def test_discovery_by_a_mobile_router(site, case, routers):
    """Asked with R: those that serve mobile routers, and R says so."""
    with Agent(site).say(preference=40) as hosts, \
            Agent(site).say(preference=30, flags=MOBILE_ROUTERS) as nemo:
        wanted = [*nemo.addresses, RUT]
        listed(site, *wanted if routers else [*hosts.addresses, *wanted], routers=routers)
        assert discover(site, routers=routers)[ICMPv6HAADReply].R == routers
