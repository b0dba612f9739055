# SPDX-License-Identifier: BSD-2-Clause
"""The thin thread: one mobile router, one IPv6 and one IPv4 prefix, two foreign links."""
import os
import time

import conf
import daemon
from net import A4, A6, B4, B6, HOA, HOME_PREFIX, MNP, MNP4
from ping import Pings
from pkt import hides, messages, untunnelled
from proc import until
from scene import arrived, traffic


def _all_answered(net, what, limit=30):
    """Pings between A and B, both ways, both families, until each flow is answered in a row."""
    flows = [net.reactor.add(Pings(n, dst, interval=0.05)) for n, dst in
             ((net.a, B6), (net.a, B4), (net.b, A6), (net.b, A4))]
    try:
        for f in flows:
            until(f"{f.name} {what}", lambda: len(f.back) >= 5, limit)
    finally:
        for f in flows:
            f.stop()


def test_the_mobile_network_moves(net):
    caps = {n: r.capture("acc0") for n, r in net.foreign_routers().items()}
    home = net.ha.capture("home0")
    ha = daemon.ha(net)
    mr = daemon.mr(net)
    daemon.wait_home(mr)            # else its advertisement at home may leave with the cable
    began = net.move(net.mr, "foreign1")
    daemon.wait_registered(mr, "2001:db8:f1:")
    one = daemon.wait_binding(ha, HOA)
    assert one
    _all_answered(net, "at foreign1")
    net.move(net.mr, "foreign2")
    daemon.wait_registered(mr, "2001:db8:f2:")
    _all_answered(net, "at foreign2")
    time.sleep(0.5)
    mr.stop()
    ha.stop()
    for c in (*caps.values(), home):
        c.stop()
    hidden = hides(HOME_PREFIX, MNP, MNP4)
    for link, cap in caps.items():
        bus, bas = messages(cap.path, "BU"), messages(cap.path, "BA")
        assert bus and bas, f"no Binding Update or Acknowledgement seen on {link}"
        assert all(b.hao == HOA for b in bus) and all(b.rh2 == HOA for b in bas)
        assert "R" in bus[0].mh.flags and "R" in bas[0].mh.flags
        assert bas[0].mh.status == 0
        leaks = untunnelled(cap.path, lambda a: a != "2001:db8:280::1" and hidden(a), began)
        assert not leaks, "\n".join(map(str, leaks[:10]))
    assert not mr.leftovers() and not ha.leftovers()


def example(node, name, **changes):
    """The text of an example configuration, with this node's own socket, folder and key."""
    with open(os.path.join(daemon.REPO, "conf", f"mip6d-{name}.conf")) as f:
        text = f.read()
    changes["/etc/mip6d/ha.key"] = conf.key_file(node.world)
    for was, now in changes.items():
        assert was in text
        text = text.replace(was, now)
    return text + conf.text(conf.common(node))


def test_the_examples_work_with_two_uplinks(lab):
    """The example configurations as they are, but for the home agent's device; the preferred
    uplink is used as long as it works."""
    net = lab(uplinks=("wwan0", "wlan0"))
    ha = daemon.ha(net, example(net.ha, "ha", eth0="home0"))
    mr = daemon.mr(net, text=example(net.mr, "mr"))
    daemon.wait_home(mr)
    net.move(net.mr, "foreign1", dev="wwan0")
    net.move(net.mr, "foreign2", dev="wlan0")
    arrived(ha, mr, "foreign1")
    traffic(net, "by the preferred uplink")
    net.unplug(net.mr, "wwan0")
    arrived(ha, mr, "foreign2")
    traffic(net, "by the other uplink")
    net.move(net.mr, "foreign1", dev="wwan0")
    arrived(ha, mr, "foreign1")
    traffic(net, "by the preferred uplink again")
