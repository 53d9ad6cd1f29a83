"""The stub of a unit: what is given, solved; what is asked for, with its docstring and without its body."""

from __future__ import annotations

import ast
import textwrap
from pathlib import PurePosixPath

from graders.course.handout import read_handout
from graders.i18n import _
from graders.intake.reference import Definition, closure, read_library
from graders.specs import TASKS
from graders.specs.row import Task
from graders.specs.unit import Unit

NUMPY = "import numpy as np"
GAP = "\n\n\n"


def stub_source(unit: Unit, language: str = "en") -> str:
    """The unit's file as a student gets it: a module by itself, complete but for the bodies asked for."""
    parts = [f'"""{_introduction(unit, language)}\n"""\n\n{imports_text(unit)}']
    if unit.given:
        parts.append(given_text(unit))
    for section, task in zip(read_handout(unit, language).sections, unit.tasks, strict=True):
        parts += [f"# --- {section.heading} ---", task_text(task)]
    return GAP.join(parts) + "\n"


def check_command(unit: Unit, suffix: str) -> str:
    """How to grade the unit's file, or the notebook of the same stem."""
    return f"backcheck check {PurePosixPath(unit.file).with_suffix(suffix)}"


def imports_text(unit: Unit) -> str:
    """NumPy for the student, and whatever the given functions import."""
    used = frozenset().union(*map(_names, _given_texts(unit)))
    others = [line for line in read_library().imports if line != NUMPY and used & _bound(line)]
    return "\n".join([NUMPY, *others])


def given_text(unit: Unit) -> str:
    """The given functions and what they call, below a comment that says so; only for a unit that has some."""
    names = ", ".join(unit.given)
    comment = _("Given, with their helpers: {names}. Use them as they are.").format(names=names)
    return GAP.join([f"# --- {comment} ---", *_given_texts(unit)])


def task_text(task: Task) -> str:
    """The functions of a task, each with the reference's signature and docstring, and no body."""
    definitions = read_library().definitions
    return GAP.join(_without_body(definitions[name]) for name in task.functions)


def _introduction(unit: Unit, language: str) -> str:
    title = unit.title_zh if language == "zh" else unit.title
    how = _("Fill in the functions, then run: {command}").format(command=check_command(unit, ".py"))
    return f"{title}.\n\n{how}"


def _given_texts(unit: Unit) -> list[str]:
    """The source of what is given; ValueError when that would solve a task of the unit.

    The reference's aliases for annotations go with the annotations.
    """
    functions = _given_functions(unit)
    given = closure(functions)
    if solved := sorted({definition.name for definition in given} & set(unit.functions)):
        raise ValueError(f"{unit.name} both gives and asks for {', '.join(solved)}")
    texts = {definition.name: _without_annotations(definition) for definition in given}
    used = frozenset(functions).union(*map(_names, texts.values()))
    return list(dict.fromkeys(text for name, text in texts.items() if name in used))


def _given_functions(unit: Unit) -> list[str]:
    rows = {task.name: task for tasks in TASKS.values() for task in tasks}
    if unknown := [name for name in unit.given if name not in rows]:
        raise ValueError(f"{unit.name} gives what is no task of any unit: {', '.join(unknown)}")
    return [function for name in unit.given for function in rows[name].functions]


def _without_body(definition: Definition) -> str:
    if isinstance(definition.node, ast.ClassDef):
        return _without_bodies(definition)
    docstring = _docstring(_function(definition.text), definition.name)
    kept = definition.text.split("\n")[docstring.lineno - 1 : docstring.end_lineno]
    return "\n".join([_signature(definition.text), *kept, "    raise NotImplementedError"])


def _without_bodies(definition: Definition) -> str:
    """A class with its docstring and its public methods, none of which has a body."""
    (node,) = ast.parse(definition.text).body
    assert isinstance(node, ast.ClassDef)
    docstring, lines = _docstring(node, definition.name), definition.text.split("\n")
    parts = ["\n".join([lines[node.lineno - 1], *lines[docstring.lineno - 1 : docstring.end_lineno]])]
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and (method.name == "__init__" or not method.name.startswith("_")):
            text = textwrap.dedent("\n".join(lines[method.lineno - 1 : method.end_lineno]))
            solved = Definition(f"{definition.name}.{method.name}", text, frozenset(), method)
            parts.append(textwrap.indent(_without_body(solved), "    "))
    return "\n\n".join(parts)


def _docstring(node: ast.FunctionDef | ast.ClassDef, name: str) -> ast.stmt:
    """The statement that is the docstring; ValueError when there is none: a line of the solution would stand there."""
    if ast.get_docstring(node) is None:
        raise ValueError(f"reference: {name} has no docstring")
    return node.body[0]


def _without_annotations(definition: Definition) -> str:
    """The text of a function with a plain signature, comments kept; other definitions as they are."""
    if not isinstance(definition.node, ast.FunctionDef):
        return definition.text
    node, lines = _function(definition.text), definition.text.split("\n")
    decorators, body = lines[: node.lineno - 1], lines[node.body[0].lineno - 1 :]
    return "\n".join([*decorators, _signature(definition.text), *body])


def _signature(text: str) -> str:
    """The `def` line of a function on one line, without annotations."""
    node = _function(text)
    for part in ast.walk(node.args):
        if isinstance(part, ast.arg):
            part.annotation = None
    node.args.defaults = [_verbatim(default, text) for default in node.args.defaults]
    node.args.kw_defaults = [default and _verbatim(default, text) for default in node.args.kw_defaults]
    return f"def {node.name}({ast.unparse(node.args)}):"


def _verbatim(expression: ast.expr, text: str) -> ast.expr:
    """An expression that unparses to its own source: `1e-8` and "mean" keep their spelling."""
    return ast.Name(ast.get_source_segment(text, expression) or ast.unparse(expression))


def _function(text: str) -> ast.FunctionDef:
    node = ast.parse(text).body[0]
    if not isinstance(node, ast.FunctionDef):
        raise ValueError(f"not a function: {text.splitlines()[0]}")
    return node


def _names(text: str) -> frozenset[str]:
    """The names a piece of source uses."""
    nodes = ast.walk(ast.parse(text))
    return frozenset(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def _bound(statement: str) -> frozenset[str]:
    """The names an import statement binds."""
    nodes = ast.walk(ast.parse(statement))
    return frozenset(node.asname or node.name for node in nodes if isinstance(node, ast.alias))
