"""The leads as one HTML file that needs nothing else, with the works side by side; and as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.i18n import language
from graders.report.environment import environment
from graders.similarity.leads import Found, Lead, Side, Spans

FOLDER = Path(__file__).with_name("templates")
AROUND = 2
"""Lines that are shown before and after what is similar."""


@dataclass(frozen=True)
class Line:
    """A line of a work; number 0 stands for lines that are left out. parts: texts, and whether each is similar."""

    number: int
    parts: tuple[tuple[str, bool], ...] = ()

    @property
    def similar(self) -> bool:
        """Whether any of it is."""
        return any(marked for _text, marked in self.parts)


def save(found: Found, unit: str, path: Path) -> None:
    """Write the page to `path` as UTF-8."""
    path.write_text(to_html(found, unit), encoding="utf-8", newline="\n")


def to_html(found: Found, unit: str) -> str:
    """The whole page."""
    made = environment(FOLDER)
    made.globals.update(
        excerpt=lambda side: list(excerpt(side.work.text, side.spans)),
        similar_lines=similar_lines,
        percent=lambda share: f"{100 * share:.0f} %",
    )
    return made.get_template("similarity.html.j2").render(found=found, unit=unit, language=language()).lstrip()


def to_json(found: Found) -> dict[str, Any]:
    """The leads as plain dicts, lists, strings and numbers."""
    return {
        "compared": found.compared,
        "in_the_class": [_lead(lead) for lead in found.inside],
        "beyond_the_class": [_lead(lead) for lead in found.outside],
        "not_compared": [{"name": one.name, "reason": one.reason} for one in found.left],
    }


def _lead(lead: Lead) -> dict[str, Any]:
    sides = [
        {
            "name": side.work.name,
            "kind": side.work.kind,
            "share": round(side.share, 4),
            "lines": similar_lines(side),
        }
        for side in (lead.first, lead.second)
    ]
    return {"share": round(lead.share, 4), "works": sides}


def similar_lines(side: Side) -> int:
    """How many lines of a work are similar."""
    return sum(line.similar for line in marked_lines(side.work.text, side.spans))


def excerpt(text: str, spans: Spans) -> Iterator[Line]:
    """The lines that are similar with a few around them; one of number 0 where others are left out."""
    lines = list(marked_lines(text, spans))
    near = {place for hit, line in enumerate(lines) if line.similar for place in range(hit - AROUND, hit + AROUND + 1)}
    before = -1
    for place, line in enumerate(lines):
        if place in near:
            if place != before + 1:
                yield Line(0)
            yield line
            before = place


def marked_lines(text: str, spans: Spans) -> Iterator[Line]:
    """Every line in parts, each similar or not; indents and blank space alone are never marked."""
    flags = bytearray(len(text) + 1)
    for start, end in spans:
        flags[start:end] = b"\1" * (min(end, len(text)) - start)
    place = 0
    for number, line in enumerate(text.split("\n"), start=1):
        indent = len(line) - len(line.lstrip())
        yield Line(number, tuple(_parts(line, bytes(indent) + flags[place + indent : place + len(line)])))
        place += len(line) + 1


def _parts(line: str, flags: Iterable[int]) -> Iterator[tuple[str, bool]]:
    begin, marked = 0, False
    for place, flag in enumerate(flags):
        if bool(flag) != marked:
            if place > begin:
                yield line[begin:place], marked and bool(line[begin:place].strip())
            begin, marked = place, bool(flag)
    if line[begin:]:
        yield line[begin:], marked and bool(line[begin:].strip())
