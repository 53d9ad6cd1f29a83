"""Gradient, one property an argument."""

from __future__ import annotations

from collections.abc import Callable

from graders.i18n import _
from graders.properties.base import Earlier, Item, Judged, Property, stopped, values_by_name
from graders.properties.compare import compare
from graders.properties.run import run_once
from graders.sandbox.program import Reply
from graders.specs.row import Row

SHARE = 55.0
"""Of what a pair's points leave to values, the part for gradients; the forward has the rest."""


def gradient_properties(row: Row) -> list[Property]:
    """One property for the gradient of each differentiable argument."""
    share = SHARE / max(len(row.differentiable), 1)
    return [_property(f"d{arg.name}", share) for arg in row.differentiable]


def _property(name: str, share: float) -> Property:
    question = _("Is {name} the gradient that autograd computes, for any upstream gradient?").format(name=name)
    return Property(f"gradient {name}", "main", question, run_once, _check(name), share=share)


def _check(name: str) -> Callable[[Item, Reply, Earlier], Judged]:
    def check_gradient(item: Item, reply: Reply, earlier: Earlier) -> Judged:
        ended = stopped(item, reply, run_once(item))
        if ended and (reply.status != "completed" or reply.calls[0].outcome != "returned"):
            return Judged(blocked="forward", attempted=ended.attempted)
        if ended:
            return Judged(ended.findings, attempted=ended.attempted)
        value = values_by_name(item, reply, 0, 1)[name]
        return compare(item, item.row.functions[1], name, value, gradient=True)

    return check_gradient
