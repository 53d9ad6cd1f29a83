"""Forward value."""

from __future__ import annotations

from graders.properties.base import Earlier, Item, Judged, Property, stopped, values_by_name
from graders.properties.compare import compare, merge
from graders.properties.run import run_once
from graders.sandbox.program import Reply


def check_forward(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Does the function compute the right values?"""
    program = run_once(item)
    ended = stopped(item, reply, program)
    if ended and (reply.status != "completed" or reply.calls[0].outcome != "returned"):
        return ended
    values = values_by_name(item, reply, 0, None)
    return merge(
        [compare(item, item.row.functions[0], name, values[name], gradient=False) for name in item.row.outputs]
    )


FORWARD = Property("forward", "main", check_forward.__doc__ or "", run_once, check_forward, share=45)
