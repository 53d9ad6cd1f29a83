"""The pictures of a class: scores, tasks, attempts, time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from graders.i18n import _
from graders.report.drawing import GOOD, INK, MUTED, Picture, picture
from graders.summary.analysis import Analysis, Bin, Item, Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE, TALL = (4.6, 2.6), (4.6, 3.6)
WEAK = 0.2
"""Below it a task hardly tells strong work from weak."""
_SHOWN = 150
"""Of more students who handed in again than this, so many are drawn: more lines would be one stain."""


def scores(bins: Sequence[Bin]) -> Picture:
    """How many students have which share of the points."""

    def plot(axes: Axes) -> None:
        counts = [one.count for one in bins]
        axes.bar([one.low for one in bins], counts, width=9, align="edge", color=INK, alpha=0.75)
        for one in bins:
            if one.count:
                axes.text(one.low + 4.5, one.count, str(one.count), ha="center", va="bottom", color=INK, fontsize=9.5)
        axes.set(xlim=(-1, 103), ylim=(0, max(counts) * 1.15))
        axes.set_xticks(range(0, 101, 20))
        _whole_numbers(axes)

    caption = _("Students by their share of the points, in tenths; the last bar includes full marks.")
    return _drawn(plot, "scores", _("Distribution of scores"), caption, _("students"), _("percent of the points"))


def items(found: Sequence[Item]) -> Picture:
    """Difficulty beside discrimination; the number is the task's in the table."""
    shown = [(number, one.difficulty, one.discrimination) for number, one in enumerate(found, 1)]
    start = 20 * int(5 * min(easy for _number, easy, _tells in shown))

    def plot(axes: Axes) -> None:
        for number, easy, tells in shown:
            if tells is not None:
                axes.text(100 * easy, tells, str(number), ha="center", va="center", color=INK, fontsize=10.5)
        axes.axhline(WEAK, color=MUTED, linewidth=1, linestyle="--")
        lowest = min((tells for _number, _easy, tells in shown if tells is not None), default=0.0)
        axes.set(xlim=(start - 4, 104), ylim=(min(-0.05, lowest - 0.1), 1.05))
        axes.set_xticks(range(start, 101, 10 if start >= 50 else 20))

    caption = _(
        "A number a task, as in the table. To the right: easier. Higher up: tells better who does well in the rest;"
        " below the dashed line it hardly does."
    )
    upward, across = _("discrimination"), _("percent of the points, mean")
    return _drawn(plot, "items", _("Difficulty and discrimination"), caption, upward, across, TALL)


def progress(found: Progress) -> Picture:
    """A thin line a student who handed in again, a thick one for the mean."""

    def plot(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        for path in found.paths[:_SHOWN]:
            axes.plot(range(1, len(path) + 1), [100 * one for one in path], color=MUTED, linewidth=0.8, alpha=0.4)
        means = [100 * step.mean for step in found.steps]
        axes.plot(range(1, len(means) + 1), means, color=GOOD, linewidth=2.4, marker="o", markersize=5)
        axes.set(ylim=(-4, 104), xlim=(0.85, len(means) + 0.15))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_yticks(range(0, 101, 20))

    caption = _("A thin line for everybody who handed in again; the thick one is their mean.")
    return _drawn(plot, "progress", _("Progress over attempts"), caption, _("percent of the points"), _("attempt"))


def times(seconds: Sequence[float]) -> Picture:
    """How long a submission took to grade."""
    counts, edges = np.histogram(seconds, bins=min(20, max(5, len(seconds) // 4)))

    def plot(axes: Axes) -> None:
        axes.bar(edges[:-1], counts, width=np.diff(edges) * 0.9, align="edge", color=INK, alpha=0.75)
        _whole_numbers(axes)

    caption = _("Submissions by the seconds that their grading took.")
    return _drawn(plot, "times", _("Time a submission"), caption, _("submissions"), _("seconds"))


def all_pictures(analysis: Analysis) -> dict[str, Picture]:
    """What there is to draw, by name."""
    drawn = {"times": times([one.seconds for one in analysis.record.reports])}
    if analysis.scores:
        drawn["scores"] = scores(analysis.bins)
    if any(one.discrimination is not None for one in analysis.items):
        drawn["items"] = items(analysis.items)
    if analysis.progress:
        drawn["progress"] = progress(analysis.progress)
    return drawn


def _drawn(
    plot: Callable[[Axes], None],
    prefix: str,
    title: str,
    caption: str,
    upward: str,
    across: str,
    size: tuple[float, float] = SIZE,
) -> Picture:
    return picture(plot, size, f"picture-{prefix}", caption, {"ylabel": upward, "xlabel": across}, title)


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
