# SPDX-License-Identifier: BSD-2-Clause
"""Flow policy by DSCP with both real daemons: what the captures on each uplink show, what both ends
count, refreshes and changes of the policy, and a home agent that starts anew."""
import conf
from net import A4, A6, B4, B6
from proc import until
from scene import traffic
from uplinks import (PORT, Sides, Stream, Uplinks, start, uplinks, wait_bids, wait_flows,
                     wait_primary)

VOICE = {"name": "voice", "dscp": "ef", "bids": (2, 1)}
OTHER = {"name": "other", "protocol": "tcp", "peer_port": 9, "bids": (1,)}
EF = 46
MARKED = PORT + 4               # from this port of the receiver on all is of this class


def streams(net, first, dscp):
    ends = ((net.a, net.b, B6), (net.a, net.b, B4), (net.b, net.a, A6), (net.b, net.a, A4))
    return [Stream(net, src, dst, address, first + i, us=100000, dscp=dscp)
            for i, (src, dst, address) in enumerate(ends)]


def seen(sides):
    """{(direction, port): {way: packets}}, whoever sent them"""
    out = {}
    for (side, port, _), ways in sides.streams(range(PORT, MARKED + 4)).items():
        mine = out.setdefault((side, port), {})
        for n, packets in ways.items():
            mine[n] = mine.get(n, 0) + packets
    return out


def voice(daemon):
    """What the daemon counted: {BID: packets}, and the octets of all. The home agent knows no names,
    and a flow of each family; of the other flow there is no packet."""
    out, octets = {}, 0
    for f in daemon.ctl.records("ListFlows"):
        assert f["packets"] == sum(p["packets"] for p in f["paths"])
        octets += f["bytes"]
        for p in f["paths"]:
            out[p["bid"]] = out.get(p["bid"], 0) + p["packets"]
    return out, octets


def by_dscp(net, h, m):
    """Streams with and without the mark take the two ways, in both directions and families; both ends
    count what the captures saw."""
    before = {d: voice(d)[0].get(2, 0) for d in (h, m)}
    sides = Sides(net)
    running = [s.running() for s in streams(net, PORT, 0) + streams(net, MARKED, EF)]
    until("many packets", lambda: min(c.count for c in sides.caps.values()) > 150, 60)
    sent = [s.stop() for s in running]
    assert not any(a["lost"] or a["twice"] for a in sent), sent
    ways = seen(sides)
    for i, (a, b) in enumerate(zip(sent[:4], sent[4:])):
        side = "up" if i < 2 else "down"
        assert ways[side, PORT + i] == {1: a["sent"]}, (ways, a)
        assert ways[side, MARKED + i] == {2: b["sent"]}, (ways, b)
    assert voice(m)[0][2] - before[m] == sent[4]["sent"] + sent[5]["sent"], voice(m)
    assert voice(h)[0][2] - before[h] == sent[6]["sent"] + sent[7]["sent"], voice(h)


def test_flows_by_dscp_are_seen_and_counted_and_outlive_the_home_agent(lab):
    net = lab(Uplinks, n=2)
    h, m = start(net, mr={"home": {"flows": [VOICE]}})
    wait_primary(h, 1)
    wait_flows(m)
    traffic(net, "before the flows")
    by_dscp(net, h, m)
    # a refresh names them, and a policy that still has the flow leaves its counts
    counts = voice(h), voice(m)
    number = m.registrations()[0]["sequence"]
    m.mip6ctl("registration", "refresh")
    until("it is refreshed", lambda: m.registrations(state="bound")
          and m.registrations()[0]["sequence"] != number, 30)
    assert (voice(h), voice(m)) == counts
    m.reload(conf.mr_conf(net, uplinks=uplinks(2), home={"flows": [OTHER, VOICE]}))
    until("another flow before it", lambda: [f["name"] for f in m.ctl.records("ListFlows")]
          == ["other", "voice"], 30)
    wait_flows(m)
    assert {d: n for d, n in voice(m)[0].items() if n} == {2: counts[1][0][2]}
    assert f" {sum(counts[1][0].values())} " in m.mip6ctl("flow", "list", "voice")
    # the home agent forgets it all
    h.kill()
    h.start()
    wait_bids(h, 1, 2)
    wait_primary(h, 1)
    until("the home agent has the flows", lambda: [f["state"] for f in h.ctl.records("ListFlows")]
          == ["active"] * 4, 60)
    wait_flows(m)
    by_dscp(net, h, m)
