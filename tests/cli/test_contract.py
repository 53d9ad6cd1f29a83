"""`backcheck check --contract`: one report on several files, as a table or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graders.cli import cli

RELU = "import numpy as np\n\n\ndef relu_forward(x):\n    return np.maximum(0, x), x\n"
SGD = "def sgd(w, dw, config=None):\n    w -= 2 * config['learning_rate'] * dw\n    return w, config\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("layers.py").write_text(RELU)
    Path("optim.py").write_text(SGD)
    return tmp_path


def test_a_table_a_file_and_what_is_wrong(files: Path):
    done = run("check", "--contract", "cs231n", "layers.py", "optim.py")
    assert done.exit_code == 1
    assert "relu_forward   relu   right" in done.output
    assert "next_w is wrong" in done.output
    assert "Not in any file: affine_forward" in done.output
    assert "1 right, 1 wrong" in done.output


def test_json_and_nothing_else(files: Path):
    done = run("check", "--contract", "cs231n", "--json", "layers.py")
    told = json.loads(done.stdout)
    assert done.exit_code == 0
    assert told["contract"] == "cs231n"
    verdicts = {one["function"]: one["verdict"] for one in told["functions"]}
    assert verdicts.pop("relu_forward") == "right"
    assert set(verdicts.values()) == {"missing"}


def test_the_table_speaks_chinese(files: Path):
    done = run("--lang", "zh", "check", "--contract", "cs231n", "layers.py")
    assert "正确" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "--contract", "cs999", "layers.py"), "there is no contract cs999; there are cs231n, mytorch"),
        (("check", "--contract", "cs231n", "nothing.py"), "no such file or folder"),
        (("check", "--contract", "cs231n", "--unit", "03-backprop", "layers.py"), "--unit does not go with --contract"),
        (("check", "layers.py", "optim.py"), "several only with --contract"),
    ],
)
def test_usage_errors(files: Path, arguments: tuple[str, ...], message: str):
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.output
