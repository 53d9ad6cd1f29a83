"""A report as platforms want it: a test a task, with its score and an explanation in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from graders.i18n import _
from graders.report.arrays import CaseRow, case_rows
from graders.report.text import points, printable
from graders.report.view import Item, TaskView, note_label, out_of, speed_words, state_name, task_views, why_skipped
from graders.verdict import Report

MARKS = {"passed": "✓", "partial": "~", "failed": "✗", "skipped": "·", "error": "!"}
LONGEST = 6_000
"""Characters of a text that a student's code had a part in."""


@dataclass(frozen=True)
class Part:
    """One property of a task. text: what is wrong with it, plain; "" where nothing is."""

    name: str
    passed: bool
    score: float
    max_score: float
    text: str = ""


@dataclass(frozen=True)
class Test:
    """One task. line: what was lost, in a few words. markdown: all that is to be said. kind: what it counts for."""

    name: str
    functions: tuple[str, ...]
    score: float
    max_score: float
    line: str
    markdown: str
    parts: tuple[Part, ...]
    speed: float | None = None
    """CPU time over that of the plain reference."""
    kind: Literal["", "optional", "bonus"] = ""

    @property
    def passed(self) -> bool:
        """Whether all of its points were earned; an optional task has none, and passes where all of it holds."""
        return self.score >= self.max_score and (self.kind != "optional" or all(part.passed for part in self.parts))

    @property
    def label(self) -> str:
        """Its name, and what it is called where it is no part of the total."""
        words = {"": "", "optional": _("optional"), "bonus": _("bonus")}[self.kind]
        return f"{self.name} ({words})" if words else self.name


@dataclass(frozen=True)
class Outcome:
    """A graded submission. problem: why nothing could be graded, "" where it could.

    max_score: points to be had without bonus, so that whoever earns all of them, and no bonus, has everything.
    markdown: what stands above the tests. unscored: of that, what tells neither points nor how any task ended.
    """

    unit: str
    title: str
    tests: tuple[Test, ...]
    max_score: float
    markdown: str
    unscored: str
    seconds: float
    reveal: str
    problem: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What a question about a grade needs: fingerprints and versions."""

    @property
    def score(self) -> float:
        """Points earned, bonus included: what platforms add up."""
        return round(sum(test.score for test in self.tests), 2)

    @property
    def passed(self) -> bool:
        """Whether everything holds that is part of the total."""
        return not self.problem and all(test.passed for test in self.tests if not test.kind)


def outcome(report: Report, functions: Mapping[str, tuple[str, ...]] | None = None) -> Outcome:
    """The report in the form from which each platform's own is made. functions: of each task."""
    tests = tuple(_test(view, (functions or {}).get(view.name, ()), report) for view in task_views(report))
    facts = {
        "submission": report.fingerprint,
        "secret": report.secret,
        "sandbox": report.sandbox,
        **{name: report.versions[name] for name in sorted(report.versions)},
    }
    return Outcome(
        report.unit,
        report.title,
        tests,
        report.max_score,
        "\n".join(_summary(report)),
        "\n".join(_summary(report, scored=False)),
        round(report.seconds, 3),
        report.reveal,
        printable(report.problem)[:LONGEST],
        {name: printable(value) for name, value in facts.items()},
    )


def _test(view: TaskView, functions: tuple[str, ...], report: Report) -> Test:
    parts = tuple(_part(item, view.attempted) for item in view.items)
    line = "" if report.problem or view.score >= view.max_score else _lost(view)
    markdown = "" if report.problem else "\n".join(task_markdown(view))
    speed = view.speed
    return Test(
        view.name,
        functions,
        round(view.score, 2),
        round(view.max_score, 2),
        line,
        markdown,
        parts,
        round(speed.ratio, 4) if speed else None,
        view.kind,
    )


def _lost(view: TaskView) -> str:
    if not view.attempted:
        return printable(view.items[0].result.message or _("not attempted"))
    return ", ".join(item.result.property for item in view.items if item.lost > 0)


def _part(item: Item, attempted: bool) -> Part:
    result = item.result
    passed = item.state == "passed" or (item.state == "skipped" and attempted and not item.lost)
    text = "" if passed else "\n".join(_explained(item))
    return Part(result.property, passed, round(result.score, 2), round(result.max_score, 2), cut(printable(text)))


# --- Markdown ---


def task_markdown(view: TaskView) -> Iterator[str]:
    """A table of the properties, and what is wrong with each that lost points."""
    if not view.attempted:
        yield fenced(_lost(view))
        return
    yield "| | " + _("property") + " | " + _("points") + " |"
    yield "|---|---|---|"
    for item in view.items:
        score = out_of(item.result.score, item.result.max_score)
        yield f"| {MARKS[item.state]} {state_name(item.state)} | {item.result.property} | {score} |"
    for item in view.failures:
        yield f"\n**{item.result.property}** (-{points(item.lost)}): {item.result.question}\n"
        yield fenced("\n".join(_explained(item)))
    for reason, items in why_skipped(view):
        names = ", ".join(item.result.property for item in items)
        yield f"\n**{names}**\n\n{fenced(reason)}"
    if view.speed:
        yield f"\n**throughput**: {speed_words(view.speed)}"


def _explained(item: Item) -> Iterator[str]:
    """The message in the house's form: where, got, wanted, the case, the likely cause."""
    result = item.result
    yield item.message
    if result.case is not None:
        if str(result.case):
            yield f"[{result.case}]"
        yield from map(_row, case_rows(result.case))
    if result.likely:
        yield f"{_('likely:')} {result.likely}"
    if result.depends_on:
        yield _('waits for "{property}" to pass').format(property=result.depends_on)


def _row(row: CaseRow) -> str:
    label = {"given": _("given:"), "got": _("got:"), "wanted": _("wanted:")}[row.role]
    head = " ".join(filter(None, (label, row.name, row.facts, "= ")))
    return head + row.text.replace("\n", "\n" + " " * len(head))


def _summary(report: Report, scored: bool = True) -> Iterator[str]:
    total = _("Total: {score} of {max_score} points.")
    total = total.format(score=points(report.score), max_score=points(report.max_score))
    yield f"**{report.title}**: {total}" if scored else f"**{report.title}**"
    if report.rules:
        yield ""
        yield from (f"- {sentence}" for sentence in report.rules)
    if report.problem:
        yield f"\n{_('Nothing could be graded:')}\n\n{fenced(report.problem)}"
    # That the speed of a task was looked at says that its values are right.
    for note in (one for one in report.notes if scored or one.kind != "speed"):
        yield f"\n{note_label(note.kind)}\n\n{fenced(note.message)}"
    yield "\n" + _("The same checks run on your own machine: backcheck check {file}").format(file=_file(report))


def _file(report: Report) -> str:
    return report.unit.partition("-")[2].replace("-", "_") + ".py"


def fenced(text: str) -> str:
    """A text in which Markdown means nothing, whatever it holds."""
    clean = cut(printable(text))
    longest = max((len(run) for run in re.findall("`+", clean)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{clean}\n{fence}"


def cut(text: str, most: int = LONGEST) -> str:
    """A text that is not too long, and says so where something is missing."""
    return text if len(text) <= most else text[:most] + " …"
