"""The tasks: rows, one file a unit."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from graders.specs import (
    activations,
    adversarial,
    attention,
    autodiff,
    backprop,
    convnets,
    convolution,
    deep_networks,
    framework,
    gated,
    losses,
    optimisers,
    recurrent,
    sequences,
)
from graders.specs.row import Task
from graders.specs.unit import Unit, read_unit

TASKS: Mapping[str, tuple[Task, ...]] = {
    "01-activations": activations.ROWS,
    "02-losses": losses.ROWS,
    "03-backprop": backprop.ROWS,
    "04-autodiff": autodiff.ROWS,
    "05-optimisers": optimisers.ROWS,
    "06-deep-networks": deep_networks.ROWS,
    "07-convolution": convolution.ROWS,
    "08-convnets": convnets.ROWS,
    "09-bptt": recurrent.ROWS,
    "10-gated": gated.ROWS,
    "11-sequences": sequences.ROWS,
    "12-attention": attention.ROWS,
    "13-gan": adversarial.ROWS,
    "14-framework": framework.ROWS,
}


def unit_names() -> list[str]:
    """The units there are, in the course's order."""
    return list(TASKS)


@functools.cache
def find_unit(name: str) -> Unit:
    """The unit of that name; its number alone ("03") will do. KeyError when there is none."""
    matches = [known for known in TASKS if known == name or known.split("-")[0] == name]
    if len(matches) != 1:
        raise KeyError(name)
    return read_unit(matches[0], TASKS[matches[0]])
