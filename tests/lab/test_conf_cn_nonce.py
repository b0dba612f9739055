# SPDX-License-Identifier: BSD-2-Clause
"""Conformance cases of correspondents: nonces and tokens (RFC 6275 5.2, 9.5.1).

Nonces are scaled: a new one each second, good for six. What is too old in the
cases below is collected before the first of them, and waited for once.
"""
import pytest

from case_cn import A, ACCEPTED, COA_NONCE, HOME_NONCE, NONCES, case, cases, internet
from proc import until

QUICK = {"unsafe_timers": True, "timers": {
    "nonce_interval": 1, "max_nonce_lifetime": 6, "max_token_lifetime": 5}}
REGISTRATION, FOREIGN, HOME = "registration", "leaving from abroad", "leaving from home"

# case, what is too old, what is asked for, A, the answer (9.5.1: to leave, the care-of index
# is not looked at)
TIMEOUT = [
    ("CN-2-5-3", "home", REGISTRATION, 0, HOME_NONCE),
    ("CN-2-5-4", "care-of", REGISTRATION, 0, COA_NONCE),
    ("CN-2-5-5", "both", REGISTRATION, 0, NONCES),
    ("CN-4-2-1", "home", REGISTRATION, A, HOME_NONCE),
    ("CN-4-2-2", "home", FOREIGN, A, HOME_NONCE),
    ("CN-4-2-3", "home", HOME, A, HOME_NONCE),
    ("CN-4-3-1", "care-of", REGISTRATION, A, COA_NONCE),
    ("CN-4-3-2", "care-of", FOREIGN, A, ACCEPTED),
    ("CN-4-3-3", "care-of", HOME, A, ACCEPTED),
    ("CN-4-8-1", "both", REGISTRATION, A, NONCES),
    ("CN-4-8-2", "both", FOREIGN, A, HOME_NONCE),
    ("CN-4-8-3", "both", HOME, A, HOME_NONCE),
]


@pytest.fixture(scope="module")
def world(shared_lab):
    yield from internet(shared_lab, **QUICK)


@pytest.fixture(scope="module")
def aged(world):
    """Mobile nodes by the name of their case, with tokens that are too old."""
    nodes = {}
    for row in TIMEOUT:
        mn = nodes[row[0]] = world.node().routability()
        if row[2] != REGISTRATION:
            mn.register()
    probe = world.node().routability()
    # the answers that tell so have no authenticator
    until("the tokens are too old", lambda: probe.ask(again=0.5).status == NONCES, 60, step=0.2)
    return nodes


def judge(mn, what, flags, expected):
    """Send it, look at the answer and at what became of the binding."""
    before = mn.located()
    assert before == (None if what == REGISTRATION else mn.coa)
    how = {REGISTRATION: {}, FOREIGN: {"lifetime": 0},
           HOME: {"lifetime": 0, "src": mn.home, "hao": None}}[what]
    if expected == ACCEPTED:
        assert mn.ask(flags=flags, **how).status == ACCEPTED
        assert mn.located() == (None if what != REGISTRATION else mn.coa)
    else:
        mn.refused(expected, flags=flags, **how)
        assert mn.located() == before


@cases("old, what, flags, expected", *TIMEOUT)
def test_a_nonce_is_too_old(world, aged, case, old, what, flags, expected):
    mn = aged[case]
    if old == "home":
        mn.cot = mn.care_of_test()
    elif old == "care-of":
        mn.hot = mn.home_test()
    judge(mn, what, flags, expected)


@cases("wrong, what, expected",
       ("CN-4-4-1", "home", REGISTRATION, HOME_NONCE),
       ("CN-4-4-2", "home", FOREIGN, HOME_NONCE),
       ("CN-4-4-3", "home", HOME, HOME_NONCE),
       ("CN-4-5-1", "care-of", REGISTRATION, COA_NONCE),
       ("CN-4-5-2", "care-of", FOREIGN, ACCEPTED),
       ("CN-4-5-3", "care-of", HOME, ACCEPTED),
       ("CN-4-9-1", "both", REGISTRATION, NONCES),
       ("CN-4-9-2", "both", FOREIGN, HOME_NONCE),
       ("CN-4-9-3", "both", HOME, HOME_NONCE))
def test_an_index_that_no_nonce_has(world, case, wrong, what, expected):
    mn = world.node().routability()
    if what != REGISTRATION:
        mn.register()
    if wrong != "care-of":
        mn.hot = mn.hot.unknown()
    if wrong != "home":
        mn.cot = mn.cot.unknown()
    judge(mn, what, A, expected)


@cases("wrong, what",
       ("CN-4-6-1", "home", REGISTRATION), ("CN-4-6-2", "home", FOREIGN),
       ("CN-4-6-3", "home", HOME), ("CN-4-7-1", "care-of", REGISTRATION))
def test_a_token_that_is_none(world, case, wrong, what):
    """The authenticator cannot be right: silence."""
    mn = world.node().routability()
    before = None
    if what != REGISTRATION:
        mn.register()
        before = mn.coa
    mn.hot, mn.cot = (mn.hot.forged(), mn.cot) if wrong == "home" else (mn.hot, mn.cot.forged())
    how = {REGISTRATION: {}, FOREIGN: {"lifetime": 0},
           HOME: {"lifetime": 0, "src": mn.home, "hao": None}}[what]
    world.silence(mn.update(**how))
    assert mn.located() == before


def newer(mn):
    """Wait until tests are answered with another nonce than the mobile node's."""
    def differs():
        one = mn.home_test()
        return one if one.index != mn.hot.index else None
    return until("a new nonce", differs, step=0.1)


@case("CN-4-11")
def test_nonces_are_made_at_times(world, case):
    """RFC 6275 5.2.7: not for each test, and each is of use for a while."""
    mn = world.node().routability()
    seen = {mn.home_test().index for _ in range(20)}
    assert len(seen) <= 10, seen
    first, mn.hot = mn.hot, newer(mn)
    second, mn.hot = mn.hot, newer(mn)
    assert len({first.index, second.index, mn.hot.index}) == 3
    assert len({first.token, second.token, mn.hot.token}) == 3
    mn.hot = second
    mn.register()


@cases("what", ("CN-4-12-1", REGISTRATION), ("CN-4-12-2", FOREIGN), ("CN-4-12-3", HOME))
def test_a_nonce_that_is_not_the_newest(world, case, what):
    mn = world.node().routability()
    if what != REGISTRATION:
        mn.register()
    newer(mn)
    judge(mn, what, A, ACCEPTED)


@case("CNX_NONCES_AFTER_LEAVING")
def test_nonces_of_a_binding_that_was_withdrawn(world, case):
    """9.5.3: not again with these addresses; who turns back needs a newer one."""
    mn = world.node().bound()
    assert mn.ask(lifetime=0).status == ACCEPTED
    mn.refused(NONCES)
    assert mn.located() is None
    until("a binding with new nonces",
          lambda: mn.routability().ask(again=0.5).status == ACCEPTED, 60, step=0.5)
    assert mn.located() == mn.coa
