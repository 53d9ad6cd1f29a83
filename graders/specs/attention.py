"""Unit 12: attention and the Transformer (curriculum section 9)."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from graders.i18n import _
from graders.sandbox.program import Argument, Call, Seed
from graders.specs import hostile
from graders.specs.activations import log_softmax, relu
from graders.specs.row import Arg, Axes, Outcome, Row, Task, TrainingRow, Trial

SMOOTH = ("normal", "integers", "sparse", "wide")
ENCODER_ARRAYS, DECODER_ARRAYS = 12, 18


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Query by query over the keys it may see; nothing where there are none."""
    scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[2])
    # Detached: through the maximum the rounding of a saturated weight would cancel, which no formula need achieve.
    top = scores.detach().masked_fill(~mask, -1e30).amax(-1, keepdim=True)
    zero = torch.zeros_like(scores)
    e = torch.where(mask, torch.exp(torch.where(mask, scores - top, zero)), zero)
    total = e.sum(-1, keepdim=True)
    return (e / torch.where(total > 0, total, torch.ones_like(total))) @ v


def multi_head(
    x: Tensor, memory: Tensor, mask: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, wo: Tensor, *, heads: int
) -> Tensor:
    """Head after head, side by side, mapped."""
    parts = zip(*((a @ w).chunk(heads, -1) for a, w in ((x, wq), (memory, wk), (memory, wv))), strict=True)
    return torch.cat([attention(q, k, v, mask) for q, k, v in parts], -1) @ wo


def split_heads(x: Tensor, *, heads: int) -> Tensor:
    """Chunks of the features, stacked behind the samples."""
    return torch.stack(x.chunk(heads, -1), 1)


def merge_heads(parts: Tensor) -> Tensor:
    """The heads side by side."""
    return torch.cat(list(parts.unbind(1)), -1)


def causal_mask(like: Tensor) -> Tensor:
    """Entry by entry: s <= t."""
    samples, steps = like.shape
    table = [[s <= t for s in range(steps)] for t in range(steps)]
    return torch.tensor([table] * samples, dtype=torch.bool).reshape(samples, steps, steps)


def padding_mask(like: Tensor, lengths: Tensor) -> Tensor:
    """Entry by entry: s < length."""
    samples, steps = like.shape
    table = [[[s < length for s in range(steps)]] * steps for length in lengths.tolist()]
    return torch.tensor(table, dtype=torch.bool).reshape(samples, steps, steps)


def positional_encoding(like: Tensor) -> Tensor:
    """Entry by entry, in Python's floats."""
    steps, width = like.shape[1:]
    angle = [[t / 10000 ** ((j - j % 2) / width) for j in range(width)] for t in range(steps)]
    table = [[math.cos(a) if j % 2 else math.sin(a) for j, a in enumerate(row)] for row in angle]
    return torch.tensor(table, dtype=torch.float64).reshape(steps, width)


def ffn(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """relu(x w1 + b1) w2 + b2."""
    return relu(x @ w1 + b1) @ w2 + b2


def layer_norm(x: Tensor, gamma: Tensor, beta: Tensor, eps: float = 1e-5) -> Tensor:
    """Over the last axis."""
    centred = x - x.mean(-1, keepdim=True)
    return gamma * centred / torch.sqrt((centred**2).mean(-1, keepdim=True) + eps) + beta


def add_norm(x: Tensor, f: Tensor, gamma: Tensor, beta: Tensor, *, eps: float) -> Tensor:
    """layer_norm(x + f)."""
    return layer_norm(x + f, gamma, beta, eps)


def pre_norm_ffn(
    x: Tensor, gamma: Tensor, beta: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, *, eps: float
) -> Tensor:
    """X + ffn(layer_norm(x))."""
    return x + ffn(layer_norm(x, gamma, beta, eps), w1, b1, w2, b2)


def encoder_layer(x: Tensor, mask: Tensor, params: list[Tensor], *, heads: int) -> Tensor:
    """Post-norm (Vaswani et al. 2017, figure 1, left)."""
    h = layer_norm(x + multi_head(x, x, mask, *params[:4], heads=heads), params[4], params[5])
    return layer_norm(h + ffn(h, *params[6:10]), params[10], params[11])


def decoder_layer(
    y: Tensor, memory: Tensor, mask: Tensor, memory_mask: Tensor, params: list[Tensor], *, heads: int
) -> Tensor:
    """Post-norm (Vaswani et al. 2017, figure 1, right)."""
    h = layer_norm(y + multi_head(y, y, mask, *params[:4], heads=heads), params[4], params[5])
    h = layer_norm(h + multi_head(h, memory, memory_mask, *params[6:10], heads=heads), params[10], params[11])
    return layer_norm(h + ffn(h, *params[12:16]), params[16], params[17])


def transformer(source: Tensor, target: Tensor, source_lengths: Tensor, params: list[Tensor], *, heads: int) -> Tensor:
    """Embed, encode, decode, map to scores."""
    layers = (len(params) - 4) // (ENCODER_ARRAYS + DECODER_ARRAYS)
    arrays = iter(params[2:-2])
    x, y = (table[tokens] * math.sqrt(table.shape[1]) for tokens, table in ((source, params[0]), (target, params[1])))
    x, y = x + positional_encoding(x).to(x.dtype), y + positional_encoding(y).to(y.dtype)
    mask = padding_mask(source, source_lengths)
    for _layer in range(layers):
        x = encoder_layer(x, mask, [next(arrays) for _array in range(ENCODER_ARRAYS)], heads=heads)
    memory_mask = mask[:, :1].expand(-1, target.shape[1], -1)
    for _layer in range(layers):
        own = [next(arrays) for _array in range(DECODER_ARRAYS)]
        y = decoder_layer(y, x, causal_mask(target), memory_mask, own, heads=heads)
    return y @ params[-2] + params[-1]


def next_token_loss(scores: Tensor, tokens: Tensor) -> Tensor:
    """Step t for token t + 1."""
    log_probs = log_softmax(scores[:, :-1])
    return -log_probs.gather(2, tokens[:, 1:, None]).mean()


def cloze_loss(scores: Tensor, tokens: Tensor, covered: Tensor) -> Tensor:
    """Over the covered steps."""
    losses = -log_softmax(scores).gather(2, tokens[..., None])[..., 0]
    return (losses * covered).sum() / max(int(covered.sum()), 1)


# --- learning an order ---

COPY_LENGTH, COPY_TOKENS = 6, 8
COPY_ALLOWED = 0.15
"""Share of wrong tokens. Without attention 7/8 of them are wrong; the reference leaves none in 20 draws."""


def copy_trial(rng: np.random.Generator) -> Trial:
    """Random sequences, and the same in an order that is drawn."""
    tokens = rng.integers(0, COPY_TOKENS, (1100, COPY_LENGTH))
    order = np.roll(np.arange(COPY_LENGTH), int(rng.integers(1, COPY_LENGTH)))[rng.permutation(COPY_LENGTH)]
    target = tokens[:, order]
    options: dict[str, Argument] = {"vocabulary": COPY_TOKENS, "rng": Seed(int(rng.integers(2**31)))}
    call = Call("train_copy", (tokens[:1000], target[:1000], tokens[1000:]), options, returns=2)
    return Trial((call,), functools.partial(judge_copy, target=target[1000:]))


def judge_copy(values: tuple[Any, ...], target: NDArray[np.int64]) -> Outcome:
    """Share of wrong tokens."""
    predicted, history = values
    curve = None
    if isinstance(history, np.ndarray) and history.dtype.kind in "fiu":
        curve = np.asarray(history, np.float64).reshape(-1)
    outcome = functools.partial(Outcome, "error on tokens", allowed=COPY_ALLOWED, curve=curve)
    if not isinstance(predicted, np.ndarray) or predicted.dtype.kind not in "iu" or predicted.shape != target.shape:
        text = _("predicted: not an array of integers of shape {shape}").format(shape=target.shape)
        return outcome(error=np.inf, broken=text)
    return outcome(error=float((predicted != target).mean()))


# --- rows ---


def some_rows_empty(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """A mask with, now and then, a query that may look nowhere."""
    return (rng.random(shape) < 0.7) & (rng.random((*shape[:-1], 1)) < 0.85)


def attention_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """wq, wk, wv, wo, gamma, beta."""
    width = 2 * axes["K"]
    return [*[(width, width)] * 4, (width,), (width,)]


def ffn_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """w1, b1, w2, b2, gamma, beta."""
    width, hidden = 2 * axes["K"], axes["H"]
    return [(width, hidden), (hidden,), (hidden, width), (width,), (width,), (width,)]


def encoder_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """Of an encoder layer."""
    return [*attention_shapes(axes), *ffn_shapes(axes)]


def decoder_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """Of a decoder layer."""
    return [*attention_shapes(axes), *attention_shapes(axes), *ffn_shapes(axes)]


def transformer_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """Of the whole."""
    width, words, layers = 2 * axes["K"], axes["V"], axes["L"]
    tables = [(words, width), (words, width)]
    return [*tables, *encoder_shapes(axes) * layers, *decoder_shapes(axes) * layers, (width, words), (words,)]


def mask_arg(name: str, axes: str, draw: str | Callable[..., Any] = some_rows_empty) -> Arg:
    """A mask, which has no gradient."""
    return Arg(name, axes, draw, differentiable=False)


SIZES = {"N": (2, 3), "T": (2, 4), "K": (1, 2)}
TOKENS = {"N": (2, 4), "T": (2, 5), "V": (2, 6)}
HEADS = {"heads": (2, 1)}
WEIGHTS = tuple(Arg(name, "2*K 2*K") for name in ("wq", "wk", "wv", "wo"))
HEADED = (Arg("x", "N T 2*K"), Arg("memory", "N S 2*K"), mask_arg("mask", "N T S"), *WEIGHTS)
NORM = (Arg("gamma", "E"), Arg("beta", "E"))
FFN = (Arg("w1", "E H"), Arg("b1", "H"), Arg("w2", "H E"), Arg("b2", "E"))
LIKE = Arg("like", "N T", "labels V", differentiable=False)
VASWANI = "Vaswani et al. 2017"
NO_KINK = ("normal", "wide")
"""Patterns that do not put a relu at its kink."""

ROWS: tuple[Task, ...] = (
    Row(
        "attention",
        (Arg("q", "N T E"), Arg("k", "N S E"), Arg("v", "N S M"), mask_arg("mask", "N T S")),
        attention,
        {"N": (2, 3), "T": (2, 4), "S": (2, 5), "E": (2, 4), "M": (2, 4)},
        hostile=hostile.ATTENTION,
        workload={"N": 32, "T": 16, "S": 16, "E": 16, "M": 16},
        convention="True may be looked at; masked weights are exactly 0; a query without any key gets 0.",
        source=f"{VASWANI}, equation 1",
    ),
    Row(
        "causal_mask",
        (LIKE,),
        causal_mask,
        TOKENS,
        kind="function",
        outputs=("mask",),
        convention="(N, T, T), True at [n, t, s] for s <= t.",
        source=f"{VASWANI}, section 3.2.3",
    ),
    Row(
        "padding_mask",
        (LIKE, Arg("lengths", "N", "lengths T", differentiable=False)),
        padding_mask,
        TOKENS,
        kind="function",
        outputs=("mask",),
        convention="(N, T, T), True at [n, t, s] for s < lengths[n].",
        source="USTC slides, masks",
    ),
    Row(
        "split_heads",
        (Arg("x", "N T 2*K"),),
        split_heads,
        {"N": (2, 3), "T": (2, 4), "K": (2, 3)},
        kind="function",
        outputs=("parts",),
        options=HEADS,
        convention="(N, A, T, E/A): head a has neighbouring features, from a E/A on.",
        source=f"{VASWANI}, section 3.2.2",
    ),
    Row(
        "merge_heads",
        (Arg("parts", "N A T K"),),
        merge_heads,
        {"N": (2, 3), "A": (2, 3), "T": (2, 4), "K": (2, 3)},
        kind="function",
        outputs=("x",),
        convention="The inverse of split_heads.",
        source=f"{VASWANI}, section 3.2.2",
    ),
    Row(
        "multi_head",
        HEADED,
        multi_head,
        {**SIZES, "S": (2, 4), "K": (2, 3)},
        options=HEADS,
        patterns=SMOOTH,
        workload={"N": 32, "T": 12, "K": 8, "S": 12},
        convention="No biases; queries from x, keys and values from memory; torch stores the matrices transposed.",
        source=f"{VASWANI}, section 3.2.2",
    ),
    Row(
        "heads_one_by_one",
        HEADED,
        multi_head,
        {**SIZES, "S": (2, 4), "K": (2, 3)},
        kind="function",
        options=HEADS,
        patterns=SMOOTH,
        workload={"N": 32, "T": 12, "K": 8, "S": 12},
        convention="The same value, as a sum over the heads.",
        source=f"{VASWANI}, section 3.2.2; USTC slides",
    ),
    Row(
        "positional_encoding",
        (Arg("like", "N T E"),),
        positional_encoding,
        {"N": (2, 3), "T": (2, 7), "E": (2, 7)},
        kind="function",
        outputs=("encoding",),
        batch="",
        convention="Sine in even columns, cosine in odd ones, one wavelength for each pair; t from 0.",
        source=f"{VASWANI}, section 3.5",
    ),
    Row(
        "ffn",
        (Arg("x", "N T E"), *FFN),
        ffn,
        {"N": (2, 3), "T": (2, 4), "E": (2, 4), "H": (2, 5)},
        patterns=NO_KINK,
        workload={"N": 48, "T": 8, "E": 32, "H": 64},
        convention="relu(x w1 + b1) w2 + b2 at every step.",
        source=f"{VASWANI}, equation 2",
    ),
    Row(
        "add_norm",
        (Arg("x", "N T E"), Arg("f", "N T E"), *NORM),
        add_norm,
        {"N": (2, 3), "T": (2, 4), "E": (3, 5)},
        options={"eps": (1e-5, 0.1)},
        patterns=("normal", "integers", "wide"),
        hostile=hostile.ADD_NORM,
        workload={"N": 64, "T": 8, "E": 64},
        convention="Post-norm: layer_norm(x + f).",
        source=f"{VASWANI}, section 3.1; Ba et al. 2016",
    ),
    Row(
        "pre_norm_ffn",
        (Arg("x", "N T E"), *NORM, *FFN),
        pre_norm_ffn,
        {"N": (2, 3), "T": (2, 4), "E": (3, 5), "H": (2, 5)},
        options={"eps": (1e-5, 0.1)},
        patterns=NO_KINK,
        workload={"N": 48, "T": 8, "E": 32, "H": 64},
        convention="Pre-norm: x + ffn(layer_norm(x)).",
        source="Xiong et al. 2020, section 3.1",
    ),
    Row(
        "encoder_layer",
        (Arg("x", "N T 2*K"), mask_arg("mask", "N T T"), Arg("params", encoder_shapes)),
        encoder_layer,
        {"N": (2, 3), "T": (2, 3), "K": (2, 3), "H": (2, 4)},
        options=HEADS,
        patterns=("normal",),
        workload={"N": 24, "T": 8, "K": 8, "H": 32},
        convention="Post-norm, no dropout; params in the order of the computation.",
        source=f"{VASWANI}, figure 1",
    ),
    Row(
        "decoder_layer",
        (
            Arg("y", "N T 2*K"),
            Arg("memory", "N S 2*K"),
            mask_arg("mask", "N T T"),
            mask_arg("memory_mask", "N T S"),
            Arg("params", decoder_shapes),
        ),
        decoder_layer,
        {"N": (2, 3), "T": (2, 3), "S": (2, 4), "K": (2, 3), "H": (2, 4)},
        options=HEADS,
        patterns=("normal",),
        workload={"N": 24, "T": 8, "S": 8, "K": 8, "H": 32},
        convention="Post-norm, no dropout; params in the order of the computation.",
        source=f"{VASWANI}, figure 1",
    ),
    Row(
        "transformer",
        (
            Arg("source", "N S", "labels V", differentiable=False),
            Arg("target", "N T", "labels V", differentiable=False),
            Arg("source_lengths", "N", "lengths S", differentiable=False),
            Arg("params", transformer_shapes),
        ),
        transformer,
        {"N": (2, 3), "S": (2, 3), "T": (2, 3), "V": (2, 4), "K": (2, 3), "H": (2, 3), "L": (1, 2)},
        outputs=("scores",),
        options=HEADS,
        patterns=("normal",),
        empty="",
        workload={"N": 12, "S": 8, "T": 8, "V": 30, "K": 8, "H": 32, "L": 2},
        convention="Embeddings times sqrt(E) plus positions; L encoder layers, then L decoder layers; post-norm.",
        source=f"{VASWANI}, figure 1",
    ),
    Row(
        "next_token_loss",
        (Arg("scores", "N T V"), Arg("tokens", "N T", "labels V", differentiable=False)),
        next_token_loss,
        TOKENS,
        outputs=("loss",),
        batch="",
        empty="",
        valid=lambda sizes, options: sizes["T"] > 1,
        hostile=hostile.NEXT_TOKEN,
        workload={"N": 16, "T": 32, "V": 64},
        convention="The scores of step t are for token t + 1; mean over samples and the first T - 1 steps.",
        source="Radford et al. 2018, equation 1; USTC slides",
    ),
    Row(
        "cloze_loss",
        (
            Arg("scores", "N T V"),
            Arg("tokens", "N T", "labels V", differentiable=False),
            Arg("covered", "N T", "keep", differentiable=False),
        ),
        cloze_loss,
        TOKENS,
        outputs=("loss",),
        batch="",
        empty="",
        examples=(
            {
                "scores": [[[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]], [[0.0, 0.0, 1.0], [-1.0, 3.0, 2.0]]],
                "tokens": [[0, 2], [1, 1]],
                "covered": [[False, False], [False, False]],
            },
        ),
        hostile=hostile.NEXT_TOKEN,
        workload={"N": 16, "T": 32, "V": 64},
        convention="Mean over the covered steps of all samples; 0 if there are none.",
        source="Devlin et al. 2019, section 3.1; USTC slides",
    ),
    TrainingRow(
        "train_copy",
        ("predicted", "history"),
        copy_trial,
        trials=1,
        convention="The order is drawn: a step must look at another one to know its token.",
        source=f"{VASWANI}; Graves et al. 2014",
    ),
)
