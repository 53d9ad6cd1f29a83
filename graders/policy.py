"""What a course decides about a unit: points, attempts, late days, bonus, optional tasks; read strictly from TOML."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NoReturn, cast

from graders.i18n import _

Reveal = Literal["case", "shape", "nothing"]
Counts = Literal["last", "best"]
SPEED = 5.0
"""Percent of a task's points that its speed is worth, and the most it may be."""


class SettingsError(ValueError):
    """A file of settings that cannot be used; its text names the file and the key."""


@dataclass(frozen=True)
class Late:
    """Days after the due date, begun ones counted whole.

    free: how many cost nothing. penalty: percent of the earned points that every further one costs. limit: after how
    many nothing is earned any more; None for never.
    """

    free: int = 0
    penalty: float = 0.0
    limit: int | None = None


@dataclass(frozen=True)
class Policy:
    """What counts how much.

    points: by task, in the handout's order, as if all were asked for. reveal: how much of a failing case may be shown.
    attempts: how many count, 0 for all. counts: which of them. speed: percent of a task's points that its speed is
    worth. optional: tasks that are graded and worth nothing. bonus: tasks whose points come on top of the total.
    due: when it has to be handed in, where the course says so.
    """

    points: tuple[tuple[str, float], ...] = ()
    reveal: Reveal = "case"
    attempts: int = 0
    counts: Counts = "last"
    late: Late = field(default_factory=Late)
    speed: float = SPEED
    optional: tuple[str, ...] = ()
    bonus: tuple[str, ...] = ()
    due: datetime | None = None

    @property
    def worth(self) -> dict[str, float]:
        """What every task can earn: nothing where it is optional."""
        return {task: 0.0 if task in self.optional else points for task, points in self.points}

    @property
    def total(self) -> float:
        """The points of a unit, without bonus."""
        return sum(points for task, points in self.worth.items() if task not in self.bonus)

    def to_json(self) -> dict[str, Any]:
        """It as TOML or JSON would hold it, every key of `change` once; `changed` reads it again."""
        late = {"free": self.late.free, "penalty": self.late.penalty}
        limit = {} if self.late.limit is None else {"limit": self.late.limit}
        due = {} if self.due is None else {"due": self.due.isoformat()}
        return {
            "points": dict(self.points),
            "reveal": self.reveal,
            "attempts": self.attempts,
            "counts": self.counts,
            "late": late | limit,
            "speed": self.speed,
            "optional": list(self.optional),
            "bonus": list(self.bonus),
            **due,
        }


class Table:
    """A table of a settings file whose keys are taken one after another; what is left over is an error."""

    def __init__(self, place: str, content: Any, inside: str = "") -> None:
        self.place, self.inside = place, inside
        if not isinstance(content, Mapping):
            self.fail(inside or "", _("must be a table"))
        self.content = dict(content)

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def fail(self, key: str, what: str) -> NoReturn:
        """A SettingsError that names the file, the key and what is wrong."""
        name = key if not self.inside or key == self.inside else f"{self.inside}.{key}"
        raise SettingsError(": ".join(filter(None, (self.place, name, what))))

    def text(self, key: str, default: str | None = None, among: Iterable[str] = ()) -> str:
        """A string, one of `among` where there are any."""
        value = self._take(key, default)
        known = list(among)
        if known and value not in known:
            self.fail(key, _("must be one of {known}, not {value}").format(known=", ".join(known), value=repr(value)))
        if not isinstance(value, str):
            self.fail(key, _("must be a text, not {value}").format(value=repr(value)))
        return value

    def number(self, key: str, default: float, low: float = 0.0, high: float = float("inf")) -> float:
        """A number within these limits."""
        value = self._take(key, default)
        good = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        if good and value not in (float("inf"), float("-inf")):
            return float(value)
        if high < float("inf"):
            wanted = _("must be a number from {low:g} to {high:g}, not {value}")
            self.fail(key, wanted.format(low=low, high=high, value=repr(value)))
        wanted = _("must be a number, at least {low:g}, not {value}")
        return self.fail(key, wanted.format(low=low, value=repr(value)))

    def count(self, key: str, default: int | None, low: int = 0) -> int | None:
        """A whole number, `low` or more; the default where it is not said."""
        if key not in self.content:
            return default
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < low:
            self.fail(key, _("must be a whole number, at least {low}, not {value}").format(low=low, value=repr(value)))
        return value

    def names(self, key: str, default: Iterable[str] = ()) -> tuple[str, ...]:
        """A list of strings, none of them twice."""
        value = self._take(key, list(default))
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            self.fail(key, _("must be a list of names, not {value}").format(value=repr(value)))
        if len(set(value)) < len(value):
            self.fail(key, _("names something twice"))
        return tuple(value)

    def moment(self, key: str) -> datetime | None:
        """A date and time that says its offset from UTC; None where it is not said."""
        value = self.content.pop(key, None)
        if isinstance(value, str):  # JSON has no other form
            with contextlib.suppress(ValueError):
                value = datetime.fromisoformat(value)
        if value is None or (isinstance(value, datetime) and value.tzinfo is not None):
            return value
        return self.fail(key, _("must be a date and time with an offset, such as 2027-01-31T23:59:00+08:00"))

    def table(self, key: str) -> Table:
        """A table inside; empty where there is none."""
        name = f"{self.inside}.{key}" if self.inside else key
        return Table(self.place, self.content.pop(key, {}), name)

    def end(self) -> None:
        """SettingsError where a key is left that nobody asked for."""
        for key in self.content:
            self.fail(key, _("there is no such setting"))

    def _take(self, key: str, default: Any = None) -> Any:
        if key not in self.content and default is None:
            self.fail(key, _("is missing"))
        return self.content.pop(key, default)


def read_toml(path: Path) -> Table:
    """The file as a table; SettingsError where it is not TOML or cannot be read."""
    try:
        return Table(str(path), tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None


def changed(policy: Policy, table: Table) -> Policy:
    """The policy with what a table says of it; what it does not say stays. Takes the keys it knows."""
    now = replace(
        policy,
        points=_points(policy, table.table("points")),
        reveal=cast(Reveal, table.text("reveal", policy.reveal, ("case", "shape", "nothing"))),
        attempts=table.count("attempts", policy.attempts) or 0,
        counts=cast(Counts, table.text("counts", policy.counts, ("last", "best"))),
        late=_late(policy.late, table.table("late")),
        speed=table.number("speed", policy.speed, 0, SPEED),
        optional=table.names("optional", policy.optional),
        bonus=table.names("bonus", policy.bonus),
        due=table.moment("due") or policy.due,
    )
    _require_tasks(now, table)
    return now


def _points(policy: Policy, table: Table) -> tuple[tuple[str, float], ...]:
    known = dict(policy.points)
    for task in list(table.content):
        if known and task not in known:
            table.fail(task, _("there is no such task; there are {known}").format(known=", ".join(known)))
    said = {task: table.number(task, 0.0) for task in list(table.content)}
    return tuple((known | said).items())


def _late(late: Late, table: Table) -> Late:
    found = Late(
        table.count("free", late.free) or 0,
        table.number("penalty", late.penalty, 0, 100),
        table.count("limit", late.limit),
    )
    if found.limit is not None and found.limit < found.free:
        table.fail("limit", _("must not be less than the free days"))
    table.end()
    return found


def _require_tasks(policy: Policy, table: Table) -> None:
    """Optional tasks and those for bonus are tasks, none is both, and something is left that counts."""
    known = dict(policy.points)
    lists: tuple[tuple[str, Callable[[Policy], tuple[str, ...]]], ...] = (
        ("optional", lambda one: one.optional),
        ("bonus", lambda one: one.bonus),
    )
    for key, of in lists:
        for task in of(policy):
            if task not in known:
                table.fail(
                    key, _("there is no task {task}; there are {known}").format(task=task, known=", ".join(known))
                )
    if both := sorted(set(policy.optional) & set(policy.bonus)):
        table.fail("bonus", _("{task} is optional as well; it can be one of the two").format(task=both[0]))
    if policy.points and policy.total <= 0:
        table.fail("points", _("no task is left that counts"))
