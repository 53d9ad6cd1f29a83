"""The page on security lists every exploit, with every sandbox's answer to it."""

from __future__ import annotations

import re

from graders.coverage import DOCS
from graders.exploits.__main__ import BEGIN, END
from graders.exploits.catalogue import entries

PAGE = (DOCS / "security.md").read_text(encoding="utf-8")
TABLE = PAGE[PAGE.index(BEGIN) : PAGE.index(END)]
ROWS = {int(row[1]): row[0] for row in re.finditer(r"^\| (\d+) \|.*\|$", TABLE, re.MULTILINE)}


def test_every_exploit_is_listed_with_its_title_and_layer():
    assert set(ROWS) == {entry.number for entry in entries()}, "run `make exploits`"
    for entry in entries():
        assert f"| {entry.number} | {entry.title} | {entry.layer} |" in ROWS[entry.number], "run `make exploits`"


def test_nothing_was_gained_where_something_isolates():
    heading = next(line for line in TABLE.splitlines() if line.startswith("| | exploit"))
    names = [name.strip() for name in heading.strip("|").split("|")][3:]
    assert {"bubblewrap", "subprocess", "portable"} <= set(names)
    for number, row in ROWS.items():
        answers = dict(zip(names, (cell.strip() for cell in row.strip("|").split("|")[3:]), strict=True))
        isolated = {name: answer for name, answer in answers.items() if name != "portable"}
        assert set(isolated.values()) == {"held"}, number
        assert answers["portable"] in ("held", "not tried", "**GAINED**")


def test_every_layer_is_explained():
    for layer in {part for entry in entries() for part in entry.layer.split("+")}:
        assert re.search(rf"^\| {layer} \|", PAGE, re.MULTILINE), layer
