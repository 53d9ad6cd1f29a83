"""A class in the terminal: the table of its submissions, and what runs while they are graded."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from graders.i18n import _
from graders.report.class_csv import task_names
from graders.report.pen import Pen
from graders.report.text import points
from graders.report.view import State, TaskView, out_of, task_views
from graders.verdict import Report

_LOST_WIDTH = 24
"""Columns kept free for what was lost; where tasks leave fewer, each shrinks to one mark."""


def print_class(reports: Sequence[Report], console: Console) -> None:
    """Print a row a submission: its score, its points by task, where it lost most."""
    pen = Pen(console)
    tasks = task_names(reports)
    wide = _wide(reports, tasks, console.width)
    table = Table(box=pen.box, show_edge=False, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column(pen.text(_("submission")), overflow="fold", min_width=10)
    table.add_column(pen.text(_("points")), justify="right", no_wrap=True, overflow="crop")
    for heading in tasks if wide else [_("tasks")]:
        table.add_column(pen.text(heading), justify="right" if wide else "left", no_wrap=wide, overflow="fold")
    table.add_column(pen.text(_("lost most on")), overflow="fold", ratio=1)
    for report in reports:
        table.add_row(*_row(pen, report, tasks, wide))
    console.print(table, highlight=False)
    if not wide and tasks:
        order = _("The marks stand for: {tasks}").format(tasks=", ".join(tasks))
        console.print(pen.text("\n" + order, "bright_black"), highlight=False)


def _wide(reports: Sequence[Report], tasks: Sequence[str], width: int) -> bool:
    """Whether a column a task leaves room for the rest."""
    names = max((cell_len(report.submission) for report in reports), default=0)
    return min(names, 24) + 12 + sum(cell_len(task) + 1 for task in tasks) + _LOST_WIDTH <= width


def _row(pen: Pen, report: Report, tasks: Sequence[str], wide: bool) -> list[Text]:
    views = {task.name: task for task in task_views(report)}
    if wide:
        earned = [pen.text(points(views[name].score) if name in views else "") for name in tasks]
    else:
        earned = [Text.assemble(*(_mark(pen, views.get(name)) for name in tasks))]
    score = pen.text(out_of(report.score, report.max_score) if report.results else "")
    if report.standing and not report.standing.counts:
        score += pen.text(" " + _("does not count"), "bright_black")
    elif report.standing and report.standing.penalty:
        score += pen.text(" " + _("late: {final}").format(final=points(report.final)), "yellow")
    return [pen.text(report.submission), score, *earned, _lost(pen, report, list(views.values()))]


def _mark(pen: Pen, task: TaskView | None) -> Text:
    return pen.mark(_task_state(task)) if task else Text(" ")


def _task_state(task: TaskView) -> State:
    if not task.attempted:
        return "skipped"
    if task.faults:
        return "error"
    if task.lost <= 0 and not task.failures:
        return "passed"
    return "partial" if task.score > 0 else "failed"


def _lost(pen: Pen, report: Report, tasks: Sequence[TaskView]) -> Text:
    """The problem, or the three tasks that lost most with the properties they lost."""
    if report.problem:
        return pen.text(report.problem.partition("\n")[0], "red")
    losing = sorted((task for task in tasks if task.lost > 0), key=lambda task: -task.lost)
    words = ", ".join(f"{task.name} -{points(task.lost)} ({_properties(task)})" for task in losing[:3])
    if report.faulty:
        words = ", ".join(filter(None, [words, _("grader fault")]))
    return pen.text(words)


def _properties(task: TaskView) -> str:
    """The properties a task failed, the dearest first."""
    if not task.attempted:
        return _("not attempted")
    return ", ".join(item.result.property for item in (task.failures or task.skipped))


class ProgressDisplay:
    """What has been done and what runs now, in one line that vanishes; silent where nobody watches.

    with ProgressDisplay(console, total=12) as progress:
        progress.starts("affine")
        ...
        progress.finished()
    """

    def __init__(self, console: Console, total: int, *, pace: bool = False) -> None:
        """pace: also show how many a minute, and how long the rest will take."""
        self._pen = Pen(console)
        paced = (_Rate(_cropped()), TimeRemainingColumn(table_column=_cropped())) if pace else ()
        self._progress = Progress(
            BarColumn(bar_width=16, table_column=_cropped()),
            MofNCompleteColumn(table_column=_cropped()),
            TimeElapsedColumn(table_column=_cropped()),
            *paced,
            TextColumn("{task.fields[now]}", markup=False, table_column=_cropped(ratio=1)),
            console=console,
            expand=True,
            transient=True,
            disable=not console.is_terminal,
        )
        self._line = self._progress.add_task("", total=total, now="")

    def __enter__(self) -> ProgressDisplay:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def starts(self, what: str) -> None:
        """Show what runs now."""
        self._progress.update(self._line, now=self._pen.text(what.replace("\n", " ")).plain)

    def finished(self) -> None:
        """Count one as done."""
        self._progress.advance(self._line)

    def reached(self, done: int, total: int) -> None:
        """Show how far something of many parts is."""
        self._progress.update(self._line, completed=done, total=total)


class _Rate(ProgressColumn):
    """How many a minute, of late."""

    def render(self, task: Task) -> Text:
        """Nothing while it is not known."""
        if not task.speed:
            return Text("")
        return Text(_("{count}/min").format(count=points(round(60 * task.speed, 1))), style="progress.data.speed")


def _cropped(ratio: int | None = None) -> Column:
    # The ellipsis rich would set instead is not in every encoding.
    return Column(no_wrap=True, overflow="crop", ratio=ratio)
