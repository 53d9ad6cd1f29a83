"""The commands `backcheck gradebook ...`: what was graded before, what a person decides, and whose data there are."""

from __future__ import annotations

import difflib
import getpass
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graders.commands.shared import course_option, gradebook_option
from graders.i18n import _
from graders.usage import Problem, checked_tasks, course_folder, course_policies, known_unit, writing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from graders.gradebook.book import Gradebook

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def gradebook() -> None:
    """A class's gradings: history, overrides, scores that wait, and what is known of a student."""


def opened(url: str | None, folder: Path | None) -> Gradebook:
    """The gradebook, which must be there."""
    from graders.gradebook.open import open_gradebook

    return open_gradebook(url, course_folder(folder), make=False)


def held_unit(session: Session, name: str) -> str:
    """The unit that `--unit` means: one that the gradebook calls so, or one of ours by its name or number."""
    from graders.gradebook.scores import units

    return name if not name or name in units(session) else known_unit(name).name


def by_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--by`."""
    return click.option("--by", default="", help="Who decides; by default the user of this machine.")(command)


def person(by: str) -> str:
    """Who decides."""
    return by or getpass.getuser()


@gradebook.command()
@gradebook_option
@course_option
def upgrade(url: str | None, folder: Path | None) -> None:
    """Bring an older gradebook up to date; an SQLite file is copied before."""
    from graders.gradebook.open import gradebook_url, require_database

    require_database()
    from graders.gradebook.upgrade import upgrade as carry_out

    done = carry_out(gradebook_url(url, course_folder(folder)))
    if done.copy:
        click.echo(_("as it was: {path}").format(path=done.copy))
    if done.steps:
        click.echo(_("up to date: version {version}").format(version=done.steps[-1]))
    else:
        click.echo(_("nothing to do: it is up to date"))


@gradebook.command()
@gradebook_option
@course_option
def scrub(url: str | None, folder: Path | None) -> None:
    """Write the gradebook's file anew, so that nothing that was removed is left in it."""
    with opened(url, folder) as book:
        from graders.gradebook.privacy import scrub as carry_out

        carry_out(book)


@gradebook.command()
@click.argument("student")
@click.option("--unit", default="", help="Only this unit.")
@gradebook_option
@course_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, and nothing else.")
def history(student: str, unit: str, url: str | None, folder: Path | None, as_json: bool) -> None:
    """All attempts of a student with all their gradings, and what each regrade changed."""
    with opened(url, folder) as book:
        from graders.gradebook import history as past
        from graders.gradebook.scores import lines, units
        from graders.report.history_table import print_history

        with book.reading() as session:
            unit = held_unit(session, unit)
            attempts, given = past.attempts(session, student, unit), past.overrides(session, student, unit)
            names = [unit] if unit else units(session, student)
            policies = course_policies(names, folder)
            found = [line for name in names for line in lines(session, name, policies[name], student=student)]
    if as_json:
        plain = {"attempts": attempts, "overrides": given, "scores": found}
        scores = [{"unit": one.unit, "computed": one.computed, "final": one.final} for one in found]
        click.echo(json.dumps({**past.to_json(plain), "scores": scores}, ensure_ascii=False, indent=1))
    else:
        print_history(student, attempts, given, found)


@gradebook.command()
@click.argument("student")
@click.option("--unit", required=True, help="The unit.")
@click.option("--task", default="", help="The task; without, the score is that of the whole unit.")
@click.option("--score", type=float, help="The points it has instead of those computed.")
@click.option("--why", default="", help="The reason, for the history.")
@by_option
@click.option("--withdraw", is_flag=True, help="Take back what was given: what was computed counts again.")
@gradebook_option
@course_option
def override(
    student: str,
    unit: str,
    task: str,
    score: float | None,
    why: str,
    by: str,
    withdraw: bool,
    url: str | None,
    folder: Path | None,
) -> None:
    """Give points instead of those computed; the computed ones stay, and both are shown."""
    if withdraw == (score is not None):
        raise Problem(_("say either --score or --withdraw"))
    with opened(url, folder) as book:
        from graders.gradebook import decisions
        from graders.gradebook.scores import lines

        with book.reading() as session:
            unit = held_unit(session, unit)
            policy = course_policies([unit], folder)[unit]
            if policy.points:
                checked_tasks(known_unit(unit), (task,) if task else ())
            elif task and not withdraw:  # what was given by mistake can be taken back
                require_reported(session, unit, task)
        with book.session() as session:
            if score is None:
                decisions.withdraw(session, student, unit, task)
            else:
                decisions.override(session, student, unit, task, score, why, person(by))
            session.flush()
            found = lines(session, unit, policy, student=student)
    for line in found:
        text = _("{student}, {unit}: computed {computed}, final {final}")
        click.echo(text.format(student=student, unit=unit, computed=shown(line.computed), final=shown(line.final)))


def require_reported(session: Session, unit: str, task: str) -> None:
    """A usage error for a task of another gradebook's unit that no report on it has."""
    from graders.gradebook.scores import tasks

    if task not in (known := tasks(session, unit)):
        text = _("{unit} has no task {name}; it has {known}")
        near = difflib.get_close_matches(task, known, 3, 0.5) or known
        raise Problem(text.format(unit=unit, name=task, known=", ".join(near) or "-"))


def shown(score: float | None) -> str:
    """Points as text; a dash where there are none."""
    return "-" if score is None else f"{score:g}"


@gradebook.command()
@click.option("--unit", default="", help="Only this unit.")
@click.option("--run", default="", help="Only what this run proposed.")
@gradebook_option
@course_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, and nothing else.")
def pending(unit: str, run: str, url: str | None, folder: Path | None, as_json: bool) -> None:
    """Scores that do not count until somebody confirms them."""
    with opened(url, folder) as book:
        from graders.gradebook.decisions import pending as waiting
        from graders.gradebook.history import to_json
        from graders.report.history_table import print_pending

        with book.reading() as session:
            found = waiting(session, held_unit(session, unit), run)
    if as_json:
        click.echo(json.dumps(to_json(found), ensure_ascii=False, indent=1))
    else:
        print_pending(found)


def deciding(command: Callable[..., Any]) -> Callable[..., Any]:
    """What `confirm` and `reject` have in common."""
    for add in (
        click.argument("ids", metavar="[NUMBER...]", nargs=-1, type=int),
        click.option("--unit", default="", help="All that wait in this unit."),
        click.option("--run", default="", help="All that this run proposed."),
        click.option("--all", "everything", is_flag=True, help="All that wait."),
        by_option,
        gradebook_option,
        course_option,
    ):
        command = add(command)
    return command


@gradebook.command()
@deciding
def confirm(**told: Any) -> None:
    """Let scores that wait count: those with these numbers, or all of a unit or a run."""
    decide(True, **told)


@gradebook.command()
@deciding
def reject(**told: Any) -> None:
    """Keep the scores that count: instead of those with these numbers, or of all of a unit or a run."""
    decide(False, **told)


def decide(
    accept: bool,
    ids: tuple[int, ...],
    unit: str,
    run: str,
    everything: bool,
    by: str,
    url: str | None,
    folder: Path | None,
) -> None:
    """Confirm or reject what was asked for, and say how many that were."""
    if not (ids or unit or run or everything):
        raise Problem(_("say which: numbers of backcheck gradebook pending, --unit, --run or --all"))
    with opened(url, folder) as book:
        from graders.gradebook import decisions

        with book.reading() as session:
            unit = held_unit(session, unit)
        with book.session() as session:
            count = decisions.decide(session, accept, person(by), unit=unit, run=run, ids=ids)
    text = _("scores that count now: {count}") if accept else _("scores rejected: {count}")
    click.echo(text.format(count=count))


@gradebook.command()
@click.argument("name")
@click.option("--export", "export_file", type=FILE, help="Write all that is known of the student there, as JSON.")
@click.option("--pseudonymise", is_flag=True, help="Put a pseudonym in place of name, addresses and files' names.")
@click.option("--erase", is_flag=True, help="Remove all that is known of the student.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@gradebook_option
@course_option
def student(
    name: str,
    export_file: Path | None,
    pseudonymise: bool,
    erase: bool,
    yes: bool,
    url: str | None,
    folder: Path | None,
) -> None:
    """One student's data: all in a file, under a pseudonym, or gone."""
    if (pseudonymise and erase) or not (export_file or pseudonymise or erase):
        raise Problem(_("say one of --export FILE, --pseudonymise and --erase"))
    with opened(url, folder) as book:
        from graders.gradebook import privacy
        from graders.gradebook.record import new_pseudonym

        course = own_course(url, folder)
        known = held_data(book, course, name)
        if export_file:
            with writing(export_file):
                export_file.write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            click.echo(str(export_file))
        if not (pseudonymise or erase):
            return
        if not yes:
            click.confirm(_("This cannot be undone. Go on?"), abort=True)
        # The attempts first, by the pseudonym that the gradebook has drawn: whatever stops us, the name is still in the
        # gradebook, and the same command goes on. Rewriting the file last, for another program may keep us from it.
        pseudonym, recorded = known.get("pseudonym") or new_pseudonym(), "works" in known
        move_attempts(course, name, "" if erase else pseudonym)
        if erase:
            click.echo(_("submissions removed: {count}").format(count=privacy.erase(book, name) if recorded else 0))
        else:
            click.echo(privacy.pseudonymise(book, name) if recorded else pseudonym)
        for path in privacy.copies(book):
            click.echo(_("not changed, a copy made before an upgrade: {path}").format(path=path), err=True)
        tell_left_attempts(course, name)
        privacy.scrub(book)


def own_course(url: str | None, folder: Path | None) -> Path | None:
    """The course whose attempts belong to the gradebook: one that is named need not be that of where we stand."""
    from graders.gradebook.open import VARIABLE

    return folder if url or os.environ.get(VARIABLE) else course_folder(folder)


def held_data(book: Gradebook, course: Path | None, name: str) -> dict[str, Any]:
    """All that is known of a student, here and in the course's attempts; GradebookError where that is nothing."""
    from graders.course import attempts
    from graders.gradebook import privacy
    from graders.gradebook.errors import GradebookError

    kept = attempts.everything(course, name) if course else {}
    known: dict[str, Any] = {}
    try:
        with book.reading() as session:
            known = privacy.everything(session, name)
    except GradebookError:
        if not kept:  # an earlier command may have been stopped before it came to them
            raise
    return {**known, "attempts": kept} if kept else known


def move_attempts(course: Path | None, name: str, pseudonym: str) -> None:
    """Keep what a course has of a student under a pseudonym; under "", not at all."""
    from graders.course import attempts

    for ledger in attempts.ledgers(course).values() if course else ():
        ledger.move(name, pseudonym)


def tell_left_attempts(course: Path | None, name: str) -> None:
    """Name the course around us where it knows the student and was not meant."""
    from graders.course import attempts

    around = course_folder(None)
    if around and course is None and attempts.everything(around, name):
        text = _("not changed, for a gradebook was named: {path}; --course {course} changes it too")
        click.echo(text.format(path=around / attempts.FOLDER, course=around), err=True)


@gradebook.command("import-nbgrader")
@click.argument("database", type=FILE)
@click.option("--unit", default="", help="Only this assignment.")
@gradebook_option
@course_option
def import_nbgrader(database: Path, unit: str, url: str | None, folder: Path | None) -> None:
    """Record what nbgrader graded, from its gradebook.db."""
    from graders.gradebook.open import open_gradebook

    with open_gradebook(url, course_folder(folder)) as book:
        from graders.gradebook.nbgrader_book import import_book

        done = import_book(book, database, unit)
    told = ", ".join(f"{outcome}: {count}" for outcome, count in done.outcomes.items())
    if told or not done.rejected:
        click.echo(told or _("nbgrader has graded nothing yet"))
    if done.rejected:
        text = _("not imported again, for a person rejected what came of it: {count}")
        click.echo(text.format(count=done.rejected))
    for sentence in done.kept:
        click.echo(sentence)


@gradebook.command("export-nbgrader")
@click.argument("database", type=FILE)
@click.option("--unit", default="", help="Only this unit.")
@gradebook_option
@course_option
def export_nbgrader(database: Path, unit: str, url: str | None, folder: Path | None) -> None:
    """Write the scores that count into nbgrader's gradebook.db."""
    with opened(url, folder) as book:
        from graders.gradebook.nbgrader_book import Unit, export_book
        from graders.gradebook.scores import units

        with book.reading() as session:
            names = [held_unit(session, unit)] if unit else units(session)
        policies = course_policies(names, folder)
        chosen = [Unit(name, notebook_of(name), policies[name]) for name in names]
        count = export_book(book, database, chosen)
    click.echo(_("scores written: {count}").format(count=count))


def notebook_of(unit: str) -> str:
    """What a unit's notebook is called, without its ending."""
    from graders.specs import find_unit, unit_names

    return Path(find_unit(unit).file).stem if unit in unit_names() else unit
