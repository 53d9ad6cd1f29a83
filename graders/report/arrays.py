"""Arrays as people read them: small ones whole, with what differs marked; large ones by shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graders.i18n import _
from graders.verdict import CaseNote

MAX_SHOWN = 40
"""Arrays with more elements are named by shape only."""

Role = Literal["given", "got", "wanted"]
Pieces = tuple[tuple[str, bool], ...]
"""Text in order; True marks a number that differs from the one it is compared with."""


@dataclass(frozen=True)
class CaseRow:
    """One value of the case a failure is shown on."""

    role: Role
    name: str
    facts: str
    """Shape and dtype of an array, "" for other values."""
    pieces: Pieces
    small: bool

    @property
    def text(self) -> str:
        return "".join(text for text, _differs in self.pieces)


def case_rows(case: CaseNote | None) -> list[CaseRow]:
    """The inputs, then each output as it was beside what it should be."""
    if case is None:
        return []
    got, wanted = dict(_flat(case.got)), dict(_flat(case.wanted))
    rows = [_row("given", name, value, None) for name, value in _flat(case.inputs)]
    for name in got | wanted:
        if name in got:
            rows.append(_row("got", name, got[name], wanted.get(name)))
        if name in wanted:
            rows.append(_row("wanted", name, wanted[name], got.get(name)))
    return rows


def _flat(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Lists of arrays become one entry an array: `weights[0]`, `weights[1]`."""
    entries: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, (list, tuple)) and any(isinstance(part, np.ndarray) for part in value):
            entries += [(f"{name}[{place}]", part) for place, part in enumerate(value)]
        else:
            entries.append((name, value))
    return entries


def _row(role: Role, name: str, value: Any, other: Any) -> CaseRow:
    if not isinstance(value, (np.ndarray, np.generic)):
        return CaseRow(role, name, "", ((_short(repr(value)), False),), True)
    array = np.asarray(value)
    facts = f"{array.shape} {array.dtype}"
    if array.size > MAX_SHOWN:
        text = _("{count} numbers, too many to print").format(count=array.size)
        return CaseRow(role, name, facts, ((text, False),), False)
    return CaseRow(role, name, facts, show(array, other), True)


def show(array: NDArray[Any], other: Any = None) -> Pieces:
    """The array as NumPy would print it, numbers that differ from those of `other` marked.

    As many digits are printed as it takes to tell the two apart.
    """
    rival = np.asarray(other) if isinstance(other, (np.ndarray, np.generic)) else None
    if rival is None or rival.shape != array.shape:
        texts = _texts(array, 5)
        width = _widest(texts) if array.ndim > 1 else 0
        return _pieces(texts, np.zeros(array.shape, bool), width)
    digits = _digits_apart(array, rival)
    texts, rivals = _texts(array, digits), _texts(rival, digits)
    width = max(_widest(texts), _widest(rivals)) if array.ndim else 0
    return _pieces(texts, np.asarray(texts != rivals), width)


def _widest(texts: NDArray[np.str_]) -> int:
    return max(map(len, texts.ravel().tolist()), default=0)


def _pieces(texts: NDArray[np.str_], differs: NDArray[np.bool_], width: int) -> Pieces:
    return tuple(piece for piece in _nest(texts, differs, width, 1) if piece[0])


def _digits_apart(array: NDArray[Any], rival: NDArray[Any]) -> int:
    for digits in (5, 8, 12, 17):
        if bool(np.any(_texts(array, digits) != _texts(rival, digits))):
            return digits
    return 5


def _texts(array: NDArray[Any], digits: int) -> NDArray[np.str_]:
    texts = [_number(value, digits) for value in array.ravel().tolist()]
    return np.array(texts, dtype=np.str_).reshape(array.shape)


def _number(value: Any, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else _short(str(value))


def _nest(texts: NDArray[np.str_], differs: NDArray[np.bool_], width: int, depth: int) -> Iterator[tuple[str, bool]]:
    """Brackets around the texts, each `width` wide, one row of the last axis a line."""
    if texts.ndim == 0:
        number = str(texts[()])
        yield " " * (width - len(number)), False
        yield number, bool(differs[()])
        return
    separator = ", " if texts.ndim == 1 else ",\n" + " " * depth
    yield "[", False
    for place in range(texts.shape[0]):
        yield separator if place else "", False
        yield from _nest(texts[place, ...], differs[place, ...], width, depth + 1)
    yield "]", False


def _short(text: str, most: int = 120) -> str:
    return text if len(text) <= most else text[:most] + "..."
