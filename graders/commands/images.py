"""The commands `backcheck images ...`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from graders.i18n import _
from graders.usage import Problem, writing


@click.group()
def images() -> None:
    """The container images: of student code's sandbox, and of backcheck itself."""


@images.command("build")
@click.argument("kind", type=click.Choice(["worker", "grader", "grader-cuda", "all"]), default="worker")
@click.option("--base", default="", help="Build on this image instead of the official Python one.")
@click.option(
    "--offline-base", is_flag=True, help="Build on a Debian put together here by mmdebstrap, without registry."
)
@click.option(
    "--wheelhouse",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take wheels from this folder only.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".backcheck/images"),
    show_default=True,
    help="Where the bill of materials (CycloneDX) and the list of files go.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
def images_build(kind: str, base: str, offline_base: bool, wheelhouse: Path | None, out: Path, as_json: bool) -> None:
    """Make an image, by default the worker's; the build itself has no network."""
    from graders.images import ImageError
    from graders.images.build import Origin, build, kinds

    if base and offline_base:
        raise Problem(_("--base does not go with --offline-base"))
    made = []
    for chosen in kinds(kind):
        try:
            built = build(chosen, Origin(base, offline_base, wheelhouse), lambda text: click.echo(text, err=True))
        except ImageError as reason:
            raise Problem(str(reason)) from None
        with writing(out / "x"):
            files = built.save(out)
        made.append({"image": built.tag, "id": built.identity, "bytes": built.size, "base": built.base})
        if not as_json:
            text = _("{name}: {size:.0f} MB; packages and files: {path}")
            click.echo(text.format(name=built.tag, size=built.size / 1e6, path=", ".join(map(str, files))))
    if as_json:
        click.echo(json.dumps(made, indent=1))
