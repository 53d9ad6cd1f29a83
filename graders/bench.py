"""How long `backcheck check` takes from a cold start, and where the time goes: python -m graders.bench.

Each round runs, one after the other, `import torch, hypothesis` alone and a check of the reference of every
unit without its training tasks, each in a new process. A check may take twice the import plus 3 s.
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

from rich.console import Console
from rich.table import Table

from graders.intake.reference import reference_source
from graders.specs import find_unit, unit_names

ROUNDS = 5
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
    return [sys.executable, "-m", "graders.cli", "check", unit.file, "--json", *tasks]


def one_round(folder: Path) -> dict[str, Timings]:
    """Seconds by what was measured: the import, and every unit with its parts."""
    rows: dict[str, Timings] = {}
    seconds, memory, _text = timed([sys.executable, "-c", "import torch, hypothesis"], folder)
    rows["import torch, hypothesis"] = {"total": seconds, "memory": memory}
    for name in unit_names():
        seconds, memory, text = timed(check_command(name), folder)
        timings: Timings = json.loads(text)["timings"]
        rest = seconds - sum(timings.get(part, 0.0) for part in PARTS)
        rows[name] = {**timings, "rest": rest, "total": seconds, "memory": memory}
    return rows


def main() -> None:
    """Measure and print the table of medians."""
    with tempfile.TemporaryDirectory() as place:
        for name in unit_names():
            unit = find_unit(name)
            (Path(place) / unit.file).write_text(reference_source(unit), encoding="utf-8")
        rounds = [one_round(Path(place)) for _ in range(ROUNDS)]
    rows = {
        what: {part: statistics.median(run[what].get(part, 0.0) for run in rounds) for part in rounds[0][what]}
        for what in rounds[0]
    }
    Console(width=120).print(table(rows))


def table(rows: dict[str, Timings]) -> Table:
    """Medians in seconds, with the budget each check has and what it used of it."""
    budget = 2 * rows["import torch, hypothesis"]["total"] + 3
    columns = (*PARTS, "rest", "total")
    page = Table(title=f"seconds, medians of {ROUNDS} cold starts; budget of a check: {budget:.2f} s")
    page.add_column("")
    for column in (*columns, "of budget", "MiB"):
        page.add_column(column, justify="right")
    for what, timings in rows.items():
        cells = [f"{timings[column]:.2f}" if column in timings else "" for column in columns]
        share = f"{timings['total'] / budget:.0%}" if "imports" in timings else ""
        page.add_row(what, *cells, share, f"{timings['memory']:.0f}")
    return page


if __name__ == "__main__":
    main()
