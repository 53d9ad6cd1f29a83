"""Whether anything of what a unit asks for is written in a file; nothing of it runs."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Sequence

from graders.intake.own_code import UNREADABLE, bound
from graders.sandbox.program import Piece
from graders.worker.worker import python_of

LARGEST = 256 << 10
"""Characters. The largest stub has a tenth of them; what is larger somebody wrote."""
ROUNDABOUT = frozenset({"eval", "exec", "globals", "locals", "setattr", "vars"})
"""By these a name may get a meaning that no statement shows."""


def attempted(pieces: Sequence[Piece], functions: Iterable[str]) -> bool:
    """False for a stub as it was released: none of the functions has a body, so that it can earn nothing.

    What else was written around them does not matter, nor of which version the stub is. True where it cannot be told.
    """
    asked = {function.partition(".")[0] for function in functions}
    if sum(len(piece.text) for piece in pieces) > LARGEST:
        return True
    try:
        texts = [python_of(piece.text) if piece.magics else piece.text for piece in pieces]
        return any(_attempts(node, asked) for text in texts for node in ast.parse(text).body)
    except UNREADABLE:
        return True


def _attempts(node: ast.stmt, asked: Collection[str]) -> bool:
    """Whether a statement may give one of these names a meaning of the student's own."""
    if _is_stub(node):
        return False
    used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return not used.isdisjoint(ROUNDABOUT) or not {"*", *asked}.isdisjoint(bound(node))


def _is_stub(node: ast.stmt) -> bool:
    """A function that raises NotImplementedError and does nothing else, or a class of such; docstrings do not count."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.decorator_list:
        return False
    body = [part for part in node.body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]
    if isinstance(node, ast.ClassDef):
        return all(map(_is_stub, body))
    return len(body) == 1 and _is_not_implemented(body[0])


def _is_not_implemented(node: ast.stmt) -> bool:
    raised = node.exc if isinstance(node, ast.Raise) else None
    name = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(name, ast.Name) and name.id == "NotImplementedError"
