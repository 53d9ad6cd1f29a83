"""LeNet-5 in its two forms."""

from reference.activations import tanh_backward, tanh_forward
from reference.affine import affine_backward, affine_forward
from reference.checks import require, require_shape
from reference.convolution import conv2d_backward, conv2d_forward
from reference.namespace import Array, Cache, array_namespace
from reference.pooling import (
    flatten_backward,
    flatten_forward,
    max_pool2d_backward,
    max_pool2d_forward,
    mean_pool2d_backward,
    mean_pool2d_forward,
)
from reference.rectifiers import relu_backward, relu_forward

C3_TABLE = (
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)
"""Which of the 6 maps of S2 each of the 16 maps of C3 is connected to (LeCun et al. 1998, table I)."""


def connection_mask(like: Array) -> Array:
    """Which channels each filter of C3 sees, as the original has it.

    Args:
        like: (16, 6, K, L) float, filters; its dtype counts, not its values.
    Returns:
        mask: (16, 6, 1, 1), 1 where filter and channel are connected and 0 elsewhere, dtype of like.
    Raises:
        ValueError: like does not have 16 filters of 6 channels.
    Source: LeCun et al. 1998, table I.
    """
    xp = array_namespace(like)
    require_shape("like", like, (16, 6, "K", "L"))
    rows = [[1.0 if channel in seen else 0.0 for channel in range(6)] for seen in C3_TABLE]
    return xp.asarray(rows, dtype=like.dtype, device=like.device)[:, :, None, None]


def lenet_original_forward(x: Array, params: list[Array]) -> tuple[Array, Cache]:
    """LeNet-5 with its seven layers: C1, S2, C3 with the connection table, S4, C5, F6, output.

    Args:
        x: (N, 1, H, W) float, images; 32 x 32 in the paper.
        params: 10 arrays: C1 (6, 1, K, K), (6,); C3 (16, 6, K, K), (16,); C5 (D, M), (M,); F6 (M, P), (P,);
            output (P, C), (C,). D is what S4 leaves, 16 maps flattened.
    Returns:
        scores: (N, C), before softmax, dtype of x.
        cache: opaque, for lenet_original_backward.
    Raises:
        ValueError: there are not 10 parameters, or a shape does not fit.
    Convention: tanh after C1, C3, C5 and F6; S2 and S4 are 2 x 2 means without the paper's weight and bias; the output
        is affine, where the paper has Gaussian units. Where C3's table has no connection, the weight does not count.
    Source: LeCun et al. 1998, section II.B.
    """
    require(len(params) == 10, "params", f"{len(params)} arrays", "10")
    w1, b1, w3, b3, w5, b5, w6, b6, w7, b7 = params
    table = connection_mask(w3)
    caches = []
    for w, b in ((w1, b1), (w3 * table, b3)):
        z, conv = conv2d_forward(x, w, b)
        a, activation = tanh_forward(z)
        x, pool = mean_pool2d_forward(a)
        caches.append((conv, activation, pool))
    flat, shape = flatten_forward(x)
    hidden, dense = flat, []
    for w, b in ((w5, b5), (w6, b6)):
        z, affine = affine_forward(hidden, w, b)
        hidden, activation = tanh_forward(z)
        dense.append((affine, activation))
    scores, last = affine_forward(hidden, w7, b7)
    return scores, (caches, shape, dense, last, table)


def lenet_original_backward(dscores: Array, cache: Cache) -> tuple[Array, list[Array]]:
    """Gradients of lenet_original_forward.

    Args:
        dscores: (N, C), gradient with respect to scores.
        cache: from lenet_original_forward.
    Returns:
        dx: (N, 1, H, W), dtype of x.
        dparams: list of 10 arrays, in the shapes of params; 0 where C3's table has no connection.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    caches, shape, dense, last, table = cache
    upstream, *grads = affine_backward(dscores, last)
    for affine, activation in reversed(dense):
        upstream, *own = affine_backward(tanh_backward(upstream, activation), affine)
        grads = [*own, *grads]
    upstream = flatten_backward(upstream, shape)
    for conv, activation, pool in reversed(caches):
        upstream, *own = conv2d_backward(tanh_backward(mean_pool2d_backward(upstream, pool), activation), conv)
        grads = [*own, *grads]
    grads[2] = grads[2] * table
    return upstream, grads


def lenet_keras_forward(x: Array, params: list[Array]) -> tuple[Array, Cache]:
    """LeNet as the slides' Keras program has it: convolution, relu, pool, convolution, pool, and three affine layers.

    Args:
        x: (N, C, H, W) float, images; (N, 1, 28, 28) on the slides.
        params: 10 arrays: (F, C, K, K), (F,); (G, F, K, K), (G,); (D, M), (M,); (M, P), (P,); (P, Q), (Q,). On the
            slides F = 6, G = 16, K = 5, M = 120, P = 84, Q = 10.
    Returns:
        scores: (N, Q), before softmax, dtype of x.
        cache: opaque, for lenet_keras_backward.
    Raises:
        ValueError: there are not 10 parameters, or a shape does not fit.
    Convention: narrow convolutions, 2 x 2 maximum pooling; relu after the FIRST convolution only: the second one and
        the affine layers are linear, as the program has them.
    Source: USTC slides, LeNet in Keras.
    """
    require(len(params) == 10, "params", f"{len(params)} arrays", "10")
    z1, conv1 = conv2d_forward(x, *params[:2])
    a1, rectified = relu_forward(z1)
    p1, pool1 = max_pool2d_forward(a1)
    z2, conv2 = conv2d_forward(p1, *params[2:4])
    p2, pool2 = max_pool2d_forward(z2)
    out, shape = flatten_forward(p2)
    dense = []
    for k in (4, 6, 8):
        out, affine = affine_forward(out, *params[k : k + 2])
        dense.append(affine)
    return out, (conv1, rectified, pool1, conv2, pool2, shape, dense)


def lenet_keras_backward(dscores: Array, cache: Cache) -> tuple[Array, list[Array]]:
    """Gradients of lenet_keras_forward.

    Args:
        dscores: (N, Q), gradient with respect to scores.
        cache: from lenet_keras_forward.
    Returns:
        dx: (N, C, H, W), dtype of x.
        dparams: list of 10 arrays, in the shapes of params.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    conv1, rectified, pool1, conv2, pool2, shape, dense = cache
    upstream = dscores
    grads: list[Array] = []
    for affine in reversed(dense):
        upstream, *own = affine_backward(upstream, affine)
        grads = [*own, *grads]
    upstream = max_pool2d_backward(flatten_backward(upstream, shape), pool2)
    upstream, *second = conv2d_backward(upstream, conv2)
    upstream = relu_backward(max_pool2d_backward(upstream, pool1), rectified)
    dx, *first = conv2d_backward(upstream, conv1)
    return dx, [*first, *second, *grads]


def conv_parameters(filters: int, channels: int, kernel: int, *, groups: int = 1) -> int:
    """How many numbers a convolutional layer learns.

    Args:
        filters: F, at least 1, a multiple of groups.
        channels: C, at least 1, a multiple of groups.
        kernel: height and width of a filter, at least 1.
        groups: into which channels and filters are cut.
    Returns:
        count: F (C / groups) kernel^2 weights and F biases, a Python int.
    Raises:
        ValueError: a number is less than 1, or groups does not divide.
    Source: USTC slides, fewer parameters; Krizhevsky et al. 2012, for the groups.
    """
    for name, value in (("filters", filters), ("channels", channels), ("kernel", kernel), ("groups", groups)):
        require(value >= 1, name, value, "at least 1")
    require(channels % groups == 0 and filters % groups == 0, "groups", groups, "a divisor of channels and filters")
    return filters * (channels // groups) * kernel * kernel + filters


def dense_parameters(channels: int, height: int, width: int, outputs: int) -> int:
    """How many numbers a fully connected layer on images learns.

    Args:
        channels: C, at least 1.
        height: H, at least 1.
        width: W, at least 1.
        outputs: neurons, at least 1.
    Returns:
        count: C H W weights and a bias for each neuron, a Python int.
    Raises:
        ValueError: a number is less than 1.
    Convention: 30,000 weights a neuron for colour images of 100 x 100, as on the slides, and one bias.
    Source: USTC slides, fully connected against convolution.
    """
    for name, value in (("channels", channels), ("height", height), ("width", width), ("outputs", outputs)):
        require(value >= 1, name, value, "at least 1")
    return (channels * height * width + 1) * outputs


def conv_block_layers(blocks: int, convolutions: int, dense: int, *, pooling: int = 1) -> int:
    """How many layers a network of convolutional blocks has: blocks of convolutions and pooling, then dense layers.

    Args:
        blocks: N, at least 0.
        convolutions: M in each block, at least 1.
        dense: K fully connected layers at the end, at least 0.
        pooling: b pooling layers behind each block's convolutions, 0 or 1.
    Returns:
        count: N (M + b) + K, a Python int.
    Raises:
        ValueError: a number is out of range.
    Source: USTC slides, the structure of convolutional networks.
    """
    require(blocks >= 0, "blocks", blocks, "at least 0")
    require(convolutions >= 1, "convolutions", convolutions, "at least 1")
    require(dense >= 0, "dense", dense, "at least 0")
    require(pooling in (0, 1), "pooling", pooling, "0 or 1")
    return blocks * (convolutions + pooling) + dense
