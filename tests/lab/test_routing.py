# SPDX-License-Identifier: BSD-2-Clause
"""BIRD and FRR on the home agent, each with the example that is installed, tell the router upstream
which mobile networks there are, IPv6 and IPv4: when they register, and until they are gone."""
import conf
import daemon
import routing
from net import A6, CN6, HOA, MNP, MNP4
from ping import Pings
from proc import until
from scene import answered, arrived, away, mip6_routes, stop

BOTH = (MNP, MNP4)
TABLE = 6275                    # of bird.conf.example
OF_BIRD = {"announce_table": TABLE, "home_routes": False}
OF_FRR = {"home_routes": False}


class Upstream:
    """The core is a BGP router now: what its kernel was told since it began."""

    def __init__(self, net):
        self.routes = routing.Routes(net.core)
        self.bird = routing.bird(net.core, text=routing.UPSTREAM)

    def history(self):
        """For each prefix "+" where it came, "-" where it went."""
        return [self.routes.of(p) for p in BOTH]

    def wait(self, history, why):
        until(f"upstream {why}: {history}", lambda: self.history() == [history] * 2)


def registers_moves(net, ha, mr, up):
    """Learned once, used, and not touched by a handover."""
    up.wait("+", "learns both")
    p = net.reactor.add(Pings(net.cn, A6, src=CN6, interval=0.05))
    answered([p], "by the route that was learned")
    assert not net.core.run("ip", "-6", "route", "show", HOA), "a home address is announced"
    net.move(net.mr, "foreign2")
    arrived(ha, mr, "foreign2")
    answered([p], "elsewhere")
    stop([p])


def test_bird_announces_what_is_registered(lab):
    net = lab()
    net.correspondent()
    lab.leftovers_allowed = True            # of a mobile router that does not come back
    up = Upstream(net)
    ha, mr = away(net, ha=OF_BIRD)
    bird = routing.bird(net.ha, routing.example("bird"))
    registers_moves(net, ha, mr, up)
    up.wait("+", "saw no handover")
    mr.stop()
    up.wait("+-", "loses both")
    mr.start()
    up.wait("+-+", "learns both again")
    # killed: what it forwards it announces; its successor knows nothing of that router
    ha.kill()
    mr.kill()
    ha.start()
    up.wait("+-+-", "forgets who did not come back")
    ha.stop()
    ha.write(conf.ha_conf(net, **{**OF_BIRD, "home_routes": True}))
    ha.start()
    up.wait("+-+-+", "has them whether they are registered or not")
    mr.start()
    arrived(ha, mr, "foreign2")
    assert len(mip6_routes(net.ha)) == 5, "two of each prefix, one of the home address"
    up.wait("+-+-+", "saw no registration")
    bird.stop()
    up.bird.stop()


def test_frr_announces_what_is_registered(net):
    net.correspondent()
    up = Upstream(net)
    ha, mr = away(net, ha=OF_FRR)
    frr = routing.frr(net.ha, routing.example("frr"))
    registers_moves(net, ha, mr, up)
    ha.mip6ctl("binding", "flush", HOA)     # its probes tell the mobile router
    up.wait("+-+", "loses both, and learns them again")
    net.move(net.mr, "home")
    daemon.wait_home(mr)
    up.wait("+-+-", "loses what is at home")
    for one in (*reversed(frr), up.bird):
        one.stop()
