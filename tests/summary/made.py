"""A class of reports written by hand: nothing is graded."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graders.report import as_json
from graders.summary.record import Attempt, ClassRecord, Student
from graders.verdict import CaseNote, Report, Result, Status
from tests.classes.names import names

UNIT = "03-backprop"
HOSTILE = "<img src=x onerror=alert(1)>"
"""A student's name, which stands in what the report says as well."""
MEAN, KEEPDIMS, TWICE = "affine__db_mean", "affine__db_keepdims", "affine__bias_twice"


def result(task: str, name: str, worth: float, *, ok: bool = True, **rest: object) -> Result:
    status = Status.PASSED if ok else Status.FAILED
    return Result(task, name, f"Is {name} right?", status, worth if ok else 0.0, worth, **rest)  # type: ignore[arg-type]


def report(
    name: str,
    *,
    chain: bool = True,
    forward: bool = True,
    mistakes: Sequence[str] = (),
    problem: str = "",
    seconds: float = 1.0,
) -> Report:
    """Ten points: four for `chain`, six for `affine`, two of which each known mistake costs."""
    case = CaseNote({"N": 2, "D": 1})
    affine = [
        result("affine", "forward", 2.0, ok=forward, message="" if forward else f"{name}: out is wrong"),
        result("affine", "shape", 2.0, ok=KEEPDIMS not in mistakes, **_told(name, KEEPDIMS, mistakes, case)),
        result("affine", "gradient db", 2.0, ok=MEAN not in mistakes, **_told(name, MEAN, mistakes, case)),
    ]
    rows = [result("chain", "forward", 4.0, ok=chain, message="" if chain else "chain_forward: y is wrong"), *affine]
    if problem:
        rows = [result(one.task, one.property, one.max_score, ok=False, message="not graded") for one in rows]
    facts = {"versions": {"backcheck": "0.1.0"}, "timings": {"student": seconds / 2, "judging": seconds / 4}}
    return Report(
        UNIT, "Back-propagation", name, f"class/{name}.py", tuple(rows),
        problem=problem, fingerprint=f"{random.Random(name).getrandbits(64):016x}", seconds=seconds, **facts,  # type: ignore[arg-type]
    )  # fmt: skip


def _told(name: str, label: str, mistakes: Sequence[str], case: CaseNote) -> dict[str, object]:
    if label not in mistakes:
        return {}
    told = {"likely": f"what {label} means", "misconceptions": (label,)}
    return {"message": f"{name} returned a wrong db, as {label} does", "case": case, **told}


def students(count: int = 24) -> dict[str, list[Report]]:
    """Their attempts by name: every third has `db_mean`, every fourth `db_keepdims`, of whom some hand in again."""
    everybody = [HOSTILE, *names(count - 1, random.Random(5))]
    made: dict[str, list[Report]] = {}
    for place, name in enumerate(everybody):
        wrong = [label for label, every in ((MEAN, 3), (KEEPDIMS, 4)) if place % every == 0]
        first = report(name, chain=place % 5 != 1, forward=place % 6 != 1, mistakes=wrong, seconds=1 + place / 10)
        again = [report(name, chain=place % 5 != 1, forward=place % 6 != 1, seconds=1.0)] if place % 12 == 0 else []
        made[name] = [first, *(replace(one, submission=f"{name} (2)", path=f"class/{name} (2).py") for one in again)]
    made[everybody[-1]] = [report(everybody[-1], problem=f"invalid syntax ({everybody[-1]}.py, line 3)")]
    return made


def record(count: int = 24) -> ClassRecord:
    """The class as a record."""
    return ClassRecord(
        UNIT,
        tuple(
            Student(name, f"s-{place:04}", tuple(Attempt(number, one) for number, one in enumerate(own, start=1)))
            for place, (name, own) in enumerate(students(count).items())
        ),
    )


def write(folder: Path, count: int = 24) -> Path:
    """The reports as `backcheck grade --out` leaves them, and who handed in what; the latter's path."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["submission,student,received"]
    number = 0
    for name, own in students(count).items():
        for attempt, one in enumerate(own, start=1):
            number += 1
            as_json.save(one, folder / f"{number}.json")
            lines.append(f'"{Path(one.path).name}","{name}",2027-03-0{attempt}T12:00:00+08:00')
    received = folder.parent / "received.csv"
    received.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return received
