"""What can happen to a run: each kind strikes once, at a moment drawn by chance, and mends what it broke."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.faults.grading import Command, Running, waited
from tests.faults.quick import CLOCK
from tests.faults.services import Dask, Postgres, postgres_missing

Strike = Callable[[Running, random.Random], bool]
"""Does it to a running grader; whether it struck before the end."""


@dataclass(frozen=True)
class Kind:
    """A way in which a run is disturbed.

    ready: what it needs, around a run: the command changed accordingly, and what strikes and mends. missing: why it
    cannot be done here, "" where it can. ends: exit codes with which the grader may end when it was struck.
    """

    name: str
    ready: Callable[[Command, ExitStack], tuple[Strike, Callable[[], None]]]
    ends: frozenset[int]
    missing: Callable[[], str] = lambda: ""
    clear: str = ""
    """What the grader says, where it ends with 3."""


def nothing() -> None:
    """There is nothing to mend."""


def simple(strike: Strike) -> Callable[[Command, ExitStack], tuple[Strike, Callable[[], None]]]:
    """A kind that needs nothing around it."""
    return lambda _command, _stack: (strike, nothing)


def kill_one(found: list[psutil.Process], chance: random.Random) -> bool:
    """Kill one of some processes; whether there was one."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if found:
            chance.choice(found).kill()
            return True
    return False


def sandbox_killed(running: Running, chance: random.Random) -> bool:
    """A sandbox, or a process in it, is gone."""
    return bool(waited(lambda: kill_one(running.sandboxes(), chance), running))


def lane_killed(running: Running, chance: random.Random) -> bool:
    """A grading process is gone."""
    return bool(waited(lambda: kill_one(running.lanes(), chance), running))


def grader_killed(running: Running, _chance: random.Random) -> bool:
    """The whole grader is gone."""
    struck = not running.over()
    running.kill()
    return struck


def interrupted(running: Running, chance: random.Random) -> bool:
    """Ctrl-C, or the system's wish."""
    struck = not running.over()
    running.signal(chance.choice((signal.SIGINT, signal.SIGTERM)))
    return struck


def memory_gone(running: Running, _chance: random.Random) -> bool:
    """No process of the grader gets any more memory than it has."""
    struck = False
    for one in running.lanes():
        with contextlib.suppress(psutil.NoSuchProcess, PermissionError):
            _soft, hard = one.rlimit(psutil.RLIMIT_AS)
            one.rlimit(psutil.RLIMIT_AS, (one.memory_info().vms + (1 << 20), hard))
            struck = True
    return struck


def locked(command: Command, _stack: ExitStack) -> tuple[Strike, Callable[[], None]]:
    """Another program keeps the SQLite file for a while."""

    def strike(running: Running, _chance: random.Random) -> bool:
        if running.over() or not Path(command.book).exists():
            return False
        with contextlib.closing(sqlite3.connect(command.book, timeout=10.0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(2.0)
            other.execute("ROLLBACK")
        return True

    return strike, nothing


def disk_full(command: Command, stack: ExitStack) -> tuple[Strike, Callable[[], None]]:
    """The gradebook's file system has no room left."""
    folder = Path(tempfile.mkdtemp(prefix="bc-full-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], check=True)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    stack.callback(subprocess.run, ["umount", "--lazy", folder], check=False)
    command.book, filler = str(folder / "gradebook.db"), folder / "filler"

    def strike(running: Running, _chance: random.Random) -> bool:
        if running.over():
            return False
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        return True

    return strike, lambda: filler.unlink(missing_ok=True)


def clock_jumps(command: Command, stack: ExitStack) -> tuple[Strike, Callable[[], None]]:
    """The clock that the grader's processes ask is set: a day ahead, or back."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bc-clock-")))
    told = folder / "offset"
    told.write_text("0")
    command.environment[CLOCK] = str(told)

    def strike(running: Running, chance: random.Random) -> bool:
        told.write_text(chance.choice(("86400", "-86400")))
        return not running.over()

    return strike, nothing


def server_killed(command: Command, stack: ExitStack) -> tuple[Strike, Callable[[], None]]:
    """The database's server is gone."""
    server = stack.enter_context(Postgres())
    command.book = server.new_database()

    def strike(running: Running, _chance: random.Random) -> bool:
        server.kill()
        return not running.over()

    return strike, server.start


def scheduler_killed(command: Command, stack: ExitStack) -> tuple[Strike, Callable[[], None]]:
    """The cluster's scheduler is gone, and with it the workers."""
    return on_cluster(command, stack, Dask.kill_scheduler)


def worker_killed(command: Command, stack: ExitStack) -> tuple[Strike, Callable[[], None]]:
    """One of the cluster's workers is gone, and another comes."""
    return on_cluster(command, stack, Dask.kill_worker)


def on_cluster(command: Command, stack: ExitStack, kill: Callable[[Dask], None]) -> tuple[Strike, Callable[[], None]]:
    """The run on a scheduler with two workers."""
    dask = stack.enter_context(Dask(workers=2))
    command.options = ("--scheduler", dask.address)

    def strike(running: Running, _chance: random.Random) -> bool:
        kill(dask)
        return not running.over()

    return strike, dask.mend


def engine_killed(command: Command, stack: ExitStack) -> tuple[Strike, Callable[[], None]]:
    """The Docker Engine is gone."""
    from tests.docker.own_engine import own_engine

    own = stack.enter_context(own_engine())
    command.options = ("--jobs", "2", "--sandbox", "docker")
    command.environment["DOCKER_HOST"] = own.address

    def strike(running: Running, _chance: random.Random) -> bool:
        own.signal(signal.SIGKILL)
        return not running.over()

    def mend() -> None:
        own.end()
        own.start()

    return strike, mend


def no_root() -> str:
    """Why file systems cannot be mounted here."""
    return "" if _may_mount() else "only root can mount a small file system"


def _may_mount() -> bool:
    folder = tempfile.mkdtemp(prefix="bc-mount-")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True)
    subprocess.run(["umount", folder], check=False, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)
    return done.returncode == 0


def no_dask() -> str:
    """Why there is no scheduler here."""
    import importlib.util

    return "" if importlib.util.find_spec("distributed") else "distributed is not installed"


def no_engine() -> str:
    """Why there is no Docker Engine here."""
    from tests.engine import lacking, missing

    return missing() or lacking() or ("" if shutil.which("dockerd") else "there is no dockerd to start")


FINE, KILLED, FAULT = frozenset({0, 1}), frozenset({-9}), frozenset({3})
UNREACHED = frozenset({2})
"""It was gone before the grader had found it."""
ASKED = frozenset({130, 143, -15})
KINDS = (
    Kind("a sandbox is killed", simple(sandbox_killed), FINE),
    Kind("a grading process is killed", simple(lane_killed), FINE),
    Kind("the grader is killed", simple(grader_killed), KILLED),
    Kind("Ctrl-C or SIGTERM", simple(interrupted), ASKED, clear="the same command goes on"),
    Kind("the gradebook is locked", locked, FINE),
    Kind("the database server is killed", server_killed, FAULT, postgres_missing, clear="does not answer"),
    Kind("a cluster's worker is killed", worker_killed, FINE, no_dask),
    Kind("the scheduler is killed", scheduler_killed, FAULT | UNREACHED, no_dask, clear="scheduler"),
    Kind("the Docker Engine is killed", engine_killed, FAULT, no_engine, clear="fault of the grader"),
    Kind("the disk is full", disk_full, FAULT, no_root, clear="disk is full"),
    Kind("the clock jumps by a day", clock_jumps, FINE),
    Kind("no memory is left", simple(memory_gone), FINE | FAULT),
)
