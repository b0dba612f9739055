# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of correspondents: bindings that come, move and go (RFC 6275 9.5, 9.6)."""
from case_cn import (A, ACCEPTED, BRR, CN, COA_NONCE, FAR, H, HOME_NONCE, MOST, NO_HOME, NONCES,
                     SEQUENCE, TYPE_CHANGE, UNIT, case, cases, option, world)
from proc import until

assert world                    # a fixture
BEFORE = 200                    # lifetime of a binding that is then changed, seconds
SHORT = UNIT                    # ... of one that ends while the scenario waits


# ---- what must not change anything ----

def auth_not_last(mn, **more):
    """The authenticator is right, and another option follows."""
    return mn.update(after=[option(200, bytes(6))], **more)


def padding_follows(mn, **more):
    """As above: padding."""
    return mn.update(after=[option(1, bytes(6))], **more)


def must_be_refused(mn, **more):
    """All that RFC 6275 9.5.1 names, for an existing binding: (status, what)."""
    lifetime = more.get("lifetime", MOST)
    home, coa, last = mn.hot.index, mn.cot.index, mn.seq
    unknown = [(HOME_NONCE, {"indices": (home + FAR & 0xffff, coa)})]
    if lifetime:
        unknown += [(COA_NONCE, {"indices": (home, coa + FAR & 0xffff)}),
                    (NONCES, {"indices": (home + FAR & 0xffff, coa + FAR & 0xffff)})]
    return [(status, {**more, **what}) for status, what in unknown] + [
        (TYPE_CHANGE, {**more, "flags": A | H, "indices": False, "auth": False}),
        (SEQUENCE, {**more, "seq": last}),
        (SEQUENCE, {**more, "seq": last - 1})]


def must_be_ignored(mn, **more):
    right, mn.hot = mn.hot, mn.hot.forged()
    forged = mn.update(**more)
    mn.hot = right
    return [mn.update(indices=False, **more), mn.update(auth=False, **more),
            mn.update(indices=False, auth=False, **more),
            mn.update(auth=b"nobody knows", **more), mn.update(auth=b"short one.", **more),
            auth_not_last(mn, **more), padding_follows(mn, **more),
            mn.update(spoil=0x0101, **more), forged]


def nothing_helps(world, mn, **more):
    """Updates that fail the tests: told what they must be told, and the binding stands."""
    coa = mn.located()
    seq = mn.seq
    for status, what in must_be_refused(mn, **more):
        ack = mn.refused(status, **what)
        if status == SEQUENCE:
            assert ack.seq == seq, ack
    world.silence(*must_be_ignored(mn, **more))
    assert mn.located() == coa


# ---- registration ----

@cases("same", ("CN-3-1-1", False), ("CN-3-1-2", True))
def test_an_alternate_care_of_address(world, case, same):
    """The answer goes to the source of the update, data to the care-of address."""
    mn = world.node()
    alt = mn.coa if same else world.address()
    mn.routability(alt)
    mn.register(alt=alt)
    assert mn.located() == alt
    assert mn.optimised(alt)


@cases("again", ("CN-3-2-1", True), ("CN-3-2-2", False))
def test_registering_again(world, case, again):
    """With new tokens, or with those of the first time (5.2.7)."""
    mn = world.node().bound(lifetime=BEFORE)
    if again:
        mn.routability()        # tests are answered past the binding
    assert mn.register(lifetime=300).lifetime == 300
    assert mn.located() == mn.coa


def asked_to_refresh(world, mn):
    """Keep the binding in use until a Binding Refresh Request comes."""
    def asked():
        world.send(mn.echo()[0])
        world.forget_all_but(BRR, mn.home)
        return world.heard
    until("a Binding Refresh Request", asked, step=0.1)
    p = world.wait("it", lambda p: p.mh and p.mh.type == BRR)
    # RFC 6275 6.1.2, 9.5.5: to the home address, and only there
    assert (p.src, p.dst, p.rh2, p.hao) == (CN, mn.home, None, None), p
    assert len(p.body) == 8 and p.body[:4] == bytes([59, 0, BRR, 0]) and p.body[6:] == b"\0\0"


@case("CN-3-2-3")
def test_a_refresh_request(world, case):
    mn = world.node().bound(lifetime=2 * SHORT)
    asked_to_refresh(world, mn)
    mn.gone()


@case("CN-3-2-4")
def test_an_answer_to_a_refresh_request(world, case):
    """RFC 6275 9.5.5: no further request when the Binding Update has come."""
    mn = world.node().bound(lifetime=2 * SHORT)
    asked_to_refresh(world, mn)
    mn.routability()
    world.forget()
    mn.register()
    # a binding of the same time that nobody refreshes has ended: the requests would have come
    other = world.node().bound(lifetime=2 * SHORT)
    other.gone()
    assert mn.located() == mn.coa
    world.forget_all_but(BRR, mn.home)
    assert not world.heard, [str(p) for p in world.heard]


# ---- de-registration ----

FOREIGN, HOME = False, True


@cases("at_home, hao, alt, lifetime, fresh",
       ("CN-3-3-1-1", FOREIGN, True, None, 0, True),
       ("CN-3-3-1-2", FOREIGN, True, None, 0, False),
       ("CN-3-3-1-3", FOREIGN, True, "home", 0, True),
       ("CN-3-3-1-4", FOREIGN, True, "care-of", 0, False),
       ("CN-3-3-1-5", FOREIGN, True, "home", MOST, True),
       ("CN-3-3-1-6", FOREIGN, True, "home", MOST, False),
       ("CN-3-3-2-1", HOME, False, None, 0, True),
       ("CN-3-3-2-2", HOME, False, None, 0, False),
       ("CN-3-3-2-3", HOME, True, None, 0, True),
       ("CN-3-3-2-4", HOME, True, None, 0, False),
       ("CN-3-3-2-5", HOME, False, "home", 0, True),
       ("CN-3-3-2-6", HOME, False, "home", 0, False),
       ("CN-3-3-2-7", HOME, True, "home", 0, True),
       ("CN-3-3-2-8", HOME, True, "home", 0, False),
       ("CN-3-3-2-9", HOME, False, None, MOST, True),
       ("CN-3-3-2-10", HOME, False, None, MOST, False),
       ("CN-3-3-2-11", HOME, True, None, MOST, True),
       ("CN-3-3-2-12", HOME, True, None, MOST, False),
       ("CN-3-3-2-13", HOME, False, "home", MOST, True),
       ("CN-3-3-2-14", HOME, False, "home", MOST, False),
       ("CN-3-3-2-15", HOME, True, "home", MOST, True),
       ("CN-3-3-2-16", HOME, True, "home", MOST, False))
def test_leaving(world, case, at_home, hao, alt, lifetime, fresh):
    """A binding ends by lifetime 0, authenticated by the home keygen token alone (5.2.6).

    With another lifetime it is a registration of the home address as care-of address,
    with both tokens (RFC 3775 took it for a deletion); either way no packet is sent to
    the old care-of address any more.
    """
    mn = world.node()
    home_as_care_of = mn.care_of_test(mn.home)
    mn.bound()
    assert mn.located() == mn.coa
    if fresh:
        mn.hot, home_as_care_of = mn.home_test(), mn.care_of_test(mn.home)
    if lifetime:
        mn.cot = home_as_care_of
    elif fresh:
        mn.cot = None           # not needed, so a mobile node need not ask for one
    where = {"home": mn.home, "care-of": mn.coa, None: None}[alt]
    ack = mn.ask(lifetime=lifetime, src=mn.home if at_home else None, hao=hao, alt=where)
    assert ack.status == ACCEPTED, ack
    assert mn.located() is None
    if not lifetime:
        world.binding_error(mn.echo()[0], mn.coa, 1, mn.home)


@case("CN-3-3-3")
def test_leaving_fails(world, case):
    mn = world.node().bound()
    nothing_helps(world, mn, lifetime=0)


# ---- handover ----

@cases("again", ("CN-3-4-1", True), ("CN-3-4-2", False))
def test_a_handover(world, case, again):
    """Two new tokens, or the home keygen token of before (5.2.7)."""
    mn = world.node().bound()
    old, mn.coa = mn.coa, world.address()
    if again:
        mn.routability()
    else:
        mn.cot = mn.care_of_test()
    mn.register()
    assert mn.located() == mn.coa and mn.optimised()
    world.binding_error(mn.echo(src=old)[0], old, 1, mn.home)


@case("CN-3-4-3")
def test_a_handover_fails(world, case):
    mn = world.node().bound()
    old, mn.coa = mn.coa, world.address()
    mn.routability()
    nothing_helps(world, mn)
    assert mn.located() == old


# ---- sequence numbers ----

@cases("first, second",
       ("CN-5-1-1-1", 10000, 10001), ("CN-5-1-1-2", 10000, 42767), ("CN-5-1-1-3", 42768, 0),
       ("CN-5-1-1-4", 42768, 9999))
def test_a_newer_number(world, case, first, second):
    mn = world.node().bound(seq=first)
    mn.coa = world.address()
    mn.cot = mn.care_of_test()
    mn.register(seq=second)
    assert mn.located() == mn.coa
    assert mn.refused(SEQUENCE, seq=first).seq == second


@cases("first, second",
       ("CN-5-1-2-1", 10000, 9999), ("CN-5-1-2-2", 10000, 10000), ("CN-5-1-2-3", 10000, 42768),
       ("CN-5-1-2-4", 10000, 0))
def test_an_older_number(world, case, first, second):
    mn = world.node().bound(seq=first)
    old, mn.coa = mn.coa, world.address()
    mn.cot = mn.care_of_test()
    assert mn.refused(SEQUENCE, seq=second).seq == first
    assert mn.located() == old
    mn.register(seq=first + 1)


@cases("seq", ("CN-5-1-3-1", 0), ("CN-5-1-3-2", 32768), ("CN-5-1-3-3", 65535))
def test_any_number_will_do_at_first(world, case, seq):
    mn = world.node().bound(seq=seq)
    assert mn.located() == mn.coa


# ---- lifetimes ----

INFINITE = 0xffff * UNIT        # no lifetime of its own in RFC 6275


@cases("asked", ("CN-5-2-1", [INFINITE]), ("CN-5-2-2", [SHORT, 2 * SHORT, 212, MOST]),
       ("CN-5-2-3", [MOST + UNIT, 1000, INFINITE - UNIT]))
def test_a_lifetime_at_first(world, case, asked):
    for lifetime in asked:
        mn = world.node().routability()
        assert mn.register(lifetime=lifetime).lifetime == min(lifetime, MOST)
        assert mn.located() == mn.coa


@cases("asked", ("CN-5-2-4", [INFINITE]), ("CN-5-2-5", [BEFORE // 2, SHORT]),
       ("CN-5-2-6", [BEFORE + UNIT, 300, MOST]), ("CN-5-2-7", [MOST + UNIT, 1000]))
def test_a_lifetime_anew(world, case, asked):
    """The last one counts, longer or shorter."""
    mn = world.node().bound(lifetime=BEFORE)
    for lifetime in asked:
        assert mn.register(lifetime=lifetime).lifetime == min(lifetime, MOST)
        assert mn.located() == mn.coa
    if asked[-1] == SHORT:
        mn.gone()
        world.binding_error(mn.echo()[0], mn.coa, 1, mn.home)


@case("CN-5-2-8")
def test_a_lifetime_is_not_extended_by_what_fails(world, case):
    mn = world.node().bound(lifetime=2 * SHORT)
    nothing_helps(world, mn)
    mn.gone(limit=BEFORE / 2)


# ---- home registrations ----

@case("CN-5-3-1")
def test_a_home_registration(world, case):
    mn = world.node()
    mn.refused(NO_HOME, flags=A | H, indices=False, auth=False, alt=mn.coa)
    assert mn.located() is None


@cases("lifetime", ("CN-5-3-2", MOST), ("CN-5-3-3", 0))
def test_a_binding_stays_what_it_is(world, case, lifetime):
    mn = world.node().bound()
    mn.refused(TYPE_CHANGE, flags=A | H, indices=False, auth=False, lifetime=lifetime)
    assert mn.located() == mn.coa
    mn.register()


@cases("bound, lifetime", ("CN-5-3-4", False, MOST), ("CN-5-3-5", True, MOST),
       ("CN-5-3-6", True, 0))
def test_a_home_registration_with_nonces(world, case, bound, lifetime):
    """RFC 6275 9.5.1: none must be there."""
    mn = world.node().routability()
    if bound:
        mn.register()
    world.silence(mn.update(flags=A | H, lifetime=lifetime))
    assert mn.located() == (mn.coa if bound else None)


# ---- who can harm ----

@case("CN-5-4-1")
def test_a_recorded_update(world, case):
    """RFC 6275 5.2.8, 9.5.3: worth nothing while the binding stands, nor after it has ended."""
    mn = world.node().routability()
    recorded = mn.update()
    first = mn.seq
    world.send(recorded)
    world.wait("the answer", lambda p: p.mh and p.mh.name == "BA" and p.rh2 == mn.home)

    def replayed(last):
        p = world.ask(recorded, "135", lambda p: p.mh and p.mh.name == "BA"
                      and p.rh2 == mn.home, again=0.4)
        assert (p.mh.status, p.mh.seq) == (SEQUENCE, last), p

    replayed(first)
    old, mn.coa = mn.coa, world.address()
    mn.cot = mn.care_of_test()
    mn.register()
    replayed(mn.seq)
    assert mn.located() == mn.coa != old
    mn.ask(lifetime=0)
    refused = world.ask(recorded, "a refusal", lambda p: p.mh and p.mh.name == "BA"
                        and p.rh2 == mn.home, again=0.4)
    assert refused.mh.status in (SEQUENCE, NONCES), refused
    assert mn.located() is None


@case("CN-5-4-2")
def test_bindings_that_point_at_each_other(world, case):
    """Packets get one routing header and go to the other's address, once."""
    one, two = world.node(), world.node()
    one.coa, two.coa = two.home, one.home
    one.bound()
    two.bound()
    assert one.located() == two.home and two.located() == one.home
    assert one.optimised() and two.optimised()
    for mn in one, two:
        mn.ask(lifetime=0, src=mn.home, hao=None)
    assert one.located() is two.located() is None


@case("CN-5-4-3")
def test_many_bindings(world, case):
    """Each home address has its own, also with one care-of address; each goes alone."""
    nodes = [world.node() for _ in range(5)]
    nodes[4].coa = nodes[3].coa
    for mn in nodes:
        mn.bound()
    assert [mn.located() for mn in nodes] == [mn.coa for mn in nodes]
    assert nodes[1].ask(lifetime=0).status == ACCEPTED
    old, nodes[4].coa = nodes[4].coa, world.address()
    nodes[4].routability().register()
    assert [mn.located() for mn in nodes] == [
        nodes[0].coa, None, nodes[2].coa, old, nodes[4].coa]
    assert all(mn.optimised() for mn in nodes if mn is not nodes[1])
