# SPDX-License-Identifier: BSD-2-Clause
"""The rooms that touch the kernel, tried alone: kern/ (ktest) and io/ (iotest), in C, by TAP."""
import os
import re
import subprocess

import pytest

BUILD = os.environ.get("LAB_BUILD", "")


def _program(name):
    path = os.path.join(os.path.abspath(BUILD), "tests", name)
    assert os.access(path, os.X_OK), f"{path}: build with meson's option lab=true"
    return path


@pytest.mark.parametrize("name", ["ktest", "iotest"])
def test_the_rooms_beside_the_kernel_pass_their_own_program(name):
    folder = os.environ["LAB_OUT"]
    done = subprocess.run(["unshare", "--net", _program(name)], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, timeout=170)
    with open(os.path.join(folder, f"{name}.tap"), "w") as f:
        f.write(done.stdout)
    bad = [line for line in done.stdout.splitlines() if line.startswith("not ok")]
    good = re.findall(r"^ok ", done.stdout, re.MULTILINE)
    assert not bad and done.returncode == 0, "\n".join(bad) + done.stdout[-2000:]
    assert good, "no case ran"
