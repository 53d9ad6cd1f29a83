"""Before a class is graded: is the unit what was released, and are the graders those it was released with?"""

from __future__ import annotations

from graders.course import lock
from graders.course.settings import Course
from graders.i18n import _
from graders.specs.unit import Unit


class ReleaseError(Exception):
    """Why this would not be graded like what students were given; its text is for the instructor."""


def require_released(course: Course, unit: Unit) -> None:
    """ReleaseError where something that decides about points has changed since the unit was released.

    A course without a lock for the unit has not released it by backcheck, and nothing is asked.
    """
    path = course.folder / "source" / unit.name / lock.NAME
    if not path.is_file():
        return
    found = lock.read_lock(path)
    again = f"backcheck course build --course {course.folder} {unit.name}"
    if told := lock.differences(found, unit):
        text = _(
            "{unit} was released with other graders ({differences}); install backcheck {suite}, or accept: {again}"
        )
        raise ReleaseError(
            text.format(unit=unit.name, differences=_("; ").join(told), suite=found.get("suite", ""), again=again)
        )
    if keys := lock.changed_points(found, unit):
        text = _("{unit} was released with other settings ({keys}); students know the old ones. To accept: {again}")
        raise ReleaseError(text.format(unit=unit.name, keys=", ".join(keys), again=again))
