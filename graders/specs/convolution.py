"""Unit 07: convolution and pooling (curriculum section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from graders.specs.row import Arg, Axes, Row, Task

STRIDES = (1, 2)
PADDINGS = (0, 1, "narrow", "wide", "same")


def zeros(kernel: int, padding: int | str) -> tuple[int, int]:
    """Zeros before and behind."""
    if isinstance(padding, int):
        return padding, padding
    return {"narrow": (0, 0), "wide": (kernel - 1, kernel - 1), "same": ((kernel - 1) // 2, kernel // 2)}[padding]


def conv_output_size(size: int, kernel: int, *, stride: int, padding: int | str) -> Tensor:
    """Counted, position by position."""
    total = size + sum(zeros(kernel, padding))
    return torch.tensor(len(range(0, total - kernel + 1, stride)))


def conv1d(x: Tensor, w: Tensor, b: Tensor, *, stride: int, padding: int | str, flip: bool) -> Tensor:
    """Windows by unfolding, then one contraction."""
    w = w.flip(2) if flip else w
    windows = pad(x, zeros(w.shape[2], padding)).unfold(2, w.shape[2], stride)
    return torch.einsum("nctk,fck->nft", windows, w) + b[:, None]


def conv2d(x: Tensor, w: Tensor, b: Tensor, *, stride: int, padding: int | str, flip: bool) -> Tensor:
    """Windows by unfolding, then one contraction a group."""
    w = w.flip((2, 3)) if flip else w
    height, width = w.shape[2:]
    padded = pad(x, (*zeros(width, padding), *zeros(height, padding)))
    windows = padded.unfold(2, height, stride).unfold(3, width, stride)
    groups = x.shape[1] // w.shape[1]
    pairs = zip(windows.chunk(groups, 1), w.chunk(groups, 0), strict=True)
    return torch.cat([torch.einsum("nchwkl,fckl->nfhw", a, f) for a, f in pairs], 1) + b[:, None, None]


def true_convolution(x: Tensor, w: Tensor, *, mode: str) -> Tensor:
    """By the definition, tap by tap: w_k times the signal k - 1 later; then the part asked for."""
    length, taps = x.shape[1], len(w)
    wide = torch.stack([pad(w[k] * x, (k, taps - 1 - k)) for k in range(taps)]).sum(0)
    start = {"wide": 0, "narrow": taps - 1, "same": taps // 2}[mode]
    count = {"wide": length + taps - 1, "narrow": length - taps + 1, "same": length}[mode]
    return wide[:, start : start + count]


def convolve_images(x: Tensor, w: Tensor) -> Tensor:
    """Narrow, the filter turned."""
    windows = x.unfold(1, w.shape[0], 1).unfold(2, w.shape[1], 1)
    return torch.einsum("nhwkl,kl->nhw", windows, w.flip((0, 1)))


FILTERS: Mapping[str, list[list[float]]] = {
    "gaussian": [[0.0625, 0.125, 0.0625], [0.125, 0.25, 0.125], [0.0625, 0.125, 0.0625]],
    "laplacian": [[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]],
    "edge": [[0.0, 1.0, 1.0], [-1.0, 0.0, 1.0], [-1.0, -1.0, 0.0]],
}


def filter_images(x: Tensor, *, kind: str) -> Tensor:
    """The named filter, on images with a border of zeros."""
    return convolve_images(pad(x, (1, 1, 1, 1)), torch.tensor(FILTERS[kind], dtype=x.dtype))


def pooled(x: Tensor, kernel: int, stride: int) -> Tensor:
    """(N, C, H', W', kernel, kernel)."""
    return x.unfold(2, kernel, stride).unfold(3, kernel, stride)


def max_pool2d(x: Tensor, *, kernel: int, stride: int) -> Tensor:
    """The largest of every window."""
    return pooled(x, kernel, stride).amax((-2, -1))


def tied_maxima(args: Mapping[str, Any]) -> dict[str, NDArray[np.int64]]:
    """The elements that share the maximum of some window, a group for each image and channel: windows may overlap."""
    x, kernel, stride = args["x"], args["kernel"], args["stride"]
    images = np.arange(1, 1 + x.shape[0] * x.shape[1]).reshape(*x.shape[:2], 1, 1)
    groups = np.zeros(x.shape, np.int64)
    for top in range(0, x.shape[2] - kernel + 1, stride):
        for left in range(0, x.shape[3] - kernel + 1, stride):
            at = np.s_[:, :, top : top + kernel, left : left + kernel]
            largest = x[at] == x[at].max((2, 3), keepdims=True)
            groups[at] = np.where(largest & (largest.sum((2, 3), keepdims=True) > 1), images, groups[at])
    return {"x": groups}


def mean_pool2d(x: Tensor, *, kernel: int, stride: int) -> Tensor:
    """The mean of every window."""
    return pooled(x, kernel, stride).mean((-2, -1))


def flatten(x: Tensor) -> Tensor:
    """Row-major."""
    return x.reshape(x.shape[0], x.shape[1] * x.shape[2] * x.shape[3])


def fits(sizes: Axes, options: Mapping[str, Any]) -> bool:
    """The kernel is no longer than the padded input, along each axis there is."""
    pairs = [(sizes[size], sizes[kernel]) for size, kernel in (("T", "K"), ("H", "K"), ("W", "L")) if size in sizes]
    padding = options.get("padding", options.get("mode", 0))
    return all(size + sum(zeros(kernel, padding)) >= kernel for size, kernel in pairs)


def size_fits(sizes: Axes, options: Mapping[str, Any]) -> bool:
    """The same for the task that only counts."""
    return sizes["S"] + sum(zeros(sizes["K"], options["padding"])) >= sizes["K"]


def pool_fits(sizes: Axes, options: Mapping[str, Any]) -> bool:
    """There is a window at least."""
    return bool(min(sizes["H"], sizes["W"]) >= options["kernel"])


IMAGES = Arg("x", "N C H W")
POOLED = {"N": (2, 3), "C": (2, 3), "H": (3, 6), "W": (3, 6)}
DUMOULIN = "Dumoulin & Visin 2016; LeCun et al. 1998"
S1_IMAGE: dict[str, Any] = {
    "x": [
        [
            [1.0, 1.0, 1.0, 1.0, 1.0],
            [-1.0, 0.0, -3.0, 0.0, 1.0],
            [2.0, 1.0, 1.0, -1.0, 0.0],
            [0.0, -1.0, 1.0, 2.0, 1.0],
            [1.0, 2.0, 1.0, 1.0, 1.0],
        ]
    ],
    "w": [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -1.0]],
}
"""The USTC slides' 5 x 5 example; correlation would give exactly the negative of its 3 x 3 result."""

ROWS: tuple[Task, ...] = (
    Row(
        "true_convolution",
        (Arg("x", "N T"), Arg("w", "K")),
        true_convolution,
        {"N": (2, 4), "T": (3, 7), "K": (2, 4)},
        outputs=("y",),
        options={"mode": ("narrow", "wide", "same")},
        valid=fits,
        examples=({"x": [[1.0, 2.0, 4.0, 7.0, 11.0]], "w": [-1.0, 0.0, 1.0]},),
        workload={"N": 64, "T": 256, "K": 9},
        convention="y_t = sum_k w_k x_{t-k+1}: w_1 meets the latest sample; 'same' is 'wide' from place floor(K/2) on.",
        source="USTC slides, convolution; Goodfellow et al. 2016, equation 9.3",
    ),
    Row(
        "convolve_images",
        (Arg("x", "N H W"), Arg("w", "K L")),
        convolve_images,
        {"N": (2, 3), "H": (3, 6), "W": (3, 6), "K": (2, 3), "L": (2, 3)},
        kind="function",
        outputs=("y",),
        valid=fits,
        examples=(S1_IMAGE,),
        workload={"N": 16, "H": 28, "W": 28, "K": 5, "L": 5},
        convention="Narrow convolution: the filter is turned by 180 degrees.",
        source="USTC slides, two-dimensional convolution",
    ),
    Row(
        "filter_images",
        (Arg("x", "N H W"),),
        filter_images,
        {"N": (2, 3), "H": (3, 6), "W": (3, 6)},
        kind="function",
        outputs=("y",),
        options={"kind": tuple(FILTERS)},
        workload={"N": 16, "H": 28, "W": 28},
        convention="Convolution with a border of zeros; images keep their size.",
        source="USTC slides, examples of two-dimensional convolution",
    ),
    Row(
        "conv_output_size",
        (Arg("size", "", "size S"), Arg("kernel", "", "size K")),
        conv_output_size,
        {"S": (3, 40), "K": (2, 9)},
        kind="function",
        outputs=("positions",),
        options={"stride": (1, 2, 3), "padding": PADDINGS},
        batch="",
        empty="",
        valid=size_fits,
        convention="floor((n + zeros - m)/s) + 1; 'same' has m - 1 zeros, for even m one more behind.",
        source="Dumoulin & Visin 2016, relationship 6; USTC slides, kinds of convolution",
    ),
    Row(
        "conv1d",
        (Arg("x", "N C T"), Arg("w", "F C K"), Arg("b", "F")),
        conv1d,
        {"N": (2, 3), "C": (2, 3), "T": (3, 7), "F": (2, 4), "K": (2, 3)},
        outputs=("z",),
        options={"stride": STRIDES, "padding": PADDINGS, "flip": (False, True)},
        valid=fits,
        workload={"N": 48, "C": 4, "T": 24, "F": 8, "K": 5},
        convention="Channels first; cross-correlation unless flip; torch.nn.Conv1d's layout of w.",
        source=DUMOULIN,
    ),
    Row(
        "conv2d",
        (Arg("x", "N G*C H W"), Arg("w", "G*F C K L"), Arg("b", "G*F")),
        conv2d,
        {"N": (2, 3), "G": (1, 2), "C": (2, 3), "H": (3, 6), "W": (3, 5), "F": (2, 3), "K": (2, 3), "L": (2, 3)},
        outputs=("z",),
        options={"stride": STRIDES, "padding": PADDINGS, "flip": (False, True)},
        valid=fits,
        workload={"N": 48, "G": 1, "C": 4, "H": 7, "W": 7, "F": 8, "K": 3, "L": 3},
        convention="NCHW; cross-correlation unless flip; w (F, C/G, K, L), the groups G being what the shapes say.",
        source=DUMOULIN + "; Krizhevsky et al. 2012 for the groups",
    ),
    Row(
        "max_pool2d",
        (IMAGES,),
        max_pool2d,
        POOLED,
        options={"kernel": (2, 3), "stride": (2, 1)},
        valid=pool_fits,
        ties=tied_maxima,
        workload={"N": 96, "C": 4, "H": 8, "W": 8},
        convention="No padding; what is left over at the right and below is not read.",
        source="USTC slides, pooling; Goodfellow et al. 2016, section 9.3",
    ),
    Row(
        "mean_pool2d",
        (IMAGES,),
        mean_pool2d,
        POOLED,
        options={"kernel": (2, 3), "stride": (2, 1)},
        valid=pool_fits,
        workload={"N": 96, "C": 4, "H": 8, "W": 8},
        convention="No padding; what is left over at the right and below is not read.",
        source="USTC slides, pooling; LeCun et al. 1998",
    ),
    Row(
        "flatten",
        (IMAGES,),
        flatten,
        POOLED,
        convention="(N, C, H, W) to (N, C H W), row-major.",
        source="USTC slides, the whole CNN",
    ),
)
