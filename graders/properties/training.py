"""Training outcome: has what the submission trained learned what it should?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graders.i18n import _
from graders.properties.base import describe_end, without_words
from graders.sandbox.program import Program, Reply, Value
from graders.specs.row import Outcome, TrainingRow
from graders.verdict import Pictures, Result, Status

if TYPE_CHECKING:
    from graders.answers import Answers
    from graders.exam import Exam

QUESTION = "Does training end with parameters that do well on data they were not fitted to?"


def grade_training(row: TrainingRow, points: float, answers: Answers, exam: Exam) -> list[Result]:
    """One result, from the mean over several drawn problems; stops at the first training that does not end.

    Under the course's secret, and where the unit reveals no cases, nothing is shown that the submission made up,
    its words and its history: they may spell out a problem that is not to be seen.
    """
    result = _grade(row, points, answers, exam)
    return [result if shows_words(exam) else replace(result, pictures=Pictures())]


def shows_words(exam: Exam) -> bool:
    """Whether a report may hold what the submission says while it works on a case: it may be the case itself."""
    return exam.secret.public and exam.unit.reveal == "case"


def _grade(row: TrainingRow, points: float, answers: Answers, exam: Exam) -> Result:
    answers.session.fresh()
    result = Result(row.name, "training", _(QUESTION), Status.PASSED, points, points, cases=row.trials)
    outcomes: list[Outcome] = []
    for trial in exam.trials(row):
        program = Program(trial.calls)
        reply = answers.ask([program], row.seconds)[0]
        ended = _ended(row, program, reply, shows_words(exam))
        if ended:
            status, message = ended
            return _lost(result, message, status)
        with answers.timed("judging"):
            values = [plain(value) for call in trial.judged for value in reply.calls[call].values]
            outcomes.append(trial.evaluate(tuple(values)))
        if outcomes[-1].broken:
            return _lost(result, f"{row.name}: {outcomes[-1].broken}", pictures=_curve(outcomes[-1]))
    return _conclude(row, result, outcomes)


def _ended(row: TrainingRow, program: Program, reply: Reply, shown: bool) -> tuple[Status, str] | None:
    """How the call ended other than by returning."""
    if reply.status != "completed":
        return Status.FAILED, f"{row.name}: {reply.text}"
    for call, ended in zip(program.calls, reply.calls, strict=True):
        if ended.outcome == "not_implemented":
            return Status.SKIPPED, _("not attempted")
        if ended.outcome != "returned":
            told = ended if shown else without_words(ended)
            return Status.FAILED, f"{call.function}: {describe_end(call, told)}"
    return None


def _conclude(row: TrainingRow, result: Result, outcomes: list[Outcome]) -> Result:
    error = float(np.mean([outcome.error for outcome in outcomes]))
    allowed = float(np.mean([outcome.allowed for outcome in outcomes]))
    pictures = _curve(outcomes[0])
    if error <= allowed:
        return replace(result, pictures=pictures)
    text = _("{where}: mean {figure} over {count} runs is {error}, but should be at most {allowed}").format(
        where=row.name,
        figure=_(outcomes[0].figure),
        count=len(outcomes),
        error=f"{error:.4g}",
        allowed=f"{allowed:.4g}",
    )
    return _lost(result, text, pictures=pictures)


def _lost(result: Result, message: str, status: Status = Status.FAILED, pictures: Pictures | None = None) -> Result:
    return replace(result, status=status, score=0.0, message=message, pictures=pictures or Pictures())


def _curve(outcome: Outcome) -> Pictures:
    return Pictures(curve=outcome.curve, curve_label=_("history, trial 1"))


def plain(value: Value) -> Any:
    """A claimed value as arrays: an array, a list of arrays (None for what is no array), or None."""
    if value.kind == "list":
        return [plain(item) for item in value.items]
    return value.array
