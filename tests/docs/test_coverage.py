"""The coverage table has no gap, is up to date, and notices when a row is gone."""

from __future__ import annotations

import pytest

from graders import coverage
from reference.examples.__main__ import EXAMPLES, EXPERIMENTS

RUNNABLE = frozenset([*(f"example {name}" for name in EXAMPLES), *(f"experiment {name}" for name in EXPERIMENTS)])


def test_every_item_has_its_tasks_and_every_task_its_item():
    assert coverage.gaps(coverage.curriculum(), RUNNABLE) == []


def test_the_page_is_what_the_rows_say():
    written = (coverage.DOCS / "coverage.md").read_text(encoding="utf-8")
    assert written == "\n".join(coverage.table(coverage.curriculum())) + "\n", "run `make coverage`"


def test_a_row_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch):
    known = coverage.tasks()
    del known["lstm"]
    monkeypatch.setattr(coverage, "tasks", lambda: known)
    assert coverage.gaps(coverage.curriculum(), RUNNABLE) == ["no such task: lstm"]


def test_an_item_that_is_gone_is_noticed():
    taught = {section: dict(items) for section, items in coverage.curriculum().items()}
    del taught["9 Attention and the Transformer"]["feed-forward network"]
    assert coverage.gaps(taught, RUNNABLE) == ["in no item of the curriculum: ffn"]


def test_an_example_that_is_gone_is_noticed():
    gaps = coverage.gaps(coverage.curriculum(), RUNNABLE - {"example iris"})
    assert gaps == ["cannot be run: example iris"]
