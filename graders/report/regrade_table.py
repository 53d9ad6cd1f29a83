"""What a regrade would change: who gains and who loses, on which tasks and properties, and how much in all."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from graders.gradebook.difference import Change
from graders.i18n import _
from graders.regrade import Move, Preview
from graders.report.pen import Pen
from graders.report.text import listed, points, printable
from graders.report.view import out_of

MOST = 100
"""Submissions that are listed; --json has all of them."""

MANY = 3
"""Properties of one task that are named; of more, their number is."""


def print_preview(found: Preview, console: Console) -> None:
    """Print losers first: they are who somebody has to look at."""
    pen = Pen(console)
    for title, moves in ((_("Lower scores"), found.drops), (_("Higher scores"), found.gains)):
        if moves:
            console.print(pen.text(f"\n{title}: {len(moves)}", "bold"), highlight=False)
            console.print(_moves(pen, moves[:MOST]), highlight=False)
            if len(moves) > MOST:
                console.print(_("... and {count} more").format(count=len(moves) - MOST), highlight=False)
    if found.by_property:
        console.print(pen.text("\n" + _("By task and property"), "bold"), highlight=False)
        console.print(_properties(pen, found), highlight=False)
    console.print(pen.text("\n" + total(found), "bold"), highlight=False)
    for text, names in (
        (_("not in the gradebook, and left alone: {names}"), found.unknown),
        (_("not graded, by a fault of the grader: {names}"), found.faulty),
        (_("changed while they were read, and left alone: {names}; give the same command again"), found.changed),
        (_("not graded again, for a person rejected what came of it: {names}"), found.rejected),
        (_("not among what was given, though they count: {names}"), found.missing),
    ):
        if names:
            console.print(pen.text(text.format(names=listed(names))), highlight=False)
    if found.known:
        text = _("not graded again, for version, policy and secret are the same: {count}; --force grades them again")
        console.print(pen.text(text.format(count=found.known)), highlight=False)


def total(found: Preview) -> str:
    """All of it in a sentence."""
    text = _("{gain} gain {more} points, {lose} lose {less}, {same} stay as they are.")
    more, less = (round(sum(abs(one.points) for one in moves), 2) for moves in (found.gains, found.drops))
    numbers = {"gain": len(found.gains), "lose": len(found.drops), "same": found.same}
    return text.format(**numbers, more=points(more), less=points(less))


def signed(number: float) -> str:
    """A difference: `+2.5`, `-0.33`."""
    return ("+" if number > 0 else "") + points(number)


def on_what(changes: tuple[Change, ...]) -> str:
    """Which tasks and properties a difference comes from; where many of a task do, the task alone."""
    told: list[str] = []
    for task in dict.fromkeys(one.task for one in changes if one.points):
        mine = [one for one in changes if one.task == task and one.points]
        if len(mine) > MANY:
            text = _("{task} {points} ({count} properties)")
            all_of_it = signed(round(sum(one.points for one in mine), 2))
            told.append(text.format(task=task, points=all_of_it, count=len(mine)))
        else:
            told += [f"{task} {one.property} {signed(one.points)}" for one in mine]
    return ", ".join(told)


def _moves(pen: Pen, moves: list[Move]) -> Table:
    table = _table(pen, _("student"), _("before"), _("after"), _("difference"))
    table.add_column(pen.text(_("on")), overflow="fold", ratio=1)
    for one in moves:
        name = one.student if one.submission.partition(".")[0] == one.student else f"{one.student} ({one.submission})"
        before, after = out_of(one.before, one.before_max), out_of(one.after, one.after_max)
        cells = (name, before, after, signed(one.points), on_what(one.changes))
        table.add_row(*map(pen.text, cells))
    return table


def _properties(pen: Pen, found: Preview) -> Table:
    table = _table(pen, _("task"), _("gain"), _("points"), _("lose"), _("points"), left=2, second=_("property"))
    for (task, name), (up, more, down, less) in found.by_property.items():
        table.add_row(*map(pen.text, (task, name, str(up), signed(more), str(down), signed(less))))
    return table


def _table(pen: Pen, *headings: str, left: int = 1, second: str = "") -> Table:
    table = Table(box=pen.box, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    names = [headings[0], *([second] if second else []), *headings[1:]]
    for index, heading in enumerate(names):
        table.add_column(pen.text(heading), justify="left" if index < left else "right", overflow="fold")
    return table


def to_json(found: Preview, recorded: int) -> dict[str, Any]:
    """As plain data, every submission whose score changes."""
    return {
        "gain": len(found.gains),
        "lose": len(found.drops),
        "same": found.same,
        "recorded": recorded,
        "moves": [
            {
                "student": printable(one.student),
                "submission": printable(one.submission),
                "before": one.before,
                "after": one.after,
                "before_max": one.before_max,
                "after_max": one.after_max,
                "points": one.points,
                "changes": [{**vars(change), "points": change.points} for change in one.changes],
            }
            for one in (*found.drops, *found.gains)
        ],
        "properties": [
            {"task": task, "property": name, "gain": up, "points_gained": more, "lose": down, "points_lost": less}
            for (task, name), (up, more, down, less) in found.by_property.items()
        ],
        "not_in_gradebook": list(map(printable, found.unknown)),
        "faulty": list(map(printable, [*found.faulty, *found.unread])),
        "changed": list(map(printable, found.changed)),
        "rejected": list(map(printable, found.rejected)),
        "missing": list(map(printable, found.missing)),
        "known": found.known,
    }
