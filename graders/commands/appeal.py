"""The commands `backcheck appeal ...`: requests to look again at a task, and what becomes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from graders.commands.explain import located, unit_with
from graders.commands.gradebook import by_option, opened, person
from graders.commands.shared import course_option, gradebook_option
from graders.i18n import _
from graders.usage import Problem, course_folder, course_policies, known_unit, require_whole, writing

if TYPE_CHECKING:
    from graders.appeals.anonymous import Anonymous
    from graders.appeals.book import Request

answer_option = click.option("--answer", required=True, help="What the student is told.")
number_argument = click.argument("number", metavar="ID", type=click.IntRange(1))


@click.group()
def appeal() -> None:
    """Appeals: open them, list them, decide them; an accepted one becomes a wheat."""
    require_whole()


@appeal.command("open")
@click.argument("submission")
@click.argument("task")
@click.option("--unit", help="The unit; by default the one that has this task.")
@click.option("--text", required=True, help="What the student asks for.")
@click.option("--by", help="Who asks; by default the student.")
@course_option
@gradebook_option
def open_one(
    submission: str,
    task: str,
    unit: str | None,
    text: str,
    by: str | None,
    folder: Path | None,
    url: str | None,
) -> None:
    """Note a request. SUBMISSION is a path, or a student that the gradebook knows."""
    chosen, wanted = unit_with(task, unit)
    chosen = chosen.under(course_policies([chosen.name], folder)[chosen.name])  # which says which attempt counts
    from graders.appeals.book import open_appeal

    with opened(url, folder) as book:
        _path, held = located(book, chosen, submission, there=False)
        if held is None:
            raise Problem(_("the gradebook does not know {path} in {unit}").format(path=submission, unit=chosen.name))
        with book.session() as session:
            made = open_appeal(session, held.work, wanted.name, text, by or held.student)
    click.echo(_("appeal {id}: {student}, {task}").format(id=made.id, student=made.student, task=made.task))
    click.echo(_("Look at it with: backcheck explain {name} {task}").format(name=repr(made.student), task=made.task))


@appeal.command("list")
@click.option("--unit", help="Of this unit only.")
@click.option("--all", "everything", is_flag=True, help="Also those that are decided.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@course_option
@gradebook_option
def list_all(unit: str | None, everything: bool, as_json: bool, folder: Path | None, url: str | None) -> None:
    """List the appeals that wait for a decision."""
    from graders.appeals.book import appeals
    from graders.gradebook.schema import Decision
    from graders.report.appeal_table import print_appeals

    name = known_unit(unit).name if unit else ""
    with opened(url, folder) as book, book.reading() as session:
        found = appeals(session, name, None if everything else Decision.OPEN)
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found], ensure_ascii=False, indent=1))
    else:
        print_appeals(found, Console())


@appeal.command()
@number_argument
@answer_option
@by_option
@click.option("--wheat", metavar="NAME", help="Keep the work, without the student's name, as a wheat of the course.")
@click.option("--source", type=click.Path(path_type=Path), help="Where the work is; by default where it was graded.")
@click.option("--print", "printing", is_flag=True, help="Print the wheat as it would stand in graders/wheats.")
@course_option
@gradebook_option
def accept(
    number: int,
    answer: str,
    by: str,
    wheat: str | None,
    source: Path | None,
    printing: bool,
    folder: Path | None,
    url: str | None,
) -> None:
    """Accept an appeal. Scores stay as they are: a regrade or an override changes them."""
    if printing and not wheat:
        raise Problem(_("--print needs a name: --wheat NAME"))
    from graders.appeals.anonymous import WheatError
    from graders.appeals.book import decide

    with opened(url, folder) as book:
        try:
            with book.session() as session:  # the wheat is written when all else is known to be right, or not at all
                request = decide(session, number, True, answer, person(by))
                text = keep(request, wheat, source, course_folder(folder), printing) if wheat else ""
        except WheatError as error:
            raise Problem(str(error)) from None
    click.echo(_("appeal {id} is accepted").format(id=number))
    click.echo(text, nl=False)
    say = _("Scores are as they were: backcheck regrade after the graders are mended, or backcheck gradebook override.")
    click.echo(say)


@appeal.command()
@number_argument
@answer_option
@by_option
@course_option
@gradebook_option
def reject(number: int, answer: str, by: str, folder: Path | None, url: str | None) -> None:
    """Reject an appeal, with an answer."""
    from graders.appeals.book import decide

    with opened(url, folder) as book, book.session() as session:
        decide(session, number, False, answer, person(by))
    click.echo(_("appeal {id} is rejected").format(id=number))


def keep(request: Request, name: str, source: Path | None, own: Path | None, printing: bool) -> str:
    """Write the wheat, or give its text; what to tell about it."""
    from graders.appeals.wheat import entry, make_wheat, require_name, save
    from graders.course.wheats import wheat_path
    from graders.intake.submission import read_submission
    from graders.specs import find_unit

    require_name(name, request)
    unit = find_unit(request.unit)
    task = next(one for one in unit.tasks if one.name == request.task)
    path = source or Path(request.path or "-")
    made = make_wheat(request, task, read_submission(path, unit))
    told = changed(made)
    if printing:
        return told + entry(request, name, made)
    if own is None:
        raise Problem(_("this is no course: say where the wheat goes with --course DIR, or --print it"))
    with writing(wheat_path(own, request.unit, request.task, name)):
        file = save(own, request, name, made)
    text = _("wheat: {path}; it has to pass now: backcheck course audit {unit}")
    return told + text.format(path=file, unit=request.unit) + "\n"


def changed(made: Anonymous) -> str:
    """What was taken out beside comments and docstrings."""
    if not made.changed:
        return ""
    return _("names of the student taken out of the code: {count}; read it once more").format(count=made.changed) + "\n"
