"""A run on a Dask scheduler with workers in processes of their own; what would be started on Slurm and Kubernetes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from click.testing import CliRunner
from rich.console import Console

from graders import SUITE_VERSION
from graders.batch import Setting
from graders.cli import cli
from graders.commands.engines import Where, open_cluster
from graders.engine.jobs import Done, EngineFailure, Job
from graders.intake.submission import Submission, read_submission
from tests.class_run.conftest import RIGHT
from tests.conftest import whole_only
from tests.faults.services import Dask, end, free_port

pytest.importorskip("distributed", reason="Dask is not installed: pip install backcheck[cluster]")

from graders.engine import cluster, clusters
from graders.engine.cluster import Cluster, ClusterProblem, connect

SUBMISSIONS = 5


@pytest.fixture(scope="module")
def dask() -> Iterator[Dask]:
    """A scheduler with two workers, which do not say that they have a core to themselves."""
    with Dask(workers=2) as started:
        yield started


def jobs(setting: Setting) -> Iterator[Job]:
    for number in range(SUBMISSIONS):
        text = f"import time\ntime.sleep(0.3)\n{RIGHT}\n# {number}\n"
        path = Path(f"student-{number}.py")
        path.write_text(text)
        yield Job(number, read_submission(path, setting.assignment))


def test_a_class_is_graded_once_though_a_worker_is_killed(dask: Dask, setting: Setting, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = Cluster(connect(dask.address, None), setting)
    while len(engine._client.nthreads()) < 2:
        time.sleep(0.05)
    done = []
    for one in engine.run(jobs(setting)):
        done.append(one)
        if len(done) == 2:
            end(dask.workers[0])
    engine.close()
    assert sorted(one.number for one in done) == list(range(SUBMISSIONS))
    assert not [one for one in done if one.report.faulty]
    assert len({one.report.score for one in done}) == 1


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Of a new authority: its own certificate, and one that it signed, with the key."""
    authority = trustme.CA()
    signed = authority.issue_cert("127.0.0.1")
    files = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
    folder.mkdir()
    authority.cert_pem.write_to_path(files[0])
    signed.cert_chain_pems[0].write_to_path(files[1])
    signed.private_key_pem.write_to_path(files[2])
    return files


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dask, list[str]]]:
    """A scheduler with one worker, which talk by TLS alone, and the options for who has their certificate."""
    files = certificates(tmp_path_factory.mktemp("tls") / "own")
    with Dask(workers=1, tls=files) as started:
        yield started, by_tls(files)


def by_tls(files: tuple[Path, Path, Path]) -> list[str]:
    return [
        word for name, file in zip(("ca", "cert", "key"), files, strict=True) for word in (f"--tls-{name}", str(file))
    ]


def graded_at(address: str, options: list[str], folder: Path) -> tuple[int, str, str]:
    """How `backcheck grade` ends there, and what it says."""
    (folder / "ada.py").write_text(RIGHT)
    words = ["grade", "ada.py", "--unit", "01", "--no-throughput", "--no-gradebook", "--json", "--scheduler", address]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.quick", *words, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_scheduler_that_talks_by_tls(encrypted: tuple[Dask, list[str]], tmp_path: Path):
    code, out, said = graded_at(encrypted[0].address.removeprefix("tls://"), encrypted[1], tmp_path)
    assert code in (0, 1), said + encrypted[0].said
    (report,) = json.loads(out)
    assert report["score"] > 0
    assert "read on the way" not in said


@pytest.mark.parametrize(
    ("protocol", "whose", "says"),
    [
        ("tls", "nobody's", "{address} is reached with certificates only: name them with --tls-ca, --tls-cert and"),
        ("tls", "another authority's", "no scheduler answers at {address}: "),
        ("tcp", "its own", "certificates are for tls://, and {address} is none"),
        ("tcp", "nobody's", "no scheduler answers at {address}: "),
    ],
)
def test_who_does_not_talk_as_it_does_is_told_in_one_line(
    protocol: str, whose: str, says: str, encrypted: tuple[Dask, list[str]], tmp_path: Path
):
    options = {"nobody's": [], "its own": encrypted[1]}.get(whose) or by_tls(certificates(tmp_path / "other"))
    address = encrypted[0].address.replace("tls", protocol)
    code, _out, said = graded_at(address, options if whose != "nobody's" else [], tmp_path)
    assert code == 2, said
    assert says.format(address=address) in said
    assert "Traceback" not in said


def test_workers_that_do_not_fit_are_refused(dask: Dask, setting: Setting, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ClusterProblem, match=r"a core of its own: start workers with --nthreads 1 --resources core=1"):
        Cluster(connect(dask.address, None), replace(setting, throughput=True))
    monkeypatch.setattr(cluster, "SUITE_VERSION", "9.9.9")
    with pytest.raises(ClusterProblem, match=r"has backcheck .*; here it is 9\.9\.9"):
        Cluster(connect(dask.address, None), setting)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (OSError("closed"), ""),
        (ModuleNotFoundError("No module named 'graders'"), "a worker of this cluster has no backcheck .*: No module"),
        ("0.0.1", r"a worker of this cluster \(b\) has backcheck 0\.0\.1; here it is"),
    ],
)
def test_a_worker_that_dies_while_it_is_asked_is_no_reason_to_stop(answer: Exception | str, says: str):
    engine = object.__new__(Cluster)
    told = {"a": SUITE_VERSION, "b": answer}
    engine._client = SimpleNamespace(run=lambda _function, on_error: told if on_error == "return" else None)
    with pytest.raises(ClusterProblem, match=says) if says else contextlib.nullcontext():
        engine._require_version()


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cluster.connect, "__defaults__", (1.0,))
    Path("ada.py").write_text(RIGHT)
    address = f"tcp://127.0.0.1:{free_port()}"
    told = CliRunner().invoke(cli, ["grade", "ada.py", "--unit", "01", "--scheduler", address, "--no-throughput"])
    assert told.exit_code == 2, told.output
    assert f"no scheduler answers at {address}" in " ".join(told.output.split())


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        ("tcp://10.0.0.1:8786", True),
        ("10.0.0.1:8786", True),
        ("ws://10.0.0.1:8786", True),
        ("tcp://127.example.org:8786", True),
        ("tcp://127.0.0.1:8786", False),
        ("localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tls://10.0.0.1:8786", False),
        ("wss://10.0.0.1:8786", False),
    ],
)
def test_what_can_be_read_on_the_way_is_said(address: str, open_: bool):
    assert cluster.is_open(address) is open_


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (Where(scheduler="10.0.0.1:8786"), "what goes to 10.0.0.1:8786 can be read on the way"),
        (Where(scheduler="10.0.0.1:8786", tls=(Path("ca"), Path("cert"), Path("key"))), ""),
        (Where(cluster="slurm"), "what goes to tcp://10.0.0.1:4000 can be read on the way"),
        (Where(cluster="kubernetes", image="i"), "what the pods are sent can be read on the way"),
    ],
)
def test_it_is_said_wherever_the_workers_are(where: Where, said: str, setting: Setting, monkeypatch):
    address = "tcp://localhost:4000" if where.cluster == "kubernetes" else "tcp://10.0.0.1:4000"
    monkeypatch.setattr(clusters, "start", lambda _kind, _fleet: SimpleNamespace(scheduler_address=address))
    monkeypatch.setattr(cluster, "connect", lambda *_arguments: None)
    monkeypatch.setattr(cluster, "Cluster", lambda *_arguments, **_options: None)
    console = Console(record=True, width=200)
    open_cluster(where, setting, 1, console, False)
    text = console.export_text()
    assert said in text
    assert ("read on the way" in text) is bool(said)


class Answer:
    """What has come of a job on a cluster: something was raised, by a worker or on the way from it."""

    def __init__(self, raised: Exception, status: str) -> None:
        self.raised, self.status = raised, status

    def result(self) -> None:
        raise self.raised


def result_of(answer: Answer, setting: Setting) -> Done:
    engine = object.__new__(Cluster)
    engine._setting = setting
    return engine._result(answer, Job(0, Submission("ada", "ada.py", (), "f")))


@pytest.mark.parametrize("raised", [OSError("no space left"), TimeoutError("the sandbox"), ValueError("x")])
def test_what_a_worker_meets_is_a_fault_of_that_job_alone(raised: Exception, setting: Setting):
    done = result_of(Answer(raised, "error"), setting)
    assert done.report.faulty
    assert str(raised) in done.report.results[0].message
    with pytest.raises(EngineFailure, match="does not answer any more"):
        result_of(Answer(OSError("closed"), "finished"), setting)


def test_how_many_workers_died_is_what_the_scheduler_allows(setting: Setting):
    from distributed import KilledWorker

    done = result_of(Answer(KilledWorker("grade-0", None, 6), "error"), setting)
    assert "7 workers died with it" in done.report.results[0].message


def test_a_job_that_hangs_ends_its_worker():
    """A process that Python itself cannot end: it sleeps in C, and lets nothing else run."""
    code = "from graders.engine.there import deadline\nwith deadline({seconds}): {inside}\nprint('left')"
    hung = "import ctypes; ctypes.PyDLL(None).sleep(60)"
    ends = [
        subprocess.run(
            [sys.executable, "-c", code.format(seconds=seconds, inside=inside)],
            capture_output=True,
            text=True,
            check=False,
        )
        for seconds, inside in ((0.2, hung), (60.0, "pass"))
    ]
    assert [one.returncode for one in ends] == [1, 0], ends
    assert "Timeout" in ends[0].stderr
    assert ends[1].stdout == "left\n"


def printed(*arguments: str) -> str:
    told = CliRunner().invoke(cli, ["cluster", *arguments])
    assert told.exit_code == 0, told.output
    return told.output


def test_the_script_of_a_slurm_job():
    lines = printed("slurm", "--memory", "3GiB").splitlines()
    assert lines[0].startswith("#!/")
    assert {"#SBATCH -J backcheck", "#SBATCH -n 1", "#SBATCH --cpus-per-task=1", "#SBATCH --mem=3G"} <= set(lines)
    command = lines[-1]
    assert command.startswith(sys.executable)
    assert "--nthreads 1 " in command
    assert "--resources core=1" in command
    assert subprocess.run(["bash", "-n"], input="\n".join(lines), text=True, check=False).returncode == 0


def test_it_names_certificates_where_there_are_any(tmp_path: Path):
    options = []
    for name in ("ca", "cert", "key"):
        (tmp_path / name).touch()
        options += [f"--tls-{name}", str(tmp_path / name)]
    script = printed("slurm", *options)
    assert "tls://" in script
    assert all(f"{option} {tmp_path / option[6:]}" in script for option in ("--tls-cert", "--tls-key"))


def test_the_manifest_for_kubernetes():
    manifest = json.loads(printed("kubernetes", "--jobs", "12", "--image", "registry.example/backcheck:1"))
    assert (manifest["kind"], manifest["spec"]["worker"]["replicas"]) == ("DaskCluster", 12)
    for part in ("worker", "scheduler"):
        pod = manifest["spec"][part]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["containers"][0]["image"] == "registry.example/backcheck:1"
        assert pod["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}
    arguments = manifest["spec"]["worker"]["spec"]["containers"][0]["args"]
    assert arguments[:3] == ["dask-worker", "--nthreads", "1"]
    assert arguments[arguments.index("--resources") + 1] == "core=1"


def test_two_runs_have_clusters_of_their_own_on_kubernetes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clusters.getpass, "getuser", lambda: "Prof. Ada_Lovelace-Byron of London, FRS")
    names = [clusters.kubernetes_manifest(clusters.Fleet(2, image="i"))["metadata"]["name"] for _run in range(2)]
    assert len(set(names)) == 2
    assert all(
        re.fullmatch("backcheck-prof-ada-lovelace[a-z0-9-]*[a-z0-9]", name) and len(name) <= 40 for name in names
    )


SBATCH = """#!/bin/sh
cp "$1" {place}/job-$$.sh
setsid bash {place}/job-$$.sh >>{place}/jobs.log 2>&1 </dev/null &
echo "Submitted batch job $!"
echo $! >>{place}/started
"""
SCANCEL = """#!/bin/sh
for job in "$@"; do echo "$job" >>{place}/cancelled; kill -- -"$job" 2>/dev/null; done
"""


@whole_only
def test_a_class_is_graded_by_jobs_of_a_queue(tmp_path: Path):
    """Slurm's two commands, which start and end the jobs' scripts at once."""
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(text.format(place=tmp_path))
        (tmp_path / name).chmod(0o755)
    (tmp_path / "class").mkdir()
    for number in range(4):
        (tmp_path / "class" / f"student-{number}.py").write_text(f"{RIGHT}\n# {number}\n")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.faults.quick", "grade", "class", "--unit", "01", "--no-throughput"]
    done = subprocess.run(
        [*command, "--cluster", "slurm", "--jobs", "2", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 1, done.stderr + (tmp_path / "jobs.log").read_text()
    assert [report["submission"] for report in json.loads(done.stdout)] == [f"student-{number}" for number in range(4)]
    started = (tmp_path / "started").read_text().split()
    assert len(started) == 2
    assert set((tmp_path / "cancelled").read_text().split()) == set(started)


@whole_only
def test_timed_work_goes_to_workers_with_a_core_of_their_own(setting: Setting, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Dask(workers=1, options=("--resources", "core=1")) as timed:
        engine = Cluster(connect(timed.address, None), replace(setting, throughput=True))
        done = list(engine.run(iter([next(jobs(setting))])))
        engine.close()
    assert not done[0].report.faulty
