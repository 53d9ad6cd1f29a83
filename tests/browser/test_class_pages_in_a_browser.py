"""The pages of a class in Chromium: filters, keys, width, contrast; from the disk, without a server.

`BACKCHECK_PICTURES=FOLDER` keeps pictures of every page, to be looked at.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.i18n import use_language
from graders.summary.analysis import analyse
from graders.summary.page import to_html
from tests.similarity.samples import ANN, RENAMED
from tests.summary import made

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium")
PHONE, DESKTOP = 390, 1280
STATUS = "Shown: {} of 24 students, {} of 2 mistakes, {} of 4 properties."
CONTRAST = """
() => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).map(Number);
    const linear = parts.slice(0, 3).map((one) => (one /= 255) <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, .unseen, noscript")) continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg text") ? style.fill : style.color;
    const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24;
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) bad.push(walker.currentNode.data.trim().slice(0, 40) + " " + ink);
  }
  return bad;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The page in both languages, as files."""
    folder, found = tmp_path_factory.mktemp("pages"), {}
    for language in ("en", "zh"):
        use_language(language)
        path = folder / f"{language}.html"
        path.write_text(to_html(analyse(made.record())), encoding="utf-8")
        found[language] = path.as_uri()
    use_language("en")
    return found


@pytest.fixture
def page(browser: Any, address: dict[str, str]) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": DESKTOP, "height": 900})
    opened.goto(address["en"])
    yield opened
    opened.close()


def keep(page: Any, name: str) -> None:
    """A picture, where somebody wants it."""
    if folder := os.environ.get("BACKCHECK_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def visible(page: Any, kind: str) -> int:
    return page.locator(f'[data-row="{kind}"]:visible').count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_fits_and_can_be_read(language: str, width: int, scheme: str, browser: Any, address: dict[str, str]):
    opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(address[language])
    keep(opened, f"class-{language}-{width}-{scheme}")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.evaluate("document.documentElement.lang") == language
    assert opened.evaluate(CONTRAST) == []
    opened.goto(address[language] + "#student-s-0000")
    keep(opened, f"student-{language}-{width}-{scheme}")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.evaluate(CONTRAST) == []
    assert faults == []
    opened.close()


def test_filters_count_what_they_show(page: Any):
    status = page.locator("#count")
    assert status.inner_text() == STATUS.format(24, 2, 4)
    page.select_option("#f-mistake", label="affine: db is averaged over the batch, not summed")
    with_mean = sum(made.MEAN in str(own[-1].results) for own in made.students().values())
    assert visible(page, "student") == with_mean
    assert status.inner_text() == STATUS.format(with_mean, 1, 4)
    page.select_option("#f-task", "chain")
    assert visible(page, "student") < with_mean
    page.get_by_role("button", name="Show everything").click()
    page.wait_for_function("text => document.getElementById('count').textContent === text", arg=STATUS.format(24, 2, 4))
    page.fill('[name="low"]', "100")
    assert visible(page, "student") == sum(own[-1].score == 10 for own in made.students().values())
    page.fill('[name="low"]', "")
    page.fill("#f-text", "S-0003")
    assert page.locator('[data-row="student"]:visible').all_inner_texts()[0].startswith("s-0003")
    assert visible(page, "student") == 1


def test_a_mistake_leads_to_its_students(page: Any):
    page.get_by_role("button", name="Show these students").first.click()
    page.wait_for_function("document.activeElement.id === 'students'")
    shown = sum(made.MEAN in str(own[-1].results) for own in made.students().values())
    assert visible(page, "student") == shown


def test_keys_alone_lead_through_the_page(page: Any):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    seen: set[str] = set()
    for _key in range(200):
        what = page.evaluate(
            "() => { const at = document.activeElement; const style = getComputedStyle(at);"
            " return [at.tagName, at.id || at.getAttribute('href') || at.getAttribute('aria-label') || at.textContent.slice(0, 30),"
            " style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1] }"
        )
        if what[0] == "BODY":
            break
        assert what[2], f"no focus to be seen on {what}"
        seen.add(what[1])
        page.keyboard.press("Tab")
    assert {"f-task", "f-property", "f-mistake", "f-text", "from", "to", "#students", "Students"} <= seen
    assert {f"#student-s-{place:04}" for place in range(24)} <= seen


def test_a_student_is_a_page_and_the_way_back_is_where_one_was(page: Any):
    assert not page.locator("#students-view").is_visible()
    page.locator('a[href="#student-s-0000"]').focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.tagName === 'H2'")
    assert page.evaluate("document.activeElement.id") == "student-s-0000-title"
    assert page.locator(".student:visible").count() == 1
    assert not page.locator("#class-view").is_visible()
    page.keyboard.press("Tab")
    page.go_back()
    page.wait_for_function("!document.getElementById('class-view').hidden")
    page.goto(page.url.partition("#")[0] + "#student-s-0003")
    page.wait_for_function("document.activeElement.id === 'student-s-0003-title'")
    page.get_by_role("link", name="Back to the class").first.click()
    page.wait_for_function("document.activeElement.id === 'students'")


def test_without_a_script_everything_is_there(browser: Any, address: dict[str, str]):
    context = browser.new_context(java_script_enabled=False, viewport={"width": DESKTOP, "height": 900})
    plain = context.new_page()
    plain.goto(address["en"])
    assert plain.locator(".student:visible").count() == 24
    assert plain.locator('[data-row="student"]:visible').count() == 24
    assert not plain.locator("#filters").is_visible()
    context.close()


def test_who_listens_finds_regions_headings_and_names(page: Any):
    tree = page.locator("body").aria_snapshot()
    for part in ("- banner", "- main", "- contentinfo", 'navigation "On this page"', 'search "Find"', "- status"):
        assert part in tree, part
    assert 'img "Distribution of scores"' in tree
    assert 'heading "What the class misunderstood" [level=2]' in tree
    unnamed = page.evaluate(
        "() => [...document.querySelectorAll('input, select, button, a, summary')]"
        ".filter((one) => one.checkVisibility() && !(one.labels?.length || one.getAttribute('aria-label') || one.textContent.trim()))"
        ".map((one) => one.outerHTML)"
    )
    assert unnamed == []


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_similar_work_stands_side_by_side_or_one_below_the_other(width: int, browser: Any, tmp_path: Path):
    pytest.importorskip("copydetect", reason="copydetect is not installed: pip install backcheck[similarity]")
    from graders.similarity.leads import find_leads
    from graders.similarity.page import to_html as leads_html
    from graders.similarity.works import work_of

    works = [work_of(name, name, "work", [text]) for name, text in (("ann", ANN), ("dan", RENAMED))]
    path = tmp_path / "similarity.html"
    path.write_text(leads_html(find_leads(works, [], "", 5), made.UNIT), encoding="utf-8")
    for scheme in ("light", "dark"):
        opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        opened.goto(path.as_uri())
        keep(opened, f"similarity-{width}-{scheme}")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.evaluate(CONTRAST) == []
        first, second = (opened.locator(".side").nth(place).bounding_box() for place in (0, 1))
        assert (first["y"] == second["y"]) == (width == DESKTOP)
        opened.close()
