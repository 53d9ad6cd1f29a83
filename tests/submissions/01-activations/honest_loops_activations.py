# homework 1
# all loops, index by index like in the formulas
import math

import matplotlib.pyplot as plt
import numpy as np


def each(f, x, dtype=None):
    """f on every element of x"""
    out = np.zeros(x.shape, dtype=dtype or x.dtype)
    for i in np.ndindex(x.shape):
        out[i] = f(x[i])
    return out


def each2(f, dout, x):
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        out[i] = dout[i] * f(x[i])
    return out


def logistic(t):
    if t >= 0:
        return 1 / (1 + math.exp(-t))
    return math.exp(t) / (1 + math.exp(t))


def neuron_forward(x, w, b):
    N, D = x.shape
    a = np.zeros(N, dtype=x.dtype)
    for n in range(N):
        z = float(b)
        for d in range(D):
            z += x[n, d] * w[d]
        a[n] = logistic(z)
    return a, [x, w, a.copy()]


def neuron_backward(dout, cache):
    x, w, a = cache
    N, D = x.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    db = np.zeros((), dtype=w.dtype)
    for n in range(N):
        dz = dout[n] * a[n] * (1 - a[n])
        db += dz
        for d in range(D):
            dx[n, d] = dz * w[d]
            dw[d] += dz * x[n, d]
    return dx, dw, db


def one_hot(labels, num_classes):
    out = np.zeros((labels.shape[0], num_classes))
    for n in range(labels.shape[0]):
        for c in range(num_classes):
            if labels[n] == c:
                out[n, c] = 1
    return out


def scale_pixels(pixels):
    return each(lambda p: p / 255, pixels, dtype=float)


def sigmoid_forward(x):
    a = each(logistic, x)
    return a, a.copy()


def sigmoid_backward(dout, cache):
    return each2(lambda a: a * (1 - a), dout, cache)


def tanh_forward(x):
    a = each(math.tanh, x)
    return a, a.copy()


def tanh_backward(dout, cache):
    return each2(lambda a: 1 - a * a, dout, cache)


def relu_forward(x):
    return each(lambda t: t if t > 0 else 0, x), x


def relu_backward(dout, cache):
    return each2(lambda t: 1 if t > 0 else 0, dout, cache)


def softplus_forward(x):
    # log(1+e^t) = t + log(1+e^-t), use the second one for t > 0
    return each(lambda t: t + math.log1p(math.exp(-t)) if t > 0 else math.log1p(math.exp(t)), x), x


def softplus_backward(dout, cache):
    return each2(logistic, dout, cache)


def leaky_relu_forward(x, *, gamma=0.01):
    return each(lambda t: t if t > 0 else gamma * t, x), [x, gamma]


def leaky_relu_backward(dout, cache):
    x, gamma = cache
    return each2(lambda t: 1 if t > 0 else gamma, dout, x)


def prelu_forward(x, gamma):
    out = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            out[n, c] = x[n, c] if x[n, c] > 0 else gamma[c] * x[n, c]
    return out, [x, gamma]


def prelu_backward(dout, cache):
    x, gamma = cache
    dx, dgamma = np.zeros_like(x), np.zeros_like(gamma)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            if x[n, c] > 0:
                dx[n, c] = dout[n, c]
            else:
                dx[n, c] = dout[n, c] * gamma[c]
                dgamma[c] += dout[n, c] * x[n, c]
    return dx, dgamma


def elu_forward(x, *, gamma=1.0):
    return each(lambda t: t if t > 0 else gamma * math.expm1(t), x), [x, gamma]


def elu_backward(dout, cache):
    x, gamma = cache
    return each2(lambda t: 1 if t > 0 else gamma * math.exp(t), dout, x)


def maxout_forward(x, w, b):
    K, D, M = w.shape
    N = x.shape[0]
    out = np.zeros((N, M), dtype=x.dtype)
    who = np.zeros((N, M), dtype=int)
    for n in range(N):
        for m in range(M):
            z = [b[k, m] + sum(x[n, d] * w[k, d, m] for d in range(D)) for k in range(K)]
            who[n, m] = z.index(max(z))
            out[n, m] = max(z)
    return out, [x, w, who]


def maxout_backward(dout, cache):
    x, w, who = cache
    K, D, M = w.shape
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    db = np.zeros((K, M), dtype=w.dtype)
    for n in range(x.shape[0]):
        for m in range(M):
            k = who[n, m]
            db[k, m] += dout[n, m]
            for d in range(D):
                dx[n, d] += dout[n, m] * w[k, d, m]
                dw[k, d, m] += dout[n, m] * x[n, d]
    return dx, dw, db


def softmax_forward(x):
    p = np.zeros_like(x)
    for n in range(x.shape[0]):
        biggest = max(x[n])
        bottom = sum(math.exp(t - biggest) for t in x[n])
        for c in range(x.shape[1]):
            p[n, c] = math.exp(x[n, c] - biggest) / bottom
    return p, p.copy()


def softmax_backward(dout, cache):
    # full Jacobian  dp_i/dx_j = p_i (delta_ij - p_j)
    p = cache
    N, C = p.shape
    dx = np.zeros_like(p)
    for n in range(N):
        J = np.zeros((C, C), dtype=p.dtype)
        for i in range(C):
            for j in range(C):
                J[i, j] = p[n, i] * ((i == j) - p[n, j])
        dx[n] = J.T @ dout[n]
    return dx


def log_softmax_forward(x):
    lse, _ = logsumexp_forward(x)
    out = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            out[n, c] = x[n, c] - lse[n]
    return out, out.copy()


def log_softmax_backward(dout, cache):
    dx = np.zeros_like(cache)
    for n in range(cache.shape[0]):
        total = sum(dout[n])
        for c in range(cache.shape[1]):
            dx[n, c] = dout[n, c] - math.exp(cache[n, c]) * total
    return dx


def logsumexp_forward(x):
    out = np.zeros(x.shape[0], dtype=x.dtype)
    for n in range(x.shape[0]):
        biggest = max(x[n])
        out[n] = biggest + math.log(sum(math.exp(t - biggest) for t in x[n]))
    return out, [x, out.copy()]


def logsumexp_backward(dout, cache):
    x, out = cache
    dx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            dx[n, c] = dout[n] * math.exp(x[n, c] - out[n])
    return dx


t = np.linspace(-4, 4, 200)
for name in ["sigmoid", "tanh", "relu", "softplus", "elu"]:
    print(name, globals()[name + "_forward"](t)[0][:3])
    plt.plot(t, globals()[name + "_forward"](t)[0], label=name)
plt.legend()
plt.savefig("activations.png")
