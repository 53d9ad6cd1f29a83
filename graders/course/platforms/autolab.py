"""Autolab: a tarball that "Install Assessment" imports, autograde.tar and Makefile inside; scores are printed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from graders.course.platforms.archive import Archive, Member, tarred
from graders.course.platforms.outcome import Outcome
from graders.course.platforms.platform import (
    Delivery,
    Order,
    Platform,
    dumped,
    handed_out,
    image,
    script,
    settings,
    suite,
)
from graders.i18n import _
from graders.specs.row import Task
from graders.specs.unit import Unit

SECONDS = 600
WITHIN = 540
"""Seconds after which the job ends itself, and says that it has no scores: when Tango ends it, Autolab gives zeros."""
IMAGE = "backcheck"


def pack(order: Order) -> Iterator[Archive]:
    """A tarball a unit, in the form in which Autolab exports assessments; and the recipe of an image for them all."""
    for unit in order.units:
        name = assessment_name(unit)
        home = tarred([*settings(order, unit, "backcheck/"), *suite(order, "backcheck/")])
        members = (
            Member(f"{name}/{name}.yml", assessment(unit, order.language)),
            Member(f"{name}/{name}.rb", script("autolab/assessment.rb.j2", name=name, total=_own_total(unit))),
            Member(f"{name}/autograde-Makefile", makefile(unit)),
            Member(f"{name}/autograde.tar", home),
            Member(f"{name}/{name}-handout.tar", tarred(handed_out(order, unit, f"{name}-handout/"))),
        )
        yield Archive(f"{name}.tar", members)
    yield Archive("image", tuple(image(order, "autograding_image", "")))


def makefile(unit: Unit) -> bytes:
    """What Tango runs: it ends in a line of scores, whatever becomes of the grader."""
    fault = _("it could not be run here, or took more than {seconds} s").format(seconds=WITHIN)
    reason = _("The grader failed, not you; no points were lost. ({fault})").format(fault=fault)
    quoted = {"reason": _quoted(reason), "ungraded": _quoted(json.dumps(ungraded(unit)))}
    return script("autolab/autograde-Makefile.j2", file=unit.file, within=WITHIN, **quoted)


def _quoted(text: str) -> str:
    """The text as one word of a recipe: quoted for the shell, its dollars for make."""
    return shlex.quote(text).replace("$", "$$")


def _own_total(unit: Unit) -> float | None:
    """What Autolab shall take for the total where the sum of all problems is another: bonus is no part of it."""
    return float(unit.total) if unit.policy.bonus else None


def assessment_name(unit: Unit) -> str:
    """Lowercase letters and digits, as Autolab wants it, a letter first: "deepnetworks"."""
    return "".join(letter for letter in PurePosixPath(unit.file).stem.lower() if letter.isalnum())


def assessment(unit: Unit, language: str) -> bytes:
    """The assessment's properties, a problem a task; JSON is YAML too.

    Where the unit reveals nothing there is no scoreboard: everybody sees it, whether scores are released or not.
    """
    name = assessment_name(unit)
    told = {
        "general": {
            "name": name,
            "description": "",
            "display_name": unit.title_zh if language == "zh" else unit.title,
            "handin_filename": unit.file,
            "handin_directory": "handin",
            "max_grace_days": 0,
            "handout": f"{name}-handout.tar",
            "writeup": "",
            "max_submissions": -1,
            "disable_handins": False,
            "max_size": 2,
            "has_svn": False,
            "category_name": "Lab",
        },
        "problems": [_problem(unit, task) for task in unit.tasks],
        "autograder": {
            "autograde_timeout": SECONDS,
            "autograde_image": IMAGE,
            "release_score": unit.reveal != "nothing",
        },
    }
    if unit.reveal != "nothing":
        told["scoreboard"] = {"banner": "", "colspec": json.dumps({"scoreboard": [{"hdr": "Points"}]})}
    return dumped(told).encode() + b"\n"


def _problem(unit: Unit, task: Task) -> dict[str, Any]:
    """A task. Autolab's total waits for scores of all problems but those that are called optional."""
    kind = _("optional") if task.name in unit.policy.optional else _("bonus") if task.name in unit.policy.bonus else ""
    return {
        "name": task.name,
        "description": ": ".join(filter(None, (kind, ", ".join(task.functions)))),
        "max_score": float(unit.points[task.name]),
        "optional": bool(kind),
    }


def autoresult(outcome: Outcome) -> dict[str, Any]:
    """The last line: a score a problem, and the total for the scoreboard where there is one."""
    scores = {"scores": {test.name: test.score for test in outcome.tests}}
    return scores if outcome.reveal == "nothing" else {**scores, "scoreboard": [outcome.score]}


def presentation(outcome: Outcome) -> dict[str, Any]:
    """The line before: a stage a task, a test a property, with a hint where it failed."""
    stages = {test.name: {part.name: _shown(part.passed, part.text) for part in test.parts} for test in outcome.tests}
    return {"_presentation": "semantic", "stages": list(stages), **stages}


def _shown(passed: bool, hint: str) -> dict[str, Any]:
    return {"passed": True} if passed else {"passed": False, "hint": hint}


def feedback(outcome: Outcome) -> Iterator[str]:
    """What is read above those two lines."""
    yield outcome.markdown
    yield from (f"{test.label}: {test.score:g} / {test.max_score:g}  {test.line}".rstrip() for test in outcome.tests)


def deliver(outcome: Outcome, to: Delivery) -> int:
    """Print feedback and scores; the last line counts."""
    for text in (*feedback(outcome), json.dumps(presentation(outcome)), json.dumps(autoresult(outcome))):
        to.say(text)
    return 0


def ungraded(unit: Unit) -> dict[str, Any]:
    """Scores that are none: without a last line of scores, Autolab would give zeros."""
    return {"scores": {task.name: None for task in unit.tasks}}


def give_up(unit: Unit, reason: str, to: Delivery) -> int:
    """Scores that are none. The exit code is 0, or the Makefile would say the same again, without the reason."""
    to.say(reason)
    to.say(json.dumps(ungraded(unit)))
    return 0


PLATFORM = Platform("autolab", pack, deliver, give_up)
