import numpy as np
from random import shuffle
from past.builtins import xrange

def softmax_loss_naive(W, X, y, reg):
    loss = 0.0
    dW = np.zeros_like(W)
    for i in xrange(X.shape[0]):
        s = X[i].dot(W)
        p = np.exp(s - s.max())
        p /= np.sum(p)
        loss -= np.log(p[y[i]])
        for j in xrange(W.shape[1]):
            dW[:, j] += (p[j] - (j == y[i])) * X[i]
    return loss / X.shape[0] + 0.5 * reg * np.sum(W * W), dW / X.shape[0] + reg * W

def softmax_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    s = X.dot(W); s -= s.max(1, keepdims=True)
    p = np.exp(s); p /= p.sum(1, keepdims=True)
    loss = -np.log(p[xrange(N), y]).mean() + 0.5 * reg * np.sum(W * W)
    p[np.arange(N), y] -= 1
    return loss, X.T.dot(p) / N + reg * W
