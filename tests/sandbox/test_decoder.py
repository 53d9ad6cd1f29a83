"""The decoder believes nothing: any bytes end in replies of the right form, or in a Violation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graders.sandbox import wire
from graders.sandbox.channel import believe
from graders.sandbox.decoder import Decoder, located, printable, skipped_at
from graders.sandbox.program import Call, Piece, Program, Reply, Skipped

NONCE = 0x1122334455667788
ONE_ARRAY = Program((Call("f"),), max_bytes=4096)
PIECES = (Piece("cell 1", "x"), Piece("cell 2", "y"))


def record(tag, code=0, dtype=0, flags=0, count=0, offset=wire.DATA_START, length=0, dims=(), nonce=NONCE):
    dims = (*dims, *(0,) * (8 - len(dims)))
    return wire.RECORD.pack(nonce, tag, code, dtype, flags, count, offset, length, *dims)


def ones(offset: int, length: int) -> bytearray:
    """A `copy` that checks what is asked of it."""
    assert offset >= wire.DATA_START
    assert length >= 0
    assert offset + length <= wire.OUTPUT_SIZE
    return bytearray(b"\1" * length)


def decode(program: Program, *records: bytes) -> Reply:
    decoder = Decoder(NONCE, b"".join(records), ones)
    reply = decoder.program(program, ["", "cell 1"])
    decoder.finish()
    return reply


HEAD = record(wire.PROGRAM)
RETURNED = record(wire.CALL, count=1)
F8 = wire.DTYPES.index("f8")


def array(**fields) -> bytes:
    return record(wire.VALUE, **{"dtype": F8, "count": 2, "dims": (2, 3), **fields})


def test_an_honest_array_is_decoded():
    value = decode(ONE_ARRAY, HEAD, RETURNED, array()).calls[0].values[0]
    assert value.array.shape == (2, 3)
    assert value.array.tobytes() == b"\1" * 48
    assert value.array.flags.writeable


def test_any_byte_of_a_boolean_is_true_or_false():
    values = decode(ONE_ARRAY, HEAD, RETURNED, array(dtype=0)).calls[0].values
    assert values[0].array.dtype == bool
    decoder = Decoder(
        NONCE, b"".join([HEAD, RETURNED, array(dtype=0)]), lambda _offset, size: bytearray(b"\2\0" * (size // 2))
    )
    (call,) = decoder.program(ONE_ARRAY, []).calls
    assert call.values[0].array.view("u1").ravel().tolist() == [1, 0, 1, 0, 1, 0]


@pytest.mark.parametrize(
    "forged",
    [
        {"dims": (-1, 3)},
        {"dims": (-2, -3)},
        {"dims": (1 << 32, 1 << 32)},
        {"dims": (1 << 61, 1)},
        {"dims": (513, 1)},
        {"dims": (0, 1 << 40)},
        {"count": 8, "dims": (0, *(wire.OUTPUT_SIZE,) * 7)},
        {"count": 9},
        {"count": (1 << 32) - 1},
        {"dtype": len(wire.DTYPES)},
        {"dtype": 255},
        {"code": len(wire.KINDS)},
        {"code": 255},
        {"code": wire.KINDS.index("opaque")},
        {"code": wire.KINDS.index("float")},
        {"code": wire.KINDS.index("int"), "count": 0},
        {"code": wire.KINDS.index("list"), "count": wire.MAX_ITEMS + 1},
        {"code": wire.KINDS.index("list"), "count": 1},
        {"code": wire.KINDS.index("other"), "length": wire.MAX_TEXT + 1},
        {"code": wire.KINDS.index("other"), "length": 1, "offset": wire.OUTPUT_SIZE},
        {"offset": wire.DATA_START - 1},
        {"offset": 0},
        {"offset": wire.OUTPUT_SIZE - 47},
        {"offset": (1 << 64) - 1},
        {"nonce": NONCE + 1},
        {"tag": wire.CALL},
        {"tag": 0},
    ],
)
def test_forged_values_are_violations(forged):
    fields = {"tag": wire.VALUE, "dtype": F8, "count": 2, "dims": (2, 3), **forged}
    with pytest.raises(wire.Violation):
        decode(ONE_ARRAY, HEAD, RETURNED, record(**fields))


@pytest.mark.parametrize(
    "records",
    [
        (),
        (HEAD,),
        (HEAD, RETURNED),
        (HEAD, RETURNED, array()[:-1]),
        (HEAD, RETURNED, array(), array()),
        (HEAD, RETURNED, array(), b"x"),
        (record(wire.PROGRAM, code=2),),
        (HEAD, record(wire.CALL, code=6)),
        (HEAD, record(wire.CALL, code=wire.OUTCOMES.index("not_run"))),
        (HEAD, record(wire.CALL, count=2), array(), array()),
        (HEAD, record(wire.CALL, count=0)),
        (HEAD, record(wire.CALL, code=wire.OUTCOMES.index("arity"), count=9), *[array()] * 9),
        (HEAD, record(wire.CALL, code=wire.OUTCOMES.index("raised"), length=5000)),
    ],
)
def test_records_out_of_place_are_violations(records):
    with pytest.raises(wire.Violation):
        decode(ONE_ARRAY, *records)


def test_a_program_goes_on_after_a_return_only():
    two = Program((Call("f"), Call("g")))
    raised = record(wire.CALL, code=wire.OUTCOMES.index("raised"), length=3)
    not_run = record(wire.CALL, code=wire.OUTCOMES.index("not_run"))
    assert [call.outcome for call in decode(two, HEAD, raised, not_run).calls] == ["raised", "not_run"]
    for wrong in ((raised, RETURNED, array()), (RETURNED, array(), not_run)):
        with pytest.raises(wire.Violation):
            decode(two, HEAD, *wrong)


def test_values_that_fit_one_by_one_but_not_together_are_a_violation():
    program = Program((Call("f", returns=3),), max_bytes=100)
    with pytest.raises(wire.Violation):
        decode(program, HEAD, record(wire.CALL, count=3), array(), array(), array())


def test_opaque_values_do_not_travel():
    program = Program((Call("f", returns=2, opaque=frozenset({1})),))
    with pytest.raises(wire.Violation):
        decode(program, HEAD, record(wire.CALL, count=2), array(), array())


def test_an_echo_may_be_anything_but_no_larger_than_what_was_sent():
    x = np.ones((2, 3))
    program = Program((Call("f", (x,)),), echo=True)
    none = record(wire.VALUE, code=wire.KINDS.index("none"))
    assert decode(program, HEAD, RETURNED, none, array()).echoes[0].shape == (2, 3)
    assert decode(program, HEAD, RETURNED, none, none).echoes == (None,)
    with pytest.raises(wire.Violation):
        decode(program, HEAD, RETURNED, none, array(dims=(2, 4)))


nearly = st.one_of(
    st.builds(
        record,
        tag=st.integers(1, 6),
        code=st.integers(0, 8),
        dtype=st.integers(0, 15),
        flags=st.integers(0, 255),
        count=st.integers(0, 9) | st.integers(0, (1 << 32) - 1),
        offset=st.just(wire.DATA_START) | st.integers(0, (1 << 64) - 1),
        length=st.integers(0, 2000) | st.integers(0, (1 << 64) - 1),
        dims=st.lists(st.integers(-2, 9) | st.integers(-(1 << 63), (1 << 63) - 1), max_size=8).map(tuple),
    ),
    st.just(HEAD),
    st.just(RETURNED),
    st.builds(array),
    st.binary(min_size=wire.RECORD.size, max_size=wire.RECORD.size),
)
PROGRAMS = [
    ONE_ARRAY,
    Program((Call("f", (np.ones(3),), returns=2, opaque=frozenset({1})), Call("g")), echo=True),
    Program((Call("f", returns=3),), max_bytes=0),
]


@settings(max_examples=400, deadline=None)
@given(records=st.lists(nearly, max_size=12), program=st.sampled_from(PROGRAMS))
@example(records=[HEAD, RETURNED, array()], program=ONE_ARRAY)
def test_any_records_end_in_a_sound_reply_or_a_violation(records, program):
    decoder = Decoder(NONCE, b"".join(records), ones)
    try:
        reply = decoder.program(program, ["", "cell 1"])
    except wire.Violation:
        return
    assert reply.status in ("completed", "too_large")
    arrays = [value.array for call in reply.calls for value in call.values if value.array is not None]
    assert sum(item.nbytes for item in arrays) <= program.max_bytes
    assert len(reply.calls) in (0, len(program.calls))


@settings(max_examples=300, deadline=None)
@given(records=st.lists(nearly, max_size=6), head=st.integers(0, 3))
def test_any_records_end_in_a_sound_account_of_loading_or_a_violation(records, head):
    table = [record(wire.LOADED, count=head), record(wire.NAME, code=1, dims=(2,)), *records]
    decoder = Decoder(NONCE, b"".join(table), ones)
    try:
        loaded = decoder.loaded(PIECES, ["f"])
    except wire.Violation:
        return
    assert set(loaded.functions) <= {"f"}
    assert all(skipped.label in ("", "cell 1", "cell 2") for skipped in loaded.skipped)
    assert all(0 <= skipped.line <= wire.MAX_LINE for skipped in loaded.skipped)


@settings(deadline=None)
@given(bell=st.binary(max_size=20) | st.just(wire.BELL.pack(NONCE, 1 << 40)))
def test_no_bell_but_ours_is_believed(bell):
    with pytest.raises(wire.Violation):
        believe(bell, NONCE)


def test_our_bell_is_believed():
    assert believe(wire.BELL.pack(NONCE, 3), NONCE) == 3


def test_text_is_printable_and_places_are_within_the_submission():
    assert printable("a\x1b[31m\x00b\nc\u202e") == "a [31m b\nc "
    assert located("E", ["", "cell 1"], 0, 3) == "E (line 3)"
    assert located("E", ["", "cell 1"], 1, 3) == "E (cell 1, line 3)"
    for piece, line in ((2, 3), (-1, 3), (0, 0), (0, -5), (0, 1 << 60)):
        assert located("E", ["", "cell 1"], piece, line) == "E"
    assert skipped_at(PIECES, 9, 1 << 40, "r") == Skipped("", 0, "r")
