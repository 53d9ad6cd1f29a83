"""What training minimises: the losses, and a price on large weights."""

from collections.abc import Sequence

from reference.checks import require_shape
from reference.namespace import Array, Cache, array_namespace


def regularised_objective_forward(losses: Array, weights: Sequence[Array], *, l2: float) -> tuple[Array, Cache]:
    """Regularised objective, J = sum_n losses_n + l2/2 sum_l ||W_l||_F^2.

    Args:
        losses: (N,) float, one a sample.
        weights: list of matrices W_l, of any shapes.
        l2: strength of the penalty, lambda in the lectures.
    Returns:
        J: (), dtype of losses.
        cache: opaque, for regularised_objective_backward.
    Raises:
        ValueError: losses is not a vector, or one of the weights not a matrix.
    Convention: the losses are summed, and the penalty counts once, not once a sample.
    Source: USTC lectures, the objective J(W, b); Goodfellow et al. 2016, section 7.1.1.
    """
    xp = array_namespace(losses)
    require_shape("losses", losses, ("N",))
    for layer, w in enumerate(weights):
        require_shape(f"weights[{layer}]", w, ("D", "M"))
    penalty = sum(xp.sum(w * w) for w in weights)
    return xp.sum(losses) + l2 / 2 * penalty, (losses, weights, l2)


def regularised_objective_backward(dJ: Array | float, cache: Cache) -> tuple[Array, list[Array]]:
    """Gradients of regularised_objective_forward.

    Args:
        dJ: (), gradient with respect to J.
        cache: from regularised_objective_forward.
    Returns:
        dlosses: (N,), dtype of losses.
        dweights: list of matrices, one a weight matrix, in its shape and dtype.
    Raises:
        ValueError: dJ is not a single number.
    """
    losses, weights, l2 = cache
    xp = array_namespace(losses)
    dJ = xp.asarray(dJ, dtype=losses.dtype)
    require_shape("dJ", dJ, ())
    dlosses = dJ * xp.ones_like(losses)
    dweights = [dJ * l2 * w for w in weights]
    return dlosses, dweights
