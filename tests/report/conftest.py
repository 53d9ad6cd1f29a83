"""Consoles that record what reaches them, as bytes in an encoding of their own."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from graders import i18n

Printer = Callable[..., str]


@pytest.fixture
def printed() -> Printer:
    """Call a function with a console of the given encoding and width; the text it printed."""

    def capture(show: Callable[[Console], Any], encoding: str = "utf-8", width: int = 80) -> str:
        raw = io.BytesIO()
        file = io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="")
        show(Console(file=file, width=width, force_terminal=False))
        file.flush()
        return raw.getvalue().decode(encoding)

    return capture


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue with two entries, enough to see which texts pass through it."""

    class Catalogue(i18n.gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return {"en": "zh", "Tasks": "题目"}.get(message, message)

    monkeypatch.setattr(i18n, "_catalogue", Catalogue())
