"""Convolution as mathematics has it, of signals and of grey images; no channels, no bias."""

from reference.checks import require, require_shape
from reference.convolution import Padding, conv1d_backward, conv1d_forward, conv2d_forward
from reference.namespace import Array, Cache, array_namespace

IMAGE_FILTERS = {
    "gaussian": ((1 / 16, 1 / 8, 1 / 16), (1 / 8, 1 / 4, 1 / 8), (1 / 16, 1 / 8, 1 / 16)),
    "laplacian": ((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0)),
    "edge": ((0.0, 1.0, 1.0), (-1.0, 0.0, 1.0), (-1.0, -1.0, 0.0)),
}
"""The three filters of the USTC slides: a blur, a second derivative, and edges along one diagonal."""


def true_convolution_forward(x: Array, w: Array, *, mode: Padding = "narrow") -> tuple[Array, Cache]:
    """Convolution of signals with a filter, y_t = sum_k w_k x_{t-k+1}.

    Args:
        x: (N, T) float, signals.
        w: (K,) float, filter.
        mode: "narrow" for the T - K + 1 positions where the filter lies inside, "wide" for the T + K - 1 where it
            overlaps, "same" for T of them.
    Returns:
        y: (N, T'), dtype of x.
        cache: opaque, for true_convolution_backward.
    Raises:
        ValueError: a shape does not fit, the mode is unknown, or the filter is too long for "narrow".
    Convention: the filter is turned around, so that w_1 meets the latest sample. "same" is the part of "wide" that
        begins after floor(K/2) places.
    Source: USTC slides, convolution; Goodfellow et al. 2016, equation 9.3.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "T"))
    require_shape("w", w, ("K",))
    require(mode in ("narrow", "wide", "same"), "mode", repr(mode), '"narrow", "wide" or "same"')
    no_bias = xp.zeros((1,), dtype=x.dtype, device=x.device)
    y, cache = conv1d_forward(x[:, None, :], w[None, None, :], no_bias, padding=mode, flip=True)
    return y[:, 0, :], cache


def true_convolution_backward(dout: Array, cache: Cache) -> tuple[Array, Array]:
    """Gradients of true_convolution_forward.

    Args:
        dout: (N, T'), gradient with respect to y.
        cache: from true_convolution_forward.
    Returns:
        dx: (N, T), dtype of x.
        dw: (K,), dtype of w.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    require_shape("dout", dout, (cache[-1][0], cache[-1][2]))
    dx, dw, _ = conv1d_backward(dout[:, None, :], cache)
    return dx[:, 0, :], dw[0, 0, :]


def convolve_images(x: Array, w: Array) -> Array:
    """Narrow convolution of grey images, y_ij = sum_uv w_uv x_{i-u+1, j-v+1}.

    Args:
        x: (N, H, W) float, images.
        w: (K, L) float, filter.
    Returns:
        y: (N, H - K + 1, W - L + 1), dtype of x.
    Raises:
        ValueError: a shape does not fit, or the filter is larger than the images.
    Convention: convolution: the filter is turned by 180 degrees before it slides.
    Source: USTC slides, two-dimensional convolution.
    """
    require_shape("x", x, ("N", "H", "W"))
    require_shape("w", w, ("K", "L"))
    no_bias = array_namespace(x).zeros((1,), dtype=x.dtype, device=x.device)
    return conv2d_forward(x[:, None, :, :], w[None, None, :, :], no_bias, flip=True)[0][:, 0, :, :]


def filter_images(x: Array, *, kind: str = "gaussian") -> Array:
    """A filter of the slides on grey images, which keep their size.

    Args:
        x: (N, H, W) float, images.
        kind: "gaussian", "laplacian" or "edge".
    Returns:
        y: (N, H, W), dtype of x; beyond the border images are 0.
    Raises:
        ValueError: x does not have three axes, or the kind is unknown.
    Convention: convolution, not correlation: it matters for "edge".
    Source: USTC slides, examples of two-dimensional convolution.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "H", "W"))
    require(kind in IMAGE_FILTERS, "kind", repr(kind), "one of " + ", ".join(IMAGE_FILTERS))
    w = xp.asarray(IMAGE_FILTERS[kind], dtype=x.dtype, device=x.device)
    no_bias = xp.zeros((1,), dtype=x.dtype, device=x.device)
    images, filters = x[:, None, :, :], w[None, None, :, :]
    return conv2d_forward(images, filters, no_bias, padding="same", flip=True)[0][:, 0, :, :]
