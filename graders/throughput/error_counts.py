"""How many verdicts were wrong, of every run that counted them: kept as data, pooled in tables."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "data" / "throughput-errors.json"
NEAR, FAR = 1.08, 1.25
"""How far the limits lie from the ratio a submission settles at, on both sides."""
LEVEL = 0.95


@dataclass(frozen=True)
class Count:
    """Of one run, for submissions that do so many times the work of a row's reference.

    load: "quiet", or "loaded" where other processes were busy. settled: the ratio all its verdicts together say they
    have. fails, passes: wrong verdicts where the limit lay NEAR and FAR above, and below. median, late, most: seconds
    of a verdict, the second the 95th percentile. date, versions: when it was run, and with what.
    """

    load: str
    times: float
    settled: float
    verdicts: int
    fails: tuple[int, int]
    passes: tuple[int, int]
    extended: int
    median: float
    late: float
    most: float
    date: str = ""
    versions: str = ""
    row: str = "srn"


def read(path: Path = FILE) -> list[Count]:
    """All that were kept."""
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [Count(**{**one, "fails": tuple(one["fails"]), "passes": tuple(one["passes"])}) for one in found]


def keep(counts: Iterable[Count], path: Path = FILE) -> list[Count]:
    """Add these to those kept; all of them."""
    every = [*read(path), *counts]
    lines = ",\n".join(json.dumps(asdict(one)) for one in every)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8", newline="\n")
    return every


def upper_bound(wrong: int, verdicts: int, level: float = LEVEL) -> float:
    """Clopper and Pearson's: the largest rate under which so few wrong ones are not a surprise."""
    if wrong >= verdicts:
        return 1.0
    low, high = wrong / max(verdicts, 1), 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(wrong, verdicts, middle) > (1 - level) / 2 else (low, middle)
    return high


def at_most(wrong: int, verdicts: int, rate: float) -> float:
    """The probability of so many or fewer."""
    if not 0 < rate < 1:
        return float(rate <= 0)

    def logarithm(count: int) -> float:
        ways = math.lgamma(verdicts + 1) - math.lgamma(count + 1) - math.lgamma(verdicts - count + 1)
        return ways + count * math.log(rate) + (verdicts - count) * math.log1p(-rate)

    return math.fsum(math.exp(logarithm(count)) for count in range(wrong + 1))


def table(counts: Sequence[Count]) -> list[str]:
    """Lines of Markdown: a row a submission, by task, quiet and loaded, and one for all."""
    lines = [
        "| work done | settles at | verdicts | false fails at +8 % | at +25 % | false passes at -8 % | at -25 % "
        "| extended | seconds, median / 95 % / most |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row, load in sorted({(one.row, one.load) for one in counts}, reverse=True):
        alike = [one for one in counts if (one.row, one.load) == (row, load)]
        for times in sorted({one.times for one in alike}):
            same = [one for one in alike if one.times == times]
            settled = sorted({f"{one.settled:.3f}" for one in same})
            through = " to ".join(dict.fromkeys([settled[0], settled[-1]]))
            lines.append(_line(f"{row}, {load}, {times:g} times", through, same))
        lines.append(_line(f"{row}, {load}, all", "", alike))
    return [*lines, _line("all", "", counts)]


def _line(name: str, settled: str, counts: Sequence[Count]) -> str:
    verdicts = sum(one.verdicts for one in counts)
    cells = [name, settled, str(verdicts)]
    for kind in ("fails", "passes"):
        for margin in (0, 1):
            wrong = sum(getattr(one, kind)[margin] for one in counts)
            cells.append(f"{wrong} (at most {100 * upper_bound(wrong, verdicts):.2f} %)")
    cells.append(f"{100 * sum(one.extended for one in counts) / verdicts:.0f} %")
    middle, late = (statistics.median(getattr(one, which) for one in counts) for which in ("median", "late"))
    cells.append(f"{middle:.2f} / {late:.2f} / {max(one.most for one in counts):.2f}")
    return "| " + " | ".join(cells) + " |"
