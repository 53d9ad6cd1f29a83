"""Unit 05: optimisers, schedules, decay and clipping (curriculum section 4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from graders.sandbox.program import Call, Ref
from graders.specs.hostile import ADAM
from graders.specs.row import Arg, Axes, Hostile, Row, Script, ScriptRow, Task

STEPS, AHEAD_STEPS = 20, 15
"""Updates of a trajectory; fewer where every one takes two calls."""
FACTORS = {"lr": (1.0, 1.0, 0.5, 2.0, 0.25), "momentum": (1.0, 1.0, 0.9, 0.5, 1.0)}
"""By which a step size, or a momentum, changes from update to update, over and over."""
VARIES = ("lr",)
PARAMETERS = 2
SIZES = {"D": (2, 4), "M": (2, 3)}
Slots = dict[str, Any]
Rule = Callable[..., tuple[Tensor, Slots]]
"""One parameter's update: (param, grad, slots, t from 1, lr, **hyperparameters) to (param, slots)."""


def shapes(axes: Axes) -> list[tuple[int, ...]]:
    """A matrix and a vector."""
    return [(axes["D"], axes["M"]), (axes["M"],)]


def shapes_by_step(steps: int) -> Callable[[Axes], list[tuple[int, ...]]]:
    """The same for every step, one after another."""
    return lambda axes: shapes(axes) * steps


def gradients(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """Of another size every time, and now and then zero."""
    return np.asarray(rng.standard_normal(shape) * 10.0 ** rng.uniform(-3, 1) * (rng.random() > 0.1))


def curvatures(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """Of both signs, over two decades."""
    return np.asarray(10.0 ** rng.uniform(-1, 1, shape) * rng.choice((-1.0, 1.0), shape))


# --- the equations, for one parameter ---


def sgd(p: Tensor, g: Tensor, s: Slots, t: int, lr: float) -> tuple[Tensor, Slots]:
    """P - lr g."""
    return p - lr * g, s


def momentum_rule(p: Tensor, g: Tensor, s: Slots, t: int, lr: float, momentum: float) -> tuple[Tensor, Slots]:
    """V = mu v - lr g; p + v."""
    v = momentum * s.get("v", 0.0) - lr * g
    return p + v, {"v": v}


def nesterov_simplified(p: Tensor, g: Tensor, s: Slots, t: int, lr: float, momentum: float) -> tuple[Tensor, Slots]:
    """Theta = theta + mu v: back to theta, one momentum step, and ahead again."""
    v = s.get("v", torch.zeros_like(p))
    theta = p - momentum * v
    v = momentum * v - lr * g
    theta = theta + v
    return theta + momentum * v, {"v": v}


def adagrad(p: Tensor, g: Tensor, s: Slots, t: int, lr: float, eps: float) -> tuple[Tensor, Slots]:
    """Divided by the root of the sum of squares."""
    total = s.get("total", 0.0) + g**2
    return p - lr * g / (total.sqrt() + eps), {"total": total}


def rmsprop(p: Tensor, g: Tensor, s: Slots, t: int, lr: float, alpha: float, eps: float) -> tuple[Tensor, Slots]:
    """Divided by the root of a decaying mean of squares."""
    mean = alpha * s.get("mean", 0.0) + (1 - alpha) * g**2
    return p - lr * g / (mean.sqrt() + eps), {"mean": mean}


def adadelta(p: Tensor, g: Tensor, s: Slots, t: int, lr: float, rho: float, eps: float) -> tuple[Tensor, Slots]:
    """-RMS[delta] / RMS[g] g (Zeiler 2012, algorithm 1)."""
    square = rho * s.get("square", 0.0) + (1 - rho) * g**2
    moved = s.get("moved", torch.zeros_like(p))
    delta = -(moved + eps).sqrt() / (square + eps).sqrt() * g
    return p + lr * delta, {"square": square, "moved": rho * moved + (1 - rho) * delta**2}


def adam(
    p: Tensor, g: Tensor, s: Slots, t: int, lr: float, beta1: float, beta2: float, eps: float
) -> tuple[Tensor, Slots]:
    """Kingma & Ba 2015, algorithm 1."""
    m = beta1 * s.get("m", 0.0) + (1 - beta1) * g
    v = beta2 * s.get("v", 0.0) + (1 - beta2) * g**2
    return p - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps), {"m": m, "v": v}


def adamw(
    p: Tensor, g: Tensor, s: Slots, t: int, lr: float, beta1: float, beta2: float, eps: float, decay: float
) -> tuple[Tensor, Slots]:
    """The decay beside Adam's step (Loshchilov & Hutter 2019, algorithm 2)."""
    new, slots = adam(p, g, s, t, lr, beta1, beta2, eps)
    return new - lr * decay * p, slots


def nadam(
    p: Tensor, g: Tensor, s: Slots, t: int, lr: float, beta1: float, beta2: float, eps: float
) -> tuple[Tensor, Slots]:
    """Dozat 2016, algorithm 2, with a constant momentum."""
    m = beta1 * s.get("m", 0.0) + (1 - beta1) * g
    v = beta2 * s.get("v", 0.0) + (1 - beta2) * g**2
    looked = beta1 * m / (1 - beta1 ** (t + 1)) + (1 - beta1) * g / (1 - beta1**t)
    return p - lr * looked / ((v / (1 - beta2**t)).sqrt() + eps), {"m": m, "v": v}


def nadam_decay(
    p: Tensor, g: Tensor, s: Slots, t: int, lr: float, beta1: float, beta2: float, eps: float, decay: float
) -> tuple[Tensor, Slots]:
    """Dozat 2016, algorithm 2, with the schedule that torch.optim.NAdam has."""

    def mu(k: int) -> float:
        return beta1 * (1 - 0.5 * math.pow(0.96, k * decay))

    m = beta1 * s.get("m", 0.0) + (1 - beta1) * g
    v = beta2 * s.get("v", 0.0) + (1 - beta2) * g**2
    product = math.prod(mu(k) for k in range(1, t + 1))
    looked = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
    return p - lr * looked / ((v / (1 - beta2**t)).sqrt() + eps), {"m": m, "v": v}


def adasecant(p: Tensor, g: Tensor, s: Slots, t: int, eps: float) -> tuple[Tensor, Slots]:
    """The secant step and its memory (Gulcehre et al. 2014, equations 8-14)."""
    zero = torch.zeros_like(p)
    tau, d, a = s.get("tau", zero + 2), s.get("d", zero), g - s.get("g", zero)
    new = {"d": d, "dd": d * d, "aa": a * a, "ad": a * d}
    mean = {name: (1 - 1 / tau) * s.get("E" + name, zero) + (1 / tau) * value for name, value in new.items()}
    eta = ((mean["dd"] + eps) / (mean["aa"] + eps)).sqrt() - mean["ad"] / (mean["aa"] + eps)
    tau = (1 - mean["d"] ** 2 / (mean["dd"] + eps)) * tau + 1
    slots = {"E" + name: value for name, value in mean.items()}
    return p - eta * g, {**slots, "tau": tau, "d": -eta * g, "g": g}


def vsgd(
    p: Tensor, g: Tensor, s: Slots, t: int, curvature: Tensor, slow_start: float, eps: float
) -> tuple[Tensor, Slots]:
    """Schaul et al. 2013, algorithm 1, elementwise."""
    new = {"m": g, "v": g**2 * (1 if s else slow_start), "h": curvature.abs()}
    tau = s.get("tau", torch.full_like(p, 2.0))
    mean = {name: (1 - 1 / tau) * s[name] + (1 / tau) * value for name, value in new.items()} if s else new
    eta = mean["m"] ** 2 / (mean["h"] * mean["v"] + eps)
    return p - eta * g, {**mean, "tau": (1 - mean["m"] ** 2 / (mean["v"] + eps)) * tau + 1}


# --- from an equation to a row ---


def trajectory(rule: Rule, steps: int, varies: tuple[str, ...]) -> Callable[..., tuple[list[Tensor], ...]]:
    """The oracle: the parameters after every update. All of them are one vector to a rule, which is elementwise."""

    def oracle(params: list[Tensor], grads: list[Tensor], *extra: list[Tensor], **options: Any) -> Any:
        vector, slots, after = flat(params), Slots(), []
        for t in range(steps):
            part = slice(t * PARAMETERS, (t + 1) * PARAMETERS)
            here = [flat(each[part]) for each in (grads, *extra)]
            vector, slots = rule(vector, here[0], slots, t + 1, *here[1:], **at_step(t, options, varies))
            after.append(like(params, vector))
        return tuple(after)

    return oracle


def flat(tensors: list[Tensor]) -> Tensor:
    """All elements in one vector."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def like(tensors: list[Tensor], vector: Tensor) -> list[Tensor]:
    """A vector cut into tensors of the shapes of these."""
    parts = torch.split(vector, [tensor.numel() for tensor in tensors])
    return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def at_step(t: int, options: Mapping[str, Any], varies: tuple[str, ...] = VARIES) -> dict[str, Any]:
    """The options of one update: some change from one to the next."""
    return {
        name: value * FACTORS[name][t % len(FACTORS[name])] if name in varies else value
        for name, value in options.items()
    }


def updates(name: str, steps: int, varies: tuple[str, ...]) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Script]:
    """The script: init, then update after update."""

    def script(args: Mapping[str, Any], options: Mapping[str, Any]) -> Script:
        calls = [Call(f"{name}_init", (args["params"],), opaque=frozenset({0}))]
        for t in range(steps):
            params: Any = args["params"] if t == 0 else Ref(t, 0)
            state = Ref(0) if t == 0 else Ref(t, 1)
            part = slice(t * PARAMETERS, (t + 1) * PARAMETERS)
            hyper = at_step(t, options, varies)
            if "curvature" in args:
                hyper["curvature"] = args["curvature"][part]
            call = Call(f"{name}_update", (params, args["grads"][part], state), hyper, 2, frozenset({1}))
            calls.append(call)
        return Script(tuple(calls), {after(t): (t + 1, 0) for t in range(steps)})

    return script


def after(t: int) -> str:
    """Name of the output of update t, counted from 0."""
    return f"params after step {t + 1}"


def ahead(t: int) -> str:
    """Name of the point ahead of update t, counted from 0."""
    return f"ahead of step {t + 1}"


def optimiser_row(
    name: str,
    rule: Rule,
    options: Mapping[str, tuple[Any, ...]],
    convention: str,
    source: str,
    *more: Arg,
    varies: tuple[str, ...] = VARIES,
    hostile: tuple[Hostile, ...] = (),
) -> ScriptRow:
    """A row from an update equation; the options in `varies` change from update to update."""
    outputs = tuple(map(after, range(STEPS)))
    return ScriptRow(
        name,
        (Arg("params", shapes), Arg("grads", shapes_by_step(STEPS), gradients), *more),
        trajectory(rule, STEPS, varies),
        SIZES,
        outputs=outputs,
        options=options,
        batch="",
        empty="D",
        hostile=hostile,
        workload={"D": 128, "M": 48},
        convention=convention,
        source=source,
        script=updates(name, STEPS, varies),
        asks=(f"{name}_init", f"{name}_update"),
        stages={"first step": (outputs[:1], 40.0), "trajectory": (outputs[1:], 60.0)},
    )


def nesterov_oracle(params: list[Tensor], grads: list[Tensor], *, lr: float, momentum: float) -> Any:
    """The points ahead, and the parameters after every update, by the definition."""
    vector = flat(params)
    velocity = torch.zeros_like(vector)
    outputs: list[list[Tensor]] = []
    for t in range(AHEAD_STEPS):
        now = at_step(t, {"lr": lr, "momentum": momentum}, ("lr", "momentum"))
        mu, rate = now["momentum"], now["lr"]
        outputs.append(like(params, vector + mu * velocity))
        velocity = mu * velocity - rate * flat(grads[t * PARAMETERS : (t + 1) * PARAMETERS])
        vector = vector + velocity
        outputs.append(like(params, vector))
    return tuple(outputs)


def nesterov_script(args: Mapping[str, Any], options: Mapping[str, Any]) -> Script:
    """Init; then look ahead and update, over and over."""
    calls = [Call("nesterov_init", (args["params"],), opaque=frozenset({0}))]
    shown: dict[str, tuple[int, int]] = {}
    for t in range(AHEAD_STEPS):
        params: Any = args["params"] if t == 0 else Ref(2 * t, 0)
        state = Ref(0) if t == 0 else Ref(2 * t, 1)
        now = at_step(t, options, ("lr", "momentum"))
        calls.append(Call("nesterov_lookahead", (params, state), {"momentum": now["momentum"]}))
        part = args["grads"][t * PARAMETERS : (t + 1) * PARAMETERS]
        calls.append(Call("nesterov_update", (params, part, state), now, 2, frozenset({1})))
        shown |= {ahead(t): (2 * t + 1, 0), after(t): (2 * t + 2, 0)}
    return Script(tuple(calls), shown)


NESTEROV = tuple(name for t in range(AHEAD_STEPS) for name in (ahead(t), after(t)))


# --- what is done around an update ---


def minibatches(order: Tensor, *, batch_size: int) -> list[Tensor]:
    """Cut, the rest last."""
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def as_number(formula: Callable[..., float]) -> Callable[..., Tensor]:
    """A schedule's oracle: the formula, in Python's floats."""
    return lambda step, **options: torch.tensor(formula(step, **options), dtype=torch.float64)


def warmup(step: int, lr: float, warmup: int, total: int) -> float:
    """Two straight lines."""
    rise = (step + 1) / warmup if step < warmup else 1.0
    fall = 1.0 if step < warmup else max(total - step, 0) / (total - warmup)
    return lr * rise * fall


def clip_by_global_norm(grads: list[Tensor], *, max_norm: float) -> tuple[list[Tensor], Tensor]:
    """One factor for all."""
    norm = torch.sqrt(torch.stack([(g**2).sum() for g in grads]).sum())
    factor = 1.0 if norm <= max_norm else max_norm / norm
    return [g * factor for g in grads], norm


def positive(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """What a size is: more than 0."""
    return 10.0 ** rng.uniform(-2, 1, shape)


def steps(*numbers: int) -> tuple[dict[str, int], ...]:
    """Fixed cases of a schedule: where it turns."""
    return tuple({"step": number} for number in numbers)


LR = (0.1, 0.01)
MOMENTUM = (0.9, 0.5)
BETAS = {"lr": LR, "beta1": (0.9, 0.8), "beta2": (0.999, 0.9), "eps": (1e-8, 1e-3)}
PARAMS, GRADS = Arg("params", shapes), Arg("grads", shapes)
AROUND: dict[str, Any] = {"axes": SIZES, "kind": "function", "batch": "", "empty": "D"}
STEP = Arg("step", "", "count")
SCHEDULE: dict[str, Any] = {"axes": {"S": (2, 3)}, "kind": "function", "outputs": ("value",), "batch": "", "empty": ""}

ROWS: tuple[Task, ...] = (
    Row(
        "minibatches",
        (Arg("order", "S", lambda rng, shape, sizes: rng.permutation(shape[0]), differentiable=False),),
        minibatches,
        {"S": (3, 9)},
        kind="function",
        outputs=("batches",),
        options={"batch_size": (2, 1, 3, 20)},
        batch="",
        empty="",
        convention="In the order given; the last batch has what is left.",
        source="USTC slides, algorithm 4.1; Goodfellow et al. 2016, section 8.1.3",
    ),
    optimiser_row("sgd", sgd, {"lr": LR}, "theta - lr g, g the gradient of the mean loss.", "Robbins & Monro 1951"),
    optimiser_row(
        "momentum",
        momentum_rule,
        {"lr": LR, "momentum": MOMENTUM},
        "v = mu v - lr g, theta + v, v = 0 at first; lr inside v (torch: outside; Beihang slides: v starts at g). "
        "lr and mu may change from update to update.",
        "Polyak 1964; USTC slides",
        varies=("lr", "momentum"),
    ),
    ScriptRow(
        "nesterov",
        (PARAMS, Arg("grads", shapes_by_step(AHEAD_STEPS), gradients)),
        nesterov_oracle,
        SIZES,
        outputs=NESTEROV,
        options={"lr": LR, "momentum": MOMENTUM},
        batch="",
        empty="D",
        convention="By the definition: the gradient is taken at theta + mu v, and params stay theta. "
        "lr and mu may change from update to update.",
        source="Sutskever et al. 2013, equations 3-4; USTC slides",
        script=nesterov_script,
        asks=("nesterov_init", "nesterov_lookahead", "nesterov_update"),
        stages={
            "first step": ((after(0),), 20.0),
            "lookahead": ((ahead(0), ahead(1)), 40.0),
            "trajectory": (NESTEROV[3:], 40.0),
        },
    ),
    optimiser_row(
        "nesterov_simplified",
        nesterov_simplified,
        {"lr": LR, "momentum": MOMENTUM},
        "params are Theta = theta + mu v, where the gradient is taken.",
        "Bengio et al. 2012, equation 7; USTC slides",
    ),
    optimiser_row(
        "adagrad",
        adagrad,
        {"lr": LR, "eps": (1e-8, 1e-3)},
        "The sum of squares, eps outside the root (Soochow: the mean; Beihang: eps inside; USTC: none).",
        "Duchi et al. 2011",
    ),
    optimiser_row(
        "rmsprop",
        rmsprop,
        {"lr": LR, "alpha": (0.9, 0.99), "eps": (1e-8, 1e-3)},
        "Mean of squares from 0, not corrected; eps outside the root (Beihang: inside).",
        "Tieleman & Hinton 2012",
    ),
    optimiser_row(
        "adadelta",
        adadelta,
        {"lr": (1.0, 0.5), "rho": (0.95, 0.9), "eps": (1e-6, 1e-3)},
        "eps inside both roots; the numerator has the steps before this one (Beihang slides: sqrt(w), misprinted).",
        "Zeiler 2012, algorithm 1",
    ),
    optimiser_row(
        "adam",
        adam,
        BETAS,
        "Both means corrected, t from 1, eps outside the root (the Beihang slides misprint all three).",
        "Kingma & Ba 2015, algorithm 1",
        hostile=ADAM,
    ),
    optimiser_row(
        "adamw",
        adamw,
        {**BETAS, "decay": (0.01, 0.1)},
        "The decay, times lr, of the old parameters, beside Adam's step.",
        "Loshchilov & Hutter 2019, algorithm 2",
        hostile=ADAM,
    ),
    optimiser_row(
        "nadam",
        nadam,
        BETAS,
        "Constant beta1.",
        "Dozat 2016, algorithm 2 with a constant momentum",
        hostile=ADAM,
    ),
    optimiser_row(
        "nadam_decay",
        nadam_decay,
        {**BETAS, "decay": (0.004, 0.1)},
        "mu_t = beta1 (1 - 0.96^(decay t) / 2); the mean itself decays by beta1, as in torch.optim.NAdam.",
        "Dozat 2016, algorithm 2; torch.optim.NAdam",
    ),
    optimiser_row(
        "vsgd",
        vsgd,
        {"slow_start": (10.0, 2.0), "eps": (1e-12, 1e-6)},
        "First E[g] = g, E[g^2] = slow_start g^2, E[h] = |h|, tau = 2; tau changes after the step size.",
        "Schaul et al. 2013, algorithm 1",
        Arg("curvature", shapes_by_step(STEPS), curvatures),
    ),
    optimiser_row(
        "adasecant",
        adasecant,
        {"eps": (1e-4, 1e-2)},
        "The secant step and its memory; no blocks, variance reduction or outlier test.",
        "Gulcehre et al. 2014, equations 8-14",
    ),
    Row(
        "inverse_sqrt_schedule",
        (STEP,),
        as_number(lambda step, lr: lr * (step + 1) ** -0.5),
        options={"lr": LR},
        convention="lr / sqrt(step + 1), steps from 0 (the USTC slides call it 1/t decay).",
        source="USTC and Soochow slides",
        **SCHEDULE,
    ),
    Row(
        "step_decay_schedule",
        (STEP,),
        as_number(lambda step, lr, factor, every: lr * math.exp(math.log(factor) * math.floor(step / every))),
        options={"lr": LR, "factor": (0.5, 0.1), "every": (10, 3)},
        examples=steps(0, 9, 10),
        convention="lr factor^floor(step / every), steps from 0.",
        source="USTC slides",
        **SCHEDULE,
    ),
    Row(
        "warmup_schedule",
        (STEP,),
        as_number(warmup),
        options={"lr": LR, "warmup": (10, 0, 5), "total": (40, 20)},
        examples=steps(0, 9, 10, 39, 40),
        convention="lr (step + 1) / warmup, then lr (total - step) / (total - warmup), then 0.",
        source="Soochow slides; Goyal et al. 2017, section 2.2",
        **SCHEDULE,
    ),
    Row(
        "noam_schedule",
        (STEP,),
        as_number(lambda step, width, warmup: width**-0.5 * min((step + 1) ** -0.5, (step + 1) * warmup**-1.5)),
        options={"width": (512, 64), "warmup": (10, 20)},
        examples=steps(0, 9, 10),
        convention="Steps from 0 here, from 1 in the paper.",
        source="Vaswani et al. 2017, equation 3",
        **SCHEDULE,
    ),
    Row(
        "weight_decay",
        (PARAMS, GRADS),
        lambda params, grads, l2: [g + l2 * p for p, g in zip(params, grads, strict=True)],
        outputs=("grads",),
        options={"l2": (0.01, 1.0, 0.0)},
        convention="g + l2 theta; the optimiser multiplies by its step size (one USTC slide does not).",
        source="Goodfellow et al. 2016, equation 7.3",
        **AROUND,
    ),
    Row(
        "clip_by_value",
        (GRADS,),
        lambda grads, limit: [g.clamp(-limit, limit) for g in grads],
        outputs=("grads",),
        options={"limit": (1.0, 0.5)},
        convention="Each element to [-limit, limit].",
        source="Mikolov 2012; USTC slides",
        **AROUND,
    ),
    Row(
        "clip_by_global_norm",
        (GRADS,),
        clip_by_global_norm,
        outputs=("grads", "norm"),
        options={"max_norm": (1.0, 0.1, 100.0)},
        convention="One norm over all arrays, one factor for all; returns the norm before as well.",
        source="Pascanu et al. 2013, algorithm 1",
        **AROUND,
    ),
    Row(
        "summary_update",
        (PARAMS, Arg("directions", shapes), Arg("sizes", shapes, positive)),
        lambda params, directions, sizes, rate: [
            p - rate / s * m for p, m, s in zip(params, directions, sizes, strict=True)
        ],
        outputs=("params",),
        options={"rate": (0.1, 1.0)},
        convention="theta - (eta_t / sigma_t) m_t.",
        source="Soochow slides, summary of optimisers",
        **AROUND,
    ),
)
