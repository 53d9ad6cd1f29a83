"""The suite as a wheel, made of the files it runs from: no build tool, no network, the same every time."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import graders
from graders import SUITE_VERSION
from graders.course.platforms.archive import Member, zipped
from graders.images import recipes_folder
from graders.specs.unit import assignments_folder

TAG = "py3-none-any"


def wheel_name() -> str:
    """The name that pip wants it to have."""
    return f"backcheck-{SUITE_VERSION}-{TAG}.whl"


@functools.cache
def suite_wheel() -> bytes:
    """The wheel's bytes: graders, reference, handouts, recipes. It holds solutions: it is for the side that grades."""
    members = list(_sources())
    info = f"backcheck-{SUITE_VERSION}.dist-info"
    tags = f"Wheel-Version: 1.0\nGenerator: backcheck\nRoot-Is-Purelib: true\nTag: {TAG}\n"
    members.append(Member(f"{info}/WHEEL", tags.encode()))
    members.append(Member(f"{info}/METADATA", _description().encode()))
    entry = "[console_scripts]\nbackcheck = graders.cli:main\n"
    members.append(Member(f"{info}/entry_points.txt", entry.encode()))
    record = "".join(f"{one.path},sha256={_digest(one.data)},{len(one.data)}\n" for one in members)
    members.append(Member(f"{info}/RECORD", f"{record}{info}/RECORD,,\n".encode()))
    return zipped(members)


def _sources() -> Iterator[Member]:
    package = Path(graders.__file__).parent
    yield from _below(package, "graders")
    yield from _below(package.with_name("reference"), "reference")
    for folder, name in ((assignments_folder(), "assignments"), (recipes_folder(), "docker")):
        if folder.parent != package:
            yield from _below(folder, f"graders/{name}")


def _below(folder: Path, name: str) -> Iterator[Member]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(folder).parts):
            yield Member(f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def _description() -> str:
    try:
        needed = metadata.requires("backcheck") or []
    except metadata.PackageNotFoundError:
        needed = []
    lines = ["Metadata-Version: 2.1", "Name: backcheck", f"Version: {SUITE_VERSION}"]
    return "\n".join([*lines, *(f"Requires-Dist: {one}" for one in needed if "extra ==" not in one), ""])


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
