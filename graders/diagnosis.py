"""Which known mistake explains a wrong answer: one that gives the submission's own answer in every case, or none."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.i18n import _, misconception
from graders.judging import C, roundoff
from graders.misconceptions.variant import Chaff
from graders.patterns import Pattern, Tensor, patterns
from graders.properties.base import Earlier, Finding, Item, Judged, Property
from graders.sandbox.program import Reply
from graders.specs.row import Row
from graders.suspects import Found, Suspects, by_tensor, known_mistakes

Array = NDArray[Any]
FEW = 4
"""Cases that rule out most mistakes that are not the one."""
UNEXPLAINED = 1e-3
"""The most of an error that a mistake which explains it may leave: rounding and an epsilon, nothing more."""
PLACE = re.compile(r"\s*[(（][^()（）]*\d[^()（）]*[)）]\s*$")


@dataclass(frozen=True)
class Answered:
    """An item, the submission's reply, and what it says about a property."""

    item: Item
    reply: Reply
    judged: Judged


@dataclass(frozen=True)
class Failure:
    """A property that failed, with all its cases, and what was known before it was judged.

    again: asks the submission about further items.
    """

    property: Property
    answered: Sequence[Answered]
    earlier: Earlier
    again: Callable[[Sequence[Item]], Sequence[Answered]]


@dataclass(frozen=True)
class Diagnosis:
    """Why a property failed.

    causes: labels of the known mistakes that explain it, "affine__db_mean", the likeliest first. named: those of them
    that are told. text: what is told. explained: whether something was found.
    """

    causes: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    text: str = ""
    explained: bool = True


def diagnose(row: Row, failures: Mapping[str, Failure], suspects: Suspects) -> dict[str, Diagnosis]:
    """What explains each of a task's failed properties.

    A mistake that explains one property is the first to be tried on the next: few mistakes are likelier than many.
    Where several explain it, further cases are asked.
    """
    found: dict[str, Diagnosis] = {}
    named: tuple[str, ...] = ()
    for name, failure in failures.items():
        inquiry = _Inquiry(row, failure, frozenset(failures), suspects, named)
        if inquiry.open:
            inquiry.widen(suspects.more)
        found[name] = inquiry.result()
        named += found[name].named
    return found


class _Inquiry:
    """The search for what explains one property."""

    def __init__(
        self, row: Row, failure: Failure, failed: frozenset[str], suspects: Suspects, named: tuple[str, ...]
    ) -> None:
        self.row, self.failure, self.failed, self.named = row, failure, failed, named
        self.answered = list(failure.answered)
        self.mine = [by_tensor(entry.judged.findings) for entry in self.answered]
        self.outputs = wrong_outputs(self.mine)
        self.theirs = self._suspected(suspects)

    def _suspected(self, suspects: Suspects) -> dict[Chaff, list[Found]]:
        """The mistakes that fail the property and are wrong as the submission is, and what they give in every case.

        Few cases rule most of them out; only those that are left are asked all.
        """
        one, earlier = self.failure.property, self.failure.earlier
        count = len(suspects.exam.items(self.row, one.family))
        if not self.outputs or len(self.mine) != count:
            return {}
        left = [
            chaff for chaff in known_mistakes(self.row.name) if one.name in chaff.fails and chaff.killer in self.failed
        ]
        telling = sorted(range(count), key=lambda number: not self.mine[number])  # where something is wrong
        for few in (telling[:1], telling[:FEW]):
            theirs = suspects.findings(self.row, one, earlier, left, few)
            left = [chaff for chaff, found in theirs.items() if self._possible(found, few)]
        return suspects.findings(self.row, one, earlier, left, range(count))

    def _possible(self, theirs: Sequence[Found], numbers: Sequence[int]) -> bool:
        """Whether what a mistake gives in these cases lets it explain any output."""
        return any(self._agree(theirs, [self.mine[number] for number in numbers], output) for output in self.outputs)

    def widen(self, suspects: Suspects) -> None:
        """Ask the submission, and those that are suspected so far, about the cases of other suspects as well."""
        failure = self.failure
        answered = failure.again(suspects.exam.items(self.row, failure.property.family))
        numbers = range(len(answered))
        theirs = suspects.findings(self.row, failure.property, failure.earlier, list(self.theirs), numbers)
        self.answered += answered
        self.mine += [by_tensor(entry.judged.findings) for entry in answered]
        self.outputs = wrong_outputs(self.mine)
        self.theirs = {chaff: [*findings, *theirs[chaff]] for chaff, findings in self.theirs.items()}

    @property
    def open(self) -> bool:
        """Whether several known mistakes explain one output."""
        return any(sum(self._fits(chaff, name) for chaff in self.theirs) > 1 for name in self.outputs)

    def result(self) -> Diagnosis:
        """A mistake for every output that has one, else patterns and hints, else the plain word that none fits."""
        everywhere = [found for findings in self.mine for found in findings.values() if found.anywhere]
        if everywhere or not self.outputs:
            return Diagnosis()
        causes: list[str] = []
        named: list[str] = []
        texts: list[str] = []
        for name, labels in self.outputs.items():
            fitting = sorted((chaff for chaff in self.theirs if self._fits(chaff, name)), key=self._rank)
            likeliest = [chaff for chaff in fitting if self._rank(chaff) == self._rank(fitting[0])]
            causes += [chaff.label for chaff in fitting]
            named += [chaff.label for chaff in likeliest]
            messages = dict.fromkeys(misconception(chaff.message) for chaff in likeliest)
            texts += [_(", or ").join(messages)] if fitting else map(self._otherwise, labels)
        told = list(dict.fromkeys(filter(None, texts)))
        if not told:
            return Diagnosis(
                text=_("no mistake that is known here explains it: work through the case shown"), explained=False
            )
        return Diagnosis(tuple(dict.fromkeys([*named, *causes])), tuple(dict.fromkeys(named)), "; ".join(told))

    def _fits(self, chaff: Chaff, output: str) -> bool:
        """Whether a suspect fails in the same cases, in the same way, and nowhere else."""
        mine = [found.get(label) for found in self.mine for label in self.outputs[output]]
        if all(found and found.ended for found in mine):
            return False  # that it raises something every time says nothing of why
        return self._agree(self.theirs[chaff], self.mine, output)

    def _agree(self, theirs: Sequence[Found], mine: Sequence[Found], output: str) -> bool:
        """Whether an output is wrong in the same way in some cases, and nothing else is but what is wrong here."""
        if not set(itertools.chain.from_iterable(theirs)) <= set(itertools.chain(*self.outputs.values())):
            return False
        answers = list(zip(mine, theirs, strict=True))
        return all(alike(one.get(label), other.get(label)) for one, other in answers for label in self.outputs[output])

    def _rank(self, chaff: Chaff) -> tuple[bool | int, ...]:
        """The likeliest of those that fit comes first."""
        return (
            -sum(self._fits(chaff, name) for name in self.outputs),
            chaff.label not in self.named,
            chaff.fails != self.failed,
            not chaff.fails <= self.failed,
            chaff.killer != self.failure.property.name,
            -len(chaff.fails & self.failed),
        )

    def _otherwise(self, label: str) -> str:
        """What is to be said of a tensor that no known mistake explains."""
        findings = [findings[label] for findings in self.mine if label in findings]
        hints = {found.hint for found in findings}
        if len(hints) == 1 and findings[0].hint:
            return findings[0].hint
        if self.failure.property.family == "main":
            items = [entry.item for entry in self.answered]
            pairs = zip(items, (found.get(label) for found in self.mine), strict=True)
            if pattern := fitting_pattern(self.row, label, pairs):
                return pattern
        arrays = [found.got for found in findings if found.got is not None]
        if arrays and not any(np.isfinite(got).all() for got in arrays):
            return _("a division by zero, a logarithm of zero or an overflow")
        return ""


def wrong_outputs(findings: Iterable[Mapping[str, Finding]]) -> dict[str, list[str]]:
    """The outputs that are wrong in some case, each with those of its tensors that are: a list has several."""
    outputs: dict[str, list[str]] = {}
    for label in dict.fromkeys(label for found in findings for label in found):
        outputs.setdefault(label.partition("[")[0], []).append(label)
    return outputs


def fitting_pattern(row: Row, label: str, cases: Iterable[tuple[Item, Finding | None]]) -> str:
    """The pattern that gives a tensor in every one of these cases, right or wrong, in words; "" when there is none."""
    tensor = Tensor.labelled(label)
    shown = [Shown(item, tensor.right(item), found) for item, found in cases]
    if not all(case.telling for case in shown if case.found):
        return ""
    shown.sort(key=lambda case: case.found is None)  # most patterns do not survive the first that fails
    for pattern in patterns(row, tensor):
        if all(case.shows(pattern, tensor) for case in shown):
            return pattern.text
    return constant(shown)


@dataclass(frozen=True)
class Shown:
    """A tensor in one case: what is right, and what is wrong with what came, if anything is."""

    item: Item
    right: Array | None
    found: Finding | None

    @property
    def telling(self) -> bool:
        """Whether what came can be compared, and the right tensor is not all zeros: there one pattern is another."""
        got = self.found.got if self.found else None
        if got is None or self.right is None or got.shape != self.right.shape or self.right.dtype.kind != "f":
            return False
        return bool(np.abs(self.right).max(initial=0) > 0) and bool(np.isfinite(got).all())

    def shows(self, pattern: Pattern, tensor: Tensor) -> bool:
        """Whether the pattern gives what came."""
        if self.right is None:
            return False
        made = pattern.make(self.item, tensor, self.right)
        if made is None or made.shape != self.right.shape:
            return False
        return same(self.found.got if self.found else self.right, made, self.right)


def constant(cases: Sequence[Shown]) -> str:
    """One factor in all cases that fail."""
    pairs = [(case.found.got, case.right) for case in cases if case.found]
    got, right = pairs[0]
    if len(pairs) < 2 or got is None or right is None:
        return ""
    largest = np.unravel_index(int(np.abs(right).argmax()), right.shape)
    factor = float(got[largest] / right[largest])
    if factor == 0 or not all(one is not None and same(mine, factor * one, one) for mine, one in pairs):
        return ""
    return _("it is {factor} times what it should be, in every case").format(factor=f"{factor:.6g}")


def alike(mine: Finding | None, theirs: Finding | None) -> bool:
    """Whether two answers to one case are wrong in the same way, or both right."""
    if mine is None or theirs is None:
        return mine is theirs
    if mine.where != theirs.where or (mine.got is None) != (theirs.got is None):
        return False
    if mine.got is None or theirs.got is None:
        return plain(mine) == plain(theirs)
    return same(mine.got, theirs.got, theirs.wanted)


def plain(found: Finding) -> str:
    """What a finding says; of an exception, without numbers and the line it came from."""
    return found.what if found.tensor else re.sub(r"\d+", "0", PLACE.sub("", found.what))


def same(mine: Array | None, theirs: Array, wanted: Array | None) -> bool:
    """Whether two wrong tensors differ by no more than rounding, or by a small part of what is wrong with them."""
    if mine is None or mine.shape != theirs.shape:
        return False
    if mine.dtype.kind not in "fiub" or theirs.dtype.kind not in "fiub":
        return bool((mine == theirs).all())
    left, right = mine.astype(np.float64), theirs.astype(np.float64)
    finite = np.isfinite(right)
    if not np.array_equal(np.where(finite, 0, left), np.where(finite, 0, right), equal_nan=True):
        return False
    left, right = left[finite], right[finite]
    if not right.size:
        return True
    error = 0.0
    if wanted is not None and wanted.shape == mine.shape:
        off = np.abs(right - wanted[finite])
        error = float(off[np.isfinite(off)].max(initial=0.0))
    rounding = C * max(roundoff(mine.dtype), roundoff(theirs.dtype)) * float(np.abs(right).max())
    return bool(np.abs(left - right).max() <= max(rounding, UNEXPLAINED * error))
