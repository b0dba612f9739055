# SPDX-License-Identifier: BSD-2-Clause
"""Home networks that are more than a link (RFC 4887): extended and aggregated ones."""
import pytest

import conf
import daemon
from net import B6, HA_ADDR, HOA, MNP, MNP4
from ping import Pings
from scene import answered, arrived, mip6_routes, stop, traffic

WHOLE = "2001:db8:200::/40"         # the home network; its home link has 2001:db8:280::/64
OF_MNP = "2001:db8:281::beef"       # a home address from the mobile network prefix
CUT = "2001:db8:280:0:1::/80"       # a mobile network cut from the home link's own prefix
A_CUT, MR_CUT = "2001:db8:280:0:1::a", "2001:db8:280:0:1::1"


@pytest.mark.parametrize("mode", ["shared", "device"])
def test_home_address_from_the_mobile_network(net, mode):
    """Extended: the home link is one subnet of the home network, and the home address in another,
    that of the router's own mobile network."""
    nodes = [conf.mobile_node(0, conf.auth(net), home_address=OF_MNP)]
    net.move(net.mr, "foreign1")
    ha = daemon.ha(net, mobile_nodes=nodes, served_prefixes=(WHOLE,), tunnel=mode)
    mr = daemon.mr(net, home={"home_address": f"{OF_MNP}/40"})
    arrived(ha, mr, "foreign1", hoa=OF_MNP)
    own = net.reactor.add(Pings(net.mr, B6, src=OF_MNP, interval=0.05))
    to = net.reactor.add(Pings(net.b, OF_MNP, interval=0.05))
    answered([own, to], "of the home address")
    traffic(net, "at foreign1")
    net.move(net.mr, "foreign2")
    arrived(ha, mr, "foreign2", hoa=OF_MNP)
    answered([own, to], "of the home address after a move")
    stop([own, to])
    traffic(net, "at foreign2")


def test_mobile_network_within_the_prefix_of_the_home_link(net):
    """Aggregated: what is on the home link has a route to the part that moves."""
    net.mr.addr("lan0", f"{MR_CUT}/80")
    net.a.addr("eth0", f"{A_CUT}/80")
    net.b.route(CUT, via=HA_ADDR)   # as by a Route Information option
    nodes = [conf.mobile_node(0, conf.auth(net), prefixes=[CUT, MNP, MNP4])]
    net.move(net.mr, "foreign1")
    ha = daemon.ha(net, mobile_nodes=nodes)
    mr = daemon.mr(net, prefixes=[conf.prefix(p) for p in (CUT, MNP, MNP4)])
    arrived(ha, mr, "foreign1")
    flows = [net.reactor.add(Pings(net.a, B6, src=A_CUT, interval=0.05)),
             net.reactor.add(Pings(net.b, A_CUT, interval=0.05)),
             net.reactor.add(Pings(net.a, HOA, src=A_CUT, interval=0.05)),
             net.reactor.add(Pings(net.a, HA_ADDR, src=A_CUT, interval=0.05))]
    answered(flows, "at foreign1")
    net.move(net.mr, "foreign2")
    arrived(ha, mr, "foreign2")
    answered(flows, "at foreign2")
    net.move(net.mr, "home")
    daemon.wait_home(mr)
    daemon.wait_no_binding(ha)
    answered(flows, "at home")
    net.move(net.mr, "foreign1")
    arrived(ha, mr, "foreign1")
    answered(flows, "away again")
    stop(flows)
    traffic(net, "and all the rest")
    assert [r for r in mip6_routes(net.ha) if r.startswith(CUT)]
