import numpy as np
from mytorch.nn.activation import *


class GRUCell(object):
    def __init__(self, input_size, hidden_size):
        self.d, self.h = d, h = input_size, hidden_size
        for gate in "rzn":
            setattr(self, "W" + gate + "x", np.random.randn(h, d))
            setattr(self, "W" + gate + "h", np.random.randn(h, h))
            setattr(self, "b" + gate + "x", np.random.randn(h))
            setattr(self, "b" + gate + "h", np.random.randn(h))
        self.r_act, self.z_act, self.h_act = Sigmoid(), Sigmoid(), Tanh()

    def forward(self, x, h_prev_t):
        self.x, self.hidden = x, h_prev_t
        self.r = self.r_act.forward(self.Wrx @ x + self.brx + self.Wrh @ h_prev_t + self.brh)
        self.z = self.z_act.forward(self.Wzx @ x + self.bzx + self.Wzh @ h_prev_t + self.bzh)
        self.inner = self.Wnh @ h_prev_t + self.bnh
        self.n = self.h_act.forward(self.Wnx @ x + self.bnx + self.r * self.inner)
        assert self.x.shape == (self.d,)
        return (1 - self.z) * self.n + self.z * h_prev_t

    def backward(self, delta):
        dn = self.h_act.backward(delta * (1 - self.z), state=self.n)
        dz = self.z_act.backward(delta * (self.hidden - self.n))
        dr = self.r_act.backward(dn * self.inner)
        self.dWnx, self.dWzx, self.dWrx = (np.outer(g, self.x) for g in (dn, dz, dr))
        self.dWnh, self.dWzh, self.dWrh = (np.outer(g, self.hidden) for g in (dn * self.r, dz, dr))
        self.dbnx, self.dbzx, self.dbrx = dn, dz, dr
        self.dbnh, self.dbzh, self.dbrh = dn * self.r, dz, dr
        dx = dn @ self.Wnx + dz @ self.Wzx + dr @ self.Wrx
        dh = delta * self.z + (dn * self.r) @ self.Wnh + dz @ self.Wzh + dr @ self.Wrh
        return dx, dh
