"""The part of a submission that a task is about: its functions and what of the same file they use; nothing runs."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from graders.sandbox.program import Piece
from graders.worker.worker import python_of

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What parsing text that somebody else wrote may raise."""


@dataclass(frozen=True)
class Statement:
    """A statement of a submission's top level.

    text: as it stands there. label: of its cell, "" in a file. line: in that cell or file. binds: names that it gives a
    meaning. uses: names that stand in it.
    """

    text: str
    label: str
    line: int
    binds: frozenset[str]
    uses: frozenset[str]
    node: ast.stmt


def statements(pieces: Sequence[Piece]) -> Iterator[Statement]:
    """The statements in order, without those of cells that are no Python."""
    for piece in pieces:
        text = python_of(piece.text) if piece.magics else piece.text
        try:
            body = ast.parse(text).body
        except UNREADABLE:
            continue
        lines = text.split("\n")
        for node in body:
            first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
            own = "\n".join(lines[first - 1 : node.end_lineno])
            yield Statement(own, piece.label, first, frozenset(bound(node)), frozenset(_used(node)), node)


def own_code(pieces: Sequence[Piece], functions: Iterable[str]) -> list[Statement]:
    """What binds these functions ("Model" for "Model.fit") and all names that they use, in order.

    A function that is defined again further down is left out where it stands first.
    """
    found = list(statements(pieces))
    last = {name: number for number, one in enumerate(found) if _defines(one) for name in one.binds}
    alive = [one for number, one in enumerate(found) if not _defines(one) or any(last[n] == number for n in one.binds)]
    wanted: set[str] = set()
    queue = [function.partition(".")[0] for function in functions]
    while queue:
        name = queue.pop()
        if name not in wanted:
            wanted.add(name)
            queue += itertools.chain.from_iterable(one.uses for one in alive if name in one.binds)
    return [one for one in alive if one.binds & wanted]


def missing(code: Iterable[Statement], functions: Iterable[str]) -> list[str]:
    """The functions among these that no statement binds."""
    bound = frozenset().union(*(one.binds for one in code))
    return [function for function in functions if function.partition(".")[0] not in bound]


def whole_text(code: Sequence[Statement]) -> str:
    """The statements as one module: imports together, two lines between everything else."""
    imports = [one.text for one in code if isinstance(one.node, ast.Import | ast.ImportFrom)]
    others = [one.text for one in code if not isinstance(one.node, ast.Import | ast.ImportFrom)]
    blocks = ["\n".join(dict.fromkeys(imports)), *others]
    return "\n\n\n".join(filter(None, blocks)) + "\n" if code else ""


def _defines(one: Statement) -> bool:
    return isinstance(one.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _used(node: ast.stmt) -> Iterator[str]:
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def bound(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds where it stands, also inside `if` and `try`; what functions bind is their own."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store()):  # Model.fit = fit
            yield name
        case ast.Lambda():
            return
        case _:
            for child in ast.iter_child_nodes(node):
                yield from bound(child)
