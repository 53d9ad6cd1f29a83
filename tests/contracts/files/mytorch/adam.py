import numpy as np


class Adam():
    def __init__(self, model, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        self.l = model.layers[::2]
        self.beta1, self.beta2, self.eps, self.lr, self.t = beta1, beta2, eps, lr, 0
        self.m_W = [np.zeros(l.W.shape, dtype="f") for l in self.l]
        self.v_W = [np.zeros(l.W.shape, dtype="f") for l in self.l]
        self.m_b = [np.zeros(l.b.shape, dtype="f") for l in self.l]
        self.v_b = [np.zeros(l.b.shape, dtype="f") for l in self.l]

    def step(self):
        self.t += 1
        for i, layer in enumerate(self.l):
            for name, m, v in (("W", self.m_W, self.v_W), ("b", self.m_b, self.v_b)):
                g = getattr(layer, "dLd" + name)
                m[i] = self.beta1 * m[i] + (1 - self.beta1) * g
                v[i] = self.beta2 * v[i] + (1 - self.beta2) * g**2
                m_hat, v_hat = m[i] / (1 - self.beta1**self.t), v[i] / (1 - self.beta2**self.t)
                setattr(layer, name, getattr(layer, name) - self.lr * m_hat / np.sqrt(v_hat + self.eps))
