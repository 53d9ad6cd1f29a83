import numpy as np
from .activation import Softmax


class ScaledDotProductAttention:
    def __init__(self):
        self.eps = 1e10
        self.softmax = Softmax(dim=-1)

    def forward(self, Q, K, V, mask=None):
        self.Q, self.K, self.V = Q, K, V
        scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores - self.eps, scores)
        self.attention_scores = self.softmax.forward(scores)
        return self.attention_scores @ V

    def backward(self, d_output):
        d_V = np.swapaxes(self.attention_scores, -1, -2) @ d_output
        d = self.softmax.backward(d_output @ np.swapaxes(self.V, -1, -2)) / np.sqrt(self.Q.shape[-1])
        return d @ self.K, np.swapaxes(d, -1, -2) @ self.Q, d_V
