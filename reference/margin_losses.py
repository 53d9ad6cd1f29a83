"""Losses of a score against a sign or a class, by the margin it is right by."""

from reference.checks import require_labels, require_shape, require_values
from reference.encoding import at_labels, label_mask
from reference.namespace import Array, Cache, array_namespace, in_dtype_of
from reference.rectifiers import is_positive
from reference.reduction import reduce_losses, upstream_per_sample


def hinge_loss_forward(scores: Array, signs: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """Hinge loss, l_n = max(0, 1 - signs_n scores_n).

    Args:
        scores: (N,) float, positive for the class +1.
        signs: (N,), each -1 or 1, true classes.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of scores.
        cache: opaque, for hinge_loss_backward.
    Raises:
        ValueError: scores and signs differ in shape, a sign is neither -1 nor 1, the reduction is unknown, or
            a mean has N = 0.
    Source: Cortes & Vapnik 1995; Hastie, Tibshirani & Friedman 2009, equation 12.25.
    """
    signs = _signs_of(scores, signs)
    violation = 1 - signs * scores
    losses = array_namespace(scores).maximum(violation, 0)
    return reduce_losses(losses, reduction), (signs, violation, reduction)


def hinge_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of hinge_loss_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from hinge_loss_forward.
    Returns:
        dscores: (N,), dtype of scores.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    Convention: at a margin of exactly 1 any slope between the two sides passes; ours is 0.
    """
    signs, violation, reduction = cache
    return -signs * is_positive(violation) * upstream_per_sample(dloss, reduction, signs)


def multiclass_hinge_loss_forward(
    scores: Array, labels: Array, *, margin: float = 1.0, reduction: str = "mean"
) -> tuple[Array, Cache]:
    """Multi-class hinge loss, l_n = sum_{j != y} max(0, s_nj - s_ny + margin), y = labels_n.

    Args:
        scores: (N, C) float, s.
        labels: (N,) int, true classes in 0 .. C - 1.
        margin: how much the true class should lead every other by.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of scores.
        cache: opaque, for multiclass_hinge_loss_backward.
    Raises:
        ValueError: labels are not N integers in range, the reduction is unknown, or a mean has N = 0.
    Convention: summed over the classes; torch's multi_margin_loss divides by C.
    Source: Weston & Watkins 1999; USTC lectures, loss functions.
    """
    xp = array_namespace(scores)
    require_shape("scores", scores, ("N", "C"))
    samples, num_classes = scores.shape
    require_labels(labels, num_classes, samples)
    violation = scores - at_labels(scores, labels)[:, None] + margin
    # The true class does not compete with itself.
    violation = xp.where(label_mask(labels, num_classes), 0, violation)
    losses = xp.sum(xp.maximum(violation, 0), axis=1)
    return reduce_losses(losses, reduction), (violation, labels, reduction)


def multiclass_hinge_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of multiclass_hinge_loss_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from multiclass_hinge_loss_forward.
    Returns:
        dscores: (N, C), dtype of scores.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    Convention: where a class trails by exactly the margin any slope between the two sides passes; ours is 0.
    """
    violation, labels, reduction = cache
    xp = array_namespace(violation)
    upstream = upstream_per_sample(dloss, reduction, violation)
    violators = is_positive(violation)
    true_class = in_dtype_of(label_mask(labels, violation.shape[1]), violation)
    count = xp.sum(violators, axis=1, keepdims=True)
    return (violators - count * true_class) * upstream[:, None]


def exponential_loss_forward(scores: Array, signs: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """Exponential loss, l_n = e^(-signs_n scores_n).

    Args:
        scores: (N,) float, positive for the class +1.
        signs: (N,), each -1 or 1, true classes.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of scores.
        cache: opaque, for exponential_loss_backward.
    Raises:
        ValueError: scores and signs differ in shape, a sign is neither -1 nor 1, the reduction is unknown, or
            a mean has N = 0.
    Source: Friedman, Hastie & Tibshirani 2000; Hastie, Tibshirani & Friedman 2009, equation 10.8.
    """
    signs = _signs_of(scores, signs)
    losses = array_namespace(scores).exp(-signs * scores)
    return reduce_losses(losses, reduction), (signs, losses, reduction)


def exponential_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of exponential_loss_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from exponential_loss_forward.
    Returns:
        dscores: (N,), dtype of scores.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    signs, losses, reduction = cache
    return -signs * losses * upstream_per_sample(dloss, reduction, signs)


def _signs_of(scores: Array, signs: Array) -> Array:
    require_shape("scores", scores, ("N",))
    require_shape("signs", signs, scores.shape)
    require_values("signs", (signs == 1) | (signs == -1), "-1 or 1")
    return in_dtype_of(signs, scores)
