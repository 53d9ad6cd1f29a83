"""Optimisers that give each parameter a step size of its own."""

from reference.namespace import Array, array_namespace
from reference.optimisers import State, require_gradients, zeros_for


def adagrad_init(params: list[Array]) -> State:
    """The state of Adagrad before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adagrad_update.
    Source: Duchi et al. 2011; Soochow slides, Adagrad.
    """
    return zeros_for(params)


def adagrad_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, eps: float = 1e-8
) -> tuple[list[Array], State]:
    """One update of Adagrad: s <- s + g^2, theta <- theta - lr g / (sqrt(s) + eps).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adagrad_init or the update before; it is not changed.
        lr: step size.
        eps: added to the denominator, outside the root.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: a sum, not a mean, and eps outside the root (Soochow slides: the mean; Beihang slides: eps inside;
        USTC slides: no eps).
    Source: Duchi et al. 2011; Soochow slides, Adagrad.
    """
    require_gradients(params, grads)
    squares = [s + g * g for s, g in zip(state, grads, strict=True)]
    return [p - lr * scaled(g, s, eps) for p, g, s in zip(params, grads, squares, strict=True)], squares


def rmsprop_init(params: list[Array]) -> State:
    """The state of RMSProp before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for rmsprop_update.
    Source: Tieleman & Hinton 2012, lecture 6.5; Soochow slides, RMSProp.
    """
    return zeros_for(params)


def rmsprop_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, alpha: float = 0.9, eps: float = 1e-8
) -> tuple[list[Array], State]:
    """One update of RMSProp: s <- alpha s + (1 - alpha) g^2, theta <- theta - lr g / (sqrt(s) + eps).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from rmsprop_init or the update before; it is not changed.
        lr: step size.
        alpha: decay of the mean squared gradient.
        eps: added to the denominator, outside the root.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: s starts at 0 and is not corrected; eps outside the root (Beihang slides: inside).
    Source: Tieleman & Hinton 2012, lecture 6.5; Soochow slides, RMSProp.
    """
    require_gradients(params, grads)
    squares = [alpha * s + (1 - alpha) * (g * g) for s, g in zip(state, grads, strict=True)]
    return [p - lr * scaled(g, s, eps) for p, g, s in zip(params, grads, squares, strict=True)], squares


def adadelta_init(params: list[Array]) -> State:
    """The state of Adadelta before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adadelta_update.
    Source: Zeiler 2012, algorithm 1.
    """
    return (zeros_for(params), zeros_for(params))


def adadelta_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, rho: float = 0.95, eps: float = 1e-6
) -> tuple[list[Array], State]:
    """One update of Adadelta: delta = -sqrt(w + eps) / sqrt(s + eps) g, theta <- theta + lr delta.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adadelta_init or the update before; it is not changed.
        lr: step size.
        rho: decay of both means of squares.
        eps: added inside both roots.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: RMS[x] = sqrt(E[x^2] + eps), in the numerator the RMS of the steps before this one; lr is 1 in the
        paper. The Beihang slides print sqrt(w) with eps outside the roots.
    Source: Zeiler 2012, algorithm 1.
    """
    require_gradients(params, grads)
    squares, moves = state
    squares = [rho * s + (1 - rho) * (g * g) for s, g in zip(squares, grads, strict=True)]
    deltas = [-root(w + eps) / root(s + eps) * g for w, s, g in zip(moves, squares, grads, strict=True)]
    moves = [rho * w + (1 - rho) * (d * d) for w, d in zip(moves, deltas, strict=True)]
    return [p + lr * d for p, d in zip(params, deltas, strict=True)], (squares, moves)


def adam_init(params: list[Array]) -> State:
    """The state of Adam before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adam_update.
    Source: Kingma & Ba 2015, algorithm 1.
    """
    return (0, zeros_for(params), zeros_for(params))


def adam_update(
    params: list[Array],
    grads: list[Array],
    state: State,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[list[Array], State]:
    """One update of Adam.

    m and s decaying means of g and g^2, theta <- theta - lr m^ / (sqrt(s^) + eps), m^ = m / (1 - beta1^t), s^ = s
    / (1 - beta2^t).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adam_init or the update before; it is not changed.
        lr: step size.
        beta1: decay of the mean gradient.
        beta2: decay of the mean squared gradient.
        eps: added outside the root.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: both means are corrected, t counts from 1, eps outside the root. The Beihang slides misprint all three.
    Source: Kingma & Ba 2015, algorithm 1.
    """
    require_gradients(params, grads)
    step, means, squares = state
    step = step + 1
    means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, grads, strict=True)]
    squares = [beta2 * s + (1 - beta2) * (g * g) for s, g in zip(squares, grads, strict=True)]
    c1, c2 = 1 - beta1**step, 1 - beta2**step
    new = [p - lr * scaled(m / c1, s / c2, eps) for p, m, s in zip(params, means, squares, strict=True)]
    return new, (step, means, squares)


def adamw_init(params: list[Array]) -> State:
    """The state of Adam with decoupled weight decay before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adamw_update.
    Source: Loshchilov & Hutter 2019, algorithm 2.
    """
    return adam_init(params)


def adamw_update(
    params: list[Array],
    grads: list[Array],
    state: State,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    decay: float = 0.01,
) -> tuple[list[Array], State]:
    """One update of Adam with decoupled weight decay: theta <- theta - lr decay theta, and Adam's step.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adamw_init or the update before; it is not changed.
        lr: step size.
        beta1: decay of the mean gradient.
        beta2: decay of the mean squared gradient.
        eps: added outside the root.
        decay: weight decay, not scaled by Adam's denominator.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the decay is taken of the old parameters and multiplied by lr; L2 in the loss would go through
        Adam's denominator.
    Source: Loshchilov & Hutter 2019, algorithm 2.
    """
    require_gradients(params, grads)
    stepped, state = adam_update(params, grads, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)
    return [new - lr * decay * p for new, p in zip(stepped, params, strict=True)], state


def nadam_init(params: list[Array]) -> State:
    """The state of Nadam before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for nadam_update.
    Source: Dozat 2016, algorithm 2 with a constant momentum.
    """
    return (0, zeros_for(params), zeros_for(params))


def nadam_update(
    params: list[Array],
    grads: list[Array],
    state: State,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[list[Array], State]:
    """One update of Nadam.

    Adam with Nesterov's look-ahead, m^ = beta1 m / (1 - beta1^(t+1)) + (1 - beta1) g / (1 - beta1^t).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from nadam_init or the update before; it is not changed.
        lr: step size.
        beta1: decay of the mean gradient.
        beta2: decay of the mean squared gradient.
        eps: added outside the root.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: a constant beta1; nadam_decay has the schedule.
    Source: Dozat 2016, algorithm 2 with a constant momentum.
    """
    require_gradients(params, grads)
    step, means, squares = state
    step = step + 1
    means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, grads, strict=True)]
    squares = [beta2 * s + (1 - beta2) * (g * g) for s, g in zip(squares, grads, strict=True)]
    ahead, now, c2 = 1 - beta1 ** (step + 1), 1 - beta1**step, 1 - beta2**step
    looked = [beta1 * m / ahead + (1 - beta1) * g / now for m, g in zip(means, grads, strict=True)]
    new = [p - lr * scaled(m, s / c2, eps) for p, m, s in zip(params, looked, squares, strict=True)]
    return new, (step, means, squares)


def nadam_decay_init(params: list[Array]) -> State:
    """The state of Nadam with a momentum schedule before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for nadam_decay_update.
    Source: Dozat 2016, algorithm 2; torch.optim.NAdam.
    """
    return (0, 1.0, zeros_for(params), zeros_for(params))


def nadam_decay_update(
    params: list[Array],
    grads: list[Array],
    state: State,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    decay: float = 0.004,
) -> tuple[list[Array], State]:
    """One update of Nadam with a momentum schedule.

    mu_t = beta1 (1 - 0.96^(decay t) / 2), m^ = mu_(t+1) m / (1 - prod_(t+1)) + (1 - mu_t) g / (1 - prod_t).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from nadam_decay_init or the update before; it is not changed.
        lr: step size.
        beta1: decay of the mean gradient.
        beta2: decay of the mean squared gradient.
        eps: added outside the root.
        decay: how fast the momentum schedule rises.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the mean itself decays by beta1, as in torch.optim.NAdam; prod_t is the product of mu_1 to mu_t.
    Source: Dozat 2016, algorithm 2; torch.optim.NAdam.
    """
    require_gradients(params, grads)
    step, product, means, squares = state
    step = step + 1
    means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, grads, strict=True)]
    squares = [beta2 * s + (1 - beta2) * (g * g) for s, g in zip(squares, grads, strict=True)]
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (decay * t)) for t in (step, step + 1))
    product = product * mu  # of mu_1 to mu_t
    ahead, now, c2 = 1 - product * mu_next, 1 - product, 1 - beta2**step
    looked = [mu_next * m / ahead + (1 - mu) * g / now for m, g in zip(means, grads, strict=True)]
    new = [p - lr * scaled(m, s / c2, eps) for p, m, s in zip(params, looked, squares, strict=True)]
    return new, (step, product, means, squares)


# --- what they share ---


def root(x: Array) -> Array:
    """The square root, elementwise."""
    return array_namespace(x).sqrt(x)


def scaled(direction: Array, square: Array, eps: float) -> Array:
    """Direction / (sqrt(square) + eps)."""
    return direction / (root(square) + eps)
