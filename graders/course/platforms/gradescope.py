"""Gradescope: a zip whose root holds setup.sh and run_autograder, and results.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graders.course.platforms.archive import Archive, Member
from graders.course.platforms.outcome import Outcome, Test
from graders.course.platforms.platform import EXECUTABLE, Delivery, Order, Platform, dumped, script, settings, suite
from graders.i18n import _
from graders.specs.unit import Unit

FAULT = 3


def pack(order: Order) -> Iterator[Archive]:
    """A zip a unit: an assignment has an autograder of its own."""
    for unit in order.units:
        members = (
            Member("setup.sh", script("gradescope/setup.sh.j2"), EXECUTABLE),
            Member("run_autograder", script("gradescope/run_autograder.j2"), EXECUTABLE),
            *settings(order, unit, "backcheck/"),
            *suite(order, "backcheck/"),
        )
        yield Archive(f"{unit.name}-gradescope.zip", members)


def results(outcome: Outcome) -> dict[str, Any]:
    """What results.json holds.

    Where the unit reveals nothing, tests are shown once grades are published; output and leaderboard, which have no
    such setting and are shown at once, then say nothing of points, nor of how a task ended.
    """
    shown = outcome.reveal != "nothing"
    visibility = "visible" if shown else "after_published"
    return {
        "score": outcome.score,
        "execution_time": outcome.seconds,
        "output": outcome.markdown if shown else outcome.unscored,
        "output_format": "md",
        "test_output_format": "md",
        "test_name_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "extra_data": dict(outcome.facts),
        "tests": [_test(number, test, visibility) for number, test in enumerate(outcome.tests, start=1)],
        "leaderboard": list(_leaderboard(outcome)) if shown else [],
    }


def _test(number: int, test: Test, visibility: str) -> dict[str, Any]:
    return {
        "name": f"{test.label}: {', '.join(test.functions)}" if test.functions else test.label,
        "number": str(number),
        "score": test.score,
        "max_score": test.max_score,
        "status": "passed" if test.passed else "failed",
        "output": test.markdown,
        "output_format": "md",
        "tags": [part.name for part in test.parts if not part.passed],
        "visibility": visibility,
        "extra_data": {"properties": {part.name: part.score for part in test.parts}},
    }


def _leaderboard(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """The points, and for each timed task how fast it is: 1 is the plain reference, less faster."""
    yield {"name": _("points"), "value": outcome.score, "order": "desc"}
    for test in outcome.tests:
        if test.speed is not None:
            yield {"name": _("time of {task}").format(task=test.name), "value": test.speed, "order": "asc"}


def deliver(outcome: Outcome, to: Delivery) -> int:
    """Write results.json."""
    assert to.out is not None
    to.out.write_text(dumped(results(outcome)) + "\n", encoding="utf-8")
    return 0


def give_up(unit: Unit, reason: str, to: Delivery) -> int:
    """No results.json: Gradescope then says that the autograder failed, and gives no score."""
    to.say(reason)
    return FAULT


PLATFORM = Platform("gradescope", pack, deliver, give_up)
