# SPDX-License-Identifier: BSD-2-Clause
"""The daemon under test, in a node: started, asked, stopped, killed, and checked for leftovers."""
import os
import signal
import time

import conf
import net
from ctl import Control, ControlError
from dump import at_rest, difference, dump
from proc import until

MIP6D = os.environ.get("LAB_MIP6D", "mip6d")
MIP6D_WEAK = os.environ.get("LAB_MIP6D_WEAK")   # a build with -Dlab=true has it
MIP6CTL = os.environ.get("LAB_MIP6CTL", "mip6ctl")
REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOBODY = 65534                  # the user of programs that are to have no rights
ABNORMAL = ("runtime error:", "AddressSanitizer", "LeakSanitizer", "Assertion ")
START_LIMIT = 30
REST_LIMIT = 2                  # of a kernel at work; a cable that is out may keep it so


def program(name):
    """The path of a test program of the build under test (-Dlab=true)."""
    for folder, _dirs, files in os.walk(os.environ.get("LAB_BUILD", "")):
        path = os.path.join(folder, name)
        if name in files and os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(f"{name} was not built")


class Daemon:
    """One mip6d. The node's state before its first start is kept to compare with.

    weaken: names of defences ("auth,replay", see base/weaken.h) that this one goes
    without: it is mip6d-weak then, to show that an attack is one. service.Service is one that
    runs as the installed service does.
    """

    def __init__(self, node, text, debug=True, name=None, weaken=None, config=None):
        assert not weaken or MIP6D_WEAK, "no mip6d-weak here: build with -Dlab=true"
        name = name or ("mip6d-weak" if weaken else "mip6d")
        self.node, self.name = node, name
        self.config = config or node.world.result(f"{node.name}-{name}.conf")
        self.ctl = Control(conf.socket_path(node))
        self.env = {"MIP6D_WEAKEN": weaken} if weaken else {}
        self.argv = [MIP6D_WEAK if weaken else MIP6D, "--config", self.config, "--foreground",
                     *(["--debug"] if debug else [])]
        self.proc = None
        self.write(text)
        if not hasattr(node, "untouched"):
            end = time.monotonic() + REST_LIMIT
            while not at_rest(node) and time.monotonic() < end:
                time.sleep(0.01)
            node.untouched = dump(node, files=node.world.thorough)
        node.daemon = self

    def write(self, text):
        """Replace the configuration file (reload() makes a running daemon read it)."""
        with open(self.config, "w") as f:
            f.write(text)

    def start(self, ready=True):
        """Start it; wait until it answers on its control socket."""
        self.proc = self.node.spawn(self.name, self.argv, env=self.env)
        if ready:
            until(f"{self.node.name}'s daemon answers", self._answers, START_LIMIT)
        return self

    def _answers(self):
        assert self.proc.alive(), f"{self.node.name}'s daemon ended: {self.log()[-3000:]}"
        return self.ctl.up() and self.status()["ready"]

    def log(self):
        return self.proc.text()

    def wait_log(self, words, limit=30.0, count=1):
        return self.proc.wait_log(words, limit, count)

    def reload(self, text=None):
        if text is not None:
            self.write(text)
        self.proc.send(signal.SIGHUP)

    def stop(self):
        """SIGTERM; it must end by itself, with status 0, without a sanitizer's word."""
        rc = self.proc.stop()
        assert rc == 0, f"{self.node.name}'s daemon ended with {rc}: {self.log()[-3000:]}"
        self.check_log()

    def kill(self):
        """kill -9: what it set up stays in the kernel."""
        self.proc.kill()

    def check_log(self):
        for word in ABNORMAL:
            assert word not in self.log(), f"{self.node.name}: {self.log()[-4000:]}"

    def leftovers(self):
        """What differs in the namespace from before the first start."""
        return difference(self.node.untouched, dump(self.node, files=self.node.world.thorough))

    def mip6ctl(self, *words, ok=True):
        """The command line client's output."""
        return self.node.run(MIP6CTL, "-S", self.ctl.path, *words, ok=ok)

    def status(self):
        return self.ctl.call("Status")

    def bindings(self, **wanted):
        """The home agent's bindings; wanted: fields and their values, addresses as text."""
        return [b for b in self._listing("ListBindings") if _match(b, wanted)]

    def registrations(self, **wanted):
        return [r for r in self._listing("ListRegistrations") if _match(r, wanted)]

    def prefixes(self, **wanted):
        """Mobile network prefixes and their states, of either role."""
        return [p for p in self._listing("ListPrefixes") if _match(p, wanted)]

    def home_agents(self, **wanted):
        """Home agents that are known, of either role."""
        return [h for h in self._listing("ListHomeAgents") if _match(h, wanted)]

    def peers(self, **wanted):
        """Peers of route optimisation, of either role."""
        return [p for p in self._listing("ListPeers")
                if _match(p, {"peer" if k == "home_address" else k: v
                              for k, v in wanted.items()})]

    def _listing(self, method):
        try:
            return self.ctl.records(method)
        except (OSError, ControlError):         # starting, stopping
            return []


def address(v):
    """Addresses come as text or as a locator object: the text."""
    return v["addr"] if isinstance(v, dict) else v


def _match(record, wanted):
    return all(str(address(record.get(k))) == str(v) for k, v in wanted.items() if v is not None)


def ha(world, text=None, debug=True, weaken=None, **more):
    """Start the home agent; `more` goes to conf.ha_conf()."""
    return Daemon(world.ha, text or conf.ha_conf(world, **more), debug, weaken=weaken).start()


def mr(world, n=0, text=None, debug=True, weaken=None, **more):
    """Start mobile router n; `more` goes to conf.mr_conf()."""
    return Daemon(world.mrs[n], text or conf.mr_conf(world, n, **more), debug, weaken=weaken).start()


def mn(world, n=0, text=None, debug=True, weaken=None, **more):
    """Start mobile host n; `more` goes to conf.mn_conf()."""
    return Daemon(world.mns[n], text or conf.mn_conf(world, n, **more), debug, weaken=weaken).start()


def cn(world, node=None, text=None, debug=True, **more):
    """Start a correspondent, on `b` unless said; `more` goes to conf.cn_conf()."""
    node = node or world.b
    return Daemon(node, text or conf.cn_conf(world, node, **more), debug).start()


def wait_binding(ha_daemon, hoa=net.HOA, coa=None, limit=30.0):
    """Wait until the home agent holds a binding (at this care-of address, if given)."""
    def found():
        return next(iter(ha_daemon.bindings(home_address=hoa, care_of=coa, state="bound")), None)
    return until(f"a binding for {hoa} at {coa or 'any address'}", found, limit)


def wait_no_binding(ha_daemon, hoa=net.HOA, limit=30.0):
    until(f"no binding for {hoa}", lambda: ha_daemon.ctl.up()
          and not ha_daemon.bindings(home_address=hoa, state="bound"), limit)


def wait_registered(mr_daemon, coa="", limit=30.0, state="bound", hoa=None):
    """Wait until the mobile router is registered with a care-of address that begins so."""
    def found():
        return next((r for r in mr_daemon.registrations(state=state, home_address=hoa)
                     if str(address(r.get("registered_care_of") or r.get("care_of"))
                            or "").startswith(coa)), None)
    return until(f"{mr_daemon.node.name} {state} from {coa or 'anywhere'}", found, limit)


def wait_home(mr_daemon, limit=30.0):
    """Wait until the mobile router knows that it is at home and owes nobody a message."""
    return wait_registered(mr_daemon, limit=limit, state="home")
