"""JSON, JUnit XML and CSV: what other programs read."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET

import jsonschema
import numpy as np
import pytest

from graders.report import as_json, class_csv, junit
from graders.verdict import CaseNote, Status
from tests.report import samples

REPORTS = pytest.mark.parametrize("name", samples.ALL)


def array_json(array):
    case = CaseNote({}, got={"y": array})
    report = samples.report((samples.result("chain", "forward", Status.FAILED, case=case),))
    return json.loads(as_json.dumps(report))["results"][0]["case"]["got"]["y"]


@REPORTS
def test_every_report_fits_the_published_schema(name):
    jsonschema.Draft202012Validator.check_schema(as_json.schema())
    jsonschema.Draft202012Validator(as_json.schema()).validate(json.loads(as_json.dumps(samples.ALL[name]())))


@pytest.mark.parametrize("key", ["score", "results", "problem"])
def test_the_schema_refuses_a_report_that_lacks_a_key(key):
    report = as_json.to_json(samples.perfect())
    del report[key]
    with pytest.raises(jsonschema.ValidationError, match="is a required property"):
        jsonschema.validate(report, as_json.schema())


def test_the_schema_refuses_an_unknown_status():
    report = as_json.to_json(samples.perfect())
    report["results"][0]["status"] = "maybe"
    with pytest.raises(jsonschema.ValidationError, match="maybe"):
        jsonschema.validate(report, as_json.schema())


def test_the_same_report_gives_the_same_json_in_the_order_of_the_schema():
    assert as_json.dumps(samples.varied()) == as_json.dumps(samples.varied())
    assert list(as_json.to_json(samples.varied())) == as_json.schema()["required"]
    assert list(as_json.to_json(samples.varied())["versions"]) == ["backcheck", "numpy", "torch"]


def test_numbers_json_lacks_are_written_as_words():
    assert array_json(np.array([np.nan, np.inf, -np.inf, 1.5]))["values"] == ["nan", "inf", "-inf", 1.5]


def test_a_large_array_is_cut_and_says_so():
    written = array_json(np.arange(1000.0).reshape(10, 100))
    assert (written["shape"], len(written["values"]), written["cut"]) == ([10, 100], 256, 744)


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "complex128"])
def test_arrays_of_every_kind_keep_shape_and_dtype(dtype):
    written = array_json(np.ones((2, 1), dtype))
    assert (written["dtype"], written["shape"], written["cut"]) == (dtype, [2, 1], 0)


def test_json_is_utf8_that_people_can_read(tmp_path):
    as_json.save(samples.varied(), tmp_path / "report.json")
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert "王小明" in text
    assert "\\\\ud800" in text


@REPORTS
def test_the_junit_counts_are_those_of_its_testcases(name):
    (suite,) = ET.fromstring(junit.to_junit(samples.ALL[name]()))
    cases = suite.findall("testcase")
    counted = {
        tag: len([case for case in cases if case.find(tag) is not None]) for tag in ("failure", "error", "skipped")
    }
    assert suite.attrib["tests"] == str(len(cases))
    assert [suite.attrib[key] for key in ("failures", "errors", "skipped")] == [str(n) for n in counted.values()]


def test_points_go_in_junit_properties():
    (suite,) = ET.fromstring(junit.to_junit(samples.varied()))
    case = next(
        node
        for node in suite.iter("testcase")
        if node.attrib["name"] == "gradient dx" and node.find("failure") is not None
    )
    points = {node.attrib["name"]: node.attrib["value"] for node in case.iter("property")}
    assert case.attrib["classname"] == "03-backprop.network"
    assert points == {"score": "1.5", "max_score": "3"}


def test_a_junit_failure_carries_the_whole_message():
    (suite,) = ET.fromstring(junit.to_junit(samples.report((samples.db_keepdims(),))))
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("affine_backward: db has shape (1, 2)")
    assert failure.text.splitlines()[-2:] == [
        "  likely: the batch sum kept its axis (keepdims=True)",
        "  again: backcheck replay a3f1",
    ]


def test_a_problem_is_a_junit_failure():
    (suite,) = ET.fromstring(junit.to_junit(samples.broken()))
    assert "never closed" in suite.find("testcase/failure").attrib["message"]


def test_any_character_leaves_the_junit_parseable():
    everything = "".join(map(chr, [*range(0x300), 0xD800, 0xFFFE, 0xFFFF, 0x1F600]))
    failed = samples.result("chain", "forward", Status.FAILED, message=everything)
    (suite,) = ET.fromstring(junit.to_junit(samples.report((failed,), submission=everything)))
    assert "\U0001f600" in suite.find("testcase/failure").text


def test_junit_is_saved_as_utf8(tmp_path):
    junit.save(samples.varied(), tmp_path / "junit.xml")
    assert ET.parse(tmp_path / "junit.xml").getroot().tag == "testsuites"


def rows(reports):
    return list(csv.reader(io.StringIO(class_csv.to_csv(reports))))


def test_the_class_has_a_line_a_submission_and_a_column_a_task():
    assert rows([samples.perfect()]) == [
        ["submission", "score", "max_score", "chain", "affine", "problem"],
        ["backprop.py", "7", "7", "2", "5", ""],
    ]


def test_a_submission_with_a_problem_has_empty_tasks():
    line = rows([samples.perfect(), samples.broken()])[2]
    assert line[1:5] == ["0", "0", "", ""]
    assert line[5].startswith("backprop.py, line 12: SyntaxError")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_a_name_that_would_be_a_formula_gets_an_apostrophe(start):
    assert class_csv.harmless(start + "cmd|' /C calc'!A0").startswith("'")
    assert rows([samples.report((), submission=start + "1")])[1][0].startswith("'")


def test_a_plain_name_stays_as_it_is():
    assert class_csv.harmless("王小明 = 1") == "王小明 = 1"


def test_the_class_opens_in_excel_with_its_chinese():
    raw = class_csv.to_csv(samples.wide_class()).encode(class_csv.ENCODING)
    assert raw.startswith(b"\xef\xbb\xbfsubmission,")
    assert "韩梅梅".encode() in raw
    assert raw.count(b"\r\r\n") == 0
