# SPDX-License-Identifier: BSD-2-Clause
"""All that a mobile node can hear, said by hand: routers, home agents, and who hears them.

One thread (Outside) owns the other end of every link of case_mobile.py: frames built by
scapy or from octets, and no kernel that could answer in between.
"""
import errno
import os
import select
import socket
import struct
import sys
import threading
import time
import traceback

from capture import LINKTYPE_ETHERNET, PCAP_NS_MAGIC
from forge import (HAO, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, MIP6MH_BA, MIP6MH_BE,
                   MIP6MH_BRR)
from net import HA_ADDR, HOA
from pkt import Packet

from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_RA, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr)

SO_TIMESTAMPNS = 35
ALL_NODES = "ff02::1"
R = 2                           # of the flags of a Binding Acknowledgement, in scapy's order


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
        self.care_of = None             # where the last Binding Update came from

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
        self.peers = {}                 # address -> case_ro.Correspondent
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
                try:
                    self._read(*links[fd])
                except Exception:       # one answer is missing, and a failure shows why
                    traceback.print_exc()

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
        elif p.mh and p.mh.name == "BU" and p.dst not in self.peers:
            for ha in self.agents:
                if p.dst != ha.address:
                    continue
                ha.care_of = p.src
                for answer in ha.answer(p) or () if ha.answer else ():
                    ha.send(answer)
        else:
            self._to_a_peer(p)

    def _to_a_peer(self, p):
        inner = p.innermost()
        if inner.mh and inner.dst in self.peers:
            inner.outer = p if p is not inner else None
            self.peers[inner.dst].take(inner)
            with self.news:
                self.news.notify_all()

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
