"""Where root puts a worker that has no namespaces of its own: a user that nobody else is, and a folder as its root.

That is what is left inside a container, where namespaces are forbidden. A user of its own keeps files that are not
everybody's out of reach, other processes too, and makes the kernel count its processes. The folder is for where
Landlock is missing, or where an ordinary user cannot read this Python: a copy of what a worker reads, nothing beside.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import shutil
import socket
import stat
import tempfile
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graders.sandbox.channel import SandboxFault
from graders.sandbox.program import Limits
from graders.sandbox.runtime import Runtime

USERS = range(60_000, 65_000)
"""Ordinary users have smaller numbers, and services greater or smaller ones."""
KILL, SETGID, SETUID, SYS_CHROOT, SYS_NICE = 5, 6, 7, 18, 23
"""Capabilities, by number."""
EVERYBODY_READS, EVERYBODY_ENTERS = 0o004, 0o001
COPIES = "backcheck-runtime-"
JUST_MADE = 30.0
"""Seconds in which a copy may not be held yet."""
NOT_COPIED = ("test", "tests", "idlelib", "tkinter", "ensurepip", "turtledemo", "lib2to3")


@dataclass
class Place:
    """A worker's user, 0 for that of T; its root folder, "" for that of T. lock: held as long as the user is taken."""

    user: int = 0
    root: str = ""
    lock: socket.socket | None = None

    def settings(self, limits: Limits) -> dict[str, object]:
        """What the launcher is told."""
        told: dict[str, object] = {"user": self.user, "root": self.root, "processor": None}
        if self.user:
            # the zygote and the worker count as well
            told["worker_limits"] = {"NPROC": limits.processes and limits.processes + 2}
            if not may(SYS_NICE):
                told["processor"] = processor()
        return told

    def close(self) -> None:
        """Let another have the user."""
        if self.lock:
            self.lock.close()


def may(*capabilities: int) -> bool:
    """Whether this process has all of these capabilities."""
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:
        return False
    found = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    return all(int(found, 16) >> number & 1 for number in capabilities)


def may_change_user() -> bool:
    """Whether this process may become another user, and end what that user started."""
    return os.geteuid() == 0 and may(KILL, SETGID, SETUID)


def take(root: str = "") -> Place:
    """A user that no other sandbox has, until the place is closed; only where T may change users."""
    first = random.SystemRandom().randrange(len(USERS))
    for number in range(len(USERS)):
        user = USERS[(first + number) % len(USERS)]
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            # A name that the kernel frees by itself when its owner ends, whatever ends it.
            lock.bind(f"\0backcheck-user-{user}")
        except OSError:
            lock.close()
            continue
        return Place(user, root, lock)
    raise SandboxFault("all users for sandboxes are taken")


def processor() -> int:
    """The one on which this process has workers run that it may not move."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[os.getpid() % len(mine)]


def readable_for_all(runtime: Runtime) -> bool:
    """Whether any user can read all that a worker reads."""
    return all(_open_to_all(path) for path in (*runtime.library, *runtime.numpy))


def _open_to_all(path: Path) -> bool:
    try:
        wanted = EVERYBODY_READS | (EVERYBODY_ENTERS if path.is_dir() else 0)
        inside = (os.stat(folder).st_mode & EVERYBODY_ENTERS for folder in path.parents)
        return os.stat(path).st_mode & wanted == wanted and all(inside)
    except OSError:
        return False


class Copy:
    """A folder with a copy of what a worker reads, under the same names, which goes when nobody needs it any more."""

    def __init__(self, runtime: Runtime) -> None:
        _sweep()
        self.path = tempfile.mkdtemp(prefix=COPIES)
        held = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(held, fcntl.LOCK_EX)
        self._end = weakref.finalize(self, _remove, self.path, held)
        with _mask(0o022):
            os.chmod(self.path, 0o755)
            for source in (*runtime.library, *runtime.numpy):
                if source.name not in NOT_COPIED:
                    self._copy(source)
                    self._veil(source, runtime.folder)

    def _copy(self, source: Path) -> None:
        target = Path(self.path, *source.parts[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignored = shutil.ignore_patterns(*NOT_COPIED)
            shutil.copytree(source, target, copy_function=_link_or_copy, ignore=ignored, dirs_exist_ok=True)
            for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
                folder.chmod(0o755)
        elif source.is_file():
            _link_or_copy(str(source), str(target))

    def _veil(self, source: Path, library: Path) -> None:
        """Let the folders on the way be passed through, not listed: they say where things lie on this machine."""
        for folder in source.parents[:-1]:
            if not folder.is_relative_to(library):
                Path(self.path, *folder.parts[1:]).chmod(0o711)

    def close(self) -> None:
        """Remove it."""
        self._end()


def _remove(path: str, held: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    os.close(held)


def _sweep() -> None:
    """Remove copies whose owner was killed: nobody holds them any more."""
    for path in Path(tempfile.gettempdir()).glob(COPIES + "*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                continue
            if time.time() - status.st_mtime < JUST_MADE:
                continue
            held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(held)


def _link_or_copy(source: str, target: str) -> None:
    """A second name for what everybody may read already, which costs nothing; else a copy."""
    with contextlib.suppress(FileNotFoundError):  # another Python's half-written bytecode has its own name by now
        if os.stat(source).st_mode & EVERYBODY_READS and not os.path.islink(source):
            with contextlib.suppress(OSError):
                os.link(source, target)
                return
        shutil.copy2(source, target)
        os.chmod(target, 0o644)


@contextlib.contextmanager
def _mask(mode: int) -> Iterator[None]:
    before = os.umask(mode)
    try:
        yield
    finally:
        os.umask(before)
