"""Files of a course, written for the occasion, and what is said of each function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from graders.contracts import find_contract
from graders.contracts.engine import ContractReport, check_files
from graders.sandbox import Backend

FILES = Path(__file__).parent / "files"
Judge = Callable[..., ContractReport]


@pytest.fixture
def judge(backend: Backend, tmp_path: Path) -> Judge:
    """Judge files by name and text (or those that lie in a folder) under a contract."""

    def judged(contract: str, files: Mapping[str, str] | Path) -> ContractReport:
        if isinstance(files, Path):
            return check_files([files], find_contract(contract), backend)
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return check_files([tmp_path / name for name in files], find_contract(contract), backend)

    return judged


def words(report: ContractReport) -> dict[str, str]:
    """The verdicts by function, but for those missing."""
    return {one.function: one.verdict for one in report.functions if one.verdict != "missing"}
