"""`backcheck grade` over a class: what is told, and with which exit code it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graders.cli import cli
from graders.commands import grading
from graders.commands.shared import make_setting
from graders.engine import jobs
from graders.gradebook.book import Gradebook


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
    told = run(path, "--force", "--why", "a mistake of ours")
    assert "not recorded, being lower than before: 1" in words(told)
    assert f"ada: {before:g} -> {before / 2:g}" in words(told)
    assert score_of("ada") == before
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
