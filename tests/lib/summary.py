# SPDX-License-Identifier: BSD-2-Clause
"""Adds up the results of meson's test logs and pytest's junit files: the last line of tests/run.

    summary.py FILE...      testlog.json (one JSON object a line) or *.xml (junit);
                            failed:WORDS counts as one failure

A meson test that speaks TAP counts its cases, another one counts as one.
Exit status 1 if anything failed or nothing ran.
"""
import json
import re
import sys
import xml.etree.ElementTree as ElementTree

GOOD = ("OK", "EXPECTEDFAIL")
TAP_LINE = re.compile(r"^(ok|not ok)\b[^#\n]*(#\s*SKIP)?", re.MULTILINE | re.IGNORECASE)


def from_meson(path):
    """(passed, failed, skipped, names of failures) of one testlog.json."""
    passed = failed = skipped = 0
    names = []
    with open(path) as f:
        for line in f:
            test = json.loads(line)
            result = test["result"]
            cases = TAP_LINE.findall(test.get("stdout") or "")
            bad = sum(1 for ok, skip in cases if ok.lower() == "not ok" and not skip)
            skips = sum(1 for _ok, skip in cases if skip)
            if result == "SKIP":
                skipped += 1
            elif cases:
                passed += len(cases) - bad - skips
                skipped += skips
                # It may also have died after its last line.
                failed += bad if bad or result in GOOD else 1
            elif result in GOOD:
                passed += 1
            else:
                failed += 1
            if result not in GOOD and result != "SKIP":
                names.append(f"{test['name']}: {result}")
    return passed, failed, skipped, names


def from_junit(path):
    passed = failed = skipped = 0
    names = []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            names.append(f"{case.get('classname')}.{case.get('name')}")
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped, names


def main(paths):
    total = [0, 0, 0]
    names = []
    for path in paths:
        try:
            *counts, wrong = (from_junit if path.endswith(".xml") else from_meson)(path)
        except (OSError, ValueError, KeyError, ElementTree.ParseError) as e:
            counts, wrong = [0, 1, 0], [f"{path}: no result ({e})"]
        if path.startswith("failed:"):
            wrong = [path[7:]]
        total = [a + b for a, b in zip(total, counts)]
        names += wrong
    for name in names:
        print(f"FAILED {name}")
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
