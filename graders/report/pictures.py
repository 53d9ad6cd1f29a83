"""Pictures of a failure, drawn by matplotlib when it is there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graders.i18n import _
from graders.report.axis import ends
from graders.report.drawing import (
    BAD,
    GOOD,
    INK,
    MARGIN_BOTTOM,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    MARGIN_TOP,
    MUTED,
    Picture,
    available,
    picture,
)
from graders.report.view import speed_words
from graders.verdict import Pictures, Speed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Picture", "available", "draw", "pool", "wanted"]

_FLOOR, _CEILING = 1e-3, 1e6
"""Errors outside, zero and infinity among them, are drawn at these edges."""
_MOST_CELLS = 16
_MOST_EPOCHS = 500
_DEEPEST = 0.45
"""Opacity of the largest error's square: numbers written in it stay readable, light or dark."""
_ANNOTATED = 8
"""Heat maps with at most so many columns have their numbers written in."""


def wanted(pictures: Pictures) -> bool:
    """Whether there is anything to draw."""
    drawn = (pictures.heat, pictures.curve, pictures.speed)
    return len(pictures.errors) > 1 or any(one is not None for one in drawn)


def draw(pictures: Pictures, prefix: str) -> list[Picture]:
    """Draw what there is; `prefix` keeps the ids of several drawings on a page apart.

    Raises:
        ImportError: matplotlib is not installed.
    """
    drawn = []
    if pictures.heat is not None and pictures.heat.ndim == 2 and pictures.heat.size:
        drawn.append(_heat(pictures.heat, pictures.heat_label, f"{prefix}-heat"))
    if len(pictures.errors) > 1:
        drawn.append(_errors(pictures.errors, f"{prefix}-errors"))
    if pictures.curve is not None and pictures.curve.size:
        drawn.append(_curve(pictures.curve, pictures.curve_label, f"{prefix}-curve"))
    if pictures.speed is not None:
        drawn.append(_speed(pictures.speed, f"{prefix}-speed"))
    return drawn


def _speed(speed: Speed, prefix: str) -> Picture:
    """The submission with its interval, the reference and the limits on one logarithmic axis."""
    colour = GOOD if speed.low <= speed.full else BAD

    def plot(axes: Axes) -> None:
        from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

        axes.set_xscale("log")
        axes.set_xlim(*ends(speed))
        axes.set_ylim(-1, 1)
        for limit in (speed.full, speed.part):
            axes.axvline(limit, color=MUTED, linewidth=1, linestyle="--")
        axes.plot([1.0], [0.0], "D", color=INK, markersize=5.5, markeredgewidth=0)
        axes.plot([speed.low, speed.high], [0.0, 0.0], color=colour, linewidth=3)
        axes.plot([speed.ratio], [0.0], "o", color=colour, markersize=7, markeredgewidth=0)
        axes.spines["left"].set_visible(False)
        axes.yaxis.set_major_locator(NullLocator())
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_locator(FixedLocator(sorted({1.0, speed.full, speed.part})))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))

    caption = speed_words(speed) + ". " + _("The diamond is the reference; the dashed lines are the limits.")
    if speed.indicative:
        caption += " " + _("Indicative: it counts where the course is graded.")
    return picture(plot, (4.6, 1.5), prefix, caption, {"ylabel": "", "xlabel": _("times the reference's CPU time")})


def _errors(pairs: tuple[tuple[int, float], ...], prefix: str) -> Picture:
    """Error against size, both logarithmic; the line at 1 is what is allowed."""
    sizes = np.array([max(1, size) for size, _error in pairs], dtype=float)
    errors = np.array([math.inf if math.isnan(error) else error for _size, error in pairs])
    shown = np.clip(errors, _FLOOR, _CEILING)
    wrong = shown > 1.0

    def plot(axes: Axes) -> None:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.axhline(1.0, color=INK, linewidth=1)
        axes.plot(sizes[~wrong], shown[~wrong], "o", color=GOOD, markersize=4.5, markeredgewidth=0)
        axes.plot(sizes[wrong], shown[wrong], "x", color=BAD, markersize=6, markeredgewidth=1.6)
        axes.set_ylim(min(0.1, shown.min()) / 2, max(10.0, shown.max()) * 2)
        axes.margins(x=0.08)
        _plain_powers(axes)

    words = _("One mark a case: {wrong} of {count} lie above the line, which is the largest error allowed.")
    caption = words.format(wrong=np.count_nonzero(wrong), count=len(pairs))
    if bool(np.any(errors > _CEILING)):
        caption += " " + _("What is infinite or not a number lies at the top.")
    labels = {"ylabel": _("error, 1 = allowed"), "xlabel": _("elements in the case")}
    return picture(plot, (4.6, 2.4), prefix, caption, labels)


def _plain_powers(axes: Axes) -> None:
    """Ticks as `1000` and `1e+06`: the raised exponents of mathtext are too small to read on a phone."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(numticks=6))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))


def _heat(heat: NDArray[np.float64], label: str, prefix: str) -> Picture:
    """|got - wanted| by place; redder is farther off."""
    pooled = pool(heat, _MOST_CELLS)
    rows, columns = pooled.shape
    finite = pooled[np.isfinite(pooled)]
    top = float(finite.max(initial=0.0)) or 1.0
    depths = np.minimum(pooled / top, 1.0)

    def plot(axes: Axes) -> None:
        from matplotlib.collections import PolyCollection

        squares = [_square(row, column) for row, column in np.ndindex(rows, columns)]
        colours = [(BAD, round(_DEEPEST * depth, 2)) for depth in depths.ravel().tolist()]
        axes.add_collection(PolyCollection(squares, facecolors=colours, edgecolors=[(MUTED, 0.35)], linewidths=0.5))
        if columns <= _ANNOTATED and rows <= 2 * _ANNOTATED:
            for row, column in np.ndindex(rows, columns):
                number = f"{pooled[row, column]:.2g}"
                axes.text(column + 0.5, row + 0.5, number, ha="center", va="center", color=INK, fontsize=9.5)
        axes.set(xlim=(0, columns), ylim=(rows, 0))
        _number_places(axes, heat.shape, pooled.shape)

    words = _("How far off {name} is at each place: the redder, the farther; {largest} at most.")
    caption = words.format(name=label or _("the answer"), largest=f"{pooled.max():.3g}")
    if pooled.shape != heat.shape:
        caption += " " + _("Each square is the largest error of a block.")
    side = min(0.52, 3.9 / columns, 3.9 / rows)
    size = (
        max(1.8, MARGIN_LEFT + MARGIN_RIGHT + side * columns),
        MARGIN_TOP + MARGIN_BOTTOM + max(0.3, side * rows),
    )
    return picture(plot, size, prefix, caption, {"ylabel": _("row"), "xlabel": _("column")})


def _square(row: int, column: int) -> list[tuple[int, int]]:
    return [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]


def _number_places(axes: Axes, shape: tuple[int, ...], pooled: tuple[int, ...]) -> None:
    """Row and column numbers of the whole tensor under the squares."""
    for axis, size, cells in ((axes.yaxis, shape[0], pooled[0]), (axes.xaxis, shape[1], pooled[1])):
        step = max(1, math.ceil(cells / 8))
        places = np.arange(0, cells, step)
        axis.set_ticks(places + 0.5, [str(int(place * math.ceil(size / cells))) for place in places])
        axis.set_tick_params(length=0)


def pool(heat: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """The largest of each block, at most `most` blocks along each axis; NaN counts as infinite."""
    values = np.where(np.isnan(heat), np.inf, heat)
    for axis in (0, 1):
        block = math.ceil(values.shape[axis] / most)
        starts = np.arange(0, values.shape[axis], block)
        values = np.maximum.reduceat(values, starts, axis=axis)
    return np.asarray(values, dtype=np.float64)


def _curve(curve: NDArray[np.float64], label: str, prefix: str) -> Picture:
    """A training curve by epoch."""
    values = np.asarray(curve, dtype=float).ravel()
    step = math.ceil(values.size / _MOST_EPOCHS)
    epochs = np.arange(1, values.size + 1)[::step]
    few = values.size < 20
    gaps = int(np.count_nonzero(~np.isfinite(values)))
    # clipped: near the end of float64 the limits of the axes would overflow
    values = np.where(np.isfinite(values), np.clip(values, -1e30, 1e30), np.nan)[::step]

    def plot(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        axes.plot(epochs, values, color=INK, linewidth=1.4, marker="o" if few else "", markersize=3)
        axes.margins(x=0.03, y=0.12)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))

    words = _("{name} over {epochs} epochs, as your training returned it.")
    caption = words.format(name=label or _("The training curve"), epochs=curve.size)
    if gaps:
        caption += " " + _("Gaps are values that are not finite ({count}).").format(count=gaps)
    return picture(plot, (4.6, 2.2), prefix, caption, {"ylabel": label or _("error"), "xlabel": _("epoch")})
