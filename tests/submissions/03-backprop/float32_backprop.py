"""backprop.py - assignment 3
Marco B.

I use float32 everywhere because that is what real frameworks do and it is faster.
"""
import numpy as np

F = np.float32


def f32(*arrays):
    arrays = [np.asarray(a, dtype=F) for a in arrays]
    return arrays[0] if len(arrays) == 1 else arrays


def sigmoid_forward(x):
    x = f32(x)
    a = F(0.5) * (np.tanh(x * F(0.5)) + F(1))
    return a, a


def sigmoid_backward(dout, a):
    return f32(dout) * a * (1 - a)


def softmax_forward(x):
    x = f32(x)
    x = x - x.max(-1, keepdims=True)
    e = np.exp(x)
    e /= e.sum(-1, keepdims=True)
    return e, e


def softmax_backward(dout, p):
    dout = f32(dout)
    return p * (dout - np.sum(dout * p, -1, keepdims=True))


def cross_entropy_forward(logits, labels, *, reduction="mean"):
    p, _ = softmax_forward(logits)
    loss = -np.log(p[range(len(labels)), labels])
    if reduction == "mean":
        return loss.mean(), (p, labels, reduction)
    if reduction == "sum":
        return loss.sum(), (p, labels, reduction)
    return loss, (p, labels, reduction)


def cross_entropy_backward(dloss, cache):
    p, labels, reduction = cache
    d = p.copy()
    d[range(len(labels)), labels] -= 1
    if reduction == "mean":
        d /= len(labels)
    if reduction == "none":
        return d * f32(dloss)[:, None]
    return d * F(dloss)


def chain_forward(x):
    x = f32(x)
    return np.sin(x * x), x


def chain_backward(dout, x):
    return f32(dout) * np.cos(x * x) * 2 * x


def chain_inputs_forward(x, w):
    x, w = f32(x, w)
    return np.sin(x * w), (x, w)


def chain_inputs_backward(dout, cache):
    x, w = cache
    g = f32(dout) * np.cos(x * w)
    return g * w, g * x


def chain_paths_forward(s):
    s = f32(s)
    return s * s * np.sin(s), s


def chain_paths_backward(dout, s):
    return f32(dout) * (2 * s * np.sin(s) + s * s * np.cos(s))


def affine_forward(x, w, b):
    x, w, b = f32(x, w, b)
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    dout = f32(dout)
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)


def output_delta(a, y):
    a, y = f32(a, y)
    return (a - y) * a * (1 - a)


def hidden_delta(delta_next, w_next, a):
    delta_next, w_next, a = f32(delta_next, w_next, a)
    return delta_next @ w_next.T * a * (1 - a)


def network_forward(x, weights, biases):
    a, caches = f32(x), []
    for w, b in zip(weights, biases):
        z, c1 = affine_forward(a, w, b)
        a, c2 = sigmoid_forward(z)
        caches.append((c1, c2))
    return a, caches


def network_backward(dout, caches):
    d = f32(dout)
    dws, dbs = [], []
    for c1, c2 in caches[::-1]:
        d, dw, db = affine_backward(sigmoid_backward(d, c2), c1)
        dws = [dw] + dws
        dbs = [db] + dbs
    return d, dws, dbs


def network_deltas(x, y, weights, biases):
    acts = [f32(x)]
    for w, b in zip(weights, biases):
        acts.append(sigmoid_forward(affine_forward(acts[-1], w, b)[0])[0])
    d = output_delta(acts.pop(), y)
    deltas = [d]
    for w in weights[:0:-1]:
        d = hidden_delta(d, w, acts.pop())
        deltas.insert(0, d)
    return deltas


def network_step(x, y, weights, biases, *, lr, l2):
    a, caches = network_forward(x, weights, biases)
    _, dws, dbs = network_backward((a - f32(y)) / F(len(x)), caches)
    lr, l2 = F(lr), F(l2)
    new_w = [f32(w) - lr * (dw + l2 * f32(w)) for w, dw in zip(weights, dws)]
    new_b = [f32(b) - lr * db for b, db in zip(biases, dbs)]
    return new_w, new_b


def early_stopping(errors, *, patience):
    best = 0
    for t, e in enumerate(errors):
        if e < errors[best]:
            best = t
        elif t - best >= patience:
            return best, t
    return best, len(errors) - 1


def train_network(x, y, x_val, y_val, sizes, *, lr, l2, batch_size, epochs, patience, rng):
    ws = [f32(rng.normal(size=(m, n)) / np.sqrt(m)) for m, n in zip(sizes, sizes[1:])]
    bs = [np.zeros(n, F) for n in sizes[1:]]
    history = []
    keep = None
    for ep in range(epochs):
        p = rng.permutation(len(x))
        for k in range(0, len(x), batch_size):
            ws, bs = network_step(x[p[k:k + batch_size]], y[p[k:k + batch_size]], ws, bs, lr=lr, l2=l2)
        err = float(((network_forward(x_val, ws, bs)[0] - y_val) ** 2).sum(1).mean() / 2)
        if not history or err < min(history):
            keep = (ws, bs)
        history.append(err)
        if early_stopping(history, patience=patience)[0] + patience <= ep:
            break
    return keep[0], keep[1], np.array(history)


def train_iris(x, labels, *, rng):
    x = f32(x)
    m, s = x.mean(0), x.std(0)
    x = (x - m) / s
    w1, b1 = f32(rng.normal(0, .5, (4, 6))), np.zeros(6, F)
    w2, b2 = f32(rng.normal(0, .5, (6, 3))), np.zeros(3, F)
    hist = []
    for ep in range(300):
        total = 0
        p = rng.permutation(len(x))
        for k in range(0, len(x), 10):
            i = p[k:k + 10]
            z1, c1 = affine_forward(x[i], w1, b1)
            h, c2 = sigmoid_forward(z1)
            z2, c3 = affine_forward(h, w2, b2)
            loss, c4 = cross_entropy_forward(z2, labels[i])
            total += loss * len(i)
            dh, dw2, db2 = affine_backward(cross_entropy_backward(1, c4), c3)
            _, dw1, db1 = affine_backward(sigmoid_backward(dh, c2), c1)
            w1, b1, w2, b2 = w1 - F(.2) * dw1, b1 - F(.2) * db1, w2 - F(.2) * dw2, b2 - F(.2) * db2
        hist.append(total / len(x))
    return w1 / s[:, None], b1 - (m / s) @ w1, w2, b2, np.array(hist)
