# SPDX-License-Identifier: BSD-2-Clause
"""The correspondent's timers as RFC 6275 5.2.7 and 12 want them; takes four minutes."""
import os
import signal
import time

import pytest

from case_cn import ACCEPTED, MOST, NONCES, internet

pytestmark = pytest.mark.skipif("LAB_SLOW" not in os.environ,
                                reason="timers of minutes: set LAB_SLOW")
NONCE_INTERVAL, MAX_TOKEN_LIFETIME, MAX_NONCE_LIFETIME = 30, 210, 240
LIMIT = 400


@pytest.fixture(scope="module")
def world(shared_lab):
    yield from internet(shared_lab)


def test_nonces_live_as_long_as_they_should(world):
    """A token is good for 210 s at least, a nonce for 240 s at most; a new one each 30 s."""
    signal.alarm(LIMIT)         # longer than other scenarios may take
    first, late, looker = (world.node() for _ in range(3))
    first.routability()         # the first ever: a nonce is made for it
    late.routability()
    began = time.monotonic()
    indices, bound = {first.hot.index}, False
    while time.monotonic() - began < MAX_NONCE_LIFETIME + 1:
        indices.add(looker.home_test().index)
        if not bound and time.monotonic() - began >= MAX_TOKEN_LIFETIME:
            assert first.register().lifetime == MOST
            bound = True
        time.sleep(1)
    assert bound and first.located() == first.coa
    # the nonce's first use was before `began`
    assert late.ask().status == NONCES
    assert late.located() is None
    # made when they are asked for, and not more often
    assert 2 < len(indices) <= 1 + MAX_NONCE_LIFETIME // NONCE_INTERVAL, indices
    late.routability()
    assert late.ask().status == ACCEPTED
