# SPDX-License-Identifier: BSD-2-Clause
"""Mobile prefix discovery: solicitations made by hand, advertisements read by scapy."""
import itertools
import struct
import time

import conf
import daemon
from forge import HAO, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, Mobile, Station, keys
from net import HA_ADDR, HOA, HOME_PREFIX
from proc import until

from scapy.layers.inet6 import (ICMPv6MPAdv,  # noqa: E402
                                ICMPv6NDOptPrefixInfo, in6_chksum)

NEW = "2001:db8:28a::/64"
MN = "2001:db8:c1::2"
ELSEWHERE = "2001:db8:c2::2"
_identifier = itertools.count(0x2000)


class Told:
    def __init__(self, p):
        ip = IPv6(p.data[14:])
        adv = ip[ICMPv6MPAdv]
        routing = ip[IPv6ExtHdrRouting]
        self.t, self.src, self.dst, self.id = p.t, ip.src, ip.dst, adv.id
        self.rh2 = routing.addresses[0] if routing.type == 2 else None
        self.flags = int(adv.flags) if adv.flags is not None else 0
        self.prefixes = []
        while ICMPv6NDOptPrefixInfo in adv:
            adv = adv[ICMPv6NDOptPrefixInfo]
            self.prefixes.append((adv.prefix, adv.prefixlen, "".join(
                f for f in "LAR" if int(getattr(adv, f))), adv.validlifetime,
                adv.preferredlifetime))
            adv = adv.payload
        body = bytes(ip[ICMPv6MPAdv])
        self.checksum_ok = in6_chksum(58, IPv6(src=ip.src, dst=self.rh2), body) == 0


def told(station, since):
    return [Told(p) for p in station.heard(since) if p.icmp6 and p.icmp6[0] == 147]


def solicitation(src, home=HOA, dst=HA_ADDR, reserved=0, options=b"", hao=True):
    """RFC 6275 6.7; the checksum is over the home address (6.3)."""
    ident = next(_identifier)
    icmp = struct.pack("!BBHHH", 146, 0, 0, ident, reserved) + options
    pseudo = IPv6(src=home if hao else src, dst=dst)
    icmp = icmp[:2] + struct.pack("!H", in6_chksum(58, pseudo, icmp)) + icmp[4:]
    ip = IPv6(src=src, dst=dst, hlim=64, **({} if hao else {"nh": 58}))
    if hao:
        ip /= IPv6ExtHdrDestOpt(nh=58, options=[HAO(hoa=home)])
    return bytes(ip / icmp), ident


def solicit(station, **how):
    packet, ident = solicitation(station.address, **how)
    since = time.time_ns()
    station.send(packet)
    until("a prefix advertisement", lambda: [a for a in told(station, since) if a.id == ident])
    return [a for a in told(station, since) if a.id == ident][0]


LINK = {"device": "home0", "address": HA_ADDR, "prefixes": (HOME_PREFIX,)}


def ha_text(net, link=(), **more):
    nodes = [conf.mobile_node(0, conf.auth(net, 0, keys(0)))]
    return conf.ha_conf(net, mobile_nodes=nodes, dad=False,
                        home_links=[{**LINK, **dict(link)}], **more)


def begin(net, link=(), lifetime=600, status=0, **more):
    """A home agent, and a registered mobile node played by hand on r1."""
    ha = daemon.ha(net, text=ha_text(net, link, **more))
    at = Station(net.r1, "core0", MN, icmp6=True)
    mobile = Mobile(at)
    assert mobile.ask(lifetime=lifetime).status == status
    return ha, at, mobile


def test_registered_node_gets_the_prefixes_of_its_home(net):
    ha, at, mobile = begin(net, {"valid_lifetime": 86400, "preferred_lifetime": 14400})
    for how in ({}, {"reserved": 0xffff}, {"options": b"\x63\x01" + bytes(6)}):
        a = solicit(at, **how)
        assert (a.src, a.dst, a.rh2) == (HA_ADDR, MN, HOA)
        assert a.prefixes == [(HA_ADDR, 64, "LAR", 86400, 14400)], a.prefixes
        assert a.flags == 0 and a.checksum_ok
    # not more than one a second, and the last of several is answered
    since = time.time_ns()
    packets = [solicitation(MN) for _ in range(5)]
    for packet, _ident in packets:
        at.send(packet)
    until("the answer to the last", lambda: [x for x in told(at, since)
                                             if x.id == packets[-1][1]])
    times = [x.t for x in told(at, 0)]
    assert all(b - a > 0.95e9 for a, b in zip(times, times[1:])), times


def test_who_is_not_registered_gets_nothing(net):
    ha = daemon.ha(net, text=ha_text(net))
    at = Station(net.r1, "core0", MN, icmp6=True)
    other = Station(net.r2, "core0", ELSEWHERE, icmp6=True)
    since = time.time_ns()
    at.send(solicitation(MN)[0])                    # no binding
    mobile = Mobile(at)
    assert mobile.ask().status == 0
    other.send(solicitation(ELSEWHERE)[0])          # not its care-of address
    at.send(solicitation(MN, hao=False)[0])         # no home address
    at.send(solicitation(MN, home="2001:db8:280::77")[0])
    a = solicit(at)
    assert [x.id for x in told(at, since)] == [a.id] and not told(other, since)
    assert mobile.ask(lifetime=0).status == 0
    until("the binding is gone", lambda: not ha.bindings())
    gone = time.time_ns()
    at.send(solicitation(MN)[0])
    assert mobile.ask().status == 0
    assert not told(at, gone)


def test_operator_turns_it_off(net):
    ha, at, _mobile = begin(net, prefix_advertisements=False)
    since = time.time_ns()
    at.send(solicitation(MN)[0])
    # without a policy for it the kernel says Binding Error
    until("a Binding Error", lambda: at.messages("BE", since))
    assert not told(at, since)


def scaled():
    return {"timers": {"min_mob_pfx_adv_interval": 1, "max_mob_pfx_adv_interval": 3600,
                       "prefix_adv_timeout": 1}, "unsafe_timers": True}


def test_new_prefix_is_told_and_repeated_until_acknowledged(net):
    more = scaled()
    more["timers"]["max_mob_pfx_adv_interval"] = 1.5
    ha, at, _mobile = begin(net, **more)
    since = time.time_ns()
    ha.reload(ha_text(net, {"prefixes": (HOME_PREFIX, NEW)}, **more))
    ha.wait_log("reloaded")
    until("an advertisement nobody asked for", lambda: [
        a for a in told(at, since) if len(a.prefixes) == 2])
    a = [x for x in told(at, since) if len(x.prefixes) == 2][0]
    assert (a.src, a.dst, a.rh2) == (HA_ADDR, MN, HOA)
    assert [p[0] for p in a.prefixes] == [HA_ADDR, "2001:db8:28a::"]
    assert [p[2] for p in a.prefixes] == ["LAR", "LA"]
    until("a repetition", lambda: len(told(at, a.t)) >= 3)
    solicit(at)                                     # the acknowledgement
    stats = ha.ctl.call("GetStats")["home_agent"]
    assert stats["prefix_solicitations"] == 1, stats


def test_prefix_that_ends_is_told_and_limits_the_binding(net):
    # preferred for less than the binding: status 1, accepted but prefix discovery necessary
    ha, at, mobile = begin(net, {"valid_lifetime": 400, "preferred_lifetime": 100}, status=1,
                           **scaled())
    assert ha.bindings()[0]["lifetime"] == 400
    a = solicit(at)
    assert a.prefixes[0][3:] == (400, 100)
    # deprecated by a reload: it is told
    since = time.time_ns()
    link = {"valid_lifetime": 300, "preferred_lifetime": 0}
    ha.reload(ha_text(net, link, **scaled()))
    until("the deprecation is told", lambda: [x for x in told(at, since)
                                              if x.prefixes[0][3:] == (300, 0)], 60)


def test_lifetimes_run_down_in_real_time(net):
    ha, at, mobile = begin(net, {"valid_lifetime": 100, "preferred_lifetime": 90,
                                 "decrement_lifetimes": True}, status=1)
    first = solicit(at).prefixes[0][3:]
    until("lifetimes of less", lambda: solicit(at).prefixes[0][3] < first[0])
    now = solicit(at).prefixes[0][3:]
    assert now[0] - now[1] == 10 and now[0] < 100
    assert mobile.ask().status == 1
    assert ha.bindings()[0]["lifetime"] < 100
