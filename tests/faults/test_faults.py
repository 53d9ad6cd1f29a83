"""A small share of `python -m tests.faults`: whatever dies, nothing is lost, recorded twice or changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.class_run.conftest import RIGHT
from tests.conftest import whole_only
from tests.faults.__main__ import table
from tests.faults.book import Difference, Held, difference
from tests.faults.campaign import Campaign, Row, campaign
from tests.faults.kinds import KINDS

SUBMISSIONS = 6


def write(folder: Path, submissions: int, _seed: int) -> None:
    folder.mkdir()
    for number in range(submissions):
        (folder / f"student-{number}.py").write_text(f"import time\ntime.sleep(0.4)\n{RIGHT}\n# {number}\n")


@pytest.fixture(scope="module")
def work() -> Iterator[Campaign]:
    made = Campaign(SUBMISSIONS, 3, write)
    made.undisturbed()
    yield made
    made.close()


QUICK = ("Ctrl-C or SIGTERM",)
"""The others that need nothing have tests of their own, without a whole run."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name in QUICK], ids=lambda kind: kind.name)
def test_the_same_command_goes_on(kind, work: Campaign):
    check(kind, work)


@whole_only
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name not in QUICK], ids=lambda kind: kind.name)
def test_the_same_command_goes_on_whatever_happened(kind, work: Campaign):
    if reason := kind.missing():
        pytest.skip(reason)
    check(kind, work)


def check(kind, work: Campaign) -> None:
    (row,) = campaign(1, [kind], work, print)
    assert not row.trouble, row.trouble
    assert not row.found


def test_a_difference_is_found():
    right = [Held(name, "f", "counts", 3.0, ()) for name in ("ada", "bob", "eve")]
    got = [right[0], right[0], Held("bob", "f", "counts", 2.0, ())]
    assert difference(right, right) == Difference()
    assert difference(right, got) == Difference(lost=1, twice=1, changed=1)
    assert "| *all* | *1* | *1* | *0* | *0* | *1* | *1* | *1* |" in table(
        [Row(KINDS[0], runs=1, struck=1, found=difference(right, got))]
    )
