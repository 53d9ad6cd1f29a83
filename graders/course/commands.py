"""The commands `backcheck course ...`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from graders.i18n import _
from graders.usage import Problem, known_unit, require_torch

FAIL = 1


@click.group()
def course() -> None:
    """Make the material of a course, and a folder for nbgrader."""


@course.command()
@click.argument("units", metavar="[UNIT...]", nargs=-1)
@click.option("--check", "checking", is_flag=True, help="Write nothing; fail where a file is not what it should be.")
def build(units: tuple[str, ...], checking: bool) -> None:
    """Write the stubs and notebooks beside the handouts."""
    require_torch()
    from graders.course.build import stale, write
    from graders.specs import find_unit, unit_names

    chosen = [known_unit(name) for name in units] or [find_unit(name) for name in unit_names()]
    if not checking:
        for path in write(chosen):
            click.echo(str(path))
        return
    outdated = list(stale(chosen))
    for path in outdated:
        click.echo(_("{path} is stale: run backcheck course build").format(path=path), err=True)
    sys.exit(FAIL if outdated else 0)


@course.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--unit", "units", multiple=True, help="Only this unit (may be given several times).")
@click.option("--force", is_flag=True, help="Overwrite files that are there; never the secret.")
@click.pass_obj
def init(language: str, folder: Path, units: tuple[str, ...], force: bool) -> None:
    """Make a folder that the commands of nbgrader run in."""
    require_torch()
    from graders.course.folder import CourseError, make_course
    from graders.specs import find_unit, unit_names

    chosen = [known_unit(name) for name in units] or [find_unit(name) for name in unit_names()]
    try:
        written = make_course(folder, chosen, language, force)
    except CourseError as error:
        raise Problem(str(error)) from None
    for path in written:
        click.echo(str(path))
    click.echo(_("Then, in {folder}: nbgrader generate_assignment {unit}").format(folder=folder, unit=chosen[0].name))
