"""Throughput: is it about as fast as the plain reference? Asked by `graders.throughput`, for it has no cases."""

from __future__ import annotations

from graders.policy import SPEED
from graders.properties.base import Earlier, Item, Judged, Property
from graders.sandbox.program import Program, Reply

QUESTION = "Is it about as fast as the plain reference, on arrays as large as a course works with?"


def _never(item: Item) -> Program:
    raise AssertionError("throughput has no cases")


def _no_case(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    raise AssertionError("throughput has no cases")


THROUGHPUT = Property("throughput", "throughput", QUESTION, _never, _no_case, percent=SPEED)
