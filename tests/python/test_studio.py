"""The studio in a headless Chromium: type, wait, play, direct, edit, export, reload. Nothing leaves the machine."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import vimogen
from serving import animations, hero, serving

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "viewer"))
import check  # the house's driver of a browser

CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, check.BROWSERS)), None)
if CHROMIUM is None:
    pytest.skip("no Chromium or Chrome found (set CHROMIUM to its path)", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path(vimogen.__file__).parent / "studio" / "page"
WALK = "a person walks forward"
IDLE = "document.getElementById('progress').hidden"
FIGURES = "document.querySelectorAll('figure').length"
CANVAS = (
    "(({ x, y, width, height }) => [x, y, width, height])(document.querySelector('canvas').getBoundingClientRect())"
)
SCENE = "JSON.parse(localStorage.getItem('vimogen.scene'))"


class Studio(check.Browser):
    """A tab with the studio; requests to other places are faults."""

    def _note(self, event):
        url = event.get("params", {}).get("request", {}).get("url", "")
        if event.get("method") == "Network.requestWillBeSent" and url.startswith((self.address, "blob:", "data:")):
            return
        super()._note(event)

    def visit(self, address, width=1280, height=800, scheme="light", mobile=False):
        self.address = address.split("#")[0]
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url="about:blank")
        self.wait("leaves the page", "location.href === 'about:blank'")
        self.call("Page.navigate", url=address)
        self.wait("is ready", "location.protocol === 'http:' && document.body?.dataset.ready === 'true'")

    def type(self, text, box="#parts li:last-child textarea"):
        self.run(f"(() => {{ const box = document.querySelector({json.dumps(box)}); box.focus(); box.select(); }})()")
        self.call("Input.insertText", text=text)

    def click(self, selector):
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def choose(self, selector, value):
        self.run(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}); box.value = {json.dumps(value)};"
            " box.dispatchEvent(new Event('change')); })()"
        )

    def make(self, count=1):
        """Presses the button and waits for the takes."""
        before = self.run(f"{SCENE}.takes.join()")
        self.click("#make")
        self.wait("makes", f"{IDLE} && {SCENE}.takes.join() !== {json.dumps(before)} && {FIGURES} === {count}")
        assert self.run("document.getElementById('fault').hidden"), self.run(
            "document.getElementById('fault').textContent"
        )

    def drag(self, points):
        (x, y), *rest = points
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        for x, y in rest:
            self.mouse("mouseMoved", x, y, button="left", buttons=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)


@pytest.fixture(scope="module")
def server():
    with serving("--no-browser", command="studio") as client:
        yield client


@pytest.fixture
def studio(server, tmp_path):
    """A fresh browser with an empty history, with one quick take per prompt chosen."""
    browser = Studio(CHROMIUM, tmp_path / "profile")
    browser.visit(server.address)
    browser.choose("#count", "1")
    browser.choose("#quality", "draft")
    yield browser
    faults, browser.faults = browser.faults, []
    browser.close()
    assert not faults, f"errors in the page: {faults}"


def motion(server, studio, place=0):
    """A take of the page, from the server."""
    name = studio.run(f"{SCENE}.takes[{place}]")
    answer = server.get(f"/api/motions/{name}/file?format=npy")
    return vimogen.Motion(np.load(io.BytesIO(answer.body)), 20.0)


def test_type_wait_and_play(studio):
    studio.choose("#count", "3")
    studio.type(WALK)
    studio.make(count=3)
    frame = "Number(document.body.dataset.frame)"
    studio.wait("plays", f"{frame} > 5")
    studio.run("document.activeElement.blur()")
    studio.key(" ")
    studio.wait("pauses", "document.getElementById('play').getAttribute('aria-label') === 'Play'")
    studio.key("Home")
    studio.wait("goes to the start", f"{frame} === 0")
    studio.key("ArrowRight", shift=True)
    studio.wait("steps", f"{frame} === 10")
    assert (
        studio.run("[...document.querySelectorAll('figcaption span')].map((s) => s.textContent).join()")
        == "seed 42,seed 43,seed 44"
    )
    got = check.shares(studio.shot())
    assert got["blue"] > 0.002 and got["orange"] > 0.002, f"no figure to be seen, {got}"
    studio.key("2")
    studio.wait("the second is chosen", f"{SCENE}.chosen === 1")
    studio.click("figure:nth-child(1) .badge button")
    studio.wait("compares", "document.querySelectorAll('#comparison li').length >= 3")
    assert "seed 43" in studio.run("document.getElementById('takeabout').textContent")


def test_words_that_are_not_understood_are_noted(studio):
    studio.type("a person plays the guitar")
    studio.wait("notes", "document.getElementById('notes').textContent.startsWith('Not understood')")
    studio.click("#notes button")
    studio.wait("the suggestion is taken", "!document.querySelector('#parts textarea').value.includes('guitar')")
    studio.type("a person wlaks")
    studio.wait("reads", "document.getElementById('notes').textContent.includes('was read as')")


def test_a_path_on_the_floor_is_walked(server, studio):
    studio.click("#path")
    studio.wait("shows the floor", f"{FIGURES} === 1")
    x, y, w, h = studio.run(CANVAS)
    # From the feet of the figure, which is in the middle, away from the viewer and to the right.
    studio.drag([(x + w * (0.5 + 0.15 * (i / 14) ** 2), y + h * (0.56 - 0.022 * i)) for i in range(15)])
    studio.wait("has a path", f"{SCENE}.path.length > 3")
    studio.type(WALK)
    studio.make()
    path = np.array(studio.run(f"{SCENE}.path"))
    assert path[0] == pytest.approx([0, 0], abs=1e-6) and path[-1][1] > 0.5 and path[-1][0] > 0.1, path
    end = motion(server, studio).joints[-1, 0, :2]
    assert np.linalg.norm(end - path[-1]) < 0.1


def test_a_target_that_is_dragged_is_reached(server, studio):
    studio.type("a person stands still")
    studio.make()
    studio.run("document.activeElement.blur()")
    studio.key("Home")
    for _ in range(3):
        studio.key("ArrowRight", shift=True)
    studio.wait("is at frame 30", "Number(document.body.dataset.frame) === 30")
    studio.click("#targets")
    before = motion(server, studio).joints[30, 21]
    box = studio.run(CANVAS)
    # The ring under the pointer turns the pointer into a mover: look for that of the right wrist.
    found = None
    for j in range(12, 80):
        for i in range(30, 70):
            x, y = box[0] + box[2] * i / 100, box[1] + box[3] * j / 100
            if found is None and (i + j) % 2:
                studio.mouse("mouseMoved", x, y)
                if studio.run("document.querySelector('canvas').style.cursor") == "move":
                    studio.drag([(x, y), (x + 5, y - 20), (x + 10, y - 40)])
                    found = studio.run(f"{SCENE}.targets[0]")
                    if found["joint"] != "right_wrist":
                        studio.click("#wishes button")
                        found = None
    assert found and found["frame"] == 30, "no ring of the right wrist was found"
    studio.wait("lists it", "document.getElementById('wishes').textContent.includes('right wrist at 1.50 s')")
    studio.make()
    reached = motion(server, studio).joints[30, 21]
    assert np.linalg.norm(reached - found["position"]) < 0.05
    assert np.linalg.norm(before - found["position"]) > 0.05, "the hand was not there before"


def test_a_pose_that_is_kept_comes_again(server, studio):
    studio.type("a person jumps")
    studio.make()
    studio.run("document.activeElement.blur()")
    studio.key("Home")
    studio.wait("is at the start", "Number(document.body.dataset.frame) === 0")
    for _ in range(3):
        studio.key("ArrowRight", shift=True)
    studio.wait("is at frame 30", "Number(document.body.dataset.frame) === 30")
    pose = motion(server, studio).joints[30]
    studio.key("k")
    studio.wait("lists it", "document.getElementById('wishes').textContent.includes('pose at 1.50 s')")
    studio.type("a person waves")
    studio.make()
    assert np.abs(motion(server, studio).joints[30] - pose).max() < 0.001


def test_a_live_character_is_led_and_kept(server, studio):
    studio.click("#live")
    studio.wait("walks", "Number(document.body.dataset.frame) > 15")
    studio.run("document.activeElement.blur()")
    for _ in range(3):
        studio.key("ArrowLeft")
    studio.wait("goes on", "Number(document.body.dataset.frame) > 70")
    studio.key("4")
    studio.wait("waves", "document.querySelector('figcaption b').textContent.includes('waves')")
    studio.click("#liveend")
    studio.wait("is kept", "document.getElementById('takename').textContent.endsWith('live')")
    kept = motion(server, studio)
    assert len(kept) > 70
    # Ninety degrees to the left of +y is -x.
    way = kept.joints[-1, 0, :2] - kept.joints[40, 0, :2]
    assert way[0] < -0.3, way
    server.idle()


def test_a_timeline_of_prompts_becomes_one_motion(server, studio):
    studio.type(WALK)
    studio.click("#addpart")
    studio.type("a person sits down")
    studio.run(
        "document.querySelectorAll('#parts input').forEach((range) => {"
        " range.value = 2; range.dispatchEvent(new Event('input')); })"
    )
    studio.make()
    assert studio.run("[...document.querySelectorAll('#ribbon span')].map((s) => s.textContent)") == [
        WALK,
        "a person sits down",
    ]
    assert len(motion(server, studio)) == 80


def test_edits_are_undone(server, studio):
    studio.type(WALK)
    studio.make()
    source = motion(server, studio)
    for name, change in (("Mirror", lambda m: m.mirrored()), ("Hold 1 s", lambda m: m.hold(1))):
        before = studio.run(f"{SCENE}.takes[0]")
        studio.run(
            f"[...document.querySelectorAll('#edits button')].find((b) => b.textContent === {json.dumps(name)}).click()"
        )
        studio.wait(name, f"{IDLE} && {SCENE}.takes[0] !== {json.dumps(before)}")
        source_after = change(source)
        np.testing.assert_allclose(motion(server, studio).features, source_after.features, atol=1e-4)
        studio.click("#undo")
        studio.wait("is undone", f"{SCENE}.takes[0] === {json.dumps(before)}")
    studio.click("#redo")
    studio.wait("is done again", "document.getElementById('takename').textContent.includes('hold')")
    studio.type("jumps", "#nextprompt")
    studio.click("#goon")
    studio.wait("goes on", f"{IDLE} && document.getElementById('takename').textContent.endsWith('then jumps')")
    assert len(motion(server, studio)) > 150


def test_files_are_taken_away_and_opened(server, studio, tmp_path):
    studio.type(WALK)
    studio.make()
    studio.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    for kind, start in (("bvh", b"HIERARCHY"), ("glb", b"glTF"), ("png", b"\x89PNG")):
        studio.click(f"[data-format={kind}]")
        path = tmp_path / f"a-person-walks-forward.{kind}"
        deadline = time.monotonic() + 60
        while not path.exists():
            assert time.monotonic() < deadline, list(tmp_path.iterdir())
            studio.run("1")
            time.sleep(0.05)
        assert path.read_bytes().startswith(start)
    hero(tmp_path / "hero.glb")
    root = studio.call("DOM.getDocument")["root"]["nodeId"]
    node = studio.call("DOM.querySelector", nodeId=root, selector="#hero")["nodeId"]
    studio.call("DOM.setFileInputFiles", nodeId=node, files=[str(tmp_path / "hero.glb")])
    deadline = time.monotonic() + 60
    while not (tmp_path / "hero-animated.glb").exists():
        assert time.monotonic() < deadline, list(tmp_path.iterdir())
        studio.run("1")
        time.sleep(0.05)
    assert animations((tmp_path / "hero-animated.glb").read_bytes()) == ["rest", WALK]
    root = studio.call("DOM.getDocument")["root"]["nodeId"]
    node = studio.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    studio.call("DOM.setFileInputFiles", nodeId=node, files=[str(tmp_path / "a-person-walks-forward.bvh")])
    studio.wait("opens", f"{FIGURES} === 2")
    assert np.allclose(motion(server, studio, 1).joints, motion(server, studio).joints, atol=0.02)


def test_the_copied_program_makes_the_same_motion(server, studio, tmp_path, monkeypatch):
    studio.type(WALK)
    studio.make()
    studio.click("[data-copy=python]")
    studio.wait("copies", "document.body.dataset.copied !== undefined")
    code = studio.run("document.body.dataset.copied")
    monkeypatch.chdir(tmp_path)
    made = {}
    exec(code, made)
    np.testing.assert_allclose(made["motion"].features, motion(server, studio).features, atol=1e-4)
    assert (tmp_path / "motion.bvh").exists()
    studio.click("[data-copy=shell]")
    studio.wait("copies", "document.body.dataset.copied.startsWith('vimogen generate')")
    studio.click("[data-copy=c]")
    studio.wait("copies", "document.body.dataset.copied.startsWith('#include')")
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler:
        program = studio.run("document.body.dataset.copied")
        command = [compiler, "-fsyntax-only", "-Wall", "-Werror", "-I", ROOT / "include", "-x", "c", "-"]
        subprocess.run(command, input=program, text=True, check=True)


def test_takes_outlive_a_reload_and_the_server(tmp_path):
    browser = Studio(CHROMIUM, tmp_path / "profile")
    try:
        with serving() as client:
            browser.visit(client.address)
            browser.choose("#count", "2")
            browser.choose("#quality", "draft")
            browser.type(WALK)
            browser.make(count=2)
            browser.wait("is kept", "document.querySelectorAll('#history button').length === 2")
            browser.visit(client.address)
            browser.wait("shows the takes again", f"{FIGURES} === 2")
        with serving("--port", str(client.port)) as second:
            browser.visit(second.address)
            browser.wait("shows the takes again", f"{FIGURES} === 2")
            assert browser.run("document.querySelector('#parts textarea').value") == WALK
        with serving("--port", str(client.port)):
            # The page stays open meanwhile: the motions are sent when they are needed.
            before = browser.run(f"{SCENE}.takes[0]")
            browser.click("#edits button")
            browser.wait("is mirrored", f"{IDLE} && {SCENE}.takes[0] !== {json.dumps(before)}")
        # The second server does not know the motions at first, and nobody answered between the two.
        assert all("404" in fault or "REFUSED" in fault for fault in browser.faults), browser.faults
    finally:
        browser.close()


def test_a_page_with_a_token_works(tmp_path):
    with serving("--host", "0.0.0.0") as client:
        browser = Studio(CHROMIUM, tmp_path / "profile")
        try:
            browser.visit(client.address.replace("0.0.0.0", "127.0.0.1"))
            assert browser.run("location.hash") == "", "the token does not stay in the address"
            browser.choose("#count", "1")
            browser.choose("#quality", "draft")
            browser.type(WALK)
            browser.make()
            assert not browser.faults, browser.faults
        finally:
            browser.close()


@pytest.mark.parametrize(
    ("width", "height", "scheme", "mobile"),
    [(390, 844, "light", True), (820, 1100, "dark", True), (1024, 640, "dark", False)],
)
def test_the_page_fits_phones_and_colours(studio, server, width, height, scheme, mobile):
    studio.visit(server.address, width, height, scheme, mobile)
    assert studio.run("document.documentElement.dataset.theme") == scheme
    studio.type(WALK)
    studio.make()
    for tab in ("make", "motion", "history"):
        studio.click(f"[data-show={tab}]")
        wide = studio.run("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{tab}: {wide} pixels too wide"
    got = check.shares(studio.shot())
    assert got["blue"] > 0.001 and got["orange"] > 0.001, f"no figure to be seen, {got}"


def test_the_page_of_the_interface_shows_every_task(studio, server):
    studio.call("Page.navigate", url=f"{server.address}docs")
    studio.wait("lists", "document.querySelectorAll('details').length > 15")
    assert studio.run("document.body.textContent.includes('/api/generate')")
    studio.run(
        "[...document.querySelectorAll('details')].find((d) => d.textContent.includes('/api/notes'))"
        ".querySelector('button').click()"
    )
    studio.wait("answers", "document.body.textContent.includes('unfamiliar')")


def test_the_page_without_a_server_has_the_same_functions():
    def exported(path):
        return set(re.findall(r"^export (?:async )?(?:const|function\*?) (\w+)", path.read_text(), re.MULTILINE))

    there, here = exported(PAGE / "api.js"), exported(ROOT / "vimogen-web" / "js" / "api.js")
    assert here == there and {"get", "post", "run", "events", "server"} <= here


def test_the_page_is_small(server):
    sizes = {path.name: path.stat().st_size for path in PAGE.iterdir()}
    sizes["renderer.js"] = len(server.get("/renderer.js").body)
    assert sum(sizes.values()) <= 300_000, sizes
    for name in sizes:
        body = server.get(f"/{name}").body.decode()
        assert "http://" not in body.replace("http://www.w3.org/2000/svg", "") and "https://" not in body, name
