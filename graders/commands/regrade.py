"""The command `backcheck regrade`: a class graded again, shown as a difference before it counts."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from graders.commands.class_run import handed_in
from graders.commands.engines import Where, engine_opener, engine_options
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
    Fault,
    Problem,
    all_paths,
    course_unit,
    kept_secret,
    known_unit,
    receipts_for,
    require_isolation,
    require_whole,
    tell_left_out,
)

if TYPE_CHECKING:
    from graders.batch import Setting
    from graders.engine.jobs import Engine
    from graders.engine.run import Handed
    from graders.gradebook.book import Place
    from graders.verdict import Report


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--unit", required=True, help="The unit they were handed in for.")
@click.option("--preview", "previewing", is_flag=True, help="Only show what would change; nothing of it counts.")
@click.option("--confirm", "confirmed", is_flag=True, help="Let all of it count, lower scores too.")
@click.option("--force", is_flag=True, help="Grade also what was graded by this version, policy and secret.")
@click.option("--why", default="", help="The reason, as each student's history will tell it.")
@by_option
@sandbox_option
@throughput_option
@engine_options
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
    force: bool,
    why: str,
    by: str,
    sandbox: str,
    throughput: bool,
    where: Where,
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
    tell_left_out(submissions, paths, chosen, receipts, received, console)
    secret = kept_secret(secret_file, own)
    setting = make_setting(chosen, secret, sandbox, language, throughput=throughput)
    if where.here:
        require_isolation(setting, allow_unisolated)
    from graders.engine.jobs import EngineFailure
    from graders.engine.stopping import Stoppable, Stopped
    from graders.gradebook.open import open_gradebook
    from graders.regrade import confirm, missing, preview
    from graders.report.regrade_table import print_preview, to_json
    from graders.report.text import printable

    handed, engine = handed_in(paths, receipts, True), engine_opener(where, setting, console, allow_unisolated)
    places, keys, unread = placed(handed, setting)
    for path, reason in unread.items():
        console.print(printable(f"{path}: {reason}"), style="red", highlight=False, markup=False, soft_wrap=True)

    def grade(waiting: Sequence[Path]) -> Iterator[tuple[Path, Report]]:
        wanted = set(waiting)
        return graded([one for one in handed if one.path in wanted], setting, engine, console)

    with open_gradebook(url, own, make=False) as book:
        run = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            with Stoppable():
                found = preview(book, places, keys, grade, why or _("regrade"), run, force=force)
                found.unread += [path.name for path in unread]
                there = [*places.values(), *unread_places(handed, unread, chosen.name)]
                found.missing += missing(book, chosen.name, chosen.policy, there)
        except EngineFailure as failure:
            raise Fault(str(failure)) from failure
        except Stopped as signal:
            console.print(_("stopped; the same command goes on from here"), highlight=False)
            sys.exit(signal.code)
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
    sys.exit(FAULT if found.faulty or found.unread or found.changed else 0)


def placed(handed: Sequence[Handed], setting: Setting) -> tuple[dict[Path, Place], dict[Path, str], dict[Path, str]]:
    """Whose submission lies at each path, and what its score depends on, as `backcheck grade` records them.

    The third says why those that are not among them could not be read.
    """
    from graders.engine.ledger import key_of, place_of
    from graders.intake.submission import read_submission

    places, keys, unread = {}, {}, {}
    for one in handed:
        submission = read_submission(one.path, setting.assignment)
        if submission.fault:
            unread[one.path] = submission.problem
            continue
        places[one.path] = place_of(one, submission, setting)
        keys[one.path] = key_of(submission, setting)
    return places, keys, unread


def unread_places(handed: Sequence[Handed], unread: Collection[Path], unit: str) -> list[Place]:
    """Where the gradebook has what could not be read, whatever is in it."""
    from graders.gradebook.book import Place

    return [Place(one.student, unit, one.path.name, "") for one in handed if one.path in unread]


def graded(
    handed: Sequence[Handed], setting: Setting, engine: Callable[[int], Engine], console: Console
) -> Iterator[tuple[Path, Report]]:
    """Grade with a progress bar."""
    from graders.engine.run import Run
    from graders.report.class_table import ProgressDisplay

    with (
        ProgressDisplay(console, len(handed), pace=True) as display,
        contextlib.closing(iter(Run(handed, setting, engine))) as ends,
    ):
        for ended in ends:
            display.starts(ended.report.submission)
            yield handed[ended.number].path, ended.report
            display.finished()
