"""Right ways to write a task that look nothing alike, one file a family: every one of them gets full marks."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from graders.misconceptions.variant import Variant, rows


@functools.cache
def all_wheats() -> tuple[Variant, ...]:
    """The reference's own text for every row, then the variants, family by family."""
    families = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{family}") for family in families]
    return (
        *(Variant(row, "reference") for row in rows()),
        *(wheat for module in modules for wheat in module.WHEATS),
    )
