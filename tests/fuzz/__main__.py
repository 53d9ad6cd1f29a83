"""The whole fuzzing, with its totals: `python -m tests.fuzz [--frames N] [--submissions N] [--kills N] [--seed N]`."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from graders.sandbox import SandboxUnavailable, open_backend
from graders.sandbox.program import Limits
from tests.fuzz import frames, killing, submissions


@click.command()
@click.option("--frames", "replies", default=1_000_000, show_default=True, help="Malformed replies.")
@click.option("--submissions", "files", default=10_000, show_default=True, help="Malformed submissions.")
@click.option("--kills", default=100, show_default=True, help="Gradings in which something is killed, a sandbox.")
@click.option("--seed", default=6, show_default=True)
@click.option("--record", is_flag=True, help="Write the corpus of replies anew, and do nothing else.")
def main(replies: int, files: int, kills: int, seed: int, record: bool) -> None:
    """Fuzz everything, and print how much of it ended in what."""
    if record:
        frames.record()
        return
    started = time.perf_counter()
    show("malformed replies", frames.fuzz(replies, seed), started)
    started = time.perf_counter()
    click.echo(f"bells: {replies // 10} offered, {frames.bells(replies // 10, seed)} near enough to be believed")
    with tempfile.TemporaryDirectory() as folder:
        show("malformed submissions", submissions.fuzz(files, seed, Path(folder)), started)
    for name in ("bubblewrap", "subprocess", "portable", "docker"):
        started = time.perf_counter()
        try:
            backend = open_backend(name, Limits())
        except SandboxUnavailable as reason:
            click.echo(f"{name}: {reason}")
            continue
        with contextlib.closing(backend):
            show(f"gradings with something killed in {name}", killing.fuzz(kills, seed, backend), started)


def show(what: str, ends: Counter[str], started: float) -> None:
    """Print a total, and its parts."""
    total = ends.total() - ends.get("kills", 0)
    click.echo(f"{what}: {total} in {time.perf_counter() - started:.0f} s")
    for end, count in ends.most_common():
        click.echo(f"  {count:8}  {end}")


if __name__ == "__main__":
    main()
