"""Unit 01: the neuron and its activations (curriculum section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from graders.specs import hostile
from graders.specs.row import Arg, Row

ELEMENTWISE = {"N": (2, 6), "D": (2, 7)}
CLASSES = {"N": (2, 6), "C": (2, 7)}
SHARP = ("normal", "scaled", "offset", "wide")
"""Patterns without ties: for tasks with a maximum."""


def sigmoid(x: Tensor) -> Tensor:
    """The logistic function. torch's own: no composite form is exact on both tails and smooth at 0."""
    return torch.sigmoid(x)


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent, torch's own for the same reason."""
    return torch.tanh(x)


def relu(x: Tensor) -> Tensor:
    """max(0, x), with torch's own subgradient 0 at 0."""
    return torch.where(x > 0, x, torch.zeros_like(x))


def leaky_relu(x: Tensor, *, gamma: float) -> Tensor:
    """max(0, x) + gamma min(0, x)."""
    return torch.where(x > 0, x, gamma * x)


def elu(x: Tensor, *, gamma: float) -> Tensor:
    """max(0, x) + min(0, gamma (e^x - 1)); the inner clamp keeps the unused branch finite."""
    return torch.where(x > 0, x, gamma * torch.expm1(torch.clamp(x, max=0.0)))


class Softplus(torch.autograd.Function):
    """log(e^x + e^0); torch.nn.functional.softplus drops the exponential above 20.

    The derivative is a sigmoid, and judged as one, to units of 1: that of logaddexp would ask 1 - sigmoid(x) for more
    digits than it can have.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """The value, from logaddexp."""
        ctx.save_for_backward(x)
        return torch.logaddexp(x, torch.zeros_like(x))

    @staticmethod
    def backward(ctx: Any, dout: Tensor) -> Tensor:
        """Times the sigmoid."""
        (x,) = ctx.saved_tensors
        return dout * torch.sigmoid(x)


def softplus(x: Tensor) -> Tensor:
    """log(1 + e^x)."""
    result: Tensor = Softplus.apply(x)  # type: ignore[no-untyped-call]
    return result


def neuron(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """sigmoid(x w + b)."""
    return sigmoid((x * w).sum(-1) + b)


def maxout(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """Max over k of x w_k + b_k, as (N, M)."""
    return (torch.einsum("nd,kdm->knm", x, w) + b[:, None, :]).amax(0)


def logsumexp(x: Tensor) -> Tensor:
    """Log of the sum of e^x over the last axis, shifted by the maximum."""
    top = x.detach().amax(-1, keepdim=True)
    return torch.log(torch.exp(x - top).sum(-1)) + top.squeeze(-1)


def log_softmax(x: Tensor) -> Tensor:
    """X - logsumexp(x) over the last axis."""
    top = x.detach().amax(-1, keepdim=True)
    shifted = x - top
    return shifted - torch.log(torch.exp(shifted).sum(-1, keepdim=True))


def softmax(x: Tensor) -> Tensor:
    """e^x over its sum along the last axis, shifted by the maximum."""
    e = torch.exp(x - x.detach().amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)


def one_hot(labels: Tensor, num_classes: int) -> Tensor:
    """Row n is 1 at labels[n], else 0."""
    return torch.nn.functional.one_hot(labels, num_classes).double()


def scale_pixels(pixels: Tensor) -> Tensor:
    """Pixels over 255."""
    return pixels.double() / 255


def at_zero(args: Mapping[str, Any]) -> dict[str, Any]:
    """The kink of every ReLU-like activation: x = 0."""
    return {"x": args["x"] == 0}


def tied_pieces(args: Mapping[str, Any]) -> bool:
    """True when two affine pieces of a maxout meet: the winner is a matter of taste there."""
    x, w, b = args["x"], args["w"], args["b"]
    pieces = torch.as_tensor((x[None] @ w) + b[:, None, :]).sort(dim=0).values
    return bool((pieces.diff(dim=0) < 1e-6).any()) if pieces.numel() else False


X = Arg("x", "N D")
CONVENTION = "Samples are rows; an elementwise function takes any shape."

ROWS = (
    Row(
        "neuron",
        (X, Arg("w", "D"), Arg("b", "")),
        neuron,
        ELEMENTWISE,
        outputs=("a",),
        workload={"N": 128, "D": 512},
        convention="a = sigmoid(x w + b), one neuron; b is a scalar array, and so is db.",
        source="Rosenblatt 1958; Goodfellow et al. 2016, eq. 6.19",
    ),
    Row(
        "one_hot",
        (Arg("labels", "N", "labels C"), Arg("num_classes", "", "size C")),
        one_hot,
        CLASSES,
        kind="function",
        convention="Classes count from 0: the code of 3 has its one at index 3. Returns float64.",
        source="Bishop 2006, section 4.1.2",
    ),
    Row(
        "scale_pixels",
        (Arg("pixels", "N D", "pixels"),),
        scale_pixels,
        ELEMENTWISE,
        kind="function",
        convention="uint8 in, float64 in [0, 1] out.",
        source="LeCun et al. 1998, section III.A",
    ),
    Row(
        "sigmoid",
        (X,),
        sigmoid,
        ELEMENTWISE,
        hostile=hostile.SIGMOID,
        workload={"N": 128, "D": 256},
        convention=CONVENTION,
        source="Goodfellow et al. 2016, eq. 3.30",
    ),
    Row(
        "tanh",
        (X,),
        tanh,
        ELEMENTWISE,
        hostile=hostile.TANH,
        workload={"N": 128, "D": 256},
        convention=CONVENTION,
        source="LeCun et al. 1998, section 4.4",
    ),
    Row(
        "relu",
        (X,),
        relu,
        ELEMENTWISE,
        kinks=at_zero,
        workload={"N": 256, "D": 256},
        convention=CONVENTION + " At x = 0 any value between 0 and dout passes.",
        source="Nair & Hinton 2010",
    ),
    Row(
        "leaky_relu",
        (X,),
        leaky_relu,
        ELEMENTWISE,
        options={"gamma": (0.01, 0.2, 1.5)},
        kinks=at_zero,
        workload={"N": 128, "D": 256},
        convention=CONVENTION + " gamma is fixed.",
        source="Maas et al. 2013",
    ),
    Row(
        "prelu",
        (Arg("x", "N C"), Arg("gamma", "C")),
        lambda x, gamma: torch.where(x > 0, x, gamma * x),
        CLASSES,
        kinks=at_zero,
        workload={"N": 128, "C": 256},
        convention="One learned gamma a channel; channels are the last axis.",
        source="He et al. 2015, eq. 1 and 8",
    ),
    Row(
        "elu",
        (X,),
        elu,
        ELEMENTWISE,
        options={"gamma": (1.0, 0.5, 2.0)},
        kinks=at_zero,
        hostile=hostile.ELU,
        workload={"N": 128, "D": 256},
        convention=CONVENTION,
        source="Clevert et al. 2016, eq. 15",
    ),
    Row(
        "softplus",
        (X,),
        softplus,
        ELEMENTWISE,
        hostile=hostile.SOFTPLUS,
        workload={"N": 128, "D": 256},
        convention=CONVENTION,
        source="Dugas et al. 2001",
    ),
    Row(
        "maxout",
        (X, Arg("w", "K D M"), Arg("b", "K M")),
        maxout,
        {"N": (2, 5), "D": (2, 4), "K": (2, 4), "M": (2, 5)},
        kinks=tied_pieces,
        patterns=SHARP,
        workload={"N": 64, "D": 64, "K": 4, "M": 64},
        convention="K affine pieces a unit, the largest wins: w is (K, D, M), b is (K, M).",
        source="Goodfellow et al. 2013, section 2",
    ),
    Row(
        "softmax",
        (Arg("x", "N C"),),
        softmax,
        CLASSES,
        hostile=hostile.SOFTMAX,
        workload={"N": 128, "C": 256},
        convention="Over the last axis, each row on its own.",
        source="Goodfellow et al. 2016, eq. 6.29",
    ),
    Row(
        "log_softmax",
        (Arg("x", "N C"),),
        log_softmax,
        CLASSES,
        hostile=hostile.LOG_SOFTMAX,
        workload={"N": 128, "C": 256},
        convention="Over the last axis; natural logarithm.",
        source="Goodfellow et al. 2016, eq. 6.30",
    ),
    Row(
        "logsumexp",
        (Arg("x", "N C"),),
        logsumexp,
        CLASSES,
        hostile=hostile.LOGSUMEXP,
        workload={"N": 128, "C": 256},
        convention="Over the last axis, (N, C) to (N,).",
        source="Blanchard, Higham & Higham 2021, eq. 1.1",
    ),
)
