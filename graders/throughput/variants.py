"""What limits are set by: the right variants of a task, and the reference called on one sample after another."""

from __future__ import annotations

import re

from graders.misconceptions.variant import Variant, reference_text, rows
from graders.properties.batch import batched_arguments
from graders.specs.row import Row
from graders.wheats import all_wheats

SAMPLES = re.compile(
    r"(sample|row|query|token|word|step|network|channel|feature|class)_(by|after)_|^loops_over_targets|_in_turn"
    r"|each_to_its_end|a_sample"
)
ELEMENTS = re.compile(
    r"(element|number|unit|pixel|place|window|character|node)s?_(one_)?by_|^loops|three_loops|by_the_definition"
)
WASTEFUL = re.compile(
    r"jacobian|every_path|history|from_the_start|complex_step|forward_mode|fourier|banded|one_over_sum_of_ratios"
    r"|outer_products|one_hot|logaddexp_of_differences"
)
"""By the names that wheats have: what their authors chose to loop over, or to compute beside."""
GENERATED = "generated_sample_by_sample"


def variants(row: str) -> list[Variant]:
    """The variants of a row that are timed; the reference itself first."""
    generated = sampled(rows()[row][1])
    return [*(wheat for wheat in all_wheats() if wheat.row == row), *([generated] if generated else [])]


def samples_are_numbers(row: Row) -> bool:
    """Whether a loop over samples is one over elements."""
    return all(arg.axes == row.batch for arg in row.args if arg.name in batched_arguments(row))


def classify(name: str, row: Row) -> str:
    """By the variant's name; what loops over time or kernel offsets counts as vectorised."""
    if WASTEFUL.search(name):
        return "wasteful"
    if ELEMENTS.search(name):
        return "elements"
    if SAMPLES.search(name) and not name.startswith("step_by_step"):
        return "elements" if samples_are_numbers(row) else "samples"
    return "vectorised"


SAMPLED = """
_forward = {name}_forward
_backward = {name}_backward


def {name}_forward(*args, **options):
    reduction = options.pop("reduction", None)
    if reduction is not None:
        options["reduction"] = "none"
    count = len(args[{first}])
    parts, caches = [], []
    for n in range(count):
        *outs, cache = _forward(*[a[n : n + 1] if i in {batched} else a for i, a in enumerate(args)], **options)
        parts.append(outs)
        caches.append(cache)
    outs = [np.concatenate(each) for each in zip(*parts)]
    if reduction == "mean":
        outs = [outs[0].mean()]
    elif reduction == "sum":
        outs = [outs[0].sum()]
    return (*outs, (caches, reduction))


def {name}_backward(*args):
    *douts, (caches, reduction) = args
    count = len(caches)
    if reduction in ("mean", "sum"):
        douts = [np.full(count, douts[0] / (count if reduction == "mean" else 1))]
    parts = []
    for n, cache in enumerate(caches):
        grads = _backward(*[dout[n : n + 1] for dout in douts], cache)
        parts.append(grads if isinstance(grads, tuple) else (grads,))
    grads = [np.concatenate(each) if i in {joined} else _sum(each) for i, each in enumerate(zip(*parts))]
    return grads[0] if len(grads) == 1 else tuple(grads)


def _sum(parts):
    if isinstance(parts[0], list):
        return [_sum(each) for each in zip(*parts)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
"""

SAMPLED_FUNCTION = """
_whole = {name}


def {name}(*args, **options):
    count = len(args[{first}])
    parts = [
        _whole(*[a[n : n + 1] if i in {batched} else a for i, a in enumerate(args)], **options) for n in range(count)
    ]
    if isinstance(parts[0], tuple):
        return tuple(np.concatenate(each) for each in zip(*parts))
    if isinstance(parts[0], list):
        return [np.concatenate(each) for each in zip(*parts)]
    return np.concatenate(parts)
"""


def sampled(row: Row) -> Variant | None:
    """The reference, called on one sample after another; None where samples are not independent, or only numbers."""
    inside = batched_arguments(row) if row.batch else set()
    if not inside or samples_are_numbers(row) or row.kind == "script":
        return None
    names = [arg.name for arg in row.args]
    batched = [index for index, name in enumerate(names) if name in inside]
    joined = [index for index, arg in enumerate(row.differentiable) if arg.name in inside]
    template = SAMPLED if row.kind == "pair" else SAMPLED_FUNCTION
    text = template.format(name=row.name, first=batched[0], batched=tuple(batched), joined=tuple(joined))
    header = (
        "" if re.search(r"^import numpy as np$", reference_text(row.name), re.MULTILINE) else "import numpy as np\n"
    )
    return Variant(row.name, GENERATED, (), header + text)
