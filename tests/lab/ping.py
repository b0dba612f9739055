# SPDX-License-Identifier: BSD-2-Clause
"""Echo requests at a steady pace from one thread, and what became of each.

A ping process per flow would cost more than the network under test. So would
reading answers from sockets: an ear per node takes them from a packet ring.
"""
import errno
import itertools
import socket
import struct
import time

from capture import NOTHING, Ring, attach_filter, echo_filter

_ids = itertools.count(0x4d00)


class Ear:
    """Hears all echo packets of a node, on whatever device, and tells the flows."""

    def __init__(self, node):
        self._ring = Ring(node, snap=112, frames=4096, program=echo_filter(0), raw=False)
        self.flows = {}

    def tick(self, _now):
        for sec, nsec, _length, data, out in self._ring.read():
            at = 40 if data[0] >> 4 == 6 else (data[0] & 15) * 4
            if data[0] >> 4 == 6:   # a home address option, a type 2 routing header
                proto = data[6]
                while proto in (43, 60) and len(data) > at + 1:
                    proto, at = data[at], at + 8 * (data[at + 1] + 1)
                if proto != 58:
                    continue
            if len(data) < at + 8:
                continue
            kind, _c, _s, ident, seq = struct.unpack_from("!BBHHH", data, at)
            flow = self.flows.get(ident)
            if flow is None:
                continue
            t = sec * 1000000000 + nsec
            if kind in (128, 8) and out:
                flow.left(seq, t)
            elif kind in (129, 0) and not out:
                flow.came(seq, t)

    def close(self):
        self._ring.close()


def ear(node):
    """The node's ear; it listens until the world ends."""
    if not hasattr(node, "ear"):
        node.ear = node.world.reactor.add(Ear(node))
    return node.ear


class Pings:
    """A stream of echo requests from `node` to `dst`.

    `sent` and `back` map sequence number -> time in ns. A request that the
    node itself refused (no route) counts as sent and lost, see `refused`.
    """

    def __init__(self, node, dst, interval=0.01, src=None, size=24, name=None):
        self.node, self.dst = node, dst
        self.name = name or f"{node.name}->{dst}"
        self.family = "ipv6" if ":" in dst else "ipv4"
        self.ident = next(_ids) & 0xffff
        self.sent, self.back, self.refused = {}, {}, {}
        self._interval = int(interval * 1e9)
        self._due = 0
        self._seq = itertools.count(1)
        self._pad = bytes(max(0, size - 8))
        if self.family == "ipv6":
            s = node.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        else:
            s = node.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        attach_filter(s, NOTHING)
        if src:
            s.bind((src, 0))
        s.setblocking(False)
        self._sock = s
        self._left = set()
        self._last = 0
        self.active = True
        ear(node).flows[self.ident] = self

    def tick(self, now):
        if not self.active or now < self._due:
            return
        self._due = max(self._due + self._interval, now - self._interval)
        seq = self._last = next(self._seq) & 0xffff
        packet = struct.pack("!BBHHH", 128 if self.family == "ipv6" else 8, 0, 0, self.ident, seq)
        if self.family == "ipv4":       # the kernel sums ICMPv6 only; the padding is zeros
            s = 0x0800 + self.ident + seq
            s = (s & 0xffff) + (s >> 16)
            s = (s & 0xffff) + (s >> 16)
            packet = struct.pack("!BBHHH", 8, 0, ~s & 0xffff, self.ident, seq)
        self.sent[seq] = now
        try:
            self._sock.sendto(packet + self._pad, (self.dst, 0))
        except OSError as e:
            self.refused[seq] = errno.errorcode.get(e.errno, e.errno)

    def left(self, seq, t):
        """Seen leaving the node: a better time than when it was asked for."""
        if seq in self.sent and seq not in self._left:
            self._left.add(seq)
            self.sent[seq] = t

    def came(self, seq, t):
        if seq in self.sent and seq not in self.back:
            self.back[seq] = t

    def pause(self):
        self.active = False

    def close(self):
        self._sock.close()

    def stop(self):
        """End the flow; answers until now count."""
        self.active = False
        self.node.world.reactor.flush()
        self.node.world.reactor.remove(self)
        return self

    def row(self, patience=0.4, most=35):
        """How many of the latest requests, but those younger than `patience` seconds, were
        answered without a hole (looks at `most`; cheap enough to be asked all the time)."""
        seq = self._last
        young = time.time_ns() - int(patience * 1e9)
        while self.sent.get(seq, 0) > young:
            seq -= 1
        n = 0
        while n < most and seq - n in self.back:
            n += 1
        return n

    def lost(self, since=0, to=1 << 63):
        """Sequence numbers of requests sent in [since, to) that were never answered."""
        return [s for s, t in list(self.sent.items()) if since <= t < to and s not in self.back]

    def answered(self, since=0, to=1 << 63):
        return [s for s, t in list(self.sent.items()) if since <= t < to and s in self.back]

    def rtt_ms(self, since=0, to=1 << 63):
        """Median round trip of the requests sent in [since, to), or None."""
        rtts = sorted(self.back[s] - self.sent[s] for s in self.answered(since, to))
        return rtts[len(rtts) // 2] / 1e6 if rtts else None
