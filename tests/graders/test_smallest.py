"""What a student is shown is small, simple, and does what the report says when it is run again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from graders import replay, shrink
from graders.example import TRIES, Example, Trials
from graders.grade import grade
from graders.misconceptions import all_chaffs
from graders.pace import MISTAKES, with_mistakes
from graders.properties.base import Item
from graders.sandbox import Backend
from graders.specs import find_unit
from graders.verdict import Report, Status
from tests.graders.editing import EXAMS, ROWS

CHAFFS = {chaff.label: chaff for chaff in all_chaffs()}
SHOWN = [
    "affine__dw_mean",
    "squared_loss__two_forgotten",
    "one_hot__from_one",
    "log_softmax__sum_missing",
    "weight_decay__of_gradient",
    "clip_by_value__sign_lost",
    "batch_norm__variance_path",
    "no_forget_lstm_step__memory_lost",
    "gru_reset_after_step__keep_and_update",
    "simple_rnn_layer__dwh_new_state",
    "max_pool2d__times_largest",
    "sequential__ascent",
]


def report_on(label: str, backend: Backend) -> Report:
    chaff = CHAFFS[label]
    return grade(chaff.submission, EXAMS[ROWS[chaff.row][0]], backend, tasks=frozenset({chaff.row}))


def arrays(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("label", SHOWN)
def test_a_mistake_is_shown_on_small_axes_and_whole_numbers_and_again_by_its_snippet(
    label: str, backend: Backend, tmp_path: Path
):
    chaff, row = CHAFFS[label], ROWS[CHAFFS[label].row][1]
    (result,) = (one for one in report_on(label, backend).results if one.property == chaff.killer)
    assert result.case is not None
    assert all(size <= row.axes[name][0] + 1 for name, size in result.case.axes.items())
    free = [result.case.inputs[arg.name] for arg in row.args if arg.draw == "real"]
    for array in (array for value in free for array in arrays(value)):
        assert np.array_equal(array, np.round(array, 0 if shrink._anywhere(row) else 2))
    (tmp_path / "work.py").write_text(chaff.text)
    snippet = replay.PRELUDE + replay._loading(str(tmp_path / "work.py")) + "\n" + result.case.snippet
    (tmp_path / "case.py").write_text(snippet)
    done = subprocess.run([sys.executable, tmp_path / "case.py"], capture_output=True, text=True, check=True)
    ((name, wanted),) = result.case.wanted.items()
    assert f"wanted {name} = {wanted}" in done.stdout
    if name.isidentifier():
        assert f"{name} = {result.case.got[name]}" in done.stdout


def item_of(task: str, **wanted: Any) -> Item:
    """A case of a task that Hypothesis drew, with arrays of these patterns."""
    unit, row = ROWS[task]
    drawn = [item for item in EXAMS[unit].items(row, "main") if item.case.example < 0]
    return next(item for item in drawn if all(getattr(item.case, name) == value for name, value in wanted.items()))


def test_numbers_end_as_zeros_and_ones_where_the_failure_allows():
    item = item_of("affine", pattern="normal")
    positive = tuple(np.argwhere(item.args["x"] > 0.5)[0])
    found = shrink.simplified(item, lambda other: other.args["x"][positive] > 0)
    assert found.args["x"][positive] == 1
    assert np.count_nonzero(found.args["x"]) <= max(1, item.args["x"].size - shrink.ELEMENTS)
    assert not found.args["w"].any()
    assert not any(dout.any() for dout in found.douts)
    assert found.args["x"].dtype == item.args["x"].dtype


def test_a_failure_that_needs_its_digits_keeps_them():
    item = item_of("affine", pattern="normal")
    found = shrink.simplified(item, lambda other: np.array_equal(other.args["x"], item.args["x"]))
    assert np.array_equal(found.args["x"], item.args["x"])
    assert not found.args["b"].any()


@pytest.mark.parametrize("task", ["maxout", "residual_block", "ffn"])
def test_where_ties_and_zeros_are_not_drawn_none_are_made(task: str):
    unit, row = ROWS[task]
    for item in [item for item in EXAMS[unit].items(row, "main") if item.case.example < 0][:6]:
        found = shrink.simplified(item, lambda other: True)
        for arg in row.args:
            before, after = item.args[arg.name], found.args[arg.name]
            assert np.unique(after).size == np.unique(before).size
            assert after.all()
        assert not any(dout.any() for dout in found.douts)


def test_simplifying_asks_little():
    asked = 0

    def fails(other: Item) -> bool:
        nonlocal asked
        asked += 1
        return False

    item = item_of("affine", pattern="normal")
    assert shrink.simplified(item, fails) is item
    assert asked <= len(shrink.ROUNDINGS) + shrink.ARRAYS + shrink.ELEMENTS


class Kept(Trials):
    """Those of every task, in order."""

    every: ClassVar[list[Trials]] = []

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.every.append(self)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Trials]:
    monkeypatch.setattr("graders.grade.Trials", Kept)
    Kept.every.clear()
    return Kept.every


def test_however_much_is_wrong_there_is_an_end_to_smaller_cases_and_every_task_has_its_share(
    kept: list[Trials], backend: Backend, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("graders.grade.TRIES", 11)
    unit = find_unit("01-activations")
    report = grade(with_mistakes(unit), EXAMS[unit.name], backend)
    failed = [result for result in report.results if result.status is Status.FAILED]
    assert len(kept) == len({result.task for result in failed}) == MISTAKES
    assert all(trials.asked for trials in kept)
    assert sum(len(trials.asked) for trials in kept) <= 11
    assert all(result.case for result in failed)


def test_a_smaller_case_is_asked_once_for_all_gradients_of_a_task(
    kept: list[Trials], backend: Backend, monkeypatch: pytest.MonkeyPatch
):
    tried: list[Item] = []
    quickly = Example._quickly
    monkeypatch.setattr(Example, "_quickly", lambda self, item: (tried.append(item), quickly(self, item))[1])
    report_on("no_forget_lstm_step__memory_lost", backend)
    (trials,) = kept
    assert len(trials.asked) == TRIES - trials.left < len(tried)
