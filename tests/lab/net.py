# SPDX-License-Identifier: BSD-2-Clause
"""The network of the project's first paper (Fig. 6), in documentation ranges.

      b ----+---- home 2001:db8:280::/64, 192.168.64.0/25
            |                      (mr starts here)
           ha ---- core ---25 ms--- r1 ---- foreign1 2001:db8:f1::/64
                       \\---25 ms--- r2 ---- foreign2 2001:db8:f2::/64

      mr ---- lan0 2001:db8:281::/64, 10.0.0.0/24 ---- a

The foreign links and everything beyond the home agent speak IPv6 only.
"""
from ra import FAST, radvd
from topo import World

HA_ADDR = "2001:db8:280::1"
HOME_PREFIX = "2001:db8:280::/64"
HOME4 = "192.168.64.0/25"
HOA = "2001:db8:280::beef"
MNP = "2001:db8:281::/64"
MNP4 = "10.0.0.0/24"
MN_HOA = "2001:db8:280::cafe"
A6, A4 = "2001:db8:281::a", "10.0.0.10"
B6, B4 = "2001:db8:280::b", "192.168.64.10"
CN6 = "2001:db8:cc::2"
FOREIGN = {"foreign1": "2001:db8:f1::", "foreign2": "2001:db8:f2::"}
ONE_WAY_MS = 25


def hoa(n=0):
    """The home address of mobile router number n (0 is the drawing's)."""
    return HOA if n == 0 else f"2001:db8:280::bee{n:x}:beef"


def mn_hoa(n=0):
    """The home address of mobile host number n."""
    return MN_HOA if n == 0 else f"2001:db8:280::caf{n:x}:cafe"


def mnp(n=0):
    """The prefixes of mobile router number n: IPv6, IPv4, and the node behind it in each."""
    if n == 0:
        return MNP, MNP4, A6, A4
    base = f"2001:db8:{0x281 + n:x}"
    return f"{base}::/64", f"10.0.{n}.0/24", f"{base}::a", f"10.0.{n}.10"


class Net(World):
    """The standard network. Options change the drawing before it is built:

    mrs           how many mobile routers (mr, mr1, ...), each with a node behind it (a, a1, ...)
    mns           how many mobile hosts (mn, mn1, ...): the same uplinks, nothing behind them
    interval      of router advertisements on all links, seconds (least, most)
    one_way_ms    delay between the core and each foreign router, each way
    attacker      a node `evil` on foreign2, with an address and a route, that sends raw packets
    double        a host `dup` on the home link that owns the first home address
    uplinks       devices of each mobile router and host, all plugged into the home link's switch
    start_ra      False: start no radvd
    retrans       RetransTimer that the home link advertises, seconds (0: not said)
    """

    def __init__(self, results, mrs=1, mns=0, interval=FAST, one_way_ms=ONE_WAY_MS, attacker=False,
                 double=False, uplinks=("up0",), start_ra=True, retrans=0):
        super().__init__(results)
        self.ha, self.core, self.r1, self.r2 = self.nodes("ha core r1 r2", forward=True)
        self.b, = self.nodes("b")
        self.home, self.f1, self.f2 = (self.bridge(n) for n in ("home", "foreign1", "foreign2"))
        self.home.plug(self.ha, "home0")
        self.home.plug(self.b, "eth0")
        self.f1.plug(self.r1, "acc0")
        self.f2.plug(self.r2, "acc0")
        self.wire(self.ha, "core0", self.core, "ha0")
        self.wire(self.core, "r1", self.r1, "core0")
        self.wire(self.core, "r2", self.r2, "core0")
        self._number()
        self.delay(one_way_ms)
        self.mr = self.a = None
        self.mrs = [self._mobile_router(n, uplinks) for n in range(mrs)]
        self.mns = [self._mobile_host(n, uplinks) for n in range(mns)]
        self.mn = self.mns[0] if mns else None
        if attacker:
            self._attacker()
        if double:
            self.dup, = self.nodes("dup")
            self.home.plug(self.dup, "eth0")
            self.dup.addr("eth0", f"{HOA}/64")
        if start_ra:
            self.ra = {"home": radvd(self.ha, "home0", f"{HA_ADDR}/64", interval=interval,
                                     home_agent=True, retrans=retrans),
                       "foreign1": radvd(self.r1, "acc0", "2001:db8:f1::1/64",
                                         interval=interval),
                       "foreign2": radvd(self.r2, "acc0", "2001:db8:f2::1/64",
                                         interval=interval)}

    def _number(self):
        """Addresses and routes of everything that stands still."""
        ha, core, r1, r2, b = self.ha, self.core, self.r1, self.r2, self.b
        ha.addr("home0", f"{HA_ADDR}/64", "192.168.64.1/25")
        ha.addr("core0", "2001:db8:c0::2/64")
        core.addr("ha0", "2001:db8:c0::1/64")
        for n, r in ((1, r1), (2, r2)):
            core.addr(f"r{n}", f"2001:db8:c{n}::1/64")
            r.addr("core0", f"2001:db8:c{n}::2/64")
            r.addr("acc0", f"2001:db8:f{n}::1/64")
            r.route("default", via=f"2001:db8:c{n}::1")
            core.route(f"2001:db8:f{n}::/64", via=f"2001:db8:c{n}::2")
            # Routers of a backbone have long met; to ask first would cost two delays each way.
            core.knows(f"r{n}", f"2001:db8:c{n}::2", r, "core0")
            r.knows("core0", f"2001:db8:c{n}::1", core, f"r{n}")
        core.route("2001:db8:280::/56", via="2001:db8:c0::2")
        ha.route("default", via="2001:db8:c0::1")
        b.addr("eth0", f"{B6}/64", f"{B4}/25")
        b.route("default", via=HA_ADDR)
        b.route("default", via="192.168.64.1")

    def delay(self, one_way_ms, loss=0):
        """Set the delay (and loss, per cent) each way between the core and the foreign routers."""
        for n, r in ((1, self.r1), (2, self.r2)):
            self.core.netem(f"r{n}", delay_ms=one_way_ms, loss=loss)
            r.netem("core0", delay_ms=one_way_ms, loss=loss)

    def _mobile_router(self, n, uplinks):
        """A mobile router and the node behind it. The uplink is as a plain Linux leaves it."""
        name = "mr" if n == 0 else f"mr{n}"
        mr, = self.nodes(name, forward=True)
        a, = self.nodes("a" if n == 0 else f"a{n}")
        self._uplinks(mr, uplinks)
        self.wire(mr, "lan0", a, "eth0")
        mr.as_everywhere("default")
        p6, p4, a6, a4 = mnp(n)
        gw6, gw4 = p6.replace("::/64", "::1"), p4.replace(".0/24", ".1")
        mr.addr("lan0", f"{gw6}/64", f"{gw4}/24")
        a.addr("eth0", f"{a6}/64", f"{a4}/24")
        a.route("default", via=gw6)
        a.route("default", via=gw4)
        if n == 0:
            self.mr, self.a = mr, a
        return mr

    def _mobile_host(self, n, uplinks):
        """A mobile host: as a plain Linux with nothing but its uplinks leaves it, only that its
        kernel hears no router advertisements: what it makes of them changes by itself."""
        mn, = self.nodes("mn" if n == 0 else f"mn{n}")
        self._uplinks(mn, uplinks)
        mn.as_everywhere("default")
        for dev in (*uplinks, "default"):
            mn.sysctl(f"net.ipv6.conf.{dev}.accept_ra", 0)
            if dev in mn.dev:
                mn.run("ip", "-6", "address", "flush", "dev", dev, "scope", "global")
                mn.run("ip", "-6", "route", "flush", "dev", dev, "proto", "ra")
        return mn

    def _uplinks(self, node, devices):
        for dev in devices:
            self.home.plug(node, dev)
            node.as_everywhere(dev)

    def _attacker(self):
        """A node on foreign2 with an address of that link, for forged packets."""
        self.evil, = self.nodes("evil")
        self.f2.plug(self.evil, "eth0")
        self.evil.addr("eth0", "2001:db8:f2::bad/64")
        self.evil.route("default", via="2001:db8:f2::1")

    def correspondent(self):
        """A host `cn` beside the core, as far from everybody as the home network is."""
        self.cn, = self.nodes("cn")
        self.wire(self.core, "cn", self.cn, "eth0")
        self.core.addr("cn", "2001:db8:cc::1/64")
        self.cn.addr("eth0", f"{CN6}/64")
        self.cn.route("default", via="2001:db8:cc::1")
        return self.cn

    def foreign_routers(self):
        return {"foreign1": self.r1, "foreign2": self.r2}

    def lose(self, kind, times=None):
        """Lose Binding Updates ("bu") or Acknowledgements ("ba") in the core: a context.

        `times`: only the first so many, then all pass.
        """
        return Loss(self.core, {"bu": 5, "ba": 6}[kind], times)


class Loss:
    """Drops one Mobility Header type in a forwarding node and counts what it dropped.

    ip6tables (legacy): user-mode Linux has no nftables for IPv6.
    """

    def __init__(self, node, mh_type, times=None):
        self.node = node
        self.dropped = 0            # known when the context ends
        # A bucket of `times` packets that is not refilled while a test runs.
        few = f"-m limit --limit 1/hour --limit-burst {times}".split() if times else []
        self._rule = ["FORWARD", "-p", "135", "-m", "mh", "--mh-type", str(mh_type),
                      *few, "-j", "DROP"]

    def __enter__(self):
        self.node.run("ip6tables-legacy", "-A", *self._rule)
        return self

    def count(self):
        """How many were dropped so far."""
        text = self.node.run("ip6tables-legacy", "-L", "FORWARD", "-v", "-n", "-x")
        mine = f" mh {self._rule[6]}"
        return sum(int(line.split()[0]) for line in text.splitlines() if mine in line)

    def __exit__(self, *exc):
        self.dropped = self.count()
        self.node.run("ip6tables-legacy", "-D", *self._rule)
