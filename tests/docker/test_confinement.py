"""In a container, student code reaches nothing but its own: the questions that the other sandboxes are asked."""

from __future__ import annotations

import pytest

from graders.sandbox import Backend, docker
from graders.sandbox.program import Call, Program
from tests.sandbox.test_confinement import (
    probe,
    test_a_listening_socket_of_ours_gets_no_visit,
    test_an_isolated_worker_runs_as_long_as_it_has_no_children,
    test_no_descriptors_are_open_but_the_standard_ones_and_the_channel,
    test_nothing_can_be_written,
    test_nothing_of_ours_and_no_other_package_can_be_imported,
    test_other_ways_out_are_refused,
    test_processes_signals_and_sockets_are_refused,
    test_raw_system_calls_are_refused_by_the_filter,
    test_the_environment_is_empty,
    test_threads_are_refused,
)
from tests.sandbox.test_misbehaviour import (
    test_junk_at_the_doorbell_is_a_violation,
)

from .conftest import LIMITS

__all__ = [
    "probe",
    "test_a_listening_socket_of_ours_gets_no_visit",
    "test_an_isolated_worker_runs_as_long_as_it_has_no_children",
    "test_junk_at_the_doorbell_is_a_violation",
    "test_no_descriptors_are_open_but_the_standard_ones_and_the_channel",
    "test_nothing_can_be_written",
    "test_nothing_of_ours_and_no_other_package_can_be_imported",
    "test_other_ways_out_are_refused",
    "test_processes_signals_and_sockets_are_refused",
    "test_raw_system_calls_are_refused_by_the_filter",
    "test_the_environment_is_empty",
    "test_threads_are_refused",
]


@pytest.mark.parametrize("path", ["/proc/1/environ", "/proc/1/mem", "/proc/1/maps"])
def test_the_zygote_cannot_be_looked_into(probe, path):
    assert probe("read", path) in ("PermissionError", "FileNotFoundError")


@pytest.mark.parametrize("path", ["/tmp", "/run/backcheck", "/dev/shm", "/root"])
def test_folders_that_could_hold_something_cannot_be_written(probe, path):
    assert probe("write", f"{path}/x") in ("PermissionError", "FileNotFoundError", "OSError")


def test_too_much_memory_is_refused_before_the_container_has_reached_its_limit(isolated: Backend, submit):
    source = """
        import numpy as np
        def f():
            kept = []
            while True: kept.append(np.ones(1 << 22))
    """
    session = submit(isolated, source, "f")
    (reply,) = session.run([Program((Call("f"),))], seconds=40.0)
    assert reply.calls[0].text.startswith(("MemoryError", "_ArrayMemoryError"))


WRITES = """
import os
made = []
for folder, names, _ in os.walk("/"):
    names[:] = [name for name in names if os.path.join(folder, name) not in ("/proc", "/sys")]
    try:
        os.close(os.open(os.path.join(folder, "x"), os.O_CREAT | os.O_WRONLY))
        made.append(folder)
    except OSError:
        pass
print(made, os.path.isdir("/opt/backcheck"))
"""


def test_nothing_can_be_written_even_where_the_kernel_has_no_landlock(engine, tmp_path):
    config = docker._config(docker.find_image(engine), LIMITS, tmp_path)
    config["Cmd"] = [str(docker.PYTHON), "-I", "-S", "-c", WRITES]
    config["HostConfig"] |= {"LogConfig": {"Type": "json-file", "Config": {}}, "AutoRemove": False}
    container = engine.create_container_from_config(config)["Id"]
    try:
        engine.start(container)
        engine.wait(container)
        assert engine.logs(container).decode() == "[] True\n"
    finally:
        docker.discard(engine, container)
