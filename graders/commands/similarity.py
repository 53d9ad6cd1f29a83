"""The command `backcheck similarity`: works of a class that are worth a look side by side."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graders.commands.shared import PASS
from graders.i18n import _
from graders.usage import Problem, all_paths, known_unit, require_there, require_whole, writing

if TYPE_CHECKING:
    from graders.similarity.leads import Found, Lead

_TOLD = 10
"""How many leads the terminal names."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--unit", required=True, help="The unit they were handed in for.")
@click.option(
    "--corpus",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also compare with the code in this folder, such as last year's (may be given several times).",
)
@click.option(
    "--received",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The CSV file that says who handed in what: nobody is compared with themselves.",
)
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="How many leads at most.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The page; by default similarity.html.")
@click.option("--json", "as_json", is_flag=True, help="Print the leads as JSON, and nothing else.")
def similarity(
    folder: Path,
    unit: str,
    corpus: tuple[Path, ...],
    received: Path | None,
    top: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Which works have code in common that few others have: leads to look at, never a verdict."""
    require_whole()
    chosen = known_unit(unit)
    if importlib.util.find_spec("copydetect") is None:
        raise Problem(_("copydetect is not installed: pip install 'backcheck[similarity]'"))
    all_paths((folder,), chosen)
    for place in corpus:
        require_there(place)
    from graders.course.received import read_receipts
    from graders.similarity import page
    from graders.similarity.leads import find_leads
    from graders.similarity.works import class_works, corpus_works, reference_work, stub_code

    works, left = class_works(folder, chosen, read_receipts(received) if received else None)
    left = [one for one in left if received is None or one.name != received.name]
    others, unread = corpus_works(corpus, chosen)
    found = find_leads(works, [reference_work(chosen), *others], stub_code(chosen), top, [*left, *unread])
    if out or not as_json:
        out = out or Path("similarity.html")
        with writing(out):
            page.save(found, chosen.name, out)
    if as_json:
        click.echo(json.dumps(page.to_json(found), ensure_ascii=False, indent=1))
    else:
        tell(found)
        click.echo(_("page: {path}").format(path=out))
    sys.exit(PASS)


def tell(found: Found) -> None:
    """The strongest leads in the terminal."""
    click.echo(_("{count} works were compared.").format(count=found.compared))
    for leads, words in (
        (found.inside, _("Similar, and worth a look:")),
        (found.outside, _("Similar to the published solution or the corpus:")),
    ):
        if leads:
            click.echo(words)
        for lead in leads[:_TOLD]:
            click.echo(_line(lead))
    if not found.inside and not found.outside:
        click.echo(_("Nothing here is worth a look."))


def _line(lead: Lead) -> str:
    from graders.report.text import printable

    names = f"{lead.first.work.name} · {lead.second.work.name}"
    return f"{100 * lead.share:5.0f} %  {printable(names)}"
