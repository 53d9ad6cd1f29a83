"""The tasks that torch has as well, one entry each, and why the others have no counterpart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from graders.benchmark import workload as w
from graders.benchmark.modules import (
    bidirectional_rnn,
    decoder_layer,
    encoder_layer,
    gru,
    gru_cell,
    lstm,
    lstm_cell,
    multi_head,
    rnn,
    rnn_cell,
    stacked_rnn,
)
from graders.benchmark.workload import Dropout, Entry, Input, Optimiser, Workload

Sizes = Mapping[str, tuple[int, int, int]]


def entry(
    row: str,
    counterpart: str,
    inputs: tuple[Input, ...],
    sizes: Sizes,
    call: Callable[..., Any] | None = None,
    build: w.Build | None = None,
    **fields: Any,
) -> Workload:
    """A workload whose torch side is a function of the tensors, or is built otherwise."""
    made = build or w.functional(call or getattr(functional, row))(inputs)
    return Workload(row, counterpart, inputs, sizes, made, **fields)


# --- sizes: small (a test), medium (an exercise), large (training in earnest) ---

ELEMENTS: Sizes = {"N": (32, 256, 2048), "D": (32, 512, 2048)}
ROWS_OF_CLASSES: Sizes = {"N": (32, 256, 4096), "C": (10, 100, 1000)}
LOGITS: Sizes = {"N": (64, 4096, 262144)}
DENSE: Sizes = {"N": (8, 64, 512), "D": (32, 256, 1024), "M": (32, 256, 1024)}
IMAGES: Sizes = {"N": (4, 16, 32), "C": (4, 16, 32), "H": (8, 16, 32), "W": (8, 16, 32)}
CELL: Sizes = {"N": (4, 32, 128), "D": (16, 64, 256), "H": (16, 64, 256)}
SEQUENCES: Sizes = {"N": (4, 32, 64), "T": (8, 32, 64), "D": (16, 64, 128), "H": (16, 64, 256)}
ATTENTION: Sizes = {"N": (2, 8, 16), "T": (8, 64, 128), "S": (8, 64, 128), "E": (16, 64, 128), "H": (32, 128, 512)}
SCORES: Sizes = {"N": (4, 16, 32), "T": (8, 32, 64), "V": (20, 100, 1000)}

X, DENSE_X = Input("x", "N D"), Input("x", "N D")
CLASSES = Input("x", "N C")
IMAGE = Input("x", "N C H W")
STEPS = Input("x", "N T D")
TOKENS_TO_SCORES = Input("scores", "N T V")
LABELS = Input("labels", "N", w.below("C"), differentiable=False)
GAMMA, BETA = Input("gamma", "D", w.positive), Input("beta", "D")
CHANNELS = Input("gamma", "C", w.positive), Input("beta", "C")


def fixed(name: str, axes: str, draw: w.Draw) -> Input:
    """An argument without a gradient."""
    return Input(name, axes, draw, differentiable=False)


def elementwise(row: str, call: Callable[..., Any], counterpart: str = "") -> Workload:
    """An activation of one argument."""
    return entry(row, counterpart or f"nn.functional.{row}", (X,), ELEMENTS, call)


def gates(count: int, hidden: str = "H") -> tuple[Input, Input, Input]:
    """wx, wh and b of a recurrent layer with that many gates."""
    width = f"{count}*{hidden}"
    return (
        Input("wx", f"D {width}", w.fan_in, transposed=True),
        Input("wh", f"{hidden} {width}", w.fan_in, transposed=True),
        Input("b", width),
    )


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """nn.Linear."""
    return functional.linear(x, weight, bias)


def per_sample_sum(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Ours sums over a sample's outputs and averages over samples; torch's "mean" averages over both."""
    return lambda pred, target: loss(pred, target, reduction="sum") / pred.shape[0]


def sequence_loss(logits: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    """Cross-entropy of every step, steps behind the end ignored, mean over sequences."""
    behind = torch.arange(labels.shape[1], device=labels.device) >= lengths[:, None]
    wanted = labels.masked_fill(behind, -100)
    total = functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="sum")
    return total / logits.shape[0]


def cloze_loss(scores: Tensor, tokens: Tensor, covered: Tensor) -> Tensor:
    """Cross-entropy of the covered tokens."""
    wanted = tokens.masked_fill(~covered, -100)
    return functional.cross_entropy(scores.flatten(0, 1), wanted.flatten())


def next_token_loss(scores: Tensor, tokens: Tensor) -> Tensor:
    """Cross-entropy of every token but the first, from the scores one step before."""
    return functional.cross_entropy(scores[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())


def ctc(logits: Tensor, labels: Tensor, input_lengths: Tensor, label_lengths: Tensor) -> Tensor:
    """Torch's CTC loss, whose mean is over samples and labels: the sum, over samples."""
    log_probs = logits.transpose(0, 1).log_softmax(-1)
    return functional.ctc_loss(log_probs, labels, input_lengths, label_lengths, reduction="sum") / logits.shape[0]


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Binary cross-entropy of real samples against 1 and of generated ones against 0."""
    bce = functional.binary_cross_entropy_with_logits
    return bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))


def generator_loss(fake: Tensor) -> Tensor:
    """Binary cross-entropy of generated samples against 1."""
    return functional.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


def network(x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> Tensor:
    """Affine layers, each followed by a sigmoid."""
    for weight, bias in zip(weights, biases, strict=True):
        x = torch.sigmoid(functional.linear(x, weight, bias))
    return x


def residual_block(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """Linear, relu, Linear, and the input added."""
    return x + ffn(x, w1, b1, w2, b2)


def ffn(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """Linear, relu, Linear."""
    return functional.linear(functional.relu(functional.linear(x, w1, b1)), w2, b2)


def lenet(x: Tensor, params: Sequence[Tensor]) -> Tensor:
    """The slides' LeNet: convolution, relu, pool, convolution, pool, three affine layers."""
    a = functional.max_pool2d(functional.relu(functional.conv2d(x, params[0], params[1])), 2)
    a = functional.max_pool2d(functional.conv2d(a, params[2], params[3]), 2).flatten(1)
    for k in (4, 6, 8):
        a = functional.linear(a, params[k], params[k + 1])
    return a


def lenet_shapes(sizes: Mapping[str, int]) -> list[tuple[int, ...]]:
    """Those of the slides; images are 28 x 28."""
    return [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (256, 120), (120,), (120, 84), (84,), (84, 10), (10,)]


def layers(sizes: Mapping[str, int]) -> list[tuple[int, ...]]:
    """Two matrices."""
    return [(sizes["D"], sizes["H"]), (sizes["H"], sizes["M"])]


def layer_biases(sizes: Mapping[str, int]) -> list[tuple[int, ...]]:
    """And their biases."""
    return [(sizes["H"],), (sizes["M"],)]


def encoder_shapes(sizes: Mapping[str, int]) -> list[tuple[int, ...]]:
    """The 12 arrays of an encoder layer."""
    e, h = sizes["E"], sizes["H"]
    return [*[(e, e)] * 4, *[(e,)] * 2, (e, h), (h,), (h, e), (e,), *[(e,)] * 2]


def decoder_shapes(sizes: Mapping[str, int]) -> list[tuple[int, ...]]:
    """The 18 arrays of a decoder layer."""
    e = sizes["E"]
    return ([(e, e)] * 4 + [(e,)] * 2) * 2 + encoder_shapes(sizes)[6:]


def maker(
    made: Callable[..., torch.optim.Optimizer], variant: str, options: Mapping[str, Any]
) -> Callable[[list[Tensor]], torch.optim.Optimizer]:
    """The optimiser in one of torch's implementations: "foreach" or "fused"."""
    return lambda params: made(params, **{variant: True}, **options)


def stacked(shape: Callable[[w.Sizes], tuple[int, ...]]) -> Callable[[w.Sizes], list[tuple[int, ...]]]:
    """The same for each of two layers."""
    return lambda sizes: [shape(sizes)] * 2


WEIGHT, BIAS = Input("w", "D M", w.fan_in, transposed=True), Input("b", "M")
FFN = (
    Input("w1", "E H", w.fan_in, transposed=True),
    Input("b1", "H"),
    Input("w2", "H E", w.fan_in, transposed=True),
    Input("b2", "E"),
)
QKVO = tuple(Input(name, "E E", w.fan_in) for name in ("wq", "wk", "wv", "wo"))

ENTRIES: tuple[Entry, ...] = (
    # 01-activations
    entry(
        "neuron",
        "nn.Linear, torch.sigmoid",
        (X, Input("w", "D", w.normal), Input("b", "")),
        {"N": (32, 256, 4096), "D": (32, 256, 1024)},
        lambda x, weight, bias: torch.sigmoid(functional.linear(x, weight[None, :], bias[None])).squeeze(1),
    ),
    entry(
        "one_hot",
        "nn.functional.one_hot",
        (LABELS, Input("num_classes", "", lambda rng, shape, sizes: sizes["C"], differentiable=False)),
        ROWS_OF_CLASSES,
        lambda labels, classes: functional.one_hot(labels, classes).double(),
    ),
    elementwise("sigmoid", torch.sigmoid, "nn.Sigmoid"),
    elementwise("tanh", torch.tanh, "nn.Tanh"),
    elementwise("relu", functional.relu),
    elementwise("softplus", functional.softplus),
    elementwise("leaky_relu", lambda x: functional.leaky_relu(x, 0.01)),
    entry(
        "prelu",
        "nn.functional.prelu",
        (CLASSES, Input("gamma", "C")),
        {"N": ELEMENTS["N"], "C": ELEMENTS["D"]},
        functional.prelu,
    ),
    elementwise("elu", functional.elu),
    entry("softmax", "nn.Softmax", (CLASSES,), ROWS_OF_CLASSES, lambda x: torch.softmax(x, -1)),
    entry("log_softmax", "nn.LogSoftmax", (CLASSES,), ROWS_OF_CLASSES, lambda x: torch.log_softmax(x, -1)),
    entry("logsumexp", "torch.logsumexp", (CLASSES,), ROWS_OF_CLASSES, lambda x: torch.logsumexp(x, -1)),
    # 02-losses
    *(
        entry(
            row,
            f"nn.functional.{loss.__name__}",
            (Input("pred", "N M"), fixed("target", "N M", w.normal)),
            {"N": ELEMENTS["N"], "M": (8, 64, 512)},
            per_sample_sum(loss),
        )
        for row, loss in (("squared_loss", functional.mse_loss), ("absolute_loss", functional.l1_loss))
    ),
    entry(
        "nll_loss",
        "nn.NLLLoss",
        (Input("log_probs", "N C", w.log_distribution), LABELS),
        ROWS_OF_CLASSES,
    ),
    entry("cross_entropy", "nn.CrossEntropyLoss", (Input("logits", "N C"), LABELS), ROWS_OF_CLASSES),
    entry(
        "soft_cross_entropy",
        "nn.CrossEntropyLoss",
        (Input("logits", "N C"), fixed("targets", "N C", w.distribution)),
        ROWS_OF_CLASSES,
        functional.cross_entropy,
    ),
    entry(
        "binary_cross_entropy",
        "nn.BCEWithLogitsLoss",
        (Input("logits", "N"), fixed("targets", "N", w.unit)),
        LOGITS,
        functional.binary_cross_entropy_with_logits,
    ),
    entry(
        "hinge_loss",
        "nn.functional.margin_ranking_loss",
        (Input("scores", "N"), fixed("signs", "N", w.signs)),
        LOGITS,
        lambda scores, signs: functional.margin_ranking_loss(scores, scores.new_zeros(1), signs, margin=1.0),
    ),
    entry(
        "multiclass_hinge_loss",
        "nn.MultiMarginLoss",
        (Input("scores", "N C"), LABELS),
        ROWS_OF_CLASSES,
        lambda scores, labels: functional.multi_margin_loss(scores, labels) * scores.shape[1],
    ),
    # 03-backprop
    entry("affine", "nn.Linear", (DENSE_X, WEIGHT, BIAS), DENSE, affine),
    entry(
        "network",
        "nn.Linear and nn.Sigmoid, twice",
        (
            X,
            Input("weights", layers, w.fan_in, transposed=True),
            Input("biases", layer_biases),
        ),
        {**DENSE, "H": (32, 128, 512)},
        network,
    ),
    # 04-autodiff
    entry(
        "broadcast_add",
        "torch.add",
        (Input("a", "N D"), Input("b", "D")),
        ELEMENTS,
        torch.add,
    ),
    entry("broadcast_multiply", "torch.mul", (Input("a", "N D"), Input("b", "N 1")), ELEMENTS, torch.mul),
    entry("matrix_product", "torch.matmul", (Input("a", "N D"), Input("b", "D M", w.fan_in)), DENSE, torch.matmul),
    entry("axis_sum", "torch.sum", (X,), ELEMENTS, lambda x: torch.sum(x, 0)),
    # 05-optimisers
    *(
        Optimiser(row, variant, f"torch.optim.{made.__name__}, {variant}", maker(made, variant, options), ours, slots)
        for row, made, slots, options, ours, variants in (
            ("sgd", torch.optim.SGD, 0, {"lr": 0.1}, {"lr": 0.1}, ("foreach", "fused")),
            ("momentum", torch.optim.SGD, 1, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1}, ("foreach", "fused")),
            (
                "nesterov_simplified",
                torch.optim.SGD,
                1,
                {"lr": 0.1, "momentum": 0.9, "nesterov": True},
                {"lr": 0.1},
                ("fused",),  # torch's foreach form adds the momentum to the gradients it is given
            ),
            ("adagrad", torch.optim.Adagrad, 1, {"lr": 0.1, "eps": 1e-8}, {"lr": 0.1}, ("foreach", "fused")),
            ("rmsprop", torch.optim.RMSprop, 1, {"lr": 0.1, "alpha": 0.9}, {"lr": 0.1}, ("foreach",)),
            ("adadelta", torch.optim.Adadelta, 2, {"lr": 1.0, "rho": 0.95}, {"lr": 1.0}, ("foreach",)),
            ("adam", torch.optim.Adam, 2, {"lr": 0.1}, {"lr": 0.1}, ("foreach", "fused")),
            ("adamw", torch.optim.AdamW, 2, {"lr": 0.1, "weight_decay": 0.01}, {"lr": 0.1}, ("foreach", "fused")),
            ("nadam_decay", torch.optim.NAdam, 2, {"lr": 0.1}, {"lr": 0.1}, ("foreach",)),
        )
        for variant in variants
    ),
    # 06-deep-networks
    Dropout("dropout", "nn.functional.dropout", 0.5),
    *(
        entry(
            row,
            "nn.functional.batch_norm",
            (
                x,
                *scale,
                fixed("running_mean", axis, lambda rng, shape, sizes: rng.random(shape, dtype="float32")),
                fixed("running_var", axis, w.positive),
            ),
            sizes,
            lambda x, gamma, beta, mean, var: functional.batch_norm(x, mean, var, gamma, beta, True, 0.1),
            constants=2,
        )
        for row, x, scale, axis, sizes in (
            ("batch_norm", X, (GAMMA, BETA), "D", {"N": (32, 128, 1024), "D": (32, 256, 1024)}),
            ("batch_norm2d", IMAGE, CHANNELS, "C", IMAGES),
        )
    ),
    entry(
        "layer_norm",
        "nn.functional.layer_norm",
        (X, GAMMA, BETA),
        {"N": (32, 256, 2048), "D": (32, 256, 1024)},
        lambda x, gamma, beta: functional.layer_norm(x, x.shape[1:], gamma, beta),
    ),
    entry(
        "rms_norm",
        "nn.functional.rms_norm",
        (X, GAMMA),
        {"N": (32, 256, 2048), "D": (32, 256, 1024)},
        lambda x, gamma: functional.rms_norm(x, x.shape[1:], gamma, 1e-5),
    ),
    entry(
        "group_norm",
        "nn.functional.group_norm",
        (IMAGE, *CHANNELS),
        IMAGES,
        lambda x, gamma, beta: functional.group_norm(x, 2, gamma, beta),
    ),
    entry(
        "residual_block",
        "nn.Linear, twice, and a skip",
        (
            X,
            Input("w1", "D H", w.fan_in, transposed=True),
            Input("b1", "H"),
            Input("w2", "H D", w.fan_in, transposed=True),
            Input("b2", "D"),
        ),
        {**DENSE, "H": (32, 256, 1024)},
        residual_block,
    ),
    # 07-convolution
    entry(
        "conv1d",
        "nn.functional.conv1d",
        (Input("x", "N C T"), Input("w", "F C 5", w.fan_in), Input("b", "F")),
        {"N": (4, 16, 32), "C": (4, 16, 64), "T": (32, 64, 256), "F": (8, 32, 64)},
        lambda x, weight, bias: functional.conv1d(x, weight, bias, padding=2),
        options={"padding": 2},
    ),
    entry(
        "conv2d",
        "nn.functional.conv2d",
        (IMAGE, Input("w", "F C 3 3", w.fan_in), Input("b", "F")),
        {**IMAGES, "F": (8, 32, 64)},
        lambda x, weight, bias: functional.conv2d(x, weight, bias, padding=1),
        options={"padding": 1},
    ),
    entry("max_pool2d", "nn.functional.max_pool2d", (IMAGE,), IMAGES, lambda x: functional.max_pool2d(x, 2)),
    entry("mean_pool2d", "nn.functional.avg_pool2d", (IMAGE,), IMAGES, lambda x: functional.avg_pool2d(x, 2)),
    entry("flatten", "nn.Flatten", (IMAGE,), IMAGES, lambda x: x.flatten(1)),
    # 08-convnets
    entry(
        "lenet_keras",
        "the same layers of torch.nn",
        (Input("x", "N 1 28 28"), Input("params", lenet_shapes, w.mixed, transposed=True)),
        {"N": (2, 32, 256)},
        lenet,
    ),
    # 09-bptt
    entry("srn_step", "nn.RNNCell", (X, Input("h_prev", "N H"), *gates(1)), CELL, build=rnn_cell),
    entry("srn", "nn.RNN", (STEPS, Input("h0", "N H"), *gates(1)), SEQUENCES, build=rnn),
    entry(
        "sequence_loss",
        "nn.functional.cross_entropy",
        (
            Input("logits", "N T V"),
            fixed("labels", "N T", w.below("V")),
            fixed("lengths", "N", lambda rng, shape, sizes: rng.integers(1, sizes["T"] + 1, shape)),
        ),
        SCORES,
        sequence_loss,
    ),
    # 10-gated
    entry(
        "lstm_step",
        "nn.LSTMCell",
        (X, Input("h_prev", "N H"), Input("c_prev", "N H"), *gates(4)),
        CELL,
        build=lstm_cell,
    ),
    entry(
        "lstm",
        "nn.LSTM",
        (STEPS, Input("h0", "N H"), Input("c0", "N H"), *gates(4)),
        SEQUENCES,
        build=lstm,
    ),
    entry(
        "gru_reset_after_step",
        "nn.GRUCell",
        (X, Input("h_prev", "N H"), *gates(3)[:2], Input("bx", "3*H"), Input("bh", "3*H")),
        CELL,
        build=gru_cell,
    ),
    entry(
        "gru_reset_after",
        "nn.GRU",
        (STEPS, Input("h0", "N H"), *gates(3)[:2], Input("bx", "3*H"), Input("bh", "3*H")),
        SEQUENCES,
        build=gru,
    ),
    # 11-sequences
    entry(
        "embedding",
        "nn.functional.embedding",
        (fixed("tokens", "N T", w.below("V")), Input("table", "V E")),
        {"N": (4, 32, 64), "T": (8, 32, 128), "V": (50, 1000, 20000), "E": (16, 64, 256)},
    ),
    entry(
        "time_distributed",
        "nn.Linear",
        (STEPS, WEIGHT, BIAS),
        {"N": (4, 32, 64), "T": (8, 32, 64), "D": (16, 64, 256), "M": (16, 64, 256)},
        affine,
    ),
    entry(
        "stacked_srn",
        "nn.RNN of two layers",
        (
            Input("x", "N T H"),
            Input("h0", "N H"),
            Input("wx", stacked(lambda s: (s["H"], s["H"])), w.fan_in, transposed=True),
            Input("wh", stacked(lambda s: (s["H"], s["H"])), w.fan_in, transposed=True),
            Input("b", stacked(lambda s: (s["H"],))),
        ),
        SEQUENCES,
        build=stacked_rnn,
    ),
    entry(
        "bidirectional_srn",
        "nn.RNN, bidirectional",
        (STEPS, Input("h0", "N H"), *gates(1), Input("h0_back", "N H"), *gates(1)),
        SEQUENCES,
        build=bidirectional_rnn,
    ),
    entry(
        "ctc_loss",
        "nn.functional.ctc_loss",
        (
            Input("logits", "N T C"),
            fixed("labels", "N L", lambda rng, shape, sizes: rng.integers(1, sizes["C"], shape)),
            fixed("input_lengths", "N", w.between("L", "T")),
            fixed("label_lengths", "N", lambda rng, shape, sizes: rng.integers(1, sizes["L"] + 1, shape)),
        ),
        {"N": (4, 16, 64), "T": (16, 64, 128), "C": (8, 30, 50), "L": (4, 12, 24)},
        ctc,
    ),
    # 12-attention
    entry(
        "attention",
        "nn.functional.scaled_dot_product_attention",
        (Input("q", "N T E"), Input("k", "N S E"), Input("v", "N S E"), fixed("mask", "N T S", w.causal)),
        {"N": (2, 16, 64), "T": (8, 64, 128), "S": (8, 64, 128), "E": (16, 32, 64)},
        lambda q, k, v, mask: functional.scaled_dot_product_attention(q, k, v, mask),
    ),
    entry(
        "multi_head",
        "nn.MultiheadAttention",
        (Input("x", "N T E"), Input("memory", "N S E"), fixed("mask", "N T S", w.everywhere), *QKVO),
        ATTENTION,
        build=multi_head,
        options={"heads": 4},
    ),
    entry("ffn", "nn.Linear, relu, nn.Linear", (Input("x", "N T E"), *FFN), ATTENTION, ffn),
    entry(
        "add_norm",
        "nn.functional.layer_norm of a sum",
        (Input("x", "N T E"), Input("f", "N T E"), Input("gamma", "E", w.positive), Input("beta", "E")),
        ATTENTION,
        lambda x, f, gamma, beta: functional.layer_norm(x + f, gamma.shape, gamma, beta),
    ),
    entry(
        "pre_norm_ffn",
        "nn.functional.layer_norm, nn.Linear, relu, nn.Linear, and a skip",
        (Input("x", "N T E"), Input("gamma", "E", w.positive), Input("beta", "E"), *FFN),
        ATTENTION,
        lambda x, gamma, beta, *rest: x + ffn(functional.layer_norm(x, gamma.shape, gamma, beta), *rest),
    ),
    entry(
        "encoder_layer",
        "nn.TransformerEncoderLayer",
        (Input("x", "N T E"), fixed("mask", "N T T", w.causal), Input("params", encoder_shapes, w.mixed)),
        ATTENTION,
        build=encoder_layer,
        options={"heads": 4},
    ),
    entry(
        "decoder_layer",
        "nn.TransformerDecoderLayer",
        (
            Input("y", "N T E"),
            Input("memory", "N S E"),
            fixed("mask", "N T T", w.causal),
            fixed("memory_mask", "N T S", w.everywhere),
            Input("params", decoder_shapes, w.mixed),
        ),
        ATTENTION,
        build=decoder_layer,
        options={"heads": 4},
    ),
    entry(
        "next_token_loss",
        "nn.functional.cross_entropy",
        (TOKENS_TO_SCORES, fixed("tokens", "N T", w.below("V"))),
        SCORES,
        next_token_loss,
    ),
    entry(
        "cloze_loss",
        "nn.functional.cross_entropy",
        (
            TOKENS_TO_SCORES,
            fixed("tokens", "N T", w.below("V")),
            fixed("covered", "N T", lambda rng, shape, sizes: rng.random(shape) < 0.5),
        ),
        SCORES,
        cloze_loss,
    ),
    # 13-gan
    entry(
        "discriminator_loss",
        "nn.functional.binary_cross_entropy_with_logits, twice",
        (Input("real", "N"), Input("fake", "N")),
        LOGITS,
        discriminator_loss,
    ),
    entry(
        "generator_loss",
        "nn.functional.binary_cross_entropy_with_logits",
        (Input("fake", "N"),),
        LOGITS,
        generator_loss,
    ),
)

NO_GRADIENT = "has no gradient: it prepares data, or it counts, draws or looks something up, outside of training steps"
NOT_IN_TORCH = "torch.nn has no such layer or loss"
A_PROOF = "a formula taken apart for teaching; torch computes it as part of something else"
COMPOSED = "made of tasks that are measured, and torch.nn has no module of its own for it"
SCRIPTED = "a class around tasks that are measured"
TRAINED = "a training run: the framework around it is timed with what it is made of"

WITHOUT: Mapping[str, str] = {
    name: reason
    for reason, names in {
        NO_GRADIENT: "scale_pixels zero_one_loss early_stopping gradient_error topological_order minibatches "
        "inverse_sqrt_schedule step_decay_schedule warmup_schedule noam_schedule weight_decay clip_by_value "
        "clip_by_global_norm summary_update initial_scale learning_speeds masked_ensemble augment_images "
        "convolve_images filter_images conv_output_size conv_parameters dense_parameters conv_block_layers "
        "alexnet_sizes connection_mask change_pixels evolve_candidates select_candidates gradient_norms "
        "cell_jacobian_terms lstm_gradient_norms recurrent_parameters build_vocabulary text_windows generate_text "
        "ctc_collapse causal_mask padding_mask split_heads merge_heads heads_one_by_one positional_encoding "
        "game_value optimal_discriminator kl_divergence js_divergence generator_criterion",
        NOT_IN_TORCH: "maxout cross_entropy_from_probs exponential_loss regularised_objective nesterov nadam vsgd "
        "adasecant bernoulli_dropout true_convolution lenet_original preactivation_srn jordan residual_inputs "
        "residual_srn masked_srn last_step joint_lstm_step no_forget_lstm_step no_forget_lstm coupled_lstm_step "
        "coupled_lstm peephole_lstm_step peephole_lstm gru_chung_step gru_chung gru_cho_step gru_cho memory_cell",
        A_PROOF: "chain chain_inputs chain_paths output_delta hidden_delta network_deltas network_step unbroadcast "
        "srn_deltas scalar_engine array_engine",
        COMPOSED: "residual_stack seq2seq char_model word_model transformer",
        SCRIPTED: "dense_layer activation_layer flatten_layer conv2d_layer max_pool2d_layer embedding_layer "
        "simple_rnn_layer lstm_layer time_distributed_layer sequential",
        TRAINED: "train_network train_iris train_digits parity_automaton train_slot_filling train_copy train_gan "
        "dropout_layer own_lenet own_language_model",
    }.items()
    for name in names.split()
}
"""Why a task is not measured."""
