"""The page of a class: complete without a script, readable aloud, and nobody is named unless that is asked for."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from graders.i18n import misconception, use_language
from graders.report import drawing
from graders.summary.analysis import Analysis, analyse
from graders.summary.catalogue import known_words
from graders.summary.page import to_html
from graders.summary.record import Attempt, ClassRecord, Student
from graders.verdict import Report, Result, Status
from tests.summary import made


class Tags(HTMLParser):
    """Every element with its attributes, and the text of each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.found if tag in tags]


@pytest.fixture(scope="module")
def found() -> Analysis:
    return analyse(made.record())


@pytest.fixture(scope="module")
def page(found: Analysis) -> str:
    use_language("en")
    return to_html(found)


@pytest.fixture(scope="module")
def tags(page: str) -> Tags:
    return Tags(page)


def test_nobody_is_named_anywhere(page: str):
    shown = html.unescape(page)
    for name in made.students():
        assert name not in shown
        assert name.replace(" ", "_") not in shown
    assert "[name].py" in shown or "[name]" in shown


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pictures, which take most of the time."""
    monkeypatch.setattr(drawing, "available", lambda: False)


@pytest.mark.usefixtures("undrawn")
def test_names_stand_there_when_asked_for_and_never_in_the_examples(found: Analysis):
    named = to_html(found, names=True)
    assert "This page names students" in named
    examples = named[named.index('id="misunderstood"') : named.index('id="properties"')]
    for name in made.students():
        assert html.escape(name) in named.replace("&#39;", "&#x27;").replace("<wbr>", "").replace("&#34;", "&quot;")
        assert name not in html.unescape(examples)


@pytest.mark.usefixtures("undrawn")
def test_what_students_wrote_is_text(found: Analysis):
    named = Tags(to_html(found, names=True))
    assert not named.all("img", "iframe", "link", "object", "embed", "base")
    assert len(named.all("script")) == 1
    assert not [attributes for _tag, attributes in named.found if any(one.startswith("on") for one in attributes)]


def test_only_its_own_script_may_run_and_nothing_is_fetched(page: str, tags: Tags):
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    policy = next(one["content"] for one in tags.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert all(one["href"].startswith("#") for one in tags.all("a"))
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


def test_every_student_has_a_place_and_every_link_leads_to_one(page: str, tags: Tags, found: Analysis):
    ids = [attributes["id"] for _tag, attributes in tags.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {one["href"].removeprefix("#") for one in tags.all("a")} <= set(ids)
    assert {f"student-{one.pseudonym}" for one in found.record.students} <= set(ids)


def test_headings_follow_each_other_and_regions_have_names(tags: Tags):
    levels = [int(tag[1]) for tag, _attributes in tags.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = {attributes.get("id") for _tag, attributes in tags.found}
    for attributes in tags.all("section"):
        assert attributes["aria-labelledby"] in ids
    assert all(one.get("aria-label") for one in tags.all("nav"))
    assert len(tags.all("main")) == len(tags.all("header")) == len(tags.all("footer")) == 1


def test_every_field_has_a_label_and_every_table_a_caption(tags: Tags, page: str):
    labelled = {one["for"] for one in tags.all("label")}
    assert all(one.get("id") in labelled or one.get("aria-label") for one in tags.all("input", "select"))
    assert len(tags.all("table")) == len(tags.all("caption"))
    assert all(one.get("scope") for one in tags.all("th"))
    assert page.count('aria-live="polite"') == 1


@pytest.mark.skipif(not drawing.available(), reason="matplotlib is not installed")
def test_every_picture_has_a_title_a_description_and_a_table_instead(tags: Tags):
    pictures = tags.all("svg")
    ids = {attributes.get("id") for _tag, attributes in tags.found}
    assert len(pictures) == 4
    for one in pictures:
        assert one["role"] == "img"
        assert {one["aria-labelledby"], one["aria-describedby"]} <= ids
    summaries = [one for one in tags.all("details") if one.get("class") == "alternative"]
    assert len(summaries) == 3  # the tasks' table stands beside their picture


def test_filters_know_students_by_what_they_lost(tags: Tags, found: Analysis):
    rows = [one for one in tags.all("tr") if one.get("data-row") == "student"]
    wrong = [own[-1] for own in made.students().values()]
    assert len(rows) == len(found.record.students)
    assert sum("|chain|" in one["data-tasks"] for one in rows) == sum(lost_on(report, "chain") for report in wrong)
    assert sorted(int(one["data-percent"]) for one in rows) == sorted(round(10 * one.score) for one in wrong)
    options = {one.get("value") for one in tags.all("option")} - {"", None}
    assert options == {one["data-mistakes"].strip("|") for one in tags.all("li") if one.get("data-row") == "mistake"}


def lost_on(report: Report, task: str) -> bool:
    return any(one.task == task and one.score < one.max_score for one in report.results)


def test_the_same_class_gives_the_same_page(found: Analysis, page: str):
    assert to_html(found) == page


@pytest.mark.usefixtures("undrawn")
def test_a_page_in_chinese_speaks_chinese(found: Analysis):
    use_language("zh")
    page = to_html(analyse(made.record(12)))
    assert '<html lang="zh">' in page
    assert "全班的误解" in page
    assert "What the class misunderstood" not in page
    assert "反向传播" in page
    assert misconception(known_words()[made.MEAN]) in page


@pytest.mark.usefixtures("undrawn")
def test_without_matplotlib_the_tables_are_there_and_the_page_says_why(found: Analysis):
    page = to_html(found)
    assert "<svg" not in page
    assert "This page has no pictures" in page
    assert "Students by their share of the points" in page


@pytest.mark.usefixtures("undrawn")
def test_a_class_without_faults_has_a_page_too():
    from graders.summary.record import Attempt, ClassRecord, Student

    page = to_html(analyse(ClassRecord(made.UNIT, (Student("ann", "s-1", (Attempt(1, made.report("ann")),)),))))
    assert "Nothing fails." in page
    assert "No mistake was found" in page
    assert "With fewer than 20 students" in page


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("alone", [True, False])
def test_whose_work_met_a_fault_of_ours_is_said_to_be_left_out(alone: bool):
    faulty = replace(made.report("x"), results=(Result("chain", "grader", "", Status.ERROR, 0.0, 0.0, "ours"),))
    others = () if alone else made.record(6).students
    shown = to_html(analyse(ClassRecord(made.UNIT, (*others, Student("eve", "s-eve", (Attempt(1, faulty),))))))
    assert "failed at something in the work of 1 students: their scores are left out" in shown
    assert "grader fault" in shown
    assert ("score is known" in shown) == alone
