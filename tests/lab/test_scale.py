# SPDX-License-Identifier: BSD-2-Clause
"""A thousand mobile routers on one home agent, played by one sender that packs its own bytes."""
import json
import os
import socket
import struct
import time

import conf
import daemon
from capture import JEQ, LDB, RET
from pkt import messages
from proc import until
from scene import mip6_routes, stats

MANY = 1000
BURST = 50                      # updates on their way at a time
VIRTUAL = "2001:db8:500::/64"   # on no link: no duplicate address detection
LIFETIME = 600
ONLY_ACKS = [(LDB, 0, 0, 14 + 6), (JEQ, 0, 1, 43), (RET, 0, 0, 0xffff), (RET, 0, 0, 0)]


def home(i):
    return f"2001:db8:500::{i + 1:x}"


def care_of(i):
    return f"2001:db8:f1:0:1::{i + 1:x}"


def network(i):
    return f"2001:db8:{0x1000 + i:x}::", f"10.{1 + i // 250}.{i % 250}.0"


def nodes(n):
    """Entries of mobile_nodes, as text: conf.value() would do, slower."""
    out = []
    for i in range(n):
        p6, p4 = network(i)
        out.append(f'{{ home_address = "{home(i)}"; prefixes = [ "{p6}/64", "{p4}/24" ]; '
                   'security = { method = "none"; }; }')
    return conf.Raw("( " + ",\n  ".join(out) + " )")


def checksum(data):
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    s = (s & 0xffff) + (s >> 16)
    return ~(s + (s >> 16)) & 0xffff


def update(i, seq, lifetime, dst):
    """A Binding Update of node i as a whole IPv6 packet."""
    coa, hoa = (socket.inet_pton(socket.AF_INET6, a) for a in (care_of(i), home(i)))
    p6, p4 = network(i)
    mh = struct.pack("!BBBBHHHH", 59, 0, 5, 0, 0, seq, 0xc400, lifetime // 4)     # A, H, R
    mh += b"\1\2\0\0" + b"\3\x10" + coa             # alternate care-of address at 8n+6
    if lifetime:
        mh += b"\1\0" + b"\6\x12\0\x40" + socket.inet_pton(socket.AF_INET6, p6)
        mh += struct.pack("!BBH4s", 29, 6, 24 << 10 | 0x200, socket.inet_aton(p4))
    if len(mh) % 8:
        mh += bytes([1, 6 - len(mh) % 8]) + bytes(6 - len(mh) % 8)
    mh = mh[:1] + bytes([len(mh) // 8 - 1]) + mh[2:]
    pseudo = hoa + dst + struct.pack("!II", len(mh), 135)
    mh = mh[:4] + struct.pack("!H", checksum(pseudo + mh)) + mh[6:]
    hao = bytes([135, 2, 1, 2, 0, 0, 0xc9, 16]) + hoa
    return struct.pack("!IHBB", 6 << 28, len(hao) + len(mh), 60, 64) + coa + dst + hao + mh


class Crowd:
    """All of them, in the first foreign router: it sends for them and hears what comes back."""

    def __init__(self, net, agent):
        self.node, self.agent = net.r1, socket.inet_pton(socket.AF_INET6, agent)
        self.sock = net.r1.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.to = (agent, 0)
        # what goes to them ends here, without a word
        net.r1.run("ip", "-6", "route", "add", "blackhole", "2001:db8:f1:0:1::/80")
        self.seq = 100

    def say(self, n, lifetime, name):
        """One update of each of n, answered with 0; how many a second."""
        self.seq += 1
        cap = self.node.capture("core0", name, frames=1024, program=ONLY_ACKS)
        began = time.monotonic()
        for first in range(0, n, BURST):
            for i in range(first, min(first + BURST, n)):
                self.sock.sendto(update(i, self.seq, lifetime, self.agent), self.to)
            until(f"{min(first + BURST, n)} answers", lambda: cap.count >= min(first + BURST, n),
                  limit=60)
        took = time.monotonic() - began
        self.node.world.reactor.flush()
        cap.stop()
        answers = messages(cap.path, "BA")
        assert {p.mh.status for p in answers} == {0}, {p.mh.status for p in answers}
        assert {p.rh2 for p in answers} == {home(i) for i in range(n)} and len(answers) == n
        return n / took


def kernel_alone(node, n):
    """The same routes by ip(8), added and taken away: how many bindings a second."""
    def lines(what, family):
        for i in range(n):
            p6, p4 = network(i)
            for dst in ([f"{home(i)}/128", f"{p6}/64"] if family == 6 else [f"{p4}/24"]):
                yield (f"route {what} {dst} encap ip6 id 0 src 2001:db8:c0::2 dst {care_of(i)} "
                       "hoplimit 64 dev mip6ha proto static metric 4000")
    text = {(what, f): "\n".join(lines(what, f)) + "\n" for what in ("add", "del") for f in (4, 6)}
    began = time.monotonic()
    for f in (4, 6):
        node.run("ip", f"-{f}", "-batch", "-", input=text["add", f])
    took = time.monotonic() - began
    for f in (4, 6):
        node.run("ip", f"-{f}", "-batch", "-", input=text["del", f])
    return n / took


def tunnelled(node):
    return [r for r in mip6_routes(node) if "mip6ha" in r]


def test_a_thousand_bindings_on_one_home_agent(lab, capsys):
    n = MANY
    net = lab(start_ra=False)
    agent = "2001:db8:c0::2"
    ha = daemon.ha(net, debug=False, served_prefixes=(VIRTUAL,), virtual_address=agent,
                   mobile_nodes=nodes(n), timers={"max_delete_bce_timeout": 1},
                   unsafe_timers=True)
    crowd = Crowd(net, agent)
    rates = {"registered": crowd.say(n, LIFETIME, "first")}
    assert ha.status()["home_agent"]["bindings"] == n
    listed = json.loads(ha.mip6ctl("-j", "binding"))
    assert {b["home_address"] for b in listed} == {home(i) for i in range(n)}
    short = [b for b in listed if len(b["prefixes"]) != 2]
    assert not short, (len(short), short[0])
    assert len(ha.mip6ctl("binding").splitlines()) == n + 1
    # for each: its address, its IPv6 prefix and its IPv4 prefix
    assert len(tunnelled(net.ha)) == 3 * n
    rates["refreshed"] = crowd.say(n, LIFETIME, "again")
    assert len(tunnelled(net.ha)) == 3 * n
    rates["de-registered"] = crowd.say(n, 0, "last")
    assert not tunnelled(net.ha) and not json.loads(ha.mip6ctl("-j", "binding"))
    until("they are forgotten", lambda: ha.status()["home_agent"]["bindings"] == 0)
    said = stats(ha, "home_agent")
    assert said["accepted"] == 2 * n and said["deregistered"] == n and not said["refused"]
    rates["kernel"] = kernel_alone(net.ha, n)
    with capsys.disabled():
        print("\n  " + ", ".join(f"{what} {rate:.0f}/s" for what, rate in rates.items()))
    with open(os.path.join(os.environ["LAB_OUT"], "rates.json"), "w") as f:
        json.dump(rates, f)
