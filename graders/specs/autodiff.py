"""Unit 04: automatic differentiation (curriculum section 3, computation graphs)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from graders.sandbox.program import Call, Ref
from graders.specs.row import Arg, Axes, Row, Script, ScriptRow, Task

Operation = tuple[str, int]
"""The submission's function, and how many nodes it takes."""
SCALAR_OPERATIONS = ("scalar_add", "scalar_multiply", "scalar_tanh", "scalar_sin")
ARRAY_OPERATIONS = ("array_add", "array_multiply", "array_tanh")
TORCH: Mapping[str, Callable[..., Tensor]] = {
    "add": lambda a, b: a + b,
    "multiply": lambda a, b: a * b,
    "tanh": torch.tanh,
    "sin": torch.sin,
}
BINARY = ("add", "multiply")
OPERATIONS = 9
SCALARS = 3
HIDDEN = frozenset({0})


# --- a graph, drawn ---


def graph(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """What each operation is, and the nodes it takes: numbers that are read modulo what there is."""
    return rng.integers(0, 2**31, shape)


def steps(ops: Any, operations: tuple[str, ...], leaves: int) -> list[tuple[str, list[int]]]:
    """The drawn operations in turn: the name, and the numbers of the nodes it takes.

    Sums and products, and a function every third time, so that values stay moderate. One of the two nodes taken is
    among the two newest; the other is any, a leaf not taken yet, or the first again. Graphs get deep and wide, and
    nodes are used again, by later ones than their neighbours.
    """
    binary = [name for name in operations if name.endswith(BINARY)]
    unary = [name for name in operations if not name.endswith(BINARY)]
    decoded: list[tuple[str, list[int]]] = []
    unused = list(range(leaves))
    for index, (what, left, right) in enumerate(np.asarray(ops).tolist()):
        name = unary[what % len(unary)] if index % 3 == 2 else binary[what % len(binary)]
        count = leaves + index
        newest = count - 1 - left % 2 if index else left % count
        other = newest if right % 4 == 0 else unused[0] if unused and right % 2 else right // 4 % count
        taken = [newest, other] if left // 2 % 2 else [other, newest]
        taken = taken if name in binary else [newest]
        unused = [leaf for leaf in unused if leaf not in taken]
        decoded.append((name, taken))
    return decoded


def graph_script(
    prefix: str, leaves: list[Any], decoded: list[tuple[str, list[int]]], close: str | None, before: list[Call]
) -> Script:
    """Leaves, operations, the output's value, its gradients, and the same gradients again."""
    calls = [Call(f"{prefix}_node", (leaf,), opaque=HIDDEN) for leaf in leaves]
    calls += before
    for name, taken in decoded:
        calls.append(Call(name, tuple(Ref(node) for node in taken), opaque=HIDDEN))
    if close:
        calls.append(Call(close, (Ref(len(calls) - 1),), opaque=HIDDEN))
    output = Ref(len(calls) - 1)
    wanted = [Ref(node) for node in range(len(leaves))]
    calls.append(Call(f"{prefix}_value", (output,)))
    calls.append(Call(f"{prefix}_gradients", (output, wanted)))
    calls.append(Call(f"{prefix}_gradients", (output, wanted)))
    count = len(calls)
    return Script(tuple(calls), {"value": (count - 3, 0), "gradients": (count - 2, 0), "again": (count - 1, 0)})


def run_graph(nodes: list[Tensor], decoded: list[tuple[str, list[int]]]) -> Tensor:
    """The same in torch; the last node."""
    for name, taken in decoded:
        nodes = [*nodes, TORCH[name.partition("_")[2]](*(nodes[node] for node in taken))]
    return nodes[-1]


def differentiated(leaves: list[Tensor], build: Callable[[list[Tensor]], Tensor]) -> tuple[Tensor, list[Tensor]]:
    """The output and its gradients."""
    with torch.enable_grad():
        inputs = [leaf.detach().requires_grad_() for leaf in leaves]
        out = build(inputs)
        grads = torch.autograd.grad(out, inputs, allow_unused=True, materialize_grads=True)
    return out.detach(), list(grads)


def scalar_oracle(leaves: list[Tensor], ops: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Value, gradients, and the gradients once more."""
    decoded = steps(ops, SCALAR_OPERATIONS, len(leaves))
    value, grads = differentiated(leaves, lambda nodes: run_graph(nodes, decoded))
    return value, grads, grads


def scalar_script(args: Mapping[str, Any], options: Mapping[str, Any]) -> Script:
    """A drawn graph of numbers."""
    leaves = args["leaves"]
    return graph_script("scalar", leaves, steps(args["ops"], SCALAR_OPERATIONS, len(leaves)), None, [])


def array_oracle(leaves: list[Tensor], ops: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """X w first, then the drawn operations, then the sum."""
    decoded = steps(ops, ARRAY_OPERATIONS, len(leaves) - 1)

    def build(nodes: list[Tensor]) -> Tensor:
        return run_graph([*nodes[2:], nodes[0] @ nodes[1]], decoded).sum()

    value, grads = differentiated(leaves, build)
    return value, grads, grads


def array_script(args: Mapping[str, Any], options: Mapping[str, Any]) -> Script:
    """A drawn graph of arrays: x and w meet in a product, the rest broadcasts."""
    leaves = args["leaves"]
    product = Call("array_matmul", (Ref(0), Ref(1)), opaque=HIDDEN)
    decoded = steps(args["ops"], ARRAY_OPERATIONS, len(leaves) - 1)
    # x and w themselves take part in nothing else: their shapes do not broadcast.
    moved = [(name, [node + 2 for node in taken]) for name, taken in decoded]
    return graph_script("array", leaves, moved, "array_sum", [product])


def scalars(axes: Axes) -> list[tuple[int, ...]]:
    """A few numbers."""
    return [()] * SCALARS


def arrays(axes: Axes) -> list[tuple[int, ...]]:
    """X and w for the product, and what broadcasts with it: a row, a column, a number."""
    n, k, m = axes["N"], axes["K"], axes["M"]
    return [(n, k), (k, m), (m,), (n, 1), ()]


# --- one by one ---


def topological_order(inputs: Tensor, root: int) -> Tensor:
    """Depth first with a stack of its own: a node is written when it is met for the second time."""
    order: list[int] = []
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done or node in order:
            order += [node] if done and node not in order else []
            continue
        stack.append((node, True))
        stack += [(int(before), False) for before in reversed(inputs[node].tolist()) if before >= 0]
    return torch.tensor(order)


def dag(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """A graph without cycles whose numbering says nothing: inputs are drawn among earlier nodes, then renumbered.

    The last number is always the root of most of it.
    """
    nodes = shape[0]
    names = np.append(rng.permutation(nodes - 1), nodes - 1)
    inputs = np.full(shape, -1)
    for node in range(nodes):
        for side in range(2):
            if node and rng.random() < 0.8:
                inputs[names[node], side] = names[rng.integers(0, node)]
    return inputs


def root(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> int:
    """Any node, the last one every other time."""
    return int(rng.integers(0, sizes["V"])) if rng.random() < 0.5 else sizes["V"] - 1


def unbroadcast(dout: Tensor, like: Tensor) -> Tensor:
    """What autograd sends through expand."""
    with torch.enable_grad():
        before = torch.zeros_like(like).requires_grad_()
        return torch.autograd.grad((before.expand(dout.shape) * dout).sum(), before)[0]


def gradient_error(analytic: Tensor, ahead: Tensor, behind: Tensor, *, step: float) -> tuple[Tensor, Tensor]:
    """Central differences, and the largest deviation on the common scale."""
    numeric = (ahead - behind) / (2 * step)
    scale = torch.maximum(analytic.abs().max(), numeric.abs().max())
    return numeric, (analytic - numeric).abs().max() / torch.where(scale > 0, scale, torch.ones_like(scale))


BAYDIN = "Baydin et al. 2018, section 3.2"
GRIEWANK = "Griewank & Walther 2008, section 3.2; USTC slides, computation graphs"
STAGES = {"forward": (("value",), 30.0), "gradients": (("gradients", "again"), 70.0)}

ROWS: tuple[Task, ...] = (
    Row(
        "topological_order",
        (Arg("inputs", "V 2", dag, differentiable=False), Arg("root", "", root, differentiable=False)),
        topological_order,
        {"V": (3, 9)},
        kind="function",
        outputs=("order",),
        batch="",
        empty="",
        convention="Depth first: all that the first input needs, then the second, then the node; each once, root last.",
        source="Tarjan 1976; USTC slides, computation graphs",
    ),
    ScriptRow(
        "scalar_engine",
        (Arg("leaves", scalars), Arg("ops", f"{OPERATIONS} 3", graph, differentiable=False)),
        scalar_oracle,
        {"S": (2, 3)},
        outputs=("value", "gradients", "again"),
        batch="",
        empty="",
        patterns=("normal", "integers", "ones"),
        convention="A drawn graph of sums, products, tanh and sin in which nodes are used again; gradients twice.",
        source=GRIEWANK,
        script=scalar_script,
        asks=(
            "scalar_node",
            "scalar_value",
            *SCALAR_OPERATIONS,
            "scalar_gradients",
        ),
        stages=STAGES,
    ),
    Row(
        "broadcast_add",
        (Arg("a", "N M"), Arg("b", "M")),
        lambda a, b: a + b,
        {"N": (2, 5), "M": (2, 5)},
        convention="A row is added to every row.",
        source=BAYDIN,
    ),
    Row(
        "broadcast_multiply",
        (Arg("a", "N M"), Arg("b", "N 1")),
        lambda a, b: a * b,
        {"N": (2, 5), "M": (2, 5)},
        convention="A column times every column; its gradient is a column, too.",
        source=BAYDIN,
    ),
    Row(
        "matrix_product",
        (Arg("a", "N K"), Arg("b", "K M")),
        lambda a, b: a @ b,
        {"N": (2, 5), "K": (2, 5), "M": (2, 5)},
        workload={"N": 48, "K": 256, "M": 128},
        convention="No bias, no batch of matrices.",
        source="Giles 2008, section 2.2.2",
    ),
    Row(
        "axis_sum",
        (Arg("x", "N M"),),
        lambda x, axis: x.sum(axis),
        {"N": (2, 5), "M": (2, 5)},
        options={"axis": (0, 1)},
        batch="",
        convention="The axis that is summed over is gone from the output.",
        source=BAYDIN,
    ),
    Row(
        "unbroadcast",
        (Arg("dout", "P N M"), Arg("like", "A M")),
        unbroadcast,
        {"P": (2, 4), "N": (2, 4), "M": (2, 4), "A": (1, 4)},
        kind="function",
        outputs=("gradient",),
        batch="",
        empty="P",
        valid=lambda sizes, options: sizes["A"] in (1, sizes["N"]),
        examples=tuple(
            {"dout": np.arange(12.0).reshape(shape), "like": np.ones(like)}
            for shape, like in (((3, 4), (1, 4)), ((3, 4), (3, 1)), ((2, 6), (6,)), ((2, 2, 3), (2, 1, 1)), ((12,), ()))
        ),
        convention="Summed over axes that like does not have, and over those where it has size 1.",
        source=BAYDIN,
    ),
    ScriptRow(
        "array_engine",
        (Arg("leaves", arrays), Arg("ops", f"{OPERATIONS - 2} 3", graph, differentiable=False)),
        array_oracle,
        {"N": (2, 4), "K": (2, 4), "M": (2, 4)},
        outputs=("value", "gradients", "again"),
        batch="",
        empty="N",
        patterns=("normal", "integers", "ones"),
        convention="x w, then a drawn graph of broadcast sums, products and tanh, then the sum; gradients twice.",
        source=BAYDIN,
        script=array_script,
        asks=(
            "array_node",
            "array_value",
            *ARRAY_OPERATIONS,
            "array_matmul",
            "array_sum",
            "array_gradients",
        ),
        stages=STAGES,
    ),
    Row(
        "gradient_error",
        (Arg("analytic", "K"), Arg("ahead", "K"), Arg("behind", "K")),
        gradient_error,
        {"K": (2, 7)},
        kind="function",
        outputs=("numeric", "error"),
        options={"step": (1e-4, 0.5)},
        batch="",
        empty="",
        patterns=("normal", "integers", "zeros", "wide"),
        examples=(
            {"analytic": [0.0, 0.0], "ahead": [0.0, 1.0], "behind": [0.0, 1.0]},
            {"analytic": [0.25, -0.25], "ahead": [2e-5, 0.0], "behind": [-2e-5, 5e-5]},
        ),
        convention="Central differences; one scale for all entries; 0 where everything is 0.",
        source="Goodfellow et al. 2016, section 11.5",
    ),
)
