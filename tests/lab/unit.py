# SPDX-License-Identifier: BSD-2-Clause
"""Reads a systemd unit file, and says what of it the lab does (cage.py) and what not.

A directive that is in neither list is an error: nothing of a unit is left out unseen.
"""
# Done as systemd does it, each in cage.py or seccomp.py
SIMULATED = """
User Group UMask RuntimeDirectory RuntimeDirectoryMode StateDirectory StateDirectoryMode
ExecStartPre ExecStart ExecReload NotifyAccess Type WatchdogSec TimeoutStopSec
AmbientCapabilities CapabilityBoundingSet NoNewPrivileges
RestrictAddressFamilies SystemCallArchitectures SystemCallFilter SystemCallErrorNumber
ProtectKernelTunables ProtectSystem ProtectHome ProtectHostname ProtectClock ProtectKernelLogs
ProtectKernelModules ProtectControlGroups ProtectProc PrivateTmp PrivateMounts PrivateDevices
RestrictNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute
KeyringMode
""".split()
# The manager's own business: order, what it does when a service has ended, journald's limit.
# RemoveIPC= takes away what a service without any System V IPC has not.
NOT_SIMULATED = """
Description Documentation After Before Wants WantedBy ConditionPathExists
Restart RestartSec LogRateLimitIntervalSec LogRateLimitBurst RemoveIPC
""".split()


class Unit:
    def __init__(self, path):
        self.said = {}
        with open(path) as f:
            for line in f:
                if "=" not in line or line[0] in "#;[":
                    continue
                key, value = (s.strip() for s in line.split("=", 1))
                self.said.setdefault(key, []).append(value)
        unknown = set(self.said) - set(SIMULATED) - set(NOT_SIMULATED)
        assert not unknown, f"the lab does not know what to do about {sorted(unknown)}"

    def all(self, key):
        return self.said.get(key, [])

    def one(self, key, default=None):
        values = self.all(key)
        assert len(values) <= 1, f"{key} several times"
        return values[0] if values else default

    def words(self, key):
        return [w for line in self.all(key) for w in line.split()]

    def yes(self, key):
        value = self.one(key, "no")
        assert value in ("yes", "no"), f"{key}={value}: the lab knows yes and no"
        return value == "yes"

    def commands(self, key):
        """The command lines of an Exec key, as lists of words."""
        return [line.split() for line in self.all(key)]
