"""Judge conformed values against the oracle and word what differs."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders import judging
from graders.i18n import _
from graders.judging import Judgement, Spreads
from graders.oracle import Tree, leaves
from graders.properties.base import Finding, Item, Judged
from graders.properties.conform import Form, conform
from graders.sandbox.program import Value

Array = NDArray[Any]
SHOWN = range(6, 17)
"""Digits of a number in a message; from 17 on a float is written whole."""


def compare(item: Item, where: str, name: str, value: Value, *, gradient: bool) -> Judged:
    """Judge one output or gradient against the oracle, every array of it."""
    values = item.expected.values
    wanted = (values.gradients if gradient else values.outputs)[name]
    error = _plainly_right(value, wanted)
    if error is not None:
        return Judged(error=error)
    forms = conform(name, value, wanted, item.case.dtype)
    judged = [_judge_form(item, where, name, index, form, gradient) for index, form in enumerate(forms)]
    return merge(judged)


def _plainly_right(value: Value, wanted: Tree) -> float | None:
    """The error of values about which there is nothing to say; None for any others."""
    if not isinstance(wanted, list):
        return None if value.array is None else judging.plainly_right(value.array, wanted)
    if value.kind != "list" or len(value.items) != len(wanted):
        return None
    largest = 0.0
    for item, array in zip(value.items, wanted, strict=True):
        error = None if item.array is None else judging.plainly_right(item.array, array)
        if error is None:
            return None
        largest = max(largest, error)
    return largest


def _judge_form(item: Item, where: str, name: str, index: int, form: Form, gradient: bool) -> Judged:
    if form.array is None:
        return Judged((Finding(where, f"{form.label} {form.complaint}", form.label, hint=form.hint),))
    got, wanted = form.array, form.wanted
    if not np.isfinite(got).all():
        return Judged((Finding(where, not_finite(form.label, got), form.label, got, wanted),))
    if wanted.dtype.kind != "f":
        right = bool((got == wanted).all())
        return Judged() if right else Judged((_wrong(where, form, _worst(got, wanted)),))

    spreads = functools.partial(item.expected.spreads, name, index)
    single = judging.only_single_precision(got, wanted)
    u = 2.0**-24 if single else judging.roundoff(got.dtype)
    got = _as_split(item, name, got, wanted, u) if gradient and item.row.ties else got
    judgement = judging.judge(got, wanted, u, spreads)
    if gradient and not judgement.right:  # the oracle's own choice at a kink is one of those that are right
        judgement = judge_at_kinks(got, wanted, u, spreads, _kink_interval(item, name, index)) or judgement
    if judgement.right or judgement.inconclusive:
        return Judged(conclusive=judgement.right, error=judgement.error)
    return Judged((_wrong(where, form, judgement),), error=judgement.error)


def judge_at_kinks(
    got: Array, wanted: Array, u: float, spreads: Spreads, kink: tuple[Array, Array, Array] | None
) -> Judgement | None:
    """By the tolerance rule, but where `kink` = (mask, low, high) marks elements, by the interval; None without any."""
    if kink is None or not kink[0].any():
        return None
    mask, low, high = kink
    at_kink = judging.within(got[mask], low[mask], high[mask], u)
    if not at_kink.right:
        worst = tuple(int(i) for i in np.argwhere(mask)[at_kink.worst[0]])
        return Judgement(False, error=at_kink.error, worst=worst)
    return judging.judge(np.where(mask, wanted, got), wanted, u, spreads)


def _as_split(item: Item, name: str, got: Array, wanted: Array, u: float) -> Array:
    """The gradient with the oracle's values wherever elements share a maximum and their sum is right."""
    assert item.row.ties is not None
    groups = item.row.ties({**item.args, **item.options}).get(name.removeprefix("d"))
    if groups is None or not groups.any():
        return got
    sums, rights = (np.bincount(groups.ravel(), array.ravel()) for array in (got.astype(np.float64), wanted))
    norms = np.bincount(groups.ravel(), np.abs(wanted).ravel()) + np.abs(wanted).max()
    right = np.abs(sums - rights) <= judging.C * u * norms
    return np.where((groups > 0) & right[groups], wanted, got).astype(got.dtype)


def _kink_interval(item: Item, name: str, index: int) -> tuple[Array, Array, Array] | None:
    """Where this gradient is not unique, and the one-sided gradients there; None where it is everywhere."""
    if item.row.kinks is None:
        return None
    marks = item.row.kinks({**item.args, **item.options})
    wanted = leaves(item.expected.values.gradients[name])[index]
    if isinstance(marks, bool):
        everywhere = np.full(wanted.shape, marks)
        return everywhere, np.full(wanted.shape, -np.inf), np.full(wanted.shape, np.inf)
    if not any(mask.any() for mask in marks.values()):
        return None
    low, high = (leaves(item.expected.gradients_at(_nudged(item, marks, side))[name])[index] for side in (-1, 1))
    return np.asarray(low != high), low, high


def _nudged(item: Item, marks: Any, side: int) -> dict[str, Tree]:
    """The arguments a hair to one side of their kinks: far enough to be off them, too near to change more."""
    return {arg: _hair(item.args[arg].astype(np.float64), mask, side) for arg, mask in marks.items()}


def _hair(values: Array, mask: Array, side: int) -> Array:
    return np.asarray(values + side * mask * np.where(values == 0, 1e-200, np.abs(values) * 2.0**-50))


def not_finite(label: str, got: Array) -> str:
    """The message for NaN and infinity."""
    at = tuple(int(i) for i in np.argwhere(~np.isfinite(got))[0])
    return _("{label} contains {value} at {at}").format(label=label, value=got[at], at=position(at))


def _wrong(where: str, form: Form, judgement: Judgement) -> Finding:
    assert form.array is not None
    got, wanted = told_apart(form.array[judgement.worst], form.wanted[judgement.worst])
    text = _("{label} is wrong, most at {at}: got {got}, wanted {wanted}").format(
        label=form.label, at=position(judgement.worst), got=got, wanted=wanted
    )
    if not judgement.worst:
        text = _("{label} is wrong: got {got}, wanted {wanted}").format(label=form.label, got=got, wanted=wanted)
    return Finding(where, text, form.label, form.array, form.wanted, judgement.error)


def _worst(got: Array, wanted: Array) -> Judgement:
    differs = np.argwhere(np.asarray(got != wanted))
    return Judgement(False, error=np.inf, worst=tuple(int(i) for i in differs[0]))


def position(index: tuple[int, ...]) -> str:
    """An index as one writes it: [1, 0]."""
    return "[" + ", ".join(map(str, index)) + "]"


def told_apart(got: Any, wanted: Any) -> tuple[str, str]:
    """Two numbers with as many digits as a reader wants, and as many more as it takes to see that they differ."""
    pairs = ((f"{float(got):.{digits}g}", f"{float(wanted):.{digits}g}") for digits in SHOWN)
    return next((pair for pair in pairs if pair[0] != pair[1]), (repr(float(got)), repr(float(wanted))))


def merge(judged: list[Judged]) -> Judged:
    """Several judgements of one case as one."""
    findings = tuple(finding for one in judged for finding in one.findings)
    return Judged(
        findings,
        next((one.blocked for one in judged if one.blocked), ""),
        all(one.attempted for one in judged),
        all(one.conclusive for one in judged),
        max((one.error for one in judged), default=0.0),
    )
