"""Worked examples on irises, digits, slots, and a game."""

from typing import Any

import numpy as np

from reference.activations import sigmoid_backward, sigmoid_forward
from reference.adaptive_optimisers import adam_init, adam_update
from reference.adversarial import gan_network, gan_training
from reference.affine import affine_backward, affine_forward
from reference.classification_losses import cross_entropy_backward, cross_entropy_forward
from reference.convnets import lenet_keras_backward, lenet_keras_forward
from reference.digits import lenet_parameters
from reference.examples import data
from reference.examples.result import Result, Settings, Tick
from reference.optimisers import sgd_init, sgd_update
from reference.slot_filling import slot_gradients, slot_logits


def iris(settings: Settings, tick: Tick) -> Result:
    """Iris 4-6-3: sigmoid hidden, softmax out, cross-entropy (UCAS slides)."""
    rng = np.random.default_rng(settings.seed)
    x, y, x_test, y_test = data.iris()
    params = [rng.standard_normal((4, 6)) / 2, np.zeros(6), rng.standard_normal((6, 3)) / 2, np.zeros(3)]
    epochs, losses = settings.pick(400, 60), []
    for epoch in range(epochs):
        for chosen in np.array_split(rng.permutation(len(x)), 12):
            z, first = affine_forward(x[chosen], *params[:2])
            a, active = sigmoid_forward(z)
            scores, second = affine_forward(a, *params[2:])
            loss, cache = cross_entropy_forward(scores, y[chosen])
            da, dw2, db2 = affine_backward(cross_entropy_backward(1.0, cache), second)
            _, dw1, db1 = affine_backward(sigmoid_backward(da, active), first)
            params, _ = sgd_update(params, [dw1, db1, dw2, db2], sgd_init(params), lr=0.3)
        losses.append(float(loss))
        tick(epoch + 1, epochs, losses[-1])
    hidden, _ = sigmoid_forward(x_test @ params[0] + params[1])
    right = np.argmax(hidden @ params[2] + params[3], axis=1) == y_test
    return Result("test accuracy", float(right.mean()), {"last batch": losses}, x="epoch")


def lenet(settings: Settings, tick: Tick) -> Result:
    """LeNet as in the slides' Keras program, on UCI's digits made as large, or on MNIST where its files are given."""
    rng = np.random.default_rng(settings.seed)
    x, y, x_test, y_test = data.mnist(settings.mnist) if settings.mnist else data.digits()
    if not settings.mnist:
        x, x_test = data.enlarged(x), data.enlarged(x_test)
    params = slides_lenet(rng)
    state, losses = adam_init(params), []
    epochs = settings.pick(10, 1)
    batches = np.concatenate([rng.permutation(len(x)) for _ in range(epochs)])
    batches = batches[: len(batches) // 64 * 64].reshape(-1, 64)
    for step, chosen in enumerate(batches):
        params, state, loss = lenet_step(params, state, x[chosen], y[chosen])
        losses.append(loss)
        tick(step + 1, len(batches), loss)
    parts = [lenet_keras_forward(x_test[i : i + 500], params)[0] for i in range(0, len(x_test), 500)]
    right = np.argmax(np.concatenate(parts), axis=1) == y_test
    return Result("test accuracy", float(right.mean()), {"batch": losses}, log=True)


def slides_lenet(rng: np.random.Generator) -> list[np.ndarray]:
    """Parameters of the slides' net: 6 and 16 filters of 5 x 5, then 120, 84, 10."""
    return lenet_parameters(rng, (1, 28, 28), filters=(6, 16), units=(120, 84), classes=10, kernel=5)


def lenet_step(
    params: list[np.ndarray], state: Any, x: np.ndarray, y: np.ndarray
) -> tuple[list[np.ndarray], Any, float]:
    """One update by Adam: the parameters, Adam's state, and the loss before."""
    scores, cache = lenet_keras_forward(x, params)
    loss, loss_cache = cross_entropy_forward(scores, y)
    _, grads = lenet_keras_backward(cross_entropy_backward(1.0, loss_cache), cache)
    params, state = adam_update(params, grads, state, lr=0.001)
    return params, state, float(loss)


CITIES = ("Suzhou", "Beijing", "Shanghai", "Nanjing", "Hangzhou", "Chengdu")
OPENINGS = ("I will", "we want to", "please let me", "they")
BETWEEN = ("", "the lovely city of")


def slots(settings: Settings, tick: Tick) -> Result:
    """Slot filling: the city one leaves and the city one arrives at (Soochow and USTC slides)."""
    rng = np.random.default_rng(settings.seed)
    sentences = [_sentence(rng) for _ in range(settings.pick(600, 300))]
    length = max(len(words) for words, _ in sentences)
    vocabulary = sorted({word for words, _ in sentences for word in words} | {"."})
    padded = [[*words, *["."] * (length - len(words))] for words, _ in sentences]
    tokens = np.array([[vocabulary.index(word) for word in words] for words in padded])
    labels = np.array([[*marks, *[0] * (length - len(marks))] for _, marks in sentences])
    hidden, split, updates = 24, len(tokens) * 3 // 4, settings.pick(600, 250)
    size = len(vocabulary)
    params = [
        rng.standard_normal((size, hidden)) / np.sqrt(hidden),
        rng.standard_normal((hidden, hidden)) / np.sqrt(hidden),
        np.zeros(hidden),
        rng.standard_normal((hidden, 3)) / np.sqrt(hidden),
        np.zeros(3),
    ]
    state, losses = adam_init(params), []
    for step in range(updates):
        chosen = rng.integers(0, split, 32)
        loss, grads = slot_gradients(params, tokens[chosen], labels[chosen], size)
        params, state = adam_update(params, grads, state, lr=0.01)
        losses.append(loss)
        tick(step + 1, updates, loss)
    scores, _ = slot_logits(params, tokens[split:], size)
    cities = labels[split:] != 0
    right = (np.argmax(scores, axis=-1) == labels[split:])[cities]
    return Result("slot accuracy on cities", float(right.mean()), {"batch": losses}, log=True)


def _sentence(rng: np.random.Generator) -> tuple[list[str], list[int]]:
    """Words, and for each 1 for the origin, 2 for the destination, 0 for neither."""
    words = str(rng.choice(OPENINGS)).split()
    marks = [0] * len(words)
    parts = [("leave", 1), ("arrive at", 2)]
    for verb, mark in parts if rng.random() < 0.5 else parts[::-1]:
        phrase = [*verb.split(), *str(rng.choice(BETWEEN)).split()]
        words += [*phrase, str(rng.choice(CITIES))]
        marks += [*[0] * len(phrase), mark]
    return words, marks


def gan(settings: Settings, tick: Tick) -> Result:
    """A generator and a discriminator on a mixture of two normal distributions."""
    rng = np.random.default_rng(settings.seed)

    def mixture(count: int) -> np.ndarray:
        return np.where(rng.random(count) < 0.5, -2.0, 2.0) + 0.5 * rng.standard_normal(count)

    real, steps, losses, generator = mixture(4000), settings.pick(900, 600), [], []
    for loss, averaged in gan_training(real, steps=steps, rng=rng):
        losses.append(loss)
        generator = averaged
        tick(len(losses), steps, loss)
    drawn = real.mean() + real.std() * gan_network(rng.standard_normal(4000), generator)[0]
    distance = np.abs(np.sort(drawn) - np.sort(mixture(4000))).mean() / real.std()
    bins = np.linspace(-4, 4, 41)
    both = {"data": real, "drawn": drawn}
    shares = {name: (np.histogram(values, bins)[0] / len(values)).tolist() for name, values in both.items()}
    middles = ((bins[1:] + bins[:-1]) / 2).tolist()
    return Result("Wasserstein distance over the data's spread", float(distance), shares, "value", "share", at=middles)
