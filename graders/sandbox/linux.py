"""The two sandboxes of Linux: a process that gives up its rights, and the same in namespaces of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from graders.i18n import _
from graders.sandbox import stopwatch
from graders.sandbox.backend import PYTHON_OPTIONS, START_TEXT, Backend
from graders.sandbox.channel import Log, SandboxFault
from graders.sandbox.place import SYS_CHROOT, Copy, Place, may, may_change_user, readable_for_all, take
from graders.sandbox.program import Limits
from graders.sandbox.runtime import LAUNCHER, SYSTEM_LIBRARIES, WORKER
from graders.sandbox.zygote import Process, Zygote, zygote_settings

BUBBLEWRAP_OPTIONS = (
    *("--unshare-all", "--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"),
    *("--new-session", "--die-with-parent", "--cap-drop", "ALL", "--clearenv", "--hostname", "sandbox"),
)
"""Its own environment is empty as well: it can be read from within."""


class Subprocess(Backend):
    """Linux: a process that gives up its rights by itself, by Landlock and seccomp."""

    name = "subprocess"
    isolated = False
    has_users: ClassVar[bool] = True
    """Whether root gives every sandbox a user of its own."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        own = self.owns_user = self.has_users and may_change_user()
        self._copy = Copy(self.runtime) if own and may(SYS_CHROOT) and not readable_for_all(self.runtime) else None
        self.owns_user = own and (self._copy is not None or readable_for_all(self.runtime))
        if not self._try() and self._copy is None and self.owns_user and may(SYS_CHROOT):
            self._copy = Copy(self.runtime)
            self._try()

    def _try(self) -> bool:
        """Open a sandbox to see what it is worth; whether it isolates."""
        with contextlib.closing(self.open(Log(START_TEXT))) as sandbox:
            self.landlock = bool(sandbox.confinement["landlock"])
            self.isolated = self._suffices(sandbox.confinement)
            sandbox.start()
            self.times = self.isolated and not self.limits.processes and sandbox.worker > 0 and stopwatch.works()
        return self.isolated

    @property
    def description(self) -> str:
        """What it isolates, in one sentence."""
        if not self.isolated:
            return _("a process with limits, but without isolation: practice only")
        if not self.landlock:
            return _("a process of another user without files, network or other processes (chroot, seccomp)")
        if self.owns_user:
            return _("a process of another user without files, network or other processes (Landlock, seccomp)")
        return _("a process without files, network or other processes (Landlock, seccomp)")

    def open(self, log: Log) -> Zygote:
        """A new sandbox; SandboxFault when that fails."""
        runtime, place = self.runtime, self._place()
        settings = zygote_settings(WORKER, runtime.packages, runtime.readable, self.limits, place)
        return Zygote(Process(self._command, place), settings, log)

    def _place(self) -> Place:
        return take(self._copy.path if self._copy else "") if self.owns_user else Place()

    def _suffices(self, confinement: dict[str, int]) -> bool:
        return bool(
            confinement["seccomp"] and (confinement["landlock"] or (confinement["root"] and confinement["user"]))
        )

    def _command(self, control: int) -> Sequence[str]:
        return (str(self.runtime.python), *PYTHON_OPTIONS, str(LAUNCHER), "zygote", str(control))


class Bubblewrap(Subprocess):
    """Linux: the same process, in namespaces of its own with hardly a file in them."""

    name = "bubblewrap"
    has_users = False  # it has a namespace of them

    @property
    def description(self) -> str:
        """What it isolates, in one sentence."""
        return _("namespaces of its own, without other files, network or processes (bubblewrap, seccomp)")

    def _suffices(self, confinement: dict[str, int]) -> bool:
        return bool(confinement["seccomp"])

    def _command(self, control: int) -> Sequence[str]:
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxFault(_("there is no program bwrap on this machine"))
        return (program, *BUBBLEWRAP_OPTIONS, *self._mounts(), "--", *super()._command(control))

    def _mounts(self) -> Iterator[str]:
        runtime = self.runtime
        yield from _bind(runtime.python, runtime.folder)
        for path in runtime.foreign:
            yield from ("--tmpfs", str(path))
        # NumPy may lie in one of those
        yield from _bind(*runtime.numpy, *runtime.shared, LAUNCHER, WORKER)
        for path in runtime.foreign:
            yield from ("--remount-ro", str(path))
        for name in SYSTEM_LIBRARIES:
            if os.path.islink(name):
                yield from ("--symlink", os.readlink(name), name)
        yield from ("--dev-bind", os.devnull, os.devnull, "--remount-ro", "/", "--chdir", "/")


def _bind(*paths: Path) -> Iterator[str]:
    for path in paths:
        yield from ("--ro-bind-try", str(path), str(path))
