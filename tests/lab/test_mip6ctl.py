# SPDX-License-Identifier: BSD-2-Clause
"""mip6ctl: each command and option against a live home agent and mobile router; each JSON output
against doc/schema/mip6ctl.json, with nothing in it that the schema does not know (judge.py does
that afterwards). What src/mip6ctl/commands.c has and nothing here runs is a failure."""
import json
import os
import re
import subprocess

import conf
import daemon
from ctl_table import OF_PATHS, SCHEMA, WITH_PATHS, Tried
from daemon import MIP6CTL
from net import HA_ADDR, HOA, MNP, MNP4
from proc import until
from scene import arrived, at, away
from uplinks import Uplinks, start

DONE, NOT_TRUE, USAGE, UNREACHABLE, REFUSED, NOT_FOUND = range(6)
REPO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
ROLES = ("ha", "cn")
NOBODY = "2001:db8:280::dead"
CONFIG, PCAP = "the configuration", "the capture"
STAMP = r"\d\d:\d\d:\d\d\.\d\d\d "


class Ctl:
    """mip6ctl of one node; remembers what was tried, and keeps what it printed as JSON."""

    def __init__(self, net, name="mip6ctl.jsonl"):
        self.tried = Tried(net.result(name))

    def run(self, node, *words, status=DONE):
        """What it says: standard output, or if it is to fail what it tells its user."""
        with node.ns:
            done = subprocess.run([MIP6CTL, "-S", conf.socket_path(node), *words],
                                  capture_output=True, text=True, timeout=60)
        assert done.returncode in (status if isinstance(status, tuple) else (status,)), (words,
                                                                                         done)
        if done.returncode in (DONE, NOT_TRUE):
            self.tried.add(words)
        return done.stdout if done.returncode in (DONE, NOT_TRUE) and done.stdout else done.stderr

    def spawn(self, node, name, *words):
        """Started beside the rest; wait() is its status."""
        self.tried.add(words)
        return node.spawn(name, [MIP6CTL, "-S", conf.socket_path(node), *words])

    def printed(self, command, value):
        self.tried.printed(command, value)
        return value

    def json(self, node, command, *more, status=DONE, options=("-j",)):
        """The output of a command; it is held against its schema after the run."""
        text = self.run(node, *options, *command.split(), *more, status=status)
        return self.printed(command, json.loads(text))

    def json_lines(self, command, text):
        return [self.printed(command, json.loads(line)) for line in text.splitlines()]


def test_every_command_and_option(net):
    ctl = Ctl(net)
    ha, mr = away(net, ha={"roles": ROLES})
    lists(ctl, net)
    options(ctl, net)
    numbers(ctl, net)
    logs(ctl, net)
    configuration(ctl, net, ha)
    moves(ctl, net, ha, mr)
    packets(ctl, net)
    changes(ctl, net, ha, mr)
    refusals(ctl, net)
    the_rest(ctl, net, ha)


# How to run what only looks: on which node, with which words behind it, and with what status.
LOOKS = {
    "status": ("ha",), "binding list": ("ha",), "binding show": ("ha",),
    "registration list": ("mr",), "registration show": ("mr",),
    "prefix list": ("ha",), "prefix show": ("mr",), "peer list": ("mr",), "peer show": ("ha",),
    "home-agent list": ("ha",), "home-agent show": ("ha",), "handover last": ("mr", "3"),
    "stats show": ("ha",), "stats mib": ("ha",), "metrics": ("ha",),
    "config check": ("ha", CONFIG),
    "config show": ("ha",), "config diff": ("ha", CONFIG), "log": ("mr",), "decode": ("ha", PCAP),
    "doctor": ("ha",), }
LETTERS = {"n": ("-n", "1"), "t": ("-t", "0.3")}


def of_paths(missing):
    return [(command, letter) for command, letter in missing if command.startswith(WITH_PATHS)]


def test_paths_and_flows(lab):
    """All commands about several uplinks."""
    net = lab(Uplinks, n=2)
    ctl = Ctl(net, OF_PATHS)
    start(net, mr={"home": {"flows": [{"name": "voice", "dscp": "ef", "bids": (2, 1)}]}})
    ctl.run(net.mr, "wait", "path", "2", "up")
    paths = ctl.json(net.mr, "path list")
    assert [(p["bid"], p["device"]) for p in paths] == [(1, "up0"), (2, "up1")]
    assert ctl.json(net.mr, "path show", "2")[0]["bid"] == 2
    assert {f["name"] for f in ctl.json(net.mr, "flow list")} == {"voice"}
    assert ctl.json(net.mr, "flow show", "voice")[0]["priority"] == 10
    ctl.run(net.mr, "path", "prefer", "2")
    until("path 2 is in use", lambda: ctl.json(net.mr, "path list", "2")[0]["active"])
    ctl.run(net.mr, "path", "prefer", "none")
    ctl.run(net.mr, "path", "down", "2")
    until("path 2 is out of use", lambda: ctl.json(net.mr, "path list", "2")[0]["held"])
    ctl.run(net.mr, "path", "down", "1", status=REFUSED)
    ctl.run(net.mr, "path", "up", "2")
    ctl.run(net.mr, "path", "prefer", "9", status=NOT_FOUND)
    for command, letter in of_paths(ctl.tried.missing()):
        words = [*command.split(), *(("2", "up") if command == "wait path" else ())]
        if letter in ("j", "p"):
            ctl.printed(command, json.loads(ctl.run(net.mr, f"-{letter}", *words)))
        else:
            ctl.run(net.mr, *(LETTERS.get(letter, [f"-{letter}"]) if letter else []), *words)
    assert not of_paths(ctl.tried.missing())


def the_rest(ctl, net, ha):
    """Whatever of the table no part above has run: a command that nobody thought of fails here."""
    files = {CONFIG: ha.config, PCAP: net.result("mobility.raw.pcap")}
    missing = {}
    for command, letter in ctl.tried.missing():
        if command.startswith(WITH_PATHS):
            continue
        assert command in LOOKS, f"no test runs: mip6ctl -{letter} {command}"
        missing.setdefault(command, []).append(letter)
    for command, letters in missing.items():
        where, *more = LOOKS[command]
        words = [*command.split(), *(files.get(w, w) for w in more)]
        node = getattr(net, where)
        if set(letters) & {"j", "p"}:
            text = ctl.run(node, "-p", *words, status=(DONE, NOT_TRUE))
            ctl.printed(command, json.loads(text))
        plain = [c for c in letters if c not in ("j", "p")]
        if plain:
            ctl.run(node, *(w for c in plain if c for w in LETTERS.get(c, [f"-{c}"])), *words,
                    status=(DONE, NOT_TRUE))
    assert ctl.tried.missing() == of_paths(ctl.tried.missing())


def lists(ctl, net):
    assert ctl.json(net.ha, "status")["home_agent"]["bindings"] == 1
    assert ctl.json(net.mr, "status")["mobile_node"]["registered"] == 1
    for words in ("binding list", "binding show"):
        assert ctl.json(net.ha, words)[0]["home_address"] == HOA
        assert ctl.json(net.mr, words) == []
    for words in ("registration list", "registration show"):
        assert ctl.json(net.mr, words, HOA)[0]["home_agent"] == HA_ADDR
    for words in ("prefix list", "prefix show"):
        for node in (net.ha, net.mr):
            assert {p["prefix"] for p in ctl.json(node, words)} == {MNP, MNP4}
    for words in ("home-agent list", "home-agent show"):
        assert ctl.json(net.ha, words)[0]["addresses"] == [HA_ADDR]
        assert ctl.json(net.mr, words)[0]["state"] == "registered"
    for words in ("peer list", "peer show"):
        assert ctl.json(net.mr, words) == []
    assert "prefix " + MNP in ctl.run(net.ha, "binding", HOA)
    assert HOA in ctl.run(net.mr, "reg")
    assert "REASON" not in ctl.run(net.mr, "peer")       # no head without rows


def options(ctl, net):
    assert ctl.run(net.ha, "-p", "binding").count("\n") > 20
    assert ctl.run(net.ha, "-o", "-d", "binding").count("\n") == 1
    assert "HOME ADDRESS" in ctl.run(net.ha, "binding")
    assert "HOME ADDRESS" not in ctl.run(net.ha, "-o", "binding")
    assert "home_agent.accepted  " in ctl.run(net.ha, "-s")
    assert "pid " in ctl.run(net.ha, "-d")
    assert [p["prefix"] for p in ctl.json(net.ha, "prefix list", options=("-4j",))] == [MNP4]
    assert [p["prefix"] for p in ctl.json(net.ha, "prefix list", options=("-6j",))] == [MNP]
    assert "\033[" in ctl.run(net.mr, "-c", "reg") and "\033[" not in ctl.run(net.mr, "reg")
    assert "\033[" not in ctl.run(net.mr, "--color=auto", "reg")
    assert ctl.run(net.ha, "-V").startswith("mip6ctl ")
    assert "config reload" in ctl.run(net.ha, "-h")
    # completion asks the daemon for what there is
    with net.ha.ns:
        words = subprocess.run([MIP6CTL, "--complete", "-S", conf.socket_path(net.ha), "binding",
                                "show", ""], capture_output=True, text=True).stdout
    assert words.split() == [HOA]


def numbers(ctl, net):
    stats = ctl.json(net.ha, "stats show")
    assert stats["home_agent"]["accepted"] >= 1 and stats["reset_age"] is None
    assert ctl.json(net.ha, "stats mib")["mip6HaBUsAccepted"] >= 1
    assert ctl.json(net.mr, "stats mib")["nemoMrMovedOutofHome"] == 1
    ctl.run(net.ha, "stats", "reset")
    stats = ctl.json(net.ha, "stats show")
    assert stats["home_agent"]["accepted"] == 0 and stats["reset_age"] >= 0
    metrics = ctl.run(net.ha, "metrics")
    accepted = re.search(r'^mip6_messages_total{dir="tx",type="ba"} (\d+)$', metrics, re.M)
    assert int(accepted[1]) >= 1 and 'mip6_bindings{type="home"} 1\n' in metrics
    of_router = ctl.run(net.mr, "metrics")
    assert "mip6_registered 1\n" in of_router
    assert 'mip6_handovers_total{reason="left_home"} 1\n' in of_router
    # both daemons together write all that the alert rules and the dashboard ask for
    asked = {n for name in ("mip6d-alerts.yml", "mip6d-dashboard.json")
             for n in re.findall(r"mip6_\w+", open(os.path.join(REPO, "conf", name)).read())}
    said = set(re.findall(r"^(?:# TYPE )?(mip6_\w+)", metrics + of_router, re.M))
    assert asked - said == set()
    # the tunnel's own counters, from both ends
    ends = [{w["device"]: w for w in ctl.json(node, "stats show")["tunnels"]}
            for node in (net.ha, net.mr)]
    assert list(ends[0]) == ["mip6ha"] and len(ends[1]) == 1
    assert ctl.json(net.mr, "stats show")["mobile_node"]["ba_latency"]["count"] >= 1
    assert re.search(r"^mip6_commit_seconds_count [1-9]", metrics, re.M)
    by_http = subprocess.run([MIP6CTL, "-S", conf.socket_path(net.ha), "metrics", "--http"],
                             input="GET /metrics HTTP/1.1\r\n\r\n", capture_output=True,
                             text=True, timeout=60).stdout
    assert by_http.startswith("HTTP/1.1 200 OK\n") or by_http.startswith("HTTP/1.1 200 OK\r\n")
    assert "mip6_up 1\n" in by_http
    path = net.result("router.prom")
    ctl.run(net.mr, "-w", path, "metrics")
    assert os.listdir(os.path.dirname(path)).count("router.prom") == 1


def logs(ctl, net):
    levels = {r["room"]: r["level"] for r in ctl.json(net.mr, "log")}
    assert set(levels.values()) == {"debug"}             # of --debug
    ctl.run(net.mr, "log", "error")
    ctl.run(net.mr, "log", "mn", "notice")
    levels = {r["room"]: r["level"] for r in ctl.json(net.mr, "log")}
    assert levels.pop("mn") == "notice" and set(levels.values()) == {"error"}
    ctl.run(net.mr, "log", "debug")


def configuration(ctl, net, ha):
    running = ctl.json(net.ha, "config show")
    assert "max_lifetime" not in running and running["roles"] == list(ROLES)
    assert running["mobile_nodes"][0]["security"]["key_file"] == "(hidden)"
    everything = ctl.json(net.ha, "config show", "--effective")
    assert everything["max_lifetime"] == 3600 and set(running) < set(everything)
    assert 'roles = [ "ha", "cn" ];' in ctl.run(net.ha, "config", "show")
    assert ctl.json(net.ha, "config diff", ha.config) == []
    ha.write(conf.ha_conf(net, roles=ROLES, max_lifetime=1200))
    ctl.run(net.ha, "config", "check", ha.config)
    changed = {d["key"]: d for d in ctl.json(net.ha, "config diff", ha.config, status=NOT_TRUE)}
    assert changed["max_lifetime"] == {"key": "max_lifetime", "running": 3600, "file": 1200,
                                       "reload": "applied"}
    assert "+max_lifetime = 1200  # applied\n" in ctl.run(net.ha, "config", "diff", ha.config,
                                               status=NOT_TRUE)
    assert ctl.json(net.ha, "config reload") == {"warnings": None, "undo_in": None}
    assert ctl.json(net.ha, "config diff", ha.config) == []
    # refused: nothing changes, and it says what for
    ha.write(conf.ha_conf(net, roles=ROLES, max_lifetime=600, metric=3000))
    told = ctl.run(net.ha, "config", "reload", status=REFUSED)
    assert "takes a restart: metric" in told, told
    ha.write(conf.ha_conf(net, roles=ROLES) + "max_lifetim = 60;\n")
    told = ctl.run(net.ha, "config", "reload", status=REFUSED)
    assert "max_lifetim" in told and "did you mean" in told, told
    assert ctl.json(net.ha, "config show")["max_lifetime"] == 1200
    ha.write(conf.ha_conf(net, roles=ROLES))
    ctl.run(net.ha, "config", "reload")
    ha.write(conf.ha_conf(net, roles=ROLES, max_lifetime=1200))
    ctl.run(net.ha, "config", "reload", "--undo-after", "600")
    ctl.run(net.ha, "config", "confirm")
    ha.write(conf.ha_conf(net, roles=ROLES))
    ctl.run(net.ha, "config", "reload")
    assert ctl.json(net.ha, "binding list")[0]["home_address"] == HOA


def moves(ctl, net, ha, mr):
    """The present state, sync, what happens; and afterwards what is remembered of it."""
    before = len(ctl.json(net.mr, "handover last", "64"))
    watch = ctl.spawn(net.mr, "monitor", "-j", "-n", "1", "monitor", "handover", "registration")
    watch.wait_log('"sync"')
    ctl.run(net.ha, "-t", "60", "wait", "bound", HOA)    # it is so already
    net.move(net.mr, "foreign2")
    assert watch.wait() == DONE
    events = ctl.json_lines("monitor", watch.text())
    names = [e["event"] for e in events]
    assert names[:2] == ["bul_add", "sync"] and len(names) == 3, names
    arrived(ha, mr, "foreign2")
    ctl.run(net.mr, "-t", "60", "wait", "registered")
    until("the movement is remembered",
          lambda: len(ctl.json(net.mr, "handover last", "64")) == before + 1)
    last = ctl.json(net.mr, "handover last")
    assert len(last) == 1 and last[0]["to"]["addr"].startswith(at("foreign2"))
    assert last[0]["total"] >= last[0]["ba"] >= 0
    assert re.search(r"total [\d.]+ ms:  detect", ctl.run(net.mr, "handover", "last", "1"))
    assert ctl.json(net.mr, "stats show")["handovers"][3]["count"] >= 1
    # -t ends a monitor without a failure; all kinds of events are as the schema has them
    ctl.json_lines("monitor", ctl.run(net.mr, "-j", "-t", "0.3", "monitor"))
    ctl.json_lines("monitor", ctl.run(net.ha, "-j", "-t", "0.3", "monitor", "all"))
    assert re.search(STAMP + "bc_add home_address " + HOA, ctl.run(net.ha, "-dt", "0.3", "monitor",
                                                                  "binding"))
    ctl.run(net.mr, "wait", "registered", HOA)
    ctl.run(net.ha, "wait", "bound")
    ctl.run(net.mr, "-t", "0.3", "wait", "home", status=NOT_TRUE)
    ctl.run(net.ha, "-t", "0.3", "wait", "bound", NOBODY, status=NOT_TRUE)


def packets(ctl, net):
    """What capture writes is what decode reads, and what passes is said at once."""
    path = net.result("mobility.raw.pcap")
    count = ("-n", "2", "-t", "60")
    write = ctl.spawn(net.ha, "capture", "-w", path, *count, "capture")
    live = ctl.spawn(net.ha, "capture-live", "-j", *count, "capture")
    text = ctl.spawn(net.ha, "capture-text", "-d", *count, "capture")
    until("they listen", lambda: all(listens(net.ha, p) for p in (write, live, text)))
    ctl.run(net.mr, "registration", "refresh", HOA)
    assert write.wait() == DONE and live.wait() == DONE and text.wait() == DONE
    assert re.search(" BU home_address .* options alt_coa", text.text()), text.text()
    messages = ctl.json(net.ha, "decode", path)
    assert [m["type"] for m in messages] == ["BU", "BA"]
    assert messages[0]["home_address"] == HOA == messages[1]["routed_to"]
    assert messages[0]["sequence"] == messages[1]["sequence"]
    assert [m["type"] for m in ctl.json_lines("capture", live.text())] == ["BU", "BA"]
    assert re.match(STAMP + ".* BU home_address " + HOA, ctl.run(net.ha, "-n", "1", "decode",
                                                                 path))


def listens(node, proc):
    """It has a packet socket."""
    fds = f"/proc/{proc.pid}/fd"
    inodes = [line.split()[-1] for line in node.run("cat", "/proc/net/packet").splitlines()[1:]]
    return any(f"socket:[{i}]" == os.readlink(f"{fds}/{n}") for n in os.listdir(fds)
               for i in inodes)


def changes(ctl, net, ha, mr):
    ctl.run(net.mr, "event", "inject", "md_info", "kind=lost", "device=up0")
    arrived(ha, mr, "foreign2")
    one, none = {"count": 1}, {"count": 0}
    assert ctl.json(net.mr, "registration refresh", HOA, options=("-p",)) == one
    assert ctl.json(net.ha, "binding flush", options=("-p",)) == one
    arrived(ha, mr, "foreign2")
    assert ctl.run(net.ha, "binding", "flush", HOA) == "1\n"
    arrived(ha, mr, "foreign2")
    assert ctl.json(net.ha, "peer flush", options=("-p",)) == none
    assert ctl.run(net.ha, "peer", "flush") == "0\n"
    # who is asked for at home is known then, and the registration stands
    known = ctl.json(net.mr, "home-agent discover", HOA, options=("-p",))
    assert [(k["addresses"], k["state"]) for k in known] == [([HA_ADDR], "registered")]
    assert f"{HOA}: {HA_ADDR} names 1 home agent\n" in ctl.run(net.mr, "home-agent", "discover")
    assert "HOME ADDRESS" not in ctl.run(net.mr, "-o", "-t", "60", "home-agent", "discover")
    assert daemon.wait_registered(mr)
    assert ctl.run(net.mr, "registration", "deregister", HOA) == "1\n"
    assert ctl.json(net.mr, "registration deregister", options=("-p",)) == none
    assert ctl.run(net.mr, "registration", "deregister", HOA) == "0\n"    # it is so already
    daemon.wait_no_binding(ha)


def refusals(ctl, net):
    for node, words, status, told in (
            (net.ha, ("binding", NOBODY), NOT_FOUND, NOBODY),
            (net.mr, ("wait", "registered", NOBODY), NOT_FOUND, NOBODY),
            (net.mr, ("registration", "deregister", NOBODY), NOT_FOUND, NOBODY),
            (net.mr, ("binding", "flush"), REFUSED, "role"),
            (net.mr, ("peer", "flush"), REFUSED, "role"),
            (net.ha, ("config", "check", "/nonexistent"), REFUSED, "No such file"),
            (net.ha, ("decode", "/nonexistent"), REFUSED, "No such file"),
            (net.ha, ("decode", SCHEMA), REFUSED, "not a capture file"),
            (net.ha, ("event", "inject", "md_info", "colour=red"), USAGE, "colour"),
            (net.ha, ("event", "inject", "md_info", "kind=lost", "device=up0"), REFUSED, "role: mn"),
            (net.mr, ("event", "inject", "md_info", "kind=lost", "device=lan0"), REFUSED,
             "device: lan0 is no uplink"),
            (net.ha, ("log", "loud"), USAGE, "loud"),
            (net.ha, ("st",), USAGE, "status stats"),
            (net.ha, ("-S", "/run/tmp/nobody", "status"), UNREACHABLE, "is mip6d running?")):
        assert told in ctl.run(node, *words, status=status), words
