"""What goes wrong around a submission: paths, names, files that cannot be written. One message, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graders.cli import cli, main
from tests.bad_input.cases import HONEST

TASKS = ["--task", "chain"]
WRONG = HONEST.replace("dout * 2", "dout * 3")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def words(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("backprop.py").write_text(HONEST)
    Path("taken").write_text("a file where a folder is wanted")


def test_a_name_no_file_can_have_is_a_name_of_no_file():
    for command in (["check"], ["grade", "--unit", "03"]):
        result = run(*command, "x" * 300 + ".py")
        assert result.exit_code == 2
        assert "no such file or folder" in words(result)


@pytest.mark.parametrize("option", ["--html", "--junit"])
def test_a_report_that_cannot_be_written_is_a_usage_error_after_the_report(option: str):
    result = run("check", "backprop.py", *TASKS, option, "taken/report")
    assert result.exit_code == 2
    assert "Everything passes." in result.output
    assert "cannot write taken/report" in words(result)


def test_a_folder_for_reports_that_cannot_be_made_stops_before_grading(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("graders.commands.grading.grade_many", lambda *_: pytest.fail("it was graded"))
    result = run("grade", "backprop.py", "--unit", "03", "--out", "taken/out")
    assert result.exit_code == 2
    assert "cannot write taken/out" in words(result)


def test_reports_of_a_long_name_can_be_written():
    name = "反" * 84 + ".py"
    Path(name).write_text(HONEST)
    assert run("check", name, "--unit", "03", *TASKS).exit_code == 0


def test_a_name_that_is_not_text_is_graded_and_replayed_like_any_other():
    path = os.fsdecode("反向".encode("gbk") + b".py")
    Path(path).write_text(WRONG)
    command = [sys.executable, "-m", "graders.cli", "check", path, "--unit", "03", *TASKS]
    done = subprocess.run([*command, "--json"], capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    (case,) = {r["case"]["replay"] for r in json.loads(done.stdout)["results"] if r["property"] == "gradient dx"}
    assert b"wanted dx" in subprocess.run([sys.executable, f".backcheck/cases/{case}.py"], stdout=-1, check=True).stdout


def test_a_case_replays_from_a_path_beyond_the_basic_plane():
    Path("😀 反向").mkdir()
    Path("😀 反向", "backprop.py").write_text(WRONG)
    report = json.loads(run("check", "😀 反向/backprop.py", *TASKS, "--json").output)
    case = next(r["case"]["replay"] for r in report["results"] if r["property"] == "gradient dx")
    snippet = run("replay", case).output
    assert b"wanted dx" in subprocess.run([sys.executable, "-c", snippet], stdout=-1, check=True).stdout


def test_a_submission_named_twice_is_graded_once():
    result = run("grade", "backprop.py", "./backprop.py", ".", "--unit", "03", "--out", "out")
    assert result.exit_code == 1
    assert len(list(Path("out").glob("*.json"))) == 2  # the file, and the folder it lies in


@pytest.mark.parametrize(("option", "traced"), [("--verbose", True), ("-v", True), ("--lang=en", False)])
def test_a_fault_of_ours_ends_with_3_and_shows_its_origin_when_asked(option, traced, monkeypatch, capsys):
    def broken(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr("graders.commands.check.check_one", broken)
    monkeypatch.setattr(sys, "argv", ["backcheck", option, "check", "backprop.py"])
    with pytest.raises(SystemExit) as end:
        main()
    shown = capsys.readouterr().err
    assert end.value.code == 3
    assert "The grader failed, not you; no points were lost. (RuntimeError: a bug)" in shown
    assert ("Traceback" in shown) is traced
