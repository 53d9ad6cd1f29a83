"""Unit 07: convolution and pooling, written other ways."""

from graders.misconceptions.variant import Variant

# The zeros that each kind of padding puts before and behind.
BORDER = """
import numpy as np


def border(k, padding):
    if padding == "wide":
        return k - 1, k - 1
    if padding == "same":
        return (k - 1) // 2, k - 1 - (k - 1) // 2
    if padding == "narrow":
        return 0, 0
    return padding, padding
"""

TRUE_CONVOLUTION = (
    Variant(
        "true_convolution",
        "by_np_convolve",
        source="""
import numpy as np


def part(length, k, mode):
    if mode == "wide":
        return slice(0, length + k - 1)
    return slice(k - 1, length) if mode == "narrow" else slice(k // 2, k // 2 + length)


def true_convolution_forward(x, w, *, mode="narrow"):
    mine = part(x.shape[1], len(w), mode)
    y = np.zeros((len(x), mine.stop - mine.start), x.dtype)
    for n, signal in enumerate(x):
        y[n] = np.convolve(signal, w, mode="full")[mine]
    return y, (x, w, mine)


def true_convolution_backward(dout, cache):
    x, w, mine = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for n, signal in enumerate(x):
        wide = np.zeros(x.shape[1] + len(w) - 1, dout.dtype)
        wide[mine] = dout[n]
        dx[n] = np.correlate(wide, w, mode="valid")
        for k in range(len(w)):
            dw[k] += wide[k : k + x.shape[1]] @ signal
    return dx, dw
""",
    ),
    Variant(
        "true_convolution",
        "by_the_definition",
        source="""
import numpy as np


def places(length, taps, mode):
    first = {"wide": 0, "narrow": taps - 1, "same": taps // 2}[mode]
    count = {"wide": length + taps - 1, "narrow": length - taps + 1, "same": length}[mode]
    return [
        (t, k, t + first - k) for t in range(count) for k in range(taps) if 0 <= t + first - k < length
    ], count


def true_convolution_forward(x, w, *, mode="narrow"):
    pairs, count = places(x.shape[1], w.shape[0], mode)
    y = np.zeros((x.shape[0], count), dtype=x.dtype)
    for t, k, s in pairs:
        y[:, t] += w[k] * x[:, s]
    return y, {"x": x, "w": w, "pairs": pairs}


def true_convolution_backward(dout, cache):
    x, w = cache["x"], cache["w"]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for t, k, s in reversed(cache["pairs"]):
        dx[:, s] += w[k] * dout[:, t]
        dw[k] += dout[:, t].dot(x[:, s])
    return dx, dw
""",
    ),
    Variant(
        "true_convolution",
        "a_banded_matrix",
        source="""
import numpy as np


def true_convolution_forward(x, w, *, mode="narrow"):
    length, taps = x.shape[1], len(w)
    rows = np.arange(length + taps - 1)
    if mode == "narrow":
        rows = rows[taps - 1 : length]
    elif mode == "same":
        rows = rows[taps // 2 :][:length]
    lag = rows[:, None] - np.arange(length)
    # taps x outputs x inputs: which tap joins which two.
    joins = (lag == np.arange(taps)[:, None, None]).astype(x.dtype)
    matrix = np.einsum("k,kts->ts", w, joins)
    return x @ matrix.T, (x, matrix, joins)


def true_convolution_backward(dout, cache):
    x, matrix, joins = cache
    return dout @ matrix, np.einsum("kts,ts->k", joins, dout.T @ x)
""",
    ),
    Variant(
        "true_convolution",
        "by_fourier_transform",
        source="""
import numpy as np


def true_convolution_forward(x, w, *, mode="narrow"):
    length, taps = x.shape[1], w.size
    size = length + taps - 1
    start, stop = {"wide": (0, size), "narrow": (taps - 1, length), "same": (taps // 2, taps // 2 + length)}[mode]
    fx, fw = np.fft.rfft(x.astype(float), size), np.fft.rfft(w.astype(float), size)
    y = np.fft.irfft(fx * fw, size)[:, start:stop]
    return y.astype(x.dtype), (fx, fw, size, start, stop, length, taps)


def true_convolution_backward(dout, cache):
    fx, fw, size, start, stop, length, taps = cache
    wide = np.zeros((dout.shape[0], size))
    wide[:, start:stop] = dout
    up = np.fft.rfft(wide, size)
    dx = np.fft.irfft(up * np.conj(fw), size)[:, :length]
    dw = np.fft.irfft((up * np.conj(fx)).sum(axis=0), size)[:taps]
    return dx.astype(dout.dtype), dw.astype(dout.dtype)
""",
    ),
)

CONVOLVE_IMAGES = (
    Variant(
        "convolve_images",
        "window_by_window",
        source="""
import numpy as np


def convolve_images(x, w):
    (samples, height, width), (k, l) = x.shape, w.shape
    y = np.zeros((samples, height - k + 1, width - l + 1), x.dtype)
    turned = w[::-1, ::-1]
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            y[:, i, j] = (x[:, i : i + k, j : j + l] * turned).sum(axis=(1, 2))
    return y
""",
    ),
    Variant(
        "convolve_images",
        "tap_by_tap",
        source="""
import numpy as np


def convolve_images(x, w):
    k, l = w.shape
    height, width = x.shape[1] - k + 1, x.shape[2] - l + 1
    y = np.zeros_like(x[:, :height, :width])
    for (p, q), tap in np.ndenumerate(w):
        y += tap * x[:, k - 1 - p : k - 1 - p + height, l - 1 - q : l - 1 - q + width]
    return y
""",
    ),
    Variant(
        "convolve_images",
        "sliding_windows",
        source="""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def convolve_images(x, w):
    windows = sliding_window_view(x, w.shape, axis=(1, 2))
    return np.tensordot(windows, np.rot90(w, 2), axes=2)
""",
    ),
    Variant(
        "convolve_images",
        "by_fourier_transform",
        source="""
import numpy as np


def convolve_images(x, w):
    size = x.shape[1:]
    product = np.fft.fft2(x, size) * np.fft.fft2(w, size)
    # What wraps around lies above and to the left of the narrow part.
    return np.fft.ifft2(product).real[:, w.shape[0] - 1 :, w.shape[1] - 1 :].astype(x.dtype)
""",
    ),
)

FILTER_IMAGES = (
    Variant(
        "filter_images",
        "written_out_by_shifts",
        source="""
import numpy as np


def filter_images(x, *, kind="gaussian"):
    p = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    height, width = x.shape[1:]

    def at(down, right):
        return p[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width]

    if kind == "gaussian":
        sides = at(-1, 0) + at(1, 0) + at(0, -1) + at(0, 1)
        corners = at(-1, -1) + at(-1, 1) + at(1, -1) + at(1, 1)
        return (4 * x + 2 * sides + corners) / 16
    if kind == "laplacian":
        return at(-1, 0) + at(1, 0) + at(0, -1) + at(0, 1) - 4 * x
    return at(1, 0) + at(1, -1) + at(0, -1) - at(0, 1) - at(-1, 1) - at(-1, 0)
""",
    ),
    Variant(
        "filter_images",
        "pixel_by_pixel",
        source="""
import numpy as np

FILTERS = {
    "gaussian": np.outer([1, 2, 1], [1, 2, 1]) / 16,
    "laplacian": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "edge": np.array([[0, 1, 1], [-1, 0, 1], [-1, -1, 0]]),
}


def filter_images(x, *, kind="gaussian"):
    w = FILTERS[kind].tolist()
    y = np.zeros(x.shape, x.dtype)
    _, height, width = x.shape
    for i in range(height):
        for j in range(width):
            for k in range(3):
                for l in range(3):
                    row, column = i + 1 - k, j + 1 - l
                    if 0 <= row < height and 0 <= column < width:
                        y[:, i, j] += w[k][l] * x[:, row, column]
    return y
""",
    ),
    Variant(
        "filter_images",
        "products_of_matrices",
        source="""
import numpy as np


def neighbours(size, dtype):
    # A product with the first takes what comes after, on the left, and what came before, on the right.
    return [np.eye(size, k=k, dtype=dtype) for k in (1, 0, -1)]


def filter_images(x, *, kind="gaussian"):
    below, here, above = neighbours(x.shape[1], x.dtype)
    left, there, right = neighbours(x.shape[2], x.dtype)
    if kind == "gaussian":
        return (above + 2 * here + below) @ x @ (left + 2 * there + right) / 16
    if kind == "laplacian":
        return (above + below) @ x + x @ (left + right) - 4 * x
    return (below - above) @ x + x @ (left - right) + below @ x @ left - above @ x @ right
""",
    ),
)

CONV_OUTPUT_SIZE = (
    Variant(
        "conv_output_size",
        "counts_positions",
        source="""
def conv_output_size(size, kernel, *, stride=1, padding=0):
    if padding == "narrow":
        padding = 0
    zeros = kernel - 1 if padding == "same" else 2 * (kernel - 1) if padding == "wide" else 2 * padding
    count, end = 0, kernel
    while end <= size + zeros:
        count, end = count + 1, end + stride
    return count
""",
    ),
    Variant(
        "conv_output_size",
        "rounds_up",
        source="""
import math


def conv_output_size(size, kernel, *, stride=1, padding=0):
    places = {"narrow": size - kernel + 1, "same": size, "wide": size + kernel - 1}
    return math.ceil(places.get(padding, size - kernel + 1 + 2 * (padding if isinstance(padding, int) else 0)) / stride)
""",
    ),
    Variant(
        "conv_output_size",
        "length_of_a_real_one",
        source="""
import numpy as np


def conv_output_size(size, kernel, *, stride=1, padding=0):
    ends = {"narrow": (0, 0), "same": ((kernel - 1) // 2, kernel // 2), "wide": (kernel - 1, kernel - 1)}
    signal = np.pad(np.zeros(size), ends.get(padding, padding))
    return np.convolve(signal, np.ones(kernel), "valid")[::stride].size
""",
    ),
    Variant(
        "conv_output_size",
        "numpy_integer",
        source="""
import numpy as np


def conv_output_size(size, kernel, *, stride=1, padding=0):
    zeros = {"narrow": 0, "same": kernel - 1, "wide": 2 * kernel - 2}.get(padding)
    if zeros is None:
        zeros = 2 * padding
    return np.int64(np.floor((size + zeros - kernel) / stride) + 1)
""",
    ),
)

CONV1D = (
    Variant(
        "conv1d",
        "place_by_place",
        source=BORDER
        + """

def conv1d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    taps = w[:, :, ::-1] if flip else w
    before, behind = border(w.shape[2], padding)
    padded = np.pad(x, ((0, 0), (0, 0), (before, behind)))
    starts = range(0, padded.shape[2] - w.shape[2] + 1, stride)
    z = np.empty((len(x), len(w), len(starts)), x.dtype)
    for t, start in enumerate(starts):
        for f in range(len(w)):
            z[:, f, t] = np.sum(padded[:, :, start : start + w.shape[2]] * taps[f], axis=(1, 2)) + b[f]
    return z, (padded, taps, starts, before, x.shape[2], flip)


def conv1d_backward(dout, cache):
    padded, taps, starts, before, length, flip = cache
    dpadded, dtaps = np.zeros_like(padded), np.zeros_like(taps)
    for t, start in enumerate(starts):
        window = slice(start, start + taps.shape[2])
        for f in range(len(taps)):
            upstream = dout[:, f, t, None, None]
            dpadded[:, :, window] += upstream * taps[f]
            dtaps[f] += (upstream * padded[:, :, window]).sum(axis=0)
    dw = dtaps[:, :, ::-1] if flip else dtaps
    return dpadded[:, :, before : before + length], dw, dout.sum(axis=2).sum(axis=0)
""",
    ),
    Variant(
        "conv1d",
        "strided_windows_add_at",
        source=BORDER
        + """

def conv1d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    k = w.shape[2]
    before, behind = border(k, padding)
    padded = np.pad(x, ((0, 0), (0, 0), (before, behind)))
    count = (padded.shape[2] - k) // stride + 1
    n, c, t = padded.strides
    windows = np.lib.stride_tricks.as_strided(padded, (*x.shape[:2], count, k), (n, c, t * stride, t))
    taps = np.flip(w, 2) if flip else w
    z = np.einsum("nctk,fck->nft", windows, taps) + b.reshape(-1, 1)
    where = stride * np.arange(count)[:, None] + np.arange(k)
    return z, {"windows": windows, "taps": taps, "where": where, "shape": (padded.shape, before, x), "flip": flip}


def conv1d_backward(dout, cache):
    shape, before, x = cache["shape"]
    dpadded = np.zeros(shape, dout.dtype)
    dwindows = np.einsum("nft,fck->nctk", dout, cache["taps"])
    np.add.at(dpadded, (slice(None), slice(None), cache["where"]), dwindows)
    dw = np.einsum("nft,nctk->fck", dout, cache["windows"])
    dx = dpadded[:, :, before : before + x.shape[2]]
    return dx, np.flip(dw, 2) if cache["flip"] else dw, np.einsum("nft->f", dout)
""",
    ),
    Variant(
        "conv1d",
        "backward_is_a_convolution_again",
        source=BORDER
        + """
from numpy.lib.stride_tricks import sliding_window_view


def correlate(x, w):
    return np.tensordot(sliding_window_view(x, w.shape[-1], axis=2), w, axes=((1, 3), (1, 2))).swapaxes(1, 2)


def conv1d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    w = w[..., ::-1] if flip else w
    before, behind = border(w.shape[-1], padding)
    padded = np.pad(x, ((0, 0), (0, 0), (before, behind)))
    z = correlate(padded, w)[:, :, ::stride] + b[:, None]
    return z, (padded, w, stride, before, x.shape[2], flip)


def conv1d_backward(dout, cache):
    padded, w, stride, before, length, flip = cache
    k = w.shape[2]
    # The places that the stride skipped have no upstream.
    full = np.zeros((*dout.shape[:2], padded.shape[2] - k + 1), dout.dtype)
    full[:, :, ::stride] = dout
    dw = correlate(padded.swapaxes(0, 1), full.swapaxes(0, 1)).swapaxes(0, 1) if len(dout) else np.zeros_like(w)
    everywhere = np.pad(full, ((0, 0), (0, 0), (k - 1, k - 1)))
    dx = correlate(everywhere, w[:, :, ::-1].swapaxes(0, 1))[:, :, before : before + length]
    return dx, dw[..., ::-1] if flip else dw, dout.sum((0, 2))
""",
    ),
    Variant(
        "conv1d",
        "tap_by_tap_without_padding",
        source=BORDER
        + """

def conv1d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    length, k = x.shape[2], w.shape[2]
    before, behind = border(k, padding)
    starts = np.arange(0, length + before + behind - k + 1, stride) - before
    z = np.zeros((x.shape[0], w.shape[0], len(starts)), x.dtype) + b[:, None]
    pairs = []
    for tap in range(k):
        reads = starts + (k - 1 - tap if flip else tap)
        inside = np.flatnonzero((reads >= 0) & (reads < length))
        z[:, :, inside] += w[:, :, tap] @ x[:, :, reads[inside]]
        pairs.append((inside, reads[inside]))
    return z, (x, w, pairs)


def conv1d_backward(dout, cache):
    x, w, pairs = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for tap, (inside, reads) in enumerate(pairs):
        dx[:, :, reads] += w[:, :, tap].T @ dout[:, :, inside]
        dw[:, :, tap] = np.einsum("nft,nct->fc", dout[:, :, inside], x[:, :, reads])
    return dx, dw, dout.sum(axis=(0, 2))
""",
    ),
    Variant(
        "conv1d",
        "channels_last_columns",
        source=BORDER
        + """

def conv1d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    order = slice(None, None, -1) if flip else slice(None)
    rows = w[:, :, order].transpose(2, 1, 0).reshape(-1, len(w))
    series = np.pad(x.transpose(0, 2, 1), ((0, 0), border(w.shape[2], padding), (0, 0)))
    starts = range(0, series.shape[1] - w.shape[2] + 1, stride)
    columns = [series[:, start : start + w.shape[2]].reshape(len(x), len(rows)) for start in starts]
    z = np.stack([seen @ rows + b for seen in columns], axis=2)

    def backward(dout):
        dseries, drows = np.zeros_like(series), np.zeros_like(rows)
        for t, (start, seen) in enumerate(zip(starts, columns)):
            drows += seen.T @ dout[:, :, t]
            back = (dout[:, :, t] @ rows.T).reshape(len(x), w.shape[2], x.shape[1])
            dseries[:, start : start + w.shape[2]] += back
        first = border(w.shape[2], padding)[0]
        dx = dseries[:, first : first + x.shape[2]].transpose(0, 2, 1)
        dw = drows.reshape(w.shape[2], x.shape[1], len(w)).transpose(2, 1, 0)[:, :, order]
        return dx, dw, dout.sum(axis=(0, 2))

    return z, backward


def conv1d_backward(dout, cache):
    return cache(dout)
""",
    ),
)

CONV2D = (
    Variant(
        "conv2d",
        "window_by_window",
        source=BORDER
        + """

def conv2d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    filters, channels, k, l = w.shape
    share = filters * channels // x.shape[1]
    rows, columns = border(k, padding), border(l, padding)
    p = np.pad(x, ((0, 0), (0, 0), rows, columns))
    turned = w[:, :, ::-1, ::-1] if flip else w
    z = np.zeros((len(x), filters, (p.shape[2] - k) // stride + 1, (p.shape[3] - l) // stride + 1), x.dtype)
    for f in range(filters):
        mine = p[:, f // share * channels : (f // share + 1) * channels]
        for i in range(z.shape[2]):
            for j in range(z.shape[3]):
                window = mine[:, :, i * stride : i * stride + k, j * stride : j * stride + l]
                z[:, f, i, j] = (window * turned[f]).sum((1, 2, 3)) + b[f]
    return z, (x, p, turned, share, stride, rows[0], columns[0], flip)


def conv2d_backward(dout, cache):
    x, p, w, share, stride, top, left, flip = cache
    channels, k, l = w.shape[1:]
    dp, dw = np.zeros_like(p), np.zeros_like(w)
    for f in range(len(w)):
        mine = slice(f // share * channels, (f // share + 1) * channels)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                place = (slice(None), mine, slice(i * stride, i * stride + k), slice(j * stride, j * stride + l))
                upstream = dout[:, f, i, j].reshape(-1, 1, 1, 1)
                dw[f] += (p[place] * upstream).sum(0)
                dp[place] += upstream * w[f]
    dx = dp[:, :, top : top + x.shape[2], left : left + x.shape[3]]
    return dx, dw[:, :, ::-1, ::-1] if flip else dw, dout.sum((0, 2, 3))
""",
    ),
    Variant(
        "conv2d",
        "im2col_as_strided_add_at",
        source=BORDER
        + """

def conv2d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    f, c, k, l = w.shape
    groups = x.shape[1] // c
    rows, columns = border(k, padding), border(l, padding)
    p = np.pad(x, ((0, 0), (0, 0), rows, columns))
    h, v = (p.shape[2] - k) // stride + 1, (p.shape[3] - l) // stride + 1
    s0, s1, s2, s3 = p.strides
    windows = np.lib.stride_tricks.as_strided(
        p, (len(x), groups, c, h, v, k, l), (s0, s1 * c, s1, s2 * stride, s3 * stride, s2, s3)
    )
    # One row a place, one column a weight.
    cols = windows.transpose(1, 0, 3, 4, 2, 5, 6).reshape(groups, len(x) * h * v, c * k * l)
    taps = (np.flip(w, (2, 3)) if flip else w).reshape(groups, f // groups, c * k * l)
    z = (cols @ taps.transpose(0, 2, 1)).reshape(groups, len(x), h, v, f // groups)
    z = z.transpose(1, 0, 4, 2, 3).reshape(len(x), f, h, v) + b.reshape(1, f, 1, 1)
    i = stride * np.arange(h)[:, None, None, None] + np.arange(k)[:, None]
    j = stride * np.arange(v)[:, None, None] + np.arange(l)
    return z, (cols, taps, w.shape, x.shape, p.shape, (i, j), (rows[0], columns[0]), flip)


def conv2d_backward(dout, cache):
    cols, taps, w_shape, x_shape, p_shape, (i, j), (top, left), flip = cache
    n, f, h, v = dout.shape
    groups, each = taps.shape[:2]
    up = dout.reshape(n, groups, each, h, v).transpose(1, 0, 3, 4, 2).reshape(groups, n * h * v, each)
    dw = (up.transpose(0, 2, 1) @ cols).reshape(w_shape)
    dcols = (up @ taps).reshape(groups, n, h, v, *w_shape[1:])
    dp = np.zeros(p_shape, dout.dtype)
    dwindows = dcols.transpose(1, 0, 4, 2, 3, 5, 6).reshape(n, x_shape[1], h, v, *w_shape[2:])
    np.add.at(dp, (slice(None), slice(None), i, j), dwindows)
    dx = dp[:, :, top : top + x_shape[2], left : left + x_shape[3]]
    return dx, np.flip(dw, (2, 3)) if flip else dw, dout.sum((0, 2, 3))
""",
    ),
    Variant(
        "conv2d",
        "sliding_windows_einsum",
        source=BORDER
        + """
from numpy.lib.stride_tricks import sliding_window_view


def conv2d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    n, _, height, width = x.shape
    f, c, k, l = w.shape
    g = x.shape[1] // c
    (top, bottom), (left, right) = border(k, padding), border(l, padding)
    p = np.zeros((n, g, c, top + height + bottom, left + width + right), x.dtype)
    inner = (..., slice(top, top + height), slice(left, left + width))
    p[inner] = x.reshape(n, g, c, height, width)
    seen = sliding_window_view(p, (k, l), axis=(3, 4))[:, :, :, ::stride, ::stride]
    taps = (w[:, :, ::-1, ::-1] if flip else w).reshape(g, f // g, c, k, l)
    z = np.einsum("ngchvkl,gfckl->ngfhv", seen, taps)
    z = z.reshape(n, f, *z.shape[3:]) + b[:, None, None]
    return z, dict(seen=seen, taps=taps, p=p.shape, inner=inner, x=x.shape, w=w.shape, stride=stride, flip=flip)


def conv2d_backward(dout, cache):
    seen, taps, stride = cache["seen"], cache["taps"], cache["stride"]
    g, f, c, k, l = taps.shape
    h, v = dout.shape[2:]
    up = dout.reshape(len(dout), g, f, h, v)
    dtaps = np.einsum("ngchvkl,ngfhv->gfckl", seen, up)
    dp = np.zeros(cache["p"], dout.dtype)
    for i in range(k):
        for j in range(l):
            to = (..., slice(i, i + stride * h, stride), slice(j, j + stride * v, stride))
            dp[to] += np.einsum("ngfhv,gfc->ngchv", up, taps[..., i, j])
    dw = dtaps.reshape(cache["w"])
    dw = dw[:, :, ::-1, ::-1] if cache["flip"] else dw
    return dp[cache["inner"]].reshape(cache["x"]), dw, dout.sum(axis=(0, 2, 3))
""",
    ),
    Variant(
        "conv2d",
        "backward_is_a_convolution_again",
        source=BORDER
        + """
from numpy.lib.stride_tricks import sliding_window_view


def correlate(x, w):
    windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.einsum("nchvkl,fckl->nfhv", windows, w)


def conv2d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    w = w[:, :, ::-1, ::-1] if flip else w
    edges = border(w.shape[2], padding), border(w.shape[3], padding)
    p = np.pad(x, ((0, 0), (0, 0), *edges))
    groups = x.shape[1] // w.shape[1]
    parts = list(zip(np.split(p, groups, axis=1), np.split(w, groups)))
    z = np.concatenate([correlate(images, taps)[:, :, ::stride, ::stride] for images, taps in parts], axis=1)
    return z + b[None, :, None, None], (parts, x.shape[2:], edges, stride, flip)


def conv2d_backward(dout, cache):
    parts, (height, width), ((top, _), (left, _)), stride, flip = cache
    dxs, dws = [], []
    for (p, w), up in zip(parts, np.split(dout, len(parts), axis=1)):
        k, l = w.shape[2:]
        full = np.zeros((*up.shape[:2], p.shape[2] - k + 1, p.shape[3] - l + 1), up.dtype)
        full[:, :, ::stride, ::stride] = up
        dws.append(correlate(p.transpose(1, 0, 2, 3), full.transpose(1, 0, 2, 3)).transpose(1, 0, 2, 3))
        full = np.pad(full, ((0, 0), (0, 0), (k - 1, k - 1), (l - 1, l - 1)))
        back = correlate(full, np.rot90(w, 2, (2, 3)).swapaxes(0, 1))
        dxs.append(back[:, :, top : top + height, left : left + width])
    dw = np.concatenate(dws)
    return np.concatenate(dxs, axis=1), np.rot90(dw, 2, (2, 3)) if flip else dw, dout.sum(-1).sum(-1).sum(0)
""",
    ),
    Variant(
        "conv2d",
        "one_large_matrix",
        source=BORDER
        + """

def conv2d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    f, c, k, l = w.shape
    _, channels, height, width = x.shape
    (top, bottom), (left, right) = border(k, padding), border(l, padding)
    h = (height + top + bottom - k) // stride + 1
    v = (width + left + right - l) // stride + 1
    # Which weight joins which pixel to which output, as flat numbers.
    a, d, p, q, i, j = np.indices((f, c, k, l, h, v)).reshape(6, -1)
    row = stride * i - top + (k - 1 - p if flip else p)
    column = stride * j - left + (l - 1 - q if flip else q)
    channel = a // (f * c // channels) * c + d
    ok = (0 <= row) & (row < height) & (0 <= column) & (column < width)
    pixel = np.ravel_multi_index((channel[ok], row[ok], column[ok]), x.shape[1:])
    output = np.ravel_multi_index((a[ok], i[ok], j[ok]), (f, h, v))
    weight = np.ravel_multi_index((a[ok], d[ok], p[ok], q[ok]), w.shape)
    matrix = np.zeros((f * h * v, channels * height * width), x.dtype)
    matrix[output, pixel] = w.ravel()[weight]
    flat = x.reshape(len(x), matrix.shape[1])
    z = (flat @ matrix.T).reshape(len(x), f, h, v) + b[:, None, None]
    return z, (flat, matrix, output, pixel, weight, x.shape, w.shape)


def conv2d_backward(dout, cache):
    flat, matrix, output, pixel, weight, x_shape, w_shape = cache
    upstream = dout.reshape(len(dout), len(matrix))
    dmatrix = upstream.T @ flat
    dw = np.bincount(weight, dmatrix[output, pixel], minlength=int(np.prod(w_shape)))
    dx = (upstream @ matrix).reshape(x_shape)
    return dx, dw.reshape(w_shape).astype(dout.dtype), np.sum(dout, axis=(0, 2, 3))
""",
    ),
    Variant(
        "conv2d",
        "groups_are_zeros_in_a_full_filter",
        source=BORDER
        + """

def conv2d_forward(x, w, b, *, stride=1, padding=0, flip=False):
    f, c, k, l = w.shape
    groups = x.shape[1] // c
    joined = np.kron(np.eye(groups, dtype=x.dtype), np.ones((f // groups, c), x.dtype))
    full = np.tile(w, (1, groups, 1, 1)) * joined[:, :, None, None]
    if flip:
        full = full[..., ::-1, ::-1]
    (top, bottom), (left, right) = border(k, padding), border(l, padding)
    p = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    h, v = (p.shape[2] - k) // stride + 1, (p.shape[3] - l) // stride + 1
    z = 0
    for i in range(k):
        for j in range(l):
            seen = p[:, :, i : i + stride * h : stride, j : j + stride * v : stride][:, :, :h, :v]
            z = z + np.tensordot(seen, full[:, :, i, j], axes=(1, 1))
    z = np.moveaxis(z + b, -1, 1)
    return z, (p, full, groups, c, stride, (top, left), x.shape[2:], flip)


def conv2d_backward(dout, cache):
    p, full, groups, c, stride, (top, left), (height, width), flip = cache
    h, v = dout.shape[2:]
    dp, dfull = np.zeros_like(p), np.zeros_like(full)
    for i in range(full.shape[2]):
        for j in range(full.shape[3]):
            here = np.s_[:, :, i : i + stride * (h - 1) + 1 : stride, j : j + stride * (v - 1) + 1 : stride]
            dfull[:, :, i, j] = np.einsum("nfhv,nchv->fc", dout, p[here])
            dp[here] += np.einsum("nfhv,fc->nchv", dout, full[:, :, i, j])
    each = len(full) // groups
    dw = [dfull[m * each : (m + 1) * each, m * c : (m + 1) * c] for m in range(groups)]
    dw = np.concatenate(dw)
    dx = dp[:, :, top : top + height, left : left + width]
    return dx, dw[:, :, ::-1, ::-1] if flip else dw, dout.sum(axis=(0, 2, 3))
""",
    ),
)

MAX_POOL2D = (
    Variant(
        "max_pool2d",
        "window_by_window_first_wins",
        source="""
import numpy as np


def max_pool2d_forward(x, *, kernel=2, stride=2):
    n, c, height, width = x.shape
    out = np.zeros((n, c, (height - kernel) // stride + 1, (width - kernel) // stride + 1), x.dtype)
    chosen = {}
    for at in np.ndindex(out.shape):
        image, i, j = at[:2], at[2] * stride, at[3] * stride
        window = x[image][i : i + kernel, j : j + kernel]
        row, column = np.unravel_index(window.argmax(), window.shape)
        chosen[at] = (*image, i + row, j + column)
        out[at] = x[chosen[at]]
    return out, (x.shape, chosen)


def max_pool2d_backward(dout, cache):
    shape, chosen = cache
    dx = np.zeros(shape, dout.dtype)
    for at, pixel in chosen.items():
        dx[pixel] += dout[at]
    return dx
""",
    ),
    Variant(
        "max_pool2d",
        "running_maximum_last_wins",
        source="""
import numpy as np


def max_pool2d_forward(x, *, kernel=2, stride=2):
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    taps = [
        np.s_[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
        for i in range(kernel)
        for j in range(kernel)
    ]
    best, winner = x[taps[0]].copy(), np.zeros((*x.shape[:2], rows, columns), int)
    for k, tap in enumerate(taps[1:], start=1):
        better = x[tap] >= best
        best[better], winner[better] = x[tap][better], k
    return best, {"winner": winner, "taps": taps, "x": x}


def max_pool2d_backward(dout, cache):
    dx = np.zeros_like(cache["x"])
    for k, tap in enumerate(cache["taps"]):
        dx[tap] += np.where(cache["winner"] == k, dout, 0)
    return dx
""",
    ),
    Variant(
        "max_pool2d",
        "sliding_windows_shared_evenly",
        source="""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def max_pool2d_forward(x, *, kernel=2, stride=2):
    windows = sliding_window_view(x, (kernel, kernel), axis=(2, 3))[:, :, ::stride, ::stride]
    out = np.max(windows, axis=(4, 5))
    return out, (x.copy(), out.copy(), kernel, stride)


def max_pool2d_backward(dout, cache):
    x, out, kernel, stride = cache
    dx = np.zeros_like(x)
    rows, columns = dout.shape[2:]
    for i in range(rows):
        for j in range(columns):
            place = np.s_[:, :, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
            largest = x[place] == out[:, :, i, j, None, None]
            shares = largest / largest.sum(axis=(2, 3), keepdims=True)
            dx[place] += shares.astype(dout.dtype) * dout[:, :, i, j, None, None]
    return dx
""",
    ),
    Variant(
        "max_pool2d",
        "flat_pixel_numbers_add_at",
        source="""
import numpy as np


def max_pool2d_forward(x, *, kernel=2, stride=2):
    n, c, height, width = x.shape
    first = np.arange(0, height - kernel + 1, stride)[:, None] * width + np.arange(0, width - kernel + 1, stride)
    offsets = (np.arange(kernel)[:, None] * width + np.arange(kernel)).ravel()
    pixels = first[..., None] + offsets
    flat = x.reshape(n, c, height * width)
    seen = flat[:, :, pixels]
    pick = seen.argmax(axis=-1)[..., None]
    pixels = np.take_along_axis(np.broadcast_to(pixels, seen.shape), pick, axis=-1)
    return np.take_along_axis(seen, pick, axis=-1)[..., 0], (pixels[..., 0], x.shape)


def max_pool2d_backward(dout, cache):
    pixels, (n, c, height, width) = cache
    dx = np.zeros((n, c, height * width), dout.dtype)
    np.add.at(dx, (np.arange(n)[:, None, None, None], np.arange(c)[:, None, None], pixels), dout)
    return dx.reshape(n, c, height, width)
""",
    ),
    Variant(
        "max_pool2d",
        "tiles_where_they_fit",
        source="""
import numpy as np


def max_pool2d_forward(x, *, kernel=2, stride=2):
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    if kernel == stride:
        tiles = x[:, :, : rows * kernel, : columns * kernel].reshape(*x.shape[:2], rows, kernel, columns, kernel)
        tiles = tiles.swapaxes(3, 4)
    else:
        i, j = (stride * np.arange(count) for count in (rows, columns))
        steps = np.arange(kernel)
        tiles = x[:, :, (i[:, None] + steps)[:, None, :, None], (j[:, None] + steps)[None, :, None, :]]
    out = tiles.max(axis=-1).max(axis=-1)
    return out, (x.shape, np.argsort(tiles.reshape(*out.shape, kernel**2), axis=-1)[..., -1], kernel, stride)


def max_pool2d_backward(dout, cache):
    shape, winner, kernel, stride = cache
    dx = np.zeros(shape, dout.dtype)
    n, c, i, j = np.indices(dout.shape)
    np.add.at(dx, (n, c, i * stride + winner // kernel, j * stride + winner % kernel), dout)
    return dx
""",
    ),
)

MEAN_POOL2D = (
    Variant(
        "mean_pool2d",
        "window_by_window",
        source="""
import numpy as np


def mean_pool2d_forward(x, *, kernel=2, stride=2):
    height, width = x.shape[2:]
    rows, columns = range(0, height - kernel + 1, stride), range(0, width - kernel + 1, stride)
    out = np.zeros((*x.shape[:2], len(rows), len(columns)), x.dtype)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            out[:, :, i, j] = x[:, :, row : row + kernel, column : column + kernel].mean((2, 3))
    return out, dict(like=x, rows=rows, columns=columns, kernel=kernel)


def mean_pool2d_backward(dout, cache):
    dx, kernel = np.zeros_like(cache["like"]), cache["kernel"]
    for i, row in enumerate(cache["rows"]):
        for j, column in enumerate(cache["columns"]):
            dx[:, :, row : row + kernel, column : column + kernel] += dout[:, :, i, j, None, None] / kernel**2
    return dx
""",
    ),
    Variant(
        "mean_pool2d",
        "two_matrices_of_means",
        source="""
import numpy as np


def means(size, kernel, stride, dtype):
    matrix = np.zeros(((size - kernel) // stride + 1, size), dtype)
    for i, row in enumerate(matrix):
        row[i * stride : i * stride + kernel] = 1 / kernel
    return matrix


def mean_pool2d_forward(x, *, kernel=2, stride=2):
    down, across = (means(size, kernel, stride, x.dtype) for size in x.shape[2:])
    return down @ x @ across.T, (down, across)


def mean_pool2d_backward(dout, cache):
    down, across = cache
    return down.T @ dout @ across
""",
    ),
    Variant(
        "mean_pool2d",
        "table_of_sums",
        source="""
import numpy as np


def mean_pool2d_forward(x, *, kernel=2, stride=2):
    table = np.pad(x.cumsum(2).cumsum(3), ((0, 0), (0, 0), (1, 0), (1, 0)))
    height, width = x.shape[2:]
    i, j = np.arange(0, height - kernel + 1, stride)[:, None], np.arange(0, width - kernel + 1, stride)
    m, n = i + kernel, j + kernel
    total = table[:, :, m, n] - table[:, :, i, n] - table[:, :, m, j] + table[:, :, i, j]
    return total / (kernel * kernel), (x.shape, (i, j), (m, n), kernel)


def mean_pool2d_backward(dout, cache):
    (samples, channels, height, width), (i, j), (m, n), kernel = cache
    # Marks where a window begins and ends, summed up over the image.
    marks = np.zeros((samples, channels, height + 1, width + 1), dout.dtype)
    for rows, columns, sign in ((i, j, 1), (i, n, -1), (m, j, -1), (m, n, 1)):
        np.add.at(marks, (slice(None), slice(None), rows, columns), sign * dout)
    return marks.cumsum(2).cumsum(3)[:, :, :height, :width] / kernel**2
""",
    ),
    Variant(
        "mean_pool2d",
        "strided_windows_by_einsum",
        source="""
import numpy as np


def windows(x, kernel, stride, writeable=False):
    n, c, i, j = x.strides
    rows, columns = ((size - kernel) // stride + 1 for size in x.shape[2:])
    shape, steps = (*x.shape[:2], rows, columns, kernel, kernel), (n, c, stride * i, stride * j, i, j)
    return np.lib.stride_tricks.as_strided(x, shape, steps, writeable=writeable)


def mean_pool2d_forward(x, *, kernel=2, stride=2):
    share = np.full((kernel, kernel), 1 / kernel**2, x.dtype)
    return np.einsum("nchvkl,kl->nchv", windows(x, kernel, stride), share), (x.shape, share, stride)


def mean_pool2d_backward(dout, cache):
    shape, share, stride = cache
    dx = np.zeros(shape, dout.dtype)
    into = windows(dx, len(share), stride, writeable=True)
    for k, l in np.ndindex(share.shape):
        into[..., k, l] += share[k, l] * dout
    return dx
""",
    ),
)

FLATTEN = (
    Variant(
        "flatten",
        "image_by_image",
        source="""
import numpy as np


def flatten_forward(x):
    n, c, h, w = x.shape
    out = np.empty((n, c * h * w), x.dtype)
    for k in range(n):
        out[k] = x[k].ravel()
    return out, {"shape": x.shape}


def flatten_backward(dout, cache):
    dx = np.empty(cache["shape"], dout.dtype)
    for image, row in zip(dx, dout):
        image[...] = row.reshape(image.shape)
    return dx
""",
    ),
    Variant(
        "flatten",
        "pixel_by_pixel",
        source="""
import numpy as np


def flatten_forward(x):
    n, channels, height, width = x.shape
    out = np.zeros((n, channels * height * width), dtype=x.dtype)
    for c, i, j in np.ndindex(x.shape[1:]):
        out[:, (c * height + i) * width + j] = x[:, c, i, j]
    return out, x


def flatten_backward(dout, x):
    dx = 0 * x
    for column, place in enumerate(np.ndindex(x.shape[1:])):
        dx[(slice(None), *place)] = dout[:, column]
    return dx
""",
    ),
    Variant(
        "flatten",
        "rows_then_channels_joined",
        source="""
import numpy as np


def flatten_forward(x):
    rows = [x[:, c, i, :] for c in range(x.shape[1]) for i in range(x.shape[2])]
    return np.concatenate(rows, axis=1), x.shape


def flatten_backward(dout, shape):
    n, c, h, w = shape
    rows = np.split(dout, c * h, axis=1)
    return np.stack(rows, axis=1).reshape(n, c, h, w)
""",
    ),
)

WHEATS = (
    *TRUE_CONVOLUTION,
    *CONVOLVE_IMAGES,
    *FILTER_IMAGES,
    *CONV_OUTPUT_SIZE,
    *CONV1D,
    *CONV2D,
    *MAX_POOL2D,
    *MEAN_POOL2D,
    *FLATTEN,
)
