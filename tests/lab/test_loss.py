# SPDX-License-Identifier: BSD-2-Clause
"""Signalling that gets lost: it is repeated, later and later, until it is heard."""
import socket
import time

import conf
import daemon
from forge import binding_update
from net import HA_ADDR, HOA, MNP
from proc import until
from scene import (acks, answered, arrived, at, away, four_flows, refusals, rising, stats, stop,
                   traffic, updates, wait_seen)

FIRST, NEXT = 1.5, 1.0          # seconds: the first registration waits for DAD, others do not
CORE = "2001:db8:c0::1"         # the core's own address, next to the home agent
EARLY = 0.9                     # clocks of a capture and of a daemon are not read together


def gaps(messages):
    return [(b.t - a.t) / 1e9 for a, b in zip(messages, messages[1:])]


def backs_off(messages, first):
    """Each is later behind the one before than the last one was, at least by the rule."""
    return all(gap >= first * 2 ** i * EARLY for i, gap in enumerate(gaps(messages)))


def test_lost_updates_and_lost_acknowledgements_are_repeated(net):
    cap = net.mr.capture("up0")     # what is lost is lost behind it
    ha = daemon.ha(net)
    with net.lose("bu", times=2) as loss:
        net.move(net.mr, "foreign1")
        mr = daemon.mr(net)
        arrived(ha, mr, "foreign1")
        assert loss.count() == 2
    sent = updates(net, cap)
    assert len(sent) >= 3 and rising(sent), sent
    assert backs_off(sent[:3], FIRST), gaps(sent)
    heard = acks(net, cap)
    assert heard[0].t > sent[2].t and heard[0].mh.seq == sent[2].mh.seq
    traffic(net, "after two lost updates")
    # The home agent follows the first update; the mobile router hears nothing of it.
    with net.lose("ba", times=2) as loss:
        moved = net.move(net.mr, "foreign2")
        daemon.wait_registered(mr, at("foreign2"))
        assert loss.count() == 2
    sent = updates(net, cap, moved)
    assert len(sent) >= 3 and rising(sent), sent
    assert backs_off(sent[:3], NEXT), gaps(sent)
    assert all(b.mh.lifetime == sent[0].mh.lifetime for b in sent)
    assert acks(net, cap, moved)[0].mh.seq == sent[2].mh.seq
    # each of the three was accepted: none of them had been heard before
    assert stats(ha, "home_agent")["accepted"] >= 4
    assert refusals(ha, "home_agent", 135) == 0
    traffic(net, "after two lost acknowledgements")


def test_a_third_of_all_packets_is_lost(net):
    """On the last link, both ways. Nothing is certain then, so each wait is for what must come."""
    cap = net.mr.capture("up0")
    ha, mr = away(net)
    lossy = time.time_ns()
    for node, dev in ((net.mr, "up0"), (net.r1, "acc0"), (net.r2, "acc0")):
        net.shape(node, dev, loss=30)
    moved = net.move(net.mr, "foreign2")
    coa = arrived(ha, mr, "foreign2", limit=120)
    assert rising(updates(net, cap, lossy))
    flows = four_flows(net)
    answered(flows, "through the lossy link", times=10)
    lost = [f for f in flows if f.lost()]
    assert lost, "nothing was lost: the link is not as this scenario wants it"
    stop(flows)
    for node, dev in ((net.mr, "up0"), (net.r1, "acc0"), (net.r2, "acc0")):
        net.shape(node, dev)
    assert all(b.src == coa for b in updates(net, cap, moved)
               if b.src.startswith(at("foreign2")))
    traffic(net, "without loss")


def test_a_router_that_restarted_finds_its_place_in_the_sequence(net):
    """What it sent last is lost with it, and the home agent has heard higher numbers: 135."""
    cap = net.mr.capture("up0")
    ha, mr = away(net, ha={"security": conf.OPEN}, mr={"security": conf.OPEN})
    with net.lose("ba"):
        mr.ctl.call("Refresh")
        until("the home agent has heard the update", lambda: stats(ha, "home_agent")["bu"] >= 2)
        mr.kill()
    with net.lose("bu"):
        again = time.time_ns()
        mr.start()
        first = wait_seen(net, cap, "an update of the new run",
                          lambda p: p.mh and p.mh.name == "BU", again)
        # where a run begins is random: this makes it begin behind what the home agent knows
        known = (first.mh.seq + 1000) & 0xffff
        push(net, ha, known)
    arrived(ha, mr, "foreign1")
    sent, heard = updates(net, cap, again), acks(net, cap, again)
    old = [a for a in heard if a.mh.status == 135]
    assert old and old[0].mh.seq == known, heard
    done = [a for a in heard if a.mh.status == 0]
    assert done and done[0].mh.seq == (known + 1) & 0xffff, heard
    assert len([b for b in sent if b.t > old[0].t and b.t <= done[0].t]) == 1, sent
    assert refusals(mr, "mobile_node", 135) >= 1
    traffic(net, "after the numbers were found")


def push(net, ha, seq):
    """Make the home agent know this number, by updates from where nothing gets lost.

    Each must be newer than the one before, so more than half the number space takes two.
    """
    s = net.core.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    known = ha.bindings(home_address=HOA)[0]["sequence"]
    while known != seq:
        known = (known + min((seq - known) & 0xffff, 0x7000)) & 0xffff
        s.sendto(binding_update(CORE, HOA, known, prefixes=[MNP], nai=conf.nai()), (HA_ADDR, 0))
        until(f"number {known} is known",
              lambda: ha.bindings(home_address=HOA, sequence=known))
    s.close()
