"""What every task's reference must do, asked of every row: the table of tasks is the table of these tests."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

import array_api_strict
import numpy as np
import pytest
import torch

from graders import judging
from graders.cases import Case, designed, draw_cases, edge_cases, examples, valid
from graders.properties.base import Item
from graders.properties.script import script
from graders.sandbox.program import Call
from graders.specs.row import Row, ScriptRow
from tests.reference.local import ROWS, flat, function, functions, run

SEED = 2026
ROUNDING = 1e-13
"""Difference allowed between libraries and layouts: some hundred roundings of float64, as a share of the largest."""

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
PAIRS = [row for row in ROWS if row.kind == "pair"]
every_pair = pytest.mark.parametrize("row", PAIRS, ids=lambda row: row.name)


def calls(item: Item) -> tuple[Call, ...]:
    """The task once: a function's call, a pair's two, a script's all."""
    if isinstance(item.row, ScriptRow):
        return script(item).calls
    return (item.forward(), item.backward(item.douts, 0)) if item.row.kind == "pair" else (item.forward(),)


def results(item: Item, convert: Callable[[Any], Any] = lambda array: array) -> dict[str, Any]:
    """Outputs and gradients by name; what is drawn by chance is left out."""
    values = run(calls(item), convert)
    if isinstance(item.row, ScriptRow):
        shown = script(item).shown.items()
        return {name: values[call][value] for name, (call, value) in shown if name not in item.row.drawn}
    named = dict(zip(item.row.outputs, values[0], strict=False))
    return named | dict(zip(item.row.gradients, values[1], strict=True)) if item.row.kind == "pair" else named


def expected(item: Item) -> dict[str, Any]:
    """The same by the oracle."""
    drawn = item.row.drawn if isinstance(item.row, ScriptRow) else ()
    everything = {**item.expected.values.outputs, **item.expected.values.gradients}
    return {name: value for name, value in everything.items() if name not in drawn}


def ordinary(row: Row, dtype: str = "float64") -> Item:
    """A case of the row with distinct sizes and normal values."""
    cases = [*filter(lambda case: valid(row, case), designed(row)), *examples(row)]
    return Item(row, dataclasses.replace(cases[0], dtype=dtype), SEED)


def difference(got: Any, wanted: Any) -> float:
    """Largest deviation as a share of the largest entry wanted."""
    wanted = np.asarray(wanted, np.float64)
    scale = np.abs(wanted).max(initial=0.0)
    return float(np.abs(np.asarray(got, np.float64) - wanted).max(initial=0.0) / (scale or 1.0))


def compared(got: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, int, Any, Any]]:
    """Name, index in its list, and the two arrays, of every array."""
    assert set(got) == set(wanted)
    for name in wanted:
        mine, theirs = flat(got[name]), flat(wanted[name])
        assert len(mine) == len(theirs), name
        yield from ((name, index, one, other) for index, (one, other) in enumerate(zip(mine, theirs, strict=True)))


@every_row
def test_values_and_gradients_are_those_of_autograd(row: Row) -> None:
    """To the rule of docs/decisions/0004, over fixed, designed, drawn and edge cases; shapes exactly."""
    for case in [*draw_cases(row, SEED, 8), *edge_cases(row)]:
        item = Item(row, case, SEED)
        if not item.usable():
            continue
        for name, index, got, wanted in compared(results(item), expected(item)):
            assert np.shape(got) == wanted.shape, (name, case)
            if wanted.dtype.kind != "f":
                assert np.array_equal(got, wanted), (name, case)
            elif not _at_a_kink(item):
                spreads = functools.partial(item.expected.spreads, name, index)
                judgement = judging.judge(np.asarray(got), wanted, 2.0**-53, spreads)
                assert judgement.right, (name, case, got, wanted)


def _at_a_kink(item: Item) -> bool:
    if item.row.ties and any(groups.any() for groups in item.row.ties({**item.args, **item.options}).values()):
        return True
    marks = item.row.kinks({**item.args, **item.options}) if item.row.kinks else False
    return marks if isinstance(marks, bool) else any(mask.any() for mask in marks.values())


BUILDS = [row for row in ROWS if isinstance(row, ScriptRow) and row.drawn]


@pytest.mark.parametrize("row", BUILDS, ids=lambda row: row.name)
def test_what_is_drawn_has_the_shapes_that_are_asked_for(row: ScriptRow) -> None:
    for case in draw_cases(row, SEED, 4):
        item = Item(row, case, SEED)
        values, wanted = run(calls(item)), item.expected.outputs
        for name in row.drawn:
            call, value = script(item).shown[name]
            assert [array.shape for array in values[call][value]] == [array.shape for array in wanted[name]]


def nudged(value: Any, direction: Any, step: float) -> Any:
    """An argument, moved by `step` along `direction`."""
    if isinstance(value, list):
        return [nudged(a, d, step) for a, d in zip(value, direction, strict=True)]
    return value + step * direction


@every_pair
def test_backward_is_the_adjoint_of_the_forward_by_differences(row: Row) -> None:
    """<dout, J v> = <J^T dout, v>, with J v by central differences of the forward: torch has no part in this."""
    item = ordinary(row)
    if _at_a_kink(item):
        item = Item(row, dataclasses.replace(item.case, seed=300), SEED)
    rng, step = np.random.default_rng(2), 1e-6
    moved = {arg.name for arg in row.differentiable}
    directions = {
        name: [rng.standard_normal(a.shape) for a in value]
        if isinstance(value, list)
        else rng.standard_normal(value.shape)
        for name, value in item.args.items()
        if name in moved
    }
    ends = []
    for by in (step, -step):
        args = {
            name: nudged(value, directions[name], by) if name in moved else value for name, value in item.args.items()
        }
        outputs = dict(zip(row.outputs, run([item.forward(args)])[0], strict=False))
        ends.append([outputs[name] for name in row.differentiated])
    slope = sum(np.sum(dout * (a - b)) for dout, a, b in zip(item.douts, *ends, strict=True)) / (2 * step)
    gradients = results(item)
    products = [
        np.sum(g * d)
        for name in directions
        for g, d in zip(flat(gradients["d" + name]), flat(directions[name]), strict=True)
    ]
    assert slope == pytest.approx(sum(products), rel=1e-6, abs=1e-6 * sum(map(abs, products)))


def _generators(item: Item) -> bool:
    return any("rng" in call.options for call in calls(item))


LIBRARIES = {"torch": torch.tensor, "strict": array_api_strict.asarray}
if torch.cuda.is_available():
    LIBRARIES["cuda"] = lambda array: torch.tensor(array, device="cuda")


@every_row
@pytest.mark.parametrize("library", LIBRARIES)
def test_other_libraries_give_what_numpy_gives(row: Row, library: str) -> None:
    item, convert = ordinary(row), LIBRARIES[library]
    if not any(isinstance(leaf, np.ndarray) for value in item.args.values() for leaf in flat(value)):
        return  # takes numbers, not arrays
    for name, _, got, wanted in compared(results(item, convert), results(item)):
        if isinstance(wanted, np.ndarray | np.generic):
            assert type(got) is type(convert(np.zeros(1))), name
            got = got.cpu() if library == "cuda" else got
        assert tuple(np.shape(got)) == np.shape(wanted), name
        assert difference(got, wanted) < ROUNDING, name


@every_row
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_in_is_dtype_out(row: Row, dtype: str) -> None:
    item = ordinary(row, dtype)
    if not any(getattr(leaf, "dtype", None) == dtype for value in item.args.values() for leaf in flat(value)):
        return  # no floating-point argument
    wanted = expected(item)
    for name, _, got, should in compared(results(item), wanted):
        assert should.dtype.kind != "f" or got.dtype == dtype, name


def _single(row: Row, item: Item) -> dict[str, Any]:
    """Torch's own answer in float32."""

    def tensor(value: Any, wanted: bool) -> Any:
        if isinstance(value, list):
            return [tensor(leaf, wanted) for leaf in value]
        if not isinstance(value, np.ndarray):
            return value
        made = torch.tensor(value if value.dtype.kind in "fb" else value.astype(np.int64))
        return made.requires_grad_() if wanted else made

    wanted = {arg.name for arg in row.differentiable}
    tensors = {name: tensor(value, name in wanted) for name, value in item.args.items()}
    returned = row.oracle(*tensors.values(), **item.options)
    outputs = dict(zip(row.outputs, returned if isinstance(returned, tuple) else (returned,), strict=True))
    named = {name: [leaf.detach().numpy() for leaf in flat(value)] for name, value in outputs.items()}
    leaves = [leaf for name in wanted for leaf in flat(tensors[name])]
    if leaves:
        upstream = [torch.tensor(dout) for dout in item.douts]
        gradients = iter(
            torch.autograd.grad(
                [outputs[name] for name in row.differentiated],
                leaves,
                upstream,
                allow_unused=True,
                materialize_grads=True,
            )
        )
        named |= {"d" + name: [next(gradients).numpy() for _ in flat(tensors[name])] for name in wanted}
    return named


@every_row
def test_float32_is_about_as_accurate_as_torchs(row: Row) -> None:
    """Per tensor, error at most max(4 times torch's own, 8 u |ref|), in the median of some cases: one is luck."""
    errors: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for seed in range(SEED, SEED + 7):
        item = Item(row, ordinary(row, "float32").case, seed)
        if not any(getattr(leaf, "dtype", None) == np.float32 for value in item.args.values() for leaf in flat(value)):
            return
        theirs = _single(row, item)
        for name, index, got, wanted in compared(results(item), expected(item)):
            if wanted.dtype.kind == "f":
                both = difference(got, wanted), difference(theirs[name][index], wanted)
                errors.setdefault((name, index), []).append(both)
    for tensor, pairs in errors.items():
        ours, torchs = np.median(pairs, axis=0)
        assert ours <= max(4 * torchs, 8 * 2.0**-24), tensor


def _frozen(item: Item) -> None:
    for value in [*item.args.values(), *item.douts]:
        for leaf in flat(value):
            if isinstance(leaf, np.ndarray):
                leaf.flags.writeable = False  # a write would raise


@every_row
def test_no_argument_is_changed_and_a_second_call_gives_the_same(row: Row) -> None:
    item = ordinary(row)
    first = results(item)
    _frozen(item)
    for name, _, one, other in compared(results(item), first):
        assert np.array_equal(one, other), name


@every_pair
def test_two_forwards_may_come_before_two_backwards(row: Row) -> None:
    item = ordinary(row)
    other = Item(row, item.case, SEED + 1)
    wanted = results(item)
    run([item.forward(), other.forward(), item.backward(item.douts, 0)])
    program = [item.forward(), other.forward(), item.backward(item.douts, 0), item.backward(item.douts, 0)]
    values = run(program)
    for got in values[2:]:
        assert all(map(np.array_equal, flat(got), flat([wanted[name] for name in row.gradients])))


@every_pair
def test_an_upstream_of_another_shape_is_refused(row: Row) -> None:
    item = ordinary(row)
    values = run([item.forward()])
    wrong = [np.ones((7, 7, 7, 7, 7)) for _ in item.douts]
    with pytest.raises(ValueError, match=r"^d\w+ has shape \(7, 7, 7, 7, 7\), but should be \("):
        function(row.functions[1])(*wrong, values[0][-1])


@every_pair
@pytest.mark.parametrize("layout", ["F", "strided", "reversed"])
def test_memory_layout_makes_no_difference(row: Row, layout: str) -> None:
    item = ordinary(row)
    got = results(item, lambda array: laid_out(array, layout))
    assert all(difference(one, other) < ROUNDING for _, _, one, other in compared(got, results(item)))


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """The same values, held in another way."""
    if layout == "F":
        return np.asfortranarray(array) if array.ndim else array
    step = 2 if layout == "strided" else -1
    view = tuple(slice(None, None, step) for _ in array.shape)
    held = np.zeros([size * abs(step) for size in array.shape], array.dtype)
    held[view] = array
    return held[view]


def test_every_pair_of_the_reference_is_a_task() -> None:
    pairs = {name.removesuffix("_forward") for name in functions() if name.endswith("_forward")}
    assert pairs == {name.removesuffix("_backward") for name in functions() if name.endswith("_backward")}
    assert pairs == {row.name for row in PAIRS}


def test_the_case_of_these_tests_depends_on_the_row_alone() -> None:
    assert all(isinstance(ordinary(row).case, Case) for row in ROWS)
