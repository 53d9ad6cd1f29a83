"""Composites: a task that is right given the submission's own wrong parts earns half.

What a task is made of is read off the reference: the other tasks of the unit whose functions its own solution uses.
Where such a part fails in the same report, the task is graded once more in the submission with that part's functions
redefined, at its end, by the reference's text. What then passes was lost to the part alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from graders.i18n import _
from graders.intake.reference import Definition, available, closure, module_text
from graders.intake.submission import Submission
from graders.properties.throughput import THROUGHPUT
from graders.sandbox.program import Piece
from graders.specs.row import ScriptRow, Task
from graders.specs.unit import Unit
from graders.verdict import Result, Status

SHARE = 0.5

Regrade = Callable[[Submission, list[Task]], tuple[Result, ...]]
"""Grades a submission on some tasks."""


def parts(unit: Unit, task: Task) -> tuple[str, ...]:
    """The other tasks of the unit that the reference's solution of this one uses, in the unit's order."""
    more = task.uses if isinstance(task, ScriptRow) else ()
    used = {definition.name for definition in _definitions((*task.functions, *more))}
    return tuple(one.name for one in unit.tasks if one is not task and used & set(_names(one)))


def _names(task: Task) -> list[str]:
    """The top-level names of a task's functions: "Model" for "Model.fit"."""
    return list(dict.fromkeys(function.partition(".")[0] for function in task.functions))


def _definitions(functions: Sequence[str]) -> list[Definition]:
    return closure([function.partition(".")[0] for function in functions])


def mended(submission: Submission, tasks: Iterable[Task]) -> Submission:
    """The submission with the reference's functions for these tasks, which bring their own helpers along."""
    names = [name for task in tasks for name in _names(task)]
    return replace(submission, pieces=(*submission.pieces, Piece("parts", _redefinition(tuple(names)))))


REDEFINITION = """\
def _redefine(names, text):
    own = {{"__name__": "parts"}}
    exec(compile(text, "parts", "exec", dont_inherit=True), own)
    globals().update((name, own[name]) for name in names)
_redefine({names!r}, {text!r})
"""


@functools.cache
def _redefinition(names: tuple[str, ...]) -> str:
    return REDEFINITION.format(names=names, text=module_text(closure(names)))


def credited(submission: Submission, unit: Unit, results: tuple[Result, ...], regrade: Regrade) -> tuple[Result, ...]:
    """The results, with half the points for what is right given the parts."""
    if not available():  # what a task is made of is read off the reference
        return results
    if len(wrong_tasks(results)) < 2:
        return results
    composites = _Composites(submission, unit, results, regrade)
    composites.rescue_by_roots()
    composites.rescue_by_parts()
    return tuple(composites.after(result) for result in results)


def wrong_tasks(results: Iterable[Result]) -> set[str]:
    """Those that fail a property; slow is not wrong, and nothing is lost to a slow part."""
    return {one.task for one in results if one.status is Status.FAILED and one.property != THROUGHPUT.name}


def wrong_parts(unit: Unit, results: Iterable[Result]) -> dict[str, tuple[str, ...]]:
    """The failed parts of each failed task that has some."""
    wrong = wrong_tasks(results)
    of = {task.name: tuple(part for part in parts(unit, task) if part in wrong) for task in unit.tasks}
    return {name: several for name, several in of.items() if several and name in wrong}


class _Composites:
    """The failed tasks of a report that have failed parts."""

    def __init__(self, submission: Submission, unit: Unit, results: Iterable[Result], regrade: Regrade) -> None:
        self.submission, self.regrade = submission, regrade
        self.tasks = {task.name: task for task in unit.tasks}
        self.of = wrong_parts(unit, results)
        self.rescued: dict[tuple[str, str], tuple[str, ...]] = {}
        """The parts it was lost to, by task and property."""
        self.done: set[str] = set()
        self.mended: tuple[str, ...] = ()

    def roots(self, task: str) -> tuple[str, ...]:
        """Those of them that do not fail because of another one: mostly enough, and the same for many tasks."""
        return tuple(part for part in self.of[task] if part not in self.of)

    def rescue_by_roots(self) -> None:
        """Grade all of them with all roots mended: as a rule those that a task is not made of change nothing in it."""
        roots = {name: self.roots(name) for name in self.of}
        self.mended = tuple(dict.fromkeys(part for several in roots.values() for part in several))
        if self.mended:
            self._regrade(self.mended, {name: wrong for name, wrong in roots.items() if wrong})

    def rescue_by_parts(self) -> None:
        """Grade what is not rescued yet with all its parts mended, those with the same parts together."""
        groups: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
        for name, parts in self.of.items():
            if name not in self.done and set(parts) != set(self.mended):
                groups.setdefault(parts, {})[name] = parts
        for mend, tasks in groups.items():
            self._regrade(mend, tasks)

    def _regrade(self, mend: tuple[str, ...], wrong: dict[str, tuple[str, ...]]) -> None:
        """Grade tasks with some parts mended; `wrong` are the parts of each that this is about."""
        submission = mended(self.submission, [self.tasks[part] for part in mend])
        again = self.regrade(submission, [self.tasks[name] for name in wrong])
        for name, parts in wrong.items():
            self._note(name, parts, [result for result in again if result.task == name])

    def _note(self, task: str, wrong: tuple[str, ...], again: list[Result]) -> None:
        if again and again[0].status is Status.PASSED:  # the values themselves
            self.done.add(task)
            for result in again:
                if result.status is Status.PASSED:
                    self.rescued[task, result.property] = wrong

    def after(self, result: Result) -> Result:
        """The result with half its points, or more where it has more, and the parts it was lost to."""
        wrong = self.rescued.get((result.task, result.property))
        if wrong is None or result.status not in (Status.FAILED, Status.SKIPPED):
            return result
        score = max(result.score, SHARE * result.max_score)
        why = _("It is right, given your own {parts}, where the mistake is: half of the points.")
        message = why.format(parts=", ".join(wrong))
        return replace(result, status=Status.FAILED, score=score, message=message, depends_on="")
