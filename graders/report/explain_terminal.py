"""An explanation in the terminal: the same parts as on its page, without what is too long for it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table

from graders.explain.explanation import Asked, Explanation
from graders.explain.held import Comparison
from graders.i18n import _
from graders.report.arrays import case_rows
from graders.report.explain_html import facts, is_lost
from graders.report.pen import Pen
from graders.report.terminal import hanging, role_label, value_text
from graders.report.text import points, printable
from graders.report.view import Item, note_label, out_of, state_name, task_views
from graders.verdict import CaseNote

MOST_CASES = 6
MOST_LINES = 60
"""Of code and snippets; the page has them whole."""


def print_explanation(one: Explanation, console: Console) -> None:
    """Print everything about one task of one submission."""
    _Printer(one, console).everything()


class _Printer:
    """The parts, in the order they are printed."""

    def __init__(self, one: Explanation, console: Console) -> None:
        self.one, self.console, self.pen = one, console, Pen(console)
        self.items = [item for view in task_views(one.report) if view.name == one.task.name for item in view.items]

    def everything(self) -> None:
        one, text = self.one, self.pen.text
        self._print()
        self._print(text(one.task.name, "bold") + text(f"  {one.report.unit}  {one.report.title}"))
        self._print(text(one.report.submission, "cyan"))
        self._print(text(_("For who decides about an appeal, not for students."), "yellow"))
        self._print()
        self._pairs((name + ":", value) for name, value in facts(one))
        self._lines(one.rules)
        if one.comparison:
            self._comparison(one.comparison)
        if one.report.problem:
            self._heading(_("Nothing could be graded:"), "bold red")
            self._lines([one.report.problem])
        self._properties()
        for item, asked in zip(self.items, one.asked, strict=True):
            if is_lost(item):
                self._lost(item, asked)
        self._code(_("The submission's own functions"), one.code)
        if one.absent:
            self._lines([_("Nowhere in it: {names}.").format(names=", ".join(one.absent))])
        self._lines(f"{note_label(note.kind)} {note.message}" for note in one.report.notes)

    def _comparison(self, told: Comparison) -> None:
        self._print()
        self._print(self.pen.text(told.verdict, "green" if told.same else "bold red"))
        self._lines(told.circumstances)
        self._pairs((f"{one.property}:", f"{one.before or '-'} -> {one.after or '-'}") for one in told.changes)
        self._lines(told.held.overrides)

    def _properties(self) -> None:
        self._heading(_("Properties") + f"  {out_of(self.one.score, self.one.max_score)}")
        grid = Table.grid(padding=(0, 1, 0, 0))
        for _column in range(3):
            grid.add_column(overflow="fold")
        for item in self.items:
            words = item.result.question
            if item.result.depends_on:
                words += " " + _('waits for "{property}" to pass').format(property=item.result.depends_on)
            name = self.pen.mark(item.state) + self.pen.text(f" {item.result.property}")
            worth = self.pen.text(out_of(item.result.score, item.result.max_score))
            grid.add_row(name, worth, self.pen.text(words, "bright_black"))
        self._print(grid)
        made = ", ".join(f"{part.task} ({out_of(part.score, part.max_score)})" for part in self.one.parts)
        self._lines([_("This task is made of:") + f" {made}"] if made else [])
        used = ", ".join(self.one.used_by)
        self._lines([_("Made of this task:") + f" {used}"] if used else [])

    def _lost(self, item: Item, asked: Asked) -> None:
        self._heading(f"{item.result.property}: {state_name(item.state)}  -{points(item.lost)}")
        title = _("student sees:") if self.one.unit.reveal == "case" else _("public cases:")
        self._pairs([(title, item.message)])
        if item.result.likely:
            self._pairs([(_("likely:"), item.result.likely), *([("", asked.why)] if asked.why else [])])
        self._pairs((f"{cause.label}:", "\n".join(cause.difference)) for cause in asked.causes[:1])
        if asked.hidden is None:
            return
        hidden = asked.hidden
        told = _("It fails {failed} of {asked} cases.").format(failed=len(hidden.failing), asked=hidden.asked)
        self._pairs([(_("own cases:"), told + " " + _("The smallest of them:") + f" [{hidden.shown}]")])
        self._pairs([("", hidden.message)])
        if hidden.allowance:
            self._lines(filter(None, [hidden.allowance.words, hidden.allowance.rule]))
        self._case(hidden.shown)
        self._lines(f"[{case.case}] {case.message}" for case in hidden.failing[:MOST_CASES])
        if len(hidden.failing) > MOST_CASES:
            self._lines([_("... and {count} more cases").format(count=len(hidden.failing) - MOST_CASES)])
        self._code(_("As Python that runs by itself"), asked.snippet)

    def _case(self, case: CaseNote) -> None:
        width = self.console.width - 4
        rows = [(self.pen.text(role_label(row)), value_text(self.pen, row, width)) for row in case_rows(case)]
        self._print(Padding.indent(hanging(rows), 2))

    def _code(self, title: str, code: str) -> None:
        self._heading(title)
        lines = printable(code).rstrip().split("\n")
        if len(lines) > MOST_LINES or max(map(len, lines)) > 1000:
            self._lines([_("{count} lines: --html shows them").format(count=len(lines))])
            return
        self._lines(lines)

    def _heading(self, words: str, style: str = "bold") -> None:
        self._print()
        self._print(self.pen.text(words, style))

    def _lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._print(Padding.indent(self.pen.text(line or " "), 2))

    def _pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        texts = [(self.pen.text(name, "cyan"), self.pen.text(value)) for name, value in pairs]
        if texts:
            self._print(Padding.indent(hanging(texts), 2))

    def _print(self, *parts: RenderableType) -> None:
        self.console.print(*parts, highlight=False, markup=False, emoji=False)
