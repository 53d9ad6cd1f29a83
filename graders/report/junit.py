"""A report as JUnit XML, in the form pytest writes: for CI systems, with the points as properties."""

from __future__ import annotations

import datetime
import xml.etree.ElementTree as ET
from pathlib import Path

from graders.i18n import _
from graders.report.text import points, printable
from graders.verdict import Report, Result, Status

_CHILDREN = {Status.FAILED: "failure", Status.SKIPPED: "skipped", Status.ERROR: "error"}


def save(report: Report, path: Path) -> None:
    """Write the report to `path` as UTF-8."""
    path.write_text(to_junit(report), encoding="utf-8", newline="\n")


def to_junit(report: Report) -> str:
    """The report as one `testsuite`: a `testcase` a property, its class the task."""
    root = ET.Element("testsuites", name="backcheck")
    suite = ET.SubElement(root, "testsuite", _suite_attributes(report))
    _add_properties(suite, _suite_properties(report))
    if report.problem:
        case = _testcase(suite, report.unit, "submission")
        _add_outcome(case, "failure", "problem", report.problem, report.problem)
    for result in report.results:
        _add_testcase(suite, report, result)
    if report.notes:
        lines = [f"{note.kind}: {printable(note.message)}" for note in report.notes]
        ET.SubElement(suite, "system-out").text = "\n".join(lines)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite_attributes(report: Report) -> dict[str, str]:
    statuses = [result.status for result in report.results]
    problems = int(bool(report.problem))
    return {
        "name": printable(report.unit),
        "errors": str(statuses.count(Status.ERROR)),
        "failures": str(statuses.count(Status.FAILED) + problems),
        "skipped": str(statuses.count(Status.SKIPPED)),
        "tests": str(len(statuses) + problems),
        "time": f"{report.seconds:.3f}",
        "timestamp": _timestamp(report.started),
        "hostname": "localhost",
    }


def _timestamp(started: str) -> str:
    """ISO 8601 with an offset, as readers of the format want it; the epoch when it is not known."""
    try:
        moment = datetime.datetime.fromisoformat(started)
    except ValueError:
        moment = datetime.datetime.fromtimestamp(0, datetime.UTC)
    return moment.isoformat()


def _suite_properties(report: Report) -> dict[str, str]:
    return {
        "submission": report.submission,
        "score": points(report.score),
        "max_score": points(report.max_score),
        **({"final": points(report.final)} if report.standing else {}),
        "fingerprint": report.fingerprint,
        "secret": report.secret,
        "sandbox": report.sandbox,
    }


def _add_testcase(suite: ET.Element, report: Report, result: Result) -> None:
    case = _testcase(suite, f"{report.unit}.{result.task}", result.property)
    _add_properties(case, {"score": points(result.score), "max_score": points(result.max_score)})
    if child := _CHILDREN.get(result.status):
        message = result.message or result.question
        _add_outcome(case, child, result.status.value, message, _details(result))


def _testcase(suite: ET.Element, classname: str, name: str) -> ET.Element:
    # Properties of a task share their calls, so that none has a time of its own.
    attributes = {"classname": printable(classname), "name": printable(name), "time": "0.000"}
    return ET.SubElement(suite, "testcase", attributes)


def _add_properties(parent: ET.Element, properties: dict[str, str]) -> None:
    holder = ET.SubElement(parent, "properties")
    for name, value in properties.items():
        ET.SubElement(holder, "property", name=name, value=printable(value))


def _add_outcome(case: ET.Element, tag: str, kind: str, message: str, details: str) -> None:
    first_line = printable(message).partition("\n")[0]
    child = ET.SubElement(case, tag, message=first_line, type=f"backcheck.{kind}")
    child.text = printable(details)


def _details(result: Result) -> str:
    """The message a student reads, in the house's form."""
    lines = [result.question, result.message]
    if result.case is not None:
        lines.append(f"[{result.case}]")
    if result.likely:
        lines.append("  " + _("likely:") + " " + result.likely)
    if result.case is not None and result.case.replay:
        lines.append("  " + _("again:") + f" backcheck replay {result.case.replay}")
    if result.depends_on:
        lines.append("  " + _('waits for "{property}" to pass').format(property=result.depends_on))
    return "\n".join(line for line in lines if line)
