"""Files of a course as they were handed in: their text, what they define, and which of them belong together."""

from __future__ import annotations

import ast
import codecs
import functools
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.contracts.prelude import OLD_NUMPY, OLD_PACKAGES, OLD_PYTHON
from graders.contracts.python2 import readable
from graders.i18n import _
from graders.intake.notebook import code_cells
from graders.intake.source import MAX_BYTES, IntakeError, decode
from graders.intake.submission import NOTEBOOK_BYTES
from graders.sandbox.program import Piece

ENTRIES = 400
"""Files of a folder that are looked at, at most: more is no student's folder."""
SIBLING_BYTES = 2 << 20
"""What all siblings of a file may take together."""
EMPTY_CALLS = frozenset(
    ("get", "setdefault", "pop", "len", "print", "zeros", "zeros_like", "ones", "ones_like", "astype", "seed")
)
"""Calls that a course's unfilled function makes itself, beside those that raise."""
EMPTY_ARRAYS = frozenset(("zeros", "zeros_like", "list", "dict"))
NOT_WRITTEN = ("NotImplementedError", "NotImplemented")
GIVEN_MODULES = ("numpy", "np")


@dataclass(frozen=True)
class CourseFile:
    """One file. pieces: its source; problem: why it cannot be read, "" when it can. python2: read as Python 2."""

    path: Path
    pieces: tuple[Piece, ...] = ()
    problem: str = ""
    python2: bool = False

    @property
    def text(self) -> str:
        """The whole source, of a notebook all code cells."""
        return "\n".join(piece.text for piece in self.pieces)

    @property
    def stem(self) -> str:
        """The name by which others import it."""
        return self.path.stem

    @functools.cached_property
    def statements(self) -> list[ast.stmt]:
        """Every top-level statement of every piece that parses."""
        return [node for piece in self.pieces for node in _parsed(piece.text)]

    @functools.cached_property
    def definitions(self) -> Mapping[str, ast.FunctionDef]:
        """Functions defined at the top, and methods as "Linear.forward"."""
        return dict(_definitions(self.statements))

    @functools.cached_property
    def defined(self) -> frozenset[str]:
        """Names of functions and methods; also where the file does not parse."""
        return frozenset(self.definitions) | frozenset(_names_by_indentation(self.text) if self.broken else ())

    def line_of(self, name: str) -> int:
        """Where a function is defined; 0 where it cannot be told."""
        return self.definitions[name].lineno if name in self.definitions and len(self.pieces) == 1 else 0

    @functools.cached_property
    def imports(self) -> Mapping[str, str]:
        """Names that the top of the file imports, each with its module."""
        found: dict[str, str] = {}
        for node in self._importing:
            for alias in node.names:
                module = alias.name if isinstance(node, ast.Import) else node.module or ""
                found[alias.asname or alias.name.partition(".")[0]] = module
        return found

    @functools.cached_property
    def modules(self) -> frozenset[str]:
        """Every part of the names of the modules that it imports."""
        found = [
            *(alias.name for node in self._importing if isinstance(node, ast.Import) for alias in node.names),
            *(node.module or "" for node in self._importing if isinstance(node, ast.ImportFrom)),
        ]
        return frozenset(part for name in found for part in name.split(".") if part)

    @property
    def _importing(self) -> Iterator[ast.Import | ast.ImportFrom]:
        for node in self.statements:
            inner = node.body if isinstance(node, ast.Try) else [node]
            yield from (one for one in inner if isinstance(one, ast.Import | ast.ImportFrom))

    @functools.cached_property
    def bound(self) -> frozenset[str]:
        """Names that the file itself defines at the top or assigns anywhere."""
        tops = (getattr(node, "name", "") for node in self.statements)
        inner = (one for node in self.statements for one in ast.walk(node))
        stored = (one.id for one in inner if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
        return frozenset((*tops, *stored))

    @property
    def broken(self) -> bool:
        """Whether some piece does not parse."""
        return any(piece.text.strip() and not _parsed(piece.text) for piece in self.pieces)

    def unfilled(self, name: str) -> bool:
        """Whether a function computes nothing, as the course hands it out."""
        return name in self.definitions and _computes_nothing(self.definitions[name])

    def blank(self, name: str) -> bool:
        """Whether a function returns nothing but what stands in the handout: literals, zeros, empty lists."""
        return name in self.definitions and _returns_literals(self.definitions[name])

    def old_names(self) -> Iterator[str]:
        """Names of Python 2 and of old NumPy that the file uses."""
        for node in (inner for statement in self.statements for inner in ast.walk(statement)):
            if isinstance(node, ast.Name) and node.id in OLD_PYTHON and not self._imported_today(node.id):
                yield node.id
            elif isinstance(node, ast.Attribute) and node.attr in _GONE and _is_numpy(node.value):
                yield f"np.{node.attr}"

    def _imported_today(self, name: str) -> bool:
        return name in self.imports and self.imports[name].partition(".")[0] not in (*OLD_PACKAGES, "builtins")


_GONE = frozenset(OLD_NUMPY)


def _is_numpy(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in GIVEN_MODULES


def _parsed(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _definitions(statements: Iterable[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in statements:
        if isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef) and not prefix:
            yield from _definitions(node.body, f"{node.name}.")
        elif isinstance(node, ast.If | ast.With | ast.Try):
            inner = [*node.body, *getattr(node, "orelse", ())]
            inner += [stmt for handler in getattr(node, "handlers", ()) for stmt in handler.body]
            yield from _definitions(inner, prefix)


def _names_by_indentation(text: str) -> Iterator[str]:
    """What a file that does not parse seems to define."""
    within = ""
    for kind, name in re.findall(r"^(class|def|[ \t]+def)[ \t]+(\w+)", text, re.MULTILINE):
        if kind == "class":
            within = f"{name}."
        elif kind == "def":
            within = ""
            yield name
        elif within:
            yield within + name


def _computes_nothing(function: ast.FunctionDef) -> bool:
    """No arithmetic, no loop, no call but those a course's own frame makes, and a place left to fill."""
    if not any(_left_open(node) for node in ast.walk(function)):
        return False
    raised = {id(inner) for node in ast.walk(function) if isinstance(node, ast.Raise) for inner in ast.walk(node)}
    for node in ast.walk(function):
        if id(node) in raised:
            continue
        if isinstance(node, ast.BinOp | ast.AugAssign | ast.For | ast.While | ast.comprehension):
            return False
        if isinstance(node, ast.Call) and _called(node) not in EMPTY_CALLS:
            return False
    return True


def _returns_literals(function: ast.FunctionDef) -> bool:
    """No arithmetic and no loop; and every name that is returned was only ever given a literal or an empty array."""
    given: dict[str, list[ast.expr]] = defaultdict(list)
    returned: list[ast.expr] = []
    for node in ast.walk(function):
        if isinstance(node, ast.BinOp | ast.AugAssign | ast.For | ast.While | ast.comprehension | ast.Lambda):
            return False
        if isinstance(node, ast.Return) and node.value is not None:
            returned += node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        if isinstance(node, ast.Assign):
            for target, value in _assigned(node):
                given[target].append(value)
    names = [given[one.id] if isinstance(one, ast.Name) else [one] for one in returned]
    return bool(names) and all(values and all(map(_is_literal, values)) for values in names)


def _assigned(node: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    """Names with what they are given, also `a, b = 1, []`."""
    for target in node.targets:
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=False))
        yield from ((name.id, value) for name, value in pairs if isinstance(name, ast.Name))


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return _called(node) in EMPTY_ARRAYS
    return isinstance(node, ast.Constant) or ast.unparse(node) in ("[]", "{}")


def _left_open(node: ast.AST) -> bool:
    nothing = isinstance(node, ast.Constant) and node.value in (None, ...)
    return nothing or isinstance(node, ast.Pass) or (isinstance(node, ast.Name) and node.id in NOT_WRITTEN)


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", None) or getattr(call.func, "id", ""))


# --- reading ---


def read_file(path: Path) -> CourseFile:
    """Read one file; never raises for what may stand in it."""
    try:
        data = _bytes(path)
        if not data.strip():
            raise IntakeError(_("{name} is empty").format(name=path.name))
        if path.name.lower().endswith(".ipynb"):
            return CourseFile(path, code_cells(data))
        text = decoded(data)
        modern = readable(text)
        return CourseFile(path, (Piece("", modern),), python2=modern != text)
    except IntakeError as error:
        return CourseFile(path, problem=str(error))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return CourseFile(path, problem=_("it cannot be read: {reason}").format(reason=reason))


def decoded(data: bytes) -> str:
    """The source. What is not UTF-8 and does not say so has such bytes in comments, as a rule: they become Latin-1."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", "replace").encode()
    try:
        return decode(data)
    except IntakeError:
        if b"\0" in data:
            raise
        return data.decode("latin-1").replace("\r\n", "\n")


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise IntakeError(_("{name} is not a regular file").format(name=path.name))
    limit = NOTEBOOK_BYTES if path.name.lower().endswith(".ipynb") else MAX_BYTES
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise IntakeError(_("{name} is larger than {limit} KiB").format(name=path.name, limit=limit >> 10))
    return data


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and every .py file and notebook in the folders named."""
    found = [inner for path in paths for inner in (_inside(path) if path.is_dir() else [path])]
    return list(dict.fromkeys(found))


def _inside(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        yield from (Path(root, name) for name in sorted(names) if _is_source(name))


def _is_source(name: str) -> bool:
    return name.lower().endswith((".py", ".ipynb")) and not name.startswith(".")


# --- siblings ---


def siblings(file: CourseFile, others: Sequence[CourseFile]) -> dict[str, str]:
    """Texts by stem of the files that this one may import: of its own project, and those that lie beside it."""
    root = project_root(file, others)
    given = [one for one in others if one.path.resolve().is_relative_to(root)]
    near = sorted(given, key=lambda one: -len(os.path.commonpath([one.path.resolve(), file.path.resolve()])))
    texts: dict[str, str] = {}
    room = SIBLING_BYTES
    for one in (*near, *beside(file.path.parent.resolve())):
        importable = one.path.suffix == ".py" and one.stem.isidentifier() and one.stem != "__init__"
        if importable and one.path.resolve() != file.path.resolve() and len(one.text) <= room:
            room -= len(one.text) if one.stem not in texts else 0
            texts.setdefault(one.stem, one.text)
    return texts


def project_root(file: CourseFile, others: Sequence[CourseFile]) -> Path:
    """The widest folder around a file in which no two of the files have the same name: one student's work."""
    root = file.path.parent.resolve()
    for parent in root.parents:
        stems = Counter(one.stem for one in others if one.path.resolve().is_relative_to(parent))
        stems.pop("__init__", None)
        if max(stems.values(), default=0) > 1:
            break
        root = parent
    return root


@functools.lru_cache(maxsize=64)
def beside(folder: Path) -> tuple[CourseFile, ...]:
    """The Python files of a folder."""
    try:
        names = sorted(entry for entry in os.listdir(folder) if entry.endswith(".py"))
    except OSError:
        return ()
    return tuple(read_file(folder / name) for name in names) if len(names) <= ENTRIES else ()


def packages_named(texts: Iterable[str], stems: Iterable[str]) -> set[str]:
    """Every part of a dotted name on the way to one of the stems: folders the student kept the files in."""
    known = set(stems)
    paths = (
        found.split(".") for text in texts for found in re.findall(r"(?:from|import)\s+([A-Za-z_][\w.]*\.\w+)", text)
    )
    return {part for path in paths if path[-1] in known for part in path[:-1]}
