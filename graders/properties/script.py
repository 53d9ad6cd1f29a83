"""Tasks of several functions called one after another: an optimiser, a graph, a framework."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from graders import cases
from graders.i18n import _
from graders.properties.base import Earlier, Finding, Item, Judged, Property, changed_inputs, stop
from graders.properties.compare import compare, merge
from graders.properties.conform import conform
from graders.properties.shape import complaints
from graders.properties.stability import STABILITY, Claim, judge_claims
from graders.sandbox.program import MAX_CALLS, Call, Program, Ref, Reply, Value
from graders.specs.row import Script, ScriptRow
from graders.verdict import Status

VALUES = 100.0
"""Of what a task's points leave to values, the part its stages share when the row does not say how."""


def stages(row: ScriptRow) -> Mapping[str, tuple[tuple[str, ...], float]]:
    """The row's stages: properties that judge values, with their outputs and share."""
    return row.stages or {"forward": (row.outputs, VALUES)}


@functools.lru_cache(maxsize=32)  # asked for again and again while a family is judged
def script(item: Item) -> Script:
    """The calls of the item's case."""
    assert isinstance(item.row, ScriptRow)
    return item.row.script(item.args, item.options)


def program(item: Item) -> Program:
    """The script as it is."""
    return item.program(*script(item).calls)


def script_properties(row: ScriptRow) -> list[Property]:
    """The questions asked of a script, in order."""
    asked = [_stage(row, name, outputs, share) for name, (outputs, share) in stages(row).items()]
    shape = Property("shape", "main", check_shape.__doc__ or "", program, check_shape, percent=5)
    purity = Property("purity", "purity", check_purity.__doc__ or "", interleaved, check_purity, percent=5)
    edges = Property("edges", "edges", check_edges.__doc__ or "", program, check_edges, percent=5)
    single = Property("float32", "float32", check_single.__doc__ or "", program, check_single, percent=5)
    stability = replace(STABILITY, program=program, check=check_stability)
    return [*asked, shape, purity, edges, single, *([stability] if row.hostile else [])]


def _stage(row: ScriptRow, name: str, outputs: tuple[str, ...], share: float) -> Property:
    before = list(itertools.takewhile(lambda stage: stage != name, stages(row)))

    def check(item: Item, reply: Reply, earlier: Earlier) -> Judged:
        ended = _ended(item, reply, program(item))
        judged = ended or merge([_judged(item, reply, script(item), output) for output in outputs])
        failed = [stage for stage in before if earlier.get(stage) is not Status.PASSED]
        if judged.findings and failed:
            return Judged(blocked=failed[0])  # a mistake is charged where it shows first
        return judged

    return Property(name, "main", _question(name), program, check, share=share)


def _question(name: str) -> str:
    questions = {
        "first step": "Is the first update right, from a fresh state?",
        "trajectory": "Are the parameters right after every later update, as step sizes and gradients vary?",
        "lookahead": "Is the point where the gradient is to be taken the right one?",
        "gradients": "Is the gradient of every input what autograd computes?",
    }
    return questions.get(name, "Does the function compute the right values?")


def _judged(item: Item, reply: Reply, calls: Script, output: str) -> Judged:
    call, value = calls.shown[output]
    where = calls.calls[call].function
    return compare(item, where, output, reply.calls[call].values[value], gradient=False)


def _ended(item: Item, reply: Reply, asked: Program, earlier: Earlier | None = None) -> Judged | None:
    """The judgement of a script that ended early; blocked where its first stage is known to fail."""
    end = stop(reply, asked)
    if end is None:
        return None
    assert isinstance(item.row, ScriptRow)
    first = next(iter(stages(item.row)))
    if not end.attempted:
        return Judged(attempted=False, blocked=first)
    if earlier is not None and earlier.get(first) is not Status.PASSED:
        return Judged(blocked=first)
    return Judged((end.finding(asked.calls[end.call].function),))


def _values_right(item: Item, earlier: Earlier) -> str:
    """The first stage that is not passed, "" when all are."""
    assert isinstance(item.row, ScriptRow)
    return next((name for name in stages(item.row) if earlier.get(name) is not Status.PASSED), "")


def check_shape(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Has everything that is returned the right shape and dtype?"""
    ended = _ended(item, reply, program(item), {})
    if ended:
        return ended
    return Judged(tuple(_misshapen(item, reply, "float64")))


def _misshapen(item: Item, reply: Reply, dtype: str) -> Iterator[Finding]:
    calls = script(item)
    for output, (call, value) in calls.shown.items():
        claimed = reply.calls[call].values[value]
        if dtype == "float64":
            wrong = list(complaints(item, output, claimed))
        else:
            forms = conform(output, claimed, item.expected.outputs[output], dtype)
            wrong = [(form, form.complaint) for form in forms if form.complaint]
        for form, what in wrong:
            yield Finding(calls.calls[call].function, f"{form.label} {what}", form.label, hint=form.hint)
        if wrong:
            return  # the calls after it say the same


def interleaved(item: Item) -> Program:
    """The script's calls and those of a second, independent one in turn, as many as a program holds."""
    assert isinstance(item.row, ScriptRow)
    mine, theirs = script(item), item.row.script(other_arguments(item), item.options)
    count = min(len(mine.calls), MAX_CALLS // 2)
    calls = []
    for index in range(count):
        calls += [_moved(mine.calls[index], 0), _moved(theirs.calls[index], 1)]
    return item.program(*calls, echo=True)


def other_arguments(item: Item) -> dict[str, Any]:
    """Arguments of the same shapes and other values; the same script."""
    if item.case.example >= 0:
        return item.copied_args()
    return cases.arguments(item.row, item.case, item.seed ^ 1)


def _moved(call: Call, offset: int) -> Call:
    def moved(value: Any) -> Any:
        if isinstance(value, Ref):
            return Ref(2 * value.call + offset, value.value)
        refers = isinstance(value, list) and any(isinstance(part, Ref) for part in value)
        return [moved(part) for part in value] if refers else value

    return replace(call, args=tuple(map(moved, call.args)), options={k: moved(v) for k, v in call.options.items()})


def check_purity(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Are the inputs left as they were, and is nothing shared with a second one that runs beside it?"""
    assert isinstance(item.row, ScriptRow)
    asked = interleaved(item)
    ended = _ended(item, reply, asked, earlier)
    if ended:
        return ended
    names = {id(given): name for name, value in item.args.items() for given in (value, *_leaves(value))}
    for changed, sent, back in changed_inputs(asked, reply):
        name = names.get(id(changed), _("an input"))
        text = _("changes its input {name}: work on a copy").format(name=name)
        return Judged((Finding(item.row.name, text, name, back, sent, outline=text),))
    if _values_right(item, earlier):
        return Judged()
    return merge([_beside(item, reply, output) for output in script(item).shown])


def _leaves(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _beside(item: Item, reply: Reply, output: str) -> Judged:
    """Whether an output that is right alone is right beside a second script."""
    calls = script(item)
    call, value = calls.shown[output]
    if 2 * call + 1 >= len(reply.calls):
        return Judged()
    judged = compare(item, calls.calls[call].function, output, _value(reply, 2 * call, value), gradient=False)
    hint = _("something is kept outside the state, in a global or an attribute")
    return replace(judged, findings=tuple(replace(finding, hint=hint) for finding in judged.findings))


def _value(reply: Reply, call: int, value: int) -> Value:
    return reply.calls[call].values[value]


def check_edges(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Does it still work when an axis has size 1, or nothing is there?"""
    return _again(item, reply, earlier, "float64")


def check_single(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Does float32 in give float32 out, as exact as float32 allows?"""
    return _again(item, reply, earlier, "float32")


def check_stability(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Does it keep its digits on inputs that are large, tiny or nearly equal?"""
    ended = _ended(item, reply, program(item), earlier)
    if ended:
        return ended
    wrong = _values_right(item, earlier)
    claims = []
    for name, (call, value) in script(item).shown.items():
        where = script(item).calls[call].function
        claims.append(Claim(name, where, reply.calls[call].values[value], name == item.row.outputs[0], not wrong))
    return judge_claims(item, claims, wrong)


def _again(item: Item, reply: Reply, earlier: Earlier, dtype: str) -> Judged:
    """Form and values once more, where they are right on ordinary cases."""
    ended = _ended(item, reply, program(item), earlier)
    if ended:
        return ended
    wrong = _values_right(item, earlier) or ("shape" if earlier.get("shape") is not Status.PASSED else "")
    if wrong:
        return Judged(blocked=wrong)
    misshapen = tuple(_misshapen(item, reply, dtype))
    if misshapen:
        return Judged(misshapen)
    return merge([_judged(item, reply, script(item), output) for output in script(item).shown])
