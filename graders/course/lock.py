"""The lock of a released unit: the suite, tolerances, thresholds and points it was released with."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from graders import SUITE_VERSION, judging
from graders.i18n import _
from graders.intake.submission import NOTEBOOK_BYTES
from graders.policy import Policy, SettingsError, Table, changed
from graders.properties.throughput import THROUGHPUT
from graders.specs.row import Row, Task
from graders.specs.unit import Unit
from graders.throughput.limits import limits

NAME = "backcheck.lock"
KEY = "backcheck"
"""Where a notebook's metadata hold the same."""
FORMAT = 1
PACKAGE = Path(judging.__file__).parent
JUDGING = ("judging", "cases", "oracle", "exam", "families", "follow_through", "composites")
"""Modules that decide about points, beside those of the properties."""
POINTS = ("points", "written", "optional", "bonus", "speed", "attempts", "counts", "late")
"""What of a policy decides about points: of a task, or of which attempt they count and what is left of them."""
DUE = "due"
"""Decides as well, but may be moved later: that takes nothing from anybody."""
MOST = 1 << 20

Lock = dict[str, Any]


def lock(unit: Unit) -> Lock:
    """What a unit is released with: versions, and everything that decides about points."""
    return {
        "format": FORMAT,
        "unit": unit.name,
        "suite": SUITE_VERSION,
        "rows": fingerprint(rows_files(unit.tasks)),
        "judging": fingerprint(judging_files()),
        "tolerances": {"C": judging.C, "inconclusive": judging.INCONCLUSIVE, "smallest": judging.SMALLEST},
        "thresholds": thresholds(unit),
        "policy": unit.policy.to_json(),
    }


def dumps(unit: Unit) -> str:
    """The lock as the text of its file."""
    return json.dumps(lock(unit), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def thresholds(unit: Unit) -> dict[str, list[float]]:
    """How many times the reference's time earns all, and half, of a row's points for speed."""
    known = {task.name: limits(task.name) for task in unit.tasks if isinstance(task, Row) and task.workload}
    return {name: [found.full, found.part] for name, found in known.items() if found}


def fingerprint(files: Iterator[Path] | list[Path]) -> str:
    """16 hex digits of the SHA-256 of files, whatever their line ends."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_text(encoding="utf-8").encode() + b"\0")
    return digest.hexdigest()[:16]


def rows_files(tasks: tuple[Task, ...]) -> list[Path]:
    """The files in which rows are written, with those of ours that they import."""
    waiting = {(task.oracle if isinstance(task, Row) else task.trial).__module__ for task in tasks}
    found: dict[str, Path] = {}
    while waiting:
        module = waiting.pop()
        path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
        if module in found or not module.startswith("graders.specs.") or not path.is_file():
            continue
        found[module] = path
        waiting |= set(_imported(path))
    return [found[module] for module in sorted(found)]


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def judging_files() -> list[Path]:
    """The files that turn replies into points."""
    properties = sorted((PACKAGE / "properties").glob("*.py"))
    return [*(PACKAGE / f"{name}.py" for name in JUDGING), *properties]


def differences(found: Lock, unit: Unit) -> list[str]:
    """In words, what decides about points and is not as the lock says."""
    here = lock(unit)
    told = {
        "suite": _("backcheck {there} then, {here} now").format(there=found.get("suite"), here=here["suite"]),
        "rows": _("the tasks have other cases or other right answers"),
        "judging": _("answers are judged in another way"),
        "tolerances": _("other errors are tolerated"),
        "thresholds": _("other limits hold for {property}").format(property=THROUGHPUT.name),
    }
    return [text for key, text in told.items() if found.get(key) != here[key]]


def changed_points(found: Lock, unit: Unit) -> list[str]:
    """The settings that decide about points and are not as the lock says: "points", "late", ...

    SettingsError when the lock holds a due date that is none.
    """
    there, here = found.get("policy", {}), unit.policy.to_json()
    keys = [key for key in POINTS if there.get(key) != here[key]]
    return [*keys, DUE] if _is_earlier(unit.policy.due, Table(NAME, there, "policy").moment(DUE)) else keys


def _is_earlier(due: datetime | None, told: datetime | None) -> bool:
    """Whether work is due before students were told it is; None is never."""
    return due is not None and (told is None or due < told)


def policy_of(found: Lock, unit: Unit) -> Policy:
    """The policy a unit was released with; SettingsError when the lock holds none for it."""
    return changed(unit.policy, Table(NAME, found.get("policy", {}), "policy"))


def read_lock(path: Path) -> Lock:
    """A lock from its file; SettingsError when it is none."""
    try:
        with path.open("rb") as file:
            return checked(json.loads(file.read(MOST)))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise SettingsError(_("{path}: this is no lock of backcheck").format(path=path)) from None


def checked(found: Any) -> Lock:
    """The lock itself; ValueError when it is none."""
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("policy"), dict):
        raise ValueError(NAME)
    return found


def lock_of(submission: Path) -> Lock | None:
    """The lock that came with what a student works on: beside the file, or in the notebook; None where there is none.

    SettingsError when there is one that cannot be read.
    """
    folder = submission if submission.is_dir() else submission.parent
    if (folder / NAME).is_file():
        return read_lock(folder / NAME)
    if submission.suffix.lower() != ".ipynb" or not submission.is_file():
        return None
    try:
        with submission.open("rb") as file:
            held = json.loads(file.read(NOTEBOOK_BYTES)).get("metadata", {}).get(KEY)
    except (OSError, ValueError, AttributeError, RecursionError):
        return None  # what is wrong with the notebook is said where it is read
    try:
        return None if held is None else checked(held)
    except ValueError:
        raise SettingsError(_("{path}: this is no lock of backcheck").format(path=submission)) from None
