"""From a path to one submission: which file it is, what it is called, and what is not followed."""

from __future__ import annotations

import errno
import os
import zipfile
from pathlib import Path

import pytest

from graders.intake import archive as intake_archive
from graders.intake import submission as intake_submission
from graders.intake.submission import (
    list_skipped,
    list_submissions,
    read_submission,
    submission_name,
    submission_names,
)
from graders.specs import find_unit

UNIT = find_unit("03")
SOURCE = "def affine_forward(x, w, b): ...\n"


def read(path: Path) -> str:
    """The submission's text, or why there is none."""
    submission = read_submission(path, UNIT)
    return submission.problem or submission.pieces[0].text


def write(path: Path, text: str = SOURCE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_fingerprint_is_that_of_the_bytes(tmp_path: Path):
    one, other = write(tmp_path / "a.py"), write(tmp_path / "b" / "backprop.py")
    assert read_submission(one, UNIT).fingerprint == read_submission(other.parent, UNIT).fingerprint
    assert len(read_submission(one, UNIT).fingerprint) == 16


def test_a_folder_holds_the_units_file_or_one_candidate(tmp_path: Path):
    write(tmp_path / "util.py", "wrong = 1\n")
    assert read(tmp_path) == "wrong = 1\n"
    write(tmp_path / "more.py", "wrong = 2\n")
    assert read(tmp_path) == "there is no backprop.py or backprop.ipynb in it: give your file that name"
    write(tmp_path / "Backprop.py")
    assert read(tmp_path) == SOURCE
    write(tmp_path / "backprop.py", SOURCE + "exact = 1\n")
    assert read(tmp_path) == SOURCE + "exact = 1\n"


def test_what_editors_leave_behind_is_no_candidate(tmp_path: Path):
    write(tmp_path / "mine.py")
    write(tmp_path / "._mine.py", "\0")
    write(tmp_path / ".ipynb_checkpoints" / "backprop.py", "wrong = 1\n")
    assert read(tmp_path) == SOURCE


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path):
    """It could lead to another student's work, or to the course's secret."""
    write(tmp_path / "alice" / "backprop.py")
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "backprop.py").symlink_to(tmp_path / "alice" / "backprop.py")
    assert "there is no backprop.py" in read(tmp_path / "bob")


def test_a_link_within_the_folder_is_followed(tmp_path: Path):
    write(tmp_path / "src" / "work.py")
    (tmp_path / "backprop.py").symlink_to("src/work.py")
    assert read(tmp_path) == SOURCE


def tree(folder: Path, *names: str) -> Path:
    """A folder of files, each of which holds its name behind a function of the unit."""
    for name in names:
        write(folder / name, f"{SOURCE}NAME = {name!r}\n")
    return folder


def zipped(folder: Path) -> Path:
    packed = folder.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder).as_posix())
    return packed


@pytest.mark.parametrize(
    ("right", "others"),
    [
        ("03-backprop/backprop.py", ["02-losses/losses.py", "notes.txt"]),
        ("hw/backprop.py", ["a.py", "b.py"]),
        ("hw/Backprop.PY", ["hw/other.py"]),
        ("hw/backprop.py", ["hw/old/backprop.py", "zz/backprop.py"]),
        ("a/b/c/d/e/f/g/backprop.py", ["a/other.py"]),
        ("hw/mine.py", ["__MACOSX/hw/backprop.py", "hw/._mine.py", "hw/.ipynb_checkpoints/backprop.py"]),
        ("hw/whatever the student called it.py", ["hw/notes.txt"]),
        ("", ["hw/a.py", "hw/b.py"]),
        ("", []),
    ],
)
def test_a_folder_in_a_folder_is_read_like_an_archive_of_it(right: str, others: list[str], tmp_path: Path):
    (tmp_path / "ada").mkdir()
    folder = tree(tmp_path / "ada", *others, *filter(None, [right]))
    found, packed = read_submission(folder, UNIT), read_submission(zipped(folder), UNIT)
    assert (found.pieces, found.problem, found.notes) == (packed.pieces, packed.problem, packed.notes)
    assert [piece.text for piece in found.pieces] == ([f"{SOURCE}NAME = {right!r}\n"] if right else [])
    assert list_submissions(tmp_path, UNIT) == [folder, tmp_path / "ada.zip"]


@pytest.mark.parametrize("right", ["backprop.py", "Backprop.py", "mine.py"])
def test_what_lies_right_in_a_folder_comes_before_what_lies_deeper(right: str, tmp_path: Path):
    tree(tmp_path, right, "old/backprop.py")
    found = read_submission(tmp_path, UNIT)
    assert f"NAME = {right!r}" in found.pieces[0].text
    assert found.notes[0].startswith(f"{right} was graded, and not old/backprop.py")


def test_a_stub_does_not_hide_the_work_in_a_folder_below_it(tmp_path: Path):
    write(tmp_path / "backprop.py", "def affine_forward(x, w, b):\n    raise NotImplementedError\n")
    assert "NotImplementedError" in read(tmp_path)
    tree(tmp_path, "hw/backprop.py")
    assert "NAME = 'hw/backprop.py'" in read(tmp_path)


def test_no_link_in_a_folder_of_a_folder_leads_out_or_in_a_circle(tmp_path: Path):
    tree(tmp_path, "alice/03/backprop.py", "bob/03/notes.txt")
    (tmp_path / "bob" / "03" / "backprop.py").symlink_to(tmp_path / "alice" / "03" / "backprop.py")
    (tmp_path / "bob" / "alice").symlink_to(tmp_path / "alice")
    (tmp_path / "bob" / "03" / "up").symlink_to("../..")
    (tmp_path / "bob" / "03" / "again").symlink_to("..")
    assert "there is no backprop.py" in read(tmp_path / "bob")
    tree(tmp_path / "bob", "03/src/work.txt")
    (tmp_path / "bob" / "03" / "src" / "backprop.py").symlink_to("work.txt")
    assert "NAME = '03/src/work.txt'" in read(tmp_path / "bob")


def test_a_folder_is_looked_into_only_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tree(tmp_path / "deep", "/".join("abcdefghi") + "/backprop.py")
    assert "there is no backprop.py" in read(tmp_path / "deep")
    monkeypatch.setattr(intake_submission, "MAX_MEMBERS", 3)
    tree(tmp_path / "many", *(f"hw/{number}.txt" for number in range(4)), "hw/backprop.py")
    assert read(tmp_path / "many") == "the folder holds more than 3 files"
    tree(tmp_path / "many", "backprop.py")
    assert "NAME = 'backprop.py'" in read(tmp_path / "many"), "what can be graded without them is"


def test_a_folder_below_that_cannot_be_read_is_a_fault_unless_nothing_depends_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tree(tmp_path, "hw/backprop.py")
    listed = Path.iterdir

    def guarded(self: Path):
        if self.name == "hw":
            raise PermissionError(errno.EACCES, "Permission denied")
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", guarded)
    assert read_submission(tmp_path, UNIT).fault
    tree(tmp_path, "backprop.py")
    assert "NAME = 'backprop.py'" in read(tmp_path)


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "endless.py").symlink_to("/dev/zero")
    (tmp_path / "loop.py").symlink_to("loop.py")
    assert read(tmp_path / "pipe.py") == "pipe.py is not a regular file"
    assert read(tmp_path / "endless.py") == "endless.py is not a regular file"
    assert read(tmp_path / "loop.py").startswith("no such file or folder")
    assert "there is no backprop.py" in read(tmp_path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("alice.py", "alice"),
        ("class/Alice.PY", "Alice"),
        ("alice.tar.gz", "alice"),
        ("a.b.ipynb", "a.b"),
        ("folder", "folder"),
        (".py", ".py"),
        ("李雷 3.zip", "李雷 3"),
    ],
)
def test_a_submission_is_called_after_its_file(path: str, name: str):
    assert submission_name(Path(path)) == name


def test_a_folder_named_by_dots_gets_its_real_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "alice" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "alice" / "inner")
    assert [submission_name(Path(path)) for path in (".", "..")] == ["inner", "alice"]


def test_a_name_leaves_room_for_the_names_of_reports():
    assert len(os.fsencode(submission_name(Path("反" * 84 + ".py")) + ".html")) < 255


def test_no_two_submissions_of_a_class_share_a_name():
    paths = [Path(path) for path in ("a/alice.py", "b/alice.ipynb", "alice-1.py", "Alice.zip", "bob.py")]
    assert list(submission_names(paths).values()) == ["alice-2", "alice-3", "alice-1", "Alice-4", "bob"]


def test_a_class_is_every_folder_file_and_archive_in_it(tmp_path: Path):
    for name in ("b.py", "a.ipynb", "d.tar.gz", "notes.txt", ".hidden.py", "__pycache__/x.py", "c/backprop.py"):
        write(tmp_path / name)
    assert [path.name for path in list_submissions(tmp_path, UNIT)] == ["a.ipynb", "b.py", "c", "d.tar.gz"]
    assert list_submissions(tmp_path / "c", UNIT) == [tmp_path / "c"]


def test_what_of_a_class_is_no_submission_is_known_by_name(tmp_path: Path):
    for name in ("b.py", "ada.rar", "_bob.py", ".DS_Store", "__MACOSX/x.py", "__pycache__/x.py", "c/backprop.py"):
        write(tmp_path / name)
    assert [path.name for path in list_skipped(tmp_path, UNIT)] == ["_bob.py", "ada.rar"]
    assert list_skipped(tmp_path / "c", UNIT) == list_skipped(tmp_path / "b.py", UNIT) == []


def fails(error: BaseException):
    """What raises this, whatever it is asked."""

    def raising(*_arguments: object, **_options: object) -> None:
        raise error

    return raising


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
@pytest.mark.parametrize(
    ("name", "what"),
    [("ada.py", "open"), ("ada.tgz", "open"), ("folder", "iterdir"), ("ada.py", "stat"), ("folder", "stat")],
)
def test_what_this_machine_cannot_read_is_a_fault_and_no_refusal(
    number: int, name: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for one in ("ada.py", "ada.tgz", "folder/backprop.py"):
        write(tmp_path / one)
    monkeypatch.setattr(Path, what, fails(OSError(number, os.strerror(number))))
    found = read_submission(tmp_path / name, UNIT)
    assert (found.fault, found.fingerprint, found.pieces) == (True, "", ())
    assert found.problem == f"it cannot be read: {os.strerror(number)}"


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.EIO, "Input/output error")])
def test_an_archive_on_a_failing_machine_is_not_called_damaged(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        archive.writestr("backprop.py", SOURCE)
    monkeypatch.setattr(intake_archive.zipfile, "ZipFile", fails(error))
    found = read_submission(tmp_path / "ada.zip", UNIT)
    assert found.fault
    assert "damaged" not in found.problem


def test_a_link_to_where_nobody_may_look_is_not_even_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path / "work" / "backprop.py")
    (tmp_path / "work" / "other.py").symlink_to("/root/secret")
    (tmp_path / "work" / "long.py").symlink_to("x" * 3000)
    looked = Path.stat

    def guarded(self: Path, **options: bool) -> os.stat_result:
        if self.name == "other.py":
            raise PermissionError(errno.EACCES, "Permission denied")
        return looked(self, **options)

    monkeypatch.setattr(Path, "stat", guarded)
    assert read(tmp_path / "work") == SOURCE


def test_a_file_that_is_gone_is_nobodys_zero(tmp_path: Path):
    assert read_submission(tmp_path / "ada.py", UNIT).fault


def test_what_is_refused_is_told_apart_by_its_content(tmp_path: Path):
    for name, text in {"a.py": "", "b.py": " ", "c.zip": "PK", "d.zip": "PK!", "e/x.txt": "", "f/y/z.txt": ""}.items():
        write(tmp_path / name, text)
    os.mkfifo(tmp_path / "g.py")
    write(tmp_path / "h.py", "#" * (2 << 20))
    found = [read_submission(path, UNIT) for path in sorted(tmp_path.iterdir())]
    assert all(one.problem and not one.fault for one in found)
    marks = [one.fingerprint for one in found]
    assert {len(mark) for mark in marks} == {16}
    assert marks[0] == marks[6]  # an empty file, and a pipe
    assert len(set(marks)) == 7
    assert [read_submission(path, UNIT).fingerprint for path in sorted(tmp_path.iterdir())] == marks
