"""The survivors that were read and argued: `equivalent.toml`, one entry a mutant, with the reason."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graders.mutation.mutants import Key

FILE = Path(__file__).with_name("equivalent.toml")


@functools.cache
def argued() -> Mapping[Key, str]:
    """Why no grader can notice these, by mutant.

    Raises:
        ValueError: an entry stands twice, or lacks its reason.
    """
    return read(FILE.read_text(encoding="utf-8"))


def read(text: str) -> dict[Key, str]:
    """The entries of the file: groups of changes by place, each group with one reason."""
    reasons: dict[Key, str] = {}
    for group in tomllib.loads(text)["group"]:
        for change in group["changes"]:
            key = _key(change)
            if key in reasons or not group["why"].strip():
                raise ValueError(f"{FILE.name}: twice, or without a reason: {key}")
            reasons[key] = group["why"]
    return reasons


def _key(change: Mapping[str, Any]) -> Key:
    return Key(change["place"], change["old"], change["new"], change.get("nth", 1))
