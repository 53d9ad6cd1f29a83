"""What a class costs: by its size, by one process against two, and in memory over time.

    python -m tests.classes.scale --small 100 --large 1000 --rounds 3

Ten submissions of a drawn class, and then the same again and again with another line in them, so that all sizes ask the
same work of the grader. What one submission takes is counted from the first that is recorded to the last, without the
start.

A machine that others use as well is slower at one time than at another, by more than what is looked for here. So
classes are compared at the same time: the large one on one processor, and beside it, on another, the small one again
and again. One process and two take turns.

Core seconds are those in which the machine's processors were busy, whoever made them so: the times of a sandbox's
processes reach nobody who could add them up. Nothing else may run.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from sqlalchemy import select

from graders.engine.processes import processors
from graders.gradebook.book import Gradebook
from graders.gradebook.schema import Grading
from graders.secrets import make_secret
from tests.classes.generate import draw_class

ROOT = Path(__file__).parents[2]
DIFFERENT = 10
SAMPLE_SECONDS = 2.0
SEED = 1


@dataclass(frozen=True)
class Measured:
    """One run. wall, core: seconds of all of it. each: seconds from one submission recorded to the next. median: of a
    grading. main, lanes: MiB of its main process and of its grading processes, in the second quarter of the run and in
    the last.
    """

    submissions: int
    jobs: int
    wall: float
    core: float
    each: float
    median: float
    main: tuple[float, float]
    lanes: tuple[float, float]

    def cells(self) -> list[str]:
        """Of the table."""
        core = "" if not self.core else f"{self.core / self.submissions:.2f}"
        memory = (f"{first:.0f} to {last:.0f}" for first, last in (self.main, self.lanes))
        return [
            str(self.submissions),
            str(self.jobs),
            f"{self.wall:.0f}",
            core,
            f"{self.each:.2f}",
            f"{self.median:.2f}",
            *memory,
        ]


HEAD = (
    "submissions",
    "processes",
    "in all, s",
    "core s each",
    "s from one to the next",
    "median grading, s",
    "main, MiB",
    "grading, MiB",
)


def write_copies(folder: Path, count: int, unit: str) -> None:
    """So many submissions, ten different ones; none never ends, and none is a notebook."""
    works = [work for work in draw_class(40, SEED, unit, attempts=False) if work.kind != "loop"]
    chosen = [work for work in works if work.file.endswith(".py")][:DIFFERENT]
    folder.mkdir(parents=True)
    for number in range(count):
        text = chosen[number % DIFFERENT].text
        (folder / f"student-{number:05}.py").write_text(f"{text}\n# {number}\n", encoding="utf-8")


def measure(count: int, jobs: int, unit: str, on: Sequence[int] = (), *, alone: bool = True) -> Measured:
    """Grade a class of that size in a program of its own.

    on: the processors it may use; all by default. alone: whether the machine's busy seconds are this run's.
    """
    with tempfile.TemporaryDirectory(prefix="bc-scale-") as name:
        place = Path(name)
        write_copies(place / "class", count, unit)
        make_secret(place / "secret")
        command = ["grade", "class", "--unit", unit, "--secret", "secret", "--no-throughput", "--jobs", str(jobs)]
        words = [sys.executable, "-m", "graders.cli", *command, "--gradebook", "gradebook.db"]
        before, started, samples = core_seconds(), time.monotonic(), []
        with (place / "log").open("wb") as log:
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            process = subprocess.Popen(words, cwd=place, env=environment, stdout=log, stderr=log)
        psutil.Process(process.pid).cpu_affinity(list(on or processors()))
        while process.poll() is None:
            samples.append(memory(process.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SAMPLE_SECONDS)
        if process.returncode not in (0, 1):
            raise SystemExit((place / "log").read_text("utf-8", "replace")[-2000:])
        wall, core = time.monotonic() - started, core_seconds() - before if alone else 0.0
        recorded, seconds = gradings(place / "gradebook.db")
        assert len(seconds) == count, f"{len(seconds)} of {count} were recorded"
        each = (max(recorded) - min(recorded)) / (count - 1)
        main, lanes = ([one[place] for one in samples] for place in (0, 1))
        return Measured(count, jobs, wall, core, each, statistics.median(seconds), ends(main), ends(lanes))


def gradings(book: Path) -> tuple[list[float], list[float]]:
    """When each was recorded, in seconds, and how many it took, by the clock on the wall."""
    with Gradebook(str(book), make=False) as opened, opened.reading() as session:
        rows = session.execute(select(Grading.recorded, Grading.seconds)).all()
    return [recorded.timestamp() for recorded, _seconds in rows], [seconds for _recorded, seconds in rows]


def core_seconds() -> float:
    """In which the processors were busy."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


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


def in_turns(count: int, rounds: int, unit: str) -> Iterator[Measured]:
    """One process and two, now one of them first and then the other."""
    for number in range(rounds):
        for jobs in (1, 2) if number % 2 == 0 else (2, 1):
            yield measure(count, jobs, unit)


def side_by_side(small: int, large: int, unit: str) -> Iterator[Measured]:
    """Small classes on one processor for as long as a large one takes on another; the large one last."""
    here, there = processors()[:2]
    found: list[Measured] = []
    other = threading.Thread(target=lambda: found.append(measure(large, 1, unit, [there], alone=False)))
    other.start()
    while other.is_alive():
        yield measure(small, 1, unit, [here], alone=False)
    other.join()
    yield from found


def told(runs: Iterator[Measured]) -> Iterator[Measured]:
    """Said as they end."""
    for run in runs:
        click.echo(" | ".join(run.cells()), err=True)
        yield run


@click.command()
@click.option("--small", default=100, show_default=True)
@click.option("--large", default=1000, show_default=True)
@click.option("--rounds", default=3, show_default=True, help="Turns of one process and two.")
@click.option("--unit", default="01-activations", show_default=True)
def main(small: int, large: int, rounds: int, unit: str) -> None:
    """Grade classes of SMALL and LARGE size, and print the tables of docs/engine.md."""
    turns = list(told(in_turns(small, rounds, unit)))
    *smalls, big = told(side_by_side(small, large, unit))
    smalls = smalls[:-1] or smalls  # the last one was alone for a while
    print_table([*turns, *smalls, big])
    ones, twos = ([run.each for run in turns if run.jobs == jobs] for jobs in (1, 2))
    faster = [one / two for one, two in zip(ones, twos, strict=True)]
    click.echo(f"\ntwo processes against one: {statistics.median(faster):.2f} times as fast")
    ratio = big.each / statistics.median(one.each for one in smalls)
    click.echo(f"of {large} against of {small}, at the same time: {ratio:.2f} times the seconds each")


def print_table(runs: Sequence[Measured]) -> None:
    """Markdown."""
    rows = [HEAD, ["---"] * len(HEAD), *(run.cells() for run in runs)]
    click.echo("\n".join(f"| {' | '.join(cells)} |" for cells in rows))


if __name__ == "__main__":
    main()
