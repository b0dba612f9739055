# SPDX-License-Identifier: BSD-2-Clause
"""Network namespaces without child processes.

pyroute2's own NetNS forks a helper for every namespace, which costs half a
second each in user-mode Linux. Here one process visits the namespaces with
setns(2): sockets and children belong to the namespace the thread stood in
when they were made, so one visit to open a netlink socket is enough.
"""
import ctypes
import os
import threading

CLONE_NEWNET = 0x40000000
MS_BIND = 4096
NETNS_DIR = "/run/netns"

_libc = ctypes.CDLL(None, use_errno=True)


def _check(rc, what):
    if rc != 0:
        err = ctypes.get_errno()
        raise OSError(err, f"{what}: {os.strerror(err)}")


def _setns(fd):
    _check(_libc.setns(fd, CLONE_NEWNET), "setns")


class Namespace:
    """One network namespace, named as `ip netns` would name it.

    `with ns:` makes the calling thread (only) stand in it; it may be nested.
    """

    def __init__(self, name):
        self.name = name
        self.path = os.path.join(NETNS_DIR, name)
        self._stack = threading.local()
        self._ip = None
        os.makedirs(NETNS_DIR, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_EXCL))
        # A fresh thread makes the namespace, so that ours stays where it is.
        maker = threading.Thread(target=self._make)
        maker.start()
        maker.join()
        if not hasattr(self, "fd"):
            os.unlink(self.path)
            raise OSError(f"cannot make network namespace {name}: {self._error}")

    def _make(self):
        try:
            _check(_libc.unshare(CLONE_NEWNET), "unshare")
            me = f"/proc/self/task/{threading.get_native_id()}/ns/net"
            _check(_libc.mount(me.encode(), self.path.encode(), None, MS_BIND, None), "mount")
            self.fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as e:
            self._error = e

    def __enter__(self):
        me = f"/proc/self/task/{threading.get_native_id()}/ns/net"
        stack = self._stack.__dict__.setdefault("fds", [])
        stack.append(os.open(me, os.O_RDONLY | os.O_CLOEXEC))
        _setns(self.fd)
        return self

    def __exit__(self, *exc):
        back = self._stack.fds.pop()
        _setns(back)
        os.close(back)

    @property
    def ip(self):
        """The rtnetlink socket (pyroute2 IPRoute) that lives in this namespace."""
        if self._ip is None:
            from pyroute2 import IPRoute
            with self:
                self._ip = IPRoute()
        return self._ip

    def close(self):
        """Forget the name; the kernel drops the namespace with its last user."""
        if self._ip is not None:
            self._ip.close()
            self._ip = None
        _libc.umount2(self.path.encode(), 2)        # MNT_DETACH
        os.close(self.fd)
        os.unlink(self.path)
