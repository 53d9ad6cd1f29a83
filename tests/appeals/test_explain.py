"""The page for who decides: the hidden case, how far off it is, why a mistake is claimed, and what the gradebook holds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from graders import i18n
from graders.cli import cli
from graders.explain.as_json import to_json
from graders.explain.explanation import Explanation
from graders.explain.held import Held, compare, find_held, find_students
from graders.gradebook.book import Gradebook, Place
from graders.judging import C
from graders.policy import Policy
from graders.report.explain_html import to_html
from graders.report.explain_terminal import print_explanation
from graders.secrets import Secret
from graders.verdict import Report
from tests.appeals.conftest import UNIT, WRONG
from tests.gradebook import samples


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def held(report: Report, **changes: object) -> Held:
    one = Held(1, "ada", "ada.py", report.fingerprint, "ada.py", "2026-11-22", "counts", report)
    return replace(one, **changes)  # type: ignore[arg-type]


def test_the_hidden_case_is_one_of_the_secrets_and_shown_whole(explained: Explanation, secret: Secret):
    assert explained.report.secret == secret.fingerprint
    asked = next(one for one in explained.asked if one.result.property == "gradient db")
    hidden = asked.hidden
    assert hidden is not None
    assert len(hidden.failing) <= hidden.asked == asked.result.cases
    dout, got, wanted = hidden.shown.inputs["dout"], hidden.shown.got["db"], hidden.shown.wanted["db"]
    assert np.allclose(wanted, dout.sum(0), rtol=1e-10, atol=0)
    assert np.allclose(got, dout.mean(0), rtol=1e-10, atol=0)
    assert min(len(one.case) for one in hidden.failing) == len(str(hidden.shown))


def test_the_error_is_set_against_what_the_rule_allows(explained: Explanation):
    asked = next(one for one in explained.asked if one.result.property == "gradient db")
    assert asked.hidden is not None
    found = asked.hidden.allowance
    assert found is not None
    assert None not in (found.u, found.norm, found.spread, found.allowed)
    assert found.error == pytest.approx(abs(found.got - found.wanted))
    assert found.allowed == pytest.approx(C * found.u * max(found.spread, found.norm))  # type: ignore[operator, type-var]
    assert found.times == pytest.approx(found.error / found.allowed)  # type: ignore[operator]
    assert "is allowed" in found.words
    assert "2^-53" in found.rule


def test_the_mistake_is_claimed_with_what_it_changes(explained: Explanation):
    asked = next(one for one in explained.asked if one.result.property == "gradient db")
    assert asked.causes[0].label.startswith("affine__")
    assert {line[0] for line in asked.causes[0].difference} >= {"+", "-"}
    assert "every public case" in asked.why


def test_the_snippet_runs_by_itself_and_shows_the_difference(explained: Explanation):
    asked = next(one for one in explained.asked if one.result.property == "gradient db")
    done = subprocess.run([sys.executable, "-c", asked.snippet], capture_output=True, text=True, check=True)
    shown = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if line.startswith(("db =", "wanted db =")))
    assert set(shown) == {"db", "wanted db"}
    assert shown["db"] != shown["wanted db"]


def test_the_page_says_it_all_and_escapes_what_was_handed_in(explained: Explanation, secret: Secret):
    page = to_html(explained)
    told = json.dumps(to_json(explained))
    console = Console(record=True, width=100)
    print_explanation(explained, console)
    text = console.export_text()
    for place in (page, told, text):
        assert "affine_backward" in place
        assert secret.fingerprint in place
        assert secret.key.hex() not in place
    assert "dout.mean(0)" in page
    assert "</script>" not in page
    assert "for students" in page
    assert page.count("<h1") == 1


def test_the_page_is_chinese_where_that_is_asked_for(explained: Explanation):
    i18n.use_language("zh")
    page = to_html(explained)
    assert '<html lang="zh">' in page
    assert "课程自己的案例" in page


def test_the_same_grading_is_the_same_score(explained: Explanation):
    told = compare(held(explained.report), explained.report, explained.unit, "affine")
    assert told.same
    assert not told.circumstances
    assert not told.changes


def test_what_differs_is_said(explained: Explanation):
    now = explained.report
    results = tuple(
        replace(one, score=0.0) if (one.task, one.property) == ("affine", "forward") else one for one in now.results
    )
    then = replace(
        now, results=results, secret="0badcafe", versions={**now.versions, "backcheck": "0.0.1"}, rules=("x",)
    )
    told = compare(held(then, fingerprint="feedfeedfeedfeed"), now, explained.unit, "affine")
    assert not told.same
    assert [change.property for change in told.changes] == ["forward"]
    said = " ".join(told.circumstances)
    for word in ("feedfeedfeedfeed", "0badcafe", "0.0.1", "policy"):
        assert word in said
    nothing = compare(held(replace(now, results=results)), now, explained.unit, "affine")
    assert "Nothing else differs" in nothing.verdict


def test_the_gradebook_finds_the_work_by_path_and_by_student(explained: Explanation, tmp_path: Path):
    path = tmp_path / "ada.py"
    path.write_text(WRONG)
    with Gradebook(f"sqlite:///{tmp_path / 'book.db'}") as book:
        for student, where in (("bob", "elsewhere/bob.py"), ("ada", str(path))):  # bob has copied
            place = Place(student, UNIT, where.rpartition("/")[2], explained.report.fingerprint, where)
            book.record(place, "k", explained.report)
        for name in ("ada", "ada.py"):
            found = find_students(book, UNIT, name, Policy())
            assert found is not None
            assert (found.student, found.path) == ("ada", str(path))
        found = find_held(book, UNIT, path, "what it is now")
        assert found is not None
        assert found.student == "ada"
        assert find_students(book, "02-losses", "ada", Policy()) is None


@pytest.mark.parametrize(
    ("policy", "name", "points"),
    [
        (Policy(), "ada", 9.0),
        (Policy(counts="best"), "ada", 9.0),
        (Policy(attempts=1), "ada", 2.0),
        (Policy(), "ada_first.py", 2.0),
        (Policy(), "hw.py", 4.0),
    ],
)
def test_of_a_student_the_work_is_taken_that_counts(policy: Policy, name: str, points: float, tmp_path: Path):
    noon = datetime(2027, 1, 31, 12, tzinfo=UTC)
    with Gradebook(f"sqlite:///{tmp_path / 'book.db'}") as book:
        for student, file, day, earned in (
            ("ada", "ada_final.py", 3, 9.0),  # which grading ended first is chance
            ("ada", "ada_first.py", 0, 2.0),
            ("bob", "hw.py", 1, 4.0),
            ("bob", "hw.py", 0, 3.0),
        ):
            when = noon + timedelta(days=day)
            book.record(Place(student, UNIT, file, f"{day}", received=when), "k", samples.report(affine=earned))
        found = find_students(book, UNIT, name, policy)
        assert found is not None
        assert found.report.score == points


def test_the_very_bytes_come_before_the_path_and_the_path_before_the_name(explained: Explanation, tmp_path: Path):
    path = tmp_path / "ada.py"
    with Gradebook(f"sqlite:///{tmp_path / 'book.db'}") as book:
        for student, fingerprint, where in (
            ("bytes", "f", tmp_path / "bob.py"),
            ("path", "g", path),
            ("name", "h", tmp_path / "old" / "eve.py"),
        ):
            place = Place(student, UNIT, where.name, fingerprint, str(where))
            book.record(place, "k", explained.report)
        for fingerprint, whose in (("f", "bytes"), ("else", "path")):
            found = find_held(book, UNIT, path, fingerprint)
            assert found is not None
            assert found.student == whose
        found = find_held(book, UNIT, tmp_path / "new" / "eve.py", "else")
        assert found is not None
        assert found.student == "name"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ada.py", "afine"], "no unit has a task afine; there is affine"),
        (["ada.py", "affine", "--unit", "02"], "02-losses has no task affine"),
        (["ada.py", "affine", "--secret", "nowhere"], "nowhere: No such file"),
        (["ada.py", "affine", "--sandbox", "portable"], "the sandbox portable does not isolate"),
        (["grace.py", "affine"], "no such file or folder: grace.py"),
        (["grace", "affine", "--gradebook", "book.db"], "grace is no path, and nobody in the gradebook"),
        (["ada", "affine", "--gradebook", "book.db"], "is not at gone/ada.py any more"),
        (["eve", "affine", "--gradebook", "book.db"], "what eve handed in is not at ada.py any more"),
    ],
)
def test_a_usage_error_is_one_clear_line(
    arguments: list[str], says: str, explained: Explanation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("ada.py").write_text(WRONG)
    with Gradebook("sqlite:///book.db") as book:
        book.record(Place("ada", UNIT, "ada.py", "f", "gone/ada.py"), "k", explained.report)
        book.record(Place("eve", UNIT, "eve.py", "f", "ada.py"), "k", explained.report)  # of another folder's ada.py
    done = run("explain", *arguments)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())


def test_work_that_cannot_be_loaded_has_its_page_and_was_changed(
    explained: Explanation, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "ada.py"
    path.write_text("def affine_forward(x, w, b:\n    return 1\n")
    with Gradebook("sqlite:///book.db") as book:
        book.record(Place("ada", UNIT, "ada.py", explained.report.fingerprint, str(path)), "k", explained.report)
    secret = desk / ".backcheck" / "secret"
    options = ["--secret", secret, "--gradebook", "book.db", "--html", "page.html", "--json"]
    done = run("explain", "ada", "affine", *options)
    assert done.exit_code == 1, done.output
    told = json.loads(done.stdout)
    assert told["problem"]
    assert "def affine_forward(x, w, b:" in told["code"]
    assert told["absent"] == ["affine_forward", "affine_backward"]
    assert told["score"] == 0 < told["gradebook"]["score"]
    assert explained.report.fingerprint in told["gradebook"]["circumstances"][0]
    assert "Nothing could be graded" in Path("page.html").read_text(encoding="utf-8")
