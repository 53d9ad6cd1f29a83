from __future__ import annotations

import numpy as np
import pytest

from graders.report.arrays import MAX_SHOWN, case_rows, show
from graders.report.text import encodable, points, printable
from graders.verdict import CaseNote


def text(array, other=None):
    return "".join(words for words, _differs in show(np.asarray(array), other))


def marked(array, other):
    return [words for words, differs in show(np.asarray(array), np.asarray(other)) if differs]


def test_a_matrix_has_a_row_a_line_with_its_columns_aligned():
    assert text([[1.0, -0.5], [0.25, 20.0]]) == "[[   1, -0.5],\n [0.25,   20]]"


@pytest.mark.parametrize(
    ("array", "shown"),
    [
        (2.5, "2.5"),
        ([1, 2], "[1, 2]"),
        (np.zeros((0, 3)), "[]"),
        (np.zeros((2, 0)), "[[],\n []]"),
        ([True, False], "[True, False]"),
        ([np.nan, -np.inf], "[nan, -inf]"),
    ],
)
def test_small_arrays_are_shown_whole(array, shown):
    assert text(array) == shown


def test_only_numbers_that_differ_are_marked():
    assert marked([1.0, 2.0, np.nan], [1.0, 2.5, np.nan]) == ["2"]


def test_as_many_digits_are_shown_as_tell_two_arrays_apart():
    assert marked([1.0, 1 / 3], [1.0, 1 / 3 + 1e-7]) == ["0.33333333"]
    assert marked([0.1], [np.nextafter(0.1, 1)]) == ["0.10000000000000001"]


def test_arrays_of_different_shapes_are_not_compared():
    assert marked([[1.0, 2.0]], [3.0, 4.0]) == []


def test_got_stands_beside_wanted():
    case = CaseNote({}, inputs={"x": np.ones(1)}, got={"y": np.ones(1), "z": 1}, wanted={"y": np.zeros(1)})
    assert [(row.role, row.name) for row in case_rows(case)] == [
        ("given", "x"),
        ("got", "y"),
        ("wanted", "y"),
        ("got", "z"),
    ]


def test_a_list_of_arrays_is_shown_one_by_one():
    case = CaseNote({}, inputs={"weights": [np.ones((1, 2)), np.ones((2, 1))], "sizes": (2, 3)})
    assert [(row.name, row.facts) for row in case_rows(case)] == [
        ("weights[0]", "(1, 2) float64"),
        ("weights[1]", "(2, 1) float64"),
        ("sizes", ""),
    ]


def test_a_large_array_is_named_by_its_shape():
    (row,) = case_rows(CaseNote({}, got={"y": np.ones(MAX_SHOWN + 1)}))
    assert (row.facts, row.text) == ("(41,) float64", "41 numbers, too many to print")


def test_no_case_has_no_rows():
    assert case_rows(None) == []


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\r\nb\tc", "a\nb   c"),
        ("\u202e\ud800\x00", r"\u202e\ud800\x00"),
        ("你好 ✓", "你好 ✓"),
    ],
)
def test_characters_nobody_sees_are_spelled_out(raw, safe):
    assert printable(raw) == safe


def test_what_an_encoding_lacks_is_spelled_out():
    assert encodable("你 ✓", "gbk") == r"你 \u2713"
    assert encodable("你", "ascii") == r"\u4f60"


@pytest.mark.parametrize(("number", "shown"), [(4.0, "4"), (2.5, "2.5"), (1 / 3, "0.33"), (-0.001, "0"), (10, "10")])
def test_points_have_two_decimals_at_most(number, shown):
    assert points(number) == shown
