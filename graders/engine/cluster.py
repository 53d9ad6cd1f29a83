"""The engine of many machines: Dask's workers do the jobs, at least once; we alone record, once."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders import SUITE_VERSION
from graders.engine.jobs import Done, EngineFailure, Job, not_done
from graders.i18n import _
from graders.verdict import GraderError

if TYPE_CHECKING:
    from graders.batch import Setting

CORE = "core"
"""The resource of which every worker process has one, where work is timed."""
REACH_SECONDS = 10.0
WORKERS_SECONDS = 60.0
AHEAD = 2
"""Jobs under way for each worker: the next one is there when it is done with one."""
BY_TLS = ("tls", "wss")
UNREADABLE = (*BY_TLS, "inproc")
"""Dask's protocols of which nobody on the way can read anything."""


class ClusterProblem(Exception):
    """The cluster cannot be used as it is, said before anything is graded: a usage error."""


class Cluster:
    """A scheduler's workers, as many as there are at any time.

    owned: what was started for this run alone, closed with it. patience: seconds to wait for the first worker.
    """

    def __init__(
        self,
        client: Any,
        setting: Setting,
        *,
        unisolated: bool = False,
        owned: Any = None,
        patience: float | None = WORKERS_SECONDS,
    ) -> None:
        self._client, self._setting, self._unisolated, self._owned = client, setting, unisolated, owned
        self._resources = {CORE: 1} if setting.throughput else None
        self._name = uuid.uuid4().hex  # several runs may have one scheduler, and a key means one job there
        try:
            self._wait_for_workers(patience)
            self._require_version()
            self._require_cores()
        except OSError as lost:  # it has answered before
            self.close()
            raise gone() from lost
        except BaseException:
            self.close()
            raise

    def run(self, jobs: Iterator[Job]) -> Iterator[Done]:
        """A few jobs ahead of every worker; when one dies, the scheduler gives its jobs to others."""
        from distributed import as_completed

        under_way: dict[Any, Job] = {}
        ready = as_completed(loop=self._client.loop)
        self._fill(jobs, under_way, ready)
        while under_way:
            future = next(ready)
            job = under_way.pop(future)
            self._fill(jobs, under_way, ready)  # first, so that they are at work while we record
            yield self._result(future, job)
            future.release()

    def close(self) -> None:
        """Leave the cluster: what it still does of ours ends."""
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)
        if self._owned is not None:
            with contextlib.suppress(Exception):
                self._owned.close(timeout=30)

    def _fill(self, jobs: Iterator[Job], under_way: dict[Any, Job], ready: Any) -> None:
        room = AHEAD * self._workers()
        while len(under_way) < room and (job := next(jobs, None)):
            future = self._submit(job)
            under_way[future] = job
            ready.add(future)

    def _workers(self) -> int:
        """How many there are now; the scheduler waits for the first that comes when there is none."""
        try:
            return max(1, len(self._client.nthreads()))
        except (OSError, TimeoutError, asyncio.CancelledError) as lost:
            raise gone() from lost

    def _submit(self, job: Job) -> Any:
        from graders.engine.there import grade_there

        return self._client.submit(
            grade_there,
            SUITE_VERSION,
            self._setting,
            self._unisolated,
            job,
            pure=False,  # the same bytes handed in twice are two jobs
            resources=self._resources,
            key=f"grade-{job.number}-{self._name}",
        )

    def _result(self, future: Any, job: Job) -> Done:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        from graders.engine.there import OtherVersion

        try:
            done: Done = future.result()
        except KilledWorker as killed:
            text = _("{count} workers died with it, or took too long for it")
            fault = GraderError(text.format(count=killed.allowed_failures + 1))
            return not_done(job, self._setting, fault)
        except OtherVersion as other:
            raise EngineFailure(another_version("", str(other))) from None
        except (FutureCancelledError, asyncio.CancelledError, TimeoutError, OSError) as lost:
            if future.status == "error":  # a worker has met it, and has said so
                return not_done(job, self._setting, lost)
            raise gone() from lost
        except Exception as fault:
            return not_done(job, self._setting, fault)
        return done

    def _wait_for_workers(self, patience: float | None) -> None:
        try:
            self._client.wait_for_workers(1, timeout=patience)
        except TimeoutError:
            raise ClusterProblem(_("the scheduler has no workers")) from None

    def _require_version(self) -> None:
        from graders.engine.there import suite_version

        found: dict[str, str | BaseException] = self._client.run(suite_version, on_error="return")
        for worker, suite in found.items():
            if isinstance(suite, OSError):  # it died in this moment; others may be there, or come
                continue
            if isinstance(suite, BaseException):
                text = _("a worker of this cluster has no backcheck {suite}: {fault}")
                raise ClusterProblem(text.format(suite=SUITE_VERSION, fault=suite))
            if suite != SUITE_VERSION:
                raise ClusterProblem(another_version(worker, suite))

    def _require_cores(self) -> None:
        """Timed work needs workers that have a core for it."""
        if self._resources is None:
            return
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        if not any(one.get("resources", {}).get(CORE) for one in workers.values()):
            text = _(
                "timed work needs a core of its own: start workers with --nthreads 1 --resources {core}=1, or say"
                " --no-throughput"
            )
            raise ClusterProblem(text.format(core=CORE))


def gone() -> EngineFailure:
    """What is said when the scheduler is lost in the middle of a run."""
    return EngineFailure(_("the scheduler does not answer any more"))


def another_version(worker: str, suite: str) -> str:
    """What is said of a worker that would grade otherwise."""
    text = _("a worker of this cluster{worker} has backcheck {suite}; here it is {own}")
    return text.format(worker=f" ({worker})" if worker else "", suite=suite, own=SUITE_VERSION)


def connect(address: Any, tls: tuple[Path, Path, Path] | None, seconds: float = REACH_SECONDS) -> Any:
    """A client of the scheduler at an address, or of a cluster; ClusterProblem where none answers."""
    from distributed import Client

    silence()
    if isinstance(address, str):
        address = _spoken(address, tls)
    try:
        return Client(address, timeout=seconds, security=security(tls), set_as_default=False)
    except (OSError, TimeoutError, ValueError, RuntimeError) as fault:
        reason = str(fault).partition("\n")[0] or type(fault).__name__
        text = _("no scheduler answers at {address}: {reason}")
        raise ClusterProblem(text.format(address=address, reason=reason)) from None


def security(tls: tuple[Path, Path, Path] | None) -> Any:
    """What Dask needs to talk by TLS, and by nothing else; None without certificates."""
    if tls is None:
        return None
    from distributed.security import Security

    ca, certificate, key = map(str, tls)
    roles = ("client", "scheduler", "worker")  # the latter two where we start them
    files = {f"tls_{role}_{kind}": file for role in roles for kind, file in (("cert", certificate), ("key", key))}
    return Security(tls_ca_file=ca, require_encryption=True, **files)


def _spoken(address: str, tls: tuple[Path, Path, Path] | None) -> str:
    """The address with its protocol. ClusterProblem where that and the certificates do not fit, which Dask's client
    says with a traceback, half a minute later.
    """
    from distributed.security import Security

    protocol = address.partition("://")[0] if "://" in address else ""
    if tls and protocol not in ("", *BY_TLS):
        text = _("certificates are for tls://, and {address} is none")
        raise ClusterProblem(text.format(address=address))
    if not tls and protocol in BY_TLS and not Security().get_connection_args("client").get("ssl_context"):
        text = _("{address} is reached with certificates only: name them with --tls-ca, --tls-cert and --tls-key")
        raise ClusterProblem(text.format(address=address))
    return f"tls://{address}" if tls and not protocol else address


def is_open(address: str) -> bool:
    """Whether what is sent there, the course's secret for one, can be read on the way; Dask takes no word for tcp."""
    protocol, _separator, place = address.rpartition("://")
    return protocol not in UNREADABLE and not is_here(place)


def is_here(place: str) -> bool:
    """Whether a place such as localhost:8786 or [::1]:8786 is this very machine."""
    host = place.partition("/")[0].rpartition(":")[0].strip("[]") or place
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def silence() -> None:
    """Dask logs what it meets, with tracebacks; we say it ourselves, in one line."""
    import distributed  # noqa: F401  # it sets levels of its own

    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
