# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile router: RFC 3963 sections 4.3, 5, 7, 8 and 9 (what binds the router)."""
import socket
import time

import pytest

import case_mobile
import conf
from case_mobile import (A, CN, HA_ADDR, HOA, OTHER_HA, PAUSE, STRANGER, case, cases, echo, found,
                         from_a, ident, is_request, looking, numbers, passed, tunnelled)
from forge import IPv6
from net import MNP
from proc import until
from scene import TARGET_LL, nd_option

from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6ND_RS, ICMPv6NDOptSrcLLAddr

MNP_OPTION = 6
BAD_MAC = "02:00:00:00:0b:ad"
OUTSIDER = "2001:db8:999::1"            # no address of the mobile network
BOTH = conf.Raw(f'[ "{HA_ADDR}", "{OTHER_HA}" ]')


@pytest.fixture(scope="module")
def w(request):
    yield from case_mobile.world(request, "mr")


# ---- 5.2: sending Binding Updates ----

@pytest.fixture(scope="module")
def two(w):
    """The first update of a stay, and one that renews the binding."""
    first = w.registering("foreign2")
    w.ha.send(w.ha.ba(first))
    w.settles()
    return first, w.refreshing("foreign2")


def prefixes(bu):
    return [(b[1], b[2:]) for k, b in bu.mh.options if k == MNP_OPTION]


FORM = {
    "MR_5.2_1": lambda bu: "R" in bu.mh.flags,
    "MR_5.2_2": lambda bu: "H" in bu.mh.flags and "A" in bu.mh.flags,
    "MR_5.2_3": lambda bu: prefixes(bu) == [(64, packed(MNP.split("/")[0]))],
    "MR_5.2_4": lambda bu: bu.hao == HOA,
    "MR_4.3_1": lambda bu: all(b[0] == 0 and len(b) == 18 for k, b in bu.mh.options
                               if k == MNP_OPTION),
    "MR_4.3_2": lambda bu: bu.mh.raw.index(bytes((MNP_OPTION, 18))) % 8 == 4,
}


def packed(address):
    return socket.inet_pton(socket.AF_INET6, address)


@cases(FORM)
def test_form_of_an_update(two, row):
    """The first one and the renewal alike: explicit mode."""
    for bu in two:
        assert row(bu), bu


@case("MR_5.2_5")
def test_implicit_mode_lists_no_prefix(w):
    try:
        w.start(prefixes=[conf.prefix(MNP, "implicit")])
        for bu in (w.refreshing(), w.registering("foreign2")):
            assert "R" in bu.mh.flags and not prefixes(bu), bu
    finally:
        w.start()


@case("MR_5.2_6")
def test_every_explicit_prefix_is_listed(w):
    other = "2001:db8:200::/56"
    try:
        w.start(prefixes=[conf.prefix(MNP), conf.prefix(other)])
        assert [plen for plen, _ in prefixes(w.refreshing())] == [64, 56]
    finally:
        w.start()


# ---- 5.3: receiving acknowledgements ----

@case("MR_5.3_1")
def test_with_r_the_tunnel_is_used(w):
    coa = w.bound()
    p = w.out.wait("the request", passed(from_a(w, A, CN)))
    assert (p.link, p.src, p.dst, p.inner.src) == (w.out.at, coa, HA_ADDR, A)


@case("MR_5.3_2")
def test_without_r_it_lets_go_and_asks_the_next(w):
    """Accepted as a host: it de-registers there before it registers with another."""
    try:
        w.start(silent=True, home={"home_agent": BOTH})
        w.ha.answer = lambda bu: [w.ha.ba(bu, router=False)]
        other = w.out.wait("an update to the other", lambda p: p.mh and p.dst == OTHER_HA,
                           w.asked)
        gone = [p for p in w.out.since(w.asked, lambda p: p.mh and p.dst == HA_ADDR)
                if p.mh.lifetime == 0]
        assert gone and gone[-1].t < other.t and "R" in other.mh.flags
        w.ha2.answer = w.ha2.accept
        until("bound at the other", lambda: w.state() == "bound" and
              w.registration()["home_agent"] == OTHER_HA)
    finally:
        w.start()


@case("MR_5.3_3")
def test_without_r_there_is_no_tunnel(w):
    w.registering("foreign2", answer=lambda bu: [w.ha.ba(bu, router=False)])
    w.settles("backoff")
    mark = w.out.mark()
    seq = from_a(w, A, CN)
    w.heard()
    time.sleep(0.1)
    assert not w.out.since(mark, lambda p: p.link != "lan" and passed(seq)(p))
    w.bound("foreign2")


# ---- 5.4: errors ----

IMPLICIT = {"MR_5.4.1_1": 140, "MR_5.4.1_2": 141, "MR_5.4.1_3": 142, "MR_5.4.1_4": 143}
EXPLICIT = {"MR_5.4.2_1": 140, "MR_5.4.2_2": 141, "MR_5.4.2_3": 142, "MR_5.4.2_4": 143}


def next_agent(w, status):
    """Refused by the first: the second is asked, and says yes."""
    w.ha.answer = w.ha.refuse(status)
    w.out.wait("an update to the other", lambda p: p.mh and p.dst == OTHER_HA, w.asked)
    w.ha2.answer = w.ha2.accept
    until("bound at the other", lambda: w.state() == "bound" and
          w.registration()["home_agent"] == OTHER_HA)


@cases(IMPLICIT)
def test_refused_in_implicit_mode_another_is_asked(w, row):
    w.start(silent=True, passing=True, home={"home_agent": BOTH},
            prefixes=[conf.prefix(MNP, "implicit")])
    next_agent(w, row)


@cases(EXPLICIT)
def test_refused_in_explicit_mode_another_is_asked(w, row):
    w.start(silent=True, passing=True, home={"home_agent": BOTH})
    next_agent(w, row)


REFUSED = {"MR_5.4_1": 140, "MR_5.4_2": 141, "MR_5.4_3": 142, "MR_5.4_4": 143, "MR_5.4_5": 128}


@cases(REFUSED)
def test_refused_by_all_it_stops_asking(w, row):
    """A pause that is longer than any retransmission, said in the log, and no tunnel."""
    w.bound()
    heard = []

    def answer(bu):
        heard.append(bu)
        return [w.ha.ba(bu, status=row, lifetime=0)]
    w.ha.answer = answer
    mark = w.out.mark()
    w.move("foreign2" if w.out.at == "foreign1" else "foreign1")
    until("a pause", lambda: max(((b.t - a.t) / 1e9 for a, b in zip(heard, heard[1:])),
                                 default=0) >= PAUSE, step=0.05)
    seq = from_a(w, A, CN)
    w.heard()
    assert f"({row})" in w.daemon.log()
    assert w.state() != "bound"
    out = [p for p in w.out.since(mark, passed(seq)) if p.link != "lan" and
           p.src == w.registration()["care_of"]["addr"]]
    assert not out, out
    w.bound()


# ---- 5.5: the bi-directional tunnel ----

@case("MR_5.5_1")
def test_packets_for_the_mobile_network_come_out_of_the_tunnel(w):
    coa, seq = w.bound(), next(numbers)
    mark = w.out.mark()
    w.ha.send(tunnelled(coa, echo(CN, A, seq)))
    p = w.out.wait("the request on the lan", passed(seq, link="lan"), mark)
    assert (p.src, p.dst) == (CN, A) and not p.inner


@case("MR_5.5_2")
def test_hop_limits_of_the_tunnel(w):
    """Outside that of a router (64), inside one less, both ways (RFC 2473)."""
    coa = w.bound()
    p = w.out.wait("the request", passed(from_a(w, A, CN, hlim=33), link=w.out.at))
    assert p.frame[14 + 7] == 64 and p.body[7] == 32
    seq, mark = next(numbers), w.out.mark()
    w.ha.send(tunnelled(coa, echo(CN, A, seq, hlim=33)))
    p = w.out.wait("the request on the lan", passed(seq, link="lan"), mark)
    assert p.frame[14 + 7] == 32


NOT_FORWARDED = {
    "MR_5.5_3": lambda coa, seq: tunnelled(coa, echo(CN, A, seq), STRANGER),
    "MR_5.5_4": lambda coa, seq: tunnelled(coa, echo(CN, A, seq), OTHER_HA),
    "MR_8_1": lambda coa, seq: tunnelled(coa, echo("fe80::5", A, seq)),
    "MR_5.5_5": lambda coa, seq: tunnelled(coa, echo(CN, OUTSIDER, seq)),
    "MR_5.5_6": lambda coa, seq: tunnelled(coa, echo(CN, A, seq, hlim=1)),
    "MR_5.5_7": lambda coa, seq: tunnelled(coa, echo(A, CN, seq)),
}


@cases(NOT_FORWARDED)
def test_what_does_not_come_out_of_the_tunnel(w, row):
    """Not from the home agent, not for the mobile network, or not to be forwarded at all."""
    coa, mark = w.bound(), w.out.mark()
    seq, good = next(numbers), next(numbers)
    w.ha.send(row(coa, seq))
    w.ha.send(tunnelled(coa, echo(CN, A, good)))
    w.out.wait("the good one on the lan", passed(good, link="lan"), mark)
    assert not w.out.since(mark, lambda p: not (p.icmp6 and p.icmp6[0] < 5) and passed(seq)(p))


SPOOFED = {"MR_9_1": OUTSIDER, "MR_9_2": HOA, "MR_9_3": None, "MR_9_4": "fe80::a",
           "MR_9_5": "2001:db8:280::b"}


@cases(SPOOFED)
def test_a_node_behind_the_router_sends_only_in_its_own_name(w, row):
    """Sources that are not of the mobile network, and the router's own; None: its care-of one."""
    coa, mark = w.bound(), w.out.mark()
    seq = from_a(w, row or coa, CN)
    good = from_a(w, A, CN)
    w.out.wait("the good one", passed(good, link=w.out.at), mark)
    assert not w.out.since(mark, lambda p: p.link != "lan" and passed(seq)(p))


@case("MR_5.5_8")
def test_nothing_of_the_mobile_network_is_seen_in_clear(w):
    """Between leaving a link and being registered from the next."""
    w.bound("foreign1")
    mark = w.out.mark()
    w.ha.answer = None
    w.move("foreign2")
    for _ in range(10):
        from_a(w, A, CN)
        time.sleep(0.02)
    w.ha.answer = w.ha.accept
    w.settles()
    w.out.wait("the request", passed(from_a(w, A, CN), link="foreign2"), mark)
    naked = w.out.since(mark, lambda p: p.link != "lan" and p.src == A)
    assert not naked, naked


# ---- 5.6, 5.7: on the visited link ----

@case("MR_5.6_1")
def test_a_router_solicitation_on_the_visited_link_is_not_answered(w):
    w.bound("foreign1")
    mark = w.out.mark()
    rs = IPv6(src="fe80::bad", dst="ff02::2", hlim=255) / ICMPv6ND_RS() / \
        ICMPv6NDOptSrcLLAddr(lladdr=BAD_MAC)
    w.out.send("foreign1", rs, BAD_MAC, "33:33:00:00:00:02")
    ask_for(w, w.registration()["care_of"]["addr"], mark)
    assert not w.out.since(0, lambda p: p.nd == "RA")


def ask_for(w, address, mark):
    """A neighbour on the visited link asks for an address of ours; the answer."""
    ns = IPv6(src="fe80::bad", dst="ff02::1", hlim=255) / ICMPv6ND_NS(tgt=address) / \
        ICMPv6NDOptSrcLLAddr(lladdr=BAD_MAC)
    w.out.neighbours["foreign1", "fe80::bad"] = BAD_MAC
    ns.dst = "ff02::1:ff" + address.rsplit(":", 2)[-2][-2:].rjust(2, "0") + ":" + \
        address.rsplit(":", 1)[-1]
    w.out.send("foreign1", ns, BAD_MAC)
    return w.out.wait("an advertisement", lambda p: p.nd == "NA" and p.target == address and
                      p.dst == "fe80::bad", mark)


@case("MR_5.6_2")
def test_neighbours_on_the_visited_link_are_answered(w):
    coa, mark = w.bound("foreign1"), w.out.mark()
    na = ask_for(w, coa, mark)
    assert nd_option(na, TARGET_LL) == w.mn.mac("up0") and na.src == coa


@case("MR_5.6_3")
def test_advertisements_on_the_visited_link_are_heard(w):
    """Though it is a router, and routers ignore them."""
    assert w.mn.sysctl("net.ipv6.conf.all.forwarding") == "1"
    w.bound("foreign1")
    mark = w.move("foreign2", silent=True)
    w.r2.advertise()
    w.r1.alive = False
    assert w.update(mark).src.startswith("2001:db8:f2:")
    w.settles()


def groups(w, dev):
    with w.mn.ns:
        with open("/proc/net/igmp6") as f:
            return {line.split()[2] for line in f if line.split()[1] == dev}


ALL_ROUTERS = {"ff02" + "0" * 27 + "2", "ff01" + "0" * 27 + "2"}


@case("MR_5.7_1")
def test_no_group_of_routers_on_the_visited_link(w):
    w.bound()
    until("the groups are left", lambda: not groups(w, "up0") & ALL_ROUTERS)


# ---- 5.8: returning home ----

@case("MR_5.8_1")
def test_at_home_it_de_registers_without_prefixes(w):
    w.bound()
    w.ha.answer = None
    mark = w.move("home")
    bu = w.update(mark)
    assert bu.mh.lifetime == 0 and bu.src == HOA and not bu.hao and not prefixes(bu)
    assert {"A", "H"} <= set(bu.mh.flags)
    w.ha.answer = w.ha.accept
    w.settles("home")


@case("MR_5.8_2")
def test_at_home_it_forwards_as_any_router(w):
    w.at_home()
    mark, seq = w.out.mark(), next(numbers)
    w.out.send("home", echo(CN, A, seq), w.ha.mac)
    w.out.wait("the request on the lan", passed(seq, link="lan"), mark)
    p = w.out.wait("the other way", passed(from_a(w, A, CN), link="home"), mark)
    assert not p.inner and p.src == A and p.dmac == bytes.fromhex(w.ha.mac.replace(":", ""))


@case("MR_5.8_3")
def test_until_it_is_released_the_tunnel_carries(w):
    """De-registration unanswered, the binding stands: nothing in clear on the home link."""
    w.bound()
    w.ha.answer = None
    mark = w.move("home")
    w.update(mark)
    seq = from_a(w, A, CN)
    w.heard()
    assert not w.out.since(mark, lambda p: p.link == "home" and p.src == A), seq
    w.ha.answer = w.ha.accept
    w.settles("home")


# ---- 7: home agents of mobile routers ----

@case("MR_7.1_1")
def test_a_router_looks_for_home_agents_of_routers(w):
    p = looking(w)
    assert p.body[6:8] == b"\x80\x00"
    w.ha.send(found(p, routers=1))
    w.settles()


@case("MR_7.2_1")
def test_home_agents_of_hosts_are_none_for_a_router(w):
    """R is 0 in the answer: nobody of that list is asked."""
    p = looking(w)
    w.ha.send(found(p, routers=0))
    again = w.out.wait("another request", lambda q: is_request(q) and ident(q) != ident(p),
                            w.asked)
    assert not w.updates(w.asked)
    w.ha.send(found(again, routers=1))
    w.settles()
