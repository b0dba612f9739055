# SPDX-License-Identifier: BSD-2-Clause
"""Processes that run in a node: each has a log file and is ended by its own pid."""
import os
import signal
import subprocess
import time

ROUTER_NICE = -20


def until(what, test, limit=30.0, step=0.02):
    """Wait until test() is true and return its value; fail with `what` after `limit` s.

    The limits are generous on purpose: a loaded machine stretches everything.
    """
    end = time.monotonic() + limit
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit:g} s: {what}")
        time.sleep(step)


class Proc:
    """A child in a node's namespace. Its output goes to `log`.

    nice: of a router's daemon, below 0: on the one processor of the lab it would else wait
    behind the programs of all the other machines.
    """

    def __init__(self, node, name, argv, log, env=None, stdin=None, stdout=None, nice=0):
        self.node, self.name, self.argv, self.log = node, name, argv, log
        self._file = open(log, "ab", buffering=0)
        with node.ns:       # the child is born where this thread stands; no preexec, so vfork
            self.popen = subprocess.Popen(
                argv, stdin=stdin if stdin is not None else subprocess.DEVNULL,
                stdout=stdout if stdout is not None else self._file,
                stderr=self._file, env={**os.environ, **(env or {})})
        self.pid = self.popen.pid
        if nice:
            os.setpriority(os.PRIO_PROCESS, self.pid, nice)

    def alive(self):
        return self.popen.poll() is None

    def text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def wait_log(self, words, limit=60.0, count=1):
        """Wait until the log holds `words` (`count` times); return the whole log."""
        def seen():
            text = self.text()
            if text.count(words) >= count:
                return text
            assert self.alive(), f"{self.name} ended while waiting for {words!r}: {text[-2000:]}"
            return None
        return until(f"{words!r} in the log of {self.name}", seen, limit)

    def send(self, sig):
        if self.alive():
            self.popen.send_signal(sig)

    def wait(self, limit=30.0):
        """Wait for the end and return the exit status (negative: signal)."""
        return self.popen.wait(limit)

    def stop(self, limit=30.0, sig=signal.SIGTERM):
        """Ask it to end, insist after `limit` seconds; the exit status."""
        self.send(sig)
        try:
            rc = self.popen.wait(limit)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError(f"{self.name} did not end within {limit:g} s of signal {sig}")
        finally:
            self._file.close()
        return rc

    def kill(self):
        """kill -9, and reap."""
        self.popen.kill()
        self.popen.wait()
        self._file.close()
