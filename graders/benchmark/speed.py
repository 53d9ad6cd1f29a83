"""Kept figures: one file, by device, row and size, and what counts as slower than they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graders.benchmark.counterparts import ENTRIES
from graders.benchmark.run import Figure
from graders.benchmark.workload import SIZES

FILE = Path(__file__).parent.parent / "data" / "speed.json"
DEVICES = ("cpu", "cuda")
UNMEASURED = "unmeasured"
BETWEEN_RUNS = 0.15
"""By how much a ratio differs from one run to the next on a machine that others use as well, beside its interval."""

Kept = dict[str, Any]


def blank() -> Kept:
    """Every row at every size on every device, unmeasured."""
    rows = {entry.name: dict.fromkeys(SIZES, UNMEASURED) for entry in ENTRIES}
    return {device: {name: dict(sizes) for name, sizes in rows.items()} for device in DEVICES}


def read(path: Path = FILE) -> Kept:
    """The file; what it does not have is unmeasured, and rows that are gone are left out."""
    kept = blank()
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        for device, rows in kept.items():
            for name, sizes in rows.items():
                for size in sizes:
                    sizes[size] = stored.get(device, {}).get(name, {}).get(size, UNMEASURED)
    return kept


def write(figures: Sequence[Figure], about: dict[str, str], path: Path = FILE) -> None:
    """Put the figures in, each with its date, device and versions; of several modes the best."""
    kept = read(path)
    for figure in sorted(figures, key=lambda figure: figure.ratio):
        values = figure.as_json()
        record = {name: values[name] for name in ("ratio", "low", "high", "form", "threads")}
        shares = {name: values[name] for name in ("bandwidth", "flops") if values[name] is not None}
        kept[figure.device][figure.row][figure.size] = record | shares | about
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def comparable(figure: Figure, kept: Kept, name: str) -> bool:
    """Whether there is a kept figure of a device of the same name: on another one ratios are others."""
    record = kept[figure.device][figure.row][figure.size]
    return record != UNMEASURED and bool(record["device"] == name)


def is_slower(figure: Figure, kept: Kept) -> bool:
    """Whether the whole interval lies below the kept one, by more than runs differ."""
    return bool(figure.high < kept[figure.device][figure.row][figure.size]["low"] * (1 - BETWEEN_RUNS))


def regressions(figures: Sequence[Figure], kept: Kept, name: str) -> list[Figure]:
    """Those slower than what is kept of the device of that name; of several modes the best counts."""
    best: dict[tuple[str, str], Figure] = {}
    for figure in figures:
        key = (figure.row, figure.size)
        if key not in best or figure.ratio > best[key].ratio:
            best[key] = figure
    return [figure for figure in best.values() if comparable(figure, kept, name) and is_slower(figure, kept)]
