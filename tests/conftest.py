"""What many tests need."""

from __future__ import annotations

import os

import pytest

from graders.i18n import use_language
from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Limits

os.environ["BACKCHECK_THROUGHPUT"] = "0"  # commands time nothing, but where that is what is tested


@pytest.fixture(scope="session")
def backend() -> Backend:
    """The strongest sandbox that works here."""
    return open_backend("auto", Limits())


@pytest.fixture(autouse=True)
def english() -> None:
    """A command leaves its language behind: the next test starts in English all the same."""
    use_language("en")
