#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The smallest movement detector for mip6d: the router that was heard last on an uplink is ours.

  detector-minimal.py DEVICE [SOCKET]        (root; detector = "external" in mip6d.conf)
"""
import json
import socket
import struct
import sys

device, path = sys.argv[1], (sys.argv[2:] or ["/run/mip6d/mip6d.sock"])[0]
ctl = socket.socket(socket.AF_UNIX)         # as long as it is open, the detector is there
ctl.connect(path)
nd = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
nd.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
nd.setsockopt(socket.IPPROTO_ICMPV6, 1, struct.pack("=8I", *[0xffffffbf if i == 4 else 0xffffffff
                                                             for i in range(8)]))  # only RAs (134)
nd.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
while True:
    ra, hops, _, sender = nd.recvmsg(1500, 64)
    if not hops or struct.unpack("i", hops[0][2][:4])[0] != 255 or ra[6:8] == b"\0\0":
        continue                            # from beyond the link, or no default router
    at, router = 16, sender[0].split("%")[0]
    while at + 32 <= len(ra) and ra[at + 1]:
        if ra[at] == 3 and ra[at + 2] == 64 and ra[at + 3] & 0x40:      # a prefix for addresses
            link = socket.inet_ntop(socket.AF_INET6, ra[at + 16:at + 24] + bytes(8)) + "/64"
            ctl.sendall(json.dumps({"method": "io.mip6d.Inject", "parameters": {
                "event": "md_info", "fields": {"kind": "coa", "device": device, "router": router,
                                               "link": link}}}).encode() + b"\0")
            print(device, router, link, ctl.recv(65536).decode().strip("\0"), flush=True)
            break
        at += ra[at + 1] * 8
