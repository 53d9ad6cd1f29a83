"""From files of a course to a verdict a function."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graders.answers import Answers
from graders.contracts.contract import Contract, Entry, Function, Reading
from graders.contracts.coursework import CourseFile, find_files, packages_named, read_file, siblings
from graders.contracts.judge import NAMESPACE, Bench, ContractExam, Hearing, Verdict, failures, notes
from graders.contracts.python2 import CONVENTION, looks_old, with_old_division
from graders.i18n import _
from graders.sandbox.backend import Backend
from graders.sandbox.program import Limits, Loaded, Piece
from graders.sandbox.session import Session
from graders.verdict import GraderError

LABEL = "backcheck"
"""How the pieces around the student's are called where something in them fails."""
SKIPPED_SHOWN = 8
UNKNOWN_NAME = re.compile(r"NameError: name '(\w+)' is not defined")
NO_ARRAY = re.compile("'(numpy\\.)?(ndarray|float64)' object has no attribute")
LENT = "with right modules in place of those beside it"
"""A convention, beside those of the contracts."""
PRELUDE = Path(__file__).with_name("prelude.py")

LIMITS = Limits(request_seconds=30.0, load_seconds=60.0, submission_seconds=900.0)
"""Loops over every pixel are what the courses ask for: a file may take longer than a submission of ours."""

Progress = Callable[[str], None]
Change = Callable[[str], str]


@dataclass(frozen=True)
class FileSeen:
    """A file that was looked at. problem: why nothing in it could be judged, "" otherwise."""

    file: str
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContractReport:
    """Everything about the files of one check."""

    contract: str
    files: tuple[FileSeen, ...]
    functions: tuple[Verdict, ...]
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """No function is wrong."""
        return all(one.verdict != "wrong" for one in self.functions)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "contract": self.contract,
            "files": [{"file": one.file, "problem": one.problem, "notes": list(one.notes)} for one in self.files],
            "functions": [_verdict_json(one) for one in self.functions],
            "seconds": self.seconds,
        }


def _verdict_json(one: Verdict) -> dict[str, Any]:
    failed = [
        {**vars(failure), "sizes": dict(failure.sizes), "options": {k: _plain(v) for k, v in failure.options.items()}}
        for failure in one.failed
    ]
    return {**vars(one), "notes": list(one.notes), "failed": failed}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def check_files(
    paths: Sequence[Path], contract: Contract, backend: Backend, progress: Progress | None = None
) -> ContractReport:
    """Judge every function of the contract that the files define, each file in a session of its own."""
    start = time.perf_counter()
    files = [read_file(path) for path in find_files(paths)]
    exam = ContractExam(contract)
    seen: list[FileSeen] = []
    verdicts: list[Verdict] = []
    for file in files:
        if progress:
            progress(str(file.path))
        about, found = Checker(contract, exam, backend, file, files).check()
        seen.append(about)
        verdicts += found
    met = {one.name for one in verdicts}
    tasks = {function.name: entry.task for entry in contract.entries for function in entry.functions}
    missing = [Verdict(name, name, "", 0, tasks[name], "missing") for name in contract.functions if name not in met]
    return ContractReport(contract.name, tuple(seen), (*verdicts, *missing), round(time.perf_counter() - start, 3))


class Checker:
    """Judges one file."""

    def __init__(
        self, contract: Contract, exam: ContractExam, backend: Backend, file: CourseFile, others: Sequence[CourseFile]
    ) -> None:
        self.contract, self.exam, self.backend, self.file = contract, exam, backend, file
        self.others = others
        self.name = str(file.path)
        self.given = siblings(file, others)

    def check(self) -> tuple[FileSeen, list[Verdict]]:
        """What is said of the file, and a verdict for every function of the contract in it."""
        wanted = list(self._entries())
        if self.file.problem or not wanted:
            none = _("it defines no function of this contract") if not self.file.problem else ""
            return FileSeen(self.name, self.file.problem, (none,) if none else ()), []
        try:
            return self._check(wanted)
        except GraderError as fault:
            return FileSeen(self.name, str(fault)), list(self._unjudged(wanted, str(fault)))

    def _check(self, wanted: list[tuple[Entry, list[Function]]]) -> tuple[FileSeen, list[Verdict]]:
        loaded, verdicts = self._session(wanted)
        if loaded.problem:
            reason = _("the file cannot be loaded: {reason}").format(reason=loaded.problem)
            return FileSeen(self.name, loaded.problem, tuple(self._notes(loaded))), list(self._unjudged(wanted, reason))
        old = [
            (entry, functions)
            for entry, functions in wanted
            if any(looks_old(_ends(verdicts[self._actual(function.name)])) for function in functions)
        ]
        if old:
            verdicts |= self._as_python2(old, verdicts)
        if self._borrowed() and any(one.verdict not in ("right", "not attempted") for one in verdicts.values()):
            verdicts |= self._with_right_modules(wanted, verdicts)
        return FileSeen(self.name, notes=tuple(self._notes(loaded))), list(verdicts.values())

    def _session(
        self, wanted: list[tuple[Entry, list[Function]]], change: Change = str
    ) -> tuple[Loaded, dict[str, Verdict]]:
        """The verdicts by function; `change` is made to every source first."""
        with Session(self.backend, self._pieces(change), self._names()) as session:
            loaded = session.load()
            if loaded.problem:
                return loaded, {}
            bench = Bench(self.exam, Answers(session))
            found = [verdict for entry, own in wanted for verdict in self._judge(bench, loaded, entry, own)]
        return loaded, {verdict.function: verdict for verdict in found}

    def _as_python2(
        self, wanted: list[tuple[Entry, list[Function]]], before: Mapping[str, Verdict]
    ) -> dict[str, Verdict]:
        """The verdicts that are better where `/` divides as it did in Python 2."""
        _loaded, verdicts = self._session(wanted, with_old_division)
        better = {name: one for name, one in verdicts.items() if _better(one, before[name])}
        return {
            name: replace(one, convention="; ".join(filter(None, (one.convention, CONVENTION))))
            for name, one in better.items()
        }

    def _borrowed(self) -> list[str]:
        """Modules beside the file that it imports, and that the contract has a right one of."""
        return sorted(self.file.modules & set(self.contract.fallbacks) & set(self.given))

    def _with_right_modules(
        self, wanted: list[tuple[Entry, list[Function]]], before: Mapping[str, Verdict]
    ) -> dict[str, Verdict]:
        """The verdicts that are right once the mistakes in the files beside this one are out of the way."""
        names = self._borrowed()
        self.given = {name: text for name, text in self.given.items() if name not in names}
        _loaded, verdicts = self._session(wanted)
        said = _("judged with a right {names}: what lies beside it has mistakes").format(names=", ".join(names))
        return {
            name: replace(one, convention="; ".join(filter(None, (one.convention, LENT))), notes=(*one.notes, said))
            for name, one in verdicts.items()
            if one.verdict == "right" and before[name].verdict != "right"
        }

    # --- what is there ---

    def _entries(self) -> Iterator[tuple[Entry, list[Function]]]:
        """The entries that have functions in this file, with those functions."""
        for entry in self.contract.entries:
            own = [function for function in entry.functions if self._actual(function.name)]
            if own:
                yield entry, own

    def _actual(self, name: str) -> str:
        """The name under which the file defines a function, "" when it does not."""
        return next((known for known in spellings(self.contract, name) if known in self.file.defined), "")

    def _names(self) -> list[str]:
        """Every name that tells whether an entry can be judged."""
        named = [name for entry in self.contract.entries for name in _required(entry)]
        return list(dict.fromkeys(known for name in named for known in spellings(self.contract, name)))

    def _pieces(self, change: Change) -> list[Piece]:
        """The student's source between ours."""
        given = self.given
        changed = {name: change(text) for name, text in given.items()}
        sources = {**self.contract.fallbacks, **changed, **self.contract.stand_ins}
        texts = [self.file.text, *sources.values()]
        packages = {*self.contract.packages, *packages_named(texts, sources)}
        told = (sources, tuple(sorted(packages)), dict(self.contract.aliases))
        prelude = PRELUDE.read_text(encoding="utf-8")
        before = (
            f"{NAMESPACE} = __import__('types').ModuleType({NAMESPACE!r})\n"
            f"exec(compile({prelude!r}, '<contract>', 'exec'), {NAMESPACE}.__dict__)\n"
            f"{NAMESPACE}.begin(globals(), *{told!r}, lists={change is with_old_division})\n"
        )
        after = f"{NAMESPACE}.finish({self.contract.adapter_source!r})\n"
        own = [replace(piece, text=change(piece.text)) for piece in self.file.pieces]
        return [Piece(LABEL, before), *own, Piece(LABEL, after)]

    # --- verdicts ---

    def _judge(self, bench: Bench, loaded: Loaded, entry: Entry, functions: list[Function]) -> Iterator[Verdict]:
        there = [function for function in functions if self._available(loaded, function.name)]
        for function in functions:
            if function not in there:
                yield self._verdict(function, entry, "not judged", _("its definition does not run"))
        lacking = [name for name in _required(entry) if not self._available(loaded, name)]
        needed = [name for name in lacking if name in entry.needs or _is_forward(entry, name)]
        if needed:
            for function in there:
                yield self._without(function, entry, needed)
            return
        if not there:
            return
        try:
            reading, heard = bench.judge(replace(entry, functions=tuple(there)))
        except Exception as fault:  # ours: it costs nobody a verdict but the one
            what = _("the grader failed: {fault}").format(fault=f"{type(fault).__name__}: {fault}")
            yield from (self._verdict(function, entry, "not judged", what) for function in there)
            bench.answers.session.fresh()
            return
        for hearing in heard:
            yield self._concluded(entry, reading, hearing)

    def _available(self, loaded: Loaded, name: str) -> bool:
        return any(known in loaded.functions for known in spellings(self.contract, name))

    def _without(self, function: Function, entry: Entry, needed: list[str]) -> Verdict:
        """A function whose partner is not there."""
        if self.file.unfilled(self._actual(function.name)):
            return self._verdict(function, entry, "not attempted")
        reason = _("it cannot be judged without {names}").format(names=", ".join(needed))
        return self._verdict(function, entry, "not judged", reason)

    def _concluded(self, entry: Entry, reading: Reading, hearing: Hearing) -> Verdict:
        word = hearing.word
        unfilled = self.file.unfilled(self._actual(hearing.function.name))
        if word == "not judged":
            if unfilled:
                return self._verdict(hearing.function, entry, "not attempted")
            return self._verdict(hearing.function, entry, word, hearing.reason or _("its forward does not run"))
        if word == "wrong" and unfilled and all(miss.finding.got is None for miss in hearing.deciding):
            word = "not attempted"
        if word == "wrong" and self.file.blank(self._actual(hearing.function.name)):
            word = "not attempted"
        elsewhere = self._elsewhere(hearing) if word == "wrong" else ""
        if elsewhere:
            return self._verdict(hearing.function, entry, "not judged", elsewhere)
        verdict = self._verdict(hearing.function, entry, word)
        if word == "not attempted":
            return verdict
        failed = failures(hearing, reading.row) if word == "wrong" else ()
        return replace(verdict, convention=reading.convention, notes=tuple(notes(hearing)), failed=failed)

    def _elsewhere(self, hearing: Hearing) -> str:
        """Why a function that never runs is no mistake of its own: what it calls was not handed in, or is torch."""
        texts = [miss.finding.what for miss in hearing.deciding if miss.finding.got is None]
        if len(texts) < len(hearing.deciding) or hearing.ran:
            return ""
        unknown = {found[1] if (found := UNKNOWN_NAME.search(text)) else "" for text in texts}
        if "torch" in self.file.modules:
            throughout = "numpy" not in self.file.modules or all(map(NO_ARRAY.search, texts))
            if throughout or unknown <= set(self.file.imports):
                return _("it computes with torch")
        outside = {*self.file.imports, *self.contract.elsewhere} - self.file.bound
        if unknown <= outside:
            return _("it cannot be judged without {names}").format(names=", ".join(sorted(unknown)))
        return ""

    def _unjudged(self, wanted: list[tuple[Entry, list[Function]]], reason: str) -> Iterator[Verdict]:
        for entry, functions in wanted:
            yield from (self._verdict(function, entry, "not judged", reason) for function in functions)

    def _verdict(self, function: Function, entry: Entry, word: Any, note: str = "") -> Verdict:
        actual = self._actual(function.name) or function.name
        line = self.file.line_of(actual)
        return Verdict(actual, function.name, self.name, line, entry.task, word, notes=(note,) if note else ())

    def _notes(self, loaded: Loaded) -> Iterator[str]:
        if self.file.python2:
            yield _("it is written in Python 2, and was read as such")
        old = sorted(set(self.file.old_names()))
        if old:
            text = _("uses {names}, which Python and NumPy no longer have: provided")
            yield text.format(names=", ".join(old))
        lent = sorted(self.file.modules & set(self.contract.fallbacks) - set(siblings(self.file, self.others)))
        if lent:
            yield _("{names} was not handed in beside it: a right one is used").format(names=", ".join(lent))
        shown = [one for one in loaded.skipped if one.label != LABEL]
        for skipped in shown[:SKIPPED_SHOWN]:
            line = _("line {line}").format(line=skipped.line)
            place = ", ".join(filter(None, (skipped.label, line)))
            yield _("{place} was skipped: {reason}").format(place=place, reason=skipped.reason)
        for skipped in loaded.skipped:
            if skipped.label == LABEL:
                yield _("the grader failed: {fault}").format(fault=skipped.reason)


def _better(one: Verdict, before: Verdict) -> bool:
    """Whether a verdict of the second session replaces that of the first."""
    if one.verdict == "right":
        return before.verdict != "right"
    return one.verdict == "wrong" and (before.verdict == "not judged" or looks_old(_ends(before)))


def _ends(one: Verdict) -> Iterator[str]:
    """What is said of how a function fails."""
    yield from (failure.message for failure in one.failed)
    yield from one.notes if one.verdict == "not judged" else ()


def _required(entry: Entry) -> Iterator[str]:
    yield from (function.name for function in entry.functions)
    yield from entry.needs


def _is_forward(entry: Entry, name: str) -> bool:
    """Whether nothing of the entry can be judged without this function."""
    return any(function.name == name and function.part == "forward" for function in entry.functions)


def spellings(contract: Contract, name: str) -> Mapping[str, None]:
    """A name and its aliases; of a method, under every name of its class."""
    first, dot, rest = name.partition(".")
    names = [name, *contract.aliases.get(name, ())]
    names += [f"{other}{dot}{rest}" for other in contract.aliases.get(first, ()) if dot]
    return dict.fromkeys(names)
