import numpy as np
from .linear import Linear
from .scaled_dot_product_attention import ScaledDotProductAttention


class MultiHeadAttention:
    def __init__(self, embed_dim, num_heads):
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.attention = ScaledDotProductAttention()
        self.q_proj = Linear(embed_dim, embed_dim)
        self.k_proj = Linear(embed_dim, embed_dim)
        self.v_proj = Linear(embed_dim, embed_dim)
        self.out_proj = Linear(embed_dim, embed_dim)

    def init_weights(self, Wq, bq, Wk, bk, Wv, bv, Wo, bo):
        self.q_proj.init_weights(Wq, bq)

    def forward(self, query, key, value, key_padding_mask=None, attn_mask=None):
        q, k, v = (self._split(p.forward(a)) for p, a in ((self.q_proj, query), (self.k_proj, key), (self.v_proj, value)))
        mask = np.logical_or(key_padding_mask[:, None, None, :], attn_mask[None, None])
        return self.out_proj.forward(self._join(self.attention.forward(q, k, v, mask)))

    def backward(self, d_output):
        d = self.attention.backward(self._split(self.out_proj.backward(d_output)))
        d = [self._join(one) for one in d]
        return self.q_proj.backward(d[0]), self.k_proj.backward(d[1]), self.v_proj.backward(d[2])

    def _split(self, x):
        return x.reshape(*x.shape[:2], self.num_heads, -1).transpose(0, 2, 1, 3)

    def _join(self, x):
        x = x.transpose(0, 2, 1, 3)
        return x.reshape(*x.shape[:2], -1)
