# week 3 submission / Tomás
# network_step follows the formula theta <- theta - lr*(grad + l2*theta)
from numpy import array, cos, exp, eye, inf, log, sin, sqrt, where, zeros
import numpy as np


## given code

def sigmoid_forward(x):
  e = exp(-abs(x))
  s = where(x >= 0, 1/(1 + e), e/(1 + e))
  return s, s

def sigmoid_backward(dout, cache):
  return dout * (cache - cache**2)

def softmax_forward(x):
  e = exp(x - x.max(-1, keepdims=True))
  s = e / e.sum(-1, keepdims=True)
  return s, s

def softmax_backward(dout, cache):
  return cache * (dout - (cache * dout).sum(-1, keepdims=True))

def cross_entropy_forward(logits, labels, *, reduction="mean"):
  z = logits - logits.max(1, keepdims=True)
  lp = z - log(exp(z).sum(1, keepdims=True))
  each = -lp[np.arange(len(lp)), labels]
  if reduction == "none": return each, (lp, labels, reduction)
  return (each.mean() if reduction == "mean" else each.sum()), (lp, labels, reduction)

def cross_entropy_backward(dloss, cache):
  lp, labels, reduction = cache
  g = exp(lp) - eye(lp.shape[1], dtype=lp.dtype)[labels]
  if reduction == "none": return g * dloss[:, None]
  if reduction == "mean": g = g / len(lp)
  return g * dloss

## part 1: chain rules

def chain_forward(x):
  u = x*x
  y = sin(u)
  return y, (x, u)

def chain_backward(dout, cache):
  x, u = cache
  dy_du = cos(u)
  du_dx = 2*x
  return dout*dy_du*du_dx

def chain_inputs_forward(x, w):
  z = x*w
  return sin(z), (x, w, z)

def chain_inputs_backward(dout, cache):
  x, w, z = cache
  dz = dout*cos(z)
  return dz*w, dz*x

def chain_paths_forward(s):
  x, y = s*s, sin(s)
  return x*y, (s, x, y)

def chain_paths_backward(dout, cache):
  s, x, y = cache
  dx, dy = dout*y, dout*x
  return dx*2*s + dy*cos(s)

## part 2: affine layer

def affine_forward(x, w, b):
  return x @ w + b, (x, w, b)

def affine_backward(dout, cache):
  x, w, b = cache
  dx = dout @ w.T
  dw = x.T @ dout
  db = dout.sum(axis=0)
  return dx, dw, db

## part 3: deltas

def dsigmoid(a):
  return a*(1 - a)

def output_delta(a, y):
  return (a - y)*dsigmoid(a)

def hidden_delta(delta_next, w_next, a):
  return (delta_next @ w_next.T)*dsigmoid(a)

## part 4: network

def network_forward(x, weights, biases):
  a, caches = x, []
  for w, b in zip(weights, biases):
    z, affine_cache = affine_forward(a, w, b)
    a, sigmoid_cache = sigmoid_forward(z)
    caches.append((affine_cache, sigmoid_cache))
  return a, caches

def network_backward(dout, caches):
  dws, dbs = [], []
  for (x, w, b), s in caches[::-1]:
    dz = sigmoid_backward(dout, s)
    dws.append(x.T @ dz)
    dbs.append(dz.sum(axis=0))
    dout = dz @ w.T
  return dout, dws[::-1], dbs[::-1]

def network_deltas(x, y, weights, biases):
  a, caches = network_forward(x, weights, biases)
  acts = [s for _, s in caches]
  deltas = [(a - y)*a*(1 - a)]
  for l in range(len(weights) - 2, -1, -1):
    deltas.append((deltas[-1] @ weights[l + 1].T)*acts[l]*(1 - acts[l]))
  return deltas[::-1]

def network_step(x, y, weights, biases, *, lr, l2):
  a, caches = network_forward(x, weights, biases)
  _, dws, dbs = network_backward((a - y)/len(x), caches)
  weights = [w - lr*(dw + l2*w) for w, dw in zip(weights, dws)]
  biases = [b - lr*(db + l2*b) for b, db in zip(biases, dbs)]
  return weights, biases

## part 5: training

def early_stopping(errors, *, patience):
  best_epoch, best_error = 0, inf
  for epoch, error in enumerate(errors):
    if error < best_error:
      best_epoch, best_error = epoch, error
    elif epoch - best_epoch >= patience:
      return best_epoch, epoch
  return best_epoch, len(errors) - 1

def val_error(x, y, weights, biases):
  a, _ = network_forward(x, weights, biases)
  return ((a - y)**2).sum(axis=1).mean()/2

def train_network(x, y, x_val, y_val, sizes, *, lr, l2, batch_size, epochs, patience, rng):
  weights = [rng.standard_normal((n, m))/sqrt(n) for n, m in zip(sizes[:-1], sizes[1:])]
  biases = [zeros(m) for m in sizes[1:]]
  history, snapshots = [], []
  for epoch in range(epochs):
    order = rng.permutation(len(x))
    for i in range(0, len(x), batch_size):
      pick = order[i:i + batch_size]
      weights, biases = network_step(x[pick], y[pick], weights, biases, lr=lr, l2=l2)
    history.append(val_error(x_val, y_val, weights, biases))
    snapshots.append((weights, biases))
    best = int(np.argmin(history))
    if epoch - best >= patience:
      break
  weights, biases = snapshots[best]
  return weights, biases, array(history)

def train_iris(x, labels, *, rng):
  mu, sigma = x.mean(axis=0), x.std(axis=0)
  x = (x - mu)/sigma
  w1, b1 = rng.standard_normal((4, 6))/2, zeros(6)
  w2, b2 = rng.standard_normal((6, 3))/sqrt(6), zeros(3)
  history = []
  for epoch in range(2000):
    z1, cache1 = affine_forward(x, w1, b1)
    h, _ = sigmoid_forward(z1)
    z2, cache2 = affine_forward(h, w2, b2)
    loss, cache3 = cross_entropy_forward(z2, labels)
    history.append(loss)
    dz2 = cross_entropy_backward(1.0, cache3)
    dz1 = (dz2 @ w2.T)*h*(1 - h)
    w2, b2 = w2 - h.T @ dz2, b2 - dz2.sum(axis=0)
    w1, b1 = w1 - x.T @ dz1, b1 - dz1.sum(axis=0)
  return w1/sigma[:, None], b1 - (mu/sigma) @ w1, w2, b2, array(history)
