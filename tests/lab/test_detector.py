# SPDX-License-Identifier: BSD-2-Clause
"""The event interface for programs: listeners, hints, and detectors that take the place of ours."""
import glob
import json
import os
import select
import socket
import subprocess
import sys

import pytest

import conf
import daemon
from ctl import ControlError
from daemon import REPO
from net import FOREIGN, HA_ADDR, HOA, HOME_PREFIX, MNP
from proc import until
from ra import radvd
from scene import arrived, at, away, seen, traffic, updates, wait_seen

DETECTORS = os.path.join(REPO, "detectors")
LINK = {name: f"{p}/64" for name, p in FOREIGN.items()}
SLOW = (600, 1200)                  # seconds between advertisements: nobody waits for those


class Listener:
    """One connection that watches, without a thread of its own."""

    def __init__(self, path, *events):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        params = {"events": list(events)} if events else {}
        self.sock.sendall(json.dumps({"method": "io.mip6d.Monitor", "parameters": params,
                                      "more": True}).encode() + b"\0")
        self.data, self.events = b"", []

    def from_now(self):
        """Without the present state."""
        self.wait(event="sync")
        self.events.clear()
        return self

    def heard(self, **wanted):
        """All events so far that have these fields, without waiting."""
        while select.select([self.sock], [], [], 0)[0]:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise ConnectionError("closed")
            self.data += chunk
        *whole, self.data = self.data.split(b"\0")
        self.events += [json.loads(one)["parameters"] for one in whole]
        return [e for e in self.events if all(e.get(k) == v for k, v in wanted.items())]

    def wait(self, limit=30, **wanted):
        return until(f"the event {wanted}", lambda: self.heard(**wanted), limit)[-1]

    def close(self):
        self.sock.close()


def detector(net, name, *words, stdin=None):
    """One of the samples, in the mobile router's namespace."""
    argv = [sys.executable, "-u", os.path.join(DETECTORS, name), *words, conf.socket_path(net.mr)]
    return net.mr.spawn(name, argv, stdin=stdin)


def state_of(mr):
    return mr.status()["mobile_node"]["detector"]


# ---- detectors ----

def test_a_detector_of_thirty_lines_drives_a_mobile_router(net):
    """Ours hears the same advertisements and does nothing; when the other goes, all stays."""
    link = net.r1.capture("acc0")
    net.move(net.mr, "foreign1")
    ha = daemon.ha(net)
    mr = daemon.mr(net, detector="external")
    news = Listener(mr.ctl.path, "md_info", "detector").from_now()
    from_here = len(seen(net, link, lambda p: p.nd == "RA"))
    until("advertisements", lambda: len(seen(net, link, lambda p: p.nd == "RA")) > from_here + 5)
    assert not mr.status()["mobile_node"]["uplinks"][0]["attached"]
    assert state_of(mr) == {"kind": "external", "connected": False, "silent": False, "pid": None,
                            "age": None}
    small = detector(net, "detector-minimal.py", "up0")
    arrived(ha, mr, "foreign1")
    assert state_of(mr)["connected"] and state_of(mr)["pid"] == small.pid
    assert news.wait(event="detector", state="here")["pid"] == small.pid
    net.move(net.mr, "foreign2")
    coa = arrived(ha, mr, "foreign2")
    assert news.heard(event="md_info", kind="coa", care_of=coa)
    traffic(net, "from foreign2")
    assert "detector external: connected" in mr.mip6ctl("status")
    small.kill()
    assert news.wait(event="detector", state="gone")["pid"] == small.pid
    assert not state_of(mr)["connected"] and state_of(mr)["age"] >= 0
    assert "warning: detector external: not connected" in mr.mip6ctl("status")
    traffic(net, "after the detector's end")
    assert not news.heard(event="md_info", kind="lost")
    assert "external detector pid=%d has gone" % small.pid in mr.log()


def points(net):
    """What is known of the access points, made up: one for each link."""
    path = net.result("points")
    with open(path, "w") as f:
        f.write("# BSSID  router  prefix\n"
                f"02:00:00:00:f1:01 {net.r1.link_local('acc0')} {LINK['foreign1']}\n"
                f"02:00:00:00:f2:01 {net.r2.link_local('acc0')} {LINK['foreign2']}  # far\n"
                f"02:00:00:00:80:01 {net.ha.link_local('home0')} {HOME_PREFIX} home\n")
    return path


def test_layer_2_moves_a_mobile_router_before_any_router_is_heard(lab):
    """Its advertisements are minutes apart, and the Binding Update leaves before the first."""
    net = lab(start_ra=False)
    link = net.r2.capture("acc0")
    net.move(net.mr, "foreign1")
    ha = daemon.ha(net)
    mr = daemon.mr(net, detector="external", detector_silence=2)
    news = Listener(mr.ctl.path, "md_info", "detector", "handover").from_now()
    out, say = os.pipe()
    l2 = detector(net, "detector-l2.py", points(net), stdin=out)
    os.close(out)

    def iw(line):
        os.write(say, line.encode() + b"\n")

    iw("1700000000.000001: up0 (phy #0): connected to 02:00:00:00:f1:01")
    arrived(ha, mr, "foreign1")
    iw("1700000001.000001: up0 (phy #0): disconnected (by AP) reason: 4: Disassociated")
    news.wait(event="md_info", kind="lost")
    moved = net.move(net.mr, "foreign2")
    iw("1700000002.000001: up0 (phy #0): unknown event 60\n"        # much else is said there, too
       "1700000002.000002: up0 (phy #0): connected to 02:00:00:00:F2:01")
    coa = arrived(ha, mr, "foreign2")
    move = news.wait(event="handover")
    assert move["to"]["addr"] == coa
    traffic(net, "from foreign2")
    radvd(net.r2, "acc0", "2001:db8:f2::1/64", interval=SLOW)
    ras = until("an advertisement", lambda: seen(net, link, lambda p: p.nd == "RA", moved))
    assert updates(net, link, moved)[0].t < ras[0].t
    link.stop()
    # it changes nothing, and nobody has said anything for a while: that is told
    until("it is silent", lambda: state_of(mr)["silent"])
    assert news.heard(event="detector", state="silent")
    text = mr.mip6ctl("status")
    assert "warning: detector external: silent" in text and "uplinks stay as they are" in text
    assert mr.registrations(state="bound")[0]["care_of"]["addr"] == coa
    iw("up0: connected to 02:00:00:00:f2:01")       # as it was: a sign of life
    until("it is no longer silent", lambda: not state_of(mr)["silent"])
    net.move(net.mr, "home")
    iw("up0: connected to 02:00:00:00:80:01")
    daemon.wait_home(mr)
    daemon.wait_no_binding(ha)
    os.close(say)
    assert l2.wait() == 0
    news.wait(event="detector", state="gone")
    assert len(news.heard(event="md_info", kind="lost")) == 1
    assert l2.text().count("taken") == 5, l2.text()


# ---- hints ----

R1 = "fe80::77"
WRONG = [                           # event, fields, the field that is named, words of the reason
    ("md_info", {}, "kind", "missing"),
    ("md_info", {"kind": "there"}, "kind", "there"),
    ("md_info", {"kind": "lost"}, "device", "missing"),
    ("md_info", {"kind": "lost", "device": "wlan9"}, "device", "no such device"),
    ("md_info", {"kind": "coa", "device": "lan0"}, "device", "lan0 is no uplink"),
    ("md_info", {"kind": "lost", "device": "up0", "bid": 9}, "bid", "up0 has 0"),
    ("md_info", {"kind": "lost", "device": "up0", "router": R1}, "router", "lost"),
    ("md_info", {"kind": "coa", "device": "up0", "router": R1}, "link", "missing"),
    ("md_info", {"kind": "coa", "device": "up0", "link": LINK["foreign2"]}, "router", "missing"),
    ("md_info", {"kind": "coa", "device": "up0", "link": LINK["foreign2"],
                 "router": "2001:db8:f2::1"}, "router", "no link-local address"),
    ("md_info", {"kind": "coa", "device": "up0", "link": "2001:db8:f2::/56", "router": R1},
     "link", "64 bits"),
    ("md_info", {"kind": "coa", "device": "up0", "link": MNP, "router": R1}, "link", "ours"),
    ("md_info", {"kind": "coa", "device": "up0", "link": "ff0e::/64", "router": R1}, "link",
     "no global unicast"),
    ("md_info", {"kind": "coa", "device": "up0", "link": LINK["foreign2"], "router": R1,
                 "care_of": "ff0e::1"}, "care_of", "is a group"),
    ("md_info", {"kind": "coa", "device": "up0", "link": LINK["foreign2"], "router": R1,
                 "care_of": HOA}, "care_of", "home address"),
    ("md_info", {"kind": "coa", "device": "up0", "link": LINK["foreign2"], "router": R1,
                 "care_of": "2001:db8:280::77"}, "care_of", "which is ours"),
    ("md_info", {"kind": "coa", "device": "up0", "link": LINK["foreign2"], "router": R1,
                 "care_of": "2001:db8:f3::1"}, "link", "does not contain"),
    ("md_info", {"kind": "coa", "device": "up0", "link": "2001:db8:281::/64", "router": R1,
                 "care_of": "2001:db8:281::1"}, "care_of", "ours"),
    ("md_info", {"kind": "coa", "device": "up1", "router": R1}, "care_of", "something else"),
    ("md_info", {"kind": "coa", "device": "up1", "router": R1, "care_of": "2001:db8:f2::99"},
     "care_of", "is not on up1"),
    ("md_info", {"kind": "home", "device": "up0", "link": LINK["foreign1"]}, "link",
     "no home prefix"),
    ("home_hint", {"device": "up0", "prefix": LINK["foreign2"]}, "prefix", "no home prefix"),
    ("home_hint", {"device": "lan0", "prefix": HOME_PREFIX}, "device", "no uplink"),
    ("rr_hint", {"home_address": HOA, "peer": HA_ADDR}, "event", "not enabled"),
    ("be_hint", {"peer": "ff0e::1"}, "peer", "no unicast"),
    ("be_hint", {"peer": "2001:db8:cc::2", "home_address": "2001:db8:cc::3",
                 "local": "2001:db8:cc::4", "status": 1}, "local", "no address of this node"),
    ("be_hint", {"peer": "2001:db8:cc::2", "home_address": "2001:db8:cc::3",
                 "local": "2001:db8:281::1", "status": 7}, "status", "7 is not 1"),
]
UNREADABLE = [                      # no such value, or no such thing: the name of the parameter
    ({"event": "bc_add", "fields": {}}, "event"),       # a fact, not a hint
    ({"event": "nothing"}, "event"),
    ({"event": "md_info", "fields": {"colour": "red"}}, "colour"),
    ({"event": "md_info", "fields": {"care_of": "10.0.0.1"}}, "care_of"),
    ({"event": "md_info", "fields": {"link": "2001:db8::/129"}}, "link"),
    ({"event": "be_hint", "fields": {"status": -1}}, "status"),
]


def refused(ctl, **call):
    with pytest.raises(ControlError) as e:
        ctl.call("Inject", **call)
    return e.value


def burst(path, n):
    """So many hints in one go; the replies."""
    call = json.dumps({"method": "io.mip6d.Inject", "parameters": {
        "event": "md_info", "fields": {"kind": "lost", "device": "wlan9"}}}).encode() + b"\0"
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(call * n)
        s.shutdown(socket.SHUT_WR)
        data = b""
        while chunk := s.recv(65536):
            data += chunk
    return [json.loads(one) for one in data.split(b"\0") if one]


def as_nobody(node, *words):
    """mip6ctl as a user of the group that may look."""
    with node.ns:
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", daemon.MIP6CTL, "-S",
             conf.socket_path(node), *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_hints_are_checked_and_listeners_are_many(lab):
    net = lab(uplinks=("up0", "up1"))
    control = {"socket": conf.socket_path(net.mr), "group": "nogroup", "admin_group": "",
               "max_clients": 300}
    net.mr.sysctl("net.ipv6.conf.up1.accept_ra", 0)     # it has no address
    net.move(net.mr, "foreign1", dev="up1")
    ha, mr = away(net, mr={"control": control, "uplinks": [
        {"device": "up0"}, {"device": "up1", "managed": True, "priority": 200}]})
    many = [Listener(mr.ctl.path) for _ in range(200)]
    for each in many:
        each.wait(event="sync")
    for event, fields, field, reason in WRONG:
        e = refused(mr.ctl, event=event, fields=fields)
        assert e.name == "io.mip6d.HintRefused" and e.parameters["field"] == field, (fields, e)
        assert reason in e.parameters["reason"], (fields, e)
    for call, parameter in UNREADABLE:
        e = refused(mr.ctl, **call)
        assert e.name.endswith("InvalidParameter") and e.parameters["parameter"] == parameter
    replies = burst(mr.ctl.path, 400)
    flood = [r for r in replies if r["parameters"].get("field") == "event"]
    assert len(replies) == 400 and len(flood) >= 100
    assert "more than 100 hints" in flood[0]["parameters"]["reason"]
    assert not many[0].heard(event="md_info", kind="lost", device="up0")
    status, text = as_nobody(net.mr, "event", "inject", "md_info", "kind=lost", "device=up0")
    assert status == 4 and "not allowed" in text, text
    assert as_nobody(net.mr, "status")[0] == 0
    # a home agent has no use for most of it
    e = refused(ha.ctl, event="home_hint", fields={"device": "home0", "prefix": HOME_PREFIX})
    assert e.name == "io.mip6d.NoSuchRole"
    until("hints are taken again", lambda: not burst(mr.ctl.path, 1)[0]["parameters"]
          .get("reason", "").startswith("more than"))
    # beside our own detector: the uplink is lost, is looked for, and is there again
    mr.ctl.call("Inject", event="md_info", fields={"kind": "lost", "device": "up0"})
    for each in many:
        assert each.wait(event="md_info", kind="lost", device="up0")
    arrived(ha, mr, "foreign1")
    # and everybody hears the same, in the same order
    net.move(net.mr, "foreign2")
    coa = arrived(ha, mr, "foreign2")
    for each in many:
        last = each.wait(event="handover", to={"family": "ipv6", "addr": coa, "udp_port": 0})
        lost = next(e for e in each.events if e.get("kind") == "lost" and e["device"] == "up0")
        each.story = each.events[each.events.index(lost):each.events.index(last) + 1]
    assert len(many[0].story) >= 5
    assert all(each.story == many[0].story for each in many)
    assert coa.startswith(at("foreign2"))
    for each in many:
        each.close()
    be = net.mr.capture("up0")
    mr.ctl.call("Inject", event="be_hint", fields={
        "peer": "2001:db8:c2::1", "home_address": "2001:db8:cc::3", "local": coa, "status": 1})
    wait_seen(net, be, "a Binding Error", lambda p: p.mh and p.mh.name == "BE")
    be.stop()
    told = ha.ctl.call("org.varlink.service.GetInterfaceDescription", interface="io.mip6d")
    with open(os.path.join(REPO, "doc", "io.mip6d.varlink")) as f:
        assert told["description"] == f.read()


# ---- programs that are run on events ----

SCRIPTS = {                         # name: mode, text
    "10-note": (0o755, '{ echo "[$1]"; env; cat /proc/self/status; } > $out.part; '
                       'mv $out.part $out.$MIP6_EVENT; echo noted "$1"'),
    "20-slow": (0o755, 'sleep 1000 & echo $! > $out.slow; wait'),
    "30-bad": (0o755, 'exit 7'),
    "40-anybody": (0o777, 'touch $out.anybody'),
    "50-not.run": (0o755, 'touch $out.anybody'),
}


def programs(net):
    """A directory of them, which nobody else can change; where they leave what they find."""
    folder, out = net.result("on_event.d"), f"{conf.state_dir(net.mr)}/found"
    os.mkdir(folder, 0o755)
    for name, (mode, text) in SCRIPTS.items():
        path = os.path.join(folder, name)
        with open(path, "w") as f:
            f.write(f"#!/bin/sh\nout={out}\n{text}\n")
        os.chmod(path, mode)
    return folder, out


def found(out, event):
    def lines():
        try:
            with open(f"{out}.{event}") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return None
    return until(f"10-note has seen {event}", lines)


CAPS = "+net_admin,+net_raw"


def as_a_user(net, text):
    """The mobile router's daemon, with the user and the capabilities of a service."""
    mr = daemon.Daemon(net.mr, text)
    mr.argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
               f"--inh-caps=-all,{CAPS}", f"--ambient-caps=-all,{CAPS}", *mr.argv]
    for path in (mr.config, conf.state_dir(net.mr), *glob.glob(net.result("*key*"))):
        os.chown(path, 65534, 65534)
    return mr.start()


def test_programs_are_run_on_events_and_bounded(net):
    """Not as root, as a service runs; what is run has no capabilities."""
    folder, out = programs(net)
    net.move(net.mr, "foreign1")
    ha = daemon.ha(net)
    mr = as_a_user(net, conf.mr_conf(net, on_event={
        "directory": folder, "timeout": 5, "queue": 2, "processes": 4,
        "events": ("bul_add", "handover", "md_info")}))
    coa = arrived(ha, mr, "foreign1")
    lines = found(out, "bul_add")
    assert lines[0] == "[bul_add]"
    env = dict(line.split("=", 1) for line in lines if "=" in line)
    assert env["MIP6_HOME_ADDRESS"] == HOA and env["MIP6_CARE_OF"] == coa
    assert env["MIP6_PEER"] == HA_ADDR and env["MIP6_EVENT"] == "bul_add"
    assert env["MIP6_SOCKET"] == mr.ctl.path and float(env["MIP6_TIME"]) > 1e9
    assert [line.split()[1] for line in lines if line.startswith(("CapEff", "CapAmb"))] == \
        ["0" * 16] * 2
    assert "MIP6_KIND=coa" in found(out, "md_info") and found(out, "handover")
    mr.wait_log("hook: warning: 20-slow: took more than 5 s, killed")
    mr.wait_log("hook: warning: 30-bad: exit status 7 (bul_add)")
    mr.wait_log("hook: 10-note: noted handover")
    mr.wait_log("hook: warning: 40-anybody: not run")
    with open(f"{out}.slow") as f:
        left = int(f.read())
    assert not os.path.exists(f"{out}.anybody")
    # a slow one misses events, the others do not, and the daemon goes on
    net.move(net.mr, "foreign2")
    arrived(ha, mr, "foreign2")
    until("events of the slow one are dropped",
          lambda: mr.ctl.call("GetStats")["on_event"]["dropped"])
    stats = mr.ctl.call("GetStats")["on_event"]
    assert stats["killed"] and stats["failed"] and stats["refused"]
    until("what it had started is gone", lambda: not os.path.exists(f"/proc/{left}")
          or "sleep" not in open(f"/proc/{left}/cmdline").read())
