"""Archives are read, never unpacked: whatever lies in them ends in one file's bytes or one clear sentence."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from graders.intake import archive as intake_archive
from graders.intake.source import MAX_BYTES
from graders.intake.submission import Submission, read_submission
from graders.specs import find_unit

UNIT = find_unit("03")
SOURCE = b"def affine_forward(x, w, b): ...\n"
REGULAR = tarfile.REGTYPE


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


def tarred(*members: tuple[str, bytes, bytes]) -> bytes:
    """Members as (name, type, contents or target of the link)."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, kind, data in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            if kind == REGULAR:
                member.size = len(data)
            else:
                member.linkname = data.decode()
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@pytest.fixture
def read(tmp_path: Path):
    """`read("work.zip", data)`: what intake makes of an archive of that name."""

    def read_bytes(name: str, data: bytes) -> Submission:
        (tmp_path / name).write_bytes(data)
        return read_submission(tmp_path / name, UNIT)

    return read_bytes


@pytest.mark.parametrize("name", ["work.zip", "WORK.ZIP", "work.tar", "work.tar.gz", "work.tgz"])
def test_the_units_file_is_found_in_every_kind_of_archive(name: str, read):
    data = zipped(("hw/backprop.py", SOURCE)) if "zip" in name.lower() else tarred(("hw/backprop.py", REGULAR, SOURCE))
    submission = read(name, gzip.compress(data) if name.endswith("gz") else data)
    assert submission.problem == ""
    assert submission.name.lower() == "work"
    assert submission.pieces[0].text == SOURCE.decode()


@pytest.mark.parametrize(
    ("right", "others"),
    [
        ("hw/backprop.py", ["a.py"]),
        ("hw/Backprop.PY", ["hw/other.py"]),
        ("hw\\backprop.py", ["hw\\other.py"]),
        ("./hw/backprop.py", ["./hw/other.py"]),
        ("backprop.py", ["old/backprop.py"]),
        ("hw/mine.py", ["__MACOSX/hw/backprop.py", "hw/._mine.py"]),
        ("mine.py", [".ipynb_checkpoints/backprop.py"]),
        ("mine/backprop.py", ["../../elsewhere/other.py"]),
        ("whatever the student called it.py", ["notes.txt"]),
    ],
)
def test_of_several_files_the_students_own_is_chosen(right: str, others: list[str], read, tmp_path: Path):
    data = zipped(*((name, b"wrong = 1\n") for name in others), (right, SOURCE))
    assert read("work.zip", data).pieces[0].text == SOURCE.decode()
    assert [path.name for path in tmp_path.rglob("*")] == ["work.zip"]


@pytest.mark.parametrize(
    ("kind", "target"), [(tarfile.SYMTYPE, b"/etc/passwd"), (tarfile.FIFOTYPE, b""), (tarfile.CHRTYPE, b"")]
)
def test_links_and_devices_in_an_archive_do_not_exist_for_us(kind: bytes, target: bytes, read):
    assert "there is no backprop.py" in read("work.tar", tarred(("backprop.py", kind, target))).problem


def encrypted() -> bytes:
    data = bytearray(zipped(("backprop.py", SOURCE)))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


def backwards() -> bytes:
    """A tar archive whose one member has a negative size, so that the next one is itself."""
    data = bytearray(tarred(("backprop.py", REGULAR, b"")))
    data[124:136] = b"\xff" * 4 + struct.pack(">q", -1024)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


DAMAGED = "the archive cannot be read: it is damaged, or of another kind; pack it again"
PACKED = zipped(("backprop.py", SOURCE * 100))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("none.zip", b"", DAMAGED),
        ("text.zip", b"not an archive", DAMAGED),
        ("text.tar.gz", b"not an archive", DAMAGED),
        ("rar.zip", b"Rar!\x1a\x07" + b"x" * 100, DAMAGED),
        ("cut.zip", PACKED[: len(PACKED) // 2], DAMAGED),
        ("flipped.zip", flipped(PACKED, 45), DAMAGED),
        ("cut.tgz", gzip.compress(tarred(("backprop.py", REGULAR, SOURCE)))[:60], DAMAGED),
        ("backwards.tar", backwards(), DAMAGED),
        ("locked.zip", encrypted(), "the archive is encrypted: pack it without a password"),
        ("bzip2.zip", zipped(("backprop.py", SOURCE), method=zipfile.ZIP_BZIP2), "make an ordinary .zip"),
        ("lzma.zip", zipped(("backprop.py", SOURCE), method=zipfile.ZIP_LZMA), "make an ordinary .zip"),
        ("nothing.zip", zipped(), "there is no backprop.py or backprop.ipynb in it"),
        ("two.zip", zipped(("a.py", SOURCE), ("b.py", SOURCE)), "there is no backprop.py or backprop.ipynb in it"),
        ("empty.zip", zipped(("backprop.py", b"")), "backprop.py is empty"),
        ("bomb.zip", zipped(("backprop.py", bytes(50 << 20))), "backprop.py is larger than 1024 KiB"),
        ("long.zip", zipped(("backprop.py", b"#" * (MAX_BYTES + 1))), "backprop.py is larger than 1024 KiB"),
        ("many.zip", zipped(*((f"{i}.txt", b"") for i in range(2001))), "more than 2000 files"),
        ("many.tar", tarred(*((f"{i}.txt", REGULAR, b"") for i in range(2001))), "more than 2000 files"),
    ],
    ids=lambda value: value if isinstance(value, str) and value[-4:-3] == "." else "",
)
def test_an_archive_that_cannot_be_used_is_refused_with_the_reason(name: str, data: bytes, says: str, read):
    assert says in read(name, data).problem


def test_a_tar_bomb_is_read_only_so_far(read, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intake_archive, "MAX_UNPACKED", 1 << 20)
    bomb = gzip.compress(tarred(("zeros", REGULAR, bytes(2 << 20)), ("backprop.py", REGULAR, SOURCE)))
    assert read("bomb.tgz", bomb).problem == "the archive holds more than 1 MiB"
