import numpy as np


class AdamW():
    def __init__(self, model, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
        self.l = model.layers
        self.beta1, self.beta2, self.eps, self.lr, self.t = beta1, beta2, eps, lr, 0
        self.weight_decay = weight_decay
        self.m = [[np.zeros(l.W.shape), np.zeros(l.b.shape)] for l in self.l]
        self.v = [[np.zeros(l.W.shape), np.zeros(l.b.shape)] for l in self.l]

    def step(self):
        self.t += 1
        for layer, m, v in zip(self.l, self.m, self.v):
            for i, name in enumerate("Wb"):
                g, p = getattr(layer, "dLd" + name), getattr(layer, name)
                m[i] = self.beta1 * m[i] + (1 - self.beta1) * g
                v[i] = self.beta2 * v[i] + (1 - self.beta2) * g**2
                p = p - self.lr * self.weight_decay * p
                m_hat, v_hat = m[i] / (1 - self.beta1**self.t), v[i] / (1 - self.beta2**self.t)
                setattr(layer, name, p - self.lr * m_hat / (np.sqrt(v_hat) + self.eps))
