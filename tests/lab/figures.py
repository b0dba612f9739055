# SPDX-License-Identifier: BSD-2-Clause
"""Where a benchmark in the lab leaves its figures for tests/bench/run."""
import json
import os


def write(file, name, figures):
    """They are `name` in a JSON file of the boot's results, beside what is there."""
    path = os.path.join(os.environ["LAB_OUT"], file)
    known = {}
    if os.path.exists(path):
        with open(path) as f:
            known = json.load(f)
    known[name] = figures
    with open(path, "w") as f:
        json.dump(known, f, indent=1)
