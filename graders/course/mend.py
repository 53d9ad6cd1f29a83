"""Before nbgrader's own checks: what it keeps in cells is as it was released, whatever a student or an editor did.

nbgrader gives up on a whole class where one notebook has a cell twice, or metadata that an editor has changed; and
what it does not find again earns nothing, without anybody being asked.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from graders.course.cells import QUESTION, SCHEMA
from graders.i18n import _

RUBRIC = re.compile(r"<!-- BEGIN MARK SCHEME -->.*?<!-- END MARK SCHEME -->", re.DOTALL)
HIDDEN = re.compile(r"^[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
"""Lines of a course's own tests that nbgrader leaves out."""
LONGEST = 50
"""Of a name in the id of a cell that is made here: an id has 64 characters at most."""


@dataclass(frozen=True)
class Released:
    """A cell as it was released.

    worth: its points, None where it has none. answer: whether a student writes in it. task: whether a person gives the
    points for what stands elsewhere, as nbgrader knows it in notebooks of an instructor's own.
    """

    name: str
    kind: str
    text: str
    locked: bool
    checksum: str
    worth: float | None
    answer: bool
    task: bool = False

    @property
    def written(self) -> bool:
        """Whether a person reads what a student writes in it."""
        return self.answer and self.worth is not None

    @property
    def shown(self) -> str:
        """Its text as students got it."""
        return HIDDEN.sub("", RUBRIC.sub("", self.text)).strip()

    @property
    def code(self) -> bool:
        """Whether it is code that students are to leave as it is."""
        return self.locked and self.kind == "code"

    def metadata(self) -> NotebookNode:
        """What nbgrader keeps in it."""
        told = {
            "schema_version": SCHEMA,
            "grade_id": self.name,
            "grade": self.worth is not None and not self.task,
            "solution": self.answer,
            "task": self.task,
            "locked": self.locked,
            "cell_type": self.kind,
            "checksum": self.checksum,
        }
        return NotebookNode(told if self.worth is None else {**told, "points": self.worth})


class Mend(NbGraderPreprocessor):  # type: ignore[misc]
    """Gives every cell of the release back what nbgrader knows it by.

    Of a cell that stands twice the last one counts. One that is deleted and holds points comes back behind the one it
    stood behind, locked code before the one it stood before. Where an answer in writing is not in its place, a person
    is asked to look for it. Locks hold in Jupyter only: what was written into locked code elsewhere stands in a cell of
    the student's own, above what was released.
    """

    def preprocess(self, nb: NotebookNode, resources: Mapping[str, Any]) -> tuple[NotebookNode, Mapping[str, Any]]:
        """The notebook with the metadata of the release."""
        told = resources["nbgrader"]
        with Gradebook(told["db_url"]) as gradebook:
            cells = list(released(gradebook.find_notebook(told["notebook"], told["assignment"])))
        mend(nb, cells)
        return nb, resources


def released(notebook: Any) -> Iterator[Released]:
    """The cells of a notebook in nbgrader's gradebook."""
    tasks = {cell.name: cell.max_score for cell in notebook.task_cells}
    worth = tasks | {cell.name: cell.max_score for cell in notebook.grade_cells}
    answers = {cell.name for cell in notebook.solution_cells}
    for cell in notebook.source_cells:
        yield Released(
            cell.name,
            cell.cell_type,
            cell.source,
            bool(cell.locked),
            cell.checksum,
            worth.get(cell.name),
            cell.name in answers,
            cell.name in tasks,
        )


def mend(nb: NotebookNode, cells: list[Released]) -> None:
    """Change what was handed in as `Mend` says."""
    left = {cell.name: cell for cell in cells}
    texts = Counter(cell.shown for cell in cells)
    unique = {cell.shown: cell.name for cell in cells if texts[cell.shown] == 1}
    found_text = False
    for place in reversed(range(len(nb.cells))):
        cell = nb.cells[place]
        known = left.pop(name_of(cell, left, unique), None)
        cell.metadata.pop("nbgrader", None)
        if known:
            if own := own_code(cell, known):
                nb.cells.insert(place, _new_cell(nb, "code", own, f"{known.name[:LONGEST]}-own"))
            elif own := own_text(cell, known):
                nb.cells.insert(place + 1, _new_cell(nb, "markdown", own, f"{known.name[:LONGEST]}-own"))
                found_text |= not known.name.startswith(QUESTION)  # there it stands beside its answer
            _restore(cell, known)
    for place, missing in enumerate(cells):
        if missing.name in left and (missing.worth is not None or missing.code):
            _bring_back(nb, missing, cells[:place], cells[place + 1 :])
    by_name = {cell.name: cell for cell in cells if cell.written}
    for place, cell in enumerate(nb.cells):
        if known := by_name.get(grade_id(cell)):
            beside = nb.cells[max(place - 1, 0) : place] + nb.cells[place + 1 : place + 2]
            _point_beside(cell, known, found_text or any(map(_is_own, beside)))


def _restore(cell: NotebookNode, known: Released) -> None:
    cell.metadata["nbgrader"] = known.metadata()
    if known.locked:
        cell.source = known.text  # also what the release left out, such as a rubric


def own_code(cell: NotebookNode, known: Released) -> str:
    """What somebody made of locked code, without the magics it was released with; "" where nothing of it can run."""
    if not known.code or cell.cell_type != "code" or _lines(cell.source) in (_lines(known.shown), _lines(known.text)):
        return ""
    magics = {line.strip() for line in _lines(known.text) if line.startswith("%")}
    rest = [line for line in cell.source.split("\n") if line.strip() not in magics]
    runs = any(not line.lstrip().startswith("#") for line in _lines("\n".join(rest)))
    return "\n".join(rest).strip("\n") if runs else ""


def own_text(cell: NotebookNode, known: Released) -> str:
    """What somebody wrote into locked text, without what was released; "" where nothing was."""
    if not known.locked or known.code:
        return ""
    there = {line.strip() for line in _lines(f"{known.text}\n{known.shown}")}
    rest = [line for line in cell.source.split("\n") if line.strip() not in there]
    return "\n".join(rest).strip()


def _lines(text: str) -> list[str]:
    """Those with anything on them, without the space at their ends, which editors add and take away."""
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def _bring_back(nb: NotebookNode, missing: Released, above: list[Released], below: list[Released]) -> None:
    """Put a cell where it was: what holds points behind what it stood behind, for there the work is."""
    place = _behind(nb, {other.name for other in above})
    if missing.worth is None:  # what it needs, imports above all, may stand in cells that nbgrader does not know
        place = _before(nb, {other.name for other in below}, place)
    if missing.written and _is_text_of_ones_own(nb.cells[place : place + 1]):
        _restore(nb.cells[place], missing)
    else:
        nb.cells.insert(place, _brought_back(nb, missing))


def _is_text_of_ones_own(cells: list[NotebookNode]) -> bool:
    """Whether it is a single Markdown cell that the release does not have."""
    return [(cell.cell_type, grade_id(cell)) for cell in cells] == [("markdown", "")]


def _point_beside(cell: NotebookNode, known: Released, elsewhere: bool) -> None:
    """Where nothing was written, say so if there are cells that may hold the answer; nbgrader would give 0 unasked."""
    if cell.source.strip() in ("", known.text.strip()):
        note = _("Nothing was written here, but another cell may hold the answer.")
        cell.source = f"*({note})*" if elsewhere else known.text


def _is_own(cell: NotebookNode) -> bool:
    """Whether a student has added it, with something in it."""
    return not grade_id(cell) and bool(cell.source.strip())


def name_of(cell: NotebookNode, left: Mapping[str, Released], unique: Mapping[str, str]) -> str:
    """Which cell of the release it is, by its metadata, its id or its text; "" for one of the student's own."""
    names = (grade_id(cell), str(cell.get("id", "")), unique.get(cell.source.strip(), ""))
    return next((name for name in names if name in left), "")


def grade_id(cell: NotebookNode) -> str:
    """What nbgrader calls a cell; "" for one of the student's own."""
    told = cell.metadata.get("nbgrader")
    return str(told.get("grade_id", "")) if isinstance(told, Mapping) else ""


def _behind(nb: NotebookNode, names: set[str]) -> int:
    """The place behind the last cell of those names; the end where there is none."""
    places = [place for place, cell in enumerate(nb.cells, start=1) if grade_id(cell) in names]
    return places[-1] if places else len(nb.cells)


def _before(nb: NotebookNode, names: set[str], otherwise: int) -> int:
    """The place of the first cell of those names."""
    return next((place for place, cell in enumerate(nb.cells) if grade_id(cell) in names), otherwise)


def _brought_back(nb: NotebookNode, cell: Released) -> NotebookNode:
    text = cell.text
    if cell.written:
        note = _("This cell was missing. The answer may stand elsewhere in the notebook.")
        text = f"*({note})*"
    back = _new_cell(nb, cell.kind, text, cell.name[:LONGEST])
    back.metadata["nbgrader"] = cell.metadata()
    return back


def _new_cell(nb: NotebookNode, kind: str, text: str, identity: str) -> NotebookNode:
    """A cell whose id, where the format knows any, no other has; the same notebook always gets the same."""
    made: NotebookNode = getattr(nbformat.v4, f"new_{kind}_cell")(text)
    taken = {cell.get("id") for cell in nb.cells}
    ids = itertools.chain([identity], (f"{identity}-{number}" for number in itertools.count(2)))
    made["id"] = next(one for one in ids if one not in taken)
    if (nb.nbformat, nb.nbformat_minor) < (4, 5):
        del made["id"]
    return made
