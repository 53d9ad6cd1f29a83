"""Unit 12: attention and the Transformer, written other ways."""

from graders.misconceptions.variant import Variant
from graders.wheats.recurrent import TAPE

TAPED = (
    TAPE
    + """

def relu(x):
    return Node(np.maximum(x.value, 0), (x, lambda d: d * (x.value > 0)))


def times(x, number):
    return Node(x.value * number, (x, lambda d: d * number))


def swap(x):
    return Node(np.swapaxes(x.value, -1, -2), (x, lambda d: np.swapaxes(d, -1, -2)))


def beside(nodes):
    ends = np.cumsum([n.value.shape[-1] for n in nodes])
    parts = [slice(end - n.value.shape[-1], end) for end, n in zip(ends, nodes)]
    pulls = [(n, lambda d, part=part: d[..., part]) for n, part in zip(nodes, parts)]
    return Node(np.concatenate([n.value for n in nodes], axis=-1), *pulls)


def softmax(x, mask):
    top = np.max(x.value, axis=-1, keepdims=True, where=mask, initial=np.finfo(x.value.dtype).min)
    e = np.exp(np.minimum(x.value - top, 0)) * mask
    total = e.sum(axis=-1, keepdims=True)
    w = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
    return Node(w, (x, lambda d: w * (d - (d * w).sum(axis=-1, keepdims=True))))


def attend(q, k, v, mask):
    return softmax(times(q @ swap(k), q.value.shape[-1] ** -0.5), mask) @ v


def heads_of(x, memory, mask, wq, wk, wv, wo, heads):
    q, k, v = x @ wq, memory @ wk, memory @ wv
    size = wq.value.shape[1] // heads
    parts = [slice(a * size, (a + 1) * size) for a in range(heads)]
    return beside([attend(q[..., part], k[..., part], v[..., part], mask) for part in parts]) @ wo


def mean(x):
    width = x.value.shape[-1]
    return Node(x.value.mean(axis=-1, keepdims=True), (x, lambda d: np.repeat(d, width, axis=-1) / width))


def norm(x, gamma, beta, eps=1e-5):
    centred = x + (0 - mean(x))
    variance = mean(centred * centred)
    inverse = (variance.value + eps) ** -0.5
    return centred * Node(inverse, (variance, lambda d: -0.5 * d * inverse**3)) * gamma + beta


def feed_forward(x, w1, b1, w2, b2):
    return relu(x @ w1 + b1) @ w2 + b2


def encode(x, mask, p, heads):
    h = norm(x + heads_of(x, x, mask, *p[:4], heads), p[4], p[5])
    return norm(h + feed_forward(h, *p[6:10]), p[10], p[11])


def decode(y, memory, mask, memory_mask, p, heads):
    h = norm(y + heads_of(y, y, mask, *p[:4], heads), p[4], p[5])
    h = norm(h + heads_of(h, memory, memory_mask, *p[6:10], heads), p[10], p[11])
    return norm(h + feed_forward(h, *p[12:16]), p[16], p[17])


def answer(out, inputs):
    return out.value, (out, inputs)
"""
)

# Every block returns its value and a function from the upstream gradient to the gradients of its arguments.
CLOSURES = '''
import math

import numpy as np


def attend(q, k, v, mask):
    """Of any leading axes."""
    scale = 1 / math.sqrt(q.shape[-1])
    scores = np.where(mask, np.einsum("...te,...se->...ts", q, k) * scale, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    e = np.exp(scores - np.where(np.isneginf(top), 0, top))
    w = e / np.maximum(e.sum(axis=-1, keepdims=True), np.finfo(e.dtype).tiny)
    out = np.einsum("...ts,...sm->...tm", w, v)

    def back(dout):
        dw = np.einsum("...tm,...sm->...ts", dout, v)
        # The sum of dw w over the keys is that of dout out over the features.
        ds = w * (dw - np.sum(dout * out, axis=-1, keepdims=True)) * scale
        return ds @ k, np.swapaxes(ds, -1, -2) @ q, np.swapaxes(w, -1, -2) @ dout

    return out, back


def linear(x, w):
    def back(dout):
        return dout @ w.T, np.tensordot(x, dout, axes=((0, 1), (0, 1)))

    return x @ w, back


def multi_head(x, memory, mask, wq, wk, wv, wo, heads):
    def split(a):
        return a.reshape(*a.shape[:2], heads, a.shape[2] // heads).swapaxes(1, 2)

    def merge(a):
        return a.swapaxes(1, 2).reshape(a.shape[0], a.shape[2], heads * a.shape[3])

    (q, q_back), (k, k_back), (v, v_back) = linear(x, wq), linear(memory, wk), linear(memory, wv)
    attended, attend_back = attend(split(q), split(k), split(v), mask[:, np.newaxis])
    out, out_back = linear(merge(attended), wo)

    def back(dout):
        dmerged, dwo = out_back(dout)
        dq, dk, dv = map(merge, attend_back(split(dmerged)))
        (dx, dwq), (by_key, dwk), (by_value, dwv) = q_back(dq), k_back(dk), v_back(dv)
        return dx, by_key + by_value, dwq, dwk, dwv, dwo

    return out, back


def layer_norm(x, gamma, beta, eps=1e-5):
    deviation = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    normal = (x - x.mean(axis=-1, keepdims=True)) / deviation

    def back(dout):
        g, width = dout * gamma, x.shape[-1]
        sums = g.sum(axis=-1, keepdims=True), (g * normal).sum(axis=-1, keepdims=True)
        dx = (width * g - sums[0] - normal * sums[1]) / (width * deviation)
        return dx, (dout * normal).sum(axis=(0, 1)), dout.sum(axis=(0, 1))

    return normal * gamma + beta, back


def feed_forward(x, w1, b1, w2, b2):
    hidden, first_back = linear(x, w1)
    active = np.clip(hidden + b1, 0, None)
    out, second_back = linear(active, w2)

    def back(dout):
        dactive, dw2 = second_back(dout)
        dhidden = np.where(active > 0, dactive, 0)
        dx, dw1 = first_back(dhidden)
        return dx, dw1, dhidden.sum(axis=(0, 1)), dw2, dout.sum(axis=(0, 1))

    return out + b2, back


def encoder(x, mask, params, heads):
    attended, attention_back = multi_head(x, x, mask, *params[:4], heads)
    h, first_back = layer_norm(x + attended, *params[4:6])
    f, ffn_back = feed_forward(h, *params[6:10])
    out, second_back = layer_norm(h + f, *params[10:])

    def back(dout):
        d, *norm2 = second_back(dout)
        through, *ffn = ffn_back(d)
        d, *norm1 = first_back(d + through)
        query, memory, *weights = attention_back(d)
        return d + query + memory, [*weights, *norm1, *ffn, *norm2]

    return out, back


def decoder(y, memory, mask, memory_mask, params, heads):
    own, own_back = multi_head(y, y, mask, *params[:4], heads)
    h1, first_back = layer_norm(y + own, *params[4:6])
    cross, cross_back = multi_head(h1, memory, memory_mask, *params[6:10], heads)
    h2, second_back = layer_norm(h1 + cross, *params[10:12])
    f, ffn_back = feed_forward(h2, *params[12:16])
    out, third_back = layer_norm(h2 + f, *params[16:])

    def back(dout):
        d, *norm3 = third_back(dout)
        through, *ffn = ffn_back(d)
        d, *norm2 = second_back(d + through)
        query, dmemory, *cross_weights = cross_back(d)
        d, *norm1 = first_back(d + query)
        own_query, own_memory, *own_weights = own_back(d)
        grads = [*own_weights, *norm1, *cross_weights, *norm2, *ffn, *norm3]
        return d + own_query + own_memory, dmemory, grads

    return out, back
'''

ATTENTION = (
    Variant(
        "attention",
        "query_by_query",
        source="""
import math

import numpy as np


def attention_forward(q, k, v, mask):
    out = np.zeros((*q.shape[:2], v.shape[2]), dtype=v.dtype)
    weights = np.zeros(mask.shape, dtype=v.dtype)
    for n, t in np.ndindex(*q.shape[:2]):
        seen = np.flatnonzero(mask[n, t])
        if not len(seen):
            continue
        scores = k[n, seen] @ q[n, t] / math.sqrt(q.shape[2])
        e = np.exp(scores - scores.max())
        weights[n, t, seen] = e / e.sum()
        out[n, t] = weights[n, t, seen] @ v[n, seen]
    return out, (q, k, v, weights)


def attention_backward(dout, cache):
    q, k, v, weights = cache
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for n, t in np.ndindex(*q.shape[:2]):
        w = weights[n, t]
        dv[n] += np.outer(w, dout[n, t])
        jacobian = np.diag(w) - np.outer(w, w)
        dscores = jacobian @ (v[n] @ dout[n, t]) / math.sqrt(q.shape[2])
        dq[n, t] = dscores @ k[n]
        dk[n] += np.outer(dscores, q[n, t])
    return dq, dk, dv
""",
    ),
    Variant(
        "attention",
        "einsum_large_negative",
        source="""
import numpy as np


def attention_forward(q, k, v, mask):
    scores = np.einsum("nte,nse->nts", q, k) / q.shape[-1] ** 0.5
    scores = np.where(mask, scores, -1e9)
    scores = scores - np.max(scores, axis=2, keepdims=True)
    weights = np.exp(scores) / np.sum(np.exp(scores), axis=2, keepdims=True)
    weights = weights * mask  # a query without any key would look at all of them
    return np.einsum("nts,nsm->ntm", weights, v), dict(q=q, k=k, v=v, w=weights)


def attention_backward(dout, cache):
    q, k, v, w = (cache[key] for key in "qkvw")
    dw = np.einsum("ntm,nsm->nts", dout, v)
    ds = np.einsum("nts,nts->nts", w, dw) - np.einsum("nts,ntr,ntr->nts", w, w, dw)
    ds /= q.shape[-1] ** 0.5
    return np.einsum("nts,nse->nte", ds, k), np.einsum("nts,nte->nse", ds, q), np.einsum("nts,ntm->nsm", w, dout)
""",
    ),
    Variant(
        "attention",
        "key_after_key",
        source="""
import math

import numpy as np


def attention_forward(q, k, v, mask):
    # The softmax in one pass over the keys: what has been summed is rescaled when a larger score comes.
    q = q / math.sqrt(q.shape[2])
    low = np.finfo(q.dtype).min / 4
    top = np.full_like(q[:, :, :1], low) if q.shape[2] else np.zeros((*q.shape[:2], 1), q.dtype)
    total, out = np.zeros_like(top), np.zeros_like(v, shape=(*q.shape[:2], v.shape[2]))
    for s in range(k.shape[1]):
        seen = mask[:, :, s, None]
        score = np.where(seen, np.sum(q * k[:, None, s], axis=2, keepdims=True), low)
        new = np.maximum(top, score)
        keep, add = np.exp(top - new), np.exp(score - new) * seen
        total = total * keep + add
        out = out * keep + add * v[:, None, s]
        top = new
    total[total == 0] = 1
    out /= total
    return out, (q, k, v, mask, top + np.log(total), out.copy())


def attention_backward(dout, cache):
    q, k, v, mask, log_total, out = cache
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    along = (dout * out).sum(axis=2, keepdims=True)
    for s in range(k.shape[1]):
        score = np.sum(q * k[:, None, s], axis=2, keepdims=True)
        weight = np.where(mask[:, :, s, None], np.exp(np.minimum(score - log_total, 0)), 0)
        dv[:, s] = (weight * dout).sum(axis=1)
        dscore = weight * (np.sum(dout * v[:, None, s], axis=2, keepdims=True) - along)
        dq += dscore * k[:, None, s]
        dk[:, s] = (dscore * q).sum(axis=1)
    return dq / math.sqrt(q.shape[2]), dk, dv
""",
    ),
    Variant(
        "attention",
        "tape",
        source=TAPED
        + """

def attention_forward(q, k, v, mask):
    inputs = [Node(array) for array in (q, k, v)]
    return answer(attend(*inputs, mask), inputs)


def attention_backward(dout, cache):
    out, inputs = cache
    return play_back([(out, dout)], inputs)
""",
    ),
    Variant(
        "attention",
        "closure",
        source=CLOSURES
        + """

def attention_forward(q, k, v, mask):
    return attend(q, k, v, mask)


def attention_backward(dout, cache):
    return cache(dout)
""",
    ),
    Variant(
        "attention",
        "log_weights",
        source="""
import numpy as np


def attention_forward(q, k, v, mask):
    root = q.shape[2] ** 0.25
    left, right = q / root, k / root
    scores = left @ right.transpose(0, 2, 1)
    scores[~mask] = -np.inf
    lse = np.logaddexp.reduce(scores, axis=2, keepdims=True)
    lse[np.isneginf(lse)] = 0
    return np.exp(scores - lse) @ v, (left, right, v, scores, lse, root)


def attention_backward(dout, cache):
    left, right, v, scores, lse, root = cache
    weights = np.exp(scores - lse)
    moved = v.transpose(0, 2, 1)
    dweights = dout @ moved
    dscores = weights * dweights
    dscores -= weights * dscores.sum(axis=2)[:, :, None]
    return dscores @ right / root, dscores.transpose(0, 2, 1) @ left / root, weights.transpose(0, 2, 1) @ dout
""",
    ),
)

MASKS = (
    Variant(
        "causal_mask",
        "tri",
        source="""
import numpy as np


def causal_mask(like):
    samples, steps = like.shape
    return np.tile(np.tri(steps, dtype=bool), (samples, 1, 1))
""",
    ),
    Variant(
        "causal_mask",
        "entry_by_entry",
        source="""
import numpy as np


def causal_mask(like):
    mask = np.zeros((like.shape[0], like.shape[1], like.shape[1]), dtype=bool)
    for t in range(like.shape[1]):
        mask[:, t, : t + 1] = True
    return mask
""",
    ),
    Variant(
        "causal_mask",
        "not_above",
        source="""
import numpy as np


def causal_mask(like):
    square = np.ones((*like.shape, like.shape[1]))
    return np.triu(square, k=1) == 0
""",
    ),
    Variant(
        "padding_mask",
        "sample_by_sample",
        source="""
import numpy as np


def padding_mask(like, lengths):
    mask = np.ones((*like.shape, like.shape[1]), dtype=bool)
    for n, length in enumerate(lengths):
        mask[n, :, length:] = False
    return mask
""",
    ),
    Variant(
        "padding_mask",
        "repeated_rows",
        source="""
import numpy as np


def padding_mask(like, lengths):
    inside = np.less.outer(np.arange(like.shape[1]), lengths).T
    return np.repeat(inside[:, np.newaxis], like.shape[1], axis=1)
""",
    ),
    Variant(
        "padding_mask",
        "rows_of_a_triangle",
        source="""
import numpy as np


def padding_mask(like, lengths):
    steps = like.shape[1]
    return np.tri(steps, dtype=np.bool_)[lengths - 1][:, None] & np.ones((steps, 1), dtype=np.bool_)
""",
    ),
)

HEADS = (
    Variant(
        "split_heads",
        "split_and_stack",
        source="""
import numpy as np


def split_heads(x, *, heads=2):
    return np.stack(np.split(x, heads, axis=2), axis=1)
""",
    ),
    Variant(
        "split_heads",
        "head_by_head",
        source="""
import numpy as np


def split_heads(x, *, heads=2):
    samples, steps, width = x.shape
    parts = np.zeros((samples, heads, steps, width // heads), dtype=x.dtype)
    for j in range(width):
        parts[:, j // (width // heads), :, j % (width // heads)] = x[:, :, j]
    return parts
""",
    ),
    Variant(
        "split_heads",
        "swapped_axes",
        source="""
def split_heads(x, *, heads=2):
    return x.reshape(*x.shape[:2], heads, x.shape[2] // heads).swapaxes(1, 2)
""",
    ),
    Variant(
        "merge_heads",
        "side_by_side",
        source="""
import numpy as np


def merge_heads(parts):
    return np.concatenate([parts[:, head] for head in range(parts.shape[1])], axis=-1)
""",
    ),
    Variant(
        "merge_heads",
        "feature_by_feature",
        source="""
import numpy as np


def merge_heads(parts):
    samples, heads, steps, size = parts.shape
    x = np.empty((samples, steps, heads * size), parts.dtype)
    for head in range(heads):
        x[..., head * size : (head + 1) * size] = parts[:, head]
    return x
""",
    ),
    Variant(
        "merge_heads",
        "moved_axis",
        source="""
import numpy as np


def merge_heads(parts):
    samples, heads, steps, size = parts.shape
    return np.moveaxis(parts, 1, 2).reshape((samples, steps, heads * size))
""",
    ),
)

MULTI_HEAD = (
    Variant(
        "multi_head",
        "tape",
        source=TAPED
        + """

def multi_head_forward(x, memory, mask, wq, wk, wv, wo, *, heads=2):
    inputs = [Node(array) for array in (x, memory, wq, wk, wv, wo)]
    return answer(heads_of(*inputs[:2], mask, *inputs[2:], heads), inputs)


def multi_head_backward(dout, cache):
    out, inputs = cache
    return play_back([(out, dout)], inputs)
""",
    ),
    Variant(
        "multi_head",
        "closures",
        source=CLOSURES
        + """

def multi_head_forward(x, memory, mask, wq, wk, wv, wo, *, heads=2):
    return multi_head(x, memory, mask, wq, wk, wv, wo, heads)


def multi_head_backward(dout, cache):
    return cache(dout)
""",
    ),
    Variant(
        "multi_head",
        "einsum_of_head_matrices",
        source="""
import numpy as np


def multi_head_forward(x, memory, mask, wq, wk, wv, wo, *, heads=2):
    width = x.shape[2]
    size = width // heads
    u, w, z = (matrix.reshape(width, heads, size) for matrix in (wq, wk, wv))
    o = wo.reshape(heads, size, width)
    q = np.einsum("nte,eak->natk", x, u)
    k, v = np.einsum("nse,eak->nask", memory, w), np.einsum("nse,eak->nask", memory, z)
    scores = np.einsum("natk,nask->nats", q, k) / float(np.sqrt(size))
    top = np.max(scores, axis=3, keepdims=True, where=mask[:, None], initial=np.finfo(x.dtype).min)
    weights = np.exp(np.minimum(scores - top, 0)) * mask[:, None]
    total = weights.sum(axis=3, keepdims=True)
    weights /= total + (total == 0)
    a = np.einsum("nats,nask->natk", weights, v)
    return np.einsum("natk,ake->nte", a, o), (x, memory, (u, w, z, o), (q, k, v, a, weights))


def multi_head_backward(dout, cache):
    x, memory, (u, w, z, o), (q, k, v, a, weights) = cache
    width, size = x.shape[2], q.shape[3]
    da = np.einsum("nte,ake->natk", dout, o)
    dv = np.einsum("nats,natk->nask", weights, da)
    dweights = np.einsum("natk,nask->nats", da, v)
    dscores = weights * (dweights - np.einsum("nats,nats->nat", weights, dweights)[..., None]) / float(np.sqrt(size))
    dq, dk = np.einsum("nats,nask->natk", dscores, k), np.einsum("nats,natk->nask", dscores, q)
    dmemory = np.einsum("nask,eak->nse", dk, w)
    dmemory += np.einsum("nask,eak->nse", dv, z)
    return (
        np.einsum("natk,eak->nte", dq, u),
        dmemory,
        np.einsum("nte,natk->eak", x, dq).reshape(width, width),
        np.einsum("nse,nask->eak", memory, dk).reshape(width, width),
        np.einsum("nse,nask->eak", memory, dv).reshape(width, width),
        np.einsum("natk,nte->ake", a, dout).reshape(width, width),
    )
""",
    ),
    Variant(
        "multi_head",
        "sample_and_head_in_turn",
        source="""
import math

import numpy as np


def weigh(scores, mask):
    weights = np.zeros_like(scores)
    for t, row in enumerate(mask):
        if row.any():
            e = np.exp(scores[t, row] - scores[t, row].max())
            weights[t, row] = e / e.sum()
    return weights


def multi_head_forward(x, memory, mask, wq, wk, wv, wo, *, heads=2):
    size = x.shape[2] // heads
    out, saved = np.zeros_like(x), []
    for n in range(len(x)):
        for start in range(0, heads * size, size):
            part = slice(start, start + size)
            q, k, v = x[n] @ wq[:, part], memory[n] @ wk[:, part], memory[n] @ wv[:, part]
            w = weigh(q @ k.T / math.sqrt(size), mask[n])
            out[n] += w @ v @ wo[part]
            saved.append((n, part, q, k, v, w))
    return out, (x, memory, wq, wk, wv, wo, saved)


def multi_head_backward(dout, cache):
    *arrays, saved = cache
    x, memory, wq, wk, wv, wo = arrays
    dx, dmemory, dwq, dwk, dwv, dwo = (np.zeros_like(array) for array in arrays)
    for n, part, q, k, v, w in reversed(saved):
        dwo[part] += (w @ v).T @ dout[n]
        dhead = dout[n] @ wo[part].T
        dw, dv = dhead @ v.T, w.T @ dhead
        dscores = (w * dw - w * (w * dw).sum(axis=1, keepdims=True)) / math.sqrt(q.shape[1])
        dq, dk = dscores @ k, dscores.T @ q
        dx[n] += dq @ wq[:, part].T
        dmemory[n] += dk @ wk[:, part].T + dv @ wv[:, part].T
        dwq[:, part] += x[n].T @ dq
        dwk[:, part] += memory[n].T @ dk
        dwv[:, part] += memory[n].T @ dv
    return dx, dmemory, dwq, dwk, dwv, dwo
""",
    ),
    Variant(
        "heads_one_by_one",
        "concatenated",
        source=CLOSURES
        + """

def heads_one_by_one(x, memory, mask, wq, wk, wv, wo, *, heads=2):
    cut = [np.hsplit(w, heads) for w in (wq, wk, wv)]
    return np.concatenate([attend(x @ q, memory @ k, memory @ v, mask)[0] for q, k, v in zip(*cut)], axis=2) @ wo
""",
    ),
    Variant(
        "heads_one_by_one",
        "folded_matrices",
        source="""
import numpy as np


def heads_one_by_one(x, memory, mask, wq, wk, wv, wo, *, heads=2):
    # Queries and keys meet in one matrix, values and outputs in another.
    out = np.zeros_like(x)
    for q, k, v, o in zip(np.split(wq, heads, 1), np.split(wk, heads, 1), np.split(wv, heads, 1), np.split(wo, heads)):
        scores = np.einsum("nte,ef,nsf->nts", x, q @ k.T, memory) / q.shape[1] ** 0.5
        scores = np.where(mask, scores, -np.inf)
        with np.errstate(invalid="ignore"):
            weights = np.exp(scores - scores.max(axis=2, keepdims=True))
            weights = np.nan_to_num(weights / weights.sum(axis=2, keepdims=True))
        out += weights @ (memory @ (v @ o))
    return out
""",
    ),
    Variant(
        "heads_one_by_one",
        "all_at_once",
        source=CLOSURES
        + """

def heads_one_by_one(x, memory, mask, wq, wk, wv, wo, *, heads=2):
    return multi_head(x, memory, mask, wq, wk, wv, wo, heads)[0]
""",
    ),
)

POSITIONS = (
    Variant(
        "positional_encoding",
        "entry_by_entry",
        source="""
import math

import numpy as np


def positional_encoding(like):
    _, steps, width = like.shape
    table = np.zeros((steps, width), dtype=like.dtype)
    for t in range(steps):
        for j in range(0, width, 2):
            angle = t / 10000 ** (j / width)
            table[t, j] = math.sin(angle)
            if j + 1 < width:
                table[t, j + 1] = math.cos(angle)
    return table
""",
    ),
    Variant(
        "positional_encoding",
        "strided_columns",
        source="""
import numpy as np


def positional_encoding(like):
    steps, width = like.shape[1:]
    rates = np.exp(-np.log(10000.0) * np.arange(0, width, 2) / width)
    angles = np.outer(np.arange(steps), rates)
    table = np.empty((steps, width))
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : width // 2])
    return table.astype(like.dtype)
""",
    ),
    Variant(
        "positional_encoding",
        "rotations",
        source="""
import numpy as np


def positional_encoding(like):
    steps, width = like.shape[1:]
    turn = np.exp(1j * 10000.0 ** (-2 * (np.arange(width) // 2) / width))
    places = [np.ones_like(turn)]
    while len(places) < steps:
        places.append(places[-1] * turn)
    z = np.array(places)
    return np.where(np.arange(width) % 2, z.real, z.imag).astype(like.dtype)
""",
    ),
    Variant(
        "positional_encoding",
        "shifted_sines",
        source="""
import numpy as np


def positional_encoding(like):
    steps, width = like.shape[1:]
    j = np.arange(width)
    angles = np.arange(steps)[:, None] * np.power(10000.0, -(j - j % 2) / width)
    return np.sin(angles + np.pi / 2 * (j % 2)).astype(like.dtype)
""",
    ),
)

FFN = (
    Variant(
        "ffn",
        "rows",
        source="""
import numpy as np


def ffn_forward(x, w1, b1, w2, b2):
    rows = x.reshape(-1, x.shape[2])
    z = rows @ w1 + b1
    a = np.where(z > 0, z, 0)
    return (a @ w2 + b2).reshape(x.shape), (rows, z, a, w1, w2)


def ffn_backward(dout, cache):
    rows, z, a, w1, w2 = cache
    d = dout.reshape(-1, dout.shape[2])
    dz = d @ w2.T
    dz[z <= 0] = 0
    return (dz @ w1.T).reshape(dout.shape), rows.T @ dz, dz.sum(axis=0), a.T @ d, d.sum(axis=0)
""",
    ),
    Variant(
        "ffn",
        "step_by_step",
        source="""
import numpy as np


def ffn_forward(x, w1, b1, w2, b2):
    out = np.zeros_like(x)
    for n, t in np.ndindex(*x.shape[:2]):
        hidden = np.maximum(w1.T @ x[n, t] + b1, 0)
        out[n, t] = w2.T @ hidden + b2
    return out, (x, w1, b1, w2, b2)


def ffn_backward(dout, cache):
    x, w1, b1, w2, b2 = cache
    dx, dw1, db1, dw2, db2 = (np.zeros_like(array) for array in cache)
    for n, t in np.ndindex(*x.shape[:2]):
        hidden = np.maximum(w1.T @ x[n, t] + b1, 0)
        d = dout[n, t]
        dw2 += np.outer(hidden, d)
        db2 += d
        dz = (w2 @ d) * np.heaviside(hidden, 0)
        dw1 += np.outer(x[n, t], dz)
        db1 += dz
        dx[n, t] = w1 @ dz
    return dx, dw1, db1, dw2, db2
""",
    ),
    Variant(
        "ffn",
        "einsum",
        source="""
import numpy as np


def ffn_forward(x, w1, b1, w2, b2):
    z = np.einsum("nte,eh->nth", x, w1) + b1
    a = (z + np.abs(z)) / 2
    return np.einsum("nth,he->nte", a, w2) + b2, {"x": x, "w1": w1, "w2": w2, "a": a, "slope": (np.sign(z) + 1) / 2}


def ffn_backward(dout, cache):
    dz = np.einsum("nte,he->nth", dout, cache["w2"]) * cache["slope"]
    return (
        np.einsum("nth,eh->nte", dz, cache["w1"]),
        np.einsum("nte,nth->eh", cache["x"], dz),
        np.einsum("nth->h", dz),
        np.einsum("nth,nte->he", cache["a"], dout),
        np.einsum("nte->e", dout),
    )
""",
    ),
    Variant(
        "ffn",
        "tape",
        source=TAPED
        + """

def ffn_forward(x, w1, b1, w2, b2):
    inputs = [Node(array) for array in (x, w1, b1, w2, b2)]
    return answer(feed_forward(*inputs), inputs)


def ffn_backward(dout, cache):
    out, inputs = cache
    return play_back([(out, dout)], inputs)
""",
    ),
)

ADD_NORM = (
    Variant(
        "add_norm",
        "tape",
        source=TAPED
        + """

def add_norm_forward(x, f, gamma, beta, *, eps=1e-5):
    inputs = [Node(array) for array in (x, f, gamma, beta)]
    x, f, gamma, beta = inputs
    return answer(norm(x + f, gamma, beta, eps), inputs)


def add_norm_backward(dout, cache):
    out, inputs = cache
    return play_back([(out, dout)], inputs)
""",
    ),
    Variant(
        "add_norm",
        "row_by_row_jacobian",
        source="""
import math

import numpy as np


def add_norm_forward(x, f, gamma, beta, *, eps=1e-5):
    out, normal = np.zeros_like(x), np.zeros_like(x)
    deviation = np.zeros_like(x[:, :, 0])
    for at in np.ndindex(*x.shape[:2]):
        row = x[at] + f[at]
        centred = row - sum(row) / len(row)
        deviation[at] = math.sqrt(np.dot(centred, centred) / len(row) + eps)
        normal[at] = centred / deviation[at]
        out[at] = beta + gamma * normal[at]
    return out, (normal, deviation, gamma)


def add_norm_backward(dout, cache):
    normal, deviation, gamma = cache
    width = len(gamma)
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    identity = np.eye(width, dtype=dout.dtype)
    for at in np.ndindex(*dout.shape[:2]):
        jacobian = (identity - (1 + np.outer(normal[at], normal[at])) / width) / deviation[at]
        dx[at] = jacobian @ (gamma * dout[at])
        dgamma += normal[at] * dout[at]
        dbeta += dout[at]
    return dx, dx.copy(), dgamma, dbeta
""",
    ),
    Variant(
        "add_norm",
        "graph_node_by_node",
        source="""
import numpy as np


def add_norm_forward(x, f, gamma, beta, *, eps=1e-5):
    total = np.add(x, f)
    centred = total - np.einsum("nte->nt", total)[..., None] / total.shape[2]
    variance = np.mean(np.square(centred), axis=2, keepdims=True)
    root = np.sqrt(variance + eps)
    return gamma * (centred / root) + beta, (centred, root, gamma)


def add_norm_backward(dout, cache):
    centred, root, gamma = cache
    width = centred.shape[2]
    dnormal = dout * gamma
    dcentred = dnormal / root
    droot = -(dnormal * centred).sum(axis=2, keepdims=True) / root**2
    dvariance = droot / (2 * root)
    dcentred = dcentred + 2 * centred * dvariance / width
    dtotal = dcentred - dcentred.sum(axis=2, keepdims=True) / width
    return dtotal, dtotal, np.einsum("nte,nte->e", dout, centred / root), np.einsum("nte->e", dout)
""",
    ),
    Variant(
        "add_norm",
        "closure",
        source=CLOSURES
        + """

def add_norm_forward(x, f, gamma, beta, *, eps=1e-5):
    return layer_norm(x + f, gamma, beta, eps)


def add_norm_backward(dout, cache):
    dsum, dgamma, dbeta = cache(dout)
    return dsum, dsum, dgamma, dbeta
""",
    ),
    Variant(
        "pre_norm_ffn",
        "tape",
        source=TAPED
        + """

def pre_norm_ffn_forward(x, gamma, beta, w1, b1, w2, b2, *, eps=1e-5):
    inputs = [Node(array) for array in (x, gamma, beta, w1, b1, w2, b2)]
    x, gamma, beta, *ffn = inputs
    return answer(x + feed_forward(norm(x, gamma, beta, eps), *ffn), inputs)


def pre_norm_ffn_backward(dout, cache):
    out, inputs = cache
    return play_back([(out, dout)], inputs)
""",
    ),
    Variant(
        "pre_norm_ffn",
        "closures",
        source=CLOSURES
        + """

def pre_norm_ffn_forward(x, gamma, beta, w1, b1, w2, b2, *, eps=1e-5):
    normed, norm_back = layer_norm(x, gamma, beta, eps)
    out, ffn_back = feed_forward(normed, w1, b1, w2, b2)
    out += x
    return out, (norm_back, ffn_back)


def pre_norm_ffn_backward(dout, cache):
    norm_back, ffn_back = cache
    dnormed, *dffn = ffn_back(dout)
    dx, dgamma, dbeta = norm_back(dnormed)
    dx += dout
    return dx, dgamma, dbeta, *dffn
""",
    ),
    Variant(
        "pre_norm_ffn",
        "row_by_row",
        source="""
import numpy as np


def pre_norm_ffn_forward(x, gamma, beta, w1, b1, w2, b2, *, eps=1e-5):
    out, saved = np.empty_like(x), {}
    for at in np.ndindex(*x.shape[:2]):
        centred = x[at] - x[at].mean()
        inverse = (np.mean(centred**2) + eps) ** -0.5
        normed = gamma * (centred * inverse) + beta
        hidden = np.maximum(0, normed @ w1 + b1)
        out[at] = x[at] + hidden @ w2 + b2
        saved[at] = centred * inverse, inverse, normed, hidden
    return out, (saved, x, gamma, beta, w1, b1, w2, b2)


def pre_norm_ffn_backward(dout, cache):
    saved, *arrays = cache
    dx, dgamma, dbeta, dw1, db1, dw2, db2 = map(np.zeros_like, arrays)
    _, gamma, _, w1, _, w2, _ = arrays
    for at, (normal, inverse, normed, hidden) in saved.items():
        d = dout[at]
        dw2 += np.outer(hidden, d)
        db2 += d
        dhidden = (w2 @ d) * (hidden > 0)
        dw1 += np.outer(normed, dhidden)
        db1 += dhidden
        dnormed = w1 @ dhidden
        dgamma += dnormed * normal
        dbeta += dnormed
        g = dnormed * gamma
        dx[at] = d + inverse * (g - g.mean() - normal * (g * normal).mean())
    return dx, dgamma, dbeta, dw1, db1, dw2, db2
""",
    ),
)

LAYERS = (
    Variant(
        "encoder_layer",
        "tape",
        source=TAPED
        + """

def encoder_layer_forward(x, mask, params, *, heads=2):
    inputs = [Node(array) for array in (x, *params)]
    return answer(encode(inputs[0], mask, inputs[1:], heads), inputs)


def encoder_layer_backward(dout, cache):
    out, inputs = cache
    dx, *dparams = play_back([(out, dout)], inputs)
    return dx, dparams
""",
    ),
    Variant(
        "encoder_layer",
        "closures",
        source=CLOSURES
        + """

def encoder_layer_forward(x, mask, params, *, heads=2):
    return encoder(x, mask, params, heads)


def encoder_layer_backward(dout, cache):
    return cache(dout)
""",
    ),
    Variant(
        "encoder_layer",
        "sample_by_sample",
        source=CLOSURES
        + """

def encoder_layer_forward(x, mask, params, *, heads=2):
    out, backs = np.empty_like(x), []
    for n in range(len(x)):
        own, back = encoder(x[n : n + 1], mask[n : n + 1], params, heads)
        out[n] = own[0]
        backs.append(back)
    return out, (backs, params)


def encoder_layer_backward(dout, cache):
    backs, params = cache
    dx, dparams = np.zeros_like(dout), [np.zeros_like(p) for p in params]
    for n, back in enumerate(backs):
        own, grads = back(dout[n : n + 1])
        dx[n] = own[0]
        for total, grad in zip(dparams, grads):
            total += grad
    return dx, dparams
""",
    ),
    Variant(
        "decoder_layer",
        "tape",
        source=TAPED
        + """

def decoder_layer_forward(y, memory, mask, memory_mask, params, *, heads=2):
    inputs = [Node(array) for array in (y, memory, *params)]
    return answer(decode(inputs[0], inputs[1], mask, memory_mask, inputs[2:], heads), inputs)


def decoder_layer_backward(dout, cache):
    out, inputs = cache
    dy, dmemory, *dparams = play_back([(out, dout)], inputs)
    return dy, dmemory, dparams
""",
    ),
    Variant(
        "decoder_layer",
        "closures",
        source=CLOSURES
        + """

def decoder_layer_forward(y, memory, mask, memory_mask, params, *, heads=2):
    return decoder(y, memory, mask, memory_mask, params, heads)


def decoder_layer_backward(dout, cache):
    return cache(dout)
""",
    ),
    Variant(
        "decoder_layer",
        "in_float64",
        source=CLOSURES
        + """

def decoder_layer_forward(y, memory, mask, memory_mask, params, *, heads=2):
    wide = [array.astype(np.float64) for array in params]
    out, back = decoder(np.float64(y), np.float64(memory), mask, memory_mask, wide, heads)
    return out.astype(y.dtype), {"back": back, "dtype": y.dtype}


def decoder_layer_backward(dout, cache):
    dy, dmemory, grads = cache["back"](dout.astype(np.float64))
    dy, dmemory, *grads = (grad.astype(cache["dtype"]) for grad in (dy, dmemory, *grads))
    return dy, dmemory, grads
""",
    ),
)

PLACES = """

def places(steps, width, dtype):
    j = np.arange(width)
    angles = np.arange(steps)[:, None] / 10000.0 ** (j // 2 * 2 / width)
    return np.where(j % 2 == 0, np.sin(angles), np.cos(angles)).astype(dtype)
"""
TRANSFORMER = (
    Variant(
        "transformer",
        "tape",
        source=TAPED
        + PLACES
        + """

def transformer_forward(source, target, source_lengths, params, *, heads=2):
    inputs = [Node(array) for array in params]
    width, layers = params[0].shape[1], (len(params) - 4) // 30

    def embedded(tokens, table):
        return times(table[tokens], width**0.5) + Node(places(tokens.shape[1], width, params[0].dtype))

    x, y = embedded(source, inputs[0]), embedded(target, inputs[1])
    mask = (np.arange(source.shape[1]) < source_lengths[:, None])[:, None]
    causal = np.tri(target.shape[1], dtype=bool)[None]
    for layer in range(layers):
        x = encode(x, mask, inputs[2 + 12 * layer : 14 + 12 * layer], heads)
    for layer in range(layers):
        first = 2 + 12 * layers + 18 * layer
        y = decode(y, x, causal, mask, inputs[first : first + 18], heads)
    return answer(y @ inputs[-2] + inputs[-1], inputs)


def transformer_backward(dscores, cache):
    out, inputs = cache
    return list(play_back([(out, dscores)], inputs))
""",
    ),
    Variant(
        "transformer",
        "closures",
        source=CLOSURES
        + PLACES
        + """

def embed(tokens, table):
    scale = math.sqrt(table.shape[1])

    def back(dout):
        dtable = np.zeros_like(table)
        np.add.at(dtable, tokens, dout * scale)
        return dtable

    return table[tokens] * scale + places(tokens.shape[1], table.shape[1], table.dtype), back


def transformer_forward(source, target, source_lengths, params, *, heads=2):
    layers = (len(params) - 4) // 30
    queue = list(params[2:-2])
    x, source_back = embed(source, params[0])
    y, target_back = embed(target, params[1])
    keys = np.arange(source.shape[1]) < source_lengths[:, None]
    own = np.repeat(keys[:, None], source.shape[1], axis=1)
    cross = np.repeat(keys[:, None], target.shape[1], axis=1)
    causal = np.broadcast_to(np.tri(target.shape[1], dtype=bool), (*target.shape, target.shape[1]))
    encoders, decoders = [], []
    for _ in range(layers):
        x, back = encoder(x, own, [queue.pop(0) for _ in range(12)], heads)
        encoders.append(back)
    for _ in range(layers):
        y, back = decoder(y, x, causal, cross, [queue.pop(0) for _ in range(18)], heads)
        decoders.append(back)
    out, out_back = linear(y, params[-2])

    def back(dscores):
        dy, dw = out_back(dscores)
        grads, dmemory = [dw, dscores.sum(axis=1).sum(axis=0)], 0
        for decoder_back in reversed(decoders):
            dy, own_memory, own = decoder_back(dy)
            dmemory, grads = dmemory + own_memory, own + grads
        for encoder_back in reversed(encoders):
            dmemory, own = encoder_back(dmemory)
            grads = own + grads
        return [source_back(dmemory), target_back(dy), *grads]

    return out + params[-1], back


def transformer_backward(dscores, cache):
    return cache(dscores)
""",
    ),
)

TOKEN_LOSSES = (
    Variant(
        "next_token_loss",
        "shifted_slices",
        source="""
import numpy as np


def next_token_loss_forward(scores, tokens):
    z, following = scores[:, :-1], tokens[:, 1:, None]
    log_probs = z - np.logaddexp.reduce(z, axis=2, keepdims=True)
    return -np.take_along_axis(log_probs, following, axis=2).mean(), (log_probs, following)


def next_token_loss_backward(dloss, cache):
    log_probs, following = cache
    samples, steps, words = log_probs.shape
    dscores = np.zeros_like(log_probs, shape=(samples, steps + 1, words))
    inner = np.exp(log_probs)
    np.put_along_axis(inner, following, np.take_along_axis(inner, following, axis=2) - 1, axis=2)
    dscores[:, :-1] = inner * dloss / following.size
    return dscores
""",
    ),
    Variant(
        "next_token_loss",
        "token_by_token",
        source="""
import numpy as np


def next_token_loss_forward(scores, tokens):
    samples, steps = tokens.shape
    total, slopes = 0, np.zeros_like(scores)
    for n in range(samples):
        for t in range(1, steps):
            z = scores[n, t - 1] - max(scores[n, t - 1])
            e = np.exp(z)
            total += np.log(sum(e)) - z[tokens[n, t]]
            slopes[n, t - 1] = e / sum(e)
            slopes[n, t - 1, tokens[n, t]] -= 1
    count = samples * (steps - 1)
    return total / count, slopes / count


def next_token_loss_backward(dloss, cache):
    return np.multiply(dloss, cache)
""",
    ),
    Variant(
        "next_token_loss",
        "one_hot_einsum",
        source="""
import numpy as np


def next_token_loss_forward(scores, tokens):
    samples, steps, words = scores.shape
    wanted = np.eye(words, dtype=scores.dtype)[tokens][:, 1:]
    z = scores[:, :-1] - scores[:, :-1].max(axis=2, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=2)
    loss = (np.log(total).sum() - np.einsum("ntv,ntv->", z, wanted)) / wanted[:, :, 0].size
    return loss, (e / total[:, :, None] - wanted, samples * (steps - 1))


def next_token_loss_backward(dloss, cache):
    slopes, count = cache
    return np.pad(slopes * (dloss / count), ((0, 0), (0, 1), (0, 0)))
""",
    ),
    Variant(
        "cloze_loss",
        "only_what_is_covered",
        source="""
import numpy as np


def cloze_loss_forward(scores, tokens, covered):
    z, wanted = scores[covered], tokens[covered]
    if len(wanted) == 0:
        return scores.dtype.type(0), (None, wanted, covered, scores)
    log_probs = z - np.logaddexp.reduce(z, axis=1)[:, None]
    return -log_probs[np.arange(len(wanted)), wanted].mean(), (log_probs, wanted, covered, scores)


def cloze_loss_backward(dloss, cache):
    log_probs, wanted, covered, scores = cache
    dscores = np.zeros_like(scores)
    if len(wanted):
        inner = np.exp(log_probs)
        inner[np.arange(len(wanted)), wanted] -= 1
        dscores[covered] = inner * dloss / len(wanted)
    return dscores
""",
    ),
    Variant(
        "cloze_loss",
        "token_by_token",
        source="""
import math

import numpy as np


def cloze_loss_forward(scores, tokens, covered):
    places = list(zip(*np.nonzero(covered)))
    losses, slopes = [], np.zeros_like(scores)
    for n, t in places:
        z = scores[n, t].astype(float)
        top = z.max()
        lse = top + math.log(math.fsum(math.exp(value - top) for value in z))
        losses.append(lse - z[tokens[n, t]])
        slopes[n, t] = np.exp(z - lse) / len(places)
        slopes[n, t, tokens[n, t]] -= 1 / len(places)
    return np.array(sum(losses) / max(len(losses), 1), dtype=scores.dtype), slopes


def cloze_loss_backward(dloss, cache):
    return cache * dloss
""",
    ),
    Variant(
        "cloze_loss",
        "weights_everywhere",
        source="""
import numpy as np


def cloze_loss_forward(scores, tokens, covered):
    words = np.arange(scores.shape[2])
    wanted = (tokens[:, :, None] == words).astype(scores.dtype)
    weights = covered.astype(scores.dtype) / max(1, int(covered.sum()))
    shifted = scores - np.amax(scores, axis=-1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=-1))
    losses = log_total - (shifted * wanted).sum(axis=-1)
    return np.vdot(weights, losses), (shifted, log_total, wanted, weights)


def cloze_loss_backward(dloss, cache):
    shifted, log_total, wanted, weights = cache
    return dloss * np.einsum("nt,ntv->ntv", weights, np.exp(shifted - log_total[..., None]) - wanted)
""",
    ),
)

WHEATS = (
    *ATTENTION,
    *MASKS,
    *HEADS,
    *MULTI_HEAD,
    *POSITIONS,
    *FFN,
    *ADD_NORM,
    *LAYERS,
    *TRANSFORMER,
    *TOKEN_LOSSES,
)
