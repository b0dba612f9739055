# SPDX-License-Identifier: BSD-2-Clause
"""Packet capture into pcap files (nanoseconds) from a memory-mapped packet ring.

No tcpdump: a process per capture and a system call per packet are what
user-mode Linux has least of. The kernel writes packets and their times into
the ring; the reactor's tick copies them out.
"""
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
PCAP_NS_MAGIC = 0xa1b23c4d
LINKTYPE_ETHERNET = 1


class Capture:
    """One device's packets. `snap` bounds the bytes kept of each."""

    def __init__(self, node, dev, path, snap=1900, frames=1024):
        self.node, self.dev, self.path = node, dev, path
        self.count = 0
        self.dropped = 0
        self._lock = threading.Lock()
        self._frame = 256
        while self._frame < snap + 96:
            self._frame *= 2
        self._n = frames
        self._next = 0
        self._sock = node.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        size = self._frame * frames
        self._sock.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack(
            "=IIII", BLOCK, size // BLOCK, self._frame, frames))
        self._ring = mmap.mmap(self._sock.fileno(), size)
        self._file = open(path, "wb", buffering=1 << 16)
        self._file.write(struct.pack("=IHHiIII", PCAP_NS_MAGIC, 2, 4, 0, 0, 1 << 18,
                                     LINKTYPE_ETHERNET))
        self._sock.bind((dev, ETH_P_ALL))

    def tick(self, _now):
        with self._lock:
            ring, frame = self._ring, self._frame
            while True:
                at = self._next * frame
                status, length, snap, mac, _net, sec, nsec = struct.unpack_from(
                    "=IIIHHII", ring, at)
                if not status & 1:
                    return
                start = at + mac
                snap = min(snap, frame - mac)
                self._file.write(struct.pack("=IIII", sec, nsec, snap, length))
                self._file.write(ring[start:start + snap])
                struct.pack_into("=I", ring, at, 0)
                self.count += 1
                self._next = (self._next + 1) % self._n

    def flush(self):
        with self._lock:
            self._file.flush()

    def close(self):
        try:
            stats = self._sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
            self.dropped = struct.unpack("=II", stats)[1]
        except OSError as e:
            if e.errno != errno.ENETDOWN:
                raise
        self._file.close()
        self._ring.close()
        self._sock.close()

    def stop(self):
        """End the capture; the file is complete. A lost packet is an error of the lab."""
        self.node.world.reactor.remove(self)
        assert self.dropped == 0, f"capture {self.path} lost {self.dropped} packets"
        return self.path
