"""What a class costs: core seconds a submission, one process against two, memory over time.

    python -m tests.classes.scale 10 20 100 1000 --unit 01-activations

Ten submissions of a drawn class, and then the same again and again with another line in them, so that all sizes ask the
same work of the grader. What one more submission costs is the difference between two sizes: the start, and what the
first ten warm, are in both.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import psutil

from graders.secrets import make_secret
from tests.classes.generate import draw_class

ROOT = Path(__file__).parents[2]
DIFFERENT = 10
SAMPLE_SECONDS = 2.0
LAST_SECONDS = 20.0
"""For the processes from which grading processes were forked, which end when all is over."""
PR_SET_CHILD_SUBREAPER = 36
SEED = 1


@dataclass(frozen=True)
class Measured:
    """One run. core: seconds of all its processes. first, last: MiB of its main process and of its grading processes,
    in the second quarter of the run and in the last.
    """

    submissions: int
    jobs: int
    wall: float
    core: float
    median: float
    main: tuple[float, float]
    lanes: tuple[float, float]


def write_copies(folder: Path, count: int, unit: str) -> None:
    """So many submissions, ten different ones; none never ends, and none is a notebook."""
    works = [work for work in draw_class(40, SEED, unit, attempts=False) if work.kind != "loop"]
    chosen = [work for work in works if work.file.endswith(".py")][:DIFFERENT]
    folder.mkdir(parents=True)
    for number in range(count):
        text = chosen[number % DIFFERENT].text
        (folder / f"student-{number:05}.py").write_text(f"{text}\n# {number}\n", encoding="utf-8")


def measure(count: int, jobs: int, unit: str) -> Measured:
    """Grade a class of that size in a program of its own."""
    with tempfile.TemporaryDirectory(prefix="bc-scale-") as name:
        place = Path(name)
        write_copies(place / "class", count, unit)
        make_secret(place / "secret")
        command = ["grade", "class", "--unit", unit, "--secret", "secret", "--no-throughput", "--jobs", str(jobs)]
        command += ["--gradebook", "gradebook.db"]
        before, started, samples = core_seconds(), time.monotonic(), []
        with (place / "log").open("wb") as log:
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            words = [sys.executable, "-m", "graders.cli", *command]
            process = subprocess.Popen(words, cwd=place, env=environment, stdout=log, stderr=log)
        while process.poll() is None:
            samples.append(memory(process.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SAMPLE_SECONDS)
            reap(process.pid)
        wall = time.monotonic() - started
        while reap(process.pid) and time.monotonic() < started + wall + LAST_SECONDS:
            time.sleep(0.1)
        if process.returncode not in (0, 1):
            raise SystemExit((place / "log").read_text("utf-8", "replace")[-2000:])
        used = core_seconds() - before
        seconds = list(grading_seconds(place / "gradebook.db"))
        assert len(seconds) == count, f"{len(seconds)} of {count} were recorded"
        main, lanes = ([one[place] for one in samples] for place in (0, 1))
        return Measured(count, jobs, wall, used, statistics.median(seconds), ends(main), ends(lanes))


def grading_seconds(book: Path) -> Iterator[float]:
    """How long each grading took, by the clock on the wall."""
    from sqlalchemy import select

    from graders.gradebook.book import Gradebook
    from graders.gradebook.schema import Grading

    with Gradebook(str(book), make=False) as opened, opened.reading() as session:
        yield from session.scalars(select(Grading.seconds))


def core_seconds() -> float:
    """Of all processes below us that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def reap(mine: int) -> bool:
    """Take note of orphans: sandboxes whose parents were killed are ours, and their time as well; whether any is left."""
    left = [process for process in psutil.Process().children() if process.pid != mine]
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
            if process.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(process.pid, os.WNOHANG)
    return bool(left)


def memory(pid: int) -> tuple[float, float]:
    """MiB of the main process, and of its grading processes together, what they share counted once."""
    try:
        main = psutil.Process(pid)
        lanes = [lane for server in main.children() for lane in server.children() if lane.name().startswith("python")]
        return own(main), sum(own(lane) for lane in lanes)
    except psutil.NoSuchProcess:
        return 0.0, 0.0


def own(process: psutil.Process) -> float:
    """MiB of a process."""
    with contextlib.suppress(psutil.Error):
        return float(process.memory_full_info().pss) / (1 << 20)
    return 0.0


def ends(samples: Sequence[float]) -> tuple[float, float]:
    """The median of the second quarter, when all is warm, and of the last."""
    quarter = max(1, len(samples) // 4)
    return statistics.median(samples[quarter : 2 * quarter] or samples), statistics.median(samples[-quarter:])


def adopt_orphans() -> None:
    """Have the kernel give us the processes below whose parents have died."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@click.command()
@click.argument("sizes", type=int, nargs=-1)
@click.option("--unit", default="01-activations", show_default=True)
@click.option("--jobs", "all_jobs", type=int, multiple=True, default=(1, 2), show_default=True)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Also write what was measured there.")
def main(sizes: tuple[int, ...], unit: str, all_jobs: tuple[int, ...], file: Path | None) -> None:
    """Grade classes of SIZES, and print the table of docs/engine.md."""
    adopt_orphans()
    measured = []
    for count in sizes or (10, 20, 100):
        for jobs in all_jobs:
            measured.append(measure(count, jobs, unit))
            click.echo(f"{measured[-1]}", err=True)
    click.echo(table(measured))
    if file:
        file.write_text(json.dumps([vars(one) for one in measured], indent=1), encoding="utf-8")


def table(measured: Sequence[Measured]) -> str:
    """Markdown."""
    head = (
        "submissions",
        "processes",
        "wall, s",
        "core s in all",
        "core s for one more",
        "median grading, s",
        "submissions a minute",
        "against one process",
        "main, MiB",
        "grading, MiB",
    )
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for one in measured:
        smaller = [other for other in measured if other.jobs == one.jobs and other.submissions < one.submissions]
        more = "" if not smaller else f"{marginal(smaller[-1], one):.2f}"
        single = next((other for other in measured if other.submissions == one.submissions and other.jobs == 1), one)
        figures = (
            str(one.submissions),
            str(one.jobs),
            f"{one.wall:.0f}",
            f"{one.core:.0f}",
            more,
            f"{one.median:.2f}",
            f"{60 * one.submissions / one.wall:.0f}",
            f"{single.wall / one.wall:.2f}x" if one.jobs > 1 else "",
            f"{one.main[0]:.0f} to {one.main[1]:.0f}",
            f"{one.lanes[0]:.0f} to {one.lanes[1]:.0f}",
        )
        lines.append(f"| {' | '.join(figures)} |")
    return "\n".join(lines)


def marginal(smaller: Measured, larger: Measured) -> float:
    """Core seconds that one more submission costs."""
    return (larger.core - smaller.core) / (larger.submissions - smaller.submissions)


if __name__ == "__main__":
    main()
