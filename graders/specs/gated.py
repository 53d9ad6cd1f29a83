"""Unit 10: gated recurrent networks (curriculum section 8)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from graders.specs import hostile
from graders.specs.recurrent import RECURRENT
from graders.specs.row import Arg, Row, Task

STEP = {"N": (2, 4), "D": (2, 4), "H": (2, 4)}
SEQUENCE = {"N": (2, 3), "T": (2, 4), "D": (2, 4), "H": (2, 4)}
State = tuple[Tensor, Tensor]


def lstm_step(x: Tensor, h: Tensor, c: Tensor, wx: Tensor, wh: Tensor, b: Tensor) -> State:
    """C = f c + i g, h = o tanh(c)."""
    z_i, z_f, z_g, z_o = (x @ wx + h @ wh + b).chunk(4, -1)
    c = torch.sigmoid(z_f) * c + torch.sigmoid(z_i) * torch.tanh(z_g)
    return torch.sigmoid(z_o) * torch.tanh(c), c


def joint_lstm_step(x: Tensor, h: Tensor, c: Tensor, w: Tensor, b: Tensor) -> State:
    """The same of [h, x] w + b."""
    z_i, z_f, z_g, z_o = (torch.cat([h, x], -1) @ w + b).chunk(4, -1)
    c = torch.sigmoid(z_f) * c + torch.sigmoid(z_i) * torch.tanh(z_g)
    return torch.sigmoid(z_o) * torch.tanh(c), c


def no_forget_lstm_step(x: Tensor, h: Tensor, c: Tensor, wx: Tensor, wh: Tensor, b: Tensor) -> State:
    """C = c + i g (Hochreiter & Schmidhuber 1997, without truncation)."""
    z_i, z_g, z_o = (x @ wx + h @ wh + b).chunk(3, -1)
    c = c + torch.sigmoid(z_i) * torch.tanh(z_g)
    return torch.sigmoid(z_o) * torch.tanh(c), c


def coupled_lstm_step(x: Tensor, h: Tensor, c: Tensor, wx: Tensor, wh: Tensor, b: Tensor) -> State:
    """C = (1 - i) c + i g (Greff et al. 2017, CIFG)."""
    z_i, z_g, z_o = (x @ wx + h @ wh + b).chunk(3, -1)
    i = torch.sigmoid(z_i)
    c = (1 - i) * c + i * torch.tanh(z_g)
    return torch.sigmoid(z_o) * torch.tanh(c), c


def peephole_lstm_step(x: Tensor, h: Tensor, c: Tensor, wx: Tensor, wh: Tensor, b: Tensor, p: Tensor) -> State:
    """Diagonal peepholes: i and f see the cell before, o the new one (Gers & Schmidhuber 2000)."""
    z_i, z_f, z_g, z_o = (x @ wx + h @ wh + b).chunk(4, -1)
    c = torch.sigmoid(z_f + p[1] * c) * c + torch.sigmoid(z_i + p[0] * c) * torch.tanh(z_g)
    return torch.sigmoid(z_o + p[2] * c) * torch.tanh(c), c


def memory_cell(z: Tensor, z_i: Tensor, z_f: Tensor, z_o: Tensor, c: Tensor) -> State:
    """The cell alone."""
    c = torch.tanh(z) * torch.sigmoid(z_i) + c * torch.sigmoid(z_f)
    return torch.tanh(c) * torch.sigmoid(z_o), c


def over_time(step: Callable[..., State]) -> Callable[..., State]:
    """A sequence of steps: every h, and the last c."""

    def sequence(x: Tensor, h: Tensor, c: Tensor, *params: Tensor) -> State:
        outputs = []
        for t in range(x.shape[1]):
            h, c = step(x[:, t], h, c, *params)
            outputs.append(h)
        return torch.stack(outputs, 1), c

    return sequence


def gru_chung_step(x: Tensor, h: Tensor, wx: Tensor, wh: Tensor) -> Tensor:
    """H = (1 - z) h + z n (Chung et al. 2014)."""
    x_r, x_z, x_n = (x @ wx).chunk(3, -1)
    w_r, w_z, w_n = wh.chunk(3, -1)
    r, z = torch.sigmoid(x_r + h @ w_r), torch.sigmoid(x_z + h @ w_z)
    return (1 - z) * h + z * torch.tanh(x_n + (r * h) @ w_n)


def gru_cho_step(x: Tensor, h: Tensor, wx: Tensor, wh: Tensor, b: Tensor) -> Tensor:
    """H = z h + (1 - z) n, no bias in the candidate (Cho et al. 2014)."""
    x_r, x_z, x_n = (x @ wx).chunk(3, -1)
    w_r, w_z, w_n = wh.chunk(3, -1)
    b_r, b_z = b.chunk(2)
    r, z = torch.sigmoid(x_r + h @ w_r + b_r), torch.sigmoid(x_z + h @ w_z + b_z)
    return z * h + (1 - z) * torch.tanh(x_n + (r * h) @ w_n)


def gru_reset_after_step(x: Tensor, h: Tensor, wx: Tensor, wh: Tensor, bx: Tensor, bh: Tensor) -> Tensor:
    """H = (1 - z) n + z h, the reset after the product and its bias (torch.nn.GRU)."""
    x_r, x_z, x_n = (x @ wx + bx).chunk(3, -1)
    h_r, h_z, h_n = (h @ wh + bh).chunk(3, -1)
    z = torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n) + z * h


def states_over_time(step: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A sequence of steps: every h."""

    def sequence(x: Tensor, h: Tensor, *params: Tensor) -> Tensor:
        outputs = []
        for t in range(x.shape[1]):
            h = step(x[:, t], h, *params)
            outputs.append(h)
        return torch.stack(outputs, 1)

    return sequence


def cell_jacobian_terms(
    x: Tensor, c_prev: Tensor, o_prev: Tensor, wx: Tensor, wh: Tensor, b: Tensor
) -> tuple[Tensor, ...]:
    """Each path by autograd, everything else on it held fixed."""
    with torch.enable_grad():
        c = c_prev.detach().requires_grad_()
        z_i, z_f, z_g, _ = (x @ wx + (o_prev * torch.tanh(c)) @ wh + b).chunk(4, -1)
        i, f, g = torch.sigmoid(z_i), torch.sigmoid(z_f), torch.tanh(z_g)
        paths = (f.detach() * c, f * c_prev, i * g.detach(), i.detach() * g)
        return tuple(jacobian(path, c) for path in paths)


def jacobian(out: Tensor, of: Tensor) -> Tensor:
    """Entry [j, k] is d out[k] / d of[j]."""
    columns = [torch.autograd.grad(entry, of, retain_graph=True)[0] for entry in out]
    return torch.stack(columns, -1)


def lstm_gradient_norms(x: Tensor, wx: Tensor, wh: Tensor, b: Tensor) -> Tensor:
    """Singular values of the product of the steps' Jacobians, each by autograd."""
    units = len(wh)
    with torch.enable_grad():
        state, steps = x.new_zeros(2 * units), []
        for inputs in x:
            before = state.detach().requires_grad_()
            after = lstm_step(inputs, before[:units], before[units:], wx, wh, b)
            state = torch.cat(after)
            steps.append(jacobian(state, before))
    product, norms = torch.eye(2 * units, dtype=x.dtype), []
    for step in reversed(steps):
        norms.append(torch.linalg.svdvals(product)[0])
        product = step @ product
    return torch.stack(norms[::-1])


def recurrent_parameters(inputs: int, hidden: int, *, cell: str) -> Tensor:
    """Counted array by array, in the shapes of the tasks."""
    shapes: dict[str, list[tuple[int, ...]]] = {
        "srn": [(inputs, hidden), (hidden, hidden), (hidden,)],
        "lstm": [(inputs, 4 * hidden), (hidden, 4 * hidden), (4 * hidden,)],
        "no_forget_lstm": [(inputs, 3 * hidden), (hidden, 3 * hidden), (3 * hidden,)],
        "coupled_lstm": [(inputs, 3 * hidden), (hidden, 3 * hidden), (3 * hidden,)],
        "peephole_lstm": [(inputs, 4 * hidden), (hidden, 4 * hidden), (4 * hidden,), (3, hidden)],
        "gru_chung": [(inputs, 3 * hidden), (hidden, 3 * hidden)],
        "gru_cho": [(inputs, 3 * hidden), (hidden, 3 * hidden), (2 * hidden,)],
        "gru_reset_after": [(inputs, 3 * hidden), (hidden, 3 * hidden), (3 * hidden,), (3 * hidden,)],
    }
    return torch.tensor(sum(map(math.prod, shapes[cell])))


X_STEP, H_PREV, C_PREV = Arg("x", "N D"), Arg("h_prev", "N H"), Arg("c_prev", "N H")
X, H0, C0 = Arg("x", "N T D"), Arg("h0", "N H"), Arg("c0", "N H")
LSTM = (Arg("wx", "D 4*H"), Arg("wh", "H 4*H"), Arg("b", "4*H"))
THREE = (Arg("wx", "D 3*H"), Arg("wh", "H 3*H"), Arg("b", "3*H"))
GRU = (Arg("wx", "D 3*H"), Arg("wh", "H 3*H"))
WIDE, LONG = {"N": 64, "D": 64, "H": 96}, {"N": 16, "T": 16, "D": 32, "H": 32}
"""Workloads of a step and of a sequence."""


def lstm_rows(
    name: str, step: Callable[..., State], params: tuple[Arg, ...], convention: str, source: str
) -> list[Row]:
    """The step and the sequence of one cell."""
    fields: dict[str, Any] = {"outputs": ("h", "c"), "patterns": RECURRENT, "convention": convention, "source": source}
    one = {**fields, "hostile": hostile.GATED_STEP, "workload": WIDE}
    return [
        Row(f"{name}_step", (X_STEP, H_PREV, C_PREV, *params), step, STEP, **one),
        Row(name, (X, H0, C0, *params), over_time(step), SEQUENCE, workload=LONG, **fields),
    ]


def gru_rows(
    name: str, step: Callable[..., Tensor], params: tuple[Arg, ...], convention: str, source: str
) -> list[Row]:
    """The step and the sequence of one convention."""
    fields: dict[str, Any] = {"outputs": ("h",), "patterns": RECURRENT, "convention": convention, "source": source}
    one = {**fields, "hostile": hostile.GATED_STEP, "workload": WIDE}
    return [
        Row(f"{name}_step", (X_STEP, H_PREV, *params), step, STEP, **one),
        Row(name, (X, H0, *params), states_over_time(step), SEQUENCE, workload=LONG, **fields),
    ]


GERS = "Hochreiter & Schmidhuber 1997; Gers et al. 2000"
ROWS: tuple[Task, ...] = (
    Row(
        "memory_cell",
        tuple(Arg(name, "N H") for name in ("z", "z_i", "z_f", "z_o", "c_prev")),
        memory_cell,
        {"N": (2, 5), "H": (2, 6)},
        outputs=("a", "c"),
        patterns=RECURRENT,
        hostile=hostile.MEMORY_CELL,
        workload={"N": 64, "H": 128},
        convention="c = tanh(z) s(z_i) + c_prev s(z_f), a = tanh(c) s(z_o); the new c is read, not the old.",
        source="Soochow slides, the LSTM cell",
    ),
    *lstm_rows("lstm", lstm_step, LSTM, "Gate blocks i, f, g, o; one bias (torch.nn.LSTM has two).", GERS),
    Row(
        "joint_lstm_step",
        (X_STEP, H_PREV, C_PREV, Arg("w", "H+D 4*H"), Arg("b", "4*H")),
        joint_lstm_step,
        STEP,
        outputs=("h", "c"),
        patterns=RECURRENT,
        hostile=hostile.GATED_STEP,
        workload={"N": 64, "D": 64, "H": 64},
        convention="One matrix for [h_prev, x], the rows of h_prev first; gate blocks i, f, g, o.",
        source="Gers et al. 2000; Beihang and Tsinghua slides",
    ),
    *lstm_rows(
        "no_forget_lstm",
        no_forget_lstm_step,
        THREE,
        "No forget gate; blocks i, g, o.",
        "Hochreiter & Schmidhuber 1997; USTC slides",
    ),
    *lstm_rows(
        "coupled_lstm",
        coupled_lstm_step,
        THREE,
        "f = 1 - i; blocks i, g, o.",
        "Greff et al. 2017, CIFG; USTC slides",
    ),
    *lstm_rows(
        "peephole_lstm",
        peephole_lstm_step,
        (*LSTM, Arg("p", "3 H")),
        "Diagonal peepholes p = (p_i, p_f, p_o): i and f see c_prev, o sees the new c.",
        "Gers & Schmidhuber 2000; USTC and Tsinghua slides",
    ),
    *gru_rows(
        "gru_chung",
        gru_chung_step,
        GRU,
        "h = (1 - z) h_prev + z n; no biases; reset before the product; blocks r, z, n.",
        "Chung et al. 2014; Tsinghua slides, which name Cho",
    ),
    *gru_rows(
        "gru_cho",
        gru_cho_step,
        (*GRU, Arg("b", "2*H")),
        "h = z h_prev + (1 - z) n; no bias in the candidate; reset before the product; blocks r, z, n.",
        "Cho et al. 2014; USTC slides",
    ),
    *gru_rows(
        "gru_reset_after",
        gru_reset_after_step,
        (*GRU, Arg("bx", "3*H"), Arg("bh", "3*H")),
        "h = (1 - z) n + z h_prev; reset after the product and its bias, as torch.nn.GRU; blocks r, z, n.",
        "torch.nn.GRU; Cho et al. 2014",
    ),
    Row(
        "cell_jacobian_terms",
        (Arg("x", "D"), Arg("c_prev", "H"), Arg("o_prev", "H", "open unit"), *LSTM),
        cell_jacobian_terms,
        {"D": (2, 4), "H": (2, 4)},
        kind="function",
        outputs=("direct", "by_forget", "by_input", "by_candidate"),
        batch="",
        empty="",
        patterns=RECURRENT,
        convention="Entry [j, k] is dC_t[k] / dC_{t-1}[j]; h_{t-1} = o_prev tanh(c_prev), o_prev held fixed.",
        source="Soochow slides, why the LSTM keeps its gradient",
    ),
    Row(
        "lstm_gradient_norms",
        (Arg("x", "T D"), *LSTM),
        lstm_gradient_norms,
        {"T": (2, 5), "D": (2, 4), "H": (2, 3)},
        kind="function",
        outputs=("norms",),
        batch="",
        empty="",
        patterns=("normal", "wide"),
        convention="Spectral norms of d(h_T, c_T) / d(h_k, c_k), k = 1 .. T, from the zero state.",
        source="Soochow slides; Pascanu et al. 2013",
    ),
    Row(
        "recurrent_parameters",
        (Arg("inputs", "", "size D"), Arg("hidden", "", "size H")),
        recurrent_parameters,
        {"D": (2, 40), "H": (2, 60)},
        kind="function",
        outputs=("count",),
        options={
            "cell": (
                "lstm",
                "srn",
                "no_forget_lstm",
                "coupled_lstm",
                "peephole_lstm",
                "gru_chung",
                "gru_cho",
                "gru_reset_after",
            )
        },
        batch="",
        empty="",
        convention="As in the tasks of those names: their matrices, biases and peepholes.",
        source="Tsinghua slides, parameters of SRN, LSTM and GRU",
    ),
)
