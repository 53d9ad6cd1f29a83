"""Files that no honest student hands in: sound ones changed, of every kind that intake reads."""

from __future__ import annotations

import copy
import gzip
import io
import json
import random
import tarfile
import time
import zipfile
from collections import Counter
from pathlib import Path

from graders.intake.submission import list_submissions, read_submission, submission_name
from graders.specs import find_unit

CORPUS = Path(__file__).with_name("corpus")
UNIT = "03-backprop"
NAME = "backprop.py"
LONGEST_SECONDS = 5.0
KINDS = (".py", ".ipynb", ".zip", ".tar", ".tar.gz", ".tgz")
TOKENS = (
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"# coding: utf-7\n",
        b"# -*- coding: latin-1 -*-\n",
        b"# coding: rot13\n",
    ),
    *(b"[" * 5000, b'{"cells":', b'"cell_type": "code"', b'"source": 3', b"null", b"1e999", b"-Infinity", b"\\ud800"),
    *(
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"PK\x05\x06",
        b"ustar\x00",
        b"\x1f\x8b\x08",
        b"\xff" * 8,
        b"../" * 50,
        b"\r",
        b"(",
    ),
)


def seeds() -> list[tuple[str, bytes]]:
    """Sound submissions of every kind, by suffix: those that are kept, and archives of them."""
    source = (CORPUS / "sound.py").read_bytes()
    notebook = (CORPUS / "sound.ipynb").read_bytes()
    found = [(".py", source), (".ipynb", notebook)]
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", kind) as archive:
            archive.writestr(f"folder/{NAME}", source)
            archive.writestr("notes.txt", b"hello")
        found.append((".zip", packed.getvalue()))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in ((f"folder/{NAME}", source), ("notes.txt", b"hello")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return [*found, (".tar", packed.getvalue()), (".tar.gz", gzip.compress(packed.getvalue(), 1))]


def changed(data: bytes, generator: random.Random) -> bytes:
    """The bytes with a few of them changed, cut, doubled, or put elsewhere."""
    changing = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 4, 16))):
        place = generator.randrange(len(changing) + 1)
        kind = generator.randrange(6)
        if kind == 0 and place < len(changing):
            changing[place] ^= 1 << generator.randrange(8)
        elif kind == 1:
            changing[place:place] = generator.choice(TOKENS)
        elif kind == 2:
            del changing[place : place + generator.randrange(1, 200)]
        elif kind == 3:
            changing[place:place] = changing[place : place + generator.randrange(1, 2000)]
        elif kind == 4:
            changing[place : place + 4] = generator.randbytes(4)
        else:
            del changing[generator.randrange(len(changing) + 1) :]
    return bytes(changing)


def changed_notebook(data: bytes, generator: random.Random) -> bytes:
    """A notebook that is JSON still, with some value of it replaced by another kind."""
    notebook = json.loads(data)
    values = (None, 0, -1.5, "x", [], {}, [None], {"cell_type": "code"}, True, "x" * 10_000, [[["deep"]]])
    for _ in range(generator.choice((1, 2, 4))):
        inside = notebook
        while isinstance(inside, dict | list) and inside:
            key = generator.choice(list(inside)) if isinstance(inside, dict) else generator.randrange(len(inside))
            if generator.random() < 0.4 or not isinstance(inside[key], dict | list):
                inside[key] = copy.deepcopy(generator.choice(values))
                break
            inside = inside[key]
    return json.dumps(notebook).encode()


def fuzz(count: int, seed: int, folder: Path) -> Counter[str]:
    """Read so many changed submissions; how many were read, by kind, and how many had a problem that is said."""
    generator, sound, unit = random.Random(seed), seeds(), find_unit(UNIT)
    ends: Counter[str] = Counter()
    for _ in range(count):
        suffix, data = generator.choice(sound)
        if suffix == ".ipynb" and generator.random() < 0.5:
            data = changed_notebook(data, generator)
        else:
            data = changed(data, generator)
        if generator.random() < 0.05:
            suffix = generator.choice(KINDS)
        path = folder / f"backprop{suffix}"
        path.write_bytes(data)
        started = time.perf_counter()
        submission = read_submission(path, unit)
        assert time.perf_counter() - started < LONGEST_SECONDS
        assert submission.problem or submission.pieces
        assert submission.name == submission_name(path) == "backprop"
        assert list_submissions(path, unit) == [path]
        assert "Traceback" not in submission.problem
        assert len(submission.problem) < 1000
        ends[f"{suffix} {'refused' if submission.problem else 'read'}"] += 1
        path.unlink()
    return ends
