"""Migrations make what the models say, old gradebooks are brought up to date, and every trouble has one message."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from click.testing import CliRunner
from sqlalchemy import inspect, select, text

from graders.cli import cli
from graders.gradebook import versions
from graders.gradebook.book import Gradebook, Outcome
from graders.gradebook.connect import make_engine, parse_url
from graders.gradebook.errors import GradebookError, GradebookFault
from graders.gradebook.schema import Base, Grading
from graders.gradebook.upgrade import upgrade
from tests.gradebook.conftest import Server
from tests.gradebook.samples import UNIT, place, report

ROOT = Path(__file__).parents[2]


def old_book(url: str) -> None:
    """A gradebook of the first version, with one grading in it."""
    engine = make_engine(parse_url(url))
    versions.migrate(engine, "0001")
    with engine.begin() as connection:
        for table, columns, values in (
            ("students", "id, name, pseudonym, full_name, email, outside_id", "1, 'ada', 's-1', '', '', ''"),
            (
                "works",
                "id, student_id, unit, submission, fingerprint, path, seen",
                f"1, 1, '{UNIT}', 'ada', '1', '', :t",
            ),
        ):
            told = {"t": "2026-01-01 00:00:00"} if ":t" in values else {}
            connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), told)
    engine.dispose()


def refusal(url: str, **more: object) -> str:
    with pytest.raises(GradebookError) as error:
        Gradebook(url, patience=30.0 if url.startswith("postgresql") else 0.2, **more)  # type: ignore[arg-type]
    return str(error.value)


def test_the_migrations_make_what_the_models_say(book: Gradebook):
    with book.engine.connect() as connection:
        assert compare_metadata(versions.context(connection), Base.metadata) == []
        assert versions.version_of(connection) == versions.newest()


def test_every_migration_follows_the_one_before():
    found = [one.revision for one in versions.scripts().walk_revisions()]
    assert tuple(found[::-1]) == versions.known()


def test_a_gradebook_that_is_there_is_opened_without_alembic(tmp_path: Path):
    path = tmp_path / "gradebook.db"
    Gradebook(str(path)).close()
    code = (
        "import sys; from graders.gradebook.book import Gradebook; Gradebook(sys.argv[1]).close();"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_an_older_gradebook_is_refused_and_then_brought_up_to_date(url: str):
    old_book(url)
    assert "backcheck gradebook upgrade" in refusal(url)
    done = upgrade(url)
    assert done.steps == versions.known()[1:]
    assert upgrade(url).steps == ()
    with Gradebook(url) as book:
        assert book.record(place(), "key", report(affine=5.0)).outcome == Outcome.NEW
        (found,) = book.reports(UNIT)
        assert found[1].last_seen is not None
        assert found[1].id == 1  # the row from before


def test_a_copy_of_the_file_is_made_before(tmp_path: Path):
    path = tmp_path / "gradebook.db"
    old_book(str(path))
    copies = [upgrade(str(path)).copy]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE backcheck_version SET version_num = '0001'")
        for column in ("run", "decided_by", "decided", "counted"):
            connection.execute(f"ALTER TABLE gradings DROP COLUMN {column}")
        connection.execute("ALTER TABLE works DROP COLUMN last_seen")
        connection.commit()
    copies.append(upgrade(str(path)).copy)
    assert copies == [tmp_path / "gradebook.db.backup", tmp_path / "gradebook.db-1.backup"]
    assert list(versions.backups(path)) == sorted(one for one in copies if one)
    with closing(sqlite3.connect(tmp_path / "gradebook.db.backup")) as connection:
        assert connection.execute("SELECT version_num FROM backcheck_version").fetchall() == [("0001",)]
        assert connection.execute("SELECT name FROM students").fetchall() == [("ada",)]


def test_an_upgrade_that_fails_half_way_changes_nothing(url: str, monkeypatch: pytest.MonkeyPatch):
    old_book(url)
    directory = versions.scripts()
    monkeypatch.setattr(versions, "scripts", lambda: directory)
    last = directory.get_revision("0002").module
    whole = last.upgrade

    def half() -> None:
        whole()
        raise ZeroDivisionError

    monkeypatch.setattr(last, "upgrade", half)
    with pytest.raises(ZeroDivisionError):
        upgrade(url)
    engine = make_engine(parse_url(url))
    with engine.connect() as connection:
        assert versions.version_of(connection) == "0001"
        assert "run" not in {column["name"] for column in inspect(connection).get_columns("gradings")}
    engine.dispose()


def test_of_gradings_from_before_it_is_known_which_counted(url: str):
    """What nobody decided and is no less than all before it counted; so did what a person confirmed."""
    old_book(url)
    engine = make_engine(parse_url(url))
    versions.migrate(engine, "0003")
    columns = "work_id, key, round, state, why, score, max_score, suite, secret, recorded, seconds, report, decided"
    values = "1, :key, 0, :state, '', :score, 10, '', '', '2026-01-01 00:00:00', 1, '', :decided"
    with engine.begin() as connection:
        for key, state, score, decided in (
            ("first", "superseded", 6.0, None),
            ("lower", "superseded", 5.0, None),
            ("refused", "rejected", 4.0, "2026-02-01 00:00:00"),
            ("confirmed", "superseded", 5.0, "2026-02-01 00:00:00"),
            ("higher", "superseded", 7.0, None),
            ("now", "counts", 8.0, None),
            ("waits", "proposed", 3.0, None),
        ):
            told = {"key": key, "state": state, "score": score, "decided": decided}
            connection.execute(text(f"INSERT INTO gradings ({columns}) VALUES ({values})"), told)
    engine.dispose()
    assert upgrade(url).steps[0] == "0004"
    with Gradebook(url) as book, book.reading() as session:
        found = session.scalars(select(Grading).where(Grading.counted.is_not(None)).order_by(Grading.id)).all()
        assert [(one.key, one.counted and one.counted.month) for one in found] == [
            ("first", 1),
            ("confirmed", 2),
            ("higher", 1),
            ("now", 1),
        ]


def test_a_newer_gradebook_is_refused(url: str):
    with Gradebook(url) as book, book.engine.begin() as connection:
        connection.execute(text("UPDATE backcheck_version SET version_num = '9999'"))
    assert "newer backcheck (its version is 9999)" in refusal(url)
    with pytest.raises(GradebookError, match="newer"):
        upgrade(url)


def test_a_database_of_something_else_is_refused_and_left_alone(url: str):
    engine = make_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("CREATE TABLE student (id TEXT)"))
    assert "is no gradebook of backcheck: it holds alembic_version, student" in refusal(url)
    with engine.connect() as connection:
        assert len(inspect(connection).get_table_names()) == 2
    engine.dispose()


def test_a_file_of_something_else_keeps_every_byte(tmp_path: Path):
    """A journal in another mode would stay with another program's database for ever."""
    path = tmp_path / "gradebook.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE student (id TEXT)")
        connection.commit()
    before = path.read_bytes()
    assert "is no gradebook of backcheck" in refusal(str(path))
    with pytest.raises(GradebookError, match="is no gradebook of backcheck"):
        upgrade(str(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_readers_do_not_keep_writers_waiting(tmp_path: Path):
    for _opening in range(2):
        Gradebook(str(tmp_path / "gradebook.db")).close()
        with closing(sqlite3.connect(tmp_path / "gradebook.db")) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]


def test_another_program_is_waited_for_before_the_file_is_settled(tmp_path: Path):
    path = tmp_path / "gradebook.db"
    Gradebook(str(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN")
        other.execute("SELECT * FROM students").fetchall()
        assert "another program keeps the gradebook locked" in refusal(str(path))
        other.execute("COMMIT")
    Gradebook(str(path)).close()


def test_a_new_file_that_may_not_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def readonly(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "touch", readonly)
    path = tmp_path / "gradebook.db"
    assert refusal(str(path)) == f"cannot write {path}: Read-only file system"


def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "class.csv"
    path.write_text("submission,score\n" * 100)
    assert refusal(str(path)) == f"{path} is no SQLite database"
    assert path.read_text() == "submission,score\n" * 100
    assert "no such file or folder" in refusal(str(tmp_path / "nowhere" / "gradebook.db"))
    assert "cannot be read" in refusal(str(tmp_path))


def test_a_damaged_file_is_refused(tmp_path: Path):
    path = tmp_path / "gradebook.db"
    with Gradebook(str(path)) as book:
        for number in range(20):
            book.record(place(f"student {number}"), "key", report(affine=5.0))
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:4096] + os.urandom(8192) + whole[12288:]):
        path.write_bytes(damaged)
        assert "the gradebook is damaged" in refusal(str(path))
        assert path.read_bytes() == damaged


def test_a_locked_file_is_refused_after_a_while(tmp_path: Path):
    path = tmp_path / "gradebook.db"
    Gradebook(str(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "another program keeps the gradebook locked" in refusal(str(path))


def test_a_lock_in_the_middle_of_a_run_is_a_fault_and_records_nothing(small: Gradebook):
    small.record(place(), "key", report(affine=5.0))
    with closing(sqlite3.connect(small.engine.url.database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GradebookFault, match="another program keeps the gradebook locked"):
            small.record(place("bob"), "key", report(affine=5.0))
    assert [student.name for student, _work, _report in small.reports(UNIT)] == ["ada"]
    assert small.record(place("bob"), "key", report(affine=5.0)).outcome == Outcome.NEW


def test_a_file_that_may_not_be_written_is_refused(tmp_path: Path):
    path = tmp_path / "gradebook.db"
    Gradebook(str(path)).close()
    assert "cannot be opened for writing" in refusal(f"sqlite:///file:{path}?mode=ro&uri=true")


def test_an_address_that_is_none_is_refused():
    for wrong in ("mysql://root@localhost/book", "nonsense://", "postgresql+psycopg://user@:none:/x"):
        assert "a gradebook is a file, sqlite:///FILE or" in refusal(wrong)


def test_a_server_that_is_not_there_is_named_without_the_password(tmp_path: Path):
    said = refusal(f"postgresql+psycopg://ada:hunter2@/book?host={tmp_path}")
    assert "the database server does not answer" in said
    assert str(tmp_path) in said.replace("%2F", "/")
    assert "hunter2" not in said


def test_a_server_that_refuses_says_so_without_the_password(server: Server):
    server.sql("CREATE ROLE checked LOGIN PASSWORD 'right'")
    server.sql("CREATE DATABASE theirs")
    said = refusal(server.url("theirs", "checked:hunter2"))
    assert "refuses this user or password" in said
    assert "hunter2" not in said
    assert "no such database or user" in refusal(server.url("nowhere"))
    assert "refused: " in refusal(server.url("theirs", "checked:right"))  # may not make tables there


def test_a_server_that_dies_in_the_middle_of_a_run_is_a_fault(server: Server):
    name = "dying"
    server.sql(f"CREATE DATABASE {name}")
    with Gradebook(server.url(name)) as book:
        book.record(place(), "key", report(affine=5.0))

        def half() -> None:
            with book.session() as session:
                session.execute(text("SELECT 1"))
                server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
                session.execute(text("INSERT INTO students (name) VALUES ('bob')"))

        with pytest.raises(GradebookFault, match="server"):
            half()
        assert [student.name for student, _work, _report in book.reports(UNIT)] == ["ada"]


def test_the_commands_say_it_in_one_line_and_end_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKCHECK_GRADEBOOK", str(tmp_path / "gradebook.db"))
    runner = CliRunner()
    for command in (["history", "ada"], ["pending"], ["upgrade"], ["scrub"], ["student", "ada", "--erase"]):
        done = runner.invoke(cli, ["gradebook", *command])
        assert done.exit_code == 2, done.output
        assert done.output.startswith("Error: ")
        assert done.output.count("\n") == 1
    old_book(str(tmp_path / "gradebook.db"))
    done = runner.invoke(cli, ["gradebook", "pending"])
    assert done.exit_code == 2
    assert "bring it up to date: backcheck gradebook upgrade" in done.output
    done = runner.invoke(cli, ["gradebook", "upgrade"])
    assert done.exit_code == 0
    assert "gradebook.db.backup" in done.output
    assert runner.invoke(cli, ["gradebook", "pending"]).output == "no score waits\n"


def test_a_fault_in_the_middle_ends_a_command_with_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "gradebook.db"
    Gradebook(str(path)).close()

    def broken(*_arguments: object, **_options: object) -> None:
        raise GradebookFault("the disk is full")

    monkeypatch.setattr("graders.gradebook.decisions.pending", broken)
    done = CliRunner().invoke(cli, ["gradebook", "pending", "--gradebook", str(path)])
    assert (done.exit_code, done.output) == (3, "Error: the disk is full\n")


def test_without_sqlalchemy_there_is_one_message():
    code = (
        "import sys; sys.modules['sqlalchemy'] = None; sys.argv = ['backcheck', 'gradebook', 'pending'];"
        "from graders.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip().endswith("pip install 'backcheck[class]'")
    assert "Traceback" not in done.stderr
