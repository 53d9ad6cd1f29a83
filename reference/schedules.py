"""What is done around an update: batches, schedules, decay, clipping, and the summary form."""

from math import sqrt

from reference.checks import require, require_shape
from reference.namespace import Array, array_namespace
from reference.optimisers import require_gradients


def minibatches(order: Array, *, batch_size: int = 2) -> list[Array]:
    """Cut an epoch's order of samples into batches.

    Args:
        order: (S,) int, the samples' numbers, shuffled.
        batch_size: samples a batch, at least 1.
    Returns:
        batches: list of int vectors, in the order given; the last has what is left.
    Raises:
        ValueError: order is not a vector, or batch_size is less than 1.
    Source: USTC slides, algorithm 4.1; Goodfellow et al. 2016, section 8.1.3.
    """
    require_shape("order", order, ("S",))
    require(batch_size >= 1, "batch_size", batch_size, "at least 1")
    return [order[start : min(start + batch_size, order.shape[0])] for start in range(0, order.shape[0], batch_size)]


def inverse_sqrt_schedule(step: int, *, lr: float = 0.1) -> float:
    """A step size that falls with the root of time, lr / sqrt(step + 1).

    Args:
        step: from 0.
        lr: step size at step 0.
    Returns:
        value: a Python float.
    Raises:
        ValueError: step is negative.
    Convention: the USTC slides call it 1/t decay.
    Source: USTC and Soochow slides, schedules.
    """
    require(step >= 0, "step", step, "at least 0")
    return lr / sqrt(step + 1)


def step_decay_schedule(step: int, *, lr: float = 0.1, factor: float = 0.5, every: int = 10) -> float:
    """A step size that is multiplied every few steps, lr factor^floor(step / every).

    Args:
        step: from 0.
        lr: step size at step 0.
        factor: what it is multiplied by.
        every: steps from one multiplication to the next, at least 1.
    Returns:
        value: a Python float.
    Raises:
        ValueError: step is negative, or every is less than 1.
    Source: USTC slides, schedules.
    """
    require(step >= 0, "step", step, "at least 0")
    require(every >= 1, "every", every, "at least 1")
    return float(lr * factor ** (step // every))


def warmup_schedule(step: int, *, lr: float = 0.1, warmup: int = 10, total: int = 40) -> float:
    """A step size that rises in a line, then falls in a line to 0.

    Args:
        step: from 0.
        lr: step size at its highest.
        warmup: steps of the rise: step s of them has lr (s + 1) / warmup; 0 for none.
        total: steps in all, more than warmup; from there on the value is 0.
    Returns:
        value: a Python float; lr (total - step) / (total - warmup) after the rise.
    Raises:
        ValueError: step or warmup is negative, or total is not more than warmup.
    Source: Soochow slides, warm-up; Goyal et al. 2017, section 2.2.
    """
    require(step >= 0, "step", step, "at least 0")
    require(warmup >= 0, "warmup", warmup, "at least 0")
    require(total > warmup, "total", total, f"more than warmup = {warmup}")
    if step < warmup:
        return lr * (step + 1) / warmup
    return lr * max(total - step, 0) / (total - warmup)


def noam_schedule(step: int, *, width: int = 512, warmup: int = 10) -> float:
    """The Transformer's step size, width^-1/2 min((step + 1)^-1/2, (step + 1) warmup^-3/2).

    Args:
        step: from 0.
        width: of the model, at least 1.
        warmup: steps of the rise, at least 1.
    Returns:
        value: a Python float.
    Raises:
        ValueError: step is negative, or width or warmup is less than 1.
    Convention: the paper counts steps from 1.
    Source: Vaswani et al. 2017, equation 3.
    """
    require(step >= 0, "step", step, "at least 0")
    require(width >= 1, "width", width, "at least 1")
    require(warmup >= 1, "warmup", warmup, "at least 1")
    return float(width**-0.5 * min((step + 1) ** -0.5, (step + 1) * warmup**-1.5))


def weight_decay(params: list[Array], grads: list[Array], *, l2: float = 0.01) -> list[Array]:
    """The gradients of the loss with l2/2 |theta|^2 added, g + l2 theta.

    Args:
        params: list of float arrays.
        grads: list of float arrays, in the shapes of params.
        l2: strength of the decay.
    Returns:
        grads: list of new arrays.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the optimiser multiplies it by its step size, which one USTC slide leaves out.
    Source: Goodfellow et al. 2016, equation 7.3.
    """
    require_gradients(params, grads)
    return [g + l2 * p for p, g in zip(params, grads, strict=True)]


def clip_by_value(grads: list[Array], *, limit: float = 1.0) -> list[Array]:
    """Every gradient cut to [-limit, limit], element by element.

    Args:
        grads: list of float arrays.
        limit: more than 0.
    Returns:
        grads: list of new arrays.
    Raises:
        ValueError: limit is not more than 0.
    Source: USTC slides, exploding gradients; Mikolov 2012.
    """
    require(limit > 0, "limit", limit, "more than 0")
    return [array_namespace(g).clip(g, -limit, limit) for g in grads]


def clip_by_global_norm(grads: list[Array], *, max_norm: float = 1.0) -> tuple[list[Array], Array]:
    """All gradients made smaller by one factor where their common norm is too large.

    Args:
        grads: list of float arrays, one at least.
        max_norm: the most the norm may be, more than 0.
    Returns:
        grads: list of new arrays, g min(1, max_norm / norm).
        norm: (), the norm before, over all arrays together.
    Raises:
        ValueError: there is no gradient, or max_norm is not more than 0.
    Convention: the norm of all arrays as one vector; clipping each by its own norm would turn the direction.
    Source: Pascanu et al. 2013, algorithm 1.
    """
    require(len(grads) > 0, "grads", "empty", "one array at least")
    require(max_norm > 0, "max_norm", max_norm, "more than 0")
    xp = array_namespace(*grads)
    norm = xp.sqrt(sum(xp.sum(g * g) for g in grads))
    if bool(norm <= max_norm):
        return [xp.asarray(g, copy=True) for g in grads], norm
    return [g * (max_norm / norm) for g in grads], norm


def summary_update(
    params: list[Array], directions: list[Array], sizes: list[Array], *, rate: float = 0.1
) -> list[Array]:
    """The form all optimisers share, theta <- theta - (eta_t / sigma_t) m_t.

    Args:
        params: list of float arrays, theta.
        directions: list of float arrays, m_t: a gradient, or a mean of them.
        sizes: list of float arrays, sigma_t: positive, how large gradients have been.
        rate: eta_t, from a schedule.
    Returns:
        params: list of new arrays.
    Raises:
        ValueError: the lists differ in number or shape.
    Source: Soochow slides, summary of optimisers.
    """
    require_gradients(params, directions)
    require_gradients(params, sizes)
    return [p - (rate / s) * m for p, m, s in zip(params, directions, sizes, strict=True)]
