"""Convolution.

Fill in the functions, then run: backcheck check convolution.py
"""

import numpy as np


# --- One signal, one filter ---


def true_convolution_forward(x, w, *, mode="narrow"):
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
    raise NotImplementedError


def true_convolution_backward(dout, cache):
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
    raise NotImplementedError


# --- Grey images ---


def convolve_images(x, w):
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
    raise NotImplementedError


# --- Three filters ---


def filter_images(x, *, kind="gaussian"):
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
    raise NotImplementedError


# --- How many positions ---


def conv_output_size(size, kernel, *, stride=1, padding=0):
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
    raise NotImplementedError


# --- One dimension, many channels ---


def conv1d_forward(x, w, b, *, stride=1, padding=0, flip=False):
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
    raise NotImplementedError


def conv1d_backward(dout, cache):
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
    raise NotImplementedError


# --- Two dimensions ---


def conv2d_forward(x, w, b, *, stride=1, padding=0, flip=False):
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
    raise NotImplementedError


def conv2d_backward(dout, cache):
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
    raise NotImplementedError


# --- The maximum ---


def max_pool2d_forward(x, *, kernel=2, stride=2):
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
    raise NotImplementedError


def max_pool2d_backward(dout, cache):
    """Gradient of max_pool2d_forward.

    Args:
        dout: (N, C, H', W'), gradient with respect to out.
        cache: from max_pool2d_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- The mean ---


def mean_pool2d_forward(x, *, kernel=2, stride=2):
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
    raise NotImplementedError


def mean_pool2d_backward(dout, cache):
    """Gradient of mean_pool2d_forward.

    Args:
        dout: (N, C, H', W'), gradient with respect to out.
        cache: from mean_pool2d_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- Flatten ---


def flatten_forward(x):
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
    raise NotImplementedError


def flatten_backward(dout, cache):
    """Gradient of flatten_forward.

    Args:
        dout: (N, C H W), gradient with respect to out.
        cache: from flatten_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError
