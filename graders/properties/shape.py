"""Shape and dtype."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from graders import judging
from graders.i18n import _
from graders.properties.base import Earlier, Finding, Item, Judged, Property, stopped, values_by_name
from graders.properties.conform import Form, conform
from graders.properties.run import run_once
from graders.sandbox.program import Reply, Value


def check_shape(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Has every output and gradient the right shape, and the dtype of the input?"""
    ended = stopped(item, reply, run_once(item), {})
    if ended:
        return ended
    values = item.expected.values
    named = values_by_name(item, reply, 0, 1 if item.row.kind == "pair" else None)
    findings: list[Finding] = []
    for name, value in named.items():
        if name in values.outputs or name in values.gradients:
            where = item.row.functions[0 if name in values.outputs else 1]
            for form, complaint in complaints(item, name, value):
                findings.append(_finding(where, form, complaint, name in values.gradients))
    return Judged(tuple(findings))


def complaints(item: Item, name: str, value: Value) -> Iterator[tuple[Form, str]]:
    """The misshapen arrays of an output or gradient, and what is wrong with each."""
    values = item.expected.values
    wanted = values.outputs[name] if name in values.outputs else values.gradients[name]
    for index, form in enumerate(conform(name, value, wanted)):
        complaint = form.complaint or _lost_digits(item, name, index, form)
        if complaint:
            yield form, complaint


def _lost_digits(item: Item, name: str, index: int, form: Form) -> str:
    """Float64 that holds only float32's digits is a matter of dtype as well."""
    if form.array is None or form.wanted.dtype.kind != "f":
        return ""
    if judging.right_in_single_precision(
        form.array, form.wanted, functools.partial(item.expected.spreads, name, index)
    ):
        return _("is float64 but was computed in float32: half of the digits are lost")
    return ""


def _finding(where: str, form: Form, complaint: str, gradient: bool) -> Finding:
    text = f"{form.label} {complaint}"
    if gradient and form.misshapen:
        text = _("{text}, the shape of {name}").format(text=text, name=form.label.removeprefix("d"))
    return Finding(where, text, form.label, hint=form.hint)


SHAPE = Property("shape", "main", check_shape.__doc__ or "", run_once, check_shape, percent=5)
