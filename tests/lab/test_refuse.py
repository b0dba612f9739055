# SPDX-License-Identifier: BSD-2-Clause
"""What a home agent (and a mobile router) must refuse, told by messages made by hand.

Each attack is sent twice: to the daemon as it is, which answers as the RFCs ask
and changes nothing, and to mip6d-weak without the defence, where it works.
"""
import signal
import socket
import struct
import time

import pytest

import conf
import daemon
import net as drawing
from dump import difference, dump
from forge import (HAO, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, LastAuth,
                   MIP6MH_BA, MIP6MH_BRR, MIP6OptMNID, MIP6OptMsgAuth, MIP6OptReplayProtection,
                   Mobile, Station, binding_error, binding_update, ipv4_option, keys, ntp,
                   unknown_type)
from net import A4, A6, HA_ADDR, HOA, MNP, MNP4
from ping import Pings
from proc import until

EVIL = "2001:db8:f2::bad"
HOST, EMPTY = 2, 3              # a mobile host; a mobile router without a configured prefix
STRANGER = drawing.hoa(9)       # in the home prefix, but nobody's
IPV4_ACK, UNAUTHORISED4 = 30, 133


def ha_conf(world, **more):
    """The drawing's mobile router, another one, a host, and a router without prefixes."""
    def auth(n):
        return conf.auth(world, n, keys(n))
    nodes = [conf.mobile_node(0, auth(0)), conf.mobile_node(1, auth(1)),
             conf.mobile_node(HOST, auth(HOST), prefixes=()),
             conf.mobile_node(EMPTY, auth(EMPTY), prefixes=(), router=True)]
    return {"mobile_nodes": nodes, "dad": False, **more}


def state(ha):
    """What no attack may change: bindings, and the kernel of the home agent."""
    fields = ("home_address", "care_of", "sequence", "lifetime", "flags", "prefixes")
    return ([{k: b[k] for k in fields} for b in ha.bindings()], dump(ha.node, files=False))


def unchanged(ha, before):
    bindings, kernel = state(ha)
    assert bindings == before[0]
    assert not difference(before[1], kernel)


def bound_at(ha, home):
    return [daemon.address(b["care_of"]) for b in ha.bindings(home_address=home)]


def through_the_tunnel_to(station, dst, since):
    """Whether packets to `dst` came out of the home agent's tunnel to this station."""
    return any(p.inner and p.src == HA_ADDR and p.dst == station.address and p.inner.dst == dst
               for p in station.heard(since))


def stolen(net, station, *destinations):
    """B's pings to the mobile network end at the station."""
    since = time.time_ns()
    flows = [net.reactor.add(Pings(net.b, dst, interval=0.05)) for dst in destinations]
    for dst in destinations:
        until(f"packets for {dst} at {station.address}",
              lambda: through_the_tunnel_to(station, dst, since))
    for f in flows:
        f.stop()


def answered(net, *destinations):
    """B's pings to the mobile network are answered."""
    for dst in destinations:
        p = net.reactor.add(Pings(net.b, dst, interval=0.05))
        until(f"answers {p.name}", lambda: len(p.back) >= 3)
        p.stop()


def settled(ha, mr, link="2001:db8:f1:"):
    """The binding, when no Binding Update of the router is under way any more."""
    def same():
        sent = mr.registrations(state="bound", home_address=HOA)
        held = ha.bindings(home_address=HOA, state="bound")
        return sent and held and sent[0]["sequence"] == held[0]["sequence"] and \
            daemon.address(held[0]["care_of"]).startswith(link) and held[0]
    return until(f"both ends agree about {link}", same)


def registered_router(net, ha, **more):
    """The real mobile router, at foreign1. It does not look after its binding by probes."""
    mr = daemon.mr(net, unsafe_timers=True, timers={"probe_interval": 0}, **more)
    net.move(net.mr, "foreign1")
    settled(ha, mr)
    return mr


def restarted(net, ha, mr, weaken, link="2001:db8:f1:", **more):
    """The home agent without some defences; the router is registered there again."""
    ha.stop()
    ha = daemon.ha(net, weaken=weaken, **more)
    mr.ctl.call("Refresh")
    settled(ha, mr, link)
    return ha


def test_an_outsider_cannot_take_a_binding_over(lab):
    """No key, a wrong key, an unknown SPI: silence or 146, and the traffic stays."""
    net = lab(attacker=True)
    evil = Station(net.evil, "eth0", EVIL)
    ha = daemon.ha(net, **ha_conf(net))
    mr = registered_router(net, ha)
    before = state(ha)
    seq = before[0][0]["sequence"]
    nobody, guesser, other = (Mobile(evil, 0, **k) for k in (
        {"key": None}, {"key": keys(7)}, {"spi": 4711}))
    take = {"seq": (seq + 1) & 0xffff, "prefixes": [MNP]}
    drop = {"seq": (seq + 1) & 0xffff, "lifetime": 0}
    dropped = ha.ctl.call("GetStats")["home_agent"]["dropped_auth"]
    evil.unanswered(nobody.update(**take), nobody.update(**drop), other.update(**take),
                    nobody.update(**take, key=keys(1), spi=1001, stamp=ntp()))
    assert ha.ctl.call("GetStats")["home_agent"]["dropped_auth"] == dropped + 4
    for what in (take, drop):
        a = guesser.ask(**what)
        assert a.status == 146 and a.lifetime == 0, a
        nobody.check_signed(a)
    # the right key, but another's name
    a = Mobile(evil, 0).ask(**take, nai=conf.nai(1))
    assert a.status == 129, a
    unchanged(ha, before)
    answered(net, A6, A4)
    assert not any(p.inner for p in evil.heard())
    # without the defence
    ha = restarted(net, ha, mr, "auth", **ha_conf(net))
    seq = ha.bindings(home_address=HOA)[0]["sequence"]
    a = nobody.ask(seq=(seq + 1) & 0xffff, prefixes=[MNP], options=[ipv4_option(MNP4)])
    assert a.status == 0 and bound_at(ha, HOA) == [EVIL], a
    stolen(net, evil, A6, A4)
    a = nobody.ask(seq=(seq + 2) & 0xffff, lifetime=0)
    assert a.status == 0 and not bound_at(ha, HOA), a


@pytest.mark.parametrize("timestamps, status", [(True, 144), (False, 135)])
def test_a_recorded_update_is_worth_nothing(lab, timestamps, status):
    """Captured on the foreign link, sent again octet for octet after the router moved on."""
    net = lab(attacker=True)
    evil = Station(net.evil, "eth0", EVIL)
    r1 = Station(net.r1, "core0", "2001:db8:c1::2")
    more = {"mobile_nodes": [conf.mobile_node(0, {**conf.auth(net), "timestamps": timestamps})],
            "dad": False}
    ha = daemon.ha(net, **more)
    mr = registered_router(net, ha, security={**conf.auth(net), "timestamps": timestamps})
    recorded = r1.messages("BU")[-1]
    packet, left = recorded.data[14:], recorded.src
    assert recorded.mh.lifetime and left.startswith("2001:db8:f1:"), recorded

    def replay():
        since = time.time_ns()
        evil.send(packet)
        a = r1.wait_ack(HOA, since, left)
        assert a.checksum_ok and a.rh2 == HOA and a.dst == left
        if a.status >= 128:     # also what is refused is signed: the node is known
            assert a.signed(conf.KEY, 1000, left, HOA), a
        return a

    # to the router in its old place, while that is still the right one
    before = state(ha)
    assert replay().status == status
    unchanged(ha, before)
    assert mr.registrations()[0]["state"] == "bound"
    net.move(net.mr, "foreign2")
    new = daemon.address(settled(ha, mr, "2001:db8:f2:")["care_of"])
    before = state(ha)
    a = replay()
    assert a.status == status, a
    if status == 144:           # RFC 4285 6: their clock's seconds, our fraction
        stamp = a.option(MIP6OptReplayProtection).timestamp
        sent = struct.unpack("!Q", recorded.mh.option(10))[0]
        assert stamp & 0xffffffff == sent & 0xffffffff
        assert abs((stamp >> 32) - (ntp() >> 32)) < 60
    else:
        assert a.seq == before[0][0]["sequence"]
    unchanged(ha, before)
    answered(net, A6)
    # each defence alone would do
    ha = restarted(net, ha, mr, "replay" if timestamps else "sequence", "2001:db8:f2:", **more)
    assert replay().status == (135 if timestamps else 0)
    assert bound_at(ha, HOA) == [new if timestamps else left]
    # none
    if timestamps:
        ha = restarted(net, ha, mr, "replay,sequence", "2001:db8:f2:", **more)
        assert replay().status == 0
        assert bound_at(ha, HOA) == [left]


def test_a_sequence_number_must_be_newer(lab):
    net = lab(attacker=True, start_ra=False)
    ha = daemon.ha(net, **ha_conf(net))
    me = Mobile(Station(net.evil, "eth0", EVIL), 1)
    p6 = drawing.mnp(1)[0]
    a = me.ask(seq=100, prefixes=[p6])
    me.check_signed(a)
    assert (a.status, a.seq, a.router) == (0, 100, True), a
    before = state(ha)
    for seq in (100, 99, 0, 0xffff, 100 + 0x8000):
        a = me.ask(seq=seq, prefixes=[p6], lifetime=60)
        me.check_signed(a)
        assert (a.status, a.seq, a.lifetime) == (135, 100, 0), (seq, a)
        a = me.ask(seq=seq, lifetime=0)
        assert (a.status, a.seq) == (135, 100), (seq, a)
    unchanged(ha, before)
    assert me.ask(seq=100 + 0x7fff, prefixes=[p6]).status == 0
    # remembered after the de-registration (RFC 6275 10.3.2)
    assert me.ask(seq=33000, lifetime=0).status == 0
    a = me.ask(seq=32999, prefixes=[p6])
    assert (a.status, a.seq) == (135, 33000), a
    assert not ha.bindings()
    # without the defence an update that was overtaken on its way undoes the newer one
    ha.stop()
    ha = daemon.ha(net, weaken="sequence", **ha_conf(net))
    assert me.ask(seq=100, prefixes=[p6]).status == 0
    assert me.ask(seq=99, lifetime=0).status == 0
    assert not ha.bindings()


def test_nobody_gets_what_is_not_his(lab):
    """Prefixes, permissions, homes and care-of addresses, asked for with a good key."""
    net = lab(attacker=True, start_ra=False)
    ha = daemon.ha(net, **ha_conf(net))
    evil = Station(net.evil, "eth0", EVIL)
    home = Station(net.b, "eth0", drawing.hoa(1))
    own6, own4, _, _ = drawing.mnp(1)
    one, host, empty = (Mobile(evil, n) for n in (1, HOST, EMPTY))
    before = state(ha)
    far = ntp(time.time() - 3600)
    row = [  # who, what, status
        # RFC 3963 6.2, 6.6: not a prefix; not this node's (the other router's, part of it,
        # nobody's)
        (one, {"prefixes": ["ff0e::/64"]}, 141), (one, {"prefixes": ["fe80::/64"]}, 141),
        (one, {"prefixes": ["::/0"]}, 141),
        (one, {"prefixes": [MNP]}, 142), (one, {"prefixes": ["2001:db8:281::/65"]}, 142),
        (one, {"prefixes": ["2001:db8:280::/56"]}, 142),
        (one, {"prefixes": ["2001:db8:999::/64"]}, 142),
        (one, {"prefixes": [own6, MNP]}, 142), (one, {"prefixes": [MNP, own6]}, 142),
        (empty, {}, 143), (empty, {"prefixes": [own6]}, 142),
        (host, {}, 140), (host, {"prefixes": [own6]}, 140),
        (one, {"flags": "AR", "prefixes": [own6]}, 140),
        # RFC 6275 9.5.1, 10.3.1, 10.3.2
        (one, {"lifetime": 0}, 133),
        (one, {"prefixes": [own6], "alt_coa": HA_ADDR}, 174),
        (one, {"prefixes": [own6], "alt_coa": "2001:db8:282::77"}, 174),
        # RFC 4285 6
        (one, {"prefixes": [own6], "stamp": None}, 145),
        (one, {"prefixes": [own6], "stamp": far}, 144),
    ]
    for who, what, status in row:
        a = who.ask(**what)
        assert a.status == status and a.lifetime == 0 and not a.router, (what, a)
        who.check_signed(a, what.get("alt_coa"))
        assert not ha.bindings(), what
    # homes that nobody configured: no key could sign the answer
    nobody = Mobile(evil, 0, key=None)
    for who, flags, lifetime, status in ((STRANGER, "AHR", 600, 129), (STRANGER, "AH", 0, 133),
                                         ("2001:db8:999::1", "AHR", 600, 132)):
        a = nobody.ask(home=who, flags=flags, lifetime=lifetime)
        assert a.status == status and not a.option(MIP6OptMsgAuth), (who, a)
    evil.unanswered(one.update(home=STRANGER), nobody.update(home=STRANGER, flags="A"),
                    nobody.update(home="fe80::1"), nobody.update(home="ff0e::1"),
                    one.update(alt_coa="ff0e::1"), one.update(flags="A"))
    # at home, a registration without a home address option
    net.b.addr("eth0", f"{one.home}/64")
    at_home = Mobile(home, 1)
    a = at_home.ask(hao=False, alt_coa=EVIL, prefixes=[own6])
    assert a.status == 128, a
    at_home.check_signed(a, EVIL)
    net.b.del_addr("eth0", f"{one.home}/64")
    unchanged(ha, before)
    # IPv4 prefixes are answered one by one (RFC 5555 3.2.1), the binding stands
    asked = [own4, MNP4, "10.0.0.0/25", "0.0.0.0/24", "10.7.7.7/32"]
    a = one.ask(prefixes=[own6], options=[ipv4_option(p) for p in asked])
    acks = a.unknown(IPV4_ACK)
    assert a.status == 0 and a.router, a
    assert [(x[0], socket.inet_ntoa(x[2:6])) for x in acks] == [
        (0, own4.split("/")[0]), (UNAUTHORISED4, "10.0.0.0"), (UNAUTHORISED4, "10.0.0.0"),
        (UNAUTHORISED4, "0.0.0.0"), (130, "10.7.7.7")], acks
    new = difference(before[1], dump(ha.node, files=False))
    for wrong in ("dst=10.0.0.0", "dst=0.0.0.0", "dst=10.7.7.7", "dst=2001:db8:281:"):
        assert not any(wrong in x and x.startswith("+ route") for x in new), (wrong, new)
    assert any("dst=10.0.1.0" in x and "mip6ha" in x for x in new), new
    # an existing binding is not turned into another kind, nor extended by what is not his
    before = state(ha)
    assert one.ask(flags="AH").status == 139
    assert one.ask(flags="A").status == 139
    assert one.ask(prefixes=[own6, MNP]).status == 142
    unchanged(ha, before)


def test_a_prefix_of_another_is_stolen_without_the_table(lab):
    """The harm that status 142 and 133 prevent: a router takes a half of another's network."""
    net = lab(attacker=True)
    ha = daemon.ha(net, weaken="prefix", **ha_conf(net))
    registered_router(net, ha)
    answered(net, A6)
    evil = Station(net.evil, "eth0", EVIL)
    one = Mobile(evil, 1)
    a = one.ask(prefixes=["2001:db8:281::/65"], options=[ipv4_option("10.0.0.0/25")])
    assert a.status == 0, a
    assert [x[0] for x in a.unknown(IPV4_ACK)] == [0], a
    stolen(net, evil, A6, A4)


def test_a_forged_acknowledgement_makes_no_registration(lab):
    """The home agent is silent; somebody on the link answers in its name."""
    net = lab(attacker=True)
    ha = daemon.ha(net, dad=False)
    evil = Station(net.evil, "eth0", EVIL)
    r2 = Station(net.r2, "acc0", "2001:db8:f2::1")

    def forge():
        """A BA for the newest BU, its timestamp and a made-up MAC included."""
        bu = until("a Binding Update", lambda: r2.messages("BU"))[-1]
        stamp = struct.unpack("!Q", bu.mh.option(10))[0]
        ba = MIP6MH_BA(status=0, flags=2, seq=bu.mh.seq, mhtime=bu.mh.lifetime // 4, options=[
            MIP6OptMNID(subtype=1, id=conf.nai(0)), MIP6OptReplayProtection(timestamp=stamp),
            LastAuth(subtype=1, mspi=1000, authdata=b"made up data")])
        evil.send(bytes(IPv6(src=HA_ADDR, dst=bu.src, hlim=64)
                        / IPv6ExtHdrRouting(type=2, addresses=[HOA]) / ba))

    ha.proc.send(signal.SIGSTOP)
    mr = daemon.mr(net)
    net.move(net.mr, "foreign2")

    def noticed():
        forge()
        return mr.ctl.call("GetStats")["mobile_node"]["ba_bad_auth"] >= 2
    until("the forged answer is noticed", noticed, step=0.3)
    assert not mr.registrations(state="bound")
    mr.stop()
    mr = daemon.mr(net, weaken="ba_auth")

    def fooled():
        forge()
        return mr.registrations(state="bound")
    until("the forged answer is believed", fooled, step=0.3)
    ha.proc.send(signal.SIGCONT)
    mr.stop()


def test_what_is_not_a_binding_update_gets_a_binding_error_or_nothing(lab):
    """RFC 6275 9.2, 9.3.1, 9.3.3."""
    net = lab(attacker=True, start_ra=False)
    ha = daemon.ha(net, **ha_conf(net))
    evil = Station(net.evil, "eth0", EVIL, name="evil.raw")
    one = Mobile(evil, 1)
    before = state(ha)

    def error(packet):
        since = time.time_ns()
        evil.send(packet)
        p = until("a Binding Error", lambda: evil.messages("BE", since))[0]
        assert p.src == HA_ADDR and p.dst == EVIL
        return binding_error(p.data[14:])

    assert error(unknown_type(EVIL)) == (2, "::", False)
    with_hao = IPv6(src=EVIL, dst=HA_ADDR, hlim=64) / IPv6ExtHdrDestOpt(options=[HAO(hoa=one.home)])
    # a home address without a binding
    assert error(bytes(with_hao / ICMPv6EchoRequest(data=b"mip6"))) == (1, one.home, False)
    # only a Binding Update may carry the option
    evil.unanswered(bytes(with_hao / MIP6MH_BRR()), one.update()[:-8] + bytes(8),
                    binding_update(EVIL, one.home, 1, options=[ipv4_option("10.0.0.0/24")] * 40))
    unchanged(ha, before)


