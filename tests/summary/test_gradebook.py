"""A class is read from a gradebook: what counts of every work, whose it is, and what it cost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed: pip install backcheck[class]")
from graders.cli import cli
from graders.gradebook.book import Gradebook, Place
from graders.gradebook.record import student_of
from graders.policy import Policy
from graders.summary.record import RecordError, from_gradebook
from tests.gradebook.samples import UNIT, report
from tests.summary import made


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("book") / "gradebook.db"
    with Gradebook(str(path)) as kept:
        for name, own in made.students(6).items():
            for number, one in enumerate(own, start=1):
                when = datetime(2027, 3, number, tzinfo=UTC)
                place = Place(name, one.unit, one.submission, f"{number}{one.fingerprint[1:]}", received=when)
                kept.record(place, f"{number:064}", one)
    return str(path)


def test_attempts_follow_their_students_as_they_came(book: str):
    record = from_gradebook(book, lambda _unit: Policy(), "03")
    assert {one.name: [attempt.report.score for attempt in one.attempts] for one in record.students} == {
        name: [report.score for report in own] for name, own in made.students(6).items()
    }
    assert all(one.pseudonym.startswith("s-") for one in record.students)
    first = next(one for one in record.students if one.name == made.HOSTILE)
    assert [attempt.received[:10] for attempt in first.attempts] == ["2027-03-01", "2027-03-02"]


@pytest.mark.parametrize(("policy", "place"), [(Policy(), -1), (Policy(attempts=1), 0), (Policy(counts="best"), None)])
def test_the_attempt_that_counts_is_the_policys(book: str, policy: Policy, place: int | None):
    record = from_gradebook(book, lambda _unit: policy, "03")
    scores = {one.name: [attempt.report.score for attempt in one.attempts] for one in record.students}
    assert any(len(set(own)) > 1 for own in scores.values())
    assert {one.name: one.counted.report.score for one in record.students} == {
        name: max(own) if place is None else own[place] for name, own in scores.items()
    }


def test_the_command_asks_the_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "course.toml").write_text('[policy]\ncounts = "best"\n', encoding="utf-8")
    with Gradebook("gradebook.db") as kept:
        for number, points in enumerate((9.0, 4.0)):
            kept.record(Place("ada", UNIT, "ada.py", str(number)), "key", report(affine=points))
    done = CliRunner().invoke(cli, ["summary", "--gradebook", "gradebook.db", "--json"])
    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.output)["by_student"]
    assert (told["score"], told["scores"]) == (9.0, [9.0, 4.0])


def test_a_page_shows_nothing_that_a_student_is_known_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    called = ("Wang, Xiaoming", "wxm01", "xm.wang@example.org", "20271815")
    with Gradebook("gradebook.db") as kept:
        said = f"FileNotFoundError: /home/wxm01/data of {called[2]}, no. 20271815: an otherwise plain message"
        kept.record(Place("wxm01", UNIT, "backprop.py", "1"), "key", report(affine=5.0, message=said, name="backprop"))
        with kept.session() as session:
            student = student_of(session, "wxm01")
            student.full_name, student.email, student.outside_id = called[0], called[2], called[3]
    done = CliRunner().invoke(cli, ["summary", "--gradebook", "gradebook.db"])
    assert done.exit_code == 0, done.output
    page = Path("summary.html").read_text(encoding="utf-8")
    assert "an otherwise plain message" in page
    assert [name for name in (*called, "Xiaoming") if name in page] == []
    named = CliRunner().invoke(cli, ["summary", "--gradebook", "gradebook.db", "--names", "--json"])
    assert called[0] in named.output  # the search finds what is there


def test_a_unit_that_nobody_handed_in_is_told(book: str):
    with pytest.raises(RecordError, match="holds no reports of 09"):
        from_gradebook(book, lambda _unit: Policy(), "09")


def test_the_command_reads_it(book: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["summary", "--gradebook", book])
    assert done.exit_code == 0, done.output
    assert "Time and memory" in Path("summary.html").read_text(encoding="utf-8")
    missing = CliRunner().invoke(cli, ["summary"])
    assert missing.exit_code == 2
    assert "there is no gradebook" in missing.output
