"""A class as one HTML file that needs nothing else: no network, no server; its filters are a script of its own."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from graders.i18n import language
from graders.report import drawing
from graders.report.environment import environment
from graders.report.text import points
from graders.report.view import out_of, state_name
from graders.summary.analysis import ENOUGH, Analysis, earned
from graders.summary.pictures import WEAK, all_pictures
from graders.summary.view import student_views

FOLDER = Path(__file__).with_name("templates")
OPEN_MISTAKES, OPEN_PROPERTIES = 10, 15
"""So many are seen at once; the rest can be opened."""
MARKS = {"passed": "✓", "partial": "~", "failed": "✗", "skipped": "·", "error": "!"}


def save(analysis: Analysis, path: Path, *, names: bool = False) -> None:
    """Write the page to `path` as UTF-8."""
    path.write_text(to_html(analysis, names=names), encoding="utf-8", newline="\n")


def to_html(analysis: Analysis, *, names: bool = False) -> str:
    """The whole page. names: with the students' own, where pseudonyms would stand."""
    script = (FOLDER / "summary.js").read_text(encoding="utf-8")
    ids = {one.key: f"mistake-{number}" for number, one in enumerate(analysis.mistakes, start=1)}
    return (
        _environment()
        .get_template("summary.html.j2")
        .render(
            found=analysis,
            students=student_views(analysis.record, analysis.mistakes, names),
            ids=ids,
            tasks=[item.task for item in analysis.items],
            properties=sorted({one.name for one in analysis.properties}),
            pictures=all_pictures(analysis) if drawing.available() else {},
            drawable=drawing.available(),
            names=names,
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            language=language(),
        )
        .lstrip()
    )


@cache
def _environment() -> Environment:
    made = environment(FOLDER)
    made.globals.update(
        marks=MARKS,
        earned=earned,
        out_of=out_of,
        points=points,
        state_name=state_name,
        percent=lambda share: f"{100 * share:.0f} %",
        ENOUGH=ENOUGH,
        WEAK=WEAK,
        OPEN_MISTAKES=OPEN_MISTAKES,
        OPEN_PROPERTIES=OPEN_PROPERTIES,
    )
    made.filters.update(moment=moment, listed=lambda names: "|" + "|".join(names) + "|")
    return made


def moment(text: str) -> str:
    """A time in ISO 8601 to the minute, with its offset: "2027-01-31 23:59 +08:00"."""
    if not text:
        return ""
    when = datetime.fromisoformat(text)
    return f"{when:%Y-%m-%d %H:%M} " + ("UTC" if not when.utcoffset() else when.isoformat()[-6:])
