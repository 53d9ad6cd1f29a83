"""Looking inside back-propagation through time: error terms, how fast they shrink, and a loss at every step."""

from reference.checks import require, require_shape, require_values
from reference.encoding import at_labels, label_mask
from reference.namespace import Array, Cache, array_namespace, in_dtype_of
from reference.recurrences import require_lengths
from reference.reduction import reduce_losses, upstream_per_sample
from reference.softmax import log_softmax_forward


def srn_deltas(h: Array, wh: Array, dlast: Array) -> Array:
    """Error terms of the last step's loss in a simple recurrent network, delta_{T,k} = dL_T / dz_k for every k.

    Args:
        h: (N, T, H) float, the states h_k = tanh(z_k), T at least 1.
        wh: (H, H) float, weights from the state before.
        dlast: (N, H), gradient of L_T with respect to h_T.
    Returns:
        delta: (N, T, H), delta_{T,1} to delta_{T,T}, dtype of h.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Convention: rows, so delta_{T,k} = (delta_{T,k+1} wh^T) * f'(z_k). The USTC slides print
        delta_{t,k} = gamma^(t-k) delta_{t,t} as well, which is how large it can be, not what it is.
    Source: USTC slides, BPTT; Werbos 1990.
    """
    xp = array_namespace(h)
    require_states(h, wh)
    require_shape("dlast", dlast, (h.shape[0], h.shape[2]))
    slope = 1 - h * h
    deltas = [dlast * slope[:, -1, :]]
    for k in reversed(range(h.shape[1] - 1)):
        deltas.insert(0, (deltas[0] @ wh.T) * slope[:, k, :])
    return xp.stack(deltas, axis=1)


def gradient_norms(h: Array, wh: Array) -> tuple[Array, Array]:
    """How much of a change of h_k arrives at h_T, and the most that can, for one sequence.

    Args:
        h: (T, H) float, the states h_k = tanh(z_k) of one sequence, T at least 1.
        wh: (H, H) float, weights from the state before.
    Returns:
        norms: (T,), the spectral norm of dh_T / dh_k for k = 1 .. T, dtype of h; 1 for k = T.
        bounds: (T,), (beta_w beta_h)^(T-k), beta_w the spectral norm of wh, beta_h the largest |f'(z)| of any step
            and unit; never less than norms.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: Pascanu et al. 2013, section 2.1; USTC and Soochow slides, vanishing and exploding gradients.
    """
    xp = array_namespace(h)
    require_states(h[None, ...], wh)
    steps = h.shape[0]
    slope = 1 - h * h
    jacobian = xp.eye(h.shape[1], dtype=h.dtype, device=h.device)
    jacobians: list[Array] = []
    for k in reversed(range(steps)):
        jacobians.insert(0, jacobian)
        # Rows: dh_k/dh_{k-1} is wh diag(f'(z_k)), to the left of what follows it.
        jacobian = (wh * slope[k, :]) @ jacobian
    norms = xp.stack([xp.linalg.matrix_norm(jacobian, ord=2) for jacobian in jacobians])
    factor = xp.linalg.matrix_norm(wh, ord=2) * xp.max(slope)
    bounds = xp.stack([factor ** (steps - 1 - k) for k in range(steps)])
    return norms, bounds


def last_step_forward(h: Array, lengths: Array) -> tuple[Array, Cache]:
    """Each sequence's state at its own last step: many to one.

    Args:
        h: (N, T, H) float, states.
        lengths: (N,) int, in 1 .. T.
    Returns:
        last: (N, H), h[n, lengths[n] - 1], dtype of h.
        cache: opaque, for last_step_backward.
    Raises:
        ValueError: a shape does not fit, or a length is not in 1 .. T.
    Source: Beihang slides, shapes of recurrent networks.
    """
    xp = array_namespace(h, lengths)
    require_shape("h", h, ("N", "T", "H"))
    require_lengths(lengths, h.shape[0], h.shape[1])
    is_last = in_dtype_of(label_mask(lengths - 1, h.shape[1]), h)
    return xp.sum(h * is_last[:, :, None], axis=1), is_last


def last_step_backward(dlast: Array, cache: Cache) -> Array:
    """Gradient of last_step_forward.

    Args:
        dlast: (N, H), gradient with respect to last.
        cache: from last_step_forward.
    Returns:
        dh: (N, T, H), dtype of h.
    Raises:
        ValueError: dlast does not have the shape of last.
    """
    is_last = cache
    require_shape("dlast", dlast, (is_last.shape[0], "H"))
    return dlast[:, None, :] * is_last[:, :, None]


def sequence_loss_forward(
    logits: Array, labels: Array, lengths: Array, *, reduction: str = "mean"
) -> tuple[Array, Cache]:
    """Cross-entropy at every step of every sequence, L = sum over the steps t < length of L_t.

    Args:
        logits: (N, T, C) float, scores at every step.
        labels: (N, T) int, in 0 .. C - 1; behind a sequence's end they count for nothing.
        lengths: (N,) int, in 1 .. T.
        reduction: "mean" or "sum" over the N sequences, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of logits.
        cache: opaque, for sequence_loss_backward.
    Raises:
        ValueError: a shape, label or length does not fit, the reduction is unknown, or a mean has N = 0.
    Convention: summed over a sequence's steps, not averaged, as the slides' L = sum_t L_t.
    Source: Goodfellow et al. 2016, equations 10.12-10.14.
    """
    xp = array_namespace(logits, labels)
    require_shape("logits", logits, ("N", "T", "C"))
    samples, steps, classes = logits.shape
    require_shape("labels", labels, (samples, steps))
    require_values("labels", (labels >= 0) & (labels < classes), f"in 0 .. {classes - 1}")
    require_lengths(lengths, samples, steps)
    log_probs, _ = log_softmax_forward(xp.reshape(logits, (-1, classes)))
    flat = xp.reshape(labels, (-1,))
    inside = in_dtype_of(xp.arange(steps, device=lengths.device) < lengths[:, None], logits)
    losses = xp.sum(inside * xp.reshape(-at_labels(log_probs, flat), (samples, steps)), axis=1)
    return reduce_losses(losses, reduction), (log_probs, flat, inside, logits.shape, reduction)


def sequence_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of sequence_loss_forward.

    Args:
        dloss: (), or (N,) for "none"; gradient with respect to loss.
        cache: from sequence_loss_forward.
    Returns:
        dlogits: (N, T, C), dtype of logits; 0 behind a sequence's end.
    Raises:
        ValueError: dloss does not have the shape of loss.
    """
    log_probs, flat, inside, shape, reduction = cache
    xp = array_namespace(log_probs)
    upstream = upstream_per_sample(dloss, reduction, inside)
    dlogits = xp.exp(log_probs) - in_dtype_of(label_mask(flat, shape[2]), log_probs)
    return upstream[:, None, None] * inside[:, :, None] * xp.reshape(dlogits, shape)


def require_states(h: Array, wh: Array) -> None:
    """Raise ValueError unless h is (N, T, H) with a step at least, and wh (H, H)."""
    require_shape("h", h, ("N", "T", "H"))
    require(h.shape[1] >= 1, "T", h.shape[1], "at least 1")
    require_shape("wh", wh, (h.shape[2], h.shape[2]))
