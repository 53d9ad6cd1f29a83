"""Python 2: print statements, tabs that count eight columns, and `/` that divides integers without a rest."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from graders.contracts.judge import NAMESPACE

NEEDS_AN_INTEGER = re.compile(
    "cannot be interpreted as an integer|slice indices must be integers|can't multiply sequence by non-int"
    "|only integers, slices|arrays used as indices must be of integer"
    "|must be of integral type|Cannot cast array data from dtype.'float64'. to dtype.'int"
)
NEEDS_A_LIST = re.compile("['\"](map|zip|filter|range|dict_(keys|values|items))['\"]")


CONVENTION = "Python 2: / divides integers, map and range give lists"


def looks_old(texts: Iterable[str]) -> bool:
    """Whether a function ends where Python 3 meets a float that was an integer in Python 2, or no list."""
    return any(NEEDS_AN_INTEGER.search(text) or NEEDS_A_LIST.search(text) for text in texts)


def with_old_division(text: str) -> str:
    """The source with every `a / b` as a call that divides as Python 2 did; lines keep their numbers."""
    if re.search(r"^from __future__ import .*\bdivision\b", text, re.MULTILINE):
        return text
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    lines = [line.encode() for line in text.split("\n")]
    edits = [edit for node in nodes for edit in _edits(node, lines)]
    # From the end to the start, so that places before an edit stay; where two meet, what opens outermost comes first.
    for line, column, length, _order, new in sorted(edits, reverse=True):
        lines[line] = lines[line][:column] + new.encode() + lines[line][column + length :]
    return b"\n".join(lines).decode()


Edit = tuple[int, int, int, int, str]


def _edits(node: ast.AST, lines: list[bytes]) -> Iterator[Edit]:
    """Line, column, what is replaced, order among edits of one place, and the new text."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
        return
    left, right = node.left, node.right
    assert left.end_lineno is not None
    assert left.end_col_offset is not None
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    line, column = _slash(lines, left.end_lineno - 1, left.end_col_offset, right.lineno - 1)
    if line < 0:
        return
    width = node.end_lineno * 10**6 + node.end_col_offset
    start = node.lineno * 10**6 + node.col_offset
    yield node.lineno - 1, node.col_offset, 0, -width, f"{NAMESPACE}.divided(("
    yield line, column, 1, 0, "),("
    yield node.end_lineno - 1, node.end_col_offset, 0, -start, "))"


def _slash(lines: list[bytes], line: int, column: int, last: int) -> tuple[int, int]:
    """Where the operator stands: behind the left side, outside comments."""
    while line <= last:
        code = lines[line].partition(b"#")[0] if b"#" in lines[line][column:] else lines[line]
        found = code.find(b"/", column)
        if found >= 0:
            return line, found
        line, column = line + 1, 0
    return -1, -1


# --- syntax ---

STATEMENTS = (
    (re.compile(r"^(\s*)print\s*$"), r"\1print()"),
    (re.compile(r"^(\s*)print\s*>>\s*[\w.]+\s*,\s*(.+?)$"), r"\1print(\2)"),
    (re.compile(r"^(.*?[:;]\s*|\s*)print[ \t]+(?![=(])(.+?),?\s*(#.*)?$"), r"\1print(\2)"),
    (re.compile(r"^(.*?[:;]\s*|\s*)print\s*(\(.*[^)\s]|[\"'].*)\s*$"), r"\1print(\2)"),
    (re.compile(r"^(\s*except\s+[\w.]+)\s*,\s*(\w+)\s*:"), r"\1 as \2:"),
    (re.compile(r"^(\s*raise\s+[\w.]+)\s*,\s*(.+)$"), r"\1(\2)"),
)
"""Lines of Python 2, and the same in Python 3."""
OLD_METHODS = re.compile(r"(?<!\bsix)(?<!\butils)\.iter(items|values|keys)\(")
"""Methods of dictionaries."""


def readable(text: str) -> str:
    """The source as Python 3 reads it: what Python 2 wrote otherwise is changed, where that helps."""
    text = OLD_METHODS.sub(r".\1(", text)
    if parses(text):
        return text
    expanded = "\n".join(_expanded(line) for line in text.split("\n"))
    if parses(expanded):
        return expanded
    changed = "\n".join(_statement(line) for line in expanded.split("\n"))
    return changed if parses(changed) else text


def parses(text: str) -> bool:
    """Whether Python 3 can read it."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _expanded(line: str) -> str:
    code = line.lstrip(" \t")
    return line[: len(line) - len(code)].expandtabs(8) + code


def _statement(line: str) -> str:
    for old, new in STATEMENTS:
        if old.match(line):
            return old.sub(new, line)
    return line
