"""What is compared: the code of every work, without what can be written in one way only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from graders.course.received import handed_in_as
from graders.course.stub import stub_source
from graders.i18n import _
from graders.intake.archive import ARCHIVES
from graders.intake.reference import reference_source
from graders.intake.submission import (
    list_skipped,
    list_submissions,
    read_submission,
    submission_name,
    submission_names,
)
from graders.policy import SettingsError
from graders.specs.unit import Unit

if TYPE_CHECKING:
    from graders.course.received import Receipt

Kind = Literal["work", "corpus", "reference"]
MAGIC = re.compile(r"^(\s*)[%!]", re.MULTILINE)
"""A line of a notebook that is for IPython and not for Python."""
GAP = "\n\n"


@dataclass(frozen=True)
class Work:
    """Code that is compared.

    name: what it is shown as. student: whose it is; nobody is compared with themselves. text: as handed in, cells of a
    notebook one below the other. code: the text with blanks, place by place, for what is not compared.
    """

    name: str
    student: str
    kind: Kind
    text: str
    code: str


@dataclass(frozen=True)
class Left:
    """A work that is not compared, and why."""

    name: str
    reason: str


def class_works(
    folder: Path, unit: Unit, receipts: Mapping[str, Receipt] | None = None
) -> tuple[list[Work], list[Left]]:
    """The works of a folder of submissions, and those that cannot be read."""
    paths = list_submissions(folder, unit)
    names, works, left = submission_names(paths), list[Work](), list[Left]()
    skipped = _("neither a folder, nor a Python file, a notebook or an archive")
    left += [Left(path.name, skipped) for path in list_skipped(folder, unit)]
    for path in paths:
        submission = read_submission(path, unit)
        if submission.problem:
            left.append(Left(names[path], submission.problem))
            continue
        receipt = (receipts or {}).get(handed_in_as(path))
        student = receipt.student if receipt else submission_name(path).casefold()
        works.append(work_of(names[path], student, "work", [piece.text for piece in submission.pieces]))
    return works, left


def corpus_works(folders: Iterable[Path], unit: Unit) -> tuple[list[Work], list[Left]]:
    """Every Python file, notebook and archive below some folders; SettingsError where there is none."""
    works, left = list[Work](), list[Left]()
    for folder in folders:
        below = [folder] if folder.is_file() else sorted(folder.rglob("*"))
        found = [path for path in below if path.is_file() and path.name.lower().endswith((".py", ".ipynb", *ARCHIVES))]
        if not found:
            raise SettingsError(_("{path}: no Python file, notebook or archive to compare with").format(path=folder))
        for path in found:
            name = f"{folder.name}/{path.relative_to(folder).as_posix()}" if path != folder else path.name
            submission = read_submission(path, unit)
            if submission.problem:
                left.append(Left(name, submission.problem))
            else:
                works.append(work_of(name, "", "corpus", [piece.text for piece in submission.pieces]))
    return works, left


def reference_work(unit: Unit) -> Work:
    """The published solution of the unit."""
    return work_of(_("the published solution"), "", "reference", [reference_source(unit)])


def stub_code(unit: Unit) -> str:
    """What everybody was given."""
    return stub_source(unit)


def work_of(name: str, student: str, kind: Kind, pieces: Iterable[str]) -> Work:
    """A work of its pieces: the file, or the cells of a notebook."""
    # The lexer drops empty lines at the beginning: places behind them would be off.
    plain = [MAGIC.sub(r"\1#", piece).strip("\n") for piece in pieces]
    return Work(name, student, kind, GAP.join(plain), GAP.join(map(without_one_liners, plain)))


def without_one_liners(text: str) -> str:
    """The text with blanks for functions of a single statement on a line: who writes them well writes the same.

    Stubs are among them. What is no Python stays as it is.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    lines = text.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_one_liner(node):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            for place in range(first - 1, node.end_lineno or node.lineno):
                lines[place] = " " * len(lines[place])
    return "\n".join(lines)


def is_one_liner(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether all that a function does stands on one line, its docstring aside."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return not body or (len(body) == 1 and body[0].lineno == body[0].end_lineno)
