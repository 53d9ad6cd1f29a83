"""Losses between a prediction and a target of the same shape."""

from reference.checks import require_shape
from reference.namespace import Array, Cache, array_namespace, in_dtype_of
from reference.reduction import reduce_losses, upstream_per_sample


def squared_loss_forward(pred: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """Squared loss, l_n = sum_m (pred_nm - target_nm)^2.

    Args:
        pred: (N, M) float, predictions.
        target: (N, M), what they should be.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of pred.
        cache: opaque, for squared_loss_backward.
    Raises:
        ValueError: pred and target differ in shape, the reduction is unknown, or a mean has N = 0.
    Convention: no factor 1/2, and M is summed over, never averaged; torch's mse_loss averages over M too.
    Source: USTC lectures, loss functions.
    """
    difference = _difference(pred, target)
    losses = array_namespace(pred).sum(difference * difference, axis=1)
    return reduce_losses(losses, reduction), (difference, reduction)


def squared_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of squared_loss_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from squared_loss_forward.
    Returns:
        dpred: (N, M), dtype of pred.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    difference, reduction = cache
    upstream = upstream_per_sample(dloss, reduction, difference)
    return 2 * difference * upstream[:, None]


def absolute_loss_forward(pred: Array, target: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """Absolute loss, l_n = sum_m |pred_nm - target_nm|.

    Args:
        pred: (N, M) float, predictions.
        target: (N, M), what they should be.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of pred.
        cache: opaque, for absolute_loss_backward.
    Raises:
        ValueError: pred and target differ in shape, the reduction is unknown, or a mean has N = 0.
    Convention: M is summed over, never averaged; torch's l1_loss averages over M too.
    Source: USTC lectures, loss functions.
    """
    xp = array_namespace(pred)
    difference = _difference(pred, target)
    losses = xp.sum(xp.abs(difference), axis=1)
    return reduce_losses(losses, reduction), (difference, reduction)


def absolute_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of absolute_loss_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from absolute_loss_forward.
    Returns:
        dpred: (N, M), dtype of pred.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    Convention: where pred equals target any slope in [-1, 1] is a subgradient; ours is 0.
    """
    difference, reduction = cache
    upstream = upstream_per_sample(dloss, reduction, difference)
    return array_namespace(difference).sign(difference) * upstream[:, None]


def _difference(pred: Array, target: Array) -> Array:
    # Checked first: (N, 1) against (N,) would broadcast to (N, N) without a word.
    require_shape("pred", pred, ("N", "M"))
    require_shape("target", target, pred.shape)
    return pred - in_dtype_of(target, pred)
