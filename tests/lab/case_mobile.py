# SPDX-License-Identifier: BSD-2-Clause
"""The world around a mobile node, played by hand: routers, a home agent, correspondents.

One real node runs the real daemon. All that it can hear comes from one thread
(Outside), which owns the other end of every link: frames built by scapy, and
no kernel that could answer in between. So each case says exactly what the
mobile node was told, and reads exactly what it said.

    mobile node up0 --- home | foreign1 | foreign2     (one cable, World.move())
    mobile router lan0 --- lan                         (a host A behind it)
"""
import errno
import os
import select
import socket
import struct
import sys
import threading
import time

import pytest

import conf
import daemon
from capture import LINKTYPE_ETHERNET, PCAP_NS_MAGIC
from forge import (HAO, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, MIP6MH_BA,  # noqa: F401
                   MIP6MH_BE, MIP6MH_BRR, in6_chksum)
from net import HA_ADDR, HOA, MNP
from pkt import Packet
from proc import until
from topo import World

from scapy.layers.inet6 import (ICMPv6HAADReply, ICMPv6ND_NA, ICMPv6ND_RA,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptPrefixInfo,
                                ICMPv6NDOptSrcLLAddr)

SO_TIMESTAMPNS = 35
ALL_NODES = "ff02::1"
R = 2                           # of the flags of a Binding Acknowledgement, in scapy's order
LIFETIME = 600
# A pause after a refusal is longer than any wait for an answer: they are told apart by length.
TIMEOUT, FIRST, LONGEST, PAUSE = 0.1, 0.15, 0.4, 0.5
PROBE = 0.15
FAST = {"initial_bindack_timeout": TIMEOUT, "initial_bindack_timeout_first": FIRST,
        "max_bindack_timeout": LONGEST, "max_update_rate": 100, "dad_retrans": 0.5,
        "probe_interval": 0, "ha_backoff": PAUSE, "router_probe": PROBE, "rs_interval": 0.1}
OTHER_HA = "2001:db8:280::2"    # a second home agent, on the same home link
CN = "2001:db8:c0ff::1"         # a correspondent
STRANGER = "2001:db8:bad::1"
F1, F2 = "2001:db8:f1::/64", "2001:db8:f2::/64"
OTHER_NET = "2001:db8:f3::/64"   # of a router that nobody expects on foreign1
A = "2001:db8:281::a"           # the host behind the mobile router


def case(name):
    """A test that is one case of tests/cases.tsv: its id is in its name."""
    return pytest.mark.parametrize((), [pytest.param(id=name)])


def cases(table):
    """A test for each row of a table of cases, by their ids."""
    return pytest.mark.parametrize("row", [pytest.param(v, id=k) for k, v in table.items()])


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


class Frame(Packet):
    """A packet of the node under test, with the link that it was on and when it left."""

    def __init__(self, link, data, t):
        super().__init__(data, t)
        self.link, self.frame = link, data
        self.dmac = data[:6]


class Router:
    """An access router. alive: it answers solicitations, for itself and for its prefixes."""

    def __init__(self, out, link, number, *prefixes):
        self.out, self.link = out, link
        self.mac = f"02:00:00:00:f{number}:01"
        self.address = f"fe80::f{number}:1"
        self.alive = True
        self.said = {"prefixes": [prefix(p) for p in prefixes]}

    def advertisement(self, src=None, ll=True, lifetime=1800, prefixes=(), options=(), **fields):
        """A Router Advertisement as a packet."""
        ra = IPv6(src=src or self.address, dst=ALL_NODES, hlim=255) / ICMPv6ND_RA(
            routerlifetime=lifetime, **fields)
        if ll:
            ra /= ICMPv6NDOptSrcLLAddr(lladdr=self.mac)
        for o in (*prefixes, *options):
            ra /= o.copy()
        return ra

    def advertise(self, **changes):
        self.out.send(self.link, self.advertisement(**{**self.said, **changes}), self.mac,
                      "33:33:00:00:00:01")


def prefix(text, **fields):
    """A Prefix Information option: on-link, autonomous, a day."""
    address, plen = text.split("/")
    return ICMPv6NDOptPrefixInfo(**{"prefix": address, "prefixlen": int(plen), "L": 1, "A": 1,
                                    "validlifetime": 86400, "preferredlifetime": 14400,
                                    **fields})


class HomeAgent:
    """Hears Binding Updates. answer(bu) makes packets to send back; None: silence."""

    def __init__(self, out, address=HA_ADDR, router=True):
        self.out, self.address = out, address
        self.mac = f"02:00:00:00:80:{address[-1:]}0"
        self.router = router
        self.answer = self.accept

    def accept(self, bu):
        return [self.ba(bu)]

    def refuse(self, status, **more):
        return lambda bu: [self.ba(bu, status=status, lifetime=0, **more)]

    def ba(self, bu, status=0, seq=None, lifetime=None, router=None, src=None, dst=None,
           rh2=True, hao=None, options=(), **fields):
        """The answer to this Binding Update, with what is to be wrong about it.

        rh2: True: as it must be; an address; False: none.
        """
        router = self.router if router is None else router
        if rh2 is True:
            rh2 = bu.hao
        ip = IPv6(src=src or self.address, dst=dst or bu.src, hlim=64)
        if rh2:
            ip /= IPv6ExtHdrRouting(type=2, segleft=1, addresses=[rh2])
        if hao:
            ip /= IPv6ExtHdrDestOpt(options=[HAO(hoa=hao)])
        return ip / MIP6MH_BA(status=status, flags=R if router and status < 128 else 0,
                              seq=bu.mh.seq if seq is None else seq & 0xffff,
                              mhtime=(bu.mh.lifetime if lifetime is None else lifetime) // 4,
                              options=list(options), **fields)

    def send(self, packet):
        """To the mobile node, by the router of the link where it is."""
        self.out.deliver(packet)

    def brr(self, dst, src=None, rh2=HOA, **fields):
        return self.to_mobile(dst, src, rh2) / MIP6MH_BRR(**fields)

    def be(self, dst, status=1, src=None, home=HOA, **fields):
        return IPv6(src=src or self.address, dst=dst, hlim=64) / MIP6MH_BE(
            status=status, ha=home, **fields)

    def to_mobile(self, dst, src=None, rh2=HOA):
        ip = IPv6(src=src or self.address, dst=dst, hlim=64)
        return ip / IPv6ExtHdrRouting(type=2, segleft=1, addresses=[rh2]) if rh2 else ip


class Outside(threading.Thread):
    """The other end of every link. Frames of the node under test are kept, the newest last."""

    def __init__(self, world, node, links, record):
        super().__init__(daemon=True)
        self.world, self.frames = world, []
        self.news = threading.Condition()
        self.routers, self.agents = [], []
        self.neighbours = {}            # (link, address) -> link-layer address: who answers
        self.at = None                  # the link where the mobile node's cable is
        self.mobile_mac = None          # of its uplink
        self._reading = threading.RLock()
        self._links = {}
        for link, dev in links.items():
            s = node.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            s.bind((dev, 3))
            s.setblocking(False)
            self._links[link] = s
        self._record = open(record, "wb")
        self._record.write(struct.pack("=IHHiIII", PCAP_NS_MAGIC, 2, 4, 0, 0, 1 << 18,
                                       LINKTYPE_ETHERNET))
        self._end = os.pipe()
        sys.setswitchinterval(0.001)

    # ---- hearing ----

    def run(self):
        links = {s.fileno(): (name, s) for name, s in self._links.items()}
        poll = select.poll()
        for fd in (*links, self._end[0]):
            poll.register(fd, select.POLLIN)
        while True:
            for fd, _event in poll.poll():
                if fd == self._end[0]:
                    return
                self._read(*links[fd])

    def _read(self, link, s):
        with self._reading:
            self._read_all(link, s)

    def _read_all(self, link, s):
        while True:
            try:
                data, extra, _flags, _from = s.recvmsg(4096, 64)
            except BlockingIOError:
                return
            except OSError as e:
                if e.errno != errno.ENETDOWN:
                    raise
                return
            t = time.time_ns()
            for _level, kind, body in extra:
                if kind == SO_TIMESTAMPNS:
                    sec, nsec = struct.unpack("=qq", body[:16])
                    t = sec * 10**9 + nsec
            self._heard(Frame(link, data, t))

    def _heard(self, p):
        if p.icmp6 is None or p.icmp6[0] > 4:       # an error quotes what was wrong with ours
            self._record.write(struct.pack("=IIII", p.t // 10**9, p.t % 10**9, len(p.frame),
                                           len(p.frame)) + p.frame)
        with self.news:
            self.frames.append(p)
            self.news.notify_all()
        if p.nd == "NS" and (p.link, p.target) in self.neighbours:
            self._advertise(p)
        elif p.nd == "RS":
            for r in self.routers:
                if r.alive and r.link == p.link:
                    r.advertise()
        elif p.mh and p.mh.name == "BU":
            for ha in self.agents:
                if p.dst == ha.address and ha.answer:
                    for answer in ha.answer(p) or ():
                        ha.send(answer)

    def _advertise(self, ns):
        """Somebody answers for this address. Routers do only while they live."""
        mac = self.neighbours[ns.link, ns.target]
        owner = next((r for r in self.routers if r.address == ns.target and r.link == ns.link),
                     None)
        if owner and not owner.alive:
            return
        dad = ns.src == "::"
        na = IPv6(src=ns.target, dst=ALL_NODES if dad else ns.src, hlim=255) / ICMPv6ND_NA(
            R=int(owner is not None), S=int(not dad), O=1, tgt=ns.target) / \
            ICMPv6NDOptDstLLAddr(lladdr=mac)
        self.send(ns.link, na, mac, ns.frame[6:12])

    # ---- saying ----

    def send(self, link, packet, smac, dmac=None):
        dmac = mac_bytes(dmac) if isinstance(dmac, str) else dmac or self.mobile_mac
        try:
            self._links[link].send(dmac + mac_bytes(smac) + b"\x86\xdd" + bytes(packet))
        except OSError as e:
            if e.errno not in (errno.ENETDOWN, errno.ENOBUFS):
                raise

    def deliver(self, packet):
        """From far away to the mobile node: its link's router hands it over; at home, the agent."""
        if self.at == "home":
            self.send("home", packet, self.agents[0].mac)
        else:
            self.send(self.at, packet, next(r.mac for r in self.routers if r.link == self.at))

    # ---- looking ----

    def mark(self):
        """Where the list of frames is now, with all that was sent until now in it."""
        for link, s in self._links.items():
            self._read(link, s)
        with self.news:
            return len(self.frames)

    def since(self, mark, test=lambda p: True):
        """The frames from that mark until now."""
        end = self.mark()
        with self.news:
            return [p for p in self.frames[mark:end] if test(p)]

    def wait(self, what, test, since=0, limit=30):
        """The first frame since then of which test() is true."""
        end = time.monotonic() + limit
        with self.news:
            while True:
                for p in self.frames[since:]:
                    if test(p):
                        return p
                since = len(self.frames)
                if not self.news.wait(max(0, end - time.monotonic())):
                    raise AssertionError(f"not within {limit:g} s: {what}")

    def close(self):
        os.write(self._end[1], b"x")
        self.join()
        for s in self._links.values():
            s.close()
        self._record.close()
        for fd in self._end:
            os.close(fd)


class Around(World):
    """The drawing above, with a daemon in the middle. `role`: "mn" or "mr"."""

    def __init__(self, results, role):
        super().__init__(results)
        self.role = role
        self.out_node, = self.nodes("out")
        for key in ("default", "all"):
            self.out_node.sysctl(f"net.ipv6.conf.{key}.disable_ipv6", 1)
        self.mn, = self.nodes("mn", forward=role == "mr")
        self.mrs = [self.mn]            # as conf.py wants it
        for name in ("foreign1", "foreign2", "home"):
            self.bridge(name).plug(self.out_node, name)
        self.link["foreign1"].plug(self.mn, "up0")
        self._as_plain_linux()
        if role == "mr":
            self.wire(self.mn, "lan0", self.out_node, "lan")
            self.mn.addr("lan0", "2001:db8:281::1/64")
        links = {n: n for n in ("foreign1", "foreign2", "home") + ("lan",) * (role == "mr")}
        self.out = Outside(self, self.out_node, links, self.result("mn.pcap"))
        self.out.mobile_mac = mac_bytes(self.mn.mac("up0"))
        self.out.at = "foreign1"
        self.lan_mac = mac_bytes(self.mn.mac("lan0")) if role == "mr" else None
        self.r1 = Router(self.out, "foreign1", 1, F1)
        self.r2 = Router(self.out, "foreign2", 2, F2)
        self.ha = HomeAgent(self.out, HA_ADDR, router=role == "mr")
        self.ha2 = HomeAgent(self.out, OTHER_HA, router=role == "mr")
        self.out.agents = [self.ha, self.ha2]
        # on the home link the first home agent is the router, as radvd would say it
        self.rh = Router(self.out, "home", 8)
        self.rh.mac = self.ha.mac
        self.rh.said["prefixes"] = [prefix(f"{HA_ADDR}/64", R=1)]
        self.out.routers = [self.r1, self.r2, self.rh]
        self.normal()
        self.out.start()
        self.daemon = None
        self.passing = False
        self.asked = 0                  # the mark before the last question

    def _as_plain_linux(self):
        for key, value in (("accept_dad", 1), ("dad_transmits", 1), ("accept_ra", 1)):
            self.mn.sysctl(f"net.ipv6.conf.up0.{key}", value)

    def normal(self):
        """Everybody does as he should again."""
        for r in self.out.routers:
            r.alive = True
        self.out.neighbours = {(r.link, r.address): r.mac for r in self.out.routers}
        self.out.neighbours["home", HA_ADDR] = self.ha.mac
        self.out.neighbours["lan", A] = "02:00:00:00:0a:0a"
        for ha in self.out.agents:
            ha.answer = ha.accept

    # ---- the daemon ----

    def conf(self, home=None, **more):
        more = {"timers": FAST, "unsafe_timers": True, "roles": (self.role,), **more}
        if self.role == "mn":
            home = {"prefixes": None, **(home or {})}
        else:
            more.setdefault("prefixes", [conf.prefix(MNP)])
        return conf.mr_conf(self, 0, security=more.pop("security", conf.OPEN),
                            home={"lifetime": LIFETIME, **(home or {})}, **more)

    def start(self, silent=False, passing=False, **more):
        """(Re)start the daemon with this configuration. silent: no home agent answers.

        passing: only until the next case wants to be bound() or at_home().
        """
        self.passing = passing
        self.normal()
        for r in self.out.routers:      # the kernel must not configure itself in between
            r.alive = False
        if self.daemon and self.daemon.proc.alive():
            self.daemon.stop()
        if silent:
            for ha in self.out.agents:
                ha.answer = None
        self.asked = self.out.mark()
        self.daemon = daemon.Daemon(self.mn, self.conf(**more)).start()
        for r in self.out.routers:
            r.alive = True
        return self.daemon

    def move(self, to, **how):
        mark = self.out.mark()
        self.out.at = to
        super().move(self.mn, to, **how)
        return mark

    def registration(self):
        return next(iter(self.daemon.registrations()), {"state": "none"})

    def state(self):
        return self.registration()["state"]

    def heard(self):
        """What was delivered to the daemon until now it has read."""
        for _ in range(2):
            self.daemon.ctl.call("Status")

    def count(self, *names):
        """The sum of these counters of the mobile node."""
        s = self.daemon.ctl.call("GetStats")["mobile_node"]
        return sum(s[n] for n in names)

    # ---- what many cases begin with ----

    def bound(self, link="foreign1"):
        """Registered from that link, nothing under way; the care-of address."""
        self.normal()
        if self.passing:
            self.start()
        start = f"2001:db8:f{link[-1]}:"
        coa = daemon.address(self.registration().get("care_of")) or ""
        if self.out.at == link and coa and not coa.startswith(start):
            self.move("foreign2" if link == "foreign1" else "foreign1", gap=0.02)
        if self.out.at != link:
            self.move(link)

        def done():
            r = self.registration()
            if r["state"] == "backoff":
                self.daemon.ctl.call("Refresh")
            coa = daemon.address(r.get("registered_care_of")) or ""
            return r["state"] == "bound" and coa.startswith(start) and coa
        return until(f"registered from {link}", done, step=0.01)

    def at_home(self):
        self.normal()
        if self.passing:
            self.start()
        if self.out.at != "home":
            self.move("home")
        until("at home", lambda: self.state() == "home", step=0.01)

    def update(self, since=None, **wanted):
        """Wait for a Binding Update, from now on or since then; wanted: fields of its message."""
        return self.out.wait(f"a Binding Update {wanted}", lambda p: p.mh and p.mh.name == "BU" and
                             all(getattr(p.mh, k) == v for k, v in wanted.items()),
                             self.out.mark() if since is None else since)

    def updates(self, since):
        return self.out.since(since, lambda p: p.mh and p.mh.name == "BU")

    def refreshing(self, link="foreign1", answer=None):
        """Registered, and a Binding Update is out to which nobody but answer() answers."""
        self.bound(link)
        self.ha.answer = answer
        self.asked = self.out.mark()
        self.daemon.ctl.call("Refresh")
        return self.update(self.asked)

    def registering(self, to="foreign2", answer=None):
        """Just moved there, and nobody but answer() answers to the Binding Update."""
        self.bound("foreign1" if to == "foreign2" else "foreign2")
        self.ha.answer = answer
        self.asked = self.move(to)
        return self.update(self.asked)

    def settles(self, state="bound"):
        until(f"the state is {state}", lambda: self.state() == state, step=0.01)

    def finish(self, failed=False):
        """Stop the daemon; nothing of it may be left."""
        problems = []
        try:
            self.normal()
            for r in self.out.routers:
                r.alive = False
            if self.daemon and self.daemon.proc.alive():
                self.daemon.stop()
            left = self.daemon.leftovers() if self.daemon and not failed else []
            problems += left
        finally:
            self.out.close()
            self.close()
        assert not problems, "left behind:\n  " + "\n  ".join(problems)


def world(request, role, **more):
    """The body of a module's fixture: one daemon for all its cases."""
    folder = os.path.join(os.environ["LAB_OUT"], f"{request.module.__name__}-{role}")
    w = Around(folder, role)
    failed = request.session.testsfailed
    try:
        w.start(**more)
        yield w
    finally:
        w.finish(request.session.testsfailed > failed)


# ---- packets that are a little wrong ----

def mh_at(packet):
    """Where the Mobility Header of a packet begins."""
    at, proto = 40, packet[6]
    while proto in (43, 60):
        proto, at = packet[at], at + 8 * (packet[at + 1] + 1)
    assert proto == 135
    return at


def summed(packet, dst):
    """With the right checksum for its Mobility Header, whatever was changed in it."""
    at = mh_at(packet)
    packet[at + 4:at + 6] = bytes(2)
    pseudo = IPv6(src=IPv6(bytes(packet[:40])).src, dst=dst)
    packet[at + 4:at + 6] = in6_chksum(135, pseudo, bytes(packet[at:])).to_bytes(2, "big")
    return bytes(packet)


def with_octet(offset, value, dst=HOA, checksum=True):
    """A change of a packet: this octet of the Mobility Header has another value."""
    def change(packet):
        out = bytearray(bytes(packet))
        out[mh_at(out) + offset] = value
        return summed(out, dst) if checksum else bytes(out)
    return change


def wrong_sum(packet):
    out = bytearray(bytes(packet))
    out[mh_at(out) + 4] ^= 0x55
    return bytes(out)


def same(packet):
    return packet


PROTO, LEN, RESERVED = 0, 1, 3


# ---- for the cases about routers ----

def redraw(w):
    """Each case begins with the routers as they were drawn."""
    w.r1.said = {"prefixes": [prefix(F1)]}
    w.r2.said = {"prefixes": [prefix(F2)]}
    w.rh.said = {"prefixes": [prefix(f"{HA_ADDR}/64", R=1)]}
    w.out.routers = [w.r1, w.r2, w.rh]


def fresh(w, link="foreign1", via="foreign2"):
    """Attached anew, so that nothing of the case before is remembered; the care-of address."""
    w.bound(via)
    return w.bound(link)


def nd(kind, **wanted):
    return lambda p: p.nd == kind and all(getattr(p, k) == v for k, v in wanted.items())


def still(w, coa, mark):
    """Nothing has changed, and the router was told nothing."""
    w.heard()
    r = w.registration()
    assert r["state"] == "bound" and r["registered_care_of"]["addr"] == coa, r
    assert not w.updates(mark)


def quoting(p, kind, src=HA_ADDR, **fields):
    """An ICMPv6 error about a packet of the mobile node."""
    return IPv6(src=src, dst=p.src, hlim=64) / kind(**fields) / p.frame[14:]


# ---- for the cases about home agents to be found ----

ANYCAST = "2001:db8:280:0:fdff:ffff:ffff:fffe"
DHAAD_TIMEOUT, DHAAD_RETRIES = 0.2, 3
LOOK = {"home": {"home_agent": "discover"},
        "timers": {**FAST, "initial_dhaad_timeout": DHAAD_TIMEOUT,
                   "dhaad_retries": DHAAD_RETRIES}}


def is_request(p):
    return p.icmp6 == (144, 0)


def looking(w):
    """Started anew, and nobody has answered: its first request."""
    if w.out.at == "home":
        w.move("foreign1")
    w.start(**LOOK)
    return w.out.wait("a request for home agents", is_request, w.asked)


def ident(p):
    """The identifier of a request."""
    return int.from_bytes(p.body[4:6], "big")


def found(p, addresses=(HA_ADDR, OTHER_HA), src=HA_ADDR, dst=None, number=None, routers=0):
    """The answer to a request."""
    return IPv6(src=src, dst=dst or p.src, hlim=64) / ICMPv6HAADReply(
        id=ident(p) if number is None else number, R=routers, addresses=list(addresses))
