# SPDX-License-Identifier: BSD-2-Clause
"""A home network is renumbered (RFC 6275 10.6, 11.4): our home agent and our mobile host, and what
they say to each other as scapy reads it.
"""
import socket

import conf
import daemon
from dump import dump
from net import B6, HA_ADDR, HOME_PREFIX, MN_HOA
from proc import until
from ra import radvd
from scene import arrived, seen
from sock import Echo, Session, udp
from test_mpd import Told

NEW_PREFIX, NEW_HOA = "2001:db8:280:a::/64", "2001:db8:280:a::cafe"
CORE = "2001:db8:c1::1"
PORT = 5000
INFINITE = 0xffffffff
PREFIX_DISCOVERY = 1                # status: accepted, but prefix discovery necessary
SOLICITATION, ADVERTISEMENT = 146, 147
HA_TIMERS = {"min_mob_pfx_adv_interval": 1, "max_mob_pfx_adv_interval": 3600,
             "prefix_adv_timeout": 1}
MN_TIMERS = {"min_valid_lifetime": 1, "initial_solicit_timer": 0.5}


def ha_text(net, old=None, new=True):
    """The home agent's configuration; old: valid and preferred lifetime of the old prefix."""
    key = conf.auth(net, spi=conf.HOST_SPI)
    link = {"device": "home0", "address": HA_ADDR,
            "prefixes": (HOME_PREFIX, NEW_PREFIX) if new else (HOME_PREFIX,)}
    if old:
        link["prefix_lifetimes"] = [{"prefix": HOME_PREFIX, "valid_lifetime": old[0],
                                     "preferred_lifetime": old[1], "decrement_lifetimes": True}]
    nodes = [conf.mobile_host(security=key)]
    if new:
        nodes.append({"home_address": NEW_HOA, "security": key})
    return conf.ha_conf(net, mobile_nodes=nodes, home_links=[link], timers=HA_TIMERS,
                        unsafe_timers=True)


def begin(lab):
    """The home network before: one prefix, and a mobile host that is told of others."""
    net = lab(mrs=0, mns=1)
    net.ha.addr("home0", "2001:db8:280:a::1/64")
    ha = daemon.ha(net, text=ha_text(net, new=False))
    mn = daemon.mn(net, home={"renumber": True}, timers=MN_TIMERS, unsafe_timers=True)
    return net, ha, mn


def heard(net, capture):
    """What both said of prefixes: solicitations, and advertisements as scapy reads them."""
    asked = seen(net, capture, lambda p: p.icmp6 and p.icmp6[0] == SOLICITATION)
    told = seen(net, capture, lambda p: p.icmp6 and p.icmp6[0] == ADVERTISEMENT)
    return asked, [Told(p) for p in told]


def identifier(p):
    return int.from_bytes(p.body[4:6], "big")


def homes(mn):
    return [r["home_address"] for r in mn.registrations()]


def of(node, address):
    """What the kernel of a node has of an address."""
    octets = socket.inet_pton(socket.AF_INET6, address).hex()
    return [x for x in dump(node, files=False) if f"={address} " in f"{x} " or octets in x]


def test_home_network_is_renumbered_while_the_host_is_away(lab):
    net, ha, mn = begin(lab)
    net.move(net.mn, "foreign1")
    coa = arrived(ha, mn, "foreign1", MN_HOA)
    wire = net.r1.capture("acc0")
    session = Session(net.b, net.mn, B6, PORT).talk()
    assert session.source == MN_HOA
    # a new prefix, and the old one shall not be used for anything new
    ha.reload(ha_text(net, old=(600, 0)))
    assert arrived(ha, mn, "foreign1", NEW_HOA) == coa
    # unsolicited first, which the host does not believe; then what it asked for
    asked, told = heard(net, wire)
    assert told[0].t < asked[0].t and told[0].id not in map(identifier, asked), told[0].id
    answer, = [a for a in told if a.id == identifier(asked[0])]
    assert all((p.src, p.dst, p.hao) == (coa, HA_ADDR, MN_HOA) for p in asked), asked
    assert all((a.src, a.dst, a.rh2, a.checksum_ok) == (HA_ADDR, coa, MN_HOA, True) for a in told)
    old, new = answer.prefixes
    assert old[:3] == (HA_ADDR, 64, "LAR") and 500 < old[3] <= 600 and old[4] == 0, old
    assert new == ("2001:db8:280:a::", 64, "LA", INFINITE, INFINITE), new
    # what begins now has the new address, in the tunnel; what there was goes on
    echo = Echo(net.core, PORT)
    until("programs use the new address", lambda: echo.asked_by(udp(net.mn), CORE) == NEW_HOA)
    session.talk()
    inside = seen(net, wire, lambda p: p.inner is not None and p.inner.src == NEW_HOA)
    assert inside and all((p.src, p.dst) == (coa, HA_ADDR) for p in inside), inside
    assert not seen(net, wire, lambda p: NEW_HOA in (p.src, p.dst))
    # until its lifetime ends
    assert of(net.ha, MN_HOA) and of(net.mn, MN_HOA)
    ha.reload(ha_text(net, old=(4, 0)))
    until("the old address is given up", lambda: homes(mn) == [NEW_HOA])
    daemon.wait_no_binding(ha, MN_HOA)
    until("nothing is left of it", lambda: not of(net.ha, MN_HOA) + of(net.mn, MN_HOA))
    daemon.wait_binding(ha, NEW_HOA, coa)
    assert echo.asked_by(udp(net.mn), CORE) == NEW_HOA
    session.close()
    echo.close()


def link_says(net, old):
    """The home link's routers advertise both prefixes; old: lifetimes of the old one."""
    net.ra["home"].kill()           # no last words
    net.ra["home"] = radvd(net.ha, "home0", (f"{HA_ADDR}/64", *old), NEW_PREFIX, home_agent=True)


def test_home_network_is_renumbered_while_the_host_is_at_home(lab):
    net, ha, mn = begin(lab)
    daemon.wait_home(mn)
    session = Session(net.b, net.mn, B6, PORT).talk()
    assert session.source == MN_HOA
    ha.reload(ha_text(net, old=(600, 0)))
    ha.wait_log("reloaded")
    link_says(net, old=(600, 0))
    until("at home by both prefixes", lambda: len(mn.registrations(state="home")) == 2)
    echo = Echo(net.b, PORT + 1)
    until("programs use the new address", lambda: echo.asked_by(udp(net.mn), B6) == NEW_HOA)
    session.talk()
    # both go with it
    net.move(net.mn, "foreign1")
    coa = arrived(ha, mn, "foreign1", MN_HOA)
    assert arrived(ha, mn, "foreign1", NEW_HOA) == coa
    session.talk()
    assert echo.asked_by(udp(net.mn), B6) == NEW_HOA
    # and come back; there the old one ends
    net.move(net.mn, "home")
    until("both are at home", lambda: len(mn.registrations(state="home")) == 2)
    session.talk()
    link_says(net, old=(0, 0))
    until("the old address is given up", lambda: homes(mn) == [NEW_HOA])
    daemon.wait_home(mn)
    until("nothing is left of it", lambda: not of(net.ha, MN_HOA) + of(net.mn, MN_HOA))
    assert echo.asked_by(udp(net.mn), B6) == NEW_HOA
    session.close()
    echo.close()


def test_home_network_is_renumbered_while_the_host_is_off(lab):
    """It hears of that with the answer to its first registration."""
    net, ha, mn = begin(lab)
    net.move(net.mn, "foreign1")
    arrived(ha, mn, "foreign1", MN_HOA)
    net.unplug(net.mn)
    ha.reload(ha_text(net, old=(600, 0)))
    ha.wait_log("reloaded")
    wire = net.r2.capture("acc0")
    net.move(net.mn, "foreign2")
    coa = arrived(ha, mn, "foreign2", MN_HOA)
    assert arrived(ha, mn, "foreign2", NEW_HOA) == coa
    first = next(p for p in seen(net, wire, lambda p: p.mh and p.mh.name == "BA"))
    assert first.mh.status == PREFIX_DISCOVERY, first
    echo = Echo(net.core, PORT)
    until("programs use the new address", lambda: echo.asked_by(udp(net.mn), CORE) == NEW_HOA)
    assert echo.asked_by(udp(net.mn, bind=MN_HOA), CORE) == MN_HOA
    echo.close()
