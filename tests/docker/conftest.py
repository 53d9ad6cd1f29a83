"""Docker in place of the other sandboxes. Where no engine answers, or nobody has made the image, its tests are skipped;
an image of other code fails them.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from graders.sandbox import Backend, open_backend
from graders.sandbox.channel import SandboxFault
from graders.sandbox.docker import IMAGE, LABEL, OWNER, connect, owner
from tests.sandbox import conftest
from tests.sandbox.conftest import call, steady, submit

__all__ = ["LIMITS", "call", "steady", "submit"]

LIMITS = replace(conftest.LIMITS, request_seconds=5.0)


@functools.cache
def missing() -> str:
    """Why there is no engine, or no image at all; empty where there is. An old image is a failure, not a reason."""
    try:
        with contextlib.closing(connect()) as client:
            return "" if client.images(IMAGE) else f"there is no image {IMAGE}: make engine"
    except SandboxFault as fault:
        return f"no Docker Engine answers ({fault})"


@pytest.fixture
def engine() -> Iterator[Any]:
    """A client of the engine."""
    if reason := missing():
        pytest.skip(reason)
    with contextlib.closing(connect()) as client:
        yield client


@pytest.fixture(scope="session")
def shared() -> Iterator[Backend]:
    """The backend, opened once."""
    if reason := missing():
        pytest.skip(reason)
    with contextlib.closing(open_backend("docker", LIMITS)) as backend:
        yield backend


@pytest.fixture
def isolated(shared: Backend) -> Backend:
    """The name under which other tests ask for it."""
    return shared


@pytest.fixture
def backend(shared: Backend) -> Backend:
    """So they do under this one."""
    return shared


@pytest.fixture
def containers(engine: Any) -> Callable[..., list[dict[str, Any]]]:
    """`containers(name)`: those of the process of that name, of this one by default."""

    def found(name: str = "") -> list[dict[str, Any]]:
        return list(engine.containers(all=True, filters={"label": [LABEL, f"{OWNER}={name or owner()}"]}))

    return found
