"""A small convolutional network that learns to read digits."""

import itertools

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
    epochs, batch = 6, 32
    shape = padded(x[:1]).shape[1:]
    params = lenet_parameters(rng, shape, filters=(6, 12), units=(48, 48), classes=classes, kernel=3)
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
    *,
    filters: tuple[int, int],
    units: tuple[int, int],
    classes: int,
    kernel: int,
) -> list[Array]:
    """Parameters of lenet_keras for images of shape (C, H, W), by He's rule."""

    def drawn(*sizes: int, fan_in: int) -> Array:
        return rng.standard_normal(sizes) * np.sqrt(2 / fan_in)

    left = [((size - kernel + 1) // 2 - kernel + 1) // 2 for size in shape[1:]]
    params = []
    for inputs, outputs in ((shape[0], filters[0]), filters):
        params += [drawn(outputs, inputs, kernel, kernel, fan_in=inputs * kernel**2), np.zeros(outputs)]
    sizes = (filters[1] * left[0] * left[1], *units, classes)
    for inputs, outputs in itertools.pairwise(sizes):
        params += [drawn(inputs, outputs, fan_in=inputs), np.zeros(outputs)]
    return params
