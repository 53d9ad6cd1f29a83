"""Every command does what it says, and ends with the right exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from graders import families
from graders.cli import cli
from graders.report.as_json import schema
from graders.specs import find_unit, unit_names
from graders.throughput import judge
from graders.throughput.limits import Limits
from tests.bad_input.cases import HONEST

KEEPDIMS = HONEST.replace("dout.sum(0)", "dout.sum(0, keepdims=True)")
TASKS = ["--task", "affine", "--task", "chain"]

NO_TORCH = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError(name)
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else found(name, *rest)
sys.meta_path.insert(0, Blocked())
sys.argv = ["backcheck", "check", "backprop.py"]
from graders.cli import main
main()
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-m", "graders.cli", *arguments]
    return subprocess.run(words, env={**os.environ, **environment}, capture_output=True, check=False)


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with one honest and one mistaken submission."""
    monkeypatch.chdir(tmp_path)
    Path("backprop.py").write_text(HONEST)
    Path("wrong").mkdir()
    Path("wrong", "backprop.py").write_text(KEEPDIMS)
    return tmp_path


def test_start_check_and_replay_lead_a_student_through_a_unit():
    assert run("start", "03", "unit").exit_code == 0
    written = {path.name for path in Path("unit").iterdir()}
    assert written == {"backprop.py", "backprop.ipynb", "backcheck.lock", "handout.md"}
    again = run("start", "03", "unit")
    assert again.exit_code == 2
    assert "backprop" in again.output
    stub = run("check", "unit/backprop.py", "--task", "chain")
    assert stub.exit_code == 1
    assert "not attempted" in stub.output


def test_check_infers_the_unit_and_writes_every_report():
    result = run("check", "wrong", *TASKS, "--junit", "junit.xml", "--html", "page.html", "--json")
    report = json.loads(result.output)
    jsonschema.validate(report, schema())
    assert result.exit_code == 1
    assert (report["unit"], report["score"], report["max_score"]) == ("03-backprop", 14.4, 15)
    assert Path("junit.xml").read_text().startswith("<?xml")
    assert "db has shape (1, 2), but should be (2,), the shape of b" in Path("page.html").read_text(encoding="utf-8")


def test_a_replayed_case_runs_in_plain_python_and_shows_got_and_wanted():
    Path("wrong", "backprop.py").write_text(HONEST.replace("dout.sum(0)", "dout.mean(0)"))
    report = json.loads(run("check", "wrong/backprop.py", *TASKS, "--json").output)
    case = next(r["case"]["replay"] for r in report["results"] if r["property"] == "gradient db")
    snippet = run("replay", case)
    assert snippet.exit_code == 0
    done = subprocess.run([sys.executable, "-c", snippet.output], capture_output=True, text=True, check=True)
    assert "db = " in done.stdout
    assert "wanted db = " in done.stdout
    assert run("replay", case[:4]).output == snippet.output
    missing = run("replay", "ffffff")
    assert missing.exit_code == 2
    assert "no case ffffff here" in missing.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "nowhere.py"], "no such file or folder: nowhere.py"),
        (["check", "backprop.py", "--unit", "99-nothing"], "there is no unit 99-nothing; there are 01-activations"),
        (["check", "backprop.py", "--task", "softmax"], "03-backprop has no task softmax"),
        (["check", "other.py"], "which unit is other.py? Say it with --unit"),
        (["grade", "nowhere", "--unit", "03"], "no such file or folder: nowhere"),
        (["grade", "empty", "--unit", "03"], "there are no submissions in empty"),
        (["grade", "wrong", "--unit", "03", "--sandbox", "portable"], "does not isolate"),
        (["start", "99"], "there is no unit 99"),
    ],
)
def test_a_usage_error_is_one_clear_line_and_exit_code_2(arguments: list[str], says: str):
    Path("other.py").write_text(HONEST)
    Path("empty").mkdir()
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b"short"), "is not a secret of 32 bytes"),
        (lambda path: (path.write_bytes(b"x" * 32), path.chmod(0o644)), "can be read by others"),
    ],
)
def test_a_secret_that_is_none_or_is_not_secret_is_refused(make, says: str):
    path = Path("secret")
    path.touch(mode=0o600)
    make(path)
    result = run("grade", "wrong", "--unit", "03", "--secret", "secret")
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())


def test_a_regrade_gives_the_same_report_but_for_times():
    for name in ("one", "two"):
        Path(f"{name}.py").write_text(f"def relu_forward(x):\n    return x.clip({name == 'one':d}), x\n")
    reports = []
    for _ in range(2):
        result = run("grade", "one.py", "two.py", "--unit", "01", "--jobs", "2", "--no-gradebook", "--json")
        text = result.output[result.output.index("[\n") :]
        reports.append(
            [
                {k: v for k, v in r.items() if k not in ("seconds", "started", "timings", "memory")}
                for r in json.loads(text)
            ]
        )
    assert reports[0] == reports[1]
    assert Path(".backcheck/secret").stat().st_mode & 0o777 == 0o600
    assert all(r["secret"] not in ("public", "") for r in reports[0])


def test_two_submissions_of_one_name_get_two_reports():
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "alice.py").write_text(HONEST)
    result = run("grade", "a/alice.py", "b/alice.py", "--unit", "03", "--out", "out", "--no-gradebook")
    assert result.exit_code == 1
    assert {path.name for path in Path("out").glob("*.json")} == {"alice-1.json", "alice-2.json"}


def test_units_lists_every_task_with_points_functions_and_sources():
    units = json.loads(run("units", "--json").output)
    assert [unit["unit"] for unit in units] == unit_names()
    assert [unit["points"] for unit in units] == [sum(find_unit(name).points.values()) for name in unit_names()]
    for task in (task for unit in units for task in unit["tasks"]):
        assert task["functions"]
        assert task["convention"]
        assert task["source"]
    assert "affine_forward, affine_backward" in run("units").output


def test_doctor_tells_what_works_here():
    result = run("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(result.output)}
    assert result.exit_code == 0
    assert findings["torch"]["good"]
    assert any(name.startswith("sandbox") and finding["good"] for name, finding in findings.items())


def test_a_fault_of_ours_costs_no_points_and_ends_with_3(monkeypatch: pytest.MonkeyPatch):
    def broken(row, *rest):
        raise RuntimeError("a bug")

    monkeypatch.setattr(families, "properties", broken)
    result = run("check", "backprop.py", "--task", "affine", "--json")
    report = json.loads(result.output)
    assert result.exit_code == 3
    assert [r["status"] for r in report["results"]] == ["error"]
    assert "The grader failed, not you; no points were lost. (RuntimeError: a bug)" in report["results"][0]["message"]
    assert report["score"] == report["max_score"] == 0


def test_without_torch_one_line_says_what_to_install():
    done = subprocess.run([sys.executable, "-c", NO_TORCH], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "PyTorch, which is not installed: pip install 'backcheck[torch]'" in done.stderr


@pytest.mark.parametrize(("language", "encoding"), [("en", "ascii"), ("zh", "gbk"), ("zh", "cp437")])
def test_a_console_of_any_code_page_works(language: str, encoding: str):
    name = "反向 传播.py"
    Path(name).write_text(KEEPDIMS)
    done = command("--lang", language, "check", name, "--unit", "03", *TASKS, PYTHONIOENCODING=encoding)
    assert done.returncode == 1, done.stderr
    assert b"affine_backward" in done.stdout
    assert b"Traceback" not in done.stderr


def pytest_run(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_pytest_shows_the_same_verdicts_and_never_imports_the_submission():
    source = "open('imported', 'w')\n" + KEEPDIMS
    Path("wrong", "backprop.py").write_text(source)
    Path("wrong", "conftest.py").write_text("open('conftest-ran', 'w')\n")
    done = pytest_run("--submission", "wrong/backprop.py", "--unit", "03", "-k", "affine")
    assert done.returncode == 1
    assert "9 passed" in done.stdout
    assert "1 failed" in done.stdout
    assert "affine_backward: db has shape (1, 2), but should be (2,), the shape of b" in done.stdout
    assert not Path("imported").exists()
    assert not Path("conftest-ran").exists()


def test_pytest_says_which_units_there_are():
    done = pytest_run("--submission", "backprop.py", "--unit", "99")
    assert done.returncode == 4
    assert "--unit must be one of 01-activations" in done.stdout + done.stderr


def test_check_times_the_work_beside_the_reference_unless_told_not_to(monkeypatch: pytest.MonkeyPatch):
    limits = Limits(3.0, 6.0)
    monkeypatch.setattr(judge, "limits_of", lambda row: limits)
    monkeypatch.setattr("graders.throughput.stand.TRIPLES", 1)
    result = run("check", "backprop.py", "--task", "affine", "--throughput", "--json")
    report = json.loads(result.output)
    jsonschema.validate(report, schema())
    timed = report["results"][-1]
    assert (timed["property"], timed["status"], timed["speed"]["indicative"]) == ("throughput", "passed", True)
    assert timed["speed"]["ratio"] < 3.0
    page = Path(".backcheck/backprop.html").read_text(encoding="utf-8")
    assert "times the reference" in page
    shown = run("check", "backprop.py", "--task", "affine", "--throughput").output
    assert "indicative" in shown
    assert "*" in next(line for line in shown.splitlines() if line.startswith("  affine  "))
    without = json.loads(run("check", "backprop.py", "--task", "affine", "--no-throughput", "--json").output)
    assert "throughput" not in {one["property"] for one in without["results"]}
    assert without["score"] == report["score"] == 12
