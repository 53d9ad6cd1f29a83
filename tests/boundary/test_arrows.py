"""Imports go one way: what a student's code could reach never leads to what judges it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STANDARD = set(sys.stdlib_module_names)
UNTRUSTED = [
    ROOT / "graders" / "worker" / "worker.py",
    ROOT / "graders" / "sandbox" / "launcher.py",
    ROOT / "graders" / "contracts" / "prelude.py",
]


def imports(path: Path) -> Iterator[str]:
    """Every module a file names in an import statement; relative ones as `.name`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def sources(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found
    return found


def modules_after(statement: str) -> set[str]:
    """Top-level names in `sys.modules` of a process that has made the imports and nothing else."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", UNTRUSTED, ids=lambda path: path.stem)
def test_what_runs_beside_student_code_imports_the_standard_library_and_numpy_only(path):
    assert roots(path) <= STANDARD | {"numpy"}


@pytest.mark.parametrize("path", UNTRUSTED, ids=lambda path: path.stem)
def test_what_runs_beside_student_code_loads_nothing_of_ours(path):
    folder, name = str(path.parent), path.stem
    loaded = modules_after(f"sys.path[:1] = [{folder!r}]; import {name}")
    assert not loaded & {"graders", "reference", "torch", "hypothesis"}


def test_the_reference_names_numpy_and_arrays_of_the_standard_only():
    shown = {"show.py": {"rich", "matplotlib"}, "data.py": {"sklearn"}}  # of the examples, imported when they run
    for path in sources("reference"):
        more = shown.get(path.name, set()) if path.parent.name == "examples" else set()
        assert roots(path) <= STANDARD | {"", "numpy", "reference", "array_api_compat"} | more, path


def test_the_reference_loads_numpy_only():
    statement = "import " + ", ".join(map(dotted, sources("reference")))
    loaded = modules_after(statement) - modules_after("import numpy.random")
    assert loaded - STANDARD == {"reference"}


def test_the_graders_never_name_the_reference():
    for path in sources("graders"):
        assert "reference" not in roots(path), path


def test_the_graders_never_load_the_reference():
    parts = [path for path in sources("graders") if "assignments" not in path.parts]
    assert "reference" not in modules_after("import " + ", ".join(map(dotted, parts)))


def test_the_boundary_knows_nothing_of_what_is_judged():
    allowed = {"graders.i18n", "graders.verdict"}
    for path in sources("graders/sandbox"):
        ours = {name for name in imports(path) if name.partition(".")[0] in ("", "graders")}
        assert all(name in allowed or name.startswith("graders.sandbox") for name in ours), path
    assert not modules_after("import graders.sandbox.session") & {"torch", "hypothesis", "reference"}


def test_contracts_know_how_to_judge_and_not_who_asks():
    above = ("cli", "commands", "usage", "batch", "audit", "course", "report")
    for path in sources("graders/contracts"):
        assert not [name for name in imports(path) if name.startswith(tuple(f"graders.{room}" for room in above))], path
    asking = {"graders/commands/check.py", "graders/usage.py", "graders/report/contract_table.py"}
    for path in sources("graders"):
        if any(name.startswith("graders.contracts") for name in imports(path)):
            place = path.relative_to(ROOT).as_posix()
            assert place in asking or place.startswith("graders/contracts/"), path
