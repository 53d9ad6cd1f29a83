"""A report read back from its JSON: all that `as_json` wrote, arrays as far as they were kept whole."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from graders.policy import Policy
from graders.verdict import CaseNote, Note, Pictures, Report, Result, Speed, Standing, Status


def from_json(text: str) -> Report:
    """The report that `as_json.dumps` wrote; KeyError or ValueError for what it did not write."""
    data: dict[str, Any] = json.loads(text)
    return Report(
        unit=data["unit"],
        title=data["title"],
        submission=data["submission"],
        path=data["path"],
        results=tuple(_result(one) for one in data["results"]),
        notes=tuple(Note(one["kind"], one["message"]) for one in data["notes"]),
        problem=data["problem"],
        sandbox=data["sandbox"],
        isolated=data["isolated"],
        fingerprint=data["fingerprint"],
        secret=data["secret"],
        reveal=data["reveal"],
        versions=data["versions"],
        started=data["started"],
        seconds=float(data["seconds"]),
        timings={name: float(value) for name, value in data["timings"].items()},
        memory=data.get("memory", 0),  # older reports have none
        optional=tuple(data["optional"]),
        bonus=tuple(data["bonus"]),
        policy=Policy(),
        rules=tuple(data["rules"]),
        standing=_standing(data["standing"]),
    )


def _result(data: dict[str, Any]) -> Result:
    speed = data["speed"]
    numbers = ("ratio", "low", "high", "full", "part", "reference", "submission", "overhead")
    return Result(
        task=data["task"],
        property=data["property"],
        question=data["question"],
        status=Status(data["status"]),
        score=data["score"],
        max_score=data["max_score"],
        message=data["message"],
        case=_case(data["case"]),
        likely=data["likely"],
        misconceptions=tuple(data["misconceptions"]),
        depends_on=data["depends_on"],
        cases=data["cases"],
        pictures=Pictures(speed=speed and Speed(**speed | {name: float(speed[name]) for name in numbers})),
    )


def _standing(data: dict[str, Any] | None) -> Standing | None:
    if data is None:
        return None
    fields = {name: value for name, value in data.items() if name != "final"}
    return Standing(**fields | {"words": tuple(data["words"])})


def _case(data: dict[str, Any] | None) -> CaseNote | None:
    if data is None:
        return None
    return CaseNote(
        axes=data["axes"],
        options={name: _value(value) for name, value in data["options"].items()},
        replay=data["replay"],
        inputs=_whole(data["inputs"]),
        got=_whole(data["got"]),
        wanted=_whole(data["wanted"]),
    )


def _whole(values: dict[str, Any]) -> dict[str, Any]:
    """Without the arrays of which only a part was kept."""
    return {name: _value(value) for name, value in values.items() if not _is_cut(value)}


def _is_cut(value: Any) -> bool:
    return isinstance(value, dict) and value["cut"] > 0


def _value(value: Any) -> Any:
    match value:
        case {"dtype": str(dtype), "shape": list(shape), "values": list(values)}:
            numbers = [float(one) if isinstance(one, str) else one for one in values]
            return np.array(numbers, dtype=dtype).reshape(shape)
        case list():
            return [_value(part) for part in value]
        case _:
            return value
