"""Packages for an image: wheels are fetched, or found in a wheelhouse, and unpacked without being run."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from graders.i18n import _
from graders.images import ImageError

Read = Callable[[], bytes]
"""Gives a file's content when its turn comes: those of torch for CUDA are some gigabytes."""
PLATFORMS = {
    machine: [f"manylinux_2_{minor}_{machine}" for minor in range(36, 16, -1)] + [f"manylinux2014_{machine}"]
    for machine in ("x86_64", "aarch64")
}
RETRIES = "2"
"""Of a request to an index that a machine may have no way to, before the wheels that are here are looked at."""
NEVER = ("tests", "__pycache__")
"""Folders that stay out: nobody tests NumPy where students' code runs."""


def collect(
    requirements: Path, target: Path, python: str, machine: str, wheelhouse: Path | None, torch_index: str = ""
) -> list[Path]:
    """The wheels a requirements file asks for, for that Python ("3.11") on that machine, copied into `target`.

    wheelhouse: where they must come from; without one they are fetched, torch from `torch_index` if there is one.
    """
    platforms = [part for name in PLATFORMS[machine] for part in ("--platform", name)]
    common = [
        *("--only-binary", ":all:", "--implementation", "cp", "--python-version", python, *platforms),
        *("--dest", str(target)),
    ]
    where = ["--no-index", "--find-links", str(wheelhouse)] if wheelhouse else ["--find-links", str(target)]
    if torch_index and not wheelhouse:
        # that index is asked for torch alone: what else it has, or an outage of it, is nothing to the others
        (torch,) = (line for line in requirements.read_text("utf-8").splitlines() if line.startswith("torch=="))
        _download([*common, "--no-deps", "--retries", RETRIES, "--index-url", torch_index, torch])
    _download([*common, *where, "--requirement", str(requirements)], only_here=wheelhouse is not None)
    return sorted(target.glob("*.whl"))


def _download(options: Sequence[str], only_here: bool = False) -> None:
    """only_here: whatever the machine's settings name as a place for packages is not looked at."""
    settings = {name: value for name, value in os.environ.items() if not (only_here and name.startswith("PIP_"))}
    if only_here:
        settings["PIP_CONFIG_FILE"] = os.devnull
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *options]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    if done.returncode:
        words = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr]
        raise ImageError(_("the wheels could not be had: {reason}").format(reason=" ".join(words)[:500]))


def unpack(archive: zipfile.ZipFile) -> Iterator[tuple[str, Read]]:
    """Path below the folder of packages, and a way to the content, of everything in a wheel that can be imported."""
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        if entry.is_dir() or set(path.parts[:-1]) & set(NEVER):
            continue
        if path.parts[0].endswith(".data"):
            if path.parts[1] not in ("purelib", "platlib"):
                continue
            path = PurePosixPath(*path.parts[2:])
        yield str(path), functools.partial(archive.read, entry)
