"""What editors do to a notebook that was released, cell by cell; tests/intake/files has files as they write them."""

from __future__ import annotations

import json
import random
import string
from typing import Any

Notebook = dict[str, Any]
Cell = dict[str, Any]


def identity(number: int, length: int) -> str:
    """An id as editors make them up."""
    return "".join(random.Random(number).choices(string.ascii_letters, k=length))


def colab(notebook: Notebook) -> Notebook:
    """Format 4.0, its ids inside the metadata, its own imports in a cell above."""
    cells = [
        {**without(cell, "id"), "metadata": {"id": identity(number, 12), **cell["metadata"]}}
        for number, cell in enumerate(notebook["cells"])
    ]
    start = "from google.colab import drive\ndrive.mount('/content/drive')\n!pip install -q backcheck"
    metadata = {"colab": {"provenance": []}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return {
        "cells": [{**code(start), "metadata": {"id": identity(99, 12)}}, *cells],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 0,
    }


def vscode(notebook: Notebook) -> Notebook:
    """Format 4.2 without ids, an environment of its own, the language in every code cell."""
    cells = [without(cell, "id") for cell in json.loads(json.dumps(notebook["cells"]))]
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["metadata"]["vscode"] = {"languageId": "python"}
    kernel = {"display_name": ".venv (3.12.4)", "language": "python", "name": "my-venv"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "orig_nbformat": 4},
        "nbformat": 4,
        "nbformat_minor": 2,
    }


def marimo(notebook: Notebook) -> Notebook:
    """Everything known of a cell is lost but its text, and magics have become comments."""
    cells = [{**code("import marimo as mo"), "id": identity(0, 4)}]
    for number, cell in enumerate(notebook["cells"], start=1):
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            text = "\n".join(f"# {line}" if line.startswith(("%", "!")) else line for line in text.split("\n"))
        made = code(text) if cell["cell_type"] == "code" else {"cell_type": "markdown", "source": text}
        cells.append({**made, "metadata": {}, "id": identity(number, 4)})
    return {"cells": cells, "metadata": {"marimo": {"marimo_version": "0.25.2"}}, "nbformat": 4, "nbformat_minor": 5}


def without(cell: Cell, key: str) -> Cell:
    """The cell without one of its keys."""
    return {name: value for name, value in cell.items() if name != key}


def code(text: str) -> Cell:
    """A code cell of one's own."""
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text}
