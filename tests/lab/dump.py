# SPDX-License-Identifier: BSD-2-Clause
"""Everything a daemon can leave behind in a namespace, as a set of lines.

Plain netlink dumps with the attributes that change by themselves left out.
Two dumps of a namespace that nobody touched are equal; what differs after a
daemon ended is what it forgot.
"""
import os
import socket
import struct

import rtnl

NLM_F_DUMP, NLM_F_REQUEST = 0x300, 1
NLMSG_ERROR, NLMSG_DONE = 2, 3
NETLINK_ROUTE, NETLINK_XFRM = 0, 6
NTF_PROXY = 8
AF6 = socket.AF_INET6

# kind -> (protocol, request type, family header, attributes kept by name)
LINK = {3: "name", 1: "mac", 4: "mtu", 10: "master", 18: "info", 27: "group"}
ADDR = {1: "addr", 2: "local", 8: "flags"}
ROUTE = {1: "dst", 2: "src", 4: "oif", 5: "via", 6: "prio", 7: "prefsrc", 8: "metrics",
         9: "multipath", 15: "table", 18: "via", 21: "encap_type", 22: "encap", 30: "nh_id"}
RULE = {1: "dst", 2: "src", 3: "iif", 6: "prio", 10: "fwmark", 15: "table", 16: "mask",
        14: "suppress", 17: "oif", 21: "proto"}
NEIGH = {1: "dst"}
TC = {1: "kind"}
NETCONF = {1: "oif", 2: "forwarding", 3: "rp_filter", 4: "mc_forwarding", 5: "proxy_neigh",
           6: "ignore_routes_with_linkdown", 8: "bc_forwarding"}
IFA_F_TENTATIVE = 0x40
GLOBAL = {-1: "all", -2: "default"}
IFLA_AF_SPEC, IFLA_INET6_ADDR_GEN_MODE = 26, 8
# family -> (where its files are, the attribute that holds all values of a device)
DEVICE_CONF = {socket.AF_INET: ("net.ipv4.conf", 1), AF6: ("net.ipv6.conf", 2)}
# What changes by itself
VOLATILE_FILES = {"random_seed", "nf_conntrack_count", "stable_secret", "udp_mem", "tcp_mem"}
VOLATILE_NEIGH = {"retrans_time", "base_reachable_time", "base_reachable_time_ms"}


def _attrs(data, keep, names):
    """Attributes of a message as text; devices by name, addresses readable."""
    out = []
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        kind &= 0x3fff
        if length < 4:
            break
        body = data[4:length]
        if kind in keep:
            out.append(f"{keep[kind]}={_show(keep[kind], body, names)}")
        data = data[(length + 3) & ~3:]
    return " ".join(sorted(out))


def _show(name, body, names):
    if name in ("oif", "master") and len(body) == 4:
        return names.get(struct.unpack("=i", body)[0], body.hex())
    if name in ("dst", "src", "via", "prefsrc", "addr", "local"):
        if len(body) == 16:
            return socket.inet_ntop(AF6, body)
        if len(body) == 4:
            return socket.inet_ntop(socket.AF_INET, body)
    if name in ("name", "kind", "iif"):
        return body.rstrip(b"\0").decode(errors="replace")
    if name == "info":          # the kind only: a bridge's timers run
        return body[4:struct.unpack_from("=H", body)[0]].rstrip(b"\0").decode(errors="replace")
    if len(body) == 4:
        return str(struct.unpack("=I", body)[0])
    return body.hex()


def _dump(sock, kind, header):
    """One netlink dump: the payloads of its messages."""
    sock.send(struct.pack("=IHHII", 16 + len(header), kind, NLM_F_REQUEST | NLM_F_DUMP, 7, 0)
              + header)
    out = []
    while True:
        data = sock.recv(1 << 18)
        at = 0
        while at + 16 <= len(data):
            length, mtype, _flags, _seq, _pid = struct.unpack_from("=IHHII", data, at)
            if mtype == NLMSG_DONE:
                return out
            if mtype == NLMSG_ERROR:
                err = struct.unpack_from("=i", data, at + 16)[0]
                if err:
                    raise OSError(-err, os.strerror(-err))
                return out
            out.append(data[at + 16:at + length])
            at += (length + 3) & ~3


def _links(rt):
    """Names by index, and the lines for links."""
    raw = _dump(rt, 18, struct.pack("=BxHiII", 0, 0, 0, 0, 0))
    names = {}
    for m in raw:
        index = struct.unpack_from("=i", m, 4)[0]
        at = 16
        while at + 4 <= len(m):
            length, kind = struct.unpack_from("=HH", m, at)
            if kind == 3:
                names[index] = m[at + 4:at + length].rstrip(b"\0").decode()
            at += (length + 3) & ~3
    up = {struct.unpack_from("=i", m, 4)[0]: struct.unpack_from("=I", m, 8)[0] & 1 for m in raw}
    lines = {f"link {'up' if up[struct.unpack_from('=i', m, 4)[0]] else 'down'} "
             f"{_attrs(m[16:], LINK, names)}" for m in raw}
    for m in raw:
        lines |= _device_sysctls(names[struct.unpack_from("=i", m, 4)[0]], m[16:])
    return names, lines


def _device_sysctls(dev, data):
    """net.ipv4.conf.DEV and net.ipv6.conf.DEV, which come with a link, as numbers."""
    lines = set()
    for kind, families in rtnl.attrs(data):
        if kind != IFLA_AF_SPEC:
            continue
        for family, conf in rtnl.attrs(families):
            if family not in DEVICE_CONF:
                continue
            name, wanted = DEVICE_CONF[family]
            for kind6, values in rtnl.attrs(conf):
                if kind6 == wanted:
                    lines |= {f"sysctl {name} dev {dev} number {n} = {v}" for n, (v,) in
                              enumerate(struct.iter_unpack("=i", values))}
                elif family == AF6 and kind6 == IFLA_INET6_ADDR_GEN_MODE:
                    lines.add(f"sysctl {name} dev {dev} addr_gen_mode = {values[0]}")
    return lines


def _routes(rt, names):
    lines = set()
    for family in (socket.AF_INET, AF6):
        for m in _dump(rt, 26, struct.pack("=BBBBBBBBI", family, *[0] * 7, 0)):
            _f, dlen, slen, tos, _t, proto, scope, rtype, flags = struct.unpack_from(
                "=BBBBBBBBI", m)
            if flags & 0x200:                       # RTM_F_CLONED: exceptions age by themselves
                continue
            lines.add(f"route inet{'6' if family == AF6 else ''} /{dlen} from/{slen} tos {tos} "
                      f"proto {proto} scope {scope} type {rtype} {_attrs(m[12:], ROUTE, names)}")
        for m in _dump(rt, 34, struct.pack("=BBBBBBBBI", family, *[0] * 7, 0)):
            _f, dlen, slen, tos, table, _r, _r2, action, flags = struct.unpack_from(
                "=BBBBBBBBI", m)
            lines.add(f"rule inet{'6' if family == AF6 else ''} /{dlen} from/{slen} tos {tos} "
                      f"action {action} flags {flags} {_attrs(m[12:], RULE, names)}")
    return lines


def _tc(rt, names):
    """Filters on every device's ingress and egress hooks and its root, and the qdiscs."""
    lines = set()
    for m in _dump(rt, 38, struct.pack("=BxHiIII", 0, 0, 0, 0, 0, 0)):
        index, handle, parent = struct.unpack_from("=iII", m, 4)
        lines.add(f"qdisc dev {names.get(index)} handle {handle:x} parent {parent:x} "
                  f"{_attrs(m[20:], TC, names)}")
    for index, name in names.items():
        for parent in (0xfffffff2, 0xfffffff3):     # clsact ingress, egress
            try:
                found = _dump(rt, 46, struct.pack("=BxHiIII", 0, 0, index, 0, parent, 0))
            except OSError:                         # no such hook
                continue
            for m in found:
                lines.add(f"filter dev {name} parent {parent:x} {_attrs(m[20:], TC, names)}")
    return lines


def _xfrm(sock):
    """States and policies, by their identifying bytes (counters and times left out)."""
    lines = set()
    for m in _dump(sock, 18, b""):
        sel, ident, saddr = m[:56], m[56:80], m[80:96]
        lines.add(f"xfrm state src {saddr.hex()} id {ident.hex()} sel {sel.hex()}")
    for m in _dump(sock, 21, b""):
        # selector 56, limits 64 + 32, then priority, index, direction, action
        prio, _index, direction, action = struct.unpack_from("=IIBB", m, 152)
        lines.add(f"xfrm policy dir {direction} prio {prio} action {action} sel {m[:56].hex()}")
    return lines


def _netconf(rt, names):
    """What forwards and filters in net.ipv4.conf and net.ipv6.conf, `all` and `default` too."""
    lines = set()
    for family in (socket.AF_INET, AF6):
        for m in _dump(rt, 82, struct.pack("=Bxxx", family)):
            lines.add(f"netconf family {family} {_attrs(m[4:], NETCONF, {**names, **GLOBAL})}")
    return lines


def _sysctls():
    """Every file: some thousand system calls, the dearest thing in user-mode Linux."""
    lines = set()
    for top in ("/proc/sys/net/ipv4", "/proc/sys/net/ipv6", "/proc/sys/net/core"):
        for d, _dirs, files in os.walk(top):
            for f in files:
                if f in VOLATILE_FILES or "/neigh/" in d and f in VOLATILE_NEIGH:
                    continue
                # os.open and os.read: a thousand times three system calls, not eight.
                path = f"{d}/{f}"
                try:
                    fd = os.open(path, os.O_RDONLY)
                except OSError:
                    continue
                try:
                    value = os.read(fd, 4096).decode(errors="replace").strip()
                except OSError:
                    continue
                finally:
                    os.close(fd)
                lines.add(f"sysctl {path[10:]} = {value}")
    return lines


def dump(node, files=True):
    """The state of a node's namespace as a set of lines.

    files: read every sysctl of the network, not only those that netlink tells.
    """
    rt = node.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
    xf = node.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM)
    try:
        names, lines = _links(rt)
        for m in _dump(rt, 22, struct.pack("=BBBBI", 0, 0, 0, 0, 0)):
            family, plen, _flags, scope, index = struct.unpack_from("=BBBBI", m)
            lines.add(f"address dev {names.get(index)} family {family} /{plen} scope {scope} "
                      f"{_attrs(m[8:], ADDR, names)}")
        lines |= _routes(rt, names)
        for m in _dump(rt, 30, struct.pack("=BxxxiHBB", AF6, 0, 0, NTF_PROXY, 0)):
            index, _state, flags = struct.unpack_from("=iHB", m, 4)
            if flags & NTF_PROXY:
                lines.add(f"proxy dev {names.get(index)} {_attrs(m[12:], NEIGH, names)}")
        lines |= _tc(rt, names) | _xfrm(xf) | _netconf(rt, names)
    finally:
        rt.close()
        xf.close()
    if files:
        with node.ns:
            lines |= _sysctls()
    return lines


def at_rest(node):
    """What the kernel does by itself after a device went up is done: each has its link-local
    address, none is tentative, and each address has its route."""
    lines = dump(node, files=False)
    words = [dict(w.split("=", 1) for w in x.split() if "=" in w) | {"line": x} for x in lines]
    devs = {w["name"] for w in words if w["line"].startswith("link up") and w.get("info") == "veth"}
    addrs = [(w["line"].split()[2], w["addr"], w) for w in words
             if w["line"].startswith("address") and f" family {AF6.value} " in w["line"]]
    routes = {w["dst"] for w in words if w["line"].startswith("route inet6 /128") and "dst" in w}
    return (not any(int(w["flags"]) & IFA_F_TENTATIVE for _d, _a, w in addrs)
            and all(a in routes for _d, a, _w in addrs)
            and devs <= {d for d, a, _w in addrs if a.startswith("fe80:")})


def difference(before, after):
    """What is new ("+ ...") and what is missing ("- ..."), sorted."""
    return sorted([f"+ {x}" for x in after - before] + [f"- {x}" for x in before - after])
