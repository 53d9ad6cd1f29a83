"""The cases of the course's own secret on which a submission fails: for who decides, never for the student."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graders import replay
from graders.answers import KILLED, Answers
from graders.cases import count_elements
from graders.diagnosis import Answered
from graders.exam import Exam
from graders.example import lines
from graders.explain.allowance import Allowance, allowance
from graders.families import as_far_as_they_come
from graders.intake.submission import Submission
from graders.properties import properties
from graders.properties.base import Property
from graders.properties.throughput import THROUGHPUT
from graders.sandbox import Backend
from graders.sandbox.session import Session
from graders.specs.row import Row, ScriptRow
from graders.verdict import CaseNote, Result, Status


@dataclass(frozen=True)
class Failing:
    """One of the cases that fail. case: its sizes and options. error: as a multiple of what is allowed."""

    case: str
    error: float
    message: str


@dataclass(frozen=True)
class Hidden:
    """What a property was asked, and where it failed.

    asked: how many cases. failing: those that fail. shown: the smallest of them, whole. message: what is wrong in it.
    allowance: of its first finding. snippet: Python that makes its calls, given the submission's functions.
    """

    asked: int
    failing: tuple[Failing, ...]
    shown: CaseNote
    message: str
    allowance: Allowance | None
    snippet: str


def hidden_cases(
    submission: Submission, row: Row, exam: Exam, backend: Backend, results: Iterable[Result]
) -> dict[str, Hidden]:
    """The failing cases of every property of a row that failed, by its name; asks the submission once more.

    Args:
        results: how the row's properties ended.
    """
    ended = {result.property: result.status for result in results}
    asked = [one for one in properties(row) if one is not THROUGHPUT]
    wanted = [one for one in asked if ended.get(one.name) is Status.FAILED]
    if not wanted:
        return {}
    found: dict[str, Hidden] = {}
    with Session(backend, submission.pieces, exam.unit.functions) as session, np.errstate(all="ignore"):
        if session.load().problem:
            return {}
        session.fresh()
        for family in dict.fromkeys(one.family for one in wanted):
            for one, answered in _answers(row, family, asked, ended, exam, Answers(session)):
                if one in wanted and (hidden := _hidden(row, one, answered)):
                    found[one.name] = hidden
    return found


def _answers(
    row: Row,
    family: str,
    asked: Sequence[Property],
    ended: Mapping[str, Status],
    exam: Exam,
    answers: Answers,
) -> list[tuple[Property, list[Answered]]]:
    """What the submission answers to a family, judged as it was when it was graded."""
    members = [one for one in asked if one.family == family]
    items = exam.items(row, family)
    replies = answers.ask(exam.asked(row, members[0]))
    if family == "main" and isinstance(row, ScriptRow) and any(reply.status in KILLED for reply in replies):
        replies = as_far_as_they_come(items, replies, answers)
    judged = []
    for one in members:
        before = [other.name for other in asked[: asked.index(one)]]
        earlier = {name: ended[name] for name in before if name in ended}
        pairs = zip(items, replies, strict=True)
        judged.append((one, [Answered(item, reply, one.check(item, reply, earlier)) for item, reply in pairs]))
    return judged


def _hidden(row: Row, one: Property, answered: Sequence[Answered]) -> Hidden | None:
    failing = [entry for entry in answered if entry.judged.findings]
    if not failing:
        return None
    killed = [entry for entry in failing if entry.reply.status in KILLED]  # those after it only say they were not run
    entry = killed[0] if killed else min(failing, key=lambda entry: count_elements(entry.item.args))
    item, findings = entry.item, entry.judged.findings
    program = one.program(item)
    upstream = {"d" + name: dout for name, dout in zip(row.differentiated, item.douts, strict=True)}
    compared = [found for found in findings if found.got is not None and found.wanted is not None]
    return Hidden(
        asked=len(answered),
        failing=tuple(_failing(entry) for entry in failing),
        shown=CaseNote(
            item.case.sizes,
            item.options,
            inputs={**item.args, **upstream},
            got={found.tensor: found.got for found in compared},
            wanted={found.tensor: found.wanted for found in compared},
        ),
        message=lines(found.message for found in findings),
        allowance=next(filter(None, (allowance(item, found) for found in findings)), None),
        snippet=replay.snippet(item, program, findings[0]),
    )


def _failing(entry: Answered) -> Failing:
    found = entry.judged.findings[0]
    return Failing(str(CaseNote(entry.item.case.sizes, entry.item.options)), found.error, found.message)
