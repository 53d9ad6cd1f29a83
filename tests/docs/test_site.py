"""The site has every page, and builds without a warning; its pages need no network and give nothing away."""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import ROOT, read

SITE = ROOT / "docs" / "site"
HANDOUTS = sorted(ROOT.glob("assignments/*/handout*.md"))
MISSING = [
    name for name in ("mkdocs", "material", "math_core", "ziamath", "fontTools") if not importlib.util.find_spec(name)
]


def leaves(nav: Any) -> list[str]:
    """The pages of a navigation, in order."""
    if isinstance(nav, dict):
        return [page for part in nav.values() for page in leaves(part)]
    return [page for part in nav for page in leaves(part)] if isinstance(nav, list) else [nav]


def pages() -> set[str]:
    """What the site must have: what lies in docs/, the README and the handouts, in each language."""
    docs = ROOT / "docs"
    written = {path.relative_to(docs).as_posix() for path in docs.glob("**/*.md") if SITE not in path.parents}
    units = {f"units/{path.parent.name}{path.name.removeprefix('handout')}" for path in HANDOUTS}
    return written | units | {"index.md", "index.zh.md", "reporting.md", "changelog.md"}


def fits(page: str, named: str) -> bool:
    """Whether a page is the one that is named, or fits a pattern of its language."""
    return fnmatch.fnmatch(page, named) and page.endswith(".zh.md") == named.endswith(".zh.md")


def test_the_navigation_names_every_page_once():
    named = leaves(yaml.safe_load(read(SITE / "mkdocs.yml"))["nav"])
    count = {page: sum(fits(page, name) for name in named) for page in pages()}
    assert {page: times for page, times in count.items() if times != 1} == {}, "see nav in docs/site/mkdocs.yml"
    assert [name for name in named if not any(fits(page, name) for page in pages())] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    if MISSING:
        pytest.skip(f"not installed: {', '.join(MISSING)} (pip install 'backcheck[docs]')")
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "-q",
        "-f",
        str(SITE / "mkdocs.yml"),
        "-d",
        str(folder),
    ]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def built(site: Path) -> dict[str, str]:
    return {path.relative_to(site).as_posix(): read(path) for path in site.glob("**/*.html")}


def test_every_page_is_built(site: Path):
    assert {page.removesuffix(".md") + ".html" for page in pages()} <= set(built(site))


def test_no_page_asks_the_network_for_anything(site: Path):
    asked = re.compile(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=\"?(https?:)?//[^ >]*")
    assert {name: found[0] for name, text in built(site).items() if (found := asked.search(text))} == {}


def test_formulas_are_shown_by_the_browser_itself(site: Path):
    texts = {name: text for name, text in built(site).items() if name.startswith("units/")}
    assert [name for name, text in texts.items() if "<math" not in text or "arithmatex" in text] == []


def test_rubrics_stay_behind(site: Path):
    rubrics = [words for path in HANDOUTS for words in re.findall(r"<!-- rubric: (.{20})", read(path))]
    index = read(site / "search" / "search_index.json")
    assert len(rubrics) > 50
    assert [words for words in rubrics if any(words in text for text in (*built(site).values(), index))] == []


def test_a_page_speaks_its_language_and_points_to_the_other(site: Path):
    english, chinese = read(site / "guide/student.html"), read(site / "guide/student.zh.html")
    assert '<html lang="en"' in english
    assert '<html lang="zh"' in chinese
    assert 'href="student.zh.html"' in english
    assert 'href="student.html"' in chinese
