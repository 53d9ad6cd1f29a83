from cs231n.layers import *
from cs231n.fast_layers import *
from cs231n.layer_utils import *

class ThreeLayerConvNet(object):
    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7,
                 hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params, self.reg, self.dtype = {}, reg, dtype

    def loss(self, X, y=None):
        p, reg = self.params, self.reg
        conv_param = {'stride': 1, 'pad': (p['W1'].shape[2] - 1) // 2}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}
        a, c1 = conv_relu_pool_forward(X, p['W1'], p['b1'], conv_param, pool_param)
        h, c2 = affine_relu_forward(a, p['W2'], p['b2'])
        scores, c3 = affine_forward(h, p['W3'], p['b3'])
        if y is None:
            return scores
        loss, d = softmax_loss(scores, y)
        loss += reg * sum(np.sum(p[w] ** 2) for w in ('W1', 'W2', 'W3'))
        d, dW3, db3 = affine_backward(d, c3)
        d, dW2, db2 = affine_relu_backward(d, c2)
        d, dW1, db1 = conv_relu_pool_backward(d, c1)
        grads = {'W1': dW1, 'W2': dW2, 'W3': dW3, 'b1': db1, 'b2': db2, 'b3': db3}
        for w in ('W1', 'W2', 'W3'):
            grads[w] += 2 * reg * p[w]
        return loss, grads
