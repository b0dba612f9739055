# SPDX-License-Identifier: BSD-2-Clause
"""Rule sets of the guide (nftables) for a kernel that has only the older tables: user-mode Linux.

Knows the forms that the guide uses and no others; an unknown rule is an error.
"""
import itertools
import os
import re

GUIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../doc")
V4, V6 = "iptables-legacy", "ip6tables-legacy"
# The form, what it becomes, the families it is for.
FORMS = (
    (r'iif (\w+) ', lambda m: [["-i", m[1]]], (V4, V6)),
    (r'iifname "([\w*-]+)" ', lambda m: [["-i", m[1].replace("*", "+")]], (V4, V6)),
    (r'oifname "([\w*-]+)" ', lambda m: [["-o", m[1].replace("*", "+")]], (V4, V6)),
    (r"meta l4proto ipv6-icmp ", lambda m: [["-p", "icmpv6"]], (V6,)),
    (r"meta l4proto \{([\d, ]+)\} ", lambda m: [["-p", p.strip()] for p in m[1].split(",")],
     (V6,)),
    (r"meta l4proto (\d+) ", lambda m: [["-p", m[1]]], (V6,)),
    (r"ip6 saddr (\S+) ", lambda m: [["-s", m[1]]], (V6,)),
    (r"tcp dport \{([\d, ]+)\} ",
     lambda m: [["-p", "tcp", "--dport", p.strip()] for p in m[1].split(",")], (V4, V6)),
    (r"tcp dport (\d+) ", lambda m: [["-p", "tcp", "--dport", m[1]]], (V4, V6)),
    (r"ct state ([\w,]+) ",
     lambda m: [["-m", "conntrack", "--ctstate", m[1].upper()]], (V4, V6)),
    (r"rt type 2 ", lambda m: [["-m", "rt", "--rt-type", "2"]], (V6,)),
    (r"exthdr dst exists ", lambda m: [["-m", "ipv6header", "--header", "dst", "--soft"]], (V6,)),
)


def table(page, name):
    """The lines of a table in a page of the guide."""
    with open(os.path.join(GUIDE, page)) as f:
        found = re.search(rf"^table inet {name} \{{\n(.*?)^\}}", f.read(), re.M | re.S)
    assert found, f"{page} has no table {name}"
    return [line.strip() for line in found[1].splitlines()]


def rules(lines):
    """A table as the input of iptables-restore, for each of the older tools."""
    out = {V4: ["*filter"], V6: ["*filter"]}
    chain = None
    for line in lines:
        head = re.match(r"type filter hook (\w+) priority filter; policy (\w+);$", line)
        if head:
            chain = head[1].upper()
            for text in out.values():
                text.append(f":{chain} {head[2].upper()} [0:0]")
        elif line and not line.startswith("chain ") and line != "}":
            for tool, words in _rule(line):
                out[tool].append(" ".join(["-A", chain, *words]))
    return {tool: "\n".join([*text, "COMMIT", ""]) for tool, text in out.items()}


def _rule(line):
    rest, parts, tools = line, [], {V4, V6}
    while rest not in ("accept", "drop"):
        for form, becomes, families in FORMS:
            m = re.match(form, rest)
            if m:
                break
        else:
            raise ValueError(f"a rule of the guide that this file does not know: {line}")
        parts.append(becomes(m))
        tools &= set(families)
        rest = rest[m.end():]
    for tool in sorted(tools):
        for words in itertools.product(*parts):
            yield tool, [*itertools.chain(*words), "-j", rest.upper()]


def load(node, page, name, without=(), **devices):
    """Load a table of the guide into the node, instead of what it had. devices: names of the guide =
    names here; without: words of rules that are left out."""
    lines = [line for line in table(page, name) if not any(w in line for w in without)]
    for here, there in devices.items():
        lines = [line.replace(f'"{here}"', f'"{there}"') for line in lines]
    for tool, text in rules(lines).items():
        node.run(f"{tool}-restore", input=text)


def packets(node, words):
    """How many packets met the first IPv6 rule whose line has these words."""
    for line in node.run(V6, "-nvxL", "INPUT").splitlines():
        if words in line:
            return int(line.split()[0])
    raise AssertionError(f"{node.name} has no rule {words}")


def dropped(node):
    """How many IPv6 packets the node did not let in: as invalid, or because no rule knew them."""
    policy = re.search(r"policy DROP (\d+) packets", node.run(V6, "-nvxL", "INPUT"))
    return int(policy[1]) + packets(node, "INVALID")
