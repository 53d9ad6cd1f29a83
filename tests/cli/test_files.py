"""What people hand in by mistake: each file one clear message, a verdict, and the others unharmed."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from graders.cli import cli
from graders.report.as_json import schema
from tests.bad_input.cases import HONEST

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": "# Unit 03"},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import matplotlib.pyplot as plt"], "outputs": []},
        {"cell_type": "code", "source": HONEST, "outputs": []},
        {"cell_type": "code", "source": "!pip install torch\nplt.plot([1, 2])", "outputs": []},
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
TASKS = ["--task", "affine", "--task", "chain"]

WHOLE = {
    "empty.py": (b"", "is empty"),
    "blank.py": (b"\n \n", "is empty"),
    "syntax.py": (b"def affine_forward(x, w, b)\n    return x\n", "line 1"),
    "indent.py": (b"def f():\nreturn 1\n", "line 2"),
    "utf16.py": ("x = 1\n".encode("utf-16"), "NUL bytes"),
    "latin.py": (b"# ok\nname = '\xe9t\xe9'\n", "line 2 is not valid utf-8"),
    "cookie.py": (b"# coding: klingon\nx = 1\n", "encoding"),
    "broken.ipynb": (b'{"cells": [', "not valid JSON"),
    "list.ipynb": (b"[1, 2]", "no cells"),
    "deep.ipynb": (b"[" * 100_000, "not valid JSON"),
    "wordless.ipynb": (b'{"cells": [{"cell_type": "markdown", "source": "hello"}]}', "no code cells"),
    "vast.ipynb": (b" " * (21 << 20), "larger than"),
    "huge.py": (b"#" * (2 << 20), "larger than"),
    "notzip.zip": (b"PK but not really", "archive cannot be read"),
    "notes.txt": (b"hello", "neither a .py file nor a notebook"),
}
"""Files of which nothing can be graded, with what must be said."""

FINE = {
    "bom.py": b"\xef\xbb\xbf" + HONEST.encode(),
    "crlf.py": HONEST.replace("\n", "\r\n").encode(),
    "gbk.py": ("# -*- coding: gbk -*-\n# 反向传播\n" + HONEST).encode("gbk"),
    "numpy.py": HONEST.encode(),
    "计算 图.py": HONEST.encode(),
    "notebook.ipynb": json.dumps(NOTEBOOK).encode(),
}
"""Files that look odd and are graded all the same."""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Reports and cases go to the working directory: keep them out of the repository."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_cannot_be_graded_gets_one_clear_message(name: str):
    data, says = WHOLE[name]
    Path(name).write_bytes(data)
    result = run("check", name, "--unit", "03")
    assert result.exit_code == 1
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert Path(".backcheck", f"{Path(name).stem if not name.endswith('.txt') else name}.html").is_file()


@pytest.mark.parametrize("name", FINE)
def test_an_odd_file_is_graded_like_any_other(name: str):
    Path(name).write_bytes(FINE[name])
    result = run("check", name, "--unit", "03", *TASKS, "--json")
    report = json.loads(result.output)
    assert result.exit_code == 0, report
    assert report["score"] == report["max_score"] == 15


def test_what_a_notebook_skips_is_named():
    Path("n.ipynb").write_bytes(FINE["notebook.ipynb"])
    notes = json.loads(run("check", "n.ipynb", "--unit", "03", *TASKS, "--json").output)["notes"]
    text = "\n".join(note["message"] for note in notes)
    assert "cell 2, line 2 was skipped: ModuleNotFoundError: No module named 'matplotlib'" in text
    assert "cell 4, line 2 was skipped: NameError" in text


def test_an_import_that_fails_is_named_and_the_rest_is_graded():
    Path("backprop.py").write_text("import scipy.special\n" + HONEST)
    report = json.loads(run("check", "backprop.py", *TASKS, "--json").output)
    assert report["score"] == 15
    assert "line 1 was skipped: ModuleNotFoundError: No module named 'scipy'" in report["notes"][0]["message"]


def test_a_function_that_is_missing_says_so():
    Path("backprop.py").write_text(HONEST.replace("def affine_backward", "def affine_bckward"))
    result = run("check", "backprop.py", *TASKS)
    assert result.exit_code == 1
    assert "affine_backward: not found in the submission" in " ".join(result.output.split())


def test_a_folder_without_the_units_file_says_what_is_missing():
    Path("alice").mkdir()
    Path("alice", "notes.md").write_text("hello")
    result = run("check", "alice", "--unit", "03")
    assert result.exit_code == 1
    assert "there is no backprop.py or backprop.ipynb in it" in " ".join(result.output.split())


def test_an_archive_is_read_without_being_unpacked():
    with zipfile.ZipFile("work.zip", "w") as archive:
        archive.writestr("../../evil.py", "raise SystemExit")
        archive.writestr("homework/backprop.py", HONEST)
    before = set(Path().iterdir())
    report = json.loads(run("check", "work.zip", "--unit", "03", *TASKS, "--json").output)
    assert report["score"] == 15
    assert {path.name for path in set(Path().iterdir()) - before} == {".backcheck"}


def test_a_class_with_every_kind_of_bad_file_is_graded_to_the_end():
    folder = Path("班级 three")
    folder.mkdir()
    for name, (data, _) in WHOLE.items():
        (folder / name).write_bytes(data)
    (folder / "honest.py").write_text(HONEST)
    (folder / "李雷").mkdir()
    (folder / "李雷" / "backprop.py").write_text(HONEST)
    result = run("grade", folder, "--unit", "03", "--jobs", "2", "--out", "out")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    with Path("out/class.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["submission"]: row for row in csv.DictReader(file)}
    expected = {Path(name).stem for name in WHOLE if not name.endswith(".txt")} | {"honest", "李雷"}
    assert set(rows) == expected
    assert rows["honest"]["affine"] == rows["李雷"]["affine"] == "12"
    assert all(float(row["score"]) == 0 for name, row in rows.items() if name not in ("honest", "李雷"))
    for name in expected:
        jsonschema.validate(json.loads(Path(f"out/{name}.json").read_text(encoding="utf-8")), schema())
        assert Path(f"out/{name}.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_of_a_folder_with_stub_and_notebook_the_one_that_is_filled_in_is_graded():
    """And where both are, the report says which it was."""
    run("start", "03-backprop")
    folder = Path("03-backprop")
    book = json.loads((folder / "backprop.ipynb").read_text(encoding="utf-8"))
    next(cell for cell in book["cells"] if cell["id"] == "code-affine")["source"] = HONEST
    (folder / "backprop.ipynb").write_text(json.dumps(book), encoding="utf-8")
    report = json.loads(run("check", "03-backprop", "--unit", "03", *TASKS, "--json").output)
    assert (report["score"], report["notes"]) == (15, [])
    with (folder / "backprop.py").open("a", encoding="utf-8") as stub:
        stub.write("def affine_forward(x, w, b):\n    return x\n")
    report = json.loads(run("check", "03-backprop", "--unit", "03", *TASKS, "--json").output)
    assert report["score"] < 15
    (note,) = report["notes"]
    assert note["kind"] == "warning"
    assert note["message"].startswith("backprop.py was graded, and not backprop.ipynb")


def test_python_under_a_timing_magic_and_beside_a_shell_line_is_graded():
    cells = ["%%time\nimport numpy as np\n", "files = !ls\nhere = %pwd\n" + HONEST]
    notebook = {"cells": [{"cell_type": "code", "source": source} for source in cells]}
    Path("n.ipynb").write_text(json.dumps(notebook))
    report = json.loads(run("check", "n.ipynb", "--unit", "03", *TASKS, "--json").output)
    assert report["score"] == 15
    assert report["notes"] == []
