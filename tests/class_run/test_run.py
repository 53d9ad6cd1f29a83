"""What a run over a class records, and what it leaves for the next: without a grader, by reports made by hand."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError

from graders.batch import Setting
from graders.engine.jobs import Done, EngineFailure, Job
from graders.engine.ledger import Ledger
from graders.engine.run import FAULTS, Ended, Handed, Run
from graders.engine.stopping import Stopped
from graders.gradebook.book import Gradebook, Outcome
from graders.gradebook.errors import GradebookFault
from graders.gradebook.schema import Work
from graders.secrets import Secret
from graders.verdict import Report, Result, Status


class ByHand:
    """An engine that gives everybody the same points, and remembers whom."""

    def __init__(self, score: float = 3.0, faulty: frozenset[str] = frozenset(), ends_after: int = 99) -> None:
        self.score, self.faulty, self.ends_after = score, faulty, ends_after
        self.graded: list[str] = []
        self.closed = False

    def run(self, jobs: Iterator[Job]) -> Iterator[Done]:
        for job in jobs:
            if len(self.graded) == self.ends_after:
                raise Stopped(2)
            self.graded.append(job.submission.name)
            yield Done(job.number, self.report(job))

    def report(self, job: Job) -> Report:
        status = Status.ERROR if job.submission.name in self.faulty else Status.PASSED
        result = Result("one_hot", "forward", "", status, self.score, 5.0, "a fault" if status == "error" else "")
        submission = job.submission
        return Report(
            "01-activations",
            "",
            submission.name,
            "",
            (result,),
            fingerprint=submission.fingerprint,
            started=f"{self.score}",
        )

    def close(self) -> None:
        self.closed = True


class Mistaken(ByHand):
    """An engine that gives back a report on somebody else."""

    def report(self, job: Job) -> Report:
        return replace(super().report(job), fingerprint="another")


class Class:
    """A folder, its gradebook, and what is run over it."""

    def __init__(self, folder: Path, setting: Setting) -> None:
        self.setting, self.book = setting, Gradebook(str(folder.parent / "gradebook.db"))
        self.handed = [Handed(path, path.stem, path.stem) for path in sorted(folder.iterdir())]

    def run(self, engine: ByHand, *, force: bool = False, confirmed: bool = False) -> list[Ended]:
        ledger = Ledger(self.book, self.setting, again=force, confirmed=confirmed)
        return list(Run(self.handed, self.setting, lambda _count: engine, ledger, force=force))

    def works(self) -> list[tuple[str, str, datetime | None]]:
        """Submission, fingerprint and time of all that the gradebook takes for handed in."""
        with self.book.reading() as session:
            found = session.scalars(select(Work).order_by(Work.id))
            return [(one.submission, one.fingerprint, one.received) for one in found]

    def scores(self) -> dict[str, float]:
        return {student.name: report.score for student, _work, report in self.book.reports("01-activations")}


@pytest.fixture
def klass(folder: Path, setting: Setting) -> Iterator[Class]:
    made = Class(folder, setting)
    yield made
    made.book.close()


def test_what_has_not_changed_is_not_graded_again(klass: Class):
    first, second = ByHand(), ByHand()
    assert [one.recorded.outcome for one in klass.run(first) if one.recorded] == [Outcome.NEW] * 3
    assert first.closed
    again = klass.run(second)
    assert second.graded == []
    assert [(one.fresh, one.report.score, one.report.submission) for one in again] == [
        (False, 3.0, "ada"),
        (False, 3.0, "bob"),
        (False, 3.0, "eve"),
    ]


def test_a_changed_file_or_another_secret_is(klass: Class):
    klass.run(ByHand())
    klass.handed[1].path.write_text("changed = True")
    changed, other = ByHand(4.0), ByHand()
    klass.run(changed)
    assert changed.graded == ["bob"]
    klass.setting = replace(klass.setting, secret=Secret(b"1" * 32))
    klass.run(other)
    assert other.graded == ["ada", "bob", "eve"]


def test_by_force_everything_is_graded_and_recorded_beside_what_was(klass: Class):
    klass.run(ByHand(3.0))
    engine = ByHand(4.0)
    ended = klass.run(engine, force=True)
    assert engine.graded == ["ada", "bob", "eve"]
    assert {one.recorded.outcome for one in ended if one.recorded} == {Outcome.REGRADED}
    assert klass.scores() == dict.fromkeys(("ada", "bob", "eve"), 4.0)


def test_a_lower_score_waits_until_a_person_confirms_it(klass: Class):
    klass.run(ByHand(3.0))
    proposed = klass.run(ByHand(2.0), force=True)
    assert [(one.recorded.outcome, one.recorded.before, one.recorded.after) for one in proposed if one.recorded] == [
        (Outcome.PROPOSED, 3.0, 2.0)
    ] * 3
    assert set(klass.scores().values()) == {3.0}
    reminded = klass.run(ByHand(1.0))
    assert {one.recorded.outcome for one in reminded if one.recorded} == {Outcome.PROPOSED}
    assert set(klass.scores().values()) == {3.0}
    engine = ByHand(1.0)
    klass.run(engine, confirmed=True)
    assert engine.graded == []  # what was proposed is what is confirmed
    assert set(klass.scores().values()) == {2.0}


def test_a_fault_of_ours_is_not_recorded_and_graded_again(klass: Class):
    klass.run(ByHand(faulty=frozenset({"bob"})))
    assert set(klass.scores()) == {"ada", "eve"}
    engine = ByHand()
    klass.run(engine)
    assert engine.graded == ["bob"]
    assert set(klass.scores()) == {"ada", "bob", "eve"}


def test_faults_in_a_row_end_the_run_with_what_was_said(klass: Class, folder: Path):
    for number in range(FAULTS + 5):
        (folder / f"more-{number:02}.py").write_text(f"# {number}")
    klass.handed = [Handed(path, path.stem, path.stem) for path in sorted(folder.iterdir())]
    engine = ByHand(faulty=frozenset({"reference", *(one.name for one in klass.handed)}))
    with pytest.raises(EngineFailure, match=r"10 submissions in a row .* so did the unit's own solution: a fault"):
        klass.run(engine)
    assert len(engine.graded) == FAULTS + 1
    assert engine.closed


def test_faults_of_a_few_do_not_keep_the_others_from_being_graded(klass: Class, folder: Path):
    """As copies of a file by which every grader dies, one beside the other: they would be the first of every run."""
    copies = {f"copy-{number:02}" for number in range(3 * FAULTS)}
    for name in copies:
        (folder / f"{name}.py").write_text(f"# {name}")
    klass.handed = [Handed(path, path.stem, path.stem) for path in sorted(folder.iterdir())]
    engine = ByHand(faulty=frozenset(copies))
    assert len(klass.run(engine)) == len(klass.handed)
    assert engine.graded.count("reference") == 3
    assert set(klass.scores()) == {"ada", "bob", "eve"}


def test_where_a_work_is_does_not_depend_on_where_it_was_graded(
    klass: Class, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def paths() -> set[str]:
        with klass.book.reading() as session:
            return set(session.scalars(select(Work.path)))

    monkeypatch.chdir(folder)
    klass.handed = [Handed(Path(one.path.name), one.name, one.student) for one in klass.handed]
    klass.run(ByHand())
    assert paths() == {str(path) for path in folder.iterdir()}
    moved = folder.rename(tmp_path / "moved")
    monkeypatch.chdir(moved)
    klass.run(ByHand(), force=True)
    assert paths() == {str(path) for path in moved.iterdir()}


def test_after_an_interruption_the_same_run_goes_on(klass: Class):
    first, second = ByHand(ends_after=2), ByHand()
    with pytest.raises(Stopped):
        klass.run(first)
    assert first.closed
    assert set(klass.scores()) == {"ada", "bob"}
    klass.run(second)
    assert second.graded == ["eve"]


def test_what_cannot_be_read_is_a_problem_and_is_looked_at_again_when_it_can(klass: Class):
    path = klass.handed[0].path
    text = path.read_text()
    path.unlink()
    path.mkdir()
    klass.run(ByHand())
    path.rmdir()
    path.write_text(text)
    engine = ByHand()
    klass.run(engine)
    assert engine.graded == ["ada"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of files that the disk does not give any more."""
    names, opened = set[str](), Path.open

    def failing(self: Path, *arguments, **options):
        if self.name in names:
            raise OSError(errno.EIO, "Input/output error")
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", failing)
    return names


def test_what_this_machine_cannot_read_is_not_recorded_and_looked_at_again(klass: Class, broken: set[str]):
    broken.add("ada.py")
    first, second = ByHand(), ByHand()
    ended = klass.run(first)
    assert first.graded == ["bob", "eve"]
    assert [(one.report.submission, one.report.problem) for one in ended if one.report.faulty] == [
        ("ada", "it cannot be read: Input/output error")
    ]
    assert [one.recorded for one in ended if one.report.faulty] == [None]
    assert {name for name, _mark, _when in klass.works()} == {"bob.py", "eve.py"}
    broken.clear()
    klass.run(second)
    assert second.graded == ["ada"]
    assert all(mark for _name, mark, _when in klass.works())


def test_what_was_recorded_before_stays_when_it_cannot_be_read_any_more(klass: Class, broken: set[str]):
    klass.run(ByHand())
    works = klass.works()
    broken.add("ada.py")
    for force in (False, True):
        assert [one.report.submission for one in klass.run(ByHand(), force=force) if one.report.faulty] == ["ada"]
    assert klass.works() == works
    assert klass.scores() == dict.fromkeys(("ada", "bob", "eve"), 3.0)


def test_files_that_cannot_be_read_do_not_keep_others_from_being_graded(klass: Class, folder: Path, broken: set[str]):
    for number in range(FAULTS + 5):
        (folder / f"a-{number:02}.py").write_text(f"# {number}")
        broken.add(f"a-{number:02}.py")
    klass.handed = [Handed(path, path.stem, path.stem) for path in sorted(folder.iterdir())]
    assert len(klass.run(ByHand())) == FAULTS + 8
    assert set(klass.scores()) == {"ada", "bob", "eve"}


def test_what_is_damaged_is_an_attempt_of_its_own(klass: Class, folder: Path):
    path = folder / "ada.zip"
    klass.handed = [Handed(path, "ada", "ada")]
    for data in (b"PK", b"PK!", b"PK!"):
        path.write_bytes(data)
        klass.run(ByHand(0.0))
    assert len(klass.works()) == len({mark for _name, mark, _when in klass.works()}) == 2


def test_a_corrected_time_reaches_what_was_graded_before(klass: Class):
    noon = datetime(2027, 1, 31, 12, tzinfo=UTC)

    engine, path = ByHand(), klass.handed[0].path

    def came(when: datetime | None, told: bool = True) -> datetime | None:
        klass.handed = [Handed(path, "ada", "ada", when, told)]
        klass.run(engine)
        ((_name, _mark, found),) = klass.works()
        return found

    assert came(noon) == noon
    assert came(noon + timedelta(days=1)) == noon + timedelta(days=1)
    assert came(None, told=False) == noon + timedelta(days=1)  # nobody has said anything
    assert came(None) is None  # somebody has: it is not known
    assert engine.graded == ["ada"]


@pytest.mark.parametrize(("score", "first"), [(4.0, Outcome.ALREADY), (2.0, Outcome.PROPOSED)])
def test_a_gradebook_that_does_not_answer_once_is_asked_again(
    klass: Class, monkeypatch: pytest.MonkeyPatch, score: float, first: Outcome
):
    record, asked = Gradebook.record, []

    def lost(self, *arguments, **options):
        """The first answers are lost: once before, and once after it was recorded."""
        asked.append(options["again"])
        done = record(self, *arguments, **options) if len(asked) > 1 else None
        if len(asked) <= 2:
            raise GradebookFault("the connection is lost")
        return done

    klass.run(ByHand())
    monkeypatch.setattr(Gradebook, "record", lost)
    monkeypatch.setattr("graders.engine.ledger.PAUSES", (0.0, 0.0, 0.0))
    ended = klass.run(ByHand(score), force=True)
    assert asked == [True, True, False, True, True]  # ada three times, recorded once
    told = [one.recorded for one in ended if one.recorded]
    assert [(one.outcome, one.after) for one in told[:1]] == [(first, score)]  # a score that waits is told all the same
    with klass.book.reading() as session:
        from graders.gradebook.schema import Grading

        assert session.query(Grading).count() == 6


def test_what_does_not_fit_is_not_tried_again(klass: Class, monkeypatch: pytest.MonkeyPatch):
    asked = []

    def refused(*_arguments, **_options):
        asked.append(1)
        raise GradebookFault("the database refused") from DataError("INSERT", {}, Exception("a zero byte"))

    monkeypatch.setattr(Gradebook, "record", refused)
    with pytest.raises(GradebookFault):
        klass.run(ByHand())
    assert asked == [1]


def test_a_gradebook_that_is_gone_ends_the_run(klass: Class, monkeypatch: pytest.MonkeyPatch):
    def gone(*_arguments, **_options):
        raise GradebookFault("no room left")

    monkeypatch.setattr(Gradebook, "record", gone)
    monkeypatch.setattr("graders.engine.ledger.PAUSES", (0.0,))
    engine = ByHand()
    with pytest.raises(GradebookFault):
        klass.run(engine)
    assert engine.closed


def test_a_report_on_another_submission_is_a_fault_of_ours(klass: Class):
    assert all(one.report.faulty for one in klass.run(Mistaken()))
    assert klass.works() == []
    assert not any(one.report.faulty for one in klass.run(ByHand()))


def test_the_last_of_several_names_counts_where_nobody_says_when(klass: Class):
    """A file, then another one instead of it, then the first again: what was come across last came last."""
    first, other = klass.handed[0], replace(klass.handed[0], path=klass.handed[0].path.with_suffix(".ipynb"))
    other.path.write_text("{}")
    for one in (first, other, first):
        klass.handed = [one]
        klass.run(ByHand())
    with klass.book.reading() as session:
        found = session.scalars(select(Work).order_by(Work.last_seen)).all()
    assert [one.submission for one in found] == [other.path.name, first.path.name]
