# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration, inside the lab kernel: a network moves while people use it.

Writes captures and facts.json; what they mean is worked out afterwards,
outside, by demo_report.py. Narrates what it does.
"""
import json
import os
import sys
import time

import daemon
from capture import NO_TUNNELLED_TCP, SIGNALLING, echo_filter
from dump import difference, dump
from net import A4, A6, B4, B6, Net
from ping import Pings
from proc import until
from traffic import Curls, SshSession, patient_tcp, sshd, web_server

START = time.monotonic()
RA_INTERVAL = (0.05, 0.1)
GAP = 0.05          # seconds between pulling the cable and plugging it in elsewhere
TOUR = ("foreign1", "foreign2", "home")


def say(text):
    print(f"{time.monotonic() - START:6.1f} s  {text}", flush=True)


class Demo:
    """The network, its users, and what was noted about them."""

    def __init__(self, rounds, stay, dad):
        self.rounds, self.stay, self.dad = rounds, stay, dad
        self.net = Net(os.path.join(os.environ["LAB_OUT"], "net"), interval=RA_INTERVAL,
                       retrans=dad)
        self.facts = {"kernel": os.uname().release, "kind": os.environ.get("LAB_KERNEL_KIND"),
                      "moves": [], "tables": {}}
        self.where = "home"
        self.ha = self.mr = None
        self.ssh, self.curls, self.pings = [], [], {}

    def captures(self):
        """The users' pings where they arrive, what routers say on the home link, and all there
        is on the foreign links but the TCP inside the tunnel."""
        net = self.net
        echo = {"snap": 96, "frames": 16384, "program": echo_filter(14)}
        link = {"snap": 416, "frames": 8192, "program": NO_TUNNELLED_TCP}
        return {"lan": net.a.capture("eth0", "lan", **echo),
                "b": net.b.capture("eth0", "b", **echo),
                "home": net.ha.capture("home0", "home", snap=416, program=SIGNALLING),
                "foreign1": net.r1.capture("acc0", "foreign1", **link),
                "foreign2": net.r2.capture("acc0", "foreign2", **link)}

    def start_daemons(self):
        say("starting mip6d on the home agent and on the mobile router (RFC 4285 keys); the home "
            f"link's RetransTimer, and so its DAD, is {self.dad:g} s")
        self.ha = daemon.ha(self.net, debug=False, timers={"dad_retrans": self.dad})
        self.mr = daemon.mr(self.net, debug=False)

    def stop_daemons(self):
        for d in (self.mr, self.ha):
            if d:
                d.stop()

    def start_users(self):
        net = self.net
        key = sshd(net.b)
        sums = web_server(net.a)
        say("A opens ssh sessions to B, one per family: numbered lines, ten a second")
        self.ssh = [SshSession(net.a, dst, key) for dst in (B6, B4)]
        say("B fetches from A's web server every 100 ms in each family, 1 MB every tenth time")
        seconds = 30 + (self.stay + 3) * 3 * self.rounds
        self.curls = [Curls(net.b, dst, sums, seconds).start() for dst in (A6, A4)]
        say("pings every 10 ms: A->B, B->A and from the mobile router itself, in both families")
        self.pings = {name: net.reactor.add(Pings(node, dst, name=name)) for name, node, dst in (
            ("A->B ipv6", net.a, B6), ("A->B ipv4", net.a, B4),
            ("B->A ipv6", net.b, A6), ("B->A ipv4", net.b, A4),
            ("MR->B ipv6", net.mr, B6), ("MR->B ipv4", net.mr, B4))}

    def steady(self, when="", limit=60):
        """Wait until every flow has been answered without a hole for a third of a second."""
        until(f"{when}every flow is answered again",
              lambda: all(p.row() >= 35 for p in self.pings.values()), limit, step=0.1)

    def served(self):
        for c in self.curls:
            c.check()
        return all(c.ok >= 20 and c.big for c in self.curls)

    def move(self, to):
        at = self.net.move(self.net.mr, to, gap=GAP)
        self.facts["moves"].append({"at": at, "plugged": self.net.events[-1]["plugged"],
                                    "from": self.where, "to": to})
        before, self.where = self.where, to
        began = time.monotonic()
        self.steady(f"after {before} -> {to}: ")
        for c in self.curls:
            c.check()
        rest = self.stay - (time.monotonic() - began)
        if rest > 0:
            time.sleep(rest)
        since = time.time_ns() - 1_000_000_000
        rtt = self.pings["B->A ipv6"].rtt_ms(since, since + 800_000_000)
        say(f"moved {before} -> {to}: every flow is answered again, "
            f"round trip B-A now {rtt or 0:.1f} ms")

    def trouble(self, what):
        """What a person would ask first when it does not come back."""
        say(f"TROUBLE {what}")
        for p in self.pings.values():
            say(f"  {p.name}: {len(p.sent)} sent, {len(p.back)} answered, refused "
                f"{sorted(set(p.refused.values()))}")
        for node in (self.net.ha, self.net.mr):
            print(node.run("sh", "-c", self.TABLES.format(name=node.name)), flush=True)
            d = getattr(node, "daemon", None)
            if d:
                print(f"-- log of {node.name}:\n" + d.log()[-3000:], flush=True)

    TABLES = """for f in -6 -4; do
echo "-- {name}, ip $f route show table all"
ip $f route show table all | grep -v -e 'table local' -e ^multicast -e ^anycast -e ^local
echo "-- {name}, ip $f rule"; ip $f rule
done"""

    def note_tables(self, where):
        """The routing tables as ip(8) shows them, in the background; collected at the end."""
        for node in (self.net.ha, self.net.mr):
            p = node.spawn(f"tables-{where}", ["sh", "-c", self.TABLES.format(name=node.name)])
            self.facts["tables"].setdefault(where, {})[node.name] = p.log

    def read_tables(self):
        for where in self.facts["tables"].values():
            for node, path in where.items():
                with open(path) as f:
                    where[node] = f.read().rstrip()

    def run(self):
        net = self.net
        say(f"kernel {self.facts['kernel']} ({self.facts['kind']})")
        print(__import__("net").__doc__.split("\n", 2)[2], flush=True)
        for node in (net.a, net.b):
            patient_tcp(node)
        time.sleep(1)
        untouched = {name: dump(n) for name, n in net.node.items() if n is not net.sw}
        caps = self.captures()
        self.facts["complete"] = False
        try:
            self.start_daemons()
            self.start_users()
            self.steady()
            until("the web clients are served", self.served, limit=120, step=0.5)
            self.tour()
            self.facts["complete"] = True
        except Exception as e:      # whatever it was: the account below is still wanted
            self.trouble(str(e))
        self.facts["traffic_to"] = time.time_ns()
        self.end(caps, untouched)

    def tour(self):
        self.note_tables("home")
        say("everything works at home; now it moves")
        for c in self.curls:
            c.count_anew()
        for n in range(self.rounds):
            for to in TOUR:
                self.move(to)
                if to not in self.facts["tables"]:
                    self.note_tables(to)
        self.move("foreign1")

    def end(self, caps, untouched):
        """Users first, then the daemons, then the account of what is left."""
        net, facts = self.net, self.facts
        say("closing the ssh sessions and the web clients")
        for c in self.curls:
            c.stop()
        facts["http"] = {"ok": sum(c.ok for c in self.curls), "big": sum(c.big for c in self.curls),
                         "slowest": max(c.slowest for c in self.curls),
                         "failed": [f for c in self.curls for f in c.failed]}
        facts["ssh"] = []
        for s in self.ssh:
            missing = s.finish()
            facts["ssh"].append({"to": s.dst, "lines": s.sent, "missing": missing,
                                 "status": s.status})
        for p in self.pings.values():
            p.pause()
        time.sleep(0.5)
        facts["pings"] = {}
        for name, p in self.pings.items():
            p.stop()
            facts["pings"][name] = {"sent": p.sent, "back": p.back}
        self.read_tables()
        say("stopping the daemons")
        facts["stopped"] = True
        try:
            self.stop_daemons()
        except AssertionError as e:
            facts["stopped"] = str(e)
            say(f"TROUBLE {e}")
        lost = []
        for c in caps.values():
            try:
                c.stop()
            except AssertionError as e:
                lost.append(str(e))
        facts["captures"] = {name: c.path for name, c in caps.items()}
        facts["capture_loss"] = lost
        for n in net.node.values():
            for p in reversed(n.procs):
                if p.alive() and "radvd" not in p.name:
                    p.kill()
        facts["leftovers"] = {name: difference(untouched[name], dump(n))
                              for name, n in net.node.items() if n is not net.sw}
        with open(os.path.join(os.environ["LAB_OUT"], "facts.json"), "w") as f:
            json.dump(facts, f)
        net.close()
        say("done; the captures are judged outside now")


if __name__ == "__main__":
    Demo(int(os.environ.get("DEMO_ROUNDS", "5")), float(os.environ.get("DEMO_STAY", "3")),
         float(os.environ.get("DEMO_DAD", "0.25"))).run()
    sys.exit(0)
