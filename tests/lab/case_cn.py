# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of correspondents: a correspondent, and all the Internet played by hand.

      cn 2001:db8:cc::1, ::2 ---- tn: home networks, foreign links, whoever sends and receives

One daemon serves all cases of a file; each case takes a home address and a
care-of address that nobody used before. Packets are made octet by octet (so
that each field can be wrong) and authenticated by Python's hmac. "Nothing was
sent" is never a pause: behind the message goes a whole registration of another
mobile node, and what came until that was answered is looked at.

What the daemon says is kept in cn-answers.pcap, which tshark and scapy judge.
"""
import copy
import hashlib
import hmac
import itertools
import os
import select
import socket
import struct
import time

import pytest

import conf
import daemon
from capture import LINKTYPE_ETHERNET, PCAP_NS_MAGIC
from pkt import Packet
from proc import until
from topo import World

CN, CN2, GATEWAY = "2001:db8:cc::1", "2001:db8:cc::2", "2001:db8:cc::fe"
BRR, HOTI, COTI, HOT, COT, BU, BA, BE = range(8)
MH, ICMP6, UDP, DSTOPTS, ROUTING, NONE = 135, 58, 17, 60, 43, 59
UNREACHABLE, PARAMETER_PROBLEM, ECHO, REPLY = 1, 4, 128, 129
ACCEPTED, PROHIBITED, SEQUENCE, TYPE_CHANGE, NO_HOME, BAD_COA = 0, 129, 135, 139, 131, 174
HOME_NONCE, COA_NONCE, NONCES = 136, 137, 138
UNSIGNED = (HOME_NONCE, COA_NONCE, NONCES, TYPE_CHANGE, NO_HOME)    # nobody has a key for it
UNIT = 4                        # seconds: of lifetimes
MOST = 420                      # MAX_RR_BINDING_LIFETIME
A, H, L, K = 0x8000, 0x4000, 0x2000, 0x1000
FAR = 0x4000                    # that much away, an index cannot be one of the last
ETH_IP6 = 0x86dd


def cases(names, *rows):
    """One scenario for each row, which begins with the id of its case."""
    rows = [r if isinstance(r, tuple) else (r,) for r in rows]
    if not names:
        return pytest.mark.parametrize("case", [r[0] for r in rows], ids=[r[0] for r in rows])
    return pytest.mark.parametrize(f"case, {names}", rows, ids=[r[0] for r in rows])


def case(name):
    return cases("", name)


# ---- packets ----

def packed(address):
    return socket.inet_pton(socket.AF_INET6, address)


def checksum(src, dst, proto, data):
    data = packed(src) + packed(dst) + struct.pack("!II", len(data), proto) + data
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def home_address_option(home, after=MH, times=1):
    """A destination options header: the option at 8n+6, as it must be."""
    option = bytes([1, 2, 0, 0, 0xc9, 16]) + packed(home)
    body = (option + b"\1\0") * (times - 1) + option
    return bytes([after, (len(body) + 2) // 8 - 1]) + body


def routing_header(home, after):
    return bytes([after, 2, 2, 1, 0, 0, 0, 0]) + packed(home)


def ip6(src, dst, proto, data, hao=None, rh2=None, times=1):
    """`hao`: the home address, in an option; `rh2`: the address in a type 2 routing header."""
    if hao:
        data, proto = home_address_option(hao, proto, times) + data, DSTOPTS
    if rh2:
        data, proto = routing_header(rh2, proto) + data, ROUTING
    return struct.pack("!IHBB", 6 << 28, len(data), proto, 64) + packed(src) + packed(dst) + data


def mobility(kind, body, src, dst, hao=None, proto=NONE, units=None, reserved=0, spoil=0):
    """A packet with a Mobility Header. `units`: a wrong Header Len; `spoil`: its checksum."""
    size = len(body) + 6
    assert size % 8 == 0, size
    head = [proto, size // 8 - 1 if units is None else units, kind, reserved]
    data = bytes(head) + b"\0\0" + body
    data = data[:4] + struct.pack("!H", checksum(hao or src, dst, MH, data) ^ spoil) + data[6:]
    return ip6(src, dst, MH, data, hao)


def upper(kind, body, src, dst, hao=None, rh2=None, summed=None, times=1):
    """ICMPv6 (type, code) or UDP (its ports). `summed`: source in the checksum, if a wrong one."""
    if len(kind) == 2 and kind[0] < 256:
        proto, at, data = ICMP6, 2, bytes(kind) + b"\0\0" + body
    else:
        proto, at, data = UDP, 6, struct.pack("!HHHH", *kind, len(body) + 8, 0) + body
    sum_ = checksum(summed or hao or src, rh2 or dst, proto, data)
    data = data[:at] + struct.pack("!H", sum_) + data[at + 2:]
    return ip6(src, dst, proto, data, hao, rh2, times)


def option(kind, body, align=(1, 0)):
    return kind, body, align


def nonce_indices(home, coa, align=(2, 0)):
    return option(4, struct.pack("!HH", home, coa), align)


def alternate(address, align=(8, 6)):
    return option(3, packed(address), align)


def authenticator(body=bytes(12)):
    return option(5, body, (8, 2))


REFRESH_ADVICE = option(2, struct.pack("!H", 25), (2, 0))


def padding(n):
    return b"\0" * n if n < 2 else bytes([1, n - 2]) + bytes(n - 2)


def options(start, *wanted):
    """Options of a message whose fixed part has `start` octets, each where it belongs."""
    data = b""
    for kind, body, (x, y) in wanted:
        data += padding((y - start - len(data)) % x) + bytes([kind, len(body)]) + body
    return data + padding(-(start + len(data)) % 8)


# ---- keys (RFC 6275 5.2.5, 6.2.7) ----

def binding_key(*tokens):
    return hashlib.sha1(b"".join(tokens)).digest()


def mac(key, address, cn, message):
    """Over the message with checksum 0 and up to the authenticator, which ends it."""
    covered = message[:4] + b"\0\0" + message[6:-12]
    return hmac.new(key, packed(address) + packed(cn) + covered, hashlib.sha1).digest()[:12]


class Token:
    """A Home or Care-of Test: index, token, and the address that it is for."""

    def __init__(self, message, address):
        self.index, = struct.unpack_from("!H", message, 6)
        self.token, self.address = message[16:24], address

    def forged(self):
        """Another token, as if it were of the same test."""
        other = copy.copy(self)
        other.token = bytes(b ^ 0xff for b in self.token)
        return other

    def unknown(self):
        """The same token with an index that no nonce has."""
        other = copy.copy(self)
        other.index = self.index + FAR & 0xffff
        return other


class Ack:
    """A Binding Acknowledgement."""

    def __init__(self, p):
        raw = p.mh.raw
        self.p, self.raw, self.src, self.dst, self.rh2 = p, raw, p.src, p.dst, p.rh2
        self.status, self.flags, self.seq = struct.unpack_from("!BBH", raw, 6)
        self.lifetime = struct.unpack_from("!H", raw, 10)[0] * UNIT
        self.options = dict(p.mh.options)

    def signed(self, key, address, cn=CN):
        """The option ends the message, and its authenticator is right."""
        return self.raw[-14:-12] == bytes([5, 12]) and \
            self.raw[-12:] == mac(key, address, cn, self.raw)

    def __repr__(self):
        return f"status={self.status} seq={self.seq} {self.p}"


# ---- the network ----

class Alone(World):
    """The correspondent, and a cable to where everything else is."""

    def __init__(self, results):
        super().__init__(results)
        self.cn, self.tn = self.nodes("cn tn")
        self.tn.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        self.wire(self.cn, "eth0", self.tn, "net0")
        self.cn.addr("eth0", f"{CN}/64", f"{CN2}/64")
        self.cn.knows("eth0", GATEWAY, self.tn, "net0")
        self.cn.route("default", via=GATEWAY)
        self.cn.sysctl("net.ipv6.icmp.ratelimit", 0)


class Internet:
    """Sends anything to the correspondent, hears all that it sends, and makes mobile nodes."""

    def __init__(self, net, text):
        self.net = net
        self._sock = net.tn.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_IP6))
        self._sock.bind(("net0", ETH_IP6))
        self._head = b"".join(bytes.fromhex(n.mac(d).replace(":", "")) for n, d in (
            (net.cn, "eth0"), (net.tn, "net0"))) + struct.pack("!H", ETH_IP6)
        self.heard = []
        self._numbers = itertools.count(1)
        self._pcap = open(net.result("cn-answers.pcap"), "wb")
        self._pcap.write(struct.pack("=IHHiIII", PCAP_NS_MAGIC, 2, 4, 0, 0, 1 << 18,
                                     LINKTYPE_ETHERNET))
        self.daemon = daemon.Daemon(net.cn, text).start()

    def close(self):
        self._sock.close()
        self._pcap.close()

    def node(self, **more):
        n = next(self._numbers)
        return Mobile(self, f"2001:db8:280::{n:x}", f"2001:db8:f1::{n:x}", **more)

    def address(self):
        """One more care-of address."""
        return f"2001:db8:f2::{next(self._numbers):x}"

    def send(self, *what):
        for packet in what:
            self._sock.send(self._head + packet)

    def _hear(self, seconds):
        if not select.select([self._sock], [], [], seconds)[0]:
            return False
        data, now = self._sock.recv(4096), time.time_ns()
        p = Packet(data, now)
        # neighbour discovery and group membership are no answers
        if p.mh or p.proto == UDP or (p.icmp6 and p.icmp6[0] < 130):
            self.heard.append(p)
        if p.mh:
            self._pcap.write(struct.pack("=IIII", now // 10**9, now % 10**9, len(data),
                                         len(data)) + data)
            self._pcap.flush()
        return True

    def wait(self, what, match, limit=30.0):
        """The first packet that fits; it is taken out of what was heard."""
        end = time.monotonic() + limit
        while True:
            for p in self.heard:
                if match(p):
                    self.heard.remove(p)
                    return p
            left = end - time.monotonic()
            assert left > 0, f"not within {limit:g} s: {what}; heard {[str(p) for p in self.heard]}"
            self._hear(left)

    def ask(self, packet, what, match, again=None):
        """Send and wait for the answer. `again`: repeat it after so many seconds without one."""
        while True:
            self.send(packet)
            try:
                return self.wait(what, match, again or 30.0)
            except AssertionError:
                if not again:
                    raise
                again = again * 2 if again < 8 else None

    def forget(self):
        """What was heard until now is of no interest."""
        while self._hear(0):
            pass
        self.heard.clear()

    def forget_all_but(self, kind, dst):
        while self._hear(0):
            pass
        self.heard = [p for p in self.heard if p.mh and p.mh.type == kind and p.dst == dst]

    def silence(self, *what):
        """Send what must not be answered."""
        self.forget()
        self.send(*what)
        self.node().bound()                     # something for the kernel to do, each time
        while self._hear(0):
            pass
        assert not self.heard, [str(p) for p in self.heard]

    def parameter_problem(self, packet, to, pointer):
        """Send a packet; an ICMPv6 Parameter Problem, code 0, points at the octet of it."""
        p = self.ask(packet, f"a parameter problem to {to}",
                     lambda p: p.icmp6 and p.icmp6[0] < 128 and p.dst == to)
        assert p.icmp6 == (PARAMETER_PROBLEM, 0), p.icmp6
        assert struct.unpack_from("!I", p.body, 4)[0] == pointer
        assert p.src == CN and p.rh2 is None
        assert p.body[8:48] == packet[:40], "it quotes the packet as it was on the wire"

    def binding_error(self, packet, to, status, home="::"):
        p = self.ask(packet, f"a Binding Error to {to}", lambda p: p.mh and p.mh.type == BE,
                     again=0.5)
        assert p.mh.raw[6] == status and p.mh.raw[7] == 0 and p.mh.raw[3] == 0, p
        assert socket.inet_ntop(socket.AF_INET6, p.mh.raw[8:24]) == home, p
        assert (p.src, p.dst, p.rh2, p.hao) == (CN, to, None, None), p


def text(node, **more):
    """The configuration of a correspondent."""
    return conf.text({"roles": ("cn",), **conf.common(node), **more})


def internet(lab, **more):
    net = lab(kind=Alone)
    world = Internet(net, text(net.cn, **more))
    try:
        yield world
    finally:
        world.close()


@pytest.fixture(scope="module")
def world(shared_lab):
    yield from internet(shared_lab)


# ---- a mobile node ----

class Mobile:
    """A mobile node: two addresses, what it was told in tests, and a sequence number."""

    def __init__(self, world, home, coa, cn=CN):
        self.world, self.home, self.coa, self.cn = world, home, coa, cn
        self.hot = self.cot = None
        self.seq = 100

    # return routability

    def test_init(self, kind, src, cookie=None, wanted=(), field=0, **header):
        body = struct.pack("!H", field) + (cookie or os.urandom(8)) + options(16, *wanted)
        return mobility(kind, body, src, self.cn, **header)

    def test(self, kind, src, **more):
        cookie = os.urandom(8)
        p = self.world.ask(
            self.test_init(kind, src, cookie, **more), f"an answer to the test of {src}",
            lambda p: p.mh and p.mh.type == kind + 2 and p.mh.raw[8:16] == cookie)
        # RFC 6275 6.1.5, 6.1.6, 9.4.3, 9.4.4: directly to where it came from
        assert (p.src, p.dst, p.rh2, p.hao) == (self.cn, src, None, None), p
        assert len(p.body) == 24 and p.body[:4] == bytes([NONE, 2, kind + 2, 0]), p.body.hex()
        return Token(p.mh.raw, src)

    def home_test(self, src=None, **more):
        return self.test(HOTI, src or self.home, **more)

    def care_of_test(self, src=None, **more):
        return self.test(COTI, src or self.coa, **more)

    def routability(self, coa=None):
        self.hot, self.cot = self.home_test(), self.care_of_test(coa)
        return self

    # binding updates

    def key(self, lifetime):
        return binding_key(self.hot.token, self.cot.token) if lifetime else \
            binding_key(self.hot.token)

    def update(self, seq=None, lifetime=MOST, flags=A, src=None, hao=True, alt=None, indices=True,
               auth=True, before=(), after=(), key=None, signs=None, **header):
        """A Binding Update; what is not said is as it must be.

        indices: (home, care-of) or False: no such option. auth: False: no such option;
        octets: these. signs: the address in the authenticator. before, after: options
        around the two.
        """
        src = self.coa if src is None else src
        hao = self.home if hao is True else hao or None
        if seq is None:
            self.seq = seq = (self.seq + 1) & 0xffff
        wanted = list(before) + ([alternate(alt)] if alt else [])
        if indices is True:
            indices = self.hot.index, self.cot.index if self.cot else 0
        if indices:
            wanted.append(indices if len(indices) == 3 else nonce_indices(*indices))
        if auth:
            wanted.append(authenticator(bytes(12) if auth is True else auth))
        wanted += after
        body = struct.pack("!HHH", seq, flags, lifetime // UNIT) + options(12, *wanted)
        if auth is True:
            head = bytes([NONE, len(body) // 8, BU, header.get("reserved", 0), 0, 0])
            address = signs or (alt or src if lifetime else self.home)
            own = mac(key or self.key(lifetime), address, self.cn, head + body)
            body = body[:-12] + own
        return mobility(BU, body, src, self.cn, hao, **header)

    def ask(self, lifetime=MOST, src=None, again=None, **more):
        """Send a Binding Update and wait for the answer, judged as far as it always must hold."""
        src = src or self.coa
        packet = self.update(lifetime=lifetime, src=src, **more)
        seq = more.get("seq", self.seq)
        ack = Ack(self.world.ask(
            packet, f"an acknowledgement for {self.home}",
            lambda p: p.mh and p.mh.type == BA and self.home in (p.rh2, p.dst)
            and (p.mh.seq == seq or p.mh.status == SEQUENCE), again))
        # RFC 6275 9.5.4, 6.1.8
        assert (ack.src, ack.dst) == (self.cn, src), ack
        assert ack.rh2 == (self.home if src != self.home else None), ack
        assert ack.flags == 0 and set(ack.options) <= {5}, ack
        if ack.status in UNSIGNED:
            assert not ack.options, ack
        else:
            address = more.get("signs") or (more.get("alt") or src if lifetime else self.home)
            assert ack.signed(more.get("key") or self.key(lifetime), address, self.cn), ack
        return ack

    def register(self, lifetime=MOST, **more):
        ack = self.ask(lifetime=lifetime, **more)
        assert ack.status == ACCEPTED, ack
        assert ack.lifetime <= lifetime, ack
        return ack

    def bound(self, **more):
        """A mobile node that has gone through all of it."""
        self.routability(more.get("alt"))
        self.register(**more)
        return self

    def refused(self, status, **more):
        """Ask for what must be refused; repeated, as answers of this kind are limited."""
        ack = self.ask(again=0.5, **more)
        assert ack.status == status, ack
        return ack

    # data

    def echo(self, src=None, hao=True, **more):
        """An echo request to the correspondent, from the care-of address or natively."""
        ident = struct.pack("!HH", 0x6d70, next(_sequence) & 0xffff)
        home = self.home if hao is True else hao or None
        packet = upper((ECHO, 0), ident, src or self.coa, self.cn, hao=home, **more)
        return packet, lambda p: p.icmp6 == (REPLY, 0) and p.body[4:8] == ident

    def located(self):
        """Where the correspondent sends packets for the home address: a care-of address or None."""
        packet, mine = self.echo(src=self.home, hao=None)
        p = self.world.ask(packet, f"an echo reply to {self.home}", mine)
        assert p.hao is None and self.home in (p.dst, p.rh2), p
        assert checksum(p.src, self.home, ICMP6, p.body) == 0, p
        return p.dst if p.rh2 else None

    def optimised(self, coa=None):
        """Data goes both ways between the care-of address and the correspondent."""
        coa = coa or self.coa
        packet, mine = self.echo(src=coa)
        p = self.world.ask(packet, f"an echo reply to {self.home} at {coa}", mine)
        assert (p.src, p.dst, p.rh2, p.hao) == (self.cn, coa, self.home, None), p
        return True

    def gone(self, limit=60.0):
        """Wait until the binding has ended."""
        until(f"no binding of {self.home}", lambda: self.located() is None, limit, step=0.1)


_sequence = itertools.count(1)
