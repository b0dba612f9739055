# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the lab. Runs inside a lab kernel only: start it with tests/run lab.

Several boots share one list of scenarios: each takes the next scenario that
no other has taken (a folder made in common is the claim).
"""
import os
import re
import signal

import pytest
from _pytest.runner import CallInfo

from net import Net

LIMIT = int(os.environ.get("LAB_TEST_LIMIT", "180"))
CLAIMS = os.environ.get("LAB_CLAIMS")


def pytest_configure(config):
    if "LAB_OUT" not in os.environ:
        pytest.exit("the lab runs in a kernel of its own: use tests/run lab", 2)
    config.addinivalue_line("markers", "limit(seconds): of a slow scenario, instead of LIMIT")


def _claimed(item):
    if not CLAIMS:
        return True
    try:
        os.mkdir(os.path.join(CLAIMS, _file_name(item)))
        return True
    except FileExistsError:
        return False


def _file_name(item):
    return re.sub(r"[^A-Za-z0-9_.=-]+", "-", item.nodeid.replace("::", ".")).strip("-")


def pytest_runtest_protocol(item, nextitem):
    """True: somebody else runs it, and nothing is reported here."""
    if _claimed(item):
        return None
    # What the scenario before kept for this one (its module) ends here; not silently.
    call = CallInfo.from_call(lambda: item.session._setupstate.teardown_exact(nextitem),
                              when="teardown")
    if call.excinfo:
        item.ihook.pytest_runtest_logreport(
            report=item.ihook.pytest_runtest_makereport(item=item, call=call))
    return True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    own = item.get_closest_marker("limit")
    limit = own.args[0] if own else LIMIT

    def too_long(_sig, _frame):
        raise TimeoutError(f"the scenario took more than {limit} s")
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(limit)
    yield
    signal.alarm(0)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, f"report_{call.when}", outcome.get_result())


class Scenarios:
    """Makes networks for one scenario and takes them down, with the checks that always hold."""

    thorough = set()            # files that had a scenario with every check

    def __init__(self, item):
        self.item = item
        self.nets = []
        self.leftovers_allowed = False

    def __call__(self, kind=Net, **options):
        folder = os.path.join(os.environ["LAB_OUT"], _file_name(self.item))
        if self.nets:
            folder += f"-{len(self.nets)}"
        self.nets.append(kind(folder, **options))
        # Thoroughness costs a third of a second: the first scenario of each file has it.
        self.nets[-1].thorough = self.item.fspath not in Scenarios.thorough
        Scenarios.thorough.add(self.item.fspath)
        return self.nets[-1]

    def close(self, failed):
        problems = []
        for net in reversed(self.nets):
            try:
                problems += self._finish(net, failed)
            finally:
                net.close()
        return problems

    def _finish(self, net, failed):
        """Stop daemons that still run; after that nothing of theirs may be left."""
        problems = []
        with_daemon = [n for n in net.node.values() if hasattr(n, "daemon")]
        for node in sorted(with_daemon, key=lambda n: not n.name.startswith("mr")):
            try:
                if node.daemon.proc and node.daemon.proc.alive():
                    node.daemon.stop()
            except AssertionError as e:
                problems.append(str(e))
        if not failed and not self.leftovers_allowed:
            for node in with_daemon:
                left = node.daemon.leftovers()
                if left:
                    problems.append(f"left behind in {node.name}:\n  " + "\n  ".join(left))
        return problems


@pytest.fixture
def lab(request):
    """lab(mrs=1, interval=..., ...) draws a network (net.Net) that ends with the scenario.

    At the end all daemons are stopped and each node must look as before them;
    a scenario that kills a daemon for good says lab.leftovers_allowed = True.
    """
    scenarios = Scenarios(request.node)
    yield scenarios
    report = getattr(request.node, "report_call", None)
    problems = scenarios.close(failed=report is None or report.failed)
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def shared_lab(request):
    """The same for all scenarios of a file: a file that uses it must not use `lab` as well."""
    scenarios = Scenarios(request.node)
    yield scenarios
    problems = scenarios.close(failed=False)
    assert not problems, "\n".join(problems)


@pytest.fixture
def net(lab):
    """The standard network."""
    return lab()
