"""Files as hypothesis draws them, and shrinks the one that breaks a reader: each is a submission, or has a sentence."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from graders.intake.submission import Submission, notebook_submission, read_submission
from graders.specs import find_unit
from tests.conftest import WHOLE

UNIT = find_unit("03-backprop")
FILES = (
    "backprop.py",
    "backprop.ipynb",
    "notes.txt",
    "../backprop.py",
    "a/backprop.py",
    "backprop.py/",
    "",
    "\u202e.py",
)
KEYS = ("cells", "cell_type", "source", "metadata", "nbformat", "nbformat_minor", "outputs", "language_info", "name")
WORDS = ("code", "markdown", "raw", "python", "def affine(x): return x\n", "%matplotlib inline", "!ls", "\ud800", "\0")
many = settings(max_examples=10_000 if WHOLE else 150, deadline=None)

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WORDS)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=5),
    max_leaves=25,
)
cells = st.fixed_dictionaries({"cell_type": st.sampled_from(WORDS)}, optional={"source": values, "metadata": values})
notebooks = st.fixed_dictionaries({"cells": st.lists(cells | values, max_size=5)}, optional={"nbformat": values})
members = st.lists(st.tuples(st.sampled_from(FILES) | st.text(max_size=30), st.binary(max_size=200)), max_size=4)
edits = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6)


def zipped(files: list[tuple[str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that stand twice are meant
        for number, (name, data) in enumerate(files):
            archive.writestr(zipfile.ZipInfo(name or f"nameless {number}"), data)
    return packed.getvalue()


def tarred(files: list[tuple[str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def edited(data: bytes, changes: list[tuple[float, int]], kept: float) -> bytes:
    """Bytes put in other places' stead, and what is behind a point cut off."""
    changed = bytearray(data[: 1 + int(kept * len(data))])
    for where, byte in changes:
        changed[int(where * len(changed))] = byte
    return bytes(changed)


def read(name: str, data: bytes) -> Submission:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        return read_submission(path, UNIT)


@many
@given(notebooks | values)
@example({"cells": [{"cell_type": "code", "source": "x = 1"}], "nbformat": 4})
def test_any_notebook_is_read_or_refused(content: Any):
    data = json.dumps(content).encode("utf-8", "surrogatepass")
    found = notebook_submission("ada", data)
    assert not (found.problem and found.pieces)
    assert read("ada.ipynb", data).problem == found.problem


@many
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_whatever_they_are_called(data: bytes):
    for ending in (".py", ".ipynb", ".zip", ".tar", ".tar.gz"):
        assert not read("ada" + ending, data).fault


@many
@given(members, st.sampled_from([(".zip", zipped), (".tar.gz", tarred)]), edits, st.floats(0.2, 1.0))
def test_any_archive_is_read_or_refused(files: list[tuple[str, bytes]], kind: Any, changes: Any, kept: float):
    ending, pack = kind
    data = edited(pack([(name.replace("\0", ""), data) for name, data in files]), changes, kept)
    found = read("ada" + ending, data)
    assert not found.fault
    assert found.problem or found.pieces
    assert found.fingerprint
