"""Known mistakes of a class: how many students made each, who mended it, and one example of what it looks like."""

from __future__ import annotations

from dataclasses import dataclass

from graders.i18n import _, misconception
from graders.summary.catalogue import UNEXPLAINED, known_words
from graders.summary.mask import Mask, mask_of
from graders.summary.record import ClassRecord, Student
from graders.verdict import Report, Result, Status


@dataclass(frozen=True)
class Example:
    """What the mistake looks like in a report, without a name. case: "N=3 D=1 M=2"."""

    property: str
    message: str
    case: str


@dataclass(frozen=True)
class Mistake:
    """A mistake that the reports could name.

    label: in the catalogue of known mistakes, "" for one that is not in it. words: what it is, in the language in use.
    students: how many made it in any attempt. mended: how many of them later handed in work that passes where it was
    seen.
    """

    key: str
    label: str
    task: str
    words: str
    students: int
    mended: int
    example: Example

    @property
    def still(self) -> int:
        """How many have not got rid of it, as far as anybody knows: what could not be graded mends nothing."""
        return self.students - self.mended


def mistakes_of(record: ClassRecord) -> tuple[Mistake, ...]:
    """The mistakes of a class, those of most students first."""
    made: dict[str, list[tuple[Student, Result]]] = {}
    for student in record.students:
        for attempt in student.attempts:
            for result in attempt.report.results:
                if explained(result):
                    made.setdefault(key(result), []).append((student, result))
    mask, catalogue = mask_of(record), known_words()
    found = []
    for one, places in made.items():
        makers = {student.pseudonym: (student, result) for student, result in places}
        mended = sum(passes(student, result) for student, result in makers.values())
        results = [result for _student, result in places]
        label = results[0].misconceptions[0] if results[0].misconceptions else ""
        words = misconception(catalogue[label]) if label in catalogue else mask(_(results[0].likely))
        found.append(Mistake(one, label, results[0].task, words, len(makers), mended, plainest(results, mask)))
    return tuple(sorted(found, key=lambda one: (-one.students, -one.still, one.key)))


def passes(student: Student, shown: Result) -> bool:
    """Whether a student's last work that was judged on what a result is about passes it."""
    where = (shown.task, shown.property)
    judged = [
        one
        for attempt in student.attempts
        for one in attempt.report.results
        if (one.task, one.property) == where and one.status in (Status.PASSED, Status.FAILED)
    ]
    return judged[-1].status is Status.PASSED


def explained(result: Result) -> bool:
    """Whether the report says why it failed."""
    return bool(result.misconceptions) or result.likely not in ("", *UNEXPLAINED)


def key(result: Result) -> str:
    """What tells a mistake from others: its label, or, where it is in no catalogue, its task and what is said of it."""
    return result.misconceptions[0] if result.misconceptions else f"{result.task}: {result.likely}"


def keys(report: Report) -> tuple[str, ...]:
    """The mistakes named in a report, the likeliest of each result, none twice."""
    return tuple(dict.fromkeys(key(one) for one in report.results if explained(one)))


def plainest(results: list[Result], mask: Mask) -> Example:
    """The shortest of what the reports say of it, on the smallest case."""
    examples = [Example(one.property, mask(one.message), str(one.case or "")) for one in results]
    return min(examples, key=lambda one: (not one.message, len(one.message), len(one.case), one.message, one.case))
