# SPDX-License-Identifier: BSD-2-Clause
"""What else a home agent owes: link-local traffic refused, several home links, and
advertisements that agree with the configuration.
"""
import os
import time

import conf
import daemon
from forge import Mobile, Station, keys
from net import HA_ADDR, HOME_PREFIX
from pkt import packets
from proc import until
from ra import radvd
from test_dhaad import ask as discover
from test_mpd import solicit

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MN = "2001:db8:c1::2"
LL = "fe80::beef"                   # HOA's interface identifier
HOME2, HA2, HOA2 = "2001:db8:290::/64", "2001:db8:290::1", "2001:db8:290::beef"
ANYCAST2 = "2001:db8:290:0:fdff:ffff:ffff:fffe"


def ha_text(net, **more):
    nodes = [conf.mobile_node(0, conf.auth(net, 0, keys(0)))]
    return conf.ha_conf(net, **{"mobile_nodes": nodes, "dad": False, **more})


def unreachables(path, since=0):
    """(sender, code, quoted packet) of each Destination Unreachable in a capture."""
    return [(p.src, p.body[1], p.body[8:]) for p in packets(path)
            if p.t >= since and p.icmp6 and p.icmp6[0] == 1]


def test_link_local_address_of_an_away_node_is_refused(net):
    """RFC 6275 10.4.2: defended with L, but nothing for it goes into the tunnel."""
    ha = daemon.ha(net, text=ha_text(net))
    at = Station(net.r1, "core0", MN, icmp6=True)
    assert Mobile(at).ask(flags="AHLR").status == 0
    link = net.b.capture("eth0", "link.raw")
    since = time.time_ns()
    scope = f"{LL}%eth0"
    out = net.b.run("ping", "-6", "-c", "3", "-W", "2", scope, ok=False)
    assert "0 received" in out, out
    net.reactor.flush()
    errors = unreachables(link.path, since)
    assert errors and all(code == 3 for _src, code, _q in errors), errors
    answered = [p for p in packets(link.path) if p.nd == "NA" and p.target == LL]
    assert answered                             # it is the home agent that answers for it
    link.stop()
    assert not [p for p in at.heard(since) if p.inner and p.inner.dst == LL]
    # without L the address is nobody's
    assert Mobile(at).ask(flags="AHR", seq=500).status == 0
    assert ha.bindings()


def test_two_home_links_are_homes_of_their_own(net):
    net.home2 = net.bridge("home2")
    net.home2.plug(net.ha, "home1")
    net.ha.addr("home1", f"{HA2}/64")
    net.core.route(HOME2, via="2001:db8:c0::2")
    ra = radvd(net.ha, "home1", f"{HA2}/64", home_agent=True, preference=7)
    nodes = [conf.mobile_node(0, conf.auth(net, 0, keys(0))),
             {"home_address": HOA2, "security": conf.auth(net, 1, keys(1)), "nai": conf.nai(1)}]
    ha = daemon.ha(net, text=ha_text(net, mobile_nodes=nodes, home_links=[
        {"device": "home0", "address": HA_ADDR, "prefixes": (HOME_PREFIX,), "preference": 10},
        {"device": "home1", "address": HA2, "prefixes": (HOME2,), "preference": 7}]))
    at = Station(net.r1, "core0", MN, icmp6=True)
    assert Mobile(at).ask().status == 0
    other = Mobile(at, 1, home=HOA2)
    # each home has its own address: that of the other is not the home agent of this one
    assert at.ask(other.update(flags="AH", dst=HA_ADDR), HOA2).status != 0
    assert at.ask(other.update(flags="AH", dst=HA2), HOA2).status == 0
    assert sorted(b["home_agent"] for b in ha.bindings()) == sorted((HA_ADDR, HA2))
    assert discover(at).addresses == [HA_ADDR]
    a = discover(at, dst=ANYCAST2)
    assert a.src == HA2 and a.addresses == [HA2]
    assert solicit(at).prefixes[0][0] == HA_ADDR
    told = solicit(at, home=HOA2, dst=HA2)
    assert told.src == HA2 and [p[0] for p in told.prefixes] == [HA2]
    until("advertisements on both", lambda: [r["state"] for r in ha.home_agents()] ==
          ["advertised", "advertised"])
    ra.stop()


def example(net):
    """conf/mip6d-radvd.conf with the drawing's device."""
    with open(os.path.join(REPO, "conf", "mip6d-radvd.conf")) as f:
        text = f.read()
    assert "eth0" in text and f"{HA_ADDR}/64" in text
    return text.replace("eth0", "home0")


AGREED = {"device": "home0", "address": HA_ADDR, "prefixes": (HOME_PREFIX,), "preference": 10,
          "valid_lifetime": 86400, "preferred_lifetime": 14400}


def test_radvd_example_agrees_with_the_configuration(lab):
    net = lab(start_ra=False)
    path = net.result("radvd-example.conf")
    with open(path, "w") as f:
        f.write(example(net))
    link = net.b.capture("eth0", "link")            # judged by tshark too
    net.ha.spawn("radvd-example", ["radvd", "-n", "-m", "stderr", "-C", path, "-p",
                                   net.result("radvd-example.pid")])
    ha = daemon.ha(net, text=ha_text(net, home_links=[AGREED]))
    until("own advertisements", lambda: ha.home_agents(state="advertised"))
    assert ha.home_agents()[0]["warnings"] == []
    assert "router advertisement of this host" not in ha.log()
    link.stop()
    ras = [p for p in packets(link.path) if p.nd == "RA"]
    assert ras and all(p.body[5] & 0x20 for p in ras)          # H
    options = {}
    body = ras[0].body[16:]
    while body:
        options[body[0]] = body[2:body[1] * 8]
        body = body[body[1] * 8:]
    assert options[8][:6] == bytes((0x80, 0, 0, 10, 0x07, 0x08)), options[8]    # R, 10, 1800
    assert options[3][1] & 0x20 and 7 in options and 1 in options


def test_advertisements_that_differ_are_told(net):
    ha = daemon.ha(net, text=ha_text(net, home_links=[
        {**AGREED, "prefixes": (HOME_PREFIX, "2001:db8:28b::/64"), "preference": 99,
         "valid_lifetime": 7200, "preferred_lifetime": 3600}]))
    until("warnings", lambda: ha.home_agents()[0]["warnings"])
    found = " ".join(ha.home_agents()[0]["warnings"])
    for word in ("HomeAgentPreference", "AdvValidLifetime", "is not advertised"):
        assert word in found and word in ha.log(), word
    assert "AdvHomeAgentFlag" not in found and "AdvRouterAddr" not in found
    assert "warning: the Home Agent Preference" in ha.mip6ctl("home-agent", "show")
    # put right: the warnings go
    ha.reload(ha_text(net, home_links=[AGREED]))
    until("no warnings", lambda: not ha.home_agents()[0]["warnings"])
