# -*- coding: utf-8 -*-
# 作业3:反向传播。参数更新按课件“参数估计”那一页写的
import numpy as np

# ---------- 前两次作业的函数(模板自带) ----------

def sigmoid_forward(x):
    t = np.exp(-np.abs(x))
    a = np.where(x >= 0, 1.0, t) / (1.0 + t)
    return a, a


def sigmoid_backward(dout, cache):
    return dout * cache * (1 - cache)


def softmax_forward(x):
    x = x - np.max(x, axis=-1, keepdims=True)   # 防止溢出
    e = np.exp(x)
    y = e / np.sum(e, axis=-1, keepdims=True)
    return y, y


def softmax_backward(dout, cache):
    y = cache
    return y * (dout - np.sum(y * dout, axis=-1, keepdims=True))


def cross_entropy_forward(logits, labels, *, reduction="mean"):
    y, _ = softmax_forward(logits)
    m = np.max(logits, axis=1)
    lse = m + np.log(np.sum(np.exp(logits - m[:, None]), axis=1))
    l = lse - logits[np.arange(logits.shape[0]), labels]
    cache = {"y": y, "labels": labels, "reduction": reduction}
    if reduction == "mean":
        l = np.mean(l)
    elif reduction == "sum":
        l = np.sum(l)
    return l, cache


def cross_entropy_backward(dloss, cache):
    y, labels, reduction = cache["y"], cache["labels"], cache["reduction"]
    g = y.copy()
    g[np.arange(g.shape[0]), labels] -= 1
    if reduction == "mean":
        g = g / g.shape[0]
    if reduction == "none":
        dloss = dloss.reshape(-1, 1)
    return g * dloss


# ---------- 链式法则 ----------

def chain_forward(x):
    cache = {"x": x, "u": x * x}
    return np.sin(cache["u"]), cache


def chain_backward(dout, cache):
    return dout * np.cos(cache["u"]) * 2 * cache["x"]


def chain_inputs_forward(x, w):
    z = x * w
    cache = {"x": x, "w": w, "z": z}
    return np.sin(z), cache


def chain_inputs_backward(dout, cache):
    dz = dout * np.cos(cache["z"])
    dx = dz * cache["w"]
    dw = dz * cache["x"]
    return dx, dw


def chain_paths_forward(s):
    cache = {"s": s, "x": s * s, "y": np.sin(s)}
    return cache["x"] * cache["y"], cache


def chain_paths_backward(dout, cache):
    # s 通过 x 和 y 两条路径影响 z,梯度要相加
    s = cache["s"]
    ds_x = dout * cache["y"] * 2 * s
    ds_y = dout * cache["x"] * np.cos(s)
    return ds_x + ds_y


# ---------- 全连接层 ----------

def affine_forward(x, w, b):
    out = np.dot(x, w) + b
    cache = {"x": x, "w": w}
    return out, cache


def affine_backward(dout, cache):
    x, w = cache["x"], cache["w"]
    dx = np.dot(dout, w.T)
    dw = np.dot(x.T, dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


# ---------- 误差项 ----------

def output_delta(a, y):
    return (a - y) * a * (1 - a)


def hidden_delta(delta_next, w_next, a):
    return np.dot(delta_next, w_next.T) * (a * (1 - a))


# ---------- 网络 ----------

def forward_all(x, weights, biases):
    """返回每一层的激活值 [a0, a1, ..., aL]"""
    a = [x]
    for W, b in zip(weights, biases):
        z = np.dot(a[-1], W) + b
        a.append(sigmoid_forward(z)[0])
    return a


def network_forward(x, weights, biases):
    a = forward_all(x, weights, biases)
    return a[-1], {"a": a, "W": list(weights)}


def network_backward(dout, cache):
    a, W = cache["a"], cache["W"]
    dW, db = [], []
    da = dout
    for l in reversed(range(len(W))):
        dz = da * a[l + 1] * (1 - a[l + 1])
        dW.append(np.dot(a[l].T, dz))
        db.append(np.sum(dz, axis=0))
        da = np.dot(dz, W[l].T)
    dW.reverse()
    db.reverse()
    return da, dW, db


def network_deltas(x, y, weights, biases):
    a = forward_all(x, weights, biases)
    delta = (a[-1] - y) * a[-1] * (1 - a[-1])
    deltas = [delta]
    for l in range(len(weights) - 1, 0, -1):
        delta = np.dot(delta, weights[l].T) * a[l] * (1 - a[l])
        deltas.insert(0, delta)
    return deltas


def network_step(x, y, weights, biases, *, lr, l2):
    n = x.shape[0]
    a = forward_all(x, weights, biases)
    deltas = network_deltas(x, y, weights, biases)
    new_weights, new_biases = [], []
    for l in range(len(weights)):
        dW = np.dot(a[l].T, deltas[l]) / n
        db = np.sum(deltas[l], axis=0) / n      # 偏置不加正则
        new_weights.append(weights[l] - lr * dW - l2 * weights[l])   # 课件: W - α∂ - λW
        new_biases.append(biases[l] - lr * db)
    return new_weights, new_biases


# ---------- 训练 ----------

def early_stopping(errors, *, patience):
    best_epoch = 0
    wait = 0
    for t in range(1, len(errors)):
        if errors[t] < errors[best_epoch]:
            best_epoch = t
            wait = 0
        else:
            wait += 1
        if wait >= patience:
            return best_epoch, t
    return best_epoch, len(errors) - 1


def train_network(x, y, x_val, y_val, sizes, *, lr, l2, batch_size, epochs, patience, rng):
    weights = []
    biases = []
    for i in range(len(sizes) - 1):
        weights.append(rng.normal(0, np.sqrt(1.0 / sizes[i]), size=(sizes[i], sizes[i + 1])))
        biases.append(np.zeros(sizes[i + 1]))
    history = []
    best_err = np.inf
    best_weights, best_biases = weights, biases
    wait = 0
    for epoch in range(epochs):
        idx = rng.permutation(x.shape[0])    # 打乱顺序
        for k in range(0, x.shape[0], batch_size):
            mb = idx[k:k + batch_size]
            weights, biases = network_step(x[mb], y[mb], weights, biases, lr=lr, l2=l2)
        a = forward_all(x_val, weights, biases)[-1]
        err = np.mean(np.sum((a - y_val) ** 2, axis=1) / 2)
        history.append(err)
        if err < best_err:
            best_err = err
            best_weights, best_biases = weights, biases
            wait = 0
        else:
            wait += 1
            if wait >= patience:
                break
    return best_weights, best_biases, np.array(history)


def train_iris(x, labels, *, rng):
    # 先标准化再训练,最后把均值和方差折进 W1, b1
    mean = np.mean(x, axis=0)
    std = np.std(x, axis=0)
    xs = (x - mean) / std
    W1 = rng.normal(0, 0.5, size=(4, 6))
    b1 = np.zeros(6)
    W2 = rng.normal(0, 0.5, size=(6, 3))
    b2 = np.zeros(3)
    lr = 0.5
    history = []
    for epoch in range(300):
        idx = rng.permutation(len(xs))
        total = 0.0
        for k in range(0, len(xs), 30):
            mb = idx[k:k + 30]
            h = sigmoid_forward(np.dot(xs[mb], W1) + b1)[0]
            loss, c = cross_entropy_forward(np.dot(h, W2) + b2, labels[mb])
            total += loss * len(mb)
            d2 = cross_entropy_backward(1.0, c)
            d1 = np.dot(d2, W2.T) * h * (1 - h)
            W2 = W2 - lr * np.dot(h.T, d2)
            b2 = b2 - lr * np.sum(d2, axis=0)
            W1 = W1 - lr * np.dot(xs[mb].T, d1)
            b1 = b1 - lr * np.sum(d1, axis=0)
        history.append(total / len(xs))
    return W1 / std[:, None], b1 - np.dot(mean / std, W1), W2, b2, np.array(history)
