"""What is in an image: a list of its files, and of the packages they come from (CycloneDX)."""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from graders import SUITE_VERSION

MADE_BY_THE_ENGINE = (".dockerenv", "etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/mtab", "dev/", "proc/", "sys/")
DPKG_STATUS = "var/lib/dpkg/status"
IN_MEMORY = 64 << 20


@dataclass(frozen=True)
class File:
    """One file of an image; links have a target in place of a digest."""

    path: str
    kind: str
    mode: int
    size: int
    digest: str

    def __str__(self) -> str:
        return f"{self.kind} {self.mode:04o} {self.size} {self.digest} /{self.path}"


@contextlib.contextmanager
def exported(client: Any, image: str) -> Iterator[tarfile.TarFile]:
    """All of an image's files as one archive."""
    container = client.create_container(image, ["true"], labels={"backcheck": "export"})["Id"]
    try:
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            for chunk in client.export(container):
                file.write(chunk)
            file.seek(0)
            with tarfile.open(fileobj=file) as archive:
                yield archive
    finally:
        client.remove_container(container, force=True)


def files(archive: tarfile.TarFile) -> list[File]:
    """Every file, in the order of their paths, without those that the engine makes for each container."""
    found = []
    for entry in archive:
        if entry.name.startswith(MADE_BY_THE_ENGINE):
            continue
        if entry.isdir():
            found.append(File(entry.name, "folder", entry.mode, 0, ""))
        elif entry.issym():
            found.append(File(entry.name, "link", 0o777, 0, f"-> {entry.linkname}"))
        elif entry.islnk():
            found.append(File(entry.name, "file", entry.mode, 0, f"= {entry.linkname}"))
        else:
            found.append(File(entry.name, "file", entry.mode, entry.size, _digest(archive.extractfile(entry))))
    return sorted(found, key=lambda file: file.path)


def _digest(content: IO[bytes] | None) -> str:
    return hashlib.file_digest(content, "sha256").hexdigest() if content else ""  # type: ignore[arg-type]


def bill_of_materials(name: str, archive: tarfile.TarFile, wheels: list[Path], base: str) -> dict[str, Any]:
    """The Debian packages and the wheels of an image as CycloneDX 1.5, the same for the same image."""
    wheel_components = [_wheel(path) for path in wheels]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "container", "name": name, "version": SUITE_VERSION},
            "properties": [{"name": "backcheck:base", "value": base}],
        },
        "components": [*_debian(archive), *sorted(wheel_components, key=lambda one: str(one["name"]))],
    }


def _debian(archive: tarfile.TarFile) -> list[dict[str, Any]]:
    try:
        status = archive.extractfile(DPKG_STATUS)
    except KeyError:
        return []
    text = status.read().decode("utf-8", "replace") if status else ""
    found = []
    for paragraph in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if not fields.get("Status", "").endswith(" installed"):
            continue
        name, version, machine = (fields[key] for key in ("Package", "Version", "Architecture"))
        purl = f"pkg:deb/debian/{name}@{version}?arch={machine}"
        found.append({"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl})
    return sorted(found, key=lambda one: one["name"])


def _wheel(path: Path) -> dict[str, Any]:
    name, version, *_tags = path.name.removesuffix(".whl").split("-")
    purl = f"pkg:pypi/{name.replace('_', '-').lower()}@{version}"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": purl,
        "bom-ref": purl,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
