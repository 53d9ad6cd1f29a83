"""The command `backcheck grade`: a class, on the course's own cases."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from graders.commands.shared import exit_code, make_setting, sandbox_option, throughput_option
from graders.i18n import _
from graders.usage import (
    all_paths,
    course_secret,
    course_unit,
    known_unit,
    receipts_for,
    require_isolation,
    require_whole,
    writing,
)

if TYPE_CHECKING:
    from graders.batch import Setting
    from graders.course.received import Receipt
    from graders.verdict import Report


@click.command()
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
