"""Mutants: how they are made, that the graders notice a sample of them, and that every excuse still applies."""

from __future__ import annotations

import ast
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from cosmic_ray.mutating import mutate_code

from graders import families
from graders.intake.reference import read_library
from graders.mutation import equivalent
from graders.mutation.__main__ import main
from graders.mutation.equivalent import argued
from graders.mutation.mutants import Key, Mutant, all_mutants, find, sites
from graders.mutation.operators import operators
from graders.mutation.run import Fate, Judge, Outcome, draw, users
from graders.sandbox import Backend

OURS = [operator for operator in operators().values() if type(operator).__module__.startswith("graders")]
SAMPLE = tuple(draw(24, seed=6))
"""Of as many tasks, in all units but a few; `python -m graders.mutation` takes more."""


@pytest.fixture(scope="module")
def judge(backend: Backend) -> Judge:
    return Judge(backend=backend)


def mutants_of(definition: str, line: str) -> set[str]:
    return {key.new for key in all_mutants(definition) if key.old == line}


@pytest.mark.parametrize("operator", OURS, ids=lambda operator: type(operator).__name__)
def test_an_operator_does_what_its_examples_say(operator):
    assert operator.examples()
    for example in operator.examples():
        assert mutate_code(example.pre_mutation_code, operator, example.occurrence) == example.post_mutation_code


def test_a_line_is_changed_in_many_ways():
    line = "step = step + 1"
    assert mutants_of("adam_update", line) == {
        "step = step - 1",
        "step = step * 1",
        "step = step + 2",
        "step = step + 0",
        "step = means + 1",
        "step = step",
        "step = 1",
        "pass",
    }


def test_a_comprehension_takes_one_of_its_own_variables_for_another():
    line = "squares = [s + g * g for s, g in zip(state, grads, strict=True)]"
    assert "squares = [g + g * g for s, g in zip(state, grads, strict=True)]" in mutants_of("adagrad_update", line)


def test_checks_signatures_and_docstrings_are_left_alone():
    for definition in ("require_shape", "array_namespace"):
        assert sites(definition) == ()
    text = read_library().definitions["change_pixels"].text.split("\n")
    changed = {text[site.start[0] - 1].split()[0] for site in sites("change_pixels")}
    assert changed == {"channels,", "row,", "at_row", "at_column", "changed", "return"}


def test_every_mutant_is_python_and_another_program_than_the_reference():
    original = ast.dump(ast.parse(read_library().definitions["adam_update"].text))
    every = all_mutants("adam_update").values()
    trees = {ast.dump(ast.parse(mutant.text)) for mutant in every}
    assert len(trees) == len(every) > 50
    assert original not in trees


def test_equal_lines_of_a_function_are_counted():
    repeated = [key for key in all_mutants("nadam_update") if key.nth > 1]
    text = read_library().definitions["nadam_update"].text
    for key in repeated:
        assert text.count(key.old) >= key.nth
    assert str(Key("f", "a", "b", 2)) == "f (2.): a  ->  b"


def test_a_draw_is_repeatable_even_over_rows_and_in_no_mutant_twice():
    drawn = list(draw(60, seed=7, unit="01-activations"))
    assert drawn == list(draw(60, seed=7, unit="01-activations"))
    assert drawn != list(draw(60, seed=8, unit="01-activations"))
    assert len({mutant.text for mutant in drawn}) == 60
    rows = [users()[mutant.definition][0] for mutant in drawn]
    assert max(rows.count(row) for row in rows) <= 60 // len(set(rows)) + 2
    assert list(draw(0, seed=7)) == []


@pytest.mark.parametrize("mutant", SAMPLE, ids=[f"{index}-{mutant.key.place}" for index, mutant in enumerate(SAMPLE)])
def test_a_mutant_is_noticed_or_argued(mutant: Mutant, judge: Judge):
    fate = judge(mutant)
    assert not fate.fault
    assert fate.killed or fate.why, str(fate.key)


def test_every_excuse_is_of_a_mutant_that_can_still_be_made():
    assert [str(key) for key in argued() if find(key) is None] == []


def test_a_mutant_is_found_by_its_key_until_the_line_changes():
    key = Key("tanh_backward", "return dout * (1 - a * a)", "return dout * (1 + a * a)")
    assert find(key) == all_mutants("tanh_backward")[key]
    assert find(replace(key, old="return dout")) is None
    assert find(replace(key, place="no_such_function")) is None


def test_an_excuse_needs_a_reason_and_stands_once():
    change = '{place = "f", old = "a", new = "b"}'
    text = '[[group]]\nwhy = "it is."\nchanges = ['
    assert equivalent.read(f"{text}{change}]") == {Key("f", "a", "b"): "it is."}
    with pytest.raises(ValueError, match="twice"):
        equivalent.read(f"{text}{change}, {change}]")
    with pytest.raises(ValueError, match="without a reason"):
        equivalent.read(f"{text}{change}]".replace("it is.", " "))


def test_a_blunted_property_lets_a_mutant_live(judge: Judge, monkeypatch):
    (mutant,) = (one for key, one in all_mutants("tanh_backward").items() if "1 + a * a" in key.new)
    assert judge(mutant).failed[:1] == ("gradient dx",)
    sharp = families.properties
    monkeypatch.setattr(
        families, "properties", lambda row: [one for one in sharp(row) if one.name in ("forward", "shape")]
    )
    monkeypatch.setattr(judge.auditor, "public", Judge(backend=judge.auditor.backend).auditor.public)
    assert not judge(mutant).killed


def test_survivors_are_those_that_nobody_argued(monkeypatch):
    keys = [Key("f", "a", new) for new in "bcde"]
    fates = [
        Fate("01-activations", keys[0], ("tanh",), ("forward",)),
        Fate("01-activations", keys[1], ("tanh",)),
        Fate("01-activations", keys[2], ("tanh",)),
        Fate("01-activations", keys[3], ("tanh",), fault="ours"),
    ]
    monkeypatch.setattr("graders.mutation.run.argued", lambda: {keys[1]: "the same"})
    outcome = Outcome(fates)
    assert outcome.survivors == fates[2:]
    assert outcome.by_unit() == {"01-activations": (4, 1, 1, 2)}
    assert {key: outcome.summary()[key] for key in ("mutants", "killed", "equivalent")} == {
        "mutants": 4,
        "killed": 1,
        "equivalent": 1,
    }


def test_the_command_prints_a_table_or_json_and_ends_with_the_verdict():
    ended = CliRunner().invoke(main, ["13", "--mutants", "3", "--seed", "4", "--json"])
    figures = json.loads(ended.stdout)
    assert figures["mutants"] == 3
    assert ended.exit_code == bool(figures["survivors"])
    table = CliRunner().invoke(main, ["13", "--mutants", "2", "--seed", "4"])
    assert "13-gan" in table.output
    assert "of 2 mutants killed" in table.output
