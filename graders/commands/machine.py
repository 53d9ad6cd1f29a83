"""The commands `backcheck units` and `backcheck doctor`: what there is to grade, and whether it can be graded here."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from graders.commands.shared import FAIL, PASS
from graders.i18n import _
from graders.usage import Problem, require_torch

if TYPE_CHECKING:
    from graders.specs.unit import Unit


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def units(language: str, as_json: bool) -> None:
    """List the units with their tasks and points."""
    require_torch()
    from graders.specs import find_unit, unit_names

    known = [find_unit(name) for name in unit_names()]
    if as_json:
        click.echo(json.dumps([describe_unit(unit) for unit in known], ensure_ascii=False, indent=1))
        return
    for unit in known:
        title = unit.title_zh if language == "zh" else unit.title
        total = unit.total
        click.echo(_("{name}  {title}, {points:g} points").format(name=unit.name, title=title, points=total))
        for task in unit.tasks:
            click.echo(f"  {unit.points[task.name]:5g}  {', '.join(task.functions)}")


def describe_unit(unit: Unit) -> dict[str, Any]:
    """The unit as plain data."""
    return {
        "unit": unit.name,
        "title": unit.title,
        "title_zh": unit.title_zh,
        "file": unit.file,
        "points": unit.total,
        "tasks": [
            {
                "row": task.name,
                "kind": task.kind,
                "points": unit.points[task.name],
                "functions": list(task.functions),
                "convention": task.convention,
                "source": task.source,
            }
            for task in unit.tasks
        ],
    }


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--clean", is_flag=True, help="Remove what graders that were killed left behind, and end.")
def doctor(as_json: bool, clean: bool) -> None:
    """Is this machine ready to grade?"""
    from graders.doctor import examine

    if clean:
        clean_up(as_json)
        return
    findings = list(examine())
    if as_json:
        click.echo(json.dumps([vars(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            mark = "ok " if finding.good else "NO " if finding.needed else "-- "
            click.echo(f"{mark} {finding.what:22} {finding.detail}")
    sys.exit(PASS if all(finding.good or not finding.needed for finding in findings) else FAIL)


def clean_up(as_json: bool) -> None:
    """Remove containers and folders of graders that are no more, and say which."""
    from graders.sandbox.channel import SandboxFault
    from graders.sandbox.docker import clean

    try:
        removed = clean()
    except SandboxFault as fault:
        raise Problem(str(fault)) from None
    if as_json:
        click.echo(json.dumps(removed, ensure_ascii=False))
        return
    for name in removed:
        click.echo(_("removed: {name}").format(name=name))
    if not removed:
        click.echo(_("nothing was left behind"))
