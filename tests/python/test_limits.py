"""Sizes are checked before work: the command line within a bounded memory."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

import test_mbench
import vimogen
from encoders import small_encoder

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS of Linux")

GIB = 1 << 30


def within(memory, *words, code=0, cwd=None):
    """Runs the command line with at most `memory` bytes of addresses, stacks of threads and all."""
    import resource

    done = subprocess.run(
        [sys.executable, "-m", "vimogen", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=cwd,
        env={**os.environ, "RAYON_NUM_THREADS": "2"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)),
    )
    assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr and "memory allocation" not in done.stderr, done.stderr
    return done


def clip(frames, fps=20.0):
    time, channel = np.ogrid[:frames, :276]
    return vimogen.Motion((0.1 * np.sin(0.1 * time + channel)).astype(np.float32), fps=fps)


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    path = tmp_path_factory.mktemp("slow") / "slow.npz"
    clip(3, fps=0.001).save(path)
    return path


@pytest.mark.parametrize("option", ["--gif", "--mp4", "--png", "--frames"])
def test_a_film_of_too_many_frames_is_refused_before_its_bodies_are_made(slow, tmp_path, option):
    target = tmp_path / {"--frames": "frames"}.get(option, f"film.{option[2:]}")
    done = within(2 * GIB, "render", slow, option, target, "--fps", 60, code=1)
    assert "79999 frames of" in done.stderr and "lower frame rate" in done.stderr
    assert not target.exists()


def test_a_film_within_the_limit_is_drawn_in_the_same_memory(tmp_path):
    clip(30).save(tmp_path / "clip.npz")
    within(2 * GIB, "render", tmp_path / "clip.npz", "--png", tmp_path / "sheet.png", "--fps", 60)
    assert (tmp_path / "sheet.png").stat().st_size > 1000


@pytest.mark.parametrize("ending", ["npy", "npz", "pt", "bvh"])
def test_a_device_without_an_end_is_not_read(tmp_path, ending):
    link = tmp_path / f"endless.{ending}"
    link.symlink_to("/dev/zero")
    done = within(2 * GIB, "convert", link, tmp_path / "out.csv", code=1)
    assert "not a regular file" in done.stderr
    for words in (["train", link], ["train", "--config", link], ["generate", "-f", link, "-o", tmp_path / "x"]):
        assert within(2 * GIB, *words, code=None).returncode


@pytest.mark.parametrize("ending", ["csv", "bvh"])
def test_long_tables_are_written_as_a_stream(tmp_path, ending):
    """A hundred times the frames of a long clip: 100,000 frames, whose text would take 130 MB."""
    frames = 100_000
    source, target = tmp_path / "long.npy", tmp_path / f"long.{ending}"
    np.save(source, clip(frames).features)
    within(2 * GIB, "convert", source, target)
    with target.open("rb") as file:
        assert sum(1 for _ in file) > frames


LONG = 20_000  # a hundred times a usual clip


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Inputs of every command, a hundred times the usual size."""
    folder = tmp_path_factory.mktemp("large")
    person = vimogen.generate("a person walks", num_frames=200, num_inference_steps=4, seed=1).features
    long = vimogen.Motion(np.tile(person, (LONG // 200, 1)), fps=20)
    long.save(folder / "long.npz")
    long.save(folder / "long.bvh")
    (folder / "many").mkdir()
    (folder / "one").mkdir()
    long.save(folder / "one/long.npz")
    for i in range(100):
        clip(40).save(folder / "many" / f"{i}.npz")
    entries = [{"id": i, "motion_path": f"many/{i % 100}.npz", "video_text_annot": "walk"} for i in range(2000)]
    (folder / "data.json").write_text(json.dumps(entries))
    (folder / "prompts.txt").write_text("a person waves\n" * 100)
    texts = [{"id": i, "video_text_annot": f"a person walks {i} steps " + "on and " * 500} for i in range(1000)]
    (folder / "texts.json").write_text(json.dumps(texts))
    small_encoder(folder / "encoder")
    rows = np.random.default_rng(0).normal(size=(30_000, 64)).astype(np.float32)
    np.save(folder / "rows.npy", rows)
    return folder


COMMANDS = {
    "convert to npz": ["convert", "long.bvh", "out.npz"],
    "convert to glb": ["convert", "long.npz", "out.glb"],
    "convert to html": ["convert", "long.npz", "out.html"],
    "convert to bvh": ["convert", "long.npz", "out.bvh"],
    "convert many": ["convert", "many", "-o", "converted", "--to", "csv"],
    "edit": ["edit", "long.npz", "-o", "edited.npz", "--mirror"],
    "join": ["join", "long.npz", "long.npz", "-o", "joined.npz"],
    "info": ["info", "long.npz"],
    "view": ["view", "long.npz", "-o", "view.html"],
    "render": ["render", "long.npz", "--png", "sheet.png"],
    "evaluate": ["evaluate", "one"],
    "evaluate many": ["evaluate", "many"],
    "organize": ["organize", "many", "joints"],
    "prepare-data": ["prepare-data", "data.json", "-o", "prepared", "--root", ".", "--stats", "--pack"],
    "set-metrics": ["set-metrics", "--generated", "rows.npy", "--real", "rows.npy", "--text", "rows.npy"],
    "generate": ["generate", "-f", "prompts.txt", "-o", "made", "--format", "npy", "-n", "24", "--steps", "1"],
    "train": ["train", "data.json"],
    "encode-text": ["encode-text", "--json", "texts.json", "--output", "texts", "--text-encoder", "encoder"],
    "smplify": ["smplify", "many/0.npz", "-o", "fitted"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_memory_of_every_command_is_bounded_on_large_input(large, command):
    """A result, or an error before work; never an abort, and never more than 2 GiB of addresses (3 to draw)."""
    done = within((3 if command == "render" else 2) * GIB, *COMMANDS[command], code=None, cwd=large)
    assert done.returncode in ((1, 2) if command == "train" else (0,)), done.stderr


judge = test_mbench.judge


def test_memory_of_gate_is_bounded_on_large_references(large, tmp_path, judge):
    """References of 20,000 frames, videos of 50 MB."""
    still = vimogen.Motion.load(large / "many/0.npz").features[:1]
    vimogen.Motion(np.repeat(still, LONG, axis=0), fps=20).save(tmp_path / "still.npz")
    prompts = [{"global_id": i, "id": i, "prompt": f"a person walks {i}", "motion_path": "still.npz"} for i in range(4)]
    (tmp_path / "prompts.json").write_text(json.dumps(prompts))
    for i in range(4):
        with (tmp_path / f"{i}.mp4").open("wb") as video:
            video.truncate(50 << 20)
    done = within(2 * GIB, "gate", "prompts.json", "--videos", ".", cwd=tmp_path, code=None)
    report = json.loads((tmp_path / "prompts.quality.json").read_text())
    # A video can be too large for a question: then that is the reason.
    assert done.returncode == 0 and all(row["matches"] or row["reason"] for row in report), (done.stderr, report)


class Endless(BaseHTTPRequestHandler):
    """A server whose files have no end."""

    sent = 0

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(4096):
                self.wfile.write(bytes(1 << 20))
                type(self).sent += 1 << 20
        except OSError:
            pass

    def log_message(self, *_):
        pass


def test_memory_of_download_is_bounded_and_a_file_without_an_end_is_stopped(tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        words = ["download", "umt5-tokenizer", tmp_path / "out"]
        done = within(2 * GIB, *words, "--endpoint", f"http://127.0.0.1:{server.server_port}", code=1)
    finally:
        server.shutdown()
    # 17 MB are expected.
    assert "tokenizer.json" in done.stderr and Endless.sent < 100 << 20, (done.stderr, Endless.sent)
    with (tmp_path / "fetched").open("wb") as file:
        file.truncate(100 << 30)
    assert "match none of" in within(2 * GIB, *words, "--from-file", tmp_path / "fetched", code=1).stderr
    assert not any(path.is_file() for path in (tmp_path / "out").rglob("*"))


@pytest.mark.parametrize("ending", ["npz", "pt", "npy", "bvh", "glb", "html"])
def test_a_full_disk_is_an_error_and_nothing_is_printed(tmp_path, ending):
    """A limit on the size of files ends a write as a full disk does."""
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"old")
    program = f"""
import resource, numpy as np, vimogen
motion = vimogen.Motion(np.zeros((400, 276), np.float32), fps=20)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    motion.save({str(path)!r})
except OSError:
    print("refused")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=False)
    assert (done.stdout, done.stderr) == ("refused\n", "")
    assert path.read_bytes() == b"old" and [file.name for file in tmp_path.iterdir()] == [path.name]
