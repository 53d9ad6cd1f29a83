"""A bad argument is refused by name, with what it is and what it should be."""

from __future__ import annotations

import re

import numpy as np
import pytest

from reference.affine import affine_forward
from reference.chain_rule import chain_inputs_forward
from reference.classification_losses import (
    binary_cross_entropy_forward,
    cross_entropy_forward,
    cross_entropy_from_probs_forward,
    nll_loss_forward,
    soft_cross_entropy_forward,
    zero_one_loss,
)
from reference.encoding import one_hot, scale_pixels
from reference.margin_losses import (
    exponential_loss_forward,
    hinge_loss_forward,
    multiclass_hinge_loss_forward,
)
from reference.network import hidden_delta, network_deltas, network_forward, network_step, output_delta
from reference.neuron import maxout_forward, neuron_forward
from reference.objective import regularised_objective_forward
from reference.rectifiers import prelu_forward
from reference.regression_losses import absolute_loss_forward, squared_loss_forward
from reference.training import early_stopping, train_iris, train_network


def a(*shape):
    """An array of ones."""
    return np.ones(shape)


def labels(*values):
    """Integers."""
    return np.array(values)


SHAPES = [
    (neuron_forward, (a(6), a(3), a()), "x", (6,), "(N, D)"),
    (neuron_forward, (a(6, 3), a(6), a()), "w", (6,), "(3,)"),
    (neuron_forward, (a(6, 3), a(3), a(1)), "b", (1,), "()"),
    (maxout_forward, (a(6, 3), a(4, 2, 2), a(4, 2)), "w", (4, 2, 2), "(K, 3, M)"),
    (maxout_forward, (a(6, 3), a(4, 3, 2), a(2)), "b", (2,), "(4, 2)"),
    (prelu_forward, (a(6, 3), a(1)), "gamma", (1,), "(3,)"),
    (squared_loss_forward, (a(6, 1), a(6)), "target", (6,), "(6, 1)"),
    (absolute_loss_forward, (a(6), a(6)), "pred", (6,), "(N, M)"),
    (zero_one_loss, (labels(1, 2), labels(1)), "labels", (1,), "(2,)"),
    (nll_loss_forward, (a(2, 4), labels(1)), "labels", (1,), "(2,)"),
    (cross_entropy_forward, (a(4), labels(1)), "logits", (4,), "(N, C)"),
    (cross_entropy_forward, (a(1, 4), np.array([[1]])), "labels", (1, 1), "(1,)"),
    (soft_cross_entropy_forward, (a(2, 4), a(2, 3)), "targets", (2, 3), "(2, 4)"),
    (cross_entropy_from_probs_forward, (a(2, 4), a(4)), "targets", (4,), "(2, 4)"),
    (binary_cross_entropy_forward, (a(2, 1), a(2)), "logits", (2, 1), "(N,)"),
    (hinge_loss_forward, (a(2), a(2, 1)), "signs", (2, 1), "(2,)"),
    (exponential_loss_forward, (a(2), a(3)), "signs", (3,), "(2,)"),
    (multiclass_hinge_loss_forward, (a(2), labels(0, 1)), "scores", (2,), "(N, C)"),
    (chain_inputs_forward, (a(2), a(3)), "w", (3,), "(2,)"),
    (affine_forward, (a(6, 3), a(2, 3), a(2)), "w", (2, 3), "(3, M)"),
    (affine_forward, (a(6, 3), a(3, 2), a(1, 2)), "b", (1, 2), "(2,)"),
    (network_forward, (a(6), [a(3, 2)], [a(2)]), "x", (6,), "(N, D)"),
    (network_forward, (a(6, 3), [a(3, 2), a(3, 2)], [a(2), a(2)]), "weights[1]", (3, 2), "(2, M)"),
    (network_forward, (a(6, 3), [a(3, 2)], [a(2, 1)]), "biases[0]", (2, 1), "(2,)"),
    (network_deltas, (a(6, 3), a(6), [a(3, 2)], [a(2)]), "y", (6,), "(6, 2)"),
    (output_delta, (a(6, 1), a(6)), "y", (6,), "(6, 1)"),
    (hidden_delta, (a(6, 2), a(2, 3), a(6, 3)), "w_next", (2, 3), "(3, 2)"),
    (hidden_delta, (a(5, 2), a(3, 2), a(6, 3)), "delta_next", (5, 2), "(6, M)"),
]


@pytest.mark.parametrize(("function", "args", "name", "shape", "wanted"), SHAPES)
def test_a_wrong_shape_is_named(function, args, name, shape, wanted):
    message = f"{name} has shape {shape}, but should be {wanted}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        function(*args)


RNG = np.random.default_rng(0)
TRAINING = {"lr": 0.1, "l2": 0.0, "batch_size": 2, "epochs": 1, "patience": 1, "rng": RNG}
SMALL = (a(4, 2), a(4, 1), a(3, 2), a(3, 1), (2, 1))

VALUES = [
    (one_hot, (labels(0, 3), 3), {}, "labels has values that are not in 0 .. 2"),
    (one_hot, (labels(-1), 3), {}, "labels has values that are not in 0 .. 2"),
    (one_hot, (a(2), 3), {}, "labels is of dtype float64, but should be of an integer dtype"),
    (one_hot, (labels(0), 0), {}, "num_classes is 0, but should be at least 1"),
    (scale_pixels, (a(2, 2),), {}, "pixels is of dtype float64, but should be of dtype uint8"),
    (squared_loss_forward, (a(2, 2), a(2, 2)), {"reduction": "avg"},
     "reduction is 'avg', but should be \"mean\", \"sum\" or \"none\""),
    (zero_one_loss, (labels(), labels()), {}, "N is 0, but should be at least 1 for a mean"),
    (cross_entropy_forward, (a(1, 4), labels(4)), {}, "labels has values that are not in 0 .. 3"),
    (cross_entropy_from_probs_forward, (np.eye(2), a(2, 2)), {},
     "probs has values that are not positive where targets is"),
    (binary_cross_entropy_forward, (a(2), 2 * a(2)), {}, "targets has values that are not in [0, 1]"),
    (binary_cross_entropy_forward, (a(2), -a(2)), {}, "targets has values that are not in [0, 1]"),
    (hinge_loss_forward, (a(2), labels(0, 1)), {}, "signs has values that are not -1 or 1"),
    (exponential_loss_forward, (a(2), 2 * a(2)), {}, "signs has values that are not -1 or 1"),
    (regularised_objective_forward, (a(2), [a(2)]), {"l2": 1.0},
     "weights[0] has shape (2,), but should be (D, M)"),
    (network_forward, (a(6, 3), [], []), {}, "weights is empty, but should be one matrix a layer"),
    (network_forward, (a(6, 3), [a(3, 2)], []), {}, "biases is 0 vectors, but should be 1, one a layer"),
    (network_step, (a(0, 3), a(0, 2), [a(3, 2)], [a(2)]), {"lr": 1.0, "l2": 0.0},
     "N is 0, but should be at least 1 for a mean"),
    (early_stopping, (a(0),), {"patience": 1}, "errors is empty, but should be one number an epoch"),
    (early_stopping, (a(3),), {"patience": 0}, "patience is 0, but should be at least 1"),
    (train_network, SMALL, {**TRAINING, "batch_size": 0}, "batch_size is 0, but should be at least 1"),
    (train_network, SMALL, {**TRAINING, "epochs": 0}, "epochs is 0, but should be at least 1"),
    (train_network, SMALL, {**TRAINING, "patience": 0}, "patience is 0, but should be at least 1"),
    (train_network, (*SMALL[:4], (3, 1)), TRAINING, "x has shape (4, 2), but should be (N, 3)"),
    (train_iris, (a(4, 3), labels(0, 1, 2, 0)), {"rng": RNG}, "x has shape (4, 3), but should be (N, 4)"),
    (train_iris, (a(2, 4), labels(0, 3)), {"rng": RNG}, "labels has values that are not in 0 .. 2"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "args", "options", "message"), VALUES)
def test_a_bad_value_is_named(function, args, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        function(*args, **options)
