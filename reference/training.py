"""Training loops: algorithm 4.1 with early stopping, and the iris network."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from reference.activations import sigmoid_backward, sigmoid_forward
from reference.affine import affine_backward, affine_forward
from reference.checks import require, require_labels, require_shape
from reference.classification_losses import cross_entropy_backward, cross_entropy_forward
from reference.initialisers import xavier_normal_initialiser
from reference.namespace import Array
from reference.network import network_forward, network_step

IRIS_EPOCHS, IRIS_BATCH_SIZE, IRIS_LR = 150, 20, 0.3


def early_stopping(errors: Array, *, patience: int) -> tuple[int, int]:
    """When training stops, and whose parameters it keeps.

    Training stops after the first epoch at which `patience` epochs in a row brought no new strict minimum.

    Args:
        errors: (T,) float, validation error after each epoch, T at least 1.
        patience: how many such epochs are waited for, at least 1.
    Returns:
        best_epoch: int, the first minimum among errors[: stop_epoch + 1].
        stop_epoch: int, the last epoch trained; T - 1 if patience never ran out.
    Raises:
        ValueError: errors is not a vector or is empty, or patience is less than 1.
    Convention: epochs count from 0.
    Source: USTC lectures, algorithm 4.1, line 15; Goodfellow et al. 2016, algorithm 7.1.
    """
    require_shape("errors", errors, ("T",))
    epochs = errors.shape[0]
    require(epochs > 0, "errors", "empty", "one number an epoch")
    require(patience >= 1, "patience", patience, "at least 1")
    best_epoch = 0
    for epoch in range(1, epochs):
        if errors[epoch] < errors[best_epoch]:
            best_epoch = epoch
        elif epoch - best_epoch >= patience:
            return best_epoch, epoch
    return best_epoch, epochs - 1


def train_network(
    x: Array,
    y: Array,
    x_val: Array,
    y_val: Array,
    sizes: tuple[int, ...],
    *,
    lr: float,
    l2: float,
    batch_size: int,
    epochs: int,
    patience: int,
    rng: np.random.Generator,
) -> tuple[list[Array], list[Array], Array]:
    """Train a network of sigmoid layers by algorithm 4.1 on mini-batches, with early stopping.

    From random weights; in each epoch shuffle the samples, take one network_step on each mini-batch (the last
    may be smaller), then measure the validation error, the mean over samples of 1/2 ||a^L - y||^2. Stop as
    early_stopping says, or after `epochs` epochs.

    Args:
        x: (N, n_0) float, training inputs, N at least 1.
        y: (N, n_L), training targets.
        x_val: (V, n_0), validation inputs, V at least 1.
        y_val: (V, n_L), validation targets.
        sizes: (n_0, ..., n_L), features in each layer.
        lr: learning rate.
        l2: strength of the penalty on the weights.
        batch_size: samples in a mini-batch, at least 1.
        epochs: how many epochs at most, at least 1.
        patience: epochs in a row without a new strict minimum of the validation error, before stopping.
        rng: source of chance.
    Returns:
        weights: list of L matrices (n_{l-1}, n_l), those after the epoch of the smallest validation error.
        biases: list of L vectors (n_l,), of the same epoch.
        history: (epochs run,) float64, validation error after each epoch.
    Raises:
        ValueError: shapes and sizes do not fit, or batch_size, epochs or patience is less than 1.
    Source: USTC lectures, algorithm 4.1.
    """
    require_shape("x", x, ("N", sizes[0]))
    require_shape("y", y, (x.shape[0], sizes[-1]))
    for name, count in [("batch_size", batch_size), ("epochs", epochs), ("patience", patience)]:
        require(count >= 1, name, count, "at least 1")
    weights, biases = _random_layers(sizes, x.dtype, rng)
    best_epoch, best = 0, (weights, biases)
    history: list[float] = []
    for epoch in range(epochs):
        for batch in _shuffled_batches(x.shape[0], batch_size, rng):
            weights, biases = network_step(x[batch], y[batch], weights, biases, lr=lr, l2=l2)
        history.append(_half_squared_error(x_val, y_val, weights, biases))
        if epoch == 0 or history[epoch] < history[best_epoch]:
            best_epoch, best = epoch, (weights, biases)
        elif epoch - best_epoch >= patience:
            break
    return *best, np.array(history)


def train_iris(x: Array, labels: Array, *, rng: np.random.Generator) -> tuple[Array, Array, Array, Array, Array]:
    """Train a 4-6-3 network on iris: sigmoid hidden layer, softmax output, cross-entropy.

    The class of a flower is the largest of sigmoid(x w1 + b1) w2 + b2, on x as it comes.

    Args:
        x: (N, 4) float, N at least 1; 120 flowers in the lectures.
        labels: (N,) int, 0, 1 or 2.
        rng: source of chance.
    Returns:
        w1: (4, 6), weights of the hidden layer.
        b1: (6,), its biases.
        w2: (6, 3), weights of the output layer.
        b2: (3,), its biases.
        history: (epochs,) float64, mean training loss of each epoch.
    Raises:
        ValueError: x or labels does not have its shape, or a label is out of range.
    Source: UCAS lectures, the iris example.
    """
    require_shape("x", x, ("N", 4))
    require_labels(labels, 3, x.shape[0])
    (w1, w2), (b1, b2) = _random_layers((4, 6, 3), x.dtype, rng)
    params = [w1, b1, w2, b2]
    # Centred inputs train faster; the first bias takes the centre back at the end.
    centre = x.mean(axis=0)
    history = []
    for _ in range(IRIS_EPOCHS):
        losses = []
        for batch in _shuffled_batches(x.shape[0], IRIS_BATCH_SIZE, rng):
            loss, gradients = _iris_loss(params, x[batch] - centre, labels[batch])
            params = [p - IRIS_LR * g for p, g in zip(params, gradients, strict=True)]
            losses.append(loss)
        history.append(np.mean(losses))
    w1, b1, w2, b2 = params
    return w1, b1 - centre @ w1, w2, b2, np.array(history)


def _random_layers(sizes: tuple[int, ...], dtype: Any, rng: np.random.Generator) -> tuple[list[Array], list[Array]]:
    """Weights by Xavier's rule and biases of 0, a layer between each two neighbours of `sizes`."""
    weights = [xavier_normal_initialiser(rng, fans).astype(dtype) for fans in pairwise(sizes)]
    biases = [np.zeros(size, dtype=dtype) for size in sizes[1:]]
    return weights, biases


def _iris_loss(params: Sequence[Array], x: Array, labels: Array) -> tuple[float, tuple[Array, ...]]:
    """Cross-entropy of the network with these parameters, and its gradients in their order."""
    w1, b1, w2, b2 = params
    z, hidden_cache = affine_forward(x, w1, b1)
    a, sigmoid_cache = sigmoid_forward(z)
    logits, output_cache = affine_forward(a, w2, b2)
    loss, loss_cache = cross_entropy_forward(logits, labels)
    da, dw2, db2 = affine_backward(cross_entropy_backward(1.0, loss_cache), output_cache)
    _, dw1, db1 = affine_backward(sigmoid_backward(da, sigmoid_cache), hidden_cache)
    return float(loss), (dw1, db1, dw2, db2)


def _shuffled_batches(samples: int, batch_size: int, rng: np.random.Generator) -> Iterator[Array]:
    """Every index once, in random order, `batch_size` at a time; the last batch takes what is left."""
    order = rng.permutation(samples)
    for start in range(0, samples, batch_size):
        yield order[start : start + batch_size]


def _half_squared_error(x: Array, y: Array, weights: Sequence[Array], biases: Sequence[Array]) -> float:
    """Mean over the samples of 1/2 ||a^L - y||^2."""
    a, _ = network_forward(x, weights, biases)
    return float(np.mean(np.sum((a - y) ** 2, axis=1)) / 2)
