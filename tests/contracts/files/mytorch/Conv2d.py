import numpy as np
from resampling import *


class Conv2d_stride1():
    def __init__(self, in_channels, out_channels, kernel_size, weight_init_fn=None, bias_init_fn=None):
        self.k = kernel_size
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self.W = np.random.normal(0, 1.0, shape) if weight_init_fn is None else weight_init_fn(*shape)
        self.b = np.zeros(out_channels) if bias_init_fn is None else bias_init_fn(out_channels)

    def forward(self, A):
        self.A = A
        k, (h, w) = self.k, (A.shape[2] - self.k + 1, A.shape[3] - self.k + 1)
        Z = np.zeros((len(A), len(self.W), h, w))
        for i in range(h):
            for j in range(w):
                Z[:, :, i, j] = np.tensordot(A[:, :, i:i + k, j:j + k], self.W, ([1, 2, 3], [1, 2, 3])) + self.b
        return Z

    def backward(self, dLdZ):
        k = self.k
        dLdA, self.dLdW = np.zeros(self.A.shape), np.zeros(self.W.shape)
        for i in range(dLdZ.shape[2]):
            for j in range(dLdZ.shape[3]):
                d = dLdZ[:, :, i, j]
                self.dLdW += np.tensordot(d, self.A[:, :, i:i + k, j:j + k], (0, 0))
                dLdA[:, :, i:i + k, j:j + k] += np.tensordot(d, self.W, (1, 0))
        self.dLdb = dLdZ.sum((0, 2, 3))
        return dLdA


class Conv2d():
    def __init__(self, in_channels, out_channels, kernel_size, stride, weight_init_fn=None, bias_init_fn=None):
        self.conv2d_stride1 = Conv2d_stride1(in_channels, out_channels, kernel_size, weight_init_fn, bias_init_fn)
        self.downsample2d = Downsample2d(stride)

    def forward(self, A):
        return self.downsample2d.forward(self.conv2d_stride1.forward(A))

    def backward(self, dLdZ):
        return self.conv2d_stride1.backward(self.downsample2d.backward(dLdZ))
