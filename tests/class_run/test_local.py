"""Processes of one machine: a job each, and one that dies takes nothing but its job along."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from graders.batch import Setting
from graders.engine import local
from graders.engine.jobs import Done, EngineFailure, Job
from graders.engine.local import Here, Lane, Lanes
from graders.engine.processes import by_cores
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
    monkeypatch.setattr(local, "END_SECONDS", 60.0)
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
    timed = Lanes(replace(setting, throughput=True), 64)
    assert sorted(one for one in timed._free if one is not None) == sorted(os.sched_getaffinity(0))[:64]
    assert Lanes(setting, 3)._free == [None] * 3


def test_processors_that_share_a_core_are_given_away_last(tmp_path: Path):
    for core in ("0,4", "1,5", "2,6", "3,7"):
        for processor in core.split(","):
            place = tmp_path / f"cpu{processor}" / "topology"
            place.mkdir(parents=True)
            (place / "thread_siblings_list").write_text(f"{core}\n")
    assert by_cores(range(8), tmp_path) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert by_cores([0, 1, 4, 5, 7], tmp_path) == [0, 1, 7, 4, 5]
    for first in range(0, 8, 2):  # as other machines number them
        for processor in (first, first + 1):
            (tmp_path / f"cpu{processor}" / "topology" / "thread_siblings_list").write_text(f"{first}-{first + 1}\n")
    assert by_cores(range(8), tmp_path) == [0, 2, 4, 6, 1, 3, 5, 7]
    assert by_cores([3, 1, 2], tmp_path / "unknown") == [1, 2, 3]


@pytest.mark.parametrize("unisolated", [False, True])
def test_every_grading_process_looks_whether_its_sandbox_isolates(folder: Path, setting: Setting, unisolated: bool):
    """As a new one would have it where "auto" finds nothing better any more."""
    open_to_all = replace(setting, sandbox="portable")
    lanes = Lanes(open_to_all, 1, unisolated=unisolated)
    (done, *_others) = lanes.run(jobs(folder, open_to_all))
    lanes.close()
    assert done.report.faulty is not unisolated
    if not unisolated:
        assert "portable does not isolate" in done.report.results[0].message
    here = Here(open_to_all, unisolated=unisolated)
    with contextlib.nullcontext() if unisolated else pytest.raises(EngineFailure, match="portable does not isolate"):
        assert not next(here.run(jobs(folder, open_to_all))).report.faulty
    here.close()


SWALLOWS = """
import gc, os, signal, time
from graders.engine.processes import obey_parent

def collected(phase, info):
    gc.callbacks.clear()
    os.kill(os.getpid(), signal.SIGTERM)

obey_parent()
gc.callbacks.append(collected)
gc.collect()
time.sleep(20)
"""


def test_the_word_to_leave_is_heard_where_exceptions_are_swallowed():
    """Callbacks of the garbage collector swallow them, and libraries have some."""
    told = subprocess.run([sys.executable, "-c", SWALLOWS], capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stderr) == (1, "")
