"""Samples of a batch are independent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders import judging
from graders.i18n import _
from graders.properties.base import Earlier, Finding, Item, Judged, Property, once, stopped, values_by_name
from graders.properties.compare import position, told_apart
from graders.properties.conform import numbers
from graders.sandbox.program import Program, Reply
from graders.specs.row import Row

Array = NDArray[Any]


def per_sample(row: Row, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options under which outputs keep the batch axis: losses are not reduced."""
    return {**options, "reduction": "none"} if "reduction" in row.options else dict(options)


def batched_arguments(row: Row) -> set[str]:
    """Names of the arguments whose first axis is the batch."""
    return {arg.name for arg in row.args if isinstance(arg.axes, str) and arg.axes.split()[:1] == [row.batch]}


@once
def program(item: Item) -> Program:
    """The whole batch, then its two parts."""
    calls, whole = [], unreduced(item)
    for index, part in enumerate((slice(None), *parts(whole))):
        batched = batched_arguments(item.row)
        args = {name: _cut(v, part) if name in batched else v for name, v in item.copied_args().items()}
        calls.append(item.forward(args, whole.options))
        if item.row.kind == "pair":
            calls.append(item.backward([np.ascontiguousarray(dout[part]) for dout in whole.douts], 2 * index))
    return item.program(*calls)


class _Unreduced(Item):
    """The item with outputs that keep the batch axis."""

    def __init__(self, item: Item) -> None:
        options = per_sample(item.row, item.options)
        case = type(item.case)(**{**vars(item.case), "options": tuple(options.items())})
        super().__init__(item.row, case, item.seed, item.args)
        self.expected.normwise = item.expected.normwise


def unreduced(item: Item) -> Item:
    """The item itself, or its twin with reduction="none"."""
    return item if per_sample(item.row, item.options) == item.options else _Unreduced(item)


def parts(item: Item) -> tuple[slice, slice]:
    """Where the batch is cut: unevenly, so that an average over parts does not pass."""
    size = item.case.sizes[item.row.batch]
    cut = max(1, size // 3)
    return slice(0, cut), slice(cut, size)


def _cut(value: Any, part: slice) -> Any:
    return value if part == slice(None) else np.ascontiguousarray(value[part])


def check_batch(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Does a batch give what its samples give one by one, and do parameter gradients add up over it?"""
    ended = stopped(item, reply, program(item), earlier)
    if ended:
        return ended
    whole = unreduced(item)
    paired = item.row.kind == "pair"
    runs = [values_by_name(item, reply, i * (1 + paired), 2 * i + 1 if paired else None) for i in range(3)]
    findings: list[Finding] = []
    for name in (*item.row.outputs, *item.row.gradients):
        joined = name in item.row.outputs or name[1:] in batched_arguments(item.row)
        found = _compare_parts(whole, name, [numbers(run[name], item.is_list(name)) for run in runs], joined)
        if found is None:
            return Judged(blocked="shape")
        findings += found
    return Judged(tuple(findings))


def _compare_parts(item: Item, name: str, runs: list[list[Array] | None], joined: bool) -> list[Finding] | None:
    """What differs between the whole and its parts, in whatever shape they came; None when they do not fit."""
    arrays = [run for run in runs if run is not None]
    if len(arrays) < 3 or len({len(run) for run in arrays}) != 1:
        return None
    findings: list[Finding] = []
    for index, (whole, *halves) in enumerate(zip(*arrays, strict=True)):
        together = _together(item, whole, halves, joined)
        if together is None:
            return None
        findings += _difference(item, name, index, whole, together, joined)
    return findings


def _together(item: Item, whole: Array, halves: list[Array], joined: bool) -> Array | None:
    """The parts joined along the batch axis, or added; None when that does not give the shape of the whole."""
    if joined and not whole.ndim:
        return None
    sizes = [part.stop - part.start for part in parts(item)]
    shapes = [(size, *whole.shape[1:]) if joined else whole.shape for size in sizes]
    halves = [_unsqueezed(half, shape) for half, shape in zip(halves, shapes, strict=True)]
    if [half.shape for half in halves] != shapes:
        return None
    together = np.concatenate(halves) if joined else np.asarray(halves[0].astype(np.float64) + halves[1])
    return together if together.shape == whole.shape else None


def _unsqueezed(part: Array, shape: tuple[int, ...]) -> Array:
    """The part in this shape where only axes of size 1 are missing: to lose them is for "edges" to judge."""
    kept, wanted = ([size for size in sizes if size != 1] for sizes in (part.shape, shape))
    return part.reshape(shape) if kept == wanted else part


def _difference(item: Item, name: str, index: int, whole: Array, together: Array, joined: bool) -> list[Finding]:
    if not (np.isfinite(whole).all() and np.isfinite(together).all()):
        return []  # NaN and infinity are the forward's and the gradient's own findings

    def spreads() -> Iterator[Array]:
        for own in item.expected.spreads(name, index):
            yield own if own.shape == whole.shape else np.full(whole.shape, own.max(initial=0.0))

    u = max(judging.precision(whole), judging.precision(together))
    judgement = judging.judge(whole, np.asarray(together, np.float64), u, spreads)
    if judgement.right or judgement.inconclusive:
        return []
    function = item.row.functions[0 if name in item.row.outputs else 1]
    how = _("joined") if joined else _("added")
    got, wanted = told_apart(whole[judgement.worst], together[judgement.worst])
    text = _("{label} of the batch differs from its parts {how}: at {at} got {got}, the parts give {wanted}").format(
        label=name, how=how, at=position(judgement.worst), got=got, wanted=wanted
    )
    return [Finding(function, text, name, whole, np.asarray(together), judgement.error)]


BATCH = Property("batch", "batch", check_batch.__doc__ or "", program, check_batch, percent=5)
