"""What is uploaded to other platforms: laid out as they want it, run as they run it, with results they can read."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from graders.batch import Grader, Setting
from graders.course.folder import SECRET as SECRET_FILE
from graders.course.folder import make_course
from graders.course.leaks import answers, find
from graders.course.platforms import PLATFORMS, autolab, github_classroom, gradescope, prairielearn
from graders.course.platforms import __main__ as runner
from graders.course.platforms.archive import Archive, Member, tarred
from graders.course.platforms.outcome import Outcome, fenced, outcome
from graders.course.platforms.platform import Delivery, schema
from graders.course.platforms.wheel import wheel_name
from graders.i18n import in_language
from graders.intake.reference import closure, module_text
from graders.intake.submission import Submission
from graders.report.text import printable
from graders.sandbox.program import Limits, Piece
from graders.secrets import make_secret
from graders.specs import find_unit
from graders.usage import as_released
from graders.verdict import Note, Pictures, Report, Speed, Status
from tests.course.platforms import FEW, RIGHT, SECRET, UNIT, WRONG, pack
from tests.report import samples

EXAMPLE = re.findall(
    r"```toml\n(.*?)```",
    (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8"),
    re.DOTALL,
)[0]
HOSTILE = "</script><img src=x> ```\n| a | **b** \x1b[2J"
WORK = {
    "right": RIGHT,
    "wrong": WRONG,
    "stub": "def affine_forward(x, w, b):\n    raise NotImplementedError\n",
    "crashing": "import os, ctypes\ndef affine_forward(x, w, b):\n    ctypes.string_at(0)\n"
    f"def chain_forward(*a, **k):\n    raise ValueError({HOSTILE!r})\ndef output_delta(*a):\n    os._exit(0)\n",
    "broken": "def affine_forward(x, w, b)\n    return x @ w\n",
}
WORTH = sum(UNIT.points[name] for name in FEW)


def shape(name: str, value: Any) -> None:
    """Fail where something is not what the platform reads."""
    jsonschema.Draft202012Validator(schema(name)).validate(value)


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    """What the submissions get; the tasks but a few are left out."""
    grader = Grader(Setting(UNIT.name, SECRET, "auto", Limits(), tasks=FEW))
    try:
        return {name: grader.graded(Submission(name, "", (Piece("", text),))) for name, text in WORK.items()}
    finally:
        grader.close()


@pytest.fixture(scope="module")
def outcomes(reports: dict[str, Report]) -> dict[str, Outcome]:
    functions = {task.name: task.functions for task in UNIT.tasks}
    found = {name: outcome(report, functions) for name, report in reports.items()}
    return found | {f"sample {name}": outcome(make()) for name, make in samples.ALL.items()}


def told(platform: str, found: Outcome, folder: Path) -> tuple[int, str, Path]:
    """Exit code, what was printed, and the file of results."""
    lines: list[str] = []
    out = folder / "results"
    return PLATFORMS[platform].deliver(found, Delivery(out, folder / "page.md", lines.append)), "\n".join(lines), out


# --- what is handed over ---


def test_every_schema_is_one():
    for path in Path(gradescope.__file__).with_name("schemas").glob("*.json"):
        jsonschema.Draft202012Validator.check_schema(schema(path.stem))


def test_every_outcome_has_the_form_that_each_platform_reads(outcomes: dict[str, Outcome], tmp_path: Path):
    for found in outcomes.values():
        shape("gradescope", gradescope.results(found))
        shape("prairielearn", prairielearn.results(found))
        if found.tests:
            shape("github-classroom", github_classroom.result(found))
            assert told("autolab", found, tmp_path)[0] == 0
            shape("autolab-autoresult", autolab.autoresult(found))
            shape("autolab-presentation", autolab.presentation(found))


@pytest.mark.parametrize(("name", "least", "most"), [("right", WORTH, WORTH), ("wrong", 1, WORTH - 1), ("stub", 0, 0), ("crashing", 0, 0), ("broken", 0, 0)])  # fmt: skip
def test_all_platforms_are_told_the_same_score(name: str, least: float, most: float, outcomes: dict[str, Outcome]):
    found = outcomes[name]
    assert least <= found.score <= most
    assert found.max_score == WORTH
    assert gradescope.results(found)["score"] == found.score
    assert sum(test["score"] for test in gradescope.results(found)["tests"]) == pytest.approx(found.score)
    assert sum(autolab.autoresult(found)["scores"].values()) == pytest.approx(found.score)
    assert sum(test["score"] for test in github_classroom.result(found)["tests"]) == pytest.approx(found.score)
    if name != "broken":
        assert prairielearn.results(found)["score"] == pytest.approx(found.score / WORTH)
    status = "pass" if least == WORTH else "fail"
    assert github_classroom.result(found)["status"] == status


def test_work_that_cannot_be_read_takes_no_attempt_where_the_platform_knows_that(outcomes: dict[str, Outcome]):
    result = prairielearn.results(outcomes["broken"])
    assert not result["gradable"]
    assert "line 1" in result["format_errors"][0]
    assert "line 1" in gradescope.results(outcomes["broken"])["output"]


def test_a_wrong_gradient_is_explained_in_every_form(outcomes: dict[str, Outcome]):
    found = outcomes["wrong"]
    (test,) = [test for test in gradescope.results(found)["tests"] if test["status"] == "failed"]
    assert test["name"] == "affine: affine_forward, affine_backward"
    assert "gradient db" in test["tags"]
    assert "| ✗ failed | gradient db | 0 /" in test["output"]
    assert not autolab.presentation(found)["affine"]["gradient db"]["passed"]
    for text in (
        test["output"],
        autolab.presentation(found)["affine"]["gradient db"]["hint"],
        next(test["message"] for test in github_classroom.result(found)["tests"] if test["status"] == "fail"),
        next(test["output"] for test in prairielearn.results(found)["tests"] if test["name"] == "affine"),
    ):
        assert "affine_backward: db is" in text
        assert "likely: db is averaged over the batch" in text


def test_what_a_student_wrote_cannot_leave_its_place(outcomes: dict[str, Outcome]):
    seen = 0
    for name in ("crashing", "sample varied"):
        for test in outcomes[name].tests:
            inside = re.findall(r"^(`{3,})text\n(.*?)\n\1$", test.markdown, re.MULTILINE | re.DOTALL)
            seen += sum("<img" in text or "<script" in text for _fence, text in inside)
            outside = re.sub(r"^(`{3,})text\n.*?\n\1$", "", test.markdown, flags=re.MULTILINE | re.DOTALL)
            assert "<" not in outside
            whole = test.markdown + test.line + "".join(part.text for part in test.parts)
            assert whole == printable(whole)
    assert seen >= 2
    text = fenced("a ``` b ```` c")
    assert text.startswith("`````text\n")
    assert text.endswith("\n`````")


@pytest.mark.parametrize(("reveal", "visibility"), [("case", "visible"), ("shape", "visible"), ("nothing", "after_published")])  # fmt: skip
def test_a_unit_that_reveals_nothing_shows_its_tests_once_grades_are_published(reveal: str, visibility: str, outcomes: dict[str, Outcome]):  # fmt: skip
    found = gradescope.results(replace(outcomes["wrong"], reveal=reveal))
    assert {found["visibility"], *(test["visibility"] for test in found["tests"])} == {visibility}
    assert found["stdout_visibility"] == "hidden"


def test_a_unit_that_reveals_nothing_says_nothing_of_points_above_its_tests(reports: dict[str, Report]):
    noted = replace(
        reports["wrong"], notes=(Note("speed", "fast (chain)"), Note("skipped", "line 3")), rules=("A rule.",)
    )
    shown, kept = (gradescope.results(outcome(replace(noted, reveal=one))) for one in ("shape", "nothing"))
    assert "Total: " in shown["output"]
    assert "fast (chain)" in shown["output"]
    assert kept["output"].startswith(f"**{noted.title}**\n\n- A rule.")
    assert "line 3" in kept["output"]
    assert not re.search("total|points|chain|affine", kept["output"], re.IGNORECASE)


def test_a_unit_that_reveals_nothing_shows_its_total_on_no_board(outcomes: dict[str, Outcome]):
    found = replace(outcomes["wrong"], reveal="nothing")
    timed = replace(found, tests=tuple(replace(test, speed=0.8) for test in found.tests))
    assert gradescope.results(timed)["leaderboard"] == [], "only what is right is timed"
    last = autolab.autoresult(found)
    shape("autolab-autoresult", last)
    assert set(last) == {"scores"}
    told = json.loads(autolab.assessment(UNIT.under(replace(UNIT.policy, reveal="nothing")), "en"))
    shape("autolab-assessment", told)
    assert "scoreboard" not in told
    assert told["autograder"]["release_score"] is False
    assert "scoreboard" in json.loads(autolab.assessment(UNIT, "en"))


def counted_otherwise(report: Report, **policy: tuple[str, ...]) -> Outcome:
    """The outcome where a course counts the tasks of a report in another way."""
    optional = policy.get("optional", ())
    results = (replace(one, score=0.0, max_score=0.0) if one.task in optional else one for one in report.results)
    return outcome(replace(report, results=tuple(results), rules=("A rule.",), **policy))


def test_whoever_has_all_regular_points_has_everything(reports: dict[str, Report]):
    lost = tuple(
        replace(one, score=0.0) if one.task == "chain" or one.task not in FEW else one
        for one in reports["right"].results
    )
    few = tuple(one for one in lost if one.task in FEW)
    found = counted_otherwise(replace(reports["right"], results=few), bonus=("chain",))
    assert found.score == found.max_score == WORTH - UNIT.points["chain"]
    assert prairielearn.results(found)["score"] == 1
    assert github_classroom.result(found)["status"] == "pass"
    assert github_classroom.result(found)["max_score"] == found.max_score
    assert f"Total: {found.max_score:g} of {found.max_score:g} points." in found.markdown


def test_bonus_makes_no_more_than_the_whole_share_and_makes_nothing_up(reports: dict[str, Report]):
    few = tuple(one for one in reports["right"].results if one.task in FEW)
    found = counted_otherwise(replace(reports["right"], results=few), bonus=("chain",))
    assert found.score == WORTH > found.max_score
    shape("prairielearn", prairielearn.results(found))
    assert prairielearn.results(found)["score"] == 1
    assert f"{WORTH:g} of {found.max_score:g} points" in prairielearn.results(found)["message"]
    some = tuple(replace(one, score=0.0) if one.task == "affine" else one for one in few)
    found = counted_otherwise(replace(reports["right"], results=some), bonus=("chain",))
    assert github_classroom.result(found)["status"] == "fail"


def test_what_is_no_part_of_the_total_is_called_so(reports: dict[str, Report]):
    few = tuple(one for one in reports["wrong"].results if one.task in FEW)
    found = counted_otherwise(replace(reports["wrong"], results=few), bonus=("chain",), optional=("affine",))
    names = {"chain (bonus)", "affine (optional)", "output_delta"}
    assert {test["name"] for test in gradescope.results(found)["tests"]} == names
    assert {test["name"] for test in github_classroom.result(found)["tests"]} == names
    assert {test["name"] for test in prairielearn.results(found)["tests"]} == names
    assert "\n- A rule." in found.markdown
    assert github_classroom.result(found)["status"] == "pass"
    shown = {test["name"]: test["status"] for test in gradescope.results(found)["tests"]}
    assert shown["affine (optional)"] == "failed", "an optional task is graded and shown"
    stub = tuple(one for one in reports["stub"].results if one.task in FEW)
    (test,) = (
        one for one in counted_otherwise(replace(reports["stub"], results=stub), optional=("affine",)).tests if one.kind
    )
    assert not test.passed


def test_an_assessment_says_what_is_no_part_of_its_total(packed_course: Path):
    with tarfile.open(packed_course / "backprop.tar") as tar:
        told = yaml.safe_load(tar.extractfile("backprop/backprop.yml").read())  # type: ignore[union-attr]
        config = tar.extractfile("backprop/backprop.rb").read().decode()  # type: ignore[union-attr]
    shape("autolab-assessment", told)
    (bonus,) = (one for one in told["problems"] if one["optional"])
    assert (bonus["name"], bonus["max_score"]) == ("chain", UNIT.points["chain"])
    assert bonus["description"].startswith("bonus: chain_forward")
    total = UNIT.total - UNIT.points["chain"]
    assert f"  def max_score\n    {total}\n  end\nend\n" in config
    with tarfile.open(packed_course / "sequences.tar") as tar:
        told = yaml.safe_load(tar.extractfile("sequences/sequences.yml").read())  # type: ignore[union-attr]
        assert b"max_score" not in tar.extractfile("sequences/sequences.rb").read()  # type: ignore[union-attr]
    shape("autolab-assessment", told)
    assert sum(one["max_score"] for one in told["problems"]) == 64
    assert {one["name"] for one in told["problems"] if one["optional"]} == {"ctc_collapse", "ctc_loss"}


def test_the_leaderboard_holds_points_and_times(reports: dict[str, Report]):
    speed = Speed(0.8, 0.7, 0.9, 2.0, 5.0, 1.0, 0.8, 0.1, 9, False)
    results = [
        replace(one, pictures=Pictures(speed=speed)) if (one.task, one.property) == ("affine", "forward") else one
        for one in reports["right"].results
    ]
    board = gradescope.results(outcome(replace(reports["right"], results=tuple(results))))["leaderboard"]
    assert board == [
        {"name": "points", "value": WORTH, "order": "desc"},
        {"name": "time of affine", "value": 0.8, "order": "asc"},
    ]


def test_a_result_fits_into_an_environment_variable(outcomes: dict[str, Outcome], tmp_path: Path):
    found = outcomes["wrong"]
    long = tuple(replace(part, text="无" * 6000) for part in found.tests[1].parts)
    large = replace(found, tests=tuple(replace(found.tests[1], parts=long, name=f"t{n}") for n in range(20)))
    assert told("github-classroom", large, tmp_path)[0] == 0
    assert len((tmp_path / "results").read_bytes()) < 128 << 10
    shape("github-classroom", github_classroom.result(large))
    assert told("prairielearn", large, tmp_path)[0] == 0
    assert 500_000 < len((tmp_path / "results").read_bytes()) < 1 << 20


# --- a fault of ours ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pack's settings with a secret that is none, so that grading fails."""
    (tmp_path / "secret").write_bytes(b"short")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "work.py").write_text(WORK["stub"], encoding="utf-8")
    return tmp_path


def fails(platform: str, folder: Path) -> tuple[int, str]:
    settings = {"platform": platform, "unit": UNIT.name, "language": "en", "throughput": False, "policy": {}}
    (folder / "pack.json").write_text(json.dumps(settings), encoding="utf-8")
    words = [str(folder), "--submission", str(folder / "work.py"), "--out", str(folder / "results.json")]
    done = CliRunner().invoke(runner.main, words)
    assert "The grader failed, not you; no points were lost." in done.output
    return done.exit_code, done.output


@pytest.mark.parametrize("platform", ["gradescope", "github-classroom"])
def test_a_fault_of_ours_gives_no_result_and_a_failed_run(platform: str, folder: Path):
    assert fails(platform, folder)[0] == 3
    assert not (folder / "results.json").exists()


def test_a_fault_of_ours_is_no_score_on_autolab(folder: Path):
    code, output = fails("autolab", folder)
    last = json.loads(output.splitlines()[-1])
    assert code == 0  # make would print a line of its own behind the last one
    shape("autolab-autoresult", last)
    assert set(last["scores"]) == set(UNIT.points)
    assert set(last["scores"].values()) == {None}


GRADED = 'echo explained; echo \'{"scores": {"chain": 3}}\''
BREAKS = {
    "no archive": None,
    "install.sh is missing": {"grade.sh": GRADED},
    "install.sh fails": {"install.sh": "echo backcheck: there is no Python >&2; exit 1", "grade.sh": GRADED},
    "the grader is killed": {"install.sh": "exit 0", "grade.sh": "printf half; kill -9 $$"},
    "the grader fails behind its scores": {"install.sh": "exit 0", "grade.sh": f"{GRADED}; exit 139"},
    "the grader hangs": {"install.sh": "exit 0", "grade.sh": "trap '' TERM; echo started; sleep 60 & wait; sleep 60"},
}


def made_on_autolab(folder: Path, scripts: dict[str, str] | None) -> list[str]:
    """The lines that make prints, in the folder that Tango prepares; None for an archive that is cut off."""
    folder.mkdir()
    archive = tarred(Member(f"backcheck/{name}", text.encode()) for name, text in (scripts or {}).items())
    (folder / "autograde.tar").write_bytes(archive if scripts else b"no archive")
    (folder / "Makefile").write_bytes(autolab.makefile(UNIT).replace(b"timeout -k 10 ", b"timeout -k 1 "))
    ahead = time.time() + 3600
    os.utime(folder / "Makefile", (ahead, ahead))
    alone = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE")
    }  # not the tests' own make
    told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(["make"], cwd=folder, env=alone, timeout=60, check=True, **told)
    return done.stdout.splitlines()


@pytest.mark.parametrize("what", BREAKS)
def test_whatever_breaks_on_autolab_the_last_line_has_scores_that_are_none(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(autolab, "WITHIN", 3)
    *_lines, reason, last = made_on_autolab(tmp_path / "autolab", BREAKS[what])
    assert reason.startswith("The grader failed, not you; no points were lost.")
    shape("autolab-autoresult", json.loads(last))
    assert json.loads(last) == {"scores": dict.fromkeys(UNIT.points)}


def test_what_is_graded_on_autolab_ends_in_its_scores(tmp_path: Path):
    work = {"install.sh": "exit 0", "grade.sh": f'test "$*" = "backcheck --submission {UNIT.file}" && {GRADED}'}
    assert made_on_autolab(tmp_path / "autolab", work) == ["explained", '{"scores": {"chain": 3}}']
    assert autolab.WITHIN + 10 < autolab.SECONDS


def test_a_recipe_says_its_reason_in_any_language(tmp_path: Path):
    with in_language("zh"):
        assert "出错的是评分器" in made_on_autolab(tmp_path / "autolab", None)[-2]
    assert autolab._quoted("it's $HOME") == """'it'"'"'s $$HOME'"""


def test_a_fault_of_ours_is_not_gradable_on_prairielearn(folder: Path):
    assert fails("prairielearn", folder)[0] == 0
    result = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    shape("prairielearn", result)
    assert not result["gradable"]


def test_a_fault_in_one_task_is_tried_again_and_then_no_score_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch):
    make_secret(folder / "good")
    shutil.move(folder / "good", folder / "secret")
    asked = []

    class Faulty(Grader):
        def __call__(self, *arguments: Any) -> Report:
            asked.append(arguments)
            result = samples.result("chain", "forward", Status.ERROR, message="it broke", max_score=0.0)
            return samples.report((result,))

    monkeypatch.setattr(runner, "Grader", Faulty)
    monkeypatch.setattr(runner, "SANDBOX", "auto")
    code, output = fails("gradescope", folder)
    assert code == 3
    assert "it broke" in output
    assert len(asked) == runner.TRIES
    assert not (folder / "results.json").exists()


# --- archives ---


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder with every platform's archives."""
    return {name: pack(name, tmp_path_factory.mktemp(name)) for name in PLATFORMS}


def test_archives_depend_on_what_is_in_them_only_and_are_for_their_owner(tmp_path: Path):
    members = (Member("b/run.sh", b"x", 0o755), Member("a", b"y", 0o600))
    for name in ("one.zip", "one.tar"):
        made = [Archive(name, order).save(tmp_path / str(n)) for n, order in enumerate((members, members[::-1]))]
        assert made[0].read_bytes() == made[1].read_bytes()
        assert made[0].stat().st_mode & 0o777 == 0o600
    unpacked = Archive("folder", members).save(tmp_path)
    assert [path.stat().st_mode & 0o777 for path in (unpacked / "a", unpacked / "b/run.sh")] == [0o600, 0o755]


def test_the_wheel_installs(packed: dict[str, Path], tmp_path: Path):
    wheel = packed["prairielearn"] / "course/serverFilesCourse/backcheck/wheels" / wheel_name()
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*command, "--target", str(tmp_path), str(wheel)], check=True, timeout=120)
    assert (tmp_path / "graders/assignments/03-backprop/unit.toml").is_file()
    assert (tmp_path / "reference/affine.py").is_file()
    assert not list(tmp_path.rglob("test_*.py"))


def test_what_students_can_read_holds_no_solution_and_no_secret(packed: dict[str, Path], tmp_path: Path):
    handed_out = [packed["github-classroom"] / "template-03-backprop"]
    with tarfile.open(packed["autolab"] / "backprop.tar") as tar:
        tar.extractall(tmp_path, filter="data")
    handed_out.append(tmp_path / "backprop/backprop-handout.tar")
    course = packed["prairielearn"] / "course/questions/backcheck/03-backprop"
    handed_out += [course / "question.html", course / "info.json"]
    handed_out += [packed[name] / "image" for name in ("autolab", "prairielearn")]
    assert find(handed_out, answers(UNIT.given, SECRET)) == []


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_search_finds_solutions_and_secret_where_they_belong(name: str, packed: dict[str, Path]):
    kinds = {leak.kind for leak in find([packed[name]], answers(UNIT.given, SECRET))}
    assert kinds == {"solution", "secret"}


def test_the_secret_of_a_pack_is_its_owner_s(packed: dict[str, Path]):
    with zipfile.ZipFile(packed["gradescope"] / "03-backprop-gradescope.zip") as archive:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    assert modes["backcheck/secret"] == 0o600
    assert modes["run_autograder"] == modes["setup.sh"] == 0o755
    assert (packed["github-classroom"] / "backcheck-grader/03-backprop/secret").stat().st_mode & 0o777 == 0o600


def test_an_assessment_and_a_question_have_the_properties_that_are_asked_for(packed: dict[str, Path]):
    with tarfile.open(packed["autolab"] / "backprop.tar") as tar:
        names = set(tar.getnames())
        told = yaml.safe_load(tar.extractfile("backprop/backprop.yml").read())  # type: ignore[union-attr]
    assert {name.partition("/")[0] for name in names} == {"backprop"}
    shape("autolab-assessment", told)
    assert {one["name"]: one["max_score"] for one in told["problems"]} == dict(UNIT.points)
    info = json.loads((packed["prairielearn"] / "course/questions/backcheck/03-backprop/info.json").read_text())
    shape("prairielearn-info", info)
    assert (
        packed["prairielearn"] / "course" / info["externalGradingOptions"]["entrypoint"][len("/grade/") :]
    ).is_file()


def test_the_workflow_is_one(packed: dict[str, Path]):
    path = packed["github-classroom"] / "template-03-backprop/.github/workflows/classroom.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


# --- a course's own settings ---


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course that has released two units, one by the example of docs/policies.md, which reveals nothing."""
    folder = tmp_path_factory.mktemp("course")
    told = EXAMPLE.replace("[units.11-sequences]", '[units.11-sequences]\nreveal = "nothing"')
    (folder / "course.toml").write_text(f'{told}\n[units.03-backprop]\nbonus = ["chain"]\n', encoding="utf-8")
    make_course(folder, [find_unit("11"), UNIT])
    (folder / "rules.md").write_text("## Rules\n\nWork in pairs.\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def packed_course(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both units for Autolab."""
    folder = tmp_path_factory.mktemp("packed")
    assert packed_by(course, "autolab", folder).exit_code == 0
    return folder


def packed_by(course: Path, platform: str, out: Path, *words: str) -> Result:
    from graders.cli import cli

    order = ["course", "pack", "11", "03", "--for", platform, "--course", str(course), "--out", str(out)]
    return CliRunner().invoke(cli, [*words, *order])


def test_a_pack_grades_as_the_course_wants_it(course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    done = packed_by(course, "gradescope", tmp_path)
    assert done.exit_code == 0, done.output
    assert "its own settings; set there what is attempts, counts, due, late here" in " ".join(done.output.split())
    with zipfile.ZipFile(tmp_path / "11-sequences-gradescope.zip") as archive:
        for name in ("backcheck/pack.json", "backcheck/secret"):
            archive.extract(archive.getinfo(name), tmp_path)
    assert (tmp_path / "backcheck/secret").read_bytes() == (course / SECRET_FILE).read_bytes()
    (tmp_path / "backcheck/secret").chmod(0o600)
    wrong = (
        module_text(closure(["embedding_forward", "embedding_backward"])) + "\n\ndef ctc_collapse(path): return path\n"
    )
    (tmp_path / "sequences.py").write_text(wrong.replace("def embedding_backward", "def embedding_back"))
    monkeypatch.setattr(runner, "SANDBOX", "auto")
    told = json.loads((tmp_path / "backcheck/pack.json").read_text(encoding="utf-8")) | {"throughput": False}
    (tmp_path / "backcheck/pack.json").write_text(json.dumps(told), encoding="utf-8")
    words = [str(tmp_path / "backcheck"), "--submission", str(tmp_path / "sequences.py")]
    done = CliRunner().invoke(runner.main, [*words, "--out", str(tmp_path / "results.json")])
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    most = {test["name"].partition(":")[0].partition(" ")[0]: test["max_score"] for test in found["tests"]}
    assert sum(most.values()) == 64
    assert (most["ctc_collapse"], most["ctc_loss"]) == (0, 0)
    assert 0 < found["score"] < most["embedding"]
    assert found["visibility"] == "after_published"
    assert "given:" not in json.dumps(found)


@pytest.mark.parametrize("platform", ["github-classroom", "autolab"])
def test_a_handout_has_the_rules_and_the_lock_of_its_course(platform: str, course: Path, tmp_path: Path):
    assert packed_by(course, platform, tmp_path).exit_code == 0
    handed = tmp_path / "template-11-sequences"
    if platform == "autolab":
        with tarfile.open(tmp_path / "sequences.tar") as tar:
            tar.extractall(tmp_path, filter="data")
        with tarfile.open(tmp_path / "sequences/sequences-handout.tar") as tar:
            tar.extractall(tmp_path, filter="data")
        handed = tmp_path / "sequences-handout"
    text = (handed / "handout.md").read_text(encoding="utf-8")
    assert "Work in pairs." in text
    assert "Optional, worth nothing and no part of the total: ctc_collapse, ctc_loss." in text
    released, notes = as_released(find_unit("11"), handed / "sequences.py")
    assert (released.total, released.reveal, notes) == (64, "nothing", [])


def test_a_pack_speaks_the_language_of_its_course_unless_another_is_asked_for(course: Path, tmp_path: Path):
    there = tmp_path / "course"
    there.mkdir()
    (there / "course.toml").write_text((course / "course.toml").read_text().replace('"en"', '"zh"'), encoding="utf-8")
    for words, told in (((), "选做，不计分"), (("--lang", "en"), "Optional, worth nothing")):
        done = packed_by(there, "github-classroom", tmp_path / "out", *words)
        assert done.exit_code == 0, done.output
        assert "Without --secret" in done.output, "messages stay in the language of who asked"
        assert told in (tmp_path / "out/template-11-sequences/handout.md").read_text(encoding="utf-8")


def test_what_was_released_otherwise_is_not_packed(course: Path, tmp_path: Path):
    shutil.copytree(course, tmp_path / "course")
    settings = tmp_path / "course" / "course.toml"
    settings.write_text(settings.read_text().replace("speed = 2.5", "speed = 3.5"), encoding="utf-8")
    done = packed_by(tmp_path / "course", "gradescope", tmp_path / "out")
    assert done.exit_code == 2
    assert "released with other settings (speed)" in done.output
    assert not (tmp_path / "out").exists()


def test_a_pack_without_a_policy_is_no_pack(folder: Path):
    (folder / "pack.json").write_text(json.dumps({"platform": "gradescope", "unit": UNIT.name, "language": "en"}))
    done = CliRunner().invoke(runner.main, [str(folder), "--submission", str(folder / "work.py")])
    assert done.exit_code == 3
    assert "The grader failed, not you" in done.output


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_command_makes_what_is_uploaded(platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from graders.cli import cli

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["course", "pack", "03", "01", "--for", platform])
    assert done.exit_code == 0, done.output
    made = [line for line in done.output.splitlines() if line.startswith(".backcheck/")]
    assert made
    assert all((tmp_path / line).exists() for line in made)
    public = platform == "github-classroom"
    assert (tmp_path / ".backcheck/secret").exists() != public
    assert ("the cases are the public ones" in done.output) == public
    if public:
        assert not list(tmp_path.rglob("secret"))


def test_a_wheelhouse_without_wheels_is_a_usage_error(tmp_path: Path):
    from graders.cli import cli

    done = CliRunner().invoke(cli, ["course", "pack", "03", "--for", "gradescope", "--wheelhouse", str(tmp_path)])
    assert done.exit_code == 2
    assert "there are no wheels" in done.output
