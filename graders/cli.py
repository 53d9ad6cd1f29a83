"""The command `backcheck`. Exit codes: 0 pass, 1 fail, 2 usage, 3 our fault."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console

from graders import SUITE_VERSION, i18n
from graders.course.commands import course
from graders.i18n import _
from graders.usage import (
    Commands,
    Problem,
    all_paths,
    as_released,
    checked_tasks,
    course_secret,
    course_unit,
    known_contract,
    known_unit,
    receipts_for,
    refuse_beside_contract,
    require_isolation,
    require_there,
    require_torch,
    require_whole,
    unit_of,
    writing,
)

if TYPE_CHECKING:
    from graders.batch import Setting
    from graders.course.received import Receipt
    from graders.secrets import Secret
    from graders.specs.unit import Unit
    from graders.verdict import Report

PASS, FAIL, FAULT = 0, 1, 3
STARTED = time.perf_counter()
SANDBOXES = ("auto", "bubblewrap", "subprocess", "portable", "docker")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(SUITE_VERSION, prog_name="backcheck")
@click.option("-v", "--verbose", is_flag=True, expose_value=False, help="Show where a fault of ours comes from.")
@click.option("--lang", metavar="LANG", help="Language of messages: en or zh (the environment's by default).")
@click.pass_context
def cli(context: click.Context, lang: str | None) -> None:
    """Grade deep learning written from scratch in NumPy."""
    context.obj = i18n.use_language(lang)


cli.add_command(course)


def main() -> NoReturn:
    """Run the command; a fault of ours prints one message and ends with code 3."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that lacks a character must not end the grading
    try:
        cli()
    except Exception as fault:
        if {"-v", "--verbose"} & set(sys.argv):
            traceback.print_exc()
        message = _("The grader failed, not you; no points were lost. ({fault})")
        click.echo(message.format(fault=f"{type(fault).__name__}: {fault}"), err=True)
        sys.exit(FAULT)
    sys.exit(PASS)


def sandbox_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--sandbox`."""
    return click.option(
        "--sandbox",
        type=click.Choice(SANDBOXES),
        default="auto",
        help="Where the code runs; auto: the strongest but docker.",
    )(command)


def throughput_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--throughput / --no-throughput`."""
    return click.option(
        "--throughput/--no-throughput",
        default=True,
        show_default=True,
        envvar="BACKCHECK_THROUGHPUT",
        help="Also time the work beside the reference; without, its points are the other properties'.",
    )(command)


def exit_code(reports: list[Report]) -> int:
    """3 when a fault of ours is among them, 1 when points were lost, else 0."""
    if any(report.faulty for report in reports):
        return FAULT
    return PASS if all(report.passed for report in reports) else FAIL


# --- students ---


@cli.command()
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


@cli.command()
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


def make_setting(
    unit: Unit,
    secret: Secret,
    sandbox: str,
    language: str,
    tasks: frozenset[str] | None = None,
    throughput: bool = True,
) -> Setting:
    """What a grading process needs to know."""
    from graders.batch import Setting
    from graders.sandbox.program import Limits

    return Setting(unit.name, secret, sandbox, Limits(), language, tasks, throughput, unit.policy)


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


@cli.command()
@click.argument("case")
def replay(case: str) -> None:
    """Print a failing case of the last checks as Python you can run."""
    from graders.replay import find

    text = find(case)
    if text is None:
        raise Problem(_("no case {case} here; cases are kept by: backcheck check FILE").format(case=case))
    click.echo(text, nl=False)


# --- instructors ---


@cli.command()
@click.argument("submissions", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--unit", required=True, help="The unit they were handed in for.")
@sandbox_option
@throughput_option
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Submissions graded at a time.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="One JSON and HTML each, and class.csv.")
@click.option("--secret", "secret_file", type=click.Path(path_type=Path), help="The course's secret file.")
@click.option(
    "--course",
    "course_folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The course's folder, for its policies; by default the one you are in.",
)
@click.option(
    "--received",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with who handed in what and when, for attempts and late days: submission,student,received.",
)
@click.option("--allow-unisolated", is_flag=True, help="Grade although nothing keeps the code from this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print all reports as a JSON list, and nothing else.")
@click.pass_obj
def grade(
    language: str,
    submissions: tuple[Path, ...],
    unit: str,
    sandbox: str,
    throughput: bool,
    jobs: int,
    out: Path | None,
    secret_file: Path | None,
    course_folder: Path | None,
    received: Path | None,
    allow_unisolated: bool,
    as_json: bool,
) -> None:
    """Grade one submission or many, on the course's own cases."""
    require_whole()
    chosen, own = course_unit(known_unit(unit), course_folder)
    paths = all_paths(submissions, chosen)
    receipts = receipts_for(paths, received) if received else None
    console = Console(stderr=as_json)
    secret = course_secret(secret_file or (own / ".backcheck" / "secret" if own else None), console)
    setting = make_setting(chosen, secret, sandbox, language, throughput=throughput)
    require_isolation(setting, allow_unisolated)
    if out:
        with writing(out):
            out.mkdir(exist_ok=True)
    reports = grade_many(paths, setting, jobs, out, console, receipts)
    from graders.report import as_json as json_report
    from graders.report.class_table import print_class

    if as_json:
        click.echo(json.dumps([json_report.to_json(report) for report in reports], ensure_ascii=False, indent=1))
    else:
        print_class(reports, console)
        for sentence in dict.fromkeys(sentence for report in reports for sentence in report.rules):
            console.print(sentence, highlight=False, markup=False)
        if out:
            console.print(_("reports: {path}").format(path=out), highlight=False, soft_wrap=True)
    sys.exit(exit_code(reports))


def grade_many(
    paths: list[Path],
    setting: Setting,
    jobs: int,
    out: Path | None,
    console: Console,
    receipts: dict[str, Receipt] | None = None,
) -> list[Report]:
    """Grade with a progress bar; reports are written as they come, and returned in the order of the paths."""
    from graders.batch import grade_all
    from graders.intake.submission import submission_names
    from graders.report import class_csv
    from graders.report.class_table import ProgressDisplay

    reports: dict[Path, Report] = {}
    names = submission_names(paths)
    with ProgressDisplay(console, len(paths)) as display:
        for path, report in grade_all(paths, setting, jobs):
            display.starts(report.submission)
            display.finished()
            reports[path] = replace(report, submission=names[path])
            if out:
                save_reports(reports[path], out)
    ordered = [reports[path] for path in paths]
    if receipts:
        from graders.course.received import with_standings

        ordered = with_standings(paths, ordered, receipts, setting.assignment.policy)
    if out and receipts:  # once more: which attempt counts is known when all are graded
        for report in ordered:
            save_reports(report, out)
    if out:
        with writing(out / "class.csv"):
            class_csv.save(ordered, out / "class.csv")
    return ordered


def save_reports(report: Report, out: Path) -> None:
    """One JSON and one HTML file, named after the submission."""
    from graders.report import as_json, html

    for view, suffix in ((as_json, "json"), (html, "html")):
        path = out / f"{report.submission}.{suffix}"
        with writing(path):
            view.save(report, path)


# --- who vouches for the graders ---


@cli.command()
@click.argument("unit", required=False)
@sandbox_option
@click.option(
    "--runs", type=click.IntRange(0), default=10_000, show_default=True, help="Wheat runs, each on new cases."
)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes at a time.")
@click.option("--exploits", is_flag=True, help="Try the known exploits instead; in every sandbox, or in --sandbox.")
@click.option("--json", "as_json", is_flag=True, help="Print figures and lists as JSON, and nothing else.")
def audit(unit: str | None, sandbox: str, runs: int, jobs: int, exploits: bool, as_json: bool) -> None:
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
    if as_json:
        click.echo(json.dumps(result.summary(), ensure_ascii=False, indent=1))
    else:
        print_audit(result, console)
    sys.exit(PASS if result.passed else FAIL)


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


@cli.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
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


@cli.group()
def images() -> None:
    """The container images: of student code's sandbox, and of backcheck itself."""


@images.command("build")
@click.argument("kind", type=click.Choice(["worker", "grader", "grader-cuda", "all"]), default="worker")
@click.option("--base", default="", help="Build on this image instead of the official Python one.")
@click.option(
    "--offline-base", is_flag=True, help="Build on a Debian put together here by mmdebstrap, without registry."
)
@click.option(
    "--wheelhouse",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take wheels from this folder only.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".backcheck/images"),
    show_default=True,
    help="Where the bill of materials (CycloneDX) and the list of files go.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
def images_build(kind: str, base: str, offline_base: bool, wheelhouse: Path | None, out: Path, as_json: bool) -> None:
    """Make an image, by default the worker's; the build itself has no network."""
    from graders.images import ImageError
    from graders.images.build import Origin, build, kinds

    if base and offline_base:
        raise Problem(_("--base does not go with --offline-base"))
    made = []
    for chosen in kinds(kind):
        try:
            built = build(chosen, Origin(base, offline_base, wheelhouse), lambda text: click.echo(text, err=True))
        except ImageError as reason:
            raise Problem(str(reason)) from None
        with writing(out / "x"):
            files = built.save(out)
        made.append({"image": built.tag, "id": built.identity, "bytes": built.size, "base": built.base})
        if not as_json:
            text = _("{name}: {size:.0f} MB; packages and files: {path}")
            click.echo(text.format(name=built.tag, size=built.size / 1e6, path=", ".join(map(str, files))))
    if as_json:
        click.echo(json.dumps(made, indent=1))


# --- everybody ---


@cli.command()
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


@cli.command()
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


if __name__ == "__main__":
    main()
