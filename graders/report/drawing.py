"""Drawings by matplotlib as inline SVG that follows the page's colours.

Everything is drawn in stand-in colours, which become CSS variables of the page afterwards, and with
stand-in words for the labels, so that the drawing depends neither on the language nor on its fonts.
"""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from graders.report.text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GOOD, BAD = "#010101", "#020202", "#030303", "#040404"
_PAGE_COLOURS = {INK: "var(--ink)", MUTED: "var(--muted)", GOOD: "var(--good)", BAD: "var(--bad)"}

MARGIN_TOP, MARGIN_BOTTOM, MARGIN_LEFT, MARGIN_RIGHT = 0.3, 0.5, 0.68, 0.1
"""Inches for the words around the axes."""

_LARGEST = 1.25
"""Pixels of a wide page for each point of a drawing."""
_NOISE = re.compile(r"<!--.*?-->\s*|<style.*?</style>\s*|(?<=>)\s+(?=<(?!t))", re.DOTALL)
"""Comments, blank space, and the style sheet, which would reach beyond the drawing."""


@dataclass(frozen=True)
class Picture:
    """One drawing and the words under it."""

    svg: str
    caption: str


def available() -> bool:
    """Whether matplotlib, the extra `pictures`, is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def picture(
    plot: Callable[[Axes], None],
    size: tuple[float, float],
    prefix: str,
    caption: str,
    words: dict[str, str],
    title: str = "",
) -> Picture:
    """Draw with `plot` on axes of `size` inches.

    prefix: keeps the ids of several drawings on a page apart. words: what the stand-ins become, "xlabel" and "ylabel"
    among them. title: what the drawing is called where it is read out; the caption follows as its description.
    """
    import matplotlib
    from matplotlib.figure import Figure

    # Reset and restored: a matplotlibrc of the machine must not show in a report.
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "backcheck", "font.size": 10.5})
        figure = Figure(figsize=size)
        axes = figure.add_axes(_frame(*size))
        _plain(axes)
        plot(axes)
        svg = _render(figure)
    return Picture(_inline(svg, size, prefix, caption, words, title), caption)


def _frame(width: float, height: float) -> tuple[float, float, float, float]:
    """Left, bottom, width, height of the axes as shares of a figure in inches."""
    across = 1 - (MARGIN_LEFT + MARGIN_RIGHT) / width
    upwards = 1 - (MARGIN_TOP + MARGIN_BOTTOM) / height
    return MARGIN_LEFT / width, MARGIN_BOTTOM / height, across, upwards


def _plain(axes: Axes) -> None:
    """Two thin axes, labels out of the way: the vertical one's lies above it, where it reads level."""
    axes.patch.set_visible(False)
    axes.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=MUTED, linewidth=0.7)
    axes.tick_params(which="both", color=MUTED, labelcolor=MUTED, width=0.7)
    axes.set_title("ylabel", loc="left", color=MUTED, fontsize=10.5)
    axes.set_xlabel("xlabel", color=MUTED, fontsize=10.5)


def _render(figure: Figure) -> str:
    file = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    return file.getvalue()


def _inline(svg: str, size: tuple[float, float], prefix: str, caption: str, words: dict[str, str], title: str) -> str:
    """The drawing as part of a page: scalable, with a text for who cannot see it, ids and colours its own."""
    body = re.sub(_NOISE, "", svg[svg.index("<svg") :]).partition(">")[2]
    body = re.sub(r"\b(id=\"|xlink:href=\"#|url\(#)", rf"\g<1>{prefix}-", body).replace("xlink:href", "href")
    for colour, variable in _PAGE_COLOURS.items():
        body = body.replace(colour, variable)
    for stand_in, word in words.items():
        body = body.replace(f">{stand_in}<", f">{escape(printable(word))}<")
    width, height = (72 * inches for inches in size)
    box = f'viewBox="0 0 {width:g} {height:g}" style="max-width: {width * _LARGEST:.0f}px"'
    if title:
        named = f'aria-labelledby="{prefix}-title" aria-describedby="{prefix}-desc"'
        inside = f'<title id="{prefix}-title">{escape(printable(title))}</title>'
        inside += f'<desc id="{prefix}-desc">{escape(printable(caption))}</desc>'
        return f'<svg {box} role="img" {named}>{inside}{body}'
    return f'<svg {box} role="img" aria-label="{escape(printable(caption))}">{body}'
