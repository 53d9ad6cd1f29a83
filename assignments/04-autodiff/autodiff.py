"""Automatic differentiation.

Fill in the functions, then run: backcheck check autodiff.py
"""

import numpy as np


# --- An order of work ---


def topological_order(inputs, root):
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
    raise NotImplementedError


# --- An engine for numbers ---


def scalar_node(value):
    """A number that nothing was computed from.

    Args:
        value: () float.
    Returns:
        node: opaque.
    Raises:
        ValueError: value is not a single number.
    Source: Griewank & Walther 2008, section 3.2.
    """
    raise NotImplementedError


def scalar_value(node):
    """The number of a node.

    Args:
        node: from one of the functions of the engine.
    Returns:
        value: () float.
    Source: Griewank & Walther 2008, section 3.2.
    """
    raise NotImplementedError


def scalar_add(a, b):
    """The sum of two nodes.

    Args:
        a: a node.
        b: a node, which may be the same.
    Returns:
        node: a + b.
    Source: Griewank & Walther 2008, section 3.2.
    """
    raise NotImplementedError


def scalar_multiply(a, b):
    """The product of two nodes.

    Args:
        a: a node.
        b: a node, which may be the same.
    Returns:
        node: a b.
    Source: Griewank & Walther 2008, section 3.2.
    """
    raise NotImplementedError


def scalar_tanh(a):
    """The hyperbolic tangent of a node.

    Args:
        a: a node.
    Returns:
        node: tanh(a).
    Source: Griewank & Walther 2008, section 3.2.
    """
    raise NotImplementedError


def scalar_sin(a):
    """The sine of a node.

    Args:
        a: a node.
    Returns:
        node: sin(a).
    Source: Griewank & Walther 2008, section 3.2.
    """
    raise NotImplementedError


def scalar_gradients(output, wanted):
    """The derivatives of one node with respect to others.

    Args:
        output: a node.
        wanted: list of nodes.
    Returns:
        gradients: list of () arrays; 0 for a node that the output does not depend on.
    Convention: nothing is kept: asking twice gives the same twice.
    Source: Linnainmaa 1976; Griewank & Walther 2008, section 3.2.
    """
    raise NotImplementedError


# --- A row added to every row ---


def broadcast_add_forward(a, b):
    """The sum of a matrix and a row, out = a + b.

    Args:
        a: (N, M) float.
        b: (M,) float, added to every row.
    Returns:
        out: (N, M), dtype of a.
        cache: opaque, for broadcast_add_backward.
    Raises:
        ValueError: a shape does not fit.
    Source: Baydin et al. 2018, section 3.2.
    """
    raise NotImplementedError


def broadcast_add_backward(dout, cache):
    """Gradients of broadcast_add_forward.

    Args:
        dout: (N, M), gradient with respect to out.
        cache: from broadcast_add_forward.
    Returns:
        da: (N, M).
        db: (M,).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- A column times every column ---


def broadcast_multiply_forward(a, b):
    """The elementwise product of a matrix and a column, out = a * b.

    Args:
        a: (N, M) float.
        b: (N, 1) float, times every column.
    Returns:
        out: (N, M), dtype of a.
        cache: opaque, for broadcast_multiply_backward.
    Raises:
        ValueError: a shape does not fit.
    Source: Baydin et al. 2018, section 3.2.
    """
    raise NotImplementedError


def broadcast_multiply_backward(dout, cache):
    """Gradients of broadcast_multiply_forward.

    Args:
        dout: (N, M), gradient with respect to out.
        cache: from broadcast_multiply_forward.
    Returns:
        da: (N, M).
        db: (N, 1).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- The matrix product ---


def matrix_product_forward(a, b):
    """The product of two matrices, out = a b.

    Args:
        a: (N, K) float.
        b: (K, M) float.
    Returns:
        out: (N, M), dtype of a.
        cache: opaque, for matrix_product_backward.
    Raises:
        ValueError: a shape does not fit.
    Source: Giles 2008, section 2.2.2.
    """
    raise NotImplementedError


def matrix_product_backward(dout, cache):
    """Gradients of matrix_product_forward.

    Args:
        dout: (N, M), gradient with respect to out.
        cache: from matrix_product_forward.
    Returns:
        da: (N, K).
        db: (K, M).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- A sum along an axis ---


def axis_sum_forward(x, *, axis=0):
    """The sum of a matrix along one axis.

    Args:
        x: (N, M) float.
        axis: 0 for the sum of the rows, (M,); 1 for the sum of the columns, (N,).
    Returns:
        out: (M,) or (N,), dtype of x.
        cache: opaque, for axis_sum_backward.
    Raises:
        ValueError: x is not a matrix, or axis is neither 0 nor 1.
    Source: Baydin et al. 2018, section 3.2.
    """
    raise NotImplementedError


def axis_sum_backward(dout, cache):
    """Gradient of axis_sum_forward.

    Args:
        dout: (M,) or (N,), gradient with respect to out.
        cache: from axis_sum_forward.
    Returns:
        dx: (N, M), dtype of x.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- Undoing a broadcast ---


def unbroadcast(dout, like):
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
    raise NotImplementedError


# --- An engine for arrays ---


def array_node(value):
    """An array that nothing was computed from.

    Args:
        value: any shape, float.
    Returns:
        node: opaque.
    Source: Baydin et al. 2018, section 3.2.
    """
    raise NotImplementedError


def array_value(node):
    """The array of a node.

    Args:
        node: from one of the functions of the engine.
    Returns:
        value: any shape, float.
    Source: Baydin et al. 2018, section 3.2.
    """
    raise NotImplementedError


def array_add(a, b):
    """The sum of two nodes, broadcast.

    Args:
        a: a node.
        b: a node, which may be the same, of a shape that broadcasts with a's.
    Returns:
        node: a + b.
    Source: Baydin et al. 2018, section 3.2.
    """
    raise NotImplementedError


def array_multiply(a, b):
    """The elementwise product of two nodes, broadcast.

    Args:
        a: a node.
        b: a node, which may be the same, of a shape that broadcasts with a's.
    Returns:
        node: a b.
    Source: Baydin et al. 2018, section 3.2.
    """
    raise NotImplementedError


def array_tanh(a):
    """The hyperbolic tangent of a node, elementwise.

    Args:
        a: a node.
    Returns:
        node: tanh(a).
    Source: Baydin et al. 2018, section 3.2.
    """
    raise NotImplementedError


def array_matmul(a, b):
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
    raise NotImplementedError


def array_sum(a):
    """The sum of all elements of a node.

    Args:
        a: a node.
    Returns:
        node: a number, ().
    Source: Baydin et al. 2018, section 3.2.
    """
    raise NotImplementedError


def array_gradients(output, wanted):
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
    raise NotImplementedError


# --- Checking a gradient ---


def gradient_error(analytic, ahead, behind, *, step=1e-4):
    """Check a gradient against central differences, n_i = (f(x + h e_i) - f(x - h e_i)) / 2h.

    Args:
        analytic: (K,) float, the gradient to check, K at least 1.
        ahead: (K,) float, f with entry i moved by h.
        behind: (K,) float, f with entry i moved by -h.
        step: h, more than 0.
    Returns:
        numeric: (K,), the differences, dtype of analytic.
        error: (), max |analytic - numeric| / max(max |analytic|, max |numeric|), 0 where both are 0.
    Raises:
        ValueError: the shapes differ, K is 0, or step is not more than 0.
    Convention: normwise: one scale for all entries, so that small ones are not held to their own size.
    Source: Goodfellow et al. 2016, section 11.5, equation 11.6.
    """
    raise NotImplementedError
