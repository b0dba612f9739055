# SPDX-License-Identifier: BSD-2-Clause
"""Mobile network prefixes (RFC 3963 5.2, 6.2): implicit, explicit, several; and at home."""
import socket

import conf
import daemon
from forge import Mobile, Station, keys
from net import A4, A6, B6, HOA, MNP, MNP4
from ping import Pings
from proc import until
from scene import acks, arrived, away, mip6_routes, traffic, updates

MNP_OPTION, IPV4_HOA = 6, 29
SECOND = "2001:db8:2ff::/64"
A_SECOND = "2001:db8:2ff::a"
EVIL = "2001:db8:f2::bad"


def prefixes_in(message):
    """The prefixes that a Binding Update lists (option 6: reserved, length, prefix)."""
    return [f"{socket.inet_ntop(socket.AF_INET6, b[2:])}/{b[1]}"
            for k, b in message.mh.options if k == MNP_OPTION]


def reached(net, dst, node=None, src=None):
    p = net.reactor.add(Pings(node or net.b, dst, src=src, interval=0.05))
    until(f"answers {p.name}", lambda: len(p.back) >= 3)
    p.stop()


def routes_to(node, *prefixes):
    """Our routes to these, as `ip route` prints them."""
    return [r for r in mip6_routes(node) if r.split()[0] in prefixes]


def test_implicit_prefixes_are_not_in_the_update(net):
    """IPv6 implicit, IPv4 static: the router sends R and nothing else, and both work."""
    cap = net.mr.capture("up0")
    nodes = [conf.mobile_node(0, conf.auth(net), ipv4_static=True)]
    ha, mr = away(net, "foreign1", {"mobile_nodes": nodes}, {
        "prefixes": [conf.prefix(MNP, "implicit"), conf.prefix(MNP4, "static")]})
    traffic(net, "at foreign1")
    net.move(net.mr, "foreign2")
    arrived(ha, mr, "foreign2")
    traffic(net, "at foreign2")
    sent, heard = updates(net, cap), acks(net, cap)
    assert len(sent) >= 2 and len(heard) >= 2
    for bu in sent:
        assert "R" in bu.mh.flags
        assert not {k for k, _ in bu.mh.options} & {MNP_OPTION, IPV4_HOA}, bu
    for ba in heard:
        assert ba.mh.status == 0 and "R" in ba.mh.flags
    mr.stop()
    daemon.wait_no_binding(ha)
    assert not [r for r in routes_to(net.ha, MNP, MNP4) if "mip6ha" in r]


def test_two_explicit_prefixes_are_served(net):
    net.mr.addr("lan0", "2001:db8:2ff::1/64")
    net.a.addr("eth0", f"{A_SECOND}/64")
    cap = net.mr.capture("up0")
    nodes = [conf.mobile_node(0, conf.auth(net), prefixes=(MNP, SECOND, MNP4))]
    ha, mr = away(net, "foreign1", {"mobile_nodes": nodes}, {
        "prefixes": [conf.prefix(MNP), conf.prefix(SECOND), conf.prefix(MNP4)]})
    assert len(routes_to(net.ha, MNP, SECOND, MNP4)) == 3
    for link in ("foreign1", "foreign2"):
        net.move(net.mr, link)
        arrived(ha, mr, link)
        reached(net, A_SECOND)
        reached(net, A6)
        reached(net, B6, net.a, A_SECOND)
        reached(net, B6, net.a, A6)
        reached(net, A4)
    for bu in updates(net, cap):    # every one of them in every update
        assert prefixes_in(bu) == [MNP, SECOND], bu
    mr.stop()
    # a de-registration lists none: they are ignored there (RFC 3963 6.7)
    last = updates(net, cap)[-1]
    assert last.mh.lifetime == 0 and not prefixes_in(last), last


def test_a_prefix_that_is_listed_no_more_is_not_forwarded(lab):
    """RFC 3963 6.2, with updates made by hand."""
    net = lab(attacker=True, start_ra=False)
    own = (MNP, SECOND, "2001:db8:2fe::/64")
    nodes = [conf.mobile_node(0, conf.auth(net, 0, keys(0)), prefixes=own)]
    ha = daemon.ha(net, mobile_nodes=nodes, dad=False, home_routes=False)
    router = Mobile(Station(net.evil, "eth0", EVIL), 0)

    def served(*listed):
        a = router.ask(prefixes=listed)
        assert a.status == 0 and a.router, a
        return sorted(r.split()[0] for r in routes_to(net.ha, *own) if "mip6ha" in r)
    assert served(MNP, SECOND) == sorted((MNP, SECOND))
    assert served(SECOND) == [SECOND]
    assert served("2001:db8:2fe::/64", MNP) == sorted(("2001:db8:2fe::/64", MNP))
    assert served() == sorted(own)      # implicit: what is configured
    assert [p["prefix"] for b in ha.bindings() for p in b["prefixes"]] == list(own)
    assert router.ask(lifetime=0, prefixes=["ff02::/16"]).status == 0
    assert not routes_to(net.ha, *own)


def test_at_home_the_mobile_network_is_reached(net):
    """home_routes: the home agent knows the way to the networks of routers that are at home."""
    ha = daemon.ha(net)
    mr = daemon.mr(net)
    daemon.wait_home(mr)
    traffic(net, "at home")
    routes = routes_to(net.ha, MNP, MNP4)
    assert len(routes) == 2 and all(f"via {HOA}" in r.replace("inet6 ", "") for r in routes), routes
    net.move(net.mr, "foreign1")
    arrived(ha, mr, "foreign1")
    traffic(net, "at foreign1")
    assert all("mip6ha" in r for r in routes_to(net.ha, MNP, MNP4))
    net.move(net.mr, "home")
    daemon.wait_home(mr)
    traffic(net, "at home again")
    routes = routes_to(net.ha, MNP, MNP4)
    assert len(routes) == 2 and all("dev home0" in r for r in routes), routes


def test_without_home_routes_the_home_agent_leaves_that_to_others(net):
    ha = daemon.ha(net, home_routes=False)
    mr = daemon.mr(net)
    daemon.wait_home(mr)
    assert not routes_to(net.ha, MNP, MNP4)
    net.ha.route(MNP, via=HOA)          # the operator's own
    net.ha.run("ip", "route", "add", MNP4, "via", "inet6", HOA, "dev", "home0")
    traffic(net, "at home")
    net.move(net.mr, "foreign1")
    arrived(ha, mr, "foreign1")
    assert len(routes_to(net.ha, MNP, MNP4)) == 2
    # the operator's route has the better metric: that is what home_routes is for
    net.ha.run("ip", "route", "del", MNP4, "via", "inet6", HOA, "dev", "home0")
    net.ha.run("ip", "-6", "route", "del", MNP, "via", HOA)
    traffic(net, "at foreign1")
