"""A framework of one's own.

Fill in the functions, then run: backcheck check framework.py
"""

import numpy as np
from typing import Any
from math import prod
from typing import Any, BinaryIO


# --- Given, with their helpers: sigmoid, tanh, relu, softmax, one_hot, cross_entropy_from_probs, affine, sgd, rmsprop, adam, dropout, conv_output_size, conv2d, max_pool2d, srn, lstm, embedding. Use them as they are. ---


Array = Any


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


def sigmoid_forward(x):
    """Logistic sigmoid, a = 1 / (1 + e^-x), accurate on both tails.

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for sigmoid_backward.
    Source: Goodfellow et al. 2016, equation 3.30.
    """
    xp = array_namespace(x)
    # Both exponents are at most 0: nothing overflows, and a small a keeps all its digits.
    a = xp.exp(xp.minimum(x, 0)) / (1 + xp.exp(-xp.abs(x)))
    return a, a


def sigmoid_backward(dout, cache):
    """Gradient of sigmoid_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from sigmoid_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    a = cache
    require_shape("dout", dout, a.shape)
    return dout * (a * (1 - a))


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


def sgd_init(params):
    """The state of gradient descent before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for sgd_update.
    Source: Robbins & Monro 1951; Goodfellow et al. 2016, algorithm 8.1.
    """
    return ()


def sgd_update(params, grads, state, *, lr):
    """One update of gradient descent: theta <- theta - lr g.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from sgd_init or the update before; it is not changed.
        lr: step size.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the gradient is that of the mean over the batch; whether the batch is all data or one sample is
        not the update's affair.
    Source: Robbins & Monro 1951; Goodfellow et al. 2016, algorithm 8.1.
    """
    require_gradients(params, grads)
    return [p - lr * g for p, g in zip(params, grads, strict=True)], state


def rmsprop_init(params):
    """The state of RMSProp before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for rmsprop_update.
    Source: Tieleman & Hinton 2012, lecture 6.5; Soochow slides, RMSProp.
    """
    return zeros_for(params)


def rmsprop_update(params, grads, state, *, lr, alpha=0.9, eps=1e-8):
    """One update of RMSProp: s <- alpha s + (1 - alpha) g^2, theta <- theta - lr g / (sqrt(s) + eps).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from rmsprop_init or the update before; it is not changed.
        lr: step size.
        alpha: decay of the mean squared gradient.
        eps: added to the denominator, outside the root.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: s starts at 0 and is not corrected; eps outside the root (Beihang slides: inside).
    Source: Tieleman & Hinton 2012, lecture 6.5; Soochow slides, RMSProp.
    """
    require_gradients(params, grads)
    squares = [alpha * s + (1 - alpha) * (g * g) for s, g in zip(state, grads, strict=True)]
    return [p - lr * scaled(g, s, eps) for p, g, s in zip(params, grads, squares, strict=True)], squares


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


def srn_forward(x, h0, wx, wh, b, *, truncate=None):
    """A simple recurrent network over a sequence, h_t = tanh(x_t wx + h_{t-1} wh + b).

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the state before the first step.
        wx: (D, H) float.
        wh: (H, H) float.
        b: (H,) float.
        truncate: how many steps the gradient of each h_t goes back through, its own counted; None for all.
    Returns:
        h: (N, T, H), every state, dtype of x.
        cache: opaque, for srn_backward.
    Raises:
        ValueError: a shape does not fit, T is 0, or truncate is not at least 1.
    Convention: the values do not depend on truncate; only the backward does: with truncate = k the gradient with
        respect to h_t reaches the inputs of the steps t-k+1 .. t, and h0 where that goes so far.
    Source: Werbos 1990; Williams & Zipser 1995, truncated BPTT(k, 1).
    """
    xp = array_namespace(x)
    require_sequence(x)
    require_cell(x.shape[0], x.shape[2], wx, wh, b, 1)
    require_shape("h0", h0, (x.shape[0], wh.shape[0]))
    require(truncate is None or truncate >= 1, "truncate", truncate, "None or at least 1")
    states = [h0]
    for t in range(x.shape[1]):
        states.append(xp.tanh(x[:, t, :] @ wx + states[-1] @ wh + b))
    return xp.stack(states[1:], axis=1), (x, wx, wh, states, truncate)


def srn_backward(dh, cache):
    """Gradients of srn_forward: back-propagation through time, full or truncated.

    Args:
        dh: (N, T, H), gradient with respect to every h_t.
        cache: from srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    x, wx, wh, states, truncate = cache
    xp = array_namespace(dh)
    require_shape("dh", dh, (*x.shape[:2], wh.shape[0]))
    back_through = _bptt if truncate is None or truncate >= x.shape[1] else _truncated_bptt
    dzs, dh0 = back_through(dh, wh, states, truncate)
    # z_t depends on x_t, h_{t-1} and the shared parameters, whose gradients add up over the steps.
    dwx = sum(x[:, t, :].T @ dz for t, dz in enumerate(dzs))
    dwh = sum(h_prev.T @ dz for h_prev, dz in zip(states, dzs, strict=False))
    db = sum(xp.sum(dz, axis=0) for dz in dzs)
    dx = xp.stack([dz @ wx.T for dz in dzs], axis=1)
    return dx, dh0, dwx, dwh, db


def _bptt(dh, wh, states, truncate):
    """The gradient with respect to every z_t, and to h0: dh_t and what comes back from step t + 1, through tanh."""
    dzs: list[Array] = []
    carried = array_namespace(dh).zeros_like(states[0])
    for t in reversed(range(dh.shape[1])):
        h = states[t + 1]
        dz = (dh[:, t, :] + carried) * (1 - h * h)
        carried = dz @ wh.T
        dzs.insert(0, dz)
    return dzs, carried


def _truncated_bptt(dh, wh, states, truncate):
    """The same with every dh_t sent back by itself, through `truncate` steps."""
    xp = array_namespace(dh)
    dzs = [xp.zeros_like(states[0]) for _ in range(dh.shape[1])]
    dh0 = xp.zeros_like(states[0])
    for t in range(dh.shape[1]):
        carried = dh[:, t, :]
        for k in range(t, max(t - truncate, -1), -1):
            h = states[k + 1]
            dz = carried * (1 - h * h)
            dzs[k] = dzs[k] + dz
            carried = dz @ wh.T
        if t < truncate:
            dh0 = dh0 + carried
    return dzs, dh0


def require_sequence(x):
    """Raise ValueError unless x is (N, T, D) with at least one step."""
    require_shape("x", x, ("N", "T", "D"))
    require(x.shape[1] >= 1, "T", x.shape[1], "at least 1")


def require_cell(samples, inputs, wx, wh, b, gates):
    """Raise ValueError unless the weights are those of a cell with that many blocks of H columns."""
    require_shape("wh", wh, ("H", wh.shape[0] * gates if wh.ndim else "H"))
    require_shape("wx", wx, (inputs, wh.shape[1]))
    require_shape("b", b, (wh.shape[1],))


def label_mask(labels, num_classes):
    """(N, C) bool: true in row n at column labels[n] only. The labels are in range."""
    xp = array_namespace(labels)
    return labels[:, None] == xp.arange(num_classes, device=labels.device)[None, :]


def one_hot(labels, num_classes):
    """One-hot encoding: row n is all 0 but for a 1 at column labels[n].

    Args:
        labels: (N,) int, in 0 .. num_classes - 1.
        num_classes: C, at least 1.
    Returns:
        encoded: (N, C) float64.
    Raises:
        ValueError: num_classes is less than 1, or labels is not a vector of integers in range.
    Convention: classes count from 0, so that label 3 of 9 is [0, 0, 0, 1, 0, 0, 0, 0, 0].
    Source: USTC lectures, data for a first network.
    """
    xp = array_namespace(labels)
    require(num_classes >= 1, "num_classes", num_classes, "at least 1")
    require_labels(labels, num_classes)
    return xp.astype(label_mask(labels, num_classes), xp.float64)


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


def softmax_forward(x):
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


def softmax_backward(dout, cache):
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


def cross_entropy_from_probs_forward(probs, targets, *, reduction="mean"):
    """Cross-entropy of one distribution with another, l_n = -sum_c targets_nc log probs_nc.

    Args:
        probs: (N, C) float, predicted distributions, positive wherever targets is.
        targets: (N, C), a distribution over the classes in each row; one-hot rows are one.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of probs.
        cache: opaque, for cross_entropy_from_probs_backward.
    Raises:
        ValueError: probs and targets differ in shape, probs is not positive where targets is, the reduction
            is unknown, or a mean has N = 0.
    Convention: 0 log 0 = 0, as in information theory: a class without target mass adds nothing.
    Source: Goodfellow et al. 2016, equation 3.51; UCAS lectures, the loss of [.3, .3, .4] for [0, 0, 1].
    """
    xp = array_namespace(probs)
    require_shape("probs", probs, ("N", "C"))
    require_shape("targets", targets, probs.shape)
    require_values("probs", (probs > 0) | (targets == 0), "positive where targets is")
    targets = in_dtype_of(targets, probs)
    # Any positive number will do where the target is 0: it is multiplied by 0.
    probs = xp.where(targets == 0, 1, probs)
    losses = -xp.sum(targets * xp.log(probs), axis=1)
    return reduce_losses(losses, reduction), (probs, targets, reduction)


def cross_entropy_from_probs_backward(dloss, cache):
    """Gradient of cross_entropy_from_probs_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from cross_entropy_from_probs_forward.
    Returns:
        dprobs: (N, C), dtype of probs, each entry of probs a variable of its own.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    probs, targets, reduction = cache
    upstream = upstream_per_sample(dloss, reduction, targets)
    return -targets / probs * upstream[:, None]


def embedding_forward(tokens, table):
    """Look each token up, out_nt = table[tokens_nt].

    Args:
        tokens: (N, T) int, in 0 .. V - 1.
        table: (V, E) float, a vector for each word of the vocabulary.
    Returns:
        out: (N, T, E), dtype of table.
        cache: opaque, for embedding_backward.
    Raises:
        ValueError: tokens is not a matrix of integers below V, or table not a matrix.
    Convention: the same as one_hot(tokens) @ table. Tokens have no gradient: the backward returns dtable alone.
    Source: Bengio et al. 2003, section 2, the matrix C.
    """
    xp = array_namespace(tokens, table)
    require_shape("tokens", tokens, ("N", "T"))
    require_shape("table", table, ("V", "E"))
    require_tokens("tokens", tokens, table.shape[0])
    steps = xp.reshape(tokens, (-1,))
    out = xp.take(table, steps, axis=0)
    return xp.reshape(out, (*tokens.shape, table.shape[1])), (tokens, table.shape)


def embedding_backward(dout, cache):
    """Gradient of embedding_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from embedding_forward.
    Returns:
        dtable: (V, E), dtype of dout.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    tokens, shape = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, (*tokens.shape, shape[1]))
    # A word that stands at several places collects from all of them: a product with the one-hot matrix adds them up.
    chosen = in_dtype_of(label_mask(xp.reshape(tokens, (-1,)), shape[0]), dout)
    return chosen.T @ xp.reshape(dout, (-1, shape[1]))


def require_tokens(name, tokens, words):
    """Raise ValueError unless `tokens` are integers in 0 .. words - 1."""
    integral = array_namespace(tokens).isdtype(tokens.dtype, "integral")
    require(integral, name, f"of dtype {tokens.dtype}", "of an integer dtype")
    require_values(name, (tokens >= 0) & (tokens < words), f"in 0 .. {words - 1}")


def padded(x):
    """Images with a border of two zeros, so that two narrow convolutions and two poolings leave something."""
    return np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))


def dropout_forward(x, keep, *, p_drop=0.5, training=True):
    """Inverted dropout: what is kept is enlarged in training, and nothing is done at test time.

    Args:
        x: any shape, float.
        keep: shape of x, bool, which elements stay; drawn with probability 1 - p_drop.
        p_drop: the probability that an element is dropped, in [0, 1).
        training: False at test time, when out is x.
    Returns:
        out: shape of x, x / (1 - p_drop) where kept and 0 elsewhere; dtype of x.
        cache: opaque, for dropout_backward.
    Raises:
        ValueError: keep does not have the shape of x, or p_drop is not in [0, 1).
    Convention: p_drop is the share that is DROPPED, as in torch; the USTC slides' p keeps.
    Source: Srivastava et al. 2014, section 10, "inverted".
    """
    require(0 <= p_drop < 1, "p_drop", p_drop, "in [0, 1)")
    require_shape("keep", keep, tuple(x.shape))
    if not training:
        return x, (None, tuple(x.shape))
    scale = in_dtype_of(keep, x) / (1 - p_drop)
    return x * scale, (scale, tuple(x.shape))


def dropout_backward(dout, cache):
    """Gradient of dropout_forward.

    Args:
        dout: shape of x, gradient with respect to out.
        cache: from dropout_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    scale, shape = cache
    require_shape("dout", dout, shape)
    return dout if scale is None else dout * scale


def lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    """One step of an LSTM: c = f * c_prev + i * g, h = o * tanh(c), with the gates from z = x wx + h_prev wh + b.

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the output before.
        c_prev: (N, H) float, the cell before.
        wx: (D, 4H) float, weights from the input, in blocks i, f, g, o.
        wh: (H, 4H) float, weights from the output before, in the same blocks.
        b: (4H,) float, bias.
    Returns:
        h: (N, H), dtype of x.
        c: (N, H), dtype of x.
        cache: opaque, for lstm_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: i, f, o = sigmoid, g = tanh of their block of z; order i, f, g, o as in torch.nn.LSTM, one bias.
    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000, the forget gate.
    """
    require_lstm(x, h_prev, c_prev, wx, wh, b, 4)
    i, f, g, o = lstm_gates(x @ wx + h_prev @ wh + b)
    c = f * c_prev + i * g
    a = array_namespace(c).tanh(c)
    return o * a, c, (x, h_prev, c_prev, wx, wh, (i, f, g, o), a)


def lstm_step_backward(dh, dc, cache):
    """Gradients of lstm_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        dc: (N, H), gradient with respect to c, from whatever comes after this step.
        cache: from lstm_step_forward.
    Returns:
        dx, dh_prev, dc_prev, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h.
    """
    x, h_prev, c_prev, wx, wh, (i, f, g, o), a = cache
    require_shape("dh", dh, c_prev.shape)
    require_shape("dc", dc, c_prev.shape)
    dc = dc + dh * o * (1 - a * a)
    dz = array_namespace(dc).concat(
        [dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g * g), dh * a * o * (1 - o)], axis=1
    )
    dx, dh_prev, dwx, dwh, db = gate_gradients(dz, x, h_prev, wx, wh)
    return dx, dh_prev, dc * f, dwx, dwh, db


def lstm_forward(x, h0, c0, wx, wh, b):
    """An LSTM over a sequence: lstm_step at every step.

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the output before the first step.
        c0: (N, H) float, the cell before the first step.
        wx: (D, 4H) float, in blocks i, f, g, o.
        wh: (H, 4H) float, in the same blocks.
        b: (4H,) float, bias.
    Returns:
        h: (N, T, H), every output, dtype of x.
        c: (N, H), the cell after the last step, dtype of x.
        cache: opaque, for lstm_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Convention: the same weights at every step; both h and c have a gradient.
    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000, the forget gate.
    """
    return unroll_lstm(lstm_step_forward, x, h0, c0, (wx, wh, b))


def lstm_backward(dh, dc, cache):
    """Gradients of lstm_forward: back-propagation through time.

    Args:
        dh: (N, T, H), gradient with respect to every output.
        dc: (N, H), gradient with respect to the last cell.
        cache: from lstm_forward.
    Returns:
        dx, dh0, dc0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h or c.
    """
    return bptt_lstm(lstm_step_backward, dh, dc, cache)


def blocks(z, count):
    """The last axis cut into that many equal blocks."""
    width = z.shape[-1] // count
    return [z[..., k * width : (k + 1) * width] for k in range(count)]


def lstm_gates(z):
    """i, f, g, o of their blocks."""
    z_i, z_f, z_g, z_o = blocks(z, 4)
    i, f, o = (sigmoid_forward(gate)[0] for gate in (z_i, z_f, z_o))
    return i, f, array_namespace(z).tanh(z_g), o


def gate_gradients(dz, x, h_prev, wx, wh):
    """dx, dh_prev, dwx, dwh, db of z = x wx + h_prev wh + b."""
    return dz @ wx.T, dz @ wh.T, x.T @ dz, h_prev.T @ dz, array_namespace(dz).sum(dz, axis=0)


def unroll_lstm(step, x, h, c, params):
    """Every output, the last cell, and the steps' caches."""
    require_sequence(x)
    outputs, caches = [], []
    for t in range(x.shape[1]):
        h, c, cache = step(x[:, t, :], h, c, *params)
        outputs.append(h)
        caches.append(cache)
    return array_namespace(x).stack(outputs, axis=1), c, caches


def bptt_lstm(step_backward, dh, dc, caches):
    """dx, dh0, dc0 and the parameters' gradients: from the last step to the first."""
    xp = array_namespace(dh)
    hidden = caches[0][2]
    require_shape("dh", dh, (hidden.shape[0], len(caches), hidden.shape[1]))
    require_shape("dc", dc, hidden.shape)
    carried = xp.zeros_like(hidden)
    dxs: list[Array] = []
    totals: list[Array] = []
    for t in reversed(range(len(caches))):
        dx, carried, dc, *grads = step_backward(dh[:, t, :] + carried, dc, caches[t])
        dxs.insert(0, dx)
        totals = [total + grad for total, grad in zip(totals, grads, strict=True)] if totals else grads
    return xp.stack(dxs, axis=1), carried, dc, *totals


def require_lstm(x, h_prev, c_prev, wx, wh, b, gates):
    """Raise ValueError unless the arguments of a step fit each other."""
    require_shape("x", x, ("N", "D"))
    require_cell(x.shape[0], x.shape[1], wx, wh, b, gates)
    require_shape("h_prev", h_prev, (x.shape[0], wh.shape[0]))
    require_shape("c_prev", c_prev, h_prev.shape)


# --- Dense ---


class Dense:
    """Affine layer on vectors, out = x w + b.

    Parameters: w (D, units), b (units,).
    Convention: linear; the activation is a layer of its own.
    Source: Keras, Dense; Goodfellow et al. 2016, section 6.5.
    """

    def __init__(self, units):
        """A layer of `units` outputs; ValueError when that is not at least 1."""
        raise NotImplementedError

    def build(self, shape, rng):
        """Parameters for samples of shape (D,): w by Glorot's rule, b zero; and the output's shape, (units,).

        Args:
            shape: of one sample; ValueError unless it is (D,).
            rng: source of chance.
        """
        raise NotImplementedError

    def forward(self, params, x, *, training=False, rng=None):
        """Out = x w + b: x (N, D), out (N, units), and a cache for backward."""
        raise NotImplementedError

    def backward(self, dout, cache):
        """Dx (N, D), and [dw, db]."""
        raise NotImplementedError


# --- Activation ---


class Activation:
    """An activation, elementwise but for softmax, which is over the last axis.

    Parameters: none.
    Source: Keras, Activation.
    """

    def __init__(self, name):
        """`name` is "linear", "sigmoid", "tanh", "relu" or "softmax"; ValueError for any other."""
        raise NotImplementedError

    def build(self, shape, rng):
        """No parameters; the shape stays."""
        raise NotImplementedError

    def forward(self, params, x, *, training=False, rng=None):
        """The activation of x, any shape (N, ...), and a cache for backward."""
        raise NotImplementedError

    def backward(self, dout, cache):
        """dx, and no gradients."""
        raise NotImplementedError


# --- Flatten ---


class Flatten:
    """Everything but the batch in one axis, row-major.

    Parameters: none.
    Source: Keras, Flatten.
    """

    def __init__(self):
        """There is nothing to configure."""
        raise NotImplementedError

    def build(self, shape, rng):
        """No parameters; the output's shape is (product of shape,)."""
        raise NotImplementedError

    def forward(self, params, x, *, training=False, rng=None):
        """X (N, ...) as (N, D), and a cache for backward."""
        raise NotImplementedError

    def backward(self, dout, cache):
        """Dx in the shape of x, and no gradients."""
        raise NotImplementedError


# --- Dropout ---


class Dropout:
    """Inverted dropout: in training each element is dropped with probability p_drop, what stays is enlarged.

    Parameters: none.
    Source: Keras, Dropout; Srivastava et al. 2014, section 10.
    """

    def __init__(self, p_drop):
        """ValueError unless p_drop, the share that is dropped, is in [0, 1)."""
        raise NotImplementedError

    def build(self, shape, rng):
        """No parameters; the shape stays."""
        raise NotImplementedError

    def forward(self, params, x, *, training=False, rng=None):
        """X itself unless training; the mask is drawn from rng, which training needs."""
        raise NotImplementedError

    def backward(self, dout, cache):
        """dx, and no gradients."""
        raise NotImplementedError


# --- Conv2D ---


class Conv2D:
    """Two-dimensional convolution (cross-correlation), narrow unless told.

    Parameters: w (filters, C, kernel, kernel), b (filters,).
    Source: Keras, Conv2D; LeCun et al. 1998.
    """

    def __init__(self, filters, kernel, *, stride=1, padding="narrow"):
        """ValueError unless filters and kernel are at least 1; stride and padding as in conv2d."""
        raise NotImplementedError

    def build(self, shape, rng):
        """Parameters for images of shape (C, H, W), w by Glorot's rule, b zero; and the output's shape."""
        raise NotImplementedError

    def forward(self, params, x, *, training=False, rng=None):
        """(N, filters, H', W'), and a cache for backward."""
        raise NotImplementedError

    def backward(self, dout, cache):
        """dx, and [dw, db]."""
        raise NotImplementedError


# --- MaxPool2D ---


class MaxPool2D:
    """The largest pixel of every window; windows do not overlap.

    Parameters: none.
    Source: Keras, MaxPooling2D.
    """

    def __init__(self, size=2):
        """ValueError unless size, height and width of a window, is at least 1."""
        raise NotImplementedError

    def build(self, shape, rng):
        """No parameters; (C, H / size, W / size), rounded down."""
        raise NotImplementedError

    def forward(self, params, x, *, training=False, rng=None):
        """(N, C, H / size, W / size), and a cache for backward."""
        raise NotImplementedError

    def backward(self, dout, cache):
        """dx, and no gradients."""
        raise NotImplementedError


# --- Embedding ---


class Embedding:
    """A vector for each token.

    Parameters: table (words, width).
    Source: Keras, Embedding; Bengio et al. 2003.
    """

    def __init__(self, words, width):
        """ValueError unless both are at least 1."""
        raise NotImplementedError

    def build(self, shape, rng):
        """A table, uniform in [-.05, .05] as in Keras, for sequences of shape (T,); and (T, width)."""
        raise NotImplementedError

    def forward(self, params, x, *, training=False, rng=None):
        """(N, T, width) of tokens (N, T), and a cache for backward."""
        raise NotImplementedError

    def backward(self, dout, cache):
        """None, since tokens have no gradient, and [dtable]."""
        raise NotImplementedError


# --- SimpleRNN ---


class SimpleRNN:
    """A simple recurrent layer with tanh, from the zero state.

    Parameters: wx (D, H), wh (H, H), b (H,).
    Source: Keras, SimpleRNN; Elman 1990.
    """

    def __init__(self, units, *, return_sequences=False):
        """ValueError unless units, H, is at least 1; return_sequences: every output, not only the last."""
        raise NotImplementedError

    def build(self, shape, rng):
        """Parameters for sequences of shape (T, D), by Glorot's rule, b zero; and (T, H) or (H,)."""
        raise NotImplementedError

    def forward(self, params, x, *, training=False, rng=None):
        """(N, T, H) with return_sequences, else (N, H); from the zero state; and a cache for backward."""
        raise NotImplementedError

    def backward(self, dout, cache):
        """dx, and [dwx, dwh, db]."""
        raise NotImplementedError


# --- LSTM ---


class LSTM:
    """A long short-term memory, from the zero state.

    Parameters: wx (D, 4H), wh (H, 4H), b (4H,), in blocks i, f, g, o.
    Source: Keras, LSTM; Hochreiter & Schmidhuber 1997.
    """

    def __init__(self, units, *, return_sequences=False):
        """ValueError unless units, H, is at least 1; return_sequences: every output, not only the last."""
        raise NotImplementedError

    def build(self, shape, rng):
        """Parameters for sequences of shape (T, D), by Glorot's rule, b zero; and (T, H) or (H,)."""
        raise NotImplementedError

    def forward(self, params, x, *, training=False, rng=None):
        """(N, T, H) with return_sequences, else (N, H); from the zero state; and a cache for backward."""
        raise NotImplementedError

    def backward(self, dout, cache):
        """dx, and [dwx, dwh, db]."""
        raise NotImplementedError


# --- TimeDistributed ---


class TimeDistributed:
    """Any layer at every step of a sequence, with the same parameters.

    Parameters: those of the layer.
    Source: Keras, TimeDistributed.
    """

    def __init__(self, layer):
        """A layer that works on single samples."""
        raise NotImplementedError

    def build(self, shape, rng):
        """The layer's parameters for a step; and (T, ...) of its output."""
        raise NotImplementedError

    def forward(self, params, x, *, training=False, rng=None):
        """The layer on all steps of all samples at once, and a cache for backward."""
        raise NotImplementedError

    def backward(self, dout, cache):
        """dx, and the layer's gradients, summed over the steps."""
        raise NotImplementedError


# --- Sequential ---


class Sequential:
    """Layers in a row, as in Keras: add, compile, fit, evaluate, predict, save.

    Convention: losses are means over the batch; "categorical_crossentropy" and its sparse form take probabilities,
        so the last layer is a softmax, as on the slides.
    Source: USTC slides, Keras; Keras, Sequential.
    """

    def __init__(self, input_shape, *, seed=0):
        """A model without layers.

        Args:
            input_shape: of one sample, (D,), (C, H, W), (T, D), or (T,) for token numbers.
            seed: of everything drawn: parameters, the order of samples, dropout.
        """
        raise NotImplementedError

    def add(self, layer):
        """Put a layer behind those there are, and draw its parameters; ValueError where it does not fit."""
        raise NotImplementedError

    def count_params(self):
        """How many numbers the model learns."""
        raise NotImplementedError

    def get_weights(self):
        """Every layer's parameters, in order, as one list."""
        raise NotImplementedError

    def set_weights(self, weights):
        """Take other parameters, in the order of get_weights; ValueError where their shapes differ."""
        raise NotImplementedError

    def compile(self, loss, optimizer="sgd", *, lr=0.01, metrics=()):
        """Choose what is minimised, and how; training starts from a fresh optimiser.

        Args:
            loss: "mse", "categorical_crossentropy" or "sparse_categorical_crossentropy".
            optimizer: "sgd", "rmsprop" or "adam", with its usual constants.
            lr: step size.
            metrics: () or ("accuracy",).
        Raises:
            ValueError: a name is none of these.
        """
        raise NotImplementedError

    def predict(self, x, *, batch_size=32):
        """The output for every sample of x, (N, ...), computed batch by batch as at test time."""
        raise NotImplementedError

    def evaluate(self, x, y, *, batch_size=32):
        """Loss and metrics over all samples, (1 + metrics,), dtype of the parameters."""
        raise NotImplementedError

    def train_on_batch(self, x, y):
        """One update on one batch; returns its loss, and metrics, before the update: (1 + metrics,)."""
        raise NotImplementedError

    def fit(self, x, y, *, batch_size=32, epochs=1, shuffle=True, validation_data=None, verbose=False):
        """Train for some epochs.

        Args:
            x, y: the samples and their targets.
            batch_size: samples an update; the last batch of an epoch has what is left.
            shuffle: draw a new order for every epoch.
            validation_data: (x, y) to evaluate after every epoch.
            verbose: print a progress bar an epoch.
        Returns:
            history: (epochs, K), dtype of the parameters. A row holds the epoch's loss and metrics, each the mean over
                its samples as they were trained on, then the same of the validation data when there are some.
        Raises:
            ValueError: x and y differ in length, or a count is less than 1.
        """
        raise NotImplementedError

    def save(self, file):
        """Write layers and parameters to `file`, a path or an open binary file, as NumPy's .npz without pickles."""
        raise NotImplementedError


def load_model(file):
    """The model that `Sequential.save` wrote: the same layers and parameters; compile it again to train on.

    Args:
        file: a path, or an open binary file.
    Returns:
        model: a Sequential.
    Source: Keras, load_model.
    """
    raise NotImplementedError


# --- LeNet of your own layers ---


def train_own_lenet(x, y, x_test, *, classes, seed):
    """Learn to classify small grey images with a LeNet out of the framework's layers.

    Args:
        x: (N, 1, H, W) float, images to learn from, values from 0 to 1.
        y: (N,) int, their classes.
        x_test: (P, 1, H, W) float, images to classify.
        classes: how many there are.
        seed: of everything drawn.
    Returns:
        predicted: (P,) int, a class for each image of x_test.
        history: (epochs,) float64, the training loss of each epoch.
    Source: USTC slides, LeNet in Keras.
    """
    raise NotImplementedError


# --- A language model of your own layers ---


def train_own_language_model(tokens, test_tokens, *, vocabulary, seed):
    """Learn which token comes next, at every step, with an embedding and an LSTM out of the framework's layers.

    Args:
        tokens: (N, T) int, sequences to learn from.
        test_tokens: (P, T) int, sequences to continue at every step.
        vocabulary: how many tokens there are.
        seed: of everything drawn.
    Returns:
        predicted: (P, T - 1) int, the token expected at step t + 1 after the steps 0 .. t.
        history: (epochs,) float64, the training loss of each epoch.
    Source: USTC slides, the word model in Keras.
    """
    raise NotImplementedError
