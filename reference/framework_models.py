"""The capstone: LeNet and a model of text, made of the framework's own layers."""

import numpy as np

from reference.framework import Sequential
from reference.framework_images import Conv2D, MaxPool2D
from reference.framework_layers import Activation, Dense, Flatten
from reference.framework_recurrent import LSTM, Embedding, TimeDistributed
from reference.namespace import Array


def train_own_lenet(x: Array, y: Array, x_test: Array, *, classes: int, seed: int) -> tuple[Array, Array]:
    """Learn to classify small grey images with a LeNet out of the framework's layers.

    Args:
        x: (N, 1, H, W) float, images to learn from, values from 0 to 1.
        y: (N,) int, their classes.
        x_test: (P, 1, H, W) float, images to classify.
        classes: how many there are.
        seed: of everything drawn.
    Returns:
        predicted: (P,) int, a class for each image of x_test.
        history: (epochs,) float64, the training loss of each epoch.
    Source: USTC slides, LeNet in Keras.
    """
    model = Sequential(x.shape[1:], seed=seed)
    for layer in (
        Conv2D(6, 3, padding="same"),
        Activation("relu"),
        MaxPool2D(2),
        Conv2D(12, 3, padding="same"),
        Activation("relu"),
        MaxPool2D(2),
        Flatten(),
        Dense(48),
        Activation("relu"),
        Dense(classes),
        Activation("softmax"),
    ):
        model.add(layer)
    model.compile("sparse_categorical_crossentropy", "adam", lr=0.005)
    history = model.fit(x, y, epochs=6)
    return np.argmax(model.predict(x_test), axis=1), history[:, 0]


def train_own_language_model(tokens: Array, test_tokens: Array, *, vocabulary: int, seed: int) -> tuple[Array, Array]:
    """Learn which token comes next, at every step, with an embedding and an LSTM out of the framework's layers.

    Args:
        tokens: (N, T) int, sequences to learn from.
        test_tokens: (P, T) int, sequences to continue at every step.
        vocabulary: how many tokens there are.
        seed: of everything drawn.
    Returns:
        predicted: (P, T - 1) int, the token expected at step t + 1 after the steps 0 .. t.
        history: (epochs,) float64, the training loss of each epoch.
    Source: USTC slides, the word model in Keras.
    """
    model = Sequential((tokens.shape[1] - 1,), seed=seed)
    for layer in (
        Embedding(vocabulary, 16),
        LSTM(32, return_sequences=True),
        TimeDistributed(Dense(vocabulary)),
        Activation("softmax"),
    ):
        model.add(layer)
    model.compile("sparse_categorical_crossentropy", "adam", lr=0.02)
    history = model.fit(tokens[:, :-1], tokens[:, 1:], epochs=12)
    return np.argmax(model.predict(test_tokens[:, :-1]), axis=-1), history[:, 0]
