"""Archives that depend on nothing but names and contents: zip, tar, or a folder."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip can hold."""


@dataclass(frozen=True)
class Member:
    """One file of an archive, its path with slashes."""

    path: str
    data: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Archive:
    """What is uploaded. name: with the ending .zip or .tar, a folder without one."""

    name: str
    members: tuple[Member, ...]

    def save(self, folder: Path) -> Path:
        """Write it below a folder; nobody but its owner can read it, for it may hold a secret."""
        path = folder / self.name
        if path.suffix not in (".zip", ".tar"):
            _unpacked(self.members, path)
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        data = zipped(self.members) if path.suffix == ".zip" else tarred(self.members)
        _write(path, data, 0o600)
        return path


def zipped(members: Iterable[Member]) -> bytes:
    """The members as a zip, with their modes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in _sorted(members):
            entry = zipfile.ZipInfo(member.path, EPOCH)
            entry.external_attr = (0o100000 | member.mode) << 16
            entry.create_system = 3  # Unix, or the mode means nothing
            entry.compress_type = zipfile.ZIP_STORED if member.path.endswith(".whl") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, member.data)
    return file.getvalue()


def tarred(members: Iterable[Member]) -> bytes:
    """The members as a tar, with their modes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for member in _sorted(members):
            entry = tarfile.TarInfo(member.path)
            entry.size, entry.mode = len(member.data), member.mode
            archive.addfile(entry, io.BytesIO(member.data))
    return file.getvalue()


def _sorted(members: Iterable[Member]) -> list[Member]:
    return sorted(members, key=lambda member: member.path)


def _unpacked(members: Iterable[Member], folder: Path) -> None:
    for member in members:
        path = folder / member.path
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, member.data, member.mode)


def _write(path: Path, data: bytes, mode: int) -> None:
    """A file that has its mode from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    path.chmod(mode)
