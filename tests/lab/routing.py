# SPDX-License-Identifier: BSD-2-Clause
"""Routing daemons: the examples that are installed, on a home agent, and the router upstream of it.

Each daemon stays a child of the scenario with its sockets and files in a folder of its own, so
that it is ended by its pid.
"""
import os
import shutil
import subprocess

from daemon import REPO
from proc import ROUTER_NICE, until

FRR = "/usr/lib/frr"

# The router upstream: whatever it is told goes into its kernel, as in any BGP router.
UPSTREAM = """
log stderr all;
router id 192.0.2.1;
protocol device { }
protocol kernel k6 { ipv6 { import none; export all; }; }
protocol kernel k4 { ipv4 { import none; export all; }; }
protocol bgp ha {
	local 2001:db8:c0::1 as 64512;
	neighbor 2001:db8:c0::2 as 64512;
	direct;
	connect delay time 1; connect retry time 1; error wait time 1, 2;
	ipv6 { import all; export none; gateway direct; };
	ipv4 { import all; export none; gateway direct; extended next hop; };
}
"""


def example(name):
    """An example that is installed."""
    return os.path.join(REPO, "conf", f"{name}.conf.example")


def bird(node, path=None, text=None):
    """BIRD with this configuration file, or text."""
    folder = _folder(node, "bird")
    if text is not None:
        path = os.path.join(folder, "bird.conf")
        with open(path, "w") as f:
            f.write(text)
    return node.spawn("bird", ["bird", "-d", "-c", path, "-s", os.path.join(folder, "ctl")], nice=ROUTER_NICE)


def frr(node, path):
    """FRR's zebra and bgpd with the configuration file `path`, given to them as FRR's own start
    does: by vtysh. The processes."""
    folder = _folder(node, "frr")
    zserv = os.path.join(folder, "zserv")
    empty = os.path.join(folder, "empty.conf")
    with open(empty, "w"):
        pass
    common = ["-f", empty, "-z", zserv, "--vty_socket", folder, "-P", "0", "-u", "frr",
              "-g", "frr", "--log", "stdout"]
    shutil.chown(folder, "frr", "frr")
    procs = []
    for name, more in (("zebra", []), ("bgpd", ["-S"])):
        procs.append(node.spawn(name, [f"{FRR}/{name}", *common, *more, "-i",
                                       os.path.join(folder, f"{name}.pid")], nice=ROUTER_NICE))
        until(f"{name} listens", lambda: os.path.exists(os.path.join(folder, f"{name}.vty")))
    said = node.run("vtysh", "--vty_socket", folder, "-f", path)
    assert "%" not in said, f"{path} is not what FRR understands: {said}"
    return procs


def _folder(node, name):
    path = f"/run/tmp/{os.path.basename(node.world.results)}-{node.name}-{name}"
    os.makedirs(path)
    return path


class Routes:
    """Every change of a node's kernel routes from now on, as lines of ip-monitor(8)."""

    def __init__(self, node):
        self.node = node
        self.proc = node.spawn("routes", ["ip", "monitor", "route"], stdin=subprocess.DEVNULL)

    def of(self, prefix):
        """The changes of the routes to a prefix so far: "+" for a new one, "-" for one deleted."""
        out = ""
        for line in self.proc.text().splitlines():
            if f" {prefix} " in f" {line} ":
                out += "-" if line.startswith("Deleted") else "+"
        return out
