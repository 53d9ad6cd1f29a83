"""The choice between the kinds of sandbox."""

from __future__ import annotations

import sys

from graders.i18n import _
from graders.sandbox.backend import Backend
from graders.sandbox.channel import SandboxFault
from graders.sandbox.portable import Portable
from graders.sandbox.program import Limits


class SandboxUnavailable(Exception):
    """The sandbox asked for does not work here; the reason is the message."""


def available() -> tuple[type[Backend], ...]:
    """The kinds of sandbox this system could have, strongest first."""
    if sys.platform == "linux":
        from graders.sandbox.linux import Bubblewrap, Subprocess

        return Bubblewrap, Subprocess, Portable
    return (Portable,)


def named() -> dict[str, type[Backend]]:
    """Those, and the kinds that are taken only when they are asked for, by their names."""
    kinds = available()
    if sys.platform == "linux":
        from graders.sandbox.docker import Docker

        kinds = (Docker, *kinds)
    return {kind.name: kind for kind in kinds}


def open_backend(name: str, limits: Limits) -> Backend:
    """The backend of that name, or for "auto" the strongest that works; it has been tried by then."""
    known = named()
    if name != "auto" and name not in known:
        raise SandboxUnavailable(_("there is no sandbox called {name}").format(name=name))
    chosen = available() if name == "auto" else (known[name],)
    reasons = []
    for backend in chosen:
        try:
            return backend(limits)
        except (SandboxFault, OSError) as error:
            reasons.append(f"{backend.name}: {error}")
    raise SandboxUnavailable("; ".join(reasons))
