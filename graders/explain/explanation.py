"""All that a page about one task of a submission says, gathered in one place."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from graders import composites, replay, rules
from graders.batch import Setting, isolated_grader
from graders.explain.held import Comparison, Held, compare
from graders.explain.hidden import Hidden, hidden_cases
from graders.i18n import _, misconception
from graders.intake.own_code import missing, own_code, whole_text
from graders.intake.submission import Submission
from graders.misconceptions.variant import reference_text
from graders.specs.row import Row, Task
from graders.specs.unit import Unit
from graders.suspects import known_mistakes
from graders.verdict import Report, Result, Status

MOST_LINES = 400
"""Of a submission that cannot be read as Python, and is shown as it is."""


@dataclass(frozen=True)
class Cause:
    """A known mistake that a failure is put down to. difference: what it changes in the reference, a line each."""

    label: str
    message: str
    difference: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """A property: how it ended, the cases it failed on, what it is put down to, and why that is claimed."""

    result: Result
    hidden: Hidden | None = None
    causes: tuple[Cause, ...] = ()
    why: str = ""
    snippet: str = ""
    """Runs by itself: the submission's functions, and the calls of the case shown."""


@dataclass(frozen=True)
class Part:
    """Another task that this one's solution is made of, and how it ended here."""

    task: str
    score: float
    max_score: float


@dataclass(frozen=True)
class Explanation:
    """One task of one submission.

    report: of the task and those it is made of. code: the task's functions with what they use. absent: functions that
    are nowhere in it. parts, used_by: the tasks this one is made of, and those that are made of it. seen: how much of a
    case the student may see, in words.
    """

    report: Report
    unit: Unit
    task: Task
    code: str
    absent: tuple[str, ...]
    asked: tuple[Asked, ...]
    parts: tuple[Part, ...]
    used_by: tuple[str, ...]
    rules: tuple[str, ...]
    seen: str
    comparison: Comparison | None

    @property
    def score(self) -> float:
        """The task's points."""
        return round(sum(asked.result.score for asked in self.asked), 2)

    @property
    def max_score(self) -> float:
        """What the task is worth."""
        return round(sum(asked.result.max_score for asked in self.asked), 2)


def explain(
    submission: Submission, task: Task, setting: Setting, held: Held | None, *, unisolated: bool = False
) -> Explanation:
    """Grade the task once more, and say all that can be said of it.

    What the course lets students see is no bound here. unisolated: although nothing keeps the code from this machine.
    """
    unit = setting.assignment
    names = frozenset((task.name, *needed(unit, task)))
    open_policy = replace(unit.policy, reveal="case")
    with contextlib.closing(isolated_grader(replace(setting, tasks=names, policy=open_policy), unisolated)) as grader:
        report = grader.graded(submission)
        report = replace(report, policy=unit.policy, reveal=unit.reveal, rules=tuple(rules.sentences(unit)))
        mine = report.tasks().get(task.name, [])
        hidden = {}
        if isinstance(task, Row) and not report.problem:
            hidden = hidden_cases(submission, task, grader.exam, grader.backend, mine)
    statements = own_code(submission.pieces, task.functions)
    absent = tuple(missing(statements, task.functions))
    code = whole_text(statements) or _as_it_is(submission)
    return Explanation(
        report=report,
        unit=unit,
        task=task,
        code=code,
        absent=absent,
        asked=tuple(_asked(task, one, hidden.get(one.property), code, unit) for one in mine),
        parts=tuple(_parts(unit, task, report)),
        used_by=tuple(other.name for other in unit.tasks if task.name in composites.parts(unit, other)),
        rules=report.rules,
        seen=seen(unit),
        comparison=compare(held, report, unit, task.name) if held else None,
    )


def needed(unit: Unit, task: Task) -> list[str]:
    """The tasks that its solution is made of, and those that theirs are."""
    by_name = {one.name: one for one in unit.tasks}
    found: dict[str, None] = {}
    queue = [task]
    while queue:
        for name in composites.parts(unit, queue.pop()):
            if name not in found and name != task.name:
                found[name] = None
                queue.append(by_name[name])
    return list(found)


def seen(unit: Unit) -> str:
    """How much of a failing case students may see."""
    words = {
        "case": _("Students see failing cases of the public secret, never those below."),
        "shape": _("Students see only the sizes of a failing case."),
        "nothing": _("Students see no case."),
    }
    return words[unit.reveal]


def _parts(unit: Unit, task: Task, report: Report) -> Iterator[Part]:
    results = report.tasks()
    for name in composites.parts(unit, task):
        mine = results.get(name, [])
        yield Part(name, sum(one.score for one in mine), sum(one.max_score for one in mine))


def _asked(task: Task, result: Result, hidden: Hidden | None, code: str, unit: Unit) -> Asked:
    causes = tuple(_causes(task.name, result.misconceptions))
    snippet = _standalone(unit, result, hidden, code) if hidden else ""
    return Asked(result, hidden, causes, _why(result, causes), snippet)


def _standalone(unit: Unit, result: Result, hidden: Hidden, code: str) -> str:
    head = f"# {unit.name} {result.task}: {result.property}   [{hidden.shown}]\n# {result.question}\n"
    mark = "# " + _("the submission's own functions") + "\n"
    return f"{head}{replay.PRELUDE}{mark}{code}\n\n# {_('the case')}\n{hidden.snippet}"


def _why(result: Result, causes: Sequence[Cause]) -> str:
    """Why the likely cause is claimed."""
    if result.status is not Status.FAILED or not result.likely:
        return ""
    if causes:
        return _(
            "Claimed because the reference with this mistake gives the submission's own answer in every public case of"
            " this property, right or wrong: beside rounding, no more than a thousandth of the error is left."
        )
    return _("No known mistake gives this answer. It is read off the numbers: it fits every case that fails.")


def _causes(task: str, labels: Sequence[str]) -> Iterator[Cause]:
    known = {chaff.label: chaff for chaff in known_mistakes(task)}
    for label in labels:
        if chaff := known.get(label):
            before, after = reference_text(task), chaff.text
            lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
            shown = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
            yield Cause(label, misconception(chaff.message), tuple(shown))


def _as_it_is(submission: Submission) -> str:
    """The text handed in, where the task's functions cannot be told from the rest."""
    lines = "\n\n".join(piece.text for piece in submission.pieces).split("\n")
    kept = lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        kept.append("# " + _("... and {count} more lines").format(count=len(lines) - MOST_LINES))
    return "\n".join(kept)
