"""The command `python -m graders.mutation`."""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.table import Table

from graders.mutation.run import Outcome, draw, judge_all
from graders.report.class_table import ProgressDisplay
from graders.report.pen import Pen
from graders.specs import find_unit


@click.command()
@click.argument("unit", required=False)
@click.option("--mutants", "count", type=click.IntRange(0), default=300, show_default=True, help="How many; 0: all.")
@click.option("--seed", default=0, show_default=True, help="Which ones.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes at a time.")
@click.option("--sandbox", default="auto", show_default=True, help="Where they run.")
@click.option("--json", "as_json", is_flag=True, help="Print figures and survivors as JSON, and nothing else.")
def main(unit: str | None, count: int, seed: int, jobs: int, sandbox: str, as_json: bool) -> None:
    """Change the reference at random and see what the graders notice; UNIT: of one unit only.

    Exit code 1 when a mutant survives that graders/mutation/equivalent.toml does not argue.
    """
    drawn = list(draw(count or None, seed, find_unit(unit).name if unit else None))
    console = Console(stderr=as_json)
    with ProgressDisplay(console, 0) as display:
        outcome = judge_all(drawn, sandbox=sandbox, jobs=jobs, progress=display.reached)
    if as_json:
        click.echo(json.dumps(outcome.summary(), ensure_ascii=False, indent=1))
    else:
        show(outcome, console)
    sys.exit(1 if outcome.survivors else 0)


def show(outcome: Outcome, console: Console) -> None:
    """Print a line a unit, then every survivor that nobody has argued."""
    pen = Pen(console)
    table = Table(box=pen.box, show_edge=False, pad_edge=False, header_style="bold")
    for index, heading in enumerate(("unit", "mutants", "killed", "equivalent", "survive")):
        table.add_column(heading, justify="right" if index else "left")
    for name, counts in outcome.by_unit().items():
        table.add_row(pen.text(name), *map(str, counts))
    console.print(table, highlight=False)
    for fate in outcome.survivors:
        console.print(pen.text(str(fate.key), "red"), highlight=False)
        console.print(pen.text(f"  {fate.fault or ', '.join(fate.rows)}"), highlight=False)
    figures = outcome.summary()
    text = "{killed} of {mutants} mutants killed, {equivalent} survivors argued, {new} not, {seconds:.0f} s"
    console.print(pen.text(text.format(**figures, new=len(outcome.survivors)), "bold"), highlight=False)


if __name__ == "__main__":
    main()
