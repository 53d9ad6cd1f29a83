"""What a class's reports say when they are read together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders.summary.catalogue import title_of
from graders.summary.mistakes import Mistake, mistakes_of
from graders.summary.record import ClassRecord, Student
from graders.verdict import Report, Result, Status

ENOUGH = 20
"""Students below whom a discrimination would be chance."""
BINS = 10
MIB = 1 << 20


@dataclass(frozen=True)
class Spread:
    """Numbers in a few. q1, q3: the quartiles. p90: what nine in ten do not exceed."""

    count: int
    mean: float
    low: float
    q1: float
    median: float
    q3: float
    p90: float
    high: float


@dataclass(frozen=True)
class Bin:
    """How many students have a share of the points from `low` to below `high`, in percent; 100 is in the last."""

    low: int
    high: int
    count: int


@dataclass(frozen=True)
class PropertyLoss:
    """A property that failed. failed: students; judged: of how many. lost: points, on average of those judged."""

    task: str
    name: str
    question: str
    failed: int
    judged: int
    lost: float

    @property
    def share(self) -> float:
        """Of those judged."""
        return self.failed / self.judged


@dataclass(frozen=True)
class Item:
    """A task as a question of a test.

    attempted: students who tried. of: whose work ran at all, and met no fault of ours here. difficulty: mean share
    of its points. discrimination: correlation with the points of all other tasks, of those whose work met no such
    fault anywhere; None where they are too few or all have the same.
    """

    task: str
    max_score: float
    attempted: int
    of: int
    difficulty: float
    discrimination: float | None


@dataclass(frozen=True)
class Step:
    """The attempts of one number: how many there are, and their mean share of the points."""

    number: int
    count: int
    mean: float


@dataclass(frozen=True)
class Progress:
    """What those who handed in again gained. steps: theirs only. paths: shares of the points, attempt by attempt."""

    steps: tuple[Step, ...]
    paths: tuple[tuple[float, ...], ...]
    better: int
    same: int
    worse: int
    gain: float


@dataclass(frozen=True)
class Costs:
    """What grading took.

    seconds: a submission. phases: mean seconds by phase, the longest first. memory: MiB that a submission's worker held
    at most; None where nobody could see.
    """

    seconds: Spread
    phases: tuple[tuple[str, float], ...]
    memory: Spread | None = None


@dataclass(frozen=True)
class Analysis:
    """All of it.

    unread: students whose counted work could not be run. faults: those with a fault of the grader's own in it, whose
    score nobody knows; scores, bins, full, unread and progress are of the others. scores: None where there are none.
    """

    record: ClassRecord
    title: str
    max_score: float
    scores: Spread | None
    bins: tuple[Bin, ...]
    full: int
    unread: int
    faults: int
    properties: tuple[PropertyLoss, ...]
    mistakes: tuple[Mistake, ...]
    items: tuple[Item, ...]
    progress: Progress | None
    costs: Costs

    def name_of(self, key: str) -> str:
        """What a mistake is called: its label, or its words where it is in no catalogue."""
        found = next(one for one in self.mistakes if one.key == key)
        return found.label or found.words


def analyse(record: ClassRecord) -> Analysis:
    """Read a class."""
    counted = [student.counted.report for student in record.students]
    most = max(report.max_score for report in counted)
    running = [report for report in counted if not report.problem]
    sound = [report for report in counted if not report.faulty]
    return Analysis(
        record,
        title_of(record.unit, counted[0].title),
        most,
        spread([earned(report) for report in sound]) if sound else None,
        bins_of(share(report) for report in sound),
        sum(full(report) for report in sound),
        sum(bool(report.problem) for report in sound),
        len(counted) - len(sound),
        properties_of(running),
        mistakes_of(record),
        items_of(running),
        progress_of(record.students),
        costs_of(record),
    )


def share(report: Report) -> float:
    """Score of what there was to be had, from 0 to 1."""
    return min(1.0, earned(report) / report.max_score) if report.max_score else 0.0


def earned(report: Report) -> float:
    """The points that count before lateness; where a lower score waits for a person, those of the earlier grading."""
    return report.standing.earned if report.standing else report.score


def full(report: Report) -> bool:
    """Whether they are all that was to be had without bonus."""
    return not report.problem and round(earned(report) - report.bonus_score, 2) >= report.max_score


def spread(numbers: Sequence[float]) -> Spread:
    """The numbers in a few; at least one."""
    low, q1, median, q3, p90, high = np.percentile(numbers, [0, 25, 50, 75, 90, 100]).tolist()
    return Spread(len(numbers), float(np.mean(numbers)), low, q1, median, q3, p90, high)


def bins_of(shares: Iterable[float]) -> tuple[Bin, ...]:
    """The shares counted in tenths."""
    counts = Counter(min(int(one * BINS + 1e-9), BINS - 1) for one in shares)
    return tuple(Bin(100 * place // BINS, 100 * (place + 1) // BINS, counts[place]) for place in range(BINS))


def lost(result: Result) -> float:
    """Points lost on a property; a fault of the grader's costs none."""
    return 0.0 if result.status is Status.ERROR else result.max_score - result.score


def properties_of(reports: Sequence[Report]) -> tuple[PropertyLoss, ...]:
    """The properties that failed for somebody, those of most students first."""
    judged: dict[tuple[str, str], list[Result]] = {}
    for report in reports:
        for result in report.results:
            if result.status in (Status.PASSED, Status.FAILED):
                judged.setdefault((result.task, result.property), []).append(result)
    found = [
        PropertyLoss(task, name, results[0].question, failed, len(results), mean_loss(results))
        for (task, name), results in judged.items()
        if (failed := sum(one.status is Status.FAILED for one in results))
    ]
    return tuple(sorted(found, key=lambda one: (-one.failed, -one.lost, one.task, one.name)))


def mean_loss(results: Sequence[Result]) -> float:
    """Points lost on a property, on average."""
    return float(np.mean([lost(result) for result in results]))


def items_of(reports: Sequence[Report]) -> tuple[Item, ...]:
    """Difficulty and discrimination of every task that is worth something, in the unit's order.

    Where the grader failed at a task, nobody knows what it would have earned: for that task, the report is none.
    """
    names = dict.fromkeys(result.task for report in reports for result in report.results)
    tasks = [report.tasks() for report in reports]
    scores = np.array([[earned_on(own.get(name, ())) for name in names] for own in tasks]).reshape(
        len(reports), len(names)
    )
    known = ~np.isnan(scores)
    sound = scores[known.all(axis=1)]
    found = []
    for place, name in enumerate(names):
        judged = [own.get(name, ()) for own, there in zip(tasks, known[:, place], strict=True) if there]
        most = max((round(sum(one.max_score for one in results), 6) for results in judged), default=0.0)
        if not most:
            continue
        tried = sum(any(one.status is not Status.SKIPPED for one in results) for results in judged)
        easy = float(np.mean(scores[known[:, place], place]) / most)
        tells = discrimination(sound[:, place], sound.sum(axis=1) - sound[:, place])
        found.append(Item(name, most, tried, len(judged), easy, tells))
    return tuple(found)


def earned_on(results: Sequence[Result]) -> float:
    """What a task earned; not a number where a fault of the grader's own is among its results."""
    return math.nan if any(one.status is Status.ERROR for one in results) else sum(one.score for one in results)


def discrimination(item: NDArray[np.float64], rest: NDArray[np.float64]) -> float | None:
    """Corrected item-total correlation: the rest is the total without the item."""
    if len(item) < ENOUGH or np.ptp(item) < 1e-9 or np.ptp(rest) < 1e-9:
        return None
    return float(np.corrcoef(item, rest)[0, 1])


def progress_of(students: Sequence[Student]) -> Progress | None:
    """What handing in again brought; None where nobody did. An attempt with a fault of the grader's own is left out."""
    paths = [
        tuple(share(attempt.report) for attempt in student.attempts if not attempt.report.faulty)
        for student in students
    ]
    again = [path for path in paths if len(path) > 1]
    if not again:
        return None
    longest = max(map(len, again))
    numbered = [[path[place] for path in again if len(path) > place] for place in range(longest)]
    steps = tuple(Step(place, len(own), float(np.mean(own))) for place, own in enumerate(numbered, start=1))
    gains = [round(path[-1] - path[0], 6) for path in again]
    better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    return Progress(steps, tuple(again), better, len(again) - better - worse, worse, float(np.mean(gains)))


def costs_of(record: ClassRecord) -> Costs:
    """The time and the memory of every submission."""
    reports, phases = record.reports, dict[str, float]()
    for report in reports:
        for name, seconds in report.timings.items():
            phases[name] = phases.get(name, 0.0) + seconds / len(reports)
    ordered = tuple(sorted(phases.items(), key=lambda one: -one[1]))
    memory = [report.memory / MIB for report in reports if report.memory]
    return Costs(spread([report.seconds for report in reports]), ordered, spread(memory) if memory else None)
