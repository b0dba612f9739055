# SPDX-License-Identifier: BSD-2-Clause
"""The other ways to run it: GRE, a device per binding, several homes, foreign-managed uplinks,
and clocks that jump."""
import signal
import time

import pytest

import conf
import daemon
import net as drawing
from net import B4, B6, HA_ADDR, HOA
from ping import Pings
from proc import until
from scene import (answered, arrived, at, away, four_flows, refusals, seen, stats, stop, traffic,
                   updates)

KEY = 4711
YEAR = 365 * 86400
SECOND = drawing.hoa(1)         # another home address


def kinds(node):
    """Kind of device by name: what tunnels there are."""
    out = {}
    for link in node.ip.get_links():
        info = dict(link["attrs"]).get("IFLA_LINKINFO")
        if info:
            out[dict(link["attrs"])["IFLA_IFNAME"]] = dict(info["attrs"]).get("IFLA_INFO_KIND")
    return out


def outer(packets):
    """Protocols around the inner packets that passed."""
    return {p.proto for p in packets if p.inner}


def through(net, cap, inner):
    """Tunnelled packets with this inner source, in a running capture."""
    return seen(net, cap, lambda p: p.inner and p.inner.src == inner)


def flows_of(net, n):
    """B to the node behind mobile router n and back, both families."""
    _, _, a6, a4 = drawing.mnp(n)
    a = net.node["a" if n == 0 else f"a{n}"]
    return [net.reactor.add(Pings(node, dst, interval=0.05)) for node, dst in
            ((a, B6), (a, B4), (net.b, a6), (net.b, a4))]


VIRTUAL, ITS_AGENT = "2001:db8:500::/64", "2001:db8:c0::2"


def gre_nodes(net, homes):
    """What the home agent knows of two mobile routers; the second has a key."""
    return [conf.mobile_node(n, conf.auth(net, n), home_address=home,
                             **({"gre_key": KEY} if n else {})) for n, home in enumerate(homes)]


def gre_router(net, n, home, agent):
    more = {"gre_key": KEY} if n else {}
    return conf.mr_conf(net, n, timers={"ha_backoff": 1}, home={
        "home_address": home + "/64", "home_agent": agent, "carrier": "ip6gre", **more})


def test_gre_with_and_without_key_on_the_shared_device(lab):
    """The kernel selects the outer source there: it works where that is the home agent's."""
    net = lab(mrs=2)
    cap = net.r1.capture("acc0")
    for mr in net.mrs:
        net.move(mr, "foreign1")
    homes = ["2001:db8:500::10", "2001:db8:500::11"]
    ha = daemon.ha(net, carrier="ip6gre", served_prefixes=(VIRTUAL,), virtual_address=ITS_AGENT,
                   mobile_nodes=gre_nodes(net, homes))
    mrs = [daemon.mr(net, n, text=gre_router(net, n, homes[n], ITS_AGENT)) for n in (0, 1)]
    for n in (0, 1):
        arrived(ha, mrs[n], "foreign1", homes[n])
    flows = flows_of(net, 0) + flows_of(net, 1)
    answered(flows, "through the shared GRE device")
    stop(flows)
    assert kinds(net.ha)["mip6ha"] == "ip6gre"
    assert outer(seen(net, cap, lambda p: p.inner)) == {47}
    # flags of the GRE header: only the second has a key, and it is the right one
    for n, key in ((0, None), (1, KEY)):
        one = through(net, cap, drawing.mnp(n)[2])[-1]
        assert bool(one.body[0] & 0x20) == (key is not None), one
        assert key is None or int.from_bytes(one.body[4:8], "big") == key
    # another address of the home agent, behind the same uplink, would not be the source
    mrs[0].stop()
    ha.stop()
    homes[0] = HOA
    ha.write(conf.ha_conf(net, carrier="ip6gre", mobile_nodes=gre_nodes(net, homes),
                          served_prefixes=(VIRTUAL,), virtual_address=ITS_AGENT))
    ha.start()
    mrs[0].write(gre_router(net, 0, HOA, HA_ADDR))
    mrs[0].start()
    until("130 is heard", lambda: refusals(mrs[0], "mobile_node", 130))
    assert not ha.bindings(home_address=HOA)
    assert f"from {ITS_AGENT} and not from {HA_ADDR}" in ha.log(), "the operator is told why"


def test_gre_with_and_without_key_in_devices(lab):
    net = lab(mrs=2)
    for mr in net.mrs:
        net.move(mr, "foreign1")
    homes = [drawing.hoa(0), drawing.hoa(1)]
    ha = daemon.ha(net, carrier="ip6gre", tunnel="device", mobile_nodes=gre_nodes(net, homes))
    mrs = [daemon.mr(net, n, text=gre_router(net, n, homes[n], HA_ADDR)) for n in (0, 1)]
    flows = flows_of(net, 0) + flows_of(net, 1)
    for n in (0, 1):
        arrived(ha, mrs[n], "foreign1", homes[n])
    answered(flows, "through GRE devices")
    have = kinds(net.ha)
    names = {b["tunnel"] for b in ha.bindings()}
    assert len(names) == 2 and all(have[name] == "ip6gre" for name in names), (names, have)
    assert "mip6ha" not in have
    # to the other link, one after the other, each device with its binding
    for n in (0, 1):
        net.move(net.mrs[n], "foreign2")
        arrived(ha, mrs[n], "foreign2", homes[n])
    answered(flows, "after a move")
    assert {b["tunnel"] for b in ha.bindings()} == names
    stop(flows)


def two_homes(net, **more):
    """One mobile router with two home addresses, each with a prefix; A is in both."""
    def home(n, key):
        p6, p4, _, _ = drawing.mnp(n)
        return {"home_address": drawing.hoa(n) + "/64", "home_agent": HA_ADDR,
                "prefixes": [conf.prefix(p6), conf.prefix(p4)], "nai": conf.nai(n),
                "security": conf.auth(net, n), **({"gre_key": key} if key else {}), **more}
    return lambda key=0: conf.mr_conf(net, homes=[home(0, key), home(1, key and key + 1)])


def nodes_of_two(net, key=0):
    return [conf.mobile_node(n, conf.auth(net, n), **({"gre_key": key + n} if key else {}))
            for n in (0, 1)]


def test_two_home_addresses_behind_one_care_of_address(net):
    p6, p4, a6, a4 = drawing.mnp(1)
    net.mr.addr("lan0", p6.replace("::/64", "::1/64"), p4.replace(".0/24", ".1/24"))
    net.a.addr("eth0", f"{a6}/64", f"{a4}/24")
    net.move(net.mr, "foreign1")
    ha = daemon.ha(net, mobile_nodes=nodes_of_two(net))
    mr = daemon.mr(net, text=two_homes(net)())
    flows = four_flows(net) + [net.reactor.add(Pings(net.b, dst, interval=0.05))
                               for dst in (a6, a4, HOA, SECOND)]
    for home in (HOA, SECOND):
        coa = arrived(ha, mr, "foreign1", home)
    assert len(ha.bindings(care_of=coa)) == 2
    answered(flows, "for both homes in shared mode")
    # a device for each is more than the kernel has: it tells tunnels apart by their two ends
    ha.stop()
    ha.write(conf.ha_conf(net, mobile_nodes=nodes_of_two(net), tunnel="device"))
    ha.start()
    until("the second hears 130", lambda: refusals(mr, "mobile_node", 130))
    until("the first is bound", lambda: len(ha.bindings(state="bound")) == 1)
    text = ha.wait_log("another binding has a tunnel to this care-of address")
    assert "ip6gre with different keys" in text
    mr.stop()
    # with keys there is more to tell them apart by
    ha.stop()
    ha.write(conf.ha_conf(net, mobile_nodes=nodes_of_two(net, KEY), tunnel="device",
                          carrier="ip6gre"))
    ha.start()
    mr.write(two_homes(net, carrier="ip6gre")(KEY))
    mr.start()
    for home in (HOA, SECOND):
        arrived(ha, mr, "foreign1", home)
    assert len({b["tunnel"] for b in ha.bindings()}) == 2
    answered(flows, "for both homes in devices with keys")
    stop(flows)


def received(node, dev):
    """Packets that the device has counted."""
    link, = node.ip.get_links(ifname=dev)
    return dict(link["attrs"])["IFLA_STATS64"]["rx_packets"]


def test_a_device_for_each_binding(net):
    """Named the same whatever happens, so that an operator can count and filter by it."""
    ha, mr = away(net, ha={"tunnel": "device"})
    traffic(net, "through a device of its own")
    name = ha.bindings()[0]["tunnel"]
    assert kinds(net.ha)[name] == "ip6tnl" and "mip6ha" not in kinds(net.ha)
    assert ha.prefixes(tunnel=name)
    net.move(net.mr, "foreign2")
    arrived(ha, mr, "foreign2")
    traffic(net, "after a move")
    assert ha.bindings()[0]["tunnel"] == name
    before = received(net.ha, name)
    traffic(net, "again")
    assert received(net.ha, name) > before
    ha.kill()
    ha.start()
    arrived(ha, mr, "foreign2")
    assert ha.bindings()[0]["tunnel"] == name
    traffic(net, "after the daemon was killed and started")


def test_an_uplink_that_something_else_configures(net):
    """mip6d registers what it finds there, follows it, and takes nothing of it away."""
    uplinks = [{"device": "up0", "managed": True}]
    mine, other = "2001:db8:f1::77", "2001:db8:f1::78"
    # by hand: an address and a route, as DHCPv6 or a modem's tools would
    net.move(net.mr, "foreign1")
    net.mr.sysctl("net.ipv6.conf.up0.accept_ra", 0)
    net.mr.addr("up0", f"{mine}/64")
    net.mr.route("default", via="2001:db8:f1::1")
    ha = daemon.ha(net)
    mr = daemon.mr(net, uplinks=uplinks)
    assert arrived(ha, mr, "foreign1") == mine
    traffic(net, "from an address set by hand")
    net.mr.addr("up0", f"{other}/64")
    net.mr.del_addr("up0", f"{mine}/64")
    daemon.wait_binding(ha, HOA, other)
    traffic(net, "from another address")
    net.mr.addr("up0", f"{mine}/64")
    net.mr.del_addr("up0", f"{other}/64")
    daemon.wait_binding(ha, HOA, mine)
    mr.stop()
    assert not mr.leftovers()
    # by the kernel's own autoconfiguration
    net.mr.del_addr("up0", f"{mine}/64")
    net.mr.run("ip", "-6", "route", "del", "default", "via", "2001:db8:f1::1")
    net.mr.sysctl("net.ipv6.conf.up0.accept_ra", 2)
    net.unplug(net.mr)
    net.move(net.mr, "foreign1")
    until("the kernel has an address and a route", lambda: own_address(net) and
          "default" in net.mr.run("ip", "-6", "route", "show", "dev", "up0"))
    del net.mr.untouched
    mr = daemon.mr(net, uplinks=uplinks)
    assert arrived(ha, mr, "foreign1") == own_address(net)
    traffic(net, "from an address that the kernel made")
    mr.stop()
    assert own_address(net)
    assert not mr.leftovers()


def own_address(net):
    """The usable autoconfigured address of foreign1, if there is one."""
    text = net.mr.run("ip", "-6", "-o", "addr", "show", "dev", "up0", "scope", "global", "dynamic",
                      "-tentative")
    found = [w.split("/")[0] for w in text.split() if w.startswith(at("foreign1"))]
    return found[0] if found else None


def set_clock(to):
    """Set the clock of the lab's kernel: of every node, for there is only one."""
    time.clock_settime(time.CLOCK_REALTIME, to)


def test_time_that_stands_still_and_time_that_jumps(net):
    """Sleep longer than the lifetime, then years forward and back, while it runs."""
    ha, mr = away(net, mr={"home": {"lifetime": 4}})
    mr.proc.send(signal.SIGSTOP)
    daemon.wait_no_binding(ha)
    mr.proc.send(signal.SIGCONT)
    arrived(ha, mr, "foreign1")
    traffic(net, "after a sleep")
    refused = refusals(ha, "home_agent", 144)
    began = time.clock_gettime(time.CLOCK_BOOTTIME), time.time()
    try:
        for years in (10, -20, 10):
            set_clock(time.time() + years * YEAR)
            accepted = stats(ha, "home_agent")["accepted"]
            until(f"refreshes after a step of {years} years",
                  lambda: stats(ha, "home_agent")["accepted"] >= accepted + 2)
            assert ha.bindings(state="bound"), f"binding lost by a step of {years} years"
            traffic(net, f"after a step of {years} years")
    finally:
        set_clock(began[1] + time.clock_gettime(time.CLOCK_BOOTTIME) - began[0])
    assert stats(ha, "home_agent")["expired"] == 1
    assert refusals(ha, "home_agent", 144) == refused, "a step of the clock was seen on the wire"


@pytest.mark.parametrize("year", [1970, 2040])
def test_a_mobile_router_with_a_wrong_clock_registers_on_its_second_update(net, year):
    """RFC 4285 6: the home agent's clock comes with the refusal; ours is left alone."""
    cap = net.mr.capture("up0")
    offset = (year - 1970) * 365.25 * 86400 - time.time() + 86400
    net.move(net.mr, "foreign1")
    ha = daemon.ha(net)
    mr = daemon.Daemon(net.mr, conf.mr_conf(net), weaken="clock")
    mr.env["MIP6D_WALL_OFFSET"] = str(offset)
    mr.start()
    arrived(ha, mr, "foreign1")
    assert refusals(ha, "home_agent", 144) == 1
    stamps = [int.from_bytes(b.mh.option(10), "big") >> 32 for b in updates(net, cap)]
    now = int(time.time()) + 2208988800
    assert abs((stamps[0] - now) & 0xffffffff) > YEAR, "its clock was right"
    assert abs(((stamps[-1] - now + (1 << 31)) & 0xffffffff) - (1 << 31)) < 3600, stamps
    tries = len(stamps)
    mr.ctl.call("Refresh")
    until("a refresh", lambda: stats(ha, "home_agent")["accepted"] >= 2)
    assert refusals(ha, "home_agent", 144) == 1
    assert tries >= 2


def test_without_security_everybody_is_told(net):
    ha, mr = away(net, ha={"security": conf.OPEN}, mr={"security": conf.OPEN})
    for one in (ha, mr):
        assert "warning: SECURITY IS OFF" in one.log()
        assert "INSECURE" in one.log()
    assert "register without authentication" in ha.log()
    assert "anybody can take this home address over" in mr.log()
    traffic(net, "in the open")
