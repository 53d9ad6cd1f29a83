"""One file of a unit as its definitions: the reference's, some of them written in another way, some wrong."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from graders.course.stub import task_text
from graders.intake.reference import reference_source
from graders.misconceptions.variant import Variant, row_definitions
from graders.specs import find_unit

ALIAS = "Array = Any\n"
"""What an edit adds NumPy to, which is imported here in any case."""
GAP = "\n\n\n"


@dataclass(frozen=True)
class Source:
    """A unit's file. changed: the definitions that are not the reference's, by name."""

    unit: str
    changed: tuple[tuple[str, str], ...] = ()

    @property
    def definitions(self) -> dict[str, str]:
        """All of them by name; imports are called what they say."""
        return {**reference(self.unit), **dict(self.changed)}

    @property
    def text(self) -> str:
        """The file: imports, helpers, what was asked for."""
        asked, found = find_unit(self.unit).functions, self.definitions
        names = sorted(found, key=lambda name: (name in asked, not is_import(name)))
        imports = [name for name in names if is_import(name)]
        return GAP.join(["\n".join(imports), *(found[name] for name in names[len(imports) :])]) + "\n"

    def with_all(self, variants: Iterable[Variant]) -> Source:
        """With each variant that goes with those before it."""
        source = self
        for variant in variants:
            source = source.with_one(variant) or source
        return source

    def with_one(self, variant: Variant) -> Source | None:
        """With a variant; None where what it changes is no longer the reference's."""
        found = self.definitions
        inside = {one.name for one in row_definitions(variant.row)} & set(found)
        for old, new in variant.edits:
            if old == ALIAS:
                continue
            places = [name for name in sorted(inside) if old in found[name]]
            if len(places) != 1 or found[places[0]].count(old) != 1:
                return None
            found[places[0]] = found[places[0]].replace(old, new)
        for name, text in definitions(variant.source).items():
            if found.get(name, text) not in (text, reference(self.unit).get(name)):
                return None
            found[name] = text
        return self._changed_to(found)

    def without(self, missing: int) -> Source:
        """With the last so many tasks as the stub has them."""
        tasks, found = find_unit(self.unit).tasks, self.definitions
        for task in tasks[len(tasks) - missing :]:
            found.update(definitions(task_text(task)))
        return self._changed_to(found)

    def _changed_to(self, found: dict[str, str]) -> Source:
        own = reference(self.unit)
        return replace(self, changed=tuple((name, text) for name, text in found.items() if own.get(name) != text))


@cache
def reference(unit: str) -> dict[str, str]:
    """The definitions of the reference for a unit, with NumPy."""
    return {"import numpy as np": "", **definitions(reference_source(find_unit(unit)))}


@cache
def _parts(text: str) -> tuple[tuple[str, str], ...]:
    lines, found = text.split("\n"), []
    for node in ast.parse(text).body:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        part = "\n".join(lines[first - 1 : node.end_lineno])
        match node:
            case ast.Import() | ast.ImportFrom():
                found.append((ast.unparse(node), ""))
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.append((name, part))
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.append((name, part))
            case _:
                found.append((part, part))
    return tuple(found)


def definitions(text: str) -> dict[str, str]:
    """The top-level statements of a module by what they bind; an import by what it says, with no text."""
    return dict(_parts(text))


def is_import(name: str) -> bool:
    """Whether a definition is an import."""
    return name.startswith(("import ", "from "))


def cells(text: str) -> list[str]:
    """A module in pieces."""
    return [part for part in text.split(GAP) if part.strip()]


def endless(text: str, function: str) -> str:
    """The module with a function that never ends."""
    nodes = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    lines = text.split("\n")
    lines.insert(nodes[function].body[-1].lineno - 1, "    while True:\n        pass")
    return "\n".join(lines)


def without_colon(text: str, chance: random.Random) -> str:
    """The module with a syntax error: a colon is missing."""
    lines = text.split("\n")
    ends = [place for place, line in enumerate(lines) if line.startswith("def ") and line.endswith(":")]
    place = chance.choice(ends)
    lines[place] = lines[place][:-1]
    return "\n".join(lines)
