"""A student's first check, in JupyterLab and Chromium: open the notebook, fill in a cell, run the check, see the report.

`BACKCHECK_PICTURES=FOLDER` keeps pictures of every step, to be looked at.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from graders.cli import cli

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: pip install backcheck[nbgrader]")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: apt-get install chromium")

MEAN = """\
def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.mean(axis=0)
"""
PATIENCE = 240_000
PHONE, DESKTOP = 390, 1280


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `backcheck start 03` writes."""
    folder = tmp_path_factory.mktemp("student")
    done = CliRunner().invoke(cli, ["start", "03", str(folder / "unit")])
    assert done.exit_code == 0, done.output
    return folder / "unit"


@pytest.fixture(scope="module")
def lab(started: Path) -> Iterator[str]:
    """The address of JupyterLab in that folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {f"JUPYTER_{what}_DIR": str(started.parent / what.lower()) for what in ("CONFIG", "DATA", "RUNTIME")}
    sources = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root"),
            *("--IdentityProvider.token=", f"--ServerApp.root_dir={started}", "--LabApp.news_url="),
        ],
        env={**os.environ, **kept, "IPYTHONDIR": str(started.parent / "ipython"), "PYTHONPATH": sources},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _second in range(120):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(1)
        yield address
    finally:
        server.terminate()
        server.wait()


def keep(page: Any, name: str, **options: Any) -> None:
    """A picture, where somebody wants it."""
    if folder := os.environ.get("BACKCHECK_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", **options)


def cell(page: Any, text: str) -> Any:
    """The code cell with this text, scrolled to: JupyterLab draws only what is in sight."""
    found, panel = page.locator(".jp-CodeCell", has_text=text), page.locator(".jp-WindowedPanel-outer").first
    panel.evaluate("panel => panel.scrollTo(0, 0)")
    for _page in range(400):
        if found.count() and found.first.is_visible():
            found.first.scroll_into_view_if_needed()
            return found.first
        panel.evaluate("panel => panel.scrollBy(0, 400)")
        page.wait_for_timeout(100)
    raise AssertionError(f"no cell has {text}")


def run(page: Any, text: str, new: str = "") -> None:
    """Run a cell, with another text if one is given."""
    cell(page, text).locator(".cm-content").click()
    if new:
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(new)
    page.keyboard.press("Shift+Enter")


def reports(page: Any, text: str) -> None:
    """Wait until a report below a cell has this text."""
    page.wait_for_function(
        "text => [...document.querySelectorAll('.jp-OutputArea iframe')].some(frame => frame.srcdoc.includes(text))",
        arg=text,
        timeout=PATIENCE,
    )


def test_a_check_in_the_notebook_shows_the_report_below_its_cell(browser: Any, lab: str):
    page = browser.new_page(viewport={"width": DESKTOP, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{lab}/lab/tree/backprop.ipynb?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    keep(page, "opened")
    run(page, "%load_ext graders.jupyter")
    run(page, "def affine_forward", MEAN)
    run(page, "--task affine")
    page.wait_for_selector("text=The file differs from what you ran last, in affine_forward, affine_backward.")
    reports(page, "Nothing has been attempted yet.")
    with page.expect_response(lambda one: one.request.method == "PUT" and "backprop.ipynb" in one.url):
        page.keyboard.press("Control+s")
    run(page, "--task affine")
    reports(page, "db is averaged over the batch, not summed")
    frame = page.locator(".jp-OutputArea iframe").first
    frame.scroll_into_view_if_needed()
    keep(page, "checked")
    inside = frame.element_handle().content_frame()
    assert "of 12 points" in inside.inner_text(".score")
    assert frame.evaluate("frame => getComputedStyle(frame.contentDocument.body).margin") == "0px"
    assert frame.evaluate("frame => frame.offsetHeight") <= 640


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_report_fits_a_phone_and_a_desk(language: str, width: int, browser: Any, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "backprop.py").write_text(f"import numpy as np\n\n\n{MEAN}")
    report = tmp_path / "report.html"
    only = ["--task", "affine", "--task", "train_network", "--no-throughput"]
    CliRunner().invoke(cli, ["--lang", language, "check", str(tmp_path / "backprop.py"), *only, "--html", str(report)])
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(report.as_uri())
    keep(page, f"report-{language}-{width}", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.lang") == language
