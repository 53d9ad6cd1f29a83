import numpy as np
import sys

sys.path.append("mytorch")
from rnn_cell import *
from nn.linear import *


class RNNPhonemeClassifier(object):
    def __init__(self, input_size, hidden_size, output_size, num_layers=2):
        self.num_layers, self.hidden_size = num_layers, hidden_size
        self.rnn = [RNNCell(hidden_size if i else input_size, hidden_size) for i in range(num_layers)]
        self.output_layer = Linear(hidden_size, output_size)
        self.hiddens = []

    def init_weights(self, rnn_weights, linear_weights):
        for cell, weights in zip(self.rnn, rnn_weights):
            for name, value in zip(("W_ih", "W_hh", "b_ih", "b_hh"), weights):
                setattr(cell, name, value)
        self.output_layer.W = linear_weights[0]
        self.output_layer.b = linear_weights[1].reshape(-1, 1)

    def __call__(self, x, h_0=None):
        return self.forward(x, h_0)

    def forward(self, x, h_0=None):
        hidden = np.zeros((self.num_layers, x.shape[0], self.hidden_size)) if h_0 is None else h_0
        self.x = x
        self.hiddens.append(hidden.copy())
        for t in range(x.shape[1]):
            below = x[:, t]
            for l, cell in enumerate(self.rnn):
                below = hidden[l] = cell.forward(below, hidden[l])
            self.hiddens.append(hidden.copy())
        return self.output_layer.forward(hidden[-1])

    def backward(self, delta):
        dh = np.zeros_like(self.hiddens[0])
        dh[-1] = self.output_layer.backward(delta)
        for t in reversed(range(self.x.shape[1])):
            for l in reversed(range(self.num_layers)):
                below = self.hiddens[t + 1][l - 1] if l else self.x[:, t]
                dx, dh[l] = self.rnn[l].backward(dh[l], self.hiddens[t + 1][l], below, self.hiddens[t][l])
                if l:
                    dh[l - 1] += dx
        return dh / self.x.shape[0]
