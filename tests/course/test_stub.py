"""A stub is a module by itself that asks for everything and gives nothing away."""

from __future__ import annotations

import ast
import dataclasses
import json
import subprocess
import sys

import pytest

from graders.course import stub
from graders.course.handout import read_handout
from graders.course.notebook import notebook
from graders.course.stub import stub_source
from graders.exam import Exam
from graders.grade import grade
from graders.intake.notebook import code_cells
from graders.intake.reference import Definition, closure, read_library
from graders.intake.submission import read_submission
from graders.secrets import PUBLIC
from graders.specs import TASKS
from graders.verdict import Status

CALL_ALL = """
import importlib, inspect, json, sys
sys.path.insert(0, sys.argv[1])
module, outcomes = importlib.import_module(sys.argv[2]), {}
for name in sys.argv[3:]:
    function = getattr(module, name)
    parameters = inspect.signature(function).parameters.values()
    required = [p for p in parameters if p.default is p.empty]
    args = [None for p in required if p.kind is not p.KEYWORD_ONLY]
    options = {p.name: None for p in required if p.kind is p.KEYWORD_ONLY}
    try:
        function(*args, **options)
        outcomes[name] = "returned"
    except BaseException as error:
        outcomes[name] = type(error).__name__
print(json.dumps(outcomes))
"""


def functions(source):
    """Top-level functions and classes by name."""
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def callables(node):
    """A function itself; of a class, the methods that a student writes, by name."""
    if isinstance(node, ast.FunctionDef):
        return {"": node}
    methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
    return {part.name: part for part in methods if part.name == "__init__" or not part.name.startswith("_")}


def given_names(unit):
    rows = {task.name: task for tasks in TASKS.values() for task in tasks}
    return [function for row in unit.given for function in rows[row].functions]


def solution_lines(definitions):
    """The lines of code in the bodies, signatures and docstrings left out; constants whole."""
    lines = set()
    for definition in definitions:
        node, text = ast.parse(definition.text).body[0], definition.text.split("\n")
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            lines |= {line.strip() for line in text[node.lineno - 1 :]}
            continue
        for part in callables(node).values():
            body = part.body[1:] if ast.get_docstring(part) else part.body
            if body:
                lines |= {line.strip() for line in text[body[0].lineno - 1 : part.end_lineno]}
    return {line for line in lines if any(letter.isalnum() for letter in line)}


def notebook_code(unit):
    return "\n".join(piece.text for piece in code_cells(notebook(unit).encode()))


def definition_of(text):
    return Definition("f", text, frozenset(), ast.parse(text).body[0])


def test_a_stub_is_a_module_with_title_and_command(unit):
    docstring = ast.get_docstring(ast.parse(stub_source(unit)))
    assert docstring.startswith(f"{unit.title}.\n")
    assert docstring.endswith(f"backcheck check {unit.file}")


def test_a_stub_defines_what_is_asked_for_in_the_order_of_the_tasks(unit):
    names = list(functions(stub_source(unit)))
    assert [name for name in names if name in unit.functions] == list(unit.functions)


def test_what_is_asked_for_has_the_signature_and_docstring_of_the_reference(unit):
    stubs = functions(stub_source(unit))
    for name in unit.functions:
        node = read_library().definitions[name].node
        stub_parts, parts = callables(stubs[name]), callables(ast.parse(ast.unparse(node)).body[0])
        assert list(stub_parts) == list(parts)
        assert ast.get_docstring(stubs[name]) == ast.get_docstring(node)
        for method, wanted in parts.items():
            for part in ast.walk(wanted.args):
                if isinstance(part, ast.arg):
                    part.annotation = None
            assert ast.unparse(stub_parts[method].args) == ast.unparse(wanted.args)
            assert ast.get_docstring(stub_parts[method]) == ast.get_docstring(wanted)


def test_no_signature_has_annotations(unit):
    for name in unit.functions:
        for node in callables(functions(stub_source(unit))[name]).values():
            assert node.returns is None
            assert not [part for part in ast.walk(node.args) if isinstance(part, ast.arg) and part.annotation]


def test_each_task_stands_below_its_heading(unit):
    lines = stub_source(unit).split("\n")
    for section, task in zip(read_handout(unit).sections, unit.tasks, strict=True):
        below = lines[lines.index(f"# --- {section.heading} ---") + 1 :]
        assert next(line for line in below if line).startswith(
            (f"def {task.functions[0]}(", f"class {task.functions[0]}:")
        )


def test_everything_asked_for_raises_not_implemented_error(unit, tmp_path):
    (tmp_path / unit.file).write_text(stub_source(unit), encoding="utf-8")
    stem = unit.file.removesuffix(".py")
    command = [sys.executable, "-W", "error", "-c", CALL_ALL, str(tmp_path), stem, *unit.functions]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == dict.fromkeys(unit.functions, "NotImplementedError")


def test_given_functions_work_in_the_stub(backprop, tmp_path):
    (tmp_path / "backprop.py").write_text(stub_source(backprop), encoding="utf-8")
    code = """if True:
        import sys; sys.path.insert(0, sys.argv[1])
        from backprop import *
        x, labels = np.array([[1.0, -1.0]]), np.array([0])
        a, cache = sigmoid_forward(x); sigmoid_backward(a, cache)
        p, cache = softmax_forward(x); softmax_backward(p, cache)
        loss, cache = cross_entropy_forward(x, labels)
        print(np.allclose(cross_entropy_backward(1.0, cache), p - [[1, 0]]))
    """
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("written", [stub_source, notebook_code])
def test_no_line_of_a_solution_is_given_away(unit, written):
    given = closure(given_names(unit))
    hidden = [definition for definition in closure(unit.functions) if definition not in given]
    secret = solution_lines(hidden) - solution_lines(given)
    assert len(secret) > len(unit.functions)
    shown = {line.strip() for line in written(unit).split("\n")}
    assert not secret & shown


def test_the_search_for_leaks_finds_one(unit, monkeypatch):
    monkeypatch.setattr(stub, "_without_body", lambda definition: definition.text)
    secret = solution_lines(closure(unit.functions)) - solution_lines(closure(given_names(unit)))
    assert secret & {line.strip() for line in stub_source(unit).split("\n")}


@pytest.mark.parametrize("name", ["affine", "network"])
def test_what_is_given_must_not_be_asked_for(backprop, name):
    greedy = dataclasses.replace(backprop, given=(name,))
    with pytest.raises(ValueError, match=f"03-backprop both gives and asks for .*{name}_forward"):
        stub_source(greedy)


def test_what_is_given_must_not_call_what_is_asked_for(losses):
    """train_iris calls the cross-entropy, and would bring it along."""
    with pytest.raises(ValueError, match=r"02-losses both gives and asks for .*cross_entropy_forward"):
        stub_source(dataclasses.replace(losses, given=("train_iris",)))


def test_what_is_given_must_be_a_task_of_some_unit(losses):
    with pytest.raises(ValueError, match="02-losses gives what is no task of any unit: sigmiod"):
        stub_source(dataclasses.replace(losses, given=("sigmiod",)))


def test_a_given_function_brings_its_imports(losses):
    """train_network needs several; the aliases used in annotations stay behind."""
    source = stub_source(dataclasses.replace(losses, given=("train_network",)))
    assert "from itertools import pairwise" in source
    assert "Array = Any" not in source


def test_defaults_keep_their_spelling_and_comments_stay():
    text = 'def f(x: int, /, *, eps: float = 1e-8, how: str = "mean") -> int:\n    """D."""\n    return x  # why\n'
    plain = stub._without_annotations(definition_of(text))
    assert plain == 'def f(x, /, *, eps=1e-8, how="mean"):\n    """D."""\n    return x  # why\n'


def test_a_reference_function_without_docstring_is_refused():
    with pytest.raises(ValueError, match="f has no docstring"):
        stub._without_body(definition_of("def f(x):\n    return x\n"))


def test_the_chinese_stub_has_the_chinese_title(losses):
    assert ast.get_docstring(ast.parse(stub_source(losses, "zh"))).startswith(losses.title_zh)


@pytest.mark.parametrize(("make", "suffix"), [(stub_source, ".py"), (notebook, ".ipynb")])
def test_what_a_student_starts_from_scores_nothing_and_reads_not_attempted(unit, make, suffix, backend, tmp_path):
    path = tmp_path / unit.file.replace(".py", suffix)
    path.write_text(make(unit), encoding="utf-8")
    report = grade(read_submission(path, unit), Exam(unit, PUBLIC), backend)
    assert (report.problem, report.score, report.max_score) == ("", 0, sum(unit.points.values()))
    assert {result.task for result in report.results} == {task.name for task in unit.tasks}
    assert {(result.status, result.message) for result in report.results} == {(Status.SKIPPED, "not attempted")}
