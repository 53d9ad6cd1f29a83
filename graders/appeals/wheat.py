"""An accepted appeal as a wheat: right work that the graders got wrong once, and never again."""

from __future__ import annotations

import keyword
import os
from pathlib import Path

from graders.appeals.anonymous import Anonymous, WheatError, anonymous
from graders.appeals.book import Request
from graders.course.wheats import wheat_path
from graders.i18n import _
from graders.intake.reference import closure, module_text
from graders.intake.submission import Submission
from graders.names import Names
from graders.specs.row import ScriptRow, Task


def make_wheat(request: Request, task: Task, submission: Submission) -> Anonymous:
    """The work's functions of the task, without the student; WheatError where the work is not the one graded."""
    if submission.problem:
        raise WheatError(submission.problem)
    if submission.fingerprint != request.fingerprint:
        text = _("{path} is not what was graded: its SHA-256 begins with {got}, and should with {wanted}")
        wanted = request.fingerprint
        raise WheatError(text.format(path=request.path, got=submission.fingerprint, wanted=wanted))
    more = task.uses if isinstance(task, ScriptRow) else ()
    functions = [name.partition(".")[0] for name in (*task.functions, *more)]
    return anonymous(submission.pieces, functions, request.named, module_text(closure(functions)))


def require_name(name: str, request: Request) -> None:
    """WheatError for what is no name for a wheat, or gives the student away."""
    if not name.isidentifier() or keyword.iskeyword(name) or not name.isascii():
        raise WheatError(_("{name} is no name for a wheat: use letters, digits and _").format(name=repr(name)))
    names = Names(request.named)
    if told := [word for word in name.split("_") if names.said_in(word)]:
        raise WheatError(_("{name} would tell who it was: {word}").format(name=name, word=told[0]))


def save(course: Path, request: Request, name: str, wheat: Anonymous) -> Path:
    """Write it where the audits of the course look for it; its path. WheatError where there is one of that name."""
    path = wheat_path(course, request.unit, request.task, name)
    if path.exists():
        raise WheatError(_("{path} is there already: give it another name").format(path=path))
    head = f"# Handed in for {request.task} of {request.unit}, and right: appeal {request.id} was accepted.\n"
    partial = path.with_suffix(".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(head + wheat.text, encoding="utf-8", newline="\n")
    os.replace(partial, path)  # half a wheat would be "there already" for whoever tries again
    return path


def entry(request: Request, name: str, wheat: Anonymous) -> str:
    """What it is among the wheats of backcheck itself, in graders/wheats."""
    source = wheat.text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'    Variant(\n        "{request.task}",\n        "{name}",\n        source="""\n{source}""",\n    ),\n'
