"""Making any text safe to show: what students wrote must not move a cursor or break a parser."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graders.i18n import _

SHOWN = 20
"""How many names a line lists."""
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"  # what reorders or breaks a line
    "\ud800-\udfff\ufffe\uffff]"  # lone surrogates and what XML forbids
)


def printable(text: str) -> str:
    r"""The text with characters nobody can see spelled out: an escape character becomes `\x1b`."""
    lines = text.replace("\r\n", "\n").expandtabs(4)
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), lines)


def encodable(text: str, encoding: str) -> str:
    r"""The printable text with what `encoding` lacks spelled out, `\u2713`."""
    return printable(text).encode(encoding, "backslashreplace").decode(encoding)


def listed(names: Sequence[str], most: int = SHOWN) -> str:
    """The names in one line, of very many only the first."""
    more = len(names) - most
    shown = printable(", ".join(names[:most]))
    return shown if more <= 0 else _("{names} and {count} more").format(names=shown, count=more)


def points(number: float) -> str:
    """A number of points to two decimals at most: `4`, `2.5`, `0.33`."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
