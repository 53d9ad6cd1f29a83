"""Unit 09: recurrent networks and back-propagation through time (curriculum section 7)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graders.i18n import _
from graders.sandbox.program import Argument, Call, Seed
from graders.specs.activations import log_softmax
from graders.specs.losses import REDUCTIONS, reduced
from graders.specs.row import Arg, Axes, Outcome, Row, Task, TrainingRow, Trial

Floats = NDArray[np.float64]

RECURRENT = ("normal", "integers", "sparse", "wide")
"""Patterns that leave most steps unsaturated."""
CELL = {"N": (2, 4), "D": (2, 4), "H": (2, 5)}
SEQUENCE = {"N": (2, 4), "T": (2, 5), "D": (2, 4), "H": (2, 4)}
X, H0, WX, WH, B = Arg("x", "N T D"), Arg("h0", "N H"), Arg("wx", "D H"), Arg("wh", "H H"), Arg("b", "H")
LENGTHS = Arg("lengths", "N", "lengths T", differentiable=False)


def states(rng: np.random.Generator, shape: tuple[int, ...], sizes: Axes) -> Floats:
    """Values of tanh."""
    return np.asarray(np.tanh(rng.standard_normal(shape)))


def srn_step(x: Tensor, h_prev: Tensor, wx: Tensor, wh: Tensor, b: Tensor) -> Tensor:
    """tanh(x wx + h wh + b)."""
    return torch.tanh(x @ wx + h_prev @ wh + b)


def srn(x: Tensor, h0: Tensor, wx: Tensor, wh: Tensor, b: Tensor, *, truncate: int | None = None) -> Tensor:
    """Step after step; truncated, every h_t starts from a state `truncate` steps before that carries no gradient."""
    states = [h0]
    for t in range(x.shape[1]):
        states.append(srn_step(x[:, t], states[-1], wx, wh, b))
    if truncate is None:
        return torch.stack(states[1:], 1)
    outs = []
    for t in range(x.shape[1]):
        first = max(t - truncate + 1, 0)
        h = states[first].detach() if first else h0
        for k in range(first, t + 1):
            h = srn_step(x[:, k], h, wx, wh, b)
        outs.append(h)
    return torch.stack(outs, 1)


def preactivation_srn(x: Tensor, h0: Tensor, wx: Tensor, wh: Tensor, b: Tensor) -> Tensor:
    """h_t = tanh(h_{t-1}) wh + x_t wx + b."""
    h, states = h0, []
    for t in range(x.shape[1]):
        h = torch.tanh(h) @ wh + x[:, t] @ wx + b
        states.append(h)
    return torch.stack(states, 1)


def jordan(x: Tensor, y0: Tensor, wx: Tensor, wy: Tensor, b: Tensor, v: Tensor, c: Tensor) -> Tensor:
    """The output comes back."""
    y, outputs = y0, []
    for t in range(x.shape[1]):
        y = torch.sigmoid(torch.tanh(x[:, t] @ wx + y @ wy + b) @ v + c)
        outputs.append(y)
    return torch.stack(outputs, 1)


def residual_inputs(x: Tensor, h0: Tensor, wx: Tensor, b: Tensor) -> Tensor:
    """h_t = h_{t-1} + tanh(x_t wx + b)."""
    return h0[:, None] + torch.cumsum(torch.tanh(x @ wx + b), 1)


def residual_srn(x: Tensor, h0: Tensor, wx: Tensor, wh: Tensor, b: Tensor) -> Tensor:
    """h_t = h_{t-1} + tanh(x_t wx + h_{t-1} wh + b)."""
    h, states = h0, []
    for t in range(x.shape[1]):
        h = h + srn_step(x[:, t], h, wx, wh, b)
        states.append(h)
    return torch.stack(states, 1)


def masked_srn(x: Tensor, h0: Tensor, wx: Tensor, wh: Tensor, b: Tensor, lengths: Tensor) -> Tensor:
    """Sample by sample, each to its own end; the last state repeated behind it."""
    if not len(x):
        return srn(x, h0, wx, wh, b)
    rows = []
    for sample, start, length in zip(x, h0, lengths.tolist(), strict=True):
        h = srn(sample[None, :length], start[None], wx, wh, b)[0]
        rows.append(torch.cat([h, h[-1:].expand(len(sample) - length, -1)]))
    return torch.stack(rows)


def srn_deltas(h: Tensor, wh: Tensor, dlast: Tensor) -> Tensor:
    """dL_T/dz_k by products of Jacobians: dlast, through tanh at T, then wh and tanh for every step back."""
    slope = 1 - h**2
    delta = dlast * slope[:, -1]
    deltas = [delta]
    for k in range(h.shape[1] - 2, -1, -1):
        delta = torch.einsum("nh,kh->nk", delta, wh) * slope[:, k]
        deltas.append(delta)
    return torch.stack(deltas[::-1], 1)


def gradient_norms(h: Tensor, wh: Tensor) -> tuple[Tensor, Tensor]:
    """The largest singular values of dh_T/dh_k, and the powers that bound them."""
    steps = len(h)
    slope = 1 - h**2
    product, norms = torch.eye(h.shape[1], dtype=h.dtype), []
    for k in range(steps - 1, -1, -1):
        norms.append(torch.linalg.svdvals(product)[0])
        product = wh @ torch.diag(slope[k]) @ product
    factor = torch.linalg.svdvals(wh)[0] * slope.max()
    return torch.stack(norms[::-1]), torch.stack([factor ** (steps - 1 - k) for k in range(steps)])


def last_step(h: Tensor, lengths: Tensor) -> Tensor:
    """H at each sample's last step."""
    return h[torch.arange(len(h)), lengths - 1]


def sequence_loss(logits: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    """Cross-entropy of the steps within each length, summed."""
    losses = -log_softmax(logits).gather(2, labels[..., None])[..., 0]
    inside = torch.arange(logits.shape[1]) < lengths[:, None]
    return (losses * inside).sum(1)


# --- parity ---


def parity_trial(rng: np.random.Generator) -> Trial:
    """Random bit strings of every length from 1 to 12; T runs the network."""
    strings = [rng.integers(0, 2, int(length)) for length in np.repeat(np.arange(1, 13), 8)]
    return Trial((Call("parity_weights", returns=5),), functools.partial(judge_parity, strings=strings))


def judge_parity(values: tuple[Any, ...], strings: list[NDArray[np.int64]]) -> Outcome:
    """Share of the strings whose parity the network gets wrong."""
    outcome = functools.partial(Outcome, "error on bit strings", allowed=0.0)
    arrays = [v for v in values if isinstance(v, np.ndarray) and v.dtype.kind in "fiu"]
    if len(arrays) != 5 or arrays[1].ndim != 2:
        return outcome(error=np.inf, broken=_("wx, wh, b, v, c: not arrays of numbers"))
    wx, wh, b, v, c = (array.astype(np.float64) for array in arrays)
    units = len(wh)
    shapes = [(1, units), (units, units), (units,), (units, 1), (1,)]
    got = [array.shape for array in arrays]
    if got != shapes:
        text = _("{names}: shapes {got}, but should be {wanted}")
        return outcome(error=np.inf, broken=text.format(names="wx, wh, b, v, c", got=got, wanted=shapes))
    wrong = 0
    for bits in strings:
        h = np.zeros(units)
        for bit in bits:
            h = np.tanh(bit * wx[0] + h @ wh + b)
        wrong += bool((h @ v + c)[0] > 0) != bool(bits.sum() % 2)
    return outcome(error=wrong / len(strings))


# --- slot filling ---

OTHER, ORIGIN, DESTINATION = 0, 1, 2
CITIES, FILLERS, LENGTH = 8, 6, 8
FROM_WORDS, TO_WORDS = 2, 2
VOCABULARY = CITIES + FROM_WORDS + TO_WORDS + FILLERS
SLOT_ALLOWED = 0.1
"""Share of wrong city labels. A network that sees one word at a time is wrong in half of them; the reference in
none of 20 draws, and with a tenth of its training in .02."""


def sentences(rng: np.random.Generator, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sentences like "... leave (the big) Suzhou ... arrive (in) Beijing ...": a word before each city, not always
    next to it, tells which slot the city fills.
    """
    tokens = CITIES + FROM_WORDS + TO_WORDS + rng.integers(0, FILLERS, (count, LENGTH))
    labels = np.full((count, LENGTH), OTHER)
    for sentence in range(count):
        slots = [ORIGIN, DESTINATION] if rng.random() < 0.5 else [DESTINATION, ORIGIN]
        at = int(rng.integers(0, 2))
        for slot in slots:
            word = CITIES + rng.integers(0, FROM_WORDS) + (FROM_WORDS if slot == DESTINATION else 0)
            city = at + 1 + int(rng.integers(0, 2))
            tokens[sentence, at], tokens[sentence, city] = word, rng.integers(0, CITIES)
            labels[sentence, city] = slot
            at = city + 1
    return tokens, labels


def slot_trial(rng: np.random.Generator) -> Trial:
    """Sentences to learn from and to label; which number is which word is drawn as well."""
    tokens, labels = sentences(rng, 400)
    tokens = rng.permutation(VOCABULARY)[tokens]
    options: dict[str, Argument] = {"vocabulary": VOCABULARY, "num_labels": 3, "rng": Seed(int(rng.integers(2**31)))}
    call = Call("train_slot_filling", (tokens[:300], labels[:300], tokens[300:]), options, returns=2)
    return Trial((call,), functools.partial(judge_slots, labels=labels[300:]))


def judge_slots(values: tuple[Any, ...], labels: NDArray[np.int64]) -> Outcome:
    """Share of the city words whose slot is wrong."""
    predicted, history = values
    curve = None
    if isinstance(history, np.ndarray) and history.dtype.kind in "fiu":
        curve = np.asarray(history, np.float64).reshape(-1)
    outcome = functools.partial(Outcome, "error on cities", allowed=SLOT_ALLOWED, curve=curve)
    if not isinstance(predicted, np.ndarray) or predicted.dtype.kind not in "iu" or predicted.shape != labels.shape:
        text = _("predicted: not an array of integers of shape {shape}").format(shape=labels.shape)
        return outcome(error=np.inf, broken=text)
    cities = labels != OTHER
    return outcome(error=float((predicted != labels)[cities].mean()))


ELMAN = "Elman 1990; Goodfellow et al. 2016, equations 10.8-10.11"
ROWS: tuple[Task, ...] = (
    Row(
        "srn_step",
        (Arg("x", "N D"), Arg("h_prev", "N H"), WX, WH, B),
        srn_step,
        CELL,
        outputs=("h",),
        patterns=RECURRENT,
        workload={"N": 24, "D": 128, "H": 128},
        convention="h = tanh(x wx + h_prev wh + b); rows are samples; one bias (torch.nn.RNN has two).",
        source=ELMAN,
    ),
    Row(
        "srn",
        (X, H0, WX, WH, B),
        srn,
        SEQUENCE,
        outputs=("h",),
        options={"truncate": (None, 1, 2)},
        patterns=RECURRENT,
        workload={"N": 16, "T": 16, "D": 32, "H": 32},
        convention="The backward is BPTT; with truncate=k the gradient of h_t goes back through k steps, t counted.",
        source="Werbos 1990; Williams & Zipser 1995",
    ),
    Row(
        "preactivation_srn",
        (X, H0, WX, WH, B),
        preactivation_srn,
        SEQUENCE,
        outputs=("h",),
        patterns=RECURRENT,
        workload={"N": 16, "T": 16, "D": 32, "H": 32},
        convention="h_t = tanh(h_{t-1}) wh + x_t wx + b: the state returned is not passed through tanh.",
        source="Pascanu et al. 2013, equation 2; Beihang slides",
    ),
    Row(
        "jordan",
        (X, Arg("y0", "N M"), WX, Arg("wy", "M H"), B, Arg("v", "H M"), Arg("c", "M")),
        jordan,
        {**SEQUENCE, "M": (2, 4)},
        outputs=("y",),
        patterns=RECURRENT,
        workload={"N": 16, "T": 16, "D": 32, "H": 32, "M": 16},
        convention="h_t = tanh(x_t wx + y_{t-1} wy + b), y_t = sigmoid(h_t v + c).",
        source="Jordan 1986; Tsinghua slides",
    ),
    Row(
        "residual_inputs",
        (X, H0, WX, B),
        residual_inputs,
        SEQUENCE,
        outputs=("h",),
        patterns=RECURRENT,
        workload={"N": 16, "T": 16, "D": 32, "H": 32},
        convention="h_t = h_{t-1} + tanh(x_t wx + b).",
        source="USTC slides, residual recurrences",
    ),
    Row(
        "residual_srn",
        (X, H0, WX, WH, B),
        residual_srn,
        SEQUENCE,
        outputs=("h",),
        patterns=RECURRENT,
        workload={"N": 16, "T": 16, "D": 32, "H": 32},
        convention="h_t = h_{t-1} + tanh(x_t wx + h_{t-1} wh + b).",
        source="USTC slides, residual recurrences",
    ),
    Row(
        "masked_srn",
        (X, H0, WX, WH, B, LENGTHS),
        masked_srn,
        SEQUENCE,
        outputs=("h",),
        patterns=RECURRENT,
        workload={"N": 16, "T": 16, "D": 32, "H": 32},
        convention="Behind its end a sequence keeps its last state; dx is 0 there.",
        source="USTC slides, sequences of different lengths",
    ),
    Row(
        "last_step",
        (Arg("h", "N T H"), LENGTHS),
        last_step,
        {"N": (2, 4), "T": (2, 5), "H": (2, 4)},
        outputs=("last",),
        workload={"N": 64, "T": 32, "H": 64},
        convention="last[n] = h[n, lengths[n] - 1].",
        source="Beihang slides, shapes of recurrent networks",
    ),
    Row(
        "sequence_loss",
        (Arg("logits", "N T C"), Arg("labels", "N T", "labels C", differentiable=False), LENGTHS),
        reduced(sequence_loss),
        {"N": (2, 4), "T": (2, 5), "C": (2, 4)},
        outputs=("loss",),
        options={"reduction": REDUCTIONS},
        empty="",
        workload={"N": 64, "T": 8, "C": 64},
        convention="From logits; summed over the steps of a sequence, then reduced over the sequences.",
        source="Goodfellow et al. 2016, equations 10.12-10.14",
    ),
    Row(
        "srn_deltas",
        (Arg("h", "N T H", states), WH, Arg("dlast", "N H")),
        srn_deltas,
        {"N": (2, 4), "T": (2, 5), "H": (2, 4)},
        kind="function",
        outputs=("delta",),
        workload={"N": 32, "T": 32, "H": 32},
        convention="delta_{T,k} = dL_T/dz_k; rows, so delta_{T,k} = (delta_{T,k+1} wh^T) f'(z_k).",
        source="USTC slides, BPTT; Werbos 1990",
    ),
    Row(
        "gradient_norms",
        (Arg("h", "T H", states), WH),
        gradient_norms,
        {"T": (2, 6), "H": (2, 4)},
        kind="function",
        outputs=("norms", "bounds"),
        batch="",
        empty="",
        patterns=("normal", "wide"),
        convention="Spectral norms of dh_T/dh_k, k = 1 .. T, and (|wh| max |f'|)^(T-k).",
        source="Pascanu et al. 2013, section 2.1",
    ),
    TrainingRow(
        "parity_automaton",
        ("wx", "wh", "b", "v", "c"),
        parity_trial,
        trials=1,
        asks=("parity_weights",),
        convention="tanh units from h_0 = 0; the string is odd where h_T v + c > 0.",
        source="USTC slides, a recurrent network as a finite automaton",
    ),
    TrainingRow(
        "train_slot_filling",
        ("predicted", "history"),
        slot_trial,
        trials=2,
        convention="Labels for every word; judged on the cities, whose slot a word before them decides.",
        source="Soochow and USTC slides, slot filling; Mesnil et al. 2013",
    ),
)
