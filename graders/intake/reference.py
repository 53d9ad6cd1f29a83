"""Source text out of `reference/`: the reference submission, and what stubs are made of. Nothing is imported."""

from __future__ import annotations

import ast
import functools
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from graders.intake.submission import Submission
from graders.sandbox.program import Piece
from graders.specs.unit import Unit


@dataclass(frozen=True)
class Definition:
    """A top-level statement that binds a name, with its source text and the names it uses."""

    name: str
    text: str
    uses: frozenset[str]
    node: ast.stmt


@dataclass(frozen=True)
class Library:
    """The reference as text: definitions by name, in an order in which they may follow each other."""

    definitions: dict[str, Definition]
    imports: tuple[str, ...]


def available() -> bool:
    """False in the students' install, which has no solutions."""
    return importlib.util.find_spec("reference") is not None


def reference_folder() -> Path:
    """Where the reference's source is, found without running it."""
    spec = importlib.util.find_spec("reference")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package `reference` is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


@functools.cache
def read_library() -> Library:
    """Parse every module of the reference."""
    folder = reference_folder()
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    trees = {name: ast.parse(source) for name, source in sources.items() if name != "__init__"}
    definitions: dict[str, Definition] = {}
    imports: dict[str, None] = {}
    for module in _in_order(trees):
        for node in trees[module].body:
            if _is_foreign_import(node):
                imports[ast.unparse(node)] = None
            for definition in _definitions(node, sources[module]):
                definitions[definition.name] = definition
    return Library(definitions, tuple(imports))


def _siblings(tree: ast.Module) -> list[str]:
    return [
        node.module.partition(".")[2]
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("reference.")
    ]


def _in_order(trees: dict[str, ast.Module]) -> list[str]:
    """Modules, each after those it imports from."""
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in ordered:
            for sibling in _siblings(trees[name]):
                visit(sibling)
            ordered[name] = None

    for name in trees:
        visit(name)
    return list(ordered)


def _is_foreign_import(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return True
    return isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("reference")


def _definitions(node: ast.stmt, source: str) -> Iterator[Definition]:
    names: list[str] = []
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        names = [node.name]
    elif isinstance(node, ast.Assign):
        names = [part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)]
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        names = [node.target.id]
    uses = frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
    for name in names:
        yield Definition(name, _text(node, source), uses, node)


def _text(node: ast.stmt, source: str) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return "\n".join(source.split("\n")[first - 1 : node.end_lineno])


def closure(names: Iterable[str]) -> list[Definition]:
    """The definitions of `names` and of everything of ours they use, in order; KeyError names what is missing."""
    library = read_library()
    wanted: set[str] = set()
    queue = list(names)
    for name in queue:
        if name not in library.definitions:
            raise KeyError(f"reference/ defines no {name}")
    while queue:
        name = queue.pop()
        if name in library.definitions and name not in wanted:
            wanted.add(name)
            queue += library.definitions[name].uses
    return [definition for name, definition in library.definitions.items() if name in wanted]


def module_text(definitions: list[Definition]) -> str:
    """A module of these definitions and the imports they may need."""
    used = frozenset().union(*(definition.uses for definition in definitions))
    imports = [line for line in read_library().imports if used & _bound(line)]
    return (
        "\n".join(imports)
        + "\n\n\n"
        + "\n\n\n".join(dict.fromkeys(definition.text for definition in definitions))
        + "\n"
    )


def _bound(statement: str) -> set[str]:
    """Names an import statement binds."""
    node = ast.parse(statement).body[0]
    assert isinstance(node, ast.Import | ast.ImportFrom)
    return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}


def reference_source(unit: Unit) -> str:
    """The unit's reference solution as one file, as a student would hand it in."""
    return module_text(closure(unit.functions))


def reference_submission(unit: Unit) -> Submission:
    """The reference as a submission, graded like any other."""
    return Submission("reference", unit.file, (Piece("", reference_source(unit)),), "reference")
