"""A run over a class as the command shows it: progress, reports as they come, the table, what waits for a person."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from graders.commands.shared import FAULT, exit_code
from graders.gradebook.errors import GradebookFault
from graders.i18n import _
from graders.usage import Fault, Problem, write_whole, writing

if TYPE_CHECKING:
    from graders.batch import Setting
    from graders.course.received import Receipt
    from graders.engine.jobs import Engine
    from graders.engine.run import Ended, Handed, Run
    from graders.engine.shelf import Shelf
    from graders.engine.stopping import Stoppable
    from graders.gradebook.book import Gradebook
    from graders.verdict import Note, Report, Standing

SHOWN = 20
"""Lower scores that are named; of the others it is said how many there are."""


@dataclass(frozen=True)
class Wanted:
    """What was asked for. out: where reports go. as_json: all of them on the standard output."""

    out: Path | None = None
    as_json: bool = False
    force: bool = False
    accept_drops: bool = False
    why: str = ""


@dataclass
class Tally:
    """What a run has come to so far.

    dated: students who had work of which it is known when it came. drops: lower scores that wait for a person. undated:
    new works of those students of which nobody has said when they came. known: numbers of what an earlier run has
    graded. elsewhere: students of whom something counts that is not among these submissions.
    """

    total: int
    dated: Collection[str] = ()
    reports: dict[int, Report] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    drops: list[tuple[str, float, float]] = field(default_factory=list)
    undated: list[str] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    elsewhere: list[str] = field(default_factory=list)

    def add(self, ended: Ended, one: Handed) -> None:
        """Count one; what is kept of its report is small."""
        from graders.engine.slim import slim

        self.reports[ended.number] = slim(ended.report)
        self.ends[self._end(ended)] += 1
        if not ended.fresh:
            self.known.add(ended.number)
        told = ended.recorded
        if waits(ended) and told and told.before is not None and told.after is not None:
            self.drops.append((ended.report.submission, told.before, told.after))
        if ended.recorded and ended.recorded.outcome == "new" and one.received is None and one.student in self.dated:
            self.undated.append(one.name)

    @property
    def done(self) -> int:
        """How many were graded, now or before."""
        return self.ends["fresh"] + self.ends["known"]

    @staticmethod
    def _end(ended: Ended) -> str:
        """How one ended; what this machine could not read has a fault of ours, and a problem that says which."""
        if ended.report.faulty:
            return "unread" if ended.report.problem else "faulty"
        return "fresh" if ended.fresh else "known"

    @property
    def ordered(self) -> list[Report]:
        """The reports in the order of the submissions."""
        return [self.reports[number] for number in sorted(self.reports)]


def grade_many(
    paths: list[Path],
    setting: Setting,
    engine: Callable[[int], Engine],
    wanted: Wanted,
    console: Console,
    receipts: dict[str, Receipt] | None = None,
    book: Gradebook | None = None,
) -> int:
    """Grade, record and show a class; the exit code."""
    from graders.engine.jobs import EngineFailure
    from graders.engine.shelf import Shelf
    from graders.engine.stopping import Stoppable, Stopped
    from graders.report.class_table import ProgressDisplay

    handed = handed_in(paths, receipts, book is not None)
    again = wanted.as_json or (wanted.out is not None and bool(receipts or book))  # each is needed once more
    with Shelf() as shelf:
        tally = Tally(len(paths))
        try:
            tally.dated = book.dated(setting.unit) if book else ()
            with Stoppable() as stop, ProgressDisplay(console, len(paths), pace=True) as display:
                run = make_run(handed, setting, engine, wanted, book, stop)
                with contextlib.closing(iter(run)) as ends:  # the engine as well, whatever ends us
                    for ended in ends:
                        with stop.later():
                            keep(ended, wanted, shelf if again else None)
                            tally.add(ended, handed[ended.number])
                        display.starts(ended.report.submission)
                        display.finished()
            reports = finish(handed, tally, setting, wanted, shelf, receipts, book)
        except Stopped as signal:
            tell_how_far(tally, book is not None, console)
            return signal.code
        except (EngineFailure, GradebookFault, Fault) as failure:
            console.print(str(failure), style="red", highlight=False, markup=False, soft_wrap=True)
            tell_how_far(tally, book is not None, console)
            return FAULT
        show(reports, tally, wanted, shelf, console)
    return exit_code(reports)


def make_run(
    handed: Sequence[Handed],
    setting: Setting,
    engine: Callable[[int], Engine],
    wanted: Wanted,
    book: Gradebook | None,
    stop: Stoppable,
) -> Run:
    """The run that was asked for."""
    from graders.engine.run import Run

    ledger = None
    if book is not None:
        from graders.engine.ledger import Ledger

        name = datetime.now(UTC).isoformat(timespec="seconds")
        again, confirmed = wanted.force, wanted.accept_drops
        ledger = Ledger(book, setting, why=wanted.why, again=again, confirmed=confirmed, run=name)
    pages = wanted.out is not None
    return Run(handed, setting, engine, ledger, pages=pages, force=wanted.force, whole=stop.later)


def handed_in(paths: Sequence[Path], receipts: dict[str, Receipt] | None, kept: bool) -> list[Handed]:
    """Whose submissions they are; in a gradebook, nobody may have two of which nobody knows which came first."""
    from graders.course.received import handed_in_as
    from graders.engine.run import Handed
    from graders.intake.submission import submission_name, submission_names

    names = submission_names(paths)
    found = []
    for path in paths:
        receipt = receipts[handed_in_as(path)] if receipts else None
        student, received = (receipt.student, receipt.received) if receipt else (submission_name(path), None)
        found.append(Handed(path, names[path], student, received, told=receipt is not None))
    if receipts:
        require_times(found)
    elif kept:
        require_order(found)
    return found


def require_order(handed: Sequence[Handed]) -> None:
    """A usage error where two submissions are one student's, and nobody has said which is the later one."""
    mine: dict[str, list[Handed]] = {}
    for one in handed:
        mine.setdefault(one.student.casefold(), []).append(one)
    text = _(
        "two submissions of one student: {paths}. Say with --received which came when, hand over one of them, or say"
        " --no-gradebook"
    )
    refuse(text, [several for several in mine.values() if len(several) > 1])


def require_times(handed: Sequence[Handed]) -> None:
    """A usage error where a student's several submissions have not each a time of their own: none would be the last."""
    mine: dict[str, list[Handed]] = {}
    for one in handed:
        mine.setdefault(one.student, []).append(one)
    text = _(
        "two submissions of one student, and --received does not say which came first: {paths}. Give each a name and a"
        " time of its own there, or hand over one of them"
    )
    refuse(text, [several for several in mine.values() if len(several) > 1 and not in_order(several)])


def in_order(several: Sequence[Handed]) -> bool:
    """Whether each came at a time of its own."""
    times = {one.received for one in several}
    return None not in times and len(times) == len(several)


def refuse(text: str, groups: Sequence[Sequence[Handed]]) -> None:
    """A usage error that names these submissions, where there are any."""
    if groups:
        shown = (", ".join(sorted(str(one.path) for one in group)) for group in groups[:SHOWN])
        raise Problem(text.format(paths="; ".join(shown)))


def keep(ended: Ended, wanted: Wanted, shelf: Shelf | None) -> None:
    """Write a report where it is wanted, now or later; a score that waits for a person says so.

    What an earlier run has graded is written when it is known how it stands: its page may have pictures, which the
    gradebook does not keep, and stays as it is where it says the same.
    """
    report, page = ended.report, ended.page
    if waits(ended):
        report, page = replace(report, notes=(*report.notes, waiting_note(ended))), ""
    if shelf:
        with writing(shelf.folder):
            shelf.put(ended.number, report)
    if wanted.out and ended.fresh:
        save_reports(report, wanted.out, page)


def waits(ended: Ended) -> bool:
    """Whether its score is lower than the one before, which counts until a person says otherwise."""
    return ended.recorded is not None and ended.recorded.outcome == "proposed" and ended.recorded.before is not None


def waiting_note(ended: Ended) -> Note:
    """What its reader has to know."""
    from graders.verdict import Note

    assert ended.recorded is not None
    text = _("These points do not count yet: {before:g} do, from before, until somebody confirms the lower score.")
    return Note("gradebook", text.format(before=ended.recorded.before))


def save_reports(report: Report, out: Path, page: str = "") -> None:
    """One JSON and one HTML file, named after the submission; they stay where they say the same already."""
    from graders.report import as_json, html

    text = as_json.dumps(report)
    told, shown = out / f"{report.submission}.json", out / f"{report.submission}.html"
    if not page and shown.exists() and holds(told, text):
        return
    write_whole(shown, page or html.to_html(report))
    write_whole(told, text)  # last: it vouches for the page


def holds(path: Path, text: str) -> bool:
    """Whether a file says this; one that cannot be read does not."""
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def finish(
    handed: Sequence[Handed],
    tally: Tally,
    setting: Setting,
    wanted: Wanted,
    shelf: Shelf,
    receipts: dict[str, Receipt] | None,
    book: Gradebook | None,
) -> list[Report]:
    """The reports with how they stand among the attempts of their student, and the table for a spreadsheet."""
    from graders.report import class_csv

    reports = tally.ordered
    if book:
        reports = standing_in(book, handed, tally, setting, receipts is not None)
    elif receipts:
        from graders.course.received import with_standings

        reports = with_standings([one.path for one in handed], reports, receipts, setting.assignment.policy)
    if wanted.out:
        for number, report in enumerate(reports):  # once more: which attempt counts is known when all are graded
            if report.standing or number in tally.known:
                save_reports(replace(shelf.get(number), standing=report.standing), wanted.out)
        counting = {name: before for name, before, _after in tally.drops}
        write_whole(wanted.out / "class.csv", class_csv.to_csv(reports, counting), class_csv.ENCODING)
    return reports


def standing_in(
    book: Gradebook, handed: Sequence[Handed], tally: Tally, setting: Setting, received: bool
) -> list[Report]:
    """The reports with how they stand among all that the gradebook knows of their students.

    A fault of ours stands nowhere, and without `received`, nothing does while nobody has a second attempt or a time.
    """
    from graders.gradebook.book import Place
    from graders.gradebook.scores import standing_works

    reports, unit = tally.ordered, setting.unit
    places = [
        Place(one.student, unit, one.path.name, report.fingerprint) for one, report in zip(handed, reports, strict=True)
    ]
    mine, theirs = set(places), {one.student for one in places}
    stands: dict[Place, Standing] = {}
    with book.reading() as session:
        for student, works in standing_works(session, unit, setting.assignment.policy):
            if student not in theirs:
                continue
            found = {Place(student, unit, one.submission, one.fingerprint): one.standing for one in works}
            stands |= {place: one for place, one in found.items() if place in mine}
            if not any(one.counts and place in mine for place, one in found.items()):
                tally.elsewhere.append(student)
    if not received and not any(one.attempts > 1 or one.received for one in stands.values()):
        return reports
    return [
        replace(report, standing=None if report.faulty else stands.get(place))
        for place, report in zip(places, reports, strict=True)
    ]


def show(reports: list[Report], tally: Tally, wanted: Wanted, shelf: Shelf, console: Console) -> None:
    """Print the class, as a table or as JSON, and what waits for a person."""
    from graders.report.class_table import print_class
    from graders.report.text import listed

    if wanted.as_json:
        print_json(reports, shelf)
    else:
        print_class(reports, console)
        for sentence in dict.fromkeys(sentence for report in reports for sentence in report.rules):
            console.print(sentence, highlight=False, markup=False)
        if wanted.out:
            console.print(_("reports: {path}").format(path=wanted.out), highlight=False, soft_wrap=True)
    if known := tally.ends["known"]:
        text = _("graded before and not changed: {count} of {total}; --force grades them again")
        console.print(text.format(count=known, total=tally.total), highlight=False, soft_wrap=True)
    if tally.ends["faulty"]:
        text = _("not recorded, for a fault of the grader: {count}; the same command grades them again")
        console.print(text.format(count=tally.ends["faulty"]), highlight=False, soft_wrap=True)
    if tally.ends["unread"]:
        text = _("not recorded, for they could not be read: {count} ({names}); the same command looks at them again")
        names = [f"{one.submission}: {one.problem}" for one in reports if one.faulty and one.problem]
        console.print(text.format(count=len(names), names=listed(names)), highlight=False, markup=False, soft_wrap=True)
    if tally.undated:
        text = _(
            "{names}: earlier work of theirs has a time, of --received; what has none counts as handed in before that"
        )
        console.print(text.format(names=listed(tally.undated)), style="yellow", highlight=False, markup=False)
    if tally.elsewhere:
        text = _("{names}: an attempt counts that is not among these submissions; backcheck export has what counts")
        console.print(text.format(names=listed(tally.elsewhere)), highlight=False, markup=False, soft_wrap=True)
    tell_drops(tally, console)


def print_json(reports: list[Report], shelf: Shelf) -> None:
    """All reports as one JSON list, one in memory at a time."""
    from graders.report import as_json

    for number, report in enumerate(reports):
        whole = replace(shelf.get(number), standing=report.standing)
        text = json.dumps(as_json.to_json(whole), ensure_ascii=False, indent=1)
        indented = "\n".join(f" {line}" for line in text.split("\n"))
        click.echo(("[" if number == 0 else ",") + "\n" + indented, nl=False)
    click.echo("\n]" if reports else "[]")


def tell_drops(tally: Tally, console: Console) -> None:
    """Which scores would be lower than before."""
    if not tally.drops:
        return
    text = _("not recorded, being lower than before: {count}; the same command with --accept-drops records them:")
    console.print(text.format(count=len(tally.drops)), highlight=False, soft_wrap=True)
    for name, before, after in tally.drops[:SHOWN]:
        console.print(f"  {name}: {before:g} -> {after:g}", highlight=False, markup=False, soft_wrap=True)
    if (more := len(tally.drops) - SHOWN) > 0:
        console.print(_("  and {count} more").format(count=more), highlight=False)


def tell_how_far(tally: Tally, kept: bool, console: Console) -> None:
    """Where a run has stopped, and what becomes of it."""
    done, total = tally.done, tally.total
    if kept:
        text = _("stopped after {done} of {total}; they are in the gradebook, and the same command goes on from here")
    else:
        text = _("stopped after {done} of {total}; without a gradebook, the same command starts again")
    console.print(text.format(done=done, total=total), highlight=False, soft_wrap=True)
    console.file.flush()
