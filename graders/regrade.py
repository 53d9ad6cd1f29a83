"""A class graded again, shown as a difference before anything of it counts.

What comes out is put beside the scores that count, as proposals: a person lets all of them count, or none. So what is
confirmed is what was shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from graders.gradebook.book import DROP, Gradebook, Place
from graders.gradebook.decisions import decide
from graders.gradebook.difference import Change, changes
from graders.gradebook.record import Circumstances, find_work, put
from graders.gradebook.schema import Grading, State
from graders.gradebook.scores import lines
from graders.policy import Policy
from graders.report.from_json import from_json
from graders.verdict import Report

Grade = Callable[[Sequence[Path]], Iterator[tuple[Path, Report]]]
"""Grades submissions, in the order in which they are ready."""


@dataclass(frozen=True)
class Move:
    """A submission whose score changes, out of what was and is to be had.

    grading: the number of the proposal. changes: by task and property.
    """

    student: str
    submission: str
    before: float
    after: float
    before_max: float
    after_max: float
    grading: int
    changes: tuple[Change, ...]

    @property
    def points(self) -> float:
        """How many more it gets; less than 0 where they are fewer."""
        return round(self.after - self.before, 2)


@dataclass
class Preview:
    """What a regrade of a class would change.

    moves: submissions whose score would be another one. same: how many keep theirs. unknown: submissions that the
    gradebook has no score of. faulty: those that our fault kept from being graded. unread: those that this machine
    cannot read. changed: those whose content was another when they were graded; what came of it is nobody's. known: how
    many were not graded, for what counts was graded under the same circumstances. rejected: those whose score under
    these circumstances a person has rejected. missing: attempts that count and are not among what was given. proposals:
    numbers of all that would be recorded.
    """

    moves: list[Move] = field(default_factory=list)
    same: int = 0
    unknown: list[str] = field(default_factory=list)
    faulty: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    known: int = 0
    rejected: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    proposals: list[int] = field(default_factory=list)

    @property
    def gains(self) -> list[Move]:
        """Those that get more, the most first."""
        return sorted((one for one in self.moves if one.points > 0), key=lambda one: -one.points)

    @property
    def drops(self) -> list[Move]:
        """Those that lose something, the most first."""
        return sorted((one for one in self.moves if one.points < 0), key=lambda one: one.points)

    @property
    def by_property(self) -> dict[tuple[str, str], tuple[int, float, int, float]]:
        """By task and property: how many gain, how many points in all, how many lose, how many points."""
        found: dict[tuple[str, str], tuple[int, float, int, float]] = {}
        for change in (change for move in self.moves for change in move.changes if abs(change.points) >= DROP):
            up, more, down, less = found.get((change.task, change.property), (0, 0.0, 0, 0.0))
            if change.points > 0:
                found[change.task, change.property] = (up + 1, round(more + change.points, 2), down, less)
            else:
                found[change.task, change.property] = (up, more, down + 1, round(less + change.points, 2))
        return found


def preview(
    book: Gradebook,
    places: Mapping[Path, Place],
    keys: Mapping[Path, str],
    grade: Grade,
    why: str,
    run: str = "",
    *,
    force: bool = False,
) -> Preview:
    """Grade what was not graded under these keys yet, and put it beside what counts.

    Args:
        places: whose submission lies at each path, and for what.
        keys: of `grading_key`, by path.
        why: the reason, as the history will tell it.
        run: what this regrade is called, so that all that it proposed can be confirmed at once.
        force: grade also what counts under the same key, unless what came of that waits already.
    """
    found, told = Preview(), Circumstances(why, again=True, proposed=True, run=run)
    waiting = []
    for path, place in places.items():
        with book.session() as session:
            if not _settled(session, place, keys[path], found, force):
                waiting.append(path)
    for path, report in grade(waiting) if waiting else ():
        if report.faulty:
            found.faulty.append(places[path].submission)
            continue
        if report.fingerprint != places[path].fingerprint:
            found.changed.append(places[path].submission)
            continue
        with book.session() as session:
            if work := find_work(session, places[path]):
                put(session, work, keys[path], report, told)
            _settled(session, places[path], keys[path], found)
    return found


def confirm(book: Gradebook, found: Preview, by: str) -> int:
    """Let all that was previewed count; how many gradings."""
    with book.session() as session:
        return decide(session, True, by, ids=found.proposals) if found.proposals else 0


def missing(book: Gradebook, unit: str, policy: Policy, places: Iterable[Place]) -> list[str]:
    """The attempts of a unit that count, and are not among these: they keep the score they have.

    A place without a fingerprint is of a file that was given and could not be read: of all contents under its name.
    """
    given = {(one.student, one.submission, one.fingerprint) for one in places}
    with book.reading() as session:
        counted = [(line.student.name, line.counted) for line in lines(session, unit, policy) if line.counted]
    return [
        one.submission
        for student, one in counted
        if given.isdisjoint((student, one.submission, content) for content in (one.fingerprint, ""))
    ]


def _settled(session: Session, place: Place, key: str, found: Preview, force: bool = False) -> bool:
    """Whether the outcome of a submission under its key is known; then it is noted."""
    work = find_work(session, place)
    gradings = list(work.gradings) if work else []
    counting = next((one for one in gradings if one.state == State.COUNTS), None)
    if counting is None:
        found.unknown.append(place.submission)
        return True
    proposal = next((one for one in gradings if one.state == State.PROPOSED and one.key == key), None)
    if proposal is None:
        return _known(gradings, counting, place, key, found, force)
    found.proposals.append(proposal.id)
    if abs(proposal.score - counting.score) < DROP:
        found.same += 1
        return True
    told = tuple(changes(from_json(counting.report), from_json(proposal.report)))
    found.moves.append(
        Move(
            place.student,
            place.submission,
            counting.score,
            proposal.score,
            counting.max_score,
            proposal.max_score,
            proposal.id,
            told,
        )
    )
    return True


def _known(gradings: Sequence[Grading], counting: Grading, place: Place, key: str, found: Preview, force: bool) -> bool:
    """Whether nothing waits because nothing should."""
    if force:
        return False
    if counting.key == key:
        found.known += 1
        found.same += 1
        return True
    if any(one.state == State.REJECTED and one.key == key for one in gradings):
        found.rejected.append(place.submission)
        return True
    return False
