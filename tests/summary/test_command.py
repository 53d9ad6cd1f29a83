"""`backcheck summary`: a page, JSON and a table, from a folder of reports."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graders.cli import cli
from tests.summary import made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made.write(tmp_path / "reports")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["summary", *arguments])


def test_a_page_is_written_and_the_gist_told(folder: Path):
    done = run("--reports", "reports", "--received", "received.csv")
    assert done.exit_code == 0, done.output
    assert "24 students, 26 submissions" in done.output
    assert "db is averaged over the batch, not summed" in done.output
    assert "page: summary.html" in done.output
    assert (folder / "summary.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_json_is_all_there_is_and_names_nobody(folder: Path):
    done = run("--reports", "reports", "--received", "received.csv", "--json")
    found = json.loads(done.output)
    assert not (folder / "summary.html").exists()
    assert (found["students"], found["submissions"], found["could_not_be_run"]) == (24, 26, 1)
    assert found["mistakes"][0]["label"] == made.MEAN
    assert [one["task"] for one in found["tasks"]] == ["chain", "affine"]
    assert not any(name in done.output for name in made.students())
    named = json.loads(run("--reports", "reports", "--received", "received.csv", "--json", "--names").output)
    assert {one["name"] for one in named["by_student"]} == set(made.students())


def test_the_table_has_a_row_for_every_task_property_and_mistake(folder: Path):
    found = json.loads(run("--reports", "reports", "--json", "--csv", "class.csv").output)
    with (folder / "class.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["what"] for row in rows].count("mistake") == len(found["mistakes"])
    assert [row["what"] for row in rows].count("property") == len(found["properties"])
    assert [row["task"] for row in rows if row["what"] == "task"] == ["chain", "affine"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--reports", "nowhere"], "no such file or folder: nowhere"),
        (["--reports", "reports", "--gradebook", "x.db"], "does not go with --reports"),
        (["--gradebook", "x.db", "--received", "received.csv"], "--received goes with --reports"),
        (["--reports", "reports", "--unit", "09"], "holds no reports of 09"),
        (["--reports", "reports", "--out", "received.csv/page.html"], "cannot write"),
    ],
)
def test_a_wrong_use_is_one_message_and_code_2(arguments: list[str], told: str, folder: Path):
    done = run(*arguments)
    assert done.exit_code == 2, done.output
    assert told in done.output
    assert "Traceback" not in done.output


def test_a_fault_of_ours_is_left_out_and_told(folder: Path):
    path = folder / "reports" / "2.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    before = json.loads(run("--reports", "reports", "--json").output)
    for one in told["results"]:
        one |= {"status": "error", "score": 0.0, "max_score": 0.0}
    path.write_text(json.dumps(told), encoding="utf-8")
    after = json.loads(run("--reports", "reports", "--json", "--csv", "class.csv").output)
    assert (after["grader_faults"], after["scores"]["count"]) == (1, before["scores"]["count"] - 1)
    assert [one["grader_fault"] for one in after["by_student"]].count(True) == 1
    with (folder / "class.csv").open(encoding="utf-8-sig", newline="") as file:
        of = {row["task"]: int(row["of"]) for row in csv.DictReader(file) if row["what"] == "task"}
    assert of == {one["task"]: one["of"] - 1 for one in before["tasks"]}
    assert "left out, for a fault of the grader: the scores of 1 students" in run("--reports", "reports").output
