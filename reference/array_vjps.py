"""Vector-Jacobian products of the operations that networks are made of, one pair each."""

from reference.autodiff import unbroadcast
from reference.checks import require, require_shape
from reference.namespace import Array, Cache, array_namespace


def broadcast_add_forward(a: Array, b: Array) -> tuple[Array, Cache]:
    """The sum of a matrix and a row, out = a + b.

    Args:
        a: (N, M) float.
        b: (M,) float, added to every row.
    Returns:
        out: (N, M), dtype of a.
        cache: opaque, for broadcast_add_backward.
    Raises:
        ValueError: a shape does not fit.
    Source: Baydin et al. 2018, section 3.2.
    """
    require_shape("a", a, ("N", "M"))
    require_shape("b", b, (a.shape[1],))
    return a + b, (a, b)


def broadcast_add_backward(dout: Array, cache: Cache) -> tuple[Array, Array]:
    """Gradients of broadcast_add_forward.

    Args:
        dout: (N, M), gradient with respect to out.
        cache: from broadcast_add_forward.
    Returns:
        da: (N, M).
        db: (M,).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    a, b = cache
    require_shape("dout", dout, tuple(a.shape))
    return array_namespace(dout).asarray(dout, copy=True), unbroadcast(dout, b)


def broadcast_multiply_forward(a: Array, b: Array) -> tuple[Array, Cache]:
    """The elementwise product of a matrix and a column, out = a * b.

    Args:
        a: (N, M) float.
        b: (N, 1) float, times every column.
    Returns:
        out: (N, M), dtype of a.
        cache: opaque, for broadcast_multiply_backward.
    Raises:
        ValueError: a shape does not fit.
    Source: Baydin et al. 2018, section 3.2.
    """
    require_shape("a", a, ("N", "M"))
    require_shape("b", b, (a.shape[0], 1))
    return a * b, (a, b)


def broadcast_multiply_backward(dout: Array, cache: Cache) -> tuple[Array, Array]:
    """Gradients of broadcast_multiply_forward.

    Args:
        dout: (N, M), gradient with respect to out.
        cache: from broadcast_multiply_forward.
    Returns:
        da: (N, M).
        db: (N, 1).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    a, b = cache
    require_shape("dout", dout, tuple(a.shape))
    return dout * b, unbroadcast(dout * a, b)


def matrix_product_forward(a: Array, b: Array) -> tuple[Array, Cache]:
    """The product of two matrices, out = a b.

    Args:
        a: (N, K) float.
        b: (K, M) float.
    Returns:
        out: (N, M), dtype of a.
        cache: opaque, for matrix_product_backward.
    Raises:
        ValueError: a shape does not fit.
    Source: Giles 2008, section 2.2.2.
    """
    require_shape("a", a, ("N", "K"))
    require_shape("b", b, (a.shape[1], "M"))
    return a @ b, (a, b)


def matrix_product_backward(dout: Array, cache: Cache) -> tuple[Array, Array]:
    """Gradients of matrix_product_forward.

    Args:
        dout: (N, M), gradient with respect to out.
        cache: from matrix_product_forward.
    Returns:
        da: (N, K).
        db: (K, M).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    a, b = cache
    require_shape("dout", dout, (a.shape[0], b.shape[1]))
    return dout @ b.T, a.T @ dout


def axis_sum_forward(x: Array, *, axis: int = 0) -> tuple[Array, Cache]:
    """The sum of a matrix along one axis.

    Args:
        x: (N, M) float.
        axis: 0 for the sum of the rows, (M,); 1 for the sum of the columns, (N,).
    Returns:
        out: (M,) or (N,), dtype of x.
        cache: opaque, for axis_sum_backward.
    Raises:
        ValueError: x is not a matrix, or axis is neither 0 nor 1.
    Source: Baydin et al. 2018, section 3.2.
    """
    require_shape("x", x, ("N", "M"))
    require(axis in (0, 1), "axis", axis, "0 or 1")
    return array_namespace(x).sum(x, axis=axis), (tuple(x.shape), axis)


def axis_sum_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of axis_sum_forward.

    Args:
        dout: (M,) or (N,), gradient with respect to out.
        cache: from axis_sum_forward.
    Returns:
        dx: (N, M), dtype of x.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    shape, axis = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, (shape[1 - axis],))
    return xp.asarray(xp.broadcast_to(xp.expand_dims(dout, axis=axis), shape), copy=True)


def gradient_error(analytic: Array, ahead: Array, behind: Array, *, step: float = 1e-4) -> tuple[Array, Array]:
    """Check a gradient against central differences, n_i = (f(x + h e_i) - f(x - h e_i)) / 2h.

    Args:
        analytic: (K,) float, the gradient to check, K at least 1.
        ahead: (K,) float, f with entry i moved by h.
        behind: (K,) float, f with entry i moved by -h.
        step: h, more than 0.
    Returns:
        numeric: (K,), the differences, dtype of analytic.
        error: (), max |analytic - numeric| / max(max |analytic|, max |numeric|), 0 where both are 0.
    Raises:
        ValueError: the shapes differ, K is 0, or step is not more than 0.
    Convention: normwise: one scale for all entries, so that small ones are not held to their own size.
    Source: Goodfellow et al. 2016, section 11.5, equation 11.6.
    """
    xp = array_namespace(analytic)
    require_shape("analytic", analytic, ("K",))
    require(analytic.shape[0] >= 1, "K", 0, "at least 1")
    require_shape("ahead", ahead, tuple(analytic.shape))
    require_shape("behind", behind, tuple(analytic.shape))
    require(step > 0, "step", step, "more than 0")
    numeric = (ahead - behind) / (2 * step)
    scale = xp.max(xp.concat([xp.abs(analytic), xp.abs(numeric)]))
    error = xp.max(xp.abs(analytic - numeric)) / xp.where(scale > 0, scale, 1)
    return numeric, error
