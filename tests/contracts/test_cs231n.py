"""CS231n's functions, right and wrong, in the forms of many years."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from graders.contracts import find_contract
from graders.contracts.engine import LENT, check_files
from graders.contracts.python2 import CONVENTION, readable, with_old_division
from graders.sandbox import open_backend
from graders.sandbox.program import Limits
from tests.contracts.conftest import FILES, Judge, words

LAYERS = (FILES / "cs231n" / "layers.py").read_text(encoding="utf-8")
RNN = (FILES / "cs231n" / "rnn_layers.py").read_text(encoding="utf-8")
OPTIM = (FILES / "cs231n" / "optim.py").read_text(encoding="utf-8")
SVM = (FILES / "cs231n" / "linear_svm.py").read_text(encoding="utf-8")


def edited(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def only(text: str, *names: str) -> str:
    """The file's imports and some of its functions."""
    blocks = text.split("\ndef ")
    return "\n\ndef ".join([blocks[0], *(block for block in blocks[1:] if block.partition("(")[0] in names)])


def test_right_work_is_right_in_every_file(judge: Judge):
    report = judge("cs231n", FILES / "cs231n")
    assert {one.function: one.failed for one in report.functions if one.verdict != "right"} == {}
    assert {one.function for one in report.functions} == set(find_contract("cs231n").functions)
    conventions = {one.function: one.convention for one in report.functions if one.convention}
    assert conventions == {
        "dropout_forward": "p is the probability to keep",
        "sgd_momentum": "w - v, v = mu v + lr g",
        "rmsprop": "epsilon inside the root",
        "adam": "t = 1 at first, increased before use (the handout until 2017)",
        "softmax_loss_naive": "penalty 0.5 reg W^2",
        "softmax_loss_vectorized": "penalty 0.5 reg W^2",
    }
    notes = {one.function: " ".join(one.notes) for one in report.functions}
    assert "changes its input dout" in notes["relu_backward"]
    assert "changes its input dnext_c" in notes["lstm_step_backward"]
    assert "less than one part in a million" in notes["softmax_loss"]
    assert report.passed


MISTAKES: dict[str, tuple[str, tuple[str, str], tuple[str, ...], dict[str, str]]] = {
    "a bias gradient averaged": (
        LAYERS,
        ("x.reshape(x.shape[0], -1).T.dot(dout), dout.sum(0)", "x.reshape(x.shape[0], -1).T.dot(dout), dout.mean(0)"),
        ("affine_forward", "affine_backward"),
        {"affine_forward": "right", "affine_backward": "wrong"},
    ),
    "dx left flat": (
        LAYERS,
        ("return dout.dot(w.T).reshape(x.shape),", "return dout.dot(w.T),"),
        ("affine_forward", "affine_backward"),
        {"affine_forward": "right", "affine_backward": "wrong"},
    ),
    "relu by the sign of dout": (
        LAYERS,
        ("    dout[cache <= 0] = 0\n    return dout", "    return dout * (dout > 0)"),
        ("relu_forward", "relu_backward"),
        {"relu_forward": "right", "relu_backward": "wrong"},
    ),
    "softmax gradient not divided by N": (
        LAYERS,
        ("    return loss, p / N\n", "    return loss, p\n"),
        ("softmax_loss",),
        {"softmax_loss": "wrong"},
    ),
    "a large constant in the logarithm": (
        LAYERS,
        ("+ 1e-8).mean()", "+ 1e-3).mean()"),
        ("softmax_loss",),
        {"softmax_loss": "wrong"},
    ),
    "one for every margin at the right class": (
        LAYERS,
        ("dx[np.arange(N), y] -= dx.sum(1)", "dx[np.arange(N), y] -= 1"),
        ("svm_loss",),
        {"svm_loss": "wrong"},
    ),
    "eps beside the root": (
        LAYERS,
        ("        std = np.sqrt(var + eps)\n        xh", "        std = np.sqrt(var) + eps\n        xh"),
        ("batchnorm_forward", "batchnorm_backward"),
        {"batchnorm_forward": "wrong", "batchnorm_backward": "wrong"},
    ),
    "momentum of the running mean swapped": (
        LAYERS,
        ("rm = momentum * rm + (1 - momentum) * mu", "rm = (1 - momentum) * rm + momentum * mu"),
        ("batchnorm_forward", "batchnorm_backward"),
        {"batchnorm_forward": "wrong", "batchnorm_backward": "right"},
    ),
    "test time forgets gamma": (
        LAYERS,
        ("out = gamma * (x - rm)", "out = (x - rm)"),
        ("batchnorm_forward", "batchnorm_backward"),
        {"batchnorm_forward": "wrong", "batchnorm_backward": "right"},
    ),
    "only one path of the mean": (
        LAYERS,
        ("dx = (d - d.mean(0) - xh * (d * xh).mean(0)) / std", "dx = d / std"),
        ("batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt"),
        {"batchnorm_forward": "right", "batchnorm_backward": "wrong", "batchnorm_backward_alt": "right"},
    ),
    "layer norm over the batch": (
        LAYERS,
        ("mu, var = x.mean(1, keepdims=True), x.var(1, keepdims=True)", "mu, var = x.mean(0), x.var(0)"),
        ("layernorm_forward", "layernorm_backward"),
        {"layernorm_forward": "wrong", "layernorm_backward": "wrong"},
    ),
    "dropout that is not inverted": (
        LAYERS,
        ("mask = (np.random.rand(*x.shape) < p) / p", "mask = np.random.rand(*x.shape) < p"),
        ("dropout_forward", "dropout_backward"),
        {"dropout_forward": "wrong", "dropout_backward": "right"},
    ),
    "dropout by normal numbers": (
        LAYERS,
        ("np.random.rand(*x.shape) < p", "np.random.randn(*x.shape) < p"),
        ("dropout_forward", "dropout_backward"),
        {"dropout_forward": "wrong", "dropout_backward": "right"},
    ),
    "dropout keeps p and scales for 1 - p": (
        LAYERS,
        ("(np.random.rand(*x.shape) < p) / p", "(np.random.rand(*x.shape) > p) / p"),
        ("dropout_forward", "dropout_backward"),
        {"dropout_forward": "wrong", "dropout_backward": "right"},
    ),
    "dropout's backward forgets the mask": (
        LAYERS,
        ("return dout * mask if param['mode'] == 'train' else dout", "return dout"),
        ("dropout_forward", "dropout_backward"),
        {"dropout_forward": "right", "dropout_backward": "wrong"},
    ),
    "dropout without a test mode": (
        LAYERS,
        ("    elif mode == 'test':\n        out = x\n    return out.astype(x.dtype, copy=False),", "    return out,"),
        ("dropout_forward", "dropout_backward"),
        {"dropout_forward": "wrong", "dropout_backward": "right"},
    ),
    "dropout's backward without a test mode": (
        LAYERS,
        (
            "return dout * mask if param['mode'] == 'train' else dout",
            "return dout * mask if param['mode'] == 'train' else None",
        ),
        ("dropout_forward", "dropout_backward"),
        {"dropout_forward": "right", "dropout_backward": "wrong"},
    ),
    "pad:-pad": (
        LAYERS,
        ("dxp[:, :, p:p+x.shape[2], p:p+x.shape[3]]", "dxp[:, :, p:-p, p:-p]"),
        ("conv_forward_naive", "conv_backward_naive"),
        {"conv_forward_naive": "right", "conv_backward_naive": "wrong"},
    ),
    "the width from the height of the kernel": (
        LAYERS,
        ("1 + (W + 2 * p - WW) // s", "1 + (W + 2 * p - HH) // s"),
        ("conv_forward_naive", "conv_backward_naive"),
        {"conv_forward_naive": "wrong", "conv_backward_naive": "right"},
    ),
    "overlapping windows overwritten": (
        LAYERS,
        ("+= (win == win.max())", "= (win == win.max())"),
        ("max_pool_forward_naive", "max_pool_backward_naive"),
        {"max_pool_forward_naive": "right", "max_pool_backward_naive": "wrong"},
    ),
    "spatial batch norm mixes channels": (
        LAYERS,
        (
            "batchnorm_forward(x.transpose(0, 2, 3, 1).reshape(-1, C), gamma",
            "batchnorm_forward(x.reshape(-1, C), gamma",
        ),
        ("batchnorm_forward", "batchnorm_backward", "spatial_batchnorm_forward", "spatial_batchnorm_backward"),
        {
            "batchnorm_forward": "right",
            "batchnorm_backward": "right",
            "spatial_batchnorm_forward": "wrong",
            "spatial_batchnorm_backward": "wrong",
        },
    ),
    "breaks at T = 1": (
        RNN,
        ("    dx = np.zeros((N, T, D)); dWx", "    D = cache[1][0].shape[1]\n    dx = np.zeros((N, T, D)); dWx"),
        ("rnn_step_forward", "rnn_step_backward", "rnn_forward", "rnn_backward"),
        {
            "rnn_step_forward": "right",
            "rnn_step_backward": "right",
            "rnn_forward": "right",
            "rnn_backward": "wrong",
        },
    ),
    "repeated words counted once": (
        RNN,
        ("np.add.at(dW, x, dout)", "dW[x] += dout"),
        ("word_embedding_forward", "word_embedding_backward"),
        {"word_embedding_forward": "right", "word_embedding_backward": "wrong"},
    ),
    "gates in another order": (
        RNN,
        (
            "sigmoid(a[:, 2*H:3*H]), np.tanh(a[:, 3*H:])",
            "sigmoid(a[:, 3*H:]), np.tanh(a[:, 2*H:3*H])",
        ),
        ("sigmoid", "lstm_step_forward"),
        {"lstm_step_forward": "wrong"},
    ),
    "adam without correction": (
        OPTIM,
        (
            "mb = config['m'] / (1 - b1 ** config['t']); vb = config['v'] / (1 - b2 ** config['t'])",
            "mb, vb = config['m'], config['v']",
        ),
        ("adam",),
        {"adam": "wrong"},
    ),
    "rmsprop's decay swapped": (
        OPTIM,
        (
            "config['decay_rate'] * config['cache'] + (1 - config['decay_rate']) * dx**2",
            "(1 - config['decay_rate']) * config['cache'] + config['decay_rate'] * dx**2",
        ),
        ("rmsprop",),
        {"rmsprop": "wrong"},
    ),
    "velocity never kept": (
        OPTIM,
        ("    config['velocity'] = v\n", ""),
        ("sgd_momentum",),
        {"sgd_momentum": "wrong"},
    ),
    "a penalty and the gradient of half of it": (
        SVM,
        ("dW / X.shape[0] + 2 * reg * W", "dW / X.shape[0] + reg * W"),
        ("svm_loss_naive",),
        {"svm_loss_naive": "wrong"},
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_costs_its_function_and_no_other(name: str, judge: Judge):
    text, (old, new), kept, expected = MISTAKES[name]
    report = judge("cs231n", {"file.py": only(edited(text, old, new), *kept)})
    assert words(report) == expected
    for one in report.functions:
        assert bool(one.failed) == (one.verdict == "wrong")
        assert all(failure.message for failure in one.failed)
    assert report.passed is ("wrong" not in expected.values())


def test_what_a_case_needs_to_fail_is_said(judge: Judge):
    text = edited(LAYERS, "dxp[:, :, p:p+x.shape[2], p:p+x.shape[3]]", "dxp[:, :, p:-p, p:-p]")
    report = judge("cs231n", {"layers.py": only(text, "conv_forward_naive", "conv_backward_naive")})
    (failure,) = next(one.failed for one in report.functions if one.verdict == "wrong")
    assert "only when pad = 0" in failure.message
    assert failure.when == "pad = 0"
    assert failure.options["pad"] == 0


def test_a_backward_that_follows_a_wrong_forward_is_told_so(judge: Judge):
    text = edited(
        LAYERS, "        std = np.sqrt(var + eps)\n        xh", "        std = np.sqrt(var) + eps\n        xh"
    )
    text = text.replace("np.maximum(0, x), x", "2 * np.maximum(0, x), x").replace(
        "    return dout\n", "    return 2 * dout\n", 1
    )
    report = judge("cs231n", {"layers.py": only(text, "relu_forward", "relu_backward")})
    assert words(report) == {"relu_forward": "wrong", "relu_backward": "wrong"}
    notes = next(one.notes for one in report.functions if one.function == "relu_backward")
    assert any("true gradient of the forward as written" in note for note in notes)


@pytest.mark.parametrize(
    ("draw", "convention"),
    [
        ("(np.random.rand(*x.shape) < p) / p", "p is the probability to keep"),
        ("(np.random.rand(*x.shape) >= p) / (1 - p)", "p is the probability to drop"),
        ("np.random.binomial(1, 1 - p, x.shape) / (1.0 - p)", "p is the probability to drop"),
    ],
)
def test_either_reading_of_dropout_is_right_and_named(draw: str, convention: str, judge: Judge):
    text = edited(LAYERS, "(np.random.rand(*x.shape) < p) / p", draw)
    report = judge("cs231n", {"layers.py": only(text, "dropout_forward", "dropout_backward")})
    assert words(report) == {"dropout_forward": "right", "dropout_backward": "right"}
    assert report.functions[0].convention == convention


@pytest.mark.parametrize(
    ("default", "before", "verdict", "convention"),
    [
        (0, True, "right", ""),
        (1, False, "right", "t is used before it is increased"),
        (1, True, "right", "t = 1 at first, increased before use (the handout until 2017)"),
        (0, False, "wrong", None),
    ],
)
def test_adams_count_of_steps(default: int, before: bool, verdict: str, convention: str | None, judge: Judge):
    text = OPTIM.replace("config.setdefault('t', 1)", f"config.setdefault('t', {default})")
    if not before:
        text = edited(text, "    config['t'] += 1\n", "")
        text = edited(
            text,
            "    return x - config['learning_rate'] * mb",
            "    config['t'] += 1\n    return x - config['learning_rate'] * mb",
        )
    (one, *_) = judge("cs231n", {"optim.py": only(text, "adam")}).functions
    assert one.verdict == verdict
    assert convention in (None, one.convention)


def test_the_handouts_of_several_years_are_not_attempted(judge: Judge):
    report = judge("cs231n", FILES / "cs231n_stub")
    assert set(words(report).values()) == {"not attempted"}
    assert report.passed


def test_a_stub_beside_a_right_forward(judge: Judge):
    stub = "\n\ndef relu_backward(dout, cache):\n    dx, x = None, cache\n    pass\n    return dx\n"
    report = judge("cs231n", {"layers.py": only(LAYERS, "relu_forward") + stub})
    assert words(report) == {"relu_forward": "right", "relu_backward": "not attempted"}


def test_what_is_written_in_part_is_wrong(judge: Judge):
    text = edited(LAYERS, "return dout.dot(w.T).reshape(x.shape),", "return None,")
    text = edited(text, "        out = gamma * (x - rm) / np.sqrt(rv + eps) + beta\n", "        out = None\n")
    report = judge("cs231n", {"layers.py": only(text, "affine_forward", "affine_backward", "batchnorm_forward")})
    expected = {"affine_forward": "right", "affine_backward": "wrong", "batchnorm_forward": "wrong"}
    assert words(report) == expected


def test_a_backward_is_not_judged_where_its_forward_does_not_run(judge: Judge):
    text = edited(only(LAYERS, "relu_forward", "relu_backward"), "np.maximum(0, x)", "np.maximum(0, y)")
    report = judge("cs231n", {"layers.py": text})
    assert words(report) == {"relu_forward": "wrong", "relu_backward": "not judged"}
    alone = judge("cs231n", {"alone.py": only(LAYERS, "relu_backward")})
    assert words(alone) == {"relu_backward": "not judged"}


@pytest.mark.parametrize(
    "statement",
    ["from .layers import *", "from cs231n.layers import *", "from layers import *", "from ..layers import *"],
)
def test_siblings_are_imported_as_the_course_did(statement: str, judge: Judge):
    utils = (FILES / "cs231n" / "layer_utils.py").read_text(encoding="utf-8")
    utils = edited(utils, "from .layers import *", statement)
    files = {"layers.py": only(LAYERS, "affine_forward", "affine_backward", "relu_forward", "relu_backward")}
    report = judge("cs231n", {**files, "layer_utils.py": only(utils, "affine_relu_forward", "affine_relu_backward")})
    assert words(report)["affine_relu_backward"] == "right"


def test_two_students_files_of_one_name_do_not_meet(judge: Judge):
    wrong = edited(LAYERS, "np.maximum(0, x), x", "np.maximum(1, x), x")
    utils = only((FILES / "cs231n" / "layer_utils.py").read_text(encoding="utf-8"), "affine_relu_forward")
    pick = ("affine_forward", "relu_forward")
    files = {"a/layers.py": only(LAYERS, *pick), "b/layers.py": only(wrong, *pick)}
    report = judge("cs231n", {**files, "a/layer_utils.py": utils, "b/layer_utils.py": utils})
    of_utils = [one for one in report.functions if one.function == "affine_relu_forward"]
    found = {one.file.split("/")[-2]: (one.verdict, one.convention) for one in of_utils}
    assert found == {"a": ("right", ""), "b": ("right", LENT)}


def test_a_sandwich_handed_in_alone_has_right_layers(judge: Judge):
    utils = (FILES / "cs231n" / "layer_utils.py").read_text(encoding="utf-8")
    wrong = edited(utils, "return affine_backward(relu_backward(dout, r), fc)", "return affine_backward(dout, fc)")
    report = judge("cs231n", {"layer_utils.py": wrong})
    verdicts = words(report)
    assert verdicts.pop("affine_relu_backward") == "wrong"
    assert set(verdicts.values()) == {"right"}
    assert report.files[0].notes == ("layers was not handed in beside it: a right one is used",)


def test_what_calls_a_function_that_is_not_there_is_not_judged(judge: Judge):
    text = """import numpy as np


def conv_relu_forward(x, w, b, conv_param):
    return conv_forward_fast(x, w, b, conv_param)


def relu_forward(x):
    return np.maximum(0, y), x


def svm_loss(x, y):
    return matplotlib.svm(x, y)
"""
    report = judge("cs231n", {"layers.py": text})
    assert words(report) == {"conv_relu_forward": "not judged", "relu_forward": "wrong", "svm_loss": "wrong"}
    imported = judge("cs231n", {"layers.py": "import matplotlib\n" + text})
    assert words(imported)["svm_loss"] == "not judged"
    notes = {one.function: one.notes for one in imported.functions}
    assert notes["svm_loss"] == ("it cannot be judged without matplotlib",)


def test_work_in_torch_is_not_judged(judge: Judge):
    text = """import torch


def relu_forward(x):
    out = x.clone()
    out[x < 0] = 0
    return out, x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def affine_forward(x, w, b):
    return x.view(x.shape[0], -1).mm(w) + b, (x, w, b)


def word_embedding_forward(x, W):
    return W[x], (x, W)
"""
    report = judge("cs231n", {"layers.py": text})
    assert words(report) == {
        "relu_forward": "not judged",
        "relu_backward": "not judged",
        "affine_forward": "not judged",
        "word_embedding_forward": "right",
    }
    assert report.functions[0].notes == ("it computes with torch",)


NETS = (FILES / "cs231n" / "neural_net.py").read_text(encoding="utf-8")
NEIGHBOURS = (FILES / "cs231n" / "k_nearest_neighbor.py").read_text(encoding="utf-8")


def test_the_net_of_assignment_2_is_built_of_layers(judge: Judge):
    text = """from ..layer_utils import *
from ..layers import *


class TwoLayerNet(object):
    def __init__(self, input_dim=3072, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        self.params, self.reg = {}, reg

    def loss(self, X, y=None):
        p = self.params
        hidden, first = affine_relu_forward(X, p["W1"], p["b1"])
        scores, second = affine_forward(hidden, p["W2"], p["b2"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        dhidden, dW2, db2 = affine_backward(dscores, second)
        _, dW1, db1 = affine_relu_backward(dhidden, first)
        loss += 0.5 * self.reg * sum(np.sum(p[name] ** 2) for name in ("W1", "W2"))
        return loss, {"W1": dW1 + self.reg * p["W1"], "W2": dW2 + self.reg * p["W2"], "b1": db1, "b2": db2}
"""
    report = judge("cs231n", {"fc_net.py": text})
    assert [(one.verdict, one.convention) for one in report.functions if one.function == "TwoLayerNet.loss"] == [
        ("right", "penalty 0.5 reg W^2")
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("grads['b1'] = dh.sum(0)", "grads['b1'] = dh.mean(0)"),
        ("dh = ds.dot(W2.T) * (h > 0)", "dh = ds.dot(W2.T)"),
        ("2 * reg * W1", "reg * W1"),
    ],
)
def test_mistakes_in_the_net_of_assignment_1(old: str, new: str, judge: Judge):
    report = judge("cs231n", {"neural_net.py": edited(NETS, old, new)})
    assert words(report) == {"TwoLayerNet.loss": "wrong"}


@pytest.mark.parametrize(
    ("old", "new"), [("", ""), ("W2, b2 = back(", "b2, W2 = back("), ("range(1, 3)", "range(1, 2)")]
)
def test_the_nets_of_assignment_2(old: str, new: str, judge: Judge):
    text = """from cs231n.layers import *
from cs231n.layer_utils import *


class ThreeLayerConvNet(object):
    def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7,
                 hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0, dtype=np.float32):
        self.params, self.reg = {}, reg
        self.pad = (filter_size - 1) / 2

    def loss(self, X, y=None):
        p, g = self.params, {}
        pool_param = {'pool_height': 2, 'pool_width': 2, 'stride': 2}
        a, c1 = conv_relu_pool_forward(X, p['W1'], p['b1'], {'stride': 1, 'pad': self.pad}, pool_param)
        b, c2 = affine_relu_forward(a, p['W2'], p['b2'])
        scores, c3 = affine_forward(b, p['W3'], p['b3'])
        if y is None:
            return scores
        loss, d = softmax_loss(scores, y)
        d, g['W3'], g['b3'] = affine_backward(d, c3)
        d, W2, b2 = back(d, c2)
        g['W2'], g['b2'] = W2, b2
        _, g['W1'], g['b1'] = conv_relu_pool_backward(d, c1)
        for i in [3] + range(1, 3):
            loss += 0.5 * self.reg * np.sum(p['W%d' % i] ** 2)
            g['W%d' % i] += self.reg * p['W%d' % i]
        return loss, g


back = affine_relu_backward
"""
    report = judge("cs231n", {"cnn.py": edited(text, old, new) if old else text})
    assert words(report) == {"ThreeLayerConvNet.loss": "wrong" if old else "right"}


def test_mistakes_among_neighbours(judge: Judge):
    text = edited(NEIGHBOURS, "np.sqrt(((self.X_train - X[i]) ** 2).sum(1))", "((self.X_train - X[i]) ** 2).sum(1)")
    text = edited(text, "np.bincount(closest).argmax()", "closest[0]")
    found = words(judge("cs231n", {"knn.py": text}))
    assert {name.partition(".")[2]: word for name, word in found.items()} == {
        "compute_distances_two_loops": "right",
        "compute_distances_one_loop": "wrong",
        "compute_distances_no_loops": "right",
        "predict_labels": "wrong",
    }


def test_integer_division_of_python_2_is_named(judge: Judge):
    text = only(LAYERS, "max_pool_forward_naive", "max_pool_backward_naive")
    text = text.replace("(H - h) // s", "(H - h) / s").replace("(W - w) // s", "(W - w) / s")
    report = judge("cs231n", {"layers.py": text})
    assert words(report) == {"max_pool_forward_naive": "right", "max_pool_backward_naive": "right"}
    assert "Python 2" in report.functions[0].convention


def test_lists_of_python_2_are_named(judge: Judge):
    text = """def sgd(w, dw, config=None):
    for key, value in config.iteritems():
        pass
    steps = map(lambda g: g * config['learning_rate'], [dw])
    return reduce(lambda a, b: a - b, [w] + steps), config
"""
    report = judge("cs231n", {"optim.py": text})
    assert words(report) == {"sgd": "right"}
    assert report.functions[0].convention == CONVENTION
    assert report.files[0].notes[1] == "uses reduce, which Python and NumPy no longer have: provided"


def test_reduce_of_today_is_no_old_name(judge: Judge):
    text = "from functools import reduce\n\n\ndef sgd(w, dw, config):\n    return reduce(lambda a, b: a - b, [w, config['learning_rate'] * dw]), config\n"
    report = judge("cs231n", {"optim.py": text})
    assert (words(report), report.files[0].notes) == ({"sgd": "right"}, ())


def test_other_encodings_are_read(judge: Judge, tmp_path: Path):
    text = only(LAYERS, "relu_forward") + "# caf\u00e9\n"
    for encoding in ("latin-1", "utf-16", "utf-8-sig"):
        (tmp_path / f"{encoding}.py").write_bytes(text.encode(encoding))
    report = judge("cs231n", tmp_path)
    assert [one.verdict for one in report.functions if one.verdict != "missing"] == ["right"] * 3


@pytest.mark.parametrize(
    ("old", "new", "name", "when"),
    [
        ("p:p+x.shape[2], p:p+x.shape[3]]", "1:-1, 1:-1]", "conv_backward_naive", "pad is not 1"),
        (
            "j*s:j*s+w].max((2, 3))",
            "j*s:j*s+h].max((2, 3))",
            "max_pool_forward_naive",
            "pool_height and pool_width differ",
        ),
        ("+= (win == win.max())", "= (win == win.max())", "max_pool_backward_naive", "windows overlap"),
    ],
)
def test_the_cases_that_alone_fail_are_named(old: str, new: str, name: str, when: str, judge: Judge):
    names = [
        f"{name.partition('_backward')[0].partition('_forward')[0]}_{way}_naive" for way in ("forward", "backward")
    ]
    report = judge("cs231n", {"layers.py": edited(only(LAYERS, *names), old, new)})
    (failure,) = next(one.failed for one in report.functions if one.function == name)
    assert failure.when == when
    assert failure.message.endswith(f"; only when {when}")


def test_division_is_rewritten_wherever_it_stands():
    text = "x = (7 / 2) / (3) # a / b\ny = [6 /\n     4, 'a/b', 7 / 2 * 1.0, 7 // 2]\n"
    names: dict[str, object] = {"_contract": type("C", (), {"divided": staticmethod(lambda a, b: a // b)})}
    exec(with_old_division(text), names)
    assert names["x"] == 1
    assert names["y"] == [1, "a/b", 3.0, 3]
    assert with_old_division("not python (") == "not python ("


def test_a_syntax_error_is_located(judge: Judge):
    report = judge("cs231n", {"layers.py": "import numpy as np\n\ndef relu_forward(x):\n    return x x\n"})
    assert "line 4" in report.files[0].problem
    assert words(report) == {"relu_forward": "not judged"}


def test_the_syntax_of_python_2_is_read(judge: Judge):
    text = "def relu_forward(x):\n  print 'shape', x.shape\n  if True:\n      \tout = x\n        out = x * (x > 0)\n  return out, x\n"
    report = judge("cs231n", {"layers.py": text})
    assert words(report) == {"relu_forward": "right"}
    assert report.files[0].notes == ("it is written in Python 2, and was read as such",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("print x", "print(x)"),
        ("print 'a', b,", "print('a', b)"),
        ("print", "print()"),
        ("if x: print 'a' % x  # b", "if x: print('a' % x)"),
        ("print ('a'), x", "print(('a'), x)"),
        ("print'a'", "print('a')"),
        ("x = 1  # print x\nprint x", "x = 1  # print x\nprint(x)"),
    ],
)
def test_print_statements(old: str, new: str):
    assert readable(f"{old}\nprint 1") == f"{new}\nprint(1)"
    assert readable("print(x) x") == "print(x) x"


def test_old_names_are_provided_and_named(judge: Judge):
    text = "from past.builtins import xrange\nimport numpy as np\n\ndef relu_forward(x):\n    out = x * (x > 0).astype(np.float)\n    for i in xrange(1):\n        pass\n    return out, x\n"
    report = judge("cs231n", {"layers.py": text})
    assert words(report) == {"relu_forward": "right"}
    assert "np.float, xrange" in report.files[0].notes[0]


def test_a_function_in_a_notebook_is_found(judge: Judge):
    cells = ["%matplotlib inline\nimport numpy as np", only(LAYERS, "relu_forward").partition("\n\n")[2]]
    book = {"cells": [{"cell_type": "code", "source": cell, "metadata": {}} for cell in cells], "nbformat": 4}
    report = judge("cs231n", {"work.ipynb": json.dumps(book)})
    assert words(report) == {"relu_forward": "right"}


def test_an_endless_loop_costs_only_the_function_that_has_it(tmp_path: Path):
    text = edited(only(LAYERS, "relu_forward", "relu_backward"), "    dout[cache <= 0] = 0\n", "    while True: pass\n")
    text += "\n\ndef softmax_loss(x, y):\n    return None\n"
    (tmp_path / "layers.py").write_text(text)
    impatient = open_backend("auto", Limits(request_seconds=4.0))
    report = check_files([tmp_path / "layers.py"], find_contract("cs231n"), impatient)
    assert words(report) == {"relu_forward": "right", "relu_backward": "wrong", "softmax_loss": "not attempted"}


def test_the_report_as_json_is_plain(judge: Judge):
    report = judge(
        "cs231n", {"layers.py": only(edited(LAYERS, "np.maximum(0, x), x", "np.maximum(1, x), x"), "relu_forward")}
    )
    told = json.loads(json.dumps(report.to_json()))
    assert set(told) == {"contract", "files", "functions", "seconds"}
    first = told["functions"][0]
    assert set(first) == {"function", "name", "file", "line", "row", "verdict", "convention", "notes", "failed"}
    assert set(first["failed"][0]) == {"property", "message", "sizes", "options", "likely", "when"}
    assert (first["name"], first["line"]) == ("relu_forward", 6)
    assert first["row"] == "relu"
    assert {one["verdict"] for one in told["functions"][1:]} == {"missing"}
    assert np.isfinite(told["seconds"])
