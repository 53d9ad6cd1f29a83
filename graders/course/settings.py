"""A course's own settings, `course.toml`: what it decides otherwise than the units' own `unit.toml`."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from graders.course.handout import FENCE, MARK
from graders.i18n import _
from graders.policy import Policy, SettingsError, Table, changed, read_toml
from graders.specs import find_unit, unit_names
from graders.specs.unit import Unit

FILE = "course.toml"
RULES = "rules.md"
COMMON = ("reveal", "attempts", "counts", "late", "speed")
"""What may be said of all units at once; the other settings name tasks or a day."""


@dataclass(frozen=True)
class Course:
    """A folder with a course. common: for every unit. own: by unit, before `common` where both say something."""

    folder: Path
    language: str = "en"
    common: Table = field(default_factory=lambda: Table(FILE, {}))
    own: dict[str, Table] = field(default_factory=dict)

    def policy(self, unit: Unit) -> Policy:
        """What counts for a unit in this course; SettingsError where the file says what it should not."""
        policy = unit.policy
        for table in (self.common, self.own.get(unit.name)):
            if table is not None:
                table = deepcopy(table)
                policy = changed(policy, table)
                table.end()
        return policy

    def unit(self, name: str) -> Unit:
        """A unit as this course wants it; KeyError when there is none."""
        unit = find_unit(name)
        return unit.under(self.policy(unit))

    @property
    def units(self) -> list[str]:
        """The units that the course has sources of."""
        return [name for name in unit_names() if (self.folder / "source" / name).is_dir()]

    @property
    def rules(self) -> str:
        """What the instructor tells students about working together and about AI; "" where the file is gone."""
        path = self.folder / RULES
        return read_rules(path) if path.is_file() else ""


def read_rules(path: Path) -> str:
    """The rules of a course; SettingsError where the handouts that they go into could not be read any more."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        bad = error.object.count(b"\n", 0, error.start) + 1
        told = _("line {line} is not valid {encoding}: save the file as UTF-8").format(line=bad, encoding="UTF-8")
        raise SettingsError(f"{path}: {told}") from None
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    opened = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(FENCE):
            opened = 0 if opened else number
        elif not opened and MARK.fullmatch(line):
            told = _("{path}: line {line}: {mark} marks a task, which only handouts do: take it out, or indent it")
            raise SettingsError(told.format(path=path, line=number, mark=line.strip()))
    if opened:
        told = _("{path}: line {line} opens a code block that nothing closes: write {fence} below its last line")
        raise SettingsError(told.format(path=path, line=opened, fence=FENCE))
    return text.strip()


def read_course(folder: Path) -> Course:
    """The course in a folder, all its settings checked; without `course.toml` the units' own hold."""
    path = folder / FILE
    if not path.is_file():
        return Course(folder)
    table = read_toml(path)
    language = table.text("language", "en", ("en", "zh"))
    common = table.table("policy")
    for key in common.content:
        if key not in COMMON:
            common.fail(key, _("can be said of one unit only, under [units.NAME]"))
    units = table.table("units")
    own = {name: units.table(name) for name in list(units.content)}
    table.end()
    for name in own:
        if name not in unit_names():
            units.fail(
                name, _("there is no unit {name}; there are {known}").format(name=name, known=", ".join(unit_names()))
            )
    course = Course(folder, language, common, own)
    for name in unit_names():
        course.unit(name)
    return course


def find_course(start: Path) -> Course | None:
    """The course whose folder `start` is, or lies in; None where there is none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / FILE).is_file():
            return read_course(folder)
    return None
