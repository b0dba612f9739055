# SPDX-License-Identifier: BSD-2-Clause
"""Mobile prefix discovery by a mobile host: solicitations that are right on the wire, and a home
network that is renumbered under it (RFC 6275 11.4.2, 11.4.3).

The home agent is real as far as registrations go; it hears no solicitations, and what it says of
prefixes is made here, so that it can be wrong, too.
"""
import time

import conf
import daemon
from forge import Station
from net import B6, HA_ADDR, HOME_PREFIX, MN_HOA
from proc import until
from scene import arrived
from sock import Echo, Session, udp

from scapy.layers.inet6 import (ICMPv6MPAdv, ICMPv6NDOptPrefixInfo,  # noqa: E402
                                IPv6, IPv6ExtHdrRouting)

NEW_PREFIX, NEW_HOA = "2001:db8:280:a::/64", "2001:db8:280:a::cafe"
SOLICITATION = 146
PORT = 5000


def advert(coa, ident, *prefixes, rh2=MN_HOA, src=HA_ADDR):
    """prefixes: (address, valid, preferred)"""
    m = ICMPv6MPAdv(id=ident)
    for address, valid, preferred in prefixes:
        m /= ICMPv6NDOptPrefixInfo(prefixlen=64, L=1, A=1, prefix=address, validlifetime=valid,
                                   preferredlifetime=preferred)
    ip = IPv6(src=src, dst=coa, hlim=64)
    if rh2:
        ip /= IPv6ExtHdrRouting(type=2, segleft=1, addresses=[rh2])
    return bytes(ip / m)


def solicitations(station, since):
    return [p for p in station.heard(since) if p.icmp6 and p.icmp6[0] == SOLICITATION]


def asked(station, since):
    """The identifier of the next solicitation, which must be as section 6.7 has it."""
    p = until("a solicitation", lambda: next(iter(solicitations(station, since)), None), 60)
    assert (p.dst, p.hao) == (HA_ADDR, MN_HOA), p
    return p.src, int.from_bytes(p.body[4:6], "big")


def prefix_ends(mn):
    one, = mn.registrations(home_address=MN_HOA)
    return one["home_prefix_valid"], one["home_prefix_preferred"]


def test_home_network_is_renumbered(lab):
    net = lab(mrs=0, mns=1)
    key = conf.auth(net, spi=conf.HOST_SPI)
    net.ha.addr("home0", "2001:db8:280:a::1/64")
    ha = daemon.ha(net, mobile_nodes=[conf.mobile_host(security=key),
                                      {"home_address": NEW_HOA, "security": key}],
                   home_links=[{"device": "home0", "address": HA_ADDR,
                                "prefixes": (HOME_PREFIX, NEW_PREFIX)}])
    net.move(net.mn, "foreign1")
    mn = daemon.mn(net, home={"renumber": True}, unsafe_timers=True,
                   timers={"min_valid_lifetime": 4, "initial_solicit_timer": 1})
    coa = arrived(ha, mn, "foreign1", MN_HOA)
    at = Station(net.ha, "core0", HA_ADDR, icmp6=True)
    # what the home agent would say itself does not come in between
    net.ha.run("ip6tables-legacy", "-A", "INPUT", "-p", "icmpv6", "--icmpv6-type",
               str(SOLICITATION), "-j", "DROP")
    since = time.time_ns()
    # nobody asked: discarded, and a reason to ask
    at.send(advert(coa, 7, ("2001:db8:280::", 100000, 100000)))
    src, ident = asked(at, since)
    assert src == coa and prefix_ends(mn) == (None, None)
    # forged in one way or the other
    for bad in (advert(coa, ident, ("2001:db8:280::", 1, 1), rh2=None),
                advert(coa, ident, ("2001:db8:280::", 1, 1), src="2001:db8:280::bad"),
                advert(coa, ident ^ 1, ("2001:db8:280::", 1, 1))):
        at.send(bad)
    at.send(advert(coa, ident, ("2001:db8:280::", 90000, 80000)))
    until("the lifetimes are known", lambda: (prefix_ends(mn)[0] or 0) > 80000)
    session = Session(net.b, net.mn, B6, PORT).talk()
    assert session.source == MN_HOA
    # the new prefix comes and the old one is deprecated
    since = time.time_ns()
    at.send(advert(coa, 8, (MN_HOA, 0, 0)))
    ident = asked(at, since)[1]
    at.send(advert(coa, ident, ("2001:db8:280::", 90000, 0), ("2001:db8:280:a::", 90000, 90000)))
    arrived(ha, mn, "foreign1", NEW_HOA)
    assert session.talk()
    echo = Echo(net.core, PORT)
    until("programs use the new address", lambda: echo.asked_by(
        udp(net.mn), "2001:db8:c1::1") == NEW_HOA)
    assert "deprecated" in net.mn.run("ip", "-6", "address", "show", "dev", "mip0", "to", MN_HOA)
    # the old one ends, not at once but soon
    since = time.time_ns()
    at.send(advert(coa, 9, (MN_HOA, 0, 0)))
    ident = asked(at, since)[1]
    at.send(advert(coa, ident, ("2001:db8:280::", 0, 0), ("2001:db8:280:a::", 90000, 90000)))
    daemon.wait_no_binding(ha, MN_HOA, 60)
    until("the old address is gone", lambda: f"{MN_HOA}/128" not in net.mn.addresses("mip0"))
    assert [r["home_address"] for r in mn.registrations()] == [NEW_HOA]
    assert echo.asked_by(udp(net.mn), "2001:db8:c1::1") == NEW_HOA
    session.close()
    echo.close()
    # on the home link it is at home by the new prefix
    net.move(net.mn, "foreign2")
    arrived(ha, mn, "foreign2", NEW_HOA)
