"""What students are given holds no line of a solution, no secret and no case that is kept."""

from __future__ import annotations

import base64
import gzip
import html
import json
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from graders.cases import arguments, draw_cases
from graders.course.folder import make_course
from graders.course.graded_notebook import graded_notebook
from graders.course.handout import handout_path
from graders.course.leaks import Answers, Leak, answers, find, secret_forms
from graders.course.start import start
from graders.exam import Exam, drawn_cases
from graders.grade import grade
from graders.intake.reference import reference_source
from graders.intake.submission import Submission
from graders.report import as_json
from graders.report import html as page
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.secrets import PUBLIC, Secret
from graders.specs import find_unit, unit_names
from graders.specs.row import Row
from graders.specs.unit import Reveal
from graders.verdict import CaseNote, Status
from tests.report import samples

UNIT = find_unit("03-backprop")
SECRET = Secret(bytes(range(7, 39)))
TASKS = frozenset({"affine", "chain"})
SOLVED = "dw = x.T @ dout"


@pytest.fixture(scope="module")
def solutions() -> Answers:
    """The solutions that students of the unit must not see."""
    return answers(UNIT.given)


@pytest.fixture(scope="module")
def all_answers() -> Answers:
    """Those, the secret, and the cases of two tasks that follow from it."""
    few = tuple(task for task in UNIT.tasks if task.name in TASKS)
    return answers(UNIT.given, SECRET, [replace(UNIT, tasks=few)])


# --- what is given out ---


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", unit_names())
def test_what_a_student_starts_from_holds_no_solution(name: str, language: str, tmp_path: Path):
    unit = find_unit(name)
    start(unit, tmp_path, language)
    (tmp_path / "source.ipynb").write_text(graded_notebook(unit, language), encoding="utf-8")
    assert len(list(tmp_path.iterdir())) == 5
    assert find([tmp_path, handout_path(unit, language).parent], answers(unit.given)) == []


def test_the_documentation_holds_none():
    root = Path(__file__).parents[2]
    # The author's guide shows an edit of the reference, which its readers have.
    pages = [path for path in (root / "docs").rglob("*") if path.is_file() and path.name != "author.md"]
    assert find([*pages, root / "README.md", root / "README.zh.md"], answers([])) == []


def test_a_course_s_folder_gives_its_secret_away_in_one_file_only(tmp_path: Path, all_answers: Answers):
    make_course(tmp_path, [UNIT])
    (tmp_path / ".backcheck" / "secret").write_bytes(SECRET.key)
    assert [leak.place for leak in find([tmp_path], all_answers)] == [str(tmp_path / ".backcheck" / "secret")]


@pytest.mark.parametrize("reveal", ["case", "shape", "nothing"])
def test_a_report_tells_nothing_of_what_is_kept(reveal: Reveal, all_answers: Answers, backend: Backend, tmp_path: Path):
    unit = replace(UNIT, reveal=reveal)
    wrong = reference_source(UNIT).replace("dw = x.T @ dout", "dw = x.T @ dout * (1 if len(x) < 3 else len(x))")
    wrong = wrong.replace("    dx = dout @ w.T", "    print(dout.tolist()); raise ValueError(repr(w.tolist()))", 1)
    report = grade(
        Submission("ada", "", (Piece("", wrong),)),
        Exam(unit, SECRET),
        backend,
        practice=Exam(unit, PUBLIC),
        tasks=TASKS,
    )
    assert report.score < report.max_score
    page.save(report, tmp_path / "report.html")
    as_json.save(report, tmp_path / "report.json")
    assert find([tmp_path], all_answers) == []


# --- the search itself finds what it should ---


def wrapped(form: str, text: str, path: Path) -> Path:
    """A file that holds the text in this form."""
    inside = path / f"inside-{form}"
    inside.write_text(text, encoding="utf-8")
    out = path / form
    if form == "work.zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(inside, "deep/work.py")
    elif form == "work.tar.gz":
        with tarfile.open(out, "w:gz") as tar:
            tar.add(inside, "work.py")
    elif form in ("work.tar.bz2", "work.tar.xz"):
        with tarfile.open(out, "w:bz2" if form.endswith("bz2") else "w:xz") as tar:
            tar.add(inside, "work.py")
    elif form == "twice.zip":
        with zipfile.ZipFile(out, "w") as archive:
            archive.write(inside, "work.py")
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr("work.py", "")
    elif form in ("utf-16", "utf-32"):
        out.write_bytes(text.encode(form))
    elif form == "work.zip.gz":
        out.write_bytes(gzip.compress(wrapped("work.zip", text, path).read_bytes()))
    elif form == "work.ipynb":
        cell = {"cell_type": "code", "source": text.splitlines(keepends=True), "outputs": []}
        out.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    elif form == "work.html":
        out.write_text(f"<pre><span>{html.escape(text).replace(' ', ' <b></b>')}</span></pre>", encoding="utf-8")
    elif form == "attached.json":
        out.write_text(json.dumps({"file": base64.b64encode(text.encode()).decode()}), encoding="utf-8")
    else:
        out.write_text(text, encoding="utf-8")
    inside.unlink()
    return out


FORMS = ["work.py", "work.zip", "work.tar.gz", "work.zip.gz", "work.ipynb", "work.html", "attached.json"]
FORMS += ["work.tar.bz2", "work.tar.xz", "twice.zip", "utf-16", "utf-32"]


@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_a_solution_is_found_in_any_form(form: str, solutions: Answers, tmp_path: Path):
    text = f"def affine_backward(dout, cache):\n    x, w = cache\n    {SOLVED}   # the weights\n    return dw\n"
    (leak,) = find([wrapped(form, text, tmp_path)], solutions)
    assert (leak.kind, leak.line, leak.owner) == ("solution", 3, "affine_backward")
    assert leak.text.startswith(SOLVED)
    assert form in str(leak)


@pytest.mark.parametrize("form", FORMS)
def test_the_reference_is_found_in_any_form(form: str, solutions: Answers, tmp_path: Path):
    assert len(find([wrapped(form, reference_source(UNIT), tmp_path)], solutions)) > 50


def test_a_solution_in_the_middle_of_a_text_is_found(solutions: Answers, tmp_path: Path):
    line = max(solutions.lines, key=len)
    (tmp_path / "hint.md").write_text(f"Hint: write {line}, then go on; or `{SOLVED}`.\n", encoding="utf-8")
    assert {leak.owner for leak in find([tmp_path], solutions)} == {solutions.lines[line], "affine_backward"}


def test_what_comes_solved_in_a_later_unit_is_a_solution_in_its_own():
    late = find_unit("12-attention")
    assert set(answers([]).lines) > set(answers(late.given).lines) > set(answers().lines)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_any_form(form: str, tmp_path: Path):
    for text in (SECRET.key.hex(), base64.b64encode(SECRET.key).decode(), repr(SECRET.key)):
        leaks = find([wrapped(form, text, tmp_path)], Answers(keys=secret_forms(SECRET)))
        assert {leak.kind for leak in leaks} == {"secret"}
        assert text not in str(leaks)


def test_numbers_of_a_hidden_case_are_found_and_those_of_a_public_one_are_not(all_answers: Answers, tmp_path: Path):
    row = next(task for task in UNIT.tasks if task.name == "affine")
    assert isinstance(row, Row)
    for secret, expected in ((SECRET, {"case"}), (PUBLIC, set())):
        exam = Exam(UNIT, secret)
        case = next(one for one in draw_cases(row, exam.case_seed(row), drawn_cases(row)) if one.pattern == "normal")
        shown = CaseNote(case.sizes, inputs=arguments(row, case, exam.family_seed(row, "main")))
        report = samples.report((samples.result("affine", "forward", Status.FAILED, case=shown),))
        as_json.save(report, tmp_path / "report.json")
        page.save(report, tmp_path / "report.html")
        for path in tmp_path.iterdir():
            assert {leak.kind for leak in find([path], all_answers)} == expected, path


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("work.pyc", b"\x00" * 16),
        ("broken.zip", b"PK\x03\x04" + b"?" * 40),
        ("b.gz", b"\x1f\x8b?"),
        ("broken.mo", b"\xde\x12\x04\x95" + b"\xff" * 30),
        ("work.tar.zst", b"\x28\xb5\x2f\xfd\x04\x00"),
        ("x.npy", b"\x93NUMPY\x01\x00v\x00"),
        ("class.db", b"SQLite format 3\x00"),
        ("utf-16-without-a-mark", SOLVED.encode("utf-16-le")),
        ("late.bin", b"#" * 5000 + b"\x00"),
        ("odd.txt", b"\xff\xfe" + b"\x00\xd8"),
    ],
)
def test_what_cannot_be_searched_is_a_leak(name: str, data: bytes, solutions: Answers, tmp_path: Path):
    (tmp_path / name).write_bytes(data)
    assert find([tmp_path], solutions) == [Leak("unreadable", str(tmp_path / name))]


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"%PDF-1.7", b"wOF2"])
def test_pictures_pdf_and_fonts_are_no_leak_but_for_what_stands_in_them_in_plain(
    start: bytes, solutions: Answers, tmp_path: Path
):
    (tmp_path / "figure").write_bytes(start + bytes(range(256)))
    assert find([tmp_path], solutions) == []
    (tmp_path / "figure").write_bytes(start + b"\x00\n" + SOLVED.encode() + b"\n\x00")
    assert [leak.kind for leak in find([tmp_path], solutions)] == ["solution"]


def test_a_catalogue_of_translations_is_searched(solutions: Answers, tmp_path: Path):
    catalog = Catalog()
    catalog.add("plain", "text")
    for expected in (0, 1):
        with (tmp_path / "work.mo").open("wb") as file:
            write_mo(file, catalog)
        assert [leak.owner for leak in find([tmp_path], solutions)] == ["affine_backward"] * expected
        catalog.add("solution", f"first\n{SOLVED}\n")


@pytest.mark.parametrize("text", ["讲义".encode("gb18030"), "Übung\r\n".encode("latin-1"), b"\x1b[1mbold\x1b[0m", b""])
def test_a_text_in_another_encoding_is_no_leak(text: bytes, solutions: Answers, tmp_path: Path):
    (tmp_path / "notes.txt").write_bytes(text)
    assert find([tmp_path], solutions) == []


def test_a_long_word_that_looks_like_base64_is_no_leak(solutions: Answers, tmp_path: Path):
    (tmp_path / "sums.txt").write_text("0123456789abcdef" * 4, encoding="utf-8")
    assert find([tmp_path], solutions) == []
