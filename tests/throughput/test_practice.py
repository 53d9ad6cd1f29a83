"""Practice on a device, here on the processor's own tensors: the way there is the same."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from rich.console import Console

from graders.cli import cli
from graders.misconceptions.variant import rows
from graders.report.practice_table import print_practice
from graders.sandbox.program import Piece
from graders.throughput import limits
from graders.throughput.limits import Limits
from graders.throughput.measure import measure_on, timed_rows
from graders.throughput.practice import Failed, Party, Practice, practise
from graders.throughput.stand import reference_pieces
from graders.throughput.statistic import Interval
from tests.conftest import whole_only

TWICE = """
_once = relu_forward
def relu_forward(x):
    for _ in range(40):
        result = _once(x)
    return result
"""


def trained(name: str, more: str = "", rounds: int = 3) -> Practice:
    row = rows()[name][1]
    return practise(row, (*reference_pieces(row), Piece("", more)), "cpu", rounds=rounds)


@pytest.mark.parametrize("name", ["adam", "srn"])
def test_the_reference_runs_on_tensors_and_is_about_as_fast_as_itself(name: str):
    found = trained(name, rounds=9)
    assert found.problem == ""
    assert 0.2 < found.found.median < 5
    assert min(found.submission, found.reference) > 0


def test_more_work_takes_longer():
    assert trained("relu", TWICE, rounds=9).found.median > 2


def test_where_the_reference_does_not_run_the_submission_is_not_blamed(monkeypatch: pytest.MonkeyPatch):
    broken = (Piece("", "raise ValueError('no such device')"),)
    monkeypatch.setattr("graders.throughput.practice.reference_pieces", lambda row: broken)
    assert trained("relu").problem.startswith("the reference itself does not run on this device: ")


def test_a_party_that_never_answers_is_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("graders.throughput.practice.LONGEST", 0.1)
    party = Party((Piece("", "while True: pass"),), "cpu")
    with pytest.raises(Failed, match="without an answer"), party:
        pass
    assert not party._process.is_alive()


def test_a_party_that_is_gone_has_failed():
    with Party((), "cpu") as party:
        party._process.kill()
        party._process.join()
        with pytest.raises(Failed, match="ended before it answered"):
            party.load([])


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("def relu_forward(x): return x, x", "out is not what the reference computes"),
        ("def relu_forward(x): return x * float('nan'), x", "out is not what the reference computes"),
        ("def relu_forward(x): return np.maximum(x.nothing, 0), x", "AttributeError"),
        ("def relu_forward(x):\n    import os\n    os._exit(0)", "ended before it answered"),
    ],
)
def test_what_is_wrong_is_said_and_not_timed(more: str, problem: str):
    found = trained("relu", more)
    assert problem in found.problem
    assert problem in found.verdict
    assert math.isnan(found.found.median)


@pytest.mark.parametrize(
    ("low", "verdict"),
    [
        (1.9, "within the limit of 2"),
        (2.1, "beyond the limit of 2, within the second of 4"),
        (5.0, "beyond both limits, 2 and 4"),
    ],
)
def test_the_ratio_is_compared_with_the_limits_of_the_device(low: float, verdict: str):
    assert Practice("relu", "cuda", Interval(low + 0.1, low, low + 0.2), limits=Limits(2.0, 4.0)).verdict == verdict


def test_without_limits_and_with_too_much_speed_it_says_so():
    assert "nobody has measured" in Practice("relu", "cuda", Interval(1.0, 1.0, 1.0)).verdict
    assert "worth a look" in Practice("relu", "cuda", Interval(0.01, 0.01, 0.01)).verdict


def test_every_timed_task_has_a_line_in_the_file_of_the_gpu():
    assert set(limits.read(limits.ON_CUDA)) == set(timed_rows())


@whole_only
def test_limits_of_a_device_come_of_the_variants_that_run_there():
    found = measure_on("cpu", ["relu"], lambda text: None, rounds=3)["relu"]
    assert found is not None
    assert found.measured["reference"] > 0
    assert found.full >= 2


def test_the_table_says_that_it_is_practice():
    page = io.StringIO()
    found = [Practice("relu", "cuda", Interval(1.0, 0.9, 1.1), 0.2, 0.2), Practice("elu", "cuda", problem="[bold]no")]
    print_practice(found, Console(file=page, width=120))
    assert "Practice only" in page.getvalue()
    assert "0.90 - 1.10" in page.getvalue()
    assert "[bold]no" in page.getvalue()


def test_a_whole_check_on_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The command itself, where the device is taken to be there."""
    monkeypatch.setattr("graders.benchmark.device.missing_gpu", lambda: "")
    monkeypatch.setattr("graders.throughput.practice.practise", on_the_processor)
    path = tmp_path / "activations.py"
    path.write_text(reference_pieces(rows()["relu"][1])[0].text)
    result = CliRunner().invoke(cli, ["check", str(path), "--device", "cuda", "--task", "relu", "--json"])
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert found["task"] == "relu"
    assert found["low"] <= found["median"] <= found["high"]


def on_the_processor(row, pieces, _device, known):
    return practise(row, pieces, "cpu", known, rounds=3)


def test_without_a_gpu_it_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    path = tmp_path / "activations.py"
    path.write_text("")
    result = CliRunner().invoke(cli, ["check", str(path), "--device", "cuda"])
    assert result.exit_code == 2
    assert "There is no CUDA GPU here" in result.output
    assert "Traceback" not in result.output
