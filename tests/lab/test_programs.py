# SPDX-License-Identifier: BSD-2-Clause
"""The rooms that touch the kernel, tried alone: kern/ (ktest) and io/ (iotest), in C, by TAP."""
import os
import re
import subprocess

import pytest

BUILD = os.environ.get("LAB_BUILD", "")
KTEST = ["probe", "objects", "replace", "undo", "sharing", "leftovers", "news", "ingress-bpf",
         "ingress-flower", "xfrm", "steer", "policy"]


def _passes(name, *words):
    """In a namespace of its own; iotest makes two more itself."""
    program = os.path.join(os.path.abspath(BUILD), "tests", name)
    assert os.access(program, os.X_OK), f"{program}: build with meson's option lab=true"
    done = subprocess.run(["unshare", "--net", program, *words], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, timeout=170)
    log = os.path.join(os.environ["LAB_OUT"], "-".join((name, *words)) + ".tap")
    with open(log, "w") as f:
        f.write(done.stdout)
    bad = [line for line in done.stdout.splitlines() if line.startswith("not ok")]
    assert not bad and done.returncode == 0, "\n".join(bad) + done.stdout[-2000:]
    assert re.search(r"^ok ", done.stdout, re.MULTILINE), "no case ran"


@pytest.mark.parametrize("group", KTEST)
def test_kernel_objects_are_what_the_kernel_then_has(group):
    _passes("ktest", group)


@pytest.mark.skipif("LAB_SLOW" not in os.environ, reason="a load for minutes: set LAB_SLOW")
def test_kernel_objects_by_the_thousand():
    _passes("ktest", "load")


def test_sockets_say_what_was_on_the_wire():
    _passes("iotest")
