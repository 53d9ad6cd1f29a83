"""The audit: what it says when all is well, and that it notices blunt graders, wrong wheats and tame chaffs."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import replace

import pytest
from click.testing import CliRunner
from rich.console import Console

from graders import audit, families
from graders.audit import Audit, Auditor, Outcome, Trial
from graders.cli import cli
from graders.exam import Exam
from graders.misconceptions import all_chaffs
from graders.misconceptions.variant import Chaff, Variant, chaff, rows
from graders.properties import properties
from graders.report.audit_table import print_audit
from graders.sandbox import Backend
from graders.specs import unit_names

CHAFFS = all_chaffs()
BY_NAME = {chaff.label: chaff for chaff in CHAFFS}


@pytest.fixture(scope="module")
def auditor(backend: Backend) -> Auditor:
    return Auditor(backend=backend)


TANH_BACKWARD = "\ndef tanh_backward(dout, a):\n    return dout * (1 - a * a)\n"
SHARE = range(0, len(CHAFFS), 30)
"""Every thirtieth chaff, all families among them: `backcheck audit` takes all, and minutes."""


@pytest.mark.parametrize("index", SHARE, ids=[CHAFFS[index].label for index in SHARE])
def test_a_chaff_loses_its_killer_and_what_follows_and_nothing_else(index: int, auditor: Auditor):
    outcome = auditor(Trial("chaff", index))
    assert set(outcome.failed) == set(outcome.wanted), outcome.message
    assert outcome.right
    assert outcome.killed
    assert outcome.misnamed == ()


def test_chaffs_are_told_apart_by_name_and_name_properties_that_are_asked():
    assert len(BY_NAME) == len(CHAFFS)
    for one in CHAFFS:
        assert one.fails <= {asked.name for asked in properties(rows()[one.row][1])}, one.label
        assert one.message
        assert one.message == one.message.strip().rstrip(".")


@pytest.mark.parametrize("index", range(len(unit_names())), ids=unit_names())
def test_a_stub_scores_nothing_and_reads_not_attempted(index: int, auditor: Auditor):
    assert auditor(Trial("stub", index)).right


@pytest.mark.parametrize("run", range(1, 41))
def test_wheats_keep_full_marks_on_new_cases(run: int, auditor: Auditor):
    wheats = audit.all_wheats()
    outcome = auditor(Trial("wheat", run * 19 % len(wheats), run))
    assert outcome.right, (outcome.name, outcome.failed, outcome.message)


def test_every_row_has_two_wheats_beside_the_reference_and_their_edits_fit():
    count = Counter(wheat.row for wheat in audit.all_wheats() if wheat.text)
    assert {row: count[row] for row in rows() if count[row] < 3} == {}
    assert len({wheat.label for wheat in audit.all_wheats()}) == len(audit.all_wheats())


def test_a_wrong_wheat_is_a_false_failure(auditor: Auditor):
    wrong = Variant("tanh", "wrong", (("return dout * (1 - a * a)", "return dout * (1 - a)"),))
    outcome = auditor.wheat(Trial("wheat", 0, 1), wrong)
    assert (outcome.right, outcome.failed, outcome.hidden) == (False, ("gradient dx",), False)


def test_a_wheat_that_only_other_cases_fail_is_listed(auditor: Auditor):
    unit, row = rows()["tanh"]
    odd = max(Exam(unit, audit.secret_of(3)).items(row, "main")[-1].args["x"].flat)
    source = "import numpy as np\n\ndef tanh_forward(x):\n    a = np.tanh(x) + (x == {odd!r})\n    return a, a\n"
    lucky = Variant("tanh", "lucky", source=source.format(odd=float(odd)) + TANH_BACKWARD)
    outcomes = auditor.wheats([Trial("wheat", 0, run) for run in (2, 3)], lucky)
    assert [outcome.right for outcome in outcomes] == [True, False]
    assert Audit(outcomes).summary()["full_marks_under_check_only"] == [{"name": "tanh__lucky", "run": 3}]


def test_a_chaff_that_is_right_is_not_killed(auditor: Auditor):
    outcome = auditor.chaff(Trial("chaff", 0), chaff("tanh", "tame", "is right", "forward", ("1 - a * a", "1 - a**2")))
    assert (outcome.right, outcome.killed, outcome.failed) == (False, False, ())


def test_a_chaff_that_breaks_more_than_it_says_is_not_right(auditor: Auditor):
    tame = replace(BY_NAME["neuron__dw_mean"], also=())
    outcome = auditor.chaff(Trial("chaff", 0), tame)
    assert outcome.killed
    assert not outcome.right


def test_a_chaff_that_no_longer_fits_is_wrong_and_says_so(auditor: Auditor):
    outcome = auditor.chaff(Trial("chaff", 0), chaff("tanh", "stale", "is stale", "forward", ("no such text", "")))
    assert (outcome.right, outcome.killed) == (False, False)
    assert "stands 0 times" in outcome.message


def test_every_row_has_four_chaffs_whose_edits_fit():
    count = Counter(chaff.row for chaff in CHAFFS if chaff.text)
    assert {row: count[row] for row in rows() if count[row] < 4} == {}


def test_an_edit_must_fit_exactly_once():
    with pytest.raises(ValueError, match="stands 0 times"):
        _ = Variant("tanh", "odd", (("no such text", ""),)).text
    with pytest.raises(ValueError, match=r"stands [2-9] times"):
        _ = Variant("tanh", "odd", (("return", ""),)).text


@pytest.mark.parametrize("label", ["affine__db_mean", "softmax__diagonal", "adam__step_not_kept"])
def test_a_chaff_is_named_for_what_it_is(label: str, auditor: Auditor):
    outcome = auditor(Trial("chaff", list(BY_NAME).index(label)))
    assert outcome.diagnosed
    assert outcome.misnamed == ()


def test_blunting_a_property_lets_its_chaffs_live(auditor: Auditor, monkeypatch):
    sharp = families.properties
    monkeypatch.setattr(families, "properties", lambda row: [one for one in sharp(row) if one.name != "gradient dx"])
    outcome = auditor.chaff(Trial("chaff", 0), BY_NAME["tanh__slope_linear"])
    assert (outcome.killed, outcome.right, outcome.failed) == (False, False, ())


def test_the_verdict_needs_every_trial_and_every_kind_of_property(monkeypatch):
    def outcome(kind: audit.Kind, right: bool) -> Outcome:
        return Outcome(Trial(kind, 0), right, "no unit", "name", ("forward",), ("forward",), diagnosed=True)

    assert Audit([outcome("chaff", True), outcome("wheat", True)]).passed
    assert not Audit([outcome("chaff", True), outcome("wheat", False)]).passed
    assert not Audit([replace(outcome("chaff", True), diagnosed=False)]).passed
    assert not Audit([replace(outcome("chaff", True), misnamed=("another",))]).passed
    one = Audit([replace(outcome("chaff", True), unit="01-activations")])
    assert one.passed
    monkeypatch.setattr(audit, "all_chaffs", lambda: [BY_NAME["tanh__slope_linear"]])
    assert one.idle == ["batch", "edges", "float32", "forward", "linearity", "purity", "shape", "stability"]
    assert not one.passed


def test_a_trial_that_a_fault_of_ours_ends_is_tried_once_more(auditor: Auditor, monkeypatch):
    judge, faults = auditor.chaff, [RuntimeError("the machine is busy")]

    def busy_at_first(trial: Trial, chaff: Chaff) -> Outcome:
        if faults:
            raise faults.pop()
        return judge(trial, chaff)

    monkeypatch.setattr(auditor, "chaff", busy_at_first)
    trial = next(iter(audit.trials("01-activations", 0)))
    (outcome,) = auditor.batch([trial])
    assert outcome.right
    assert not outcome.faulty
    faults += [RuntimeError("the machine is busy"), RuntimeError("the machine is busy")]
    (outcome,) = auditor.batch([trial])
    assert (outcome.right, outcome.faulty, outcome.message) == (False, True, "RuntimeError: the machine is busy")
    assert not Audit([outcome]).passed


def test_a_stub_that_earned_points_is_not_said_to_have_lost_nothing():
    stub = Outcome(Trial("stub", 0), False, "13-gan", "13-gan__stub", message="2 points for a stub")
    console = Console(file=io.StringIO(), width=120)
    print_audit(Audit([stub]), console)
    printed = console.file.getvalue()
    assert '13-gan__stub: should score nothing and read "not attempted"\n  2 points for a stub\n' in printed
    assert "13-gan__stub: lost" not in printed


def test_the_command_prints_figures_and_ends_with_the_verdict(monkeypatch):
    everything = list(audit.trials("13-gan", 2))
    some = [*everything[::40], *(trial for trial in everything if trial.kind != "chaff")]
    monkeypatch.setattr(audit, "trials", lambda unit, runs: some)
    result = CliRunner().invoke(cli, ["audit", "13", "--runs", "2", "--json"])
    assert result.stdout, (result.stderr, result.exception)
    figures = json.loads(result.stdout)
    assert figures["chaffs"] == figures["killed"] == len(everything[::40])
    assert (figures["wheat_runs"], figures["false_failures"], figures["stubs"]) == (2, 0, 1)
    assert {"wheats", "diagnosed", "misdiagnosed", "seconds", "wrong"} <= set(figures)
    assert result.exit_code == (0 if not figures["wrong"] and not figures["properties_without_chaff"] else 1)
    table = CliRunner().invoke(cli, ["audit", "13", "--runs", "2"])
    assert "13-gan" in table.output
    assert "false failures in 2 wheat runs" in table.output
