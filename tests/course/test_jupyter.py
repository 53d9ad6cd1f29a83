"""`%backcheck` in a notebook: the command runs, and its report is shown below the cell."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from graders import jupyter
from tests.bad_input.cases import HONEST

interactive = pytest.importorskip("IPython.core.interactiveshell", reason="IPython is not installed")
capture_output = pytest.importorskip("IPython.utils.capture").capture_output


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """IPython with the extension, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shell = interactive.InteractiveShell.instance()
    shell.run_line_magic("load_ext", "graders.jupyter")
    yield shell
    interactive.InteractiveShell.clear_instance()


def save(*sources: str, name: str = "backprop.ipynb") -> Path:
    path = Path(name)
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": [source]} for source in sources]}))
    return path


def test_a_check_shows_its_page_and_its_text(shell):
    save(HONEST, "%load_ext graders.jupyter\n%backcheck check backprop.ipynb --task chain")
    with capture_output() as captured:
        shell.run_line_magic("backcheck", "check backprop.ipynb --task chain --no-throughput")
    waiting, shown = captured.outputs
    assert waiting.data["text/plain"] == "Checking backprop.ipynb ..."
    assert "3 / 3" in shown.data["text/plain"]
    assert shown.data["text/html"].startswith("<iframe")
    assert "&lt;strong&gt;3&lt;/strong&gt;" in shown.data["text/html"]
    assert captured.stdout == ""


def test_what_cannot_be_checked_is_one_message(shell):
    with capture_output() as captured:
        shell.run_line_magic("backcheck", "check nothing.ipynb")
    data = captured.outputs[-1].data
    assert "no such file or folder: nothing.ipynb" in data["text/plain"]
    assert "text/html" not in data


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_path_with_blanks_stands_in_quotes(quote: str, shell):
    Path("Colab Notebooks").mkdir()
    save(HONEST, name="Colab Notebooks/backprop.ipynb")
    path = f"{quote}Colab Notebooks/backprop.ipynb{quote}"
    with capture_output() as captured:
        shell.run_line_magic("backcheck", f"check {path} --task chain --no-throughput")
    assert "3 / 3" in captured.outputs[-1].data["text/plain"]


@pytest.mark.parametrize(
    ("line", "windows", "wanted"),
    [
        (r"check C:\Users\me\backprop.ipynb", True, ["check", r"C:\Users\me\backprop.ipynb"]),
        (r'check "C:\My Drive\n.ipynb" --task a', True, ["check", r"C:\My Drive\n.ipynb", "--task", "a"]),
        (r"check 'C:\My Drive\'", True, ["check", "C:\\My Drive\\"]),
        (r"check My\ Drive/n.ipynb # 1", False, ["check", "My Drive/n.ipynb", "#", "1"]),
    ],
)
def test_a_backslash_stands_for_itself_on_windows(line: str, windows: bool, wanted: list[str]):
    assert jupyter.words(line, windows) == wanted


def test_a_quote_left_open_is_one_message(shell):
    with capture_output() as captured:
        shell.run_line_magic("backcheck", "check 'Colab Notebooks/backprop.ipynb")
    assert captured.stdout == "a quote is opened and never closed: check 'Colab Notebooks/backprop.ipynb\n"
    assert captured.outputs == []


def test_nothing_of_the_page_ends_its_frame():
    frame = jupyter.Shown("text", "<p title=\"a\">'quoted' & </iframe>")._repr_mimebundle_()["text/html"]
    assert frame.count("</iframe>") == 1
    assert "&#x27;quoted&#x27; &amp;" in frame


OLD, NEW = "def f(x):\n    return x", "def f(x):\n    return 2 * x"


@pytest.mark.parametrize(
    ("saved", "ran", "differing"),
    [
        ([OLD], [NEW], ["f"]),
        ([NEW], [OLD, NEW], []),
        ([NEW], [NEW, OLD], ["f"]),
        ([OLD], [], []),
        ([OLD], ["def g(x): return x", "%magic", "f(", "f(1)"], []),
        ([OLD + "\n", "%matplotlib inline"], [OLD], []),
    ],
)
def test_functions_that_were_run_but_not_saved_are_named(saved, ran, differing, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert jupyter.unsaved(save(*saved), ran) == differing


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": [1]}', '{"cells": [{}]}', "\xff"])
def test_a_file_that_is_no_notebook_is_left_to_the_check(text: str, tmp_path: Path):
    (tmp_path / "n.ipynb").write_text(text, encoding="latin-1")
    assert jupyter.unsaved(tmp_path / "n.ipynb", [OLD]) == []


def test_the_warning_says_which(capsys: pytest.CaptureFixture[str], tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    history = SimpleNamespace(history_manager=SimpleNamespace(input_hist_raw=["", NEW]))
    jupyter.warn(history, save(OLD))
    assert capsys.readouterr().out.startswith("The file differs from what you ran last, in f. Save the notebook")
