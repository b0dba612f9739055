# SPDX-License-Identifier: BSD-2-Clause
"""The rule sets of the guide drop what they do not know, and let everything of ours through."""
import socket

import daemon
import nft
from net import B4, B6, CN6, MN_HOA
from ping import Pings
from proc import until
from scene import answered, arrived, stop
from sock import Session

SSH = 22                # the port that the guide's rule sets leave open
NOT_STATEFUL = ("rt type", "exthdr")


def test_the_firewalls_of_the_guide(lab):
    net = lab(mns=1)
    net.correspondent()
    nft.load(net.ha, "home-agent.md", "home_agent", eth0="home0")
    nft.load(net.mr, "vehicle-router.md", "mobile_router")
    for host in (net.mn, net.cn):
        nft.load(host, "host.md", "host", without=NOT_STATEFUL)
    net.move(net.mr, "foreign1")
    net.move(net.mn, "foreign2")
    cn = daemon.cn(net, net.cn)
    ha = daemon.ha(net)
    mr = daemon.mr(net)
    # the discovery of home agents is ICMPv6 that connection tracking calls invalid
    mn = daemon.mn(net, home={"home_agent": "discover"}, route_optimization={"enabled": True})
    arrived(ha, mr, "foreign1")
    arrived(ha, mn, "foreign2", MN_HOA)
    out = [net.reactor.add(Pings(net.a, dst, interval=0.05)) for dst in (B6, B4)]
    answered(out, "from the mobile network")
    sessions = [Session(net.b, net.a, B6, SSH).talk(), *straight(net, mn, cn)]
    for node, dev in ((net.mr, "foreign2"), (net.mn, "foreign1")):
        net.move(node, dev)
    arrived(ha, mr, "foreign2")
    coa = arrived(ha, mn, "foreign1", MN_HOA)
    until("the peer has the new address", lambda: cn.peers(peer=MN_HOA, care_of=coa))
    answered(out, "after a move")
    for s in sessions:
        s.talk().close()
    stop(out)


def straight(net, mn, cn):
    """Sessions of the mobile host with the correspondent by the straight way, begun at either end.
    Without the rules for it connection tracking loses them."""
    ping = net.reactor.add(Pings(net.mn, CN6, interval=0.05, src=MN_HOA))
    until("the straight way", lambda: cn.peers(peer=MN_HOA) and
          [p for p in mn.peers() if p["how"] == "optimised"])
    ping.stop()
    before = {host: nft.dropped(host) for host in (net.mn, net.cn)}
    lost = net.cn.socket(socket.AF_INET6, socket.SOCK_STREAM, 0)
    lost.setblocking(False)
    lost.connect_ex((MN_HOA, SSH))
    until("something of it is not let in",
          lambda: any(nft.dropped(host) > n for host, n in before.items()), step=0.5)
    lost.close()
    for host in (net.mn, net.cn):
        nft.load(host, "host.md", "host")
    sessions = (Session(net.cn, net.mn, CN6, SSH, bind=MN_HOA).talk(),
                Session(net.mn, net.cn, MN_HOA, SSH).talk())
    assert nft.packets(net.mn, "rt type:2") and nft.packets(net.cn, "ipv6header")
    return sessions
