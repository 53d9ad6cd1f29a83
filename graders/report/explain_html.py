"""An explanation as one HTML file that needs nothing else, in the form of the report's page."""

from __future__ import annotations

from pathlib import Path

from graders.explain.explanation import Explanation
from graders.i18n import _, language
from graders.report.html import report_environment
from graders.report.text import points
from graders.report.view import Item, states_met, task_views


def save(one: Explanation, path: Path) -> None:
    """Write the page to `path` as UTF-8."""
    path.write_text(to_html(one), encoding="utf-8", newline="\n")


def to_html(one: Explanation) -> str:
    """The whole page; the same explanation gives the same text."""
    views = [view for view in task_views(one.report) if view.name == one.task.name]
    items = [item for view in views for item in view.items]
    by_property = {asked.result.property: asked for asked in one.asked}
    return (
        report_environment()
        .get_template("explain.html.j2")
        .render(
            one=one,
            facts=facts(one),
            items=items,
            lost=[(item, by_property[item.result.property]) for item in items if is_lost(item)],
            states=states_met(views),
            language=language(),
        )
    )


def is_lost(item: Item) -> bool:
    """Whether there is something to say about how a property ended."""
    return item.state in ("failed", "partial", "error")


def facts(one: Explanation) -> list[tuple[str, str]]:
    """Names and values of what the verdicts may depend on."""
    report = one.report
    pairs = [
        (_("File"), report.path),
        (_("SHA-256 begins"), report.fingerprint),
        (_("Cases"), _("public") if report.secret == "public" else report.secret),
        (_("Worth"), _("{points} points").format(points=points(one.unit.points[one.task.name]))),
        (_("Convention"), one.task.convention),
        (_("Source"), one.task.source),
        (_("Versions"), ", ".join(f"{name} {report.versions[name]}" for name in sorted(report.versions))),
        (_("Sandbox"), report.sandbox),
        (_("Graded again"), report.started),
    ]
    if one.comparison:
        held = one.comparison.held
        state = {"counts": _("counts"), "proposed": _("waits to be confirmed")}[held.state]
        pairs[:0] = [(_("Student"), held.student), (_("Recorded"), f"{held.recorded}, {state}")]
    return [(name, value) for name, value in pairs if value]
