"""Replies that no honest worker sends: bytes of real replies changed, and what the decoder makes of them."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections import Counter
from pathlib import Path

import numpy as np

from graders.sandbox import wire
from graders.sandbox.channel import Log, believe
from graders.sandbox.decoder import Decoder
from graders.sandbox.program import Call, Piece, Program, Ref

CORPUS = Path(__file__).with_name("corpus") / "replies.json"
PIECES = (Piece("cell 1", "x"), Piece("cell 2", "y"))
NAMES = ("f", "g")
X = np.arange(6.0).reshape(2, 3)
PROGRAMS = (
    Program((Call("several", (X,), returns=2, opaque=frozenset({1})), Call("plain", (X,))), echo=True),
    Program((Call("nested", (X,)),)),
    Program((Call("strange", (X,)),)),
    Program((Call("raises", (X,)), Call("plain", (Ref(0),)))),
    Program((Call("plain", (X,), returns=3),)),
    Program((Call("missing"),)),
    Program((Call("lists", ([X, X + 1],)),), echo=True),
    Program((Call("empty", (X,)),), max_bytes=0),
)
SOURCE = """
import numpy as np
def several(x): return x * 2, (x, 3)
def plain(x): return np.float32(x.sum()) if isinstance(x, np.ndarray) else 1.5
def nested(x): return [x, [1, 2.5, True, None, [x.T]], (x > 1,)]
def strange(x): return {"a": object()}
def raises(x): raise ValueError("no " + "x" * 50)
def lists(xs): return [x.astype(">f4") for x in xs]
def empty(x): return np.zeros((0, 3), complex)
1 / 0
"""
LOADED = len(PROGRAMS)
"""Stands for the reply to loading, after those to the programs."""
EDGES = (0, 1, 2, 7, 8, 9, 255, 1 << 31, (1 << 32) - 1, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, wire.DATA_START)
FIELD_BYTES = (
    (0, 8),
    (8, 1),
    (9, 1),
    (10, 1),
    (11, 1),
    (12, 4),
    (16, 8),
    (24, 8),
    *((32 + 8 * n, 8) for n in range(8)),
)
LONGEST_DATA = 1 << 16


class Reply:
    """One sound reply of a real worker: its nonce, its table, and the beginning of its data."""

    def __init__(self, told: dict[str, object]) -> None:
        self.program = int(str(told["program"]))
        self.nonce = int(str(told["nonce"]))
        self.table = base64.b64decode(str(told["table"]))
        self.data = zlib.decompress(base64.b64decode(str(told["data"])))

    def copy(self, offset: int, length: int) -> bytearray:
        """What lies there; zeros behind what was kept."""
        assert offset >= wire.DATA_START
        assert 0 <= length <= wire.OUTPUT_SIZE - offset
        start = offset - wire.DATA_START
        found = bytearray(self.data[start : start + length])
        return found + bytes(length - len(found))


def corpus() -> list[Reply]:
    """The replies that were kept."""
    return [Reply(told) for told in json.loads(CORPUS.read_text("ascii"))]


def changed(reply: Reply, random: random.Random) -> bytes:
    """The reply's table with a few fields, bytes or records changed."""
    table = bytearray(reply.table)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        records = max(1, len(table) // wire.RECORD.size)
        start = random.randrange(records) * wire.RECORD.size
        kind = random.randrange(7)
        if kind <= 3:
            place, size = FIELD_BYTES[random.randrange(len(FIELD_BYTES))]
            value = random.choice(EDGES) if random.random() < 0.7 else random.getrandbits(64)
            table[start + place : start + place + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        elif kind == 4 and table:
            table[random.randrange(len(table))] ^= 1 << random.randrange(8)
        elif kind == 5:
            other = random.randrange(records) * wire.RECORD.size
            table[start:start] = table[other : other + wire.RECORD.size]
        else:
            del table[start : start + random.choice((1, wire.RECORD.size, 2 * wire.RECORD.size))]
    return bytes(table)


def decode(reply: Reply, table: bytes) -> str:
    """What the decoder says of it: "sound" or the reason of a Violation; anything else is an error of ours."""
    decoder = Decoder(reply.nonce, table, reply.copy)
    try:
        if reply.program == LOADED:
            decoder.loaded(PIECES, NAMES)
        else:
            decoder.program(PROGRAMS[reply.program], ["", "cell 1"])
        decoder.finish()
    except wire.Violation as violation:
        return str(violation)
    return "sound"


def fuzz(count: int, seed: int) -> Counter[str]:
    """Decode so many changed replies; how many ended in what."""
    generator, replies = random.Random(seed), corpus()
    ends: Counter[str] = Counter()
    for _ in range(count):
        reply = generator.choice(replies)
        ends[decode(reply, changed(reply, generator))] += 1
    return ends


def record() -> None:
    """Write the corpus anew, with what a real worker replies."""
    from graders.sandbox import open_backend, requests
    from graders.sandbox.program import Limits

    sandbox = open_backend("auto", Limits()).open(Log(0))
    channel = sandbox.start()
    told = []

    def keep(program: int, request: requests.Request) -> None:
        nonce = 0x1122334455667788 + program
        channel.memory.write(request)
        records = channel.ask(nonce, len(request.head), lambda: 10.0)
        table = bytes(channel.memory.copy(wire.TABLE_START, records * wire.RECORD.size))
        data = zlib.compress(bytes(channel.memory.copy(wire.DATA_START, LONGEST_DATA)), 9)
        texts = {"table": base64.b64encode(table).decode(), "data": base64.b64encode(data).decode()}
        told.append({"program": program, "nonce": nonce, **texts})

    keep(LOADED, requests.load_request([Piece("", SOURCE)], NAMES, []))
    for number, program in enumerate(PROGRAMS):
        keep(number, requests.run_request([program]))
    sandbox.close()
    CORPUS.write_text(json.dumps(told, indent=1) + "\n", encoding="ascii")


def bells(count: int, seed: int) -> int:
    """Offer so many bells, near ours and far from it; how many were believed, which only ours may be."""
    generator, believed = random.Random(seed), 0
    nonce = generator.getrandbits(64)
    for _ in range(count):
        bell = bytearray(wire.BELL.pack(nonce, generator.choice((0, 3, 1 << 20, 1 << 63))))
        for _ in range(generator.randrange(1, 4)):
            bell[generator.randrange(len(bell))] ^= 1 << generator.randrange(8)
        try:
            believed += believe(bytes(bell[: generator.randrange(18)]), nonce) >= 0
        except wire.Violation:
            continue
        assert bell[:8] == nonce.to_bytes(8, "little")
    return believed
