"""Normalisation over a batch, a sample, or groups of channels: subtract a mean, divide by a standard deviation."""

from math import prod

from reference.checks import require, require_shape
from reference.namespace import Array, Cache, array_namespace


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
    """Batch normalisation of features, out = gamma (x - mean) / sqrt(var + eps) + beta, over the samples.

    Args:
        x: (N, D) float.
        gamma: (D,) float, scale.
        beta: (D,) float, shift.
        running_mean: (D,) float, the statistics so far; used at test time.
        running_var: (D,) float.
        eps: added to the variance, inside the root; more than 0.
        momentum: share of the new statistics in the running ones, in [0, 1].
        training: True to normalise with the batch's mean and variance, False with the running ones.
    Returns:
        out: (N, D), dtype of x.
        running_mean: (D,), updated in training, (1 - momentum) running_mean + momentum mean; the same at test time.
        running_var: (D,), likewise.
        cache: opaque, for batch_norm_backward.
    Raises:
        ValueError: a shape does not fit, eps or momentum is out of range, or N is 0 in training.
    Convention: the biased variance (divided by N) both for normalising and for the running one; torch.nn.BatchNorm1d
        puts the unbiased variance (N - 1) into the running one. Running statistics are returned and have no gradient.
    Source: Ioffe & Szegedy 2015, algorithm 1.
    """
    require_shape("x", x, ("N", "D"))
    return _batch_norm(x, gamma, beta, running_mean, running_var, (0,), eps, momentum, training)


def batch_norm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of batch_norm_forward.

    Args:
        dout: (N, D), gradient with respect to out.
        cache: from batch_norm_forward.
    Returns:
        dx: (N, D), dtype of x.
        dgamma: (D,).
        dbeta: (D,).
    Raises:
        ValueError: dout does not have the shape of out.
    """
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
    """Batch normalisation of images: each channel over all samples and pixels.

    Args:
        x: (N, C, H, W) float.
        gamma: (C,) float, scale.
        beta: (C,) float, shift.
        running_mean: (C,) float, the statistics so far; used at test time.
        running_var: (C,) float.
        eps: added to the variance, inside the root; more than 0.
        momentum: share of the new statistics in the running ones, in [0, 1].
        training: True to normalise with the batch's mean and variance, False with the running ones.
    Returns:
        out: (N, C, H, W), dtype of x.
        running_mean: (C,), as in batch_norm_forward.
        running_var: (C,), likewise.
        cache: opaque, for batch_norm2d_backward.
    Raises:
        ValueError: a shape does not fit, eps or momentum is out of range, or there is nothing to average.
    Convention: as batch_norm_forward.
    Source: Ioffe & Szegedy 2015, section 3.2.
    """
    require_shape("x", x, ("N", "C", "H", "W"))
    return _batch_norm(x, gamma, beta, running_mean, running_var, (0, 2, 3), eps, momentum, training)


def batch_norm2d_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of batch_norm2d_forward.

    Args:
        dout: (N, C, H, W), gradient with respect to out.
        cache: from batch_norm2d_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
        dgamma: (C,).
        dbeta: (C,).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    return _batch_norm_gradients(dout, cache)


def layer_norm_forward(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> tuple[Array, Cache]:
    """Layer normalisation: each sample over its own features, out = gamma (x - mean) / sqrt(var + eps) + beta.

    Args:
        x: (N, D) float.
        gamma: (D,) float, scale.
        beta: (D,) float, shift.
        eps: added to the variance, inside the root; more than 0.
    Returns:
        out: (N, D), dtype of x.
        cache: opaque, for layer_norm_backward.
    Raises:
        ValueError: a shape does not fit, D is 0, or eps is not more than 0.
    Convention: the biased variance; no running statistics, training and test are the same.
    Source: Ba et al. 2016, equation 4.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "D"))
    require_scale_and_shift(gamma, beta, x.shape[1], eps)
    require(x.shape[1] >= 1, "D", 0, "at least 1")
    normal, inverse = standardise(x, (1,), eps)
    return gamma * normal + beta, (normal, inverse, gamma, xp)


def layer_norm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of layer_norm_forward.

    Args:
        dout: (N, D), gradient with respect to out.
        cache: from layer_norm_forward.
    Returns:
        dx: (N, D), dtype of x.
        dgamma: (D,).
        dbeta: (D,).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    normal, inverse, gamma, xp = cache
    require_shape("dout", dout, normal.shape)
    dx = standardise_gradient(dout * gamma, normal, inverse, (1,))
    return dx, xp.sum(dout * normal, axis=0), xp.sum(dout, axis=0)


def rms_norm_forward(x: Array, gamma: Array, *, eps: float = 1e-5) -> tuple[Array, Cache]:
    """Root mean square normalisation, out = gamma x / sqrt(mean(x^2) + eps), of each sample.

    Args:
        x: (N, D) float.
        gamma: (D,) float, scale.
        eps: added to the mean square, inside the root; more than 0.
    Returns:
        out: (N, D), dtype of x.
        cache: opaque, for rms_norm_backward.
    Raises:
        ValueError: a shape does not fit, D is 0, or eps is not more than 0.
    Convention: no mean is subtracted, and there is no shift.
    Source: Zhang & Sennrich 2019, equation 4.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "D"))
    require_scale_and_shift(gamma, gamma, x.shape[1], eps)
    require(x.shape[1] >= 1, "D", 0, "at least 1")
    inverse = 1 / xp.sqrt(xp.mean(x * x, axis=1, keepdims=True) + eps)
    normal = x * inverse
    return gamma * normal, (normal, inverse, gamma)


def rms_norm_backward(dout: Array, cache: Cache) -> tuple[Array, Array]:
    """Gradients of rms_norm_forward.

    Args:
        dout: (N, D), gradient with respect to out.
        cache: from rms_norm_forward.
    Returns:
        dx: (N, D), dtype of x.
        dgamma: (D,).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    normal, inverse, gamma = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, normal.shape)
    dnormal = dout * gamma
    dx = inverse * (dnormal - normal * xp.mean(dnormal * normal, axis=1, keepdims=True))
    return dx, xp.sum(dout * normal, axis=0)


def group_norm_forward(
    x: Array, gamma: Array, beta: Array, *, groups: int = 2, eps: float = 1e-5
) -> tuple[Array, Cache]:
    """Group normalisation of images: each sample over groups of its channels and all their pixels.

    Args:
        x: (N, C, H, W) float.
        gamma: (C,) float, scale.
        beta: (C,) float, shift.
        groups: how many groups of C / groups neighbouring channels; divides C.
        eps: added to the variance, inside the root; more than 0.
    Returns:
        out: (N, C, H, W), dtype of x.
        cache: opaque, for group_norm_backward.
    Raises:
        ValueError: a shape does not fit, groups does not divide C, or eps is not more than 0.
    Convention: the biased variance; one group is layer normalisation of the image, C groups instance normalisation.
    Source: Wu & He 2018, equations 1-2.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "C", "H", "W"))
    samples, channels = x.shape[:2]
    require_scale_and_shift(gamma, beta, channels, eps)
    require(groups >= 1 and channels % groups == 0, "groups", groups, f"a divisor of C = {channels}")
    require(prod(x.shape[1:]) >= 1, "x", f"of shape {tuple(x.shape)}", "one pixel at least")
    by_group = xp.reshape(x, (samples, groups, prod(x.shape[1:]) // groups))
    normal, inverse = standardise(by_group, (2,), eps)
    out = gamma[:, None, None] * xp.reshape(normal, x.shape) + beta[:, None, None]
    return out, (normal, inverse, gamma, x.shape)


def group_norm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of group_norm_forward.

    Args:
        dout: (N, C, H, W), gradient with respect to out.
        cache: from group_norm_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
        dgamma: (C,).
        dbeta: (C,).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    normal, inverse, gamma, shape = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, shape)
    dnormal = xp.reshape(dout * gamma[:, None, None], normal.shape)
    dx = xp.reshape(standardise_gradient(dnormal, normal, inverse, (2,)), shape)
    dgamma = xp.sum(dout * xp.reshape(normal, shape), axis=(0, 2, 3))
    return dx, dgamma, xp.sum(dout, axis=(0, 2, 3))


# --- what they share ---


def standardise(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array]:
    """(x - mean) / sqrt(var + eps) over the axes, and the reciprocal of the root.

    The variance is that of the centred values: the mean of squares less the squared mean cancels.
    """
    xp = array_namespace(x)
    centred = x - xp.mean(x, axis=axes, keepdims=True)
    inverse = 1 / xp.sqrt(xp.mean(centred * centred, axis=axes, keepdims=True) + eps)
    return centred * inverse, inverse


def standardise_gradient(dnormal: Array, normal: Array, inverse: Array, axes: tuple[int, ...]) -> Array:
    """The gradient of x: what does not change the mean, nor the variance, of the values it was normalised with."""
    xp = array_namespace(dnormal)
    by_mean = xp.mean(dnormal, axis=axes, keepdims=True)
    by_variance = normal * xp.mean(dnormal * normal, axis=axes, keepdims=True)
    return inverse * (dnormal - by_mean - by_variance)


def require_scale_and_shift(gamma: Array, beta: Array, features: int, eps: float) -> None:
    """Raise ValueError unless gamma and beta are one number a feature, and eps is more than 0."""
    require_shape("gamma", gamma, (features,))
    require_shape("beta", beta, (features,))
    require(eps > 0, "eps", eps, "more than 0")


def _batch_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    running_mean: Array,
    running_var: Array,
    axes: tuple[int, ...],
    eps: float,
    momentum: float,
    training: bool,
) -> tuple[Array, Array, Array, Cache]:
    xp = array_namespace(x)
    require_scale_and_shift(gamma, beta, x.shape[1], eps)
    require_shape("running_mean", running_mean, (x.shape[1],))
    require_shape("running_var", running_var, (x.shape[1],))
    require(0 <= momentum <= 1, "momentum", momentum, "in [0, 1]")
    along = (1, -1, *(1 for _ in x.shape[2:]))  # a feature's number, where it meets x
    if training:
        require(prod(x.shape[axis] for axis in axes) >= 1, "x", f"of shape {tuple(x.shape)}", "one sample at least")
        normal, inverse = standardise(x, axes, eps)
        mean, var = xp.mean(x, axis=axes), xp.var(x, axis=axes)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var
    else:
        inverse = xp.reshape(1 / xp.sqrt(running_var + eps), along)
        normal = (x - xp.reshape(running_mean, along)) * inverse
    out = xp.reshape(gamma, along) * normal + xp.reshape(beta, along)
    return out, running_mean, running_var, (normal, inverse, xp.reshape(gamma, along), axes, training)


def _batch_norm_gradients(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    normal, inverse, gamma, axes, training = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, normal.shape)
    dnormal = dout * gamma
    dx = standardise_gradient(dnormal, normal, inverse, axes) if training else dnormal * inverse
    return dx, xp.sum(dout * normal, axis=axes), xp.sum(dout, axis=axes)
