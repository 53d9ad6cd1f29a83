"""Docker for tests: a reason to skip where no engine answers, a failure where one does and the image is not there."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from graders.sandbox.channel import SandboxFault
from graders.sandbox.docker import connect, find_image

LOG = Path(__file__).parents[1] / ".demo" / "image.log"
"""What `make engine` says while it makes the image."""
LAST = 1500
"""Characters of it that are shown."""
GONE_SECONDS = 15.0


@functools.cache
def missing() -> str:
    """Why no engine answers; empty where one does. That it has no image, or an old one, is no reason."""
    try:
        connect().close()
    except SandboxFault as fault:
        return f"no Docker Engine answers ({fault})"
    return ""


@functools.cache
def lacking() -> str:
    """What is wrong with the worker's image of the engine that answers; empty where it is as it should be."""
    try:
        with contextlib.closing(connect()) as client:
            find_image(client)
    except SandboxFault as fault:
        said = LOG.read_text("utf-8", "replace")[-LAST:] if LOG.is_file() else "`make engine` was not run here"
        return f"{fault}\n{said}"
    return ""


def require_engine() -> None:
    """Skip the test where no engine answers; fail it where the worker's image is not what it should be."""
    if reason := missing():
        pytest.skip(reason)
    if fault := lacking():
        pytest.fail(fault, pytrace=False)


def require_engine_for(sandbox: str) -> None:
    """The same for tests that are asked of every kind of sandbox."""
    if sandbox == "docker":
        require_engine()


def until(condition: Callable[[], object], seconds: float = GONE_SECONDS) -> bool:
    """Whether it comes true in time."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True


def over(process: psutil.Process) -> bool:
    """Whether a process has ended; it may have to wait for the machine's first process to take note."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def run(client: Any, image: str, *command: str, **config: Any) -> tuple[int, str]:
    """`docker run` without a network: the exit code, and what was printed to both streams.

    config: further settings of the container, `host` those of its host configuration.
    """
    host = client.create_host_config(**{"network_mode": "none", **config.pop("host", {})})
    container = client.create_container(image, list(command), host_config=host, **config)["Id"]
    try:
        client.start(container)
        code = client.wait(container)["StatusCode"]
        return int(code), client.logs(container).decode("utf-8", "replace")
    finally:
        client.remove_container(container, force=True)
