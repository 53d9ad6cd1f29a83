"""Scores from nbgrader's gradebook and into it, as nbgrader itself reads them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from graders.cli import cli
from graders.gradebook.book import Gradebook, Outcome
from graders.gradebook.decisions import decide, override, pending, withdraw
from graders.gradebook.errors import GradebookError
from graders.gradebook.nbgrader_book import Unit, export_book, import_book
from graders.gradebook.scores import lines
from graders.policy import Late, Policy
from tests.gradebook.samples import UNIT, place, report

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # of nbgrader's own tables
pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install 'backcheck[nbgrader]'")
NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)
POLICY = Policy(
    points=(("affine", 10.0), ("relu", 10.0), ("extra", 5.0)), bonus=("extra",), due=NOON, late=Late(penalty=10.0)
)


def theirs(path: Path) -> Any:
    from nbgrader.api import Gradebook as Theirs

    return Theirs(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two gradebooks of nbgrader: an empty one, and one with an assignment and two students, one of them graded."""
    empty, path = (tmp_path_factory.mktemp("nbgrader") / name for name in ("empty.db", "nbgrader.db"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)  # it asks alembic for its version
        theirs(empty).close()
    shutil.copy(empty, path)
    with theirs(path) as book:
        book.add_assignment(UNIT)
        book.add_notebook("backprop", UNIT)
        for task, points in (("affine", 10.0), ("relu", 10.0), ("extra", 0.0)):
            book.add_grade_cell(f"test-{task}", "backprop", UNIT, max_score=points, cell_type="code")
        book.add_grade_cell("answer-why", "backprop", UNIT, max_score=4.0, cell_type="markdown")
        book.add_student("ada", first_name="Ada", last_name="Lovelace", email="ada@example.org", lms_user_id="1815")
        book.add_student("bob")
        for student in ("ada", "bob"):
            book.add_submission(UNIT, student, timestamp=NOON.replace(tzinfo=None))
        for cell, points in (("test-affine", 6.0), ("test-relu", 3.0), ("test-extra", 0.0)):
            grade = book.find_grade(cell, "backprop", UNIT, "ada")
            grade.auto_score, grade.needs_manual_grade = points, False
        book.find_grade("test-extra", "backprop", UNIT, "ada").extra_credit = 2.0
        book.find_grade("answer-why", "backprop", UNIT, "ada").manual_score = 4.0
        book.find_grade("test-relu", "backprop", UNIT, "ada").manual_score = 5.0
        book.db.commit()
    return empty, path


@pytest.fixture
def database(made: tuple[Path, Path], tmp_path: Path) -> Path:
    """A gradebook of nbgrader with a graded student, to be written into."""
    return Path(shutil.copy(made[1], tmp_path / "nbgrader.db"))


def test_what_nbgrader_graded_is_recorded_once(small: Gradebook, database: Path):
    assert import_book(small, database).outcomes == {Outcome.NEW: 1}
    assert import_book(small, database, UNIT).outcomes == {Outcome.ALREADY: 1}
    with small.reading() as session:
        (found,) = lines(session, UNIT, POLICY, with_tasks=True)
    assert found.student.full_name == "Lovelace, Ada"
    assert (found.student.email, found.student.outside_id) == ("ada@example.org", "1815")
    assert found.tasks == {"affine": 6.0, "relu": 3.0, "extra": 2.0, "answer-why": 4.0}
    assert found.computed == 15.0
    assert found.final == 17.0  # a person gave 5 for relu
    assert found.counted is not None
    assert found.counted.max_score == 24.0
    assert found.counted.standing.received == NOON.isoformat(timespec="seconds")


def test_a_lower_score_in_nbgrader_waits_for_a_person(small: Gradebook, database: Path):
    import_book(small, database)
    with theirs(database) as book:
        book.find_grade("test-affine", "backprop", UNIT, "ada").auto_score = 1.0
        book.db.commit()
    for _twice in range(2):
        assert import_book(small, database).outcomes == {Outcome.PROPOSED: 1}
    with small.reading() as session:
        assert len(pending(session)) == 1


def test_a_lower_score_that_a_person_rejected_is_not_proposed_again(small: Gradebook, database: Path):
    def scored(points: float) -> None:
        with theirs(database) as book:
            book.find_grade("test-affine", "backprop", UNIT, "ada").auto_score = points
            book.db.commit()

    import_book(small, database)
    scored(1.0)
    import_book(small, database)
    with small.session() as session:
        assert decide(session, False, "the TA") == 1
    for _twice in range(2):
        done = import_book(small, database)
        assert (done.outcomes, done.rejected) == ({}, 1)
    told = CliRunner().invoke(
        cli, ["gradebook", "import-nbgrader", str(database), "--gradebook", str(small.engine.url.database)]
    )
    assert told.output == "not imported again, for a person rejected what came of it: 1\n"
    assert final(small) == 17.0
    scored(2.0)  # that, nobody has rejected
    assert import_book(small, database).outcomes == {Outcome.PROPOSED: 1}


def by_hand(database: Path, points: float | None) -> None:
    """What a person gives ada for relu in nbgrader."""
    with theirs(database) as book:
        book.find_grade("test-relu", "backprop", UNIT, "ada").manual_score = points
        book.db.commit()


def final(book: Gradebook) -> float | None:
    with book.reading() as session:
        return lines(session, UNIT, POLICY, student="ada")[0].final


def test_points_given_in_nbgrader_follow_it(small: Gradebook, database: Path):
    for points, wanted in ((5.0, 17.0), (7.0, 19.0), (5.0, 17.0), (None, 15.0), (5.0, 17.0), (3.0, 15.0)):
        by_hand(database, points)
        assert import_book(small, database).kept == []
        assert final(small) == wanted


@pytest.mark.parametrize("imported", [False, True])
def test_what_a_person_gave_here_stays_and_is_named(small: Gradebook, database: Path, imported: bool):
    if imported:
        import_book(small, database)
    small.record(place(), "key", report(relu=3.0))
    with small.session() as session:
        override(session, "ada", UNIT, "relu", 8.0, "read by hand", "the TA")
    assert import_book(small, database).kept == ["ada, 03-backprop, relu: 8 given by the TA stay; nbgrader has 5"]
    with small.reading() as session:
        (line,) = lines(session, UNIT, POLICY)
    assert [(one.score, one.by) for one in line.given] == [(8.0, "the TA")]
    by_hand(database, 8.0)
    assert import_book(small, database).kept == []


def test_what_a_person_withdrew_comes_back_only_with_something_new(small: Gradebook, database: Path):
    import_book(small, database)
    with small.session() as session:
        withdraw(session, "ada", UNIT, "relu")
    import_book(small, database)
    assert final(small) == 15.0
    by_hand(database, 6.0)
    import_book(small, database)
    assert final(small) == 18.0


def exported(database: Path, student: str) -> tuple[float, dict[str, tuple[float | None, float | None]]]:
    """The score that nbgrader shows, less its late penalty, and automatic and manual points by cell."""
    with theirs(database) as book:
        found = book.find_submission(UNIT, student)
        grades = {
            one.name: (one.auto_score, one.manual_score) for notebook in found.notebooks for one in notebook.grades
        }
        return round(found.score - found.late_submission_penalty, 2), grades


def test_what_counts_is_written_where_nbgrader_would_put_it(small: Gradebook, database: Path):
    late = place("bob", received=NOON + timedelta(hours=1))
    small.record(late, "key", report(affine=7.0, relu=2.0, extra=3.0))
    with small.session() as session:
        override(session, "bob", UNIT, "relu", 8.0, "read by hand", "the TA")
    for _twice in range(2):
        assert export_book(small, database, [Unit(UNIT, "backprop", POLICY)]) == 1
    final, grades = exported(database, "bob")
    assert grades["test-affine"] == (7.0, None)
    assert grades["test-relu"] == (2.0, 8.0)
    assert grades["answer-why"] == (None, None)
    with small.reading() as session:
        (line,) = lines(session, UNIT, POLICY)
    assert final == line.final == 16.2  # 7 + 8 + 3, less 10 %
    assert exported(database, "ada")[1]["test-affine"] == (6.0, None)


@pytest.mark.parametrize("given", [20.0, 1.0])
def test_points_given_for_a_whole_unit_arrive(small: Gradebook, database: Path, given: float):
    small.record(place("bob"), "key", report(affine=7.0, relu=2.0))
    with small.session() as session:
        override(session, "bob", UNIT, "", given, "an agreement", "the TA")
    for _twice in range(2):
        export_book(small, database, [Unit(UNIT, "backprop", POLICY)])
    assert exported(database, "bob")[0] == given


@pytest.fixture
def parts(made: tuple[Path, Path], tmp_path: Path) -> Path:
    """A gradebook of nbgrader with an assignment whose tasks are in two notebooks, below a question."""
    path = Path(shutil.copy(made[0], tmp_path / "parts.db"))
    with theirs(path) as book:
        book.add_assignment(UNIT)
        for notebook, *cells in (("part1", "answer-why", "test-affine"), ("part2", "test-relu")):
            book.add_notebook(notebook, UNIT)
            for cell in cells:
                kind = "markdown" if cell.startswith("answer-") else "code"
                book.add_grade_cell(cell, notebook, UNIT, max_score=10.0, cell_type=kind)
        book.add_student("bob")
        book.add_submission(UNIT, "bob")
    return path


def test_points_for_a_whole_unit_are_no_answers_and_go_when_they_are_withdrawn(small: Gradebook, parts: Path):
    small.record(place("bob"), "key", report(affine=7.0, relu=2.0))
    with small.session() as session:
        override(session, "bob", UNIT, "", 11.0, "an agreement", "the TA")
    for _time in range(3):
        export_book(small, parts, [Unit(UNIT, "backprop", POLICY)])
        assert extra(parts) == {"answer-why": None, "test-affine": 2.0, "test-relu": None}
    assert exported(parts, "bob")[0] == 11.0
    with small.session() as session:
        withdraw(session, "bob", UNIT, "")
    export_book(small, parts, [Unit(UNIT, "backprop", POLICY)])
    assert set(extra(parts).values()) == {None}
    assert exported(parts, "bob")[0] == 9.0


def extra(database: Path) -> dict[str, float | None]:
    """Bob's extra credit by cell."""
    with theirs(database) as book:
        found = book.find_submission(UNIT, "bob")
        return {one.name: one.extra_credit for notebook in found.notebooks for one in notebook.grades}


def test_tasks_go_into_the_notebooks_that_have_their_cells(small: Gradebook, parts: Path):
    late = place("bob", received=NOON + timedelta(hours=1))
    small.record(late, "key", report(affine=7.05, relu=2.05))
    for _twice in range(2):
        export_book(small, parts, [Unit(UNIT, "backprop", POLICY)])
    final, grades = exported(parts, "bob")
    assert (grades["test-affine"], grades["test-relu"]) == ((7.05, None), (2.05, None))
    with small.reading() as session:
        (line,) = lines(session, UNIT, POLICY)
    assert final == line.final == 8.19  # 9.1 less 10 %, rounded once
    with theirs(parts) as book:
        penalties = [one.late_submission_penalty for one in book.find_submission(UNIT, "bob").notebooks]
        assert sorted(penalties) == [0.2, 0.71]


def test_a_notebook_that_is_newer_than_the_submission_is_added_to_it(small: Gradebook, parts: Path):
    with theirs(parts) as book:
        book.add_notebook("part3", UNIT)
        book.add_grade_cell("test-extra", "part3", UNIT, max_score=0.0, cell_type="code")
    small.record(place("bob"), "key", report(affine=7.0, extra=1.0))
    for _twice in range(2):
        export_book(small, parts, [Unit(UNIT, "backprop", POLICY)])
    assert exported(parts, "bob")[0] == 8.0


def test_what_nbgrader_lacks_is_added(small: Gradebook, made: tuple[Path, Path], tmp_path: Path):
    path = Path(shutil.copy(made[0], tmp_path / "empty.db"))
    small.record(place("zoe"), "key", report(affine=7.0, relu=2.0))
    small.record(place("ada"), "key", report(affine=7.0, extra=1.0))
    assert export_book(small, path, [Unit(UNIT, "backprop", POLICY)]) == 2
    assert exported(path, "zoe")[0] == 9.0
    assert exported(path, "ada")[0] == 8.0
    with theirs(path) as book:
        assert book.find_assignment(UNIT).max_score == 20.0


def test_what_is_no_gradebook_of_nbgrader_is_refused_and_left_alone(small: Gradebook, database: Path, tmp_path: Path):
    with pytest.raises(GradebookError, match="no such file"):
        import_book(small, tmp_path / "nowhere.db")
    text = tmp_path / "text.db"
    text.write_text("nothing of the kind\n" * 100)
    with pytest.raises(GradebookError, match="not a database"):
        import_book(small, text)
    with pytest.raises(GradebookError, match="is no gradebook of nbgrader"):
        import_book(small, Path(small.engine.url.database or ""))
    with pytest.raises(GradebookError, match=f"has no assignment 99; it has {UNIT}"):
        import_book(small, database, "99")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ALTER TABLE student DROP COLUMN lms_user_id")
    with pytest.raises(GradebookError, match="nbgrader db upgrade"):
        import_book(small, database)


def test_the_commands_say_how_many(small: Gradebook, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    told = [str(database), "--gradebook", str(small.engine.url.database)]
    done = CliRunner().invoke(cli, ["gradebook", "import-nbgrader", *told])
    assert (done.exit_code, done.output) == (0, "new: 1\n")
    done = CliRunner().invoke(cli, ["gradebook", "export-nbgrader", *told])
    assert (done.exit_code, done.output) == (0, "scores written: 1\n")
