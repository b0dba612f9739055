# SPDX-License-Identifier: BSD-2-Clause
"""A client of the daemon's control socket (varlink: JSON objects ended by NUL).

mip6ctl does the same; polling with it would cost a process each time.
"""
import json
import socket


INTERFACE = "io.mip6d"


class ControlError(Exception):
    def __init__(self, name, parameters):
        super().__init__(f"{name} {parameters}")
        self.name, self.parameters = name, parameters


class Control:
    """Calls of one daemon; a connection per call, so that a restart is not an error."""

    def __init__(self, path):
        self.path = path

    def replies(self, method, limit=10.0, **parameters):
        """All replies of a call (`more`: one per record)."""
        if "." not in method:
            method = f"{INTERFACE}.{method}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(limit)
            s.connect(self.path)
            s.sendall(json.dumps({"method": method, "parameters": parameters,
                                  "more": True}).encode() + b"\0")
            data = b""
            while True:
                while b"\0" in data:
                    one, data = data.split(b"\0", 1)
                    reply = json.loads(one)
                    if "error" in reply:
                        raise ControlError(reply["error"], reply.get("parameters"))
                    yield reply.get("parameters", {})
                    if not reply.get("continues"):
                        return
                chunk = s.recv(65536)
                if not chunk:
                    raise ConnectionError(f"{self.path}: closed in the middle of {method}")
                data += chunk

    def call(self, method, **parameters):
        """The one reply of a call."""
        return next(self.replies(method, **parameters))

    def records(self, method, **parameters):
        """Replies of a listing as a list, without empty ends and with lists unfolded."""
        out = []
        for r in self.replies(method, **parameters):
            lists = [v for v in r.values() if isinstance(v, list)]
            out += lists[0] if len(r) == 1 and lists else [r] if r else []
        return out

    def up(self):
        try:
            self.call("Status")
            return True
        except (OSError, ControlError):
            return False
