"""The pages a person reads, and the commands that stand on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PAIRS = [(path.with_name(path.name.replace(".zh.md", ".md")), path) for path in PAGES if path.name.endswith(".zh.md")]
"""English and Chinese pages that say the same."""

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^(?:<!-- ([^\n]*?) -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(text: str) -> str:
    """What is in no code block."""
    return FENCE.sub("", text)


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@dataclass
class Command:
    """A line after a `$`, and what the page says it prints."""

    line: str
    shown: list[str] = field(default_factory=list)


@dataclass
class Block:
    """A code block, and the comment above it, which says what a test does with it."""

    note: str
    language: str
    text: str

    @property
    def commands(self) -> list[Command]:
        commands: list[Command] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                commands.append(Command(line[2:]))
            elif commands:
                commands[-1].shown.append(line)
        return commands


def blocks(text: str) -> Iterator[Block]:
    """Every code block, in order."""
    for note, language, body in BLOCK.findall(text):
        yield Block(note, language, body)
