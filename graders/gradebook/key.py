"""What a score depends on, as one digest: the same key, the same score."""

from __future__ import annotations

import hashlib
import json

from graders import SUITE_VERSION
from graders.batch import Setting

SCORED = ("points", "reveal", "speed", "optional", "bonus")
"""What of a policy a grading depends on; attempts and late days are counted when scores are asked for."""


def grading_key(fingerprint: str, setting: Setting) -> str:
    """64 hex digits for the content of a submission, the unit and its policy, the suite's version and the secret."""
    told = setting.assignment.policy.to_json()
    parts = {
        "submission": fingerprint,
        "unit": setting.unit,
        "suite": SUITE_VERSION,
        "secret": setting.secret.fingerprint,
        "policy": {name: told[name] for name in SCORED},
        "tasks": sorted(setting.tasks) if setting.tasks is not None else None,
        "throughput": setting.throughput,
        "language": setting.language,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
