"""A gradebook on SQLite, and one on a real PostgreSQL server, started for the tests that need it."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.gradebook.book import Gradebook

NUMBERS = itertools.count(1)


class Server:
    """A cluster of its own in a temporary folder, reached by a socket there."""

    def __init__(self, programs: Path, user: list[str]) -> None:
        self.programs, self.user = programs, user
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # the name of a socket may not be long
        if user:
            shutil.chown(self.folder, "postgres")
        data = str(self.folder / "data")
        self.run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8")
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text("local all checked scram-sha-256\n" + rules.read_text())
        self.run("pg_ctl", "-D", data, "-w", "-l", f"{data}/log", "-o", f"-k {self.folder} -h '' -F", "start")

    def run(self, program: str, *arguments: str) -> None:
        command = [*self.user, str(self.programs / program), *arguments]
        environment = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def sql(self, command: str) -> None:
        self.run("psql", "-q", "-h", str(self.folder), "-U", "postgres", "-c", command, "postgres")

    def url(self, name: str, user: str = "postgres") -> str:
        return f"postgresql+psycopg://{user}@/{name}?host={self.folder}"

    def new(self) -> str:
        """The address of a new database."""
        name = f"book{next(NUMBERS)}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real PostgreSQL server."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'backcheck[postgres]'")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = str(found[-1]) if found else shutil.which("initdb")
    if path is None:
        pytest.skip("there is no PostgreSQL server here: apt-get install postgresql")
    root = os.name == "posix" and os.geteuid() == 0
    if root and subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    server = Server(Path(path).parent, ["runuser", "-u", "postgres", "--"] if root else [])
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a gradebook may be made, in both kinds of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gradebook.db'}"
    server: Server = request.getfixturevalue("server")
    return server.new()


@pytest.fixture
def book(url: str) -> Iterator[Gradebook]:
    """An empty gradebook, in both kinds of database."""
    with Gradebook(url, patience=30.0) as book:
        yield book


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Gradebook]:
    """An empty gradebook in a file."""
    with Gradebook(str(tmp_path / "small.db"), patience=0.2) as book:
        yield book
