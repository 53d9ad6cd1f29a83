"""What is graded is recorded once, found again, and no score drops by itself; on SQLite and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from graders.gradebook.book import Gradebook, Outcome
from graders.gradebook.decisions import decide, override, pending
from graders.gradebook.schema import Grading, State, Student, Work
from graders.gradebook.scores import lines
from graders.policy import Policy
from tests.gradebook.samples import UNIT, fault, place, report

ROOT = Path(__file__).parents[2]
AT_ONCE = """
import pathlib, sys, time
from graders.gradebook.book import Gradebook
from tests.gradebook.samples import place, report
url, go = sys.argv[1], pathlib.Path(sys.argv[2])
with Gradebook(url) as book:
    pathlib.Path(sys.argv[3]).touch()
    while not go.exists():
        time.sleep(0.001)
    done = [book.record(place(f"student {n}"), "key", report(affine=5.0)).outcome for n in range(15)]
print(*done)
"""


def rows(book: Gradebook, table: type) -> int:
    with book.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def states(book: Gradebook) -> list[str]:
    with book.reading() as session:
        return [str(one.state) for one in session.scalars(select(Grading).order_by(Grading.id))]


def score(book: Gradebook) -> float:
    return next(one.score for _student, _work, one in book.reports(UNIT))


def test_what_is_recorded_is_found_again_and_recorded_once(book: Gradebook):
    assert book.known(place(), "key") is None
    assert book.record(place(), "key", report(affine=7.0)).outcome == Outcome.NEW
    assert book.record(place(), "key", report(affine=7.0)).outcome == Outcome.ALREADY
    found = book.known(place(), "key")
    assert found is not None
    assert (found.score, found.versions) == (7.0, {"backcheck": "0.1.0"})
    assert book.known(place(), "another key") is None
    assert book.known(place(content="2"), "key") is None
    assert (rows(book, Student), rows(book, Work), rows(book, Grading)) == (1, 1, 1)


def test_a_fault_of_ours_is_not_recorded(book: Gradebook):
    assert book.record(place(), "key", fault()).outcome == Outcome.FAULT
    assert rows(book, Student) == 0


def test_a_higher_score_counts_at_once_and_a_lower_one_waits(book: Gradebook):
    book.record(place(), "a", report(affine=5.0))
    assert book.record(place(), "b", report(affine=8.0), why="a new suite").outcome == Outcome.REGRADED
    lower = book.record(place(), "c", report(affine=3.0), why="another suite", run="monday")
    assert (lower.outcome, lower.before, lower.after) == (Outcome.PROPOSED, 8.0, 3.0)
    assert score(book) == 8.0
    assert states(book) == ["superseded", "counts", "proposed"]


def test_a_lower_score_that_waits_already_is_told_as_one_that_waits(book: Gradebook):
    """Its answer was lost, or another run over the same folder was quicker: nobody else may name it."""
    book.record(place(), "a", report(affine=8.0))
    for _twice in range(2):
        told = book.record(place(), "b", report(affine=3.0))
        assert (told.outcome, told.before, told.after) == (Outcome.PROPOSED, 8.0, 3.0)
        assert states(book) == ["counts", "proposed"]
    assert book.record(place(), "b", report(affine=3.0), confirmed=True).outcome == Outcome.REGRADED
    assert book.record(place(), "b", report(affine=3.0), confirmed=True).outcome == Outcome.ALREADY
    assert states(book) == ["superseded", "superseded", "counts"]


def test_a_newer_proposal_takes_the_place_of_an_older_one(book: Gradebook):
    for key, points in (("a", 9.0), ("b", 3.0), ("c", 4.0)):
        book.record(place(), key, report(affine=points))
    assert states(book) == ["counts", "superseded", "proposed"]


def test_a_confirmed_drop_counts_at_once(book: Gradebook):
    book.record(place(), "a", report(affine=5.0))
    assert book.record(place(), "b", report(affine=3.0), confirmed=True).outcome == Outcome.REGRADED
    assert score(book) == 3.0


def test_asked_for_again_it_is_recorded_beside_the_first(book: Gradebook):
    book.record(place(), "a", report(affine=5.0))
    assert book.record(place(), "a", report(affine=5.0), again=True).outcome == Outcome.REGRADED
    assert states(book) == ["superseded", "counts"]


@pytest.mark.parametrize(("accept", "kept", "found"), [(True, 3.0, 3.0), (False, 8.0, 8.0)])
def test_a_person_decides_what_becomes_of_a_lower_score(book: Gradebook, accept: bool, kept: float, found: float):
    book.record(place(), "a", report(affine=8.0))
    book.record(place(), "b", report(affine=3.0), run="monday", why="a new suite")
    with book.session() as session:
        (waiting,) = pending(session, run="monday")
        assert (waiting.before, waiting.after, waiting.why) == (8.0, 3.0, "a new suite")
        assert decide(session, accept, "the TA", ids=[waiting.id]) == 1
    assert score(book) == kept
    known = book.known(place(), "b")
    assert known is not None  # decided is decided: it is not graded again
    assert known.score == found
    with book.reading() as session:
        decided = session.scalars(select(Grading).where(Grading.decided_by == "the TA")).one()
        assert decided.decided is not None
        assert not pending(session)


def test_a_policy_that_comes_back_is_graded_again(book: Gradebook):
    """What counted before is of no use: another grading has taken its place since."""
    book.record(place(), "old", report(affine=5.0))
    book.record(place(), "new", report(affine=6.0))
    assert book.known(place(), "old") is None
    assert book.record(place(), "old", report(affine=5.0)).outcome == Outcome.PROPOSED


def test_content_that_comes_back_is_the_last_one_again(book: Gradebook):
    book.record(place(content="1"), "a", report(affine=5.0))
    book.record(place(content="2"), "b", report(affine=6.0))
    assert [work.fingerprint for _student, work, _report in book.reports(UNIT)] == ["1", "2"]
    assert book.known(place(content="1"), "a") is not None
    assert [work.fingerprint for _student, work, _report in book.reports(UNIT)] == ["2", "1"]


def test_moments_come_back_with_their_offset_in_the_order_of_their_times(book: Gradebook):
    noon = datetime(2027, 1, 31, 12, tzinfo=UTC)
    book.record(place(content="late", received=noon + timedelta(hours=1)), "a", report())
    book.record(place(content="early", received=noon), "b", report())
    book.record(place(content="unknown"), "c", report())
    found = [(work.fingerprint, work.received) for _student, work, _report in book.reports(UNIT)]
    assert found == [("unknown", None), ("early", noon), ("late", noon + timedelta(hours=1))]


def test_a_time_that_somebody_has_corrected_takes_the_place_of_the_first(book: Gradebook):
    noon = datetime(2027, 1, 31, 12, tzinfo=UTC)
    book.record(place(content="1", received=noon), "a", report())
    book.record(place(content="2", received=noon + timedelta(hours=1)), "b", report())

    def order() -> list[str]:
        return [work.fingerprint for _student, work, _report in book.reports(UNIT)]

    assert order() == ["1", "2"]
    assert book.known(place(content="1", received=noon + timedelta(hours=2)), "a") is not None
    assert order() == ["2", "1"]
    assert book.known(place(content="1"), "a") is not None  # who says nothing corrects nothing
    assert order() == ["2", "1"]


@pytest.mark.parametrize(("told", "kept"), [(True, None), (False, datetime(2027, 1, 31, 12, tzinfo=UTC))])
def test_a_time_that_somebody_has_left_blank_is_gone_by_force_too(book: Gradebook, told: bool, kept: datetime | None):
    book.record(place(received=datetime(2027, 1, 31, 12, tzinfo=UTC)), "a", report())
    book.record(place(told=told), "a", report(), again=True)
    assert [work.received for _student, work, _report in book.reports(UNIT)] == [kept]
    assert book.dated(UNIT) == ({"ada"} if kept else set())


def test_work_that_was_moved_is_where_it_was_come_across_last(book: Gradebook):
    def path() -> str:
        return next(work.path for _student, work, _report in book.reports(UNIT))

    book.record(place(path="/old/ada.py"), "a", report())
    assert book.known(place(path="/new/ada.py"), "a") is not None
    assert path() == "/new/ada.py"
    assert book.known(place(path=""), "a") is not None  # who does not know where it lies has not moved it
    assert path() == "/new/ada.py"


def test_what_nobody_could_read_is_no_work(book: Gradebook):
    with pytest.raises(ValueError, match="no work"):
        book.record(place(content=""), "a", report())
    assert rows(book, Student) == rows(book, Work) == 0


def test_names_that_are_no_text_are_recorded_all_the_same(book: Gradebook):
    strange = b"ad\xe4".decode("utf-8", "surrogateescape")
    book.record(place(strange), "a", report(name="x"))
    assert book.known(place(strange), "a") is not None


def test_names_may_be_as_long_as_a_file_system_lets_them_be(book: Gradebook):
    strange = (b"\xe4" * 252 + b".py").decode("utf-8", "surrogateescape")
    where = place("s" * 300, submission=strange, unit="u" * 300)
    assert book.record(where, "a", report(), run="r" * 300).outcome == Outcome.NEW
    assert book.known(where, "a") is not None
    with book.session() as session:
        override(session, "s" * 300, "u" * 300, "t" * 300, 1.0, "why", "b" * 300)


def test_what_is_read_is_one_state_whatever_others_write_meanwhile(book: Gradebook):
    book.record(place(), "a", report(affine=5.0))
    with book.reading() as session:
        assert session.scalar(select(func.count()).select_from(Student)) == 1
        with book.session() as other:
            other.execute(delete(Grading))
            other.execute(delete(Work))
            other.execute(delete(Student))
        (line,) = lines(session, UNIT, Policy(), with_tasks=True)
        assert line.tasks == {"affine": 5.0}
    assert rows(book, Student) == 0


def test_more_scores_than_a_query_takes_variables_may_be_asked_for(small: Gradebook):
    small.record(place(), "a", report(affine=5.0))
    small.record(place(), "b", report(affine=3.0))
    with small.reading() as session:
        (waiting,) = pending(session, ids=range(40_000))
        assert waiting.after == 3.0
        assert pending(session, ids=range(100, 40_000)) == []


def test_what_fails_half_way_leaves_nothing(book: Gradebook):
    def half() -> None:
        with book.session() as session:
            session.add(Student(name="ada", pseudonym="s-1"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert rows(book, Student) == 0


def test_two_processes_that_record_the_same_at_once_record_it_once(url: str, tmp_path: Path):
    """The tables too are made by whoever comes first."""
    go = tmp_path / "go"
    ready = [tmp_path / f"ready{n}" for n in range(2)]
    command = [sys.executable, "-c", AT_ONCE, url, str(go)]
    running = [subprocess.Popen([*command, str(one)], cwd=ROOT, stdout=subprocess.PIPE, text=True) for one in ready]
    while not all(one.exists() for one in ready) and all(one.poll() is None for one in running):
        time.sleep(0.01)
    go.touch()
    said = " ".join(one.communicate(timeout=60)[0] for one in running).split()
    assert [one.returncode for one in running] == [0, 0]
    assert sorted(said) == ["already"] * 15 + ["new"] * 15
    with Gradebook(url) as book:
        assert (rows(book, Student), rows(book, Work), rows(book, Grading)) == (15, 15, 15)
        assert set(states(book)) == {State.COUNTS}
