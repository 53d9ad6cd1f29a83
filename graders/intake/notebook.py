"""The code cells of a notebook. Only JSON is read: nothing of it runs here."""

from __future__ import annotations

import json
from typing import Any

from graders.i18n import _
from graders.intake.source import MAX_BYTES, IntakeError
from graders.sandbox.program import Piece

MAX_CELLS = 2000


def code_cells(data: bytes) -> tuple[Piece, ...]:
    """Code cells in order, each a piece in which IPython magics may stand; outputs are not looked at."""
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise IntakeError(_("the notebook is broken: it is not valid JSON")) from None
    cells = _cells(notebook)
    pieces = [
        Piece(_("cell {number}").format(number=number), _source(cell), magics=True)
        for number, cell in enumerate(cells, start=1)
        if isinstance(cell, dict) and cell.get("cell_type") == "code"
    ]
    pieces = [piece for piece in pieces if piece.text.strip()]
    if not pieces:
        raise IntakeError(_("the notebook has no code cells"))
    if sum(len(piece.text) for piece in pieces) > MAX_BYTES:
        raise IntakeError(_("the notebook's code is larger than {limit} KiB").format(limit=MAX_BYTES >> 10))
    return tuple(pieces)


def _cells(notebook: Any) -> list[Any]:
    """The cells, also of the worksheets of format 3."""
    if not isinstance(notebook, dict):
        raise IntakeError(_("the notebook is broken: it has no cells"))
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):
        sheets = [sheet.get("cells") for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        raise IntakeError(_("the notebook is broken: it has no cells"))
    if len(cells) > MAX_CELLS:
        raise IntakeError(_("the notebook has more than {limit} cells").format(limit=MAX_CELLS))
    return cells


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise IntakeError(_("the notebook is broken: a cell's source is not text"))
    return source.replace("\r\n", "\n").replace("\r", "\n")
