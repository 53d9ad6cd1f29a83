"""The known mistakes of a task as suspects: run on the same cases as a submission, in a sandbox of their own."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from graders.exam import Exam
from graders.misconceptions import all_chaffs
from graders.misconceptions.variant import Chaff
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


Found = dict[str, Finding]
"""What is wrong with one item, by tensor."""


@functools.cache
def known_mistakes(row: str) -> tuple[Chaff, ...]:
    """The misconceptions about a task."""
    return tuple(chaff for chaff in all_chaffs() if chaff.row == row)


class Suspects:
    """What each known mistake answers on the cases of an exam; kept, for a class makes the same mistakes.

    backend: where they run, one session after the other; best one whose sandboxes are used again.
    """

    def __init__(self, exam: Exam, backend: Backend) -> None:
        self.exam, self._backend = exam, backend
        self._replies: dict[tuple[str, str, Chaff], dict[int, Reply]] = {}
        self._findings: dict[tuple[Any, ...], dict[int, Found]] = {}

    @functools.cached_property
    def more(self) -> Suspects:
        """The same mistakes on further cases."""
        return Suspects(Exam(self.exam.unit, MORE), self._backend)

    def findings(
        self, row: Row, one: Property, earlier: Earlier, chaffs: Sequence[Chaff], numbers: Sequence[int]
    ) -> dict[Chaff, list[Found]]:
        """What a property finds of some mistakes on the items of these numbers, if `earlier` was known before."""
        items = self.exam.items(row, one.family)
        replies = self._answered(row, one, chaffs, numbers)
        told: dict[Chaff, list[Found]] = {}
        for chaff in chaffs:
            known = self._findings.setdefault((row.name, one.name, chaff, *sorted(earlier.items())), {})
            for number in numbers:
                if number not in known:
                    known[number] = by_tensor(one.check(items[number], replies[chaff][number], earlier).findings)
            told[chaff] = [known[number] for number in numbers]
        return told

    def _answered(
        self, row: Row, one: Property, chaffs: Sequence[Chaff], numbers: Sequence[int]
    ) -> Mapping[Chaff, Mapping[int, Reply]]:
        """Their replies to these items and to all that were asked before; asked are those that lack some."""
        known = {chaff: self._replies.setdefault((row.name, one.family, chaff), {}) for chaff in chaffs}
        missing = {
            chaff: new for chaff in chaffs if (new := [number for number in numbers if number not in known[chaff]])
        }
        if missing:
            items = self.exam.items(row, one.family)
            loads = "".join(f"_suspect({place}, {chaff.text!r})\n" for place, chaff in enumerate(missing))
            with Session(self._backend, (Piece("", LOADER + loads),), ()) as session:
                session.load()
                for place, (chaff, new) in enumerate(missing.items()):
                    replies = session.run(renamed([one.program(items[number]) for number in new], place))
                    known[chaff].update(zip(new, replies, strict=True))
        return known


def by_tensor(findings: Sequence[Finding]) -> Found:
    """The first finding on each tensor; what concerns none goes by ""."""
    found: Found = {}
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
