"""A class is read from the folder of its reports, and attempts find their student."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graders.course.received import read_receipts
from graders.report import as_json
from graders.summary.mask import Mask, mask_of
from graders.summary.record import Attempt, ClassRecord, RecordError, Student, from_folder, pseudonyms
from tests.summary import made


def test_receipts_say_whose_a_submission_is_and_in_which_order_it_came(tmp_path: Path):
    received = made.write(tmp_path / "reports")
    record = from_folder(tmp_path / "reports", None, read_receipts(received))
    assert {one.name: len(one.attempts) for one in record.students} == {
        name: len(own) for name, own in made.students().items()
    }
    for student in record.students:
        days = [attempt.received for attempt in student.attempts]
        assert days == sorted(days)
        assert [one.number for one in student.attempts] == list(range(1, len(days) + 1))


def test_receipts_find_a_submission_however_its_accents_are_stored(tmp_path: Path):
    apart = "Jose\u0301"
    for number, name in enumerate((f"{apart}-2", apart)):
        as_json.save(made.report(name), tmp_path / f"{number}.json")
    lines = ["Jos\u00e9.py,Jos\u00e9,2027-03-01T12:00:00Z", "Jos\u00e9-2.py,Jos\u00e9,2027-03-02T12:00:00Z"]
    received = tmp_path / "received.csv"
    received.write_text("\n".join(["submission,student,received", *lines]), encoding="utf-8")
    (student,) = from_folder(tmp_path, None, read_receipts(received)).students
    assert student.name == "Jos\u00e9"
    assert [(one.report.submission, one.received[:10]) for one in student.attempts] == [
        (apart, "2027-03-01"),
        (f"{apart}-2", "2027-03-02"),
    ]


def test_without_receipts_everybody_handed_in_once(tmp_path: Path):
    made.write(tmp_path / "reports")
    record = from_folder(tmp_path / "reports", "03")
    assert all(len(one.attempts) == 1 for one in record.students)
    assert len(record.students) == 26


def test_pseudonyms_are_the_same_every_time_and_no_two_the_same():
    prints = {"Ann": "aa", "Bob": "bb", "Cem": "aa"}
    names = pseudonyms("03", prints)
    assert names == pseudonyms("03", dict(reversed(prints.items())))
    assert len(set(names.values())) == 3
    assert names["Cem"] == f"{names['Ann']}-2"
    assert pseudonyms("04", prints)["Ann"] != names["Ann"]


@pytest.mark.parametrize(
    ("files", "unit", "told"),
    [
        ({}, None, "there are no reports in"),
        ({"a.json": "[1]"}, None, "a.json: it is not a report of backcheck"),
        ({"a.json": "{"}, None, "a.json: it is not a report of backcheck"),
        ({"a.json": '{"unit": "03"}'}, None, "a.json: it is not a report of backcheck"),
        ({"a.json": "03-backprop", "b.json": "02-losses"}, None, "say which with --unit"),
        ({"a.json": "03-backprop"}, "02", "holds no reports of 02, only of 03-backprop"),
    ],
)
def test_what_cannot_be_read_is_told(files: dict[str, str], unit: str | None, told: str, tmp_path: Path):
    for name, text in files.items():
        shown = as_json.dumps(replace(made.report("ann"), unit=text)) if text[0] == "0" else text
        (tmp_path / name).write_text(shown, encoding="utf-8")
    with pytest.raises(RecordError, match=told):
        from_folder(tmp_path, unit)


def test_what_else_a_student_is_called_is_masked_too():
    attempt = Attempt(1, made.report("Wang Xiaoming"))
    student = Student("Wang Xiaoming", "s-1", (attempt,), ("wxm01", "", "wxm01@example.org"))
    mask = mask_of(ClassRecord(made.UNIT, (student,)))
    assert mask("wxm01@example.org or wxm01, that is wang_xiaoming") == "[name] or [name], that is [name]"


def test_a_name_stored_the_other_way_round_is_masked_and_a_word_that_others_say_is_not():
    def student(name: str, said: str) -> Student:
        told = made.report(name)
        results = (replace(told.results[0], message=said), *told.results[1:])
        return Student(name, name, (Attempt(1, replace(told, results=results)),))

    text = "Ada Lovelace: ada_debug is over max"
    students = (student("Lovelace, Ada", text), *(student(name, "max is off") for name in ("Bo Ek", "Cy Oz", "Di Fu")))
    mask = mask_of(ClassRecord(made.UNIT, (*students, student("Max Planck", "Max is max"))))
    assert mask(text) == "[name]: [name]_debug is over max"
    assert mask("Max is max, planck is not") == "[name] is max, [name] is not"


def test_a_mask_takes_names_out_and_leaves_words_alone():
    mask = Mask(["Li", "Li (2)", "王小明", "a", "O'Hara (x"])
    assert mask("Li (2) and li wrote a list; 这是王小明的作业; class/O'Hara (x") == (
        "[name] and [name] wrote a list; 这是[name]的作业; class/[name]"
    )
    assert Mask([])("nobody") == "nobody"
