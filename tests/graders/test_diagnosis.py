"""A mistake is named when it explains every case, and never on a guess."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graders import diagnosis, i18n
from graders.diagnosis import alike, same
from graders.grade import grade
from graders.intake.submission import Submission
from graders.misconceptions import all_chaffs
from graders.misconceptions.variant import Variant, reference_text
from graders.properties.base import Finding
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.suspects import Suspects
from graders.verdict import Result
from tests.graders.editing import EXAMS, ROWS

NOTHING_KNOWN = "no mistake that is known here explains it: work through the case shown"
CHAFFS = {chaff.label: chaff for chaff in all_chaffs()}
WITHOUT_CACHE = """
def affine_forward(x, w, b):
    return np.einsum("nd,dm->nm", x, w) + b, {"x": x, "w": w}


def affine_backward(dout, cache):
    dx = np.einsum("nm,dm->nd", dout, cache["w"])
    dw = np.einsum("nd,nm->dm", cache["x"], dout)
    return dx, dw, dout.sum(0)
"""


def results(variant: Variant, backend: Backend) -> dict[str, Result]:
    """What is found of a task of this variant, by property."""
    exam = EXAMS[ROWS[variant.row][0]]
    suspects = Suspects(exam, backend)
    tasks = frozenset({variant.row})
    report = grade(variant.submission, exam, backend, tasks=tasks, explain=False, suspects=suspects)
    return {result.property: result for result in report.results}


def affine(*edits: tuple[str, str]) -> Variant:
    """An affine layer that looks nothing like the reference, with edits."""
    source = "import numpy as np\n" + WITHOUT_CACHE
    for old, new in edits:
        assert source.count(old) == 1
        source = source.replace(old, new)
    return Variant("affine", "other", source=source)


def test_a_known_mistake_is_named_however_it_is_written(backend: Backend):
    found = results(affine(("dout.sum(0)", "dout.mean(0)")), backend)
    assert found["gradient db"].likely == CHAFFS["affine__db_mean"].message
    assert found["gradient db"].misconceptions == ("affine__db_mean",)
    assert found["gradient dw"].likely == ""


def test_two_mistakes_in_different_arguments_are_both_named(backend: Backend):
    found = results(
        affine(("dout.sum(0)", "dout.mean(0)"), ('"nm,dm->nd", dout, cache["w"]', '"nm,dm->nd", -dout, cache["w"]')),
        backend,
    )
    assert found["gradient db"].likely == CHAFFS["affine__db_mean"].message
    assert found["gradient dx"].likely == "the sign is wrong"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("0 * dw", "it is zero everywhere"),
        ("-dw", "the sign is wrong"),
        ("dw * len(dout)", "it is N times too large"),
        ("dw / dw.shape[1]", "it is divided by M once too often"),
        ("2 * dw", "it is twice too large"),
        ("0.1 * dw", "it is 0.1 times what it should be, in every case"),
        ("dw[::-1]", "it is in reverse order along axis 0"),
        ("dw + 1e-3 * (dw > 0)", NOTHING_KNOWN),
        ("dw + (len(dout) == 5)", NOTHING_KNOWN),
        ("np.where(dw > 1, np.nan, dw)", "a division by zero"),
    ],
)
def test_patterns_are_named_where_they_fit_every_case(change: str, says: str, backend: Backend):
    found = results(affine(("return dx, dw, dout.sum(0)", f"return dx, {change}, dout.sum(0)")), backend)
    assert says in found["gradient dw"].likely


def test_gates_in_another_order_are_named(backend: Backend):
    source = reference_text("lstm_step").replace("def lstm_step_forward(", "def ordered_forward(")
    source = source.replace("def lstm_step_backward(", "def ordered_backward(")
    source += """

def swapped(array):
    i, f, g, o = np.split(array, 4, axis=-1)
    return np.concatenate([o, f, g, i], axis=-1)


def lstm_step_forward(x, h, c, wx, wh, b):
    return ordered_forward(x, h, c, swapped(wx), swapped(wh), swapped(b))


def lstm_step_backward(dh, dc, cache):
    dx, dh, dc, dwx, dwh, db = ordered_backward(dh, dc, cache)
    return dx, dh, dc, swapped(dwx), swapped(dwh), swapped(db)
"""
    exam = EXAMS["10-gated"]
    submission = Submission("gates", "gated.py", (Piece("", "import numpy as np\n" + source),), "gates")
    tasks = frozenset({"lstm_step"})
    report = grade(submission, exam, backend, tasks=tasks, explain=False, suspects=Suspects(exam, backend))
    told = {result.likely for result in report.results if result.property.startswith("gradient")}
    assert told == {"the gates' blocks of the weights are taken in the order 4, 2, 3, 1"}


def test_a_diagnosis_is_told_in_chinese(backend: Backend):
    i18n.use_language("zh")
    try:
        found = results(affine(("dout.sum(0)", "dout.mean(0)")), backend)
        wanted = i18n.misconception(CHAFFS["affine__db_mean"].message)
    finally:
        i18n.use_language("en")
    assert found["gradient db"].likely == wanted
    assert wanted != CHAFFS["affine__db_mean"].message


RIGHT = np.array([[1.0, 2.0], [3.0, 4.0]])
WRONG = Finding("f", "dw is wrong", "dw", 2 * RIGHT, RIGHT)


def test_two_wrong_tensors_are_the_same_up_to_rounding_only():
    assert same(2 * RIGHT, 2 * RIGHT * (1 + 1e-15), RIGHT)
    assert same(2 * RIGHT, 2 * RIGHT + 1e-5, RIGHT)  # explains all but a hundred-thousandth of the error
    assert not same(2 * RIGHT, 2 * RIGHT + 0.1, RIGHT)
    assert not same(RIGHT * (1 + 1e-8), RIGHT * (1 - 1e-8), RIGHT)
    assert not same(2 * RIGHT, 2 * RIGHT[:1], RIGHT)
    assert not same(np.array([np.nan, 1.0]), np.array([1.0, 1.0]), None)
    assert not same(np.array([np.inf]), np.array([-np.inf]), None)
    assert same(np.array([np.nan, 1.0]), np.array([np.nan, 1.0]), None)


def test_findings_are_alike_when_they_say_the_same_of_the_same_tensor():
    assert alike(WRONG, replace(WRONG, got=2 * RIGHT))
    assert not alike(WRONG, replace(WRONG, where="g"))
    assert not alike(WRONG, None)
    assert alike(None, None)
    raised = Finding("f", "raised ValueError: shapes (3,2) (4,) (line 7)", ended=True)
    assert alike(raised, replace(raised, what="raised ValueError: shapes (5,2) (1,) (cell 2, line 3)"))
    assert not alike(raised, replace(raised, what="raised TypeError: shapes (5,2) (1,)"))
    shape = Finding("f", "db has shape (1, 4), but should be (4,)", "db")
    assert not alike(shape, replace(shape, what="db has shape (1, 4), but should be (5,)"))


def test_patterns_of_an_axis_pass_over_cases_without_it(backend: Backend):
    right = reference_text("network")
    odd = Variant(
        "network", "odd", source=right.replace("return activations[-1], (", "return activations[-1] + 0.1, (")
    )
    assert odd.source != right
    assert results(odd, backend)["forward"].likely == NOTHING_KNOWN


@pytest.mark.parametrize(
    "label", ["affine__db_over_outputs", "batch_norm__by_deviation", "lstm_step__cell_slope", "adam__eps_inside"]
)
def test_few_cases_rule_out_what_all_of_them_would(label: str, backend: Backend, monkeypatch: pytest.MonkeyPatch):
    chaff = CHAFFS[label]
    narrowed = results(chaff, backend)
    monkeypatch.setattr(diagnosis._Inquiry, "_possible", lambda *_asked: True)
    asked_all = results(chaff, backend)
    assert {name: (one.likely, one.misconceptions) for name, one in narrowed.items()} == {
        name: (one.likely, one.misconceptions) for name, one in asked_all.items()
    }
    assert any(one.misconceptions for one in narrowed.values())
