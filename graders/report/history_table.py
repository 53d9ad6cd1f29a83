"""A student's past and the scores that wait, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from graders.i18n import _
from graders.report.pen import Pen
from graders.report.text import points

if TYPE_CHECKING:
    from graders.gradebook.decisions import Pending
    from graders.gradebook.history import Decided, Past, Step
    from graders.gradebook.scores import Line


def print_history(
    student: str,
    attempts: Sequence[Past],
    given: Sequence[Decided],
    lines: Sequence[Line],
    console: Console | None = None,
) -> None:
    """Unit by unit: attempts, their gradings with what each changed, overrides, and what it comes to."""
    console = console or Console()
    for unit in dict.fromkeys([*(one.unit for one in attempts), *(one.unit for one in given)]):
        _say(console, f"{student}  {unit}", style="bold")
        for one in attempts:
            if one.unit == unit:
                _print_attempt(one, console)
        for override in given:
            if override.unit == unit:
                _say(console, "  " + _override(override))
        for line in lines:
            if line.unit == unit:
                _print_line(line, console)


def _print_attempt(one: Past, console: Console) -> None:
    when = one.received or one.seen
    text = _("{submission}, {when} ({fingerprint})")
    _say(console, "  " + text.format(submission=one.submission, when=moment(when), fingerprint=one.fingerprint or "-"))
    for step in one.steps:
        _say(console, "    " + _step(step))
        for change in step.changes:
            before = "-" if change.before is None else points(change.before)
            after = "-" if change.after is None else points(change.after)
            _say(console, f"      {change.task}, {change.property}: {before} -> {after}")


def _step(step: Step) -> str:
    states = {
        "counts": _("counts"),
        "proposed": _("waits for a person"),
        "superseded": _("counted before") if step.counted else _("waited, until another took its place"),
        "rejected": _("rejected"),
    }
    told = [
        moment(step.recorded),
        f"{points(step.score)}/{points(step.max_score)}",
        states[step.state],
        f"backcheck {step.suite}".strip(),
        step.why,
        step.decided_by and _("decided by {name}").format(name=step.decided_by),
    ]
    return ", ".join(filter(None, told))


def _override(one: Decided) -> str:
    told = _("{what}: {score} given by {name}, {when}: {why}").format(
        what=one.task or _("the whole unit"), score=points(one.score), name=one.by, when=moment(one.at), why=one.why
    )
    return told if one.withdrawn is None else told + " " + _("(withdrawn {when})").format(when=moment(one.withdrawn))


def _print_line(line: Line, console: Console) -> None:
    for sentence in line.counted.standing.words if line.counted else ():
        _say(console, "  " + sentence)
    computed = "-" if line.computed is None else points(line.computed)
    final = "-" if line.final is None else points(line.final)
    _say(console, "  " + _("computed {computed}, final {final}").format(computed=computed, final=final))


def print_pending(found: Sequence[Pending], console: Console | None = None) -> None:
    """A line a score that waits."""
    console = console or Console()
    if not found:
        _say(console, _("no score waits"))
        return
    pen = Pen(console)
    table = Table(box=pen.box, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for heading in (_("number"), _("student"), _("unit"), _("submission"), _("now"), _("then"), _("why"), _("run")):
        table.add_column(pen.text(heading), overflow="fold")
    for one in found:
        row = (
            str(one.id),
            one.student,
            one.unit,
            one.submission,
            points(one.before),
            points(one.after),
            one.why,
            one.run,
        )
        table.add_row(*map(pen.text, row))
    console.print(table, highlight=False)


def moment(when: datetime) -> str:
    """Date and time to the minute, in UTC."""
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Pen(console).text(text, style), highlight=False, soft_wrap=True)
