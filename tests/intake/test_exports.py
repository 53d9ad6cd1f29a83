"""Files as editors write them: Colab, VS Code (notebook and exported script), marimo's export to a notebook.

marimo.ipynb was written by `marimo export ipynb` 0.25.2; the others have what their editors put into a file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.submission import read_submission
from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Limits
from graders.secrets import PUBLIC
from graders.specs import find_unit

FILES = Path(__file__).with_name("files")
UNIT = find_unit("03")
EXAM = Exam(UNIT, PUBLIC)
TASKS = frozenset({"chain", "affine"})


@pytest.fixture(scope="module")
def backend() -> Backend:
    return open_backend("auto", Limits())


@pytest.mark.parametrize("name", ["colab.ipynb", "vscode.ipynb", "vscode.py", "marimo.ipynb"])
def test_what_an_editor_adds_costs_nothing(name: str, backend: Backend):
    report = grade(read_submission(FILES / name, UNIT), EXAM, backend, tasks=TASKS, explain=False)
    assert report.problem == ""
    assert report.score == report.max_score == 15
    assert report.notes, "what the editor's own modules would have done is named as skipped"


def test_a_marimo_notebook_that_was_not_exported_is_told_how(tmp_path: Path):
    (tmp_path / "backprop.py").write_text(
        "import marimo\n\napp = marimo.App()\n\n\n@app.cell\ndef _():\n    def affine_forward(x, w, b):\n        return x\n"
        "    return (affine_forward,)\n"
    )
    problem = read_submission(tmp_path / "backprop.py", UNIT).problem
    assert problem == "this is a marimo notebook: hand in what marimo export ipynb makes of it"
