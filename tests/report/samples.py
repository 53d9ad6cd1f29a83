"""Reports as varied as real ones: all statuses, Chinese and hostile text, pictures, problems."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.verdict import CaseNote, Note, Pictures, Report, Result, Speed, Status

QUESTIONS = {
    "shape": "Do the outputs and every gradient have the shape and dtype they should?",
    "forward": "Is the forward value right?",
    "gradient dx": "Is dx the gradient with respect to x?",
    "gradient dw": "Is dw the gradient with respect to w?",
    "gradient db": "Is db the gradient with respect to b?",
    "purity": "Are the arguments left as they were, and does a second call give the same?",
    "linearity": "Doubling the upstream gradient doubles every gradient.",
    "batch": "Does splitting the batch change nothing?",
    "edges": "Does it hold for a single sample, a single feature, an empty batch?",
    "float32": "Is float32 in float32 out, and as accurate as float32 can be?",
    "throughput": "Is it about as fast as the plain reference?",
    "training": "Does the trained network predict what it has not seen?",
}
HOSTILE = (
    "<script>alert('x')</script> & \"quotes\" \x1b[2J\u202eltr [bold]markup[/bold] :smile: 你好 \ud800 $x^2$ {braces}"
)


def result(task: str, name: str, status: Status = Status.PASSED, **rest: Any) -> Result:
    """One result worth a point, earned when it passed."""
    rest.setdefault("max_score", 1.0)
    rest.setdefault("score", rest["max_score"] if status is Status.PASSED else 0.0)
    rest.setdefault("cases", 40 if status in (Status.PASSED, Status.FAILED) else 0)
    return Result(task, name, QUESTIONS[name], status, **rest)


def passing(task: str, *names: str, max_score: float = 1.0) -> list[Result]:
    return [result(task, name, max_score=max_score) for name in names]


def untouched(task: str, *names: str) -> list[Result]:
    return [result(task, name, Status.SKIPPED, message="not attempted") for name in names]


def errors(seed: int, factor: float) -> tuple[tuple[int, float], ...]:
    """A cloud of cases whose error grows with their size, with the ends a picture must survive."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.uniform(0, 8, 60)).astype(int)
    cloud = factor * np.sqrt(sizes) * np.exp(rng.normal(size=60))
    odd = ((0, 0.0), (12, float("nan")), (40, float("inf")))
    return tuple(zip(sizes.tolist(), cloud.tolist(), strict=True)) + odd


def db_keepdims() -> Result:
    return result(
        "affine",
        "shape",
        Status.FAILED,
        message="affine_backward: db has shape (1, 2), but should be (2,), the shape of b",
        likely="the batch sum kept its axis (keepdims=True)",
        case=CaseNote(
            {"N": 3, "D": 1, "M": 2},
            replay="a3f1",
            inputs={"dout": np.array([[0.5, -1.25], [2.0, 0.0], [-1.0, 1.5]])},
            got={"db": np.array([[1.5, 0.25]])},
            wanted={"db": np.array([1.5, 0.25])},
        ),
    )


def dw_mean() -> Result:
    wanted = np.array([[0.5, -1.0, 2.25], [12.0, 0.0, -3.125]])
    got = wanted / np.array([[2.0], [1.0]])
    return result(
        "affine",
        "gradient dw",
        Status.FAILED,
        max_score=2.0,
        message="affine_backward: dw is off by 4e+05 times the allowed\ndw[0, 2] is 1.125, should be 2.25",
        likely="the sum over the batch was divided by N, which belongs to the loss",
        case=CaseNote(
            {"N": 2, "D": 2, "M": 3},
            {"reduction": "mean"},
            "0c77",
            {
                "x": np.array([[1.0, -0.5], [0.25, 2.0]], np.float32),
                "lr": 0.1,
                "weights": [np.eye(2), np.ones((9, 9))],
            },
            {"dw": got},
            {"dw": wanted},
        ),
        pictures=Pictures(errors=errors(1, 5.0), heat=np.abs(got - wanted), heat_label="dw"),
    )


def half_credit() -> Result:
    return result(
        "network",
        "gradient dx",
        Status.FAILED,
        score=1.5,
        max_score=3.0,
        message="network_backward: dx is the gradient of your own forward, which is wrong: half the points",
        case=CaseNote({"N": 64, "D": 100}, replay="77ab"),
        pictures=Pictures(
            errors=errors(2, 0.02),
            heat=np.abs(np.random.default_rng(0).normal(size=(64, 100))),
            heat_label="dx",
        ),
    )


def timed(task: str, ratio: float, low: float, high: float) -> Result:
    """Throughput between limits of 2.6 and 5."""
    speed = Speed(ratio, low, high, 2.6, 5.0, 1.5, 1.5 * ratio, 0.25, 27, False, indicative=True)
    if low <= 2.6:
        return result(task, "throughput", pictures=Pictures(speed=speed))
    message = f"{ratio} times the time of the reference"
    return result(task, "throughput", Status.FAILED, score=0.5, message=message, pictures=Pictures(speed=speed))


def hostile() -> list[Result]:
    """A task whose every text attacks the page, the console or the parser."""
    case = CaseNote(
        {"N": 1},
        {"mode": "<b>bold</b>"},
        "ffff",
        {"text": HOSTILE, "big": np.zeros((50, 50))},
        {"y": np.array([np.nan, np.inf, -np.inf, 1e-300])},
        {"y": np.array([0.0, 1.0, 2.0, 3.0])},
    )
    label = "$\\frac{<script>"
    heat = np.array([[np.nan, np.inf], [0.0, 1.0]])
    shown = Pictures(heat=heat, heat_label=label, curve=np.array([3.0, np.nan, 1.0]), curve_label=label)
    return [
        result(
            "chain_paths",
            "forward",
            Status.FAILED,
            message=HOSTILE,
            likely=HOSTILE,
            case=case,
            pictures=shown,
        ),
        result("chain_paths", "purity", Status.SKIPPED, message=HOSTILE),
    ]


def varied() -> Report:
    """Every status, several pictures, long and Chinese names."""
    curve = 0.9 * np.exp(-np.arange(120) / 25) + 0.08
    results = [
        *passing("chain", "shape", "forward", "gradient dx", "purity", "linearity", "batch", "edges", "float32"),
        *hostile(),
        db_keepdims(),
        *passing("affine", "forward", "gradient dx"),
        dw_mean(),
        result("affine", "gradient db", Status.FAILED, message="affine_backward: db is twice what it should be"),
        result("affine", "purity", Status.SKIPPED, depends_on="gradient db"),
        result("affine", "batch", Status.SKIPPED, depends_on="gradient db"),
        *untouched("cross_entropy_from_probs", "shape", "forward", "gradient dx", "purity"),
        *passing("network", "shape", "forward"),
        half_credit(),
        timed("softmax", 1.02, 0.97, 1.08),
        result("network", "float32", Status.ERROR, score=1.0, message="the oracle ran out of memory"),
        result(
            "train_network",
            "training",
            max_score=6.0,
            pictures=Pictures(curve=curve, curve_label="validation error"),
        ),
        *untouched("early_stopping", "shape", "forward"),
    ]
    notes = (
        Note("skipped", "cell 3, line 1 was skipped: ModuleNotFoundError: No module named 'matplotlib'"),
        Note("warning", "RuntimeWarning: overflow encountered in exp (line 41)"),
        Note("output", "epoch 1 loss 0.93\n第二轮 损失 0.41 " + HOSTILE),
    )
    return report(tuple(results), notes=notes, submission="王小明_03-backprop_final_really_final_v2.ipynb")


def report(results: tuple[Result, ...], **rest: Any) -> Report:
    facts: dict[str, Any] = {
        "unit": "03-backprop",
        "title": "Backpropagation",
        "submission": "backprop.py",
        "path": "submissions/backprop.py",
        "sandbox": "bubblewrap: own namespaces, seccomp, Landlock",
        "fingerprint": "0123456789abcdef",
        "secret": "public",
        "versions": {"torch": "2.13.0", "backcheck": "0.1.0", "numpy": "2.4.6"},
        "started": "2026-03-01T08:30:00+00:00",
        "seconds": 7.25,
        "timings": {"worker": 3.5, "oracle": 2.5},
    }
    return Report(results=results, **(facts | rest))


def perfect() -> Report:
    return report((*passing("chain", "shape", "forward"), *passing("affine", "shape", "gradient db", max_score=2.5)))


def broken() -> Report:
    """A submission that could not be read."""
    problem = "backprop.py, line 12: SyntaxError: '(' was never closed\n    db = dout.sum(axis=0"
    return report((), problem=problem, submission="=HYPERLINK(evil)")


def practice() -> Report:
    """Nothing attempted, nothing isolated."""
    return report(tuple(untouched("chain", "shape") + untouched("affine", "shape")), isolated=False)


def wide_class() -> list[Report]:
    """A class over the fourteen tasks of one unit."""
    tasks = [f"activation_{letter}" for letter in "abcdefghijklmn"]
    reports = []
    for number, name in enumerate(["李雷", "韩梅梅", "a_rather_long_name_of_a_student_from_somewhere"]):
        results = [
            result(task, "forward", Status.PASSED if (place + number) % 3 else Status.FAILED, max_score=4.0)
            for place, task in enumerate(tasks)
        ]
        reports.append(report(tuple(results), submission=name))
    return [*reports, broken()]


ALL = {"varied": varied, "perfect": perfect, "broken": broken, "practice": practice}
