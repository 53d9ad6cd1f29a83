"""A report in the terminal: one table, then what to mend, the dearest task first."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from graders.i18n import _
from graders.report import axis
from graders.report.arrays import CaseRow, case_rows
from graders.report.pen import Pen
from graders.report.text import points
from graders.report.view import (
    Item,
    TaskView,
    lost_on,
    note_label,
    speed_words,
    state_name,
    states_met,
    task_views,
    to_mend,
    why_skipped,
)
from graders.verdict import Report

_MOST_LINES = 6
"""Arrays that take more lines are named by shape; the HTML page and `backcheck replay` show them."""


def print_report(report: Report, console: Console) -> None:
    """Print everything about one submission, readable at 80 columns, without colour, without Unicode."""
    printer = _Printer(report, console)
    printer.header()
    if report.problem:
        printer.problem()
    if report.results:
        printer.table()
        printer.failures()
        printer.speeds()
        printer.faults()
    printer.notes()
    printer.rules()
    printer.total()


class _Printer:
    """The parts of a report, in the order they are printed."""

    def __init__(self, report: Report, console: Console) -> None:
        self.report = report
        self.console = console
        self.pen = Pen(console)
        self.tasks = task_views(report)

    def header(self) -> None:
        text = self.pen.text
        self._print()
        self._print(text(self.report.unit, "bold") + text(f"  {self.report.title}"))
        self._print(text(self.report.submission, "cyan"))
        if not self.report.isolated:
            self._print(text(_("Not isolated: practice only."), "yellow"))
        self._print()

    def problem(self) -> None:
        self._print(self.pen.text(_("Nothing could be graded:"), "bold red"))
        self._print(Padding.indent(self.pen.text(self.report.problem), 2))
        self._print()

    def table(self) -> None:
        """A row a task: its name, a mark a property, its points, what they were lost on."""
        table = Table(box=self.pen.box, show_edge=False, pad_edge=False, header_style="bold")
        for heading in (_("task"), _("properties")):
            table.add_column(self.pen.text(heading), overflow="fold")
        table.add_column(self.pen.text(_("points")), justify="right", no_wrap=True, overflow="crop")
        table.add_column(self.pen.text(_("lost on")), overflow="fold", ratio=1)
        for task in self.tasks:
            marks = Text.assemble(*(self.pen.mark(item.state) for item in task.items))
            style = "" if task.attempted else "bright_black"
            name, lost = self.pen.text(task.name, style), self.pen.text(lost_on(task), style)
            table.add_row(name, marks, task.worth, lost)
        self._print(table)
        self._print()
        self._print(self._legend())
        self._print()

    def _legend(self) -> Text:
        words = Text()
        for state in states_met(self.tasks):
            words += self.pen.mark(state) + self.pen.text(f" {state_name(state)}   ", "bright_black")
        return words

    def failures(self) -> None:
        for task in to_mend(self.tasks):
            self._print(_heading(self.pen, task))
            for item in task.failures:
                self._print(Padding.indent(failure_block(self.pen, item, self.console.width - 2), 2))
                self._print()
            for reason, items in why_skipped(task):
                names = ", ".join(item.result.property for item in items)
                words = self.pen.text(f" {names}: {reason}", "bright_black")
                self._print(Padding.indent(self.pen.mark("skipped") + words, 2))
                self._print()

    def speeds(self) -> None:
        """An axis a timed task."""
        timed = [(task, task.speed) for task in self.tasks if task.speed]
        if not timed:
            return
        heading = _("Speed, CPU time beside the reference")
        if any(speed.indicative for _task, speed in timed if speed):
            heading += " " + _("(indicative: it counts where the course is graded)")
        self._print(self.pen.text(heading, "bold"))
        room = max(len(task.name) for task, _speed in timed)
        width = max(20, min(40, self.console.width - room - 6))
        for task, speed in timed:
            assert speed is not None
            self._print(self.pen.text(f"  {task.name:{room}}  {axis.line(speed, width)}"))
            self._print(Padding.indent(self.pen.text(speed_words(speed), "bright_black"), room + 4))
        words = _(
            "R is the reference, * your work, = how sure that is, | up to where it earns all and half of the points"
        )
        self._print(Padding.indent(self.pen.text(words, "bright_black"), 2))
        self._print()

    def faults(self) -> None:
        items = [(task, item) for task in self.tasks for item in task.faults]
        if not items:
            return
        self._print(self.pen.text(_("The grader failed, not you; no points were lost."), "bold magenta"))
        for task, item in items:
            line = f"{task.name}, {item.result.property}: {item.message}"
            self._print(Padding.indent(self.pen.text(line), 2))
        self._print(Padding.indent(self.pen.text(_("Please show this to your instructor.")), 2))
        self._print()

    def notes(self) -> None:
        for note in self.report.notes:
            label = self.pen.text(note_label(note.kind), "cyan")
            self._print(hanging([(label, self.pen.text(note.message))]))
        if self.report.notes:
            self._print()

    def rules(self) -> None:
        """The course's policy."""
        for sentence in self.report.rules:
            self._print(hanging([(self.pen.text(_("rule:"), "cyan"), self.pen.text(sentence))]))
        if self.report.rules:
            self._print()

    def total(self) -> None:
        if not self.report.results:
            return
        line = _("Total: {score} of {max_score} points.").format(
            score=points(self.report.score), max_score=points(self.report.max_score)
        )
        self._print(self.pen.text(line, "bold"))
        if self.report.passed:
            self._print(self.pen.text(_("Everything passes."), "bold green"))
        if self.report.standing:
            for sentence in self.report.standing.words:
                self._print(self.pen.text(sentence))
            counts = _("What counts: {score} points.").format(score=points(self.report.final))
            if self.report.standing.counts:
                self._print(self.pen.text(counts, "bold"))

    def _print(self, *parts: RenderableType) -> None:
        self.console.print(*parts, highlight=False, markup=False, emoji=False)


def _heading(pen: Pen, task: TaskView) -> Text:
    words = _("{lost} of {max_score} points lost")
    lost = words.format(lost=points(task.lost), max_score=points(task.max_score))
    return Text.assemble(pen.text(task.name, "bold"), "  ", pen.text(lost, "red" if task.lost else ""))


def failure_block(pen: Pen, item: Item, width: int) -> RenderableType:
    """One failure in the house's form: where, got, wanted, the case, the likely cause, how to replay."""
    name, cost = pen.text(item.result.property, "bold"), pen.text(f"-{points(item.lost)}", "red")
    title = Text.assemble(pen.mark(item.state), " ", name, "  ", cost)
    message = Group(*_message(pen, item, width - 2))
    return Group(title, Padding.indent(message, 2), Padding.indent(_details(pen, item, width - 4), 4))


def _message(pen: Pen, item: Item, width: int) -> list[RenderableType]:
    """The message, and the case at the right of its last line where there is room."""
    message = pen.text(item.message)
    if item.result.case is None or not str(item.result.case):
        return [message]
    case = pen.text(f"[{item.result.case}]", "cyan")
    last = message.plain.rpartition("\n")[2]
    room = width - cell_len(last) - case.cell_len
    if room >= 2:
        return [Text.assemble(message, " " * room, case)]
    return [message, Text(" " * max(0, width - case.cell_len)) + case]


def _details(pen: Pen, item: Item, width: int) -> Table:
    result = item.result
    pairs = [(pen.text(role_label(row)), value_text(pen, row, width)) for row in case_rows(result.case)]
    if result.likely:
        pairs.append((pen.text(_("likely:"), "yellow"), pen.text(result.likely)))
    if result.case is not None and result.case.replay:
        pairs.append((pen.text(_("again:"), "cyan"), pen.text(f"backcheck replay {result.case.replay}")))
    return hanging(pairs)


def role_label(row: CaseRow) -> str:
    """What a value of a case is, before its name."""
    return {"given": _("given:"), "got": _("got:"), "wanted": _("wanted:")}[row.role]


def value_text(pen: Pen, row: CaseRow, width: int) -> Text:
    """`db = [[0.5, 1]]`, or the shape alone where the numbers would not fit."""
    name = pen.text(f"{row.name} = ")
    lines = row.text.split("\n")
    room = width - 12 - name.cell_len
    if not row.small or len(lines) > _MOST_LINES or max(map(cell_len, lines)) > room:
        return pen.text(f"{row.name} {row.facts or row.text}".strip())
    indent = "\n" + " " * name.cell_len
    for text, differs in row.pieces:
        style = "bold red" if differs and row.role == "got" else ""
        name.append_text(pen.text(text.replace("\n", indent), style))
    return name


def hanging(pairs: list[tuple[Text, Text]]) -> Table:
    """Labels in one column, texts in the next, so that what wraps stays in its column."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True, overflow="crop")
    grid.add_column(overflow="fold")
    for label, words in pairs:
        grid.add_row(label, words)
    return grid
