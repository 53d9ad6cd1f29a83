# 第二次作业 陈思远
import numpy as np


class Batch:
    """把 reduction 的处理放在一起: forward 用 out(), backward 用 grad()"""

    def __init__(self, n, reduction):
        self.n = n
        self.reduction = reduction

    def out(self, l):
        if self.reduction == 'mean':
            return np.sum(l) / self.n
        if self.reduction == 'sum':
            return np.sum(l)
        return l

    def grad(self, dloss, d):
        """d 是每个样本的梯度 (N, ...) """
        if self.reduction == 'none':
            return d * np.reshape(dloss, (-1,) + (1,) * (d.ndim - 1))
        if self.reduction == 'mean':
            return d * (dloss / self.n)
        return d * dloss


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


# ---- 平方损失 ----
def squared_loss_forward(pred, target, *, reduction='mean'):
    batch = Batch(pred.shape[0], reduction)
    l = np.sum(np.square(pred - target), axis=1)
    return batch.out(l), (batch, pred, target)


def squared_loss_backward(dloss, cache):
    batch, pred, target = cache
    return batch.grad(dloss, 2 * (pred - target))


# ---- 绝对值损失 ----
def absolute_loss_forward(pred, target, *, reduction='mean'):
    batch = Batch(pred.shape[0], reduction)
    l = np.sum(np.abs(pred - target), axis=1)
    return batch.out(l), (batch, pred, target)


def absolute_loss_backward(dloss, cache):
    batch, pred, target = cache
    return batch.grad(dloss, np.sign(pred - target))


# ---- 0-1 损失 ----
def zero_one_loss(predicted, labels, *, reduction='mean'):
    wrong = np.array(predicted != labels, dtype=np.float64)
    return Batch(wrong.shape[0], reduction).out(wrong)


# ---- 负对数似然 ----
def nll_loss_forward(log_probs, labels, *, reduction='mean'):
    batch = Batch(log_probs.shape[0], reduction)
    l = -np.take_along_axis(log_probs, labels[:, None], axis=1)[:, 0]
    return batch.out(l), (batch, log_probs, labels)


def nll_loss_backward(dloss, cache):
    batch, log_probs, labels = cache
    d = np.zeros_like(log_probs)
    np.put_along_axis(d, labels[:, None], -1, axis=1)
    return batch.grad(dloss, d)


# ---- 交叉熵 (输入 logits 和类别编号) ----
def cross_entropy_forward(logits, labels, *, reduction='mean'):
    batch = Batch(logits.shape[0], reduction)
    logp = log_softmax(logits)
    l = -logp[np.arange(batch.n), labels]
    return batch.out(l), (batch, logits, labels)


def cross_entropy_backward(dloss, cache):
    batch, logits, labels = cache
    d = softmax(logits)
    d[np.arange(batch.n), labels] -= 1      # p - y
    return batch.grad(dloss, d)


# ---- 交叉熵 (目标是一个分布) ----
def soft_cross_entropy_forward(logits, targets, *, reduction='mean'):
    batch = Batch(logits.shape[0], reduction)
    l = -np.sum(targets * log_softmax(logits), axis=1)
    return batch.out(l), (batch, logits, targets)


def soft_cross_entropy_backward(dloss, cache):
    batch, logits, targets = cache
    return batch.grad(dloss, softmax(logits) - targets)


# ---- 交叉熵 (输入概率) ----
def cross_entropy_from_probs_forward(probs, targets, *, reduction='mean'):
    batch = Batch(probs.shape[0], reduction)
    l = -np.sum(targets * np.log(probs), axis=1)
    return batch.out(l), (batch, probs, targets)


def cross_entropy_from_probs_backward(dloss, cache):
    batch, probs, targets = cache
    return batch.grad(dloss, -targets / probs)


# ---- 二分类交叉熵 ----
def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def binary_cross_entropy_forward(logits, targets, *, reduction='mean'):
    batch = Batch(logits.shape[0], reduction)
    p = np.clip(sigmoid(logits), 1e-3, 1 - 1e-3)     # 防止 log(0)
    l = -(targets * np.log(p) + (1 - targets) * np.log(1 - p))
    return batch.out(l), (batch, p, targets)


def binary_cross_entropy_backward(dloss, cache):
    batch, p, targets = cache
    return batch.grad(dloss, p - targets)


# ---- hinge ----
def hinge_loss_forward(scores, signs, *, reduction='mean'):
    batch = Batch(scores.shape[0], reduction)
    l = np.maximum(0, 1 - signs * scores)
    return batch.out(l), (batch, scores, signs)


def hinge_loss_backward(dloss, cache):
    batch, scores, signs = cache
    return batch.grad(dloss, -signs * (signs * scores < 1))


def multiclass_hinge_loss_forward(scores, labels, *, margin=1.0, reduction='mean'):
    batch = Batch(scores.shape[0], reduction)
    i = np.arange(batch.n)
    m = scores - scores[i, labels].reshape(-1, 1) + margin
    m[i, labels] = 0
    m = np.maximum(m, 0)
    return batch.out(m.sum(axis=1)), (batch, m, labels)


def multiclass_hinge_loss_backward(dloss, cache):
    batch, m, labels = cache
    d = np.zeros_like(m)
    d[m > 0] = 1
    d[np.arange(batch.n), labels] -= np.sum(m > 0, axis=1)
    return batch.grad(dloss, d)


# ---- 指数损失 ----
def exponential_loss_forward(scores, signs, *, reduction='mean'):
    batch = Batch(scores.shape[0], reduction)
    l = np.exp(-signs * scores)
    return batch.out(l), (batch, l, signs)


def exponential_loss_backward(dloss, cache):
    batch, l, signs = cache
    return batch.grad(dloss, -signs * l)


# ---- 正则化目标函数 ----
def regularised_objective_forward(losses, weights, *, l2):
    J = np.sum(losses)
    for W in weights:
        J = J + l2 / 2 * np.sum(W * W)
    return J, (losses, weights, l2)


def regularised_objective_backward(dJ, cache):
    losses, weights, l2 = cache
    dlosses = np.full_like(losses, dJ)
    dweights = []
    for W in weights:
        dweights.append(dJ * l2 * W)
    return dlosses, dweights
