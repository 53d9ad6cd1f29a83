"""What the guide for course authors shows of chaffs and wheats passes the audit."""

from __future__ import annotations

from typing import Any

import pytest

from graders.audit import Auditor, Trial
from graders.sandbox import Backend
from tests.docs.pages import ROOT, blocks, read


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """The names that the page's Python defines."""
    names: dict[str, Any] = {}
    for block in blocks(read(ROOT / "docs" / "guide" / "author.md")):
        if block.language == "python":
            exec(compile(block.text, "author.md", "exec"), names)
    return names


def test_the_chaff_loses_what_it_says_and_is_named(shown: dict[str, Any], backend: Backend):
    (chaff,) = shown["CHAFFS"]
    outcome = Auditor(backend=backend).chaff(Trial("chaff", 0), chaff)
    assert outcome.right, outcome.message
    assert set(outcome.failed) == {"batch", "gradient db"}
    assert outcome.misnamed == ()


def test_the_wheat_loses_nothing(shown: dict[str, Any], backend: Backend):
    (wheat,) = shown["WHEATS"]
    outcome = Auditor(backend=backend).wheat(Trial("wheat", 0, 1), wheat)
    assert outcome.right, (outcome.failed, outcome.message)
