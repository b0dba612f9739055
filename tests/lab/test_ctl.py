# SPDX-License-Identifier: BSD-2-Clause
"""mip6ctl against running daemons: what it says, as text and as JSON, and how it ends."""
import json
import subprocess

import conf
from daemon import MIP6CTL
from net import FOREIGN, HA_ADDR, HOA, MNP, MNP4
from proc import until
from scene import arrived, away

DONE, USAGE, UNREACHABLE, REFUSED, NOT_FOUND = 0, 2, 3, 4, 5
NOBODY = "2001:db8:280::dead"


def ctl(node, *words, socket=None, errors=False):
    """(exit status, output); errors: what it says to its user instead."""
    argv = [MIP6CTL, "-S", socket or conf.socket_path(node), *words]
    with node.ns:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr if errors else done.stdout


def shown(node, *words):
    """Output as text, and what it is as JSON."""
    status, text = ctl(node, *words)
    assert status == DONE, (words, status, text)
    status, records = ctl(node, "-j", *words)
    assert status == DONE and records.count("\n") <= 1, records
    return text, json.loads(records)


def same_for_people(node, *words):
    """-p says what -j says, on lines of its own."""
    status, pretty = ctl(node, "-p", *words)
    assert status == DONE and pretty.count("\n") > 5
    short, pretty = json.loads(ctl(node, "-j", *words)[1]), json.loads(pretty)
    assert type(short) is type(pretty)
    for one, other in zip([short], [pretty]) if isinstance(short, dict) else zip(short, pretty):
        assert set(one) == set(other)


def test_what_mip6ctl_shows_of_a_home_agent_and_a_mobile_router(net):
    ha, mr = away(net)
    looks_at_the_home_agent(net)
    looks_at_the_mobile_router(net)
    same_for_people(net.ha, "binding")
    same_for_people(net.mr, "status")
    ends_as_it_says(net)
    watches(net, ha, mr)
    checks_configurations(net)


def looks_at_the_home_agent(net):
    text, status = shown(net.ha, "status")
    assert "ha" in status["roles"] and status["ready"] and status["home_agent"]["bindings"] == 1
    assert "home agent" in text and "1 binding of 1 mobile node" in text
    text, bindings = shown(net.ha, "binding")
    assert HOA in text and HOA == bindings[0]["home_address"] and len(bindings) == 1
    assert {p["prefix"] for p in bindings[0]["prefixes"]} == {MNP, MNP4}
    assert shown(net.ha, "binding", HOA)[1][0]["home_address"] == HOA
    text, prefixes = shown(net.ha, "prefix")
    assert MNP in text and MNP4 in text and {p["state"] for p in prefixes} == {"routed"}
    assert [p["prefix"] for p in json.loads(ctl(net.ha, "-4", "-j", "prefix")[1])] == [MNP4]
    assert [p["prefix"] for p in json.loads(ctl(net.ha, "-6", "-j", "prefix")[1])] == [MNP]
    text, stats = shown(net.ha, "stats")
    assert stats["home_agent"]["accepted"] >= 1 and stats["mobile_node"] is None
    assert shown(net.ha, "registration")[1] == []


def looks_at_the_mobile_router(net):
    text, status = shown(net.mr, "status")
    assert "mr" in status["roles"] and status["mobile_node"]["registered"] == 1
    assert "up0" in text
    text, regs = shown(net.mr, "registration")
    assert HOA in text and "bound" in text and HA_ADDR in text
    assert regs[0]["home_address"] == HOA and regs[0]["state"] == "bound"
    assert regs[0]["care_of"]["addr"].startswith(FOREIGN["foreign1"][:-1])
    text, prefixes = shown(net.mr, "prefix")
    assert MNP in text and {p["state"] for p in prefixes} == {"accepted"}
    text, stats = shown(net.mr, "stats")
    assert stats["mobile_node"]["bu"] >= 1 and stats["home_agent"] is None
    # shortened as iproute2's, one line per record
    status, text = ctl(net.mr, "-o", "reg", "show")
    assert status == DONE and len(text.splitlines()) == 1 and HOA in text


def ends_as_it_says(net):
    for node, words, wanted, told in (
            (net.ha, ("binding", NOBODY), NOT_FOUND, NOBODY),
            (net.mr, ("registration", NOBODY), NOT_FOUND, NOBODY),
            (net.ha, ("prefix", "show", NOBODY), NOT_FOUND, NOBODY),
            (net.ha, ("binding", "flush", NOBODY), NOT_FOUND, NOBODY),
            (net.ha, ("registration", "refresh"), REFUSED, "role"),
            (net.mr, ("binding", "flush"), REFUSED, "role"),
            (net.ha, ("bindings",), USAGE, "bindings"),
            (net.ha, ("binding", "show", "nonsense"), USAGE, "home_address")):
        status, text = ctl(node, *words, errors=True)
        assert status == wanted and told in text, (words, status, text)
    status, text = ctl(net.ha, "status", socket="/run/tmp/nobody.sock", errors=True)
    assert status == UNREACHABLE and "is mip6d running?" in text
    # an empty list is a list, whatever the form
    status, text = ctl(net.ha, "-j", "binding", NOBODY)
    assert status == NOT_FOUND and text.strip() in ("", "[]"), text


def watches(net, ha, mr):
    """The present state first, then what happens, one JSON object a line."""
    watch = net.ha.spawn("monitor", [MIP6CTL, "-S", conf.socket_path(net.ha), "-j", "-n", "1",
                                     "monitor", "binding"])
    watch.wait_log('"sync"')
    net.move(net.mr, "foreign2")
    coa = arrived(ha, mr, "foreign2")
    assert watch.wait() == DONE
    events = [json.loads(line) for line in watch.text().splitlines()]
    assert [e["event"] for e in events] == ["bc_add", "sync", "bc_add"]
    assert events[0]["home_address"] == HOA and events[2]["care_of"]["addr"] == coa
    assert events[0]["care_of"]["addr"] != coa
    text = ctl(net.mr, "-t", "1", "monitor", "registration")
    assert text[0] == DONE and HOA in text[1]
    # an operator's refresh is a new update
    seq = ha.bindings()[0]["sequence"]
    status, text = ctl(net.mr, "registration", "refresh", HOA)
    assert status == DONE and text.strip() == "1"
    until("the home agent hears it", lambda: ha.bindings()[0]["sequence"] != seq)
    # and a flush is followed by a new registration, sooner than by the end of the lifetime
    status, text = ctl(net.ha, "binding", "flush", HOA)
    assert status == DONE and text.strip() == "1"
    arrived(ha, mr, "foreign2")


def checks_configurations(net):
    bad = net.result("bad.conf")
    with open(bad, "w") as f:
        f.write(conf.ha_conf(net) + 'max_lifetim = 60;\nmetric = 0;\n')
    status, text = ctl(net.ha, "config", "check", bad, errors=True)
    assert status == REFUSED and f"{bad}:" in text, text
    assert "max_lifetim" in text and "max_lifetime" in text and "metric" in text, text
    status, text = ctl(net.ha, "config", "check", net.ha.daemon.config, errors=True)
    assert status == DONE, text
    status, text = ctl(net.ha, "config", "check", net.result("nothing.conf"), errors=True)
    assert status == REFUSED, text
