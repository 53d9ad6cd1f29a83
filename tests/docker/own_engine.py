"""A Docker Engine that nobody else uses, beside the machine's: it can be killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from graders.sandbox import docker
from graders.sandbox.channel import SandboxFault
from tests.engine import require_engine

UP_SECONDS = 40.0


class OwnEngine:
    """One with folders and a socket of its own.

    before: words before its command line, of a program that has it run in another way.
    """

    def __init__(self, folder: Path, before: tuple[str, ...] = ()) -> None:
        self.folder, self.before = folder, before
        self.address = f"unix://{folder}/engine.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have it answer; the test is failed with its log where it does not."""
        where = [
            "--data-root",
            self.folder / "data",
            "--exec-root",
            self.folder / "run",
            "--pidfile",
            self.folder / "pid",
        ]
        alone = ["--bridge=none", "--iptables=false", "--ip6tables=false", "-H", self.address]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self.before, "dockerd", *where, *alone], stdout=log, stderr=log, start_new_session=True
            )
        ends = time.monotonic() + UP_SECONDS
        while time.monotonic() < ends:
            with contextlib.suppress(SandboxFault):
                docker.connect().close()
                return
            assert self._process.poll() is None, self.log
            time.sleep(0.1)
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        """The last it has said."""
        return (self.folder / "log").read_text("utf-8", "replace")[-2000:]

    def signal(self, number: int) -> None:
        """Send it one."""
        assert self._process is not None
        self._process.send_signal(number)

    def shims(self) -> list[psutil.Process]:
        """The parents of its containers."""
        found = psutil.process_iter(["name", "cmdline"])
        return [one for one in found if "shim" in one.info["name"] and self._is_ours(one.info["cmdline"])]

    def contained(self) -> list[psutil.Process]:
        """The processes of its containers, without those that were made and never told to start."""
        found = []
        for shim in self.shims():
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [one for one in shim.children(recursive=True) if _has_started(one)]
        return found

    def _is_ours(self, command: list[str] | None) -> bool:
        return any(str(self.folder) in word for word in command or ())

    def end(self) -> None:
        """Kill it and all that it has started, which goes on without it otherwise."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        killed = []
        for process in psutil.process_iter(["cmdline"]):
            if self._is_ours(process.info["cmdline"]):
                with contextlib.suppress(psutil.NoSuchProcess):
                    for one in (*process.children(recursive=True), process):
                        one.kill()
                        killed.append(one)
        psutil.wait_procs(killed, UP_SECONDS)
        self._forget()

    def _forget(self) -> None:
        """Unmount and remove what it knew of its containers, on which the next start could stumble."""
        for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            place = line.split()[1]
            if place.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)
        known = (self.folder / name for name in ("run", "pid", "data/containers", "data/containerd"))
        subprocess.run(["rm", "-rf", *known], check=False)

    def remove(self) -> None:
        """And all of its files."""
        self.end()
        subprocess.run(["rm", "-rf", self.folder], check=False)


def _has_started(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE and not process.name().startswith("runc")
    return False


@contextlib.contextmanager
def own_engine(*before: str) -> Iterator[OwnEngine]:
    """One that has the worker's image, and that DOCKER_HOST names meanwhile; skipped where it cannot be started."""
    require_engine()
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("only root can start an engine, where there is one to start")
    own = OwnEngine(Path(tempfile.mkdtemp(prefix="bc-engine-", dir="/var/tmp")), before)
    with contextlib.closing(docker.connect()) as engine, pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOCKER_HOST", own.address)
        try:
            own.start()
            with contextlib.closing(docker.connect()) as client:
                client.load_image(engine.get_image(os.environ.get(docker.IMAGE_VARIABLE, "") or docker.IMAGE))
            yield own
        finally:
            own.remove()
