from ..layers import *
from ..layer_utils import *

class FullyConnectedNet(object):
    def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10, dropout_keep_ratio=1, normalization=None,
                 reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None):
        self.reg, self.num_layers, self.params = reg, 1 + len(hidden_dims), {}
        dims = [input_dim, *hidden_dims, num_classes]
        for i in range(self.num_layers):
            self.params['W%d' % (i + 1)] = (weight_scale * np.random.randn(*dims[i:i + 2])).astype(dtype)
            self.params['b%d' % (i + 1)] = np.zeros(dims[i + 1], dtype)

    def loss(self, X, y=None):
        p, out, caches, grads = self.params, X, [], {}
        for i in range(1, self.num_layers + 1):
            step = affine_relu_forward if i < self.num_layers else affine_forward
            out, cache = step(out, p['W%d' % i], p['b%d' % i])
            caches.append(cache)
        if y is None:
            return out
        loss, d = softmax_loss(out, y)
        for i in range(self.num_layers, 0, -1):
            step = affine_relu_backward if i < self.num_layers else affine_backward
            d, grads['W%d' % i], grads['b%d' % i] = step(d, caches.pop())
            loss += self.reg * np.sum(p['W%d' % i] ** 2)
            grads['W%d' % i] += 2 * self.reg * p['W%d' % i]
        return loss, grads
