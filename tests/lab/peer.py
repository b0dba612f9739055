# SPDX-License-Identifier: BSD-2-Clause
"""A correspondent played by hand: it answers return routability as a test wants it to.

It knows nothing of our code: tokens, keys and authenticators are Python's hmac over the
bytes that RFC 6275 5.2 names. Signalling only: it is there for what a real one does not do
(`silent`, `status`, `mangle` ...), and its kernel neither sends nor takes data directly.
"""
import hashlib
import hmac
import os
import socket
import struct

from capture import JEQ, LDB, RET, Ring
from net import CN6 as ADDRESS
from pkt import Packet

MH = 135
BRR, HOTI, COTI, HOT, COT, BU, BA, BE = range(8)
# Ethernet: IPv6 with a Mobility Header, or with destination options (a BU's)
SIGNALS = [(LDB, 0, 0, 12 + 14 - 6), (JEQ, 1, 0, MH), (JEQ, 0, 1, 60), (RET, 0, 0, 0xffff),
           (RET, 0, 0, 0)]


def packed(address):
    return socket.inet_pton(socket.AF_INET6, address)


def checksum(src, dst, mh):
    data = packed(src) + packed(dst) + struct.pack("!IxxxB", len(mh), MH) + mh
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def message(kind, body):
    """A Mobility Header of that type, checksum 0; padded to 8 octets by the caller."""
    assert (6 + len(body)) % 8 == 0
    return struct.pack("!BBBBH", 59, (6 + len(body)) // 8 - 1, kind, 0, 0) + body


class Peer:
    """The correspondent `cn` of a drawing (Net's cn=...), on its device to the core."""

    def __init__(self, node, dev="eth0", address=ADDRESS):
        self.node, self.address = node, address
        self.kcn, self.nonce = os.urandom(20), os.urandom(8)
        self.index = 1
        self.heard = []             # (name, Packet) in the order they came
        self.bindings = {}          # home address -> care-of address
        self.silent = set()         # names of messages that are not answered
        self.status = None          # of all acknowledgements instead of what is right
        self.mangle = None          # fn(kind, mh bytes) -> bytes, before the checksum
        self.grant = 420
        self._ring = Ring(node, dev, program=SIGNALS)
        self._out = node.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
        # as long as nobody listens the kernel says that it knows no Mobility Header
        self._deaf = node.socket(socket.AF_INET6, socket.SOCK_RAW, MH)
        node.world.reactor.add(self)

    def close(self):
        self._ring.close()
        self._out.close()
        self._deaf.close()

    def tick(self, _now):
        for sec, nsec, _length, data, out in self._ring.read():
            if not out:
                self._take(Packet(data, sec * 1000000000 + nsec))

    def count(self, name):
        return sum(1 for n, _ in self.heard if n == name)

    # ---- out ----

    def send(self, src, dst, mh, rh2=None):
        """A message from `src` to `dst`, behind a type 2 routing header by way of rh2."""
        final = dst
        mh = mh[:4] + struct.pack("!H", checksum(src, final, mh)) + mh[6:]
        ext, proto = b"", MH
        if rh2:
            ext, proto = struct.pack("!BBBBI", MH, 2, 2, 1, 0) + packed(final), 43
        ip = struct.pack("!IHBB", 6 << 28, len(ext) + len(mh), proto, 64)
        packet = ip + packed(src) + packed(rh2 or final) + ext + mh
        self._out.sendto(packet, (rh2 or final, 0))

    def error(self, to, hoa, status=1):
        """A Binding Error; true or not."""
        self.send(self.address, to, message(BE, struct.pack("!BB", status, 0) + packed(hoa)))

    def refresh_request(self, hoa):
        self.send(self.address, hoa, message(BRR, bytes(2)))

    # ---- in ----

    def _take(self, p):
        if not p.mh or p.dst != self.address:
            return
        self.heard.append((p.mh.name, p))
        if p.mh.name in self.silent:
            return
        if p.mh.name in ("HoTI", "CoTI"):
            self._test(p, p.mh.name == "HoTI")
        elif p.mh.name == "BU":
            self._update(p)

    def token(self, address, kind):
        return hmac.new(self.kcn, packed(address) + self.nonce + bytes([kind]),
                        hashlib.sha1).digest()[:8]

    def _reply(self, src, dst, kind, mh, rh2=None):
        self.send(src, dst, self.mangle(kind, mh) if self.mangle else mh, rh2)

    def _test(self, p, home):
        body = struct.pack("!H", self.index) + p.mh.raw[8:16] + self.token(p.src, 0 if home else 1)
        kind = HOT if home else COT
        self._reply(self.address, p.src, kind, message(kind, body))

    def _update(self, p):
        hoa, coa, mh = p.hao or p.src, p.src, p.mh
        delete = mh.lifetime == 0
        home, care = struct.unpack("!HH", mh.option(4))
        kbm = hashlib.sha1(self.token(hoa, 0) + (b"" if delete else self.token(coa, 1))).digest()
        about = hoa if delete else coa
        status = self.status
        if status is None:
            bad = (home != self.index) + 2 * (not delete and care != self.index)
            status = (0, 136, 137, 138)[bad]
        covered = mh.raw[:4] + bytes(2) + mh.raw[6:-12]
        if status == 0 and mh.option(5) != self.mac(kbm, about, covered):
            return                          # not authentic: silently dropped
        lifetime = min(mh.lifetime, self.grant)
        if status == 0:
            self.bindings.pop(hoa, None)
            if not delete:
                self.bindings[hoa] = coa
        body = struct.pack("!BBHH", status, 0, mh.seq, lifetime // 4)
        if 136 <= status <= 138:
            answer = message(BA, body + bytes([1, 2, 0, 0]))
        else:                               # PadN so that option 5 ends the message
            answer = message(BA, body + bytes([1, 4, 0, 0, 0, 0]) + bytes([5, 12]) + bytes(12))
            answer = answer[:-12] + self.mac(kbm, about, answer[:-12])
        self._reply(self.address, hoa, BA, answer, rh2=coa if p.hao else None)

    def mac(self, kbm, about, covered):
        data = packed(about) + packed(self.address) + covered
        return hmac.new(kbm, data, hashlib.sha1).digest()[:12]
