"""A report as JSON, in the form `schema.json` publishes: for other programs, and for a regrade request."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graders.report.text import printable
from graders.verdict import CaseNote, Report, Result, Speed, Standing

SCHEMA_VERSION = 1
MAX_VALUES = 256
"""Of a larger array only the first so many elements are written; `cut` says how many are missing."""


def schema() -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12) of what `to_json` returns."""
    text = Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def save(report: Report, path: Path) -> None:
    """Write the report to `path` as UTF-8."""
    path.write_text(dumps(report), encoding="utf-8", newline="\n")


def dumps(report: Report) -> str:
    """The report as indented JSON text; the same report gives the same text."""
    return json.dumps(to_json(report), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def to_json(report: Report) -> dict[str, Any]:
    """The report as plain dicts, lists, strings, numbers, always in the same order of keys."""
    return {
        "schema_version": SCHEMA_VERSION,
        "unit": printable(report.unit),
        "title": printable(report.title),
        "submission": printable(report.submission),
        "path": printable(report.path),
        "score": report.score,
        "max_score": report.max_score,
        "passed": report.passed,
        "problem": printable(report.problem),
        "results": [_result(result) for result in report.results],
        "notes": [{"kind": note.kind, "message": printable(note.message)} for note in report.notes],
        "sandbox": report.sandbox,
        "isolated": report.isolated,
        "fingerprint": report.fingerprint,
        "secret": report.secret,
        "reveal": report.reveal,
        "versions": {name: printable(report.versions[name]) for name in sorted(report.versions)},
        "started": report.started,
        "seconds": number(report.seconds),
        "memory": report.memory,
        "optional": list(report.optional),
        "bonus": list(report.bonus),
        "bonus_score": report.bonus_score,
        "rules": list(report.rules),
        "standing": _standing(report.standing),
        "timings": {name: number(report.timings[name]) for name in sorted(report.timings)},
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "task": result.task,
        "property": result.property,
        "question": printable(result.question),
        "status": result.status.value,
        "score": result.score,
        "max_score": result.max_score,
        "message": printable(result.message),
        "case": case_note(result.case),
        "likely": printable(result.likely),
        "misconceptions": list(result.misconceptions),
        "depends_on": result.depends_on,
        "cases": result.cases,
        "speed": _speed(result.pictures.speed),
    }


def _standing(standing: Standing | None) -> dict[str, Any] | None:
    if standing is None:
        return None
    return {**dataclasses.asdict(standing), "words": list(standing.words), "final": standing.final}


def _speed(speed: Speed | None) -> dict[str, Any] | None:
    if speed is None:
        return None
    numbers = ("ratio", "low", "high", "full", "part", "reference", "submission", "overhead")
    return {
        **{name: number(round(getattr(speed, name), 4)) for name in numbers},
        "rounds": speed.rounds,
        "extended": speed.extended,
        "indicative": speed.indicative,
    }


def case_note(case: CaseNote | None) -> dict[str, Any] | None:
    """A case as plain dicts, lists, strings, numbers."""
    if case is None:
        return None
    return {
        "axes": {name: int(size) for name, size in case.axes.items()},
        "options": _values(case.options),
        "replay": case.replay,
        "text": printable(str(case)),
        "inputs": _values(case.inputs),
        "got": _values(case.got),
        "wanted": _values(case.wanted),
    }


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in values.items()}


def _value(value: Any) -> Any:
    """An array as {dtype, shape, values, cut}; what JSON has no form for as its repr."""
    match value:
        case np.ndarray() | np.generic():
            return _array(np.asarray(value))
        case None | bool() | int():
            return value
        case float():
            return number(value)
        case str():
            return printable(value)
        case list() | tuple():
            return [_value(part) for part in value]
        case _:
            return printable(repr(value))


def _array(array: np.ndarray[Any, np.dtype[Any]]) -> dict[str, Any]:
    first = array.ravel()[:MAX_VALUES].tolist()
    return {
        "dtype": str(array.dtype),
        "shape": list(array.shape),
        "values": [_value(element) for element in first],
        "cut": array.size - len(first),
    }


def number(value: float) -> float | str:
    """The number, or "nan", "inf", "-inf", for which JSON has no numbers."""
    return value if math.isfinite(value) else str(float(value))
