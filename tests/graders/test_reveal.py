"""What a unit keeps, no report tells: neither a value of a case nor what the submission says of one."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from graders.exam import Exam
from graders.grade import grade
from graders.intake.submission import Submission
from graders.properties import properties
from graders.report import as_json, html, junit, terminal
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.secrets import PUBLIC, Secret
from graders.specs import find_unit
from graders.verdict import Report, Status
from tests.graders.editing import EXAMS, ROWS, edited

SECRET = Secret(bytes(range(1, 33)))
AFFINE_OUT = "return x @ w + b, (x, w)"
AFFINE_DW = "dw = x.T @ dout\n"
TANH_OUT = "a = array_namespace(x).tanh(x)\n"
MOVED = "lambda p, g: [a - 0.2 * b for a, b in zip(p, g)]"

TOLD = [
    ("affine", AFFINE_OUT, "return x @ w + b + x.sum() * 0.1, (x, w)"),
    ("affine", AFFINE_OUT, "raise ValueError(repr(x.tolist()) + repr(b.tolist()))"),
    ("affine", AFFINE_OUT, "return repr(x.tolist()), (x, w)"),
    ("affine", AFFINE_OUT, "print(x.tolist(), w.tolist()); return 2 * x @ w + b, (x, w)"),
    ("affine", AFFINE_OUT, "x += 1; return x @ w + b, (x, w)"),
    ("affine", AFFINE_OUT, "x[0]; return x @ w + b, (x, w)"),
    ("affine", AFFINE_DW, "dw = x.T @ dout * (1.1 if len(x) > 1 else 1.0)\n"),
    ("affine", AFFINE_DW, AFFINE_DW + "    dw = dw + (dout > 0).sum()\n"),
    ("affine", AFFINE_DW, "dw = x.T @ dout / x.shape[0]\n"),
    ("affine", AFFINE_DW, "dw = np.zeros(w.shape); dw += x.T @ dout\n"),
    ("affine", AFFINE_DW, "dw = (x.T @ dout).T\n"),
    ("tanh", TANH_OUT, "a = 2 / (1 + np.exp(-2 * x)) - 1\n"),
    ("sgd", "[p - lr * g for p, g in", "[p - 1.5 * lr * g for p, g in"),
    ("sgd", "[p - lr * g for p, g in", "[int(repr(p.tolist())) for p, g in"),
]  # fmt: skip


def written(report: Report) -> str:
    """Every form of the report in one text, without times, which are numbers too."""
    report = replace(report, seconds=0.0, timings={}, started="", memory=0)
    console = Console(file=io.StringIO(), width=200)
    terminal.print_report(report, console)
    shown = console.file.getvalue()
    return "\n".join([shown, as_json.dumps(report), html.to_html(report), junit.to_junit(report)])


@functools.cache
def exam_of(unit: str, reveal: str, secret: Secret) -> Exam:
    return Exam(replace(find_unit(unit), reveal=reveal), secret)


@functools.cache
def numbers(task: str, secret: Secret) -> frozenset[str]:
    """Every number of the task's cases that could not stand in a report by chance, as it would be written."""
    return frozenset(_numbers(task, exam_of(ROWS[task][0], "case", secret)))


def _numbers(task: str, exam: Exam) -> Iterator[str]:
    row = ROWS[task][1]
    for family in {one.family for one in properties(row)}:
        for item in exam.items(row, family):
            trees: list[Any] = [*item.args.values(), *item.douts, *item.expected.values.everything.values()]
            for leaf in (leaf for tree in trees for leaf in (tree if isinstance(tree, list) else [tree])):
                for value in np.ravel(leaf).tolist():
                    text = f"{abs(value):.6g}"
                    if len(text.replace(".", "").lstrip("0")) == 6 and "e" not in text:
                        yield text


@pytest.mark.parametrize("reveal", ["shape", "nothing"])
@pytest.mark.parametrize("secret", [PUBLIC, SECRET], ids=["public", "secret"])
@pytest.mark.parametrize(("task", "old", "new"), TOLD)
def test_what_a_unit_keeps_is_in_no_form_of_the_report(task, old, new, secret, reveal, backend: Backend):
    name, submission = edited(task, old, new)
    exam, practice = exam_of(name, reveal, secret), exam_of(name, reveal, PUBLIC)
    report = grade(submission, exam, backend, practice=practice, tasks=frozenset({task}))
    failed = [result for result in report.results if result.status is Status.FAILED]
    assert failed
    for result in failed:
        assert "got" not in result.message
        assert result.pictures.heat is None
        assert result.case is None or not (result.case.snippet or result.case.inputs or result.case.got)
        if reveal == "nothing":
            assert (result.case, result.likely, result.pictures.errors) == (None, "", ())
    text = written(report)
    assert not [number for number in numbers(task, secret) | numbers(task, PUBLIC) if number in text]


def test_the_same_reports_do_tell_where_the_unit_keeps_nothing(backend: Backend):
    told = 0
    for task, old, new in TOLD:
        unit, submission = edited(task, old, new)
        text = written(grade(submission, EXAMS[unit], backend, tasks=frozenset({task})))
        told += "got" in text or any(number in text for number in numbers(task, PUBLIC))
    assert told == len(TOLD)


def test_what_a_training_says_is_kept_with_its_cases(backend: Backend):
    unit = find_unit("03")
    source = (
        "def train_iris(x, *rest, **options):\n    print(x[0].tolist())\n    raise ValueError(repr(x[0].tolist()))\n"
    )
    submission = Submission("says", "says.py", (Piece("", source),))
    for reveal, told in (("case", True), ("shape", False), ("nothing", False)):
        exam = Exam(replace(unit, reveal=reveal), PUBLIC)
        report = grade(submission, exam, backend, tasks=frozenset({"train_iris"}))
        assert ("ValueError: [" in written(report)) is told
        assert bool(report.notes) is told
