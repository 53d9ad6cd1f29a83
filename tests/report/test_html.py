from __future__ import annotations

import functools
import re
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from graders.report import html
from tests.report import samples


@functools.cache
def page_text(name: str) -> str:
    """The page of a sample; drawing its pictures takes a while."""
    return html.to_html(samples.ALL[name]())


REPORTS = pytest.mark.parametrize("name", samples.ALL)
VOID = {"meta", "wbr", "br", "link", "img"}


class Page(HTMLParser):
    """Tags, ids, links and texts of a page; unbalanced tags are an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] or "" for _tag, attributes in self.tags if attribute in attributes]

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


@pytest.fixture(scope="module")
def varied() -> Page:
    return Page(page_text("varied"))


def test_student_text_is_escaped(varied):
    assert varied.all("script") == []
    assert varied.all("b") == []
    assert "<script>alert('x')</script> & \"quotes\"" in varied.text


def test_invisible_characters_are_spelled_out(varied):
    assert r"\x1b[2J\u202eltr" in varied.text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\ud800]", page_text("varied"))


@REPORTS
def test_the_page_needs_no_network_and_no_script(name):
    text = page_text(name)
    page = Page(text)
    assert not page.values("src")
    assert not page.all("link")
    assert not [key for _tag, attributes in page.tags for key in attributes if key.startswith("on")]
    assert all(link.startswith("#") for link in page.values("href"))
    assert not re.search(r"@import|url\((?!#)", text)


@REPORTS
def test_ids_are_unique_and_every_link_has_its_place(name):
    page = Page(page_text(name))
    ids = Counter(page.values("id"))
    assert [place for place, count in ids.items() if count > 1] == []
    wanted = {link[1:] for link in page.values("href")} | set(page.values("aria-labelledby"))
    references = re.findall(r"url\(#([^)]*)\)", page_text(name))
    assert wanted | set(references) <= set(ids)


def test_the_page_has_landmarks_and_table_headers(varied):
    assert [len(varied.all(tag)) for tag in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    assert all(cell.get("scope") in ("row", "col") for cell in varied.all("th"))
    assert all(picture["role"] == "img" and picture["aria-label"] for picture in varied.all("svg"))


def test_the_page_says_what_to_mend_first(varied):
    first = varied.text.index("What to mend first")
    assert varied.text.index("affine: gradient dw +2") > first
    assert varied.text.index("network: gradient dx +1.5") > varied.text.index("affine: gradient dw +2")


def test_a_failure_shows_question_message_case_cause_and_replay(varied):
    for words in (
        samples.QUESTIONS["shape"],
        "affine_backward: db has shape (1, 2), but should be (2,), the shape of b",
        "N=3 D=1 M=2",
        "the batch sum kept its axis (keepdims=True)",
        "backcheck replay a3f1",
        "got db (1, 2) float64",
    ):
        assert words in varied.text


def test_numbers_that_differ_are_marked():
    text = html.to_html(samples.report((samples.dw_mean(),)))
    assert re.findall(r"<mark>(.*?)</mark>", text) == ["0.25", "-0.5", "1.125", "0.5", "-1", "2.25"]


def test_our_own_fault_reads_differently(varied):
    assert "The grader failed, not you; no points were lost. network, float32: the oracle" in varied.text


def test_a_problem_is_one_clear_block():
    page = Page(html.to_html(samples.broken()))
    assert "Nothing could be graded backprop.py, line 12: SyntaxError" in page.text
    assert page.all("table") == []


def test_an_unattempted_unit_is_not_called_failed():
    text = Page(html.to_html(samples.practice())).text
    assert "Nothing has been attempted yet." in text
    assert "failed" not in text


def test_the_same_report_gives_the_same_page():
    assert html.to_html(samples.varied()) == page_text("varied")


def test_without_matplotlib_the_page_says_why_it_has_no_pictures(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page = Page(html.to_html(samples.varied()))
    assert page.all("svg") == []
    assert "matplotlib is not installed here" in page.text


def test_a_page_without_pictures_does_not_mention_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "matplotlib" not in html.to_html(samples.perfect())


def test_the_page_is_english_by_default(varied):
    assert varied.all("html") == [{"lang": "en"}]


@pytest.mark.usefixtures("chinese")
def test_the_page_follows_the_chosen_language():
    page = Page(html.to_html(samples.perfect()))
    assert page.all("html") == [{"lang": "zh"}]
    assert "题目" in page.text


def test_the_page_is_saved_as_utf8(tmp_path):
    html.save(samples.report((), submission="王小明"), tmp_path / "report.html")
    assert "王小明" in (tmp_path / "report.html").read_text(encoding="utf-8")


def colours(scheme: int) -> dict[str, str]:
    """The variables of the style sheet: scheme 0 is light, 1 is dark."""
    css = (Path(html.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[scheme]))


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *[(ink, ground) for ink in ("ink", "muted", "accent") for ground in ("paper", "card")],
        *[(name, f"{name}-bg") for name in ("good", "bad", "partial", "fault")],
        *[("ink", f"{name}-bg") for name in ("bad", "partial")],
        ("muted", "code"),
        ("ink", "code"),
        ("good", "card"),
        ("bad", "card"),
    ],
)
def test_text_has_the_contrast_of_wcag_aa(scheme, text, ground):
    lights = sorted(luminance(colours(scheme)[name]) for name in (text, ground))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5
