"""Activations that act on each element alone: sigmoid, tanh, the rectifiers, softplus."""

from reference.checks import require_shape
from reference.namespace import Array, Cache, array_namespace


def sigmoid_forward(x: Array) -> tuple[Array, Cache]:
    """Logistic sigmoid, a = 1 / (1 + e^-x), accurate on both tails.

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for sigmoid_backward.
    Source: Goodfellow et al. 2016, equation 3.30.
    """
    xp = array_namespace(x)
    # Both exponents are at most 0: nothing overflows, and a small a keeps all its digits.
    a = xp.exp(xp.minimum(x, 0)) / (1 + xp.exp(-xp.abs(x)))
    return a, a


def sigmoid_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of sigmoid_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from sigmoid_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    a = cache
    require_shape("dout", dout, a.shape)
    return dout * (a * (1 - a))


def tanh_forward(x: Array) -> tuple[Array, Cache]:
    """Hyperbolic tangent, a = (e^x - e^-x) / (e^x + e^-x), accurate near 0 and on both tails.

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for tanh_backward.
    Source: LeCun et al. 1998, Efficient BackProp, section 4.4.
    """
    a = array_namespace(x).tanh(x)
    return a, a


def tanh_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of tanh_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from tanh_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    a = cache
    require_shape("dout", dout, a.shape)
    return dout * (1 - a * a)


def softplus_forward(x: Array) -> tuple[Array, Cache]:
    """Softplus, a = log(1 + e^x), finite for every finite x.

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for softplus_backward.
    Source: Goodfellow et al. 2016, equation 3.31.
    """
    xp = array_namespace(x)
    # log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), whose exponential never exceeds 1.
    a = xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))
    return a, x


def softplus_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of softplus_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from softplus_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    x = cache
    require_shape("dout", dout, x.shape)
    slope, _ = sigmoid_forward(x)
    return dout * slope
