"""Cases: small integers that Hypothesis draws and shrinks, and the arrays that follow from them.

Hypothesis sees only sizes, an option each, a pattern, an exponent, a seed and a layout. The arrays are made
from those by NumPy, ten times faster than drawing elements, and prefix-stable: a smaller size keeps the
values that remain, so that shrinking an axis does not change the rest of the case.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as hypothesis_seed
from hypothesis import strategies as st
from numpy.random import Generator, Philox, SeedSequence
from numpy.typing import NDArray

from graders.sandbox.program import Layout
from graders.specs.row import Arg, Hostile, Row

Array = NDArray[Any]
WIDTH = 8
"""Blocks are at least this wide along every axis, so that sizes up to it are slices of one block."""


@dataclass(frozen=True)
class Case:
    """One case of a row: everything its arrays depend on, but for the family seed.

    example: index into the row's fixed cases, -1 for a drawn one. hostile: likewise into its hostile inputs.
    """

    axes: tuple[tuple[str, int], ...]
    options: tuple[tuple[str, Any], ...] = ()
    pattern: str = "normal"
    exponent: int = 0
    seed: int = 0
    layout: Layout = "C"
    dtype: str = "float64"
    example: int = -1
    hostile: int = -1

    @property
    def sizes(self) -> dict[str, int]:
        """Sizes by axis name."""
        return dict(self.axes)

    @property
    def keywords(self) -> dict[str, Any]:
        """Options by name."""
        return dict(self.options)


# --- value patterns, simplest first: Hypothesis shrinks towards the front ---

Shape = tuple[int, ...]
Pattern = Callable[[Generator, Shape, int], Array]


def _offset(rng: Generator, shape: Shape, exponent: int) -> Array:
    return np.asarray(rng.standard_normal(shape) + rng.choice((-1.0, 1.0)) * 10.0**exponent)


def _wide(rng: Generator, shape: Shape, exponent: int) -> Array:
    return np.asarray(rng.standard_normal(shape) * 10.0 ** rng.uniform(-2, 1, shape))


PATTERNS: Mapping[str, Pattern] = {
    "zeros": lambda rng, shape, exponent: np.zeros(shape),
    "ones": lambda rng, shape, exponent: np.ones(shape),
    "integers": lambda rng, shape, exponent: rng.integers(-3, 4, shape).astype(np.float64),
    "ties": lambda rng, shape, exponent: rng.choice((-1.0, 0.5, 2.0), shape),
    "sparse": lambda rng, shape, exponent: rng.standard_normal(shape) * (rng.random(shape) < 0.4),
    "normal": lambda rng, shape, exponent: rng.standard_normal(shape),
    "scaled": lambda rng, shape, exponent: rng.standard_normal(shape) * 10.0**exponent,
    "offset": _offset,
    "wide": _wide,
}
SIMPLE = ("zeros", "ones", "integers")
"""Patterns whose upstream gradients are small integers too, so that a shrunk case can be read."""


def pattern_block(rng: Generator, shape: Shape, pattern: str, exponent: int) -> Array:
    """Values of the pattern; the first row stays moderate, so that saturation never hides a whole tensor."""
    block = PATTERNS[pattern](rng, shape, exponent)
    if pattern in ("scaled", "offset", "wide") and len(shape) > 1:
        block[0] = rng.standard_normal(shape[1:])
    return block


def _probabilities(block: Array) -> Array:
    e = np.exp(block - block.max(-1, keepdims=True, initial=-math.inf))
    return np.asarray(e / e.sum(-1, keepdims=True))


def _targets(rng: Generator, block: Array) -> Array:
    """One-hot rows and other distributions, mixed."""
    soft = _probabilities(rng.standard_normal(block.shape))
    hard = np.eye(block.shape[-1])[rng.integers(0, max(block.shape[-1], 1), block.shape[0])]
    return np.where(rng.random((block.shape[0], 1)) < 0.5, hard, soft)


def draw_argument(rng: Generator, arg: Arg, shape: Shape, case: Case) -> Any:
    """The values of one array argument (or of the integer a "size C" argument stands for)."""
    sizes = case.sizes
    if callable(arg.draw):
        return arg.draw(rng, shape, sizes)
    kind, _, axis = arg.draw.partition(" ")
    if kind == "size":
        return sizes[axis]
    if kind == "count":
        return int(rng.integers(0, 50))
    if kind == "labels":
        return _sliced(rng.integers(0, 2**31, _block_shape(shape)), shape) % sizes[axis]
    if kind == "pixels":
        return _sliced(rng.integers(0, 256, _block_shape(shape), dtype=np.uint8), shape)
    if kind == "signs":
        return _sliced(rng.choice((-1.0, 1.0), _block_shape(shape)), shape)
    if kind == "keep":
        return rng.random(_block_shape(shape))[tuple(slice(size) for size in shape)] < 0.7
    if kind == "lengths":
        return _sliced(rng.integers(0, 2**31, _block_shape(shape)), shape) % sizes[axis] + 1
    if arg.draw == "unit":
        return _sliced(np.round(rng.random(_block_shape(shape)), 2), shape)
    if arg.draw == "errors":
        return _sliced(rng.integers(1, 9, _block_shape(shape)) / 8.0, shape)
    values = _sliced(pattern_block(rng, _block_shape(shape), case.pattern, case.exponent), shape)
    if arg.draw == "open unit":
        return 1 / (1 + np.exp(-np.clip(values, -8, 8)))
    if arg.draw == "probabilities":
        return _probabilities(np.clip(values, -8, 8))
    if arg.draw == "log probabilities":
        return np.log(_probabilities(np.clip(values, -8, 8)))
    if arg.draw == "targets":
        return _targets(rng, values)
    return values


def _block_shape(shape: Shape) -> Shape:
    return tuple(max(size, WIDTH) for size in shape)


def _sliced(block: Array, shape: Shape) -> Array:
    return np.ascontiguousarray(block[tuple(slice(size) for size in shape)]).reshape(shape)


# --- from a case to arrays ---


def arguments(row: Row, case: Case, family_seed: int) -> dict[str, Any]:
    """The case's positional arguments by name: arrays, lists of arrays, integers."""
    if case.example >= 0:
        return {arg.name: _example_value(arg, row.examples[case.example][arg.name]) for arg in row.args}
    hostile = row.hostile[case.hostile] if case.hostile >= 0 else None
    return {arg.name: _argument(arg, index, case, family_seed, hostile) for index, arg in enumerate(row.args)}


def _argument(arg: Arg, index: int, case: Case, family_seed: int, hostile: Hostile | None) -> Any:
    rng = generator(family_seed, case.seed, index)
    if hostile is not None and arg.name in hostile.values:
        arg = replace(arg, draw=hostile.values[arg.name])
    if callable(arg.axes):
        return [cast(draw_argument(rng, arg, shape, case), case.dtype) for shape in arg.axes(case.sizes)]
    return cast(draw_argument(rng, arg, shape_of(arg.axes, case.sizes), case), case.dtype)


def shape_of(axes: str, sizes: Mapping[str, int]) -> Shape:
    """The shape that axis names stand for: "N D+H 4*H" with N = 2, D = 3, H = 5 is (2, 8, 20)."""
    return tuple(sum(math.prod(_sizes(term, sizes)) for term in axis.split("+")) for axis in axes.split())


def _sizes(term: str, sizes: Mapping[str, int]) -> list[int]:
    return [int(factor) if factor.isdigit() else sizes[factor] for factor in term.split("*")]


def upstream(case: Case, shapes: list[Shape], family_seed: int, which: int = 0) -> list[Array]:
    """Upstream gradients of those shapes: random, never ones; small whole numbers for the simple patterns."""
    return [
        _upstream(case, shape, generator(family_seed, case.seed, 1000 + which, i)) for i, shape in enumerate(shapes)
    ]


def _upstream(case: Case, shape: Shape, rng: Generator) -> Array:
    block = _block_shape(shape)
    if case.pattern in SIMPLE:
        values = rng.integers(1, 4, block) * rng.choice((-1.0, 1.0), block)
    else:
        values = rng.standard_normal(block)
    return np.asarray(cast(_sliced(values, shape), case.dtype))


def generator(*entropy: int) -> Generator:
    """A generator of its own for every argument, so that changing one leaves the others alone."""
    return Generator(Philox(SeedSequence(entropy)))


def cast(value: Any, dtype: str) -> Any:
    """Floating-point arrays in the case's dtype; everything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return value.astype(dtype)
    return value


def _example_value(arg: Arg, value: Any) -> Any:
    if callable(arg.axes):
        return [np.asarray(item, np.float64) for item in value]
    return value if isinstance(value, int) else np.asarray(value)


# --- drawing ---


def strategy(row: Row) -> st.SearchStrategy[Case]:
    """Cases of the row, as Hypothesis draws and shrinks them."""
    names = tuple(row.axes)
    patterns = row.patterns or tuple(PATTERNS)
    cases = st.builds(
        lambda sizes, options, pattern, exponent, seed, layout: Case(
            tuple(zip(names, sizes, strict=True)),
            tuple(zip(row.options, options, strict=True)),
            pattern,
            exponent,
            seed,
            layout,
        ),
        st.tuples(*(st.integers(low, high) for low, high in row.axes.values())),
        st.tuples(*(st.sampled_from(values) for values in row.options.values())),
        st.sampled_from(patterns),
        st.sampled_from((0, 1, -1, -2)),
        st.integers(0, 15),
        st.sampled_from(get_args(Layout)),
    )
    return cases.filter(functools.partial(valid, row)) if row.valid else cases


def draw_cases(row: Row, seed: int, count: int) -> list[Case]:
    """The row's case list: fixed examples, designed cases, then what Hypothesis draws; depends on seed only."""
    drawn: list[Case] = []
    explore(row, seed, count, drawn.append)
    return [*examples(row), *filter(functools.partial(valid, row), designed(row)), *dict.fromkeys(drawn)]


def valid(row: Row, case: Case) -> bool:
    """Whether the row says that the case's sizes and options go together."""
    return row.valid is None or row.valid(case.sizes, case.keywords)


def explore(row: Row, seed: int, count: int, visit: Callable[[Case], object], *, shrink: bool = False) -> None:
    """Let Hypothesis walk the row's cases; with `shrink`, an exception of `visit` is reduced before it is raised."""

    @hypothesis_seed(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
    )
    @given(strategy(row))
    def walk(case: Case) -> None:
        visit(case)

    walk()


def examples(row: Row) -> list[Case]:
    """The row's fixed cases."""
    return [
        Case(
            _example_axes(row, fixed),
            tuple((name, values[0]) for name, values in row.options.items()),
            example=i,
        )
        for i, fixed in enumerate(row.examples)
    ]


def _example_axes(row: Row, fixed: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    sizes: dict[str, int] = {}
    for arg in row.args:
        if isinstance(arg.axes, str):
            pairs = zip(arg.axes.split(), np.shape(fixed[arg.name]), strict=False)
            sizes |= {axis: size for axis, size in pairs if axis.isidentifier()}
    return tuple(sizes.items())


def designed(row: Row) -> list[Case]:
    """What chance must not decide: sizes distinct and equal, large values, every value of every option."""
    pattern = "normal" if not row.patterns else row.patterns[0]
    defaults = tuple((name, values[0]) for name, values in row.options.items())
    axes = [tuple(zip(row.axes, sizes, strict=True)) for sizes in designed_sizes(row)]
    base = Case(axes[0], defaults, pattern, seed=100)
    cases = [base, *(replace(base, axes=sizes, seed=300 + i) for i, sizes in enumerate(axes[1:]))]
    if "scaled" in (row.patterns or PATTERNS):
        cases += [replace(base, pattern="scaled", exponent=1, seed=seed) for seed in (102, 103)]
    for index, (name, values) in enumerate(row.options.items()):
        for value in values[1:]:
            varied = (*defaults[:index], (name, value), *defaults[index + 1 :])
            cases.append(replace(base, options=varied, seed=110 + len(cases)))
    return cases


def designed_sizes(row: Row) -> list[tuple[int, ...]]:
    """Sizes, the larger first, such that any two axes differ once and are equal once, where the bounds allow it.

    An axis mistaken for another, a missing transpose say, then shows in a designed case.
    """
    low, high = np.array([*row.axes.values(), (0, 0)]).T[:, : len(row.axes)]
    levels = [np.clip(level, low, high) for level in range(high.max(initial=0) + 1)]
    choices = np.stack([*levels, *Generator(Philox(0)).integers(low, high, (300, len(low)), endpoint=True)])
    options = {name: values[0] for name, values in row.options.items()}
    if row.valid:
        choices = choices[[row.valid(dict(zip(row.axes, one.tolist(), strict=True)), options) for one in choices]]
    first, second = np.triu_indices(len(low), 1)
    differ = choices[:, first] != choices[:, second]
    larger = choices.sum(1) / (1 + high.sum())
    chosen: list[int] = []
    for shows in (differ, ~differ):
        wanted = shows.any(0)
        wanted &= ~shows[chosen].any(0)
        while not chosen or wanted.any():
            chosen.append(int((shows[:, wanted].sum(1) + larger).argmax()))
            wanted &= ~shows[chosen[-1]]
    return [tuple(choices[index].tolist()) for index in chosen]


def varied(cases: list[Case], least: int) -> list[Case]:
    """The first case, those with a value of an option that no case before them has, then others up to `least`."""
    seen: set[tuple[str, str]] = set()
    chosen: list[Case] = []
    for case in cases:
        shown = {(name, repr(value)) for name, value in case.options}
        if not chosen or shown - seen:
            chosen.append(case)
            seen |= shown
    others = [case for case in cases if case not in chosen]
    return [*chosen, *others[: max(0, least - len(chosen))]]


def edge_cases(row: Row) -> list[Case]:
    """Every axis at size 1 in turn, all at 1, and at size 0 where the row says that it means something.

    Each value of each option meets a batch of one, axes all of size 1, and the axes that may be empty.
    """
    base, *others = [case for case in designed(row) if case.pattern != "scaled"]

    def sized(case: Case, size: int, names: tuple[str, ...], seed: int) -> Case:
        return replace(case, axes=tuple((n, size if n in names else s) for n, s in case.axes), seed=seed)

    every, empty = tuple(row.axes), tuple(row.empty.split())
    sizes = [(1, name) for name in every], [(0, name) for name in empty]
    cases = [sized(base, size, (name,), 200 + i) for part in sizes for i, (size, name) in enumerate(part)]
    cases.append(sized(base, 1, every, 220))
    for index, other in enumerate(case for case in others if case.options != base.options):
        cases += [sized(other, 1, names, 230 + index) for names in ((row.batch,), every) if names[0]]
        cases += [sized(other, 0, (name,), 230 + index) for name in empty]
    return list(filter(functools.partial(valid, row), dict.fromkeys(cases)))


def hostile_cases(row: Row) -> list[Case]:
    """The row's hostile inputs, each drawn three times."""
    usual = {name: values[0] for name, values in row.options.items()}
    return [
        Case(
            tuple(hostile.sizes.items()),
            tuple({**usual, **hostile.options}.items()),
            seed=400 + seed,
            dtype="float32",
            hostile=index,
        )
        for index, hostile in enumerate(row.hostile)
        for seed in range(3)
    ]


def count_elements(args: Mapping[str, Any]) -> int:
    """Numbers in all arguments together: the size of a case."""
    arrays = itertools.chain.from_iterable(v if isinstance(v, list) else [v] for v in args.values())
    return sum(np.size(array) for array in arrays)
