"""How long `backcheck check` takes from a cold start, and where the time goes: python -m graders.budget.

Each round runs, one after the other, `import torch, hypothesis` alone and a check of the reference of every
unit (or those named) without its training tasks, each in a new process. A check may take twice the import plus 3 s.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from graders.intake.reference import reference_source
from graders.specs import find_unit, unit_names

PARTS = ("imports", "sandbox", "drawing", "oracle", "student", "judging", "shrinking")
Timings = dict[str, float]


def timed(command: list[str], folder: Path) -> tuple[float, float, str]:
    """Wall-clock seconds, peak memory in MiB of the largest process, and standard output of a command."""
    before = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output)
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - before
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    return seconds, usage.ru_maxrss / 1024, text


def check_command(name: str) -> list[str]:
    """A check of the unit's reference, its training tasks left out."""
    unit = find_unit(name)
    tasks = [f"--task={task.name}" for task in unit.tasks if task.kind != "training"]
    return [sys.executable, "-m", "graders.cli", "check", unit.file, "--json", "--no-throughput", *tasks]


def one_round(folder: Path, units: tuple[str, ...]) -> dict[str, Timings]:
    """Seconds by what was measured: the import, and every unit with its parts."""
    rows: dict[str, Timings] = {}
    seconds, memory, _text = timed([sys.executable, "-c", "import torch, hypothesis"], folder)
    rows["import torch, hypothesis"] = {"total": seconds, "memory": memory}
    for name in units:
        seconds, memory, text = timed(check_command(name), folder)
        timings: Timings = json.loads(text)["timings"]
        rest = seconds - sum(timings.get(part, 0.0) for part in PARTS)
        rows[name] = {**timings, "rest": rest, "total": seconds, "memory": memory}
    return rows


@click.command()
@click.argument("units", nargs=-1)
@click.option("--rounds", default=5, show_default=True, help="Cold starts of each.")
def main(units: tuple[str, ...], rounds: int) -> None:
    """Measure UNITS, all if none is named, and print the table of medians."""
    names = tuple(find_unit(unit).name for unit in units) or tuple(unit_names())
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            unit = find_unit(name)
            (Path(place) / unit.file).write_text(reference_source(unit), encoding="utf-8")
        seen = [one_round(Path(place), names) for _ in range(rounds)]
    rows = {
        what: {part: statistics.median(run[what].get(part, 0.0) for run in seen) for part in seen[0][what]}
        for what in seen[0]
    }
    Console(width=132).print(table(rows, rounds))


def table(rows: dict[str, Timings], rounds: int) -> Table:
    """Medians in seconds, with the budget each check has and what it used of it."""
    budget = 2 * rows["import torch, hypothesis"]["total"] + 3
    columns = (*PARTS, "rest", "total")
    page = Table(title=f"seconds, medians of {rounds} cold starts; budget of a check: {budget:.2f} s")
    page.add_column("", no_wrap=True)
    for column in (*columns, "of budget", "MiB"):
        page.add_column(column, justify="right")
    for what, timings in rows.items():
        cells = [f"{timings[column]:.2f}" if column in timings else "" for column in columns]
        share = f"{timings['total'] / budget:.0%}" if "imports" in timings else ""
        page.add_row(what, *cells, share, f"{timings['memory']:.0f}")
    return page


if __name__ == "__main__":
    main()
