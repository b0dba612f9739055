# SPDX-License-Identifier: BSD-2-Clause
"""Reads captures: a small decoder for what the lab asks about packets.

Not the judge of our encoding (that is tshark and scapy, outside, see
judge.py): this one answers "when did which message pass, between whom, inside
which tunnel", fast enough for captures of a whole demonstration.
"""
import socket
import struct

IPV4, IPV6, ARP = 0x0800, 0x86dd, 0x0806
IPPROTO_MH = 135
MH_NAMES = {0: "BRR", 1: "HoTI", 2: "CoTI", 3: "HoT", 4: "CoT", 5: "BU", 6: "BA", 7: "BE"}
ND_NAMES = {133: "RS", 134: "RA", 135: "NS", 136: "NA", 137: "Redirect"}


class Mh:
    """A Mobility Header message: `type`, and by type seq, lifetime, status, flags, options."""

    def __init__(self, data):
        self.raw = data
        self.type = data[2]
        self.name = MH_NAMES.get(self.type, f"MH{self.type}")
        self.seq = self.lifetime = self.status = None
        self.flags = ""
        self.options = []
        at = {5: 12, 6: 12, 7: 24, 0: 8}.get(self.type, len(data))
        if self.type == 5:
            self.seq, bits, units = struct.unpack_from("!HHH", data, 6)
            self.lifetime = units * 4
            self.flags = "".join(f for i, f in enumerate("AHLKMRPFTB") if bits & (0x8000 >> i))
        elif self.type == 6:
            self.status, bits, self.seq, units = struct.unpack_from("!BBHH", data, 6)
            self.lifetime = units * 4
            self.flags = "".join(f for i, f in enumerate("KRPTB") if bits & (0x80 >> i))
        elif self.type == 7:
            self.status = data[6]
        while at < len(data):
            if data[at] == 0:
                at += 1
                continue
            if at + 2 > len(data):
                break
            length = data[at + 1]
            if data[at] != 1:
                self.options.append((data[at], data[at + 2:at + 2 + length]))
            at += 2 + length

    def option(self, kind):
        """Body of the first option of this type, or None."""
        return next((b for k, b in self.options if k == kind), None)

    def __str__(self):
        said = [self.name]
        for k in ("seq", "lifetime", "status", "flags"):
            v = getattr(self, k)
            if v not in (None, ""):
                said.append(f"{k}={v}")
        said.append("options=" + ",".join(str(k) for k, _ in self.options))
        return " ".join(said)


class Packet:
    """One packet. Layers inside tunnels are Packets too: `inner`."""

    def __init__(self, data, t=0, ethertype=None):
        self.t, self.data = t, data
        self.src = self.dst = None
        self.proto = None           # the upper layer protocol, behind extension headers
        self.body = b""
        self.hao = self.rh2 = self.mh = self.inner = None
        self.nd = self.target = None
        self.echo = None            # ("request" | "reply", identifier, sequence number)
        if ethertype is None:
            ethertype = struct.unpack_from("!H", data, 12)[0] if len(data) >= 14 else 0
            self.dmac, self.smac, data = data[:6], data[6:12], data[14:]
        self.ethertype = ethertype
        try:
            if ethertype == IPV6:
                self._ip6(data)
            elif ethertype == IPV4:
                self._ip4(data)
            elif ethertype == ARP:
                self.src = socket.inet_ntop(socket.AF_INET, data[14:18])
                self.dst = socket.inet_ntop(socket.AF_INET, data[24:28])
        except (struct.error, IndexError, ValueError):
            pass                    # cut short or not what it says: what was read stands

    def _ip4(self, d):
        self.src = socket.inet_ntop(socket.AF_INET, d[12:16])
        self.dst = socket.inet_ntop(socket.AF_INET, d[16:20])
        self._upper(d[9], d[(d[0] & 15) * 4:])

    def _ip6(self, d):
        self.src = socket.inet_ntop(socket.AF_INET6, d[8:24])
        self.dst = socket.inet_ntop(socket.AF_INET6, d[24:40])
        proto, at = d[6], 40
        while proto in (0, 43, 60, 44):
            length = 8 if proto == 44 else (d[at + 1] + 1) * 8
            if proto == 60:
                self._dest_options(d[at + 2:at + length])
            elif proto == 43 and d[at + 2] == 2:
                self.rh2 = socket.inet_ntop(socket.AF_INET6, d[at + 8:at + 24])
            proto, at = d[at], at + length
        self._upper(proto, d[at:])

    def _dest_options(self, d):
        at = 0
        while at < len(d):
            if d[at] == 0:
                at += 1
                continue
            if d[at] == 0xc9:
                self.hao = socket.inet_ntop(socket.AF_INET6, d[at + 2:at + 18])
            at += 2 + d[at + 1]

    def _upper(self, proto, d):
        self.proto, self.body = proto, d
        if proto == 41:
            self.inner = Packet(d, self.t, IPV6)
        elif proto == 4:
            self.inner = Packet(d, self.t, IPV4)
        elif proto == 47:
            flags, kind = struct.unpack_from("!HH", d)
            skip = 4 + 4 * bin(flags & 0xb000).count("1")
            self.inner = Packet(d[skip:], self.t, kind)
        elif proto == IPPROTO_MH:
            self.mh = Mh(d[:(d[1] + 1) * 8])
        elif proto == 58:
            self._icmp6(d)
        elif proto == 1 and d[0] in (0, 8):
            self.echo = ("reply" if d[0] == 0 else "request", *struct.unpack_from("!HH", d, 4))

    def _icmp6(self, d):
        if d[0] in (128, 129):
            self.echo = ("request" if d[0] == 128 else "reply", *struct.unpack_from("!HH", d, 4))
        elif d[0] in ND_NAMES:
            self.nd = ND_NAMES[d[0]]
            if d[0] in (135, 136, 137):
                self.target = socket.inet_ntop(socket.AF_INET6, d[8:24])

    @property
    def icmp6(self):
        """ICMPv6 (type, code) or None."""
        return (self.body[0], self.body[1]) if self.proto == 58 and len(self.body) > 1 else None

    @property
    def udp(self):
        """UDP's ports (source, destination) or None."""
        return struct.unpack_from("!HH", self.body) if self.proto == 17 and len(self.body) > 3 else None

    def innermost(self):
        return self.inner.innermost() if self.inner else self

    def addresses(self):
        """Every address that the outermost packet shows to the link it is on."""
        return {a for a in (self.src, self.dst, self.target) if a}

    def __str__(self):
        what = str(self.mh) if self.mh else self.nd or \
            (f"echo {self.echo[0]} {self.echo[2]}" if self.echo else f"proto {self.proto}")
        more = "".join(f" {k}={v}" for k, v in
                       (("hao", self.hao), ("rh2", self.rh2), ("target", self.target)) if v)
        inner = f" [{self.inner}]" if self.inner else ""
        return f"{self.src} > {self.dst}{more} {what}{inner}"


PCAP_HEAD = 24


def records(data):
    """Where the packets of a pcap file are (ours: nanoseconds, Ethernet): (time, from, to)."""
    at = PCAP_HEAD
    while at + 16 <= len(data):
        sec, nsec, snap, _length = struct.unpack_from("=IIII", data, at)
        at += 16
        if at + snap > len(data):       # the file was still being written
            return
        yield sec * 1000000000 + nsec, at, at + snap
        at += snap


def packets(path):
    """All packets of a pcap file."""
    with open(path, "rb") as f:
        data = f.read()
    for t, begin, end in records(data):
        yield Packet(data[begin:end], t)


def messages(path, name=None, since=0):
    """The Mobility Header packets of a capture, optionally of one name ("BU", "BA", ...)."""
    return [p for p in packets(path)
            if p.mh and p.t >= since and (name is None or p.mh.name == name)]


def untunnelled(path, hidden, since=0, to=1 << 63):
    """Packets of a foreign link's capture that show an address which must stay in the tunnel.

    `hidden` says of an address (text) whether it must not be seen there: see hides().
    """
    return [p for p in packets(path)
            if since <= p.t < to and any(hidden(a) for a in p.addresses())]


def hides(*prefixes):
    """A test for "belongs to one of these prefixes"; IPv4 of any kind always belongs."""
    import ipaddress
    nets = [ipaddress.ip_network(p) for p in prefixes]

    def hidden(address):
        a = ipaddress.ip_address(address)
        return a.version == 4 or any(a in n for n in nets if n.version == a.version)
    return hidden
