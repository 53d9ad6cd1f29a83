"""`%backcheck` in a notebook: the command, with the report of a check shown below the cell.

    %load_ext graders.jupyter
    %backcheck check backprop.ipynb --task affine

Both lines are IPython's, so that a submission in which they stand is graded as if they did not. The command runs in a
process of its own: what a notebook has done to NumPy stays in the notebook.
"""

from __future__ import annotations

import ast
import itertools
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from graders import i18n
from graders.i18n import _

COLUMNS = "100"
HEIGHT = 640
FRAME = (
    "<iframe title='{title}' sandbox='allow-same-origin' srcdoc='{page}' "
    "style='width: 100%; height: {height}px; border: 0; resize: vertical; color-scheme: normal' "
    "onload='this.style.height = Math.min({height}, this.contentDocument.documentElement.scrollHeight + 2) + \"px\"'>"
    "</iframe>"
)
"""The page in a document of its own, so that neither's styles reach the other; without scripts."""


class Shown:
    """A report as a cell shows it: the page where HTML is shown, else the terminal's text."""

    def __init__(self, text: str, page: str = "") -> None:
        self.text, self.page = text, page

    def _repr_mimebundle_(self, **_asked: object) -> dict[str, str]:
        """What Jupyter asks for: the forms there are."""
        if not self.page:
            return {"text/plain": self.text}
        title = _("Report")
        frame = FRAME.format(title=escape(title), page=escape(self.page), height=HEIGHT)
        return {"text/plain": self.text, "text/html": frame}

    def __repr__(self) -> str:
        return self.text


def load_ipython_extension(shell: Any) -> None:
    """Called by `%load_ext`."""

    def backcheck(line: str) -> None:
        """Run a command of backcheck; `check` shows its report here."""
        run(shell, line)

    shell.register_magic_function(backcheck, "line", "backcheck")


def run(shell: Any, line: str) -> None:
    """Run a command and show what came of it."""
    from IPython.display import display

    i18n.use_language(dict(itertools.pairwise(line.split())).get("--lang"))
    try:
        arguments = words(line)
    except ValueError:
        print(_("a quote is opened and never closed: {line}").format(line=line))
        return
    files = [Path(argument) for argument in arguments if argument.endswith((".ipynb", ".py"))]
    if "check" not in arguments or len(files) != 1 or {"--html", "--json", "--help", "-h"} & set(arguments):
        print("".join(command(arguments)), end="")
        return
    warn(shell, files[0])
    page = Path(".backcheck") / f"{files[0].stem}.html"
    page.unlink(missing_ok=True)
    shown = display(Shown(_("Checking {file} ...").format(file=files[0])), display_id=True)
    text, errors = command([*arguments, "--html", str(page)])
    shown.update(Shown(text + errors, page.read_text(encoding="utf-8") if page.exists() else ""))


def words(line: str, windows: bool = os.name == "nt") -> list[str]:
    """The words of a line, a quoted one without its quotes, as a shell has them; ValueError for a quote left open."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    if windows:  # there a backslash stands between folders
        lexer.escape = ""
    return list(lexer)


def command(arguments: list[str]) -> tuple[str, str]:
    """What `backcheck` prints, and what it complains about."""
    environment = {**os.environ, "COLUMNS": COLUMNS, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "graders.cli", *arguments],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.stdout, done.stderr


def warn(shell: Any, file: Path) -> None:
    """Say which functions are not in the file as they were run last."""
    if differing := unsaved(file, shell.history_manager.input_hist_raw):
        message = _("The file differs from what you ran last, in {names}. Save the notebook, then run this again.")
        print(message.format(names=", ".join(differing)))


def unsaved(file: Path, ran: Iterable[str]) -> list[str]:
    """Functions of a notebook's file that were run last in other words than it has."""
    try:
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        saved = ["".join(cell["source"]).strip() for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, OSError):
        return []  # what is wrong with the file, the check says
    last = {name: text.strip() for text in ran for name in functions(text)}
    known = dict.fromkeys(name for text in saved for name in functions(text))
    return [name for name in known if last.get(name, saved[0]) not in saved]


def functions(text: str) -> list[str]:
    """The functions a cell defines at its top level; none where it is not plain Python."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return []
    return [node.name for node in body if isinstance(node, ast.FunctionDef)]
