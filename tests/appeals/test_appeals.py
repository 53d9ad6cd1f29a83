"""Appeals are kept, decided once, and what was right becomes a wheat that the course's audit holds the graders to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graders.cli import cli
from graders.course import wheats
from graders.course.settings import Course
from graders.explain.explanation import Explanation
from graders.gradebook.book import Gradebook, Place
from graders.policy import SettingsError
from graders.sandbox import Backend
from tests.appeals.conftest import UNIT, WRONG
from tests.bad_input.cases import HONEST


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def work(tmp_path: Path, explained: Explanation, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course whose gradebook knows what Ada has handed in."""
    monkeypatch.chdir(tmp_path)
    Path("course.toml").write_text('language = "en"\n')
    path = tmp_path / "ada.py"
    path.write_text("# by Ada Lovelace </script>\n" + WRONG)
    Path(".backcheck").mkdir()
    with Gradebook("sqlite:///.backcheck/gradebook.db") as book:
        book.record(
            Place("Ada Lovelace", UNIT, "ada.py", explained.report.fingerprint, str(path)), "k", explained.report
        )
    return tmp_path


def test_an_appeal_is_opened_listed_and_decided_once(work: Path):
    assert run("appeal", "list").output.strip() == "no appeals"
    made = run("appeal", "open", "ada.py", "affine", "--text", "The mean is right!")
    assert made.exit_code == 0, made.output
    assert "appeal 1: Ada Lovelace, affine" in made.output
    again = run("appeal", "open", "Ada Lovelace", "affine", "--text", "Please!")
    assert again.exit_code == 2
    assert "appeal 1 about affine is open already" in again.output
    (told,) = json.loads(run("appeal", "list", "--json").output)
    assert (told["student"], told["unit"], told["text"]) == ("Ada Lovelace", UNIT, "The mean is right!")
    done = run("appeal", "reject", "1", "--answer", "The loss divides by N.", "--by", "Prof. Curie")
    assert done.exit_code == 0, done.output
    assert run("appeal", "list").output.strip() == "no appeals"
    assert "Prof. Curie: The loss divides by N." in run("appeal", "list", "--all").output
    late = run("appeal", "accept", "1", "--answer", "no, yes", "--by", "Prof. Curie")
    assert late.exit_code == 2
    assert "appeal 1 was decided already, by Prof. Curie" in late.output


@pytest.mark.parametrize(("counts", "file"), [("best", "ada.py"), ("last", "late.py")])
def test_an_appeal_is_about_the_attempt_that_counts(counts: str, file: str, work: Path, explained: Explanation):
    Path("course.toml").write_text(f'[policy]\ncounts = "{counts}"\n')
    worse = replace(explained.report, results=tuple(replace(one, score=0.0) for one in explained.report.results))
    with Gradebook("sqlite:///.backcheck/gradebook.db") as book:
        book.record(Place("Ada Lovelace", UNIT, "late.py", "f", str(work / "late.py")), "k", worse)
    made = run("appeal", "open", "Ada Lovelace", "affine", "--text", "The mean is right!")
    assert made.exit_code == 0, made.output
    (told,) = json.loads(run("appeal", "list", "--json").output)
    assert Path(told["path"]).name == file


def test_an_accepted_appeal_is_a_wheat_without_the_student(work: Path):
    run("appeal", "open", "ada.py", "affine", "--text", "The mean is right!")
    decision = ["--answer", "You are right.", "--by", "Prof. Curie", "--wheat"]
    for name, says in (("by mean", "no name for a wheat"), ("by_ada", "would tell who it was: ada")):
        refused = run("appeal", "accept", "1", *decision, name)
        assert refused.exit_code == 2
        assert says in refused.output
    printed = run("appeal", "accept", "1", *decision, "by_mean", "--print")
    assert printed.exit_code == 0, printed.output
    assert 'Variant(\n        "affine",\n        "by_mean",' in printed.output
    run("appeal", "open", "ada.py", "affine", "--text", "And kept, please.")
    done = run("appeal", "accept", "2", *decision, "by_mean")
    assert done.exit_code == 0, done.output
    text = Path("wheats", UNIT, "affine__by_mean.py").read_text(encoding="utf-8")
    assert "dout.mean(0)" in text
    assert not [word for word in ("Ada", "Lovelace", "script", "chain") if word in text]
    with Gradebook("sqlite:///.backcheck/gradebook.db") as book:
        assert book.known(Place("Ada Lovelace", UNIT, "ada.py", "x"), "k") is None  # deciding has graded nothing


def test_an_answer_that_says_nothing_is_refused_before_anything_is_written(work: Path):
    run("appeal", "open", "ada.py", "affine", "--text", "The mean is right!")
    empty = run("appeal", "accept", "1", "--answer", " ", "--by", "Curie", "--wheat", "by_mean")
    assert empty.exit_code == 2
    assert "--answer" in empty.output
    assert not Path("wheats").exists()
    done = run("appeal", "accept", "1", "--answer", "Yes.", "--by", "Curie", "--wheat", "by_mean")
    assert done.exit_code == 0, done.output


def test_a_wheat_that_cannot_be_written_is_told_and_nothing_is_decided(work: Path):
    run("appeal", "open", "ada.py", "affine", "--text", "The mean is right!")
    Path("wheats").write_text("in the way")
    done = run("appeal", "accept", "1", "--answer", "Yes.", "--by", "Curie", "--wheat", "by_mean")
    assert done.exit_code == 2, done.output
    assert "cannot write wheats" in " ".join(done.output.split()).replace(str(work) + "/", "")
    assert json.loads(run("appeal", "list", "--json").output)[0]["decision"] == "open"


def test_work_that_was_changed_is_not_kept_and_nothing_is_decided(work: Path):
    run("appeal", "open", "ada.py", "affine", "--text", "The mean is right!")
    Path("ada.py").write_text(HONEST)
    done = run("appeal", "accept", "1", "--answer", "Yes.", "--by", "Curie", "--wheat", "by_mean")
    assert done.exit_code == 2
    assert "is not what was graded" in done.output
    assert json.loads(run("appeal", "list", "--json").output)[0]["decision"] == "open"


def test_the_audit_holds_the_graders_to_a_courses_wheats(
    tmp_path: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wheats, "RUNS", 1)
    folder = tmp_path / "wheats" / UNIT
    folder.mkdir(parents=True)
    (folder / "affine__honest.py").write_text(HONEST)
    (folder / "affine__by_mean.py").write_text(WRONG)
    (tmp_path / "wheats" / "02-losses").mkdir()
    found = wheats.course_wheats(tmp_path, [UNIT])
    by_mean, honest = wheats.audit_wheats(Course(tmp_path), found, backend, None)
    assert honest.good, honest
    assert not by_mean.good
    assert by_mean.line.startswith("NO  03-backprop")
    assert "gradient db" in by_mean.detail
    monkeypatch.setattr(backend, "isolated", False, raising=False)
    refused = [*wheats.audit_wheats(Course(tmp_path), found, backend, None)]
    assert not any(one.good for one in refused)
    assert all("does not isolate" in one.detail for one in refused)


@pytest.mark.parametrize("name", ["03-backprop/affine.py", "03-backprop/nothing__x.py", "99/affine__x.py"])
def test_a_file_that_belongs_to_no_task_is_an_error(name: str, tmp_path: Path):
    path = tmp_path / "wheats" / name
    path.parent.mkdir(parents=True)
    path.write_text(HONEST)
    with pytest.raises(SettingsError, match="TASK__NAME"):
        wheats.course_wheats(tmp_path)
