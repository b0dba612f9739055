# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of home agents, 2.3, 2.4 and 4: duplicates and Neighbour Discovery at home.

RFC 6275 10.3.1, 10.4.1; RFC 4861 7.2. Ids as in tests/cases.tsv.
"""
import pytest

import net
from case_ha import Site, adverts, cases, link_local, probes, solicited_node
from scene import OVERRIDE, SOLICITED, TARGET_LL, nd_flags, nd_option

GLOBAL, LOCAL = "global", "link-local"
HOST, HOST_L = "AH", "AHL"


@pytest.fixture(scope="module")
def site(shared_lab):
    return Site(shared_lab)


# ---- 2.3, 2.4 ----

@cases("flags", ("HA_2_3_1", HOST), ("HA_2_3_2", HOST_L))
def test_nobody_has_the_address(site, case, flags):
    mn = site.mn()
    mark = site.link.mark()
    mn.register(flags=flags)
    for address, n in ((mn.home, 1), (link_local(mn.home), 1 if "L" in flags else 0)):
        found = probes(site.link, mark, address)
        assert len(found) == n, (address, [str(p) for p in found])
        assert all(p.dst == solicited_node(address) and p.data[21] == 255 for p in found)
    site.tunnelled(mn)


@cases("", "HA_2_3_3")
def test_somebody_has_a_link_local_address_nobody_asked_for(site, case):
    """An advertisement in the middle of the detection; a slow machine may need several tries."""
    for _ in range(10):
        mn = site.mn()
        local, mark, at = link_local(mn.home), site.link.mark(), site.foreign.mark()
        mn.send(mn.update())
        probe = site.link.wait(mark, "a probe", lambda p: p.nd == "NS" and p.target == mn.home)
        site.home.advertise(local)
        ba = site.foreign.wait(at, "an acknowledgement", lambda p: p.mh and p.rh2 == mn.home)
        said, = adverts(site.link, mark, local)
        assert ba.mh.status == 0, ba
        assert not probes(site.link, mark, local)
        if probe.t < said.t < ba.t:
            return
    raise AssertionError("never in time")


@cases("flags, local", ("HA_2_4_1", "AH", False), ("HA_2_4_4", "H", False),
       ("HA_2_4_2", "AHL", False), ("HA_2_4_5", "HL", False),
       ("HA_2_4_3", "AHL", True), ("HA_2_4_6", "HL", True))
def test_somebody_has_the_address(site, case, flags, local):
    mn = site.mn(secret=True)
    taken = link_local(mn.home) if local else mn.home
    mark = site.home.mark()
    site.net.b.addr("eth0", f"{taken}/64")
    a = mn.ask(flags=flags)
    assert (a.status, a.lifetime) == (134, 0), a
    assert not mn.binding()
    said = adverts(site.home, mark, taken)
    assert said and all(nd_option(p, TARGET_LL) == site.home.mac for p in said)
    assert not any(nd_option(p, TARGET_LL) == site.mac for p in site.home.heard(mark) if
                   p.nd == "NA" and p.target in (mn.home, link_local(mn.home)))
    site.net.b.del_addr("eth0", f"{taken}/64")
    site.not_tunnelled(mn)


# ---- 4.1 ----

@cases("flags", ("HA_4_1_1", HOST), ("HA_4_1_2", HOST_L))
def test_all_nodes_are_told(site, case, flags):
    mn = site.mn()
    mark = site.home.mark()
    mn.register(flags=flags)
    site.tunnelled(mn)
    for address, wanted in ((mn.home, True), (link_local(mn.home), "L" in flags)):
        told = adverts(site.home, mark, address)
        assert bool(told) == wanted, (address, [str(p) for p in told])
        for p in told:
            assert p.dst == "ff02::1" and p.data[21] == 255, p
            assert p.src in (net.HA_ADDR, site.net.ha.link_local("home0")), p
            assert nd_flags(p) == OVERRIDE, hex(nd_flags(p))
            assert nd_option(p, TARGET_LL) == site.mac


# ---- 4.2 to 4.5 ----

def defended(site, mn, kind, target):
    """The home agent answers for the target with its own link-layer address."""
    mark = site.home.mark()
    ask(site, kind, target)
    p = site.home.wait(mark, f"an advertisement of {target}",
                       lambda p: p.nd == "NA" and p.target == target)
    assert p.smac == bytes.fromhex(site.mac.replace(":", "")) and p.data[21] == 255, p
    flags, known = nd_flags(p), nd_option(p, TARGET_LL)
    if kind == "DAD":
        assert p.dst == "ff02::1" and flags & ~OVERRIDE == 0, (p, hex(flags))
    else:
        assert p.dst == net.B6 and flags & ~OVERRIDE == SOLICITED, (p, hex(flags))
    # RFC 4861 7.2.4: who asks the address itself knows it already
    assert known == site.mac or (known is None and kind.startswith("unicast")), known


def ask(site, kind, target):
    if kind == "multicast":
        site.home.solicit(target)
    elif kind == "DAD":
        site.home.solicit(target, src="::")
    else:
        site.home.solicit(target, dst=target, slla=kind == "unicast", to=site.mac)


def stand_in(site, name, flags, leave=False):
    """A mobile node that several cases look at: bound, or bound once."""
    if name not in site.__dict__:
        mn = site.mn()
        mn.register(flags=flags)
        if leave:
            mn.register(flags=flags, lifetime=0)
        setattr(site, name, mn)
    return getattr(site, name)


def target_of(mn, scope):
    return mn.home if scope == GLOBAL else link_local(mn.home)


@cases("kind, scope, flags",
       ("HA_4_2_1", "multicast", GLOBAL, HOST), ("HA_4_2_2", "unicast", GLOBAL, HOST),
       ("HA_4_2_13", "unicast without address", GLOBAL, HOST), ("HA_4_2_3", "DAD", GLOBAL, HOST),
       ("HA_4_2_4", "multicast", GLOBAL, HOST_L), ("HA_4_2_5", "unicast", GLOBAL, HOST_L),
       ("HA_4_2_14", "unicast without address", GLOBAL, HOST_L),
       ("HA_4_2_6", "DAD", GLOBAL, HOST_L),
       ("HA_4_2_7", "multicast", LOCAL, HOST_L), ("HA_4_2_8", "unicast", LOCAL, HOST_L),
       ("HA_4_2_15", "unicast without address", LOCAL, HOST_L), ("HA_4_2_9", "DAD", LOCAL, HOST_L))
def test_home_agent_answers_for_the_mobile_node(site, case, kind, scope, flags):
    mn = stand_in(site, "bound_" + flags, flags)
    defended(site, mn, kind, target_of(mn, scope))


@cases("kind, scope, flags",
       ("HA_4_4_1", "multicast", GLOBAL, HOST), ("HA_4_4_2", "unicast", GLOBAL, HOST),
       ("HA_4_4_13", "unicast without address", GLOBAL, HOST), ("HA_4_4_3", "DAD", GLOBAL, HOST),
       ("HA_4_4_4", "multicast", GLOBAL, HOST_L), ("HA_4_4_5", "unicast", GLOBAL, HOST_L),
       ("HA_4_4_14", "unicast without address", GLOBAL, HOST_L),
       ("HA_4_4_6", "DAD", GLOBAL, HOST_L),
       ("HA_4_4_7", "multicast", LOCAL, HOST_L), ("HA_4_4_8", "unicast", LOCAL, HOST_L),
       ("HA_4_4_15", "unicast without address", LOCAL, HOST_L), ("HA_4_4_9", "DAD", LOCAL, HOST_L))
def test_home_agent_does_not_answer_after_the_end(site, case, kind, scope, flags):
    mn = stand_in(site, "left_" + flags, flags, leave=True)
    target = target_of(mn, scope)
    site.home_silent(lambda: ask(site, kind, target), target)


@cases("kind", ("HA_4_2_10", "multicast"), ("HA_4_2_11", "unicast"),
       ("HA_4_2_16", "unicast without address"), ("HA_4_2_12", "DAD"))
def test_link_local_address_is_not_defended_without_l(site, case, kind):
    mn = stand_in(site, "bound_" + HOST, HOST)
    target = link_local(mn.home)
    site.home_silent(lambda: ask(site, kind, target), target)


@cases("kind, scope, flags",
       ("HA_4_3_1", "multicast", GLOBAL, HOST), ("HA_4_3_2", "unicast", GLOBAL, HOST),
       ("HA_4_3_13", "unicast without address", GLOBAL, HOST), ("HA_4_3_3", "DAD", GLOBAL, HOST),
       ("HA_4_3_10", "multicast", LOCAL, HOST), ("HA_4_3_11", "unicast", LOCAL, HOST),
       ("HA_4_3_16", "unicast without address", LOCAL, HOST), ("HA_4_3_12", "DAD", LOCAL, HOST),
       ("HA_4_3_4", "multicast", GLOBAL, HOST_L), ("HA_4_3_5", "unicast", GLOBAL, HOST_L),
       ("HA_4_3_14", "unicast without address", GLOBAL, HOST_L),
       ("HA_4_3_6", "DAD", GLOBAL, HOST_L),
       ("HA_4_3_7", "multicast", LOCAL, HOST_L), ("HA_4_3_8", "unicast", LOCAL, HOST_L),
       ("HA_4_3_15", "unicast without address", LOCAL, HOST_L), ("HA_4_3_9", "DAD", LOCAL, HOST_L))
def test_address_of_nobody_is_not_defended(site, case, kind, scope, flags):
    """While a node is bound: another address than its own."""
    mn = stand_in(site, "bound_" + flags, flags)
    assert mn.binding()
    target = target_of(mn, scope)[:-1] + "7777"
    site.home_silent(lambda: ask(site, kind, target), target)
