"""Magics go, every line keeps its number, and what is Python stays as it is, however much of it looks like a magic."""

from __future__ import annotations

import ast
import json
import textwrap
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graders.intake.own_code import statements
from graders.sandbox.program import Piece
from graders.worker.worker import other_language, python_of, without_magics

PYTHON = """
    print("loss = %.3f" % loss)
    plt.title("lr=%g" % lr)
    return dx, dw, db  # right order?
    total = compute(a
        % n)
    total = (a
    % n
    != b)
    total = a \\
        % n
    text = "what?"
    text = '''
    %matplotlib inline
    x = !ls
    np.zeros?
    '''
    text = f"{x = !r}" + f"{n:%}" + f'{d["a=%b"]}'
    text = "x" \\
    "y = %d" % (1,)
    d["a=%b"] = "%"; e = 1
    d['rate = %'] = 3
    x %= 3
    x = y = z
    ok = a != b, a == b, a <= b
    # %time, or = %time?
    #?
    '''a'b = !ls'''
    @decorated("?")
    def f(x="=%", *, y="?"): return x
    def f(x):
        '''Right?

        %prun is slow. Or is it?
        '''
        return [
            x  # a comment ( with a bracket, and '''
            % 2,
        ]
"""

MAGIC = {
    "%matplotlib inline": "pass",
    "    %time f(": "    pass",
    "%%time": "pass",
    "!pip install 'torch": "pass",
    "!!ls": "pass",
    "?np": "pass",
    "np?": "pass",
    "np.zeros??": "pass",
    "np.a*?": "pass",
    "  x[0].shape?": "  pass",
    "x = np.zeros?": "pass",
    "files = !ls": "files = None",
    "here =%pwd": "here = None",
    "a, b = !ls": "a, b = None",
    "x.y[0] = %timeit -o f(x, a=1)": "x.y[0] = None",
    'd["files"] = !ls *.py': 'd["files"] = None',
    "!pip \\\n  install \\\n  torch": "pass\n\n",
    "%magic \\\n  (": "pass\n",
    "x = !ls \\\n  '": "x = None\n",
}


def test_python_that_looks_like_magic_stays_as_it_is():
    text = textwrap.dedent(PYTHON)
    assert without_magics("%matplotlib inline\n" + text + "\n%time") == "pass\n" + text + "\npass"
    ast.parse(text)  # which is all Python


@pytest.mark.parametrize("magic", sorted(MAGIC))
def test_magic_goes_and_every_line_keeps_its_number(magic: str):
    assert without_magics(f"x = (1,\n 2)\n{magic}\ny = 3") == f"x = (1,\n 2)\n{MAGIC[magic]}\ny = 3"
    assert without_magics(magic) == MAGIC[magic]


@pytest.mark.parametrize("magic", sorted(set(MAGIC) - {"    %time f(", "%%time", "x = !ls \\\n  '"}))
def test_what_we_take_for_magic_is_magic_to_ipython(magic: str):
    inputs = pytest.importorskip("IPython.core.inputtransformer2", reason="IPython is not installed")
    ast.parse(inputs.TransformerManager().transform_cell(f"x = (1,\n 2)\n{textwrap.dedent(magic)}\ny = 3\n"))


def test_the_report_that_a_magic_stood_in():
    """A cell as Colab has them: the functions were lost with the one line."""
    cell = '%matplotlib inline\ndef f(x):\n    print("loss = %.3f" % x)\n    return x, x  # right order?\n'
    tree = ast.parse(without_magics(cell))
    assert [type(node) for node in tree.body[1].body] == [ast.Expr, ast.Return]


NASTY = (
    "%time", "%%bash", "x = !ls", "x = %pwd", "np?", "?", "!", "what = ?", "#", "(", ")", "[", "{", "loss = %.3f",
    "it's", 'say "x', "\\\\", "", "    ", "right?", "lr=%g", "a=%b", "=!",
)  # fmt: skip
line = st.sampled_from(NASTY)
string = st.one_of(
    line.map(repr),
    st.lists(line, min_size=1).map(lambda rows: '"""\n' + "\n".join(rows).replace('"', "'") + '\n"""'),
    line.map(lambda text: "f" + json.dumps(text.replace("{", "").replace("\\", ""))),
    st.sampled_from(["f'{n!r}'", "f'{n = }'", "f'{n:>%d}'", "rb'%'", "f'{\"?\"}'"]),
)
comment = st.one_of(st.just(""), line.map("  # {}".format))
expression = st.recursive(
    st.one_of(string, st.sampled_from(["n", "1", "-2.5", "np.e"])),
    lambda inner: st.one_of(
        st.builds("{} % {}".format, inner, inner),
        st.builds("({}{}\n% {})".format, inner, comment, inner),
        st.builds("[{},{}\n\n  {}{}\n]".format, inner, comment, inner, comment),
        st.builds("f({}, a={})".format, inner, inner),
        st.builds("d[{}] != {}".format, inner, inner),
        st.builds("{} \\\n  % {}".format, inner, inner),
        st.builds("{{1: {},{}\n}}".format, inner, comment),
    ),
    max_leaves=6,
)
simple = st.one_of(
    st.builds("{}{}".format, expression, comment),
    st.builds("x = {}{}".format, expression, comment),
    st.builds("x, d['k'] = {}{}".format, expression, comment),
    st.builds("x %= {}".format, expression),
    st.builds("x: {} = {}".format, expression, expression),
    st.builds("def f(x, y={}):\n    return x{}".format, expression, comment),
    st.builds("if {}:{}\n    x = 1{}\nelse:\n    pass".format, expression, comment, comment),
    line.map("# {}".format),
)
program = st.lists(simple, min_size=1, max_size=6).map("\n".join)


@settings(max_examples=120, deadline=None)
@given(program, program)
def test_python_beside_magic_means_what_it_meant(above: str, below: str):
    wanted = []
    for text in (above, below):
        try:
            wanted.append([ast.dump(node) for node in ast.parse(text).body])
        except SyntaxError:
            assume(False)
    cell = f"%matplotlib inline\n{above}\nx = !ls (\n{below}\n%time '''"
    left = without_magics(cell)
    assert left.count("\n") == cell.count("\n")
    found = [ast.dump(node) for node in ast.parse(left).body]
    middle = [ast.dump(node) for node in ast.parse("x = None").body]
    whole = [ast.dump(node) for node in ast.parse("pass").body]
    assert found == [*whole, *wanted[0], *middle, *wanted[1], *whole]


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(), st.lists(st.one_of(line, expression)).map("\n".join)))
def test_whatever_stands_in_a_cell_has_as_many_lines_without_magic(text: str):
    for made in (without_magics(text), without_magics("%time\n" + text + "\n%time")):
        assert isinstance(made, str)
    assert without_magics(text).count("\n") == text.count("\n")
    python_of(text)


@pytest.mark.parametrize(
    "part", ["(\n", "(\n)\n", ")(\n", '"', '\\"', "'''\n", "x = 1\n", "f(a, b)\n", "? ", "=", "1,", "\\\n"]
)
def test_a_cell_made_up_to_take_long_does_not(part: str):
    text = "%time\n" + part * (200_000 // len(part)) + "\n%time"
    clock = time.process_time()
    without_magics(text)
    assert time.process_time() - clock < 5


def test_a_cell_in_another_language_holds_no_python():
    cells = ["%%bash\naffine_forward = 1", "%%writefile f.py\ndef f(): ...", "%%time\ndef g(): ...", "%time\nh = 1"]
    found = statements([Piece("", cell, magics=True) for cell in cells])
    assert [sorted(one.binds) for one in found if one.binds] == [["g"], ["h"]]
    assert other_language("\n%%html\n<p>") == "%%html"
    assert other_language("%%") == "%%"
