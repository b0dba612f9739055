# SPDX-License-Identifier: BSD-2-Clause
"""Starts a program as systemd would start it for a unit: cage.py PLAN COMMAND...

plan() makes the plan; this file, run as root where the unit's network is, carries it out: it
makes the unit's view of the file tree (root: an overlay that is mounted already), becomes
the unit's user with the unit's capabilities and nothing else, and puts on its filters.
"""
import ctypes
import json
import os
import struct
import sys

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 4096, 1 << 14, \
    1 << 18
CLONE_NEWNS, CLONE_NEWUTS = 0x20000, 0x04000000
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = -100, 0x8000, 1
SYS_MOUNT_SETATTR, SYS_PIVOT_ROOT, SYS_KEYCTL = 442, 155, 250
PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, \
    PR_CAP_AMBIENT = 8, 22, 23, 24, 38, 47
AMBIENT_RAISE, SECCOMP_FILTER, CAPABILITY_3, JOIN_SESSION_KEYRING = 2, 2, 0x20080522, 1
CAPS = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13, "CAP_BPF": 39}
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9),
           "tty": (5, 0)}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOTIFY = "/run/systemd/notify"
INACCESSIBLE = "/run/systemd/inaccessible"

libc = ctypes.CDLL(None, use_errno=True)


def plan(unit, root, user, watchdog=None):
    """What cage.py needs to know: unit (unit.Unit), the mounted root, user: a line of passwd,
    split, and the groups it is in. watchdog: seconds instead of the unit's."""
    import seccomp
    name, uid, gid, home, groups = user
    strict = unit.one("ProtectSystem") == "strict"
    assert strict or unit.one("ProtectSystem") is None, "the lab knows ProtectSystem=strict"
    assert unit.one("ProtectProc") in (None, "invisible")
    assert unit.one("User") == unit.one("Group") == name
    env = {"PATH": PATH, "LANG": "C.UTF-8", "HOME": home, "USER": name, "LOGNAME": name,
           "SHELL": "/usr/sbin/nologin", "INVOCATION_ID": "0" * 32}
    if unit.one("Type") == "notify":
        env["NOTIFY_SOCKET"] = NOTIFY
    seconds = watchdog or float(unit.one("WatchdogSec", "0s").removesuffix("s"))
    if seconds:
        env["WATCHDOG_USEC"] = str(int(seconds * 1e6))
    folders = []
    for key, base in (("RuntimeDirectory", "run"), ("StateDirectory", "var/lib")):
        for folder in unit.words(key):
            folders.append((f"{base}/{folder}", int(unit.one(key + "Mode", "0755"), 8)))
            env[key.replace("Directory", "_DIRECTORY").upper()] = f"/{base}/{folder}"
    return {"root": root, "uid": uid, "gid": gid, "groups": groups, "env": env,
            "folders": folders, "strict": strict, "umask": int(unit.one("UMask", "0022"), 8),
            "ambient": [CAPS[c] for c in unit.words("AmbientCapabilities")],
            "bounding": [CAPS[c] for c in unit.words("CapabilityBoundingSet")],
            "no_new_privs": unit.yes("NoNewPrivileges"),
            "private_keyring": unit.one("KeyringMode") == "private",
            "invisible": unit.one("ProtectProc") == "invisible",
            "filters": seccomp.of_unit(unit),
            **{k: unit.yes(k) for k in ("ProtectHome", "PrivateTmp", "PrivateDevices",
                                        "ProtectKernelLogs", "ProtectKernelModules",
                                        "ProtectControlGroups", "ProtectKernelTunables",
                                        "ProtectHostname")}}


def check(rc, what):
    if rc < 0:
        e = ctypes.get_errno()
        raise OSError(e, f"{what}: {os.strerror(e)}")
    return rc


def mount(source, target, kind=None, flags=0, data=None):
    check(libc.mount(*(x.encode() if x else None for x in (source, target, kind)),
                     ctypes.c_ulong(flags), data.encode() if data else None), f"mount {target}")


def read_only(path, on=True, recursive=True):
    """mount_setattr(2): all mounts from here on, or this one."""
    attr = struct.pack("=QQQQ", MOUNT_ATTR_RDONLY if on else 0, 0 if on else MOUNT_ATTR_RDONLY, 0, 0)
    check(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE if recursive else 0,
                       attr, len(attr)), f"{path}: read-only={on}")


def empty(path, mode, flags=MS_NOSUID | MS_NODEV):
    """An empty folder in the place of this one, if there is one."""
    if os.path.isdir(path):
        mount("tmpfs", path, "tmpfs", flags, f"mode={mode:o}")


def devices(dev):
    empty(dev, 0o755, MS_NOSUID | MS_NOEXEC)
    mask = os.umask(0)
    for name, (major, minor) in DEVICES.items():
        os.mknod(f"{dev}/{name}", 0o020666, os.makedev(major, minor))
    os.umask(mask)
    os.mkdir(f"{dev}/shm")
    empty(f"{dev}/shm", 0o1777)
    for name, target in (("fd", "self/fd"), ("stdin", "self/fd/0"), ("stdout", "self/fd/1"),
                         ("stderr", "self/fd/2")):
        os.symlink(f"/proc/{target}", f"{dev}/{name}")


def file_tree(p):
    """The unit's view, at p["root"]; then it is our root."""
    root = p["root"]
    mount(None, "/", flags=MS_REC | MS_PRIVATE)
    mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
          "hidepid=invisible" if p["invisible"] else None)
    mount("sysfs", f"{root}/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("cgroup2", f"{root}/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for folder, mode in p["folders"]:
        path = f"{root}/{folder}"
        os.makedirs(path, exist_ok=True)
        os.chown(path, p["uid"], p["gid"])
        os.chmod(path, mode)
        mount(path, path, flags=MS_BIND)
    if p["PrivateDevices"]:
        devices(f"{root}/dev")
    if p["PrivateTmp"]:
        empty(f"{root}/tmp", 0o1777)
        empty(f"{root}/var/tmp", 0o1777)
    if p["ProtectHome"]:
        for folder in ("home", "root", "run/user"):
            empty(f"{root}/{folder}", 0)
    if p["ProtectKernelModules"]:
        empty(f"{root}/usr/lib/modules", 0)
    if p["ProtectKernelLogs"]:
        with open(root + INACCESSIBLE, "w"):
            os.chmod(root + INACCESSIBLE, 0)
        mount(root + INACCESSIBLE, f"{root}/proc/kmsg", flags=MS_BIND)
    if p["strict"]:
        read_only(root)
        for folder in ["proc", "sys", "tmp", "var/tmp", "dev", *(f for f, _mode in p["folders"])]:
            read_only(f"{root}/{folder}", False)
    if p["PrivateDevices"]:
        read_only(f"{root}/dev", recursive=False)
    if p["ProtectControlGroups"]:
        read_only(f"{root}/sys/fs/cgroup")
    if p["ProtectKernelTunables"]:
        for folder in ("proc/sys", "sys"):
            mount(f"{root}/{folder}", f"{root}/{folder}", flags=MS_BIND | MS_REC)
            read_only(f"{root}/{folder}")
    os.chdir(root)
    check(libc.syscall(SYS_PIVOT_ROOT, b".", b"."), "pivot_root")
    check(libc.umount2(b".", 2), "umount")
    os.chdir("/")


def become(p):
    """The unit's user, its capabilities and no other."""
    if p["private_keyring"]:
        libc.syscall(SYS_KEYCTL, JOIN_SESSION_KEYRING, None)    # a kernel without keys has none
    for cap in range(64):
        if cap not in p["bounding"] and libc.prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1:
            check(libc.prctl(PR_CAPBSET_DROP, cap, 0, 0, 0), f"bounding set: {cap}")
    check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keepcaps")
    os.setgroups(p["groups"])
    os.setresgid(p["gid"], p["gid"], p["gid"])
    os.setresuid(p["uid"], p["uid"], p["uid"])
    bits = sum(1 << cap for cap in p["ambient"])
    low, high = bits & 0xffffffff, bits >> 32
    check(libc.capset(struct.pack("=II", CAPABILITY_3, 0),
                      struct.pack("=6I", low, low, low, high, high, high)), "capset")
    for cap in p["ambient"]:
        check(libc.prctl(PR_CAP_AMBIENT, AMBIENT_RAISE, cap, 0, 0), f"ambient: {cap}")
    os.umask(p["umask"])


def put_on(filters):
    """seccomp(2); the last thing before the program."""
    for program in filters:
        code = b"".join(struct.pack("=HBBI", *i) for i in program)
        buf = ctypes.create_string_buffer(code, len(code))
        fprog = struct.pack("@HP", len(program), ctypes.addressof(buf))
        check(libc.prctl(PR_SET_SECCOMP, SECCOMP_FILTER, fprog, 0, 0), "seccomp")


def main(path, *command):
    with open(path) as f:
        p = json.load(f)
    check(libc.unshare(CLONE_NEWNS | (CLONE_NEWUTS if p["ProtectHostname"] else 0)), "unshare")
    file_tree(p)
    become(p)
    if p["no_new_privs"]:
        check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    env = dict(p["env"], WATCHDOG_PID=str(os.getpid()))
    st = os.fstat(2)
    env["JOURNAL_STREAM"] = f"{st.st_dev}:{st.st_ino}"
    put_on(p["filters"])
    os.execve(command[0], command, env)


if __name__ == "__main__":
    main(*sys.argv[1:])
