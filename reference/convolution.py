"""Convolution in one and two dimensions: windows of the input, side by side, times the filters."""

from collections.abc import Sequence
from math import prod

from reference.checks import require, require_shape
from reference.namespace import Array, Cache, array_namespace

Padding = int | str
"""Zeros on both sides, or "narrow" (none), "wide" (kernel - 1 on both sides), "same" (as long out as in)."""


Zeros = tuple[tuple[int, int], tuple[int, int]]
"""Before and behind the rows, before and behind the columns."""


def conv_output_size(size: int, kernel: int, *, stride: int = 1, padding: Padding = 0) -> int:
    """How many positions a kernel takes along an axis.

    Args:
        size: n, length of the axis, at least 1.
        kernel: m, length of the kernel, at least 1.
        stride: s, from one position to the next, at least 1.
        padding: zeros added on both sides, or "narrow", "wide" or "same".
    Returns:
        positions: floor((n + zeros - m) / s) + 1, a Python int.
    Raises:
        ValueError: a number is too small, the padding unknown, or the kernel longer than the padded axis.
    Convention: "same" adds m - 1 zeros, for even m one more behind than before; the USTC slides' (m - 1)/2 on each
        side is a whole number for odd m only.
    Source: Dumoulin & Visin 2016, relationship 6.
    """
    require(size >= 1, "size", size, "at least 1")
    require(stride >= 1, "stride", stride, "at least 1")
    before, after = padding_zeros(kernel, padding)
    room = size + before + after - kernel
    require(room >= 0, "kernel", kernel, f"at most {size + before + after}, the padded size")
    return room // stride + 1


def padding_zeros(kernel: int, padding: Padding) -> tuple[int, int]:
    """Zeros before and behind an axis; ValueError for an unknown padding or a kernel shorter than 1."""
    require(kernel >= 1, "kernel", kernel, "at least 1")
    if padding == "same":
        return (kernel - 1) // 2, kernel // 2
    zeros = {"narrow": 0, "wide": kernel - 1}.get(padding, padding) if isinstance(padding, str) else padding
    require(isinstance(zeros, int) and zeros >= 0, "padding", repr(padding), 'at least 0, "narrow", "wide" or "same"')
    return int(zeros), int(zeros)


def conv2d_forward(
    x: Array, w: Array, b: Array, *, stride: int = 1, padding: Padding = 0, flip: bool = False
) -> tuple[Array, Cache]:
    """Two-dimensional convolution of images, z_f = sum_c w_fc * x_c + b_f.

    Args:
        x: (N, C, H, W) float, images.
        w: (F, C/G, K, L) float, filters; each of G groups of filters sees its own C/G channels.
        b: (F,) float, bias.
        stride: from one position to the next, along both axes.
        padding: zeros on every side, or "narrow", "wide" or "same".
        flip: False slides the filter as it is (cross-correlation, what layers use); True turns it by 180 degrees
            first (convolution as mathematics has it).
    Returns:
        z: (N, F, H', W'), H' and W' by conv_output_size, dtype of x.
        cache: opaque, for conv2d_backward.
    Raises:
        ValueError: a shape does not fit, or the stride or padding makes no sense.
    Convention: G is what the shapes say, C divided by the second axis of w; with w (F, C, K, L) it is 1.
    Source: LeCun et al. 1998, section II; Dumoulin & Visin 2016; Krizhevsky et al. 2012 for the groups.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "C", "H", "W"))
    require_shape("w", w, ("F", "C/G", "K", "L"))
    require_shape("b", b, (w.shape[0],))
    filters, channels, *kernel = w.shape
    groups = x.shape[1] // channels if channels else 0
    fits = groups >= 1 and groups * channels == x.shape[1] and filters % groups == 0
    require(fits, "w", f"of shape {tuple(w.shape)}", f"(F, C/G, K, L) for C = {x.shape[1]}, F a multiple of G")
    if flip:
        w = xp.flip(w, axis=(2, 3))
    zeros = padding_zeros(kernel[0], padding), padding_zeros(kernel[1], padding)
    windows, out_shape = _windows(x, kernel, stride, zeros)
    # One product a group: (F/G, C/G K L) filters times (C/G K L, H' W') windows.
    columns = xp.reshape(windows, (x.shape[0], groups, channels * prod(kernel), prod(out_shape)))
    rows = xp.reshape(w, (groups, filters // groups, channels * prod(kernel)))
    z = xp.reshape(rows @ columns, (x.shape[0], filters, *out_shape)) + b[:, None, None]
    return z, (x.shape, w.shape, columns, rows, stride, zeros, flip, z.shape)


def conv2d_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of conv2d_forward.

    Args:
        dout: (N, F, H', W'), gradient with respect to z.
        cache: from conv2d_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
        dw: (F, C/G, K, L), dtype of w.
        db: (F,), dtype of b.
    Raises:
        ValueError: dout does not have the shape of z.
    """
    x_shape, w_shape, columns, rows, stride, zeros, flip, out_shape = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, out_shape)
    upstream = xp.reshape(dout, (x_shape[0], rows.shape[0], rows.shape[1], columns.shape[3]))
    dw = xp.reshape(xp.sum(upstream @ xp.matrix_transpose(columns), axis=0), w_shape)
    dwindows = xp.matrix_transpose(rows) @ upstream
    dx = _from_windows(dwindows, x_shape, w_shape[2:], out_shape[2:], stride, zeros)
    return dx, xp.flip(dw, axis=(2, 3)) if flip else dw, xp.sum(dout, axis=(0, 2, 3))


def conv1d_forward(
    x: Array, w: Array, b: Array, *, stride: int = 1, padding: Padding = 0, flip: bool = False
) -> tuple[Array, Cache]:
    """One-dimensional convolution of sequences of channels, z_f = sum_c w_fc * x_c + b_f.

    Args:
        x: (N, C, T) float, sequences.
        w: (F, C, K) float, filters.
        b: (F,) float, bias.
        stride: from one position to the next.
        padding: zeros on both sides, or "narrow", "wide" or "same".
        flip: False for cross-correlation, True for convolution, as in conv2d_forward.
    Returns:
        z: (N, F, T'), T' by conv_output_size, dtype of x.
        cache: opaque, for conv1d_backward.
    Raises:
        ValueError: a shape does not fit, or the stride or padding makes no sense.
    Source: LeCun & Bengio 1995; Dumoulin & Visin 2016.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "C", "T"))
    require_shape("w", w, ("F", x.shape[1], "K"))
    require_shape("b", b, (w.shape[0],))
    if flip:
        w = xp.flip(w, axis=2)
    images = xp.expand_dims(x, axis=2)  # a sequence is an image one pixel high
    zeros = (0, 0), padding_zeros(w.shape[2], padding)
    windows, out_shape = _windows(images, (1, w.shape[2]), stride, zeros)
    columns = xp.reshape(windows, (x.shape[0], x.shape[1] * w.shape[2], out_shape[1]))
    rows = xp.reshape(w, (w.shape[0], -1))
    z = rows @ columns + b[:, None]
    return z, (images.shape, w.shape, columns, rows, stride, zeros, flip, z.shape)


def conv1d_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of conv1d_forward.

    Args:
        dout: (N, F, T'), gradient with respect to z.
        cache: from conv1d_forward.
    Returns:
        dx: (N, C, T), dtype of x.
        dw: (F, C, K), dtype of w.
        db: (F,), dtype of b.
    Raises:
        ValueError: dout does not have the shape of z.
    """
    images_shape, w_shape, columns, rows, stride, zeros, flip, out_shape = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, out_shape)
    dw = xp.reshape(xp.sum(dout @ xp.matrix_transpose(columns), axis=0), w_shape)
    dwindows = rows.T @ dout
    dx = _from_windows(dwindows, images_shape, (1, w_shape[2]), (1, out_shape[2]), stride, zeros)
    return dx[:, :, 0, :], xp.flip(dw, axis=2) if flip else dw, xp.sum(dout, axis=(0, 2))


def image_windows(x: Array, kernel: tuple[int, int], stride: int, out_shape: tuple[int, int]) -> Array:
    """(N, C, K L, H', W') what each kernel element sees at each position, without padding."""
    rows, columns = out_shape
    seen = [
        x[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
        for i in range(kernel[0])
        for j in range(kernel[1])
    ]
    return array_namespace(x).stack(seen, axis=2)


def add_windows(dwindows: Array, shape: tuple[int, ...], kernel: tuple[int, int], stride: int) -> Array:
    """(N, C, H, W) every pixel's sum over the windows it stands in: the adjoint of image_windows."""
    dx = array_namespace(dwindows).zeros(shape, dtype=dwindows.dtype, device=dwindows.device)
    rows, columns = dwindows.shape[3:]
    for element in range(dwindows.shape[2]):
        i, j = divmod(element, kernel[1])
        dx[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride] += dwindows[
            :, :, element, :, :
        ]
    return dx


def _windows(x: Array, kernel: Sequence[int], stride: int, zeros: Zeros) -> tuple[Array, tuple[int, int]]:
    """The windows of the padded images, and how many there are along each axis."""
    xp = array_namespace(x)
    (top, bottom), (left, right) = zeros
    height, width = x.shape[2:]
    out_shape = (
        conv_output_size(height + top + bottom, kernel[0], stride=stride),
        conv_output_size(width + left + right, kernel[1], stride=stride),
    )
    shape = (*x.shape[:2], height + top + bottom, width + left + right)
    padded = xp.zeros(shape, dtype=x.dtype, device=x.device)
    padded[:, :, top : top + height, left : left + width] = x
    return image_windows(padded, (kernel[0], kernel[1]), stride, out_shape), out_shape


def _from_windows(
    dwindows: Array,
    shape: tuple[int, ...],
    kernel: Sequence[int],
    out_shape: Sequence[int],
    stride: int,
    zeros: Zeros,
) -> Array:
    """The gradient of the images from that of their windows; what falls on padding is dropped."""
    (top, bottom), (left, right) = zeros
    samples, channels, height, width = shape
    by_element = (samples, channels, prod(kernel), *out_shape)
    padded = add_windows(
        array_namespace(dwindows).reshape(dwindows, by_element),
        (samples, channels, height + top + bottom, width + left + right),
        (kernel[0], kernel[1]),
        stride,
    )
    return padded[:, :, top : top + height, left : left + width]
