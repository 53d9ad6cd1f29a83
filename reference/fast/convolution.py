"""Convolutions: the windows of a few samples at a time become columns, in the cache, and a product does the rest.

Columns are made again in the backward: that takes little time, and keeping them would take nine times the images' room.
"""

from math import prod

import numpy as np

from reference.checks import require, require_shape
from reference.convolution import Padding, conv_output_size, padding_zeros
from reference.fast.pieces import ones
from reference.namespace import Array, Cache

COLUMNS = 1 << 18
"""Elements of the columns that are made at a time."""


class Windows:
    """Windows of (N, C, H, W) images: some samples of them as (n, C K L, places) columns, and back.

    Without stride, what one element of the kernel sees of a padded image is one long slice of it, if the padding at
    the end of every row is taken along: `width` counts it, and the places there are left out in the end.
    """

    def __init__(self, x: Array, kernel: tuple[int, int], stride: int, zeros: tuple[tuple[int, int], ...]) -> None:
        """Pad, unless there is nothing to pad with."""
        self.shape, self.kernel, self.stride, self.zeros = x.shape, kernel, stride, zeros
        padded = [size + sum(pair) for size, pair in zip(x.shape[2:], zeros, strict=True)]
        self.padded = (*x.shape[:2], *padded)
        sizes = zip(padded, kernel, strict=True)
        self.out = tuple(conv_output_size(size, k, stride=stride) for size, k in sizes)
        self.width = padded[1] if stride == 1 else self.out[1]
        self.images = np.ascontiguousarray(x)
        if any(map(any, zeros)):
            self.images = np.zeros(self.padded, x.dtype)
            self.images[:, :, *self.inside] = x
        # Samples that are worked on together, and room for their columns.
        elements = x.shape[1] * prod(kernel) * self.places
        self.step = max(1, min(x.shape[0], COLUMNS // max(elements, 1)))
        self.room = np.zeros((self.step, x.shape[1], *kernel, self.places), x.dtype)

    @property
    def places(self) -> int:
        """Columns a sample."""
        return self.out[0] * self.width

    @property
    def inside(self) -> tuple[slice, ...]:
        """Where the image is in the padded one."""
        return tuple(slice(pair[0], pair[0] + size) for pair, size in zip(self.zeros, self.shape[2:], strict=True))

    @property
    def samples(self) -> list[slice]:
        """Those that are worked on together."""
        return [slice(start, start + self.step) for start in range(0, self.shape[0], self.step)]

    def pairs(self, images: Array, columns: Array) -> list[tuple[Array, Array]]:
        """What each element of the kernel sees of the images, beside its columns."""
        elements = [(i, j) for i in range(self.kernel[0]) for j in range(self.kernel[1])]
        if self.stride == 1:
            flat = images.reshape(*images.shape[:2], prod(images.shape[2:]))
            long = (self.out[0] - 1) * self.width + self.out[1]
            starts = [i * self.width + j for i, j in elements]
            return [
                (flat[:, :, start : start + long], columns[:, :, i, j, :long])
                for (i, j), start in zip(elements, starts, strict=True)
            ]
        rows, across = (self.stride * (size - 1) + 1 for size in self.out)
        by_place = columns.reshape(*columns.shape[:4], *self.out)
        return [
            (images[:, :, i : i + rows : self.stride, j : j + across : self.stride], by_place[:, :, i, j])
            for i, j in elements
        ]

    def columns(self, part: slice) -> Array:
        """Of some samples: (n, C, K, L, places), overwritten by the next call."""
        images = self.images[part]
        here = self.room[: len(images)]
        for seen, column in self.pairs(images, here):
            column[...] = seen
        return here

    def add(self, dcolumns: Array, dimages: Array) -> None:
        """The reverse: every window's part is added to where it came from, in place."""
        for seen, column in self.pairs(dimages, dcolumns):
            seen += column

    def clean(self) -> None:
        """The places that no window fills hold 0 again."""
        long = (self.out[0] - 1) * self.width + self.out[1]
        self.room[..., long:] = 0

    def spread(self, dout: Array) -> Array:
        """(N, F, places) of (N, F, H', W'): 0 where no window is."""
        if self.width == self.out[1]:
            return np.ascontiguousarray(dout).reshape(*dout.shape[:2], self.places)
        wide = np.zeros((*dout.shape[:2], self.out[0], self.width), dout.dtype)
        wide[..., : self.out[1]] = dout
        return wide.reshape(*dout.shape[:2], self.places)


def _convolve(x: Array, w: Array, b: Array, windows: Windows, groups: int) -> Array:
    """(N, F, H', W')."""
    filters, places = w.shape[0], windows.places
    rows = w.reshape(groups, filters // groups, -1)
    z = np.empty((x.shape[0], filters, *windows.out), x.dtype)
    room = np.empty((windows.step, groups, filters // groups, places), x.dtype)
    for part in windows.samples:
        columns = windows.columns(part)
        flat = columns.reshape(len(columns), groups, rows.shape[2], places)
        wide = np.matmul(rows, flat, out=room[: len(columns)]).reshape(
            len(columns), filters, windows.out[0], windows.width
        )
        np.add(wide[..., : windows.out[1]], b[:, None, None], out=z[part])
    return z


def _gradients(dout: Array, w: Array, windows: Windows, groups: int) -> tuple[Array, Array, Array]:
    """dx, dw, db."""
    filters, places = w.shape[0], windows.places
    rows = w.reshape(groups, filters // groups, -1)
    turned = np.ascontiguousarray(rows.swapaxes(1, 2))
    upstream = windows.spread(dout).reshape(dout.shape[0], groups, filters // groups, places)
    dw, db = np.zeros(rows.shape, dout.dtype), np.zeros(filters, dout.dtype)
    dimages = np.zeros(windows.padded, dout.dtype)
    for part in windows.samples:
        windows.clean()
        columns = windows.columns(part)
        flat = columns.reshape(len(columns), groups, rows.shape[2], places)
        for above, seen in zip(upstream[part], flat, strict=True):
            dw += above @ seen.swapaxes(1, 2)
        db += (upstream[part] @ ones(places, dout.dtype)).reshape(-1, filters).sum(axis=0)
        np.matmul(turned, upstream[part], out=flat)
        windows.add(columns, dimages[part])
    return dimages[:, :, *windows.inside], dw.reshape(w.shape), db


def conv2d_forward(
    x: Array, w: Array, b: Array, *, stride: int = 1, padding: Padding = 0, flip: bool = False
) -> tuple[Array, Cache]:
    """As reference.convolution.conv2d_forward."""
    require_shape("x", x, ("N", "C", "H", "W"))
    require_shape("w", w, ("F", "C/G", "K", "L"))
    require_shape("b", b, (w.shape[0],))
    filters, channels, height, width = w.shape
    groups = x.shape[1] // channels if channels else 0
    fits = groups >= 1 and groups * channels == x.shape[1] and filters % groups == 0
    require(fits, "w", f"of shape {w.shape}", f"(F, C/G, K, L) for C = {x.shape[1]}, F a multiple of G")
    if flip:
        w = np.ascontiguousarray(w[:, :, ::-1, ::-1])
    windows = Windows(x, (height, width), stride, (padding_zeros(height, padding), padding_zeros(width, padding)))
    z = _convolve(x, w, b, windows, groups)
    return z, (w, windows, groups, flip, z.shape)


def conv2d_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """As reference.convolution.conv2d_backward."""
    w, windows, groups, flip, shape = cache
    require_shape("dout", dout, shape)
    dx, dw, db = _gradients(dout, w, windows, groups)
    return dx, dw[:, :, ::-1, ::-1] if flip else dw, db


def conv1d_forward(
    x: Array, w: Array, b: Array, *, stride: int = 1, padding: Padding = 0, flip: bool = False
) -> tuple[Array, Cache]:
    """As reference.convolution.conv1d_forward."""
    require_shape("x", x, ("N", "C", "T"))
    require_shape("w", w, ("F", x.shape[1], "K"))
    require_shape("b", b, (w.shape[0],))
    if flip:
        w = np.ascontiguousarray(w[:, :, ::-1])
    windows = Windows(x[:, :, None, :], (1, w.shape[2]), stride, ((0, 0), padding_zeros(w.shape[2], padding)))
    z = _convolve(x, w, b, windows, 1)[:, :, 0, :]
    return z, (w, windows, flip, z.shape)


def conv1d_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """As reference.convolution.conv1d_backward."""
    w, windows, flip, shape = cache
    require_shape("dout", dout, shape)
    dx, dw, db = _gradients(dout[:, :, None, :], w, windows, 1)
    return dx[:, :, 0, :], dw[:, :, ::-1] if flip else dw, db
