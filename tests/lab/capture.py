# SPDX-License-Identifier: BSD-2-Clause
"""Packets from memory-mapped rings: into pcap files, or to whoever listens.

No tcpdump and no recv(): a process per capture and a system call per packet
are what user-mode Linux has least of. The kernel writes packets and their
times into the ring; the reactor's tick reads them out of memory.
"""
import ctypes
import errno
import mmap
import socket
import struct
import threading

SOL_PACKET = 263
PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION = 5, 6, 10
TPACKET_V2 = 1
ETH_P_ALL = 3
SO_ATTACH_FILTER = 26
BLOCK = 1 << 16
SLL_PKTTYPE = 32 + 10           # behind the ring's header: struct sockaddr_ll
PACKET_OUTGOING = 4
PCAP_NS_MAGIC = 0xa1b23c4d
LINKTYPE_ETHERNET = 1

# Classic BPF, one instruction: (code, jump if true, jump if false, value)
LDB, LDH, AND, JEQ, JGE, RET = 0x30, 0x28, 0x54, 0x15, 0x35, 0x06
NOTHING = [(RET, 0, 0, 0)]
# Ethernet, all but the TCP of users inside an ip6tnl tunnel: a link's capture that stays small.
NO_TUNNELLED_TCP = [
    (LDH, 0, 0, 12), (JEQ, 0, 7, 0x86dd),
    (LDB, 0, 0, 20), (JEQ, 1, 0, 41), (JEQ, 2, 4, 4),
    (LDB, 0, 0, 60), (JEQ, 3, 2, 6),
    (LDB, 0, 0, 63), (JEQ, 1, 0, 6),
    (RET, 0, 0, 0xffff), (RET, 0, 0, 0)]
# Ethernet, only what routers say: extension headers, Mobility Header, ICMPv6 but echoes.
SIGNALLING = [
    (LDH, 0, 0, 12), (JEQ, 0, 8, 0x86dd),
    (LDB, 0, 0, 20), (JEQ, 5, 0, 135), (JEQ, 4, 0, 60), (JEQ, 3, 0, 43), (JEQ, 0, 3, 58),
    (LDB, 0, 0, 54), (JGE, 0, 1, 130),
    (RET, 0, 0, 0xffff), (RET, 0, 0, 0)]


def echo_filter(at):
    """Echo requests and replies of both families, and what may be such behind IPv6 extension
    headers of mobility; `at`: where the network header begins."""
    return [(LDB, 0, 0, at), (AND, 0, 0, 0xf0), (JEQ, 1, 0, 0x60), (JEQ, 7, 12, 0x40),
            (LDB, 0, 0, at + 6), (JEQ, 11, 0, 60), (JEQ, 10, 0, 43), (JEQ, 0, 8, 58),
            (LDB, 0, 0, at + 40), (JEQ, 7, 0, 128), (JEQ, 6, 5, 129),
            (LDB, 0, 0, at + 9), (JEQ, 0, 3, 1),
            (LDB, 0, 0, at + 20), (JEQ, 2, 0, 0), (JEQ, 1, 0, 8),
            (RET, 0, 0, 0), (RET, 0, 0, 0xffff)]


def attach_filter(sock, program):
    code = b"".join(struct.pack("=HBBI", *i) for i in program)
    buf = ctypes.create_string_buffer(code)
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("@HP", len(program), ctypes.addressof(buf)))


class Ring:
    """Received and sent packets of a device (None: of all devices) of a node."""

    def __init__(self, node, dev=None, snap=1900, frames=1024, program=None, raw=True):
        self._frame = 256
        while self._frame < snap + 96:
            self._frame *= 2
        self._n, self._next = frames, 0
        self._sock = node.socket(socket.AF_PACKET, socket.SOCK_RAW if raw else socket.SOCK_DGRAM,
                                 0)
        if program:
            attach_filter(self._sock, program)
        self._sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        size = self._frame * frames
        self._sock.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack(
            "=IIII", BLOCK, size // BLOCK, self._frame, frames))
        self._ring = mmap.mmap(self._sock.fileno(), size)
        # Bound only now: with protocol 0 nothing came before the ring was there.
        if dev:
            self._sock.bind((dev, ETH_P_ALL))
        else:
            address = struct.pack("=HHiHBB8x", socket.AF_PACKET, socket.htons(ETH_P_ALL), 0,
                                  0, 0, 0)
            if ctypes.CDLL(None, use_errno=True).bind(self._sock.fileno(), address, 20):
                raise OSError(ctypes.get_errno(), "bind of a packet socket")

    def read(self):
        """What came since the last call: (sec, nsec, length on the wire, bytes, outgoing)."""
        ring, frame = self._ring, self._frame
        while True:
            at = self._next * frame
            status, length, snap, mac, _net, sec, nsec = struct.unpack_from("=IIIHHII", ring, at)
            if not status & 1:
                return
            start = at + mac
            snap = min(snap, frame - mac)
            yield (sec, nsec, length, ring[start:start + snap],
                   ring[at + SLL_PKTTYPE] == PACKET_OUTGOING)
            struct.pack_into("=I", ring, at, 0)
            self._next = (self._next + 1) % self._n

    def dropped(self):
        try:
            stats = self._sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        except OSError as e:
            if e.errno != errno.ENETDOWN:
                raise
            return 0
        return struct.unpack("=II", stats)[1]

    def close(self):
        self._ring.close()
        self._sock.close()


class Capture:
    """One device's packets as a pcap file (nanoseconds). `snap` bounds the bytes kept of each."""

    def __init__(self, node, dev, path, snap=1900, frames=1024, program=None):
        self.node, self.dev, self.path = node, dev, path
        self.count = self.lost = 0
        self._lock = threading.Lock()
        self._ring = Ring(node, dev, snap, frames, program)
        self._file = open(path, "wb", buffering=1 << 16)
        self._file.write(struct.pack("=IHHiIII", PCAP_NS_MAGIC, 2, 4, 0, 0, 1 << 18,
                                     LINKTYPE_ETHERNET))

    def tick(self, _now):
        with self._lock:
            for sec, nsec, length, data, _out in self._ring.read():
                self._file.write(struct.pack("=IIII", sec, nsec, len(data), length))
                self._file.write(data)
                self.count += 1

    def flush(self):
        with self._lock:
            self._file.flush()

    def close(self):
        self.lost = self._ring.dropped()
        self._file.close()
        self._ring.close()

    def stop(self):
        """End the capture; the file is complete. A lost packet is an error of the lab."""
        self.node.world.reactor.remove(self)
        assert self.lost == 0, f"capture {self.path} lost {self.lost} packets"
        return self.path
