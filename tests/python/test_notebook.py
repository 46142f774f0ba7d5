"""The example notebook runs, and shows players that a real browser draws without a network."""

import html
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "viewer"))
import check

PAGE = """<!doctype html><meta charset="utf-8"><title>notebook</title>
<style>body {{ margin: 16px; font: 14px sans-serif }}
pre {{ background: #f3f4f6; padding: 10px; margin: 0 0 8px; white-space: pre-wrap }}</style>
<pre>{code}</pre>{output}"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    book = nbformat.read(ROOT / "examples" / "notebook.ipynb", as_version=4)
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return book, folder


def players(book):
    """Source and HTML of each cell whose result is a motion."""
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    results = [(c.source, out.data) for c in cells for out in c.outputs if out.output_type == "execute_result"]
    return [(source, data["text/html"]) for source, data in results if "text/html" in data]


def test_every_cell_runs_and_motions_show_themselves(notebook):
    book, folder = notebook
    assert (folder / "like.bvh").read_text().startswith("HIERARCHY")
    assert len(players(book)) == 2
    for _, shown in players(book):
        assert shown.startswith("<iframe") and len(shown) < 500_000


def test_the_example_is_kept_without_outputs():
    book = nbformat.read(ROOT / "examples" / "notebook.ipynb", as_version=4)
    nbformat.validate(book)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in book.cells)


def test_a_browser_draws_the_player_without_a_network(notebook, tmp_path):
    path = os.environ.get("CHROMIUM") or next(filter(None, map(check.shutil.which, check.BROWSERS)), None)
    if not path:
        pytest.skip("no Chromium or Chrome found (set CHROMIUM to its path)")
    source, shown = players(notebook[0])[0]
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(code=html.escape(source), output=shown), encoding="utf-8")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = check.Browser(path, profile)
        try:
            metrics = {"width": 640, "height": 620, "deviceScaleFactor": 1, "mobile": False}
            browser.call("Emulation.setDeviceMetricsOverride", **metrics)
            browser.call("Page.navigate", url=page.as_uri())
            browser.wait("loads", "location.protocol === 'file:' && document.readyState === 'complete'")
            first = drawn(browser)
            second = drawn(browser, unlike=first)
        finally:
            browser.close()
    assert first != second, "the player plays"
    faults = [fault for fault in browser.faults if "about:srcdoc" not in fault]
    assert not faults, faults
    if folder := os.environ.get("VIMOGEN_SHOTS"):
        (Path(folder) / "notebook.png").write_bytes(second)


def drawn(browser, unlike=None):
    """A picture in which both sides of the figure are seen, other than `unlike`."""
    deadline = time.monotonic() + check.SECONDS
    while time.monotonic() < deadline:
        picture = browser.shot()
        shares = check.shares(picture)
        if picture != unlike and min(shares.values()) > 0.002:
            return picture
        time.sleep(0.3)
    raise AssertionError(f"no figure to be seen: {shares}")
