"""Unit 02.  Marta S.  At a kink I take whichever slope is handy."""
import numpy as np


def reduce(losses, reduction):
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    return losses


def spread(dloss, n, reduction, dtype):
    """What every single sample gets of dloss, as a column (n, 1)."""
    if reduction == "none":
        return dloss[:, None]
    share = dloss / n if reduction == "mean" else dloss
    return np.full((n, 1), share, dtype=dtype)


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def squared_loss_forward(pred, target, *, reduction="mean"):
    diff = pred - target
    return reduce((diff**2).sum(axis=1), reduction), (diff, reduction)


def squared_loss_backward(dloss, cache):
    diff, reduction = cache
    return 2 * diff * spread(dloss, len(diff), reduction, diff.dtype)


def absolute_loss_forward(pred, target, *, reduction="mean"):
    diff = pred - target
    return reduce(np.abs(diff).sum(axis=1), reduction), (diff, reduction)


def absolute_loss_backward(dloss, cache):
    diff, reduction = cache
    return np.copysign(1, diff + 0) * spread(dloss, len(diff), reduction, diff.dtype)


def zero_one_loss(predicted, labels, *, reduction="mean"):
    return reduce((predicted != labels).astype(float), reduction)


def nll_loss_forward(log_probs, labels, *, reduction="mean"):
    losses = -log_probs[np.arange(len(labels)), labels]
    return reduce(losses, reduction), (log_probs, labels, reduction)


def nll_loss_backward(dloss, cache):
    log_probs, labels, reduction = cache
    n = len(labels)
    d = np.zeros_like(log_probs)
    d[np.arange(n), labels] = -1
    return d * spread(dloss, n, reduction, d.dtype)


# log_softmax followed by nll
def cross_entropy_forward(logits, labels, *, reduction="mean"):
    logp = log_softmax(logits)
    loss, _ = nll_loss_forward(logp, labels, reduction=reduction)
    return loss, (logp, labels, reduction)


def cross_entropy_backward(dloss, cache):
    logp, labels, reduction = cache
    n = len(labels)
    d = np.exp(logp)
    d[np.arange(n), labels] -= 1
    return d * spread(dloss, n, reduction, d.dtype)


def soft_cross_entropy_forward(logits, targets, *, reduction="mean"):
    logp = log_softmax(logits)
    return reduce(-(targets * logp).sum(axis=1), reduction), (logp, targets, reduction)


def soft_cross_entropy_backward(dloss, cache):
    logp, targets, reduction = cache
    d = np.exp(logp) * targets.sum(axis=1, keepdims=True) - targets
    return d * spread(dloss, len(d), reduction, d.dtype)


def cross_entropy_from_probs_forward(probs, targets, *, reduction="mean"):
    losses = -(targets * np.log(probs)).sum(axis=1)
    return reduce(losses, reduction), (probs, targets, reduction)


def cross_entropy_from_probs_backward(dloss, cache):
    probs, targets, reduction = cache
    return -targets / probs * spread(dloss, len(probs), reduction, probs.dtype)


def binary_cross_entropy_forward(logits, targets, *, reduction="mean"):
    z = logits
    losses = np.maximum(z, 0) - z * targets + np.log1p(np.exp(-np.abs(z)))
    return reduce(losses, reduction), (z, targets, reduction)


def binary_cross_entropy_backward(dloss, cache):
    z, targets, reduction = cache
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, e) / (1 + e)
    return (p - targets) * spread(dloss, len(z), reduction, z.dtype)[:, 0]


def hinge_loss_forward(scores, signs, *, reduction="mean"):
    room = 1 - signs * scores
    return reduce(np.maximum(0, room), reduction), (room, signs, reduction)


def hinge_loss_backward(dloss, cache):
    room, signs, reduction = cache
    return np.where(room >= 0, -signs, 0) * spread(dloss, len(signs), reduction, room.dtype)[:, 0]


def multiclass_hinge_loss_forward(scores, labels, *, margin=1.0, reduction="mean"):
    rows = np.arange(len(labels))
    margins = scores - scores[rows, labels][:, None] + margin
    margins[rows, labels] = -1
    return reduce(np.maximum(0, margins).sum(axis=1), reduction), (margins, labels, reduction)


def multiclass_hinge_loss_backward(dloss, cache):
    margins, labels, reduction = cache
    d = (margins >= 0).astype(margins.dtype)
    # every violated margin also pushes the right class up
    d[np.arange(len(labels)), labels] = -d.sum(axis=1)
    return d * spread(dloss, len(labels), reduction, d.dtype)


def exponential_loss_forward(scores, signs, *, reduction="mean"):
    losses = np.exp(-signs * scores)
    return reduce(losses, reduction), (losses, signs, reduction)


def exponential_loss_backward(dloss, cache):
    losses, signs, reduction = cache
    return -signs * losses * spread(dloss, len(signs), reduction, losses.dtype)[:, 0]


def regularised_objective_forward(losses, weights, *, l2):
    penalty = 0
    for w in weights:
        penalty = penalty + (w**2).sum()
    return losses.sum() + l2 / 2 * penalty, (losses, weights, l2)


def regularised_objective_backward(dJ, cache):
    losses, weights, l2 = cache
    return dJ * np.ones_like(losses), [dJ * l2 * w for w in weights]
