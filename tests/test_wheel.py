"""An installed wheel has all it needs: it runs outside of the source tree, with handouts, recipes and exploits in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import whole_only

pytestmark = whole_only

ROOT = Path(__file__).parents[1]
INCLUDED = {
    "assignments": "graders/assignments",
    "docker": "graders/docker",
    "tests/exploits/catalogue": "graders/exploits/files",
}
"""Folders of the source tree, and where they are in the package."""
WHERE = """
import graders
from graders.exploits.catalogue import entries, folder
from graders.images import recipes_folder
from graders.specs.unit import assignments_folder
print(graders.__file__, folder(), recipes_folder(), assignments_folder(), len(entries()), sep="\\n")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `pip install` would put there."""
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--quiet", "--wheel-dir", str(folder))
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with that folder before all others, somewhere else than in the source tree."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = (sys.executable, *arguments)
    return subprocess.run(command, cwd=site.parent, env=environment, capture_output=True, text=True, check=False)


def test_it_holds_the_folders_that_lie_elsewhere_in_the_source_tree(site: Path):
    for source, target in INCLUDED.items():
        listed = subprocess.run(("git", "ls-files", source), cwd=ROOT, capture_output=True, text=True, check=True)
        files = {Path(name).relative_to(source) for name in listed.stdout.splitlines()}
        assert files
        assert {path for path in files if (site / target / path).is_file()} == files
    assert not (site / "tests").exists()


def test_it_finds_them_in_itself(site: Path):
    done = run(site, "-c", WHERE)
    *paths, exploits = done.stdout.split()
    assert all(Path(path).is_relative_to(site) for path in paths), (paths, done.stderr)
    assert int(exploits) > 100


def test_the_command_grades_from_it(site: Path):
    unit = "01-activations"
    start = run(site, "-m", "graders.cli", "start", unit)
    assert start.returncode == 0, start.stderr
    right = ROOT / "tests" / "submissions" / unit / "honest_vectorised_activations.py"
    done = run(site, "-m", "graders.cli", "check", str(right), "--unit", unit, "--no-throughput")
    assert done.returncode == 0, done.stdout + done.stderr
    stub = run(site, "-m", "graders.cli", "check", str(site.parent / unit / "activations.py"), "--no-throughput")
    assert stub.returncode == 1
