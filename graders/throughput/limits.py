"""The limits, as data: what was measured of right variants, and the ratios to the plain reference they lead to."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "data" / "throughput.toml"
ON_CUDA = FILE.with_name("throughput-cuda.toml")
"""Those of practice on a GPU; no points depend on them."""
DECIDED = ("vectorised", "samples", "elements")
"""Classes of right variants: whole arrays at a time, one sample after another, one number after another."""


@dataclass(frozen=True)
class Limits:
    """Of one row.

    full, part: ratios of CPU time to the plain reference up to which all points are earned, or part of them.
    overhead: share of the reference's request that nothing at all costs. measured: ratios by name of variant.
    classes: of the variants, by name. date, versions: when it was measured, and with what.
    """

    full: float
    part: float
    overhead: float = 0.0
    milliseconds: float = 0.0
    measured: Mapping[str, float] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    versions: str = ""

    @property
    def both(self) -> tuple[float, float]:
        """Full, part."""
        return self.full, self.part


def read(path: Path = FILE) -> dict[str, Limits | None]:
    """By row; None where nothing was measured."""
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: None if entry == "unmeasured" else Limits(**entry) for name, entry in data.items()}


@functools.cache
def known() -> Mapping[str, Limits | None]:
    """Those of the file that comes with the graders."""
    return read()


def limits(row: str) -> Limits | None:
    """Of a row; None where nothing was measured: then there is no limit."""
    return known().get(row)


def write(rows: Mapping[str, Limits | None], path: Path = FILE) -> None:
    """The file anew, rows in alphabetical order."""
    device = " --device cuda" if path == ON_CUDA else ""
    lines = [f"# Written by: python -m graders.throughput --measure{device}", ""]
    unmeasured = sorted(name for name, entry in rows.items() if entry is None)
    lines += [f'{name} = "unmeasured"' for name in unmeasured]
    for name in sorted(set(rows) - set(unmeasured)):
        entry = rows[name]
        assert entry is not None
        lines += ["", f"[{name}]", f'date = "{entry.date}"', f'versions = "{entry.versions}"']
        lines += [f"full = {entry.full:g}", f"part = {entry.part:g}"]
        lines += [f"overhead = {entry.overhead:.2f}", f"milliseconds = {entry.milliseconds:.3g}"]
        lines += [f"measured.{variant} = {ratio:.3g}" for variant, ratio in entry.measured.items()]
        lines += [f'classes.{variant} = "{found}"' for variant, found in entry.classes.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
