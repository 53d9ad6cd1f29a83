"""What all pages have in common: escaping, translation, text that is safe to show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from graders.i18n import _
from graders.report.text import printable

TEMPLATES = Path(__file__).with_name("templates")


def environment(*folders: Path) -> Environment:
    """An environment for templates in these folders, and for those of reports."""
    made = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.globals.update(_=lambda text: _(text))  # looked up at each call: the language may change
    made.filters.update(breakable=_breakable, svg=Markup)
    return made


def _visible(value: Any) -> Any:
    """Every text on the page passes here before it is escaped."""
    return printable(value) if type(value) is str else value


def _breakable(name: str) -> Markup:
    """A name that may wrap after its underscores and dots."""
    text = str(escape(printable(name)))
    return Markup(text.replace("_", "_<wbr>").replace(".", ".<wbr>").replace("/", "/<wbr>"))
