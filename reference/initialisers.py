"""How weights start: by chance, in NumPy, in float64."""

from math import sqrt

import numpy as np

from reference.namespace import Array


def constant_initialiser(rng: np.random.Generator, shape: tuple[int, ...], *, value: float = 0.0) -> Array:
    """The same `value` everywhere: right for biases, and the failure to see for weights.

    Args:
        rng: not used; every initialiser takes one.
        shape: of the result.
        value: of each element.
    Returns:
        w: `shape`, float64.
    Convention: equal weights stay equal, so that a hidden layer learns one feature only.
    Source: Goodfellow et al. 2016, section 8.4.
    """
    return np.full(shape, value, dtype=np.float64)


def normal_initialiser(rng: np.random.Generator, shape: tuple[int, ...], *, sigma: float = 1.0) -> Array:
    """Independent draws of N(0, sigma^2).

    Args:
        rng: source of chance.
        shape: of the result.
        sigma: standard deviation.
    Returns:
        w: `shape`, float64.
    Source: USTC lectures, mini-batch gradient descent.
    """
    return sigma * rng.standard_normal(shape)


def xavier_normal_initialiser(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Independent draws of N(0, 2 / (fan_in + fan_out)), for tanh and sigmoid layers.

    Args:
        rng: source of chance.
        shape: (fan_in, fan_out).
    Returns:
        w: `shape`, float64.
    Source: Glorot & Bengio 2010, equation 12.
    """
    fan_in, fan_out = shape
    return normal_initialiser(rng, shape, sigma=sqrt(2 / (fan_in + fan_out)))


def xavier_uniform_initialiser(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Independent draws of U(-r, r), r = sqrt(6 / (fan_in + fan_out)): the variance of Xavier's normal.

    Args:
        rng: source of chance.
        shape: (fan_in, fan_out).
    Returns:
        w: `shape`, float64.
    Source: Glorot & Bengio 2010, equation 16.
    """
    fan_in, fan_out = shape
    bound = sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, size=shape)


def he_initialiser(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Independent draws of N(0, 2 / fan_in), for relu layers.

    Args:
        rng: source of chance.
        shape: (fan_in, fan_out).
    Returns:
        w: `shape`, float64.
    Source: He et al. 2015, Delving Deep into Rectifiers, equation 10.
    """
    fan_in, _ = shape
    return normal_initialiser(rng, shape, sigma=sqrt(2 / fan_in))
