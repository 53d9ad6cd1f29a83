"""Containers come and go with those who need them, and whatever fails is told from the student's work."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
from pathlib import Path

import pytest
import requests

from graders.batch import Grader, Setting
from graders.exploits.leftovers import belongings
from graders.report import as_json
from graders.sandbox import Backend, SandboxUnavailable, docker, open_backend, seccomp
from graders.sandbox.channel import Log, SandboxFault
from graders.sandbox.program import Call, Limits, Piece, Program
from graders.sandbox.session import Session
from graders.secrets import PUBLIC
from graders.verdict import GraderError
from tests.engine import lacking, missing, require_engine, until

from .conftest import LIMITS

SOURCE = [Piece("", "import os\ndef f(): return 1\ndef die(): os._exit(1)\ndef loop():\n    while True: pass")]
SUBMISSIONS = Path(__file__).parents[1] / "submissions" / "03-backprop"


# --- verdicts ---


def verdicts(sandbox: str, path: Path) -> dict[str, object]:
    setting = Setting("03-backprop", PUBLIC, sandbox, Limits(), tasks=frozenset({"chain", "affine", "hidden_delta"}))
    with contextlib.closing(Grader(setting)) as grader:
        report = as_json.to_json(grader(path))
    changing = {"sandbox", "started", "seconds", "timings", "memory"}
    return {key: value for key, value in report.items() if key not in changing}


@pytest.mark.parametrize("name", ["honest_vectorised", "dw_transposed"])
def test_the_verdicts_are_those_of_the_other_sandboxes(engine, name):
    path = SUBMISSIONS / f"{name}_backprop.py"
    found = verdicts("docker", path)
    assert found == verdicts("auto", path)
    assert found["passed"] == (name == "honest_vectorised")


# --- how a container is started ---


def test_a_container_has_what_it_needs_and_no_more(shared: Backend, engine):
    with contextlib.closing(shared.open(Log(0))) as sandbox:
        sandbox.start()
        # by its own number: of all that are listed, some of earlier tests may be going
        found = engine.inspect_container(sandbox._shell._id)  # type: ignore[attr-defined]
    host = found["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["IpcMode"] == "none"
    assert host["ReadonlyRootfs"]
    assert host["AutoRemove"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert host["MemorySwap"] == host["Memory"] > LIMITS.memory
    assert 0 < host["PidsLimit"] < 64
    assert host["CpusetCpus"]
    assert host["LogConfig"]["Type"] == "none"
    assert "no-new-privileges" in host["SecurityOpt"]
    assert json.loads(host["SecurityOpt"][1].removeprefix("seccomp=")) == seccomp.engine_profile()
    assert found["Config"]["User"] == "65534:65534"
    assert [(mount["Destination"], mount["RW"]) for mount in found["Mounts"]] == [("/run/backcheck", False)]


def test_a_workers_environment_is_empty_from_outside_as_well(shared: Backend):
    with Session(shared, SOURCE, ["f"]) as session:
        session.load()
        assert session._sandbox is not None
        environment = Path(f"/proc/{session._sandbox.worker}/environ").read_bytes()
    assert environment.strip(b"\0") in (b"", b"LC_CTYPE=C.UTF-8")


def test_the_engines_profile_knows_no_dangerous_call():
    names = {name for rule in seccomp.engine_profile("x86_64")["syscalls"] for name in rule["names"]}
    dangerous = {"ptrace", "io_uring_setup", "bpf", "mount", "unshare", "setns", "keyctl", "userfaultfd", "fork"}
    dangerous |= {
        "perf_event_open",
        "process_vm_readv",
        "process_vm_writev",
        "pidfd_open",
        "bind",
        "listen",
        "memfd_create",
    }
    assert not names & dangerous
    assert set(seccomp.NUMBERS) <= names


def test_workers_of_a_container_can_be_timed_by_who_may_stop_them(shared: Backend):
    assert shared.times == (os.geteuid() == 0)


def test_the_next_container_waits_before_it_is_needed(shared: Backend):
    shared.open(Log(0)).close()
    engine = shared._engine  # type: ignore[attr-defined]
    assert until(lambda: engine.spare is not None and engine.spare.done())
    waiting = engine.spare.result()
    with contextlib.closing(shared.open(Log(0))) as sandbox:
        assert sandbox is waiting
        assert sandbox.start()


def test_one_that_died_while_it_waited_is_not_used(shared: Backend, engine, containers):
    shared.open(Log(0)).close()
    waiting = shared._engine  # type: ignore[attr-defined]
    assert until(lambda: waiting.spare is not None and waiting.spare.done())
    for found in containers():
        docker.discard(engine, found["Id"])
    with contextlib.closing(shared.open(Log(0))) as sandbox:
        assert sandbox.start()


# --- how it ends ---


def test_closing_leaves_nothing(shared: Backend, engine, containers):
    other = shared._engine  # type: ignore[attr-defined]
    assert until(lambda: other.spare is None or other.spare.done())
    known = {found["Id"] for found in containers()}
    before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    with contextlib.closing(open_backend("docker", LIMITS)) as backend:
        with Session(backend, SOURCE, ["f"]) as session:
            session.load()
            session.run([Program((Call("die"),))])
            session.run([Program((Call("loop"),))], seconds=0.2)
        assert {found["Id"] for found in containers()} - known
    assert until(lambda: {found["Id"] for found in containers()} <= known)
    assert not list(Path(tempfile.gettempdir()).glob(f"{docker.PREFIX}{docker.owner()}-*"))
    assert threading.active_count() <= threads
    assert len(os.listdir("/proc/self/fd")) <= before


ABANDONED = """
    import sys
    from graders.sandbox import docker, open_backend
    from graders.sandbox.program import Call, Limits, Piece, Program
    from graders.sandbox.session import Session
    session = Session(open_backend("docker", Limits()), [Piece("", "def f():\\n    while True: pass")], ["f"])
    session.load()
    print(docker.owner(), flush=True)
    session.run([Program((Call("f"),))])
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_containers_end_with_the_grader_however_it_ends(engine, containers, end):
    command = [sys.executable, "-c", textwrap.dedent(ABANDONED)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert containers(name)
        process.send_signal(end)
    # one that was being made is left as it was, and is never started
    assert until(lambda: all(found["State"] == "created" for found in containers(name)))
    docker.clean()
    assert until(lambda: not containers(name))


def test_what_is_left_behind_is_found_and_removed_and_nothing_else(engine, containers, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", "from graders.sandbox import docker; print(docker.owner())"],
                          stdout=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stdout is not None
        dead = process.stdout.read().strip()
    left = {}
    for name in (dead, docker.owner()):
        folder = tmp_path / f"{docker.PREFIX}{name}-abc"
        folder.mkdir()
        (folder / "socket").touch()
        config = docker._config(docker.find_image(engine), LIMITS, folder)
        config["Labels"][docker.OWNER] = name
        left[name] = engine.create_container_from_config(config)["Id"]
    try:
        removed = docker.clean()
        assert str(tmp_path / f"{docker.PREFIX}{dead}-abc") in removed
        assert until(lambda: not containers(dead))  # a backend that another test has opened may have been quicker
        assert left[docker.owner()] in {found["Id"] for found in containers()}
        assert [path.name for path in tmp_path.iterdir()] == [f"{docker.PREFIX}{docker.owner()}-abc"]
    finally:
        for container in left.values():
            docker.discard(engine, container)


def test_containers_and_volumes_that_stay_are_counted(shared: Backend, engine, tmp_path):
    before = belongings(shared)
    container = engine.create_container_from_config(docker._config(docker.find_image(engine), LIMITS, tmp_path))["Id"]
    volume = engine.create_volume()["Name"]
    try:
        assert set(shared.holdings()) >= {"container of a worker", f"volume {volume}"}
        more = belongings(shared) - before
        assert {"container of a worker", f"volume {volume}"} <= set(more)
    finally:
        docker.discard(engine, container)
        engine.remove_volume(volume)


def test_who_has_ended_is_known_of_processes_that_we_see_only():
    namespace, process, started = docker.owner().split(".")
    assert not docker.has_ended(docker.owner())
    assert docker.has_ended(f"{namespace}.{process}.{int(started) + 1}")  # another process has got its number
    assert not docker.has_ended(f"1.{process}.1")
    assert not docker.has_ended("nobody")


# --- what may go wrong ---


def test_a_container_that_is_killed_at_work_ends_in_a_verdict_and_the_next_goes_on(shared: Backend, engine, containers):
    with Session(shared, SOURCE, ["f"]) as session:
        session.load()

        def kill() -> None:
            for found in containers():
                docker.discard(engine, found["Id"])

        (reply,) = session.run([Program((Call("loop"),))], seconds=3.0, meanwhile=kill)
        assert reply.status == "timeout"  # it was run once more, for it was not the submission that ended it
        assert [reply.status for reply in session.run([Program((Call("f"),))])] == ["completed"]


def test_an_engine_that_goes_away_is_our_fault_and_what_runs_still_ends(engine, containers, monkeypatch):
    with contextlib.closing(open_backend("docker", LIMITS)) as backend:
        session = Session(backend, SOURCE, ["f"])
        session.load()
        waiting = backend._engine  # type: ignore[attr-defined]
        assert until(lambda: waiting.spare is not None and waiting.spare.done())
        with monkeypatch.context() as patched:

            def refuse(*_arguments: object, **_options: object) -> object:
                raise requests.ConnectionError("no engine")

            for name in ("create_container_from_config", "inspect_container", "remove_container"):
                patched.setattr(waiting.client, name, refuse)
            assert [reply.status for reply in session.run([Program((Call("f"),))])] == ["completed"]
            session.close()
            backend.open(Log(0)).close()  # it had been started before
            with pytest.raises(GraderError, match="no engine"):
                Session(backend, SOURCE, ["f"]).load()


def test_an_engine_that_does_not_answer_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(SandboxUnavailable, match="the Docker Engine: "):
        open_backend("docker", LIMITS)


def test_an_engine_elsewhere_is_refused(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://203.0.113.1:2375")
    with pytest.raises(SandboxUnavailable, match="not on this machine"):
        open_backend("docker", LIMITS)


def test_an_image_of_other_code_and_a_missing_one_are_refused_with_the_remedy(engine, monkeypatch):
    monkeypatch.setenv(docker.IMAGE_VARIABLE, "backcheck-no-such-image")
    with pytest.raises(SandboxUnavailable, match=r"no image backcheck-no-such-image.*images build worker"):
        open_backend("docker", LIMITS)
    monkeypatch.delenv(docker.IMAGE_VARIABLE)
    monkeypatch.setattr(docker, "runtime_hash", lambda: "other")
    with pytest.raises(SandboxUnavailable, match=r"another version.*images build worker"):
        open_backend("docker", LIMITS)


class Impostor:
    """An engine whose container another process calls for."""

    def create_container_from_config(self, config: dict) -> dict:
        self.folder = config["HostConfig"]["Mounts"][0]["Source"]
        return {"Id": "0" * 64}

    def start(self, _container: str) -> None:
        self.caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.caller.connect(f"{self.folder}/socket")

    def inspect_container(self, _container: str) -> dict:
        return {"State": {"Running": True, "Pid": 1}}


def test_no_other_process_is_taken_for_the_container(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    engine, ended = Impostor(), []
    with pytest.raises(SandboxFault, match="another process"):
        docker.Container(engine, "image", LIMITS, ended.append)
    engine.caller.close()
    assert ended == ["0" * 64]
    assert not Path(engine.folder).exists()


def test_auto_never_means_docker():
    with contextlib.closing(open_backend("auto", LIMITS)) as backend:
        assert backend.name != "docker"


def test_without_an_engine_the_reason_is_said(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    missing.cache_clear()
    with pytest.raises(pytest.skip.Exception, match="no Docker Engine answers"):
        require_engine()
    monkeypatch.undo()
    missing.cache_clear()


def test_a_missing_image_fails_tests_and_says_why_it_could_not_be_made(engine, monkeypatch, tmp_path):
    monkeypatch.setenv(docker.IMAGE_VARIABLE, "backcheck-no-such-image")
    monkeypatch.setattr("tests.engine.LOG", tmp_path / "image.log")
    (tmp_path / "image.log").write_text("the wheels could not be had")
    lacking.cache_clear()
    with pytest.raises(pytest.fail.Exception, match=r"no image backcheck-no-such-image(?s:.*)could not be had"):
        require_engine()
    monkeypatch.undo()
    lacking.cache_clear()
