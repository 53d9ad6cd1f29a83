"""Unit 02: losses and the objective (curriculum section 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from graders.specs import hostile
from graders.specs.activations import CLASSES, SHARP, log_softmax, softplus
from graders.specs.row import Arg, Axes, Row

REDUCTIONS = ("mean", "sum", "none")
REGRESSION = {"N": (2, 6), "M": (2, 5)}
SAMPLES = {"N": (2, 7)}


def reduced(per_sample: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The oracle of a loss: per-sample losses (N,), then their mean, their sum, or themselves."""

    def loss(*args: Tensor, reduction: str, **options: Any) -> Tensor:
        losses = per_sample(*args, **options)
        if reduction == "none":
            return losses
        return losses.sum() / (losses.numel() if reduction == "mean" else 1)

    return loss


def pick(table: Tensor, labels: Tensor) -> Tensor:
    """Entry labels[n] of row n, as (N,)."""
    return table.gather(1, labels[:, None]).squeeze(1)


def multiclass_margins(scores: Tensor, labels: Tensor, margin: float) -> Tensor:
    """s_j - s_y + margin, (N, C), and 0 at j = y."""
    margins = scores - pick(scores, labels)[:, None] + margin
    return margins.scatter(1, labels[:, None], 0.0)


def regularised_objective(losses: Tensor, weights: list[Tensor], *, l2: float) -> Tensor:
    """Sum of the losses plus l2/2 times the sum of all squared weights."""
    return losses.sum() + 0.5 * l2 * torch.stack([(w * w).sum() for w in weights]).sum()


def at_equality(args: Mapping[str, Any]) -> dict[str, Any]:
    """|pred - target| has a corner where they agree."""
    return {"pred": args["pred"] == args["target"]}


def at_the_margin(args: Mapping[str, Any]) -> dict[str, Any]:
    """The binary hinge opens at y f = 1."""
    return {"scores": args["scores"] * args["signs"] == 1}


def at_a_class_margin(args: Mapping[str, Any]) -> bool:
    """True when some class is exactly at the margin: its count is a matter of taste there."""
    scores, labels = torch.as_tensor(args["scores"]), torch.as_tensor(args["labels"])
    margins = scores - pick(scores, labels)[:, None] + args["margin"]
    return bool((margins.abs() < 1e-9).any())


def layer_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """Two weight matrices, (D, H) and (H, M)."""
    return [(axes["D"], axes["H"]), (axes["H"], axes["M"])]


def loss_row(name: str, args: tuple[Arg, ...], per_sample: Callable[..., Tensor], **fields: Any) -> Row:
    """A row with the three reductions; the mean over no samples is undefined, so no empty batch."""
    options = {**fields.pop("options", {}), "reduction": REDUCTIONS}
    return Row(name, args, reduced(per_sample), outputs=("loss",), options=options, empty="", **fields)


LABELS = Arg("labels", "N", "labels C", differentiable=False)
SIGNS = Arg("signs", "N", "signs", differentiable=False)
REGRESSION_ARGS = (Arg("pred", "N M"), Arg("target", "N M", differentiable=False))

ROWS = (
    loss_row(
        "squared_loss",
        REGRESSION_ARGS,
        lambda pred, target: ((pred - target) ** 2).sum(-1),
        axes=REGRESSION,
        workload={"N": 256, "M": 128},
        convention="Sum over the M outputs of a sample, no factor 1/2; then the reduction over samples.",
        source="Bishop 2006, eq. 1.2 without its 1/2",
    ),
    loss_row(
        "absolute_loss",
        REGRESSION_ARGS,
        lambda pred, target: (pred - target).abs().sum(-1),
        axes=REGRESSION,
        kinks=at_equality,
        workload={"N": 256, "M": 128},
        convention="Sum over the M outputs of a sample. Where they agree any slope in [-1, 1] passes.",
        source="Hastie et al. 2009, section 10.6",
    ),
    loss_row(
        "zero_one_loss",
        (Arg("predicted", "N", "labels C"), LABELS),
        lambda predicted, labels: (predicted != labels).double(),
        axes=CLASSES,
        kind="function",
        convention="1 for a wrong class, 0 for a right one; a metric, it has no gradient. Returns float64.",
        source="Hastie et al. 2009, section 2.4",
    ),
    loss_row(
        "nll_loss",
        (Arg("log_probs", "N C", "log probabilities"), LABELS),
        lambda log_probs, labels: -pick(log_probs, labels),
        axes=CLASSES,
        workload={"N": 256, "C": 256},
        convention="Takes log-probabilities; the gradient is with respect to them, not to logits.",
        source="Goodfellow et al. 2016, eq. 5.58",
    ),
    loss_row(
        "cross_entropy",
        (Arg("logits", "N C"), LABELS),
        lambda logits, labels: -pick(log_softmax(logits), labels),
        axes=CLASSES,
        hostile=hostile.CROSS_ENTROPY,
        workload={"N": 128, "C": 256},
        convention="From logits and a class index; softmax is inside.",
        source="Goodfellow et al. 2016, eq. 6.30",
    ),
    loss_row(
        "soft_cross_entropy",
        (Arg("logits", "N C"), Arg("targets", "N C", "targets", differentiable=False)),
        lambda logits, targets: -(targets * log_softmax(logits)).sum(-1),
        axes=CLASSES,
        hostile=hostile.CROSS_ENTROPY,
        workload={"N": 128, "C": 256},
        convention="From logits; a target row is one-hot or any distribution.",
        source="Goodfellow et al. 2016, eq. 3.51",
    ),
    loss_row(
        "cross_entropy_from_probs",
        (Arg("probs", "N C", "probabilities"), Arg("targets", "N C", "targets", differentiable=False)),
        lambda probs, targets: -(targets * torch.log(probs)).sum(-1),
        axes=CLASSES,
        examples=({"probs": [[0.3, 0.3, 0.4]], "targets": [[0.0, 0.0, 1.0]]},),
        workload={"N": 128, "C": 256},
        convention="Takes probabilities as they are: no softmax inside, nothing added under the logarithm.",
        source="Goodfellow et al. 2016, eq. 3.51",
    ),
    loss_row(
        "binary_cross_entropy",
        (Arg("logits", "N"), Arg("targets", "N", "unit", differentiable=False)),
        lambda logits, targets: softplus(logits) - targets * logits,
        axes=SAMPLES,
        hostile=hostile.BINARY_CROSS_ENTROPY,
        workload={"N": 16384},
        convention="From logits; a target is any number in [0, 1].",
        source="Bishop 2006, eq. 4.90",
    ),
    loss_row(
        "hinge_loss",
        (Arg("scores", "N"), SIGNS),
        lambda scores, signs: torch.relu(1 - signs * scores),
        axes=SAMPLES,
        kinks=at_the_margin,
        workload={"N": 32768},
        convention="max(0, 1 - y f) with y = +1 or -1.",
        source="Cortes & Vapnik 1995",
    ),
    loss_row(
        "multiclass_hinge_loss",
        (Arg("scores", "N C"), LABELS),
        lambda scores, labels, *, margin: torch.relu(multiclass_margins(scores, labels, margin)).sum(-1),
        axes=CLASSES,
        options={"margin": (1.0, 0.5, 2.0)},
        kinks=at_a_class_margin,
        patterns=SHARP,
        workload={"N": 128, "C": 256},
        convention="Sum over the wrong classes of max(0, s_j - s_y + margin).",
        source="Weston & Watkins 1999, eq. 4",
    ),
    loss_row(
        "exponential_loss",
        (Arg("scores", "N"), SIGNS),
        lambda scores, signs: torch.exp(-signs * scores),
        axes=SAMPLES,
        workload={"N": 32768},
        convention="exp(-y f) with y = +1 or -1.",
        source="Freund & Schapire 1997; Hastie et al. 2009, eq. 10.8",
    ),
    Row(
        "regularised_objective",
        (Arg("losses", "N"), Arg("weights", layer_shapes)),
        regularised_objective,
        {"N": (2, 6), "D": (2, 4), "H": (2, 5), "M": (2, 4)},
        outputs=("J",),
        options={"l2": (0.1, 0.0, 2.5)},
        batch="",
        workload={"N": 1024, "D": 128, "H": 256, "M": 128},
        convention="J = sum of losses + l2/2 times the squared Frobenius norms; a sum, as in the USTC slides.",
        source="Goodfellow et al. 2016, eq. 7.1-7.2",
    ),
)
