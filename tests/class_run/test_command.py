"""`backcheck grade` over a class: what is told, and with which exit code it ends."""

from __future__ import annotations

import csv
import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graders.cli import cli
from graders.commands import grading
from graders.commands.shared import make_setting
from graders.engine import jobs
from graders.engine.local import Here
from graders.gradebook.book import Gradebook
from tests.class_run.conftest import RIGHT


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["grade", *map(str, arguments), "--unit", "01"])


def words(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the class, with one task to grade."""

    def setting(*arguments, **options):
        return replace(make_setting(*arguments, **options), tasks=frozenset({"one_hot"}))

    monkeypatch.chdir(folder.parent)
    monkeypatch.setattr(grading, "make_setting", setting)


def test_a_class_is_graded_once_and_the_same_command_says_so():
    first = run("class", "--out", "out")
    assert first.exit_code == 0, first.output
    assert Path(".backcheck/gradebook.db").exists()
    pages = {path: path.stat().st_mtime_ns for path in Path("out").glob("*.html")}
    assert len(pages) == 3
    second = run("class", "--out", "out")
    assert "graded before and not changed: 3 of 3" in words(second)
    assert second.exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in Path("out").glob("*.html")} == pages  # drawn once
    Path("out/ada.html").unlink()
    third = run("class", "--out", "out", "--json")
    assert Path("out/ada.html").exists()
    reports = json.loads(third.stdout)
    assert [report["submission"] for report in reports] == ["ada", "bob", "eve"]
    assert reports == [json.loads(Path(f"out/{name}.json").read_text()) for name in ("ada", "bob", "eve")]


def test_a_lower_score_is_told_and_waits_for_a_word(monkeypatch: pytest.MonkeyPatch):
    path = Path("class/ada.py")
    before = json.loads(run(path, "--json").stdout)[0]["score"]
    do = jobs.do

    def harder(job, grader):
        done = do(job, grader)
        results = tuple(replace(one, score=one.score / 2) for one in done.report.results)
        return replace(done, report=replace(done.report, results=results))

    monkeypatch.setattr("graders.engine.local.do", harder)
    told = run(path, "--force", "--why", "a mistake of ours", "--out", "out")
    assert "not recorded, being lower than before: 1" in words(told)
    assert f"ada: {before:g} -> {before / 2:g}" in words(told)
    assert score_of("ada") == before
    with Path("out/class.csv").open(encoding="utf-8-sig", newline="") as file:
        (line,) = csv.DictReader(file)
    assert (float(line["score"]), float(line["until confirmed"])) == (before / 2, before)
    assert f"{before:g} do, from before, until somebody confirms" in Path("out/ada.html").read_text()
    assert "lower than before" in words(run(path))
    run(path, "--accept-drops")
    assert score_of("ada") == before / 2
    assert "lower than before" not in words(run(path))


def score_of(name: str) -> float:
    with Gradebook(".backcheck/gradebook.db") as book:
        return {student.name: report.score for student, _work, report in book.reports("01-activations")}[name]


def test_two_submissions_of_one_student_are_asked_about(folder: Path):
    (folder / "ADA.ipynb").write_text("{}")
    told = run("class")
    assert told.exit_code == 2
    assert "two submissions of one student: class/ADA.ipynb, class/ada.py" in words(told)
    assert "Say with --received which came when" in words(told)
    lines = ["ada.py,ada,2027-01-01T10:00:00Z", "ADA.ipynb,ada,2027-01-02T10:00:00Z", "bob.py,bob,", "eve.py,eve,"]
    Path("received.csv").write_text("\n".join(["submission,student,received", *lines]))
    told = run("class", "--received", "received.csv", "--json")
    assert told.exit_code == 1, told.output
    standing = {report["submission"]: report["standing"] for report in json.loads(told.stdout)}
    assert {one["attempts"] for name, one in standing.items() if name.lower().startswith("ada")} == {2}


def test_faults_are_told_and_end_with_3(monkeypatch: pytest.MonkeyPatch):
    def broken(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr("graders.batch.Grader.graded", broken)
    told = run("class/ada.py")
    assert told.exit_code == 3
    assert "not recorded, for a fault of the grader: 1" in words(told)
    monkeypatch.undo()
    assert "Traceback" not in told.output


def test_without_its_libraries_there_is_no_gradebook_and_one_line_says_so(monkeypatch: pytest.MonkeyPatch):
    from graders.gradebook import open as opening
    from graders.gradebook.errors import GradebookError

    def missing():
        raise GradebookError("pip install 'backcheck[class]'")

    monkeypatch.setattr(opening, "require_database", missing)
    told = run("class/ada.py")
    assert told.exit_code == 0
    assert "nothing is recorded: pip install 'backcheck[class]'" in words(told)
    assert not Path(".backcheck/gradebook.db").exists()
    assert run("class/ada.py", "--gradebook", "book.db").exit_code == 2


def received(*lines: str) -> list[str]:
    """The option that says who handed in what and when."""
    Path("received.csv").write_text("\n".join(["submission,student,received", *lines]) + "\n")
    return ["--received", "received.csv"]


def table() -> dict[str, dict[str, str]]:
    with Path("out/class.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def finals() -> dict[str, str]:
    done = CliRunner().invoke(cli, ["export", "--unit", "01-activations"])
    assert done.exit_code == 0, done.output
    return {row["student"]: row["final"] for row in csv.DictReader(done.stdout.splitlines())}


def test_a_later_file_that_cannot_be_read_is_told_and_costs_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "ada-2.py").write_text((folder / "ada.py").read_text() + "# again\n")
    times = received(
        "ada.py,ada,2027-01-01T10:00:00Z", "ada-2.py,ada,2027-01-02T10:00:00Z", "bob.py,bob,", "eve.py,eve,"
    )
    opened = Path.open

    def failing(self: Path, *arguments, **options):
        if self.name == "ada-2.py":
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(self, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", failing)
        told = run("class", *times, "--out", "out")
    assert told.exit_code == 3, told.output
    assert "could not be read: 1 (ada-2: it cannot be read: Permission denied); the same command" in words(told)
    assert table()["ada-2"]["problem"] == "it cannot be read: Permission denied"
    assert (table()["ada"]["counts"], table()["ada-2"]["counts"]) == ("yes", "")
    assert float(finals()["ada"]) == float(table()["ada"]["score"]) > 0
    again = run("class", *times, "--out", "out")
    assert again.exit_code == 0, again.output
    assert (table()["ada"]["counts"], table()["ada-2"]["counts"]) == ("no", "yes")


@pytest.mark.parametrize(
    "times", [("", ""), ("2027-01-01T10:00:00Z", ""), ("2027-01-01T10:00:00Z", "2027-01-01T11:00:00+01:00")]
)
@pytest.mark.parametrize("option", ["--force", "--no-gradebook"])
def test_times_that_do_not_say_which_came_first_are_asked_about(times: tuple[str, str], option: str):
    told = run("class", *received(f"ada.py,ada,{times[0]}", f"bob.py,ada,{times[1]}", "eve.py,eve,"), option)
    assert told.exit_code == 2, told.output
    assert "does not say which came first: class/ada.py, class/bob.py. Give each" in words(told)


def test_a_corrected_time_is_charged_as_it_is_shown():
    Path("course.toml").write_text(
        "[policy]\nlate = { penalty = 10 }\n[units.01-activations]\ndue = 2027-01-01T00:00:00Z\n"
    )
    lines = "bob.py,bob,2026-12-31T10:00:00Z", "eve.py,eve,2026-12-31T10:00:00Z"
    run("class", *received("ada.py,ada,2027-01-01T10:00:00Z", *lines), "--out", "out")
    full, late = float(finals()["bob"]), float(finals()["ada"])
    assert late == pytest.approx(0.9 * full)
    told = run("class", *received("ada.py,ada,2026-12-31T10:00:00Z", *lines), "--out", "out")
    assert "graded before and not changed: 3 of 3" in words(told)
    assert float(finals()["ada"]) == float(table()["ada"]["final"]) == full


def test_what_is_left_out_is_named(folder: Path):
    for name in ("ada.rar", "notes.txt", "_old.py", ".DS_Store"):
        (folder / name).write_text("")
    lines = ["ada.py,ada,", "bob.py,bob,", "eve.py,eve,", "zoe.py,zoe,"]
    (folder / "received.csv").write_text("\n".join(["submission,student,received", *lines]))
    told = run("class", "--received", folder / "received.csv")
    assert told.exit_code == 0, told.output
    assert "skipped: 3 (_old.py, ada.rar, notes.txt). A submission is a folder or ends with .py," in words(told)
    assert "has lines for what is not among the submissions: 1 (zoe.py)" in words(told)
    assert "skipped" not in words(run("class/ada.py"))


def test_a_page_is_whole_whenever_the_run_ended(monkeypatch: pytest.MonkeyPatch):
    assert run("class", "--out", "out").exit_code == 0
    pages = {path: path.read_bytes() for path in Path("out").iterdir()}
    assert len(pages) == 7  # no file is left half-written
    page, told = Path("out/ada.html"), Path("out/ada.json")
    page.unlink()
    told.write_bytes(told.read_bytes()[:100] + "é".encode()[:1])
    replace_file = os.replace

    def dies(source: Path, target: Path) -> None:
        if target == told:
            raise KeyboardInterrupt  # the page is there; what vouches for it is not
        replace_file(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", dies)
        assert run("class", "--out", "out").exit_code != 0
    assert page.read_bytes() == pages[page]
    run("class", "--out", "out")
    assert {path: path.read_bytes() for path in Path("out").iterdir()} == pages


def test_a_full_disk_ends_with_3_and_the_same_command_goes_on(monkeypatch: pytest.MonkeyPatch):
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("graders.usage.os.fsync", full)
        told = run("class", "--out", "out")
    assert told.exit_code == 3, told.output
    assert "cannot write out/ada.html: No space left on device" in words(told)
    assert "the same command goes on from here" in words(told)
    assert list(Path("out").iterdir()) == []
    assert run("class", "--out", "out").exit_code == 0
    assert len(list(Path("out").iterdir())) == 7


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--scheduler", "tcp://127.0.0.1:1", "--cluster", "slurm"], "exclude each other"),
        (["--tls-ca", "class/ada.py"], "belong together"),
        (
            ["--tls-ca", "class/ada.py", "--tls-cert", "class/ada.py", "--tls-key", "class/ada.py"],
            "go with --scheduler",
        ),
        (["--cluster", "kubernetes"], "needs --image"),
        (["--gradebook", "nowhere/book.db"], "nowhere"),
    ],
)
def test_options_that_do_not_fit_are_usage_errors(options: list[str], says: str):
    told = run("class", *options)
    assert told.exit_code == 2, told.output
    assert says in words(told)


def test_new_work_without_a_time_beside_work_with_one_is_told(folder: Path):
    lines = ["submission,student,received", "ada.py,ada,2027-01-01T10:00:00Z"]
    Path("received.csv").write_text("\n".join(lines))
    told = run("class/ada.py", "--received", "received.csv")
    assert "earlier work of theirs" not in words(told)
    (folder / "ada.py").write_text((folder / "ada.py").read_text() + "\n# again\n")
    assert "ada: earlier work of theirs has a time" in words(run("class/ada.py"))
    assert "earlier work of theirs" not in words(run("class/ada.py"))


def test_a_name_is_the_same_however_its_accents_are_stored(folder: Path):
    apart, composed = "Jose\u0301.py", "Jos\u00e9.py"
    (folder / "ada.py").rename(folder / apart)
    Path("received.csv").write_text(f"submission,student,received\n{composed},Jos\u00e9,2027-01-01T10:00:00Z\n")
    told = run(folder / apart, "--received", "received.csv")
    assert told.exit_code == 0, told.output
    with Gradebook(".backcheck/gradebook.db") as book:
        (found,) = book.reports("01-activations")
    assert (found[0].name, found[1].submission) == ("Jos\u00e9", composed)


HALF = """
import numpy as np


def one_hot(y, classes):
    return np.eye(classes)[np.asarray(y)] * 1.0001
"""
"""Only the shape is right, and what follows from the wrong values."""


@pytest.mark.parametrize(
    ("policy", "dated", "first", "then", "kept"),
    [
        pytest.param("attempts = 1", True, HALF, RIGHT, 0.6, id="the first"),
        pytest.param('counts = "best"', False, RIGHT, HALF, 3.0, id="the best"),
        pytest.param("", True, HALF, RIGHT, None, id="the last"),
    ],
)
def test_a_file_that_was_replaced_is_a_second_attempt_wherever_one_looks(
    policy: str, dated: bool, first: str, then: str, kept: float | None, folder: Path
):
    Path("course.toml").write_text(f"[policy]\n{policy}\n")
    (folder / "eve.py").unlink()
    for text, day in ((first, 1), (then, 2)):
        (folder / "ada.py").write_text(text)
        times = received(f"ada.py,ada,2027-01-0{day}T10:00:00Z", "bob.py,bob,") if dated else []
        told = run("class", *times, "--out", "out")
        assert told.exit_code in (0, 1), told.output
    line, standing = table()["ada"], json.loads(Path("out/ada.json").read_text())["standing"]
    assert (line["attempt"], line["counts"]) == ("2", "yes" if kept is None else "no")
    assert (standing["attempt"], standing["counts"]) == (2, kept is None)
    assert float(finals()["ada"]) == (float(line["final"]) if kept is None else kept)
    assert ("ada: an attempt counts that is not among these" in words(told)) == (kept is not None)
    assert ("Attempt 1 counts and this one does not" in Path("out/ada.html").read_text()) == (kept is not None)
    assert table()["bob"]["counts"] == "yes"


def test_until_a_lower_score_is_confirmed_the_earlier_one_stands_everywhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    Path("course.toml").write_text('[policy]\ncounts = "best"\n')
    (folder / "ada-2.py").write_text(HALF)
    lines = "ada.py,ada,2027-01-01T10:00:00Z", "ada-2.py,ada,2027-01-02T10:00:00Z", "bob.py,bob,", "eve.py,eve,"
    run("class", *received(*lines))
    do = jobs.do

    def harder(job, grader):
        done = do(job, grader)
        if job.submission.name != "ada":
            return done
        results = tuple(replace(one, score=0.0) for one in done.report.results)
        return replace(done, report=replace(done.report, results=results))

    monkeypatch.setattr("graders.engine.local.do", harder)
    monkeypatch.setattr("graders.engine.local.Lanes", lambda setting, _count, **options: Here(setting, **options))
    for option in (["--force"], []):  # and the same when it is looked at again
        told = run("class", *received(*lines), "--out", "out", *option)
        assert "ada: 3 -> 0" in words(told)
        line = table()["ada"]
        assert [float(line[name]) for name in ("score", "final", "until confirmed")] == [0, 3, 3]
        assert (line["counts"], table()["ada-2"]["counts"], finals()["ada"]) == ("yes", "no", "3")
        page = Path("out/ada.html").read_text()
        assert "3 do, from before, until somebody confirms" in page
        assert "this one does not" not in page
    told = CliRunner().invoke(cli, ["summary", "--reports", "out", *received(*lines), "--json"])
    assert sorted(one["score"] for one in json.loads(told.stdout)["by_student"]) == [3, 3, 3]


def test_pages_stay_where_the_same_command_finds_the_same(folder: Path):
    times = received("ada.py,ada,2027-01-01T10:00:00Z", "bob.py,bob,", "eve.py,eve,")
    run("class", *times, "--out", "out")
    pages = {path: path.stat().st_mtime_ns for path in Path("out").glob("*.html")}
    assert "graded before and not changed: 3 of 3" in words(run("class", *times, "--out", "out"))
    assert {path: path.stat().st_mtime_ns for path in Path("out").glob("*.html")} == pages
