"""What many tests need."""

from __future__ import annotations

import os
import zlib

import pytest

from graders.i18n import use_language
from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Limits

os.environ["BACKCHECK_THROUGHPUT"] = "0"  # commands time nothing, but where that is what is tested
os.environ["BACKCHECK_SHRINK_SECONDS"] = "60"

WHOLE = os.environ.get("BACKCHECK_TEST_ALL") == "1"
whole_only = pytest.mark.skipif(not WHOLE, reason="takes too long for every change: make test-all")
SHARES = {
    "tests/graders/test_audit.py": 4,
    "tests/exploits/test_catalogue.py": 3,
    "tests/graders/test_grade.py": 4,
    "tests/graders/test_properties.py": 4,
    "tests/graders/test_new_units.py": 4,
    "tests/graders/test_reveal.py": 4,
    "tests/contracts/test_cs231n.py": 5,
    "tests/contracts/test_mytorch.py": 4,
    "tests/course/test_stub.py": 6,
    "tests/course/test_platform_runs.py": 4,
    "tests/docker/test_platforms.py": 4,
    "tests/submissions/test_expected.py": 4,
    "tests/throughput/test_practice.py": 4,
    "tests/bad_input/test_bad_input.py": 3,
    "tests/class_run/test_cluster.py": 3,
    "tests/cli/test_files.py": 2,
    "tests/faults/test_faults.py": 6,
    "tests/graders/test_mutation.py": 2,
    "tests/graders/test_fairness.py": 2,
    "tests/sandbox/test_loading.py": 2,
    "tests/docker/test_docker.py": 2,
    "tests/graders/test_scripts.py": 2,
    "tests/reference/test_examples.py": 2,
    "tests/sandbox/test_cleanup.py": 3,
    "tests/sandbox/test_misbehaviour.py": 3,
}
"""Of the dearest tests with many parameters every change runs one in so many, by a checksum of their names, and at least
one a test function; `make test-all` runs them all."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not in the share, unless it was asked for by name."""
    if WHOLE or any("::" in argument for argument in config.args):
        return
    seen: set[str] = set()
    kept, left = [], []
    for item in items:
        file, function = item.nodeid.partition("::")[0], item.nodeid.partition("[")[0]
        drawn = zlib.crc32(item.nodeid.encode()) % SHARES.get(file, 1) == 0
        (kept if drawn or function not in seen else left).append(item)
        seen.add(function)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


@pytest.fixture(scope="session")
def backend() -> Backend:
    """The strongest sandbox that works here."""
    return open_backend("auto", Limits())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A command leaves its language behind: the next test, and its fixtures, start in English all the same."""
    use_language("en")
