"""Rectifiers: straight above 0, and below it flat, sloped or bent."""

from reference.checks import require_shape
from reference.namespace import Array, Cache, array_namespace


def is_positive(x: Array) -> Array:
    """1 where x > 0 and 0 elsewhere, in the dtype of x."""
    return array_namespace(x).astype(x > 0, x.dtype)


def relu_forward(x: Array) -> tuple[Array, Cache]:
    """Rectified linear unit, a = max(0, x).

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for relu_backward.
    Source: Nair & Hinton 2010, section 2; Goodfellow et al. 2016, section 6.3.1.
    """
    return array_namespace(x).maximum(x, 0), x


def relu_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of relu_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from relu_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    Convention: at x = 0 any slope in [0, 1] is a subgradient; ours is 0.
    """
    x = cache
    require_shape("dout", dout, x.shape)
    return dout * is_positive(x)


def leaky_relu_forward(x: Array, *, gamma: float = 0.01) -> tuple[Array, Cache]:
    """Leaky rectifier, a = max(0, x) + gamma min(0, x).

    Args:
        x: any shape, float.
        gamma: slope below 0, fixed.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for leaky_relu_backward.
    Source: Maas, Hannun & Ng 2013, section 2.
    """
    xp = array_namespace(x)
    return xp.maximum(x, 0) + gamma * xp.minimum(x, 0), (x, gamma)


def leaky_relu_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of leaky_relu_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from leaky_relu_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    Convention: at x = 0 any slope between gamma and 1 passes; ours is gamma.
    """
    x, gamma = cache
    require_shape("dout", dout, x.shape)
    positive = is_positive(x)
    return dout * (positive + gamma * (1 - positive))


def prelu_forward(x: Array, gamma: Array) -> tuple[Array, Cache]:
    """Parametric rectifier, a_i = max(0, x_i) + gamma_i min(0, x_i), gamma learned, one a channel.

    Args:
        x: (N, C) float, channels last.
        gamma: (C,) float, slope below 0 of each channel.
    Returns:
        a: (N, C), dtype of x.
        cache: opaque, for prelu_backward.
    Raises:
        ValueError: x is not a matrix, or gamma is not one number a channel.
    Source: He et al. 2015, Delving Deep into Rectifiers, equation 1.
    """
    xp = array_namespace(x, gamma)
    require_shape("x", x, ("N", "C"))
    require_shape("gamma", gamma, (x.shape[1],))
    return xp.maximum(x, 0) + gamma * xp.minimum(x, 0), (x, gamma)


def prelu_backward(dout: Array, cache: Cache) -> tuple[Array, Array]:
    """Gradients of prelu_forward.

    Args:
        dout: (N, C), gradient with respect to a.
        cache: from prelu_forward.
    Returns:
        dx: (N, C), dtype of x.
        dgamma: (C,), dtype of gamma.
    Raises:
        ValueError: dout does not have the shape of x.
    Convention: at x_i = 0 any slope between gamma_i and 1 passes; ours is gamma_i.
    """
    x, gamma = cache
    xp = array_namespace(x)
    require_shape("dout", dout, x.shape)
    positive = is_positive(x)
    dx = dout * (positive + gamma * (1 - positive))
    dgamma = xp.sum(dout * xp.minimum(x, 0), axis=0)
    return dx, dgamma


def elu_forward(x: Array, *, gamma: float = 1.0) -> tuple[Array, Cache]:
    """Exponential linear unit, a = max(0, x) + min(0, gamma (e^x - 1)), gamma > 0.

    Args:
        x: any shape, float.
        gamma: a tends to -gamma far below 0; positive.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for elu_backward.
    Source: Clevert, Unterthiner & Hochreiter 2016, section 3.
    """
    xp = array_namespace(x)
    below = xp.minimum(x, 0)
    # expm1, because e^x - 1 loses every digit of a small x.
    return xp.maximum(x, 0) + gamma * xp.expm1(below), (x, gamma)


def elu_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of elu_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from elu_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    Convention: at x = 0 any slope between gamma and 1 passes; ours is gamma.
    """
    x, gamma = cache
    xp = array_namespace(x)
    require_shape("dout", dout, x.shape)
    positive = is_positive(x)
    return dout * (positive + gamma * (1 - positive) * xp.exp(xp.minimum(x, 0)))
