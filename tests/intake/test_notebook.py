"""Of a notebook only the text of its code cells counts, in every form that editors have written."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from graders.intake.notebook import MAX_CELLS, code_cells
from graders.intake.source import MAX_BYTES, IntakeError


def code(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, **more}


def packed(*cells: Any) -> bytes:
    return json.dumps({"cells": cells}).encode()


def test_cells_are_numbered_as_the_student_sees_them():
    pieces = code_cells(
        packed({"cell_type": "markdown", "source": "# Unit"}, code("a = 1"), code(" \n"), code("b = 2"))
    )
    assert [(piece.label, piece.text) for piece in pieces] == [("cell 2", "a = 1"), ("cell 4", "b = 2")]
    assert all(piece.magics for piece in pieces)


@pytest.mark.parametrize("source", ["a = 1\nb = 2", ["a = 1\n", "b = 2"], ["a = 1\r\n", "b = 2"]])
def test_a_source_is_text_or_a_list_of_lines(source: str | list[str]):
    assert code_cells(packed(code(source)))[0].text == "a = 1\nb = 2"


def test_worksheets_of_format_3_are_read():
    sheets = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1"]}]}, {"cells": [code("b = 2")]}]}
    assert [piece.text for piece in code_cells(json.dumps(sheets).encode())] == ["a = 1", "b = 2"]


def test_a_byte_order_mark_is_not_part_of_the_json():
    assert code_cells(b"\xef\xbb\xbf" + packed(code("a = 1")))[0].text == "a = 1"


def test_outputs_are_not_looked_at():
    assert len(code_cells(packed(code("a = 1", outputs=[{"text": "x" * 2 * MAX_BYTES}])))) == 1


def test_cells_of_no_known_kind_are_passed_over():
    assert len(code_cells(packed(7, None, {"cell_type": ["code"]}, {}, code("a = 1")))) == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"cells": [', "not valid JSON"),
        (packed(code("a = 1")).decode().encode("utf-16"), "not valid JSON"),
        (b"[" * 1_000_000, "not valid JSON"),
        (b'{"a":' * 500_000, "not valid JSON"),
        (b'{"cells": ' + b"9" * 10_000 + b"}", "not valid JSON"),
        (b"null", "it has no cells"),
        (b'{"cells": NaN}', "it has no cells"),
        (b'{"cells": {}}', "it has no cells"),
        (b'{"worksheets": 5}', "it has no cells"),
        (b'{"worksheets": [{"cells": 5}, null]}', "has no code cells"),
        (packed(), "has no code cells"),
        (packed(code(5)), "a cell's source is not text"),
        (packed(code(["a", 5])), "a cell's source is not text"),
        (packed(*[code("a")] * (MAX_CELLS + 1)), f"more than {MAX_CELLS} cells"),
        (packed(*[code("#" * (MAX_BYTES // 2 + 1))] * 2), "the notebook's code is larger than 1024 KiB"),
    ],
)
def test_a_broken_notebook_is_refused_with_the_reason(data: bytes, says: str):
    with pytest.raises(IntakeError, match=re.escape(says)):
        code_cells(data)
