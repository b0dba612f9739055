# SPDX-License-Identifier: BSD-2-Clause
"""The home link: who owns the home address there, and how everybody on it is told."""
import time

import daemon
from net import A6, HA_ADDR, HOA, hoa
from ping import Pings
from proc import until
from scene import (OVERRIDE, ROUTER, SOLICITED, TARGET_LL, acks, answered, arrived, away,
                   mip6_routes, nd_flags, nd_option, proxies, refusals, seen, silent, stats, stop,
                   traffic, updates, wait_seen)

LINK_LOCAL = "fe80::beef"       # with the home address's interface identifier


def dad_probes(net, cap, target, since=0):
    """Solicitations of duplicate address detection: from nobody."""
    return seen(net, cap, lambda p: p.nd == "NS" and p.target == target and p.src == "::", since)


def adverts(net, cap, target, since=0, solicited=None):
    """Advertisements of an address; solicited or not, or both."""
    return seen(net, cap, lambda p: p.nd == "NA" and p.target == target and
                solicited in (None, bool(nd_flags(p) & SOLICITED)), since)


def neighbour(node, dev, address):
    """The link-layer address that the node has for its neighbour, or None."""
    words = node.run("ip", "-6", "neigh", "show", "to", address, "dev", dev).split()
    return words[words.index("lladdr") + 1] if "lladdr" in words else None


def ask_again(net, address):
    """B forgets its neighbours and asks for this one; what ping says to that."""
    net.b.run("ip", "-6", "neigh", "flush", "dev", "eth0")
    zone = "%eth0" if address.startswith("fe80") else ""
    return net.b.run("ping", "-6", "-c", "1", "-W", "5", address + zone, ok=False)


def test_somebody_at_home_has_the_home_address(lab):
    net = lab(double=True)
    cap = net.b.capture("eth0")
    net.move(net.mr, "foreign1")
    ha = daemon.ha(net)
    mr = daemon.mr(net, timers={"ha_backoff": 1})
    until("134 is heard", lambda: refusals(mr, "mobile_node", 134))
    assert refusals(ha, "home_agent", 134) and stats(ha, "home_agent")["dad_failed"]
    assert not ha.bindings() and not proxies(net.ha)
    assert {nd_option(p, TARGET_LL) for p in adverts(net, cap, HOA)} == {net.dup.mac("eth0")}
    flow = net.reactor.add(Pings(net.b, HOA, interval=0.05))
    answered([flow], "by the host that owns the address")
    flow.stop()
    assert neighbour(net.b, "eth0", HOA) == net.dup.mac("eth0")
    # it leaves
    net.dup.del_addr("eth0", f"{HOA}/64")
    arrived(ha, mr, "foreign1")
    assert HOA in proxies(net.ha)
    until("B was told", lambda: neighbour(net.b, "eth0", HOA) == net.ha.mac("home0"))
    traffic(net, "after the other host left")


def test_the_home_agent_stands_in_for_the_mobile_router(net):
    """From the first registration until it is back: both addresses, for everybody on the link."""
    cap = net.ha.capture("home0")
    ha_mac, mr_mac = net.ha.mac("home0"), net.mr.mac("up0")
    ha, mr = away(net, mr={"home": {"link_local": True}})
    for address in (HOA, LINK_LOCAL):
        probes, told = dad_probes(net, cap, address), adverts(net, cap, address)
        assert len(probes) == 1 and told, (address, probes, told)
        first = told[0]
        assert probes[0].t < first.t and first.dst == "ff02::1", first
        assert nd_flags(first) == ROUTER | OVERRIDE, hex(nd_flags(first))
        assert nd_option(first, TARGET_LL) == ha_mac
    assert sorted(proxies(net.ha)) == sorted([HOA, LINK_LOCAL])
    defends(net, cap, ha_mac)
    # a move: no detection again, and nobody at home needs to hear of it
    moved = net.move(net.mr, "foreign2")
    arrived(ha, mr, "foreign2")
    assert not dad_probes(net, cap, HOA, moved) and not dad_probes(net, cap, LINK_LOCAL, moved)
    assert not adverts(net, cap, HOA, moved, solicited=False)
    assert stats(ha, "home_agent")["dad_started"] == 2
    comes_home(net, cap, ha, mr, mr_mac)


def answer_to_b(net, cap, address, since):
    """The solicited advertisement of the address."""
    return wait_seen(net, cap, f"an answer to B's question for {address}",
                     lambda p: p.nd == "NA" and p.target == address and
                     nd_flags(p) & SOLICITED, since)


def defends(net, cap, mac):
    """Who asks for the addresses of the mobile router gets the home agent's."""
    asked = time.time_ns()
    assert " 0% packet loss" in ask_again(net, HOA)
    na = answer_to_b(net, cap, HOA, asked)
    assert nd_flags(na) & ROUTER and nd_option(na, TARGET_LL) == mac, na
    assert neighbour(net.b, "eth0", HOA) == mac
    # is it still there? that question goes to the address itself
    asked = time.time_ns()
    net.b.run("ip", "-6", "neigh", "replace", HOA, "lladdr", mac, "dev", "eth0", "nud", "probe")
    assert nd_flags(answer_to_b(net, cap, HOA, asked)) & ROUTER
    assert seen(net, cap, lambda p: p.nd == "NS" and p.dst == HOA, asked)
    # RFC 6275 10.4.2: nothing link-local goes into the tunnel, and the sender is told
    asked = time.time_ns()
    assert "Destination unreachable: Address unreachable" in ask_again(net, LINK_LOCAL)
    na = answer_to_b(net, cap, LINK_LOCAL, asked)
    assert nd_flags(na) & ROUTER and nd_option(na, TARGET_LL) == mac, na


def comes_home(net, cap, ha, mr, mac):
    flow = net.reactor.add(Pings(net.b, HOA, interval=0.05))
    answered([flow], "by the mobile router, away")
    back = net.move(net.mr, "home")
    daemon.wait_home(mr)
    daemon.wait_no_binding(ha)
    sent, heard = updates(net, cap, back), acks(net, cap, back)
    assert sent and heard, "no de-registration on the home link"
    assert all(b.src == HOA and b.hao is None and b.mh.lifetime == 0 for b in sent), sent
    done = heard[-1]
    assert done.dst == HOA and done.rh2 is None and done.mh.status == 0 and done.src == HA_ADDR
    assert not dad_probes(net, cap, HOA, back), "RFC 6275 11.5.5: none while a binding existed"
    for address in (HOA, LINK_LOCAL):
        na = wait_seen(net, cap, f"the router's own advertisement of {address}",
                       lambda p: p.nd == "NA" and p.target == address and
                       not nd_flags(p) & SOLICITED, back)
        assert na.t > done.t and na.dst == "ff02::1", na
        assert nd_flags(na) & OVERRIDE and nd_option(na, TARGET_LL) == mac
    until("B was told", lambda: neighbour(net.b, "eth0", HOA) == mac)
    answered([flow], "by the mobile router, at home")
    flow.stop()
    assert not proxies(net.ha)
    defends_itself(net, mac)
    traffic(net, "at home")


def defends_itself(net, mac):
    cap = net.b.capture("eth0")     # what goes from one to another by the switch
    asked = time.time_ns()
    for address in (HOA, LINK_LOCAL):
        assert " 0% packet loss" in ask_again(net, address)
        assert nd_option(answer_to_b(net, cap, address, asked), TARGET_LL) == mac
    assert {nd_option(p, TARGET_LL) for p in adverts(net, cap, HOA, asked)} == {mac}


def away_and_at_home(lab):
    """The first mobile router is away, the second's networks are behind its home address."""
    net = lab(mrs=2)
    ha, mr = away(net, mr={"home": {"link_local": True}})
    stands = sorted(mip6_routes(net.ha)), sorted(proxies(net.ha))
    assert sum(" via " in r and "home0" in r for r in stands[0]) == 2, stands
    assert len(stands[1]) == 2, stands
    flows = [net.reactor.add(Pings(net.b, dst, interval=0.05)) for dst in (HOA, A6)]
    answered(flows, "before")
    return net, ha, flows, stands


def comes_back(net, ha, flows, stands):
    """The operator's part, and what must follow from it."""
    net.ha.up("home0")
    net.ha.addr("home0", f"{HA_ADDR}/64")
    ha.wait_log("home link home0 is back")
    until("all stands there again",
          lambda: (sorted(mip6_routes(net.ha)), sorted(proxies(net.ha))) == stands)
    answered(flows, "through the home link that is back")
    stop(flows)
    assert " 0% packet loss" in ask_again(net, HOA)
    assert neighbour(net.b, "eth0", HOA) == net.ha.mac("home0")
    traffic(net, "through the home link that is back")
    assert "put again" not in "".join(line for line in ha.log().splitlines() if "error" in line)


def test_the_home_link_goes_down_and_up(lab):
    net, ha, flows, stands = away_and_at_home(lab)
    net.ha.down("home0")
    silent(flows, "without the home link")
    assert not proxies(net.ha), "the kernel forgets them"
    comes_back(net, ha, flows, stands)


def test_the_home_link_is_made_anew(lab):
    net, ha, flows, stands = away_and_at_home(lab)
    was = {k: net.ha.sysctl(k) for k in ("net.ipv6.conf.home0.proxy_ndp",
                                         "net.ipv6.neigh.home0.proxy_delay",
                                         "net.ipv4.conf.home0.send_redirects")}
    mac = net.ha.mac("home0")
    net.ha.ip.link("del", index=net.ha.dev["home0"])
    silent(flows, "without the home link")
    net.home.plug(net.ha, "home0")
    net.ha.down("home0")        # a link-local address follows the MAC only so
    net.ha.ip.link("set", index=net.ha.dev["home0"], address=mac)
    net.ha.addr("home0", "192.168.64.1/25")
    comes_back(net, ha, flows, stands)
    assert {k: net.ha.sysctl(k) for k in was} == was
    # Neighbour Discovery is heard there: the home agent sees a host that owns an address
    net.dup, = net.nodes("dup")
    net.home.plug(net.dup, "eth0")
    net.dup.addr("eth0", f"{hoa(1)}/64")
    net.move(net.mrs[1], "foreign2")
    daemon.mr(net, 1)
    until("134 is said", lambda: refusals(ha, "home_agent", 134))
