"""Grade one row: ask the worker family by family, judge every property, show the smallest failure."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from graders import follow_through, replay, shrink
from graders.cases import Case, count_elements
from graders.diagnosis import Answered, Failure, diagnose
from graders.exam import Exam, drawn_cases
from graders.i18n import _
from graders.properties import points, properties, value_properties
from graders.properties.base import Finding, Item, Judged, Property
from graders.properties.script import cuts
from graders.properties.throughput import THROUGHPUT
from graders.sandbox.program import CallReply, Program, Reply
from graders.sandbox.requests import Batched
from graders.sandbox.session import Session
from graders.specs.row import Row, ScriptRow
from graders.suspects import Suspects
from graders.throughput.judge import grade_throughput
from graders.throughput.stand import Stand
from graders.verdict import CaseNote, GraderError, Pictures, Result, Status

KILLED = ("timeout", "crashed")
"""How a reply ends whose worker had to be, or was, ended."""


@dataclass
class Answers:
    """Asks the session, and keeps the time.

    seconds: wall-clock time by what it went into, "student", "judging", "shrinking" and "diagnosis".
    """

    session: Session
    seconds: dict[str, float] = field(
        default_factory=lambda: {"student": 0.0, "judging": 0.0, "shrinking": 0.0, "diagnosis": 0.0}
    )

    def ask(
        self,
        programs: Sequence[Program] | Batched,
        seconds: float | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> list[Reply]:
        """The replies to the programs, one each; `meanwhile` is done while they run, and its time is not counted."""
        start, ours = time.perf_counter(), 0.0

        def work() -> None:
            nonlocal ours
            before = time.perf_counter()
            if meanwhile:
                meanwhile()
            ours = time.perf_counter() - before

        replies = self.session.run(programs, seconds, work)
        self.seconds["student"] += time.perf_counter() - start - ours
        return replies

    @contextmanager
    def clocked(self, what: str) -> Iterator[None]:
        """Count all the time inside."""
        start = time.perf_counter()
        yield
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - start

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Count the time inside, less what the submission took of it."""
        start, asked = time.perf_counter(), self.seconds["student"]
        yield
        self.seconds[what] += time.perf_counter() - start - (self.seconds["student"] - asked)


def grade_row(
    row: Row,
    total: float,
    answers: Answers,
    exam: Exam,
    practice: Exam | None,
    suspects: Suspects | None = None,
    following: Row | None = None,
    stand: Stand | None = None,
) -> list[Result]:
    """The results of every property of a row, in order; failures are shown on cases of `practice`, and explained by
    `suspects`, which answer the same cases.

    While the submission works on a family, the next one's cases and values are made, at last those of the row that
    follows.
    """
    speed = exam.unit.policy.speed
    asked = properties(row, timed=stand is not None and speed > 0)
    worth = points(asked, total, speed)
    results: dict[str, Result] = {}
    failures: dict[str, Failure] = {}
    families = list(dict.fromkeys(one.family for one in asked if one is not THROUGHPUT))
    ahead = [*((row, family) for family in families[1:]), (following, families[0])]
    killed = False
    main: dict[str, list[Answered]] = {}
    found: list[Case] = []
    simple: dict[tuple[str, Case], Item] = {}
    answers.session.fresh()
    for family, next_up in zip(families, ahead, strict=True):
        if killed:
            waiting = [one for one in asked if one.family == family]
            first = next(
                (name for name, result in results.items() if result.status is not Status.PASSED), asked[0].name
            )
            results |= {one.name: unasked(row, one, worth[one.name], first) for one in waiting}
            continue
        members = [one for one in asked if one.family == family]
        items = exam.items(row, family)
        replies = answers.ask(exam.asked(row, members[0]), None, partial(prepare, exam, *next_up))
        killed = family == "main" and any(reply.status in KILLED for reply in replies)
        if killed and isinstance(row, ScriptRow):
            replies = as_far_as_they_come(items, replies, answers)
        for one in members:
            earlier = {name: result.status for name, result in results.items()}
            with answers.timed("judging"):
                answered = [
                    Answered(item, reply, one.check(item, reply, earlier))
                    for item, reply in zip(items, replies, strict=True)
                ]
            result = conclude(row, one, worth[one.name], answered)
            if result.status is Status.FAILED and (practice or suspects):
                example = Example(row, one, answers, exam, practice or exam, earlier, found, simple)
                with answers.timed("shrinking"):
                    public = example.public(answered)
                    failures[one.name] = Failure(one, public, earlier, example.judge_all)
                    result = example.shown(result, answered, public) if practice else result
            results[one.name] = result
            if family == "main":
                main[one.name] = answered
        if family == "main":
            results |= follow_through.credited(results, main, answers)
    if THROUGHPUT in asked and stand is not None:
        results[THROUGHPUT.name] = timed(row, worth[THROUGHPUT.name], answers, exam, stand, results, killed=killed)
    if suspects and failures and exam.unit.reveal != "nothing":
        with answers.timed("diagnosis"):
            for name, why in diagnose(row, failures, suspects).items():
                needed = why.explained or not results[name].score  # what earns half says why itself
                likely = why.text if needed and why.text else results[name].likely
                results[name] = replace(results[name], likely=likely, misconceptions=why.causes)
    return [results[one.name] for one in asked]


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


def conclude(row: Row, one: Property, worth: float, answered: list[Answered]) -> Result:
    """The verdict on one property from all its cases: a pass needs every one completed and right."""
    judged = [entry.judged for entry in answered]
    result = Result(row.name, one.name, _(one.question), Status.PASSED, worth, worth, cases=len(judged))
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


@dataclass
class Example:
    """Finds the case a failure is shown on.

    Only cases of the public secret are ever shown; where the failure does not show under it, sizes and the
    size of the error are all that is said.

    found: the cases shown for other properties of the task, tried first; simple: what they were simplified to.
    """

    row: Row
    property: Property
    answers: Answers
    exam: Exam
    practice: Exam
    earlier: dict[str, Status]
    found: list[Case]
    simple: dict[tuple[str, Case], Item]

    def public(self, answered: list[Answered]) -> list[Answered]:
        """The answers to the cases that may be shown; none where the same would kill the worker again."""
        failing = [entry for entry in answered if entry.judged.findings]
        if self.exam is self.practice or not failing or failing[0].judged.findings[0].anywhere:
            return answered
        if failing[0].reply.status in KILLED:
            return []
        return self.judge_all(self.practice.items(self.row, self.property.family))

    def shown(self, result: Result, answered: list[Answered], public: list[Answered]) -> Result:
        """The result with message, case and pictures."""
        pictures = Pictures() if self.exam.unit.reveal == "nothing" else Pictures(errors=error_points(answered))
        secret = [entry for entry in answered if entry.judged.findings]
        if not secret:
            return replace(result, pictures=pictures)
        if secret[0].judged.findings[0].anywhere:
            return result
        if not public:  # what ended the worker holds no value of the case; what came before it may
            return result if secret[0].judged.findings[0].ended else self._described(result, secret, pictures)
        failing = [entry for entry in public if entry.judged.findings]
        if not failing:
            return self._described(result, secret, pictures)
        return self._revealed(result, self._smallest(failing, public), pictures)

    def _revealed(self, result: Result, entry: Answered, pictures: Pictures) -> Result:
        """As much of a public case as the unit's policy lets be seen."""
        findings, item = entry.judged.findings, entry.item
        if self.exam.unit.reveal == "nothing":
            return replace(result, message=lines(found.brief for found in findings))
        if self.exam.unit.reveal == "shape":
            note = CaseNote(item.case.sizes, item.options)
            brief = lines(found.brief for found in findings)
            return replace(result, message=brief, case=note, pictures=pictures)
        entry = self._simplified(entry)
        findings = entry.judged.findings
        return replace(
            result,
            message=lines(found.message for found in findings),
            case=self._note(entry, findings[0]),
            pictures=_with_heat(pictures, findings[0]),
        )

    def judge_all(self, items: Sequence[Item]) -> list[Answered]:
        """The submission's answers to these items, and what they say about the property."""
        replies = self.answers.ask([self.property.program(item) for item in items])
        return [
            Answered(item, reply, self.property.check(item, reply, self.earlier))
            for item, reply in zip(items, replies, strict=True)
        ]

    def _smallest(self, failing: list[Answered], answered: list[Answered]) -> Answered:
        """The smallest failing case: shrunk where the cases were drawn, else the smallest there is."""
        best = min(failing, key=lambda entry: count_elements(entry.item.args))
        if failing[0].reply.status in KILLED:
            return failing[0]  # the one that was run: those after it only say that they were not
        if self.property.family in ("edges", "stability"):
            return best
        dtype = failing[0].item.case.dtype
        known = {replace(entry.item.case, dtype="float64"): bool(entry.judged.findings) for entry in answered}
        seed = self.practice.case_seed(self.row)
        found = self._known(dtype) or shrink.smallest(
            self.row, seed, drawn_cases(self.row), known, lambda case: self._fails(case, dtype)
        )
        if found is None:
            return best
        confirmed = self.judge_all([self._item(found, dtype)])[0]
        smaller = count_elements(confirmed.item.args) <= count_elements(best.item.args)
        if not confirmed.judged.findings or not smaller:
            return best
        self.found.append(found)
        return confirmed

    def _known(self, dtype: str) -> Case | None:
        """A case found for another property of the task that this one fails on as well."""
        return next((case for case in self.found if self._fails(case, dtype)), None)

    def _fails(self, case: Case, dtype: str) -> bool:
        return bool(self._quickly(self._item(case, dtype)).judged.findings)

    def _item(self, case: Case, dtype: str) -> Item:
        return Item(self.row, replace(case, dtype=dtype), self.practice.family_seed(self.row, self.property.family))

    def _quickly(self, item: Item) -> Answered:
        """The judgement by norm alone."""
        if not item.usable():
            return Answered(item, Reply("completed"), Judged())
        item.expected.normwise = True
        return self.judge_all([item])[0]

    def _simplified(self, entry: Answered) -> Answered:
        """The same case in simpler numbers, where it fails in the same way."""
        if entry.reply.status in KILLED or self.property.family == "stability":
            return entry
        first = entry.judged.findings[0]

        def alike(one: Answered) -> bool:
            return any(_same_kind(first, found) for found in one.judged.findings[:1])

        key = (self.property.family, entry.item.case)
        if key in self.simple:  # as a rule it does for another gradient of the same task
            confirmed = self.judge_all([_in_full(self.simple[key])])[0]
            if alike(confirmed):
                return confirmed
        found = shrink.simplified(entry.item, lambda item: alike(self._quickly(item)))
        confirmed = self.judge_all([_in_full(found)])[0]
        if not alike(confirmed):
            return entry
        self.simple[key] = found
        return confirmed

    def _note(self, entry: Answered, finding: Finding) -> CaseNote:
        item = entry.item
        upstream = {"d" + name: dout for name, dout in zip(self.row.differentiated, item.douts, strict=True)}
        shows = {} if finding.got is None or finding.wanted is None else {finding.tensor: finding}
        return CaseNote(
            item.case.sizes,
            item.options,
            replay=replay.name(self.row, self.property.name, item.case),
            snippet=replay.snippet(item, self.property.program(item), finding),
            inputs={**item.args, **upstream},
            got={name: found.got for name, found in shows.items()},
            wanted={name: found.wanted for name, found in shows.items()},
        )

    def _described(self, result: Result, failing: list[Answered], pictures: Pictures) -> Result:
        """For a failure that the public cases do not show: where, on which sizes, and how large."""
        entry = min(failing, key=lambda one: count_elements(one.item.args))
        error = entry.judged.findings[0].error
        how = _("the error is {times} times what rounding allows").format(times=f"{error:.2g}")
        where = entry.judged.findings[0].where
        message = _("{where}: fails on a case that is not shown").format(where=where)
        if self.exam.unit.reveal == "nothing":
            return replace(result, message=message)
        message = f"{message}; {how}" if np.isfinite(error) else message
        return replace(result, message=message, case=CaseNote(entry.item.case.sizes), pictures=pictures)


def _in_full(item: Item) -> Item:
    item.expected.normwise = False
    return item


def _same_kind(one: Finding, other: Finding) -> bool:
    """Whether two findings say the same of the same tensor, but for the numbers."""
    return (one.where, one.tensor, one.got is None) == (other.where, other.tensor, other.got is None)


def lines(messages: Iterable[str]) -> str:
    """Messages one a line, each once."""
    return "\n".join(dict.fromkeys(messages))


def error_points(answered: list[Answered]) -> tuple[tuple[int, float], ...]:
    """Size of the case and error of every answer that has one."""
    return tuple(
        (count_elements(entry.item.args), min(entry.judged.error, 1e18)) for entry in answered if entry.judged.error > 0
    )


def _with_heat(pictures: Pictures, finding: Finding) -> Pictures:
    """Add the difference as a matrix, where it is one."""
    got, wanted = finding.got, finding.wanted
    if got is None or wanted is None or got.shape != wanted.shape or got.ndim != 2 or got.size < 2:
        return pictures
    if got.dtype.kind not in "fiu" or not np.isfinite(got).all():
        return pictures
    return replace(pictures, heat=np.abs(np.asarray(got, np.float64) - wanted), heat_label=finding.tensor)
