#!/usr/bin/env python3
"""Opens player pages in a headless Chromium and uses them: draws, keys, drag, wheel, clips, both colour schemes.

    python3 tests/viewer/check.py PAGE.html [PAGE.html ...] [--shots FOLDER]

Needs Python's standard library and Chromium or Chrome (`$CHROMIUM`, or on the path). Without a browser it prints a
message and succeeds. Talks to the browser over a pipe (Chrome DevTools Protocol), so that it runs in real time and sees errors.
"""

import argparse
import base64
import collections
import contextlib
import fcntl
import json
import os
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --remote-debugging-pipe"
).split()
SECONDS = 60  # for any one answer: a loaded machine is slow


class Browser:
    """One tab of a headless browser, driven over a pipe."""

    def __init__(self, path, profile):
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (to_browser, from_browser)]

        def place():
            # The browser reads commands from 3 and answers on 4.
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        command = [path, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, preexec_fn=place, pass_fds=(3, 4), stdout=quiet, stderr=quiet)
        for fd in (*ends, to_browser, from_browser):
            os.close(fd)
        self._buffer, self._id, self._session = b"", 0, None
        self.faults = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        with contextlib.suppress(Exception):
            self.call("Browser.close")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        self._process.kill()
        self._process.wait()

    def call(self, method, **params):
        """Sends a command and returns its result; events that come before are noted."""
        self._id += 1
        message = {"id": self._id, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def _read(self):
        deadline = time.monotonic() + SECONDS
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0, deadline - time.monotonic()))
            data = os.read(self._in, 1 << 16) if ready else b""
            if not data:
                raise RuntimeError("the browser went away or does not answer")
            self._buffer += data
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def _note(self, event):
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.faults.append(params["exceptionDetails"].get("exception", {}).get("description", str(params)))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.faults.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert", "warning"):
            self.faults.append(str(params["args"]))
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("file:", "data:")):
            self.faults.append(f"asks for {params['request']['url']}")

    def run(self, script):
        """The value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, what, script):
        """Waits until the expression is true."""
        deadline = time.monotonic() + SECONDS
        while not self.run(script):
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: {script} stays false, state {self.state()}, faults {self.faults}")
            time.sleep(0.02)

    def state(self):
        """State reported by the page: frame, ink, drawn, ms."""
        return self.run("({...document.body.dataset})")

    def open(self, page, view="", width=1000, height=800, scheme="light", ratio=1):
        metrics = {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        # A change of the address after # alone would not reload the page.
        self.call("Page.navigate", url="about:blank")
        self.wait("leaves the page", "location.href === 'about:blank'")
        self.call("Page.navigate", url=Path(page).resolve().as_uri() + view)
        self.wait("draws", "location.protocol === 'file:' && Number(document.body?.dataset.ink) > 0")

    def key(self, key, shift=False):
        text = {"text": key} if len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, modifiers=8 if shift else 0, **text)

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def shot(self):
        """The page as PNG bytes."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


def pixels(png):
    """Width and rows (bytes of RGB or RGBA) of a PNG as browsers write it: 8 bits, not interlaced."""
    width, height, depth, kind, _, _, interlace = struct.unpack(">IIBBBBB", png[16:29])
    assert (depth, interlace) == (8, 0) and kind in (2, 6)
    size, data, at = {2: 3, 6: 4}[kind], b"", 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += 12 + length
    raw, stride, rows, above = zlib.decompress(data), size * width, [], bytes(size * width)
    for y in range(height):
        kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for i in range(stride):
            left = row[i - size] if i >= size else 0
            corner = above[i - size] if i >= size else 0
            row[i] = (row[i] + predict(kind, left, above[i], corner)) & 255
        rows.append(bytes(row))
        above = row
    return size, rows


def predict(kind, left, up, corner):
    """The PNG filters."""
    if kind == 4:
        guess = left + up - corner
        return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
    return (0, left, up, (left + up) // 2)[kind]


def shares(png):
    """Shares of pixels that are clearly blue and clearly orange: the figure's two sides."""
    size, rows = pixels(png)
    counts = collections.Counter()
    for row in rows:
        for i in range(0, len(row), size):
            r, g, b = row[i : i + 3]
            counts["blue" if b > r + 70 and b > g + 30 else "orange" if r > b + 70 and r > g + 30 else "other"] += 1
    return {side: counts[side] / sum(counts.values()) for side in ("blue", "orange")}


def look(browser, page, shots):
    """Draws the figure in both colour schemes and in a phone's window."""
    sizes = {"light": (1000, 800, "light", 1), "dark": (1000, 800, "dark", 1), "phone": (390, 844, "light", 2)}
    for name, (width, height, scheme, ratio) in sizes.items():
        browser.open(page, "#frame=10", width, height, scheme, ratio)
        png = browser.shot()
        if shots:
            (shots / f"{Path(page).stem}_{name}.png").write_bytes(png)
        got = shares(png)
        assert got["blue"] > 0.002 and got["orange"] > 0.002, f"{name}: no figure to be seen, {got}"
        theme = browser.run("document.documentElement.dataset.theme")
        assert theme == scheme, f"{name}: the page is {theme} where the system is {scheme}"
        wide = browser.run("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name}: {wide} pixels too wide"


def play(browser, page):
    """Plays, steps, turns, zooms and chooses a clip by keyboard, mouse and buttons."""
    browser.open(page, "#frame=5")
    last = browser.run("Number(document.getElementById('scrub').max)")
    frame = "Number(document.body.dataset.frame)"
    assert browser.run(frame) == 5, browser.state()
    for key, shift, want in (("ArrowRight", 0, 6), ("ArrowRight", 1, 16), ("ArrowLeft", 0, 15), ("Home", 0, 0)):
        browser.key(key, shift)
        browser.wait(f"{key} goes to frame {want}", f"{frame} === {want}")
    browser.key(" ")
    browser.wait("space plays", f"{frame} >= 3")
    browser.key(" ")
    browser.wait("space pauses", "document.getElementById('play').getAttribute('aria-label') === 'Play'")
    browser.key("End")
    browser.wait("end", f"{frame} === {last}")
    changes(browser, "a drag turns", lambda: drag(browser))
    changes(browser, "the wheel zooms", lambda: browser.mouse("mouseWheel", 300, 400, deltaX=0, deltaY=300))
    changes(browser, "reset goes back", lambda: browser.run("document.getElementById('reset').click()"))
    changes(browser, "the trail goes", lambda: browser.key("t"))
    if not browser.run("document.getElementById('mesh').hidden"):
        changes(browser, "the tint of the sides goes", lambda: browser.key("c"))
        changes(browser, "the mesh makes way for the parts", lambda: browser.key("m"))
    count = browser.run("document.querySelectorAll('#tabs button').length")
    for tab in range(1, count):
        browser.run(f"document.querySelectorAll('#tabs button')[{tab}].click()")
        browser.wait(f"only clip {tab} is seen", "document.querySelectorAll('figure:not([hidden])').length === 1")


def drag(browser):
    browser.mouse("mousePressed", 300, 400, button="left", clickCount=1)
    browser.mouse("mouseMoved", 380, 420, button="left", buttons=1)
    browser.mouse("mouseReleased", 380, 420, button="left", clickCount=1)


def changes(browser, what, action):
    """The picture is another one after the action."""
    picture = "[...document.querySelectorAll('canvas')].map((c) => c.toDataURL()).join()"
    browser.run(f"window.before = {picture}")
    action()
    browser.wait(what, f"{picture} !== window.before")


def comes_back(browser, page):
    """The picture is the same after a closer view: nothing of the larger figure stays."""
    browser.open(page, "#frame=5&paused")
    browser.run(
        "window.values = () => { const c = document.querySelector('canvas'), copy = document.createElement('canvas');"
        " copy.width = c.width; copy.height = c.height; const g = copy.getContext('2d', { willReadFrequently: true });"
        " g.drawImage(c, 0, 0); return g.getImageData(0, 0, c.width, c.height).data; }; window.first = values(), 0"
    )
    changes(browser, "a closer view", lambda: browser.mouse("mouseWheel", 300, 400, deltaX=0, deltaY=-500))
    changes(browser, "reset goes back", lambda: browser.run("document.getElementById('reset').click()"))
    count = browser.run("values().reduce((n, v, i) => n + (Math.abs(v - first[i]) > 24), 0)")
    assert count < 100, f"{count} values of the closer view stay in the picture"


def check(browser, page, shots):
    look(browser, page, shots)
    play(browser, page)
    comes_back(browser, page)
    assert not browser.faults, f"errors in the page: {browser.faults}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--shots", type=Path, help="folder for screenshots")
    options = parser.parse_args()
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not path:
        print("viewer check skipped: no Chromium or Chrome found (set CHROMIUM to its path)")
        return 0
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)
    for page in options.pages:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            browser = Browser(path, profile)
            try:
                check(browser, page, options.shots)
            finally:
                browser.close()
        print(f"{page}: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
