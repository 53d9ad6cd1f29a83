"""One file out of an archive, read as a stream: nothing is unpacked, nothing is trusted but its bytes."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from graders.i18n import _
from graders.intake.source import IntakeError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
MAX_MEMBERS = 2000

Chooser = Callable[[list[str]], str]


def read_member(path: Path, choose: Chooser, limit: int) -> tuple[str, bytes]:
    """Name and bytes of the regular file that `choose` picks, at most `limit` bytes."""
    try:
        if path.name.lower().endswith(".zip"):
            return _from_zip(path, choose, limit)
        return _from_tar(path, choose, limit)
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ) as error:
        raise IntakeError(_("the archive cannot be read: {error}").format(error=error)) from None


def _from_zip(path: Path, choose: Chooser, limit: int) -> tuple[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        name = choose(_checked(names))
        with archive.open(name) as member:
            return name, _limited(name, member.read(limit + 1), limit)


def _from_tar(path: Path, choose: Chooser, limit: int) -> tuple[str, bytes]:
    with tarfile.open(path) as archive:
        members = {}
        for member in archive:
            if member.isfile():  # links and devices are not looked at
                members[member.name] = member
            if len(members) > MAX_MEMBERS:
                break
        name = choose(_checked(list(members)))
        file = archive.extractfile(members[name])
        return name, _limited(name, file.read(limit + 1) if file else b"", limit)


def _checked(names: list[str]) -> list[str]:
    if len(names) > MAX_MEMBERS:
        raise IntakeError(_("the archive holds more than {limit} files").format(limit=MAX_MEMBERS))
    return [name for name in names if "__MACOSX" not in name]


def _limited(name: str, data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise IntakeError(_("{name} is larger than {limit} KiB").format(name=name, limit=limit >> 10))
    return data
