"""What several commands share: the exit codes, options that mean the same everywhere, the setting of a grading."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from graders.batch import Setting
    from graders.secrets import Secret
    from graders.specs.unit import Unit
    from graders.verdict import Report

PASS, FAIL, FAULT = 0, 1, 3  # 2 is the exit code of a usage error, graders.usage.Problem
STARTED = time.perf_counter()
SANDBOXES = ("auto", "bubblewrap", "subprocess", "portable", "docker")


def sandbox_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--sandbox`."""
    return click.option(
        "--sandbox",
        type=click.Choice(SANDBOXES),
        default="auto",
        help="Where the code runs; auto: the strongest but docker.",
    )(command)


def throughput_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--throughput / --no-throughput`."""
    return click.option(
        "--throughput/--no-throughput",
        default=True,
        show_default=True,
        envvar="BACKCHECK_THROUGHPUT",
        help="Also time the work beside the reference; without, its points are the other properties'.",
    )(command)


def gradebook_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--gradebook`."""
    return click.option(
        "--gradebook",
        "url",
        metavar="URL",
        help="A file, or postgresql+psycopg://...; else BACKCHECK_GRADEBOOK, or the course's .backcheck/gradebook.db.",
    )(command)


def course_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--course`."""
    return click.option(
        "--course",
        "folder",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="The course's folder; by default the one you are in.",
    )(command)


def exit_code(reports: list[Report]) -> int:
    """3 when a fault of ours is among them, 1 when points were lost, else 0."""
    if any(report.faulty for report in reports):
        return FAULT
    return PASS if all(report.passed for report in reports) else FAIL


def make_setting(
    unit: Unit,
    secret: Secret,
    sandbox: str,
    language: str,
    tasks: frozenset[str] | None = None,
    throughput: bool = True,
) -> Setting:
    """What a grading process needs to know."""
    from graders.batch import Setting
    from graders.sandbox.program import Limits

    return Setting(unit.name, secret, sandbox, Limits(), language, tasks, throughput, unit.policy)
