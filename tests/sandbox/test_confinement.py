"""Where a backend says it isolates, student code reaches nothing but its own."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import graders
from graders.sandbox import Backend
from graders.sandbox.runtime import find_runtime

PROBES = """
    import ctypes, os, signal, sys
    import numpy as np

    def attempt(action):
        '''What came of it: a value's text, or the name of the exception.'''
        try:
            return [ord(letter) for letter in repr(action())[:200]]
        except BaseException as error:
            return [ord(letter) for letter in type(error).__name__]

    def read(path): return attempt(lambda: open("".join(map(chr, path)), "rb").read(16))
    def listing(path): return attempt(lambda: os.listdir("".join(map(chr, path))))
    def write(path): return attempt(lambda: open("".join(map(chr, path)), "wb").write(b"x"))
    def environment(): return attempt(lambda: dict(os.environ))
    def path(): return attempt(lambda: [name for name in sys.path if "site-packages" in name])
    def imported(name): return attempt(lambda: __import__("".join(map(chr, name))))
    def descriptors():
        def opened(number):
            try: os.fstat(number)
            except OSError: return False
            return True
        return attempt(lambda: [number for number in range(256) if opened(number)])

    def fork(): return attempt(os.fork)
    def thread():
        import threading
        return attempt(lambda: threading.Thread(target=int).start())
    def process():
        import subprocess
        return attempt(lambda: subprocess.run(["/bin/true"]))
    def execute(): return attempt(lambda: os.execv(sys.executable, [sys.executable]))
    def kill_parent(): return attempt(lambda: os.kill(os.getppid(), signal.SIGKILL))
    def kill_all(): return attempt(lambda: os.kill(-1, signal.SIGKILL))
    def inet():
        import socket
        return attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    def unix():
        import socket
        return attempt(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    def pair():
        import socket
        return attempt(socket.socketpair)
    def raise_limit():
        import resource
        return attempt(lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)))
    def memory_file(): return attempt(lambda: os.memfd_create("x"))
    def session(): return attempt(os.setsid)
    def capabilities():
        header, sets = ctypes.create_string_buffer(b"\\x22\\x05\\x08\\x20" + bytes(4)), ctypes.create_string_buffer(24)
        return attempt(lambda: ctypes.CDLL(None).capget(header, sets))

    libc = ctypes.CDLL(None, use_errno=True)
    def called(number, *arguments):
        result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
        return [result, ctypes.get_errno()]
    def system_calls(numbers): return [item for number in numbers for item in called(number, 0, 0, 0, 0, 0)]
"""


@pytest.fixture
def probe(isolated: Backend, steady, call):
    """`probe("read", "/etc/passwd")`: what the function says when called in the sandbox."""

    def run(name: str, text: str | None = None) -> str:
        arguments = [] if text is None else [tuple(map(ord, text))]
        reply = call(steady(isolated, PROBES, name), name, *arguments)
        assert reply.status == "completed", reply
        assert reply.calls[0].outcome == "returned", reply
        return "".join(chr(int(item.array)) for item in reply.calls[0].values[0].items)

    return run


REPOSITORY = Path(graders.__file__).parents[1]
SECRET_FILES = [
    "/etc/passwd",
    "/etc/shadow",
    "/etc/hostname",
    "/proc/self/environ",
    "/proc/self/mem",
    "/proc/self/maps",
    "/proc/1/environ",
    pytest.param(f"/proc/{os.getpid()}/environ", id="/proc/the-grader/environ"),
    pytest.param(f"/proc/{os.getpid()}/mem", id="/proc/the-grader/mem"),
    str(REPOSITORY / "pyproject.toml"),
    str(Path(graders.__file__)),
    str(Path(graders.__file__).with_name("verdict.py")),
    torch.__file__,
    pytest.__file__,
    __file__,
]


@pytest.mark.parametrize("path", SECRET_FILES)
def test_no_file_but_its_own_can_be_read(probe, path):
    assert Path(path).exists()
    assert probe("read", path) in ("PermissionError", "FileNotFoundError", "ProcessLookupError")


@pytest.mark.parametrize("path", ["/etc", "/home", "/tmp", "/proc", str(REPOSITORY), str(Path(torch.__file__).parent)])
def test_no_folder_can_be_listed(probe, path):
    assert probe("listing", path) in ("PermissionError", "FileNotFoundError")


def test_the_root_shows_nothing_but_the_way_to_its_own(probe):
    shown = probe("listing", "/")
    own = {path.parts[1] for path in (*find_runtime().readable, find_runtime().python)}
    assert shown == "PermissionError" or set(eval(shown)) <= {*own, "lib", "lib64", "dev"}


@pytest.mark.parametrize("package", ["numpy/../torch/__init__.py", "numpy/../hypothesis/__init__.py"])
def test_no_way_leads_from_numpy_to_its_neighbours(probe, package):
    path = Path(np.__file__).parents[1] / package
    assert path.exists()
    assert probe("read", str(path)) in ("PermissionError", "FileNotFoundError")


def test_numpy_and_the_standard_library_can_be_read(probe):
    assert probe("read", np.__file__).startswith("b'")
    assert probe("read", os.__file__).startswith("b'")


@pytest.mark.parametrize(
    "path",
    [
        "/tmp/not-there",
        "/dev/shm/x",
        "/x",
        "/var/tmp/x",
        np.__file__,
        os.__file__,
        str(REPOSITORY / "x"),
        "/proc/self/comm",
    ],
)
def test_nothing_can_be_written(probe, path):
    assert probe("write", path) in ("PermissionError", "FileNotFoundError", "OSError")


@pytest.mark.parametrize(
    "name",
    ["reference", "graders", "graders.sandbox", "tests", "torch", "hypothesis", "pytest", "scipy", "pip", "matplotlib"],
)
def test_nothing_of_ours_and_no_other_package_can_be_imported(probe, name):
    assert probe("imported", name) == "ModuleNotFoundError"


def test_the_environment_is_empty(probe):
    assert set(eval(probe("environment"))) <= {"LC_CTYPE", "PWD"}


def test_no_descriptors_are_open_but_the_standard_ones_and_the_channel(probe):
    # 0, 1, 2; two bells; Python keeps one descriptor for each of the two mappings
    assert len(eval(probe("descriptors"))) == 7


@pytest.mark.parametrize("name", ["fork", "process", "execute", "kill_parent", "kill_all", "inet", "unix", "pair"])
def test_processes_signals_and_sockets_are_refused(probe, name):
    assert probe(name) == "PermissionError"


@pytest.mark.parametrize("name", ["memory_file", "session", "raise_limit"])
def test_other_ways_out_are_refused(probe, name):
    assert probe(name) in ("PermissionError", "ValueError")


def test_threads_are_refused(probe):
    assert probe("thread") == "RuntimeError"


X86_NUMBERS = {
    "ptrace": 101,
    "process_vm_readv": 310,
    "io_uring_setup": 425,
    "clone": 56,
    "mount": 165,
    "unshare": 272,
    "bpf": 321,
    "keyctl": 250,
    "userfaultfd": 323,
    "perf_event_open": 298,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are x86_64's")
def test_raw_system_calls_are_refused_by_the_filter(isolated: Backend, steady, call):
    reply = call(steady(isolated, PROBES, "system_calls"), "system_calls", tuple(X86_NUMBERS.values()))
    items = [int(item.array) for item in reply.calls[0].values[0].items]
    assert items == [-1, 1] * len(X86_NUMBERS)  # EPERM


def test_a_listening_socket_of_ours_gets_no_visit(isolated: Backend, steady, call):
    source = """
        def f(port):
            import urllib.request
            urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=1)
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        outcome = call(steady(isolated, source, "f"), "f", server.getsockname()[1]).calls[0]
        assert outcome.outcome == "raised"
        with pytest.raises(TimeoutError):
            server.accept()


def test_an_isolated_worker_runs_as_long_as_it_has_no_children(isolated: Backend, submit, call):
    source = """
        import os, threading
        def bomb():
            refused = 0
            for _ in range(1000):
                try: os.fork()
                except OSError: refused += 1
                try: threading.Thread(target=bomb).start()
                except RuntimeError: refused += 1
            return refused
    """
    assert call(submit(isolated, source, "bomb"), "bomb").calls[0].values[0].array == 2000


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's own")
def test_both_kinds_isolate_on_linux(isolated: Backend):
    assert isolated.isolated
    assert isolated.description
