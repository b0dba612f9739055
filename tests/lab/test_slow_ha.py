# SPDX-License-Identifier: BSD-2-Clause
"""The timers of a home agent as the RFCs want them, once each: tests/run lab --slow.

What must not be early is asserted, never that something was in time: machines are busy.
"""
import os

import pytest
from scapy.layers.inet6 import MIP6OptBRAdvice

from case_ha import COA2, Site, probes
from proc import until

pytestmark = pytest.mark.skipif("LAB_SLOW" not in os.environ,
                                reason="timers as the RFCs want them: set LAB_SLOW")
SECOND = 10**9
ADVICE = 4


@pytest.fixture(scope="module")
def site(shared_lab):
    return Site(shared_lab, timers={"dad_retrans": 1}, refresh_advice=ADVICE)


def heard_ack(site, mn, mark):
    """The newest acknowledgement: when, and what."""
    p = site.foreign.heard(mark, lambda p: p.mh and p.mh.name == "BA" and p.rh2 == mn.home)[-1]
    return p.t, p.mh


def test_duplicate_address_detection_takes_a_second(site):
    """RFC 4862 5.4: RetransTimer after the probe, before the address may be used."""
    mn = site.mn()
    link, mark = site.link.mark(), site.foreign.mark()
    mn.register()
    probe, = probes(site.link, link, mn.home)
    assert heard_ack(site, mn, mark)[0] - probe.t >= SECOND
    # a refresh needs none
    link = site.link.mark()
    mn.register(src=COA2)
    assert not probes(site.link, link, mn.home)


def test_deregistered_binding_is_remembered_for_ten_seconds(site):
    """RFC 6275 10.3.2, MAX_DELETE_BCE_TIMEOUT."""
    mn = site.mn(real=False)
    mn.register(seq=100)
    mark = site.foreign.mark()
    mn.register(seq=200, lifetime=0)
    gone = heard_ack(site, mn, mark)[0]
    refused = []

    def accepted():
        a = mn.ask(seq=199)
        assert a.status in (0, 135), a
        refused.append(a.seq)
        return a.status == 0
    until("the number is forgotten", accepted, 60, 0.5)
    assert refused[:-1] and set(refused[:-1]) == {200}
    assert heard_ack(site, mn, mark)[0] - gone >= 10 * SECOND
    assert mn.binding()


def test_binding_stands_for_its_lifetime_and_not_for_the_advice(site):
    """RFC 6275 10.3.1: advice is less than the lifetime; without a refresh the binding stays."""
    mn = site.mn()
    assert not mn.register(lifetime=ADVICE).option(MIP6OptBRAdvice)
    mark = site.foreign.mark()
    a = mn.register(lifetime=2 * ADVICE)
    assert a.option(MIP6OptBRAdvice).rinter * 4 == ADVICE, a
    since = heard_ack(site, mn, mark)[0]
    mark = site.cn.mark()
    site.wait_gone(mn)
    # the last packet that still took the tunnel, by the clock of the captures
    site.not_tunnelled(mn)
    first = site.cn.heard(mark, lambda p: p.echo and p.dst == mn.home)[0]
    assert first.t - since >= 2 * ADVICE * SECOND
