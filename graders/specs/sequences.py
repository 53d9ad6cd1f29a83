"""Unit 11: models of sequences (curriculum section 7: stacked, bidirectional, embedding, CTC, generation)."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from graders.specs import hostile
from graders.specs.activations import log_softmax, softmax
from graders.specs.gated import lstm_step, over_time
from graders.specs.losses import REDUCTIONS, reduced
from graders.specs.recurrent import RECURRENT, srn
from graders.specs.row import Arg, Axes, Row, Task


def embedding(tokens: Tensor, table: Tensor) -> Tensor:
    """The table's rows, picked."""
    return table[tokens]


def time_distributed(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """An affine map of the last axis."""
    return torch.einsum("ntd,dm->ntm", x, w) + b


# --- CTC, by its definition: every path, one by one ---


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    """Merge repeats, then drop blanks (class 0)."""
    return tuple(label for label, _ in itertools.groupby(path) if label)


def ctc_loss(logits: Tensor, labels: Tensor, input_lengths: Tensor, label_lengths: Tensor) -> Tensor:
    """Minus the log of the summed probability of all C^T paths that collapse to the labels (Graves 2006, eq. 3)."""
    classes = range(logits.shape[2])
    losses = []
    for scores, label, steps, length in zip(logits, labels, input_lengths, label_lengths, strict=True):
        wanted = tuple(label[: int(length)].tolist())
        paths = [path for path in itertools.product(classes, repeat=int(steps)) if collapse(path) == wanted]
        log_probs = log_softmax(scores[: int(steps)])
        each = log_probs[torch.arange(int(steps)), torch.tensor(paths)].sum(-1)
        losses.append(-torch.logsumexp(each, 0))
    return torch.stack(losses)


def ctc_lengths(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """Input lengths that leave room for the labels: two steps each are always enough."""
    return rng.integers(min(2 * sizes["L"], sizes["T"]), sizes["T"] + 1, shape)


def ctc_labels(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """Any class but the blank."""
    return rng.integers(1, max(sizes["C"], 2), shape)


def ctc_label_lengths(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """From nothing to all of them."""
    return rng.integers(0, sizes["L"] + 1, shape)


def ctc_collapse(path: Tensor) -> tuple[Tensor, Tensor]:
    """Sample by sample, padded with zeros."""
    labels = [collapse(tuple(row)) for row in path.tolist()]
    padded = [[*label, *[0] * (path.shape[1] - len(label))] for label in labels]
    lengths = torch.tensor([len(label) for label in labels], dtype=torch.int64)
    return torch.tensor(padded, dtype=torch.int64).reshape(path.shape), lengths


# --- networks of networks ---

lstm = over_time(lstm_step)


def stacked_srn(x: Tensor, h0: Tensor, wx: list[Tensor], wh: list[Tensor], b: list[Tensor]) -> Tensor:
    """Layer upon layer."""
    for weights in zip(wx, wh, b, strict=True):
        x = srn(x, h0, *weights)
    return x


def bidirectional_srn(x: Tensor, h0: Tensor, wx: Tensor, wh: Tensor, b: Tensor, *back: Tensor) -> Tensor:
    """Forwards, and backwards on the reversed sequence, side by side."""
    return torch.cat([srn(x, h0, wx, wh, b), srn(x.flip(1), *back).flip(1)], -1)


def seq2seq(
    x: Tensor,
    y: Tensor,
    wx: Tensor,
    wh: Tensor,
    b: Tensor,
    wy: Tensor,
    wh_out: Tensor,
    b_out: Tensor,
    v: Tensor,
    c: Tensor,
) -> Tensor:
    """The encoder's last state starts the decoder."""
    last = srn(x, x.new_zeros(len(x), len(wh)), wx, wh, b)[:, -1]
    return srn(y, last, wy, wh_out, b_out) @ v + c


def char_model(tokens: Tensor, wx: Tensor, wh: Tensor, b: Tensor, v: Tensor, c: Tensor) -> Tensor:
    """One-hot times wx is a row of wx: picked here, multiplied there."""
    h = s = wx.new_zeros(len(tokens), len(wh))
    for t in range(tokens.shape[1]):
        z_i, z_f, z_g, z_o = (wx[tokens[:, t]] + h @ wh + b).chunk(4, -1)
        s = torch.sigmoid(z_f) * s + torch.sigmoid(z_i) * torch.tanh(z_g)
        h = torch.sigmoid(z_o) * torch.tanh(s)
    return h @ v + c


def word_model(
    tokens: Tensor,
    keep: Tensor,
    table: Tensor,
    wx1: Tensor,
    wh1: Tensor,
    b1: Tensor,
    wx2: Tensor,
    wh2: Tensor,
    b2: Tensor,
    v: Tensor,
    c: Tensor,
    *,
    p_drop: float,
) -> Tensor:
    """Embedding, two LSTMs, inverted dropout, an affine map."""
    start = table.new_zeros(len(tokens), len(wh1))
    h1, _ = lstm(table[tokens], start, start, wx1, wh1, b1)
    h2, _ = lstm(h1, start, start, wx2, wh2, b2)
    return torch.where(keep, h2 / (1 - p_drop), torch.zeros_like(h2)) @ v + c


def build_vocabulary(codes: Tensor) -> tuple[Tensor, Tensor]:
    """Sorted, and looked up one by one."""
    alphabet = sorted(set(codes.tolist()))
    numbers = [alphabet.index(code) for code in codes.tolist()]
    return torch.tensor(alphabet, dtype=torch.int64), torch.tensor(numbers, dtype=torch.int64)


def text_windows(tokens: Tensor, *, window: int) -> tuple[Tensor, Tensor]:
    """Window by window."""
    windows = [tokens[i : i + window] for i in range(len(tokens) - window)]
    return torch.stack(windows), tokens[window:]


def generate_text(
    start: Tensor,
    uniforms: Tensor,
    wx: Tensor,
    wh: Tensor,
    b: Tensor,
    v: Tensor,
    c: Tensor,
    *,
    temperature: float,
) -> Tensor:
    """By inverting the distribution function, character after character."""
    text = start.tolist()
    for u in uniforms.tolist():
        window = torch.tensor([text[-len(start) :]])
        total, probs = 0.0, softmax(char_model(window, wx, wh, b, v, c) / temperature)[0]
        for number, prob in enumerate(probs.tolist()):
            total += prob
            if u < total or number == len(probs) - 1:
                text.append(number)
                break
    return torch.tensor(text[len(start) :], dtype=torch.int64)


def codes(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """A few letters, by their code points."""
    return rng.choice([32, 97, 98, 101, 110, 116, 120], shape)


SEQUENCE = {"N": (2, 4), "T": (2, 4), "D": (2, 4), "H": (2, 4)}
TOKENS = Arg("tokens", "N T", "labels V", differentiable=False)
SRN = (Arg("wx", "D H"), Arg("wh", "H H"), Arg("b", "H"))
CHAR = (Arg("wx", "V 4*H"), Arg("wh", "H 4*H"), Arg("b", "4*H"), Arg("v", "H V"), Arg("c", "V"))
GRAVES = "Graves et al. 2006"

ROWS: tuple[Task, ...] = (
    Row(
        "embedding",
        (TOKENS, Arg("table", "V E")),
        embedding,
        {"N": (2, 4), "T": (2, 5), "V": (2, 6), "E": (2, 4)},
        workload={"N": 32, "T": 32, "V": 500, "E": 64},
        convention="A row of the table for each token; a word that stands twice collects both gradients.",
        source="Bengio et al. 2003, section 2",
    ),
    Row(
        "time_distributed",
        (Arg("x", "N T D"), Arg("w", "D M"), Arg("b", "M")),
        time_distributed,
        {"N": (2, 4), "T": (2, 5), "D": (2, 4), "M": (2, 4)},
        empty="N T",
        workload={"N": 48, "T": 6, "D": 64, "M": 64},
        convention="out_t = x_t w + b with the same w and b at every step.",
        source="Keras, TimeDistributed; USTC slides, the word model",
    ),
    Row(
        "stacked_srn",
        (
            Arg("x", "N T D"),
            Arg("h0", "N H"),
            Arg("wx", lambda axes: [(axes["H"] if layer else axes["D"], axes["H"]) for layer in range(axes["L"])]),
            Arg("wh", lambda axes: [(axes["H"], axes["H"])] * axes["L"]),
            Arg("b", lambda axes: [(axes["H"],)] * axes["L"]),
        ),
        stacked_srn,
        {**SEQUENCE, "L": (1, 3)},
        outputs=("h",),
        patterns=RECURRENT,
        workload={"N": 16, "T": 16, "D": 32, "H": 32, "L": 2},
        convention="Every layer starts from the same h0; the top layer's states are returned.",
        source="Graves et al. 2013, section 2; USTC slides",
    ),
    Row(
        "bidirectional_srn",
        (
            Arg("x", "N T D"),
            Arg("h0", "N H"),
            *SRN,
            Arg("h0_back", "N H"),
            Arg("wx_back", "D H"),
            Arg("wh_back", "H H"),
            Arg("b_back", "H"),
        ),
        bidirectional_srn,
        SEQUENCE,
        outputs=("h",),
        patterns=RECURRENT,
        workload={"N": 16, "T": 16, "D": 32, "H": 32},
        convention="(N, T, 2H): at step t the forward state of step t, then the backward state of step t.",
        source="Schuster & Paliwal 1997; Tsinghua slides, which add two projections",
    ),
    Row(
        "seq2seq",
        (
            Arg("x", "N S D"),
            Arg("y", "N T E"),
            *SRN,
            Arg("wy", "E H"),
            Arg("wh_out", "H H"),
            Arg("b_out", "H"),
            Arg("v", "H M"),
            Arg("c", "M"),
        ),
        seq2seq,
        {"N": (2, 3), "S": (2, 4), "T": (2, 4), "D": (2, 3), "E": (2, 3), "H": (2, 4), "M": (2, 3)},
        outputs=("scores",),
        patterns=RECURRENT,
        workload={"N": 8, "S": 12, "T": 12, "D": 16, "E": 16, "H": 32, "M": 16},
        convention="Simple recurrent encoder and decoder; the encoder starts at zero, the decoder at its last state.",
        source="Sutskever et al. 2014; Cho et al. 2014; Beihang slides",
    ),
    Row(
        "build_vocabulary",
        (Arg("codes", "L", codes, differentiable=False),),
        build_vocabulary,
        {"L": (2, 12)},
        kind="function",
        outputs=("alphabet", "tokens"),
        batch="",
        empty="",
        convention="Ascending by code point, so that two runs number alike (the slides enumerate a set).",
        source="USTC slides, the character model",
    ),
    Row(
        "text_windows",
        (Arg("tokens", "L", "labels V", differentiable=False),),
        text_windows,
        {"L": (4, 9), "V": (2, 6)},
        kind="function",
        outputs=("x", "y"),
        options={"window": (2, 1, 3)},
        batch="",
        empty="",
        valid=lambda sizes, options: options["window"] < sizes["L"],
        convention="x[i] = tokens[i .. i+window-1], y[i] = tokens[i+window]; L - window of them.",
        source="USTC slides, the character model",
    ),
    Row(
        "char_model",
        (TOKENS, *CHAR),
        char_model,
        {"N": (2, 3), "T": (2, 4), "V": (2, 5), "H": (2, 4)},
        outputs=("scores",),
        patterns=RECURRENT,
        workload={"N": 8, "T": 16, "V": 40, "H": 32},
        convention="One-hot, an LSTM (blocks i, f, g, o) from zero, an affine map of its last output; before softmax.",
        source="USTC slides, the character model; Karpathy 2015",
    ),
    Row(
        "generate_text",
        (
            Arg("start", "T", "labels V", differentiable=False),
            Arg("uniforms", "L", lambda rng, shape, sizes: rng.random(shape), differentiable=False),
            *CHAR,
        ),
        generate_text,
        {"T": (2, 4), "L": (2, 6), "V": (2, 5), "H": (2, 4)},
        kind="function",
        outputs=("text",),
        options={"temperature": (1.0, 0.5, 2.0)},
        batch="",
        empty="L",
        patterns=RECURRENT,
        convention="Drawn is the first k with u < P(0) + ... + P(k); it joins the window, the oldest leaves.",
        source="USTC slides, generating text",
    ),
    Row(
        "word_model",
        (
            TOKENS,
            Arg("keep", "N T H", "keep", differentiable=False),
            Arg("table", "V E"),
            Arg("wx1", "E 4*H"),
            Arg("wh1", "H 4*H"),
            Arg("b1", "4*H"),
            Arg("wx2", "H 4*H"),
            Arg("wh2", "H 4*H"),
            Arg("b2", "4*H"),
            Arg("v", "H V"),
            Arg("c", "V"),
        ),
        word_model,
        {"N": (2, 3), "T": (2, 3), "V": (2, 4), "E": (2, 3), "H": (2, 3)},
        outputs=("scores",),
        options={"p_drop": (0.5, 0.0, 0.25)},
        patterns=RECURRENT,
        workload={"N": 8, "T": 12, "V": 100, "E": 32, "H": 32},
        convention="Embedding, two LSTMs from zero, inverted dropout by the mask given, an affine map at every step.",
        source="USTC slides, the word model; Zaremba et al. 2014",
    ),
    Row(
        "ctc_collapse",
        (Arg("path", "N T", "labels C", differentiable=False),),
        ctc_collapse,
        {"N": (2, 5), "T": (2, 7), "C": (2, 4)},
        kind="function",
        outputs=("labels", "lengths"),
        workload={"N": 128, "T": 256, "C": 8},
        convention="Merge repeats, then drop blanks (class 0); labels to the left, zeros behind them.",
        source=f"{GRAVES}, section 3.1",
    ),
    Row(
        "ctc_loss",
        (
            Arg("logits", "N T C"),
            Arg("labels", "N L", ctc_labels, differentiable=False),
            Arg("input_lengths", "N", ctc_lengths, differentiable=False),
            Arg("label_lengths", "N", ctc_label_lengths, differentiable=False),
        ),
        reduced(ctc_loss),
        {"N": (2, 3), "T": (4, 5), "C": (2, 3), "L": (1, 2)},
        outputs=("loss",),
        options={"reduction": REDUCTIONS},
        empty="",
        valid=lambda sizes, options: sizes["T"] >= 2 * sizes["L"] and sizes["C"] > 1,
        examples=(
            {
                "logits": np.sin(np.arange(36.0)).reshape(2, 6, 3),
                "labels": [[1, 2, 1], [2, 2, 1]],
                "input_lengths": [5, 6],
                "label_lengths": [3, 3],
            },
        ),
        hostile=hostile.CTC,
        workload={"N": 8, "T": 24, "C": 12, "L": 8},
        convention="From logits, blank 0; the mean is over samples (torch divides by label lengths first).",
        source=f"{GRAVES}, equations 3 and 6-16",
    ),
)
