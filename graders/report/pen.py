"""Text for a console that may lack Unicode or colour: nothing written with a Pen can fail to be encoded."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console
from rich.text import Text

from graders.report.text import encodable
from graders.report.view import STATES, State

_MARKS: dict[State, tuple[str, str, str]] = {
    "passed": ("✓", "+", "green"),
    "partial": ("~", "~", "yellow"),
    "failed": ("✗", "x", "bold red"),
    "skipped": ("·", "-", "bright_black"),
    "error": ("!", "!", "bold magenta"),
}
_ASCII_HEAD = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


class Pen:
    """Makes rich texts that `console` can encode; markup in the text means nothing."""

    def __init__(self, console: Console) -> None:
        self.encoding = console.encoding
        self.unicode = all(self._has(_MARKS[state][0]) for state in STATES)
        self.box = SIMPLE_HEAD if self._has("─") and self.unicode else _ASCII_HEAD

    def text(self, words: str, style: str = "") -> Text:
        """`words` in `style`, with what the console lacks spelled out."""
        return Text(encodable(words, self.encoding), style=style, overflow="fold")

    def mark(self, state: State) -> Text:
        """One character for how a property ended."""
        mark, plain, style = _MARKS[state]
        return Text(mark if self.unicode else plain, style=style)

    def _has(self, character: str) -> bool:
        try:
            character.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True
