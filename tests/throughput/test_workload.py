"""Every timed task has a workload that fits, dense, and never the same twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graders.cases import valid
from graders.misconceptions.variant import rows
from graders.oracle import leaves
from graders.sandbox.program import Call, CallReply, Program, Reply, Value
from graders.specs.row import Row
from graders.throughput.empties import empty_source
from graders.throughput.limits import Limits, known, read, write
from graders.throughput.stand import most_programs
from graders.throughput.workload import Workload, close

TIMED = {name: row for name, (_unit, row) in rows().items() if row.workload is not None}


@pytest.mark.parametrize("row", TIMED.values(), ids=TIMED.keys())
def test_a_workload_names_every_axis_fits_and_is_dense(row: Row):
    assert row.workload is not None
    assert set(row.workload) == set(row.axes)
    workload = Workload(row, 0)
    assert valid(row, workload.case)
    if row.kind != "pair":
        program = workload.work().program
        assert most_programs(replace(program, max_bytes=1 << 20)) >= 2
    for name, value in workload.arguments().items():
        for array in leaves(value):
            if isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.size > 100:
                assert np.isfinite(array).all(), name
                assert np.unique(array).size > 0.2 * array.size or set(np.unique(array)) <= {-1.0, 0.0, 1.0}, name


@pytest.mark.parametrize("name", ["affine", "sgd"])
def test_no_two_inputs_share_a_number(name: str):
    """Though all are cut from one pool; but for zeros, which rows draw on purpose."""
    workload = Workload(TIMED[name], 0)
    seen = np.concatenate([array.ravel() for _ in range(4) for array in workload.work().program.arrays])
    assert np.unique(seen[seen != 0]).size > 0.99 * np.count_nonzero(seen)


def test_the_same_secret_gives_other_inputs_each_time():
    first, second = (Workload(TIMED["affine"], 7).arguments() for _ in range(2))
    assert not np.isin(first["x"], second["x"]).any()


def value(array) -> Value:
    return Value("array", np.asarray(array))


def test_close_means_all_of_float64():
    wanted = np.random.default_rng(0).standard_normal((50, 50))
    assert close("out", value(wanted * (1 + 1e-15)), value(wanted))
    assert not close("out", value(wanted * (1 + 1e-9)), value(wanted))
    assert not close("out", value(wanted.astype(np.float32)), value(wanted))
    assert not close("out", value(np.where(wanted > 2, np.nan, wanted)), value(wanted))
    assert not close("out", value(wanted[:-1]), value(wanted))
    assert close("out", value(np.arange(3)), value(np.arange(3)))


def test_what_answers_nothing_answers_in_the_right_shapes():
    program = Program((Call("f_forward", (), {}, 2, frozenset({1})), Call("f_backward", (), {}, 2), Call("M.fit")))
    pair = CallReply("returned", (value(np.zeros((2, 3))), Value("opaque")))
    back = CallReply("returned", (Value("list", items=(value(np.zeros(2)),)), Value("float", np.array(1.5))))
    (piece,) = empty_source(program, Reply("completed", (pair, back, CallReply("returned", (Value("none"),)))))
    names: dict = {}
    exec(piece.text, names)
    out, cache = names["f_forward"](1, 2)
    (grad,), number = names["f_backward"]()
    assert (out.shape, cache, grad.shape, number) == ((2, 3), None, (2,), 1.5)
    assert names["M"].fit(names["M"](3)) is None


def test_limits_are_read_as_they_were_written(tmp_path):
    one = Limits(2.5, 6.0, 0.25, 1.25, {"reference": 1.01}, {"reference": "vectorised"}, "2026-11-21", "NumPy 2")
    write({"affine": one, "relu": None}, tmp_path / "limits.toml")
    assert read(tmp_path / "limits.toml") == {"affine": one, "relu": None}


def test_the_file_has_a_line_for_every_timed_row():
    assert set(known()) == set(TIMED)


@pytest.mark.parametrize("name", [name for name, limits in known().items() if limits])
def test_right_vectorised_work_is_far_from_the_limit(name: str):
    limits = known()[name]
    assert limits is not None
    assert 2.0 <= limits.full < limits.part
    for variant, kind in limits.classes.items():
        ratio = limits.measured.get(variant, np.inf)
        if kind == "vectorised":
            assert 1.08 * ratio <= limits.full, variant
        elif kind == "samples":
            assert 1.08 * ratio <= limits.part, variant
        elif kind == "elements":
            assert ratio > limits.part, variant
