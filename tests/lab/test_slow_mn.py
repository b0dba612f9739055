# SPDX-License-Identifier: BSD-2-Clause
"""The timers of a mobile node as RFC 6275 12 and 13 want them, once each: tests/run lab --slow.

Each case has a mobile node and a world of its own, and all of them run at the same time: that
takes as long as the longest, four minutes. What must not be early is asserted, and what is
compared was measured here: machines are busy.
"""
import os
import signal
import threading
import time

import pytest

import conf
from case_mobile import HA_ADDR, LIFETIME, Around, cases, ident, is_request
from case_ro import Correspondent, begin, hint, optimised
from net import hoa
from proc import until

pytestmark = pytest.mark.skipif("LAB_SLOW" not in os.environ,
                                reason="timers of minutes: set LAB_SLOW")
LIMIT = 500
SECOND = 10**9
UNSCALED = {"timers": {"probe_interval": 0}, "unsafe_timers": False}
OPTIMIZED = {**UNSCALED, "route_optimization": {"enabled": True}}
MAX_TOKEN_LIFETIME, MAX_RR_BINDING_LIFETIME, MAX_UPDATE_RATE = 210, 420, 3
HOMES = [{"home_address": f"{hoa(n)}/64", "home_agent": HA_ADDR, "security": conf.OPEN}
         for n in range(5)]


def gaps(frames):
    return [(b.t - a.t) / SECOND for a, b in zip(frames, frames[1:])]


def not_early(frames, *wanted):
    """These gaps at least. The first frame may have waited for the router's address."""
    got = gaps(frames)
    assert len(got) >= len(wanted) > 1, got
    assert got[0] >= 0.85 * wanted[0], got
    assert all(g >= 0.97 * want for g, want in zip(got[1:], wanted[1:])), got
    return got


def collected(n, frames, limit):
    until(f"{n} of them", lambda: len(frames()) >= n, limit, step=0.2)
    return frames()[:n]


def rate_is_kept(frames):
    assert len(frames) > MAX_UPDATE_RATE
    assert all(d.t - a.t >= 0.9 * SECOND for a, d in zip(frames, frames[MAX_UPDATE_RATE:])), \
        gaps(frames)


# ---- what each of them goes through ----

def first_registration(w):
    """1.5 s, doubling to 32 s, and there for ever."""
    w.start(silent=True)
    waits = not_early(collected(8, lambda: w.updates(w.asked), 300), 1.5, 3, 6, 12, 24, 32, 32)
    assert waits[6] < 1.5 * waits[5], waits


def refresh(w):
    """With a binding 1 s first."""
    w.start()
    w.refreshing()
    waits = not_early(collected(8, lambda: w.updates(w.asked), 300), 1, 2, 4, 8, 16, 32, 32)
    assert waits[6] < 1.5 * waits[5], waits


def many_homes(w):
    """Five home addresses at one home agent, and with one peer: three messages in any second."""
    w.start(homes=HOMES)
    rate_is_kept(collected(5, lambda: w.updates(w.asked), 60))
    until("all are bound", lambda: len(w.daemon.registrations(state="bound")) == 5, 60)
    c = Correspondent(w, silent={"HoTI", "CoTI"})
    for n in range(5):
        hint(w, c, hoa(n))
    for name in ("HoTI", "CoTI"):
        c.next(name, seen=4)
        rate_is_kept(c.all(name))


def discovery(w):
    """INITIAL_DHAAD_TIMEOUT, doubled DHAAD_RETRIES times; and then no more of that request."""
    w.start(home={"home_agent": "discover"})
    sent = collected(5, lambda: w.out.since(w.asked, is_request), 120)
    not_early(sent, 3, 6, 12, 24)
    assert len({ident(p) for p in sent}) == 1
    time.sleep(50)
    more = w.out.since(w.asked, lambda p: is_request(p) and ident(p) == ident(sent[0]))
    assert len(more) == 5, gaps(more)


def solicitation(w):
    """INITIAL_SOLICIT_TIMER, doubled."""
    w.start()
    mark = w.out.mark()
    w.refreshing(answer=lambda bu: [w.ha.ba(bu, status=1)])
    not_early(collected(4, lambda: w.out.since(mark, lambda p: p.icmp6 == (146, 0)), 120), 3, 6, 12)


def silent_peers(w):
    """INITIAL_BINDACK_TIMEOUT for each message, MAX_RO_FAILURE more, and the tunnel."""
    w.start()
    deaf, mute = begin(w, silent={"HoTI", "CoTI"}), begin(w, silent={"BU"})
    for c in (deaf, mute):
        until("it is given up", lambda: c.row()["state"] == "hold", 120, step=0.2)
    not_early(deaf.all("HoTI"), 1, 2, 4)
    not_early(deaf.all("CoTI"), 1, 2)
    updates = [b for b in mute.all("BU") if b.mh.lifetime]
    not_early(updates, 1, 2, 4)
    assert deaf.count("HoTI") == len(updates) == 4
    assert deaf.is_tunnelled() and mute.is_tunnelled()


def tokens(w):
    """A home token is used again after a movement, but not when it is MAX_TOKEN_LIFETIME old; of a
    peer in use it is got anew before. No binding is asked for MAX_RR_BINDING_LIFETIME."""
    w.start()
    used, idle = optimised(w), optimised(w)
    assert {b.mh.lifetime for c in (used, idle) for b in c.all("BU")} == {MAX_RR_BINDING_LIFETIME}
    assert MAX_RR_BINDING_LIFETIME < LIFETIME
    # while the others begin as well, a first question may not have been the last one
    home = {c: c.count("HoTI") for c in (used, idle)}
    asked = {c: c.all("HoTI")[-1].t for c in (used, idle)}

    def until_age(seconds):
        while time.time_ns() < asked[idle] + seconds * SECOND:
            used.data()
            time.sleep(1)

    def move(to):
        care = {c: c.count("CoTI") for c in (used, idle)}
        w.move(to)
        for c in (used, idle):
            c.optimised(c.next("CoTI", seen=care[c]).src)
    until_age(140)
    move("foreign2")
    assert all(c.count("HoTI") == n for c, n in home.items())
    until_age(MAX_TOKEN_LIFETIME + 1)
    renewed = used.next("HoTI", seen=home[used]).t - asked[used]
    assert 0.8 * MAX_TOKEN_LIFETIME * SECOND < renewed < MAX_TOKEN_LIFETIME * SECOND
    assert idle.count("HoTI") == home[idle]
    renewals = used.count("HoTI")
    move("foreign1")
    assert idle.count("HoTI") == home[idle] + 1 and used.count("HoTI") == renewals


SCRIPTS = {
    "MN_12_7": (many_homes, OPTIMIZED), "MN_12_5": (silent_peers, OPTIMIZED),
    "MN_12_4": (solicitation, UNSCALED), "MN_12_3": (discovery, UNSCALED),
    "MN_12_2": (refresh, UNSCALED), "MN_12_1": (first_registration, UNSCALED),
    "MN_12_6": (tokens, OPTIMIZED),
}


class Player(threading.Thread):
    """One of them: its world, and what went wrong in it."""

    def __init__(self, folder, name):
        super().__init__(daemon=True)
        self.script, usual = SCRIPTS[name]
        self.w = Around(os.path.join(folder, name), "mn", tag=f"{name[-1]}-")
        self.w.usual = usual
        self.error = None

    def run(self):
        try:
            self.script(self.w)
        except BaseException as e:      # pylint: disable=broad-except
            self.error = e

    def result(self):
        self.join()
        if self.error:
            raise self.error


@pytest.fixture(scope="module")
def players(request):
    """Those whose cases are to be run, all of them under way."""
    folder = os.path.join(os.environ["LAB_OUT"], request.module.__name__)
    wanted = [i.callspec.id for i in request.session.items if i.module is request.module]
    those = {name: Player(folder, name) for name in SCRIPTS if name in wanted}
    try:
        for p in those.values():
            p.start()
        yield those
    finally:
        for p in those.values():
            p.w.finish(failed=p.error is not None or p.is_alive())


@cases({name: name for name in SCRIPTS})
def test_the_times_of_the_rfc_as_they_are(players, row):
    signal.alarm(LIMIT)         # longer than other scenarios may take
    players[row].result()
