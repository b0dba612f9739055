# SPDX-License-Identifier: BSD-2-Clause
"""The few rtnetlink requests that every drawing is made of, packed by hand.

A network takes a hundred of them, and every scenario has a network: pyroute2,
which does all the rest, needs a third of a scenario's processor time for them.
One socket per namespace; requests that belong together go in one write, and
only the last is acknowledged (errors of any are told).
"""
import os
import socket
import struct

REQUEST, ACK, CREATE, EXCL, DUMP = 1, 4, 0x400, 0x200, 0x300
NLMSG_ERROR = 2
NEWLINK, GETLINK, SETLINK, NEWADDR, NEWROUTE, NEWNEIGH = 16, 18, 19, 20, 24, 28
NEWQDISC, DELQDISC = 36, 37
IFF_UP = 1
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MASTER, IFLA_LINKINFO, IFLA_NET_NS_FD = 1, 3, 10, 18, 28
INFO_KIND, INFO_DATA, PEER = 1, 2, 1
BR_FORWARD_DELAY, BR_STP_STATE, BR_MCAST_SNOOPING = 1, 5, 23
IFA_ADDRESS, IFA_LOCAL, IFA_F_NODAD = 1, 2, 2
RTA_DST, RTA_OIF, RTA_GATEWAY = 1, 4, 5
NDA_DST, NDA_LLADDR, NUD_PERMANENT = 1, 2, 0x80
TCA_KIND, TCA_OPTIONS, TC_H_ROOT, TCA_NETEM_RATE = 1, 2, 0xffffffff, 6
PSCHED_HZ = 1_000_000_000 // 64         # ticks a second of the packet scheduler
TABLE_MAIN, PROTO_STATIC, SCOPE_LINK, UNICAST = 254, 4, 253, 1


def attr(kind, body):
    if isinstance(body, int):
        body = struct.pack("=I", body)
    elif isinstance(body, str):
        body = body.encode() + b"\0"
    return struct.pack("=HH", 4 + len(body), kind) + body + bytes(-len(body) % 4)


def attrs(data):
    """(kind, body) of each attribute."""
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            return
        yield kind & 0x3fff, data[4:length]
        data = data[(length + 3) & ~3:]


def packed(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return family, socket.inet_pton(family, address)


def _link(index, flags=0, change=0):
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, change)


def _new(kind, index, name, data):
    """A link of this kind; `data`: the kind's own attributes."""
    info = attr(INFO_KIND, kind) + attr(INFO_DATA, data)
    return (NEWLINK, CREATE | EXCL,
            _link(index) + attr(IFLA_IFNAME, name) + attr(IFLA_LINKINFO, info))


def bridge(index, name):
    """A bridge that only carries frames."""
    return _new("bridge", index, name, attr(BR_FORWARD_DELAY, 0) + attr(BR_STP_STATE, 0)
                + attr(BR_MCAST_SNOOPING, b"\0"))


def veth(index, name, peer_index, peer_name, peer_netns):
    """A veth pair; peer_netns: file descriptor of the namespace of the other end."""
    return _new("veth", index, name, attr(PEER, _link(peer_index) + attr(IFLA_IFNAME, peer_name)
                                          + attr(IFLA_NET_NS_FD, peer_netns)))


def updown(index, up):
    return SETLINK, 0, _link(index, IFF_UP if up else 0, IFF_UP)


def plug(index, master):
    """Make the device a port of the bridge."""
    return SETLINK, 0, _link(index) + attr(IFLA_MASTER, master)


def addr(index, text):
    """An address ("2001:db8::1/64"), usable at once: no duplicate address detection."""
    address, plen = text.split("/")
    family, data = packed(address)
    flags = IFA_F_NODAD if family == socket.AF_INET6 else 0
    return (NEWADDR, CREATE | EXCL, struct.pack("=BBBBI", family, int(plen), flags, 0, index)
            + attr(IFA_LOCAL, data) + attr(IFA_ADDRESS, data))


def route(dst, via=None, index=None):
    """A static route of the main table; dst: a prefix, or "default" of the family of `via`."""
    if dst == "default":
        dst = "::/0" if ":" in via else "0.0.0.0/0"
    address, plen = dst.split("/")
    family, data = packed(address)
    scope = SCOPE_LINK if family == socket.AF_INET and not via else 0
    body = struct.pack("=BBBBBBBBI", family, int(plen), 0, 0, TABLE_MAIN, PROTO_STATIC, scope,
                       UNICAST, 0) + attr(RTA_DST, data)
    if via:
        body += attr(RTA_GATEWAY, packed(via)[1])
    if index:
        body += attr(RTA_OIF, index)
    return NEWROUTE, CREATE | EXCL, body


def neighbour(index, address, lladdr):
    """A neighbour that is known for good; lladdr: its 6 octets."""
    family, data = packed(address)
    return (NEWNEIGH, CREATE | EXCL, struct.pack("=BxHiHBB", family, 0, index, NUD_PERMANENT, 0, 0)
            + attr(NDA_DST, data) + attr(NDA_LLADDR, lladdr))


def netem(index, delay, loss, limit, jitter=0, rate=0, change=False):
    """Delay (seconds), lose (of 1) and slow down (bits per second) what leaves by the device; limit:
    packets in the queue. change: there is one, and what waits in it stays."""
    options = struct.pack("=IIIIII", round(delay * PSCHED_HZ), limit, int(loss * 0xffffffff),
                          0, 0, round(jitter * PSCHED_HZ))
    if rate:
        options += attr(TCA_NETEM_RATE, struct.pack("=IiIi", rate // 8, 0, 0, 0))
    return (NEWQDISC, 0 if change else CREATE | EXCL,
            struct.pack("=BxxxiIII", 0, index, 1 << 16, TC_H_ROOT, 0)
            + attr(TCA_KIND, "netem") + attr(TCA_OPTIONS, options))


def no_netem(index):
    return DELQDISC, 0, struct.pack("=BxxxiIII", 0, index, 0, TC_H_ROOT, 0)


class Rtnl:
    """A route socket that lives in the namespace where the calling thread stands."""

    def __init__(self):
        self._sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._seq = 0

    def __call__(self, *requests):
        """Carry out requests in this order; OSError if the kernel refuses one."""
        first, last = self._seq + 1, self._seq + len(requests)
        out = []
        for seq, (kind, flags, body) in enumerate(requests, first):
            flags |= REQUEST | (ACK if seq == last else 0)
            out.append(struct.pack("=IHHII", 16 + len(body), kind, flags, seq, 0) + body)
        self._seq = last
        self._sock.send(b"".join(out))
        refused = None
        while True:
            _length, kind, _flags, seq, _pid, err = struct.unpack_from("=IHHIIi",
                                                                       self._sock.recv(8192))
            assert kind == NLMSG_ERROR and first <= seq <= last, (kind, seq)
            if err and not refused:
                refused = OSError(-err, f"{os.strerror(-err)}: request {seq - first + 1} "
                                        f"of {len(requests)}, type {requests[seq - first][0]}")
            if seq == last:
                break
        if refused:
            raise refused

    def mac(self, index):
        """The device's 6 octets."""
        self._seq += 1
        body = _link(index)
        self._sock.send(struct.pack("=IHHII", 16 + len(body), GETLINK, REQUEST, self._seq, 0)
                        + body)
        data = self._sock.recv(1 << 16)
        _length, kind, _flags, _seq, _pid, err = struct.unpack_from("=IHHIIi", data)
        if kind == NLMSG_ERROR:
            raise OSError(-err, os.strerror(-err))
        return dict(attrs(data[32:]))[IFLA_ADDRESS]

    def close(self):
        self._sock.close()
