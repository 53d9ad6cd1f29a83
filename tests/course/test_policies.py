"""What a course decides: read strictly, applied where points are made, told wherever they are shown."""

from __future__ import annotations

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from graders import rules
from graders.batch import Grader, Setting
from graders.cli import cli
from graders.course import attempts, due, lock
from graders.course.attempts import Ledger, Record, stand
from graders.course.folder import make_course
from graders.course.handout import handout_text, read_handout, with_policy, with_rules
from graders.course.notebook import notebook
from graders.course.received import read_receipts, require_all, with_standings
from graders.course.released import ReleaseError, require_released
from graders.course.settings import find_course, read_course
from graders.i18n import use_language
from graders.intake.reference import closure, module_text
from graders.policy import Late, Policy, SettingsError
from graders.properties import points, properties
from graders.report import as_json, class_csv, html
from graders.report.terminal import print_report
from graders.sandbox.program import Limits
from graders.secrets import PUBLIC
from graders.specs import find_unit
from graders.specs.row import Row
from graders.standing import Attempt, standings
from graders.usage import as_released
from graders.verdict import Report, Status
from tests.report.samples import perfect

ROOT = Path(__file__).parents[2]
EXAMPLE = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "policies.md").read_text(encoding="utf-8"), re.DOTALL)[0]
DUE = datetime(2027, 1, 31, 16, tzinfo=UTC)


def course(folder: Path, text: str):
    (folder / "course.toml").write_text(text, encoding="utf-8")
    return read_course(folder)


# --- reading ---


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x = 1", "x: there is no such setting"),
        ("language = 3", "language: must be one of en, zh, not 3"),
        ("policy = 3", "policy: must be a table"),
        ('[policy]\nattempts = "3"', "policy.attempts: must be a whole number, at least 0, not '3'"),
        ("[policy]\nattempts = true", "policy.attempts: must be a whole number"),
        ("[policy]\nlate.fre = 1", "policy.late.fre: there is no such setting"),
        ("[policy]\nlate.penalty = 110", "policy.late.penalty: must be a number from 0 to 100, not 110"),
        ("[policy]\nlate = { free = 3, limit = 2 }", "policy.late.limit: must not be less than the free days"),
        ('[policy]\nreveal = "all"', "policy.reveal: must be one of case, shape, nothing, not 'all'"),
        ('[policy]\noptional = ["relu"]', "policy.optional: can be said of one unit only"),
        ("[units.99]", "units.99: there is no unit 99"),
        ("[units.01-activations]\nspeed = 9", "units.01-activations.speed: must be a number from 0 to 5"),
        ("[units.01-activations]\npoints.ctc = 1", "units.01-activations.points.ctc: there is no such task"),
        ("[units.01-activations]\npoints.relu = -1", "units.01-activations.points.relu: must be a number, at least 0"),
        ('[units.01-activations]\noptional = "relu"', "units.01-activations.optional: must be a list of names"),
        ('[units.01-activations]\nbonus = ["gelu"]', "units.01-activations.bonus: there is no task gelu"),
        ('[units.01-activations]\nbonus = ["relu", "relu"]', "units.01-activations.bonus: names something twice"),
        ('[units.01-activations]\nbonus = ["elu"]\noptional = ["elu"]', "elu is optional as well"),
        (
            "[units.01-activations]\ndue = 2027-01-31",
            "units.01-activations.due: must be a date and time with an offset",
        ),
        ("[", "Invalid"),
    ],
)
def test_what_it_should_not_say_is_named_with_file_and_key(tmp_path: Path, text: str, wanted: str):
    with pytest.raises(SettingsError) as raised:
        course(tmp_path, text)
    assert str(raised.value).startswith(f"{tmp_path / 'course.toml'}: ")
    assert wanted in str(raised.value)


def test_a_command_ends_with_that_message_and_code_2(tmp_path: Path):
    (tmp_path / "course.toml").write_text("[policy]\nattempts = -1")
    (tmp_path / "activations.py").write_text("")
    told = CliRunner().invoke(cli, ["grade", str(tmp_path), "--unit", "01", "--course", str(tmp_path)])
    assert told.exit_code == 2
    assert "policy.attempts" in told.output


def test_a_policy_is_the_same_after_a_detour_through_the_lock(tmp_path: Path):
    unit = course(tmp_path, EXAMPLE).unit("11")
    held = json.loads(json.dumps(lock.lock(unit)))
    assert lock.policy_of(held, find_unit("11")) == unit.policy


def test_what_a_unit_says_goes_before_what_is_said_of_all(tmp_path: Path):
    text = "[policy]\nattempts = 3\nlate = { free = 2 }\n[units.02-losses]\nattempts = 1\nlate = { penalty = 5 }"
    read = course(tmp_path, text)
    assert (read.unit("01").policy.attempts, read.unit("02").policy.attempts) == (3, 1)
    assert read.unit("02").policy.late == Late(free=2, penalty=5)
    found = find_course(tmp_path / "source")
    assert found is not None
    assert found.unit("02") == read.unit("02")
    assert read_course(tmp_path / "elsewhere").unit("01") == find_unit("01")


# --- the worked example of docs/policies.md ---


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory):
    return course(tmp_path_factory.mktemp("example"), EXAMPLE)


def test_the_example_drops_ctc_from_the_total(example):
    unit = example.unit("11-sequences")
    assert (find_unit("11").total, unit.total) == (70, 64)
    assert (unit.points["ctc_loss"], unit.points["embedding"]) == (0, 6)


def test_the_example_halves_the_points_for_speed(example):
    unit = example.unit("11-sequences")
    rows = [row for row in unit.tasks if isinstance(row, Row) and row.workload is not None and unit.points[row.name]]
    assert rows
    for row in rows:
        asked = properties(row, timed=True)
        before, after = points(asked, 8.0), points(asked, 8.0, unit.policy.speed)
        assert after["throughput"] == pytest.approx(before["throughput"] / 2)
        assert sum(after.values()) == pytest.approx(8.0)


@pytest.fixture(scope="module")
def reports(example, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """What becomes of right work, with and without CTC."""
    folder = tmp_path_factory.mktemp("handed-in")
    unit = example.unit("11-sequences")
    right = module_text(closure(["embedding_forward", "embedding_backward", "ctc_collapse"]))
    wrong = right + "\n\ndef ctc_collapse(path):\n    return path\n"
    setting = Setting(
        unit.name, PUBLIC, "auto", Limits(), tasks=frozenset({"embedding", "ctc_collapse"}), policy=unit.policy
    )
    grader = Grader(setting)
    found = {}
    for name, text in {"right": right, "wrong": wrong}.items():
        (folder / name).mkdir()
        (folder / name / "sequences.py").write_text(text)
        found[name] = grader(folder / name)
    grader.close()
    return found


def test_an_optional_task_is_graded_and_costs_nothing(reports: dict[str, Report]):
    for name, report in reports.items():
        assert (report.score, report.max_score, report.passed) == (6, 6, True), name
    states = {result.status.value for result in reports["wrong"].tasks()["ctc_collapse"]}
    assert "failed" in states
    assert all(result.status.value == "passed" for result in reports["right"].results)


def test_every_view_says_what_is_optional_and_what_the_rules_are(reports: dict[str, Report]):
    from rich.console import Console

    report = reports["wrong"]
    console = Console(record=True, width=100, file=io.StringIO())
    print_report(report, console)
    for text in (console.export_text(), html.to_html(report)):
        flat = " ".join(text.split())
        assert "optional" in flat
        assert "Optional, worth nothing and no part of the total" in flat
        assert "Speed is worth 2.5 percent" in flat
    told = as_json.to_json(report)
    jsonschema.validate(told, as_json.schema())
    assert told["optional"] == ["ctc_collapse", "ctc_loss"]


def test_handout_and_notebook_say_what_counts(example):
    unit = example.unit("11-sequences")
    for language, words in (("en", "Optional, worth nothing"), ("zh", "选做，不计分")):
        use_language(language)
        closing = read_handout(unit, language, "## My rules\n\nNone.").closing
        told = closing[: closing.index("## Common mistakes" if language == "en" else "## 常见错误")]
        assert words in told
        assert all(sentence in told for sentence in rules.sentences(unit))
        assert "My rules" in read_handout(unit, language, "## My rules\n\nNone.").intro
    use_language("en")
    headings = [
        line for cell in json.loads(notebook(unit))["cells"] for line in cell["source"] if line.startswith("### ")
    ]
    assert sum(line.endswith("(optional)\n") for line in headings) == 2
    assert sum(line.endswith(" points)\n") for line in headings) == 10


def test_bonus_comes_on_top(tmp_path: Path):
    unit = course(tmp_path, '[units.03-backprop]\nbonus = ["chain"]').unit("03")
    report = replace(perfect(), bonus=unit.policy.bonus)
    whole = sum(result.max_score for result in report.results)
    extra = sum(result.max_score for result in report.results if result.task == "chain")
    assert unit.total == find_unit("03").total - unit.points["chain"]
    assert (report.score, report.max_score) == (whole, whole - extra)
    assert report.passed
    lost = tuple(replace(one, score=0.0) if one.task == "affine" else one for one in report.results)
    assert not replace(report, results=lost).passed, "what is lost is not made up for by bonus"
    assert "bonus points" in notebook(unit)


def test_a_default_policy_says_nothing():
    unit = find_unit("01")
    assert rules.sentences(unit) == []
    assert with_policy("text\n", []) == "text\n"
    assert with_rules("text\n", " ") == "text\n"
    assert "In this course" not in handout_text(unit)


# --- attempts and late days ---


def attempt(number: int, points: float, days: float | None = 0.0) -> Attempt:
    received = None if days is None else DUE + timedelta(days=days)
    return Attempt(str(number), points, received, None if days is None else max(0.0, days * 86400))


@pytest.mark.parametrize(
    ("policy", "attempts", "counted", "final"),
    [
        (Policy(), [(50, -3), (40, -2)], 2, 40),
        (Policy(counts="best"), [(50, -3), (40, -2)], 1, 50),
        (Policy(counts="best"), [(50, -3), (50, -2)], 1, 50),
        (Policy(attempts=1), [(50, -3), (60, -2)], 1, 50),
        (Policy(attempts=2, counts="best"), [(50, -3), (55, -2), (60, -1)], 2, 55),
        (Policy(late=Late(penalty=10)), [(50, 0.01)], 1, 45),
        (Policy(late=Late(penalty=10)), [(50, 1.0)], 1, 45),
        (Policy(late=Late(penalty=10)), [(50, 1.01)], 1, 40),
        (Policy(late=Late(free=2, penalty=10)), [(50, 2.5)], 1, 45),
        (Policy(late=Late(penalty=60)), [(50, 1.5)], 1, 0),
        (Policy(late=Late(free=1, limit=3)), [(50, 2.9)], 1, 50),
        (Policy(late=Late(free=1, limit=3)), [(50, 3.1)], 1, 0),
        (Policy(counts="best", late=Late(penalty=10)), [(50, -1), (54, 0.5)], 1, 50),
        (Policy(late=Late(penalty=10)), [(50, None)], 1, 50),
    ],
)
def test_what_counts_and_what_is_left_of_it(policy, attempts, counted, final):
    found = standings([attempt(number, *one) for number, one in enumerate(attempts, start=1)], policy)
    (chosen,) = (one for one in found.values() if one.counts)
    assert (chosen.attempt, chosen.counted, chosen.final) == (counted, counted, final)
    assert all(one.counted == counted for one in found.values())


def test_an_attempt_that_does_not_count_is_told_why():
    found = standings([attempt(1, 50, -2), attempt(2, 60, -1)], Policy(attempts=1))
    assert found["2"].words == (
        "Attempt 2 of 2.",
        "Attempt 1 counts and this one does not: only the first 1 can count.",
    )
    unknown = standings([attempt(1, 50, None)], Policy(late=Late(penalty=10)))["1"]
    assert "not known" in unknown.words[0]


def test_times_from_a_file_reach_report_and_class_table(tmp_path: Path):
    file = tmp_path / "received.csv"
    file.write_text(
        "submission,student,received\na1.py,ada,2027-01-31T12:00:00+00:00\na2.py,ada,2027-02-01T12:00:00+00:00\nb.py,bob,\n"
    )
    paths = [tmp_path / name for name in ("a1.py", "a2.py", "b.py")]
    receipts = read_receipts(file)
    require_all(paths, receipts, file)
    policy = Policy(due=DUE, late=Late(penalty=10))
    reports = with_standings(paths, [replace(perfect(), submission=path.stem) for path in paths], receipts, policy)
    whole = reports[0].score
    assert [report.final for report in reports] == [whole, round(0.9 * whole, 2), whole]
    assert [report.standing.counts for report in reports if report.standing] == [False, True, True]
    for report in reports:
        jsonschema.validate(as_json.to_json(report), as_json.schema())
    header, *lines = class_csv.to_csv(reports).splitlines()
    assert header.endswith(",problem,attempt,days_late,penalty,final,counts")
    assert [line.split(",")[-1] for line in lines] == ["no", "yes", "yes"]
    assert "Days late: 1" in html.to_html(reports[1])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("who,what\n", "the first line must be submission,student,received"),
        ("submission,student,received\na.py,,\n", "received.csv, 2: "),
        ("submission,student,received\na.py,ada,2027-01-31 12:00\n", "with an offset"),
        ("submission,student,received\nb.py,ada,\n", "has no line for a.py"),
        ("submission,student,received\na.py, ,\n", "submission and student must be there"),
        ("submission,student,received\na.py,ada,\na.py ,bob,\n", "received.csv, 3: a.py has a line already"),
    ],
)
def test_a_file_of_times_that_cannot_be_used_is_refused(tmp_path: Path, text: str, wanted: str):
    file = tmp_path / "received.csv"
    file.write_text(text)
    with pytest.raises(SettingsError, match=wanted):
        require_all([tmp_path / "a.py"], read_receipts(file), file)


def test_blanks_around_names_and_times_are_no_part_of_them(tmp_path: Path):
    file = tmp_path / "received.csv"
    file.write_text("submission,student,received\n a.py , ada , 2027-01-31T12:00:00Z \n")
    (one,) = read_receipts(file).values()
    assert (one.submission, one.student, one.received) == ("a.py", "ada", datetime(2027, 1, 31, 12, tzinfo=UTC))


def test_a_fault_of_ours_is_no_attempt(tmp_path: Path):
    file = tmp_path / "received.csv"
    file.write_text(
        "submission,student,received\na1.py,ada,2027-01-30T12:00:00Z\na2.py,ada,2027-01-31T12:00:00Z\nb.py,bob,\n"
    )
    whole = perfect()
    faulty = replace(whole, results=(replace(whole.results[0], status=Status.ERROR, score=0.0, max_score=0.0),))
    paths = [tmp_path / name for name in ("a1.py", "a2.py", "b.py")]
    first, last, only = with_standings(paths, [whole, faulty, faulty], read_receipts(file), Policy())
    assert first.standing is not None
    assert (first.standing.counts, first.standing.attempts) == (True, 1)
    assert last.standing is only.standing is None


def test_the_same_work_graded_twice_is_one_attempt(tmp_path: Path):
    ledger = Ledger(tmp_path, "03-backprop")
    first = Record("aa", (DUE - timedelta(days=2)).isoformat(), {"chain": 3.0})
    second = Record("bb", (DUE + timedelta(hours=1)).isoformat(), {"chain": 2.0})
    for record in (first, first, second, second):
        records = ledger.add("ada", record)
    assert records == [first, second]
    ledger.add("bob", first)
    stands = stand(ledger.add("ada", second), Policy((("chain", 3.0),), counts="best"), DUE)
    assert [one.counts for one in stands.values()] == [True, False]


def test_an_earlier_attempt_is_taken_by_what_its_tasks_are_worth_now():
    record = Record("aa", "", {"affine": 12.0, "chain": 3.0}, {"affine": 12.0, "chain": 6.0})
    assert record.under(Policy((("affine", 8.0), ("chain", 6.0)))) == {"affine": 8.0, "chain": 3.0}
    assert record.under(Policy((("affine", 24.0), ("chain", 4.0)))) == {"affine": 24.0, "chain": 2.0}
    assert record.under(Policy((("affine", 24.0), ("chain", 4.0)), optional=("affine",))) == {"affine": 0, "chain": 2.0}
    assert Record("aa", "", {"new": 0.0}, {"new": 0.0}).under(Policy((("new", 5.0),))) == {"new": 0.0}


def test_a_record_that_does_not_say_what_its_tasks_were_worth_has_at_most_what_they_are_worth_now():
    old = Record("aa", "", {"affine": 12.0, "chain": 3.0})
    assert old.under(Policy((("affine", 8.0), ("chain", 6.0)))) == {"affine": 8.0, "chain": 3.0}


def test_a_task_that_has_become_optional_makes_no_attempt_the_best():
    worth = {"affine": 12.0, "chain": 6.0}
    records = [Record("aa", "", {"affine": 12.0}, worth), Record("bb", "", {"affine": 2.0, "chain": 6.0}, worth)]
    policy = Policy(tuple(worth.items()), counts="best")
    assert stand(records, policy, None)["aa"].counts
    later = stand(records, replace(policy, optional=("affine",)), None)
    assert (later["bb"].counts, later["bb"].earned, later["aa"].earned) == (True, 6.0, 0.0)


def test_what_is_handed_in_again_without_a_time_is_the_last(tmp_path: Path):
    ledger = Ledger(tmp_path, "03-backprop")
    first, second = (Record(key, "", {"chain": 3.0}) for key in ("aa", "bb"))
    for record in (first, second, first):
        records = ledger.add("ada", record)
    assert records == ledger.of("ada") == [second, first]
    assert stand(records, Policy((("chain", 3.0),)), None)["aa"].counts


def test_what_has_no_time_stays_where_it_came_among_what_has(tmp_path: Path):
    ledger = Ledger(tmp_path, "03-backprop")
    later, earlier = (Record(key, (DUE + timedelta(hours=hours)).isoformat()) for key, hours in (("aa", 2), ("bb", 1)))
    for record in (later, Record("cc", ""), earlier, Record("dd", "")):
        records = ledger.add("ada", record)
    stands = stand(records, Policy((("chain", 3.0),)), None)
    assert [stands[key].attempt for key in (earlier.key, "cc", later.key, "dd")] == [1, 2, 3, 4]
    assert stands["dd"].counts


def test_extra_credit_that_was_written_is_kept_with_one_attempt(tmp_path: Path):
    ledger = Ledger(tmp_path, "03-backprop")
    first, second = Record("aa", ""), Record("bb", "")
    ledger.add("ada", first)
    ledger.note_extra("ada", first.key, {"chain": 2.0})
    ledger.add("ada", second)
    ledger.add("ada", first)
    assert (ledger.extra("ada"), ledger.extra("bob")) == ({"chain": 2.0}, {})
    ledger.note_extra("ada", second.key, {"chain": 3.0})
    assert [one.extra for one in ledger.of("ada")] == [{"chain": 3.0}, {}]


def test_a_due_date_goes_with_the_course_s_word_and_one_that_a_person_set_stays(tmp_path: Path):
    ours, theirs = datetime(2027, 1, 31, 12), datetime(2027, 2, 1, 12)
    assert due.settled(tmp_path, "03-backprop", None, theirs) == theirs
    assert due.settled(tmp_path, "03-backprop", ours, theirs) == ours
    assert due.settled(tmp_path, "04-autodiff", None, ours) == ours
    assert due.settled(tmp_path, "03-backprop", None, ours) is None
    assert due.settled(tmp_path, "03-backprop", None, ours) == ours
    due.settled(tmp_path, "03-backprop", ours, None)
    assert due.settled(tmp_path, "03-backprop", None, theirs) == theirs


def test_no_attempt_is_lost_where_several_are_kept_at_once(tmp_path: Path):
    students = [f"student{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: Ledger(tmp_path, "03-backprop").add(name, Record("aa", "")), students))
    (ledger,) = attempts.ledgers(tmp_path).values()
    assert all(ledger.of(student) for student in students)
    assert {path.suffix for path in ledger.path.parent.iterdir()} == {".json", ".lock"}


def test_what_is_kept_of_a_student_can_be_shown_renamed_and_removed(tmp_path: Path):
    record = Record("aa", DUE.isoformat(), {"chain": 3.0})
    for unit in ("02-losses", "03-backprop"):
        for student in ("ada", "bob"):
            Ledger(tmp_path, unit).add(student, record)
    held = {"fingerprint": "aa", "received": DUE.isoformat(), "points": {"chain": 3.0}, "worth": {}, "extra": {}}
    assert attempts.everything(tmp_path, "ada") == {"02-losses": [held], "03-backprop": [held]}
    for ledger in attempts.ledgers(tmp_path).values():
        ledger.move("ada", "s-1")
        ledger.move("nobody", "s-2")
        assert (ledger.of("ada"), ledger.of("s-1"), ledger.of("bob")) == ([], [record], [record])
        ledger.move("s-1", "")
    assert attempts.everything(tmp_path, "s-1") == {}
    assert len(attempts.everything(tmp_path, "bob")) == 2


# --- the lock ---


def test_a_lock_names_what_differs_and_comments_in_other_units_do_not():
    unit = find_unit("03")
    held = json.loads(json.dumps(lock.lock(unit)))
    assert lock.differences(held, unit) == []
    assert lock.changed_points(held, unit) == []
    for key, words in {
        "suite": "0.0.1 then",
        "rows": "other cases",
        "tolerances": "errors",
        "thresholds": "limits",
    }.items():
        (told,) = lock.differences({**held, key: "0.0.1"}, unit)
        assert words in told
    assert {path.name for path in lock.rows_files(unit.tasks)} >= {"backprop.py", "row.py"}
    assert "gated.py" not in {path.name for path in lock.rows_files(unit.tasks)}


def test_check_counts_by_the_lock_and_notes_other_graders(tmp_path: Path):
    unit = find_unit("01")
    file = tmp_path / "activations.py"
    file.write_text("")
    assert as_released(unit, file) == (unit, [])
    wanted = course(tmp_path, '[units.01-activations]\noptional = ["maxout"]').unit("01")
    held = lock.lock(wanted)
    (tmp_path / lock.NAME).write_text(json.dumps(held))
    assert as_released(unit, file) == (wanted, [])
    (tmp_path / lock.NAME).write_text(json.dumps({**held, "suite": "9.9.9"}))
    released, (note,) = as_released(unit, file)
    assert released.total == unit.total - 7
    assert "9.9.9" in note.message
    (tmp_path / lock.NAME).write_text("{}")
    released, (note,) = as_released(unit, file)
    assert released == unit
    assert "no lock" in note.message


def test_a_notebook_carries_its_lock_along(tmp_path: Path):
    folder = tmp_path / "course"
    make_course(folder, [find_unit("01")])
    released = folder / "source" / "01-activations" / "activations.ipynb"
    alone = tmp_path / "activations.ipynb"
    alone.write_bytes(released.read_bytes())
    assert lock.lock_of(alone) == lock.lock_of(released) == json.loads(json.dumps(lock.lock(find_unit("01"))))


def test_a_class_is_not_graded_otherwise_than_it_was_released(tmp_path: Path):
    make_course(tmp_path, [find_unit("01")])
    read = read_course(tmp_path)
    require_released(read, read.unit("01"))
    changed = course(tmp_path, '[units.01-activations]\noptional = ["maxout"]')
    with pytest.raises(ReleaseError, match="optional"):
        require_released(changed, changed.unit("01"))
    path = tmp_path / "source" / "01-activations" / lock.NAME
    path.write_text(json.dumps({**lock.lock(changed.unit("01")), "suite": "9.9.9"}))
    with pytest.raises(ReleaseError, match=r"9\.9\.9"):
        require_released(changed, changed.unit("01"))
    told = CliRunner().invoke(cli, ["course", "build", "--course", str(tmp_path), "--check"])
    assert told.exit_code == 1
    assert CliRunner().invoke(cli, ["course", "build", "--course", str(tmp_path)]).exit_code == 0
    require_released(changed, changed.unit("01"))


RULES = """
[policy]
attempts = 3
counts = "best"
late = { free = 1, penalty = 10, limit = 5 }
[units.01-activations]
due = 2027-01-31T16:00:00+08:00
"""


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("attempts = 3", "attempts = 2", "attempts"),
        ("attempts = 3", "attempts = 4", "attempts"),
        ('counts = "best"', 'counts = "last"', "counts"),
        ("penalty = 10", "penalty = 20", "late"),
        ("limit = 5", "limit = 4", "late"),
        ("free = 1, ", "", "late"),
        ("2027-01-31", "2027-01-30", "due"),
        ("16:00:00+08:00", "07:59:59+00:00", "due"),
        ("16:00:00+08:00", "08:00:00+00:00", ""),
        ("2027-01-31", "2027-02-07", ""),
        ("due = 2027-01-31T16:00:00+08:00", "", ""),
        ('counts = "best"', 'counts = "best"\nreveal = "shape"', ""),
    ],
)
def test_the_rules_for_attempts_and_late_days_hold_as_they_were_released(
    before: str, after: str, key: str, tmp_path: Path
):
    course(tmp_path, RULES)
    make_course(tmp_path, [find_unit("01")])
    changed = course(tmp_path, RULES.replace(before, after))
    if not key:
        require_released(changed, changed.unit("01"))
        return
    with pytest.raises(ReleaseError, match=rf"other settings \({key}\); students know the old ones"):
        require_released(changed, changed.unit("01"))
    assert CliRunner().invoke(cli, ["course", "build", "--course", str(tmp_path)]).exit_code == 0
    require_released(changed, changed.unit("01"))


def test_a_due_date_is_no_surprise(tmp_path: Path):
    make_course(tmp_path, [find_unit("01")])
    changed = course(tmp_path, "[units.01-activations]\ndue = 2027-01-31T16:00:00Z")
    with pytest.raises(ReleaseError, match=r"\(due\)"):
        require_released(changed, changed.unit("01"))
    path = tmp_path / "source" / "01-activations" / lock.NAME
    held = lock.lock(changed.unit("01"))
    path.write_text(json.dumps({**held, "policy": {**held["policy"], "due": "tomorrow"}}))
    with pytest.raises(SettingsError, match=r"policy\.due: must be a date and time"):
        require_released(changed, changed.unit("01"))


# --- the folder ---


def test_what_is_the_instructors_own_is_never_overwritten(tmp_path: Path):
    make_course(tmp_path, [find_unit("01")])
    handout = tmp_path / "source" / "01-activations" / "handout.md"
    assert "Working together, and AI" in handout.read_text(encoding="utf-8")
    (tmp_path / "rules.md").write_text("## Rules\n\nWork in pairs.\n")
    (tmp_path / "course.toml").write_text("[policy]\nattempts = 2\n")
    make_course(tmp_path, [find_unit("01")], force=True)
    assert (tmp_path / "course.toml").read_text() == "[policy]\nattempts = 2\n"
    text = handout.read_text(encoding="utf-8")
    assert "Work in pairs." in text
    assert "Working together, and AI" not in text
    assert "the first 2" in text


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ("## Rules\n\n课程规定：独立完成。\n".encode("gbk"), "line 3 is not valid UTF-8: save the file as UTF-8"),
        (b"## Rules\n\n```console\n$ ls\n", "line 3 opens a code block that nothing closes"),
        (b"## Rules\n<!-- task: relu -->\n", "line 2: <!-- task: relu --> marks a task"),
    ],
)
def test_rules_that_would_spoil_every_handout_are_refused_by_name_and_line(tmp_path: Path, rules: bytes, wanted: str):
    make_course(tmp_path, [find_unit("01")])
    (tmp_path / "rules.md").write_bytes(rules)
    for command in (
        ["build", "--course", str(tmp_path)],
        ["pack", "01", "--for", "gradescope", "--course", str(tmp_path), "--out", str(tmp_path / "out")],
        ["init", str(tmp_path), "--unit", "01", "--force"],
    ):
        told = CliRunner().invoke(cli, ["course", *command])
        assert told.exit_code == 2, told.output
        assert f"{tmp_path / 'rules.md'}: {wanted}" in told.output.replace("\n", "")


@pytest.mark.parametrize("rules", ["```\n<!-- task: relu -->\n```", "````\n```\n```\n````", "\ufeff## Rules"])
def test_rules_may_show_what_handouts_use_in_a_block_of_code(tmp_path: Path, rules: str):
    (tmp_path / "rules.md").write_text(rules, encoding="utf-8")
    read = read_course(tmp_path)
    assert read.rules == rules.removeprefix("\ufeff")
    read_handout(find_unit("01"), rules=read.rules)


def test_a_chinese_course_has_its_rules_in_chinese(tmp_path: Path):
    make_course(tmp_path, [find_unit("01")], language="zh")
    assert read_course(tmp_path).language == "zh"
    assert "合作与人工智能" in (tmp_path / "source" / "01-activations" / "handout.md").read_text(encoding="utf-8")
