"""Losses.

Fill in the functions, then run: backcheck check losses.py
"""

import numpy as np


# --- Squared loss ---


def squared_loss_forward(pred, target, *, reduction="mean"):
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
    raise NotImplementedError


def squared_loss_backward(dloss, cache):
    """Gradient of squared_loss_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from squared_loss_forward.
    Returns:
        dpred: (N, M), dtype of pred.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    raise NotImplementedError


# --- Absolute loss ---


def absolute_loss_forward(pred, target, *, reduction="mean"):
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
    raise NotImplementedError


def absolute_loss_backward(dloss, cache):
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
    raise NotImplementedError


# --- 0-1 loss ---


def zero_one_loss(predicted, labels, *, reduction="mean"):
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
    raise NotImplementedError


# --- Negative log-likelihood ---


def nll_loss_forward(log_probs, labels, *, reduction="mean"):
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
    raise NotImplementedError


def nll_loss_backward(dloss, cache):
    """Gradient of nll_loss_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from nll_loss_forward.
    Returns:
        dlog_probs: (N, C), dtype of log_probs.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    raise NotImplementedError


# --- Cross-entropy from logits ---


def cross_entropy_forward(logits, labels, *, reduction="mean"):
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
    raise NotImplementedError


def cross_entropy_backward(dloss, cache):
    """Gradient of cross_entropy_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from cross_entropy_forward.
    Returns:
        dlogits: (N, C), dtype of logits.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    raise NotImplementedError


# --- Cross-entropy against a distribution ---


def soft_cross_entropy_forward(logits, targets, *, reduction="mean"):
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
    raise NotImplementedError


def soft_cross_entropy_backward(dloss, cache):
    """Gradient of soft_cross_entropy_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from soft_cross_entropy_forward.
    Returns:
        dlogits: (N, C), dtype of logits.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    raise NotImplementedError


# --- Cross-entropy from probabilities ---


def cross_entropy_from_probs_forward(probs, targets, *, reduction="mean"):
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
    raise NotImplementedError


def cross_entropy_from_probs_backward(dloss, cache):
    """Gradient of cross_entropy_from_probs_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from cross_entropy_from_probs_forward.
    Returns:
        dprobs: (N, C), dtype of probs, each entry of probs a variable of its own.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    raise NotImplementedError


# --- Binary cross-entropy from logits ---


def binary_cross_entropy_forward(logits, targets, *, reduction="mean"):
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
    raise NotImplementedError


def binary_cross_entropy_backward(dloss, cache):
    """Gradient of binary_cross_entropy_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from binary_cross_entropy_forward.
    Returns:
        dlogits: (N,), dtype of logits.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    raise NotImplementedError


# --- Hinge loss ---


def hinge_loss_forward(scores, signs, *, reduction="mean"):
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
    raise NotImplementedError


def hinge_loss_backward(dloss, cache):
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
    raise NotImplementedError


# --- Multi-class hinge loss ---


def multiclass_hinge_loss_forward(scores, labels, *, margin=1.0, reduction="mean"):
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
    raise NotImplementedError


def multiclass_hinge_loss_backward(dloss, cache):
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
    raise NotImplementedError


# --- Exponential loss ---


def exponential_loss_forward(scores, signs, *, reduction="mean"):
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
    raise NotImplementedError


def exponential_loss_backward(dloss, cache):
    """Gradient of exponential_loss_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from exponential_loss_forward.
    Returns:
        dscores: (N,), dtype of scores.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    raise NotImplementedError


# --- The regularised objective ---


def regularised_objective_forward(losses, weights, *, l2):
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
    raise NotImplementedError


def regularised_objective_backward(dJ, cache):
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
    raise NotImplementedError
