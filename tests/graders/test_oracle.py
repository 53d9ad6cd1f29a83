"""The oracle itself: gradients by another way, and what is perturbed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch.utils._python_dispatch import TorchDispatchMode

from graders import oracle
from graders.cases import draw_cases
from graders.oracle import RERUNS, Expected, evaluate, leaves
from graders.properties.base import Item
from graders.specs import find_unit, unit_names
from graders.specs.row import Row

ROWS = [task for name in unit_names() for task in find_unit(name).tasks if isinstance(task, Row)]
PAIRS = [row for row in ROWS if row.kind == "pair"]
STEP = 1e-6

ROUNDING = frozenset(
    {
        *("add", "sub", "rsub", "mul", "div", "pow", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sigmoid"),
        *(
            "logsumexp",
            "sqrt",
            "rsqrt",
            "remainder",
            "logaddexp",
            "tanh_backward",
            "sigmoid_backward",
            "reciprocal",
            "square",
        ),
    }
)
"""Operations whose results are perturbed one by one."""


class Recorder(TorchDispatchMode):
    """Notes the name of every operation."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def moderate(row: Row) -> Item:
    """An item away from kinks and saturation."""
    case = next(case for case in draw_cases(row, 5, 4) if case.pattern == "normal" and case.example < 0)
    return Item(row, case, 77)


@pytest.mark.parametrize("row", PAIRS, ids=lambda row: row.name)
def test_gradients_agree_with_central_differences_along_random_directions(row: Row):
    item, rng = moderate(row), np.random.default_rng(0)
    for name, gradient in item.expected.values.gradients.items():
        argument = item.args[name.removeprefix("d")]
        directions = [rng.standard_normal(np.shape(leaf)) for leaf in leaves(argument)]

        def moved(sign: int, argument: Any = argument, directions: Any = directions, name: str = name) -> float:
            new = [leaf + sign * STEP * d for leaf, d in zip(leaves(argument), directions, strict=True)]
            args = {**item.args, name.removeprefix("d"): new if isinstance(argument, list) else new[0]}
            named = evaluate(row, args, item.options, []).outputs
            outputs = [named[output] for output in row.differentiated]
            return sum(float((out * dout).sum()) for out, dout in zip(outputs, item.douts, strict=True))

        numeric = (moved(1) - moved(-1)) / (2 * STEP)
        exact = sum(float((g * d).sum()) for g, d in zip(leaves(gradient), directions, strict=True))
        assert numeric == pytest.approx(exact, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_operation_is_known_to_round_or_not(row: Row):
    item = moderate(row)
    with Recorder() as recorder:
        evaluate(row, item.args, item.options, item.douts)
    known = ROUNDING | oracle.EXACT | oracle.CONTRACTIONS | oracle.BOUNDED
    inplace = {name for name in recorder.names if name.endswith("_")}
    assert recorder.names - inplace <= known, "say in graders/oracle.py or here whether these round"


def test_no_operation_is_called_both_exact_and_rounding():
    assert not ROUNDING & (oracle.EXACT | oracle.CONTRACTIONS)
    assert not oracle.EXACT & oracle.CONTRACTIONS


@pytest.mark.parametrize(
    "row", [row for row in PAIRS if row.name not in ("regularised_objective",)], ids=lambda row: row.name
)
def test_spreads_see_rounding_and_are_the_same_every_time(row: Row):
    item = moderate(row)
    values = item.expected.values.everything
    arrays = [(name, index) for name, tree in values.items() for index in range(len(leaves(tree)))]
    first, second = (
        [list(one.expected.spreads(*array)) for array in arrays] for one in (item, Item(row, item.case, 77))
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    floats = [leaves(values[name])[index].dtype.kind == "f" for name, index in arrays]
    assert [len(estimates) for estimates in first] == [RERUNS if rounds else 1 for rounds in floats]
    sizes = [float(estimates[-1].max()) for estimates in first]
    assert max(sizes) > 0
    assert max(sizes) < 1e4


def test_a_case_without_a_finite_answer_is_not_used():
    (row,) = (row for row in ROWS if row.name == "exponential_loss")
    expected = Expected(row, {"scores": np.array([-1e4, 1.0]), "signs": np.array([1.0, 1.0])}, {"reduction": "sum"})
    assert not expected.outputs_finite
