import math

import numpy as np
import scipy


class Identity:
    def forward(self, Z):
        self.A = Z
        return self.A

    def backward(self, dLdA):
        return dLdA * np.ones(self.A.shape, dtype="f")


class Sigmoid:
    def forward(self, Z):
        self.A = 1 / (1 + np.exp(-Z))
        return self.A

    def backward(self, dLdA):
        return dLdA * (self.A - self.A * self.A)


class Tanh:
    def forward(self, Z):
        self.A = np.tanh(Z)
        return self.A

    def backward(self, dLdA, state=None):
        A = self.A if state is None else state
        return dLdA * (1 - A**2)


class ReLU:
    def forward(self, Z):
        self.A = np.maximum(Z, 0)
        return self.A

    def backward(self, dLdA):
        return np.where(self.A > 0, dLdA, 0)


class GELU:
    def forward(self, Z):
        self.Z = Z
        return 0.5 * Z * (1 + scipy.special.erf(Z / math.sqrt(2)))

    def backward(self, dLdA):
        phi = np.exp(-self.Z**2 / 2) / math.sqrt(2 * math.pi)
        return dLdA * (0.5 * (1 + scipy.special.erf(self.Z / math.sqrt(2))) + self.Z * phi)


class Swish:
    def __init__(self, beta=1.0):
        self.beta = beta

    def forward(self, Z):
        self.Z = Z
        self.s = 1 / (1 + np.exp(-self.beta * Z))
        return Z * self.s

    def backward(self, dLdA):
        self.dLdbeta = np.sum(dLdA * self.Z**2 * self.s * (1 - self.s))
        return dLdA * (self.s + self.beta * self.Z * self.s * (1 - self.s))


class Softmax:
    def forward(self, Z):
        e = np.exp(Z - Z.max(axis=1, keepdims=True))
        self.A = e / e.sum(axis=1, keepdims=True)
        return self.A

    def backward(self, dLdA):
        N, C = dLdA.shape
        dLdZ = np.zeros((N, C))
        for i in range(N):
            a = self.A[i]
            J = np.diag(a) - np.outer(a, a)
            dLdZ[i] = dLdA[i] @ J
        return dLdZ
