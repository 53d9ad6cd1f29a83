"""Deep networks: how error terms fare on their way down, and the shortcut that lets them pass."""

from collections.abc import Sequence

from reference.activations import sigmoid_forward
from reference.affine import affine_backward, affine_forward
from reference.checks import require, require_layers, require_shape
from reference.namespace import Array, Cache, array_namespace
from reference.rectifiers import relu_backward, relu_forward


def initial_scale(fan_in: int, fan_out: int, *, rule: str = "he") -> float:
    """The standard deviation with which the weights of a layer begin.

    Args:
        fan_in: inputs of the layer, at least 1.
        fan_out: outputs of the layer, at least 1.
        rule: "xavier" for sqrt(2 / (fan_in + fan_out)), "he" for sqrt(2 / fan_in), "lecun" for sqrt(1 / fan_in).
    Returns:
        sigma: a Python float.
    Raises:
        ValueError: a fan is less than 1, or the rule is unknown.
    Convention: a uniform distribution of the same spread is U(-r, r) with r = sqrt(3) sigma.
    Source: Glorot & Bengio 2010, equation 12; He et al. 2015, equation 10; LeCun et al. 1998, Efficient BackProp.
    """
    require(fan_in >= 1, "fan_in", fan_in, "at least 1")
    require(fan_out >= 1, "fan_out", fan_out, "at least 1")
    variances = {"xavier": 2 / (fan_in + fan_out), "he": 2 / fan_in, "lecun": 1 / fan_in}
    require(rule in variances, "rule", repr(rule), "one of " + ", ".join(variances))
    return float(variances[rule] ** 0.5)


def learning_speeds(
    x: Array, y: Array, weights: Sequence[Array], biases: Sequence[Array], *, activation: str = "sigmoid"
) -> Array:
    """How fast each layer of a deep network learns: the norm of its error term, |delta^l|.

    Args:
        x: (N, n_0) float, inputs.
        y: (N, n_L) float, targets.
        weights: L arrays, (n_{l-1}, n_l), float.
        biases: L arrays, (n_l,), float.
        activation: of every layer, "sigmoid" or "relu".
    Returns:
        speeds: (L,), the Frobenius norm of delta^l = dC/dz^l, from the first layer to the last; dtype of x.
    Raises:
        ValueError: a shape does not fit, or the activation is unknown.
    Convention: C = 1/2 |a^L - y|^2, summed over the samples; the slope of relu at 0 is 0.
    Source: Beihang slides, vanishing gradients; Nielsen 2015, chapter 5.
    """
    xp = array_namespace(x)
    require(activation in ("sigmoid", "relu"), "activation", repr(activation), '"sigmoid" or "relu"')
    require_shape("x", x, ("N", "n_0"))
    require_layers(weights, biases, x.shape[1])
    require_shape("y", y, (x.shape[0], weights[-1].shape[1]))
    a, activations = x, []
    for w, b in zip(weights, biases, strict=True):
        a, _ = sigmoid_forward(a @ w + b) if activation == "sigmoid" else relu_forward(a @ w + b)
        activations.append(a)
    upstream = a - y
    speeds: list[Array] = []
    for w, a in zip(reversed(weights), reversed(activations), strict=True):
        delta = upstream * (a * (1 - a) if activation == "sigmoid" else xp.astype(a > 0, a.dtype))
        speeds.insert(0, xp.sqrt(xp.sum(delta * delta)))
        upstream = delta @ w.T
    return xp.stack(speeds)


def residual_block_forward(x: Array, w1: Array, b1: Array, w2: Array, b2: Array) -> tuple[Array, Cache]:
    """A residual block, y = x + F(x) with F(x) = relu(x w1 + b1) w2 + b2.

    Args:
        x: (N, D) float.
        w1: (D, H) float.
        b1: (H,) float.
        w2: (H, D) float.
        b2: (D,) float.
    Returns:
        y: (N, D), dtype of x.
        cache: opaque, for residual_block_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: nothing follows the sum, so that x passes unchanged (He et al. 2016b).
    Source: He et al. 2016, equation 1; Beihang slides, residual networks.
    """
    hidden, first = affine_forward(x, w1, b1)
    active, rectified = relu_forward(hidden)
    f, second = affine_forward(active, w2, b2)
    require_shape("w2", w2, (w1.shape[1], x.shape[1]))
    return x + f, (first, rectified, second)


def residual_block_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of residual_block_forward.

    Args:
        dout: (N, D), gradient with respect to y.
        cache: from residual_block_forward.
    Returns:
        dx, dw1, db1, dw2, db2: each in the shape of its argument.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    first, rectified, second = cache
    dactive, dw2, db2 = affine_backward(dout, second)
    dx, dw1, db1 = affine_backward(relu_backward(dactive, rectified), first)
    return dout + dx, dw1, db1, dw2, db2


def residual_stack_forward(
    x: Array, w1: list[Array], b1: list[Array], w2: list[Array], b2: list[Array]
) -> tuple[Array, Cache]:
    """Residual blocks one after another, x^L = x^l + sum of F(x^i) from i = l to L - 1.

    Args:
        x: (N, D) float.
        w1: B arrays, (D, H), float, one a block.
        b1: B arrays, (H,), float.
        w2: B arrays, (H, D), float.
        b2: B arrays, (D,), float.
    Returns:
        y: (N, D), dtype of x.
        cache: opaque, for residual_stack_backward.
    Raises:
        ValueError: the lists differ in length, or a shape does not fit.
    Source: He et al. 2016b, equations 3-5; Beihang slides, residual networks.
    """
    for name, arrays in (("b1", b1), ("w2", w2), ("b2", b2)):
        require(len(arrays) == len(w1), name, f"{len(arrays)} arrays", f"{len(w1)}, one a block")
    caches = []
    for block in zip(w1, b1, w2, b2, strict=True):
        x, cache = residual_block_forward(x, *block)
        caches.append(cache)
    return x, (caches, tuple(x.shape))


def residual_stack_backward(
    dout: Array, cache: Cache
) -> tuple[Array, list[Array], list[Array], list[Array], list[Array]]:
    """Gradients of residual_stack_forward.

    Args:
        dout: (N, D), gradient with respect to y.
        cache: from residual_stack_forward.
    Returns:
        dx, dw1, db1, dw2, db2: each in the shape of its argument, lists for lists.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    caches, shape = cache
    require_shape("dout", dout, shape)
    grads: list[list[Array]] = []
    for block in reversed(caches):
        dout, *own = residual_block_backward(dout, block)
        grads.insert(0, own)
    dw1, db1, dw2, db2 = ([own[k] for own in grads] for k in range(4))
    return dout, dw1, db1, dw2, db2
