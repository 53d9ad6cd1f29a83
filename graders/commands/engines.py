"""Where a class is graded: options that several commands share, and the engine that they mean."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from graders.i18n import _
from graders.usage import Problem

if TYPE_CHECKING:
    from graders.batch import Setting
    from graders.engine.jobs import Engine

CLUSTERS = ("slurm", "kubernetes")


@dataclass(frozen=True)
class Where:
    """What the options say. jobs: submissions at a time. image, memory: of each worker that is started."""

    jobs: int = 1
    scheduler: str = ""
    cluster: str = ""
    tls: tuple[Path, Path, Path] | None = None
    image: str = ""
    memory: str = "2GiB"

    @property
    def here(self) -> bool:
        """Whether students' code runs on this machine."""
        return not self.scheduler and not self.cluster


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where; the command gets one argument `where`."""

    @click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Submissions graded at a time.")
    @click.option("--scheduler", default="", metavar="ADDRESS", help="Grade on the workers of this Dask scheduler.")
    @click.option(
        "--cluster", type=click.Choice(CLUSTERS), help="Have --jobs workers started there, and grade on them."
    )
    @click.option("--image", default="", metavar="NAME", help="Of the cluster's pods, with backcheck[cluster] in it.")
    @click.option("--memory", default="2GiB", show_default=True, help="Of each worker that is started there.")
    @click.option("--tls-ca", type=existing(), help="Of the cluster: whose certificates are believed.")
    @click.option("--tls-cert", type=existing(), help="Of the cluster: our certificate.")
    @click.option("--tls-key", type=existing(), help="Of the cluster: its key.")
    @functools.wraps(command)
    def with_where(
        *arguments: Any,
        jobs: int,
        scheduler: str,
        cluster: str | None,
        image: str,
        memory: str,
        tls_ca: Path | None,
        tls_cert: Path | None,
        tls_key: Path | None,
        **options: Any,
    ) -> Any:
        where = Where(jobs, scheduler, cluster or "", tls_files(tls_ca, tls_cert, tls_key), image, memory)
        require_one_place(where)
        return command(*arguments, where=where, **options)

    return with_where


def existing() -> click.Path:
    """A file that has to be there."""
    return click.Path(path_type=Path, exists=True, dir_okay=False)


def tls_files(*files: Path | None) -> tuple[Path, Path, Path] | None:
    """All three or none, or a usage error."""
    ca, certificate, key = files
    if ca and certificate and key:
        return ca, certificate, key
    if any(files):
        raise Problem(_("--tls-ca, --tls-cert and --tls-key belong together"))
    return None


def require_one_place(where: Where) -> None:
    """A usage error for places that exclude each other."""
    if where.scheduler and where.cluster:
        raise Problem(_("--scheduler and --cluster exclude each other"))
    if where.tls and where.here:
        raise Problem(_("--tls-ca, --tls-cert and --tls-key go with --scheduler or --cluster"))


def engine_opener(where: Where, setting: Setting, console: Console, unisolated: bool) -> Callable[[int], Engine]:
    """What opens the engine, when it is known how many submissions there are to grade."""

    def local(count: int) -> Engine:
        from graders.engine.local import Here, Lanes

        if count == 1:
            return Here(setting, unisolated=unisolated)
        return Lanes(setting, min(where.jobs, count), unisolated=unisolated)

    def remote(count: int) -> Engine:
        return open_cluster(where, setting, count, console, unisolated)

    return local if where.here else remote


def open_cluster(where: Where, setting: Setting, count: int, console: Console, unisolated: bool) -> Engine:
    """Workers of a cluster, there already or started for this run; a usage error where that cannot be."""
    require_cluster()
    from graders.engine import cluster, clusters

    try:
        if where.scheduler:
            if where.tls is None:  # else Dask sends nothing that is not encrypted
                warn_of(where.scheduler, console)
            client = cluster.connect(where.scheduler, where.tls)
            return cluster.Cluster(client, setting, unisolated=unisolated)
        fleet = clusters.Fleet(min(where.jobs, count), where.memory, where.image, where.tls)
        owned = clusters.start(where.cluster, fleet)
        if where.cluster == "kubernetes":  # its scheduler's address may be that of a port forwarded to this machine
            text = _(
                "what the pods are sent can be read on the way, the course's secret as well: keep others away by a"
                " network policy, or name a cluster that has certificates with --scheduler"
            )
            say(console, text)
        else:
            warn_of(owned.scheduler_address, console)
        console.print(_("waiting for the first worker; Ctrl-C ends it"), highlight=False)
        client = cluster.connect(owned, where.tls)
        return cluster.Cluster(client, setting, unisolated=unisolated, owned=owned, patience=None)
    except cluster.ClusterProblem as problem:
        raise Problem(str(problem)) from None


def warn_of(address: str, console: Console) -> None:
    """Say so where what goes to a scheduler can be read on the way."""
    from graders.engine.cluster import is_open

    if is_open(address):
        text = _("what goes to {address} can be read on the way, the course's secret as well; see --tls-ca")
        say(console, text.format(address=address))


def say(console: Console, text: str) -> None:
    """One line, as it is."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def require_cluster() -> None:
    """One clear message where Dask is missing."""
    if importlib.util.find_spec("distributed") is None:
        raise Problem(_("Dask is not installed: pip install 'backcheck[cluster]'"))


@click.command()
@click.argument("kind", type=click.Choice(CLUSTERS))
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Workers.")
@click.option("--image", default="", metavar="NAME", help="Of the pods, with backcheck[cluster] in it.")
@click.option("--memory", default="2GiB", show_default=True, help="Of each worker.")
@click.option("--tls-ca", type=existing(), help="Whose certificates are believed.")
@click.option("--tls-cert", type=existing(), help="Our certificate.")
@click.option("--tls-key", type=existing(), help="Its key.")
def cluster(
    kind: str, jobs: int, image: str, memory: str, tls_ca: Path | None, tls_cert: Path | None, tls_key: Path | None
) -> None:
    """Print what `grade --cluster` would start: the script of a Slurm job, or a manifest for Kubernetes."""
    require_cluster()
    from graders.engine.clusters import Fleet, manifest_text, slurm_script

    fleet = Fleet(jobs, memory, image or "IMAGE", tls_files(tls_ca, tls_cert, tls_key))
    click.echo(slurm_script(fleet) if kind == "slurm" else manifest_text(fleet), nl=False)
