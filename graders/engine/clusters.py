"""Clusters that are started for one run: jobs of Slurm by dask-jobqueue, pods of Kubernetes by dask-kubernetes.

Every worker is one process with one thread and one core, and says so: what is timed has that core for itself.
"""

from __future__ import annotations

import getpass
import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.engine.cluster import CORE, ClusterProblem, security, silence
from graders.i18n import _

MEMORY = "2GiB"
"""The grader takes some 400 MiB, a submission as much as it may (1 GiB)."""
NAME = "backcheck"
RESOURCES = ("--resources", f"{CORE}=1")


@dataclass(frozen=True)
class Fleet:
    """Workers to be started. image: what a pod runs, with backcheck and distributed in it."""

    workers: int
    memory: str = MEMORY
    image: str = ""
    tls: tuple[Path, Path, Path] | None = None


def slurm_options(fleet: Fleet) -> dict[str, Any]:
    """What dask-jobqueue is told; queue, account and the like are in its own jobqueue.yaml."""
    return {
        "cores": 1,
        "processes": 1,
        "memory": fleet.memory,
        "job_name": NAME,
        "worker_extra_args": [*RESOURCES],
    }


def slurm_script(fleet: Fleet, scheduler: str = "tcp://SCHEDULER:8786") -> str:
    """The script of one worker's job."""
    from dask_jobqueue.slurm import SLURMJob

    options = slurm_options(fleet) | {"security": security(fleet.tls)}
    if fleet.tls:
        scheduler = scheduler.replace("tcp://", "tls://")
    script: str = SLURMJob(scheduler=scheduler, name=f"{NAME}-0", **options).job_script()
    return script


def start_slurm(fleet: Fleet) -> Any:
    """A scheduler here, and so many jobs in the queue."""
    from dask_jobqueue.slurm import SLURMCluster

    options = slurm_options(fleet)
    if fleet.tls:
        options |= {"security": security(fleet.tls), "protocol": "tls://"}
    silence()
    cluster = SLURMCluster(n_workers=0, scheduler_options={"dashboard_address": None}, **options)
    cluster.scale(jobs=fleet.workers)
    return cluster


def kubernetes_manifest(fleet: Fleet, name: str = "") -> dict[str, Any]:
    """The resource of the Dask operator that stands for the scheduler and its workers."""
    from dask_kubernetes.operator import make_cluster_spec

    memory = fleet.memory.removesuffix("B")  # Kubernetes says Gi
    spec: dict[str, Any] = make_cluster_spec(
        name=name or pod_name(),
        image=fleet.image,
        n_workers=fleet.workers,
        resources={"requests": {"cpu": "1", "memory": memory}, "limits": {"cpu": "1", "memory": memory}},
        worker_command=["dask-worker", "--nthreads", "1", *RESOURCES],
    )
    for part in ("worker", "scheduler"):  # no token of the cluster's for what runs beside students' code
        spec["spec"][part]["spec"]["automountServiceAccountToken"] = False
    return spec


def manifest_text(fleet: Fleet) -> str:
    """The manifest as kubectl reads it; JSON is YAML."""
    return json.dumps(kubernetes_manifest(fleet), indent=2) + "\n"


def start_kubernetes(fleet: Fleet) -> Any:
    """A scheduler and so many pods, by the operator that has to run in the cluster."""
    from dask_kubernetes.operator import KubeCluster

    silence()
    return KubeCluster(custom_cluster_spec=kubernetes_manifest(fleet))


def start(kind: str, fleet: Fleet) -> Any:
    """Start one of them; ClusterProblem where that cannot be done from here."""
    if kind == "kubernetes":
        if not fleet.image:
            raise ClusterProblem(_("--cluster kubernetes needs --image, with backcheck and distributed in it"))
        if fleet.tls:
            raise ClusterProblem(_("pods are not given certificates: start a cluster that has them, and name it"))
    try:
        return start_slurm(fleet) if kind == "slurm" else start_kubernetes(fleet)
    except ImportError:
        raise
    except Exception as fault:  # whatever sbatch or the cluster's interface says
        reason = " ".join(str(fault).split())[:500] or type(fault).__name__
        raise ClusterProblem(
            _("no {kind} cluster could be started: {reason}").format(kind=kind, reason=reason)
        ) from None


def pod_name() -> str:
    """A name that Kubernetes allows, that tells whose it is, and no other run has: Dask would share its cluster."""
    user = re.sub("[^a-z0-9]+", "-", getpass.getuser().lower()).strip("-")
    return f"{NAME}-{user}"[:32].rstrip("-") + f"-{uuid.uuid4().hex[:7]}"
