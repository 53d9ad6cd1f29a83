"""A GPU's clock, its limits, and the ways to run the same source there: eager, compiled, captured in a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from graders.benchmark.clock import Clock, Work, cpu_clock
from graders.benchmark.sides import Sides
from graders.i18n import _

COPIED = 1 << 26
"""float32 numbers that are copied to find the bandwidth: 256 MiB."""
MULTIPLIED = 8192
MODES = ("eager", "compiled", "captured")


@dataclass(frozen=True)
class Limits:
    """What the device does at best: bytes copied and floating-point operations of a matrix product, a second."""

    bandwidth: float
    flops: float


def missing_gpu() -> str:
    """Why there is nothing to measure; "" where there is a GPU."""
    return "" if torch.cuda.is_available() else _("There is no CUDA GPU here: nothing was measured.")


def clock_of(device: str) -> Clock:
    """Device events on a GPU, processor time elsewhere."""
    return event_clock if device == "cuda" else cpu_clock


def event_clock(work: Work, repeat: int) -> float:
    """Between two events in the stream: what the device needed, and what it waited for the host."""
    start, end = (torch.cuda.Event(enable_timing=True) for _turn in range(2))  # type: ignore[no-untyped-call]
    start.record()
    for _turn in range(repeat):
        work()
    end.record()
    end.synchronize()
    return float(start.elapsed_time(end)) / 1e3


def measured_limits(device: str) -> Limits:
    """Copy bandwidth, read and written, and the rate of a large matrix product, in this run."""
    small = device != "cuda"
    source = torch.zeros(COPIED // (64 if small else 1), device=device)
    target = torch.empty_like(source)
    side = MULTIPLIED // (16 if small else 1)
    a = torch.ones(side, side, device=device)
    clock = clock_of(device)
    copying = best(clock, lambda: target.copy_(source))
    multiplying = best(clock, lambda: a @ a)
    return Limits(2 * source.numel() * source.element_size() / copying, 2 * side**3 / multiplying)


def best(clock: Clock, work: Work, tries: int = 5) -> float:
    """Seconds of the quickest of some tries, once warm."""
    work()
    return min(clock(work, 3) / 3 for _turn in range(tries))


def same_precision(tf32: bool) -> None:
    """TF32 for both sides, or for none."""
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32


def in_mode(work: Work, mode: str) -> Work:
    """Our work in that mode. RuntimeError, or what torch raises, where it cannot be run so."""
    if mode == "compiled":
        compiled: Work = torch.compile(work)
        return compiled
    return captured(work) if mode == "captured" else work


def captured(work: Work) -> Work:
    """All kernels of the work as one graph that is replayed."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _turn in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def bytes_of(values: Any) -> int:
    """Bytes of all arrays in nested lists and tuples, each once."""
    seen: dict[int, int] = {}

    def visit(value: Any) -> None:
        if isinstance(value, list | tuple):
            for item in value:
                visit(item)
        elif isinstance(value, Tensor):
            seen[value.data_ptr()] = value.numel() * value.element_size()

    visit(values)
    return sum(seen.values())


def flops_of(sides: Sides) -> float:
    """Operations of the products in torch's forward and backward."""
    with FlopCounterMode(display=False) as counter:
        sides.theirs.work()
    return float(counter.get_total_flops())
