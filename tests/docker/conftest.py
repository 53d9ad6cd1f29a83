"""Docker in place of the other sandboxes. Where no engine answers, its tests are skipped; where one does, and its image
is missing or one of other code, they fail.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from graders.sandbox import Backend, open_backend
from graders.sandbox.docker import LABEL, OWNER, connect, owner
from tests.engine import require_engine
from tests.sandbox import conftest
from tests.sandbox.conftest import call, steady, submit

__all__ = ["LIMITS", "call", "steady", "submit"]

LIMITS = replace(conftest.LIMITS, request_seconds=5.0)


@pytest.fixture
def engine() -> Iterator[Any]:
    """A client of the engine."""
    require_engine()
    with contextlib.closing(connect()) as client:
        yield client


@pytest.fixture(scope="session")
def shared() -> Iterator[Backend]:
    """The backend, opened once."""
    require_engine()
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
