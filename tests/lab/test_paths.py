# SPDX-License-Identifier: BSD-2-Clause
"""Path liveness on the wire: two uplinks of one priority, of which one dies in silence; answers that
nobody asked for, or that are changed or old, and the form of what is sent."""
import socket
import time

from forge import Station
from net import HA_ADDR, HOA
from proc import until
from scene import answered, four_flows, seen, stats, stop
from uplinks import DEVICES, WAYS, Uplinks, coa_of, start, uplinks, wait_bids

PAYLOAD = 22                    # octets of a probe: BID, number, MAC
ICMPV6 = 58


def is_probe(p, kind):
    return bool(p.echo) and p.echo[0] == kind and p.proto == ICMPV6 and len(p.body) == 8 + PAYLOAD


def outer(kind):
    """Probes and answers of care-of addresses."""
    return lambda p: is_probe(p, kind) and not p.inner and HOA not in (p.src, p.dst)


def tunnelled(kind):
    return lambda p: p.inner is not None and is_probe(p.inner, kind)


def path(m, bid):
    return next(p for p in m.ctl.records("ListPaths") if p["bid"] == bid)


def wait_path(m, bid, state, limit=30):
    return until(f"path {bid} is {state}", lambda: (p := path(m, bid))["state"] == state and p,
                 limit, step=0.05)


def checksum(src, dst, body):
    data = socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst) \
        + len(body).to_bytes(4, "big") + bytes([0, 0, 0, ICMPV6]) + body
    total = sum(int.from_bytes(data[i:i + 2].ljust(2, b"\0"), "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def echo_reply(request, flip=None, src=HA_ADDR):
    """An IPv6 packet: the answer to that request, as the home agent would make it but for one bit."""
    body = bytearray(request.body)
    body[0], body[2:4] = 129, b"\0\0"
    if flip is not None:
        body[flip] ^= 1
    body[2:4] = checksum(src, request.src, bytes(body)).to_bytes(2, "big")
    return b"\x60\0\0\0" + len(body).to_bytes(2, "big") + bytes([ICMPV6, 60]) \
        + socket.inet_pton(socket.AF_INET6, src) \
        + socket.inet_pton(socket.AF_INET6, request.src) + bytes(body)


def test_the_right_one_of_two_equal_uplinks_is_called_dead_and_nobody_wakes_it(lab):
    net = lab(Uplinks, n=2)
    caps = {n: net.routers[n].capture("acc0", f"way{n}") for n in WAYS[:2]}
    h, m = start(net, up=uplinks(2, priority=10))
    flows = four_flows(net)
    answered(flows, "by both")
    for n in caps:
        p = wait_path(m, n, "up")
        assert (p["judged_by"], p["outer_state"]) == ("outer", "up"), p
    # the form: each by its own way, from its own address; the tunnel's at a slower pace
    until("some probes", lambda: all(len(seen(net, c, outer("request"))) >= 20
                                     for c in caps.values()), step=0.2)
    sent = {n: (seen(net, c, outer("request")), seen(net, c, tunnelled("request")))
            for n, c in caps.items()}
    for n, (out, tun) in sent.items():
        assert {p.dst for p in out} == {HA_ADDR} and all(p.src.startswith(coa_of(n)) for p in out)
        assert all(p.body[8:10] == bytes([0, n]) for p in out), "the BID in front"
        assert len(out) > 2 * len(tun) > 0, (n, len(out), len(tun))
    # the path that the home agent's answers through the tunnels come by dies
    replies = {n: len(seen(net, c, tunnelled("reply"))) for n, c in caps.items()}
    dying = max(replies, key=replies.get)
    other = 3 - dying
    old = seen(net, caps[dying], outer("reply"))
    net.cut(dying)
    down = wait_path(m, dying, "down")
    assert down["reason"] == "silent", down
    answered(flows, "by the one that is left")
    log = m.log()
    assert f"path {other} ({DEVICES[other]}) is down" not in log, "the wrong one"
    wait_path(m, other, "up")
    # who sees what is asked, and changes a bit; and what was recorded
    evil = Station(net.routers[dying], "acc0", f"2001:db8:f{dying}::1", icmp6=True)
    before, begin = stats(m, "mobile_node"), time.time_ns()
    flips = (4, 7, 9, 17, 8 + PAYLOAD - 1)      # identifier, number, BID, counter, MAC
    done = set()

    def forged():
        for p in seen(net, caps[dying], outer("request"), begin):
            if p.t not in done:
                done.add(p.t)
                for flip in flips:
                    evil.send(echo_reply(p, flip))
                evil.send(echo_reply(p, src="2001:db8:c1::2"))
        for p in old[-16:]:
            evil.send(p.data[14:])
        now = stats(m, "mobile_node")
        return now["probes_forged"] - before["probes_forged"] >= 60 \
            and now["probes_repeated"] - before["probes_repeated"] >= 32
    until("many forged answers arrived", forged, 60, step=0.05)
    assert path(m, dying)["state"] == "down"
    # an answer to what was asked: it is that which counts
    net.mend(dying)
    wait_path(m, dying, "up")
    wait_bids(h, 1, 2)
    answered(flows, "by both again")
    stop(flows)

