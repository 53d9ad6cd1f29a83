"""Loading runs what can be run, and names what cannot."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import numpy as np
import pytest

from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Call, Limits, Loaded, Piece, Program, Skipped
from graders.sandbox.session import Session

from .conftest import LIMITS, PATIENT, backend_called


@pytest.fixture
def load(isolated: Backend) -> Iterator[object]:
    opened: list[Session] = []

    def load_pieces(*pieces: Piece | str, names: tuple[str, ...] = ("f", "g")) -> Loaded:
        source = [Piece("", textwrap.dedent(piece)) if isinstance(piece, str) else piece for piece in pieces]
        opened.append(Session(isolated, source, names))
        return opened[-1].load()

    yield load_pieces
    for session in opened:
        session.close()


def test_functions_are_found_with_the_arguments_they_take(load):
    loaded = load("def f(x, y=1, *, z=2): pass\ndef g(*xs): pass\nh = 3", names=("f", "g", "h", "i"))
    assert loaded == Loaded({"f": 2, "g": -1})


def test_what_raises_is_skipped_and_named_and_the_rest_is_loaded(load):
    loaded = load("""
        import matplotlib.pyplot as plt
        plt.plot([1])
        answer = input()
        def f(x): return x
        open("data.csv")
        quit()
    """)
    assert [skipped.line for skipped in loaded.skipped] == [2, 3, 4, 6, 7]
    reasons = [skipped.reason for skipped in loaded.skipped]
    assert reasons[:3] == [
        "ModuleNotFoundError: No module named 'matplotlib'",
        "NameError: name 'plt' is not defined",
        "EOFError: EOF when reading a line",
    ]
    assert list(loaded.functions) == ["f"]


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()", "BaseException('x')"])
def test_no_exception_ends_loading(load, error):
    loaded = load(f"raise {error}\ndef f(): pass")
    assert loaded.skipped[0].reason.startswith(error.partition("(")[0])
    assert "f" in loaded.functions


def test_a_syntax_error_in_a_file_is_a_problem_with_its_line(load):
    loaded = load("def f(x):\n    return x\n\ndef g(x) return x\n")
    assert loaded.functions == {}
    assert loaded.problem == "SyntaxError: expected ':' (line 4)"


@pytest.mark.parametrize("text", ["x = 1\0", "(" * 5000, "x = " + "-" * 200_000 + "1"])
def test_source_that_python_cannot_parse_is_a_problem(load, text):
    assert load(text).problem


def test_future_statements_hold_for_what_follows(load):
    loaded = load("from __future__ import annotations\ndef f(x: undefined) -> undefined: pass")
    assert loaded.skipped == ()
    assert "f" in loaded.functions


def test_the_main_guard_does_not_run(load):
    assert load("if __name__ == '__main__':\n    1 / 0\ndef f(): pass").skipped == ()


CELLS = (
    Piece(
        "cell 1",
        "%matplotlib inline\n!pip install \\\n    torch \\\n    numpy\nimport numpy as np\nnp?\nif True:\n    %time",
        True,
    ),
    Piece("cell 2", "%%bash\nls /", True),
    Piece("cell 3", "def f(x) return x", True),
    Piece("cell 4", "def f(x):\n    return np.abs(x) / 0\n1 / 0", True),
)


def test_magics_are_left_out_and_broken_cells_skipped_and_named(load):
    loaded = load(*CELLS)
    assert loaded.skipped == (
        Skipped("cell 2", 1, "a cell magic (%%bash)"),
        Skipped("cell 3", 1, "SyntaxError: expected ':'"),
        Skipped("cell 4", 3, "ZeroDivisionError: division by zero"),
    )
    assert loaded.functions == {"f": 1}


def test_beside_magic_a_line_that_looks_like_it_runs_as_in_jupyter(load):
    lines = ["%matplotlib inline", "def f(x):", '    print("loss = %.3f" % (x', "        % 3))"]
    assert load(Piece("cell 1", "\n".join([*lines, "    return x, x  # right order?"]), True)).skipped == ()


def test_a_line_of_magic_outside_of_notebooks_is_a_syntax_error(load):
    assert load("%matplotlib inline").problem.startswith("SyntaxError")


def test_errors_name_the_cell_and_line_they_came_from(isolated: Backend):
    source = (
        Piece("cell 1", "def g(x):\n    raise ValueError('no')", True),
        Piece("cell 2", "def f(x):\n\n    return g(x)", True),
    )
    with Session(isolated, source, ["f"]) as session:
        (reply,) = session.run([Program((Call("f", (np.ones(1),)),))])
    assert reply.calls[0].text == "ValueError: no (cell 1, line 2)"


HANGS = """
    def f(): return 1
    import time
    while True: pass
    def g(): return 2
    import os
    os._exit(3)
    class Hostile(Exception):
        def __str__(self):
            while True: pass
    h = 1
"""


def test_statements_that_hang_or_end_the_program_are_named_and_the_rest_is_loaded(backend: Backend):
    with Session(backend, [Piece("", textwrap.dedent(HANGS))], ["f", "g"]) as session:
        loaded = session.load()
        assert set(loaded.functions) == {"f", "g"}
        assert [skipped.line for skipped in loaded.skipped] == [4, 7]
        assert "without an answer" in loaded.skipped[0].reason
        assert "ended before it answered" in loaded.skipped[1].reason
        session.fresh()
        (reply,) = session.run([Program((Call("g"),))])
        assert reply.status == "completed"


def test_loading_that_takes_too_long_in_all_is_given_up():
    limits = Limits(statement_seconds=0.5, load_seconds=1.2)
    session = Session(open_backend("subprocess", limits), [Piece("", "import time\n" + "time.sleep(0.4)\n" * 9)], [])
    with session:
        assert session.load().problem == "loading took longer than 1.2 s"


def test_a_file_that_ends_the_program_again_and_again_is_given_up(isolated: Backend):
    with Session(isolated, [Piece("", "import os\n" + "os._exit(0)\n" * 9)], []) as session:
        assert session.load().problem == "too many of its statements hang or end the program"


def test_a_submission_called_numpy_shadows_nothing(isolated: Backend):
    source = "import numpy, sys\ndef f(): return float(numpy.ones(2).sum())\nsys.modules['submission'].numpy"
    with Session(isolated, [Piece("numpy.py", source)], ["f"]) as session:
        assert session.load().skipped == ()
        (reply,) = session.run([Program((Call("f"),))])
        assert reply.calls[0].values[0].array == 2.0


def test_the_standard_library_can_be_imported(isolated: Backend):
    names = [
        "abc",
        "array",
        "bisect",
        "cmath",
        "collections",
        "copy",
        "csv",
        "ctypes",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "gzip",
        "hashlib",
        "heapq",
        "io",
        "inspect",
        "itertools",
        "json",
        "logging",
        "math",
        "operator",
        "os",
        "pathlib",
        "pickle",
        "pprint",
        "random",
        "re",
        "statistics",
        "string",
        "struct",
        "textwrap",
        "threading",
        "time",
        "timeit",
        "traceback",
        "types",
        "typing",
        "unittest",
        "uuid",
        "warnings",
        "zlib",
        "bz2",
        "lzma",
        "sqlite3",
        "ssl",
        "multiprocessing",
        "concurrent.futures",
    ]
    source = "\n".join(f"import {name}" for name in names)
    numpy_parts = ["linalg", "random", "fft", "ma", "polynomial", "testing", "lib.stride_tricks", "typing"]
    source += "".join(f"\nimport numpy.{part}" for part in numpy_parts)
    with Session(open_backend(isolated.name, PATIENT), [Piece("", source)], []) as session:
        assert session.load().skipped == ()


def test_prints_are_logged_once_however_often_the_submission_is_loaded():
    with Session(
        backend_called("subprocess"), [Piece("", "print('loading\\x1b[31m')\ndef f(): print('called')")], ["f"]
    ) as session:
        session.load()
        for _ in range(3):
            session.fresh()
            session.run([Program((Call("f"),))])
        assert session.log == "loading [31m\n" + "called\n" * 3
    assert LIMITS.output > len(session.log)


SECOND = """
    %matplotlib inline
    import inspect
    from __future__ import annotations
    1 / 0
    def f(x): return len(inspect.getsource(g))
    def g(x):
        raise ValueError("where")
"""


def test_a_second_worker_takes_what_the_first_has_compiled(isolated: Backend):
    """What raised raises again, lines and sources are known, and only the first worker compiles."""
    counted = (
        "\nimport ast\nold = ast.parse\ndef parsed(*a, **k): raise RuntimeError('compiled again')\nast.parse = parsed"
    )
    piece = Piece("cell 1", textwrap.dedent(SECOND).strip() + counted, magics=True)
    with Session(isolated, [piece], ("f", "g")) as session:
        first = session.load()
        assert first.compiled
        program = Program((Call("f", (1,)), Call("g", (1,))))
        answers = []
        for _worker in range(2):
            answers.append(session.run([program])[0].calls)
            session.fresh()
        assert [call.text for call in answers[0]] == [call.text for call in answers[1]]
        assert "line 7" in answers[1][1].text
        assert int(answers[1][0].values[0].array) == int(answers[0][0].values[0].array) > 10


FORGE = """
import sys
sys.modules["worker"].Submission.compiled = lambda self: {forged}
def f(x): return x
"""


@pytest.mark.parametrize("forged", ["b'nonsense'", "b'N'", "__import__('marshal').dumps(((), []))", "bytes(9 << 20)"])
def test_nonsense_for_code_is_the_submissions_own_loss(forged: str, isolated: Backend):
    with Session(isolated, [Piece("", FORGE.format(forged=forged))], ("f",)) as session:
        session.load()
        session.fresh()
        (reply,) = session.run([Program((Call("f", (1,)),))])
        assert reply.status != "completed" or reply.calls[0].outcome in ("missing", "returned")
