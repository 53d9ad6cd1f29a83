"""Mutants: the reference with one operator, number or keyword replaced, and a key that outlives other edits."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider

from graders.intake.reference import Definition, module_text, read_library
from graders.misconceptions.variant import row_definitions

ARITHMETIC = {
    "Add": ("Sub", "Mul"),
    "Sub": ("Add", "Mul"),
    "Mul": ("Div", "Add", "Pow"),
    "Div": ("Mul", "FloorDiv"),
    "FloorDiv": ("Mul", "Div", "Mod"),
    "Mod": ("Mul", "FloorDiv"),
    "Pow": ("Mul", "Add"),
    "BitAnd": ("BitOr", "BitXor"),
    "BitOr": ("BitAnd", "BitXor"),
}
COMPARISONS = ("Eq", "NotEq", "Lt", "LtE", "Gt", "GtE")
OPERATORS = (
    *(f"ReplaceBinaryOperator_{old}_{new}" for old, news in ARITHMETIC.items() for new in news),
    *(f"ReplaceComparisonOperator_{old}_{new}" for old, new in permutations(COMPARISONS, 2)),
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_Invert",
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "NumberReplacer",
    "ZeroIterationForLoop",
)
"""Cosmic Ray's, less those whose mutants any call shows (shifts of floats, `is` between numbers) or that need advice."""

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

    def module(self, row: str) -> str:
        """The reference's functions of a row, this one among them."""
        original = read_library().definitions[self.definition].text
        known = row_definitions(row)
        return module_text([replace(one, text=self.text) if one.text == original else one for one in known])


@dataclass(frozen=True)
class Site:
    """Where an operator of Cosmic Ray's applies: its `occurrence`-th time in the definition, at a position."""

    definition: str
    operator: str
    occurrence: int
    start: Position

    @property
    def line(self) -> str:
        """The line it is in."""
        return _tidy(read_library().definitions[self.definition].text.split("\n")[self.start[0] - 1])

    @functools.cached_property
    def mutant(self) -> Mutant | None:
        """What becomes of the definition; None when Python sees no change."""
        original = read_library().definitions[self.definition].text
        text = mutate_code(original, operators()[self.operator], self.occurrence)
        if text is None or not _parses(text) or ast.dump(ast.parse(text)) == ast.dump(ast.parse(original)):
            return None
        place, first = _place(self.definition, self.start[0])
        before, after = original.split("\n"), text.split("\n")
        index = self.start[0] - 1
        old, new = _tidy(before[index]), _tidy(after[index])
        nth = list(map(_tidy, before[first - 1 : index + 1])).count(old)
        return Mutant(Key(place, old, new, nth), self.definition, text)


@functools.cache
def operators() -> dict[str, Operator]:
    """The operators by name."""
    provider = OperatorProvider()
    return {name: provider[name]() for name in OPERATORS}


@functools.cache
def sites(definition: str) -> tuple[Site, ...]:
    """Where a definition of the reference can be mutated, in the order of its lines."""
    known = read_library().definitions[definition]
    inside, outside = list(_mutable(known)), list(_exempt(_tree(definition)))
    nodes = list(ast_nodes(get_ast(known.text)))
    found: list[Site] = []
    for name, operator in operators().items():
        positions = [span for node in nodes for span in operator.mutation_positions(node)]
        for occurrence, (start, _end) in enumerate(positions):
            if _within(start, inside) and not _within(start, outside):
                found.append(Site(definition, name, occurrence, start))
    return tuple(sorted(found, key=lambda site: (site.start, site.operator, site.occurrence)))


def all_mutants(definition: str) -> dict[Key, Mutant]:
    """Every mutant of a definition, those that Python cannot tell apart once."""
    seen: dict[str, Mutant] = {}
    for site in sites(definition):
        if site.mutant:
            seen.setdefault(ast.dump(ast.parse(site.mutant.text)), site.mutant)
    return {mutant.key: mutant for mutant in seen.values()}


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
    """Annotations, defaults, and what only turns away wrong arguments, which no case has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from map(_span, _signature(node))
            if node.name.lstrip("_").startswith("require"):
                yield _span(node)
        elif isinstance(node, ast.AnnAssign):
            yield _span(node.annotation)
        elif isinstance(node, ast.Raise) or _is_check(node):
            yield _span(node)
        elif isinstance(node, ast.keyword) and node.arg == "strict":
            yield _span(node)


def _signature(function: ast.FunctionDef) -> Iterator[ast.expr]:
    every = function.args
    arguments = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
    yield from (argument.annotation for argument in arguments if argument and argument.annotation)
    yield from every.defaults
    yield from filter(None, (*every.kw_defaults, function.returns))


def _is_check(node: ast.AST) -> bool:
    """A call of a function that raises unless something holds, or a loop of nothing else."""
    if isinstance(node, ast.For):
        return all(map(_is_check, node.body))
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    called = node.value.func
    name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    return name.lstrip("_").startswith("require")


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


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _tidy(line: str) -> str:
    """The line without the blanks that Cosmic Ray leaves behind."""
    return re.sub(r"(?<=[\[(]) ", "", re.sub(r" {2,}", " ", line.strip()))
