"""Starting a unit writes four files, and never over a student's work unless told."""

from __future__ import annotations

import pytest

from graders.course import lock
from graders.course.handout import handout_text
from graders.course.notebook import notebook
from graders.course.start import StartError, start
from graders.course.stub import stub_source


def test_start_writes_the_stub_the_notebook_the_lock_and_the_handout(backprop, tmp_path):
    folder = tmp_path / "new" / "folder"
    written = start(backprop, folder)
    assert [path.name for path in written] == ["backprop.py", "backprop.ipynb", "backcheck.lock", "handout.md"]
    assert sorted(written) == sorted(folder.iterdir())
    texts = [path.read_text(encoding="utf-8") for path in written]
    assert texts == [stub_source(backprop), notebook(backprop), lock.dumps(backprop), handout_text(backprop)]


def test_files_are_utf_8_with_unix_line_ends(unit, tmp_path):
    for path in start(unit, tmp_path, "zh"):
        data = path.read_bytes()
        assert b"\r" not in data
        assert data.decode("utf-8").endswith("\n")


@pytest.mark.parametrize("name", ["losses.py", "losses.ipynb", "handout.md"])
def test_one_file_that_is_there_is_enough_to_write_nothing(losses, tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(StartError, match=f"nothing was written: .*{name} would be overwritten"):
        start(losses, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_force_overwrites(losses, tmp_path):
    (tmp_path / "losses.py").write_text("mine")
    start(losses, tmp_path, force=True)
    assert (tmp_path / "losses.py").read_text(encoding="utf-8") == stub_source(losses)


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_is_a_file_is_one_clear_message(losses, tmp_path, force):
    (tmp_path / "taken").write_text("")
    with pytest.raises(StartError, match=r"cannot write to .*taken: File exists"):
        start(losses, tmp_path / "taken", force=force)


def test_the_chinese_handout_is_written_under_the_same_name(losses, write_handout, tmp_path):
    sections = "\n\n".join(f"<!-- task: {task.name} -->\n### {task.name}\n\n文" for task in losses.tasks)
    write_handout(losses, f"# 损失函数\n\n{sections}\n", "handout.zh.md")
    *_, handout = start(losses, tmp_path / "out", "zh")
    assert handout.name == "handout.md"
    assert handout.read_text(encoding="utf-8").startswith("# 损失函数")
