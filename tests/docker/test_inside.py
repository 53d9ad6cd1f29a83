"""Inside one container only, as Gradescope and others have it: `docker run` without privileges, and no engine in there.

The container is the worker's image with our sources mounted into it, so that T's side is there without torch: what is
asked is what a worker of the backend `subprocess` can reach. The grader's image is asked in `make test-all`.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from graders.sandbox import docker
from graders.sandbox.place import USERS
from tests.conftest import whole_only
from tests.engine import run
from tests.sandbox.test_place import PROBE

ROOT = Path(__file__).parents[2]
HOME = "/backcheck"
ANSWERS = (
    *("/etc/passwd", "/etc/shadow", "/proc/1/environ", "/proc/1/maps"),
    *(f"{HOME}/reference/affine.py", f"{HOME}/graders/verdict.py", f"{HOME}/graders/specs/backprop.py", "/run/secret"),
)
LANDLOCK = "import ctypes; print(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))"
"""Prints the version that may be used, -1 where there is none, or the engine's profile refuses it."""


def inside(engine: Any, secret: Path, code: str, *arguments: str, user: str, **host: Any) -> str:
    """What Python prints in a container with our sources."""
    binds = {str(ROOT / name): {"bind": f"{HOME}/{name}", "mode": "ro"} for name in ("graders", "reference")}
    binds[str(secret)] = {"bind": "/run/secret", "mode": "ro"}
    packages = f"{HOME}:{docker.PACKAGES}"
    told, printed = run(
        engine, docker.find_image(engine), str(docker.PYTHON), "-c", code, *arguments,
        user=user, entrypoint=["/usr/bin/env", f"PYTHONPATH={packages}"], host={"binds": binds, **host},
    )  # fmt: skip
    assert told == 0, printed[-2000:]
    return printed


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that only its owner may read."""
    path = tmp_path / "secret"
    path.write_text("secret")
    path.chmod(0o600)
    return path


def probed(engine: Any, secret: Path, user: str, **host: Any) -> dict[str, Any]:
    """What a worker inside the container says it saw."""
    printed = inside(engine, secret, textwrap.dedent(PROBE), *ANSWERS, user=user, **host)
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


WITHOUT_LANDLOCK = json.dumps(
    {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {
                "names": ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "mount", "unshare"],
                "action": "SCMP_ACT_ERRNO",
            }
        ],
    }
)
"""A profile that lets no Landlock through, as those of older engines."""
LANDLOCK_TOO = pytest.param("", id="with the engine's own profile")
NO_LANDLOCK = pytest.param(f"seccomp={WITHOUT_LANDLOCK}", id="without Landlock", marks=whole_only)


@pytest.mark.parametrize("profile", [LANDLOCK_TOO, NO_LANDLOCK])
def test_root_in_a_plain_container_gives_workers_a_user_of_their_own_who_sees_nothing(engine, secret, profile):
    told = probed(engine, secret, "0:0", security_opt=[*filter(None, [profile])])
    user, group, *readable = told["seen"]
    assert told["isolated"]
    assert told["times"]
    assert user in USERS
    assert group == user
    assert not any(readable)
    assert told["forks"] == 0
    assert (told["skipped"], told["problem"]) == ([], "")
    if profile:
        assert "chroot" in told["description"]


@whole_only
@pytest.mark.parametrize("profile", [LANDLOCK_TOO, NO_LANDLOCK])
def test_without_any_right_landlock_isolates_and_where_it_is_refused_nothing_is_said_to(engine, secret, profile):
    host = {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges", *filter(None, [profile])]}
    landlock = int(inside(engine, secret, LANDLOCK, user="1000:1000", **host)) > 0
    assert not (profile and landlock)
    told = probed(engine, secret, "1000:1000", **host)
    assert told["isolated"] is landlock
    assert told["seen"][0] == 1000
    assert told["forks"] == 0
    if landlock:
        assert not any(told["seen"][2:])
    else:
        assert "practice only" in told["description"]
