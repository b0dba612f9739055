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


REFRESH = message(BRR, bytes(2))


def padding(n):
    """n octets of Pad1 or PadN."""
    return bytes(n) if n < 2 else bytes([1, n - 2]) + bytes(n - 2)


def packet(src, dst, mh, rh2=None):
    """A message from `src` to `dst`, behind a type 2 routing header by way of rh2."""
    mh = mh[:4] + struct.pack("!H", checksum(src, dst, mh)) + mh[6:]
    ext, proto = b"", MH
    if rh2:
        ext, proto = struct.pack("!BBBBI", MH, 2, 2, 1, 0) + packed(dst), 43
    ip = struct.pack("!IHBB", 6 << 28, len(ext) + len(mh), proto, 64)
    return ip + packed(src) + packed(rh2 or dst) + ext + mh


class Answers:
    """What a correspondent says. Whoever inherits this has send() and calls take()."""

    def __init__(self, address):
        self.address = address
        self.kcn, self.nonce = os.urandom(20), os.urandom(8)
        self.index = 1
        self.heard = []             # (name, Packet) in the order they came
        self.bindings = {}          # home address -> care-of address
        self.silent = set()         # names of messages that are not answered
        self.status = None          # of all acknowledgements instead of what is right
        self.mangle = None          # fn(kind, mh bytes) -> bytes, before the checksum
        self.grant = 420

    def send(self, src, dst, mh, rh2=None):
        raise NotImplementedError

    def count(self, name):
        return sum(1 for n, _ in self.heard if n == name)

    # ---- out ----

    def error(self, to, hoa, status=1):
        """A Binding Error; true or not."""
        self.send(self.address, to, message(BE, struct.pack("!BB", status, 0) + packed(hoa)))

    def refresh_request(self, hoa):
        self.send(self.address, hoa, REFRESH)

    # ---- in ----

    def take(self, p):
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

    def kbm(self, bu):
        """The key of this Binding Update, if the node was told our tokens; the address in it."""
        hoa, coa = bu.hao or bu.src, bu.src
        if bu.mh.lifetime == 0:
            return hashlib.sha1(self.token(hoa, 0)).digest(), hoa
        return hashlib.sha1(self.token(hoa, 0) + self.token(coa, 1)).digest(), coa

    def authentic(self, bu):
        raw = bu.mh.raw
        return bu.mh.option(5) == self.mac(*self.kbm(bu), raw[:4] + bytes(2) + raw[6:-12])

    def judge(self, bu):
        """The status that is right; None: not authentic."""
        home, care = struct.unpack("!HH", bu.mh.option(4))
        bad = (home != self.index) + 2 * (bu.mh.lifetime != 0 and care != self.index)
        if bad or self.status is not None:
            return (0, 136, 137, 138)[bad] if self.status is None else self.status
        return 0 if self.authentic(bu) else None

    def ack(self, bu, status=0, seq=None, lifetime=None, options=b"", auth=True, after=b"",
            reserved=0):
        """The acknowledgement of this Binding Update, with what is to be wrong about it.

        auth: False: no authenticator; octets: instead of the right one. after: octets behind it.
        reserved: the octet of the K bit.
        """
        lifetime = min(bu.mh.lifetime, self.grant) if lifetime is None else lifetime
        body = struct.pack("!BBHH", status, reserved, bu.mh.seq if seq is None else seq & 0xffff,
                           lifetime // 4) + options
        if auth is False:
            return message(BA, body + padding(-(6 + len(body)) % 8))
        body += padding((2 - 6 - len(body)) % 8) + bytes([5, 12])
        mh = message(BA, body + bytes(12) + after)
        at = 6 + len(body)
        mac = self.mac(*self.kbm(bu), mh[:at]) if auth is True else auth
        return mh[:at] + mac + mh[at + 12:]

    def _update(self, p):
        hoa, status = p.hao or p.src, self.judge(p)
        if status is None:
            return                          # silently dropped
        if status == 0:
            self.bindings.pop(hoa, None)
            if p.mh.lifetime:
                self.bindings[hoa] = p.src
        answer = self.ack(p, status, auth=not 136 <= status <= 138)
        self._reply(self.address, hoa, BA, answer, rh2=p.src if p.hao else None)

    def mac(self, kbm, about, covered):
        data = packed(about) + packed(self.address) + covered
        return hmac.new(kbm, data, hashlib.sha1).digest()[:12]


class Peer(Answers):
    """The correspondent `cn` of a drawing (Net's cn=...), on its device to the core."""

    def __init__(self, node, dev="eth0", address=ADDRESS):
        super().__init__(address)
        self.node = node
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
                p = Packet(data, sec * 1000000000 + nsec)
                if p.mh and p.dst == self.address:
                    self.take(p)

    def send(self, src, dst, mh, rh2=None):
        self._out.sendto(packet(src, dst, mh, rh2), (rh2 or dst, 0))
