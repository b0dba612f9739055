# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures: the correspondent `b` of the drawing, and a mobile node played by hand at `evil`."""
import pytest

import daemon
from forge_rr import RR


@pytest.fixture
def net(lab):
    return lab(attacker=True, start_ra=False)


@pytest.fixture
def cn(net):
    return daemon.cn(net)


@pytest.fixture
def mn(net, cn):
    return RR(net)
