"""Softmax and what is built on it, some rows at a time: exponentials are computed once and kept for the backward."""

import numpy as np

from reference.checks import require_shape
from reference.fast.pieces import ones, per_sample, reduced, require_classes, row_scratch, row_slices
from reference.namespace import Array, Cache, in_dtype_of

CLOSE = 16
"""Range of logits within which one shift serves many rows."""


def softmax_forward(x: Array) -> tuple[Array, Cache]:
    """As reference.softmax.softmax_forward."""
    a = np.empty(x.shape, x.dtype)
    for rows in row_slices(*x.shape):
        total = _exponentials(x[rows], a[rows])[1]
        a[rows] /= total[:, None]
    return a, a


def softmax_backward(dout: Array, cache: Cache) -> Array:
    """As reference.softmax.softmax_backward."""
    a = cache
    require_shape("dout", dout, a.shape)
    dx = np.empty(a.shape, a.dtype)
    for rows in row_slices(*a.shape):
        here = dx[rows]
        np.subtract(dout[rows], np.vecdot(dout[rows], a[rows])[:, None], out=here)
        here *= a[rows]
    return dx


def log_softmax_forward(x: Array) -> tuple[Array, Cache]:
    """As reference.softmax.log_softmax_forward."""
    y = np.empty(x.shape, x.dtype)
    room = row_scratch(x.shape, x.dtype)
    for rows in row_slices(*x.shape):
        here = y[rows]
        _shifted(x[rows], here)
        exponentials = np.exp(here, out=room[: len(here)])
        here -= np.log(exponentials @ ones(x.shape[1], x.dtype))[:, None]
    return y, y


def log_softmax_backward(dout: Array, cache: Cache) -> Array:
    """As reference.softmax.log_softmax_backward."""
    y = cache
    require_shape("dout", dout, y.shape)
    dx = np.empty(y.shape, y.dtype)
    for rows in row_slices(*y.shape):
        here = np.exp(y[rows], out=dx[rows])
        here *= (dout[rows] @ ones(y.shape[1], dout.dtype))[:, None]
        np.subtract(dout[rows], here, out=here)
    return dx


def logsumexp_forward(x: Array) -> tuple[Array, Cache]:
    """As reference.softmax.logsumexp_forward."""
    exponentials, total, largest = _all_exponentials(x)
    return largest + np.log(total), (exponentials, total)


def logsumexp_backward(dout: Array, cache: Cache) -> Array:
    """As reference.softmax.logsumexp_backward."""
    exponentials, total = cache
    require_shape("dout", dout, total.shape)
    return exponentials * (dout / total)[:, None]


# --- losses ---


def nll_loss_forward(log_probs: Array, labels: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """As reference.classification_losses.nll_loss_forward."""
    require_shape("log_probs", log_probs, ("N", "C"))
    places = _places(log_probs, labels)
    losses = -np.take(log_probs.reshape(-1), places)
    return _reduced(losses, reduction), (log_probs.shape, places, log_probs.dtype, reduction)


def nll_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.classification_losses.nll_loss_backward."""
    shape, places, dtype, reduction = cache
    dlog_probs = np.zeros(shape, dtype)
    dlog_probs.reshape(-1)[places] = -per_sample(dloss, reduction, shape[0], dtype)
    return dlog_probs


def cross_entropy_forward(logits: Array, labels: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """As reference.classification_losses.cross_entropy_forward."""
    require_shape("logits", logits, ("N", "C"))
    losses, cache = cross_entropies(logits, labels)
    return _reduced(losses, reduction), (cache, reduction)


def cross_entropy_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.classification_losses.cross_entropy_backward."""
    kept, reduction = cache
    exponentials = kept[0]
    return cross_entropy_gradient(per_sample(dloss, reduction, exponentials.shape[0], exponentials.dtype), kept)


def soft_cross_entropy_forward(logits: Array, targets: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """As reference.classification_losses.soft_cross_entropy_forward."""
    require_shape("logits", logits, ("N", "C"))
    require_shape("targets", targets, logits.shape)
    targets = in_dtype_of(targets, logits)
    samples, classes = logits.shape
    exponentials, losses = np.empty(logits.shape, logits.dtype), np.empty(samples, logits.dtype)
    totals, weights = np.empty(samples, logits.dtype), np.empty(samples, logits.dtype)
    room = row_scratch(logits.shape, logits.dtype)
    for rows in row_slices(samples, classes):
        shifted = room[: len(exponentials[rows])]
        _shifted(logits[rows], shifted)
        np.exp(shifted, out=exponentials[rows])
        np.matmul(exponentials[rows], ones(classes, logits.dtype), out=totals[rows])
        # In this order, for a target of 0 must not meet an infinite logarithm.
        shifted -= np.log(totals[rows])[:, None]
        losses[rows] = -np.vecdot(targets[rows], shifted)
        np.matmul(targets[rows], ones(classes, logits.dtype), out=weights[rows])
    return _reduced(losses, reduction), (targets, exponentials, totals, weights, reduction)


def soft_cross_entropy_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.classification_losses.soft_cross_entropy_backward."""
    targets, exponentials, totals, weights, reduction = cache
    upstream = np.broadcast_to(per_sample(dloss, reduction, len(totals), totals.dtype), totals.shape)
    dlogits = np.empty(exponentials.shape, exponentials.dtype)
    for rows in row_slices(*exponentials.shape):
        here = dlogits[rows]
        np.multiply(exponentials[rows], (weights[rows] / totals[rows])[:, None], out=here)
        here -= targets[rows]
        here *= upstream[rows, None]
    return dlogits


def sequence_loss_forward(
    logits: Array, labels: Array, lengths: Array, *, reduction: str = "mean"
) -> tuple[Array, Cache]:
    """As reference.bptt.sequence_loss_forward."""
    require_shape("logits", logits, ("N", "T", "C"))
    samples, steps, classes = logits.shape
    require_shape("labels", labels, (samples, steps))
    require_classes("labels", labels, classes)
    require_shape("lengths", lengths, (samples,))
    if samples and not (lengths.min() >= 1 and lengths.max() <= steps):
        raise ValueError(f"lengths has values that are not in 1 .. {steps}")
    losses, cache = cross_entropies(logits.reshape(-1, classes), labels.reshape(-1))
    inside = (np.arange(steps) < lengths[:, None]).astype(logits.dtype)
    return _reduced(np.vecdot(losses.reshape(samples, steps), inside), reduction), (
        cache,
        inside,
        logits.shape,
        reduction,
    )


def sequence_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.bptt.sequence_loss_backward."""
    kept, inside, shape, reduction = cache
    upstream = per_sample(dloss, reduction, shape[0], inside.dtype)
    weights = inside * (upstream[:, None] if upstream.ndim else upstream)
    return cross_entropy_gradient(weights.reshape(-1), kept).reshape(shape)


def cloze_loss_forward(scores: Array, tokens: Array, covered: Array) -> tuple[Array, Cache]:
    """As reference.text_objectives.cloze_loss_forward."""
    require_shape("scores", scores, ("N", "T", "V"))
    require_shape("tokens", tokens, scores.shape[:2])
    require_shape("covered", covered, scores.shape[:2])
    require_classes("tokens", tokens, scores.shape[2])
    losses, cache = cross_entropies(scores.reshape(-1, scores.shape[2]), tokens.reshape(-1))
    weights = covered.reshape(-1).astype(scores.dtype)
    weights /= max(np.count_nonzero(covered), 1)
    return np.vecdot(losses, weights), (cache, weights, scores.shape)


def cloze_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.text_objectives.cloze_loss_backward."""
    kept, weights, shape = cache
    dloss = np.asarray(dloss, weights.dtype)
    require_shape("dloss", dloss, ())
    return cross_entropy_gradient(dloss * weights, kept).reshape(shape)


def next_token_loss_forward(scores: Array, tokens: Array) -> tuple[Array, Cache]:
    """As reference.text_objectives.next_token_loss_forward."""
    require_shape("scores", scores, ("N", "T", "V"))
    require_shape("tokens", tokens, scores.shape[:2])
    scored = np.ones(tokens.shape, bool)
    scored[:, -1:] = False
    return cloze_loss_forward(scores, np.roll(tokens, -1, axis=1), scored)


def next_token_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.text_objectives.next_token_loss_backward."""
    return cloze_loss_backward(dloss, cache)


# --- what they share ---


def cross_entropies(logits: Array, labels: Array) -> tuple[Array, Cache]:
    """(R,) the loss of every row, log sum exp - logit of the label, and what the gradient needs."""
    places = _places(logits, labels)
    exponentials, total, largest = _all_exponentials(logits)
    # The label's logit less the largest first: the two may be far from 0 and close to each other.
    return np.log(total) - (np.take(logits.reshape(-1), places) - largest), (exponentials, total, places)


def cross_entropy_gradient(upstream: Array, cache: Cache) -> Array:
    """(softmax - one-hot) times the upstream gradient, (R,) or a scalar."""
    exponentials, total, places = cache
    dlogits = exponentials * (upstream / total)[:, None]
    dlogits.reshape(-1)[places] -= upstream
    return dlogits


def _exponentials(x: Array, out: Array) -> tuple[Array, Array]:
    """The exponentials of rows less their largest, into `out`; the largest and the sums."""
    largest = _shifted(x, out)
    np.exp(out, out=out)
    return largest, out @ ones(x.shape[1], x.dtype)


def _shifted(x: Array, out: Array) -> Array:
    """Rows less their largest, into `out`, and what was taken off.

    Where all of the rows lie close together, one number does for all: nothing overflows and no digit is lost.
    """
    largest = x.max()
    if largest - x.min() <= CLOSE:
        np.subtract(x, largest, out=out)
        return largest
    largest = x.max(axis=1)
    np.subtract(x, largest[:, None], out=out)
    return largest


def _all_exponentials(x: Array) -> tuple[Array, Array, Array]:
    exponentials = np.empty(x.shape, x.dtype)
    total, largest = np.empty(x.shape[0], x.dtype), np.empty(x.shape[0], x.dtype)
    for rows in row_slices(*x.shape):
        largest[rows], total[rows] = _exponentials(x[rows], exponentials[rows])
    return exponentials, total, largest


def _places(scores: Array, labels: Array) -> Array:
    """Where each row's label stands in the flattened scores."""
    samples, classes = scores.shape
    require_shape("labels", labels, (samples,))
    require_classes("labels", labels, classes)
    return np.arange(0, samples * classes, classes or 1)[:samples] + labels


def _reduced(losses: Array, reduction: str) -> Array:
    return losses if reduction == "none" else reduced(losses.sum(), reduction, losses.shape[0])
