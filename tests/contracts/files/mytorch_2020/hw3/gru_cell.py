import numpy as np
from activation import *


class GRU_Cell:
    def __init__(self, in_dim, hidden_dim):
        h, d = hidden_dim, in_dim
        self.Wzh, self.Wrh, self.Wh = np.random.randn(h, h), np.random.randn(h, h), np.random.randn(h, h)
        self.Wzx, self.Wrx, self.Wx = np.random.randn(h, d), np.random.randn(h, d), np.random.randn(h, d)
        self.z_act, self.r_act, self.h_act = Sigmoid(), Sigmoid(), Tanh()

    def __call__(self, x, h):
        return self.forward(x, h)

    def forward(self, x, h):
        self.x, self.hidden = x, h
        self.z = self.z_act(self.Wzh.dot(h) + self.Wzx.dot(x))
        self.r = self.r_act(self.Wrh.dot(h) + self.Wrx.dot(x))
        self.h_tilde = self.h_act(self.Wh.dot(self.r * h) + self.Wx.dot(x))
        return (1 - self.z) * h + self.z * self.h_tilde

    def backward(self, delta):
        delta = delta.reshape(-1)
        dz = delta * (self.h_tilde - self.hidden) * self.z_act.derivative()
        dn = delta * self.z * self.h_act.derivative()
        inner = self.Wh.T.dot(dn)
        dr = inner * self.hidden * self.r_act.derivative()
        self.dWzh, self.dWzx = np.outer(dz, self.hidden), np.outer(dz, self.x)
        self.dWrh, self.dWrx = np.outer(dr, self.hidden), np.outer(dr, self.x)
        self.dWh, self.dWx = np.outer(dn, self.r * self.hidden), np.outer(dn, self.x)
        dx = dz.dot(self.Wzx) + dr.dot(self.Wrx) + dn.dot(self.Wx)
        dh = delta * (1 - self.z) + dz.dot(self.Wzh) + dr.dot(self.Wrh) + inner * self.r
        return dx.reshape(1, -1), dh.reshape(1, -1)
