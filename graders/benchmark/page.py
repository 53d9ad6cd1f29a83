"""Figures as a table: in the terminal, with rich where it is installed, and in docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graders.benchmark.counterparts import ENTRIES
from graders.benchmark.reasons import WHY
from graders.benchmark.run import Figure, geomean, summary
from graders.benchmark.speed import UNMEASURED, Kept
from graders.benchmark.workload import SIZES
from graders.i18n import _

DOCS = Path(__file__).parents[2] / "docs" / "performance.md"
START, END = "<!-- backcheck bench: start -->", "<!-- backcheck bench: end -->"
Cells = list[str]


def lines(figures: Sequence[Figure]) -> tuple[Cells, list[Cells]]:
    """The head, and a line a row and mode, with a column a size."""
    by_line: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in figures:
        mode = figure.form if figure.form not in ("fast", "plain") else ""
        by_line.setdefault((figure.row, mode), {})[figure.size] = figure
    shares = any(figure.bandwidth is not None for figure in figures)
    head = ["row", *SIZES, "beside"]
    if shares:
        head.insert(-1, "of bandwidth / FLOP/s, large")
    body = []
    for (row, mode), sizes in by_line.items():
        cells = [f"{row} {mode}".strip(), *(cell(sizes.get(size)) for size in SIZES)]
        if shares:
            large = sizes.get("large")
            known = large is not None and large.bandwidth is not None and large.flops is not None
            cells.append(f"{large.bandwidth:.0%} / {large.flops:.0%}" if large and known else "")
        body.append([*cells, next(iter(sizes.values())).counterpart])
    return head, body


def cell(figure: Figure | None) -> str:
    """A ratio and its interval."""
    return f"{figure.ratio:.2f} [{figure.low:.2f}, {figure.high:.2f}]" if figure else ""


def show(figures: Sequence[Figure], title: str) -> None:
    """Print the table."""
    head, body = lines(figures)
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        for text in plain(title, head, body):
            print(text)
        return
    table = Table(title=title, title_justify="left")
    for name in head:
        table.add_column(name, justify="left" if name in ("row", "beside") else "right", no_wrap=name != "beside")
    for cells in body:
        table.add_row(*cells)
    console = Console()
    Console(width=max(console.width, 120) if not console.is_terminal else None).print(table)


def plain(title: str, head: Cells, body: Iterable[Cells]) -> list[str]:
    """The same without rich: columns of text."""
    rows = [head, *body]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(head))]
    return [title, *("  ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True)) for cells in rows)]


def means(figures: Sequence[Figure]) -> str:
    """The geometric means, in one line."""
    found = summary(figures)
    if found["medium and large"] is None:
        return _("geometric mean: {all:.2f}").format(all=found["all"])
    text = _("geometric mean: {all:.2f}; of medium and large sizes: {larger:.2f}")
    return text.format(all=found["all"], larger=found["medium and large"])


# --- docs/performance.md ---


def markdown(kept: Kept) -> list[str]:
    """The kept figures as a table of the page, with the means, and why a row is slower than torch."""
    found = []
    for device, heading in (("cpu", "On the CPU"), ("cuda", "On a GPU")):
        rows = kept[device]
        records = [record for sizes in rows.values() for record in sizes.values() if record != UNMEASURED]
        if not records:
            found += [f"{heading}: unmeasured.", ""]
            continue
        large = [r["ratio"] for sizes in rows.values() for s, r in sizes.items() if r != UNMEASURED and s != "small"]
        everything, larger = geomean(record["ratio"] for record in records), geomean(large)
        about = sorted({(record["date"], record["device"], record["torch"], record["numpy"]) for record in records})
        measured = "; ".join(f"{date}, {name}, torch {torch}, NumPy {numpy}" for date, name, torch, numpy in about)
        found += [
            f"{heading} ({measured}; float32, one thread): geometric mean {everything:.2f}"
            + (f", of medium and large sizes {larger:.2f}." if larger else "."),
            "",
            "| row | small | medium | large | beside | where it is slower, why |",
            "|---|---|---|---|---|---|",
            *(line(entry.name, entry.counterpart, rows[entry.name]) for entry in ENTRIES),
            "",
        ]
    return found


def line(name: str, counterpart: str, sizes: Mapping[str, Any]) -> str:
    """One row of the table."""
    cells = [
        UNMEASURED if record == UNMEASURED else f"{record['ratio']:.2f} [{record['low']:.2f}, {record['high']:.2f}]"
        for record in (sizes[size] for size in SIZES)
    ]
    slower = any(record != UNMEASURED and record["ratio"] < 1 for record in sizes.values())
    return f"| {name} | {' | '.join(cells)} | {counterpart} | {WHY.get(name, '') if slower else ''} |"


def unexplained(kept: Kept) -> list[str]:
    """Rows under 1 at some size that nobody says anything about."""
    return [
        name
        for name, sizes in kept["cpu"].items()
        if name not in WHY and any(record != UNMEASURED and record["ratio"] < 1 for record in sizes.values())
    ]


def put_in_docs(kept: Kept, path: Path = DOCS) -> None:
    """Replace what is between the markers."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(START, 1)
    _, after = rest.split(END, 1)
    path.write_text(f"{before}{START}\n\n" + "\n".join(markdown(kept)) + f"{END}{after}", encoding="utf-8")
