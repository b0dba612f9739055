# SPDX-License-Identifier: BSD-2-Clause
"""Boots the lab, runs the demonstration in it, and tells what happened. Called by tests/demo."""
import argparse
import json
import os
import sys
import time

import boot
import demo_report as report
import judge
import run

ROUNDS = 5
SAME_MS = 30        # two families count as equal when their medians differ by no more than this


def arguments():
    p = argparse.ArgumentParser(prog="tests/demo", description=__doc__)
    p.add_argument("--json", metavar="FILE", help="write the figures there")
    p.add_argument("--rounds", type=int, default=ROUNDS, help="tours (default %(default)s)")
    p.add_argument("--stay", type=float, default=3, help="seconds on each link, at least")
    # With the default of RFC 4861, 1 s, TCP's own back-off makes 1.4 s of the outage, and one in
    # thirty of the 1 MB documents that are under way just then takes more than its 2 s.
    p.add_argument("--dad", type=float, default=0.25, metavar="SECONDS",
                   help="RetransTimer of the home link, which duplicate address detection waits "
                   "(default %(default)s)")
    p.add_argument("--build", default="build", help=argparse.SUPPRESS)
    p.add_argument("--out", default="build/demo", help=argparse.SUPPRESS)
    return p.parse_args()


def busy():
    """How many others want this machine's processors just now, on average over a second."""
    wanted = 0
    for _ in range(10):
        with open("/proc/loadavg") as f:
            wanted += int(f.read().split()[3].split("/")[0]) - 1     # we are running ourselves
        time.sleep(0.1)
    return wanted / 10


def play(args):
    """The demonstration itself, in a lab kernel; its facts, or None."""
    env = {**run.environment(args.build), "DEMO_ROUNDS": args.rounds, "DEMO_STAY": args.stay,
           "DEMO_DAD": args.dad}
    out = os.path.join(os.path.abspath(args.out), "boot")
    b = boot.Boot([boot.PYTHON, "-u", os.path.join(boot.HERE, "demo.py")], out, env,
                  limit=400 + args.rounds * 3 * (args.stay + 60))
    status = boot.run([b], lambda text: print(text, end="", flush=True))[0]
    if status != 0:
        print(f"the demonstration did not end well: {status}")
    try:
        with open(os.path.join(out, "facts.json")) as f:
            return json.load(f)
    except (OSError, ValueError):
        return None


def figures(facts, caps, all_moves):
    """The object for --json."""
    verdict = judge.Verdict()
    for path in facts["captures"].values():
        verdict.add(judge.judge(path))
    ssh = facts["ssh"]
    return {"kernel": facts["kernel"], "moves": [m.json() for m in all_moves],
            "ssh_survived": all(s["status"] == 0 and not s["missing"] for s in ssh),
            "http_ok": facts["http"]["ok"], "http_failed": len(facts["http"]["failed"]),
            "decoder": {"messages": verdict.mobility, "malformed": len(verdict.malformed),
                        "bad_checksum": len(verdict.bad_checksum)},
            "untunnelled": len(caps.leaks),
            "leftovers": sum(len(x) for x in facts["leftovers"].values())}, verdict


def show(facts, caps, all_moves, numbers, verdict):
    """The story for people: timeline, tables, figures."""
    print("\n== Timeline (from the captures) ==\n")
    for n, m in enumerate(all_moves, 1):
        print(report.timeline(m, n) + "\n")
    print("== Routing tables (paper Fig. 7) ==")
    for where in ("home", "foreign1"):
        for text in facts["tables"].get(where, {}).values():
            print(f"\nmobile router at {where}\n{text}")
    print("\n== Outage against the path's round trip, medians in ms ==\n")
    print(f"{'moves':>20} {'n':>3} {'RTT':>7} {'RA':>7} {'IPv6':>8} {'IPv4':>8} {'allowed':>8}   "
          "detect / bu / dad / ba / data")
    for kind, ms in report.kinds(all_moves).items():
        phases = " / ".join(f"{report.median([m.phases[p] for m in ms]):.1f}"
                            for p in ("detect", "bu", "dad", "ba", "data"))
        print(f"{kind:>20} {len(ms):3} {report.median([m.rtt for m in ms]):7.1f} "
              f"{report.median([m.marks.get('RA') or 0 for m in ms]):7.1f} "
              f"{report.median([m.outage['ipv6'] for m in ms]):8.1f} "
              f"{report.median([m.outage['ipv4'] for m in ms]):8.1f} "
              f"{report.median([m.allowed() for m in ms]):8.1f}   {phases}")
    lost = {f: sum(m.lost[f] for m in all_moves) for f in ("ipv6", "ipv4")}
    own = {f: sum(m.mr_lost[f] for m in all_moves) for f in ("ipv6", "ipv4")}
    print(f"\npings between A and B lost in all moves: IPv6 {lost['ipv6']}, IPv4 {lost['ipv4']}; "
          f"of the mobile router's own: IPv6 {own['ipv6']}, IPv4 {own['ipv4']}")
    for s in facts["ssh"]:
        print(f"ssh to {s['to']}: {s['lines']} numbered lines, {len(s['missing'])} missing, "
              f"exit status {s['status']}")
    print(f"web: {numbers['http_ok']} fetches good ({facts['http']['big']} of 1 MB), "
          f"{numbers['http_failed']} failed, the slowest good one took "
          f"{facts['http']['slowest']:.2f} s of 2")
    for f in facts["http"]["failed"][:10]:
        print(f"  {f['url']}: status {f['status']} http {f['code']} after {f['seconds']} s, "
              f"{f['bytes']} bytes {f['error']}")
    d = numbers["decoder"]
    print(f"independent decoders: {d['messages']} Mobility Header messages, {d['malformed']} "
          f"malformed (tshark), {d['bad_checksum']} bad checksums (scapy, tshark)")
    for line in (verdict.malformed + verdict.bad_checksum)[:10]:
        print(f"  {line}")
    print(f"seen outside the tunnel on a foreign link: {numbers['untunnelled']}")
    for link, p in caps.leaks[:10]:
        print(f"  {link}: {p}")
    print(f"left behind after stop: {numbers['leftovers']}")
    for node, lines in facts["leftovers"].items():
        for line in lines[:20]:
            print(f"  {node}: {line}")


def complaints(facts, all_moves, numbers, args):
    """Everything that does not hold; none: the demonstration succeeded."""
    out = []
    if not facts.get("complete"):
        out.append("the tour was not completed")
    if facts.get("stopped") is not True:
        out.append(f"a daemon did not stop well: {facts.get('stopped')}")
    if facts["capture_loss"]:
        out.append(f"captures are incomplete: {facts['capture_loss']}")
    for kind, ms in report.kinds(all_moves).items():
        if len(ms) < args.rounds:
            out.append(f"{kind}: only {len(ms)} moves")
            continue
        for family in ("ipv6", "ipv4"):
            over = report.median([m.outage[family] - m.allowed() for m in ms])
            if not over <= 0:
                out.append(f"{kind}: median {family} outage is {over:.1f} ms over the bound")
        apart = abs(report.median([m.outage["ipv6"] for m in ms])
                    - report.median([m.outage["ipv4"] for m in ms]))
        if not apart <= SAME_MS:
            out.append(f"{kind}: the families' outages are {apart:.1f} ms apart")
    for key, good in (("ssh_survived", True), ("http_failed", 0), ("untunnelled", 0),
                      ("leftovers", 0)):
        if numbers[key] != good:
            out.append(f"{key} is {numbers[key]}")
    d = numbers["decoder"]
    if d["malformed"] or d["bad_checksum"] or not d["messages"]:
        out.append(f"decoders: {d}")
    if not numbers["http_ok"] or not facts["http"]["big"]:
        out.append("nothing was fetched from the web server")
    return out


def main():
    args = arguments()
    others = busy()
    if others >= 0.5:
        print(f"This machine has other work ({others:.1f} processes on {os.cpu_count()} processors):"
              " the lab will be late, and the figures will be those of a busy machine.", flush=True)
    facts = play(args)
    if facts is None:
        print("FAILED: no facts came out of the lab")
        return 1
    caps = report.Captures(facts["captures"])
    all_moves = report.moves(facts, caps)
    numbers, verdict = figures(facts, caps, all_moves)
    show(facts, caps, all_moves, numbers, verdict)
    if args.json:
        with open(args.json, "w") as f:
            json.dump(numbers, f, indent=1)
            f.write("\n")
    wrong = complaints(facts, all_moves, numbers, args)
    print()
    for w in wrong:
        print(f"FAILED: {w}")
    if not wrong:
        print("all of it holds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
