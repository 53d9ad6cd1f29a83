"""The Chinese catalogue holds everything a person may read, and the compiled one is what its source says."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from graders import i18n
from graders.contracts import contract_names, find_contract
from graders.contracts.engine import LENT
from graders.contracts.python2 import CONVENTION
from graders.misconceptions import all_chaffs
from graders.properties import properties
from graders.properties.throughput import QUESTION as THROUGHPUT
from graders.properties.training import QUESTION
from graders.specs import find_unit, unit_names
from graders.specs.row import Row
from graders.specs.training import iris_trial, network_trial

FOLDER = i18n.LOCALES / "zh_CN" / "LC_MESSAGES"
METHODS = [("**.py", "python"), ("**/templates/**.j2", "jinja2")]


def read(domain: str) -> Catalog:
    with (FOLDER / f"{domain}.po").open("rb") as file:
        return read_po(file, locale="zh_CN")


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    return read("backcheck")


@pytest.fixture(autouse=True)
def english_again():
    yield
    i18n.use_language("en")


def messages() -> set[str]:
    """Everything in `_()`, and the texts that reach it from elsewhere: questions, figures and remedies."""
    package = Path(i18n.__file__).parent
    extracted = {str(found[2]) for found in extract_from_dir(package, METHODS, keywords={"_": None})}
    rows = [task for name in unit_names() for task in find_unit(name).tasks if isinstance(task, Row)]
    questions = {one.question for row in rows for one in properties(row) if not one.name.startswith("gradient ")}
    sources = [path.read_text(encoding="utf-8") for path in (package / "specs").glob("*.py")]
    figures = {figure for source in sources for figure in re.findall(r'Outcome, "([^"]+)"', source)}
    remedies = {hostile.remedy for row in rows for hostile in row.hostile}
    conventions = {part for name in contract_names() for part in find_contract(name).conventions}
    return extracted | questions | figures | remedies | conventions | {QUESTION, THROUGHPUT, CONVENTION, LENT}


def translated(catalogue: Catalog) -> set[str]:
    return {str(message.id) for message in catalogue if message.id and message.string and not message.fuzzy}


def test_every_message_is_translated_and_none_is_left_over(catalogue: Catalog):
    assert translated(catalogue) == messages()
    assert not catalogue.obsolete


def test_every_known_mistake_has_a_name_in_chinese():
    mistakes = read("misconceptions")
    assert translated(mistakes) == {chaff.message for chaff in all_chaffs()}
    i18n.use_language("zh")
    assert all(i18n.misconception(chaff.message) == mistakes[chaff.message].string for chaff in all_chaffs())


def test_translations_keep_the_placeholders(catalogue: Catalog):
    def fields(text: object) -> list[str]:
        return sorted(re.findall(r"\{[^}]*\}", str(text)))

    assert [m.id for m in catalogue if m.id and fields(m.id) != fields(m.string)] == []


@pytest.mark.parametrize("domain", ["backcheck", "misconceptions"])
def test_the_compiled_catalogue_is_what_the_source_says(domain: str):
    compiled = io.BytesIO()
    write_mo(compiled, read(domain))
    assert (FOLDER / f"{domain}.mo").read_bytes() == compiled.getvalue(), "run: make translate"


def test_figures_of_training_tasks_are_among_the_messages():
    import numpy as np

    for trial in (iris_trial, network_trial):
        evaluate = trial(np.random.default_rng(0)).evaluate
        assert evaluate((None,) * 5).figure in messages()


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        ("zh", {}, "zh"),
        ("en", {"LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LANG": "zh_CN.GB18030"}, "zh"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"LANG": "en_GB.UTF-8", "BACKCHECK_LANG": "zh"}, "zh"),
        (None, {}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_environments(asked, environment, language, monkeypatch):
    for variable in ("BACKCHECK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert i18n.use_language(asked) == language
    assert i18n.language() == language
