"""Normalisations: the centred values are made again wherever they are needed, in the cache, instead of being kept."""

from math import prod

import numpy as np

from reference.checks import require, require_shape
from reference.fast.pieces import PIECE, ones, row_scratch, row_slices, slices
from reference.namespace import Array, Cache
from reference.normalisation import require_scale_and_shift

NEAR = 4
"""Standard deviations from 0 to a mean, up to which subtracting it last costs at most four bits."""


# --- over the batch ---


def batch_norm_forward(
    x: Array,
    gamma: Array,
    beta: Array,
    running_mean: Array,
    running_var: Array,
    *,
    eps: float = 1e-5,
    momentum: float = 0.1,
    training: bool = True,
) -> tuple[Array, Array, Array, Cache]:
    """As reference.normalisation.batch_norm_forward."""
    require_shape("x", x, ("N", "D"))
    return _batch_norm(x, gamma, beta, running_mean, running_var, eps, momentum, training)


def batch_norm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """As reference.normalisation.batch_norm_backward."""
    return _batch_norm_gradients(dout, cache)


def batch_norm2d_forward(
    x: Array,
    gamma: Array,
    beta: Array,
    running_mean: Array,
    running_var: Array,
    *,
    eps: float = 1e-5,
    momentum: float = 0.1,
    training: bool = True,
) -> tuple[Array, Array, Array, Cache]:
    """As reference.normalisation.batch_norm2d_forward."""
    require_shape("x", x, ("N", "C", "H", "W"))
    return _batch_norm(x, gamma, beta, running_mean, running_var, eps, momentum, training)


def batch_norm2d_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """As reference.normalisation.batch_norm2d_backward."""
    return _batch_norm_gradients(dout, cache)


def _by_pixel(x: Array) -> Array:
    """(N, C, P): P is 1 for features, and the number of pixels for images."""
    return np.ascontiguousarray(x).reshape(x.shape[0], x.shape[1], prod(x.shape[2:]))


def _sums(x: Array) -> Array:
    """(C,) over samples and pixels of (n, C, P)."""
    if x.shape[2] == 1:
        return ones(x.shape[0], x.dtype) @ x[:, :, 0]
    return (x @ ones(x.shape[2], x.dtype)).sum(axis=0)


def _dots(x: Array, y: Array, room: Array) -> Array:
    """The same of x * y."""
    if x.shape[2] == 1:
        return ones(x.shape[0], x.dtype) @ np.multiply(x[:, :, 0], y[:, :, 0], out=room[:, :, 0])
    return np.vecdot(x, y).sum(axis=0)


def _pieces_of(x: Array) -> tuple[list[slice], Array]:
    """Whole samples, about a piece at a time, and room for one."""
    step = max(1, PIECE // max(x.shape[1] * x.shape[2], 1))
    return list(slices(x.shape[0], step)), np.empty((min(step, x.shape[0]), *x.shape[1:]), x.dtype)


def _batch_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    running_mean: Array,
    running_var: Array,
    eps: float,
    momentum: float,
    training: bool,
) -> tuple[Array, Array, Array, Cache]:
    channels = x.shape[1]
    require_scale_and_shift(gamma, beta, channels, eps)
    require_shape("running_mean", running_mean, (channels,))
    require_shape("running_var", running_var, (channels,))
    require(0 <= momentum <= 1, "momentum", momentum, "in [0, 1]")
    values = _by_pixel(x)
    count = values.shape[0] * values.shape[2]
    pieces, room = _pieces_of(values)
    mean, var = running_mean, running_var
    if training:
        require(count >= 1, "x", f"of shape {x.shape}", "one sample at least")
        mean = sum(_sums(values[part]) for part in pieces) / x.dtype.type(count)
        squares = np.zeros(channels, x.dtype)
        for part in pieces:
            centred = np.subtract(values[part], mean[:, None], out=room[: len(values[part])])
            squares += _dots(centred, centred, centred)
        var = squares / x.dtype.type(count)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var
    inverse = 1 / np.sqrt(var + x.dtype.type(eps))
    out = np.empty(values.shape, x.dtype)
    near = _near(mean, inverse)
    scale = gamma * inverse
    for part in pieces:
        if near:
            here = np.multiply(values[part], scale[:, None], out=out[part])
            here += (beta - mean * scale)[:, None]
            continue
        here = np.subtract(values[part], mean[:, None], out=out[part])
        here *= scale[:, None]
        here += beta[:, None]
    return out.reshape(x.shape), running_mean, running_var, (values, mean, inverse, gamma, x.shape, training)


def _near(mean: Array, inverse: Array) -> bool:
    """Whether 0 is within a few standard deviations: then nothing is lost where the mean is subtracted last."""
    return bool((np.abs(mean) * inverse).max(initial=0) <= NEAR)


def _batch_norm_gradients(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    values, mean, inverse, gamma, shape, training = cache
    require_shape("dout", dout, shape)
    upstream = _by_pixel(dout)
    count = values.shape[0] * values.shape[2]
    pieces, room = _pieces_of(values)
    dgamma, dbeta = np.zeros(shape[1], dout.dtype), np.zeros(shape[1], dout.dtype)
    near = _near(mean, inverse)
    for part in pieces:
        centred = room[: len(values[part])]
        if near:
            dgamma += _dots(upstream[part], values[part], centred)
        else:
            np.subtract(values[part], mean[:, None], out=centred)
            dgamma += _dots(upstream[part], centred, centred)
        dbeta += _sums(upstream[part])
    if near:
        dgamma -= mean * dbeta
    dgamma *= inverse
    scale = gamma * inverse
    dx = np.empty(values.shape, dout.dtype)
    # dx = scale (dout - mean of dout - normal * mean of dout * normal), the factors taken together.
    slope = inverse * dgamma / count if training else np.zeros_like(dgamma)
    shift = dbeta / count if training else np.zeros_like(dbeta)
    for part in pieces:
        if near:
            here = np.multiply(upstream[part], scale[:, None], out=dx[part])
            here -= np.multiply(values[part], (slope * scale)[:, None], out=room[: len(here)])
            here += ((mean * slope - shift) * scale)[:, None]
            continue
        here = np.subtract(values[part], mean[:, None], out=dx[part])
        here *= -slope[:, None]
        here += upstream[part]
        here -= shift[:, None]
        here *= scale[:, None]
    return dx.reshape(shape), dgamma, dbeta


# --- over a sample ---


def layer_norm_forward(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> tuple[Array, Cache]:
    """As reference.normalisation.layer_norm_forward."""
    require_shape("x", x, ("N", "D"))
    require_scale_and_shift(gamma, beta, x.shape[1], eps)
    require(x.shape[1] >= 1, "D", 0, "at least 1")
    out = np.empty(x.shape, x.dtype)
    mean, inverse = np.empty((len(x), 1), x.dtype), np.empty((len(x), 1), x.dtype)
    for rows in row_slices(*x.shape):
        here = out[rows]
        if _statistics(x[rows], here, mean[rows], inverse[rows], eps):
            np.multiply(x[rows], inverse[rows], out=here)
            here -= mean[rows] * inverse[rows]
        else:
            here *= inverse[rows]
        here *= gamma
        here += beta
    return out, (x, mean, inverse, gamma)


def layer_norm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """As reference.normalisation.layer_norm_backward."""
    x, mean, inverse, gamma = cache
    require_shape("dout", dout, x.shape)
    dx = np.empty(x.shape, dout.dtype)
    dgamma, dbeta = np.zeros(x.shape[1], dout.dtype), np.zeros(x.shape[1], dout.dtype)
    centred, room = row_scratch(x.shape, dout.dtype), row_scratch(x.shape, dout.dtype)
    near = _near(mean, inverse)
    for rows in row_slices(*x.shape):
        here, above, by = dx[rows], dout[rows], room[: len(dx[rows])]
        middle, over = (mean[rows], inverse[rows])
        values = x[rows]
        if not near:
            values, middle = np.subtract(values, middle, out=centred[: len(here)]), np.zeros_like(middle)
        np.multiply(above, values, out=by)
        # The gradients of gamma and beta in one product; what is left of the mean is taken off here.
        sums = np.concatenate([(middle * over).T, ones(len(here), dout.dtype)[None]]) @ above
        dgamma += over[:, 0] @ by - sums[0]
        dbeta += sums[1]
        np.multiply(above, gamma, out=here)
        here *= over
        total = (above @ gamma)[:, None]
        slope, shift = _slope_and_shift((by @ gamma)[:, None], total, middle, over, x.shape[1])
        here -= np.multiply(values, slope, out=by)
        here -= shift
    return dx, dgamma, dbeta


def rms_norm_forward(x: Array, gamma: Array, *, eps: float = 1e-5) -> tuple[Array, Cache]:
    """As reference.normalisation.rms_norm_forward."""
    require_shape("x", x, ("N", "D"))
    require_scale_and_shift(gamma, gamma, x.shape[1], eps)
    require(x.shape[1] >= 1, "D", 0, "at least 1")
    out = np.empty(x.shape, x.dtype)
    inverse = 1 / np.sqrt(np.vecdot(x, x)[:, None] / x.dtype.type(x.shape[1]) + x.dtype.type(eps))
    for rows in row_slices(*x.shape):
        here = np.multiply(x[rows], inverse[rows], out=out[rows])
        here *= gamma
    return out, (x, inverse, gamma)


def rms_norm_backward(dout: Array, cache: Cache) -> tuple[Array, Array]:
    """As reference.normalisation.rms_norm_backward."""
    x, inverse, gamma = cache
    require_shape("dout", dout, x.shape)
    dx = np.empty(x.shape, dout.dtype)
    dgamma = np.zeros(x.shape[1], dout.dtype)
    pieces = list(row_slices(*x.shape))
    normal, product = (np.empty(dx[pieces[0]].shape if pieces else (0, 0), dout.dtype) for _ in range(2))
    for rows in pieces:
        size = len(dx[rows])
        here, n, by = dx[rows], normal[:size], product[:size]
        np.multiply(x[rows], inverse[rows], out=n)
        np.multiply(dout[rows], n, out=by)
        dgamma += ones(size, dout.dtype) @ by
        np.multiply(dout[rows], gamma, out=here)
        n *= (by @ gamma)[:, None] / dout.dtype.type(x.shape[1])
        here -= n
        here *= inverse[rows]
    return dx, dgamma


def group_norm_forward(
    x: Array, gamma: Array, beta: Array, *, groups: int = 2, eps: float = 1e-5
) -> tuple[Array, Cache]:
    """As reference.normalisation.group_norm_forward."""
    require_shape("x", x, ("N", "C", "H", "W"))
    samples, channels = x.shape[:2]
    require_scale_and_shift(gamma, beta, channels, eps)
    require(groups >= 1 and channels % groups == 0, "groups", groups, f"a divisor of C = {channels}")
    require(prod(x.shape[1:]) >= 1, "x", f"of shape {x.shape}", "one pixel at least")
    values = np.ascontiguousarray(x).reshape(samples * groups, channels // groups, prod(x.shape[2:]))
    out = np.empty(values.shape, x.dtype)
    mean, inverse = (np.empty((samples * groups, 1), x.dtype) for _ in range(2))
    scale, shift = _by_group(gamma, samples, groups), _by_group(beta, samples, groups)
    for part in row_slices(samples * groups, prod(values.shape[1:])):
        here = out[part]
        rows = here.reshape(len(here), -1)
        if _statistics(values[part].reshape(rows.shape), rows, mean[part], inverse[part], eps):
            by_channel = scale[part] * inverse[part]
            np.multiply(values[part], by_channel[:, :, None], out=here)
            here += (shift[part] - mean[part] * by_channel)[:, :, None]
        else:
            here *= (scale[part] * inverse[part])[:, :, None]
            here += shift[part][:, :, None]
    return out.reshape(x.shape), (values, mean, inverse, gamma, groups, x.shape)


def group_norm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """As reference.normalisation.group_norm_backward."""
    x, mean, inverse, gamma, groups, shape = cache
    require_shape("dout", dout, shape)
    samples, channels = shape[:2]
    upstream = np.ascontiguousarray(dout).reshape(x.shape)
    dx = np.empty(x.shape, dout.dtype)
    products, sums = (np.empty(x.shape[:2], dout.dtype) for _ in range(2))
    scale = _by_group(gamma, samples, groups)
    width, near = prod(x.shape[1:]), _near(mean, inverse)
    room = np.empty((max(1, PIECE // max(width, 1)), *x.shape[1:]), dout.dtype)
    for part in row_slices(len(x), width):
        here, above, values, middle = dx[part], upstream[part], x[part], mean[part]
        by = room[: len(here)]
        if not near:
            values, middle = np.subtract(values, middle[:, :, None], out=by), np.zeros_like(middle)
        np.matmul(above, ones(above.shape[2], dout.dtype), out=sums[part])
        np.vecdot(above, values, out=products[part])
        by_group, totals = (np.vecdot(a[part], scale[part])[:, None] for a in (products, sums))
        products[part] -= middle * sums[part]
        slope, shift = _slope_and_shift(by_group, totals, middle, inverse[part], width)
        np.multiply(above, (scale[part] * inverse[part])[:, :, None], out=here)
        here -= np.multiply(values, slope[:, :, None], out=by)
        here -= shift[:, :, None]
    products *= inverse
    dgamma, dbeta = (a.reshape(samples, channels).sum(axis=0) for a in (products, sums))
    return dx.reshape(shape), dgamma, dbeta


def _by_group(vector: Array, samples: int, groups: int) -> Array:
    """(N G, C/G) a channel's number for every sample."""
    return np.tile(vector.reshape(groups, -1), (samples, 1))


def _statistics(x: Array, out: Array, mean: Array, inverse: Array, eps: float) -> bool:
    """Fill mean and 1 / sqrt(variance + eps) of every row.

    True where 0 is within a few standard deviations of all means, so that nothing cancels when the mean is subtracted
    last; else `out` holds the centred rows.
    """
    width = x.dtype.type(x.shape[1])
    np.divide((x @ ones(x.shape[1], x.dtype))[:, None], width, out=mean)
    square = mean * mean
    var = np.vecdot(x, x)[:, None] / width - square
    near = bool((square <= NEAR * NEAR * var).all())
    if not near:
        np.subtract(x, mean, out=out)
        var = np.vecdot(out, out)[:, None] / width
    np.divide(1, np.sqrt(var + x.dtype.type(eps)), out=inverse)
    return near


def _slope_and_shift(dots: Array, totals: Array, mean: Array, inverse: Array, width: int) -> tuple[Array, Array]:
    """What of x, and what of 1, is taken off dnormal / sd: it changes neither the mean nor the variance of a row.

    dots: of dnormal and x; totals: of dnormal.
    """
    count = inverse.dtype.type(width)
    slope = (dots - mean * totals) * inverse * inverse * inverse / count
    return slope, totals * inverse / count - mean * slope
