# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile node: return routability.

RFC 6275 6.1.3 to 6.1.6, 9.2 for tests, 11.3.5 and 11.3.6 for who does not speak Mobile IPv6,
11.6, 11.8 for tests.
"""
import pytest

import case_ro
import conf
from case_mobile import (HA_ADDR, HOA, LEN, PROTO, RESERVED, STRANGER, case, cases, echo, numbers,
                         tunnelled, with_octet, wrong_sum)
from case_ro import HASTY, OPTION_222, Correspondent, begin, hint, not_early, optimised, timers
from forge import IPv6, in6_chksum
from net import hoa
from pkt import IPPROTO_MH
from proc import until

from scapy.layers.inet6 import ICMPv6ParamProblem

OTHER_HOA = hoa(1)
OTHER_TOKEN = b"mip6dlie"


@pytest.fixture(scope="module")
def w(request):
    yield from case_ro.world(request)


def checksum_ok(p):
    return in6_chksum(IPPROTO_MH, IPv6(src=p.src, dst=p.dst), p.mh.raw) == 0


# ---- 6.1.3, 6.1.4, 11.6.1: what is sent ----

FORM = {
    "MN_6.1.3_1": lambda home, care: home.mh.raw[:2] == bytes((59, 1)) and len(home.body) == 16,
    "MN_6.1.3_2": lambda home, care: home.mh.raw[3] == 0 and home.mh.raw[6:8] == bytes(2),
    "MN_6.1.3_3": lambda home, care: checksum_ok(home),
    "MN_6.1.3_4": lambda home, care: home.src == HOA,
    "MN_6.1.3_5": lambda home, care: home.hao is None and home.rh2 is None,
    "MN_6.1.3_6": lambda home, care: (home.outer.src, home.outer.dst) == (care.src, HA_ADDR),
    "MN_6.1.4_1": lambda home, care: care.mh.raw[:2] == bytes((59, 1)) and len(care.body) == 16,
    "MN_6.1.4_2": lambda home, care: care.mh.raw[3] == 0 and care.mh.raw[6:8] == bytes(2),
    "MN_6.1.4_3": lambda home, care: checksum_ok(care),
    "MN_6.1.4_4": lambda home, care: care.src.startswith("2001:db8:f1:") and care.outer is None,
    "MN_6.1.4_5": lambda home, care: care.hao is None and care.rh2 is None,
}


@pytest.fixture(scope="module")
def pair(w):
    """Both questions, none of them answered."""
    c = begin(w, silent={"HoTI", "CoTI"})
    return c.next("HoTI"), c.next("CoTI")


@cases(FORM)
def test_form_of_a_test_init(pair, row):
    assert row(*pair), pair


@case("MN_11.6.1_1")
def test_both_are_asked_at_the_same_time(w):
    """In parallel: neither waits for the answer to the other."""
    for silent in ({"HoTI"}, {"CoTI"}, {"HoTI", "CoTI"}):
        c = begin(w, silent=silent)
        assert c.next("HoTI") and c.next("CoTI")
        assert not c.count("BU")


@case("MN_11.6.1_2")
def test_every_message_has_a_cookie_of_its_own(w):
    cookies = []
    for c in [begin(w, silent={"HoTI", "CoTI"}) for _ in range(3)]:
        cookies += [c.next(name).mh.raw[8:16] for name in ("HoTI", "CoTI")]
    assert len(set(cookies)) == 6 and bytes(8) not in cookies, cookies


@case("MN_11.6.1_3")
def test_fresh_tokens_need_no_test(w):
    c = optimised(w)
    c.data()
    c.refresh_request(HOA)
    again = c.next("BU", seen=1)
    assert c.count("HoTI") == c.count("CoTI") == 1 and c.authentic(again)


@case("MN_11.6.1_4")
def test_elsewhere_the_home_token_is_used_again(w):
    c = optimised(w, "foreign1")
    w.move("foreign2")
    coti = c.next("CoTI", seen=1)
    c.next("BU", seen=1)
    assert c.optimised(coti.src) == coti.src and coti.src.startswith("2001:db8:f2:")
    assert c.count("HoTI") == 1 and c.count("CoTI") == 2


@case("MN_11.6.1_5")
def test_to_delete_at_home_a_home_test_is_enough(w):
    """And the question goes out on the home link, as everything there."""
    c = optimised(w)
    c.index += 1
    w.at_home()
    hoti = c.next("HoTI", seen=1)
    assert hoti.outer is None and hoti.src == HOA and hoti.hao is None
    until("the binding is gone", lambda: HOA not in c.bindings)
    assert c.count("CoTI") == 1, "a care-of test was made for nothing"


@case("MN_11.6.3_1")
def test_the_tunnel_of_the_new_care_of_address_is_used(w):
    c = optimised(w, "foreign1")
    c.index += 1
    w.move("foreign2")
    hoti = c.next("HoTI", seen=1)
    assert hoti.outer.src.startswith("2001:db8:f2:") and hoti.outer.dst == HA_ADDR
    c.optimised(hoti.outer.src)


# ---- 11.6.2: what is received ----

def plain(w, c, packet):
    """As it is, whatever its destination."""
    w.out.deliver(packet)


def wrong(change=None, how=None, peer=False, **fields):
    """Says an answer to `p` that is wrong: it must not be taken. Its token is wrong as well."""
    def say(w, c, p, other):
        what = {k: v(p, other) if callable(v) else v for k, v in fields.items()}
        if peer:                        # one that is asked as well, but not this
            what["src"] = begin(w, silent={"HoTI", "CoTI"}).address
        packet = c.test(p, token=OTHER_TOKEN, **what)
        packet = change(packet) if change else packet
        if how:
            how(w, c, packet)
        else:
            c.say(packet)
    return say


def by_stranger(w, c, packet):
    c.say(packet, src=STRANGER)


BAD_HOT = {
    "MN_11.6.2_1": wrong(src=STRANGER),
    "MN_11.6.2_2": wrong(peer=True),
    "MN_11.6.2_3": wrong(cookie=b"anything"),
    "MN_11.6.2_4": wrong(cookie=lambda home, care: care.mh.raw[8:16]),
    "MN_11.6.2_5": wrong(how=plain),
    "MN_11.6.2_6": wrong(how=by_stranger),
    "MN_11.6.2_7": wrong(rh2=lambda home, care: care.src),
    "MN_11.6.2_8": wrong(dst=lambda home, care: care.src),
    "MN_9.2_17": wrong(wrong_sum),
    "MN_9.2_18": wrong(with_octet(PROTO, 58)),
    "MN_9.2_19": wrong(with_octet(LEN, 1)),
    "MN_9.2_20": wrong(with_octet(LEN, 9)),
}
BAD_COT = {
    "MN_11.6.2_9": wrong(src=STRANGER),
    "MN_11.6.2_10": wrong(peer=True),
    "MN_11.6.2_11": wrong(cookie=b"anything"),
    "MN_11.6.2_12": wrong(cookie=lambda care, home: home.mh.raw[8:16]),
    "MN_11.6.2_13": wrong(dst=HOA),
    "MN_11.6.2_14": wrong(dst=HOA, how=plain),
    "MN_11.6.2_15": wrong(dst=HOA, rh2=lambda care, home: care.src),
    "MN_9.2_21": wrong(wrong_sum),
    "MN_9.2_22": wrong(with_octet(PROTO, 58, dst=None)),
    "MN_9.2_23": wrong(with_octet(LEN, 1, dst=None)),
    "MN_9.2_24": wrong(with_octet(LEN, 9, dst=None)),
}


def is_not_taken(w, name, say):
    """The other test is answered, so that a Binding Update would follow at once."""
    c = begin(w, silent={name})
    home, care = c.next("HoTI"), c.next("CoTI")
    w.heard()
    say(w, c, *((home, care) if name == "HoTI" else (care, home)))
    w.heard()
    assert not c.count("BU") and c.row()["state"] == "test"
    # what is right is taken, and made of its token
    c.goes_on()
    c.optimised()


@cases(BAD_HOT)
def test_a_home_test_that_is_ignored(w, row):
    is_not_taken(w, "HoTI", row)


@cases(BAD_COT)
def test_a_care_of_test_that_is_ignored(w, row):
    is_not_taken(w, "CoTI", row)


GOOD = {
    "MN_6.1.5_1": ("HoTI", with_octet(RESERVED, 0xff), {}),
    "MN_6.1.5_2": ("HoTI", None, {"options": OPTION_222}),
    "MN_6.1.5_3": ("HoTI", None, {"options": bytes(8)}),
    "MN_6.1.6_1": ("CoTI", with_octet(RESERVED, 0xff, dst=None), {}),
    "MN_6.1.6_2": ("CoTI", None, {"options": OPTION_222}),
    "MN_6.1.6_3": ("CoTI", None, {"options": bytes(8)}),
}


@cases(GOOD)
def test_a_test_that_is_taken(w, row):
    """Whatever it has that we need not know."""
    name, change, more = row
    c = begin(w, silent={name})
    p = c.test(c.next(name), **more)
    c.say(change(p) if change else p)
    assert c.authentic(c.next("BU"))
    assert c.count(name) == 1


WAITS = {"MN_11.6.2_16": "CoTI", "MN_11.6.2_17": "HoTI"}


@cases(WAITS)
def test_one_token_is_kept_until_the_other_comes(w, row):
    """No Binding Update before, one at once then; what is there is not asked for again."""
    c = begin(w, silent={row})
    c.next("HoTI"), c.next("CoTI")
    w.heard()
    assert not c.count("BU")
    c.goes_on()
    assert c.authentic(c.next("BU"))
    assert c.count("HoTI") == c.count("CoTI") == 1


TWICE = {"MN_11.6.2_18": ("HoTI", "CoTI"), "MN_11.6.2_19": ("CoTI", "HoTI")}


@cases(TWICE)
def test_a_second_token_is_ignored(w, row):
    """One has been received: the first is what the Binding Update is made of."""
    name, other = row
    c = begin(w, silent={other})
    c.next(other)
    p = c.next(name)
    w.heard()
    c.say(c.test(p, token=OTHER_TOKEN))
    w.heard()
    c.goes_on()
    c.optimised()


@case("MN_11.6.2_20")
def test_tests_that_nobody_asked_for_make_no_entry(w):
    c = optimised(w)
    stranger = Correspondent(w)
    for name in ("HoTI", "CoTI"):
        stranger.say(stranger.test(c.next(name)))
    w.heard()
    assert stranger.row()["state"] == "none" and not stranger.heard


# ---- 11.3.5, 11.3.6, 11.6.2: peers without Mobile IPv6 ----

def octets(p):
    """A message as it was sent, without the tunnel around it."""
    return p.data if p.outer else p.data[14:]


def problem(c, p, code=1, src=None):
    return bytes(IPv6(src=src or c.address, dst=p.src, hlim=64) / ICMPv6ParamProblem(
        code=code, ptr=6) / octets(p))


def be2(c, p, src=None):
    """Binding Error 2 about a message; it quotes the address that that came from."""
    return c.binding_error(p.src, p.src, 2, src)


NO_MOBILITY = {
    "MN_11.3.5_8": ("HoTI", problem), "MN_11.3.5_9": ("CoTI", problem),
    "MN_11.3.6_10": ("HoTI", be2), "MN_11.3.6_11": ("CoTI", be2),
}


@cases(NO_MOBILITY)
def test_a_peer_without_mobility_is_left_to_the_tunnel(w, row):
    """That is recorded: nothing more is sent to it, whatever it is reason enough else."""
    name, says = row
    c = begin(w, silent={"HoTI", "CoTI"})
    c.next("HoTI"), c.next("CoTI")
    c.say(says(c, c.next(name)))
    c.state("hold")
    assert "does not speak Mobile IPv6" in c.row()["reason"]
    said = len(c.heard)
    hint(w, c)
    assert c.is_tunnelled()
    w.heard()
    assert len(c.heard) == said


NO_REASON = {
    "MN_11.3.5_10": lambda c, home, care: problem(c, care, code=0),
    "MN_11.3.5_11": lambda c, home, care: problem(c, care, code=2),
    "MN_11.3.5_12": lambda c, home, care: problem(c, care, src=STRANGER),
    "MN_11.3.6_12": lambda c, home, care: be2(c, care, src=STRANGER),
    "MN_11.3.6_13": lambda c, home, care: c.binding_error(care.src, STRANGER, 2),
    "MN_11.3.6_14": lambda c, home, care: c.binding_error(care.src, care.src, 3),
}


@cases(NO_REASON)
def test_what_is_no_reason_to_give_up(w, row):
    """Other codes, another sender, another address: the exchange goes on as if it had not come."""
    c = begin(w, silent={"HoTI", "CoTI"})
    home, care = c.next("HoTI"), c.next("CoTI")
    c.say(bytes(row(c, home, care)))
    w.heard()
    assert c.row()["state"] == "test"
    c.goes_on()
    c.optimised()


@case("MN_11.3.5_13")
def test_no_mobility_is_not_believed_of_one_that_answered(w):
    """Whoever gave us tokens knows Mobility Headers: that comes from somebody else."""
    c = begin(w, silent={"BU"})
    c.say(problem(c, c.next("BU")))
    w.heard()
    assert c.row()["state"] == "wait-ba"
    c.goes_on()
    c.optimised()


@case("MN_11.3.5_14")
def test_an_icmp_error_makes_no_entry_for_a_peer(w):
    c = optimised(w)
    stranger = Correspondent(w)
    lie = bytearray(octets(c.next("CoTI")))
    lie[24:40] = case_ro.packed(stranger.address)
    stranger.say(bytes(IPv6(src=stranger.address, dst=w.ha.care_of, hlim=64) / ICMPv6ParamProblem(
        code=1, ptr=6) / bytes(lie)))
    w.heard()
    assert stranger.row()["state"] == "none" and not stranger.heard


# ---- 11.8: retransmissions; the timers are others from here on ----

@pytest.fixture(scope="module")
def hasty(w):
    w.start(timers=timers(**HASTY, ro_backoff=0.4))
    return w


@pytest.fixture(scope="module")
def deaf(hasty):
    """All that is sent to a peer that never answers."""
    c = begin(hasty, silent={"HoTI", "CoTI"})
    c.state("hold", "idle", "none")
    return c


def anew(frames):
    return len({p.mh.raw[8:16] for p in frames}) == len(frames) > 1


AGAIN = {
    "MN_11.8_8": lambda c: not_early(c.all("HoTI"), 0.2, 0.4, 0.4),
    "MN_11.8_9": lambda c: not_early(c.all("CoTI"), 0.2, 0.4, 0.4),
    "MN_11.8_10": lambda c: anew(c.all("HoTI")),
    "MN_11.8_11": lambda c: anew(c.all("CoTI")),
    # MAX_RO_FAILURE: three more, then the tunnel
    "MN_11.8_12": lambda c: c.count("HoTI") == 4 and c.count("CoTI") in (3, 4) and
    c.is_tunnelled(),
}


@cases(AGAIN)
def test_retransmission_of_test_inits(deaf, row):
    assert row(deaf), [(n, p.t) for n, p in deaf.heard]


@case("MN_11.8_13")
def test_only_the_answer_to_the_last_question_counts(hasty):
    """Each has a new cookie; that of the one before is worth nothing."""
    c = begin(hasty, silent={"HoTI"})
    first = c.next("HoTI")
    c.next("HoTI", seen=1)
    c.say(c.test(first, token=OTHER_TOKEN))
    hasty.heard()
    assert not c.count("BU")
    c.goes_on()
    c.optimised()


@case("MN_11.3.5_15")
def test_after_a_while_it_is_tried_again(hasty):
    c = begin(hasty, silent={"HoTI", "CoTI"})
    c.say(problem(c, c.next("CoTI")))
    c.state("idle", "none")
    c.silent = set()
    hint(hasty, c)
    c.optimised()


# ---- two home addresses ----

@pytest.fixture(scope="module")
def homes(w):
    both = [{"home_address": f"{a}/64", "home_agent": HA_ADDR, "security": conf.OPEN}
            for a in (HOA, OTHER_HOA)]
    w.start(homes=both, timers=timers(**HASTY, max_update_rate=3))
    until("both are bound", lambda: len(w.daemon.registrations(state="bound")) == 2)
    return w


def begin_both(w, silent=()):
    c = Correspondent(w, silent)
    for one in (HOA, OTHER_HOA):
        hint(w, c, one)
    return c


@case("MN_11.6.1_6")
def test_two_home_addresses_and_one_peer(homes):
    """Each has tests, tokens and a binding of its own."""
    c = begin_both(homes)
    until("both are known to the peer", lambda: len(c.bindings) == 2)
    assert {p.src for p in c.all("HoTI")} == {p.hao for p in c.all("BU")} == {HOA, OTHER_HOA}
    assert len(set(c.bindings.values())) == 1


@case("MN_11.7.2_29")
def test_the_home_address_is_the_one_that_the_packet_was_for(homes):
    """The destination of the packet in the tunnel."""
    c, w = Correspondent(homes), homes
    w.ha.send(tunnelled(w.ha.care_of, echo(c.address, OTHER_HOA, next(numbers))))
    until("it is known to the peer", lambda: c.bindings)
    assert {p.src for p in c.all("HoTI")} == set(c.bindings) == {OTHER_HOA}


@case("MN_11.8_14")
def test_no_more_than_three_of_a_kind_in_any_second(homes):
    """MAX_UPDATE_RATE is of the peer: both home addresses share it."""
    c = begin_both(homes, silent={"HoTI", "CoTI"})
    for name in ("HoTI", "CoTI"):
        c.next(name, seen=4)
        sent = c.all(name)
        assert all(d.t - a.t >= 0.7e9 for a, d in zip(sent, sent[3:])), [p.t for p in sent]
    assert {p.src for p in c.all("HoTI")} == {HOA, OTHER_HOA}
