"""What a student starts from lies beside the handouts, and is what would be made of them now."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from graders import i18n
from graders.cli import cli
from graders.course.build import built, stale, write
from graders.specs import find_unit, unit_names


@pytest.mark.parametrize("name", unit_names())
def test_stubs_and_notebooks_are_up_to_date(name: str):
    """Run: backcheck course build."""
    assert list(stale([find_unit(name)])) == []


def test_a_unit_has_a_stub_and_a_notebook_in_each_language():
    names = [path.name for path in built(find_unit("03"))]
    assert names == ["backprop.py", "backprop.ipynb", "backprop.zh.ipynb"]
    assert i18n.language() == "en"


def test_what_is_stale_is_named_and_written_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("graders.course.build.built", lambda unit: {tmp_path / "stub.py": "new\n"})
    (tmp_path / "stub.py").write_text("old\n")
    result = CliRunner().invoke(cli, ["course", "build", "03", "--check"])
    assert result.exit_code == 1
    assert "stale" in result.output
    assert list(write([find_unit("03")])) == [tmp_path / "stub.py"]
    assert CliRunner().invoke(cli, ["course", "build", "03", "--check"]).exit_code == 0
