# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of home agents: the network they share, and who plays what in it.

      b, the neighbour ----+---- home 2001:db8:280::/64 (a "real home link")
                           |
                          ha ---- core ---- cn, the correspondent 2001:db8:cc::2
     virtual home 2001:db8:500::/64    \\--- r2 ---- foreign2 ---- evil, the mobile nodes

One network and one daemon serve all cases of a file: each case takes a home
address that nobody used before. "Nothing was sent" is never a pause: behind the
message goes another one that is answered, on the same way.
"""
import itertools
import socket
import struct

import pytest
from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptSrcLLAddr)

import conf
import daemon
import net
from capture import JEQ, JGE, LDB, LDH, RET
from forge import MH, Answer, ICMPv6EchoRequest, IPv6, binding_update, in6_chksum, ntp
from pkt import Packet
from proc import until

COA, COA2, STRANGE = "2001:db8:f2::bad", "2001:db8:f2::bad2", "2001:db8:f2::77"
CN = "2001:db8:cc::2"
VIRTUAL, VIRTUAL_HA = "2001:db8:500::/64", "2001:db8:500::1"
SHORT, SHORT_HA = "2001:db8:2f0::/64", "2001:db8:2f0::1"    # a home prefix that ends soon
SHORT_PREFERRED, SHORT_VALID = 500, 1000
OUTSIDE = "2001:db8:999::1"                                 # in no home prefix
MOST = 40                                                   # max_lifetime of few
NODES = 90                                                  # of each kind
NETWORKS = "2001:db8:4000::/36"                             # of mobile routers
ROUTERS = 40                                                # on each home link
LDW = 0x20
NEXT_IP6, NEXT_MH, NEXT_ICMP6 = 41, 135, 58


def cases(names, *rows):
    """One scenario for each row, which begins with the id of its case."""
    rows = [r if isinstance(r, tuple) else (r,) for r in rows]
    return pytest.mark.parametrize("case, " + names if names else "case",
                                   rows if names else [r[0] for r in rows],
                                   ids=[r[0] for r in rows])


def home_address(prefix, group, n):
    return f"{prefix.removesuffix('::/64')}::{group:x}:{n + 1:x}"


def networks(real, n):
    """The prefixes of a mobile router."""
    return tuple(f"2001:db8:4{int(real)}{n:02x}:{k}::/64" for k in (1, 2))


def within(prefix):
    """An address in a prefix."""
    return prefix.removesuffix("/64") + "a"


def link_local(home):
    packed = socket.inet_pton(socket.AF_INET6, home)
    return socket.inet_ntop(socket.AF_INET6, b"\xfe\x80" + bytes(6) + packed[8:])


def solicited_node(address):
    last = socket.inet_pton(socket.AF_INET6, address)[13:]
    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex("ff0200000000000000000001ff") + last)


def said_by(mac):
    """A filter: what this Ethernet address sent, without errors (they quote what we forged)."""
    high, low = struct.unpack("!HI", bytes.fromhex(mac.replace(":", "")))
    return [(LDH, 0, 0, 6), (JEQ, 0, 7, high), (LDW, 0, 0, 8), (JEQ, 0, 5, low),
            (LDB, 0, 0, 20), (JEQ, 0, 2, NEXT_ICMP6), (LDB, 0, 0, 54), (JGE, 0, 1, 128),
            (RET, 0, 0, 0xffff), (RET, 0, 0, 0)]


class CaseNet(net.Net):
    """The standard network without mobile routers, advertisements and delay."""

    def __init__(self, results):
        super().__init__(results, mrs=0, attacker=True, start_ra=False, one_way_ms=0)
        self.cn, = self.nodes("cn")
        self.wire(self.core, "cn", self.cn, "eth0")
        self.core.addr("cn", "2001:db8:cc::1/64")
        self.cn.addr("eth0", f"{CN}/64")
        self.cn.route("default", via="2001:db8:cc::1")
        for p in ("2001:db8:500::/56", "2001:db8:2f0::/56", NETWORKS):
            self.core.route(p, via="2001:db8:c0::2")
        self.ha.addr("lo", f"{VIRTUAL_HA}/128")
        self.home1 = self.bridge("home1")
        self.home1.plug(self.ha, "home1")
        self.ha.addr("home1", f"{SHORT_HA}/64")
        self.evil.addr("eth0", f"{COA2}/64")
        # The forgers may cause as many errors as they like.
        self.ha.sysctl("net.ipv6.icmp.ratelimit", 0)


class Place:
    """A device of a node: what passed there, and sending from it."""

    def __init__(self, node, dev, address):
        self.node, self.dev, self.address = node, dev, address
        self.mac = node.mac(dev)
        self._capture = node.capture(dev, f"{node.name}-{dev}.raw")
        self._at, self._packets = 24, []
        self._raw = node.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._link = node.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._link.bind((dev, 0))

    def send(self, packet):
        """An IPv6 packet as it is, whatever its source; routing finds the way."""
        packet = bytes(packet)
        self._raw.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))

    def frame(self, to, packet):
        """An IPv6 packet to a link-layer address."""
        head = b"".join(bytes.fromhex(m.replace(":", "")) for m in (to, self.mac))
        self._link.send(head + b"\x86\xdd" + bytes(packet))

    def mark(self):
        """What is heard() later begins here."""
        self.node.world.reactor.flush()
        with open(self._capture.path, "rb") as f:
            f.seek(self._at)
            data = f.read()
        at = 0
        while at + 16 <= len(data):
            sec, nsec, length = struct.unpack_from("=III", data, at)
            if at + 16 + length > len(data):
                break
            self._packets.append(Packet(data[at + 16:at + 16 + length], sec * 10**9 + nsec))
            at += 16 + length
        self._at += at
        return len(self._packets)

    def heard(self, mark, wanted=lambda p: True):
        self.mark()
        return [p for p in self._packets[mark:] if wanted(p)]

    def wait(self, mark, what, wanted, limit=30):
        return until(what, lambda: next(iter(self.heard(mark, wanted)), None), limit, 0.01)

    # ---- Neighbour Discovery ----

    def solicit(self, target, dst=None, src=None, slla=True, to=None):
        """Ask for an address; src "::" as duplicate address detection does."""
        src = self.address if src is None else src
        dst = solicited_node(target) if dst is None else dst
        ns = IPv6(src=src, dst=dst, hlim=255) / ICMPv6ND_NS(tgt=target)
        if slla and src != "::":
            ns /= ICMPv6NDOptSrcLLAddr(lladdr=self.mac)
        group = socket.inet_pton(socket.AF_INET6, dst)
        self.frame(to or "33:33:" + ":".join(f"{x:02x}" for x in group[12:]), ns)

    def advertise(self, target):
        """Say in one's own name that one has this address."""
        na = IPv6(src=self.address, dst="ff02::1", hlim=255) / \
            ICMPv6ND_NA(tgt=target, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=self.mac)
        self.frame("33:33:00:00:00:01", na)


def adverts(place, mark, target):
    return place.heard(mark, lambda p: p.nd == "NA" and p.target == target)


def probes(place, mark, target):
    """Solicitations of duplicate address detection."""
    return place.heard(mark, lambda p: p.nd == "NS" and p.target == target and p.src == "::")


class Mn:
    """A mobile node played by hand."""

    def __init__(self, site, home, agent, secret, prefixes=()):
        self.site, self.home, self.agent, self.secret = site, home, agent, secret
        self.prefixes = prefixes            # its mobile networks, if it is a router
        self._seq = itertools.count(100)

    def __repr__(self):
        return f"Mn({self.home})"

    def update(self, **changes):
        """A Binding Update as a packet; keys as of forge.binding_update()."""
        what = {"src": COA, "home": self.home, "dst": self.agent, "flags": "AH", "lifetime": 400}
        if "seq" not in changes:
            what["seq"] = next(self._seq)
        if self.secret:
            what |= {"key": conf.KEY, "spi": 1000, "stamp": ntp()}
        return binding_update(**(what | changes))

    def send(self, packet):
        """From where its source address is."""
        away = IPv6(packet).src != self.home
        (self.site.foreign if away else self.site.home).send(packet)

    def ask(self, **changes):
        """Send an update and wait for the answer, of which must hold what always must."""
        packet = self.update(**changes)
        src = changes.get("src", COA)
        place = self.site.home if src == self.home else self.site.foreign
        mark = place.mark()
        place.send(packet)
        p = place.wait(mark, f"an acknowledgement for {self.home} at {src}",
                       lambda p: p.mh and p.mh.name == "BA" and self.home in (p.rh2, p.dst))
        a = Answer(p.data[14:])
        assert a.checksum_ok, a
        assert (a.src, a.dst) == (self.agent, src), (a.src, a.dst)
        assert a.rh2 == (None if src == self.home else self.home), a
        assert not a.mh[7] & 0x80, "K: our keys do not move"
        if self.secret:
            care_of = changes.get("alt_coa") or src
            assert a.signed(conf.KEY, 1000, care_of, self.home), a
        return a

    def register(self, **changes):
        """Ask, and be accepted."""
        a = self.ask(**changes)
        assert a.status == 0, a
        return a

    def binding(self):
        return next(iter(self.site.ha.bindings(home_address=self.home, state="bound")), None)

    def care_of(self):
        b = self.binding()
        return b and daemon.address(b["care_of"])

    def at_home(self):
        """A context: the neighbour's host is this node, at home."""
        return AtHome(self)


class AtHome:
    def __init__(self, mn, local=False):
        self.mn, self.node = mn, mn.site.net.b
        self.addresses = [f"{mn.home}/64"] + ([f"{link_local(mn.home)}/64"] if local else [])

    def __enter__(self):
        self.node.addr("eth0", *self.addresses)
        return self

    def __exit__(self, *exc):
        self.node.del_addr("eth0", *self.addresses)


class Site:
    """All that the cases of a file share."""

    def __init__(self, lab, **more):
        self.net = lab(kind=CaseNet)
        self.foreign = Place(self.net.evil, "eth0", COA)
        self.home = Place(self.net.b, "eth0", net.B6)
        self.link = Place(self.net.ha, "home0", None)       # all of the home link that ha sees
        self.cn = Place(self.net.cn, "eth0", CN)
        # Else the kernel of the mobile nodes complains of tunnels and messages it has no use for.
        self._deaf = [self.net.evil.socket(socket.AF_INET6, socket.SOCK_RAW, p)
                      for p in (NEXT_IP6, NEXT_MH)]
        self.mac = self.net.ha.mac("home0")
        for dev in ("home0", "core0"):      # for the judge
            self.net.ha.capture(dev, f"said-{dev}", program=said_by(self.net.ha.mac(dev)))
        self._pools = {}
        self._echo = itertools.count(1)
        timers = {"dad_retrans": 0.1, **more.pop("timers", {})}
        self.ha = daemon.ha(self.net, **self._settings(more.pop("preference", None)),
                            timers=timers, unsafe_timers=True, **more)
        self.witness = self.mn()            # who is always answered
        self.witness.register()

    def _settings(self, preference):
        secret = {"method": "auth-option", "spi": 1000,
                  "key_file": conf.key_file(self.net, "shared.key")}
        pools = {(True, False): ("2001:db8:280::/64", 1), (True, True): ("2001:db8:280::/64", 2),
                 (False, False): (VIRTUAL, 1), (False, True): (VIRTUAL, 2)}
        nodes = []
        for key, (prefix, group) in pools.items():
            homes = [home_address(prefix, group, n) for n in range(NODES)]
            self._pools[key] = iter(homes)
            nodes += [{"home_address": h, "security": secret if key[1] else conf.OPEN}
                      for h in homes]
        for key, prefix in ((("short", False), SHORT), (("most", True), net.HOME_PREFIX),
                            (("most", False), VIRTUAL)):
            homes = [home_address(prefix, 3, n) for n in range(4)]
            self._pools[key] = iter(homes)
            nodes += [{"home_address": h, "security": conf.OPEN,
                       **({"max_lifetime": MOST} if key[0] == "most" else {})} for h in homes]
        for real, prefix in ((True, net.HOME_PREFIX), (False, VIRTUAL)):
            homes = [home_address(prefix, 4, n) for n in range(ROUTERS)]
            self._pools["router", real] = iter([(h, networks(real, n))
                                                for n, h in enumerate(homes)])
            nodes += [{"home_address": h, "security": conf.OPEN, "prefixes": networks(real, n)}
                      for n, h in enumerate(homes)]
        empty = home_address(net.HOME_PREFIX, 5, 0)
        self._pools["empty", True] = iter([(empty, ())])
        nodes.append({"home_address": empty, "security": conf.OPEN, "router": True})
        links = [{"device": "home0", "address": net.HA_ADDR, "prefixes": (net.HOME_PREFIX,)},
                 {"device": "home1", "address": SHORT_HA, "prefixes": (SHORT,),
                  "valid_lifetime": SHORT_VALID, "preferred_lifetime": SHORT_PREFERRED}]
        if preference is not None:
            links[0]["preference"] = preference
        return {"mobile_nodes": nodes, "home_links": links, "served_prefixes": (VIRTUAL,),
                "virtual_address": VIRTUAL_HA}

    def mn(self, real=True, secret=False):
        """A mobile node that has never been heard of, on the real or the virtual home link."""
        return Mn(self, next(self._pools[real, secret]), net.HA_ADDR if real else VIRTUAL_HA,
                  secret)

    def router(self, real=True, kind="router"):
        """A mobile router with two networks ("empty": without any)."""
        home, prefixes = next(self._pools[kind, real])
        return Mn(self, home, net.HA_ADDR if real else VIRTUAL_HA, False, prefixes)

    def mn_most(self, real):
        """One that gets no more than MOST seconds."""
        return Mn(self, next(self._pools["most", real]), net.HA_ADDR if real else VIRTUAL_HA,
                  False)

    def mn_short(self):
        """One whose home prefix ends soon."""
        return Mn(self, next(self._pools["short", False]), SHORT_HA, False)

    # ---- nothing happens ----

    def unanswered(self, mn, *packets):
        """Binding Updates of a mobile node that get no answer and start nothing."""
        before = mn.binding()
        at, link = self.foreign.mark(), self.link.mark()
        for p in packets:
            mn.send(p)
        self.witness.register()
        answers = self.foreign.heard(at, lambda p: p.mh and p.mh.name == "BA" and
                                     mn.home in (p.rh2, p.dst))
        assert not answers, [str(p) for p in answers]
        assert not probes(self.link, link, mn.home)
        after = mn.binding()
        assert (after and after["sequence"]) == (before and before["sequence"])

    def home_silent(self, ask, target):
        """Nobody on the home link answers for the target when it is asked so."""
        mark = self.home.mark()
        ask()
        self.home.solicit(net.HA_ADDR)
        self.home.wait(mark, "the home agent's own advertisement",
                       lambda p: p.nd == "NA" and p.target == net.HA_ADDR)
        answers = adverts(self.home, mark, target)
        assert not answers, [str(p) for p in answers]

    # ---- data ----

    def echo(self, src, dst, **more):
        """An echo request with a number that nothing else has; (packet, number)."""
        n = next(self._echo)
        return IPv6(src=src, dst=dst, hlim=64) / ICMPv6EchoRequest(id=0x6d70, seq=n, **more), n

    def tunnelled(self, mn, coa=COA, sender=None, dst=None):
        """A packet to the home address (or dst) comes out of the tunnel at the care-of address."""
        sender, dst = sender or self.cn, dst or mn.home
        mark = self.foreign.mark()
        packet, n = self.echo(sender.address, dst)
        sender.send(packet)
        p = self.foreign.wait(mark, f"an echo request for {dst} at {coa}",
                              lambda p: p.inner and p.inner.echo == ("request", 0x6d70, n))
        assert (p.src, p.dst) == (mn.agent, coa), p
        assert (p.inner.src, p.inner.dst) == (sender.address, dst), p
        assert p.inner.data[40:] == bytes(packet)[40:]
        return p

    def not_tunnelled(self, mn, packet=None, sender=None):
        """This packet (an echo request to the home address) does not go into a tunnel."""
        sender = sender or self.cn
        mark = self.foreign.mark()
        sender.send(packet or self.echo(sender.address, mn.home)[0])
        self.tunnelled(self.witness)
        wrong = self.foreign.heard(mark, lambda p: p.inner and p.inner.dst != self.witness.home)
        assert not wrong, [str(p) for p in wrong]

    def reverse(self, mn, inner, outer=COA):
        """Send a packet into the reverse tunnel."""
        self.foreign.send(IPv6(src=outer, dst=mn.agent, nh=NEXT_IP6, hlim=64) / inner)

    def reversed_to_cn(self, mn, outer=COA, src=None):
        """An echo request (of the home address or src) in the reverse tunnel reaches the
        correspondent."""
        src = src or mn.home
        mark = self.cn.mark()
        inner, n = self.echo(src, CN)
        self.reverse(mn, inner, outer)
        p = self.cn.wait(mark, f"an echo request from {src} at the correspondent",
                         lambda p: p.echo == ("request", 0x6d70, n))
        assert (p.src, p.dst) == (src, CN) and not p.inner, p

    def not_reversed(self, mn, inner, outer):
        """This packet does not get out of the reverse tunnel."""
        mark = self.cn.mark()
        self.reverse(mn, inner, outer)
        self.reversed_to_cn(self.witness)
        wrong = self.cn.heard(mark, lambda p: p.body == bytes(inner)[40:])
        assert not wrong, [str(p) for p in wrong]

    def wait_gone(self, mn, limit=60):
        until(f"the binding of {mn.home} ends", lambda: not mn.binding(), limit, 0.05)


def patched(packet, changes, checksum=True):
    """A packet with octets of its Mobility Header changed: {offset in it: value}."""
    data = bytearray(packet)
    p = Packet(bytes(data), 0, 0x86dd)
    at = len(data) - len(p.body)
    for offset, value in changes.items():
        data[at + offset] = value
    if checksum:
        data[at + 4:at + 6] = bytes(2)
        length = 8 * (packet[at + 1] + 1)       # as it was: what follows is not the message's
        pseudo = IPv6(src=p.hao or p.src, dst=p.dst)
        data[at + 4:at + 6] = struct.pack("!H", in6_chksum(MH, pseudo, bytes(data[at:at + length])))
    return bytes(data)


def mh_at(packet):
    """Where the Mobility Header begins in an IPv6 packet."""
    return len(packet) - len(Packet(packet, 0, 0x86dd).body)
