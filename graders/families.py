"""Grade one row: ask the worker family by family, and judge every property."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from graders import follow_through
from graders.answers import KILLED, Answers
from graders.diagnosis import Answered
from graders.exam import Exam
from graders.example import Open
from graders.i18n import _
from graders.properties import points, properties, value_properties
from graders.properties.base import Item, Property
from graders.properties.script import cuts
from graders.properties.throughput import THROUGHPUT
from graders.sandbox.program import CallReply, Reply
from graders.specs.row import Row, ScriptRow
from graders.throughput.judge import grade_throughput
from graders.throughput.stand import Stand
from graders.verdict import GraderError, Result, Status


@dataclass(frozen=True)
class RowGrade:
    """A row's verdicts, in order, and the failed ones that can be explained."""

    results: list[Result]
    failed: dict[str, Open]


def grade_row(
    row: Row,
    total: float,
    answers: Answers,
    exam: Exam,
    following: Row | None = None,
    stand: Stand | None = None,
    passed: Collection[str] = (),
) -> RowGrade:
    """The verdict on every property of a row.

    A family is not asked anew whose properties have all `passed`, by name, before. While the submission works on a
    family, the next one's cases and values are made, at last those of the row that follows.
    """
    speed = exam.unit.policy.speed
    asked = properties(row, timed=True) if stand is not None and speed > 0 else properties(row)
    worth = points(asked, total, speed)
    results: dict[str, Result] = {}
    failed: dict[str, Open] = {}
    families = list(dict.fromkeys(one.family for one in asked if one is not THROUGHPUT))
    ahead = [*((row, family) for family in families[1:]), (following, families[0])]
    killed = False
    answers.session.fresh()
    for family, next_up in zip(families, ahead, strict=True):
        members = [one for one in asked if one.family == family]
        if killed:
            first = next(
                (name for name, result in results.items() if result.status is not Status.PASSED), asked[0].name
            )
            results |= {one.name: unasked(row, one, worth[one.name], first) for one in members}
            continue
        if all(one.name in passed for one in members):
            results |= {one.name: granted(row, one, worth[one.name]) for one in members}
            continue
        items = exam.items(row, family)
        replies = answers.ask(exam.asked(row, members[0]), None, partial(prepare, exam, *next_up))
        killed = family == "main" and any(reply.status in KILLED for reply in replies)
        if killed and isinstance(row, ScriptRow):
            replies = as_far_as_they_come(items, replies, answers)
        answered: dict[str, list[Answered]] = {}
        for one in members:
            earlier = {name: result.status for name, result in results.items()}
            with answers.timed("judging"):
                answered[one.name] = [
                    Answered(item, reply, one.check(item, reply, earlier))
                    for item, reply in zip(items, replies, strict=True)
                ]
            result = results[one.name] = conclude(row, one, worth[one.name], answered[one.name])
            if result.status is Status.FAILED:
                failed[one.name] = Open(one, answered[one.name], earlier, result)
        if family == "main":
            followed = follow_through.credited(results, answered, answers)
            results |= followed
            failed |= {name: replace(failed[name], followed=True) for name in followed}
    if THROUGHPUT in asked and stand is not None:
        results[THROUGHPUT.name] = timed(row, worth[THROUGHPUT.name], answers, exam, stand, results, killed=killed)
    return RowGrade([results[one.name] for one in asked], failed)


def timed(
    row: Row,
    worth: float,
    answers: Answers,
    exam: Exam,
    stand: Stand,
    results: Mapping[str, Result],
    *,
    killed: bool,
) -> Result:
    """The result of throughput; a fault of ours is out of the total."""
    values = value_properties(row)
    if killed:
        return unasked(row, THROUGHPUT, worth, values[0])
    earlier = {name: result.status for name, result in results.items()}
    with answers.clocked("throughput"):
        for attempt in (1, 2):
            try:
                return grade_throughput(row, worth, answers.session, stand, exam, values, earlier)
            except GraderError as fault:
                stand.close()
                if attempt == 2:
                    message = _("The grader failed, not you; no points were lost. ({fault})").format(fault=fault)
        return Result(row.name, THROUGHPUT.name, _(THROUGHPUT.question), Status.ERROR, 0.0, 0.0, message)


def as_far_as_they_come(items: Sequence[Item], replies: Sequence[Reply], answers: Answers) -> list[Reply]:
    """The replies, where a script hangs or ends the worker with those of its calls that an earlier stage is made of.

    How far the first such script comes is found stage by stage, and the others are then asked as much.
    """
    killed = [index for index, reply in enumerate(replies) if reply.status in KILLED]
    cut = {index: cuts(items[index]) for index in killed}
    far = -1
    for program in cut[killed[0]]:
        if answers.ask([program])[0].status != "completed":
            break
        far += 1
    further = list(replies)
    if far >= 0:
        shorter = answers.ask([cut[index][min(far, len(cut[index]) - 1)] for index in killed])
        for index, came in zip(killed, shorter, strict=True):
            further[index] = replace(replies[index], calls=returned(came.calls))
    return further


def returned(calls: Sequence[CallReply]) -> tuple[CallReply, ...]:
    """The first of the calls, as long as they return."""
    return tuple(itertools.takewhile(lambda call: call.outcome == "returned", calls))


def prepare(exam: Exam, row: Row | None, family: str) -> None:
    """Make the items of a family before they are asked for; what fails here fails again where it counts."""
    if row is not None:
        with suppress(Exception):
            exam.items(row, family)


def unasked(row: Row, one: Property, worth: float, first: str) -> Result:
    """A property that is not tried: its function hangs or ends the worker, and time is the whole submission's."""
    message = _("not judged: it depends on {property}").format(property=first)
    return Result(row.name, one.name, _(one.question), Status.SKIPPED, 0.0, worth, message, depends_on=first)


def granted(row: Row, one: Property, worth: float) -> Result:
    """The result of a property that passed before."""
    return Result(row.name, one.name, _(one.question), Status.PASSED, worth, worth)


def conclude(row: Row, one: Property, worth: float, answered: list[Answered]) -> Result:
    """The verdict on one property from all its cases: a pass needs every one completed and right."""
    judged = [entry.judged for entry in answered]
    result = replace(granted(row, one, worth), cases=len(judged))
    failed = [entry for entry in answered if entry.judged.findings]
    if failed:
        failed.sort(key=lambda entry: entry.judged.credit)
        score = worth * failed[0].judged.credit
        return replace(result, status=Status.FAILED, score=score, message=failed[0].judged.findings[0].message)
    blocked = next((entry.blocked for entry in judged if entry.blocked and entry.blocked != one.name), "")
    if not all(entry.attempted for entry in judged):
        return replace(result, status=Status.SKIPPED, score=0.0, message=_("not attempted"), depends_on=blocked)
    if blocked:
        message = _("not judged: it depends on {property}").format(property=blocked)
        return replace(result, status=Status.SKIPPED, score=0.0, message=message, depends_on=blocked)
    if judged and not any(entry.conclusive for entry in judged):
        message = _("cannot be judged: the values carry too few digits")
        return replace(result, status=Status.FAILED, score=0.0, message=message)
    if judged:
        return result
    return replace(result, status=Status.ERROR, score=0.0, max_score=0.0, message=_("no case could be drawn"))
