"""The commands `backcheck course ...`."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from graders.commands.shared import FAIL, PASS
from graders.i18n import _, in_language
from graders.policy import Policy
from graders.usage import Problem, course_secret, course_unit, known_unit, require_torch, require_whole, writing

if TYPE_CHECKING:
    from graders.course.settings import Course
    from graders.specs.unit import Unit

PLATFORMS = ("gradescope", "autolab", "github-classroom", "prairielearn")
PLATFORMS_OWN = ("attempts", "counts", "due", "late")
"""What of a course's policy the platforms decide by settings of their own."""


@click.group()
def course() -> None:
    """Make the material of a course, and a folder for nbgrader."""
    require_whole()


@course.command()
@click.argument("units", metavar="[UNIT...]", nargs=-1)
@click.option("--check", "checking", is_flag=True, help="Write nothing; fail where a file is not what it should be.")
@click.option(
    "--course",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Write the sources of this course instead: after a change of course.toml, rules.md or backcheck.",
)
def build(units: tuple[str, ...], checking: bool, folder: Path | None) -> None:
    """Write the stubs and notebooks beside the handouts, or the sources of a course."""
    require_torch()
    from graders.course import build as handouts
    from graders.course import sources
    from graders.course.settings import read_course
    from graders.specs import find_unit, unit_names

    chosen = [known_unit(name) for name in units]
    if folder:
        course = read_course(folder)
        names = [unit.name for unit in chosen] or course.units
        written, stale = sources.write(course, names), sources.stale(course, names)
    else:
        chosen = chosen or [find_unit(name) for name in unit_names()]
        written, stale = handouts.write(chosen), handouts.stale(chosen)
    if not checking:
        for path in written:
            click.echo(str(path))
        return
    outdated = list(stale)
    for path in outdated:
        click.echo(_("{path} is stale: run backcheck course build").format(path=path), err=True)
    sys.exit(FAIL if outdated else PASS)


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
@click.option(
    "--course",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The course's folder, for its policies and rules; by default the one you are in.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where archives go; .backcheck/PLATFORM.")
@click.option("--secret", "secret_file", type=click.Path(path_type=Path), help="The course's secret file.")
@click.option(
    "--wheelhouse",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take the libraries along, from the wheels in this folder, so that the platform fetches nothing.",
)
@click.option("--throughput/--no-throughput", default=True, show_default=True, help="Also time the work there.")
def pack(
    units: tuple[str, ...],
    platform: str,
    folder: Path | None,
    out: Path | None,
    secret_file: Path | None,
    wheelhouse: Path | None,
    throughput: bool,
) -> None:
    """Make what is uploaded to another platform so that it grades there."""
    found = [course_unit(known_unit(name), folder) for name in units]
    chosen, own = {unit.name: unit for unit, _course in found}, found[0][1]
    from graders.course.platforms import PLATFORMS as KNOWN
    from graders.course.platforms.platform import Order
    from graders.course.settings import read_course

    course = read_course(own) if own else None
    wheels = _wheels_in(wheelhouse) if wheelhouse else ()
    # Where students can read what is packed, a secret goes along only if that is asked for.
    wanted = secret_file or (own / ".backcheck" / "secret" if own else None)
    secret = course_secret(wanted, Console(stderr=True)) if secret_file or KNOWN[platform].needs_secret else None
    language, rules = _spoken(course), course.rules if course else ""
    order = Order(platform, tuple(chosen.values()), secret, language, throughput, wheels, rules)
    place = out or Path(".backcheck") / platform
    with writing(place / "x"), in_language(language):
        for archive in KNOWN[platform].pack(order):
            click.echo(str(archive.save(place)))
    if secret is None:
        click.echo(_("Without --secret, the cases are the public ones: grade again with your own before it counts."))
    for unit in chosen.values():
        _tell_left_to_platforms(unit)


def _wheels_in(folder: Path) -> tuple[Path, ...]:
    if not (wheels := tuple(sorted(folder.glob("*.whl")))):
        raise Problem(_("there are no wheels in {path}").format(path=folder))
    return wheels


def _tell_left_to_platforms(unit: Unit) -> None:
    """Name the settings that students are told and no pack carries out."""
    said, unsaid = unit.policy.to_json(), Policy().to_json()
    if keys := [key for key in PLATFORMS_OWN if said.get(key) != unsaid.get(key)]:
        text = _("{unit}: the platform counts attempts and days by its own settings; set there what is {keys} here")
        click.echo(text.format(unit=unit.name, keys=", ".join(keys)), err=True)


def _spoken(course: Course | None) -> str:
    """The language of what is packed: what --lang says, else the course's, else the environment's."""
    context = click.get_current_context().find_root()
    said: str = context.obj
    return course.language if course and not context.params.get("lang") else said


@course.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("dist"),
    show_default=True,
    help="Where the wheel goes.",
)
@click.option("--unit", "units", multiple=True, help="A unit to start from; by default those that solve no other.")
@click.option(
    "--course",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The course whose rules and settings it brings; by default the one you are in.",
)
def wheel(out: Path, units: tuple[str, ...], folder: Path | None) -> None:
    """Make a wheel for students: `check` and `start`, without solutions."""
    require_torch()
    if importlib.util.find_spec("hatchling") is None:
        raise Problem(_("hatchling is not installed: pip install 'backcheck[course]'"))
    from graders.course.released import ReleaseError, require_released
    from graders.course.settings import find_course, read_course
    from graders.course.wheel import build, solves
    from graders.specs import find_unit, unit_names

    known = [known_unit(name) for name in units] or [find_unit(name) for name in unit_names()]
    released = [unit for unit in known if units or not solves(unit)]
    course = read_course(folder) if folder else find_course(Path.cwd())
    try:
        if course:
            for name in unit_names():  # the wheel brings the locks of all
                require_released(course, course.unit(name))
    except ReleaseError as error:
        raise Problem(str(error)) from None
    with writing(out / "x"):
        path = build(out, released, course)
    for unit in known:
        if solved := solves(unit):
            text = _("{unit} is in: its stub solves tasks of {others}")
            if unit not in released:
                text = _("{unit} is left out, for its stub solves tasks of {others}; --unit {unit} takes it in")
            click.echo(text.format(unit=unit.name, others=", ".join(solved)), err=True)
    click.echo(str(path))


@course.command()
@click.argument("names", metavar="[UNIT|FILE...]", nargs=-1)
@click.option(
    "--course",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="The course's folder; by default the current one.",
)
@click.option("--since", metavar="COMMIT", help="Only the units that git says have changed since then.")
@click.option(
    "--wrong", type=click.IntRange(0), default=0, help="Try so many known mistakes of every task; 0, as without: all."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, and nothing else.")
def audit(names: tuple[str, ...], folder: Path, since: str | None, wrong: int, as_json: bool) -> None:
    """Prove a course: the reference passes, what is released fails, wrong work is caught, nothing leaks."""
    require_torch()
    if importlib.util.find_spec("nbgrader") is None:
        raise Problem(_("nbgrader is not installed: pip install 'backcheck[nbgrader]'"))
    from graders.course.audit import audit as carry_out
    from graders.course.audit import changed_files, units_of
    from graders.course.folder import SECRET
    from graders.course.settings import read_course
    from graders.sandbox import open_backend
    from graders.sandbox.program import Limits
    from graders.secrets import read_secret

    course = read_course(folder)
    if not course.units:
        raise Problem(_("{folder} is no course: it has no source of a unit").format(folder=folder.resolve()))
    chosen = list(names)
    if since and since.strip("0"):  # a branch that is new has no commit before it
        chosen += changed_files(course, since)
    everything = not names and not (since and since.strip("0"))
    units = course.units if everything else units_of(course, chosen)
    secret = read_secret(folder / SECRET) if (folder / SECRET).is_file() else None
    backend = open_backend("auto", Limits())
    found = []
    for finding in carry_out(course, units, backend, wrong, secret):
        found.append(finding)
        if not as_json:
            click.echo(finding.line)
    backend.close()
    if as_json:
        click.echo(json.dumps([vars(finding) for finding in found], ensure_ascii=False, indent=1))
    elif not units:
        click.echo(_("no unit has changed"))
    sys.exit(PASS if all(finding.good for finding in found) else FAIL)
