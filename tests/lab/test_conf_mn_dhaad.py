# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile node: looking for home agents.

RFC 6275 6.5, 6.6, 11.4.1. Every case starts the daemon without a home
agent in its configuration.
"""
import pytest

import case_mobile
from case_mobile import (ANYCAST, DHAAD_RETRIES, DHAAD_TIMEOUT, HA_ADDR, HOA, LOOK, OTHER_HA, case,
                         cases, found, ident, is_request, looking)
from proc import until

@pytest.fixture(scope="module")
def host(request):
    yield from case_mobile.world(request, "mn", **LOOK)


REQUESTS = {
    "MN_11.4.1_1": lambda p: p.dst == ANYCAST,
    "MN_11.4.1_2": lambda p: p.src.startswith("2001:db8:f") and not p.hao,
    "MN_6.5_1": lambda p: p.body[6:8] == bytes(2) and len(p.body) == 8,
}


@cases(REQUESTS)
def test_form_of_a_request(host, row):
    p = looking(host)
    assert row(p), p
    host.ha.send(found(p))
    host.settles()


FIRST = {
    "MN_11.4.1_3": ((HA_ADDR, OTHER_HA), HA_ADDR, HA_ADDR),
    "MN_11.4.1_4": ((OTHER_HA, HA_ADDR), HA_ADDR, OTHER_HA),
    "MN_6.6_1": ((), OTHER_HA, OTHER_HA),
}


@cases(FIRST)
def test_the_first_of_the_list_is_asked(host, row):
    """In the order of the list; of an empty one, who sent it."""
    addresses, src, asked = row
    p = looking(host)
    host.ha.send(found(p, addresses, src))
    assert host.update(host.asked).dst == asked
    host.settles()


@case("MN_11.4.1_5")
def test_the_next_of_the_list_is_asked_when_the_first_refuses(host):
    p = looking(host)
    host.ha.answer = host.ha.refuse(130)
    host.ha.send(found(p))
    until("bound at the second", lambda: host.state() == "bound" and
          host.registration()["home_agent"] == OTHER_HA)


@case("MN_11.4.1_6")
def test_a_request_is_repeated_as_it_is_and_ever_later(host):
    """INITIAL_DHAAD_TIMEOUT, doubled each time, at most DHAAD_RETRIES times."""
    first = looking(host)
    until("another round", lambda: len({ident(p) for p in host.out.since(
        host.asked, is_request)}) > 1, step=0.05)
    sent = [p for p in host.out.since(host.asked, is_request) if ident(p) == ident(first)]
    waits = [(b.t - a.t) / 1e9 for a, b in zip(sent, sent[1:])]
    assert len(waits) <= DHAAD_RETRIES, waits
    # the first request may have waited for the link-layer address of the router
    assert len(waits) > 1 and all(got >= 0.95 * DHAAD_TIMEOUT * 2 ** n
                                  for n, got in enumerate(waits) if n), waits
    assert not host.updates(host.asked)


WRONG = {
    "MN_11.4.1_7": lambda p: found(p, number=ident(p) ^ 1),
    "MN_11.4.1_8": lambda p: found(p, dst=HOA),
    "MN_6.6_2": lambda p: bytes(found(p))[:-8],
    "MN_6.6_3": lambda p: found(p, ["ff0e::1"]),
    "MN_6.6_4": lambda p: found(p, ["fe80::1"]),
    "MN_6.6_5": lambda p: found(p, [HOA]),
}


@cases(WRONG)
def test_an_answer_that_is_none(host, row):
    """Nobody is asked for a registration; the right one is still waited for."""
    p = looking(host)
    host.ha.send(row(p))
    host.heard()
    assert not host.updates(host.asked) and host.state() != "bound"
    again = host.out.wait("a request", is_request, host.out.mark())
    assert not host.updates(host.asked)
    host.ha.send(found(again))
    host.settles()


@case("MN_11.4.1_9")
def test_a_present_registration_is_renewed_where_it_is(host):
    """Though another one would come first: the home agent that has the binding is asked."""
    p = looking(host)
    host.ha.send(found(p, (OTHER_HA, HA_ADDR)))
    host.settles()
    mark = host.move("foreign2")
    assert host.update(mark).dst == OTHER_HA
    host.settles()
    assert not host.out.since(mark, is_request)
