"""The command `backcheck explain`: one task of one submission, for who decides about an appeal."""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from graders.commands.shared import FAIL, FAULT, PASS, course_option, gradebook_option, make_setting, sandbox_option
from graders.i18n import _
from graders.usage import (
    Fault,
    Problem,
    course_unit,
    held_secret,
    known_unit,
    require_isolation,
    require_torch,
    require_whole,
    writing,
)

if TYPE_CHECKING:
    from graders.explain.held import Held
    from graders.gradebook.book import Gradebook
    from graders.intake.submission import Submission
    from graders.specs.row import Task
    from graders.specs.unit import Unit


@click.command()
@click.argument("submission")
@click.argument("task")
@click.option("--unit", help="The unit; by default the one that has this task.")
@click.option("--secret", "secret_file", type=click.Path(path_type=Path), help="The course's secret file.")
@course_option
@gradebook_option
@sandbox_option
@click.option(
    "--throughput/--no-throughput",
    default=None,
    envvar="BACKCHECK_THROUGHPUT",
    help="Also time it; by default as it was when it was graded.",
)
@click.option("--allow-unisolated", is_flag=True, help="Grade although nothing keeps the code from this machine.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write the page there.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, and nothing else.")
@click.pass_obj
def explain(
    language: str,
    submission: str,
    task: str,
    unit: str | None,
    secret_file: Path | None,
    folder: Path | None,
    url: str | None,
    sandbox: str,
    throughput: bool | None,
    allow_unisolated: bool,
    page: Path | None,
    as_json: bool,
) -> None:
    """Explain a task's points to who decides about an appeal, on the course's own cases.

    SUBMISSION is a path, or a student of whom the gradebook knows where the work is. The exit code is 1 where the
    gradebook holds another score.
    """
    require_whole()
    chosen, wanted = unit_with(task, unit)
    chosen, own = course_unit(chosen, folder)
    with opened(url, own) as book:
        path, held = located(book, chosen, submission)
    console = Console(stderr=as_json)
    secret = held_secret(secret_file, own, console)
    from graders.explain.as_json import dumps
    from graders.explain.explanation import explain as carry_out
    from graders.report import explain_html
    from graders.report.explain_terminal import print_explanation

    timed = throughput if throughput is not None else held is None or held.timed(task)
    setting = make_setting(chosen, secret, sandbox, language, None, timed)
    require_isolation(setting, allow_unisolated)
    found = carry_out(readable(path, chosen), wanted, setting, held, unisolated=allow_unisolated)
    if as_json:
        click.echo(dumps(found), nl=False)
    else:
        print_explanation(found, console)
    if page:
        with writing(page):
            explain_html.save(found, page)
        console.print(_("page: {path}").format(path=page), highlight=False, soft_wrap=True)
    if found.report.faulty:
        sys.exit(FAULT)
    sys.exit(PASS if found.comparison is None or found.comparison.same else FAIL)


def unit_with(task: str, name: str | None) -> tuple[Unit, Task]:
    """The unit named, or the one that has this task, and the task; a usage error where there is none."""
    require_torch()
    from graders.specs import find_unit, unit_names

    units = [known_unit(name)] if name else [find_unit(one) for one in unit_names()]
    found = [(unit, one) for unit in units for one in unit.tasks if one.name == task]
    if found:
        return found[0]
    known = [one.name for unit in units for one in unit.tasks]
    if name:
        text = _("{unit} has no task {name}; it has {known}")
        raise Problem(text.format(unit=units[0].name, name=task, known=", ".join(known)))
    if near := difflib.get_close_matches(task, known, 3):
        raise Problem(_("no unit has a task {name}; there is {others}").format(name=task, others=", ".join(near)))
    raise Problem(_("no unit has a task {name}; backcheck units lists them").format(name=task))


def readable(path: Path, unit: Unit) -> Submission:
    """What was handed in, refused or not; a fault where this machine cannot read it."""
    from graders.intake.submission import read_submission

    submission = read_submission(path, unit)
    if submission.fault:
        raise Fault(f"{path}: {submission.problem}")
    return submission


@contextlib.contextmanager
def opened(url: str | None, course: Path | None) -> Iterator[Gradebook | None]:
    """The gradebook that was asked for, or the default one where it is there, or None."""
    from graders.gradebook.open import VARIABLE, gradebook_url, open_gradebook

    asked_for = url or os.environ.get(VARIABLE)
    if not asked_for and not Path(gradebook_url(url, course)).exists():
        yield None
        return
    with open_gradebook(url, course, make=False) as book:
        yield book


def located(book: Gradebook | None, unit: Unit, submission: str, there: bool = True) -> tuple[Path, Held | None]:
    """Where a submission is, and what the gradebook holds of it; `there`: a student's work has to be there still."""
    path = Path(submission)
    if os.path.exists(path):
        if book is None:
            return path, None
        from graders.explain.held import find_held

        return path, find_held(book, unit.name, path, readable(path, unit).fingerprint)
    if book is None:
        raise Problem(_("no such file or folder: {path}").format(path=path))
    from graders.explain.held import find_students

    held = find_students(book, unit.name, submission, unit.policy)
    if held is None:
        text = _("{name} is no path, and nobody in the gradebook who has handed in {unit}")
        raise Problem(text.format(name=submission, unit=unit.name))
    if there and not still_there(held, unit):
        text = _("what {name} handed in is not at {path} any more: say where it is")
        raise Problem(text.format(name=submission, path=held.path or "-"))
    return Path(held.path), held


def still_there(held: Held, unit: Unit) -> bool:
    """Whether a work is where it was, though it may have changed.

    Older gradebooks say where from a folder that nobody knows: there it has to be the very work that was graded.
    """
    from graders.intake.submission import read_submission

    path = Path(held.path or "-")
    if not os.path.exists(path):
        return False
    return path.is_absolute() or read_submission(path, unit).fingerprint == held.fingerprint
