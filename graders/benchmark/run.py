"""Measuring: entries, sizes, a device; rows of figures come out."""

from __future__ import annotations

import math
import platform
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch

from graders.benchmark import namespace, sources
from graders.benchmark.clock import Ratio, paired
from graders.benchmark.counterparts import ENTRIES
from graders.benchmark.device import Limits, clock_of, flops_of, in_mode, measured_limits
from graders.benchmark.sides import Sides, prepare, require_same
from graders.benchmark.workload import SIZES, Entry

THREADS = 1


@dataclass(frozen=True)
class Figure:
    """One row of the table: a task at a size. ratio: torch's time over ours, with its 95 % interval."""

    row: str
    size: str
    device: str
    threads: int
    ratio: float
    low: float
    high: float
    task: str
    counterpart: str
    form: str
    ours: float
    theirs: float
    pairs: int
    difference: float
    bandwidth: float | None = None
    flops: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Rounded to what the figures are worth."""
        return {
            name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in asdict(self).items()
        }


@dataclass(frozen=True)
class Setting:
    """What is asked for: which device, how long a figure is measured, and, on a GPU, in which ways.

    tensors: compute on torch's tensors even on the CPU, with the plain forms, as on a GPU.
    """

    device: str = "cpu"
    seconds: float = 0.5
    sizes: Sequence[str] = SIZES
    modes: Sequence[str] = ("fast",)
    tensors: bool = False
    limits: Limits | None = None
    notes: list[str] = field(default_factory=list)


def chosen(rows: Iterable[str]) -> list[Entry]:
    """The entries of these tasks, all when none is named. KeyError for a name that has no entry."""
    names = list(rows)
    for name in names:
        if not any(name in (entry.row, entry.name) for entry in ENTRIES):
            raise KeyError(name)
    return [entry for entry in ENTRIES if not names or entry.row in names or entry.name in names]


def measure(
    entries: Sequence[Entry], setting: Setting, told: Callable[[str], None] = lambda text: None
) -> Iterator[Figure]:
    """Every entry at every size; NotTheSame where a side computes something else."""
    torch.set_num_threads(THREADS)
    on_tensors = setting.tensors or setting.device != "cpu"
    if on_tensors:
        namespace.ensure()
    functions = sources.plain() if on_tensors else sources.fast()
    for entry in entries:
        for size in setting.sizes:
            told(f"{entry.name}, {size}")
            # The same numbers for a row and size, whatever else is measured.
            rng = np.random.default_rng(zlib.crc32(f"{entry.name} {size}".encode()))
            sides = prepare(entry, size, functions, rng, setting.device if on_tensors else None)
            difference = require_same(f"{entry.name}, {size}", sides)
            for mode in setting.modes:
                try:
                    work = in_mode(sides.ours.work, mode)
                    ratio = paired(work, sides.theirs.work, rng, setting.seconds, clock_of(setting.device))
                except Exception as problem:
                    if mode not in ("compiled", "captured"):
                        raise
                    first = str(problem).strip().split("\n")[0][:100]
                    setting.notes.append(f"{entry.name}, {size}: not {mode} ({type(problem).__name__}: {first})")
                    continue
                yield _figure(entry, size, mode, setting, sides, ratio, difference)


def _figure(
    entry: Entry, size: str, mode: str, setting: Setting, sides: Sides, ratio: Ratio, difference: float
) -> Figure:
    form = mode
    if mode == "fast":
        kinds = [f"{entry.row}_forward", f"{entry.row}_update", entry.row]
        of = next(name for name in kinds if name in sources.fast())
        form = "fast" if sources.fast()[of] is not sources.plain().get(of) else "plain"
    limits = setting.limits
    return Figure(
        entry.name,
        size,
        setting.device,
        THREADS,
        ratio.ratio,
        ratio.low,
        ratio.high,
        entry.row,
        entry.counterpart,
        form,
        ratio.ours,
        ratio.theirs,
        ratio.pairs,
        difference,
        sides.moved / ratio.ours / limits.bandwidth if limits else None,
        flops_of(sides) / ratio.ours / limits.flops if limits else None,
    )


def geomean(ratios: Iterable[float]) -> float | None:
    """The geometric mean; None of nothing."""
    logs = [math.log(ratio) for ratio in ratios]
    return math.exp(sum(logs) / len(logs)) if logs else None


def summary(figures: Sequence[Figure]) -> dict[str, float | None]:
    """Geometric means over all sizes, and over medium and large ones; of several modes the best."""
    best: dict[tuple[str, str], float] = {}
    for figure in figures:
        key = (figure.row, figure.size)
        best[key] = max(best.get(key, 0.0), figure.ratio)
    means = {
        "all": geomean(best.values()),
        "medium and large": geomean(ratio for (_, size), ratio in best.items() if size != "small"),
        "lowest upper end": min((f.high for f in figures), default=None),
    }
    return {name: round(mean, 4) if mean is not None else None for name, mean in means.items()}


def limits_of(device: str) -> Limits:
    """What this device reaches."""
    return measured_limits(device)


def machine(device: str) -> dict[str, str]:
    """Where and with what: for the figures' record."""
    name = torch.cuda.get_device_name() if device == "cuda" else processor()
    return {
        "device": name,
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
    }


def processor() -> str:
    """The processor's name, as Linux has it, or what Python knows."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
