# SPDX-License-Identifier: BSD-2-Clause
"""UDP and TCP between nodes by sockets of the test: who speaks with which source address."""
import socket
import struct

IPV6_ADDR_PREFERENCES = 72          # RFC 5014; linux/in6.h
PREFER_SRC_COA = 0x0004


def udp(node, prefer_coa=False, bind=None):
    """A UDP socket of the node; with RFC 5014's wish for the care-of address, or bound."""
    s = node.socket(socket.AF_INET6, socket.SOCK_DGRAM, 0)
    s.settimeout(20)
    if prefer_coa:
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, struct.pack("=i", PREFER_SRC_COA))
    if bind:
        s.bind((bind, 0))
    return s


class Echo:
    """A UDP server that says to whoever asks what address it saw."""

    def __init__(self, node, port):
        self.port = port
        self.s = node.socket(socket.AF_INET6, socket.SOCK_DGRAM, 0)
        self.s.bind(("::", port))
        self.s.settimeout(20)

    def asked_by(self, client, address):
        """The client sends one datagram here: the source that arrives, after the answer has."""
        client.sendto(b"who am I", (address, self.port))
        _, src = self.s.recvfrom(100)
        self.s.sendto(src[0].encode(), src)
        assert client.recv(100).decode() == src[0]
        return src[0]

    def close(self):
        self.s.close()


class Session:
    """One TCP connection that goes through whatever happens: words there and back."""

    def __init__(self, server, client, address, port, bind=None):
        listener = server.socket(socket.AF_INET6, socket.SOCK_STREAM, 0)
        listener.bind(("::", port))
        listener.listen(1)
        self.client = client.socket(socket.AF_INET6, socket.SOCK_STREAM, 0)
        self.client.settimeout(90)
        if bind:
            self.client.bind((bind, 0))
        self.client.connect((address, port))
        self.server, peer = listener.accept()
        self.server.settimeout(90)
        self.source = peer[0]
        self.rounds = 0
        listener.close()

    def talk(self):
        """A word each way, in order."""
        self.rounds += 1
        word = b"%08d" % self.rounds
        for one, other in ((self.client, self.server), (self.server, self.client)):
            one.sendall(word)
            got = b""
            while len(got) < len(word):
                more = other.recv(len(word) - len(got))
                assert more, "the connection was closed"
                got += more
            assert got == word
        return self

    def close(self):
        self.client.close()
        self.server.close()
