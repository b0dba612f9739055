#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the seed corpora of the fuzz targets: tests/fuzz/corpus/NAME/*.

The seeds come from a foreign encoder (scapy) wherever it knows the message, so
that a mistake made in both our builder and our parser does not hide. What scapy
does not know is packed here by hand from the RFC's figure. The output does not
change from run to run.

usage: mkcorpus.py [DIRECTORY]
"""
import logging
import pathlib
import random
import socket
import struct
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)
import scapy.layers.inet6 as s6  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402

HA, HOA, COA = "2001:db8:1::1", "2001:db8:1::10", "2001:db8:2::20"


def a6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def opt(kind, data):
    """A mobility option that scapy does not know."""
    return s6.MIP6OptUnknown(otype=kind, odata=data)


def bu(options, **kw):
    return s6.MIP6MH_BU(seq=1, flags="AH", mhtime=15, options=options, **kw)


def ba(options, **kw):
    return s6.MIP6MH_BA(seq=1, flags="K", mhtime=15, options=options, **kw)


def raw_mh(kind, body):
    """A whole Mobility Header of exactly these options, aligned by the caller."""
    mh = struct.pack("!BBBBH", 59, 0, kind, 0, 0) + body
    mh += bytes(-len(mh) % 8)
    return mh[:1] + bytes([len(mh) // 8 - 1]) + mh[2:]


def sub(kind, data):
    """A sub-option of a Flow Identification (RFC 6089 4.2.1)."""
    return bytes([kind, len(data)]) + data


def flow(fid, prio, *subs, status=0):
    """A Flow Identification (RFC 6089 4.2) at 8n with padding before it; the area starts at 12."""
    data = struct.pack("!HHBB", fid, prio, 0, status) + b"".join(subs)
    body = bytes([45, len(data)]) + data
    return body + (b"" if len(body) % 8 == 0 else bytes(-len(body) % 8))


def flow_seeds():
    v6 = sub(3, struct.pack("!BBHH", 2, 0, 0x8800, 0) + a6(COA) + struct.pack("!I", 7))
    ports = sub(3, struct.pack("!BBHHHHHHBBBB", 2, 0, 0x00ff, 0, 5000, 5010, 80, 443, 184, 187, 6, 17))
    v4 = sub(3, struct.pack("!BBHH", 1, 0, 0xc00c, 0) + socket.inet_aton("192.0.2.1")
             + socket.inet_aton("192.0.2.9") + bytes([17, 17]))
    bids = sub(2, struct.pack("!HH", 1, 3))
    pad = bytes([1, 2, 0, 0])
    head = struct.pack("!HHH", 1, 0xc000, 15) + pad
    yield "bu-flow-ipv6", raw_mh(5, head + flow(4, 10, v6, bids))
    yield "bu-flow-ports", raw_mh(5, head + flow(4, 10, ports, bids) + flow(2, 30, v4, b"\0", bids))
    yield "bu-flow-summary", raw_mh(5, head + sub(44, struct.pack("!HHH", 2, 4, 5)))
    yield "bu-flow-unknown", raw_mh(5, head + flow(1, 1, sub(99, b"abc"), sub(3, bytes([9, 0, 1])), bids))
    yield "bu-flow-bad", raw_mh(5, head + flow(1, 1, bids, bids) + flow(0, 0, bytes([3, 200]))
                                + bytes([45, 3, 0, 7, 0, 0]))
    yield "ba-flow", raw_mh(6, struct.pack("!BBHH", 0, 0, 1, 15) + pad + flow(4, 10, bids, status=131))


def mh_seeds():
    yield from flow_seeds()
    alt, nai = s6.MIP6OptAltCoA(acoa=COA), s6.MIP6OptMNID(subtype=1, id=b"mn1@example.org")
    auth = s6.MIP6OptMsgAuth(subtype=1, mspi=1000, authdata=bytes(12))
    stamp = s6.MIP6OptReplayProtection(timestamp=0xe8fe6f8040000000)
    mnp = s6.MIP6OptMobNetPrefix(plen=64, prefix="2001:db8:281::")
    nonce = s6.MIP6OptNonceIndices(olen=4, hni=3, coni=4)
    rr = struct.pack("!BBHH", 4, 4, 3, 4) + bytes([5, 12]) + bytes(range(12))
    v4 = socket.inet_aton("10.0.0.0")
    yield "brr", s6.MIP6MH_BRR()
    yield "hoti", s6.MIP6MH_HoTI(cookie=b"\1\2\3\4\5\6\7\x08")
    yield "coti", s6.MIP6MH_CoTI(cookie=b"\1\2\3\4\5\6\7\x08")
    yield "hot", s6.MIP6MH_HoT(index=3, cookie=b"COOKIE01", token=b"TOKEN012")
    yield "cot", s6.MIP6MH_CoT(index=4, cookie=b"COOKIE01", token=b"TOKEN012")
    yield "bu-plain", bu([])
    yield "bu-altcoa", bu([alt])
    yield "bu-auth", bu([alt, nai, stamp, auth])
    yield "bu-nemo", s6.MIP6MH_BU(seq=9, flags="AHR", mhtime=15, options=[alt, mnp, mnp])
    yield "bu-nonce", bu([nonce])
    yield "bu-rr", raw_mh(5, struct.pack("!HHH", 7, 0x8000, 105) + rr)
    yield "bu-dereg", s6.MIP6MH_BU(seq=2, flags="AH", mhtime=0, options=[])
    yield "ba-plain", ba([])
    yield "ba-135", ba([], status=135)
    yield "ba-advice", ba([s6.MIP6OptBRAdvice(rinter=10)])
    yield "ba-auth", ba([nai, stamp, auth])
    yield "ba-rr", raw_mh(6, struct.pack("!BBHH", 0, 0, 7, 105) + rr)
    yield "be-1", s6.MIP6MH_BE(status=1, ha=HOA)
    yield "be-2", s6.MIP6MH_BE(status=2, ha=HOA)
    yield "bu-unknown-option", bu([s6.MIP6OptCGAParamsReq(), opt(20, b"service"), alt])
    yield "bu-vendor", bu([opt(19, struct.pack("!IB", 33546, 1) + b"x"), opt(18, b"abc")])
    yield "bu-lla", bu([opt(7, bytes([2, 2, 0, 0, 0, 0, 1]))])
    # 12 is 4n, where these options of 8 octets stay in line
    yield "bu-ipv4", raw_mh(5, struct.pack("!HHH", 1, 0xc400, 15)
                            + struct.pack("!BBH", 29, 6, 24 << 10 | 0x200) + v4
                            + struct.pack("!BBH", 32, 6, 0) + socket.inet_aton("192.0.2.9"))
    yield "ba-ipv4", raw_mh(6, struct.pack("!BBHH", 0, 0x40, 1, 15)
                            + struct.pack("!BBBB", 30, 6, 0, 24 << 2) + v4
                            + struct.pack("!BBBB", 30, 6, 133, 0) + v4
                            + struct.pack("!BBHI", 31, 6, 0x8000, 110))
    yield "bu-v4prefix", raw_mh(5, struct.pack("!HHH", 1, 0xc400, 15)
                                + struct.pack("!BBBB", 11, 6, 0, 24) + v4)
    yield "ba-v4prefix", raw_mh(6, struct.pack("!BBHH", 0, 0x40, 1, 15)
                                + struct.pack("!BBBB", 12, 6, 129, 24) + v4)
    yield "bu-bid", raw_mh(5, struct.pack("!HHH", 1, 0xc040, 15) + bytes([1, 4, 0, 0, 0, 0])
                           + struct.pack("!BBHBB", 35, 20, 1, 0, 7) + a6(COA)
                           + struct.pack("!BBHBB", 35, 4, 2, 0, 3))
    yield "bu-bid4", raw_mh(5, struct.pack("!HHH", 1, 0xc000, 15) + bytes([1, 4, 0, 0, 0, 0])
                            + struct.pack("!BBHBB", 35, 8, 1, 0, 0x87) + v4)
    yield "ba-bid", raw_mh(6, struct.pack("!BBHH", 4, 0, 1, 15)
                           + struct.pack("!BBHBB", 35, 4, 1, 167, 0))
    yield "bu-aaa", raw_mh(5, struct.pack("!HHH", 1, 0xc000, 15) + b"\0"
                           + struct.pack("!BBBI", 9, 17, 1, 1000) + bytes(12)
                           + struct.pack("!BBBI", 9, 17, 2, 3) + bytes(12))
    yield "bu-many", raw_mh(5, struct.pack("!HHH", 1, 0xc400, 15)
                            + b"".join(struct.pack("!BBBB", 6, 18, 0, 64)
                                       + a6(f"2001:db8:{i:x}::") + bytes([1, 2, 0, 0])
                                       for i in range(20)))
    yield "bad-proto", raw_mh(5, bytes(10)).replace(b";", b":", 1)
    yield "bad-type", raw_mh(16, bytes(10))
    yield "bad-len", bytes([59, 9, 5, 0, 0, 0, 0, 0])
    yield "bad-option", raw_mh(5, struct.pack("!HHH", 1, 0xc000, 15) + bytes([3, 17, 0, 0]))
    yield "empty", b""


def exthdr_seeds():
    hao = s6.HAO(hoa=HOA)
    yield "hao", s6.IPv6ExtHdrDestOpt(nh=135, options=[hao])
    yield "hao-padded", s6.IPv6ExtHdrDestOpt(nh=59, options=[s6.PadN(optdata=b"\0\0"), hao])
    yield "hao-twice", s6.IPv6ExtHdrDestOpt(nh=59, options=[hao, hao])
    yield "no-hao", s6.IPv6ExtHdrDestOpt(nh=59, options=[s6.Pad1(), s6.PadN(optdata=b"\0\0\0")])
    yield "unknown", s6.IPv6ExtHdrDestOpt(
        nh=59, options=[s6.HBHOptUnknown(otype=0x3e, optdata=b"abc"), hao])
    yield "rh2", s6.IPv6ExtHdrRouting(nh=135, type=2, segleft=1, addresses=[HOA])
    yield "rh2-processed", s6.IPv6ExtHdrRouting(nh=135, type=2, segleft=0, addresses=[HOA])
    yield "rh0", s6.IPv6ExtHdrRouting(nh=59, type=0, segleft=1, addresses=[HOA])
    yield "rh2-two", s6.IPv6ExtHdrRouting(nh=59, type=2, segleft=2, addresses=[HOA, COA])


def nd_seeds():
    slla = s6.ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01")
    tlla = s6.ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:02")
    pio = s6.ICMPv6NDOptPrefixInfo(prefixlen=64, L=1, A=1, R=1, prefix="2001:db8:280::1",
                                   validlifetime=2592000, preferredlifetime=604800)
    yield "rs", s6.ICMPv6ND_RS() / slla
    yield "rs-bare", s6.ICMPv6ND_RS()
    yield "ra", s6.ICMPv6ND_RA(routerlifetime=1800) / slla / pio
    yield "ra-ha", (s6.ICMPv6ND_RA(M=1, O=1, H=1, prf=1, routerlifetime=1800) / slla
                    / s6.ICMPv6NDOptMTU(mtu=1500) / s6.ICMPv6NDOptAdvInterval(advint=70)
                    / s6.ICMPv6NDOptHAInfo(pref=10, lifetime=3600, res=0x8000) / pio)
    yield "ra-low", s6.ICMPv6ND_RA(prf=3, routerlifetime=9000, retranstimer=1000) / pio / pio
    yield "ra-more", (s6.ICMPv6ND_RA() / s6.ICMPv6NDOptRouteInfo(prefix="2001:db8:9::", plen=48)
                      / s6.ICMPv6NDOptRDNSS(dns=[HA]) / pio)
    yield "ra-last", s6.ICMPv6ND_RA(routerlifetime=0)
    many = s6.ICMPv6ND_RA()
    for _ in range(18):
        many = many / pio
    yield "ra-many", many
    yield "ns", s6.ICMPv6ND_NS(tgt=HA) / slla
    yield "ns-dad", bytes(s6.ICMPv6ND_NS(tgt=HOA)) + bytes([14, 1, 1, 2, 3, 4, 5, 6])
    yield "na", s6.ICMPv6ND_NA(R=1, S=1, O=1, tgt=HOA) / tlla
    yield "na-bare", s6.ICMPv6ND_NA(R=0, S=0, O=0, tgt=HOA)
    yield "zero-length", bytes(s6.ICMPv6ND_RA()) + bytes(8)
    yield "long-lladdr", bytes(s6.ICMPv6ND_RS()) + bytes([1, 3]) + bytes(range(22))


def icmp6_seeds():
    pio = s6.ICMPv6NDOptPrefixInfo(prefixlen=64, L=1, A=1, R=1, prefix="2001:db8:280::1",
                                   validlifetime=2592000, preferredlifetime=604800)
    hao = s6.IPv6ExtHdrDestOpt(options=[s6.HAO(hoa=HOA)])
    rh2 = s6.IPv6ExtHdrRouting(type=2, segleft=1, addresses=[HOA])
    up, down = IPv6(src=COA, dst=HA), IPv6(src=HA, dst=COA)
    mps = s6.ICMPv6MPSol(id=7)
    yield "dhaad-request", s6.ICMPv6HAADRequest(id=0x1234, R=1)
    yield "dhaad-reply", s6.ICMPv6HAADReply(id=0x1234, R=0, addresses=[HA, COA])
    yield "dhaad-reply-empty", s6.ICMPv6HAADReply(id=1, R=1, addresses=[])
    yield "mps", mps
    yield "mpa", s6.ICMPv6MPAdv(id=7, flags=3) / pio / pio
    yield "echo-request", s6.ICMPv6EchoRequest(id=1, seq=2, data=b"probe")
    yield "echo-reply", s6.ICMPv6EchoReply(id=1, seq=2, data=b"probe")
    yield "unknown-header", s6.ICMPv6ParamProblem(code=1, ptr=40) / up / hao / bu([])
    yield "unknown-option", s6.ICMPv6ParamProblem(code=2, ptr=46) / up / hao / mps
    yield "unreachable", s6.ICMPv6DestUnreach(code=3) / down / rh2 / ba([])
    yield "too-big", s6.ICMPv6PacketTooBig(mtu=1400) / up / IPv6(src=HOA, dst=HA) / mps
    yield "fragment", (s6.ICMPv6DestUnreach(code=1) / up
                       / s6.IPv6ExtHdrFragment(nh=135, offset=0, m=1, id=1) / bu([]))
    yield "later-fragment", (s6.ICMPv6DestUnreach(code=1) / up
                             / s6.IPv6ExtHdrFragment(nh=135, offset=9, id=1) / b"123456789")
    yield "hop-by-hop", (s6.ICMPv6DestUnreach(code=1) / up
                         / s6.IPv6ExtHdrHopByHop(options=[s6.PadN(optdata=b"\0\0\0\0")])
                         / hao / rh2 / bu([]))
    yield "cut", bytes(s6.ICMPv6DestUnreach(code=1) / up / hao / bu([]))[:60]


def capture(link, packets, magic=0xa1b2c3d4, order="<"):
    """A pcap file."""
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    for i, p in enumerate(bytes(p) for p in packets):
        out += struct.pack(order + "IIII", 1000 + i, 5000, len(p), len(p)) + p
    return out


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def capture_ng(packets, order="<"):
    """A section of a pcapng file: one interface in nanoseconds, and blocks that are passed over."""
    out = block(order, 0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1))
    out += block(order, 1, struct.pack(order + "HHIHHB3xHHqI", 101, 0, 0, 9, 1, 9, 14, 8, 5, 0))
    out += block(order, 4, bytes(8))
    for i, p in enumerate(bytes(p) for p in packets):
        out += block(order, 6, struct.pack(order + "IIIII", 0, 1, i, len(p), len(p)) + p)
        out += block(order, 3, struct.pack(order + "I", len(p)) + p)
    return out


def pcap_seeds():
    hao = s6.IPv6ExtHdrDestOpt(options=[s6.HAO(hoa=HOA)])
    rh2 = s6.IPv6ExtHdrRouting(type=2, segleft=1, addresses=[HOA])
    up, down = IPv6(src=COA, dst=HA), IPv6(src=HA, dst=COA)
    nai = opt(8, b"\x01bus\x1b[2J@example.org")
    plain = [up / hao / bu([nai]), down / rh2 / ba([]), up / s6.ICMPv6HAADRequest(id=1, R=1),
             down / s6.ICMPv6HAADReply(id=1, addresses=[HA, COA]), up / hao / s6.ICMPv6MPSol(id=7),
             down / s6.ICMPv6EchoRequest(), up / raw_mh(77, b"")]
    tunnel = [up / IPv6(src=HOA, dst=HA) / s6.MIP6MH_HoTI(cookie=b"12345678"),
              up / s6.ICMPv6DestUnreach(code=3) / down / rh2 / ba([]),
              up / s6.ICMPv6ParamProblem(code=1) / down / up / bu([]),
              down / s6.ICMPv6ParamProblem(code=2) / bytes(up / hao / bu([]))[:70],
              IPv6(src=COA, dst=HA, nh=47) / (b"\x20\0\x86\xdd\0\0\0\7" + bytes(up / bu([])))]
    ether = [bytes(12) + b"\x86\xdd" + bytes(p) for p in plain]
    vlan = [bytes(12) + b"\x81\0\0\5\x86\xdd" + bytes(p) for p in plain]
    sll = [bytes(14) + b"\x86\xdd" + bytes(p) for p in plain]
    sll2 = [b"\x86\xdd" + bytes(18) + bytes(p) for p in plain]
    yield "ethernet", capture(1, ether + vlan)
    yield "raw-nano-swapped", capture(101, plain + tunnel, 0xa1b23c4d, ">")
    yield "sll", capture(113, sll)
    yield "sll2", capture(276, sll2)
    yield "other-link", capture(147, plain)
    yield "cut", capture(101, plain)[:-9]
    yield "ng", capture_ng(plain)
    yield "ng-sections", capture_ng(tunnel) + capture_ng(plain, ">")
    yield "ng-cut", capture_ng(plain)[:-9]
    yield "ng-bad-interface", capture_ng(plain).replace(struct.pack("<II", 6, 0), b"\6\0\0\0\1")
    yield "ng-no-interface", capture_ng([])[:28] + capture_ng(plain)[76:]
    yield "ng-long", capture_ng(plain).replace(struct.pack("<HH", 9, 1), struct.pack("<HH", 9, 999))


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1
                       else pathlib.Path(__file__).resolve().parent / "corpus")
    random.seed(0)
    for name, seeds in (("mh", mh_seeds), ("exthdr", exthdr_seeds), ("nd", nd_seeds),
                        ("icmp6", icmp6_seeds), ("pcap", pcap_seeds)):
        (top / name).mkdir(parents=True, exist_ok=True)
        for seed, msg in seeds():
            (top / name / seed).write_bytes(bytes(msg))


if __name__ == "__main__":
    main()
