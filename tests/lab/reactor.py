# SPDX-License-Identifier: BSD-2-Clause
"""One thread for all clockwork: it ticks every 10 ms, sends pings, empties captures.

One thread and no poll(): every system call costs tens of microseconds in
user-mode Linux, and looking at a capture ring costs none.
"""
import os
import sys
import threading
import time
import traceback

TICK = 0.01


class Reactor:
    def __init__(self):
        self._lock = threading.Lock()
        self._things = []
        self._thread = None
        self._stop = False

    def add(self, thing):
        """`thing` has tick(now_ns) and close(); returned for chaining."""
        with self._lock:
            self._things.append(thing)
        if self._thread is None:
            sys.setswitchinterval(0.001)
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        return thing

    def remove(self, thing):
        """Take it out and close it; after that its results are complete."""
        with self._lock:
            if thing not in self._things:
                return
            self._things.remove(thing)
            thing.tick(time.time_ns())
            thing.close()

    def _run(self):
        try:        # the clock of the lab goes first when its one processor is busy
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -5)
        except OSError:
            pass
        due = time.monotonic()
        while not self._stop:
            with self._lock:
                now = time.time_ns()
                for t in self._things:
                    try:
                        t.tick(now)
                    except Exception:       # one broken thing must not stop the others
                        traceback.print_exc()
            # Late ticks are not made up for: others need the processor too.
            due = max(due + TICK, time.monotonic() + TICK / 5)
            time.sleep(max(0, due - time.monotonic()))

    def flush(self):
        """Everything that was on the wire until now is in the files."""
        with self._lock:
            for t in self._things:
                t.tick(time.time_ns())
                getattr(t, "flush", lambda: None)()

    def close(self):
        self._stop = True
        if self._thread is not None:
            self._thread.join()
        for t in self._things[:]:
            self.remove(t)
