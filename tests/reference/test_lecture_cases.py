"""The lectures' fixed cases of units 04 to 14, and what their misprints would give instead."""

from __future__ import annotations

import numpy as np
import pytest

from graders.specs.recurrent import (
    CITIES,
    DESTINATION,
    FROM_WORDS,
    ORIGIN,
    OTHER,
    SLOT_ALLOWED,
    TO_WORDS,
    VOCABULARY,
    sentences,
)
from tests.reference.local import function

IMAGE = np.array([[1, 1, 1, 1, 1], [-1, 0, -3, 0, 1], [2, 1, 1, -1, 0], [0, -1, 1, 2, 1], [1, 2, 1, 1, 1]], float)
FILTER = np.array([[1, 0, 0], [0, 0, 0], [0, 0, -1]], float)
CONVOLVED = [[0, -2, -1], [2, 2, 4], [-1, 0, 0]]


def test_the_5_by_5_example_is_a_convolution_and_correlation_gives_its_negative():
    assert function("convolve_images")(IMAGE[None], FILTER)[0].tolist() == CONVOLVED
    correlated, _ = function("conv2d_forward")(IMAGE[None, None], FILTER[None, None], np.zeros(1))
    assert correlated[0, 0].tolist() == [[-value for value in row] for row in CONVOLVED]


def test_the_filter_of_the_one_dimensional_example():
    y, _ = function("true_convolution_forward")(np.array([[1.0, 2, 4, 7, 11]]), np.array([-1.0, 0, 1]))
    assert y.tolist() == [[-3, -5, -7]]


def test_adagrads_denominators_on_the_slides():
    params, state = [np.array([0.0, 0.0])], function("adagrad_init")([np.zeros(2)])
    for grads, denominators in (((0.1, 20.0), (0.1, 20.0)), ((0.2, 10.0), (0.22, 22.0))):
        new, state = function("adagrad_update")(params, [np.array(grads)], state, lr=1.0, eps=0.0)
        steps = params[0] - new[0]
        assert np.array(grads) / steps == pytest.approx(denominators, rel=0.02)
        params = new


def test_the_mean_of_squares_makes_adagrads_steps_larger_by_the_root_of_time():
    g, sum_form, mean_form = np.array([1.0, 2.0, 0.5, 3.0]), [], []
    for t in range(4):
        sum_form.append(g[t] / np.sqrt((g[: t + 1] ** 2).sum()))
        mean_form.append(g[t] / np.sqrt((g[: t + 1] ** 2).mean()))
    assert np.array(mean_form) / sum_form == pytest.approx(np.sqrt([1, 2, 3, 4]))


def test_adadelta_as_misprinted_never_moves():
    params, state = [np.ones(2)], function("adadelta_init")([np.ones(2)])
    moved, _ = function("adadelta_update")(params, [np.ones(2)], state, lr=1.0)
    assert (moved[0] != 1).all()
    w, s = 0.0, 0.05  # the slide: sqrt(w) / (sqrt(s) + eps), and w begins at 0
    assert np.sqrt(w) / (np.sqrt(s) + 1e-6) == 0


def test_a_thousand_steps_of_1_01_and_of_0_99():
    assert pytest.approx(2.1e4, rel=0.05) == 1.01**1000
    assert pytest.approx(4.3e-5, rel=0.05) == 0.99**1000


def test_counts_of_the_slides():
    assert function("dense_parameters")(3, 100, 100, 1) == 30_000 + 1
    assert function("conv_parameters")(25, 1, 3) == 250
    assert function("conv_parameters")(50, 25, 3) == 11_300
    outputs, parameters = function("alexnet_sizes")(224, 1000)
    assert sum(parameters) == 60_965_224
    assert outputs[:2] == [96 * 55 * 55, 256 * 27 * 27]
    assert sum(function("alexnet_sizes")(224, 1000, grouped=False)[1]) == 62_378_344


def test_lenets_connection_table_has_60_connections():
    mask = function("connection_mask")(np.zeros((16, 6, 5, 5)))
    assert mask.sum() == 60
    assert mask.sum((1, 2, 3)).tolist() == [3] * 6 + [4] * 9 + [6]


def test_parity_is_right_on_every_string_of_ten_bits():
    wx, wh, b, v, c = function("parity_weights")()
    bits = (np.arange(1024)[:, None] >> np.arange(10)) & 1
    h, _ = function("srn_forward")(bits[:, :, None].astype(float), np.zeros((1024, len(wh))), wx, wh, b)
    assert ((h[:, -1] @ v + c)[:, 0] > 0).tolist() == (bits.sum(1) % 2 == 1).tolist()


def test_suzhou_is_arrived_at_or_left():
    suzhou, leave, arrive = 0, CITIES, CITIES + FROM_WORDS
    at, on, november, second, stop, *_ = range(CITIES + FROM_WORDS + TO_WORDS, VOCABULARY)
    said = np.array([[arrive, at, suzhou, on, november, second, stop, stop], [leave, suzhou, on] + [stop] * 5])
    tokens, labels = sentences(np.random.default_rng(3), 300)
    rng = np.random.default_rng(4)
    tagged, _ = function("train_slot_filling")(tokens, labels, said, vocabulary=VOCABULARY, num_labels=3, rng=rng)
    assert tagged.tolist() == [[OTHER, OTHER, DESTINATION] + [OTHER] * 5, [OTHER, ORIGIN] + [OTHER] * 6]


def test_a_feed_forward_tagger_that_sees_one_word_at_a_time_must_fail():
    tokens, labels = sentences(np.random.default_rng(0), 400)
    words, params = np.eye(VOCABULARY)[tokens.ravel()], [np.zeros((VOCABULARY, 3)), np.zeros(3)]
    for _ in range(300):
        score, affine = function("affine_forward")(words, *params)
        loss, softmax = function("cross_entropy_forward")(score, labels.ravel())
        dscore = function("cross_entropy_backward")(np.ones_like(loss), softmax)
        grads = function("affine_backward")(dscore, affine)[1:]
        params = [param - 5.0 * grad for param, grad in zip(params, grads, strict=True)]
    wrong = score.argmax(-1) != labels.ravel()
    cities = labels.ravel() != OTHER
    assert not wrong[~cities].any()
    assert wrong[cities].mean() > 4 * SLOT_ALLOWED


def test_the_bound_is_kept_and_the_misprinted_equality_is_not():
    rng = np.random.default_rng(1)
    h, wh = np.tanh(rng.standard_normal((8, 4))), rng.standard_normal((4, 4))
    norms, bounds = function("gradient_norms")(h, wh)
    assert (norms <= bounds * (1 + 1e-12)).all()
    assert (norms[:-2] < 0.9 * bounds[:-2]).all()


def test_the_four_paths_add_up_to_the_jacobian_of_the_cell():
    rng = np.random.default_rng(2)
    x, c, o = rng.standard_normal(3), rng.standard_normal(4), rng.uniform(0.2, 0.8, 4)
    wx, wh, b = rng.standard_normal((3, 16)), rng.standard_normal((4, 16)), rng.standard_normal(16)
    total = sum(function("cell_jacobian_terms")(x, c, o, wx, wh, b))

    def cell(c: np.ndarray) -> np.ndarray:
        return function("lstm_step_forward")(x[None], (o * np.tanh(c))[None], c[None], wx, wh, b)[1][0]

    numeric = [(cell(c + 1e-6 * e) - cell(c - 1e-6 * e)) / 2e-6 for e in np.eye(4)]
    np.testing.assert_allclose(total, numeric, rtol=1e-6, atol=1e-9)


def test_the_lstm_does_not_cure_explosion():
    rng = np.random.default_rng(3)
    x, wx, b = rng.standard_normal((12, 3)), rng.standard_normal((3, 16)), np.zeros(16)
    small, large = (
        function("lstm_gradient_norms")(x, wx, scale * rng.standard_normal((4, 16)), b) for scale in (0.1, 8)
    )
    assert small[0] < 1 < 10 < large.max()


def test_all_heads_at_once_equal_one_after_another():
    rng = np.random.default_rng(4)
    x, memory, mask = rng.standard_normal((2, 3, 8)), rng.standard_normal((2, 5, 8)), rng.random((2, 3, 5)) < 0.7
    weights = [rng.standard_normal((8, 8)) for _ in range(4)]
    for heads in (1, 2, 4):
        one, _ = function("multi_head_forward")(x, memory, mask, *weights, heads=heads)
        np.testing.assert_allclose(one, function("heads_one_by_one")(x, memory, mask, *weights, heads=heads))


def test_the_value_of_the_game_at_its_end_is_minus_log_4():
    p = np.array([0.2, 0.5, 0.3])
    assert function("generator_criterion")(p, p) == pytest.approx(-np.log(4))
    assert function("game_value")(np.full(3, 0.5), np.full(2, 0.5)) == pytest.approx(-np.log(4))


NEW_BAD = [
    ("conv2d_forward", (np.ones((1, 3, 5, 5)), np.ones((2, 2, 3, 3)), np.ones(2)), {}, r"w is of shape \(2, 2, 3, 3\)"),
    ("conv2d_forward", (np.ones((1, 2, 5, 5)), np.ones((2, 2, 3, 3)), np.ones(2)), {"stride": 0}, "stride is 0, but"),
    ("conv2d_forward", (np.ones((1, 2, 5, 5)), np.ones((2, 2, 3, 3)), np.ones(2)), {"padding": "full"}, "padding is 'full'"),
    ("conv1d_forward", (np.ones((1, 2, 3)), np.ones((2, 2, 5)), np.ones(2)), {}, "kernel is 5, but should be at most 3"),
    ("max_pool2d_forward", (np.ones((1, 1, 4, 4)),), {"kernel": 5}, "kernel is 5, but"),
    ("srn_forward", (np.ones((2, 0, 3)), np.ones((2, 4)), np.ones((3, 4)), np.ones((4, 4)), np.ones(4)), {}, "T is 0, but"),
    ("srn_forward", (np.ones((2, 3, 3)), np.ones((2, 4)), np.ones((3, 4)), np.ones((4, 4)), np.ones(4)),
     {"truncate": 0}, "truncate is 0, but"),
    ("last_step_forward", (np.ones((2, 3, 4)), np.array([1, 4])), {}, r"lengths has values that are not in 1 \.\. 3"),
    ("sequence_loss_forward", (np.ones((2, 3, 4)), np.zeros((2, 3), int), np.array([1, 2])), {"reduction": "avg"},
     "reduction is 'avg'"),
    ("lstm_step_forward", (np.ones((2, 3)), np.ones((2, 4)), np.ones((2, 4)), np.ones((3, 12)), np.ones((4, 16)), np.ones(16)),
     {}, r"wx has shape \(3, 12\), but should be \(3, 16\)"),
    ("ctc_loss_forward", (np.zeros((1, 2, 3)), np.array([[1, 1]]), np.array([2]), np.array([2])), {}, "long enough"),
    ("embedding_forward", (np.array([[5]]), np.ones((3, 2))), {}, r"tokens has values that are not in 0 \.\. 2"),
    ("batch_norm_forward", (np.ones((0, 2)), np.ones(2), np.ones(2), np.ones(2), np.ones(2)), {}, "one sample at least"),
    ("dropout_forward", (np.ones((1, 2)), np.ones((1, 2), bool)), {"p_drop": 1.0}, "p_drop is 1.0, but"),
    ("multi_head_forward", (np.ones((1, 2, 4)), np.ones((1, 2, 4)), np.ones((1, 2, 2), bool), *[np.ones((4, 4))] * 4),
     {"heads": 3}, "heads is 3, but should be a divisor of E = 4"),
    ("adam_update", ([np.ones(2)], [np.ones(3)], (0, [np.zeros(2)], [np.zeros(2)])), {"lr": 0.1}, r"grads\[0\] has shape"),
    ("js_divergence", (np.array([0.5, -0.5]), np.array([0.5, 0.5])), {}, "at least 0"),
    ("Sequential", ((3,),), {}, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "args", "options", "says"), NEW_BAD, ids=[f"{c[0]}-{i}" for i, c in enumerate(NEW_BAD)]
)
def test_a_bad_argument_is_named_with_what_it_is_and_what_it_should_be(name, args, options, says):
    if says is None:
        model = function(name)(*args, **options)
        with pytest.raises(ValueError, match=r"loss is 'hinge', but should be one of mse"):
            model.compile("hinge")
        return
    with pytest.raises(ValueError, match=says):
        function(name)(*args, **options)
