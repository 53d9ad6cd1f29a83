"""CMU 11-785, Introduction to Deep Learning: mytorch, the library its homeworks build, 2019 to 2025."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from graders.contracts import mytorch_oracles as oracles
from graders.contracts.contract import Contract, Entry, Function, Part, Reading
from graders.specs import activations
from graders.specs.row import Arg, Axes, Row

Array = NDArray[Any]
PLAIN = ("normal", "sparse", "wide")
"""Values of moderate size: what overflows is not the course's question."""
SMOOTH = ("normal", "wide")
"""Values without ties."""
SMALL = ("normal",)
"""Logits whose probabilities are far from 0, where an eps in a logarithm does no harm."""


QUIET = ("float32",)
"""The course computes in float32 here and in float64 there."""


# --- draws ---


def one_hot(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """A row a sample, 1 at its class."""
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[0])]


def spread(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Numbers that are not 0."""
    return np.asarray(rng.uniform(0.5, 2, shape) * rng.choice((-1.0, 1.0), shape))


def positive(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Variances, probabilities not yet normalised."""
    return rng.uniform(0.2, 2, shape)


def probabilities(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Along the last axis."""
    values = rng.uniform(0.1, 1, shape)
    return np.asarray(values / values.sum(-1, keepdims=True))


def symbol_probabilities(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Along the first axis; often one symbol is likely, over several steps, and often the blank."""
    values = rng.uniform(0.05, 1, shape)
    likely = np.repeat(rng.integers(0, shape[0], shape[1]), 2)[: shape[1]]
    values[likely, np.arange(shape[1])] += rng.uniform(0, 2, shape[1])
    return np.asarray(values / values.sum(0))


def symbols(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Numbers of symbols, never the blank, often the same twice."""
    drawn = rng.integers(1, sizes["C"], shape)
    again = rng.random(shape) < 0.4
    again[..., 0] = False
    for place in range(1, shape[-1]):
        drawn[..., place] = np.where(again[..., place], drawn[..., place - 1], drawn[..., place])
    return drawn


def input_lengths(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Long enough for every target, however often it repeats."""
    return rng.integers(2 * sizes["L"], sizes["T"] + 1, shape)


def ignored(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Positions to ignore, never all of a row's."""
    mask = rng.random(shape) < 0.3
    mask[..., 0] = False
    return mask


def scale(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """A factor near 1."""
    return rng.uniform(0.5, 1.5, shape)


# --- entries ---


def pair(name: str, *readings: Reading, task: str = "", needs: tuple[str, ...] = ()) -> Entry:
    """A class's forward and backward."""
    parts: tuple[tuple[str, Part], ...] = (("forward", "forward"), ("backward", "backward"))
    functions = tuple(Function(f"{name}.{method}", part) for method, part in parts)
    return Entry(functions, task or readings[0].row.name, readings, needs, quiet=QUIET)


def whole(name: str, *readings: Reading, task: str = "") -> Entry:
    """One function that answers for everything."""
    return Entry((Function(name),), task or readings[0].row.name, readings, quiet=QUIET)


def row(name: str, args: tuple[Arg, ...], oracle: Callable[..., Any], axes: Mapping[str, Any], **more: Any) -> Row:
    """A row that asks for nothing at size 0."""
    return Row(name, args, oracle, axes, **{"empty": "", "batch": "", "patterns": PLAIN, **more})


def plain(
    name: str, args: tuple[Arg, ...], oracle: Callable[..., Any], axes: Mapping[str, Any], **more: Any
) -> Reading:
    """A row as the only reading."""
    return Reading(row(name, args, oracle, axes, **more))


def several(*axes: str) -> Callable[[Axes, Mapping[str, Any]], bool]:
    """More than one class, or feature: one is legal, and no network has it."""
    return lambda sizes, options: all(sizes[axis] > 1 for axis in axes)


ELEMENTWISE = {"N": (2, 5), "D": (2, 6)}
CLASSES = {"N": (2, 5), "C": (2, 6)}
X = Arg("x", "N D")


def elementwise(name: str, oracle: Callable[..., Any], **more: Any) -> Entry:
    """An activation."""
    return pair(name, plain(name.lower(), (X,), oracle, ELEMENTWISE, **more))


ACTIVATIONS = (
    elementwise("Identity", lambda x: x.clone()),
    elementwise("Sigmoid", activations.sigmoid),
    elementwise("Tanh", activations.tanh),
    elementwise("ReLU", activations.relu, kinks=activations.at_zero),
    elementwise("GELU", oracles.gelu),
    pair("Swish", plain("swish", (X, Arg("beta", "", scale)), oracles.swish, ELEMENTWISE)),
    pair(
        "Softmax",
        plain(
            "softmax_along",
            (Arg("x", "N T C"),),
            oracles.softmax_along,
            {"N": (2, 3), "T": (2, 4), "C": (2, 5)},
            options={"axis": (-1, 1, 0)},
            valid=several("C"),
            patterns=SMALL,
        ),
        task="softmax",
    ),
)

LINEAR_ARGS = (X, Arg("w", "M D"), Arg("b", "M"))
LINEAR_AXES = {"N": (2, 5), "D": (2, 5), "M": (2, 5)}
LOGITS = (Arg("x", "N C"), Arg("target", "N C", one_hot, differentiable=False))


def loss(name: str, oracle: Callable[..., Any], convention: str = "") -> Reading:
    """A loss of logits and one-hot rows."""
    more = {"outputs": ("loss",), "valid": several("C"), "patterns": SMALL}
    return Reading(row(name, LOGITS, oracle, CLASSES, **more), convention)


UNDIVIDED = "the gradient is not divided by the size of the batch (the linear layer does it)"
LAYERS = (
    pair(
        "Linear",
        plain("linear", LINEAR_ARGS, oracles.linear, LINEAR_AXES),
        Reading(
            row("linear_mean", LINEAR_ARGS, oracles.linear_mean, LINEAR_AXES),
            "the layer divides its parameters' gradients by the size of the batch",
        ),
    ),
    pair(
        "MSELoss",
        loss("mse", oracles.squared_error),
        loss("half_mse", oracles.half_squared_error, "half the mean"),
        loss("undivided_mse", oracles.undivided_squared_error, "the gradient is A - Y"),
    ),
    pair(
        "CrossEntropyLoss",
        loss("entropy", oracles.mean_entropy),
        loss("undivided_entropy", oracles.undivided_mean_entropy, UNDIVIDED),
        task="cross_entropy",
    ),
    pair(
        "SoftmaxCrossEntropy",
        loss("samples_entropy", oracles.sample_entropies, "a loss a sample"),
        loss("old_entropy", oracles.mean_entropy),
        loss("old_undivided_entropy", oracles.undivided_mean_entropy, UNDIVIDED),
        task="cross_entropy",
    ),
)


def normalisation(name: str, task: str, image: str, channels: str, axes: tuple[int, ...], sizes: Axes | Any) -> Entry:
    """Batch normalisation: training, testing from statistics of its own, the running statistics."""
    fixed: dict[str, Any] = {"differentiable": False}
    args = (
        Arg("x", image),
        Arg("gamma", channels),
        Arg("beta", channels),
        Arg("mean", channels, **fixed),
        Arg("variance", channels, positive, **fixed),
        Arg("test", image, **fixed),
    )
    outputs = ("out", "test", "running_mean", "running_var")
    return pair(
        name,
        plain(
            task,
            args,
            oracles.batch_norm(axes),
            sizes,
            outputs=outputs,
            constants=outputs[1:],
            options={"alpha": (0.9, 0.5)},
            patterns=SMALL,
        ),
    )


def dropout(name: str, task: str, image: str, sizes: Mapping[str, Any]) -> Entry:
    """Judged by what is kept, by the share that is, and by the test mode."""
    outputs = ("out", "share", "test")
    return pair(
        name,
        plain(
            task,
            (Arg("x", image, spread),),
            oracles.dropout,
            sizes,
            outputs=outputs,
            constants=outputs[1:],
            options={"p": (0.5, 0.3)},
        ),
    )


REGULARISERS = (
    normalisation("BatchNorm1d", "batch_norm1d", "N C", "1 C", (0,), {"N": (3, 6), "C": (2, 4)}),
    normalisation(
        "BatchNorm2d",
        "batch_norm2d",
        "N C H W",
        "1 C 1 1",
        (0, 2, 3),
        {"N": (2, 3), "C": (2, 3), "H": (2, 4), "W": (2, 4)},
    ),
    dropout("Dropout", "dropout", "N D", {"N": (3, 6), "D": (3, 8)}),
    dropout("Dropout2d", "dropout2d", "N C H W", {"N": (3, 4), "C": (3, 4), "H": (2, 3), "W": (2, 3)}),
)

# --- convolution ---

LINE = {"N": (2, 3), "C": (2, 3), "T": (4, 8), "F": (2, 4), "K": (2, 3)}
PLANE = {"N": (2, 3), "C": (2, 3), "H": (4, 6), "W": (4, 6), "F": (2, 4), "K": (2, 3)}
ON_LINE = (Arg("x", "N C T"), Arg("w", "F C K"), Arg("b", "F"))
IN_PLANE = (Arg("x", "N C H W"), Arg("w", "F C K K"), Arg("b", "F"))


def fits(sizes: Axes, options: Mapping[str, Any]) -> bool:
    """The kernel is no longer than the input, padded or upsampled."""
    reach = (sizes["K"] - 1) * options.get("dilation", 1) + 1
    factor = options.get("factor", 1)
    lengths = [sizes[axis] for axis in ("T", "H", "W") if axis in sizes]
    return all((size - 1) * factor + 1 + 2 * options.get("padding", 0) >= reach for size in lengths)


def window_fits(sizes: Axes, options: Mapping[str, Any]) -> bool:
    """There is a window."""
    return bool(min(sizes["H"], sizes["W"]) >= options["kernel"])


def convolution(name: str, task: str, oracle: Callable[..., Any], **options: tuple[int, ...]) -> Entry:
    """A convolution along a line or in the plane."""
    flat = "1d" in name
    reading = plain(task, ON_LINE if flat else IN_PLANE, oracle, LINE if flat else PLANE, options=options, valid=fits)
    return pair(name, reading)


def resampling(name: str, oracle: Callable[..., Any]) -> Entry:
    """Up- or downsampling."""
    flat = name.endswith("1d")
    args = (Arg("x", "N C T" if flat else "N C H W"),)
    sizes = {axis: size for axis, size in (LINE if flat else PLANE).items() if axis not in "FK"}
    return pair(name, plain(name.lower(), args, oracle, sizes, options={"factor": (2, 3, 1)}))


def pooling(name: str, task: str, oracle: Callable[..., Any], **options: tuple[int, ...]) -> Entry:
    """Pooling over square windows."""
    sizes = {"N": (2, 3), "C": (2, 3), "H": (3, 6), "W": (3, 6)}
    options = {"kernel": (2, 3, 1), **options}
    return pair(
        name, plain(task, (Arg("x", "N C H W"),), oracle, sizes, options=options, valid=window_fits, patterns=SMOOTH)
    )


CONVOLUTIONS = (
    resampling("Upsample1d", oracles.upsample(1)),
    resampling("Downsample1d", oracles.downsample(1)),
    resampling("Upsample2d", oracles.upsample(2)),
    resampling("Downsample2d", oracles.downsample(2)),
    convolution("Conv1d_stride1", "conv1d_stride1", oracles.conv1d),
    convolution("Conv1d", "conv1d", oracles.conv1d, stride=(1, 2, 3), padding=(0, 1, 2)),
    convolution("Conv2d_stride1", "conv2d_stride1", oracles.conv2d),
    convolution("Conv2d", "conv2d", oracles.conv2d, stride=(1, 2, 3), padding=(0, 1, 2)),
    convolution("Conv2D_dilation", "conv2d_dilation", oracles.conv2d, stride=(1, 2), padding=(0, 1), dilation=(1, 2)),
    convolution("ConvTranspose1d", "conv_transpose1d", oracles.conv_transpose1d, factor=(2, 3, 1)),
    convolution("ConvTranspose2d", "conv_transpose2d", oracles.conv_transpose2d, factor=(2, 3, 1)),
    pooling("MaxPool2d_stride1", "max_pool_stride1", oracles.max_pool),
    pooling("MeanPool2d_stride1", "mean_pool_stride1", oracles.mean_pool),
    pooling("MaxPool2d", "max_pool", oracles.max_pool, stride=(2, 1, 3)),
    pooling("MeanPool2d", "mean_pool", oracles.mean_pool, stride=(2, 1, 3)),
    pair(
        "Flatten",
        plain("flatten", (Arg("x", "N C W"),), oracles.flatten, {"N": (2, 4), "C": (2, 4), "W": (2, 5)}),
    ),
)

# --- recurrent cells ---

CELL = {"N": (2, 4), "D": (2, 4), "H": (2, 5)}
SAMPLE = {"D": (2, 4), "H": (2, 5)}
STATES = (Arg("x", "D"), Arg("h", "H"))
GRU = (
    *STATES,
    *(Arg(name, "H D") for name in ("Wrx", "Wzx", "Wnx")),
    *(Arg(name, "H H") for name in ("Wrh", "Wzh", "Wnh")),
    *(Arg(name, "H") for name in ("brx", "bzx", "bnx", "brh", "bzh", "bnh")),
)
OLD_GRU = (
    *STATES,
    *(Arg(name, "H H") for name in ("Wzh", "Wrh", "Wh")),
    *(Arg(name, "H D") for name in ("Wzx", "Wrx", "Wx")),
)
ROWWISE = "delta has shape (1, hidden)"
OLD_FORM = "the form of 2019 and 2020: h = (1 - z) h + z tanh(W_x x + W_h (r h)), no biases"


def gru(name: str, args: tuple[Arg, ...], oracle: Callable[..., Any], convention: str) -> Reading:
    """A gated cell, one sample at a time."""
    more = {"outputs": ("h_t",), "valid": several("D", "H"), "patterns": SMALL}
    return Reading(row(name, args, oracle, SAMPLE, **more), convention)


RECURRENT = (
    pair(
        "RNNCell",
        plain(
            "rnn_cell",
            (
                Arg("x", "N D"),
                Arg("h", "N H"),
                Arg("W_ih", "H D"),
                Arg("W_hh", "H H"),
                Arg("b_ih", "H"),
                Arg("b_hh", "H"),
            ),
            oracles.rnn_cell,
            CELL,
            outputs=("h_t",),
            valid=several("D", "H"),
            patterns=SMALL,
        ),
    ),
    pair(
        "RNNPhonemeClassifier",
        plain(
            "rnn_classifier",
            (
                Arg("x", "N T D", differentiable=False),
                Arg("h_0", "2 N H"),
                *(
                    Arg(f"{name}_l{layer}", axes)
                    for layer, inputs in enumerate(("D", "H"))
                    for name, axes in (("W_ih", f"H {inputs}"), ("W_hh", "H H"), ("b_ih", "H"), ("b_hh", "H"))
                ),
                Arg("W", "C H", differentiable=False),
                Arg("b", "C", differentiable=False),
            ),
            oracles.rnn_classifier,
            {**CELL, "T": (2, 4), "C": (2, 4)},
            outputs=("logits",),
            valid=several("D", "H"),
            patterns=SMALL,
        ),
    ),
    pair(
        "GRUCell",
        gru("gru_cell", GRU, oracles.gru_cell, ""),
        gru("gru_cell_row", GRU, oracles.gru_cell, ROWWISE),
        gru("old_gru_cell", OLD_GRU, oracles.old_gru_cell, OLD_FORM),
        gru("old_gru_cell_row", OLD_GRU, oracles.old_gru_cell, f"{OLD_FORM}; {ROWWISE}"),
    ),
)

# --- connectionist temporal classification ---


def long_enough(sizes: Axes, options: Mapping[str, Any]) -> bool:
    """Every target fits, however often it repeats."""
    return sizes.get("T", 99) >= 2 * sizes["L"] and sizes["C"] >= 2


PROBS, TARGET = Arg("probs", "T C", probabilities), Arg("target", "L", symbols, differentiable=False)
SEQUENCE = {"T": (4, 8), "L": (2, 4), "C": (3, 5)}
FUNCTION: dict[str, Any] = {"kind": "function", "patterns": SMALL}
TIMES: dict[str, Any] = {**FUNCTION, "valid": long_enough}


def ctc_loss(name: str, reported: Callable[..., Any], convention: str, *, by_length: bool, mean: bool) -> Reading:
    """A CTC loss of a batch of unequal lengths."""
    args = (
        Arg("probs", "T B C", probabilities),
        Arg("target", "B L", symbols, differentiable=False),
        Arg("input_lengths", "B", input_lengths, differentiable=False),
        Arg("target_lengths", "B", "lengths L", differentiable=False),
    )
    return Reading(
        row(
            f"ctc_{name}{'_mean' if mean else ''}",
            args,
            oracles.ctc_loss(reported, by_length=by_length, mean_gradient=mean),
            {"T": (4, 8), "B": (2, 3), "C": (3, 5), "L": (2, 4)},
            outputs=("loss",),
            valid=long_enough,
            patterns=SMALL,
        ),
        "; ".join(filter(None, (convention, "the gradient is that of the mean over the batch" if mean else ""))),
    )


LIKELIHOOD = "the loss is -log P(target), not the expected divergence"
BY_LENGTH = "every sample's loss is divided by its target's length"
CTC = (
    whole(
        "CTC.extend_target_with_blank",
        plain(
            "ctc_extend", (TARGET,), oracles.extended, {"L": (2, 5), "C": (3, 5)}, outputs=("symbols", "skip"), **TIMES
        ),
        task="ctc",
    ),
    whole(
        "CTC.get_forward_probs",
        plain(
            "ctc_forward_probs", (PROBS, TARGET), oracles.forward_probabilities, SEQUENCE, outputs=("alpha",), **TIMES
        ),
        task="ctc",
    ),
    whole(
        "CTC.get_backward_probs",
        plain(
            "ctc_backward_probs", (PROBS, TARGET), oracles.backward_probabilities, SEQUENCE, outputs=("beta",), **TIMES
        ),
        task="ctc",
    ),
    whole(
        "CTC.get_posterior_probs",
        plain(
            "ctc_posteriors",
            (Arg("alpha", "T S", positive), Arg("beta", "T S", positive)),
            oracles.posteriors,
            {"T": (2, 6), "S": (3, 7)},
            outputs=("gamma",),
            **FUNCTION,
        ),
        task="ctc",
    ),
    pair(
        "CTCLoss",
        *(
            ctc_loss(name, reported, convention, by_length=by_length, mean=mean)
            for mean in (False, True)
            for name, reported, convention, by_length in (
                ("divergence", oracles.divergences, "", False),
                ("likelihood", oracles.negative_log_likelihoods, LIKELIHOOD, False),
                ("by_length", oracles.divergences, BY_LENGTH, True),
            )
        ),
        task="ctc",
    ),
    whole(
        "GreedySearchDecoder.decode",
        plain(
            "greedy_search",
            (Arg("probs", "C T", symbol_probabilities),),
            oracles.greedy_search,
            {"C": (3, 5), "T": (3, 8)},
            outputs=("path", "score"),
            valid=several("C"),
            **FUNCTION,
        ),
    ),
    whole(
        "BeamSearchDecoder.decode",
        plain(
            "beam_search",
            (Arg("probs", "C T", symbol_probabilities),),
            oracles.beam_search,
            {"C": (4, 5), "T": (3, 6)},
            outputs=("path", "score", "scores"),
            options={"width": (2, 3, 1)},
            valid=lambda sizes, options: bool(sizes["C"] > options["width"]),
            **FUNCTION,
        ),
    ),
)

# --- attention ---

ATTENTION = (
    pair(
        "ScaledDotProductAttention",
        plain(
            "attention",
            (
                Arg("Q", "N H L E"),
                Arg("K", "N H S E"),
                Arg("V", "N H S V"),
                Arg("mask", "N H L S", ignored, differentiable=False),
            ),
            oracles.attention,
            {"N": (2, 3), "H": (2, 3), "L": (2, 4), "S": (2, 4), "E": (2, 4), "V": (2, 4)},
            patterns=SMALL,
        ),
    ),
    pair(
        "MultiHeadAttention",
        plain(
            "multi_head_attention",
            (
                Arg("query", "N L 6"),
                Arg("key", "N S 6"),
                Arg("value", "N S 6"),
                Arg("padding", "N S", ignored, differentiable=False),
                Arg("future", "L S", ignored, differentiable=False),
                *(Arg(f"{kind}{part}", "6 6" if kind == "W" else "6") for part in "qkvo" for kind in "Wb"),
            ),
            oracles.multi_head_attention,
            {"N": (2, 3), "L": (2, 4), "S": (2, 4)},
            options={"heads": (2, 3, 1)},
            patterns=SMALL,
        ),
    ),
)

# --- optimisers ---

STEPS = 4
BETAS = {"lr": (0.1, 0.01), "beta1": (0.9, 0.8), "beta2": (0.999, 0.9), "eps": (1e-8, 1e-3)}


def shapes(sizes: Axes) -> list[tuple[int, ...]]:
    """Two layers' weights and biases."""
    inputs, hidden, outputs = sizes["D"], sizes["M"], sizes["C"]
    return [(hidden, inputs), (hidden, 1), (outputs, hidden), (outputs, 1)]


def optimiser(
    name: str, rule: Callable[..., Any], options: Mapping[str, Any], convention: str = "", **fixed: Any
) -> Reading:
    """Parameters after every one of some steps from a fresh state."""
    return Reading(
        row(
            name,
            (Arg("params", shapes), Arg("grads", lambda sizes: shapes(sizes) * STEPS, spread)),
            oracles.optimiser(rule, STEPS, **fixed),
            {"D": (2, 4), "M": (2, 4), "C": (2, 4)},
            kind="function",
            outputs=tuple(f"params after step {step + 1}" for step in range(STEPS)),
            options=options,
            patterns=SMALL,
        ),
        convention,
    )


OUTSIDE = "eps outside the root"
OPTIMISERS = (
    whole("SGD.step", optimiser("sgd", oracles.sgd, {"lr": (0.1, 0.01), "momentum": (0.9, 0.5, 0.0)})),
    whole(
        "Adam.step",
        optimiser("adam_inside", oracles.adam, BETAS, inside=True),
        optimiser("adam_outside", oracles.adam, BETAS, OUTSIDE, inside=False),
        task="adam",
    ),
    whole(
        "AdamW.step",
        optimiser("adamw_inside", oracles.adamw, {**BETAS, "decay": (0.01, 0.1)}, inside=True),
        optimiser("adamw_outside", oracles.adamw, {**BETAS, "decay": (0.01, 0.1)}, OUTSIDE, inside=False),
        task="adamw",
    ),
)

# --- the autograd homework ---


def functional(name: str, function: Callable[..., Any], *args: Arg) -> Entry:
    """A backward function of arrays of the same shape."""
    reading = plain(
        f"functional_{name}",
        (Arg("dout", "N M" if name == "matmul_backward" else "N D"), *args),
        oracles.pulled_back(function),
        {"N": (2, 4), "D": (2, 4), "M": (2, 4)} if name == "matmul_backward" else ELEMENTWISE,
        outputs=tuple("d" + arg.name for arg in args),
        **FUNCTION,
    )
    return whole(name, reading)


A, B = Arg("a", "N D"), Arg("b", "N D")
NONZERO = Arg("b", "N D", spread)
AUTOGRAD = (
    functional("add_backward", torch.add, A, B),
    functional("sub_backward", torch.sub, A, B),
    functional("mul_backward", torch.mul, A, B),
    functional("div_backward", torch.div, A, NONZERO),
    functional("matmul_backward", torch.matmul, A, Arg("b", "D M")),
    functional("log_backward", torch.log, Arg("a", "N D", positive)),
    functional("exp_backward", torch.exp, A),
)

# --- the contract ---

DERIVED = ("Identity", "Sigmoid", "Tanh", "ReLU", "SoftmaxCrossEntropy")
ALIASES = {
    "BatchNorm1d": ("BatchNorm", "BatchNorm1D"),
    "BatchNorm2d": ("BatchNorm2D",),
    "Dropout2d": ("Dropout2D",),
    "Conv1d_stride1": ("Conv1D_stride1",),
    "Conv2d_stride1": ("Conv2D_stride1",),
    "Conv1d": ("Conv1D",),
    "Conv2d": ("Conv2D",),
    "Conv2D_dilation": ("Conv2d_dilation",),
    "MaxPool2d": ("MaxPoolLayer",),
    "MeanPool2d": ("MeanPoolLayer",),
    "RNNCell": ("RNN_Cell",),
    "RNNPhonemeClassifier": ("RNN_Phoneme_Classifier",),
    "GRUCell": ("GRU_Cell",),
    "Adam": ("adam",),
    "AdamW": ("adamW", "adamw"),
    "CTC.extend_target_with_blank": ("CTC.targetWithBlank",),
    "CTC.get_forward_probs": ("CTC.forwardProb",),
    "CTC.get_backward_probs": ("CTC.backwardProb",),
    "CTC.get_posterior_probs": ("CTC.postProb",),
    "GreedySearchDecoder.decode": ("GreedySearch",),
    "BeamSearchDecoder.decode": ("BeamSearch",),
    **{f"{name}.backward": (f"{name}.derivative",) for name in DERIVED},
}
MODULES = {
    "activation": ("activation",),
    "linear": ("linear",),
    "resampling": ("resampling",),
    "Conv1d": ("Conv1d", "Conv2d", "conv1d", "conv2d"),
    "ctc": ("ctc", "CTC"),
    "rnn_cell": ("rnn_cell",),
    "scaled_dot_product_attention": ("scaled_dot_product_attention",),
    "special": ("special",),
    "scipy": ("scipy",),
}
"""Files in `mytorch_modules`, and the names by which a student's files import them."""


def fallbacks() -> dict[str, str]:
    """What a file may import that was not handed in beside it."""
    folder = files(__package__) / "mytorch_modules"
    texts = {stem: (folder / f"{stem}.py.txt").read_text(encoding="utf-8") for stem in MODULES}
    return {name: texts[stem] for stem, names in MODULES.items() for name in names}


CONTRACT = Contract(
    name="mytorch",
    title="CMU 11-785 mytorch",
    entries=(
        *LAYERS,
        *ACTIVATIONS,
        *REGULARISERS,
        *CONVOLUTIONS,
        *RECURRENT,
        *CTC,
        *ATTENTION,
        *OPTIMISERS,
        *AUTOGRAD,
    ),
    adapter="mytorch_adapter.py.txt",
    aliases=ALIASES,
    packages=("mytorch", "mydnn", "nn", "modules", "optim", "CTC"),
    fallbacks=fallbacks(),
)
