"""The known mistakes of a task as suspects: run on the same cases as a submission, in a sandbox of their own."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from graders.exam import Exam
from graders.misconceptions import all_chaffs
from graders.misconceptions.variant import Chaff
from graders.properties import properties
from graders.properties.base import Earlier, Finding, Property
from graders.sandbox import Backend
from graders.sandbox.program import Piece, Program, Reply
from graders.sandbox.session import Session
from graders.secrets import MORE
from graders.specs.row import Row

LOADER = """
def _suspect(number, text):
    names = {"__name__": __name__}
    exec(compile(text, f"suspect {number}", "exec"), names)
    globals().update((f"{name}__{number}", value) for name, value in names.items())
"""


Findings = list[dict[str, Finding]]
"""What is wrong with each item, by tensor."""


@functools.cache
def known_mistakes(row: str) -> tuple[Chaff, ...]:
    """The misconceptions about a task."""
    return tuple(chaff for chaff in all_chaffs() if chaff.row == row)


class Suspects:
    """What each known mistake answers on the cases of an exam; kept, for a class makes the same mistakes."""

    def __init__(self, exam: Exam, backend: Backend) -> None:
        self.exam, self._backend = exam, backend
        self._replies: dict[tuple[str, str], Mapping[Chaff, list[Reply]]] = {}
        self._findings: dict[tuple[Any, ...], Mapping[Chaff, Findings]] = {}

    @functools.cached_property
    def more(self) -> Suspects:
        """The same mistakes on further cases."""
        return Suspects(Exam(self.exam.unit, MORE), self._backend)

    def findings(self, row: Row, one: Property, earlier: Earlier) -> Mapping[Chaff, Findings]:
        """What a property finds of each mistake that fails it, item by item, if `earlier` was known before."""
        key = (row.name, one.name, *sorted(earlier.items()))
        if key not in self._findings:
            items = self.exam.items(row, one.family)
            replies = self.replies(row, one.family).items()
            self._findings[key] = {
                chaff: [by_tensor(one.check(*pair, earlier).findings) for pair in zip(items, answers, strict=True)]
                for chaff, answers in replies
                if one.name in chaff.fails
            }
        return self._findings[key]

    def replies(self, row: Row, family: str) -> Mapping[Chaff, list[Reply]]:
        """The replies of the mistakes that fail some property of the family, one for each item of it."""
        key = (row.name, family)
        if key not in self._replies:
            self._replies[key] = self._ask(row, family)
        return self._replies[key]

    def _ask(self, row: Row, family: str) -> Mapping[Chaff, list[Reply]]:
        members = [one for one in properties(row) if one.family == family]
        asked = {one.name for one in members}
        chaffs = [chaff for chaff in known_mistakes(row.name) if asked & chaff.fails]
        if not chaffs:
            return {}
        programs = [members[0].program(item) for item in self.exam.items(row, family)]
        loads = "".join(f"_suspect({number}, {chaff.text!r})\n" for number, chaff in enumerate(chaffs))
        with Session(self._backend, (Piece("", LOADER + loads),), ()) as session:
            session.load()
            return {chaff: session.run(renamed(programs, number)) for number, chaff in enumerate(chaffs)}


def by_tensor(findings: Sequence[Finding]) -> dict[str, Finding]:
    """The first finding on each tensor; what concerns none goes by ""."""
    found: dict[str, Finding] = {}
    for finding in findings:
        found.setdefault(finding.tensor, finding)
    return found


def renamed(programs: Sequence[Program], number: int) -> list[Program]:
    """The programs with the functions of one suspect."""
    return [
        replace(one, calls=tuple(replace(call, function=_name(call.function, number)) for call in one.calls))
        for one in programs
    ]


def _name(function: str, number: int) -> str:
    first, dot, rest = function.partition(".")
    return f"{first}__{number}{dot}{rest}"
