"""Line by line, from the submission's own sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from graders.cli import cli
from graders.intake.submission import Submission
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.specs import find_unit
from graders.throughput.profile import Profile, profiles

UNIT = find_unit("03-backprop")
SLOW = """\
import numpy as np

def affine_forward(x, w, b):
    out = helper(x, w)
    return out + b, (x, w)

def helper(x, w):
    out = np.empty((len(x), w.shape[1]), x.dtype)
    for n in range(len(x)):
        out[n] = sum(x[n, d] * w[d] for d in range(len(w)))
    return out

def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)
"""


def profiled(text: str, backend: Backend) -> Profile:
    submission = Submission("slow", "slow.py", (Piece("", text),))
    (found,) = profiles(submission, UNIT, backend, ["affine"])
    return found


def test_the_line_that_takes_the_time_is_found(backend: Backend):
    found = profiled(SLOW, backend)
    assert not found.problem
    hottest = max(found.lines, key=lambda line: line.milliseconds)
    assert hottest.number == 10
    assert "sum(x[n, d]" in hottest.text
    assert hottest.milliseconds > 0.5 * found.milliseconds
    by_number = {line.number: line for line in found.lines}
    assert by_number[4].hits == by_number[14].hits == 5
    assert by_number[4].milliseconds < hottest.milliseconds
    assert [line.number for line in found.lines] == sorted(by_number)


def test_what_raises_is_said(backend: Backend):
    assert (
        "raised ValueError" in profiled(SLOW.replace("    out = helper(x, w)", "    raise ValueError"), backend).problem
    )
    assert "NotImplementedError" in profiled("def affine_forward(x, w, b): raise NotImplementedError", backend).problem


def test_check_prints_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("backprop.py").write_text(SLOW)
    done = CliRunner().invoke(cli, ["check", "backprop.py", "--task", "affine", "--profile"])
    assert done.exit_code == 0, done.output
    assert "ms a run" in done.output
    assert any("x[n, d] * w[d]" in line and " % " in line for line in done.output.splitlines())
    assert CliRunner().invoke(cli, ["check", "backprop.py", "--profile", "--json"]).exit_code == 2
