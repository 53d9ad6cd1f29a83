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
    assert "another cell may hold" in answer(mended(*cells))


def test_an_answer_whose_cell_is_gone_is_looked_for():
    cells = [cell for cell in whole() if cell.metadata["nbgrader"]["grade_id"] != "answer-why"]
    assert "This cell was missing" in answer(mended(*cells))


def test_a_cell_in_an_old_format_gets_no_id():
    nb = nbformat.v4.new_notebook(cells=[], nbformat_minor=2)
    mend(nb, CELLS)
    assert len(nb.cells) == 3
    assert not any("id" in cell for cell in nb.cells)


GIVEN = "def given(x):\n    return x\n\n\ndef other(x): ..."
CHECK = "# Graded by backcheck: affine.\n%backcheck check f.ipynb"
LOCKED = [
    Released("intro", "markdown", "# Backprop", True, "6", None, False),
    Released("given", "code", GIVEN, True, "7", None, False),
    CELLS[0],
    Released("test-affine", "code", CHECK, True, "8", 12.0, False),
]
HELPER = "import math\n" + GIVEN + "\n\ndef helper(x): ..."


def locked(given=GIVEN, check=CHECK, **more):
    """A notebook of the released cells `LOCKED`, with these texts; an import stands above what is given."""
    texts = ("# Backprop", "import numpy as np", given, "def affine(): ...", check)
    names = ("intro", "", "given", "code-affine", "test-affine")
    nb = nbformat.v4.new_notebook(**more)
    for name, source in zip(names, texts, strict=True):
        if source is not None:
            nb.cells.append(text(source, "markdown" if name == "intro" else "code"))
            nb.cells[-1].metadata["nbgrader"] = {"grade_id": name}
    return nb


def sources(nb):
    mend(nb, LOCKED)
    return [(grade_id(cell), cell.source) for cell in nb.cells]


WHOLE = sources(locked())


@pytest.mark.parametrize("given", [GIVEN, GIVEN + "\n", GIVEN.replace("\n", "  \r\n"), "\n\n" + GIVEN, "# mine", ""])
@pytest.mark.parametrize("check", [CHECK, CHECK + "\n# mine\n", "\n".join(f"# {line}" for line in CHECK.split("\n"))])
def test_locked_code_in_which_nobody_wrote_is_as_it_was_released(given: str, check: str):
    assert sources(locked(given, check)) == WHOLE


def test_what_is_written_into_locked_code_stands_above_what_was_released():
    """Colab and VS Code let students do that, and show them full marks."""
    pairs = sources(locked(HELPER, CHECK + "\n\ndef affine(): return 1"))
    own = [place for place, (name, _text) in enumerate(pairs) if not name and "import numpy" not in _text]
    assert [pair for place, pair in enumerate(pairs) if place not in own] == WHOLE
    assert [pairs[place + 1][0] for place in own] == ["given", "test-affine"]
    assert pairs[own[0]][1] == HELPER
    assert pairs[own[1]][1] == "# Graded by backcheck: affine.\n\ndef affine(): return 1"


def test_a_score_in_place_of_a_check_is_code_and_no_points():
    nb = locked(check="1200.0")
    assert sources(nb)[-2:] == [("", "1200.0"), ("test-affine", CHECK)]
    assert "nbgrader" not in nb.cells[-2].metadata


def test_tests_that_nbgrader_hid_are_nothing_that_a_student_took_away():
    hidden = "assert f(1) == 1\n### BEGIN HIDDEN TESTS\nassert f(2) == 4\n### END HIDDEN TESTS"
    nb = nbformat.v4.new_notebook(cells=[text("assert f(1) == 1", "code")])
    mend(nb, [Released("test", "code", hidden, True, "1", 1.0, False)])
    assert [cell.source for cell in nb.cells] == [hidden]


def test_locked_code_comes_back_where_it_stood_and_no_other_text_that_holds_no_points():
    assert sources(locked(None)) == WHOLE
    nb = locked(None)
    nb.cells = nb.cells[1:2]
    assert sources(nb) == [("", "import numpy as np"), ("given", GIVEN), ("test-affine", CHECK)]


@pytest.mark.parametrize("minor", [0, 5])
def test_mending_twice_changes_nothing_and_the_same_gives_the_same(minor: int):
    one = locked(HELPER, CHECK + "\nx = 1", nbformat_minor=minor)
    one.cells += [text("x", "code"), text("y", "code")]
    for cell in one.cells:
        cell.pop("id") if minor < 5 else cell.update(id=f"{len(cell.source)}-{cell.source[:1].strip('#%')}")
    if minor == 5:
        one.cells[-1]["id"] = "given-own"
    other = nbformat.from_dict(one)
    mend(one, LOCKED)
    mend(other, LOCKED)
    assert one == other
    mend(other, LOCKED)
    assert one == other
    if minor == 5:
        ids = [cell["id"] for cell in one.cells]
        assert len(set(ids)) == len(ids)
        assert "given-own-2" in ids
    nbformat.validate(one)


def test_every_cell_of_the_release_stands_once_whatever_became_of_it():
    nb = locked(HELPER, None)
    nb.cells = [*nb.cells, *nbformat.from_dict(nb).cells, text(GIVEN, "code")]
    names = [name for name, _text in sources(nb) if name]
    assert sorted(names) == sorted(cell.name for cell in LOCKED)
