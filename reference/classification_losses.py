"""Losses of a predicted distribution over classes, from logits wherever there is a choice."""

from reference.activations import sigmoid_forward
from reference.checks import require_labels, require_shape, require_values
from reference.encoding import at_labels, label_mask
from reference.namespace import Array, Cache, array_namespace, in_dtype_of
from reference.reduction import reduce_losses, upstream_per_sample
from reference.softmax import log_softmax_backward, log_softmax_forward


def zero_one_loss(predicted: Array, labels: Array, *, reduction: str = "mean") -> Array:
    """0-1 loss, l_n = 1 if predicted_n differs from label_n, else 0: a metric, without a gradient.

    Args:
        predicted: (N,) int, predicted classes.
        labels: (N,) int, true classes.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; float64.
    Raises:
        ValueError: predicted and labels differ in shape, the reduction is unknown, or a mean has N = 0.
    Source: USTC lectures, loss functions.
    """
    xp = array_namespace(predicted, labels)
    require_shape("predicted", predicted, ("N",))
    require_shape("labels", labels, predicted.shape)
    return reduce_losses(xp.astype(predicted != labels, xp.float64), reduction)


def nll_loss_forward(log_probs: Array, labels: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """Negative log-likelihood, l_n = -log_probs[n, label_n].

    Args:
        log_probs: (N, C) float, logarithms of probabilities.
        labels: (N,) int, true classes in 0 .. C - 1.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of log_probs.
        cache: opaque, for nll_loss_backward.
    Raises:
        ValueError: labels are not N integers in range, the reduction is unknown, or a mean has N = 0.
    Source: Goodfellow et al. 2016, section 5.5.
    """
    require_shape("log_probs", log_probs, ("N", "C"))
    samples, num_classes = log_probs.shape
    require_labels(labels, num_classes, samples)
    losses = -at_labels(log_probs, labels)
    return reduce_losses(losses, reduction), (log_probs, labels, reduction)


def nll_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of nll_loss_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from nll_loss_forward.
    Returns:
        dlog_probs: (N, C), dtype of log_probs.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    log_probs, labels, reduction = cache
    upstream = upstream_per_sample(dloss, reduction, log_probs)
    mask = label_mask(labels, log_probs.shape[1])
    return -in_dtype_of(mask, log_probs) * upstream[:, None]


def cross_entropy_forward(logits: Array, labels: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """Cross-entropy of softmax(logits) with class labels, l_n = -log softmax(logits_n)[label_n].

    Args:
        logits: (N, C) float.
        labels: (N,) int, true classes in 0 .. C - 1.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of logits; finite for finite logits.
        cache: opaque, for cross_entropy_backward.
    Raises:
        ValueError: labels are not N integers in range, the reduction is unknown, or a mean has N = 0.
    Source: Goodfellow et al. 2016, sections 5.5 and 6.2.2.3.
    """
    require_shape("logits", logits, ("N", "C"))
    log_probs, _ = log_softmax_forward(logits)
    return nll_loss_forward(log_probs, labels, reduction=reduction)


def cross_entropy_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of cross_entropy_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from cross_entropy_forward.
    Returns:
        dlogits: (N, C), dtype of logits.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    log_probs, labels, reduction = cache
    xp = array_namespace(log_probs)
    upstream = upstream_per_sample(dloss, reduction, log_probs)
    one_hot_labels = in_dtype_of(label_mask(labels, log_probs.shape[1]), log_probs)
    return (xp.exp(log_probs) - one_hot_labels) * upstream[:, None]


def soft_cross_entropy_forward(logits: Array, targets: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """Cross-entropy of softmax(logits) with a distribution, l_n = -sum_c targets_nc log softmax(logits_n)_c.

    Args:
        logits: (N, C) float.
        targets: (N, C), a distribution over the classes in each row; one-hot rows are one.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of logits; finite for finite logits.
        cache: opaque, for soft_cross_entropy_backward.
    Raises:
        ValueError: targets and logits differ in shape, the reduction is unknown, or a mean has N = 0.
    Source: Goodfellow et al. 2016, equation 3.51.
    """
    xp = array_namespace(logits)
    require_shape("logits", logits, ("N", "C"))
    require_shape("targets", targets, logits.shape)
    targets = in_dtype_of(targets, logits)
    log_probs, softmax_cache = log_softmax_forward(logits)
    losses = -xp.sum(targets * log_probs, axis=1)
    return reduce_losses(losses, reduction), (targets, softmax_cache, reduction)


def soft_cross_entropy_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of soft_cross_entropy_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from soft_cross_entropy_forward.
    Returns:
        dlogits: (N, C), dtype of logits.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    targets, softmax_cache, reduction = cache
    upstream = upstream_per_sample(dloss, reduction, targets)
    return log_softmax_backward(-targets * upstream[:, None], softmax_cache)


def cross_entropy_from_probs_forward(probs: Array, targets: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
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


def cross_entropy_from_probs_backward(dloss: Array | float, cache: Cache) -> Array:
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


def binary_cross_entropy_forward(logits: Array, targets: Array, *, reduction: str = "mean") -> tuple[Array, Cache]:
    """Binary cross-entropy, l_n = -y_n log s_n - (1 - y_n) log(1 - s_n), s = sigmoid(logits), y = targets.

    Args:
        logits: (N,) float.
        targets: (N,), in [0, 1], probability of the positive class.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of logits; finite for finite logits.
        cache: opaque, for binary_cross_entropy_backward.
    Raises:
        ValueError: logits and targets differ in shape, targets leaves [0, 1], the reduction is unknown, or
            a mean has N = 0.
    Source: Goodfellow et al. 2016, section 6.2.2.2.
    """
    xp = array_namespace(logits)
    require_shape("logits", logits, ("N",))
    require_shape("targets", targets, logits.shape)
    require_values("targets", (targets >= 0) & (targets <= 1), "in [0, 1]")
    targets = in_dtype_of(targets, logits)
    # softplus(z) - z y, with softplus written so that no exponential exceeds 1.
    losses = xp.maximum(logits, 0) - logits * targets + xp.log1p(xp.exp(-xp.abs(logits)))
    return reduce_losses(losses, reduction), (logits, targets, reduction)


def binary_cross_entropy_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of binary_cross_entropy_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from binary_cross_entropy_forward.
    Returns:
        dlogits: (N,), dtype of logits.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    logits, targets, reduction = cache
    probs, _ = sigmoid_forward(logits)
    return (probs - targets) * upstream_per_sample(dloss, reduction, logits)
