"""The command `backcheck check`: a student's own work, graded, timed on a device or judged by a contract."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from graders.commands.shared import (
    FAIL,
    PASS,
    STARTED,
    exit_code,
    make_setting,
    sandbox_option,
    throughput_option,
)
from graders.i18n import _
from graders.usage import (
    Problem,
    as_released,
    checked_tasks,
    known_contract,
    known_unit,
    refuse_beside_contract,
    require_there,
    require_torch,
    require_whole,
    unit_of,
    writing,
)

if TYPE_CHECKING:
    from graders.batch import Setting
    from graders.specs.unit import Unit
    from graders.verdict import Report


@click.command()
@click.argument("submissions", metavar="SUBMISSION...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--unit", help="The unit; by default the one whose file has this name.")
@click.option("--contract", help="Judge files of this public course, by its own signatures, instead of a unit.")
@click.option("--task", "tasks", multiple=True, help="Grade this task only (may be given several times).")
@sandbox_option
@throughput_option
@click.option("--html", "page", type=click.Path(path_type=Path), help="Where the page goes.")
@click.option("--junit", type=click.Path(path_type=Path), help="Also write JUnit XML there.")
@click.option("--profile", is_flag=True, help="Also show line by line where the time goes, on large arrays.")
@click.option(
    "--device", type=click.Choice(["cpu", "cuda"]), default="cpu", help="cuda: practise speed on a GPU, without points."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, and nothing else.")
@click.pass_obj
def check(
    language: str,
    submissions: tuple[Path, ...],
    unit: str | None,
    contract: str | None,
    tasks: tuple[str, ...],
    sandbox: str,
    throughput: bool,
    page: Path | None,
    junit: Path | None,
    profile: bool,
    device: str,
    as_json: bool,
) -> None:
    """Grade your own work here, on cases anybody may see."""
    for path in submissions:
        require_there(path)
    if contract:
        on_gpu = device == "cuda"
        refuse_beside_contract(unit=unit, task=tasks, html=page, junit=junit, profile=profile, device=on_gpu)
        sys.exit(check_contract(submissions, contract, sandbox, as_json))
    if len(submissions) > 1:
        raise Problem(_("check takes one submission; several only with --contract"))
    if profile and as_json:
        raise Problem(_("--profile does not go with --json"))
    submission = submissions[0]
    chosen, notes = as_released(unit_of(submission, unit), submission)
    if device == "cuda":
        sys.exit(practise(submission, chosen, checked_tasks(chosen, tasks), device, as_json))
    from graders.secrets import PUBLIC

    setting = make_setting(chosen, PUBLIC, sandbox, language, checked_tasks(chosen, tasks), throughput)
    console = Console(stderr=as_json)
    report = check_one(submission, setting, console)
    report = replace(report, notes=(*report.notes, *notes))
    from graders import replay
    from graders.report import as_json as json_report
    from graders.report import html
    from graders.report import junit as junit_report
    from graders.report.terminal import print_report

    if as_json:
        click.echo(json_report.dumps(report))
    else:
        print_report(report, console)
        console.print(_("sandbox {name}").format(name=report.sandbox), highlight=False)
    if profile:
        show_profiles(submission, setting, console)
    with writing(replay.FOLDER):
        replay.store(report)
    if junit:
        with writing(junit):
            junit_report.save(report, junit)
    page = page or Path(".backcheck") / f"{report.submission}.html"
    with writing(page):
        html.save(report, page)
    if not as_json:
        console.print(_("page: {path}").format(path=page), highlight=False, soft_wrap=True)
    sys.exit(exit_code([report]))


def check_one(path: Path, setting: Setting, console: Console) -> Report:
    """Grade with a progress bar."""
    from graders.batch import Grader
    from graders.report.class_table import ProgressDisplay
    from graders.sandbox import SandboxUnavailable

    imports = time.perf_counter() - STARTED
    try:
        grader = Grader(setting)
    except SandboxUnavailable as reason:
        raise Problem(_("no sandbox works here: {reason}").format(reason=reason)) from None
    total = len(setting.tasks or grader.unit.tasks)
    with ProgressDisplay(console, total) as display:

        def progress(task: str, done: int, count: int) -> None:
            if done:
                display.finished()
            if task:
                display.starts(task)

        with contextlib.closing(grader):
            report = grader(path, progress)
    return replace(report, timings={"imports": imports, "sandbox": grader.sandbox_seconds, **report.timings})


def show_profiles(path: Path, setting: Setting, console: Console) -> None:
    """Where the time of every timed task goes."""
    from graders.intake.submission import read_submission
    from graders.report.profile_table import print_profile
    from graders.sandbox import open_backend
    from graders.throughput.profile import profiles

    unit = known_unit(setting.unit)
    backend = open_backend(setting.sandbox, setting.limits)
    for one in profiles(read_submission(path, unit), unit, backend, setting.tasks):
        print_profile(one, console)


def practise(path: Path, unit: Unit, tasks: frozenset[str] | None, device: str, as_json: bool) -> int:
    """Time a submission on a device, beside the reference; the exit code."""
    require_whole()
    require_torch()
    from graders.benchmark.device import missing_gpu
    from graders.intake.submission import read_submission
    from graders.report.class_table import ProgressDisplay
    from graders.report.practice_table import print_practice
    from graders.specs.row import Row
    from graders.throughput import limits
    from graders.throughput.practice import practise as practise_row

    if device == "cuda" and (reason := missing_gpu()):
        raise Problem(reason)
    submission = read_submission(path, unit)
    if submission.problem:
        raise Problem(submission.problem)
    rows = [row for row in unit.tasks if isinstance(row, Row) and row.workload and row.name in (tasks or unit.points)]
    known = limits.read(limits.ON_CUDA)
    console, found = Console(stderr=as_json), []
    with ProgressDisplay(console, len(rows)) as display:
        for row in rows:
            display.starts(row.name)
            found.append(practise_row(row, submission.pieces, device, known.get(row.name)))
            display.finished()
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found], ensure_ascii=False, indent=1))
    else:
        print_practice(found, console)
    return FAIL if any(one.problem for one in found) else PASS


def check_contract(paths: tuple[Path, ...], name: str, sandbox: str, as_json: bool) -> int:
    """Judge files of a public course; the exit code."""
    contract = known_contract(name)
    from graders.contracts.engine import LIMITS, check_files
    from graders.report.class_table import ProgressDisplay
    from graders.report.contract_table import print_contract
    from graders.sandbox import SandboxUnavailable, open_backend

    try:
        backend = open_backend(sandbox, LIMITS)
    except SandboxUnavailable as reason:
        raise Problem(_("no sandbox works here: {reason}").format(reason=reason)) from None
    console = Console(stderr=as_json)
    with ProgressDisplay(console, len(paths)) as display:
        report = check_files(paths, contract, backend, display.starts)
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=1))
    else:
        print_contract(report, console)
    return PASS if report.passed else FAIL
