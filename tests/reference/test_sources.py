"""The files themselves: joined together they are one submission that needs NumPy alone."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import reference

FILES = sorted(Path(reference.__file__).parent.glob("*.py"))
TREES = {path.stem: ast.parse(path.read_text()) for path in FILES}
FORBIDDEN = ("torch", "hypothesis", "graders", "array_api_compat", "array_api_strict", "scipy", "sklearn")

every_file = pytest.mark.parametrize("stem", TREES)


def defined(tree):
    """Names a module defines at its top level, imports aside."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name))


def is_sibling_import(node):
    """`from reference.x import a, b`."""
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reference.")


def in_order():
    """Modules after those they import."""
    placed: list[str] = []

    def place(stem):
        for node in filter(is_sibling_import, TREES[stem].body):
            place(node.module.removeprefix("reference."))
        if stem not in placed:
            placed.append(stem)

    for stem in TREES:
        place(stem)
    return placed


def joined():
    """All files as one text, without the imports of one another."""
    bodies = [ast.unparse(node) for stem in in_order() for node in TREES[stem].body if not is_sibling_import(node)]
    return "\n".join(bodies)


def test_no_two_files_define_the_same_name():
    names = [name for tree in TREES.values() for name in defined(tree)]
    assert len(names) > 90
    assert len(names) == len(set(names))


@every_file
def test_a_file_holds_imports_functions_and_constants_only(stem):
    kinds = {type(node) for node in TREES[stem].body[1:] if not isinstance(node, ast.Expr)}
    assert kinds <= {ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign}
    strings = [node.value for node in TREES[stem].body if isinstance(node, ast.Expr)]
    assert all(isinstance(value, ast.Constant) and isinstance(value.value, str) for value in strings)


@every_file
def test_siblings_are_imported_plainly_at_the_top(stem):
    siblings = [
        node
        for node in ast.walk(TREES[stem])
        if (isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("reference")))
        or (isinstance(node, ast.Import) and any(name.name.startswith("reference") for name in node.names))
    ]
    for node in siblings:
        assert node in TREES[stem].body
        assert is_sibling_import(node)
        assert all(alias.asname is None for alias in node.names)


def test_importing_everything_loads_numpy_and_nothing_heavier():
    modules = ", ".join(f"reference.{stem}" for stem in TREES if stem != "__init__")
    program = f"import sys, {modules}; print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    root = str(FILES[0].parent.parent)
    answer = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_numpy_arrays_never_ask_for_the_compatibility_layer():
    program = (
        "import sys, numpy as np; sys.modules['array_api_compat'] = None\n"
        "from reference.training import train_iris\n"
        "train_iris(np.ones((3, 4)), np.arange(3), rng=np.random.default_rng(0))"
    )
    root = str(FILES[0].parent.parent)
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)


def test_the_files_joined_together_run_on_their_own():
    alone: dict[str, object] = {"__name__": "submission"}
    exec(compile(joined(), "submission.py", "exec"), alone)
    out, cache = alone["cross_entropy_forward"](np.zeros((2, 4)), np.array([0, 3]))
    assert out == pytest.approx(np.log(4))
    assert alone["cross_entropy_backward"](1.0, cache).shape == (2, 4)
    assert alone["train_iris"](np.ones((3, 4)), np.arange(3), rng=np.random.default_rng(0))[4].shape == (150,)


def public_functions():
    """Every function a student may be asked for."""
    for stem in TREES:
        module = import_module(f"reference.{stem}") if stem != "__init__" else reference
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                yield name, function


@pytest.mark.parametrize(("name", "function"), list(public_functions()))
def test_a_tasks_docstring_names_every_argument(name, function):
    text = inspect.getdoc(function)
    assert text
    if "Args:" not in text:  # a helper
        assert not name.endswith(("_forward", "_backward"))
        return
    for argument in inspect.signature(function).parameters:
        assert f"\n    {argument}: " in text
    assert "Returns:" in text
    assert name.endswith("_backward") or "Source:" in text
    assert "Raises:" in text or "require" not in inspect.getsource(function)
