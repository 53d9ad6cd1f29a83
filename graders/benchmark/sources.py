"""The reference's functions, found by name when a benchmark runs: nothing of it is imported with the graders."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from typing import Any

Functions = dict[str, Callable[..., Any]]


@functools.cache
def plain() -> Functions:
    """Every public function of the plain forms, those that students read."""
    return _functions("reference")


@functools.cache
def fast() -> Functions:
    """The plain forms, and in their place the fast ones where there are any."""
    return {**plain(), **_functions("reference.fast")}


def _functions(package: str) -> Functions:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return {}
    names = [module.name for module in pkgutil.iter_modules(found.submodule_search_locations) if not module.ispkg]
    modules = [importlib.import_module(f"{package}.{name}") for name in names]
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if not name.startswith("_") and callable(value)
    }
