"""A student's functions as a wheat: what they need is kept, and who wrote them is not to be seen."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from graders.appeals.anonymous import WheatError, anonymous
from graders.intake.own_code import own_code, statements, whole_text
from graders.sandbox.program import Piece

ADA = '''\
# Homework 3 by Ada Lovelace, 20231234
import os
import numpy as np
from math import sqrt as adasRoot

np.random.seed(20231234)
SCALE = 2.0
SCALE /= 2.0


def ada_helper(x, lovelace_w):
    """Ada's helper."""
    return x @ lovelace_w


def affine_forward(x, w, b):
    raise NotImplementedError


def affine_forward(x, w, b):
    """By Ada."""
    # Ada was here
    if adasRoot(4.0) != 2:
        raise ValueError(f"{SCALE}: mail ada.lovelace@example.edu")
    return ada_helper(x, lovelace_w=w) * SCALE + b, (x, w, 20231234)


def affine_backward(dout, cache):
    "Ada's, too"
    x, w, _ = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)


def main():
    print(os.getcwd(), affine_forward)
'''
NAMES = ("Ada Lovelace", "ada.lovelace@example.edu", "s20231234", "王一鸣", "Xu")
PAIR = ("affine_forward", "affine_backward")


def test_nothing_tells_who_wrote_it_and_it_computes_the_same():
    made = anonymous((Piece("", ADA),), PAIR, NAMES, "def affine_forward(x, w, b): ...")
    low = made.text.lower()
    assert not [
        word for word in ("ada", "lovelace", "20231234", "homework", "example", "getcwd", "seed") if word in low
    ]
    assert made.changed
    ours: dict[str, object] = {}
    exec(compile(made.text, "wheat", "exec"), ours)
    x, w, b = np.ones((3, 2)), np.eye(2), np.arange(2.0)
    out, cache = ours["affine_forward"](x, w, b)  # type: ignore[operator]
    assert (out == x @ w + b).all()
    assert (ours["affine_backward"](out, cache)[2] == out.sum(0)).all()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("    wang = '王一鸣'", "王一鸣"),
        ("    ada_2 = 1", "ada"),
        ("    adaHelper = 1", "ada"),
        ("    mylovelace = 1", "lovelace"),
        ("    xu_sum = 1", "xu"),
        ("    owner = b'ada was here'", "ada"),
        ("    owner = 'xu'", "xu"),
        ("    seed = 'student 20231234'", "20231234"),
        ("    try:\n        pass\n    except ValueError as lovelace:\n        pass", "lovelace"),
        ("    match x:\n        case [lovelace, 1]:\n            x = lovelace", "lovelace"),
        ("    match x:\n        case [1, *ada_rest]:\n            x = ada_rest", "ada"),
        ("    match x:\n        case {'a': 1, **lovelace_more}:\n            x = lovelace_more", "lovelace"),
        ("    match x:\n        case _ as lovelace_all:\n            x = lovelace_all", "lovelace"),
        ("    x.ada_w = 1\n    match x:\n        case object(ada_w=1):\n            pass", "ada"),
    ],
)
def test_a_name_is_found_wherever_it_stands(line: str, gone: str):
    text = f"def affine_forward(x):\n{line}\n    return x\n"
    assert gone not in anonymous((Piece("", text),), PAIR[:1], NAMES, "").text.lower()


def test_what_a_pattern_binds_is_called_the_same_where_it_is_used():
    text = """\
def affine_forward(x):
    match x:
        case [lovelace, *ada_rest]:
            return lovelace, ada_rest
        case {"a": 1, **lovelace_more}:
            return lovelace_more
        case _ as lovelace_all:
            return lovelace_all
"""
    ours: dict[str, object] = {}
    exec(compile(anonymous((Piece("", text),), PAIR[:1], NAMES, "").text, "wheat", "exec"), ours)
    got = [ours["affine_forward"](x) for x in ([1, 2, 3], {"a": 1, "b": 2}, 4)]  # type: ignore[operator]
    assert got == [(1, [2, 3]), {"b": 2}, 4]


@pytest.mark.skipif(not hasattr(ast, "TypeVar"), reason="type parameters came with Python 3.12")
@pytest.mark.parametrize("line", ["def inner[AdaT](x: AdaT, *a: AdaT): pass", "type Kept[*AdaTs, **AdaP] = AdaTs"])
def test_a_name_is_found_in_type_parameters(line: str):
    text = f"def affine_forward(x):\n    {line}\n    return x\n"
    assert "ada" not in anonymous((Piece("", text),), PAIR[:1], NAMES, "").text.lower()


def test_what_somebody_may_be_called_and_the_reference_says_as_well_stays():
    text = "def affine_forward(x):\n    max_value = 'mean'\n    return max_value\n"
    assert anonymous((Piece("", text),), PAIR[:1], ["Max Mean"], "max(x).mean()").text == text


def test_a_function_that_is_not_there_is_named():
    with pytest.raises(WheatError, match="affine_backward"):
        anonymous((Piece("", "def affine_forward(x): return x"),), PAIR, NAMES, "")


def test_own_code_is_what_a_task_uses_across_cells():
    cells = (
        Piece("cell 1", "%matplotlib inline\nimport numpy as np\nimport os", magics=True),
        Piece("cell 2", "this is no Python", magics=True),
        Piece("cell 3", "try:\n    EPS = 1e-8\nexcept Exception:\n    EPS = 0\nclass Layer:\n    pass", magics=True),
        Piece("cell 4", "def forward(self): return np.ones(2) + EPS\nLayer.forward = forward\nother = 1", magics=True),
    )
    found = own_code(cells, ["Layer.forward"])
    assert [one.label for one in found] == ["cell 1", "cell 3", "cell 3", "cell 4", "cell 4"]
    text = whole_text(found)
    assert text.startswith("import numpy as np\n\n\ntry:")
    assert "other" not in text
    assert len(list(statements(cells))) == 8


def test_text_made_to_break_the_reader_is_no_code():
    assert own_code((Piece("", "x = " + "(" * 5000 + ")" * 5000),), ["x"]) == []
