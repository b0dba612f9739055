# SPDX-License-Identifier: BSD-2-Clause
"""Boots the kernel that the lab runs in, and gets the results out.

Where the machine's own kernel has what the project programs, the lab runs in
namespaces of it. Elsewhere it runs in user-mode Linux: a whole kernel as an
ordinary process whose root is this machine's file tree, read-only but for one
output folder. LAB_KERNEL=native|uml chooses; the default looks.

A boot runs one Python program inside. Its output goes to OUT/stdout.log, which
is followed here while it runs, and its exit status to OUT/status.
"""
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
PYTHON = "/usr/bin/python3"
KINDS = ("dummy", "veth", "bridge", "ip6tnl", "ip6gre")
MODULES = ("ip6_tunnel", "ip6_gre", "dummy", "veth", "bridge", "sch_netem", "mip6", "xfrm_user")

INIT = """#!/bin/sh
# The first process of one lab boot; made anew for each.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
{mounts}
mkdir -p /run/tmp /run/netns /run/sshd
chmod 1777 /run/tmp
export TMPDIR=/run/tmp
{environment}
cd {repo}
{command} >{out}/stdout.log 2>&1 </dev/null
echo $? >{out}/status.new
mv {out}/status.new {out}/status
{end}
"""

UML_MOUNTS = """mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
[ -d {repo} ] || {{ mkdir -p {repo}; mount -t hostfs -o {repo} none {repo}; }}
mkdir -p {rw}
mount -t hostfs -o {rw} none {rw}
mkdir -p /run/mod/lib
ln -s /usr/lib/uml/modules /run/mod/lib/modules
printf '#!/bin/sh\\nexec /sbin/modprobe -d /run/mod "$@"\\n' >/run/modprobe
chmod +x /run/modprobe
echo /run/modprobe >/proc/sys/kernel/modprobe
for m in {modules}; do /run/modprobe $m; done
# Jitter looks like a queue that fills: TCP would leave its slow start at once.
echo 0 >/sys/module/tcp_cubic/parameters/hystart
# One processor plays all the machines: what their kernels do goes before their programs.
for p in /proc/[0-9]*; do
	read -r name <$p/comm
	case $name in ksoftirqd* | kworker/0:*) renice -n -10 -p ${{p#/proc/}} >/dev/null ;; esac
done"""

NATIVE_MOUNTS = """mount --make-rprivate /
mount --bind {rw} {rw}
mount -o remount,bind,ro /
mount -t sysfs sys /sys
mount -t tmpfs run /run"""


def native_possible():
    """Whether this kernel makes every kind of device that the lab needs (tried, not guessed)."""
    script = "; ".join(f"ip link add lab{i} type {k} || exit 1" for i, k in enumerate(KINDS))
    script += "; tc qdisc add dev lab1 root netem delay 1ms || exit 1"
    for m in MODULES:
        subprocess.run(["modprobe", "-q", m], stderr=subprocess.DEVNULL, check=False)
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def choose_kernel():
    wanted = os.environ.get("LAB_KERNEL", "")
    if wanted in ("native", "uml"):
        return wanted
    return "native" if native_possible() else "uml"


class Boot:
    """One running lab kernel."""

    def __init__(self, command, out, environment=None, kernel=None, limit=900, memory="1G",
                 writable=None):
        self.out = os.path.abspath(out)
        self.writable = os.path.abspath(writable or out)
        self.kernel = kernel or choose_kernel()
        self.limit = limit
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)
        # The path of init must not hold blanks nor lie where the kernel mounts its own things.
        self.temp = tempfile.mkdtemp(prefix="mip6d-lab.", dir="/var/tmp")
        init = os.path.join(self.temp, "init")
        self._write_init(init, command, environment or {})
        if self.kernel == "native":
            argv = ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc", init]
        else:
            argv = ["linux.uml", f"mem={memory}", f"umid={os.path.basename(self.temp)}",
                    "rootfstype=hostfs", "rootflags=/", "ro", f"init={init}", "con=null",
                    "con0=null", "quiet"]
        self.started = time.monotonic()
        with open(os.path.join(self.out, "console.log"), "wb") as console:
            # Should this process be killed, the kernel ends with it. It goes before other
            # work of the machine: a late processor looks like a slow network inside.
            self.popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "nice", "-n", "-10", *argv],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                start_new_session=True, env=self._host_environment())

    def _host_environment(self):
        """User-mode Linux keeps its memory in a file in TMPDIR: that had better be memory."""
        env = dict(os.environ, HOME=self.temp)
        if os.access("/dev/shm", os.W_OK):
            env["TMPDIR"] = "/dev/shm"
        return env

    def _write_init(self, path, command, environment):
        q = shlex.quote
        uml = self.kernel == "uml"
        env = {"LAB_OUT": self.out, "LAB_KERNEL_KIND": self.kernel, **environment}
        text = INIT.format(
            mounts=(UML_MOUNTS if uml else NATIVE_MOUNTS).format(
                repo=q(REPO), rw=q(self.writable), modules=" ".join(MODULES)),
            environment="\n".join(f"export {k}={q(str(v))}" for k, v in env.items()),
            repo=q(REPO), out=q(self.out), command=" ".join(q(c) for c in command),
            end="echo o >/proc/sysrq-trigger; sleep 60" if uml else "exit 0")
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o755)

    def poll(self):
        """None while it runs; the status of the work inside, or why there is none."""
        if self.popen.poll() is None:
            if time.monotonic() - self.started < self.limit:
                return None
            self.kill()
            return f"timeout after {self.limit} s"
        self.kill()             # a power-off may leave processes of the session behind
        try:
            with open(os.path.join(self.out, "status")) as f:
                return int(f.read())
        except (OSError, ValueError):
            return f"no status: the kernel did not come up or died, see {self.out}/console.log"

    def kill(self):
        """End what this boot started, known by its session, and nothing else."""
        for pid in os.listdir("/proc"):
            if not pid.isdigit() or int(pid) == os.getpid():
                continue
            try:
                with open(f"/proc/{pid}/stat") as f:
                    session = int(f.read().rpartition(")")[2].split()[3])
                if session == self.popen.pid:
                    os.kill(int(pid), signal.SIGKILL)
            except (OSError, ValueError, IndexError):
                continue
        self.popen.wait()
        shutil.rmtree(self.temp, ignore_errors=True)


def run(boots, follow=None):
    """Wait for all boots; follow(text) gets whole lines of their output. The statuses."""
    status = [None] * len(boots)
    at = [0] * len(boots)
    # A plain kill of this program ends the boots too (sys.exit runs what is under `finally`).
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    try:
        while True:
            for i, b in enumerate(boots):
                if status[i] is None:
                    status[i] = b.poll()
            for i, b in enumerate(boots if follow else ()):
                at[i] = _follow(b, at[i], follow, status[i] is not None)
            if all(s is not None for s in status):
                return status
            time.sleep(0.1)
    finally:
        for i, b in enumerate(boots):
            if status[i] is None:
                b.kill()


def _follow(boot, at, follow, ended):
    try:
        with open(os.path.join(boot.out, "stdout.log"), "rb") as f:
            f.seek(at)
            data = f.read()
    except OSError:
        return at
    whole = data if ended else data[:data.rfind(b"\n") + 1]
    if whole:
        follow(whole.decode(errors="replace"))
    return at + len(whole)


if __name__ == "__main__":
    # Without arguments: which kernel the lab would use. OUT COMMAND...: run it in one.
    if len(sys.argv) < 3:
        print(choose_kernel())
    else:
        trial = Boot(sys.argv[2:], sys.argv[1], limit=300)
        print(run([trial], lambda t: print(t, end="", flush=True)))
