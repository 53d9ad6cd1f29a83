"""A student's functions without the student: no comments, no docstrings, no name of theirs in identifiers or texts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graders.i18n import _
from graders.intake.own_code import UNREADABLE, missing, own_code
from graders.names import CAMEL, RUN, Names
from graders.sandbox.program import Piece

BEGUN, INSIDE = 3, 4
"""Letters that a name has to have to be looked for at the start of other words, and within them."""
TYPE_PARAMETERS = tuple(
    getattr(ast, name)
    for name in ("TypeVar", "ParamSpec", "TypeVarTuple")
    if hasattr(ast, name)  # from 3.12 on
)


class WheatError(Exception):
    """Why a submission cannot become a wheat, in a sentence."""


@dataclass(frozen=True)
class Anonymous:
    """The functions of a task, and how often something of the student's was taken out of them."""

    text: str
    changed: int


def anonymous(pieces: tuple[Piece, ...], functions: Iterable[str], named: Iterable[str], known: str) -> Anonymous:
    """The functions with what of the submission they use, written out anew.

    Args:
        named: what the student is called: name, mail, number.
        known: text whose words give nobody away, though somebody may be called so: the reference's.
    """
    functions = list(functions)
    code = own_code(pieces, functions)
    if absent := missing(code, functions):
        raise WheatError(_("the submission does not define {names}").format(names=", ".join(absent)))
    tree = ast.Module([one.node for one in code], [])
    cleaner = _Cleaner(tree, {function.partition(".")[0] for function in functions}, _Names(named, known))
    try:
        text = ast.unparse(ast.fix_missing_locations(cleaner.visit(tree)))
        ast.parse(text)
    except UNREADABLE as error:
        raise WheatError(_("its functions cannot be written out: {reason}").format(reason=error)) from None
    return Anonymous(spaced(text), cleaner.changed)


def spaced(text: str) -> str:
    """With two lines before everything that is defined."""
    return re.sub(r"\n+(?=@|def |class |async def )(?<!@)", "\n\n\n", text.strip()) + "\n"


class _Names:
    """What a student is called, and whether something else says it: more is found than in texts that are read.

    In code another name costs nothing, so that a name is also looked for at the start of other words ("adas"), and a
    longer one within them ("mylovelace"), unless it is a word of the reference's.
    """

    def __init__(self, named: Iterable[str], known: str) -> None:
        common = {word.casefold() for word in words_of(known)}
        self.names = Names(named, known=common)
        self.words = {word for word in self.names.words - common if len(word) >= BEGUN}
        self.numbers = self.names.numbers

    def said_in(self, text: str) -> bool:
        """Whether one of the names, or a number, stands in a text or identifier."""
        words = [word.casefold() for word in words_of(text)]
        together = "".join(words)
        begun = any(word.startswith(name) for word in words for name in self.words)
        inside = any(name in together for name in self.words if len(name) >= INSIDE)
        return begun or inside or any(number in text for number in self.numbers) or self.names.said_in(text)


def words_of(text: str) -> list[str]:
    """The words of a text or identifier: "maxPool_2" has "max" and "Pool"."""
    return [word for run in RUN.findall(text) for word in CAMEL.findall(run)]


class _Cleaner(ast.NodeTransformer):
    """Takes out docstrings and the student's names. changed: how often it was a name."""

    def __init__(self, tree: ast.AST, kept: set[str], names: _Names) -> None:
        self.names, self.changed = names, 0
        bound = sorted({name for node in ast.walk(tree) for name in _binds(node)} - kept)
        telling = [name for name in bound if names.said_in(name)]
        free = (f"name_{number}" for number in range(1, len(bound) + len(telling) + 1))
        unused = (name for name in free if name not in bound)
        self.renamed = dict(zip(telling, unused, strict=False))

    def visit(self, node: ast.AST) -> ast.AST:
        """The node with new names; texts that stand by themselves are comments, and go."""
        for field in ("id", "arg", "name", "attr", "asname", "rest"):
            if (new := self.renamed.get(str(getattr(node, field, "")))) is not None:
                setattr(node, field, new)
                self.changed += 1
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [self.renamed.get(name, name) for name in node.names]
        if isinstance(node, ast.MatchClass):  # attributes, which are called otherwise now
            node.kwd_attrs = [self.renamed.get(name, name) for name in node.kwd_attrs]
        self.generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and block:
                left = [one for one in block if not _is_text(one)]
                setattr(node, field, left or ([] if isinstance(node, ast.Module) else [ast.Pass()]))
        return self._constant(node) if isinstance(node, ast.Constant) else node

    def _constant(self, node: ast.Constant) -> ast.Constant:
        value = node.value
        if isinstance(value, str) and self.names.said_in(value):
            self.changed += 1
            return ast.Constant("...")
        if isinstance(value, bytes) and self.names.said_in(value.decode("utf-8", "replace")):
            self.changed += 1
            return ast.Constant(b"...")
        if isinstance(value, int) and not isinstance(value, bool) and str(value) in self.names.numbers:
            self.changed += 1
            return ast.Constant(0)
        return node


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _binds(node: ast.AST) -> Iterator[str]:
    """Identifiers that the submission itself has made up."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield name
        case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
        case _ if isinstance(node, TYPE_PARAMETERS):
            yield node.name
