"""Mutants: the reference with one operator, number or keyword replaced, and a key that outlives other edits."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from cosmic_ray.ast import ast_nodes, get_ast

from graders.intake.reference import Definition, module_text, read_library
from graders.misconceptions.variant import row_definitions
from graders.mutation.operators import operators

Position = tuple[int, int]
"""Line from 1 and column from 0, as Python's and parso's trees have it."""
Span = tuple[Position, Position]


@dataclass(frozen=True, order=True)
class Key:
    """What names a mutant: where it is, what stood there, and what stands there now.

    place: the function, "adam_update", or method, "Tape.backward". old, new: the line, without its indentation.
    nth: which of the lines that read `old` in this place.
    """

    place: str
    old: str
    new: str
    nth: int = 1

    def __str__(self) -> str:
        again = f" ({self.nth}.)" if self.nth > 1 else ""
        return f"{self.place}{again}: {self.old}  ->  {self.new}"


@dataclass(frozen=True)
class Mutant:
    """A definition of the reference with one change; text: the whole definition."""

    key: Key
    definition: str
    text: str

    @functools.cached_property
    def tree(self) -> str | None:
        """The definition as Python sees it."""
        return _tree_of(self.text)

    def module(self, row: str) -> str:
        """The reference's functions of a row, this one among them."""
        original = read_library().definitions[self.definition].text
        known = row_definitions(row)
        return module_text([replace(one, text=self.text) if one.text == original else one for one in known])


@dataclass(frozen=True)
class Site:
    """Where an operator applies: a node of the definition's tree, and which of its changes to that node.

    node: its place in parso's tree, read from the top. start: of the text that changes.
    """

    definition: str
    operator: str
    node: int
    index: int
    start: Position

    @property
    def line(self) -> str:
        """The line it is in."""
        return _tidy(read_library().definitions[self.definition].text.split("\n")[self.start[0] - 1])

    @functools.cached_property
    def mutant(self) -> Mutant | None:
        """What becomes of the definition; None when Python sees no change."""
        original = read_library().definitions[self.definition].text
        text = self._mutated(original)
        if _tree_of(text) in (None, _tree_of(original)):
            return None
        place, first = _place(self.definition, self.start[0])
        before, after = (list(map(_tidy, code.split("\n"))) for code in (original, text))
        line = self.start[0] - 1
        nth = before[first - 1 : line + 1].count(before[line])
        return Mutant(Key(place, before[line], after[line], nth), self.definition, text)

    def _mutated(self, text: str) -> str:
        tree = get_ast(text)
        node = next(islice(ast_nodes(tree), self.node, None))
        parent = node.parent
        changed = operators()[self.operator].mutate(node, self.index)
        parent.children = [changed if child is node else child for child in parent.children]
        return str(tree.get_code())


@functools.cache
def sites(definition: str) -> tuple[Site, ...]:
    """Where a definition of the reference can be mutated, in the order of its lines."""
    known = read_library().definitions[definition]
    inside, outside = list(_mutable(known)), list(_exempt(_tree(definition)))
    found = [
        Site(definition, name, place, index, start)
        for place, node in enumerate(ast_nodes(get_ast(known.text)))
        if _within(node.start_pos, inside)
        for name, operator in operators().items()
        for index, (start, _end) in enumerate(operator.mutation_positions(node))
        if _within(start, inside) and not _within(start, outside)
    ]
    return tuple(sorted(found, key=lambda site: (site.start, site.operator, site.index)))


def all_mutants(definition: str) -> dict[Key, Mutant]:
    """Every mutant of a definition, those that Python cannot tell apart once."""
    seen: dict[str | None, Mutant] = {}
    for site in sites(definition):
        if site.mutant:
            seen.setdefault(site.mutant.tree, site.mutant)
    return {mutant.key: mutant for mutant in seen.values()}


def find(key: Key) -> Mutant | None:
    """The mutant of that name; None when its line is no longer there."""
    definition = key.place.partition(".")[0]
    here = (
        [site for site in sites(definition) if site.line == key.old] if definition in read_library().definitions else []
    )
    return next((site.mutant for site in here if site.mutant and site.mutant.key == key), None)


# --- what is mutated ---


@functools.cache
def _tree(definition: str) -> ast.Module:
    return ast.parse(read_library().definitions[definition].text)


def _mutable(definition: Definition) -> Iterator[Span]:
    """The bodies of functions, and the values of constants; signatures come with the stub."""
    tree = _tree(definition.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from map(_span, node.body)
    if isinstance(definition.node, ast.Assign | ast.AnnAssign):
        statement = tree.body[0]
        assert isinstance(statement, ast.Assign | ast.AnnAssign)
        if statement.value:
            yield _span(statement.value)


def _exempt(tree: ast.Module) -> Iterator[Span]:
    """Annotations, defaults, which library an array is of, and what only turns away arguments that no case has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from map(_span, (*_signature(node), *_conditions(node)))
        if isinstance(node, ast.AnnAssign):
            yield _span(node.annotation)
        elif isinstance(node, ast.keyword):
            if node.arg in ("strict", "device"):
                yield _span(node)
        elif _is_check(node) or _is_about_libraries(node):
            yield _span(node)


def _signature(function: ast.FunctionDef) -> Iterator[ast.expr]:
    every = function.args
    arguments = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
    yield from (argument.annotation for argument in arguments if argument and argument.annotation)
    yield from every.defaults
    yield from filter(None, (*every.kw_defaults, function.returns))


def _conditions(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    """Assignments to what is used in checks only."""
    checked = Counter(name for node in ast.walk(function) if _is_call_of_check(node) for name in _used(node))
    used = Counter(_used(function))
    for statement in ast.walk(function):
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name) and 0 < used[target.id] == checked[target.id]:
                yield statement


def _used(node: ast.AST) -> list[str]:
    names = (part for part in ast.walk(node) if isinstance(part, ast.Name))
    return [name.id for name in names if isinstance(name.ctx, ast.Load)]


def _is_check(node: ast.AST) -> bool:
    """What raises unless something holds: a statement of that kind, a loop of nothing else, or a whole function."""
    if isinstance(node, ast.For):
        return all(map(_is_check, node.body))
    if isinstance(node, ast.FunctionDef):
        return node.name.lstrip("_").startswith("require")
    return isinstance(node, ast.Raise) or _is_call_of_check(node)


def _is_call_of_check(node: ast.AST) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and _called(call).lstrip("_").startswith("require")


def _is_about_libraries(node: ast.AST) -> bool:
    """What finds out which array library is meant: every case is NumPy's."""
    name = _called(node) if isinstance(node, ast.Call) else node.name if isinstance(node, ast.FunctionDef) else ""
    return name == "array_namespace"


def _called(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _span(node: ast.AST) -> Span:
    assert isinstance(node, ast.stmt | ast.expr | ast.keyword)
    return (node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)


def _within(position: Position, spans: list[Span]) -> bool:
    return any(start <= position < end for start, end in spans)


def _place(definition: str, line: int) -> tuple[str, int]:
    """The innermost function around a line, by its whole name, and its first line."""
    name, first = "", 1
    node: ast.AST | None = _tree(definition)
    while node:
        around = (child for child in ast.iter_child_nodes(node) if _surrounds(child, line))
        node = next(around, None)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            name, first = f"{name}.{node.name}".lstrip("."), node.lineno
    return name or definition, first


def _surrounds(node: ast.AST, line: int) -> bool:
    return isinstance(node, ast.stmt | ast.ExceptHandler) and node.lineno <= line <= (node.end_lineno or node.lineno)


def _tree_of(text: str) -> str | None:
    """Python's tree of a text; None when it is no Python."""
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        return None


def _tidy(line: str) -> str:
    """The line without the blanks that Cosmic Ray leaves behind."""
    return re.sub(r"(?<=[\[(]) ", "", re.sub(r" {2,}", " ", line.strip()))
