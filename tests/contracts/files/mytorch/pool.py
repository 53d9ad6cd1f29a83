import numpy as np
from resampling import *


class MaxPool2d_stride1():
    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        self.A = A
        k = self.kernel
        Z = np.zeros((*A.shape[:2], A.shape[2] - k + 1, A.shape[3] - k + 1))
        for i in range(Z.shape[2]):
            for j in range(Z.shape[3]):
                Z[:, :, i, j] = A[:, :, i:i + k, j:j + k].max((2, 3))
        self.Z = Z
        return Z

    def backward(self, dLdZ):
        k = self.kernel
        dLdA = np.zeros(self.A.shape)
        for i in range(dLdZ.shape[2]):
            for j in range(dLdZ.shape[3]):
                hit = self.A[:, :, i:i + k, j:j + k] == self.Z[:, :, i, j][:, :, None, None]
                dLdA[:, :, i:i + k, j:j + k] += hit * dLdZ[:, :, i, j][:, :, None, None]
        return dLdA


class MeanPool2d_stride1():
    def __init__(self, kernel):
        self.kernel = kernel

    def forward(self, A):
        self.A = A
        k = self.kernel
        Z = np.zeros((*A.shape[:2], A.shape[2] - k + 1, A.shape[3] - k + 1))
        for i in range(Z.shape[2]):
            for j in range(Z.shape[3]):
                Z[:, :, i, j] = A[:, :, i:i + k, j:j + k].mean((2, 3))
        return Z

    def backward(self, dLdZ):
        k = self.kernel
        dLdA = np.zeros(self.A.shape)
        for i in range(dLdZ.shape[2]):
            for j in range(dLdZ.shape[3]):
                dLdA[:, :, i:i + k, j:j + k] += dLdZ[:, :, i, j][:, :, None, None] / k**2
        return dLdA


class MaxPool2d():
    def __init__(self, kernel, stride):
        self.pool = MaxPool2d_stride1(kernel)
        self.down = Downsample2d(stride)

    def forward(self, A):
        return self.down.forward(self.pool.forward(A))

    def backward(self, dLdZ):
        return self.pool.backward(self.down.backward(dLdZ))


class MeanPool2d():
    def __init__(self, kernel, stride):
        self.pool = MeanPool2d_stride1(kernel)
        self.down = Downsample2d(stride)

    def forward(self, A):
        return self.down.forward(self.pool.forward(A))

    def backward(self, dLdZ):
        return self.pool.backward(self.down.backward(dLdZ))
