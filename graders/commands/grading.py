"""The command `backcheck grade`: a class, on the course's own cases."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from graders.commands.class_run import Wanted, grade_many
from graders.commands.engines import Where, engine_opener, engine_options
from graders.commands.shared import make_setting, sandbox_option, throughput_option
from graders.i18n import _
from graders.usage import (
    all_paths,
    course_secret,
    course_unit,
    known_unit,
    receipts_for,
    require_isolation,
    require_whole,
    tell_left_out,
    writing,
)

if TYPE_CHECKING:
    from graders.gradebook.book import Gradebook


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--unit", required=True, help="The unit they were handed in for.")
@sandbox_option
@throughput_option
@engine_options
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="One JSON and HTML each, and class.csv.")
@click.option("--secret", "secret_file", type=click.Path(path_type=Path), help="The course's secret file.")
@click.option(
    "--course",
    "course_folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The course's folder, for its policies; by default the one you are in.",
)
@click.option(
    "--received",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with who handed in what and when, for attempts and late days: submission,student,received.",
)
@click.option("--gradebook", metavar="URL", help="A file or postgresql://...; .backcheck/gradebook.db by default.")
@click.option("--no-gradebook", is_flag=True, help="Record nothing: all is graded, and nothing kept but --out.")
@click.option("--force", is_flag=True, help="Grade again what was graded before.")
@click.option("--accept-drops", is_flag=True, help="Record lower scores than before; else they wait for you.")
@click.option("--why", default="", metavar="TEXT", help="The reason, where work is graded again.")
@click.option("--allow-unisolated", is_flag=True, help="Grade although nothing keeps the code from this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print all reports as a JSON list, and nothing else.")
@click.pass_obj
def grade(
    language: str,
    submissions: tuple[Path, ...],
    unit: str,
    sandbox: str,
    throughput: bool,
    where: Where,
    out: Path | None,
    secret_file: Path | None,
    course_folder: Path | None,
    received: Path | None,
    gradebook: str | None,
    no_gradebook: bool,
    force: bool,
    accept_drops: bool,
    why: str,
    allow_unisolated: bool,
    as_json: bool,
) -> None:
    """Grade one submission or many, on the course's own cases.

    What was graded before is not graded again; after an interruption the same command goes on.
    """
    require_whole()
    chosen, own = course_unit(known_unit(unit), course_folder)
    paths = all_paths(submissions, chosen)
    receipts = receipts_for(paths, received) if received else None
    console = Console(stderr=as_json)
    tell_left_out(submissions, paths, chosen, receipts, received, console)
    secret = course_secret(secret_file or (own / ".backcheck" / "secret" if own else None), console)
    setting = make_setting(chosen, secret, sandbox, language, throughput=throughput)
    if where.here:
        require_isolation(setting, allow_unisolated)
    if out:
        with writing(out):
            out.mkdir(exist_ok=True)
    engine = engine_opener(where, setting, console, allow_unisolated)
    wanted = Wanted(out, as_json, force, accept_drops, why)
    with contextlib.ExitStack() as stack:
        book = None if no_gradebook else opened_book(gradebook, own, console)
        if book:
            stack.enter_context(book)
        code = grade_many(paths, setting, engine, wanted, console, receipts, book)
    sys.exit(code)


def opened_book(url: str | None, course: Path | None, console: Console) -> Gradebook | None:
    """The gradebook; none where its libraries are missing and nobody has asked for one."""
    from graders.gradebook.errors import GradebookError
    from graders.gradebook.open import VARIABLE, open_gradebook, require_database

    try:
        require_database()
    except GradebookError as missing:
        if url or os.environ.get(VARIABLE):
            raise
        text = _("nothing is recorded: {reason}").format(reason=missing)
        console.print(text, highlight=False, markup=False, soft_wrap=True)
        return None
    return open_gradebook(url, course)
