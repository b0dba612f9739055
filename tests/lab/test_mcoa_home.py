# SPDX-License-Identifier: BSD-2-Clause
"""A mobile router on its home link and on a foreign one at once (RFC 5648 5.6), both real daemons.

      b ---- ha ---- core ==== r2 ---- foreign2 ---- up1  mr ---- a
              \\------------------- home ----------- up0 /

BID 1 is the home link, in clear; BID 2 the foreign one, in the tunnel.
"""
import socket
import time

import conf
import daemon
from net import A6, B6, HOA
from proc import until
from scene import (acks, answered, four_flows, nd_option, proxies, seen, stop, updates, wait_seen,
                   TARGET_LL)
from uplinks import Uplinks, bound_bids, coa_of, start, wait_bids, wait_primary

BID, LINK_LAYER = 35, 7
H = 0x80


def identifiers(update):
    """{BID: (H, the address it tells)} of a Binding Update."""
    return {int.from_bytes(b[:2], "big"): (bool(b[3] & H),
                                           socket.inet_ntop(socket.AF_INET6, b[4:20])
                                           if len(b) == 20 else None)
            for k, b in update.mh.options if k == BID}


def both(ha, mr=None):
    """Registered by both. mr: the operator says that the home link is good, though it flapped."""
    if mr:
        mr.mip6ctl("path", "up", "1")

    def there():
        has = bound_bids(ha)
        return set(has) == {1, 2} and has[1] == HOA and has[2].startswith(coa_of(2))
    until("the home link and foreign2 at the home agent", there, 60)


def about_home(net, cap, since):
    """Neighbour Discovery for the home address: (kind, who says it), without questions of b."""
    mine = net.b.mac("eth0")
    return {(p.nd, p.smac.hex(":")) for p in
            seen(net, cap, lambda p: p.nd in ("NS", "NA") and p.target == HOA, since)
            if p.smac.hex(":") != mine}


def by_home(net, cap, what):
    """Echo requests of a and of b pass on the home link in clear."""
    now = time.time_ns()
    for src, dst in ((A6, B6), (B6, A6)):
        wait_seen(net, cap, f"{src} to {dst} on the home link {what}",
                  lambda p: p.inner is None and p.echo and p.echo[0] == "request" and
                  (p.src, p.dst) == (src, dst), now)


def by_tunnel(net, cap, what):
    now = time.time_ns()
    for src, dst in ((A6, B6), (B6, A6)):
        wait_seen(net, cap, f"{src} to {dst} through the tunnel {what}",
                  lambda p: p.inner and p.inner.echo and p.inner.echo[0] == "request" and
                  (p.inner.src, p.inner.dst) == (src, dst), now)


def the_update_with_h(net, cap, since):
    """The one that told of the home link: from elsewhere, with the link-layer address (5.6.3)."""
    bu = next(u for u in updates(net, cap, since)
              if any(home for home, _ in identifiers(u).values()))
    says = identifiers(bu)
    assert says[1] == (True, HOA) and says[2][0] is False and bu.mh.lifetime, says
    assert bu.src.startswith(coa_of(2)) and bu.hao == HOA, bu
    told = [b for k, b in bu.mh.options if k == LINK_LAYER]
    assert told == [b"\x02" + bytes.fromhex(net.mr.mac("up0").replace(":", ""))], told
    return bu


def test_home_link_and_a_foreign_one_at_once(lab):
    net = lab(Uplinks, n=2)
    h, m = start(net, ha={"simultaneous_home": "ndp"}, mr={"home": {"simultaneous_home": True}})
    mr, ha = net.mr.mac("up0"), net.ha.mac("home0")
    home, out = net.mr.capture("up0"), net.mr.capture("up1")
    flows = four_flows(net)
    answered(flows, "from two foreign links")
    # it comes home with one of the two
    since = net.move(net.mr, "home", dev="up0")
    both(h)
    asked = the_update_with_h(net, out, since)
    na = wait_seen(net, home, "the router's advertisement of its home address",
                   lambda p: p.nd == "NA" and p.target == HOA and p.smac.hex(":") == mr, since)
    assert nd_option(na, TARGET_LL) == mr
    agreed = next(p for p in acks(net, out, asked.t) if p.mh.seq == asked.mh.seq)
    assert na.t > agreed.t and agreed.mh.status == 0, (na, agreed)
    assert ("NS", mr) not in about_home(net, home, since)
    assert HOA not in proxies(net.ha)
    wait_primary(h, 1)
    answered(flows, "by the home link")
    by_home(net, home, "first")
    # the operator's choice, and back
    m.mip6ctl("path", "prefer", "2")
    wait_primary(h, 2)
    by_tunnel(net, out, "preferred")
    both(h)
    m.mip6ctl("path", "prefer", "none")
    wait_primary(h, 1)
    by_home(net, home, "again")
    # the home link is pulled: an update without H from the other one (5.6.5)
    since = net.pull(1)
    wait_bids(h, 2)
    bu = wait_seen(net, out, "an update without H", lambda p: p.mh and p.mh.name == "BU" and
                   identifiers(p) and not any(home for home, _ in identifiers(p).values()), since)
    assert bu.mh.lifetime and set(identifiers(bu)) == {2}, bu
    answered(flows, "without the home link")
    by_tunnel(net, out, "alone")
    assert HOA in proxies(net.ha)
    net.move(net.mr, "home", dev="up0")
    both(h, m)
    wait_primary(h, 1)
    # the foreign link dies in silence: the home agent hears of it on the home link
    since = net.cut(2)
    answered(flows, "with a dead foreign link")
    wait_seen(net, home, "an update from the home link", lambda p: p.mh and p.mh.name == "BU" and
              p.src == HOA and p.hao is None and p.mh.lifetime and identifiers(p)[1][0], since)
    net.mend(2)
    answered(flows, "with a foreign link that lives")
    # it is pulled: home for good, and back to both without a break
    net.pull(2)
    daemon.wait_home(m)
    daemon.wait_no_binding(h)
    answered(flows, "at home for good")
    by_home(net, home, "for good")
    net.plug(2)
    both(h)
    answered(flows, "by the home link once more")
    # other routers there: the home agent goes on defending, the router is silent
    net.pull(1)
    wait_bids(h, 2)
    h.write(conf.ha_conf(net, simultaneous_home="proxy"))
    h.mip6ctl("config", "reload")
    at_b = net.b.capture("eth0")
    since = net.move(net.mr, "home", dev="up0")
    both(h, m)
    wait_primary(h, 1)
    answered(flows, "by the home link, silently")
    by_home(net, home, "silently")
    assert HOA in proxies(net.ha)
    net.b.run("ip", "-6", "neigh", "flush", "dev", "eth0")
    assert " 0% packet loss" in net.b.run("ping", "-6", "-c", "2", HOA)
    assert about_home(net, at_b, since) <= {("NA", ha)}
    assert not [p for p in seen(net, home, lambda p: p.nd == "NS" and p.src == HOA, since)]
    net.pull(2)
    daemon.wait_home(m)
    answered(flows, "at home for good, the second time")
    stop(flows)
