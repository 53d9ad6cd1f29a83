"""Cases follow from the secret alone, shrink in place, and cover what chance must not decide."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from graders.cases import PATTERNS, arguments, designed, draw_cases, edge_cases, upstream, valid
from graders.exam import Exam
from graders.oracle import leaves
from graders.properties.base import Item
from graders.secrets import PUBLIC, Secret
from graders.shrink import CALLS, smallest
from graders.specs import find_unit, unit_names
from graders.specs.row import Row

ROWS = [task for name in unit_names() for task in find_unit(name).tasks if isinstance(task, Row)]
BY_NAME = {row.name: row for row in ROWS}
AFFINE = BY_NAME["affine"]

LIST = "from graders.cases import draw_cases; from graders.specs import find_unit; print(draw_cases(find_unit('03').tasks[3], 9, 12))"


def test_another_process_draws_the_same_cases():
    done = subprocess.run(
        [sys.executable, "-c", LIST], env={"PYTHONHASHSEED": "77"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(draw_cases(AFFINE, 9, 12))


def test_another_secret_draws_other_cases_and_other_values():
    exams = [Exam(find_unit("03"), secret) for secret in (PUBLIC, Secret(b"x" * 32))]
    lists = [exam.items(AFFINE, "main") for exam in exams]
    assert [item.case for item in lists[0]] != [item.case for item in lists[1]]
    assert not np.array_equal(lists[0][0].args["x"], lists[1][0].args["x"])


def test_families_of_one_task_get_values_of_their_own():
    exam = Exam(find_unit("03"), PUBLIC)
    main, few = exam.items(AFFINE, "main")[0], exam.items(AFFINE, "linearity")[0]
    assert main.case == few.case
    assert not np.array_equal(main.args["x"], few.args["x"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_designed_cases_show_every_option_and_sizes_distinct_and_equal(row: Row):
    cases = designed(row)
    for name, values in row.options.items():
        assert {case.keywords[name] for case in cases} == set(values)
    sizes = [case.sizes for case in cases if valid(row, case)]
    for (one, bounds), (other, others) in itertools.combinations(row.axes.items(), 2):
        if len({*bounds, *others}) > 1:
            assert any(case[one] != case[other] for case in sizes), f"{one} is never told from {other}"
        if max(bounds[0], others[0]) <= min(bounds[1], others[1]):
            assert any(case[one] == case[other] for case in sizes), f"{one} is never as large as {other}"


def never_one(row: Row, axis: str) -> bool:
    """Whether the row rules size 1 out along the axis, whatever the other sizes."""
    options = {name: values[0] for name, values in row.options.items()}
    ranges = [(1,) if name == axis else (1, *range(low, high + 1)) for name, (low, high) in row.axes.items()]
    combinations = (dict(zip(row.axes, sizes, strict=True)) for sizes in itertools.product(*ranges))
    return row.valid is not None and not any(row.valid(sizes, options) for sizes in combinations)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_edges_show_every_axis_at_one_and_at_zero_where_that_means_something(row: Row):
    sizes = [case.sizes for case in edge_cases(row)]
    for axis in row.axes:
        assert any(one[axis] == 1 for one in sizes) != never_one(row, axis)
    assert {axis for one in sizes for axis, size in one.items() if size == 0} == set(row.empty.split())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_arguments_are_finite_of_the_cases_dtype_and_share_no_memory(row: Row):
    for case in (case for case in [*draw_cases(row, 4, 12), *edge_cases(row)] if case.example < 0):
        single = arguments(row, replace(case, dtype="float32"), 4)
        arrays = [leaf for value in arguments(row, case, 4).values() for leaf in leaves(value)]
        narrow = [leaf for value in single.values() for leaf in leaves(value)]
        assert all(np.isfinite(array).all() for array in arrays)
        assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(arrays, 2))
        floats = [(wide, less) for wide, less in zip(arrays, narrow, strict=True) if np.asarray(wide).dtype.kind == "f"]
        assert all(np.array_equal(wide.astype(np.float32), less) for wide, less in floats)
        assert all(less.dtype == np.float32 for _, less in floats)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_almost_every_drawn_case_is_usable(row: Row):
    items = [Item(row, case, 3) for case in draw_cases(row, 3, 16)]
    assert sum(item.usable() for item in items) >= 0.8 * len(items)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_smaller_axis_keeps_the_values_that_remain(pattern: str):
    case = replace(designed(AFFINE)[0], axes=(("N", 6), ("D", 5), ("M", 4)), pattern=pattern, exponent=1)
    small = replace(case, axes=(("N", 3), ("D", 5), ("M", 2)))
    large, less = arguments(AFFINE, case, 1), arguments(AFFINE, small, 1)
    assert np.array_equal(large["x"][:3], less["x"])
    assert np.array_equal(large["w"][:, :2], less["w"])
    assert np.array_equal(upstream(case, [(6, 4)], 1)[0][:3, :2], upstream(small, [(3, 2)], 1)[0])


def test_upstream_gradients_are_never_all_ones():
    for case in draw_cases(AFFINE, 1, 30):
        (dout,) = upstream(case, [(case.sizes["N"], case.sizes["M"])], 1)
        assert np.unique(dout).size > 1


def test_the_lectures_network_comes_first_and_gives_their_outputs():
    (first, *_) = Exam(find_unit("03"), PUBLIC).items(BY_NAME["network"], "main")
    assert first.expected.outputs["a"].round(2).tolist() == [[0.62, 0.83], [0.51, 0.85]]


def test_shrinking_ends_at_the_smallest_case_within_its_budget():
    asked = []

    def fails(case):
        asked.append(case)
        return case.sizes["N"] >= 3 and case.sizes["M"] >= 4

    found = smallest(AFFINE, 5, 16, {}, fails)
    assert found is not None
    assert found.sizes == {"N": 3, "D": 2, "M": 4}
    assert found.pattern == "zeros"
    assert found.seed == 0
    assert len(asked) <= CALLS


def test_shrinking_survives_a_failure_that_comes_and_goes():
    verdicts = iter([True, False] * 100)
    assert smallest(AFFINE, 5, 16, {}, lambda case: next(verdicts)) is not None
    assert smallest(AFFINE, 5, 16, {}, lambda case: False) is None


def test_a_secret_shows_neither_itself_nor_its_key():
    secret = Secret(bytes(range(32)))
    shown = f"{secret!r} {secret.fingerprint}"
    assert bytes(range(32)).hex() not in shown
    assert "\\x01" not in shown
    assert len(secret.fingerprint) == 8
    assert secret.seed("affine", "main") != secret.seed("affine", "purity")
