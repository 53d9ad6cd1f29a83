"""Before nbgrader's own checks: what it keeps in cells is as it was released, whatever a student or an editor did.

nbgrader gives up on a whole class where one notebook has a cell twice, or metadata that an editor has changed; and
what it does not find again earns nothing, without anybody being asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from graders.course.cells import SCHEMA
from graders.i18n import _

RUBRIC = re.compile(r"<!-- BEGIN MARK SCHEME -->.*?<!-- END MARK SCHEME -->", re.DOTALL)


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
        return RUBRIC.sub("", self.text).strip()

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
    stood behind. Where an answer in writing is not in its place, a person is asked to look for it.
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
    for cell in reversed(nb.cells):
        known = left.pop(name_of(cell, left, unique), None)
        cell.metadata.pop("nbgrader", None)
        if known:
            _restore(cell, known)
    for place, missing in enumerate(cells):
        if missing.name in left and missing.worth is not None:
            behind = _behind(nb, {other.name for other in cells[:place]})
            if missing.written and _is_text_of_ones_own(nb.cells[behind : behind + 1]):
                _restore(nb.cells[behind], missing)
            else:
                nb.cells.insert(behind, _brought_back(nb, missing))
    by_name = {cell.name: cell for cell in cells if cell.written}
    for place, cell in enumerate(nb.cells):
        if known := by_name.get(grade_id(cell)):
            _point_beside(cell, known, nb.cells[max(place - 1, 0) : place] + nb.cells[place + 1 : place + 2])


def _restore(cell: NotebookNode, known: Released) -> None:
    cell.metadata["nbgrader"] = known.metadata()
    if known.locked:
        cell.source = known.text  # also what the release left out, such as a rubric


def _is_text_of_ones_own(cells: list[NotebookNode]) -> bool:
    """Whether it is a single Markdown cell that the release does not have."""
    return [(cell.cell_type, grade_id(cell)) for cell in cells] == [("markdown", "")]


def _point_beside(cell: NotebookNode, known: Released, beside: list[NotebookNode]) -> None:
    """Where nothing was written, say so if there are cells that may hold the answer; nbgrader would give 0 unasked."""
    if cell.source.strip() in ("", known.text.strip()):
        note = _("Nothing was written here, but there are cells beside it.")
        own = any(not grade_id(other) and other.source.strip() for other in beside)
        cell.source = f"*({note})*" if own else known.text


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


def _brought_back(nb: NotebookNode, cell: Released) -> NotebookNode:
    text = cell.text
    if cell.written:
        note = _("This cell was missing. The answer may stand elsewhere in the notebook.")
        text = f"*({note})*"
    back: NotebookNode = getattr(nbformat.v4, f"new_{cell.kind}_cell")(text)
    if (nb.nbformat, nb.nbformat_minor) < (4, 5):
        del back["id"]  # which older formats do not know
    back.metadata["nbgrader"] = cell.metadata()
    return back
