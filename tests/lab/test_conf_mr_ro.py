# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile router: route optimization of its own traffic, and of nothing else.

RFC 3963 3 and 6.2: what it sends itself may go directly, the mobile network stays in the tunnel.
"""
import pytest

import case_ro
from case_mobile import (A, HA_ADDR, HOA, answered, ask, case, cases, echo, from_a, numbers, passed,
                         request, tunnelled)
from case_ro import Correspondent, no_hint, optimised, routed

MNP_OPTION = 6


@pytest.fixture(scope="module")
def w(request):
    yield from case_ro.world(request, "mr")


@pytest.fixture(scope="module")
def c(w):
    """A correspondent that has a binding of the router's home address."""
    return optimised(w)


@case("MR_3_1")
def test_what_the_router_sends_itself_goes_directly(w, c):
    assert c.is_direct()
    mark, seq = w.out.mark(), next(numbers)
    w.ha.send(c.by_routing_header(seq))
    p = answered(w, seq, mark)
    assert (p.src, p.dst, p.hao, p.inner) == (w.ha.care_of, c.address, HOA, None)


@case("MR_6.2_1")
def test_peers_hear_nothing_of_the_mobile_network(c):
    """The basic support does not allow it: no R, no prefix, as there is no H."""
    bu = c.next("BU")
    assert bu.mh.flags == "A" and bu.mh.option(MNP_OPTION) is None


@case("MR_3_2")
def test_the_mobile_network_takes_the_tunnel_to_who_has_a_binding(w, c):
    p = w.out.wait("the request", passed(from_a(w, A, c.address), link=w.out.at))
    assert (p.src, p.dst, p.hao) == (w.ha.care_of, HA_ADDR, None)
    assert (p.inner.src, p.inner.dst, p.inner.hao) == (A, c.address, None)


@case("MR_3_3")
def test_the_mobile_network_gives_no_reason_to_optimise(w):
    w.bound()
    other = Correspondent(w)
    w.out.wait("the request", passed(from_a(w, A, other.address), link=w.out.at))
    mark, seq = w.out.mark(), next(numbers)
    w.ha.send(tunnelled(w.ha.care_of, echo(other.address, A, seq)))
    w.out.wait("the request on the lan", passed(seq, link="lan"), mark)
    w.heard()
    assert not other.heard and other.row()["state"] == "none"


NOT_TAKEN = {
    "MR_3_4": lambda c, coa, seq: routed(c.address, coa, seq, addresses=[A]),
    "MR_3_5": lambda c, coa, seq: routed(c.address, coa, seq, addresses=["2001:db8:281::1"]),
}


@cases(NOT_TAKEN)
def test_a_routing_header_leads_to_no_node_of_the_mobile_network(w, c, row):
    """RFC 6275 6.4: only to the home address; neither forwarded nor answered."""
    coa, mark, seq, good = w.bound(), w.out.mark(), next(numbers), next(numbers)
    w.ha.send(row(c, coa, seq))
    w.ha.send(tunnelled(coa, echo(c.address, A, good)))
    w.out.wait("the good one", passed(good, link="lan"), mark)
    assert not w.out.since(mark, lambda p: p.innermost().echo and p.innermost().echo[2] == seq)


@case("MR_3_6")
def test_nodes_of_the_mobile_network_are_no_peers(w):
    w.bound()
    mark = w.out.mark()
    host = Correspondent(w, address=A)
    p = w.out.wait("the request", request(ask(w.mn, A, src=HOA)), mark)
    no_hint(w, A, "one of our own")
    w.heard()
    assert p.link == "lan" and not p.hao and not p.inner
    assert not host.heard and host.row()["state"] == "none"
