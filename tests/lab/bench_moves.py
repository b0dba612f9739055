# SPDX-License-Identifier: BSD-2-Clause
"""How long a correspondent cannot reach a mobile node that moves, in three ways of moving.

    floor        no daemon: a script that knew everything before switches the routes at both ends
                 at the instant in which the cable is plugged in elsewhere
    tunnel       home registration, all traffic by the home agent
    optimised    the correspondent has a binding too

Not a scenario of the normal run: tests/bench/run moves. All three in one boot, so that they
compare. Writes moves.json: of each move the milliseconds from the plug to the first packet of the
correspondent that arrives, and to the messages in between.
"""
import statistics
import time

import conf
import daemon
from figures import write
from net import HA_ADDR, HOA
from ping import Pings
from pkt import packets
from proc import until
from scene import arrived

MOVES = 10
GAP = 0.05                      # seconds between out and in, as in the demonstration
INTERVAL = (0.05, 0.1)          # of Router Advertisements
CN_NET, CN = "2001:db8:cc::", "2001:db8:cc::c"
LINKS = ("foreign1", "foreign2")


def draw(lab):
    """The standard network and a correspondent at the core."""
    net = lab(interval=INTERVAL)
    net.c, = net.nodes("c")
    net.wire(net.c, "eth0", net.core, "c0")
    net.core.addr("c0", f"{CN_NET}1/64")
    net.c.addr("eth0", f"{CN}/64")
    net.c.route("default", via=f"{CN_NET}1")
    net.core.knows("c0", CN, net.c, "eth0")
    net.c.knows("eth0", f"{CN_NET}1", net.core, "c0")
    return net


class Watch:
    """Captures on both foreign links while a flow from the correspondent goes on."""

    def __init__(self, net):
        self.net = net
        self.caps = {link: r.capture("acc0", f"{link}", snap=256, frames=8192)
                     for link, r in net.foreign_routers().items()}
        self.flow = net.reactor.add(Pings(net.c, HOA, src=CN))
        self.moves = []

    def steady(self):
        until("the mobile node is reached", lambda: self.flow.row() >= 35, 60, step=0.1)

    def move(self, to, at_once=None):
        """at_once: what the script does at the instant of the plug."""
        net = self.net
        net.move(net.mr, to, gap=GAP)
        if at_once:
            at_once(to)
        self.moves.append((net.events[-1]["plugged"], to))
        self.steady()

    def tour(self, at_once=None, ready=lambda: None):
        for n in range(MOVES):
            self.move(LINKS[(n + 1) % 2], at_once)
            ready()
            time.sleep(0.5)

    def end(self):
        self.flow.stop()
        for c in self.caps.values():
            c.stop()
        ends = [plugged for plugged, _ in self.moves[1:]] + [1 << 63]
        return [self.figures(plugged, to, end) for (plugged, to), end in zip(self.moves, ends)]

    def figures(self, plugged, to, end):
        """Milliseconds from the plug to the first of each kind of packet on the new link."""
        first = {}
        for p in packets(self.caps[to].path):
            if not plugged <= p.t < end:
                continue
            for what in kinds(p):
                first.setdefault(what, round((p.t - plugged) / 1e6, 1))
        return first


def kinds(p):
    """What a packet on a foreign link is, in words of the figures."""
    inner = p.innermost()
    if inner.nd == "RA":
        yield "ra"
    if inner.mh:
        peer = {"BU": inner.dst, "BA": inner.src}.get(inner.mh.name)
        yield inner.mh.name.lower() + ("" if peer is None else "_home" if peer == HA_ADDR
                                       else "_peer")
    if inner.echo and inner.echo[0] == "request" and inner.src == CN:
        yield "data"
        yield "data_optimised" if inner.rh2 else "data_tunnelled"


def say(name, figures):
    write("moves.json", name, figures)
    print(f"{name}: data after {statistics.median(m['data'] for m in figures)} ms")


class Script:
    """Tunnels for both care-of addresses stand at both ends; only routes change."""

    COA = {link: f"2001:db8:f{n}::99" for n, link in enumerate(LINKS, 1)}

    def __init__(self, net):
        self.net, ha, mr = net, net.ha, net.mr
        for n, link in enumerate(LINKS, 1):
            coa, router = self.COA[link], net.foreign_routers()[link]
            mr.addr("up0", f"{coa}/64")
            for node, dev, local, remote in ((ha, f"mn{n}", HA_ADDR, coa),
                                             (mr, f"ha{n}", coa, HA_ADDR)):
                node.run("ip", "link", "add", dev, "type", "ip6tnl", "mode", "any", "local",
                         local, "remote", remote, "encaplimit", "none")
                node.run("ip", "link", "set", dev, "up")
                node.dev[dev] = node.ip.link_lookup(ifname=dev)[0]
            router.knows("acc0", coa, mr, "up0")
            mr.knows("up0", f"2001:db8:f{n}::1", router, "acc0")
        mr.addr("lo", f"{HOA}/128")
        self(LINKS[0])

    def __call__(self, to):
        n = LINKS.index(to) + 1
        mr, ha = self.net.mr, self.net.ha
        ha.ip.route("replace", dst=f"{HOA}/128", oif=ha.dev[f"mn{n}"])
        mr.ip.route("replace", dst=f"{HA_ADDR}/128", gateway=f"2001:db8:f{n}::1",
                    oif=mr.dev["up0"])
        mr.ip.route("replace", dst=f"{CN}/128", oif=mr.dev[f"ha{n}"])


def test_floor(lab):
    net = draw(lab)
    net.move(net.mr, LINKS[0])
    script = Script(net)
    watch = Watch(net)
    watch.steady()
    watch.tour(script)
    say("floor", watch.end())


def daemons(net, **more):
    """The home agent and the mobile node, registered from the first foreign link."""
    net.move(net.mr, LINKS[0])
    ha = daemon.ha(net, debug=False, mobile_nodes=[conf.mobile_node(
        0, conf.auth(net, 0), prefixes=[])])
    mn = daemon.mr(net, debug=False, roles=("mn",), prefixes=[], **more)
    arrived(ha, mn, LINKS[0])
    return mn


def test_tunnel(lab):
    net = draw(lab)
    daemons(net)
    watch = Watch(net)
    watch.steady()
    watch.tour()
    say("tunnel", watch.end())


def test_optimised(lab):
    net = draw(lab)
    daemon.Daemon(net.c, conf.text({"roles": ("cn",), **conf.common(net.c)}), debug=False).start()
    mn = daemons(net, route_optimization={"enabled": True})

    def optimised():
        until("the correspondent has the binding",
              lambda: any(r["how"] == "optimised" for r in mn.peers()), 60)
    watch = Watch(net)
    watch.steady()
    optimised()
    watch.tour(ready=optimised)
    say("optimised", watch.end())
