"""Where the time goes, for the terminal: the submission's lines with their share."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from graders.i18n import _
from graders.report.pen import Pen
from graders.throughput.profile import Line, Profile

HOT = 0.2
"""Share of the time from which a line stands out."""


def print_profile(profile: Profile, console: Console) -> None:
    """One task's lines, in the order in which they stand in the submission."""
    pen = Pen(console)

    def say(text: Text) -> None:
        console.print(text, highlight=False, markup=False, emoji=False, soft_wrap=True)

    if profile.problem:
        say(pen.text(f"{profile.task}: {profile.problem}"))
        return
    total = profile.milliseconds
    heading = _("{task}: {total:.2f} ms a run, by lines; Python's loops take longer while their lines are followed")
    say(pen.text(heading.format(task=profile.task, total=total), "bold"))
    before: Line | None = None
    for line in profile.lines:
        if before is not None and (line.label != before.label or line.number > before.number + 1):
            say(pen.text("      ..."))
        if line.label and (before is None or line.label != before.label):
            say(pen.text(f"  {line.label}", "cyan"))
        share = line.milliseconds / total if total else 0.0
        style = "bold red" if share >= HOT else ""
        figures = f"{100 * share:5.1f} % {line.milliseconds:9.3f} ms {line.hits:8} x"
        say(pen.text(f"  {figures}  {line.number:4}  {line.text}", style))
        before = line
    console.print()
