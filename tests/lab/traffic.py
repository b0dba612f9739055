# SPDX-License-Identifier: BSD-2-Clause
"""Real programs that talk through the moving network: ssh, a web server, curl.

Each is started once and kept busy: a process per request would measure
nothing but fork() in user-mode Linux.
"""
import hashlib
import os
import shutil
import subprocess
import time

from proc import until

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = 8080
BIG = 1 << 20


def own_root_account():
    """Give the lab kernel its own root: with a key it may log in (sshd refuses a locked
    password), and no dot file of this machine runs then. Bind mounts, inside the lab only."""
    for name, change in (("passwd", lambda f: f[:5] + ["/run/tmp", "/bin/sh"]),
                         ("shadow", lambda f: [f[0], "*", *f[2:]])):
        own = f"/run/tmp/{name}"
        with open(f"/etc/{name}") as f, open(own, "w") as g:
            for line in f:
                fields = line.rstrip("\n").split(":")
                g.write(":".join(change(fields) if fields[0] == "root" else fields) + "\n")
        os.chmod(own, 0o644 if name == "passwd" else 0o600)
        subprocess.run(["mount", "--bind", own, f"/etc/{name}"], check=True)


def sshd(node):
    """A real sshd in the node; the path of the private key that opens it."""
    folder = f"/run/tmp/sshd-{node.name}"
    os.makedirs(folder, mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                        f"{folder}/{name}"], check=True)
    own_root_account()
    with open(f"{folder}/conf", "w") as f:
        f.write(f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nUsePAM no\n"
                "StrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n"
                "ClientAliveInterval 0\nPidFile none\nUseDNS no\nPrintMotd no\nPort 22\n")
    os.makedirs("/run/sshd", exist_ok=True)
    p = node.spawn("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", f"{folder}/conf"])
    p.wait_log("Server listening", count=2)
    return f"{folder}/user"


class SshSession:
    """An open ssh session: numbered lines go in ten times a second and come back by `cat`."""

    def __init__(self, node, dst, key):
        self.node, self.dst = node, dst
        self.sent = 0
        self.status = None
        self.answers = node.world.result(f"ssh-{dst.replace(':', '_')}.out")
        self._due = 0
        self._pipe, write = None, None
        read, write = os.pipe()
        with open(self.answers, "wb") as out:
            self.proc = node.spawn(f"ssh-{dst.replace(':', '_')}", [
                "ssh", "-T", "-F", "none", "-i", key, "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
                "-o", "LogLevel=ERROR", f"root@{dst}", "exec cat"],
                stdin=read, stdout=out)
        os.close(read)
        os.set_blocking(write, False)
        self._pipe = write
        self._write()
        until(f"the first line back from {dst}", self.count, limit=120)
        node.world.reactor.add(self)

    def _write(self):
        os.write(self._pipe, f"line {self.sent + 1}\n".encode())
        self.sent += 1

    def tick(self, now):
        if self._pipe is not None and now >= self._due:
            self._due = now + 95_000_000
            try:
                self._write()
            except BlockingIOError:         # the pipe is full: it will be told later
                pass
            except BrokenPipeError:         # ssh is gone; finish() says so
                os.close(self._pipe)
                self._pipe = None

    def close(self):
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def count(self):
        with open(self.answers, "rb") as f:
            return f.read().count(b"\n")

    def finish(self, limit=60):
        """Close the session; the numbers of lines that did not come back in order."""
        self.node.world.reactor.remove(self)
        try:
            self.status = self.proc.wait(limit)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.status = "hung"
        with open(self.answers) as f:
            got = f.read().split("\n")[:-1]
        wanted = [f"line {i + 1}" for i in range(self.sent)]
        return [w for i, w in enumerate(wanted) if i >= len(got) or got[i] != w]

    def survived(self):
        return self.status == 0


def web_server(node):
    """A web server in the node with a small and a big document; their sha256 by name."""
    folder = f"/run/tmp/web-{node.name}"
    os.makedirs(folder)
    sums = {}
    for name, body in (("small", b"the mobile network answers\n"), ("big", os.urandom(BIG))):
        with open(f"{folder}/{name}", "wb") as f:
            f.write(body)
        sums[name] = hashlib.sha256(body).hexdigest()
    p = node.spawn("web", ["/usr/bin/python3", "-u", os.path.join(HERE, "web.py"), folder, PORT])
    p.wait_log("listening", limit=60)
    return sums


def patient_tcp(node):
    """Settings of a host whose network is away now and then: an idle connection keeps its
    window, and a lost request is repeated at a steady pace, not ever more seldom."""
    node.sysctl("net.ipv4.tcp_slow_start_after_idle", 0)
    node.sysctl("net.ipv4.tcp_thin_linear_timeouts", 1)


class Curls:
    """curl fetches a document every 100 ms (over one address family), each tenth a big one.

    Several curl processes take turns, each with a long list of URLs and its
    own pace, so that one slow answer does not hold up the next request. Each
    keeps its connection, as curl does; every request has 2 s.
    """

    TURNS = 4
    EVERY = 0.1

    def __init__(self, node, host, sums, seconds):
        self.node, self.sums = node, sums
        self.host = f"[{host}]" if ":" in host else host
        self.name = host.replace(":", "_")
        self.folder = f"/run/tmp/curl-{self.name}"
        os.makedirs(self.folder)
        self.count_anew()
        self._requests = int(seconds / self.EVERY) + 50
        self._procs = []
        self._read = [0] * self.TURNS

    def count_anew(self):
        """Count from now on: while a dozen programs start, the one processor of the lab is late."""
        self.ok, self.failed, self.big, self.slowest = 0, [], 0, 0.

    def start(self):
        begin = time.monotonic()
        for turn in range(self.TURNS):
            time.sleep(max(0, begin + turn * self.EVERY - time.monotonic()))
            config = f"{self.folder}/config{turn}"
            with open(config, "w") as f:
                f.write('fail\nsilent\nshow-error\nmax-time = 2\n'
                        f'rate = "{int(60 / self.EVERY / self.TURNS)}/m"\n'
                        'write-out = "done %{url} %{http_code} %{exitcode} %{time_starttransfer}'
                        ' %{time_total} %{filename_effective} %{errormsg}\\n"\n')
                for i in range(turn, self._requests, self.TURNS):
                    doc = "big" if i % 10 == 9 else "small"
                    f.write(f'url = "http://{self.host}:{PORT}/{doc}"\n'
                            f'output = "{self.folder}/{i}"\n')
            # Line buffered: what a killed curl had not written yet would be lost.
            with open(f"{self.folder}/said{turn}", "wb") as said:
                self._procs.append(self.node.spawn(
                    f"curl-{self.name}-{turn}", ["stdbuf", "-oL", "curl", "-q", "-K", config],
                    stdout=said))
        return self

    def check(self):
        """Look at what came since the last look: whole, and the right bytes?"""
        for turn in range(len(self._procs)):
            with open(f"{self.folder}/said{turn}", "rb") as f:
                f.seek(self._read[turn])
                data = f.read()
            data = data[:data.rfind(b"\n") + 1]
            self._read[turn] += len(data)
            for line in data.decode(errors="replace").splitlines():
                self._one(line.split(" ", 7))

    def _one(self, words):
        _done, url, code, status, _first, total, path, *error = words
        doc = url.rsplit("/", 1)[1]
        body = b""
        if os.path.exists(path):
            with open(path, "rb") as f:
                body = f.read()
            os.unlink(path)
        if status == "0" and code == "200" and hashlib.sha256(body).hexdigest() == self.sums[doc]:
            self.ok += 1
            self.slowest = max(self.slowest, float(total))
            self.big += doc == "big"
        else:
            self.failed.append({"at": time.time_ns(), "url": url, "code": code, "status": status,
                                "seconds": total, "bytes": len(body), "error": " ".join(error)})

    def stop(self):
        """End the curl processes (a request cut off by that does not count) and count."""
        for p in self._procs:
            p.kill()
        self.check()
        shutil.rmtree(self.folder)
        return self
