"""What a failure is shown on: the smallest case that fails, in simple numbers, and the mistake that explains it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from graders import follow_through, replay, shrink
from graders.answers import KILLED, Answers
from graders.cases import Case, count_elements
from graders.diagnosis import Answered, Failure, diagnose
from graders.exam import Exam, drawn_cases
from graders.i18n import _
from graders.oracle import leaves
from graders.properties.base import Finding, Item, Judged, Property
from graders.sandbox.program import Reply
from graders.specs.row import Row
from graders.suspects import Suspects
from graders.verdict import CaseNote, Pictures, Result, Status

TRIES = 160
"""Smaller and simpler cases that a submission is asked, for all its failed tasks together: a report takes its time, but
however much is wrong, not for ever. One mistake needs 20 to 60."""


@dataclass(frozen=True)
class Open:
    """A failed property that has not been explained yet.

    earlier: the verdicts that it was judged by. result: its verdict. followed: whether following through earned half.
    """

    property: Property
    answered: list[Answered]
    earlier: dict[str, Status]
    result: Result
    followed: bool = False


def explained(
    row: Row,
    failed: Iterable[Open],
    answers: Answers,
    exam: Exam,
    practice: Exam | None,
    suspects: Suspects | None,
    trials: Trials,
) -> dict[str, Result]:
    """The results of a row's failed properties with the case they are shown on and the likely cause, by property.

    Args:
        practice: the exam whose cases may be shown; without it, none is looked for.
        suspects: the known mistakes; without them, none is named.
        trials: where it is kept which smaller and simpler cases were asked, and how many more may be.
    """
    results: dict[str, Result] = {}
    failures: dict[str, Failure] = {}
    answers.session.fresh()
    for one in failed:
        name = one.property.name
        example = Example(row, one.property, answers, exam, practice or exam, one.earlier, trials)
        with answers.timed("shrinking"):
            public = example.public(one.answered)
            failures[name] = Failure(one.property, public, one.earlier, example.judge_all)
            shown = example.shown(one.result, one.answered, public) if practice else one.result
        results[name] = follow_through.half(shown) if one.followed else shown
    if suspects and failures and exam.unit.reveal != "nothing":
        with answers.timed("diagnosis"):
            return results | named(row, results, failures, suspects)
    return results


def named(
    row: Row, results: Mapping[str, Result], failures: Mapping[str, Failure], suspects: Suspects
) -> dict[str, Result]:
    """The results, each with what explains it."""
    told: dict[str, Result] = {}
    for name, why in diagnose(row, failures, suspects).items():
        needed = why.explained or not results[name].score  # what earns half says why itself
        likely = why.text if needed and why.text else results[name].likely
        told[name] = replace(results[name], likely=likely, misconceptions=why.causes)
    return told


@dataclass
class Trials:
    """The smaller and simpler cases that a submission was asked for one task, each once for all of its properties.

    left: how many more may be. public: the replies to those cases of a family that may be shown. found: the cases shown
    for other properties, tried first. simple: what they were simplified to. items: made of drawn cases. asked: what was
    asked and came back, by its numbers.
    """

    left: int
    public: dict[str, list[Reply]] = field(default_factory=dict)
    found: list[Case] = field(default_factory=list)
    simple: dict[tuple[str, Case], Item] = field(default_factory=dict)
    items: dict[tuple[str, Case], Item] = field(default_factory=dict)
    asked: dict[tuple[Hashable, ...], tuple[Item, Reply]] = field(default_factory=dict)


@dataclass
class Example:
    """Finds the case a failure is shown on.

    Only cases of the public secret are ever shown; where the failure does not show under it, sizes and the
    size of the error are all that is said.
    """

    row: Row
    property: Property
    answers: Answers
    exam: Exam
    practice: Exam
    earlier: dict[str, Status]
    trials: Trials

    def public(self, answered: list[Answered]) -> list[Answered]:
        """The answers to the cases that may be shown; none where the same would kill the worker again."""
        failing = [entry for entry in answered if entry.judged.findings]
        if self.exam is self.practice or not failing or failing[0].judged.findings[0].anywhere:
            return answered
        if failing[0].reply.status in KILLED:
            return []
        family = self.property.family
        items = self.practice.items(self.row, family)
        if family not in self.trials.public:  # its other properties are judged by the same replies
            self.trials.public[family] = self.answers.ask(self.practice.asked(self.row, self.property))
        return self._judged(items, self.trials.public[family])

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
        return self._judged(items, self.answers.ask([self.property.program(item) for item in items]))

    def _judged(self, items: Sequence[Item], replies: Sequence[Reply]) -> list[Answered]:
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
        self.trials.found.append(found)
        return confirmed

    def _known(self, dtype: str) -> Case | None:
        """A case found for another property of the task that this one fails on as well."""
        return next((case for case in self.trials.found if self._fails(case, dtype)), None)

    def _fails(self, case: Case, dtype: str) -> bool:
        return bool(self._quickly(self._item(case, dtype)).judged.findings)

    def _item(self, case: Case, dtype: str) -> Item:
        key = self.property.family, replace(case, dtype=dtype)
        if key not in self.trials.items:
            seed = self.practice.family_seed(self.row, self.property.family)
            self.trials.items[key] = Item(self.row, key[1], seed)
        return self.trials.items[key]

    def _quickly(self, item: Item) -> Answered:
        """The judgement by norm alone; nothing is wrong with a case that may not be asked any more."""
        key = (self.property.family, item.case, *_numbers(item))
        if key not in self.trials.asked:
            if not self.trials.left or not item.usable():
                return Answered(item, Reply("completed"), Judged())
            self.trials.left -= 1
            (reply,) = self.answers.ask([self.property.program(item)])
            self.trials.asked[key] = item, reply
        item, reply = self.trials.asked[key]
        with item.expected.by_norm():
            return Answered(item, reply, self.property.check(item, reply, self.earlier))

    def _simplified(self, entry: Answered) -> Answered:
        """The same case in simpler numbers, where it fails in the same way."""
        if entry.reply.status in KILLED or self.property.family == "stability":
            return entry
        first = entry.judged.findings[0]

        def alike(one: Answered) -> bool:
            return any(_same_kind(first, found) for found in one.judged.findings[:1])

        key = (self.property.family, entry.item.case)
        if key in self.trials.simple:  # as a rule it does for another gradient of the same task
            confirmed = self.judge_all([self.trials.simple[key]])[0]
            if alike(confirmed):
                return confirmed
        found = shrink.simplified(entry.item, lambda item: alike(self._quickly(item)))
        confirmed = self.judge_all([found])[0]
        if not alike(confirmed):
            return entry
        self.trials.simple[key] = found
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


def _numbers(item: Item) -> Iterator[bytes]:
    """What tells an item from others of the same case."""
    for array in (*(leaf for value in item.args.values() for leaf in leaves(value)), *item.douts):
        yield np.asarray(array).tobytes()


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
