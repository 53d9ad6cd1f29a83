"""Unit 11: models of sequences, written other ways."""

from graders.misconceptions.variant import Variant
from graders.wheats.recurrent import TAPE

EMBEDDING = (
    Variant(
        "embedding",
        "added_at",
        source="""
import numpy as np


def embedding_forward(tokens, table):
    return table[tokens], (tokens, table)


def embedding_backward(dout, cache):
    tokens, table = cache
    dtable = np.zeros_like(table)
    np.add.at(dtable, tokens, dout)
    return dtable
""",
    ),
    Variant(
        "embedding",
        "word_by_word",
        source="""
import numpy as np


def embedding_forward(tokens, table):
    out = np.zeros((*tokens.shape, table.shape[1]), dtype=table.dtype)
    for n, sentence in enumerate(tokens):
        for t, word in enumerate(sentence):
            out[n, t] = table[word]
    return out, {"tokens": tokens.tolist(), "words": len(table)}


def embedding_backward(dout, cache):
    dtable = [np.zeros_like(dout, shape=dout.shape[2]) for _ in range(cache["words"])]
    for sentence, upstream in zip(cache["tokens"], dout):
        for word, d in zip(sentence, upstream):
            dtable[word] = dtable[word] + d
    return np.stack(dtable)
""",
    ),
    Variant(
        "embedding",
        "one_hot_einsum",
        source="""
import numpy as np


def embedding_forward(tokens, table):
    chosen = np.eye(len(table), dtype=table.dtype)[tokens]
    return np.einsum("ntv,ve->nte", chosen, table), chosen


def embedding_backward(dout, cache):
    return np.einsum("ntv,nte->ve", cache, dout)
""",
    ),
    Variant(
        "embedding",
        "masked_sums",
        source="""
import numpy as np


def embedding_forward(tokens, table):
    return np.take(table, tokens, axis=0), (tokens, table.shape[0])


def embedding_backward(dout, cache):
    tokens, words = cache
    return np.stack([dout[tokens == word].sum(axis=0) for word in range(words)])
""",
    ),
    Variant(
        "embedding",
        "counted_by_column",
        source="""
import numpy as np


def embedding_forward(tokens, table):
    return table[tokens.ravel()].reshape(*tokens.shape, table.shape[1]), (tokens.ravel(), table.shape)


def embedding_backward(dout, cache):
    tokens, (words, width) = cache
    columns = [np.bincount(tokens, dout[..., e].ravel(), minlength=words) for e in range(width)]
    return np.stack(columns, axis=1).astype(dout.dtype)
""",
    ),
)

TIME_DISTRIBUTED = (
    Variant(
        "time_distributed",
        "tensordot",
        source="""
import numpy as np


def time_distributed_forward(x, w, b):
    return np.tensordot(x, w, axes=([2], [0])) + b, (x, w)


def time_distributed_backward(dout, cache):
    x, w = cache
    dw = np.tensordot(x, dout, axes=([0, 1], [0, 1]))
    return np.tensordot(dout, w, axes=([2], [1])), dw, dout.sum(axis=1).sum(axis=0)
""",
    ),
    Variant(
        "time_distributed",
        "step_by_step",
        source="""
import numpy as np


def time_distributed_forward(x, w, b):
    out = np.zeros((x.shape[0], x.shape[1], w.shape[1]), dtype=x.dtype)
    for t in range(x.shape[1]):
        out[:, t] = x[:, t].dot(w) + b
    return out, (x, w)


def time_distributed_backward(dout, cache):
    x, w = cache
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(w[0])
    for t in reversed(range(x.shape[1])):
        dx[:, t] = dout[:, t].dot(w.T)
        dw += x[:, t].T.dot(dout[:, t])
        db += dout[:, t].sum(axis=0)
    return dx, dw, db
""",
    ),
    Variant(
        "time_distributed",
        "batched_outer_products",
        source="""
import numpy as np


def time_distributed_forward(x, w, b):
    out = (x[:, :, None, :] @ w)[:, :, 0]
    out += b
    return out, [x, w]


def time_distributed_backward(dout, cache):
    x, w = cache
    outer = x[..., :, None] * dout[..., None, :]
    return (w @ dout[..., None])[..., 0], outer.sum(axis=(0, 1)), np.einsum("ntm->m", dout)
""",
    ),
    Variant(
        "time_distributed",
        "ones_for_the_bias",
        source="""
import numpy as np


def time_distributed_forward(x, w, b):
    padded = np.concatenate([x, np.ones_like(x[:, :, :1]) if x.shape[2] else x], axis=2)
    return np.einsum("ntd,dm->ntm", padded, np.vstack([w, b])), (padded, w)


def time_distributed_backward(dout, cache):
    padded, w = cache
    both = np.einsum("ntd,ntm->dm", padded, dout)
    return np.einsum("ntm,dm->ntd", dout, w), both[:-1], both[-1]
""",
    ),
)

STACKED = (
    Variant(
        "stacked_srn",
        "tape",
        source=TAPE
        + """

def stacked_srn_forward(x, h0, wx, wh, b):
    layers = len(wx)
    inputs = [Node(array) for array in (x, h0, *wx, *wh, *b)]
    x, h0, *params = inputs
    sequence = [x[:, t] for t in range(x.value.shape[1])]
    for layer in range(layers):
        own, h, states = params[layer::layers], h0, []
        for below in sequence:
            h = tanh(below @ own[0] + h @ own[1] + own[2])
            states.append(h)
        sequence = states
    out = over_time(sequence)
    return out.value, (out, inputs, layers)


def stacked_srn_backward(dh, cache):
    out, inputs, layers = cache
    dx, dh0, *grads = play_back([(out, dh)], inputs)
    return dx, dh0, grads[:layers], grads[layers : 2 * layers], grads[2 * layers :]
""",
    ),
    Variant(
        "stacked_srn",
        "all_layers_at_each_step",
        source="""
import numpy as np


def stacked_srn_forward(x, h0, wx, wh, b):
    layers, (samples, steps, _) = len(wx), x.shape
    h = np.zeros((layers, steps + 1, *h0.shape), x.dtype)
    h[:, 0] = h0
    for t in range(1, steps + 1):
        below = x[:, t - 1]
        for k in range(layers):
            below = h[k, t] = np.tanh(below @ wx[k] + h[k, t - 1] @ wh[k] + b[k])
    return h[-1, 1:].transpose(1, 0, 2).copy(), (x, wx, wh, h)


def stacked_srn_backward(dh, cache):
    x, wx, wh, h = cache
    layers, steps = h.shape[0], x.shape[1]
    dx = np.zeros_like(x)
    dwx, dwh = [np.zeros_like(w) for w in wx], [np.zeros_like(w) for w in wh]
    db = [np.zeros_like(w[0]) for w in wh]
    back = [np.zeros_like(h[0, 0]) for _ in range(layers)]
    for t in range(steps, 0, -1):
        above = dh[:, t - 1]
        for k in reversed(range(layers)):
            dz = (above + back[k]) * (1 - h[k, t] ** 2)
            below = h[k - 1, t] if k else x[:, t - 1]
            dwx[k] += below.T @ dz
            dwh[k] += h[k, t - 1].T @ dz
            db[k] += dz.sum(axis=0)
            back[k] = dz @ wh[k].T
            above = dz @ wx[k].T
        dx[:, t - 1] = above
    return dx, sum(back), dwx, dwh, db
""",
    ),
    Variant(
        "stacked_srn",
        "layer_objects",
        source="""
import numpy as np


class Layer:
    def __init__(self, wx, wh, b):
        self.wx, self.wh, self.b = wx, wh, b

    def forward(self, x, h0):
        self.x, self.h = x, [h0]
        for t in range(x.shape[1]):
            self.h.append(np.tanh(np.einsum("nd,dh->nh", x[:, t], self.wx) + self.h[t] @ self.wh + self.b))
        return np.stack(self.h[1:], axis=1)

    def backward(self, dh):
        back, dz = 0, np.zeros_like(dh)
        for t in reversed(range(dh.shape[1])):
            dz[:, t] = (dh[:, t] + back) * (1 - self.h[t + 1]) * (1 + self.h[t + 1])
            back = dz[:, t] @ self.wh.T
        before = np.stack(self.h[:-1], axis=1)
        dwx, dwh = (np.einsum("ntd,nth->dh", left, dz) for left in (self.x, before))
        return dz @ self.wx.T, back, dwx, dwh, dz.sum(axis=(0, 1))


def stacked_srn_forward(x, h0, wx, wh, b):
    layers = [Layer(*weights) for weights in zip(wx, wh, b)]
    for layer in layers:
        x = layer.forward(x, h0)
    return x, layers


def stacked_srn_backward(dh, cache):
    total, grads = 0, {"wx": [], "wh": [], "b": []}
    for layer in cache[::-1]:
        dh, dh0, *own = layer.backward(dh)
        total = total + dh0
        for name, grad in zip(grads, own):
            grads[name].append(grad)
    return dh, total, *(list(reversed(grads[name])) for name in grads)
""",
    ),
)

BIDIRECTIONAL = (
    Variant(
        "bidirectional_srn",
        "tape",
        source=TAPE
        + """

def bidirectional_srn_forward(*arrays):
    inputs = [Node(array) for array in arrays]
    x, h, wx, wh, b, g, wx_back, wh_back, b_back = inputs
    steps, units = x.value.shape[1], wh.value.shape[0]
    ahead, back = [], []
    for t in range(steps):
        h = tanh(x[:, t] @ wx + h @ wh + b)
        ahead.append(h)
    for t in reversed(range(steps)):
        g = tanh(x[:, t] @ wx_back + g @ wh_back + b_back)
        back.insert(0, g)
    outs = over_time(ahead), over_time(back)
    return np.concatenate([out.value for out in outs], axis=2), (outs, inputs)


def bidirectional_srn_backward(dh, cache):
    (ahead, back), inputs = cache
    half = ahead.value.shape[2]
    return play_back([(ahead, dh[:, :, :half]), (back, dh[:, :, half:])], inputs)
""",
    ),
    Variant(
        "bidirectional_srn",
        "one_loop_two_directions",
        source="""
import numpy as np


def bidirectional_srn_forward(x, h0, wx, wh, b, h0_back, wx_back, wh_back, b_back):
    samples, steps, _ = x.shape
    params = [(wx, wh, b), (wx_back, wh_back, b_back)]
    h = np.zeros((2, steps, samples, len(wh)), dtype=x.dtype)
    state = [h0, h0_back]
    for k in range(steps):
        for way, t in enumerate((k, steps - 1 - k)):
            u, w, shift = params[way]
            state[way] = h[way, t] = np.tanh(x[:, t] @ u + state[way] @ w + shift)
    out = np.moveaxis(h, (2, 1, 0), (0, 1, 2)).reshape(samples, steps, 2 * len(wh))
    return out, (x, (h0, h0_back), params, h)


def bidirectional_srn_backward(dh, cache):
    x, starts, params, h = cache
    steps, units = x.shape[1], h.shape[3]
    dx, grads = np.zeros_like(x), []
    for way in (0, 1):
        order = list(range(steps)) if way == 0 else list(range(steps))[::-1]
        u, w, shift = params[way]
        du, dw, dshift = np.zeros_like(u), np.zeros_like(w), np.zeros_like(shift)
        back = np.zeros_like(starts[way])
        for place in reversed(range(steps)):
            t = order[place]
            before = h[way, order[place - 1]] if place else starts[way]
            dz = (dh[:, t, way * units : (way + 1) * units] + back) * (1 - h[way, t] ** 2)
            dx[:, t] += dz @ u.T
            du += x[:, t].T @ dz
            dw += before.T @ dz
            dshift += dz.sum(axis=0)
            back = dz @ w.T
        grads += [back, du, dw, dshift]
    return dx, *grads
""",
    ),
    Variant(
        "bidirectional_srn",
        "sample_by_sample",
        source="""
import numpy as np


def walk(x, h0, wx, wh, b):
    states = [h0]
    for inputs in x:
        states.append(np.tanh(wx.T @ inputs + wh.T @ states[-1] + b))
    return np.array(states)


def walk_back(dh, x, h, wx, wh):
    dz, back = np.zeros_like(dh), np.zeros_like(h[0])
    for t in range(len(x) - 1, -1, -1):
        dz[t] = (dh[t] + back) * (1 - h[t + 1] ** 2)
        back = wh @ dz[t]
    return dz @ wx.T, back, x.T @ dz, h[:-1].T @ dz, dz.sum(axis=0)


def bidirectional_srn_forward(x, h0, wx, wh, b, h0_back, wx_back, wh_back, b_back):
    out = np.zeros_like(x, shape=(*x.shape[:2], len(b) + len(b_back)))
    runs = []
    for n in range(len(x)):
        runs.append((walk(x[n], h0[n], wx, wh, b), walk(x[n, ::-1], h0_back[n], wx_back, wh_back, b_back)))
        out[n] = np.column_stack([runs[n][0][1:], runs[n][1][:0:-1]])
    return out, (x, runs, (h0, wx, wh, b), (h0_back, wx_back, wh_back, b_back))


def bidirectional_srn_backward(dh, cache):
    x, runs, ahead, back = cache
    dx = np.zeros_like(x)
    grads = [np.zeros_like(a) for a in (*ahead, *back)]
    half = ahead[1].shape[1]
    for n, (h, g) in enumerate(runs):
        forwards = walk_back(dh[n, :, :half], x[n], h, ahead[1], ahead[2])
        backwards = walk_back(dh[n, ::-1, half:], x[n, ::-1], g, back[1], back[2])
        dx[n] = forwards[0] + backwards[0][::-1]
        for first, own in ((0, forwards), (4, backwards)):
            grads[first][n] = own[1]
            for k in (1, 2, 3):
                grads[first + k] += own[k + 1]
    return dx, *grads
""",
    ),
)

SEQ2SEQ = (
    Variant(
        "seq2seq",
        "tape",
        source=TAPE
        + """

def seq2seq_forward(*arrays):
    inputs = [Node(array) for array in arrays]
    x, y, wx, wh, b, wy, wh_out, b_out, v, c = inputs
    h = Node(np.zeros((x.value.shape[0], wh.value.shape[0]), x.value.dtype))
    for t in range(x.value.shape[1]):
        h = tanh(x[:, t] @ wx + h @ wh + b)
    scores = []
    for t in range(y.value.shape[1]):
        h = tanh(y[:, t] @ wy + h @ wh_out + b_out)
        scores.append(h @ v + c)
    out = over_time(scores)
    return out.value, (out, inputs)


def seq2seq_backward(dscores, cache):
    out, inputs = cache
    return play_back([(out, dscores)], inputs)
""",
    ),
    Variant(
        "seq2seq",
        "one_long_sequence",
        source="""
import numpy as np


def seq2seq_forward(x, y, wx, wh, b, wy, wh_out, b_out, v, c):
    steps = [(step, wx, wh, b) for step in x.swapaxes(0, 1)] + [(step, wy, wh_out, b_out) for step in y.swapaxes(0, 1)]
    h = [np.zeros_like(x, shape=(len(x), len(wh)))]
    for inputs, u, w, shift in steps:
        h.append(np.tanh(inputs @ u + h[-1] @ w + shift))
    decoded = np.stack(h[x.shape[1] + 1 :], axis=1)
    return np.einsum("nth,hm->ntm", decoded, v) + c, (x, y, steps, h, decoded, v)


def seq2seq_backward(dscores, cache):
    x, y, steps, h, decoded, v = cache
    source = x.shape[1]
    dv = np.einsum("nth,ntm->hm", decoded, dscores)
    grads = {True: [0, 0, 0], False: [0, 0, 0]}
    dinputs, back = [], np.zeros_like(h[0])
    for k in range(len(steps) - 1, -1, -1):
        inputs, u, w, _ = steps[k]
        decoding = k >= source
        if decoding:
            back = back + dscores[:, k - source] @ v.T
        dz = back * (1 - h[k + 1] ** 2)
        own = inputs.T @ dz, h[k].T @ dz, dz.sum(axis=0)
        grads[decoding] = [total + grad for total, grad in zip(grads[decoding], own)]
        dinputs.insert(0, dz @ u.T)
        back = dz @ w.T
    dx, dy = np.stack(dinputs[:source], axis=1), np.stack(dinputs[source:], axis=1)
    return dx, dy, *grads[False], *grads[True], dv, dscores.sum(axis=(0, 1))
""",
    ),
    Variant(
        "seq2seq",
        "sample_by_sample",
        source="""
import numpy as np


def states_of(x, h, wx, wh, b):
    states = [h]
    for t in range(len(x)):
        h = np.tanh(x[t] @ wx + h @ wh + b)
        states.append(h)
    return np.stack(states)


def back_through(dh, x, states, wx, wh):
    deltas, back = [], np.zeros_like(states[0])
    for t in reversed(range(len(x))):
        delta = (dh[t] + back) * (1 - states[t + 1] ** 2)
        back = delta @ wh.T
        deltas = [delta, *deltas]
    deltas = np.stack(deltas)
    return deltas @ wx.T, back, np.einsum("td,th->dh", x, deltas), np.einsum("tj,th->jh", states[:-1], deltas), deltas


def seq2seq_forward(x, y, wx, wh, b, wy, wh_out, b_out, v, c):
    scores, trace = np.empty((len(y), y.shape[1], len(c)), dtype=y.dtype), []
    for n in range(len(x)):
        encoded = states_of(x[n], np.zeros_like(b), wx, wh, b)
        decoded = states_of(y[n], encoded[-1], wy, wh_out, b_out)
        scores[n] = decoded[1:] @ v + c
        trace.append((encoded, decoded))
    return scores, (trace, x, y, wx, wh, b, wy, wh_out, b_out, v, c)


def seq2seq_backward(dscores, cache):
    trace, *arrays = cache
    x, y, wx, wh, b, wy, wh_out, b_out, v, c = arrays
    dx, dy, dwx, dwh, db, dwy, dwh_out, db_out, dv, dc = (np.zeros_like(array) for array in arrays)
    for n, (encoded, decoded) in enumerate(trace):
        dv += decoded[1:].T @ dscores[n]
        dc += dscores[n].sum(axis=0)
        dy[n], last, own_x, own_h, deltas = back_through(dscores[n] @ v.T, y[n], decoded, wy, wh_out)
        dwy += own_x
        dwh_out += own_h
        db_out += deltas.sum(axis=0)
        dencoded = np.zeros_like(encoded[1:])
        dencoded[-1] = last
        dx[n], _, own_x, own_h, deltas = back_through(dencoded, x[n], encoded, wx, wh)
        dwx += own_x
        dwh += own_h
        db += deltas.sum(axis=0)
    return dx, dy, dwx, dwh, db, dwy, dwh_out, db_out, dv, dc
""",
    ),
)

TEXT = (
    Variant(
        "build_vocabulary",
        "numpy_unique",
        source="""
import numpy as np


def build_vocabulary(codes):
    return np.unique(codes, return_inverse=True)
""",
    ),
    Variant(
        "build_vocabulary",
        "dictionary",
        source="""
import numpy as np


def build_vocabulary(codes):
    characters = sorted(set(codes.tolist()))
    number = {character: index for index, character in enumerate(characters)}
    return np.array(characters), np.array([number[code] for code in codes.tolist()])
""",
    ),
    Variant(
        "build_vocabulary",
        "counts_of_smaller_ones",
        source="""
import numpy as np


def build_vocabulary(codes):
    present = np.zeros(codes.max() + 1, dtype=bool)
    present[codes] = True
    rank = np.cumsum(present) - 1
    return np.flatnonzero(present), rank[codes]
""",
    ),
    Variant(
        "build_vocabulary",
        "binary_search",
        source="""
import numpy as np


def build_vocabulary(codes):
    ordered = np.sort(codes)
    alphabet = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    return alphabet, np.searchsorted(alphabet, codes)
""",
    ),
    Variant(
        "text_windows",
        "sliding_window_view",
        source="""
import numpy as np


def text_windows(tokens, *, window):
    return np.lib.stride_tricks.sliding_window_view(tokens, window)[:-1], tokens[window:]
""",
    ),
    Variant(
        "text_windows",
        "list_of_slices",
        source="""
import numpy as np


def text_windows(tokens, *, window):
    x, y = [], []
    for i in range(len(tokens) - window):
        x.append(tokens[i : i + window])
        y.append(tokens[i + window])
    return np.array(x), np.array(y)
""",
    ),
    Variant(
        "text_windows",
        "shifted_columns",
        source="""
import numpy as np


def text_windows(tokens, *, window):
    count = tokens.size - window
    return np.stack([tokens[k : k + count] for k in range(window)], axis=1), tokens[-count:]
""",
    ),
    Variant(
        "text_windows",
        "as_strided",
        source="""
import numpy as np


def text_windows(tokens, *, window):
    (step,), count = tokens.strides, len(tokens) - window
    every = np.lib.stride_tricks.as_strided(tokens, (count, window + 1), (step, step), writeable=False)
    return every[:, :-1].copy(), every[:, -1].copy()
""",
    ),
)

# An LSTM over what its input part has added to the scores: z is (N, T, 4H), wx has been applied.
SCORED_LSTM = """
import numpy as np


def s(z):
    return (1 + np.tanh(z / 2)) / 2


def lstm_over(z, wh):
    samples, steps, width = z.shape
    h = c = np.zeros_like(z, shape=(samples, width // 4))
    trace = []
    for t in range(steps):
        i, f, g, o = np.split(z[:, t] + h @ wh, 4, axis=1)
        i, f, g, o = s(i), s(f), np.tanh(g), s(o)
        before = h, c
        c = f * c + i * g
        h = o * np.tanh(c)
        trace.append((*before, i, f, g, o, np.tanh(c), h))
    return np.stack([step[-1] for step in trace], axis=1), trace


def lstm_back(dh, wh, trace):
    dz, dwh = [], np.zeros_like(wh)
    back, dc = np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0])
    for t in range(len(trace) - 1, -1, -1):
        h, c, i, f, g, o, a, _ = trace[t]
        d = dh[:, t] + back
        dc = dc + d * o * (1 - a * a)
        dz.append(np.hstack([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), d * a * o * (1 - o)]))
        dwh += h.T @ dz[-1]
        back, dc = dz[-1] @ wh.T, dc * f
    return np.stack(dz[::-1], axis=1), dwh
"""
TAPED_LSTM = (
    TAPE
    + """

def lstm_layer(sequence, wx, wh, b):
    units = wh.value.shape[0]
    h = c = Node(np.zeros((len(sequence[0].value), units), wh.value.dtype))
    hs = []
    for x in sequence:
        z = x @ wx + h @ wh + b
        i, f, g, o = (z[:, k * units : (k + 1) * units] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        hs.append(h)
    return hs
"""
)

CHAR_MODEL = (
    Variant(
        "char_model",
        "rows_of_wx",
        source=SCORED_LSTM
        + """

def char_model_forward(tokens, wx, wh, b, v, c):
    h, trace = lstm_over(wx[tokens] + b, wh)
    return h[:, -1] @ v + c, (tokens, wx, wh, v, h, trace)


def char_model_backward(dscores, cache):
    tokens, wx, wh, v, h, trace = cache
    dh = np.zeros_like(h)
    dh[:, -1] = dscores @ v.T
    dz, dwh = lstm_back(dh, wh, trace)
    dwx = np.zeros_like(wx)
    np.add.at(dwx, tokens, dz)
    return dwx, dwh, dz.sum(axis=(0, 1)), h[:, -1].T @ dscores, dscores.sum(axis=0)
""",
    ),
    Variant(
        "char_model",
        "tape",
        source=TAPED_LSTM
        + """

def char_model_forward(tokens, wx, wh, b, v, c):
    inputs = [Node(array) for array in (wx, wh, b, v, c)]
    one_hot = np.eye(len(wx), dtype=wx.dtype)
    sequence = [Node(one_hot[column]) for column in tokens.T]
    scores = lstm_layer(sequence, *inputs[:3])[-1] @ inputs[3] + inputs[4]
    return scores.value, (scores, inputs)


def char_model_backward(dscores, cache):
    scores, inputs = cache
    return play_back([(scores, dscores)], inputs)
""",
    ),
    Variant(
        "char_model",
        "sample_by_sample",
        source="""
import numpy as np


def s(z):
    return np.exp(-np.logaddexp(0, -z))


def char_model_forward(tokens, wx, wh, b, v, c):
    scores, traces = np.zeros_like(c, shape=(len(tokens), len(c))), []
    for n, text in enumerate(tokens):
        h = cell = np.zeros_like(wh[:, 0])
        trace = []
        for k in text:
            i, f, g, o = (wx[k] + h @ wh + b).reshape(4, -1)
            i, f, g, o = s(i), s(f), np.tanh(g), s(o)
            trace.append((k, h, cell, i, f, g, o))
            cell = i * g + f * cell
            h = np.tanh(cell) * o
        scores[n] = v.T @ h + c
        traces.append((trace, h, cell))
    return scores, (traces, wx, wh, b, v, c)


def char_model_backward(dscores, cache):
    traces, *params = cache
    wx, wh, b, v, c = params
    dwx, dwh, db, dv, dc = (np.zeros_like(p) for p in params)
    for d, (trace, h, cell) in zip(dscores, traces):
        dv += np.outer(h, d)
        dc += d
        dh, dcell = v @ d, 0
        for k, before, cell_before, i, f, g, o in reversed(trace):
            a = np.tanh(cell)
            dcell = dcell + dh * o * (1 - a * a)
            dz_i, dz_f, dz_g = dcell * g * i * (1 - i), dcell * cell_before * f * (1 - f), dcell * i * (1 - g * g)
            dz = np.stack([dz_i, dz_f, dz_g, dh * a * o * (1 - o)]).ravel()
            dwx[k] += dz
            dwh += np.outer(before, dz)
            db += dz
            dh, dcell, cell = wh @ dz, dcell * f, cell_before
    return dwx, dwh, db, dv, dc
""",
    ),
)

# Scores of the next character after one window; the state starts at zero for each.
NEXT_SCORES = """
import numpy as np


def sigmoid_of(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def next_scores(window, wx, wh, b, v, c):
    h = cell = np.zeros_like(wh[:, 0])
    for token in window:
        i, f, g, o = np.split(wx[token] + h @ wh + b, 4)
        cell = sigmoid_of(f) * cell + sigmoid_of(i) * np.tanh(g)
        h = sigmoid_of(o) * np.tanh(cell)
    return h @ v + c
"""
GENERATE = (
    Variant(
        "generate_text",
        "searchsorted",
        source=NEXT_SCORES
        + """

def generate_text(start, uniforms, wx, wh, b, v, c, *, temperature=1.0):
    window, text = start.copy(), np.empty(len(uniforms), dtype=start.dtype)
    for step, u in enumerate(uniforms):
        z = next_scores(window, wx, wh, b, v, c) / temperature
        weights = np.exp(z - z.max())
        limits = np.cumsum(weights / weights.sum())
        text[step] = min(np.searchsorted(limits, u, side="right"), len(limits) - 1)
        window = np.append(window[1:], text[step])
    return text
""",
    ),
    Variant(
        "generate_text",
        "weights_taken_off",
        source=NEXT_SCORES
        + """

def generate_text(start, uniforms, wx, wh, b, v, c, *, temperature=1.0):
    text = list(start)
    for u in uniforms:
        z = next_scores(text[-len(start) :], wx, wh, b, v, c)
        weights = np.exp((z - max(z)) / temperature)
        left = u * weights.sum()  # nothing is divided
        for number in range(len(weights)):
            left -= weights[number]
            if left < 0:
                break
        text.append(number)
    return np.array(text[len(start) :], dtype=np.int64)
""",
    ),
    Variant(
        "generate_text",
        "first_that_exceeds",
        source=NEXT_SCORES
        + """
from collections import deque


def generate_text(start, uniforms, wx, wh, b, v, c, *, temperature=1.0):
    window, drawn = deque(start.tolist(), maxlen=len(start)), []
    for u in uniforms.tolist():
        z = next_scores(window, wx, wh, b, v, c).astype(np.float64) / temperature
        probs = np.exp(z - np.logaddexp.reduce(z))
        limits = probs.cumsum()
        limits[-1] = np.inf
        drawn.append(int(np.argmax(u < limits)))
        window.append(drawn[-1])
    return np.asarray(drawn, dtype=int)
""",
    ),
)

WORD_MODEL = (
    Variant(
        "word_model",
        "scored_layers",
        source=SCORED_LSTM
        + """

def word_model_forward(tokens, keep, table, wx1, wh1, b1, wx2, wh2, b2, v, c, *, p_drop=0.5):
    x = table[tokens]
    h1, trace1 = lstm_over(x @ wx1 + b1, wh1)
    h2, trace2 = lstm_over(h1 @ wx2 + b2, wh2)
    dropped = np.where(keep, h2, 0) / (1 - p_drop)
    params, runs = (table, wx1, wh1, wx2, wh2, v), (x, trace1, h1, trace2, dropped)
    return dropped @ v + c, dict(params=params, runs=runs, tokens=tokens, keep=keep, q=1 - p_drop)


def word_model_backward(dscores, cache):
    table, wx1, wh1, wx2, wh2, v = cache["params"]
    x, trace1, h1, trace2, dropped = cache["runs"]
    dh2 = np.where(cache["keep"], dscores @ v.T, 0) / cache["q"]
    dz2, dwh2 = lstm_back(dh2, wh2, trace2)
    dz1, dwh1 = lstm_back(dz2 @ wx2.T, wh1, trace1)
    dtable = np.zeros_like(table)
    np.add.at(dtable, cache["tokens"], dz1 @ wx1.T)
    dwx1, dwx2, dv = (np.tensordot(a, d, ((0, 1), (0, 1))) for a, d in ((x, dz1), (h1, dz2), (dropped, dscores)))
    db1, db2, dc = (d.sum(axis=(0, 1)) for d in (dz1, dz2, dscores))
    return dtable, dwx1, dwh1, db1, dwx2, dwh2, db2, dv, dc
""",
    ),
    Variant(
        "word_model",
        "tape",
        source=TAPED_LSTM
        + """

def word_model_forward(tokens, keep, *arrays, p_drop=0.5):
    inputs = [Node(array) for array in arrays]
    table, wx1, wh1, b1, wx2, wh2, b2, v, c = inputs
    h1 = lstm_layer([table[column] for column in tokens.T], wx1, wh1, b1)
    h2 = lstm_layer(h1, wx2, wh2, b2)
    scale = keep.astype(arrays[0].dtype) / (1 - p_drop)
    out = over_time([h * Node(scale[:, t]) @ v + c for t, h in enumerate(h2)])
    return out.value, (out, inputs)


def word_model_backward(dscores, cache):
    out, inputs = cache
    return play_back([(out, dscores)], inputs)
""",
    ),
    Variant(
        "word_model",
        "one_hot_products",
        source=SCORED_LSTM
        + """

def word_model_forward(tokens, keep, table, wx1, wh1, b1, wx2, wh2, b2, v, c, *, p_drop=0.5):
    # The table and wx1 are one matrix to the words: the scores of every word are computed once.
    one_hot = (tokens[..., None] == np.arange(len(table))).astype(table.dtype)
    h1, trace1 = lstm_over(np.einsum("ntv,vk->ntk", one_hot, table @ wx1 + b1), wh1)
    h2, trace2 = lstm_over(np.einsum("nth,hk->ntk", h1, wx2) + b2, wh2)
    scale = np.divide(keep, 1 - p_drop, dtype=h2.dtype)
    cache = (one_hot, table, wx1, wh1, wx2, wh2, v, h1, h2, trace1, trace2, scale)
    return np.einsum("nth,nth,hm->ntm", scale, h2, v) + c, cache


def word_model_backward(dscores, cache):
    one_hot, table, wx1, wh1, wx2, wh2, v, h1, h2, trace1, trace2, scale = cache
    dz2, dwh2 = lstm_back(np.einsum("ntm,hm,nth->nth", dscores, v, scale), wh2, trace2)
    dz1, dwh1 = lstm_back(np.einsum("ntk,hk->nth", dz2, wx2), wh1, trace1)
    dwords = np.einsum("ntv,ntk->vk", one_hot, dz1)
    dv = np.einsum("nth,nth,ntm->hm", scale, h2, dscores)
    dwx2 = np.einsum("nth,ntk->hk", h1, dz2)
    db2, dc = np.einsum("ntk->k", dz2), np.einsum("ntm->m", dscores)
    return dwords @ wx1.T, table.T @ dwords, dwh1, dwords.sum(axis=0), dwx2, dwh2, db2, dv, dc
""",
    ),
)

COLLAPSE = (
    Variant(
        "ctc_collapse",
        "group_by",
        source="""
import itertools

import numpy as np


def ctc_collapse(path):
    labels, lengths = np.zeros_like(path), np.zeros_like(path[:, 0])
    for n, row in enumerate(path.tolist()):
        kept = [label for label, _ in itertools.groupby(row) if label != 0]
        labels[n, : len(kept)] = kept
        lengths[n] = len(kept)
    return labels, lengths
""",
    ),
    Variant(
        "ctc_collapse",
        "places_by_counting",
        source="""
import numpy as np


def ctc_collapse(path):
    changes = np.diff(path, axis=1, prepend=0) != 0
    kept = changes & (path > 0)
    place = np.cumsum(kept, axis=1) - 1
    labels = np.zeros_like(path)
    n, t = np.nonzero(kept)
    labels[n, place[n, t]] = path[n, t]
    return labels, np.count_nonzero(kept, axis=1)
""",
    ),
    Variant(
        "ctc_collapse",
        "character_by_character",
        source="""
import numpy as np


def ctc_collapse(path):
    samples, steps = path.shape
    labels = np.zeros((samples, steps), dtype=int)
    lengths = np.zeros(samples, dtype=int)
    for n in range(samples):
        previous = None
        for label in path[n]:
            if label != previous and label != 0:
                labels[n, lengths[n]] = label
                lengths[n] += 1
            previous = label
    return labels, lengths
""",
    ),
)

LOSS_OF_EACH = """

def reduced(losses, reduction):
    return {"none": lambda: losses, "sum": lambda: losses.sum(), "mean": lambda: losses.mean()}[reduction]()


def weights(dloss, samples, reduction):
    dloss = np.broadcast_to(dloss, (samples,))
    return dloss / samples if reduction == "mean" else dloss
"""
CTC = (
    Variant(
        "ctc_loss",
        "every_path",
        source="""
import itertools

import numpy as np
"""
        + LOSS_OF_EACH
        + """

def collapsed(path):
    return [label for label, _ in itertools.groupby(path) if label]


def ctc_loss_forward(logits, labels, input_lengths, label_lengths, *, reduction="mean"):
    losses, dlogits = np.zeros_like(logits[:, 0, 0]), np.zeros_like(logits)
    for n in range(len(logits)):
        steps, wanted = input_lengths[n], labels[n, : label_lengths[n]].tolist()
        z = logits[n, :steps]
        log_probs = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
        every = itertools.product(range(logits.shape[2]), repeat=int(steps))
        paths = np.array([path for path in every if collapsed(path) == wanted])
        each = log_probs[np.arange(steps), paths].sum(axis=1)
        total = np.logaddexp.reduce(each)
        losses[n] = -total
        expected = np.zeros_like(log_probs)
        for path, weight in zip(paths, np.exp(each - total)):
            expected[np.arange(steps), path] += weight
        dlogits[n, :steps] = np.exp(log_probs) - expected
    return reduced(losses, reduction), (dlogits, reduction)


def ctc_loss_backward(dloss, cache):
    dlogits, reduction = cache
    return dlogits * weights(dloss, len(dlogits), reduction)[:, None, None]
""",
    ),
    Variant(
        "ctc_loss",
        "graves_alpha_beta",
        source="""
import numpy as np
"""
        + LOSS_OF_EACH
        + """

def table(log_probs, states):
    # Graves et al. 2006, equation 6: log-probability of all ways to each state at each step, its own emission counted.
    alpha = np.full((len(log_probs), len(states)), -np.inf, dtype=log_probs.dtype)
    alpha[0, :2] = log_probs[0, states[:2]]
    for t in range(1, len(log_probs)):
        for k, state in enumerate(states):
            ways = [alpha[t - 1, k]]
            if k > 0:
                ways.append(alpha[t - 1, k - 1])
            if k > 1 and state != 0 and state != states[k - 2]:
                ways.append(alpha[t - 1, k - 2])
            alpha[t, k] = np.logaddexp.reduce(ways) + log_probs[t, state]
    return alpha


def ctc_loss_forward(logits, labels, input_lengths, label_lengths, *, reduction="mean"):
    losses, dlogits = np.zeros_like(logits[:, 0, 0]), np.zeros_like(logits)
    for n, (steps, length) in enumerate(zip(input_lengths, label_lengths)):
        states = [0]
        for label in labels[n, :length]:
            states += [label, 0]
        z = logits[n, :steps] - logits[n, :steps].max(axis=1, keepdims=True)
        log_probs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        alpha = table(log_probs, states)
        beta = table(log_probs[::-1], states[::-1])[::-1, ::-1]
        total = np.logaddexp.reduce(alpha[-1, -2:])
        losses[n] = -total
        occupied = np.exp(alpha + beta - log_probs[:, states] - total)
        dlogits[n, :steps] = np.exp(log_probs)
        for k, state in enumerate(states):
            dlogits[n, :steps, state] -= occupied[:, k]
    return reduced(losses, reduction), {"dlogits": dlogits, "reduction": reduction}


def ctc_loss_backward(dloss, cache):
    dlogits, reduction = cache.values()
    return np.einsum("n,ntc->ntc", weights(dloss, len(dlogits), reduction), dlogits)
""",
    ),
    Variant(
        "ctc_loss",
        "backprop_through_alpha",
        source="""
import numpy as np
"""
        + LOSS_OF_EACH
        + """
NEVER = -1e30


def ctc_loss_forward(logits, labels, input_lengths, label_lengths, *, reduction="mean"):
    samples, steps, _ = logits.shape
    states = np.zeros((samples, 2 * labels.shape[1] + 1), dtype=int)
    states[:, 1::2] = labels
    skips = np.zeros(states.shape, dtype=bool)
    skips[:, 2:] = (states[:, 2:] != 0) & (states[:, 2:] != states[:, :-2])
    log_probs = logits - np.logaddexp.reduce(logits, axis=2)[:, :, None]
    emission = np.take_along_axis(log_probs, states[:, None, :], axis=2)

    alpha = np.full_like(emission[:, 0], NEVER)
    alpha[:, :2] = emission[:, 0, :2]
    alphas, choices = [alpha], []
    for t in range(1, steps):
        three = np.full((3, *alpha.shape), NEVER, dtype=alpha.dtype)
        three[0] = alpha
        three[1, :, 1:] = alpha[:, :-1]
        three[2, :, 2:] = np.where(skips[:, 2:], alpha[:, :-2], NEVER)
        total = np.logaddexp.reduce(three, axis=0)
        choices.append(np.exp(three - total))
        alpha = np.maximum(total + emission[:, t], NEVER)
        alphas.append(alpha)

    n = np.arange(samples)
    last = np.stack(alphas)[input_lengths - 1, n]
    place = np.arange(states.shape[1])
    ends = np.abs(place - 2 * label_lengths[:, None] + 0.5) < 1
    last = np.where(ends, last, NEVER)
    likelihood = np.logaddexp.reduce(last, axis=1)
    at_end = np.where(ends, np.exp(last - likelihood[:, None]), 0)
    cache = log_probs, states, choices, at_end, input_lengths, reduction
    return reduced(-likelihood, reduction), cache


def ctc_loss_backward(dloss, cache):
    log_probs, states, choices, at_end, input_lengths, reduction = cache
    samples, steps, _ = log_probs.shape
    rows = np.arange(samples)[:, None]
    dlog = np.zeros_like(log_probs)
    back = np.zeros_like(at_end)
    for t in range(steps - 1, -1, -1):
        back = back + at_end * (input_lengths == t + 1)[:, None]
        np.add.at(dlog, (rows, t, states), -back)
        if t:
            stay, one, two = choices[t - 1] * back
            back = stay
            back[:, :-1] += one[:, 1:]
            back[:, :-2] += two[:, 2:]
    dlogits = dlog - np.exp(log_probs) * dlog.sum(axis=2, keepdims=True)
    return dlogits * weights(dloss, samples, reduction)[:, None, None]
""",
    ),
    Variant(
        "ctc_loss",
        "what_is_left_by_recursion",
        source="""
import functools
import math

import numpy as np
"""
        + LOSS_OF_EACH
        + """

def log_add(values):
    top = max(values, default=-math.inf)
    return top if top == -math.inf else top + math.log(sum(math.exp(value - top) for value in values))


def one_loss(log_probs, label):
    steps, states = len(log_probs), [0, *(state for one in label for state in (one, 0))]

    def following(k):
        more = [k, k + 1]
        if k + 2 < len(states) and states[k + 2] not in (0, states[k]):
            more.append(k + 2)
        return [next_k for next_k in more if next_k < len(states)]

    @functools.cache
    def left(t, k):
        # Log-probability of all that may come at and after step t, in state k there.
        own = log_probs[t][states[k]]
        if t == steps - 1:
            return own if k >= len(states) - 2 else -math.inf
        return own + log_add([left(t + 1, more) for more in following(k)])

    starts = range(min(2, len(states)))
    total = log_add([left(0, k) for k in starts])
    share = {k: math.exp(left(0, k) - total) for k in starts}
    expected = np.zeros((steps, len(log_probs[0])))
    for t in range(steps):
        later = dict.fromkeys(range(len(states)), 0.0)
        for k, part in share.items():
            expected[t, states[k]] += part
            if t < steps - 1 and part > 0:
                rest = left(t, k) - log_probs[t][states[k]]
                for more in following(k):
                    later[more] += part * math.exp(left(t + 1, more) - rest)
        share = later
    return -total, expected


def ctc_loss_forward(logits, labels, input_lengths, label_lengths, *, reduction="mean"):
    losses, dlogits = np.zeros_like(logits[:, 0, 0]), np.zeros_like(logits)
    for n, (steps, length) in enumerate(zip(input_lengths.tolist(), label_lengths.tolist())):
        z = logits[n, :steps].astype(np.float64)
        log_probs = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
        losses[n], expected = one_loss(log_probs.tolist(), labels[n, :length].tolist())
        dlogits[n, :steps] = np.exp(log_probs) - expected
    return reduced(losses, reduction), (dlogits, reduction)


def ctc_loss_backward(dloss, cache):
    dlogits, reduction = cache
    return dlogits * weights(dloss, len(dlogits), reduction).reshape(-1, 1, 1)
""",
    ),
)

WHEATS = (
    *EMBEDDING,
    *TIME_DISTRIBUTED,
    *STACKED,
    *BIDIRECTIONAL,
    *SEQ2SEQ,
    *TEXT,
    *CHAR_MODEL,
    *GENERATE,
    *WORD_MODEL,
    *COLLAPSE,
    *CTC,
)
