# SPDX-License-Identifier: BSD-2-Clause
"""What many scenarios do first, and what they look at afterwards."""
import daemon
from net import A4, A6, B4, B6, FOREIGN, HOA
from ping import Pings
from pkt import packets
from proc import until

SOLICITED, OVERRIDE, ROUTER = 0x40, 0x20, 0x80
TARGET_LL = 2
PROTO = 200         # of our routes, as in conf/mip6d-rt_protos.conf


def at(link):
    """How care-of addresses of a foreign link begin."""
    return FOREIGN[link].rstrip(":") + ":"


def arrived(ha, mr, link, hoa=HOA, limit=60):
    """Both ends hold the same registration from this link; the care-of address."""
    one = daemon.wait_registered(mr, at(link), hoa=hoa, limit=limit)
    coa = daemon.address(one["registered_care_of"])
    daemon.wait_binding(ha, hoa, coa, limit=limit)
    return coa


def away(net, link="foreign1", ha=None, mr=None):
    """Both daemons started, the mobile router on a foreign link from the beginning."""
    net.move(net.mr, link)
    h = daemon.ha(net, **(ha or {}))
    m = daemon.mr(net, **(mr or {}))
    arrived(h, m, link)
    return h, m


def four_flows(net, interval=0.05):
    """A to B and B to A, in both families."""
    return [net.reactor.add(Pings(node, dst, interval=interval)) for node, dst in
            ((net.a, B6), (net.a, B4), (net.b, A6), (net.b, A4))]


def answered(flows, what, times=3, limit=60):
    """Each flow gets so many more answers from now on."""
    before = [len(f.back) for f in flows]
    for f, n in zip(flows, before):
        until(f"{f.name} answered {what}", lambda: len(f.back) >= n + times, limit)


def silent(flows, what, limit=30):
    """Requests of each flow that are sent from now on stay unanswered, three in a row."""
    def unanswered(f, sent):
        last = [s for s in list(f.sent) if s > sent][:-2]    # the newest may be on its way
        return len(last) >= 5 and not any(s in f.back for s in last[-3:])
    before = [max(f.sent, default=0) for f in flows]
    for f, n in zip(flows, before):
        until(f"{f.name} silent {what}", lambda: unanswered(f, n), limit)


def stop(flows):
    for f in flows:
        f.stop()


def traffic(net, what, times=3, limit=60):
    """The mobile network is reached, and reaches, in both families."""
    flows = four_flows(net)
    try:
        answered(flows, what, times, limit)
    finally:
        stop(flows)


def seen(net, capture, wanted, since=0):
    """Packets in a running capture for which wanted(packet) holds."""
    net.reactor.flush()
    return [p for p in packets(capture.path) if p.t >= since and wanted(p)]


def wait_seen(net, capture, what, wanted, since=0, limit=30):
    """Wait for the first such packet."""
    return until(what, lambda: next(iter(seen(net, capture, wanted, since)), None), limit)


def updates(net, capture, since=0):
    return seen(net, capture, lambda p: p.mh and p.mh.name == "BU", since)


def acks(net, capture, since=0):
    return seen(net, capture, lambda p: p.mh and p.mh.name == "BA", since)


def rising(messages):
    """Sequence numbers of messages, each newer than the one before (modulo 2^16)."""
    numbers = [p.mh.seq for p in messages]
    return all(0 < (b - a) & 0xffff < 0x8000 for a, b in zip(numbers, numbers[1:]))


def nd_flags(p):
    return p.body[4]


def nd_option(p, kind):
    """The link-layer address option of a Neighbour Discovery message as text, or None."""
    body = p.body[24:]
    while len(body) >= 8:
        if body[0] == kind:
            return ":".join(f"{b:02x}" for b in body[2:8])
        body = body[8 * max(body[1], 1):]
    return None


def mip6_routes(node, *family):
    """Routes with our protocol number, as `ip route` prints them."""
    out = []
    for f in family or ("-6", "-4"):
        out += [line for line in node.run("ip", f, "route", "show", "table", "all", "proto",
                                          str(PROTO)).splitlines() if line.strip()]
    return out


def proxies(node):
    """Addresses that the node defends for others."""
    return [line.split()[0] for line in node.run("ip", "-6", "neigh", "show",
                                                 "proxy").splitlines() if line.strip()]


def stats(one, part):
    """Counters of a daemon: part is "home_agent", "mobile_node" ..."""
    return one.ctl.call("GetStats")[part]


def refusals(one, part, status):
    """How often that status was said (home_agent) or heard (mobile_node)."""
    return sum(r["count"] for r in stats(one, part)["refused"] if r["status"] == status)
