"""An explanation as JSON: the task's part of the report's own form, and what only an appeal asks for."""

from __future__ import annotations

import json
from typing import Any

from graders.explain.allowance import Allowance
from graders.explain.explanation import Asked, Explanation
from graders.explain.held import Comparison
from graders.explain.hidden import Hidden
from graders.report import as_json
from graders.report.text import printable


def dumps(one: Explanation) -> str:
    """As indented text."""
    return json.dumps(to_json(one), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def to_json(one: Explanation) -> dict[str, Any]:
    """As plain dicts, lists, strings, numbers."""
    whole = as_json.to_json(one.report)
    results = {result["property"]: result for result in whole["results"] if result["task"] == one.task.name}
    kept = ("unit", "title", "submission", "path", "problem", "notes", "sandbox", "fingerprint", "secret", "reveal")
    return {
        **{key: whole[key] for key in (*kept, "versions", "started", "rules")},
        "task": one.task.name,
        "score": one.score,
        "max_score": one.max_score,
        "convention": one.task.convention,
        "source": one.task.source,
        "functions": list(one.task.functions),
        "absent": list(one.absent),
        "code": printable(one.code),
        "parts": [vars(part) for part in one.parts],
        "used_by": list(one.used_by),
        "properties": [{**results[asked.result.property], **_asked(asked)} for asked in one.asked],
        "gradebook": _comparison(one.comparison) if one.comparison else None,
    }


def _asked(asked: Asked) -> dict[str, Any]:
    return {
        "hidden": _hidden(asked.hidden) if asked.hidden else None,
        "causes": [{"label": one.label, "message": one.message, "difference": one.difference} for one in asked.causes],
        "why": asked.why,
        "snippet": printable(asked.snippet),
    }


def _hidden(hidden: Hidden) -> dict[str, Any]:
    return {
        "asked": hidden.asked,
        "failing": [
            {"case": one.case, "error": as_json.number(one.error), "message": printable(one.message)}
            for one in hidden.failing
        ],
        "shown": as_json.case_note(hidden.shown),
        "message": printable(hidden.message),
        "allowance": _allowance(hidden.allowance) if hidden.allowance else None,
    }


def _allowance(one: Allowance) -> dict[str, Any]:
    numbers = ("got", "wanted", "error", "times", "allowed", "u", "norm", "spread")
    values = {name: getattr(one, name) for name in numbers}
    told = {name: None if value is None else as_json.number(value) for name, value in values.items()}
    return {"tensor": one.tensor, "place": list(one.place), **told, "words": one.words, "rule": one.rule}


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "student": printable(one.held.student),
        "submission": printable(one.held.submission),
        "fingerprint": one.held.fingerprint,
        "recorded": one.held.recorded,
        "state": one.held.state,
        "score": one.before,
        "max_score": one.before_max,
        "same": one.same,
        "verdict": one.verdict,
        "circumstances": list(one.circumstances),
        "changes": [vars(change) for change in one.changes],
        "overrides": [printable(text) for text in one.held.overrides],
    }
