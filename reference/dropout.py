"""Dropout, in the two conventions, and what it averages; and images shifted and mirrored."""

from reference.activations import sigmoid_forward
from reference.checks import require, require_shape, require_values
from reference.namespace import Array, Cache, array_namespace, in_dtype_of


def dropout_forward(x: Array, keep: Array, *, p_drop: float = 0.5, training: bool = True) -> tuple[Array, Cache]:
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


def dropout_backward(dout: Array, cache: Cache) -> Array:
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


def bernoulli_dropout_forward(
    x: Array, mask: Array, *, p_keep: float = 0.5, training: bool = True
) -> tuple[Array, Cache]:
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
    require(0 < p_keep <= 1, "p_keep", p_keep, "in (0, 1]")
    require_shape("mask", mask, tuple(x.shape))
    require_values("mask", (mask == 0) | (mask == 1), "0 or 1")
    scale = in_dtype_of(mask, x) if training else p_keep
    return x * scale, (scale, tuple(x.shape))


def bernoulli_dropout_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of bernoulli_dropout_forward.

    Args:
        dout: shape of x, gradient with respect to out.
        cache: from bernoulli_dropout_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    scale, shape = cache
    require_shape("dout", dout, shape)
    return dout * scale


def masked_ensemble(x: Array, w: Array, b: Array, masks: Array) -> Array:
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
    xp = array_namespace(x)
    require_shape("x", x, ("N", "D"))
    require_shape("w", w, (x.shape[1],))
    require_shape("b", b, ())
    require_shape("masks", masks, ("S", x.shape[1]))
    require(masks.shape[0] >= 1, "masks", "empty", "one mask at least")
    outputs, _ = sigmoid_forward(x @ (masks * w).T + b)  # masking an input is masking its weight
    return xp.mean(outputs, axis=1)


def augment_images(x: Array, flip: Array, shift: Array) -> Array:
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
    xp = array_namespace(x, flip, shift)
    require_shape("x", x, ("N", "C", "H", "W"))
    require_shape("flip", flip, (x.shape[0],))
    require_shape("shift", shift, (x.shape[0], 2))
    mirrored = xp.where(flip[:, None, None, None], xp.flip(x, axis=3), x)
    # A move is a product with a matrix that has a 1 where a row goes, and one from the right for the columns.
    down = in_dtype_of(_moves(x.shape[2], shift[:, 0]), x)
    right = in_dtype_of(_moves(x.shape[3], shift[:, 1]), x)
    return down[:, None, :, :] @ mirrored @ xp.matrix_transpose(right)[:, None, :, :]


def _moves(size: int, by: Array) -> Array:
    """(N, size, size) bool: true where place `to` receives place `from`."""
    places = array_namespace(by).arange(size, device=by.device)
    return places[None, :, None] == places[None, None, :] + by[:, None, None]
