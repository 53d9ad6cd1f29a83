"""Reverse-mode automatic differentiation: a graph that remembers how it was computed, read backwards."""

from collections.abc import Callable, Sequence

from reference.checks import require, require_shape, require_values
from reference.namespace import Array, array_namespace

Vjp = Callable[[Array], Array]
"""From the gradient of a node to what it sends to one of its inputs: a vector-Jacobian product."""


class Node:
    """A value, the nodes it was computed from, and for each of them the way back."""

    def __init__(self, value: Array, inputs: tuple["Node", ...] = (), vjps: tuple[Vjp, ...] = ()) -> None:
        self.value, self.inputs, self.vjps = value, inputs, vjps


def topological_order(inputs: Array, root: int) -> Array:
    """The order in which a graph can be computed: every node after its inputs.

    Args:
        inputs: (V, 2) int, the two inputs of each node, -1 for none; there are no cycles.
        root: the node that is wanted, in 0 .. V - 1.
    Returns:
        order: (R,) int64, the nodes that the root depends on, itself last.
    Raises:
        ValueError: inputs is not (V, 2) or names a node there is not, or root is not a node.
    Convention: depth first: what the first input needs, then what the second needs, then the node, each once.
    Source: Tarjan 1976; Griewank & Walther 2008, section 3.2.
    """
    xp = array_namespace(inputs)
    require_shape("inputs", inputs, ("V", 2))
    nodes = inputs.shape[0]
    require(0 <= root < nodes, "root", root, f"in 0 .. {nodes - 1}")
    require_values("inputs", (inputs >= -1) & (inputs < nodes), f"in -1 .. {nodes - 1}")
    order: list[int] = []
    seen: set[int] = set()

    def visit(node: int) -> None:
        if node not in seen:
            seen.add(node)
            for side in range(2):
                before = int(inputs[node, side])
                if before >= 0:
                    visit(before)
            order.append(node)

    visit(root)
    return xp.asarray(order, dtype=xp.int64, device=inputs.device)


def backpropagate(output: Node, wanted: Sequence[Node]) -> list[Array]:
    """The gradients of an output's sum with respect to some nodes; 0 for those it does not depend on."""
    order: list[Node] = []
    seen: set[int] = set()

    def visit(node: Node) -> None:
        if id(node) not in seen:
            seen.add(id(node))
            for before in node.inputs:
                visit(before)
            order.append(node)

    visit(output)
    xp = array_namespace(output.value)
    gradients = {id(output): xp.ones_like(output.value)}
    for node in reversed(order):
        # Whoever uses this node comes after it in the order, so its gradient is complete by now.
        for before, vjp in zip(node.inputs, node.vjps, strict=True):
            sent = vjp(gradients[id(node)])
            gradients[id(before)] = gradients[id(before)] + sent if id(before) in gradients else sent
    return [gradients.get(id(node), xp.zeros_like(node.value)) for node in wanted]


# --- on numbers ---


def scalar_node(value: Array) -> Node:
    """A number that nothing was computed from.

    Args:
        value: () float.
    Returns:
        node: opaque.
    Raises:
        ValueError: value is not a single number.
    Source: Griewank & Walther 2008, section 3.2.
    """
    require_shape("value", value, ())
    return Node(value)


def scalar_value(node: Node) -> Array:
    """The number of a node.

    Args:
        node: from one of the functions of the engine.
    Returns:
        value: () float.
    Source: Griewank & Walther 2008, section 3.2.
    """
    return node.value


def scalar_add(a: Node, b: Node) -> Node:
    """The sum of two nodes.

    Args:
        a: a node.
        b: a node, which may be the same.
    Returns:
        node: a + b.
    Source: Griewank & Walther 2008, section 3.2.
    """
    return Node(a.value + b.value, (a, b), (lambda g: g, lambda g: g))


def scalar_multiply(a: Node, b: Node) -> Node:
    """The product of two nodes.

    Args:
        a: a node.
        b: a node, which may be the same.
    Returns:
        node: a b.
    Source: Griewank & Walther 2008, section 3.2.
    """
    return Node(a.value * b.value, (a, b), (lambda g: g * b.value, lambda g: g * a.value))


def scalar_tanh(a: Node) -> Node:
    """The hyperbolic tangent of a node.

    Args:
        a: a node.
    Returns:
        node: tanh(a).
    Source: Griewank & Walther 2008, section 3.2.
    """
    out = array_namespace(a.value).tanh(a.value)
    return Node(out, (a,), (lambda g: g * (1 - out * out),))


def scalar_sin(a: Node) -> Node:
    """The sine of a node.

    Args:
        a: a node.
    Returns:
        node: sin(a).
    Source: Griewank & Walther 2008, section 3.2.
    """
    xp = array_namespace(a.value)
    return Node(xp.sin(a.value), (a,), (lambda g: g * xp.cos(a.value),))


def scalar_gradients(output: Node, wanted: list[Node]) -> list[Array]:
    """The derivatives of one node with respect to others.

    Args:
        output: a node.
        wanted: list of nodes.
    Returns:
        gradients: list of () arrays; 0 for a node that the output does not depend on.
    Convention: nothing is kept: asking twice gives the same twice.
    Source: Linnainmaa 1976; Griewank & Walther 2008, section 3.2.
    """
    return backpropagate(output, wanted)


# --- on arrays ---


def array_node(value: Array) -> Node:
    """An array that nothing was computed from.

    Args:
        value: any shape, float.
    Returns:
        node: opaque.
    Source: Baydin et al. 2018, section 3.2.
    """
    return Node(value)


def array_value(node: Node) -> Array:
    """The array of a node.

    Args:
        node: from one of the functions of the engine.
    Returns:
        value: any shape, float.
    Source: Baydin et al. 2018, section 3.2.
    """
    return node.value


def array_add(a: Node, b: Node) -> Node:
    """The sum of two nodes, broadcast.

    Args:
        a: a node.
        b: a node, which may be the same, of a shape that broadcasts with a's.
    Returns:
        node: a + b.
    Source: Baydin et al. 2018, section 3.2.
    """
    return Node(a.value + b.value, (a, b), (lambda g: unbroadcast(g, a.value), lambda g: unbroadcast(g, b.value)))


def array_multiply(a: Node, b: Node) -> Node:
    """The elementwise product of two nodes, broadcast.

    Args:
        a: a node.
        b: a node, which may be the same, of a shape that broadcasts with a's.
    Returns:
        node: a b.
    Source: Baydin et al. 2018, section 3.2.
    """
    x, y = a.value, b.value
    return Node(x * y, (a, b), (lambda g: unbroadcast(g * y, x), lambda g: unbroadcast(g * x, y)))


def array_matmul(a: Node, b: Node) -> Node:
    """The matrix product of two nodes.

    Args:
        a: a node of shape (N, K).
        b: a node of shape (K, M).
    Returns:
        node: a b, (N, M).
    Raises:
        ValueError: a or b is not a matrix, or they do not fit.
    Source: Giles 2008, section 2.2.2.
    """
    x, y = a.value, b.value
    require_shape("a", x, ("N", "K"))
    require_shape("b", y, (x.shape[1], "M"))
    return Node(x @ y, (a, b), (lambda g: g @ y.T, lambda g: x.T @ g))


def array_tanh(a: Node) -> Node:
    """The hyperbolic tangent of a node, elementwise.

    Args:
        a: a node.
    Returns:
        node: tanh(a).
    Source: Baydin et al. 2018, section 3.2.
    """
    return scalar_tanh(a)


def array_sum(a: Node) -> Node:
    """The sum of all elements of a node.

    Args:
        a: a node.
    Returns:
        node: a number, ().
    Source: Baydin et al. 2018, section 3.2.
    """
    xp = array_namespace(a.value)
    return Node(xp.sum(a.value), (a,), (lambda g: xp.broadcast_to(g, a.value.shape),))


def array_gradients(output: Node, wanted: list[Node]) -> list[Array]:
    """The gradients of one number with respect to arrays.

    Args:
        output: a node of shape ().
        wanted: list of nodes.
    Returns:
        gradients: list of arrays in the nodes' shapes; 0 for a node that the output does not depend on.
    Raises:
        ValueError: output is not a single number.
    Convention: nothing is kept: asking twice gives the same twice.
    Source: Baydin et al. 2018, section 3.2.
    """
    require_shape("output", output.value, ())
    return backpropagate(output, wanted)


def unbroadcast(dout: Array, like: Array) -> Array:
    """The gradient of an array that was broadcast: the sum over everything it was repeated along.

    Args:
        dout: float, of the shape after broadcasting.
        like: the array before; its shape counts, not its values.
    Returns:
        gradient: shape of like, dtype of dout.
    Raises:
        ValueError: like does not broadcast to the shape of dout.
    Source: Baydin et al. 2018, section 3.2.
    """
    xp = array_namespace(dout)
    missing = dout.ndim - like.ndim
    sizes = (1,) * missing + tuple(like.shape)
    fits = missing >= 0 and all(size in (1, wide) for size, wide in zip(sizes, dout.shape, strict=True))
    require(fits, "like", f"of shape {tuple(like.shape)}", f"one that broadcasts to {tuple(dout.shape)}")
    repeated = tuple(axis for axis, size in enumerate(sizes) if axis < missing or size != dout.shape[axis])
    summed = xp.sum(dout, axis=repeated, keepdims=True) if repeated else dout
    return xp.reshape(summed, tuple(like.shape))
