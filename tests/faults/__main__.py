"""Disturb runs over a class, and count what was lost, recorded twice or changed: nothing, or the end is 1.

python -m tests.faults --runs 50 --submissions 100
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tests.classes.generate import write_class
from tests.faults.campaign import Campaign, Row, campaign
from tests.faults.kinds import KINDS

UNIT = "01-activations"


def write(folder: Path, submissions: int, seed: int) -> None:
    """A class in which everybody hands in once."""
    write_class(folder, submissions, seed, UNIT, attempts=False)
    (folder / "received.csv").unlink()


@click.command()
@click.option("--runs", default=50, show_default=True)
@click.option("--submissions", default=100, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--jobs", default=2, show_default=True)
@click.option("--only", multiple=True, help="Kinds with this in their names.")
def main(runs: int, submissions: int, seed: int, jobs: int, only: tuple[str, ...]) -> None:
    """Disturb RUNS runs over a class, in every way that can be had here, and print the tally."""
    asked = [kind for kind in KINDS if not only or any(word in kind.name for word in only)]
    missing = {kind.name: reason for kind in asked if (reason := kind.missing())}
    kinds = [kind for kind in asked if kind.name not in missing]
    for name, reason in missing.items():
        click.echo(f"not here: {name} ({reason})")
    work = Campaign(submissions, seed, write, jobs)
    try:
        work.undisturbed()
        click.echo(f"{submissions} submissions, undisturbed: {work.seconds:.0f} s")
        rows = campaign(runs, kinds, work, click.echo)
    finally:
        work.close()
    click.echo("\n" + table(rows))
    for row in rows:
        for text in row.trouble:
            click.echo(f"{row.kind.name}: {text}")
    sys.exit(1 if any(row.found or row.trouble for row in rows) else 0)


def table(rows: list[Row]) -> str:
    """The tally, as Markdown."""
    head = ("what happens", "runs", "met it", "stopped by it", "commands more", "lost", "twice", "changed")
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    total = [0] * 7
    for row in rows:
        figures = [row.runs, row.struck, row.stopped, row.again, row.found.lost, row.found.twice, row.found.changed]
        total = [one + other for one, other in zip(total, figures, strict=True)]
        lines.append(f"| {row.kind.name} | {' | '.join(map(str, figures))} |")
    return "\n".join([*lines, f"| *all* | {' | '.join(f'*{one}*' for one in total)} |"])


if __name__ == "__main__":
    main()
