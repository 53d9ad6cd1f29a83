"""One student's data: all of it, under a pseudonym, or gone to the last byte of the file."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from graders.cli import cli
from graders.course.attempts import Ledger, Record
from graders.gradebook.book import Gradebook
from graders.gradebook.decisions import override
from graders.gradebook.errors import GradebookError
from graders.gradebook.privacy import erase, everything, pseudonymise, scrub
from graders.gradebook.record import student_of
from graders.gradebook.schema import Appeal, Student, Work
from graders.gradebook.scores import lines
from graders.policy import Policy
from tests.gradebook.samples import UNIT, place, report

NAME = "Lovelace-Ada"
SAID = f"FileNotFoundError: /home/ada/{NAME}/backprop.py, said ADA LOVELACE; an adagrad"


def fill(book: Gradebook) -> None:
    """Much about one student, little about another."""
    with book.session() as session:
        ada = student_of(session, NAME)
        ada.full_name, ada.email, ada.outside_id = "Ada Lovelace", "ada@example.org", "id-1815"
    where = {"submission": "Ada-Lovelace", "path": f"/srv/{NAME}/Ada-Lovelace.py"}
    made = report(name="Ada-Lovelace", affine=5.0, message=SAID, printed=f"hello from {NAME}")
    book.record(place(NAME, "1", **where), "a", made)
    book.record(place(NAME, "2", **where), "a", report(name="Ada-Lovelace", affine=8.0))
    book.record(place(NAME, "2", **where), "b", report(name="Ada-Lovelace", affine=7.0), why="Ada asked for it")
    book.record(place("bob", "1"), "a", report(name="bob", affine=6.0, printed="bob here"))
    with book.session() as session:
        override(session, NAME, UNIT, "affine", 9.0, "Ada Lovelace was ill", "the TA")
        work = session.scalars(select(Work).where(Work.fingerprint == "1", Work.submission == "Ada-Lovelace")).one()
        now = work.seen
        work.appeals.append(Appeal(task="affine", text="I am Ada and it is right", by=NAME, at=now))


def held(book: Gradebook) -> bytes:
    """Every byte in the files of a gradebook, in its log too."""
    path = Path(book.engine.url.database or "")
    return b"".join(one.read_bytes() for one in path.parent.glob(path.name + "*"))


def traces(data: bytes) -> list[bytes]:
    return re.findall(rb"(?i)lovelace|ada@|id-1815|\bada\b", data)


def test_everything_is_every_column_of_every_row(book: Gradebook):
    fill(book)
    with book.reading() as session:
        data = everything(session, NAME)
    assert json.loads(json.dumps(data)) == data
    assert (data["email"], len(data["works"]), len(data["overrides"])) == ("ada@example.org", 2, 1)
    assert [len(work["gradings"]) for work in data["works"]] == [1, 2]
    assert data["works"][0]["gradings"][0]["report"]["notes"][0]["message"] == f"hello from {NAME}"
    assert data["works"][0]["appeals"][0]["by"] == NAME
    assert "bob" not in json.dumps(data)


def test_a_pseudonym_takes_the_place_of_all_that_tells_who_it_is(book: Gradebook):
    fill(book)
    with book.reading() as session:
        before = lines(session, UNIT, Policy(), student=NAME)[0]
    pseudonym = pseudonymise(book, NAME)
    scrub(book)
    assert re.fullmatch(r"s-[0-9a-f]{8}", pseudonym)
    with book.reading() as session:
        data = everything(session, pseudonym)
        after = lines(session, UNIT, Policy(), student=pseudonym)[0]
        others = json.dumps(everything(session, "bob"))
    assert traces(json.dumps(data).encode()) == []
    assert (after.computed, after.final, after.pending) == (before.computed, before.final, before.pending)
    assert [work["submission"] for work in data["works"]] == [f"{pseudonym}-1", f"{pseudonym}-2"]
    message = data["works"][0]["gradings"][0]["report"]["results"][1]["message"]
    assert message.endswith("an adagrad")  # a part of another word is none of a name
    assert "bob here" in others


def test_what_is_erased_is_gone(book: Gradebook):
    fill(book)
    assert erase(book, NAME) == 2
    scrub(book)
    with book.reading() as session:
        assert session.scalars(select(Student.name)).all() == ["bob"]
        assert session.scalars(select(Appeal)).all() == []
    with pytest.raises(GradebookError, match="there is no student"), book.reading() as session:
        everything(session, NAME)


@pytest.mark.parametrize("act", [erase, pseudonymise])
def test_no_byte_of_the_files_tells_the_name(small: Gradebook, act):
    fill(small)
    assert traces(held(small))  # the search finds what is there
    act(small, NAME)
    scrub(small)
    assert traces(held(small)) == []
    assert b"bob here" in held(small)


@contextmanager
def read_by_another(book: Gradebook) -> Iterator[None]:
    """While another program reads the gradebook, so that its file cannot be written anew."""
    with closing(sqlite3.connect(book.engine.url.database or "", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM students").fetchall()
        yield


def test_traces_that_another_program_keeps_are_told(small: Gradebook):
    fill(small)
    erase(small, NAME)
    with read_by_another(small), pytest.raises(GradebookError, match="backcheck gradebook scrub"):
        scrub(small)
    done = CliRunner().invoke(cli, ["gradebook", "scrub", "--gradebook", str(small.engine.url.database)])
    assert done.exit_code == 0, done.output
    assert traces(held(small)) == []


@pytest.fixture
def course(small: Gradebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A course with attempts of two students, in whose folder we stand; its gradebook is another."""
    fill(small)
    (tmp_path / "course.toml").touch()
    monkeypatch.chdir(tmp_path)
    ledger = Ledger(tmp_path, UNIT)
    for student in (NAME, "bob"):
        ledger.add(student, Record("aa", "", {"affine": 5.0}))
    return ledger


def student(book: Gradebook, *arguments: str) -> Result:
    """What the command says of the course's own student."""
    told = ["--gradebook", str(book.engine.url.database), "--course", ".", "--yes"]
    return CliRunner().invoke(cli, ["gradebook", "student", *told, *arguments])


def test_a_file_that_cannot_be_written_anew_keeps_nothing_else_from_being_done(
    small: Gradebook, course: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(Gradebook.__init__.__kwdefaults__, "patience", 0.2)
    Path("small.db.backup").touch()
    with read_by_another(small):
        done = student(small, NAME, "--pseudonymise")
        gone = student(small, "bob", "--erase")
    assert (done.exit_code, gone.exit_code) == (2, 2)
    assert "backcheck gradebook scrub" in done.output
    assert "small.db.backup" in done.output
    pseudonym = done.stdout.split()[0]
    with small.reading() as session:
        assert len(everything(session, pseudonym)["works"]) == 2
    assert list(json.loads(course.path.read_text(encoding="utf-8"))) == [pseudonym]


@pytest.mark.parametrize("where", ["commands.gradebook.move_attempts", "gradebook.privacy.pseudonymise"])
def test_the_same_command_goes_on_where_it_was_stopped(
    small: Gradebook, course: Ledger, monkeypatch: pytest.MonkeyPatch, where: str
):
    def stopped(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"graders.{where}", stopped)
        assert student(small, NAME, "--pseudonymise").exit_code == 1
    done = student(small, NAME, "--pseudonymise")
    assert done.exit_code == 0, done.output
    assert sorted(json.loads(course.path.read_text(encoding="utf-8"))) == ["bob", done.stdout.split()[0]]


@pytest.mark.parametrize("option", ["--erase", "--pseudonymise"])
def test_attempts_that_an_earlier_command_left_behind_go_as_well(small: Gradebook, course: Ledger, option: str):
    pseudonymise(small, NAME)
    done = student(small, NAME, option)
    assert done.exit_code == 0, done.output
    kept = ["bob"] if option == "--erase" else ["bob", done.stdout.split()[0]]
    assert sorted(json.loads(course.path.read_text(encoding="utf-8"))) == kept
    assert "there is no student" in student(small, NAME, option).output


def test_a_gradebook_that_the_environment_names_need_not_be_this_courses(
    small: Gradebook, course: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BACKCHECK_GRADEBOOK", str(small.engine.url.database))
    done = CliRunner().invoke(cli, ["gradebook", "student", NAME, "--erase", "--yes"])
    assert done.exit_code == 0, done.output
    assert f"--course {course.path.parents[2]} changes it too" in " ".join(done.stderr.split())
    assert sorted(json.loads(course.path.read_text(encoding="utf-8"))) == [NAME, "bob"]
    assert student(small, NAME, "--erase").exit_code == 0
    assert list(json.loads(course.path.read_text(encoding="utf-8"))) == ["bob"]


def test_a_chinese_name_is_found_within_a_sentence(small: Gradebook):
    small.record(place("王小明", submission="作业"), "a", report(printed="我是王小明，你好", name="作业"))
    pseudonym = pseudonymise(small, "王小明")
    with small.reading() as session:
        assert "王小明" not in json.dumps(everything(session, pseudonym), ensure_ascii=False)


def test_attempts_in_the_courses_folder_go_the_same_way(small: Gradebook, course: Ledger, tmp_path: Path):
    out = tmp_path / "ada.json"
    told = ["gradebook", "student", NAME, "--gradebook", str(small.engine.url.database), "--export", str(out)]
    assert CliRunner().invoke(cli, told).exit_code == 0
    assert "attempts" not in json.loads(out.read_text(encoding="utf-8"))  # another course's, for all we know
    done = student(small, NAME, "--export", str(out), "--pseudonymise")
    assert done.exit_code == 0, done.output
    assert json.loads(out.read_text(encoding="utf-8"))["attempts"][UNIT][0]["points"] == {"affine": 5.0}
    pseudonym = done.output.split()[-1]
    assert sorted(json.loads(course.path.read_text(encoding="utf-8"))) == ["bob", pseudonym]
    assert student(small, "bob", "--erase").exit_code == 0
    assert list(json.loads(course.path.read_text(encoding="utf-8"))) == [pseudonym]


def test_the_command_exports_asks_and_erases(small: Gradebook, tmp_path: Path):
    fill(small)
    (tmp_path / "small.db.backup").touch()
    told = ["gradebook", "student", NAME, "--gradebook", str(small.engine.url.database)]
    runner = CliRunner()
    out = tmp_path / "ada.json"
    assert runner.invoke(cli, [*told, "--export", str(out)]).exit_code == 0
    assert json.loads(out.read_text(encoding="utf-8"))["full_name"] == "Ada Lovelace"
    assert runner.invoke(cli, told).exit_code == 2
    assert runner.invoke(cli, [*told, "--erase", "--pseudonymise"]).exit_code == 2
    assert runner.invoke(cli, [*told, "--erase"], input="n\n").exit_code == 1
    assert traces(held(small))
    done = runner.invoke(cli, [*told, "--erase"], input="y\n")
    assert done.exit_code == 0
    assert "submissions removed: 2" in done.output
    assert "small.db.backup" in done.output
    (tmp_path / "small.db.backup").unlink()
    assert traces(held(small)) == []
