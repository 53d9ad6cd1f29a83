"""The tables in docs/throughput.md, between markers."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path

from graders.misconceptions.variant import rows
from graders.throughput.limits import Limits
from graders.throughput.variants import GENERATED

PAGE = Path(__file__).parents[2] / "docs" / "throughput.md"
LETTERS = {"vectorised": "v", "samples": "s", "elements": "e", "wasteful": "w", "cheap": "c"}


def limits_table(known: Mapping[str, Limits | None]) -> list[str]:
    """A row a task: limits, and what they follow from."""
    lines = [
        "| unit | task | all up to | half up to | slowest vectorised | samples one by one | elements one by one "
        "| reference, ms | nothing's share |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, (unit, row) in rows().items():
        one = known.get(name)
        if row.workload is None:
            continue
        if one is None:
            lines.append(f"| {unit.name[:2]} | {name} | unmeasured | | | | | | |")
            continue
        loop = one.measured.get(GENERATED)
        cells = [
            *(unit.name[:2], name, f"{one.full:g}", f"{one.part:g}", _most(one, "vectorised")),
            "" if loop is None else f"{loop:.1f}" + (" (all)" if loop <= one.full else ""),
            _least(one, "elements"),
            f"{one.milliseconds:.2f}",
            f"{100 * one.overhead:.0f} %",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _most(limits: Limits, kind: str) -> str:
    found = [(limits.measured[name], name) for name, known in limits.classes.items() if known == kind]
    return "{:.2f} {}".format(*max(found)) if found else ""


def _least(limits: Limits, kind: str) -> str:
    found = [limits.measured[name] for name, known in limits.classes.items() if known == kind]
    return f"{min(found):.0f}" if found else ""


def summary(known: Mapping[str, Limits | None]) -> str:
    """One sentence on all rows."""
    measured = [one for one in known.values() if one]
    if not measured:
        return "Nothing is measured yet."
    variants = sum(len(one.measured) for one in measured)
    share = statistics.median(one.overhead for one in measured)
    middle = statistics.median(one.full for one in measured)
    return (
        f"{len(measured)} of {len(known)} timed tasks are measured, on {variants} right variants; the median limit of "
        f"all points is {middle:g}, and nothing's share of the reference's request {100 * share:.0f} %."
    )


def between(text: str, marker: str, lines: list[str]) -> str:
    """The page with these lines between the markers of that name."""
    first, last = f"<!-- {marker} -->", f"<!-- end of {marker} -->"
    before, _, rest = text.partition(first)
    _, found, after = rest.partition(last)
    if not found:
        raise ValueError(f"the page has no {marker}")
    return "\n".join([before + first, "", *lines, "", last]) + after


def write(marker: str, lines: list[str], page: Path = PAGE) -> None:
    """Put a table into the page."""
    page.write_text(between(page.read_text(encoding="utf-8"), marker, lines), encoding="utf-8", newline="\n")
