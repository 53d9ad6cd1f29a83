"""Connectionist temporal classification: forward and backward variables in one loop, three terms in one logarithm."""

import numpy as np

from reference.checks import require_shape, require_values
from reference.ctc import BLANK, ctc_states
from reference.fast.pieces import per_sample, reduced, require_classes
from reference.fast.softmax import log_softmax_forward
from reference.namespace import Array, Cache


def ctc_loss_forward(
    logits: Array, labels: Array, input_lengths: Array, label_lengths: Array, *, reduction: str = "mean"
) -> tuple[Array, Cache]:
    """As reference.ctc.ctc_loss_forward."""
    _require_ctc(logits, labels, input_lengths, label_lengths)
    samples, steps, classes = logits.shape
    log_probs = log_softmax_forward(logits.reshape(-1, classes))[0].reshape(logits.shape)
    states = ctc_states(labels)
    count = states.shape[1]
    # Read backwards, from each sample's own end, the labels are a CTC problem as well: its forward variables are the
    # backward variables of this one. Both run together, the reversed samples behind the others.
    ends = 2 * label_lengths
    places = np.arange(count)
    mirrored = ends[:, None] - places
    outside = mirrored < 0
    mirror = np.maximum(mirrored, 0)
    rows, times = np.arange(samples)[:, None, None], np.arange(steps)
    reversed_states = np.where(outside, BLANK, states[rows[:, 0], mirror])
    both = np.concatenate([states, reversed_states])
    back = (input_lengths[:, None] - 1 - times) % steps
    emission = log_probs[rows, times[:, None], states[:, None, :]]
    reverse = log_probs[rows, back[:, :, None], reversed_states[:, None, :]]
    spoken = np.concatenate([emission, reverse]).transpose(1, 0, 2).copy()
    never = logits.dtype.type(-np.inf)
    spoken[:, samples:][:, outside] = never
    skips = np.zeros(both.shape, logits.dtype)
    skips[:, :2] = never
    skips[:, 2:][(both[:, 2:] == BLANK) | (both[:, 2:] == both[:, :-2])] = never
    paths = np.full((steps, *both.shape), never, logits.dtype)
    paths[0, :, :2] = spoken[0, :, :2]
    arriving = np.full((3, *both.shape), never, logits.dtype)
    terms = np.empty(arriving.shape, logits.dtype)
    largest, total = np.empty(both.shape, logits.dtype), np.empty(both.shape, logits.dtype)
    floor = np.finfo(logits.dtype).min / 4
    with np.errstate(divide="ignore"):  # the logarithm of 0, where no path arrives
        for t in range(1, steps):
            before = paths[t - 1]
            arriving[0] = before
            arriving[1, :, 1:] = before[:, :-1]
            np.add(before[:, :-2], skips[:, 2:], out=arriving[2, :, 2:])
            np.maximum(arriving[0], arriving[1], out=largest)
            np.maximum(largest, arriving[2], out=largest)
            np.maximum(largest, floor, out=largest)
            np.subtract(arriving, largest, out=terms)
            np.exp(terms, out=terms)
            np.add(terms[0], terms[1], out=total)
            total += terms[2]
            np.log(total, out=total)
            total += largest
            np.add(total, spoken[t], out=paths[t])
    own = np.arange(samples)
    last = paths[input_lengths - 1, own]
    final = last[own, ends], np.where(ends > 0, last[own, np.maximum(ends - 1, 0)], never)
    log_likelihood = np.logaddexp(*final)
    require_values("input_lengths", np.isfinite(log_likelihood), "long enough for the labels")
    losses = -log_likelihood
    loss = losses if reduction == "none" else reduced(losses.sum(), reduction, samples)
    kept = (log_probs, states, emission, paths, mirror, outside, back, input_lengths, log_likelihood)
    return loss, (kept, reduction)


def ctc_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """As reference.ctc.ctc_loss_backward."""
    (log_probs, states, emission, paths, mirror, outside, back, lengths, log_likelihood), reduction = cache
    samples, steps, classes = log_probs.shape
    upstream = np.broadcast_to(per_sample(dloss, reduction, samples, log_probs.dtype), (samples,))
    ahead = paths[:, :samples].transpose(1, 0, 2)
    rows = np.arange(samples)[:, None, None]
    behind = paths[back[:, :, None], samples + rows, mirror[:, None, :]]
    # Both count the emission of step t; where there is none, neither has a path.
    passing = ahead + behind
    passing -= log_likelihood[:, None, None]
    passing -= np.where(np.isfinite(emission), emission, 0)
    np.copyto(passing, -np.inf, where=outside[:, None, :])
    occupancy = np.exp(passing, out=passing)
    one_hot = (states[:, :, None] == np.arange(classes)).astype(log_probs.dtype)
    dlogits = np.exp(log_probs)
    dlogits -= occupancy @ one_hot
    dlogits *= ((np.arange(steps) < lengths[:, None]) * upstream[:, None]).astype(log_probs.dtype)[:, :, None]
    return dlogits


def _require_ctc(logits: Array, labels: Array, input_lengths: Array, label_lengths: Array) -> None:
    require_shape("logits", logits, ("N", "T", "C"))
    samples, steps, classes = logits.shape
    require_shape("labels", labels, (samples, "L"))
    require_classes("labels", labels, classes)
    require_values("labels", np.asarray(labels != BLANK), "labels: class 0 is the blank")
    require_shape("input_lengths", input_lengths, (samples,))
    require_shape("label_lengths", label_lengths, (samples,))
    require_values("input_lengths", (input_lengths >= 1) & (input_lengths <= steps), f"in 1 .. {steps}")
    length = labels.shape[1]
    require_values("label_lengths", (label_lengths >= 0) & (label_lengths <= length), f"in 0 .. {length}")
