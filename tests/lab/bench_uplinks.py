# SPDX-License-Identifier: BSD-2-Clause
"""What a mobile router with two uplinks loses, and how soon it is back, by cause and by profile.

Not a scenario of the normal run: tests/bench/run uplinks. Four streams (up and down, both families)
with a packet each millisecond in planned moves, and each five milliseconds where time is measured: a
machine that is busy with the streams has longer round trips. Writes uplinks.json: for each profile
and cause, of each event the milliseconds until the mobile router notices, until the first packet
arrives by the other way (up and down), and the packets lost; planned moves; and what load sharing
over two equal uplinks makes.
"""
import threading
import time

import pytest

from figures import write
from net import A6, B6
from proc import until
from uplinks import CAUSES, Bulk, Uplinks, four_streams, start, uplinks, wait_primary

PROFILES = ("normal", "extreme")
TIMES = 5
PACE = 5000                     # us
MOVES = 50
RATE = 4_000_000                # bits per second, of each uplink and direction
SHARE_SECONDS = 8
FLOWS = 16


class Watch:
    """When the mobile router said that a path is down or its uplink is not as before:
    [(ns, BID)]."""

    def __init__(self, mr):
        self.seen, self._ctl = [], mr.ctl
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            for r in self._ctl.replies("Monitor", limit=3600, events=["path_down", "md_info"]):
                self.seen.append((int(r["time"] * 1e9), r.get("bid")))
        except OSError:                 # the daemon has ended
            pass

    def first(self, bid, since):
        return next((at for at, of in self.seen if of == bid and at >= since), None)


def gap_at(account, cause):
    """Of one stream: packets lost around the cause, and ms from it to the first one that came by
    the other way."""
    near = [g for g in account["gaps"] if cause - 50_000_000 <= g["sent_after"]
            and g["sent_before"] <= cause + 5_000_000_000]
    lost = sum(g["last"] - g["first"] + 1 for g in near)
    back = max((g["got_after"] for g in near), default=None)
    return lost, back and round((back - cause) / 1e6, 1)


def one(net, h, m, kill):
    """One event; each has a network of its own, for a path that fails often is damped."""
    watch = Watch(m)
    wait_primary(h, 1)
    streams = four_streams(net, us=PACE)
    time.sleep(1)
    cause = kill(net)
    try:
        until("the mobile router notices", lambda: watch.first(1, cause), 5)
    except AssertionError:          # an address that is put back at once is no news
        pass
    time.sleep(1)
    accounts = [s.stop(settle=0.3) for s in streams]
    noticed = watch.first(1, cause)
    figures = {"noticed": noticed and round((noticed - cause) / 1e6, 1)}
    for side, part in (("up", accounts[:2]), ("down", accounts[2:])):
        both = [gap_at(a, cause) for a in part]
        figures[f"lost_{side}"] = max(lost for lost, _ in both)
        figures[f"{side}"] = max((back for _, back in both if back), default=0)
    figures["twice"] = sum(a["twice"] for a in accounts)
    figures["paced"] = round(min(a["sent"] for a in accounts) / max(a["sent"] for a in accounts), 2)
    return figures


EVENTS = {}                     # as above, so far


@pytest.mark.parametrize("time_", range(TIMES))
@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("profile", PROFILES)
def test_causes(lab, profile, cause, time_):
    net = lab(Uplinks, n=2)
    h, m = start(net, up=uplinks(2, probe=profile))
    figures = one(net, h, m, CAUSES[cause][0])
    print(profile, cause, time_, figures)
    EVENTS.setdefault(profile, {}).setdefault(cause, []).append(figures)
    write("uplinks.json", profile, EVENTS[profile])


def test_planned(lab):
    """The traffic goes from uplink to uplink at the operator's word."""
    net = lab(Uplinks, n=2)
    h, m = start(net)
    time.sleep(1)
    streams = four_streams(net)
    time.sleep(0.5)
    for n in range(MOVES):
        to = 2 - n % 2
        m.mip6ctl("path", "prefer", str(to))
        wait_primary(h, to)
        time.sleep(0.15)
    accounts = [s.stop() for s in streams]
    write("uplinks.json", "planned", {"moves": MOVES, **{k: sum(a[k] for a in accounts)
                                         for k in ("sent", "lost", "twice", "late", "refused")}})


def goodput(net, src, dst, address, port):
    """Bits per second that many connections get through, without their beginning."""
    b = Bulk(net, src, dst, address, port, flows=FLOWS)
    time.sleep(SHARE_SECONDS)
    slices = b.stop()["slices"][20:-2]
    return sum(slices) * 80 / max(len(slices), 1)


def test_share(lab):
    """One uplink, the other one, both of the same priority: in one network."""
    net = lab(Uplinks, n=2)
    for n in (1, 2):
        net.way(n, rate=RATE, limit=60)
    h, m = start(net, up=uplinks(2, priority=[10, 20]))
    figures = {"rate": RATE, "flows": FLOWS}
    ways = (("down", net.b, net.a, A6), ("up", net.a, net.b, B6))
    for to in (1, 2):
        m.mip6ctl("path", "prefer", str(to))
        wait_primary(h, to)
        for i, (side, src, dst, address) in enumerate(ways):
            figures[f"{side}_{to}"] = round(goodput(net, src, dst, address, 7100 + 10 * to + i))
    m.mip6ctl("path", "prefer", "none")
    text = open(m.config).read().replace("priority = 20", "priority = 10")
    m.reload(text)
    until("both paths have one priority", lambda: len({b["priority"] for b in h.bindings(
        state="bound")}) == 1)
    for i, (side, src, dst, address) in enumerate(ways):
        figures[f"{side}_both"] = round(goodput(net, src, dst, address, 7200 + i))
    for side in ("down", "up"):
        figures[f"{side}_share"] = round(figures[f"{side}_both"] / (figures[f"{side}_1"]
                                                                    + figures[f"{side}_2"]), 3)
    write("uplinks.json", "share", figures)
