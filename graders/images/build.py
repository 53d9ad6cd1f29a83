"""Makes the images: the same context for the same inputs, and no network while they are built."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import graders
from graders import SUITE_VERSION
from graders.exploits.catalogue import folder as exploits_folder
from graders.i18n import _
from graders.images import ImageError, base, contents, recipes_folder, wheels
from graders.images.wheels import Read
from graders.sandbox import docker
from graders.sandbox.channel import SandboxFault
from graders.sandbox.runtime import LAUNCHER, WORKER
from graders.specs.unit import assignments_folder

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
OURS = ("graders", "reference")
HOME = str(docker.HOME).lstrip("/")
Told = Callable[[str], object]


@dataclass(frozen=True)
class Kind:
    """An image that can be made.

    trusted: it holds all of backcheck, not the worker alone. torch_index: the package index with its build of torch.
    cuda: that build is to be one for GPUs.
    """

    name: str
    trusted: bool = True
    torch_index: str = ""
    cuda: bool = False

    @property
    def tag(self) -> str:
        """What the engine calls it."""
        return f"backcheck-{self.name}"


KINDS = (
    Kind("worker", trusted=False),
    Kind("grader", torch_index="https://download.pytorch.org/whl/cpu"),
    Kind("grader-cuda", cuda=True),
)


@dataclass(frozen=True)
class Origin:
    """What images are made from.

    base: an image to build on; empty for the official Python image, or where no registry answers the offline one.
    wheelhouse: the folder wheels must come from; None to fetch them. keep: without this, layers are made anew.
    """

    base: str = ""
    offline_base: bool = False
    wheelhouse: Path | None = None
    keep: bool = True


@dataclass(frozen=True)
class Built:
    """An image that was made: its identity and size in bytes, its packages and files."""

    tag: str
    identity: str
    size: int
    base: str
    materials: dict[str, Any]
    files: list[contents.File]

    def save(self, folder: Path) -> list[Path]:
        """Write the bill of materials and the list of files; their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        materials, listing = folder / f"{self.tag}.cdx.json", folder / f"{self.tag}.files.txt"
        materials.write_text(json.dumps(self.materials, indent=1) + "\n", encoding="utf-8")
        listing.write_text("".join(f"{file}\n" for file in self.files), encoding="utf-8")
        return [materials, listing]


def build(kind: Kind, origin: Origin, tell: Told = lambda _text: None, tag: str = "") -> Built:
    """Make an image; ImageError when that fails. tag: what to call it, if not as usual."""
    import docker.errors as errors
    import requests

    try:
        client = docker.connect()
    except SandboxFault as fault:
        raise ImageError(str(fault)) from None
    try:
        chosen = choose_base(client, origin, tell)
        python, machine = _look_at(client, chosen)
        with tempfile.TemporaryDirectory(prefix="backcheck-wheels-") as folder:
            recipe = recipes_folder() / kind.name
            tell(_("wheels for Python {version} on {machine}").format(version=python, machine=machine))
            found = wheels.collect(
                recipe / "requirements.txt", Path(folder), python, machine, origin.wheelhouse, kind.torch_index
            )
            if kind.cuda and any("+cpu-" in wheel.name for wheel in found):
                raise ImageError(_("the torch that was found is one for the CPU; say --wheelhouse with one for CUDA"))
            tell(_("{name}, on {base}").format(name=kind.tag, base=chosen))
            identity = _build(client, kind, recipe, found, chosen, tag or kind.tag, origin.keep)
            with contents.exported(client, identity) as archive:
                materials = contents.bill_of_materials(tag or kind.tag, archive, found, chosen)
                listing = contents.files(archive)
        size = int(client.inspect_image(identity)["Size"])
        return Built(tag or kind.tag, identity, size, chosen, materials, listing)
    except (errors.DockerException, requests.RequestException) as error:
        words = getattr(error, "explanation", None) or error
        raise ImageError(_("the Docker Engine: {error}").format(error=str(words)[:500])) from error
    finally:
        client.close()


def choose_base(client: Any, origin: Origin, tell: Told) -> str:
    """The image to build on."""
    if origin.base:
        return origin.base
    if not origin.offline_base:
        try:
            return base.official(client)
        except ImageError as reason:
            tell(_("{reason}: going on with an offline base").format(reason=reason))
    return base.offline(client)


def _look_at(client: Any, name: str) -> tuple[str, str]:
    """The version of a base's Python, and its machine; it is fetched where it is not here."""
    if not client.images(name):
        client.pull(name)
    machine = client.inspect_image(name)["Architecture"]
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    container = client.create_container(name, ["python3", "-I", "-S", "-c", code], network_disabled=True)["Id"]
    try:
        client.start(container)
        if client.wait(container)["StatusCode"]:
            raise ImageError(_("{base} has no Python").format(base=name))
        return client.logs(container).decode().strip(), MACHINES.get(machine, machine)
    finally:
        client.remove_container(container, force=True)


def _build(client: Any, kind: Kind, recipe: Path, found: list[Path], chosen: str, tag: str, keep: bool) -> str:
    labels = {docker.LABEL: kind.name, "backcheck.version": SUITE_VERSION, "backcheck.base": chosen}
    if not kind.trusted:
        labels[docker.RUNTIME] = docker.runtime_hash()
    with tempfile.TemporaryFile() as file:
        with contextlib.ExitStack() as opened:
            archives = [opened.enter_context(zipfile.ZipFile(wheel)) for wheel in found]
            write_context(file, [("Dockerfile", (recipe / "Dockerfile").read_bytes), *_files(kind, archives)])
        file.seek(0)
        lines = client.build(
            fileobj=file,
            custom_context=True,
            tag=tag,
            buildargs={"BASE": chosen},
            labels=labels,
            network_mode="none",
            nocache=not keep,
            rm=True,
            forcerm=True,
            decode=True,
        )
        for line in lines:
            if "error" in line:
                raise ImageError(_("the image could not be built: {reason}").format(reason=line["error"]))
    return str(client.inspect_image(tag)["Id"])


def _files(kind: Kind, archives: list[zipfile.ZipFile]) -> Iterator[tuple[str, Read]]:
    """Path and content of what goes into the image."""
    for wheel in archives:
        for name, read in wheels.unpack(wheel):
            yield f"{HOME}/site/{name}", read
    if not kind.trusted:
        yield f"{HOME}/{LAUNCHER.name}", LAUNCHER.read_bytes
        yield f"{HOME}/{WORKER.name}", WORKER.read_bytes
        return
    package = Path(graders.__file__).parent
    for folder, name in ((package, "graders"), (package.with_name("reference"), "reference")):
        yield from _below(folder, f"{HOME}/site/{name}")
    if assignments_folder().parent != package:
        yield from _below(assignments_folder(), f"{HOME}/site/graders/assignments")
    if recipes_folder().parent != package:
        yield from _below(recipes_folder(), f"{HOME}/site/graders/docker")
    if package not in exploits_folder().parents:
        yield from _below(exploits_folder(), f"{HOME}/site/graders/exploits/files")


def _below(folder: Path, name: str) -> Iterator[tuple[str, Read]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes


def write_context(file: Any, members: list[tuple[str, Read]]) -> None:
    """An archive that depends on nothing but names and contents."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        known: set[str] = set()
        for name, read in sorted(members, key=lambda member: member[0]):
            content = read()
            for parent in reversed(Path(name).parents[:-1]):
                if str(parent) not in known:
                    known.add(str(parent))
                    folder = tarfile.TarInfo(str(parent))
                    folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                    archive.addfile(folder)
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))


def kinds(name: str) -> list[Kind]:
    """The kinds that a name on the command line stands for."""
    if name == "all":
        return list(KINDS)
    return [kind for kind in KINDS if kind.name == name]
