"""Submission, reference and limits on one axis."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.report import axis
from graders.report.pictures import draw, wanted
from graders.report.terminal import print_report
from graders.report.view import task_views
from graders.verdict import Pictures, Result, Speed, Status
from tests.report.samples import report, timed

SPEED = Speed(1.5, 1.4, 1.7, 2.6, 5.0, 2.0, 3.0, 0.25, 27, False)


def test_everything_lies_on_the_axis_in_order():
    places = [axis.place(ratio, SPEED) for ratio in (1.0, 1.4, 1.5, 1.7, 2.6, 5.0)]
    assert places == sorted(places)
    assert 0 < places[0] < places[-1] < 1


@pytest.mark.parametrize("ratio", [0.01, 1.0, 30.0])
def test_a_line_has_reference_submission_and_both_limits(ratio: float):
    line = axis.line(replace(SPEED, ratio=ratio, low=0.9 * ratio, high=1.1 * ratio), 40)
    assert len(line) == 40
    assert line.count("*") == 1
    assert line.count("|") == 2
    assert ratio == 1.0 or line.count("R") == 1


def test_the_terminal_shows_an_axis_a_timed_task(printed):
    text = printed(lambda console: print_report(report((timed("affine", 1.5, 1.4, 1.7),)), console))
    assert "indicative" in text
    assert "1.50 times the reference (1.40 to 1.70); all points up to 2.6" in " ".join(text.split())
    plain = printed(lambda console: print_report(report((timed("affine", 1.5, 1.4, 1.7),)), console), encoding="ascii")
    assert "*" in plain


def test_the_page_has_a_drawing_of_it():
    (picture,) = draw(Pictures(speed=SPEED), "a")
    assert wanted(Pictures(speed=SPEED))
    assert "1.50 times the reference" in picture.caption
    assert "ndicative" not in picture.caption
    (indicative,) = draw(Pictures(speed=replace(SPEED, indicative=True)), "a")
    assert "Indicative" in indicative.caption
    assert picture.svg.startswith("<svg")


def test_what_could_not_be_timed_is_nothing_to_mend():
    spared = Result("affine", "throughput", "?", Status.SKIPPED, 1.0, 1.0, "not timed")
    (task,) = task_views(report((*[timed("affine", 1.5, 1.4, 1.7)], spared)))
    assert not task.skipped
    assert task.lost == 0
