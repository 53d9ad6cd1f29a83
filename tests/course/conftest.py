"""The units, one at a time, and a handout one may write oneself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from graders.course import handout
from graders.specs import find_unit, unit_names
from graders.specs.unit import Unit

WriteHandout = Callable[..., None]


@pytest.fixture(params=unit_names())
def unit(request: pytest.FixtureRequest) -> Unit:
    """Each unit there is."""
    return find_unit(request.param)


@pytest.fixture
def losses() -> Unit:
    """A unit that gives nothing."""
    return find_unit("02-losses")


@pytest.fixture
def backprop() -> Unit:
    """A unit with given functions."""
    return find_unit("03-backprop")


@pytest.fixture
def write_handout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteHandout:
    """`write_handout(unit, text, name)`: from now on that is the unit's handout."""

    def write(unit: Unit, text: str, name: str = "handout.md") -> None:
        folder = tmp_path / "assignments" / unit.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        monkeypatch.setattr(handout, "assignments_folder", lambda: tmp_path / "assignments")

    return write
