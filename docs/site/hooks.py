"""What the site has beside the pages of docs/: the README, every unit's handout, and formulas that need no script.

MkDocs calls these functions by their names. Nothing is copied: pages are made from their sources at every build.
"""

from __future__ import annotations

import fnmatch
import html
import os
import posixpath
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fontTools import subset
from math_core import LatexToMathML
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pymdownx.slugs import slugify

SITE = Path(__file__).resolve().parent
DOCS, ROOT = SITE.parent, SITE.parents[1]
CHINESE = ".zh.md"

COMMENT = re.compile(r"\n*<!--.*?-->", re.DOTALL)
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
LETTERS = (
    "20-7e,a0-ff,300-338,391-3d6,2010-2064,20d6-20d7,2102-2135,2190-21d5,2200-22ff,2308-230b,2320-2323,239b-23b1,"
    "23dc-23e1,25a0-25ff,27e6-27eb,2a00-2aff,1d400-1d7ff"
)
"""What formulas are made of; the whole font is six times as large."""


@cache
def sources() -> Mapping[str, Path]:
    """Pages of the site whose sources are not in docs/, by their names there."""
    return dict(_sources())


def _sources() -> Iterator[tuple[str, Path]]:
    yield from (("reporting.md", ROOT / "SECURITY.md"), ("changelog.md", ROOT / "CHANGELOG.md"))
    for suffix in (".md", CHINESE):
        yield f"index{suffix}", ROOT / f"README{suffix}"
        for handout in sorted(ROOT.glob(f"assignments/*/handout{suffix}")):
            yield f"units/{handout.parent.name}{suffix}", handout


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Pages for patterns of the navigation; for headings, the anchors that GitHub gives them, Chinese ones too."""
    written = [path.relative_to(DOCS).as_posix() for path in DOCS.glob("**/*.md")]
    config.nav = expanded(config.nav, sorted({*written, *sources()}))
    config.mdx_configs["toc"] = {**config.mdx_configs.get("toc", {}), "slugify": slugify(case="lower")}
    return config


def expanded(nav: Any, names: Sequence[str]) -> Any:
    """The navigation with a list of pages wherever it has a pattern; those of the other language do not fit."""
    if isinstance(nav, dict):
        return {title: expanded(part, names) for title, part in nav.items()}
    if isinstance(nav, list):
        return [expanded(part, names) for part in nav]
    if "*" not in nav:
        return nav
    return [name for name in fnmatch.filter(names, nav) if name.endswith(CHINESE) == nav.endswith(CHINESE)]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies elsewhere in the repository, and what formulas need."""
    for name, source in sources().items():
        files.append(File.generated(config, name, content=source.read_text(encoding="utf-8")))
    style = (SITE / "site.css").read_text(encoding="utf-8")
    files.append(File.generated(config, "assets/site.css", content=style))
    files.append(File.generated(config, "assets/math.woff", content=font()))
    return files


def on_page_markdown(markdown: str, page: Any, files: Files, **_rest: Any) -> str:
    """Without comments, the rubrics among them; with links to pages, and plain words for what the site lacks."""
    name = page.file.src_uri
    folder = sources().get(name, DOCS / name).parent
    places = {source: page for page, source in sources().items()}

    def relinked(link: re.Match[str]) -> str:
        sign, words, target, anchor = link.groups(default="")
        path = Path(os.path.normpath(folder / target))
        place = places.get(path, posixpath.normpath(os.path.relpath(path, DOCS)))
        if not files.get_file_from_path(place):
            return words
        return f"{sign}[{words}]({posixpath.relpath(place, posixpath.dirname(name))}{anchor})"

    parts = FENCE.split(markdown)
    parts[::2] = [LINK.sub(relinked, COMMENT.sub("", part)) for part in parts[::2]]
    return "".join(parts)


def on_page_content(html_text: str, **_rest: Any) -> str:
    """Formulas as MathML, which browsers show without a script."""
    return FORMULA.sub(lambda found: formula(html.unescape(found[2]), found[1] == "div"), html_text)


def on_page_context(context: Any, page: Any, config: MkDocsConfig, **_rest: Any) -> Any:
    """The theme speaks the language of the page, and points to the same page in the other one."""
    name = page.file.src_uri
    config.theme["language"] = "zh" if name.endswith(CHINESE) else "en"
    english = name.removesuffix(CHINESE) + ".md" if name.endswith(CHINESE) else name
    pages = {"en": english, "zh": english.removesuffix(".md") + CHINESE}
    built = {file.src_uri: file.url for file in context["pages"]}
    first = {"en": "index.md", "zh": "index.zh.md"}
    config.extra["alternate"] = [
        {"name": label, "lang": language, "link": built.get(pages[language]) or built[first[language]]}
        for language, label in (("en", "English"), ("zh", "中文"))
    ]
    return context


@cache
def formula(tex: str, display: bool) -> str:
    """A formula as MathML; LatexError where it is none."""
    text = LatexToMathML().convert_with_local_state(tex.replace(r"\cr", r"\\"), displaystyle=display)
    return f'<div class="formula">{text}</div>' if display else text


@cache
def font() -> bytes:
    """The letters and signs of formulas: without a font of their own, brackets do not grow with what they hold."""
    found = find_spec("ziamath")
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            "ziamath, which has the font of the formulas, is not installed: pip install '.[docs]'"
        )
    whole = Path(found.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "math.woff"
        subset.main([str(whole), f"--unicodes={LETTERS}", "--flavor=woff", f"--output-file={part}"])
        return part.read_bytes()
