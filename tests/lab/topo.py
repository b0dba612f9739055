# SPDX-License-Identifier: BSD-2-Clause
"""Networks that read like a drawing: nodes, links (bridges) and wires.

    w = World(scratch_dir)
    ha, core = w.nodes("ha core")
    home = w.bridge("home")
    home.plug(ha, "home0")
    w.wire(ha, "core0", core, "ha0")
    ha.addr("home0", "2001:db8:280::1/64", "192.168.64.1/25")

The bridges live in a namespace of their own (`sw`), so that no node sees them.
Every device gets an ifindex of its own in the whole world: with equal numbers
on both ends of a veth pair the kernel takes a carrier change for one that may
wait a second (linkwatch), and a move would not be seen in time.
"""
import itertools
import os
import socket
import subprocess
import time

import rtnl
from capture import Capture
from netns import Namespace
from proc import Proc, until
from reactor import Reactor

IFA_F_TENTATIVE = 0x40


class Node:
    """A host or router: one namespace with devices, addresses and processes."""

    def __init__(self, world, name, forward=False):
        self.world, self.name = world, name
        self.ns = Namespace(name)
        self.dev = {"lo": 1}
        self.procs = []
        self.shaped = set()         # devices with netem
        with self.ns:
            self.rt = rtnl.Rtnl()
            # A static network: only what a test switches on may take time or move by itself.
            for key in ("accept_dad", "dad_transmits", "accept_ra"):
                self.sysctl(f"net.ipv6.conf.default.{key}", 0)
            if forward:
                self.sysctl("net.ipv6.conf.all.forwarding", 1)
                self.sysctl("net.ipv4.ip_forward", 1)
        self.up("lo")

    def __repr__(self):
        return f"Node({self.name})"

    @property
    def ip(self):
        """pyroute2's IPRoute of this node, for all that the requests of `rt` are not."""
        return self.ns.ip

    def sysctl(self, key, value=None):
        """Read a sysctl, or write it. Dots in device names are not our custom."""
        path = "/proc/sys/" + key.replace(".", "/")
        with self.ns:
            if value is None:
                with open(path) as f:
                    return f.read().strip()
            with open(path, "w") as f:
                f.write(str(value))
        return value

    def addr(self, dev, *addresses):
        """Add addresses ("2001:db8::1/64"), usable at once (no DAD)."""
        self.rt(*(rtnl.addr(self.dev[dev], a) for a in addresses))

    def del_addr(self, dev, *addresses):
        for a in addresses:
            address, plen = a.split("/")
            self.ip.addr("del", index=self.dev[dev], address=address, prefixlen=int(plen))

    def up(self, dev):
        self.rt(rtnl.updown(self.dev[dev], True))

    def down(self, dev):
        self.rt(rtnl.updown(self.dev[dev], False))

    def route(self, dst, via=None, dev=None):
        """route("default", via=...), route("10.0.0.0/24", dev=...)"""
        self.rt(rtnl.route(dst, via, self.dev[dev] if dev else None))

    def mac(self, dev):
        return self.rt.mac(self.dev[dev]).hex(":")

    def link_local(self, dev):
        """The first link-local address of the device, or None."""
        for a in self.ip.get_addr(family=socket.AF_INET6, index=self.dev[dev]):
            if a["scope"] == 253:
                return dict(a["attrs"])["IFA_ADDRESS"]
        return None

    def as_everywhere(self, dev):
        """From now on the device (or "default") is as on any Linux. Its first address was not to
        keep the test waiting, but it is there."""
        if dev in self.dev:
            until(f"{self.name} has an address on {dev}", lambda: self._settled(dev), step=0.001)
        for key in ("accept_dad", "dad_transmits", "accept_ra"):
            self.sysctl(f"net.ipv6.conf.{dev}.{key}", 1)

    def _settled(self, dev):
        with self.ns, open("/proc/net/if_inet6") as f:
            flags = [int(line.split()[4], 16) for line in f if line.split()[5] == dev]
        return flags and not any(f & IFA_F_TENTATIVE for f in flags)

    def addresses(self, dev):
        """All addresses of the device as "ADDR/LEN"."""
        if dev not in self.dev:
            found = self.ip.link_lookup(ifname=dev)
            if not found:
                return []
            self.dev[dev] = found[0]
        return [f"{dict(a['attrs'])['IFA_ADDRESS']}/{a['prefixlen']}"
                for a in self.ip.get_addr(index=self.dev[dev])]

    def knows(self, dev, address, other, odev):
        """Make the address of a device of another node a neighbour that is known for good."""
        self.rt(rtnl.neighbour(self.dev[dev], address, other.rt.mac(other.dev[odev])))

    def netem(self, dev, delay_ms=0, loss=0, limit=10000, jitter_ms=0, rate=0):
        """Shape what leaves by `dev` (loss in per cent, rate in bits per second); nothing of it takes
        the shaping away, and what waits there is lost. Another shape loses nothing."""
        index, shaped = self.dev[dev], dev in self.shaped
        if delay_ms or loss or rate:
            self.rt(rtnl.netem(index, delay_ms / 1000, loss / 100, limit, jitter_ms / 1000, rate,
                               change=shaped))
            self.shaped.add(dev)
        elif shaped:
            self.rt(rtnl.no_netem(index))
            self.shaped.discard(dev)

    def socket(self, *args):
        """A socket that lives in this node."""
        with self.ns:
            return socket.socket(*args)

    def spawn(self, name, argv, **more):
        """Start a process here; its output goes to NODE-NAME.log among the results."""
        log = self.world.result(f"{self.name}-{name}.log")
        p = Proc(self, name, [str(a) for a in argv], log, **more)
        self.procs.append(p)
        return p

    def run(self, *argv, ok=True, input=None, limit=60):
        """Run a command to its end and return its output (both streams)."""
        with self.ns:
            done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.STDOUT, input=input, timeout=limit)
        if ok and done.returncode != 0:
            raise AssertionError(f"{self.name}: {' '.join(map(str, argv))}: "
                                 f"status {done.returncode}: {done.stdout}")
        return done.stdout

    def capture(self, dev, name=None, **more):
        """Record what passes `dev` into NODE-DEV.pcap among the results."""
        path = self.world.result(f"{name or self.name + '-' + dev}.pcap")
        return self.world.reactor.add(Capture(self, dev, path, **more))


class Bridge:
    """One link (a LAN segment): a bridge in `sw` and the ports plugged into it."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.index = world.next_index()
        world.sw.rt(rtnl.bridge(self.index, name), rtnl.updown(self.index, True))
        world.sw.dev[name] = self.index

    def plug(self, node, dev):
        """Connect the node by a new device `dev`."""
        port = f"{node.name}.{dev}"[:15]
        self.world.pair(node, dev, self.world.sw, port)
        index = self.world.sw.dev[port]
        self.world.sw.rt(rtnl.plug(index, self.index), rtnl.updown(index, True))
        node.up(dev)
        return port


class World:
    """All nodes of one test network, and what happened to them.

    tag: before the names of its nodes, where several networks live at once.
    thorough: what a daemon leaves behind is looked for in every sysctl of the network, not
    only in those of devices and of forwarding.
    """

    def __init__(self, results, tag=""):
        self.results, self.tag = results, tag
        self.thorough = False
        os.makedirs(results, exist_ok=True)
        self._index = itertools.count(10)
        self.node = {}
        self.link = {}
        self.events = []
        self.reactor = Reactor()
        self.sw = self._add("sw")
        # Bridges carry frames; they must not speak.
        self.sw.sysctl("net.ipv6.conf.default.disable_ipv6", 1)

    def _add(self, name, **more):
        self.node[name] = Node(self, self.tag + name, **more)
        return self.node[name]

    def next_index(self):
        return next(self._index)

    def result(self, name):
        return os.path.join(self.results, name)

    def nodes(self, names, forward=False):
        return [self._add(n, forward=forward) for n in names.split()]

    def bridge(self, name):
        self.link[name] = Bridge(self, name)
        return self.link[name]

    def pair(self, a, adev, b, bdev):
        """A veth pair, each end made where it belongs; both ends stay down."""
        ai, bi = self.next_index(), self.next_index()
        a.rt(rtnl.veth(ai, adev, bi, bdev, b.ns.fd))
        a.dev[adev], b.dev[bdev] = ai, bi

    def wire(self, a, adev, b, bdev):
        """A direct cable between two nodes, up."""
        self.pair(a, adev, b, bdev)
        a.up(adev)
        b.up(bdev)

    def move(self, node, to, dev="up0", silent=False, gap=0):
        """Carry the node's cable to another link; the time (ns) when it was pulled.

        Port down, other bridge, port up: three requests in one write, so that
        the movement takes no time of its own. `gap`: seconds between out and in;
        without any, the kernel may not even notice that the carrier was lost.
        `silent` keeps the carrier (as behind a switch that is not ours): only
        the router changes.
        """
        port = self.sw.dev[f"{node.name}.{dev}"[:15]]
        master = self.link[to].index if isinstance(to, str) else to.index
        change = [rtnl.plug(port, master)]
        if not silent:
            change = [rtnl.updown(port, False), *change, rtnl.updown(port, True)]
        at, plugged = time.time_ns(), None
        if gap:
            self.sw.rt(*change[:2])
            time.sleep(gap)
            plugged = time.time_ns()
            self.sw.rt(*change[2:])
        else:
            self.sw.rt(*change)
        self.event("move", node=node.name, to=to if isinstance(to, str) else to.name, at=at,
                   plugged=plugged or at)
        return at

    def unplug(self, node, dev="up0"):
        """Pull the cable and leave it."""
        self.sw.down(f"{node.name}.{dev}"[:15])
        self.event("unplug", node=node.name, at=time.time_ns())

    def shape(self, node, dev="up0", **how):
        """netem on both directions of a node's cable, at the switch: nothing in the node."""
        self.sw.netem(f"{node.name}.{dev}"[:15], **how)
        return self

    def event(self, what, **more):
        self.events.append({"what": what, "at": more.pop("at", time.time_ns()), **more})

    def close(self):
        """End every process of every node, captures last, then the namespaces."""
        for n in self.node.values():
            for p in reversed(n.procs):
                if p.alive():
                    p.kill()
        self.reactor.close()
        for n in self.node.values():
            n.rt.close()
            n.ns.close()
