# SPDX-License-Identifier: BSD-2-Clause
"""The system call filters that systemd makes of a unit, as programs for the kernel (x86-64).

Each directive is a filter of its own, as with systemd; of several the strictest verdict holds.
A program is a list of (code, jt, jf, k).
"""
import errno
import functools
import platform
import re
import socket
import subprocess

AUDIT_ARCH_X86_64 = 0xc000003e
X32 = 0x40000000
KILL, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7fff0000
LD, JEQ, JGE, JSET, RET = 0x20, 0x15, 0x35, 0x45, 0x06
NR, ARCH = 0, 4                         # offsets in struct seccomp_data
UNISTD = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
# mount cgroup uts ipc user pid net
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
O_CREAT, SETID = 0o100, 0o6000
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000


@functools.lru_cache(None)
def numbers():
    with open(UNISTD) as f:
        return {m[1]: int(m[2]) for m in re.finditer(r"^#define __NR_(\w+) (\d+)", f.read(), re.M)}


@functools.lru_cache(None)
def groups():
    """Names of the groups and what is in them, groups among that, by systemd's own word."""
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    out = {}
    for line in text.splitlines():
        if line.startswith("@"):
            members = out.setdefault(line.strip(), set())
        elif line.strip() and not line.strip().startswith("#"):
            members.add(line.strip())
    return out


def expand(word):
    if not word.startswith("@"):
        return {word}
    return set().union(*(expand(m) for m in groups()[word]))


def arg(n):
    """The lower half of an argument: all that these calls look at."""
    return 16 + 8 * n


def _native(body):
    """body is for the native architecture; everything else is killed."""
    return [(LD, 0, 0, ARCH), (JEQ, 1, 0, AUDIT_ARCH_X86_64), (RET, 0, 0, KILL),
            (LD, 0, 0, NR), (JGE, 0, 1, X32), (RET, 0, 0, KILL), *body]


def only(names, otherwise):
    """SystemCallFilter= that lists what is allowed."""
    body = []
    for nr in sorted(numbers()[n] for n in names if n in numbers()):
        body += [(JEQ, 0, 1, nr), (RET, 0, 0, ALLOW)]
    return _native([*body, (RET, 0, 0, ERRNO | otherwise)])


def unless(*rules):
    """rules: (call, [condition...], errno): refused if all conditions hold. A condition is
    (argument, "bits", mask), (argument, "all", mask) or (argument, "not in", values)."""
    body = []
    for name, conditions, err in rules:
        if name not in numbers():
            continue
        tests = []
        for n, kind, what in conditions:
            tests.append((LD, 0, 0, arg(n)))
            if kind == "bits":
                tests.append((JSET, 0, "out", what))
            elif kind == "all":
                tests += [(JSET, 0, "out", bit) for bit in what]
            else:
                tests += [(JEQ, "out", 0, v) for v in what]
        tests.append((RET, 0, 0, ERRNO | err))
        end = len(tests)
        tests = [(c, *(end - i - 1 if j == "out" else j for j in (t, f)), k)
                 for i, (c, t, f, k) in enumerate(tests)]
        # the number is loaded anew: the conditions have overwritten it
        body += [(LD, 0, 0, NR), (JEQ, 0, end, numbers()[name]), *tests]
    return _native([*body, (RET, 0, 0, ALLOW)])


def system_calls(lines, otherwise):
    """SystemCallFilter=: the first line says whether it lists what is allowed (here it must);
    @default always is, as systemd says."""
    assert lines and not lines[0].startswith("~"), "a list of what is forbidden only"
    allowed = expand("@default")
    for line in lines:
        names = set().union(*(expand(w) for w in line.lstrip("~").split()))
        allowed = allowed - names if line.startswith("~") else allowed | names
    return only(allowed, otherwise)


def denied(*names):
    return unless(*((n, [], errno.EPERM) for name in names for n in sorted(expand(name))))


def address_families(names):
    values = [int(getattr(socket, n)) for n in names]
    return unless(("socket", [(0, "not in", values)], errno.EAFNOSUPPORT))


def no_namespaces():
    flags = [(0, "bits", NAMESPACES)]
    return unless(("unshare", flags, errno.EPERM), ("clone", flags, errno.EPERM),
                  ("clone3", [], errno.ENOSYS), ("setns", [], errno.EPERM))


def no_realtime():
    return unless(("sched_setscheduler", [(1, "not in", (0, 3, 5))], errno.EPERM))


def no_setid_bits():
    mode = [("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1), ("mkdirat", 2),
            ("mknod", 1), ("mknodat", 2), ("creat", 1)]
    return unless(*((name, [(n, "bits", SETID)], errno.EPERM) for name, n in mode),
                  ("open", [(1, "bits", O_CREAT), (2, "bits", SETID)], errno.EPERM),
                  ("openat", [(2, "bits", O_CREAT), (3, "bits", SETID)], errno.EPERM),
                  ("openat2", [], errno.ENOSYS))


def fixed_personality():
    return unless(("personality", [(0, "not in", (0,))], errno.EPERM))


def no_write_and_execute():
    return unless(("mmap", [(2, "all", (PROT_WRITE, PROT_EXEC))], errno.EPERM),
                  ("mprotect", [(2, "bits", PROT_EXEC)], errno.EPERM),
                  ("pkey_mprotect", [(2, "bits", PROT_EXEC)], errno.EPERM),
                  ("shmat", [(2, "bits", SHM_EXEC)], errno.EPERM))


def native_only():
    return _native([(RET, 0, 0, ALLOW)])


def of_unit(unit):
    """All filters of a unit (unit.Unit)."""
    assert platform.machine() == "x86_64", "the numbers here are of x86-64"
    out = []
    if unit.one("SystemCallArchitectures") == "native":
        out.append(native_only())
    if unit.all("SystemCallFilter"):
        out.append(system_calls(unit.all("SystemCallFilter"),
                                getattr(errno, unit.one("SystemCallErrorNumber"))))
    if unit.all("RestrictAddressFamilies"):
        out.append(address_families(unit.words("RestrictAddressFamilies")))
    for key, make in (("RestrictNamespaces", no_namespaces), ("RestrictRealtime", no_realtime),
                      ("RestrictSUIDSGID", no_setid_bits), ("LockPersonality", fixed_personality),
                      ("MemoryDenyWriteExecute", no_write_and_execute),
                      ("ProtectHostname", lambda: denied("sethostname", "setdomainname")),
                      ("ProtectClock", lambda: denied("@clock")),
                      ("ProtectKernelLogs", lambda: denied("syslog")),
                      ("ProtectKernelModules", lambda: denied("@module")),
                      ("PrivateDevices", lambda: denied("@raw-io"))):
        if unit.yes(key):
            out.append(make())
    return out
