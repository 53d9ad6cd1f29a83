"""A small convolutional network that learns to read digits."""

import numpy as np

from reference.adaptive_optimisers import adam_init, adam_update
from reference.classification_losses import cross_entropy_backward, cross_entropy_forward
from reference.convnets import lenet_keras_backward, lenet_keras_forward
from reference.namespace import Array


def train_digits(x: Array, y: Array, x_test: Array, *, classes: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Learn to classify small grey images.

    Args:
        x: (N, 1, H, W) float, images to learn from, values from 0 to 1.
        y: (N,) int, their classes.
        x_test: (P, 1, H, W) float, images to classify.
        classes: how many there are.
        rng: source of chance.
    Returns:
        predicted: (P,) int, a class for each image of x_test.
        history: (epochs,) float64, the mean training loss of each epoch.
    Convention: any network will do that reaches the accuracy asked for.
    Source: LeCun et al. 1998; USTC slides, digits.
    """
    filters, more, units, epochs, batch = 6, 12, 48, 6, 32
    params = lenet_parameters(rng, x.shape[1:], filters, more, units, classes, kernel=3)
    state, history = adam_init(params), []
    for _ in range(epochs):
        losses = []
        for chosen in np.array_split(rng.permutation(len(x)), max(len(x) // batch, 1)):
            scores, cache = lenet_keras_forward(padded(x[chosen]), params)
            loss, loss_cache = cross_entropy_forward(scores, y[chosen])
            _, grads = lenet_keras_backward(cross_entropy_backward(1.0, loss_cache), cache)
            params, state = adam_update(params, grads, state, lr=0.005)
            losses.append(float(loss))
        history.append(float(np.mean(losses)))
    scores, _ = lenet_keras_forward(padded(x_test), params)
    return np.argmax(scores, axis=1), np.array(history)


def padded(x: Array) -> Array:
    """Images with a border of two zeros, so that two narrow convolutions and two poolings leave something."""
    return np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))


def lenet_parameters(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    filters: int,
    more: int,
    units: int,
    classes: int,
    *,
    kernel: int,
) -> list[Array]:
    """Parameters of lenet_keras for padded images of that shape, by He's rule."""

    def drawn(*sizes: int, fan_in: int) -> Array:
        return rng.standard_normal(sizes) * np.sqrt(2 / fan_in)

    left = [(((size + 4 - kernel + 1) // 2) - kernel + 1) // 2 for size in shape[1:]]
    flat = more * left[0] * left[1]
    return [
        drawn(filters, shape[0], kernel, kernel, fan_in=shape[0] * kernel**2),
        np.zeros(filters),
        drawn(more, filters, kernel, kernel, fan_in=filters * kernel**2),
        np.zeros(more),
        drawn(flat, units, fan_in=flat),
        np.zeros(units),
        drawn(units, units, fan_in=units),
        np.zeros(units),
        drawn(units, classes, fan_in=units),
        np.zeros(classes),
    ]
