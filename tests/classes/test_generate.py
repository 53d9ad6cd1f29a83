"""The class that never was is the same every time, and has in it what it says."""

from __future__ import annotations

import ast
import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from graders.misconceptions import all_chaffs
from graders.specs import find_unit
from tests.classes.generate import Work, draw_class, is_used_elsewhere, write_class
from tests.classes.source import reference


@pytest.fixture(scope="module")
def drawn() -> list[Work]:
    return draw_class(120, 1)


def test_the_same_seed_draws_the_same_class(drawn: list[Work]):
    assert draw_class(120, 1) == drawn
    assert draw_class(12, 1) != draw_class(12, 2)


def test_a_class_has_every_kind_of_student(drawn: list[Work]):
    first = [work for work in drawn if work.attempt == 1]
    assert len(first) == len({work.student for work in drawn}) == 120
    kinds = Counter(work.kind for work in first)
    assert kinds == {"wrong": 81, "right": 14, "partial": 14, "stub": 5, "syntax": 5, "loop": 1}
    assert {len(work.mistakes) for work in first} >= {0, 1, 2, 3, 4, 5}
    assert len(drawn) > 135
    assert len({work.file for work in drawn}) == len(drawn)


def test_only_a_syntax_error_keeps_a_file_from_being_python(drawn: list[Work]):
    few = [work for work in drawn if work.kind == "syntax"] + drawn[::8]
    for work in few:
        if work.file.endswith(".ipynb"):
            sources = [cell["source"] for cell in json.loads(work.text)["cells"]]
            assert all(ast.parse(source) for source in sources)
        elif work.kind == "syntax":
            with pytest.raises(SyntaxError):
                ast.parse(work.text)
        else:
            ast.parse(work.text)


def test_a_mistake_stands_in_the_file_as_the_catalogue_has_it(drawn: list[Work]):
    known = {chaff.label: chaff for chaff in all_chaffs()}
    own = "\n".join(reference("03-backprop").values())
    for work in drawn:
        if work.kind == "wrong" and work.file.endswith(".py"):
            for label in work.mistakes:
                new = [text for _old, text in known[label].edits if text not in own]
                assert not new or any(text in work.text for text in new), label


def test_no_other_way_to_write_a_task_breaks_another():
    unit = find_unit("03")
    assert is_used_elsewhere(unit, "network")
    assert not is_used_elsewhere(unit, "chain")


def test_what_is_written_is_what_was_drawn(tmp_path: Path):
    paths = write_class(tmp_path / "class", 12, 1)
    assert [path.read_text(encoding="utf-8") for path in paths] == [work.text for work in draw_class(12, 1)]
    with (tmp_path / "class" / "received.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["submission"] for line in lines] == [path.name for path in paths]
    assert len(write_class(tmp_path / "once", 12, 1, "02-losses", attempts=False)) == 12
