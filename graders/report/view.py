"""What every view of a report needs to know: what was lost where, and what comes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from graders.i18n import _
from graders.report.text import points
from graders.verdict import Report, Result, Speed, Status

State = Literal["passed", "partial", "failed", "skipped", "error"]
"""A Status, with `partial` for a property that earned some of its points."""

STATES: tuple[State, ...] = ("passed", "partial", "failed", "skipped", "error")


@dataclass(frozen=True)
class Item:
    """One result and the name of its place on a page."""

    result: Result
    anchor: str

    @property
    def state(self) -> State:
        """How the property ended, for the eye."""
        result = self.result
        if result.status in (Status.PASSED, Status.FAILED) and 0 < result.score < result.max_score:
            return "partial"
        return result.status.value

    @property
    def lost(self) -> float:
        """Points the student lost here; a fault of the grader's costs none."""
        if self.result.status is Status.ERROR:
            return 0.0
        return self.result.max_score - self.result.score

    @property
    def message(self) -> str:
        """What is wrong, also where the reveal policy left no message."""
        return self.result.message or _("This does not hold. The unit keeps the details.")


@dataclass(frozen=True)
class TaskView:
    """The results of one task, sorted by what a reader does with them."""

    name: str
    anchor: str
    items: tuple[Item, ...]
    kind: Literal["", "optional", "bonus"] = ""

    @property
    def score(self) -> float:
        return sum(item.result.score for item in self.items)

    @property
    def max_score(self) -> float:
        return sum(item.result.max_score for item in self.items)

    @property
    def lost(self) -> float:
        return sum(item.lost for item in self.items)

    @property
    def worth(self) -> str:
        """`4.5 / 6`, or that it is worth nothing."""
        if self.kind == "optional":
            return _("optional")
        return out_of(self.score, self.max_score) + (" " + _("bonus") if self.kind == "bonus" else "")

    @property
    def worth_in_words(self) -> str:
        """`4.5 of 6 points`, or that it is worth nothing."""
        if self.kind == "optional":
            return _("optional")
        words = _("{score} of {max_score} bonus points") if self.kind else _("{score} of {max_score} points")
        return words.format(score=points(self.score), max_score=points(self.max_score))

    @property
    def attempted(self) -> bool:
        """False when every property was skipped: the stub is as it was handed out."""
        return any(item.result.status is not Status.SKIPPED for item in self.items)

    @property
    def failures(self) -> list[Item]:
        """What the student can mend, the dearest first."""
        return dearest(item for item in self.items if item.state in ("failed", "partial"))

    @property
    def faults(self) -> list[Item]:
        return self._in("error")

    @property
    def skipped(self) -> list[Item]:
        """Not judged in a task that was attempted, and therefore lost."""
        return [item for item in self._in("skipped") if item.lost] if self.attempted else []

    @property
    def passed(self) -> list[Item]:
        return self._in("passed")

    @property
    def speed(self) -> Speed | None:
        """How fast it is, where that was measured."""
        return next((item.result.pictures.speed for item in self.items if item.result.pictures.speed), None)

    def _in(self, state: State) -> list[Item]:
        return [item for item in self.items if item.state == state]


def task_views(report: Report) -> list[TaskView]:
    """The tasks of a report in the unit's order."""
    views = []
    for number, (name, results) in enumerate(report.tasks().items(), start=1):
        anchor = f"task-{number}"
        items = tuple(Item(result, f"{anchor}-{place}") for place, result in enumerate(results, start=1))
        kind: Literal["", "optional", "bonus"] = "optional" if name in report.optional else ""
        views.append(TaskView(name, anchor, items, "bonus" if name in report.bonus else kind))
    return views


def dearest(items: Iterable[Item]) -> list[Item]:
    """Sorted by points lost, the most first; ties stay in their order."""
    return sorted(items, key=lambda item: -round(item.lost, 6))


def to_mend(tasks: Sequence[TaskView]) -> list[TaskView]:
    """The attempted tasks in which something failed or waits, by points lost."""
    open_ones = [task for task in tasks if task.failures or task.skipped]
    return sorted(open_ones, key=lambda task: -round(task.lost, 6))


def lost_on(task: TaskView) -> str:
    """What a task lost points on, in a few words: `shape, gradient db`."""
    if not task.attempted:
        return task.items[0].result.message or _("not attempted")
    return ", ".join(item.result.property for item in task.failures)


def why_skipped(task: TaskView) -> list[tuple[str, list[Item]]]:
    """The skipped properties of a task, gathered under the reason they share."""
    reasons: dict[str, list[Item]] = {}
    for item in task.skipped:
        reasons.setdefault(_reason(item.result), []).append(item)
    return list(reasons.items())


def _reason(result: Result) -> str:
    if result.depends_on:
        return _('waits for "{property}" to pass').format(property=result.depends_on)
    return result.message or _("not judged")


def out_of(score: float, max_score: float) -> str:
    """`4.5 / 6`, as tables print it."""
    return f"{points(score)} / {points(max_score)}"


def state_name(state: State) -> str:
    """The state in words."""
    names = {
        "passed": _("passed"),
        "partial": _("partly"),
        "failed": _("failed"),
        "skipped": _("not judged"),
        "error": _("grader fault"),
    }
    return names[state]


def states_met(tasks: Iterable[TaskView]) -> list[State]:
    """The states a legend must explain."""
    met = {item.state for task in tasks for item in task.items}
    return [state for state in STATES if state in met]


def speed_words(speed: Speed) -> str:
    """`1.02 times the reference (0.97 to 1.08); all points up to 2.6, half up to 5`."""
    words = _(
        "{ratio:.2f} times the reference ({low:.2f} to {high:.2f}); all points up to {full:g}, half up to {part:g}"
    )
    return words.format(ratio=speed.ratio, low=speed.low, high=speed.high, full=speed.full, part=speed.part)


def note_label(kind: str) -> str:
    """What kind of note it is, in a word."""
    labels = {
        "skipped": _("skipped:"),
        "warning": _("warning:"),
        "output": _("printed:"),
        "sandbox": _("sandbox:"),
        "speed": _("speed:"),
        "lock": _("released:"),
        "course": _("course:"),
    }
    return labels.get(kind, kind + ":")
