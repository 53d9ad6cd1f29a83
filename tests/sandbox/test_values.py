"""What a function returns arrives as it is, or by the name of what it is."""

from __future__ import annotations

import numpy as np
import pytest

from graders.sandbox import Backend
from graders.sandbox.program import Buffer, Call, Piece, Program, Ref, Seed, Value
from graders.sandbox.session import Session

RETURNS = """
    import numpy as np
    from collections import namedtuple

    class Mine(np.ndarray):
        pass

    class Lazy:
        def __array__(self, *args, **kwargs):
            raise SystemExit

    class Pretender:
        @property
        def __class__(self):
            return np.ndarray

    THINGS = {
        "mine": np.ones(2).view(Mine),
        "matrix": np.matrix([[1.0, 2.0]]),
        "half": np.float16([0.5]),
        "complex": np.array([1j]),
        "bools": np.array([True, False]),
        "big endian": np.array([1.0, 2.0], ">f8"),
        "reversed": np.arange(6.0).reshape(2, 3)[::-1, ::-1],
        "zero size": np.empty((0, 3)),
        "nan": np.array([np.nan, np.inf, -0.0]),
        "numpy scalar": np.float32(0.25),
        "float": 0.1,
        "int": -7,
        "bool": True,
        "none": None,
        "list": [1, 2.5, np.ones(2)],
        "tuple": (np.zeros(1),),
        "huge int": 1 << 70,
        "complex number": 1j,
        "text": "0.5",
        "dict": {},
        "lazy": Lazy(),
        "pretender": Pretender(),
        "masked": np.ma.masked_array([1.0], [True]),
        "objects": np.array([None, 1]),
        "ragged": [[1.0], [1.0, 2.0]],
        "structured": np.zeros(1, "f8,i4"),
        "long double": np.zeros(1, np.longdouble),
        "dates": np.zeros(1, "M8[s]"),
        "deep": [[[[[1.0]]]]],
        "many": [0.0] * 5000,
    }

    def get(name):
        return THINGS[name]
"""


def returned(reply) -> Value:
    assert reply.status == "completed", reply
    assert reply.calls[0].outcome == "returned", reply
    return reply.calls[0].values[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mine", np.ones(2)),
        ("matrix", np.array([[1.0, 2.0]])),
        ("half", np.float16([0.5])),
        ("complex", np.array([1j])),
        ("bools", np.array([True, False])),
        ("reversed", np.arange(6.0)[::-1].reshape(2, 3)),
        ("zero size", np.empty((0, 3))),
        ("nan", np.array([np.nan, np.inf, -0.0])),
        ("numpy scalar", np.array(0.25, np.float32)),
    ],
)
def test_numpy_values_arrive_with_dtype_shape_and_bits(backend: Backend, steady, call, name, expected):
    value = returned(call(steady(backend, RETURNS, "get"), "get", name))
    assert value.kind == "array"
    assert value.array.dtype == expected.dtype
    assert value.array.shape == expected.shape
    assert value.array.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [("float", "float", 0.1), ("int", "int", -7), ("bool", "bool", True)],
)
def test_python_numbers_are_told_from_arrays(isolated: Backend, steady, call, name, kind, expected):
    value = returned(call(steady(isolated, RETURNS, "get"), "get", name))
    assert (value.kind, value.array.shape, value.array.item()) == (kind, (), expected)


def test_a_foreign_byte_order_is_told_and_undone(isolated: Backend, steady, call):
    value = returned(call(steady(isolated, RETURNS, "get"), "get", "big endian"))
    assert value.byte_order_swapped
    assert value.array.dtype.isnative
    assert value.array.tolist() == [1.0, 2.0]


def test_lists_and_tuples_arrive_with_their_items(isolated: Backend, steady, call):
    session = steady(isolated, RETURNS, "get")
    items = returned(call(session, "get", "list")).items
    assert [item.kind for item in items] == ["int", "float", "array"]
    assert returned(call(session, "get", "tuple")).items[0].array.tolist() == [0.0]
    assert [len(item.items) for item in returned(call(session, "get", "ragged")).items] == [1, 2]


@pytest.mark.parametrize(
    ("name", "type_name"),
    [
        ("huge int", "int"),
        ("complex number", "complex"),
        ("text", "str"),
        ("dict", "dict"),
        ("lazy", "Lazy"),
        ("pretender", "ndarray of object"),
        ("masked", "MaskedArray"),
        ("objects", "ndarray of object"),
        ("structured", "ndarray of [('f0', '<f8'), ('f1', '<i4')]"),
        ("long double", f"ndarray of {np.dtype(np.longdouble)}"),
        ("dates", "ndarray of datetime64[s]"),
        ("many", "list"),
    ],
)
def test_what_cannot_travel_goes_by_the_name_of_its_type(isolated: Backend, steady, call, name, type_name):
    value = returned(call(steady(isolated, RETURNS, "get"), "get", name))
    assert (value.kind, value.type_name) == ("other", type_name)


def test_lists_end_at_a_depth(isolated: Backend, steady, call):
    value = returned(call(steady(isolated, RETURNS, "get"), "get", "deep"))
    assert value.items[0].items[0].items[0].kind == "other"


ARGUMENTS = """
    import numpy as np

    def show(x):
        return x

    def total(xs, sizes, *, scale=1.0, flag=False, name=None):
        assert isinstance(xs, list) and isinstance(sizes, tuple) and flag is True and name == "sum"
        return sum(x.sum() for x in xs) * scale + sum(sizes)

    def draw(rng):
        return rng.random(3)

    def strides(x):
        return list(x.strides)

    def double(x):
        x *= 2
        return x

    def same(x, y):
        return x is y

    def two(x):
        return x, x + 1
"""


def test_every_kind_of_argument_arrives(backend: Backend, steady, call):
    session = steady(backend, ARGUMENTS, "total")
    xs = [np.ones((2, 2)), np.ones(3, np.float32)]
    value = returned(call(session, "total", xs, (1, 2), scale=0.5, flag=True, name="sum"))
    assert value.array == 6.5


@pytest.mark.parametrize("dtype", ["?", "i1", "u8", "i8", "f2", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("shape", [(), (0, 2), (3,), (2, 3, 4), (1,) * 8])
def test_arrays_go_there_and_back_unchanged(isolated: Backend, steady, call, dtype, shape):
    sent = np.random.default_rng(5).integers(0, 2, shape).astype(dtype)
    got = returned(call(steady(isolated, ARGUMENTS, "show"), "show", sent)).array
    assert (got.dtype, got.shape, got.tobytes()) == (sent.dtype, sent.shape, sent.tobytes())


@pytest.mark.parametrize(
    ("layout", "strides"),
    [("C", [24, 8]), ("F", [8, 16]), ("strided", [96, 16]), ("reversed", [-24, -8])],
)
def test_inputs_have_the_layout_asked_for_and_the_same_values(isolated: Backend, steady, layout, strides):
    session = steady(isolated, ARGUMENTS, "show", "strides")
    x = np.arange(6.0).reshape(2, 3)
    calls = (Call("strides", (x,)), Call("show", (x,)))
    (reply,) = session.run([Program(calls, layouts={id(x): layout})])
    shown, values = reply.calls[0].values[0], reply.calls[1].values[0]
    assert [int(item.array) for item in shown.items] == strides
    assert np.array_equal(values.array, x)


def test_a_seed_becomes_the_same_generator_each_time(isolated: Backend, steady):
    session = steady(isolated, ARGUMENTS, "draw")
    (reply,) = session.run([Program((Call("draw", (Seed(7),)), Call("draw", (Seed(7),))))])
    first, second = (call.values[0].array for call in reply.calls)
    assert np.array_equal(first, np.random.default_rng(7).random(3))
    assert np.array_equal(first, second)


def test_one_array_given_twice_is_one_array_there(isolated: Backend, steady):
    session = steady(isolated, ARGUMENTS, "same")
    x = np.ones(2)
    calls = (Call("same", (x, x)), Call("same", (x, x.copy())))
    (reply,) = session.run([Program(calls)])
    assert [bool(call.values[0].array) for call in reply.calls] == [True, False]


def test_a_mutation_is_echoed_and_stays_out_of_ours(isolated: Backend, steady):
    session = steady(isolated, ARGUMENTS, "double")
    x, y = np.ones(2), np.zeros(1)
    (reply,) = session.run([Program((Call("double", (x,)), Call("double", (x,)), Call("double", (y,))), echo=True)])
    assert [echo.tolist() for echo in reply.echoes] == [[4.0, 4.0], [0.0]]
    assert x.tolist() == [1.0, 1.0]


def test_values_of_earlier_calls_are_referred_to(isolated: Backend, steady):
    session = steady(isolated, ARGUMENTS, "two", "show")
    calls = (Call("two", (np.ones(1),), returns=2, opaque=frozenset({0})), Call("show", (Ref(0, 1),)))
    (reply,) = session.run([Program(calls)])
    assert [value.kind for value in reply.calls[0].values] == ["opaque", "array"]
    assert reply.calls[1].values[0].array.tolist() == [2.0]


def test_a_wrong_number_of_values_is_told_with_the_values(isolated: Backend, steady):
    session = steady(isolated, ARGUMENTS, "two", "show")
    calls = (Call("two", (np.ones(1),), returns=3), Call("show", (Ref(0, 1),)))
    (reply,) = session.run([Program(calls)])
    assert [call.outcome for call in reply.calls] == ["arity", "not_run"]
    assert [value.array.tolist() for value in reply.calls[0].values] == [[1.0], [2.0]]


def test_more_than_the_room_given_is_too_large_and_hurts_no_other_program(isolated: Backend, steady):
    session = steady(isolated, "import numpy as np\ndef f(n): return np.broadcast_to(1.0, n)", "f")
    programs = [Program((Call("f", (n,)),), max_bytes=800) for n in (100, 101, 1 << 50, 3)]
    replies = session.run(programs)
    assert [reply.status for reply in replies] == ["completed", "too_large", "too_large", "completed"]


def test_requests_are_cut_to_what_the_memory_holds(isolated: Backend, steady):
    session = steady(isolated, "def f(x): return x.sum()", "f")
    arrays = [np.full(1 << 20, float(n)) for n in range(20)]  # 8 MiB each
    replies = session.run([Program((Call("f", (x,)),)) for x in arrays])
    assert [float(reply.calls[0].values[0].array) for reply in replies] == [n * 2.0**20 for n in range(20)]


def test_a_buffer_is_one_file_in_memory_that_is_read_from_its_start(isolated: Backend):
    source = "def save(x, file): file.write(x.tobytes())\ndef load(file): return np.frombuffer(file.read())"
    with Session(isolated, [Piece("", "import numpy as np\n" + source)], ["save", "load"]) as session:
        session.load()
        calls = (Call("save", (np.arange(3.0), Buffer(1))), Call("load", (Buffer(1),)), Call("load", (Buffer(2),)))
        reply = session.run([Program(calls)])[0]
    assert [call.values[0].array.tolist() for call in reply.calls[1:]] == [[0.0, 1.0, 2.0], []]


def test_a_method_is_called_as_a_function_of_its_object(isolated: Backend):
    source = "class Scale:\n    def __init__(self, by): self.by = by\n    def of(self, x): return self.by * x"
    with Session(isolated, [Piece("", source)], ["Scale"]) as session:
        session.load()
        made = Call("Scale", (3.0,), opaque=frozenset({0}))
        calls = (made, Call("Scale.of", (Ref(0), np.ones(2))), Call("Scale.off", (Ref(0),)))
        reply = session.run([Program(calls)])[0]
    assert reply.calls[1].values[0].array.tolist() == [3.0, 3.0]
    assert reply.calls[2].outcome == "missing"
