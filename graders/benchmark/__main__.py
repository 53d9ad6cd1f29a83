"""`python -m graders.benchmark`, the runner behind `backcheck bench`; it needs torch, NumPy and this tree only."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graders import i18n
from graders.i18n import _

if TYPE_CHECKING:
    from graders.benchmark.run import Figure, Setting
    from graders.benchmark.speed import Kept
    from graders.benchmark.workload import Entry

PASS, FAIL, USAGE = 0, 1, 2
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
STEADY_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "8000000000", "MALLOC_TOP_PAD_": "268435456"}
"""glibc keeps freed memory, for both sides: otherwise large results are paged in anew at every call, at random."""


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(
        prog="backcheck bench", description="Measure the reference beside torch: forward and backward, one thread."
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="tasks to measure; all by default")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--check", action="store_true", help="fail where a row is slower than the kept figures")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="keep the figures, and put them into docs/performance.md")
    parser.add_argument("--size", action="append", choices=("small", "medium", "large"), help="sizes; all by default")
    parser.add_argument("--seconds", type=float, default=0.4, help="for a figure (default: 0.4)")
    parser.add_argument("--mode", action="append", choices=("eager", "compiled", "captured"), help="on a GPU")
    parser.add_argument("--tf32", action="store_true", help="on a GPU: TF32 on both sides; neither by default")
    return parser.parse_args(arguments)


def in_steady_process(arguments: Sequence[str]) -> None:
    """Start again where the number of threads is settled before any library is loaded; return where it is."""
    wanted = ONE_THREAD | STEADY_MEMORY
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        command = [sys.executable, "-m", "graders.benchmark", *arguments]
        os.execve(sys.executable, command, {**os.environ, **wanted})


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and compare; the exit code."""
    asked = options(arguments)
    if (asked.check or asked.write) and (asked.mode or asked.tf32):
        text = _("--check and --write take the best of all modes, without TF32: leave out --mode and --tf32.")
        print(text, file=sys.stderr)
        return USAGE
    from graders.benchmark import run, speed
    from graders.benchmark.sides import NotTheSame

    try:
        entries = run.chosen(asked.rows)
    except KeyError as unknown:
        text = _("There is nothing to measure {name} against: it is no task, or torch has no counterpart.")
        print(text.format(name=unknown), file=sys.stderr)
        return USAGE
    setting = setting_for(asked)
    if setting is None:
        return PASS
    try:
        figures = list(run.measure(entries, setting, told))
    except NotTheSame as wrong:
        told("")
        text = _("Nothing was measured: the two sides do not compute the same. {difference}")
        print(text.format(difference=wrong), file=sys.stderr)
        return FAIL
    told("")
    if not figures:
        print("\n".join([_("Nothing could be measured."), *setting.notes]), file=sys.stderr)
        return FAIL
    kept = speed.read()
    slower = still_slower(figures, entries, setting, kept) if asked.check else []
    if asked.write:
        regressed = {(figure.row, figure.size) for figure in slower}
        keep([figure for figure in figures if (figure.row, figure.size) not in regressed], setting)
    report(figures, slower, setting, asked, kept)
    name = run.machine(setting.device)["device"]
    alone = sum(not speed.comparable(figure, kept, name) for figure in figures)
    if asked.check and alone:
        text = _("{count} of {total} figures have nothing to be compared with: none is kept of {device}.")
        print(text.format(count=alone, total=len(figures), device=name), file=sys.stderr)
    return FAIL if slower else PASS


def setting_for(asked: argparse.Namespace) -> Setting | None:
    """The setting; None, and one line, where the device is missing."""
    from graders.benchmark import device, run
    from graders.benchmark.workload import SIZES

    sizes = tuple(size for size in SIZES if not asked.size or size in asked.size)
    if asked.device == "cpu":
        return run.Setting("cpu", asked.seconds, sizes)
    if why := device.missing_gpu():
        print(json.dumps({"rows": [], "geomean": {}, "skipped": why}) if asked.json else why)
        return None
    device.same_precision(asked.tf32)
    modes = tuple(asked.mode or ("eager", "captured"))
    return run.Setting("cuda", asked.seconds, sizes, modes, limits=run.limits_of("cuda"))


def told(text: str) -> None:
    """Progress, on one line, where somebody looks."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def still_slower(figures: list[Figure], entries: Sequence[Entry], setting: Setting, kept: Kept) -> list[Figure]:
    """Rows slower than kept, and slower again when they are measured once more, for longer."""
    from dataclasses import replace

    from graders.benchmark import run, speed

    name = run.machine(setting.device)["device"]
    suspects = speed.regressions(figures, kept, name)
    again = [entry for entry in entries if any(figure.row == entry.name for figure in suspects)]
    if not again:
        return []
    sizes = tuple(size for size in setting.sizes if any(figure.size == size for figure in suspects))
    repeated = run.measure(again, replace(setting, seconds=3 * setting.seconds, sizes=sizes), told)
    places = {(figure.row, figure.size) for figure in suspects}
    found = speed.regressions([figure for figure in repeated if (figure.row, figure.size) in places], kept, name)
    told("")
    return found


def keep(figures: Sequence[Figure], setting: Setting) -> None:
    """Write the file and the page."""
    from graders.benchmark import page, run, speed

    speed.write(figures, run.machine(setting.device))
    if page.DOCS.exists():
        page.put_in_docs(speed.read())


def report(
    figures: Sequence[Figure], slower: Sequence[Figure], setting: Setting, asked: argparse.Namespace, kept: Kept
) -> None:
    """The table, or JSON, and what is slower than it was."""
    from graders.benchmark import page, run

    if asked.json:
        found = {
            "rows": [figure.as_json() for figure in figures],
            "geomean": run.summary(figures),
            "machine": run.machine(setting.device),
            "slower": [{"row": figure.row, "size": figure.size} for figure in slower],
            "notes": list(setting.notes),
        }
        if setting.limits:
            found["limits"] = {"bandwidth": setting.limits.bandwidth, "flops": setting.limits.flops}
        print(json.dumps(found, indent=1))
        return
    about = run.machine(setting.device)
    title = _("torch's time / ours, median and interval (95 %), float32, one thread; {device}, torch {version}")
    page.show(figures, title.format(device=about["device"], version=about["torch"]))
    print(page.means(figures))
    if setting.limits:
        bandwidth, flops = setting.limits.bandwidth / 1e9, setting.limits.flops / 1e12
        print(_("limits: {bandwidth:.0f} GB/s, {flops:.1f} TFLOP/s").format(bandwidth=bandwidth, flops=flops))
    for note in setting.notes:
        print(note)
    for figure in slower:
        low = kept[figure.device][figure.row][figure.size]["low"]
        text = _("slower than it was: {row}, {size}: {ratio}, kept: {low:.2f} or more")
        print(text.format(row=figure.row, size=figure.size, ratio=page.cell(figure), low=low))


if __name__ == "__main__":
    in_steady_process(sys.argv[1:])
    i18n.use_language()
    sys.exit(main(sys.argv[1:]))
