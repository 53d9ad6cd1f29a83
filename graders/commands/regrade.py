"""The command `backcheck regrade`: a class graded again, shown as a difference before it counts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from graders.commands.gradebook import by_option, person
from graders.commands.shared import (
    FAULT,
    course_option,
    gradebook_option,
    make_setting,
    sandbox_option,
    throughput_option,
)
from graders.i18n import _
from graders.usage import (
    Problem,
    all_paths,
    course_unit,
    held_secret,
    known_unit,
    receipts_for,
    require_isolation,
    require_whole,
)

if TYPE_CHECKING:
    from graders.batch import Setting
    from graders.course.received import Receipt
    from graders.gradebook.book import Place
    from graders.verdict import Report


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--unit", required=True, help="The unit they were handed in for.")
@click.option("--preview", "previewing", is_flag=True, help="Only show what would change; nothing of it counts.")
@click.option("--confirm", "confirmed", is_flag=True, help="Let all of it count, lower scores too.")
@click.option("--why", default="", help="The reason, as each student's history will tell it.")
@by_option
@sandbox_option
@throughput_option
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Submissions graded at a time.")
@click.option("--secret", "secret_file", type=click.Path(path_type=Path), help="The course's secret file.")
@course_option
@click.option(
    "--received",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV with who handed in what, as it was graded with: submission,student,received.",
)
@gradebook_option
@click.option("--allow-unisolated", is_flag=True, help="Grade although nothing keeps the code from this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON, and nothing else.")
@click.pass_obj
def regrade(
    language: str,
    submissions: tuple[Path, ...],
    unit: str,
    previewing: bool,
    confirmed: bool,
    why: str,
    by: str,
    sandbox: str,
    throughput: bool,
    jobs: int,
    secret_file: Path | None,
    folder: Path | None,
    received: Path | None,
    url: str | None,
    allow_unisolated: bool,
    as_json: bool,
) -> None:
    """Grade a class again after the graders, the policy or the secret have changed.

    Who gains and who loses is shown before it counts. Without --confirm it counts only where nobody loses anything;
    what is confirmed is what was shown, and is not graded once more.
    """
    require_whole()
    if previewing and confirmed:
        raise Problem(_("--preview does not go with --confirm"))
    chosen, own = course_unit(known_unit(unit), folder)
    paths = all_paths(submissions, chosen)
    receipts = receipts_for(paths, received) if received else None
    console = Console(stderr=as_json)
    secret = held_secret(secret_file, own, console)
    setting = make_setting(chosen, secret, sandbox, language, throughput=throughput)
    require_isolation(setting, allow_unisolated)
    from graders.gradebook.open import open_gradebook
    from graders.regrade import confirm, preview
    from graders.report.regrade_table import print_preview, to_json

    places, keys = placed(paths, setting, receipts)

    def grade(waiting: Sequence[Path]) -> Iterator[tuple[Path, Report]]:
        return with_progress(waiting, setting, jobs, console)

    with open_gradebook(url, own, make=False) as book:
        found = preview(book, places, keys, grade, why or _("regrade"))
        counts = not previewing and (confirmed or not found.drops)
        recorded = confirm(book, found, person(by)) if counts else 0
    if as_json:
        click.echo(json.dumps(to_json(found, recorded), ensure_ascii=False, indent=1))
    else:
        print_preview(found, console)
        if counts:
            console.print(_("recorded: {count}").format(count=recorded), highlight=False)
    if found.drops and not confirmed and not previewing:
        text = _("nothing was recorded: {count} scores would drop; the same command with --confirm lets them")
        raise Problem(text.format(count=len(found.drops)))
    sys.exit(FAULT if found.faulty else 0)


def placed(
    paths: Sequence[Path], setting: Setting, receipts: Mapping[str, Receipt] | None
) -> tuple[dict[Path, Place], dict[Path, str]]:
    """Whose submission lies at each path, and what its score depends on; as `backcheck grade` records them."""
    from graders.gradebook.book import Place
    from graders.gradebook.key import grading_key
    from graders.intake.submission import read_submission, submission_name

    places, keys = {}, {}
    for path in paths:
        submission = read_submission(path, setting.assignment)
        receipt = receipts[path.name] if receipts else None
        student = receipt.student if receipt else submission_name(path)
        when = receipt.received if receipt else None
        places[path] = Place(student, setting.unit, path.name, submission.fingerprint, str(path), when)
        keys[path] = grading_key(submission.fingerprint or submission.problem, setting)
    return places, keys


def with_progress(
    paths: Sequence[Path], setting: Setting, jobs: int, console: Console
) -> Iterator[tuple[Path, Report]]:
    """Grade with a progress bar."""
    from graders.batch import grade_all
    from graders.report.class_table import ProgressDisplay

    with ProgressDisplay(console, len(paths)) as display:
        for path, report in grade_all(list(paths), setting, jobs):
            display.starts(report.submission)
            yield path, report
            display.finished()
