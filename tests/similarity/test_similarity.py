"""Copied work with other names ranks first, honest work below, and stubs are no lead at all."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from graders.cli import cli
from graders.course.stub import stub_source
from graders.policy import SettingsError
from graders.specs import find_unit

pytest.importorskip("copydetect", reason="copydetect is not installed: pip install backcheck[similarity]")
from graders.similarity.leads import Found, common_in, find_leads
from graders.similarity.page import excerpt, to_html, to_json
from graders.similarity.prints import prints
from graders.similarity.works import class_works, corpus_works, reference_work, stub_code, without_one_liners, work_of
from tests.similarity.samples import ANN, BOB, CEM, RENAMED

UNIT = find_unit("03")


def leads(texts: dict[str, str], outside: dict[str, str] | None = None) -> Found:
    works = [work_of(name, name, "work", [text]) for name, text in texts.items()]
    others = [work_of(name, "", "corpus", [text]) for name, text in (outside or {}).items()]
    return find_leads(works, others, stub_code(UNIT), 10)


def pairs(found: Found) -> list[set[str]]:
    return [{one.first.work.name, one.second.work.name} for one in found.inside]


def test_a_copy_with_other_names_ranks_first_and_honest_work_is_no_lead():
    found = leads({"ann": ANN, "bob": BOB, "cem": CEM, "dan": RENAMED})
    assert pairs(found) == [{"ann", "dan"}]
    assert found.inside[0].share > 0.9


def test_a_part_that_was_copied_ranks_below_a_whole():
    half = BOB[: BOB.index("def affine_backward")] + ANN[ANN.index("def affine_backward") :]
    found = leads({"ann": ANN, "bob": BOB, "dan": RENAMED, "eve": half})
    assert pairs(found)[0] == {"ann", "dan"}
    assert sorted(map(sorted, pairs(found)[1:])) == [["ann", "eve"], ["dan", "eve"]]
    assert found.inside[0].share > found.inside[1].share + 0.2


def test_stubs_and_one_liners_are_no_leads():
    short = "import numpy as np\n\n\ndef affine_forward(x, w, b):\n    return x @ w + b, (x, w)\n"
    found = leads({name: stub_source(UNIT) for name in ("ann", "bob")} | {"cem": short, "dan": short})
    assert found.inside == found.outside == ()
    assert {one.name for one in found.left} == {"ann", "bob", "cem", "dan"}


def test_what_was_given_out_is_no_lead_even_with_work_beside_it():
    found = leads({"ann": stub_source(UNIT) + ANN, "bob": stub_source(UNIT) + BOB})
    assert found.inside == ()


def test_what_many_wrote_is_no_lead():
    many = {f"student {number}": ANN for number in range(12)}
    assert leads(many).inside == ()
    few = {name: many[name] for name in list(many)[:5]}
    assert len(leads(few).inside) == 10


@pytest.mark.parametrize(
    ("students", "having", "common"), [(11, 10, False), (11, 11, True), (200, 20, False), (200, 21, True)]
)
def test_common_is_what_more_than_ten_have_and_in_a_large_class_more_than_a_tenth(
    students: int, having: int, common: bool
):
    anns, cems = prints(ANN), prints(CEM)
    works = [work_of(str(number), f"student {number}", "work", [""]) for number in range(students)]
    found = common_in({work: anns if number < having else cems for number, work in enumerate(works)})
    assert (anns.hashes - cems.hashes <= found) == common


def test_nobody_is_similar_to_themselves():
    works = [work_of(name, "ann", "work", [ANN]) for name in ("first", "second")]
    assert find_leads(works, [], stub_code(UNIT), 10).inside == ()


def test_what_is_left_out_is_named_and_a_student_is_one(tmp_path: Path):
    for name in ("ann.py", "Ann.ipynb", "bob.rar", "_cem.py"):
        (tmp_path / name).write_text(ANN if name.endswith(".py") else "{}")
    works, left = class_works(tmp_path, UNIT)
    assert {one.student for one in works} == {"ann"}
    assert {"bob.rar", "_cem.py"} <= {one.name for one in left}


def test_a_corpus_may_hold_archives_and_has_to_hold_something(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError, match="to compare with"):
        corpus_works([tmp_path / "empty"], UNIT)
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        archive.writestr("backprop.py", ANN)
    (work,), left = corpus_works([tmp_path], UNIT)
    assert (work.kind, left) == ("corpus", [])
    assert "affine_forward" in work.code


def test_the_published_solution_and_the_corpus_are_compared_with():
    solution = reference_work(UNIT)
    taken = work_of("ann", "ann", "work", [solution.text])
    bob = work_of("bob", "bob", "work", [BOB])
    found = find_leads([taken, bob], [solution, work_of("old/dan.py", "", "corpus", [BOB])], stub_code(UNIT), 10)
    names = {(one.first.work.name, one.second.work.name): one.share for one in found.outside}
    assert set(names) == {("ann", "the published solution"), ("bob", "old/dan.py")}
    assert min(names.values()) > 0.9


def test_what_is_marked_is_what_is_similar():
    found = leads(
        {"ann": "x = 1\n" + ANN + "\n\ndef mine(a):\n    b = {1: a, 2: [a]}\n    return b[1], b[2]\n", "dan": RENAMED}
    )
    side = next(one for one in (found.inside[0].first, found.inside[0].second) if one.work.name == "ann")
    lines = list(excerpt(side.work.text, side.spans))
    marked = "\n".join("".join(text for text, similar in line.parts if similar) for line in lines)
    assert "out[n, m] = (x[n] * w[:, m]).sum() + b[m]" in marked
    assert "db = np.zeros_like(b)" in marked
    assert "{1: a, 2: [a]}" not in marked
    assert lines[0].number <= 6


def test_fingerprints_are_the_same_in_every_process():
    assert min(prints(ANN).hashes) == 26075809726723
    assert prints("x = 1\n").hashes == set()


def test_functions_on_one_line_are_left_out_place_by_place():
    text = 'def f(x):\n    """One."""\n    return x\n\n\ndef g(x):\n    y = x\n    return y\n'
    code = without_one_liners(text)
    assert len(code) == len(text)
    assert code.split() == ["def", "g(x):", "y", "=", "x", "return", "y"]
    assert without_one_liners("def (:") == "def (:"


def test_a_page_holds_both_sides_and_says_what_a_lead_is():
    found = leads({"ann": ANN, "<b>dan</b>": RENAMED})
    page = to_html(found, UNIT.name)
    assert "leads, not verdicts" in page
    assert "<b>dan" not in page
    assert page.count('class="side"') == 2
    assert "<mark>" in page
    assert "<script" not in page
    for word in ("plagiar", "cheat", "guilt", "dishonest"):
        assert word not in page.lower()
    assert to_json(found)["in_the_class"][0]["works"][0]["kind"] == "work"


def test_the_command_reads_files_notebooks_and_a_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    cells = [{"cell_type": "code", "source": "%matplotlib inline\n" + RENAMED, "metadata": {}, "outputs": []}]
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    for path, text in {
        "class/ann.py": ANN,
        "class/dan.ipynb": notebook,
        "class/bob.py": BOB,
        "class/empty.py": "",
        "old/deep/cem.py": CEM,
        "class/cem.py": CEM,
    }.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    done = CliRunner().invoke(cli, ["similarity", "class", "--unit", "03", "--corpus", "old"])
    assert done.exit_code == 0, done.output
    told = done.output.splitlines()
    assert told[0] == "4 works were compared."
    assert "ann · dan" in told[2]
    assert any("cem · old/deep/cem.py" in line for line in told)
    assert Path("similarity.html").exists()
    found = json.loads(CliRunner().invoke(cli, ["similarity", "class", "--unit", "03", "--json"]).output)
    assert [{one["name"] for one in lead["works"]} for lead in found["in_the_class"]] == [{"ann", "dan"}]
    assert found["not_compared"] == [{"name": "empty", "reason": "empty.py is empty"}]


def test_a_folder_without_submissions_is_a_wrong_use(tmp_path: Path):
    done = CliRunner().invoke(cli, ["similarity", str(tmp_path), "--unit", "03"])
    assert done.exit_code == 2
    assert "there are no submissions" in done.output


def test_class_works_keep_the_student_of_a_receipt(tmp_path: Path):
    from graders.course.received import Receipt

    (tmp_path / "a.py").write_text(ANN)
    works, left = class_works(tmp_path, UNIT, {"a.py": Receipt("a.py", "ann", None)})
    assert [(one.name, one.student) for one in works] == [("a", "ann")]
    assert left == []
