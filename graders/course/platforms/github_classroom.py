"""GitHub Classroom: the template of students' repositories with its workflow, and a repository with the grader."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from graders.course.platforms.archive import Archive, Member
from graders.course.platforms.outcome import Outcome, Test, cut
from graders.course.platforms.platform import Delivery, Order, Platform, dumped, handed_out, script, settings, suite
from graders.specs.unit import Unit

FAULT = 3
VERSION = 1
MOST = 90_000
"""Bytes of the result: the reporter gets it in an environment variable, in base64, and Linux gives one 128 KiB."""


def pack(order: Order) -> Iterator[Archive]:
    """A template repository a unit, and one grader repository for all of them."""
    for unit in order.units:
        members = (
            Member(".github/workflows/classroom.yml", script("github/classroom.yml.j2", unit=unit.name)),
            *handed_out(order, unit),
            Member(".gitignore", b".backcheck/\n__pycache__/\n"),
        )
        yield Archive(f"template-{unit.name}", members)
    told = [member for unit in order.units for member in settings(order, unit, f"{unit.name}/")]
    yield Archive("backcheck-grader", (*told, *suite(order)))


def result(outcome: Outcome) -> dict[str, Any]:
    """What the reporter reads: it posts the sum of the tests' scores."""
    share = len(outcome.tests) and MOST // 2 // len(outcome.tests)
    return {
        "version": VERSION,
        "status": "pass" if outcome.passed else "fail",
        "max_score": outcome.max_score,
        "tests": [_test(test, outcome, share) for test in outcome.tests],
    }


def _test(test: Test, outcome: Outcome, most: int) -> dict[str, Any]:
    message = outcome.problem or "\n".join(f"{part.name}: {part.text}" for part in test.parts if part.text)
    return {
        "name": test.label,
        "status": "pass" if test.passed else "fail",
        "score": test.score,
        "message": _cut_to_bytes(message, most),
        "test_code": cut(", ".join(test.functions), 500),
        "filename": "",
        "line_no": 0,
        "duration": 0,
    }


def _cut_to_bytes(text: str, most: int) -> str:
    """A text that takes no more than that in JSON."""
    while len(dumped(text).encode()) > most:
        text = cut(text, max(0, len(text) * 3 // 4 - 2))
    return text


def deliver(outcome: Outcome, to: Delivery) -> int:
    """Add the step's output, and a page to the run's summary. That points were lost is no failure of this step."""
    assert to.out is not None
    encoded = base64.b64encode(dumped(result(outcome), indent=None).encode()).decode()
    with to.out.open("a", encoding="utf-8") as file:
        file.write(f"result={encoded}\n")
    if to.summary:
        with to.summary.open("a", encoding="utf-8") as file:
            file.write("\n\n".join(_page(outcome)) + "\n")
    return 0


def _page(outcome: Outcome) -> Iterator[str]:
    yield outcome.markdown
    for test in outcome.tests:
        yield f"### {test.label}: {test.score:g} / {test.max_score:g}"
        if test.markdown:
            yield test.markdown


def give_up(unit: Unit, reason: str, to: Delivery) -> int:
    """No output and a failed step: the reporter does not run, and no score is posted."""
    to.say(reason)
    return FAULT


PLATFORM = Platform("github-classroom", pack, deliver, give_up, needs_secret=False)
