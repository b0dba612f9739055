# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of home agents, 9: mobile prefix discovery.

RFC 6275 10.6, 6.7, 6.8. Ids as in tests/cases.tsv. The solicitations would be in ESP, which
is not built: here they are believed as far as they agree with the binding.
"""
import itertools
import struct

import pytest
from scapy.layers.inet6 import (ICMPv6MPAdv, ICMPv6NDOptPrefixInfo, IPv6ExtHdrDestOpt,
                                in6_chksum)

import net
from case_ha import (COA, COA2, SHORT, SHORT_HA, SHORT_PREFERRED, SHORT_VALID, VIRTUAL as
                     VIRTUAL_PREFIX, Site, cases)
from forge import HAO, IPv6

REAL, VIRTUAL = True, False
SOLICITATION, ADVERTISEMENT = 146, 147
FOREVER = 0xffffffff
identifiers = itertools.count(0x3000)


@pytest.fixture(scope="module")
def site(shared_lab):
    return Site(shared_lab, dad=False)


def solicitation(mn, src=COA, reserved=0):
    """The packet and its number. Its checksum is over the home address (RFC 6275 6.3)."""
    n = next(identifiers)
    icmp = bytearray(struct.pack("!BBHHH", SOLICITATION, 0, 0, n, reserved))
    icmp[2:4] = struct.pack("!H", in6_chksum(58, IPv6(src=mn.home, dst=mn.agent), bytes(icmp)))
    return IPv6(src=src, dst=mn.agent, hlim=64) / IPv6ExtHdrDestOpt(
        nh=58, options=[HAO(hoa=mn.home)]) / bytes(icmp), n


def told(site, mn, reserved=0):
    """The advertisement that answers a solicitation: prefix information, one a prefix."""
    packet, n = solicitation(mn, reserved=reserved)
    mark = site.foreign.mark()
    site.foreign.send(packet)
    p = site.foreign.wait(mark, f"prefixes for {mn.home}",
                          lambda p: p.icmp6 == (ADVERTISEMENT, 0) and p.rh2 == mn.home)
    assert (p.src, p.dst) == (mn.agent, COA), p
    assert in6_chksum(58, IPv6(src=p.src, dst=mn.home), p.body) == 0
    assert struct.unpack_from("!HH", p.body, 4) == (n, 0), "the number; M, O and reserved bits"
    one, out = IPv6(p.data[14:])[ICMPv6MPAdv].payload, []
    while isinstance(one, ICMPv6NDOptPrefixInfo):
        out.append(one)
        one = one.payload
    return out


def check_home(infos, real):
    info, = infos
    prefix = net.HOME_PREFIX if real else VIRTUAL_PREFIX
    assert info.prefixlen == 64 and info.prefix.startswith(prefix.removesuffix("/64")), info
    assert not info.R or info.prefix == (net.HA_ADDR if real else "2001:db8:500::1")
    return info


@cases("real, reserved", ("HA_8_1_1", REAL, 0), ("HA_8_1_15", REAL, 0xffff),
       ("HA_8_1_2", VIRTUAL, 0), ("HA_8_1_16", VIRTUAL, 0xffff))
def test_prefixes_of_home(site, case, real, reserved):
    mn = site.mn(real)
    mn.register()
    check_home(told(site, mn, reserved), real)


@cases("real", ("HA_8_1_7", REAL), ("HA_8_1_8", VIRTUAL))
def test_binding_is_not_longer_than_the_prefix(site, case, real):
    mn = site.mn_short() if real else site.mn(real)
    a = mn.ask(lifetime=2 * SHORT_VALID)
    if real:
        info, = told(site, mn)
        assert info.prefix in (SHORT.removesuffix("/64"), SHORT_HA), info
        assert (info.validlifetime, info.preferredlifetime) == (SHORT_VALID, SHORT_PREFERRED)
        assert (a.status, a.lifetime) == (1, SHORT_VALID), a
    else:
        info = check_home(told(site, mn), real)
        assert (info.validlifetime, info.preferredlifetime) == (FOREVER, FOREVER)
        assert (a.status, a.lifetime) == (0, 2 * SHORT_VALID), a


@cases("real", ("HA_8_1_3", REAL), ("HA_8_1_4", VIRTUAL))
def test_solicitation_without_registration(site, case, real):
    """Nor from where the mobile node is not, nor after its end."""
    mn, other = site.mn(real), site.mn(real)
    mark = site.foreign.mark()
    site.foreign.send(solicitation(mn)[0])
    mn.register()
    site.foreign.send(solicitation(mn, src=COA2)[0])
    mn.register(lifetime=0)
    site.foreign.send(solicitation(mn)[0])
    other.register()
    told(site, other)
    wrong = site.foreign.heard(mark, lambda p: p.icmp6 and p.icmp6[0] == ADVERTISEMENT and
                               p.rh2 != other.home)
    assert not wrong, [str(p) for p in wrong]
