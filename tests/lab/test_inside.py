# SPDX-License-Identifier: BSD-2-Clause
"""What is of the mobile network stays in it or in the tunnel; what is not stays out of both."""
import time

from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

import daemon
from capture import echo_filter
from forge import Station, encapsulated
from net import A6, B6, HA_ADDR, HOA, HOME_PREFIX, MNP, MNP4
from ping import Pings
from pkt import hides, packets, untunnelled
from proc import until
from scene import arrived, away, traffic

MGMT, MGMT4 = "2001:db8:999::1", "192.168.9.2"      # a network of the machine that does not move


def echo(src, dst, seq):
    return bytes(IPv6(src=src, dst=dst, hlim=64) / ICMPv6EchoRequest(id=0x6d71, seq=seq))


def test_routes_of_a_managed_uplink_take_nothing_of_ours(net):
    """A lease and a second prefix on the visited link: their neighbours are asked by tunnel."""
    net.move(net.mr, "foreign1")
    net.mr.sysctl("net.ipv6.conf.up0.accept_ra", 0)
    net.mr.addr("up0", "2001:db8:f1::77/64", "2001:db8:f9::2/64", "192.168.7.2/24")
    net.mr.route("default", via="2001:db8:f1::1")
    net.r1.addr("acc0", "2001:db8:f9::1/64", "192.168.7.1/24")
    ha = daemon.ha(net)
    mr = daemon.mr(net, uplinks=[{"device": "up0", "managed": True}])
    arrived(ha, mr, "foreign1")
    cap = net.r1.capture("acc0")
    began = time.time_ns()
    flows = [net.reactor.add(Pings(node, dst, interval=0.02, src=src)) for node, dst, src in (
        (net.a, "192.168.7.1", None), (net.a, "2001:db8:f9::1", None),
        (net.mr, "192.168.7.1", "10.0.0.1"), (net.mr, "2001:db8:f9::1", HOA))]
    coa = daemon.address(mr.registrations()[0]["registered_care_of"])
    bad = Station(net.a, "eth0", A6)        # main has a default here, which leads outside
    for seq, source in enumerate((coa, HOA)):
        bad.send(echo(source, B6, seq))
    lease = net.reactor.add(Pings(net.mr, "192.168.7.1", src="192.168.7.2"))
    until("each was asked", lambda: all(len(f.sent) >= 10 for f in flows))
    until("what has the lease's address goes its way", lambda: len(lease.back) >= 3)
    for f in (*flows, lease):
        f.stop()
    traffic(net, "meanwhile")
    cap.stop()
    naked = [p for p in packets(cap.path) if p.t >= began and p.src == coa and p.echo]
    assert not naked, naked
    hidden = hides(HOME_PREFIX, MNP, MNP4)
    leaks = untunnelled(cap.path, lambda a: a not in (HA_ADDR, "192.168.7.1", "192.168.7.2")
                        and hidden(a), began)
    assert not leaks, "\n".join(map(str, leaks[:10]))


def test_a_node_behind_us_cannot_speak_in_our_name(net):
    """RFC 3963 section 9: neither by the uplink with the care-of address, nor in the tunnel with
    the home address."""
    ha, mr = away(net)
    coa = daemon.address(mr.registrations()[0]["registered_care_of"])
    outside, at_b = net.r1.capture("acc0"), net.b.capture("eth0", program=echo_filter(14))
    bad = Station(net.a, "eth0", A6)
    for seq, packet in enumerate((echo(coa, B6, 1), echo(HOA, B6, 2),
                                  encapsulated(coa, HA_ADDR, f"{MNP[:-3]}bad", B6, 3),
                                  encapsulated(coa, HA_ADDR, HOA, B6, 4))):
        bad.send(packet)
    bad.send(echo(A6, B6, 5))

    def at_b_now():
        net.reactor.flush()
        return {p.echo[2] for p in packets(at_b.path) if p.echo and p.echo[0] == "request"}
    until("the honest one is at B", lambda: 5 in at_b_now())
    assert at_b_now() == {5}
    net.reactor.flush()
    naked = [p for p in packets(outside.path) if p.src == coa and p.echo]
    assert not naked, naked
    assert ha.bindings()


def test_the_tunnel_reaches_the_mobile_network_only(net):
    """RFC 3963 section 3. Another network of the same machine is routed as before."""
    mgmt, = net.nodes("mgmt")
    net.mr.sysctl("net.ipv6.conf.default.accept_dad", 0)
    net.wire(net.mr, "mg0", mgmt, "eth0")
    net.mr.addr("mg0", "2001:db8:999::2/64", "192.168.9.1/24")
    mgmt.addr("eth0", f"{MGMT}/64", f"{MGMT4}/24")
    mgmt.route("default", via="2001:db8:999::2")
    _ha, mr = away(net)
    coa = daemon.address(mr.registrations()[0]["registered_care_of"])
    at_mgmt, at_a = (n.capture("eth0", program=echo_filter(14)) for n in (mgmt, net.a))
    outside = net.r1.capture("acc0")
    forger = Station(net.core, "r1", "2001:db8:c1::1")
    forger.send(encapsulated(HA_ADDR, coa, B6, MGMT, 1))
    forger.send(encapsulated(HA_ADDR, coa, "192.168.64.10", MGMT4, 2))
    forger.send(encapsulated(HA_ADDR, coa, B6, A6, 3))
    own = net.reactor.add(Pings(net.mr, MGMT))

    def at(cap):
        net.reactor.flush()
        return {p.echo[2] for p in packets(cap.path)
                if p.echo and p.echo[0] == "request" and p.src in (B6, "192.168.64.10")}
    until("the one for the mobile network is there", lambda: 3 in at(at_a))
    until("the machine itself reaches its other network", lambda: len(own.back) >= 3)
    own.stop()
    assert not at(at_mgmt)
    stranger = Station(mgmt, "eth0", MGMT, "stranger")
    stranger.send(echo(MGMT, B6, 6))
    traffic(net, "meanwhile")
    net.reactor.flush()
    assert not [p for p in packets(outside.path) if MGMT in p.addresses()]
