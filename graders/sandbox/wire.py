"""The wire's numbers: what T and a worker must agree on, and the one way in which a reply can be wrong.

They repeat those of `worker.py`, which imports nothing of ours; a test holds the two together.
"""

from __future__ import annotations

import struct
from typing import Final

from graders.sandbox.program import Kind, Outcome

BELL: Final = struct.Struct("<QQ")
PROGRESS: Final = struct.Struct("<QII")
RECORD: Final = struct.Struct("<QBBBBIQQ8q")
TABLE_START: Final = 64
MAX_TEXT: Final = 1000
TEXT_ROOM: Final = 1 << 16
MAX_RECORDS: Final = 4096
MAX_ITEMS: Final = 2048
MAX_DEPTH: Final = 3
MAX_SKIPPED: Final = 100
MAX_LINE: Final = 10_000_000
MAX_CODE: Final = 8 << 20
"""Bytes of a compiled submission that one worker hands to the next; with more, each compiles for itself."""

PROGRAM, CALL, VALUE, LOADED, NAME, SKIPPED = 1, 2, 3, 4, 5, 6
OUTCOMES: Final[tuple[Outcome, ...]] = (
    "returned",
    "raised",
    "not_implemented",
    "missing",
    "arity",
    "not_run",
)
KINDS: Final[tuple[Kind, ...]] = ("array", "float", "int", "bool", "none", "list", "other", "opaque")
DTYPES: Final = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
SCALARS: Final = {"float": "f8", "int": "i8", "bool": "?"}
ALIGNMENT: Final = 64
HEAD_ROOM: Final = 8 << 20
"""Kept free for a request's JSON."""

BATCH: Final = 16
"""Most programs a request."""
INPUT_SIZE: Final = 64 << 20
DATA_START: Final = TABLE_START + 2 * BATCH * MAX_RECORDS * RECORD.size
"""Where the table of records ends: twice what honest workers fill."""
OUTPUT_SIZE: Final = DATA_START + (72 << 20)


class Violation(Exception):
    """What a worker sent is not what the protocol lets it send."""
