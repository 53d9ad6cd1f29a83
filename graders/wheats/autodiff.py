"""Unit 04: automatic differentiation, written other ways."""

from graders.misconceptions.variant import Variant

NUMPY = """
import numpy as np

"""

ORDER = (
    Variant(
        "topological_order",
        "stack_of_its_own",
        source=NUMPY
        + """
def topological_order(inputs, root):
    order, stack, entered = [], [root], set()
    while stack:
        node = stack[-1]
        waiting = [i for i in inputs[node].tolist() if i >= 0 and i not in entered]
        if waiting:
            stack.append(waiting[0])
        else:
            stack.pop()
            order.append(node)
        entered.add(node)
    return np.array(order)
""",
    ),
    Variant(
        "topological_order",
        "recursive_lists",
        source=NUMPY
        + """
def with_inputs(inputs, node, done):
    for before in inputs[node]:
        if before != -1 and before not in done:
            done = with_inputs(inputs, before, done)
    return [*done, node]


def topological_order(inputs, root):
    return np.array(with_inputs(inputs, root, []), dtype=np.int64)
""",
    ),
    Variant(
        "topological_order",
        "first_occurrences",
        source=NUMPY
        + """
def topological_order(inputs, root):
    def unfolded(node):
        for before in inputs[node]:
            if before >= 0:
                yield from unfolded(int(before))
        yield node

    return np.fromiter(dict.fromkeys(unfolded(root)), dtype=int)
""",
    ),
)

# Engines for numbers; those with `Tensor` in them do arrays as well.
CLOSURES_AND_GRAD = """
import numpy as np


class Value:
    def __init__(self, data, children=()):
        self.data, self.children, self.grad = data, children, np.zeros_like(data)
        self.push = lambda: None


def scalar_node(value):
    return Value(value)


def scalar_value(node):
    return node.data


def scalar_add(a, b):
    out = Value(a.data + b.data, (a, b))

    def push():
        a.grad = a.grad + out.grad
        b.grad = b.grad + out.grad

    out.push = push
    return out


def scalar_multiply(a, b):
    out = Value(a.data * b.data, (a, b))

    def push():
        a.grad = a.grad + b.data * out.grad
        b.grad = b.grad + a.data * out.grad

    out.push = push
    return out


def scalar_tanh(a):
    out = Value(np.tanh(a.data), (a,))

    def push():
        a.grad = a.grad + (1 - out.data**2) * out.grad

    out.push = push
    return out


def scalar_sin(a):
    out = Value(np.sin(a.data), (a,))

    def push():
        a.grad = a.grad + np.cos(a.data) * out.grad

    out.push = push
    return out


def scalar_gradients(output, wanted):
    order = []

    def visit(node):
        if node not in order:
            for child in node.children:
                visit(child)
            order.append(node)

    visit(output)
    for node in [*order, *wanted]:
        node.grad = np.zeros_like(node.data)
    output.grad = np.ones_like(output.data)
    for node in order[::-1]:
        node.push()
    return [node.grad for node in wanted]
"""
FORWARD_MODE = """
import numpy as np


def scalar_node(value):
    return {"value": value, "inputs": [], "slopes": []}


def scalar_value(node):
    return node["value"]


def scalar_add(a, b):
    return {"value": a["value"] + b["value"], "inputs": [a, b], "slopes": [1, 1]}


def scalar_multiply(a, b):
    return {"value": a["value"] * b["value"], "inputs": [a, b], "slopes": [b["value"], a["value"]]}


def scalar_tanh(a):
    value = np.tanh(a["value"])
    return {"value": value, "inputs": [a], "slopes": [(1 - value) * (1 + value)]}


def scalar_sin(a):
    return {"value": np.sin(a["value"]), "inputs": [a], "slopes": [np.cos(a["value"])]}


def tangent(node, leaf):
    if node is leaf:
        return np.ones_like(node["value"])
    total = np.zeros_like(node["value"])
    for before, slope in zip(node["inputs"], node["slopes"]):
        total = total + slope * tangent(before, leaf)
    return total


def scalar_gradients(output, wanted):
    return [tangent(output, leaf) for leaf in wanted]
"""
JACOBIAN_CARRIED = """
import numpy as np


class Dual:
    def __init__(self, value, slopes=None):
        self.value = value
        self.slopes = {self: np.ones_like(value)} if slopes is None else slopes


def chained(value, *parts):
    slopes = {}
    for node, slope in parts:
        for leaf, inner in node.slopes.items():
            slopes[leaf] = slopes.get(leaf, 0) + slope * inner
    return Dual(value, slopes)


def scalar_node(value):
    return Dual(value)


def scalar_value(node):
    return node.value


def scalar_add(a, b):
    return chained(np.add(a.value, b.value), (a, 1), (b, 1))


def scalar_multiply(a, b):
    return chained(np.multiply(a.value, b.value), (a, b.value), (b, a.value))


def scalar_tanh(a):
    value = np.tanh(a.value)
    return chained(value, (a, 1 - value * value))


def scalar_sin(a):
    return chained(np.sin(a.value), (a, np.cos(a.value)))


def scalar_gradients(output, wanted):
    return [np.asarray(output.slopes.get(leaf, 0), output.value.dtype) for leaf in wanted]
"""
# One list of all that was ever computed; a node is its number there.
WENGERT_LIST = """
import numpy as np

TAPE = []


def written(value, *inputs):
    TAPE.append((value, inputs))
    return len(TAPE) - 1


def scalar_node(value):
    return written(value)


def scalar_value(node):
    return TAPE[node][0]


def scalar_add(a, b):
    return written(scalar_value(a) + scalar_value(b), (a, 1), (b, 1))


def scalar_multiply(a, b):
    return written(scalar_value(a) * scalar_value(b), (a, scalar_value(b)), (b, scalar_value(a)))


def scalar_tanh(a):
    value = np.tanh(scalar_value(a))
    return written(value, (a, 1 - value**2))


def scalar_sin(a):
    return written(np.sin(scalar_value(a)), (a, np.cos(scalar_value(a))))


def scalar_gradients(output, wanted):
    adjoints = [np.zeros_like(value) for value, _ in TAPE[: output + 1]]
    adjoints[output] = np.ones_like(scalar_value(output))
    for number in range(output, -1, -1):
        for before, slope in TAPE[number][1]:
            adjoints[before] = adjoints[before] + adjoints[number] * slope
    return [adjoints[node] if node <= output else np.zeros_like(scalar_value(node)) for node in wanted]
"""

SCALAR_ENGINE = (
    Variant("scalar_engine", "closures_and_grad", source=CLOSURES_AND_GRAD),
    Variant("scalar_engine", "every_path", source=FORWARD_MODE),
    Variant("scalar_engine", "slopes_carried_along", source=JACOBIAN_CARRIED),
    Variant("scalar_engine", "wengert_list", source=WENGERT_LIST),
)

PRODUCTS = (
    Variant(
        "broadcast_add",
        "row_by_row",
        source=NUMPY
        + """
def broadcast_add_forward(a, b):
    out = np.empty_like(a)
    for n in range(len(a)):
        out[n] = a[n] + b
    return out, None


def broadcast_add_backward(dout, cache):
    db = np.zeros(dout.shape[1], dout.dtype)
    for row in dout[::-1]:
        db += row
    return dout, db
""",
    ),
    Variant(
        "broadcast_add",
        "product_with_ones",
        source=NUMPY
        + """
def broadcast_add_forward(a, b):
    ones = np.ones((len(a), 1), a.dtype)
    return a + ones @ b[None], ones


def broadcast_add_backward(dout, cache):
    return dout.copy(), (cache.T @ dout)[0]
""",
    ),
    Variant(
        "broadcast_add",
        "in_place_einsum",
        source=NUMPY
        + """
def broadcast_add_forward(a, b):
    out = a.copy()
    out += b
    return out, b.shape


def broadcast_add_backward(dout, cache):
    return +dout, np.einsum("nm->m", dout).reshape(cache)
""",
    ),
    Variant(
        "broadcast_multiply",
        "diagonal_matrix",
        source=NUMPY
        + """
def broadcast_multiply_forward(a, b):
    scale = np.diag(b[:, 0])
    return scale @ a, (a, scale)


def broadcast_multiply_backward(dout, cache):
    a, scale = cache
    return scale.T @ dout, np.diagonal(dout @ a.T)[:, None]
""",
    ),
    Variant(
        "broadcast_multiply",
        "row_by_row",
        source=NUMPY
        + """
def broadcast_multiply_forward(a, b):
    out = a.copy()
    for n, factor in enumerate(b.ravel()):
        out[n] *= factor
    return out, {"a": a, "b": b}


def broadcast_multiply_backward(dout, cache):
    a, b = cache["a"], cache["b"]
    da, db = np.zeros_like(a), np.zeros_like(b)
    for n in range(len(a)):
        da[n] = b[n, 0] * dout[n]
        db[n, 0] = np.dot(dout[n], a[n])
    return da, db
""",
    ),
    Variant(
        "broadcast_multiply",
        "einsum_closure",
        source=NUMPY
        + """
def broadcast_multiply_forward(a, b):
    def back(dout):
        return np.einsum("nm,nk->nm", dout, b), np.einsum("nm,nm->n", dout, a).reshape(-1, 1)

    return np.einsum("nm,nk->nm", a, b), back


def broadcast_multiply_backward(dout, cache):
    return cache(dout)
""",
    ),
    Variant(
        "matrix_product",
        "three_loops",
        source=NUMPY
        + """
def matrix_product_forward(a, b):
    out = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for n, k, m in np.ndindex(*a.shape, b.shape[1]):
        out[n, m] += a[n, k] * b[k, m]
    return out, (a, b)


def matrix_product_backward(dout, cache):
    a, b = cache
    da, db = np.zeros_like(a), np.zeros_like(b)
    for n, k, m in np.ndindex(*a.shape, b.shape[1]):
        da[n, k] += dout[n, m] * b[k, m]
        db[k, m] += dout[n, m] * a[n, k]
    return da, db
""",
    ),
    Variant(
        "matrix_product",
        "einsum",
        source=NUMPY
        + """
def matrix_product_forward(a, b):
    return np.einsum("nk,km->nm", a, b), [a, b]


def matrix_product_backward(dout, cache):
    return np.einsum("nm,km->nk", dout, cache[1]), np.einsum("nk,nm->km", cache[0], dout)
""",
    ),
    Variant(
        "matrix_product",
        "transposed_throughout",
        source=NUMPY
        + """
def matrix_product_forward(a, b):
    return np.dot(b.T, a.T).T, {"a": a, "b": b}


def matrix_product_backward(dout, cache):
    return np.inner(dout, cache["b"]), np.tensordot(dout, cache["a"], axes=(0, 0)).T
""",
    ),
    Variant(
        "matrix_product",
        "outer_products_summed",
        source=NUMPY
        + """
def matrix_product_forward(a, b):
    return (a[:, :, None] * b).sum(axis=1), (a, b)


def matrix_product_backward(dout, cache):
    a, b = cache
    return (dout[:, None, :] * b).sum(axis=2), (a[:, :, None] * dout[:, None, :]).sum(axis=0)
""",
    ),
)

REDUCTIONS = (
    Variant(
        "axis_sum",
        "repeated",
        source=NUMPY
        + """
def axis_sum_forward(x, *, axis=0):
    return np.add.reduce(x, axis), (x.shape[axis], axis)


def axis_sum_backward(dout, cache):
    times, axis = cache
    return np.repeat(np.expand_dims(dout, axis), times, axis)
""",
    ),
    Variant(
        "axis_sum",
        "loops",
        source=NUMPY
        + """
def axis_sum_forward(x, *, axis=0):
    out = np.zeros(x.shape[1 - axis], x.dtype)
    for at in np.ndindex(*x.shape):
        out[at[1 - axis]] += x[at]
    return out, {"like": x, "axis": axis}


def axis_sum_backward(dout, cache):
    dx = np.empty_like(cache["like"])
    for at in np.ndindex(*dx.shape):
        dx[at] = dout[at[1 - cache["axis"]]]
    return dx
""",
    ),
    Variant(
        "axis_sum",
        "views_only",
        source=NUMPY
        + """
def axis_sum_forward(x, *, axis=0):
    x = x if axis == 0 else x.T
    return np.ones(len(x), x.dtype) @ x, (x.shape, axis)


def axis_sum_backward(dout, cache):
    shape, axis = cache
    dx = np.broadcast_to(dout, shape)
    return dx if axis == 0 else dx.T
""",
    ),
    Variant(
        "unbroadcast",
        "one_axis_at_a_time",
        source=NUMPY
        + """
def unbroadcast(dout, like):
    while dout.ndim > like.ndim:
        dout = dout.sum(axis=0)
    for axis, size in enumerate(like.shape):
        if size == 1:
            dout = dout.sum(axis=axis, keepdims=True)
    return dout
""",
    ),
    Variant(
        "unbroadcast",
        "element_by_element",
        source=NUMPY
        + """
def unbroadcast(dout, like):
    total = np.zeros_like(like)
    for at, d in np.ndenumerate(dout):
        home = at[dout.ndim - like.ndim :]
        total[tuple(i if size > 1 else 0 for i, size in zip(home, like.shape))] += d
    return total
""",
    ),
    Variant(
        "unbroadcast",
        "scattered_to_positions",
        source=NUMPY
        + """
def unbroadcast(dout, like):
    positions = np.broadcast_to(np.arange(like.size).reshape(like.shape), dout.shape)
    total = np.zeros(like.size, like.dtype)
    np.add.at(total, positions.ravel(), dout.ravel())
    return total.reshape(like.shape)
""",
    ),
)

# Engines for arrays.
CREATION_ORDER = """
import heapq
import itertools

import numpy as np

NUMBERS = itertools.count()


class Tensor:
    def __init__(self, value, *parents):
        self.value, self.parents, self.number = value, parents, next(NUMBERS)

    def __lt__(self, other):
        return self.number > other.number


def fit(d, shape):
    d = d.sum(axis=tuple(range(d.ndim - len(shape))))
    return d.sum(axis=tuple(k for k, size in enumerate(shape) if size == 1), keepdims=True)


def array_node(value):
    return Tensor(value)


def array_value(node):
    return node.value


def array_add(a, b):
    return Tensor(a.value + b.value, (a, lambda d: d), (b, lambda d: d))


def array_multiply(a, b):
    return Tensor(a.value * b.value, (a, lambda d: d * b.value), (b, lambda d: d * a.value))


def array_tanh(a):
    out = np.tanh(a.value)
    return Tensor(out, (a, lambda d: d - d * out**2))


def array_matmul(a, b):
    return Tensor(np.dot(a.value, b.value), (a, lambda d: np.dot(d, b.value.T)), (b, lambda d: np.dot(a.value.T, d)))


def array_sum(a):
    return Tensor(a.value.sum(), (a, lambda d: np.full_like(a.value, d)))


def array_gradients(output, wanted):
    grads, heap = {output: np.ones_like(output.value)}, [output]
    while heap:
        node = heapq.heappop(heap)
        for parent, pull in node.parents:
            if parent not in grads:
                grads[parent] = np.zeros_like(parent.value)
                heapq.heappush(heap, parent)
            grads[parent] = grads[parent] + fit(pull(grads[node]), parent.value.shape)
    return [grads.get(node, np.zeros_like(node.value)) for node in wanted]
"""
COUNTED_USERS = """
import numpy as np


def unbroadcast(d, shape):
    while d.ndim > len(shape):
        d = d.sum(0)
    for axis, size in enumerate(shape):
        if size == 1 and d.shape[axis] != 1:
            d = d.sum(axis, keepdims=True)
    return d


def back(kind, d, out, values):
    if kind == "add":
        return d, d
    if kind == "multiply":
        return d * values[1], d * values[0]
    if kind == "tanh":
        return (d * (1 - out) * (1 + out),)
    if kind == "matmul":
        return d @ values[1].T, values[0].T @ d
    return (d * np.ones_like(values[0]),)


def make(kind, value, *inputs):
    return {"kind": kind, "value": value, "inputs": inputs}


def array_node(value):
    return make("leaf", value)


def array_value(node):
    return node["value"]


def array_add(a, b):
    return make("add", np.add(a["value"], b["value"]), a, b)


def array_multiply(a, b):
    return make("multiply", np.multiply(a["value"], b["value"]), a, b)


def array_tanh(a):
    return make("tanh", np.tanh(a["value"]), a)


def array_matmul(a, b):
    return make("matmul", np.einsum("nk,km->nm", a["value"], b["value"]), a, b)


def array_sum(a):
    return make("sum", np.add.reduce(a["value"], axis=None), a)


def array_gradients(output, wanted):
    users, seen, todo = {}, {id(output)}, [output]
    while todo:
        for node in todo.pop()["inputs"]:
            users[id(node)] = users.get(id(node), 0) + 1
            if id(node) not in seen:
                seen.add(id(node))
                todo.append(node)
    grads, ready = {id(output): np.ones_like(output["value"])}, [output]
    while ready:
        node = ready.pop()
        if not node["inputs"]:
            continue
        values = [before["value"] for before in node["inputs"]]
        for before, d in zip(node["inputs"], back(node["kind"], grads[id(node)], node["value"], values)):
            d = unbroadcast(d, before["value"].shape)
            grads[id(before)] = grads[id(before)] + d if id(before) in grads else d
            users[id(before)] -= 1
            if users[id(before)] == 0:
                ready.append(before)
    return [grads[id(node)] if id(node) in grads else np.zeros_like(node["value"]) for node in wanted]
"""
IN_PLACE_BUFFERS = """
import numpy as np


class Array:
    def __init__(self, value, inputs=(), push=None):
        self.value, self.inputs, self.push = value, inputs, push
        self.grad = None

    def receive(self, d):
        lost = d.ndim - self.value.ndim
        d = d.sum(axis=tuple(range(lost)) + tuple(lost + k for k, n in enumerate(self.value.shape) if n == 1))
        self.grad += d.reshape(self.value.shape)


def array_node(value):
    return Array(value)


def array_value(node):
    return node.value


def array_add(a, b):
    def push(d):
        a.receive(d)
        b.receive(d)

    return Array(a.value + b.value, (a, b), push)


def array_multiply(a, b):
    def push(d):
        a.receive(d * b.value)
        b.receive(d * a.value)

    return Array(a.value * b.value, (a, b), push)


def array_tanh(a):
    return Array(np.tanh(a.value), (a,), lambda d: a.receive(d * (1 - np.tanh(a.value) ** 2)))


def array_matmul(a, b):
    def push(d):
        a.receive(d @ b.value.T)
        b.receive(a.value.T @ d)

    return Array(a.value @ b.value, (a, b), push)


def array_sum(a):
    return Array(np.sum(a.value), (a,), lambda d: a.receive(np.broadcast_to(d, a.value.shape)))


def sorted_graph(node, order):
    if node not in order:
        for before in node.inputs:
            sorted_graph(before, order)
        order[node] = True
    return order


def array_gradients(output, wanted):
    order = list(sorted_graph(output, {}))
    for node in {*order, *wanted}:
        node.grad = np.zeros(node.value.shape, node.value.dtype)
    output.grad += 1
    while order:
        node = order.pop()
        if node.push:
            node.push(node.grad)
    return [node.grad.copy() for node in wanted]
"""
EVERY_PATH = """
import numpy as np


def array_node(value):
    return value, ()


def array_value(node):
    return node[0]


def narrowed(d, like):
    d = d.sum(axis=tuple(range(d.ndim - like.ndim)))
    for axis in range(like.ndim):
        if like.shape[axis] == 1:
            d = np.add.reduce(d, axis=axis, keepdims=True)
    return d


def array_add(a, b):
    return a[0] + b[0], ((a, lambda d: narrowed(d, a[0])), (b, lambda d: narrowed(d, b[0])))


def array_multiply(a, b):
    return a[0] * b[0], ((a, lambda d: narrowed(d * b[0], a[0])), (b, lambda d: narrowed(d * a[0], b[0])))


def array_tanh(a):
    out = np.tanh(a[0])
    return out, ((a, lambda d: (1 - out * out) * d),)


def array_matmul(a, b):
    return a[0] @ b[0], ((a, lambda d: np.inner(d, b[0])), (b, lambda d: a[0].T @ d))


def array_sum(a):
    return a[0].sum(), ((a, lambda d: d + np.zeros_like(a[0])),)


def array_gradients(output, wanted):
    totals = [np.zeros_like(node[0]) for node in wanted]

    def send(node, d):
        for k, target in enumerate(wanted):
            if node is target:
                totals[k] = totals[k] + d
        for before, pull in node[1]:
            send(before, pull(d))

    send(output, np.ones_like(output[0]))
    return totals
"""

ARRAY_ENGINE = (
    Variant("array_engine", "latest_first", source=CREATION_ORDER),
    Variant("array_engine", "counted_users", source=COUNTED_USERS),
    Variant("array_engine", "in_place_buffers", source=IN_PLACE_BUFFERS),
    Variant("array_engine", "every_path", source=EVERY_PATH),
)

CHECKING = (
    Variant(
        "gradient_error",
        "loops",
        source=NUMPY
        + """
def gradient_error(analytic, ahead, behind, *, step=1e-4):
    numeric = np.empty_like(analytic)
    largest = deviation = 0 * analytic[0]
    for k, a in enumerate(analytic):
        numeric[k] = (ahead[k] - behind[k]) / 2 / step
        largest = max(largest, abs(a), abs(numeric[k]))
        deviation = max(deviation, abs(a - numeric[k]))
    return numeric, deviation / largest if largest else largest
""",
    ),
    Variant(
        "gradient_error",
        "norms",
        source=NUMPY
        + """
def gradient_error(analytic, ahead, behind, *, step=1e-4):
    numeric = np.subtract(ahead, behind) * (0.5 / step)
    scale = np.linalg.norm(np.append(analytic, numeric), np.inf)
    error = np.linalg.norm(numeric - analytic, np.inf)
    return numeric, np.divide(error, scale, out=np.zeros_like(scale), where=scale > 0)
""",
    ),
    Variant(
        "gradient_error",
        "scaled_first",
        source=NUMPY
        + """
def gradient_error(analytic, ahead, behind, *, step=1e-4):
    numeric = (ahead - behind) / (step + step)
    both = np.stack([analytic, numeric])
    scale = np.abs(both).max()
    if scale == 0:
        return numeric, np.zeros((), analytic.dtype)
    return numeric, np.ptp(both / scale, axis=0).max()
""",
    ),
)

WHEATS = (*ORDER, *SCALAR_ENGINE, *PRODUCTS, *REDUCTIONS, *ARRAY_ENGINE, *CHECKING)
