import numpy as np


class MeanPoolLayer():
    def __init__(self, kernel, stride):
        self.kernel = kernel
        self.stride = stride

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.shape, k, s = x.shape, self.kernel, self.stride
        rows, columns = ((size - k) // s + 1 for size in x.shape[2:])
        out = np.zeros((*x.shape[:2], rows, columns))
        for i in range(rows):
            for j in range(columns):
                out[:, :, i, j] = x[:, :, i * s : i * s + k, j * s : j * s + k].mean(axis=(2, 3))
        return out

    def backward(self, delta):
        dx, k, s = np.zeros(self.shape), self.kernel, self.stride
        for i in range(delta.shape[2]):
            for j in range(delta.shape[3]):
                dx[:, :, i * s : i * s + k, j * s : j * s + k] += delta[:, :, i, j, None, None] / k**2
        return dx


class MaxPoolLayer():
    def __init__(self, kernel, stride):
        self.kernel = kernel
        self.stride = stride

    def forward(self, x):
        self.x, k, s = x, self.kernel, self.stride
        rows, columns = ((size - k) // s + 1 for size in x.shape[2:])
        self.out = np.zeros((*x.shape[:2], rows, columns))
        for i in range(rows):
            for j in range(columns):
                self.out[:, :, i, j] = x[:, :, i * s : i * s + k, j * s : j * s + k].max(axis=(2, 3))
        return self.out

    def backward(self, delta):
        dx, k, s = np.zeros(self.x.shape), self.kernel, self.stride
        for i in range(delta.shape[2]):
            for j in range(delta.shape[3]):
                rows, columns = slice(i * s, i * s + k), slice(j * s, j * s + k)
                won = self.x[:, :, rows, columns] == self.out[:, :, i, j, None, None]
                dx[:, :, rows, columns] += won * delta[:, :, i, j, None, None]
        return dx
