"""Optimisers: a piece of every array at a time, states changed in place, parameters new.

A state is the optimiser's own, so it holds what makes an update short: running sums instead of means, whose factors go
into the step size.
"""

from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from reference.fast.pieces import PIECE, flat, slices
from reference.namespace import Array
from reference.optimisers import State, require_gradients


def momentum_init(params: list[Array]) -> State:
    """As reference.optimisers.momentum_init; so are those that follow, of their own."""
    return slot_for(params)


def nesterov_init(params: list[Array]) -> State:
    """One slot."""
    return slot_for(params)


def nesterov_lookahead(params: list[Array], state: State, *, momentum: float = 0.9) -> list[Array]:
    """As reference.optimisers.nesterov_lookahead."""
    return [p + momentum * v.reshape(p.shape) for p, v in zip(params, state.parts, strict=True)]


def nesterov_simplified_init(params: list[Array]) -> State:
    """One slot."""
    return slot_for(params)


def adagrad_init(params: list[Array]) -> State:
    """One slot."""
    return slot_for(params)


def rmsprop_init(params: list[Array]) -> State:
    """One slot."""
    return slot_for(params)


def adadelta_init(params: list[Array]) -> State:
    """Two slots."""
    return slot_for(params), slot_for(params)


def adam_init(params: list[Array]) -> State:
    """The step and two slots."""
    return 0, slot_for(params), slot_for(params)


def adamw_init(params: list[Array]) -> State:
    """The step and two slots."""
    return adam_init(params)


def nadam_init(params: list[Array]) -> State:
    """The step and two slots."""
    return adam_init(params)


def nadam_decay_init(params: list[Array]) -> State:
    """The step, the product of the momenta, and two slots."""
    return 0, 1.0, slot_for(params), slot_for(params)


def sgd_update(params: list[Array], grads: list[Array], state: State, *, lr: float) -> tuple[list[Array], State]:
    """As reference.optimisers.sgd_update."""

    def step(new: Array, p: Array, g: Array, room: Array, more: Array) -> None:
        np.multiply(g, lr, out=new)
        np.subtract(p, new, out=new)

    return _updated(step, params, grads), state


def momentum_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, momentum: float = 0.9
) -> tuple[list[Array], State]:
    """As reference.optimisers.momentum_update."""

    def step(new: Array, p: Array, g: Array, room: Array, more: Array, v: Array) -> None:
        v *= momentum
        np.multiply(g, lr, out=room)
        v -= room
        np.add(p, v, out=new)

    return _updated(step, params, grads, state), state


def nesterov_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, momentum: float = 0.9
) -> tuple[list[Array], State]:
    """As reference.optimisers.nesterov_update."""
    return momentum_update(params, grads, state, lr=lr, momentum=momentum)


def nesterov_simplified_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, momentum: float = 0.9
) -> tuple[list[Array], State]:
    """As reference.optimisers.nesterov_simplified_update: p - mu v + (1 + mu) (mu v - lr g) is p - lr g + mu v'."""

    def step(new: Array, p: Array, g: Array, room: Array, more: Array, v: Array) -> None:
        v *= momentum
        np.multiply(g, lr, out=room)
        v -= room
        np.subtract(p, room, out=new)
        np.multiply(v, momentum, out=room)
        new += room

    return _updated(step, params, grads, state), state


def adagrad_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, eps: float = 1e-8
) -> tuple[list[Array], State]:
    """As reference.adaptive_optimisers.adagrad_update."""

    def step(new: Array, p: Array, g: Array, room: Array, more: Array, s: Array) -> None:
        np.square(g, out=room)
        s += room
        _step_over_root(new, p, g, s, lr, eps, room)

    return _updated(step, params, grads, state), state


def rmsprop_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, alpha: float = 0.9, eps: float = 1e-8
) -> tuple[list[Array], State]:
    """As reference.adaptive_optimisers.rmsprop_update."""

    def step(new: Array, p: Array, g: Array, room: Array, more: Array, s: Array) -> None:
        _decay_squares(s, g, alpha, room)
        _step_over_root(new, p, g, s, lr, eps, room)

    return _updated(step, params, grads, state), state


def adadelta_update(
    params: list[Array], grads: list[Array], state: State, *, lr: float, rho: float = 0.95, eps: float = 1e-6
) -> tuple[list[Array], State]:
    """As reference.adaptive_optimisers.adadelta_update."""

    def step(new: Array, p: Array, g: Array, room: Array, more: Array, s: Array, w: Array) -> None:
        _decay_squares(s, g, rho, room)
        np.add(w, eps, out=room)
        np.add(s, eps, out=more)
        room /= more
        np.sqrt(room, out=room)
        room *= g
        np.multiply(room, lr, out=new)
        np.subtract(p, new, out=new)
        _decay_squares(w, room, rho, room)

    return _updated(step, params, grads, *state), state


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
    """As reference.adaptive_optimisers.adam_update."""
    return _adam(params, grads, state, lr, beta1, beta2, eps, 0.0)


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
    """As reference.adaptive_optimisers.adamw_update."""
    return _adam(params, grads, state, lr, beta1, beta2, eps, lr * decay)


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
    """As reference.adaptive_optimisers.nadam_update."""
    t, means, squares = state
    t += 1
    looked = lr * beta1 / (1 - beta1 ** (t + 1)), lr * (1 - beta1) / (1 - beta1**t)
    new = _nadam(params, grads, means, squares, looked, beta1, beta2, 1 - beta2**t, eps)
    return new, (t, means, squares)


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
    """As reference.adaptive_optimisers.nadam_decay_update."""
    t, product, means, squares = state
    t += 1
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (decay * k)) for k in (t, t + 1))
    product *= mu
    looked = lr * mu_next / (1 - product * mu_next), lr * (1 - mu) / (1 - product)
    new = _nadam(params, grads, means, squares, looked, beta1, beta2, 1 - beta2**t, eps)
    return new, (t, product, means, squares)


# --- what they share ---


def _adam(
    params: list[Array],
    grads: list[Array],
    state: State,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    decay: float,
) -> tuple[list[Array], State]:
    t, means, squares = state
    t += 1
    # The state holds m / (1 - beta1) and s / (1 - beta2), and the root's factor is taken out of the quotient: what is
    # left are two factors a step, none an element.
    root = ((1 - beta2**t) / (1 - beta2)) ** 0.5
    rate, floor = lr * root * (1 - beta1) / (1 - beta1**t), eps * root

    def step(new: Array, p: Array, g: Array, room: Array, more: Array, m: Array, s: Array) -> None:
        m *= beta1
        m += g
        np.square(g, out=room)
        s *= beta2
        s += room
        np.sqrt(s, out=room)
        room += floor
        np.divide(m, room, out=room)
        room *= rate
        if decay:
            np.multiply(p, 1 - decay, out=new)
            new -= room
        else:
            np.subtract(p, room, out=new)

    return _updated(step, params, grads, means, squares), (t, means, squares)


def _nadam(
    params: list[Array],
    grads: list[Array],
    means: "Slot",
    squares: "Slot",
    looked: tuple[float, float],
    beta1: float,
    beta2: float,
    correction: float,
    eps: float,
) -> list[Array]:
    """The step size is in the two factors of `looked`, of the mean and of the gradient."""
    root = correction**0.5
    by_mean, by_gradient = (factor * root for factor in looked)
    floor = eps * root

    def step(new: Array, p: Array, g: Array, room: Array, more: Array, m: Array, s: Array) -> None:
        _decay(m, g, beta1, room)
        _decay_squares(s, g, beta2, room)
        np.sqrt(s, out=room)
        room += floor
        np.multiply(m, by_mean, out=more)
        np.multiply(g, by_gradient, out=new)
        more += new
        more /= room
        np.subtract(p, more, out=new)

    return _updated(step, params, grads, means, squares)


def _decay(mean: Array, value: Array, keep: float, room: Array) -> None:
    mean *= keep
    np.multiply(value, 1 - keep, out=room)
    mean += room


def _decay_squares(mean: Array, value: Array, keep: float, room: Array) -> None:
    np.square(value, out=room)
    room *= 1 - keep
    mean *= keep
    mean += room


def _step_over_root(new: Array, p: Array, g: Array, square: Array, lr: float, eps: float, room: Array) -> None:
    np.sqrt(square, out=room)
    room += eps
    np.divide(g, room, out=room)
    room *= lr
    np.subtract(p, room, out=new)


class Slot(NamedTuple):
    """One number a parameter: by array, each flat, and all in a row where they have one dtype."""

    parts: list[Array]
    whole: Array | None


def slot_for(params: list[Array]) -> Slot:
    """Zeros."""
    if len({p.dtype for p in params}) != 1:
        return Slot([np.zeros(p.size, p.dtype) for p in params], None)
    whole = np.zeros(sum(p.size for p in params), params[0].dtype)
    return Slot(_cut(whole, params), whole)


def _cut(whole: Array, params: list[Array]) -> list[Array]:
    ends = list(accumulate(p.size for p in params))
    return [whole[end - p.size : end] for end, p in zip(ends, params, strict=True)]


def _updated(step: Callable[..., None], params: list[Array], grads: list[Array], *slots: Slot) -> list[Array]:
    """New parameters: `step(new, p, g, room, more room, *slots)` for every piece of every array.

    Few numbers in several arrays are put in a row first: then a call's overhead is paid once.
    """
    require_gradients(params, grads)
    kinds, size = {p.dtype for p in params}, sum(p.size for p in params)
    if slots and len(kinds) == 1 and size <= PIECE:
        new, room, more = np.empty((3, size), params[0].dtype)
        given = (np.concatenate(list(map(np.ravel, arrays))) for arrays in (params, grads))
        step(new, *given, room, more, *(slot.whole for slot in slots))
        return [part.reshape(p.shape) for part, p in zip(_cut(new, params), params, strict=True)]
    results = [np.empty(p.shape, p.dtype) for p in params]
    rooms = {kind: np.empty((2, min(size, PIECE)), kind) for kind in kinds}
    for result, p, g, *own in zip(results, params, grads, *(slot.parts for slot in slots), strict=True):
        arrays = result.reshape(-1), flat(p), flat(g), *own
        room, more = rooms[p.dtype]
        if p.size <= PIECE:
            step(*arrays[:3], room[: p.size], more[: p.size], *own)
            continue
        for part in slices(p.size):
            target, value, grad, *kept = (array[part] for array in arrays)
            step(target, value, grad, room[: target.size], more[: target.size], *kept)
    return results
