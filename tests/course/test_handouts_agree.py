"""The two handouts of a unit say the same in two languages, and each has the chapters a handout needs."""

from __future__ import annotations

import ast
import re

import pytest

from graders.course.handout import MARK, handout_path
from graders.course.stub import stub_source

CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
WORDS = re.compile(r"\\text\{[^}]*\}")
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
SIGNATURE = re.compile(r"`(\w+)\(([^`]*)\)`")
HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)
RUBRIC = re.compile(r"<!-- rubric: (.+?) -->", re.DOTALL)
CHAPTERS = {
    "en": (
        "How every task works",
        "Notation",
        "Worked example",
        "Experiment",
        "What is graded",
        "Common mistakes",
        "To think about",
        "Further reading",
    ),
    "zh": ("任务的形式", "记号", "手算例题", "实验", "评分内容", "常见错误", "思考题", "延伸阅读"),
}
LANGUAGES = tuple(CHAPTERS)


def written(unit, language):
    """A handout as it stands in its own file; the English one does not stand in for the Chinese."""
    name = {"en": "handout.md", "zh": "handout.zh.md"}[language]
    path = handout_path(unit, language)
    assert path.name == name, f"{unit.name} has no {name}"
    return path.read_text(encoding="utf-8")


def prose(text):
    return CODE.sub("", text)


def headings(text):
    """(level, words) of every heading."""
    return [(len(marks), words) for marks, words in HEADING.findall(prose(text))]


def levels(text):
    return [level for level, _words in headings(text)]


def chapters(text):
    return [words for level, words in headings(text) if level == 2]


def code(text):
    return CODE.findall(text)


def marks(text):
    return [MARK.fullmatch(line)[1] for line in prose(text).split("\n") if MARK.fullmatch(line)]


def formulas(text):
    """Display formulas, byte for byte but for the words in them."""
    return [WORDS.sub("", formula) for formula in FORMULA.findall(prose(text))]


def table_rows(text):
    return [table.count("\n") for table in TABLE.findall(prose(text) + "\n")]


def chapter(text, name):
    """What stands below a chapter's heading, to the next chapter."""
    return next(part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part.startswith(name))


@pytest.mark.parametrize("compared", [levels, marks, formulas, code, table_rows], ids=lambda f: f.__name__)
def test_both_handouts_have_the_same(unit, compared):
    assert compared(written(unit, "zh")) == compared(written(unit, "en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_arguments_that_go_by_keyword_stand_behind_a_star(unit, language):
    functions = {
        node.name: node.args for node in ast.parse(stub_source(unit)).body if isinstance(node, ast.FunctionDef)
    }
    wrong = []
    for name, written_arguments in SIGNATURE.findall(prose(written(unit, language))):
        before = [one.split("=")[0].strip() for one in written_arguments.partition("*")[0].split(",")]
        if name in functions and {one.arg for one in functions[name].kwonlyargs} & set(before):
            wrong.append(name)
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_handout_has_every_chapter_in_order(unit, language):
    names = chapters(written(unit, language))
    places = [
        next((at for at, name in enumerate(names) if name.startswith(wanted)), None) for wanted in CHAPTERS[language]
    ]
    assert None not in places, f"{CHAPTERS[language][places.index(None)]} is missing among {names}"
    assert places == sorted(places)


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_two_things_to_think_about_each_with_a_rubric(unit, language):
    text = written(unit, language)
    below = chapter(text, CHAPTERS[language][6])
    assert len(RUBRIC.findall(below)) == len(RUBRIC.findall(text)) == 2
    asked = {"en": ("**Derivation.** ", "**Interpretation.** "), "zh": ("**推导。** ", "**解释。** ")}[language]
    assert [below.count(words) for words in asked] == [1, 1]


def test_words_inside_a_formula_may_differ_and_signs_may_not():
    english, chinese = "$$\nx \\text{ in training}\n$$", "$$\nx \\text{（训练时）}\n$$"
    assert formulas(english) == formulas(chinese) == ["\nx \n"]
    assert formulas(english.replace("x", "-x")) != formulas(chinese)


def test_what_is_inside_a_code_block_is_no_heading_mark_or_table():
    text = "# T\n\n```\n## no\n<!-- task: no -->\n| a |\n```\n\n<!-- task: yes -->\n### Yes\n\n| b |\n|---|\n"
    assert (levels(text), marks(text), table_rows(text)) == ([1, 3], ["yes"], [2])
