# 作业1 周子涵
# one-hot 按课件上的例子写的:数字 3 -> 第 3 个位置是 1
import numpy as np


def _sigmoid(x):
    """数值稳定的 sigmoid"""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


# 1. 神经元
def neuron_forward(x, w, b):
    z = np.dot(x, w) + b
    a = _sigmoid(z)
    cache = {'x': x, 'w': w, 'a': a}
    return a, cache


def neuron_backward(dout, cache):
    x, w, a = cache['x'], cache['w'], cache['a']
    dz = dout * a * (1 - a)              # (N,)
    dx = dz.reshape(-1, 1) * w           # (N, D)
    dw = np.sum(dz.reshape(-1, 1) * x, axis=0)
    db = np.sum(dz)
    return dx, dw, db


# 2. one-hot 编码
def one_hot(labels, num_classes):
    code = np.zeros((len(labels), num_classes))
    for n, k in enumerate(labels):
        code[n, k - 1] = 1
    return code


# 3. 像素归一化到 [0, 1]
def scale_pixels(pixels):
    return pixels.astype(np.float64) / 255.0


# 4. sigmoid
def sigmoid_forward(x):
    y = _sigmoid(x)
    return y, {'y': y}


def sigmoid_backward(dout, cache):
    y = cache['y']
    return dout * y * (1 - y)


# 5. tanh
def tanh_forward(x):
    y = np.tanh(x)
    return y, {'y': y}


def tanh_backward(dout, cache):
    y = cache['y']
    return dout * (1 - y ** 2)


# 6. ReLU
def relu_forward(x):
    y = np.maximum(0, x)
    return y, {'x': x}


def relu_backward(dout, cache):
    dx = dout.copy()
    dx[cache['x'] <= 0] = 0
    return dx


# 7. softplus
def softplus_forward(x):
    y = np.logaddexp(0, x).astype(x.dtype)
    return y, {'x': x}


def softplus_backward(dout, cache):
    return dout * _sigmoid(cache['x'])


# 8. Leaky ReLU
def leaky_relu_forward(x, *, gamma=0.01):
    y = np.maximum(0, x) + gamma * np.minimum(0, x)
    return y, {'x': x, 'gamma': gamma}


def leaky_relu_backward(dout, cache):
    dx = dout.copy()
    dx[cache['x'] <= 0] *= cache['gamma']
    return dx


# 9. PReLU, 每个通道一个 gamma
def prelu_forward(x, gamma):
    y = np.maximum(0, x) + gamma * np.minimum(0, x)
    return y, {'x': x, 'gamma': gamma}


def prelu_backward(dout, cache):
    x, gamma = cache['x'], cache['gamma']
    dx = np.where(x > 0, dout, gamma * dout)
    dgamma = np.sum(dout * np.minimum(0, x), axis=0)
    return dx, dgamma


# 10. ELU
def elu_forward(x, *, gamma=1.0):
    y = np.where(x > 0, x, gamma * np.expm1(np.minimum(x, 0)))
    return y, {'x': x, 'gamma': gamma}


def elu_backward(dout, cache):
    x, gamma = cache['x'], cache['gamma']
    # I(x>0) + I(x<=0) * gamma * e^x
    return dout * np.where(x > 0, 1.0, gamma * np.exp(np.minimum(x, 0))).astype(x.dtype)


# 11. maxout
def maxout_forward(x, w, b):
    K = w.shape[0]
    z = np.stack([np.dot(x, w[k]) + b[k] for k in range(K)])     # (K, N, M)
    y = np.max(z, axis=0)
    return y, {'x': x, 'w': w, 'idx': np.argmax(z, axis=0)}


def maxout_backward(dout, cache):
    x, w, idx = cache['x'], cache['w'], cache['idx']
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.zeros((w.shape[0], w.shape[2]), dtype=w.dtype)
    for k in range(w.shape[0]):
        g = np.where(idx == k, dout, 0)      # 只有最大的那一片有梯度
        dx += np.dot(g, w[k].T)
        dw[k] = np.dot(x.T, g)
        db[k] = np.sum(g, axis=0)
    return dx, dw, db


# 12. softmax
def softmax_forward(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    y = e / np.sum(e, axis=-1, keepdims=True)
    return y, {'y': y}


def softmax_backward(dout, cache):
    y = cache['y']
    s = np.sum(dout * y, axis=-1, keepdims=True)
    return y * (dout - s)


# 13. log-softmax
def log_softmax_forward(x):
    z = x - np.max(x, axis=-1, keepdims=True)
    y = z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))
    return y, {'y': y}


def log_softmax_backward(dout, cache):
    return dout - np.exp(cache['y']) * np.sum(dout, axis=-1, keepdims=True)


# 14. log-sum-exp
def logsumexp_forward(x):
    m = np.max(x, axis=-1, keepdims=True)
    s = np.sum(np.exp(x - m), axis=-1, keepdims=True)
    y = np.squeeze(m + np.log(s), axis=-1)
    return y, {'p': np.exp(x - m) / s}


def logsumexp_backward(dout, cache):
    return dout[:, None] * cache['p']
