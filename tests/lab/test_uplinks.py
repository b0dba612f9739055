# SPDX-License-Identifier: BSD-2-Clause
"""A mobile router with two and three uplinks, and the real home agent: all of it at once."""
import os
import random
import time

import pytest

import conf
from pkt import messages
from proc import until
from scene import answered, four_flows, stop, traffic
from uplinks import (CAUSES, PORT, WAYS, Bulk, Sides, Uplinks, bound_bids, four_streams, primary,
                     start, uplinks, wait_bids, wait_flows, wait_primary)


def test_all_uplinks_are_registered_and_the_best_one_carries(lab):
    net = lab(Uplinks, n=3)
    caps = [net.routers[n].capture("acc0", f"way{n}") for n in WAYS]
    h, m = start(net)
    wait_primary(h, 1)
    for c in caps:
        c.stop()
    first = min((b for c in caps for b in messages(c.path, "BU")), key=lambda p: p.t)
    assert "B" in first.mh.flags, "the first update after the start overwrites (O, 5.9)"
    sides = Sides(net)
    traffic(net, "by three uplinks", times=10)
    ways = sides.stop()
    assert ways[1]["up"] and ways[1]["down"], ways
    assert not any(ways[n][d] > 20 for n in (2, 3) for d in ("up", "down")), ways   # probes only


def test_each_kind_of_death_of_an_uplink(lab):
    net = lab(Uplinks, n=2)
    h, m = start(net)
    flows = four_flows(net)
    for cause, (kill, cure) in CAUSES.items():
        wait_primary(h, 1)
        answered(flows, f"before {cause}")
        kill(net)
        if cause != "address":          # the detector makes a new one at once
            wait_primary(h, 2)
        answered(flows, f"after {cause}")
        cure(net)
        m.mip6ctl("path", "up", "1")    # or it is damped in the end
    wait_bids(h, 1, 2)
    wait_primary(h, 1)
    stop(flows)


def path(m, bid):
    return next(p for p in m.ctl.records("ListPaths") if p["bid"] == bid)


def test_uplink_that_flaps_is_the_last_resort(lab):
    net = lab(Uplinks, n=2)
    h, m = start(net)
    streams = four_streams(net, us=20000)
    for _ in range(6):
        net.pull(1)
        until("it is gone", lambda: path(m, 1)["state"] == "absent")
        net.plug(1)
        until("it is back", lambda: path(m, 1)["state"] in ("up", "damped"))
        if path(m, 1)["state"] == "damped":
            break
    wait_primary(h, 2)
    time.sleep(0.5)
    sides = Sides(net)
    until("traffic by the other one", lambda: sides.caps[2].count > 200, 30)
    assert path(m, 1)["state"] == "damped"
    assert set().union(*ways_of(sides).values()) == {2}
    for s in streams:
        a = s.stop()
        assert a["received"] > 100 and not a["twice"], a
    # it is better than none
    flows = four_flows(net)
    net.pull(2)
    wait_primary(h, 1)
    answered(flows, "by the path that is damped")
    stop(flows)


def test_a_planned_move_loses_nothing_and_doubles_nothing(lab):
    net = lab(Uplinks, n=2)
    h, m = start(net)
    traffic(net, "before the moves")
    streams = four_streams(net, us=10000)
    for n in range(4):
        to = 2 - n % 2
        m.mip6ctl("path", "prefer", str(to))
        wait_primary(h, to)
        time.sleep(0.2)
    for s in streams:
        a = s.stop()
        assert a["received"] > 100 and not a["lost"] and not a["twice"] and not a["refused"], a


def test_the_home_agent_restarts_and_hears_of_all_paths_again(lab):
    net = lab(Uplinks, n=2)
    h, m = start(net)
    flows = four_flows(net)
    answered(flows, "before")
    h.kill()
    h.start()
    wait_bids(h, 1, 2)
    wait_primary(h, 1)
    answered(flows, "after the restart")
    stop(flows)


def test_all_uplinks_go_and_come_back(lab):
    net = lab(Uplinks, n=3)
    h, m = start(net)
    flows = four_flows(net)
    for n in (1, 2):
        net.pull(n)
        wait_bids(h, *WAYS[n:])
        answered(flows, f"without {WAYS[:n]}")
    net.pull(3)
    time.sleep(0.2)
    net.plug(2)
    until("the home agent has way 2", lambda: 2 in bound_bids(h), 60)
    answered(flows, "by the one that came back")
    net.plug(1)
    net.plug(3)
    wait_bids(h, 1, 2, 3)
    wait_primary(h, 1)
    stop(flows)


def ways_of(sides):
    """Of each stream the ways that it was seen on."""
    return {k: set(ways) for k, ways in sides.streams(range(PORT, PORT + 4)).items()}


def test_uplinks_of_one_priority_share_flow_by_flow(lab):
    net = lab(Uplinks, n=2)
    h, m = start(net, up=uplinks(2, priority=10))
    until("both have one priority", lambda: [b["priority"] for b in h.bindings(state="bound")]
          == [1, 1])
    traffic(net, "before the flows")
    sides = Sides(net)
    streams = four_streams(net, us=100000, flows=16)
    until("many packets", lambda: sides.caps[1].count + sides.caps[2].count > 1500, 60)
    accounts = [s.stop() for s in streams]
    ways = ways_of(sides)
    assert not any(a["lost"] or a["twice"] or a["late"] for a in accounts), accounts
    assert {len(w) for w in ways.values()} == {1}, "each flow keeps its way"
    for side, port in (("up", 0), ("up", 1), ("down", 2), ("down", 3)):
        mine = [next(iter(w)) for (d, at, _), w in ways.items() if (d, at) == (side, PORT + port)]
        assert len(mine) == 16 and 2 <= mine.count(1) <= 14, (side, port, mine)


def policy(*bids):
    """The streams from A by the first of these that works, and those to A."""
    return {"flows": [{"name": "out", "protocol": "udp", "peer_port": f"{PORT}-{PORT + 1}",
                       "bids": bids},
                      {"name": "in", "protocol": "udp", "inside_port": f"{PORT + 2}-{PORT + 3}",
                       "bids": bids}]}


def test_flow_policy_at_both_ends_and_its_change_without_loss(lab):
    net = lab(Uplinks, n=2)
    h, m = start(net, mr={"home": policy(2, 1)})
    wait_primary(h, 1)
    wait_flows(m)
    traffic(net, "before the flows")
    sides = Sides(net)
    streams = four_streams(net, us=20000)
    traffic(net, "beside the flows", times=5)
    ways = ways_of(sides)
    assert len(ways) == 4 and set().union(*ways.values()) == {2}, ways
    # another policy while they run
    m.reload(conf.mr_conf(net, uplinks=uplinks(2), home=policy(1)))
    until("the other policy", lambda: [f["bids"] for f in m.ctl.records("ListFlows")]
          == [[1], [1]], 30)
    wait_flows(m)
    time.sleep(0.3)
    sides = Sides(net)
    until("many packets", lambda: sides.caps[1].count > 300, 30)
    ways = ways_of(sides)
    assert len(ways) == 4 and set().union(*ways.values()) == {1}, ways
    for s in streams:
        a = s.stop()
        assert a["received"] > 50 and not a["lost"] and not a["twice"], a
    # the first that works
    m.reload(conf.mr_conf(net, uplinks=uplinks(2), home=policy(2, 1)))
    wait_flows(m)
    net.cut(2)
    until("way 2 is down", lambda: path(m, 2)["state"] == "down", 30)
    wait_flows(m)
    sides = Sides(net)
    streams = four_streams(net, us=20000)
    until("packets", lambda: sides.caps[1].count > 600, 30)
    for s in streams:
        assert s.stop()["received"] > 5
    assert set().union(*ways_of(sides).values()) == {1}


def test_reloads_of_the_uplinks_lose_nothing(lab):
    """Another profile, another order, one that is idle goes, the one that carries goes, all come."""
    net = lab(Uplinks, n=3)
    h, m = start(net)
    turned = uplinks(3, priority=[30, 20, 10])
    steps = ((uplinks(3, probe="extreme"), (1, 2, 3), 1), (turned, (1, 2, 3), 3),
             (turned[1:], (2, 3), 3), (turned[1:2], (2,), 2), (uplinks(3), (1, 2, 3), 1))
    streams = four_streams(net, us=20000)
    for up, bids, first in steps:
        m.reload(conf.mr_conf(net, uplinks=up))
        wait_bids(h, *bids)
        wait_primary(h, first)
        until("what it shows", lambda: {r["bid"] for r in m.ctl.records("ListPaths")} == set(bids))
        time.sleep(0.3)
    # a key that takes a restart: nothing is changed
    text = conf.mr_conf(net, uplinks=[{**u, "table": 6900 + u["bid"]} for u in turned])
    m.reload(text)
    until("it is refused", lambda: "uplinks.table" in m.log())
    assert set(bound_bids(h)) == {1, 2, 3} and primary(h) == 1
    for s in streams:
        a = s.stop()
        assert a["received"] > 100 and not a["lost"] and not a["twice"], a


MINUTES = 10
LONGEST = 20                    # seconds that TCP stands still: its timer doubles with each loss
EVENTS = {                      # kill, cure
    "blackhole": (lambda net, n: net.cut(n), lambda net, n: net.mend(n)),
    "blackhole up": (lambda net, n: net.cut(n, down=False), lambda net, n: net.mend(n)),
    "blackhole down": (lambda net, n: net.cut(n, up=False), lambda net, n: net.mend(n)),
    "carrier": (lambda net, n: net.pull(n), lambda net, n: net.plug(n)),
    "flapping": (lambda net, n: net.flap(n, 3), lambda net, n: None),
    "address": (lambda net, n: net.del_coa(n), lambda net, n: None),
    "router": (lambda net, n: net.stop_router(n), lambda net, n: net.start_router(n)),
    "lossy": (lambda net, n: net.way(n, loss=20), lambda net, n: net.mend(n)),
    "slow": (lambda net, n: net.way(n, delay_ms=120), lambda net, n: net.way(n, delay_ms=25)),
}


@pytest.mark.limit(MINUTES * 60 + 300)
@pytest.mark.skipif(not os.environ.get("LAB_SLOW"), reason="ten minutes: tests/run --slow")
def test_ten_minutes_of_whatever_happens(lab):
    """Three uplinks fall and rise at random, never all at once; once the home agent starts anew.
    Each of five streams goes on, and none ever stands still for long while an uplink works."""
    net = lab(Uplinks, n=3)
    h, m = start(net)
    seed = random.SystemRandom().randrange(1 << 30)
    dice = random.Random(seed)
    print("seed", seed)
    streams = four_streams(net, us=20000)
    bulk = Bulk(net, net.b, net.a, "2001:db8:281::a", 7001)
    begin = time.monotonic()
    bad, restarted, done = {}, False, []
    while time.monotonic() < begin + MINUTES * 60:
        if not restarted and time.monotonic() > begin + MINUTES * 30:
            restarted = True
            done.append((time.time_ns(), "home agent", None))
            h.kill()
            h.start()
        n = dice.choice(WAYS)
        if n in bad:
            bad.pop(n)(net)
        elif len(bad) < 2:
            what = dice.choice(sorted(EVENTS))
            kill, cure = EVENTS[what]
            done.append((time.time_ns(), what, n))
            kill(net, n)
            bad[n] = lambda net, cure=cure, n=n: cure(net, n)
        time.sleep(dice.uniform(0.5, 4))
    for cure in bad.values():
        cure(net)
    wait_bids(h, 1, 2, 3, limit=120)
    accounts = [s.stop() for s in streams]
    b = bulk.stop()
    print(done)
    for a in accounts:
        gaps = sorted(((g["got_after"] - g["got_before"]) / 1e6, g["got_before"])
                      for g in a.pop("gaps"))
        print({k: v for k, v in a.items() if k != "by_flow"}, "longest", gaps[-5:])
    print("TCP", b["octets"], "octets, stood still for at most", b["stall"], "s")
    assert not b["broken"] and b["stall"] < LONGEST
    for a in accounts:
        assert a["received"] > 0.9 * a["sent"] and not a["twice"], a
