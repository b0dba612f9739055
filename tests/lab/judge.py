# SPDX-License-Identifier: BSD-2-Clause
"""Independent decoders judge the captures, outside the lab and after it.

tshark says whether a message is malformed, scapy whether the Mobility Header
checksum is right (tshark does not look at it). Captures named *.raw.pcap hold
forged packets on purpose and are not judged.
"""
import glob
import os
import re
import subprocess
import tempfile
import sys
import xml.sax.saxutils as sax

import ctl_table
import pkt

FIELDS = ("frame.number", "_ws.malformed", "icmpv6.checksum.status", "_ws.expert.message",
          "_ws.expert.severity", "mip6.mhtype")
SIGNALLING = "mipv6 || (icmpv6.type >= 133 && icmpv6.type <= 136) || " \
             "(icmpv6.type >= 144 && icmpv6.type <= 147) || " \
             "((icmpv6.type == 128 || icmpv6.type == 129) && data.len == 22)"   # probes of paths
SEVERITY_ERROR = str(0x00800000)


class Verdict:
    """How many messages were looked at, and what was wrong with which."""

    def __init__(self):
        self.messages = 0           # signalling: Mobility Header, Neighbour Discovery, ICMPv6
        self.mobility = 0           # of these, Mobility Header messages
        self.malformed = []
        self.bad_checksum = []

    def add(self, other):
        self.messages += other.messages
        self.mobility += other.mobility
        self.malformed += other.malformed
        self.bad_checksum += other.bad_checksum
        return self

    def ok(self):
        return not self.malformed and not self.bad_checksum


def tshark(path):
    """What tshark finds wrong in the signalling of one capture."""
    v = Verdict()
    argv = ["tshark", "-r", path, "-Y", SIGNALLING, "-T", "fields", "-E", "separator=\t",
            "-E", "occurrence=a", "-o", "ip.check_checksum:TRUE"]
    for f in FIELDS:
        argv += ["-e", f]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "HOME": "/nonexistent"})
    if done.returncode != 0:
        raise RuntimeError(f"tshark on {path}: {done.stderr.strip()}")
    for line in done.stdout.splitlines():
        number, malformed, checksum, message, severity, mh = (line.split("\t") + [""] * 6)[:6]
        v.messages += 1
        v.mobility += mh != ""
        where = f"{path} frame {number}"
        if malformed or SEVERITY_ERROR in severity.split(","):
            v.malformed.append(f"{where}: {message or malformed}")
        if "0" in checksum.split(","):
            v.bad_checksum.append(f"{where}: ICMPv6 checksum")
    return v


def checksums(path):
    """Mobility Header checksums by scapy: over the home addresses where HAO or RH2 say so."""
    from scapy.layers.inet6 import IPv6, in6_chksum
    v = Verdict()
    for n, p in enumerate(pkt.packets(path), 1):
        layers = [p]
        while layers[-1].inner:
            layers.append(layers[-1].inner)
        for layer in layers:
            if not layer.mh:
                continue
            pseudo = IPv6(src=layer.hao or layer.src, dst=layer.rh2 or layer.dst)
            if in6_chksum(pkt.IPPROTO_MH, pseudo, layer.mh.raw) != 0:
                v.bad_checksum.append(f"{path} frame {n}: {layer}")
    return v


def judge(path):
    return tshark(path).add(checksums(path))


def faults(path):
    """What is wrong in one capture, a line each."""
    try:
        v = judge(path)
        return v.malformed + v.bad_checksum
    except (RuntimeError, subprocess.TimeoutExpired) as e:
        return [str(e)]


def suspects(paths):
    """Those captures of which tshark may not like something.

    It takes most of a second to start, whatever it reads: so all captures in one file first.
    What it finds there may come of their mixture, and is looked at again in its own file.
    """
    origin = [None]             # of each frame; tshark counts from 1
    with tempfile.NamedTemporaryFile(suffix=".pcap") as together:
        for path in paths:
            with open(path, "rb") as f:
                data = f.read()
            head = data[:pkt.PCAP_HEAD]
            if not together.tell():
                together.write(head)
                kind = head
            if head != kind:
                raise RuntimeError(f"{path}: another kind of capture than the others")
            for _t, begin, end in pkt.records(data):
                together.write(data[begin - 16:end])
                origin.append(path)
        together.flush()
        v = tshark(together.name)
    return {origin[int(re.search(r" frame (\d+):", line)[1])]
            for line in v.malformed + v.bad_checksum}


def junit(out, xml):
    """Judge every capture of a lab run; each is a test case in `xml`."""
    paths = [p for p in sorted(glob.glob(f"{out}/**/*.pcap", recursive=True))
             if not p.endswith(".raw.pcap") and os.path.getsize(p) > 24]
    doubtful = suspects(paths) if paths else ()
    cases, good = [], True
    for path in paths:
        wrong = faults(path) if path in doubtful else checksums(path).bad_checksum
        name = os.path.relpath(path, out)
        text = sax.escape("\n".join(wrong[:20]))
        cases.append(f'<testcase classname="judge" name={sax.quoteattr(name)}>'
                     + (f"<failure>{text}</failure>" if wrong else "") + "</testcase>")
        if wrong:
            good = False
            print(f"judge: {name}: " + "; ".join(wrong[:3]))
    # what mip6ctl printed as JSON, against its schema
    for path in sorted(glob.glob(f"{out}/**/mip6ctl*.jsonl", recursive=True)):
        wrong = ctl_table.faults(path)
        text = sax.escape("\n".join(wrong[:20]))
        cases.append('<testcase classname="judge" name="mip6ctl.jsonl">'
                     + (f"<failure>{text}</failure>" if wrong else "") + "</testcase>")
        if wrong:
            good = False
            print("judge: " + "; ".join(wrong[:5]))
    with open(xml, "w") as f:
        f.write("<testsuites><testsuite>" + "\n".join(cases) + "</testsuite></testsuites>\n")
    return good


if __name__ == "__main__":
    total = Verdict()
    for one in sys.argv[1:]:
        total.add(judge(one))
    print(f"{total.messages} messages", *total.malformed, *total.bad_checksum, sep="\n")
    sys.exit(0 if total.ok() else 1)
