"""Deep networks.

Fill in the functions, then run: backcheck check deep_networks.py
"""

import numpy as np


# --- Given, with their helpers: sigmoid, relu, affine. Use them as they are. ---


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


# --- The scale of the first weights ---


def initial_scale(fan_in, fan_out, *, rule="he"):
    """The standard deviation with which the weights of a layer begin.

    Args:
        fan_in: inputs of the layer, at least 1.
        fan_out: outputs of the layer, at least 1.
        rule: "xavier" for sqrt(2 / (fan_in + fan_out)), "he" for sqrt(2 / fan_in), "lecun" for sqrt(1 / fan_in).
    Returns:
        sigma: a Python float.
    Raises:
        ValueError: a fan is less than 1, or the rule is unknown.
    Convention: a uniform distribution of the same spread is U(-r, r) with r = sqrt(3) sigma.
    Source: Glorot & Bengio 2010, equation 12; He et al. 2015, equation 10; LeCun et al. 1998, Efficient BackProp.
    """
    raise NotImplementedError


# --- How fast each layer learns ---


def learning_speeds(x, y, weights, biases, *, activation="sigmoid"):
    """How fast each layer of a deep network learns: the norm of its error term, |delta^l|.

    Args:
        x: (N, n_0) float, inputs.
        y: (N, n_L) float, targets.
        weights: L arrays, (n_{l-1}, n_l), float.
        biases: L arrays, (n_l,), float.
        activation: of every layer, "sigmoid" or "relu".
    Returns:
        speeds: (L,), the Frobenius norm of delta^l = dC/dz^l, from the first layer to the last; dtype of x.
    Raises:
        ValueError: a shape does not fit, or the activation is unknown.
    Convention: C = 1/2 |a^L - y|^2, summed over the samples; the slope of relu at 0 is 0.
    Source: Beihang slides, vanishing gradients; Nielsen 2015, chapter 5.
    """
    raise NotImplementedError


# --- Inverted dropout ---


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
    raise NotImplementedError


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
    raise NotImplementedError


# --- Dropout as on the slides ---


def bernoulli_dropout_forward(x, mask, *, p_keep=0.5, training=True):
    """Dropout as on the slides: out = m * x in training, out = p_keep x at test time.

    Args:
        x: any shape, float.
        mask: shape of x, 0 or 1, float or bool, drawn from Bernoulli(p_keep).
        p_keep: the probability that an element is KEPT, in (0, 1].
        training: False at test time.
    Returns:
        out: shape of x, dtype of x.
        cache: opaque, for bernoulli_dropout_backward.
    Raises:
        ValueError: mask does not have the shape of x or holds other values, or p_keep is not in (0, 1].
    Convention: nothing is enlarged in training, and so everything is made smaller at test time.
    Source: Srivastava et al. 2014, section 4; USTC slides, dropout.
    """
    raise NotImplementedError


def bernoulli_dropout_backward(dout, cache):
    """Gradient of bernoulli_dropout_forward.

    Args:
        dout: shape of x, gradient with respect to out.
        cache: from bernoulli_dropout_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    raise NotImplementedError


# --- What dropout averages ---


def masked_ensemble(x, w, b, masks):
    """The average of networks that differ in their dropout masks: what dropout trains.

    Args:
        x: (N, D) float, inputs.
        w: (D,) float, weights of one sigmoid neuron.
        b: () float, bias.
        masks: (S, D) float, 0 or 1, a mask of the inputs for each of S networks.
    Returns:
        mean: (N,), the mean over the S networks of sigmoid((m * x) w + b), dtype of x.
    Raises:
        ValueError: a shape does not fit, or there is no mask.
    Source: USTC slides, dropout as an ensemble; Srivastava et al. 2014, section 1.
    """
    raise NotImplementedError


# --- More images from the same ---


def augment_images(x, flip, shift):
    """More images from the same: mirrored and moved.

    Args:
        x: (N, C, H, W) float, images.
        flip: (N,) bool, which images are mirrored left to right, before they are moved.
        shift: (N, 2) int, how far each is moved down and to the right; negative for up and left.
    Returns:
        out: (N, C, H, W), dtype of x; what comes in at a border is 0.
    Raises:
        ValueError: a shape does not fit.
    Source: Krizhevsky et al. 2012, section 4.1; USTC slides, data augmentation.
    """
    raise NotImplementedError


# --- Batch normalisation ---


def batch_norm_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
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
    raise NotImplementedError


def batch_norm_backward(dout, cache):
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
    raise NotImplementedError


# --- Batch normalisation of images ---


def batch_norm2d_forward(x, gamma, beta, running_mean, running_var, *, eps=1e-5, momentum=0.1, training=True):
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
    raise NotImplementedError


def batch_norm2d_backward(dout, cache):
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
    raise NotImplementedError


# --- Layer normalisation ---


def layer_norm_forward(x, gamma, beta, *, eps=1e-5):
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
    raise NotImplementedError


def layer_norm_backward(dout, cache):
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
    raise NotImplementedError


# --- Root mean square normalisation ---


def rms_norm_forward(x, gamma, *, eps=1e-5):
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
    raise NotImplementedError


def rms_norm_backward(dout, cache):
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
    raise NotImplementedError


# --- Group normalisation ---


def group_norm_forward(x, gamma, beta, *, groups=2, eps=1e-5):
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
    raise NotImplementedError


def group_norm_backward(dout, cache):
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
    raise NotImplementedError


# --- A residual block ---


def residual_block_forward(x, w1, b1, w2, b2):
    """A residual block, y = x + F(x) with F(x) = relu(x w1 + b1) w2 + b2.

    Args:
        x: (N, D) float.
        w1: (D, H) float.
        b1: (H,) float.
        w2: (H, D) float.
        b2: (D,) float.
    Returns:
        y: (N, D), dtype of x.
        cache: opaque, for residual_block_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: nothing follows the sum, so that x passes unchanged (He et al. 2016b).
    Source: He et al. 2016, equation 1; Beihang slides, residual networks.
    """
    raise NotImplementedError


def residual_block_backward(dout, cache):
    """Gradients of residual_block_forward.

    Args:
        dout: (N, D), gradient with respect to y.
        cache: from residual_block_forward.
    Returns:
        dx, dw1, db1, dw2, db2: each in the shape of its argument.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    raise NotImplementedError


# --- A stack of them ---


def residual_stack_forward(x, w1, b1, w2, b2):
    """Residual blocks one after another, x^L = x^l + sum of F(x^i) from i = l to L - 1.

    Args:
        x: (N, D) float.
        w1: B arrays, (D, H), float, one a block.
        b1: B arrays, (H,), float.
        w2: B arrays, (H, D), float.
        b2: B arrays, (D,), float.
    Returns:
        y: (N, D), dtype of x.
        cache: opaque, for residual_stack_backward.
    Raises:
        ValueError: the lists differ in length, or a shape does not fit.
    Source: He et al. 2016b, equations 3-5; Beihang slides, residual networks.
    """
    raise NotImplementedError


def residual_stack_backward(dout, cache):
    """Gradients of residual_stack_forward.

    Args:
        dout: (N, D), gradient with respect to y.
        cache: from residual_stack_forward.
    Returns:
        dx, dw1, db1, dw2, db2: each in the shape of its argument, lists for lists.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    raise NotImplementedError
