# SPDX-License-Identifier: BSD-2-Clause
"""mip6ctl doctor: a healthy home agent and mobile router have nothing that fails; each fault that
is put in is named, with what mends it, and what mends it does."""
import json
import os
import shlex
import socket
import subprocess

import conf
import daemon
from net import HA_ADDR, HOA, HOME_PREFIX
from proc import until
from ra import radvd
from scene import away

LAN = "2001:db8:281::1/64"


def doctor(node, *options, unprivileged=False):
    """What it says as records, and its exit status."""
    who = ["setpriv", f"--reuid={daemon.NOBODY}", f"--regid={daemon.NOBODY}", "--clear-groups",
           "--inh-caps=-all", "--bounding-set=-all"] if unprivileged else []
    with node.ns:
        done = subprocess.run([*who, daemon.MIP6CTL, "-j", "-S", conf.socket_path(node), "doctor",
                               *options], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done
    return json.loads(done.stdout), done.returncode


def bad(node, *options, results=("fail",), **how):
    return [r for r in doctor(node, *options, **how)[0] if r["result"] in results]


def say(records, check, text, result="fail"):
    """The record that says so; it has a fix."""
    found = [r for r in records if r["check"] == check and text in r["text"]]
    assert found and found[0]["result"] == result and found[0]["fix"], (check, text, records)
    return found[0]


def mend(node, *records):
    """Do what they say, where the line is a command."""
    for fix in dict.fromkeys(r["fix"].split(", and")[0] for r in records):
        for command in fix.split("; "):
            node.run(*shlex.split(command))


def test_a_healthy_network_and_its_faults(net):
    link = {"device": "home0", "address": HA_ADDR, "prefixes": (HOME_PREFIX,), "preference": 10,
            "valid_lifetime": 86400, "preferred_lifetime": 14400}
    ha, mr = away(net, ha={"roles": ("ha", "cn"), "home_links": [link]})
    until("the router daemon of the home link is heard",
          lambda: ha.ctl.call("Diagnose")["advertisements"][0]["age"] is not None)
    healthy(net)
    of_the_home_agent(net, ha)
    of_the_mobile_router(net)
    healthy(net)
    who_asks(net, ha)
    no_daemon(net, mr)


def healthy(net):
    for node in (net.ha, net.mr):
        records, rc = doctor(node)
        assert rc == 0 and not [r for r in records if r["result"] == "fail"], records
        for check in ("daemon", "configuration", "capabilities", "kernel", "sysctl", "address",
                      "mtu", "firewall", "rival", "route", "registration"):
            assert [r for r in records if r["check"] == check and r["result"] == "ok"], (
                node, check, records)
            assert not [r for r in records if r["check"] in ("advertisement", "route", "mtu")
                        and r["result"] == "warn"], records


def drop(node, chain, rule):
    node.run("ip6tables-legacy", "-A", chain, *rule.split(), "-j", "DROP")
    return lambda: node.run("ip6tables-legacy", "-F", chain)


def of_the_home_agent(net, ha):
    net.ha.sysctl("net.ipv6.conf.all.forwarding", 0)
    undo = [drop(net.ha, "INPUT", "-p 135"), drop(net.ha, "FORWARD", "-i mip6ha"),
            drop(net.ha, "INPUT", "-m ipv6header --header dst --soft")]
    rival = net.ha.socket(socket.AF_INET6, socket.SOCK_RAW, 135)
    net.ra["home"].stop()
    wrong = radvd(net.ha, "home0", f"{HA_ADDR}/64")
    until("the wrong advertisement is heard",
          lambda: ha.ctl.call("Diagnose")["advertisements"][0]["missing"])
    with open(ha.config) as f:
        right = f.read()
    ha.write(right + "max_lifetim = 60;\n")
    records, rc = doctor(net.ha)
    assert rc == 1
    mend(net.ha, say(records, "sysctl", "net.ipv6.conf.all.forwarding is 0"),
         say(records, "firewall", "Binding Updates that come in"),
         say(records, "firewall", "packets with a Home Address option"),
         say(records, "firewall", "IPv6 of mobile nodes that is forwarded"))
    rule = say(records, "firewall", "Binding Updates that come in")
    assert "legacy filter INPUT, rule -A INPUT -p" in rule["text"], rule
    assert str(os.getpid()) in say(records, "rival", "has a socket for Mobility Header")["fix"]
    assert "did you mean" in say(records, "configuration", "max_lifetim")["text"]
    r = say(records, "advertisement", "Home Agent flag is not set")
    # what it says radvd must say is what radvd takes
    wrong.stop()
    path = net.result("doctor-radvd.conf")
    with open(path, "w") as f:
        f.write(r["fix"].removeprefix("radvd.conf: ").replace(
            "AdvSendAdvert on;", "AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;"))
    net.ra["home"] = net.ha.spawn("radvd-doctor", ["radvd", "-n", "-m", "stderr", "-C", path, "-p",
                                                   net.result("doctor-radvd.pid")])
    said = lambda: ha.ctl.call("Diagnose")["advertisements"][0]
    until("radvd as it should be", lambda: not said()["missing"] and not said()["different"])
    rival.close()
    ha.write(right)
    assert not bad(net.ha)
    [u() for u in undo]


def of_the_mobile_router(net):
    net.mr.sysctl("net.ipv4.conf.up0.arp_ignore", 0)
    undo = [drop(net.mr, "INPUT", "-m rt --rt-type 2"), drop(net.mr, "OUTPUT", "-p 41")]
    net.mr.del_addr("lan0", LAN)
    net.mr.run("ip", "-6", "addr", "del", f"{HOA}/128", "dev", "mip0")
    net.mr.run("ip", "link", "set", "up0", "mtu", "1300")
    net.mr.run("ip", "-6", "rule", "add", "pref", "500", "table", "77")
    records, rc = doctor(net.mr)
    assert rc == 1
    mend(net.mr, say(records, "firewall", "Binding Acknowledgements that come in"),
         say(records, "firewall", "(protocol 41) that goes out"),
         say(records, "sysctl", "net.ipv4.conf.up0.arp_ignore is 0: mip6d had set it to 1"),
         say(records, "mtu", "up0 has an MTU of 1300", "warn"))
    assert "6020" in say(records, "route", "rule 500 sends all packets to table 77", "warn")["fix"]
    net.mr.run("ip", "-6", "rule", "del", "pref", "500")
    say(records, "address", "lan0 has no address of 2001:db8:281::/64")
    net.mr.addr("lan0", LAN)
    say(records, "address", f"the home address {HOA} is on no device")
    net.mr.run("ip", "-6", "addr", "add", f"{HOA}/128", "dev", "mip0", "nodad", "home")
    assert not bad(net.mr)
    [u() for u in undo]


def who_asks(net, ha):
    """Another user, another namespace."""
    os.chmod(ha.ctl.path, 0o666)
    records, rc = doctor(net.ha, unprivileged=True)
    assert rc == 0, records
    assert {r["check"] for r in records if r["result"] == "skipped"} == {"configuration",
                                                                         "firewall"}
    os.chmod(ha.ctl.path, 0o600)
    records, rc = doctor(net.ha, unprivileged=True)
    assert rc == 1 and "usermod" in say(records, "daemon", "no permission to ask")["fix"]
    with net.r1.ns:
        done = subprocess.run([daemon.MIP6CTL, "-S", ha.ctl.path, "-c", "doctor"],
                              capture_output=True, text=True)
    assert done.returncode == 1 and "another network namespace" in done.stdout, done
    assert done.stdout.startswith("\033[32mok\033[0m       daemon         mip6d "), done


def no_daemon(net, mr):
    """Killed: the socket is left, and so is what stands in the kernel."""
    mr.kill()
    records, rc = doctor(net.mr, mr.config)
    assert rc == 1
    assert "takes the socket over" in say(records, "daemon", "left by a mip6d that is gone")["fix"]
    say(records, "route", "routes of protocol 200 are there without", "warn")
    checks = {r["check"]: r["result"] for r in records}
    assert checks["configuration"] == "ok" and checks["sysctl"] == "skipped", checks
    mr.start()
    daemon.wait_registered(mr, limit=60)
