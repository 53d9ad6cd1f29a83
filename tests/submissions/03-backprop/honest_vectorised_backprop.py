"""Unit 03, back-propagation.  Lin Yue, group 4."""
import numpy as np


# ---- came with the stub ----------------------------------------------------

def sigmoid_forward(x):
    e = np.exp(-np.abs(x))
    a = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    return a, a


def sigmoid_backward(dout, cache):
    a = cache
    return dout * a * (1 - a)


def softmax_forward(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    return p, p


def softmax_backward(dout, cache):
    p = cache
    return p * (dout - (dout * p).sum(axis=-1, keepdims=True))


def cross_entropy_forward(logits, labels, *, reduction="mean"):
    z = logits - logits.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(len(labels)), labels]
    cache = (logp, labels, reduction)
    if reduction == "none":
        return loss, cache
    return (loss.mean() if reduction == "mean" else loss.sum()), cache


def cross_entropy_backward(dloss, cache):
    logp, labels, reduction = cache
    d = np.exp(logp)
    d[np.arange(len(labels)), labels] -= 1
    if reduction == "none":
        return d * dloss[:, None]
    if reduction == "mean":
        d = d / len(labels)
    return d * dloss


# ---- chain rule ------------------------------------------------------------

def chain_forward(x):
    u = x ** 2
    return np.sin(u), (x, u)


def chain_backward(dout, cache):
    x, u = cache
    du = dout * np.cos(u)
    return du * 2 * x


def chain_inputs_forward(x, w):
    z = x * w
    return np.sin(z), (x, w, z)


def chain_inputs_backward(dout, cache):
    x, w, z = cache
    dz = dout * np.cos(z)
    return dz * w, dz * x


def chain_paths_forward(s):
    x = s ** 2
    y = np.sin(s)
    return x * y, (s, x, y)


def chain_paths_backward(dout, cache):
    s, x, y = cache
    dx = dout * y
    dy = dout * x
    # two roads lead back to s, so two terms
    return dx * 2 * s + dy * np.cos(s)


# ---- one layer -------------------------------------------------------------

def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


# ---- error terms -----------------------------------------------------------

def output_delta(a, y):
    return (a - y) * a * (1 - a)


def hidden_delta(delta_next, w_next, a):
    return (delta_next @ w_next.T) * a * (1 - a)


# ---- the whole network -----------------------------------------------------

def network_forward(x, weights, biases):
    activations = [x]
    for w, b in zip(weights, biases):
        z, _ = affine_forward(activations[-1], w, b)
        a, _ = sigmoid_forward(z)
        activations.append(a)
    return activations[-1], (activations, list(weights))


def network_backward(dout, cache):
    activations, weights = cache
    dweights, dbiases = [], []
    da = dout
    for w, a_in, a_out in reversed(list(zip(weights, activations[:-1], activations[1:]))):
        delta = sigmoid_backward(da, a_out)
        da, dw, db = affine_backward(delta, (a_in, w))
        dweights.append(dw)
        dbiases.append(db)
    return da, dweights[::-1], dbiases[::-1]


def network_deltas(x, y, weights, biases):
    a_last, (activations, _) = network_forward(x, weights, biases)
    deltas = [output_delta(a_last, y)]
    for w_next, a in zip(weights[:0:-1], activations[-2:0:-1]):
        deltas.append(hidden_delta(deltas[-1], w_next, a))
    return deltas[::-1]


def network_step(x, y, weights, biases, *, lr, l2):
    n = x.shape[0]
    out, cache = network_forward(x, weights, biases)
    _, dweights, dbiases = network_backward((out - y) / n, cache)
    new_weights = [w - lr * (dw + l2 * w) for w, dw in zip(weights, dweights)]
    new_biases = [b - lr * db for b, db in zip(biases, dbiases)]
    return new_weights, new_biases


# ---- training --------------------------------------------------------------

def early_stopping(errors, *, patience):
    best = 0
    for t in range(len(errors)):
        if errors[t] < errors[best]:
            best = t
        if t - best >= patience:
            return best, t
    return best, len(errors) - 1


def train_network(x, y, x_val, y_val, sizes, *, lr, l2, batch_size, epochs, patience, rng):
    weights = [rng.normal(0, 1 / np.sqrt(m), (m, n)) for m, n in zip(sizes[:-1], sizes[1:])]
    biases = [np.zeros(n) for n in sizes[1:]]
    best = (weights, biases)
    best_epoch = 0
    history = []
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            rows = order[start:start + batch_size]
            weights, biases = network_step(x[rows], y[rows], weights, biases, lr=lr, l2=l2)
        out, _ = network_forward(x_val, weights, biases)
        history.append(0.5 * np.sum((out - y_val) ** 2, axis=1).mean())
        if history[-1] < history[best_epoch] or epoch == 0:
            best_epoch, best = epoch, (weights, biases)
        if epoch - best_epoch >= patience:
            break
    return best[0], best[1], np.array(history)


def train_iris(x, labels, *, rng):
    # train on standardised features, then move the scaling into the first layer
    mean, std = x.mean(axis=0), x.std(axis=0)
    xs = (x - mean) / std
    w1 = rng.normal(0, 0.5, (4, 6))
    b1 = np.zeros(6)
    w2 = rng.normal(0, 0.5, (6, 3))
    b2 = np.zeros(3)
    history = []
    for epoch in range(200):
        order = rng.permutation(len(xs))
        losses = []
        for start in range(0, len(xs), 20):
            rows = order[start:start + 20]
            z1, c1 = affine_forward(xs[rows], w1, b1)
            h, c2 = sigmoid_forward(z1)
            z2, c3 = affine_forward(h, w2, b2)
            loss, c4 = cross_entropy_forward(z2, labels[rows])
            losses.append(loss)
            dz2 = cross_entropy_backward(1.0, c4)
            dh, dw2, db2 = affine_backward(dz2, c3)
            dz1 = sigmoid_backward(dh, c2)
            _, dw1, db1 = affine_backward(dz1, c1)
            w1, b1 = w1 - 0.5 * dw1, b1 - 0.5 * db1
            w2, b2 = w2 - 0.5 * dw2, b2 - 0.5 * db2
        history.append(np.mean(losses))
    return w1 / std[:, None], b1 - (mean / std) @ w1, w2, b2, np.array(history)
