"""The students' wheel: what `check` needs, and nothing that gives a solution away."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from graders import SUITE_VERSION, i18n
from graders.course import lock
from graders.course.handout import handout_path, handout_text
from graders.course.notebook import notebook
from graders.course.settings import Course
from graders.course.start import prepared_names
from graders.course.stub import stub_source
from graders.specs import find_unit, unit_names
from graders.specs.unit import Unit, assignments_folder

PACKAGE = Path(i18n.__file__).parent
KEPT = (
    "__init__.py",
    "answers.py",
    "assigned.py",
    "batch.py",
    "cases.py",
    "cli.py",
    "composites.py",
    "diagnosis.py",
    "doctor.py",
    "exam.py",
    "example.py",
    "families.py",
    "follow_through.py",
    "grade.py",
    "i18n.py",
    "judging.py",
    "jupyter.py",
    "oracle.py",
    "patterns.py",
    "policy.py",
    "pytest_plugin.py",
    "replay.py",
    "rules.py",
    "secrets.py",
    "shrink.py",
    "standing.py",
    "suspects.py",
    "usage.py",
    "verdict.py",
    "py.typed",
    "commands/*.py",
    "course/__init__.py",
    "course/commands.py",
    "course/handout.py",
    "course/lock.py",
    "course/start.py",
    "gradebook/__init__.py",
    "gradebook/errors.py",
    "data/digits.txt",
    "data/iris.csv",
    "data/throughput.toml",
    "intake/*.py",
    "locale/*/LC_MESSAGES/backcheck.mo",
    "misconceptions/__init__.py",
    "misconceptions/variant.py",
    "properties/*.py",
    "report/*.py",
    "report/schema.json",
    "report/templates/*",
    "sandbox/*.py",
    "specs/*.py",
    "throughput/__init__.py",
    "throughput/empties.py",
    "throughput/heat.py",
    "throughput/judge.py",
    "throughput/limits.py",
    "throughput/profile.py",
    "throughput/stand.py",
    "throughput/statistic.py",
    "throughput/workload.py",
    "worker/*.py",
)
"""Of the package `graders`. No reference, no known mistakes or right variants (they are edits of it), no exploits. The
rows stay, with their oracles in torch: they say what is right, and take gradients from autograd."""
EXTRAS = ("torch", "pictures")
README = """\
# backcheck, for students

`backcheck start UNIT` and `backcheck check FILE` work as in the whole of backcheck, on the same cases. This install
holds no solutions. What follows from them only your course's grading adds:

- the names of known mistakes: here, patterns (a sign, a factor, an axis) and the case shown explain a failure;
- half of the points for what is right given your own wrong parts;
- throughput, for which the reference runs beside your work: its points are the other properties' here.

Your course grades on cases of its own.
"""


def build(out: Path, released: Iterable[Unit], course: Course | None = None) -> Path:
    """Build the wheel into `out`, with stubs and notebooks of these units; its path.

    With a course, its rules and what it decides stand in all of them, and `start` writes its locks.
    Needs hatchling, which builds backcheck itself.
    """
    from hatchling.builders.wheel import WheelBuilder

    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        (root / "pyproject.toml").write_text(project(), encoding="utf-8")
        (root / "README.md").write_text(README, encoding="utf-8")
        for source in kept_files():
            target = root / "graders" / source.relative_to(PACKAGE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        for name, text in handed_out([unit.name for unit in released], course):
            target = root / "graders" / "assignments" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
        return Path(next(WheelBuilder(place).build(directory=str(out.resolve()), versions=["standard"])))


def kept_files() -> list[Path]:
    """The files of `graders` that students get."""
    return sorted({path for pattern in KEPT for path in PACKAGE.glob(pattern) if path.is_file()})


def handed_out(released: Sequence[str], course: Course | None = None) -> Iterator[tuple[str, str]]:
    """What goes into the folder of the handouts: those of all units, stubs and notebooks of these."""
    spoken, rules = i18n.language(), course.rules if course else ""
    try:
        for name in unit_names():
            unit = course.unit(name) if course else find_unit(name)
            yield f"{name}/unit.toml", (assignments_folder() / name / "unit.toml").read_text(encoding="utf-8")
            if course:
                yield f"{name}/{lock.NAME}", lock.dumps(unit)
            for language in ("en", "zh"):
                i18n.use_language(language)
                yield f"{name}/{handout_path(unit, language).name}", handout_text(unit, language, rules)
                if name in released:
                    module, book = prepared_names(unit, language)
                    yield f"{name}/{module}", stub_source(unit, language)
                    yield f"{name}/{book}", notebook(unit, language, rules)
    finally:
        i18n.use_language(spoken)


def solves(unit: Unit) -> list[str]:
    """The units of which the stub solves a task."""
    return [name for name in unit_names() if name != unit.name and set(unit.given) & set(find_unit(name).points)]


def project() -> str:
    """The pyproject.toml of the wheel, from the metadata of what is installed."""
    told = importlib.metadata.metadata("backcheck")
    needs = importlib.metadata.requires("backcheck") or []
    plain = [need for need in needs if "extra ==" not in need]
    extras = {
        extra: [_bare(need) for need in needs if re.search(f"extra == ['\"]{extra}['\"]", need)] for extra in EXTRAS
    }
    lines = [
        "[build-system]",
        'requires = ["hatchling"]',
        'build-backend = "hatchling.build"',
        "[project]",
        'name = "backcheck"',
        f'version = "{SUITE_VERSION}+student"',
        'description = "backcheck for students: without solutions"',
        'readme = "README.md"',
        'license = "MIT"',
        f"requires-python = {json.dumps(told['Requires-Python'])}",
        f"dependencies = {json.dumps(plain)}",
        "[project.optional-dependencies]",
        *(f"{extra} = {json.dumps(found)}" for extra, found in extras.items()),
        "[project.scripts]",
        'backcheck = "graders.cli:main"',
        "[project.entry-points.pytest11]",
        'backcheck = "graders.pytest_plugin"',
        "[tool.hatch.build.targets.wheel]",
        'packages = ["graders"]',
    ]
    return "\n".join(lines) + "\n"


def _is_for(extra: str, need: str) -> bool:
    return re.search(f"extra == ['\"]{extra}['\"]", need) is not None


def _bare(need: str) -> str:
    """A requirement without what makes it one of an extra."""
    return need.partition(";")[0].strip()
