"""Layers of the framework for images, (N, C, H, W)."""

import numpy as np

from reference.checks import require
from reference.convolution import conv2d_backward, conv2d_forward, conv_output_size
from reference.framework_layers import glorot_uniform
from reference.namespace import Array, Cache
from reference.pooling import max_pool2d_backward, max_pool2d_forward


class Conv2D:
    """Two-dimensional convolution (cross-correlation), narrow unless told.

    Parameters: w (filters, C, kernel, kernel), b (filters,).
    Source: Keras, Conv2D; LeCun et al. 1998.
    """

    def __init__(self, filters: int, kernel: int, *, stride: int = 1, padding: str | int = "narrow") -> None:
        """ValueError unless filters and kernel are at least 1; stride and padding as in conv2d."""
        require(filters >= 1, "filters", filters, "at least 1")
        require(kernel >= 1, "kernel", kernel, "at least 1")
        self.filters, self.kernel, self.stride, self.padding = filters, kernel, stride, padding

    def build(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], tuple[int, ...]]:
        """Parameters for images of shape (C, H, W), w by Glorot's rule, b zero; and the output's shape."""
        require(len(shape) == 3, "shape", shape, "(C, H, W)")
        area = self.kernel**2
        w = glorot_uniform(
            rng, shape[0] * area, self.filters * area, (self.filters, shape[0], self.kernel, self.kernel)
        )
        height, width = (
            conv_output_size(size, self.kernel, stride=self.stride, padding=self.padding) for size in shape[1:]
        )
        return [w, np.zeros(self.filters)], (self.filters, height, width)

    def forward(
        self, params: list[Array], x: Array, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """(N, filters, H', W'), and a cache for backward."""
        return conv2d_forward(x, *params, stride=self.stride, padding=self.padding)

    def backward(self, dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
        """dx, and [dw, db]."""
        dx, dw, db = conv2d_backward(dout, cache)
        return dx, [dw, db]


class MaxPool2D:
    """The largest pixel of every window; windows do not overlap.

    Parameters: none.
    Source: Keras, MaxPooling2D.
    """

    def __init__(self, size: int = 2) -> None:
        """ValueError unless size, height and width of a window, is at least 1."""
        require(size >= 1, "size", size, "at least 1")
        self.size = size

    def build(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], tuple[int, ...]]:
        """No parameters; (C, H / size, W / size), rounded down."""
        require(len(shape) == 3, "shape", shape, "(C, H, W)")
        height, width = (conv_output_size(size, self.size, stride=self.size) for size in shape[1:])
        return [], (shape[0], height, width)

    def forward(
        self, params: list[Array], x: Array, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """(N, C, H / size, W / size), and a cache for backward."""
        return max_pool2d_forward(x, kernel=self.size, stride=self.size)

    def backward(self, dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
        """dx, and no gradients."""
        return max_pool2d_backward(dout, cache), []
