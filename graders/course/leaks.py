"""What must not be in what students are given: lines of solutions, the course's secret, cases that follow from it.

`find` looks into files, folders, archives, notebooks and pages, through the forms in which a text can be wrapped: JSON
strings, HTML, base64, UTF-16. Whatever it cannot look into is a leak as well, for nobody can say that there is none;
only pictures, PDF and fonts are taken for what they are, and searched for what stands in them in plain.
"""

from __future__ import annotations

import ast
import base64
import binascii
import bz2
import codecs
import contextlib
import functools
import gzip
import html
import io
import itertools
import json
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from graders.cases import arguments, draw_cases, edge_cases, hostile_cases
from graders.exam import Exam, drawn_cases
from graders.i18n import _
from graders.intake.reference import closure, reference_folder
from graders.secrets import PUBLIC, Secret
from graders.specs import TASKS, find_unit, unit_names
from graders.specs.row import Row
from graders.specs.unit import Unit

Kind = Literal["solution", "secret", "case", "unreadable"]

SHORTEST = 10
"""Characters of a line, without its spaces, that says anything."""
LONG_ENOUGH = 28
"""A line this long is found in the middle of another text too, not only where it stands by itself."""
DEEPEST = 5
"""Archives in archives, and texts wrapped in texts."""
LARGEST = 256 << 20
"""Bytes of one file that are looked at."""
COMPILED = (".pyc", ".pyo", ".pyd")
SHOWN = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"%PDF-",
    b"wOFF",
    b"wOF2",
    b"OTTO",
)
"""How pictures, PDF and fonts begin, which handouts are made of."""
ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh", b"\xde\x12\x04\x95")
"""How files begin that hold others, or are compressed, and catalogues of translations; a tar says so later on."""
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""How a text begins that is no UTF-8; the longer mark first, for it begins like the shorter one."""
UNREADABLE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
)
"""What comes of an archive that is broken or locked."""
_UNPRINTED = bytes(set(range(32)) - set(b"\b\t\n\f\r\x1b"))
"""Characters that no text has."""
FAMILIES = ("main", "edges", "float32", "stability", "linearity", "batch", "purity")
"""Of properties; each has arrays of its own."""
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<[^<>]*>")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4}){10,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?|-?\d+e[+-]?\d+")
_QUOTED = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Leak:
    """Something that gives an answer away.

    place: the file, and after ` > ` what is in it. line: 0 where there is none. owner: whose solution it is.
    """

    kind: Kind
    place: str
    line: int = 0
    text: str = ""
    owner: str = ""

    def __str__(self) -> str:
        where = f"{self.place}:{self.line}" if self.line else self.place
        words = {
            "solution": _("{where}: a line of the solution of {owner}: {text}"),
            "secret": _("{where}: the course's secret"),
            "case": _("{where}: numbers of a case that is kept: {text}"),
            "unreadable": _("{where}: this cannot be searched"),
        }
        return words[self.kind].format(where=where, owner=self.owner, text=self.text)


@dataclass(frozen=True)
class Answers:
    """What to look for: owners of lines without spaces, forms of secrets, neighbouring numbers of hidden cases."""

    lines: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[bytes, ...] = ()
    pairs: frozenset[tuple[str, str]] = frozenset()


# --- what to look for ---


def answers(given: Iterable[str] | None = None, secret: Secret | None = None, units: Iterable[Unit] = ()) -> Answers:
    """Everything that must be kept.

    Args:
        given: the tasks that come solved, which is no leak; by default those that any unit gives.
        secret: the course's, if that is to be looked for as well; with it, the cases of `units`.
    """
    keys, pairs = (secret_forms(secret) if secret else ()), frozenset[tuple[str, str]]()
    if secret:
        pairs = frozenset(itertools.chain.from_iterable(hidden_pairs(unit, secret) for unit in units))
    return Answers(solution_lines(given), keys, pairs)


def solution_lines(given: Iterable[str] | None = None) -> dict[str, str]:
    """The lines of the reference that say something, each with its function, but for what is given."""
    if given is None:
        given = {name for unit in unit_names() for name in find_unit(unit).given}
    known = "\n".join(_given_lines(given))
    return {line: owner for line, owner in _reference_lines().items() if line not in known}


@functools.cache
def _reference_lines() -> dict[str, str]:
    folder, owners = reference_folder(), dict[str, str]()
    for path in (*sorted(folder.glob("*.py")), *sorted((folder / "fast").glob("*.py"))):
        for owner, line in _lines_of(path.read_text(encoding="utf-8")):
            owners.setdefault(line, owner)
    return owners


def _given_lines(given: Iterable[str]) -> Iterator[str]:
    tasks = {task.name: task for tasks in TASKS.values() for task in tasks}
    names = [function for name in given for function in tasks[name].functions]
    for definition in closure(names):
        yield from map(_bare, definition.text.split("\n"))


def _lines_of(source: str) -> Iterator[tuple[str, str]]:
    """Function, and line without spaces, of what is told in the functions of a module."""
    lines = source.split("\n")
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef):
            for statement in ast.walk(function):
                if isinstance(statement, ast.stmt) and _tells(statement):
                    for line in lines[statement.lineno - 1 : statement.end_lineno]:
                        if len(bare := _bare(line)) >= SHORTEST:
                            yield function.name, bare


def _tells(statement: ast.stmt) -> bool:
    """Whether a statement computes anything: it is no check, no header, no list of names."""
    if isinstance(statement, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom):
        return False
    value = getattr(statement, "value", None)
    if hasattr(statement, "body") or (isinstance(value, ast.Call) and _calls_by_name(value)):
        return False
    return any(isinstance(part, ast.BinOp | ast.Call | ast.Subscript) for part in ast.walk(statement))


def _calls_by_name(call: ast.Call) -> bool:
    """Whether a call is one that handouts show or that checks arguments: `state = adam_init(params)`."""
    if not isinstance(call.func, ast.Name):
        return False
    plain = all(isinstance(part, ast.Name | ast.Constant) for part in (*call.args, *(k.value for k in call.keywords)))
    return plain or call.func.id.startswith("require_")


def _bare(line: str) -> str:
    """A line without spaces and comment."""
    return _SPACE.sub("", line.partition("  #")[0] if not line.lstrip().startswith("#") else "")


def secret_forms(secret: Secret) -> tuple[bytes, ...]:
    """The ways in which a secret could be written."""
    key = secret.key
    return key, key.hex().encode(), base64.b64encode(key), repr(key).encode()


def hidden_pairs(unit: Unit, secret: Secret) -> set[tuple[str, str]]:
    """Neighbouring numbers, as reports print them, in the arrays of a unit's cases that only the secret gives."""
    return _pairs_under(unit, secret) - _pairs_under(unit, PUBLIC)


def _pairs_under(unit: Unit, secret: Secret) -> set[tuple[str, str]]:
    exam = Exam(unit, secret)
    found: set[tuple[str, str]] = set()
    for row in unit.tasks:
        if isinstance(row, Row):
            drawn = draw_cases(row, exam.case_seed(row), drawn_cases(row))
            for family in FAMILIES:
                cases = {"edges": edge_cases, "stability": hostile_cases}.get(family, lambda _row, same=drawn: same)(
                    row
                )
                for case in cases:
                    for value in arguments(row, case, exam.family_seed(row, family)).values():
                        found.update(*map(_pairs_in, value if isinstance(value, list) else [value]))
    return found


def _pairs_in(value: Any) -> set[tuple[str, str]]:
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return set()
    return set(_pairs([float(number) for number in value.ravel()]))


def _pairs(numbers: list[float]) -> Iterator[tuple[str, str]]:
    """Neighbours with enough digits that they are not the same by chance."""
    texts = [f"{number:.5g}" for number in numbers]
    yield from ((a, b) for a, b in itertools.pairwise(texts) if _says_much(a) and _says_much(b))


def _says_much(number: str) -> bool:
    return len(number.partition("e")[0].strip("-0.").replace(".", "")) >= 4


# --- where to look ---


def find(paths: Iterable[Path], wanted: Answers | None = None) -> list[Leak]:
    """The leaks in files and folders, and in whatever these hold; by default solutions are looked for."""
    search = Search(wanted or answers())
    return list(dict.fromkeys(leak for path in paths for leak in search.path(path)))


class Search:
    """Looks for the same answers in one place after the other."""

    def __init__(self, wanted: Answers) -> None:
        self.wanted = wanted
        self._long: dict[str, list[str]] = {}
        for line in wanted.lines:
            if len(line) >= LONG_ENOUGH:
                self._long.setdefault(line[:LONG_ENOUGH], []).append(line)

    def path(self, path: Path) -> Iterator[Leak]:
        """The leaks in a file, or in all files of a folder."""
        if path.is_dir():
            for inside in sorted(path.iterdir()):
                yield from self.path(inside)
        elif path.is_file():
            yield from self.data(str(path), path.read_bytes())

    def data(self, place: str, data: bytes, depth: int = 0) -> Iterator[Leak]:
        """The leaks in the bytes of a file."""
        if any(key in data for key in self.wanted.keys):
            yield Leak("secret", place)
        if depth > DEEPEST or len(data) > LARGEST or place.endswith(COMPILED):
            yield Leak("unreadable", place)
            return
        try:
            members = list(_members(data)) if _is_archive(data) else None
        except UNREADABLE:
            yield Leak("unreadable", place)
            return
        if members is None:
            yield from self._text(place, data, depth)
            return
        for name, content in members:
            yield from self.data(f"{place} > {name}" if name else place, content, depth + 1)

    def _text(self, place: str, data: bytes, depth: int) -> Iterator[Leak]:
        for found in _BASE64.findall(data):
            try:
                inside = base64.b64decode(found, validate=True)
            except binascii.Error:
                continue
            if any(key in inside for key in self.wanted.keys):
                yield Leak("secret", place)
            if _is_text(inside) or _is_archive(inside):  # anything else may be no base64 at all, but a long word
                yield from self.data(place, inside, depth + 1)
        named = any(key in data for key in self.wanted.keys)
        if not (named or _is_text(data) or data.startswith(SHOWN)):
            yield Leak("unreadable", place)
        for text in _readings(_decoded(data)):
            if any(key in text.encode() for key in self.wanted.keys):
                yield Leak("secret", place)
            yield from self._solutions(place, text)
            yield from self._cases(place, text)

    def _solutions(self, place: str, text: str) -> Iterator[Leak]:
        for number, line in enumerate(text.splitlines(), start=1):
            for piece in (line, *_QUOTED.findall(line)):
                bare = _bare(piece.removeprefix(">>> "))
                if owner := self.wanted.lines.get(bare):
                    yield Leak("solution", place, number, piece.strip(), owner)
                else:
                    yield from self._inside(place, number, bare)

    def _inside(self, place: str, number: int, bare: str) -> Iterator[Leak]:
        """Long lines of a solution in the middle of a line."""
        for start in range(len(bare) - LONG_ENOUGH + 1):
            for line in self._long.get(bare[start : start + LONG_ENOUGH], ()):
                if bare.startswith(line, start):
                    yield Leak("solution", place, number, line, self.wanted.lines[line])

    def _cases(self, place: str, text: str) -> Iterator[Leak]:
        if self.wanted.pairs:
            numbers = [float(found) for found in _NUMBER.findall(text)]
            for pair in _pairs(numbers):
                if pair in self.wanted.pairs:
                    yield Leak("case", place, text=", ".join(pair))


def _is_archive(data: bytes) -> bool:
    return data.startswith(ARCHIVES) or data[257:262] == b"ustar"


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What an archive holds; one nameless member for what is only compressed."""
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    yield entry.filename, archive.read(entry)
    elif data[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            yield "", file.read(LARGEST + 1)
    elif data[:6] == b"\xfd7zXZ\x00":
        with lzma.LZMAFile(io.BytesIO(data)) as file_xz:
            yield "", file_xz.read(LARGEST + 1)
    elif data[:3] == b"BZh":
        with bz2.BZ2File(io.BytesIO(data)) as file_bz2:
            yield "", file_bz2.read(LARGEST + 1)
    elif data[:4] == b"\xde\x12\x04\x95":
        yield "", b"\n".join(_messages(data)).replace(b"\0", b"\n")
    else:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                file_ = tar.extractfile(member) if member.isfile() else None
                if file_:
                    yield member.name, file_.read()


def _messages(data: bytes) -> Iterator[bytes]:
    """The texts of a catalogue that gettext reads, an `.mo` file."""
    _version, count, *tables = struct.unpack_from("<4I", data, 4)
    for table in tables:
        for number in range(count):
            length, start = struct.unpack_from("<2I", data, table + 8 * number)
            yield data[start : start + length]


def _is_text(data: bytes) -> bool:
    """Whether `_decoded` gives all that is in it."""
    if encoding := _marked(data):
        with contextlib.suppress(UnicodeDecodeError):
            return "\0" not in data.decode(encoding)
        return False
    return len(data.translate(None, _UNPRINTED)) == len(data)


def _marked(data: bytes) -> str:
    """The encoding that the first bytes of a text tell; "" where they tell none."""
    return next((encoding for mark, encoding in MARKS.items() if data.startswith(mark)), "")


def _decoded(data: bytes) -> str:
    return data.decode(_marked(data) or "utf-8", "replace")


def _readings(text: str) -> Iterator[str]:
    """A text as it stands, and as those see it who open it: JSON's strings, a page without its tags."""
    yield text
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _strings(json.loads(text))
        except (ValueError, RecursionError):
            return
    elif "</" in text:
        yield html.unescape(_TAG.sub("", text))


def _strings(value: Any) -> Iterator[str]:
    """The texts in JSON; a list of texts is one, as in notebooks."""
    match value:
        case str():
            yield from _readings(value)
        case list() if value and all(isinstance(part, str) for part in value):
            yield from _readings("".join(value))
        case list():
            for part in value:
                yield from _strings(part)
        case dict():
            yield from itertools.chain.from_iterable(map(_strings, value.values()))
