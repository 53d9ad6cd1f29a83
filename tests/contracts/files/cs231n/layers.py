from builtins import range
import numpy as np
import matplotlib.pyplot as plt

def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    return out, (x, w, b)

def affine_backward(dout, cache):
    x, w, b = cache
    return dout.dot(w.T).reshape(x.shape), x.reshape(x.shape[0], -1).T.dot(dout), dout.sum(0)

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, cache):
    dout[cache <= 0] = 0
    return dout

def softmax_loss(x, y):
    s = x - x.max(1, keepdims=True)
    p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
    N = x.shape[0]
    loss = -np.log(p[np.arange(N), y] + 1e-8).mean()
    p[np.arange(N), y] -= 1
    return loss, p / N

def svm_loss(x, y):
    N = x.shape[0]
    c = x[np.arange(N), y]
    m = np.maximum(0, x - c[:, None] + 1.0)
    m[np.arange(N), y] = 0
    loss = m.sum() / N
    dx = (m > 0).astype(float)
    dx[np.arange(N), y] -= dx.sum(1)
    return loss, dx / N

def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    rm = bn_param.get('running_mean', np.zeros(D))
    rv = bn_param.get('running_var', np.zeros(D))
    cache = None
    if mode == 'train':
        mu, var = x.mean(0), x.var(0)
        std = np.sqrt(var + eps)
        xh = (x - mu) / std
        out = gamma * xh + beta
        rm = momentum * rm + (1 - momentum) * mu
        rv = momentum * rv + (1 - momentum) * var
        cache = xh, gamma, std
    else:
        out = gamma * (x - rm) / np.sqrt(rv + eps) + beta
    bn_param['running_mean'], bn_param['running_var'] = rm, rv
    return out, cache

def batchnorm_backward(dout, cache):
    xh, gamma, std = cache
    dg, db = (dout * xh).sum(0), dout.sum(0)
    d = dout * gamma
    dx = (d - d.mean(0) - xh * (d * xh).mean(0)) / std
    return dx, dg, db

def batchnorm_backward_alt(dout, cache):
    xh, gamma, std = cache
    N = dout.shape[0]
    dx = gamma / (N * std) * (N * dout - dout.sum(0) - xh * (dout * xh).sum(0))
    return dx, (dout * xh).sum(0), dout.sum(0)

def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    mu, var = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    std = np.sqrt(var + eps)
    xh = (x - mu) / std
    return gamma * xh + beta, (xh, gamma, std)

def layernorm_backward(dout, cache):
    xh, gamma, std = cache
    d = dout * gamma
    dx = (d - d.mean(1, keepdims=True) - xh * (d * xh).mean(1, keepdims=True)) / std
    return dx, (dout * xh).sum(0), dout.sum(0)

def dropout_forward(x, dropout_param):
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask, out = None, None
    if mode == 'train':
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    elif mode == 'test':
        out = x
    return out.astype(x.dtype, copy=False), (dropout_param, mask)

def dropout_backward(dout, cache):
    param, mask = cache
    return dout * mask if param['mode'] == 'train' else dout

def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    Ho, Wo = 1 + (H + 2 * p - HH) // s, 1 + (W + 2 * p - WW) // s
    out = np.zeros((N, F, Ho, Wo))
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    out[n, f, i, j] = (xp[n, :, i*s:i*s+HH, j*s:j*s+WW] * w[f]).sum() + b[f]
    return out, (x, w, b, conv_param)

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), dout.sum((0, 2, 3))
    for n in range(N):
        for f in range(F):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    dw[f] += xp[n, :, i*s:i*s+HH, j*s:j*s+WW] * dout[n, f, i, j]
                    dxp[n, :, i*s:i*s+HH, j*s:j*s+WW] += w[f] * dout[n, f, i, j]
    return dxp[:, :, p:p+x.shape[2], p:p+x.shape[3]], dw, db

def max_pool_forward_naive(x, pool_param):
    h, w, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - h) // s, 1 + (W - w) // s))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i*s:i*s+h, j*s:j*s+w].max((2, 3))
    return out, (x, pool_param)

def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    h, w, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    dx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    win = x[n, c, i*s:i*s+h, j*s:j*s+w]
                    dx[n, c, i*s:i*s+h, j*s:j*s+w] += (win == win.max()) * dout[n, c, i, j]
    return dx

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    out, cache = batchnorm_forward(x.transpose(0, 2, 3, 1).reshape(-1, C), gamma, beta, bn_param)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache

def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dx, dg, db = batchnorm_backward(dout.transpose(0, 2, 3, 1).reshape(-1, C), cache)
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dg, db

def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get('eps', 1e-5)
    N, C, H, W = x.shape
    g = x.reshape(N, G, -1)
    std = np.sqrt(g.var(2, keepdims=True) + eps)
    xh = ((g - g.mean(2, keepdims=True)) / std).reshape(x.shape)
    return gamma * xh + beta, (xh, gamma, std, G)

def spatial_groupnorm_backward(dout, cache):
    xh, gamma, std, G = cache
    N = dout.shape[0]
    d, h = (dout * gamma).reshape(N, G, -1), xh.reshape(N, G, -1)
    dx = (d - d.mean(2, keepdims=True) - h * (d * h).mean(2, keepdims=True)) / std
    dgamma, dbeta = (dout * xh).sum((0, 2, 3), keepdims=True), dout.sum((0, 2, 3), keepdims=True)
    return dx.reshape(dout.shape), dgamma, dbeta
