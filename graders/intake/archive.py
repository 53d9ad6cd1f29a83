"""Files out of an archive, read as a stream: nothing is unpacked, nothing is trusted but its bytes."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar

from graders.i18n import _
from graders.intake.source import IntakeError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
MAX_MEMBERS = 2000
MAX_UNPACKED = 128 << 20
"""Of a tar archive, which has to be read from its beginning."""

MADE_UP = (None, errno.EINVAL, errno.EOVERFLOW)
"""The numbers of an OSError that bytes raise which were made up to confuse: by a parser's own errors, or by a seek to
nowhere. With any other the file could not be read, which says nothing about what is in it."""

Read = Callable[[str], bytes]
Limit = Callable[[str], int]
Made = TypeVar("Made")
Member = TypeVar("Member", zipfile.ZipInfo, tarfile.TarInfo)


def from_archive(path: Path, work: Callable[[Iterable[str], Read], Made], limit: Limit) -> Made:
    """What `work` makes of the names of the regular files, and of what reads one.

    Reading raises IntakeError for a file that exceeds `limit(name)`. OSError and MemoryError where it is this machine
    that cannot read the archive, whatever is in it.
    """
    opened = _zip if path.name.lower().endswith(".zip") else _tar
    with _damage_told(), opened(path, limit) as (names, read):

        def whole(name: str) -> bytes:
            with _damage_told():
                data = read(name)
            if len(data) > limit(name):
                raise IntakeError(_("{name} is larger than {limit} KiB").format(name=name, limit=limit(name) >> 10))
            return data

        return work(names, whole)


@contextlib.contextmanager
def _damage_told() -> Iterator[None]:
    damaged = IntakeError(_("the archive cannot be read: it is damaged, or of another kind; pack it again"))
    try:
        yield
    except (IntakeError, MemoryError):
        raise
    except OSError as error:
        if error.errno not in MADE_UP:
            raise
        raise damaged from None
    except Exception:  # what these parsers raise on bytes made up to confuse them has no common type
        raise damaged from None


@contextlib.contextmanager
def _zip(path: Path, limit: Limit) -> Iterator[tuple[Iterable[str], Read]]:
    with zipfile.ZipFile(path) as archive:
        members = _by_name((info.filename, info) for info in archive.infolist() if not info.is_dir())

        def read(name: str) -> bytes:
            member = members[name]
            if member.flag_bits & 1:
                raise IntakeError(_("the archive is encrypted: pack it without a password"))
            # Others, bzip2 and LZMA, are unpacked in steps of any size, whatever is asked for.
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise IntakeError(_("the archive is packed in an unusual way: make an ordinary .zip"))
            with archive.open(member) as file:
                return file.read(limit(name) + 1)

        yield members, read


@contextlib.contextmanager
def _tar(path: Path, limit: Limit) -> Iterator[tuple[Iterable[str], Read]]:
    with tarfile.open(fileobj=io.BytesIO(_unpacked(path)), mode="r:") as archive:
        members = _by_name((member.name, member) for member in _regular(archive))

        def read(name: str) -> bytes:
            file = archive.extractfile(members[name])
            return file.read(limit(name) + 1) if file else b""

        yield members, read


def _unpacked(path: Path) -> bytes:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as file:
        data = file.read(MAX_UNPACKED + 1)
    if len(data) > MAX_UNPACKED:
        raise IntakeError(_("the archive holds more than {limit} MiB").format(limit=MAX_UNPACKED >> 20))
    return data


def _regular(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Its regular files; links and devices are not looked at."""
    for number, member in enumerate(archive):
        # A negative size leads back to the same member for ever.
        if member.size < 0 or number > 2 * MAX_MEMBERS:
            raise tarfile.ReadError
        if member.isfile():
            yield member


def _by_name(members: Iterable[tuple[str, Member]]) -> dict[str, Member]:
    """The members by name, with slashes as Unix has them, without what is hidden."""
    found: dict[str, Member] = {}
    for name, member in members:
        found.setdefault(name.replace("\\", "/"), member)
        if len(found) > MAX_MEMBERS:
            raise IntakeError(_("the archive holds more than {limit} files").format(limit=MAX_MEMBERS))
    return {name: member for name, member in found.items() if not is_hidden(name)}


def is_hidden(name: str) -> bool:
    """True for what systems and editors leave behind: __MACOSX/, ._backprop.py, .ipynb_checkpoints/."""
    parts = [part for part in PurePosixPath(name).parts if part != ".."]
    return any(part.startswith((".", "__MACOSX")) for part in parts)
