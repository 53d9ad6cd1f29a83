"""A small share of the fuzzing, with other seeds from time to time; all of it: `make fuzz`."""

from __future__ import annotations

import contextlib
import datetime
from pathlib import Path

import pytest

from graders.sandbox import SandboxUnavailable, open_backend
from graders.sandbox.program import Limits
from tests.engine import require_engine_for
from tests.fuzz import frames, killing, submissions

TODAY = datetime.date.today().toordinal()
"""Seeds that are other ones tomorrow; a failure says which."""
SEEDS = pytest.mark.parametrize("seed", [1, TODAY], ids=["kept", "today"])  # the same names on both sides of midnight


def test_what_was_kept_is_sound():
    assert {reply.program for reply in frames.corpus()} == set(range(frames.LOADED + 1))
    assert {frames.decode(reply, reply.table) for reply in frames.corpus()} == {"sound"}


@SEEDS
def test_any_reply_ends_in_values_or_a_violation(seed: int):
    ends = frames.fuzz(15_000, seed)
    assert ends.total() == 15_000
    assert ends["sound"] < 0.5 * ends.total()
    assert len(ends) > 12  # every way to be wrong, or nearly


@SEEDS
def test_no_bell_but_ours_is_believed(seed: int):
    assert frames.bells(5_000, seed) < 5_000


@SEEDS
def test_any_file_ends_in_a_submission_or_a_problem(seed: int, tmp_path: Path):
    ends = submissions.fuzz(300, seed, tmp_path)
    assert ends.total() == 300
    assert any("refused" in end for end in ends)
    assert any("read" in end for end in ends)


@pytest.mark.parametrize(("name", "count"), [("bubblewrap", 10), ("subprocess", 10), ("docker", 3)])
def test_a_grading_whose_sandbox_is_killed_ends_in_a_verdict(name: str, count: int):
    require_engine_for(name)
    try:
        backend = open_backend(name, Limits())
    except SandboxUnavailable as reason:
        pytest.skip(str(reason))
    with contextlib.closing(backend):
        ends = killing.fuzz(count, TODAY, backend)
    assert ends["passed"] + ends["lost points"] + ends["our fault"] == count
    assert ends["kills"] > 0
