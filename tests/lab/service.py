# SPDX-License-Identifier: BSD-2-Clause
"""The installed service of a node: its unit's commands, its user, its restrictions (cage.py).

The files are this machine's with those of the package laid over (tests/package/run makes them);
each service has its own copy, as on a machine of its own, and its configuration at /etc/mip6d.
"""
import json
import os
import socket
import subprocess

import cage
import conf
from ctl import Control
from daemon import Daemon
from proc import until
from unit import Unit

INSTALLED = os.environ.get("LAB_PACKAGE")       # what tests/package/run installed
UNIT = "usr/lib/systemd/system/mip6d.service"
KEY_PATH = "/etc/mip6d/ha.key"
PYTHON = "/usr/bin/python3"
CAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cage.py")
SECURITY = {"method": "auth-option", "spi": 1000, "key_file": KEY_PATH}
# As an operator writes it: nothing of the lab in it
PLAIN = {"control": None, "state_dir": None, "security": SECURITY}


def _user(root, name):
    """(name, uid, gid, home, groups) by the copy's own files."""
    with open(f"{root}/etc/passwd") as f:
        line = next(x.split(":") for x in f if x.startswith(name + ":"))
    with open(f"{root}/etc/group") as f:
        groups = [int(g[2]) for g in (x.strip().split(":") for x in f) if name in g[3].split(",")]
    return name, int(line[2]), int(line[3]), line[5], [int(line[3]), *groups]


class Service(Daemon):
    """mip6d in its cage. Like Daemon, and: root, notes() from it to systemd, execute()."""

    def __init__(self, node, text, watchdog=None):
        self.root = f"/run/tmp/{node.name}.root"
        self._lay_out()
        self.unit = Unit(f"{self.root}/{UNIT}")
        user = _user(self.root, self.unit.one("User"))
        self._plan = node.world.result(f"{node.name}-plan.json")
        with open(self._plan, "w") as f:
            json.dump(cage.plan(self.unit, self.root, user, watchdog), f)
        self._key(user)
        super().__init__(node, text, config=f"{self.root}/etc/mip6d/mip6d.conf")
        self.ctl = Control(f"{self.root}/run/mip6d/mip6d.sock")
        start, = self.unit.commands("ExecStart")
        self.argv = self.caged(start)

    def _lay_out(self):
        """An overlay in memory, the package's files on top of this machine's."""
        for folder in ("", ".layer"):
            os.makedirs(self.root + folder)
        layer = self.root + ".layer"
        cage.mount("layer", layer, "tmpfs")
        os.mkdir(f"{layer}/work")
        subprocess.run(["cp", "-a", INSTALLED, f"{layer}/upper"], check=True)
        cage.mount("copy", self.root, "overlay",
                   data=f"lowerdir=/,upperdir={layer}/upper,workdir={layer}/work")
        cage.mount("run", f"{self.root}/run", "tmpfs")
        os.makedirs(f"{self.root}/run/systemd")
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._notify.bind(self.root + cage.NOTIFY)
        os.chmod(self.root + cage.NOTIFY, 0o777)
        self._notes = []

    def _key(self, user):
        path = self.root + KEY_PATH
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(conf.KEY + "\n")
        os.chown(path, user[1], user[2])

    def caged(self, command):
        return [PYTHON, "-IS", CAGE, self._plan, *command]

    def run(self, *command, ok=True):
        """A command in the cage, to its end; its output."""
        return self.node.run(*self.caged(command), ok=ok)

    def check(self):
        """The unit's ExecStartPre."""
        for command in self.unit.commands("ExecStartPre"):
            self.run(*command)

    def reload(self, text=None):
        """The unit's ExecReload; done when systemd is told so."""
        if text is not None:
            self.write(text)
        before = len(self.notes())
        for command in self.unit.commands("ExecReload"):
            self.run(*(str(self.proc.pid) if w == "$MAINPID" else w for w in command))
        until("the reload is over", lambda: "READY=1" in self.notes()[before:])
        return self.notes()[before:]

    def notes(self):
        """All that systemd was told so far, a line each, in order."""
        try:
            while True:
                self._notes += self._notify.recv(4096).decode().split("\n")
        except BlockingIOError:
            return self._notes

    def close(self):
        self._notify.close()
        for path in (f"{self.root}/run", self.root, self.root + ".layer"):
            subprocess.run(["umount", "-l", path], check=True)
