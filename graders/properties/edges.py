"""Edge cases: size 1, size 0."""

from __future__ import annotations

from graders.properties.base import Earlier, Finding, Item, Judged, Property, stopped, values_by_name
from graders.properties.compare import compare, merge
from graders.properties.conform import conform
from graders.properties.run import run_once
from graders.sandbox.program import Reply
from graders.verdict import Status


def check_edges(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Does it still work when an axis has size 1, or the batch is empty?

    What is wrong at every size is not charged again here: values count only where the forward or that
    gradient is right elsewhere, shapes only where they are right elsewhere.
    """
    ended = stopped(item, reply, run_once(item), earlier)
    if ended:
        return ended
    values = item.expected.values
    judged: list[Judged] = []
    for name, value in values_by_name(item, reply, 0, 1 if item.row.kind == "pair" else None).items():
        gradient = name in values.gradients
        if not gradient and name not in values.outputs:
            continue
        where = item.row.functions[1 if gradient else 0]
        if earlier.get(f"gradient {name}" if gradient else "forward") is Status.PASSED:
            judged.append(compare(item, where, name, value, gradient=gradient))
        if earlier.get("shape") is Status.PASSED:
            wanted = (values.gradients if gradient else values.outputs)[name]
            forms = conform(name, value, wanted)
            judged += [Judged((Finding(where, f"{f.label} {f.complaint}", f.label),)) for f in forms if f.complaint]
    return merge(judged)


QUESTION = (check_edges.__doc__ or "").split("\n")[0]
EDGES = Property("edges", "edges", QUESTION, run_once, check_edges, percent=5)
