# SPDX-License-Identifier: BSD-2-Clause
"""Route optimisation of a mobile node with a correspondent that stands still."""
import time

from net import HOA
from peer import ADDRESS, Peer
from ping import Pings
from proc import until
from scene import answered, arrived, at, away, seen, stats, wait_seen

RO = {"route_optimization": {"enabled": True}}


def start(net, link="foreign1", **more):
    """A correspondent and both daemons, the mobile router away; the peer, the daemons."""
    net.correspondent()
    cn = Peer(net.cn)
    ha, mr = away(net, link, mr={**RO, **more})
    return cn, ha, mr


def bound(cn, coa, limit=30):
    until(f"the peer has {coa}", lambda: cn.bindings.get(HOA) == coa, limit)


def flow(net, interval=0.05):
    return net.reactor.add(Pings(net.mr, ADDRESS, interval=interval, src=HOA))


def direct(net, captures, since):
    """Echoes of the pair that passed, each as (way, how)."""
    found = set()
    for cap in captures:
        for p in seen(net, cap, lambda p: True, since):
            inner = p.inner or p
            if inner.echo and ADDRESS in (inner.src, inner.dst):
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
    f.stop()
    assert direct(net, [up], since) == {("request", "hao"), ("reply", "rh2")}
    # nothing of the pair passes the home agent any more
    assert not direct(net, [core], since)
    assert not f.lost(since), "data were lost although the way was ready"


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
        bu = next(p for p in mh if p.mh.name == "BU" and p.dst != ADDRESS)
        coti = next(p for p in mh if p.mh.name == "CoTI")
        assert coti.src == coa and 0 < coti.t - bu.t < 5e6, (link, names)
        assert not seen(net, up, lambda p: p.inner and p.inner.mh and
                        p.inner.mh.name == "HoTI", moved), "the home token was fresh"
        ba = next(p for p in mh if p.mh.name == "BA" and p.src == ADDRESS)
        early = seen(net, up, lambda p: p.echo and p.hao == HOA and p.t < ba.t, moved)
        assert not early, "data with a home address option before the peer had acknowledged"
        answered([f], f"on {link}", times=5)
    f.stop()
    assert not seen(net, up, lambda p: p.mh and p.mh.name == "BE")


def test_at_the_end_the_peer_is_told(net):
    cn, ha, mr = start(net)
    f = flow(net)
    bound(cn, arrived(ha, mr, "foreign1"))
    mr.ctl.call("Deregister")
    until("the peer has forgotten", lambda: not cn.bindings)
    until("so has the home agent", lambda: not ha.bindings())
    mr.ctl.call("Refresh")
    bound(cn, arrived(ha, mr, "foreign1"))
    net.move(net.mr, "home")
    until("the peer has forgotten at home", lambda: not cn.bindings)
    last = [p for n, p in cn.heard if n == "BU"][-1]
    assert last.mh.lifetime == 0 and last.src == HOA and last.hao is None
    answered([f], "at home")
    f.stop()


def test_a_peer_that_starts_anew_is_optimized_again(net):
    cn, ha, mr = start(net)
    f = flow(net)
    coa = arrived(ha, mr, "foreign1")
    bound(cn, coa)
    answered([f], "directly")
    cn.forget()
    cn.error(coa, HOA)              # as it does when data come with a home address option
    bound(cn, coa)
    answered([f], "directly again", times=10)
    f.stop()


def test_expired_nonces_are_asked_for_again(net):
    cn, ha, mr = start(net)
    f = flow(net)
    bound(cn, arrived(ha, mr, "foreign1"))
    cn.index += 1                   # the tokens that are out there are of no use now
    net.move(net.mr, "foreign2")
    bound(cn, arrived(ha, mr, "foreign2"))
    answered([f], "directly")
    f.stop()


def quiet(cn, seconds=3):
    """Nothing of return routability reaches the peer for a while."""
    before = len(cn.heard)
    time.sleep(seconds)             # the question is whether something comes
    return len(cn.heard) == before


FAST = {"unsafe_timers": True, "timers": {"initial_bindack_timeout": 0.1,
                                          "max_bindack_timeout": 0.4}}


def test_peers_that_will_not_are_left_to_the_tunnel(net):
    """Silent, refusing, without Mobile IPv6: traffic goes on, and no flood of tests."""
    cn, ha, mr = start(net, **FAST)
    f = flow(net)

    def again(what, reason):
        until(f"left alone: {what}", lambda: mr.peers(state="hold"), 30)
        row = mr.peers()[0]
        assert row["how"] == "tunnel" and reason in row["reason"], row
        assert quiet(cn)
        answered([f], f"by the tunnel: {what}")
        cn.heard.clear()
        mr.stop()
        mr.start()
        arrived(ha, mr, "foreign1")

    cn.silent = {"HoTI", "CoTI"}
    again("silent", "no answer")
    cn.silent, cn.status = set(), 129
    again("refusing", "129")
    cn.status = None
    cn.silent = {"HoTI", "CoTI"}
    until("a test", lambda: cn.count("CoTI"))
    cn.error(cn.heard[-1][1].src, cn.heard[-1][1].src, status=2)
    again("Binding Error 2", "does not speak")
    f.stop()
