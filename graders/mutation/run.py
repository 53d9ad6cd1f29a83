"""Draw mutants row by row, grade each under the public secret, and tell the noticed from the survivors."""

from __future__ import annotations

import functools
import hashlib
import multiprocessing
import symtable
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from graders.audit import Auditor, lost
from graders.grade import grade
from graders.intake.reference import read_library
from graders.intake.submission import Submission
from graders.misconceptions.variant import rows
from graders.mutation.equivalent import argued
from graders.mutation.mutants import Key, Mutant, Site, sites
from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Limits, Piece
from graders.specs import find_unit, unit_names
from graders.specs.row import Row, ScriptRow
from graders.verdict import Status

TRIED = 6
"""Rows that may notice a mutant, one after the other."""
LIMITS = Limits(request_seconds=5.0, submission_seconds=60.0)
"""A loop that a mutant keeps from ending is not waited for as long as a student's."""


@dataclass(frozen=True)
class Fate:
    """What came of a mutant.

    unit: of the first row that uses it. rows: that were tried. failed: the properties that the last of them lost,
    none for a survivor. fault: ours, which leaves the question open.
    """

    unit: str
    key: Key
    rows: tuple[str, ...]
    failed: tuple[str, ...] = ()
    fault: str = ""

    @property
    def killed(self) -> bool:
        """Whether a property noticed it."""
        return bool(self.failed)

    @property
    def why(self) -> str:
        """The reason, of a survivor that was argued."""
        return argued().get(self.key, "")


@dataclass
class Outcome:
    """All fates, and what follows from them."""

    fates: list[Fate] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def survivors(self) -> list[Fate]:
        """Those that nothing noticed and nobody has argued, and those on which the grader failed."""
        return [fate for fate in self.fates if fate.fault or not (fate.killed or fate.why)]

    def by_unit(self) -> dict[str, tuple[int, int, int, int]]:
        """By unit: mutants, those killed, survivors that were argued, survivors that were not."""
        table = {}
        for name in unit_names():
            mine = [fate for fate in self.fates if fate.unit == name]
            killed, new = sum(fate.killed for fate in mine), sum(fate in self.survivors for fate in mine)
            if mine:
                table[name] = (len(mine), killed, len(mine) - killed - new, new)
        return table

    def summary(self) -> dict[str, Any]:
        """The figures and the survivors, for --json."""
        killed, new = sum(fate.killed for fate in self.fates), len(self.survivors)
        return {
            "mutants": len(self.fates),
            "killed": killed,
            "equivalent": len(self.fates) - killed - new,
            "survivors": [
                {**vars(fate.key), "unit": fate.unit, "rows": fate.rows, "fault": fate.fault} for fate in self.survivors
            ],
            "seconds": round(self.seconds, 1),
        }


# --- which ---


@functools.cache
def users() -> dict[str, tuple[str, ...]]:
    """The rows that use each definition: first those that ask for it, then those that use least beside it.

    What only a training task asks for has none: that judges what was learned, not values.
    """
    trained = {name for unit in unit_names() for task in find_unit(unit).tasks for name in task.functions}
    trained -= {name for _unit, row in rows().values() for name in row.functions}
    found: dict[str, list[tuple[bool, int, str]]] = {}
    for name, (_unit, row) in rows().items():
        called = reachable(row)
        for one in called - trained:
            found.setdefault(one, []).append((one not in row.functions, len(called), name))
    return {definition: tuple(name for *_rank, name in sorted(using)) for definition, using in found.items()}


def reachable(row: Row) -> frozenset[str]:
    """The definitions that a row's functions can reach: a local variable of the same name does not count."""
    library = read_library().definitions
    waiting, found = [*row.functions, *(row.uses if isinstance(row, ScriptRow) else ())], set()
    while waiting:
        name = waiting.pop()
        if name in library and name not in found:
            found.add(name)
            waiting += globals_of(name)
    return frozenset(found)


@functools.cache
def globals_of(definition: str) -> tuple[str, ...]:
    """Names that a definition takes from outside."""
    tables = [symtable.symtable(read_library().definitions[definition].text, definition, "exec")]
    names: dict[str, None] = {}
    for table in tables:
        tables += table.get_children()
        used = (symbol for symbol in table.get_symbols() if symbol.is_referenced())
        names |= {symbol.get_name(): None for symbol in used if symbol.is_global() or table.get_type() == "module"}
    return tuple(names)


def draw(count: int | None, seed: int, unit: str | None = None) -> Iterator[Mutant]:
    """Mutants, as many from every row as there are, `count` in all; a definition counts for the first row that uses it.

    Which ones follows from the seed and the lines themselves, so that an edit elsewhere does not change the draw.
    """
    homes: dict[str, list[str]] = {}
    for definition, using in users().items():
        if unit in (None, rows()[using[0]][0].name):
            homes.setdefault(using[0], []).append(definition)
    order = sorted(homes, key=lambda row: _lot(seed, row))
    waiting = [_shuffled(homes[row], seed) for row in order]
    seen: set[str | None] = set()
    while waiting and count != 0:
        for mutants in tuple(waiting):
            mutant = next((one for one in mutants if one.tree not in seen), None)
            if mutant is None:
                waiting.remove(mutants)
                continue
            seen.add(mutant.tree)
            yield mutant
            count = None if count is None else count - 1
            if count == 0:
                return


def _shuffled(definitions: Sequence[str], seed: int) -> Iterator[Mutant]:
    every = [site for definition in definitions for site in sites(definition)]
    for site in sorted(every, key=lambda site: _lot(seed, *_stable(site))):
        if site.mutant:
            yield site.mutant


def _stable(site: Site) -> tuple[str, ...]:
    return site.definition, site.line, site.operator, str(site.start[1]), str(site.index)


def _lot(seed: int, *what: str) -> bytes:
    return hashlib.sha256("\0".join((str(seed), *what)).encode()).digest()


# --- and what becomes of them ---


class Judge:
    """Grades mutants in this process."""

    def __init__(self, sandbox: str = "auto", backend: Backend | None = None) -> None:
        self.auditor = Auditor(backend=backend or open_backend(sandbox, LIMITS))

    def __call__(self, mutant: Mutant) -> Fate:
        """What comes of a mutant: the first row that loses a property ends the search."""
        using = users()[mutant.definition][:TRIED]
        unit, fault = rows()[using[0]][0].name, ""
        for tried, row in enumerate(using, 1):
            failed, fault = self._graded(mutant, row)
            if failed or fault:
                return Fate(unit, mutant.key, using[:tried], failed, "" if failed else fault)
        return Fate(unit, mutant.key, using)

    def _graded(self, mutant: Mutant, row: str) -> tuple[tuple[str, ...], str]:
        """The properties a row loses, and what went wrong with us."""
        submission = Submission("mutant", "mutant.py", (Piece("", mutant.module(row)),), "mutant")
        exam = self.auditor.public[rows()[row][0].name]
        report = grade(submission, exam, self.auditor.backend, tasks=frozenset({row}), explain=False)
        faults = [result.message for result in report.results if result.status is Status.ERROR]
        return lost(report.results), faults[0] if faults else ""


_judge: Judge | None = None


def _start(sandbox: str) -> None:
    global _judge
    _judge = Judge(sandbox)


def _carry_out(mutant: Mutant) -> Fate:
    assert _judge is not None
    return _judge(mutant)


def judge_all(
    mutants: Sequence[Mutant],
    *,
    sandbox: str = "auto",
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Outcome:
    """Grade all, several processes at a time."""
    result, start = Outcome(), time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start, (sandbox,)) as pool:
        futures = [pool.submit(_carry_out, mutant) for mutant in mutants]
        for done, future in enumerate(as_completed(futures), 1):
            result.fates.append(future.result())
            progress(done, len(mutants))
    result.fates.sort(key=lambda fate: (fate.unit, fate.key))
    result.seconds = time.perf_counter() - start
    return result
