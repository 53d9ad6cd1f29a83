"""From one loss a sample to what was asked for, and back."""

from reference.checks import require, require_shape
from reference.namespace import Array, array_namespace


def reduce_losses(losses: Array, reduction: str) -> Array:
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


def upstream_per_sample(dloss: Array | float, reduction: str, like: Array) -> Array:
    """(N,) gradient with respect to each sample's loss, N and dtype as in `like`, of N rows."""
    xp = array_namespace(like)
    samples = like.shape[0]
    dloss = xp.asarray(dloss, dtype=like.dtype)
    require_shape("dloss", dloss, (samples,) if reduction == "none" else ())
    if reduction == "mean":
        dloss = dloss / samples
    return xp.broadcast_to(dloss, (samples,))
