"""Proof of the graders: right variants keep full marks, wrong ones lose what their mistake breaks, stubs score 0."""

from __future__ import annotations

import hashlib
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from graders.exam import Exam
from graders.grade import Line, grade
from graders.intake.submission import Submission
from graders.misconceptions import all_chaffs
from graders.misconceptions.variant import Chaff, Variant, rows
from graders.properties import properties
from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Limits, Piece
from graders.sandbox.reused import Reused
from graders.sandbox.session import Session
from graders.secrets import PUBLIC, Secret
from graders.specs import find_unit, unit_names
from graders.specs.unit import Unit
from graders.suspects import Suspects
from graders.verdict import Report, Result, Status
from graders.wheats import all_wheats

Kind = Literal["chaff", "wheat", "stub"]
DIAGNOSED = 0.95
"""The share of chaffs whose mistake must be named."""


@dataclass(frozen=True)
class Trial:
    """One thing to grade: a chaff or wheat by its place in the list, or the stub of a unit, under a secret."""

    kind: Kind
    index: int
    run: int = 0


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    right: whether it ended as it must. failed: the properties that were lost. message: of the
    first of them. diagnosed: whether a chaff was named as what explains the loss of its killer. misnamed: chaffs that
    were named instead of it, or beside it as the same, though other cases tell them apart. hidden: whether a wheat that
    failed has full marks on the public cases, so that its author could not have known. faulty: whether a
    fault of ours kept it from being judged.
    """

    trial: Trial
    right: bool
    unit: str
    name: str
    failed: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    message: str = ""
    diagnosed: bool = False
    misnamed: tuple[str, ...] = ()
    hidden: bool = False
    faulty: bool = False

    @property
    def killed(self) -> bool:
        """Whether a chaff lost the property that it names as its killer."""
        return self.wanted[:1] == tuple(one for one in self.failed if one in self.wanted[:1])


@dataclass
class Audit:
    """All outcomes, and what follows from them."""

    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    def of(self, kind: Kind) -> list[Outcome]:
        """The outcomes of one kind."""
        return [outcome for outcome in self.outcomes if outcome.trial.kind == kind]

    @property
    def diagnosed(self) -> list[Outcome]:
        """The chaffs that were named."""
        return [outcome for outcome in self.of("chaff") if outcome.diagnosed]

    @property
    def misdiagnosed(self) -> list[Outcome]:
        """The chaffs for which another mistake was named, that is not the same."""
        return [outcome for outcome in self.of("chaff") if outcome.misnamed]

    @property
    def check_only(self) -> list[Outcome]:
        """The wheat runs that lost points under a secret, though `check` gives the wheat full marks."""
        return [outcome for outcome in self.of("wheat") if outcome.hidden]

    @property
    def idle(self) -> list[str]:
        """Kinds of property ("gradient" for that of every argument) of these units that are no chaff's killer."""
        units = {outcome.unit for outcome in self.outcomes}
        inside = [row for unit, row in rows().values() if unit.name in units]
        asked = {one.name.partition(" ")[0] for row in inside for one in properties(row)}
        return sorted(asked - {chaff.killer.partition(" ")[0] for chaff in all_chaffs()})

    @property
    def wrong(self) -> list[Outcome]:
        """The trials that did not end as they must."""
        return [outcome for outcome in self.outcomes if not outcome.right]

    @property
    def passed(self) -> bool:
        """True when every trial ended as it must, every kind of property kills something, and diagnoses are right."""
        enough = len(self.diagnosed) >= DIAGNOSED * len(self.of("chaff"))
        return not self.wrong and not self.idle and not self.misdiagnosed and enough

    def by_unit(self) -> dict[str, tuple[int, int, int, int, int]]:
        """By unit: chaffs, those killed, those that lose exactly what they should, wheat runs, false failures."""
        table: dict[str, tuple[int, int, int, int, int]] = {}
        for name in unit_names():
            mine = [one for one in self.outcomes if one.unit == name]
            chaffs = [one for one in mine if one.trial.kind == "chaff"]
            wheats = [one for one in mine if one.trial.kind == "wheat"]
            if mine:
                exact, wrong = sum(one.right for one in chaffs), sum(not one.right for one in wheats)
                table[name] = (len(chaffs), sum(one.killed for one in chaffs), exact, len(wheats), wrong)
        return table

    def summary(self) -> dict[str, Any]:
        """The figures and the lists, for --json."""
        chaffs, wheats = self.of("chaff"), self.of("wheat")
        return {
            "chaffs": len(chaffs),
            "killed": sum(one.killed for one in chaffs),
            "exact": sum(one.right for one in chaffs),
            "wheats": len({one.name for one in wheats}),
            "wheat_runs": len(wheats),
            "false_failures": sum(not one.right for one in wheats),
            "stubs": len(self.of("stub")),
            "diagnosed": len(self.diagnosed),
            "misdiagnosed": len(self.misdiagnosed),
            "seconds": round(self.seconds, 1),
            "wrong": [
                {
                    "kind": one.trial.kind,
                    "name": one.name,
                    "run": one.trial.run,
                    "failed": one.failed,
                    "wanted": one.wanted,
                    "message": one.message,
                }
                for one in self.wrong
            ],
            "not_diagnosed": [one.name for one in self.of("chaff") if not one.diagnosed],
            "wrong_names": [{"name": one.name, "named": one.misnamed} for one in self.misdiagnosed],
            "full_marks_under_check_only": [{"name": one.name, "run": one.trial.run} for one in self.check_only],
            "properties_without_chaff": self.idle,
        }


def trials(unit: str | None, runs: int) -> Iterator[Trial]:
    """Every chaff and stub, and as many wheat runs, each under a secret of its own; of one unit or of all."""
    inside = {name for name, (owner, _row) in rows().items() if unit in (None, owner.name)}
    yield from (Trial("chaff", index) for index, chaff in enumerate(all_chaffs()) if chaff.row in inside)
    yield from (Trial("stub", index) for index, name in enumerate(unit_names()) if unit in (None, name))
    wheats = [index for index, wheat in enumerate(all_wheats()) if wheat.row in inside]
    yield from (Trial("wheat", wheats[run % len(wheats)], run + 1) for run in range(runs if wheats else 0))


def batches(wanted: Sequence[Trial]) -> list[list[Trial]]:
    """The trials, those of a chaff's row and those of a wheat together: they have cases, or a sandbox, in common."""
    grouped: dict[tuple[str, str], list[Trial]] = {}
    for trial in wanted:
        shared = all_chaffs()[trial.index].row if trial.kind == "chaff" else str(trial.index)
        grouped.setdefault((trial.kind, shared), []).append(trial)
    return list(grouped.values())


class Auditor:
    """Carries out trials in this process, on cases drawn once a unit and secret."""

    def __init__(self, sandbox: str = "auto", backend: Backend | None = None) -> None:
        self.backend = backend or open_backend(sandbox, Limits())
        self.public = {name: Exam(find_unit(name), PUBLIC) for name in unit_names()}
        self.suspects = {name: Suspects(exam, self.backend) for name, exam in self.public.items()}
        # Other cases, on which mistakes that the public ones do not tell apart have to be the same, too.
        self.others = {name: Suspects(Exam(find_unit(name), secret_of(0)), self.backend) for name in unit_names()}

    def batch(self, trials: Sequence[Trial]) -> list[Outcome]:
        """What comes of trials of one batch; one that a fault of ours ends is tried once more.

        A machine that was too busy to start a sandbox says nothing of the graders; what fails twice is theirs.
        """
        outcomes = self._judged(trials)
        return [self._judged([one.trial])[0] if one.faulty else one for one in outcomes]

    def _judged(self, trials: Sequence[Trial]) -> list[Outcome]:
        """What came of trials; when judging them fails, that they were not judged, and why."""
        try:
            if trials[0].kind == "wheat":
                return self.wheats(trials, all_wheats()[trials[0].index])
            return [self(trial) for trial in trials]
        except Exception as fault:  # one trial must not end an audit of hours
            return [self._unjudged(trial, fault) for trial in trials]

    def _unjudged(self, trial: Trial, fault: Exception) -> Outcome:
        """A trial that a fault of ours ended."""
        message = f"{type(fault).__name__}: {fault}"
        if trial.kind == "stub":
            unit = unit_names()[trial.index]
            return Outcome(trial, False, unit, f"{unit}__stub", message=message, faulty=True)
        variant = all_chaffs()[trial.index] if trial.kind == "chaff" else all_wheats()[trial.index]
        return Outcome(trial, False, rows()[variant.row][0].name, variant.label, message=message, faulty=True)

    def __call__(self, trial: Trial) -> Outcome:
        """What comes of a trial."""
        if trial.kind == "chaff":
            return self.chaff(trial, all_chaffs()[trial.index])
        if trial.kind == "wheat":
            return self.wheat(trial, all_wheats()[trial.index])
        return self.stub(trial, find_unit(unit_names()[trial.index]))

    def chaff(self, trial: Trial, chaff: Chaff) -> Outcome:
        """A wrong variant fails its killer and what follows from it, and nothing else."""
        unit, wanted = rows()[chaff.row][0].name, (chaff.killer, *chaff.also)
        try:
            report = self._graded(chaff, self.public[unit], self.suspects[unit])
        except ValueError as fault:  # an edit no longer fits the reference
            return Outcome(trial, False, unit, chaff.label, (), wanted, str(fault))
        failed = lost(report.results)
        ours = [result for result in report.results if result.status is Status.ERROR]  # a fault of ours hides a chaff
        told = [*ours, *(result for result in report.results if result.property == chaff.killer)]
        first = told[0].message if told else report.problem
        right = set(failed) == chaff.fails
        named = {result.property: result.misconceptions for result in report.results}
        diagnosed = chaff.label in named.get(chaff.killer, ())
        misnamed = self._misnamed(chaff, unit, named)
        return Outcome(
            trial, right, unit, chaff.label, failed, wanted, first, diagnosed, misnamed, faulty=report.faulty
        )

    def _misnamed(self, chaff: Chaff, unit: str, named: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """The mistakes named for a chaff that are not the same as it: on other cases they do not explain it."""
        if not any(set(labels) - {chaff.label} for labels in named.values()):
            return ()
        report = self._graded(chaff, self.others[unit].exam, self.others[unit])
        again = {result.property: result.misconceptions for result in report.results}
        wrong = (label for one, labels in named.items() for label in labels if label not in again.get(one, ()))
        return tuple(dict.fromkeys(label for label in wrong if label != chaff.label))

    def wheat(self, trial: Trial, wheat: Variant) -> Outcome:
        """A right variant has full marks, whatever the cases."""
        return self.wheats([trial], wheat)[0]

    def wheats(self, trials: Sequence[Trial], wheat: Variant) -> list[Outcome]:
        """The same on the cases of several secrets, in one sandbox: a worker of its own for each."""
        unit, row = rows()[wheat.row]
        outcomes: list[Outcome] = []
        with Session(self.backend, wheat.submission.pieces, row.functions) as session:
            problem = session.load().problem
            for trial in trials:
                exam = Exam(unit, secret_of(trial.run))
                results = [] if problem else list(Line(session, exam).run([row]))
                wrong = [result for result in results if result.status is not Status.PASSED]
                message = wrong[0].message if wrong else problem
                right = bool(results) and not wrong
                failed = tuple(one.property for one in wrong)
                hidden = not right and not lost(self._graded(wheat, self.public[unit.name]).results)
                faulty = any(result.status is Status.ERROR for result in wrong)
                outcome = Outcome(trial, right, unit.name, wheat.label, failed, message=message, hidden=hidden)
                outcomes.append(replace(outcome, faulty=faulty))
        return outcomes

    def stub(self, trial: Trial, unit: Unit) -> Outcome:
        """A stub scores nothing, and reads "not attempted"."""
        from graders.course.stub import stub_source

        submission = Submission("stub", unit.file, (Piece("", stub_source(unit)),), "stub")
        report = grade(submission, self.public[unit.name], self.backend, explain=False)
        right = report.score == 0 and all(result.message == "not attempted" for result in report.results)
        message = "" if right else report.problem or f"{report.score:g} points for a stub"
        return Outcome(trial, right, unit.name, f"{unit.name}__stub", message=message, faulty=report.faulty)

    def _graded(self, variant: Variant, exam: Exam, suspects: Suspects | None = None) -> Report:
        tasks = frozenset({variant.row})
        return grade(variant.submission, exam, self.backend, tasks=tasks, explain=False, suspects=suspects)


def lost(results: Sequence[Result]) -> tuple[str, ...]:
    """The properties that failed, in order; those that were not judged because of them do not count."""
    return tuple(result.property for result in results if result.status is Status.FAILED)


def secret_of(run: int) -> Secret:
    """The secret of a wheat run: another one for every run."""
    return Secret(hashlib.sha256(f"backcheck audit, run {run}".encode()).digest())


_auditor: Auditor | None = None


def _start(sandbox: str) -> None:
    global _auditor
    _auditor = Auditor(backend=Reused(open_backend(sandbox, Limits())))


def _carry_out(trials: Sequence[Trial]) -> list[Outcome]:
    assert _auditor is not None
    return _auditor.batch(trials)


def audit(
    unit: str | None,
    runs: int,
    *,
    sandbox: str = "auto",
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Audit:
    """Carry out all trials, several processes at a time."""
    result, start = Audit(), time.perf_counter()
    wanted = list(trials(unit, runs))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start, (sandbox,)) as pool:
        for future in as_completed([pool.submit(_carry_out, batch) for batch in batches(wanted)]):
            result.outcomes += future.result()
            progress(len(result.outcomes), len(wanted))
    result.outcomes.sort(key=lambda outcome: (outcome.trial.kind, outcome.trial.index, outcome.trial.run))
    result.seconds = time.perf_counter() - start
    return result
