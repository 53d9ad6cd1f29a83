# homework 2, loops again
import math

import numpy as np


def finish(losses, reduction):
    total = losses.dtype.type(0)
    for l in losses:
        total += l
    if reduction == "sum":
        return total
    if reduction == "mean":
        return total / losses.dtype.type(len(losses))
    return losses


def upstream(dloss, n, N, reduction):
    # how much of dloss arrives at sample n
    if reduction == "none":
        return float(dloss[n])
    if reduction == "sum":
        return float(dloss)
    return float(dloss) / N


def logsum(row):
    m = max(row)
    return float(m) + math.log(sum(math.exp(v - m) for v in row))


def logistic(t):
    if t >= 0:
        return 1 / (1 + math.exp(-t))
    return math.exp(t) / (1 + math.exp(t))


def squared_loss_forward(pred, target, *, reduction="mean"):
    N, M = pred.shape
    losses = np.zeros(N, dtype=pred.dtype)
    for n in range(N):
        for m in range(M):
            losses[n] += (pred[n, m] - target[n, m]) ** 2
    return finish(losses, reduction), (pred, target, reduction)


def squared_loss_backward(dloss, cache):
    pred, target, reduction = cache
    N, M = pred.shape
    dpred = np.zeros_like(pred)
    for n in range(N):
        for m in range(M):
            dpred[n, m] = upstream(dloss, n, N, reduction) * 2 * (pred[n, m] - target[n, m])
    return dpred


def absolute_loss_forward(pred, target, *, reduction="mean"):
    N, M = pred.shape
    losses = np.zeros(N, dtype=pred.dtype)
    for n in range(N):
        for m in range(M):
            losses[n] += abs(pred[n, m] - target[n, m])
    return finish(losses, reduction), (pred, target, reduction)


def absolute_loss_backward(dloss, cache):
    pred, target, reduction = cache
    N, M = pred.shape
    dpred = np.zeros_like(pred)
    for n in range(N):
        for m in range(M):
            if pred[n, m] > target[n, m]:
                dpred[n, m] = upstream(dloss, n, N, reduction)
            elif pred[n, m] < target[n, m]:
                dpred[n, m] = -upstream(dloss, n, N, reduction)
    return dpred


def zero_one_loss(predicted, labels, *, reduction="mean"):
    losses = np.zeros(len(labels))
    for n in range(len(labels)):
        if predicted[n] != labels[n]:
            losses[n] = 1
    return finish(losses, reduction)


def nll_loss_forward(log_probs, labels, *, reduction="mean"):
    N = len(labels)
    losses = np.zeros(N, dtype=log_probs.dtype)
    for n in range(N):
        losses[n] = -log_probs[n, labels[n]]
    return finish(losses, reduction), (log_probs, labels, reduction)


def nll_loss_backward(dloss, cache):
    log_probs, labels, reduction = cache
    N = len(labels)
    d = np.zeros_like(log_probs)
    for n in range(N):
        d[n, labels[n]] = -upstream(dloss, n, N, reduction)
    return d


def cross_entropy_forward(logits, labels, *, reduction="mean"):
    N = len(labels)
    losses = np.zeros(N, dtype=logits.dtype)
    for n in range(N):
        losses[n] = logsum(logits[n]) - logits[n, labels[n]]
    return finish(losses, reduction), (logits, labels, reduction)


def cross_entropy_backward(dloss, cache):
    logits, labels, reduction = cache
    N, C = logits.shape
    d = np.zeros_like(logits)
    for n in range(N):
        lse = logsum(logits[n])
        for c in range(C):
            p = math.exp(logits[n, c] - lse)
            if c == labels[n]:
                p = p - 1
            d[n, c] = p * upstream(dloss, n, N, reduction)
    return d


def soft_cross_entropy_forward(logits, targets, *, reduction="mean"):
    N, C = logits.shape
    losses = np.zeros(N, dtype=logits.dtype)
    for n in range(N):
        lse = logsum(logits[n])
        for c in range(C):
            losses[n] += targets[n, c] * (lse - logits[n, c])
    return finish(losses, reduction), (logits, targets, reduction)


def soft_cross_entropy_backward(dloss, cache):
    logits, targets, reduction = cache
    N, C = logits.shape
    d = np.zeros_like(logits)
    for n in range(N):
        lse = logsum(logits[n])
        mass = sum(targets[n])
        for c in range(C):
            d[n, c] = upstream(dloss, n, N, reduction) * (math.exp(logits[n, c] - lse) * mass - targets[n, c])
    return d


def cross_entropy_from_probs_forward(probs, targets, *, reduction="mean"):
    N, C = probs.shape
    losses = np.zeros(N, dtype=probs.dtype)
    for n in range(N):
        for c in range(C):
            if targets[n, c] != 0:
                losses[n] -= targets[n, c] * math.log(probs[n, c])
    return finish(losses, reduction), (probs, targets, reduction)


def cross_entropy_from_probs_backward(dloss, cache):
    probs, targets, reduction = cache
    N, C = probs.shape
    d = np.zeros_like(probs)
    for n in range(N):
        for c in range(C):
            d[n, c] = -upstream(dloss, n, N, reduction) * targets[n, c] / probs[n, c]
    return d


def binary_cross_entropy_forward(logits, targets, *, reduction="mean"):
    N = len(logits)
    losses = np.zeros(N, dtype=logits.dtype)
    for n in range(N):
        z, t = float(logits[n]), float(targets[n])
        losses[n] = max(z, 0) - z * t + math.log1p(math.exp(-abs(z)))
    return finish(losses, reduction), (logits, targets, reduction)


def binary_cross_entropy_backward(dloss, cache):
    logits, targets, reduction = cache
    N = len(logits)
    d = np.zeros_like(logits)
    for n in range(N):
        d[n] = upstream(dloss, n, N, reduction) * (logistic(logits[n]) - targets[n])
    return d


def hinge_loss_forward(scores, signs, *, reduction="mean"):
    N = len(scores)
    losses = np.zeros(N, dtype=scores.dtype)
    for n in range(N):
        losses[n] = max(0, 1 - signs[n] * scores[n])
    return finish(losses, reduction), (scores, signs, reduction)


def hinge_loss_backward(dloss, cache):
    scores, signs, reduction = cache
    N = len(scores)
    d = np.zeros_like(scores)
    for n in range(N):
        if signs[n] * scores[n] < 1:
            d[n] = -signs[n] * upstream(dloss, n, N, reduction)
    return d


def multiclass_hinge_loss_forward(scores, labels, *, margin=1.0, reduction="mean"):
    N, C = scores.shape
    losses = np.zeros(N, dtype=scores.dtype)
    for n in range(N):
        right = scores[n, labels[n]]
        for j in range(C):
            if j != labels[n]:
                losses[n] += max(0, scores[n, j] - right + margin)
    return finish(losses, reduction), (scores, labels, margin, reduction)


def multiclass_hinge_loss_backward(dloss, cache):
    scores, labels, margin, reduction = cache
    N, C = scores.shape
    d = np.zeros_like(scores)
    for n in range(N):
        up = upstream(dloss, n, N, reduction)
        y = labels[n]
        for j in range(C):
            if j != y and scores[n, j] - scores[n, y] + margin > 0:
                d[n, j] += up
                d[n, y] -= up
    return d


def exponential_loss_forward(scores, signs, *, reduction="mean"):
    losses = np.zeros_like(scores)
    for n in range(len(scores)):
        losses[n] = math.exp(-signs[n] * scores[n])
    return finish(losses, reduction), (scores, signs, reduction)


def exponential_loss_backward(dloss, cache):
    scores, signs, reduction = cache
    N = len(scores)
    d = np.zeros_like(scores)
    for n in range(N):
        d[n] = -signs[n] * math.exp(-signs[n] * scores[n]) * upstream(dloss, n, N, reduction)
    return d


def regularised_objective_forward(losses, weights, *, l2):
    data = 0.0
    for l in losses:
        data += float(l)
    norm = 0.0
    for w in weights:
        for i in range(w.shape[0]):
            for j in range(w.shape[1]):
                norm += float(w[i, j]) ** 2
    return losses.dtype.type(data + l2 / 2 * norm), (losses, weights, l2)


def regularised_objective_backward(dJ, cache):
    losses, weights, l2 = cache
    dlosses = np.zeros_like(losses)
    for n in range(len(losses)):
        dlosses[n] = dJ
    dweights = []
    for w in weights:
        d = np.zeros_like(w)
        for i in range(w.shape[0]):
            for j in range(w.shape[1]):
                d[i, j] = dJ * l2 * w[i, j]
        dweights.append(d)
    return dlosses, dweights


if __name__ == "__main__":
    # the example from the lecture
    print(cross_entropy_from_probs_forward(np.array([[.3, .3, .4]]), np.array([[0., 0., 1.]]))[0], -math.log(.4))
