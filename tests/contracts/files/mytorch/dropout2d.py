import numpy as np


class Dropout2d(object):
    def __init__(self, p=0.5):
        self.p = p

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, x, eval=False):
        if eval:
            return x
        self.mask = np.random.binomial(1, 1 - self.p, (*x.shape[:2], 1, 1))
        return x * self.mask / (1 - self.p)

    def backward(self, delta):
        return delta * self.mask / (1 - self.p)
