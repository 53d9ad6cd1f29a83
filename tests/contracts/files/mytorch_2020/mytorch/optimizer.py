import numpy as np


class adam():
    def __init__(self, model, beta1=0.9, beta2=0.999, eps=1e-8):
        self.model = model
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.lr = self.model.lr
        self.t = 0

    def step(self):
        self.t += 1
        for layer in self.model.linear_layers:
            layer.mW = self.beta1 * layer.mW + (1 - self.beta1) * layer.dW
            layer.vW = self.beta2 * layer.vW + (1 - self.beta2) * layer.dW**2
            layer.mb = self.beta1 * layer.mb + (1 - self.beta1) * layer.db
            layer.vb = self.beta2 * layer.vb + (1 - self.beta2) * layer.db**2
            first, second = 1 - self.beta1**self.t, 1 - self.beta2**self.t
            layer.W -= self.lr * (layer.mW / first) / np.sqrt(layer.vW / second + self.eps)
            layer.b -= self.lr * (layer.mb / first) / np.sqrt(layer.vb / second + self.eps)
