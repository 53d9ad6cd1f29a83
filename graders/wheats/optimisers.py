"""Unit 05: optimisers, schedules, decay and clipping, written other ways."""

from graders.misconceptions.variant import Variant

# All parameters in one long vector, and back.
FLAT = """
import numpy as np


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def unflat(vector, like):
    ends = np.cumsum([a.size for a in like])
    return [part.reshape(a.shape) for part, a in zip(np.split(vector, ends[:-1]), like)]
"""
# The state is an object that does the step itself, in buffers of its own.
SLOTS = """
import numpy as np


class Slots:
    def __init__(self, params, **start):
        self.t = 0
        self.of = [{name: np.full_like(p, value) for name, value in start.items()} for p in params]

    def __iter__(self):
        return iter(self.of)
"""
# Number by number.
NUMBERS = """
import math

import numpy as np


def by_number(rule, params, grads, state, *more):
    new = []
    for k, p in enumerate(params):
        q = np.empty_like(p)
        for i in np.ndindex(p.shape):
            values = [float(array[k][i]) for array in more]
            q[i], state[k][i] = rule(float(p[i]), float(grads[k][i]), state[k].get(i), *values)
        new.append(q)
    return new, state
"""

MINIBATCHES = (
    Variant(
        "minibatches",
        "by_np_split",
        source="""
import numpy as np


def minibatches(order, *, batch_size=2):
    return np.split(order, range(batch_size, len(order), batch_size))
""",
    ),
    Variant(
        "minibatches",
        "takes_from_the_front",
        source="""
def minibatches(order, *, batch_size=2):
    batches = []
    while len(order):
        batches.append(order[:batch_size].copy())
        order = order[batch_size:]
    return batches
""",
    ),
    Variant(
        "minibatches",
        "number_by_number",
        source="""
import numpy as np


def minibatches(order, *, batch_size=2):
    batches = [[]]
    for index in order:
        if len(batches[-1]) == batch_size:
            batches.append([])
        batches[-1].append(index)
    return [np.array(batch, dtype=order.dtype) for batch in batches]
""",
    ),
    Variant(
        "minibatches",
        "by_masks",
        source="""
import math

import numpy as np


def minibatches(order, *, batch_size=2):
    batch_of = np.arange(order.size) // batch_size
    return [order[batch_of == k] for k in range(math.ceil(order.size / batch_size))]
""",
    ),
)

SGD = (
    Variant(
        "sgd",
        "on_copies",
        source="""
def sgd_init(params):
    return {}


def sgd_update(params, grads, state, *, lr):
    params = [p.copy() for p in params]
    for p, g in zip(params, grads):
        p -= lr * g
    return params, state
""",
    ),
    Variant(
        "sgd",
        "one_vector",
        source=FLAT
        + """

def sgd_init(params):
    return None


def sgd_update(params, grads, state, *, lr):
    return unflat(flat(params) - lr * flat(grads), params), None
""",
    ),
    Variant(
        "sgd",
        "number_by_number",
        source=NUMBERS
        + """

def sgd_init(params):
    return [{} for _ in params]


def sgd_update(params, grads, state, *, lr):
    return by_number(lambda p, g, _: (p - lr * g, None), params, grads, state)
""",
    ),
    Variant(
        "sgd",
        "state_is_a_generator",
        source="""
def sgd_init(params):
    def steps():
        new = None
        while True:
            params, grads, lr = yield new
            new = [p - lr * g for p, g in zip(params, grads)]

    state = steps()
    next(state)
    return state


def sgd_update(params, grads, state, *, lr):
    return state.send((params, grads, lr)), state
""",
    ),
    Variant(
        "sgd",
        "counts_steps_out_buffers",
        source="""
import numpy as np


def sgd_init(params):
    return 0


def sgd_update(params, grads, state, *, lr):
    new = []
    for p, g in zip(params, grads):
        step = np.multiply(g, -lr)
        new.append(np.add(step, p, out=step))
    return new, state + 1
""",
    ),
)

MOMENTUM = (
    Variant(
        "momentum",
        "in_place_buffers",
        source=SLOTS
        + """

def momentum_init(params):
    return Slots(params, v=0)


def momentum_update(params, grads, state, *, lr, momentum=0.9):
    new = []
    for p, g, slot in zip(params, grads, state):
        slot["v"] *= momentum
        slot["v"] -= lr * g
        new.append(p + slot["v"])
    return new, state
""",
    ),
    Variant(
        "momentum",
        "heavy_ball_of_positions",
        source="""
def momentum_init(params):
    return [p.copy() for p in params]


def momentum_update(params, grads, state, *, lr, momentum=0.9):
    # The velocity is where one is, less where one was.
    new = [p - lr * g + momentum * (p - before) for p, g, before in zip(params, grads, state)]
    return new, [p.copy() for p in params]
""",
    ),
    Variant(
        "momentum",
        "downhill_velocity_in_a_dict",
        source="""
import numpy as np


def momentum_init(params):
    return {"velocity": {k: 0 * p for k, p in enumerate(params)}, "steps": 0}


def momentum_update(params, grads, state, *, lr, momentum=0.9):
    velocity = {k: momentum * state["velocity"][k] + lr * g for k, g in enumerate(grads)}
    new = [np.subtract(p, velocity[k]) for k, p in enumerate(params)]
    return new, {"velocity": velocity, "steps": state["steps"] + 1}
""",
    ),
    Variant(
        "momentum",
        "whole_history",
        source="""
def momentum_init(params):
    return ()


def momentum_update(params, grads, state, *, lr, momentum=0.9):
    history = (*state, (lr, momentum, [g.copy() for g in grads]))
    new = []
    for k, p in enumerate(params):
        move, fade = 0 * p, 1.0
        for lr_then, momentum_then, then in reversed(history):
            move = move - fade * lr_then * then[k]
            fade *= momentum_then
        new.append(p + move)
    return new, history
""",
    ),
    Variant(
        "momentum",
        "one_vector",
        source=FLAT
        + """

def momentum_init(params):
    return np.zeros_like(flat(params))


def momentum_update(params, grads, state, *, lr, momentum=0.9):
    state *= momentum
    state -= lr * flat(grads)
    return unflat(flat(params) + state, params), state
""",
    ),
)

NESTEROV = (
    Variant(
        "nesterov",
        "in_place_object",
        source=SLOTS
        + """

def nesterov_init(params):
    return Slots(params, v=0)


def nesterov_lookahead(params, state, *, momentum=0.9):
    ahead = [p.copy() for p in params]
    for p, slot in zip(ahead, state):
        p += momentum * slot["v"]
    return ahead


def nesterov_update(params, grads, state, *, lr, momentum=0.9):
    moved = []
    for p, g, slot in zip(params, grads, state):
        v = slot["v"]
        np.multiply(v, momentum, out=v)
        np.subtract(v, lr * g, out=v)
        moved.append(np.add(p, v))
    return moved, state
""",
    ),
    Variant(
        "nesterov",
        "positions",
        source="""
def nesterov_init(params):
    return {"before": [p.copy() for p in params]}


def nesterov_lookahead(params, state, *, momentum=0.9):
    return [(1 + momentum) * p - momentum * before for p, before in zip(params, state["before"])]


def nesterov_update(params, grads, state, *, lr, momentum=0.9):
    ahead = nesterov_lookahead(params, state, momentum=momentum)
    return [p - lr * g for p, g in zip(ahead, grads)], {"before": [p.copy() for p in params]}
""",
    ),
    Variant(
        "nesterov",
        "one_vector",
        source=FLAT
        + """

def nesterov_init(params):
    return 0 * flat(params)


def nesterov_lookahead(params, state, *, momentum=0.9):
    return unflat(flat(params) + momentum * state, params)


def nesterov_update(params, grads, state, *, lr, momentum=0.9):
    v = momentum * state - lr * flat(grads)
    return unflat(flat(params) + v, params), v
""",
    ),
    Variant(
        "nesterov",
        "number_by_number",
        source=NUMBERS
        + """

def nesterov_init(params):
    return [{} for _ in params]


def nesterov_lookahead(params, state, *, momentum=0.9):
    ahead = [p.copy() for p in params]
    for p, velocities in zip(ahead, state):
        for i, v in velocities.items():
            p[i] += momentum * v
    return ahead


def nesterov_update(params, grads, state, *, lr, momentum=0.9):
    def rule(p, g, v):
        v = momentum * (v or 0.0) - lr * g
        return p + v, v

    return by_number(rule, params, grads, state)
""",
    ),
)

NESTEROV_SIMPLIFIED = (
    Variant(
        "nesterov_simplified",
        "bengio_equation_7",
        source="""
def nesterov_simplified_init(params):
    return [0 * p for p in params]


def nesterov_simplified_update(params, grads, state, *, lr, momentum=0.9):
    new = [p + momentum**2 * v - (1 + momentum) * lr * g for p, g, v in zip(params, grads, state)]
    return new, [momentum * v - lr * g for g, v in zip(grads, state)]
""",
    ),
    Variant(
        "nesterov_simplified",
        "plain_step_and_a_lead",
        source="""
def nesterov_simplified_init(params):
    # How far the parameters are ahead of theta: mu v.
    return {"lead": tuple(0 * p for p in params)}


def nesterov_simplified_update(params, grads, state, *, lr, momentum=0.9):
    lead = tuple(momentum * (ahead - lr * g) for ahead, g in zip(state["lead"], grads))
    return [p - lr * g + ahead for p, g, ahead in zip(params, grads, lead)], {"lead": lead}
""",
    ),
    Variant(
        "nesterov_simplified",
        "there_and_back_one_vector",
        source=FLAT
        + """

def nesterov_simplified_init(params):
    return {"v": np.zeros_like(flat(params))}


def nesterov_simplified_update(params, grads, state, *, lr, momentum=0.9):
    v = state["v"]
    theta = flat(params) - momentum * v
    v *= momentum
    v -= lr * flat(grads)
    theta += v
    theta += momentum * v
    return unflat(theta, params), state
""",
    ),
)

ADAGRAD = (
    Variant(
        "adagrad",
        "grows_the_root_itself",
        source="""
import numpy as np


def adagrad_init(params):
    return [np.zeros(p.shape, p.dtype) for p in params]


def adagrad_update(params, grads, state, *, lr, eps=1e-8):
    roots = [np.hypot(r, g) for r, g in zip(state, grads)]
    return [p - lr / (r + eps) * g for p, g, r in zip(params, grads, roots)], roots
""",
    ),
    Variant(
        "adagrad",
        "in_place_object",
        source=SLOTS
        + """

def adagrad_init(params):
    return Slots(params, total=0)


def adagrad_update(params, grads, state, *, lr, eps=1e-8):
    new = []
    for p, g, slot in zip(params, grads, state):
        slot["total"] += np.square(g)
        step = np.sqrt(slot["total"])
        step += eps
        np.divide(g, step, out=step)
        step *= lr
        new.append(p - step)
    return new, state
""",
    ),
    Variant(
        "adagrad",
        "number_by_number",
        source=NUMBERS
        + """

def adagrad_init(params):
    return [{} for _ in params]


def adagrad_update(params, grads, state, *, lr, eps=1e-8):
    def rule(p, g, total):
        total = (total or 0.0) + g**2
        return p - lr * g / (math.sqrt(total) + eps), total

    return by_number(rule, params, grads, state)
""",
    ),
    Variant(
        "adagrad",
        "whole_history",
        source="""
import numpy as np


def adagrad_init(params):
    return [[] for _ in params]


def adagrad_update(params, grads, state, *, lr, eps=1e-8):
    for seen, g in zip(state, grads):
        seen.append(g.copy())
    norms = [np.linalg.norm(np.stack(seen), axis=0) for seen in state]
    return [p - lr * (g / (n + eps)) for p, g, n in zip(params, grads, norms)], state
""",
    ),
)

RMSPROP = (
    Variant(
        "rmsprop",
        "moves_the_mean_a_little",
        source="""
import numpy as np


def rmsprop_init(params):
    return {k: np.zeros_like(p) for k, p in enumerate(params)}


def rmsprop_update(params, grads, state, *, lr, alpha=0.9, eps=1e-8):
    new = []
    for k, (p, g) in enumerate(zip(params, grads)):
        state[k] += (1 - alpha) * (g**2 - state[k])
        new.append(p - lr * g / (np.sqrt(state[k]) + eps))
    return new, state
""",
    ),
    Variant(
        "rmsprop",
        "keeps_the_root",
        source="""
import math

import numpy as np


def rmsprop_init(params):
    return tuple(p * 0 for p in params)


def rmsprop_update(params, grads, state, *, lr, alpha=0.9, eps=1e-8):
    roots = tuple(
        np.hypot(math.sqrt(alpha) * r, math.sqrt(1 - alpha) * g) for r, g in zip(state, grads)
    )
    return [p - g * (lr / (r + eps)) for p, g, r in zip(params, grads, roots)], roots
""",
    ),
    Variant(
        "rmsprop",
        "weights_the_whole_history",
        source="""
import numpy as np


def rmsprop_init(params):
    return []


def rmsprop_update(params, grads, state, *, lr, alpha=0.9, eps=1e-8):
    state = [*state, [g * g for g in grads]]
    weights = [(1 - alpha) * alpha**age for age in range(len(state))]
    new = []
    for k, (p, g) in enumerate(zip(params, grads)):
        mean = sum(w * squares[k] for w, squares in zip(weights, reversed(state)))
        new.append(p - lr * g / (mean**0.5 + eps))
    return new, state
""",
    ),
    Variant(
        "rmsprop",
        "one_vector_in_double",
        source=FLAT
        + """

def rmsprop_init(params):
    return np.zeros(sum(p.size for p in params))


def rmsprop_update(params, grads, state, *, lr, alpha=0.9, eps=1e-8):
    p, g = flat(params).astype(np.float64), flat(grads).astype(np.float64)
    mean = alpha * state + (1 - alpha) * g**2
    p -= lr * g / (np.sqrt(mean) + eps)
    return [new.astype(old.dtype) for new, old in zip(unflat(p, params), params)], mean
""",
    ),
)

ADADELTA = (
    Variant(
        "adadelta",
        "root_of_the_ratio",
        source="""
import numpy as np


def adadelta_init(params):
    return [{"g": np.zeros_like(p), "x": np.zeros_like(p)} for p in params]


def adadelta_update(params, grads, state, *, lr, rho=0.95, eps=1e-6):
    new = []
    for p, g, mean in zip(params, grads, state):
        mean["g"] = rho * mean["g"] + (1 - rho) * g**2
        step = np.sqrt((mean["x"] + eps) / (mean["g"] + eps)) * g
        mean["x"] = rho * mean["x"] + (1 - rho) * step**2
        new.append(p - lr * step)
    return new, state
""",
    ),
    Variant(
        "adadelta",
        "in_place_object",
        source=SLOTS
        + """

def adadelta_init(params):
    return Slots(params, square=0, moved=0)


def adadelta_update(params, grads, state, *, lr, rho=0.95, eps=1e-6):
    new = []
    for p, g, slot in zip(params, grads, state):
        slot["square"] += (1 - rho) * (g * g - slot["square"])
        delta = np.sqrt(slot["moved"] + eps)
        delta /= -np.sqrt(slot["square"] + eps)
        delta *= g
        slot["moved"] += (1 - rho) * (delta * delta - slot["moved"])
        new.append(p + lr * delta)
    return new, state
""",
    ),
    Variant(
        "adadelta",
        "number_by_number",
        source=NUMBERS
        + """

def adadelta_init(params):
    return [dict() for _ in params]


def adadelta_update(params, grads, state, *, lr, rho=0.95, eps=1e-6):
    def rule(p, g, means):
        square, moved = means or (0.0, 0.0)
        square = rho * square + (1 - rho) * g * g
        delta = -math.sqrt(moved + eps) / math.sqrt(square + eps) * g
        return p + lr * delta, (square, rho * moved + (1 - rho) * delta * delta)

    return by_number(rule, params, grads, state)
""",
    ),
    Variant(
        "adadelta",
        "one_matrix",
        source=FLAT
        + """

def adadelta_init(params):
    start = flat(params)
    return np.zeros((2, start.size), start.dtype)


def adadelta_update(params, grads, state, *, lr, rho=0.95, eps=1e-6):
    g = flat(grads)
    state[0] = rho * state[0] + (1 - rho) * g * g
    below, above = np.sqrt(state + eps)
    delta = -above / below * g
    state[1] = rho * state[1] + (1 - rho) * delta * delta
    return unflat(flat(params) + lr * delta, params), state
""",
    ),
)

ADAM = (
    Variant(
        "adam",
        "correction_in_the_step_size",
        source="""
import math

import numpy as np


def adam_init(params):
    return {"t": 0, "m": [np.zeros_like(p) for p in params], "v": [np.zeros_like(p) for p in params]}


def adam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state["t"] + 1
    root = math.sqrt(1 - beta2**t)
    rate, hat = lr * root / (1 - beta1**t), eps * root
    m = [beta1 * a + (1 - beta1) * g for a, g in zip(state["m"], grads)]
    v = [beta2 * a + (1 - beta2) * np.square(g) for a, g in zip(state["v"], grads)]
    new = [p - rate * a / (np.sqrt(b) + hat) for p, a, b in zip(params, m, v)]
    return new, {"t": t, "m": m, "v": v}
""",
    ),
    Variant(
        "adam",
        "in_place_object",
        source=SLOTS
        + """

def adam_init(params):
    return Slots(params, m=0, v=0)


def adam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    state.t += 1
    new = []
    for p, g, slot in zip(params, grads, state):
        m, v = slot["m"], slot["v"]
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g * g - v)
        below = np.sqrt(v / (1 - beta2**state.t))
        below += eps
        new.append(p - lr / (1 - beta1**state.t) * m / below)
    return new, state
""",
    ),
    Variant(
        "adam",
        "means_corrected_from_the_start",
        source="""
import numpy as np


def adam_init(params):
    return [(np.zeros_like(p), np.zeros_like(p)) for p in params], 1


def adam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    # A corrected mean moves to the new value by (1 - beta) / (1 - beta^t).
    means, t = state
    share1, share2 = ((1 - beta) / (1 - beta**t) for beta in (beta1, beta2))
    means = [(m + share1 * (g - m), v + share2 * (g**2 - v)) for (m, v), g in zip(means, grads)]
    return [p - lr * m / (v**0.5 + eps) for p, (m, v) in zip(params, means)], (means, t + 1)
""",
    ),
    Variant(
        "adam",
        "running_powers_one_vector",
        source=FLAT
        + """

def adam_init(params):
    nothing = 0 * flat(params)
    return {"m": nothing, "v": nothing, "power1": 1.0, "power2": 1.0}


def adam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    g = flat(grads)
    power1, power2 = state["power1"] * beta1, state["power2"] * beta2
    m = beta1 * state["m"] + (1 - beta1) * g
    v = beta2 * state["v"] + (1 - beta2) * g**2
    step = lr * (m / (1 - power1)) / (np.sqrt(v / (1 - power2)) + eps)
    return unflat(flat(params) - step, params), {"m": m, "v": v, "power1": power1, "power2": power2}
""",
    ),
    Variant(
        "adam",
        "number_by_number",
        source=NUMBERS
        + """

def adam_init(params):
    return [{} for _ in params]


def adam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(p, g, slot):
        m, v, t = slot or (0.0, 0.0, 0)
        m, v, t = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g, t + 1
        hat_m, hat_v = m / (1 - beta1**t), v / (1 - beta2**t)
        return p - lr * hat_m / (math.sqrt(hat_v) + eps), (m, v, t)

    return by_number(rule, params, grads, state)
""",
    ),
    Variant(
        "adam",
        "closure_over_the_history",
        source="""
import numpy as np


def adam_init(params):
    def step(params, grads, lr, beta1, beta2, eps):
        seen.append([g.copy() for g in grads])
        ages = range(len(seen) - 1, -1, -1)
        new = []
        for k, p in enumerate(params):
            m = sum(beta1**age * g[k] for age, g in zip(ages, seen)) / sum(beta1**age for age in ages)
            v = sum(beta2**age * g[k] ** 2 for age, g in zip(ages, seen)) / sum(beta2**age for age in ages)
            new.append(p - lr * m / (np.sqrt(v) + eps))
        return new

    seen = []
    return step


def adam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    return state(params, grads, lr, beta1, beta2, eps), state
""",
    ),
)

ADAMW = (
    Variant(
        "adamw",
        "shrinks_first",
        source="""
import numpy as np


def adamw_init(params):
    return [[0, np.zeros_like(p), np.zeros_like(p)] for p in params]


def adamw_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01):
    new = []
    for p, g, slot in zip(params, grads, state):
        slot[0] += 1
        slot[1] = beta1 * slot[1] + (1 - beta1) * g
        slot[2] = beta2 * slot[2] + (1 - beta2) * g**2
        t, m, v = slot
        p = p * (1 - lr * decay)
        p -= lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
        new.append(p)
    return new, state
""",
    ),
    Variant(
        "adamw",
        "one_direction",
        source="""
import math

import numpy as np


def adamw_init(params):
    return {"t": 0, "m": [0 * p for p in params], "v": [0 * p for p in params]}


def adamw_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01):
    t = state["t"] + 1
    root = math.sqrt(1 - beta2**t)
    m = [old + (1 - beta1) * (g - old) for old, g in zip(state["m"], grads)]
    v = [old + (1 - beta2) * (g * g - old) for old, g in zip(state["v"], grads)]
    directions = [root / (1 - beta1**t) * a / (np.sqrt(b) + root * eps) for a, b in zip(m, v)]
    return [p - lr * (d + decay * p) for p, d in zip(params, directions)], dict(t=t, m=m, v=v)
""",
    ),
    Variant(
        "adamw",
        "one_vector",
        source=FLAT
        + """

def adamw_init(params):
    start = flat(params)
    return 0, np.zeros((2, *start.shape), start.dtype)


def adamw_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01):
    t, means = state
    t, p, g = t + 1, flat(params), flat(grads)
    betas = np.array([[beta1], [beta2]], p.dtype)
    means = betas * means + (1 - betas) * np.stack([g, g * g])
    m, v = means[0] / (1 - beta1**t), means[1] / (1 - beta2**t)
    return unflat(p - lr * decay * p - lr * m / (np.sqrt(v) + eps), params), (t, means)
""",
    ),
    Variant(
        "adamw",
        "number_by_number",
        source=NUMBERS
        + """

def adamw_init(params):
    return [{} for _ in params]


def adamw_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01):
    def rule(p, g, slot):
        m, v, power1, power2 = slot or (0.0, 0.0, 1.0, 1.0)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        power1, power2 = power1 * beta1, power2 * beta2
        adam = m / (1 - power1) / (math.sqrt(v / (1 - power2)) + eps)
        return p - lr * adam - lr * decay * p, (m, v, power1, power2)

    return by_number(rule, params, grads, state)
""",
    ),
)

NADAM = (
    Variant(
        "nadam",
        "in_place_object",
        source=SLOTS
        + """

def nadam_init(params):
    return Slots(params, m=0, v=0)


def nadam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    state.t += 1
    t, new = state.t, []
    for p, g, slot in zip(params, grads, state):
        slot["m"] *= beta1
        slot["m"] += (1 - beta1) * g
        slot["v"] *= beta2
        slot["v"] += (1 - beta2) * g * g
        ahead = slot["m"] * (beta1 / (1 - beta1 ** (t + 1)))
        ahead += g * ((1 - beta1) / (1 - beta1**t))
        ahead /= np.sqrt(slot["v"] / (1 - beta2**t)) + eps
        new.append(p - lr * ahead)
    return new, state
""",
    ),
    Variant(
        "nadam",
        "two_steps_one_vector",
        source=FLAT
        + """

def nadam_init(params):
    return [0 * flat(params), 0 * flat(params), 0]


def nadam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = state
    g, t = flat(grads), t + 1
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    rate = lr / (np.sqrt(v / (1 - beta2**t)) + eps)
    by_mean = rate * m * beta1 / (1 - beta1 ** (t + 1))
    by_gradient = rate * g * (1 - beta1) / (1 - beta1**t)
    return unflat(flat(params) - by_mean - by_gradient, params), [m, v, t]
""",
    ),
    Variant(
        "nadam",
        "number_by_number",
        source=NUMBERS
        + """

def nadam_init(params):
    return [{} for _ in params]


def nadam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    def rule(p, g, slot):
        m, v, t = slot or (0.0, 0.0, 0)
        t += 1
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        looked = beta1 * m / (1 - beta1 ** (t + 1)) + (1 - beta1) * g / (1 - beta1**t)
        return p - lr * looked / (math.sqrt(v / (1 - beta2**t)) + eps), (m, v, t)

    return by_number(rule, params, grads, state)
""",
    ),
)

NADAM_DECAY = (
    Variant(
        "nadam_decay",
        "product_from_the_start",
        source="""
import math

import numpy as np


def nadam_decay_init(params):
    return {"t": 0, "m": [np.zeros_like(p) for p in params], "v": [np.zeros_like(p) for p in params]}


def nadam_decay_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.004):
    def mu(k):
        return beta1 * (1 - math.exp(decay * k * math.log(0.96)) / 2)

    state["t"] += 1
    t, new = state["t"], []
    done = math.prod(mu(k) for k in range(1, t + 1))
    for k, (p, g) in enumerate(zip(params, grads)):
        m = state["m"][k] = beta1 * state["m"][k] + (1 - beta1) * g
        v = state["v"][k] = beta2 * state["v"][k] + (1 - beta2) * g**2
        looked = mu(t + 1) / (1 - done * mu(t + 1)) * m + (1 - mu(t)) / (1 - done) * g
        new.append(p - lr * looked / (np.sqrt(v / (1 - beta2**t)) + eps))
    return new, state
""",
    ),
    Variant(
        "nadam_decay",
        "keeps_the_next_momentum",
        source=FLAT
        + """

def nadam_decay_init(params):
    return None


def nadam_decay_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.004):
    g = flat(grads)
    fade = 0.96**decay
    m, v, power, mu, product, power2 = state or (0 * g, 0 * g, fade, beta1 * (1 - fade / 2), 1.0, 1.0)
    power, product, power2 = power * fade, product * mu, power2 * beta2
    upcoming = beta1 - beta1 * power / 2
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g * g - v)
    step = upcoming * m / (1 - product * upcoming) + (1 - mu) * g / (1 - product)
    step = lr * step / (np.sqrt(v / (1 - power2)) + eps)
    return unflat(flat(params) - step, params), (m, v, power, upcoming, product, power2)
""",
    ),
    Variant(
        "nadam_decay",
        "number_by_number",
        source=NUMBERS
        + """

def nadam_decay_init(params):
    return [{} for _ in params]


def nadam_decay_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.004):
    def mu(t):
        return beta1 * (1 - 0.5 * 0.96 ** (t * decay))

    def rule(p, g, slot):
        t, product, m, v = slot or (0, 1.0, 0.0, 0.0)
        t, product = t + 1, product * mu(t + 1)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        m_hat = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
        return p - lr * m_hat / (math.sqrt(v / (1 - beta2**t)) + eps), (t, product, m, v)

    return by_number(rule, params, grads, state)
""",
    ),
)

VSGD = (
    Variant(
        "vsgd",
        "a_weight_of_one_at_first",
        source="""
import numpy as np


def vsgd_init(params):
    return {"t": 0, "of": [dict(m=0 * p, v=0 * p, c=0 * p, tau=0 * p + 2) for p in params]}


def vsgd_update(params, grads, state, *, curvature, slow_start=10.0, eps=1e-12):
    first, new = state["t"] == 0, []
    for p, g, h, s in zip(params, grads, curvature, state["of"]):
        weight = np.ones_like(p) if first else 1 / s["tau"]
        values = {"m": g, "v": (slow_start if first else 1.0) * g**2, "c": np.abs(h)}
        for name, value in values.items():
            s[name] = s[name] + weight * (value - s[name])
        gain = s["m"] ** 2
        new.append(p - gain / (s["c"] * s["v"] + eps) * g)
        s["tau"] = s["tau"] - gain * s["tau"] / (s["v"] + eps) + 1
    state["t"] += 1
    return new, state
""",
    ),
    Variant(
        "vsgd",
        "number_by_number",
        source=NUMBERS
        + """

def vsgd_init(params):
    return [{} for _ in params]


def vsgd_update(params, grads, state, *, curvature, slow_start=10.0, eps=1e-12):
    def rule(p, g, slot, h):
        if slot is None:
            m, v, c, tau = g, slow_start * g * g, abs(h), 2.0
        else:
            m, v, c, tau = slot
            m, v, c = (((tau - 1) * old + now) / tau for old, now in ((m, g), (v, g * g), (c, abs(h))))
        rate = m**2 / (c * v + eps)
        return p - rate * g, (m, v, c, (1 - m**2 / (v + eps)) * tau + 1)

    return by_number(rule, params, grads, state, curvature)
""",
    ),
    Variant(
        "vsgd",
        "one_matrix",
        source=FLAT
        + """

def vsgd_init(params):
    return []


def vsgd_update(params, grads, state, *, curvature, slow_start=10.0, eps=1e-12):
    g, h = flat(grads), flat(curvature)
    now = np.stack([g, g * g, np.sqrt(h * h)])
    if not state:
        now[1] *= slow_start
        state = [now, np.full_like(g, 2)]
    else:
        means, tau = state
        state = [means + (now - means) / tau, tau]
    (m, v, c), tau = state
    rate = m * (m / (c * v + eps))
    state[1] = 1 + tau * (1 - m * m / (v + eps))
    return unflat(flat(params) - rate * g, params), state
""",
    ),
)

ADASECANT = (
    Variant(
        "adasecant",
        "a_dict_a_parameter",
        source="""
import numpy as np

MEANS = ("d", "dd", "aa", "ad")


def adasecant_init(params):
    return [{**{name: np.zeros_like(p) for name in (*MEANS, "g", "step")}, "tau": np.full_like(p, 2)} for p in params]


def adasecant_update(params, grads, state, *, eps=1e-4):
    new = []
    for p, g, s in zip(params, grads, state):
        a, d = g - s["g"], s["step"]
        for name, value in zip(MEANS, (d, d**2, a**2, a * d)):
            s[name] = s[name] + (value - s[name]) / s["tau"]
        rate = np.sqrt(s["dd"] + eps) / np.sqrt(s["aa"] + eps) - s["ad"] / (s["aa"] + eps)
        s["tau"] = (1 - s["d"] ** 2 / (s["dd"] + eps)) * s["tau"] + 1
        s["g"], s["step"] = g.copy(), -rate * g
        new.append(p + s["step"])
    return new, state
""",
    ),
    Variant(
        "adasecant",
        "number_by_number",
        source=NUMBERS
        + """

def adasecant_init(params):
    return [{} for _ in params]


def adasecant_update(params, grads, state, *, eps=1e-4):
    def rule(p, g, slot):
        g_prev, d, old, tau = slot or (0.0, 0.0, (0.0, 0.0, 0.0, 0.0), 2.0)
        a = g - g_prev
        now = (d, d * d, a * a, a * d)
        mean = [(1 - 1 / tau) * o + 1 / tau * n for o, n in zip(old, now)]
        rate = math.sqrt((mean[1] + eps) / (mean[2] + eps)) - mean[3] / (mean[2] + eps)
        tau = (1 - mean[0] ** 2 / (mean[1] + eps)) * tau + 1
        return p - rate * g, (g, -rate * g, mean, tau)

    return by_number(rule, params, grads, state)
""",
    ),
    Variant(
        "adasecant",
        "one_matrix",
        source=FLAT
        + """

def adasecant_init(params):
    nothing = 0 * flat(params)
    return np.stack([nothing] * 4), nothing + 2, nothing, nothing


def adasecant_update(params, grads, state, *, eps=1e-4):
    means, tau, g_before, moved = state
    g = flat(grads)
    change = g - g_before
    means = ((tau - 1) * means + np.stack([moved, moved**2, change**2, change * moved])) / tau
    d, dd, aa, ad = means
    rate = (np.sqrt((dd + eps) * (aa + eps)) - ad) / (aa + eps)
    tau = tau + 1 - tau * d * d / (dd + eps)
    return unflat(flat(params) - rate * g, params), (means, tau, g, -rate * g)
""",
    ),
)

SCHEDULES = (
    Variant(
        "inverse_sqrt_schedule",
        "by_logarithm",
        source="""
import math


def inverse_sqrt_schedule(step, *, lr=0.1):
    return lr * math.exp(-0.5 * math.log1p(step))
""",
    ),
    Variant(
        "inverse_sqrt_schedule",
        "numpy_scalar",
        source="""
import numpy as np


def inverse_sqrt_schedule(step, *, lr=0.1):
    return np.float64(lr) * (1.0 + step) ** -0.5
""",
    ),
    Variant(
        "inverse_sqrt_schedule",
        "array_of_no_axes",
        source="""
import numpy as np


def inverse_sqrt_schedule(step, *, lr=0.1):
    return np.asarray(np.sqrt(lr**2 / (step + 1)))
""",
    ),
    Variant(
        "step_decay_schedule",
        "again_and_again",
        source="""
def step_decay_schedule(step, *, lr=0.1, factor=0.5, every=10):
    while step >= every:
        lr *= factor
        step -= every
    return lr
""",
    ),
    Variant(
        "step_decay_schedule",
        "by_np_power",
        source="""
import numpy as np


def step_decay_schedule(step, *, lr=0.1, factor=0.5, every=10):
    return lr * np.power(factor, np.floor(step / every))
""",
    ),
    Variant(
        "step_decay_schedule",
        "by_recursion",
        source="""
def step_decay_schedule(step, *, lr=0.1, factor=0.5, every=10):
    if step < every:
        return lr
    return factor * step_decay_schedule(step - every, lr=lr, factor=factor, every=every)
""",
    ),
    Variant(
        "warmup_schedule",
        "the_lower_of_two_lines",
        source="""
import math


def warmup_schedule(step, *, lr=0.1, warmup=10, total=40):
    up = (step + 1) / warmup if warmup else math.inf
    down = (total - step) / (total - warmup)
    return lr * max(0.0, min(up, down))
""",
    ),
    Variant(
        "warmup_schedule",
        "by_interpolation",
        source="""
import numpy as np


def warmup_schedule(step, *, lr=0.1, warmup=10, total=40):
    if warmup == 0:
        return np.interp(step, [0, total], [lr, 0])
    return np.interp(step, [-1, warmup - 1, warmup, total], [0, lr, lr, 0])
""",
    ),
    Variant(
        "warmup_schedule",
        "step_by_step",
        source="""
def warmup_schedule(step, *, lr=0.1, warmup=10, total=40):
    rates = [lr * k / warmup for k in range(1, warmup + 1)]
    rates += [lr * left / (total - warmup) for left in range(total - warmup, 0, -1)]
    return rates[step] if step < total else 0.0
""",
    ),
    Variant(
        "noam_schedule",
        "by_cases",
        source="""
import math


def noam_schedule(step, *, width=512, warmup=10):
    t = step + 1
    rate = t / (warmup * math.sqrt(warmup)) if t < warmup else 1 / math.sqrt(t)
    return rate / math.sqrt(width)
""",
    ),
    Variant(
        "noam_schedule",
        "by_logarithms",
        source="""
import numpy as np


def noam_schedule(step, *, width=512, warmup=10):
    log_t = np.log(step + 1)
    return np.exp(np.minimum(-0.5 * log_t, log_t - 1.5 * np.log(warmup)) - 0.5 * np.log(width))
""",
    ),
    Variant(
        "noam_schedule",
        "one_root",
        source="""
import numpy as np


def noam_schedule(step, *, width=512, warmup=10):
    t = step + 1.0
    return float(np.sqrt(min(1 / t, t * t / warmup**3) / width))
""",
    ),
)

AROUND = (
    Variant(
        "weight_decay",
        "on_copies",
        source="""
def weight_decay(params, grads, *, l2=0.01):
    decayed = []
    for k in range(len(grads)):
        g = grads[k].copy()
        g += l2 * params[k]
        decayed.append(g)
    return decayed
""",
    ),
    Variant(
        "weight_decay",
        "one_vector",
        source=FLAT
        + """

def weight_decay(params, grads, *, l2=0.01):
    return unflat(flat(grads) + flat([l2 * p for p in params]), params)
""",
    ),
    Variant(
        "weight_decay",
        "nothing_to_do_without_decay",
        source="""
def weight_decay(params, grads, *, l2=0.01):
    if l2 == 0:
        return [g.copy() for g in grads]
    return list(map(lambda p, g: l2 * (p + g / l2), params, grads))
""",
    ),
    Variant(
        "clip_by_value",
        "minimum_of_maximum",
        source="""
import numpy as np


def clip_by_value(grads, *, limit=1.0):
    return [np.minimum(np.maximum(g, -limit), limit) for g in grads]
""",
    ),
    Variant(
        "clip_by_value",
        "masks_on_copies",
        source="""
def clip_by_value(grads, *, limit=1.0):
    clipped = [g.copy() for g in grads]
    for g in clipped:
        g[g > limit] = limit
        g[g < -limit] = -limit
    return clipped
""",
    ),
    Variant(
        "clip_by_value",
        "sign_and_size",
        source="""
import numpy as np


def clip_by_value(grads, *, limit=1.0):
    return [np.copysign(np.fmin(np.abs(g), limit), g) for g in grads]
""",
    ),
    Variant(
        "clip_by_value",
        "number_by_number",
        source="""
import numpy as np


def clip_by_value(grads, *, limit=1.0):
    out = []
    for g in grads:
        numbers = [max(-limit, min(limit, value)) for value in g.ravel().tolist()]
        out.append(np.array(numbers, dtype=g.dtype).reshape(g.shape))
    return out
""",
    ),
    Variant(
        "clip_by_global_norm",
        "one_vector",
        source=FLAT
        + """

def clip_by_global_norm(grads, *, max_norm=1.0):
    norm = np.linalg.norm(flat(grads))
    return [g * (max_norm / max(norm, max_norm)) for g in grads], norm
""",
    ),
    Variant(
        "clip_by_global_norm",
        "norm_of_norms_divides",
        source="""
import functools

import numpy as np


def clip_by_global_norm(grads, *, max_norm=1.0):
    norm = functools.reduce(np.hypot, (np.linalg.norm(g.ravel()) for g in grads))
    if norm > max_norm:
        return [g / norm * max_norm for g in grads], norm
    return [g.copy() for g in grads], norm
""",
    ),
    Variant(
        "clip_by_global_norm",
        "exact_sum_in_double",
        source="""
import math

import numpy as np


def clip_by_global_norm(grads, *, max_norm=1.0):
    norm = math.sqrt(math.fsum(value**2 for g in grads for value in g.ravel().tolist()))
    factor = min(1.0, max_norm / norm) if norm else 1.0
    return [factor * g for g in grads], np.array(norm, grads[0].dtype)
""",
    ),
    Variant(
        "clip_by_global_norm",
        "dot_products_in_place",
        source="""
import numpy as np


def clip_by_global_norm(grads, *, max_norm=1.0):
    square = sum(np.vdot(g, g) for g in grads)
    clipped = [g.copy() for g in grads]
    if square > max_norm**2:
        for g in clipped:
            g *= max_norm / np.sqrt(square)
    return clipped, np.sqrt(square)
""",
    ),
    Variant(
        "summary_update",
        "step_by_step_in_place",
        source="""
import numpy as np


def summary_update(params, directions, sizes, *, rate=0.1):
    new = []
    for p, m, s in zip(params, directions, sizes):
        step = np.multiply(m, rate)
        step /= s
        np.subtract(p, step, out=step)
        new.append(step)
    return new
""",
    ),
    Variant(
        "summary_update",
        "one_vector",
        source=FLAT
        + """

def summary_update(params, directions, sizes, *, rate=0.1):
    p, m, s = flat(params), flat(directions), flat(sizes)
    return unflat(p - rate * (m / s), params)
""",
    ),
    Variant(
        "summary_update",
        "one_fraction",
        source="""
def summary_update(params, directions, sizes, *, rate=0.1):
    return [(p * s - rate * m) / s for p, m, s in zip(params, directions, sizes)]
""",
    ),
)

# Right, but not graded so: Python's own numbers, an int 0 for a float and a float beside float32 arrays.
PLAIN_NUMBERS = (
    Variant(
        "warmup_schedule",
        "zero_at_the_end",
        source="""
def warmup_schedule(step, *, lr=0.1, warmup=10, total=40):
    if step < warmup:
        return lr * (step + 1) / warmup
    if step >= total:
        return 0
    return lr * (total - step) / (total - warmup)
""",
    ),
    Variant(
        "clip_by_global_norm",
        "norm_is_a_python_float",
        source="""
import math


def clip_by_global_norm(grads, *, max_norm=1.0):
    norm = math.sqrt(sum((g * g).sum() for g in grads))
    factor = min(1.0, max_norm / norm) if norm else 1.0
    return [g * factor for g in grads], norm
""",
    ),
)

WHEATS = (
    *PLAIN_NUMBERS,
    *MINIBATCHES,
    *SGD,
    *MOMENTUM,
    *NESTEROV,
    *NESTEROV_SIMPLIFIED,
    *ADAGRAD,
    *RMSPROP,
    *ADADELTA,
    *ADAM,
    *ADAMW,
    *NADAM,
    *NADAM_DECAY,
    *VSGD,
    *ADASECANT,
    *SCHEDULES,
    *AROUND,
)
