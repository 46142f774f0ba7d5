"""Pictures, films and players of motions, from Python and from the command line."""

import json
import subprocess
import sys

import numpy as np
import pytest

import vimogen


@pytest.fixture(scope="module")
def motion():
    return vimogen.generate("a person waves", num_frames=12, num_inference_steps=2)


def png(path):
    """Width and height, from the header."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def test_every_format_is_written_and_progress_told(motion, tmp_path):
    for name, start in (("a.mp4", b"\0\0\0"), ("a.gif", b"GIF89a")):
        told = []
        motion.render(tmp_path / name, size=(64, 48), callback=lambda *step, told=told: told.append(step))
        assert (tmp_path / name).read_bytes().startswith(start)
        assert told == [("render", i, 12) for i in range(1, 13)]
    motion.render(tmp_path / "sheet.png", size=(64, 48))
    assert png(tmp_path / "sheet.png") == (4 * 64 + 3 * 4, 2 * 48 + 4)
    motion[3:4].render(tmp_path / "one.png", size=(64, 48), view="follow", yaw=40, pitch=5)
    assert png(tmp_path / "one.png") == (64, 48)
    motion.render(tmp_path / "frames", style="depth", fps=10)
    names = [path.name for path in sorted((tmp_path / "frames").iterdir())]
    assert names == [f"{i:05}.png" for i in range(6)]
    assert png(tmp_path / "frames" / names[0]) == (384, 384)


def test_a_figure_stands_where_the_joints_are_and_not_where_rotations_bend_a_body(motion, tmp_path):
    features = np.array(motion[3:4].features)
    bent = features.copy()
    bent[:, 0:126] = np.tile([1, 0, 0, 1, 0, 0], 21)
    drawn = {}
    for name, clip in (("as_is", features), ("bent", bent)):
        for figure in (False, True):
            path = tmp_path / f"{name}-{figure}.png"
            vimogen.Motion(clip).render(path, size=(64, 64), figure=figure)
            drawn[name, figure] = path.read_bytes()
    assert drawn["as_is", True] == drawn["bent", True] != drawn["as_is", False] != drawn["bent", False]
    with pytest.raises(vimogen.InvalidArgumentError, match="figure"):
        motion.render(tmp_path / "a.png", figure=True, body=vimogen.Body())


def test_an_overlay_has_the_size_of_its_frames(motion, tmp_path):
    motion.render(tmp_path / "video", size=(80, 60))
    motion.render(tmp_path / "over", style="depth", overlay=tmp_path / "video")
    assert png(tmp_path / "over" / "00000.png") == (80, 60)
    with pytest.raises(vimogen.InvalidArgumentError, match="same size"):
        motion.render(tmp_path / "over", size=(64, 64), overlay=tmp_path / "video")
    with pytest.raises(vimogen.NotFoundError):
        motion.render(tmp_path / "over", overlay=tmp_path / "nothing")


def test_wrong_wishes_are_errors_that_name_them(motion, tmp_path):
    for wish, word in (
        ({"size": (65, 64)}, "even"),
        ({"size": (8, 8)}, "width"),
        ({"view": "side"}, "view"),
        ({"style": "toon"}, "style"),
        ({"pitch": 100}, "pitch"),
        ({"fps": -1}, "fps"),
    ):
        with pytest.raises(vimogen.InvalidArgumentError, match=word):
            motion.render(tmp_path / "a.mp4", **wish)
    with pytest.raises(vimogen.InvalidArgumentError, match="mkv"):
        motion.render(tmp_path / "a.mkv")
    assert not list(tmp_path.iterdir())


def test_a_film_stops_when_the_callback_says_so(motion, tmp_path):
    with pytest.raises(vimogen.CancelledError):
        motion.render(tmp_path / "a.gif", size=(64, 64), callback=lambda *_: False)
    assert not list(tmp_path.iterdir())


def test_a_player_shows_motions_with_captions_and_numbers(motion, tmp_path):
    page = tmp_path / "page.html"
    vimogen.save_player(page, [motion, motion.resample(30)], ["first <b>", "second"])
    text = page.read_text(encoding="utf-8")
    data = json.loads(text.split('type="application/json" id="data">')[1].split("</script>")[0])
    assert [clip["title"] for clip in data["clips"]] == ["first <b>", "second"]
    numbers = dict(data["clips"][0]["metrics"])
    assert numbers == pytest.approx(motion.quality(), nan_ok=True)
    assert "<b>" not in text and len(text) < 1_000_000
    with pytest.raises(vimogen.InvalidArgumentError, match="titles"):
        vimogen.save_player(page, [motion], [])
    with pytest.raises(vimogen.InvalidArgumentError, match="clips"):
        vimogen.save_player(page, [])


def run(*words, code=0):
    command = [sys.executable, "-m", "vimogen", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_the_command_line_renders_and_shows(motion, tmp_path):
    clip = tmp_path / "clip.npz"
    motion.save(clip)
    words = ["render", clip, "--size", "64x48", "--mp4", tmp_path / "a.mp4", "--png", tmp_path / "a.png"]
    result = json.loads(run(*words, "--json").stdout)
    assert result == {"files": [str(tmp_path / "a.mp4"), str(tmp_path / "a.png")], "frames": 12}
    run("render", clip, "--png", tmp_path / "pose.png", "--frame", 5, "--size", 64)
    assert png(tmp_path / "pose.png") == (64, 64)
    run("render", clip, "--png", tmp_path / "figure.png", "--frame", 5, "--size", 64, "--figure")
    assert png(tmp_path / "figure.png") == (64, 64)
    assert "--mesh" in run("render", clip, "--png", tmp_path / "b.png", "--figure", "--mesh", "a.npz", code=2).stderr
    assert "nothing to write" in run("render", clip, code=2).stderr
    assert "no frame 12" in run("render", clip, "--png", tmp_path / "b.png", "--frame", 12, code=2).stderr
    assert "end in .gif" in run("render", clip, "--gif", tmp_path / "b.png", code=2).stderr
    assert "is not a size" in run("render", clip, "--gif", tmp_path / "b.gif", "--size", "big", code=2).stderr
    run("view", clip, clip, "-o", tmp_path / "both.html", "--title", "left", "--title", "right")
    assert "right" in (tmp_path / "both.html").read_text(encoding="utf-8")
    assert "1 captions for 2 motions" in run("view", clip, clip, "-o", "x.html", "--title", "a", code=2).stderr
