"""Unit 06: initialisation, vanishing gradients, dropout, normalisation, residual networks, written other ways."""

from graders.misconceptions.variant import Variant

INITIAL_SCALE = (
    Variant(
        "initial_scale",
        "by_cases",
        source="""
import math


def initial_scale(fan_in, fan_out, *, rule="he"):
    if rule == "he":
        return math.sqrt(2 / fan_in)
    if rule == "xavier":
        return math.sqrt(2 / (fan_in + fan_out))
    return 1 / math.sqrt(fan_in)
""",
    ),
    Variant(
        "initial_scale",
        "mean_of_the_fans_numpy_scalar",
        source="""
import numpy as np


def initial_scale(fan_in, fan_out, *, rule="he"):
    gain, fan = {"he": (2, fan_in), "lecun": (1, fan_in), "xavier": (1, (fan_in + fan_out) / 2)}[rule]
    return np.sqrt(gain) / np.sqrt(fan)
""",
    ),
    Variant(
        "initial_scale",
        "from_the_bound_of_a_uniform",
        source="""
import numpy as np


def initial_scale(fan_in, fan_out, *, rule="he"):
    bounds = {
        "he": lambda: np.sqrt(6 / fan_in),
        "xavier": lambda: np.sqrt(6 / (fan_in + fan_out)),
        "lecun": lambda: np.sqrt(3 / fan_in),
    }
    return np.array(bounds[rule]() / np.sqrt(3))
""",
    ),
)

LEARNING_SPEEDS = (
    Variant(
        "learning_speeds",
        "sample_by_sample",
        source="""
import numpy as np


def learning_speeds(x, y, weights, biases, *, activation="sigmoid"):
    squares = [0.0] * len(weights)
    for sample, target in zip(x, y):
        a, slopes = sample, []
        for w, b in zip(weights, biases):
            z = w.T @ a + b
            if activation == "relu":
                a, slope = np.where(z > 0, z, 0), z > 0
            else:
                a = 0.5 + 0.5 * np.tanh(z / 2)
                slope = a - a * a
            slopes.append(slope)
        delta = (a - target) * slopes[-1]
        for layer in range(len(weights) - 1, -1, -1):
            squares[layer] += float(delta @ delta)
            if layer:
                delta = slopes[layer - 1] * (weights[layer] @ delta)
    return np.sqrt(squares).astype(x.dtype)
""",
    ),
    Variant(
        "learning_speeds",
        "by_recursion",
        source="""
import numpy as np


def learning_speeds(x, y, weights, biases, *, activation="sigmoid"):
    def delta_above(a, layer):
        # dC/da of what enters the layer; the speeds come on the way back.
        if layer == len(weights):
            return a - y
        z = np.einsum("nd,dm->nm", a, weights[layer]) + biases[layer]
        if activation == "sigmoid":
            out = np.exp(-np.logaddexp(0, -z))
            slope = out * np.exp(-np.logaddexp(0, z))
        else:
            out, slope = z * (z > 0), np.heaviside(z, 0)
        delta = delta_above(out, layer + 1) * slope
        speeds[layer] = np.linalg.norm(delta)
        return np.einsum("nm,dm->nd", delta, weights[layer])

    speeds = np.empty(len(weights), x.dtype)
    delta_above(x, 0)
    return speeds
""",
    ),
    Variant(
        "learning_speeds",
        "keeps_every_z_in_double",
        source="""
import numpy as np


def relu(z):
    return (abs(z) + z) / 2


def step(z):
    return (np.sign(z) + 1) / 2


def s(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def bell(z):
    return s(z) * s(-z)


def learning_speeds(x, y, weights, biases, *, activation="sigmoid"):
    f, slope = {"sigmoid": (s, bell), "relu": (relu, step)}[activation]
    a, zs = x.astype(np.float64), []
    for w, b in zip(weights, biases):
        zs.append(a @ w + b)
        a = f(zs[-1])
    deltas = [slope(zs[-1]) * (a - y)]
    for z, w in zip(zs[-2::-1], weights[:0:-1]):
        deltas.append(slope(z) * np.tensordot(deltas[-1], w, axes=(1, 1)))
    return np.array([np.sqrt(np.einsum("nm,nm->", d, d)) for d in reversed(deltas)]).astype(x.dtype)
""",
    ),
)

DROPOUT = (
    Variant(
        "dropout",
        "where_kept",
        source="""
import numpy as np


def dropout_forward(x, keep, *, p_drop=0.5, training=True):
    cache = dict(keep=keep.copy(), p_drop=p_drop, training=training)
    return (np.where(keep, x / (1 - p_drop), 0) if training else x.copy()), cache


def dropout_backward(dout, cache):
    if not cache["training"]:
        return dout.copy()
    return np.where(cache["keep"], dout / (1 - cache["p_drop"]), 0)
""",
    ),
    Variant(
        "dropout",
        "fills_zeros",
        source="""
import numpy as np


def dropout_forward(x, keep, *, p_drop=0.5, training=True):
    if not training:
        return 1 * x, None
    out = np.zeros(x.shape, x.dtype)
    out[keep] = x[keep] / (1 - p_drop)
    return out, (keep, p_drop)


def dropout_backward(dout, cache):
    if cache is None:
        return 1 * dout
    keep, p_drop = cache
    dx = np.zeros_like(dout)
    dx[keep] = dout[keep] / (1 - p_drop)
    return dx
""",
    ),
    Variant(
        "dropout",
        "closure_by_places",
        source="""
def dropout_forward(x, keep, *, p_drop=0.5, training=True):
    def drop(array):
        out = array.copy()
        if training:
            out[~keep] = 0
            out *= 1 / (1 - p_drop)
        return out

    return drop(x), drop


def dropout_backward(dout, cache):
    return cache(dout)
""",
    ),
    Variant(
        "dropout",
        "number_by_number",
        source="""
import numpy as np


def dropout_forward(x, keep, *, p_drop=0.5, training=True):
    factors = np.ones_like(x)
    if training:
        for i in np.ndindex(x.shape):
            factors[i] = 1 / (1 - p_drop) if keep[i] else 0
    return factors * x, factors


def dropout_backward(dout, cache):
    return cache * dout
""",
    ),
)

BERNOULLI_DROPOUT = (
    Variant(
        "bernoulli_dropout",
        "where_kept",
        source="""
import numpy as np


def bernoulli_dropout_forward(x, mask, *, p_keep=0.5, training=True):
    kept = mask != 0
    out = np.where(kept, x, 0) if training else np.multiply(x, p_keep)
    return out, {"kept": kept, "p_keep": p_keep, "training": training}


def bernoulli_dropout_backward(dout, cache):
    return np.where(cache["kept"], dout, 0) if cache["training"] else np.multiply(dout, cache["p_keep"])
""",
    ),
    Variant(
        "bernoulli_dropout",
        "zeroes_a_copy",
        source="""
def bernoulli_dropout_forward(x, mask, *, p_keep=0.5, training=True):
    out = x.copy()
    if training:
        out[mask < 0.5] = 0
        return out, [mask.copy()]
    out *= p_keep
    return out, [p_keep]


def bernoulli_dropout_backward(dout, cache):
    dx = dout.copy()
    dx *= cache[0]
    return dx
""",
    ),
    Variant(
        "bernoulli_dropout",
        "always_an_array_of_scales",
        source="""
import numpy as np


def bernoulli_dropout_forward(x, mask, *, p_keep=0.5, training=True):
    scale = np.where(training, mask, p_keep).astype(x.dtype)
    return np.einsum("nd,nd->nd", scale, x), scale


def bernoulli_dropout_backward(dout, scale):
    return np.einsum("nd,nd->nd", scale, dout)
""",
    ),
)

MASKED_ENSEMBLE = (
    Variant(
        "masked_ensemble",
        "network_by_network",
        source="""
import numpy as np


def masked_ensemble(x, w, b, masks):
    mean = np.zeros(len(x), x.dtype)
    for k, mask in enumerate(masks, start=1):
        z = (x * mask).dot(w) + b
        mean += ((1 + np.tanh(0.5 * z)) / 2 - mean) / k
    return mean
""",
    ),
    Variant(
        "masked_ensemble",
        "all_at_once_by_einsum",
        source="""
import numpy as np


def masked_ensemble(x, w, b, masks):
    z = np.einsum("nd,sd,d->sn", x, masks, w) + b
    return np.exp(-np.logaddexp(0, -z)).sum(axis=0) / len(masks)
""",
    ),
    Variant(
        "masked_ensemble",
        "sample_by_sample_chosen_inputs",
        source="""
import math

import numpy as np


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def masked_ensemble(x, w, b, masks):
    out = np.empty(x.shape[0], x.dtype)
    for n, sample in enumerate(x):
        outputs = [sigmoid(float(sample[mask == 1] @ w[mask == 1] + b)) for mask in masks]
        out[n] = math.fsum(outputs) / len(outputs)
    return out
""",
    ),
)

AUGMENT_IMAGES = (
    Variant(
        "augment_images",
        "pixel_by_pixel",
        source="""
import numpy as np


def augment_images(x, flip, shift):
    out = np.zeros_like(x)
    samples, _, height, width = x.shape
    for n in range(samples):
        down, right = shift[n]
        for i in range(height):
            for j in range(width):
                to_row, to_column = i + down, (width - 1 - j if flip[n] else j) + right
                if 0 <= to_row < height and 0 <= to_column < width:
                    out[n, :, to_row, to_column] = x[n, :, i, j]
    return out
""",
    ),
    Variant(
        "augment_images",
        "window_of_a_padded_image",
        source="""
import numpy as np


def augment_images(x, flip, shift):
    out = []
    height, width = x.shape[2:]
    for image, mirror, (down, right) in zip(x, flip, shift):
        pad = max(abs(int(down)), abs(int(right)))
        image = np.pad(image[:, :, ::-1] if mirror else image, ((0, 0), (pad, pad), (pad, pad)))
        out.append(image[:, pad - down : pad - down + height, pad - right : pad - right + width])
    return np.array(out, x.dtype).reshape(x.shape)
""",
    ),
    Variant(
        "augment_images",
        "gathers_from_indices",
        source="""
import numpy as np


def augment_images(x, flip, shift):
    samples, _, height, width = x.shape
    row = np.arange(height) - shift[:, :1]
    column = np.arange(width) - shift[:, 1:]
    inside = ((0 <= row) & (row < height))[:, :, None] & ((0 <= column) & (column < width))[:, None, :]
    column = np.where(flip[:, None], width - 1 - column, column)
    row, column = row.clip(0, height - 1), column.clip(0, width - 1)
    moved = x[np.arange(samples)[:, None, None], :, row[:, :, None], column[:, None, :]]
    return np.where(inside[:, None], np.moveaxis(moved, 3, 1), 0)
""",
    ),
    Variant(
        "augment_images",
        "rolls_and_blanks",
        source="""
import numpy as np


def blank(image, by, axis):
    image = np.moveaxis(np.roll(image, by, axis), axis, 0)
    image[: max(by, 0)] = 0
    image[len(image) + min(by, 0) if -by < len(image) else 0 :] = 0
    return np.moveaxis(image, 0, axis)


def augment_images(x, flip, shift):
    out = x.copy()
    out[flip] = out[flip][..., ::-1]
    for n in range(len(x)):
        out[n] = blank(blank(out[n], int(shift[n, 0]), 1), int(shift[n, 1]), 2)
    return out
""",
    ),
)

# The backward of a standardisation along the first axis, by its Jacobian.
JACOBIAN = """

def jacobian(normal, inverse):
    # d normal_i / d x_j of every column: (delta_ij - 1/N - normal_i normal_j / N) inverse.
    count = normal.shape[0]
    centring = np.eye(count, dtype=normal.dtype) - np.ones((count, count), normal.dtype) / count
    outer = normal[:, None, :] * normal[None, :, :]
    return (centring[:, :, None] - outer / count) * inverse
"""

BATCH_NORM = (
    Variant(
        "batch_norm",
        "step_by_step_as_a_graph",
        source="""
import numpy as np


def batch_norm_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
    mu = x.mean(axis=0) if training else running_mean
    xmu = x - mu
    var = np.mean(xmu**2, axis=0) if training else running_var
    std = np.sqrt(var + eps)
    xhat = xmu / std
    if training:
        running_mean = running_mean + momentum * (mu - running_mean)
        running_var = running_var + momentum * (var - running_var)
    cache = {"xmu": xmu, "std": std, "xhat": xhat, "gamma": gamma, "training": training}
    return gamma * xhat + beta, running_mean, running_var, cache


def batch_norm_backward(dout, cache):
    xmu, std, xhat, gamma, training = cache.values()
    n = dout.shape[0]
    dgamma, dbeta = (dout * xhat).sum(0), dout.sum(0)
    dxhat = dout * gamma
    dxmu = dxhat / std
    if not training:
        return dxmu, dgamma, dbeta
    dstd = -(dxhat * xmu).sum(0) / std**2
    dvar = dstd / (2 * std)
    dxmu = dxmu + 2 * xmu * dvar / n
    dmu = -dxmu.sum(0)
    return dxmu + dmu / n, dgamma, dbeta
""",
    ),
    Variant(
        "batch_norm",
        "one_formula",
        source="""
import numpy as np


def batch_norm_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
    mean, var = (x.mean(0), x.var(0)) if training else (running_mean, running_var)
    inverse = (var + eps) ** -0.5
    normal = (x - mean) * inverse
    share = momentum if training else 0.0
    new_mean = np.average([running_mean, mean], axis=0, weights=[1 - share, share]).astype(x.dtype)
    new_var = (running_var - share * running_var) + share * var
    return normal * gamma + beta, new_mean, new_var, (normal, gamma * inverse, training)


def batch_norm_backward(dout, cache):
    normal, scale, training = cache
    dgamma, dbeta = np.einsum("nd,nd->d", dout, normal), np.einsum("nd->d", dout)
    if not training:
        return scale * dout, dgamma, dbeta
    n = len(dout)
    return scale / n * (n * dout - dbeta - normal * dgamma), dgamma, dbeta
""",
    ),
    Variant(
        "batch_norm",
        "feature_by_feature",
        source="""
import numpy as np


def batch_norm_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
    out, means, variances = np.empty_like(x), running_mean.copy(), running_var.copy()
    cache = []
    for d in range(x.shape[1]):
        column, mean, var = x[:, d], running_mean[d], running_var[d]
        if training:
            mean = column.sum() / len(column)
            var = np.dot(column - mean, column - mean) / len(column)
            means[d] = (1 - momentum) * running_mean[d] + momentum * mean
            variances[d] = (1 - momentum) * running_var[d] + momentum * var
        normal = (column - mean) / np.sqrt(var + eps)
        out[:, d] = gamma[d] * normal + beta[d]
        cache.append((normal, np.sqrt(var + eps), gamma[d], training))
    return out, means, variances, cache


def batch_norm_backward(dout, cache):
    columns = []
    for upstream, (normal, std, gamma, training) in zip(dout.T, cache):
        dgamma, dbeta = upstream @ normal, upstream.sum()
        if training:
            upstream = upstream - upstream.mean() - normal * (normal @ upstream) / len(normal)
        columns.append((gamma / std * upstream, dgamma, dbeta))
    dx, dgamma, dbeta = zip(*columns)
    return np.stack(dx, axis=1), np.array(dgamma, dout.dtype), np.array(dbeta, dout.dtype)
""",
    ),
    Variant(
        "batch_norm",
        "jacobian_matrices",
        source="""
import numpy as np
"""
        + JACOBIAN
        + """

def batch_norm_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
    if not training:
        slope = 1 / np.sqrt(running_var + eps)
        normal = slope * (x - running_mean)
        return gamma * normal + beta, running_mean, running_var, (normal, None, slope, gamma)
    mean = np.add.reduce(x, axis=0) / len(x)
    var = np.einsum("nd,nd->d", x - mean, x - mean) / len(x)
    normal = (x - mean) / np.sqrt(var + eps)
    running_mean = momentum * mean + (1 - momentum) * running_mean
    running_var = momentum * var + (1 - momentum) * running_var
    cache = (normal, jacobian(normal, 1 / np.sqrt(var + eps)), None, gamma)
    return gamma * normal + beta, running_mean, running_var, cache


def batch_norm_backward(dout, cache):
    normal, slopes, slope, gamma = cache
    dnormal = dout * gamma
    dx = slope * dnormal if slopes is None else np.einsum("id,ijd->jd", dnormal, slopes)
    return dx, (dout * normal).sum(axis=0), dout.sum(axis=0)
""",
    ),
    Variant(
        "batch_norm",
        "welford_and_folded_scale",
        source="""
import numpy as np


def statistics(x):
    mean, moment = np.zeros_like(x[0]), np.zeros_like(x[0])
    for n, row in enumerate(x, start=1):
        old = row - mean
        mean = mean + old / n
        moment = moment + old * (row - mean)
    return mean, moment / len(x)


def batch_norm_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
    mean, var = statistics(x) if training else (running_mean, running_var)
    scale = gamma / np.sqrt(var + eps)
    if training:
        running_mean = running_mean * (1 - momentum) + mean * momentum
        running_var = running_var * (1 - momentum) + var * momentum
    # Only what the backward cannot do without; the rest is worked out again there.
    return (x - mean) * scale + beta, running_mean, running_var, (x.copy(), mean, var + eps, gamma.copy(), training)


def batch_norm_backward(dout, cache):
    x, mean, above, gamma, training = cache
    inverse = 1 / np.sqrt(above)
    normal = (x - mean) * inverse
    dx = dout * gamma * inverse
    if training:
        dx -= dx.mean(0)
        dx -= normal * (normal * dx).mean(0)
        dx -= dx.mean(0)
    return dx, np.sum(normal * dout, 0), np.sum(dout, 0)
""",
    ),
    Variant(
        "batch_norm",
        "in_double",
        source="""
import numpy as np


def batch_norm_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
    wide = x.astype(np.float64)
    if training:
        mean, var = wide.mean(0), wide.var(0)
        running_mean = ((1 - momentum) * running_mean + momentum * mean).astype(x.dtype)
        running_var = ((1 - momentum) * running_var + momentum * var).astype(x.dtype)
    else:
        mean, var = running_mean, running_var
    cache = wide - mean, np.sqrt(var.astype(np.float64) + eps), gamma, training
    return ((wide - mean) / cache[1] * gamma + beta).astype(x.dtype), running_mean, running_var, cache


def batch_norm_backward(dout, cache):
    centred, std, gamma, training = cache
    normal = centred / std
    dx = gamma * dout / std
    if training:
        dx = dx - dx.mean(0) - normal * (dx * normal).mean(0)
    grads = dx, (dout * normal).sum(0), dout.astype(np.float64).sum(0)
    return tuple(grad.astype(dout.dtype) for grad in grads)
""",
    ),
)

BATCH_NORM2D = (
    Variant(
        "batch_norm2d",
        "as_a_matrix_of_pixels",
        source="""
import numpy as np


def pixels(x):
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])


def images(rows, shape):
    samples, channels, height, width = shape
    return rows.reshape(samples, height, width, channels).transpose(0, 3, 1, 2)


def batch_norm2d_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
    rows = pixels(x)
    mean, var = running_mean, running_var
    if training:
        mean, var = rows.mean(axis=0), rows.var(axis=0)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var
    std = np.sqrt(var + eps)
    normal = (rows - mean) / std
    return images(normal * gamma + beta, x.shape), running_mean, running_var, (normal, std, gamma, training)


def batch_norm2d_backward(dout, cache):
    normal, std, gamma, training = cache
    rows = pixels(dout)
    dgamma, dbeta = (rows * normal).sum(axis=0), rows.sum(axis=0)
    drows = rows - (dbeta + normal * dgamma) / len(rows) if training else rows
    return images(gamma / std * drows, dout.shape), dgamma, dbeta
""",
    ),
    Variant(
        "batch_norm2d",
        "channel_by_channel",
        source="""
import numpy as np


def batch_norm2d_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
    out, means, variances, normals = np.zeros_like(x), [], [], []
    for c in range(x.shape[1]):
        channel = x[:, c]
        mean = channel.mean() if training else running_mean[c]
        var = ((channel - mean) ** 2).mean() if training else running_var[c]
        normal = (channel - mean) / np.sqrt(var + eps)
        out[:, c] = gamma[c] * normal + beta[c]
        normals.append((normal, gamma[c] / np.sqrt(var + eps)))
        means.append(running_mean[c] + training * momentum * (mean - running_mean[c]))
        variances.append(running_var[c] + training * momentum * (var - running_var[c]))
    return out, np.array(means, x.dtype), np.array(variances, x.dtype), {"of": normals, "training": training}


def batch_norm2d_backward(dout, cache):
    dx, dgamma, dbeta = np.empty_like(dout), np.empty_like(dout[0, :, 0, 0]), np.empty_like(dout[0, :, 0, 0])
    for c, (normal, scale) in enumerate(cache["of"]):
        upstream = dout[:, c]
        dgamma[c], dbeta[c] = np.vdot(upstream, normal), np.sum(upstream)
        dx[:, c] = scale * upstream
        if cache["training"]:
            dx[:, c] -= scale * (upstream.mean() + normal * np.mean(upstream * normal))
    return dx, dgamma, dbeta
""",
    ),
    Variant(
        "batch_norm2d",
        "einsum_and_keepdims",
        source="""
import numpy as np

AXES = (0, 2, 3)


def batch_norm2d_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
    count = x.size // x.shape[1]
    if training:
        centred = x - x.mean(axis=AXES, keepdims=True)
        var = np.einsum("nchw,nchw->c", centred, centred) / count
        running_mean = running_mean - momentum * (running_mean - x.mean(axis=AXES))
        running_var = running_var - momentum * (running_var - var)
    else:
        centred, var = x - running_mean[:, None, None], running_var
    scale = np.reciprocal(np.sqrt(var + eps))
    out = np.einsum("nchw,c,c->nchw", centred, scale, gamma) + beta[None, :, None, None]
    return out, running_mean, running_var, (centred, scale, gamma, count * training)


def batch_norm2d_backward(dout, cache):
    centred, scale, gamma, count = cache
    dgamma = np.einsum("nchw,nchw,c->c", dout, centred, scale)
    dbeta = np.einsum("nchw->c", dout)
    dx = dout.copy()
    if count:
        dx -= (dbeta / count)[:, None, None]
        dx -= centred * (scale * dgamma / count)[:, None, None]
    dx *= (gamma * scale)[:, None, None]
    return dx, dgamma, dbeta
""",
    ),
    Variant(
        "batch_norm2d",
        "shifted_one_pass",
        source="""
import numpy as np


def batch_norm2d_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
    by_channel = np.moveaxis(x, 1, 0).reshape(x.shape[1], -1)
    shift = by_channel[:, :1].copy() if training else running_mean[:, None]
    near = by_channel - shift
    mean, var = 0 * near[:, 0], running_var
    if training:
        mean = near.mean(1)
        var = np.maximum((near * near).mean(1) - mean * mean, 0)
        running_mean = (1 - momentum) * running_mean + momentum * (shift[:, 0] + mean)
        running_var = (1 - momentum) * running_var + momentum * var
    rate = 1 / np.sqrt(var + eps)
    normal = (near - mean[:, None]) * rate[:, None]
    out = np.moveaxis((gamma[:, None] * normal + beta[:, None]).reshape(x.shape[1], x.shape[0], *x.shape[2:]), 0, 1)
    return out, running_mean, running_var, [normal, rate, gamma, training]


def batch_norm2d_backward(dout, cache):
    normal, rate, gamma, training = cache
    upstream = np.swapaxes(dout, 0, 1)
    rows = upstream.reshape(normal.shape)
    dgamma, dbeta = np.sum(rows * normal, axis=1), np.sum(rows, axis=1)
    dx = rows
    if training:
        dx = rows - rows.mean(1, keepdims=True) - normal * np.mean(rows * normal, axis=1, keepdims=True)
    dx = dx * (gamma * rate)[:, None]
    return np.swapaxes(dx.reshape(upstream.shape), 0, 1), dgamma, dbeta
""",
    ),
)

LAYER_NORM = (
    Variant(
        "layer_norm",
        "sample_by_sample",
        source="""
import numpy as np


def layer_norm_forward(x, gamma, beta, *, eps=1e-5):
    out, cache = np.empty(x.shape, x.dtype), []
    for n, row in enumerate(x):
        centred = row - row.mean()
        std = np.sqrt(centred @ centred / len(row) + eps)
        out[n] = gamma * (centred / std) + beta
        cache.append((centred / std, std))
    return out, (cache, gamma.copy())


def layer_norm_backward(dout, cache):
    rows, gamma = cache
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for n, (normal, std) in enumerate(rows):
        dgamma += dout[n] * normal
        dbeta += dout[n]
        g = dout[n] * gamma
        dx[n] = (g - g.mean() - normal * (g @ normal) / len(g)) / std
    return dx, dgamma, dbeta
""",
    ),
    Variant(
        "layer_norm",
        "features_first_one_formula",
        source="""
import numpy as np


def layer_norm_forward(x, gamma, beta, *, eps=1e-5):
    columns = x.T
    inverse = (columns.var(axis=0) + eps) ** -0.5
    normal = (columns - columns.mean(axis=0)) * inverse
    return (normal * gamma[:, None] + beta[:, None]).T, dict(normal=normal, inverse=inverse, gamma=gamma)


def layer_norm_backward(dout, cache):
    normal, inverse, gamma = cache["normal"], cache["inverse"], cache["gamma"]
    g, d = dout.T * gamma[:, None], len(gamma)
    dx = inverse / d * (d * g - g.sum(axis=0) - normal * (g * normal).sum(axis=0))
    return dx.T, (dout.T * normal).sum(axis=1), dout.sum(axis=0)
""",
    ),
    Variant(
        "layer_norm",
        "jacobian_matrices",
        source="""
import numpy as np
"""
        + JACOBIAN
        + """

def layer_norm_forward(x, gamma, beta, *, eps=1e-5):
    centred = x - np.einsum("nd->n", x)[:, None] / x.shape[1]
    inverse = 1 / np.sqrt(np.einsum("nd,nd->n", centred, centred) / x.shape[1] + eps)
    normal = np.einsum("nd,n->nd", centred, inverse)
    return np.einsum("nd,d->nd", normal, gamma) + beta, (normal, inverse, gamma)


def layer_norm_backward(dout, cache):
    normal, inverse, gamma = cache
    dx = np.einsum("nd,d,djn->nj", dout, gamma, jacobian(normal.T, inverse))
    return dx, np.einsum("nd,nd->d", dout, normal), np.einsum("nd->d", dout)
""",
    ),
    Variant(
        "layer_norm",
        "staged_recomputing",
        source="""
import numpy as np


def centre(x):
    return x - np.mean(x, axis=-1, keepdims=True)


def layer_norm_forward(x, gamma, beta, *, eps=1e-5):
    centred = centre(x)
    power = np.mean(np.square(centred), axis=-1, keepdims=True) + eps
    return gamma * centred / np.sqrt(power) + beta, (centred, power, gamma)


def layer_norm_backward(dout, cache):
    centred, power, gamma = cache
    root = np.sqrt(power)
    dnormal = dout * gamma
    dpower = -0.5 * np.sum(dnormal * centred, axis=-1, keepdims=True) / (power * root)
    dcentred = dnormal / root + centred * (2 * dpower / centred.shape[-1])
    ones = np.ones_like(dout[:, 0])
    return centre(dcentred), ones @ (dout * centred / root), ones @ dout
""",
    ),
    Variant(
        "layer_norm",
        "projects_out_mean_and_direction",
        source="""
import numpy as np


def layer_norm_forward(x, gamma, beta, *, eps=1e-5):
    centred = x.copy()
    centred -= centred.mean(1)[:, None]
    length = np.linalg.norm(centred, axis=1) / x.shape[1] ** 0.5
    inverse = 1 / np.hypot(length, eps**0.5)
    normal = centred * inverse[:, None]

    def backward(dout):
        dx = dout * gamma
        dx -= dx.mean(1)[:, None]
        dx -= normal * (dx * normal).mean(1)[:, None]
        dx *= inverse[:, None]
        return dx, (dout * normal).sum(0), dout.sum(0)

    return normal * gamma + beta, backward


def layer_norm_backward(dout, cache):
    return cache(dout)
""",
    ),
)

RMS_NORM = (
    Variant(
        "rms_norm",
        "sample_by_sample",
        source="""
import numpy as np


def rms_norm_forward(x, gamma, *, eps=1e-5):
    roots = [np.sqrt(np.dot(row, row) / len(row) + eps) for row in x]
    out = np.zeros_like(x)
    for n, root in enumerate(roots):
        out[n] = x[n] / root * gamma
    return out, (x.copy(), roots, gamma)


def rms_norm_backward(dout, cache):
    x, roots, gamma = cache
    dx, dgamma = np.zeros_like(x), np.zeros_like(gamma)
    for n, root in enumerate(roots):
        g = dout[n] * gamma
        dx[n] = g / root - x[n] * (g @ x[n]) / (len(gamma) * root**3)
        dgamma += dout[n] * x[n] / root
    return dx, dgamma
""",
    ),
    Variant(
        "rms_norm",
        "length_by_hypot",
        source="""
import numpy as np


def rms_norm_forward(x, gamma, *, eps=1e-5):
    root = np.hypot(np.linalg.norm(x, axis=1) / x.shape[1] ** 0.5, eps**0.5)[:, np.newaxis]
    return x / root * gamma, {"normal": x / root, "root": root, "gamma": gamma}


def rms_norm_backward(dout, cache):
    normal, root, gamma = cache["normal"], cache["root"], cache["gamma"]
    along = np.einsum("nd,d,nd->n", dout, gamma, normal) / len(gamma)
    dx = dout * gamma
    dx -= along[:, None] * normal
    dx /= root
    return dx, np.einsum("nd,nd->d", dout, normal)
""",
    ),
    Variant(
        "rms_norm",
        "jacobian_matrices",
        source="""
import numpy as np


def rms_norm_forward(x, gamma, *, eps=1e-5):
    power = (x**2).sum(axis=1) / x.shape[1] + eps
    inverse = power**-0.5
    return np.einsum("nd,n,d->nd", x, inverse, gamma), (x, inverse, gamma)


def rms_norm_backward(dout, cache):
    x, inverse, gamma = cache
    unit = np.eye(x.shape[1], dtype=x.dtype)
    normal = x * inverse[:, None]
    slopes = inverse[:, None, None] * (unit - normal[:, :, None] * normal[:, None, :] / x.shape[1])
    return ((dout * gamma)[:, None, :] @ slopes)[:, 0, :], (normal * dout).sum(0)
""",
    ),
)

GROUP_NORM = (
    Variant(
        "group_norm",
        "five_axes",
        source="""
import numpy as np


def split(x, groups):
    samples, channels, height, width = x.shape
    return x.reshape(samples, groups, channels // groups, height, width)


def group_norm_forward(x, gamma, beta, *, groups=2, eps=1e-5):
    parts = split(x, groups)
    mean = parts.mean(axis=(2, 3, 4), keepdims=True)
    std = np.sqrt(parts.var(axis=(2, 3, 4), keepdims=True) + eps)
    normal = (parts - mean) / std
    out = normal.reshape(x.shape) * gamma.reshape(1, -1, 1, 1) + beta.reshape(1, -1, 1, 1)
    return out, (normal, std, gamma)


def group_norm_backward(dout, cache):
    normal, std, gamma = cache
    g = split(dout * gamma.reshape(1, -1, 1, 1), normal.shape[1])
    along = (g * normal).mean(axis=(2, 3, 4), keepdims=True)
    dx = (g - g.mean(axis=(2, 3, 4), keepdims=True) - along * normal) / std
    by_channel = dout * normal.reshape(dout.shape)
    return dx.reshape(dout.shape), by_channel.sum((0, 2, 3)), dout.sum((0, 2, 3))
""",
    ),
    Variant(
        "group_norm",
        "sample_by_sample_group_by_group",
        source="""
import numpy as np


def group_norm_forward(x, gamma, beta, *, groups=2, eps=1e-5):
    out, cache = np.zeros_like(x), {}
    size = x.shape[1] // groups
    for n in range(x.shape[0]):
        for k in range(groups):
            mine = slice(k * size, (k + 1) * size)
            part = x[n, mine] - np.mean(x[n, mine])
            std = np.sqrt(np.mean(part * part) + eps)
            cache[n, k] = mine, part / std, std
            out[n, mine] = part / std * gamma[mine, None, None] + beta[mine, None, None]
    return out, (cache, gamma)


def group_norm_backward(dout, cache):
    cache, gamma = cache
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for (n, _), (mine, normal, std) in cache.items():
        dgamma[mine] += np.sum(dout[n, mine] * normal, axis=(1, 2))
        dbeta[mine] += np.sum(dout[n, mine], axis=(1, 2))
        g = dout[n, mine] * gamma[mine, None, None]
        dx[n, mine] = (g - np.mean(g) - normal * np.mean(normal * g)) / std
    return dx, dgamma, dbeta
""",
    ),
    Variant(
        "group_norm",
        "split_and_joined",
        source="""
import numpy as np

REST = (1, 2, 3)


def group_norm_forward(x, gamma, beta, *, groups=2, eps=1e-5):
    normals, inverses = [], []
    for part in np.split(x, groups, axis=1):
        centred = part - part.mean(axis=REST, keepdims=True)
        inverse = (np.square(centred).mean(axis=REST, keepdims=True) + eps) ** -0.5
        normals.append(centred * inverse)
        inverses.append(np.broadcast_to(inverse, part.shape))
    normal, inverse = np.concatenate(normals, axis=1), np.concatenate(inverses, axis=1)
    out = np.moveaxis(np.moveaxis(normal, 1, -1) * gamma + beta, -1, 1)
    return out, (normal, inverse, gamma, groups)


def group_norm_backward(dout, cache):
    normal, inverse, gamma, groups = cache
    dnormal = np.moveaxis(np.moveaxis(dout, 1, -1) * gamma, -1, 1)
    dx = []
    for g, n in zip(np.split(dnormal, groups, axis=1), np.split(normal, groups, axis=1)):
        g = g - n * (g * n).mean(axis=REST, keepdims=True)
        dx.append(g - g.mean(axis=REST, keepdims=True))
    dgamma, dbeta = np.einsum("nchw,nchw->c", normal, dout), np.einsum("nchw->c", dout)
    return np.concatenate(dx, axis=1) * inverse, dgamma, dbeta
""",
    ),
)

RESIDUAL_BLOCK = (
    Variant(
        "residual_block",
        "sample_by_sample",
        source="""
import numpy as np


def residual_block_forward(x, w1, b1, w2, b2):
    y = x.copy()
    for n in range(len(x)):
        h = np.maximum(w1.T @ x[n] + b1, 0)
        y[n] += w2.T @ h + b2
    return y, (x, w1, b1, w2, b2)


def residual_block_backward(dout, cache):
    x, w1, b1, w2, b2 = cache
    dx, dw1, db1, dw2, db2 = (np.zeros_like(array) for array in cache)
    for n, upstream in enumerate(dout):
        z = w1.T @ x[n] + b1
        dw2 += np.outer(np.maximum(z, 0), upstream)
        db2 += upstream
        dz = (z > 0) * (w2 @ upstream)
        dw1 += np.outer(x[n], dz)
        db1 += dz
        dx[n] = upstream + w1 @ dz
    return dx, dw1, db1, dw2, db2
""",
    ),
    Variant(
        "residual_block",
        "einsum_in_a_dict",
        source="""
import numpy as np


def residual_block_forward(x, w1, b1, w2, b2):
    z = np.einsum("nd,dh->nh", x, w1) + b1
    on = z >= 0
    a = np.where(on, z, 0)
    return np.einsum("nh,hd->nd", a, w2) + b2 + x, dict(x=x, w1=w1, w2=w2, a=a, on=on)


def residual_block_backward(dout, cache):
    da = np.einsum("nd,hd->nh", dout, cache["w2"])
    dz = np.where(cache["on"], da, 0)
    dw1, db1 = np.einsum("nd,nh->dh", cache["x"], dz), np.einsum("nh->h", dz)
    dw2, db2 = np.einsum("nh,nd->hd", cache["a"], dout), np.einsum("nd->d", dout)
    return np.einsum("nh,dh->nd", dz, cache["w1"]) + dout, dw1, db1, dw2, db2
""",
    ),
    Variant(
        "residual_block",
        "biases_as_rows_of_the_weights",
        source="""
import numpy as np


def one_more(x):
    return np.concatenate([x, np.ones_like(x[:, :1])], axis=1)


def residual_block_forward(x, w1, b1, w2, b2):
    first, second = np.vstack([w1, b1]), np.vstack([w2, b2])
    hidden = one_more(x) @ first
    hidden *= hidden > 0
    out = one_more(hidden) @ second
    out += x
    return out, (one_more(x), one_more(hidden), first, second)


def residual_block_backward(dout, cache):
    x, hidden, first, second = cache
    dsecond = hidden.T @ dout
    dhidden = (dout @ second.T)[:, :-1]
    dhidden = dhidden * np.sign(hidden[:, :-1])
    dfirst = x.T @ dhidden
    dx = dhidden @ first[:-1].T
    dx += dout
    return dx, dfirst[:-1], dfirst[-1], dsecond[:-1], dsecond[-1]
""",
    ),
    Variant(
        "residual_block",
        "closure_by_tensordot",
        source="""
import numpy as np


def residual_block_forward(x, w1, b1, w2, b2):
    z = np.tensordot(x, w1, axes=1) + b1
    a = 0.5 * (z + np.abs(z))

    def backward(dout):
        dz = np.tensordot(dout, w2, axes=(1, 1)) * np.heaviside(z, 0.5)
        dw1, dw2 = np.tensordot(x, dz, axes=(0, 0)), np.tensordot(a, dout, axes=(0, 0))
        return dout + np.tensordot(dz, w1, axes=(1, 1)), dw1, dz.sum(0), dw2, dout.sum(0)

    return x + (np.tensordot(a, w2, axes=1) + b2), backward


def residual_block_backward(dout, cache):
    return cache(dout)
""",
    ),
)

RESIDUAL_STACK = (
    Variant(
        "residual_stack",
        "keeps_only_what_enters_each_block",
        source="""
import numpy as np


def residual_stack_forward(x, w1, b1, w2, b2):
    inputs = [x]
    for k in range(len(w1)):
        h = inputs[k] @ w1[k] + b1[k]
        inputs.append(inputs[k] + np.maximum(h, 0) @ w2[k] + b2[k])
    return inputs[-1], (inputs, list(w1), list(b1), list(w2))


def residual_stack_backward(dout, cache):
    inputs, w1, b1, w2 = cache
    grads = {name: [None] * len(w1) for name in ("w1", "b1", "w2", "b2")}
    for k in reversed(range(len(w1))):
        h = inputs[k] @ w1[k] + b1[k]
        dh = np.where(h > 0, dout @ w2[k].T, 0)
        grads["w1"][k], grads["b1"][k] = inputs[k].T @ dh, dh.sum(axis=0)
        grads["w2"][k], grads["b2"][k] = np.maximum(h, 0).T @ dout, dout.sum(axis=0)
        dout = dout + dh @ w1[k].T
    return dout, *grads.values()
""",
    ),
    Variant(
        "residual_stack",
        "by_recursion",
        source="""
import numpy as np


def residual_stack_forward(x, w1, b1, w2, b2):
    if not w1:
        return x, None
    z = x @ w1[0] + b1[0]
    a = z * (z > 0)
    y, rest = residual_stack_forward(x + (a @ w2[0] + b2[0]), w1[1:], b1[1:], w2[1:], b2[1:])
    return y, (x, z, a, w1[0], w2[0], rest)


def residual_stack_backward(dout, cache):
    if cache is None:
        return dout, [], [], [], []
    x, z, a, w1, w2, rest = cache
    dout, dw1, db1, dw2, db2 = residual_stack_backward(dout, rest)
    dz = (z > 0) * (dout @ w2.T)
    ones = np.ones_like(dout[:, 0])
    dx = dout + dz @ w1.T
    return dx, [x.T @ dz, *dw1], [ones @ dz, *db1], [a.T @ dout, *dw2], [ones @ dout, *db2]
""",
    ),
    Variant(
        "residual_stack",
        "tape_of_closures",
        source="""
import numpy as np


def residual_stack_forward(x, w1, b1, w2, b2):
    tape = []
    stream = x.copy()
    for first, shift, second, last in zip(w1, b1, w2, b2):
        entering = stream.copy()
        active = np.clip(entering @ first + shift, 0, None)
        stream += active @ second
        stream += last

        def back(dout, x=entering, a=active, first=first, second=second):
            dz = np.sign(a) * (dout @ second.T)
            return dz @ first.T, (x.T @ dz, dz.sum(0), a.T @ dout, dout.sum(0))

        tape.append(back)
    return stream, tape


def residual_stack_backward(dout, tape):
    dstream, grads = dout.copy(), []
    for back in tape[::-1]:
        through, own = back(dstream)
        dstream += through
        grads.append(own)
    return dstream, *(list(kind) for kind in zip(*grads[::-1]))
""",
    ),
    Variant(
        "residual_stack",
        "sample_by_sample",
        source="""
import numpy as np


def residual_stack_forward(x, w1, b1, w2, b2):
    out, paths = np.empty_like(x), []
    for n, row in enumerate(x):
        path = []
        for k in range(len(w1)):
            z = row @ w1[k] + b1[k]
            path.append((row, z))
            row = row + np.maximum(z, 0) @ w2[k] + b2[k]
        out[n] = row
        paths.append(path)
    return out, (paths, (w1, b1, w2, b2))


def residual_stack_backward(dout, cache):
    paths, params = cache
    w1, b1, w2, b2 = params
    dx = np.empty_like(dout)
    dw1, db1, dw2, db2 = ([np.zeros_like(array) for array in arrays] for arrays in params)
    for n, path in enumerate(paths):
        g = dout[n]
        for k in range(len(path) - 1, -1, -1):
            row, z = path[k]
            dz = np.where(z > 0, w2[k] @ g, 0)
            dw2[k] += np.maximum(z, 0)[:, None] * g
            db2[k] += g
            dw1[k] += row[:, None] * dz
            db1[k] += dz
            g = g + w1[k] @ dz
        dx[n] = g
    return dx, dw1, db1, dw2, db2
""",
    ),
)

WHEATS = (
    *INITIAL_SCALE,
    *LEARNING_SPEEDS,
    *DROPOUT,
    *BERNOULLI_DROPOUT,
    *MASKED_ENSEMBLE,
    *AUGMENT_IMAGES,
    *BATCH_NORM,
    *BATCH_NORM2D,
    *LAYER_NORM,
    *RMS_NORM,
    *GROUP_NORM,
    *RESIDUAL_BLOCK,
    *RESIDUAL_STACK,
)
