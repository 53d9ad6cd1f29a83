"""Is this machine ready? One line a question, with what to do about a no."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
from collections.abc import Iterator
from dataclasses import dataclass

from graders.i18n import _
from graders.sandbox import SandboxUnavailable, open_backend
from graders.sandbox.backends import named
from graders.sandbox.program import Limits


@dataclass(frozen=True)
class Finding:
    """One thing looked at. needed: backcheck does not work without it."""

    what: str
    good: bool
    detail: str
    needed: bool = True


def examine() -> Iterator[Finding]:
    """Everything worth looking at, in the order in which it matters."""
    yield Finding("Python", True, platform.python_version())
    yield _package("numpy", "numpy", True)
    yield _package("hypothesis", "hypothesis", True)
    yield _package("torch", "torch", True, _("install it: pip install torch (any CPU build from 2.11 on will do)"))
    yield _package("matplotlib", "matplotlib", False, _("HTML reports have no pictures: pip install matplotlib"))
    for name in named():
        yield _sandbox(name)


def _package(name: str, module: str, needed: bool, advice: str = "") -> Finding:
    if importlib.util.find_spec(module) is None:
        return Finding(name, False, advice or _("not installed"), needed)
    return Finding(name, True, importlib.metadata.version(name), needed)


def _sandbox(name: str) -> Finding:
    try:
        backend = open_backend(name, Limits())
    except SandboxUnavailable as reason:
        return Finding(_("sandbox {name}").format(name=name), False, str(reason), needed=False)
    backend.close()
    isolates = backend.description if backend.isolated else _("not isolated: practice only")
    return Finding(_("sandbox {name}").format(name=name), True, isolates, needed=False)
