#!/usr/bin/env python3
"""Plays a video that the library wrote in a headless Chromium: it starts, has its size and length, seeks and shows pictures.

    python3 tests/viewer/video.py FILM.mp4 WIDTH HEIGHT SECONDS

Without a browser, or with one that was built without H.264, it prints a message and succeeds.
"""

import base64
import os
import shutil
import sys
import tempfile
from pathlib import Path

from check import BROWSERS, Browser

PAGE = """<!doctype html><video id="v" muted src="data:video/mp4;base64,{}"></video><script>
const v = document.getElementById('v'), g = document.createElement('canvas').getContext('2d', {{willReadFrequently: true}});
// Mean red, green and blue of the picture that is shown.
const look = () => {{
  Object.assign(g.canvas, {{width: v.videoWidth, height: v.videoHeight}});
  g.drawImage(v, 0, 0);
  const d = g.getImageData(0, 0, v.videoWidth, v.videoHeight).data, sum = [0, 0, 0];
  for (let i = 0; i < d.length; i++) if (i % 4 < 3) sum[i % 4] += d[i] / (d.length / 4);
  return sum;
}};
</script>"""


def play(browser, film, width, height, seconds):
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(PAGE.format(base64.b64encode(film.read_bytes()).decode()), encoding="utf-8")
        browser.call("Page.navigate", url=page.as_uri())
        browser.wait(
            "loads", "document.readyState === 'complete' && window.v && (v.readyState >= 2 || v.error !== null)"
        )
        assert browser.run("v.error && v.error.message") is None, browser.run("v.error.message")
        size = browser.run("[v.videoWidth, v.videoHeight, v.duration]")
        assert size[:2] == [width, height] and abs(size[2] - seconds) < 0.01, size
        # A frame that has arrived may reach the canvas only later.
        browser.wait("shows a picture", "look().some((shade) => shade > 1)")
        first = browser.run("look()")
        assert all(150 < shade < 255 for shade in first), f"no bright ground to be seen: {first}"
        browser.run("v.play().then(() => true)")
        browser.wait("plays to its end", "v.ended")
        assert browser.run("look()") != first, "the last picture is the first"
        browser.run("new Promise((done) => { v.onseeked = () => done(true); v.currentTime = 0; })")
        again = browser.run("look()")
        assert all(abs(a - b) < 1 for a, b in zip(first, again, strict=True)), "going back shows another picture"
        assert not browser.faults, browser.faults


def main():
    film, width, height, seconds = sys.argv[1:]
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not path:
        print("video check skipped: no Chromium or Chrome found (set CHROMIUM to its path)")
        return 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(path, profile)
        try:
            if not browser.run("document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E\"')"):
                print("video check skipped: this browser was built without H.264")
                return 0
            play(browser, Path(film), int(width), int(height), float(seconds))
        finally:
            browser.close()
    print(f"{film}: plays")
    return 0


if __name__ == "__main__":
    sys.exit(main())
