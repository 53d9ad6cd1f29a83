"""What the page of a class shows of every student, without a name unless it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from graders.report.view import Item, TaskView, task_views
from graders.summary.analysis import share
from graders.summary.mask import Mask, mask_of
from graders.summary.mistakes import Mistake, explained, key, keys
from graders.summary.record import Attempt, ClassRecord, Student


@dataclass(frozen=True)
class Failure:
    """A property that a student lost points on, in words that name nobody."""

    task: str
    item: Item
    message: str
    likely: str

    @property
    def case(self) -> str:
        """The case it is shown on, "" where there is none."""
        return str(self.item.result.case or "")


@dataclass(frozen=True)
class StudentView:
    """One student on the page.

    called: pseudonym or name. problem: why the work could not be run. lost: the tasks that points were lost on.
    """

    student: Student
    anchor: str
    called: str
    percent: int
    problem: str
    tasks: tuple[TaskView, ...]
    mistakes: tuple[Mistake, ...]
    failures: tuple[Failure, ...]

    @property
    def counted(self) -> Attempt:
        """The attempt that counts."""
        return self.student.counted

    @property
    def lost(self) -> list[TaskView]:
        """The tasks that points were lost on, the dearest first."""
        return sorted((task for task in self.tasks if task.lost > 1e-9), key=lambda task: -task.lost)

    @property
    def untouched(self) -> list[TaskView]:
        """The tasks that were not attempted."""
        return [task for task in self.tasks if not task.attempted]

    @property
    def properties(self) -> list[str]:
        """The properties that failed, by name, whatever the task."""
        return list(dict.fromkeys(one.item.result.property for one in self.failures))


def student_views(record: ClassRecord, mistakes: tuple[Mistake, ...], names: bool) -> list[StudentView]:
    """Everybody, sorted by what they are called."""
    mask = Mask(()) if names else mask_of(record)
    by_key = {one.key: one for one in mistakes}
    views = [_view(student, by_key, names, mask) for student in record.students]
    return sorted(views, key=lambda view: view.called)


def _view(student: Student, by_key: dict[str, Mistake], names: bool, mask: Mask) -> StudentView:
    report = student.counted.report
    tasks = tuple(task_views(report))
    found = []
    for task in tasks if not report.problem else ():
        for item in task.failures:
            result = item.result
            likely = by_key[key(result)].words if explained(result) else ""
            found.append(Failure(task.name, item, mask(item.message), likely))
    return StudentView(
        student,
        f"student-{student.pseudonym}",
        student.name if names else student.pseudonym,
        round(100 * share(report)),
        mask(report.problem),
        tasks,
        tuple(by_key[one] for one in keys(report)),
        tuple(found),
    )
