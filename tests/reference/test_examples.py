"""Every worked example and experiment runs at its small size, reaches its figure, and shows a picture."""

from __future__ import annotations

import gzip
import importlib.util
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reference.examples import data
from reference.examples.__main__ import EXAMPLES, EXPERIMENTS, main
from reference.examples.result import Settings

REACHED = {
    "iris": (0.9, 1.0),
    "lenet": (0.6, 1.0),
    "slots": (0.9, 1.0),
    "gan": (0.0, 0.25),
    "characters": (2.0, 3.4),
    "words": (5.0, 40.0),
    "copy": (0.95, 1.0),
    "ctc": (0.8, 1.0),
    "vanishing": (2.0, np.inf),
    "bptt-bound": (0.1, 1.0 + 1e-9),
    "residual": (100.0, np.inf),
    "trajectories": (0.0, 0.1),
    "universality": (0.0, 0.4),
    "one-pixel": (0.2, 1.0),
}
"""Least and most the figure may be, seed 0, at the small size."""


@pytest.mark.parametrize("name", [*EXAMPLES, *EXPERIMENTS])
def test_an_example_reaches_its_figure_and_ticks_to_the_end(name: str):
    ticks: list[tuple[int, int, float]] = []
    result = {**EXAMPLES, **EXPERIMENTS}[name](Settings(small=True), lambda *tick: ticks.append(tick))
    low, high = REACHED[name]
    assert low <= result.value <= high
    assert [done for done, _, _ in ticks] == list(range(1, len(ticks) + 1))
    assert ticks[-1][0] == ticks[-1][1]
    assert all(len(curve) for curve in result.curves.values())


def test_the_same_seed_gives_the_same_curve():
    curves = [EXAMPLES["slots"](Settings(True, seed), lambda *tick: None).curves["batch"] for seed in (1, 1, 2)]
    assert curves[0] == curves[1] != curves[2]


def test_the_command_prints_the_figure_and_draws_the_curve(tmp_path: Path):
    command = [sys.executable, "-m", "reference.examples", "trajectories", "--small", "--out", str(tmp_path / "new")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert "trajectories: least loss at the end (momentum) 0.025" in done.stdout
    assert (tmp_path / "new" / "trajectories.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("library", ["rich", "matplotlib", "sklearn"])
def test_a_library_that_is_not_installed_is_named(library: str, monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == library else find(name))
    with pytest.raises(SystemExit) as ended:
        main(["iris"])
    assert ended.value.code == 2
    assert f"{library} is not installed: pip install 'backcheck[examples]'" in capsys.readouterr().err


def write_idx(path: Path, array: np.ndarray) -> None:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", size) for size in array.shape)
    path.write_bytes(gzip.compress(head + array.tobytes()) if path.suffix == ".gz" else head + array.tobytes())


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_mnists_files_are_read(suffix: str, tmp_path: Path):
    images, labels = np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28), np.array([3, 7], np.uint8)
    for kind in ("train", "t10k"):
        write_idx(tmp_path / f"{kind}-images-idx3-ubyte{suffix}", images)
        write_idx(tmp_path / f"{kind}-labels-idx1-ubyte{suffix}", labels)
    x, y, _, y_test = data.mnist(str(tmp_path))
    assert x.shape == (2, 1, 28, 28)
    assert x[0, 0, 0, 5] == 5 / 255
    assert y.tolist() == y_test.tolist() == [3, 7]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "is missing"),
        (b"\x00\x00\x0d\x01", "of unsigned bytes"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x05ab", "holds 2"),
    ],
)
def test_a_bad_mnist_folder_is_one_clear_message(content: bytes | None, says: str, tmp_path: Path, capsys):
    if content is not None:
        (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        main(["lenet", "--mnist", str(tmp_path), "--out", str(tmp_path)])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
