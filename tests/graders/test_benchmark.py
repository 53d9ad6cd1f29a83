"""The benchmark's machinery: nothing forgotten, wrong sides refused, figures kept and compared. No time is judged."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from graders.benchmark import clock, namespace, page, reasons, run, sides, sources, speed
from graders.benchmark.__main__ import ONE_THREAD, STEADY_MEMORY, main
from graders.benchmark.counterparts import ENTRIES, WITHOUT
from graders.benchmark.sides import NotTheSame, Side, Sides, prepare, require_same
from graders.benchmark.workload import Dropout, Optimiser, Workload
from graders.cli import cli
from graders.specs import TASKS

ROOT = Path(__file__).parents[2]
TASK_NAMES = {task.name for tasks in TASKS.values() for task in tasks}
every_entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("click", "rich", "hypothesis", "array_api_compat", "jinja2"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "array_api_compat" else found(name, *rest)
"""


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_every_task_is_measured_or_says_why_not():
    measured = {entry.row for entry in ENTRIES}
    assert measured | set(WITHOUT) == TASK_NAMES
    assert not measured & set(WITHOUT)
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)


def test_what_is_said_about_slow_rows_is_about_rows_there_are():
    assert set(reasons.WHY) <= {entry.name for entry in ENTRIES}


@every_entry
def test_both_sides_compute_the_same(entry):
    rng = np.random.default_rng(1)
    assert require_same(entry.name, prepare(entry, "small", sources.fast(), rng)) < 1e-4


@every_entry
def test_the_same_source_runs_on_tensors(entry, monkeypatch):
    """The way of the GPU, on the CPU's tensors: the plain forms, over what stands in for array_api_compat."""
    stand_in = type(sys)("array_api_compat")
    stand_in.array_namespace = namespace.array_namespace
    monkeypatch.setitem(sys.modules, "array_api_compat", stand_in)
    both = prepare(entry, "small", sources.plain(), np.random.default_rng(1), device="cpu")
    assert require_same(entry.name, both) < 1e-4
    assert both.moved > 0


@pytest.mark.parametrize("row", ["conv2d", "lstm", "cross_entropy", "embedding", "decoder_layer", "batch_norm2d"])
def test_so_it_does_over_array_api_compat(row):
    (entry,) = run.chosen([row])
    both = prepare(entry, "small", sources.plain(), np.random.default_rng(1), device="cpu")
    assert require_same(entry.name, both) < 1e-4


def test_figures_of_the_tensors_way_come_with_shares_of_the_limits():
    entries = run.chosen(["affine", "relu"])
    setting = run.Setting("cpu", 0.01, ("small",), ("eager",), tensors=True, limits=run.limits_of("cpu"))
    figures = list(run.measure(entries, setting))
    assert [figure.row for figure in figures] == ["relu", "affine"]
    assert all(figure.form == "eager" and figure.bandwidth > 0 for figure in figures)
    assert figures[0].flops == 0
    assert figures[1].flops > 0


def test_a_mode_that_fails_is_noted_and_the_others_are_measured():
    setting = run.Setting("cpu", 0.01, ("small",), ("eager", "captured"), tensors=True)
    figures = list(run.measure(run.chosen(["relu"]), setting))
    assert [figure.form for figure in figures] == ["eager"]
    assert re.match("relu, small: not captured", setting.notes[0])


def test_a_wrong_side_is_refused(monkeypatch):
    wrong = {**sources.fast(), "sigmoid_backward": lambda dout, cache: 1.01 * dout * cache * (1 - cache)}
    monkeypatch.setattr(sources, "fast", lambda: wrong)
    with pytest.raises(NotTheSame, match=r"sigmoid, small: value 1 is 0\.01"):
        list(run.measure(run.chosen(["sigmoid"]), run.Setting(seconds=0.01, sizes=("small",))))


def test_shapes_and_counts_are_compared_as_well():
    def side(*values: np.ndarray) -> Side:
        return Side(lambda: None, lambda: list(values))

    with pytest.raises(NotTheSame, match="shape"):
        require_same("x", Sides(side(np.ones((1, 2))), side(np.ones(2))))
    with pytest.raises(NotTheSame, match="1 values beside 2"):
        require_same("x", Sides(side(np.ones(2)), side(np.ones(2), np.ones(2))))
    with pytest.raises(NotTheSame, match="nan"):
        require_same("x", Sides(side(np.array([np.nan])), side(np.ones(1))))


def test_a_wrong_mask_is_refused(monkeypatch):
    entry = next(entry for entry in ENTRIES if isinstance(entry, Dropout))
    functions = {**sources.fast(), "keep_mask": lambda rng, shape, p_drop: rng.random(shape) >= 0.2}
    with pytest.raises(NotTheSame):
        require_same("dropout", prepare(entry, "medium", functions, np.random.default_rng(1)))


def test_the_ratio_is_theirs_over_ours_whatever_the_order():
    ticks = {"ours": 2.0, "theirs": 6.0}

    def timed(work, repeat):
        return ticks[work()] * 1e-3 * repeat

    ratio = clock.paired(lambda: "ours", lambda: "theirs", np.random.default_rng(1), 0.01, timed)
    assert ratio.ratio == pytest.approx(3)
    assert (ratio.low, ratio.high) == pytest.approx((3, 3))
    assert ratio.pairs >= clock.FEWEST


def test_the_interval_holds_the_median_and_grows_with_the_spread():
    rng = np.random.default_rng(1)
    ratio, low, high = clock.median_and_interval(rng.normal(1, 0.01, 31), rng)
    _, wide_low, wide_high = clock.median_and_interval(rng.normal(1, 0.1, 31), rng)
    assert low <= ratio <= high
    assert wide_high - wide_low > high - low


def figure(**fields) -> run.Figure:
    known = run.Figure("relu", "small", "cpu", 1, 2.0, 1.9, 2.1, "relu", "F.relu", "fast", 1e-3, 2e-3, 9, 0.0)
    return dataclasses.replace(known, **fields)


def test_geometric_means():
    figures = [figure(ratio=4.0), figure(size="large", ratio=1.0), figure(size="large", ratio=0.5)]
    assert run.summary(figures) == {"all": 2.0, "medium and large": 1.0, "lowest upper end": 2.1}
    assert run.geomean([]) is None


def test_figures_are_kept_and_what_is_slower_is_found(tmp_path):
    path = tmp_path / "speed.json"
    about = {"device": "d", "date": "2026-01-01", "python": "3", "numpy": "2", "torch": "2"}
    speed.write([figure(), figure(row="elu", ratio=1.0)], about, path)
    kept = speed.read(path)
    assert kept["cpu"]["relu"]["small"] == {
        "ratio": 2.0, "low": 1.9, "high": 2.1, "form": "fast", "threads": 1, **about,
    }  # fmt: skip
    assert kept["cpu"]["relu"]["large"] == kept["cuda"]["relu"]["small"] == "unmeasured"
    slower = figure(ratio=1.5, low=1.4, high=1.9 * 0.84)
    assert speed.regressions([figure(), slower], kept, "d") == []  # two modes: the best counts
    assert speed.regressions([slower, figure(size="large", high=0.1)], kept, "d") == [slower]
    assert speed.regressions([figure(ratio=1.7, high=1.7)], kept, "d") == []  # within what runs differ by
    assert speed.regressions([slower], kept, "another processor") == []


def test_the_kept_file_has_every_row_size_and_device():
    stored = json.loads(speed.FILE.read_text(encoding="utf-8"))
    assert {device: {row: set(sizes) for row, sizes in rows.items()} for device, rows in stored.items()} == {
        device: {row: set(sizes) for row, sizes in rows.items()} for device, rows in speed.blank().items()
    }


def test_the_page_is_what_is_kept_and_explains_what_is_slow():
    kept = speed.read()
    text = page.DOCS.read_text(encoding="utf-8")
    between = text.split(page.START)[1].split(page.END)[0]
    assert between == "\n\n" + "\n".join(page.markdown(kept)), "run `backcheck bench --write`"
    assert page.unexplained(kept) == []


def test_the_command_prints_a_table_json_and_means(capsys):
    assert main(["relu", "--size", "small", "--seconds", "0.01"]) == 0
    shown = capsys.readouterr().out
    assert "relu" in shown
    assert "geometric mean:" in shown
    assert main(["relu", "softmax", "--size", "small", "--seconds", "0.01", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["row"] for row in found["rows"]] == ["relu", "softmax"]
    for row in found["rows"]:
        assert {"row", "size", "device", "threads", "ratio", "low", "high"} <= set(row)
        assert row["low"] <= row["ratio"] <= row["high"]
        assert row["threads"] == 1
    assert found["geomean"]["all"] > 0


def test_an_unknown_row_is_a_usage_error(capsys):
    assert main(["no_such_row"]) == 2
    assert "no_such_row" in capsys.readouterr().err


def kept_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ratio: float, device: str = "") -> None:
    path = tmp_path / "speed.json"
    about = run.machine("cpu") | ({"device": device} if device else {})
    speed.write([figure(ratio=ratio, low=ratio, high=ratio)], about, path)
    monkeypatch.setattr(speed, "FILE", path)
    monkeypatch.setattr(speed.read, "__defaults__", (path,))
    monkeypatch.setattr(speed.write, "__defaults__", (path,))


def test_check_fails_on_a_regression_only(tmp_path, monkeypatch, capsys):
    arguments = ["relu", "--size", "small", "--seconds", "0.01", "--check"]
    kept_at(tmp_path, monkeypatch, 1e-6)
    assert main(arguments) == 0
    kept_at(tmp_path, monkeypatch, 1e6)
    assert main(arguments) == 1
    assert "slower than it was: relu, small" in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["slower"] == [{"row": "relu", "size": "small"}]
    kept_at(tmp_path, monkeypatch, 1e6, "another processor")
    assert main(arguments) == 0
    assert "1 of 1 figures have nothing to be compared with" in capsys.readouterr().err


def test_what_became_slower_is_not_kept_instead(tmp_path, monkeypatch, capsys):
    kept_at(tmp_path, monkeypatch, 1e6)
    monkeypatch.setattr(page, "DOCS", tmp_path / "no page")
    arguments = ["relu", "softplus", "--size", "small", "--seconds", "0.01", "--check", "--write"]
    assert main(arguments) == 1
    told = capsys.readouterr()
    assert "kept: 1000000.00 or more" in told.out
    assert "1 of 2 figures have nothing to be compared with" in told.err
    kept = speed.read()["cpu"]
    assert kept["relu"]["small"]["ratio"] == 1e6
    assert kept["softplus"]["small"] != speed.UNMEASURED


def test_what_is_kept_and_compared_is_the_best_of_all_modes_without_tf32(capsys):
    assert main(["relu", "--check", "--mode", "eager"]) == 2
    assert main(["relu", "--write", "--tf32"]) == 2
    assert "leave out --mode and --tf32" in capsys.readouterr().err


def test_where_nothing_can_be_measured_it_says_so_and_fails(monkeypatch, capsys):
    monkeypatch.setattr("graders.benchmark.run.measure", lambda *_arguments: iter(()))
    assert main(["relu"]) == 1
    assert "Nothing could be measured" in capsys.readouterr().err


def test_write_keeps_the_figures_and_the_page(tmp_path, monkeypatch):
    kept_at(tmp_path, monkeypatch, 1.0)
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{page.START}\nold\n{page.END}\nafter\n")
    monkeypatch.setattr(page, "DOCS", document)
    monkeypatch.setattr(page.put_in_docs, "__defaults__", (document,))
    assert main(["softplus", "--size", "small", "--seconds", "0.01", "--write", "--json"]) == 0
    record = speed.read()["cpu"]["softplus"]["small"]
    assert {"ratio", "low", "high", "date", "device", "torch", "numpy"} <= set(record)
    text = document.read_text()
    assert text.startswith("before")
    assert text.endswith("after\n")
    assert "| softplus |" in text
    assert "old" not in text


def test_without_a_gpu_it_says_so_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["--device", "cuda"]) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "no CUDA GPU" in said
    assert main(["--device", "cuda", "--json"]) == 0
    assert "no CUDA GPU" in json.loads(capsys.readouterr().out)["skipped"]


def steady() -> dict[str, str]:
    return {**os.environ, **ONE_THREAD, **STEADY_MEMORY, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("way", ["arrays", "tensors", "cuda"])
def test_torch_numpy_and_the_tree_are_enough(way):
    """With click, rich, hypothesis and array_api_compat out of reach."""
    code = {
        "arrays": "from graders.benchmark.__main__ import main; main(['relu', '--size', 'small', '--seconds', '0.01'])",
        "cuda": "import torch; torch.cuda.is_available = lambda: False\n"
        "from graders.benchmark.__main__ import main; assert main(['--device', 'cuda']) == 0",
        "tensors": "from graders.benchmark import run\n"
        "s = run.Setting('cpu', 0.01, ('small',), ('eager',), tensors=True)\n"
        "print([f.row for f in run.measure(run.chosen(['lstm', 'conv2d', 'embedding', 'cross_entropy']), s)])",
    }[way]
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED + code], capture_output=True, text=True, env=steady(), cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {"arrays": "relu", "cuda": "no CUDA GPU", "tensors": "'lstm'"}[way] in done.stdout


def test_the_command_line_passes_on_arguments_and_exit_codes(monkeypatch):
    called = []

    def fake(command, env, check):
        assert env["BACKCHECK_LANG"] == "zh"
        called.append(command)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", fake)
    result = CliRunner().invoke(cli, ["--lang", "zh", "bench", "relu", "--check", "--device", "cuda"])
    assert result.exit_code == 1
    assert called == [[sys.executable, "-m", "graders.benchmark", "relu", "--check", "--device", "cuda"]]


def test_a_process_starts_again_with_one_thread():
    environment = {name: value for name, value in steady().items() if name not in (*ONE_THREAD, *STEADY_MEMORY)}
    command = [sys.executable, "-m", "graders.benchmark", "tanh", "--size", "small", "--seconds", "0.01", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True)
    assert json.loads(done.stdout)["rows"][0]["threads"] == 1


def test_optimisers_and_layers_have_three_sizes_that_grow():
    for entry in ENTRIES:
        if isinstance(entry, Workload):
            grown = [sum(entry.at(size).values()) for size in ("small", "medium", "large")]
            assert grown == sorted(set(grown)), entry.name
    assert sum(isinstance(entry, Optimiser) for entry in ENTRIES) >= 13
    numbers = [sum(int(np.prod(shape)) for shape in shapes) for shapes in sides.PARAMETERS]
    assert numbers == sorted(numbers)
