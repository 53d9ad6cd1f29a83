"""The command `backcheck summary`: what a class misunderstood."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graders.commands.shared import PASS
from graders.i18n import _
from graders.usage import Problem, course_policies, require_there, writing

if TYPE_CHECKING:
    from graders.policy import Policy
    from graders.summary.analysis import Analysis
    from graders.summary.record import ClassRecord

_TOLD = 5
"""How many mistakes the terminal names."""


@click.command()
@click.option("--unit", help="The unit; needed where there are reports of several.")
@click.option(
    "--gradebook",
    metavar="URL",
    help="The gradebook, a file or SQLAlchemy's URL of a database; by default the course's.",
)
@click.option(
    "--reports", type=click.Path(path_type=Path), help="Read the folder that backcheck grade --out wrote instead."
)
@click.option(
    "--received",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --reports: the CSV file that says who handed in what, for attempts.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The page; by default summary.html here.")
@click.option("--csv", "table", type=click.Path(path_type=Path, dir_okay=False), help="Also write a table there.")
@click.option("--names", is_flag=True, help="Show students' names; by default pseudonyms stand for them.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, and nothing else.")
def summary(
    unit: str | None,
    gradebook: str | None,
    reports: Path | None,
    received: Path | None,
    out: Path | None,
    table: Path | None,
    names: bool,
    as_json: bool,
) -> None:
    """What a class understood and what it did not: one page that needs no network."""
    record = read_class(unit, gradebook, reports, received)
    from graders.summary import page, tables
    from graders.summary.analysis import analyse

    found = analyse(record)
    if table:
        with writing(table):
            table.write_text(tables.to_csv(found), encoding="utf-8-sig", newline="")
    if out or not as_json:
        out = out or Path("summary.html")
        with writing(out):
            page.save(found, out, names=names)
    if as_json:
        click.echo(json.dumps(tables.to_json(found, names=names), ensure_ascii=False, indent=1))
    else:
        tell(found)
        click.echo(_("page: {path}").format(path=out))
    sys.exit(PASS)


def read_class(unit: str | None, gradebook: str | None, reports: Path | None, received: Path | None) -> ClassRecord:
    """The class that was asked for, or a usage error."""
    from graders.course.received import read_receipts
    from graders.course.settings import find_course
    from graders.summary.record import RecordError, from_folder, from_gradebook

    if gradebook and reports:
        raise Problem(_("--gradebook does not go with --reports: the class is read from one of them"))
    if received and not reports:
        raise Problem(_("--received goes with --reports: a gradebook knows when work came"))
    try:
        if reports is None:
            course = find_course(Path.cwd())
            return from_gradebook(gradebook, policy_of, unit, course.folder if course else None)
        require_there(reports)
        return from_folder(reports, unit, read_receipts(received) if received else None)
    except RecordError as error:
        raise Problem(str(error)) from None


def policy_of(unit: str) -> Policy:
    """What the course around us, or else the unit itself, says of attempts."""
    return course_policies([unit], None)[unit]


def tell(found: Analysis) -> None:
    """The gist in the terminal."""
    from graders.report.text import points, printable

    words = _("{students} students, {submissions} submissions; mean {mean} of {points} points")
    record = found.record
    click.echo(
        words.format(
            students=len(record.students),
            submissions=len(record.reports),
            mean=points(found.scores.mean) if found.scores else "–",
            points=points(found.max_score),
        )
    )
    if found.faults:
        text = _("left out, for a fault of the grader: the scores of {count} students; grade them again")
        click.echo(text.format(count=found.faults))
    for one in found.mistakes[:_TOLD]:
        click.echo(f"{one.students:5}  {one.task}: {printable(one.words)}")
