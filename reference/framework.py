"""A Keras-like model: layers in a row, trained by mini-batches. The one place where something is kept."""

import json
import math
import sys
from typing import Any, BinaryIO

import numpy as np

from reference.adaptive_optimisers import adam_init, adam_update, rmsprop_init, rmsprop_update
from reference.checks import require
from reference.classification_losses import cross_entropy_from_probs_backward, cross_entropy_from_probs_forward
from reference.encoding import one_hot
from reference.framework_images import Conv2D, MaxPool2D
from reference.framework_layers import Activation, Dense, Dropout, Flatten
from reference.framework_recurrent import LSTM, Embedding, SimpleRNN, TimeDistributed
from reference.namespace import Array, array_namespace, in_dtype_of
from reference.optimisers import sgd_init, sgd_update

LAYER_CLASSES = {
    layer.__name__: layer
    for layer in (Dense, Activation, Flatten, Dropout, Conv2D, MaxPool2D, Embedding, SimpleRNN, LSTM, TimeDistributed)
}


def mean_squared_error(out: Array, y: Array) -> tuple[Array, Array]:
    """Mean over every element of (out - y)^2, and its gradient with respect to out."""
    difference = out - in_dtype_of(y, out)
    count = math.prod(out.shape)
    return array_namespace(out).sum(difference * difference) / count, 2 * difference / count


def categorical_cross_entropy(out: Array, y: Array) -> tuple[Array, Array]:
    """Mean over the samples (and steps) of -sum_c y_c log out_c, out probabilities, and its gradient."""
    xp, rows = array_namespace(out), (-1, out.shape[-1])
    loss, cache = cross_entropy_from_probs_forward(xp.reshape(out, rows), xp.reshape(y, rows))
    return loss, xp.reshape(cross_entropy_from_probs_backward(1.0, cache), out.shape)


def sparse_categorical_cross_entropy(out: Array, y: Array) -> tuple[Array, Array]:
    """The same with the classes' numbers for targets: y has the shape of out without its last axis."""
    xp, classes = array_namespace(out), out.shape[-1]
    targets = in_dtype_of(one_hot(xp.reshape(y, (-1,)), classes), out)
    return categorical_cross_entropy(out, xp.reshape(targets, out.shape))


MODEL_LOSSES = {
    "mse": mean_squared_error,
    "categorical_crossentropy": categorical_cross_entropy,
    "sparse_categorical_crossentropy": sparse_categorical_cross_entropy,
}
MODEL_OPTIMISERS = {
    "sgd": (sgd_init, sgd_update),
    "rmsprop": (rmsprop_init, rmsprop_update),
    "adam": (adam_init, adam_update),
}


def model_accuracy(out: Array, y: Array) -> float:
    """Share of the samples (and steps) whose largest output is the target's: y one-hot, or the classes' numbers."""
    xp = array_namespace(out)
    classes = xp.argmax(y, axis=-1) if y.ndim == out.ndim else y
    hits = xp.argmax(out, axis=-1) == classes
    return float(xp.mean(xp.astype(hits, xp.float64)))


class Sequential:
    """Layers in a row, as in Keras: add, compile, fit, evaluate, predict, save.

    Convention: losses are means over the batch; "categorical_crossentropy" and its sparse form take probabilities,
        so the last layer is a softmax, as on the slides.
    Source: USTC slides, Keras; Keras, Sequential.
    """

    def __init__(self, input_shape: tuple[int, ...], *, seed: int = 0) -> None:
        """A model without layers.

        Args:
            input_shape: of one sample, (D,), (C, H, W), (T, D), or (T,) for token numbers.
            seed: of everything drawn: parameters, the order of samples, dropout.
        """
        self.input_shape = tuple(input_shape)
        self.rng = np.random.default_rng(seed)
        self.layers: list[Any] = []
        self.params: list[list[Array]] = []
        self.shape = self.input_shape

    def add(self, layer: Any) -> None:
        """Put a layer behind those there are, and draw its parameters; ValueError where it does not fit."""
        params, self.shape = layer.build(self.shape, self.rng)
        self.layers.append(layer)
        self.params.append(params)

    def count_params(self) -> int:
        """How many numbers the model learns."""
        return sum(math.prod(array.shape) for array in self.get_weights())

    def get_weights(self) -> list[Array]:
        """Every layer's parameters, in order, as one list."""
        return [array for params in self.params for array in params]

    def set_weights(self, weights: list[Array]) -> None:
        """Take other parameters, in the order of get_weights; ValueError where their shapes differ."""
        require(len(weights) == len(self.get_weights()), "weights", len(weights), str(len(self.get_weights())))
        for index, (mine, new) in enumerate(zip(self.get_weights(), weights, strict=True)):
            require(tuple(new.shape) == tuple(mine.shape), f"weights[{index}]", tuple(new.shape), str(mine.shape))
        arrays = iter(weights)
        self.params = [[next(arrays) for _ in params] for params in self.params]

    def compile(self, loss: str, optimizer: str = "sgd", *, lr: float = 0.01, metrics: tuple[str, ...] = ()) -> None:
        """Choose what is minimised, and how; training starts from a fresh optimiser.

        Args:
            loss: "mse", "categorical_crossentropy" or "sparse_categorical_crossentropy".
            optimizer: "sgd", "rmsprop" or "adam", with its usual constants.
            lr: step size.
            metrics: () or ("accuracy",).
        Raises:
            ValueError: a name is none of these.
        """
        require(loss in MODEL_LOSSES, "loss", repr(loss), "one of " + ", ".join(MODEL_LOSSES))
        require(optimizer in MODEL_OPTIMISERS, "optimizer", repr(optimizer), "one of " + ", ".join(MODEL_OPTIMISERS))
        require(tuple(metrics) in ((), ("accuracy",)), "metrics", metrics, '() or ("accuracy",)')
        self.loss, self.optimizer, self.lr, self.metrics = loss, optimizer, lr, tuple(metrics)
        self.state = MODEL_OPTIMISERS[optimizer][0](self.get_weights())

    def predict(self, x: Array, *, batch_size: int = 32) -> Array:
        """The output for every sample of x, (N, ...), computed batch by batch as at test time."""
        samples = x.shape[0]
        parts = [x[start : min(start + batch_size, samples), ...] for start in range(0, samples, batch_size)]
        outs = [self._forward(part, training=False)[0] for part in parts]
        require(len(outs) > 0, "x", "empty", "at least one sample")
        return array_namespace(x, outs[0]).concat(outs, axis=0)

    def evaluate(self, x: Array, y: Array, *, batch_size: int = 32) -> Array:
        """Loss and metrics over all samples, (1 + metrics,), dtype of the parameters."""
        out = self.predict(x, batch_size=batch_size)
        return array_namespace(out).asarray(self._score(out, y), dtype=out.dtype)

    def train_on_batch(self, x: Array, y: Array) -> Array:
        """One update on one batch; returns its loss, and metrics, before the update: (1 + metrics,)."""
        return array_namespace(x).asarray(self._train(x, y), dtype=self.get_weights()[0].dtype)

    def fit(
        self,
        x: Array,
        y: Array,
        *,
        batch_size: int = 32,
        epochs: int = 1,
        shuffle: bool = True,
        validation_data: tuple[Array, Array] | None = None,
        verbose: bool = False,
    ) -> Array:
        """Train for some epochs.

        Args:
            x, y: the samples and their targets.
            batch_size: samples an update; the last batch of an epoch has what is left.
            shuffle: draw a new order for every epoch.
            validation_data: (x, y) to evaluate after every epoch.
            verbose: print a progress bar an epoch.
        Returns:
            history: (epochs, K), dtype of the parameters. A row holds the epoch's loss and metrics, each the mean over
                its samples as they were trained on, then the same of the validation data when there are some.
        Raises:
            ValueError: x and y differ in length, or a count is less than 1.
        """
        samples = x.shape[0]
        require(samples == y.shape[0], "y", f"of length {y.shape[0]}", f"of length {samples}, as x")
        for name, count in (("batch_size", batch_size), ("epochs", epochs), ("samples", samples)):
            require(count >= 1, name, count, "at least 1")
        xp, history = array_namespace(x), []
        for epoch in range(epochs):
            order = self.rng.permutation(samples) if shuffle else np.arange(samples)
            total = [0.0] * (1 + len(self.metrics))
            for start in range(0, samples, batch_size):
                chosen = xp.asarray(order[start : start + batch_size])
                scores = self._train(xp.take(x, chosen, axis=0), xp.take(y, chosen, axis=0))
                total = [sum_ + score * chosen.shape[0] for sum_, score in zip(total, scores, strict=True)]
                if verbose:
                    show_progress(epoch, epochs, min(start + batch_size, samples), samples, scores[0])
            row = [sum_ / samples for sum_ in total]
            if validation_data is not None:
                row += self._score(self.predict(validation_data[0]), validation_data[1])
            history.append(row)
        return xp.asarray(history, dtype=self.get_weights()[0].dtype)

    def save(self, file: str | BinaryIO) -> None:
        """Write layers and parameters to `file`, a path or an open binary file, as NumPy's .npz without pickles."""
        layers = [(type(layer).__name__, layer_options(layer)) for layer in self.layers]
        config = json.dumps({"input_shape": self.input_shape, "layers": layers})
        weights = enumerate(self.get_weights())
        arrays: dict[str, Any] = {f"weight_{index}": np.asarray(array) for index, array in weights}
        np.savez(file, config=np.array(config), **arrays)

    def _forward(self, x: Array, *, training: bool) -> tuple[Array, list[Any]]:
        """Through every layer; what each keeps for its backward."""
        xp, caches = array_namespace(x), []
        # Fresh and loaded parameters are NumPy's: they move to where the data are.
        self.params = [[xp.asarray(array, device=x.device) for array in params] for params in self.params]
        for layer, params in zip(self.layers, self.params, strict=True):
            x, cache = layer.forward(params, x, training=training, rng=self.rng)
            caches.append(cache)
        return x, caches

    def _train(self, x: Array, y: Array) -> list[float]:
        """Forward, backward, one update; the scores before it."""
        out, caches = self._forward(x, training=True)
        loss, dout = MODEL_LOSSES[self.loss](out, y)
        grads: list[list[Array]] = []
        for layer, cache in zip(reversed(self.layers), reversed(caches), strict=True):
            dout, own = layer.backward(dout, cache)
            grads.insert(0, own)
        flat = [grad for own in grads for grad in own]
        update = MODEL_OPTIMISERS[self.optimizer][1]
        weights, self.state = update(self.get_weights(), flat, self.state, lr=self.lr)
        self.set_weights(weights)
        return [float(loss), *(model_accuracy(out, y) for _ in self.metrics)]

    def _score(self, out: Array, y: Array) -> list[float]:
        return [float(MODEL_LOSSES[self.loss](out, y)[0]), *(model_accuracy(out, y) for _ in self.metrics)]


def layer_options(layer: Any) -> dict[str, Any]:
    """What a layer was made with, by name of its argument; a layer inside a layer as (class, options)."""
    options = {}
    for name, value in vars(layer).items():
        nested = type(value).__name__ in LAYER_CLASSES
        options[name] = (type(value).__name__, layer_options(value)) if nested else value
    return options


def make_layer(name: str, options: dict[str, Any]) -> Any:
    """The layer that layer_options describes."""
    nested = {key: make_layer(*value) if isinstance(value, list) else value for key, value in options.items()}
    return LAYER_CLASSES[name](**nested)


def load_model(file: str | BinaryIO) -> Sequential:
    """The model that `Sequential.save` wrote: the same layers and parameters; compile it again to train on.

    Args:
        file: a path, or an open binary file.
    Returns:
        model: a Sequential.
    Source: Keras, load_model.
    """
    with np.load(file, allow_pickle=False) as saved:
        config = json.loads(str(saved["config"]))
        model = Sequential(tuple(config["input_shape"]))
        for name, options in config["layers"]:
            model.add(make_layer(name, options))
        model.set_weights([saved[f"weight_{index}"] for index in range(len(model.get_weights()))])
    return model


BAR = 30


def show_progress(epoch: int, epochs: int, done: int, samples: int, loss: float) -> None:
    """One line that fills from left to right while an epoch runs."""
    filled = BAR * done // samples
    bar = "=" * filled + "." * (BAR - filled)
    end = "\n" if done == samples else ""
    sys.stdout.write(f"\repoch {epoch + 1}/{epochs} [{bar}] {done}/{samples} loss {loss:.4f}{end}")
    sys.stdout.flush()
