# SPDX-License-Identifier: BSD-2-Clause
"""Route optimisation while connections last: moves, restarts, two that are both away, one behind
a mobile router."""
import conf
import daemon
from net import CN6, MN_HOA, mn_hoa
from pkt import packets
from proc import until
from ra import radvd
from scene import arrived, seen, wait_seen
from sock import Session

PORT = 5001
RO = {"route_optimization": {"enabled": True}}
SECOND = mn_hoa(1)


def optimised(d, **wanted):
    """Wait until a daemon has an optimised peer like this; its row."""
    return until(f"{d.node.name} has {wanted}", lambda: next(
        (p for p in d.peers(**wanted) if p["how"] == "optimised"), None), 60)


def bound(cn, hoa, coa):
    until(f"{cn.node.name} has {hoa} at {coa}", lambda: cn.peers(peer=hoa, care_of=coa), 60)


def host(net, n=0, roles=("mn",), **more):
    return daemon.mn(net, n, roles=roles, **RO, **more)


def between(p, one, other):
    """TCP of these two addresses, in a tunnel or not."""
    inner = p.innermost()
    ends = {inner.rh2 or inner.dst, inner.hao or inner.src}
    return inner.proto == 6 and ends == {one, other}


def test_tcp_through_five_moves_of_an_optimised_host(lab):
    net = lab(mrs=0, mns=1)
    net.correspondent()
    cn = daemon.cn(net, net.cn)
    ha = daemon.ha(net)
    mn = host(net)
    net.move(net.mn, "foreign1")
    arrived(ha, mn, "foreign1", MN_HOA)
    wire = net.mn.capture("up0", frames=4096)
    session = Session(net.cn, net.mn, CN6, PORT).talk()
    assert session.source == MN_HOA
    for to in ("foreign2", "foreign1", "foreign2", "home", "foreign1"):
        moved = net.move(net.mn, to)
        session.talk()                      # whatever way it goes meanwhile
        if to == "home":
            daemon.wait_home(mn)
            until("the correspondent has forgotten", lambda: not cn.peers(peer=MN_HOA), 60)
            session.talk()
            continue
        coa = arrived(ha, mn, to, MN_HOA)
        session.talk()
        bound(cn, MN_HOA, coa)
        optimised(mn, peer=CN6, care_of=coa)
        session.talk()
        for mark, how in (("home address option", lambda p: p.hao == MN_HOA and p.src == coa),
                          ("routing header", lambda p: p.rh2 == MN_HOA and p.dst == coa)):
            wait_seen(net, wire, f"{mark} on {to}",
                      lambda p: between(p, MN_HOA, CN6) and not p.inner and how(p), moved)
    session.talk().close()
    wire.stop()
    errors = [str(p) for p in packets(wire.path) if p.mh and p.mh.name == "BE"]
    assert not errors, "data that the correspondent could not accept"


def test_both_are_away_and_both_optimise(lab):
    net = lab(mrs=0, mns=2)
    ha = daemon.ha(net)
    one, other = (host(net, n, roles=("mn", "cn")) for n in (0, 1))
    for n, link in ((0, "foreign1"), (1, "foreign2")):
        net.move(net.mns[n], link)
    coa = [arrived(ha, one, "foreign1", MN_HOA), arrived(ha, other, "foreign2", SECOND)]
    wire = net.mns[0].capture("up0", frames=4096)
    at_home = net.ha.capture("core0", frames=4096)
    session = Session(net.mns[1], net.mns[0], SECOND, PORT).talk()
    assert session.source == MN_HOA
    for d, peer, theirs in ((one, SECOND, coa[1]), (other, MN_HOA, coa[0])):
        optimised(d, peer=peer, role="mn")
        optimised(d, peer=peer, role="cn")
        bound(d, peer, theirs)
    session.talk()

    def both(p, src, hao, dst, rh2):
        return (p.src, p.hao, p.dst, p.rh2) == (src, hao, dst, rh2) and p.proto == 6
    wait_seen(net, wire, "both headers out",
              lambda p: both(p, coa[0], MN_HOA, coa[1], SECOND))
    last = wait_seen(net, wire, "both headers in",
                     lambda p: both(p, coa[1], SECOND, coa[0], MN_HOA))
    session.talk().talk()
    late = seen(net, at_home, lambda p: between(p, MN_HOA, SECOND), last.t)
    assert not late, f"by way of the home agent: {late[0]}"
    # one moves, the other does not notice
    moved = net.move(net.mns[0], "foreign2")
    new = arrived(ha, one, "foreign2", MN_HOA)
    session.talk()
    bound(other, MN_HOA, new)
    session.talk()
    wait_seen(net, wire, "both headers again",
              lambda p: both(p, new, MN_HOA, coa[1], SECOND), moved)
    session.close()
    wire.stop()
    assert not [p for p in packets(wire.path) if p.mh and p.mh.name == "BE"]


def test_home_agent_restarts_under_an_optimised_host(lab):
    net = lab(mrs=0, mns=1)
    net.correspondent()
    cn = daemon.cn(net, net.cn)
    ha = daemon.ha(net)
    mn = host(net)
    net.move(net.mn, "foreign1")
    coa = arrived(ha, mn, "foreign1", MN_HOA)
    session = Session(net.cn, net.mn, CN6, PORT).talk()
    bound(cn, MN_HOA, coa)
    optimised(mn, peer=CN6)
    session.talk()
    ha.kill()
    session.talk()                          # nothing of it goes by the home agent
    ha.start()
    daemon.wait_binding(ha, MN_HOA, coa, limit=60)
    session.talk()
    optimised(mn, peer=CN6, care_of=coa)
    session.talk().close()


def test_optimised_behind_a_mobile_router(lab):
    """The host's care-of address is of the mobile network: its packets go by the router's home
    agent and no other way round."""
    net = lab(mns=1, mrs=1)
    net.correspondent()
    net.core.route("2001:db8:281::/48", via="2001:db8:c0::2")
    lan = net.bridge("lan")
    net.mr.sysctl("net.ipv6.conf.default.accept_dad", 0)    # else it differs at the end
    lan.plug(net.mr, "lan1")
    net.mr.addr("lan1", "2001:db8:281:1::1/64")
    prefixes = ["2001:db8:281::/64", "10.0.0.0/24", "2001:db8:281:1::/64"]
    ra = radvd(net.mr, "lan1", "2001:db8:281:1::1/64")
    cn = daemon.cn(net, net.cn)
    ha = daemon.ha(net, mobile_nodes=[
        conf.mobile_node(security=conf.auth(net), prefixes=prefixes),
        conf.mobile_host(security=conf.auth(net, spi=conf.HOST_SPI))])
    mr = daemon.mr(net, prefixes=[conf.prefix(p, device="lan1" if ":1:" in p else "lan0")
                                  for p in prefixes])
    net.move(net.mr, "foreign1")
    outer = arrived(ha, mr, "foreign1")
    net.move(net.mn, "lan")
    mn = host(net)
    inner = daemon.address(daemon.wait_registered(mn, "2001:db8:281:1:", limit=60)
                           ["registered_care_of"])
    wire = net.mr.capture("up0", frames=4096)
    session = Session(net.cn, net.mn, CN6, PORT).talk()
    bound(cn, MN_HOA, inner)
    optimised(mn, peer=CN6, care_of=inner)
    session.talk()
    # in the router's tunnel: the host's own packet with both ways' header, no second tunnel
    for what, test in (("out", lambda p: p.src == outer and p.inner.hao == MN_HOA),
                       ("in", lambda p: p.dst == outer and p.inner.rh2 == MN_HOA)):
        wait_seen(net, wire, what, lambda p: p.inner is not None and p.inner.inner is None
                  and between(p, MN_HOA, CN6) and test(p))
    moved = net.move(net.mr, "foreign2")    # the host does not notice
    outer = arrived(ha, mr, "foreign2")
    session.talk()
    wait_seen(net, wire, "out again", lambda p: p.inner is not None and p.src == outer
              and p.inner.hao == MN_HOA, moved)
    session.close()
    ra.stop()
