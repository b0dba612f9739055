# SPDX-License-Identifier: BSD-2-Clause
"""A mobile node played by hand against a correspondent (RFC 6275 5.2, 6.1, 9).

Octets, checksums and authenticators are made here with struct, hashlib and hmac: nothing
knows our code, and everything can be made wrong. A RR has one node of the drawing to send from
and to listen at, which owns the home address and the care-of addresses.

    mn = RR(net)                        # net = lab(attacker=True): from `evil` to `b`
    mn.register()                       # HoTI, CoTI, BU; status 0 and all of it checked
    a = mn.ask(seq=3, lifetime=0)       # a Binding Update with the tokens at hand; the Ack
    mn.quiet(mn.bu(mac=bytes(12)))      # gets no answer
    mn.send(mn.packet(mn.hoa, mh(HOTI, bytes(10), length=0)))
    mn.wait("ICMP", since)              # what came, by name: pkt.Packet
"""
import hashlib
import hmac
import itertools
import os
import random
import socket
import struct
import time

import net as drawing
from pkt import packets
from proc import until

BRR, HOTI, COTI, HOT, COT, BU, BA, BE = range(8)
MH, DSTOPTS, ROUTING, ICMPV6, NONE = 135, 60, 43, 58, 59
HOME, CARE_OF, CARE_OF2 = "2001:db8:f2::10", "2001:db8:f2::bad", "2001:db8:f2::bad2"
MAC_LEN = 12
FLAGS = {"A": 0x8000, "H": 0x4000, "L": 0x2000, "K": 0x1000, "R": 0x0400, "reserved": 0x0fff}
UNSET = object()


def a6(address):
    return socket.inet_pton(socket.AF_INET6, address)


def checksum(src, dst, proto, data):
    """RFC 8200 8.1, as number; the field in data must be 0."""
    data = a6(src) + a6(dst) + struct.pack("!II", len(data), proto) + data
    data += bytes(len(data) % 2)
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def option(kind, body=b""):
    """A mobility option. 0 is Pad1."""
    return bytes([kind]) if kind == 0 else bytes([kind, len(body)]) + body


def padding(n):
    return b"" if n <= 0 else bytes(1) if n == 1 else option(1, bytes(n - 2))


def mh(kind, body, options=b"", proto=NONE, length=None, reserved=0, pad=True):
    """A Mobility Header, checksum 0. body: what follows the checksum. length: Header Len."""
    data = struct.pack("!BBBBH", proto, 0, kind, reserved, 0) + body + options
    if pad:
        data += padding(-len(data) % 8)
    data = bytearray(data)
    data[1] = len(data) // 8 - 1 if length is None else length
    return bytes(data)


def with_checksum(data, src, dst, wrong=0):
    """The message with its checksum; wrong: added to the right one."""
    s = (checksum(src, dst, MH, data[:4] + bytes(2) + data[6:]) + wrong) & 0xffff
    return data[:4] + struct.pack("!H", s) + data[6:]


def ip6(src, dst, proto, data, hops=64):
    return struct.pack("!IHBB", 6 << 28, len(data), proto, hops) + a6(src) + a6(dst) + data


def home_address_option(hoa, proto):
    return struct.pack("!BBBBBBBB", proto, 2, 1, 2, 0, 0, 0xc9, 16) + a6(hoa)


def routing_header(address, proto):
    return struct.pack("!BBBBI", proto, 2, 2, 1, 0) + a6(address)


def kbm(home, care_of=None):
    """The binding management key; without care_of: for a deletion (5.2.5)."""
    return hashlib.sha1(home + (care_of or b"")).digest()


def authenticator(key, address, cn, message):
    """6.2.7: over the message but its last 12 octets, checksum 0."""
    covered = message[:4] + bytes(2) + message[6:-MAC_LEN]
    return hmac.new(key, a6(address) + a6(cn) + covered, hashlib.sha1).digest()[:MAC_LEN]


class Token:
    """A keygen token (8 octets) and its nonce index, as a test brought them."""

    def __init__(self, index, value):
        self.index, self.value = index, value

    def __repr__(self):
        return f"Token({self.index}, {self.value.hex()})"


class Ack:
    """A Binding Acknowledgement as it came."""

    def __init__(self, p):
        self.packet, self.raw = p, p.mh.raw
        self.src, self.dst, self.rh2 = p.src, p.dst, p.rh2
        self.status, self.seq, self.lifetime, self.flags = \
            p.mh.status, p.mh.seq, p.mh.lifetime, p.mh.raw[7]
        self.mac = p.mh.option(5)

    def signed(self, key, address, cn):
        return self.mac is not None and self.raw.endswith(self.mac) and \
            hmac.compare_digest(self.mac, authenticator(key, address, cn, self.raw))

    def __repr__(self):
        return f"Ack(status={self.status} seq={self.seq} lifetime={self.lifetime} " \
               f"rh2={self.rh2} mac={self.mac is not None})"


class RR:
    """One home address of a mobile node, and its talk with one correspondent.

    hoa, coa, cn: addresses; coa may be changed any time (move()). home, care_of: the Tokens
    that Binding Updates are signed with, key(): the key made of them.
    """

    def __init__(self, net, cn=drawing.B6, hoa=HOME, coa=CARE_OF, node=None, dev="eth0",
                 others=(CARE_OF2,), name=None):
        self.net, self.cn, self.hoa, self.coa, self.dev = net, cn, hoa, coa, dev
        self.node = node or net.evil
        for address in {hoa, coa, *others} - {a for a in self._owned(self.node)}:
            self.node.addr(dev, f"{address}/64")
            self._owned(self.node).add(address)
        self.home = self.care_of = None
        self._seq = itertools.count(random.randrange(1, 30000))
        self.capture = self.node.capture(dev, name or f"rr-{hoa.replace(':', '.')}.raw")
        self.sock = self.node.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)

    @staticmethod
    def _owned(node):
        """Addresses of the node so far; the first time its kernel is told to be silent."""
        if not hasattr(node, "rr_owned"):
            node.rr_owned = {CARE_OF}
            # no daemon runs here: the kernel would call every Mobility Header a problem
            node.run("ip6tables-legacy", "-A", "OUTPUT", "-p", "icmpv6", "--icmpv6-type",
                     "parameter-problem", "-j", "DROP")
        return node.rr_owned

    # ---- packets ----

    def packet(self, src, message, dst=None, hao=None, rh2=None, wrong_checksum=0):
        """An IPv6 packet with a Mobility Header; its checksum as 6.1.1 says (over hao if given).

        rh2: the final destination, in a type 2 routing header; dst is then what is on the wire.
        """
        dst = dst or self.cn
        message = with_checksum(message, hao or src, rh2 or dst, wrong_checksum)
        proto = MH
        if hao:
            message, proto = home_address_option(hao, proto) + message, DSTOPTS
        if rh2:
            message, proto = routing_header(rh2, proto) + message, ROUTING
        return ip6(src, dst, proto, message)

    def test_init(self, kind, src=None, cookie=None, options=b"", **more):
        """A HoTI or CoTI packet; `more`: of mh() (proto, length, reserved) and packet()."""
        cookie = cookie or os.urandom(8)
        to_mh = {k: more.pop(k) for k in ("proto", "length", "reserved", "pad") if k in more}
        body = struct.pack("!H", more.pop("body_reserved", 0)) + cookie
        return self.packet(src or (self.hoa if kind == HOTI else self.coa),
                           mh(kind, body, options, **to_mh), **more)

    def key(self, leave=False, home=None, care_of=None):
        home, care_of = home or self.home, care_of or self.care_of
        return kbm(home.value) if leave else kbm(home.value, care_of.value)

    def bu(self, seq=None, lifetime=420, flags="A", src=None, hao=UNSET, alt_coa=None,
           home=None, care_of=None, nonces=True, auth=True, key=None, mac=None, mac_address=None,
           options=b"", after=b"", indices=None, wrong_checksum=0, dst=None, reserved=0,
           proto=NONE, length=None):
        """A Binding Update as the RFC wants it; each argument makes something else of it.

        src          source on the wire: the care-of address
        hao          content of the home address option; None: no option. Default: the home
                     address, unless src is the home address
        flags        letters of FLAGS, or a number
        nonces, auth False: without option 4, 5; indices: (home, care-of) instead of the tokens'
        home, care_of   Tokens instead of self's; key: the key instead of the one made of them
        mac, mac_address   the authenticator; the care-of address in it
        options, after  octets of options before the nonce indices; octets behind option 5
        """
        src = src or self.coa
        home, care_of = home or self.home, care_of or self.care_of
        hao = (self.hoa if src != self.hoa else None) if hao is UNSET else hao
        registered = alt_coa or src
        leave = lifetime == 0 or registered == self.hoa
        bits = flags if isinstance(flags, int) else sum(FLAGS[f] for f in flags)
        body = struct.pack("!HHH", next(self._seq) if seq is None else seq, bits, lifetime // 4)
        if alt_coa:
            options += padding((6 - 12 - len(options)) % 8) + option(3, a6(alt_coa))
        if nonces:
            pair = indices or (home.index, care_of.index if care_of else 0)
            options += padding(len(options) % 2) + option(4, struct.pack("!HH", *pair))
        if auth:
            at = 12 + len(options)
            options += padding((2 - at) % 8) + option(5, bytes(MAC_LEN))
        options += after
        message = mh(BU, body, options, proto=proto, length=length, reserved=reserved)
        if auth:
            if mac is None:
                key = key or self.key(leave, home, care_of)
                whole = message[:len(message) - len(after)]
                mac = authenticator(key, mac_address or (self.hoa if leave else registered),
                                    dst or self.cn, whole)
            at = len(message) - len(after) - MAC_LEN
            message = message[:at] + mac + message[at + MAC_LEN:]
        return self.packet(src, message, dst, hao, wrong_checksum=wrong_checksum)

    def echo(self, seq, hao=True, src=None, ident=0x6d70):
        """An echo request of the home address; hao False: as sent from home or a tunnel."""
        data = struct.pack("!BBHHH", 128, 0, 0, ident, seq)
        s = checksum(self.hoa, self.cn, ICMPV6, data)
        data = data[:2] + struct.pack("!H", s) + data[4:]
        if not hao:
            return ip6(self.hoa, self.cn, ICMPV6, data)
        return ip6(src or self.coa, self.cn, DSTOPTS,
                   home_address_option(self.hoa, ICMPV6) + data)

    def unreachable(self, code=3, reporter=None, quote=None):
        """ICMPv6 Destination Unreachable about a packet from cn to us by the care-of address."""
        reporter = reporter or self.coa
        quote = quote or ip6(self.cn, self.coa, ROUTING,
                             routing_header(self.hoa, ICMPV6) + bytes(16))
        data = struct.pack("!BBHI", 1, code, 0, 0) + quote
        s = checksum(reporter, self.cn, ICMPV6, data)
        return ip6(reporter, self.cn, ICMPV6, data[:2] + struct.pack("!H", s) + data[4:])

    # ---- sending and hearing ----

    def send(self, packet):
        """As it is; routing finds the way. Returns the time before."""
        since = time.time_ns()
        self.sock.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))
        return since

    def heard(self, name=None, since=0):
        """Packets from the correspondent: all, or those of a name ("HoT", "BA", "BE", "BRR",
        "ICMP": an error, "echo": a reply)."""
        self.net.reactor.flush()
        return [p for p in packets(self.capture.path) if p.t >= since and p.src == self.cn
                and (name is None or self._name(p) == name)]

    @staticmethod
    def _name(p):
        if p.mh:
            return p.mh.name
        if p.echo:
            return "echo" if p.echo[0] == "reply" else "request"
        return "ICMP" if p.icmp6 and p.icmp6[0] < 128 else None

    def wait(self, name, since=0, count=1, limit=30.0):
        """The count-th packet of that name since then."""
        got = until(f"{count} {name} from {self.cn}",
                    lambda: (h := self.heard(name, since)) and len(h) >= count and h, limit)
        return got[count - 1]

    def quiet(self, *sent, but=()):
        """Sends packets that get no answer but of these names.

        Behind them goes a message of an unknown type, which always gets a Binding Error: when
        that is back, what was to come has come.
        """
        since = time.time_ns()
        for packet in sent:
            self.send(packet)
        self.send(self.packet(self.coa, mh(77, bytes(10))))
        until("a Binding Error for the unknown type",
              lambda: [p for p in self.heard("BE", since) if p.mh.status == 2])
        more = [str(p) for p in self.heard(since=since)
                if p.nd is None and self._name(p) not in ("BE", None, *but)]
        assert not more, more
        return since

    # ---- the procedure ----

    def _test(self, kind, src):
        cookie = os.urandom(8)
        since = self.send(self.test_init(kind, src, cookie))
        name = "HoT" if kind == HOTI else "CoT"
        p = until(f"a {name} for {src}", lambda: next(
            (p for p in self.heard(name, since) if p.mh.raw[8:16] == cookie), None))
        assert p.dst == src and p.rh2 is None and p.hao is None, p
        raw = p.mh.raw
        assert len(raw) == 24 and checksum(p.src, p.dst, MH, raw[:4] + bytes(2) + raw[6:]) == \
            struct.unpack_from("!H", raw, 4)[0], raw.hex()
        return Token(struct.unpack_from("!H", raw, 6)[0], raw[16:24])

    def home_test(self):
        self.home = self._test(HOTI, self.hoa)
        return self.home

    def care_of_test(self, coa=None):
        """coa: another address than the present one; then the Token is only returned."""
        token = self._test(COTI, coa or self.coa)
        if coa in (None, self.coa):
            self.care_of = token
        return token

    def do_rr(self):
        return self.home_test(), self.care_of_test()

    def move(self, coa):
        """Elsewhere; the next Binding Update is from there, once care_of_test() was done."""
        self.coa = coa

    def ask(self, **changes):
        """Sends a Binding Update; the Ack, with what always holds checked."""
        src = changes.get("src") or self.coa
        since = self.send(self.bu(**changes))
        a = Ack(self.wait("BA", since))
        assert a.dst == src and a.src == (changes.get("dst") or self.cn), a.packet
        assert a.rh2 == (None if src == self.hoa else self.hoa), a.packet
        assert a.flags == 0 and a.packet.hao is None, a.packet
        if a.status in (131, 136, 137, 138):
            assert a.mac is None, a
        return a

    def check_signed(self, a, leave=False, address=None):
        """The answer has the authenticator of who knows the same tokens."""
        assert a.signed(self.key(leave), address or (self.hoa if leave else self.coa),
                        self.cn), a

    def register(self, **changes):
        """Both tests and an accepted Binding Update; the Ack."""
        self.do_rr()
        a = self.ask(**changes)
        assert a.status == 0, a
        self.check_signed(a)
        return a
