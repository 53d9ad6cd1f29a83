"""The worker's image holds Debian, Python, NumPy and two files of ours: no answer, and the same files every time."""

from __future__ import annotations

import ast
import functools
import io
import json
import tarfile
import types
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import graders
from graders.images import ImageError, base, contents, recipes_folder, wheels
from graders.images.build import KINDS, Origin, build, choose_base, write_context
from graders.sandbox import docker
from tests.engine import require_engine

ROOT = Path(graders.__file__).parents[1]
WORKER = KINDS[0]
LARGEST = 250e6
LONG_ENOUGH = 32
"""Characters of a line that says something."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    """All files of the worker's image, as an archive."""
    require_engine()
    client = docker.connect()
    path: Path = tmp_path_factory.mktemp("image") / "worker.tar"
    container = client.create_container(docker.find_image(client), ["true"])["Id"]
    try:
        with path.open("wb") as file:
            file.writelines(client.export(container))
    finally:
        docker.discard(client, container)
        client.close()
    return path


@pytest.fixture
def archive(exported: Path) -> Iterator[tarfile.TarFile]:
    with tarfile.open(exported) as opened:
        yield opened


def bodies(path: Path) -> Iterator[str]:
    """The lines of the functions in a file, without their docstrings."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            for statement in node.body:
                if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
                    yield from (line.strip() for line in lines[statement.lineno - 1 : statement.end_lineno])


def test_no_answer_is_in_the_workers_image(archive: tarfile.TarFile):
    ours = [
        path for folder in ("reference", "graders/specs", "graders/wheats") for path in (ROOT / folder).rglob("*.py")
    ]
    answers = {line for path in ours for line in bodies(path) if len(line) >= LONG_ENOUGH}
    assert len(answers) > 1000
    found = {}
    for entry in archive:
        if entry.isfile() and entry.name.endswith((".py", ".pyi", ".txt", ".md", ".json", ".toml", ".ipynb")):
            content = archive.extractfile(entry)
            assert content is not None
            if same := answers & {line.strip() for line in content.read().decode("utf-8", "replace").splitlines()}:
                found[entry.name] = same
    # what numerical code has in common everywhere: many files of NumPy, one line each
    assert not {name: same for name, same in found.items() if len(same) > 1 or not name.startswith(("opt/backcheck/site/numpy", "usr/lib/python3", "usr/local/lib/python3"))}  # fmt: skip


def test_nothing_of_ours_is_in_it_but_the_launcher_and_the_worker(archive: tarfile.TarFile):
    names = [entry.name for entry in archive]
    home = {name.split("/")[2] for name in names if name.startswith("opt/backcheck/") and name.count("/") >= 2}
    assert home - {""} == {"launcher.py", "worker.py", "python", "site", "__pycache__"}
    site = {name.split("/")[3] for name in names if name.startswith("opt/backcheck/site/") and name.count("/") >= 3}
    assert {name.partition("-")[0].partition(".")[0] for name in site - {""}} == {"numpy"}
    parts = {part.partition(".")[0] for name in names for part in name.split("/")}
    assert not parts & {
        "torch",
        "hypothesis",
        "graders",
        "reference",
        "scipy",
        "sympy",
        "jax",
        "autograd",
        "pip",
        "pytest",
    }


def test_nothing_in_it_gives_rights_and_all_bytecode_is_taken_as_it_is(archive: tarfile.TarFile):
    compiled = 0
    for entry in archive:
        assert not (entry.isfile() and entry.mode & 0o6000), entry.name
        if entry.isfile() and entry.name.endswith(".pyc"):
            content = archive.extractfile(entry)
            assert content is not None
            assert content.read(8)[4:] == b"\1\0\0\0", entry.name  # by hash, unchecked
            compiled += 1
    assert compiled > 500


def test_it_is_small(engine):
    assert engine.inspect_image(docker.find_image(engine))["Size"] < LARGEST


def test_its_packages_are_named(archive: tarfile.TarFile, tmp_path):
    wheel = tmp_path / "numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl"
    wheel.write_bytes(b"x")
    materials = contents.bill_of_materials("backcheck-worker", archive, [wheel], "a base")
    names = {component["name"] for component in materials["components"]}
    assert {"libc6", "numpy"} <= names
    assert materials["bomFormat"] == "CycloneDX"
    references = [component["bom-ref"] for component in materials["components"]]
    assert len(set(references)) == len(references)
    assert all(component["version"] and component["purl"].startswith("pkg:") for component in materials["components"])


def test_the_same_inputs_give_the_same_files(engine, exported: Path, archive: tarfile.TarFile, tmp_path):
    made_on = engine.inspect_image(docker.find_image(engine))["Config"]["Labels"]["backcheck.base"]
    tag = "backcheck-worker-again"
    try:
        again = build(WORKER, Origin(base=made_on, keep=False), tag=tag)
    except ImageError as error:
        if "wheels" in str(error):
            pytest.skip(str(error))
        raise
    else:
        engine.remove_image(tag, force=True)
    assert [str(file) for file in again.files] == [str(file) for file in contents.files(archive)]
    listing, materials = sorted(again.save(tmp_path))[1], sorted(again.save(tmp_path))[0]
    assert json.loads(materials.read_text())["metadata"]["component"]["name"] == tag
    assert listing.read_text().count("\n") == len(again.files)


# --- without an engine ---


def test_a_context_depends_on_names_and_contents_only():
    contents = {"opt/b/x.py": b"1", "Dockerfile": b"FROM x", "opt/a": b"2"}
    members = [(name, functools.partial(bytes, content)) for name, content in contents.items()]
    made = []
    for order in (members, members[::-1]):
        file = io.BytesIO()
        write_context(file, list(order))
        made.append(file.getvalue())
    assert made[0] == made[1]
    with tarfile.open(fileobj=io.BytesIO(made[0])) as found:
        assert found.getnames() == ["Dockerfile", "opt", "opt/a", "opt/b", "opt/b/x.py"]
        assert {entry.mtime for entry in found} == {0}


def test_what_can_be_imported_comes_out_of_a_wheel(tmp_path):
    wheel = tmp_path / "one-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        for name in ("one/__init__.py", "one/tests/test.py", "one-1.data/purelib/two.py", "one-1.data/scripts/three"):
            file.writestr(name, name)
    with zipfile.ZipFile(wheel) as archive:
        found = {path: read() for path, read in wheels.unpack(archive)}
    assert found == {"one/__init__.py": b"one/__init__.py", "two.py": b"one-1.data/purelib/two.py"}


def test_a_wheelhouse_without_the_wheels_is_an_error_that_names_them(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("backcheck-no-such-package==1\n")
    with pytest.raises(ImageError, match="backcheck-no-such-package"):
        wheels.collect(requirements, tmp_path / "to", "3.11", "x86_64", tmp_path)


class Registry:
    """An engine that knows the digest of one image."""

    def inspect_distribution(self, name: str) -> dict:
        return {"Descriptor": {"digest": "sha256:" + "0" * 64}} if name == base.OFFICIAL else {}


class NoRegistry:
    """An engine whose registry is out of reach, with an offline base made before."""

    def inspect_distribution(self, _name: str) -> dict:
        import requests

        raise requests.ConnectionError("no such host")

    def images(self, _name: str) -> list:
        return [{}]


def test_the_official_base_is_taken_by_digest():
    assert choose_base(Registry(), Origin(), print) == "python@sha256:" + "0" * 64
    assert choose_base(Registry(), Origin(base="mine:1"), print) == "mine:1"


def test_without_a_registry_the_base_is_made_here_and_that_is_said():
    told: list[str] = []
    assert choose_base(NoRegistry(), Origin(), told.append).startswith(f"{base.NAME}:")
    assert "no such host" in told[0]
    assert choose_base(NoRegistry(), Origin(offline_base=True), print).startswith(f"{base.NAME}:")


def test_every_kind_has_its_recipe_and_takes_one_numpy():
    pinned = set()
    for kind in KINDS:
        recipe = recipes_folder() / kind.name
        assert "ARG BASE" in (recipe / "Dockerfile").read_text()
        pinned |= {line for line in (recipe / "requirements.txt").read_text().splitlines() if line.startswith("numpy")}
    assert len(pinned) == 1


def test_an_image_for_gpus_is_not_made_of_a_torch_that_knows_none(monkeypatch):
    wheel = Path("torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl")
    monkeypatch.setattr(docker, "connect", lambda: types.SimpleNamespace(close=lambda: None))
    monkeypatch.setattr("graders.images.build._look_at", lambda _client, _base: ("3.11", "x86_64"))
    monkeypatch.setattr(wheels, "collect", lambda *_arguments: [wheel])
    with pytest.raises(ImageError, match="for the CPU; say --wheelhouse"):
        build(KINDS[2], Origin(base="x"))


def test_a_wheelhouse_is_the_only_place_that_is_looked_at(monkeypatch, tmp_path):
    elsewhere, requirements = tmp_path / "elsewhere", tmp_path / "requirements.txt"
    elsewhere.mkdir()
    with zipfile.ZipFile(elsewhere / "backcheck_one-1-py3-none-any.whl", "w") as file:
        file.writestr("backcheck_one-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: backcheck-one\nVersion: 1\n")
        file.writestr(
            "backcheck_one-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr("backcheck_one-1.dist-info/RECORD", "")
    requirements.write_text("backcheck-one==1\n")
    monkeypatch.setenv("PIP_FIND_LINKS", str(elsewhere))
    with pytest.raises(ImageError, match="backcheck-one"):
        wheels.collect(requirements, tmp_path / "to", "3.11", "x86_64", tmp_path)
    assert len(wheels.collect(requirements, tmp_path / "to", "3.11", "x86_64", elsewhere)) == 1


def test_the_index_of_torch_is_asked_for_torch_alone(monkeypatch, tmp_path):
    asked: list[list[str]] = []
    monkeypatch.setattr(wheels, "_download", lambda options, only_here=False: asked.append(options))
    requirements = recipes_folder() / "grader" / "requirements.txt"
    wheels.collect(requirements, tmp_path, "3.11", "x86_64", None, "https://torch.example")
    first, second = asked
    assert first[-2] == "https://torch.example"
    assert first[-1].startswith("torch==")
    assert "--no-deps" in first
    assert "https://torch.example" not in second
    assert second[second.index("--find-links") + 1] == str(tmp_path)
    asked.clear()
    wheels.collect(requirements, tmp_path, "3.11", "x86_64", tmp_path, "https://torch.example")
    assert [options[options.index("--no-index") + 2] for options in asked] == [str(tmp_path)]
