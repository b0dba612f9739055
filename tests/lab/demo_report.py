# SPDX-License-Identifier: BSD-2-Clause
"""What the demonstration's captures say: timeline, outages, losses, leaks.

Everything is read from packets and from the moment each cable was pulled (one
clock, the lab kernel's); the daemons are not asked.
"""
import bisect
import statistics

from net import A4, A6, B4, B6, HA_ADDR, HOA, HOME_PREFIX, MNP, MNP4
from pkt import hides, packets

PING_MS = 10
FOREIGN = ("foreign1", "foreign2")
# Who hears whom: (flow, where it arrives, family, sender, receiver)
ARRIVALS = (("B->A ipv6", "lan", "ipv6", B6, A6), ("B->A ipv4", "lan", "ipv4", B4, A4),
            ("A->B ipv6", "b", "ipv6", A6, B6), ("A->B ipv4", "b", "ipv4", A4, B4))


class Captures:
    """The captures of a demonstration, read once, in the forms that are asked for."""

    def __init__(self, paths):
        self.arrived = {name: [] for name, *_ in ARRIVALS}
        self.signalling = {link: [] for link in ("home", *FOREIGN)}
        self.leaks = []
        for where in ("lan", "b"):
            self._read_users(where, paths[where])
        outside = hides(HOME_PREFIX, MNP, MNP4)
        for link in self.signalling:
            for p in packets(paths[link]):
                if p.mh or p.nd:
                    self.signalling[link].append(p)
                if link in FOREIGN and any(a != HA_ADDR and outside(a) for a in p.addresses()):
                    self.leaks.append((link, p))

    def _read_users(self, where, path):
        """Echo requests that arrived, by flow: (time, sequence number)."""
        flows = {(src, dst): name for name, at, _f, src, dst in ARRIVALS if at == where}
        for p in packets(path):
            if p.echo and p.echo[0] == "request" and (p.src, p.dst) in flows:
                self.arrived[flows[p.src, p.dst]].append((p.t, p.echo[2]))

    def first(self, link, since, to, test):
        """The first signalling packet on a link in [since, to) that passes the test, or None."""
        return next((p for p in self.signalling[link] if since <= p.t < to and test(p)), None)


def _silence(arrived, sent, pulled, to):
    """The longest outage of a flow from a movement to the next, in ns.

    Time between two arrivals of requests that were sent at their pace, less
    that pace. Where the sender itself stood still (a busy machine), its pause
    before the first lost request and before the next that arrived is no outage.
    """
    lo, hi = bisect.bisect_left(arrived, (pulled, 0)), bisect.bisect_left(arrived, (to, 0))
    lo = max(0, lo - 1)         # the last one before
    pace = PING_MS * 1_000_000
    worst = 0
    for (t1, one), (t2, two) in zip(arrived[lo:hi], arrived[lo + 1:hi]):
        if t2 - t1 <= worst or not all(s in sent for s in (one, one + 1, two, two - 1)):
            continue
        outage = t2 - t1 - (sent[one + 1] - sent[one])
        if two - 1 > one:
            outage -= max(0, sent[two] - sent[two - 1] - pace)
        worst = max(worst, outage)
    return worst if hi > lo + 1 else to - pulled


class Move:
    """One movement as the captures show it; times in ms after the cable was pulled."""

    def __init__(self, fact, until, caps, pings):
        self.at, self.src, self.dst = fact["at"], fact["from"], fact["to"]
        self.plugged = fact["plugged"]
        self.kind = f"{'home' if self.src == 'home' else 'foreign'} -> " \
                    f"{'home' if self.dst == 'home' else 'foreign'}"
        self.until = until
        self.marks = {}
        self._signalling(caps)
        self._data(caps, pings)
        self._pings(pings)
        self._phases()

    def _ms(self, t):
        return None if t is None else (t - self.at) / 1e6

    def _signalling(self, caps):
        link, to = self.dst, self.until

        def first(name, since, test, where=link):
            p = caps.first(where, since, to, test)
            self.marks[name] = self._ms(p.t if p else None)
            return p.t if p else to

        first("RS", self.at, lambda p: p.nd == "RS")
        first("RA", self.plugged, lambda p: p.nd == "RA")
        bu = first("BU", self.at, lambda p: p.mh and p.mh.name == "BU")
        if self.dst != "home":
            first("DAD", bu, lambda p: p.nd == "NS" and p.src == "::" and p.target == HOA, "home")
        first("BA", bu, lambda p: p.mh and p.mh.name == "BA" and p.mh.status < 128)

    def _data(self, caps, pings):
        """Silence of each flow at its receiver, beyond the pace of the pings, and the first
        request to arrive of those that were sent after the cable was pulled."""
        self.outage = {}
        for name, _where, family, _s, _d in ARRIVALS:
            sent, arrived = pings[name]["sent"], caps.arrived[name]
            outage = max(0.0, _silence(arrived, sent, self.at, self.until) / 1e6)
            self.outage[family] = max(self.outage.get(family, 0), outage)
            self.marks[f"data {name}"] = self._ms(next(
                (t for t, seq in arrived[bisect.bisect_left(arrived, (self.at, 0)):]
                 if self.at <= sent.get(seq, 0) and t < self.until), None))

    def _pings(self, pings):
        """Requests of the time around this move that were never answered; the new path's RTT."""
        since, to = self.at - 500_000_000, self.until - 500_000_000
        self.lost, self.mr_lost = {"ipv6": 0, "ipv4": 0}, {"ipv6": 0, "ipv4": 0}
        for name, p in pings.items():
            count = self.mr_lost if name.startswith("MR") else self.lost
            for seq, t in p["sent"].items():
                if since <= t < to:
                    count[name[-4:]] += seq not in p["back"]
        flow = pings["B->A ipv6"]
        rtts = [(back - flow["sent"][seq]) / 1e6 for seq, back in flow["back"].items()
                if self.at < flow["sent"][seq] < self.until - 100_000_000]
        self.rtt = statistics.median(rtts[len(rtts) // 2:]) if rtts else float("nan")

    def _phases(self):
        """Durations one after the other; DAD is taken out of the wait for the acknowledgement."""
        m = self.marks
        ra, bu, ba = m.get("RA") or 0, m.get("BU") or 0, m.get("BA") or 0
        detect = min(ra, bu) if bu else ra
        wait = max(0, ba - bu)
        dad = min(wait, max(0, ba - m["DAD"] - (self.rtt / 2 if self.rtt == self.rtt else 0))) \
            if m.get("DAD") and ba else 0
        data = max([t for name, t in m.items() if name.startswith("data") and t], default=0)
        self.phases = {"detect": detect, "bu": max(0, bu - detect), "dad": dad,
                       "ba": wait - dad, "data": max(0, data - ba) if ba else 0}

    def allowed(self):
        """The bound: RA delay (since the cable was pulled) + RTT + 50 ms, + DAD from home."""
        dad = self.phases["dad"] if self.kind == "home -> foreign" else 0
        return (self.marks.get("RA") or 0) + self.rtt + 50 + dad

    def json(self):
        def number(v):
            return round(v, 1) if v == v else None

        def rounded(d):
            return {k: number(v) for k, v in d.items()}
        return {"from": self.src, "to": self.dst, "rtt_ms": number(self.rtt),
                "outage_ms": rounded(self.outage), "lost": self.lost,
                "phases_ms": rounded(self.phases)}


def moves(facts, caps):
    """Every move of the demonstration, with the time until the next as its window."""
    pings = {name: {"sent": {int(k): v for k, v in p["sent"].items()},
                    "back": {int(k): v for k, v in p["back"].items()}}
             for name, p in facts["pings"].items()}
    ends = [m["at"] for m in facts["moves"][1:]] + [facts["traffic_to"]]
    return [Move(m, end, caps, pings) for m, end in zip(facts["moves"], ends)]


def median(values):
    return statistics.median(values) if values else float("nan")


def kinds(all_moves):
    """Moves by kind, in the order of the tour."""
    out = {"home -> foreign": [], "foreign -> foreign": [], "foreign -> home": []}
    for m in all_moves:
        out[m.kind].append(m)
    return out


def timeline(move, n):
    """The readable lines of one move."""
    lines = [f"move {n}: {move.src} -> {move.dst}   (round trip on the new path "
             f"{move.rtt:.1f} ms)",
             "      0.0 ms  the cable is pulled",
             f"  {(move.plugged - move.at) / 1e6:7.1f} ms  it is plugged in elsewhere"]
    names = {"RS": "router solicitation", "RA": "router advertisement of the new link",
             "BU": "Binding Update", "DAD": "home agent looks for a duplicate (DAD)",
             "BA": "Binding Acknowledgement"}
    for mark, t in sorted(move.marks.items(), key=lambda x: x[1] if x[1] is not None else 1e9):
        if t is not None:
            lines.append(f"  {t:7.1f} ms  {names.get(mark, 'first ' + mark)}")
    lines.append(f"  outage IPv6 {move.outage['ipv6']:.1f} ms, IPv4 {move.outage['ipv4']:.1f} ms; "
                 f"lost IPv6 {move.lost['ipv6']}, IPv4 {move.lost['ipv4']} requests; allowed "
                 f"{move.allowed():.1f} ms")
    return "\n".join(lines)
