import numpy as np

# everything with einsum: the subscripts say which axis is summed, no .T to get wrong
# n = sample, i = input unit, j = output unit


def sigmoid_forward(x):
    out = 0.5 * (1 + np.tanh(0.5 * x))
    return out, out

def sigmoid_backward(dout, cache):
    return np.einsum('...,...,...->...', dout, cache, 1 - cache)

def softmax_forward(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    p = e / np.einsum('nc->n', e)[:, None]
    return p, p

def softmax_backward(dout, cache):
    return cache * dout - cache * np.einsum('nc,nc->n', dout, cache)[:, None]

def cross_entropy_forward(logits, labels, *, reduction="mean"):
    m = logits.max(axis=1)
    lse = m + np.log(np.einsum('nc->n', np.exp(logits - m[:, None])))
    losses = lse - logits[np.arange(len(labels)), labels]
    p = np.exp(logits - lse[:, None])
    ret = {"mean": np.mean, "sum": np.sum, "none": lambda v: v}[reduction](losses)
    return ret, (p, labels, reduction)

def cross_entropy_backward(dloss, cache):
    p, labels, reduction = cache
    N, C = p.shape
    g = p - np.eye(C, dtype=p.dtype)[labels]
    if reduction == "none":
        return np.einsum('n,nc->nc', dloss, g)
    return g * (dloss / N if reduction == "mean" else dloss)


def chain_forward(x):
    return np.sin(np.einsum('n,n->n', x, x)), x

def chain_backward(dout, x):
    return np.einsum('n,n,n->n', dout, np.cos(x * x), 2 * x)

def chain_inputs_forward(x, w):
    z = np.einsum('n,n->n', x, w)
    return np.sin(z), (x, w, np.cos(z))

def chain_inputs_backward(dout, cache):
    x, w, cos = cache
    return np.einsum('n,n,n->n', dout, cos, w), np.einsum('n,n,n->n', dout, cos, x)

def chain_paths_forward(s):
    return np.einsum('n,n,n->n', s, s, np.sin(s)), s

def chain_paths_backward(dout, s):
    return dout * (2 * s * np.sin(s) + s * s * np.cos(s))


def affine_forward(x, w, b):
    return np.einsum('ni,ij->nj', x, w) + b, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    dx = np.einsum('nj,ij->ni', dout, w)
    dw = np.einsum('ni,nj->ij', x, dout)
    db = np.einsum('nj->j', dout)
    return dx, dw, db


def output_delta(a, y):
    return np.einsum('nj,nj,nj->nj', a - y, a, 1 - a)

def hidden_delta(delta_next, w_next, a):
    return np.einsum('nj,ij,ni->ni', delta_next, w_next, a)


class Trace:
    """what the forward pass of the network leaves behind"""
    def __init__(self, x, weights, biases):
        self.weights = [w for w in weights]
        self.a = [x]
        for w, b in zip(weights, biases):
            self.a.append(sigmoid_forward(np.einsum('ni,ij->nj', self.a[-1], w) + b)[0])


def network_forward(x, weights, biases):
    trace = Trace(x, weights, biases)
    return trace.a[-1], trace

def network_backward(dout, trace):
    dW, db = [], []
    g = dout
    for l in range(len(trace.weights), 0, -1):
        delta = sigmoid_backward(g, trace.a[l])
        dW.insert(0, np.einsum('ni,nj->ij', trace.a[l - 1], delta))
        db.insert(0, np.einsum('nj->j', delta))
        g = np.einsum('nj,ij->ni', delta, trace.weights[l - 1])
    return g, dW, db

def network_deltas(x, y, weights, biases):
    a = Trace(x, weights, biases).a
    deltas = [output_delta(a[-1], y)]
    for l in range(len(weights) - 1, 0, -1):
        deltas = [hidden_delta(deltas[0], weights[l], a[l])] + deltas
    return deltas

def network_step(x, y, weights, biases, *, lr, l2):
    a = Trace(x, weights, biases).a
    deltas = network_deltas(x, y, weights, biases)
    N = len(x)
    W = [w - lr * (np.einsum('ni,nj->ij', ain, d) / N + l2 * w) for w, ain, d in zip(weights, a, deltas)]
    B = [b - lr * np.einsum('nj->j', d) / N for b, d in zip(biases, deltas)]
    return W, B


def early_stopping(errors, *, patience):
    errors = np.asarray(errors)
    for stop in range(len(errors)):
        best = np.argmin(errors[:stop + 1])
        if stop - best >= patience:
            break
    return best, stop


def val_error(x, y, weights, biases):
    r = network_forward(x, weights, biases)[0] - y
    return np.einsum('nj,nj->', r, r) / (2 * len(x))

def train_network(x, y, x_val, y_val, sizes, *, lr, l2, batch_size, epochs, patience, rng):
    W = [rng.standard_normal((i, j)) * (2 / (i + j)) ** 0.5 for i, j in zip(sizes, sizes[1:])]
    B = [np.zeros(j) for j in sizes[1:]]
    saved, history = [], []
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(len(x)), -(-len(x) // batch_size)):
            W, B = network_step(x[batch], y[batch], W, B, lr=lr, l2=l2)
        saved.append((W, B))
        history.append(val_error(x_val, y_val, W, B))
        best, stop = early_stopping(history, patience=patience)
        if len(history) - 1 - best >= patience:
            break
    W, B = saved[best]
    return W, B, np.array(history)


def train_iris(x, labels, *, rng):
    mu, sd = x.mean(0), x.std(0)
    W = [rng.standard_normal((4, 6)) * 0.6, rng.standard_normal((6, 3)) * 0.6]
    B = [np.zeros(6), np.zeros(3)]
    hist = []
    for epoch in range(250):
        losses = []
        for batch in np.array_split(rng.permutation(120), 8):
            xb = (x[batch] - mu) / sd
            h, _ = sigmoid_forward(np.einsum('ni,ij->nj', xb, W[0]) + B[0])
            loss, c = cross_entropy_forward(np.einsum('ni,ij->nj', h, W[1]) + B[1], labels[batch])
            losses.append(loss)
            d2 = cross_entropy_backward(1., c)
            d1 = np.einsum('nj,ij,ni,ni->ni', d2, W[1], h, 1 - h)
            W = [W[0] - .4 * np.einsum('ni,nj->ij', xb, d1), W[1] - .4 * np.einsum('ni,nj->ij', h, d2)]
            B = [B[0] - .4 * d1.sum(0), B[1] - .4 * d2.sum(0)]
        hist.append(sum(losses) / len(losses))
    return np.einsum('i,ij->ij', 1 / sd, W[0]), B[0] - np.einsum('i,ij->j', mu / sd, W[0]), W[1], B[1], np.array(hist)
