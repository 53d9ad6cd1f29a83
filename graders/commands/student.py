"""The commands `backcheck start` and `backcheck replay`: where a student's work begins, and what failed in it."""

from __future__ import annotations

from pathlib import Path

import click

from graders.i18n import _
from graders.usage import Problem, known_unit


@click.command()
@click.argument("unit")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.pass_obj
def start(language: str, unit: str, folder: Path | None, force: bool) -> None:
    """Begin a unit: its stub, its notebook and its handout in a folder."""
    from graders.course.start import StartError
    from graders.course.start import start as start_unit

    chosen = known_unit(unit)
    folder = folder or Path(chosen.name)
    try:
        written = start_unit(chosen, folder, language, force=force)
    except StartError as error:
        raise Problem(str(error)) from None
    for path in written:
        click.echo(str(path))
    click.echo(_("Fill in the functions, then: backcheck check {path}").format(path=folder / chosen.file))


@click.command()
@click.argument("case")
def replay(case: str) -> None:
    """Print a failing case of the last checks as Python you can run."""
    from graders.replay import find

    text = find(case)
    if text is None:
        raise Problem(_("no case {case} here; cases are kept by: backcheck check FILE").format(case=case))
    click.echo(text, nl=False)
