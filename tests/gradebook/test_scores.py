"""Which attempt counts, what a person gave instead, and the history of it all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from graders.cli import cli
from graders.gradebook.book import Gradebook
from graders.gradebook.decisions import decide, override, withdraw
from graders.gradebook.difference import Change, changes
from graders.gradebook.errors import GradebookError
from graders.gradebook.history import attempts, overrides
from graders.gradebook.scores import Line, lines, units
from graders.policy import Late, Policy
from tests.gradebook.samples import UNIT, place, report

NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)
LATE = Policy(due=NOON, late=Late(penalty=10.0), points=(("affine", 10.0), ("relu", 10.0)))


def line(book: Gradebook, policy: Policy = Policy(), student: str = "ada") -> Line:  # noqa: B008
    with book.reading() as session:
        (found,) = lines(session, UNIT, policy, student=student)
        return found


def give(book: Gradebook, task: str, score: float, why: str = "read by hand") -> None:
    with book.session() as session:
        override(session, "ada", UNIT, task, score, why, "the TA")


@pytest.fixture
def three(small: Gradebook) -> Gradebook:
    """Three attempts: 5 in time, 8 a day late, 6 two days late."""
    for days, points in enumerate((5.0, 8.0, 6.0)):
        where = place(content=str(days), received=NOON + timedelta(days=days))
        small.record(where, "key", report(affine=points, relu=0.0))
    return small


@pytest.mark.parametrize(
    ("policy", "attempt", "final"),
    [
        (Policy(), 3, 6.0),
        (Policy(counts="best"), 2, 8.0),
        (Policy(counts="best", attempts=1), 1, 5.0),
        (LATE, 3, 4.8),
    ],
)
def test_the_attempt_that_counts_is_the_policys(three: Gradebook, policy: Policy, attempt: int, final: float):
    found = line(three, policy)
    assert [one.standing.attempt for one in found.attempts] == [1, 2, 3]
    assert found.counted is not None
    assert found.counted.standing.attempt == attempt
    assert found.computed == found.final == final


def test_points_given_by_a_person_stand_beside_the_computed_ones(three: Gradebook):
    give(three, "", 9.5)
    found = line(three, LATE)
    assert (found.computed, found.final) == (4.8, 9.5)


def test_points_given_for_a_task_are_late_like_the_others(three: Gradebook):
    give(three, "relu", 4.0)
    found = line(three, LATE)
    assert (found.computed, found.final) == (4.8, 8.0)  # 6 + 4, less 20 %


def test_the_last_override_holds_until_it_is_withdrawn(three: Gradebook):
    give(three, "relu", 4.0)
    give(three, "relu", 2.0, "looked again")
    assert line(three).final == 8.0
    with three.session() as session:
        withdraw(session, "ada", UNIT, "relu")
    assert line(three).final == 6.0
    with three.reading() as session:
        past = overrides(session, "ada")
    assert [(one.score, one.withdrawn is not None) for one in past] == [(4.0, True), (2.0, True)]
    with pytest.raises(GradebookError, match="ada has no override for 03-backprop relu"), three.session() as session:
        withdraw(session, "ada", UNIT, "relu")


@pytest.mark.parametrize(("score", "why"), [(-1.0, "why"), (float("nan"), "why"), (float("inf"), "why"), (1.0, " ")])
def test_an_override_is_a_number_with_a_reason(three: Gradebook, score: float, why: str):
    with pytest.raises(GradebookError):
        give(three, "", score, why)
    assert line(three).given == ()


def test_a_student_without_work_may_be_given_points_too(small: Gradebook):
    small.record(place(unit="01-activations"), "key", report())
    give(small, "", 3.0)
    found = line(small)
    assert (found.computed, found.final, found.counted) == (None, 3.0, None)
    with small.reading() as session:
        assert units(session) == ["01-activations", UNIT]
        assert units(session, "bob") == []


def test_a_student_who_is_not_there_is_named_with_those_that_are(three: Gradebook):
    near = "there is no student adda in the gradebook; there is ada"
    with pytest.raises(GradebookError, match=near), three.reading() as session:
        attempts(session, "adda")
    with pytest.raises(GradebookError, match=r"no student zoe in the gradebook$"), three.reading() as session:
        attempts(session, "zoe")


def test_a_difference_names_task_and_property():
    before, after = report(affine=3.0, relu=10.0), report(affine=10.0, relu=10.0)
    assert changes(before, after) == [Change("affine", "shape", 3.0, 4.0), Change("affine", "forward", 0.0, 6.0)]
    assert sum(one.points for one in changes(before, after)) == 7.0
    gone = changes(report(affine=10.0, relu=10.0), report(affine=10.0))
    assert gone == [Change("relu", "shape", 4.0, None), Change("relu", "forward", 6.0, None)]


def test_the_history_has_every_grading_with_reason_and_difference(small: Gradebook):
    small.record(place(), "a", report(affine=5.0))
    small.record(place(), "b", report(affine=9.0), why="an appeal was accepted")
    small.record(place(), "c", report(affine=4.0), why="a new suite")
    with small.reading() as session:
        (past,) = attempts(session, "ada", UNIT)
    assert [(one.state, one.score, one.why) for one in past.steps] == [
        ("superseded", 5.0, ""),
        ("counts", 9.0, "an appeal was accepted"),
        ("proposed", 4.0, "a new suite"),
    ]
    assert past.steps[0].changes == ()
    assert past.steps[1].changes == (Change("affine", "forward", 1.0, 5.0),)
    assert past.steps[2].changes == (Change("affine", "forward", 5.0, 0.0),)


def test_the_history_compares_with_what_counted(small: Gradebook):
    """Not with what only waited: neither where another took its place, nor where a person let it count at last."""
    small.record(place(), "a", report(affine=6.0))
    small.record(place(), "b", report(affine=4.5), why="a first suite")
    small.record(place(), "c", report(affine=5.0), why="another")
    small.record(place(), "c", report(affine=5.0), why="another", again=True, confirmed=True)
    with small.reading() as session:
        (past,) = attempts(session, "ada", UNIT)
    assert [(one.state, one.counted is not None) for one in past.steps] == [
        ("superseded", True),
        ("superseded", False),
        ("superseded", False),
        ("counts", True),
    ]
    assert [one.changes for one in past.steps] == [
        (),
        (Change("affine", "forward", 2.0, 0.5),),
        (Change("affine", "forward", 2.0, 1.0),),
        (Change("affine", "forward", 2.0, 1.0),),
    ]
    shown = run(small, "history", "ada")
    assert "6/10, counted before" in shown
    assert "4.5/10, waited, until another took its place, backcheck 0.1.0, a first suite" in shown


def test_what_a_person_confirms_has_counted_from_then_on(small: Gradebook):
    small.record(place(), "a", report(affine=6.0))
    small.record(place(), "b", report(affine=4.5))
    with small.session() as session:
        decide(session, True, "the TA")
    small.record(place(), "c", report(affine=5.0))
    with small.reading() as session:
        (past,) = attempts(session, "ada", UNIT)
    assert [(one.state, one.decided_by) for one in past.steps] == [
        ("superseded", ""),
        ("superseded", "the TA"),
        ("counts", ""),
    ]
    assert past.steps[2].changes == (Change("affine", "forward", 0.5, 1.0),)


def run(book: Gradebook, *arguments: str, code: int = 0) -> str:
    told = [*arguments, "--gradebook", str(book.engine.url.database)]
    done = CliRunner().invoke(cli, ["gradebook", *told])
    assert done.exit_code == code, done.output
    return done.output


def test_the_commands_show_and_change_what_counts(small: Gradebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    small.record(place(), "a", report(affine=8.0))
    small.record(place(), "b", report(affine=3.0), why="a new suite", run="monday")
    told = ("override", "ada", "--unit", UNIT, "--score", "9", "--why", "read by hand", "--by", "the TA")
    assert run(small, *told) == "ada, 03-backprop: computed 8, final 9\n"
    shown = run(small, "history", "ada")
    assert "affine, forward: 4 -> 0" in shown
    assert "3/10, waits for a person, backcheck 0.1.0, a new suite" in shown
    assert "the whole unit: 9 given by the TA" in shown
    assert "computed 8, final 9" in shown
    plain = json.loads(run(small, "history", "ada", "--unit", UNIT, "--json"))
    assert plain["scores"] == [{"unit": UNIT, "computed": 8.0, "final": 9.0}]
    (waiting,) = json.loads(run(small, "pending", "--json"))
    assert (waiting["before"], waiting["after"], waiting["run"]) == (8.0, 3.0, "monday")
    assert "a new suite" in run(small, "pending", "--unit", UNIT)
    assert "say which" in run(small, "confirm", code=2)
    assert "no score waits under 77" in run(small, "reject", "77", str(waiting["id"]), code=2)
    assert run(small, "reject", str(waiting["id"])) == "scores rejected: 1\n"
    assert run(small, "confirm", "--all") == "scores that count now: 0\n"
    assert "no task nonsense" in run(small, *told, "--task", "nonsense", code=2)
    strange = ("override", "ada", "--unit", "hw1", "--score", "9", "--why", "read by hand")
    assert "there is no unit hw1" in run(small, *strange, code=2)
    small.record(place(unit="hw1"), "a", report(affine=8.0))
    assert run(small, *strange) == "ada, hw1: computed 8, final 9\n"
    assert "say either" in run(small, *told, "--withdraw", code=2)
    assert run(small, "override", "ada", "--unit", UNIT, "--withdraw").endswith("computed 8, final 8\n")


@pytest.mark.parametrize(
    ("command", "kept"), [("confirm", {"ada": 3.0, "bob": 8.0}), ("reject", {"ada": 8.0, "bob": 8.0})]
)
def test_a_run_is_decided_about_without_another(small: Gradebook, command: str, kept: dict[str, float]):
    for student, name in (("ada", "monday"), ("bob", "tuesday")):
        small.record(place(student), "a", report(affine=8.0))
        small.record(place(student), "b", report(affine=3.0), run=name)
    assert [one["student"] for one in json.loads(run(small, "pending", "--run", "monday", "--json"))] == ["ada"]
    assert run(small, command, "--run", "monday").endswith(": 1\n")
    assert {student.name: one.score for student, _work, one in small.reports(UNIT)} == kept
    assert [one["run"] for one in json.loads(run(small, "pending", "--json"))] == ["tuesday"]
    assert run(small, command, "--run", "sunday").endswith(": 0\n")


def test_a_unit_is_meant_by_its_number_too(small: Gradebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    small.record(place(), "a", report(affine=8.0))
    small.record(place("bob"), "a", report(affine=8.0))
    told = ("override", "ada", "--unit", "03", "--task", "affine", "--score", "9", "--why", "read by hand")
    assert run(small, *told) == "ada, 03-backprop: computed 8, final 9\n"
    with small.reading() as session:
        assert units(session) == [UNIT]
    assert "computed 8, final 9" in run(small, "history", "ada", "--unit", "03")
    for student in ("ada", "bob"):
        small.record(place(student), "b", report(affine=3.0))
    assert len(json.loads(run(small, "pending", "--unit", "03", "--json"))) == 2
    assert "there is no unit 3" in run(small, "confirm", "--unit", "3", code=2)
    assert run(small, "confirm", "--unit", "03") == "scores that count now: 2\n"
    book = str(small.engine.url.database)
    done = CliRunner().invoke(cli, ["export", "--unit", "03", "--unit", UNIT, "--gradebook", book])
    assert done.exit_code == 0, done.output
    assert [one.split(",")[5] for one in done.output.splitlines()] == ["unit", UNIT, UNIT]


def test_a_unit_of_another_gradebook_may_be_called_like_a_number(small: Gradebook):
    small.record(place(unit="03"), "a", report(affine=8.0))
    told = ("override", "ada", "--unit", "03", "--score", "9", "--why", "read by hand")
    assert run(small, *told) == "ada, 03: computed 8, final 9\n"


def test_a_task_of_another_gradebooks_unit_is_one_that_a_report_has(small: Gradebook):
    small.record(place(unit="hw1"), "a", report(q1=8.0, q2=8.0))
    small.record(place("bob", unit="hw1"), "a", report(q3=8.0))
    told = ("override", "ada", "--unit", "hw1", "--score", "9", "--why", "read by hand", "--task")
    assert "hw1 has no task q11; it has q1" in run(small, *told, "q11", code=2)
    assert "hw1 has no task essay; it has q1, q2, q3" in run(small, *told, "essay", code=2)
    assert run(small, *told, "q3") == "ada, hw1: computed 16, final 25\n"  # added after ada's work was graded
    with small.session() as session:  # as it could be given once
        override(session, "ada", "hw1", "q11", 9.0, "a slip", "the TA")
    gone = run(small, "override", "ada", "--unit", "hw1", "--task", "q11", "--withdraw")
    assert gone == "ada, hw1: computed 16, final 25\n"


def test_what_was_withdrawn_makes_no_unit(small: Gradebook):
    small.record(place(), "a", report(affine=8.0))
    with small.session() as session:
        override(session, "ada", "03", "", 9.0, "by mistake", "the TA")
        session.flush()
        assert units(session) == ["03", UNIT]
        withdraw(session, "ada", "03", "")
        session.flush()
        assert units(session) == units(session, "ada") == [UNIT]
