"""One task explained, once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.batch import Setting
from graders.explain.explanation import Explanation, explain
from graders.intake.submission import read_submission
from graders.sandbox.program import Limits
from graders.secrets import Secret, make_secret
from graders.specs import find_unit
from tests.bad_input.cases import HONEST

UNIT = "03-backprop"
WRONG = HONEST.replace("dout.sum(0)", "dout.mean(0)")


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a secret and what Ada has handed in."""
    folder = tmp_path_factory.mktemp("desk")
    make_secret(folder / ".backcheck" / "secret")
    (folder / "ada.py").write_text("# by Ada Lovelace </script>\n" + WRONG)
    return folder


@pytest.fixture(scope="session")
def secret(desk: Path) -> Secret:
    return Secret((desk / ".backcheck" / "secret").read_bytes())


@pytest.fixture(scope="session")
def explained(desk: Path, secret: Secret) -> Explanation:
    """Ada's affine, whose db is a mean, on the course's cases."""
    unit = find_unit(UNIT)
    setting = Setting(UNIT, secret, "auto", Limits(), policy=unit.policy)
    task = next(task for task in unit.tasks if task.name == "affine")
    return explain(read_submission(desk / "ada.py", unit), task, setting, None)
