"""Tasks of several functions called one after another: an optimiser, a graph, a framework.

A script is judged stage by stage, as far as it came. A stage whose outputs all lie in calls that returned is judged by
them; the stage to which the call belongs that did not return fails; those after it depend on it.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from graders import cases
from graders.i18n import _
from graders.properties.base import Earlier, Finding, Item, Judged, Property, Stop, changed_inputs, once, stop
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
@once
def script(item: Item) -> Script:
    """The calls of the item's case."""
    assert isinstance(item.row, ScriptRow)
    return item.row.script(item.args, item.options)


@once
def program(item: Item) -> Program:
    """The script as it is."""
    return item.program(*script(item).calls)


@functools.lru_cache(maxsize=32)
@once
def core(item: Item) -> Script:
    """The script without its stages apart."""
    assert isinstance(item.row, ScriptRow)
    return core_of(item.row, script(item))


def core_of(row: ScriptRow, whole: Script) -> Script:
    """Those calls of a row's script, and what they show, that are not for its stages apart."""
    apart = {output for name in row.apart for output in stages(row)[name][0]}
    if not apart:
        return whole
    shown = {output: place for output, place in whole.shown.items() if output not in apart}
    return Script(whole.calls[: 1 + max(call for call, _value in shown.values())], shown)


@once
def core_program(item: Item) -> Program:
    """The script without its stages apart."""
    return item.program(*core(item).calls)


def stage_of(item: Item, call: int) -> str:
    """The stage that a call of the item's script belongs to: that of the next output, the last where none is left."""
    assert isinstance(item.row, ScriptRow)
    shown = script(item).shown
    nearest = min((place for place, _value in shown.values() if place >= call), default=-1)
    names = [name for name, (outputs, _share) in stages(item.row).items() if nearest in {shown[o][0] for o in outputs}]
    return names[0] if names else list(stages(item.row))[-1]


def cuts(item: Item) -> list[Program]:
    """The script up to each of its stages but the first, in the order of the calls."""
    calls = script(item).calls
    owners = [stage_of(item, call) for call in range(len(calls))]
    ends = [call for call in range(1, len(calls)) if owners[call] != owners[call - 1]]
    return [item.program(*calls[:end]) for end in ends]


def script_properties(row: ScriptRow) -> list[Property]:
    """The questions asked of a script, in order."""
    asked = [_stage(row, name, outputs, share) for name, (outputs, share) in stages(row).items()]
    shape = Property("shape", "main", check_shape.__doc__ or "", program, check_shape, percent=5)
    purity = Property("purity", "purity", check_purity.__doc__ or "", interleaved, check_purity, percent=5)
    edges = Property("edges", "edges", check_edges.__doc__ or "", core_program, check_edges, percent=5)
    single = Property("float32", "float32", check_single.__doc__ or "", core_program, check_single, percent=5)
    stability = replace(STABILITY, program=core_program, check=check_stability)
    return [*asked, shape, purity, edges, single, *([stability] if row.hostile else [])]


def _stage(row: ScriptRow, name: str, outputs: tuple[str, ...], share: float) -> Property:
    before = [] if name in row.apart else list(itertools.takewhile(lambda stage: stage != name, stages(row)))

    def check(item: Item, reply: Reply, earlier: Earlier) -> Judged:
        end = stop(reply, program(item))
        judged = _stopped_in(item, name, outputs, end) if end else None
        if judged is None:
            judged = merge([_judged(item, reply, script(item), output) for output in outputs])
        failed = [stage for stage in before if earlier.get(stage) is not Status.PASSED]
        if judged.findings and failed:
            return Judged(blocked=failed[0])  # a mistake is charged where it shows first
        return judged

    return Property(name, "main", _question(name), program, check, share=share)


def _stopped_in(item: Item, name: str, outputs: tuple[str, ...], end: Stop) -> Judged | None:
    """The judgement of a stage by the call that ended the script; None where that concerns later stages only."""
    calls, guilty = script(item), stage_of(item, end.call)
    if name != guilty and all(calls.shown[output][0] < end.call for output in outputs):
        return None
    if not end.attempted:
        return Judged(attempted=False, blocked=guilty)
    if name != guilty:
        return Judged(blocked=guilty)
    return Judged((end.finding(calls.calls[end.call].function),))


def _question(name: str) -> str:
    questions = {
        "build": "Are the parameters, and the shape of the output, those that fit the input?",
        "first step": "Is the first update right, from a fresh state?",
        "trajectory": "Are the parameters right after every later update, as step sizes and gradients vary?",
        "lookahead": "Is the point where the gradient is to be taken the right one?",
        "gradients": "Is the gradient of every input what autograd computes?",
    }
    return questions.get(name, "Does the function compute the right values?")


def _judged(item: Item, reply: Reply, calls: Script, output: str) -> Judged:
    assert isinstance(item.row, ScriptRow)
    call, value = calls.shown[output]
    where, claimed = calls.calls[call].function, reply.calls[call].values[value]
    if output in item.row.drawn:
        return _form(item, where, output, claimed)
    return compare(item, where, output, claimed, gradient=False)


def _form(item: Item, where: str, output: str, claimed: Value) -> Judged:
    """Only whether it has the right shape, or is a list of arrays that do, and whether matrices are drawn."""
    findings = []
    for form in conform(output, claimed, item.expected.outputs[output]):
        if form.array is None or form.misshapen:
            findings.append(Finding(where, f"{form.label} {form.complaint}", form.label, hint=form.hint))
        elif form.array.ndim > 1 and form.array.size > 1 and (form.array == form.array.flat[0]).all():
            text = _("{label} is the same number everywhere, but should be drawn").format(label=form.label)
            findings.append(Finding(where, text, form.label))
    return Judged(tuple(findings))


def _ended(item: Item, reply: Reply, asked: Program, earlier: Earlier, scripts: int = 1) -> Judged | None:
    """The judgement of a script, one of several in turn, that ended early; None where it ran to its end.

    It is blocked by the first stage that is known to fail, of those up to the one that ended.
    """
    end = stop(reply, asked)
    if end is None:
        return None
    assert isinstance(item.row, ScriptRow)
    guilty = stage_of(item, end.call // scripts)
    if not end.attempted:
        return Judged(attempted=False, blocked=guilty)
    wrong = _values_right(item, earlier)
    names = list(stages(item.row))
    if wrong and names.index(wrong) <= names.index(guilty):
        return Judged(blocked=wrong)
    return Judged((end.finding(asked.calls[end.call].function),))


def _values_right(item: Item, earlier: Earlier) -> str:
    """The first stage that is not passed and that others depend on, "" when all are."""
    assert isinstance(item.row, ScriptRow)
    apart = item.row.apart
    return next((one for one in stages(item.row) if one not in apart and earlier.get(one) is not Status.PASSED), "")


def check_shape(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Has everything that is returned the right shape and dtype?"""
    end = stop(reply, program(item))
    came = len(script(item).calls) if end is None else end.call
    misshapen = tuple(_misshapen(item, reply, "float64", came))
    if misshapen or end is None or end.call >= len(core(item).calls):
        return Judged(misshapen)
    return Judged(attempted=end.attempted, blocked=stage_of(item, end.call))


def _misshapen(item: Item, reply: Reply, dtype: str, came: int) -> Iterator[Finding]:
    """What is wrong with the form of the outputs of the first calls, as many as came."""
    calls = core(item)
    for output, (call, value) in calls.shown.items():
        if call >= came:
            continue
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


@once
def interleaved(item: Item) -> Program:
    """The script's calls and those of a second, independent one in turn, as many as a program holds."""
    assert isinstance(item.row, ScriptRow)
    mine, theirs = core(item), item.row.script(other_arguments(item), item.options)
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
    ended = _ended(item, reply, asked, earlier, scripts=2)
    if ended:
        return ended
    names = {id(given): name for name, value in item.args.items() for given in (value, *_leaves(value))}
    for changed, sent, back in changed_inputs(asked, reply):
        name = names.get(id(changed), "")
        text = _("changes its input {name}: work on a copy").format(name=name)
        text = text if name else _("changes an input: work on a copy")
        return Judged((Finding(item.row.name, text, name, back, sent, outline=text),))
    if _values_right(item, earlier):
        return Judged()
    return merge([_beside(item, reply, output) for output in core(item).shown])


def _leaves(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _beside(item: Item, reply: Reply, output: str) -> Judged:
    """Whether an output that is right alone is right beside a second script."""
    calls = core(item)
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
    ended = _ended(item, reply, core_program(item), earlier)
    if ended:
        return ended
    wrong = _values_right(item, earlier)
    claims = []
    for name, (call, value) in core(item).shown.items():
        where = core(item).calls[call].function
        claims.append(Claim(name, where, reply.calls[call].values[value], name == item.row.outputs[0], not wrong))
    return judge_claims(item, claims, wrong)


def _again(item: Item, reply: Reply, earlier: Earlier, dtype: str) -> Judged:
    """Form and values once more, where they are right on ordinary cases."""
    ended = _ended(item, reply, core_program(item), earlier)
    if ended:
        return ended
    wrong = _values_right(item, earlier) or ("shape" if earlier.get("shape") is not Status.PASSED else "")
    if wrong:
        return Judged(blocked=wrong)
    misshapen = tuple(_misshapen(item, reply, dtype, len(reply.calls)))
    if misshapen:
        return Judged(misshapen)
    return merge([_judged(item, reply, core(item), output) for output in core(item).shown])
