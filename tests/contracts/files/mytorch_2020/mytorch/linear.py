import numpy as np


class Linear():
    def __init__(self, in_feature, out_feature, weight_init_fn, bias_init_fn):
        self.W = weight_init_fn(in_feature, out_feature)
        self.b = bias_init_fn(out_feature)
        self.dW = np.zeros(self.W.shape)
        self.db = np.zeros(self.b.shape)
        self.momentum_W = np.zeros(self.W.shape)
        self.momentum_b = np.zeros(self.b.shape)

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.x = x
        return x.dot(self.W) + self.b

    def backward(self, delta):
        n = len(delta)
        self.dW = self.x.T.dot(delta) / n
        self.db = delta.mean(axis=0, keepdims=True)
        return delta.dot(self.W.T)
