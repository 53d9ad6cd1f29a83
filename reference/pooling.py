"""Pooling over windows of images, and flattening what is left."""

from math import prod

from reference.checks import require_shape
from reference.convolution import add_windows, conv_output_size, image_windows
from reference.namespace import Array, Cache, array_namespace, in_dtype_of


def max_pool2d_forward(x: Array, *, kernel: int = 2, stride: int = 2) -> tuple[Array, Cache]:
    """The largest pixel of every window.

    Args:
        x: (N, C, H, W) float, images.
        kernel: height and width of a window, at least 1.
        stride: from one window to the next, at least 1.
    Returns:
        out: (N, C, H', W'), H' = floor((H - kernel) / stride) + 1, dtype of x.
        cache: opaque, for max_pool2d_backward.
    Raises:
        ValueError: x does not have four axes, or kernel or stride does not fit it.
    Convention: no padding; what is left over at the right and below is not read.
    Source: USTC slides, pooling; Goodfellow et al. 2016, section 9.3.
    """
    xp = array_namespace(x)
    windows = _pool_windows(x, kernel, stride)
    # Where several are largest, the first has the gradient.
    winner = xp.argmax(windows, axis=2, keepdims=True)
    elements = xp.reshape(xp.arange(kernel * kernel, device=x.device), (1, 1, -1, 1, 1))
    return xp.max(windows, axis=2), (x.shape, winner == elements, kernel, stride)


def max_pool2d_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of max_pool2d_forward.

    Args:
        dout: (N, C, H', W'), gradient with respect to out.
        cache: from max_pool2d_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    shape, is_winner, kernel, stride = cache
    require_shape("dout", dout, (*is_winner.shape[:2], *is_winner.shape[3:]))
    return add_windows(dout[:, :, None, :, :] * in_dtype_of(is_winner, dout), shape, (kernel, kernel), stride)


def mean_pool2d_forward(x: Array, *, kernel: int = 2, stride: int = 2) -> tuple[Array, Cache]:
    """The mean of every window.

    Args:
        x: (N, C, H, W) float, images.
        kernel: height and width of a window, at least 1.
        stride: from one window to the next, at least 1.
    Returns:
        out: (N, C, H', W'), H' = floor((H - kernel) / stride) + 1, dtype of x.
        cache: opaque, for mean_pool2d_backward.
    Raises:
        ValueError: x does not have four axes, or kernel or stride does not fit it.
    Source: USTC slides, pooling; LeCun et al. 1998, without its weight and bias.
    """
    windows = _pool_windows(x, kernel, stride)
    return array_namespace(x).mean(windows, axis=2), (x.shape, windows.shape, kernel, stride)


def mean_pool2d_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of mean_pool2d_forward.

    Args:
        dout: (N, C, H', W'), gradient with respect to out.
        cache: from mean_pool2d_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    shape, windows, kernel, stride = cache
    require_shape("dout", dout, (*windows[:2], *windows[3:]))
    share = array_namespace(dout).broadcast_to(dout[:, :, None, :, :] / kernel**2, windows)
    return add_windows(share, shape, (kernel, kernel), stride)


def flatten_forward(x: Array) -> tuple[Array, Cache]:
    """Every sample as one row, row-major.

    Args:
        x: (N, C, H, W) float.
    Returns:
        out: (N, C H W), dtype of x.
        cache: opaque, for flatten_backward.
    Raises:
        ValueError: x does not have four axes.
    Source: USTC slides, the whole CNN.
    """
    require_shape("x", x, ("N", "C", "H", "W"))
    return array_namespace(x).reshape(x, (x.shape[0], prod(x.shape[1:]))), x.shape


def flatten_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of flatten_forward.

    Args:
        dout: (N, C H W), gradient with respect to out.
        cache: from flatten_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    shape = cache
    require_shape("dout", dout, (shape[0], prod(shape[1:])))
    return array_namespace(dout).reshape(dout, shape)


def _pool_windows(x: Array, kernel: int, stride: int) -> Array:
    require_shape("x", x, ("N", "C", "H", "W"))
    height, width = (conv_output_size(size, kernel, stride=stride) for size in x.shape[2:])
    return image_windows(x, (kernel, kernel), stride, (height, width))
