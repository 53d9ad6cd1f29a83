"""Runs over a class, each disturbed in one way at a moment drawn by chance, resumed until it is done, and compared."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from graders.secrets import make_secret
from tests.faults.book import Difference, Held, difference, read
from tests.faults.grading import ENDED, Command
from tests.faults.kinds import Kind

TRIES = 6
"""So often the same command is given, and then it has to be done."""
MISSES = 4
"""So often a run may be over before anything happens to it, on a machine that was slower before."""


@dataclass
class Row:
    """What runs of one kind came to. struck: how many met the fault; again: commands that were needed beside the first."""

    kind: Kind
    runs: int = 0
    struck: int = 0
    stopped: int = 0
    again: int = 0
    found: Difference = field(default_factory=Difference)
    trouble: list[str] = field(default_factory=list)


class Campaign:
    """Disturbed runs over the same class. write: puts so many submissions into a folder."""

    def __init__(self, submissions: int, seed: int, write: Callable[[Path, int, int], None], jobs: int = 2) -> None:
        self.chance, self.jobs = random.Random(seed), jobs
        self.place = Path(tempfile.mkdtemp(prefix="bc-faults-"))
        self.folder = self.place / "class"
        write(self.folder, submissions, seed)
        make_secret(self.place / "secret")
        self.seconds = 0.0
        self.wanted: list[Held] = []

    def close(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self.place, ignore_errors=True)

    def command(self, name: str) -> Command:
        """A run with a gradebook of its own."""
        place = self.place / name
        place.mkdir(exist_ok=True)
        options = ("--jobs", str(self.jobs))
        return Command(self.folder, str(place / "gradebook.db"), self.place / "secret", place, options)

    def undisturbed(self) -> None:
        """What is right, and how long it takes."""
        command, started = self.command("undisturbed"), time.monotonic()
        code = command.start().wait()
        self.seconds = time.monotonic() - started
        assert code in ENDED, command.said[-2000:]
        self.wanted = read(command.book)
        assert self.wanted

    def run(self, kind: Kind, number: int) -> Row:
        """One disturbed run; what it came to. What was over before is no disturbed run, and another one is made."""
        for _miss in range(MISSES):
            started = time.monotonic()
            row = self._run(kind, number)
            if row.struck or row.trouble:
                break
            self.seconds = min(self.seconds, time.monotonic() - started)
        return row

    def _run(self, kind: Kind, number: int) -> Row:
        command = self.command(f"run-{number}")
        row = Row(kind, runs=1)
        with ExitStack() as stack:
            strike, mend = kind.ready(command, stack)
            first = command.start()
            time.sleep(self.chance.uniform(0.2, 0.95) * self.seconds)
            struck = strike(first, self.chance)
            code = first.wait()
            row = replace(row, struck=int(struck), stopped=int(code not in ENDED))
            row.trouble += [*trouble(kind, struck, code, command.said)]
            mend()
            for _try in range(TRIES):
                if code in ENDED:
                    break
                row.again += 1
                code = command.start().wait()
            if code not in ENDED:
                row.trouble.append(f"the same command ended with {code}: {command.said[-800:]}")
            row.found = difference(self.wanted, read(command.book))
            if row.found:
                kept = Path(tempfile.mkdtemp(prefix=f"bc-fault-{number}-"))
                shutil.copytree(command.place, kept, dirs_exist_ok=True)
                row.trouble.append(f"kept in {kept}")
        shutil.rmtree(command.place, ignore_errors=True)
        return row


def trouble(kind: Kind, struck: bool, code: int, said: str) -> Iterator[str]:
    """What is not as it should be at the end of the first command: the way it ended, and what it said."""
    if code not in (kind.ends | set(ENDED) if struck else ENDED):
        yield f"it ended with {code}: {said[-800:]}"
    if "Traceback" in said:
        yield f"it printed a traceback: {said[said.index('Traceback') :][:1500]}"
    if code in (2, 3) and kind.clear and kind.clear not in " ".join(said.split()):
        yield f"it did not say {kind.clear!r}: {said[-800:]}"


def campaign(runs: int, kinds: Sequence[Kind], work: Campaign, tell: Callable[[str], None]) -> list[Row]:
    """So many runs, of the kinds in turn; a row a kind."""
    rows = {kind.name: Row(kind) for kind in kinds}
    for number in range(runs):
        kind = kinds[number % len(kinds)]
        one, row = work.run(kind, number), rows[kind.name]
        row.runs, row.struck, row.stopped = row.runs + 1, row.struck + one.struck, row.stopped + one.stopped
        row.again, row.found, row.trouble = row.again + one.again, row.found + one.found, row.trouble + one.trouble
        tell(f"{number + 1}/{runs} {kind.name}: {'struck' if one.struck else 'over before'}" + "".join(one.trouble[:1]))
    return list(rows.values())
