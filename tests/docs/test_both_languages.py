"""Pages in two languages say the same, in the words of the list of terms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import FENCE, PAIRS, ROOT, blocks, label, prose, read

TERMS = read(ROOT / "docs" / "terms.md")
ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \|$", re.MULTILINE)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
LINK = re.compile(r"\]\(([^)]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
CHINESE = [
    *sorted(ROOT.glob("assignments/*/handout.zh.md")),
    *(chinese for _, chinese in PAIRS),
    *sorted(ROOT.glob("graders/locale/zh_CN/LC_MESSAGES/*.po")),
]


def section(name: str) -> list[tuple[str, str]]:
    """The rows of one of the tables of terms, without its head."""
    text = TERMS.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    return [row for row in ROW.findall(text) if row[0] not in ("English", "not", "---")]


GRADING = section("Of grading")


def known() -> set[str]:
    """Every Chinese form that is used."""
    names = ("Of the lectures", "Of grading", "The universities whose slides are named")
    cells = [cell for name in names for _, cell in section(name)]
    return {re.sub(r"（.*?）", "", form).strip() for cell in cells for form in cell.split("，")}


def levels(text: str) -> list[int]:
    return [len(marks) for marks in HEADING.findall(prose(text))]


def table_rows(text: str) -> list[int]:
    return [table.count("\n") for table in TABLE.findall(prose(text) + "\n")]


def links(text: str) -> list[str]:
    """Where the page points to; a page in both languages counts as one, and pages may point to each other."""
    found = [target.replace(".zh.md", ".md") for target in LINK.findall(prose(text))]
    return [target for target in found if target != "README.md"]


def code(text: str) -> list[tuple[str, str, list[str]]]:
    """The blocks: of a dialogue the commands, for what they print is in the page's language."""
    return [
        (one.note, one.language, [command.line for command in one.commands] or one.text.splitlines())
        for one in blocks(text)
    ]


def names(text: str) -> list[str]:
    """Code among the words, which is the same in both languages but for its order in a sentence."""
    return sorted({name for name in CODE.findall(prose(text)) if name.isascii()})


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda path: label(path))
@pytest.mark.parametrize("compared", [levels, table_rows, links, code, names], ids=lambda f: f.__name__)
def test_both_pages_have_the_same(compared, english: Path, chinese: Path):
    assert compared(read(chinese)) == compared(read(english))


@pytest.mark.parametrize("chinese", [chinese for _, chinese in PAIRS], ids=lambda path: label(path))
def test_a_link_out_of_chinese_says_so(chinese: Path):
    """But for the switch to the English README, and the list of terms, which is in both languages."""
    pages = re.finditer(r"\]\((?!http)([^)#]*(?:\.md|docs/decisions))\)(（英文|，英文)?", prose(read(chinese)))
    english = [(page[1], page[2]) for page in pages if ".zh.md" not in page[1]]
    assert [page for page, told in english if not told and not page.endswith(("README.md", "terms.md"))] == []


def test_what_must_be_in_chinese_is():
    names = {label(chinese) for _, chinese in PAIRS}
    assert names == {"README.zh.md", "docs/guide/student.zh.md", "docs/guide/instructor.zh.md"}


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda path: label(path))
def test_a_word_of_grading_has_its_one_name(english: Path, chinese: Path):
    words, text = CODE.sub("", prose(read(english))), FENCE.sub("", read(chinese))
    spoken = {term: re.compile(rf"\b{re.escape(term.partition(' (')[0])}s?\b", re.IGNORECASE) for term in dict(GRADING)}
    assert [(term, form) for term, form in GRADING if spoken[term].search(words) and form not in text] == []


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: label(path))
def test_no_other_name_is_used(path: Path):
    text = read(path)
    assert [(banned, used) for banned, used in section("Not used") if banned in text] == []


def test_what_is_not_used_has_a_name_that_is():
    rows = section("Not used")
    assert len(rows) > 30
    assert [used for _, used in rows if used not in known()] == []
    assert [banned for banned, _ in rows if any(banned in form for form in known())] == []


@pytest.mark.parametrize("name", ["Of the lectures", "Of grading", "Not used"])
def test_no_term_stands_twice(name: str):
    terms = [term for term, _ in section(name)]
    assert len(terms) > 30
    assert sorted(set(terms)) == sorted(terms)
