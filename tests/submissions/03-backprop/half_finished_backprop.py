"""Back-propagation. Handed in at 23:58, the network part is missing, sorry!!"""
import numpy as np


def sigmoid_forward(x):
    e = np.exp(-np.abs(x))
    a = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    return a, a


def sigmoid_backward(dout, cache):
    return dout * cache * (1 - cache)


def softmax_forward(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    return p, p


def softmax_backward(dout, cache):
    return cache * (dout - (dout * cache).sum(axis=-1, keepdims=True))


def cross_entropy_forward(logits, labels, *, reduction="mean"):
    z = logits - logits.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(len(labels)), labels]
    out = {"none": loss, "sum": loss.sum(), "mean": loss.mean()}[reduction]
    return out, (logp, labels, reduction)


def cross_entropy_backward(dloss, cache):
    logp, labels, reduction = cache
    d = np.exp(logp)
    d[np.arange(len(labels)), labels] -= 1
    if reduction == "none":
        return d * dloss[:, None]
    return d * dloss / (len(labels) if reduction == "mean" else 1)


def chain_forward(x):
    return np.sin(x**2), x


def chain_backward(dout, cache):
    x = cache
    return dout * np.cos(x**2) * 2*x


def chain_inputs_forward(x, w):
    return np.sin(x*w), (x, w)


def chain_inputs_backward(dout, cache):
    x, w = cache
    common = dout * np.cos(x*w)
    return common*w, common*x


def chain_paths_forward(s):
    return s**2 * np.sin(s), s


def chain_paths_backward(dout, cache):
    s = cache
    return dout * (2*s*np.sin(s) + s**2*np.cos(s))


def affine_forward(x, w, b):
    return x.dot(w) + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T)
    dw = x.T.dot(dout)
    db = dout.sum(0)
    return dx, dw, db


def output_delta(a, y):
    return (a - y) * a * (1 - a)


def hidden_delta(delta_next, w_next, a):
    return delta_next.dot(w_next.T) * a * (1 - a)


def network_forward(x, weights, biases):
    raise NotImplementedError


def network_backward(dout, cache):
    raise NotImplementedError


def network_deltas(x, y, weights, biases):
    raise NotImplementedError


def network_step(x, y, weights, biases, *, lr, l2):
    raise NotImplementedError


def early_stopping(errors, *, patience):
    # the minimum so far and how long ago it was
    best = 0
    for t in range(1, len(errors)):
        if errors[t] < errors[best]:
            best = t
        if t - best == patience:
            return best, t
    return best, len(errors) - 1


def train_network(x, y, x_val, y_val, sizes, *, lr, l2, batch_size, epochs, patience, rng):
    # TODO needs network_step
    raise NotImplementedError


def train_iris(x, labels, *, rng):
    raise NotImplementedError
