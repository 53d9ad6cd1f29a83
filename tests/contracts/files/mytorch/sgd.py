import numpy as np


class SGD:
    def __init__(self, model, lr=0.1, momentum=0):
        self.l = list(filter(lambda x: hasattr(x, "W"), model.layers))
        self.L = len(self.l)
        self.lr, self.mu = lr, momentum
        self.v_W = [np.zeros_like(layer.W) for layer in self.l]
        self.v_b = [np.zeros_like(layer.b) for layer in self.l]

    def step(self):
        for i in range(self.L):
            self.v_W[i] = self.mu * self.v_W[i] + self.l[i].dLdW
            self.v_b[i] = self.mu * self.v_b[i] + self.l[i].dLdb
            self.l[i].W -= self.lr * self.v_W[i]
            self.l[i].b -= self.lr * self.v_b[i]
