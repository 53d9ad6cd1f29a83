"""The reference is a submission like any other: one file that needs NumPy and nothing of ours."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graders.intake.reference import closure, reference_source, reference_submission
from graders.intake.submission import read_submission
from graders.specs import find_unit, unit_names

UNITS = [find_unit(name) for name in unit_names()]
RUN = "import sys; sys.path.append({numpy!r}); space = {{'__name__': 'submission'}}; exec({source!r}, space); {checks}"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_reference_runs_where_there_is_only_numpy(unit, tmp_path: Path):
    (tmp_path / "numpy").symlink_to(Path(np.__file__).parent)
    libraries = Path(np.__file__).parent.with_name("numpy.libs")
    if libraries.exists():
        (tmp_path / "numpy.libs").symlink_to(libraries)
    checks = f"assert all(callable(space[name]) for name in {list(unit.functions)!r})"
    program = RUN.format(numpy=str(tmp_path), source=reference_source(unit), checks=checks)
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_name_the_reference_binds_is_bound_once(unit):
    body = ast.parse(reference_source(unit)).body
    names = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len(names) == len(set(names))
    assert set(unit.functions) <= set(names)


def test_written_to_a_file_it_is_the_same_submission(tmp_path: Path):
    unit = UNITS[0]
    (tmp_path / unit.file).write_text(reference_source(unit), encoding="utf-8")
    assert read_submission(tmp_path / unit.file, unit).pieces == reference_submission(unit).pieces


def test_a_function_the_reference_lacks_is_named():
    with pytest.raises(KeyError, match="reference/ defines no no_such_function"):
        closure(["no_such_function"])
