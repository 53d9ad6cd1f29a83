"""Processes of one machine: a job each, and one that dies takes nothing but its job along."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from graders.batch import Setting
from graders.engine import local
from graders.engine.jobs import Done, Job
from graders.engine.local import Lane, Lanes
from graders.intake.submission import read_submission


def jobs(folder: Path, setting: Setting) -> Iterator[Job]:
    for number, path in enumerate(sorted(folder.iterdir())):
        yield Job(number, read_submission(path, setting.assignment))


class Mortal(Lane):
    """A lane that is killed as soon as it has a certain job, so many times."""

    deaths: ClassVar[dict[int, int]] = {}

    def give(self, job: Job) -> None:
        super().give(job)
        if self.deaths.get(job.number, 0) > 0:
            self.deaths[job.number] -= 1
            self._process.kill()


def test_a_process_that_dies_is_replaced_once_and_takes_nobody_along(folder, setting, monkeypatch):
    monkeypatch.setattr(local, "Lane", Mortal)
    monkeypatch.setattr(Mortal, "deaths", {1: 1, 2: 2})
    (folder / "zoe.py").write_text((folder / "ada.py").read_text())
    lanes = Lanes(setting, 2)
    done: dict[int, Done] = {one.number: one for one in lanes.run(jobs(folder, setting))}
    assert sorted(done) == [0, 1, 2, 3]
    assert [done[number].report.faulty for number in range(4)] == [False, False, True, False]
    (fault,) = done[2].report.results
    assert "no points were lost" in fault.message
    assert "SIGKILL" in fault.message
    assert done[0].report.score == done[1].report.score == done[3].report.score > 0
    lanes.close()


def test_closing_ends_processes_and_sandboxes_at_work(folder: Path, setting: Setting):
    (folder / "ada.py").write_text("while True:\n    pass\n")
    (folder / "bob.py").write_text("while True:\n    pass\n")
    lanes = Lanes(setting, 2)
    running = lanes.run(jobs(folder, setting))
    next(running)  # eve's: at least one of the others is at work now
    pids = [lane._process.pid for lane in lanes._lanes]
    below = [one for pid in pids if pid for one in psutil.Process(pid).children(recursive=True)]
    lanes.close()
    assert not [pid for pid in pids if pid and psutil.pid_exists(pid)]
    _gone, alive = psutil.wait_procs(below, timeout=10)
    assert not alive


@pytest.mark.parametrize(("code", "says"), [(-signal.SIGSEGV, "SIGSEGV"), (1, "exit code 1"), (-255, "-255")])
def test_how_a_process_ended_is_said(code: int, says: str):
    assert says in local.ending(code)


def test_timed_work_has_a_processor_of_its_own(setting: Setting):
    from dataclasses import replace

    timed = Lanes(replace(setting, throughput=True), 64)
    assert timed._free == sorted(os.sched_getaffinity(0))[:64]
    assert Lanes(setting, 3)._free == [None] * 3
