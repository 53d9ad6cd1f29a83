"""Experiments: what the slides say of depth, of time, of optimisers, and of a single pixel."""

import itertools

import numpy as np

from reference.adaptive_optimisers import (
    adagrad_init,
    adagrad_update,
    adam_init,
    adam_update,
    rmsprop_init,
    rmsprop_update,
)
from reference.bptt import gradient_norms
from reference.convnets import lenet_keras_forward
from reference.depth import learning_speeds, residual_stack_backward, residual_stack_forward
from reference.examples import data
from reference.examples.networks import lenet_step, slides_lenet
from reference.examples.result import Result, Settings, Tick
from reference.one_pixel import change_pixels, evolve_candidates, select_candidates
from reference.optimisers import momentum_init, momentum_update, sgd_init, sgd_update
from reference.softmax import softmax_forward
from reference.srn import srn_forward


def vanishing(settings: Settings, tick: Tick) -> Result:
    """How fast each layer of 784-30-30-30-30-10 learns, N(0, 1) weights: sigmoid against relu (Beihang slides)."""
    rng = np.random.default_rng(settings.seed)
    sizes, runs = (784, 30, 30, 30, 30, 10), settings.pick(20, 3)
    speeds: dict[str, list[np.ndarray]] = {"sigmoid": [], "relu": []}
    for run in range(runs):
        x, y = rng.random((50, 784)), np.eye(10)[rng.integers(0, 10, 50)]
        weights = [rng.standard_normal(pair) for pair in itertools.pairwise(sizes)]
        biases = [rng.standard_normal(size) for size in sizes[1:]]
        for name, found in speeds.items():
            found.append(learning_speeds(x, y, weights, biases, activation=name))
        tick(run + 1, runs, float(speeds["sigmoid"][-1][0]))
    curves = {name: np.exp(np.mean(np.log(np.array(found) + 1e-300), axis=0)) for name, found in speeds.items()}
    ratio = float(curves["sigmoid"][-1] / curves["sigmoid"][0])
    drawn = {name: (curve / curve[-1]).tolist() for name, curve in curves.items()}
    return Result("sigmoid: last layer's speed over the first's", ratio, drawn, x="layer", y="speed", log=True)


def bptt_bound(settings: Settings, tick: Tick) -> Result:
    """|dh_T / dh_k| and its bound (|W| max|f'|)^(T-k), for small and for large weights (USTC slides)."""
    rng = np.random.default_rng(settings.seed)
    steps, hidden, largest = settings.pick(40, 15), 20, 0.0
    curves: dict[str, list[float]] = {}
    for done, scale in enumerate((0.5, 1.5)):
        wh = scale * np.linalg.qr(rng.standard_normal((hidden, hidden)))[0]
        x, wx = rng.standard_normal((1, steps, 5)), 0.1 * rng.standard_normal((5, hidden))
        h, _ = srn_forward(x, np.zeros((1, hidden)), wx, wh, np.zeros(hidden))
        norms, bounds = gradient_norms(h[0], wh)
        largest = max(largest, float((norms / bounds)[:-1].max()))
        curves |= {f"norm, |W| = {scale}": norms.tolist(), f"bound, |W| = {scale}": bounds.tolist()}
        tick(done + 1, 2, float(norms[0]))
    return Result("largest share of the bound", largest, curves, x="k", y="|dh_T/dh_k|", log=True)


def residual(settings: Settings, tick: Tick) -> Result:
    """What is left of the gradient at the input of plain and of residual networks, as they grow (Beihang slides)."""
    rng = np.random.default_rng(settings.seed)
    width, depths = 16, list(range(1, settings.pick(30, 8) + 1))
    curves: dict[str, list[float]] = {"plain": [], "residual": []}
    for depth in depths:
        shape = (depth, width, width)
        w1, w2 = (list(rng.standard_normal(shape) / np.sqrt(2 * width)) for _ in range(2))
        zero = [np.zeros(width)] * depth
        x, dout = rng.standard_normal((64, width)), rng.standard_normal((64, width))
        _, cache = residual_stack_forward(x, w1, zero, w2, zero)
        curves["residual"].append(float(np.linalg.norm(residual_stack_backward(dout, cache)[0])))
        curves["plain"].append(float(np.linalg.norm(_plain_gradient(x, dout, w1, w2))))
        tick(depth, len(depths), curves["plain"][-1])
    ratio = curves["residual"][-1] / curves["plain"][-1]
    return Result("residual over plain gradient, deepest", ratio, curves, x="blocks", y="|dE/dx|", log=True)


def _plain_gradient(x: np.ndarray, dout: np.ndarray, w1: list[np.ndarray], w2: list[np.ndarray]) -> np.ndarray:
    """The same blocks without their shortcuts."""
    active = []
    for first, second in zip(w1, w2, strict=True):
        active.append(x @ first > 0)
        x = np.maximum(x @ first, 0) @ second
    for first, second, on in zip(reversed(w1), reversed(w2), reversed(active), strict=True):
        dout = ((dout @ second.T) * on) @ first.T
    return dout


def trajectories(settings: Settings, tick: Tick) -> Result:
    """Optimisers on the bowl (x^2 + 100 y^2) / 2 from (10, 1), and the same with a step size of 1e-7."""
    steps, scales = settings.pick(300, 60), np.array([1.0, 100.0])
    runs = {
        "sgd": (sgd_init, sgd_update, {"lr": 1e-2}),
        "sgd, lr 1e-7": (sgd_init, sgd_update, {"lr": 1e-7}),
        "momentum": (momentum_init, momentum_update, {"lr": 1e-2, "momentum": 0.8}),
        "adagrad": (adagrad_init, adagrad_update, {"lr": 1.0}),
        "rmsprop": (rmsprop_init, rmsprop_update, {"lr": 0.05}),
        "adam": (adam_init, adam_update, {"lr": 0.2}),
    }
    curves: dict[str, list[float]] = {}
    paths: dict[str, list[tuple[float, float]]] = {}
    for done, (name, (init, update, options)) in enumerate(runs.items()):
        params = [np.array([10.0, 1.0])]
        state, curve, path = init(params), [], []
        for _ in range(steps):
            curve.append(float(0.5 * (scales * params[0] ** 2).sum()))
            path.append((float(params[0][0]), float(params[0][1])))
            params, state = update(params, [scales * params[0]], state, **options)
        curves[name], paths[name] = curve, path
        tick(done + 1, len(runs), curve[-1])
    best = min(curves, key=lambda name: curves[name][-1])
    return Result(f"least loss at the end ({best})", curves[best][-1], curves, log=True, paths=paths)


def universality(settings: Settings, tick: Tick) -> Result:
    """One hidden layer of growing width on a continuous function (USTC slides)."""
    rng = np.random.default_rng(settings.seed)
    x = np.linspace(-1, 1, 200)[:, None]
    y = np.sin(5 * x) + np.abs(x)
    widths, steps = (2, 5, 20, 80), settings.pick(4000, 300)
    curves: dict[str, list[float]] = {}
    worst = 0.0
    for done, width in enumerate(widths):
        params = [3 * rng.standard_normal((1, width)), rng.uniform(-3, 3, width), np.zeros((width, 1)), np.zeros(1)]
        state, curve = adam_init(params), []
        for _ in range(steps):
            w1, b1, w2, b2 = params
            h = np.tanh(x @ w1 + b1)
            error = h @ w2 + b2 - y
            dz = (2 * error / len(x)) @ w2.T * (1 - h * h)
            grads = [x.T @ dz, dz.sum(0), h.T @ (2 * error / len(x)), (2 * error / len(x)).sum(0)]
            params, state = adam_update(params, grads, state, lr=0.01)
            curve.append(float((error**2).mean()))
        worst = float(np.abs(error).max())
        curves[f"{width} units"] = curve
        tick(done + 1, len(widths), curve[-1])
    return Result(f"largest error with {widths[-1]} units", worst, curves, log=True)


def one_pixel(settings: Settings, tick: Tick) -> Result:
    """Differential evolution of one pixel against a LeNet trained on digits (Su et al. 2019)."""
    rng = np.random.default_rng(settings.seed)
    x, y, x_test, y_test = data.digits()
    params = slides_lenet(rng)
    state = adam_init(params)
    for _ in range(settings.pick(200, 40)):
        chosen = rng.integers(0, len(x), 64)
        params, state, _ = lenet_step(params, state, data.enlarged(x[chosen]), y[chosen])
    scores, _ = lenet_keras_forward(data.enlarged(x_test), params)
    right = np.flatnonzero(np.argmax(scores, axis=1) == y_test)
    victims, fooled, shares = right[: settings.pick(50, 5)], 0, []
    for done, victim in enumerate(victims):
        fooled += _attack(x_test[victim], int(y_test[victim]), params, settings.pick(30, 5), rng)
        shares.append(fooled / (done + 1))
        tick(done + 1, len(victims), shares[-1])
    accuracy = f"accuracy before the attack: {len(right) / len(x_test):.3f}"
    metric = "share of digits that one pixel turns"
    return Result(metric, shares[-1], {"fooled": shares}, "digit", "share", lines=[accuracy])


def _attack(
    image: np.ndarray, label: int, params: list[np.ndarray], generations: int, rng: np.random.Generator
) -> bool:
    """Whether some pixel with some value from 0 to 1 changes the answer."""
    size, population = image.shape[1], 40
    upper = np.array([size - 1e-6, size - 1e-6, 1.0])

    def belief(candidates: np.ndarray) -> tuple[np.ndarray, bool]:
        probs, _ = softmax_forward(lenet_keras_forward(data.enlarged(change_pixels(image, candidates)), params)[0])
        return probs[:, label], bool((np.argmax(probs, axis=1) != label).any())

    candidates = rng.random((population, 3)) * upper
    fitness, done = belief(candidates)
    for _ in range(generations):
        if done:
            return True
        children = evolve_candidates(candidates, rng.integers(0, population, (population, 3)))
        children = np.clip(children, 0, upper)
        child_fitness, done = belief(children)
        candidates = select_candidates(candidates, children, fitness, child_fitness)
        fitness = np.minimum(fitness, child_fitness)
    return done
