"""What editors and students do to a notebook is mended before nbgrader looks at it."""

from __future__ import annotations

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install backcheck[nbgrader]")

from graders.course.mend import Released, grade_id, mend

RUBRIC = "<!-- BEGIN MARK SCHEME -->\nfull: a proof.\n<!-- END MARK SCHEME -->"
CELLS = [
    Released("code-affine", "code", "def affine(): ...", False, "1", None, True),
    Released("test-affine", "code", "%backcheck", True, "2", 12.0, False),
    Released("question-why", "markdown", f"**Why?**\n\n{RUBRIC}", True, "3", None, False),
    Released("answer-why", "markdown", "Your answer", False, "4", 5.0, True),
    Released("answer-how", "markdown", "Your answer", False, "5", 5.0, True),
]


def text(source, kind="markdown"):
    return getattr(nbformat.v4, f"new_{kind}_cell")(source)


def known(name, source=None):
    """A cell of the release, perhaps with another text, as students got it."""
    cell = next(cell for cell in CELLS if cell.name == name)
    made = text(cell.shown if source is None else source, cell.kind)
    made.metadata["nbgrader"] = {"grade_id": name, "points": 1000}
    return made


def mended(*cells):
    """(name, text) of every cell."""
    nb = nbformat.v4.new_notebook(cells=list(cells))
    mend(nb, CELLS)
    return [(grade_id(cell), cell.source) for cell in nb.cells]


def whole(**changed):
    return [changed.get(cell.name.replace("-", "_"), known(cell.name)) for cell in CELLS]


def answer(pairs, name="answer-why"):
    return dict(pairs)[name]


def test_a_notebook_that_nobody_touched_gets_its_rubric_back_and_is_otherwise_as_it_was():
    assert mended(*whole()) == [(cell.name, cell.text) for cell in CELLS]


def test_points_are_those_of_the_release():
    nb = nbformat.v4.new_notebook(cells=whole())
    mend(nb, CELLS)
    assert [cell.metadata["nbgrader"].get("points") for cell in nb.cells] == [None, 12.0, None, 5.0, 5.0]


def test_a_cell_is_known_by_its_id_or_its_text_where_its_metadata_are_lost():
    by_id = text("def affine(): return 1", "code")
    by_id["id"] = "code-affine"
    pairs = mended(by_id, text("%backcheck", "code"), text("**Why?**"), text("Because."), known("answer-how"))
    assert [name for name, _text in pairs] == [cell.name for cell in CELLS]
    assert answer(pairs) == "Because."


def test_of_two_the_last_counts():
    pairs = mended(known("code-affine", "old"), *whole(code_affine=known("code-affine", "new")))
    assert pairs[:2] == [("", "old"), ("code-affine", "new")]


def test_what_holds_points_comes_back_where_it_stood():
    pairs = mended(*[cell for cell in whole() if cell.metadata["nbgrader"]["grade_id"] != "test-affine"])
    assert pairs[1] == ("test-affine", "%backcheck")


@pytest.mark.parametrize("written", ["", "  \n", "Your answer"])
def test_an_answer_that_was_not_written_is_as_it_was_released(written: str):
    """Then nbgrader gives 0 without asking anybody."""
    assert answer(mended(*whole(answer_why=known("answer-why", written)))) == "Your answer"


@pytest.mark.parametrize("behind", [True, False])
def test_cells_beside_an_empty_answer_are_pointed_to(behind: bool):
    own = text("Because.")
    cells = whole()
    cells.insert(4 if behind else 3, own)
    assert "cells beside it" in answer(mended(*cells))


def test_an_answer_whose_cell_is_gone_is_looked_for():
    cells = [cell for cell in whole() if cell.metadata["nbgrader"]["grade_id"] != "answer-why"]
    assert "This cell was missing" in answer(mended(*cells))


def test_a_cell_in_an_old_format_gets_no_id():
    nb = nbformat.v4.new_notebook(cells=[], nbformat_minor=2)
    mend(nb, CELLS)
    assert len(nb.cells) == 3
    assert not any("id" in cell for cell in nb.cells)
