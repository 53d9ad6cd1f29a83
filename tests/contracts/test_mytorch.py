"""The homeworks of CMU 11-785, right and wrong, in the forms of many years."""

from __future__ import annotations

import pytest

from graders.contracts import find_contract
from graders.contracts.engine import LENT
from tests.contracts.conftest import FILES, Judge, words

TODAY, BEFORE = FILES / "mytorch", FILES / "mytorch_2020"


def text(name: str) -> str:
    """A right file of today's homeworks."""
    return (TODAY / name).read_text(encoding="utf-8")


def edited(source: str, old: str, new: str) -> str:
    assert source.count(old) == 1, old
    return source.replace(old, new)


def only(source: str, *names: str) -> str:
    """The file's imports and some of its classes."""
    blocks = source.split("\nclass ")
    return "\n\nclass ".join(
        [blocks[0], *(block for block in blocks[1:] if block.split("(")[0].split(":")[0] in names)]
    )


def test_right_work_of_today_is_right(judge: Judge):
    report = judge("mytorch", TODAY)
    assert {one.function: one.failed for one in report.functions if one.verdict not in ("right", "missing")} == {}
    missing = {one.function.partition(".")[0] for one in report.functions if one.verdict == "missing"}
    assert missing == {"SoftmaxCrossEntropy", "Conv2D_dilation"}
    assert {one.function: one.convention for one in report.functions if one.convention} == {
        "AdamW.step": "eps outside the root"
    }
    assert report.passed


def test_right_work_of_earlier_years_is_right(judge: Judge):
    report = judge("mytorch", BEFORE)
    assert {one.function: one.failed for one in report.functions if one.verdict not in ("right", "missing")} == {}
    conventions = {one.function: one.convention for one in report.functions if one.convention}
    assert conventions["Linear.backward"].startswith("the layer divides its parameters' gradients")
    assert conventions["GRU_Cell.forward"].startswith("the form of 2019 and 2020")
    assert conventions["SoftmaxCrossEntropy.derivative"] == "a loss a sample"
    found = {one.function for one in report.functions if one.verdict == "right"}
    assert {"BatchNorm.backward", "Conv1D.forward", "MaxPoolLayer.backward", "adam.step", "GreedySearch"} <= found
    assert {"Conv2D_dilation.backward", "Tanh.derivative", "CTCLoss.backward"} <= found


def test_names_of_earlier_years_are_not_missing(judge: Judge):
    report = judge("mytorch", {"conv.py": (BEFORE / "mytorch" / "conv.py").read_text(encoding="utf-8")})
    assert not {"Conv1d.forward", "Conv1d.backward"} & {one.function for one in report.functions}
    assert {one.function for one in report.functions} >= {"Conv2d.forward", "Linear.forward"}


def test_every_function_has_an_entry_of_its_own():
    contract = find_contract("mytorch")
    names = [function.name for entry in contract.entries for function in entry.functions]
    rows = [reading.row.name for entry in contract.entries for reading in entry.readings]
    assert len(set(names)) == len(names)
    assert len(set(rows)) == len(rows)


MISTAKES: dict[str, tuple[str, tuple[str, str], tuple[str, ...], dict[str, str]]] = {
    "the bias gradient is one row": (
        "linear.py",
        ("self.dLdb = dLdZ.T @ self.Ones", "self.dLdb = dLdZ[:1].T"),
        ("Linear",),
        {"Linear.forward": "right", "Linear.backward": "wrong"},
    ),
    "the classifier's cells see the layer below a step early": (
        "rnn_classifier.py",
        ("self.hiddens[t + 1][l - 1] if l", "self.hiddens[t][l - 1] if l"),
        ("RNNPhonemeClassifier",),
        {"RNNPhonemeClassifier.forward": "right", "RNNPhonemeClassifier.backward": "wrong"},
    ),
    "the classifier forgets the layer above": (
        "rnn_classifier.py",
        ("dh[l - 1] += dx", "dh[l - 1] = dx"),
        ("RNNPhonemeClassifier",),
        {"RNNPhonemeClassifier.forward": "right", "RNNPhonemeClassifier.backward": "wrong"},
    ),
    "nothing is dropped": (
        "dropout.py",
        ("np.random.binomial(1, 1 - self.p, x.shape)", "np.ones(x.shape)"),
        ("Dropout",),
        {"Dropout.forward": "wrong", "Dropout.backward": "right"},
    ),
    "no channel is dropped": (
        "dropout2d.py",
        ("np.random.binomial(1, 1 - self.p, (*x.shape[:2], 1, 1))", "np.ones((*x.shape[:2], 1, 1))"),
        ("Dropout2d",),
        {"Dropout2d.forward": "wrong", "Dropout2d.backward": "right"},
    ),
    "the input's gradient averaged as well": (
        "linear.py",
        ("return dLdZ @ self.W", "return dLdZ @ self.W / self.N"),
        ("Linear",),
        {"Linear.forward": "right", "Linear.backward": "wrong"},
    ),
    "tanh of what is tanh already": (
        "activation.py",
        ("return dLdA * (1 - A**2)", "return dLdA * (1 - np.tanh(A) ** 2)"),
        ("Tanh",),
        {"Tanh.forward": "right", "Tanh.backward": "wrong"},
    ),
    "relu clipped at 1": (
        "activation.py",
        ("np.where(self.A > 0, dLdA, 0)", "dLdA * np.clip(self.A, 0, 1)"),
        ("ReLU",),
        {"ReLU.forward": "right", "ReLU.backward": "wrong"},
    ),
    "a diagonal Jacobian": (
        "activation.py",
        ("J = np.diag(a) - np.outer(a, a)", "J = np.diag(a * (1 - a))"),
        ("Softmax",),
        {"Softmax.forward": "right", "Softmax.backward": "wrong"},
    ),
    "gelu by its approximation, backward by the error function": (
        "activation.py",
        (
            "return 0.5 * Z * (1 + scipy.special.erf(Z / math.sqrt(2)))",
            "return 0.5 * Z * (1 + np.tanh(math.sqrt(2 / math.pi) * (Z + 0.044715 * Z**3)))",
        ),
        ("GELU",),
        {"GELU.forward": "wrong", "GELU.backward": "right"},
    ),
    "the factor 2 forgotten": (
        "loss.py",
        ("return 2 * (self.A - self.Y) / (self.N * self.C)", "return (self.A - self.Y) / (self.N * self.C)"),
        ("MSELoss",),
        {"MSELoss.forward": "right", "MSELoss.backward": "wrong"},
    ),
    "mean over the samples alone": (
        "loss.py",
        ("return sse / (self.N * self.C)", "return sse / self.N"),
        ("MSELoss",),
        {"MSELoss.forward": "wrong", "MSELoss.backward": "right"},
    ),
    "a large constant in the logarithm": (
        "loss.py",
        ("+ 1e-15))", "+ 1e-3))"),
        ("CrossEntropyLoss",),
        {"CrossEntropyLoss.forward": "wrong", "CrossEntropyLoss.backward": "right"},
    ),
    "the momentum swapped": (
        "batchnorm.py",
        (
            "self.alpha * self.running_V + (1 - self.alpha) * self.V",
            "(1 - self.alpha) * self.running_V + self.alpha * self.V",
        ),
        ("BatchNorm1d",),
        {"BatchNorm1d.forward": "wrong", "BatchNorm1d.backward": "right"},
    ),
    "testing on the batch's own statistics": (
        "batchnorm.py",
        ("(Z - self.running_M) / np.sqrt(self.running_V + self.eps)", "(Z - Z.mean(0)) / np.sqrt(Z.var(0) + self.eps)"),
        ("BatchNorm1d",),
        {"BatchNorm1d.forward": "wrong", "BatchNorm1d.backward": "right"},
    ),
    "no path through the mean": (
        "batchnorm.py",
        ("(dLdNZ - dLdNZ.mean(0) - self.NZ * (dLdNZ * self.NZ).mean(0)) / s", "dLdNZ / s"),
        ("BatchNorm1d",),
        {"BatchNorm1d.forward": "right", "BatchNorm1d.backward": "wrong"},
    ),
    "kept with probability p": (
        "dropout.py",
        ("np.random.binomial(1, 1 - self.p, x.shape)", "np.random.binomial(1, self.p, x.shape)"),
        ("Dropout",),
        {"Dropout.forward": "wrong", "Dropout.backward": "right"},
    ),
    "not scaled": (
        "dropout.py",
        ("return x * self.mask / (1 - self.p)", "return x * self.mask"),
        ("Dropout",),
        {"Dropout.forward": "wrong", "Dropout.backward": "right"},
    ),
    "elements, not channels": (
        "dropout2d.py",
        ("(*x.shape[:2], 1, 1)", "x.shape"),
        ("Dropout2d",),
        {"Dropout2d.forward": "wrong"},
    ),
    "the kernel not turned": (
        "Conv1d.py",
        ("flipped = self.W[:, :, ::-1]", "flipped = self.W"),
        ("Conv1d_stride1",),
        {"Conv1d_stride1.forward": "right", "Conv1d_stride1.backward": "wrong"},
    ),
    "cut wrongly where nothing was padded": (
        "Conv1d.py",
        ("dLdA[:, :, self.pad:dLdA.shape[2] - self.pad]", "dLdA[:, :, self.pad:-self.pad]"),
        ("Conv1d_stride1", "Conv1d"),
        {"Conv1d.forward": "right", "Conv1d.backward": "wrong", "Conv1d_stride1.backward": "right"},
    ),
    "square images alone": (
        "Conv2d.py",
        ("A.shape[3] - self.k + 1)", "A.shape[2] - self.k + 1)"),
        ("Conv2d_stride1",),
        {"Conv2d_stride1.forward": "wrong"},
    ),
    "downsampling forgets its width": (
        "resampling.py",
        (
            "dLdA = np.zeros((*dLdZ.shape[:2], self.W))",
            "dLdA = np.zeros((*dLdZ.shape[:2], dLdZ.shape[2] * self.downsampling_factor))",
        ),
        ("Downsample1d",),
        {"Downsample1d.forward": "right", "Downsample1d.backward": "wrong"},
    ),
    "overlapping windows overwritten": (
        "pool.py",
        ("dLdA[:, :, i:i + k, j:j + k] += hit *", "dLdA[:, :, i:i + k, j:j + k] = hit *"),
        ("MaxPool2d_stride1",),
        {"MaxPool2d_stride1.forward": "right", "MaxPool2d_stride1.backward": "wrong"},
    ),
    "gradients of the batch summed": (
        "rnn_cell.py",
        ("self.dW_hh += dz.T @ h_prev_t / batch_size", "self.dW_hh += dz.T @ h_prev_t"),
        ("RNNCell",),
        {"RNNCell.forward": "right", "RNNCell.backward": "wrong"},
    ),
    "z the other way round": (
        "gru_cell.py",
        ("(1 - self.z) * self.n + self.z * h_prev_t", "self.z * self.n + (1 - self.z) * h_prev_t"),
        ("GRUCell",),
        {"GRUCell.forward": "wrong", "GRUCell.backward": "right"},
    ),
    "a path to the state forgotten": (
        "gru_cell.py",
        (" + dr @ self.Wrh", ""),
        ("GRUCell",),
        {"GRUCell.forward": "right", "GRUCell.backward": "wrong"},
    ),
    "blanks skipped between equal symbols": (
        "CTC.py",
        ("skip[i] = int(symbols[i] != symbols[i - 2])", "skip[i] = 1"),
        ("CTC",),
        {"CTC.extend_target_with_blank": "wrong", "CTC.get_forward_probs": "right"},
    ),
    "beta with its own probability": (
        "CTC.py",
        ("beta[t + 1, j] * logits[t + 1, extended_symbols[j]]", "beta[t + 1, j] * logits[t, extended_symbols[s]]"),
        ("CTC",),
        {"CTC.get_backward_probs": "wrong", "CTC.get_posterior_probs": "right"},
    ),
    "posteriors of repeated symbols overwritten": (
        "CTC.py",
        ("dY[t, b, s] -= self.gammas", "dY[t, b, s] = -self.gammas"),
        ("CTC", "CTCLoss"),
        {"CTCLoss.forward": "right", "CTCLoss.backward": "wrong"},
    ),
    "lengths ignored": (
        "CTC.py",
        ("y = logits[:input_lengths[b], b]", "y = logits[:, b]"),
        ("CTC", "CTCLoss"),
        {"CTCLoss.forward": "wrong"},
    ),
    "blanks removed before repeats": (
        "CTCDecoding.py",
        ("            last = best\n", "            last = best or last\n"),
        ("GreedySearchDecoder",),
        {"GreedySearchDecoder.decode": "wrong"},
    ),
    "paths that end in a blank not merged": (
        "CTCDecoding.py",
        ("merged[p] = merged.get(p, 0) + v", "merged[p] = max(merged.get(p, 0), v)"),
        ("BeamSearchDecoder",),
        {"BeamSearchDecoder.decode": "wrong"},
    ),
    "not divided by the root of E": (
        "hw4/scaled_dot_product_attention.py",
        (" / np.sqrt(Q.shape[-1])\n", "\n"),
        ("ScaledDotProductAttention",),
        {"ScaledDotProductAttention.forward": "wrong", "ScaledDotProductAttention.backward": "wrong"},
    ),
    "heads without a transpose": (
        "hw4/multi_head_attention.py",
        (
            "x.reshape(*x.shape[:2], self.num_heads, -1).transpose(0, 2, 1, 3)",
            "x.reshape(len(x), self.num_heads, x.shape[1], -1)",
        ),
        ("MultiHeadAttention",),
        {"MultiHeadAttention.forward": "wrong"},
    ),
    "a rate inside the decay": (
        "sgd.py",
        ("self.mu * self.v_W[i] + self.l[i].dLdW", "self.mu * self.v_W[i] + (1 - self.mu) * self.l[i].dLdW"),
        ("SGD",),
        {"SGD.step": "wrong"},
    ),
    "no correction": (
        "adam.py",
        ("m[i] / (1 - self.beta1**self.t), v[i]", "m[i], v[i]"),
        ("Adam",),
        {"Adam.step": "wrong"},
    ),
    "counted too late": (
        "adam.py",
        ("lr, 0\n", "lr, 1\n"),
        ("Adam",),
        {"Adam.step": "wrong"},
    ),
    "decay without the rate": (
        "adamw.py",
        ("p - self.lr * self.weight_decay * p", "p - self.weight_decay * p"),
        ("AdamW",),
        {"AdamW.step": "wrong"},
    ),
    "the exponential's argument for its value": (
        "functional.py",
        ("grad_output * np.exp(a)", "grad_output * a"),
        (),
        {"exp_backward": "wrong", "log_backward": "right", "matmul_backward": "right"},
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found_where_it_is(judge: Judge, mistake: str):
    name, (old, new), classes, expected = MISTAKES[mistake]
    source = edited(text(name), old, new)
    found = words(judge("mytorch", {name.rpartition("/")[2]: only(source, *classes) if classes else source}))
    assert {function: found[function] for function in expected} == expected


UNFILLED = {
    "linear.py": """
import numpy as np


class Linear:
    def __init__(self, in_features, out_features, debug=False):
        self.W = None  # TODO
        self.b = None  # TODO

    def forward(self, A):
        self.A = None  # TODO
        self.Ones = np.ones((1, 1))
        Z = None  # TODO
        return Z

    def backward(self, dLdZ):
        dLdA = None  # TODO
        self.dLdW = None  # TODO
        return NotImplemented
""",
    "rnn_cell.py": """
import numpy as np


class RNNCell(object):
    def __init__(self, input_size, hidden_size):
        h, d = hidden_size, input_size
        self.W_ih, self.W_hh = np.random.randn(h, d), np.random.randn(h, h)
        self.b_ih, self.b_hh = np.random.randn(h), np.random.randn(h)
        self.dW_ih = np.zeros((h, d))

    def forward(self, x, h_prev_t):
        return np.tanh(x @ self.W_ih.T + self.b_ih + h_prev_t @ self.W_hh.T + self.b_hh)

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        dz = None  # TODO
        self.dW_ih += None  # TODO
        raise NotImplementedError
""",
    "loss.py": """
class SoftmaxCrossEntropy(object):
    def forward(self, x, y):
        self.logits = x
        raise NotImplemented

    def derivative(self):
        raise NotImplemented
""",
    "adam.py": """
class Adam():
    def __init__(self, model, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        self.l = model.layers
        self.t = 0

    def step(self):
        self.t += 1
        for layer_id, layer in enumerate(self.l):
            # TODO: calculate updates for weight
            pass
""",
    "functional.py": """
def sub_backward(grad_output, a, b):
    return NotImplementedError


def mul_backward(grad_output, a, b):
    raise NotImplementedError
""",
}


def test_unfilled_work_is_not_attempted(judge: Judge):
    assert words(judge("mytorch", UNFILLED)) == {
        "Linear.forward": "not attempted",
        "Linear.backward": "not attempted",
        "RNNCell.forward": "right",
        "RNNCell.backward": "not attempted",
        "SoftmaxCrossEntropy.forward": "not attempted",
        "SoftmaxCrossEntropy.derivative": "not attempted",
        "Adam.step": "not attempted",
        "sub_backward": "not attempted",
        "mul_backward": "not attempted",
    }


def test_a_file_alone_uses_the_homeworks_own_modules(judge: Judge):
    names = ("gru_cell.py", "ConvTranspose.py", "rnn_classifier.py", "Conv2d.py", "hw4/multi_head_attention.py")
    for name in names:
        report = judge("mytorch", {name: text(name)})
        assert set(words(report).values()) == {"right"}, name


def test_siblings_come_before_the_homeworks_own_modules(judge: Judge):
    other = text("activation.py").replace("class Tanh", "class Tanhyp")
    cell = text("gru_cell.py").replace("Tanh()", "Tanhyp()")
    report = judge("mytorch", {"mytorch/nn/activation.py": other, "mytorch/gru_cell.py": cell})
    found = {one.function: (one.verdict, one.convention) for one in report.functions}
    assert found["GRUCell.forward"] == found["GRUCell.backward"] == ("right", "")


def test_a_mistake_beside_a_file_is_not_its_own(judge: Judge):
    wrong = edited(text("activation.py"), "return dLdA * (1 - A**2)", "return dLdA")
    cell = text("gru_cell.py")
    for source, verdict in ((cell, "right"), (cell.replace("(1 - self.z) * self.n", "self.n"), "wrong")):
        report = judge("mytorch", {"mytorch/nn/activation.py": wrong, "mytorch/gru_cell.py": source})
        found = {one.function: one for one in report.functions}
        assert found["Tanh.backward"].verdict == "wrong"
        assert found["GRUCell.forward"].verdict == verdict
        assert (found["GRUCell.backward"].verdict, found["GRUCell.backward"].convention) == ("right", LENT)


def test_conventions_of_2022(judge: Judge):
    losses = edited(text("loss.py"), "return 2 * (self.A - self.Y) / (self.N * self.C)", "return self.A - self.Y")
    losses = edited(losses, "return (self.softmax - self.Y) / self.N", "return self.softmax - self.Y")
    slopes = only(text("activation.py"), "Sigmoid").replace(", dLdA):", "):").replace("dLdA * ", "")
    found = judge("mytorch", {"loss.py": losses})
    assert set(words(found).values()) == {"right"}
    assert words(judge("mytorch", {"2022/activation.py": slopes})) == {
        "Sigmoid.forward": "right",
        "Sigmoid.backward": "right",
    }
    conventions = {one.function: one.convention for one in found.functions}
    assert conventions["MSELoss.backward"] == "the gradient is A - Y"
    assert conventions["CrossEntropyLoss.backward"].startswith("the gradient is not divided")


def test_handouts_that_return_what_they_began_with_are_not_attempted(judge: Judge):
    source = """import numpy as np


class CTC(object):
    def get_forward_probs(self, logits, extended_symbols, skip_connect):
        S, T = len(extended_symbols), len(logits)
        alpha = np.zeros(shape=(T, S))
        # TODO
        return alpha


class GreedySearchDecoder(object):
    def __init__(self, symbol_set):
        self.symbol_set = symbol_set

    def decode(self, y_probs):
        decoded_path = []
        blank, path_prob = 0, 1
        # TODO
        return decoded_path, path_prob


class Identity:
    def forward(self, Z):
        self.A = Z
        return self.A

    def backward(self):
        dAdZ = 1.0
        return dAdZ
"""
    found = words(judge("mytorch", {"CTC.py": source}))
    assert found["CTC.get_forward_probs"] == found["GreedySearchDecoder.decode"] == "not attempted"
    assert found["Identity.forward"] == found["Identity.backward"] == "right"


def test_a_file_says_what_it_was_lent(judge: Judge):
    report = judge("mytorch", {"Conv2d.py": text("Conv2d.py")})
    assert report.files[0].notes == ("resampling was not handed in beside it: a right one is used",)


def test_other_versions_are_not_judged(judge: Judge):
    report = judge(
        "mytorch",
        {
            "linear.py": edited(text("linear.py"), "debug=False", "autograd_engine"),
            "attention.py": "import torch\n\n\nclass Softmax:\n    def forward(self, Z):\n        return torch.exp(Z)\n",
            "sgd.py": "class SGD:\n    def __init__(self, params, lr):\n        self.params = params\n\n"
            "    def step(self):\n        for p in self.params:\n            p.data = p.data - p.grad\n",
        },
    )
    assert words(report) == {
        "Linear.forward": "not judged",
        "Linear.backward": "not judged",
        "Softmax.forward": "not judged",
        "SGD.step": "not judged",
    }
    notes = {one.function: " ".join(one.notes) for one in report.functions}
    other = text("linear.py").replace("self.W", "self.weights")
    found = judge("mytorch", {"linear.py": other})
    assert set(words(found).values()) == {"not judged"}
    assert "other names" in found.functions[0].notes[0]
    assert notes["Softmax.forward"] == "it computes with torch"
    assert "autograd version" in notes["Linear.backward"]
