"""Softmax, its logarithm, and the log-sum-exp they share, over the last axis."""

from reference.checks import require_shape
from reference.namespace import Array, Cache, array_namespace


def softmax_forward(x: Array) -> tuple[Array, Cache]:
    """Softmax over the last axis, a_i = e^{x_i} / sum_j e^{x_j}.

    Args:
        x: (N, C) float, C at least 1.
    Returns:
        a: (N, C), dtype of x; each row sums to 1.
        cache: opaque, for softmax_backward.
    Source: Goodfellow et al. 2016, equation 4.1; Blanchard, Higham & Higham 2021.
    """
    xp = array_namespace(x)
    # Shifting a row does not change it, and exp overflows above 709 (88 in float32).
    exponentials = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    a = exponentials / xp.sum(exponentials, axis=-1, keepdims=True)
    return a, a


def softmax_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of softmax_forward.

    Args:
        dout: (N, C), gradient with respect to a.
        cache: from softmax_forward.
    Returns:
        dx: (N, C), dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    a = cache
    require_shape("dout", dout, a.shape)
    mean = array_namespace(a).sum(dout * a, axis=-1, keepdims=True)
    return a * (dout - mean)


def log_softmax_forward(x: Array) -> tuple[Array, Cache]:
    """Logarithm of softmax over the last axis, y_i = x_i - log sum_j e^{x_j}.

    Args:
        x: (N, C) float, C at least 1.
    Returns:
        y: (N, C), dtype of x.
        cache: opaque, for log_softmax_backward.
    Source: Blanchard, Higham & Higham 2021, The log-sum-exp and softmax functions.
    """
    xp = array_namespace(x)
    shifted = x - xp.max(x, axis=-1, keepdims=True)
    y = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    return y, y


def log_softmax_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of log_softmax_forward.

    Args:
        dout: (N, C), gradient with respect to y.
        cache: from log_softmax_forward.
    Returns:
        dx: (N, C), dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    y = cache
    xp = array_namespace(y)
    require_shape("dout", dout, y.shape)
    return dout - xp.exp(y) * xp.sum(dout, axis=-1, keepdims=True)


def logsumexp_forward(x: Array) -> tuple[Array, Cache]:
    """Log-sum-exp over the last axis, y = log sum_j e^{x_j}.

    Args:
        x: (N, C) float, C at least 1.
    Returns:
        y: (N,), dtype of x.
        cache: opaque, for logsumexp_backward.
    Source: Blanchard, Higham & Higham 2021, The log-sum-exp and softmax functions.
    """
    xp = array_namespace(x)
    largest = xp.max(x, axis=-1, keepdims=True)
    exponentials = xp.exp(x - largest)
    total = xp.sum(exponentials, axis=-1, keepdims=True)
    y = largest + xp.log(total)
    return y[..., 0], (exponentials, total)


def logsumexp_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of logsumexp_forward.

    Args:
        dout: (N,), gradient with respect to y.
        cache: from logsumexp_forward.
    Returns:
        dx: (N, C), dtype of x.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    exponentials, total = cache
    require_shape("dout", dout, total.shape[:-1])
    return dout[..., None] * (exponentials / total)
