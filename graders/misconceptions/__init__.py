"""Mistakes students make, one file a family: wrong variants of the reference, with the property that catches each."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from graders.misconceptions.variant import Chaff


@functools.cache
def all_chaffs() -> tuple[Chaff, ...]:
    """Every known mistake, family by family."""
    families = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "variant")
    modules = [importlib.import_module(f"{__name__}.{family}") for family in families]
    return tuple(chaff for module in modules for chaff in module.CHAFFS)
