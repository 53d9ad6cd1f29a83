"""Optimisers that do without a step size: they estimate the curvature."""

from reference.adaptive_optimisers import root
from reference.namespace import Array, array_namespace
from reference.optimisers import State, require_gradients, zeros_for


def vsgd_init(params: list[Array]) -> State:
    """The state of vSGD before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for vsgd_update.
    Source: Schaul et al. 2013, algorithm 1.
    """
    return None


def vsgd_update(
    params: list[Array],
    grads: list[Array],
    state: State,
    *,
    curvature: list[Array],
    slow_start: float = 10.0,
    eps: float = 1e-12,
) -> tuple[list[Array], State]:
    """One update of vSGD: theta <- theta - eta g with eta = E[g]^2 / (E[h] E[g^2]), for each parameter by itself.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from vsgd_init or the update before; it is not changed.
        curvature: list of float arrays, an estimate of the second derivatives, in the shapes of params.
        slow_start: factor by which the first E[g^2] is overestimated.
        eps: added to both denominators.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params, grads and curvature differ in number or shape.
    Convention: the first update takes E[g] = g, E[g^2] = slow_start g^2, E[h] = |curvature| and memory tau = 2; later
        ones mix with weight 1/tau first, then set tau <- (1 - E[g]^2 / (E[g^2] + eps)) tau + 1 after the step size.
        The paper starts from several samples.
    Source: Schaul et al. 2013, algorithm 1 (vSGD-l), equations 7-9; USTC slides, adaptive step sizes.
    """
    require_gradients(params, grads)
    require_gradients(params, curvature)
    if state is None:
        state = [
            (g, slow_start * (g * g), abs(h), 2 + array_namespace(g).zeros_like(g))
            for g, h in zip(grads, curvature, strict=True)
        ]
    else:
        state = [
            (_mixed(m, g, tau), _mixed(v, g * g, tau), _mixed(c, abs(h), tau), tau)
            for (m, v, c, tau), g, h in zip(state, grads, curvature, strict=True)
        ]
    rates = [m * m / (c * v + eps) for m, v, c, _ in state]
    state = [(m, v, c, (1 - m * m / (v + eps)) * tau + 1) for m, v, c, tau in state]
    return [p - rate * g for p, rate, g in zip(params, rates, grads, strict=True)], state


def adasecant_init(params: list[Array]) -> State:
    """The state of AdaSecant before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adasecant_update.
    Source: Gulcehre et al. 2014, algorithm 1.
    """
    zero = zeros_for(params)
    memory = [2 + z for z in zero]
    return zero, zero, [(z, z, z, z, tau) for z, tau in zip(zero, memory, strict=True)]


def adasecant_update(
    params: list[Array], grads: list[Array], state: State, *, eps: float = 1e-4
) -> tuple[list[Array], State]:
    """One update of AdaSecant: the step size is a secant estimate, eta = sqrt(E[d^2] / E[a^2]) - E[a d] / E[a^2].

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adasecant_init or the update before; it is not changed.
        eps: added to E[d^2] and E[a^2], inside the root and in both denominators.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: d is the last step (0 before the first), a = g - g_prev (g_prev = 0 at first); every mean is mixed with
        weight 1/tau, tau = 2 at first; the step is -eta g; then tau <- (1 - E[d]^2 / (E[d^2] + eps)) tau + 1. The
        paper's normalisation by blocks, variance reduction and outlier test are left out.
    Source: Gulcehre et al. 2014, equations 8-14; USTC slides, adaptive step sizes.
    """
    require_gradients(params, grads)
    previous, deltas, means = state
    steps, updated = [], []
    for g, g_prev, d, (d_mean, d_square, a_square, a_d, tau) in zip(grads, previous, deltas, means, strict=True):
        a = g - g_prev
        d_mean, d_square = _mixed(d_mean, d, tau), _mixed(d_square, d * d, tau)
        a_square, a_d = _mixed(a_square, a * a, tau), _mixed(a_d, a * d, tau)
        rate = root((d_square + eps) / (a_square + eps)) - a_d / (a_square + eps)
        tau = (1 - d_mean * d_mean / (d_square + eps)) * tau + 1
        steps.append(-rate * g)
        updated.append((d_mean, d_square, a_square, a_d, tau))
    return [p + step for p, step in zip(params, steps, strict=True)], (grads, steps, updated)


def _mixed(mean: Array, value: Array, memory: Array) -> Array:
    """A decaying mean over about `memory` values."""
    return (1 - 1 / memory) * mean + value / memory
