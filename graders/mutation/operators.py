"""What is changed: Cosmic Ray's operators that suit numerical code, and some of our own for what students forget."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

from cosmic_ray.ast import ast_nodes
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python.tree import Name

Span = tuple[tuple[int, int], tuple[int, int]]

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
THEIRS = (
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
"""Cosmic Ray's, less those whose mutants any call shows: shifts of floats, `is` between numbers."""


NO_VALUES = ("self", "xp", "_")


class DropOperand(Operator):  # type: ignore[misc]
    """Forgets a term of a sum or a factor of a product."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        """Every operand but a first one that the operator after it needs."""
        yield from (_span(node.children[index]) for index in self._operands(node))

    def mutate(self, node: Any, index: int) -> Any:
        """The node without the operand and its operator."""
        place = self._operands(node)[index]
        kept = [*node.children[: max(place - 1, 0)], *node.children[place + 1 + (place == 0) :]]
        return _instead(node, kept)

    @staticmethod
    def _operands(node: Any) -> list[int]:
        if node.type not in ("arith_expr", "term"):
            return []
        first = [0] if node.children[1].value in ("+", "-", "*", "@") else []
        return [*first, *range(2, len(node.children), 2)]

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Of what it does."""
        return (Example("x = a + b * c", "x = b * c"), Example("x = a + b - c", "x = a + b", occurrence=2))


class DropKeyword(Operator):  # type: ignore[misc]
    """Forgets a keyword argument of a call."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        """Every `name=value` of a call."""
        yield from (_span(node.children[index]) for index in self._keywords(node))

    def mutate(self, node: Any, index: int) -> Any:
        """The call without it, and without a comma."""
        place = self._keywords(node)[index]
        start = place - (node.children[place - 1].type == "operator" and node.children[place - 1].value == ",")
        return _instead(node, [*node.children[:start], *node.children[place + 1 :]])

    @staticmethod
    def _keywords(node: Any) -> list[int]:
        if node.type not in ("arglist", "trailer"):
            return []
        return [index for index, part in enumerate(node.children) if _is_keyword(part)]

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Of what it does."""
        return (Example("f(x, axis=1)", "f(x)"), Example("f(axis=1)", "f()"))


class DropStatement(Operator):  # type: ignore[misc]
    """Forgets an assignment, or a call for its effect."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        """Assignments to what has a value already, and calls."""
        if self._forgettable(node):
            yield _span(node)

    def mutate(self, node: Any, index: int) -> Any:
        """`pass` in its stead."""
        return _named("pass", node)

    @staticmethod
    def _forgettable(node: Any) -> bool:
        if node.parent is None or node.parent.type != "simple_stmt":
            return False
        if node.type == "expr_stmt":
            named = [name.value for name in node.get_defined_names()]
            return not named or any(name in _variables(node) for name in named)
        return node.type in ("atom_expr", "power")

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Of what it does."""
        return (Example("def f(x):\n    x += 1\n", "def f(x):\n    pass\n"), Example("f(x)\n", "pass\n"))


class NextName(Operator):  # type: ignore[misc]
    """Takes one variable for another: each for the one that got its value next."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        """Every use of a variable of the function's own."""
        if self._next(node):
            yield _span(node)

    def mutate(self, node: Any, index: int) -> Any:
        """The other name."""
        return _named(self._next(node), node)

    @staticmethod
    def _next(node: Any) -> str:
        if node.type != "name" or node.is_definition() or _is_label(node):
            return ""
        own = next((names for names in _comprehended(node) if node.value in names), None) or _variables(node)
        names = [name for name in own if name not in NO_VALUES]
        return names[(names.index(node.value) + 1) % len(names)] if node.value in names and len(names) > 1 else ""

    @classmethod
    def examples(cls) -> Sequence[Example]:
        """Of what it does."""
        return (Example("def f(x, w):\n    return x", "def f(x, w):\n    return w"),)


@functools.cache
def operators() -> dict[str, Operator]:
    """The operators by name."""
    provider = OperatorProvider()
    ours = (DropOperand, DropKeyword, DropStatement, NextName)
    return {**{name: provider[name]() for name in THEIRS}, **{one.__name__: one() for one in ours}}


# --- reading parso's trees ---


def _span(node: Any) -> Span:
    return node.start_pos, node.end_pos


def _instead(node: Any, children: Sequence[Any]) -> Any:
    """A node of the same kind with other children; its only one where the grammar has no node of one."""
    other = children[0] if len(children) == 1 else type(node)(node.type, list(children))
    other.parent = node.parent
    return other


def _named(name: str, node: Any) -> Any:
    other = Name(name, node.start_pos, node.get_first_leaf().prefix)
    other.parent = node.parent
    return other


def _is_keyword(node: Any) -> bool:
    return node.type == "argument" and getattr(node.children[1], "value", "") == "="


def _is_label(name: Any) -> bool:
    """Whether a name is an attribute's, or a keyword argument's."""
    before, parent = name.get_previous_leaf(), name.parent
    return getattr(before, "value", "") == "." or (_is_keyword(parent) and parent.children[0] is name)


def _variables(node: Any) -> list[str]:
    """The function's own variables that have a value before a node, in the order in which they got it."""
    function = node.search_ancestor("funcdef")
    if function is None:
        return []
    parameters = [parameter.name.value for parameter in function.get_params()]
    bound = [name.value for name in _names(function.children[-1]) if _is_bound(name) and name.end_pos < node.start_pos]
    return list(dict.fromkeys([*parameters, *bound]))


def _is_bound(name: Any) -> bool:
    inside = name.search_ancestor("sync_comp_for", "comp_for", "lambdef")
    return bool(name.is_definition()) and inside is None and not _is_label(name)


def _comprehended(node: Any) -> Iterator[list[str]]:
    """The variables of every comprehension around a node, the innermost first."""
    while node := node.parent:
        last = node.children[-1]
        if last.type in ("sync_comp_for", "comp_for"):
            yield [name.value for name in _names(last) if name.is_definition()]


def _names(node: Any) -> Iterator[Any]:
    return (leaf for leaf in ast_nodes(node) if leaf.type == "name")
