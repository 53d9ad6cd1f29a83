"""What a class's reports say when they are read together."""

from __future__ import annotations

import statistics
from dataclasses import replace

import numpy as np
import pytest

from graders.summary.analysis import Analysis, analyse, bins_of, discrimination, share
from graders.summary.catalogue import known_words
from graders.summary.record import Attempt, ClassRecord, Student
from graders.verdict import Result, Standing, Status
from tests.summary import made


@pytest.fixture(scope="module")
def found() -> Analysis:
    return analyse(made.record())


def test_scores_are_those_of_the_attempt_that_counts(found: Analysis):
    counted = [own[-1].score for own in made.students().values()]
    assert found.scores.mean == pytest.approx(statistics.mean(counted))
    assert found.scores.median == statistics.median(counted)
    assert (found.scores.low, found.scores.high, found.max_score) == (0, 10, 10)
    assert sum(one.count for one in found.bins) == 24
    assert found.bins[-1].count == counted.count(10) == found.full
    assert found.unread == 1


def test_full_marks_are_in_the_last_bin_and_a_bound_in_the_upper_one():
    counts = [one.count for one in bins_of([0.0, 0.1, 0.29999999999999999, 0.95, 1.0])]
    assert counts == [1, 1, 0, 1, 0, 0, 0, 0, 0, 2]


def test_the_policy_says_which_attempt_counts():
    good, bad = made.report("a"), made.report("a", chain=False)
    first = replace(good, standing=Standing(1, 2, "", None, 10.0, 0.0, counts=True))
    second = replace(bad, standing=Standing(2, 2, "", None, 6.0, 0.0, counts=False))
    student = Student("a", "s-1", (Attempt(1, first), Attempt(2, second)))
    assert student.counted.report.score == 10
    assert analyse(ClassRecord(made.UNIT, (student,))).scores.mean == 10


def test_a_score_that_waits_is_the_earlier_one():
    waiting = replace(made.report("a", chain=False), standing=Standing(1, 1, "", None, 10.0, 0.0))
    found = analyse(ClassRecord(made.UNIT, (Student("a", "s-1", (Attempt(1, waiting),)),)))
    assert found.scores is not None
    assert (found.scores.mean, found.full, found.bins[-1].count) == (10, 1, 1)


def test_mistakes_are_ranked_by_students_in_any_attempt(found: Analysis):
    makers = {
        label: sum(any(label in one.misconceptions for one in own[0].results) for own in made.students().values())
        for label in (made.MEAN, made.KEEPDIMS)
    }
    assert [(one.label, one.students) for one in found.mistakes] == sorted(makers.items(), key=lambda one: -one[1])
    again = sum(len(own) > 1 for own in made.students().values())
    assert [one.mended for one in found.mistakes] == [again, again] == [2, 2]


def test_work_that_could_not_be_judged_mends_nothing():
    wrong = made.result("affine", "gradient db", 2.0, ok=False, misconceptions=(made.MEAN,))
    right = made.result("affine", "gradient db", 2.0, ok=True)
    shown, mended = (replace(made.report("ann"), results=(one,)) for one in (wrong, right))
    broken = replace(made.report("ann"), results=(), problem="a syntax error")
    for reports, count in (
        ((shown, broken), 0),
        ((shown, mended), 1),
        ((shown, mended, broken), 1),
        ((mended, shown), 0),
    ):
        student = Student("ann", "s-1", tuple(Attempt(number, one) for number, one in enumerate(reports, 1)))
        (mistake,) = analyse(ClassRecord(made.UNIT, (student,))).mistakes
        assert (mistake.mended, mistake.still) == (count, 1 - count)


def test_memory_is_told_where_it_is_known():
    reports = [
        replace(made.report(name), memory=memory << 20) for name, memory in (("ann", 40), ("bob", 60), ("cem", 0))
    ]
    students = tuple(Student(one.submission, one.submission, (Attempt(1, one),)) for one in reports)
    memory = analyse(ClassRecord(made.UNIT, students)).costs.memory
    assert memory is not None
    assert (memory.median, memory.high) == (50, 60)


def test_a_mistake_is_called_what_the_catalogue_calls_it(found: Analysis):
    assert found.mistakes[0].words == known_words()[made.MEAN] == "db is averaged over the batch, not summed"


def test_no_example_names_anybody(found: Analysis):
    for one in found.mistakes:
        assert "[name]" in one.example.message
        assert not any(name in one.example.message for name in made.students())


def test_a_cause_without_a_label_counts_as_a_mistake_of_its_task():
    row = made.result("affine", "shape", 2.0, ok=False, message="no", likely="the axis was kept")
    students = tuple(Student(n, n, (Attempt(1, replace(made.report(n), results=(row,))),)) for n in ("ann", "bob"))
    (one,) = analyse(ClassRecord(made.UNIT, students)).mistakes
    assert (one.label, one.words, one.task, one.students) == ("", "the axis was kept", "affine", 2)


def test_properties_that_fail_most_come_first_of_work_that_ran(found: Analysis):
    ran = [own[-1] for own in made.students().values() if not own[-1].problem]
    for one in found.properties:
        results = [r for report in ran for r in report.results if (r.task, r.property) == (one.task, one.name)]
        assert one.judged == len(ran) == 23
        assert one.failed == sum(r.score == 0 for r in results)
        assert one.lost == pytest.approx(sum(r.max_score - r.score for r in results) / 23)
    failed = [one.failed for one in found.properties]
    assert failed == sorted(failed, reverse=True)


def test_difficulty_is_the_mean_share_and_discrimination_leaves_the_item_out(found: Analysis):
    ran = [own[-1] for own in made.students().values() if not own[-1].problem]
    scores = {task: [sum(r.score for r in one.tasks()[task]) for one in ran] for task in ("chain", "affine")}
    chain, affine = found.items
    assert chain.difficulty == pytest.approx(statistics.mean(scores["chain"]) / 4)
    assert affine.difficulty == pytest.approx(statistics.mean(scores["affine"]) / 6)
    assert chain.discrimination == pytest.approx(statistics.correlation(scores["chain"], scores["affine"]))


def test_a_fault_of_ours_is_nobodys_zero():
    whole = made.record(30)
    first = whole.students[2]
    faulty = replace(
        made.report("x"),
        results=(*made.report("x").results[1:], Result("chain", "grader", "", Status.ERROR, 0.0, 0.0, "ours")),
    )
    lost = tuple(Student(name, name, (Attempt(1, faulty),)) for name in ("eve", "fay"))
    again = replace(first, attempts=(*first.attempts, replace(first.attempts[0], number=2, report=faulty)))
    before, after = (
        analyse(ClassRecord(made.UNIT, (*(one for one in whole.students if one != first), *more)))
        for more in ((), (*lost, again))
    )
    for figure in ("scores", "bins", "full", "unread"):
        assert getattr(after, figure) == getattr(before, figure)
    assert after.progress == before.progress  # what came after the fault is not known, and nobody has lost
    assert (before.faults, after.faults) == (0, 3)
    chain, affine = after.items
    assert chain == before.items[0]  # the faults are in this task
    assert affine.of == before.items[1].of + 3
    assert affine.discrimination == before.items[1].discrimination


def test_a_class_of_faults_has_no_scores():
    faulty = replace(made.report("x"), results=(Result("chain", "grader", "", Status.ERROR, 0.0, 0.0, "ours"),))
    found = analyse(ClassRecord(made.UNIT, (Student("eve", "s-1", (Attempt(1, faulty),)),)))
    assert (found.scores, found.faults, found.unread, found.items) == (None, 1, 0, ())


def test_a_small_class_or_one_of_equals_has_no_discrimination():
    numbers = np.arange(40.0)
    assert discrimination(numbers[:19], numbers[:19]) is None
    assert discrimination(numbers, np.ones(40)) is None
    assert discrimination(np.ones(40), numbers) is None
    assert discrimination(numbers, -numbers) == pytest.approx(-1)
    assert all(one.discrimination is None for one in analyse(made.record(12)).items)


def test_progress_is_of_those_who_handed_in_again(found: Analysis):
    assert found.progress is not None
    paths = [tuple(share(one) for one in own) for own in made.students().values() if len(own) > 1]
    assert found.progress.paths == tuple(paths)
    assert found.progress.gain == pytest.approx(statistics.mean(path[-1] - path[0] for path in paths))
    assert [step.count for step in found.progress.steps] == [len(paths), len(paths)]
    assert (found.progress.better, found.progress.same, found.progress.worse) == (len(paths), 0, 0)
    once = Student("ann", "s-1", (Attempt(1, made.report("ann")),))
    assert analyse(ClassRecord(made.UNIT, (once,))).progress is None


def test_time_is_of_all_submissions(found: Analysis):
    reports = found.record.reports
    assert found.costs.seconds.count == len(reports)
    assert found.costs.seconds.high == max(one.seconds for one in reports)
    assert [name for name, _seconds in found.costs.phases] == ["student", "judging"]
