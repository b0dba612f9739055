# SPDX-License-Identifier: BSD-2-Clause
"""Mobile IPv6 messages made by hand, and an independent look at the answers to them.

Built and read by scapy, authenticated by Python's hmac: nothing here knows our
code. A Mobile is a mobile node played by hand: it asks the home agent from a
Station, a node of the drawing that sends what it likes and hears what comes.
"""
import hashlib
import hmac
import itertools
import logging
import socket
import struct
import time

import conf
import net
from capture import JEQ, LDB, RET
from pkt import packets
from proc import until

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.inet6 import (HAO, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt,  # noqa: E402
                                IPv6ExtHdrRouting, MIP6MH_BA, MIP6MH_BE, MIP6MH_BRR, MIP6MH_BU,
                                MIP6OptAltCoA, MIP6OptMNID, MIP6OptMobNetPrefix, MIP6OptMsgAuth,
                                MIP6OptReplayProtection, MIP6OptUnknown, Pad1, PadN, in6_chksum)
from scapy.layers.inet import ICMP, IP  # noqa: E402
from scapy.layers.l2 import GRE  # noqa: E402

MH = 135
MAC_LEN = 12
FLAG = {"A": 0x40, "H": 0x20, "L": 0x10, "K": 0x08, "M": 0x04, "R": 0x02, "P": 0x01}
ACK_R = 0x02
NTP_EPOCH = 2208988800          # 1970 in seconds since 1900
NOT_ICMP6 = [(LDB, 0, 0, 14 + 6), (JEQ, 0, 1, 58), (RET, 0, 0, 0), (RET, 0, 0, 0xffff)]


def ntp(seconds=None):
    """The 64-bit NTP timestamp of a time since 1970 (default: now)."""
    ns = time.time_ns() if seconds is None else int(seconds * 1e9)
    return (ns // 10**9 + NTP_EPOCH) % 2**32 << 32 | (ns % 10**9) * 2**32 // 10**9


def mac(key, care_of, home, mh, end):
    """RFC 4285 5.1: over both addresses and the message up to and including the SPI."""
    covered = mh[:4] + bytes(2) + mh[6:end]
    data = b"".join(socket.inet_pton(socket.AF_INET6, a) for a in (care_of, home)) + covered
    return hmac.new(bytes.fromhex(key), data, hashlib.sha1).digest()[:MAC_LEN]


class LastAuth(MIP6OptMsgAuth):
    """Aligned so that it ends the message: nothing may follow it, not even padding."""
    x, y = 8, 5


class Option4n(MIP6OptUnknown):
    """An option that scapy does not know, at 4n: those of RFC 5555."""
    x, y = 4, 0


def ipv4_option(prefix, new=True):
    """IPv4 Home Address option of RFC 5555 3.1.1 that asks for a prefix."""
    address, plen = prefix.split("/")
    body = struct.pack("!H", int(plen) << 10 | (0x200 if new else 0))
    return Option4n(otype=29, odata=body + socket.inet_aton(address))


def binding_update(src, home, seq, dst=net.HA_ADDR, hao=True, flags="AHR", lifetime=600,
                   alt_coa=None, prefixes=(), options=(), nai=None, key=None, spi=None,
                   stamp=None):
    """A Binding Update as an IPv6 packet. `alt_coa`: None: like src; "": no such option."""
    alt_coa = src if alt_coa is None else alt_coa
    opts = [MIP6OptAltCoA(acoa=alt_coa)] if alt_coa else []
    for p in prefixes:
        address, plen = p.split("/")
        opts.append(MIP6OptMobNetPrefix(prefix=address, plen=int(plen)))
    opts += options
    if nai:
        opts.append(MIP6OptMNID(subtype=1, id=nai))
    if stamp:
        opts.append(MIP6OptReplayProtection(timestamp=stamp))
    auth = LastAuth(subtype=1, mspi=spi, authdata=bytes(MAC_LEN)) if spi else None
    bu = MIP6MH_BU(seq=seq, flags=sum(FLAG[f] for f in flags), mhtime=lifetime // 4,
                   options=opts + [auth] * bool(auth))
    if auth:
        bare = bu.copy()
        bare.cksum = 0
        bare = bytes(bare)
        auth.authdata = mac(key, alt_coa or src, home, bare, len(bare) - MAC_LEN)
    ip = IPv6(src=src, dst=dst, hlim=64)
    if hao:
        ip /= IPv6ExtHdrDestOpt(options=[HAO(hoa=home)])
    return bytes(ip / bu)


class Answer:
    """A Binding Acknowledgement as scapy reads it; checksum looked at."""

    def __init__(self, packet):
        ip = IPv6(packet)
        ba = ip[MIP6MH_BA]
        self.mh = ba.original[:8 * (ba.len + 1)]
        self.checksum_ok = in6_chksum(MH, ba.underlayer, self.mh) == 0
        self.src, self.dst = ip.src, ip.dst
        self.status, self.seq, self.lifetime = ba.status, ba.seq, ba.mhtime * 4
        self.router = bool(int(ba.flags) & ACK_R)
        routing = ip.getlayer(IPv6ExtHdrRouting)
        self.rh2 = routing.addresses[0] if routing and routing.type == 2 else None
        self.options = [o for o in ba.options if not isinstance(o, (Pad1, PadN))]

    def option(self, kind):
        return next((o for o in self.options if isinstance(o, kind)), None)

    def unknown(self, number):
        """Bodies of the options of this number that scapy has no layout for."""
        return [o.odata for o in self.options if o.otype == number]

    def signed(self, key, spi, care_of, home):
        """Authenticated: the option is the very last thing and its MAC is right."""
        o = self.options[-1] if self.options else None
        return isinstance(o, MIP6OptMsgAuth) and o.subtype == 1 and o.mspi == spi and \
            self.mh.endswith(bytes(o.authdata)) and \
            bytes(o.authdata) == mac(key, care_of, home, self.mh, len(self.mh) - MAC_LEN)

    def __repr__(self):
        return f"BA status={self.status} seq={self.seq} rh2={self.rh2} {self.options}"


class Station:
    """A place to send from and to listen at: a node's device, and an address there."""

    def __init__(self, node, dev, address, name=None, icmp6=False):
        self.node, self.address = node, address
        self.capture = node.capture(dev, name, program=None if icmp6 else NOT_ICMP6)
        self._sock = node.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def send(self, packet):
        """Send an IPv6 packet as it is, whatever its source; routing finds the way."""
        self._sock.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))

    def heard(self, since=0):
        """Packets that arrived here (or left) since that time."""
        self.node.world.reactor.flush()
        return [p for p in packets(self.capture.path) if p.t >= since]

    def messages(self, name, since=0):
        return [p for p in self.heard(since) if p.mh and p.mh.name == name]

    def wait_ack(self, home, since, at=None):
        """Wait for a Binding Acknowledgement for this home address; the Answer."""
        def found():
            return next((p for p in self.messages("BA", since) if home in (p.rh2, p.dst)), None)
        p = until(f"an acknowledgement for {home} at {at or self.address}", found)
        return Answer(p.data[14:])

    def ask(self, packet, home):
        """Send a Binding Update and wait for the Answer to it."""
        since = time.time_ns()
        self.send(packet)
        return self.wait_ack(home, since)

    def unanswered(self, *updates):
        """Send Binding Updates that must get no answer.

        Behind them goes a message of an unknown type, which always gets a Binding
        Error: when that is back, what was to come has come.
        """
        since = time.time_ns()
        for packet in updates:
            self.send(packet)
        self.send(unknown_type(self.address))
        until("a Binding Error for the unknown type", lambda: self.messages("BE", since))
        answers = [str(p) for p in self.messages("BA", since) if p.src == net.HA_ADDR]
        assert not answers, answers


def encapsulated(outer_src, outer_dst, src, dst, seq, gre=False, key=None):
    """An echo request in a tunnel: IPv6 or IPv4, in IPv6 or in GRE over IPv6."""
    if ":" in src:
        inner, proto, ethertype = IPv6(src=src, dst=dst, hlim=64) / \
            ICMPv6EchoRequest(id=0x6d70, seq=seq), 41, 0x86dd
    else:
        inner, proto, ethertype = IP(src=src, dst=dst) / ICMP(id=0x6d70, seq=seq), 4, 0x0800
    if gre:
        head = GRE(proto=ethertype) if key is None else \
            GRE(proto=ethertype, key_present=1, key=key)
        return bytes(IPv6(src=outer_src, dst=outer_dst, nh=47, hlim=64) / head / inner)
    return bytes(IPv6(src=outer_src, dst=outer_dst, nh=proto, hlim=64) / inner)


def unknown_type(src, kind=77):
    """A Mobility Header message that nobody knows."""
    bu = MIP6MH_BU(mhtype=kind, seq=0, flags=0, mhtime=0)
    return bytes(IPv6(src=src, dst=net.HA_ADDR, hlim=64) / bu)


def binding_error(packet):
    """(status, home address, destination options header or routing header present)"""
    ip = IPv6(packet)
    return ip[MIP6MH_BE].status, ip[MIP6MH_BE].ha, \
        IPv6ExtHdrDestOpt in ip or IPv6ExtHdrRouting in ip


def keys(n):
    """Each mobile node of the forgers has a key of its own."""
    return (conf.KEY[:-2] + f"{n:02x}") if n else conf.KEY


class Mobile:
    """Mobile node number n of the drawing, or whoever says so: who knows its key is it."""

    def __init__(self, station, n=0, key=True, spi=None, home=None):
        self.at, self.n = station, n
        self.home = home or net.hoa(n)
        self.key = keys(n) if key is True else key
        self.spi = 1000 + n if spi is None else spi
        self.nai = conf.nai(n)
        self._seq = itertools.count(100)

    def update(self, **changes):
        """A Binding Update of this node from its station; keys as of binding_update()."""
        what = {"src": self.at.address, "home": self.home, "nai": self.nai}
        if "seq" not in changes:
            what["seq"] = next(self._seq)
        if self.key:
            what |= {"key": self.key, "spi": self.spi, "stamp": ntp()}
        return binding_update(**(what | changes))

    def ask(self, **changes):
        """Send one and wait for the answer, which is judged as far as it always must hold."""
        packet = self.update(**changes)
        home = changes.get("home", self.home)
        a = self.at.ask(packet, home)
        assert a.checksum_ok, a
        assert a.src == net.HA_ADDR and a.dst == self.at.address, (a.src, a.dst)
        assert a.rh2 == (home if a.dst != home else None), a
        return a

    def check_signed(self, a, care_of=None):
        """The home agent knows the key too."""
        assert a.signed(keys(self.n), 1000 + self.n, care_of or self.at.address, self.home), a
