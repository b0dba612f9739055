# SPDX-License-Identifier: BSD-2-Clause
"""A mobile node that looks for home agents: real ones answer, of differing preference, and one dies."""
import conf
import daemon
import net as drawing
from net import HA_ADDR, HOME_PREFIX, MN_HOA
from pkt import packets
from proc import until
from ra import radvd
from scene import at, wait_seen

ANYCAST = "2001:db8:280:0:fdff:ffff:ffff:fffe"
QUICK = {"initial_bindack_timeout": 0.3, "initial_bindack_timeout_first": 1.5,
         "max_bindack_timeout": 1.2, "probe_interval": 0.3, "ha_backoff": 2,
         "initial_dhaad_timeout": 1}
REQUEST, REPLY = 144, 145


def agent(net, n, preference, hosts):
    """One more home agent of the home link; its node."""
    address = f"2001:db8:280::{n}"
    node, = net.nodes(f"ha{n}", forward=True)
    net.home.plug(node, "home0")
    node.addr("home0", f"{address}/64")
    node.route("default", via=HA_ADDR)
    text = conf.ha_conf(net, node=node, mobile_nodes=hosts, home_links=[
        {"device": "home0", "address": address, "prefixes": (HOME_PREFIX,),
         "preference": preference}])
    node.agent = daemon.Daemon(node, text).start()
    node.address = address
    # a home agent, but no router that hosts would take
    radvd(node, "home0", f"{address}/64", home_agent=True, preference=preference, router=False)
    return node


def discovering(net, **more):
    return daemon.mn(net, home={"home_agent": "discover"}, timers=QUICK, unsafe_timers=True, **more)


def registered_at(mn, address, limit=90):
    until(f"registered at {address}", lambda: mn.registrations(
        state="bound", home_agent=address), limit)


def asked(path, kind):
    return [p for p in packets(path) if p.icmp6 and p.icmp6[0] == kind]


def test_best_home_agent_is_found_and_the_next_when_it_dies(lab):
    net = lab(mrs=0, mns=1)
    hosts = [conf.mobile_host(security=conf.auth(net, spi=conf.HOST_SPI))]
    ha = daemon.ha(net, mobile_nodes=hosts, home_links=[
        {"device": "home0", "address": HA_ADDR, "prefixes": (HOME_PREFIX,), "preference": 10}])
    best, second = agent(net, 2, 40, hosts), agent(net, 3, 30, hosts)
    for one in (ha, best.agent, second.agent):
        until("all are known", lambda: len(one.home_agents(state="heard")) == 2)
    wire = net.r1.capture("acc0")
    net.move(net.mn, "foreign1")
    mn = discovering(net)
    registered_at(mn, best.address)
    one, = mn.registrations()
    assert one["candidates"] == [best.address, second.address, HA_ADDR], one
    net.reactor.flush()
    request, = asked(wire.path, REQUEST)[:1]
    assert request.dst == ANYCAST and request.src == one["registered_care_of"]["addr"]
    assert request.body[6:8] == b"\0\0", "R is for mobile routers"
    assert asked(wire.path, REPLY)[0].dst == request.src
    net.unplug(best, "home0")
    registered_at(mn, second.address)
    daemon.wait_binding(second.agent, MN_HOA)


def test_home_agents_that_do_not_want_us_are_left_for_the_next(lab):
    """Only one of them knows this host."""
    net = lab(mrs=0, mns=1)
    hosts = [conf.mobile_host(security=conf.auth(net, spi=conf.HOST_SPI))]
    other = [conf.mobile_host(5, security=conf.auth(net, 5, spi=conf.HOST_SPI))]
    daemon.ha(net, mobile_nodes=hosts, home_links=[
        {"device": "home0", "address": HA_ADDR, "prefixes": (HOME_PREFIX,), "preference": 10}])
    best = agent(net, 2, 40, other)
    until("both are known", lambda: len(best.agent.home_agents(state="heard")) == 1)
    until("both are known", lambda: len(net.ha.daemon.home_agents(state="heard")) == 1)
    net.move(net.mn, "foreign1")
    mn = discovering(net)
    registered_at(mn, HA_ADDR)
    assert mn.registrations()[0]["candidates"] == [best.address, HA_ADDR]


def test_nobody_answers_until_somebody_does(lab):
    """Requests are repeated, in rounds with pauses, from wherever the node is; a router says R."""
    net = lab(mrs=1)
    wire = net.r2.capture("acc0")
    net.move(net.mr, "foreign1")
    mr = daemon.mr(net, home={"home_agent": "discover"}, unsafe_timers=True,
                   timers={**QUICK, "initial_dhaad_timeout": 0.2, "dhaad_retries": 2})
    mr.wait_log("no answer to the question for home agents")
    assert mr.registrations()[0]["state"] == "discover"
    net.move(net.mr, "foreign2")
    first = wait_seen(net, wire, "a request from the new link",
                      lambda p: p.icmp6 and p.icmp6[0] == REQUEST)
    assert first.src.startswith(at("foreign2")) and first.body[6:8] == b"\x80\0"
    daemon.ha(net)
    registered_at(mr, drawing.HA_ADDR)
