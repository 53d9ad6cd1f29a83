"""Losses of numbers and margins, and the adversarial ones."""

import numpy as np

from reference.checks import require, require_shape
from reference.fast.activations import by_pieces, sigmoid_forward, softplus_forward
from reference.fast.pieces import flat, ones, per_sample, reduced, require_classes, row_scratch, row_slices, zeros
from reference.namespace import Array, Cache, in_dtype_of


def squared_loss_forward(pred: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """As reference.regression_losses.squared_loss_forward."""
    difference = _difference(pred, target)
    if reduction == "none":
        return np.vecdot(difference, difference), (difference, reduction)
    return reduced(_sum_of_squares(difference), reduction, len(pred)), (difference, reduction)


def squared_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.regression_losses.squared_loss_backward."""
    difference, reduction = cache
    upstream = 2 * per_sample(dloss, reduction, len(difference), difference.dtype)
    return difference * (upstream[:, None] if upstream.ndim else upstream)


def absolute_loss_forward(pred: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """As reference.regression_losses.absolute_loss_forward."""
    difference = _difference(pred, target)
    losses = np.empty(len(pred), pred.dtype)
    room = row_scratch(pred.shape, pred.dtype)
    for rows in row_slices(*pred.shape):
        sizes = np.abs(difference[rows], out=room[: len(losses[rows])])
        np.matmul(sizes, ones(pred.shape[1], pred.dtype), out=losses[rows])
    return losses if reduction == "none" else reduced(losses.sum(), reduction, len(losses)), (difference, reduction)


def absolute_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.regression_losses.absolute_loss_backward."""
    difference, reduction = cache
    upstream = per_sample(dloss, reduction, len(difference), difference.dtype)
    dpred = np.empty(difference.shape, difference.dtype)
    room = row_scratch(difference.shape, difference.dtype)
    for rows in row_slices(*difference.shape):
        here = dpred[rows]
        # Two comparisons take half as long as np.sign does.
        here[...] = difference[rows] > 0
        below = room[: len(here)]
        below[...] = difference[rows] < 0
        here -= below
        here *= upstream[rows, None] if upstream.ndim else upstream
    return dpred


def binary_cross_entropy_forward(logits: Array, targets: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """As reference.classification_losses.binary_cross_entropy_forward."""
    require_shape("logits", logits, ("N",))
    require_shape("targets", targets, logits.shape)
    if targets.size and not (targets.min() >= 0 and targets.max() <= 1):
        raise ValueError("targets has values that are not in [0, 1]")
    targets = in_dtype_of(targets, logits)
    losses = by_pieces(_binary_cross_entropy, logits, targets)
    return losses if reduction == "none" else reduced(losses.sum(), reduction, len(losses)), (
        logits,
        targets,
        reduction,
    )


def binary_cross_entropy_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.classification_losses.binary_cross_entropy_backward."""
    logits, targets, reduction = cache
    dlogits, _ = sigmoid_forward(logits)
    dlogits -= targets
    dlogits *= per_sample(dloss, reduction, len(logits), logits.dtype)
    return dlogits


def _binary_cross_entropy(z: Array, y: Array, room: Array, loss: Array) -> None:
    np.abs(z, out=room)
    np.negative(room, out=room)
    np.exp(room, out=room)
    np.log1p(room, out=room)
    np.maximum(z, zeros(z.dtype)[: z.size], out=loss)
    loss += room
    np.multiply(z, y, out=room)
    loss -= room


def multiclass_hinge_loss_forward(
    scores: Array, labels: Array, *, margin: float = 1.0, reduction: str = "mean"
) -> tuple[Array, Cache]:
    """As reference.margin_losses.multiclass_hinge_loss_forward."""
    require_shape("scores", scores, ("N", "C"))
    samples, classes = scores.shape
    require_shape("labels", labels, (samples,))
    require_classes("labels", labels, classes)
    own = scores[np.arange(samples), labels] - scores.dtype.type(margin)
    violators, losses = np.empty(scores.shape, bool), np.empty(samples, scores.dtype)
    room = row_scratch(scores.shape, scores.dtype)
    for rows in row_slices(samples, classes):
        violation = np.subtract(scores[rows], own[rows, None], out=room[: len(losses[rows])])
        # The true class does not compete with itself.
        violation[np.arange(len(violation)), labels[rows]] = 0
        np.greater(violation, 0, out=violators[rows])
        violation *= violators[rows]
        np.matmul(violation, ones(classes, scores.dtype), out=losses[rows])
    loss = losses if reduction == "none" else reduced(losses.sum(), reduction, samples)
    return loss, (violators, labels, scores.dtype, reduction)


def multiclass_hinge_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.margin_losses.multiclass_hinge_loss_backward."""
    violators, labels, dtype, reduction = cache
    samples = len(labels)
    upstream = per_sample(dloss, reduction, samples, dtype)
    dscores = np.empty(violators.shape, dtype)
    counts = np.empty(samples, dtype)
    for rows in row_slices(*violators.shape):
        here = dscores[rows]
        here[...] = violators[rows]
        np.matmul(here, ones(here.shape[1], dtype), out=counts[rows])
        here *= upstream[rows, None] if upstream.ndim else upstream
    dscores[np.arange(samples), labels] = -counts * upstream
    return dscores


def discriminator_loss_forward(real: Array, fake: Array) -> tuple[Array, Cache]:
    """As reference.adversarial.discriminator_loss_forward."""
    for name, logits in (("real", real), ("fake", fake)):
        require_shape(name, logits, ("N",))
        require(logits.shape[0] >= 1, name, "empty", "one sample at least")
    return _mean_softplus(-real) + _mean_softplus(fake), (real, fake)


def discriminator_loss_backward(dloss: Array | float, cache: Cache) -> tuple[Array, Array]:
    """As reference.adversarial.discriminator_loss_backward."""
    real, fake = cache
    return _mean_sigmoid(-real, dloss, -1), _mean_sigmoid(fake, dloss, 1)


def generator_loss_forward(fake: Array, *, kind: str = "non-saturating") -> tuple[Array, Cache]:
    """As reference.adversarial.generator_loss_forward."""
    require_shape("fake", fake, ("N",))
    require(fake.shape[0] >= 1, "fake", "empty", "one sample at least")
    require(kind in ("minimax", "non-saturating"), "kind", repr(kind), '"minimax" or "non-saturating"')
    sign = 1 if kind == "non-saturating" else -1
    return sign * _mean_softplus(-sign * fake), (fake, sign)


def generator_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.adversarial.generator_loss_backward."""
    fake, sign = cache
    return _mean_sigmoid(-sign * fake, dloss, -1)


# --- what they share ---


def _mean_softplus(x: Array) -> Array:
    return softplus_forward(x)[0].mean()


def _mean_sigmoid(x: Array, dloss: Array | float, sign: int) -> Array:
    dloss = np.asarray(dloss, x.dtype)
    require_shape("dloss", dloss, ())
    slope, _ = sigmoid_forward(x)
    slope *= sign * dloss / x.dtype.type(len(x))
    return slope


def _difference(pred: Array, target: Array) -> Array:
    require_shape("pred", pred, ("N", "M"))
    require_shape("target", target, pred.shape)
    return pred - in_dtype_of(target, pred)


def _sum_of_squares(difference: Array) -> Array:
    values = flat(difference)
    return np.vecdot(values, values)
