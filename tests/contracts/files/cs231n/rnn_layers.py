import numpy as np

def rnn_step_forward(x, prev_h, Wx, Wh, b):
    h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    return h, (x, prev_h, Wx, Wh, h)

def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, h = cache
    d = dnext_h * (1 - h * h)
    return d.dot(Wx.T), d.dot(Wh.T), x.T.dot(d), prev_h.T.dot(d), d.sum(0)

def rnn_forward(x, h0, Wx, Wh, b):
    hs, caches, h = [], [], h0
    for t in range(x.shape[1]):
        h, c = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        hs.append(h); caches.append(c)
    return np.stack(hs, 1), caches

def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D)); dWx = dWh = db = 0
    d = np.zeros((N, H))
    for t in range(T)[::-1]:
        dx[:, t], d, a, b_, c = rnn_step_backward(dh[:, t] + d, cache[t])
        dWx = dWx + a; dWh = dWh + b_; db = db + c
    return dx, d, dWx, dWh, db

def word_embedding_forward(x, W):
    return W[x], (x, W.shape)

def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, x, dout)
    return dW

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    i, f, o, g = sigmoid(a[:, :H]), sigmoid(a[:, H:2*H]), sigmoid(a[:, 2*H:3*H]), np.tanh(a[:, 3*H:])
    c = f * prev_c + i * g
    return o * np.tanh(c), c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, c)

def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, c = cache
    dnext_c += dnext_h * o * (1 - np.tanh(c)**2)
    d = np.hstack([dnext_c*g*i*(1-i), dnext_c*prev_c*f*(1-f), dnext_h*np.tanh(c)*o*(1-o), dnext_c*i*(1-g**2)])
    return d.dot(Wx.T), d.dot(Wh.T), dnext_c*f, x.T.dot(d), prev_h.T.dot(d), d.sum(0)

def lstm_forward(x, h0, Wx, Wh, b):
    hs, caches, h, c = [], [], h0, np.zeros_like(h0)
    for t in range(x.shape[1]):
        h, c, cache = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        hs.append(h)
        caches.append(cache)
    return np.stack(hs, 1), caches

def lstm_backward(dh, cache):
    N, T, H = dh.shape
    dx = np.zeros((N, T, cache[0][0].shape[1]))
    dWx = dWh = db = 0
    dh_, dc = np.zeros((N, H)), np.zeros((N, H))
    for t in reversed(range(T)):
        dx[:, t], dh_, dc, a, b_, c_ = lstm_step_backward(dh[:, t] + dh_, dc, cache[t])
        dWx, dWh, db = dWx + a, dWh + b_, db + c_
    return dx, dh_, dWx, dWh, db

def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    return x.reshape(N*T, D).dot(w).reshape(N, T, -1) + b, (x, w)

def temporal_affine_backward(dout, cache):
    x, w = cache
    N, T, D = x.shape
    M = w.shape[1]
    return dout.reshape(-1, M).dot(w.T).reshape(N, T, D), dout.reshape(-1, M).T.dot(x.reshape(-1, D)).T, dout.sum((0, 1))

def temporal_softmax_loss(x, y, mask, verbose=False):
    N, T, V = x.shape
    xf, yf, mf = x.reshape(-1, V), y.reshape(-1), mask.reshape(-1)
    p = np.exp(xf - xf.max(1, keepdims=True)); p /= p.sum(1, keepdims=True)
    loss = -np.sum(mf * np.log(p[np.arange(N*T), yf])) / N
    d = p.copy(); d[np.arange(N*T), yf] -= 1; d /= N; d *= mf[:, None]
    return loss, d.reshape(N, T, V)
