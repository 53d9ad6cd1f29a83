"""What a run may depend on, started for it alone: a database server, a Dask scheduler with workers."""

from __future__ import annotations

import contextlib
import functools
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

import psutil

ROOT = Path(__file__).parents[2]
UP_SECONDS = 40.0
DASK_QUIET = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "30 s"}


@functools.cache
def server_programs() -> str:
    """Where PostgreSQL's server programs are, "" where they are not."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return os.path.dirname(found[-1]) if found else os.path.dirname(shutil.which("initdb") or "")


def postgres_missing() -> str:
    """Why there can be no server here."""
    import importlib.util

    if not server_programs():
        return "PostgreSQL is not installed"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed"
    return "" if os.geteuid() or shutil.which("runuser") else "there is no user to run a server as"


class Postgres:
    """A server of our own, on a socket in a folder of its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bc-pg-", dir="/var/tmp"))
        self._user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._user:
            shutil.chown(self.folder, "postgres")
        self._made = 0

    def __enter__(self) -> Self:
        self._do("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "postgres", "--no-sync")
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Have it answer, after a crash as well."""
        options = f"-k {self.folder} -c listen_addresses="
        log = str(self.folder / "log")
        self._do("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", log, "-w", "start")

    def kill(self) -> None:
        """Without a word, all of it."""
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            first = psutil.Process(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]))
            every = [first, *first.children(recursive=True)]
            for process in every:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(every, UP_SECONDS)

    def new_database(self) -> str:
        """The address of an empty one."""
        self._made += 1
        name = f"book{self._made}"
        self._do("createdb", "-h", str(self.folder), "-U", "postgres", name)
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def _do(self, program: str, *arguments: str) -> None:
        command = [*self._user, os.path.join(server_programs(), program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"


class Dask:
    """A scheduler and workers, each a program of its own. tls: authority, certificate and key, for all of them."""

    def __init__(self, workers: int, options: tuple[str, ...] = (), tls: tuple[Path, Path, Path] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bc-dask-"))
        self.port = free_port()
        self.address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{self.port}"
        names = ("--tls-ca-file", "--tls-cert", "--tls-key")
        self._tls = [word for option in zip(names, map(str, tls or ()), strict=False) for word in option]
        self._count, self._options = workers, options
        self._scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self.mend()
        return self

    def __exit__(self, *_error: object) -> None:
        for process in (*self.workers, self._scheduler):
            end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def mend(self) -> None:
        """Start what is missing."""
        if self._scheduler is None or self._scheduler.poll() is not None:
            for worker in self.workers:
                end(worker)
            place = ("--host", self.address.rpartition(":")[0], "--port", str(self.port))
            self._scheduler = self._run("scheduler", *place, "--no-dashboard", *self._tls)
            self._answers()
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < self._count:
            options = ["--nthreads", "1", "--no-dashboard", "--death-timeout", "60", *self._options, *self._tls]
            self.workers.append(self._run("worker", self.address, "--no-nanny", *options))

    def kill_scheduler(self) -> None:
        """Without a word."""
        end(self._scheduler)

    def kill_worker(self) -> None:
        """One of them, with what it has started; another takes its place."""
        end(self.workers[0])
        self.mend()

    @property
    def said(self) -> str:
        """The last of what they have printed."""
        return (self.folder / "log").read_text("utf-8", "replace")[-3000:]

    def _run(self, *words: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **DASK_QUIET}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _answers(self) -> None:
        ends = time.monotonic() + UP_SECONDS
        while time.monotonic() < ends:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise AssertionError(self.said)


def end(process: subprocess.Popen[bytes] | None) -> None:
    """Kill a program and whatever it has started."""
    if process is None:
        return
    below: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        below = psutil.Process(process.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    process.wait()
    for one in below:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
