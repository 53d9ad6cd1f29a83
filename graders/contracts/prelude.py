"""UNTRUSTED side: what a course's file finds around it. Its text runs in the worker, before and after the file.

Standard library and NumPy only, nothing of ours. It serves the files handed in beside this one, under any package a
course kept them in, and what Python 2 and old NumPy had; then it lets adapters call the student's functions.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import importlib.util
import inspect
import re
import sys
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

OLD_NUMPY: Mapping[str, Any] = {
    "float": float,
    "int": int,
    "bool": bool,
    "object": object,
    "complex": complex,
    "long": int,
    "float_": np.float64,
    "complex_": np.complex128,
    "unicode": str,
    "product": np.prod,
    "cumproduct": np.cumprod,
    "alltrue": np.all,
    "sometrue": np.any,
    "row_stack": np.vstack,
    "NaN": np.nan,
    "Inf": np.inf,
    "infty": np.inf,
    "PINF": np.inf,
    "NINF": -np.inf,
    "round_": np.round,
    "asfarray": lambda a, dtype=np.float64: np.asarray(a, dtype=dtype),
    "mat": np.asmatrix,
    "msort": lambda a: np.sort(a, axis=0),
}
OLD_PYTHON: Mapping[str, Any] = {
    "xrange": range,
    "unicode": str,
    "raw_input": input,
    "long": int,
    "basestring": str,
    "reduce": functools.reduce,
}


def listed(kind: Any) -> Any:
    """What a function of Python 2 gave where that of today gives no list."""
    return lambda *args: list(kind(*args))


def divided(a: Any, b: Any) -> Any:
    """Division as Python 2 had it."""
    whole = (int, np.integer)
    return a // b if isinstance(a, whole) and isinstance(b, whole) else a / b


OLD_PACKAGES: Mapping[str, Mapping[str, Any]] = {
    "past": {},
    "past.builtins": OLD_PYTHON,
    "past.utils": {"old_div": divided},
    "future": {},
    "future.builtins": {"range": range, "zip": zip, "map": map, "object": object, "super": super},
    "future.utils": {"iteritems": lambda d: iter(d.items()), "itervalues": lambda d: iter(d.values())},
    "future.standard_library": {"install_aliases": lambda: None},
    "six": {"iteritems": lambda d: iter(d.items()), "string_types": (str,)},
    "six.moves": {"xrange": range, "range": range, "zip": zip, "map": map},
}
"""Modules by name and what is in them; served only where the real ones are missing."""

HOME = "coursework"
PACKAGE = ".".join([HOME] * 5)
"""The package that files are in, deep enough for `from ...mytorch.nn import x` to find a parent."""

namespace: dict[str, Any] = {}
aliases: Mapping[str, tuple[str, ...]] = {}


class Student:
    """The student's functions and classes as attributes, under their names or any alias."""

    def __getattr__(self, name: str) -> Any:
        for known in (name, *aliases.get(name, ())):
            if callable(namespace.get(known)):
                return namespace[known]
        raise NameError(f"{name} is not defined")


student = Student()


def attempted(value: Any) -> Any:
    """The value; a call that gives None, or None in the first place of several, was never written."""
    if value is None or (isinstance(value, tuple | list) and len(value) and value[0] is None):
        raise NotImplementedError
    return value


def completed(value: Any) -> Any:
    """The value; a call that gives None, or nothing but None, was never written. One None of several is a mistake."""
    if value is None or (isinstance(value, tuple | list) and len(value) and all(part is None for part in value)):
        raise NotImplementedError
    return value


class Unreached(Exception):
    """Something failed before the function in question was called: no fault of its own."""


def reached(function: Any, *args: Any) -> Any:
    """What a call that only leads to the function in question gives."""
    try:
        return function(*args)
    except Exception as error:
        raise Unreached(f"{type(error).__name__}: {error}") from None


def parameters(function: Any) -> list[str]:
    """Names of what a function, or a class's constructor, takes; without self."""
    try:
        return [name for name in inspect.signature(function).parameters if name != "self"]
    except (TypeError, ValueError):
        return []


class Served:
    """Finds and loads the modules that a course's file imports: its siblings, stand-ins, and what is gone.

    A sibling goes by the last part of a module's name, whatever packages are named before it.
    """

    def __init__(self, sources: Mapping[str, str], packages: tuple[str, ...]) -> None:
        self.sources, self.packages = sources, {*packages, HOME}
        self.modules: dict[str, types.ModuleType] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """All are packages, so that any name may stand before any other."""
        parts = name.split(".")
        known = name in OLD_PACKAGES or parts[-1] in self.sources
        if known or self.packages.issuperset(parts):
            return importlib.util.spec_from_loader(name, self, is_package=True)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: Any) -> types.ModuleType | None:
        """One module a sibling, under all its names."""
        return self.modules.get(spec.name.rpartition(".")[2])

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the sibling; a package has whatever lies in it."""
        name = module.__name__
        stem = name.rpartition(".")[2]
        if name in OLD_PACKAGES:
            module.__dict__.update(OLD_PACKAGES[name])
        elif stem not in self.sources:
            module.__dict__["__getattr__"] = self.anywhere
        elif stem not in self.modules:
            self.modules[stem] = module
            module.__dict__.update(__package__=PACKAGE, __spec__=None)
            run_tolerantly(self.sources[stem], stem + ".py", module.__dict__)

    def anywhere(self, name: str) -> Any:
        """What `from package import name` means where the package's own file is not there to say."""
        for stem, text in self.sources.items():
            if re.search(rf"^(class|def)\s+{re.escape(name)}\b", text, re.MULTILINE):
                return getattr(importlib.import_module(f"{HOME}.{stem}"), name)
        raise AttributeError(name)


def run_tolerantly(text: str, file: str, names: dict[str, Any]) -> None:
    """Run every top-level statement; those that fail are skipped."""
    try:
        body = ast.parse(text, file).body
    except Exception as error:
        raise ImportError(f"{file}: {error}") from None
    flags = 0
    for node in body:
        try:
            code = compile(ast.Module([node], []), file, "exec", flags=flags, dont_inherit=True)
            flags |= code.co_flags & 0x1FF0000
            exec(code, names)
        except Exception:
            continue


def begin(
    names: dict[str, Any],
    sources: Mapping[str, str],
    packages: tuple[str, ...],
    other_names: Mapping[str, tuple[str, ...]],
    *,
    lists: bool = False,
) -> None:
    """Before the student's file: old names, and an import system that knows its siblings.

    lists: whether `map`, `range` and the like give lists there, as they did in Python 2.
    """
    global namespace, aliases
    namespace, aliases = names, other_names
    for name, value in OLD_NUMPY.items():
        if name not in np.__dict__:
            setattr(np, name, value)
    for name, value in OLD_PYTHON.items():
        if not hasattr(builtins, name):
            setattr(builtins, name, value)
    names["__package__"] = PACKAGE
    if lists:
        names.update({kind.__name__: listed(kind) for kind in (map, zip, filter, range)})
    sys.meta_path.append(Served(sources, packages))
    sys.dont_write_bytecode = True


def finish(adapter: str) -> None:
    """After the student's file: the adapters, beside whose names lie ours."""
    exec(compile(adapter, "<contract>", "exec"), globals())
