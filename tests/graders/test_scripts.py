"""Scripts are judged stage by stage, as far as they come, and nothing passes that did not come."""

from __future__ import annotations

import re
from typing import Any

import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.submission import Submission
from graders.misconceptions.variant import reference_text
from graders.oracle import leaves
from graders.properties import properties
from graders.properties.base import Item
from graders.properties.script import core, cuts, script, stage_of, stages
from graders.sandbox import Backend, open_backend
from graders.sandbox.program import CallReply, Limits, Piece, Reply, Value
from graders.secrets import Secret
from graders.specs import find_unit
from graders.specs.row import ScriptRow
from graders.verdict import Report, Result, Status
from tests.graders.editing import EXAMS, ROWS

SCRIPTS = [row for _unit, row in ROWS.values() if isinstance(row, ScriptRow)]
every_script = pytest.mark.parametrize("row", SCRIPTS, ids=lambda row: row.name)
PASSED, FAILED, SKIPPED = Status.PASSED, Status.FAILED, Status.SKIPPED


def report_on(task: str, source: str, backend: Backend, exam: Exam | None = None) -> Report:
    """The report on one task of the reference, with some of it defined anew."""
    unit = ROWS[task][0]
    submission = Submission("odd", "odd.py", (Piece("", f"{reference_text(task)}\n\n{source}"),))
    return grade(submission, exam or EXAMS[unit], backend, practice=EXAMS[unit], tasks=frozenset({task}))


def results(task: str, source: str, backend: Backend) -> dict[str, Result]:
    """Its results by property."""
    return {result.property: result for result in report_on(task, source, backend).results}


def ends(found: dict[str, Result]) -> dict[str, Any]:
    """How each property ended: its status, and what it depends on where it was not judged."""
    return {name: one.depends_on or one.status for name, one in found.items()}


def dense(method: str, body: str) -> str:
    """A Dense layer one of whose methods ends otherwise."""
    parameters = {"build": "shape, rng", "forward": "params, x, **options", "backward": "dout, cache"}[method]
    return f"class Dense(Dense):\n    def {method}(self, {parameters}):\n        {body}\n"


AFTER = ("build", "shape", "purity", "edges", "float32")
BACKWARD = [
    ("raise ValueError('mine')", "Dense.backward: raised ValueError: mine"),
    ("return dout", "Dense.backward: returned an array of shape"),
    ("return dout, [dout], 3", "Dense.backward: returned a tuple of 3 values, but should return a tuple of 2 values"),
]


@pytest.mark.parametrize(("body", "says"), BACKWARD)
def test_a_backward_that_does_not_return_costs_the_gradients_and_what_follows(body: str, says: str, backend: Backend):
    found = results("dense_layer", dense("backward", body), backend)
    assert ends(found) == {"forward": PASSED, "gradients": FAILED, **dict.fromkeys(AFTER, "gradients")}
    assert says in found["gradients"].message
    assert found["forward"].score == found["forward"].max_score
    assert all(found[name].score == 0 for name in AFTER)


def test_a_backward_that_is_not_attempted_leaves_the_forward_its_points(backend: Backend):
    found = results("dense_layer", dense("backward", "raise NotImplementedError"), backend)
    assert found.pop("forward").status is PASSED
    assert {one.message for one in found.values()} == {"not attempted"}
    assert {one.status for one in found.values()} == {SKIPPED}


BUILDS = [
    "raise ValueError('mine')",
    "return [], shape",
    "return [], 3",
    "return [np.ones((shape[0], self.units), bool), np.zeros(self.units)], (self.units,)",
    "while True: pass",
]


@pytest.mark.parametrize("body", BUILDS)
def test_a_build_that_fails_costs_itself_alone(body: str):
    found = results("dense_layer", dense("build", body), open_backend("auto", Limits(request_seconds=4)))
    assert found.pop("build").status is FAILED
    hangs = "while" in body  # nothing more is asked of what hangs
    assert ends(found) == {
        **dict.fromkeys(("forward", "gradients", "shape"), PASSED),
        **dict.fromkeys(("purity", "edges", "float32"), "build" if hangs else PASSED),
    }


@pytest.mark.parametrize(("body", "says"), [("while True: pass", "without an answer"), ("import os; os._exit(0)", "")])
def test_a_backward_that_ends_the_worker_leaves_the_forward_its_points(body: str, says: str):
    found = results("dense_layer", dense("backward", body), open_backend("auto", Limits(request_seconds=4)))
    assert ends(found) == {"forward": PASSED, "gradients": FAILED, **dict.fromkeys(AFTER, "gradients")}
    assert found["gradients"].message.startswith("Dense.backward: ")
    assert says in found["gradients"].message


def test_a_forward_that_hangs_leaves_nothing():
    found = results(
        "dense_layer", dense("forward", "while True: pass"), open_backend("auto", Limits(request_seconds=1))
    )
    assert ends(found) == {"forward": FAILED, **dict.fromkeys(("gradients", *AFTER), "forward")}


def test_a_forward_that_hangs_now_and_then_does_not_pass():
    body = "while len(x) != 5: pass\n        return affine_forward(x, *params)"
    found = results("dense_layer", dense("forward", body), open_backend("auto", Limits(request_seconds=1)))
    assert found["forward"].status is FAILED
    assert all(one.status is SKIPPED for name, one in found.items() if name != "forward")


def test_a_wrong_forward_is_what_a_backward_that_raises_depends_on(backend: Backend):
    source = dense("forward", "return affine_forward(x, *params)[0] + 1, None")
    found = results("dense_layer", source, backend)
    assert found["forward"].status is FAILED
    assert found["gradients"].depends_on == "forward"
    assert found["gradients"].score == 0


def test_a_model_that_cannot_be_saved_loses_that_and_what_follows(backend: Backend):
    source = "class Sequential(Sequential):\n    def save(self, file):\n        raise OSError('full')\n"
    found = results("sequential", source, backend)
    before = ("predict", "evaluate", "train on batch", "fit")
    after = ("dropout", "shape", "edges", "float32")
    assert [found[name].status for name in before] == [PASSED] * 4
    assert "Sequential.save: raised OSError: full" in found["save and load"].message
    assert {found[name].depends_on for name in after} == {"save and load"}


def test_an_optimiser_that_raises_at_its_third_update_keeps_its_first_step(backend: Backend):
    source = """
_update = sgd_update
def sgd_init(params): return 0
def sgd_update(params, grads, state, *, lr):
    if state == 2: raise ValueError("worn out")
    return _update(params, grads, [], lr=lr)[0], state + 1
"""
    found = results("sgd", source, backend)
    assert found["first step"].status is PASSED
    assert "worn out" in found["trajectory"].message
    assert found["trajectory"].status is FAILED


def test_no_number_of_a_secret_case_is_told_of_what_came_before_a_hang():
    source = dense("forward", "return affine_forward(x, *params)[0] * 2, None") + dense("backward", "while True: pass")
    secret = Exam(find_unit("14-framework"), Secret(bytes(range(32))))
    report = report_on("dense_layer", source, open_backend("auto", Limits(request_seconds=4)), secret)
    (forward,) = (one for one in report.results if one.property == "forward")
    assert "fails on a case that is not shown" in forward.message
    assert not re.search(r"\d\.\d{4}", forward.message)


# --- every script there is, ended at every call ---


def claimed(tree: Any) -> Value:
    """A right output, as a worker sends it."""
    if isinstance(tree, list):
        return Value("list", items=tuple(map(claimed, tree)))
    return Value("array", tree)


def until(item: Item, count: int) -> list[CallReply]:
    """The right replies to the first calls."""
    made, outputs = script(item), item.expected.outputs
    at = {place: claimed(outputs[name]) for name, place in made.shown.items()}
    return [
        CallReply("returned", tuple(at.get((number, value), Value("opaque")) for value in range(call.returns)))
        for number, call in enumerate(made.calls[:count])
    ]


def judged_to_pass(item: Item, reply: Reply) -> set[str]:
    """The stages that pass a reply."""
    earlier: dict[str, Status] = {}
    for one in properties(item.row):
        if one.name in stages(item.row):
            judged = one.check(item, reply, earlier)
            failed = judged.findings or judged.blocked or not judged.attempted
            earlier[one.name] = FAILED if failed else PASSED
    return {name for name, status in earlier.items() if status is PASSED}


@every_script
def test_a_stage_passes_only_with_every_output_returned_and_right(row: ScriptRow):
    item = EXAMS[ROWS[row.name][0]].items(row, "main")[0]
    made = script(item)
    whole = until(item, len(made.calls))
    assert judged_to_pass(item, Reply("completed", tuple(whole))) == set(stages(row))
    for end in range(len(made.calls)):
        rest = len(made.calls) - end - 1
        raised = (*whole[:end], CallReply("raised", text="mine"), *[CallReply("not_run")] * rest)
        came = {name for name, (outputs, _share) in stages(row).items() if all(made.shown[o][0] < end for o in outputs)}
        for reply in (Reply("completed", raised), Reply("timeout", tuple(whole[:end]), text="late")):
            passed = judged_to_pass(item, reply)
            assert passed == came - {stage_of(item, end)}
            assert passed < set(stages(row))
    assert judged_to_pass(item, Reply("crashed", text="gone")) == set()


@every_script
def test_cuts_end_where_a_stage_does_and_a_core_has_no_stage_apart(row: ScriptRow):
    item = EXAMS[ROWS[row.name][0]].items(row, "main")[0]
    lengths = [len(program.calls) for program in cuts(item)]
    assert lengths == sorted(set(lengths))
    assert all(1 <= length < len(script(item).calls) for length in lengths)
    apart = {output for name in row.apart for output in stages(row)[name][0]}
    assert set(core(item).shown) == set(row.outputs) - apart
    assert all(call >= len(core(item).calls) for name, (call, _value) in script(item).shown.items() if name in apart)


@every_script
def test_what_is_drawn_is_only_asked_for_apart(row: ScriptRow):
    item = EXAMS[ROWS[row.name][0]].items(row, "main")[0]
    assert not set(row.drawn) & set(core(item).shown)
    assert all(leaf.dtype.kind == "f" for name in row.drawn for leaf in leaves(item.expected.outputs[name]))
