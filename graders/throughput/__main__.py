"""The command `python -m graders.throughput`."""

from __future__ import annotations

import click

from graders.sandbox import open_backend
from graders.sandbox.program import Limits as SandboxLimits
from graders.throughput import limits as data
from graders.throughput.measure import again, measure, timed_rows


@click.command()
@click.argument("names", metavar="[ROW...]", nargs=-1)
@click.option("--measure", "measuring", is_flag=True, help="Time the right variants of ROW, set its limits by them.")
@click.option("--again", "anew", is_flag=True, help="Set the limits anew from what was measured.")
@click.option("--missing", is_flag=True, help="Only rows that are not measured yet.")
@click.option("--triples", type=click.IntRange(1), default=1, show_default=True, help="Fresh workers a variant.")
@click.option("--sandbox", default="auto", show_default=True, help="Where they run.")
def main(names: tuple[str, ...], measuring: bool, anew: bool, missing: bool, triples: int, sandbox: str) -> None:
    """Set the limits of throughput from right variants, by default of every timed row."""
    if anew:
        data.write({name: known and again(known) for name, known in data.read().items()})
        return
    backend = open_backend(sandbox, SandboxLimits())
    if not backend.times:
        raise click.UsageError(f"the sandbox {backend.name} keeps no time")
    unknown = set(names) - set(timed_rows())
    if unknown:
        raise click.UsageError(f"not timed: {', '.join(sorted(unknown))}")
    if measuring:
        for name in names or timed_rows():
            if missing and data.read().get(name):
                continue
            known = data.read()
            known |= measure(backend, [name], triples, click.echo)
            data.write({**dict.fromkeys(timed_rows()), **known})


if __name__ == "__main__":
    main()
