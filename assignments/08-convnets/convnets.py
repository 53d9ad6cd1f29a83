"""Convolutional networks.

Fill in the functions, then run: backcheck check convnets.py
"""

import numpy as np
from math import prod


# --- Given, with their helpers: tanh, relu, affine, cross_entropy, conv2d, max_pool2d, mean_pool2d, flatten, adam. Use them as they are. ---


def array_namespace(*arrays):
    """The namespace (`xp`) of the library that `arrays` belong to.

    Args:
        arrays: at least one array; NumPy scalars count as NumPy's.
    Returns:
        xp: a module that follows the array API standard.
    Raises:
        TypeError: one of them is no array, or they belong to different libraries.
    Source: Python array API standard, version 2024.12.
    """
    for array in arrays:
        if not isinstance(array, (np.ndarray, np.generic)):
            break
    else:
        return np
    # Only other libraries need the compatibility layer: where there is NumPy alone, it is never missed.
    from array_api_compat import array_namespace as namespace_of

    return namespace_of(*arrays)


def in_dtype_of(array, like):
    """`array` in the dtype of `like`; `array` itself where it has that dtype already."""
    if array.dtype == like.dtype:
        return array
    return array_namespace(array).astype(array, like.dtype)


def require(holds, name, got, wanted):
    """Raise ValueError("<name> is <got>, but should be <wanted>") unless `holds`."""
    if not holds:
        raise ValueError(f"{name} is {got}, but should be {wanted}")


def require_shape(name, array, axes):
    """Raise ValueError unless `array` has the shape `axes`, in which a letter stands for any size."""
    shape = tuple(array.shape)
    if shape == axes:
        return
    fits = len(shape) == len(axes) and all(
        isinstance(wanted, str) or size == wanted for size, wanted in zip(shape, axes, strict=True)
    )
    if not fits:
        wanted = ", ".join(map(str, axes)) + ("," if len(axes) == 1 else "")
        raise ValueError(f"{name} has shape {shape}, but should be ({wanted})")


def require_values(name, holds, wanted):
    """Raise ValueError unless the boolean array `holds` is true everywhere."""
    if not bool(array_namespace(holds).all(holds)):
        raise ValueError(f"{name} has values that are not {wanted}")


def require_labels(labels, num_classes, samples="N"):
    """Raise ValueError unless `labels` is `samples` integers in 0 .. num_classes - 1."""
    require_shape("labels", labels, (samples,))
    integral = array_namespace(labels).isdtype(labels.dtype, "integral")
    require(integral, "labels", f"of dtype {labels.dtype}", "of an integer dtype")
    require_values("labels", (labels >= 0) & (labels < num_classes), f"in 0 .. {num_classes - 1}")


def tanh_forward(x):
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


def tanh_backward(dout, cache):
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


def require_gradients(params, grads):
    """Raise ValueError unless there is a gradient for each parameter, in its shape."""
    require(len(grads) == len(params), "grads", f"{len(grads)} arrays", f"{len(params)}, one a parameter")
    for index, (param, grad) in enumerate(zip(params, grads, strict=True)):
        require_shape(f"grads[{index}]", grad, tuple(param.shape))


def zeros_for(params):
    """A zero for every parameter."""
    return [array_namespace(param).zeros_like(param) for param in params]


def adam_init(params):
    """The state of Adam before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adam_update.
    Source: Kingma & Ba 2015, algorithm 1.
    """
    return (0, zeros_for(params), zeros_for(params))


def adam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """One update of Adam.

    m and s decaying means of g and g^2, theta <- theta - lr m^ / (sqrt(s^) + eps), m^ = m / (1 - beta1^t), s^ = s
    / (1 - beta2^t).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adam_init or the update before; it is not changed.
        lr: step size.
        beta1: decay of the mean gradient.
        beta2: decay of the mean squared gradient.
        eps: added outside the root.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: both means are corrected, t counts from 1, eps outside the root. The Beihang slides misprint all three.
    Source: Kingma & Ba 2015, algorithm 1.
    """
    require_gradients(params, grads)
    step, means, squares = state
    step = step + 1
    means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, grads, strict=True)]
    squares = [beta2 * s + (1 - beta2) * (g * g) for s, g in zip(squares, grads, strict=True)]
    c1, c2 = 1 - beta1**step, 1 - beta2**step
    new = [p - lr * scaled(m / c1, s / c2, eps) for p, m, s in zip(params, means, squares, strict=True)]
    return new, (step, means, squares)


def root(x):
    """The square root, elementwise."""
    return array_namespace(x).sqrt(x)


def scaled(direction, square, eps):
    """Direction / (sqrt(square) + eps)."""
    return direction / (root(square) + eps)


def affine_forward(x, w, b):
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


def affine_backward(dout, cache):
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
    require(size >= 1, "size", size, "at least 1")
    require(stride >= 1, "stride", stride, "at least 1")
    before, after = padding_zeros(kernel, padding)
    room = size + before + after - kernel
    require(room >= 0, "kernel", kernel, f"at most {size + before + after}, the padded size")
    return room // stride + 1


def padding_zeros(kernel, padding):
    """Zeros before and behind an axis; ValueError for an unknown padding or a kernel shorter than 1."""
    require(kernel >= 1, "kernel", kernel, "at least 1")
    if padding == "same":
        return (kernel - 1) // 2, kernel // 2
    zeros = {"narrow": 0, "wide": kernel - 1}.get(padding, padding) if isinstance(padding, str) else padding
    require(isinstance(zeros, int) and zeros >= 0, "padding", repr(padding), 'at least 0, "narrow", "wide" or "same"')
    return int(zeros), int(zeros)


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
    x_shape, w_shape, columns, rows, stride, zeros, flip, out_shape = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, out_shape)
    upstream = xp.reshape(dout, (x_shape[0], rows.shape[0], rows.shape[1], columns.shape[3]))
    dw = xp.reshape(xp.sum(upstream @ xp.matrix_transpose(columns), axis=0), w_shape)
    dwindows = xp.matrix_transpose(rows) @ upstream
    dx = _from_windows(dwindows, x_shape, w_shape[2:], out_shape[2:], stride, zeros)
    return dx, xp.flip(dw, axis=(2, 3)) if flip else dw, xp.sum(dout, axis=(0, 2, 3))


def image_windows(x, kernel, stride, out_shape):
    """(N, C, K L, H', W') what each kernel element sees at each position, without padding."""
    rows, columns = out_shape
    seen = [
        x[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
        for i in range(kernel[0])
        for j in range(kernel[1])
    ]
    return array_namespace(x).stack(seen, axis=2)


def add_windows(dwindows, shape, kernel, stride):
    """(N, C, H, W) every pixel's sum over the windows it stands in: the adjoint of image_windows."""
    dx = array_namespace(dwindows).zeros(shape, dtype=dwindows.dtype, device=dwindows.device)
    rows, columns = dwindows.shape[3:]
    for element in range(dwindows.shape[2]):
        i, j = divmod(element, kernel[1])
        dx[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride] += dwindows[
            :, :, element, :, :
        ]
    return dx


def _windows(x, kernel, stride, zeros):
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


def _from_windows(dwindows, shape, kernel, out_shape, stride, zeros):
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
    xp = array_namespace(x)
    windows = _pool_windows(x, kernel, stride)
    # Where several are largest, the first has the gradient.
    winner = xp.argmax(windows, axis=2, keepdims=True)
    elements = xp.reshape(xp.arange(kernel * kernel, device=x.device), (1, 1, -1, 1, 1))
    return xp.max(windows, axis=2), (x.shape, winner == elements, kernel, stride)


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
    shape, is_winner, kernel, stride = cache
    require_shape("dout", dout, (*is_winner.shape[:2], *is_winner.shape[3:]))
    return add_windows(dout[:, :, None, :, :] * in_dtype_of(is_winner, dout), shape, (kernel, kernel), stride)


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
    windows = _pool_windows(x, kernel, stride)
    return array_namespace(x).mean(windows, axis=2), (x.shape, windows.shape, kernel, stride)


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
    shape, windows, kernel, stride = cache
    require_shape("dout", dout, (*windows[:2], *windows[3:]))
    share = array_namespace(dout).broadcast_to(dout[:, :, None, :, :] / kernel**2, windows)
    return add_windows(share, shape, (kernel, kernel), stride)


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
    require_shape("x", x, ("N", "C", "H", "W"))
    return array_namespace(x).reshape(x, (x.shape[0], prod(x.shape[1:]))), x.shape


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
    shape = cache
    require_shape("dout", dout, (shape[0], prod(shape[1:])))
    return array_namespace(dout).reshape(dout, shape)


def _pool_windows(x, kernel, stride):
    require_shape("x", x, ("N", "C", "H", "W"))
    height, width = (conv_output_size(size, kernel, stride=stride) for size in x.shape[2:])
    return image_windows(x, (kernel, kernel), stride, (height, width))


def is_positive(x):
    """1 where x > 0 and 0 elsewhere, in the dtype of x."""
    return array_namespace(x).astype(x > 0, x.dtype)


def relu_forward(x):
    """Rectified linear unit, a = max(0, x).

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for relu_backward.
    Source: Nair & Hinton 2010, section 2; Goodfellow et al. 2016, section 6.3.1.
    """
    return array_namespace(x).maximum(x, 0), x


def relu_backward(dout, cache):
    """Gradient of relu_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from relu_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    Convention: at x = 0 any slope in [0, 1] is a subgradient; ours is 0.
    """
    x = cache
    require_shape("dout", dout, x.shape)
    return dout * is_positive(x)


def label_mask(labels, num_classes):
    """(N, C) bool: true in row n at column labels[n] only. The labels are in range."""
    xp = array_namespace(labels)
    return labels[:, None] == xp.arange(num_classes, device=labels.device)[None, :]


def at_labels(scores, labels):
    """(N,) the score of each row's own label, scores[n, labels[n]]. The labels are in range."""
    rows = array_namespace(labels).arange(labels.shape[0], device=labels.device)
    return scores[rows, labels]


def reduce_losses(losses, reduction):
    """The mean (), the sum (), or, for "none", the (N,) losses themselves."""
    if reduction == "none":
        return losses
    total = array_namespace(losses).sum(losses)
    if reduction == "sum":
        return total
    require(reduction == "mean", "reduction", repr(reduction), '"mean", "sum" or "none"')
    samples = losses.shape[0]
    require(samples > 0, "N", samples, "at least 1 for a mean")
    return total / samples


def upstream_per_sample(dloss, reduction, like):
    """(N,) gradient with respect to each sample's loss, N and dtype as in `like`, of N rows."""
    xp = array_namespace(like)
    samples = like.shape[0]
    dloss = xp.asarray(dloss, dtype=like.dtype)
    require_shape("dloss", dloss, (samples,) if reduction == "none" else ())
    if reduction == "mean":
        dloss = dloss / samples
    return xp.broadcast_to(dloss, (samples,))


def log_softmax_forward(x):
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


def nll_loss_forward(log_probs, labels, *, reduction="mean"):
    """Negative log-likelihood, l_n = -log_probs[n, label_n].

    Args:
        log_probs: (N, C) float, logarithms of probabilities.
        labels: (N,) int, true classes in 0 .. C - 1.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of log_probs.
        cache: opaque, for nll_loss_backward.
    Raises:
        ValueError: labels are not N integers in range, the reduction is unknown, or a mean has N = 0.
    Source: Goodfellow et al. 2016, section 5.5.
    """
    require_shape("log_probs", log_probs, ("N", "C"))
    samples, num_classes = log_probs.shape
    require_labels(labels, num_classes, samples)
    losses = -at_labels(log_probs, labels)
    return reduce_losses(losses, reduction), (log_probs, labels, reduction)


def cross_entropy_forward(logits, labels, *, reduction="mean"):
    """Cross-entropy of softmax(logits) with class labels, l_n = -log softmax(logits_n)[label_n].

    Args:
        logits: (N, C) float.
        labels: (N,) int, true classes in 0 .. C - 1.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of logits; finite for finite logits.
        cache: opaque, for cross_entropy_backward.
    Raises:
        ValueError: labels are not N integers in range, the reduction is unknown, or a mean has N = 0.
    Source: Goodfellow et al. 2016, sections 5.5 and 6.2.2.3.
    """
    require_shape("logits", logits, ("N", "C"))
    log_probs, _ = log_softmax_forward(logits)
    return nll_loss_forward(log_probs, labels, reduction=reduction)


def cross_entropy_backward(dloss, cache):
    """Gradient of cross_entropy_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from cross_entropy_forward.
    Returns:
        dlogits: (N, C), dtype of logits.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    log_probs, labels, reduction = cache
    xp = array_namespace(log_probs)
    upstream = upstream_per_sample(dloss, reduction, log_probs)
    one_hot_labels = in_dtype_of(label_mask(labels, log_probs.shape[1]), log_probs)
    return (xp.exp(log_probs) - one_hot_labels) * upstream[:, None]


def padded(x):
    """Images with a border of two zeros, so that two narrow convolutions and two poolings leave something."""
    return np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))


# --- Parameters of a convolution ---


def conv_parameters(filters, channels, kernel, *, groups=1):
    """How many numbers a convolutional layer learns.

    Args:
        filters: F, at least 1, a multiple of groups.
        channels: C, at least 1, a multiple of groups.
        kernel: height and width of a filter, at least 1.
        groups: into which channels and filters are cut.
    Returns:
        count: F (C / groups) kernel^2 weights and F biases, a Python int.
    Raises:
        ValueError: a number is less than 1, or groups does not divide.
    Source: USTC slides, fewer parameters; Krizhevsky et al. 2012, for the groups.
    """
    raise NotImplementedError


# --- Parameters of a dense layer on images ---


def dense_parameters(channels, height, width, outputs):
    """How many numbers a fully connected layer on images learns.

    Args:
        channels: C, at least 1.
        height: H, at least 1.
        width: W, at least 1.
        outputs: neurons, at least 1.
    Returns:
        count: C H W weights and a bias for each neuron, a Python int.
    Raises:
        ValueError: a number is less than 1.
    Convention: 30,000 weights a neuron for colour images of 100 x 100, as on the slides, and one bias.
    Source: USTC slides, fully connected against convolution.
    """
    raise NotImplementedError


# --- Blocks ---


def conv_block_layers(blocks, convolutions, dense, *, pooling=1):
    """How many layers a network of convolutional blocks has: blocks of convolutions and pooling, then dense layers.

    Args:
        blocks: N, at least 0.
        convolutions: M in each block, at least 1.
        dense: K fully connected layers at the end, at least 0.
        pooling: b pooling layers behind each block's convolutions, 0 or 1.
    Returns:
        count: N (M + b) + K, a Python int.
    Raises:
        ValueError: a number is out of range.
    Source: USTC slides, the structure of convolutional networks.
    """
    raise NotImplementedError


# --- AlexNet on paper ---


def alexnet_sizes(size, classes, *, grouped=True):
    """How many numbers come out of each of AlexNet's eight layers, and how many each learns.

    Args:
        size: height and width of the colour image, 224 in the paper; at least 63.
        classes: 1000 in the paper.
        grouped: whether layers 2, 4 and 5 are cut in two, as they were to fit on two cards.
    Returns:
        outputs: 8 ints, the numbers in each layer's output for one image, before pooling.
        parameters: 8 ints, weights and biases of each layer.
    Raises:
        ValueError: size is too small, or classes is less than 1.
    Convention: as alexnet_shapes; 60,965,224 parameters in all for 224 and 1000 when grouped.
    Source: Krizhevsky et al. 2012, section 3.5 and figure 2.
    """
    raise NotImplementedError


# --- The connection table ---


def connection_mask(like):
    """Which channels each filter of C3 sees, as the original has it.

    Args:
        like: (16, 6, K, L) float, filters; its dtype counts, not its values.
    Returns:
        mask: (16, 6, 1, 1), 1 where filter and channel are connected and 0 elsewhere, dtype of like.
    Raises:
        ValueError: like does not have 16 filters of 6 channels.
    Source: LeCun et al. 1998, table I.
    """
    raise NotImplementedError


# --- The original ---


def lenet_original_forward(x, params):
    """LeNet-5 with its seven layers: C1, S2, C3 with the connection table, S4, C5, F6, output.

    Args:
        x: (N, 1, H, W) float, images; 32 x 32 in the paper.
        params: 10 arrays: C1 (6, 1, K, K), (6,); C3 (16, 6, K, K), (16,); C5 (D, M), (M,); F6 (M, P), (P,);
            output (P, C), (C,). D is what S4 leaves, 16 maps flattened.
    Returns:
        scores: (N, C), before softmax, dtype of x.
        cache: opaque, for lenet_original_backward.
    Raises:
        ValueError: there are not 10 parameters, or a shape does not fit.
    Convention: tanh after C1, C3, C5 and F6; S2 and S4 are 2 x 2 means without the paper's weight and bias; the output
        is affine, where the paper has Gaussian units. Where C3's table has no connection, the weight does not count.
    Source: LeCun et al. 1998, section II.B.
    """
    raise NotImplementedError


def lenet_original_backward(dscores, cache):
    """Gradients of lenet_original_forward.

    Args:
        dscores: (N, C), gradient with respect to scores.
        cache: from lenet_original_forward.
    Returns:
        dx: (N, 1, H, W), dtype of x.
        dparams: list of 10 arrays, in the shapes of params; 0 where C3's table has no connection.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    raise NotImplementedError


# --- As the slides' program has it ---


def lenet_keras_forward(x, params):
    """LeNet as the slides' Keras program has it: convolution, relu, pool, convolution, pool, and three affine layers.

    Args:
        x: (N, C, H, W) float, images; (N, 1, 28, 28) on the slides.
        params: 10 arrays: (F, C, K, K), (F,); (G, F, K, K), (G,); (D, M), (M,); (M, P), (P,); (P, Q), (Q,). On the
            slides F = 6, G = 16, K = 5, M = 120, P = 84, Q = 10.
    Returns:
        scores: (N, Q), before softmax, dtype of x.
        cache: opaque, for lenet_keras_backward.
    Raises:
        ValueError: there are not 10 parameters, or a shape does not fit.
    Convention: narrow convolutions, 2 x 2 maximum pooling; relu after the FIRST convolution only: the second one and
        the affine layers are linear, as the program has them.
    Source: USTC slides, LeNet in Keras.
    """
    raise NotImplementedError


def lenet_keras_backward(dscores, cache):
    """Gradients of lenet_keras_forward.

    Args:
        dscores: (N, Q), gradient with respect to scores.
        cache: from lenet_keras_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
        dparams: list of 10 arrays, in the shapes of params.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    raise NotImplementedError


# --- Reading digits ---


def train_digits(x, y, x_test, *, classes, rng):
    """Learn to classify small grey images.

    Args:
        x: (N, 1, H, W) float, images to learn from, values from 0 to 1.
        y: (N,) int, their classes.
        x_test: (P, 1, H, W) float, images to classify.
        classes: how many there are.
        rng: source of chance.
    Returns:
        predicted: (P,) int, a class for each image of x_test.
        history: (epochs,) float64, the mean training loss of each epoch.
    Convention: any network will do that reaches the accuracy asked for.
    Source: LeCun et al. 1998; USTC slides, digits.
    """
    raise NotImplementedError


# --- One pixel ---


def change_pixels(image, candidates):
    """One image in many versions, each with one pixel changed.

    Args:
        image: (C, H, W) float.
        candidates: (P, 2 + C) float, for each version row, column, and the new value of every channel; rows and columns
            are rounded down and must then lie in the image.
    Returns:
        images: (P, C, H, W), dtype of image.
    Raises:
        ValueError: a shape does not fit, or a pixel lies outside.
    Source: Su et al. 2019, section III; Tsinghua slides.
    """
    raise NotImplementedError


# --- Children ---


def evolve_candidates(candidates, partners, *, scale=0.5):
    """The children of a generation: differential evolution without crossover, x_a + F (x_b - x_c).

    Args:
        candidates: (P, K) float, the generation.
        partners: (P, 3) int, for each child the numbers a, b, c of its parents.
        scale: F.
    Returns:
        children: (P, K), dtype of candidates.
    Raises:
        ValueError: a shape does not fit, or a number is not below P.
    Source: Storn & Price 1997, equation 2; Su et al. 2019, equation 4.
    """
    raise NotImplementedError


# --- Survival ---


def select_candidates(candidates, children, fitness, child_fitness):
    """The next generation: each child takes its parent's place if it is better.

    Args:
        candidates: (P, K) float, the generation.
        children: (P, K) float, one for each.
        fitness: (P,) float, the network's probability of the true class: less is better for the attack.
        child_fitness: (P,) float, the same of the children.
    Returns:
        survivors: (P, K), dtype of candidates.
    Raises:
        ValueError: a shape does not fit.
    Convention: a child that is no better than its parent dies.
    Source: Storn & Price 1997, selection; Su et al. 2019, section III.
    """
    raise NotImplementedError
