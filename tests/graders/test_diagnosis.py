"""A likely cause is named when every element fits it, and never on a guess."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graders.cases import designed
from graders.diagnosis import likely_cause
from graders.properties.base import Finding, Item
from tests.graders.editing import ROWS

AFFINE = ROWS["affine"][1]
CASE = replace(designed(AFFINE)[0], axes=(("N", 5), ("D", 3), ("M", 3)))
ITEM = Item(AFFINE, CASE, 1)
DW = ITEM.expected.values.gradients["dw"]


def cause(got: np.ndarray, tensor: str = "dw", wanted: np.ndarray = DW) -> str:
    return likely_cause(AFFINE, ITEM, Finding("affine_backward", "is wrong", tensor, got, wanted))


@pytest.mark.parametrize(
    ("got", "says"),
    [
        (np.zeros_like(DW), "zero everywhere"),
        (-DW, "sign"),
        (5 * DW, "N = 5 times too large"),
        (DW / 5, "divided by N = 5 once too often"),
        (2 * DW, "twice too large"),
        (DW / 2, "a factor 2 is missing"),
        (DW.T, "transposed"),
        (np.where(DW.max() == DW, np.nan, DW), "a division by zero"),
    ],
)
def test_a_known_pattern_is_named(got: np.ndarray, says: str):
    assert says in cause(got)


def test_results_that_are_swapped_or_passed_on_are_named():
    values = ITEM.expected.values
    assert cause(values.outputs["out"], "dx", values.gradients["dx"]) == "it is out: two results are swapped"
    assert "dout itself, unchanged" in cause(ITEM.douts[0], "dx", values.gradients["dx"])


@pytest.mark.parametrize("off", [1e-3, 0.5])
def test_one_element_that_does_not_fit_silences_the_diagnosis(off: float):
    got = -DW
    got[0, 0] += off
    assert cause(got) == ""


def test_nothing_is_said_where_nothing_can_be_told():
    assert cause(np.ones_like(DW), wanted=np.zeros_like(DW)) == ""
    assert cause(DW[:1]) == ""
    assert likely_cause(AFFINE, ITEM, Finding("affine_backward", "raised")) == ""
