"""The oracle: values and gradients of a row by torch autograd in float64, and how far rounding moves them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

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
        *("clone", "copy_", "_to_copy", "detach", "alias", "lift_fresh"),
        *("cat", "stack", "split", "split_with_sizes", "unbind"),
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


FACTORS = 2**16


@functools.lru_cache(maxsize=RERUNS)
def factors(seed: int) -> Tensor:
    """Numbers 1 + 2^-30 xi, xi standard normal."""
    generator = torch.Generator().manual_seed(seed)
    return 1 + JITTER * torch.randn(FACTORS, generator=generator, dtype=torch.float64)


@functools.cache
def treatment(operation: Any) -> str:
    """What becomes of an operation: "exact", "bounded", "rounds" at the end, or "contracts" and rounds inside."""
    name = operation.overloadpacket.__name__
    if name in CONTRACTIONS:
        return "contracts"
    if name in BOUNDED:
        return "bounded"
    return "exact" if name in EXACT or name.endswith("_") else "rounds"


class Jitter(TorchDispatchMode):
    """Multiplies the result of every rounding operation by 1 + 2^-30 xi, xi standard normal."""

    def __init__(self, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.factors, self.used = factors(seed), 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here, and importing the compiler to be skipped takes 1.5 s

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation, perturbed."""
        how = treatment(func)
        if how == "contracts":
            args = self.perturbed(args)
        result = func(*args, **(kwargs or {}))
        if how == "exact":
            return result
        return result + (self.factor(result.shape) - 1) if how == "bounded" else self.perturbed(result)

    def perturbed(self, value: Any) -> Any:
        """The tensor, or those in a sequence, with every element moved; anything else as it is."""
        if isinstance(value, Tensor):
            return value * self.factor(value.shape) if value.dtype == torch.float64 else value
        return type(value)(map(self.perturbed, value)) if isinstance(value, tuple | list) else value

    def factor(self, shape: torch.Size) -> Tensor:
        """The next of the factors, over and over: to draw them anew for every operation takes longer than it."""
        count = shape.numel()
        if self.used + count > FACTORS:
            self.used = 0
        if count > FACTORS:
            return self.factors[torch.arange(count) % FACTORS].view(shape)
        self.used += count
        return self.factors[self.used - count : self.used].view(shape)


@dataclass(frozen=True)
class Values:
    """Outputs and gradients by name ("out", "dx"), each an array or a list of arrays, float64 or int64."""

    outputs: Mapping[str, Tree]
    gradients: Mapping[str, Tree]

    @property
    def everything(self) -> Mapping[str, Tree]:
        """Both: their names differ."""
        return {**self.outputs, **self.gradients}


class Expected:
    """What the oracle says of one case, when it is asked."""

    def __init__(self, row: Row, args: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self._row, self._args, self._options = row, args, options
        self.douts: list[Array] = []
        self._reruns: list[Mapping[str, Tree]] = []
        self.normwise = False
        """True while spreads, which are dear, are taken as zero."""

    def with_upstream(self, douts: list[Array]) -> Expected:
        """Take gradients for these upstream gradients."""
        self.douts = douts
        return self

    @contextmanager
    def by_norm(self) -> Iterator[None]:
        """What is judged meanwhile is judged by norm alone, as while a smaller case is looked for."""
        self.normwise = True
        try:
            yield
        finally:
            self.normwise = False

    @functools.cached_property
    def _run(self) -> Evaluation:
        return Evaluation(self._row, self._args, self._options, tracked=self._row.kind == "pair")

    @property
    def outputs(self) -> Mapping[str, Tree]:
        """By name."""
        return self._run.outputs

    @functools.cached_property
    def values(self) -> Values:
        """Outputs and gradients."""
        return Values(self.outputs, self._run.gradients(self.douts) if self.douts else {})

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

    def spreads(self, name: str, index: int) -> Iterator[Array]:
        """How far rounding moves an array of an output or gradient: estimates, each from one more rerun, the last
        from `RERUNS`.

        That is the root mean square of its deviation under perturbation, over 2^-30. A rerun is dear, and the first
        is mostly enough to see that a value is right. What is 0 throughout may be off by rounding of the size of the
        inputs: no perturbation moves 1 * 0, but a Fourier transform does not leave it exact.
        """
        wanted = leaves(self.values.everything[name])[index]
        least = np.full(wanted.shape, 0.0 if wanted.any() else self._largest_input)
        if wanted.dtype.kind != "f" or self.normwise:
            yield least
            return
        for count in range(1, RERUNS + 1):
            if count > len(self._reruns):
                with Jitter(count - 1):
                    values = evaluate(self._row, self._args, self._options, self.douts)
                self._reruns.append(values.everything)
            deviations = [leaves(run[name])[index] - wanted for run in self._reruns[:count]]
            yield np.maximum(least, np.sqrt(np.mean(np.square(deviations), axis=0)) / JITTER)

    @functools.cached_property
    def _largest_input(self) -> float:
        """The largest magnitude among the arguments that are real numbers, and the upstream gradients."""
        given = [leaf for tree in (*self._args.values(), *self.douts) for leaf in leaves(tree)]
        reals = [array for array in map(np.asarray, given) if array.dtype.kind == "f" and array.size]
        return max((float(np.abs(array).max()) for array in reals), default=0.0)

    def gradients_at(self, nudged: Mapping[str, Any]) -> Mapping[str, Tree]:
        """Gradients with some arguments replaced: the one-sided ones at a kink."""
        return evaluate(self._row, {**self._args, **nudged}, self._options, self.douts).gradients


def _finite(trees: Mapping[str, Tree]) -> bool:
    return all(np.isfinite(leaf).all() for tree in trees.values() for leaf in leaves(tree))


def leaves(tree: Tree) -> list[Array]:
    """The arrays of an output: itself, or those of the list."""
    return tree if isinstance(tree, list) else [tree]


class Evaluation:
    """One run of a row's oracle on float64 copies of the arguments; `tracked` where gradients are to follow."""

    def __init__(self, row: Row, args: Mapping[str, Any], options: Mapping[str, Any], *, tracked: bool) -> None:
        wanted = {arg.name for arg in row.differentiable} if tracked else set()
        tensors = {name: _tensor(value, name in wanted) for name, value in args.items()}
        with torch.set_grad_enabled(tracked):
            result = row.oracle(*tensors.values(), **options)
        results = result if isinstance(result, tuple) else (result,)
        self.outputs: dict[str, Tree] = dict(zip(row.outputs, (_array(tree) for tree in results), strict=True))
        self._inputs = {name: tensors[name] for name in tensors if name in wanted}
        self._results = [out for name, out in zip(row.outputs, results, strict=True) if name in row.differentiated]

    def gradients(self, douts: Sequence[Array]) -> dict[str, Tree]:
        """The vector-Jacobian products; once, for autograd forgets on the way."""
        flat = [leaf for value in self._inputs.values() for leaf in (value if isinstance(value, list) else [value])]
        # A scalar to differentiate: given upstream gradients, torch.autograd.grad imports its symbolic shapes, 0.7 s.
        upstream = [torch.from_numpy(np.array(dout, np.float64)) for dout in douts]
        scalar = torch.stack([(out * dout).sum() for out, dout in zip(self._results, upstream, strict=True)]).sum()
        grads = iter(torch.autograd.grad(scalar, flat, allow_unused=True, materialize_grads=True))
        return {
            "d" + name: _array([next(grads) for _ in value]) if isinstance(value, list) else _array(next(grads))
            for name, value in self._inputs.items()
        }


def evaluate(row: Row, args: Mapping[str, Any], options: Mapping[str, Any], douts: Sequence[Array]) -> Values:
    """Outputs and, for upstream gradients, gradients."""
    run = Evaluation(row, args, options, tracked=bool(douts))
    return Values(run.outputs, run.gradients(douts) if douts else {})


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
