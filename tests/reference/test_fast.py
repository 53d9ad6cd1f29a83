"""The fast forms beside the plain ones: the same values, gradients, dtypes and errors, and nobody's arrays changed."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reference.fast
from graders import judging
from graders.cases import designed, draw_cases, edge_cases, examples, valid
from graders.properties.base import Item
from graders.specs.row import Row
from tests.reference import local
from tests.reference.local import ROWS, flat
from tests.reference.test_bad_arguments import SHAPES, VALUES
from tests.reference.test_rows import _at_a_kink, calls, expected, results

SEED = 77
MODULES = [importlib.import_module(f"reference.fast.{m.name}") for m in pkgutil.iter_modules(reference.fast.__path__)]
HELPERS = {"keep_mask"}


def fast_functions() -> dict[str, Callable[..., Any]]:
    """Every public function of every fast module that stands for a plain one."""
    return {
        name: value
        for module in MODULES
        for name, value in vars(module).items()
        if name in local.functions() and callable(value) and name not in HELPERS
    }


FAST = {name: value for name, value in fast_functions().items() if value is not local.functions()[name]}
WITH_FAST = [row for row in ROWS if set(row.functions) & set(FAST)]
every_fast_row = pytest.mark.parametrize("row", WITH_FAST, ids=lambda row: row.name)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of the tests' runner go to the fast forms."""
    both = {**local.functions(), **FAST}
    monkeypatch.setattr(local, "functions", lambda: both)


def test_most_rows_with_gradients_that_torch_has_are_here():
    assert len(WITH_FAST) >= 55
    assert {"sigmoid", "cross_entropy", "adam", "layer_norm", "conv2d", "lstm", "ctc_loss", "transformer"} <= {
        row.name for row in WITH_FAST
    }


@every_fast_row
def test_values_and_gradients_are_those_of_autograd(row: Row, fast: None) -> None:
    """By the tolerance rule, over fixed, designed, drawn and edge cases; shapes and dtypes exactly."""
    for case in [*filter(lambda case: valid(row, case), designed(row)), *draw_cases(row, SEED, 8), *edge_cases(row)]:
        item = Item(row, case, SEED)
        if not item.usable():
            continue
        got, wanted = results(item), expected(item)
        assert set(got) == set(wanted)
        for name in wanted:
            for index, (mine, theirs) in enumerate(zip(flat(got[name]), flat(wanted[name]), strict=True)):
                assert np.shape(mine) == theirs.shape, (name, case)
                if theirs.dtype.kind != "f":
                    assert np.array_equal(mine, theirs), (name, case)
                elif not _at_a_kink(item):
                    spreads = lambda name=name, index=index, item=item: item.expected.spreads(name, index)  # noqa: E731
                    assert np.asarray(mine).dtype == np.float64
                    assert judging.judge(np.asarray(mine), theirs, 2.0**-53, spreads).right, (name, case, mine, theirs)


def ordinary(row: Row, dtype: str) -> Item:
    """A case with distinct sizes and normal values."""
    cases = [*filter(lambda case: valid(row, case), designed(row)), *examples(row)]
    return Item(row, dataclasses.replace(cases[0], dtype=dtype), SEED)


def same_as_plain(row: Row, monkeypatch: pytest.MonkeyPatch, item: Item, convert: Callable[[Any], Any]) -> None:
    """Fast beside plain, to some roundings, dtypes exactly."""
    wanted = results(item)
    both = {**local.functions(), **FAST}
    with monkeypatch.context() as patched:
        patched.setattr(local, "functions", lambda: both)
        got = results(item, convert)
    roundoff = {"float32": 1000 * 2.0**-24, "float64": 1e-12}[item.case.dtype]
    for name in wanted:
        for mine, plain in zip(flat(got[name]), flat(wanted[name]), strict=True):
            assert np.asarray(mine).dtype == np.asarray(plain).dtype, (name, item.case)
            scale = float(np.abs(plain).max(initial=0.0)) or 1.0
            np.testing.assert_allclose(mine, plain, rtol=0, atol=roundoff * scale, err_msg=name)


@every_fast_row
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fast_is_plain_in_either_dtype(row: Row, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    same_as_plain(row, monkeypatch, ordinary(row, dtype), lambda array: array)


def columns_first(array: np.ndarray) -> np.ndarray:
    """Fortran's order."""
    return np.asfortranarray(array) if array.ndim else array


def reversed_layout(array: np.ndarray) -> np.ndarray:
    """The same numbers behind negative strides."""
    return array[(slice(None, None, -1),) * array.ndim].copy()[(slice(None, None, -1),) * array.ndim]


@every_fast_row
@pytest.mark.parametrize("layout", [columns_first, reversed_layout], ids=["F", "reversed"])
def test_any_layout_will_do(row: Row, layout: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    same_as_plain(row, monkeypatch, ordinary(row, "float64"), layout)


@every_fast_row
def test_arguments_stay_as_they_are_and_results_are_new(row: Row, fast: None) -> None:
    """Read-only arguments are enough, a second run gives the same, and no result is a view of an argument."""
    item = ordinary(row, "float64")
    given: list[np.ndarray] = []

    def frozen(array: np.ndarray) -> np.ndarray:
        array = array.copy()
        array.flags.writeable = False
        given.append(array)
        return array

    first, second = results(item, frozen), results(item, frozen)
    for name in first:
        for one, other in zip(flat(first[name]), flat(second[name]), strict=True):
            assert np.array_equal(one, other), name
    if row.kind != "script" and row.name not in ("flatten",):
        fresh = flat([first[name] for name in row.outputs])
        assert not any(np.shares_memory(out, argument) for out in fresh for argument in given if np.ndim(out))
    assert calls(item)


@pytest.mark.parametrize(
    "name",
    ["sigmoid", "softplus", "elu", "leaky_relu", "softmax", "log_softmax", "logsumexp", "layer_norm", "rms_norm"],
)
def test_more_than_a_piece(name: str) -> None:
    """Odd sizes that several pieces, the last of them short, are needed for."""
    rng = np.random.default_rng(5)
    x, dout = rng.standard_normal((2, 1009, 211))
    rest = [rng.standard_normal(211) for _ in range({"layer_norm": 2, "rms_norm": 1}.get(name, 0))]
    up = dout[:, 0] if name == "logsumexp" else dout
    values = []
    for functions in (local.functions(), FAST):
        out, cache = functions[f"{name}_forward"](x, *rest)
        values.append(flat([out, functions[f"{name}_backward"](up, cache)]))
    for plain, mine in zip(*values, strict=True):
        np.testing.assert_allclose(mine, plain, rtol=0, atol=1e-12 * np.abs(plain).max())


@pytest.mark.parametrize("shift", [0.0, 3.0, 1e4])
@pytest.mark.parametrize("name", ["batch_norm", "layer_norm"])
def test_norms_far_from_zero_lose_no_more_than_the_plain_form(name: str, shift: float) -> None:
    """Where the mean is subtracted last, it is because that costs nothing."""
    rng = np.random.default_rng(6)
    x, dout = rng.standard_normal((2, 64, 32))
    x, dout = (x + shift).astype(np.float32), dout.astype(np.float32)
    gamma, beta = rng.uniform(0.5, 1.5, (2, 32)).astype(np.float32)
    rest = [beta * 0, beta * 0 + 1] if name == "batch_norm" else []
    outs = []
    for of, dtype in ((FAST, np.float32), (local.functions(), np.float32), (local.functions(), np.float64)):
        arrays = [a.astype(dtype) for a in (x, gamma, beta, *rest)]
        *out, cache = of[f"{name}_forward"](*arrays)
        outs.append(flat([out[0], of[f"{name}_backward"](dout.astype(dtype), cache)]))
    for mine, plain, exact in zip(*outs, strict=True):
        scale = np.abs(exact).max()
        assert np.abs(mine - exact).max() <= 4 * np.abs(plain - exact).max() + 2e-5 * scale


@pytest.mark.parametrize("p_drop", [0.5, 0.25, 0.1])
def test_a_mask_keeps_the_share_it_should(p_drop: float) -> None:
    from reference.fast.dropout import keep_mask

    mask = keep_mask(np.random.default_rng(8), (203, 101), p_drop=p_drop)
    assert mask.dtype == bool
    assert mask.shape == (203, 101)
    assert abs(mask.mean() - (1 - p_drop)) < 0.015


def test_an_embedding_adds_up_few_and_many_of_a_word() -> None:
    rng = np.random.default_rng(9)
    for words in (3, 50):
        tokens, dout = rng.integers(0, words, (6, 40)), rng.standard_normal((6, 40, 4))
        _, cache = FAST["embedding_forward"](tokens, np.zeros((words, 4)))
        wanted = np.zeros((words, 4))
        np.add.at(wanted, tokens, dout)
        np.testing.assert_allclose(FAST["embedding_backward"](dout, cache), wanted, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in FAST if name.endswith("_forward")])
def test_a_fast_form_has_the_plain_forms_signature(name: str) -> None:
    import inspect

    fast, plain = (inspect.signature(of[name]) for of in (FAST, local.functions()))
    assert list(fast.parameters) == list(plain.parameters)
    assert [p.default for p in fast.parameters.values()] == [p.default for p in plain.parameters.values()]


REFUSED = [(function, args, {}) for function, args, *_ in SHAPES] + [
    (f, args, options) for f, args, options, _ in VALUES
]


@pytest.mark.parametrize(
    ("function", "args", "options"), [case for case in REFUSED if case[0].__name__ in FAST], ids=lambda value: ""
)
def test_bad_arguments_are_refused_in_the_same_words(function, args, options) -> None:
    with pytest.raises(ValueError, match=r"should be|has values|unknown") as plain:
        function(*args, **options)
    with pytest.raises(ValueError, match=f"^{re.escape(str(plain.value))}$"):
        FAST[function.__name__](*args, **options)
