"""What an archive runs on its platform: grade one submission, and hand the outcome over.

A fault of ours is tried once more; then the platform is told that the grader failed, and nobody gets a zero for it.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import click

from graders import i18n
from graders.batch import Grader, Setting
from graders.course.platforms import PLATFORMS
from graders.course.platforms.outcome import Outcome, outcome
from graders.course.platforms.platform import SECRET, SETTINGS, Delivery, packed_unit
from graders.i18n import _
from graders.sandbox.program import Limits
from graders.secrets import PUBLIC, read_secret
from graders.specs import find_unit
from graders.verdict import GraderError, Report, Status

SANDBOX = "subprocess"
"""What works in a container that has no rights of its own."""
TRIES = 2


def graded(folder: Path, submission: Path, told: dict[str, Any]) -> Outcome:
    """The outcome of a submission, as the settings beside it say; GraderError when the fault is ours."""
    secret = read_secret(folder / SECRET) if (folder / SECRET).exists() else PUBLIC
    unit = packed_unit(told)
    setting = Setting(
        unit.name, secret, SANDBOX, Limits(), told["language"], throughput=told["throughput"], policy=unit.policy
    )
    for _attempt in range(TRIES):
        with contextlib.closing(Grader(setting)) as grader:
            if not grader.backend.isolated:
                raise GraderError(_("the sandbox {name} does not isolate").format(name=grader.backend.name))
            report = grader(submission)
        if not report.faulty:
            return outcome(report, {task.name: task.functions for task in unit.tasks})
    raise GraderError(fault_of(report))


def fault_of(report: Report) -> str:
    """What went wrong."""
    return next(result.message for result in report.results if result.status is Status.ERROR)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--submission", type=click.Path(path_type=Path), required=True, help="What was handed in.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where the platform looks for results.")
@click.option("--summary", type=click.Path(path_type=Path, dir_okay=False), help="Where it takes a page.")
def main(folder: Path, submission: Path, out: Path | None, summary: Path | None) -> None:
    """Grade a submission for the platform that FOLDER was packed for."""
    told = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    i18n.use_language(told["language"])
    platform = PLATFORMS[told["platform"]]
    to = Delivery(out, summary, click.echo)
    try:
        found = graded(folder, submission, told)
    except Exception as fault:
        what = str(fault) if isinstance(fault, GraderError) else f"{type(fault).__name__}: {fault}"
        reason = _("The grader failed, not you; no points were lost. ({fault})").format(fault=what)
        sys.exit(platform.give_up(find_unit(told["unit"]), reason, to))
    sys.exit(platform.deliver(found, to))


if __name__ == "__main__":
    main()
