# SPDX-License-Identifier: BSD-2-Clause
"""Mistakes of a new user that only a network shows, and what the daemons and mip6ctl say to them:
where the mistake is and what to do. tests/mistakes has those that need no network, test_doctor.py
what "mip6ctl doctor" finds, test_restart.py what stands in the way of a start."""
import glob
import os
import subprocess

import conf
import daemon
from daemon import MIP6CTL, NOBODY
from net import HA_ADDR, HOA, MNP4
from proc import until
from test_restart import run_to_its_end

# The same steps as with the times of the RFCs, sooner.
SOON = {"unsafe_timers": True,
        "timers": {"initial_bindack_timeout": 0.1, "initial_bindack_timeout_first": 0.1}}
WITHOUT_CAPS = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                "--bounding-set=-all", "--inh-caps=-all"]
SILENCE = "no answer to several updates: is this the home agent's address, does mip6d run there"
NOT_USED = "2001:db8:280::77"


def other(net, **more):
    """Security that is not what the home agent has."""
    key = conf.key_file(net, "other.key", "00" * 16 if "spi" not in more else conf.KEY)
    return {"method": "auth-option", "spi": 1000, "key_file": key, **more}


# What the operator of the mobile router did wrong; its settings; what the log of the home agent
# says (None: nothing, as it hears nothing); what "mip6ctl registration show" says there.
DISAGREE = [
    ("another key", lambda net: {"security": other(net)},
     "wrong authentication data: is the key in key_file the same at both ends?",
     "are spi and key the same on both sides?"),
    ("another SPI", lambda net: {"security": other(net, spi=1003)},
     "unknown SPI: it is not spi of this node in mobile_nodes", SILENCE),
    ("another NAI", lambda net: {"home": {"nai": "bus99@example.org"}},
     "its identifier is not nai of this node in mobile_nodes",
     "add it to mobile_nodes there, or check nai"),
    ("a prefix that is not the node's",
     lambda net: {"prefixes": [conf.prefix("2001:db8:289::/64"), conf.prefix(MNP4)]},
     "it is not in prefixes of this node in mobile_nodes: 2001:db8:289::/64",
     "(142): it must be in prefixes of this node in mobile_nodes there"),
    ("a home address that is not configured",
     lambda net: {"home": {"home_address": "2001:db8:280::dead/64"}},
     "the home address is not in mobile_nodes", SILENCE),
    ("another address as the home agent", lambda net: {"home": {"home_agent": NOT_USED}}, None,
     SILENCE),
]


def test_ends_that_disagree(net):
    net.move(net.mr, "foreign1")
    ha = daemon.ha(net)
    for mistake, settings, at_home, away in DISAGREE:
        ends_disagree(net, ha, mistake, settings(net), at_home, away)
    one = daemon.mr(net)                    # and with nothing wrong
    daemon.wait_registered(one)
    assert "problem" not in one.mip6ctl("registration", "show")
    one.stop()


def ends_disagree(net, ha, mistake, settings, at_home, away):
    before = ha.log().count(at_home) if at_home else 0
    one = daemon.mr(net, **SOON, **settings)
    until(f"{mistake}: the mobile router says: {away}",
          lambda: away in str([r.get("problem") for r in one.registrations()]))
    if at_home:
        until(f"{mistake}: the home agent says: {at_home}",
              lambda: ha.log().count(at_home) > before)
    if away == SILENCE:                     # that is in the log, too, with who is silent
        agent = NOT_USED if NOT_USED in str(settings) else HA_ADDR
        assert f"{agent}: {SILENCE}" in one.log(), one.log()[-2000:]
    else:
        assert f"problem: {one.registrations()[0]['problem']}" in one.mip6ctl("registration",
                                                                              "show")
    one.stop()


# Mistakes on a mobile router's own host, and what its log says.
def no_ipv6(mr):
    mr.sysctl("net.ipv6.conf.up0.disable_ipv6", 1)


def small_mtu(mr):
    mr.run("ip", "link", "set", "up0", "mtu", "1000")


HOST = [
    ("a misspelt uplink", None, "up1", "up1: no such device yet: is uplinks.device right?"),
    ("no router on the link", None, "up0",
     "up0: no router advertisement, asked 6 times: is there an IPv6 router on that link"),
    ("IPv6 switched off", no_ipv6, "up0", "is IPv6 off (sysctl net.ipv6.conf.up0.disable_ipv6)?"),
    ("an MTU with which there is no IPv6", small_mtu, "up0",
     "up0: cannot listen: Invalid argument: there is no IPv6 on it: is its MTU less than 1280"),
]


def test_a_host_that_is_not_ready(lab):
    net = lab(start_ra=False)
    lab.leftovers_allowed = True            # what we did to the host
    for mistake, do, uplink, said in HOST:
        if do:
            do(net.mr)
        one = daemon.mr(net, uplinks=[{"device": uplink}], unsafe_timers=True,
                        timers={"rs_interval": 0.05})
        until(f"{mistake}: {said}", lambda: said in one.log())
        one.stop()


def test_a_start_that_must_fail(lab):
    net = lab(start_ra=False)
    right = conf.ha_conf(net)
    no_link = right.replace('"home0"', '"eth7"')
    gre = conf.ha_conf(net, carrier="ip6gre")
    says(net, no_link, "home link eth7: No such device: correct home_links.device")
    says(net, right, "CAP_NET_ADMIN", who=WITHOUT_CAPS)
    without("ip6_gre", lambda: says(net, gre, "modprobe ip6_gre"))
    del net.ha.untouched                    # the module has made its devices anew
    # this one runs, and nobody could register
    one = daemon.Daemon(net.ha, right.replace(HA_ADDR, "2001:db8:280::3", 1)).start()
    one.wait_log("home link home0: 2001:db8:280::3 is not an address of it, so nobody can register:"
                 " ip address add 2001:db8:280::3/64 dev home0, or correct home_links.address")
    asked_by_nobody(net, one)
    one.stop()


def says(net, text, said, who=()):
    """The home agent does not start, and says why."""
    one = daemon.Daemon(net.ha, text)
    files = (one.config, conf.state_dir(net.ha), *glob.glob(net.result("key*")))
    for path in files if who else ():
        os.chown(path, NOBODY, NOBODY)
    status, log = run_to_its_end(net.ha, [*who, *one.argv])
    for path in files:
        os.chown(path, 0, 0)
    assert status == 1 and said in log, (status, log)


def without(module, do):
    """In a kernel that has not got the module, and cannot load it."""
    with open("/proc/sys/kernel/modprobe") as f:
        loader = f.read().strip()
    subprocess.run(["rmmod", module], check=True)
    try:
        with open("/proc/sys/kernel/modprobe", "w") as f:
            f.write("/bin/false")
        do()
    finally:
        with open("/proc/sys/kernel/modprobe", "w") as f:
            f.write(loader)
        subprocess.run([loader, module], check=True)


def asked_by_nobody(net, one):
    """A user without the group; a home address that there is not."""
    asked = [(WITHOUT_CAPS, ["status"], 3, "Permission denied (be root, or in the group"),
             ([], ["binding", "show", HOA], 5, "no such home address")]
    for who, words, status, said in asked:
        with net.ha.ns:
            done = subprocess.run([*who, MIP6CTL, "-S", one.ctl.path, *words],
                                  capture_output=True, text=True, timeout=60)
        assert done.returncode == status and said in done.stderr, done
