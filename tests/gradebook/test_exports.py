"""Final scores in the columns that spreadsheets and learning platforms read, and rosters that do not fit."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graders.cli import cli
from graders.gradebook.book import Gradebook
from graders.gradebook.decisions import override
from graders.gradebook.errors import GradebookError
from graders.gradebook.exports import FORMATS, Class
from graders.gradebook.roster import COLUMNS, Member, from_book, read_roster, require_match
from graders.gradebook.scores import lines
from graders.policy import Policy
from graders.specs import find_unit
from tests.gradebook.samples import UNIT, place, report

ROSTER = """student,name,email,id,login,section,canvas_id
ada,"Lovelace, Ada",ada@example.org,1815,alovelace,A,901
bob,=cmd|'/C calc'!A0,bob@example.org,+1,bob,B,902
eve,"Eve, Empty",eve@example.org,3,eve,A,903
"""


@pytest.fixture
def graded(small: Gradebook) -> Gradebook:
    """Two students: one with two attempts and an override, one with a lower score that waits."""
    small.record(place("ada", "1", received=datetime(2027, 1, 1, tzinfo=UTC)), "a", report(affine=5.0, relu=7.25))
    small.record(place("ada", "2", received=datetime(2027, 1, 2, tzinfo=UTC)), "a", report(affine=6.0, relu=7.25))
    small.record(place("bob"), "a", report(affine=9.0))
    small.record(place("bob"), "b", report(affine=2.0))
    with small.session() as session:
        override(session, "ada", UNIT, "affine", 10.0, "read by hand", "the TA")
    return small


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER, encoding="utf-8")
    return path


@pytest.fixture
def whole(graded: Gradebook, roster: Path) -> Class:
    with graded.reading() as session:
        found = {UNIT: lines(session, UNIT, Policy(), with_tasks=True)}
    return Class(read_roster(roster), found, {UNIT: 20.0}, {UNIT: "Backprop (41)"})


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_canvas_finds_its_columns_and_the_points_possible(whole: Class):
    """By these names and this order its import tells students from assignments; the number in brackets is its own."""
    assert table(FORMATS["canvas"](whole)) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Backprop (41)"],
        ["    Points Possible", "", "", "", "", "20"],
        ["Lovelace, Ada", "901", "1815", "alovelace", "A", "17.25"],
        ["'=cmd|'/C calc'!A0", "902", "'+1", "bob", "B", "9"],
        ["Eve, Empty", "903", "3", "eve", "A", ""],
    ]


def test_moodle_finds_its_columns(whole: Class):
    assert table(FORMATS["moodle"](whole)) == [
        ["First name", "Last name", "ID number", "Username", "Email address", "Assignment: Backprop (41) (Real)"],
        ["Ada", "Lovelace", "1815", "alovelace", "ada@example.org", "17.25"],
        ["'=cmd|'/C", "calc'!A0", "'+1", "bob", "bob@example.org", "9"],
        ["Empty", "Eve", "3", "eve", "eve@example.org", ""],
    ]


def test_a_spreadsheet_has_computed_and_given_points_side_by_side(whole: Class):
    header, *rows = table(FORMATS["csv"](whole))
    ada, bob, eve = (dict(zip(header, row, strict=True)) for row in rows)
    assert header[-2:] == ["affine", "relu"]
    wanted = {"attempt": "2", "attempts": "2", "score": "13.25", "computed": "13.25", "override": "17.25"}
    assert wanted | {"final": "17.25", "affine": "10", "relu": "7.25", "pending": ""} == {
        name: ada[name] for name in (*wanted, "final", "affine", "relu", "pending")
    }
    assert (bob["final"], bob["pending"], bob["override"]) == ("9", "2", "")
    assert bob["name"].startswith("'=")
    assert (eve["attempts"], eve["final"], eve["max_score"]) == ("0", "", "20")


def test_json_has_all_attempts(whole: Class):
    data = json.loads(FORMATS["json"](whole))
    ada = data["students"][0]["units"][UNIT]
    assert (ada["computed"], ada["final"]) == (13.25, 17.25)
    assert [one["standing"]["counts"] for one in ada["attempts"]] == [False, True]
    assert data["students"][2]["units"][UNIT] is None


def test_without_a_roster_the_gradebook_says_who_it_is(graded: Gradebook):
    with graded.reading() as session:
        found = from_book(lines(session, UNIT, Policy()))
    assert found == [Member("ada", login="ada"), Member("bob", login="bob")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,email\nada,a@x\n", "must have the column student"),
        ("student,points\nada,3\n", "and of the others only name, first_name"),
        ("student,name\nada,Ada\nada,Ada\nbob,Bob\n", "twice on the roster: ada"),
        ("student,name\nada,Ada,more\n", "line 2: it must have 2 fields"),
        ("student,name\nada\n", "line 2: it must have 2 fields"),
        ("student,name\n,Ada\n", "line 2"),
        ("student,name\n", "no student in it"),
        ("", "must have the column student"),
        (b"student\n\xff\xfe", "utf-8"),
    ],
)
def test_a_roster_that_is_none_is_refused_with_its_line(tmp_path: Path, text: str | bytes, said: str):
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(GradebookError) as error:
        read_roster(path)
    assert said in str(error.value)


def test_a_roster_may_have_all_documented_columns(tmp_path: Path):
    path = tmp_path / "roster.csv"
    path.write_text(",".join(COLUMNS) + "\n" + ",".join(f" {one} " for one in COLUMNS) + "\n")
    assert read_roster(path) == [Member(*COLUMNS)]
    page = (Path(__file__).parents[2] / "docs" / "gradebook.md").read_text(encoding="utf-8")
    assert all(f"`{one}`" in page for one in COLUMNS)


def test_who_does_not_match_is_listed():
    members = [Member("ada"), Member("bob")]
    require_match(members, ["ada", "bob"], Path("r.csv"), False)
    require_match(members, ["ada"], Path("r.csv"), True)
    with pytest.raises(GradebookError) as error:
        require_match(members, ["ada", *(f"x{n:02}" for n in range(12))], Path("r.csv"), False)
    assert str(error.value).startswith("r.csv: not on the roster, but graded: x00, x01")
    assert "x09 and 2 more" in str(error.value)
    assert "without any score: bob (--missing blank" in str(error.value)


def export(book: Gradebook, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["export", *arguments, "--gradebook", str(book.engine.url.database)])


def test_the_command_writes_what_it_was_asked_for(graded: Gradebook, roster: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = export(graded, "--format", "canvas", "--roster", str(roster))
    assert done.exit_code == 2
    assert "without any score: eve" in done.output
    out = tmp_path / "out" / "canvas.csv"
    told = ("--format", "canvas", "--roster", str(roster), "--missing", "zero", "--title", f"{UNIT}=HW (7)")
    done = export(graded, *told, "--out", str(out))
    assert done.exit_code == 0, done.output
    rows = table(out.read_text(encoding="utf-8-sig"))
    assert rows[0][-1] == "HW (7)"
    assert rows[1][-1] == f"{find_unit(UNIT).total:g}"
    assert rows[-1][-1] == "0"
    assert table(export(graded).output)[1][:2] == ["ada", "ada"]
    assert "--title" in export(graded, "--title", "nonsense").output
    done = export(graded, "--unit", "01-activations")
    assert (done.exit_code, done.output) == (2, "Error: the gradebook has no scores for this\n")
