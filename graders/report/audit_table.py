"""The audit in the terminal: a line a unit, then everything that did not end as it must."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from graders.audit import Audit, Outcome
from graders.i18n import _
from graders.report.pen import Pen

LONGEST = 100
"""Characters of a message that are shown."""


def print_audit(audit: Audit, console: Console) -> None:
    """Print how many chaffs were killed and wheats kept in each unit, and what went wrong."""
    pen = Pen(console)
    headings = (_("unit"), _("chaffs"), _("killed"), _("exactly"), _("wheat runs"), _("false failures"))
    table = Table(box=pen.box, show_edge=False, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        table.add_column(pen.text(heading), justify="right" if index else "left")
    for name, counts in audit.by_unit().items():
        table.add_row(pen.text(name), *(pen.text(str(count)) for count in counts))
    console.print(table, highlight=False)
    for outcome in audit.wrong:
        console.print(pen.text(_what_went_wrong(outcome), "red"), highlight=False)
        if outcome.message:
            console.print(pen.text("  " + outcome.message.replace("\n", " / ")[:LONGEST]), highlight=False)
    for outcome in audit.misdiagnosed:
        named = ", ".join(outcome.misnamed)
        text = _("{name}: named {named}, which is not the same").format(name=outcome.name, named=named)
        console.print(pen.text(text, "red"), highlight=False)
    for outcome in audit.check_only:
        text = _("{name}: full marks on the public cases, not on those of run {run}").format(
            name=outcome.name, run=outcome.trial.run
        )
        console.print(pen.text(text, "red"), highlight=False)
    if audit.idle:
        text = _("killed nothing: {properties}").format(properties=", ".join(audit.idle))
        console.print(pen.text(text, "yellow"), highlight=False)
    figures = audit.summary()
    text = _("{killed} of {chaffs} chaffs killed, {false} false failures in {runs} wheat runs, {seconds:.0f} s").format(
        killed=figures["killed"],
        chaffs=figures["chaffs"],
        false=figures["false_failures"],
        runs=figures["wheat_runs"],
        seconds=audit.seconds,
    )
    console.print(pen.text(text, "bold"), highlight=False)
    text = _("{diagnosed} of {chaffs} mistakes named, {wrong} wrongly").format(
        diagnosed=figures["diagnosed"], chaffs=figures["chaffs"], wrong=figures["misdiagnosed"]
    )
    console.print(pen.text(text, "bold"), highlight=False)


def _what_went_wrong(outcome: Outcome) -> str:
    """What a trial did and what it must do; a stub loses no property, for it must not earn one."""
    if outcome.trial.kind == "stub":
        return _('{name}: should score nothing and read "not attempted"').format(name=outcome.name)
    lost, wanted = (", ".join(names) or _("nothing") for names in (outcome.failed, outcome.wanted))
    return _("{name}: lost {lost}; should lose {wanted}").format(name=outcome.name, lost=lost, wanted=wanted)
