# SPDX-License-Identifier: BSD-2-Clause
"""A mobile router with several uplinks at once, and steady traffic whose loss is counted.

      b ---- ha ---- core ==== r1 ---- foreign1 ---- up0 \\
                          ==== r2 ---- foreign2 ---- up1  mr ---- a
                          ==== r3 ---- foreign3 ---- up2 /

Each of the ways (====) has a delay, a rate and a loss of its own in each direction. A way that loses
all is a silent death: the link, its router and its advertisements live on.
"""
import json
import time

import daemon
from net import A4, A6, B4, B6, HOA, Net
from pkt import packets
from proc import until
from ra import FAST, radvd

WAYS = (1, 2, 3)
LINKS = {n: f"foreign{n}" for n in WAYS}
DEVICES = {n: f"up{n - 1}" for n in WAYS}
PORT = 5648


class Uplinks(Net):
    """The standard network with a third foreign link; the mobile router's uplink of each number is
    on the foreign link of that number. `n`: how many there are."""

    def __init__(self, results, n=2, interval=FAST, one_way_ms=25, **more):
        devices = tuple(DEVICES[i] for i in WAYS[:n])
        super().__init__(results, interval=interval, one_way_ms=one_way_ms, uplinks=devices, **more)
        self.n = n
        self.routers = {1: self.r1, 2: self.r2}
        self._ports = len(self.routers)
        if n > 2:
            self._third(interval)
        for i in WAYS[:n]:
            self.way(i, delay_ms=one_way_ms)
            self.move(self.mr, LINKS[i], dev=DEVICES[i])

    def _third(self, interval):
        self.r3, = self.nodes("r3", forward=True)
        self.bridge("foreign3").plug(self.r3, "acc0")
        core, r3 = self.core, self.r3
        self.wire(core, "r3", r3, "core0")
        core.addr("r3", "2001:db8:c3::1/64")
        r3.addr("core0", "2001:db8:c3::2/64")
        r3.addr("acc0", "2001:db8:f3::1/64")
        r3.route("default", via="2001:db8:c3::1")
        core.route("2001:db8:f3::/64", via="2001:db8:c3::2")
        core.knows("r3", "2001:db8:c3::2", r3, "core0")
        r3.knows("core0", "2001:db8:c3::1", core, "r3")
        self.routers[3] = r3
        self.ra["foreign3"] = radvd(r3, "acc0", "2001:db8:f3::1/64", interval=interval)

    def way(self, n, down=True, up=True, **shape):
        """Shape way n: delay_ms, jitter_ms, loss (per cent), rate (bits per second); down: towards
        the mobile router. What is not said is as before."""
        at = time.time_ns()
        self._shape = getattr(self, "_shape", {})
        for side, wanted in (("down", down), ("up", up)):
            if not wanted:
                continue
            now = self._shape.setdefault((n, side), {})
            now.update(shape)
            if side == "down":
                self.core.netem(f"r{n}", **now)
            else:
                self.routers[n].netem("core0", **now)
        self.event("way", at=at, n=n, down=down, up=up, **shape)
        return at

    def cut(self, n, down=True, up=True):
        """All is lost on way n from now on, in silence; the time (ns)."""
        return self.way(n, down, up, loss=100)

    def mend(self, n):
        return self.way(n, loss=0)

    def plug(self, n):
        self.move(self.mr, LINKS[n], dev=DEVICES[n])

    def pull(self, n):
        """The cable of uplink n; the time (ns): the router may have answered when it is out."""
        at = time.time_ns()
        self.unplug(self.mr, DEVICES[n])
        return at

    def flap(self, n, times, up=0.15, down=0.1):
        """A cable with a loose contact, in the end plugged in; the time (ns) of its first fall."""
        at = time.time_ns()
        for _ in range(times):
            self.pull(n)
            time.sleep(down)
            self.plug(n)
            time.sleep(up)
        return at

    def del_coa(self, n):
        """Somebody takes the care-of address of uplink n away."""
        dev = DEVICES[n]
        coas = [a for a in self.mr.addresses(dev) if a.startswith(coa_of(n))]
        at = time.time_ns()
        for a in coas:
            self.mr.del_addr(dev, a)
        self.event("address", at=at, n=n)
        return at

    def stop_router(self, n):
        """The access router of way n is gone: no answer, no advertisement; the carrier stays."""
        at = time.time_ns()
        self.routers[n].down("acc0")
        self.event("router", at=at, n=n)
        return at

    def start_router(self, n):
        r = self.routers[n]
        r.up("acc0")
        r.addr("acc0", f"2001:db8:f{n}::1/64")


def uplinks(n=2, **keys):
    """The uplinks of the configuration: BID = number of the way, the first one preferred.
    keys: of each, as a list ("priority=[10, 10]"), or of all."""
    out = []
    for i in WAYS[:n]:
        one = {"device": DEVICES[i], "bid": i, "priority": 10 * i}
        one.update({k: v[i - 1] if isinstance(v, list) else v for k, v in keys.items()})
        out.append(one)
    return out


# What ends an uplink, and what brings it back. Who has lost an address gets another one at once.
CAUSES = {
    "blackhole": (lambda net: net.cut(1), lambda net: net.mend(1)),
    "blackhole up": (lambda net: net.cut(1, down=False), lambda net: net.mend(1)),
    "blackhole down": (lambda net: net.cut(1, up=False), lambda net: net.mend(1)),
    "carrier": (lambda net: net.pull(1), lambda net: net.plug(1)),
    "address": (lambda net: net.del_coa(1), lambda net: None),
    "router": (lambda net: net.stop_router(1), lambda net: net.start_router(1)),
}


def coa_of(n):
    return f"2001:db8:f{n}:"


def bound_bids(ha, hoa=HOA):
    """What the home agent holds: {BID: care-of address}."""
    return {b["bid"]: str(daemon.address(b["care_of"]))
            for b in ha.bindings(home_address=hoa, state="bound")}


def wait_bids(ha, *bids, hoa=HOA, limit=60):
    """The home agent holds these BIDs and no others, each at an address of its own link."""
    def there():
        has = bound_bids(ha, hoa)
        return set(has) == set(bids) and all(
            has[b].startswith(coa_of(b)) for b in bids if b in WAYS) and has
    return until(f"BIDs {bids} at the home agent", there, limit)


def primary(ha, hoa=HOA):
    """The BID that the home agent sends to."""
    return next((b["bid"] for b in ha.bindings(home_address=hoa, state="bound") if b["primary"]),
                None)


def wait_primary(ha, bid, limit=60):
    until(f"the home agent sends to BID {bid}", lambda: primary(ha) == bid, limit)


def wait_flows(m):
    """The home agent does what we ask for."""
    def active():
        flows = m.ctl.records("ListFlows")
        return flows and all(f["state"] == "active" for f in flows)
    until("the flows are active", active, 60)


def start(net, ha=None, mr=None, up=None):
    """Both daemons, registered by all uplinks."""
    h = daemon.ha(net, **(ha or {}))
    m = daemon.mr(net, uplinks=up or uplinks(net.n), **(mr or {}))
    wait_bids(h, *WAYS[:net.n])
    return h, m


# ---- traffic ----

class Stream:
    """Numbered UDP packets from node to node (stream.c), one direction."""

    def __init__(self, net, src, dst, address, port, us=1000, flows=1, size=100, dscp=0):
        tag = f"{src.name}-{dst.name}-{port}"
        self.name = f"{src.name}->{address}"
        program = daemon.program("stream")
        self._files = [net.result(f"stream-{tag}.{end}.json") for end in ("recv", "send")]
        self.to = dst.spawn(f"udp-recv-{port}", [program, "udp-recv", port, self._files[0]])
        self.to.wait_log("ready")
        self.by = src.spawn(f"udp-send-{port}", ["env", f"STREAM_DSCP={dscp}", program, "udp-send",
                                                 address, port, self._files[1], us, flows, size])
        self.us = us

    def running(self):
        """Wait until packets arrive."""
        self.to.wait_log("running")
        return self

    def stop(self, settle=0.5):
        """End it, and the account: {"sent", "lost", "twice", "late", "gaps": of all flows}.

        What was sent last is given time to arrive."""
        self.by.stop()
        time.sleep(settle)
        self.to.stop()
        with open(self._files[0]) as f:
            flows = json.load(f)
        with open(self._files[1]) as f:
            sent = json.load(f)
        total = sent["each"] * sent["flows"]
        got = sum(f["received"] for f in flows)
        gaps = [dict(zip(("first", "last", "sent_before", "got_before", "sent_after", "got_after"),
                         g), flow=f["flow"]) for f in flows for g in f["gaps"]]
        return {"name": self.name, "sent": total, "lost": total - got, "received": got,
                "by_flow": {f["flow"]: f["received"] for f in flows},
                "twice": sum(f["twice"] for f in flows), "late": sum(f["late"] for f in flows),
                "refused": sent["refused"], "gaps": gaps}


class Sides:
    """Which ways packets of the mobile network take: captures on all foreign links."""

    def __init__(self, net):
        self.net = net
        self.caps = {n: net.routers[n].capture("acc0", f"way{n}-{time.time_ns() % 10**9}", snap=200,
                                            frames=8192)
                     for n in WAYS[:net.n]}

    def stop(self):
        """{way: {"up": packets, "down": packets}} of tunnelled traffic that is no signalling."""
        out = {}
        for n, cap in self.caps.items():
            cap.stop()
            seen = {"up": 0, "down": 0}
            for p in packets(cap.path):
                if p.innermost() is p or p.innermost().mh:
                    continue
                seen["up" if p.src.startswith(coa_of(n)) else "down"] += 1
            out[n] = seen
        return out

    def streams(self, ports):
        """{(direction, port of the stream's receiver, sender's port): {way: packets}}"""
        out = {}
        for n, cap in self.caps.items():
            cap.stop()
            for p in packets(cap.path):
                inner = p.innermost()
                if inner is p or not inner.udp or inner.udp[1] not in ports:
                    continue
                side = "up" if p.src.startswith(coa_of(n)) else "down"
                ways = out.setdefault((side, inner.udp[1], inner.udp[0]), {})
                ways[n] = ways.get(n, 0) + 1
        return out


def four_streams(net, us=1000, **more):
    """A to B and B to A, in both families, and they arrive."""
    ends = ((net.a, net.b, B6), (net.a, net.b, B4), (net.b, net.a, A6), (net.b, net.a, A4))
    streams = [Stream(net, src, dst, address, PORT + i, us=us, **more)
               for i, (src, dst, address) in enumerate(ends)]
    return [s.running() for s in streams]


class Bulk:
    """TCP connections that send as much as they can."""

    def __init__(self, net, src, dst, address, port, flows=1):
        program, tag = daemon.program("stream"), f"{src.name}-{dst.name}-{port}"
        self._files = [net.result(f"bulk-{tag}.{end}.json") for end in ("recv", "send")]
        self.to = dst.spawn(f"tcp-recv-{port}", [program, "tcp-recv", port, self._files[0]])
        self.to.wait_log("ready")
        self.by = src.spawn(f"tcp-send-{port}", [program, "tcp-send", address, port,
                                                 self._files[1], flows])

    def stop(self):
        """{"octets", "broken", "slices": octets of each tenth of a second, "stall": the longest time
        without any, seconds}"""
        self.by.stop()
        self.to.stop()
        with open(self._files[0]) as f:
            got = json.load(f)
        with open(self._files[1]) as f:
            sent = json.load(f)
        longest = run = 0
        for n in got["slices"]:
            run = 0 if n else run + 1
            longest = max(longest, run)
        return {"octets": sum(got["slices"]), "broken": sent["broken"], "slices": got["slices"],
                "stall": longest / 10, "begin": got["begin"]}
