import numpy as np


class Conv1D():
    def __init__(self, in_channel, out_channel, kernel_size, stride, weight_init_fn=None, bias_init_fn=None):
        self.kernel_size, self.stride = kernel_size, stride
        shape = (out_channel, in_channel, kernel_size)
        self.W = np.random.normal(0, 1.0, shape) if weight_init_fn is None else weight_init_fn(*shape)
        self.b = np.zeros(out_channel) if bias_init_fn is None else bias_init_fn(out_channel)
        self.dW, self.db = np.zeros(self.W.shape), np.zeros(self.b.shape)

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.x = x
        size = (x.shape[2] - self.kernel_size) // self.stride + 1
        out = np.zeros((len(x), len(self.W), size))
        for i in range(size):
            at = i * self.stride
            part = x[:, :, at : at + self.kernel_size]
            out[:, :, i] = np.tensordot(part, self.W, ((1, 2), (1, 2))) + self.b
        return out

    def backward(self, delta):
        dx = np.zeros(self.x.shape)
        self.dW, self.db = np.zeros(self.W.shape), delta.sum(axis=(0, 2))
        for i in range(delta.shape[2]):
            at = i * self.stride
            part = self.x[:, :, at : at + self.kernel_size]
            self.dW += np.tensordot(delta[:, :, i], part, (0, 0))
            dx[:, :, at : at + self.kernel_size] += np.tensordot(delta[:, :, i], self.W, (1, 0))
        return dx


class Conv2D_dilation():
    def __init__(self, in_channel, out_channel, kernel_size, stride, padding=0, dilation=1,
                 weight_init_fn=None, bias_init_fn=None):
        self.k, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation
        shape = (out_channel, in_channel, kernel_size, kernel_size)
        self.W = np.random.normal(0, 1.0, shape) if weight_init_fn is None else weight_init_fn(*shape)
        self.b = np.zeros(out_channel) if bias_init_fn is None else bias_init_fn(out_channel)

    def forward(self, x):
        p, s, d, k = self.padding, self.stride, self.dilation, self.k
        self.x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        reach = (k - 1) * d + 1
        rows, columns = ((size - reach) // s + 1 for size in self.x.shape[2:])
        out = np.zeros((len(x), len(self.W), rows, columns))
        for i in range(rows):
            for j in range(columns):
                part = self.x[:, :, i * s : i * s + reach : d, j * s : j * s + reach : d]
                out[:, :, i, j] = np.tensordot(part, self.W, ((1, 2, 3), (1, 2, 3))) + self.b
        return out

    def backward(self, delta):
        p, s, d, k = self.padding, self.stride, self.dilation, self.k
        reach = (k - 1) * d + 1
        self.dW, self.db = np.zeros(self.W.shape), delta.sum(axis=(0, 2, 3))
        dx = np.zeros(self.x.shape)
        for i in range(delta.shape[2]):
            for j in range(delta.shape[3]):
                rows, columns = slice(i * s, i * s + reach, d), slice(j * s, j * s + reach, d)
                self.dW += np.tensordot(delta[:, :, i, j], self.x[:, :, rows, columns], (0, 0))
                dx[:, :, rows, columns] += np.tensordot(delta[:, :, i, j], self.W, (1, 0))
        return dx[:, :, p : dx.shape[2] - p, p : dx.shape[3] - p]
