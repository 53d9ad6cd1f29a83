"""Shape and dtype."""

from __future__ import annotations

from graders import judging
from graders.i18n import _
from graders.properties.base import Earlier, Finding, Item, Judged, Property, stopped, values_by_name
from graders.properties.conform import Form, conform
from graders.properties.run import run_once
from graders.sandbox.program import Reply


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
            wanted = values.outputs[name] if name in values.outputs else values.gradients[name]
            where = item.row.functions[0 if name in values.outputs else 1]
            findings += [
                _finding(where, form, name in values.gradients)
                for form in conform(name, value, wanted)
                if complaint(form)
            ]
    return Judged(tuple(findings))


def complaint(form: Form) -> str:
    """What is wrong with the form, float64 that holds only float32's digits included."""
    if form.complaint or form.array is None or form.wanted.dtype.kind != "f":
        return form.complaint
    if judging.right_in_single_precision(form.array, form.wanted):
        return _("is float64 but was computed in float32: half of the digits are lost")
    return ""


def _finding(where: str, form: Form, gradient: bool) -> Finding:
    text = f"{form.label} {complaint(form)}"
    if gradient and form.misshapen:
        text = _("{text}, the shape of {name}").format(text=text, name=form.label.removeprefix("d"))
    return Finding(where, text, hint=form.hint)


SHAPE = Property("shape", "main", check_shape.__doc__ or "", run_once, check_shape, percent=5)
