# SPDX-License-Identifier: BSD-2-Clause
"""A mobile host: a laptop, not a router (RFC 6275 11), one home address or two."""
import pytest

import conf
import daemon
from net import B6, HA_ADDR, MN_HOA
from ping import Pings
from pkt import packets
from proc import until
from ra import radvd
from scene import answered, arrived, at, proxies, seen, stop, updates
from sock import Echo, Session, udp

PORT = 5000


def host(lab, **options):
    """The standard network with a mobile host and no router."""
    return lab(mrs=0, mns=1, **options)


def host_away(net, link="foreign1", ha=None, mn=None):
    """Both daemons started, the host on a foreign link from the beginning; and its address."""
    net.move(net.mn, link)
    h = daemon.ha(net, **(ha or {}))
    m = daemon.mn(net, **(mn or {}))
    return h, m, arrived(h, m, link, MN_HOA)


def tunnelled(p, coa, src, dst):
    """An outer packet between home agent and care-of address with this one inside."""
    return p.inner is not None and {p.src, p.dst} == {coa, HA_ADDR} and \
        (p.inner.src, p.inner.dst) == (src, dst)


def test_a_session_of_a_host_survives_two_moves_and_home(lab):
    net = host(lab)
    wire = {n: r.capture("acc0") for n, r in net.foreign_routers().items()}
    ha = daemon.ha(net)
    mn = daemon.mn(net)
    daemon.wait_home(mn)
    assert net.mn.sysctl("net.ipv6.conf.all.forwarding") == "0"
    session = Session(net.b, net.mn, B6, PORT)
    assert session.talk().source == MN_HOA          # at home, unbound: the home address
    for link in ("foreign1", "foreign2"):
        net.move(net.mn, link)
        coa = arrived(ha, mn, link, MN_HOA)
        session.talk()
        net.reactor.flush()
        # both ways through the tunnel, and nothing with the home address outside of it
        inside = [p for p in packets(wire[link].path) if p.inner]
        assert any(tunnelled(p, coa, MN_HOA, B6) for p in inside)
        assert any(tunnelled(p, coa, B6, MN_HOA) for p in inside)
        bare = [p for p in packets(wire[link].path) if not p.inner and not p.mh and
                MN_HOA in (p.src, p.dst)]
        assert not bare, bare
        bu = updates(net, wire[link])[0]
        assert bu.src == coa and bu.hao == MN_HOA and bu.mh.flags == "AH", bu
        assert bu.mh.option(3) is not None, "no Alternate Care-of Address"
    assert net.mn.sysctl("net.ipv6.conf.all.forwarding") == "0"
    net.move(net.mn, "home")
    daemon.wait_home(mn)
    daemon.wait_no_binding(ha, MN_HOA)
    session.talk()
    session.close()
    assert session.rounds == 4 and not proxies(net.ha)


def test_home_address_by_default_care_of_address_on_request(lab):
    """RFC 6724 rule 4, RFC 5014: unbound sockets, those that ask, and those that are bound."""
    net = host(lab)
    ha, mn, coa = host_away(net)
    wire = net.r1.capture("acc0")
    echo = Echo(net.core, PORT)
    core = "2001:db8:c1::1"
    assert echo.asked_by(udp(net.mn), core) == MN_HOA
    # user-mode Linux has CONFIG_IPV6_MIP6=m, and with that no say in the source address
    can = "IPV6_PREFER_SRC_COA: works" in mn.log()
    assert can or "IPV6_PREFER_SRC_COA: not with this kernel" in mn.log()
    assert echo.asked_by(udp(net.mn, prefer_coa=True), core) == (coa if can else MN_HOA)
    assert echo.asked_by(udp(net.mn, bind=coa), core) == coa
    assert echo.asked_by(udp(net.mn, bind=MN_HOA), core) == MN_HOA
    native = seen(net, wire, lambda p: p.src == coa and p.dst == core and not p.inner)
    assert len(native) == 1 + can, native
    inside = seen(net, wire, lambda p: p.inner is not None and p.inner.dst == core)
    assert len(inside) == 3 - can and all(p.inner.src == MN_HOA for p in inside), inside
    # a new care-of address is asked for and given in the same way
    net.move(net.mn, "foreign2")
    moved = arrived(ha, mn, "foreign2", MN_HOA)
    assert echo.asked_by(udp(net.mn, bind=moved), core) == moved
    assert echo.asked_by(udp(net.mn), core) == MN_HOA
    echo.close()


def test_of_two_uplinks_the_better_carries(lab):
    net = host(lab, uplinks=("up0", "up1"))
    net.move(net.mn, "foreign1", dev="up0")
    net.move(net.mn, "foreign2", dev="up1")
    ha = daemon.ha(net)
    mn = daemon.mn(net, uplinks=[{"device": "up0", "priority": 10},
                                 {"device": "up1", "priority": 20}])
    arrived(ha, mn, "foreign1", MN_HOA)
    echo = Echo(net.core, PORT)
    # the other one's own address is there to be asked for by name
    spare = next(a.split("/")[0] for a in net.mn.addresses("up1") if a.startswith(at("foreign2")))
    assert echo.asked_by(udp(net.mn, bind=spare), "2001:db8:c2::1") == spare
    session = Session(net.b, net.mn, B6, PORT).talk()
    net.unplug(net.mn, "up0")
    arrived(ha, mn, "foreign2", MN_HOA)
    assert session.talk().source == MN_HOA
    session.close()
    echo.close()


def test_home_agent_of_a_host_restarts(lab):
    """Killed and started again, it knows nothing; the host's probes find that out."""
    net = host(lab)
    ha, mn, _ = host_away(net)
    flow = net.reactor.add(Pings(net.b, MN_HOA, interval=0.05))
    answered([flow], "before")
    ha.kill()
    ha.start()
    until("registered again", lambda: ha.bindings(home_address=MN_HOA, state="bound"), 60)
    answered([flow], "after")
    stop([flow])
    assert mn.ctl.call("GetStats")["mobile_node"]["forgotten"] >= 1


HOME2, HA2, HOA2 = "2001:db8:290::/64", "2001:db8:290::1", "2001:db8:290::77"


def second_home(net, hosts):
    """Another home network with its own home agent, beyond the core; the daemon."""
    net.ha2, = net.nodes("ha2", forward=True)
    net.home2 = net.bridge("home2")
    net.home2.plug(net.ha2, "home0")
    net.wire(net.ha2, "core0", net.core, "ha2")
    net.ha2.addr("home0", f"{HA2}/64")
    net.ha2.addr("core0", "2001:db8:c9::2/64")
    net.core.addr("ha2", "2001:db8:c9::1/64")
    net.core.route(HOME2, via="2001:db8:c9::2")
    net.ha2.route("default", via="2001:db8:c9::1")
    text = conf.ha_conf(net, node=net.ha2, mobile_nodes=hosts, home_links=[
        {"device": "home0", "address": HA2, "prefixes": (HOME2,)}])
    return daemon.Daemon(net.ha2, text).start()


def test_two_home_addresses_at_two_home_agents(lab):
    """Each has its own tunnel, table and default; unbound sockets use the first."""
    net = host(lab)
    key = conf.auth(net, 1, spi=conf.HOST_SPI)
    ha2 = second_home(net, [{"home_address": HOA2, "security": key}])
    ha, mn, coa = host_away(net, mn={"homes": [
        {"home_address": f"{HOA2}/64", "home_agent": HA2, "security": key}]})
    arrived(ha2, mn, "foreign1", HOA2)
    wire = net.r1.capture("acc0")
    echo = Echo(net.core, PORT)
    core = "2001:db8:c1::1"
    assert echo.asked_by(udp(net.mn), core) == MN_HOA
    for hoa, agent in ((MN_HOA, HA_ADDR), (HOA2, HA2)):
        assert echo.asked_by(udp(net.mn, bind=hoa), core) == hoa
        mine = seen(net, wire, lambda p: p.inner is not None and
                    hoa in (p.inner.src, p.inner.dst))
        assert {frozenset((p.src, p.dst)) for p in mine} == {frozenset((coa, agent))}, mine
    # at one home the other is still away
    net.move(net.mn, "home")
    daemon.wait_registered(mn, state="home", hoa=MN_HOA)
    daemon.wait_no_binding(ha, MN_HOA)
    net.move(net.mn, "foreign2")
    arrived(ha, mn, "foreign2", MN_HOA)
    arrived(ha2, mn, "foreign2", HOA2)
    assert echo.asked_by(udp(net.mn, bind=HOA2), core) == HOA2
    echo.close()


def test_somebody_took_the_home_address_while_the_host_was_off(lab):
    """RFC 6275 11.5.5: no binding was there, so the address is tested at home, and not used."""
    net = host(lab)
    net.unplug(net.mn)
    net.b.addr("eth0", f"{MN_HOA}/64")
    daemon.ha(net)
    mn = daemon.mn(net)
    net.move(net.mn, "home")
    mn.wait_log("uses the home address: not used there")
    assert f"{MN_HOA}/64" not in net.mn.addresses("up0")
    net.b.del_addr("eth0", f"{MN_HOA}/64")


@pytest.mark.parametrize("tunnel", ["shared", "device"])
def test_host_behind_a_mobile_router(lab, tunnel):
    """A tunnel in a tunnel: the host's care-of address is of the mobile network."""
    net = lab(mns=1, mrs=1)
    lan = net.bridge("lan")
    net.mr.sysctl("net.ipv6.conf.default.accept_dad", 0)    # else it differs at the end
    lan.plug(net.mr, "lan1")
    net.mr.addr("lan1", "2001:db8:281:1::1/64")
    prefixes = ["2001:db8:281::/64", "10.0.0.0/24", "2001:db8:281:1::/64"]
    ra = radvd(net.mr, "lan1", "2001:db8:281:1::1/64")
    ha = daemon.ha(net, tunnel=tunnel, mobile_nodes=[
        conf.mobile_node(security=conf.auth(net), prefixes=prefixes),
        conf.mobile_host(security=conf.auth(net, spi=conf.HOST_SPI))])
    mr = daemon.mr(net, prefixes=[conf.prefix(p, device="lan1" if ":1:" in p else "lan0")
                                  for p in prefixes])
    net.move(net.mr, "foreign1")
    arrived(ha, mr, "foreign1")
    net.move(net.mn, "lan")
    mn = daemon.mn(net)
    one = daemon.wait_registered(mn, "2001:db8:281:1:", limit=60)
    inner_coa = daemon.address(one["registered_care_of"])
    session = Session(net.b, net.mn, B6, PORT).talk()
    assert session.source == MN_HOA
    wire = net.r2.capture("acc0")
    net.move(net.mr, "foreign2")            # the host does not notice
    outer_coa = arrived(ha, mr, "foreign2")
    session.talk().close()
    twice = seen(net, wire, lambda p: p.inner is not None and p.inner.inner is not None)
    assert any((p.src, p.inner.src, p.inner.inner.src) == (outer_coa, inner_coa, MN_HOA)
               for p in twice), twice
    # the kernel sends nothing out of the device that it came into
    assert daemon.wait_binding(ha, MN_HOA, inner_coa)["tunnel"].startswith(
        "hn-" if tunnel == "shared" else "ha-")
    ra.stop()


def test_router_advertisements_are_the_daemon_s_on_a_plain_host(lab):
    """A host's kernel autoconfigures: on our uplinks it no longer does, and what it did is gone."""
    lab.leftovers_allowed = True            # the kernel's own addresses come back with new ones
    net = host(lab)
    net.mn.sysctl("net.ipv6.conf.up0.accept_ra", 1)
    net.move(net.mn, "foreign1")
    until("the kernel has an address", lambda: [
        a for a in net.mn.addresses("up0") if a.startswith(at("foreign1"))])
    ha = daemon.ha(net)
    mn = daemon.mn(net)
    coa = arrived(ha, mn, "foreign1", MN_HOA)
    assert net.mn.sysctl("net.ipv6.conf.up0.accept_ra") == "0"
    assert net.mn.sysctl("net.ipv6.conf.all.forwarding") == "0"
    mine = [a for a in net.mn.addresses("up0") if not a.startswith("fe80")]
    assert mine == [f"{coa}/64"], mine
    assert "proto ra" not in net.mn.run("ip", "-6", "route", "show", "table", "all")
    mn.stop()
    assert net.mn.sysctl("net.ipv6.conf.up0.accept_ra") == "1"
