"""A contract's verdicts in the terminal: a table a file, then what is wrong."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from graders.contracts.engine import ContractReport
from graders.contracts.judge import Failure, Verdict
from graders.i18n import _
from graders.report.pen import Pen

STYLES = {"right": "green", "wrong": "bold red", "not attempted": "bright_black", "not judged": "yellow"}


def print_contract(report: ContractReport, console: Console) -> None:
    """Print everything about the files of one check."""
    pen = Pen(console)
    by_file = {name: list(group) for name, group in groupby(report.functions, key=lambda one: one.file)}
    for file in report.files:
        _print(console, pen.text(f"\n{file.file}", "bold cyan"))
        if file.problem:
            _print(console, pen.text("  " + _("cannot be judged: {reason}").format(reason=file.problem), "bold red"))
        verdicts = by_file.get(file.file, [])
        if verdicts:
            console.print(_table(pen, verdicts), highlight=False)
        for verdict in verdicts:
            for note in verdict.notes:
                _print(console, Padding.indent(pen.text(f"{verdict.function}: {note}", "bright_black"), 2))
        for note in file.notes:
            _print(console, Padding.indent(pen.text(note, "bright_black"), 2))
        for verdict in verdicts:
            _print_failures(console, pen, verdict)
    missing = [one.function for one in report.functions if one.verdict == "missing"]
    if missing:
        text = _("Not in any file: {names}").format(names=", ".join(missing))
        _print(console, pen.text("\n" + text, "bright_black"))
    _print(console, pen.text("\n" + _summary(report), "bold"))


def _table(pen: Pen, verdicts: list[Verdict]) -> Table:
    table = Table(box=pen.box, show_edge=False, pad_edge=False, header_style="bold")
    for heading in (_("function"), _("row"), _("verdict")):
        table.add_column(pen.text(heading), overflow="fold")
    table.add_column(pen.text(_("convention")), overflow="fold", ratio=1)
    for one in verdicts:
        word = pen.text(word_of(one), STYLES.get(one.verdict, ""))
        table.add_row(pen.text(one.function), pen.text(one.row), word, pen.text(convention_of(one), "cyan"))
    return table


def convention_of(verdict: Verdict) -> str:
    """The convention, part by part, in the reader's language."""
    return "; ".join(_(part) for part in verdict.convention.split("; ")) if verdict.convention else ""


def word_of(verdict: Verdict) -> str:
    """The verdict in the reader's language."""
    words = {
        "right": _("right"),
        "wrong": _("wrong"),
        "not attempted": _("not attempted"),
        "missing": _("missing"),
        "not judged": _("not judged"),
    }
    return words[verdict.verdict]


def _print_failures(console: Console, pen: Pen, verdict: Verdict) -> None:
    if not verdict.failed:
        return
    _print(console, pen.text(f"\n{verdict.function}", "bold"))
    for failure in verdict.failed:
        _print(console, Padding.indent(_failure(pen, failure), 2))


def _failure(pen: Pen, failure: Failure) -> Text:
    settings = {**failure.sizes, **failure.options}
    case = " ".join(f"{name}={value}" for name, value in settings.items())
    words = pen.text(f"{failure.property}: ", "red") + pen.text(failure.message)
    words += pen.text(f"  [{case}]", "cyan") if case else Text()
    if failure.likely:
        words += pen.text("\n  " + _("likely:") + f" {failure.likely}", "yellow")
    return words


def _summary(report: ContractReport) -> str:
    counts = {word: sum(one.verdict == word for one in report.functions) for word in STYLES}
    return _("{right} right, {wrong} wrong, {untried} not attempted, {open} not judged in {seconds:.1f} s").format(
        right=counts["right"],
        wrong=counts["wrong"],
        untried=counts["not attempted"],
        open=counts["not judged"],
        seconds=report.seconds,
    )


def _print(console: Console, what: Text | Padding) -> None:
    console.print(what, highlight=False, markup=False, emoji=False)
