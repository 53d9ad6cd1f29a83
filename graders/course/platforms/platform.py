"""What all platforms have in common: an order becomes archives, an outcome becomes what the platform reads."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from graders import SUITE_VERSION
from graders.course import lock
from graders.course.handout import handout_text
from graders.course.platforms.archive import Archive, Member
from graders.course.platforms.outcome import Outcome
from graders.course.platforms.wheel import suite_wheel, wheel_name
from graders.course.stub import stub_source
from graders.images import recipes_folder
from graders.policy import Table, changed
from graders.secrets import Secret
from graders.specs import find_unit
from graders.specs.unit import Unit

SETTINGS, SECRET = "pack.json", "secret"
EXECUTABLE, PRIVATE = 0o755, 0o600
SCHEMAS = Path(__file__).with_name("schemas")


@dataclass(frozen=True)
class Order:
    """What is to be packed.

    units: as the course wants them. secret: the course's; without one, cases are the public ones. wheels: of a
    wheelhouse, to go along. rules: the course's own, in Markdown, for the handouts.
    """

    platform: str
    units: tuple[Unit, ...]
    secret: Secret | None
    language: str = "en"
    throughput: bool = True
    wheels: tuple[Path, ...] = ()
    rules: str = ""


@dataclass(frozen=True)
class Delivery:
    """Where a platform looks: a file, what is printed, and a page if it has a place for one."""

    out: Path | None
    summary: Path | None
    say: Callable[[str], object]


@dataclass(frozen=True)
class Platform:
    """One platform.

    pack: its archives. deliver: hand it an outcome. give_up: tell it that the grader failed, so that nobody has a
    zero for that; both return the exit code. needs_secret: students cannot reach where the archive lies.
    """

    name: str
    pack: Callable[[Order], Iterable[Archive]]
    deliver: Callable[[Outcome, Delivery], int]
    give_up: Callable[[Unit, str, Delivery], int]
    needs_secret: bool = True


def settings(order: Order, unit: Unit, folder: str = "") -> Iterator[Member]:
    """What is to be graded, and the secret that the cases follow from."""
    told = {
        "platform": order.platform,
        "unit": unit.name,
        "language": order.language,
        "throughput": order.throughput,
        "suite": SUITE_VERSION,
        "policy": unit.policy.to_json(),
    }
    yield Member(folder + SETTINGS, json.dumps(told, indent=1).encode() + b"\n")
    if order.secret:
        yield Member(folder + SECRET, order.secret.key, PRIVATE)


def packed_unit(told: Mapping[str, Any]) -> Unit:
    """The unit with the policy that it was packed with, from what `settings` has written.

    KeyError where there is no policy: grading by another one would be a wrong grade that nobody notices.
    """
    unit = find_unit(told["unit"])
    return unit.under(changed(unit.policy, Table(SETTINGS, told["policy"], "policy")))


def handed_out(order: Order, unit: Unit, folder: str = "") -> Iterator[Member]:
    """What students start from, with the lock where `check` looks for it: beside the stub."""
    yield Member(folder + unit.file, stub_source(unit, order.language).encode())
    yield Member(folder + "handout.md", handout_text(unit, order.language, order.rules).encode())
    yield Member(folder + lock.NAME, lock.dumps(unit).encode())


def suite(order: Order, folder: str = "") -> Iterator[Member]:
    """The suite as a wheel, what it needs, and the scripts that install it and run it."""
    yield Member(f"{folder}wheels/{wheel_name()}", suite_wheel())
    yield from libraries(order, folder)
    yield Member(folder + "grade.sh", script("grade.sh.j2"), EXECUTABLE)


def libraries(order: Order, folder: str = "") -> Iterator[Member]:
    """What installs the libraries: their list, a script, and their wheels where a wheelhouse was given."""
    yield Member(folder + "requirements.txt", (recipes_folder() / "grader" / "requirements.txt").read_bytes())
    for wheel in order.wheels:
        yield Member(f"{folder}wheels/{wheel.name}", wheel.read_bytes())
    yield Member(folder + "install.sh", script("install.sh.j2"), EXECUTABLE)


def image(order: Order, base: str, folder: str) -> Iterator[Member]:
    """A recipe for an image with the libraries, which is made once and serves all units."""
    yield Member(folder + "Dockerfile", script("Dockerfile.j2", base=base))
    yield from libraries(order, folder)


def script(template: str, **values: Any) -> bytes:
    """A text made from a template."""
    return _environment().get_template(template).render(**values).encode()


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        variable_start_string="[[",  # what others write with braces stays as it is
        variable_end_string="]]",
        autoescape=False,  # scripts, no pages
    )


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of something a platform reads: "gradescope", "autolab", ..."""
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def dumped(value: Any, *, indent: int | None = 1) -> str:
    """JSON that every reader takes: no numbers that are none."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
