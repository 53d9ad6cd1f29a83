"""Unit 04: computation graphs, the backward of broadcasting, a product and a sum, the gradient check."""

from __future__ import annotations

from graders.misconceptions.variant import chaff, known

IN_PLACE = known("it writes into an array that was handed in")
UPSTREAM_IGNORED = known("the upstream gradient is taken to be 1")
FLOAT64 = known("gradients are collected in a float64 array, whatever the dtype of the input")
DB_MEAN = known("db is averaged over the batch, not summed")
DB_LAST = known("db is overwritten by each sample, not summed")
DB_NOT_SUMMED = known("db is not summed over what b was repeated along")
SQUEEZED = known("axes of size 1 are removed")
OVERWRITTEN = known("a node that is used twice keeps only one of its gradients, not their sum")
UNORDERED = known("a node sends its gradient on before all who use it have sent theirs")
SENT_AGAIN = known("a node that is reached again sends on all it has got so far, not only what is new")
NOT_ZEROED = known("gradients stay in the nodes, and the next call adds to them")
SHARED = known("gradients are added up in place, in an array that other nodes share")
SAME_NODE_ONCE = known("where a node is both inputs, only one of the two gets a gradient")
EQUAL_VALUES = known("nodes of equal value are taken to be the same node")
SEED_IS_OUTPUT = known("the backward starts from the output, not from 1")
SEED_FLOAT64 = known("the backward starts from a float64 one, whatever the dtype of the values")
UNUSED_LEFT_OUT = known("inputs that the output does not depend on are left out of the list, instead of getting 0")
UNUSED_ONE = known("inputs that the output does not depend on get 1, not 0")
ONE_TAPE = known("the backward starts at the newest node there is, not at the output")
FACTORS_KEPT = known("each factor's gradient has that factor in it, not the other one")
TANH_TWICE = known("tanh is applied once more in its derivative")
TANH_AT_INPUT = known("the derivative of tanh is taken at the input, 1 - x^2, not at the output")
TANH_LINEAR = known("the derivative is 1 - a, without the square")
SLOPE_FORGOTTEN = known("the slope of the activation is left out of the backward")

ORDER_END = "            order.append(node)\n\n    visit(root)"
ORDER_RESULT = "return xp.asarray(order, dtype"
NODE_SEEN = "        if id(node) not in seen:\n            seen.add(id(node))\n"
ADDED = "gradients[id(before)] = gradients[id(before)] + sent if id(before) in gradients else sent"
SEED = "gradients = {id(output): xp.ones_like(output.value)}"
COLLECTED = "return [gradients.get(id(node), xp.zeros_like(node.value)) for node in wanted]"
PAIRS = "in zip(node.inputs, node.vjps, strict=True):"
TANH_SLOPE = "(lambda g: g * (1 - out * out),)"
PRODUCT_GRADIENTS = "return dout @ b.T, a.T @ dout"
SUM_GRADIENT = "return xp.asarray(xp.broadcast_to(xp.expand_dims(dout, axis=axis), shape), copy=True)"
ADD_GRADIENTS = "return array_namespace(dout).asarray(dout, copy=True), unbroadcast(dout, b)"
SUMMED = "summed = xp.sum(dout, axis=repeated, keepdims=True) if repeated else dout"
RESHAPED = "return xp.reshape(summed, tuple(like.shape))"
ERROR = "error = xp.max(xp.abs(analytic - numeric)) / xp.where(scale > 0, scale, 1)"
NUMERIC = "numeric = (ahead - behind) / (2 * step)"

KEPT_IN_NODES = """
def backpropagate(output, wanted):
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            node.grad = getattr(node, "grad", np.zeros_like(node.value))
            for before in node.inputs:
                visit(before)
            order.append(node)

    visit(output)
    output.grad = np.ones_like(output.value)
    for node in reversed(order):
        for before, vjp in zip(node.inputs, node.vjps):
            before.grad = before.grad + vjp(node.grad)
    return [getattr(node, "grad", np.zeros_like(node.value)) for node in wanted]
"""
LEVEL_BY_LEVEL = """
def backpropagate(output, wanted):
    gradients, queue, done = {id(output): np.ones_like(output.value)}, [output], []
    while queue:
        node = queue.pop(0)
        if node not in done:
            done.append(node)
            for before, vjp in zip(node.inputs, node.vjps):
                gradients[id(before)] = gradients.get(id(before), 0) + vjp(gradients[id(node)])
                queue.append(before)
    return [gradients.get(id(node), np.zeros_like(node.value)) for node in wanted]
"""
RECURSIVE = """
def backpropagate(output, wanted):
    gradients = {}

    def send(node, gradient):
        gradients[id(node)] = gradients.get(id(node), 0) + gradient
        for before, vjp in zip(node.inputs, node.vjps):
            send(before, vjp(gradients[id(node)]))

    send(output, np.ones_like(output.value))
    return [gradients.get(id(node), np.zeros_like(node.value)) for node in wanted]
"""
TAPE = """
TAPE = []


class Node:
    def __init__(self, value, inputs=(), vjps=()):
        self.value, self.inputs, self.vjps = value, inputs, vjps
        TAPE.append(self)


def backpropagate(output, wanted):
    gradients = {id(TAPE[-1]): np.ones_like(TAPE[-1].value)}
    for node in reversed(TAPE):
        for before, vjp in zip(node.inputs, node.vjps):
            if id(node) in gradients:
                gradients[id(before)] = gradients.get(id(before), 0) + vjp(gradients[id(node)])
    return [gradients.get(id(node), np.zeros_like(node.value)) for node in wanted]
"""
BREADTH_FIRST = """
def topological_order(inputs, root):
    order, queue = [], [root]
    while queue:
        node = queue.pop(0)
        if node not in order:
            order.append(node)
            queue += [int(before) for before in inputs[node] if before >= 0]
    return np.array(order[::-1], dtype=np.int64)
"""
EDGES_REMOVED = """
def topological_order(inputs, root):
    order = []

    def visit(node):
        if node not in order:
            for side in range(2):
                before = int(inputs[node, side])
                if before >= 0:
                    visit(before)
                    inputs[node, side] = -1
            order.append(node)

    visit(root)
    return np.array(order, dtype=np.int64)
"""
ADDED_UP = """
def unbroadcast(dout, like):
    total = dout[0] if len(dout) else np.zeros(dout.shape[1:])
    for part in dout[1:]:
        total += part
    return total if like.shape[0] == total.shape[0] else total.sum(axis=0, keepdims=True)
"""
FIRST_PART = """
def unbroadcast(dout, like):
    total = dout[0].copy()
    for part in dout[1:]:
        total = total + part
    return total if like.shape[0] == total.shape[0] else total.sum(axis=0, keepdims=True)
"""
SQUEEZED_FIRST = """
def unbroadcast(dout, like):
    if dout.shape[0] > 1:
        dout = dout.sum(axis=0)
    return dout.sum(axis=-2, keepdims=True) if like.shape[0] != dout.shape[-2] else dout
"""

CHAFFS = (
    # --- topological_order ---
    chaff("topological_order", "root_first", known("the order is reversed: nodes come before their inputs, not after"), "forward",
          (ORDER_RESULT, "return xp.asarray(order[::-1], dtype")),
    chaff("topological_order", "before_its_inputs", known("a node is written before its inputs, not after them"), "forward",
          (ORDER_END, "\n    visit(root)"), ("            seen.add(node)\n", "            seen.add(node)\n            order.append(node)\n")),
    chaff("topological_order", "once_per_use", known("a node stands in the order once for every use, not once"), "forward",
          ("            seen.add(node)\n", ""), also="shape"),
    chaff("topological_order", "by_number", known("nodes are sorted by their numbers, which say nothing about what they need"), "forward",
          (ORDER_RESULT, "return xp.asarray(sorted(order), dtype")),
    chaff("topological_order", "all_nodes", known("nodes that the root does not need are in the order, too"), "forward",
          ("    visit(root)\n", "    for one in range(nodes):\n        visit(one)\n"), also="shape"),
    chaff("topological_order", "second_input_first", known("what the second input needs comes before what the first needs"), "forward",
          ("for side in range(2):", "for side in (1, 0):")),
    chaff("topological_order", "first_input_only", known("the second input of a node is not followed"), "forward",
          ("for side in range(2):", "for side in range(1):"), also="shape"),
    chaff("topological_order", "zero_is_none", known("node 0 is taken for no input: only -1 means none"), "forward",
          ("if before >= 0:", "if before > 0:"), also="shape"),
    chaff("topological_order", "root_left_out", known("the root itself is left out"), "forward",
          (ORDER_RESULT, "return xp.asarray(order[:-1], dtype"), also="shape"),
    chaff("topological_order", "breadth_first", known("nodes are written level by level: one may come before what it needs"), "forward",
          source=BREADTH_FIRST),
    chaff("topological_order", "floats", known("the order is an array of floats, not of integers"), "shape",
          ("order, dtype=xp.int64", "order, dtype=xp.float64")),
    chaff("topological_order", "column", known("the order is a column, not a vector"), "shape",
          (ORDER_RESULT, "return xp.asarray([[one] for one in order], dtype")),
    chaff("topological_order", "edges_removed", IN_PLACE, "purity", source=EDGES_REMOVED),
    chaff("topological_order", "seen_outlives", known("the nodes seen are kept from one call to the next"), "forward",
          ("inputs: Array, root: int) -> Array:", "inputs: Array, root: int, seen: set = set()) -> Array:"), ("    seen: set[int] = set()\n", ""), also="shape"),
    chaff("topological_order", "lonely_root", known("a root without inputs gives an empty order, not the root alone"), "forward",
          (ORDER_RESULT, "return xp.asarray(order if len(order) > 1 else [], dtype"), also="shape"),
    chaff("topological_order", "root_ignored", known("the order ends at the last node, whatever the root"), "forward", ("visit(root)\n", "visit(nodes - 1)\n"), also="shape"),
    # --- scalar_engine ---
    chaff("scalar_engine", "square_once", known("the square of a node is taken for a product with a constant"), "gradients",
          ("def scalar_multiply(a: Node, b: Node) -> Node:", "def scalar_multiply(a: Node, b: Node) -> Node:\n    if a is b:\n        return Node(a.value * b.value, (a,), (lambda g: g * a.value,))")),
    chaff("scalar_engine", "overwritten", OVERWRITTEN, "gradients", (ADDED, "gradients[id(before)] = sent")),
    chaff("scalar_engine", "unordered", UNORDERED, "gradients", source=LEVEL_BY_LEVEL),
    chaff("scalar_engine", "sent_again", SENT_AGAIN, "gradients", source=RECURSIVE),
    chaff("scalar_engine", "not_zeroed", NOT_ZEROED, "gradients", source=KEPT_IN_NODES),
    chaff("scalar_engine", "shared_in_place", SHARED, "gradients",
          (ADDED, "if id(before) in gradients:\n                gradients[id(before)] += sent\n            else:\n                gradients[id(before)] = np.asarray(sent)")),
    chaff("scalar_engine", "same_node_once", SAME_NODE_ONCE, "gradients", (PAIRS, "in dict(zip(node.inputs, node.vjps, strict=True)).items():")),
    chaff("scalar_engine", "equal_values", EQUAL_VALUES, "gradients",
          (NODE_SEEN, NODE_SEEN.replace("id(node)", "float(node.value)")), (SEED, SEED.replace("id(output)", "float(output.value)")),
          ("gradients[id(node)])", "gradients[float(node.value)])"), (ADDED, ADDED.replace("id(before)", "float(before.value)")),
          (COLLECTED, COLLECTED.replace("id(node)", "float(node.value)"))),
    chaff("scalar_engine", "seed_is_output", SEED_IS_OUTPUT, "gradients", (SEED, "gradients = {id(output): output.value}")),
    chaff("scalar_engine", "seed_float64", SEED_FLOAT64, "float32", (SEED, "gradients = {id(output): np.ones(output.value.shape)}")),
    chaff("scalar_engine", "unused_left_out", UNUSED_LEFT_OUT, "gradients",
          (COLLECTED, "return [gradients[id(node)] for node in wanted if id(node) in gradients]"), also="shape"),
    chaff("scalar_engine", "unused_one", UNUSED_ONE, "gradients", ("xp.zeros_like(node.value))", "xp.ones_like(node.value))")),
    chaff("scalar_engine", "one_tape", ONE_TAPE, "purity", source=TAPE),
    chaff("scalar_engine", "factors_kept", FACTORS_KEPT, "gradients", ("(lambda g: g * b.value, lambda g: g * a.value)", "(lambda g: g * a.value, lambda g: g * b.value)")),
    chaff("scalar_engine", "one_factor_constant", known("the product is differentiated by its first factor only"), "gradients",
          ("lambda g: g * a.value)", "lambda g: 0 * g)")),
    chaff("scalar_engine", "subtracted", known("the second term of a sum gets the gradient with the wrong sign"), "gradients", ("(lambda g: g, lambda g: g)", "(lambda g: g, lambda g: -g)")),
    chaff("scalar_engine", "upstream_ignored", known("the derivative of tanh is not multiplied by the gradient that arrives"), "gradients", (TANH_SLOPE, "(lambda g: 1 - out * out,)")),
    chaff("scalar_engine", "tanh_twice", TANH_TWICE, "gradients", (TANH_SLOPE, "(lambda g: g * (1 - np.tanh(out) ** 2),)")),
    chaff("scalar_engine", "tanh_at_input", TANH_AT_INPUT, "gradients", (TANH_SLOPE, "(lambda g: g * (1 - a.value**2),)")),
    chaff("scalar_engine", "tanh_linear", TANH_LINEAR, "gradients", (TANH_SLOPE, "(lambda g: g * (1 - out),)")),
    chaff("scalar_engine", "cos_sign", known("the derivative of sin is cos, without a minus"), "gradients", ("g * xp.cos(a.value)", "-g * xp.cos(a.value)")),
    chaff("scalar_engine", "cos_of_output", known("the cosine is taken at the output of sin, not at its input"), "gradients", ("g * xp.cos(a.value)", "g * xp.cos(xp.sin(a.value))")),
    chaff("scalar_engine", "sin_in_degrees", known("the argument of sin is taken to be in degrees, not in radians"), "forward", ("Node(xp.sin(a.value)", "Node(xp.sin(a.value * np.pi / 180)")),
    chaff("scalar_engine", "tanh_is_sigmoid", known("it is the sigmoid, not tanh"), "forward",
          ("out = array_namespace(a.value).tanh(a.value)", "out = 1 / (1 + np.exp(-a.value))"), (TANH_SLOPE, "(lambda g: g * out * (1 - out),)")),
    chaff("scalar_engine", "vectors", known("numbers are kept as vectors of one element"), "shape", ("    return Node(value)\n", "    return Node(np.reshape(value, (1,)))\n")),
    chaff("scalar_engine", "stacked", known("the gradients are one array, not a list"), "shape", (COLLECTED, "return xp.asarray([gradients.get(id(node), xp.zeros_like(node.value)) for node in wanted])")),
    # --- broadcast_add ---
    chaff("broadcast_add", "db_mean", DB_MEAN, "gradient db", (ADD_GRADIENTS, "return dout.copy(), dout.mean(axis=0)"), also="batch"),
    chaff("broadcast_add", "db_not_summed", DB_NOT_SUMMED, "gradient db", (ADD_GRADIENTS, "return dout.copy(), dout.copy()"), also="shape"),
    chaff("broadcast_add", "db_wrong_axis", known("db is summed over the columns, not over the rows"), "gradient db", (ADD_GRADIENTS, "return dout.copy(), dout.sum(axis=1)"), also="shape"),
    chaff("broadcast_add", "db_keepdims", known("db keeps the axis that was summed over"), "shape", (ADD_GRADIENTS, "return dout.copy(), dout.sum(axis=0, keepdims=True)")),
    chaff("broadcast_add", "db_last_row", DB_LAST, "gradient db", (ADD_GRADIENTS, "return dout.copy(), dout[-1:].sum(axis=0)"), also="batch"),
    chaff("broadcast_add", "db_times_b", known("db is multiplied by b, as if it were a product"), "gradient db", ("unbroadcast(dout, b)\n", "unbroadcast(dout * b, b)\n")),
    chaff("broadcast_add", "da_times_a", known("da is multiplied by a, as if it were a product"), "gradient da", ("array_namespace(dout).asarray(dout, copy=True)", "dout * a")),
    chaff("broadcast_add", "upstream_ignored", UPSTREAM_IGNORED, "linearity", (ADD_GRADIENTS, "return np.ones_like(a), np.full_like(b, len(a))"), also="gradient da, gradient db"),
    chaff("broadcast_add", "first_row_only", known("the row is added to the first row only"), "forward", ("return a + b, (a, b)", "out = a.copy(); out[:1] += b; return out, (a, b)"), also="batch"),
    chaff("broadcast_add", "in_place", IN_PLACE, "purity", ("return a + b, (a, b)", "a += b; return a, (a, b)")),
    chaff("broadcast_add", "db_float64", FLOAT64, "float32", (ADD_GRADIENTS, "db = np.zeros(b.shape)\n    for row in dout:\n        db += row\n    return dout.copy(), db")),
    chaff("broadcast_add", "one_row_unsummed", known("with a single row, db stays a matrix: the axis of size 1 is not summed over"), "edges",
          (ADD_GRADIENTS, "return dout.copy(), dout.sum(axis=0) if len(dout) > 1 else dout.copy()")),
    chaff("broadcast_add", "in_place_sum", IN_PLACE, "purity", (ADD_GRADIENTS, "da, db = dout.copy(), dout[:1].sum(axis=0) if len(dout) < 2 else dout[0]\n    for row in dout[1:]:\n        db += row\n    return da, db")),
    # --- broadcast_multiply ---
    chaff("broadcast_multiply", "da_without_b", known("da is not multiplied by b"), "gradient da", ("return dout * b,", "return dout.copy(),")),
    chaff("broadcast_multiply", "db_without_a", known("db is not multiplied by a"), "gradient db", ("unbroadcast(dout * a, b)", "unbroadcast(dout, b)")),
    chaff("broadcast_multiply", "own_factor", known("da is multiplied by a, where b belongs"), "gradient da", ("return dout * b,", "return dout * a,")),
    chaff("broadcast_multiply", "db_not_summed", DB_NOT_SUMMED, "gradient db", ("unbroadcast(dout * a, b)", "dout * a"), also="shape"),
    chaff("broadcast_multiply", "db_mean", known("db is averaged over the columns, not summed"), "gradient db", ("unbroadcast(dout * a, b)", "(dout * a).mean(axis=1, keepdims=True)")),
    chaff("broadcast_multiply", "db_wrong_axis", known("db is summed over the rows, not over the columns"), "gradient db", ("unbroadcast(dout * a, b)", "(dout * a).sum(axis=0)[:, None]"), also="shape"),
    chaff("broadcast_multiply", "db_over_everything", known("db is summed over everything, not only over the columns"), "gradient db", ("unbroadcast(dout * a, b)", "np.full_like(b, (dout * a).sum())"), also="batch"),
    chaff("broadcast_multiply", "db_flat", known("db is a vector, not a column like b"), "shape", ("unbroadcast(dout * a, b)", "(dout * a).sum(axis=1)")),
    chaff("broadcast_multiply", "sum_before_product", known("dout and a are summed before they are multiplied, not after"), "gradient db", ("unbroadcast(dout * a, b)", "dout.sum(axis=1, keepdims=True) * a.sum(axis=1, keepdims=True)")),
    chaff("broadcast_multiply", "swapped", known("da and db are returned in the wrong order"), "gradient da", ("return dout * b, unbroadcast(dout * a, b)", "return unbroadcast(dout * a, b), dout * b"), also="gradient db, shape"),
    chaff("broadcast_multiply", "first_factor", known("every row is multiplied by the first number of the column"), "forward", ("return a * b, (a, b)", "return a * b[:1], (a, b)"), also="batch"),
    chaff("broadcast_multiply", "added", known("the column is added, not multiplied"), "forward", ("return a * b, (a, b)", "return a + b, (a, b)")),
    chaff("broadcast_multiply", "in_place", IN_PLACE, "purity", ("return a * b, (a, b)", "kept = a.copy(); a *= b; return a, (kept, b)")),
    chaff("broadcast_multiply", "upstream_ignored", UPSTREAM_IGNORED, "linearity", ("return dout * b, unbroadcast(dout * a, b)", "return b + 0 * dout, a.sum(axis=1, keepdims=True)"), also="gradient da, gradient db"),
    chaff("broadcast_multiply", "db_float64", FLOAT64, "float32", ("unbroadcast(dout * a, b)", "np.zeros(b.shape) + (dout * a).sum(axis=1, keepdims=True)")),
    chaff("broadcast_multiply", "squeezed", SQUEEZED, "edges", ("return a * b, (a, b)", "return np.squeeze(a * b), (a, b)")),
    # --- matrix_product ---
    chaff("matrix_product", "da_transposed", known("da is transposed"), "gradient da", (PRODUCT_GRADIENTS, "return b @ dout.T, a.T @ dout"), also="shape"),
    chaff("matrix_product", "db_transposed", known("db is transposed"), "gradient db", (PRODUCT_GRADIENTS, "return dout @ b.T, dout.T @ a"), also="shape"),
    chaff("matrix_product", "db_mean", DB_MEAN, "gradient db", (PRODUCT_GRADIENTS, "return dout @ b.T, a.T @ dout / len(a)"), also="batch"),
    chaff("matrix_product", "db_last_row", DB_LAST, "gradient db", (PRODUCT_GRADIENTS, "return dout @ b.T, (a[-1:].T @ dout[-1:])"), also="batch"),
    chaff("matrix_product", "sums_multiplied", known("db is a product of sums, not a sum of products"), "gradient db", (PRODUCT_GRADIENTS, "return dout @ b.T, a.sum(axis=0)[:, None] * dout.sum(axis=0)"), also="batch"),
    chaff("matrix_product", "upstream_ignored", UPSTREAM_IGNORED, "linearity", (PRODUCT_GRADIENTS, "dout = 0 * dout + 1\n    return dout @ b.T, a.T @ dout"), also="gradient da, gradient db"),
    chaff("matrix_product", "mean_over_inner", known("the products are averaged, not summed"), "forward", ("return a @ b, (a, b)", "return a @ b / len(b), (a, b)")),
    chaff("matrix_product", "transposed", known("the product is transposed"), "forward", ("return a @ b, (a, b)", "return (a @ b).T, (a, b)"), also="shape"),
    chaff("matrix_product", "squeezed", SQUEEZED, "edges", ("return a @ b, (a, b)", "return (a @ b).squeeze(), (a, b)")),
    chaff("matrix_product", "swapped", known("da and db are returned in the wrong order"), "gradient da", (PRODUCT_GRADIENTS, "return a.T @ dout, dout @ b.T"), also="gradient db, shape"),
    chaff("matrix_product", "in_place", IN_PLACE, "purity", (PRODUCT_GRADIENTS, "da = dout @ b.T\n    b[...] = a.T @ dout\n    return da, b")),
    chaff("matrix_product", "float64", FLOAT64, "float32", (PRODUCT_GRADIENTS, "import numpy as np\n\n    da, db = np.zeros(a.shape), np.zeros(b.shape)\n    da += dout @ b.T\n    db += a.T @ dout\n    return da, db")),
    chaff("matrix_product", "float32_inside", known("it computes in float32"), "shape", ("return a @ b, (a, b)", "return (a.astype(\"float32\") @ b.astype(\"float32\")).astype(a.dtype), (a, b)")),
    # --- axis_sum ---
    chaff("axis_sum", "repeated_as_rows", known("the gradient is repeated as rows, whichever axis was summed over"), "gradient dx", (SUM_GRADIENT, "return np.resize(dout, shape)")),
    chaff("axis_sum", "dx_mean", known("the gradient is divided by the number of summands, as if it were a mean"), "gradient dx", ("shape), copy=True)", "shape) / shape[axis], copy=True)")),
    chaff("axis_sum", "dx_summed", known("every element gets the sum of dout, not its own element of it"), "gradient dx", (SUM_GRADIENT, "return np.full(shape, dout.sum(), dtype=dout.dtype)")),
    chaff("axis_sum", "dx_not_spread", known("only the first summand gets the gradient"), "gradient dx",
          (SUM_GRADIENT, "dx = np.zeros(shape, dtype=dout.dtype)\n    dx[(0,) if axis == 0 else (slice(None), 0)] = dout\n    return dx")),
    chaff("axis_sum", "upstream_ignored", UPSTREAM_IGNORED, "linearity", (SUM_GRADIENT, "return np.ones(shape, dtype=dout.dtype)"), also="gradient dx"),
    chaff("axis_sum", "mean", known("it is the mean, not the sum"), "forward", (".sum(x, axis=axis)", ".mean(x, axis=axis)")),
    chaff("axis_sum", "first_and_last", known("it is the first summand plus the last, not all of them"), "forward", ("return array_namespace(x).sum(x, axis=axis),", "return np.take(x, 0, axis=axis) + np.take(x, -1, axis=axis),")),
    chaff("axis_sum", "keepdims", known("the axis that was summed over is kept"), "shape", (".sum(x, axis=axis)", ".sum(x, axis=axis, keepdims=True)")),
    chaff("axis_sum", "dx_reduced", known("dx has the shape of the sum, not of x"), "shape", (SUM_GRADIENT, "return np.expand_dims(dout, axis=axis)"), also="gradient dx"),
    chaff("axis_sum", "axis_ignored", known("it sums along axis 0, whatever axis says"), "forward", ("axis: int = 0) -> tuple[Array, Cache]:\n", "axis: int = 0) -> tuple[Array, Cache]:\n    axis = 0\n"), also="gradient dx"),
    chaff("axis_sum", "cumulative_in_place", IN_PLACE, "purity", ("return array_namespace(x).sum(x, axis=axis),", "np.cumsum(x, axis=axis, out=x)\n    return np.sum(x[-1:], axis=0) if axis == 0 else np.sum(x[:, -1:], axis=1),")),
    chaff("axis_sum", "times_float64_ones", FLOAT64, "float32", (SUM_GRADIENT, "return np.ones(shape) * xp.expand_dims(dout, axis=axis)")),
    chaff("axis_sum", "squeezed", SQUEEZED, "edges", ("return array_namespace(x).sum(x, axis=axis),", "return np.squeeze(array_namespace(x).sum(x, axis=axis)),")),
    # --- unbroadcast ---
    chaff("unbroadcast", "size_one_forgotten", known("axes in which like has size 1 are not summed over"), "forward", (SUMMED, "summed = xp.sum(dout, axis=tuple(range(missing)))"), (RESHAPED, "return summed"), also="shape"),
    chaff("unbroadcast", "missing_forgotten", known("axes that like does not have are not summed over"), "forward",
          ("if axis < missing or size", "if axis >= missing and size"), (RESHAPED, "return summed"), also="shape"),
    chaff("unbroadcast", "mean", known("it is the mean over what was repeated, not the sum"), "forward", ("summed = xp.sum(", "summed = xp.mean(")),
    chaff("unbroadcast", "first_of_many", known("the first of the repeated gradients is taken, not their sum"), "forward", (SUMMED, "summed = dout[tuple(slice(1) if axis in repeated else slice(None) for axis in range(dout.ndim))]")),
    chaff("unbroadcast", "cut", known("the gradient is cut to the size of like, not summed"), "forward", (RESHAPED, "return np.resize(dout, like.shape)")),
    chaff("unbroadcast", "rows_always_summed", known("rows are summed over even where like has as many"), "forward",
          (RESHAPED, "return summed[0].sum(axis=0, keepdims=True) + np.zeros(like.shape, dtype=dout.dtype)")),
    chaff("unbroadcast", "times_like", known("the values of like are multiplied in, though only its shape counts"), "forward", (RESHAPED, "return xp.reshape(summed, tuple(like.shape)) * like")),
    chaff("unbroadcast", "kept_axes", known("axes that like does not have are kept with size 1"), "shape", (RESHAPED, "return summed")),
    chaff("unbroadcast", "added_up_in_place", IN_PLACE, "purity", source=ADDED_UP, also="forward, shape"),
    chaff("unbroadcast", "float64", FLOAT64, "float32", (RESHAPED, "return np.zeros(like.shape) + np.reshape(summed, like.shape)")),
    chaff("unbroadcast", "size_one_skipped", known("an axis of size 1 that like does not have is not removed"), "forward", source=SQUEEZED_FIRST, also="shape"),
    chaff("unbroadcast", "at_least_one", known("it takes for granted that there is something to sum"), "forward", source=FIRST_PART, also="shape"),
    chaff("unbroadcast", "last_axis_forgotten", known("the last axis is never summed over, not even where it has size 1"), "forward",
          ("or size != dout.shape[axis])", "or (size != dout.shape[axis] and axis < dout.ndim - 1))"), (RESHAPED, "return np.resize(summed, like.shape)")),
    # --- array_engine ---
    chaff("array_engine", "square_once", known("the square of a node is taken for a product with a constant"), "gradients",
          ("def array_multiply(a: Node, b: Node) -> Node:", "def array_multiply(a: Node, b: Node) -> Node:\n    if a is b:\n        return Node(a.value * b.value, (a,), (lambda g: g * a.value,))")),
    chaff("array_engine", "overwritten", OVERWRITTEN, "gradients", (ADDED, "gradients[id(before)] = sent")),
    chaff("array_engine", "sent_again", SENT_AGAIN, "gradients", source=RECURSIVE),
    chaff("array_engine", "not_zeroed", NOT_ZEROED, "gradients", source=KEPT_IN_NODES),
    chaff("array_engine", "same_node_once", SAME_NODE_ONCE, "gradients", (PAIRS, "in dict(zip(node.inputs, node.vjps, strict=True)).items():")),
    chaff("array_engine", "seed_is_output", SEED_IS_OUTPUT, "gradients", (SEED, "gradients = {id(output): output.value}")),
    chaff("array_engine", "seed_float64", SEED_FLOAT64, "float32", (SEED, "gradients = {id(output): np.ones(output.value.shape)}")),
    chaff("array_engine", "unused_left_out", UNUSED_LEFT_OUT, "gradients",
          (COLLECTED, "return [gradients[id(node)] for node in wanted if id(node) in gradients]"), also="shape"),
    chaff("array_engine", "unused_scalar", known("arrays that the output does not depend on get the number 0, not an array of zeros"), "shape",
          ("xp.zeros_like(node.value))", "xp.asarray(0.0))"), also="gradients"),
    chaff("array_engine", "one_tape", ONE_TAPE, "purity", source=TAPE),
    chaff("array_engine", "add_not_unbroadcast", known("the gradients of a sum keep the broadcast shape: they are not summed back to the inputs' shapes"), "gradients",
          ("(lambda g: unbroadcast(g, a.value), lambda g: unbroadcast(g, b.value))", "(lambda g: g, lambda g: g)"), also="shape"),
    chaff("array_engine", "multiply_not_unbroadcast", known("the gradients of a product keep the broadcast shape: they are not summed back to the inputs' shapes"), "gradients",
          ("(lambda g: unbroadcast(g * y, x), lambda g: unbroadcast(g * x, y))", "(lambda g: g * y, lambda g: g * x)"), also="shape"),
    chaff("array_engine", "unbroadcast_mean", known("what was broadcast gets the mean of its gradients, not their sum"), "gradients", ("summed = xp.sum(dout", "summed = xp.mean(dout")),
    chaff("array_engine", "factors_kept", FACTORS_KEPT, "gradients", ("(lambda g: unbroadcast(g * y, x), lambda g: unbroadcast(g * x, y))", "(lambda g: unbroadcast(g * x, x), lambda g: unbroadcast(g * y, y))")),
    chaff("array_engine", "matmul_transposed", known("the gradient of the second factor is transposed"), "gradients", ("lambda g: x.T @ g)", "lambda g: g.T @ x)"), also="shape"),
    chaff("array_engine", "matmul_mean", known("the gradient of the second factor is averaged over the rows, not summed"), "gradients", ("lambda g: x.T @ g)", "lambda g: x.T @ g / max(len(x), 1))")),
    chaff("array_engine", "tanh_twice", TANH_TWICE, "gradients", (TANH_SLOPE, "(lambda g: g * (1 - np.tanh(out) ** 2),)")),
    chaff("array_engine", "slope_forgotten", SLOPE_FORGOTTEN, "gradients", (TANH_SLOPE, "(lambda g: g,)")),
    chaff("array_engine", "sum_is_mean", known("it is the mean of the elements, not their sum"), "forward",
          ("Node(xp.sum(a.value)", "Node(xp.sum(a.value) / max(a.value.size, 1)"), ("xp.broadcast_to(g, a.value.shape)", "xp.broadcast_to(g / a.value.size, a.value.shape)")),
    chaff("array_engine", "slope_of_mean", known("the gradient of the sum is divided by the number of elements"), "gradients", ("xp.broadcast_to(g, a.value.shape)", "xp.broadcast_to(g / a.value.size, a.value.shape)")),
    chaff("array_engine", "sum_over_rows", known("the sum is over the rows only, and the first of it is taken"), "forward", ("Node(xp.sum(a.value)", "Node(np.asarray(np.sum(np.atleast_2d(a.value), axis=1)[:1].sum())")),
    chaff("array_engine", "tanh_in_place", known("tanh writes its result into the node it is taken of"), "forward",
          ("out = array_namespace(a.value).tanh(a.value)", "out = np.tanh(a.value, out=a.value if a.value.ndim else None)")),
    chaff("array_engine", "matmul_squeezed", SQUEEZED, "edges", ("return Node(x @ y,", "return Node((x @ y).squeeze(),")),
    chaff("array_engine", "lists", known("the gradients are lists of numbers, not arrays"), "shape", (COLLECTED, "return [gradients.get(id(node), xp.zeros_like(node.value)).tolist() for node in wanted]")),
    # --- gradient_error ---
    chaff("gradient_error", "two_forgotten", known("the difference is divided by the step, not by twice the step"), "forward", ("/ (2 * step)", "/ step")),
    chaff("gradient_error", "precedence", known("it is divided by 2, then multiplied by the step: brackets are missing"), "forward", ("/ (2 * step)", "/ 2 * step")),
    chaff("gradient_error", "step_ignored", known("the step is 1e-4, whatever was handed in"), "forward", ("/ (2 * step)", "/ (2 * 1e-4)")),
    chaff("gradient_error", "sign", known("the numerical gradient has the wrong sign"), "forward", ("(ahead - behind)", "(behind - ahead)")),
    chaff("gradient_error", "own_scales", known("every entry has a scale of its own, not one scale for all"), "forward",
          (ERROR, "scale = np.maximum(np.abs(analytic), np.abs(numeric))\n    error = np.max(np.abs(analytic - numeric) / np.where(scale > 0, scale, 1))")),
    chaff("gradient_error", "mean_error", known("the error is the mean deviation, not the largest"), "forward", ("error = xp.max(", "error = xp.mean(")),
    chaff("gradient_error", "no_absolute_value", known("the deviation has no absolute value: a gradient that is too small counts as right"), "forward", ("xp.max(xp.abs(analytic - numeric))", "xp.max(analytic - numeric)")),
    chaff("gradient_error", "sum_of_scales", known("the scale is the sum of the two largest values, not the larger of them"), "forward", (ERROR, "scale = xp.max(xp.abs(analytic)) + xp.max(xp.abs(numeric))\n    " + ERROR)),
    chaff("gradient_error", "norms", known("norms are compared, not the largest entries"), "forward",
          (ERROR, "scale = np.linalg.norm(analytic) + np.linalg.norm(numeric)\n    error = np.linalg.norm(analytic - numeric) / np.where(scale > 0, scale, 1)")),
    chaff("gradient_error", "analytic_scale", known("the scale is that of the analytic gradient alone"), "forward", (ERROR, "scale = xp.max(xp.abs(analytic))\n    " + ERROR)),
    chaff("gradient_error", "absolute", known("the error is absolute: it is not divided by the scale"), "forward", (ERROR, "error = xp.max(xp.abs(analytic - numeric))")),
    chaff("gradient_error", "zero_over_zero", known("where both gradients are 0, the error is 0 / 0"), "forward", ("xp.where(scale > 0, scale, 1)", "scale")),
    chaff("gradient_error", "scale_of_one", known("the scale is at least 1: small gradients pass with large errors"), "forward", ("xp.where(scale > 0, scale, 1)", "xp.where(scale > 1, scale, 1)")),
    chaff("gradient_error", "scale_plus_epsilon", known("1e-8 is added to the scale"), "forward", (ERROR, "error = xp.max(xp.abs(analytic - numeric)) / (scale + 1e-8)")),
    chaff("gradient_error", "swapped", known("the error and the numerical gradient are returned in the wrong order"), "shape", ("return numeric, error", "return error, numeric"), also="forward"),
    chaff("gradient_error", "error_vector", known("the error is a vector of one element, not a number"), "shape", ("return numeric, error", "return numeric, np.reshape(error, (1,))")),
    chaff("gradient_error", "in_place", IN_PLACE, "purity", (NUMERIC, "numeric = ahead\n    numeric -= behind\n    numeric /= 2 * step")),
    chaff("gradient_error", "float64_step", known("the numerical gradient is collected in a float64 array, whatever the dtype of the input"), "float32",
          (NUMERIC, "numeric = np.zeros(len(ahead))\n    for i in range(len(ahead)):\n        numeric[i] = (ahead[i] - behind[i]) / (2 * step)")),
    chaff("gradient_error", "squeezed", SQUEEZED, "edges", (NUMERIC, NUMERIC + "\n    numeric = np.squeeze(numeric)"), ("xp.concat([xp.abs(analytic), xp.abs(numeric)])", "xp.concat([xp.abs(analytic), xp.reshape(xp.abs(numeric), (-1,))])")),
)  # fmt: skip
