# SPDX-License-Identifier: BSD-2-Clause
"""Ends and beginnings: a router that falls silent, daemons that stop, die and start again."""
import subprocess

import conf
import daemon
from daemon import MIP6D
from net import HOA, MNP, MNP4
from proc import until
from scene import (answered, arrived, away, four_flows, mip6_routes, proxies, silent, stats, stop,
                   traffic)

LIFETIME = 8
UMIP = """# Sample UMIP configuration file for a MIPv6 Mobile Router
NodeConfig MN;
DoRouteOptimizationMN disabled;
MobRtrUseExplicitMode enabled;
Interface "eth0" { MnIfPreference 1; }
MnHomeLink "eth0" {
    IsMobRtr enabled;
    HomeAgentAddress 2001:db8:280::1;
    HomeAddress 2001:db8:280::beef/64 (2001:db8:281::/64);
}
UseMnHaIPsec disabled;
"""


def silence(net, loss=100):
    """The mobile router's access link swallows everything both ways; it keeps its carrier."""
    net.shape(net.mr, "up0", loss=loss)
    net.shape(net.r1, "acc0", loss=loss)


def test_a_mobile_router_that_falls_silent_expires(net):
    ha, mr = away(net, mr={"home": {"lifetime": LIFETIME}, "unsafe_timers": True,
                           "timers": {"max_bindack_timeout": 2}})
    flows = four_flows(net)
    answered(flows, "while all is well")
    assert HOA in proxies(net.ha)
    silence(net)
    daemon.wait_no_binding(ha)
    until("the binding has expired", lambda: stats(ha, "home_agent")["expired"] == 1)
    until("nobody stands in for it", lambda: not proxies(net.ha))
    routes = mip6_routes(net.ha)
    assert not [r for r in routes if "mip6ha" in r], routes
    for prefix in (MNP, MNP4):      # it may be at home by now: RFC 3963 5.8
        assert [r for r in routes if r.startswith(prefix) and HOA in r], routes
    silent(flows, "without a binding")
    until("the mobile router knows it too", lambda: not mr.registrations(state="bound") and
          not mr.registrations(state="refresh"))
    silence(net, loss=0)
    arrived(ha, mr, "foreign1")
    answered(flows, "after it was heard again")
    stop(flows)


def test_daemons_that_stop_and_start_find_each_other_again(net):
    ha, mr = away(net)
    traffic(net, "at first")
    mr.stop()
    assert not mr.leftovers()
    daemon.wait_no_binding(ha)
    assert stats(ha, "home_agent")["deregistered"] == 1
    mr.start()
    arrived(ha, mr, "foreign1")
    traffic(net, "after the mobile router restarted")
    ha.stop()
    assert not ha.leftovers()
    ha.start()
    assert not ha.bindings()
    # nobody told the mobile router: its probes did
    daemon.wait_binding(ha, HOA)
    assert stats(mr, "mobile_node")["forgotten"] >= 1
    arrived(ha, mr, "foreign1")
    traffic(net, "after the home agent restarted")


def test_daemons_that_are_killed_leave_nothing_that_hurts(net):
    """kill -9 of each in turn: forwarding goes on, and the next run takes over."""
    ha, mr = away(net)
    flows = four_flows(net)
    answered(flows, "at first")
    mr.kill()
    answered(flows, "without the mobile router's daemon", times=10)
    assert mr.leftovers(), "a killed daemon cannot have cleaned up"
    mr.start()
    assert "an earlier run left" in mr.log()
    arrived(ha, mr, "foreign1")
    answered(flows, "with its successor", times=10)
    ha.kill()
    answered(flows, "without the home agent's daemon", times=10)
    ha.start()
    assert "an earlier run left" in ha.log()
    arrived(ha, mr, "foreign1")
    answered(flows, "with its successor", times=10)
    # both at once, and the mobile router wakes up elsewhere
    ha.kill()
    mr.kill()
    net.move(net.mr, "foreign2")
    ha.start()
    mr.start()
    arrived(ha, mr, "foreign2")
    answered(flows, "elsewhere", times=10)
    stop(flows)


def run_to_its_end(node, argv, limit=30):
    """(exit status, output) of a daemon that must not stay."""
    with node.ns:
        done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, timeout=limit)
    return done.returncode, done.stdout


def test_what_stands_in_the_way_is_named(lab):
    net = lab(start_ra=False)
    # another owner of the one external tunnel device of a namespace
    net.ha.run("ip", "link", "add", "theirs", "type", "ip6tnl", "external")
    ha = daemon.Daemon(net.ha, conf.ha_conf(net))
    status, said = run_to_its_end(net.ha, ha.argv)
    assert status == 1 and "theirs is an external ip6tnl of somebody else" in said, said
    assert not ha.leftovers()
    net.ha.run("ip", "link", "del", "theirs")
    del net.ha.untouched
    ha = daemon.ha(net)
    have = mip6_routes(net.ha)
    assert have
    # a second one: with the same socket, and with one of its own
    status, said = run_to_its_end(net.ha, ha.argv)
    assert status == 1 and f"pid={ha.proc.pid}" in said and "runs already" in said, said
    other = net.result("other.conf")
    with open(other, "w") as f:
        f.write(conf.ha_conf(net, control={"socket": "/run/tmp/other.sock", "group": "",
                                           "admin_group": ""}))
    status, said = run_to_its_end(net.ha, [MIP6D, "--config", other, "--foreground"])
    assert status == 1 and "runs already" in said, said
    assert mip6_routes(net.ha) == have and ha.ctl.up()
    # the configuration of the older daemon of the same name
    umip = net.result("umip.conf")
    with open(umip, "w") as f:
        f.write(UMIP)
    for more in (["--check"], ["--foreground"]):
        status, said = run_to_its_end(net.ha, [MIP6D, "--config", umip, *more])
        assert status == 4 and "UMIP" in said and f"{umip}:2:" in said, said
