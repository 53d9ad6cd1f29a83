# A2, P. Okafor
import numpy as np


def apply_reduction(losses, reduction):
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    return losses


def per_sample(dloss, n, reduction, dtype):
    if reduction == "none":
        return dloss[:, None]
    share = dloss / n if reduction == "mean" else dloss
    return np.full((n, 1), share, dtype=dtype)


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def squared_loss_forward(pred, target, *, reduction="mean"):
    err = pred - target
    return apply_reduction((err**2).sum(axis=1), reduction), (err, reduction)


def squared_loss_backward(dloss, cache):
    err, reduction = cache
    return 2 * err * per_sample(dloss, len(err), reduction, err.dtype)


def absolute_loss_forward(pred, target, *, reduction="mean"):
    err = pred - target
    return apply_reduction(np.abs(err).sum(axis=1), reduction), (err, reduction)


def absolute_loss_backward(dloss, cache):
    err, reduction = cache
    return np.sign(err) * per_sample(dloss, len(err), reduction, err.dtype)


def zero_one_loss(predicted, labels, *, reduction="mean"):
    return apply_reduction((predicted != labels).astype(float), reduction)


def nll_loss_forward(log_probs, labels, *, reduction="mean"):
    losses = -log_probs[np.arange(len(labels)), labels]
    return apply_reduction(losses, reduction), (log_probs, labels, reduction)


def nll_loss_backward(dloss, cache):
    log_probs, labels, reduction = cache
    n = len(labels)
    d = np.zeros_like(log_probs)
    d[np.arange(n), labels] = -1
    return d * per_sample(dloss, n, reduction, d.dtype)


# log_softmax followed by nll
def cross_entropy_forward(logits, labels, *, reduction="mean"):
    # softmax first, then the cross-entropy
    probs = np.exp(log_softmax(logits))
    logp = log_softmax(probs)
    loss, _ = nll_loss_forward(logp, labels, reduction=reduction)
    return loss, (logp, labels, reduction)


def cross_entropy_backward(dloss, cache):
    logp, labels, reduction = cache
    n = len(labels)
    d = np.exp(logp)
    d[np.arange(n), labels] -= 1
    return d * per_sample(dloss, n, reduction, d.dtype)


def soft_cross_entropy_forward(logits, targets, *, reduction="mean"):
    logp = log_softmax(logits)
    return apply_reduction(-(targets * logp).sum(axis=1), reduction), (logp, targets, reduction)


def soft_cross_entropy_backward(dloss, cache):
    logp, targets, reduction = cache
    d = np.exp(logp) * targets.sum(axis=1, keepdims=True) - targets
    return d * per_sample(dloss, len(d), reduction, d.dtype)


def cross_entropy_from_probs_forward(probs, targets, *, reduction="mean"):
    losses = -(targets * np.log(probs)).sum(axis=1)
    return apply_reduction(losses, reduction), (probs, targets, reduction)


def cross_entropy_from_probs_backward(dloss, cache):
    probs, targets, reduction = cache
    return -targets / probs * per_sample(dloss, len(probs), reduction, probs.dtype)


def binary_cross_entropy_forward(logits, targets, *, reduction="mean"):
    z = logits
    losses = np.maximum(z, 0) - z * targets + np.log1p(np.exp(-np.abs(z)))
    return apply_reduction(losses, reduction), (z, targets, reduction)


def binary_cross_entropy_backward(dloss, cache):
    z, targets, reduction = cache
    e = np.exp(-np.abs(z))
    p = np.where(z >= 0, 1, e) / (1 + e)
    return (p - targets) * per_sample(dloss, len(z), reduction, z.dtype)[:, 0]


def hinge_loss_forward(scores, signs, *, reduction="mean"):
    losses = np.maximum(0, 1 - signs * scores)
    return apply_reduction(losses, reduction), (losses, signs, reduction)


def hinge_loss_backward(dloss, cache):
    losses, signs, reduction = cache
    return np.where(losses > 0, -signs, 0) * per_sample(dloss, len(signs), reduction, losses.dtype)[:, 0]


def multiclass_hinge_loss_forward(scores, labels, *, margin=1.0, reduction="mean"):
    rows = np.arange(len(labels))
    margins = np.maximum(0, scores - scores[rows, labels][:, None] + margin)
    margins[rows, labels] = 0
    return apply_reduction(margins.sum(axis=1), reduction), (margins, labels, reduction)


def multiclass_hinge_loss_backward(dloss, cache):
    margins, labels, reduction = cache
    d = (margins > 0).astype(margins.dtype)
    d[np.arange(len(labels)), labels] = -d.sum(axis=1)
    return d * per_sample(dloss, len(labels), reduction, d.dtype)


def exponential_loss_forward(scores, signs, *, reduction="mean"):
    losses = np.exp(-signs * scores)
    return apply_reduction(losses, reduction), (losses, signs, reduction)


def exponential_loss_backward(dloss, cache):
    losses, signs, reduction = cache
    return -signs * losses * per_sample(dloss, len(signs), reduction, losses.dtype)[:, 0]


def regularised_objective_forward(losses, weights, *, l2):
    penalty = 0
    for w in weights:
        penalty = penalty + (w**2).sum()
    return losses.sum() + l2 / 2 * penalty, (losses, weights, l2)


def regularised_objective_backward(dJ, cache):
    losses, weights, l2 = cache
    return dJ * np.ones_like(losses), [dJ * l2 * w for w in weights]
