"""A small class, and a grader of one task."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.batch import Setting
from graders.sandbox.program import Limits
from graders.secrets import Secret

RIGHT = """
import numpy as np


def one_hot(y, classes):
    return np.eye(classes)[np.asarray(y)]
"""
"""One task of unit 01 is right, all others are not attempted."""


@pytest.fixture
def setting() -> Setting:
    """One task of unit 01, timed by nobody."""
    return Setting("01-activations", Secret(bytes(32)), "auto", Limits(), tasks=frozenset({"one_hot"}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three submissions."""
    place = tmp_path / "class"
    place.mkdir()
    for name in ("ada", "bob", "eve"):
        (place / f"{name}.py").write_text(f"{RIGHT}\n# {name}\n")
    return place
