"""Stanford CS231n, assignments 1 to 3, 2015 to today: layers, recurrent layers, update rules, linear classifiers.

What the course asks for is said in `docs/contracts.md`; here it is as rows, each with a torch oracle of its own where
none of ours has the same convention.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad as zero_pad

from graders.contracts.contract import Contract, Entry, Function, Reading
from graders.specs import activations, deep_networks, gated, hostile, recurrent, sequences
from graders.specs.activations import SHARP, log_softmax, relu
from graders.specs.convolution import pooled
from graders.specs.losses import multiclass_margins, pick
from graders.specs.row import Arg, Axes, Row

ORDINARY = ("normal", "scaled", "integers", "sparse")
"""Inputs of the size that the course feeds its layers."""
SCORES = ("normal", "ties")
SOURCE = "CS231n, assignments 1-3"


def row(
    name: str, args: tuple[Arg, ...], oracle: Callable[..., Any], axes: Mapping[str, tuple[int, int]], **fields: Any
) -> Row:
    """A row of the contract."""
    settings = {"batch": "", "empty": "", "source": SOURCE, "patterns": ORDINARY, **fields}
    return Row(name, args, oracle, axes, **settings)


def pair(forward: str, backward: str, task: str, *readings: Reading | Row, needs: tuple[str, ...] = ()) -> Entry:
    """A forward and its backward."""
    functions = (Function(forward, "forward"), Function(backward, "backward"))
    return Entry(functions, task, tuple(map(read, readings)), needs)


def single(name: str, task: str, *readings: Reading | Row, stub: tuple[str, ...] = (), **fields: Any) -> Entry:
    """A function on its own."""
    return Entry((Function(name, stub=stub),), task, tuple(map(read, readings)), **fields)


def read(reading: Reading | Row) -> Reading:
    """A row alone is the reading the course asks for."""
    return reading if isinstance(reading, Reading) else Reading(reading)


# --- affine, ReLU, losses ---

X, B = Arg("x", "N P Q"), Arg("b", "M")
AFFINE = {"N": (2, 5), "P": (2, 3), "Q": (2, 3), "M": (2, 5)}
IMAGES = Arg("x", "N C H W")


def affine(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """Each example as one row."""
    return x.reshape(len(x), -1) @ w + b


def with_gradient(loss: Callable[..., Tensor]) -> Callable[..., tuple[Tensor, Tensor]]:
    """The loss and its gradient with respect to the first argument."""

    def both(first: Tensor, *others: Any, **options: Any) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            variable = first.detach().requires_grad_()
            value = loss(variable, *others, **options)
            (gradient,) = torch.autograd.grad(value, variable)
        return value.detach(), gradient

    return both


def softmax_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean over samples."""
    return -pick(log_softmax(logits), labels).mean()


def svm_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Margin 1, the mean over samples."""
    return relu(multiclass_margins(logits, labels, 1.0)).sum(-1).mean()


LOGITS, LABELS = Arg("logits", "N C"), Arg("labels", "N", "labels C", differentiable=False)
CLASSES = {"N": (2, 6), "C": (2, 7)}


def loss_row(name: str, loss: Callable[..., Tensor], **fields: Any) -> Row:
    """Loss and gradient together, as the course returns them."""
    both = with_gradient(loss)
    return row(name, (LOGITS, LABELS), both, CLASSES, kind="function", outputs=("loss", "dx"), **fields)


# --- normalisation ---


def batchnorm(
    x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor, *, eps: float, momentum: float, fresh: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A training pass, the running statistics after it, and a test pass with them; `momentum` is what stays."""
    start = (torch.zeros_like(mean), torch.zeros_like(var)) if fresh else (mean, var)
    settings: dict[str, Any] = {"eps": eps, "momentum": 1 - momentum}
    out, after_mean, after_var = deep_networks.batch_norm(x, gamma, beta, *start, training=True, **settings)
    after_mean, after_var = after_mean.detach(), after_var.detach()
    test, _, _ = deep_networks.batch_norm(x, gamma, beta, after_mean, after_var, training=False, **settings)
    return out, after_mean, after_var, test.detach()


BN_OUTPUTS = ("out", "running_mean", "running_var", "test_out")
BN_OPTIONS = {"eps": (1e-5, 1e-3), "momentum": (0.9, 0.5), "fresh": (True, False)}


def batchnorm_row(name: str, *, spatial: bool = False) -> Row:
    """Over the samples, or over samples and pixels."""
    axis = "C" if spatial else "D"
    x = IMAGES if spatial else Arg("x", "N D")
    axes = {"N": (2, 3), "C": (2, 4), "H": (2, 4), "W": (2, 3)} if spatial else {"N": (3, 7), "D": (2, 5)}
    parameters = (Arg("gamma", axis), Arg("beta", axis), *deep_networks.running(axis))
    fields: dict[str, Any] = {"outputs": BN_OUTPUTS, "constants": BN_OUTPUTS[1:], "options": BN_OPTIONS}
    return row(name, (x, *parameters), batchnorm, axes, **fields, patterns=("normal", "scaled", "offset"))


def groupnorm(x: Tensor, gamma: Tensor, beta: Tensor, groups: int, *, eps: float) -> Tensor:
    """G contiguous groups of channels."""
    return deep_networks.group_norm(x, gamma, beta, groups=groups, eps=eps)


GROUPNORM = row(
    "groupnorm_4d",
    (Arg("x", "N G*K H W"), Arg("gamma", "G*K"), Arg("beta", "G*K"), Arg("groups", "", "size G", differentiable=False)),
    groupnorm,
    {"N": (2, 3), "G": (2, 3), "K": (2, 3), "H": (2, 3), "W": (2, 4)},
    options={"eps": (1e-5, 1e-3)},
    patterns=("normal", "scaled", "offset"),
)
LAYERNORM = row(
    "layernorm",
    (Arg("x", "N D"), Arg("gamma", "D"), Arg("beta", "D")),
    deep_networks.layer_norm,
    {"N": (2, 5), "D": (3, 7)},
    options={"eps": (1e-5, 1e-3)},
    patterns=("normal", "scaled", "offset"),
)

# --- dropout ---

SAMPLE = {"N": (64, 64), "D": (80, 80)}
"""Enough of them to tell a share of 0.3 from one of 0.38."""
SHARES = {"p": (0.3, 0.8)}


def away_from_zero(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """So that out / x tells the mask."""
    return np.asarray(rng.uniform(0.5, 2.0, shape) * rng.choice((-1.0, 1.0), shape))


def dropout(keep: Callable[[float], float]) -> Callable[..., Any]:
    """What the adapter measures: the scale of what is kept, the share that is, and the test pass."""

    def measured(x: Tensor, *, p: float) -> tuple[Tensor, Tensor, Tensor]:
        share = keep(p)
        return torch.full_like(x, 1 / share), torch.tensor(share, dtype=x.dtype), x * 1

    return measured


def dropout_row(name: str, keep: Callable[[float], float]) -> Row:
    """A convention of p."""
    outputs = ("scale of kept values", "share kept", "test output")
    x = Arg("x", "N D", away_from_zero)
    return row(name, (x,), dropout(keep), SAMPLE, kind="function", outputs=outputs, options=SHARES)


DROPOUT_BACKWARD = row(
    "dropout_back",
    (Arg("x", "N D", away_from_zero), Arg("dout", "N D")),
    lambda x, dout, p: (torch.zeros_like(x), dout * 1),
    {"N": (3, 5), "D": (6, 9)},
    kind="function",
    outputs=("dx - dout * mask", "dx at test time"),
    options=SHARES,
    patterns=("normal",),
)

# --- convolution and pooling ---


def conv(x: Tensor, w: Tensor, b: Tensor, *, stride: int, pad: int) -> Tensor:
    """Cross-correlation, windows by unfolding."""
    windows = zero_pad(x, (pad, pad, pad, pad)).unfold(2, w.shape[2], stride).unfold(3, w.shape[3], stride)
    return torch.einsum("nchwkl,fckl->nfhw", windows, w) + b[:, None, None]


def max_pool(x: Tensor, *, pool_height: int, pool_width: int, stride: int) -> Tensor:
    """The largest of every window."""
    return x.unfold(2, pool_height, stride).unfold(3, pool_width, stride).amax((-2, -1))


def conv_fits(sizes: Axes, options: Mapping[str, Any]) -> bool:
    """The windows end where the padded input does: others the course's text rules out."""
    rests = [sizes[size] + 2 * options["pad"] - sizes[kernel] for size, kernel in (("H", "HH"), ("W", "WW"))]
    return all(rest >= 0 and rest % options["stride"] == 0 for rest in rests)


def pool_fits(sizes: Axes, options: Mapping[str, Any]) -> bool:
    """Likewise."""
    rests = [sizes["H"] - options["pool_height"], sizes["W"] - options["pool_width"]]
    return all(rest >= 0 and rest % options["stride"] == 0 for rest in rests)


CONV_AXES = {"N": (2, 3), "C": (2, 3), "H": (3, 6), "W": (3, 6), "F": (2, 3), "HH": (2, 3), "WW": (2, 3)}
CONV_ARGS = (IMAGES, Arg("w", "F C HH WW"), Arg("b", "F"))
CONV_OPTIONS = {"stride": (1, 2), "pad": (1, 0, 2)}
POOL_OPTIONS = {"pool_height": (2, 3, 1), "pool_width": (2, 1, 3), "stride": (2, 1, 3)}
PADDED = {"stride": (1, 2), "pad": (1, 2)}
"""For what calls a convolution: that one breaks without padding is said of itself."""
CONV = row("conv", CONV_ARGS, conv, CONV_AXES, options=CONV_OPTIONS, valid=conv_fits)
MAX_POOL = row(
    "max_pool",
    (IMAGES,),
    max_pool,
    {"N": (2, 3), "C": (2, 3), "H": (2, 7), "W": (2, 7)},
    options=POOL_OPTIONS,
    valid=pool_fits,
    patterns=SHARP,
)

# --- sandwiches ---


def near_kink(*pre_activations: Tensor) -> bool:
    """A pre-activation within rounding of 0."""
    return any(bool((z.abs() < 1e-9).any()) for z in pre_activations)


def tensors(args: Mapping[str, Any], names: str) -> list[Tensor]:
    """Some of the arguments for the oracle's functions."""
    return [torch.as_tensor(np.asarray(args[name], np.float64)) for name in names.split()]


def conv_settings(args: Mapping[str, Any]) -> dict[str, Any]:
    """Of the options beside the arguments, those of the convolution."""
    return {name: args[name] for name in ("stride", "pad")}


AFFINE_RELU = row(
    "affine_relu",
    (X, Arg("w", "P*Q M"), B),
    lambda x, w, b: relu(affine(x, w, b)),
    AFFINE,
    kinks=lambda args: near_kink(affine(*tensors(args, "x w b"))),
    patterns=("normal", "scaled"),
)
CONV_RELU = row(
    "conv_relu",
    CONV_ARGS,
    lambda x, w, b, **options: relu(conv(x, w, b, **options)),
    CONV_AXES,
    options=PADDED,
    valid=conv_fits,
    kinks=lambda args: near_kink(conv(*tensors(args, "x w b"), **conv_settings(args))),
    patterns=("normal",),
)
CONV_RELU_POOL = row(
    "conv_relu_pool",
    CONV_ARGS,
    lambda x, w, b: pooled(relu(conv(x, w, b, stride=1, pad=1)), 2, 2).amax((-2, -1)),
    {**CONV_AXES, "H": (2, 7), "W": (2, 7)},
    valid=lambda sizes, options: all(  # a window of padding alone would tie
        kernel > 1 and size + 3 - kernel > 0 and (size + 3 - kernel) % 2 == 0
        for size, kernel in ((sizes["H"], sizes["HH"]), (sizes["W"], sizes["WW"]))
    ),
    patterns=("normal",),
)


def conv_bn_relu(x: Tensor, w: Tensor, b: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Stride 1, pad 1, a training pass."""
    return relu(normalised(conv(x, w, b, stride=1, pad=1), gamma, beta))


def normalised(z: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """A training pass of batch normalisation with the handout's eps."""
    along = torch.zeros_like(gamma)
    out, _, _ = deep_networks.batch_norm(z, gamma, beta, along, along, eps=1e-5, momentum=0.1, training=True)
    return out


AFFINE_BN_RELU = row(
    "affine_bn_relu",
    (X, Arg("w", "P*Q M"), B, Arg("gamma", "M"), Arg("beta", "M")),
    lambda x, w, b, gamma, beta: relu(normalised(affine(x, w, b), gamma, beta)),
    {**AFFINE, "N": (3, 6)},
    valid=lambda sizes, options: bool(sizes["N"] > 1),
    patterns=("normal",),
)
CONV_BN_RELU = row(
    "conv_bn_relu",
    (*CONV_ARGS, Arg("gamma", "F"), Arg("beta", "F")),
    conv_bn_relu,
    CONV_AXES,
    valid=lambda sizes, options: sizes["N"] * sizes["H"] * sizes["W"] > 1,
    patterns=("normal",),
)

# --- recurrent layers ---

STEP = {"N": (2, 4), "D": (2, 4), "H": (2, 4)}
SEQUENCE = {"N": (2, 3), "T": (2, 4), "D": (2, 4), "H": (2, 4)}
SRN = (Arg("wx", "D H"), Arg("wh", "H H"), Arg("b", "H"))
LSTM = (Arg("wx", "D 4*H"), Arg("wh", "H 4*H"), Arg("b", "4*H"))
X_T, PREV_H, PREV_C = Arg("x", "N D"), Arg("prev_h", "N H"), Arg("prev_c", "N H")
TEXT, H0 = Arg("x", "N T D"), Arg("h0", "N H")
RECURRENT = {"patterns": ("normal", "integers", "sparse")}


def in_our_order(packed: Tensor) -> Tensor:
    """The course's gate blocks i, f, o, g as i, f, g, o."""
    i, f, o, g = packed.chunk(4, -1)
    return torch.cat([i, f, g, o], -1)


def lstm_step(x: Tensor, h: Tensor, c: Tensor, *params: Tensor) -> tuple[Tensor, Tensor]:
    """Gate blocks i, f, o, g."""
    return gated.lstm_step(x, h, c, *map(in_our_order, params))


def lstm(x: Tensor, h0: Tensor, *params: Tensor) -> Tensor:
    """From a cell of zeros."""
    outputs, _ = gated.over_time(lstm_step)(x, h0, torch.zeros_like(h0), *params)
    return outputs


def masked_softmax_loss(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """The sum over the steps that count, by the number of samples."""
    log_probs = log_softmax(logits.reshape(-1, logits.shape[-1]))
    return -(pick(log_probs, labels.reshape(-1)) * mask.reshape(-1)).sum() / len(logits)


TEMPORAL_SOFTMAX = row(
    "temporal_softmax",
    (
        Arg("logits", "N T V"),
        Arg("labels", "N T", "labels V", differentiable=False),
        Arg("mask", "N T", "keep", differentiable=False),
    ),
    with_gradient(masked_softmax_loss),
    {"N": (2, 4), "T": (2, 4), "V": (2, 5)},
    kind="function",
    outputs=("loss", "dx"),
    patterns=SCORES,
)

# --- update rules ---

STEPS = 4
WEIGHTS = (Arg("w", "N D"), Arg("grads", "T N D"), Arg("state", "N D"))
WEIGHT_AXES = {"N": (2, 3), "D": (2, 4), "T": (STEPS, STEPS)}
RATES = {"lr": (0.1, 0.5)}


def over_steps(rule: Callable[..., Any]) -> Callable[..., tuple[Tensor, Tensor]]:
    """The weights after every step and the state after the last; `rule` yields both step by step."""

    def walk(w: Tensor, grads: Tensor, state: Tensor, **options: Any) -> tuple[Tensor, Tensor]:
        points, kept = [], state
        for point, kept in rule(w, grads, state, **options):  # noqa: B007, its last value is wanted
            points.append(point)
        return torch.stack(points), kept

    return walk


def sgd(w: Tensor, grads: Tensor, state: Tensor, *, lr: float) -> Any:
    """Plain descent."""
    for grad in grads:
        w = w - lr * grad
        yield w, state


def momentum(form: str) -> Callable[..., Any]:
    """As v = mu v - lr g and w + v; or with another sign or scale of v, which from v = 0 gives the same weights."""

    def rule(w: Tensor, grads: Tensor, state: Tensor, *, lr: float, mu: float, start: bool) -> Any:
        v = state if start else torch.zeros_like(w)
        for grad in grads:
            if form == "minus":
                v = mu * v - lr * grad
                w = w + v
            elif form == "plus":
                v = mu * v + lr * grad
                w = w - v
            else:
                v = mu * v + grad
                w = w - lr * v
            yield w, v

    return rule


def rmsprop(inside: bool) -> Callable[..., Any]:
    """With eps beside the root, or inside."""

    def rule(w: Tensor, grads: Tensor, state: Tensor, *, lr: float, rho: float, eps: float, start: bool) -> Any:
        cache = state**2 if start else torch.zeros_like(w)
        for grad in grads:
            cache = rho * cache + (1 - rho) * grad**2
            w = w - lr * grad / (torch.sqrt(cache + eps) if inside else torch.sqrt(cache) + eps)
            yield w, cache

    return rule


ADAM_EPS = ("outside", "inside", "hat")


def adam(shift: int, first: int, where: str) -> Callable[..., Any]:
    """Adam; the first step counts as step `first`, or step 5 + `shift` where t = 5 is given."""

    def rule(
        w: Tensor, grads: Tensor, state: Tensor, *, lr: float, beta1: float, beta2: float, eps: float, start: bool
    ) -> Any:
        m, v = (state, state**2) if start else (torch.zeros_like(w), torch.zeros_like(w))
        for step, grad in enumerate(grads):
            t = step + (5 + shift if start else first)
            m, v = beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad**2
            one, two = 1 - beta1**t, 1 - beta2**t
            root = torch.sqrt(v / two + eps) if where == "inside" else torch.sqrt(v / two) + eps
            if where == "hat":
                root = (torch.sqrt(v) + eps) / two**0.5
            w = w - lr * (m / one) / root
            yield w, m

    return rule


def rule_row(name: str, rule: Callable[..., Any], state: str, options: Mapping[str, tuple[Any, ...]]) -> Row:
    """An update rule over a few steps, from a fresh state or from one given."""
    started = options if state == "state" else {**options, "start": (False, True)}
    return row(
        name,
        WEIGHTS,
        over_steps(rule),
        WEIGHT_AXES,
        kind="function",
        outputs=("next_w", state),
        options=started,
        patterns=("normal", "integers"),
    )


MOMENTUM_OPTIONS = {**RATES, "mu": (0.9, 0.5)}
MOMENTUM_FORMS = (
    Reading(rule_row("momentum", momentum("minus"), "velocity", MOMENTUM_OPTIONS)),
    Reading(rule_row("momentum_plus", momentum("plus"), "velocity", MOMENTUM_OPTIONS), "w - v, v = mu v + lr g"),
    Reading(rule_row("momentum_scaled", momentum("scaled"), "velocity", MOMENTUM_OPTIONS), "w - lr v, v = mu v + g"),
)
RMSPROP_OPTIONS = {**RATES, "rho": (0.99, 0.8), "eps": (1e-8, 1e-3)}
RMSPROP_FORMS = (
    Reading(rule_row("rmsprop_rule", rmsprop(False), "cache", RMSPROP_OPTIONS)),
    Reading(rule_row("rmsprop_inside", rmsprop(True), "cache", RMSPROP_OPTIONS), "epsilon inside the root"),
)
ADAM_OPTIONS = {**RATES, "beta1": (0.9, 0.7), "beta2": (0.999, 0.9), "eps": (1e-8, 1e-3)}
COUNTS = {
    "": (1, 1),
    "t is used before it is increased": (0, 1),
    "t = 1 at first, increased before use (the handout until 2017)": (1, 2),
}
PLACES = {"outside": "", "inside": "epsilon inside the root", "hat": "epsilon beside the uncorrected root"}


def adam_readings() -> tuple[Reading, ...]:
    """Every count of steps with every place of epsilon."""
    return tuple(
        Reading(
            rule_row(f"adam_{shift}{first}_{place}", adam(shift, first, place), "m", ADAM_OPTIONS),
            "; ".join(filter(None, (count, where))),
        )
        for (place, where), (count, (shift, first)) in itertools.product(PLACES.items(), COUNTS.items())
    )


# --- linear classifiers ---


def mild(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """Weights under which no probability is so small that an eps in its logarithm counts."""
    return np.asarray(rng.normal(0, 0.4, shape))


CLASSIFIER = {"N": (2, 6), "D": (2, 5), "C": (2, 6)}
REG = {"reg": (0.5, 0.0, 0.05)}


def classifier_readings(name: str, loss: Callable[[Tensor, Tensor], Tensor]) -> tuple[Reading, ...]:
    """Loss and dW; the factor of the penalty, and which axis is which, changed over the years."""
    said = {
        ("", 1.0): "",
        ("", 0.5): "penalty 0.5 reg W^2",
        ("_columns", 1.0): "W is (C, D), X is (D, N)",
        ("_columns", 0.5): "W is (C, D), X is (D, N); penalty 0.5 reg W^2",
    }
    return tuple(
        Reading(classifier_row(f"{name}{form}_{'full' if factor == 1 else 'half'}", loss, form, factor), words)
        for (form, factor), words in said.items()
    )


def classifier_row(name: str, loss: Callable[[Tensor, Tensor], Tensor], form: str, factor: float) -> Row:
    """W (D, C) and X (N, D), or both transposed as in 2015."""

    def objective(w: Tensor, x: Tensor, labels: Tensor, *, reg: float) -> Tensor:
        scores = (w @ x).T if form else x @ w
        return loss(scores, labels) + factor * reg * (w * w).sum()

    draw = mild if loss is softmax_loss else "real"
    args = (Arg("w", "C D" if form else "D C", draw), Arg("x", "D N" if form else "N D"), LABELS)
    outputs = ("loss", "dW")
    both = with_gradient(objective)
    return row(name, args, both, CLASSIFIER, kind="function", outputs=outputs, options=REG, patterns=("normal",))


# --- whole networks, and neighbours ---


def connected(x: Tensor, *params: Tensor) -> Tensor:
    """Affine layers with ReLUs between them."""
    for w, b in zip(params[:-2:2], params[1:-2:2], strict=True):
        x = relu(affine(x, w, b))
    return affine(x, *params[-2:])


def convolutional(x: Tensor, w1: Tensor, b1: Tensor, *params: Tensor) -> Tensor:
    """A convolution that keeps the size, ReLU, pooling by two, then affine layers."""
    z = relu(conv(x, w1, b1, stride=1, pad=(w1.shape[2] - 1) // 2))
    return connected(pooled(z, 2, 2).amax((-2, -1)), *params)


def with_penalty(net: Callable[..., Tensor], factor: float) -> Callable[..., tuple[Tensor, ...]]:
    """Scores, softmax loss with a penalty on all matrices, and the gradients of all parameters."""

    def objective(x: Tensor, *params: Tensor, reg: float) -> tuple[Tensor, ...]:
        *given, labels = params
        with torch.enable_grad():
            weights = [one.detach().requires_grad_() for one in given]
            scores = net(x, *weights)
            loss = softmax_loss(scores, labels) + factor * reg * sum((w * w).sum() for w in weights[::2])
            gradients = torch.autograd.grad(loss, weights)
        return scores.detach(), loss.detach(), *gradients

    return objective


def net_entry(function: str, task: str, name: str, net: Callable[..., Tensor], x: str, *shapes: str) -> Entry:
    """The loss of a network; `shapes` of W1, b1, W2, ..."""
    names = [f"{kind}{layer + 1}" for layer in range(len(shapes) // 2) for kind in "Wb"]
    args = (Arg("x", x), *(Arg(name, shape, mild) for name, shape in zip(names, shapes, strict=True)), LABELS)
    axes = dict.fromkeys(("N", "D", "H", "K", "C"), (2, 4)) | {"F": (2, 3), "P": (2, 3), "Q": (2, 3)}
    used = {axis: size for axis, size in axes.items() if axis in " ".join((x, *shapes))}
    fields: dict[str, Any] = {"outputs": ("scores", "loss", *(f"d{one}" for one in names)), "options": REG}

    def reading(form: str, factor: float) -> Row:
        made = with_penalty(net, factor)
        return row(f"{name}_{form}", args, made, used, kind="function", patterns=("normal",), **fields)

    readings = (reading("full", 1.0), Reading(reading("half", 0.5), "penalty 0.5 reg W^2"))
    return single(function, task, *readings, quiet=("float32", "shape"))


NETS = (
    net_entry("TwoLayerNet.loss", "mlp", "two_layers", connected, "N D", "D H", "H", "H C", "C"),
    net_entry("FullyConnectedNet.loss", "mlp", "connected_net", connected, "N D", "D H", "H", "H K", "K", "K C", "C"),
    net_entry(
        "ThreeLayerConvNet.loss",
        "conv2d + relu + max_pool2d + mlp",
        "conv_net",
        convolutional,
        "N D 2*P 2*Q",
        "F D 3 3",
        "F",
        "F*P*Q H",
        "H",
        "H C",
        "C",
    ),
)


def distances(test: Tensor, train: Tensor) -> Tensor:
    """Euclidean."""
    return ((test[:, None] - train[None]) ** 2).sum(-1).sqrt()


def distances_row(loops: str) -> Row:
    """Between every test point and every training point."""
    args = (Arg("test", "N D"), Arg("train", "M D"))
    axes = {"N": (2, 4), "M": (2, 5), "D": (2, 4)}
    return row(f"distances_{loops}", args, distances, axes, kind="function", patterns=("normal",))


def votes(dists: Tensor, labels: Tensor, *, k: int) -> Tensor:
    """The commonest label of the k nearest, the smaller one where two are as common."""
    nearest = labels[dists.argsort(1)[:, :k]]
    counts = torch.stack([(nearest == label).sum(1) for label in range(int(labels.max()) + 1)], 1)
    return counts.argmax(1).to(dists.dtype)


def apart(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """Distances of which no two in a row are the same."""
    return rng.permuted(np.broadcast_to(np.arange(1.0, shape[1] + 1), shape), axis=1)


VOTES = row(
    "neighbours",
    (Arg("dists", "N M", apart), Arg("labels", "M", "labels C", differentiable=False)),
    votes,
    {"N": (3, 6), "M": (7, 12), "C": (2, 4)},
    kind="function",
    options={"k": (1, 3, 5, 4)},
    valid=lambda sizes, options: bool(sizes["M"] >= options["k"]),
    patterns=("normal",),
)


def batchnorm_alt() -> Entry:
    """The backward by formula, on the cache of the same forward."""
    functions = (Function("batchnorm_backward_alt", "backward"),)
    return Entry(functions, "batch_norm", (Reading(batchnorm_row("batchnorm_alt")),), ("batchnorm_forward",))


GROUPNORM_READINGS = (
    Reading(GROUPNORM),
    Reading(replace(GROUPNORM, name="groupnorm_1d"), "gamma and beta of shape (C,)"),
)
TEMPORAL_AFFINE = row(
    "temporal_affine",
    (TEXT, Arg("w", "D M"), B),
    sequences.time_distributed,
    {"N": (2, 3), "T": (2, 4), "D": (2, 4), "M": (2, 4)},
)
EMBEDDING = row(
    "embedding",
    (Arg("x", "N T", "labels V", differentiable=False), Arg("w", "V D")),
    sequences.embedding,
    {"N": (2, 4), "T": (2, 4), "V": (2, 5), "D": (2, 4)},
)
RELU = row("relu", (Arg("x", "N D"),), relu, activations.ELEMENTWISE, kinks=lambda args: {"x": args["x"] == 0})

ENTRIES = (
    pair(
        "affine_forward",
        "affine_backward",
        "affine",
        row("affine", (X, Arg("w", "P*Q M"), B), affine, AFFINE),
    ),
    pair("relu_forward", "relu_backward", "relu", RELU),
    single(
        "softmax_loss",
        "cross_entropy",
        loss_row("softmax", softmax_loss, patterns=SCORES, hostile=hostile.CROSS_ENTROPY),
    ),
    single("svm_loss", "multiclass_hinge_loss", loss_row("svm", svm_loss, patterns=("normal",))),
    pair("batchnorm_forward", "batchnorm_backward", "batch_norm", batchnorm_row("batchnorm")),
    batchnorm_alt(),
    pair("layernorm_forward", "layernorm_backward", "layer_norm", LAYERNORM),
    single(
        "dropout_forward",
        "dropout",
        Reading(dropout_row("dropout_keep", lambda p: p), "p is the probability to keep"),
        Reading(dropout_row("dropout_drop", lambda p: 1 - p), "p is the probability to drop"),
        quiet=("float32", "shape"),
    ),
    single("dropout_backward", "dropout", DROPOUT_BACKWARD, needs=("dropout_forward",), quiet=("float32", "shape")),
    pair("conv_forward_naive", "conv_backward_naive", "conv2d", CONV),
    pair("max_pool_forward_naive", "max_pool_backward_naive", "max_pool2d", MAX_POOL),
    pair(
        "spatial_batchnorm_forward",
        "spatial_batchnorm_backward",
        "batch_norm2d",
        batchnorm_row("spatial_batchnorm", spatial=True),
    ),
    pair("spatial_groupnorm_forward", "spatial_groupnorm_backward", "group_norm", *GROUPNORM_READINGS),
    pair("affine_relu_forward", "affine_relu_backward", "affine + relu", AFFINE_RELU),
    pair("affine_bn_relu_forward", "affine_bn_relu_backward", "affine + batch_norm + relu", AFFINE_BN_RELU),
    pair("conv_relu_forward", "conv_relu_backward", "conv2d + relu", CONV_RELU),
    pair("conv_bn_relu_forward", "conv_bn_relu_backward", "conv2d + batch_norm2d + relu", CONV_BN_RELU),
    pair("conv_relu_pool_forward", "conv_relu_pool_backward", "conv2d + relu + max_pool2d", CONV_RELU_POOL),
    pair(
        "rnn_step_forward",
        "rnn_step_backward",
        "srn_step",
        row("rnn_step", (X_T, PREV_H, *SRN), recurrent.srn_step, STEP, **RECURRENT),
    ),
    pair("rnn_forward", "rnn_backward", "srn", row("rnn", (TEXT, H0, *SRN), recurrent.srn, SEQUENCE, **RECURRENT)),
    pair("word_embedding_forward", "word_embedding_backward", "embedding", EMBEDDING),
    pair(
        "lstm_step_forward",
        "lstm_step_backward",
        "lstm_step",
        row("lstm_step", (X_T, PREV_H, PREV_C, *LSTM), lstm_step, STEP, outputs=("next_h", "next_c"), **RECURRENT),
    ),
    pair("lstm_forward", "lstm_backward", "lstm", row("lstm", (TEXT, H0, *LSTM), lstm, SEQUENCE, **RECURRENT)),
    pair("temporal_affine_forward", "temporal_affine_backward", "time_distributed", TEMPORAL_AFFINE),
    single("temporal_softmax_loss", "cross_entropy", TEMPORAL_SOFTMAX),
    single("sgd", "sgd", rule_row("sgd_rule", sgd, "state", RATES)),
    single("sgd_momentum", "momentum", *MOMENTUM_FORMS),
    single("rmsprop", "rmsprop", *RMSPROP_FORMS),
    single("adam", "adam", *adam_readings()),
    single("softmax_loss_naive", "cross_entropy", *classifier_readings("softmax_naive", softmax_loss), stub=("dW",)),
    single(
        "softmax_loss_vectorized", "cross_entropy", *classifier_readings("softmax_fast", softmax_loss), stub=("dW",)
    ),
    single("svm_loss_naive", "multiclass_hinge_loss", *classifier_readings("svm_naive", svm_loss), stub=("dW",)),
    single("svm_loss_vectorized", "multiclass_hinge_loss", *classifier_readings("svm_fast", svm_loss), stub=("dW",)),
    *NETS,
    *(
        single(
            f"KNearestNeighbor.compute_distances_{loops}", "k-nearest neighbours", distances_row(loops), stub=("out",)
        )
        for loops in ("two_loops", "one_loop", "no_loops")
    ),
    single("KNearestNeighbor.predict_labels", "k-nearest neighbours", VOTES, quiet=("float32", "shape")),
)

FAST_LAYERS = """
from layers import *
conv_forward_fast, conv_backward_fast = conv_forward_naive, conv_backward_naive
max_pool_forward_fast, max_pool_backward_fast = max_pool_forward_naive, max_pool_backward_naive
"""
"""In place of the course's compiled layers, which no student wrote."""


def fallbacks() -> dict[str, str]:
    """What a file may import that was not handed in beside it."""
    folder = files(__package__) / "cs231n_modules"
    return {name: (folder / f"{name}.py.txt").read_text(encoding="utf-8") for name in ("layers", "layer_utils")}


CONTRACT = Contract(
    name="cs231n",
    title="CS231n",
    entries=ENTRIES,
    adapter="cs231n_adapter.py.txt",
    aliases={
        "softmax_loss_vectorized": ("softmax_loss_vectorised",),
        "affine_bn_relu_forward": ("affine_batchnorm_relu_forward",),
        "affine_bn_relu_backward": ("affine_batchnorm_relu_backward",),
    },
    packages=("cs231n", "classifiers", "assignment1", "assignment2", "assignment3"),
    stand_ins={"fast_layers": FAST_LAYERS},
    fallbacks=fallbacks(),
    helpers=(
        *(f"{layer}_{way}_fast" for layer in ("conv", "max_pool") for way in ("forward", "backward")),
        *(f"conv_{way}_{how}" for way in ("forward", "backward") for how in ("im2col", "strides")),
        *(f"{name}_{kind}" for name in ("im2col", "col2im") for kind in ("indices", "cython", "6d_cython")),
    ),
)
