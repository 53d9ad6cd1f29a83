"""The command `python -m graders.throughput`."""

from __future__ import annotations

import click

from graders.benchmark.device import missing_gpu
from graders.misconceptions.variant import rows
from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Limits as SandboxLimits
from graders.throughput import cost, error_counts, error_rates, tables
from graders.throughput import limits as data
from graders.throughput.measure import again, measure, measure_on, timed_rows


@click.command()
@click.argument("names", metavar="[ROW...]", nargs=-1)
@click.option("--measure", "measuring", is_flag=True, help="Time the right variants of ROW, set its limits by them.")
@click.option("--again", "anew", is_flag=True, help="Set the limits anew from what was measured.")
@click.option("--missing", is_flag=True, help="Only rows that are not measured yet.")
@click.option("--triples", type=click.IntRange(1), default=1, show_default=True, help="Fresh workers a variant.")
@click.option("--error-rates", "errors", is_flag=True, help="Count wrong verdicts on work of known speed.")
@click.option("--costs", "costing", is_flag=True, help="Say how long timing takes, of every timed row or of ROW.")
@click.option("--verdicts", type=click.IntRange(1), default=3000, show_default=True, help="How many.")
@click.option("--load", is_flag=True, help="While as many other processes are busy as there are processors.")
@click.option("--write", is_flag=True, help="Put the tables into docs/throughput.md; keep counts of errors.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", help="cuda: the limits of practice there.")
@click.option("--sandbox", default="auto", show_default=True, help="Where they run.")
def main(
    names: tuple[str, ...],
    measuring: bool,
    anew: bool,
    missing: bool,
    triples: int,
    errors: bool,
    costing: bool,
    verdicts: int,
    load: bool,
    write: bool,
    device: str,
    sandbox: str,
) -> None:
    """Set the limits of throughput by right variants, of every timed row or of ROW; or count the protocol's errors."""
    unknown = set(names) - set(timed_rows())
    if unknown:
        raise click.UsageError(f"not timed: {', '.join(sorted(unknown))}")
    if device == "cuda":
        if measuring and not errors:
            measure_cuda(names)
            return
        raise click.UsageError("--device cuda goes with --measure, and with it alone")
    if measuring:
        for name in names or timed_rows():
            if not (missing and data.read().get(name)):
                store(measure(timing(sandbox), [name], triples, click.echo))
    if anew or measuring:
        store({name: known and again(name, known) for name, known in data.read().items()})
    known = data.read()
    if costing:
        found = cost.costs(timing(sandbox), known, names or timed_rows(), lambda text: click.echo(text, err=True))
        show("costs", cost.table(found), write)
        return
    if not errors:
        show("limits", [tables.summary(known), "", *tables.limits_table(known)], write)
        return
    for name in names or (error_rates.ROW,):
        count_errors(timing(sandbox), verdicts, name, load=load, write=write)


def count_errors(backend: Backend, verdicts: int, name: str, *, load: bool, write: bool) -> None:
    """Of submissions of known speed of one pair; one table of all that were kept."""
    if rows()[name][1].kind != "pair":
        raise click.UsageError(f"not a pair of forward and backward: {name}")
    tallies = error_rates.error_rates(backend, verdicts, name, load=load, say=lambda text: click.echo(text, err=True))
    counts = [tally.count("loaded" if load else "quiet", name) for tally in tallies]
    show("errors", error_counts.table(error_counts.keep(counts) if write else counts), write)


def measure_cuda(names: tuple[str, ...]) -> None:
    """The limits of practice on the GPU there is; one line where there is none."""
    reason = missing_gpu()
    if reason:
        click.echo(reason)
        return
    for name in names or timed_rows():
        known = {**data.read(data.ON_CUDA), **measure_on("cuda", [name], click.echo)}
        data.write({row: known.get(row) for row in timed_rows()}, data.ON_CUDA)


def timing(sandbox: str) -> Backend:
    """A sandbox that keeps time."""
    backend = open_backend(sandbox, SandboxLimits())
    if not backend.times:
        raise click.UsageError(f"the sandbox {backend.name} keeps no time")
    return backend


def store(found: dict[str, data.Limits | None] | dict[str, data.Limits]) -> None:
    """Into the file, which has a line for every timed row."""
    known = {**data.read(), **found}
    data.write({name: known.get(name) for name in timed_rows()})


def show(marker: str, lines: list[str], write: bool) -> None:
    """Print a table, or put it into the page."""
    if write:
        tables.write(marker, lines)
    click.echo("\n".join(lines))


if __name__ == "__main__":
    main()
