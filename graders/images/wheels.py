"""Packages for an image: wheels are fetched, or found in a wheelhouse, and unpacked without being run."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from graders.i18n import _
from graders.images import ImageError

PLATFORMS = {
    machine: [f"manylinux_2_{minor}_{machine}" for minor in (36, 34, 31, 28, 27, 24, 17)] + [f"manylinux2014_{machine}"]
    for machine in ("x86_64", "aarch64")
}
NEVER = ("tests", "__pycache__")
"""Folders that stay out: nobody tests NumPy where students' code runs."""


def collect(
    requirements: Path, target: Path, python: str, machine: str, wheelhouse: Path | None, options: Sequence[str] = ()
) -> list[Path]:
    """The wheels a requirements file asks for, for that Python ("3.11") on that machine, copied into `target`.

    wheelhouse: where they must come from; without one they are fetched, and `options` are further options of pip.
    """
    where = ["--no-index", "--find-links", str(wheelhouse)] if wheelhouse else list(options)
    platforms = [part for name in PLATFORMS[machine] for part in ("--platform", name)]
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--only-binary", ":all:", "--implementation", "cp", "--python-version", python, *platforms),
        *(*where, "--dest", str(target), "--requirement", str(requirements)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr]
        raise ImageError(_("the wheels could not be had: {reason}").format(reason=" ".join(words)[:500]))
    return sorted(target.glob("*.whl"))


def unpack(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Path below the folder of packages, and content, of everything in a wheel that can be imported."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            path = PurePosixPath(entry.filename)
            if entry.is_dir() or set(path.parts[:-1]) & set(NEVER):
                continue
            if path.parts[0].endswith(".data"):
                if path.parts[1] not in ("purelib", "platlib"):
                    continue
                path = PurePosixPath(*path.parts[2:])
            yield str(path), archive.read(entry)
