# SPDX-License-Identifier: BSD-2-Clause
"""Several care-of addresses at a home agent (RFC 5648): a mobile router played by hand says what it
likes on one wire, and what the home agent answers and tunnels is read there.

The router's uplinks are two addresses of one node on foreign2: for the home agent an address is a
path, wherever it leads.
"""
import socket
import struct

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import MIP6OptUnknown

import conf
import daemon
import net as drawing
from case_ha import COA, COA2, STRANGE, Place, adverts, mh_at, patched
from forge import MAC_LEN, Answer, ICMPv6EchoRequest, IPv6, Mobile, Station, encapsulated, mac
from net import A4, A6, B4, B6, HA_ADDR, HOA
from proc import until

BID = 35
LINK_LAYER = 7              # RFC 5568 6.4.4
MARK = 36                   # SO_MARK
TABLE = 8000


class Identifier(MIP6OptUnknown):
    """RFC 5648 4.3: with a care-of address at 8n+2, else at 2n."""
    x, y = 2, 0


class IdentifierAndAddress(MIP6OptUnknown):
    x, y = 8, 2


def bid(n, coa=None, prio=0, home=False, body=None):
    """A Binding Identifier option; body: what stands in it instead."""
    if body is None:
        body = struct.pack("!HBB", n, 0, prio | 0x80 * home)
        body += socket.inet_pton(socket.AF_INET6, coa) if coa else b""
    return (IdentifierAndAddress if len(body) > 4 else Identifier)(otype=BID, odata=body)


def link_layer(mac_address):
    """RFC 5568 6.4.4: of the mobile node; no alignment."""
    return MIP6OptUnknown(otype=LINK_LAYER, odata=b"\x02" + bytes.fromhex(mac_address.replace(":", "")))


def statuses(answer):
    """{identifier: status} of an answer, and that no option of it has an address."""
    bodies = [struct.unpack("!HBB", b) for b in answer.unknown(BID)]
    return {n: status for n, status, _ in bodies}


def priorities(answer):
    return {n: prio & 0x7f for n, _, prio in
            (struct.unpack("!HBB", b) for b in answer.unknown(BID))}


def overwriting(packet, src):
    """The same with O set, which scapy does not know, and a MAC over it."""
    packet = patched(packet, {9: 0x40})
    mh = packet[mh_at(packet):]
    new = mac(conf.KEY, src, HOA, mh, len(mh) - MAC_LEN)
    return patched(packet, {len(mh) - MAC_LEN + i: octet for i, octet in enumerate(new)})


class Site:
    def __init__(self, lab):
        self.net = lab(mrs=0, attacker=True, start_ra=False, one_way_ms=0)
        self.net.evil.addr("eth0", f"{COA2}/64", f"{STRANGE}/64")
        self.net.ha.sysctl("net.ipv6.icmp.ratelimit", 0)
        for p in (41, 4, 135):      # else its kernel complains of what it has no use for
            self.net.evil.socket(socket.AF_INET6, socket.SOCK_RAW, p)
        self.at = Place(self.net.evil, "eth0", COA)
        self.b = Place(self.net.b, "eth0", B6)
        self.mobile = Mobile(Station(self.net.evil, "eth0", COA, "evil-bu.raw"))
        self.n = 0
        self.ha = daemon.ha(self.net, self.text())

    def text(self, **more):
        nodes = [conf.mobile_node(0, conf.auth(self.net, 0), ipv4_static=True),
                 conf.mobile_node(1, conf.auth(self.net, 1))]
        return conf.ha_conf(self.net, mobile_nodes=nodes, timers={"dad_retrans": 0.1},
                            unsafe_timers=True, **more)

    # ---- signalling ----

    def packet(self, *ids, src=COA, o=False, **more):
        packet = self.mobile.update(src=src, alt_coa="", options=list(ids),
                                    prefixes=(drawing.MNP,), **more)
        return overwriting(packet, src) if o else packet

    def say(self, *ids, **more):
        """A Binding Update with these options; (status, {identifier: status})."""
        mark = self.at.mark()
        self.at.send(self.packet(*ids, **more))
        a = self.answer(mark, more.get("src", COA))
        return a.status, statuses(a)

    def answer(self, mark, at):
        p = self.at.wait(mark, "an acknowledgement", lambda p: p.mh and p.mh.name == "BA")
        a = Answer(p.data[14:])
        assert a.checksum_ok and (a.src, a.dst, a.rh2) == (HA_ADDR, at, HOA), a
        self.mobile.check_signed(a, at)
        return a

    def bound(self):
        """{identifier: (care-of address, primary)} as mip6ctl shows it."""
        return {b["bid"]: (daemon.address(b["care_of"]), b["primary"])
                for b in self.ha.bindings(home_address=HOA)}

    def two(self):
        """Identifier 1 at COA, 2 at COA2, which is the primary."""
        assert self.say(bid(1, COA, 20), bid(2, COA2, 10), o=True) == (0, {1: 0, 2: 0})
        assert self.bound() == {1: (COA, False), 2: (COA2, True)}

    # ---- data ----

    def echo(self, src, dst):
        self.n += 1
        if ":" in dst:
            return bytes(IPv6(src=src, dst=dst, hlim=64) / ICMPv6EchoRequest(id=0x6d70, seq=self.n))
        return bytes(IP(src=src, dst=dst) / ICMP(id=0x6d70, seq=self.n))

    def raw(self, node, packet, mark=0):
        family = socket.AF_INET6 if packet[0] >> 4 == 6 else socket.AF_INET
        with node.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
            if mark:
                s.setsockopt(socket.SOL_SOCKET, MARK, mark)
            to = socket.inet_ntop(family, packet[24:40] if family == socket.AF_INET6
                                  else packet[16:20])
            s.sendto(packet, (to, 0))

    def way(self, dst, mark=0):
        """The care-of address that a packet to the mobile network is tunnelled to; with a mark it
        is the home agent's own."""
        node = self.net.ha if mark else self.net.b
        src = (HA_ADDR if mark else B6) if ":" in dst else ("192.168.64.1" if mark else B4)
        since = self.at.mark()
        self.raw(node, self.echo(src, dst), mark)
        p = self.at.wait(since, f"an echo request for {dst}",
                         lambda p: p.inner and p.inner.echo == ("request", 0x6d70, self.n))
        assert (p.src, p.inner.src, p.inner.dst) == (HA_ADDR, src, dst), p
        return p.dst

    def ways(self, mark=0):
        """Of both families and of the home address: they agree."""
        found = {self.way(dst, mark) for dst in (HOA, A6, A4)}
        assert len(found) == 1, found
        return found.pop()

    def reverse(self, outer, src, dst):
        self.n += 1
        self.at.send(encapsulated(outer, HA_ADDR, src, dst, self.n))
        return self.n

    def through(self, outer):
        """Packets of both families and of the home address come out of the tunnel at b."""
        for src, dst in ((HOA, B6), (A6, B6), (A4, B4)):
            mark = self.b.mark()
            n = self.reverse(outer, src, dst)
            p = self.b.wait(mark, f"an echo request of {src} by way of {outer}",
                            lambda p: p.echo == ("request", 0x6d70, n))
            assert p.src == src

    def refused(self, outer):
        """They do not: behind them go some that do."""
        good = next(coa for coa, _ in self.bound().values())
        mark = self.b.mark()
        bad = [self.reverse(outer, src, dst) for src, dst in ((HOA, B6), (A6, B6), (A4, B4))]
        self.through(good)
        seen = self.b.heard(mark, lambda p: p.echo and p.echo[2] in bad)
        assert not seen, [str(p) for p in seen]

    def rules(self):
        """Marks of our rules, of both families."""
        return [sorted(r.get_attr("FRA_FWMARK") for r in self.net.ha.ip.get_rules(family=f)
                       if r.get_attr("FRA_TABLE", 0) in range(TABLE + 1, TABLE + 9))
                for f in (socket.AF_INET6, socket.AF_INET)]


@pytest.fixture(scope="module")
def site(shared_lab):
    return Site(shared_lab)


def test_two_care_of_addresses(site):
    site.two()
    # both are let in, the primary is what goes out, marks choose
    assert site.ways() == COA2
    site.through(COA)
    site.through(COA2)
    site.refused(STRANGE)
    assert site.rules() == [[1, 2], [1, 2]]
    assert site.ways(mark=1) == COA
    assert site.ways(mark=2) == COA2
    assert site.ways(mark=0x101) == COA         # other bits are others'
    assert site.ways(mark=3) == COA2            # nobody has that identifier
    # another primary, by the priority alone
    mark = site.at.mark()
    site.at.send(site.packet(bid(1, prio=5), bid(2, prio=10)))
    a = site.answer(mark, COA)
    assert (a.status, statuses(a), priorities(a)) == (0, {1: 0, 2: 0}, {1: 5, 2: 10})
    assert site.ways() == COA
    assert site.ways(mark=2) == COA2
    # one moves, the other stays
    assert site.say(bid(2, STRANGE, 1), src=STRANGE) == (0, {2: 0})
    assert site.ways() == STRANGE and site.ways(mark=1) == COA
    site.through(STRANGE)
    site.refused(COA2)
    # and back; then the first goes: its mark means nothing more, and nothing comes in from there
    site.two()
    assert site.say(bid(1), lifetime=0, src=COA2) == (0, {1: 0})
    assert site.bound() == {2: (COA2, True)}
    assert site.rules() == [[2], [2]]
    assert site.ways() == COA2 and site.ways(mark=1) == COA2
    site.refused(COA)
    out = site.ha.mip6ctl("binding")
    assert "2*" in out, out
    assert site.say(lifetime=0, src=COA2)[0] == 0
    until("no binding", lambda: not site.bound())
    assert site.rules() == [[], []]


BAD = (         # what it says, the answer, what it says of each; two() stands before each
    ((bid(1), bid(9)), {}, (4, {1: 0, 9: 167})),
    ((bid(9),), {}, (167, {9: 0})),
    ((bid(1), bid(3, "fe80::1")), {}, (4, {1: 0, 3: 164})),
    ((bid(3, "ff02::1"),), {}, (164, {3: 0})),
    ((bid(3, HA_ADDR),), {}, (174, {3: 0})),
    ((bid(3, "2001:db8:281::7"), bid(1)), {}, (4, {3: 174, 1: 0})),
    ((bid(3, body=bytes.fromhex("000300000102")), bid(1)), {}, (164, {3: 0, 1: 0})),
    ((bid(3, body=bytes.fromhex("0003000020010db8000000000000000000000001ff")),), {},
     (164, {3: 0})),
    ((bid(3, body=bytes.fromhex("00030000c0000201")),), {}, (174, {3: 0})),
    ((bid(3, STRANGE), bid(3, COA)), {}, (164, {3: 0})),
    ((bid(0, STRANGE), bid(1)), {}, (4, {0: 164, 1: 0})),
    ((bid(3, HOA, home=True),), {}, (169, {3: 0})),
    ((bid(9),), {"lifetime": 0}, (133, {9: 0})),
    ((bid(1, COA, 20),), {"alt": True}, (164, {1: 0})),
)


def test_what_is_refused_leaves_the_rest(site):
    site.two()
    for ids, more, want in BAD:
        more = dict(more)
        if more.pop("alt", False):
            mark = site.at.mark()
            site.at.send(site.mobile.update(options=list(ids), prefixes=(drawing.MNP,)))
            a = site.answer(mark, COA)
            got = a.status, statuses(a)
        else:
            got = site.say(*ids, **more)
        assert got == want, (ids, got)
        assert set(site.bound()) == {1, 2}, ids
    # as many as may be
    many = [bid(n, COA, 50) for n in range(10, 20)]
    status, each = site.say(*many)
    assert status == 4 and list(each.values()) == [0] * 6 + [130] * 4
    assert site.ways() == COA2
    # without an identifier: one instead of all, until O
    assert site.say(src=COA) == (0, {})
    assert site.bound() == {0: (COA, True)}
    assert site.say(bid(1, COA2)) == (165, {1: 0})
    assert site.ways() == COA
    site.two()


def test_configuration_that_allows_less(site):
    site.two()
    site.ha.write(site.text(bulk_registration=False))
    site.ha.mip6ctl("config", "reload")
    assert site.say(bid(1, COA), bid(2, COA2)) == (168, {1: 0, 2: 0})
    assert site.say(bid(1, COA, 1)) == (0, {1: 0})
    assert site.ways() == COA
    site.ha.write(site.text(mark_mask=0xf00, bid_table=9000))
    site.ha.mip6ctl("config", "reload")
    assert site.ways(mark=0x200) == COA2 and site.ways(mark=2) == COA
    site.ha.write(site.text(max_care_of=1))
    site.ha.mip6ctl("config", "reload")
    assert not site.bound()
    assert site.say(bid(1, COA), bid(2, COA2), o=True) == (166, {1: 0, 2: 0})
    assert site.say() == (0, {})
    site.ha.write(site.text())
    site.ha.mip6ctl("config", "reload")
    site.two()


def test_nobody_else_changes_a_path(site):
    site.two()
    other = Mobile(site.mobile.at, 1)
    old = site.packet(bid(1, STRANGE, 1))
    site.at.send(old)
    until("it moved", lambda: site.bound()[1][0] == STRANGE)
    site.two()
    for packet in (
            old,                                                    # what was said before
            site.packet(bid(1, STRANGE, 1), key=other.key),         # with another node's key
            site.packet(bid(7, STRANGE, 1), key=other.key, spi=other.spi, nai=other.nai),
            site.packet(bid(7, STRANGE, 1), key=None, spi=None, stamp=None),
            site.packet(bid(2), lifetime=0, key=other.key),
            *(site.packet(bid(n, STRANGE, 1), key=other.key) for n in range(100, 140))):
        site.at.send(packet)
    assert site.say(bid(1, prio=20), bid(2, prio=10)) == (0, {1: 0, 2: 0})
    assert site.bound() == {1: (COA, False), 2: (COA2, True)}
    assert site.ways() == COA2 and site.ways(mark=1) == COA
    site.refused(STRANGE)


def test_at_home_as_well(site):
    """b's host is the router on its home link; RFC 5648 5.6: that link is one path of several."""
    site.two()
    assert site.say(bid(3, HOA, 1, home=True)) == (169, {3: 0})
    site.ha.write(site.text(simultaneous_home="ndp"))
    site.ha.mip6ctl("config", "reload")
    site.net.b.addr("eth0", f"{HOA}/64")
    mark = site.b.mark()
    site.b.frame(site.net.ha.mac("home0"), site.packet(bid(3, HOA, 1, home=True), src=HOA, hao=False))
    p = site.b.wait(mark, "an acknowledgement at home", lambda p: p.mh and p.mh.name == "BA")
    a = Answer(p.data[14:])
    assert (a.status, statuses(a), a.dst, a.rh2) == (0, {3: 0}, HOA, None), a
    assert site.bound() == {1: (COA, False), 2: (COA2, False), 3: (HOA, True)}
    # it is the primary: what was for the tunnel goes to the link, and marks still choose
    for dst in (HOA, A6):
        mark = site.b.mark()
        n, packet = site.n + 1, site.echo(HA_ADDR, dst)
        site.raw(site.net.ha, packet)
        site.b.wait(mark, f"an echo request for {dst} at home",
                    lambda p: p.echo == ("request", 0x6d70, n) and p.dst == dst)
    assert site.ways(mark=1) == COA and site.ways(mark=2) == COA2
    site.through(COA)
    # it answers for itself, and nobody else does
    mark = site.b.mark()
    site.net.b.del_addr("eth0", f"{HOA}/64")
    site.b.solicit(HOA)
    site.b.solicit(HA_ADDR)
    site.b.wait(mark, "the home agent's own advertisement",
                lambda p: p.nd == "NA" and p.target == HA_ADDR)
    said = {p.smac.hex(":") for p in adverts(site.b, mark, HOA)}
    assert site.net.ha.mac("home0") not in said
    # it leaves: an update without H from elsewhere
    mark = site.b.mark()
    assert site.say(bid(1, COA, 20)) == (0, {1: 0})
    site.b.wait(mark, "the home agent's advertisement of the home address",
                lambda p: p.nd == "NA" and p.target == HOA and
                p.smac.hex(":") == site.net.ha.mac("home0"))
    assert site.bound() == {1: (COA, False), 2: (COA2, True)}
    assert site.ways() == COA2
    site.ha.write(site.text())
    site.ha.mip6ctl("config", "reload")


def at_home_from(site, dup, dst):
    """A host on the home link sends to the node; the frame that arrives at the node."""
    mark = site.b.mark()
    packet = site.echo("2001:db8:280::d", dst)
    n = site.n
    site.raw(dup, packet)
    p = site.b.wait(mark, f"an echo request for {dst} at home",
                    lambda p: p.echo == ("request", 0x6d70, n) and p.dst == dst)
    return p.smac.hex(":"), p.dmac.hex(":")


def test_at_home_as_well_where_others_are_routers(site):
    """RFC 5648 5.6.2, the second way: b's host keeps silent about the home address, and a neighbour,
    as another router would be, sends all to the home agent, which has the choice."""
    site.ha.write(site.text(simultaneous_home="proxy"))
    site.ha.mip6ctl("config", "reload")
    site.two()
    b, ha = site.net.b.mac("eth0"), site.net.ha.mac("home0")
    site.net.b.run("ip", "-6", "address", "add", f"{HOA}/128", "dev", "lo")
    dup, = site.net.nodes("dup")
    site.net.home.plug(dup, "eth0")
    dup.addr("eth0", "2001:db8:280::d/64")
    dup.route("default", via=HA_ADDR)
    seen = Place(dup, "eth0", "2001:db8:280::d")
    # nobody could send there
    assert site.say(bid(3, HOA, 1, home=True)) == (169, {3: 0})
    assert site.say(bid(3, HOA, 1, home=True), link_layer("33:33:00:00:00:01")) == (169, {3: 0})
    mark, since = site.b.mark(), seen.mark()
    site.b.frame(ha, site.packet(bid(3, HOA, 1, home=True), link_layer(b), src=HOA, hao=False))
    p = site.b.wait(mark, "an acknowledgement at home", lambda p: p.mh and p.mh.name == "BA")
    a = Answer(p.data[14:])
    assert (a.status, statuses(a), a.dst, a.rh2) == (5, {3: 5}, HOA, None), a
    assert p.dmac.hex(":") == b
    assert site.bound() == {1: (COA, False), 2: (COA2, False), 3: (HOA, True)}
    for _ in range(3):
        for dst in (HOA, A6):
            assert at_home_from(site, dup, dst) == (ha, b)
    assert site.ways(mark=1) == COA and site.ways(mark=2) == COA2
    # another path is the primary: the same neighbour's packets go there
    assert site.say(bid(1, COA, 1), bid(2, COA2, 10), bid(3, HOA, 20, home=True))[0] == 5
    at = site.at.mark()
    packet = site.echo("2001:db8:280::d", HOA)
    n = site.n
    site.raw(dup, packet)
    site.at.wait(at, "an echo request by way of the tunnel",
                 lambda p: p.inner and p.inner.echo == ("request", 0x6d70, n) and p.dst == COA)
    # nobody asked where it is but the neighbour, whom the home agent answered; no redirect
    nd = [p for p in seen.heard(since) if p.nd and p.target == HOA]
    assert {p.smac.hex(":") for p in nd if p.nd == "NA"} == {ha}, [str(p) for p in nd]
    assert {p.smac.hex(":") for p in nd if p.nd == "NS"} == {dup.mac("eth0")}, [str(p) for p in nd]
    assert not [p for p in seen.heard(since) if p.nd == "Redirect"]
    # it leaves
    site.net.b.run("ip", "-6", "address", "del", f"{HOA}/128", "dev", "lo")
    assert site.say(bid(1, COA, 20), bid(2, COA2, 10)) == (0, {1: 0, 2: 0})
    assert "PERMANENT" not in site.net.ha.run("ip", "-6", "neigh", "show", "dev", "home0")
    assert site.bound() == {1: (COA, False), 2: (COA2, True)}
    assert site.ways() == COA2
    site.ha.write(site.text())
    site.ha.mip6ctl("config", "reload")


def test_killed_and_started_again(site):
    site.two()
    site.ha.kill()
    site.ha.start()
    assert not site.bound()
    assert site.say(bid(2, COA2, 10), o=True, src=COA2) == (0, {2: 0})
    assert site.rules() == [[2], [2]]
    assert site.ways() == COA2 and site.ways(mark=1) == COA2
    site.refused(COA)


def test_a_device_for_each(site):
    site.ha.stop()
    site.ha.write(site.text(tunnel="device"))
    site.ha.start()
    site.two()
    names = {b["bid"]: b["tunnel"] for b in site.ha.bindings(home_address=HOA)}
    assert len(set(names.values())) == 2 and "mip6ha" not in names.values()
    assert site.ways() == COA2
    assert site.ways(mark=1) == COA and site.ways(mark=2) == COA2
    site.through(COA)
    site.through(COA2)
    site.refused(STRANGE)
    # it moves and keeps its name
    assert site.say(bid(1, STRANGE, 1), src=STRANGE) == (0, {1: 0})
    assert {b["bid"]: b["tunnel"] for b in site.ha.bindings(home_address=HOA)} == names
    assert site.ways() == STRANGE
    site.refused(COA)
    # no address has two devices
    assert site.say(bid(3, COA2, 1), bid(1, prio=30)) == (4, {3: 130, 1: 0})
    assert site.say(lifetime=0, src=COA2)[0] == 0
