from __future__ import annotations

import re

import pytest
from rich.console import Console

from graders.report.class_table import ProgressDisplay, print_class
from graders.report.terminal import print_report
from tests.report import samples

REPORTS = pytest.mark.parametrize("name", samples.ALL)


def text_of(printed, report, **console):
    return printed(lambda out: print_report(report, out), **console)


def squeezed(text):
    return re.sub(r"\s+", " ", text)


def test_a_failure_is_printed_in_the_form_of_the_house(printed):
    report = samples.report((samples.db_keepdims(),))
    lines = [line.strip() for line in text_of(printed, report).splitlines()]
    start = lines.index("affine_backward: db has shape (1, 2), but should be (2,), the shape of b")
    assert lines[start + 1] == "[N=3 D=1 M=2]"
    assert "got:    db = [[ 1.5, 0.25]]" in lines
    assert "wanted: db = [1.5, 0.25]" in lines
    assert "likely: the batch sum kept its axis (keepdims=True)" in lines
    assert lines[lines.index("likely: the batch sum kept its axis (keepdims=True)") + 1] == (
        "again:  backcheck replay a3f1"
    )


def test_the_case_stands_beside_the_message_where_there_is_room(printed):
    text = text_of(printed, samples.report((samples.db_keepdims(),)), width=120)
    assert re.search(r"the shape of b {2,}\[N=3 D=1 M=2\]", text)


def test_tasks_come_by_points_lost(printed):
    text = text_of(printed, samples.varied())
    headings = re.findall(r"^(\w+)  \S+ of \S+ points lost", text, re.MULTILINE)
    assert headings == ["affine", "chain_paths", "network"]


def test_properties_come_by_points_lost(printed):
    text = text_of(printed, samples.varied())
    assert re.findall(r"^  ✗ (.*?)  -", text, re.MULTILINE) == [
        "gradient dw",
        "shape",
        "gradient db",
        "forward",
    ]


def test_the_table_has_a_mark_a_property(printed):
    text = text_of(printed, samples.varied())
    assert re.search(r"^affine +✗✓✓✗✗·· +2 / 8 +gradient dw, shape", text, re.MULTILINE)
    assert re.search(r"^network +✓✓~! +4.5 / 6", text, re.MULTILINE)


def test_an_untouched_task_reads_not_attempted(printed):
    text = text_of(printed, samples.practice())
    assert re.search(r"^chain +· +0 / 1 +not attempted", text, re.MULTILINE)
    assert "failed" not in text


def test_what_waits_names_what_it_waits_for(printed):
    assert 'purity, batch: waits for "gradient db" to pass' in text_of(printed, samples.varied())


def test_our_own_fault_reads_differently(printed):
    text = text_of(printed, samples.varied())
    assert "The grader failed, not you; no points were lost.\n  network, float32:" in text


def test_a_problem_is_one_block_and_no_table(printed):
    text = text_of(printed, samples.broken())
    assert "Nothing could be graded:\n  backprop.py, line 12: SyntaxError" in text
    assert "Total" not in text


def test_a_full_score_says_so(printed):
    assert "Total: 7 of 7 points.\nEverything passes." in text_of(printed, samples.perfect())


def test_what_is_not_isolated_says_practice_only(printed):
    assert "Not isolated: practice only." in text_of(printed, samples.practice())


def test_student_text_is_neither_markup_nor_escape_codes(printed):
    text = text_of(printed, samples.varied(), width=200)
    assert "[bold]markup[/bold] :smile:" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


@REPORTS
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "ascii", "latin-1", "cp437"])
@pytest.mark.parametrize("width", [24, 80])
def test_every_console_can_show_every_report(printed, name, encoding, width):
    assert samples.ALL[name]().unit in text_of(printed, samples.ALL[name](), encoding=encoding, width=width)


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_marks_fall_back_to_ascii(printed, encoding):
    text = text_of(printed, samples.varied(), encoding=encoding)
    assert re.search(r"^affine +x\+\+xx-- ", text, re.MULTILINE)


def test_chinese_survives_on_code_page_936(printed):
    assert "王小明" in text_of(printed, samples.varied(), encoding="gbk")
    assert r"\u738b\u5c0f\u660e" in text_of(printed, samples.varied(), encoding="ascii")


@REPORTS
def test_no_line_is_longer_than_the_console(printed, name):
    lines = text_of(printed, samples.ALL[name](), encoding="ascii").splitlines()
    assert max(map(len, lines)) <= 80


def test_a_class_that_fits_has_a_column_a_task(printed):
    text = printed(lambda out: print_class([samples.perfect(), samples.broken()], out))
    assert re.search(r"^submission +points +chain +affine +lost most on", text)
    assert re.search(r"^backprop.py +7 / 7 +2 +5", text, re.MULTILINE)
    assert "SyntaxError" in text


def test_a_wide_class_has_a_mark_a_task(printed):
    text = printed(lambda out: print_class(samples.wide_class(), out))
    assert re.search(r"^李雷 +36 / 56 +✗✓✓✗✓✓✗✓✓✗✓✓✗✓ +activation_a -4", text, re.MULTILINE)
    assert "The marks stand for: activation_a, activation_b" in squeezed(text)


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
@pytest.mark.parametrize("width", [24, 80])
def test_every_console_can_show_a_class(printed, encoding, width):
    text = printed(lambda out: print_class(samples.wide_class(), out), encoding=encoding, width=width)
    assert "submission" in text


def test_progress_is_silent_where_nobody_watches(printed):
    def work(out: Console) -> None:
        with ProgressDisplay(out, total=2) as progress:
            progress.starts("affine")
            progress.finished()

    assert printed(work) == ""


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "ascii"])
@pytest.mark.parametrize(("width", "shown"), [(80, ["1/2", "affine"]), (24, ["1/"])])
def test_progress_counts_on_every_terminal(printed, encoding, width, shown):
    def work(out: Console) -> None:
        watched = Console(file=out.file, width=width, force_terminal=True, _environ={"TERM": "xterm"})
        with ProgressDisplay(watched, total=2) as progress:
            progress.starts("affine ✓ 你好 [bold]")
            progress.finished()

    text = printed(work, encoding=encoding)
    assert [words for words in shown if words not in text] == []
