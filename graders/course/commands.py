"""The commands `backcheck course ...`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from graders.i18n import _
from graders.usage import Problem, course_secret, known_unit, require_torch, writing

FAIL = 1
PLATFORMS = ("gradescope", "autolab", "github-classroom", "prairielearn")


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


@course.command()
@click.argument("units", metavar="UNIT...", nargs=-1, required=True)
@click.option("--for", "platform", type=click.Choice(PLATFORMS), required=True, help="The platform that will grade.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where archives go; .backcheck/PLATFORM.")
@click.option("--secret", "secret_file", type=click.Path(path_type=Path), help="The course's secret file.")
@click.option(
    "--wheelhouse",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take the libraries along, from the wheels in this folder, so that the platform fetches nothing.",
)
@click.option("--throughput/--no-throughput", default=True, show_default=True, help="Also time the work there.")
@click.pass_obj
def pack(
    language: str,
    units: tuple[str, ...],
    platform: str,
    out: Path | None,
    secret_file: Path | None,
    wheelhouse: Path | None,
    throughput: bool,
) -> None:
    """Make what is uploaded to another platform so that it grades there."""
    chosen = {unit.name: unit for unit in map(known_unit, units)}
    from graders.course.platforms import PLATFORMS as KNOWN
    from graders.course.platforms.platform import Order

    console = Console(stderr=True)
    wheels = tuple(sorted(wheelhouse.glob("*.whl"))) if wheelhouse else ()
    if wheelhouse and not wheels:
        raise Problem(_("there are no wheels in {path}").format(path=wheelhouse))
    # Where students can read what is packed, a secret goes along only if that is asked for.
    secret = course_secret(secret_file, console) if secret_file or KNOWN[platform].needs_secret else None
    order = Order(platform, tuple(chosen.values()), secret, language, throughput, wheels)
    folder = out or Path(".backcheck") / platform
    with writing(folder / "x"):
        for archive in KNOWN[platform].pack(order):
            click.echo(str(archive.save(folder)))
    if secret is None:
        click.echo(_("Without --secret, the cases are the public ones: grade again with your own before it counts."))
