"""What a regrade changed, property by property."""

from __future__ import annotations

import builtins
from dataclasses import dataclass

from graders.verdict import Report, Result


@dataclass(frozen=True)
class Change:
    """A property that ended otherwise. before, after: points, None where it was not asked."""

    task: str
    property: str
    before: float | None
    after: float | None

    @builtins.property  # a field above has that name
    def points(self) -> float:
        """How many more than before; less than 0 where they are fewer."""
        return round((self.after or 0.0) - (self.before or 0.0), 2)


def changes(before: Report, after: Report) -> list[Change]:
    """By task and property, in the order of the later report; what is gone comes last."""
    old, new = _by_name(before), _by_name(after)
    found = []
    for key in dict.fromkeys((*new, *old)):
        was, now = old.get(key), new.get(key)
        if was is None or now is None or abs(was.score - now.score) > 1e-9 or was.status != now.status:
            found.append(Change(*key, was.score if was else None, now.score if now else None))
    return found


def _by_name(report: Report) -> dict[tuple[str, str], Result]:
    return {(one.task, one.property): one for one in report.results}
