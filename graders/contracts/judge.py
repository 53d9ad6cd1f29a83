"""Judge the functions of one entry of a contract: reading by reading, values decide, all else is a note."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from graders.answers import KILLED, Answers
from graders.cases import Case, count_elements, draw_cases, generator
from graders.contracts.consistency import is_own_gradient
from graders.contracts.contract import Contract, Entry, Function, Reading
from graders.diagnosis import fitting_pattern
from graders.exam import Exam
from graders.i18n import _
from graders.properties import properties
from graders.properties.base import Finding, Item, Judged
from graders.sandbox.program import Program, Reply
from graders.secrets import PUBLIC
from graders.specs.row import Row, ScriptRow
from graders.specs.unit import Unit
from graders.verdict import Status

Word = Literal["right", "wrong", "not attempted", "missing", "not judged"]

DRAWN = 6
"""Cases drawn a reading, beside the designed ones."""
HARMLESS = 1e-6
"""An error that stays below this, relative to the largest right value, is a matter of taste: an eps in a logarithm."""
ROUNDING = 1e-11
"""And below this it is not worth a note."""
SCALE = 1e-2
"""Right values smaller than this are judged as if they were as large."""
TRIED, COMBINATIONS = 200, 32
"""Sizes among which those are sought that go with a combination of options, and how many combinations at most."""
NAMESPACE = "_contract"
"""Where the adapters' functions are in the worker."""
NOTED = ("shape", "purity", "float32", "stability")
"""Properties that say something worth knowing, and decide nothing."""
NOTED_CASES = 3
"""Cases of those that are asked, at most."""
TOGETHER = 4
"""Programs to a request, which shares its time among them."""
SQUARE = (("H", "W"), ("HH", "WW"), ("pool_height", "pool_width"))
"""Sizes that an author may take to be the same."""
DECIDING = ("main", "edges")
"""Families whose values decide."""


@dataclass(frozen=True)
class Failure:
    """One property that a function fails, on its smallest case. when: "pad = 0" where it does only then."""

    property: str
    message: str
    sizes: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    likely: str = ""
    when: str = ""


@dataclass(frozen=True)
class Verdict:
    """What is said of one function.

    function: as the file calls it; name: as the contract does; line: where it is defined, 0 where nobody knows.
    convention: the reading under which it was judged, where there are several.
    """

    function: str
    name: str
    file: str
    line: int
    row: str
    verdict: Word
    convention: str = ""
    notes: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()


class ContractExam(Exam):
    """The cases of a contract's rows. Arrays are C-contiguous and never empty: the courses know no others."""

    def __init__(self, contract: Contract) -> None:
        super().__init__(Unit(contract.name, contract.title, contract.title, "", {}, (), "case", ()), PUBLIC)

    def _drawn(self, row: Row) -> list[Case]:
        if row.name not in self._lists:
            drawn = [*draw_cases(row, self.case_seed(row), DRAWN), *every_option(row)]
            self._lists[row.name] = list(dict.fromkeys(replace(case, layout="C") for case in drawn))
        return self._lists[row.name]


def every_option(row: Row) -> Iterator[Case]:
    """Every combination of options on sizes that go with it: where few do, chance finds none."""
    if not row.valid:
        return
    pattern = row.patterns[0] if row.patterns else "normal"
    low, high = np.array(list(row.axes.values())).T
    sizes = generator(0).integers(low, high, (TRIED, len(low)), endpoint=True).tolist()
    combinations = list(itertools.islice(itertools.product(*row.options.values()), COMBINATIONS))
    for index, values in enumerate(combinations):
        options = tuple(zip(row.options, values, strict=True))
        fitting = [one for one in sizes if row.valid(dict(zip(row.axes, one, strict=True)), dict(options))]
        if fitting:
            widest = max(fitting, key=lambda one: len(set(one)))
            yield Case(tuple(zip(row.axes, widest, strict=True)), options, pattern, seed=500 + index)


@dataclass(frozen=True)
class Miss:
    """A finding on a case. decides: whether it makes a function wrong."""

    property: str
    item: Item
    finding: Finding
    decides: bool


@dataclass
class Hearing:
    """What the cases of one reading said of one function.

    unattempted, blocked: cases in which it was not written, or could not be reached for its forward. reason: what the
    adapter says of why not.
    zero: whether everything it gave is zero. ran: whether it ever returned.
    follows: whether it is the gradient of its forward, wrong as that is.
    """

    function: Function
    misses: list[Miss] = field(default_factory=list)
    seen: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    unattempted: int = 0
    blocked: int = 0
    reason: str = ""
    zero: bool = True
    follows: bool = False
    ran: bool = False

    @property
    def cases(self) -> int:
        """Ordinary cases that it was asked."""
        return len(self.seen["main"])

    @property
    def deciding(self) -> list[Miss]:
        """What makes it wrong."""
        return [miss for miss in self.misses if miss.decides]

    @property
    def word(self) -> Word:
        """The verdict."""
        if self.unattempted and self.unattempted + self.blocked >= self.cases:
            return "not attempted"
        if self.blocked >= self.cases:
            return "not judged"
        if self.zero and self.function.stub:
            return "not attempted"
        return "wrong" if self.deciding else "right"


class Bench:
    """Judges entries of a contract against one loaded file."""

    def __init__(self, exam: ContractExam, answers: Answers) -> None:
        self.exam, self.answers = exam, answers

    def judge(self, entry: Entry) -> tuple[Reading, list[Hearing]]:
        """The reading that most of the entry's functions pass, the first of several, and what was heard under it."""
        best: tuple[Reading, list[Hearing]] | None = None
        for reading in entry.readings:
            heard = self._hear(entry, reading)
            if best is None or _merit(heard) > _merit(best[1]):
                best = reading, heard
            if all(hearing.word not in ("wrong", "not judged") for hearing in heard):
                break
        assert best is not None
        reading, heard = best
        if any(hearing.word in ("right", "wrong") for hearing in heard):
            self._take_notes(entry, reading, heard)
        self._compare_with_forward(heard)
        return reading, heard

    def _compare_with_forward(self, heard: list[Hearing]) -> None:
        """Say so where a wrong backward is the true gradient of the wrong forward before it."""
        if [one.word for one in heard] != ["wrong", "wrong"] or heard[1].function.part != "backward":
            return
        item = min((miss.item for miss in heard[1].deciding), key=lambda one: count_elements(one.args))
        heard[1].follows = is_own_gradient(item, self.answers)

    def _hear(self, entry: Entry, reading: Reading) -> list[Hearing]:
        """Ask everything that decides."""
        row = placed(reading.row)
        heard = [Hearing(function) for function in entry.functions]
        asked = [one for one in properties(row) if one.family == "main" and one.name not in NOTED]
        earlier: dict[str, Status] = {}
        for family in DECIDING:
            items = self._items(row, family)
            programs = [asked[0].program(item) for item in items]
            killed = False
            for item, program, reply in zip(items, programs, self._asked(programs), strict=False):
                killed |= reply.status in KILLED
                blame = self._blame(program, reply)
                for hearing in heard:
                    hearing.seen[family].append(item)
                    if family == "main":
                        _attendance(hearing, row, program, reply, blame)
                if unreached(reply):
                    continue
                for one in asked:
                    if family == "main" or earlier[one.name] is Status.PASSED:
                        label = one.name if family == "main" else family
                        _record(heard, row, label, item, one.check(item, reply, earlier), blame)
                    if family == "main":
                        earlier[one.name] = _status(heard, one.name)
            if killed:
                break
        return heard

    def _asked(self, programs: Sequence[Program]) -> Iterator[Reply]:
        """The replies, up to the first of a program that hangs or ends the worker: it says it for all.

        Few at a time, so that the time they may take is for slow loops enough.
        """
        for start in range(0, len(programs), TOGETHER):
            for reply in self.answers.ask(programs[start : start + TOGETHER]):
                yield reply
                if reply.status in KILLED:
                    return

    def _items(self, row: Row, family: str) -> list[Item]:
        items = self.exam.items(row, family)
        return [item for item in items if 0 not in item.case.sizes.values()]

    def _blame(self, program: Program, reply: Reply) -> int:
        """Which call ended a program that did not come back: the backward where the forward does alone."""
        if reply.status not in KILLED or len(program.calls) < 2:
            return 0
        alone = self.answers.ask([Program(program.calls[:1])])[0]
        return 1 if alone.status == "completed" else 0

    def _take_notes(self, entry: Entry, reading: Reading, heard: list[Hearing]) -> None:
        """Ask what is worth a note of functions whose values are right."""
        row = placed(reading.row)
        passed = {one.name: _status(heard, one.name) for one in properties(row)}
        for one in properties(row):
            if one.name in NOTED and one.name not in entry.quiet:
                items = self._items(row, one.family)[:NOTED_CASES]
                replies = self.answers.ask([one.program(item) for item in items])
                for item, reply in zip(items, replies, strict=True):
                    if reply.status == "completed":
                        judged = one.check(item, reply, passed)
                        _record(heard, row, one.name, item, judged, 0, decides=False)


def placed(row: Row) -> Row:
    """The row with its functions where the worker has them."""
    if isinstance(row, ScriptRow):

        def moved(args: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
            made = row.script(args, options)
            calls = tuple(replace(call, function=f"{NAMESPACE}.{call.function}") for call in made.calls)
            return replace(made, calls=calls)

        return replace(row, script=moved, name=f"{NAMESPACE}.{row.name}", empty="")
    return replace(row, name=f"{NAMESPACE}.{row.name}", empty="")


def _merit(heard: list[Hearing]) -> tuple[int, int, int]:
    """More functions right, then more that can be judged, then fewer misses."""
    judged = sum(one.word != "not judged" for one in heard)
    return sum(one.word == "right" for one in heard), judged, -sum(len(one.deciding) for one in heard)


def _attendance(hearing: Hearing, row: Row, program: Program, reply: Reply, blame: int) -> None:
    """Whether the function was there at all, and whether everything it gave is zero."""
    own = _own_call(hearing.function, row)
    if reply.status != "completed":
        hearing.zero = False
        hearing.blocked += own == 1 and blame == 0
        return
    outcomes = [call.outcome for call in reply.calls]
    hearing.ran |= outcomes[own] == "returned"
    if unreached(reply) or (own == 1 and outcomes[0] != "returned"):
        hearing.blocked += 1
        hearing.reason = hearing.reason or _why_unreached(reply)
    elif outcomes[own] == "not_implemented":
        hearing.unattempted += 1
    hearing.zero &= _all_zero(hearing.function.stub, row, reply, own)


def unreached(reply: Reply) -> bool:
    """Whether the adapter could not lead up to the function in question."""
    return any(call.outcome == "raised" and call.text.startswith("Unreached") for call in reply.calls)


def _why_unreached(reply: Reply) -> str:
    """What the adapter says, "" when it did reach it."""
    texts = (call.text for call in reply.calls if call.outcome == "raised" and call.text.startswith("Unreached"))
    return next((text.removeprefix("Unreached: ").partition(" (line ")[0] for text in texts), "")


def _all_zero(stub: Sequence[str], row: Row, reply: Reply, own: int) -> bool:
    call = reply.calls[own]
    names = row.gradients if own == 1 else row.outputs
    if call.outcome != "returned" or not stub:
        return False
    values = [value for name, value in zip(names, call.values, strict=False) if name in stub]
    return all(value.array is not None and not value.array.any() for value in values)


def _own_call(function: Function, row: Row) -> int:
    """The call of a program in which the function is at work."""
    return 1 if row.kind == "pair" and function.part == "backward" else 0


def _status(heard: list[Hearing], name: str) -> Status:
    """How a property stands by what was heard so far."""
    wrong = any(miss.decides and miss.property == name for hearing in heard for miss in hearing.misses)
    return Status.FAILED if wrong else Status.PASSED


def _record(
    heard: list[Hearing], row: Row, name: str, item: Item, judged: Judged, blame: int, *, decides: bool = True
) -> None:
    for finding in judged.findings:
        if within(finding, ROUNDING):
            continue
        serious = decides and not within(finding, HARMLESS)
        for hearing in heard:
            if _answers_for(hearing.function, row, name, finding, blame):
                hearing.misses.append(Miss(name, item, finding, serious))


def _answers_for(function: Function, row: Row, name: str, finding: Finding, blame: int) -> bool:
    if function.outputs and finding.tensor:
        return finding.tensor.partition("[")[0] in function.outputs
    if row.kind != "pair" or function.part == "whole":
        return True
    backward = blame == 1 or finding.where == row.functions[1] or name.startswith("gradient")
    return backward == (function.part == "backward")


def within(finding: Finding, limit: float) -> bool:
    """Whether an error is no larger than this, relative to the largest right value."""
    got, wanted = finding.got, finding.wanted
    if got is None or wanted is None or got.shape != wanted.shape or got.dtype.kind not in "fiub":
        return False
    if not np.isfinite(got).all() or not wanted.size:
        return False
    error = np.abs(np.asarray(got, np.float64) - wanted).max()
    return bool(error <= limit * max(float(np.abs(wanted).max()), SCALE))


# --- in words ---


def failures(hearing: Hearing, row: Row) -> tuple[Failure, ...]:
    """A failure a property, each on its smallest case."""
    by_property: dict[str, list[Miss]] = defaultdict(list)
    for miss in hearing.deciding:
        by_property[miss.property].append(miss)
    return tuple(_failure(name, misses, hearing, row) for name, misses in by_property.items())


def _failure(name: str, misses: list[Miss], hearing: Hearing, row: Row) -> Failure:
    smallest = min(misses, key=lambda miss: count_elements(miss.item.args))
    item, finding = smallest.item, smallest.finding
    message = finding.what
    when = only_when([miss.item for miss in misses], hearing.seen["edges" if name == "edges" else "main"])
    if when:
        message = _("{message}; only when {condition}").format(message=message, condition=when)
    alike = [(miss.item, miss.finding) for miss in misses if miss.finding.tensor == finding.tensor]
    likely = finding.hint or fitting_pattern(row, finding.tensor, alike)
    return Failure(name, message, item.case.sizes, item.options, likely, when)


def only_when(failing: Sequence[Item], seen: Sequence[Item]) -> str:
    """What all failing cases share and no other has: "pad = 0", "H and W differ", "pad is not 1"; "" for nothing."""
    failed = {id(item) for item in failing}
    passing = [item for item in seen if id(item) not in failed]
    if not passing:
        return ""
    shared = [set(_settings(item)) for item in failing]
    common = set.intersection(*shared) if shared else set()
    for setting in sorted(common, key=str):
        if not any(setting in set(_settings(item)) for item in passing):
            return f"{setting[0]} = {setting[1]}"
    told = [(_weight(failing, passing, predicate), text) for predicate, text in _relations()]
    fewest, text = min(told, key=lambda one: one[0])
    if fewest <= min(len(failing), len(passing) - 1):
        return text
    for setting in sorted(set.intersection(*(set(item.options.items()) for item in passing)), key=str):
        if not any(setting in item.options.items() for item in failing):
            return _("{name} is not {value}").format(name=setting[0], value=setting[1])
    return ""


def _relations() -> Iterator[tuple[Callable[[Item], bool], str]]:
    """What may hold of a case, in words."""
    for one, other in SQUARE:
        yield functools.partial(_differ, one, other), _("{one} and {other} differ").format(one=one, other=other)
    yield _overlaps, _("windows overlap")


def _weight(failing: Sequence[Item], passing: Sequence[Item], predicate: Callable[[Item], bool]) -> float:
    """How many other cases something holds of that holds of every failing case."""
    return sum(map(predicate, passing)) if all(map(predicate, failing)) else float("inf")


def _get(item: Item, name: str) -> Any:
    return item.options.get(name, item.case.sizes.get(name))


def _differ(one: str, other: str, item: Item) -> bool:
    return bool(_get(item, one) != _get(item, other))


def _overlaps(item: Item) -> bool:
    """Windows of pooling that share elements."""
    sides = [_get(item, name) for name in ("pool_height", "pool_width", "kernel")]
    return bool(max((side for side in sides if side), default=0) > item.options.get("stride", 99))


def _settings(item: Item) -> Iterator[tuple[str, Any]]:
    yield from item.options.items()
    yield from ((name, size) for name, size in item.case.sizes.items() if size == 1)


def notes(hearing: Hearing) -> Iterator[str]:
    """What is worth knowing: one note a property."""
    if hearing.follows:
        yield _("it is the true gradient of the forward as written, which is wrong")
    said: dict[str, str] = {}
    for miss in hearing.misses:
        if not miss.decides:
            text = miss.finding.what
            if miss.property not in NOTED:
                text = _("{tensor} is off by less than one part in a million").format(tensor=miss.finding.tensor)
            said.setdefault(miss.property, text)
    yield from dict.fromkeys(said.values())
