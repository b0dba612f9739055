# SPDX-License-Identifier: BSD-2-Clause
"""Another configuration while everything runs: nothing is lost that it does not change, and a way back
from one that cuts the operator off.
"""
import json
import time

import conf
import daemon
from net import FOREIGN, HA_ADDR, HOA, MNP, MNP4
from proc import until
from scene import answered, arrived, at, away, four_flows, stop, traffic

MORE4, MORE6 = "10.77.0.0/24", "2001:db8:28f::/64"
HOA2, MNP2 = "2001:db8:280::77", "2001:db8:28e::/64"
OTHER_KEY = "00112233445566778899aabbccddeeff"


class Watch:
    """Every change of a node's links, routes, rules and addresses, as lines of ip-monitor(8)."""

    def __init__(self, node):
        self.node = node
        self.proc = node.spawn("watch", ["ip", "monitor", "link", "route", "rule", "address"])
        # it listens when it has said what we do
        until("the monitor hears", self._hears)

    def _hears(self):
        self.node.run("ip", "addr", "add", "192.0.2.77/32", "dev", "lo")
        self.node.run("ip", "addr", "del", "192.0.2.77/32", "dev", "lo")
        return "192.0.2.77" in self.proc.text()

    def said(self, *words):
        return [line for line in self.proc.text().splitlines() if all(w in line for w in words)]


def index_of(node, dev):
    return json.loads(node.run("ip", "-j", "link", "show", "dev", dev))[0]["ifindex"]


def ha_text(net, more=False, key=conf.KEY, first=None, **settings):
    """The home agent's file; more: what the mobile router may have in addition."""
    nodes = [conf.mobile_node(0, conf.auth(net, key=key),
                              [MNP, MNP4, *([MORE4, MORE6] if more else [])]),
             {"home_address": HOA2, "prefixes": (MNP2,), "security": conf.auth(net, n=7)}]
    return conf.ha_conf(net, mobile_nodes=[*([first] if first else []), *nodes], **settings)


def mr_text(net, more=False, key=conf.KEY, second=False, uplinks=("up0",), lifetime=600, **settings):
    prefixes = [conf.prefix(p) for p in (MNP, MNP4, *((MORE4, MORE6) if more else ()))]
    text = conf.mr_conf(net, prefixes=prefixes, security=conf.auth(net, key=key),
                        uplinks=[{"device": d} for d in uplinks], home={"lifetime": lifetime},
                        **settings)
    if second:
        home = conf.value({"home_address": HOA2 + "/64", "home_agent": HA_ADDR,
                           "prefixes": [conf.prefix(MNP2)],
                           "security": conf.auth(net, n=7)})
        text = text.replace("homes = ( ", f"homes = ( {home},\n  ", 1)
    return text


def reload(one, text):
    one.write(text)
    one.mip6ctl("config", "reload")


def registered(mr, **wanted):
    until(f"registered with {wanted}", lambda: mr.registrations(
        home_address=HOA, state="bound", **wanted), 60)


def in_service(mr, prefix):
    until(f"{prefix} is served", lambda: mr.prefixes(prefix=prefix, state="accepted"), 60)


def test_nothing_is_lost_over_reloads_at_both_ends(net):
    ha, mr = away(net, ha={"text": ha_text(net)}, mr={"text": mr_text(net)})
    tunnel = mr.registrations(home_address=HOA)[0]["tunnel"]
    index = index_of(net.mr, tunnel)
    flows = four_flows(net, interval=0.005)
    answered(flows, "before")
    watch = [Watch(net.ha), Watch(net.mr)]
    begin = time.time_ns()
    changes_at_the_home_agent(net, ha)
    changes_at_the_mobile_router(net, ha, mr)
    end = time.time_ns()
    answered(flows, "afterwards", times=50)
    stop(flows)
    for f in flows:
        assert len(f.answered(begin, end)) > 100
        assert not f.lost(begin, end), (f.name, len(f.lost(begin, end)), f.refused)
    assert index_of(net.mr, tunnel) == index
    # what was there was neither taken away nor put there again
    for w in watch:
        assert not w.said("Deleted", MNP) and not w.said("Deleted", MNP4), w.proc.text()
    assert not watch[0].said(MNP) and not watch[0].said(HOA + " "), watch[0].proc.text()
    assert not watch[1].said("default", tunnel, "table 6500") and not watch[1].said(f"{index}: {tunnel}"), \
        watch[1].proc.text()


def changes_at_the_home_agent(net, ha):
    other = conf.mobile_node(3, conf.auth(net, n=3))
    reload(ha, ha_text(net, max_lifetime=1200))
    reload(ha, ha_text(net, first=other))               # all places in the list move
    reload(ha, ha_text(net, first=other, timers={"dad_transmits": 2}))
    reload(ha, ha_text(net))
    reload(ha, ha_text(net, more=True))


def changes_at_the_mobile_router(net, ha, mr):
    reload(mr, mr_text(net, lifetime=500))
    registered(mr, lifetime=500)
    reload(mr, mr_text(net, more=True))
    in_service(mr, MORE4)
    in_service(mr, MORE6)
    assert len(ha.bindings(home_address=HOA)[0]["prefixes"]) == 4
    reload(mr, mr_text(net, timers={"probe_interval": 5},
                       route_optimization={"enabled": True, "policy": [
                           {"peer": "::/0", "allow": False}]}))
    until("two prefixes are left", lambda: len(ha.bindings(home_address=HOA)[0]["prefixes"]) == 2)
    assert not mr.prefixes(prefix=MORE4)
    reload(mr, mr_text(net, uplinks=("up7", "up0")))    # it takes the first place
    reload(mr, mr_text(net))
    # another home comes, first in the file, and goes
    reload(mr, mr_text(net, second=True))
    daemon.wait_binding(ha, HOA2)
    reload(mr, mr_text(net))
    until("it has de-registered", lambda: not ha.bindings(home_address=HOA2))
    # a new key, at the home agent first
    accepted = ha.ctl.call("GetStats")["home_agent"]["accepted"]
    reload(ha, ha_text(net, key=OTHER_KEY))
    reload(mr, mr_text(net, key=OTHER_KEY))
    until("the new key is in use",
          lambda: ha.ctl.call("GetStats")["home_agent"]["accepted"] > accepted)
    registered(mr)


def test_a_change_that_cuts_the_router_off_is_undone(lab):
    net = lab(uplinks=("up0", "up1"))
    ha, mr = away(net, ha={"text": ha_text(net)}, mr={"text": mr_text(net)})
    refused(mr, net)
    confirmed(mr, net)
    told = net.mr.spawn("told", [daemon.MIP6CTL, "-S", mr.ctl.path, "monitor", "config"])
    told.wait_log("sync")
    mr.write(mr_text(net, uplinks=("up7",)))
    said = mr.mip6ctl("config", "reload", "--undo-after", "3")
    assert "unless confirmed" in said, said
    assert 0 < mr.status()["undo_in"] <= 3 and "is undone in" in mr.mip6ctl("status")
    until("it is cut off", lambda: not mr.registrations(home_address=HOA, state="bound"))
    # SIGHUP meanwhile is another reload, and confirms nothing
    mr.reload()
    until("it is undone", lambda: mr.status()["undo_in"] is None, 60)
    arrived(ha, mr, "foreign1")
    assert json.loads(mr.mip6ctl("-j", "config", "show"))["uplinks"] == [{"device": "up0"}]
    traffic(net, "after the undo")
    told.wait_log("what undone")
    assert "what reloaded" in told.text()
    another_uplink(net, ha, mr)


def refused(mr, net):
    """By name, all or nothing."""
    before = mr.mip6ctl("-j", "config", "show")
    mr.write(mr_text(net, lifetime=400, home_device="other0"))
    said = mr.mip6ctl("config", "diff", mr.config, ok=False)
    assert '+home_device = "other0"  # needs a restart' in said, said
    assert f"+homes[{HOA}/64].lifetime = 400  # applied" in said, said
    mr.mip6ctl("config", "reload", ok=False)
    assert "home_device cannot change while running" in mr.log()
    assert mr.mip6ctl("-j", "config", "show") == before
    assert mr.registrations(home_address=HOA)[0]["lifetime"] == 600


def confirmed(mr, net):
    mr.write(mr_text(net, lifetime=400))
    mr.mip6ctl("config", "reload", "--undo-after", "600")
    mr.mip6ctl("config", "confirm")
    assert mr.status()["undo_in"] is None
    registered(mr, lifetime=400)
    mr.mip6ctl("config", "confirm", ok=False)


def another_uplink(net, ha, mr):
    """A better one comes, and the one that was used goes: each time the tunnel moves."""
    net.move(net.mr, "foreign2", dev="up1")
    flows = four_flows(net, interval=0.02)
    answered(flows, "before")
    mr.write(mr_text(net, uplinks=("up0", "up1")))
    mr.mip6ctl("config", "reload")
    until("the second one is attached", lambda: any(
        u["device"] == "up1" and u["attached"] for u in mr.status()["mobile_node"]["uplinks"]))
    assert at("foreign1") in daemon.address(
        mr.registrations(home_address=HOA)[0]["registered_care_of"])
    mr.write(mr_text(net, uplinks=("up1",)))
    mr.mip6ctl("config", "reload")
    arrived(ha, mr, "foreign2")
    until("nothing is left of it", lambda: FOREIGN["foreign1"] not in
          net.mr.run("ip", "-6", "addr", "show", "dev", "up0"))
    answered(flows, "by the other uplink", times=20)
    stop(flows)
