"""The command `backcheck export`: final scores for a spreadsheet or a learning platform."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from graders.commands.gradebook import held_unit
from graders.commands.shared import course_option, gradebook_option
from graders.i18n import _
from graders.usage import Problem, course_folder, course_policies, writing

FORMATS = ("csv", "canvas", "moodle", "json")
MISSING = {"error": "", "blank": "", "zero": "0"}


@click.command()
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True, help="For whom.")
@click.option("--unit", "names", multiple=True, help="Only this unit (may be given several times).")
@click.option(
    "--roster",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with who is in the class, and what the platform calls them: student,name,email,id,login,...",
)
@click.option(
    "--missing",
    type=click.Choice(list(MISSING)),
    default="error",
    show_default=True,
    help="What those on the roster get who have no score.",
)
@click.option(
    "--title", "titles", multiple=True, metavar="UNIT=TITLE", help='What the platform calls a unit: "HW 3 (41)".'
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where it goes; by default it is printed.")
@gradebook_option
@course_option
def export(
    form: str,
    names: tuple[str, ...],
    roster: Path | None,
    missing: str,
    titles: tuple[str, ...],
    out: Path | None,
    url: str | None,
    folder: Path | None,
) -> None:
    """The final score of every student, as a table."""
    from graders.gradebook.open import open_gradebook

    with open_gradebook(url, course_folder(folder), make=False) as book:
        from graders.gradebook import exports
        from graders.gradebook import roster as rosters
        from graders.gradebook.scores import lines, units

        members = rosters.read_roster(roster) if roster else []
        with book.reading() as session:
            chosen = dict.fromkeys(held_unit(session, name) for name in names)
            policies = course_policies(chosen or units(session), folder)
            found = {name: lines(session, name, policy, with_tasks=True) for name, policy in policies.items()}
    graded = {line.student.name for some in found.values() for line in some if line.final is not None}
    if not graded:
        raise Problem(_("the gradebook has no scores for this"))
    if roster:
        rosters.require_match(members, graded, roster, missing != "error")
    else:
        members = rosters.from_book(line for some in found.values() for line in some)
    worth = {name: policy.total or exports.worth_of(found[name]) for name, policy in policies.items()}
    called = dict(named(title, list(found)) for title in titles)
    text = exports.FORMATS[form](exports.Class(members, found, worth, called, MISSING[missing]))
    if out is None:
        sys.stdout.write(text)
        return
    with writing(out):
        encoding = "utf-8" if form == "json" else "utf-8-sig"  # without the mark Excel reads no Chinese
        out.write_text(text, encoding=encoding, newline="")
    click.echo(_("students: {count}, in {path}").format(count=len(members), path=out))


def named(title: str, units: list[str]) -> tuple[str, str]:
    """A unit and what it is called there."""
    unit, equals, name = title.partition("=")
    if not equals or not name or unit not in units:
        text = _("--title {title}: it must be UNIT=TITLE with one of {units}")
        raise Problem(text.format(title=title, units=", ".join(units)))
    return unit, name
