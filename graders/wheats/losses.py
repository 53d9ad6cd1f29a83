"""Unit 02: losses and the objective, written other ways."""

from graders.misconceptions.variant import Variant

# Ways to reduce the losses of samples, and to undo it.
BY_TABLE = """
import numpy as np

REDUCE = {"mean": np.mean, "sum": np.sum, "none": lambda losses: losses}


def each(dloss, reduction, n):
    if reduction == "none":
        return dloss
    share = np.full(n, dloss)
    return share / n if reduction == "mean" else share

"""
BY_WEIGHTS = """
import numpy as np


def weights_of(losses, reduction):
    if reduction == "none":
        return np.eye(len(losses), dtype=losses.dtype)
    w = np.ones(len(losses), losses.dtype)
    return w / len(losses) if reduction == "mean" else w

"""
BY_LOOP = """
import math

import numpy as np


def reduced(losses, reduction, dtype):
    if reduction == "none":
        return np.array(losses, dtype)
    total = 0.0
    for loss in losses:
        total += loss
    return np.array(total / len(losses) if reduction == "mean" else total, dtype)


def share(dloss, reduction, n, total):
    if reduction == "none":
        return float(dloss[n])
    return float(dloss) / total if reduction == "mean" else float(dloss)

"""

SQUARED = (
    Variant(
        "squared_loss",
        "loops",
        source=BY_LOOP
        + """
def squared_loss_forward(pred, target, *, reduction="mean"):
    losses = []
    for p, t in zip(pred.tolist(), target.tolist()):
        losses.append(sum((a - b) ** 2 for a, b in zip(p, t)))
    return reduced(losses, reduction, pred.dtype), (pred, target, reduction)


def squared_loss_backward(dloss, cache):
    pred, target, reduction = cache
    dpred = np.empty_like(pred)
    for n, m in np.ndindex(*pred.shape):
        dpred[n, m] = 2 * (pred[n, m] - target[n, m]) * share(dloss, reduction, n, len(pred))
    return dpred
""",
    ),
    Variant(
        "squared_loss",
        "norms_and_weights",
        source=BY_WEIGHTS
        + """
def squared_loss_forward(pred, target, *, reduction="mean"):
    d = target - pred
    losses = np.linalg.norm(d, axis=1) ** 2
    w = weights_of(losses, reduction)
    return w @ losses, {"d": d, "w": w}


def squared_loss_backward(dloss, cache):
    return -2 * np.expand_dims(dloss * cache["w"] if cache["w"].ndim < 2 else dloss @ cache["w"], 1) * cache["d"]
""",
    ),
    Variant(
        "squared_loss",
        "einsum_closure",
        source=BY_TABLE
        + """
def squared_loss_forward(pred, target, *, reduction="mean"):
    d = pred - target

    def back(dloss):
        u = each(dloss, reduction, len(d))
        return np.einsum("n,nm->nm", u + u, d)

    return REDUCE[reduction](np.einsum("nm,nm->n", d, d)), back


def squared_loss_backward(dloss, cache):
    return cache(dloss)
""",
    ),
    Variant(
        "squared_loss",
        "in_place_whole_array",
        source="""
import numpy as np


def squared_loss_forward(pred, target, *, reduction="mean"):
    d = np.subtract(pred, target)
    if reduction == "none":
        return np.square(d).sum(-1), (d, 2)
    n = d.shape[0] if reduction == "mean" else 1
    return np.vdot(d, d) / n, (d, 2 / n)


def squared_loss_backward(dloss, cache):
    d, factor = cache
    dpred = d * factor
    dpred *= dloss if dloss.ndim == 0 else dloss.reshape(-1, 1)
    return dpred
""",
    ),
)

ABSOLUTE = (
    Variant(
        "absolute_loss",
        "loops_slope_minus_one_at_zero",
        source=BY_LOOP
        + """
def absolute_loss_forward(pred, target, *, reduction="mean"):
    losses = [math.fsum(abs(a - b) for a, b in zip(*rows)) for rows in zip(pred.tolist(), target.tolist())]
    return reduced(losses, reduction, pred.dtype), (pred, target, reduction)


def absolute_loss_backward(dloss, cache):
    pred, target, reduction = cache
    dpred = np.zeros_like(pred)
    for n in range(len(pred)):
        for m in range(pred.shape[1]):
            sign = 1 if pred[n, m] > target[n, m] else -1
            dpred[n, m] = sign * share(dloss, reduction, n, len(pred))
    return dpred
""",
    ),
    Variant(
        "absolute_loss",
        "norm_where_above",
        source=BY_TABLE
        + """
def absolute_loss_forward(pred, target, *, reduction="mean"):
    losses = np.linalg.norm(pred - target, ord=1, axis=1)
    return REDUCE[reduction](losses), (pred >= target, reduction)


def absolute_loss_backward(dloss, cache):
    above, reduction = cache
    u = each(dloss, reduction, len(above))[:, None]
    return np.where(above, u, -u)
""",
    ),
    Variant(
        "absolute_loss",
        "larger_less_smaller",
        source=BY_WEIGHTS
        + """
def absolute_loss_forward(pred, target, *, reduction="mean"):
    losses = (np.maximum(pred, target) - np.minimum(pred, target)).sum(axis=1)
    w = weights_of(losses, reduction)
    return np.dot(w, losses), (np.sign(pred - target), w)


def absolute_loss_backward(dloss, cache):
    sign, w = cache
    u = np.dot(dloss, w)
    return sign * u[:, None]
""",
    ),
)

ZERO_ONE = (
    Variant(
        "zero_one_loss",
        "counted",
        source="""
import numpy as np


def zero_one_loss(predicted, labels, *, reduction="mean"):
    if reduction == "none":
        return np.where(predicted == labels, 0.0, 1.0)
    wrong = np.count_nonzero(predicted - labels)
    return float(wrong) if reduction == "sum" else wrong / labels.size
""",
    ),
    Variant(
        "zero_one_loss",
        "one_less_accuracy",
        source="""
import numpy as np


def zero_one_loss(predicted, labels, *, reduction="mean"):
    right = np.equal(predicted, labels).astype(float)
    if reduction == "mean":
        return 1 - right.mean()
    return len(right) - right.sum() if reduction == "sum" else 1 - right
""",
    ),
    Variant(
        "zero_one_loss",
        "loops",
        source="""
import numpy as np


def zero_one_loss(predicted, labels, *, reduction="mean"):
    losses = np.zeros(len(labels))
    for n, label in enumerate(labels):
        if predicted[n] != label:
            losses[n] = 1
    if reduction == "none":
        return losses
    return np.array(sum(losses) / (len(losses) if reduction == "mean" else 1))
""",
    ),
)

NLL = (
    Variant(
        "nll_loss",
        "loops",
        source=BY_LOOP
        + """
def nll_loss_forward(log_probs, labels, *, reduction="mean"):
    losses = [-float(log_probs[n, c]) for n, c in enumerate(labels)]
    return reduced(losses, reduction, log_probs.dtype), (log_probs, labels, reduction)


def nll_loss_backward(dloss, cache):
    log_probs, labels, reduction = cache
    d = np.zeros_like(log_probs)
    for n, c in enumerate(labels):
        d[n, c] = -share(dloss, reduction, n, len(labels))
    return d
""",
    ),
    Variant(
        "nll_loss",
        "one_hot_product",
        source=BY_WEIGHTS
        + """
def nll_loss_forward(log_probs, labels, *, reduction="mean"):
    y = np.eye(log_probs.shape[1], dtype=log_probs.dtype)[labels]
    losses = -np.sum(y * log_probs, axis=1)
    w = weights_of(losses, reduction)
    return w @ losses, (y, w)


def nll_loss_backward(dloss, cache):
    y, w = cache
    return -(np.dot(dloss, w) * y.T).T
""",
    ),
    Variant(
        "nll_loss",
        "along_axis",
        source=BY_TABLE
        + """
def nll_loss_forward(log_probs, labels, *, reduction="mean"):
    chosen = np.take_along_axis(log_probs, labels[:, None], axis=1)
    cache = {"shape": log_probs.shape, "at": labels[:, None], "reduction": reduction}
    return REDUCE[reduction](-chosen[:, 0]), cache


def nll_loss_backward(dloss, cache):
    d = np.zeros(cache["shape"], dloss.dtype)
    np.put_along_axis(d, cache["at"], -each(dloss, cache["reduction"], len(d))[:, None], axis=1)
    return d
""",
    ),
    Variant(
        "nll_loss",
        "trace_and_scatter",
        source=BY_TABLE
        + """
def nll_loss_forward(log_probs, labels, *, reduction="mean"):
    losses = np.negative(np.diagonal(log_probs[:, labels]))
    return REDUCE[reduction](losses), (log_probs.shape, labels, reduction)


def nll_loss_backward(dloss, cache):
    shape, labels, reduction = cache
    d = np.zeros(shape[0] * shape[1], dloss.dtype)
    np.subtract.at(d, np.arange(shape[0]) * shape[1] + labels, each(dloss, reduction, shape[0]))
    return d.reshape(shape)
""",
    ),
)

CROSS_ENTROPY = (
    Variant(
        "cross_entropy",
        "logaddexp_less_score",
        source=BY_TABLE
        + """
def cross_entropy_forward(logits, labels, *, reduction="mean"):
    rows = np.arange(len(labels))
    losses = np.logaddexp.reduce(logits, axis=1) - logits[rows, labels]
    return REDUCE[reduction](losses), (logits, rows, labels, reduction)


def cross_entropy_backward(dloss, cache):
    logits, rows, labels, reduction = cache
    d = np.exp(logits - logits.max(axis=1, keepdims=True))
    d /= d.sum(axis=1, keepdims=True)
    d[rows, labels] -= 1
    d *= each(dloss, reduction, len(d))[:, None]
    return d
""",
    ),
    Variant(
        "cross_entropy",
        "logaddexp_of_differences",
        source=BY_WEIGHTS
        + """
def cross_entropy_forward(logits, labels, *, reduction="mean"):
    ahead = logits - np.take_along_axis(logits, labels[:, None], axis=1)
    losses = np.logaddexp.reduce(ahead, axis=1)
    w = weights_of(losses, reduction)
    return np.dot(w, losses), (np.exp(ahead - losses[:, None]), labels, w)


def cross_entropy_backward(dloss, cache):
    p, labels, w = cache
    y = np.equal.outer(labels, np.arange(p.shape[1]))
    return np.dot(dloss, w)[:, None] * (p - y)
""",
    ),
    Variant(
        "cross_entropy",
        "sample_by_sample",
        source=BY_LOOP
        + """
def cross_entropy_forward(logits, labels, *, reduction="mean"):
    losses, probs = [], []
    for row, label in zip(logits.tolist(), labels.tolist()):
        top = max(row)
        e = [math.exp(z - top) for z in row]
        losses.append(math.log(sum(e)) - (row[label] - top))
        probs.append([one / sum(e) for one in e])
    return reduced(losses, reduction, logits.dtype), (probs, labels, reduction, logits.dtype)


def cross_entropy_backward(dloss, cache):
    probs, labels, reduction, dtype = cache
    d = np.array(probs)
    for n, label in enumerate(labels):
        d[n, label] -= 1
        d[n] *= share(dloss, reduction, n, len(labels))
    return d.astype(dtype)
""",
    ),
    Variant(
        "cross_entropy",
        "wrong_classes_first",
        source=BY_TABLE
        + """
def cross_entropy_forward(logits, labels, *, reduction="mean"):
    z = logits.T - np.amax(logits, axis=1)
    log_total = np.log(np.einsum("cn->n", np.exp(z)))
    losses = log_total - z[labels, range(len(labels))]

    def back(dloss):
        d = np.exp(z - log_total)
        d[labels, range(len(labels))] = 0
        d[labels, range(len(labels))] = -d.sum(axis=0)
        return d.T * each(dloss, reduction, len(labels)).reshape(-1, 1)

    return REDUCE[reduction](losses), back


def cross_entropy_backward(dloss, cache):
    return cache(dloss)
""",
    ),
)

SOFT_CROSS_ENTROPY = (
    Variant(
        "soft_cross_entropy",
        "weighted_logsumexp",
        source=BY_TABLE
        + """
def soft_cross_entropy_forward(logits, targets, *, reduction="mean"):
    z = logits - logits.max(axis=1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=1)
    losses = np.log(total) * targets.sum(axis=1) - np.einsum("nc,nc->n", targets, z)
    return REDUCE[reduction](losses), {"d": e / total[:, None] - targets, "reduction": reduction}


def soft_cross_entropy_backward(dloss, cache):
    return cache["d"] * each(dloss, cache["reduction"], len(cache["d"]))[:, None]
""",
    ),
    Variant(
        "soft_cross_entropy",
        "class_by_class",
        source=BY_WEIGHTS
        + """
def soft_cross_entropy_forward(logits, targets, *, reduction="mean"):
    losses = np.zeros_like(logits[:, 0])
    for c in range(logits.shape[1]):
        losses += targets[:, c] * np.logaddexp.reduce(logits - logits[:, c : c + 1], axis=1)
    w = weights_of(losses, reduction)
    return w @ losses, (logits, targets, w)


def soft_cross_entropy_backward(dloss, cache):
    logits, targets, w = cache
    u = np.dot(dloss, w)
    d = np.empty_like(logits)
    for c in range(logits.shape[1]):
        with np.errstate(over="ignore"):
            p = 1 / np.exp(logits - logits[:, [c]]).sum(axis=1)
        d[:, c] = u * (p - targets[:, c])
    return d
""",
    ),
    Variant(
        "soft_cross_entropy",
        "sample_by_sample",
        source=BY_LOOP
        + """
def soft_cross_entropy_forward(logits, targets, *, reduction="mean"):
    losses, slopes = [], []
    for z, t in zip(logits.astype(float), targets.astype(float)):
        z = z - z.max()
        log_p = z - np.log(np.exp(z).sum())
        losses.append(-np.dot(t, log_p))
        slopes.append(np.exp(log_p) - t)
    return reduced(losses, reduction, logits.dtype), (slopes, reduction)


def soft_cross_entropy_backward(dloss, cache):
    slopes, reduction = cache
    return np.array([s * share(dloss, reduction, n, len(slopes)) for n, s in enumerate(slopes)], dloss.dtype)
""",
    ),
    Variant(
        "soft_cross_entropy",
        "jacobian_of_log_softmax",
        source=BY_TABLE
        + """
def soft_cross_entropy_forward(logits, targets, *, reduction="mean"):
    shifted = logits - np.max(logits, axis=1)[:, None]
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1))[:, None]
    return REDUCE[reduction](-(targets * log_p).sum(axis=1)), (log_p, targets, reduction)


def soft_cross_entropy_backward(dloss, cache):
    log_p, targets, reduction = cache
    jacobian = np.eye(log_p.shape[1], dtype=log_p.dtype) - np.exp(log_p)[:, None, :]
    return np.einsum("n,ni,nij->nj", -each(dloss, reduction, len(log_p)), targets, jacobian)
""",
    ),
)

FROM_PROBS = (
    Variant(
        "cross_entropy_from_probs",
        "plain",
        source=BY_TABLE
        + """
def cross_entropy_from_probs_forward(probs, targets, *, reduction="mean"):
    losses = np.einsum("nc,nc->n", -targets, np.log(probs))
    return REDUCE[reduction](losses), (probs, targets, reduction)


def cross_entropy_from_probs_backward(dloss, cache):
    probs, targets, reduction = cache
    return -each(dloss, reduction, len(probs))[:, None] * targets / probs
""",
    ),
    Variant(
        "cross_entropy_from_probs",
        "loops_over_targets_that_count",
        source=BY_LOOP
        + """
def cross_entropy_from_probs_forward(probs, targets, *, reduction="mean"):
    losses = [0.0] * len(probs)
    for n, c in np.argwhere(targets):
        losses[n] -= float(targets[n, c]) * math.log(probs[n, c])
    return reduced(losses, reduction, probs.dtype), (probs, targets, reduction)


def cross_entropy_from_probs_backward(dloss, cache):
    probs, targets, reduction = cache
    d = np.zeros_like(probs)
    for n, c in np.argwhere(targets):
        d[n, c] = -share(dloss, reduction, n, len(probs)) * targets[n, c] / probs[n, c]
    return d
""",
    ),
    Variant(
        "cross_entropy_from_probs",
        "log_of_inverse",
        source=BY_WEIGHTS
        + """
def cross_entropy_from_probs_forward(probs, targets, *, reduction="mean"):
    losses = (targets * np.log(1 / probs)).sum(axis=1)
    w = weights_of(losses, reduction)
    return w.dot(losses), (np.divide(targets, probs), w)


def cross_entropy_from_probs_backward(dloss, cache):
    ratio, w = cache
    return ratio * -np.dot(dloss, w)[:, None]
""",
    ),
)

BINARY_CROSS_ENTROPY = (
    Variant(
        "binary_cross_entropy",
        "two_softplus",
        source=BY_TABLE
        + """
def binary_cross_entropy_forward(logits, targets, *, reduction="mean"):
    losses = targets * np.logaddexp(0, -logits) + (1 - targets) * np.logaddexp(0, logits)
    return REDUCE[reduction](losses), (logits, targets, reduction)


def binary_cross_entropy_backward(dloss, cache):
    z, t, reduction = cache
    d = (1 - t) * np.exp(-np.logaddexp(0, -z)) - t * np.exp(-np.logaddexp(0, z))
    return d * each(dloss, reduction, len(z))
""",
    ),
    Variant(
        "binary_cross_entropy",
        "loops",
        source=BY_LOOP
        + """
def binary_cross_entropy_forward(logits, targets, *, reduction="mean"):
    losses, slopes = [], []
    for z, t in zip(logits.tolist(), targets.tolist()):
        e = math.exp(-abs(z))
        if z > 0:
            losses.append((1 - t) * z + math.log1p(e))
            slopes.append(1 / (1 + e) - t)
        else:
            losses.append(-t * z + math.log1p(e))
            slopes.append(e / (1 + e) - t)
    return reduced(losses, reduction, logits.dtype), (slopes, reduction)


def binary_cross_entropy_backward(dloss, cache):
    slopes, reduction = cache
    d = np.empty(len(slopes), dloss.dtype)
    for n, slope in enumerate(slopes):
        d[n] = slope * share(dloss, reduction, n, len(slopes))
    return d
""",
    ),
    Variant(
        "binary_cross_entropy",
        "softmax_of_two",
        source=BY_WEIGHTS
        + """
def binary_cross_entropy_forward(logits, targets, *, reduction="mean"):
    z = np.stack([np.zeros_like(logits), logits])
    t = np.stack([1 - targets, targets])
    z -= z.max(axis=0)
    log_p = z - np.log1p(np.exp(z.min(axis=0)))
    losses = -(t * log_p).sum(axis=0)
    w = weights_of(losses, reduction)
    return w @ losses, (log_p[1], targets, w)


def binary_cross_entropy_backward(dloss, cache):
    log_p, targets, w = cache
    return (np.exp(log_p) - targets) * np.dot(dloss, w)
""",
    ),
    Variant(
        "binary_cross_entropy",
        "tanh_slope",
        source=BY_TABLE
        + """
def binary_cross_entropy_forward(logits, targets, *, reduction="mean"):
    losses = np.logaddexp(logits, 0) - targets * logits
    slopes = 0.5 * np.tanh(0.5 * logits) + (0.5 - targets)
    return REDUCE[reduction](losses), (slopes, reduction)


def binary_cross_entropy_backward(dloss, cache):
    slopes, reduction = cache
    return np.multiply(slopes, each(dloss, reduction, slopes.size))
""",
    ),
)

MARGINS = (
    Variant(
        "hinge_loss",
        "where_slope_one_at_margin",
        source=BY_TABLE
        + """
def hinge_loss_forward(scores, signs, *, reduction="mean"):
    missing = 1 - signs * scores
    losses = np.where(missing > 0, missing, 0)
    return REDUCE[reduction](losses), (missing >= 0, signs, reduction)


def hinge_loss_backward(dloss, cache):
    inside, signs, reduction = cache
    return np.where(inside, -signs, 0) * each(dloss, reduction, len(signs))
""",
    ),
    Variant(
        "hinge_loss",
        "loops",
        source=BY_LOOP
        + """
def hinge_loss_forward(scores, signs, *, reduction="mean"):
    losses = [max(0.0, 1 - y * f) for f, y in zip(scores.tolist(), signs.tolist())]
    return reduced(losses, reduction, scores.dtype), (losses, signs, reduction)


def hinge_loss_backward(dloss, cache):
    losses, signs, reduction = cache
    d = np.zeros_like(signs)
    for n, loss in enumerate(losses):
        if loss > 0:
            d[n] = -signs[n] * share(dloss, reduction, n, len(losses))
    return d
""",
    ),
    Variant(
        "hinge_loss",
        "half_modulus",
        source=BY_WEIGHTS
        + """
def hinge_loss_forward(scores, signs, *, reduction="mean"):
    v = 1 - signs * scores
    losses = (v + abs(v)) / 2
    w = weights_of(losses, reduction)
    return w @ losses, {"slope": -(1 + np.sign(v)) / 2 * signs, "w": w}


def hinge_loss_backward(dloss, cache):
    return np.dot(dloss, cache["w"]) * cache["slope"]
""",
    ),
    Variant(
        "multiclass_hinge_loss",
        "loops",
        source=BY_LOOP
        + """
def multiclass_hinge_loss_forward(scores, labels, *, margin=1.0, reduction="mean"):
    losses, violators = [], []
    for n, y in enumerate(labels):
        loss = 0.0
        for j in range(scores.shape[1]):
            over = float(scores[n, j]) - float(scores[n, y]) + margin
            if j != y and over > 0:
                loss += over
                violators.append((n, j, y))
        losses.append(loss)
    return reduced(losses, reduction, scores.dtype), (scores.shape, scores.dtype, violators, reduction)


def multiclass_hinge_loss_backward(dloss, cache):
    shape, dtype, violators, reduction = cache
    d = np.zeros(shape, dtype)
    for n, j, y in violators:
        d[n, j] += share(dloss, reduction, n, shape[0])
        d[n, y] -= share(dloss, reduction, n, shape[0])
    return d
""",
    ),
    Variant(
        "multiclass_hinge_loss",
        "margin_taken_off_again",
        source=BY_TABLE
        + """
def multiclass_hinge_loss_forward(scores, labels, *, margin=1.0, reduction="mean"):
    n = np.arange(len(labels))
    over = np.maximum(scores - scores[n, labels][:, None] + margin, 0)
    return REDUCE[reduction](over.sum(axis=1) - margin), (over, n, labels, reduction)


def multiclass_hinge_loss_backward(dloss, cache):
    over, n, labels, reduction = cache
    d = (over > 0) * each(dloss, reduction, len(n))[:, None]
    d[n, labels] -= d.sum(axis=1)
    return d
""",
    ),
    Variant(
        "multiclass_hinge_loss",
        "wrong_classes_gathered",
        source=BY_TABLE
        + """
def multiclass_hinge_loss_forward(scores, labels, *, margin=1.0, reduction="mean"):
    samples, classes = scores.shape
    wrong = np.ones(scores.shape, bool)
    wrong[range(samples), labels] = False
    over = scores[wrong].reshape(samples, classes - 1) - (scores[~wrong] - margin).reshape(samples, 1)
    losses = np.clip(over, 0, None).sum(axis=1)
    return REDUCE[reduction](losses), {"wrong": wrong, "over": over, "reduction": reduction}


def multiclass_hinge_loss_backward(dloss, cache):
    wrong, open_ = cache["wrong"], cache["over"] > 0
    u = each(dloss, cache["reduction"], len(wrong))
    d = np.zeros(wrong.shape, u.dtype)
    d[wrong] = (open_ * u[:, None]).ravel()
    d[~wrong] = -np.count_nonzero(open_, axis=1) * u
    return d.astype(u.dtype)
""",
    ),
    Variant(
        "multiclass_hinge_loss",
        "one_hot_matrices",
        source=BY_WEIGHTS
        + """
def multiclass_hinge_loss_forward(scores, labels, *, margin=1.0, reduction="mean"):
    y = np.eye(scores.shape[1], dtype=scores.dtype)[labels]
    over = scores - np.einsum("nc,nc->n", scores, y)[:, None] + margin * (1 - y)
    active = np.asarray(over > 0, scores.dtype) * (1 - y)
    losses = np.einsum("nc,nc->n", over, active)
    w = weights_of(losses, reduction)
    return w @ losses, (active, y, w)


def multiclass_hinge_loss_backward(dloss, cache):
    active, y, w = cache
    return np.dot(dloss, w)[:, None] * (active - active.sum(1, keepdims=True) * y)
""",
    ),
    Variant(
        "exponential_loss",
        "by_sign",
        source=BY_TABLE
        + """
def exponential_loss_forward(scores, signs, *, reduction="mean"):
    losses = np.where(signs > 0, np.exp(-scores), np.exp(scores))
    return REDUCE[reduction](losses), (losses, signs, reduction)


def exponential_loss_backward(dloss, cache):
    losses, signs, reduction = cache
    return np.where(signs > 0, -losses, losses) * each(dloss, reduction, len(signs))
""",
    ),
    Variant(
        "exponential_loss",
        "loops",
        source=BY_LOOP
        + """
def exponential_loss_forward(scores, signs, *, reduction="mean"):
    losses = [math.exp(-y * f) for f, y in zip(scores.tolist(), signs.tolist())]
    return reduced(losses, reduction, scores.dtype), (scores, signs, reduction)


def exponential_loss_backward(dloss, cache):
    scores, signs, reduction = cache
    d = np.zeros_like(scores)
    for n, (f, y) in enumerate(zip(scores.tolist(), signs.tolist())):
        d[n] = -y * math.exp(-y * f) * share(dloss, reduction, n, len(scores))
    return d
""",
    ),
    Variant(
        "exponential_loss",
        "reciprocal",
        source=BY_WEIGHTS
        + """
def exponential_loss_forward(scores, signs, *, reduction="mean"):
    growth = np.exp(np.multiply(scores, signs))
    losses = 1 / growth
    w = weights_of(losses, reduction)
    return w @ losses, (growth, signs, w)


def exponential_loss_backward(dloss, cache):
    growth, signs, w = cache
    return -signs / growth * np.dot(dloss, w)
""",
    ),
)

OBJECTIVE = (
    Variant(
        "regularised_objective",
        "loops",
        source="""
import numpy as np


def regularised_objective_forward(losses, weights, *, l2):
    total = 0.0
    for loss in losses:
        total += float(loss)
    for w in weights:
        for element in w.flat:
            total += l2 / 2 * float(element) ** 2
    return losses.dtype.type(total), {"n": len(losses), "weights": weights, "l2": l2}


def regularised_objective_backward(dJ, cache):
    dweights = []
    for w in cache["weights"]:
        dw = w.copy()
        dw *= cache["l2"] * dJ
        dweights.append(dw)
    return np.array([dJ] * cache["n"], dtype=dJ.dtype), dweights
""",
    ),
    Variant(
        "regularised_objective",
        "one_long_vector",
        source="""
import numpy as np


def regularised_objective_forward(losses, weights, *, l2):
    flat = np.concatenate([w.ravel() for w in weights])
    return losses.sum() + 0.5 * l2 * np.dot(flat, flat), (losses, l2 * flat, [w.shape for w in weights])


def regularised_objective_backward(dJ, cache):
    losses, flat, shapes = cache
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    parts = np.split(dJ * flat, ends[:-1])
    return np.full_like(losses, dJ), [part.reshape(shape) for part, shape in zip(parts, shapes)]
""",
    ),
    Variant(
        "regularised_objective",
        "norms_closure",
        source="""
import numpy as np


def regularised_objective_forward(losses, weights, *, l2):
    penalty = sum(np.linalg.norm(w) ** 2 for w in reversed(weights))

    def back(dJ):
        return np.broadcast_to(dJ, losses.shape), [np.multiply(w, l2 * dJ) for w in weights]

    return np.einsum("n->", losses) + l2 * penalty / 2, back


def regularised_objective_backward(dJ, cache):
    return cache(dJ)
""",
    ),
    Variant(
        "regularised_objective",
        "traces",
        source="""
import numpy as np


def regularised_objective_forward(losses, weights, *, l2):
    J = np.dot(losses, np.ones_like(losses))
    for w in weights:
        J = J + l2 * np.trace(w.T @ w) / 2
    return J, (losses, weights, l2)


def regularised_objective_backward(dJ, cache):
    losses, weights, l2 = cache
    return 0 * losses + dJ, [w * l2 * dJ for w in weights]
""",
    ),
)

WHEATS = (
    *SQUARED,
    *ABSOLUTE,
    *ZERO_ONE,
    *NLL,
    *CROSS_ENTROPY,
    *SOFT_CROSS_ENTROPY,
    *FROM_PROBS,
    *BINARY_CROSS_ENTROPY,
    *MARGINS,
    *OBJECTIVE,
)
