"""Appeals in the terminal, one after another: who asks for what, and what was answered."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding

from graders.appeals.book import Request
from graders.i18n import _
from graders.report.pen import Pen


def print_appeals(requests: Sequence[Request], console: Console) -> None:
    """Print each with its number, which `accept` and `reject` take."""
    pen = Pen(console)
    states = {"open": _("open"), "accepted": _("accepted"), "rejected": _("rejected")}
    for one in requests:
        head = f"{one.id}  {one.unit} {one.task}  {one.student}  {one.at:%Y-%m-%d %H:%M}  "
        console.print(pen.text(head, "bold") + pen.text(states[one.decision.value]), highlight=False)
        by = "" if one.by == one.student else f"{one.by}: "
        console.print(Padding.indent(pen.text(by + one.text), 4), highlight=False)
        if one.answer:
            console.print(Padding.indent(pen.text(f"{one.decided_by}: {one.answer}", "cyan"), 4), highlight=False)
    if not requests:
        console.print(_("no appeals"), highlight=False)
