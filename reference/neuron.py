"""The artificial neuron, and maxout, the neuron that learns its own activation."""

from reference.activations import sigmoid_backward, sigmoid_forward
from reference.checks import require_shape
from reference.namespace import Array, Cache, array_namespace


def neuron_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """One sigmoid neuron, z = sum_k x_k w_k + b, a = sigmoid(z), on every sample.

    Args:
        x: (N, D) float, inputs.
        w: (D,) float, weights.
        b: () float, bias.
    Returns:
        a: (N,), dtype of x.
        cache: opaque, for neuron_backward.
    Raises:
        ValueError: x is not a matrix, w not one weight an input, or b not a single number.
    Source: USTC lectures, the artificial neuron.
    """
    require_shape("x", x, ("N", "D"))
    require_shape("w", w, (x.shape[1],))
    require_shape("b", b, ())
    a, activation = sigmoid_forward(x @ w + b)
    return a, (x, w, activation)


def neuron_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of neuron_forward.

    Args:
        dout: (N,), gradient with respect to a.
        cache: from neuron_forward.
    Returns:
        dx: (N, D), dtype of x.
        dw: (D,), dtype of w.
        db: (), dtype of b.
    Raises:
        ValueError: dout does not have the shape of a.
    """
    x, w, activation = cache
    dz = sigmoid_backward(dout, activation)
    dx = dz[:, None] * w[None, :]
    dw = dz @ x
    db = array_namespace(dz).sum(dz)
    return dx, dw, db


def maxout_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """Maxout, a = max_k (x w_k + b_k), the largest of K affine maps, for each output on its own.

    Args:
        x: (N, D) float, inputs.
        w: (K, D, M) float, weights of the K pieces.
        b: (K, M) float, their biases.
    Returns:
        a: (N, M), dtype of x.
        cache: opaque, for maxout_backward.
    Raises:
        ValueError: the shapes of x, w and b do not fit.
    Source: Goodfellow et al. 2013, Maxout Networks, section 2.
    """
    xp = array_namespace(x, w, b)
    require_shape("x", x, ("N", "D"))
    require_shape("w", w, ("K", x.shape[1], "M"))
    require_shape("b", b, (w.shape[0], w.shape[2]))
    pieces = x @ w + b[:, None, :]
    return xp.max(pieces, axis=0), (x, w, xp.argmax(pieces, axis=0))


def maxout_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of maxout_forward.

    Args:
        dout: (N, M), gradient with respect to a.
        cache: from maxout_forward.
    Returns:
        dx: (N, D), dtype of x.
        dw: (K, D, M), dtype of w.
        db: (K, M), dtype of b.
    Raises:
        ValueError: dout does not have the shape of a.
    Convention: where pieces tie, any split of the gradient among them passes; ours gives it to the first.
    """
    x, w, winner = cache
    xp = array_namespace(x)
    require_shape("dout", dout, winner.shape)
    pieces = xp.arange(w.shape[0], device=x.device)
    won = xp.astype(pieces[:, None, None] == winner[None, :, :], dout.dtype)
    dpieces = won * dout[None, :, :]
    dx = xp.sum(dpieces @ w.mT, axis=0)
    dw = x.T @ dpieces
    db = xp.sum(dpieces, axis=1)
    return dx, dw, db
