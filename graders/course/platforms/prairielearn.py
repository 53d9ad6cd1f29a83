"""PrairieLearn: files to lay into a course's repository, the recipe of an image, and results.json."""

from __future__ import annotations

import html
import uuid
from collections.abc import Iterator
from typing import Any

from graders.course.platforms.archive import Archive, Member
from graders.course.platforms.outcome import Outcome, Test, cut
from graders.course.platforms.platform import (
    EXECUTABLE,
    Delivery,
    Order,
    Platform,
    dumped,
    image,
    script,
    settings,
    suite,
)
from graders.i18n import _
from graders.specs.unit import Unit

SECONDS = 600
"""The most that PrairieLearn allows."""
IMAGE = "backcheck/prairielearn"
MOST = 900_000
"""Bytes; PrairieLearn takes a megabyte."""
NAMES = uuid.UUID("7c0c5a7e-6f3b-4a67-9d0e-3f8a4b1d2c55")
SHARED = "serverFilesCourse/backcheck/"


def pack(order: Order) -> Iterator[Archive]:
    """A question a unit, what they share, and the recipe of the image."""
    members = [
        *(member for unit in order.units for member in _question(order, unit)),
        *suite(order, SHARED),
        Member(SHARED + "run.sh", script("prairielearn/run.sh.j2"), EXECUTABLE),
    ]
    yield Archive("course", tuple(members))
    yield Archive("image", tuple(image(order, "python:3.13-slim-bookworm", "")))


def _question(order: Order, unit: Unit) -> Iterator[Member]:
    folder = f"questions/backcheck/{unit.name}/"
    yield Member(folder + "info.json", dumped(info(unit, order.language)).encode() + b"\n")
    title = unit.title_zh if order.language == "zh" else unit.title
    page = script("prairielearn/question.html.j2", file=unit.file, title=html.escape(title))
    yield Member(folder + "question.html", page)
    yield from settings(order, unit, folder + "tests/")


def info(unit: Unit, language: str) -> dict[str, Any]:
    """The question's info.json; the same unit has the same uuid every time, so that a new pack replaces the old one."""
    return {
        "uuid": str(uuid.uuid5(NAMES, unit.name)),
        "title": unit.title_zh if language == "zh" else unit.title,
        "topic": "Deep learning",
        "tags": ["backcheck"],
        "type": "v3",
        "singleVariant": True,
        "gradingMethod": "External",
        "externalGradingOptions": {
            "enabled": True,
            "image": IMAGE,
            "entrypoint": f"/grade/{SHARED}run.sh",
            "serverFilesCourse": ["backcheck/"],
            "timeout": SECONDS,
            "enableNetworking": False,
        },
    }


def results(outcome: Outcome) -> dict[str, Any]:
    """What results.json holds. Work that cannot be read is not gradable: that takes no attempt and gives no zero."""
    if outcome.problem:
        return ungradable(outcome.problem)
    shown = outcome.reveal != "nothing"
    return {
        "gradable": True,
        "score": min(1.0, round(outcome.score / outcome.max_score, 6)) if outcome.max_score else 0.0,
        "message": _("{score:g} of {max_score:g} points").format(score=outcome.score, max_score=outcome.max_score),
        "output": outcome.markdown if shown else "",
        "tests": [_test(test, MOST // 4 // len(outcome.tests), shown) for test in outcome.tests],
    }


def _test(test: Test, most: int, shown: bool) -> dict[str, Any]:
    return {
        "name": test.label,
        "description": ", ".join(test.functions),
        "points": test.score,
        "max_points": test.max_score,
        "message": test.line if shown else "",
        "output": cut("\n\n".join(_parts(test)), most) if shown else "",
    }


def _parts(test: Test) -> Iterator[str]:
    """The properties in plain text, for that is how PrairieLearn shows it."""
    for part in test.parts:
        head = f"{'+' if part.passed else '-'} {part.name}: {part.score:g} / {part.max_score:g}"
        yield "\n    ".join([head, *part.text.splitlines()])


def ungradable(reason: str) -> dict[str, Any]:
    """No score, no attempt used."""
    return {"gradable": False, "format_errors": [reason], "message": reason}


def deliver(outcome: Outcome, to: Delivery) -> int:
    """Write results.json."""
    _write(results(outcome), to)
    return 0


def give_up(unit: Unit, reason: str, to: Delivery) -> int:
    """Not gradable, and why. The exit code is 0, or PrairieLearn would not read the message."""
    to.say(reason)
    _write(ungradable(reason), to)
    return 0


def _write(content: dict[str, Any], to: Delivery) -> None:
    assert to.out is not None
    to.out.parent.mkdir(parents=True, exist_ok=True)
    to.out.write_text(dumped(content) + "\n", encoding="utf-8")


PLATFORM = Platform("prairielearn", pack, deliver, give_up)
