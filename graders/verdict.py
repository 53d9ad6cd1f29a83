"""What a grading ends in: one Result a property of a task, gathered in a Report."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.policy import Policy


class Status(enum.StrEnum):
    """The four ends of a property."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not judged: not attempted, or what it depends on is missing, which earns nothing; or it cannot be judged here,
    which costs nothing."""
    ERROR = "error"
    """The grader's own fault: no points are lost, and somebody must look."""


@dataclass(frozen=True)
class CaseNote:
    """The case a failure is shown on, as far as the unit's reveal policy allows.

    `replay` is the name under which `backcheck replay` finds it ("" when it is not stored). `inputs`, `got`
    and `wanted` hold arrays by name, and are empty when the policy keeps them. `snippet` is Python that makes
    the failing calls, given the submission's functions.
    """

    axes: Mapping[str, int]
    options: Mapping[str, Any] = field(default_factory=dict)
    replay: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    got: Mapping[str, Any] = field(default_factory=dict)
    wanted: Mapping[str, Any] = field(default_factory=dict)
    snippet: str = ""

    def __str__(self) -> str:
        """`N=3 D=1 M=2 reduction=sum`, as messages print it."""
        pairs = [f"{name}={size}" for name, size in self.axes.items()]
        return " ".join(pairs + [f"{name}={value}" for name, value in self.options.items()])


@dataclass(frozen=True)
class Speed:
    """CPU time of the submission over that of the plain reference, with its 99 % interval and the limits.

    full, part: ratios up to which all points, or part of them, are earned. reference, submission: milliseconds a run
    of the task. overhead: share of the reference's request that nothing at all costs; it has been taken off both.
    rounds: pairs measured. extended: whether a limit lay in the interval of the first ones. indicative: measured
    where it does not count.
    """

    ratio: float
    low: float
    high: float
    full: float
    part: float
    reference: float
    submission: float
    overhead: float
    rounds: int
    extended: bool
    indicative: bool = False


@dataclass(frozen=True)
class Pictures:
    """Data people would rather look at than read; reports draw what is there.

    errors: one (size, error) pair a case: elements in the case, error as a multiple of what is allowed.
    heat: (rows, columns) float, |got - wanted| of the tensor that failed on the case shown.
    curve: (epochs,) float, the training curve the submission returned; `curve_label` names it.
    speed: how fast the submission is beside the reference.
    """

    errors: tuple[tuple[int, float], ...] = ()
    heat: NDArray[np.float64] | None = None
    heat_label: str = ""
    curve: NDArray[np.float64] | None = None
    curve_label: str = ""
    speed: Speed | None = None


@dataclass(frozen=True)
class Result:
    """The verdict on one property of one task."""

    task: str
    property: str
    """Short name: "shape", "forward", "gradient", ..."""
    question: str
    """What was asked, one sentence a student reads: the property's docstring."""
    status: Status
    score: float
    max_score: float
    message: str = ""
    """Where, got, wanted; several lines when several things are wrong. Empty when passed."""
    case: CaseNote | None = None
    likely: str = ""
    """The likely cause, when one fits."""
    misconceptions: tuple[str, ...] = ()
    """Labels of the known mistakes that explain it, "affine__db_mean", the likeliest first."""
    depends_on: str = ""
    """The property this one follows from, when it was not judged for that reason."""
    cases: int = 0
    """How many cases were completed and judged."""
    pictures: Pictures = field(default_factory=Pictures)


@dataclass(frozen=True)
class Note:
    """Something worth knowing that costs nothing: a skipped cell, a warning, what was printed."""

    kind: str
    """"skipped" | "warning" | "output" | "sandbox"."""
    message: str


@dataclass(frozen=True)
class Standing:
    """What a course's policy makes of an attempt.

    attempt, attempts: its number, and how many there are. received: ISO 8601, "" where not known. days_late: begun days
    count whole; None where not known. earned: its points. penalty: what being late costs of them. counts: whether this
    attempt is the one that counts; counted: the number of the one that does. words: all this, for
    who handed it in.
    """

    attempt: int
    attempts: int
    received: str
    days_late: int | None
    earned: float
    penalty: float
    counts: bool = True
    counted: int = 1
    words: tuple[str, ...] = ()

    @property
    def final(self) -> float:
        """What is left of the points, to two decimals."""
        return round(self.earned - self.penalty, 2)


@dataclass(frozen=True)
class Report:
    """Everything about one graded submission; reports are views of it."""

    unit: str
    title: str
    submission: str
    """A short name, the file's or the folder's."""
    path: str
    results: tuple[Result, ...]
    notes: tuple[Note, ...] = ()
    problem: str = ""
    """Why nothing could be graded: missing file, syntax error, ... ("" otherwise)."""
    sandbox: str = ""
    isolated: bool = True
    fingerprint: str = ""
    """Of the submission's bytes: the first 16 hex digits of their SHA-256."""
    secret: str = ""
    """Fingerprint of the secret the cases came from: "public" or 8 hex digits."""
    reveal: str = "case"
    versions: Mapping[str, str] = field(default_factory=dict)
    started: str = ""
    """ISO 8601, UTC."""
    seconds: float = 0.0
    timings: Mapping[str, float] = field(default_factory=dict)
    memory: int = 0
    """Bytes that a worker with the submission held at most, as the kernel counts; 0 where nobody could see."""
    optional: tuple[str, ...] = ()
    """Tasks that are worth nothing; their results have 0 of 0 points."""
    bonus: tuple[str, ...] = ()
    """Tasks whose points come on top: in the score, not in what is to be had."""
    policy: Policy = field(default_factory=Policy)
    """What the unit was graded by."""
    rules: tuple[str, ...] = ()
    """The course's policy, a sentence a rule."""
    standing: Standing | None = None
    """Where attempts and times are known."""

    @property
    def score(self) -> float:
        """Points earned, bonus included, to two decimals."""
        return round(sum(result.score for result in self.results), 2)

    @property
    def max_score(self) -> float:
        """Points to be had without bonus, to two decimals."""
        return round(sum(result.max_score for result in self.results if result.task not in self.bonus), 2)

    @property
    def bonus_score(self) -> float:
        """What of the score is bonus, to two decimals."""
        return round(sum(result.score for result in self.results if result.task in self.bonus), 2)

    @property
    def final(self) -> float:
        """The score, less what being late costs."""
        return self.standing.final if self.standing else self.score

    @property
    def faulty(self) -> bool:
        """True when a fault of the grader's own is among the results."""
        return any(result.status is Status.ERROR for result in self.results)

    @property
    def passed(self) -> bool:
        """True when the submission was graded and every point earned."""
        return not self.problem and not self.faulty and round(self.score - self.bonus_score, 2) >= self.max_score

    def tasks(self) -> dict[str, list[Result]]:
        """The results by task, in the unit's order."""
        grouped: dict[str, list[Result]] = {}
        for result in self.results:
            grouped.setdefault(result.task, []).append(result)
        return grouped


class GraderError(Exception):
    """A fault of the grader's own; never the student's zero."""
