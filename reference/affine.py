"""The affine layer."""

from reference.checks import require_shape
from reference.namespace import Array, Cache, array_namespace


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """Affine map, out = x w + b.

    Args:
        x: (N, D) float, inputs.
        w: (D, M) float, weights.
        b: (M,) float, bias.
    Returns:
        out: (N, M), dtype of x.
        cache: opaque, for affine_backward.
    Raises:
        ValueError: x is not a matrix, or w or b does not fit it.
    Convention: samples are rows, and w is (D, M); torch.nn.Linear stores (M, D), and the lectures write
        z = W a + b on columns.
    Source: Goodfellow et al. 2016, section 6.5.
    """
    require_shape("x", x, ("N", "D"))
    require_shape("w", w, (x.shape[1], "M"))
    require_shape("b", b, (w.shape[1],))
    return x @ w + b, (x, w)


def affine_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of affine_forward.

    Args:
        dout: (N, M), gradient with respect to out.
        cache: from affine_forward.
    Returns:
        dx: (N, D), dtype of x.
        dw: (D, M), dtype of w.
        db: (M,), dtype of b.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    x, w = cache
    require_shape("dout", dout, (x.shape[0], w.shape[1]))
    dx = dout @ w.T
    dw = x.T @ dout
    db = array_namespace(dout).sum(dout, axis=0)
    return dx, dw, db
