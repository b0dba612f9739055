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
import struct
import subprocess
import time

from capture import Capture
from netns import Namespace
from proc import Proc
from reactor import Reactor

RTM_SETLINK = 19
NLM_F_REQUEST, NLM_F_ACK = 1, 4
IFF_UP = 1
IFLA_MASTER = 10
IFA_F_NODAD = 2


class Node:
    """A host or router: one namespace with devices, addresses and processes."""

    def __init__(self, world, name, forward=False):
        self.world, self.name = world, name
        self.ns = Namespace(name)
        self.ip = self.ns.ip
        self.dev = {"lo": 1}
        self.procs = []
        self.ip.link("set", index=1, state="up")
        # A static network: only what a test switches on may take time or move by itself.
        self.sysctl("net.ipv6.conf.default.accept_dad", 0)
        self.sysctl("net.ipv6.conf.default.dad_transmits", 0)
        self.sysctl("net.ipv6.conf.default.accept_ra", 0)
        if forward:
            self.sysctl("net.ipv6.conf.all.forwarding", 1)
            self.sysctl("net.ipv4.ip_forward", 1)

    def __repr__(self):
        return f"Node({self.name})"

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
        for a in addresses:
            address, plen = a.split("/")
            self.ip.addr("add", index=self.dev[dev], address=address, prefixlen=int(plen),
                         **({"flags": IFA_F_NODAD} if ":" in address else {}))

    def del_addr(self, dev, *addresses):
        for a in addresses:
            address, plen = a.split("/")
            self.ip.addr("del", index=self.dev[dev], address=address, prefixlen=int(plen))

    def up(self, dev):
        self.ip.link("set", index=self.dev[dev], state="up")

    def down(self, dev):
        self.ip.link("set", index=self.dev[dev], state="down")

    def route(self, dst, via=None, dev=None, **more):
        """route("default", via=...), route("10.0.0.0/24", dev=...)"""
        if dst == "default":
            dst = "::/0" if ":" in (via or more.get("family6", "")) else "0.0.0.0/0"
        args = {"dst": dst, **more}
        if via:
            args["gateway"] = via
        if dev:
            args["oif"] = self.dev[dev]
        self.ip.route("add", **args)

    def mac(self, dev):
        return dict(self.ip.get_links(self.dev[dev])[0]["attrs"])["IFLA_ADDRESS"]

    def link_local(self, dev):
        """The first link-local address of the device, or None."""
        for a in self.ip.get_addr(family=socket.AF_INET6, index=self.dev[dev]):
            if a["scope"] == 253:
                return dict(a["attrs"])["IFA_ADDRESS"]
        return None

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
        self.ip.neigh("add", ifindex=self.dev[dev], dst=address, lladdr=other.mac(odev),
                      state="permanent")

    def netem(self, dev, delay_ms=0, loss=0, limit=10000):
        """Shape what leaves by `dev`; delay_ms=0 and loss=0 takes the shaping away."""
        index = self.dev[dev]
        try:
            self.ip.tc("del", index=index, root=True)
        except Exception:       # nothing was there
            pass
        if delay_ms or loss:
            self.ip.tc("add", "netem", index, "1:", delay=int(delay_ms * 1000),
                       loss=loss, limit=limit)

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
        world.sw.ip.link("add", ifname=name, kind="bridge", index=self.index, br_stp_state=0,
                         br_forward_delay=0, br_mcast_snooping=0)
        world.sw.ip.link("set", index=self.index, state="up")
        world.sw.dev[name] = self.index

    def plug(self, node, dev):
        """Connect the node by a new device `dev`."""
        port = f"{node.name}.{dev}"[:15]
        self.world.pair(node, dev, self.world.sw, port)
        self.world.sw.ip.link("set", index=self.world.sw.dev[port], master=self.index)
        self.world.sw.up(port)
        node.up(dev)
        return port


class World:
    """All nodes of one test network, and what happened to them."""

    def __init__(self, results):
        self.results = results
        os.makedirs(results, exist_ok=True)
        self._index = itertools.count(10)
        self.node = {}
        self.link = {}
        self.events = []
        self.reactor = Reactor()
        self.sw = self._add("sw")
        # Bridges carry frames; they must not speak.
        self.sw.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        self._mover = self.sw.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)

    def _add(self, name, **more):
        self.node[name] = Node(self, name, **more)
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
        a.ip.link("add", ifname=adev, index=ai, kind="veth",
                  peer={"ifname": bdev, "index": bi, "net_ns_fd": b.ns.path})
        a.dev[adev] = ai
        b.dev[bdev] = b.ip.link_lookup(ifname=bdev)[0]

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
        change = [self._setlink(port, master=master)]
        if not silent:
            change = [self._setlink(port, up=False), *change, self._setlink(port, up=True)]
        at, plugged = time.time_ns(), None
        if gap:
            self._request(*change[:2])
            time.sleep(gap)
            plugged = time.time_ns()
            self._request(*change[2:])
        else:
            self._request(*change)
        self.event("move", node=node.name, to=to if isinstance(to, str) else to.name, at=at,
                   plugged=plugged or at)
        return at

    def _request(self, *messages):
        """Netlink requests in one write; every one is acknowledged."""
        self._mover.send(b"".join(messages))
        for _ in messages:
            err = struct.unpack_from("=i", self._mover.recv(4096), 16)[0]
            if err:
                raise OSError(-err, os.strerror(-err))

    @staticmethod
    def _setlink(index, up=None, master=None):
        attrs = b"" if master is None else struct.pack("=HHI", 8, IFLA_MASTER, master)
        flags, change = (0, 0) if up is None else (IFF_UP if up else 0, IFF_UP)
        body = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, change) + attrs
        return struct.pack("=IHHII", 16 + len(body), RTM_SETLINK,
                           NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body

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
        self._mover.close()
        for n in self.node.values():
            n.ns.close()
