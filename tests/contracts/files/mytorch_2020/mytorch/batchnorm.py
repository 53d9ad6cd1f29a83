import numpy as np


class BatchNorm(object):
    def __init__(self, in_feature, alpha=0.9):
        self.alpha = alpha
        self.eps = 1e-8
        self.gamma = np.ones((1, in_feature))
        self.beta = np.zeros((1, in_feature))
        self.dgamma = np.zeros((1, in_feature))
        self.dbeta = np.zeros((1, in_feature))
        self.running_mean = np.zeros((1, in_feature))
        self.running_var = np.ones((1, in_feature))

    def __call__(self, x, eval=False):
        return self.forward(x, eval)

    def forward(self, x, eval=False):
        if eval:
            return self.gamma * (x - self.running_mean) / np.sqrt(self.running_var + self.eps) + self.beta
        self.x = x
        self.mean = x.mean(axis=0, keepdims=True)
        self.var = x.var(axis=0, keepdims=True)
        self.norm = (x - self.mean) / np.sqrt(self.var + self.eps)
        self.running_mean = self.alpha * self.running_mean + (1 - self.alpha) * self.mean
        self.running_var = self.alpha * self.running_var + (1 - self.alpha) * self.var
        return self.gamma * self.norm + self.beta

    def backward(self, delta):
        m = len(delta)
        self.dgamma = (delta * self.norm).sum(axis=0, keepdims=True)
        self.dbeta = delta.sum(axis=0, keepdims=True)
        dnorm = delta * self.gamma
        root = np.sqrt(self.var + self.eps)
        dvar = -0.5 * (dnorm * (self.x - self.mean)).sum(axis=0) / root**3
        dmean = -(dnorm / root).sum(axis=0) - 2 / m * dvar * (self.x - self.mean).sum(axis=0)
        return dnorm / root + dvar * 2 / m * (self.x - self.mean) + dmean / m
