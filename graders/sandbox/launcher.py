"""Runs first in a sandbox: gives up every right the worker does not need, then starts workers.

Standard library only, imports nothing of ours. Three forms, by the first argument:

`zygote FD`       On Linux. T talks over the Unix socket FD. The zygote imports NumPy, confines itself, and for
                  every "fork" message (with the descriptors of a channel) forks a worker, which confines itself
                  further and says "ready" before it runs any student code. The zygote itself never runs any.
`zygote-at PATH`  The same in a container, which inherits nothing of T: it calls T at that socket, and prints
                  where T lets it.
`worker`          Elsewhere. One worker, no confinement but resource limits; its bells are standard input and
                  output.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.machinery
import importlib.util
import io
import json
import mmap
import os
import random
import signal
import socket
import struct
import sys
from typing import Any

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
LAST_CAPABILITY = 63
CAPABILITY_VERSION_3 = 0x20080522
SYS_CAPSET = {"x86_64": 126, "aarch64": 91}
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
SECCOMP_SET_MODE_FILTER = 1

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_VERSION, LANDLOCK_PATH_BENEATH = 1, 1
WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # by first ABI version
NET_RIGHTS_FROM, NET_RIGHTS = 4, 3
SCOPES_FROM, SCOPES = 6, 3  # abstract sockets, signals

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of the GNU C library's mallopt
LARGEST_KEPT = 32 << 20  # the most it takes

SINGLE_THREADED = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class NumpyFinder:
    """Lets `numpy` be found in its folder, and nothing beside it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of NumPy itself; its parts are found through it."""
        return importlib.machinery.PathFinder.find_spec(name, [self.folder]) if name == "numpy" else None


def import_worker(settings: dict[str, Any]) -> Any:
    """NumPy and the worker's module, single-threaded and with known random state."""
    sys.meta_path.insert(0, NumpyFinder(settings["numpy"]))
    for name in SINGLE_THREADED:
        os.environ[name] = "1"
    import numpy as np

    for name in SINGLE_THREADED:
        del os.environ[name]
    random.seed(0)
    np.random.seed(0)
    spec = importlib.util.spec_from_file_location("worker", settings["worker"])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["worker"] = module
    spec.loader.exec_module(module)
    return module


def settle_allocator() -> None:
    """Have large arrays come from memory that is kept, in every worker alike, and where they are timed.

    The C library takes each from the system, page by page, until one as large has been freed: whether it has would
    depend on what a submission did while it was loaded, and is worth a factor of two.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        for option, size in ((M_MMAP_THRESHOLD, LARGEST_KEPT), (M_TRIM_THRESHOLD, 1 << 30)):
            libc.mallopt(ctypes.c_int(option), ctypes.c_int(size))


# ----------------------------------------------------------------------------------------------------------
# Giving up rights


def limit_resources(limits: dict[str, int]) -> None:
    """Set soft and hard limits by their RLIMIT_ names, as far as this system has them and lets us."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            continue
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (value, value))


def system_call(number: int, *arguments: Any) -> int:
    """Make a system call; OSError when it fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    wide = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    result: int = libc.syscall(ctypes.c_long(number), *wide)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"system call {number}")
    return result


def process_control(option: int, *arguments: int) -> None:
    """prctl(2)."""
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    if ctypes.CDLL(None, use_errno=True).prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def renounce_privileges() -> None:
    """No new privileges from now on, by whatever program or user."""
    process_control(PR_SET_NO_NEW_PRIVS, 1)
    with contextlib.suppress(OSError):
        process_control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(LAST_CAPABILITY + 1):
        with contextlib.suppress(OSError):  # not one this kernel knows, or not ours to drop
            process_control(PR_CAPBSET_DROP, capability)


def drop_capabilities() -> None:
    """None of those there are, not even for root."""
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    system_call(SYS_CAPSET[os.uname().machine], header, bytes(24))


def import_extensions() -> None:
    """Load the standard library's compiled parts, with what the system's loader finds for them, while it can."""
    for folder in sys.path:
        for name in os.listdir(folder) if folder.endswith("lib-dynload") else ():
            module = name.partition(".")[0]
            if not module.startswith(("_test", "_tkinter", "_xx", "xx")):
                with contextlib.suppress(ImportError):
                    importlib.import_module(module)


def enter(root: str) -> bool:
    """See nothing but what lies in this folder from now on; whether that could be done."""
    if not root:
        return False
    import_extensions()
    os.chroot(root)
    os.chdir("/")
    return True


def become(user: int, processor: int | None) -> int:
    """Be that user for good, who is in no group; on one processor, if T may not see to that later."""
    if user:
        if processor is not None:
            os.sched_setaffinity(0, {processor})
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    return user


def restrict_files(readable: list[str]) -> int:
    """Let only these files and folders be read, nothing be written; Landlock's version, 0 without it."""
    try:
        version = system_call(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION)
    except OSError:
        return 0
    rights = FILE_RIGHTS[max(first for first in FILE_RIGHTS if first <= version)]
    network = NET_RIGHTS if version >= NET_RIGHTS_FROM else 0
    scopes = SCOPES if version >= SCOPES_FROM else 0
    attributes = struct.pack("=QQQ", rights, network, scopes)
    size = 24 if scopes else 16 if network else 8
    ruleset = system_call(LANDLOCK_CREATE_RULESET, attributes, size, 0)
    for path in readable:
        allow(ruleset, path, READ_FILE | READ_DIR if os.path.isdir(path) else READ_FILE)
    allow(ruleset, os.devnull, READ_FILE | WRITE_FILE)
    system_call(LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return version


def allow(ruleset: int, path: str, rights: int) -> None:
    """Add rights on one file, or on one folder and all below it, to the ruleset."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):  # what cannot be opened needs no leave
        return
    rule = struct.pack("=Qi", rights, descriptor)
    system_call(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PATH_BENEATH, rule, 0)
    os.close(descriptor)


def filter_system_calls(program: bytes) -> None:
    """Install an assembled seccomp filter for good."""
    code = ctypes.create_string_buffer(program, len(program))
    description = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    system_call(SYS_SECCOMP[os.uname().machine], SECCOMP_SET_MODE_FILTER, 0, description)


# ----------------------------------------------------------------------------------------------------------
# The zygote


def zygote(control: socket.socket) -> None:
    """Confine this process, then fork workers until T hangs up."""
    settings = receive_settings(control)
    os.closerange(3, control.fileno())
    os.closerange(control.fileno() + 1, 1 << 16)
    limit_resources(settings["limits"])
    worker = import_worker(settings)
    settle_allocator()
    entered = enter(settings["root"])
    renounce_privileges()
    user = become(settings["user"], settings["processor"])
    drop_capabilities()
    landlock = restrict_files(["/"] if entered else settings["readable"])
    filters = [bytes.fromhex(program) for program in settings["filters"]]
    for program in filters[:1]:
        filter_system_calls(program)
    gc.collect()
    gc.freeze()
    confinement = {"landlock": landlock, "seccomp": bool(filters), "user": user, "root": entered}
    control.send(json.dumps(confinement).encode())
    child = 0
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, 4)
        if message == b"fork":
            child = os.fork()
            if child == 0:
                be_worker(control, descriptors, worker, settings, filters)
            for descriptor in descriptors:
                os.close(descriptor)
        elif message == b"stop" and child:
            os.kill(child, signal.SIGKILL)
            control.send(struct.pack("<i", os.waitpid(child, 0)[1]))
            child = 0
        else:
            os._exit(0)


def call(path: str) -> socket.socket:
    """A connection to T, for a process that others in the same /proc are kept from."""
    process_control(PR_SET_DUMPABLE, 0)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.connect(path)
    return control


def receive_settings(control: socket.socket) -> dict[str, Any]:
    """Settings come in a file of their own: they may be longer than a message. With them, perhaps, where to print."""
    _, (descriptor, *printing), _, _ = socket.recv_fds(control, 16, 2)
    for file in printing:
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.close(file)
    with os.fdopen(descriptor, "rb") as reader:
        reader.seek(0)
        settings: dict[str, Any] = json.loads(reader.read())
    return settings


def be_worker(
    control: socket.socket,
    descriptors: list[int],
    worker: Any,
    settings: dict[str, Any],
    filters: list[bytes],
) -> None:
    """In the child: take the channel, give up what only the zygote needs, and serve."""
    try:
        process_control(PR_SET_PDEATHSIG, signal.SIGKILL)
        input_file, output_file, bell_in, bell_out = descriptors
        received = mmap.mmap(input_file, settings["input_size"], mmap.MAP_SHARED, mmap.PROT_READ)
        output = mmap.mmap(output_file, settings["output_size"])
        os.close(input_file)
        os.close(output_file)
        limit_resources(settings["worker_limits"])
        for program in filters[1:]:
            filter_system_calls(program)
        os.write(control.fileno(), b"ready")  # `send` is refused by now
        control.close()
    except BaseException as error:
        os.write(control.fileno(), repr(error).encode()[:1000])
        os._exit(70)
    try:
        worker.redirect_prints(1, settings["output_room"])
        worker.serve(received, output, settings["data_start"], bell_in, bell_out)
    finally:
        os._exit(0)


# ----------------------------------------------------------------------------------------------------------
# The single worker


def single_worker() -> None:
    """Serve over standard input and output; the student's code gets standard error for both its streams."""
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (0, 1):
            msvcrt.setmode(descriptor, os.O_BINARY)
    settings = json.loads(io.FileIO(0, closefd=False).readline())
    bell_in, bell_out = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    limit_resources(settings["limits"])
    worker = import_worker(settings)
    with open(settings["input"], "rb") as file:
        received = mmap.mmap(file.fileno(), settings["input_size"], access=mmap.ACCESS_READ)
    with open(settings["output"], "r+b") as file:
        output = mmap.mmap(file.fileno(), settings["output_size"])
    limit_resources(settings["worker_limits"])
    os.write(bell_out, b"ready")
    worker.redirect_prints(2, settings["output_room"])
    worker.serve(received, output, settings["data_start"], bell_in, bell_out)


def main(arguments: list[str]) -> None:
    """Run in the form the arguments name."""
    sys.dont_write_bytecode = True
    if arguments[0] == "zygote":
        zygote(socket.socket(fileno=int(arguments[1])))
    elif arguments[0] == "zygote-at":
        zygote(call(arguments[1]))
    else:
        single_worker()


if __name__ == "__main__":
    main(sys.argv[1:])
