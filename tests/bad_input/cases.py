"""Bad work, one entry each: what replaces affine_forward or affine_backward of an honest file, and what is said."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

HONEST = """\
import numpy as np


def chain_forward(x):
    return np.sin(x**2), x


def chain_backward(dout, cache):
    return dout * 2 * cache * np.cos(cache**2)


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)
"""


@dataclass(frozen=True)
class Bad:
    """One way to be wrong.

    body: new body of `function`. says: part of what the messages say. lost: properties of affine not passed.
    """

    name: str
    function: str
    body: str
    says: str
    lost: frozenset[str]

    @property
    def source(self) -> str:
        """The honest file with one function's body replaced."""
        body = textwrap.indent(textwrap.dedent(self.body).strip(), "    ")
        pattern = re.compile(rf"(def {self.function}\(.*?\):\n)(?:    .*\n)+")
        return pattern.sub(lambda found: f"{found[1]}{body}\n", HONEST)


GRADIENTS = frozenset({"gradient dx", "gradient dw", "gradient db"})
REST = frozenset({"shape", "purity", "linearity", "batch", "edges", "float32"})
ALL = GRADIENTS | REST | {"forward"}
BACKWARD = GRADIENTS | REST
VALUES = frozenset({"forward"})

FORWARD_CASES = (
    Bad("none", "affine_forward", "return None", "returned", ALL),
    Bad("one_output", "affine_forward", "return x @ w + b", "returned", ALL),
    Bad("three_outputs", "affine_forward", "return x @ w + b, x, w", "returned a tuple of 3", ALL),
    Bad("swapped_outputs", "affine_forward", "return (x, w), x @ w + b", "is a list of 2", ALL),
    Bad("raises", "affine_forward", "return 1 / 0", "ZeroDivisionError: division by zero", ALL),
    Bad("system_exit", "affine_forward", "import sys; sys.exit(0)", "SystemExit", ALL),
    Bad("keyboard_interrupt", "affine_forward", "raise KeyboardInterrupt", "KeyboardInterrupt", ALL),
    Bad(
        "hostile_str",
        "affine_forward",
        """
        class Hostile(Exception):
            def __str__(self):
                while True:
                    raise self
            __repr__ = __str__
        raise Hostile
        """,
        "raised Hostile",
        ALL,
    ),
    Bad("endless_str", "affine_forward", "raise ValueError('x' * 10**6)", "raised ValueError: xxx", ALL),
    Bad(
        "ragged", "affine_forward", "return [[1.0], [1.0, 2.0]], (x, w)", "is a list of 2", VALUES | {"shape", "batch"}
    ),
    Bad("an_object", "affine_forward", "return object(), (x, w)", "type object", VALUES | {"shape", "batch"}),
    Bad("a_string", "affine_forward", "return 'out', (x, w)", "type str", VALUES | {"shape", "batch"}),
    Bad(
        "object_array",
        "affine_forward",
        "return (x @ w + b).astype(object), (x, w)",
        "object",
        VALUES | {"shape", "batch"},
    ),
    Bad("complex", "affine_forward", "return (x @ w + b) + 0j, (x, w)", "complex128", VALUES | {"shape", "batch"}),
    Bad("nan", "affine_forward", "return (x @ w + b) * np.nan, (x, w)", "contains nan at [0, 0]", VALUES),
    Bad("inf", "affine_forward", "return (x @ w + b) + np.inf, (x, w)", "contains inf at [0, 0]", VALUES),
    Bad("transposed", "affine_forward", "return (x @ w + b).T, (x, w)", "has shape", VALUES | {"shape", "batch"}),
    Bad(
        "a_list",
        "affine_forward",
        "return (x @ w + b).tolist(), (x, w)",
        "is a list of",
        frozenset({"shape", "float32"}),
    ),
    Bad(
        "float16",
        "affine_forward",
        "return (x @ w + b).astype(np.float16), (x, w)",
        "got",
        VALUES | {"shape", "float32"},
    ),
    Bad("integers", "affine_forward", "return (x @ w + b).astype(int), (x, w)", "got", VALUES | {"shape", "float32"}),
    Bad(
        "byte_order",
        "affine_forward",
        "return (x @ w + b).astype('>f8'), (x, w)",
        "byte order",
        frozenset({"shape", "float32"}),
    ),
    Bad(
        "writes_to_x",
        "affine_forward",
        "x *= 2.0; return (x / 2) @ w + b, (x / 2, w)",
        "changes its input x",
        frozenset({"purity"}),
    ),
    Bad(
        "a_lying_subclass",
        "affine_forward",
        """
        class Liar(np.ndarray):
            def __eq__(self, other): return True
            def __array_ufunc__(self, *args, **kwargs): return np.zeros(())
        return np.zeros((x.shape[0], w.shape[1])).view(Liar), (x, w)
        """,
        "out is wrong",
        VALUES | {"float32"},
    ),
)


def renamed(name: str, old: str, new: str, says: str, lost: frozenset[str]) -> tuple[str, str, str, frozenset[str]]:
    """A file with something else than a body changed, as (name, source, says, lost)."""
    assert old in HONEST
    return name, HONEST.replace(old, new), says, lost


SOURCE_CASES = (
    renamed("missing", "def affine_backward", "def affine_bakward", "affine_backward: not found", BACKWARD),
    renamed("too_few_arguments", "forward(x, w, b)", "forward(x, w)", "takes 2 positional arguments but 3", ALL),
    renamed("too_many_arguments", "forward(x, w, b)", "forward(x, w, b, c)", "missing 1 required positional", ALL),
    renamed("no_function", "\n\ndef affine_backward", "\n\naffine_backward = 3\n\n\ndef other", "not found", BACKWARD),
)

BACKWARD_CASES = (
    Bad(
        "order",
        "affine_backward",
        "x, w = cache; return x.T @ dout, dout @ w.T, dout.sum(0)",
        "dx",
        GRADIENTS - {"gradient db"} | {"shape", "batch"},
    ),
    Bad("too_few", "affine_backward", "x, w = cache; return dout @ w.T, x.T @ dout", "returned a tuple of 2", BACKWARD),
    Bad("a_dictionary", "affine_backward", "return {'dx': 0}", "returned", BACKWARD),
    Bad("not_written", "affine_backward", "raise NotImplementedError", "not attempted", BACKWARD),
)

SANDBOX_CASES = (  # to be tried in every sandbox: it is the sandbox that has to cope
    Bad("endless_loop", "affine_forward", "\n        while True:\n            pass\n", "stopped after", ALL),
    Bad("endless_loop_in_c", "affine_forward", "return 9 ** 9 ** 9", "stopped after", ALL),
    Bad("os_exit", "affine_forward", "import os; os._exit(0)", "ended before it answered", ALL),
    Bad("killed", "affine_forward", "import ctypes; ctypes.string_at(0)", "ended", ALL),
    Bad("memory_bomb", "affine_forward", "return np.ones(10**12), x", "MemoryError", ALL),
    Bad(
        "fork_bomb",
        "affine_forward",
        """
        import os
        while True:
            os.fork()
        """,
        "PermissionError",
        ALL,
    ),
    Bad(
        "a_gigabyte_of_prints",
        "affine_forward",
        """
        line = "x" * 2**20
        for _ in range(4):
            print(line)
        return x @ w + b, (x, w)
        """,
        "",
        frozenset(),
    ),
)
