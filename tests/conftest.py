"""What many tests need."""

from __future__ import annotations

import pytest

from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Limits


@pytest.fixture(scope="session")
def backend() -> Backend:
    """The strongest sandbox that works here."""
    return open_backend("auto", Limits())
