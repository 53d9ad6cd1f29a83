"""Values anyone can check: the lectures' own examples, and a few by hand."""

from __future__ import annotations

import itertools

import array_api_strict
import numpy as np
import pytest
import torch

from reference.affine import affine_forward
from reference.classification_losses import (
    cross_entropy_from_probs_backward,
    cross_entropy_from_probs_forward,
    nll_loss_forward,
    zero_one_loss,
)
from reference.encoding import one_hot, scale_pixels
from reference.margin_losses import hinge_loss_forward, multiclass_hinge_loss_forward
from reference.namespace import array_namespace, in_dtype_of
from reference.network import hidden_delta, network_deltas, network_forward, network_step, output_delta
from reference.neuron import maxout_backward, maxout_forward
from reference.objective import regularised_objective_backward, regularised_objective_forward
from reference.rectifiers import relu_forward
from reference.regression_losses import absolute_loss_forward, squared_loss_forward

# The lectures write columns, z = W a + b; ours are rows, so each matrix is transposed.
LECTURE_WEIGHTS = [np.array(w, float).T for w in ([[1, -2], [-1, 1]], [[2, -1], [-2, -1]], [[3, -1], [-1, 4]])]
LECTURE_BIASES = [np.array(b, float) for b in ([1, 0], [0, 0], [-2, 2])]


def network_inputs(rng, n):
    """A 3-5-4-2 network and N samples."""
    sizes = (3, 5, 4, 2)
    weights = [rng.standard_normal(fans) for fans in itertools.pairwise(sizes)]
    return [rng.standard_normal((n, 3)), weights, [rng.standard_normal(size) for size in sizes[1:]]]


libraries = pytest.mark.parametrize(
    "asarray", [np.asarray, torch.asarray, array_api_strict.asarray], ids=["numpy", "torch", "strict"]
)


@pytest.mark.parametrize(("x", "wanted"), [([1.0, -1.0], [0.62, 0.83]), ([0.0, 0.0], [0.51, 0.85])])
def test_the_lectures_network_gives_the_lectures_numbers(x, wanted):
    a, _ = network_forward(np.array([x]), LECTURE_WEIGHTS, LECTURE_BIASES)
    assert np.round(a[0], 2).tolist() == wanted


def test_the_lectures_loss_is_minus_log_of_its_probability():
    probs, target = np.array([[0.3, 0.3, 0.4]]), np.array([[0.0, 0.0, 1.0]])
    loss, cache = cross_entropy_from_probs_forward(probs, target)
    assert loss == pytest.approx(-np.log(0.4))
    assert cross_entropy_from_probs_backward(1.0, cache) == pytest.approx(np.array([[0, 0, -1 / 0.4]]))
    assert nll_loss_forward(np.log(probs), np.array([2]))[0] == pytest.approx(-np.log(0.4))


def test_losses_sum_over_the_features_and_average_over_the_samples():
    pred, target = np.array([[1.0, 2.0], [3.0, 5.0]]), np.zeros((2, 2))
    assert squared_loss_forward(pred, target)[0] == (5 + 34) / 2
    assert absolute_loss_forward(pred, target, reduction="none")[0].tolist() == [3, 8]


def test_hinge_losses_by_hand():
    assert hinge_loss_forward(np.array([0.5, -2.0, 3.0]), np.array([1, 1, 1]), reduction="none")[0].tolist() == [
        0.5,
        3.0,
        0.0,
    ]
    scores = np.array([[1.0, 3.0, 2.5]])
    assert multiclass_hinge_loss_forward(scores, np.array([1]), margin=1.0)[0] == 0.5


def test_the_objective_counts_its_penalty_once():
    losses, weights = np.array([1.0, 2.0, 4.0]), [np.array([[1.0, 2.0]]), np.array([[3.0]])]
    value, cache = regularised_objective_forward(losses, weights, l2=0.5)
    assert value == 7 + 0.25 * 14
    dlosses, dweights = regularised_objective_backward(2.0, cache)
    assert dlosses.tolist() == [2, 2, 2]
    assert [dw.tolist() for dw in dweights] == [[[1.0, 2.0]], [[3.0]]]


def test_relu_is_a_special_case_of_maxout():
    x = np.random.default_rng(0).standard_normal((5, 3))
    identity_and_nothing = np.stack([np.eye(3), np.zeros((3, 3))])
    a, _ = maxout_forward(x, identity_and_nothing, np.zeros((2, 3)))
    assert np.array_equal(a, relu_forward(x)[0])


def test_maxout_gives_a_tied_gradient_to_one_piece():
    x, w = np.ones((2, 3)), np.ones((4, 3, 2))
    _, cache = maxout_forward(x, w, np.zeros((4, 2)))
    _, _, db = maxout_backward(np.ones((2, 2)), cache)
    assert db.tolist() == [[2, 2], [0, 0], [0, 0], [0, 0]]


@libraries
def test_one_hot_counts_classes_from_0(asarray):
    encoded = one_hot(asarray([3, 0]), 9)
    assert str(encoded.dtype).endswith("float64")
    assert np.asarray(encoded).tolist() == [[0, 0, 0, 1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_one_hot_takes_any_integer_dtype(dtype):
    assert one_hot(np.array([1, 0, 2], dtype), 200)[:, :3].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


@libraries
def test_scaled_pixels_reach_from_0_to_1(asarray):
    scaled = scale_pixels(asarray(np.array([[0, 51, 255]], np.uint8)))
    assert str(scaled.dtype).endswith("float64")
    assert np.asarray(scaled).tolist() == [[0.0, 0.2, 1.0]]


@libraries
@pytest.mark.parametrize(("reduction", "wanted"), [("mean", 0.5), ("sum", 2.0), ("none", [1, 0, 1, 0])])
def test_zero_one_loss_counts_mistakes(asarray, reduction, wanted):
    loss = zero_one_loss(asarray([0, 1, 2, 3]), asarray([1, 1, 1, 3]), reduction=reduction)
    assert np.asarray(loss).tolist() == wanted


@libraries
def test_deltas_are_the_gradients_of_the_cost_at_each_z(asarray):
    x, weights, biases = network_inputs(np.random.default_rng(0), 6)
    y = np.random.default_rng(1).uniform(size=(6, 2))
    z, zs, a = None, [], torch.tensor(x)
    for w, b in zip(weights, biases, strict=True):
        z = (a @ torch.tensor(w) + torch.tensor(b)).requires_grad_()
        zs.append(z)
        a = torch.sigmoid(z)
    wanted = torch.autograd.grad(((a - torch.tensor(y)) ** 2).sum() / 2, zs)
    deltas = network_deltas(asarray(x), asarray(y), list(map(asarray, weights)), list(map(asarray, biases)))
    for delta, gradient in zip(deltas, wanted, strict=True):
        assert np.asarray(delta) == pytest.approx(gradient.numpy(), rel=1e-12, abs=1e-15)


@libraries
def test_hidden_delta_follows_from_the_next_layers(asarray):
    x, weights, biases = network_inputs(np.random.default_rng(0), 6)
    y = np.random.default_rng(1).uniform(size=(6, 2))
    first, second, last = network_deltas(x, y, weights, biases)
    a2, _ = network_forward(x, weights[:2], biases[:2])
    a3, _ = network_forward(x, weights, biases)
    assert np.array_equal(np.asarray(output_delta(asarray(a3), asarray(y))), last)
    got = hidden_delta(asarray(last), asarray(weights[2]), asarray(a2))
    assert np.asarray(got) == pytest.approx(second, rel=1e-13)
    assert first.shape == (6, 5)


@libraries
def test_a_step_descends_the_regularised_mean_cost(asarray):
    x, weights, biases = network_inputs(np.random.default_rng(0), 6)
    y = np.random.default_rng(1).uniform(size=(6, 2))
    leaves = [torch.tensor(p, requires_grad=True) for p in (*weights, *biases)]
    a = torch.tensor(x)
    for w, b in zip(leaves[:3], leaves[3:], strict=True):
        a = torch.sigmoid(a @ w + b)
    cost = ((a - torch.tensor(y)) ** 2).sum(1).mean() / 2 + 0.4 / 2 * sum((w**2).sum() for w in leaves[:3])
    gradients = torch.autograd.grad(cost, leaves)
    wanted = [(p - 0.3 * g).detach().numpy() for p, g in zip(leaves, gradients, strict=True)]
    params = list(map(asarray, weights)), list(map(asarray, biases))
    new_weights, new_biases = network_step(asarray(x), asarray(y), *params, lr=0.3, l2=0.4)
    for got, want in zip([*new_weights, *new_biases], wanted, strict=True):
        assert np.asarray(got) == pytest.approx(want, rel=1e-12, abs=1e-15)


def test_a_step_leaves_the_old_parameters_alone():
    x, weights, biases = network_inputs(np.random.default_rng(0), 6)
    for array in (x, *weights, *biases):
        array.flags.writeable = False
    new_weights, new_biases = network_step(x, np.zeros((6, 2)), weights, biases, lr=0.0, l2=0.4)
    assert all(map(np.array_equal, [*new_weights, *new_biases], [*weights, *biases]))


def test_namespaces_are_not_mixed():
    with pytest.raises(TypeError, match=r"[Mm]ultiple namespaces"):
        array_namespace(np.zeros(2), torch.zeros(2))


def test_an_array_of_the_right_dtype_is_not_copied():
    x = np.zeros(2)
    assert in_dtype_of(x, x) is x


def test_numpy_scalars_are_numpys():
    assert array_namespace(np.float64(1), np.zeros(())) is np
    assert affine_forward(np.ones((1, 1)), np.ones((1, 1)), np.ones(1))[0].tolist() == [[2.0]]
