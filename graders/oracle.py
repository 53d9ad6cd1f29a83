"""The oracle: values and gradients of a row by torch autograd in float64, and how far rounding moves them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from graders.specs.row import Row

Array = NDArray[Any]
Tree = Array | list[Array]

torch.set_num_threads(1)  # results must not depend on how many cores the grader has

JITTER = 2.0**-30
RERUNS = 4
EXACT = frozenset(
    {
        *("arange", "eye", "diag_embed", "diagonal", "tril", "triu", "roll", "unfold", "unfold_backward", "repeat"),
        *(
            "constant_pad_nd",
            "im2col",
            "new_full",
            "full_like",
            "isfinite",
            "bitwise_or",
            "bitwise_not",
            "minimum",
            "maximum",
        ),
        *("flip", "view", "_unsafe_view", "reshape", "expand", "permute", "transpose", "t", "squeeze", "unsqueeze"),
        *(
            "select",
            "select_backward",
            "slice",
            "slice_backward",
            "index",
            "index_put",
            "gather",
            "scatter",
            "scatter_add",
        ),
        *("clone", "copy_", "_to_copy", "detach", "alias", "lift_fresh", "cat", "stack", "split", "unbind"),
        *("neg", "abs", "sign", "sgn", "relu", "threshold_backward", "clamp", "where", "masked_fill"),
        *("max", "amax", "min", "amin", "aminmax", "argmax", "sort"),
        *(
            "_local_scalar_dense",
            "scalar_tensor",
            "zeros",
            "zeros_like",
            "new_zeros",
            "ones",
            "ones_like",
            "full",
            "fill",
            "empty_like",
        ),
        *("eq", "ne", "lt", "le", "gt", "ge", "any", "all", "bitwise_and", "logical_not"),
    }
)
"""Operations that do not round: their results are not perturbed."""
CONTRACTIONS = frozenset(
    {
        "sum",
        "mean",
        "mm",
        "bmm",
        "addmm",
        "baddbmm",
        "dot",
        "mv",
        "matmul",
        "linear",
        "cumsum",
        "_linalg_svd",
        "prod",
        "var",
        "col2im",
    }
)
"""Reductions and products round inside, where no perturbation of the result alone can reach: inputs move too."""
BOUNDED = frozenset({"sigmoid"})
"""Judged to units of 1, not of the result: 1/2 (1 + tanh) is a fair sigmoid, and is no more exact than that."""


class Jitter(TorchDispatchMode):
    """Multiplies the result of every rounding operation by 1 + 2^-30 xi, xi standard normal."""

    def __init__(self, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.generator = torch.Generator().manual_seed(seed)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here, and importing the compiler to be skipped takes 1.5 s

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation, perturbed."""
        name = func.overloadpacket.__name__
        if name in CONTRACTIONS:
            args = tree_map(self.perturbed, args)
        result = func(*args, **(kwargs or {}))
        if name in BOUNDED:
            return result + JITTER * self.noise(result.shape)
        return result if name in EXACT or name.endswith("_") else tree_map(self.perturbed, result)

    def perturbed(self, value: Any) -> Any:
        """The tensor with every element moved; anything else as it is."""
        if not isinstance(value, Tensor) or value.dtype != torch.float64:
            return value
        return value * (1 + JITTER * self.noise(value.shape))

    def noise(self, shape: torch.Size) -> Tensor:
        """Standard normal numbers."""
        return torch.randn(shape, generator=self.generator, dtype=torch.float64)


@dataclass(frozen=True)
class Values:
    """Outputs and gradients by name ("out", "dx"), each an array or a list of arrays, float64 or int64."""

    outputs: Mapping[str, Tree]
    gradients: Mapping[str, Tree]


class Expected:
    """What the oracle says of one case: outputs at once, gradients and spreads when they are asked for."""

    def __init__(self, row: Row, args: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self._row, self._args, self._options = row, args, options
        self.outputs = evaluate(row, args, options, None).outputs
        self.douts: list[Array] = []

    def with_upstream(self, douts: list[Array]) -> Expected:
        """Take gradients for these upstream gradients."""
        self.douts = douts
        return self

    @functools.cached_property
    def values(self) -> Values:
        """Outputs and gradients."""
        if not self.douts:
            return Values(self.outputs, {})
        return Values(self.outputs, evaluate(self._row, self._args, self._options, self.douts).gradients)

    @property
    def outputs_finite(self) -> bool:
        """False when the case is useless because some output is not."""
        return _finite(self.outputs)

    @property
    def finite(self) -> bool:
        """True when every output and gradient is."""
        return self.outputs_finite and _finite(self.values.gradients)

    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the outputs that take an upstream gradient, in order."""
        return [np.shape(self.outputs[name]) for name in self._row.differentiated]

    @functools.cached_property
    def spread(self) -> Values:
        """Root mean square deviation under perturbation, over 2^-30, of every output and gradient."""
        runs = []
        for rerun in range(RERUNS):
            with Jitter(rerun):
                runs.append(evaluate(self._row, self._args, self._options, self.douts or None))
        return Values(
            {name: _rms([run.outputs[name] for run in runs], tree) for name, tree in self.values.outputs.items()},
            {name: _rms([run.gradients[name] for run in runs], tree) for name, tree in self.values.gradients.items()},
        )

    def gradients_at(self, nudged: Mapping[str, Any]) -> Mapping[str, Tree]:
        """Gradients with some arguments replaced: the one-sided ones at a kink."""
        return evaluate(self._row, {**self._args, **nudged}, self._options, self.douts).gradients


def _finite(trees: Mapping[str, Tree]) -> bool:
    return all(np.isfinite(leaf).all() for tree in trees.values() for leaf in leaves(tree))


def leaves(tree: Tree) -> list[Array]:
    """The arrays of an output: itself, or those of the list."""
    return tree if isinstance(tree, list) else [tree]


def _rms(runs: Sequence[Tree], centre: Tree) -> Tree:
    def one(index: int, middle: Array) -> Array:
        deviations = [leaves(run)[index] - middle for run in runs]
        return np.asarray(np.sqrt(np.mean(np.square(deviations), axis=0)) / JITTER)

    spread = [one(index, middle) for index, middle in enumerate(leaves(centre))]
    return spread if isinstance(centre, list) else spread[0]


def evaluate(row: Row, args: Mapping[str, Any], options: Mapping[str, Any], douts: Sequence[Array] | None) -> Values:
    """Run the row's oracle on float64 copies; with `douts`, the vector-Jacobian products as well."""
    wanted = {arg.name for arg in row.differentiable} if douts is not None else set()
    tensors = {name: _tensor(value, name in wanted) for name, value in args.items()}
    with torch.set_grad_enabled(douts is not None):
        result = row.oracle(*tensors.values(), **options)
    results = result if isinstance(result, tuple) else (result,)
    outputs = dict(zip(row.outputs, (_array(tree) for tree in results), strict=True))
    if douts is None:
        return Values(outputs, {})
    differentiated = [out for name, out in zip(row.outputs, results, strict=True) if name in row.differentiated]
    inputs = {name: tensors[name] for name in tensors if name in wanted}
    return Values(outputs, _gradients(differentiated, inputs, douts))


def _gradients(results: Sequence[Tensor], inputs: Mapping[str, Any], douts: Sequence[Array]) -> dict[str, Tree]:
    flat = [leaf for value in inputs.values() for leaf in (value if isinstance(value, list) else [value])]
    # A scalar to differentiate: given upstream gradients, torch.autograd.grad imports its symbolic shapes, 0.7 s.
    upstream = [torch.from_numpy(np.array(dout, np.float64)) for dout in douts]
    scalar = torch.stack([(out * dout).sum() for out, dout in zip(results, upstream, strict=True)]).sum()
    grads = iter(torch.autograd.grad(scalar, flat, allow_unused=True, materialize_grads=True))
    return {
        "d" + name: _array([next(grads) for _ in value]) if isinstance(value, list) else _array(next(grads))
        for name, value in inputs.items()
    }


def _tensor(value: Any, differentiable: bool) -> Any:
    if isinstance(value, list):
        return [_tensor(item, differentiable) for item in value]
    if not isinstance(value, np.ndarray):
        return value
    dtype = {"f": np.float64, "b": np.bool_}.get(value.dtype.kind, np.int64)
    tensor = torch.from_numpy(np.array(value, dtype))
    return tensor.requires_grad_() if differentiable else tensor


def _array(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_array(item) for item in tree]
    return tree.detach().numpy().copy()
