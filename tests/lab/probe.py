# SPDX-License-Identifier: BSD-2-Clause
"""Tries what a service may not do, and what it must be able to: probe.py; prints JSON, the name of
each attempt with "ok" or the error's name. Harmless where it succeeds."""
import ctypes
import errno
import json
import os
import signal
import socket
import struct
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
FORBIDDEN, NEEDED = {}, {}
PTRACE_ATTACH, PTRACE_DETACH, CLONE_NEWUTS = 16, 17, 0x04000000
SYS_BPF, BPF_MAP_CREATE, HASH_MAP = 321, 0, 1
SYSLOG_SIZE = 10


def forbidden(f):
    FORBIDDEN[f.__name__] = f


def needed(f):
    NEEDED[f.__name__] = f


def check(rc):
    if rc in (-1, 2 ** 64 - 1):
        e = ctypes.get_errno()
        raise OSError(e, os.strerror(e))
    return rc


@forbidden
def mount():
    check(libc.mount(b"none", b"/mnt", b"tmpfs", ctypes.c_ulong(0), None))


@forbidden
def ptrace():
    child = subprocess.Popen(["/bin/sleep", "100"])
    try:
        check(libc.ptrace(PTRACE_ATTACH, child.pid, None, None))
        os.waitpid(child.pid, 0)
        libc.ptrace(PTRACE_DETACH, child.pid, None, None)
    finally:
        child.kill()


@forbidden
def write_to_etc():
    open("/etc/mip6d-probe", "w").close()


@forbidden
def write_to_usr():
    open("/usr/lib/mip6d-probe", "w").close()


@forbidden
def change_own_configuration():
    open("/etc/mip6d/mip6d.conf", "a").close()


@forbidden
def look_into_home():
    os.listdir("/home")


@forbidden
def look_into_root():
    os.listdir("/root")


@forbidden
def look_at_modules():
    os.listdir("/usr/lib/modules")


@forbidden
def read_kernel_log():
    check(libc.klogctl(SYSLOG_SIZE, None, 0))


@forbidden
def make_a_device():
    os.mknod("/tmp/probe-device", 0o020600, os.makedev(1, 1))


@forbidden
def see_other_processes():
    open("/proc/1/status").close()


@forbidden
def new_uts_namespace():
    check(libc.unshare(CLONE_NEWUTS))


@forbidden
def write_and_execute():
    check(libc.mmap(None, ctypes.c_size_t(4096), 7, 0x22, -1, ctypes.c_long(0)))


@forbidden
def real_time():
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


@forbidden
def more_resources():
    os.setpriority(os.PRIO_PROCESS, 0, -1)


@forbidden
def set_user_id_bit():
    with open("/tmp/probe-suid", "w"):
        os.chmod("/tmp/probe-suid", 0o4755)


@forbidden
def personality():
    check(libc.personality(ctypes.c_ulong(0x0040000)))


@forbidden
def host_name():
    socket.sethostname(socket.gethostname())


@forbidden
def become_root():
    os.setresuid(0, 0, 0)


@forbidden
def low_port():
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.bind(("::", 79))


def other_families():
    """Address families that the unit does not allow, of those that a kernel often has."""
    out = {}
    for name, kind, proto in (("AF_ALG", socket.SOCK_SEQPACKET, 0), ("AF_KEY", socket.SOCK_RAW, 2),
                              ("AF_BLUETOOTH", socket.SOCK_RAW, 1),
                              ("AF_VSOCK", socket.SOCK_STREAM, 0), ("AF_CAN", socket.SOCK_RAW, 1)):
        try:
            socket.socket(getattr(socket, name), kind, proto).close()
            out[name] = "ok"
        except OSError as e:
            out[name] = errno.errorcode[e.errno]
    return out


@needed
def sockets():
    for args in ((socket.AF_UNIX, socket.SOCK_STREAM), (socket.AF_NETLINK, socket.SOCK_RAW, 0),
                 (socket.AF_INET6, socket.SOCK_RAW, 135), (socket.AF_INET6, socket.SOCK_RAW, 58),
                 (socket.AF_PACKET, socket.SOCK_DGRAM, 0)):
        socket.socket(*args).close()


@needed
def sysctls():
    for path in ("net/ipv6/conf/all/forwarding", "net/ipv4/ip_forward"):
        with open("/proc/sys/" + path) as f:
            value = f.read()
        with open("/proc/sys/" + path, "w") as f:
            f.write(value)


@needed
def own_folders():
    for folder in ("/run/mip6d", "/var/lib/mip6d", "/tmp"):
        path = f"{folder}/probe"
        with open(path, "w") as f:
            f.write("x")
        assert os.stat(path).st_mode & 0o777 == 0o600, "the unit's umask"


@needed
def bpf():
    attr = struct.pack("=IIIII", HASH_MAP, 4, 4, 16, 0).ljust(128, b"\0")
    os.close(check(libc.syscall(SYS_BPF, BPF_MAP_CREATE, attr, len(attr))))


@needed
def programs_of_hooks():
    done = subprocess.run(["/bin/sh", "-c", "sleep 100 & kill $!; exec true"], timeout=60)
    assert done.returncode == 0
    child = subprocess.Popen(["/bin/sleep", "100"], start_new_session=True)
    os.killpg(child.pid, signal.SIGTERM)
    assert child.wait() == -signal.SIGTERM


def attempt(f):
    """In a child: what succeeds changes it."""
    r, w = os.pipe()
    if os.fork() == 0:
        try:
            f()
            said = "ok"
        except OSError as e:
            said = errno.errorcode.get(e.errno, str(e.errno))
        except BaseException as e:      # told, whatever it is
            said = repr(e)
        os.write(w, said.encode())
        os._exit(0)
    os.close(w)
    with open(r) as f:
        said = f.read()
    os.wait()
    return said


print(json.dumps({"forbidden": {n: attempt(f) for n, f in FORBIDDEN.items()},
                  "needed": {n: attempt(f) for n, f in NEEDED.items()},
                  "families": other_families()}))
