"""Whole reports that are needed once more at the end of a run, on disk until then."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import Self

from graders.verdict import Report


class Shelf:
    """A temporary folder of our own, in which every report lies by its number; use it as a context manager."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="backcheck-")

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return Path(self._folder.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._folder.cleanup()

    def put(self, number: int, report: Report) -> None:
        """Keep a report."""
        self._file(number).write_bytes(pickle.dumps(report))

    def get(self, number: int) -> Report:
        """The report that was kept."""
        found = pickle.loads(self._file(number).read_bytes())
        assert isinstance(found, Report)
        return found

    def _file(self, number: int) -> Path:
        return self.folder / str(number)
