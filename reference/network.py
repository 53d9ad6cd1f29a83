"""The whole network of L sigmoid layers: forward, error terms, gradients, one step."""

from collections.abc import Sequence

from reference.activations import sigmoid_backward, sigmoid_forward
from reference.checks import require, require_layers, require_shape
from reference.namespace import Array, Cache, array_namespace, in_dtype_of


def network_forward(x: Array, weights: Sequence[Array], biases: Sequence[Array]) -> tuple[Array, Cache]:
    """Network of L sigmoid layers, a^0 = x, z^l = a^{l-1} W^l + b^l, a^l = sigmoid(z^l).

    Args:
        x: (N, n_0) float, inputs.
        weights: list of L matrices, W^l of (n_{l-1}, n_l).
        biases: list of L vectors, b^l of (n_l,).
    Returns:
        a: (N, n_L), the last layer's activations, dtype of x.
        cache: opaque, for network_backward.
    Raises:
        ValueError: there is no layer, or a layer does not fit the one before it.
    Source: USTC lectures, feed-forward networks.
    """
    require_shape("x", x, ("N", "D"))
    require_layers(weights, biases, x.shape[1])
    activations = [x]
    for w, b in zip(weights, biases, strict=True):
        a, _ = sigmoid_forward(activations[-1] @ w + b)
        activations.append(a)
    return activations[-1], (activations, weights)


def network_backward(dout: Array, cache: Cache) -> tuple[Array, list[Array], list[Array]]:
    """Gradients of network_forward.

    Args:
        dout: (N, n_L), gradient with respect to a.
        cache: from network_forward.
    Returns:
        dx: (N, n_0), dtype of x.
        dweights: list of L matrices, in the shapes of the weights.
        dbiases: list of L vectors, in the shapes of the biases.
    Raises:
        ValueError: dout does not have the shape of a.
    """
    activations, weights = cache
    last_delta = sigmoid_backward(dout, activations[-1])
    deltas = _propagate(last_delta, activations, weights)
    dx = deltas[0] @ weights[0].T
    return dx, *_parameter_gradients(deltas, activations)


def output_delta(a: Array, y: Array) -> Array:
    """Error term of the last layer, delta^L = (a - y) * a (1 - a), the gradient of C with respect to z^L.

    Here C = 1/2 ||a - y||^2 for each sample, and a = sigmoid(z^L).

    Args:
        a: (N, M) float, the last layer's activations.
        y: (N, M), targets.
    Returns:
        delta: (N, M), dtype of a.
    Raises:
        ValueError: a and y differ in shape.
    Source: USTC lectures, the error term; Nielsen 2015, equation BP1.
    """
    require_shape("y", y, a.shape)
    return (a - in_dtype_of(y, a)) * (a * (1 - a))


def hidden_delta(delta_next: Array, w_next: Array, a: Array) -> Array:
    """Error term of a hidden layer from the next one's, delta^l = (delta^{l+1} (W^{l+1})^T) * a (1 - a).

    Args:
        delta_next: (N, M) float, the next layer's error term.
        w_next: (H, M) float, the next layer's weights.
        a: (N, H) float, this layer's activations, a = sigmoid(z^l).
    Returns:
        delta: (N, H), dtype of a.
    Raises:
        ValueError: the shapes do not fit.
    Convention: * is the elementwise product, which the lectures call a dot product.
    Source: USTC lectures, the error term; Nielsen 2015, equation BP2.
    """
    require_shape("a", a, ("N", "H"))
    require_shape("delta_next", delta_next, (a.shape[0], "M"))
    require_shape("w_next", w_next, (a.shape[1], delta_next.shape[1]))
    return (delta_next @ w_next.T) * (a * (1 - a))


def network_deltas(x: Array, y: Array, weights: Sequence[Array], biases: Sequence[Array]) -> list[Array]:
    """Error terms of every layer: delta^l is the gradient of C with respect to z^l.

    Here C = 1/2 ||a^L - y||^2 for each sample.

    Args:
        x: (N, n_0) float, inputs.
        y: (N, n_L), targets.
        weights: list of L matrices, W^l of (n_{l-1}, n_l).
        biases: list of L vectors, b^l of (n_l,).
    Returns:
        deltas: list of L matrices, delta^l of (N, n_l), first layer first, dtype of x.
    Raises:
        ValueError: a layer does not fit the one before it, or y not the last.
    Convention: each sample's own error term, not divided by N.
    Source: USTC lectures, back-propagation.
    """
    a, (activations, _) = network_forward(x, weights, biases)
    return _propagate(output_delta(a, y), activations, weights)


def network_step(
    x: Array, y: Array, weights: Sequence[Array], biases: Sequence[Array], *, lr: float, l2: float
) -> tuple[list[Array], list[Array]]:
    """One step of gradient descent on J = 1/N sum_n 1/2 ||a^L_n - y_n||^2 + l2/2 sum_l ||W^l||_F^2.

    Args:
        x: (N, n_0) float, inputs, N at least 1.
        y: (N, n_L), targets.
        weights: list of L matrices, W^l of (n_{l-1}, n_l); left as they are.
        biases: list of L vectors, b^l of (n_l,); left as they are.
        lr: learning rate, alpha in the lectures.
        l2: strength of the penalty, lambda in the lectures.
    Returns:
        new_weights: list of L new matrices.
        new_biases: list of L new vectors.
    Raises:
        ValueError: a layer does not fit the one before it, y not the last, or there is no sample.
    Convention: W <- W - lr (dC/dW + l2 W), as in algorithm 4.1; biases are not decayed.
    Source: USTC lectures, algorithm 4.1, lines 6 to 13.
    """
    samples = x.shape[0]
    require(samples > 0, "N", samples, "at least 1 for a mean")
    a, (activations, _) = network_forward(x, weights, biases)
    deltas = _propagate(output_delta(a, y), activations, weights)
    dweights, dbiases = _parameter_gradients(deltas, activations)
    new_weights = [w - lr * (dw / samples + l2 * w) for w, dw in zip(weights, dweights, strict=True)]
    new_biases = [b - lr * db / samples for b, db in zip(biases, dbiases, strict=True)]
    return new_weights, new_biases


def _propagate(last_delta: Array, activations: list[Array], weights: Sequence[Array]) -> list[Array]:
    """Error terms of every layer, first to last, found from the last to the first."""
    deltas = [last_delta]
    for layer in reversed(range(1, len(weights))):
        deltas.append(hidden_delta(deltas[-1], weights[layer], activations[layer]))
    return deltas[::-1]


def _parameter_gradients(deltas: list[Array], activations: list[Array]) -> tuple[list[Array], list[Array]]:
    """dW^l = (a^{l-1})^T delta^l and db^l = delta^l, both summed over the samples."""
    dweights = [a.T @ delta for a, delta in zip(activations[:-1], deltas, strict=True)]
    dbiases = [array_namespace(delta).sum(delta, axis=0) for delta in deltas]
    return dweights, dbiases
