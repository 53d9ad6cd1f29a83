"""The chain rule in its three forms: along one chain, to several inputs, over several paths."""

from reference.checks import require_shape
from reference.namespace import Array, Cache, array_namespace


def chain_forward(x: Array) -> tuple[Array, Cache]:
    """One chain, u = x^2, y = sin u, on each element.

    Args:
        x: (N,) float.
    Returns:
        y: (N,), dtype of x.
        cache: opaque, for chain_backward.
    Source: UCAS lectures, the chain rule, first case.
    """
    u = x * x
    return array_namespace(x).sin(u), (x, u)


def chain_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of chain_forward.

    Args:
        dout: (N,), gradient with respect to y.
        cache: from chain_forward.
    Returns:
        dx: (N,), dtype of x.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    x, u = cache
    require_shape("dout", dout, x.shape)
    du = dout * array_namespace(u).cos(u)
    return du * 2 * x


def chain_inputs_forward(x: Array, w: Array) -> tuple[Array, Cache]:
    """One chain from two inputs, z = x w, y = sin z, on each element.

    Args:
        x: (N,) float.
        w: (N,) float.
    Returns:
        y: (N,), dtype of x.
        cache: opaque, for chain_inputs_backward.
    Raises:
        ValueError: x and w differ in shape.
    Source: UCAS lectures, the chain rule, second case.
    """
    require_shape("w", w, x.shape)
    z = x * w
    return array_namespace(z).sin(z), (x, w, z)


def chain_inputs_backward(dout: Array, cache: Cache) -> tuple[Array, Array]:
    """Gradients of chain_inputs_forward.

    Args:
        dout: (N,), gradient with respect to y.
        cache: from chain_inputs_forward.
    Returns:
        dx: (N,), dtype of x.
        dw: (N,), dtype of w.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    x, w, z = cache
    require_shape("dout", dout, z.shape)
    dz = dout * array_namespace(z).cos(z)
    return dz * w, dz * x


def chain_paths_forward(s: Array) -> tuple[Array, Cache]:
    """Two paths from one input, x = s^2, y = sin s, z = x y, on each element.

    Args:
        s: (N,) float.
    Returns:
        z: (N,), dtype of s.
        cache: opaque, for chain_paths_backward.
    Source: UCAS lectures, the chain rule, third case.
    """
    x = s * s
    y = array_namespace(s).sin(s)
    return x * y, (s, x, y)


def chain_paths_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of chain_paths_forward, summed over the two paths.

    Args:
        dout: (N,), gradient with respect to z.
        cache: from chain_paths_forward.
    Returns:
        ds: (N,), dtype of s.
    Raises:
        ValueError: dout does not have the shape of z.
    """
    s, x, y = cache
    require_shape("dout", dout, s.shape)
    dx = dout * y
    dy = dout * x
    return dx * 2 * s + dy * array_namespace(s).cos(s)
