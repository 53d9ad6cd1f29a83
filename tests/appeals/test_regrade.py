"""A regrade is shown before it counts; no score drops without a confirmation, and what is confirmed was shown."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from graders.cli import cli
from graders.commands import regrade as command
from graders.commands.class_run import handed_in
from graders.commands.shared import make_setting
from graders.engine.ledger import Ledger
from graders.engine.run import Handed
from graders.gradebook.book import Gradebook, Place
from graders.gradebook.decisions import decide, pending
from graders.intake.submission import read_submission
from graders.regrade import Preview, confirm, missing, preview
from graders.report.regrade_table import print_preview, to_json
from graders.secrets import PUBLIC, make_secret
from graders.specs import find_unit
from graders.verdict import Report, Status
from tests.appeals.conftest import UNIT
from tests.report.samples import result

STUDENTS = ("ada", "bob", "cid", "dan", "eva")


def report(*scores: float, status: Status = Status.PASSED) -> Report:
    """A task with as many properties."""
    names = ("forward", "gradient dx", "gradient dw")
    results = tuple(
        result("affine", name, status, score=score, max_score=2.0) for name, score in zip(names, scores, strict=False)
    )
    return Report(UNIT, "Backprop", "x", "x.py", results, fingerprint="f", secret="s", versions={"backcheck": "0"})


OLD = {"ada": report(2, 1), "bob": report(2, 2), "cid": report(1, 1), "dan": report(2, 0)}
NEW = {"ada": report(2, 2), "bob": report(2, 0.5), "cid": report(2, 0), "dan": report(2, 0), "eva": report(2, 2)}


def places() -> dict[Path, Place]:
    return {Path(name): Place(name, UNIT, f"{name}.py", "f") for name in STUDENTS}


def keys() -> dict[Path, str]:
    return {Path(name): "same" if name == "dan" else "new" for name in STUDENTS}


class Grade:
    """Gives the new reports, and counts how many were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, paths: Sequence[Path]) -> Iterator[tuple[Path, Report]]:
        for path in paths:
            self.asked.append(str(path))
            yield path, NEW[str(path)]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Gradebook]:
    with Gradebook(f"sqlite:///{tmp_path / 'book.db'}") as made:
        for name, old in OLD.items():
            made.record(places()[Path(name)], "same" if name == "dan" else "old", old)
        yield made


def counting(book: Gradebook) -> dict[str, float]:
    return {student.name: one.score for student, _work, one in book.reports(UNIT)}


def test_a_preview_says_who_gains_and_who_loses_on_what_and_counts_nothing(book: Gradebook):
    grade, before = Grade(), counting(book)
    found = preview(book, places(), keys(), grade, "mended")
    assert grade.asked == ["ada", "bob", "cid"]  # dan's is as it was, eva's is not in the gradebook
    assert [(one.student, one.points) for one in found.gains] == [("ada", 1.0)]
    assert [(one.student, one.points) for one in found.drops] == [("bob", -1.5)]
    assert (found.same, found.unknown) == (2, ["eva.py"])
    assert found.by_property == {("affine", "gradient dx"): (1, 1.0, 1, -1.5)}
    assert counting(book) == before
    console = Console(record=True, width=100)
    print_preview(found, console)
    text = console.export_text()
    assert "1 gain 1 points, 1 lose 1.5, 2 stay as they are." in text
    assert "affine gradient dx -1.5" in text
    assert to_json(found, 0)["moves"][0]["student"] == "bob"


def test_what_was_shown_is_what_counts_and_is_not_graded_twice(book: Gradebook):
    preview(book, places(), keys(), Grade(), "mended")
    grade = Grade()
    found = preview(book, places(), keys(), grade, "mended")
    assert grade.asked == []
    assert confirm(book, found, "Curie") == 3
    assert counting(book) == {"ada": 4.0, "bob": 2.5, "cid": 2.0, "dan": 2.0}
    with book.reading() as session:
        assert pending(session) == []
    again = preview(book, places(), keys(), grade, "mended")
    assert (again.same, again.moves, again.proposals) == (4, [], [])


def test_what_a_person_rejected_is_not_proposed_again(book: Gradebook):
    preview(book, places(), keys(), Grade(), "mended")
    with book.session() as session:
        (bobs,) = (one for one in pending(session) if one.student == "bob")
        decide(session, False, "Curie", ids=[bobs.id])
    grade = Grade()
    found = preview(book, places(), keys(), grade, "mended")
    assert (grade.asked, found.rejected, found.drops) == ([], ["bob.py"], [])
    assert confirm(book, found, "Curie") == 2
    assert counting(book)["bob"] == 4.0
    console = Console(record=True, width=100)
    print_preview(found, console)
    assert "rejected what came of it: bob.py" in " ".join(console.export_text().split())


def test_by_force_everybody_is_graded_again_once(book: Gradebook):
    """Graders that were mended in place have the version they had."""
    asked, same = dict.fromkeys(places(), "same"), Grade()
    for one in places():
        if str(one) != "eva":
            book.record(places()[one], "same", OLD[str(one)])
    found = preview(book, places(), asked, same, "mended in place")
    assert (same.asked, found.known, found.moves) == ([], 4, [])
    forced = preview(book, places(), asked, same, "mended in place", force=True)
    assert same.asked == ["ada", "bob", "cid", "dan"]
    assert [one.student for one in forced.drops] == ["bob"]
    shown = preview(book, places(), asked, same, "mended in place", force=True)
    assert (len(same.asked), shown.proposals) == (4, forced.proposals)
    confirm(book, shown, "Curie")
    assert counting(book)["bob"] == 2.5


def test_what_counts_and_was_not_given_is_named(book: Gradebook):
    given = [place for path, place in places().items() if str(path) != "cid"]
    assert missing(book, UNIT, find_unit(UNIT).policy, given) == ["cid.py"]


def test_a_newer_preview_takes_the_place_of_an_older_one(book: Gradebook):
    preview(book, places(), dict.fromkeys(places(), "older"), Grade(), "a first try")
    preview(book, places(), keys(), Grade(), "mended")
    with book.reading() as session:
        waiting = pending(session)
    assert [one.why for one in waiting if one.student != "dan"] == ["mended"] * 3


def test_our_own_fault_is_proposed_to_nobody(book: Gradebook):
    def grade(paths: Sequence[Path]) -> Iterator[tuple[Path, Report]]:
        faulty = replace(NEW["ada"], results=(result("affine", "forward", Status.ERROR),))
        yield from ((path, faulty) for path in paths)

    found = preview(book, places(), keys(), grade, "mended")
    assert found.faulty == ["ada.py", "bob.py", "cid.py"]
    assert not found.proposals


def test_what_has_changed_meanwhile_is_recorded_as_nobodys_old_work(book: Gradebook):
    def grade(paths: Sequence[Path]) -> Iterator[tuple[Path, Report]]:
        for path in paths:
            yield path, replace(NEW[str(path)], fingerprint="another" if str(path) == "bob" else "f")

    found = preview(book, places(), keys(), grade, "mended", "monday")
    assert (found.changed, found.drops) == (["bob.py"], [])
    with book.reading() as session:
        assert [(one.student, one.run) for one in pending(session)] == [("ada", "monday"), ("cid", "monday")]
    console = Console(record=True, width=100)
    print_preview(found, console)
    assert "left alone: bob.py; give the same command again" in console.export_text()
    assert to_json(found, 0)["changed"] == ["bob.py"]


@pytest.mark.parametrize(
    ("options", "code", "counts"),
    [
        (["--preview"], 0, False),
        ([], 2, False),
        (["--confirm"], 0, True),
        (["--preview", "--confirm"], 2, False),
    ],
)
def test_no_score_drops_without_a_confirmation(
    options: list[str], code: int, counts: bool, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("bob.py").write_text("x = 1\n")

    def graded(handed: Sequence[Handed], *_rest: object) -> Iterator[tuple[Path, Report]]:
        yield from ((one.path, replace(NEW[one.student], fingerprint=mine[one.path].fingerprint)) for one in handed)

    monkeypatch.setattr(command, "graded", graded)
    setting = make_setting(find_unit(UNIT), PUBLIC, "auto", "en", throughput=False)
    mine, _keys, _unread = command.placed(handed_in([Path("bob.py")], None, True), setting)
    with Gradebook("sqlite:///book.db") as book:
        book.record(mine[Path("bob.py")], "old", OLD["bob"])
        done = CliRunner().invoke(
            cli,
            [
                "regrade",
                "bob.py",
                "--unit",
                UNIT,
                "--gradebook",
                "book.db",
                "--secret",
                str(desk / ".backcheck/secret"),
                *options,
            ],
        )
        assert done.exit_code == code, done.output
        assert counting(book) == {"bob": 2.5 if counts else 4.0}
        with book.reading() as session:
            assert all(one.run for one in pending(session))
    if code == 2 and not options:
        assert "1 scores would drop" in done.output


def test_what_this_machine_cannot_read_is_named_and_loses_nothing(
    book: Gradebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("ada.py").write_text("x = 1\n")
    opened = Path.open

    def failing(self: Path, *arguments: object, **options: object) -> object:
        if self.name == "ada.py":
            raise OSError(errno.ESTALE, "Stale file handle")
        return opened(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", failing)
    make_secret(tmp_path / "secret")
    url = str(book.engine.url)
    before = counting(book)
    done = CliRunner().invoke(
        cli, ["regrade", "ada.py", "--unit", UNIT, "--gradebook", url, "--secret", "secret", "--confirm"]
    )
    assert done.exit_code == 3, done.output
    assert "ada.py: it cannot be read: Stale file handle" in done.output
    assert counting(book) == before
    assert done.output.count("ada.py") == 1
    assert "not among what was given, though they count: bob.py, cid.py, dan.py" in done.output
    done = CliRunner().invoke(
        cli, ["regrade", "ada.py", "--unit", UNIT, "--gradebook", url, "--secret", "secret", "--json"]
    )
    told = json.loads(done.stdout)
    assert (told["faulty"], told["missing"]) == (["ada.py"], ["bob.py", "cid.py", "dan.py"])
    told = CliRunner().invoke(cli, ["explain", "ada.py", "affine", "--gradebook", url])
    assert (told.exit_code, told.output) == (3, "Error: ada.py: it cannot be read: Stale file handle\n")


def test_a_preview_of_nothing_is_a_sentence():
    console = Console(record=True)
    print_preview(Preview(), console)
    assert "0 gain 0 points" in console.export_text()


def test_submissions_are_found_where_a_run_over_the_class_has_recorded_them(tmp_path: Path, book: Gradebook):
    paths = [tmp_path / "ada.py", tmp_path / "bob.py"]
    paths[0].write_text("x = 1\n")
    paths[1].write_bytes(b"\x00")
    setting = make_setting(find_unit(UNIT), PUBLIC, "auto", "en")
    handed = handed_in(paths, None, True)
    places, keys, unread = command.placed(handed, setting)
    assert unread == {}
    ledger = Ledger(book, setting)
    for one in handed:
        submission = read_submission(one.path, setting.assignment)
        ledger.record(one, submission, NEW["ada"])
        known = book.known(places[one.path], keys[one.path])
        assert known is not None
        assert known.score == NEW["ada"].score
