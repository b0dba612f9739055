# SPDX-License-Identifier: BSD-2-Clause
"""The installed package: the service's own command lines, as its user, in the cage of its unit.

tests/package/run builds and installs it before; tests/run package does both.
"""
import json
import os
import platform
import re
import shutil

import pytest

import cage
import conf
import daemon
import forge
from net import HOA, MNP
from proc import until
from scene import answered, arrived, four_flows, mip6_routes, proxies, stop
from service import INSTALLED, PLAIN, PYTHON, Service
from unit import Unit

HERE = os.path.dirname(os.path.abspath(__file__))
SMOKE = os.path.join(daemon.REPO, "debian", "tests", "smoke")
EVIL = "2001:db8:f2::bad"
FLOOD = 500
WATCHDOG = 2                    # seconds instead of the unit's
LOUD = {"log": {"level": "debug"}}
CAPS = {"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_BPF"}

pytestmark = [
    pytest.mark.skipif(not INSTALLED, reason="no installed package: tests/run package makes one"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="seccomp.py knows x86-64's calls")]


@pytest.fixture
def services(lab):
    """services(net.ha, text): a Service whose files go when the scenario's daemons have ended."""
    made = []

    def make(*args, **more):
        made.append(Service(*args, **more))
        return made[-1]
    yield make
    for s in made:
        if s.proc and s.proc.alive():
            s.stop()
        s.close()


def test_the_service_works_in_the_cage_of_its_unit(lab, services):
    net = lab(attacker=True)
    ha = services(net.ha, conf.ha_conf(net, **PLAIN, **LOUD), watchdog=WATCHDOG)
    mr = services(net.mr, conf.mr_conf(net, **PLAIN, **LOUD))
    net.move(net.mr, "foreign1")
    ha.check()
    ha.start()
    mr.start()
    arrived(ha, mr, "foreign1")
    is_who_the_unit_says(ha)
    flood(net)
    flows = four_flows(net)
    answered(flows, "by the caged daemons")
    has_made_what_it_makes(net)
    net.move(net.mr, "foreign2")
    arrived(ha, mr, "foreign2")
    answered(flows, "after a handover")
    reloads(net, ha)
    answered(flows, "after a reload")
    stop(flows)
    until("the watchdog has heard of it", lambda: "WATCHDOG=1" in ha.notes())
    the_flood_is_told(ha)
    for s in (mr, ha):
        s.stop()
        assert [n.split("=")[0] for n in s.notes() if n.startswith(("READY", "STOPPING"))][-1] == \
            "STOPPING"
        assert not os.path.exists(s.ctl.path)
        for line in s.log().splitlines():
            assert re.match(r"<[3-7]>[a-z0-9]+: ", line), f"no line for the journal: {line}"
        assert conf.KEY not in s.log().lower(), "the key is in the log"


def is_who_the_unit_says(s):
    with open(f"/proc/{s.proc.pid}/status") as f:
        said = dict(line.rstrip().split(":\t", 1) for line in f if ":\t" in line)
    want = f"{sum(1 << cage.CAPS[c] for c in CAPS):016x}"
    assert {said[k] for k in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {want}, said
    assert set(said["Uid"].split()) == {str(os.stat(f"{s.root}/var/lib/mip6d").st_uid)} != {"0"}
    assert said["NoNewPrivs"] == "1" and said["Seccomp"] == "2"
    notes = s.notes()
    assert "READY=1" in notes and any(n.startswith("STATUS=") for n in notes)


def has_made_what_it_makes(net):
    """Tunnel, routes, rules, sysctls, proxied neighbour, ingress check: each where it is."""
    assert HOA in proxies(net.ha)
    assert any(MNP in r and "mip6ha" in r for r in mip6_routes(net.ha))
    assert "bpf" in net.ha.run("tc", "filter", "show", "dev", "mip6ha", "ingress")
    assert net.ha.sysctl("net.ipv6.conf.home0.proxy_ndp") == "1"
    assert f"from {HOA} prohibit proto 200" in net.mr.run("ip", "-6", "rule")


def reloads(net, ha):
    notes = ha.reload(conf.ha_conf(net, **PLAIN, **LOUD, max_bindings=7))
    assert notes.index("RELOADING=1") < notes.index("READY=1")
    assert any(n.startswith("MONOTONIC_USEC=") for n in notes)
    assert ha.status()["home_agent"]["max_bindings"] == 7


def flood(net):
    packet = forge.unknown_type(EVIL)
    evil = forge.Station(net.evil, "eth0", EVIL, name="flood.raw")
    for _ in range(FLOOD):
        evil.send(packet)


def the_flood_is_told(ha):
    """Few lines, and each message that came is in one of them or counted by one."""
    kind = "role: message of unknown type from " + EVIL

    def told():
        text = ha.log()
        more = re.findall(r"(\d+) more in \d+ s like: message of unknown type", text)
        passed = len(re.findall(rf"^<4>{kind}$", text, re.M))
        return passed + sum(int(n) for n in more), passed + len(more)
    came = ha.ctl.call("GetStats")["mobility_header"]["rx_unknown"]
    assert came > FLOOD / 10
    until("all of the flood is told", lambda: told()[0] == came, 60)
    assert told()[1] < came / 10, "the journal is full of it"


def test_the_cage_is_one(lab, services):
    """What a unit forbids fails in the cage and succeeds without it, so that nothing here fails
    for another reason; what the daemon and its hooks need works in it. Then the package's own
    test (autopkgtest), which starts mip6d in the background."""
    net = lab(start_ra=False)
    s = services(net.b, 'roles = [ "cn" ];\n')
    probe = f"{s.root}/usr/local/lib/probe.py"
    shutil.copy(os.path.join(HERE, "probe.py"), probe)
    shutil.copy(SMOKE, f"{s.root}/usr/local/lib/smoke")
    os.makedirs(f"{s.root}/usr/lib/modules", exist_ok=True)     # a machine in a box has none
    inside = json.loads(s.run(PYTHON, "/usr/local/lib/probe.py"))
    assert not os.path.exists(f"{s.root}/tmp/probe"), "its /tmp is that of all"
    cage.mount("proc", f"{s.root}/proc", "proc")
    cage.mount("/dev", f"{s.root}/dev", flags=cage.MS_BIND)
    os.makedirs(f"{s.root}/run/mip6d", exist_ok=True)
    outside = json.loads(net.b.run("chroot", s.root, "sh", "-c",
                                   f"umask 077; {PYTHON} /usr/local/lib/probe.py"))
    assert {k: v for k, v in outside["forbidden"].items() if v != "ok"} == {}
    assert {k: v for k, v in inside["forbidden"].items() if v == "ok"} == {}
    for name in ("mount", "ptrace", "personality", "write_and_execute", "new_uts_namespace"):
        assert inside["forbidden"][name] == "EPERM", inside
    for name in ("write_to_etc", "write_to_usr", "change_own_configuration"):
        assert inside["forbidden"][name] in ("EROFS", "EACCES"), inside
    assert {k: v for k, v in inside["needed"].items() if v != "ok"} == {}
    assert {k: v for k, v in outside["needed"].items() if v != "ok"} == {}
    assert set(inside["families"].values()) == {"EAFNOSUPPORT"}
    assert "ok" in outside["families"].values()
    net.b.run("env", "TMPDIR=/tmp", "chroot", s.root, "/usr/local/lib/smoke")
    assert set(Unit(f"{s.root}/usr/lib/systemd/system/mip6d.service").words(
        "AmbientCapabilities")) == CAPS
