import numpy as np


class BatchNorm2d:
    def __init__(self, num_features, alpha=0.9):
        self.alpha = alpha
        self.eps = 1e-8
        shape = (1, num_features, 1, 1)
        self.BW, self.Bb = np.ones(shape), np.zeros(shape)
        self.running_M, self.running_V = np.zeros(shape), np.ones(shape)

    def __call__(self, Z, eval=False):
        return self.forward(Z, eval)

    def forward(self, Z, eval=False):
        if eval:
            return self.BW * (Z - self.running_M) / np.sqrt(self.running_V + self.eps) + self.Bb
        self.M = Z.mean((0, 2, 3), keepdims=True)
        self.V = Z.var((0, 2, 3), keepdims=True)
        self.NZ = (Z - self.M) / np.sqrt(self.V + self.eps)
        self.running_M = self.alpha * self.running_M + (1 - self.alpha) * self.M
        self.running_V = self.alpha * self.running_V + (1 - self.alpha) * self.V
        return self.BW * self.NZ + self.Bb

    def backward(self, dLdBZ):
        axes = (0, 2, 3)
        self.dLdBW = np.sum(dLdBZ * self.NZ, axis=axes, keepdims=True)
        self.dLdBb = np.sum(dLdBZ, axis=axes, keepdims=True)
        d = dLdBZ * self.BW
        inner = (d * self.NZ).mean(axes, keepdims=True)
        return (d - d.mean(axes, keepdims=True) - self.NZ * inner) / np.sqrt(self.V + self.eps)
