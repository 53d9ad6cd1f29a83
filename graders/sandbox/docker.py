"""A container of the Docker Engine a submission: what the bubblewrap backend does, kept by a service of the machine.

A container is started before it is needed. Its launcher calls T at a Unix socket in a folder that is mounted
read-only; T takes one call, from the process that the engine says it has started, and unlinks the socket. From then on
all is as in any other sandbox of Linux. The container ends when T hangs up, as it does when T is killed, and the engine
then removes it; what may still be left behind has a label that says whose it was.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import signal
import socket
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from graders.i18n import _
from graders.sandbox import seccomp, stopwatch, wire
from graders.sandbox.backend import PYTHON_OPTIONS, START_TEXT, Backend
from graders.sandbox.channel import START_SECONDS, Log, SandboxFault
from graders.sandbox.program import Limits
from graders.sandbox.runtime import LAUNCHER, OPEN_FILES, WORKER
from graders.sandbox.zygote import Zygote, zygote_settings

IMAGE = "backcheck-worker"
IMAGE_VARIABLE = "BACKCHECK_WORKER_IMAGE"
"""Names another image in the environment of T: one from a registry, say."""
LABEL, OWNER, FOLDER, RUNTIME = "backcheck", "backcheck.owner", "backcheck.folder", "backcheck.runtime"
"""Labels: what a container is for, the process it belongs to, the folder of its socket; of an image, what is in it."""
PREFIX = "backcheck-call-"
"""Of the folders of sockets."""

HOME = PurePosixPath("/opt/backcheck")
PYTHON, IMAGE_LAUNCHER, IMAGE_WORKER, PACKAGES = (
    HOME / name for name in ("python", "launcher.py", "worker.py", "site")
)
CALLED = PurePosixPath("/run/backcheck")
READABLE = (
    *(PurePosixPath(name) for name in ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64")),
    PurePosixPath("/etc/ld.so.cache"),
    HOME,
)
NOBODY = "65534:65534"
SLACK = 192 << 20
"""Beyond what a worker may map: the zygote, and what the kernel counts beside. A worker shall see a MemoryError."""
TASKS = 16
"""So many exist for a moment while the engine starts a container. Workers cannot make any."""
LOCAL = ("unix://", "http+unix://", "/")
"""How the addresses of engines on this machine begin."""
DEFAULT = "unix:///var/run/docker.sock"
ENGINE_SECONDS = 60
LOOK_SECONDS = 0.5
"""So often T looks whether a container that has not called yet is still there."""


def runtime_hash() -> str:
    """Says which launcher and worker an image has to hold."""
    return hashlib.sha256(LAUNCHER.read_bytes() + WORKER.read_bytes()).hexdigest()[:16]


# ----------------------------------------------------------------------------------------------------------
# The engine


def connect() -> Any:
    """A client of the engine that the environment names (DOCKER_HOST), which has to be on this machine."""
    try:
        import docker
    except ImportError:
        raise SandboxFault(_("the Docker SDK is not installed: pip install 'backcheck[docker]'")) from None
    url = os.environ.get("DOCKER_HOST", "") or DEFAULT
    if not url.startswith(LOCAL):
        raise SandboxFault(_("the Docker Engine is not on this machine: {url}").format(url=url))
    with faults(), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as first:
        first.settimeout(ENGINE_SECONDS)
        first.connect(url[url.index("/") :].replace("///", "/"))  # the SDK leaves one open that gets no answer
    with faults():
        client = docker.from_env(version="auto", timeout=ENGINE_SECONDS).api
    client.trust_env = False  # proxies: none are between us, and a thread may not read what another one changes
    return client


@contextlib.contextmanager
def faults() -> Iterator[None]:
    """What goes wrong at the engine is a SandboxFault."""
    import docker.errors
    import requests

    try:
        yield
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        words = getattr(error, "explanation", None) or error
        raise SandboxFault(_("the Docker Engine: {error}").format(error=str(words)[:START_TEXT])) from error


def find_image(client: Any, name: str = "") -> str:
    """The identity of the worker's image; SandboxFault where there is none, or one of other code."""
    import docker.errors

    name = name or os.environ.get(IMAGE_VARIABLE, "") or IMAGE
    with faults():
        try:
            found = client.inspect_image(name)
        except docker.errors.ImageNotFound:
            found = None
    if found is None:
        text = _("there is no image {name}; make it: backcheck images build worker")
        raise SandboxFault(text.format(name=name))
    if (found["Config"].get("Labels") or {}).get(RUNTIME) != runtime_hash():
        text = _(
            "the image {name} belongs to another version of backcheck; make it anew: backcheck images build worker"
        )
        raise SandboxFault(text.format(name=name))
    return str(found["Id"])


# ----------------------------------------------------------------------------------------------------------
# Whose it is


def owner() -> str:
    """A name of this process that no other has: its namespace, number, and when it started."""
    return f"{_namespace()}.{os.getpid()}.{_started(os.getpid())}"


def has_ended(name: str) -> bool:
    """Whether the process that `owner` named has ended; only those of this namespace can be known to have."""
    with contextlib.suppress(ValueError):
        namespace, process, started = name.split(".")
        return namespace == _namespace() and _started(int(process)) != started
    return False


def _namespace() -> str:
    return "".join(filter(str.isdigit, os.readlink("/proc/self/ns/pid")))


def _started(process: int) -> str:
    """When it started, in ticks since the machine did; empty where there is none such."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    state, *rest = text.rpartition(")")[2].split()
    return "" if state in stopwatch.DEAD else rest[18]


def clean() -> list[str]:
    """Remove what graders that have ended left behind; says what."""
    with contextlib.closing(connect()) as client, faults():
        return sweep(client)


def sweep(client: Any) -> list[str]:
    """The same with a client there is."""
    removed = []
    for found in client.containers(all=True, filters={"label": OWNER}):
        if has_ended(found["Labels"].get(OWNER, "")):
            discard(client, found["Id"])
            removed.append(_("container {name}").format(name=found["Id"][:12]))
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if has_ended(folder.name.removeprefix(PREFIX).rpartition("-")[0]):
            _remove_folder(folder)
            removed.append(str(folder))
    return removed


def discard(client: Any, container: str) -> None:
    """Kill a container and remove it; it may be gone, or going, already."""
    import docker.errors

    with contextlib.suppress(docker.errors.NotFound):
        try:
            client.remove_container(container, force=True)
        except docker.errors.APIError as error:
            if error.status_code != 409:  # being removed
                raise


def _remove_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / "socket").unlink(missing_ok=True)
        folder.rmdir()


# ----------------------------------------------------------------------------------------------------------
# One container


class Container:
    """A container whose launcher has called, as what a zygote runs in."""

    def __init__(self, client: Any, image: str, limits: Limits, undertake: Callable[[str], object]) -> None:
        """undertake: sees to it that a container is no more, later."""
        self._undertake = undertake
        self._id = ""
        self._process = -1
        with contextlib.ExitStack() as opened:
            folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{owner()}-"))
            opened.callback(_remove_folder, folder)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
                _bind(listener, folder)
                # the container's user is nobody on this machine, and must find its way; who calls is looked at
                folder.joinpath("socket").chmod(0o666)
                folder.chmod(0o711)
                listener.listen(1)
                try:
                    with faults():
                        self._id = client.create_container_from_config(_config(image, limits, folder))["Id"]
                        client.start(self._id)
                    self.control = self._answer(client, listener)
                except BaseException:
                    self._let_go()
                    raise
        self.printed, printing = os.pipe()
        os.set_blocking(self.printed, False)
        self.handed: Sequence[int] = (printing,)

    def started(self) -> None:
        """Let nobody but the container hold the writing end of the pipe."""
        for descriptor in self.handed:
            os.close(descriptor)
        self.handed = ()

    def end(self) -> None:
        """Hang up, upon which it ends by itself, and see to it that it does."""
        self.started()
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)
        self._let_go()

    def release(self) -> None:
        """Close the socket and the pipe."""
        self.control.close()
        os.close(self.printed)

    def _let_go(self) -> None:
        if self._process >= 0:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            os.close(self._process)
            self._process = -1
        if self._id:
            self._undertake(self._id)
            self._id = ""

    def _answer(self, client: Any, listener: socket.socket) -> socket.socket:
        """The first call, from the container's first process."""
        listener.settimeout(LOOK_SECONDS)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                control = listener.accept()[0]
                break
            except TimeoutError:
                self._require_running(client)
                if time.monotonic() > deadline:
                    raise SandboxFault(_("the container does not call; is its engine on this machine?")) from None
        try:
            self._recognise(client, control)
        except BaseException:
            control.close()
            raise
        return control

    def _recognise(self, client: Any, control: socket.socket) -> None:
        """Make sure who called; the kernel vouches for it."""
        credentials = control.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, stopwatch.CREDENTIALS.size)
        caller = stopwatch.CREDENTIALS.unpack(credentials)[0]
        if caller != self._state(client).get("Pid"):
            raise SandboxFault(_("another process than the container's has called"))
        with contextlib.suppress(OSError):
            self._process = os.pidfd_open(caller)

    def _require_running(self, client: Any) -> None:
        if not self._state(client).get("Running"):
            raise SandboxFault(_("the container ended before it called"))

    def _state(self, client: Any) -> dict[str, Any]:
        import docker.errors

        with contextlib.suppress(docker.errors.NotFound), faults():
            return dict(client.inspect_container(self._id)["State"])
        return {}


def _bind(listener: socket.socket, folder: Path) -> None:
    """Give it the name `socket` in the folder, whose own may be longer than an address can be."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        listener.bind(f"/proc/self/fd/{descriptor}/socket")
    finally:
        os.close(descriptor)


def _config(image: str, limits: Limits, folder: Path) -> dict[str, Any]:
    """What the engine is told, in its own words (the SDK's helpers make the same of fewer)."""
    ulimits = {"core": 0, "nofile": 4 * OPEN_FILES, "fsize": limits.file_size, "msgqueue": 0}
    memory = limits.memory + wire.INPUT_SIZE + wire.OUTPUT_SIZE + SLACK
    return {
        "Image": image,
        # the engine sets variables of its own: they are swept away
        "Entrypoint": ["/usr/bin/env", "-i"],
        "Cmd": [str(PYTHON), *PYTHON_OPTIONS, str(IMAGE_LAUNCHER), "zygote-at", str(CALLED / "socket")],
        "User": NOBODY,
        "WorkingDir": "/",
        "Hostname": "sandbox",
        "NetworkDisabled": True,
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "Labels": {LABEL: "worker", OWNER: owner(), FOLDER: str(folder)},
        "HostConfig": {
            "AutoRemove": True,
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            # and no temporary folder either: nothing goes from one worker to the next
            "Mounts": [{"Type": "bind", "Source": str(folder), "Target": str(CALLED), "ReadOnly": True}],
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges", f"seccomp={_profile()}"],
            "Privileged": False,
            "IpcMode": "none",
            "Memory": memory,
            "MemorySwap": memory,
            "PidsLimit": TASKS + limits.processes,
            "CpusetCpus": ",".join(map(str, sorted(os.sched_getaffinity(0)))),
            "Ulimits": [{"Name": name, "Soft": value, "Hard": value} for name, value in ulimits.items()],
            "LogConfig": {"Type": "none", "Config": {}},
        },
    }


@functools.cache
def _profile() -> str:
    return json.dumps(seccomp.engine_profile())


# ----------------------------------------------------------------------------------------------------------
# The backend


@dataclass
class _Engine:
    """What the threads of a backend share, apart from the backend itself: it ends them when it is collected."""

    client: Any
    image: str
    limits: Limits
    spare: Future[Zygote] | None = None
    closed: bool = False

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.helpers = ThreadPoolExecutor(3, "backcheck-docker")
        self.chores: set[Future[None]] = set()

    def make(self) -> Zygote:
        """A container with its zygote."""
        container = Container(self.client, self.image, self.limits, self.undertake)
        return Zygote(container, zygote_settings(IMAGE_WORKER, PACKAGES, READABLE, self.limits), Log(0))

    def keep(self, zygote: Zygote) -> None:
        """That is for the first who asks."""
        self.spare = Future()
        self.spare.set_result(zygote)

    def prepare(self) -> None:
        """Have one more started meanwhile, unless there is."""
        with self.lock:
            if self.spare is None and not self.closed:
                self.spare = self.helpers.submit(self.make)

    def take(self) -> Zygote:
        """The one that was started, if it is as it should be, or a new one."""
        with self.lock:
            spare, self.spare = self.spare, None
        if spare is not None:
            with contextlib.suppress(SandboxFault):
                zygote = spare.result()
                if zygote.alive():
                    return zygote
                zygote.close()
        return self.make()

    def sweep(self) -> None:
        """Remove in the background what graders that were killed have left."""
        self._soon(self._sweep)

    def _sweep(self) -> None:
        with contextlib.suppress(SandboxFault), faults():
            sweep(self.client)

    def undertake(self, container: str) -> None:
        """Have a container removed, in the background where there is one still."""
        try:
            self._soon(self._discard, container)
        except RuntimeError:
            self._discard(container)

    def _soon(self, chore: Callable[..., None], *arguments: str) -> None:
        future = self.helpers.submit(chore, *arguments)
        self.chores.add(future)
        future.add_done_callback(self.chores.discard)

    def settle(self) -> None:
        """Wait for all that was begun, and hang up at the engine."""
        with self.lock:
            begun: list[Future[Any]] = [*self.chores, *([self.spare] if self.spare else [])]
        wait(begun)
        self.client.close()  # it can be used again

    def _discard(self, container: str) -> None:
        with contextlib.suppress(SandboxFault), faults():  # doctor --clean finds it
            discard(self.client, container)

    def close(self) -> None:
        """End the one that waits, and wait until all are gone."""
        with self.lock:
            spare, self.spare, self.closed = self.spare, None, True
        if spare is not None:
            with contextlib.suppress(SandboxFault):
                spare.result().close()
        self.helpers.shutdown()
        self.client.close()


class Docker(Backend):
    """Linux: a container of the Docker Engine a submission, in which the launcher confines itself as elsewhere."""

    name = "docker"

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        client = connect()
        try:
            self._engine = _Engine(client, find_image(client), limits)
        except BaseException:
            client.close()
            raise
        self._end = weakref.finalize(self, self._engine.close)
        try:
            zygote = self._engine.make()
            try:
                self.isolated = bool(zygote.confinement["seccomp"])
                zygote.start()
                self.times = self.isolated and not limits.processes and _may_stop(zygote.worker) and stopwatch.works()
                zygote.stop()
            except BaseException:
                zygote.close()
                raise
        except BaseException:
            self._end()
            raise
        self._engine.keep(zygote)
        self._engine.sweep()

    @property
    def description(self) -> str:
        """What it isolates, in one sentence."""
        return _("a container without network, rights or a file to write (Docker Engine, seccomp)")

    def open(self, log: Log) -> Zygote:
        """A new sandbox; SandboxFault when that fails."""
        zygote = self._engine.take()
        zygote.log = log
        self._engine.prepare()
        return zygote

    def settle(self) -> None:
        """Wait until one container waits, and those that were ended are removed."""
        self._engine.settle()

    def holdings(self) -> Iterator[str]:
        """Containers of this process, and every volume of the engine."""
        with faults():
            for found in self._engine.client.containers(all=True, filters={"label": f"{OWNER}={owner()}"}):
                yield f"container of a {found['Labels'][LABEL]}"
            for volume in self._engine.client.volumes()["Volumes"] or ():
                yield f"volume {volume['Name']}"

    def close(self) -> None:
        """End the container that waits, and see all others removed."""
        self._end()


def _may_stop(worker: int) -> bool:
    """Whether T sees that process and may send it signals."""
    if worker <= 0:
        return False
    try:
        os.kill(worker, 0)
    except OSError:
        return False
    return True
