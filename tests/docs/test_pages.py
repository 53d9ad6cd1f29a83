"""What the pages say can be done can be done: links lead somewhere, and commands are as they are written."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from graders.cli import cli
from tests.docs.pages import PAGES, PAIRS, ROOT, Block, Command, blocks, label, prose, read

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
WRITTEN = (*(english for english, _ in PAIRS), *(chinese for _, chinese in PAIRS))
NOT_RUN = "not run: "


def anchors(text: str) -> set[str]:
    """Where a link into a page may point, as GitHub makes it out of a heading."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=label)
def test_links_lead_somewhere(path: Path):
    broken = []
    for target, anchor in LINK.findall(prose(read(path))):
        place = (path.parent / target) if target else path
        if not place.exists() or (anchor and anchor not in anchors(read(place))):
            broken.append(target + anchor)
    assert broken == []


def lines(path: Path) -> Iterator[str]:
    """Every command of a page: after a `$`, or as code among the words."""
    text = read(path)
    for block in blocks(text):
        yield from (command.line for command in block.commands)
    yield from CODE.findall(prose(text))


def arguments(line: str, program: str) -> list[str]:
    """What follows the program's name; [] for another program's command."""
    try:
        words = shlex.split(line.partition(" > ")[0], comments=True)
    except ValueError:
        return []
    return words[1:] if words[:1] == [program] else []


def unknown_option(words: list[str]) -> str:
    """The first word of a command of backcheck that it does not know, "" when it knows all."""
    command: click.Command = cli
    for word in words:
        name = word.partition("=")[0]
        if name.startswith("-") and name not in ("-", "…"):
            if command.name == "bench":
                return ""  # it parses its options by itself
            known = {option for one in (cli, command) for p in one.params for option in (*p.opts, *p.secondary_opts)}
            if name not in {*known, "-h", "--help"}:
                return word
        elif isinstance(command, click.Group) and word in command.commands:
            command = command.commands[word]
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z]+", word) and word not in ("zh", "en"):
            return word
    return ""


@pytest.mark.parametrize("path", PAGES, ids=label)
def test_commands_and_their_options_are_known(path: Path):
    assert [line for line in lines(path) if unknown_option(arguments(line, "backcheck"))] == []


@pytest.mark.parametrize("path", PAGES, ids=label)
def test_modules_and_targets_exist(path: Path):
    targets = set(TARGET.findall(read(ROOT / "Makefile")))
    missing = []
    for line in lines(path):
        words = arguments(line, "python")
        if words[:1] == ["-m"] and not importlib.util.find_spec(words[1]):
            missing.append(line)
        goals = [word for word in arguments(line, "make") if "=" not in word]
        missing += [line for goal in goals if re.fullmatch(r"[a-z-]+", goal) and goal not in targets]
    assert missing == []


def test_an_option_that_is_none_is_noticed():
    assert unknown_option(["check", "--task", "affine", "x.py"]) == ""
    assert unknown_option(["check", "--tusk", "affine", "x.py"]) == "--tusk"
    assert unknown_option(["chuck", "x.py"]) == "chuck"
    assert unknown_option(["--lang", "zh", "course", "init", "--unit", "03", "DIR"]) == ""


# --- the pages for students and instructors, and the README: what they show is what is printed ---


class Reader:
    """Somebody who reads a page, and does what it says."""

    def __init__(self, folder: Path, language: str) -> None:
        self.start = self.folder = folder
        self.language, self.case = language, ""

    def follow(self, block: Block) -> None:
        if block.note.startswith("append: "):
            with (self.start / block.note.removeprefix("append: ")).open("a", encoding="utf-8") as file:
                file.write("\n\n" + block.text)
            return
        if found := re.fullmatch(r"file: (\S+); from: (\S+)", block.note):
            (self.start / found[1]).write_bytes((ROOT / found[2]).read_bytes())
        if block.note.startswith(NOT_RUN):
            return
        for command in block.commands:
            self.do(command)

    def do(self, command: Command) -> None:
        line, _, target = command.line.partition(" > ")
        if line.startswith("cd "):
            self.folder = self.folder / line.removeprefix("cd ")
            return
        if line.startswith("make "):
            return
        printed = self.printed(shlex.split(line))
        if target:
            (self.folder / target).write_text(printed, encoding="utf-8")
            return
        agrees(command.shown, printed)
        self.case = next(iter(re.findall(r"backcheck replay (\w+)", printed)), self.case)

    def printed(self, words: list[str]) -> str:
        if words[0] == "python":
            return subprocess.run(
                [sys.executable, *words[1:]], cwd=self.folder, check=True, capture_output=True, text=True
            ).stdout
        assert words[0] == "backcheck", words
        if words[1] == "replay":
            words = ["backcheck", "replay", self.case]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setenv("COLUMNS", "120")
            result = CliRunner().invoke(cli, ["--lang", self.language, *words[1:]], catch_exceptions=False)
        assert result.exit_code in (0, 1), result.output
        return result.output


def agrees(shown: list[str], printed: str) -> None:
    """Every line that is shown was printed, in this order, and nothing between two but where the page has "..."."""
    got = [plain(line) for line in printed.splitlines() if line.strip()]
    at, loose = 0, False
    for line in filter(None, map(plain, shown)):
        if line == "...":
            loose = True
            continue
        try:
            place = next(n for n in range(at, len(got)) if got[n] == line)
        except StopIteration:
            pytest.fail(f"not printed: {line!r}, but\n{printed}")
        assert loose or place == at, f"before {line!r}: {got[at:place]}"
        at, loose = place + 1, False
    assert not shown or loose or at == len(got), f"not shown: {got[at:]}"


def plain(line: str) -> str:
    """Without what differs from run to run, or from machine to machine."""
    line = re.sub(r"\b[0-9a-f]{6}\b", "CASE", " ".join(line.split()))
    return re.sub(r"^(sandbox|沙箱) \w+$", "sandbox", line)


@pytest.mark.parametrize("path", WRITTEN, ids=label)
def test_what_a_page_shows_is_printed(path: Path, tmp_path: Path):
    reader = Reader(tmp_path, "zh" if path.name.endswith(".zh.md") else "en")
    for block in blocks(read(path)):
        reader.follow(block)


def test_a_page_that_shows_something_else_is_noticed():
    agrees(["a", "...", "d"], "a\nb\nc\nd\n")
    for shown in (["b"], ["a", "c"], ["a", "...", "c"], ["a", "...", "e"]):
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            agrees(shown, "a\nb\nc\nd\n")
