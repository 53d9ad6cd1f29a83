"""Practice on a GPU, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from graders.i18n import _
from graders.report.pen import Pen
from graders.throughput.practice import Practice


def print_practice(found: Sequence[Practice], console: Console) -> None:
    """A line a task, and what it is worth: nothing."""
    pen = Pen(console)
    table = Table(box=pen.box, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column(pen.text(_("task")), overflow="fold")
    for heading in (_("yours, ms"), _("reference, ms"), _("ratio"), _("between")):
        table.add_column(pen.text(heading), justify="right")
    table.add_column(pen.text(""), overflow="fold", ratio=1)
    for one in found:
        figures = ("", "", "", "")
        if not one.problem:
            spread = f"{one.found.low:.2f} - {one.found.high:.2f}"
            figures = (f"{one.submission:.3f}", f"{one.reference:.3f}", f"{one.found.median:.2f}", spread)
        style = "yellow" if one.problem else ""
        table.add_row(pen.text(one.task), *map(pen.text, figures), pen.text(one.verdict, style))
    console.print(table, highlight=False)
    text = _("Practice only: nothing kept the code from this machine. Points come of a check without --device.")
    console.print(pen.text(text), highlight=False, soft_wrap=True)
