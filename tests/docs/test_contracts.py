"""docs/contracts.md names every function of every contract, and every reading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graders.contracts import contract_names, find_contract

PAGE = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([\w.]+)`", PAGE))


def section(name: str) -> str:
    return PAGE.split(f"## `{name}`")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", contract_names())
def test_every_function_is_on_the_page(name: str):
    unnamed = [
        function
        for function in find_contract(name).functions
        if function not in NAMED and function.partition(".")[0] not in NAMED
    ]
    assert unnamed == []


def test_every_reading_of_mytorch_is_on_the_page():
    readings = [reading for entry in find_contract("mytorch").entries for reading in entry.readings]
    parts = {part for reading in readings for part in reading.convention.split("; ") if part}
    assert [part for part in parts if part not in section("mytorch")] == []


@pytest.mark.parametrize(
    "word", ["keep", "drop", "epsilon inside the root", "before it is increased", "(C, D)", "0.5 reg"]
)
def test_the_readings_of_cs231n_are_on_the_page(word: str):
    assert word in section("cs231n")
    readings = [reading for entry in find_contract("cs231n").entries for reading in entry.readings]
    assert any(word in reading.convention for reading in readings)
