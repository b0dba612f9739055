# SPDX-License-Identifier: BSD-2-Clause
"""Runs the lab's scenarios in parallel boots, then has their captures judged outside.

Called by tests/run; results (logs, captures, junit) stay in --out.
"""
import argparse
import os
import subprocess
import sys
import time

import boot
import judge


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", required=True, help="folder for results (emptied)")
    p.add_argument("--build", help="build folder with the daemon under test")
    p.add_argument("-k", dest="words", default="", help="only scenarios that match (pytest -k)")
    p.add_argument("--boots", type=int, default=min(2, os.cpu_count() or 1))
    p.add_argument("--limit", type=int, default=2400 if os.environ.get("LAB_SLOW") else 1300,
                   help="seconds for all of it")
    p.add_argument("files", nargs="*", help="scenario files (default: all)")
    return p.parse_args()


def find_program(build, name):
    """The newest program of this name in the build folder."""
    found = []
    for d, _dirs, files in os.walk(build or ""):
        path = os.path.join(d, name)
        if name in files and os.access(path, os.X_OK):
            found.append(path)
    return max(found, key=os.path.getmtime) if found else None


def environment(build):
    env = {"LAB_BUILD": os.path.abspath(build) if build else "",
           "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
    for key, name in (("LAB_MIP6D", "mip6d"), ("LAB_MIP6D_WEAK", "mip6d-weak"),
                      ("LAB_MIP6CTL", "mip6ctl")):
        path = find_program(build, name)
        if path:
            env[key] = os.path.abspath(path)
    for key in ("LAB_SLOW", "LAB_TEST_LIMIT", "LAB_PACKAGE"):
        if key in os.environ:
            env[key] = os.environ[key]
    return env


def start(args, n, kernel):
    """One boot: pytest over the scenarios, in the claims of which all boots share."""
    out = os.path.join(args.out, f"boot{n}")
    names = args.files or sorted(f for f in os.listdir(boot.HERE)
                                 if f.startswith("test_") and f.endswith(".py"))
    files = [os.path.join(boot.HERE, f) for f in names]
    command = [boot.PYTHON, "-m", "pytest", "-c", os.path.join(boot.HERE, "pytest.ini"),
               "--rootdir", boot.HERE, "-v", "--tb=short", "-rN", "--no-header",
               f"--junitxml={out}/junit.xml", *files]
    if args.words:
        command += ["-k", args.words]
    claims = os.path.join(args.out, "claims")
    return boot.Boot(command, out, {**environment(args.build), "LAB_CLAIMS": claims},
                     kernel=kernel, limit=args.limit, writable=args.out)


def main():
    args = arguments()
    args.out = os.path.abspath(args.out)
    subprocess.run(["rm", "-rf", args.out], check=True)
    os.makedirs(os.path.join(args.out, "claims"))
    began = time.monotonic()
    kernel = boot.choose_kernel()
    print(f"lab: {kernel} kernel, {args.boots} boots, results in {args.out}", flush=True)
    boots = [start(args, n, kernel) for n in range(args.boots)]
    status = boot.run(boots, lambda text: print(text, end="", flush=True))
    ok = True
    for b, s in zip(boots, status):
        if s not in (0, 5):             # 5: no scenario was left for this boot
            ok = False
            print(f"lab: {os.path.basename(b.out)}: {s if isinstance(s, str) else 'failures'}")
    if all(s == 5 for s in status):
        print("lab: no scenario matches")
        ok = False
    ok = judge.junit(args.out, os.path.join(args.out, "judge.xml")) and ok
    print(f"lab: {time.monotonic() - began:.0f} s", flush=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
