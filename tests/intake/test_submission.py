"""From a path to one submission: which file it is, what it is called, and what is not followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graders.intake.submission import list_submissions, read_submission, submission_name, submission_names
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
    write(tmp_path / "backprop.py", "exact = 1\n")
    assert read(tmp_path) == "exact = 1\n"


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
