# SPDX-License-Identifier: BSD-2-Clause
"""The web server of the lab: web.py FOLDER PORT serves a folder, IPv6 and IPv4."""
import functools
import http.server
import socket
import sys


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    handler = functools.partial(Handler, directory=sys.argv[1])
    server = Server(("::", int(sys.argv[2])), handler)
    print("listening", flush=True)
    server.serve_forever()
