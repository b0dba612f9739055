# SPDX-License-Identifier: BSD-2-Clause
"""Route optimisation of a mobile node with a correspondent that stands still."""
import time

import daemon
from net import CN6, HOA
from peer import Peer
from ping import Pings
from proc import until
from scene import answered, arrived, away, seen, wait_seen

RO = {"route_optimization": {"enabled": True}}


def start(net, link="foreign1", by_hand=False, **more):
    """A correspondent and both daemons, the mobile router away; the peer, the daemons."""
    net.correspondent()
    cn = Peer(net.cn) if by_hand else daemon.cn(net, net.cn)
    ha, mr = away(net, link, mr={**RO, **more})
    return cn, ha, mr


def bound(cn, coa, limit=60):
    """The peer has this care-of address of the home address."""
    until(f"the peer has {coa}", lambda: cn.peers(peer=HOA, care_of=coa), limit)


def flow(net, interval=0.05):
    return net.reactor.add(Pings(net.mr, CN6, interval=interval, src=HOA))


def direct(net, captures, since):
    """Echoes of the pair that passed, each as (way, how)."""
    found = set()
    for cap in captures:
        for p in seen(net, cap, lambda p: True, since):
            inner = p.inner or p
            if inner.echo and CN6 in (inner.src, inner.dst):
                found.add((inner.echo[0], "tunnel" if p.inner else "hao" if p.hao else
                           "rh2" if p.rh2 else "plain"))
    return found


def test_data_go_directly_both_ways(net):
    up, core = net.mr.capture("up0"), net.ha.capture("core0")
    cn, ha, mr = start(net)
    coa = arrived(ha, mr, "foreign1")
    f = flow(net)
    answered([f], "by the tunnel or directly")
    bound(cn, coa)
    wait_seen(net, up, "direct data", lambda p: p.echo and p.hao == HOA and p.src == coa)
    since = time.time_ns()
    answered([f], "directly", times=20)
    until_here = time.time_ns() - 1_000_000_000     # those may still be under way
    f.stop()
    assert direct(net, [up], since) == {("request", "hao"), ("reply", "rh2")}
    # nothing of the pair passes the home agent any more
    assert not direct(net, [core], since)
    assert not f.lost(since, until_here), "data were lost although the way was ready"


def test_a_move_costs_a_care_of_test_and_an_update(net):
    """Home registration and care-of test go together; nothing is sent that the peer cannot take."""
    up = net.mr.capture("up0")
    cn, ha, mr = start(net)
    f = flow(net)
    bound(cn, arrived(ha, mr, "foreign1"))
    for link in ("foreign2", "foreign1") * 2 + ("foreign2",):
        moved = net.move(net.mr, link)
        coa = arrived(ha, mr, link)
        bound(cn, coa)
        wait_seen(net, up, "direct data", lambda p: p.echo and p.hao == HOA and p.src == coa, moved)
        mh = seen(net, up, lambda p: p.mh and p.src != HOA and not p.inner, moved)
        names = [p.mh.name for p in mh]
        bu = next(p for p in mh if p.mh.name == "BU" and p.dst != CN6)
        coti = next(p for p in mh if p.mh.name == "CoTI")
        yes = next(p for p in mh if p.mh.name == "BA" and p.src != CN6)
        assert coti.src == coa and bu.t < coti.t < yes.t, (link, names)
        assert not seen(net, up, lambda p: p.inner and p.inner.mh and
                        p.inner.mh.name == "HoTI", moved), "the home token was fresh"
        ba = next(p for p in mh if p.mh.name == "BA" and p.src == CN6)
        # what the kernel sends before the node has seen the new link still has the old address
        early = seen(net, up, lambda p: p.echo and p.hao == HOA and p.t < ba.t and
                     (p.src == coa or p.t > bu.t), moved)
        assert not early, f"data directly before the peer had acknowledged: {early}"
        # so long that no more than MAX_UPDATE_RATE moves are within a second
        answered([f], f"on {link}", times=12)
    f.stop()
    assert not seen(net, up, lambda p: p.mh and p.mh.name == "BE")


def test_at_the_end_the_peer_is_told(net):
    up = net.mr.capture("up0")
    cn, ha, mr = start(net)
    f = flow(net)
    bound(cn, arrived(ha, mr, "foreign1"))
    mr.ctl.call("Deregister")
    until("the peer has forgotten", lambda: not cn.peers())
    until("so has the home agent", lambda: not ha.bindings())
    until("that is done", lambda: mr.registrations(state="idle"))
    mr.ctl.call("Refresh")
    # it takes no token of the nonce of a binding that was deleted: the next nonce is half a
    # minute off, and the sequence number begins behind the one that it knows
    bound(cn, arrived(ha, mr, "foreign1"), limit=120)
    moved = net.move(net.mr, "home")
    until("the peer has forgotten at home", lambda: not cn.peers(), 60)
    told = seen(net, up, lambda p: p.mh and p.mh.name == "BU" and p.dst == CN6, moved)
    assert told and all(b.mh.lifetime == 0 and b.src == HOA and b.hao is None for b in told)
    answered([f], "at home")
    f.stop()


def test_a_peer_that_starts_anew_is_optimized_again(net):
    """Its kernel knows no binding then: a Binding Error says so, and all its nonces are new."""
    up = net.mr.capture("up0")
    cn, ha, mr = start(net)
    f = flow(net)
    coa = arrived(ha, mr, "foreign1")
    bound(cn, coa)
    answered([f], "directly")
    cn.kill()
    again = time.time_ns()
    cn.start()
    wait_seen(net, up, "a Binding Error", lambda p: p.mh and p.mh.name == "BE", again)
    bound(cn, coa)
    answered([f], "directly again", times=10)
    f.stop()


def test_expired_nonces_are_asked_for_again(net):
    """A correspondent by hand, whose tokens are of no use when the node moves: 136, 137 or 138."""
    cn, ha, mr = start(net, by_hand=True)
    flow_to_nowhere = flow(net)
    coa = arrived(ha, mr, "foreign1")
    until("it is bound", lambda: cn.bindings.get(HOA) == coa)
    flow_to_nowhere.stop()
    cn.index += 1
    net.move(net.mr, "foreign2")
    coa = arrived(ha, mr, "foreign2")
    until("it is bound again", lambda: cn.bindings.get(HOA) == coa, 60)
    assert cn.count("HoTI") == 2, "the home token was renewed, because it had to be"


def quiet(cn, seconds=3):
    """Nothing of return routability reaches the peer for a while."""
    before = len(cn.heard)
    time.sleep(seconds)             # the question is whether something comes
    return len(cn.heard) == before


FAST = {"unsafe_timers": True, "timers": {"initial_bindack_timeout": 0.1,
                                          "max_bindack_timeout": 0.4}}


def test_peers_that_will_not_are_left_to_the_tunnel(net):
    """Silent, refusing, without Mobile IPv6: traffic goes on, and no flood of tests."""
    cn, ha, mr = start(net, by_hand=True, **FAST)
    cn.silent = {"HoTI", "CoTI"}
    f = flow(net)

    def left(what, reason, **then):
        """Left alone for that reason; `then` is what the peer does to the next run."""
        until(f"left alone: {what}", lambda: mr.peers(state="hold"), 30)
        row = mr.peers()[0]
        assert row["how"] == "tunnel" and reason in row["reason"], row
        assert reason in mr.mip6ctl("peer")
        assert quiet(cn)
        answered([f], f"by the tunnel: {what}")
        mr.stop()
        cn.heard.clear()
        cn.silent, cn.status = then.get("silent", set()), then.get("status")
        mr.start()
        arrived(ha, mr, "foreign1")

    left("silent", "no answer", status=129)
    left("refusing", "129", silent={"HoTI", "CoTI"})
    until("a test", lambda: cn.count("CoTI"))
    coa = next(p.src for n, p in cn.heard if n == "CoTI")
    cn.error(coa, coa, status=2)
    left("Binding Error 2", "does not speak")
    f.stop()
