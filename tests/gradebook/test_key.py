"""A grading's key changes with what its score depends on, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from graders.batch import Setting
from graders.gradebook.key import grading_key
from graders.policy import Late
from graders.sandbox.program import Limits
from graders.secrets import PUBLIC, Secret
from graders.specs import find_unit
from tests.gradebook.samples import UNIT

POLICY = find_unit(UNIT).policy
SETTING = Setting(UNIT, Secret(b"1" * 32), "auto", Limits(), policy=POLICY)


@pytest.mark.parametrize(
    "change",
    [
        {"secret": PUBLIC},
        {"unit": "01-activations", "policy": None},
        {"throughput": True},
        {"tasks": frozenset({"affine"})},
        {"policy": replace(POLICY, points=(("affine", 3.0),))},
        {"policy": replace(POLICY, reveal="nothing")},
        {"policy": replace(POLICY, bonus=("affine",))},
    ],
)
def test_what_the_score_depends_on_changes_it(change: dict):
    assert grading_key("1", replace(SETTING, **change)) != grading_key("1", SETTING)
    assert grading_key("2", SETTING) != grading_key("1", SETTING)


@pytest.mark.parametrize(
    "change",
    [
        {"sandbox": "subprocess"},
        {"limits": Limits(memory=1)},
        {
            "policy": replace(
                POLICY, due=datetime(2027, 1, 1, tzinfo=UTC), attempts=3, counts="best", late=Late(2, 10.0)
            )
        },
    ],
)
def test_an_extension_grades_nothing_again(change: dict):
    assert grading_key("1", replace(SETTING, **change)) == grading_key("1", SETTING)
