"""Training: it stops when it should, learns what it should, and owes nothing to luck."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reference.initialisers import (
    constant_initialiser,
    he_initialiser,
    normal_initialiser,
    xavier_normal_initialiser,
    xavier_uniform_initialiser,
)
from reference.network import network_forward
from reference.training import early_stopping, train_iris, train_network

IRIS = Path(__file__).parents[2] / "graders" / "data" / "iris.csv"


@pytest.mark.parametrize(
    ("errors", "patience", "wanted"),
    [
        ([5.0], 1, (0, 0)),
        ([3, 2, 1], 1, (2, 2)),
        ([1, 2, 0], 1, (0, 1)),
        ([1, 2, 0, 4, 4, -1], 2, (2, 4)),
        ([2, 2, 2, 1], 2, (0, 2)),  # equal is no new strict minimum
        ([3, 1, 2, 2], 3, (1, 3)),  # patience never runs out
        ([3, 1, 2, 1, 2], 3, (1, 4)),
        ([1, float("nan"), float("nan"), 0], 2, (0, 2)),
    ],
)
def test_early_stopping_by_hand(errors, patience, wanted):
    assert early_stopping(np.array(errors, float), patience=patience) == wanted


def taught(seed, n=200):
    """Inputs and what a random 2-8-1 network, half on and half off, says of them."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, (n, 2))
    weights = [2 * rng.standard_normal((2, 8)), 2 * rng.standard_normal((8, 1))]
    y, _ = network_forward(x, weights, [rng.standard_normal(8), -weights[1].sum(axis=0) / 2])
    return x, y


def half_squared_error(x, y, weights, biases):
    """Mean over the samples."""
    a, _ = network_forward(x, weights, biases)
    return float(np.mean(np.sum((a - y) ** 2, axis=1)) / 2)


def train(seed, **options):
    """Train on three quarters of the teacher's samples, validate on the rest."""
    x, y = taught(seed)
    options = {"lr": 2.0, "l2": 0.0, "batch_size": 10, "epochs": 60, "patience": 10, **options}
    return train_network(x[:150], y[:150], x[150:], y[150:], (2, 8, 1), rng=np.random.default_rng(seed), **options)


@pytest.mark.parametrize("seed", range(4))
def test_a_network_learns_from_a_teacher(seed):
    _, y = taught(seed)
    weights, biases, history = train(seed)
    assert history.min() < 0.2 * y[:150].var() / 2
    assert [w.shape for w in weights] == [(2, 8), (8, 1)]
    assert [b.shape for b in biases] == [(8,), (1,)]


@pytest.mark.parametrize("patience", [1, 3])
def test_training_stops_early_and_returns_its_best_epoch(patience):
    # With this learning rate the validation error goes up and down.
    weights, biases, history = train(0, lr=30.0, patience=patience, epochs=200)
    best, stop = early_stopping(history, patience=patience)
    assert stop == len(history) - 1 < 199
    assert stop - best == patience
    x, y = taught(0)
    assert half_squared_error(x[150:], y[150:], weights, biases) == history[best]


def test_training_ends_after_its_epochs():
    assert train(0, epochs=3)[2].shape == (3,)


def test_the_last_batch_may_be_smaller_or_the_only_one():
    for batch_size in (7, 150, 1000):
        assert train(0, batch_size=batch_size, epochs=2)[2].shape == (2,)


def test_the_penalty_keeps_weights_small():
    norms = [sum(np.sum(w**2) for w in train(0, l2=l2)[0]) for l2 in (0.0, 0.01)]
    assert norms[1] < 0.5 * norms[0]


def test_the_same_seed_trains_the_same_network():
    one, other = train(0, epochs=3), train(0, epochs=3)
    assert all(map(np.array_equal, one[0], other[0]))


def test_float32_trains_in_float32():
    x, y = (array.astype(np.float32) for array in taught(0))
    options = {"lr": 1.0, "l2": 0.0, "batch_size": 10, "epochs": 2, "patience": 2}
    weights, biases, _ = train_network(x, y, x, y, (2, 8, 1), rng=np.random.default_rng(0), **options)
    params = train_iris(np.ones((3, 4), np.float32), np.arange(3), rng=np.random.default_rng(0))[:4]
    assert {p.dtype for p in (*weights, *biases, *params)} == {np.dtype(np.float32)}


def iris_mistakes(seed):
    """Wrong of 30: features rotated, labels permuted, 40 of each class to train and 10 to test."""
    rng = np.random.default_rng(seed)
    flowers = np.genfromtxt(IRIS, delimiter=",", skip_header=1, usecols=range(4))
    rotation, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    x, labels = flowers @ rotation, rng.permutation(3)[np.repeat(range(3), 50)]
    shuffled = np.stack([rng.permutation(50) + 50 * kind for kind in range(3)])
    seen, unseen = shuffled[:, :40].ravel(), shuffled[:, 40:].ravel()
    w1, b1, w2, b2, history = train_iris(x[seen], labels[seen], rng=rng)
    assert history[-1] < 0.15 < history[0]
    hidden = 1 / (1 + np.exp(-(x[unseen] @ w1 + b1)))
    return int(np.sum(np.argmax(hidden @ w2 + b2, axis=1) != labels[unseen]))


def test_iris_is_learned_however_it_is_turned_and_split():
    mistakes = [iris_mistakes(seed) for seed in range(6)]
    assert max(mistakes) <= 3
    assert np.mean(mistakes) <= 1.5


@pytest.mark.parametrize(
    ("initialiser", "variance"),
    [
        (lambda rng, shape: normal_initialiser(rng, shape, sigma=0.3), 0.09),
        (xavier_normal_initialiser, 2 / 500),
        (xavier_uniform_initialiser, 2 / 500),
        (he_initialiser, 2 / 300),
    ],
)
def test_initialisers_have_their_mean_and_variance(initialiser, variance):
    w = initialiser(np.random.default_rng(0), (300, 200))
    assert w.shape == (300, 200)
    assert w.dtype == np.float64
    assert abs(w.mean()) < 5 * np.sqrt(variance / w.size)
    assert w.var() == pytest.approx(variance, rel=0.03)


def test_xaviers_uniform_draws_stay_within_their_bound():
    w = xavier_uniform_initialiser(np.random.default_rng(0), (300, 200))
    assert 0.99 * np.sqrt(6 / 500) < np.abs(w).max() <= np.sqrt(6 / 500)


def test_a_constant_is_constant():
    w = constant_initialiser(np.random.default_rng(0), (2, 3), value=0.5)
    assert w.tolist() == [[0.5] * 3] * 2
