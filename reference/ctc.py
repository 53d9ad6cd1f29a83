"""Connectionist temporal classification: a label sequence scored without knowing where each label stands."""

from reference.checks import require_shape, require_values
from reference.embedding import require_tokens
from reference.namespace import Array, Cache, array_namespace, in_dtype_of
from reference.reduction import reduce_losses, upstream_per_sample
from reference.softmax import log_softmax_forward

BLANK = 0


def ctc_loss_forward(
    logits: Array, labels: Array, input_lengths: Array, label_lengths: Array, *, reduction: str = "mean"
) -> tuple[Array, Cache]:
    """Minus the log of the probability of the labels, summed over every path that collapses to them.

    Args:
        logits: (N, T, C) float, scores of the blank, class 0, and of C - 1 labels at every step.
        labels: (N, L) int, in 1 .. C - 1; what stands beyond a sample's own length counts for nothing.
        input_lengths: (N,) int, in 1 .. T.
        label_lengths: (N,) int, in 0 .. L.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of logits.
        cache: opaque, for ctc_loss_backward.
    Raises:
        ValueError: a shape, a length or a label does not fit, some input is too short for its labels (each takes a
            step, and so does the blank between two equal ones), the reduction is unknown, or a mean has N = 0.
    Convention: softmax is inside; the gradient is with respect to logits. torch.nn.CTCLoss takes log-probabilities
        of shape (T, N, C), and its mean first divides each loss by the label length.
    Source: Graves et al. 2006, equations 6-8, in log space.
    """
    xp = array_namespace(logits, labels)
    _require_ctc(logits, labels, input_lengths, label_lengths)
    flat, _ = log_softmax_forward(xp.reshape(logits, (-1, logits.shape[2])))
    log_probs = xp.reshape(flat, logits.shape)

    states = ctc_states(labels)
    # A product with a one-hot matrix picks each state's class, and in the backward adds up the states of a class.
    classes = xp.arange(logits.shape[2], device=labels.device)
    one_hot_states = in_dtype_of(states[:, :, None] == classes, logits)
    emission = log_probs @ xp.matrix_transpose(one_hot_states)
    may_skip = _may_skip(states)
    ends = _ends(states, label_lengths)

    alpha = _masked(xp.arange(states.shape[1], device=labels.device) < 2, emission[:, 0, :])
    alphas = [alpha]
    for t in range(1, logits.shape[1]):
        arriving = xp.logaddexp(alpha, _shifted(alpha, 1))
        arriving = xp.logaddexp(arriving, _masked(may_skip, _shifted(alpha, 2)))
        alpha = arriving + emission[:, t, :]
        # Past its last step a sample stands still, so that the last alpha is everybody's own.
        alpha = xp.where((t < input_lengths)[:, None], alpha, alphas[-1])
        alphas.append(alpha)

    log_likelihood = _log_sum(_masked(ends, alpha))
    require_values("input_lengths", xp.isfinite(log_likelihood), "long enough for the labels")
    paths = (emission, one_hot_states, may_skip, ends, alphas)
    return reduce_losses(-log_likelihood, reduction), (log_probs, paths, input_lengths, log_likelihood, reduction)


def ctc_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of ctc_loss_forward.

    Args:
        dloss: (), or (N,) for "none"; gradient with respect to loss.
        cache: from ctc_loss_forward.
    Returns:
        dlogits: (N, T, C), dtype of logits; 0 beyond a sample's input length.
    Raises:
        ValueError: dloss does not have the shape of loss.
    Source: Graves et al. 2006, equations 10-16.
    """
    log_probs, (emission, one_hot_states, may_skip, ends, alphas), input_lengths, log_likelihood, reduction = cache
    xp = array_namespace(log_probs)
    upstream = upstream_per_sample(dloss, reduction, log_probs)

    # beta: log-probability of what follows step t, given the state at t; at a sample's last step, of nothing.
    nothing = _masked(ends, xp.zeros_like(alphas[-1]))
    skip_next = _shifted_back(xp.where(may_skip, xp.zeros_like(nothing), -xp.inf), 2)
    beta = nothing
    occupancy: list[Array] = []
    for t in reversed(range(log_probs.shape[1])):
        if t + 1 < log_probs.shape[1]:
            coming = beta + emission[:, t + 1, :]
            leaving = xp.logaddexp(coming, _shifted_back(coming, 1))
            leaving = xp.logaddexp(leaving, _shifted_back(coming, 2) + skip_next)
            beta = xp.where((t + 1 < input_lengths)[:, None], leaving, nothing)
        occupancy.insert(0, xp.exp(alphas[t] + beta - log_likelihood[:, None]))

    expected = xp.stack(occupancy, axis=1) @ one_hot_states
    steps = xp.arange(log_probs.shape[1], device=input_lengths.device)
    inside = in_dtype_of(steps < input_lengths[:, None], log_probs)
    return upstream[:, None, None] * inside[:, :, None] * (xp.exp(log_probs) - expected)


def ctc_states(labels: Array) -> Array:
    """(N, 2L + 1) the classes a path goes through: the labels, with a blank before, between and after them.

    Args:
        labels: (N, L) int.
    Returns:
        states: (N, 2L + 1), dtype of labels.
    Raises:
        ValueError: labels is not a matrix.
    Source: Graves et al. 2006, section 4.1, the sequence l'.
    """
    xp = array_namespace(labels)
    require_shape("labels", labels, ("N", "L"))
    blanks = xp.full_like(labels, BLANK)
    pairs = xp.reshape(xp.stack([blanks, labels], axis=2), (labels.shape[0], 2 * labels.shape[1]))
    return xp.concat([pairs, _blank_column(labels)], axis=1)


def _blank_column(labels: Array) -> Array:
    xp = array_namespace(labels)
    return xp.full((labels.shape[0], 1), BLANK, dtype=labels.dtype, device=labels.device)


def _may_skip(states: Array) -> Array:
    """(N, S) bool: state s may follow s - 2 directly; it is a label, and not the one two states before."""
    xp = array_namespace(states)
    earlier = xp.concat([xp.full_like(states[:, :2], BLANK), states[:, :-2]], axis=1)[:, : states.shape[1]]
    return (states != BLANK) & (states != earlier)


def _ends(states: Array, label_lengths: Array) -> Array:
    """(N, S) bool: where a path may end, the last label or the blank behind it."""
    index = array_namespace(states).arange(states.shape[1], device=states.device)
    last = 2 * label_lengths[:, None]
    return (index == last) | (index == last - 1)


def _masked(keep: Array, log_values: Array) -> Array:
    """The log of 0 where `keep` is false."""
    return array_namespace(log_values).where(keep, log_values, -float("inf"))


def _shifted(log_values: Array, by: int) -> Array:
    """(N, S) each state's value moved to the state `by` further on; the log of 0 comes in."""
    xp = array_namespace(log_values)
    nothing = xp.full_like(log_values, -float("inf"))
    return xp.concat([nothing[:, :by], log_values], axis=1)[:, : log_values.shape[1]]


def _shifted_back(log_values: Array, by: int) -> Array:
    """(N, S) each state's value moved to the state `by` before."""
    xp = array_namespace(log_values)
    nothing = xp.full_like(log_values, -float("inf"))
    return xp.concat([log_values, nothing[:, :by]], axis=1)[:, -log_values.shape[1] :]


def _log_sum(log_values: Array) -> Array:
    """(N,) the log of each row's sum; of the log of 0 alone, that."""
    xp = array_namespace(log_values)
    largest = xp.max(log_values, axis=1, keepdims=True)
    largest = xp.where(xp.isfinite(largest), largest, 0)
    total = xp.sum(xp.exp(log_values - largest), axis=1)
    # The log of 0 is minus infinity, which only a message about the lengths will see.
    return xp.where(total > 0, xp.log(xp.where(total > 0, total, 1)), -float("inf")) + largest[:, 0]


def _require_ctc(logits: Array, labels: Array, input_lengths: Array, label_lengths: Array) -> None:
    require_shape("logits", logits, ("N", "T", "C"))
    samples, steps, classes = logits.shape
    require_shape("labels", labels, (samples, "L"))
    require_tokens("labels", labels, classes)
    require_values("labels", labels != BLANK, "labels: class 0 is the blank")
    require_shape("input_lengths", input_lengths, (samples,))
    require_shape("label_lengths", label_lengths, (samples,))
    require_values("input_lengths", (input_lengths >= 1) & (input_lengths <= steps), f"in 1 .. {steps}")
    length = labels.shape[1]
    require_values("label_lengths", (label_lengths >= 0) & (label_lengths <= length), f"in 0 .. {length}")


def ctc_collapse(path: Array) -> tuple[Array, Array]:
    """The labels a path stands for: repeated classes merged, then blanks dropped.

    Args:
        path: (N, T) int, a class for each step; 0 is the blank.
    Returns:
        labels: (N, T), dtype of path, the labels from the left, then 0.
        lengths: (N,), dtype of path, how many labels each sample has.
    Raises:
        ValueError: path is not a matrix.
    Convention: best-path decoding is this on the argmax of the logits.
    Source: Graves et al. 2006, section 3.1, the map B.
    """
    xp = array_namespace(path)
    require_shape("path", path, ("N", "T"))
    before = xp.concat([_blank_column(path), path], axis=1)[:, : path.shape[1]]
    kept = (path != BLANK) & (path != before)
    # A stable sort by "dropped" moves what is kept to the left, in its order.
    order = xp.argsort(xp.astype(~kept, xp.int64), axis=1, stable=True)
    rows = xp.arange(path.shape[0], device=path.device)[:, None]
    labels = xp.where(kept, path, 0)[rows, order]
    return labels, xp.astype(xp.sum(xp.astype(kept, xp.int64), axis=1), path.dtype)
