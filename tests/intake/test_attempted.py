"""A stub is known as one whatever its version, and of stub and notebook the one that is filled in is graded."""

from __future__ import annotations

import errno
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from graders.course.graded_notebook import graded_notebook
from graders.course.notebook import notebook
from graders.course.stub import stub_source
from graders.intake import attempted as intake_attempted
from graders.intake import submission as intake_submission
from graders.intake.attempted import attempted
from graders.intake.notebook import code_cells
from graders.intake.reference import closure, module_text, reference_source
from graders.intake.submission import Submission, read_submission
from graders.sandbox.program import Piece
from graders.specs import find_unit, unit_names

UNIT = find_unit("03")
STUB, BOOK = stub_source(UNIT), notebook(UNIT)
SOLVED = module_text(closure(["affine_forward", "affine_backward"]))
EMPTY = "def {name}(x):\n    '''Why.'''\n\n    # mine\n    raise NotImplementedError('later')\n"


def filled(book: str = BOOK, text: str = SOLVED) -> str:
    """A notebook with one task filled in."""
    content = json.loads(book)
    next(cell for cell in content["cells"] if cell["id"] == "code-affine")["source"] = text
    return json.dumps(content)


def written(text: str) -> bool:
    return attempted([Piece("", text)], ["affine_forward", "Model.fit"])


@pytest.mark.parametrize("name", unit_names())
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_given_out_is_not_attempted_and_the_reference_is(name: str, language: str):
    unit = find_unit(name)
    given_out = [(Piece("", stub_source(unit, language)),), code_cells(notebook(unit, language).encode())]
    given_out.append(code_cells(graded_notebook(unit, language).encode()))
    assert [attempted(pieces, unit.functions) for pieces in given_out] == [False] * 3
    assert attempted([Piece("", reference_source(unit))], unit.functions)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import numpy as np\nprint('hello')",
        EMPTY.format(name="affine_forward"),
        "def helper(x):\n    return x\n" + EMPTY.format(name="affine_forward"),
        "class Model(Base):\n    '''Mine.'''\n\n    def fit(self):\n        raise NotImplementedError",
    ],
)
def test_who_wrote_none_of_the_functions_attempted_nothing(text: str):
    assert not written(text)


@pytest.mark.parametrize(
    "text",
    [
        "def affine_forward(x):\n    pass",
        "def affine_forward(x):\n    x += 1\n    raise NotImplementedError",
        "@solved\n" + EMPTY.format(name="affine_forward"),
        "affine_forward = lambda x: x",
        "from mine import affine_forward",
        "from mine import *",
        "try:\n    def affine_forward(x): ...\nexcept Exception:\n    pass",
        "class Model:\n    def fit(self):\n        raise NotImplementedError\n    predict = fit",
        "Model.fit = fit",
        "exec(text)",
        "globals()['affine_forward'] = f",
        "def affine_forward(x)",
        "(" * 5000,
        "x = " + "-" * 100_000 + "1",
        "\0",
    ],
)
def test_what_may_be_an_attempt_is_one(text: str):
    assert written(text)


def test_what_is_far_too_large_for_a_stub_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(intake_attempted, "python_of")
    assert attempted([Piece("", "#" * (300 << 10), magics=True)], [])


def folder(path: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def archive(path: Path, files: dict[str, str | bytes]) -> Path:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(f"hw3/{name}", text)
    return folder(path, {"hw3.zip": packed.getvalue()}) / "hw3.zip"


Hand = Callable[..., Submission]


@pytest.fixture(params=[folder, archive])
def hand_in(request: pytest.FixtureRequest, tmp_path: Path) -> Hand:
    """`hand_in(module, book)`: what is read of a folder or an archive of both."""

    def read(module: str | bytes, book: str | bytes) -> Submission:
        return read_submission(request.param(tmp_path, {"backprop.py": module, "backprop.ipynb": book}), UNIT)

    return read


def is_notebook(submission: Submission) -> bool:
    return bool(submission.pieces) and submission.pieces[0].magics


@pytest.mark.parametrize("module", [STUB, STUB.replace("\n", "\r\n") + "# nothing\n", "", stub_source(UNIT, "zh")])
def test_a_stub_that_nobody_touched_does_not_hide_the_notebook(module: str, hand_in: Hand):
    found = hand_in(module, filled())
    assert is_notebook(found)
    assert (found.notes, found.problem) == ((), "")


@pytest.mark.parametrize("module", [STUB, STUB + "\n" + SOLVED])
def test_a_notebook_that_nobody_touched_is_passed_over(module: str, hand_in: Hand):
    found = hand_in(module, BOOK)
    assert found.pieces[0].text.count("def ") == module.count("def ")
    assert found.notes == ()


def test_where_both_are_worked_in_the_report_names_the_one_that_was_graded(hand_in: Hand):
    found = hand_in(STUB + "\n" + SOLVED, filled())
    assert not is_notebook(found)
    (note,) = found.notes
    assert note.startswith(("backprop.py was graded, and not ", "hw3/backprop.py was graded, and not hw3/"))
    assert "backprop.ipynb: hand in one file" in note


@pytest.mark.parametrize(
    ("module", "says"), [("def f(:", ""), (b"\xff\xfe\0", "holds NUL bytes"), ("#" * (2 << 20), "larger than")]
)
def test_a_module_that_cannot_be_read_is_none_that_nobody_touched(module: str | bytes, says: str, hand_in: Hand):
    found = hand_in(module, filled())
    assert not is_notebook(found)
    assert says in found.problem


def test_a_broken_notebook_beside_the_stub_says_that_it_is_broken(hand_in: Hand):
    assert "not valid JSON" in hand_in(STUB, filled()[:-9]).problem
    assert hand_in(STUB + SOLVED, filled()[:-9]).problem == ""


def test_the_same_file_twice_is_no_second_one(tmp_path: Path):
    both = {"backprop.py": STUB + SOLVED, "copy/backprop.py": STUB + SOLVED, "old/backprop.py": STUB}
    assert read_submission(archive(tmp_path, both), UNIT).notes == ()


def test_names_without_end_are_shortened(tmp_path: Path):
    both = {"backprop.py": STUB + SOLVED, "x" * 5000 + "/backprop.ipynb": filled()}
    (note,) = read_submission(archive(tmp_path, both), UNIT).notes
    assert len(note) < 400


def test_a_second_file_that_this_machine_cannot_read_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    read = intake_submission._read

    def failing(path: Path) -> bytes:
        if path.suffix == ".ipynb":
            raise OSError(errno.EIO, "Input/output error")
        return read(path)

    monkeypatch.setattr(intake_submission, "_read", failing)
    found = read_submission(folder(tmp_path, {"backprop.py": STUB + SOLVED, "backprop.ipynb": filled()}), UNIT)
    assert (found.fault, found.problem, len(found.notes)) == (False, "", 1)
    (tmp_path / "backprop.py").write_text(STUB)
    assert read_submission(tmp_path, UNIT).fault
