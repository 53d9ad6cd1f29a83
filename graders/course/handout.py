"""A handout as it is written, and taken apart: an introduction, a section a task, and what comes after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.i18n import _
from graders.rules import sentences
from graders.specs.unit import Unit, assignments_folder

MARK = re.compile(r"<!--\s*task:\s*(\w+)\s*-->\s*")
RUBRIC = re.compile(r"\n*<!--\s*rubric:.*?-->", re.DOTALL)
GROUP, HEADING, FENCE = "## ", "### ", "```"
GRADED = ("## What is graded", "## 评分内容")


@dataclass(frozen=True)
class Section:
    """The part of a handout that sets one task.

    heading: without its `###`. body: what follows it. above: the `## ` heading that opens a group of tasks
    here, with its text; "" where none does.
    """

    task: str
    heading: str
    body: str
    above: str


@dataclass(frozen=True)
class Handout:
    """A handout in three parts, all Markdown; only the comments that mark the tasks are left out."""

    intro: str
    sections: tuple[Section, ...]
    closing: str


def handout_path(unit: Unit, language: str = "en") -> Path:
    """Where the handout is: the Chinese one for "zh" when it is written, else the English one."""
    folder = assignments_folder() / unit.name
    chinese = folder / "handout.zh.md"
    return chinese if language == "zh" and chinese.is_file() else folder / "handout.md"


def handout_text(unit: Unit, language: str = "en", rules: str = "") -> str:
    """The handout as a student reads it: without the rubrics of its questions, which are for who grades.

    rules: Markdown of the course's own, which comes before the first heading; what the unit's policy says stands at the
    end of "What is graded".
    """
    text = RUBRIC.sub("", handout_path(unit, language).read_text(encoding="utf-8"))
    return with_rules(with_policy(text, sentences(unit)), rules)


def with_policy(text: str, told: Sequence[str]) -> str:
    """The handout with these sentences at the end of the section on what is graded, or at its own end."""
    if not told:
        return text
    block = "\n".join([_("In this course:"), "", *(f"- {sentence}" for sentence in told)])
    graded = next((text.find(f"\n{heading}\n") for heading in GRADED if f"\n{heading}\n" in text), -1)
    end = text.find(f"\n{GROUP}", graded + 1) if graded >= 0 else -1
    if graded < 0 or end < 0:
        return f"{text.rstrip()}\n\n{block}\n"
    return f"{text[:end].rstrip()}\n\n{block}\n{text[end:]}"


def with_rules(text: str, rules: str) -> str:
    """The handout with the course's rules between its opening and its first heading."""
    if not rules.strip():
        return text
    opening, heading, rest = text.partition(f"\n{GROUP}")
    return f"{opening.rstrip()}\n\n{rules.strip()}\n{heading}{rest}"


def read_handout(unit: Unit, language: str = "en", rules: str = "") -> Handout:
    """The unit's handout, taken apart; ValueError when its tasks are not those of the unit, in their order."""
    try:
        handout = parse_handout(handout_text(unit, language, rules))
        _require_tasks([section.task for section in handout.sections], [task.name for task in unit.tasks])
    except ValueError as error:
        raise ValueError(f"{handout_path(unit, language)}: {error}") from None
    return handout


def parse_handout(text: str) -> Handout:
    """Take a handout apart.

    A section begins with the comment `<!-- task: NAME -->` and a `### ` heading below it, and ends at the next
    such comment or `## ` heading. ValueError when a comment has no heading, or no task is marked at all.
    """
    blocks = _blocks(text)
    marked = [number for number, (task, _text) in enumerate(blocks) if task]
    if not marked:
        raise ValueError("no task is marked")
    first, end = marked[0], marked[-1] + 1
    if _is_bare_heading(blocks[first - 1][1]):
        first -= 1
    return Handout(_join(blocks[:first]), tuple(_sections(blocks[first:end])), _join(blocks[end:]))


Block = tuple[str, str]
"""The task marked above a stretch of text, "" for none, and the text."""


def _blocks(text: str) -> list[Block]:
    """The text, cut at every mark and every `## ` heading that is not inside a code block."""
    blocks: list[tuple[str, list[str]]] = [("", [])]
    fenced = False
    for line in text.split("\n"):
        fenced ^= line.startswith(FENCE)
        mark = None if fenced else MARK.fullmatch(line)
        if mark:
            blocks.append((mark[1], []))
            continue
        if line.startswith(GROUP) and not fenced:
            blocks.append(("", []))
        blocks[-1][1].append(line)
    return [(task, "\n".join(lines).strip()) for task, lines in blocks]


def _is_bare_heading(text: str) -> bool:
    return text.startswith(GROUP) and "\n" not in text


def _sections(blocks: Sequence[Block]) -> list[Section]:
    """A section for each marked block; an unmarked one goes with the section below it."""
    sections: list[Section] = []
    above: list[Block] = []
    for task, text in blocks:
        if not task:
            above.append((task, text))
            continue
        heading, _, body = text.partition("\n")
        if not heading.startswith(HEADING):
            raise ValueError(f"the mark of task {task} has no `{HEADING}` heading below it")
        sections.append(Section(task, heading.removeprefix(HEADING).strip(), body.strip(), _join(above)))
        above = []
    return sections


def _join(blocks: Sequence[Block]) -> str:
    return "\n\n".join(text for _task, text in blocks if text)


def _require_tasks(written: list[str], wanted: list[str]) -> None:
    """ValueError unless the handout sets the tasks of unit.toml, each once, in their order."""
    if missing := [task for task in wanted if task not in written]:
        raise ValueError(f"tasks of unit.toml without a section: {', '.join(missing)}")
    if unknown := [task for task in written if task not in wanted]:
        raise ValueError(f"sections of tasks that unit.toml does not have: {', '.join(unknown)}")
    if repeated := sorted({task for task in written if written.count(task) > 1}):
        raise ValueError(f"tasks with more than one section: {', '.join(repeated)}")
    if written != wanted:
        raise ValueError(f"sections stand in the order {', '.join(written)}; unit.toml has {', '.join(wanted)}")
