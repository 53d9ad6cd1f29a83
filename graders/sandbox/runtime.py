"""What a worker needs of this machine's Python, and nothing beside: the paths a sandbox lets it read."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

import numpy as np

from graders.sandbox import wire
from graders.sandbox.program import Limits

NOT_THE_WORKERS = ("site-packages", "dist-packages", "python3", "python2")
"""Names, or their beginnings, of folders in which other packages live."""
SYSTEM_LIBRARIES = (  # as programs name them: links, where /usr is merged
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
)
OPEN_FILES = 64
LAUNCHER = Path(__file__).with_name("launcher.py")
WORKER = Path(__file__).parents[1] / "worker" / "worker.py"


@dataclass(frozen=True)
class Runtime:
    """Paths: the interpreter, the standard library and its own parts, NumPy's folders, shared libraries."""

    python: Path
    folder: Path
    library: tuple[Path, ...]
    numpy: tuple[Path, ...]
    shared: tuple[Path, ...]

    @property
    def packages(self) -> Path:
        """The folder NumPy lies in, which is not to be read itself."""
        return self.numpy[0].parent

    @cached_property
    def foreign(self) -> tuple[Path, ...]:
        """Folders of other packages within the standard library's."""
        own = set(self.library)
        return tuple(path for path in self.folder.iterdir() if path not in own and path.is_dir())

    @property
    def readable(self) -> tuple[Path, ...]:
        """All that a worker may read."""
        return (*self.library, *self.numpy, *self.shared, LAUNCHER, WORKER)


def find_runtime() -> Runtime:
    """The runtime of the interpreter T runs on, without its virtual environment."""
    paths = sysconfig.get_paths(vars={"base": sys.base_prefix, "platbase": sys.base_prefix})
    library = Path(paths["stdlib"]).resolve()
    numpy = Path(np.__file__).resolve().parent
    beside = (numpy, numpy.with_name("numpy.libs"))
    return Runtime(
        python=Path(getattr(sys, "_base_executable", "") or sys.executable).resolve(),
        folder=library,
        library=_parts(library),
        numpy=tuple(path for path in beside if path.exists()),
        shared=_shared_libraries(),
    )


def _parts(folder: Path) -> tuple[Path, ...]:
    """What lies in a folder, or the folder itself when no other packages do."""
    inside = sorted(folder.iterdir())
    own = [path for path in inside if not path.name.startswith(NOT_THE_WORKERS)]
    return tuple(own) if len(own) < len(inside) else (folder,)


def _shared_libraries() -> tuple[Path, ...]:
    own = Path(sys.base_prefix).resolve() / "lib"
    found = [path for path in own.glob("*.so*") if path.is_file()]
    for folder in {Path(name).resolve() for name in SYSTEM_LIBRARIES}:
        if folder.is_dir():
            found += [path for path in _parts(folder) if _holds_libraries(path)]
    return (*found, Path("/etc/ld.so.cache"))


def _holds_libraries(path: Path) -> bool:
    if path.is_dir():
        return path.name.endswith("-linux-gnu") or path.name in ("lib", "lib64")
    return ".so" in path.name and os.access(path, os.R_OK)


def launch_settings(worker: PurePath, packages: PurePath, limits: Limits) -> dict[str, object]:
    """What every launcher is told. worker, packages: where its file is, and the folder NumPy lies in."""
    return {
        "worker": str(worker),
        "numpy": str(packages),
        "limits": {
            "AS": limits.memory + wire.INPUT_SIZE + wire.OUTPUT_SIZE,
            "FSIZE": limits.file_size,
            "CORE": 0,
            "NOFILE": OPEN_FILES,
            "MSGQUEUE": 0,
        },
        # for ordinary users: root's processes are not counted, and only a filter refuses them
        "worker_limits": {"NPROC": limits.processes},
        "input_size": wire.INPUT_SIZE,
        "output_size": wire.OUTPUT_SIZE,
        "data_start": wire.DATA_START,
        "output_room": limits.output,
    }
