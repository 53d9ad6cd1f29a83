"""Gradient descent, plain and with momentum.

Every optimiser is a pair: NAME_init(params) gives a state, NAME_update the new parameters and the next state. Lists
in, new lists out; nothing is changed in place.
"""

from collections.abc import Sequence
from typing import Any

from reference.checks import require, require_shape
from reference.namespace import Array, array_namespace

State = Any
"""What an optimiser remembers from one update to the next: nobody else looks inside."""


def require_gradients(params: Sequence[Array], grads: Sequence[Array]) -> None:
    """Raise ValueError unless there is a gradient for each parameter, in its shape."""
    require(len(grads) == len(params), "grads", f"{len(grads)} arrays", f"{len(params)}, one a parameter")
    for index, (param, grad) in enumerate(zip(params, grads, strict=True)):
        require_shape(f"grads[{index}]", grad, tuple(param.shape))


def zeros_for(params: Sequence[Array]) -> list[Array]:
    """A zero for every parameter."""
    return [array_namespace(param).zeros_like(param) for param in params]


def sgd_init(params: list[Array]) -> State:
    """The state of gradient descent before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for sgd_update.
    Source: Robbins & Monro 1951; Goodfellow et al. 2016, algorithm 8.1.
    """
    return ()


def sgd_update(params: list[Array], grads: list[Array], state: State, *, lr: float) -> tuple[list[Array], State]:
    """One update of gradient descent: theta <- theta - lr g.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from sgd_init or the update before; it is not changed.
        lr: step size.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the gradient is that of the mean over the batch; whether the batch is all data or one sample is
        not the update's affair.
    Source: Robbins & Monro 1951; Goodfellow et al. 2016, algorithm 8.1.
    """
    require_gradients(params, grads)
    return [p - lr * g for p, g in zip(params, grads, strict=True)], state


def momentum_init(params: list[Array]) -> State:
    """The state of gradient descent with momentum before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for momentum_update.
    Source: Polyak 1964; USTC slides, momentum; Goodfellow et al. 2016, algorithm 8.2.
    """
    return zeros_for(params)


def momentum_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, momentum: float = 0.9
) -> tuple[list[Array], State]:
    """One update of gradient descent with momentum: v <- momentum v - lr g, theta <- theta + v.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from momentum_init or the update before; it is not changed.
        lr: step size.
        momentum: mu, share of the velocity that is kept; it may change from update to update.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the step size is inside the velocity, which starts at 0 (torch: v <- mu v + g, theta - lr v; the
        Beihang slides start at the first gradient).
    Source: Polyak 1964; USTC slides, momentum; Goodfellow et al. 2016, algorithm 8.2.
    """
    require_gradients(params, grads)
    velocity = [momentum * v - lr * g for v, g in zip(state, grads, strict=True)]
    return [p + v for p, v in zip(params, velocity, strict=True)], velocity


def nesterov_init(params: list[Array]) -> State:
    """The state of Nesterov's method before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for nesterov_lookahead and nesterov_update.
    Source: Nesterov 1983; Sutskever et al. 2013.
    """
    return zeros_for(params)


def nesterov_lookahead(params: list[Array], state: State, *, momentum: float = 0.9) -> list[Array]:
    """Where the gradient of the next update is to be taken: theta + momentum v.

    Args:
        params: list of float arrays.
        state: from nesterov_init or the update before.
        momentum: mu, share of the velocity that is kept.
    Returns:
        ahead: list of arrays in the shapes of params.
    Source: Sutskever et al. 2013, equation 3; USTC slides, Nesterov momentum.
    """
    return [p + momentum * v for p, v in zip(params, state, strict=True)]


def nesterov_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, momentum: float = 0.9
) -> tuple[list[Array], State]:
    """One update of Nesterov's method by its definition.

    v <- momentum v - lr g(theta + momentum v), theta <- theta + v.

    Args:
        params: list of float arrays, theta.
        grads: list of float arrays, the gradients at nesterov_lookahead(params, state).
        state: from nesterov_init or the update before; it is not changed.
        lr: step size.
        momentum: mu, share of the velocity that is kept.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the parameters are theta, not the point ahead where the gradient is taken.
    Source: Sutskever et al. 2013, equations 3-4; USTC slides, Nesterov momentum.
    """
    return momentum_update(params, grads, state, lr=lr, momentum=momentum)


def nesterov_simplified_init(params: list[Array]) -> State:
    """The state of Nesterov's method in the variable Theta = theta + momentum v before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for nesterov_simplified_update.
    Source: Bengio et al. 2012, equation 7; USTC slides, simplified Nesterov.
    """
    return zeros_for(params)


def nesterov_simplified_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, momentum: float = 0.9
) -> tuple[list[Array], State]:
    """One update of Nesterov's method in the variable Theta = theta + momentum v.

    v' = momentum v - lr g(Theta), Theta <- Theta - momentum v + (1 + momentum) v'.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from nesterov_simplified_init or the update before; it is not changed.
        lr: step size.
        momentum: mu, share of the velocity that is kept.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: params are Theta, where the gradient is taken: no look-ahead is needed.
    Source: Bengio et al. 2012, equation 7; USTC slides, simplified Nesterov.
    """
    require_gradients(params, grads)
    velocity = [momentum * v - lr * g for v, g in zip(state, grads, strict=True)]
    ahead = [p - momentum * old + (1 + momentum) * new for p, old, new in zip(params, state, velocity, strict=True)]
    return ahead, velocity
