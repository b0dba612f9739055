# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 prefixes of the mobile network: the ways to say them, and what if the answer is no."""
import socket
import struct
import time

import pytest

import conf
from net import B4, MNP, MNP4
from ping import Pings
from proc import until
from scene import acks, answered, arrived, away, four_flows, seen, stop, traffic, updates

MNP_OPTION = 6
OTHER4 = "10.9.0.0/24"
UNAUTHORISED = 133
ICMP4_UNREACHABLE = 3


def ipv4(prefix):
    """The four octets of a prefix's address."""
    return socket.inet_aton(prefix.split("/")[0])


def bodies(message, kind):
    return [b for k, b in message.mh.options if k == kind]


def rfc5555(prefix, new):
    """RFC 5555 3.1.1: six bits of length, P, nine reserved, address."""
    return struct.pack("!H", int(prefix.split("/")[1]) << 10 | (0x200 if new else 0)) + ipv4(prefix)


def rfc5555_ack(prefix, status=0):
    """RFC 5555 3.2.1: status, six bits of length (0 in a refusal), two reserved, address."""
    plen = 0 if status else int(prefix.split("/")[1])
    return bytes([status, plen << 2]) + ipv4(prefix)


def v4prefix(prefix, _new):
    """The draft's option: reserved, length, prefix."""
    return bytes([0, int(prefix.split("/")[1])]) + ipv4(prefix)


def v4prefix_ack(prefix):
    return bytes([0, int(prefix.split("/")[1])]) + ipv4(prefix)


def explicit(prefix=MNP4, **more):
    return {"prefixes": [conf.prefix(MNP), conf.prefix(prefix)], "home": more}


# name: settings of the home agent and of the router; numbers of the options; their contents
WAYS = {
    "static": ({}, {"prefixes": [conf.prefix(MNP), conf.prefix(MNP4, "static")]},
               None, None, None, None),
    "rfc5555": ({}, explicit(), 29, 30, rfc5555, rfc5555_ack),
    "v4prefix": ({"ipv4_options": ("v4prefix",)}, explicit(ipv4_option="v4prefix"),
                 11, 12, v4prefix, v4prefix_ack),
    "v4prefix-own-numbers": (
        {"ipv4_options": ("rfc5555", "v4prefix"), "ipv4_mnp_option": 201,
         "ipv4_mnp_status_option": 202},
        explicit(ipv4_option="v4prefix") | {"ipv4_mnp_option": 201,
                                            "ipv4_mnp_status_option": 202},
        201, 202, v4prefix, v4prefix_ack),
}


def nodes(net, **more):
    return [conf.mobile_node(0, conf.auth(net), **more)]


def states(one):
    return {p["prefix"]: p["state"] for p in one.prefixes()}


@pytest.mark.parametrize("way", WAYS)
def test_both_families_move_together(lab, way):
    of_ha, of_mr, asked, answer, body, ack = WAYS[way]
    net = lab()
    # tshark knows the draft's numbers for something else
    cap = net.mr.capture("up0", "mr-up0.raw" if way.startswith("v4prefix") else None)
    if way == "static":
        of_ha = {"mobile_nodes": nodes(net, ipv4_static=True)}
    ha, mr = away(net, "foreign1", of_ha, of_mr)
    accepted = time.time_ns()
    traffic(net, "at foreign1")
    mr.ctl.call("Refresh")
    until("a refresh", lambda: acks(net, cap, accepted))
    net.move(net.mr, "foreign2")
    arrived(ha, mr, "foreign2")
    traffic(net, "at foreign2")
    assert states(mr) == {MNP: "accepted", MNP4: "accepted"}
    assert states(ha) == {MNP: "routed", MNP4: "routed"}
    sent, heard = updates(net, cap), acks(net, cap)
    assert len(sent) >= 3 and len(heard) >= 3
    kinds = {k for m in sent + heard for k, _ in m.mh.options}
    assert kinds & {11, 12, 29, 30, 201, 202} == {x for x in (asked, answer) if x}
    for bu in sent:
        assert len(bodies(bu, MNP_OPTION)) == 1
        # P: asked for anew until it was given once
        if asked and (bu is sent[0] or bu.t > accepted):
            assert bodies(bu, asked) == [body(MNP4, bu is sent[0])], bu
    for ba in heard:
        assert ba.mh.status == 0 and "R" in ba.mh.flags
        assert not answer or bodies(ba, answer) == [ack(MNP4)]


NOT_UNDERSTOOD = {
    "no-ipv4": ({"ipv4_options": ()}, explicit()),
    "another-encoding": ({}, explicit(ipv4_option="v4prefix")),
}


@pytest.mark.parametrize("how", NOT_UNDERSTOOD)
def test_a_home_agent_without_ipv4(lab, how):
    """It does not know the option: IPv6 works, IPv4 is withdrawn, and the router says so."""
    of_ha, of_mr = NOT_UNDERSTOOD[how]
    net = lab()
    cap = net.mr.capture("up0", "mr-up0.raw")
    lan = net.a.capture("eth0")
    ha, mr = away(net, "foreign1", of_ha, of_mr)
    assert states(mr) == {MNP: "accepted", MNP4: "unsupported"}
    mr.wait_log(f"{MNP4} is out of service")
    assert "unsupported" in mr.mip6ctl("prefix")
    ack = acks(net, cap)[0]
    assert ack.mh.status == 0 and not bodies(ack, 30) and not bodies(ack, 12), ack
    assert states(ha)[MNP4] == "not_registered"
    flows = four_flows(net)         # A to B in IPv6, in IPv4; B to A
    answered([flows[0], flows[2]], "in IPv6")
    # A is told at once, so that its applications need not wait
    until("an ICMP error for A", lambda: seen(
        net, lan, lambda p: p.ethertype == 0x0800 and p.proto == 1
        and p.body[0] == ICMP4_UNREACHABLE))
    until("a few packets of each", lambda: all(len(f.sent) >= 10 for f in flows))
    assert not flows[1].back and not flows[3].back
    stop(flows)
    # and nothing of it leaves, neither in the tunnel nor in clear
    assert not seen(net, cap, lambda p: p.innermost().ethertype == 0x0800)
    net.move(net.mr, "foreign2")
    arrived(ha, mr, "foreign2")
    assert states(mr) == {MNP: "accepted", MNP4: "unsupported"}


def test_one_ipv4_prefix_is_refused_and_the_other_works(lab):
    net = lab()
    net.mr.addr("lan0", "10.9.0.1/24")
    net.a.addr("eth0", "10.9.0.10/24")
    cap = net.mr.capture("up0")
    lan = net.a.capture("eth0")
    ha, mr = away(net, "foreign1", mr={
        "prefixes": [conf.prefix(MNP), conf.prefix(OTHER4), conf.prefix(MNP4)]})
    assert states(mr) == {MNP: "accepted", MNP4: "accepted", OTHER4: "refused"}
    refused = mr.prefixes(prefix=OTHER4)[0]
    assert refused["code"] == UNAUTHORISED and "not authorised" in refused["reason"], refused
    assert OTHER4 not in states(ha)
    ack = acks(net, cap)[0]
    assert bodies(ack, 30) == [rfc5555_ack(OTHER4, UNAUTHORISED), rfc5555_ack(MNP4)]
    traffic(net, "with the prefix that is ours")
    wrong = net.reactor.add(Pings(net.a, B4, src="10.9.0.10", interval=0.05))
    until("an ICMP error for A", lambda: seen(
        net, lan, lambda p: p.ethertype == 0x0800 and p.proto == 1 and p.dst == "10.9.0.10"
        and p.body[0] == ICMP4_UNREACHABLE))
    assert not wrong.back
    wrong.stop()
    assert not seen(net, cap, lambda p: "10.9.0.10" in (p.innermost().src, p.innermost().dst))
