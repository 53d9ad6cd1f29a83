"""The command `backcheck`. Exit codes: 0 pass, 1 fail, 2 usage, 3 our fault."""

from __future__ import annotations

import signal
import sys
import traceback
from types import FrameType
from typing import NoReturn

import click

from graders import SUITE_VERSION, i18n
from graders.commands.appeal import appeal
from graders.commands.check import check
from graders.commands.engines import cluster
from graders.commands.explain import explain
from graders.commands.export import export
from graders.commands.gradebook import gradebook
from graders.commands.grading import grade
from graders.commands.images import images
from graders.commands.machine import doctor, units
from graders.commands.proof import audit, bench
from graders.commands.regrade import regrade
from graders.commands.shared import FAULT, PASS
from graders.commands.similarity import similarity
from graders.commands.student import replay, start
from graders.commands.summary import summary
from graders.course.commands import course
from graders.i18n import _
from graders.usage import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(SUITE_VERSION, prog_name="backcheck")
@click.option("-v", "--verbose", is_flag=True, expose_value=False, help="Show where a fault of ours comes from.")
@click.option("--lang", metavar="LANG", help="Language of messages: en or zh (the environment's by default).")
@click.pass_context
def cli(context: click.Context, lang: str | None) -> None:
    """Grade deep learning written from scratch in NumPy."""
    context.obj = i18n.use_language(lang)


# students
cli.add_command(start)
cli.add_command(check)
cli.add_command(replay)
# instructors
cli.add_command(grade)
cli.add_command(explain)
cli.add_command(appeal)
cli.add_command(regrade)
cli.add_command(summary)
cli.add_command(similarity)
cli.add_command(gradebook)
cli.add_command(export)
cli.add_command(cluster)
cli.add_command(course)
# who vouches for the graders
cli.add_command(audit)
cli.add_command(bench)
cli.add_command(images)
# everybody
cli.add_command(units)
cli.add_command(doctor)


def _interrupted(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)  # click would end with 1, which says that points were lost


def main() -> NoReturn:
    """Run the command; a fault of ours prints one message and ends with code 3."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console that lacks a character must not end the grading
    signal.signal(signal.SIGINT, _interrupted)
    try:
        cli()
    except Exception as fault:
        if {"-v", "--verbose"} & set(sys.argv):
            traceback.print_exc()
        message = _("The grader failed, not you; no points were lost. ({fault})")
        click.echo(message.format(fault=f"{type(fault).__name__}: {fault}"), err=True)
        sys.exit(FAULT)
    sys.exit(PASS)


if __name__ == "__main__":
    main()
