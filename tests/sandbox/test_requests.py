"""Requests say what programs say; the worker's numbers are those of the wire."""

from __future__ import annotations

import json

import numpy as np
import pytest

from graders.sandbox import requests, wire
from graders.sandbox.program import MAX_NDIM, Call, Program, Ref
from graders.sandbox.requests import Batched
from graders.worker import worker

SHARED = [
    "MAX_TEXT",
    "TEXT_ROOM",
    "MAX_RECORDS",
    "MAX_ITEMS",
    "MAX_DEPTH",
    "TABLE_START",
    "DTYPES",
    "PROGRAM",
    "CALL",
    "VALUE",
    "LOADED",
    "NAME",
    "SKIPPED",
]


@pytest.mark.parametrize("name", SHARED)
def test_the_worker_has_the_numbers_of_the_wire(name):
    assert getattr(worker, name) == getattr(wire, name)


@pytest.mark.parametrize("name", ["BELL", "PROGRESS", "RECORD"])
def test_the_worker_has_the_layouts_of_the_wire(name):
    assert getattr(worker, name).format == getattr(wire, name).format


def test_the_worker_has_the_codes_of_the_wire():
    assert [getattr(worker, name.upper()) for name in wire.OUTCOMES] == list(range(len(wire.OUTCOMES)))
    assert [getattr(worker, name.upper()) for name in wire.KINDS] == list(range(len(wire.KINDS)))
    assert worker.MAX_NDIM == MAX_NDIM == len(wire.RECORD.unpack(bytes(wire.RECORD.size))) - 8


def test_arrays_lie_apart_and_after_the_head():
    x, y = np.ones(3), np.ones((2, 2), np.float32)
    program = Program((Call("f", (x, [y, x, Ref(0, 1)])), Call("g", (), {"z": y})))
    request = requests.run_request([program, program])
    message = json.loads(request.head)
    assert message["base"] == request.base
    assert request.base >= len(request.head)
    assert request.body == x.tobytes() + bytes(64 - 24) + y.tobytes()
    assert message["programs"][1]["arrays"] == [[0, "f8", [3], "C"], [64, "f4", [2, 2], "C"]]
    assert message["programs"][0]["calls"][0]["args"][1] == {"list": [{"array": 1}, {"array": 0}, {"ref": [0, 1]}]}


@pytest.mark.parametrize(
    "array", [np.array([None]), np.ones(1, ">f8"), np.ones(1, np.longdouble), np.ones((1,) * 9), np.array(["a"])]
)
def test_arrays_that_no_worker_can_be_sent_are_refused(array):
    with pytest.raises(TypeError, match="no worker can be sent"):
        requests.run_request([Program((Call("f", (array,)),))])


def test_batches_keep_the_order_and_fit_the_memory():
    programs = [Program((Call("f", (n,)),), max_bytes=n << 20) for n in range(40)]
    cut = [batch.programs for batch in Batched(programs).batches]
    assert [program for batch in cut for program in batch] == programs
    assert all(len(batch) <= wire.BATCH for batch in cut)
    assert all(sum(map(requests.room, batch), requests.Room()).fits for batch in cut)


def test_a_program_larger_than_the_memory_is_our_mistake():
    with pytest.raises(ValueError, match="larger than the memory"):
        Batched([Program((Call("f"),), max_bytes=wire.OUTPUT_SIZE)])
