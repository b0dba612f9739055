# SPDX-License-Identifier: BSD-2-Clause
"""Echo requests at a steady pace from one thread, and what became of each.

A ping process per flow would cost more than the network under test.
"""
import errno
import itertools
import socket
import struct

ICMP6_FILTER, ICMP_FILTER, SOL_RAW = 1, 1, 255
SO_TIMESTAMPNS = 35
_ids = itertools.count(0x4d00)


class Pings:
    """A stream of echo requests from `node` to `dst`.

    `sent` and `back` map sequence number -> time in ns. A request that the
    node itself refused (no route) counts as sent and lost.
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
            only = [0xffffffff] * 8
            only[129 >> 5] &= ~(1 << (129 & 31))
            s.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("=8I", *only))
            self._request, self._offset, self._sum = 128, 0, False
        else:
            s = node.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            s.setsockopt(SOL_RAW, ICMP_FILTER, struct.pack("=I", ~1 & 0xffffffff))
            self._request, self._offset, self._sum = 8, 20, True
        s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if src:
            s.bind((src, 0))
        s.setblocking(False)
        self._sock = s
        self.active = True

    def tick(self, now):
        self._drain()
        if not self.active or now < self._due:
            return
        self._due = max(self._due + self._interval, now - self._interval)
        seq = next(self._seq) & 0xffff
        packet = struct.pack("!BBHHH", self._request, 0, 0, self.ident, seq) + self._pad
        if self._sum:
            words = struct.unpack(f"!{len(packet) // 2}H", packet)
            s = sum(words)
            s = (s & 0xffff) + (s >> 16)
            packet = packet[:2] + struct.pack("!H", ~((s & 0xffff) + (s >> 16)) & 0xffff) \
                + packet[4:]
        self.sent[seq] = now
        try:
            self._sock.sendto(packet, (self.dst, 0))
        except OSError as e:
            self.refused[seq] = errno.errorcode.get(e.errno, e.errno)

    def _drain(self):
        while True:
            try:
                data, anc, _, _ = self._sock.recvmsg(512, 64)
            except BlockingIOError:
                return
            except OSError:         # an ICMP error for this socket: read on
                continue
            _, _, _, ident, seq = struct.unpack_from("!BBHHH", data, self._offset)
            if ident == self.ident and seq in self.sent and seq not in self.back:
                sec, nsec = struct.unpack("=qq", anc[0][2][:16])
                self.back[seq] = sec * 1000000000 + nsec

    def pause(self):
        self.active = False

    def close(self):
        self._drain()
        self._sock.close()

    def stop(self):
        self.node.world.reactor.remove(self)
        return self

    def lost(self, since=0, to=1 << 63):
        """Sequence numbers of requests sent in [since, to) that were never answered."""
        return [s for s, t in self.sent.items() if since <= t < to and s not in self.back]

    def answered(self, since=0, to=1 << 63):
        return [s for s, t in self.sent.items() if since <= t < to and s in self.back]

    def rtt_ms(self, since=0, to=1 << 63):
        """Median round trip of the requests sent in [since, to), or None."""
        rtts = sorted(self.back[s] - self.sent[s] for s in self.answered(since, to))
        return rtts[len(rtts) // 2] / 1e6 if rtts else None
