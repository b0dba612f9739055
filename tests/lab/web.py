# SPDX-License-Identifier: BSD-2-Clause
"""The web server of the lab: web.py FOLDER PORT serves a folder, IPv6 and IPv4."""
import functools
import http.server
import queue
import socket
import sys
import threading

WORKERS = 24        # a kept connection occupies one


class Server(http.server.HTTPServer):
    """Python's web server with workers that stay (a thread per request is dear in the lab)."""

    address_family = socket.AF_INET6
    request_queue_size = 128

    def __init__(self, *args):
        self._accepted = queue.SimpleQueue()
        super().__init__(*args)
        for _ in range(WORKERS):
            threading.Thread(target=self._work, daemon=True).start()

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def process_request(self, request, client_address):
        self._accepted.put((request, client_address))

    def _work(self):
        while True:
            request, client_address = self._accepted.get()
            try:
                self.finish_request(request, client_address)
            except OSError:             # the client went away; it is the one who complains
                pass
            finally:
                self.shutdown_request(request)


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20        # of a connection on which nothing comes
    # Head and body of a small answer in one segment, as web servers do.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    handler = functools.partial(Handler, directory=sys.argv[1])
    server = Server(("::", int(sys.argv[2])), handler)
    print("listening", flush=True)
    server.serve_forever()
