"""The commands `backcheck audit` and `backcheck bench`: proof of the graders, and speed of the reference."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from graders.commands.shared import FAIL, PASS, sandbox_option
from graders.i18n import _
from graders.usage import Problem, known_unit, require_torch, require_whole

if TYPE_CHECKING:
    from graders.course.finding import Finding


@click.command()
@click.argument("unit", required=False)
@sandbox_option
@click.option(
    "--runs", type=click.IntRange(0), default=10_000, show_default=True, help="Wheat runs, each on new cases."
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes at a time.")
@click.option("--exploits", is_flag=True, help="Try the known exploits instead; in every sandbox, or in --sandbox.")
@click.option(
    "--course",
    "course_folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The course whose own wheats have to pass as well; by default the one you are in.",
)
@click.option("--json", "as_json", is_flag=True, help="Print figures and lists as JSON, and nothing else.")
def audit(
    unit: str | None, sandbox: str, runs: int, jobs: int, exploits: bool, course_folder: Path | None, as_json: bool
) -> None:
    """Prove the graders: wrong variants lose what they break, right ones nothing, stubs score 0."""
    require_whole()
    chosen = known_unit(unit).name if unit else None
    require_torch()
    if exploits:
        if chosen:
            raise Problem(_("--exploits takes no unit"))
        sys.exit(try_exploits(sandbox, jobs, as_json))
    from graders.audit import audit as carry_out
    from graders.report.audit_table import print_audit
    from graders.report.class_table import ProgressDisplay

    console = Console(stderr=as_json)
    with ProgressDisplay(console, 0) as display:
        result = carry_out(chosen, runs, sandbox=sandbox, jobs=jobs, progress=display.reached)
    own = audit_own_wheats(course_folder, chosen, sandbox)
    if as_json:
        told = {"course_wheats": [vars(finding) for finding in own]} if own else {}
        click.echo(json.dumps({**result.summary(), **told}, ensure_ascii=False, indent=1))
    else:
        print_audit(result, console)
        for finding in own:
            click.echo(finding.line)
    sys.exit(PASS if result.passed and all(finding.good for finding in own) else FAIL)


def audit_own_wheats(folder: Path | None, unit: str | None, sandbox: str) -> list[Finding]:
    """What is found of the wheats of the course that was named, or is around us."""
    from graders.course.settings import find_course, read_course

    course = read_course(folder) if folder else find_course(Path.cwd())
    if course is None:
        return []
    from graders.course.folder import SECRET
    from graders.course.wheats import audit_wheats, course_wheats
    from graders.sandbox import open_backend
    from graders.sandbox.program import Limits
    from graders.secrets import read_secret

    wheats = course_wheats(course.folder, [unit] if unit else [])
    if not wheats:
        return []
    secret = read_secret(course.folder / SECRET) if (course.folder / SECRET).is_file() else None
    with contextlib.closing(open_backend(sandbox, Limits())) as backend:
        return list(audit_wheats(course, wheats, backend, secret))


def try_exploits(sandbox: str, jobs: int, as_json: bool) -> int:
    """Try the known exploits; the exit code."""
    from graders.exploits.runner import besiege
    from graders.report.class_table import ProgressDisplay
    from graders.report.exploit_table import print_siege

    console = Console(stderr=as_json)
    with ProgressDisplay(console, 0) as display:
        siege = besiege(() if sandbox == "auto" else (sandbox,), jobs=jobs, progress=display.reached)
    if as_json:
        click.echo(json.dumps(siege.summary(), ensure_ascii=False, indent=1))
    else:
        print_siege(siege, console)
    return PASS if siege.passed else FAIL


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def bench(language: str, arguments: tuple[str, ...]) -> None:
    """Measure the reference beside torch, and compare with the kept figures."""
    require_whole()
    require_torch()
    # In a process of its own: the number of threads is settled before the libraries are loaded.
    command = [sys.executable, "-m", "graders.benchmark", *arguments]
    environment = {**os.environ, "BACKCHECK_LANG": language}
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)
