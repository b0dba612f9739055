# SPDX-License-Identifier: BSD-2-Clause
"""Cases for a mobile node: Binding Acknowledgements that it receives.

RFC 6275 6.1.8, 6.2, 9.2, 11.7.3.
"""
import time

import pytest

import case_mobile
from case_mobile import (CN, LEN, LIFETIME, OTHER_HA, PAUSE, PROTO, RESERVED, STRANGER, TIMEOUT,
                         case, cases, same, with_octet, wrong_sum)
from forge import MIP6OptUnknown, PadN
from proc import until

from scapy.layers.inet6 import MIP6OptBRAdvice, Pad1

NOBODY = "2001:db8:280::77"             # in the home prefix, but nobody's


@pytest.fixture(scope="module")
def w(request):
    yield from case_mobile.world(request, "mn")


# ---- 9.2, 11.7.3: acknowledgements that must change nothing ----

def ba(**fields):
    """The answer to the Binding Update with these changes; then change() of its octets."""
    def build(w, bu, change=same):
        return change(w.ha.ba(bu, **fields))
    return build


def changed(change, **fields):
    return lambda w, bu: ba(**fields)(w, bu, change)


def older(w, bu):
    return w.ha.ba(bu, seq=bu.mh.seq - 1)


def newer(w, bu):
    return w.ha.ba(bu, seq=bu.mh.seq + 1)


AUTH = MIP6OptUnknown(otype=5, odata=bytes(12))
IGNORED = {
    "MN_9.2_1": changed(wrong_sum),
    "MN_9.2_2": changed(with_octet(PROTO, 58)),
    "MN_9.2_3": changed(with_octet(LEN, 0)),
    "MN_9.2_4": changed(with_octet(LEN, 8)),
    "MN_6.2.1_1": changed(with_octet(13, 255), options=[PadN(optdata=bytes(2))]),
    "MN_6.2.1_2": changed(with_octet(13, 3), options=[PadN(optdata=bytes(2))]),
    "MN_6.2.4_1": changed(with_octet(13, 1), options=[MIP6OptBRAdvice(rinter=9)]),
    "MN_11.7.3_1": older,
    "MN_11.7.3_2": newer,
    "MN_11.7.3_3": lambda w, bu: w.ha.ba(bu, seq=bu.mh.seq ^ 0x8000),
    "MN_11.7.3_4": ba(src=STRANGER),
    "MN_11.7.3_5": ba(src=OTHER_HA),
    "MN_11.7.3_6": ba(rh2=False),
    "MN_11.7.3_7": ba(rh2=NOBODY),
    "MN_11.7.3_8": ba(hao=CN),
    "MN_11.7.3_9": ba(options=[AUTH, MIP6OptUnknown(otype=222, odata=bytes(4))]),
    "MN_11.7.3_10": ba(status=135, src=STRANGER, seq=7),
    "MN_11.7.3_11": ba(status=129, src=STRANGER),
    "MN_11.7.3_12": ba(status=129, seq=7),
}


@cases(IGNORED)
def test_an_acknowledgement_that_is_ignored(w, row):
    """The update goes on being sent, until the same answer comes as it must be."""
    bu = w.refreshing()
    w.ha.send(row(w, bu))
    w.heard()
    assert w.state() == "refresh"
    mark = w.out.mark()
    again = w.update(mark)
    assert again.mh.seq != bu.mh.seq and w.state() == "refresh"
    assert (again.mh.seq - bu.mh.seq) & 0xffff < 20, "the sequence was not followed"
    w.ha.send(w.ha.ba(again))
    w.settles()


# ---- what must not disturb ----

ACCEPTED = {
    "MN_6.1.8_1": ba(res2=0x1f),
    "MN_6.1.8_2": changed(with_octet(RESERVED, 0xff)),
    "MN_6.1.8_3": ba(options=[MIP6OptUnknown(otype=222, odata=b"mip6d!")]),
    "MN_6.1.8_4": changed(with_octet(7, 0x80)),
    "MN_6.2.2_1": ba(options=[Pad1(), Pad1(), Pad1(), Pad1()]),
    "MN_6.2.3_1": ba(options=[PadN(optdata=bytes(10))]),
    "MN_6.2.4_2": ba(options=[MIP6OptBRAdvice(rinter=100)]),
    "MN_11.7.3_13": ba(status=1),
    "MN_11.7.3_14": ba(status=2),
    "MN_11.7.3_15": ba(status=127),
}


@cases(ACCEPTED)
def test_an_acknowledgement_that_is_taken(w, row):
    """The binding is refreshed, and the update is not sent again."""
    bu = w.refreshing()
    w.ha.send(row(w, bu))
    w.settles()
    mark = w.out.mark()
    w.heard()
    r = w.registration()
    assert r["lifetime"] == bu.mh.lifetime and r["sequence"] == bu.mh.seq
    # three retransmissions would have come by then
    w.ha.answer = w.ha.accept
    quiet(w, mark, 3)


def quiet(w, mark, times=2):
    """No update of its own accord while so many first timeouts pass."""
    time.sleep(times * TIMEOUT)
    assert not w.updates(mark)


@case("MN_11.7.3_16")
def test_an_answer_to_any_transmission_of_the_update_counts(w):
    first = w.refreshing()
    w.update()
    w.ha.send(w.ha.ba(first))
    w.settles()


@case("MN_11.7.3_17")
def test_an_answer_that_nobody_waits_for_changes_nothing(w):
    bu = w.refreshing(answer=w.ha.accept)
    w.settles()
    before = w.registration()
    w.ha.send(w.ha.ba(bu, lifetime=4))
    w.ha.send(w.ha.ba(bu, status=129, lifetime=0))
    w.ha.send(w.ha.ba(bu, status=135, seq=5))
    w.heard()
    after = w.registration()
    assert all(before[k] == after[k] for k in ("state", "lifetime", "sequence")), after
    assert after["remaining"] > 500


@case("MN_11.7.3_18")
def test_a_shorter_lifetime_is_counted_down_from_the_update(w):
    bu = w.refreshing()
    time.sleep(0.15)
    w.ha.send(w.ha.ba(bu, lifetime=100))
    w.settles()
    r = w.registration()
    assert r["lifetime"] == 100 and r["remaining"] <= 100 - 0.15, r


@case("MN_11.7.3_19")
def test_a_longer_lifetime_is_not_believed(w):
    bu = w.refreshing()
    w.ha.send(w.ha.ba(bu, lifetime=4000))
    w.settles()
    r = w.registration()
    assert r["lifetime"] == bu.mh.lifetime and r["remaining"] <= bu.mh.lifetime, r


@case("MN_11.7.3_20")
def test_accepted_for_no_time_is_no_binding(w):
    w.refreshing(answer=lambda bu: [w.ha.ba(bu, lifetime=0)])
    until("no care-of address is registered",
          lambda: w.registration().get("registered_care_of") is None)
    assert w.state() != "bound"
    w.bound()


@case("MN_11.7.3_21")
def test_the_binding_is_refreshed_well_before_its_end(w):
    """The shortest lifetime there is: a new update at half of it at the latest."""
    bu = w.refreshing(answer=lambda bu: [w.ha.ba(bu, lifetime=4)])
    w.settles()
    after = w.update()
    assert after.t - bu.t < 4e9 and after.mh.lifetime == LIFETIME
    w.ha.answer = w.ha.accept
    w.settles()


@case("MN_11.7.3_22")
def test_refresh_advice_is_followed(w):
    """Four seconds (one unit), with a lifetime of ten minutes."""
    bu = w.refreshing()
    w.ha.send(w.ha.ba(bu, options=[MIP6OptBRAdvice(rinter=1)]))
    w.ha.answer = w.ha.accept
    w.settles()
    assert w.registration()["refresh_in"] <= 4
    after = w.update()
    assert after.t - bu.t > 3.5e9
    w.settles()
    assert w.registration()["refresh_in"] > 100


@case("MN_11.7.3_23")
def test_the_binding_is_gone_when_its_lifetime_is(w):
    """Nobody answers the refreshing: after 4 s there is no binding, and it is asked for anew."""
    bu = w.refreshing(answer=lambda bu: [w.ha.ba(bu, lifetime=4)])
    w.settles()
    w.ha.answer = None
    until("the binding has expired",
          lambda: w.registration().get("registered_care_of") is None)
    assert time.time_ns() - bu.t > 4e9
    w.update()
    w.ha.answer = w.ha.accept
    w.settles()


# ---- 11.7.3: refusals ----

REFUSED = {
    "MN_11.7.3_24": 128, "MN_11.7.3_25": 129, "MN_11.7.3_26": 130, "MN_11.7.3_27": 131,
    "MN_11.7.3_28": 132, "MN_11.7.3_29": 133, "MN_11.7.3_30": 134, "MN_11.7.3_31": 136,
    "MN_11.7.3_32": 137, "MN_11.7.3_33": 138, "MN_11.7.3_34": 139, "MN_11.7.3_35": 140,
    "MN_11.7.3_36": 141, "MN_11.7.3_37": 142, "MN_11.7.3_38": 143, "MN_11.7.3_39": 174,
    "MN_11.7.3_40": 255,
}


@cases(REFUSED)
def test_a_refusal_is_not_asked_again_at_once(w, row):
    """A pause that is longer than any wait for an answer, a newer number, and then bound."""
    w.bound()
    heard = []

    def answer(bu):
        heard.append(bu)
        return [w.ha.ba(bu, status=row, lifetime=0)]
    w.ha.answer = answer
    w.daemon.ctl.call("Refresh")
    until("a pause", lambda: max(pauses(heard), default=0) >= PAUSE, step=0.05)
    assert all((b.mh.seq - a.mh.seq) & 0xffff == 1 for a, b in zip(heard, heard[1:])), heard
    # to become another kind of node, the old binding is deleted first (RFC 3963 6.2)
    assert any(b.mh.lifetime == 0 for b in heard) == (row == 139), heard
    w.bound()


def pauses(heard):
    return [(b.t - a.t) / 1e9 for a, b in zip(heard, heard[1:])]


@case("MN_11.7.3_45")
def test_pauses_after_refusals_become_longer(w):
    w.at_home()
    w.bound()
    heard = []

    def answer(bu):
        heard.append(bu)
        return [w.ha.ba(bu, status=129, lifetime=0)]
    w.ha.answer = answer
    w.daemon.ctl.call("Refresh")
    until("two pauses", lambda: sum(p >= PAUSE for p in pauses(heard)) >= 2, step=0.05)
    assert [p for p in pauses(heard) if p >= PAUSE][1] >= 2 * PAUSE
    w.bound()


@case("MN_11.7.3_41")
def test_after_a_refusal_nothing_is_registered(w):
    """129: no binding; 128 to a refresh: the one before is as good as it was."""
    for status, kept in ((128, True), (129, False)):
        w.refreshing(answer=w.ha.refuse(status))
        w.settles("backoff")
        coa = w.registration().get("registered_care_of")
        assert (coa is not None) == kept, (status, coa)
        w.bound()


@case("MN_11.7.3_42")
def test_out_of_window_is_continued_from_the_number_given(w):
    answers = iter((lambda bu: w.ha.ba(bu, status=135, seq=4711, lifetime=0), w.ha.ba))
    first = w.refreshing(answer=lambda bu: [next(answers)(bu)])
    second = w.update(w.out.mark() - 1, seq=4712)
    assert second.t - first.t < 30e9 and second.mh.lifetime == first.mh.lifetime
    w.settles()
    assert w.registration()["sequence"] == 4712


@case("MN_11.7.3_43")
def test_the_sequence_numbers_go_round(w):
    answers = iter((lambda bu: w.ha.ba(bu, status=135, seq=0xffff, lifetime=0), w.ha.ba))
    mark = w.out.mark()
    w.refreshing(answer=lambda bu: [next(answers)(bu)])
    w.update(mark, seq=0)
    w.settles()


@case("MN_11.7.3_44")
def test_out_of_window_for_ever_is_not_followed_for_ever(w):
    """Whatever number is sent: four tries, then a pause."""
    heard = []

    def answer(bu):
        heard.append(bu)
        return [w.ha.ba(bu, status=135, seq=bu.mh.seq + 100, lifetime=0)]
    w.refreshing(answer=answer)
    w.settles("backoff")
    assert len(heard) <= 5
    w.bound()
