"""What people see of an example: a progress bar while it runs, then its figure and a learning curve as a picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reference.examples.result import Result, Tick


@contextmanager
def progress_bar(name: str) -> Iterator[Tick]:
    """A bar on the terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    loss = TextColumn("{task.fields[loss]}")
    with Progress(TextColumn(name), BarColumn(), MofNCompleteColumn(), loss, TimeElapsedColumn()) as progress:
        task = progress.add_task(name, total=None, loss="")

        def tick(done: int, total: int, loss: float) -> None:
            progress.update(task, completed=done, total=total, loss=f"{loss:.4g}")

        yield tick


def picture(name: str, result: Result, path: Path) -> None:
    """The curves in a PNG file."""
    from matplotlib.figure import Figure

    panels = 2 if result.paths else 1
    figure = Figure(figsize=(7 * panels, 4.2), dpi=120, layout="constrained")
    axes = figure.add_subplot(1, panels, 1)
    for label, curve in result.curves.items():
        axes.plot(result.at or range(1, len(curve) + 1), curve, label=label, linewidth=1.2)
    axes.set(xlabel=result.x, ylabel=result.y, title=f"{name}: {result.metric} {result.value:.4g}")
    if result.log:
        axes.set_yscale("log")
    if len(result.curves) > 1:
        axes.legend(fontsize=8)
    axes.grid(alpha=0.3)
    if result.paths:
        plane = figure.add_subplot(1, panels, 2)
        for label, points in result.paths.items():
            plane.plot(*zip(*points, strict=True), label=label, linewidth=1.2, marker=".", markersize=3)
        plane.set(xlabel="x", ylabel="y", title="the way there")
        plane.legend(fontsize=8)
        plane.grid(alpha=0.3)
    figure.savefig(path)
