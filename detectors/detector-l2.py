#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A movement detector for mip6d that listens to layer 2: where an access point leads is known, so
the mobile node has moved before any router is heard.

  iw event -t | detector-l2.py POINTS [SOCKET]      (root; detector = "external" in mip6d.conf)

POINTS is a file with one access point in each line: its address as iw(8) prints it, the router's
link-local address, the prefix of the link. "home" as a fourth word: that is the home link.

  02:00:00:00:f1:01  fe80::f1:1  2001:db8:f1::/64
  02:00:00:00:80:01  fe80::80:1  2001:db8:280::/64  home

What it reads of iw: "TIME: DEVICE (phy #N): connected to BSSID", "... disconnected (REASON)", and
the same without the time. What it cannot place it leaves to the daemon: the uplink is lost.
"""
import json
import re
import socket
import sys

EVENT = re.compile(r"(?:[0-9.]+: )?(\S+?)(?: \(phy #\d+\))?: "
                   r"(?:(?:connected|roamed) to ([0-9a-f:]{17})|(disconnected)\b)", re.I)


def read_points(path):
    points = {}
    with open(path) as f:
        for n, line in enumerate(f, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if len(words) not in (3, 4) or words[3:] not in ([], ["home"]):
                sys.exit(f"{path}:{n}: BSSID ROUTER PREFIX [home] is expected")
            points[words[0].lower()] = {"kind": "home" if words[3:] else "coa",
                                        "router": words[1], "link": words[2]}
    return points


class Daemon:
    """One connection, kept open: the daemon shows by it whether the detector is there."""

    def __init__(self, path):
        self.path, self.sock = path, None

    def say(self, device, **fields):
        call = {"method": "io.mip6d.Inject",
                "parameters": {"event": "md_info", "fields": {"device": device, **fields}}}
        for again in (True, False):         # it may have been restarted since
            try:
                if not self.sock:
                    self.sock = socket.socket(socket.AF_UNIX)
                    self.sock.connect(self.path)
                self.sock.sendall(json.dumps(call).encode() + b"\0")
                reply = b""
                while not reply.endswith(b"\0"):
                    chunk = self.sock.recv(65536)
                    if not chunk:
                        raise ConnectionError("the daemon closed the connection")
                    reply += chunk
                return json.loads(reply[:-1])
            except OSError as e:
                self.sock.close()
                self.sock = None
                if not again:
                    return {"error": str(e)}


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    points = read_points(sys.argv[1])
    daemon = Daemon((sys.argv[2:] or ["/run/mip6d/mip6d.sock"])[0])
    for line in sys.stdin:
        found = EVENT.match(line.strip())
        if not found:
            continue
        device, bssid, _ = found.groups()
        point = points.get((bssid or "").lower(), {"kind": "lost"})
        reply = daemon.say(device, **point)
        print(device, bssid or "-", point["kind"], reply.get("error", "taken"),
              json.dumps(reply.get("parameters", {})), flush=True)


if __name__ == "__main__":
    main()
