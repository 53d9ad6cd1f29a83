"""The smallest case that still fails: Hypothesis's own shrinking, on a budget."""

from __future__ import annotations

import time
from collections.abc import Callable

from graders.cases import Case, explore
from graders.specs.row import Row

CALLS = 60
SECONDS = 2.0


class _Fails(Exception):
    """Carries the failing case out of Hypothesis's walk."""

    def __init__(self, case: Case) -> None:
        self.case = case


def smallest(row: Row, seed: int, count: int, known: dict[Case, bool], fails: Callable[[Case], bool]) -> Case | None:
    """The smallest failing case Hypothesis finds, None when none of those it draws fails.

    known: verdicts already there (True where the case fails), so that regenerating the list costs nothing.
    fails: judges a new case; asked at most CALLS times within SECONDS, after which new cases count as passing.
    """
    verdicts, asked, deadline = dict(known), 0, time.monotonic() + SECONDS
    found: list[Case] = []

    def visit(case: Case) -> None:
        nonlocal asked
        if case not in verdicts:
            within_budget = asked < CALLS and time.monotonic() < deadline
            asked += within_budget
            verdicts[case] = within_budget and fails(case)
        if verdicts[case]:
            found.append(case)
            raise _Fails(case)

    try:
        explore(row, seed, count, visit, shrink=True)
    except _Fails as end:
        return end.case
    except Exception as odd:  # Hypothesis wraps failures it finds flaky; the last failing case still stands
        if not found:
            raise odd
        return found[-1]
    return None
