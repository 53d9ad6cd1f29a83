"""Unit 14: a Keras-like framework of one's own layers (curriculum section 11)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graders.i18n import _
from graders.sandbox.program import Argument, Buffer, Call, Ref, Seed
from graders.specs.activations import SHARP, softmax
from graders.specs.convnets import digits_trial
from graders.specs.convolution import conv2d, max_pool2d, zeros
from graders.specs.gated import lstm_step, over_time
from graders.specs.optimisers import adam, rmsprop, sgd
from graders.specs.recurrent import RECURRENT, srn
from graders.specs.row import Arg, Axes, Outcome, Script, ScriptRow, Task, TrainingRow, Trial

HIDDEN = frozenset({0})

Forward = Callable[..., Tensor]
"""From params, x and the sizes a layer is made with, to out."""

Make = Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[Argument, ...]]
"""From a case's arguments and options to the arguments a layer is made with."""

Sized = Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[int, ...]]
"""From a case's arguments and options to the shape of a layer's output."""

BUILT = ("parameters", "shape")
"""What `build` returns."""


def layer_row(
    name: str,
    layer: str,
    args: tuple[Arg, ...],
    forward: Forward,
    make: Make,
    *,
    keywords: tuple[str, ...] = (),
    sized: Sized | None = None,
    inner: str = "",
    **fields: Any,
) -> ScriptRow:
    """A layer on given parameters: made, run forward, run backward; and built anew for samples of the same shape.

    args: x, params (a list), dout, then what the layer is made with. keywords: the options it is made with. sized: the
    shape of its output where dout is drawn larger. inner: the layer it is put around, which is made instead.
    """
    integers = not args[0].differentiable
    gradients = ("grads",) if integers else ("dx", "grads")

    def script(args: Mapping[str, Any], options: Mapping[str, Any]) -> Script:
        chosen = {option: options[option] for option in keywords}
        made = [Call(inner or layer, make(args, options), chosen, opaque=HIDDEN)]
        if inner:
            made.append(Call(layer, (Ref(0),), opaque=HIDDEN))
        x, dout, own = args["x"], args["dout"], Ref(len(made) - 1)
        dout = dout if sized is None else fitting(dout, sized(args, options))
        calls = (
            *made,
            Call(f"{layer}.forward", (own, args["params"], x), returns=2, opaque=frozenset({1})),
            Call(f"{layer}.backward", (own, dout, Ref(len(made), 1)), returns=2),
            Call(f"{layer}.build", (own, x.shape[1:], Seed(x.size)), returns=2),
        )
        first = len(made)
        places = {"out": (first, 0), "dx": (first + 1, 0), "grads": (first + 1, 1)}
        places |= {built: (first + 2, value) for value, built in enumerate(BUILT)}
        return Script(calls, {output: places[output] for output in ("out", *gradients, *BUILT)})

    return ScriptRow(
        name,
        args,
        oracle=layer_oracle(forward, integers),
        script=script,
        asks=(layer,),
        outputs=("out", *gradients, *BUILT),
        stages={"forward": (("out",), 40.0), "gradients": (gradients, 50.0), "build": (BUILT, 10.0)},
        apart=("build",),
        drawn=("parameters",),
        **{"batch": "", **fields},
    )


def layer_oracle(forward: Forward, integers: bool) -> Callable[..., Any]:
    """Out, dx (none where x is integers) and the gradients of the parameters, by autograd; and what is built.

    Parameters that are built have the shapes of those that are given.
    """

    def oracle(x: Tensor, params: list[Tensor], dout: Tensor, *made: int, **options: Any) -> Any:
        with torch.enable_grad():
            params = [param.detach().requires_grad_() for param in params]
            x = x if integers else x.detach().requires_grad_()
            out = forward(params, x, *made, **options)
            inputs = params if integers else [x, *params]
            grads = list(torch.autograd.grad((out * fitting(dout, out.shape)).sum(), inputs))
        built = [param.detach() for param in params], [torch.tensor(size) for size in out.shape[1:]]
        return (out.detach(), *([grads] if integers else (grads[0], grads[1:])), *built)

    return oracle


def fitting(dout: Any, shape: tuple[int, ...]) -> Any:
    """As much of an upstream gradient as an output of this shape needs; of the last step where it has none."""
    if dout.shape == shape:
        return dout
    part = dout if dout.ndim == len(shape) else dout[:, -1]
    part = part[tuple(slice(size) for size in shape)]
    return np.ascontiguousarray(part) if isinstance(part, np.ndarray) else part


def no_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """Of the parameters of a layer that has none."""
    return []


def dense_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """W and b."""
    return [(axes["D"], axes["M"]), (axes["M"],)]


def nothing(args: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[Argument, ...]:
    """A layer that is made without arguments."""
    return ()


NO_PARAMS = Arg("params", no_shapes)
VECTORS = {"N": (2, 5), "D": (2, 5), "M": (2, 4)}
ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x * 1,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": lambda x: torch.where(x > 0, x, torch.zeros_like(x)),
    "softmax": softmax,
}


def conv_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """W and b of a convolution."""
    return [(axes["F"], axes["C"], axes["K"], axes["K"]), (axes["F"],)]


def recurrent_shapes(gates: int) -> Callable[[Axes], list[tuple[int, ...]]]:
    """wx, wh and b."""
    return lambda axes: [(axes["D"], gates * axes["H"]), (axes["H"], gates * axes["H"]), (gates * axes["H"],)]


def recurrent(params: list[Tensor], x: Tensor, hidden: int, cell: Callable[..., Any]) -> Tensor:
    """Every output of a recurrent layer from the zero state."""
    start = x.new_zeros(len(x), hidden)
    h = cell(x, start, start, *params) if cell is lstm else cell(x, start, *params)
    every: Tensor = h[0] if isinstance(h, tuple) else h
    return every


lstm = over_time(lstm_step)
SEQUENCES = {"N": (2, 3), "T": (2, 4), "D": (2, 5), "H": (2, 4)}
IMAGES = Arg("x", "N C H W")


def recurrent_row(name: str, layer: str, gates: int, cell: Callable[..., Any], every: bool, source: str) -> ScriptRow:
    """A recurrent layer, with every output or the last alone; `every`: which of the two is asked for first."""

    def forward(params: list[Tensor], x: Tensor, units: int, *, return_sequences: bool) -> Tensor:
        h = recurrent(params, x, units, cell)
        return h if return_sequences else h[:, -1]

    def sized(args: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[int, ...]:
        samples, steps, units = args["dout"].shape
        return (samples, steps, units) if options["return_sequences"] else (samples, units)

    return layer_row(
        name,
        layer,
        (Arg("x", "N T D"), Arg("params", recurrent_shapes(gates)), Arg("dout", "N T H"), Arg("units", "", "size H")),
        forward,
        lambda args, options: (args["units"],),
        axes=SEQUENCES,
        options={"return_sequences": (every, not every)},
        keywords=("return_sequences",),
        sized=sized,
        workload={"N": 16, "T": 16, "D": 32, "H": 32},
        patterns=RECURRENT,
        convention="From the zero state; every output with return_sequences, else the last.",
        source=source,
    )


def conv_sized(args: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[int, ...]:
    """Of a convolution's output."""
    kernel, stride, around = args["kernel"], options["stride"], zeros(args["kernel"], options["padding"])
    height, width = (1 + (size + sum(around) - kernel) // stride for size in args["x"].shape[2:])
    return (len(args["x"]), args["filters"], height, width)


def conv_fits(sizes: Axes, options: Mapping[str, Any]) -> bool:
    """Whether the kernel fits the image with its zeros."""
    return min(sizes["H"], sizes["W"]) + sum(zeros(sizes["K"], options["padding"])) >= sizes["K"]


# --- the model ---

MODEL_OUTPUTS = (
    "count",
    "prediction",
    "evaluation",
    "batch",
    "weights after a batch",
    "history",
    "weights after shuffling",
    "prediction after loading",
    "prediction past dropout",
    "loss with dropout",
)
SPARSE = "sparse_categorical_crossentropy"
BATCH, EPOCHS = 2, 3
RULES: Mapping[str, Callable[..., Any]] = {
    "sgd": sgd,
    "adam": functools.partial(adam, beta1=0.9, beta2=0.999, eps=1e-8),
    "rmsprop": functools.partial(rmsprop, alpha=0.9, eps=1e-8),
}


def model_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """Of two Dense layers."""
    return [(axes["D"], axes["H"]), (axes["H"],), (axes["H"], axes["C"]), (axes["C"],)]


def model_layers(args: Mapping[str, Any], options: Mapping[str, Any]) -> list[tuple[str, Argument]]:
    """Class and argument of each; a softmax comes last where the loss takes probabilities."""
    layers: list[tuple[str, Argument]] = [("Dense", args["hidden"]), ("Activation", "tanh"), ("Dense", args["classes"])]
    return layers if options["loss"] == "mse" else [*layers, ("Activation", "softmax")]


def model_script(args: Mapping[str, Any], options: Mapping[str, Any]) -> Script:
    """Build, predict, evaluate, train on a batch, fit, save and load; and predict and train with dropout.

    At every step of the sequences, or of vectors, the first of each. The first Dense layer is in both models.
    The last fit takes all samples as one batch: their order, drawn anew, does not matter. Neither does which half is
    dropped where the targets are what comes before the dropout: each is missed by its own size, from 0 or from twice.
    """
    first, model = np.ascontiguousarray(args["x"][:, 0]), Ref(0)
    x, y = (args["x"], args["y"]) if options["sequences"] else (first, np.ascontiguousarray(args["y"][:, 0]))
    if options["loss"] != SPARSE:
        y = np.eye(args["classes"], dtype=x.dtype)[y]
    w, b = (weight.copy() for weight in args["weights"][:2])
    compiled = {"lr": options["lr"], "metrics": options["metrics"]}
    validation: Any = (x, y)
    fit: dict[str, Any] = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, "validation_data": validation}
    calls = [Call("Sequential", (x.shape[1:],), opaque=HIDDEN)]
    for layer, argument in model_layers(args, options):
        calls.append(Call(layer, (argument,), opaque=HIDDEN))
        if options["sequences"] and layer == "Dense":
            calls.append(Call("TimeDistributed", (Ref(len(calls) - 1),), opaque=HIDDEN))
        calls.append(Call("Sequential.add", (model, Ref(len(calls) - 1)), opaque=HIDDEN))
    built = len(calls)
    calls += [
        Call("Sequential.set_weights", (model, args["weights"]), opaque=HIDDEN),
        Call("Sequential.count_params", (model,)),
        Call("Sequential.compile", (model, options["loss"], options["optimizer"]), compiled, opaque=HIDDEN),
        Call("Sequential.predict", (model, x), {"batch_size": BATCH}),
        Call("Sequential.evaluate", (model, x, y), {"batch_size": BATCH}),
        Call("Sequential.train_on_batch", (model, x, y)),
        Call("Sequential.get_weights", (model,)),
        Call("Sequential.fit", (model, x, y), fit),
        Call("Sequential.fit", (model, x, y), {"batch_size": len(x), "shuffle": True}, opaque=HIDDEN),
        Call("Sequential.get_weights", (model,)),
        Call("Sequential.save", (model, Buffer()), opaque=HIDDEN),
        Call("load_model", (Buffer(),), opaque=HIDDEN),
        Call("Sequential.predict", (Ref(built + 11), x)),
        Call("Sequential", (first.shape[1:],), opaque=HIDDEN),
        Call("Sequential.add", (Ref(built + 13), Ref(1)), opaque=HIDDEN),
        Call("Dropout", (0.5,), opaque=HIDDEN),
        Call("Sequential.add", (Ref(built + 13), Ref(built + 15)), opaque=HIDDEN),
        Call("Sequential.set_weights", (Ref(built + 13), [w, b]), opaque=HIDDEN),
        Call("Sequential.predict", (Ref(built + 13), first)),
        Call("Sequential.compile", (Ref(built + 13), "mse"), opaque=HIDDEN),
        Call("Sequential.train_on_batch", (Ref(built + 13), first, first @ w + b)),
    ]
    places = [built + place for place in (1, 3, 4, 5, 6, 7, 9, 12, 18, 20)]
    return Script(tuple(calls), {name: (place, 0) for name, place in zip(MODEL_OUTPUTS, places, strict=True)})


def model_oracle(
    x: Tensor,
    y: Tensor,
    weights: list[Tensor],
    hidden: int,
    classes: int,
    *,
    loss: str,
    optimizer: str,
    lr: float,
    metrics: tuple[str, ...],
    sequences: bool,
) -> tuple[Any, ...]:
    """The same by autograd and the update equations of unit 05."""
    rule, updates = RULES[optimizer], 0
    slots: list[dict[str, Any]] = [{} for _weight in weights]
    first = x[:, 0]
    x, y = (x, y) if sequences else (first, y[:, 0])

    def outputs(params: list[Tensor], inputs: Tensor) -> Tensor:
        out = torch.tanh(inputs @ params[0] + params[1]) @ params[2] + params[3]
        return out if loss == "mse" else softmax(out)

    def scores(params: list[Tensor], inputs: Tensor, labels: Tensor) -> Tensor:
        out = outputs(params, inputs)
        if loss == "mse":
            value = ((out - torch.eye(classes, dtype=out.dtype)[labels]) ** 2).mean()
        else:
            value = -torch.log(out.gather(-1, labels[..., None])).mean()
        return torch.stack([value, *((out.argmax(-1) == labels).to(out.dtype).mean() for _metric in metrics)])

    def train(params: list[Tensor], inputs: Tensor, labels: Tensor) -> tuple[list[Tensor], Tensor]:
        nonlocal slots, updates
        updates += 1
        with torch.enable_grad():
            params = [param.detach().requires_grad_() for param in params]
            before = scores(params, inputs, labels)
            grads = torch.autograd.grad(before[0], params)
        moved = [rule(p.detach(), g, s, updates, lr=lr) for p, g, s in zip(params, grads, slots, strict=True)]
        slots = [s for _, s in moved]
        return [p for p, _ in moved], before.detach()

    fresh = (torch.tensor(sum(w.numel() for w in weights)), outputs(weights, x), scores(weights, x, y))
    params, batch = train(weights, x, y)
    after_batch, history = params, []
    for _epoch in range(EPOCHS):
        total = torch.zeros_like(batch)
        for start in range(0, len(x), BATCH):
            part = slice(start, start + BATCH)
            params, before = train(params, x[part], y[part])
            total = total + before * len(y[part])
        history.append(torch.cat([total / len(x), scores(params, x, y)]))
    shuffled, _ = train(params, x, y)
    past_dropout = first @ weights[0] + weights[1]
    with_dropout = (past_dropout**2).mean().reshape(1)
    after_fit = (torch.stack(history), shuffled)
    return (*fresh, batch, after_batch, *after_fit, outputs(shuffled, x), past_dropout, with_dropout)


# --- by chance, and by training ---


DROPPED = (200, 50)


def dropout_trial(rng: np.random.Generator) -> Trial:
    """Ones, dropped with a probability that is drawn; and backward, in training and at test time."""
    p_drop, x = float(rng.choice([0.2, 0.4, 0.7])), np.ones(DROPPED)
    dout, chance = rng.standard_normal(DROPPED), Seed(int(rng.integers(2**31)))
    calls = (
        Call("Dropout", (p_drop,), opaque=HIDDEN),
        Call(
            "Dropout.forward",
            (Ref(0), [], x),
            {"training": True, "rng": chance},
            returns=2,
            opaque=frozenset({1}),
        ),
        Call("Dropout.backward", (Ref(0), dout, Ref(1, 1)), returns=2),
        Call("Dropout.forward", (Ref(0), [], dout), returns=2, opaque=frozenset({1})),
        Call("Dropout.backward", (Ref(0), x, Ref(3, 1)), returns=2),
        Call("Dropout.build", (Ref(0), DROPPED[1:], chance), returns=2),
    )
    judge = functools.partial(judge_dropout, p_drop=p_drop, dout=dout)
    return Trial(calls, judge, judged=(1, 2, 3, 4, 5))


def judge_dropout(values: tuple[Any, ...], p_drop: float, dout: Any) -> Outcome:
    """How far the share of zeros is from p_drop; allowed are six standard deviations."""
    out, _cache, dx, grads, at_test, _cache, dx_at_test, grads_at_test, params, shape = values
    allowed = 6 * (p_drop * (1 - p_drop) / dout.size) ** 0.5
    outcome = functools.partial(Outcome, "deviation of the share dropped", allowed=allowed)
    for name, array in (("out", out), ("dx", dx), ("out", at_test), ("dx", dx_at_test)):
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.shape != DROPPED:
            text = _("{name}: not an array of numbers of shape {shape}").format(name=name, shape=DROPPED)
            return outcome(error=np.inf, broken=text)
    kept = out != 0
    wrong = {
        _("out: what is kept is not divided by 1 - p_drop"): not np.isclose(
            out[kept], 1 / (1 - p_drop), rtol=1e-6
        ).all(),
        _("dx: not the upstream gradient through the same mask"): not np.allclose(dx, dout * kept / (1 - p_drop), 1e-6),
        _("out: not x itself at test time"): not np.array_equal(at_test, dout),
        _("dx: not the upstream gradient itself at test time"): not np.array_equal(dx_at_test, np.ones(DROPPED)),
        _("a layer without parameters has [] for its parameters and gradients"): any(
            listed != [] if isinstance(listed, list) else True for listed in (params, grads, grads_at_test)
        ),
        _("build: the shape of the output is not that of the input"): not is_shape(shape, DROPPED[1:]),
    }
    broken = next((text for text, is_wrong in wrong.items() if is_wrong), "")
    if broken:
        return outcome(error=np.inf, broken=broken)
    return outcome(error=abs(float(1 - kept.mean()) - p_drop))


def is_shape(value: Any, wanted: tuple[int, ...]) -> bool:
    """Whether a value is a tuple or list of these numbers."""
    numbers = value if isinstance(value, list) else []
    plain = all(isinstance(size, np.ndarray) and size.shape == () and size.dtype.kind in "iu" for size in numbers)
    return plain and tuple(map(int, numbers)) == wanted


def own_lenet_trial(rng: np.random.Generator) -> Trial:
    """The digits of unit 08."""
    trial = digits_trial(rng)
    (call,) = trial.calls
    options: dict[str, Argument] = {"classes": 10, "seed": int(rng.integers(2**31))}
    return Trial((Call("train_own_lenet", call.args, options, returns=2),), trial.evaluate)


LANGUAGE_TOKENS, LANGUAGE_LENGTH = 7, 10
LANGUAGE_ALLOWED = 0.2
"""Share of wrong tokens from the third on. The reference leaves less than .01; knowing the last token only, .85."""


def own_language_trial(rng: np.random.Generator) -> Trial:
    """Each token is the sum of the two before it, modulo their number; what they are called is drawn."""
    tokens = rng.integers(0, LANGUAGE_TOKENS, (700, LANGUAGE_LENGTH))
    for t in range(2, LANGUAGE_LENGTH):
        tokens[:, t] = (tokens[:, t - 1] + tokens[:, t - 2]) % LANGUAGE_TOKENS
    tokens = rng.permutation(LANGUAGE_TOKENS)[tokens]
    options: dict[str, Argument] = {"vocabulary": LANGUAGE_TOKENS, "seed": int(rng.integers(2**31))}
    call = Call("train_own_language_model", (tokens[:600], tokens[600:]), options, returns=2)
    return Trial((call,), functools.partial(judge_language, tokens=tokens[600:]))


def judge_language(values: tuple[Any, ...], tokens: Any) -> Outcome:
    """Share of wrong tokens where the rule decides."""
    predicted, history = values
    curve = None
    if isinstance(history, np.ndarray) and history.dtype.kind in "fiu":
        curve = np.asarray(history, np.float64).reshape(-1)
    outcome = functools.partial(Outcome, "error on tokens", allowed=LANGUAGE_ALLOWED, curve=curve)
    shape = (len(tokens), LANGUAGE_LENGTH - 1)
    if not isinstance(predicted, np.ndarray) or predicted.dtype.kind not in "iu" or predicted.shape != shape:
        text = _("predicted: not an array of integers of shape {shape}").format(shape=shape)
        return outcome(error=np.inf, broken=text)
    return outcome(error=float((predicted[:, 1:] != tokens[:, 2:]).mean()))


ROWS: tuple[Task, ...] = (
    layer_row(
        "dense_layer",
        "Dense",
        (Arg("x", "N D"), Arg("params", dense_shapes), Arg("dout", "N M"), Arg("units", "", "size M")),
        lambda params, x, units: x @ params[0] + params[1],
        lambda args, options: (args["units"],),
        axes=VECTORS,
        workload={"N": 64, "D": 256, "M": 128},
        convention="Dense(units); params are w (D, units) and b (units,); linear.",
        source="Keras, Dense; USTC slides",
    ),
    layer_row(
        "activation_layer",
        "Activation",
        (Arg("x", "N T D"), NO_PARAMS, Arg("dout", "N T D")),
        lambda params, x, name: ACTIVATIONS[name](x),
        lambda args, options: (options["name"],),
        axes={"N": (2, 4), "T": (2, 4), "D": (2, 4)},
        options={"name": tuple(ACTIVATIONS)},
        patterns=("normal", "scaled", "wide"),
        convention="Activation(name), softmax over the last axis; no parameters, so params and grads are [].",
        source="Keras, Activation; USTC slides",
    ),
    layer_row(
        "flatten_layer",
        "Flatten",
        (IMAGES, NO_PARAMS, Arg("dout", "N C*H*W")),
        lambda params, x: x.reshape(x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]),
        nothing,
        axes={"N": (2, 4), "C": (2, 3), "H": (2, 4), "W": (2, 4)},
        convention="(N, C, H, W) to (N, C H W), row-major; no parameters.",
        source="Keras, Flatten; USTC slides",
    ),
    TrainingRow(
        "dropout_layer",
        ("out", "cache"),
        dropout_trial,
        trials=2,
        asks=("Dropout",),
        convention="Inverted; p_drop is the share that is dropped; the mask is drawn from rng.",
        source="Keras, Dropout; Srivastava et al. 2014, section 10",
    ),
    layer_row(
        "conv2d_layer",
        "Conv2D",
        (
            IMAGES,
            Arg("params", conv_shapes),
            Arg("dout", "N F H+K+1 W+K+1"),
            Arg("filters", "", "size F"),
            Arg("kernel", "", "size K"),
        ),
        lambda params, x, filters, kernel, **options: conv2d(x, *params, flip=False, **options),
        lambda args, options: (args["filters"], args["kernel"]),
        axes={"N": (2, 3), "C": (2, 3), "H": (3, 5), "W": (3, 5), "F": (2, 3), "K": (2, 3)},
        options={"stride": (1, 2), "padding": ("same", "narrow", "wide", 1)},
        keywords=("stride", "padding"),
        sized=conv_sized,
        valid=conv_fits,
        workload={"N": 48, "C": 4, "H": 7, "W": 7, "F": 8, "K": 3},
        convention="Conv2D(filters, kernel, stride=1, padding='narrow'), cross-correlation; padding as in conv2d.",
        source="Keras, Conv2D; LeCun et al. 1998",
    ),
    layer_row(
        "max_pool2d_layer",
        "MaxPool2D",
        (Arg("x", "N C S*H S*W"), NO_PARAMS, Arg("dout", "N C H W"), Arg("size", "", "size S")),
        lambda params, x, size: max_pool2d(x, kernel=size, stride=size),
        lambda args, options: (args["size"],),
        axes={"N": (2, 3), "C": (2, 3), "H": (2, 3), "W": (2, 3), "S": (2, 3)},
        patterns=SHARP,
        workload={"N": 96, "C": 4, "H": 4, "W": 4, "S": 2},
        convention="MaxPool2D(size=2): windows that do not overlap.",
        source="Keras, MaxPooling2D",
    ),
    layer_row(
        "embedding_layer",
        "Embedding",
        (
            Arg("x", "N T", "labels V", differentiable=False),
            Arg("params", lambda axes: [(axes["V"], axes["E"])]),
            Arg("dout", "N T E"),
            Arg("words", "", "size V"),
            Arg("width", "", "size E"),
        ),
        lambda params, x, words, width: params[0][x],
        lambda args, options: (args["words"], args["width"]),
        axes={"N": (2, 3), "T": (2, 5), "V": (2, 5), "E": (2, 4)},
        workload={"N": 32, "T": 32, "V": 500, "E": 64},
        convention="Embedding(words, width); the backward returns None and [dtable].",
        source="Keras, Embedding; Bengio et al. 2003",
    ),
    recurrent_row("simple_rnn_layer", "SimpleRNN", 1, srn, False, "Keras, SimpleRNN; Elman 1990"),
    recurrent_row("lstm_layer", "LSTM", 4, lstm, True, "Keras, LSTM; Hochreiter & Schmidhuber 1997"),
    layer_row(
        "time_distributed_layer",
        "TimeDistributed",
        (Arg("x", "N T D"), Arg("params", dense_shapes), Arg("dout", "N T M"), Arg("units", "", "size M")),
        lambda params, x, units: x @ params[0] + params[1],
        lambda args, options: (args["units"],),
        inner="Dense",
        axes={**VECTORS, "N": (2, 3), "T": (2, 4)},
        empty="N",
        uses=("Dense",),
        workload={"N": 48, "T": 6, "D": 64, "M": 64},
        convention="TimeDistributed(layer): the layer at every step; here around Dense.",
        source="Keras, TimeDistributed; USTC slides, the word model",
    ),
    ScriptRow(
        "sequential",
        (
            Arg("x", "N T D"),
            Arg("y", "N T", "labels C", differentiable=False),
            Arg("weights", model_shapes),
            Arg("hidden", "", "size H"),
            Arg("classes", "", "size C"),
        ),
        model_oracle,
        {"N": (3, 6), "T": (2, 3), "D": (2, 4), "H": (2, 4), "C": (2, 4)},
        outputs=MODEL_OUTPUTS,
        options={
            "loss": (SPARSE, "categorical_crossentropy", "mse"),
            "optimizer": ("sgd", "adam", "rmsprop"),
            "lr": (0.1, 0.01),
            "metrics": (("accuracy",), ()),
            "sequences": (True, False),
        },
        batch="",
        empty="",
        patterns=("normal",),
        convention="Losses are means; cross-entropy takes probabilities; optimisers with unit 05's constants.",
        source="USTC slides, Keras; Keras, Sequential",
        script=model_script,
        asks=("Sequential", "load_model"),
        uses=("Dense", "Activation", "Dropout", "TimeDistributed"),
        stages={
            "predict": (("count", "prediction"), 15.0),
            "evaluate": (("evaluation",), 15.0),
            "train on batch": (("batch", "weights after a batch"), 25.0),
            "fit": (("history", "weights after shuffling"), 25.0),
            "save and load": (("prediction after loading",), 15.0),
            "dropout": (("prediction past dropout", "loss with dropout"), 5.0),
        },
    ),
    TrainingRow(
        "own_lenet",
        ("predicted", "history"),
        own_lenet_trial,
        trials=1,
        asks=("train_own_lenet",),
        convention="Any network of the framework's layers; at most 12 % of 400 digits wrong.",
        source="USTC slides, LeNet in Keras",
    ),
    TrainingRow(
        "own_language_model",
        ("predicted", "history"),
        own_language_trial,
        trials=1,
        asks=("train_own_language_model",),
        convention="The next token of sequences whose rule looks two tokens back.",
        source="USTC slides, the word model in Keras",
    ),
)
